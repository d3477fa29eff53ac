"""What the phases of one run share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailproof.controls import Control
from mailproof.run.case import Case
from mailproof.run.options import Options


@dataclass(kw_only=True)
class Context(Case):
    """The inputs of a run, and what its phases hand to each other."""

    config: pytest.Config
    options: Options
    facts: tuple[tuple[str, str, str], ...] = ()
    """Target, name and text of what the next run is to know, by the history."""
    collected: dict[str, Control] = field(default_factory=dict)
    """All controls that were collected, house rules included."""
    broken: bool = False
    """Whether a file of the suite or of the rules could not be collected, so that pytest stops."""
    waived: dict[int, set[tuple[str, str]]] = field(default_factory=dict)
    """Which (control, target) pairs of this inventory each waiver is meant for, by its index."""

    def __post_init__(self) -> None:
        super().__post_init__()
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
