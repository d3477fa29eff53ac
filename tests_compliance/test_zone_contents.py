"""Zones as code: what stands in a master file, line by line, and what is known of a served zone without asking more."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from itertools import pairwise

from mailproof.controls import (
    MAY,
    MUST,
    SHOULD,
    Between,
    Family,
    Harm,
    Level,
    control,
    fail,
    finding,
    leave_to,
    not_applicable,
)
from mailproof.net.addresses import is_public
from mailproof.observations.zone_contents import ZoneRecord, ZoneRecords, comparable
from mailproof.observations.zone_faults import (
    Faults,
    address_in,
    address_targets,
    alias_servers,
    doubled,
    impossible,
    is_doubled,
    without_glue,
)
from mailproof.references import IANA_SPECIAL_ADDRESSES, PRACTICE, Reference, rfc
from mailproof.targets.zone_contents import ZoneContents, ZoneFile

FAMILY = Family("ZONE", "Zones as code")

DNSCONTROL = Reference("DNSControl: checks of its configuration", "https://docs.dnscontrol.org/")
OCTODNS = Reference("OctoDNS: validators", "https://github.com/octodns/octodns")

MAX_TOLD = 20
"""Faults that a finding lists."""


def _require_none(faults: Faults, level: Level | None = None, *, why: str | None = None) -> None:
    """Fail with what is wrong, at the line of the first fault."""
    if not faults:
        return
    lines = [f"{entry.place}: {told}" if entry.place else told for entry, told in faults[:MAX_TOLD]]
    if len(faults) > MAX_TOLD:
        lines.append(f"and {len(faults) - MAX_TOLD} more")
    place = faults[0][0].place
    if level is None:
        fail("\n".join(lines), why=why, at=place)
    finding(level, "\n".join(lines), why=why, at=place)


@control("ZONE-RRSET-TTL", MUST, rfc(2181, "5.2"), DNSCONTROL, harm=Harm.LOST)
def test_records_of_a_set_have_one_ttl(zone_records: ZoneRecords, zone_file: ZoneFile) -> None:
    """All records of one name and type have the same TTL.

    Why: a cache that drops a part of a set answers with the rest, and servers differ in which TTL they take.
    Fix: give all records of the set one TTL.
    """
    first: dict[tuple[str, str], ZoneRecord] = {}
    faults: Faults = []
    for entry in zone_records.records:
        record = entry.record
        if record.type == "RRSIG":
            continue
        other = first.setdefault((record.name, record.type), entry)
        if other.record.ttl != record.ttl:
            faults.append((entry, f"{record.name} {record.type} has the TTL {record.ttl}, above {other.record.ttl}"))
    _require_none(faults)


@control("ZONE-TRAILING-DOT", SHOULD, rfc(1035, "5.1"), DNSCONTROL, harm=Harm.LOST)
def test_no_dot_is_missing(zone_records: ZoneRecords, zone_file: ZoneFile) -> None:
    """No name of the file ends in the zone's name twice, as one does that lacks its final dot.

    Why: a name without a final dot is continued with the name of the zone, and leads nowhere.
    Fix: end the name with a dot.
    """
    _require_none(doubled(zone_records))


@control("ZONE-DUPLICATE", MAY, rfc(2181, "5"), DNSCONTROL, harm=Harm.LOST)
def test_no_record_stands_there_twice(zone_records: ZoneRecords, zone_file: ZoneFile) -> None:
    """No record stands in the file twice.

    Why: servers leave the second one out; whoever changes one of them later wonders why nothing changes.
    Fix: remove one of the two lines.
    """
    seen: dict[tuple[str, str, str], ZoneRecord] = {}
    faults: Faults = []
    for entry in zone_records.records:
        key = (entry.record.name, entry.record.type, comparable(entry.record))
        if (other := seen.setdefault(key, entry)) is not entry:
            faults.append((entry, f"{entry.record.name} {entry.record.type} stands at {other.place} already"))
    _require_none(faults)


@control("ZONE-INZONE-TARGET", MUST, rfc(1034, "3.6"), rfc(5321, "5.1"), rfc(2782), OCTODNS, harm=Harm.LOST)
def test_targets_in_the_zone_exist(zone_records: ZoneRecords, zone_file: ZoneFile) -> None:
    """Every alias, MX and SRV record that leads to a name of the zone leads to one that exists, with an address.

    Why: mail and logins that go there find no server.
    Fix: add the address records of the target, or correct its name.
    """
    faults: Faults = []
    left = False
    for entry in zone_records.of("CNAME", "MX", "SRV"):
        target, type = entry.record.target, entry.record.type
        if target == "." or not _is_judged(target, zone_records):
            continue
        path = zone_records.followed(target)
        end = path[-1]
        if len(set(path)) < len(path) or not zone_records.contains(end) or zone_records.dname(end):
            continue
        types = zone_records.at(end)
        if types is not None and (type == "CNAME" or {"A", "AAAA"} & types.keys()):
            continue
        if type == "MX" and entry.record.name in zone_file.domains:
            left = True
            continue
        what = "does not exist" if types is None else "has no address"
        faults.append((entry, f"{type} of {entry.record.name} leads to {end}, which {what}"))
    _require_none(faults)
    if left:
        leave_to("MX-RESOLVES", "an MX host of a mail domain has no address")


def _is_judged(target: str, records: ZoneRecords) -> bool:
    """Whether the zone alone decides where a target leads, and no other control has found fault with its name."""
    in_zone = records.contains(target) and not records.dname(target)
    return in_zone and not is_doubled(target, records.zone) and not address_in(target, records.zone)


@control("ZONE-ALIAS-CHAIN", SHOULD, rfc(1034, "3.6.2"), OCTODNS, harm=Harm.LOST)
def test_no_alias_leads_to_an_alias(zone_records: ZoneRecords) -> None:
    """No alias leads to another alias of the zone, to itself, or round in a circle.

    Why: every link costs a question and may break; a circle is an error for all who ask.
    Fix: let the alias name the end of the chain.
    """
    circles: Faults = []
    chains: Faults = []
    for entry in zone_records.of("CNAME"):
        path = zone_records.followed(entry.record.name)
        if len(set(path)) < len(path):
            circles.append((entry, f"the alias leads round: {' -> '.join(path)}"))
        elif len(path) > 2:
            chains.append((entry, f"the alias leads to an alias: {' -> '.join(path)}"))
    for entry in zone_records.of("DNAME"):
        name, target = entry.record.name, entry.record.target
        if f".{target}".endswith(f".{name}"):
            circles.append((entry, f"the DNAME of {name} leads to {target}, and so to itself"))
    _require_none(circles, MUST, why="nobody who asks for the name gets an answer.")
    _require_none(chains)


@control("ZONE-ALIAS-ALONE", MUST, rfc(1034, "3.6.2"), rfc(2181, "10.1"), rfc(6672, "2.4"), OCTODNS, harm=Harm.LOST)
def test_an_alias_stands_alone(zone_records: ZoneRecords) -> None:
    """An alias has no records beside it, never stands at the zone's own name, and nothing stands below a DNAME.

    Why: servers refuse to load such a zone, or answer now with the one and now with the other.
    Fix: remove the alias, or the records beside it; at the zone's own name publish addresses.
    """
    _require_none(list(zone_records.beside_aliases))


@control("ZONE-SRV-FORM", MUST, rfc(2782), rfc(6335, "5.1"), OCTODNS, harm=Harm.LOST)
def test_srv_records_are_well_formed(zone_records: ZoneRecords, zone_file: ZoneFile) -> None:
    """An SRV record stands at _service._protocol, names a port and no alias; "." stands alone, for what is not offered.

    Why: programs that look for the service find none, or refuse to follow.
    Fix: correct the lines named here.
    """
    found = list(zone_records.of("SRV"))
    if not found:
        not_applicable("the zone has no SRV records")
    faults: Faults = []
    for entry in found:
        name, target = entry.record.name, entry.record.target
        port = int(entry.record.data.split()[2])
        labels = name.removeprefix("*.").split(".")
        if len(labels) < 2 or not all(label.startswith("_") and len(label) > 1 for label in labels[:2]):
            faults.append((entry, f"{name} does not begin with _service._protocol"))
        elif target == "." and len(zone_records.names[name]["SRV"]) > 1:
            faults.append((entry, f'{name} says with "." that the service is not offered, and beside it that it is'))
        elif target != "." and port == 0:
            faults.append((entry, f"{name} names no port"))
        elif target != "." and zone_records.contains(target) and zone_records.alias(target):
            faults.append((entry, f"{name} leads to {target}, which is an alias"))
    _require_none(faults)


@control("ZONE-TARGET-NOT-IP", MUST, rfc(1035, "3.3"), rfc(2782), OCTODNS, harm=Harm.LOST)
def test_targets_are_names(zone_records: ZoneRecords) -> None:
    """NS, SRV, CNAME, DNAME, PTR and MX records lead to names, never to addresses.

    Why: an address in place of a name is looked up as a name, and does not exist.
    Fix: give the address a name with A or AAAA records, and let the record name that.
    """
    _require_none(address_targets(zone_records))


@control("ZONE-GLUE-PRESENT", MUST, rfc(1034, "4.2.1"), rfc(2181, "10.3"), OCTODNS, harm=Harm.LOST)
def test_name_servers_in_the_zone_have_addresses(zone_records: ZoneRecords, zone_file: ZoneFile) -> None:
    """A name server whose name lies in the zone, or below a delegation of it, has its addresses there and is no alias.

    Why: nobody can find out where the server is, since that stands in the zone that it serves.
    Fix: add the A and AAAA records of the name server, in place of an alias.
    """
    _require_none(without_glue(zone_records))
    aliases = alias_servers(zone_records)
    if zone_file.domains and any(entry.record.name == zone_file.zone for entry, _ in aliases):
        leave_to("DEL-NS-NOT-CNAME", "a name server of the zone is an alias")
    _require_none(aliases)


@control("ZONE-TXT-FORM", SHOULD, rfc(1035, "3.3.14"), rfc(7208, "3.3"), OCTODNS, harm=Harm.REFUSED)
def test_texts_are_joined_as_meant(zone_records: ZoneRecords, zone_file: ZoneFile) -> None:
    """TXT records have no quotes and escapes left over from another tool, and SPF loses no blank between its strings.

    Why: the strings of a record are joined with nothing between them, and quotes and backslashes are part of the text.
    Fix: write the text as one string in quotes; split a long one within a word, or keep the blank inside the quotes.
    """
    faults = [
        (entry, f"TXT of {entry.record.name}: {told}")
        for entry in zone_records.of("TXT", "SPF")
        if (told := _left_over(entry.record.strings))
        if not (_MAGIC.match(told) and (entry.record.name, "TXT") in zone_records.known)
    ]
    _require_none(faults)


_WHOLE_TERM = re.compile(
    r"[+?~-]?(?:(?:all|a|mx|ptr)(?:[:/ ]|$)|(?:include|ip4|ip6|exists):)|(?:redirect|exp)=", re.IGNORECASE
)
_MAGIC = re.compile(r"v=(?:DMARC1|DKIM1|STSv1|TLSRPTv1|BIMI1)\s*")


def _left_over(strings: tuple[str, ...]) -> str:
    text = "".join(strings)
    if "\\;" in text:
        return "a backslash stands before a semicolon"
    if len(text) > 1 and text[0] == text[-1] == '"':
        return "the text itself begins and ends with a quote"
    if _MAGIC.fullmatch(text):
        return f"{text} is all: a semicolon outside of quotes begins a comment, and the rest of the text is lost"
    if text.lower().startswith("v=spf1"):
        for before, after in pairwise(strings):
            if _runs_on(before, after):
                return f"no blank stands between {before[-20:]!r} and {after[:20]!r}"
    return ""


def _runs_on(before: str, after: str) -> bool:
    """Whether a term begins with the second string, and the first one ends within another."""
    if before.endswith(tuple(" :/.=+?~-_")) or not _WHOLE_TERM.match(after):
        return False
    last = before.rpartition(" ")[2].lower()
    return not ("ip6:" in last and after.lower().startswith("a"))


@control(
    "ZONE-RDATA-FORM",
    MUST,
    rfc(6698, "2.1"),
    rfc(4034, "5"),
    rfc(4035, "2.4"),
    rfc(4255, "3.1"),
    rfc(8659, "4.1"),
    OCTODNS,
    harm=Harm.LOST,
)
def test_digests_and_numbers_are_possible(zone_records: ZoneRecords, zone_file: ZoneFile) -> None:
    """Digests of TLSA, DS and SSHFP records have the length of their algorithm; numbers fit; a DS is of a child.

    Why: a record that cannot match anything protects nothing, or keeps everybody out.
    Fix: make the record anew from the certificate or the key.
    """
    _require_none(impossible(zone_records))


_OTHER_LETTER = re.compile(r"\\(?:1[3-9]\d|12[89]|2\d\d)")
"""An octet above 127, as an escape."""


@control("ZONE-LABEL", SHOULD, rfc(1123, "2.1"), rfc(1035, "2.3.1"), rfc(5890, "2.3.2.1"), DNSCONTROL, harm=Harm.LOST)
def test_labels_are_meant(zone_records: ZoneRecords, zone_file: ZoneFile) -> None:
    """No label holds a dot or letters beyond ASCII, and no name with addresses has an underscore.

    Why: a dot inside a label is an escape left over from another tool; a host with an underscore in its name is none
    for many programs.
    Fix: write the name without a backslash, and an international one as its A-label (xn--); name hosts with letters,
    digits and hyphens.
    """
    dots = [
        (entry, f"{name} has a label with a dot in it")
        for entry in zone_records.records
        for name in dict.fromkeys((entry.record.name, entry.record.target))
        if "\\." in name and entry.record.type != "SOA"
    ]
    _require_none(dots)
    foreign = [
        (entry, f"{name} has letters beyond ASCII: as octets, which nobody looks up")
        for entry in zone_records.records
        for name in dict.fromkeys((entry.record.name, entry.record.target))
        if _OTHER_LETTER.search(name) and entry.record.type != "SOA"
    ]
    _require_none(foreign)
    hosts = [
        (entry, f"{entry.record.name} has an address and an underscore in its name")
        for entry in zone_records.of("A", "AAAA")
        if "_" in entry.record.name
    ]
    _require_none(
        hosts, MAY, why="host names have letters, digits and hyphens only; some services use others on purpose."
    )


@control("ZONE-WILDCARD", MAY, rfc(4592, "4"), PRACTICE, harm=Harm.ABUSED)
def test_wildcards_are_declared(zone_records: ZoneRecords, zone_contents: ZoneContents) -> None:
    """The zone has no wildcard that the inventory does not name.

    Why: with a wildcard every name exists: misspelt ones lead somewhere, and others can send mail in any of them.
    Fix: replace the wildcard by the names that are meant, or name it in `wildcards` of the inventory.
    """
    faults = [
        (entry, f"{entry.record.name} {entry.record.type} is a wildcard")
        for entry in zone_records.records
        if entry.record.name.startswith("*.") and not entry.record.name.startswith("*._")
        if entry.record.name[2:] not in zone_contents.wildcards and entry.record.type not in ("RRSIG", "NSEC")
        if zone_records.contains(entry.record.name) or entry.record.type == "NS"
    ]
    _require_none(faults)
    seen = zone_records.random
    if zone_records.whole or zone_contents.zone in zone_contents.wildcards:
        return
    if seen is None:
        not_applicable("no server was asked for a name that nobody has")
    found = [*seen.aliases, *(record.data for record in seen.records)]
    assert not found, f"{seen.name} leads to {', '.join(found)}, as any name does: a wildcard answers for it"


@control("ZONE-PRIVATE-ADDR", SHOULD, rfc(1918, "5"), rfc(4193, "4.4"), IANA_SPECIAL_ADDRESSES, harm=Harm.LOST)
def test_known_names_have_public_addresses(zone_records: ZoneRecords) -> None:
    """No name that the inventory knows leads to a private, loopback, link-local or other special address.

    Why: outside of your network such an address leads nowhere, or to a stranger's machine.
    Fix: publish public addresses only; keep internal ones in the internal view of the DNS.
    """
    known = {name for name, type in zone_records.known if type in ("A", "AAAA")}
    exchanges = {entry.record.target for entry in zone_records.of("MX")}
    servers = {entry.record.target for entry in zone_records.of("NS")}
    faults = [
        (entry, f"{entry.record.name} has the address {entry.record.data}, which is not public")
        for entry in zone_records.of("A", "AAAA")
        if entry.record.name in known - exchanges - servers and not is_public(str(ip_address(entry.record.data)))
    ]
    _require_none(faults)


@control(
    "ZONE-TTL-SANE",
    MAY,
    rfc(9199, "3.2"),
    rfc(1912, "2.2"),
    rfc(2181, "8"),
    allowed={"least": Between(0, 604_800), "most": Between(1, 2_147_483_647)},
    harm=Harm.LOST,
)
def test_ttls_are_neither_short_nor_long(zone_records: ZoneRecords, *, least: int = 300, most: int = 86_400) -> None:
    """The TTLs of NS, MX, TXT and TLSA records that mail needs lie between five minutes and a day.

    Why: with a short TTL an outage of the name servers is felt at once; with a long one a mistake stays for days.
    Fix: set a TTL of an hour, or of a day where nothing changes.
    """
    known = set(zone_records.known)
    short: Faults = []
    long: Faults = []
    too_long = [
        (entry, f"{entry.record.name} {entry.record.type} has the TTL {entry.record.ttl}, and none is above {_TTL_MAX}")
        for entry in zone_records.records
        if entry.record.ttl > _TTL_MAX
    ]
    _require_none(_once(too_long), MUST, why="resolvers take a TTL of more than 31 bits for 0, and keep nothing.")
    for entry in zone_records.of("NS", "MX", "TXT", "TLSA"):
        record = entry.record
        if (record.name, record.type) not in known:
            continue
        if record.ttl > most:
            long.append((entry, f"{record.name} {record.type} has the TTL {record.ttl}, more than {most} s"))
        elif record.ttl < least and entry.whole_ttl:
            short.append((entry, f"{record.name} {record.type} has the TTL {record.ttl}, less than {least} s"))
    _require_none(_once(short + long))


_TTL_MAX = 2**31 - 1
"""The greatest TTL (RFC 2181, section 8)."""


def _once(faults: Iterable[tuple[ZoneRecord, str]]) -> Faults:
    """One fault for each text."""
    found: dict[str, ZoneRecord] = {}
    for entry, told in faults:
        found.setdefault(told, entry)
    return [(entry, told) for told, entry in found.items()]
