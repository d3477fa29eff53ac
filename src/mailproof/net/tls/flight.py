"""What a server answers to a hello in clear, read from the octets as they come; bounded, and sure of nothing.

Up to TLS 1.2 that is everything until the ServerHelloDone: the version and suite chosen, extensions, certificates, the
key exchange with its group and signature (RFC 5246, section 7.4). Of TLS 1.3 it is the ServerHello or
HelloRetryRequest (RFC 8446, sections 4.1.3 and 4.1.4). SSL 2.0 has a SERVER-HELLO of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailproof.net.errors import Malformed
from mailproof.net.tls.hello import Extension
from mailproof.net.tls.suites import SSL2_SUITES, suite
from mailproof.net.tls.versions import TLSVersion, version_of

FLIGHT_OCTETS = 512 * 1024
"""Octets of one answer. OpenSSL itself takes certificate lists of 100 KiB."""

CLEAR_NOT_NOW = re.compile(
    rb"4[0-9]{2}[ -]"
    rb"|(?:\* BYE|-ERR) [^\r\n]*(?:connections|busy|overload|later|unavailable|\[(?:SYS/TEMP|IN-USE)\])",
    re.IGNORECASE,
)
"""A reply of SMTP, IMAP or POP3 that asks to come back later, instead of TLS (RFC 9051, section 7.1.5; RFC 3206)."""

CLEAR_REFUSAL = re.compile(rb"5[0-9]{2}[ -]|-ERR|\* (?:BAD|BYE)|[\x21-\x7e]{1,16} BAD ", re.IGNORECASE)
"""SMTP, POP3 or IMAP that took the hello for a command."""

_TEXT_LINE = 512
_RECORD_OCTETS = (1 << 14) + 2048
_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION = 20, 21, 22, 23
_HELLO_REQUEST = 0
_SERVER_HELLO, _CERTIFICATE, _KEY_EXCHANGE, _HELLO_DONE, _CERTIFICATE_STATUS = 2, 11, 12, 14, 22
_SSL2_ERROR, _SSL2_SERVER_HELLO = 0, 4
_RETRY = bytes.fromhex("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C")
"""The random of a ServerHello that is a HelloRetryRequest (RFC 8446, section 4.1.3)."""
_WARNING = 1
CLOSE_NOTIFY = 0
PROTOCOL_VERSION = 70
INTERNAL_ERROR = 80

_ALERTS = {
    CLOSE_NOTIFY: "close notify",
    10: "unexpected message",
    20: "bad record mac",
    22: "record overflow",
    40: "handshake failure",
    42: "bad certificate",
    43: "unsupported certificate",
    46: "certificate unknown",
    47: "illegal parameter",
    49: "access denied",
    50: "decode error",
    51: "decrypt error",
    PROTOCOL_VERSION: "protocol version",
    71: "insufficient security",
    INTERNAL_ERROR: "internal error",
    86: "inappropriate fallback",
    90: "user canceled",
    109: "missing extension",
    110: "unsupported extension",
    112: "unrecognized name",
    116: "certificate required",
    120: "no application protocol",
}


def alert_name(number: int) -> str:
    """An alert in words (RFC 8446, section 6)."""
    return f"alert {_ALERTS.get(number, number)}"


@dataclass(frozen=True)
class ServerHello:
    """What the server chooses. ``retry``: it is a HelloRetryRequest.

    ``extensions`` are those that it sends, with their contents. Of SSL 2.0 only the version and the suite that stands
    first in its list are known; that list may be empty.
    """

    version: TLSVersion
    suite: int
    compression: int = 0
    extensions: dict[int, bytes] = field(default_factory=dict)
    retry: bool = False

    @property
    def group(self) -> int | None:
        """The group of TLS 1.3 that it wants, or has taken."""
        content = self.extensions.get(Extension.KEY_SHARE, b"")
        return int.from_bytes(content[:2]) if len(content) >= 2 else None

    @property
    def alpn(self) -> str | None:
        """The protocol that it takes (RFC 7301, section 3.2)."""
        content = self.extensions.get(Extension.ALPN, b"")
        return content[3:].decode("ascii", "backslashreplace") if len(content) > 3 else None


@dataclass(frozen=True)
class KeyExchange:
    """A ServerKeyExchange: a curve, or prime and generator of Diffie-Hellman; and how it is signed, in TLS 1.2.

    All are None in an exchange of another kind (export RSA).
    """

    curve: int | None = None
    prime: int | None = None
    generator: int | None = None
    public: bytes = b""
    scheme: int | None = None


class Flight:
    """The answer to one hello, fed with what is received.

    ``alert`` is a fatal alert, or the warning that the server closes. ``text`` is a line in clear where there is no
    TLS. ``feed`` raises Malformed for what breaks the format or a bound.
    """

    def __init__(self) -> None:
        self.hello: ServerHello | None = None
        self.alert: int | None = None
        self.text: bytes | None = None
        self.certificates: tuple[bytes, ...] = ()
        """DER, the server's own first."""
        self.key_exchange: KeyExchange | None = None
        self.stapled = False
        self.complete = False
        """Nothing more comes in clear, or nothing more matters."""
        self._octets = 0
        self._records = bytearray()
        self._messages = bytearray()
        self._alerts = bytearray()

    @property
    def empty(self) -> bool:
        """Whether no answer has begun that can be told from a connection that broke."""
        return self.hello is None and self.alert is None and self.text is None

    def feed(self, data: bytes) -> None:
        """Take what was received."""
        self._octets += len(data)
        if self._octets > FLIGHT_OCTETS:
            raise Malformed(f"an answer to the TLS hello of more than {FLIGHT_OCTETS} octets")
        self._records += data
        while not self.complete and self._take_record():
            pass

    def end(self) -> None:
        """Take it that the connection has ended: a line of text needs no end then."""
        if self.empty and self._records and self._is_text():
            self._take_text(bytes(self._records))

    def _is_text(self) -> bool:
        first = self._records[0]
        return not (_CHANGE_CIPHER_SPEC <= first <= _APPLICATION or first & 0x80)

    def _take_record(self) -> bool:
        """Take one whole record; False where it has not come yet."""
        records = self._records
        if not records:
            return False
        if self.empty and not self._messages:
            if records[0] & 0x80:
                return self._take_ssl2()
            if self._is_text():
                if b"\n" not in records and len(records) < _TEXT_LINE:
                    return False
                self._take_text(bytes(records))
                return True
        if len(records) < 5:
            return False
        kind, length = records[0], int.from_bytes(records[3:5])
        if records[1] != 3 or length > _RECORD_OCTETS or not _CHANGE_CIPHER_SPEC <= kind <= _APPLICATION:
            raise Malformed("what follows the TLS hello is no TLS record")
        if len(records) < 5 + length:
            return False
        content = bytes(records[5 : 5 + length])
        del records[: 5 + length]
        if kind == _HANDSHAKE:
            self._messages += content
            self._take_messages()
        elif kind == _ALERT:
            self._take_alert(content)
        elif kind == _APPLICATION:
            self.complete = True
        return True

    def _take_text(self, line: bytes) -> None:
        self.text = line.split(b"\n")[0].rstrip(b"\r")[:_TEXT_LINE]
        self.complete = True

    def _take_alert(self, content: bytes) -> None:
        # Records may cut alerts, and hold several (RFC 5246, section 6.2.1); TLS 1.3 forbids it, and clients look on.
        self._alerts += content
        while len(self._alerts) >= 2 and not self.complete:
            level, number = self._alerts[:2]
            del self._alerts[:2]
            if level == _WARNING and number != CLOSE_NOTIFY:
                continue  # like unrecognized_name: the handshake goes on
            self.alert = number
            self.complete = True

    def _take_messages(self) -> None:
        """Take the handshake messages that are whole (RFC 8446, section 5.1: records may cut them anywhere)."""
        messages = self._messages
        while not self.complete and len(messages) >= 4:
            length = int.from_bytes(messages[1:4])
            if length > FLIGHT_OCTETS:
                raise Malformed(f"a handshake message of {length} octets")
            if len(messages) < 4 + length:
                return
            kind, body = messages[0], bytes(messages[4 : 4 + length])
            del messages[: 4 + length]
            self._take_message(kind, _Reader(body))

    def _take_message(self, kind: int, body: _Reader) -> None:
        if kind == _HELLO_REQUEST and not body.left:
            return  # clients that negotiate already ignore it (RFC 5246, section 7.4.1.1)
        if self.hello is None and kind != _SERVER_HELLO:
            raise Malformed(f"a handshake message of type {kind} before the ServerHello")
        match kind:
            case _ if kind == _SERVER_HELLO:
                self.hello = _server_hello(body)
                self.complete = self.hello.version is TLSVersion.TLS1_3
            case _ if kind == _CERTIFICATE:
                self.certificates = _certificates(body)
            case _ if kind == _CERTIFICATE_STATUS:
                self.stapled = body.number(1) == 1 and bool(body.vector(3))
            case _ if kind == _KEY_EXCHANGE and self.hello is not None:
                self.key_exchange = _key_exchange(self.hello, body)
            case _ if kind == _HELLO_DONE:
                self.complete = True

    def _take_ssl2(self) -> bool:
        """SSL 2.0: a length of 15 bits, a SERVER-HELLO or an ERROR."""
        records = self._records
        length = int.from_bytes(records[:2]) & 0x7FFF
        if len(records) < 2 + length or length == 0:
            return False
        body = _Reader(bytes(records[2 : 2 + length]))
        del records[: 2 + length]
        kind = body.number(1)
        if kind == _SSL2_SERVER_HELLO:
            self.hello = _ssl2_hello(body)
        elif kind == _SSL2_ERROR:
            self.alert = 40  # its errors all say that there is no common cipher or certificate
        else:
            raise Malformed(f"a message of SSL 2.0 of type {kind}")
        self.complete = True
        return True


