"""Observations and targets as fixtures of pytest, for house rules and for runs that a conftest hooks into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mailproof.docket import target_fixtures
from mailproof.observations import Observation
from mailproof.probes.probe import Probe
from mailproof.run.seen import Seen, itself
from mailproof.targets.base import Target


def observation_fixtures(seen: Seen, probes: Mapping[str, Probe]) -> object:
    """A plugin object whose fixtures are the observations and the targets."""
    fixtures: dict[str, Any] = {name: _observation_fixture(seen, name, probe) for name, probe in probes.items()}
    fixtures |= {name: _target_fixture(name, kind) for name, kind in target_fixtures().items()}
    return type("ObservationFixtures", (), fixtures)()


def _observation_fixture(seen: Seen, name: str, probe: Probe) -> Any:
    def observe(self: object, target: Target) -> Observation:
        return seen.observation(name, target)

    observe.__doc__ = probe.function.__doc__
    return pytest.fixture(name=name)(observe)


def _target_fixture(name: str, kind: type[Target]) -> Any:
    def target_itself(self: object, target: Target) -> Target:
        return itself(target)

    target_itself.__doc__ = f"The {kind.__name__} that the control judges."
    return pytest.fixture(name=name)(target_itself)
