"""What the machine may lack, and what may be given for a file: one line says so, and no traceback reaches anybody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.test_tester import need_root
from tests.offline.user import SOURCE, write_inventory

pytestmark = pytest.mark.long

MAILPROOF = f"{sys.executable} -m mailproof.cli"
PYTEST = f"{sys.executable} -m pytest -p mailproof.plugin -p no:cacheprovider"
RUN = f"{PYTEST} --inventory=prod.yaml --control=SPF-EXISTS"
NEVER_ENDS = {"zeros": "/dev/zero", "pipe": "pipe"}


def shell(directory: Path, command: str, **more: str) -> tuple[int, str]:
    """What a shell command says on both outputs, and its exit code."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    environment |= {"PYTHONPATH": str(SOURCE / "src"), **more}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert "INTERNALERROR" not in said, said
    return done.returncode, said


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_inventory(tmp_path, "domains: [right.example]\n")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


@pytest.mark.parametrize("kind", NEVER_ENDS)
@pytest.mark.parametrize(
    "command",
    [
        PYTEST + " --inventory={}",
        RUN + " --waivers={}",
        RUN + " --baseline={}",
        RUN + " --replay={}",
        RUN + " --history={}",
        RUN + " --zone=right.example={}",
        "ln -s $(realpath {}) p.yaml; " + RUN + " --profile=./p.yaml",
        "ln -s $(realpath {}) r.py; echo 'rules: [r.py]' >> prod.yaml; " + RUN,
        "echo 'trust: {{ca_file: {}}}' >> prod.yaml; " + RUN,
        "echo 'zone_files: {{right.example: {}}}' >> prod.yaml; " + RUN,
        MAILPROOF + " plan {}",
        MAILPROOF + " plan prod.yaml --replay {}",
        MAILPROOF + " diff {} {}",
        MAILPROOF + " report {} --format sarif",
        MAILPROOF + " history {}",
        "ln -s $(realpath {}) p.yaml; " + MAILPROOF + " profiles ./p.yaml",
    ],
)
def test_what_never_ends_is_no_file(place: Path, command: str, kind: str) -> None:
    code, said = shell(place, command.replace("{}", NEVER_ENDS[kind]).replace("{{", "{").replace("}}", "}"))
    assert (code, "not a regular file" in said) == (4, True), said


@pytest.mark.parametrize("command", ["controls", "profiles", "explain SPF-EXISTS", "plan prod.yaml"])
@pytest.mark.parametrize(("output", "why"), [(">&-", "is closed"), (">/dev/full", "No space left"), ("| head -1", "")])
def test_a_command_whose_output_goes_nowhere_says_so(place: Path, command: str, output: str, why: str) -> None:
    code, said = shell(place, f"{MAILPROOF} {command} {output}")
    assert code == (0 if "head" in output else 1)
    assert why in said


@pytest.mark.parametrize(
    ("output", "code", "why"),
    [(">&-", 0, ""), (">/dev/full", 3, "standard output cannot be written: No space left"), ("| head -5", 0, "")],
)
def test_a_run_whose_output_goes_nowhere_writes_its_reports(place: Path, output: str, code: int, why: str) -> None:
    assert shell(place, f"{RUN} -v {output}")[0] == code
    assert why in shell(place, f"{RUN} -v {output}")[1]
    assert (place / "reports" / "prod.partial.json").exists() or (place / "reports" / "prod.json").exists()


@pytest.mark.parametrize("command", [RUN, f"{MAILPROOF} plan prod.yaml"])
def test_too_few_file_descriptors_are_the_testers_fault_and_said_once(place: Path, command: str) -> None:
    code, said = shell(place, f"ulimit -n 12; {command}")
    assert code == 4
    assert said.count("may have 12 files open at once (ulimit -n)") == 1


def test_with_few_file_descriptors_fewer_connections_are_open_and_all_is_observed(place: Path) -> None:
    code, said = shell(place, f"ulimit -n 128; {PYTEST} --inventory=prod.yaml -q")
    assert code == 0, said
    assert "inconclusive: 0" in said


def test_a_machine_of_little_memory_suffices(place: Path) -> None:
    """All threads share one arena: how many the C library reserves otherwise depends on who is quick."""
    code, said = shell(place, f"export MALLOC_ARENA_MAX=1; ulimit -v 400000; {PYTEST} --inventory=prod.yaml")
    assert code == 0, said


def test_without_a_place_for_temporary_files_one_line_says_so(place: Path) -> None:
    need_root("unshare", "mount")
    made = "mount --bind / / && mount -o remount,bind,ro / && mount -t tmpfs -o ro none /dev/shm"
    code, said = shell(place, f"unshare -m bash -c '{made} && {RUN}'", TMPDIR="/nowhere")
    assert code == 4, said
    assert "no directory for temporary files can be written to" in said


ODD = "a##[add-mask]b\x1b[31m\u202e.json"


@pytest.mark.parametrize(
    "command",
    [
        MAILPROOF + " plan {}",
        MAILPROOF + " diff {} {}",
        MAILPROOF + " report {} --format sarif",
        MAILPROOF + " history {}",
        MAILPROOF + " init {}",
        MAILPROOF + " {}",
        PYTEST + " --inventory={}",
        RUN + " --baseline={}",
        RUN + " --replay={}",
        RUN + " --waivers={}",
        RUN + " --profile=./{}",
        RUN + " --zone=right.example={}",
        RUN + " --connect={}",
    ],
)
def test_names_of_files_steer_no_terminal_and_no_job(place: Path, command: str) -> None:
    (place / ODD).write_text("::error::x\n", encoding="utf-8")
    code, said = shell(place, command.replace("{}", f"'{ODD}'"), GITHUB_ACTIONS="true")
    assert code == 4, said
    ours = "\n".join(line for line in said.splitlines() if "add-mask" in line and not line.startswith("rootdir"))
    assert ours
    assert not {"##[", "\x1b", "\u202e"}.intersection(ours)
    assert not any(mark in ours for mark in ("##[", "\x1b", "\u202e")), ours


def test_lines_of_others_are_no_commands() -> None:
    from mailproof.net.text import shown

    assert shown("::error::x\n  ::add-mask::y\na::b\n##[group]z") == (
        "\\u003a:error::x\n  \\u003a:add-mask::y\na::b\n#\\u0023[group]z"
    )
