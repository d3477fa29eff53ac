"""Trust anchors of the root: IANA's, or those of a file (RFC 9718; RFC 4034)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import cast
from xml.etree import ElementTree

import dns.dnssec
import dns.exception
import dns.name
import dns.rdata
import dns.rdatatype
import dns.zonefile
from dns.dnssectypes import DSDigest
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS

from mailproof.criteria.dnssec import ROOT_ANCHORS
from mailproof.net.dnssec.keys import is_revoked, is_zone_key

_NOT_ITS_PLACE = re.compile(r"^<input>:[0-9]+: ")
"""What dnspython puts before an error: no file, and the line after it."""


def root_anchors() -> tuple[DS, ...]:
    """The trust anchors of the root, as IANA publishes them."""
    return tuple(
        _ds(f"{anchor.key_tag} {anchor.algorithm} {anchor.digest_type} {anchor.digest}") for anchor in ROOT_ANCHORS
    )


def read_anchors(text: str, at: datetime) -> tuple[DS, ...]:
    """The trust anchors of a file: IANA's root-anchors.xml, or DS and DNSKEY records of the root as in a master file.

    Of the XML file those count that are valid at ``at``. Raises ValueError, with the reason, where a file holds
    something else, or no anchor.
    """
    try:
        found = _from_xml(text, at) if text.lstrip().startswith("<") else _from_records(text)
    except (dns.exception.DNSException, ElementTree.ParseError, AttributeError, TypeError) as error:
        reason = _NOT_ITS_PLACE.sub("", str(error)) or type(error).__name__
        raise ValueError(f"these are no trust anchors: {reason}") from error
    if not found:
        raise ValueError("there is no trust anchor of the root in it that is valid now")
    return tuple(dict.fromkeys(found))


def _from_xml(text: str, at: datetime) -> list[DS]:
    """The format of RFC 9718, section 2.1."""
    root = ElementTree.fromstring(text)  # noqa: S314 -- a file that the user chose to trust
    if root.tag != "TrustAnchor" or (root.findtext("Zone") or "").strip() != ".":
        raise ValueError("the XML document is no TrustAnchor for the zone .")
    return [
        _ds(
            " ".join(
                (digest.findtext(field) or "").strip() for field in ("KeyTag", "Algorithm", "DigestType", "Digest")
            )
        )
        for digest in root.findall("KeyDigest")
        if _is_valid(digest, at)
    ]


def _is_valid(digest: ElementTree.Element, at: datetime) -> bool:
    begin, end = _time(digest, "validFrom"), _time(digest, "validUntil")
    return (begin is None or begin <= at) and (end is None or at < end)


def _time(digest: ElementTree.Element, attribute: str) -> datetime | None:
    text = digest.get(attribute)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError(f"{attribute} of a trust anchor is no time with its offset from UTC: {text!r:.60}")
    return found


def _from_records(text: str) -> list[DS]:
    return [ds for rdata in _records(text) for ds in _anchors_of(rdata)]


def _records(text: str) -> Iterator[Rdata]:
    rrsets = dns.zonefile.read_rrsets(text, origin=dns.name.root, relativize=False, default_ttl=0, rdclass=None)
    for rrset in rrsets:
        if rrset.name != dns.name.root or rrset.rdtype not in (RdataType.DS, RdataType.DNSKEY):
            raise ValueError(
                f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} is no DS or DNSKEY record of the root"
            )
        yield from rrset


def _anchors_of(rdata: Rdata) -> Iterator[DS]:
    """A DS record as it is, and a DS record made of a DNSKEY record that can be an anchor."""
    if rdata.rdtype == RdataType.DS:
        yield cast(DS, rdata)
        return
    key = cast(DNSKEY, rdata)
    if is_zone_key(key) and not is_revoked(key):
        yield dns.dnssec.make_ds(dns.name.root, key, DSDigest.SHA256)


def _ds(text: str) -> DS:
    return cast(DS, dns.rdata.from_text("IN", "DS", text))
