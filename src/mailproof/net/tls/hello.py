"""Hellos of a TLS client, SSL 2.0 to TLS 1.3, written octet by octet: what no library would offer any more, or yet.

Nothing here computes a key. A hello of TLS 1.3 has an empty ``key_share``: the server must then name the group that it
wants in a HelloRetryRequest (RFC 8446, sections 4.2.8 and 4.1.4), so that a group can be asked for, a post-quantum
one too, which nobody here could do arithmetic in.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from mailproof.net.tls.versions import TLSVersion


class Extension(IntEnum):
    """Extensions of hellos (IANA's registry)."""

    SERVER_NAME = 0
    STATUS_REQUEST = 5
    SUPPORTED_GROUPS = 10
    POINT_FORMATS = 11
    SIGNATURE_ALGORITHMS = 13
    ALPN = 16
    CERTIFICATE_TIMESTAMPS = 18
    PADDING = 21
    ENCRYPT_THEN_MAC = 22
    EXTENDED_MASTER_SECRET = 23
    SESSION_TICKET = 35
    SUPPORTED_VERSIONS = 43
    KEY_SHARE = 51
    RENEGOTIATION_INFO = 0xFF01


FALLBACK_SCSV = 0x5600
"""RFC 7507: the client says that it could speak a newer version."""

_RENEGOTIATION_SCSV = 0x00FF
"""RFC 5746, section 3.3: stands for an empty renegotiation_info where there are no extensions."""

_X25519 = 0x001D
_X25519MLKEM768 = 0x11EC

_RESERVED = 0x7A7A
"""A number that stands for nothing in any registry of TLS (RFC 8701, section 2): servers pass over it."""

_ML_KEM_MODULUS, _ML_KEM_COEFFICIENTS = 3329, 3 * 256


def _ml_kem_768_key() -> bytes:
    """An encapsulation key of ML-KEM-768 (FIPS 203) whose other half nobody has: coefficients and a seed."""
    packed = 0
    for place in range(_ML_KEM_COEFFICIENTS):
        packed |= secrets.randbelow(_ML_KEM_MODULUS) << (12 * place)
    return packed.to_bytes(_ML_KEM_COEFFICIENTS * 12 // 8, "little") + secrets.token_bytes(32)


@dataclass(frozen=True)
class ClientHello:
    """What is offered: one version, cipher suites, and what goes with them in the order of preference.

    ``host`` is the name sent as SNI; an address and what is no name are not sent (RFC 6066, section 3). Empty
    ``groups`` or ``schemes`` leave their extensions out. ``share``: a key for x25519 is sent at once, as clients do.
    ``older``: with TLS 1.3 the versions from TLS 1.0 on are offered too. ``large``: beside the key for x25519 comes one
    for X25519MLKEM768, so that one segment does not hold the hello. ``reserved``: values that stand for nothing come
    first everywhere.
    """

    version: TLSVersion
    suites: tuple[int, ...]
    groups: tuple[int, ...] = ()
    schemes: tuple[int, ...] = ()
    host: str = ""
    alpn: tuple[str, ...] = ()
    share: bool = False
    older: bool = False
    large: bool = False
    reserved: bool = False

    def encode(self) -> bytes:
        """The records of the hello."""
        if self.version is TLSVersion.SSLV2:
            return self._encode_ssl2()
        number = min(self.version.number, TLSVersion.TLS1_2.number)
        # A session id, as browsers send it, for what stands between us and the server (RFC 8446, appendix D.4).
        session = secrets.token_bytes(32) if self.version is TLSVersion.TLS1_3 else b""
        suites = self._first(self.suites if self._has_extensions else (*self.suites, _RENEGOTIATION_SCSV))
        # DEFLATE is offered to see whether it is taken. TLS 1.3 must not offer it (RFC 8446, section 4.1.2).
        compression = b"\0" if self.version is TLSVersion.TLS1_3 else b"\1\0"
        body = number.to_bytes(2) + secrets.token_bytes(32) + _vector(1, session)
        body += _vector(2, _numbers(suites)) + _vector(1, compression)
        if self._has_extensions:
            body += _vector(2, _padded(self._extensions(), len(body) + 4))
        record_version = 0x0300 if self.version is TLSVersion.SSLV3 else 0x0301
        return b"\x16" + record_version.to_bytes(2) + _vector(2, b"\1" + _vector(3, body))

    @property
    def _has_extensions(self) -> bool:
        return self.version is not TLSVersion.SSLV3  # which knows none

    def _first(self, values: tuple[int, ...]) -> tuple[int, ...]:
        return (_RESERVED, *values) if self.reserved else values

    def _key_shares(self) -> bytes:
        if not self.share:
            return b""
        key = _X25519.to_bytes(2) + _vector(2, secrets.token_bytes(32))
        if self.large:
            hybrid = _ml_kem_768_key() + secrets.token_bytes(32)  # RFC 10024: ML-KEM first
            key = _X25519MLKEM768.to_bytes(2) + _vector(2, hybrid) + key
        return _RESERVED.to_bytes(2) + _vector(2, b"\0") + key if self.reserved else key

    def _extensions(self) -> bytes:
        parts: list[tuple[int, bytes]] = [(_RESERVED, b"")] if self.reserved else []
        if name := server_name(self.host):
            parts.append((Extension.SERVER_NAME, _vector(2, b"\0" + _vector(2, name.encode()))))
        if self.groups:
            parts.append((Extension.SUPPORTED_GROUPS, _vector(2, _numbers(self._first(self.groups)))))
        if self.schemes:
            parts.append((Extension.SIGNATURE_ALGORITHMS, _vector(2, _numbers(self.schemes))))
        if self.alpn:
            names = b"".join(_vector(1, name.encode()) for name in self.alpn)
            parts.append((Extension.ALPN, _vector(2, names)))
        if self.version is TLSVersion.TLS1_3:
            offered = (self.version.number, *((0x0303, 0x0302, 0x0301) if self.older else ()))
            parts.append((Extension.SUPPORTED_VERSIONS, _vector(1, _numbers(self._first(offered)))))
            parts.append((Extension.KEY_SHARE, _vector(2, self._key_shares())))
        if self.version is not TLSVersion.TLS1_3 or self.older:
            parts.append((Extension.RENEGOTIATION_INFO, b"\0"))
            parts.append((Extension.POINT_FORMATS, _vector(1, b"\0")))
            parts.append((Extension.SESSION_TICKET, b""))
            parts.append((Extension.STATUS_REQUEST, b"\1\0\0\0\0"))
            parts.append((Extension.CERTIFICATE_TIMESTAMPS, b""))
            parts.append((Extension.ENCRYPT_THEN_MAC, b""))
            parts.append((Extension.EXTENDED_MASTER_SECRET, b""))
        return b"".join(kind.to_bytes(2) + _vector(2, content) for kind, content in parts)

    def _encode_ssl2(self) -> bytes:
        """SSL 2.0 has a format of its own: a length, and kinds of cipher with three octets each."""
        kinds, challenge = b"".join(suite.to_bytes(3) for suite in self.suites), secrets.token_bytes(16)
        lengths = b"".join(len(part).to_bytes(2) for part in (kinds, b"", challenge))
        message = b"\1" + self.version.number.to_bytes(2) + lengths + kinds + challenge
        return (0x8000 | len(message)).to_bytes(2) + message


def server_name(host: str) -> str | None:
    """What is sent as SNI for ``host``: nothing for an address (RFC 6066, section 3) and what is no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        try:
            return host.removesuffix(".").encode("idna").decode("ascii") or None
        except UnicodeError:
            return None
    return None


_BAD_SIZES = range(256, 512)


def _padded(extensions: bytes, before: int) -> bytes:
    """Extensions that make no hello of 256 to 511 octets, which some servers never answer (RFC 7685)."""
    size = before + 2 + len(extensions)
    if size not in _BAD_SIZES:
        return extensions
    missing = max(_BAD_SIZES.stop - size - 4, 0)
    return extensions + Extension.PADDING.to_bytes(2) + _vector(2, bytes(missing))


def _vector(width: int, content: bytes) -> bytes:
    """``content`` behind its length in ``width`` octets."""
    return len(content).to_bytes(width) + content


def _numbers(values: Iterable[int]) -> bytes:
    return b"".join(value.to_bytes(2) for value in values)
