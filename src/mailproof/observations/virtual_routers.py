"""Hosts that share addresses by VRRP, by their configuration (RFC 9568; RFC 3768 for version 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place

OLD = 2
"""The version of VRRP that keepalived speaks by default; it has passwords, and one interval for all."""


@dataclass(frozen=True)
class VirtualRouter:
    """One host's part of a virtual router, as ``vrrp_instance`` of keepalived says it."""

    host: str
    name: str
    place: Place
    id: str
    """``virtual_router_id``."""
    version: int
    addresses: tuple[str, ...]
    """What is shared, sorted."""
    interval: str
    """Seconds between two advertisements."""
    authentication: str = ""
    """The type of it, which only the old version has."""
    source: str = ""
    """Where its advertisements come from, if that is said."""
    peers: tuple[str, ...] = ()
    """To whom they are sent; to the group of all routers where nobody is named."""


@dataclass(frozen=True)
class RouterPair:
    """A part of a virtual router, and that of the first host with one of its addresses."""

    own: VirtualRouter
    first: VirtualRouter
    same_password: bool | None
    """What is compared is not kept; None where a capture hides one of them."""

    @property
    def hangs_on_password(self) -> bool:
        """Whether the two agree if their passwords do, which nobody knows."""
        own, first = self.own, self.first
        return self.same_password is None and own.version == first.version == OLD and bool(own.authentication)

    def differences(self) -> Iterator[str]:
        """Why the two do not take over from each other, in words that go behind the own part's name."""
        own, first = self.own, self.first
        if own.id != first.id:
            yield f"has virtual_router_id {own.id or 'none'}, and {first.host} has {first.id or 'none'}"
        if own.version != first.version:
            yield f"speaks version {own.version} of VRRP, and {first.host} speaks {first.version}"
        if set(own.addresses) != set(first.addresses):  # in any order: each looks for those of the other
            lacking = sorted(set(first.addresses) - set(own.addresses))
            besides = sorted(set(own.addresses) - set(first.addresses))
            yield (
                f"has not the addresses of {first.host}: "
                f"{'; '.join(filter(None, (_told('it lacks', lacking), _told('it alone has', besides))))}"
            )
        if own.version == first.version == OLD:
            if float(own.interval) != float(first.interval):
                yield f"advertises every {own.interval} s, and {first.host} every {first.interval} s"
            if own.authentication != first.authentication:
                yield (
                    f"has authentication {own.authentication or 'none'}, and {first.host} has "
                    f"{first.authentication or 'none'}"
                )
            elif self.same_password is False:
                yield f"has another auth_pass than {first.host}"
        if bool(own.peers) != bool(first.peers):
            alone, group = (own, first) if own.peers else (first, own)
            yield f"does not hear {first.host}: {alone.host} sends to its peers, and {group.host} to the group of all"
        for one, other in ((own, first), (first, own)):
            if one.peers and other.peers and other.source and other.source not in one.peers:
                yield f"does not agree with {first.host}: {one.host} has no peer {other.source}, which is {other.host}"


def _told(what: str, addresses: list[str]) -> str:
    return f"{what} {', '.join(addresses)}" if addresses else ""


@dataclass(frozen=True)
class VirtualRouters(Observation):
    """The virtual routers of a host, held against those of the inventory's other hosts; none of another program."""

    program: str
    files: tuple[str, ...]
    routers: tuple[VirtualRouter, ...] = ()
    pairs: tuple[RouterPair, ...] = ()

    def evidence(self) -> tuple[str, ...]:
        shown = dict.fromkeys((*self.routers, *(pair.first for pair in self.pairs)))
        return (
            f"{self.program}: {', '.join(self.files)}",
            *(
                f"{router.place}: {router.host} {router.name}: virtual_router_id {router.id}, version "
                f"{router.version}, every {router.interval} s, {', '.join(router.addresses)}"
                for router in shown
            ),
        )
