"""DANE for SMTP (RFC 7672): TLSA records and how they match the certificates that a server sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from mailproof.net.dns.client import Answer
from mailproof.net.pkix.certificates import Certificate, Chain, is_certificate, is_public_key
from mailproof.net.pkix.reference_names import matches_name
from mailproof.observations import Observation
from mailproof.observations.dnssec import Judged
from mailproof.remedies import Remedy, line

DIGEST_LENGTHS = {1: 64, 2: 128}
"""Hexadecimal digits of SHA-256 and SHA-512 (RFC 6698, section 2.1.3)."""


NAMES_COUNT, DATES_COUNT = "names count", "dates count"
"""How a remark ends that says why a record of usage 2 does not match: senders compare names and dates."""


@dataclass(frozen=True)
class TLSARecord:
    """One TLSA record (RFC 6698, section 2.1). ``data`` is lower-case hexadecimal."""

    usage: int
    selector: int
    matching: int
    data: str

    @property
    def parameters(self) -> str:
        """Usage, selector and matching type."""
        return f"{self.usage} {self.selector} {self.matching}"

    @property
    def known(self) -> bool:
        """Usage, selector and matching type are among those that RFC 6698, section 7, registers."""
        return self.usage in (0, 1, 2, 3) and self.selector in (0, 1) and self.matching in (0, 1, 2)

    @property
    def malformed(self) -> str:
        """Why ``data`` cannot be what selector and matching type say (RFC 6698, sections 2.1.2 and 2.1.3); else empty.

        Senders pass over such a record.
        """
        if not self.known:
            return ""
        if self.matching in DIGEST_LENGTHS:
            octets, wanted = len(self.data) // 2, DIGEST_LENGTHS[self.matching] // 2
            return f"a digest of {octets} octets instead of {wanted}" if octets != wanted else ""
        data = bytes.fromhex(self.data)
        if self.selector == 0:
            return "" if is_certificate(data) else "no certificate in DER"
        return "" if is_public_key(data) else "no public key in DER"

    @property
    def usable(self) -> bool:
        """Usable for SMTP on port 25: usage 2 or 3, all of it known and well formed (RFC 7672, section 3.1)."""
        return self.known and self.usage in (2, 3) and not self.malformed

    def __str__(self) -> str:
        return f"{self.parameters} {self.data}"


def records_of(answer: Answer) -> tuple[TLSARecord, ...]:
    """The TLSA records of an answer."""
    found = []
    for record in answer.records:
        usage, selector, matching, *data = record.data.split()
        found.append(TLSARecord(int(usage), int(selector), int(matching), "".join(data).lower()))
    return tuple(found)


@dataclass(frozen=True)
class TLSA(Observation):
    """The TLSA records of an MX host for port 25.

    ``secure`` speaks of the TLSA answer and of the name that it hangs on (the TLSA base domain): of the host's
    addresses, or, where the host is an alias into an unsigned zone, of the alias (RFC 7672, section 2.2.2). ``alias``
    is the answer to the question for that alias.
    """

    host: str
    addresses: Annotated[Answer, "A", "AAAA"]
    answer: Annotated[Answer, "TLSA"]
    secure: bool
    alias: Answer | None = None
    judged: tuple[Judged, ...] = ()
    """What our own validation makes of the addresses, the alias and the records, where there are records."""
    at_alias: Answer | None = None
    """The records at the host's own name, where it is an alias and those at its target count."""

    @property
    def records(self) -> tuple[TLSARecord, ...]:
        return records_of(self.answer)

    @property
    def base(self) -> str:
        """The TLSA base domain: the name that the records hang on (RFC 7672, section 2.2.3)."""
        return self.answer.name.removeprefix("_25._tcp.")

    @property
    def proposed(self) -> bool:
        """Whether the records, or the addresses, are those of a zone that is not published yet."""
        return self.answer.proposed or self.addresses.proposed

    def replaced_by(self, records: tuple[TLSARecord, ...]) -> Remedy | None:
        """What to publish, where the records stand, to have these in place of the present ones; None for no records, or
        the same.
        """
        if not records or set(records) == set(self.records):
            return None
        before, after = (
            "\n".join(line(self.answer.owner, "TLSA", str(r)) for r in rs) for rs in (self.records, records)
        )
        return Remedy(before, after)

    @property
    def why_insecure(self) -> str:
        """What keeps the records from being secured, where that is known."""
        return "; ".join(dict.fromkeys(str(one) for one in self.judged if not one.secure))

    @property
    def applies(self) -> bool:
        """Whether senders that do DANE heed the records: they exist and are secure (RFC 7672, section 2.2).

        Proposed records are taken as if they were signed already: what they say of the key can be judged now.
        """
        return bool(self.records) and (self.secure or self.proposed)

    def evidence(self) -> tuple[str, ...]:
        alias = (line for one in (self.alias, self.at_alias) if one for line in one.evidence())
        validation = (line for one in self.judged for line in one.evidence())
        return (*self.addresses.evidence(), *alias, *self.answer.evidence(), *validation)


