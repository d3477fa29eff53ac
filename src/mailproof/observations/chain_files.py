"""What a file of certificates holds, as a server reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.observations.tls import Deployment


@dataclass(frozen=True)
class ShownByHost(Observation):
    """Whether the certificates that the endpoints of a program's host show are those of public CAs."""

    host: str
    public: tuple[str, ...] = ()
    """Subjects of those of public CAs."""
    others: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Why the certificates of some endpoints could not be looked at."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.host} shows {subject}, of a public CA" for subject in self.public]
        lines += [f"{self.host} shows {subject}, of another CA" for subject in self.others]
        return (*lines, *self.unknown) or (f"{self.host}: no endpoint is looked at",)


@dataclass(frozen=True)
class FurtherChain:
    """A chain behind another one in a file, with a private key of its own."""

    deployment: Deployment
    key_of: tuple[int, ...]
    """The numbers, from 0, of the certificates that are for that key."""


@dataclass(frozen=True)
class ChainFile(Observation):
    """The certificates of a file, in its order; of Apache those of SSLCertificateChainFile behind them."""

    name: str
    program: str
    version: str
    deployment: Deployment
    in_file: int
    """How many of the certificates stand in the file itself."""
    has_chain_file: bool = False
    """SSLCertificateChainFile is given."""
    has_chain_of_its_own: bool = False
    """An Apache before 2.4.8, which takes only the server's certificate from SSLCertificateFile."""
    key_of: tuple[int, ...] | None = None
    """The numbers, from 0, of the certificates that are for the private key; None where no key is known."""
    further: tuple[FurtherChain, ...] = ()
    """Of Postfix: the chains of other keys in the same file (postconf(5), smtpd_tls_chain_files)."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.name}, read by {self.program}{f' {self.version}' if self.version else ''}"]
        for number, found in enumerate(self.deployment.chain.facts):
            if number == self.in_file:
                lines.append("SSLCertificateChainFile:")
            lines += [f"certificate {number}: subject {found.subject}", f"  issuer {found.issuer}"]
        lines += _told(self.deployment, self.key_of)
        for chain in self.further:
            lines.append("another private key, and its chain:")
            for number, found in enumerate(chain.deployment.chain.facts):
                lines += [f"certificate {number}: subject {found.subject}", f"  issuer {found.issuer}"]
            lines += _told(chain.deployment, chain.key_of)
        return tuple(lines)


def _told(deployment: Deployment, key_of: tuple[int, ...] | None) -> Iterator[str]:
    path = deployment.path
    yield f"path: {path.status}{f' ({path.detail})' if path.detail else ''}"
    if key_of is not None:
        yield f"the private key is that of {', '.join(map(str, key_of)) or 'none of them'}"
