"""What a service did while a part of it was down."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.drills import Asked, DrillRecord, Sample
from mailproof.exercises import Sent
from mailproof.observations import Observation


@dataclass(frozen=True)
class Drilled(Observation):
    """The record of a drill."""

    file: str
    """As reports call it."""
    drill: DrillRecord | None
    """None where there was none so far."""
    observed_at: str = ""

    def _head(self) -> tuple[str, ...]:
        if self.drill is None:
            return (f"{self.file}: there is no record",)
        told = f"{self.drill.part} was down for {self.drill.seconds_down:.0f} s"
        if self.drill.not_back:
            told = f"{self.drill.part} was not brought back: {self.drill.not_back}"
        return (f"{self.file}: run {self.drill.run}, {self.drill.began_at} to {self.drill.ended_at}: {told}",)


@dataclass(frozen=True)
class BackupDrilled(Drilled):
    """What the backup MX of a domain said before and while the primary was down."""

    def asked(self, phase: str, form: str) -> tuple[Asked, ...]:
        """The answers of every backup about one kind of recipient."""
        found = self.drill.asked if self.drill else ()
        return tuple(one for one in found if one.phase == phase and one.form == form)

    @property
    def sent(self) -> Sent | None:
        """The message that a backup was given while the primary was down."""
        return next(iter(self.drill.sent), None) if self.drill else None

    def evidence(self) -> tuple[str, ...]:
        lines = [*self._head(), *map(str, self.drill.asked if self.drill else ())]
        if self.sent is not None:
            lines.append(f"test message at {self.sent.server}: {self.sent.failure or self.sent.code} {self.sent.reply}")
            lines += [f"  arrived in {arrival.folder}" for arrival in self.sent.arrivals]
        return tuple(lines)


@dataclass(frozen=True)
class VIPDrilled(Drilled):
    """How an address answered before, while and after one of its servers was down."""

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Every connection, in their order."""
        return self.drill.samples if self.drill else ()

    def evidence(self) -> tuple[str, ...]:
        return (*self._head(), *map(str, self.samples))
