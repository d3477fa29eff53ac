"""A record of fields that a domain publishes at a name of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from mailproof.grammars.fields import near_misses, select_records
from mailproof.net.dns.client import Answer
from mailproof.observations import Observation


@dataclass(frozen=True)
class PublishedRecord(Observation):
    """The TXT records at such a name; those of another version do not count."""

    domain: str
    answer: Annotated[Answer, "TXT"]

    VERSION: ClassVar[str]

    @staticmethod
    def record_errors(text: str) -> tuple[str, ...]:
        """Everything that makes a record void."""
        raise NotImplementedError

    @property
    def texts(self) -> tuple[str, ...]:
        """The records that count."""
        return select_records(self._all, self.VERSION)

    @property
    def near_misses(self) -> tuple[str, ...]:
        """Texts that look like an attempt at such a record and do not count as one."""
        return near_misses(self._all, self.VERSION)

    @property
    def _all(self) -> tuple[str, ...]:
        return tuple(record.text for record in self.answer.records)

    @property
    def errors(self) -> tuple[str, ...]:
        """What makes the one record void; none where there is not exactly one."""
        return self.record_errors(self.texts[0]) if len(self.texts) == 1 else ()

    @property
    def in_force(self) -> bool:
        """Whether senders take the domain to publish the mechanism."""
        return len(self.texts) == 1 and not self.errors

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence()
