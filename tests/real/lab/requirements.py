"""What the laboratory needs on this machine, how to get it, and in which versions it is there."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mailproof.fixtures import old_tls
from tests.real.lab.namespaces import LabError, ip

REAL = Path(__file__).resolve().parent.parent
PROGRAMS = {
    "ip": "iproute2",
    "nsd": "nsd",
    "knotd": "knot",
    "named": "bind9",
    "pdns_server": "pdns-server",
    "pdnsutil": "pdns-server",
    "unbound": "unbound",
    "postconf": "postfix",
    "opendkim": "opendkim",
    "opendmarc": "opendmarc",
    "rspamd": "rspamd",
    "dovecot": "dovecot-core",
    "haproxy": "haproxy",
    "munin-node": "munin-node",
    "upsd": "nut-server",
    "stunnel4": "stunnel4",
    "nginx": "nginx-light",
    "tinyproxy": "tinyproxy",
    "squid": "squid",
    "dig": "bind9-dnsutils",
    "delv": "bind9-dnsutils",
    "dnssec-signzone": "bind9-utils",
    "ldns-signzone": "ldnsutils",
    "kzonesign": "knot-dnssecutils",
    "openssl": "openssl",
    "gnutls-cli": "gnutls-bin",
    "gpg": "gpg",
    "gpg-agent": "gpg-agent",
    "m4": "m4",
    "postgrey": "postgrey",
    "mta-sts-daemon": "postfix-mta-sts-resolver",
}
POSTFIX_MASTER = Path("/usr/lib/postfix/sbin/master")
DOVECOT_SERVICES = Path("/usr/lib/dovecot")
RSPAMD_PLUGINS = Path("/usr/share/rspamd/plugins")
POWERDNS_SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
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


def opensmtpd() -> Path:
    """Path of the unpacked OpenSMTPD; its package cannot be installed beside Postfix."""
    return cache_directory() / "opensmtpd" / "usr" / "sbin" / "smtpd"


def chasquid() -> Path:
    """Path of the unpacked chasquid, whose service nobody needs here."""
    return cache_directory() / "chasquid" / "usr" / "bin" / "chasquid"


def sendmail() -> Path:
    """Path of the unpacked Sendmail; its package cannot be installed beside Postfix."""
    return cache_directory() / "sendmail" / "usr" / "libexec" / "sendmail" / "sendmail"


def sendmail_files() -> Path:
    """Directory of the macros that make its configuration."""
    return cache_directory() / "sendmail" / "usr" / "share" / "sendmail" / "cf"


def sendmail_help() -> Path:
    """What it says to HELP."""
    return cache_directory() / "sendmail" / "etc" / "mail" / "helpfile"


def cyrus() -> Path:
    """Directory of the unpacked Cyrus; its packages cannot be installed beside Dovecot."""
    return cache_directory() / "cyrus"


def cyrus_program(name: str) -> Path:
    """Path of one of Cyrus' daemons."""
    return cyrus() / "usr" / "lib" / "cyrus" / "bin" / name


def cyrus_environment() -> dict[str, str]:
    """Where its libraries are."""
    libraries = next(iter(cyrus().glob("usr/lib/*-linux-*")), cyrus())
    return {"LD_LIBRARY_PATH": str(libraries)}


def python_packages() -> Path:
    """Directory with tlslite-ng, which still speaks SSL 3.0, and with aiosmtpd."""
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
    if not POWERDNS_SCHEMA.exists():
        return f"{POWERDNS_SCHEMA} is missing: install the package pdns-backend-sqlite3"
    if not POSTFIX_MASTER.exists():
        return f"{POSTFIX_MASTER} is missing: install the package postfix"
    for service in ("imap-login", "pop3-login", "submission-login", "managesieve-login", "lmtp"):
        if not (DOVECOT_SERVICES / service).exists():
            return f"dovecot's {service} is missing; all packages: tests/real/packages.txt"
    programs = (exim(), opensmtpd(), chasquid(), sendmail(), sendmail_files())
    unpacked = (*programs, *map(cyrus_program, ("master", "imapd", "pop3d")))
    packages = (python_packages() / name for name in ("tlslite", "aiosmtpd"))
    if not all(path.exists() for path in (*unpacked, *packages)):
        return f"Exim, OpenSMTPD, chasquid, Sendmail, Cyrus, tlslite-ng and aiosmtpd are not unpacked yet: {PREPARE}"
    if not old_tls.available():
        return "the OpenSSL 1.0.2 in nassl's wheel cannot be driven as a server here"
    probe = f"mailproof-may-i-{os.getpid()}"
    try:
        ip("netns", "add", probe)
        ip("netns", "delete", probe)
    except LabError as error:
        return f"no permission to make network namespaces: {error}"
    return None


