"""Secrets are known from where they enter, and are in nothing that anybody is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailproof.controls import load_catalogue
from mailproof.gate.profile import load_profile
from mailproof.gate.waivers import WaiverFile
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import LoadedInventory, load_inventory, load_part
from mailproof.inventory.secrets import Secrets
from mailproof.run.judge import redacted

from .documents import result

SECRET = "Hush-1234"


def load(directory: Path, content: str, secret: str = SECRET) -> LoadedInventory:
    file = directory / "prod.yaml"
    file.write_text(content, encoding="utf-8")
    return load_inventory(file, {"KEY": secret, "LONG": f"{secret}-and-more"})


@pytest.mark.parametrize("secret", ["a", "fail", "12345", "abcde\n"])
def test_a_secret_that_is_too_short_is_refused_with_file_and_line(tmp_path: Path, secret: str) -> None:
    with pytest.raises(InventoryError, match=r"prod\.yaml:2: contact: \$\{secret:KEY\} is too short: .* 6 characters"):
        load(tmp_path, "domains: [a.example]\ncontact: '${secret:KEY}@a.example'\n", secret)


@pytest.mark.parametrize(
    "line",
    [
        "contact: '${secret:KEY}'",
        "contact: 'x${secret:KEY}@@a.example'",
        "probe: {ehlo: '${secret:KEY}'}",
        "resolvers: ['${secret:KEY}']",
        "connect: {'${secret:KEY}': 127.0.0.1:25}",
        "limits: {connect: '${secret:KEY}'}",
        "limits: '${secret:KEY}'",
        "blocklists: [{name: '${secret:KEY}', zone: 5}]",
        "hosts: [{name: a.example, formerly: '${secret:KEY}'}]",
        "active: [['${secret:KEY}']]",
    ],
)
@pytest.mark.parametrize(
    "secret", ["ab$cdefgh", "abcdefgh\n", "ab'c\\d\"efg", "pass.wo$rd.part", "schl\u00fcssel wort"]
)
def test_faults_of_values_that_hold_a_secret_do_not_show_it(tmp_path: Path, line: str, secret: str) -> None:
    with pytest.raises(InventoryError) as caught:
        load(tmp_path, f"domains: [a.example]\n{line}\n", secret)
    told = str(caught.value)
    assert "prod.yaml:2" in told
    for part in (secret, secret.strip(), *(part for part in secret.split(".") if len(part) > 3)):
        assert part not in told.replace(str(tmp_path), "")


def test_of_overlapping_secrets_nothing_remains(tmp_path: Path) -> None:
    loaded = load(tmp_path, "domains: ['${secret:KEY}.example', '${secret:LONG}.example']\n", "hush-1234")
    assert loaded.redact("hush-1234-and-more, HUSH-1234, hush-1234x") == "${secret:LONG}, ${secret:KEY}, ${secret:KEY}x"


def test_a_secret_in_a_name_is_known_as_a_label_too(tmp_path: Path) -> None:
    loaded = load(tmp_path, "domains: ['x${secret:KEY}.example']\n", "schl\u00fcssel")
    name = loaded.model.domains[0].name
    assert name.startswith("xn--")
    assert loaded.redact(name) == "x${secret:KEY}.example"


def test_secrets_of_waivers_and_profiles_are_the_runs_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = Secrets()
    waivers = tmp_path / "w.yaml"
    waivers.write_text(
        "waivers: [{control: MX-EXISTS, target: a.example, expires: 2030-01-01, reason: '${secret:KEY}'}]"
    )
    part, _ = load_part(waivers, WaiverFile, "", {"KEY": SECRET}, secrets=secrets)
    assert part.waivers[0].reason == SECRET
    assert secrets.redact(f"because {SECRET}") == "because ${secret:KEY}"
    monkeypatch.setenv("OTHER", "whisper-99")
    profile = tmp_path / "p.yaml"
    profile.write_text("{name: ours, title: '${secret:OTHER}', extends: baseline}")
    assert load_profile("./p.yaml", load_catalogue(), tmp_path, secrets).title == "whisper-99"
    assert secrets.redact("whisper-99") == "${secret:OTHER}"


def test_redaction_never_changes_a_verdict() -> None:
    secrets = Secrets()
    for word in ("inconclusive", "MX-EXISTS", "SHOULD", "observed"):
        secrets.add(word, "${secret:X}")
    plain = result("inconclusive", control="MX-EXISTS", message="observed", observed="observed")
    shown = redacted(plain, secrets.redact)
    assert (shown.control, shown.level, shown.verdict) == ("MX-EXISTS", "SHOULD", "inconclusive")
    assert shown.message == "${secret:X}"


def test_includes_stay_below_the_inventory_and_nothing_of_a_foreign_file_is_told(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.yaml"
    foreign.write_text("root:*:19000:0:99999:7:::\n")
    (tmp_path / "here" / "sub").mkdir(parents=True)
    (tmp_path / "here" / "sub" / "fine.yaml").write_text("include: ../other.yaml\n")
    (tmp_path / "here" / "other.yaml").write_text("domains: [b.example]\n")
    (tmp_path / "here" / "link.yaml").symlink_to(foreign)
    for name in ("../foreign.yaml", str(foreign), "link.yaml", "/etc/passwd"):
        with pytest.raises(InventoryError) as caught:
            load(tmp_path / "here", f"domains: [a.example]\ninclude: {name}\n")
        assert "does not lie below" in str(caught.value)
        assert "root:" not in str(caught.value)
    fine = load(tmp_path / "here", "domains: [a.example]\ninclude: sub/fine.yaml\n")
    assert [domain.name for domain in fine.model.domains] == ["b.example", "a.example"]
    with pytest.raises(InventoryError) as caught:
        load_profile("../foreign.yaml", load_catalogue(), tmp_path / "here", quoted=False)
    assert "19000" not in str(caught.value)


def test_rules_are_python_files(tmp_path: Path) -> None:
    (tmp_path / "rules.txt").write_text("x")
    with pytest.raises(InventoryError, match=r"prod\.yaml:2: rules\[0\]: rules\.txt is no Python file"):
        load(tmp_path, "domains: [a.example]\nrules: [rules.txt]\n")
