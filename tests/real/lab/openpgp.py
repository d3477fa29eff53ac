"""security.txt (RFC 9116), signed by GnuPG, and the keys that it names: a good one, and one that has ended."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.real.lab.requirements import program

SECONDS = 60.0
OF_OLD = "20200101T000000"
"""When the key was made that has ended."""


@dataclass(frozen=True)
class SecurityText:
    """A security.txt, in which HOST stands for the name of the site, and the key that it names."""

    text: str
    key: str


def _gpg(home: Path, *arguments: str, text: str = "") -> str:
    command = [program("gpg"), "--homedir", str(home), "--batch", "--quiet", "--yes", "--pinentry-mode", "loopback"]
    done = subprocess.run(
        [*command, "--passphrase", "", *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    return done.stdout


def security_texts(home: Path) -> Mapping[str, SecurityText]:
    """The files by what they are called in ``Web.text``."""
    home.mkdir(mode=0o700)
    keys = {}
    for name, made in (("new", ()), ("old", ("--faked-system-time", OF_OLD))):
        _gpg(home, *made, "--quick-generate-key", f"{name}@example.test", "ed25519", "sign", "1y")
        keys[name] = _gpg(home, "--armor", "--export", f"{name}@example.test")
    expires = datetime.now(UTC) + timedelta(days=180)
    contact = "Contact: mailto:postmaster@right.test\n"
    whole = f"{contact}Expires: {expires:%Y-%m-%dT%H:%M:%SZ}\nEncryption: https://HOST/key.asc\n"
    signed = _gpg(home, "--local-user", "new@example.test", "--clearsign", text=whole)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, timeout=SECONDS)
    return {
        "right": SecurityText(signed, keys["new"]),
        "old key": SecurityText(signed, keys["old"]),
        "no Expires": SecurityText(contact, keys["new"]),
    }
