"""Files as evidence: bounded, counted, and never a surprise."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from mailproof.net import files
from mailproof.net.errors import Malformed, NotAvailable, NotObserved
from mailproof.net.files import Files


def test_what_is_read_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    reader = Files()
    assert asyncio.run(reader.read(tmp_path / "a", 5)) == b"12345"
    assert (reader.read_files, reader.read_octets) == (1, 5)


def test_text_of_any_octets_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a\xff\n")
    assert asyncio.run(Files().text(tmp_path / "a")) == "a�\n"


@pytest.mark.parametrize("kind", ["missing", "directory", "pipe", "large", "nul"])
def test_what_cannot_be_read_is_a_typed_failure(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("a\0b" if kind == "nul" else "a")
    expected: type[NotObserved] = NotAvailable
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        path.write_bytes(b"123456")
        expected = Malformed
    reader = Files()
    with pytest.raises(expected):
        asyncio.run(reader.read(path, 5))
    assert reader.read_files == 0


def test_a_directory_is_its_files_by_suffix_and_no_links_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "reports" / "deep").mkdir(parents=True)
    for name in ("reports/b.XML", "reports/deep/a.xml.gz", "reports/c.txt"):
        (tmp_path / name).touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "d.xml").touch()
    (tmp_path / "reports" / "link").symlink_to(tmp_path / "elsewhere")
    found = asyncio.run(Files().below(tmp_path / "reports", (".xml", ".xml.gz")))
    assert [str(path.relative_to(tmp_path)) for path in found] == ["reports/b.XML", "reports/deep/a.xml.gz"]
    assert asyncio.run(Files().below(tmp_path / "reports" / "c.txt", (".xml",))) == (tmp_path / "reports" / "c.txt",)


def test_a_directory_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 2)
    for name in "abc":
        (tmp_path / name).touch()
    with pytest.raises(Malformed, match="more than 2 files"):
        asyncio.run(Files().below(tmp_path, ()))
