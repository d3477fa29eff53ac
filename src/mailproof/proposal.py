"""Proposals: zones before they are published (``--zone``), hosts before they are put into service (``--connect``)."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

import dns.reversename

from mailproof.inventory.errors import InventoryError, Problem
from mailproof.inventory.reading import Reader
from mailproof.inventory.secrets import Secrets
from mailproof.inventory.values import connect_key, domain_name, socket_address
from mailproof.inventory.zone_sources import AXFR, FILE, ZoneSource, zone_source
from mailproof.net.dns.delegations import read_delegation
from mailproof.net.dns.zone_files import load_zone
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.base import Target, Targets
from mailproof.targets.mail import MailDomain
from mailproof.targets.services import Endpoint, MailExchange
from mailproof.targets.zone_contents import ZoneContents
from mailproof.targets.zones import NameServer
from mailproof.zone_sources.reading import Gathered
from mailproof.zone_sources.source import SourceError


class ProposalError(Exception):
    """A proposal cannot be read. The message says which, and how it is written."""


@dataclass(frozen=True)
class Proposal:
    """What the command line lays over the world, and the settings with which clients see both."""

    settings: NetSettings
    zones: Mapping[str, Path] = field(default_factory=dict)
    delegations: Mapping[str, Path] = field(default_factory=dict)
    connections: Mapping[str, SocketAddress] = field(default_factory=dict)
    directories: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Directories and other sources of several zones as they were written, with the zones that they hold."""
    left_out: tuple[str, ...] = ()
    """Records of sources that no master file can hold, and that the zones were read without."""

    def __bool__(self) -> bool:
        """Whether anything is proposed."""
        return bool(self.zones or self.delegations or self.connections)

    def describe(self) -> tuple[str, ...]:
        """A line for each part of the proposal."""
        zones = [f"the zone {name} as in {file}" for name, file in self.zones.items()]
        if self:  # what the sources of an inventory leave out alone is no proposal
            zones += [f"without {record}" for record in self.left_out]
        delegated = (f"{name} delegated as in {file}" for name, file in self.delegations.items())
        hosts = (f"{key} as served at {destination}" for key, destination in self.connections.items())
        return (*zones, *delegated, *hosts)

    def leads_to(self, target: Target) -> bool:
        """Whether ``target`` is a service that ``--connect`` leads elsewhere, a domain that such a host serves, or a
        name server of a zone whose delegation is proposed.
        """
        if isinstance(target, NameServer):
            return target.zone in self.delegations
        if isinstance(target, MailExchange):
            return self.leads_to(target.endpoint)
        return isinstance(target, Endpoint) and not self.connections.keys().isdisjoint(_keys(target))

    def problems(self, targets: Targets) -> tuple[str, ...]:
        """What is wrong with a proposal: a part of it that nothing among ``targets`` would ever meet."""
        return (*self._idle_zones(targets), *self._idle_connections(targets))

    def _idle_zones(self, targets: Targets) -> Iterator[str]:
        names = sorted({name for target in targets for name in _names(target)})
        idle = {zone for zone in self.zones if not any(_is_related(name, zone) for name in names)}
        for directory, zones in self.directories.items():
            if zones and zones <= idle:
                yield f"--zone: no zone of {directory} has anything to do with this inventory"
        gathered = frozenset().union(*self.directories.values())
        for zone in self.delegations:
            if not any(_is_related(name, zone) for name in names):
                yield f"--delegation: nothing in this inventory lies in the zone {zone}{_hint(zone, names)}"
        for zone in idle - gathered:
            yield f"--zone: nothing in this inventory lies in the zone {zone}{_hint(zone, names)}"

    def _idle_connections(self, targets: Targets) -> Iterator[str]:
        known = {key for endpoint in targets.found(Endpoint) for key in _keys(endpoint)}
        known |= {f"mta-sts.{domain.name}:443" for domain in targets.found(MailDomain)}
        for key in self.connections:
            if key not in known and not key.endswith(":443"):
                yield f"--connect: nothing in this inventory is at {key}{_hint(key, sorted(known))}"


