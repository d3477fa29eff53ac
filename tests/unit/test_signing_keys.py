"""Private keys of signers: whose a file is, what its public half is, and that nothing else of it is kept."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from mailproof.grammars.public_keys import Ed25519Key, RSAKey
from mailproof.inventory.model import Inventory
from mailproof.net.dns.client import DNSClient
from mailproof.net.settings import NetSettings
from mailproof.probes.signing_keys import public_half
from mailproof.targets.base import Targets
from mailproof.targets.discovery import Search
from mailproof.targets.mail import Selector
from mailproof.targets.signing_keys import SigningKey, find_signing_keys

RSA = rsa.generate_private_key(65537, 1024)
ED25519 = ed25519.Ed25519PrivateKey.generate()
SEED = ED25519.private_bytes_raw()


@pytest.mark.parametrize("format", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_rsa_keys(encoding: Encoding, format: PrivateFormat) -> None:
    assert public_half(RSA.private_bytes(encoding, format, NoEncryption())) == RSAKey(
        RSA.public_key().public_numbers().n, 65537
    )


@pytest.mark.parametrize(
    "data",
    [
        ED25519.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        base64.b64encode(SEED) + b"\n",
        base64.b64encode(SEED + ED25519.public_key().public_bytes_raw()),
    ],
    ids=["PEM", "seed", "seed and point"],
)
def test_ed25519_keys(data: bytes) -> None:
    assert public_half(data) == Ed25519Key(ED25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no private key"),
        (b"secret-words", "no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "no private key"),
        (RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")), "passphrase"),
        (
            ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "neither an RSA key nor",
        ),
    ],
    ids=["nothing", "words", "no PEM", "passphrase", "another kind"],
)
def test_what_is_no_key_is_said_without_its_content(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        public_half(data)
    assert "secret" not in str(caught.value)


def _found(directory: Path, write: Callable[[Path], None]) -> Targets:
    write(directory)
    inventory = Inventory.model_validate({"domains": ["example.org"], "private_keys": [str(directory)]})
    settings = NetSettings()
    search = Search(inventory, DNSClient(settings), settings, directory)
    search.targets.add(Selector("s1", "example.org"))
    search.targets.add(Selector("s1", "sub.example.org"))

    async def find() -> None:
        await find_signing_keys(search)

    asyncio.run(find())
    return search.targets


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("s1.example.org.private", ("s1", "example.org")),
        ("example.org.s1.key", ("s1", "example.org")),
        ("S1._domainkey.example.org.pem", ("s1", "example.org")),
        ("example.org-s1", ("s1", "example.org")),
        ("example.org/s1.private", ("s1", "example.org")),
        ("keys/sub.example.org/s1", ("s1", "sub.example.org")),
        ("sub.example.org.s1.key", ("s1", "sub.example.org")),
        ("s2.example.org.private", ("", "")),
        ("other.key", ("", "")),
    ],
)
def test_whose_a_file_is_by_its_name(tmp_path: Path, name: str, owner: tuple[str, str]) -> None:
    def write(directory: Path) -> None:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text("x")

    (key,) = _found(tmp_path, write).found(SigningKey)
    assert (key.selector, key.domain) == owner
    assert key.name == name


def test_whose_a_file_is_by_a_key_table(tmp_path: Path) -> None:
    """opendkim.conf(5): name, then domain, selector and file with colons between."""

    def write(directory: Path) -> None:
        (directory / "KeyTable").write_text("# ours\nfirst example.org:s1:/etc/dkim/a.pem\nbad line\n")
        (directory / "a.pem").write_text("x")
        (directory / "a.txt").write_text("the record as opendkim-genkey writes it")

    (key,) = _found(tmp_path, write).found(SigningKey)
    assert (key.selector, key.domain) == ("s1", "example.org")


def test_a_directory_without_keys_is_said(tmp_path: Path) -> None:
    (missing,) = _found(tmp_path, lambda directory: None).missing(SigningKey)
    assert "no private key" in missing.reason
