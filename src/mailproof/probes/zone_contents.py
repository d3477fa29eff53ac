"""Looks at the records of zones: in master files, and at the names of served zones that the inventory knows."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from mailproof.inventory.budgets import MAX_ADDRESSES, MAX_DRIFT_SETS, MAX_KNOWN_NAMES, MAX_NAME_SERVERS
from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.net.dns.messages import record_of
from mailproof.net.dns.names import deepest, text_of
from mailproof.net.dns.zone_files import read_records
from mailproof.net.errors import Malformed, NotAvailable, NotObserved, ServerFailure
from mailproof.net.network import Network
from mailproof.observations.authorities import soa_of
from mailproof.observations.zone_contents import (
    Loading,
    Outside,
    ServedSet,
    ServedZone,
    ZoneLoads,
    ZoneRecord,
    ZoneRecords,
    comparable,
)
from mailproof.places import Place
from mailproof.probes.authorities import mail_copies, server_answers, zone_copies
from mailproof.probes.probe import Look, probe
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain, MailHost, Selector
from mailproof.targets.zone_contents import ZoneContents, ZoneFile
from mailproof.targets.zones import servers_of, zones_by_name

MAX_RECORDS = 50_000
"""Records of a master file that are looked at one by one."""

Known = tuple[tuple[str, str], ...]


@probe()
async def zone_records(contents: ZoneContents, net: Network, look: Look, targets: Targets) -> ZoneRecords:
    """All records of a master file; of a served zone what other probes ask for anyway."""
    known = known_names(contents, targets)
    if isinstance(contents, ZoneFile):
        records, outside = await asyncio.to_thread(_read, contents)
        return ZoneRecords(contents.zone, records, known=known, outside=outside)
    return await _as_served(contents, known, net, look, targets)


def _read(file: ZoneFile) -> tuple[tuple[ZoneRecord, ...], tuple[Outside, ...]]:
    """The records of a file, and those that do not lie in its zone. Raises NotAvailable and Malformed."""
    try:
        notes = read_records(file.zone, Path(file.path), MAX_RECORDS)
    except OSError as error:
        raise NotAvailable(f"{file.name} cannot be read: {error}") from None
    except ValueError as error:
        raise Malformed(str(error)) from None
    records = (
        ZoneRecord(
            record_of(text_of(note.name), note.ttl, note.rdata.rdtype.name, note.rdata), _shown(note.place, file)
        )
        for note in notes
    )
    return tuple(records), tuple(Outside(text_of(name), _shown(place, file)) for name, place in notes.outside)


def _shown(place: Place, file: ZoneFile) -> Place:
    """A line as reports call it: of a file beside the zone file that includes it."""
    folder = Path(file.path).parent
    try:
        return Place(str(Path(file.name).parent / Path(place.file).relative_to(folder)), place.line)
    except ValueError:
        return place


def known_names(contents: ZoneContents, targets: Targets) -> Known:
    """Names of the zone with the types that mail of the inventory's domains needs there, up to a bound."""
    wanted = targets.once(_wanted_by_zone).get(contents.zone, ())
    return tuple(dict.fromkeys(((contents.zone, "NS"), *wanted)))[:MAX_KNOWN_NAMES]


def _wanted_by_zone(targets: Targets) -> dict[str, list[tuple[str, str]]]:
    wanted: list[tuple[str, str]] = []
    for domain in targets.found(MailDomain):
        wanted += [(domain.name, type) for type in ("MX", "TXT", "A", "AAAA")]
        wanted += [(f"{label}.{domain.name}", "TXT") for label in ("_dmarc", "_mta-sts", "_smtp._tls")]
    wanted += [(selector.id, "TXT") for selector in targets.found(Selector)]
    for host in targets.found(MailHost):
        wanted += [(host.name, "A"), (host.name, "AAAA"), (f"_25._tcp.{host.name}", "TLSA")]
    zones = {*zones_by_name(targets), *(other.zone for other in targets.found(ZoneContents))}
    by_zone: dict[str, list[tuple[str, str]]] = {}
    for name, type in wanted:
        by_zone.setdefault(deepest(name, zones), []).append((name, type))
    return by_zone


