"""The certificates of all endpoints together, as one target that nobody judges."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder


@dataclass(frozen=True)
class ServerCertificates(Target):
    """All endpoints together: their keys are held against each other once in a run."""

    name: str = "all server certificates"

    @property
    def id(self) -> str:
        return self.name


@finder(ServerCertificates)
async def find_server_certificates(search: Search) -> None:
    """The one target, where the inventory wants keys of hosts to be held against each other."""
    if any(host.own_key for host in search.inventory.hosts):
        search.targets.add(ServerCertificates())
