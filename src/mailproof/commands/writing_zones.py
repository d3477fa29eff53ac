"""What ``mailproof zones`` does: reads zones from where they are kept, and writes or names their files."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from mailproof.documents import why_not_writable, write_atomically
from mailproof.inventory.values import socket_address
from mailproof.net.dns.client import DNSClient
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.errors import NotObserved
from mailproof.net.settings import NetSettings
from mailproof.output import EXIT_USAGE, complain, say
from mailproof.zone_sources.bind import zone_files
from mailproof.zone_sources.octodns_config import read_directory
from mailproof.zone_sources.source import SourceError, SourceZone, Trouble
from mailproof.zone_sources.terraform import read_plan
from mailproof.zone_sources.transfer import transfer


def run(options: argparse.Namespace) -> int:
    """Write the zones, or print where they are; 1 if a record cannot be written, 4 if the source cannot be read."""
    try:
        if options.source.startswith("axfr:"):
            return _write([transfer(options.source, options.key_file)], options)
        if options.source.startswith("octodns:"):
            return _complete_and_write(*read_directory(Path(options.source.removeprefix("octodns:"))), options)
        if options.source.endswith(".json"):
            return _complete_and_write(*read_plan(Path(options.source)), options)
        found = zone_files(Path(options.source), options.view)
    except (SourceError, ValueError) as error:
        complain(f"mailproof zones: {error}")
        return EXIT_USAGE
    say("zone_files:")
    for name, file in found.items():
        say(f"  {name}: {json.dumps(str(file))}")
    return 0


def _complete_and_write(zones: dict[str, SourceZone], troubles: list[Trouble], options: argparse.Namespace) -> int:
    """Raises SourceError."""
    for trouble in troubles:
        complain(f"mailproof zones: {'left out: ' if options.leave_out else ''}{trouble}")
    if troubles and not options.leave_out:
        complain("mailproof zones: nothing was written; --leave-out writes the zones without these records")
        return 1
    if lacking := [zone for zone in zones.values() if not (zone.has_soa and zone.has_ns)]:
        asyncio.run(_complete(lacking, options))
    return _write(list(zones.values()), options)


async def _complete(zones: list[SourceZone], options: argparse.Namespace) -> None:
    """Add SOA and NS records as they are published: providers keep them, and no source has them. Raises SourceError."""
    resolvers = (socket_address(options.resolver, 53),) if options.resolver else ()
    async with DNSClient(NetSettings(resolvers=resolvers)) as dns:
        for zone in zones:
            for kind, there in (("SOA", zone.has_soa), ("NS", zone.has_ns)):
                if there:
                    continue
                try:
                    answer = await dns.resolve(zone.name, kind)
                except NotObserved as error:
                    raise SourceError(f"{zone.name} {kind}, which the source does not have: {error.reason}") from None
                records = [record for record in answer.records if record.name.lower().rstrip(".") == zone.name]
                if not records:
                    raise SourceError(f"{zone.name} is not published yet, and the source has no {kind} record of it")
                zone.lines += [f"{zone.name}. {record.ttl} IN {kind} {record.data}" for record in records]


def _write(zones: list[SourceZone], options: argparse.Namespace) -> int:
    """Raises SourceError for a zone that does not parse: no file is written then."""
    texts = {}
    for zone in zones:
        # The SOA record first, as master files have it.
        lines = sorted(zone.lines, key=lambda line: " IN SOA " not in line)
        text = "".join(f"{line}\n" for line in lines)
        try:
            parse_zone(zone.name, text, f"{options.source} ({zone.name})")
        except ValueError as error:
            raise SourceError(str(error)) from None
        texts[zone.name] = text
    folder = options.output or Path("zones")
    for name, text in texts.items():
        file = folder / f"{name}.zone"
        if reason := why_not_writable(file):
            complain(f"mailproof zones: {file} {reason}")
            return EXIT_USAGE
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(file, [text])
        say(f"{file}: {len(text.splitlines())} records")
    return 0
