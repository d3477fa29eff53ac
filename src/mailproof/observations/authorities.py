"""What every single name server of a zone says, asked directly, and what all of them say of the same records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import dns.rdtypes.ANY.SOA

from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.net.errors import KINDS, NotObserved, RefusedByAddress
from mailproof.observations import Observation

UNKNOWN_OPTION, UNKNOWN_FLAG = 65001, 0x0001
"""An EDNS option for local use (RFC 6891, section 9) and a flag that nobody has been given."""

COOKIE, CLIENT_COOKIE = 10, bytes.fromhex("6d61696c70726f66")
"""The option of RFC 7873, section 4, and eight octets that tell nobody anything."""


@dataclass(frozen=True)
class Silence:
    """Why a question that was put to a server has no answer."""

    reason: str
    kind: str
    """The kind of failure, as in ``net.errors``."""
    by_address: bool = False
    """The address itself refused."""
    lines: tuple[str, ...] = ()

    def failure(self) -> NotObserved:
        """The silence as the failure that it was."""
        return KINDS.get(self.kind, NotObserved)(self.reason, self.evidence())

    def evidence(self) -> tuple[str, ...]:
        return self.lines or (self.reason,)


@dataclass(frozen=True)
class NameServerAnswers(Observation):
    """What one address of a name server says to one question of each kind.

    ``soa`` and ``soa_tcp`` are asked first. The others follow over UDP, unless nothing comes over UDP at all.
    """

    zone: str
    server: str
    """Its name and address."""
    address: str
    soa: Annotated[Answer, "SOA"] | Silence
    soa_tcp: Annotated[Answer, "SOA"] | Silence
    others_answer: tuple[str, ...] = ()
    """Over which protocols (udp, tcp) another server answers this tester: asked where this one is silent."""
    stray: str = ""
    """The address that an answer came from, if it was another one than the address asked."""
    ns: Annotated[Answer, "NS"] | Silence | None = None
    aaaa: Annotated[Answer, "AAAA"] | Silence | None = None
    missing: Annotated[Answer, "A"] | Silence | None = None
    """A name that does not exist, unless a wildcard makes it exist."""
    mixed_case: Annotated[Answer, "SOA"] | Silence | None = None
    any: Annotated[Answer, "SOA", "NS", "MX"] | Silence | None = None
    version_1: Annotated[Answer, "SOA"] | Silence | None = None
    """With EDNS version 1, which nobody has."""
    unknown_option: Annotated[Answer, "SOA"] | Silence | None = None
    """With an EDNS option and an EDNS flag that nobody knows."""
    cookie: Annotated[Answer, "SOA"] | Silence | None = None
    """With a client cookie (RFC 7873, section 4)."""
    keys: Annotated[Answer, "SOA"] | Silence | None = None
    """DNSKEY, with 4096 octets welcome over UDP: the largest answer of most zones."""
    foreign: Annotated[Answer, "A"] | Silence | None = None
    """A name that the server has nothing to do with, and recursion desired."""
    root: Annotated[Answer, "NS"] | Silence | None = None
    """The name servers of the root, without recursion."""
    version_text: Annotated[Answer, "TXT"] | Silence | None = None
    """version.bind in class CH."""

    @property
    def asked(self) -> tuple[Answer | Silence, ...]:
        """All answers and silences."""
        more = (self.ns, self.aaaa, self.missing, self.mixed_case, self.any, self.version_1, self.unknown_option)
        last = (self.cookie, self.keys, self.foreign, self.root, self.version_text)
        return (self.soa, self.soa_tcp, *(said for said in (*more, *last) if said is not None))

    @property
    def serves(self) -> bool:
        """Whether the server has the zone: its SOA with authority, over UDP or TCP."""
        return any(has_zone(said, self.zone) for said in (self.soa, self.soa_tcp))

    def evidence(self) -> tuple[str, ...]:
        return tuple(line for said in self.asked for line in said.evidence())


def has_zone(said: Answer | Silence | None, zone: str) -> bool:
    """Whether an answer gives the SOA of ``zone`` with authority."""
    if not isinstance(said, Answer):
        return False
    found = any(record.type == "SOA" and record.name == zone for record in said.records)
    return said.authoritative and said.rcode == "NOERROR" and found


def soa_of(record: ResourceRecord) -> dns.rdtypes.ANY.SOA.SOA:
    """The fields of a SOA record. Raises TypeError for another record."""
    return record.rdata(dns.rdtypes.ANY.SOA.SOA)


def silence(failure: NotObserved) -> Silence:
    """A failure as what can be kept of it."""
    return Silence(failure.reason, failure.kind, isinstance(failure, RefusedByAddress), failure.evidence)


Sets = dict[tuple[str, ...], list[str]]
"""The servers by what they say."""


def too_few(sets: Sets, unknown: tuple[str, ...]) -> bool:
    """Whether too little was seen to compare: nothing, or one server where others could not be asked."""
    return not sets or (bool(unknown) and sum(map(len, sets.values())) < 2)


def told(sets: Sets) -> str:
    """Who says what."""
    return "; ".join(f"{', '.join(servers)}: {', '.join(said)}" for said, servers in sets.items())


@dataclass(frozen=True)
class Copy:
    """What one address of a name server says of the zone itself."""

    server: str
    soa: Annotated[Answer, "SOA"] | Silence
    ns: Annotated[Answer, "NS"] | Silence | None = None


@dataclass(frozen=True)
class ZoneCopies(Observation):
    """SOA and NS of a zone on every one of its servers."""

    zone: str
    copies: tuple[Copy, ...]
    unknown: tuple[str, ...] = ()
    """Why some servers could not be asked."""

    @property
    def serving(self) -> tuple[Copy, ...]:
        """The copies of the servers that have the zone."""
        return tuple(copy for copy in self.copies if has_zone(copy.soa, self.zone))

    @property
    def soas(self) -> tuple[tuple[str, dns.rdtypes.ANY.SOA.SOA], ...]:
        """The SOA record of each server that has the zone."""
        return tuple(
            (copy.server, soa_of(record))
            for copy in self.serving
            if isinstance(copy.soa, Answer)
            for record in copy.soa.records[:1]
        )

    @property
    def ns_sets(self) -> Sets:
        """The servers by the NS records that they have."""
        found: Sets = {}
        for copy in self.serving:
            if isinstance(copy.ns, Answer) and copy.ns.rcode == "NOERROR":
                found.setdefault(tuple(sorted({record.target for record in copy.ns.records})), []).append(copy.server)
        return found

    @property
    def serials(self) -> dict[int, list[str]]:
        """The servers by the serial that they have."""
        found: dict[int, list[str]] = {}
        for server, soa in self.soas:
            found.setdefault(soa.serial, []).append(server)
        return found

    def evidence(self) -> tuple[str, ...]:
        said = [said for copy in self.copies for said in (copy.soa, copy.ns) if said is not None]
        return (*(line for one in said for line in one.evidence()), *self.unknown)


@dataclass(frozen=True)
class MailCopy:
    """What one address of a name server says of the mail of a domain."""

    server: str
    mx: Annotated[Answer, "MX"] | Silence
    txt: Annotated[Answer, "TXT"] | Silence


@dataclass(frozen=True)
class MailCopies(Observation):
    """MX and TXT of a mail domain on every server of its zone that has the zone."""

    domain: str
    copies: tuple[MailCopy, ...]
    unknown: tuple[str, ...] = ()
    """Why some servers could not be asked."""
    serials: tuple[int, ...] = ()
    """The different serials of the servers' zones."""
    proposed: bool = False
    """The domain is judged as a zone file proposes it, which no server has yet."""

    @property
    def mx_sets(self) -> Sets:
        """The servers by the MX records that they give."""
        found: Sets = {}
        for copy in self.copies:
            if isinstance(copy.mx, Answer):
                said = tuple(sorted(record.data.lower() for record in copy.mx.records))
                found.setdefault(said or (f"no MX record ({copy.mx.rcode})",), []).append(copy.server)
        return found

    @property
    def spf_sets(self) -> Sets:
        """The servers by the SPF records that they give."""
        found: Sets = {}
        for copy in self.copies:
            if isinstance(copy.txt, Answer):
                texts = (record.text for record in copy.txt.records)
                said = tuple(sorted(text for text in texts if text.lower().startswith("v=spf1")))
                found.setdefault(said or (f"no SPF record ({copy.txt.rcode})",), []).append(copy.server)
        return found

    def evidence(self) -> tuple[str, ...]:
        return (
            *(line for copy in self.copies for said in (copy.mx, copy.txt) for line in said.evidence()),
            *self.unknown,
        )


