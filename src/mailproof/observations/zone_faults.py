"""What is wrong with the records of a zone file: faults that more than one control has to know of."""

from __future__ import annotations

from mailproof.grammars.caa import parse_caa
from mailproof.net.dns.names import is_address
from mailproof.observations.zone_contents import ZoneRecord, ZoneRecords

Faults = list[tuple[ZoneRecord, str]]
"""Records, and what is wrong with each."""


def is_doubled(name: str, zone: str) -> bool:
    """Whether a name ends in the name of the zone twice."""
    return zone != "." and f".{name}".endswith(f".{zone}.{zone}")


def doubled(records: ZoneRecords) -> Faults:
    """Names that lack their final dot."""
    return [
        (entry, f"{name} ends in {records.zone} twice")
        for entry in records.records
        for name in dict.fromkeys((entry.record.name, entry.record.target))
        if is_doubled(name, records.zone)
    ]


def address_in(target: str, zone: str) -> str:
    """The address that a target is, perhaps continued with the name of the zone; empty where it is none."""
    name = target if is_address(target) else target.removesuffix(f".{zone}")
    return name if is_address(name) else ""


def address_targets(records: ZoneRecords) -> Faults:
    """Records that lead to an address in place of a name."""
    faults: Faults = []
    for entry in records.of("NS", "SRV", "CNAME", "DNAME", "PTR", "MX"):
        address = address_in(entry.record.target, records.zone)
        owned = entry.record.type == "MX" and (entry.record.name, "MX") in records.known
        if address and not owned:
            faults.append((entry, f"{entry.record.type} of {entry.record.name} leads to the address {address}"))
    return faults


def without_glue(records: ZoneRecords) -> Faults:
    """NS records that lead to a name of the zone without an address, and delegations that lead only to each other."""
    found = _found(records)
    faults: Faults = []
    for entry in records.of("NS"):
        owner, target = entry.record.name, entry.record.target
        if not records.is_below(target) or address_in(target, records.zone) or is_doubled(target, records.zone):
            continue
        cut = records.cut(target)
        if not _addressed(target, records) and (not cut or owner == cut):
            faults.append((entry, f"the name server {target} of {owner} has no address in the file"))
        elif owner not in found:
            told = f"the name server {target} of {owner} has no address in the file, and {cut} is found only through it"
            faults.append((entry, told))
    return faults


def _addressed(target: str, records: ZoneRecords) -> bool:
    """Whether a name has addresses in the file: as glue below a delegation, where no wildcard counts."""
    types = records.names.get(target) if records.cut(target) else records.at(target)
    return bool({"A", "AAAA", "CNAME"} & (types or {}).keys())


def _found(records: ZoneRecords) -> set[str]:
    """The names with NS records of which a server can be found without going round in a circle."""
    found: set[str] = set()
    waiting: dict[str, list[str]] = {}
    for entry in records.of("NS"):
        target = entry.record.target
        other = records.cut(target) if records.is_below(target) else ""
        if not other or _addressed(target, records):
            found.add(entry.record.name)
        elif other != entry.record.name:
            waiting.setdefault(other, []).append(entry.record.name)
    new = list(found)
    while new:
        more = [name for name in waiting.pop(new.pop(), ()) if name not in found]
        found.update(more)
        new += more
    return found


def alias_servers(records: ZoneRecords) -> Faults:
    """NS records that lead to an alias of the zone (RFC 2181, section 10.3)."""
    return [
        (entry, f"the name server {target} of {entry.record.name} is an alias")
        for entry in records.of("NS")
        if records.contains(target := entry.record.target) and records.alias(target)
    ]


def hidden(records: ZoneRecords) -> Faults:
    """Records at or below a delegation that are no part of it: no server of the zone answers with them."""
    servers = {entry.record.target for entry in records.of("NS")}
    return [
        (entry, f"{record.name} {record.type} belongs to {cut}, which is delegated away, and is not glue")
        for entry in records.records
        if (cut := records.cut((record := entry.record).name))
        if not (record.name == cut and record.type in _AT_A_CUT)
        if not (record.type in ("A", "AAAA") and record.name in servers)
    ]


_AT_A_CUT = ("NS", "DS", "NSEC", "RRSIG")


def several(records: ZoneRecords) -> Faults:
    """Second records of types of which a name has one (RFC 1035, section 5.2; RFC 6672, section 2.4)."""
    faults: Faults = []
    for types in records.names.values():
        for type in ("SOA", "DNAME"):
            entries = types.get(type, [])
            if different := [entry for entry in entries[1:] if entry.record.data != entries[0].record.data]:
                faults.append((different[0], f"{different[0].record.name} has more than one {type} record"))
    return faults


def impossible(records: ZoneRecords) -> Faults:
    """Digests and numbers that no record of their type can have, and a DS record that stands at the zone's own name."""
    return [
        (entry, f"{entry.record.type} of {entry.record.name}: {told}")
        for entry in records.of("TLSA", "SMIMEA", "DS", "CDS", "SSHFP", "CAA")
        if (told := _impossible(entry, records.zone))
    ]


_TLSA_OCTETS, _SSHFP_OCTETS = {1: 32, 2: 64}, {1: 20, 2: 32}
_DS_OCTETS = {1: 20, 2: 32, 3: 32, 4: 48}


def _impossible(entry: ZoneRecord, zone: str) -> str:
    type, fields = entry.record.type, entry.record.data.split()
    if type == "CAA":
        caa = parse_caa(entry.record.data)
        return f"the flags are {caa.flags}" if caa and caa.flags not in (0, 128) else ""
    if type == "SSHFP":
        return _wrong_length("".join(fields[2:]), _SSHFP_OCTETS.get(int(fields[1])))
    if type == "DS" and entry.record.name == zone:
        return "it stands at the zone's own name, and belongs into the parent"
    if type in ("DS", "CDS"):
        deletes = type == "CDS" and fields[:3] == ["0", "0", "0"]
        return "" if deletes else _wrong_length("".join(fields[3:]), _DS_OCTETS.get(int(fields[2])))
    usage, selector, matching = map(int, fields[:3])
    if usage > 3:
        return "" if usage == 255 else f"there is no usage {usage}"
    if selector > 1:
        return "" if selector == 255 else f"there is no selector {selector}"
    return _wrong_length("".join(fields[3:]), _TLSA_OCTETS.get(matching))


def _wrong_length(digest: str, octets: int | None) -> str:
    return f"the digest has {len(digest) // 2} octets, not {octets}" if octets and len(digest) != 2 * octets else ""
