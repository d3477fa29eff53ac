"""Domains from a file of names."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import LoadedInventory, load_inventory
from mailproof.places import Place

NAMES = b"# ours\nexample.org\n\n  B.Example.org.  # a customer\nm\xc3\xbcnchen.example\nexample.org\n"


def load(directory: Path, names: bytes, inventory: str = "domains_from: names.txt\n") -> LoadedInventory:
    (directory / "names.txt").write_bytes(names)
    file = directory / "prod.yaml"
    file.write_text(inventory)
    return load_inventory(file, {})


@pytest.mark.parametrize("packed", [False, True])
def test_each_name_is_a_domain_with_its_line(packed: bool, tmp_path: Path) -> None:
    found = load(tmp_path, gzip.compress(NAMES) if packed else NAMES)
    assert [domain.name for domain in found.model.domains] == [
        "example.org",
        "b.example.org",
        "xn--mnchen-3ya.example",
    ]
    assert found.place_of("b.example.org") == Place(str(tmp_path / "names.txt"), 4)


def test_what_the_inventory_says_of_a_domain_counts(tmp_path: Path) -> None:
    found = load(
        tmp_path, NAMES, "domains_from: names.txt\ndomains: [{name: EXAMPLE.org, parked: true}, other.example]\n"
    )
    assert [(domain.name, domain.parked) for domain in found.model.domains][:2] == [
        ("example.org", True),
        ("other.example", False),
    ]
    assert len(found.model.domains) == 4


@pytest.mark.parametrize(
    ("names", "inventory", "says"),
    [
        (b"a.example\nno name\n192.0.2.1\n", "domains_from: names.txt", r"(?s)names\.txt:2: .*no name.*names\.txt:3: "),
        (b"# nobody\n", "domains_from: names.txt", r"prod\.yaml:1: .*names no domain"),
        (b"", "domains: []\ndomains_from: gone.txt", r"prod\.yaml:2: .*there is no file gone\.txt"),
        (b"\x1f\x8b\x08junk", "domains_from: names.txt", r"prod\.yaml:1: .*gzip"),
        (gzip.compress(b"a.example\n" * 99)[:-9], "domains_from: names.txt", "ends too early"),
        (b"\xff\xfe.example\n", "domains_from: names.txt", r"names\.txt:1: "),
        (b"a.example\n", "domains_from: [names.txt]", r"prod\.yaml:1: "),
        (b"a.example\n", "domains_from: names.txt\ndomains: 3", r"prod\.yaml:2: "),
    ],
    ids=["names", "empty", "gone", "junk", "cut short", "other text", "a list", "domains"],
)
def test_faults_name_file_and_line(names: bytes, inventory: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=says):
        load(tmp_path, names, inventory)