async def _as_served(contents: ZoneContents, known: Known, net: Network, look: Look, targets: Targets) -> ZoneRecords:
    answers = await asyncio.gather(
        *(net.dns.resolve(name, type) for name, type in known if type != "TLSA"), return_exceptions=True
    )
    records: dict[ZoneRecord, None] = {}
    unknown: list[str] = []
    for answer in answers:
        if isinstance(answer, NotObserved):
            unknown.append(answer.reason)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            records |= dict.fromkeys(_of_answer(answer, contents.zone))
    whole, more = await _authoritative(contents, look, targets)
    unknown += more
    if not records and not whole:
        raise NotObserved(f"nothing of {contents.zone} could be seen: {unknown[0] if unknown else 'it is empty'}")
    same = {(entry.record.name, entry.record.type) for entry in whole}
    kept = (entry for entry in records if (entry.record.name, entry.record.type) not in same)
    random = await _random_name(contents.zone, look, targets)
    return ZoneRecords(contents.zone, (*whole, *kept), False, known, tuple(dict.fromkeys(unknown)), random)


def _of_answer(answer: Answer, zone: str) -> Iterable[ZoneRecord]:
    """The records of an answer that lie in the zone; resolvers count their TTLs down."""
    owner = answer.name
    for alias in answer.aliases:
        if f".{owner}".endswith(f".{zone}"):
            yield ZoneRecord(ResourceRecord(owner, 0, "CNAME", f"{alias}."), whole_ttl=False)
        owner = alias
    for record in answer.records:
        if f".{record.name}".endswith(f".{zone}"):
            yield ZoneRecord(record, whole_ttl=answer.proposed)


async def _authoritative(
    contents: ZoneContents, look: Look, targets: Targets
) -> tuple[tuple[ZoneRecord, ...], list[str]]:
    """What the servers of the zone were asked directly, each record once: its NS, and MX and TXT of its domains."""
    answers: list[object] = []
    unknown: list[str] = []
    zone = zones_by_name(targets).get(contents.zone)
    if zone is not None:
        try:
            answers += [copy.ns for copy in (await look(zone_copies, zone)).copies]
        except NotObserved as failure:
            unknown.append(failure.reason)
    for domain in (domain for name in contents.domains for domain in targets.found_of(MailDomain, name)):
        try:
            answers += [said for copy in (await look(mail_copies, domain)).copies for said in (copy.mx, copy.txt)]
        except NotObserved as failure:
            unknown.append(failure.reason)
    found: dict[tuple[str, str, str], ZoneRecord] = {}
    for answer in answers:
        if isinstance(answer, Answer) and answer.authoritative and not answer.aliases:
            for record in answer.records:
                found.setdefault((record.name, record.type, record.data), ZoneRecord(record))
    return tuple(found.values()), unknown


async def _random_name(zone: str, look: Look, targets: Targets) -> Answer | None:
    """What the first server that answers says of a name that nobody has."""
    for server in servers_of(zone, targets):
        try:
            said = (await look(server_answers, server)).missing
        except NotObserved:
            continue
        if isinstance(said, Answer):
            return said
    return None


LOADERS = {
    "named-checkzone": ("-k", "ignore", "-i", "none", "-m", "ignore", "-M", "ignore", "-S", "ignore", "-r", "ignore"),
    "nsd-checkzone": (),
    "kzonecheck": ("-v", "-o"),
}
"""The loaders of BIND, NSD and Knot, with arguments that leave them the loading and no rules of their own.

Without -v kzonecheck does not say what it refuses.
"""
LOADING_SECONDS = 30.0
"""For one loader and one file."""
MAX_COMPLAINTS = 100
_MAX_OUTPUT = 1 << 16


@probe()
async def zone_loads(file: ZoneFile) -> ZoneLoads:
    """What the loaders say that are installed. They read the file and what it includes, and ask nobody."""
    loadings = [await _load(name, path, file) for name, path in installed_loaders().items()]
    return ZoneLoads(file.zone, file.name, tuple(loadings))


_PATH = os.pathsep.join(("/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"))


def installed_loaders() -> dict[str, str]:
    """The loaders that are installed here, with their paths."""
    return {name: path for name in LOADERS if (path := shutil.which(name, path=_PATH))}


