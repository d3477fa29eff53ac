"""`mailproof identity`, and the line of reports, for testers that look right and for others."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailproof.cli import main

RIGHT = "{ehlo: out.right.example, sender: postmaster@right.example, addresses: [11.2.1.10]}"


def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], probe: str) -> tuple[int, list[str]]:
    """The exit code of the command, and its lines."""
    file = tmp_path / "x.yaml"
    file.write_text(f"world: demo\ndomains: [right.example]\nblocklists: [bl.example]\nprobe: {probe}\n")
    code = main(["identity", str(file)])
    return code, capsys.readouterr().out.splitlines()


def test_a_tester_that_looks_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = told(tmp_path, capsys, RIGHT)
    assert lines[0] == "EHLO out.right.example, sender postmaster@right.example, from 11.2.1.10"
    assert lines[1:4] == [
        "  right: PTR of 11.2.1.10: out.right.example leads back",
        "  right: EHLO name: out.right.example leads to 11.2.1.10",
        "  right: SPF of out.right.example: pass for 11.2.1.10",
    ]
    assert "  right: list bl.example: 11.2.1.10 is not listed" in lines
    (probing,) = [line for line in lines if "probing.txt" in line]
    assert probing.startswith("  lacking: ")  # nobody serves it in the demo world
    assert code == 1


def test_a_tester_that_servers_refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = told(tmp_path, capsys, RIGHT.replace("11.2.1.10", "11.99.0.1"))
    assert lines[1:4] == [
        "  lacking: PTR of 11.99.0.1: no name",
        "  lacking: EHLO name: out.right.example does not lead to 11.99.0.1",
        "  lacking: SPF of out.right.example: fail for 11.99.0.1",
    ]
    assert code == 1


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("domains: [example.org]\nprobe: {addresses: [nowhere]}\n")
    assert main(["identity", str(file)]) == 4
    assert "addresses" in capsys.readouterr().err
