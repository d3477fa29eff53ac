"""Zones of OctoDNS: its YAML files, found by its configuration or in a directory, read by OctoDNS's own library, which
is an extra.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from mailproof.inventory.values import domain_name
from mailproof.net.text import printable
from mailproof.zone_sources.source import MAX_RECORDS, SourceError, SourceZone, Trouble

MAX_SIZE = 16 << 20
"""Octets of a file."""


_YAML = ("octodns.provider.yaml.YamlProvider", "octodns.provider.yaml.SplitYamlProvider")
_SETTINGS = (
    *("default_ttl", "populate_should_replace", "shared_filename", "disable_zonefile"),
    *("split_extension", "split_catchall", "escaped_semicolons"),
)
"""What a configuration may say of a provider, and changes what is read. The order in files is nobody's fault."""


def read_zones(path: Path) -> tuple[dict[str, SourceZone], list[Trouble]]:
    """The zones of a configuration, or of a directory of YAML files, by name; and what no master file can hold of them.

    Only YAML files are read, and no provider of others. Raises SourceError.
    """
    try:
        import octodns.provider.yaml  # noqa: F401
    except ImportError:
        raise SourceError("OctoDNS is not installed: pip install 'mailproof[octodns]'") from None
    with _telling(path):
        return _of_directory(path) if path.is_dir() else _of_config(path)


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Tell whatever its library and its YAML reader raise, with file and line in the text. Raises SourceError."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())
        raise SourceError(f"{path}: {printable(said or type(error).__name__)}") from None


def _of_directory(directory: Path) -> tuple[dict[str, SourceZone], list[Trouble]]:
    provider = _provider("mailproof", directory, {})
    found: dict[str, SourceZone] = {}
    troubles: list[Trouble] = []
    for name in sorted(provider.list_zones()):
        read, more = _populated(name, [provider])
        found[read.name] = read
        troubles += more
    if not found:
        raise SourceError(f"{directory}: there is no ZONE.yaml file of OctoDNS")
    return found, troubles


def _of_config(file: Path) -> tuple[dict[str, SourceZone], list[Trouble]]:
    from octodns.yaml import safe_load

    if not file.is_file():
        raise SourceError(f"{file}: there is no such file")
    if file.stat().st_size > MAX_SIZE:
        raise SourceError(f"{file}: larger than {MAX_SIZE} octets")
    with file.open(encoding="utf-8") as stream:
        config = safe_load(stream, enforce_order=False)
    zones = config.get("zones") if isinstance(config, dict) else None
    described = config.get("providers") if isinstance(config, dict) else None
    if not isinstance(zones, dict) or not isinstance(described, dict):
        raise SourceError(f"{file}: no `providers` and `zones`, as a configuration of OctoDNS has them")
    providers = {
        str(name): _provider(str(name), _directory(file, settings), settings)
        for name, settings in described.items()
        if isinstance(settings, dict) and settings.get("class") in _YAML
    }
    manager = config.get("manager")
    processed = isinstance(manager, dict) and bool(manager.get("processors"))
    found: dict[str, SourceZone] = {}
    troubles: list[Trouble] = []
    for name, settings in _each_zone(zones, providers):
        sources = [str(one) for one in settings.get("sources") or ()]
        read, more = _populated(name, [providers[one] for one in sources if one in providers])
        found[read.name] = read
        troubles += more
        for one in sources:
            if one not in providers:
                troubles.append(Trouble(read.name, f"its source {one} is no directory of YAML files, and is not read"))
        if settings.get("alias"):
            troubles.append(Trouble(read.name, f"an alias of the zone {settings['alias']}, which is not read"))
        if processed or settings.get("processors"):
            troubles.append(Trouble(read.name, "processors change what is published, and are not run here"))
    if not found:
        raise SourceError(f"{file}: it names no zone")
    return found, troubles


def _each_zone(zones: dict[Any, Any], providers: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The zones that are named, and behind each name with ``*`` those others of its sources that its ``glob`` or
    ``regex`` takes, or all.
    """
    named = {str(name): settings or {} for name, settings in zones.items() if not str(name).startswith("*")}
    yield from named.items()
    for name, settings in zones.items():
        if not str(name).startswith("*"):
            continue
        sources = [one for one in (settings or {}).get("sources") or () if one in providers]
        for other in sorted({zone for one in sources for zone in providers[one].list_zones()} - named.keys()):
            if _takes(settings, other):
                named[other] = settings
                yield other, settings


def _takes(settings: dict[str, Any], zone: str) -> bool:
    """Whether a dynamic zone stands for this one, as Manager._preprocess_zones of OctoDNS has it."""
    if glob := settings.get("glob"):
        return fnmatch(zone, str(glob))
    regex = settings.get("regex")
    return not regex or re.search(str(regex), zone) is not None


def _directory(file: Path, settings: dict[str, Any]) -> Path:
    """Where a provider's files lie: as OctoDNS takes it, below the working directory, or else beside its file."""
    directory = Path(str(settings.get("directory")))
    return directory if directory.is_dir() else file.parent / directory


def _provider(name: str, directory: Path, settings: dict[str, Any]) -> Any:
    """Raises SourceError."""
    from octodns.provider.yaml import SplitYamlProvider, YamlProvider

    if not directory.is_dir():
        raise SourceError(f"{directory} is no directory of OctoDNS's YAML files")
    for file in directory.rglob("*.yaml"):
        if file.is_file() and file.stat().st_size > MAX_SIZE:
            raise SourceError(f"{file}: larger than {MAX_SIZE} octets")
    kind = SplitYamlProvider if settings.get("class") == _YAML[1] else YamlProvider
    said = {key: settings[key] for key in _SETTINGS if key in settings}
    return kind(name, str(directory), enforce_order=False, **{"escaped_semicolons": True, **said})


def _populated(name: str, providers: Iterable[Any]) -> tuple[SourceZone, list[Trouble]]:
    from octodns.zone import Zone

    zone = Zone(name, [])
    for provider in providers:
        provider.populate(zone)
    return _read(domain_name(name.rstrip(".")), zone.records)


def _is_proxied(record: Any) -> bool:
    settings = record.octodns.get("cloudflare") if isinstance(record.octodns, dict) else None
    return isinstance(settings, dict) and bool(settings.get("proxied"))


def _read(name: str, records: Iterable[Any]) -> tuple[SourceZone, list[Trouble]]:
    zone, troubles = SourceZone(name), []
    for record in sorted(records, key=lambda record: (record.fqdn, record._type)):
        why = ""
        if getattr(record, "dynamic", None) or getattr(record, "geo", None):
            why = "dynamic: what it answers with depends on who asks"
        elif _is_proxied(record):
            why = "proxied: Cloudflare answers with addresses of its own"
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
