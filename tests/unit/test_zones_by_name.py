"""Commands that read zones from files by name alone say so, where an inventory names where zones are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailproof.cli import main


@pytest.mark.parametrize(
    ("command", "who"),
    [
        (("exercise",), "mailproof exercise"),
        (("identity",), "mailproof identity"),
        (("drill", "backup-mx"), "mailproof drill"),
    ],
)
def test_zones_that_would_be_left_out_are_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    who: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.json").write_text("{}")
    file = tmp_path / "prod.yaml"
    file.write_text("domains: [example.org]\nzone_files: ['terraform:plan.json']\n")
    assert main([*command, str(file)]) == 4
    said = capsys.readouterr().err
    assert f"{file}:2: zone_files: {who} takes files by name (a mapping); `mailproof zones` writes them" in said