def prepare() -> None:
    """Unpack Exim, OpenSMTPD, chasquid, Sendmail, Cyrus, tlslite-ng and aiosmtpd into the cache. Raises LabError."""
    with tempfile.TemporaryDirectory() as directory:
        for package in (REAL / "unpacked-packages.txt").read_text().split():
            _install(["apt-get", "download", "-o", "APT::Sandbox::User=root", package], directory)
            of_several = package.partition("-")[0]
            name = of_several if of_several in ("cyrus", "sendmail") else package.partition("-daemon")[0]
            for archive in Path(directory).glob("*.deb"):
                _install(["dpkg-deb", "-x", str(archive), str(cache_directory() / name)], directory)
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
            str(python_packages()),
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


def _first_number(command: list[str], before: str = "") -> str:
    """The first version number that the command prints, behind the text ``before``."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=VERSION_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "?"
    found = re.search(
        r"\d+\.\d+(\.\d+)?(p\d+)?",
        (done.stdout + done.stderr).partition(before)[2] if before else done.stdout + done.stderr,
    )
    return found.group() if found else "?"


def versions() -> dict[str, str]:
    """Versions of the servers by the name that the plan uses."""
    return {
        "nsd": _first_number([program("nsd"), "-v"]),
        "bind": _first_number([program("named"), "-v"]),
        "powerdns": _first_number([program("pdns_server"), "--version"]),
        "unbound": _first_number([program("unbound"), "-V"]),
        "postfix": _first_number([program("postconf"), "-d", "-h", "mail_version"]),
        "exim": _packaged("exim4", "exim4-daemon-heavy"),
        "opensmtpd": _packaged("opensmtpd", "opensmtpd"),
        "chasquid": _packaged("chasquid", "chasquid"),
        "sendmail": _packaged("sendmail", "sendmail-bin"),
        "postgrey": _first_number([program("postgrey"), "--version"]),
        "knot": _first_number([program("knotd"), "-V"]),
        "dovecot": _first_number([program("dovecot"), "--version"]),
        "cyrus": _packaged("cyrus", "cyrus-common"),
        "stunnel": _first_number([program("stunnel4"), "-version"], before="stunnel "),
        "haproxy": _first_number([program("haproxy"), "-v"]),
        "nginx": _first_number([program("nginx"), "-v"]),
        "squid": _first_number([program("squid"), "-v"]),
        "tinyproxy": _first_number([program("tinyproxy"), "-v"]),
        "openssl-1.0.2": _old_openssl_version(),
        "tlslite-ng": _python_package("tlslite_ng"),
        "aiosmtpd": _python_package("aiosmtpd"),
    }


def _python_package(name: str) -> str:
    info = next(iter(sorted(python_packages().glob(f"{name}-*.dist-info"))), Path(f"{name}-?.dist-info"))
    return info.name.removeprefix(f"{name}-").removesuffix(".dist-info")


def _old_openssl_version() -> str:
    """Of the library in nassl's wheel, which carries it as a text."""
    library = Path(importlib.import_module("nassl._nassl_legacy").__file__ or "").read_bytes()
    found = re.search(rb"OpenSSL (1\.0\.2[a-z]*)", library)
    return found[1].decode() if found else "?"


def _packaged(directory: str, package: str) -> str:
    """From the unpacked package's own changelog: its program refuses to run without its user."""
    changelogs = (cache_directory() / directory / "usr" / "share" / "doc" / package).glob("changelog.Debian*.gz")
    return _first_number(["zcat", *sorted(map(str, changelogs))[-1:]])
