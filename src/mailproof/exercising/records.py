"""What the owner of a test domain publishes for an exercise, and whether it is there."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from mailproof.documents import UnreadableFile, read_octets, write_atomically
from mailproof.exercising.messages import SELECTOR, Names
from mailproof.inventory.exercise import Incoming
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network

KEY_BITS = 2048
MAX_KEY = 64 * 1024
"""Octets of a file with a key."""


class UnusableKey(Exception):
    """A private key cannot be read or made; the message says why."""


@dataclass(frozen=True)
class ToPublish:
    """A record. ``data`` of TXT is its text; ``required`` ones are looked for before anything is sent."""

    name: str
    type: str
    data: str
    required: bool = True

    def __str__(self) -> str:
        if self.type != "TXT":
            return f"{self.name}. {self.type} {self.data}"
        pieces = (f'"{self.data[at : at + 255]}"' for at in range(0, len(self.data), 255))
        return f"{self.name}. TXT {' '.join(pieces)}"


def private_key(file: Path, *, make: bool = False) -> bytes:
    """The RSA key in a file, in PEM as dkimpy takes it; with ``make`` one is made where there is none.

    Raises UnusableKey.
    """
    if make and not file.exists():
        made = generate_private_key(65537, KEY_BITS)
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        try:
            write_atomically(file, [pem.decode()], private=True)
        except OSError as error:
            raise UnusableKey(f"{file}: {error.strerror}") from None
    try:
        data = read_octets(file, MAX_KEY)
        key = load_pem_private_key(data, None)
    except FileNotFoundError:
        raise UnusableKey(f"{file}: there is no such file; `mailproof exercise INVENTORY --records` makes it") from None
    except (UnreadableFile, ValueError, TypeError) as error:
        raise UnusableKey(f"{file}: no private key that can be read: {error}") from None
    if not isinstance(key, RSAPrivateKey):
        raise UnusableKey(f"{file}: not an RSA key")
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def key_record(key: bytes) -> str:
    """The DKIM record of the public half."""
    public = load_pem_private_key(key, None).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def incoming_records(incoming: Incoming, key: bytes, report_to: str | None = None) -> Iterator[ToPublish]:
    """Records below the test domain, and the key in the bogus one. Aggregate reports are asked for to ``report_to``.

    Every name has an address, since receivers refuse senders that no answer could be sent to.
    """
    names = Names(incoming.test_domain)
    own = " ".join(f"{'ip6' if ':' in address else 'ip4'}:{address}" for address in incoming.source)
    domains = (
        (names.right, f"v=spf1 {own} -all", "none"),
        (names.unauthorised, "v=spf1 -all", "none"),
        (names.reject, "v=spf1 -all", "reject"),
        (names.quarantine, "v=spf1 -all", "quarantine"),
        (names.by_spf, f"v=spf1 {own} -all", "reject"),
    )
    for name, spf, policy in domains:
        for address in incoming.source:
            yield ToPublish(name, "AAAA" if ":" in address else "A", address, required=False)
        yield ToPublish(name, "TXT", spf)
        asked = f"; rua=mailto:{report_to}" if report_to else ""
        yield ToPublish(f"_dmarc.{name}", "TXT", f"v=DMARC1; p={policy}; adkim=s; aspf=s{asked}")
        if report_to:  # the domain there has to agree (RFC 9990, section 4)
            yield ToPublish(f"{name}._report._dmarc.{report_to.rpartition('@')[2]}", "TXT", "v=DMARC1")
    signing = [names.right, names.reject, *filter(None, (incoming.bogus_domain,))]
    for name in signing:
        yield ToPublish(f"{SELECTOR}._domainkey.{name}", "TXT", key_record(key), required=name != incoming.bogus_domain)


async def missing(records: Iterator[ToPublish], net: Network) -> list[str]:
    """What of it the DNS does not have, in words."""
    found = []
    for record in records:
        if not record.required:
            continue
        try:
            answer = await net.dns.resolve(record.name, record.type)
            there = [one.text if record.type == "TXT" else one.data for one in answer.records]
        except NotObserved as failure:
            found.append(f"{record.name} {record.type}: {failure.reason}")
            continue
        if record.data not in there:
            found.append(f"{record.name} {record.type} is not published as it should be")
    return found
