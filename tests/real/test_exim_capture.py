"""Debian's Exim: running, captured as a whole, and what it shows on its port held against what it says of itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.offline.user import Run
from tests.real.lab.exim import passwd_lines, user_and_group
from tests.real.lab.requirements import exim
from tests.real.suite import ROOT

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not exim().exists(), reason="needs root and Exim: python -m tests.real.lab --prepare"
)

SPACE = f"mailproof-exim-{os.getpid()}"
SECONDS = 120
"""For what takes less than ten."""

RIGHT = """primary_hostname = mx.example.org
local_interfaces = 0.0.0.0
daemon_smtp_ports = 25
spool_directory = {spool}
log_file_path = {spool}/%slog
pid_file_path = {spool}/pid
keep_environment =
tls_advertise_hosts =
smtp_banner = $smtp_active_hostname ESMTP
message_size_limit = 20M
hide mysql_servers = localhost/mail/exim/HUNTER2
acl_smtp_rcpt = refuse
begin acl
refuse:
  deny message = nobody is here
"""
WRONG = RIGHT.replace("20M", "30M").replace("ESMTP\n", "ESMTP Exim $version_number\n")
"""Written since Exim was started."""


@pytest.fixture
def directory() -> Iterator[Path]:
    """One that Exim's user may enter: pytest's are their owner's alone."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def space() -> Iterator[None]:
    subprocess.run(["ip", "netns", "add", SPACE], check=True)
    try:
        subprocess.run(["ip", "-n", SPACE, "link", "set", "lo", "up"], check=True)
        yield
    finally:
        subprocess.run(["ip", "netns", "delete", SPACE], check=True)


def _etc(directory: Path, configuration: str, spool: Path) -> Path:
    """What Exim and Python need of /etc."""
    (directory / "exim4").mkdir(parents=True)
    for name in ("ld.so.cache", "nsswitch.conf"):
        shutil.copy(Path("/etc", name), directory)
    for name, more in zip(("passwd", "group"), passwd_lines(), strict=True):
        (directory / name).write_text(Path("/etc", name).read_text() + more)
    (directory / "hosts").write_text("127.0.0.1 localhost\n")
    (directory / "exim4" / "exim4.conf").write_text(configuration.format(spool=spool))
    return directory


def _command(command: str, etc: Path) -> list[str]:
    """A command in the network namespace of the test, and with another /etc."""
    return ["ip", "netns", "exec", SPACE, "sh", "-c", 'mount --bind "$0" /etc && exec "$@"', str(etc), *command.split()]


def _answers() -> bool:
    script = "read -t 2 line < /dev/tcp/127.0.0.1/25 && [[ $line == 220* ]]"
    command = ["ip", "netns", "exec", SPACE, "timeout", "5", "bash", "-c", script]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_what_exim_says_of_itself_is_held_against_what_it_shows(space: None, directory: Path) -> None:
    programs = directory / "bin"
    programs.mkdir()
    (programs / "exim4").symlink_to(exim())
    spool = directory / "spool"
    spool.mkdir()
    os.chown(spool, *user_and_group())
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}
    etc = {
        "right": _etc(directory / "right-etc", RIGHT, spool),
        "wrong": _etc(directory / "wrong-etc", WRONG, spool),
    }
    running = subprocess.Popen(
        _command("exim4 -bdf", etc["right"]), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        until = time.monotonic() + SECONDS
        while not _answers() and time.monotonic() < until:
            assert running.poll() is None, running.stdout and running.stdout.read()
            time.sleep(0.1)
        inventory = "hosts:\n"
        for kind, place in etc.items():
            capture = (
                f"{sys.executable} -m mailproof.cli capture local --name {kind}.example.org --only exim4 -o {kind}"
            )
            done = subprocess.run(
                _command(capture, place),
                env=environment,
                cwd=directory,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            inventory += f"  - {{name: {kind}.example.org, addresses: [127.0.0.1]}}\n"
        (directory / "prod.yaml").write_text(f"{inventory}captures: [right, wrong]\n")
        judged = subprocess.run(
            _command(f"{sys.executable} -m pytest --inventory prod.yaml --control=CFG-*", etc["right"]),
            env=environment,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    finally:
        running.terminate()
        running.communicate(timeout=SECONDS)
    run = Run(judged.returncode, judged.stdout, judged.stderr, directory / "reports")
    verdicts = run.verdicts("prod")
    right = {control: verdicts[control, "exim@right.example.org"] for control in ("CFG-AGREES", "CFG-LOADS")}
    assert right == {"CFG-AGREES": "pass", "CFG-LOADS": "pass"}, run.output
    assert verdicts["CFG-BANNER", "exim@right.example.org"] == "pass", run.output
    assert verdicts["CFG-AGREES", "exim@wrong.example.org"] == "fail", run.output
    assert verdicts["CFG-BANNER", "exim@wrong.example.org"] == "advice", run.output
    written = "".join(file.read_text(errors="replace") for kind in etc for file in (directory / kind).iterdir())
    assert "mysql_servers" in written
    assert "HUNTER2" not in written + (directory / "reports" / "prod.json").read_text()
