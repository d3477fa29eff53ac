"""DNSSEC: what our own validation makes of answers, and what the resolver says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mailproof.criteria.dnssec import algorithm_text, digest_text
from mailproof.net.dns.client import Answer
from mailproof.net.dnssec.trust import Flaw, Link, Status, Verdict
from mailproof.observations import Observation


@dataclass(frozen=True)
class Judged:
    """What our own validation makes of an answer.

    ``accepted``: the resolvers validate as well, and hand it out; with AD, or as data that nobody has to sign.
    """

    name: str
    type: str
    verdict: Verdict
    accepted: bool = False

    @property
    def secure(self) -> bool:
        return self.verdict.status is Status.SECURE

    @property
    def bogus(self) -> bool:
        return self.verdict.status is Status.BOGUS

    @property
    def unsupported(self) -> bool:
        """Whether it is bogus only because nobody here knows the algorithm of its signatures."""
        return self.verdict.link is not None and self.verdict.link.flaw is Flaw.UNSUPPORTED

    @property
    def why(self) -> str:
        """The link at which the chain fails or ends."""
        return str(self.verdict.link or "")

    def __str__(self) -> str:
        return f"{self.name} {self.type}: {self.verdict.status}" + (f": {self.why}" if self.why else "")

    def evidence(self) -> tuple[str, ...]:
        """The verdict, the records at which the chain fails, and the resolver's opinion where that is another."""
        link = self.verdict.link
        lines = [f";; our own validation: {self}"]
        lines += [f";; by the zones {' '.join(self.verdict.zones)}"] if self.verdict.zones else []
        lines += [f"{link.name} DS {link.ds}"] if link and link.ds else []
        lines += [f"{link.name} RRSIG {link.signature}"] if link and link.signature else []
        if self.accepted and self.bogus:
            lines.append(";; the resolver validates, and hands it out all the same")
        return tuple(lines)


@dataclass(frozen=True)
class BogusAnswer:
    """A question that is refused with validation and answered without."""

    checked: Answer
    unchecked: Answer

    def __str__(self) -> str:
        errors = ", ".join(str(error) for error in self.checked.extended_errors)
        return f"{self.checked.name} {self.checked.type} ({errors or 'no reason given'})"


@dataclass(frozen=True)
class DNSSEC(Observation):
    """What is made of a zone's SOA and of what mail needs of the zone: by our own validation, and by the resolver.

    ``judged`` begins with the SOA. It is empty where the resolver had to be believed. ``ds`` and ``dnskey`` are asked
    for where nothing authenticates the zone.
    """

    zone: str
    checked: Annotated[Answer, "SOA"]
    bogus_answers: tuple[BogusAnswer, ...] = ()
    ds: Answer | None = None
    dnskey: Answer | None = None
    judged: tuple[Judged, ...] = ()

    @property
    def authenticated(self) -> bool:
        if self.judged:
            return self.judged[0].secure
        return self.checked.rcode == "NOERROR" and self.checked.authenticated

    @property
    def bogus(self) -> bool:
        """Something does not validate: the resolver refuses it (RFC 8914, section 4), or it is bogus to us (RFC 4035,
        section 5).
        """
        return bool(self.bogus_answers or self.bogus_to_us)

    @property
    def bogus_to_us(self) -> tuple[Judged, ...]:
        """What is bogus, and not handed out by a resolver that validates."""
        return tuple(one for one in self.judged if one.bogus and not one.accepted)

    @property
    def disputed(self) -> tuple[Judged, ...]:
        """What is bogus to us, and what a resolver that validates hands out all the same."""
        return tuple(one for one in self.judged if one.bogus and one.accepted)

    @property
    def end(self) -> Link | None:
        """Where the chain of trust ends above the zone's data, if it was looked for and does not lead to them."""
        return self.judged[0].verdict.link if self.judged else None

    @property
    def has_keys(self) -> bool:
        """Whether the zone has keys although it is not authenticated."""
        return bool(self.dnskey and self.dnskey.records)

    @property
    def lacks_ds(self) -> bool:
        """Whether the zone is signed, and only the parent, which is secure, has no DS record for it."""
        end = self.end
        if end is None:
            return self.has_keys and not (self.ds and self.ds.records)
        return self.has_keys and end.flaw in (Flaw.UNSIGNED, Flaw.OPT_OUT) and end.name.rstrip(".") == self.zone

    @property
    def unsupported(self) -> bool:
        """Whether the parent has DS records, but none that validators use."""
        end = self.end
        if end is None:
            return bool(self.ds and self.ds.records)
        return end.flaw is Flaw.UNSUPPORTED and end.name.rstrip(".") == self.zone

    @property
    def ds_records(self) -> tuple[tuple[int, int], ...]:
        """Algorithm and digest of every DS record."""
        fields = [record.data.split() for record in (self.ds.records if self.ds else ())]
        return tuple((int(one[1]), int(one[2])) for one in fields)

    @property
    def told_ds(self) -> str:
        """The DS records, in words."""
        return ", ".join(f"algorithm {algorithm_text(a)} with digest {digest_text(d)}" for a, d in self.ds_records)

    @property
    def why_unsigned(self) -> str:
        """Why the zone is not authenticated."""
        if self.unsupported:
            return f"the parent has a DS record of the {self.told_ds}: who uses none of them takes the zone as unsigned"
        end = self.end
        if end is None or end.name.rstrip(".") == self.zone:
            return "it is not signed and has no DS record"
        return f"the chain of trust ends above it, at {end}"

    def evidence(self) -> tuple[str, ...]:
        lines = list(self.checked.evidence())
        for found in self.bogus_answers:
            lines += [*found.checked.evidence(), *found.unchecked.evidence()]
        for answer in (self.ds, self.dnskey):
            lines += answer.evidence() if answer else ()
        first, others = self.judged[:1], self.judged[1:]
        for one in (*first, *(one for one in others if one.bogus or not first[0].secure)):
            lines += one.evidence()
        return tuple(lines)


@dataclass(frozen=True)
class HostChain(Observation):
    """What our own validation makes of the addresses of an MX host; None, with a note, where there is nothing to judge.

    ``zone_is_judged``: the chain ends at a zone of the inventory, which is judged itself.
    """

    host: str
    address: Judged | None
    note: str = ""
    zone_is_judged: bool = False

    def evidence(self) -> tuple[str, ...]:
        return self.address.evidence() if self.address else (self.note,)


@dataclass(frozen=True)
class DMARCChain(Observation):
    """What our own validation makes of the DMARC record of a domain, and of the domain's zone.

    ``zone`` is None, with a note, where there is nothing to judge; ``record`` where the zone is not secure.
    """

    domain: str
    zone: Judged | None
    record: Judged | None = None
    note: str = ""

    def evidence(self) -> tuple[str, ...]:
        return tuple(line for one in (self.zone, self.record) if one for line in one.evidence()) or (self.note,)
