"""How a zone is signed: its keys, signatures and proofs as each server has them, and the DS records of its parent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from mailproof.criteria.dnssec import algorithm_text, digest_text
from mailproof.net.dns.client import Answer
from mailproof.observations import Observation
from mailproof.observations.authorities import Silence, has_zone
from mailproof.observations.dnssec import Judged

ZONE_KEY, REVOKED = 0x0100, 0x0080
"""Flags of keys (RFC 4034, section 2.1.1; RFC 5011, section 2.1)."""


@dataclass(frozen=True)
class ZoneKey:
    """A DNSKEY record (RFC 4034, section 2). ``bits`` are those of the modulus (RSA), or of the public key."""

    tag: int
    algorithm: int
    flags: int
    bits: int
    text: str
    """Its data in presentation format."""

    @property
    def revoked(self) -> bool:
        return bool(self.flags & REVOKED)

    @property
    def signs(self) -> bool:
        """Whether validators use it for the data of the zone."""
        return bool(self.flags & ZONE_KEY) and not self.revoked

    def __str__(self) -> str:
        return f"key {self.tag}, algorithm {algorithm_text(self.algorithm)}"


@dataclass(frozen=True)
class DSRecord:
    """A DS or CDS record (RFC 4034, section 5). ``flaw``: why it does not lead to a key that signs the zone's keys."""

    tag: int
    algorithm: int
    digest_type: int
    text: str
    flaw: str = ""

    def __str__(self) -> str:
        return (
            f"the DS record of key {self.tag} (algorithm {algorithm_text(self.algorithm)}, "
            f"digest {digest_text(self.digest_type)})"
        )


@dataclass(frozen=True)
class Signature:
    """An RRSIG record (RFC 4034, section 3). Times are in ISO 8601; ``ttl`` is that of the records it covers."""

    name: str
    type: str
    tag: int
    algorithm: int
    inception: str
    expiration: str
    remaining: int
    """Seconds until it expires; negative afterwards."""
    lifetime: int
    ttl: int

    def __str__(self) -> str:
        return f"{self.name} RRSIG {self.type}, key {self.tag}: {self.inception} to {self.expiration}"


@dataclass(frozen=True)
class NSEC3Parameters:
    """The parameters of NSEC3 records (RFC 5155, section 3)."""

    algorithm: int
    iterations: int
    salt: str
    opt_out: bool

    def __str__(self) -> str:
        return f"NSEC3 {self.algorithm} {int(self.opt_out)} {self.iterations} {self.salt or '-'}"


@dataclass(frozen=True)
class NegativeAnswer:
    """An answer that should be negative, and what our own validation makes of it."""

    judged: Judged
    rcode: str
    has_soa: bool
    """Whether the SOA record came with it (RFC 2308, section 3)."""
    alias: bool = False

    def __str__(self) -> str:
        return f"{self.judged.name} {self.judged.type}: {self.judged.why}"


@dataclass(frozen=True)
class SignedServer(Observation):
    """What one address of a name server has of a zone's DNSSEC, judged by the keys that it has itself.

    The keys are judged by the DS records, where these lead to the zone of some server.
    Nothing but the SOA (and DNSKEY) is asked for where the server does not have the zone, or has it unsigned.
    """

    zone: str
    server: str
    soa: Annotated[Answer, "SOA"] | Silence
    is_signed: bool = False
    """Whether the zone has keys as resolvers see it."""
    is_bogus: bool = False
    """Whether resolvers find the zone bogus, or something of it."""
    keys: tuple[ZoneKey, ...] = ()
    signatures: tuple[Signature, ...] = ()
    sets: tuple[Judged, ...] = ()
    """DNSKEY, SOA, NS, CDS and CDNSKEY, as far as there are any."""
    denials: tuple[NegativeAnswer, ...] = ()
    """A name that does not exist, and a type that the apex does not have."""
    denied_by: tuple[str, ...] = ()
    """Types of the records of denial: NSEC, NSEC3."""
    nsec3: tuple[NSEC3Parameters, ...] = ()
    cds: tuple[DSRecord, ...] = ()
    cdnskey: tuple[ZoneKey, ...] = ()
    unknown: tuple[str, ...] = ()
    """What got no answer."""
    strangers: tuple[str, ...] = ()
    """Servers of the zone that have none of the keys that sign the SOA record here, but others."""

    @property
    def serves(self) -> bool:
        return has_zone(self.soa, self.zone)

    @property
    def has_signed_soa(self) -> bool:
        return any(signature.type == "SOA" for signature in self.signatures)

    @property
    def has_bogus(self) -> bool:
        """Whether a record set of the apex, or a proof, does not validate."""
        return any(one.bogus for one in (*self.sets, *(denial.judged for denial in self.denials)))

    @property
    def for_the_parent(self) -> tuple[tuple[str, DSRecord | ZoneKey], ...]:
        """The CDS and CDNSKEY records (RFC 7344), each with its type."""
        return (*(("CDS", one) for one in self.cds), *(("CDNSKEY", one) for one in self.cdnskey))

    def algorithms(self, type: str) -> frozenset[int]:
        """The algorithms of the signatures over the apex records of a type."""
        return frozenset(one.algorithm for one in self.signatures if one.type == type and one.name == self.zone)

    def signers(self, type: str) -> frozenset[int]:
        """The tags of the keys that sign the records of a type."""
        return frozenset(one.tag for one in self.signatures if one.type == type)

    def evidence(self) -> tuple[str, ...]:
        lines = [f";; {self.server}", *self.soa.evidence()]
        lines += [f"{self.zone} DNSKEY {key.text}" for key in self.keys]
        lines += [str(signature) for signature in self.signatures]
        lines += [f"{self.zone} {kind} {one.text}" for kind, one in self.for_the_parent]
        lines += [str(parameters) for parameters in self.nsec3]
        judged = (*self.sets, *(denial.judged for denial in self.denials))
        lines += [line for one in judged if not one.secure for line in one.evidence()]
        return (*lines, *self.unknown)


@dataclass(frozen=True)
class ParentDS:
    """The DS records in a referral of one server of the parent."""

    server: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Signing(Observation):
    """The DS records of a zone, and its DNSSEC on each of its servers."""

    zone: str
    ds: tuple[DSRecord, ...]
    servers: tuple[SignedServer, ...]
    parents: tuple[ParentDS, ...] = ()
    signals: tuple[Judged, ...] = ()
    """CDS records under the names of its servers, for a parent that has no DS record yet (RFC 9615)."""
    signalled: tuple[str, ...] = ()
    """The data of these records, each with its owner."""
    unknown: tuple[str, ...] = ()
    signallers: tuple[str, ...] = ()
    """The names below which every server should have them, as far as they could be asked."""

    @cached_property
    def keys(self) -> tuple[ZoneKey, ...]:
        """The keys of all servers, each once."""
        return tuple(dict.fromkeys(key for server in self.servers for key in server.keys))

    @property
    def signed(self) -> tuple[SignedServer, ...]:
        """The servers that have the zone signed."""
        return tuple(server for server in self.servers if server.keys and server.has_signed_soa)

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.zone} DS {record.text}" + (f"  ; {record.flaw}" if record.flaw else "") for record in self.ds]
        for parent in self.parents:
            lines.append(f";; at {parent.server}: DS {', '.join(parent.texts) or 'none'}")
        lines += [line for signal in self.signals for line in signal.evidence()]
        lines += [*self.signalled, *self.unknown]
        return (*lines, *(line for server in self.servers for line in server.evidence()))
