"""``python -m tests.bare [SUITE ...]``: follow the README in Debian's releases, by default all that it promises."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.printed import first_commands, in_demo_world, needed_first
from tests.real.container import AUTHORITIES, LENT, SOURCE, lend_network, run

README = SOURCE / "README.md"
SUITES = ("bookworm", "trixie")

USER = "1000"
HOME = "/home/reader"
CHECKOUT = f"{HOME}/checkout"
REPORT = f"{HOME}/reports/no-spf.example.html"

MOUNTED = """
set -e
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/dev/shm" 2>/dev/null || { mkdir -p "$1/dev/shm"; mount -t tmpfs tmpfs "$1/dev/shm"; }
root=$1 user=$2
shift 2
exec chroot --userspec="$user" "$root" "$@"
"""
"""As after a boot; the mounts end with the command."""


def mirror() -> str:
    """Where this machine has Debian's packages from; empty where that cannot be told: debootstrap knows one."""
    asked = ("apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages", "Component: main")
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    found = [line.partition(" ")[2] for line in done.stdout.splitlines() if line.startswith("Debian ")]
    return next((url for url in found if "security" not in url), "")


def environment(home: str) -> Iterator[str]:
    """What a shell of its user has, and this machine's settings of pip."""
    yield f"HOME={home}"
    yield "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    yield from (f"{name}={value}" for name, value in os.environ.items() if name.startswith("PIP_"))
    if AUTHORITIES.is_file():
        yield f"PIP_CERT={LENT}"


def typed(root: Path, user: str, home: str, commands: Iterable[str]) -> str:
    """What is printed while ``user`` types the commands in ``root``, and answers yes to what is asked."""
    script = "\n".join(commands)
    print("".join(f"  $ {line}\n" for line in script.splitlines()), end="", flush=True)
    return run(
        *("unshare", "--mount", "--pid", "--fork", "sh", "-c", MOUNTED, "sh", str(root), user),
        *("env", "-i", *environment(home), "sh", "-ec", script),
        input="y\n" * 9,
    )  # fmt: skip


def prepare(suite: str, root: Path) -> None:
    """Make the bare machine, with a user and a checkout, as ``git clone`` would make it."""
    print(f"debootstrap {suite}", flush=True)
    run("debootstrap", "--variant=minbase", suite, str(root), *filter(None, [mirror()]))
    lend_network(root)
    own = Path("/root/.config/pip/pip.conf")
    if own.is_file():
        shutil.copy(own, root / "etc/pip.conf")
    checkout = root / CHECKOUT.lstrip("/")
    checkout.parent.mkdir(parents=True)
    run("git", "clone", "--quiet", "--no-hardlinks", str(SOURCE), str(checkout))
    run("chown", "-R", f"{USER}:{USER}", str(checkout.parent))


def follow(suite: str, root: Path) -> None:
    """Do what the README says, and look at what it promises."""
    prepare(suite, root)
    needed = needed_first(README)
    assert needed, "the README names no package of Debian"
    typed(root, "0:0", "/root", needed)
    commands = first_commands(README)
    judging = [command for command in commands if command.startswith("mailproof ")]
    install = commands[: -len(judging)]
    said = typed(root, f"{USER}:{USER}", HOME, [f"cd {CHECKOUT}", *install, "cd ~", *in_demo_world(judging)])
    assert "no-spf.example" in said, said
    report = root / REPORT.lstrip("/")
    assert "SPF-EXISTS" in report.read_text(encoding="utf-8"), said
    python = run("chroot", str(root), "python3", "--version").strip()
    print(f"{suite}, {python}: the first report is {report.stat().st_size:,} octets of HTML", flush=True)


def main(suites: list[str]) -> None:
    """Follow it in each of the suites."""
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        sys.exit("needs root and debootstrap")
    if unknown := set(suites) - {*SUITES}:
        sys.exit(f"{shlex.join(sorted(unknown))}: none of {', '.join(SUITES)}")
    for suite in suites or SUITES:
        with tempfile.TemporaryDirectory(prefix="mailproof-bare-", dir="/var/tmp") as place:
            follow(suite, Path(place) / suite)


if __name__ == "__main__":
    main(sys.argv[1:])
