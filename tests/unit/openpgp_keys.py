"""OpenPGP keys put together from packets, without any signature that verifies (RFC 9580, section 4)."""

from __future__ import annotations


def packet(tag: int, body: bytes, *, old: bool = False) -> bytes:
    """A packet with a header of the new or the old format."""
    if old:
        return bytes([0x80 | tag << 2 | 1]) + len(body).to_bytes(2) + body
    return bytes([0xC0 | tag, 0xFF]) + len(body).to_bytes(4) + body


def public_key(created: int, *, version: int = 4, tag: int = 6) -> bytes:
    return packet(tag, bytes([version]) + created.to_bytes(4) + b"\x16" + bytes(40))


def signature(kind: int, *subpackets: tuple[int, bytes], version: int = 4) -> bytes:
    hashed = b"".join(bytes([len(body) + 1, type]) + body for type, body in subpackets)
    width = 2 if version == 4 else 4
    head = bytes([version, kind, 22, 8]) + len(hashed).to_bytes(width) + hashed
    return packet(2, head + bytes(width) + bytes(8))


def key(
    *user_ids: str,
    created: int = 1_700_000_000,
    lifetime: int = 0,
    revoked: bool = False,
    made: int = 0,
    subkey: int = 0,
) -> bytes:
    """A key whose user ids are bound, and a subkey for encryption; each with a lifetime in seconds or without end."""
    told = [(2, (made or created).to_bytes(4)), (27, b"\x03")]
    told += [(9, lifetime.to_bytes(4))] if lifetime else []
    parts = [public_key(created)]
    parts += [signature(0x20, (2, created.to_bytes(4)))] if revoked else []
    for user_id in user_ids:
        parts += [packet(13, user_id.encode()), signature(0x13, *told)]
    bound = signature(0x18, (2, created.to_bytes(4)), (9, subkey.to_bytes(4)), (27, b"\x0c"))
    return b"".join((*parts, public_key(created, tag=14), bound))
