"""The peers: where they are, which version, and what is missing. Nothing is ever faked for one that is not here.

    python -m benchmarks.peers

makes the virtual environments of those that come from PyPI, each its own below the cache directory
(``$XDG_CACHE_HOME/mailproof-bench``, else ``~/.cache/mailproof-bench``), with the versions that ``requirements/``
pins, and says what is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

PYTHON_PEERS = ("checkdmarc", "trustymail", "sslyze", "parsedmarc")
DEBIAN_PEERS = {
    "testssl.sh": ("testssl", "testssl.sh"),
    "zonemaster-cli": ("zonemaster-cli",),
    "swaks": ("swaks",),
}
"""Debian package and the names of its program (``packages.txt`` lists the packages)."""

SSLYZE_FACTS = (
    *("--certinfo", "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"),
    *("--mozilla_config", "disable"),
)
"""sslyze's options for what mailproof's controls TLS-* and CERT-* ask, too: versions, suites, certificates."""


@dataclass(frozen=True)
class Peer:
    """A peer as it is found: the path of its program and its version, or what is missing."""

    name: str
    program: str = ""
    version: str = ""
    missing: str = ""


def cache() -> Path:
    """The directory of the virtual environments."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "mailproof-bench"


def find(name: str) -> Peer:
    """The peer, without changing anything. Raises LookupError for a name that is no peer's."""
    if name in PYTHON_PEERS:
        program = cache() / name / "bin" / name
        pinned = _pinned(name)
        if not program.exists() or _stamp(name) != _requirements(name):
            return Peer(name, missing=f"no virtual environment with {name} {pinned}: python -m benchmarks.peers")
        return Peer(name, str(program), pinned)
    if name not in DEBIAN_PEERS:
        raise LookupError(name)
    found = next((path for program in DEBIAN_PEERS[name] if (path := shutil.which(program))), None)
    if found is None:
        return Peer(name, missing=f"the Debian package {name} is not installed")
    query = ["dpkg-query", "--show", "--showformat=${Version}", name]
    try:
        version = subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        version = ""
    return Peer(name, found, version or "unknown")


def prepare() -> list[Peer]:
    """Make what can be made and return all peers. A virtual environment that fails leaves its peer missing."""
    for name in PYTHON_PEERS:
        if find(name).missing:
            _make(name)
    return [find(name) for name in (*PYTHON_PEERS, *DEBIAN_PEERS)]


def public_suffixes(directory: Path) -> Path | None:
    """A fresh copy, in ``directory``, of the public suffix list that trustymail's dependency ships.

    trustymail 1.2.1 looks for it in its working directory, whatever ``--psl-filename`` says, and fetches one that is
    older than a day.
    """
    shipped = sorted((cache() / "trustymail").rglob("public_suffix_list.dat"))
    if not shipped:
        return None
    copy = directory / "public_suffix_list.dat"
    copy.write_bytes(shipped[0].read_bytes())
    return copy


def _make(name: str) -> None:
    directory = cache() / name
    shutil.rmtree(directory, ignore_errors=True)
    venv.create(directory, with_pip=True)
    install = [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", "--requirement"]
    done = subprocess.run([*install, str(HERE / "requirements" / f"{name}.txt")], check=False)
    if done.returncode == 0:
        (directory / "requirements.txt").write_text(_requirements(name), encoding="utf-8")
    else:
        print(f"{name} could not be installed", file=sys.stderr)


def _requirements(name: str) -> str:
    return (HERE / "requirements" / f"{name}.txt").read_text(encoding="utf-8")


def _pinned(name: str) -> str:
    return _requirements(name).splitlines()[0].partition("==")[2]


def _stamp(name: str) -> str:
    stamp = cache() / name / "requirements.txt"
    return stamp.read_text(encoding="utf-8") if stamp.exists() else ""


if __name__ == "__main__":
    for peer in prepare():
        print(f"{peer.name:<15} {peer.version or peer.missing}")