async def _load(name: str, path: str, file: ZoneFile) -> Loading:
    process = await asyncio.create_subprocess_exec(
        *(path, *LOADERS[name], file.zone, file.path),
        cwd=Path(file.path).parent,
        env={"PATH": _PATH, "LC_ALL": "C"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(LOADING_SECONDS):
            output = await _bounded(process)
            status: int | None = await process.wait()
    except TimeoutError:
        return Loading(name, None, (f"it did not end within {LOADING_SECONDS:.0f} s",))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = _STAMP.sub("", output.decode("utf-8", "replace").replace(file.path, file.name))
    lines = dict.fromkeys(line.strip() for line in said.splitlines() if line.strip())
    telling = [line for line in lines if not _SAYS_NOTHING.search(line)]
    return Loading(name, status, tuple(telling or lines)[:MAX_COMPLAINTS])


_STAMP = re.compile(r"^\[[^]\n]*\] [\w-]+\[\d+\]: ", re.MULTILINE)
"""Time and process before a line: they differ from run to run."""
_SAYS_NOTHING = re.compile(
    r"failed to run semantic checks|^Error summary:|^Serious semantic error|^zone \S+ file \S+ has \d+ errors"
    r"|not loaded due to errors|^\d+\s|failed to load zone, file|is ok$"
)
"""Lines that name no cause, where others do."""


async def _bounded(process: asyncio.subprocess.Process) -> bytes:
    """What a program writes, up to a bound; the rest is read and thrown away."""
    kept = b""
    while process.stdout is not None and (part := await process.stdout.read(_MAX_OUTPUT)):
        kept = (kept + part)[:_MAX_OUTPUT]
    return kept


@probe(questions=MAX_DRIFT_SETS + MAX_NAME_SERVERS)
async def served_zone(file: ZoneFile, zone_records: ZoneRecords, net: Network) -> ServedZone:
    """The zone as it is served today: its serial on every server, and on the first one what stands in the file too."""
    proposed: dict[tuple[str, str], set[str]] = {}
    for entry in zone_records.records:
        record = entry.record
        if record.type not in _SIGNING and not zone_records.cut(record.name):
            proposed.setdefault((record.name, record.type), set()).add(comparable(record))
    serial = next((soa_of(entry.record).serial for entry in zone_records.of("SOA")), 0)
    servers = await _servers(file.zone, net)
    if not servers:
        return ServedZone(file.zone, "", (), why_none=f"{file.zone} is not delegated yet", proposed_serial=serial)
    serials: list[tuple[str, int]] = []
    failures: list[str] = []
    for host, address in servers[:MAX_NAME_SERVERS]:
        try:
            answer = await net.dns.ask(address, file.zone, "SOA", host=host)
        except NotObserved as failure:
            failures.append(failure.reason)
            continue
        if answer.authoritative and answer.records:
            serials.append((f"{host}[{address}]", int(soa_of(answer.records[0]).serial)))
        else:
            failures.append(f"{host}[{address}] answers {answer.rcode} without authority")
    if not serials:
        raise NotObserved(f"no server of {file.zone} gives its SOA record: {'; '.join(failures)}")
    host, _, address = serials[0][0].removesuffix("]").partition("[")
    known = (pair for pair in zone_records.known if zone_records.contains(pair[0]))
    wanted = list(dict.fromkeys((*known, *proposed)))
    asked = await asyncio.gather(
        *(_ask(net, host, address, pair) for pair in wanted[:MAX_DRIFT_SETS]),
    )
    sets = tuple(
        ServedSet(*pair, answer, _in_file(pair, proposed))
        for pair, answer in zip(wanted[:MAX_DRIFT_SETS], asked, strict=True)
    )
    return ServedZone(file.zone, serials[0][0], sets, tuple(serials), serial, max(0, len(wanted) - MAX_DRIFT_SETS))


_SIGNING = ("RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY")
"""Types that the signer makes, and not who writes the file."""


def _in_file(pair: tuple[str, str], proposed: dict[tuple[str, str], set[str]]) -> tuple[str, ...]:
    """The data of a set in the file: its own, or the alias at its name."""
    name, type = pair
    return tuple(sorted(proposed.get((name, "CNAME"), ()) or proposed.get((name, type), ())))


async def _ask(net: Network, host: str, address: str, pair: tuple[str, str]) -> Answer | None:
    try:
        answer = await net.dns.ask(address, *pair, host=host)
    except NotObserved:
        return None
    return answer if answer.rcode in ("NOERROR", "NXDOMAIN") and answer.authoritative else None


async def _servers(zone: str, net: Network) -> list[tuple[str, str]]:
    """The servers of a zone as it is published, each with an address that may be asked."""
    published = await net.dns.whole(zone, "NS")
    if published.rcode not in ("NOERROR", "NXDOMAIN"):
        raise ServerFailure(f"{published.server} answered {published.rcode} for {zone} NS", published.evidence())
    found: list[tuple[str, str]] = []
    for host in list(dict.fromkeys(record.target for record in published.records))[:MAX_NAME_SERVERS]:
        for type in ("A", "AAAA"):
            try:
                answer = await net.dns.whole(host, type)
            except NotObserved:
                continue
            addresses = [record.data for record in answer.records][:MAX_ADDRESSES]
            found += ((host, address) for address in addresses if net.settings.may_contact(address, 53, host))
    return found
