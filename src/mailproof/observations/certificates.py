"""What stands in the certificates that endpoints show, what their CAs say of them, and which hosts share a key."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.pkix.contents import Contents
from mailproof.net.pkix.revocation import Said
from mailproof.net.tls.facts import Unanswered
from mailproof.observations import Observation

NO_ISSUER = "the issuer of the certificate is not known, so its signature cannot be verified"
"""What keeps an OCSP response from being read that may be right."""


@dataclass(frozen=True)
class Shown:
    """One chain of an endpoint: the server's certificate and those sent that its path needs, the root left out."""

    certificates: tuple[Contents, ...]
    public: bool
    """The path ends at a root of Mozilla's."""
    staple: Said | None = None
    """What the OCSP response says that came with the chain; None where none came, or it cannot be read."""
    staple_fault: str = ""
    """Why an OCSP response that came cannot be read."""

    @property
    def leaf(self) -> Contents:
        return self.certificates[0]


@dataclass(frozen=True)
class CertificateContents(Observation):
    """What stands in the certificates of an endpoint; one entry for each deployment of ``certificates``, in its order.

    ``shown`` is empty where no TLS is on offer.
    """

    endpoint: str
    shown: tuple[Shown, ...]
    names_anchor: bool | None = False
    """A TLSA record of the host has the usage DANE-TA; None: that could not be looked at."""

    timestamps_in_hello: bool | None = None
    """Timestamps of logs come in the ServerHello; looked for where none stand in a certificate of a public CA. None:
    that was not seen.
    """

    def evidence(self) -> tuple[str, ...]:
        lines: list[str] = []
        for shown in self.shown:
            for number, found in enumerate(shown.certificates):
                lines += _lines(number, found)
            if shown.staple:
                lines.append(f"OCSP response: {_told(shown.staple)}")
            if shown.staple_fault:
                lines.append(f"OCSP response: {shown.staple_fault}")
            lines.append("the path ends at a public root" if shown.public else "the path ends at no public root")
        return tuple(lines) or (f"{self.endpoint}: no certificates",)


def _lines(number: int, found: Contents) -> list[str]:
    lines = [f"certificate {number}: {found.subject}", f"  signed with {found.signature}"]
    named = {
        "key usage": found.key_usage,
        "extended key usage": found.purposes,
        "policies": found.policies,
        "CRL": found.revocation_lists,
        "OCSP": found.responders,
        "timestamps of the logs": found.timestamps,
    }
    lines += [f"  {name} {', '.join(values)}" for name, values in named.items() if values]
    if found.must_staple:
        lines.append("  an OCSP response must come with it (must-staple)")
    return lines


def _told(said: Said) -> str:
    until = f" to {said.next_update}" if said.next_update else ""
    revoked = f" on {said.revoked_at}{f' ({said.reason})' if said.reason else ''}" if said.revoked_at else ""
    return f"{said.status}{revoked}, valid {said.this_update}{until}{f'; {said.fault}' if said.fault else ''}"


@dataclass(frozen=True)
class Checked:
    """What a CA says of one certificate, and where; or why that could not be seen."""

    subject: str
    source: str
    said: Said | None = None
    failure: Unanswered | None = None

    @property
    def line(self) -> str:
        found = _told(self.said) if self.said else self.failure.reason if self.failure else "nothing"
        return f"{self.subject}: {self.source}: {found}"


@dataclass(frozen=True)
class Revocation(Observation):
    """What CAs say of the certificates of an endpoint in their CRLs, or by OCSP where there is no CRL.

    ``off``: the inventory wants nobody asked. Certificates that name neither are in none of ``checked``.
    """

    endpoint: str
    at: str
    checked: tuple[Checked, ...]
    off: bool = False

    def evidence(self) -> tuple[str, ...]:
        if self.off:
            return ("nobody was asked (crl: false)",)
        return tuple(checked.line for checked in self.checked) or ("no certificate names a CRL or an OCSP responder",)


@dataclass(frozen=True)
class NamelessCertificate(Observation):
    """The certificate that an endpoint shows to a client which names no host, or why it shows none."""

    endpoint: str
    host: str
    names: tuple[str, ...] | None
    """The DNS names in the server's certificate; None where none is shown."""
    matches_host: bool = False
    same: bool = False
    """It is the one that clients see which name the host."""
    refused: str = ""

    def evidence(self) -> tuple[str, ...]:
        if self.names is None:
            return (f"{self.endpoint} without SNI: {self.refused or 'no TLS'}",)
        shown = "the same certificate" if self.same else f"a certificate for {', '.join(self.names) or 'no name'}"
        return (f"{self.endpoint} without SNI: {shown}",)


@dataclass(frozen=True)
class KeyUse:
    """The key of a certificate, and the hosts that show it."""

    spki_sha256: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class ServerKeys(Observation):
    """The keys that several hosts show, of all endpoints together."""

    shared: tuple[KeyUse, ...]
    unknown: tuple[str, ...] = ()
    """Why the certificates of some endpoints could not be looked at."""

    def evidence(self) -> tuple[str, ...]:
        return tuple(f"{use.spki_sha256}: {', '.join(use.hosts)}" for use in self.shared)


@dataclass(frozen=True)
class ServerKeyCompany(Observation):
    """The other hosts that show a key of an endpoint; looked for where the inventory wants its host to have its own."""

    endpoint: str
    host: str
    own: bool
    """The inventory wants the host to have a key of its own (``own_key``)."""
    others: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def evidence(self) -> tuple[str, ...]:
        return (f"{self.host}: other hosts with its key: {', '.join(self.others) or 'none'}", *self.unknown)


@dataclass(frozen=True)
class ListedKeys(Observation):
    """The keys of an endpoint's certificates that lists of broken keys hold, which the inventory names."""

    endpoint: str
    listed: tuple[tuple[str, str], ...] = ()
    """Pairs of the subject of a certificate and the list that has its key."""
    unread: tuple[str, ...] = ()
    """Lists that cannot be read."""

    def evidence(self) -> tuple[str, ...]:
        return tuple(f"{subject}: {name}" for subject, name in self.listed) or (f"{self.endpoint}: no key is listed",)


@dataclass(frozen=True)
class NameRenewed:
    """The CAA records that count for one name of a certificate, or why they could not be looked at."""

    name: str
    records: tuple[str, ...] = ()
    owner: str = ""
    """The name that has the records."""
    failure: Unanswered | None = None

    @property
    def line(self) -> str:
        found = self.failure.reason if self.failure else "; ".join(self.records) or "no CAA record"
        return f"{self.name}: {found}"


@dataclass(frozen=True)
class Renewal(Observation):
    """Whether the CA that issued the certificates of a host may do so again: CAA records of their names.

    ``issuers`` are the names by which CAA records know the CA; empty where it is not known here.
    """

    endpoint: str
    organisation: str
    issuers: tuple[str, ...]
    names: tuple[NameRenewed, ...] = ()
    skipped: int = 0
    """Names of the certificates that were not looked at."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"issued by {self.organisation or 'an issuer without organisation'}", *(n.line for n in self.names)]
        return (*lines, f"{self.skipped} more names were not looked at") if self.skipped else tuple(lines)
