"""DS records and the DNSKEY records that they name (RFC 4034, section 5; RFC 4035, section 5.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import dns.dnssec
import dns.name
from dns.dnssectypes import DSDigest
from dns.rdata import Rdata
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS

from mailproof.criteria.dnssec import (
    RSA,
    SUPPORTED_ALGORITHMS,
    SUPPORTED_DIGESTS,
    algorithm_text,
    digest_text,
)
from mailproof.net.dns.names import dotted, text_of
from mailproof.net.dnssec.trust import Flaw, Link
from mailproof.net.dnssec.work import Work

ZONE_KEY = 0x0100
"""The flag of keys that sign zone data (RFC 4034, section 2.1.1)."""

REVOKED = 0x0080
"""The flag of keys that must not be used any more (RFC 5011, section 2.1)."""

_SHA1 = 1


@dataclass(frozen=True)
class Supported:
    """The algorithms and digests that count as signed."""

    algorithms: frozenset[int] = SUPPORTED_ALGORITHMS
    digests: frozenset[int] = SUPPORTED_DIGESTS


def text_of_rdata(record: Rdata) -> str:
    """A record in presentation format."""
    return record.to_text()


def key_tag(key: DNSKEY) -> int:
    """The key tag (RFC 4034, appendix B)."""
    return dns.dnssec.key_id(key)


def is_zone_key(key: DNSKEY) -> bool:
    """Whether the key may sign zone data (RFC 4034, sections 2.1.1 and 2.1.2)."""
    return bool(key.flags & ZONE_KEY) and key.protocol == 3


def is_revoked(key: DNSKEY) -> bool:
    """Whether the key has the REVOKE bit (RFC 5011, section 2.1)."""
    return bool(key.flags & REVOKED)


def key_bits(key: DNSKEY) -> int:
    """Bits of the modulus of an RSA key (RFC 3110, section 2), or of the public key of another one."""
    octets = key.key
    if key.algorithm not in RSA:
        return 8 * len(octets)
    length = octets[0] if octets else 0
    start = 1 + length
    if not length and len(octets) > 2:
        start = 3 + int.from_bytes(octets[1:3], "big")
    return int.from_bytes(octets[start:], "big").bit_length()


def was_tagged(key: DNSKEY, tag: int) -> bool:
    """Whether a revoked key had this tag before: the REVOKE bit is part of what the tag is made from."""
    return is_revoked(key) and key_tag(cast(DNSKEY, key.replace(flags=key.flags & ~REVOKED))) == tag


def usable(records: Iterable[DS], supported: Supported) -> tuple[DS, ...]:
    """The DS records that a validator uses; none: the zone counts as unsigned (RFC 4035, section 5.2).

    SHA-1 is not used beside a better digest: RFC 4509, section 3, says so of SHA-256, and BIND treats SHA-384 likewise.
    """
    known = [ds for ds in records if ds.algorithm in supported.algorithms and ds.digest_type in supported.digests]
    better = tuple(ds for ds in known if ds.digest_type != _SHA1)
    return better or tuple(known)


def has_digest(ds: DS, owner: dns.name.Name, key: DNSKEY) -> bool:
    """Whether ``ds`` has the digest of ``key`` at ``owner`` (RFC 4034, section 5.1.4)."""
    made = dns.dnssec.make_ds(owner, key, DSDigest.make(ds.digest_type), policy=dns.dnssec.allow_all_policy)
    return bool(made.digest == ds.digest)


@dataclass(frozen=True)
class Entry:
    """The keys that DS records vouch for, and for each DS record that vouches for none, why."""

    keys: tuple[DNSKEY, ...]
    failures: tuple[Link, ...]


def entry_keys(zone: dns.name.Name, records: Iterable[DS], keys: Iterable[DNSKEY], work: Work) -> Entry:
    """Match DS records with the DNSKEY RRset of ``zone`` (RFC 4035, section 5.2).

    ``records`` are usable ones. Raises BoundReached.
    """
    keys = tuple(keys)
    tags = [key_tag(key) for key in keys]
    found: dict[DNSKEY, None] = {}
    failures = []
    for ds in records:
        named = [
            key for key, tag in zip(keys, tags, strict=True) if tag == ds.key_tag and key.algorithm == ds.algorithm
        ]
        matching = []
        for key in named:
            work.hash()
            if has_digest(ds, zone, key):
                matching.append(key)
        good = [key for key in matching if is_zone_key(key) and not is_revoked(key)]
        found.update(dict.fromkeys(good))
        if not good:
            failures.append(_failure(zone, ds, keys, named, matching))
    return Entry(tuple(found), tuple(failures))


def _failure(
    zone: dns.name.Name, ds: DS, keys: tuple[DNSKEY, ...], named: list[DNSKEY], matching: list[DNSKEY]
) -> Link:
    key = f"key {ds.key_tag}, algorithm {algorithm_text(ds.algorithm)}"
    if matching:
        flaw = Flaw.REVOKED if is_revoked(matching[0]) else Flaw.NOT_A_ZONE_KEY
    elif named:
        flaw = Flaw.DIGEST
        key += f", digest {digest_text(ds.digest_type)}"
    elif any(was_tagged(other, ds.key_tag) for other in keys):
        flaw = Flaw.REVOKED
    else:
        flaw = Flaw.NO_KEY
    return Link(
        name=dotted(text_of(zone)),
        type="DNSKEY",
        zone=dotted(text_of(zone)),
        flaw=flaw,
        detail=f"the DS record names {key}",
        key_tag=ds.key_tag,
        algorithm=ds.algorithm,
        ds=text_of_rdata(ds),
    )
