"""Zones as providers hand them out: Route 53's listing in JSON, Cloudflare's export in the form of a master file."""

from __future__ import annotations

import re
from pathlib import Path

from mailproof.documents import UnreadableFile, read_text
from mailproof.inventory.values import domain_name
from mailproof.net.dns.zone_files import MAX_SIZE
from mailproof.zone_sources.records import Unwritable, from_octal, record_of
from mailproof.zone_sources.source import MAX_RECORDS, SourceError, SourceZone, Trouble, read_source

_AUTOMATIC_TTL = 300
"""What Cloudflare makes of its TTL 1."""

_PROXIED = re.compile(r"\bcf-proxied:true\b")
_LINE = re.compile(r"(?P<record>(?:[^\";\\]|\\.|\"(?:[^\"\\]|\\.)*\")*)(?P<comment>;.*)?")
_RECORD = re.compile(r"(\S+)\s+([0-9]{1,10})\s+IN\s+([A-Z][A-Z0-9]*)\s+(.+)")


def read_route53(file: Path) -> tuple[dict[str, SourceZone], list[Trouble]]:
    """The zone of ``aws route53 list-resource-record-sets``, and what no master file can hold of it.

    Raises SourceError.
    """
    document = read_source(file, "`aws route53 list-resource-record-sets --output json` writes it")
    sets = document.get("ResourceRecordSets") if isinstance(document, dict) else None
    if not isinstance(sets, list) or not all(isinstance(one, dict) for one in sets):
        raise SourceError(f"{file}: no ResourceRecordSets, as `aws route53 list-resource-record-sets` writes them")
    if any(document.get(key) for key in ("IsTruncated", "NextToken", "NextRecordName")):
        raise SourceError(
            f"{file}: the listing is not whole; `aws route53 list-resource-record-sets` without --max-items"
        )
    owners = [str(one.get("Name")) for one in sets if one.get("Type") == "SOA"]
    if len(owners) != 1:
        raise SourceError(f"{file}: {len(owners)} SOA records, where a zone has one")
    zone, troubles = SourceZone(_name_of(file, owners[0])), []
    for one in sets:
        address = f"{one.get('Name')} {one.get('Type')}"
        try:
            if one.get("AliasTarget"):
                raise Unwritable("an alias of Route 53: what it answers with is AWS's to say")
            if "SetIdentifier" in one:
                raise Unwritable("a routing policy: what it answers with depends on who asks")
            values = one.get("ResourceRecords")
            parts = values if isinstance(values, list) else []
            data = [part.get("Value") if isinstance(part, dict) else None for part in parts]
            if not data:
                raise Unwritable("a set without records of its own")
            texts = [from_octal(part) if isinstance(part, str) else part for part in data]
            name = from_octal(str(one.get("Name")))
            record_of(name, one.get("Type"), one.get("TTL"), texts, absolute=True).add_to(zone)
        except Unwritable as error:
            troubles.append(Trouble(address, str(error)))
        if len(zone.lines) > MAX_RECORDS:
            raise SourceError(f"{file}: more than {MAX_RECORDS} records")
    return {zone.name: zone}, troubles


def read_cloudflare(file: Path) -> tuple[dict[str, SourceZone], list[Trouble]]:
    """The zone of an export of Cloudflare, and what no master file can hold of it. Raises SourceError.

    It is a master file but for this: names that are proxied are marked in comments alone, the owner of the SOA record
    may lack its dot, the TTL 1 means automatic, and a CNAME may stand at the zone's own name.
    """
    try:
        text = read_text(file, MAX_SIZE)
    except FileNotFoundError:
        raise SourceError(f"{file}: there is no such file") from None
    except UnreadableFile as error:
        raise SourceError(f"{file}: {error}") from None
    read: list[tuple[int, re.Match[str], str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        found = _LINE.fullmatch(line)
        if found is not None and not found["record"].strip():
            continue
        record = _RECORD.fullmatch(found["record"].strip()) if found is not None else None
        if found is None or record is None:
            raise SourceError(f"{file}:{number}: no line of an export of Cloudflare: NAME, TTL, IN, type and data")
        read.append((number, record, found["comment"] or ""))
        if len(read) > MAX_RECORDS:
            raise SourceError(f"{file}: more than {MAX_RECORDS} records")
    owners = [record[1] for _, record, _ in read if record[3] == "SOA"]
    if len(owners) != 1:
        raise SourceError(f"{file}: {len(owners)} SOA records, where the export of a zone has one")
    zone, troubles = SourceZone(_name_of(file, owners[0])), []
    for number, record, comment in read:
        name, ttl, kind, data = record.groups()
        owner = name.lower().rstrip(".")
        try:
            if _PROXIED.search(comment):
                raise Unwritable(f"{name} {kind}: proxied: Cloudflare answers with addresses of its own")
            if kind == "CNAME" and owner == zone.name:
                raise Unwritable("a CNAME of the zone itself: Cloudflare answers with addresses in its place")
            if comment and kind in ("TXT", "SPF") and not data.startswith('"'):
                raise Unwritable("a text without quotes around it, and a semicolon: where it ends is not known")
            lifetime = _AUTOMATIC_TTL if int(ttl) == 1 else int(ttl)
            record_of(name, kind, lifetime, [data], absolute=True).add_to(zone)
        except Unwritable as error:
            troubles.append(Trouble(f"{file}:{number}", str(error)))
    return {zone.name: zone}, troubles


def _name_of(file: Path, owner: str) -> str:
    """Raises SourceError."""
    try:
        return domain_name(owner.rstrip("."))
    except ValueError as error:
        raise SourceError(f"{file}: {error}") from None
