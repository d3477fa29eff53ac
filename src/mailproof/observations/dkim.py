"""DKIM key records (RFC 6376, section 3.6.1; RFC 8301; RFC 8463)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mailproof.grammars.dkim import KeyRecord, parse_key_record
from mailproof.net.dns.client import Answer
from mailproof.observations import Observation


@dataclass(frozen=True)
class DKIMKey(Observation):
    """What stands at a selector's name."""

    selector: str
    domain: str
    answer: Annotated[Answer, "TXT"]
    unregistered: str = ""
    """The domain that anybody could register to have the name that this leads to; empty where it is registered."""

    @property
    def records(self) -> tuple[KeyRecord, ...]:
        return tuple(parse_key_record(record.text) for record in self.answer.records)

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence()


@dataclass(frozen=True)
class DKIMSubtree(Observation):
    """Whether there is anything below ``_domainkey`` of a domain, where all of its keys stand."""

    domain: str
    answer: Annotated[Answer, "TXT"]
    """For ``_domainkey.DOMAIN`` itself, which has no records: NOERROR says that there are names below it."""

    @property
    def is_empty(self) -> bool:
        """NXDOMAIN: neither the name nor anything below it exists (RFC 8020)."""
        return self.answer.nonexistent

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence()
