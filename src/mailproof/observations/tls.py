"""TLS of an endpoint: which versions and suites it takes, and the certificates that it sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mailproof.net.errors import NotAvailable, NotObserved, NotRecorded
from mailproof.net.pkix.certificates import Certificate, Chain
from mailproof.net.pkix.paths import PathResult
from mailproof.net.tls.facts import Dated, DiffieHellman, Handshake, Unanswered
from mailproof.net.tls.offers import Offers, Question
from mailproof.net.tls.scan import Scan
from mailproof.net.tls.suites import DatedKind, WeakKind
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations import Observation

EARLY_DATA, TICKETS = "early data", "session tickets"
"""Questions beside those that sslyze answers."""


@dataclass(frozen=True)
class TLSOffers(Observation):
    """What an endpoint takes of all that TLS can offer. ``offers`` is None where no TLS is on offer there."""

    endpoint: str
    by_smtp: bool
    """TLS begins with STARTTLS of SMTP."""
    offers: Offers | None

    @property
    def tls_offered(self) -> bool:
        return self.offers is not None

    def version(self, version: TLSVersion) -> Handshake:
        """What came of offering a version. Raises NotObserved where that could not be seen."""
        for handshake in self._offers.versions:
            if handshake.version is version:
                return handshake
        raise self._failure(version)

    @property
    def accepted(self) -> tuple[TLSVersion, ...]:
        """The versions that are known to be spoken, oldest first."""
        return tuple(handshake.version for handshake in self._offers.versions if handshake.accepted)

    def found(self, question: Question) -> Any:
        """The answer to a question, a field of ``Offers``. None is an answer as well. Raises NotObserved."""
        if question in self._failures:
            raise self._failure(question)
        return getattr(self._offers, question.name.lower())

    def dated(self, kind: DatedKind) -> Dated | None:
        """What came of offering a kind of suites that are out of date; None without TLS 1.2. Raises NotObserved."""
        found: tuple[Dated, ...] | None = self.found(Question.DATED)
        if found is None:
            raise self._failure(Question.DATED)
        return next((entry for entry in found if entry.kind is kind), None)

    def weak(self, kind: WeakKind) -> tuple[Handshake, ...]:
        """What came of offering nothing but one kind of weak suites, by version. Raises NotObserved."""
        for question in (kind, Question.WEAK):
            if question in self._failures:
                raise self._failure(question)
        if self._offers.weak is None:
            raise self._failure(Question.WEAK)
        return tuple(handshake for handshake in self._offers.weak if handshake.offered == kind)

    @property
    def _offers(self) -> Offers:
        if self.offers is None:
            raise NotAvailable("no TLS is on offer")
        return self.offers

    @property
    def _failures(self) -> dict[str, Unanswered]:
        return {entry.question: entry for entry in self._offers.unanswered}

    def _failure(self, question: str) -> NotObserved:
        known = self._failures.get(question)
        return known.failure() if known else NotRecorded(f"{question}: the server was not asked")

    def evidence(self) -> tuple[str, ...]:
        if self.offers is None:
            return (f"{self.endpoint}: no STARTTLS in the EHLO reply",)
        lines = [_line(handshake) for handshake in (*self.offers.versions, *(self.offers.weak or ()))]
        if not self.accepted:
            lines.append(f"{self.endpoint}: no version of TLS is accepted")
        lines += [f"{entry.question}: {entry.reason}" for entry in self.offers.unanswered]
        return (*lines, *_facts(self.offers), f"connections with hellos: {self.offers.connections}")


class TLSLists(TLSOffers):
    """The same in the full depth, for the controls that are judged only there."""


def _line(handshake: Handshake) -> str:
    became = f"accepted with {handshake.cipher or 'a suite'}" if handshake.accepted else f"refused ({handshake.error})"
    return f"offered {handshake.version} with {handshake.offered} suites: {became}"


def _facts(offers: Offers) -> Iterator[str]:
    """What the answers show besides, each in a line. What was not asked is left out."""
    if (traits := offers.traits) is not None:
        shown = {
            "extended master secret": traits.extended_master_secret,
            "secure renegotiation": traits.secure_renegotiation,
            "compression": traits.compression,
            "session tickets": traits.session_tickets,
            "OCSP response": traits.stapled,
            "certificate timestamps": traits.timestamps,
        }
        yield f"{traits.version} with {traits.suite}, {traits.curve or 'no curve'}, {traits.scheme or 'no signature'}"
        yield "; ".join(f"{name}: {_yes(there)}" for name, there in shown.items())
    for dated in offers.dated or ():
        yield _dated_line(dated)
    if offers.hybrid is not None:
        yield f"post-quantum group: {offers.hybrid or 'none'}"
    if offers.group:
        yield f"group of TLS 1.3, all offered: {offers.group}"
    if offers.sha1 is not None:
        yield f"key exchange signed with SHA-1 or MD5: {_yes(offers.sha1)}"
    if (unnamed := offers.without_sni) is not None:
        same = {True: ", the same certificate", False: f", a certificate of {', '.join(unnamed.names)}", None: ""}
        yield f"without SNI: {f'accepted{same[unnamed.same]}' if unnamed.accepted else f'refused ({unnamed.error})'}"
    if offers.reused is not None:
        yield f"a key exchange value that came twice: {offers.reused or 'none'}"
    for suites in offers.suites or ():
        whose = {True: ", in the server's order", False: ", in the client's order", None: ""}[suites.server_order]
        yield f"{suites.version} suites{whose}: {', '.join(suites.suites) or 'none'}"
    for name in (Question.GROUPS, Question.CURVES, Question.SCHEMES_12, Question.SCHEMES_13):
        if (found := getattr(offers, name.name.lower())) is not None:
            yield f"{name}: {', '.join(found) or 'none'}"
    if offers.diffie_hellman is not None:
        groups = ", ".join(f"{group.bits} bits, {_prime(group)}" for group in offers.diffie_hellman)
        yield f"finite-field Diffie-Hellman: {groups or 'none'}"
    if offers.encrypt_then_mac is not None:
        yield f"encrypt-then-MAC: {_yes(offers.encrypt_then_mac)}"
    for protocol in offers.alpn or ():
        became = "refused" if protocol.refused else "taken" if protocol.taken else "not heeded"
        yield f"ALPN {protocol.offered}: {became}"
    if (tolerance := offers.tolerance) is not None:
        wrong = f" ({tolerance.error})" if tolerance.error else ""
        yield f"hello in two segments: {_yes(tolerance.large)}; reserved values: {_yes(tolerance.reserved)}{wrong}"
    if offers.fallback_refused is not None:
        yield f"fallback to an older version: {'refused' if offers.fallback_refused else 'not refused'}"


def _dated_line(dated: Dated) -> str:
    if not dated.accepted:
        return f"offered TLSv1.2 with {dated.kind}: refused ({dated.error})"
    group = f", group of {dated.group.bits} bits ({_prime(dated.group)})" if dated.group else ""
    mac = f", {'with' if dated.encrypt_then_mac else 'without'} encrypt-then-MAC" if dated.kind is DatedKind.CBC else ""
    return f"offered TLSv1.2 with {dated.kind}: accepted with {dated.cipher}{group}{mac}"


def _prime(group: DiffieHellman) -> str:
    return group.prime if len(group.prime) < 20 else f"{group.prime[:16]}..."


def _yes(there: bool) -> str:
    return "yes" if there else "no"


@dataclass(frozen=True)
class TLSDeepScan(Observation):
    """What sslyze's scanner finds, and what a session ticket says of early data. ``scan`` is None without TLS."""

    endpoint: str
    scan: Scan | None
    early_data: int | None = None
    """Octets of early data that the server takes; None where it does not speak TLS 1.3, or that could not be seen."""
    unanswered: tuple[Unanswered, ...] = ()
    """What the scan does not tell, and why."""
    ticket_lifetime: int | None = None
    """Seconds that a session ticket of TLS 1.3 lasts; None where there is none, or it could not be seen."""

    def require(self, question: str) -> None:
        """Raise NotObserved where ``question`` has no answer."""
        for entry in self.unanswered:
            if entry.question == question:
                raise entry.failure()

    def evidence(self) -> tuple[str, ...]:
        if self.scan is None:
            return (f"{self.endpoint}: no STARTTLS in the EHLO reply",)
        answers: dict[str, object] = {
            "Heartbleed": self.scan.heartbleed,
            "ChangeCipherSpec taken before there are keys": self.scan.early_ccs,
            "broken RSA key exchanges": self.scan.robot,
            "secure renegotiation": self.scan.secure_renegotiation,
            "renegotiations granted to a client": self.scan.client_renegotiations,
            "octets of early data": self.early_data,
            "seconds that a session ticket lasts": self.ticket_lifetime,
        }
        told = {name: _yes(found) if isinstance(found, bool) else found for name, found in answers.items()}
        lines = [f"{name}: {found}" for name, found in told.items() if found is not None]
        lines += [f"{entry.question}: {entry.reason}" for entry in self.unanswered]
        return (*lines, f"connections of the scan: {self.scan.connections}")


