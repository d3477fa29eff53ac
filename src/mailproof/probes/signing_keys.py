"""Reads private keys of signers: their public halves are worked out, and nothing else of them is kept."""

from __future__ import annotations

import asyncio
import base64
import binascii
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from mailproof.grammars.public_keys import Ed25519Key, PublicKey, RSAKey
from mailproof.net.errors import Malformed
from mailproof.net.network import Network
from mailproof.observations.signing_keys import SigningKeyHalf
from mailproof.probes.dkim import dkim_key
from mailproof.probes.probe import Look, probe
from mailproof.targets.mail import Selector
from mailproof.targets.signing_keys import SigningKey

MAX_OCTETS = 64 * 1024
"""Of a file with one key."""


@probe(looks=("dkim_key",))
async def signing_key_half(key: SigningKey, net: Network, look: Look) -> SigningKeyHalf:
    """The public half of a private key, and what its selector publishes. Raises Malformed for what is no key."""
    if not key.selector:
        return SigningKeyHalf(key.name)
    published = await look(dkim_key, Selector(key.selector, key.domain, active=key.active))
    data = await net.files.read(Path(key.path), MAX_OCTETS)
    try:
        half = await asyncio.to_thread(public_half, data)
    except ValueError as fault:
        raise Malformed(f"{key.name}: {fault}") from None
    kind = "RSA" if isinstance(half, RSAKey) else "Ed25519"
    return SigningKeyHalf(key.name, half.fingerprint, kind, half.bits, published)


def public_half(data: bytes) -> PublicKey:
    """The public half of a private key: PEM, DER, or an Ed25519 seed in base64 as dkimpy writes it.

    Raises ValueError with words that hold nothing of ``data``.
    """
    try:
        key = load_pem_private_key(data, None) if b"-----BEGIN" in data else load_der_private_key(data, None)
    except TypeError:
        raise ValueError("the key is protected by a passphrase") from None
    except (ValueError, UnsupportedAlgorithm):
        seed = _seed(data)
        if seed is None:
            raise ValueError("no private key that can be read") from None
        key = Ed25519PrivateKey.from_private_bytes(seed)
    if isinstance(key, RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return RSAKey(numbers.n, numbers.e)
    if isinstance(key, Ed25519PrivateKey):
        return Ed25519Key(key.public_key().public_bytes_raw())
    raise ValueError("neither an RSA key nor one of Ed25519")


def _seed(data: bytes) -> bytes | None:
    """The seed of an Ed25519 key in base64, alone or with its public half behind it."""
    try:
        octets = base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error:
        return None
    return octets[:32] if len(octets) in (32, 64) else None
