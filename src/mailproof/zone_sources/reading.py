"""Sources read: each becomes master files, in a folder of the run where it has none of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from mailproof.documents import UnreadableDocument, read_json, why_not_writable, write_atomically
from mailproof.inventory.secrets import Secrets
from mailproof.inventory.values import domain_name
from mailproof.inventory.zone_sources import AXFR, DIRECTORY, FILE, FILE_KINDS, ZoneSource, hint_of
from mailproof.net.avoided import entry_of_host
from mailproof.net.dns.client import DNSClient
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.errors import NotObserved
from mailproof.net.settings import NetSettings
from mailproof.net.text import printable
from mailproof.zone_sources.bind import zone_files
from mailproof.zone_sources.dnscontrol import read_ir
from mailproof.zone_sources.exports import read_cloudflare, read_route53
from mailproof.zone_sources.octodns_config import read_zones
from mailproof.zone_sources.source import SourceError, SourceZone, Trouble
from mailproof.zone_sources.terraform import read_plan
from mailproof.zone_sources.transfer import transfer

SUFFIX = ".zone"
"""Files of a directory that are zones; the rest of the file name is the zone's name."""

_READERS: Mapping[str, Callable[[Path], tuple[dict[str, SourceZone], list[Trouble]]]] = {
    "octodns": read_zones,
    "route53": read_route53,
    "cloudflare": read_cloudflare,
}

_FORMAT, _VERSION = "mailproof-zones", 1


class Troubles(SourceError):
    """Records that no master file can hold; the message names them all."""