@dataclass(frozen=True)
class ChainMatch:
    """One certificate chain and the TLSA records that it satisfies, as text.

    ``remarks`` say of records that name a certificate of the chain why they do not match it all the same.
    ``passed_over`` are records that match, but with a weaker digest than others of their usage and selector: senders
    that know both digests do not look at them (RFC 7671, section 9).
    """

    chain: Chain
    matching: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()

    @property
    def told(self) -> frozenset[str]:
        """What of names and dates keeps every record from matching, as the remarks tell it."""
        if self.matching:
            return frozenset()
        return frozenset(end for end in (NAMES_COUNT, DATES_COUNT) if any(r.endswith(end) for r in self.remarks))

    def has(self, usage: int) -> bool:
        """Whether a record of this certificate usage is satisfied."""
        return any(text.startswith(f"{usage} ") for text in self.matching)

    def evidence(self) -> tuple[str, ...]:
        """What was sent, and the records that it satisfies."""
        leaf = self.chain.leaf
        return (
            f"sent: {leaf.subject}, key SHA-256 {leaf.spki_sha256}, certificate SHA-256 {leaf.sha256}",
            f"matched by: {'; '.join(self.matching) or 'none'}",
            *self.remarks,
            *(f"matches, and is passed over: {record}" for record in self.passed_over),
        )


@dataclass(frozen=True)
class KeysOfHost(Observation):
    """The keys that an MX host shows at its addresses, and those that it showed in earlier runs."""

    tlsa: TLSA
    kept: bool
    """Whether the run has a history."""
    at: str = ""
    """When they were seen, ISO 8601 in UTC."""
    in_use: tuple[str, ...] = ()
    """SHA-256 of the subject public key infos, and of the certificates."""
    last_used: tuple[tuple[str, str], ...] = ()
    """Pairs of such a digest and the time of the last run that saw it; those in use are not among them."""

    FACT: ClassVar[str] = "keys"

    @property
    def retired(self) -> tuple[tuple[TLSARecord, str, int], ...]:
        """The records of keys that are no longer in use, each with the time when its key was last seen, and the days
        since. A time that the history has damaged is none.
        """
        ages = {digest: (when, _days_between(when, self.at)) for digest, when in self.last_used}
        found = ((one, *ages[one.data]) for one in self.tlsa.records if one.usage == 3 and one.data in ages)
        return tuple((record, when, age) for record, when, age in found if age is not None)

    def facts(self) -> Mapping[str, str]:
        now = [(digest, self.at) for digest in self.in_use]
        kept = (*now, *self.last_used)[:MAX_KEYS]
        return {self.FACT: " ".join(f"{digest}={when}" for digest, when in kept)} if self.in_use else {}

    def evidence(self) -> tuple[str, ...]:
        return (
            *self.tlsa.evidence(),
            *(f"in use: {digest}" for digest in self.in_use),
            *(f"last seen in use {when}: {digest}" for digest, when in self.last_used),
        )


def _days_between(earlier: str, later: str) -> int | None:
    try:
        return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).days
    except (ValueError, TypeError):  # TypeError: one has a time zone, the other none
        return None


MAX_KEYS = 100
"""Digests of a host's keys that are remembered."""


def _is_weak(certificate: Certificate) -> bool:
    """Whether a key is of a kind or size that CERT-KEY-SIZE objects to, or may object to."""
    least = {"RSA": 2048, "EC": 256}.get(certificate.key_type)
    return certificate.key_type not in ("Ed25519", "Ed448") and (least is None or (certificate.key_bits or 0) < least)


@dataclass(frozen=True)
class DANE(Observation):
    """The TLSA records of a host against what one of its addresses sends after STARTTLS."""

    tlsa: TLSA
    tls_offered: bool
    chains: tuple[ChainMatch, ...]
    tls_failure: str = ""
    """Why no handshake succeeds, where the server declines them all."""
    endpoint: str = ""
    at: str = ""
    """When the chains were seen, ISO 8601 in UTC."""

    @property
    def keys_in_use(self) -> tuple[TLSARecord, ...]:
        """``3 1 1`` records of the keys that the server shows; none where one of its certificates is out of date, weak,
        or made out to another name: such a key is not one to build on.
        """
        leaves = [match.chain.leaf for match in self.chains]
        if not all(leaf.not_before <= self.at <= leaf.not_after for leaf in leaves):
            return ()
        if not all(matches_name(leaf, self.tlsa.host) and not _is_weak(leaf) for leaf in leaves):
            return ()
        return tuple(dict.fromkeys(TLSARecord(3, 1, 1, leaf.spki_sha256) for leaf in leaves))

    @property
    def authenticated_by_key(self) -> bool:
        """A DANE-EE record (usage 3) matches: names, dates and issuers do not count then (RFC 7672, section 3.1.1)."""
        return self.tlsa.applies and any(match.has(3) for match in self.chains)

    def evidence(self) -> tuple[str, ...]:
        lines = list(self.tlsa.answer.evidence())
        if self.tlsa.applies and not self.tls_offered:
            lines.append(f"{self.endpoint}: no STARTTLS in the EHLO reply")
        if self.tls_failure:
            lines.append(f"{self.endpoint}: {self.tls_failure}")
        return (*lines, *(line for match in self.chains for line in match.evidence()))
