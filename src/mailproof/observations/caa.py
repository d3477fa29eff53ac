"""Which CAs may issue certificates for a host (RFC 8659)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mailproof.grammars.caa import CAARecord, parse_caa
from mailproof.net.dns.client import Answer
from mailproof.observations import Observation


@dataclass(frozen=True)
class CAA(Observation):
    """The CAA records that count for a host: its own, or those of the nearest name above it that has any."""

    host: str
    steps: tuple[Annotated[Answer, "CAA"], ...]
    """The answers for the host and the names above it, up to the first with records (RFC 8659, section 3)."""

    @property
    def owner(self) -> str:
        """The name whose records count; empty where there are none."""
        return self.steps[-1].name if self.steps and self.steps[-1].records else ""

    @property
    def records(self) -> tuple[CAARecord, ...]:
        found = (parse_caa(record.data) for record in self.steps[-1].records) if self.steps else ()
        return tuple(record for record in found if record is not None)

    def evidence(self) -> tuple[str, ...]:
        return tuple(line for step in self.steps for line in step.evidence())
