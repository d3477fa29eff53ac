"""TLS of an endpoint: which versions and suites it takes, and the certificates that it sends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailproof.net.pkix.certificates import Certificate, Chain
from mailproof.net.pkix.paths import PathResult
from mailproof.net.tls.handshakes import Handshake
from mailproof.observations import Observation


@dataclass(frozen=True)
class Handshakes(Observation):
    """Offers to an endpoint and what it made of them. Without TLS on offer there are none."""

    endpoint: str
    tls_offered: bool
    handshakes: tuple[Handshake, ...]
    no_version: bool = False
    """The endpoint has taken none of the versions that have such suites, nor any other: nothing could be offered."""
    by_smtp: bool = True
    """TLS begins with STARTTLS of SMTP."""

    @property
    def accepted(self) -> tuple[Handshake, ...]:
        return tuple(handshake for handshake in self.handshakes if handshake.accepted)

    def evidence(self) -> tuple[str, ...]:
        if not self.tls_offered:
            return (f"{self.endpoint}: no STARTTLS in the EHLO reply",)
        if self.no_version:
            return (f"{self.endpoint}: no version of TLS is accepted",)
        return tuple(
            f"offered {h.version} with {h.offered} suites: "
            + (f"accepted with {h.cipher or 'a suite'}" if h.accepted else f"refused ({h.error})")
            for h in self.handshakes
        )


@dataclass(frozen=True)
class WithdrawnTLS(Observation):
    """Handshakes that an old client gets done where a current one does not; none where a current one does."""

    endpoint: str
    handshakes: tuple[Handshake, ...]

    @property
    def accepted(self) -> tuple[Handshake, ...]:
        return tuple(handshake for handshake in self.handshakes if handshake.accepted)

    def evidence(self) -> tuple[str, ...]:
        return tuple(f"{h.version} is accepted with {h.cipher or 'a suite'}" for h in self.accepted)


@dataclass(frozen=True)
class Deployment:
    """One certificate chain as sent, and how far it leads to a trusted root."""

    chain: Chain
    path: PathResult
    matches_host: bool

    @property
    def needed(self) -> tuple[Certificate, ...]:
        """The server's certificate and those sent that its path needs; nobody looks at the others."""
        leaf, *others = self.chain.facts
        return leaf, *dict.fromkeys(c for c in others if c.sha256 in self.path.certificates and c.sha256 != leaf.sha256)

    @property
    def below_root(self) -> tuple[Certificate, ...]:
        """As ``needed``, without the root: whether that is trusted, and in date, is a question of its own."""
        leaf, *others = self.needed
        return leaf, *(c for c in others if c.sha256 != self.path.root)


class ByDANE(StrEnum):
    """How senders that do DANE authenticate a host (RFC 7672, section 3.1)."""

    NOT = ""
    EE = "DANE-EE"
    TA = "DANE-TA"


@dataclass(frozen=True)
class Certificates(Observation):
    """The certificate chains of an endpoint at the time of the survey, and how senders authenticate it."""

    endpoint: str
    host: str
    at: str
    """When they were seen, ISO 8601 in UTC."""
    tls_offered: bool
    deployments: tuple[Deployment, ...]
    authenticated_by_dane: ByDANE = ByDANE.NOT
    """The usage of the secure TLSA records that match every chain, where no MTA-STS policy wants a public certificate
    (RFC 7672, sections 3.1.1 and 3.1.2).
    """

    def evidence(self) -> tuple[str, ...]:
        if not self.tls_offered:
            return (f"{self.endpoint}: no STARTTLS in the EHLO reply",)
        lines: list[str] = []
        for deployment in self.deployments:
            for number, certificate in enumerate(deployment.chain.facts):
                lines += [
                    f"certificate {number}: subject {certificate.subject}",
                    f"  issuer {certificate.issuer}",
                    f"  valid {certificate.not_before} to {certificate.not_after}, {certificate.key_type} "
                    f"{certificate.key_bits or ''}{f' {certificate.curve}' if certificate.curve else ''}, "
                    f"signed with {certificate.signature_hash}",
                ]
                if certificate.dns_names or certificate.ip_addresses:
                    lines.append(f"  names {', '.join((*certificate.dns_names, *certificate.ip_addresses))}")
            lines.append(
                f"path: {deployment.path.status}{f' ({deployment.path.detail})' if deployment.path.detail else ''}"
            )
        return tuple(lines)
