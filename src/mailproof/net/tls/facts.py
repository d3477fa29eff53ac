"""What hellos show of a server, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.errors import KINDS, NotObserved
from mailproof.net.tls.versions import TLSVersion


@dataclass(frozen=True)
class Handshake:
    """What came of offering one protocol version. ``offered`` is a kind of suites, or ``all``.

    ``cipher`` is OpenSSL's name of the suite that the server chose; None when not accepted, or not known.
    ``error`` is how the server declined.
    """

    version: TLSVersion
    offered: str
    accepted: bool
    cipher: str | None
    error: str | None


@dataclass(frozen=True)
class Traits:
    """What the first answer in one version up to TLS 1.2 shows."""

    version: TLSVersion
    suite: str
    curve: str | None
    scheme: str | None
    """How the key exchange is signed (TLS 1.2)."""
    extended_master_secret: bool
    secure_renegotiation: bool
    compression: bool
    session_tickets: bool
    stapled: bool
    """An OCSP response comes with the certificates."""
    timestamps: bool
    """Certificate timestamps come in the ServerHello (RFC 6962, section 3.3.1)."""


@dataclass(frozen=True)
class SuiteList:
    """The suites of one version, in the order in which the server chose.

    ``server_order``: that order is its own, and not the client's; None where there is one suite only.
    """

    version: TLSVersion
    suites: tuple[str, ...]
    server_order: bool | None


@dataclass(frozen=True)
class DiffieHellman:
    """The group of finite-field Diffie-Hellman that a server uses if the client names none."""

    bits: int
    prime: str
    """Its name where an RFC publishes it (ffdhe2048, modp2048), or its digits in hexadecimal."""
    generator: int


@dataclass(frozen=True)
class ALPN:
    """What a server does with a protocol that a client offers by ALPN: takes it, refuses the handshake, or neither."""

    offered: str
    taken: bool
    refused: bool


@dataclass(frozen=True)
class Unanswered:
    """A question without an answer, and why: the fields of a ``NotObserved``."""

    question: str
    kind: str
    reason: str
    evidence: tuple[str, ...] = ()

    def failure(self) -> NotObserved:
        """The failure as it was raised."""
        return KINDS.get(self.kind, NotObserved)(self.reason, self.evidence)


def unanswered(question: str, failure: NotObserved) -> Unanswered:
    """A failure as it is kept where other questions have answers."""
    return Unanswered(question, failure.kind, failure.reason, failure.evidence)
