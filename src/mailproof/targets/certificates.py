"""Files of certificates; and the certificates of all endpoints together, as one target that nobody judges."""

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


@dataclass(frozen=True)
class CertificateFile(Target):
    """A file of certificates as a server reads it."""

    path: str
    name: str
    """As reports call it: relative to the inventory."""
    named: str
    """As the inventory calls it."""
    program: str
    private_key: str = ""
    chain: str = ""
    """The file that SSLCertificateChainFile of Apache names."""
    version: str = ""
    """Of Apache."""

    @property
    def id(self) -> str:
        return self.name

    @property
    def entries(self) -> tuple[str, ...]:
        return (self.named,)


@finder(CertificateFile)
async def find_certificate_files(search: Search) -> None:
    """Those that the inventory names."""
    for entry in search.inventory.chain_files:
        search.targets.add(
            CertificateFile(
                str(entry.file),
                search.named(entry.file),
                str(entry.file),
                entry.program,
                str(entry.private_key or ""),
                str(entry.chain or ""),
                entry.version or "",
            )
        )
