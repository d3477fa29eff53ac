"""Signatures by a key of the user's, made and verified by the tool of the system that the key is for.

Two kinds: OpenSSH's (``ssh-keygen -Y``, PROTOCOL.sshsig) and minisign's. mailproof reads no secret key and knows no
password: the tools ask for it themselves.
"""

from __future__ import annotations

import base64
import binascii
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from mailproof.net.text import printable

NAMESPACE = "mailproof"
"""Of SSH signatures: one that was made for something else is none of ours."""

_SECONDS = 60
"""For a tool, which may ask for a password."""

_MAX_KEYS = 1 << 20
"""Octets of a file of public keys."""

_COMMENT = "untrusted comment:"
"""How every file of minisign's begins."""

_STDERR = 2


class SignatureError(Exception):
    """It cannot be signed, or a signature is not what it should be; the message says why."""


class Kind(Protocol):
    """One tool that signs and verifies. Every method raises SignatureError, also where the tool is missing."""

    suffix: str
    """Of the file of a signature, behind the name of what was signed."""

    def sign(self, text: bytes, key: Path) -> bytes:
        """The signature of ``text`` by the user's ``key``; the tool may ask for its password."""
        ...

    def signer(self, text: bytes, signature: bytes, allowed: Path) -> str:
        """Who signed ``text``, of those that the file ``allowed`` names."""
        ...

    def unnamed(self, text: bytes, signature: bytes) -> str:
        """What can be said of the signature by somebody who does not say who may have signed."""
        ...


@dataclass(frozen=True)
class Signature:
    """A signature as it was found. Methods raise SignatureError."""

    kind: Kind
    text: bytes
    """What it is said to be of."""
    octets: bytes

    def signer(self, allowed: Path) -> str:
        """Who signed, of those that the file ``allowed`` names."""
        return self.kind.signer(self.text, self.octets, allowed)

    def unnamed(self) -> str:
        """What can be said of it without knowing who may have signed."""
        return self.kind.unnamed(self.text, self.octets)