def propose(
    settings: NetSettings,
    zones: Iterable[str],
    connections: Iterable[str],
    directory: Path,
    delegations: Iterable[str] = (),
    *,
    kept: Sequence[ZoneSource] = (),
    gathered: Gathered | None = None,
) -> Proposal:
    """Lay proposals over ``settings``, and below them the zones of the sources ``kept``, which the inventory names.

    ``zones`` are sources as ``zone_source`` reads them, ``delegations`` are ``NAME=FILE``, and ``connections`` are
    ``HOST:PORT=ADDRESS:PORT``; file names are relative to ``directory``. ``gathered`` reads the sources, and is there
    where there may be any. Raises ProposalError, for master files with file and line.
    """
    gathered = gathered or Gathered(directory)
    own = dict(_of_sources("zone_files", kept, gathered))
    named = {text: _source(text, directory, gathered.secrets) for text in zones}
    proposed = dict(_of_sources("--zone", named.values(), gathered))
    directories = {
        text: frozenset(gathered.files(source)) for text, source in named.items() if source.kind not in (FILE, AXFR)
    }
    files = {**settings.zone_files, **own, **proposed}
    for name, file in files.items():
        try:
            load_zone(name, file)
        except (ValueError, OSError) as error:
            raise ProposalError(f"the zone {name}: {error}") from None
    delegated = dict(_delegation(text, directory) for text in delegations)
    leads: dict[str, SocketAddress] = {}
    for text in connections:
        key, sign, value = text.partition("=")
        try:
            if not sign:
                raise ValueError(f"{text!r} is not HOST:PORT=ADDRESS:PORT")
            leads[connect_key(key)] = _destination(value)
        except ValueError as error:
            raise ProposalError(f"--connect: {error}, like mx1.example.org:25=127.0.0.1:2525") from None
    laid = replace(settings, zone_files=files, delegations=delegated, connect={**settings.connect, **leads})
    left_out = tuple(map(str, gathered.left_out))
    return Proposal(laid, proposed, delegated, leads, directories, left_out)


def _source(text: str, directory: Path, secrets: Secrets) -> ZoneSource:
    """A source of the command line. Raises ProposalError."""
    try:
        if text.startswith(f"{AXFR}:"):
            text = Reader(os.environ, "", secrets=secrets).substitute(text, Problem(Path("--zone"), None, None, ""))
        return zone_source(text).beside(directory)
    except InventoryError as error:
        raise ProposalError(str(error)) from None
    except ValueError as error:
        raise ProposalError(f"--zone: {error}") from None


def _of_sources(named_by: str, sources: Iterable[ZoneSource], gathered: Gathered) -> Iterator[tuple[str, Path]]:
    """The zones of the sources of an inventory or of the command line. Raises ProposalError, also for a zone that is in
    two of them.
    """
    holding: dict[str, ZoneSource] = {}
    for source in sources:
        try:
            files = gathered.files(source)
        except SourceError as error:
            raise ProposalError(f"{named_by}: {error}") from None
        for name, file in files.items():
            if name in holding:
                raise ProposalError(f"{named_by}: the zone {name} is in {holding[name]} and in {source}")
            holding[name] = source
            yield name, file


def _destination(text: str) -> SocketAddress:
    """Where ``--connect`` leads: an address with a port, or a name that this machine resolves, like localhost:2525.

    Raises ValueError.
    """
    try:
        return socket_address(text, None)
    except ValueError:
        host, _, port = text.rpartition(":")
        if not host or not port.isascii() or not port.isdigit():
            raise
        try:
            found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
        except (OSError, OverflowError, UnicodeError):
            raise ValueError(f"{host!r} is no address and does not resolve here") from None
        return socket_address(str(SocketAddress(str(found[0][4][0]), int(port))), None)


def _delegation(text: str, directory: Path) -> tuple[str, Path]:
    """A zone, and the file that holds its delegation. Raises ProposalError."""
    name, sign, file = text.partition("=")
    try:
        if not sign:
            raise ValueError(f"{text!r} is not NAME=FILE")
        zone, path = domain_name(name), directory / Path(file).expanduser()
        read_delegation(zone, path)
    except (ValueError, OSError) as error:
        raise ProposalError(f"--delegation: {error}") from None
    return zone, path


def _keys(endpoint: Endpoint) -> set[str]:
    """The keys of the connect map that mean an endpoint."""
    return {f"{endpoint.host}:{endpoint.port}", str(SocketAddress(endpoint.address, endpoint.port))}


def _names(target: Target) -> Iterator[str]:
    """The names in the DNS that looking at a target may ask for; a proposed zone asks for nothing by itself."""
    if isinstance(target, ZoneContents):
        return
    yield from target.domains
    for attribute in ("name", "host", "zone"):
        if isinstance(value := getattr(target, attribute, None), str):
            yield value
    if isinstance(target, SendingAddress | Endpoint):
        yield str(dns.reversename.from_address(target.address)).rstrip(".")


def _is_related(name: str, zone: str) -> bool:
    """Whether ``name`` lies in ``zone``, or ``zone`` is part of the domain ``name``, as _dmarc.example.org is."""
    return name == zone or name.endswith(f".{zone}") or zone.endswith(f".{name}")


def _hint(text: str, known: list[str]) -> str:
    near = get_close_matches(text, known, 3, 0.6)
    return f"; did you mean {' or '.join(near)}?" if near else "; `mailproof plan` shows what there is"
