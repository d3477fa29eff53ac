"""TLSA records of the services for users: submission, IMAP, POP3 (RFC 7673)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mailproof.net.dns.client import Answer
from mailproof.observations import Observation
from mailproof.observations.dane import ChainMatch, TLSARecord, records_of
from mailproof.observations.dnssec import Judged


@dataclass(frozen=True)
class ServiceDANE(Observation):
    """The TLSA records for the port of an endpoint, and the chains that it sends; nothing of an MX endpoint."""

    endpoint: str
    answer: Annotated[Answer | None, "TLSA"] = None
    """None: the endpoint takes mail from other servers, so that RFC 7672 rules."""
    judged: tuple[Judged, ...] = ()
    """What our own validation makes of the addresses and the records, where there are records."""
    chains: tuple[ChainMatch, ...] = ()
    """Looked at where the records are secure."""

    @property
    def is_mx(self) -> bool:
        return self.answer is None

    @property
    def records(self) -> tuple[TLSARecord, ...]:
        return records_of(self.answer) if self.answer is not None else ()

    @property
    def secure(self) -> bool:
        """Whether addresses and records are secured by DNSSEC (RFC 7673, section 3)."""
        return bool(self.judged) and all(one.secure for one in self.judged)

    def evidence(self) -> tuple[str, ...]:
        lines = list(self.answer.evidence()) if self.answer is not None else []
        lines += [line for one in self.judged for line in one.evidence()]
        return (*lines, *(line for match in self.chains for line in match.evidence()))
