"""Probes: the only code that touches a network. Each looks at one target and returns an observation; none judges."""

from __future__ import annotations

from collections.abc import Mapping

from mailproof.extensions import defined
from mailproof.probes.probe import Probe, read_probe


def load_probes() -> Mapping[str, Probe]:
    """All probes by name, those of extensions included. Raises TypeError when a name is used twice."""
    found: dict[str, Probe] = {}
    for value in defined(__name__):
        entry = read_probe(value)
        if entry is not None and found.setdefault(entry.name, entry) is not entry:
            raise TypeError(f"the probe {entry.name} is defined twice")
    return found
