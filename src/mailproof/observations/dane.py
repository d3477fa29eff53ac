"""DANE for SMTP (RFC 7672): TLSA records and how they match the certificates that a server sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mailproof.net.dns.client import Answer
from mailproof.net.pkix.certificates import Chain
from mailproof.observations import Observation
from mailproof.observations.dnssec import Judged

DIGEST_LENGTHS = {1: 64, 2: 128}
"""Hexadecimal digits of SHA-256 and SHA-512 (RFC 6698, section 2.1.3)."""


@dataclass(frozen=True)
class TLSARecord:
    """One TLSA record (RFC 6698, section 2.1). ``data`` is lower-case hexadecimal."""

    usage: int
    selector: int
    matching: int
    data: str

    @property
    def usable(self) -> bool:
        """Usable for SMTP on port 25: usage 2 or 3, known selector and matching type, right length (RFC 7672, section
        3.1).
        """
        known = self.usage in (2, 3) and self.selector in (0, 1) and self.matching in (0, 1, 2)
        return known and len(self.data) == DIGEST_LENGTHS.get(self.matching, len(self.data)) and bool(self.data)

    def __str__(self) -> str:
        return f"{self.usage} {self.selector} {self.matching} {self.data}"


@dataclass(frozen=True)
class TLSA(Observation):
    """The TLSA records of an MX host for port 25.

    ``secure`` speaks of the TLSA answer and of the name that it hangs on (the TLSA base domain): of the host's
    addresses, or, where the host is an alias into an unsigned zone, of the alias (RFC 7672, section 2.2.2). ``alias``
    is the answer to the question for that alias.
    """

    host: str
    addresses: Annotated[Answer, "A", "AAAA"]
    answer: Annotated[Answer, "TLSA"]
    secure: bool
    alias: Answer | None = None
    judged: tuple[Judged, ...] = ()
    """What our own validation makes of the addresses, the alias and the records, where there are records."""

    @property
    def records(self) -> tuple[TLSARecord, ...]:
        found = []
        for record in self.answer.records:
            usage, selector, matching, *data = record.data.split()
            found.append(TLSARecord(int(usage), int(selector), int(matching), "".join(data).lower()))
        return tuple(found)

    @property
    def base(self) -> str:
        """The TLSA base domain: the name that the records hang on (RFC 7672, section 2.2.3)."""
        return self.answer.name.removeprefix("_25._tcp.")

    @property
    def proposed(self) -> bool:
        """Whether the records, or the addresses, are those of a zone that is not published yet."""
        return self.answer.proposed or self.addresses.proposed

    @property
    def why_insecure(self) -> str:
        """What keeps the records from being secured, where that is known."""
        return "; ".join(dict.fromkeys(str(one) for one in self.judged if not one.secure))

    @property
    def applies(self) -> bool:
        """Whether senders that do DANE heed the records: they exist and are secure (RFC 7672, section 2.2).

        Proposed records are taken as if they were signed already: what they say of the key can be judged now.
        """
        return bool(self.records) and (self.secure or self.proposed)

    def evidence(self) -> tuple[str, ...]:
        alias = self.alias.evidence() if self.alias else ()
        validation = (line for one in self.judged for line in one.evidence())
        return (*self.addresses.evidence(), *alias, *self.answer.evidence(), *validation)


@dataclass(frozen=True)
class ChainMatch:
    """One certificate chain and the TLSA records that it satisfies, as text.

    ``remarks`` say of records that name a certificate of the chain why they do not match it all the same.
    """

    chain: Chain
    matching: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    def has(self, usage: int) -> bool:
        """Whether a record of this certificate usage is satisfied."""
        return any(text.startswith(f"{usage} ") for text in self.matching)


@dataclass(frozen=True)
class DANE(Observation):
    """The TLSA records of a host against what one of its addresses sends after STARTTLS."""

    tlsa: TLSA
    tls_offered: bool
    chains: tuple[ChainMatch, ...]
    tls_failure: str = ""
    """Why no handshake succeeds, where the server declines them all."""
    endpoint: str = ""

    @property
    def authenticated_by_key(self) -> bool:
        """A DANE-EE record (usage 3) matches: names, dates and issuers do not count then (RFC 7672, section 3.1.1)."""
        return self.tlsa.applies and any(match.has(3) for match in self.chains)

    def evidence(self) -> tuple[str, ...]:
        lines = list(self.tlsa.answer.evidence())
        if self.tlsa.applies and not self.tls_offered:
            lines.append(f"{self.endpoint}: no STARTTLS in the EHLO reply")
        if self.tls_failure:
            lines.append(f"{self.endpoint}: {self.tls_failure}")
        for match in self.chains:
            leaf = match.chain.leaf
            lines.append(f"sent: {leaf.subject}, key SHA-256 {leaf.spki_sha256}, certificate SHA-256 {leaf.sha256}")
            lines.append(f"matched by: {'; '.join(match.matching) or 'none'}")
            lines += match.remarks
        return tuple(lines)
