"""`mailproof completion`: what real shells offer behind a tab."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from mailproof.cli import _parser, main
from mailproof.commands.completing import SHELLS
from mailproof.controls import load_catalogue
from mailproof.gate.profile import shipped_names

SCRIPTS: dict[str, str] = {}

TIMEOUT = 120


@pytest.fixture
def scripts(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The script for each shell."""
    for shell in () if SCRIPTS else SHELLS:
        assert main(["completion", shell]) == 0
        SCRIPTS[shell] = capsys.readouterr().out
    return SCRIPTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory to be in, with a file and a directory."""
    (tmp_path / "prod.yaml").touch()
    (tmp_path / "a dir").mkdir()
    return tmp_path


_TELL = r"""_mailproof mailproof
if [[ $files == yes ]]; then COMPREPLY+=("<files>"); fi
printf '%s\t' ${COMPREPLY[@]+"${COMPREPLY[@]}"}; echo"""


def bash(script: str, folder: Path, *lines: Sequence[str]) -> list[list[str]]:
    """What bash offers for the last word of each line, with what readline adds, as a mark, where files may follow."""
    asked = "\n".join(
        f"COMP_WORDS=(mailproof {shlex.join(line)}); COMP_CWORD={len(line)}; COMPREPLY=(stale); files=yes\n{_TELL}"
        for line in lines
    )
    told = 'compopt() { if [[ $1 == "+o" ]]; then files=no; fi; }\n'  # which bash knows behind a tab alone
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", f"set -u\n{script}\n{told}{asked}\ncomplete -p mailproof"],
        cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    *offered, registered = done.stdout.splitlines()
    assert registered.endswith("-F _mailproof mailproof")
    return [[word for word in line.split("\t") if word] for line in offered]


def commands(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], list[str], list[str]]]:
    """Every command with its options and the commands below it, as argparse has them."""
    below = {
        name: each
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, each in action.choices.items()
    }
    yield path, [name for action in parser._actions for name in action.option_strings], [*below]
    for name, each in below.items():
        yield from commands(each, (*path, name))


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_offers_every_command_and_every_option(scripts: dict[str, str], folder: Path) -> None:
    known = [*commands(_parser())]
    offered = bash(scripts["bash"], folder, *((*path, "-") for path, _, _ in known))
    for (path, options, _), found in zip(known, offered, strict=True):
        assert found == options, path
    above = [(path, below) for path, _, below in known if below]
    assert len(above) == 3
    for (_, below), found in zip(
        above, bash(scripts["bash"], folder, *((*path, "") for path, _ in above)), strict=True
    ):
        assert found == below


SPF_EX = ["SPF-EXISTS", "SPF-EXP-ONE-TXT"]

CASES: list[tuple[str, list[str]]] = [
    ("fle", ["fleet"]),
    ("fleet s", ["summary", "show"]),
    ("explain SPF-EX", SPF_EX),
    ("explain DANE-MATCH SPF-EX", SPF_EX),
    ("plan prod.yaml --control SPF-EX", SPF_EX),
    ("check --control = SPF-EX", SPF_EX),  # as bash parts --control=SPF-EX
    ("fleet run prod.yaml --out x --control SPF-EX", SPF_EX),
    ("run --accept-lost SPF-EX", SPF_EX),
    ("report x.json --control SPF-EX", SPF_EX),
    ("waive x.json SPF-EX", SPF_EX),
    ("waive --owner me x.json SPF-EX", SPF_EX),
    ("waive --owner = me x.json SPF-EX", SPF_EX),
    ("profiles bod", ["bod-18-01", "<files>"]),
    ("run --profile bod", ["bod-18-01", "<files>"]),
    ("run --fail-on = S", ["SHOULD"]),
    ("report --verdict not", ["not-applicable"]),
    ("report x.json --format na", ["nagios"]),
    ("report x.json --format n --verdict", ["--verdict"]),
    ("drill ", ["backup-mx", "vip"]),
    ("completion ", ["bash", "fish", "zsh"]),
    ("run ", ["<files>"]),
    ("report --output ", ["<files>"]),
    ("drill vip ", ["<files>"]),
    ("zones -o ", ["a dir", "<files>"]),
    ("check --world d", ["demo", "<files>"]),
    ("check ", []),  # a domain
    ("waive x.json SPF-EXISTS --until ", []),
    ("nonsense ", []),
    ("run prod.yaml $(touch", []),
]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_offers_what_may_stand_there(scripts: dict[str, str], folder: Path) -> None:
    found = bash(scripts["bash"], folder, *(line.split(" ") for line, _ in CASES))
    assert dict(zip([line for line, _ in CASES], found, strict=True)) == dict(CASES)
    assert sorted(path.name for path in folder.iterdir()) == ["a dir", "prod.yaml"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_has_every_control_and_profile_and_nothing_that_a_terminal_obeys(
    shell: str, scripts: dict[str, str]
) -> None:
    words = set(scripts[shell].replace("'", " ").split())
    assert {control.id for control in load_catalogue()} <= words
    assert set(shipped_names()) <= words
    assert scripts[shell].replace("\n", "").isprintable()


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("fle", "fleet"),
        ("fleet su", "summary"),
        ("explain SPF-EXI", "SPF-EXISTS"),
        ("run x --profile bod", "bod-18-01"),
    ],
)
def test_fish_offers_it_too(line: str, first: str, scripts: dict[str, str], folder: Path) -> None:
    home = {**os.environ, "HOME": str(folder)}
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"{scripts['fish']}\ncomplete -C 'mailproof {line}'"],
        cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False, env=home,
    )  # fmt: skip
    assert done.stderr == ""
    assert [each.split("\t")[0] for each in done.stdout.splitlines()] == [first]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh")
def test_zsh_reads_its_script(scripts: dict[str, str], folder: Path) -> None:
    (folder / "_mailproof").write_text(scripts["zsh"])
    loaded = "compdef() { print $@ }; source ./_mailproof; whence -w _mailproof_fleet_run"
    home = {**os.environ, "HOME": str(folder)}
    for arguments in (["-n", "_mailproof"], ["-c", loaded]):
        done = subprocess.run(
            ["zsh", "-f", *arguments],
            cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False, env=home,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "_mailproof mailproof\n_mailproof_fleet_run: function\n"


def test_a_shell_that_is_not_known_is_told_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["completion", "tcsh"])
    assert ended.value.code == 4
    said = capsys.readouterr().err
    assert all(shell in said for shell in SHELLS)
