"""Zones as code: whether servers take a master file, and what changes when it takes the place of what is served."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.net.errors import NotObserved
from mailproof.observations.zone_contents import ServedSet, ServedZone, ZoneLoads, ZoneRecords
from mailproof.observations.zone_faults import (
    address_targets,
    alias_servers,
    doubled,
    hidden,
    impossible,
    several,
    without_glue,
)
from mailproof.places import Place
from mailproof.references import PRACTICE, rfc
from mailproof.targets.zone_contents import ZoneFile

FAMILY = Family("ZONE", "Zones as code")

MAX_TOLD = 40
"""Lines of a difference that a finding shows; all of them are in the evidence."""


@control(
    "ZONE-LOADS",
    MUST,
    rfc(1035, "5.2"),
    PRACTICE,
    allowed={"loaders": ("named-checkzone", "nsd-checkzone", "kzonecheck")},
    harm=Harm.LOST,
)
def test_servers_take_the_file(
    zone_loads: ZoneLoads,
    zone_records: ZoneRecords,
    zone_file: ZoneFile,
    *,
    loaders: tuple[str, ...] = ("named-checkzone", "nsd-checkzone", "kzonecheck"),
) -> None:
    """The file has one SOA and no records outside of its zone, and the loaders of BIND, NSD and Knot take it.

    The loaders are asked as far as they are installed here.

    Why: a server that refuses the file goes on with the old one, or has no zone at all after its next start.
    Fix: correct what the loaders name; or name in the parameter loaders only those of servers that you use.
    """
    _require_one_soa_and_no_strangers(zone_records)
    seen = [loading for loading in zone_loads.loadings if loading.program in loaders]
    if not seen:
        not_applicable(f"not installed here: {', '.join(loaders)}")
    refused = [loading for loading in seen if loading.status not in (0, None)]
    if refused:
        _leave_to_who_found_it(zone_records)
        complaints = [f"{loading.program}: {line}" for loading in refused for line in loading.lines or ("it refuses",)]
        some = len(refused) < len(seen)
        finding(MAY if some else MUST, "\n".join(complaints[:MAX_TOLD]), at=Place(zone_file.name, 1))
    if late := [loading.program for loading in seen if loading.status is None]:
        raise NotObserved(f"{', '.join(late)} did not come to an end", zone_loads.evidence())


def _leave_to_who_found_it(records: ZoneRecords) -> None:
    """What some loader refuses and another control has found already is that control's."""
    if records.beside_aliases:
        leave_to("ZONE-ALIAS-ALONE", "an alias stands beside other records")
    if doubled(records):
        leave_to("ZONE-TRAILING-DOT", "a final dot is missing")
    if address_targets(records):
        leave_to("ZONE-TARGET-NOT-IP", "an address stands in place of a name")
    if without_glue(records) or alias_servers(records):
        leave_to("ZONE-GLUE-PRESENT", "a name server has no address in the file")
    if impossible(records):
        leave_to("ZONE-RDATA-FORM", "a record is impossible")
    if any(entry.record.name.startswith("*.") for entry in records.of("NS")):
        leave_to("ZONE-WILDCARD", "a wildcard is delegated")


def _require_one_soa_and_no_strangers(records: ZoneRecords) -> None:
    """What RFC 1035, section 5.2, wants of a file, whatever the loaders that are installed here say."""
    twice = several(records)
    if twice and not records.beside_aliases:
        fail("\n".join(f"{entry.place}: {told}" for entry, told in twice[:MAX_TOLD]), at=twice[0][0].place)
    lost = [(one.place, f"{one.name} does not lie in {records.zone}: it is left out") for one in records.outside]
    if not without_glue(records):
        lost += [(entry.place, told) for entry, told in hidden(records) if entry.place]
    if lost:
        why = "the records are never answered: some loaders leave them out, others refuse the file."
        finding(SHOULD, "\n".join(f"{place}: {told}" for place, told in lost[:MAX_TOLD]), why=why, at=lost[0][0])