class _Reader:
    """Takes numbers and vectors from the front of ``data``. Raises Malformed where they are not there."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise Malformed("a handshake message ends too early")
        self._at += count
        return taken

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width))

    def vector(self, width: int) -> bytes:
        """Octets behind their length in ``width`` octets."""
        return self.take(self.number(width))

    @property
    def left(self) -> int:
        return len(self._data) - self._at


def _server_hello(body: _Reader) -> ServerHello:
    number, random = body.number(2), body.take(32)
    body.vector(1)
    chosen, compression = body.number(2), body.number(1)
    extensions: dict[int, bytes] = {}
    listed = _Reader(body.vector(2) if body.left else b"")
    while listed.left:
        kind = listed.number(2)
        extensions.setdefault(kind, listed.vector(2))
    if Extension.SUPPORTED_VERSIONS in extensions:
        number = _Reader(extensions[Extension.SUPPORTED_VERSIONS]).number(2)
    version = version_of(number)
    if version is None or version is TLSVersion.SSLV2:
        raise Malformed(f"a ServerHello of the version 0x{number:04X}")
    return ServerHello(version, chosen, compression, extensions, retry=random == _RETRY)


def _ssl2_hello(body: _Reader) -> ServerHello:
    body.take(2)
    if body.number(2) != TLSVersion.SSLV2.number:
        raise Malformed("a SERVER-HELLO of another version than SSL 2.0")
    certificate, kinds = body.number(2), body.number(2)
    body.take(2 + certificate)
    listed = _Reader(body.take(kinds))
    found = [listed.number(3) for _ in range(listed.left // 3)]
    return ServerHello(TLSVersion.SSLV2, next((kind for kind in found if kind in SSL2_SUITES), 0))


def _certificates(body: _Reader) -> tuple[bytes, ...]:
    listed = _Reader(body.vector(3))
    found = []
    while listed.left:
        found.append(listed.vector(3))
    return tuple(found)


def _key_exchange(hello: ServerHello, body: _Reader) -> KeyExchange:
    """RFC 8422, section 5.4; RFC 5246, section 7.4.3."""
    exchange = suite(hello.suite).key_exchange
    curve = prime = generator = None
    if exchange.startswith("ECDH"):
        named = body.number(1) == 3
        if not named:
            return KeyExchange()
        curve, public = body.number(2), body.vector(1)
    elif exchange.startswith("DH"):
        prime, generator = (int.from_bytes(body.vector(2)) for _ in range(2))
        public = body.vector(2)
    else:
        return KeyExchange()
    signed = hello.version is TLSVersion.TLS1_2 and not exchange.endswith("anon")
    return KeyExchange(curve, prime, generator, public, body.number(2) if signed else None)
