"""The IPv6 addresses of a host's links, by the files of its network."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place


@dataclass(frozen=True)
class PlannedAddress:
    """An address with its prefix, ``2001:db8::25/64``, and where it is set."""

    address: str
    place: Place
    temporary: bool = False
    """Made up by the host for some days (RFC 8981)."""
    dynamic: bool = False
    """From a router or a DHCP server, for as long as these say."""


@dataclass(frozen=True)
class AnnouncedPrefix:
    """A prefix that router advertisements announce (RFC 4861, section 4.6.2)."""

    prefix: str
    place: Place
    autonomous: bool
    """Hosts make up addresses in it."""


@dataclass(frozen=True)
class PlannedLink:
    """What is set of one link. None: nothing is said, and the default counts."""

    name: str
    addresses: tuple[PlannedAddress, ...] = ()
    announced: tuple[AnnouncedPrefix, ...] = ()
    default_route: bool | None = None
    hears_routers: bool | None = None
    prefers_temporary: Place | None = None
    """What has the host prefer temporary addresses for what it sends."""
    matched: bool = True
    """A file says which link it is about; else it may be one of the others."""


@dataclass(frozen=True)
class AddressPlan(Observation):
    """The links of a host with their IPv6 addresses; none for a program that does not set them."""

    program: str
    files: tuple[str, ...]
    links: tuple[PlannedLink, ...] = ()
    elsewhere: tuple[PlannedLink, ...] = ()
    """What other files of the same host set: what links have by these is judged there."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program}: {', '.join(self.files)}"]
        for link in self.links:
            for found in link.addresses:
                by = " by a router or DHCP" if found.dynamic else ""
                lines.append(f"{found.place}: {link.name} has {found.address}{by}")
            lines += [f"{found.place}: {link.name} announces {found.prefix}" for found in link.announced]
            if link.default_route is not None:
                lines.append(f"{link.name}: {'a' if link.default_route else 'no'} default route")
            if link.prefers_temporary is not None:
                lines.append(f"{link.prefers_temporary}: {link.name} prefers temporary addresses")
        return tuple(lines)
