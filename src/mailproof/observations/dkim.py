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
    below: Annotated[Answer | None, "TXT"] = None
    """For a made-up selector; None where there is nothing below ``_domainkey``."""
    beside: Annotated[Answer | None, "TXT"] = None
    """For a made-up name below the domain; None where the made-up selector does not exist."""

    @property
    def is_empty(self) -> bool:
        """NXDOMAIN: neither the name nor anything below it exists (RFC 8020)."""
        return self.answer.nonexistent

    @property
    def is_hidden(self) -> bool:
        """Whether a wildcard makes ``_domainkey`` exist, so that nothing is seen of keys below it (RFC 4592, 2.2.2).

        It makes every other name exist too, a selector that nobody has among them: that would not exist where keys
        stand beside it, since ``_domainkey`` is a name of its own then.
        """
        asked = (self.below, self.beside)
        return all(answer is not None and not answer.nonexistent for answer in asked)

    def evidence(self) -> tuple[str, ...]:
        answers = (self.answer, self.below, self.beside)
        return tuple(line for answer in answers if answer is not None for line in answer.evidence())
