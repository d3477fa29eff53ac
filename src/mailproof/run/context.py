"""What the phases of one run share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailproof.controls import Catalogue, Control
from mailproof.docket import Docket
from mailproof.gate.baseline import Snapshot
from mailproof.gate.policy import Policy
from mailproof.gate.result import RunResult
from mailproof.gate.waivers import Waivers
from mailproof.inventory.load import LoadedInventory
from mailproof.probes.probe import Probe
from mailproof.proposal import Proposal
from mailproof.record import Record
from mailproof.run.options import Options
from mailproof.targets.base import Targets
from mailproof.vantage import Vantage


@dataclass
class Context:
    """The inputs of a run, and what its phases hand to each other."""

    config: pytest.Config
    options: Options
    loaded: LoadedInventory
    catalogue: Catalogue
    proposal: Proposal
    policy: Policy
    waivers: Waivers
    probes: Mapping[str, Probe]
    run: RunResult
    earlier: Snapshot | None = None
    """The baseline."""
    former: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """Keys of the present results to those of ``earlier``."""
    targets: Targets = field(default_factory=Targets)
    record: Record | None = None
    facts: tuple[tuple[str, str, str], ...] = ()
    """Target, name and text of what the next run is to know, by the history."""
    vantage: Vantage = field(default_factory=lambda: Vantage({}))
    collected: dict[str, Control] = field(default_factory=dict)
    """All controls that were collected, house rules included."""
    broken: bool = False
    """Whether a file of the suite or of the rules could not be collected, so that pytest stops."""
    expected: int = 0
    """Pairs of control and target that are to be judged."""
    waived: dict[int, set[tuple[str, str]]] = field(default_factory=dict)
    """Which (control, target) pairs of this inventory each waiver is meant for, by its index."""

    def __post_init__(self) -> None:
        self.docket = Docket(self.probes, self.policy)
        self.worker: Mapping[str, Any] | None = getattr(self.config, "workerinput", None)

    @property
    def is_worker(self) -> bool:
        """Whether this is a process of pytest-xdist that judges for another one."""
        return self.worker is not None

    @property
    def is_controller(self) -> bool:
        """Whether this process hands the controls to workers of pytest-xdist."""
        return bool(self.config.pluginmanager.hasplugin("dsession"))

    @property
    def reports(self) -> bool:
        """Whether this process is the one that reports, and there is something to report."""
        return self.options.reports and not self.is_worker

    @property
    def controls(self) -> dict[str, Control]:
        """The controls of the catalogue and the house rules that were collected, by id."""
        return {**self.catalogue.controls, **self.collected}