@dataclass(frozen=True)
class WithdrawnTLS(Observation):
    """Handshakes that an old client gets done where a current one does not; none where a current one does."""

    endpoint: str
    handshakes: tuple[Handshake, ...]

    @property
    def accepted(self) -> tuple[Handshake, ...]:
        return tuple(handshake for handshake in self.handshakes if handshake.accepted)

    def evidence(self) -> tuple[str, ...]:
        return tuple(f"{h.version} is accepted with {h.cipher or 'a suite'}" for h in self.accepted)


@dataclass(frozen=True)
class Deployment:
    """One certificate chain as sent, and how far it leads to a trusted root."""

    chain: Chain
    path: PathResult
    matches_host: bool

    @property
    def needed(self) -> tuple[Certificate, ...]:
        """The server's certificate and those sent that its path needs; nobody looks at the others."""
        leaf, *others = self.chain.facts
        return leaf, *dict.fromkeys(c for c in others if c.sha256 in self.path.certificates and c.sha256 != leaf.sha256)

    @property
    def below_root(self) -> tuple[Certificate, ...]:
        """As ``needed``, without the root: whether that is trusted, and in date, is a question of its own."""
        leaf, *others = self.needed
        return leaf, *(c for c in others if c.sha256 != self.path.root)


class ByDANE(StrEnum):
    """How senders that do DANE authenticate a host (RFC 7672, section 3.1)."""

    NOT = ""
    EE = "DANE-EE"
    TA = "DANE-TA"