@dataclass(frozen=True)
class PrimaryServer:
    """The host that a SOA record names as the primary server, and what it says of the zone."""

    name: str
    ipv4: Annotated[Answer, "A"] | Silence
    ipv6: Annotated[Answer, "AAAA"] | Silence
    soa: Annotated[Answer, "SOA"] | Silence | None = None
    """From its first address that may be asked."""

    @property
    def aliases(self) -> tuple[str, ...]:
        return next((said.aliases for said in (self.ipv4, self.ipv6) if isinstance(said, Answer) and said.aliases), ())

    @property
    def addresses(self) -> tuple[str, ...]:
        answers = [said for said in (self.ipv4, self.ipv6) if isinstance(said, Answer)]
        return tuple(record.data for answer in answers for record in answer.records)


@dataclass(frozen=True)
class Responsible:
    """The mailbox that a SOA record names, and where mail to it goes."""

    mailbox: str
    """``local@domain``, out of the domain name (RFC 1035, section 8); empty for the root."""
    mx: Annotated[Answer, "MX"] | Silence | None = None
    address: Annotated[Answer, "A", "AAAA"] | Silence | None = None
    """A, or AAAA of a domain without A (RFC 5321, section 5.1)."""


@dataclass(frozen=True)
class StartOfAuthority(Observation):
    """The SOA record of a zone as resolvers or the zone file give it, with the hosts that it names."""

    zone: str
    answer: Annotated[Answer, "SOA"]
    primary: PrimaryServer | None = None
    responsible: Responsible | None = None

    @property
    def soa(self) -> dns.rdtypes.ANY.SOA.SOA | None:
        """The fields of the record, if the zone has it."""
        here = [record for record in self.answer.records if record.type == "SOA"]
        return soa_of(here[0]) if here else None

    def evidence(self) -> tuple[str, ...]:
        lines = list(self.answer.evidence())
        if self.primary:
            for said in (self.primary.ipv4, self.primary.ipv6, self.primary.soa):
                lines += said.evidence() if said else ()
        if self.responsible:
            for answer in (self.responsible.mx, self.responsible.address):
                lines += answer.evidence() if answer else ()
        return tuple(lines)


@dataclass(frozen=True)
class Transfer(Observation):
    """How a server answers a stranger who asks for the whole zone (RFC 5936)."""

    zone: str
    server: str
    first: Annotated[Answer, "SOA"] | Silence
    """The first message that came back; its records are counted and not read."""

    @property
    def given(self) -> bool:
        """Whether records came back."""
        count = self.first.envelope.count if isinstance(self.first, Answer) and self.first.envelope else 0
        return isinstance(self.first, Answer) and self.first.rcode == "NOERROR" and count > 0

    def evidence(self) -> tuple[str, ...]:
        return self.first.evidence()


@dataclass(frozen=True)
class NameServerPTR(Observation):
    """The reverse name of an address of a name server."""

    host: str
    address: str
    ptr: Annotated[Answer, "PTR"]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(record.target for record in self.ptr.records)

    def evidence(self) -> tuple[str, ...]:
        return self.ptr.evidence()
