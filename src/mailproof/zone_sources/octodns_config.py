"""Zones of OctoDNS: a directory of its YAML files, read by OctoDNS's own library, which is an extra."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mailproof.inventory.values import domain_name
from mailproof.net.text import printable
from mailproof.zone_sources.source import MAX_RECORDS, SourceError, SourceZone, Trouble

MAX_SIZE = 16 << 20
"""Octets of a file."""


def read_directory(directory: Path) -> tuple[dict[str, SourceZone], list[Trouble]]:
    """The zones of a directory by name, and what no master file can hold of them. Raises SourceError.

    Only the YAML files are read: no configuration, and with it no provider of others.
    """
    try:
        from octodns.provider.yaml import YamlProvider
        from octodns.zone import Zone
    except ImportError:
        raise SourceError("OctoDNS is not installed: pip install 'mailproof[octodns]'") from None
    if not directory.is_dir():
        raise SourceError(f"{directory} is no directory of OctoDNS's YAML files")
    for file in directory.rglob("*.yaml"):
        if file.is_file() and file.stat().st_size > MAX_SIZE:
            raise SourceError(f"{file}: larger than {MAX_SIZE} octets")
    provider = YamlProvider("mailproof", str(directory), enforce_order=False, escaped_semicolons=True)
    found: dict[str, SourceZone] = {}
    troubles: list[Trouble] = []
    try:
        for name in sorted(provider.list_zones()):
            zone = Zone(name, [])
            provider.populate(zone)
            read, more = _read(domain_name(name.rstrip(".")), zone.records)
            found[read.name] = read
            troubles += more
    except SourceError:
        raise
    except Exception as error:  # whatever its library and its YAML reader raise, with file and line in the text
        said = " ".join(str(error).split())
        raise SourceError(f"{directory}: {printable(said or type(error).__name__)}") from None
    if not found:
        raise SourceError(f"{directory}: there is no ZONE.yaml file of OctoDNS")
    return found, troubles


def _read(name: str, records: Iterable[Any]) -> tuple[SourceZone, list[Trouble]]:
    zone, troubles = SourceZone(name), []
    for record in sorted(records, key=lambda record: (record.fqdn, record._type)):
        why = ""
        if getattr(record, "dynamic", None) or getattr(record, "geo", None):
            why = "dynamic: what it answers with depends on who asks"
        elif record.ignored:
            why = "ignored: OctoDNS publishes it nowhere"
        elif record.included or record.excluded:
            why = "published at some providers only"
        elif record._type in ("ALIAS", "URLFWD") or "/" in record._type:
            why = f"{record._type} is a type of OctoDNS, and none of the DNS"
        if why:
            troubles.append(Trouble(f"{record.fqdn} {record._type}", why))
            continue
        values = record.to_rrset()
        zone.lines += [f"{values.name} {values.ttl} IN {record._type} {data}" for data in values.rdatas]
        zone.has_ns |= record._type == "NS" and record.fqdn.rstrip(".") == name
        if len(zone.lines) > MAX_RECORDS:
            raise SourceError(f"{name}: more than {MAX_RECORDS} records")
    return zone, troubles