@dataclass(frozen=True)
class Certificates(Observation):
    """The certificate chains of an endpoint at the time of the survey, and how senders authenticate it."""

    endpoint: str
    host: str
    at: str
    """When they were seen, ISO 8601 in UTC."""
    tls_offered: bool
    deployments: tuple[Deployment, ...]
    authenticated_by_dane: ByDANE = ByDANE.NOT
    """The usage of the secure TLSA records that match every chain, where no MTA-STS policy wants a public certificate
    (RFC 7672, sections 3.1.1 and 3.1.2).
    """
    told_by_dane: tuple[str, ...] = ()
    """What of names and dates keeps a DANE-TA record from matching (``ChainMatch.told``): DANE-MATCH has said it."""

    def evidence(self) -> tuple[str, ...]:
        if not self.tls_offered:
            return (f"{self.endpoint}: no STARTTLS in the EHLO reply",)
        lines: list[str] = []
        for deployment in self.deployments:
            for number, certificate in enumerate(deployment.chain.facts):
                lines += [
                    f"certificate {number}: subject {certificate.subject}",
                    f"  issuer {certificate.issuer}",
                    f"  valid {certificate.not_before} to {certificate.not_after}, {certificate.key_type} "
                    f"{certificate.key_bits or ''}{f' {certificate.curve}' if certificate.curve else ''}, "
                    f"signed with {certificate.signature_hash}",
                ]
                if certificate.dns_names or certificate.ip_addresses:
                    lines.append(f"  names {', '.join((*certificate.dns_names, *certificate.ip_addresses))}")
            lines.append(
                f"path: {deployment.path.status}{f' ({deployment.path.detail})' if deployment.path.detail else ''}"
            )
        return tuple(lines)
