"""What hellos show of a server, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.errors import KINDS, NotObserved
from mailproof.net.tls.suites import DatedKind
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
class DiffieHellman:
    """The group of finite-field Diffie-Hellman that a server uses if the client names none."""

    bits: int
    prime: str
    """Its name where an RFC publishes it (ffdhe2048, modp2048), or its digits in hexadecimal."""
    generator: int


@dataclass(frozen=True)
class Dated:
    """What came of offering TLS 1.2 with suites that are out of date in one way.

    Of the suite that was chosen: ``group`` is that of DHE, ``encrypt_then_mac`` is said with CBC (RFC 7366).
    """

    kind: DatedKind
    accepted: bool
    cipher: str | None = None
    error: str | None = None
    group: DiffieHellman | None = None
    encrypt_then_mac: bool = False


@dataclass(frozen=True)
class WithoutSNI:
    """What becomes of a hello that names no host (RFC 6066, section 3).

    ``names`` are those of the certificate; ``same``: it is the one that comes with SNI. None where TLS 1.3 hides it.
    """

    accepted: bool
    error: str | None = None
    same: bool | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tolerance:
    """How a server takes a hello as current browsers send it, in two segments and with reserved values.

    ``large``: it answers a hello with the key of a post-quantum hybrid (1,216 octets), in two segments. ``reserved``:
    it answers one with values that nobody knows (RFC 8701). ``error`` is what it does instead.
    """

    large: bool
    reserved: bool
    error: str | None = None


@dataclass(frozen=True)
class SuiteList:
    """The suites of one version, in the order in which the server chose.

    ``server_order``: that order is its own, and not the client's, who may choose among the best suites at most; None
    where there is one suite only.
    """

    version: TLSVersion
    suites: tuple[str, ...]
    server_order: bool | None


@dataclass(frozen=True)
class ALPN:
    """What a server does with a protocol that a client offers by ALPN: takes it, refuses the handshake, or neither."""

    offered: str
    taken: bool
    refused: bool


@dataclass(frozen=True)
class SessionTicket:
    """What the ticket of a TLS 1.3 session allows (RFC 8446, section 4.6.1).

    ``early_data`` are octets; ``lifetime`` are seconds, None where the server gives no ticket.
    """

    early_data: int
    lifetime: int | None


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