@control("ZONE-SERIAL-UP", MUST, rfc(1034, "4.3.5"), rfc(1982, "3.2"), harm=Harm.LOST)
def test_the_serial_goes_up(served_zone: ServedZone, zone_records: ZoneRecords) -> None:
    """The serial of a changed zone is greater than the one that is served, by serial arithmetic.

    Why: secondary servers that see no greater serial do not fetch the zone, and go on with the old one.
    Fix: raise the serial; one that is too great goes round by RFC 1982: first add 2147483647, then the rest.
    """
    _require_served(served_zone)
    place = next((entry.place for entry in zone_records.of("SOA")), None)
    proposed = served_zone.proposed_serial
    changed = bool(served_zone.differences)
    for server, serial in served_zone.serials:
        if proposed == serial and not changed:
            continue
        if not 0 < (proposed - serial) % 2**32 < 2**31:
            what = "has not gone up" if proposed == serial else "is smaller by serial arithmetic"
            fail(f"the serial {proposed} {what}: {server} serves {serial}", at=place)
    if not changed and any(serial == proposed for _, serial in served_zone.serials):
        _require_all(served_zone)


def _require_all(served_zone: ServedZone) -> None:
    """Raises NotObserved where some of the zone was not compared."""
    if unanswered := served_zone.unanswered:
        raise NotObserved(f"{served_zone.server} does not answer: {', '.join(unanswered[:10])}", served_zone.evidence())
    if served_zone.left_out:
        compared = f"only {len(served_zone.sets)} of the sets were compared"
        raise NotObserved(f"{compared}; {served_zone.left_out} were not asked for", served_zone.evidence())


def _require_served(served_zone: ServedZone) -> None:
    if served_zone.why_none:
        not_applicable(served_zone.why_none)


@control("ZONE-SAFE-CHANGE", SHOULD, rfc(7671, "8.1"), rfc(1912, "2.2"), PRACTICE, harm=Harm.LOST)
def test_nothing_in_use_is_removed(served_zone: ServedZone, zone_records: ZoneRecords) -> None:
    """The file removes no TLSA record, MX record, DKIM key or address that the inventory knows to be in use.

    Why: caches have the old records for a while, and servers and keys that they name are asked for until then.
    Fix: add the new records first; remove the old ones after two of their TTLs, once nothing uses them any more.
    """
    _require_served(served_zone)
    known = set(zone_records.known)
    gone = [one for one in served_zone.sets if one.differs and _is_known(one, known)]
    removed = {one: lost for one in gone if (lost := _removed(one))}
    tlsa = [f"{one.name} TLSA {data}" for one, lost in removed.items() if one.type == "TLSA" for data in lost]
    if tlsa:
        fail(f"removed at once: {'; '.join(tlsa)}")
    other = [f"{one.name} {one.type} {data}" for one, lost in removed.items() for data in lost]
    if other:
        finding(MAY, f"removed at once: {'; '.join(other[:MAX_TOLD])}")
    if unanswered := [
        f"{one.name} {one.type}" for one in served_zone.sets if one.answer is None and _is_known(one, known)
    ]:
        raise NotObserved(f"{served_zone.server} does not answer: {', '.join(unanswered)}", served_zone.evidence())


def _is_known(one: ServedSet, known: set[tuple[str, str]]) -> bool:
    return (one.name, one.type) in known and one.type != "NS"


def _removed(one: ServedSet) -> list[str]:
    """The data of a set that the file has no more. Text records other than keys are replaced as a whole."""
    if one.type == "TXT" and "._domainkey." not in one.name:
        return []
    return [data for data in one.served if data not in one.proposed]


@control("ZONE-DRIFT", MAY, PRACTICE, harm=Harm.LOST)
def test_what_is_served_is_what_stands_in_the_file(served_zone: ServedZone, zone_file: ZoneFile) -> None:
    """What is served is what stands in the file.

    Why: of a proposal this is the change; of a zone that nobody meant to change somebody else has changed one of them.
    Fix: publish the file, or write into it what was changed elsewhere.
    """
    _require_served(served_zone)
    lines = served_zone.differences
    if lines:
        more = (f"and {len(lines) - MAX_TOLD} more lines",) if len(lines) > MAX_TOLD else ()
        fail("\n".join((*lines[:MAX_TOLD], *more)), at=Place(zone_file.name, 1))
    _require_all(served_zone)