class _SSH:
    """Signatures of OpenSSH, by a private key or one of an agent."""

    suffix = ".sig"

    def sign(self, text: bytes, key: Path) -> bytes:
        done = _ssh_keygen("-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(key), stdin=text)
        if done.returncode != 0:
            raise SignatureError(f"ssh-keygen cannot sign with {key}: {_last_line(done.stderr)}")
        return done.stdout

    def signer(self, text: bytes, signature: bytes, allowed: Path) -> str:
        """``allowed`` is as in ssh-keygen(1), ALLOWED SIGNERS. A key has to be valid now: the time in what was signed
        is the signer's word, and who has a retired key could say any.
        """
        with tempfile.TemporaryDirectory(prefix="mailproof-signature-") as directory:
            file = Path(directory) / "signature"
            file.write_bytes(signature)
            found = _ssh_keygen("-Y", "find-principals", "-s", str(file), "-f", str(allowed))
            names = found.stdout.decode(errors="replace").splitlines() if found.returncode == 0 else []
            for name in names:
                arguments = ("-Y", "verify", "-f", str(allowed), "-I", name, "-n", NAMESPACE, "-s", str(file))
                if _ssh_keygen(*arguments, stdin=text).returncode == 0:
                    return name
        if not names:
            raise SignatureError(f"the key that signed is none of {allowed} that is valid now")
        raise SignatureError("the signature is not one of this manifest")

    def unnamed(self, text: bytes, signature: bytes) -> str:
        with tempfile.TemporaryDirectory(prefix="mailproof-signature-") as directory:
            file = Path(directory) / "signature"
            file.write_bytes(signature)
            done = _ssh_keygen("-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(file), stdin=text)
        if done.returncode != 0:
            raise SignatureError("the signature is not one of this manifest")
        return "signed, by whom was not asked: name those who may have signed by --signers FILE"


class _Minisign:
    """Signatures of minisign. They do not hold the public key, only its number."""

    suffix = ".minisig"

    def sign(self, text: bytes, key: Path) -> bytes:
        with tempfile.TemporaryDirectory(prefix="mailproof-signature-") as directory:
            file, signature = Path(directory) / "text", Path(directory) / "signature"
            file.write_bytes(text)
            comments = ("-c", "signature of a mailproof seal", "-t", "mailproof seal")
            # It asks for the password on standard error, and reads it from the terminal or standard input: all of that
            # is left to it. What it prints on standard output is not our output.
            command = ("minisign", "-S", "-s", str(key), *comments, "-x", str(signature), "-m", str(file))
            if _run(*command, stdin=None, stdout=_STDERR, stderr=None).returncode != 0:
                raise SignatureError(
                    f"minisign cannot sign with {key} and says why above; "
                    "it takes the password of a key from the terminal or from standard input"
                )
            return signature.read_bytes()

    def signer(self, text: bytes, signature: bytes, allowed: Path) -> str:
        """``allowed`` is a public key of minisign, or several; a key's name is its untrusted comment, which stands in
        the verifier's own file.
        """
        id = _key_id(_second_line(signature))
        keys = [(name, key) for name, key in _public_keys(allowed) if _key_id(key) == id]
        with tempfile.TemporaryDirectory(prefix="mailproof-signature-") as directory:
            file, other = Path(directory) / "text", Path(directory) / "signature"
            file.write_bytes(text)
            other.write_bytes(signature)
            for name, key in keys:
                if _run("minisign", "-V", "-q", "-P", key, "-x", str(other), "-m", str(file)).returncode == 0:
                    return name
        if not keys:
            raise SignatureError(f"the key that signed, {id} of minisign, is none of {allowed}")
        raise SignatureError("the signature is not one of this manifest")

    def unnamed(self, text: bytes, signature: bytes) -> str:
        id = _key_id(_second_line(signature))
        return f"it says that the key {id} of minisign signed it; only --signers FILE with its public key proves that"


SIGNATURE_KINDS: tuple[Kind, ...] = (_SSH(), _Minisign())


def kind_of_key(key: Path) -> Kind:
    """The tool that signs with a key: minisign's keys say so, and all others are for ssh-keygen to judge."""
    ssh, minisign = SIGNATURE_KINDS
    try:
        with key.open("rb") as stream:
            return minisign if stream.read(len(_COMMENT)) == _COMMENT.encode() else ssh
    except OSError:
        return ssh


def _public_keys(file: Path) -> Iterator[tuple[str, str]]:
    """The public keys of a file, each with its comment. Raises SignatureError."""
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            lines = stream.read(_MAX_KEYS).splitlines()
    except OSError as error:
        raise SignatureError(f"{file} cannot be read: {error.strerror}") from None
    for comment, key in pairwise(lines):
        if comment.startswith(_COMMENT) and not key.startswith(_COMMENT):
            yield printable(comment.removeprefix(_COMMENT).strip()), key.strip()


def _second_line(signature: bytes) -> str:
    """Where minisign has the signature of the text. Raises SignatureError."""
    lines = signature.decode(errors="replace").splitlines()
    if len(lines) < 2:
        raise SignatureError("the signature is none of minisign: it is cut off")
    return lines[1]


def _key_id(encoded: str) -> str:
    """The number of a key as minisign writes it: eight octets behind the algorithm, the last one first; none if there
    is none.
    """
    try:
        return base64.b64decode(encoded)[2:10][::-1].hex().upper() or "none"
    except (binascii.Error, ValueError):
        return "none"


def _ssh_keygen(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return _run("ssh-keygen", *arguments, stdin=stdin)


def _run(
    program: str,
    *arguments: str,
    stdin: bytes | None = b"",
    stdout: int = subprocess.PIPE,
    stderr: int | None = subprocess.PIPE,
) -> subprocess.CompletedProcess[bytes]:
    """Run the user's own tool; ``stdin`` and ``stderr`` of None are ours. Raises SignatureError."""
    try:
        return subprocess.run(  # noqa: S603
            [program, *arguments], input=stdin, stdout=stdout, stderr=stderr, timeout=_SECONDS, check=False
        )
    except FileNotFoundError:
        raise SignatureError(f"there is no {_TOOLS[program]}, which signs and verifies") from None
    except subprocess.TimeoutExpired:
        raise SignatureError(f"{program} did not end within {_SECONDS} s") from None


_TOOLS = {"ssh-keygen": "ssh-keygen (OpenSSH)", "minisign": "minisign (of the package of that name)"}


def _last_line(text: bytes) -> str:
    return (text.decode(errors="replace").strip().splitlines() or ["it says nothing"])[-1]
