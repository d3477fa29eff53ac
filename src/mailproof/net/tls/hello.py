"""What a server answers to a TLS hello, read from the octets themselves.

A handshake that fails later (a client certificate is wanted, Diffie-Hellman parameters are weak) has shown all the same
which version the server agrees on: its ServerHello says so (RFC 8446, section 4.1.3; RFC 5246, section 7.4.1.3).
"""

from __future__ import annotations

import re

from mailproof.net.tls.versions import TLSVersion

_HANDSHAKE, _SERVER_HELLO, _SUPPORTED_VERSIONS = 22, 2, 43
_SSL2_SERVER_HELLO = 4
_NUMBERS = {
    0x0300: TLSVersion.SSLV3,
    0x0301: TLSVersion.TLS1_0,
    0x0302: TLSVersion.TLS1_1,
    0x0303: TLSVersion.TLS1_2,
    0x0304: TLSVersion.TLS1_3,
}

CLEAR_NOT_NOW = re.compile(rb"4[0-9]{2}[ -]")
"""An SMTP reply that asks to come back later, instead of TLS."""

CLEAR_REFUSAL = re.compile(rb"5[0-9]{2}[ -]|-ERR|\* (?:BAD|BYE)|[\x21-\x7e]{1,16} BAD ", re.IGNORECASE)
"""SMTP, POP3 or IMAP that took the hello for a command."""


def agreed_version(received: bytes) -> TLSVersion | None:
    """The version of the ServerHello at the beginning of ``received``; None where there is none."""
    if received[:1] and received[0] & 0x80 and received[2:3] == bytes([_SSL2_SERVER_HELLO]):
        return TLSVersion.SSLV2
    hello = _first_handshake_message(received)
    if len(hello) < 39 or hello[0] != _SERVER_HELLO:
        return None
    version = int.from_bytes(hello[4:6])
    after_session = 39 + hello[38]
    extensions = hello[
        after_session + 5 :
    ]  # a suite, a compression method and the length of the extensions stand before
    while len(extensions) >= 4:
        kind, length = int.from_bytes(extensions[:2]), int.from_bytes(extensions[2:4])
        if kind == _SUPPORTED_VERSIONS and length == 2:
            version = int.from_bytes(extensions[4:6])
        extensions = extensions[4 + length :]
    return _NUMBERS.get(version)


def _first_handshake_message(received: bytes) -> bytes:
    """The first handshake message, put together from its records as far as they have come (RFC 8446, section 5.1)."""
    message, at = b"", 0
    while received[at : at + 1] == bytes([_HANDSHAKE]) and len(received) >= at + 5:
        length = int.from_bytes(received[at + 3 : at + 5])
        message += received[at + 5 : at + 5 + length]
        at += 5 + length
        if len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4]):
            return message[: 4 + int.from_bytes(message[1:4])]
    return b""
