"""What the laboratory needs on this machine, how to get it, and in which versions it is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.real.lab.namespaces import LabError, ip

REAL = Path(__file__).resolve().parent.parent
PROGRAMS = {
    "ip": "iproute2",
    "nsd": "nsd",
    "unbound": "unbound",
    "postconf": "postfix",
    "dig": "bind9-dnsutils",
    "openssl": "openssl",
    "gnutls-cli": "gnutls-bin",
}
POSTFIX_MASTER = Path("/usr/lib/postfix/sbin/master")
PREPARE = "python -m tests.real.lab --prepare"
VERSION_SECONDS = 10.0
INSTALL_SECONDS = 300.0
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def cache_directory() -> Path:
    """Where unpacked software is kept: below XDG_CACHE_HOME if that is set, else /var/cache."""
    xdg = os.environ.get("XDG_CACHE_HOME")
    return Path(xdg) / "mailproof-lab" if xdg else Path("/var/cache/mailproof-lab")


def program(name: str) -> str:
    """Path of an installed program. Raises LabError."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{SBIN}")
    if not found:
        raise LabError(f"{name} is missing: install the package {PROGRAMS.get(name, name)}")
    return found


def exim() -> Path:
    """Path of the unpacked Exim; its package cannot be installed beside Postfix."""
    return cache_directory() / "exim4" / "usr" / "sbin" / "exim4"


def tlslite() -> Path:
    """Directory with tlslite-ng, which still speaks SSL 3.0."""
    return cache_directory() / "python"


def why_not() -> str | None:
    """Why the laboratory cannot run here, None if it can."""
    if not sys.platform.startswith("linux"):
        return "the laboratory needs Linux network namespaces"
    if os.geteuid() != 0:
        return "the laboratory needs root (network namespaces, port 25)"
    try:
        for name in PROGRAMS:
            program(name)
    except LabError as error:
        return f"{error}; all packages: tests/real/packages.txt"
    if not POSTFIX_MASTER.exists():
        return f"{POSTFIX_MASTER} is missing: install the package postfix"
    if not exim().exists() or not (tlslite() / "tlslite").is_dir():
        return f"Exim and tlslite-ng are not unpacked yet: {PREPARE}"
    probe = f"mailproof-may-i-{os.getpid()}"
    try:
        ip("netns", "add", probe)
        ip("netns", "delete", probe)
    except LabError as error:
        return f"no permission to make network namespaces: {error}"
    return None


def prepare() -> None:
    """Unpack Exim and tlslite-ng into the cache directory. Raises LabError."""
    with tempfile.TemporaryDirectory() as directory:
        for package in (REAL / "unpacked-packages.txt").read_text().split():
            _install(["apt-get", "download", "-o", "APT::Sandbox::User=root", package], directory)
            for archive in Path(directory).glob("*.deb"):
                _install(["dpkg-deb", "-x", str(archive), str(cache_directory() / "exim4")], directory)
                archive.unlink()
    wanted = str(REAL / "requirements.txt")
    _install(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--upgrade",
            "--target",
            str(tlslite()),
            "-r",
            wanted,
        ],
        "/",
    )


def _install(command: list[str], directory: str) -> None:
    cache_directory().mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{' '.join(command)}: {error}") from error
    if done.returncode:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip()}")


def _first_number(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=VERSION_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "?"
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found.group() if found else "?"


def versions() -> dict[str, str]:
    """Versions of the servers by the name that the plan uses."""
    info = next(iter(sorted(tlslite().glob("tlslite_ng-*.dist-info"))), Path("tlslite_ng-?.dist-info"))
    return {
        "nsd": _first_number([program("nsd"), "-v"]),
        "unbound": _first_number([program("unbound"), "-V"]),
        "postfix": _first_number([program("postconf"), "-d", "-h", "mail_version"]),
        "exim": _exim_version(),
        "tlslite-ng": info.name.removeprefix("tlslite_ng-").removesuffix(".dist-info"),
    }


def _exim_version() -> str:
    """From the package's own changelog: the program refuses to run without its user."""
    changelog = exim().parents[1] / "share" / "doc" / "exim4-daemon-heavy" / "changelog.Debian.gz"
    return _first_number(["zcat", str(changelog)])