@dataclass
class Gathered:
    """Reads sources, each once, and knows the files of their zones.

    ``folder`` is where zones are written that are in no master file. ``asking`` opens what the DNS is asked with for
    SOA and NS records, which providers keep to themselves.
    """

    folder: Path
    asking: Callable[[], AbstractContextManager[NetSettings]] = field(default=lambda: nullcontext(NetSettings()))
    secrets: Secrets = field(default_factory=Secrets)
    known: dict[str, dict[str, Path]] = field(default_factory=dict)
    """The files of a source's zones by their names, by the source as it is written without its secret."""
    left_out: list[Trouble] = field(default_factory=list)
    apart: bool = True
    """Whether the files of each source have a folder of their own in ``folder``."""
    _folders: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, index: Path, secrets: Secrets) -> Gathered:
        """What another process of the same run has gathered. Raises SourceError."""
        try:
            document = read_json(index, "index of zones", _FORMAT, _VERSION)
        except UnreadableDocument as error:
            raise SourceError(str(error)) from None
        known = {key: {name: Path(file) for name, file in files.items()} for key, files in document["known"].items()}
        left_out = [Trouble(address, why) for address, why in document.get("left_out", ())]
        return cls(index.parent, secrets=secrets, known=known, left_out=left_out)

    @property
    def wrote(self) -> bool:
        """Whether any zone was written, so that reading its source again might give another one."""
        return bool(self._folders)

    def write_index(self) -> Path:
        """Write what was gathered, for other processes of the same run."""
        index = self.folder / "index.json"
        known = {key: {name: str(file) for name, file in files.items()} for key, files in self.known.items()}
        left_out = [(trouble.address, trouble.why) for trouble in self.left_out]
        document = {"format": _FORMAT, "version": _VERSION, "known": known, "left_out": left_out}
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(index, [json.dumps(document, indent=1)])
        return index

    def files(self, source: ZoneSource) -> Mapping[str, Path]:
        """The master file of each zone of a source, by the zone's name. Raises SourceError."""
        key = str(source)
        if key not in self.known:
            self.known[key] = self._read(source)
        return self.known[key]

    def _read(self, source: ZoneSource) -> dict[str, Path]:
        if source.kind == AXFR:
            return self._transferred(source)
        if source.path is None:  # only a transfer has none
            raise SourceError(f"{source}: no file is named")
        if source.kind == FILE:
            return {source.zone: source.path}
        if source.kind == DIRECTORY:
            return _of_directory(source.path)
        if source.kind == "bind":
            return zone_files(source.path, source.view)
        if source.kind == "dnscontrol":
            zones, troubles = read_ir(source.path, source.view)
        elif source.kind == "terraform":
            zones, troubles = read_plan(source.path, source.view)
        else:
            zones, troubles = _READERS[source.kind](source.path)
        if troubles and not source.leaves_out:
            told = "\n".join(f"  {trouble}" for trouble in troubles)
            flagged = f"{source}{'&' if '?' in str(source) else '?'}leave-out"
            raise Troubles(
                f"{source}: no master file can hold\n{told}\n'{flagged}' judges the zones as if these were missing"
            )
        self.left_out += troubles
        if lacking := [zone for zone in zones.values() if not (zone.has_soa and zone.has_ns)]:
            asyncio.run(self._complete(lacking))
        return self._written(source, list(zones.values()))

    def _transferred(self, source: ZoneSource) -> dict[str, Path]:
        if source.secret and not self.secrets.are_in(source.secret):
            raise SourceError(
                f"{source}: the secret of a key stands in the environment: key=ALGORITHM:NAME:${{secret:VARIABLE}}"
            )
        with self.asking() as settings:
            if entry := entry_of_host(settings.avoided, source.server):
                raise SourceError(f"{source}: the inventory says do_not_contact: {entry}")
        return self._written(source, [transfer(source)])

    async def _complete(self, zones: Sequence[SourceZone]) -> None:
        """Add SOA and NS records as they are published: providers keep them, and no source has them. Raises
        SourceError.
        """
        with self.asking() as settings:
            async with DNSClient(settings) as dns:
                for zone in zones:
                    for kind, there in (("SOA", zone.has_soa), ("NS", zone.has_ns)):
                        if there:
                            continue
                        try:
                            answer = await dns.resolve(zone.name, kind)
                        except NotObserved as error:
                            told = f"{zone.name} {kind}, which the source does not have: {error.reason}"
                            raise SourceError(told) from None
                        records = [one for one in answer.records if one.name.lower().rstrip(".") == zone.name]
                        if not records:
                            raise SourceError(
                                f"{zone.name} is not published yet, and the source has no {kind} record of it"
                            )
                        zone.lines += [f"{zone.name}. {one.ttl} IN {kind} {one.data}" for one in records]

    def _written(self, source: ZoneSource, zones: Sequence[SourceZone]) -> dict[str, Path]:
        """Raises SourceError for a zone that does not parse: no file is written then."""
        texts = {}
        for zone in zones:
            # The SOA record first, as master files have it.
            lines = sorted(zone.lines, key=lambda line: " IN SOA " not in line)
            text = "".join(f"{line}\n" for line in lines)
            try:
                parse_zone(zone.name, text, f"{source} ({zone.name})")
            except ValueError as error:
                raise SourceError(str(error)) from None
            texts[zone.name] = text
        folder = self._folder_of(source)
        files = {name: folder / f"{name}{SUFFIX}" for name in texts}
        for name, file in files.items():
            if reason := why_not_writable(file):
                raise SourceError(f"{file} {reason}")
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(file, [texts[name]])
        return files

    def _folder_of(self, source: ZoneSource) -> Path:
        """One for each source: two may hold the same zone, as it is and as it is proposed."""
        if not self.apart:
            return self.folder
        self._folders[source.kind] = number = self._folders.get(source.kind, 0) + 1
        return self.folder / (source.kind if number == 1 else f"{source.kind}-{number}")


def _of_directory(folder: Path) -> dict[str, Path]:
    """Raises SourceError."""
    if not folder.is_dir():
        forms = ", ".join((*FILE_KINDS.values(), "axfr://SERVER/ZONE"))
        told = f"is neither NAME=FILE nor a directory of NAME{SUFFIX} files, and none of {forms}"
        raise SourceError(f"{printable(str(folder))} {told}{hint_of(folder)}")
    found = {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}"))}
    if not found:
        raise SourceError(f"there is no NAME{SUFFIX} file in {printable(str(folder))}")
    try:
        return {domain_name(name): path for name, path in found.items()}
    except ValueError as error:
        raise SourceError(f"a file in {printable(str(folder))}: {error}") from None
