"""What is judged in one run, and by what: the inputs of judging, which know nothing of pytest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailproof.controls import Catalogue, Control
from mailproof.docket import Docket
from mailproof.gate.baseline import Snapshot
from mailproof.gate.document import TesterFault, Traffic, without_secrets
from mailproof.gate.policy import Policy
from mailproof.gate.result import RunResult
from mailproof.gate.waivers import Waivers
from mailproof.inventory.load import LoadedInventory
from mailproof.probes.probe import Probe
from mailproof.proposal import Proposal
from mailproof.record import Record
from mailproof.run.reported import reported_notes
from mailproof.targets.base import Target, Targets
from mailproof.targets.shards import Division
from mailproof.vantage import Vantage, look


@dataclass(kw_only=True)
class Case:
    """An inventory, what it is judged by, and what was seen of it."""

    loaded: LoadedInventory
    catalogue: Catalogue
    proposal: Proposal
    policy: Policy
    waivers: Waivers
    probes: Mapping[str, Probe]
    run: RunResult
    directory: Path
    """Where the run was started: reports name the files of the inventory relative to it."""
    earlier: Snapshot | None = None
    """The baseline."""
    former: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """Keys of the present results to those of ``earlier``."""
    targets: Targets = field(default_factory=Targets)
    record: Record | None = None
    vantage: Vantage = field(default_factory=lambda: Vantage({}))
    division: Division | None = None
    """Which shard judges what, where only one of several shards is judged."""
    elsewhere: list[tuple[Control, Target]] = field(default_factory=list)
    """Pairs of control and target that another shard judges."""
    expected: int = 0
    """Pairs of control and target that are to be judged."""

    _here: dict[tuple[type[Target], str], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.docket = Docket(self.probes, self.policy)

    def is_here(self, target: Target) -> bool:
        """Whether no other shard judges ``target``."""
        if self.division is None:
            return True
        key = (target.kind, target.id)
        if key not in self._here:
            self._here[key] = self.division.judges(target, self.loaded.names)
        return self._here[key]

    def take(self, record: Record) -> None:
        """Judge what ``record`` holds from now on, and let the run tell of it."""
        self.record = record
        self.targets = record.targets
        self.vantage = look(record)
        run, redact = self.run, self.loaded.redact
        run.vantage = [TesterFault(str(fault), redact(text)) for fault, text in self.vantage.faults.items()]
        run.reported = [without_secrets(note, redact) for note in reported_notes(record)]
        run.surveyed_at, run.run = record.surveyed_at, record.run
        run.traffic = Traffic(
            {redact(peer): count for peer, count in record.connections.items()},
            {redact(peer): count for peer, count in record.questions.items()},
        )
