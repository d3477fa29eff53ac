"""Probes: the only code that touches a network. Each looks at one target and returns an observation; none judges."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from mailproof.extensions import broken, defined
from mailproof.probes.probe import Probe, read_probe
from mailproof.targets.base import fixture_name, kinds


def load_probes() -> Mapping[str, Probe]:
    """All probes by name, those of extensions included.

    Raises BrokenExtension where one is not what a probe must be or has a name that is taken, and TypeError if it is
    none of an extension.
    """
    found: dict[str, Probe] = {}
    for value in defined(__name__):
        try:
            entry = read_probe(value)
        except TypeError as error:
            raise broken(value.__module__, str(error)) from error
        if entry is None:
            continue
        if (other := found.setdefault(entry.name, entry)) is not entry:
            where = f"in {other.function.__module__} and in {value.__module__}"
            raise broken(value.__module__, f"the probe {entry.name} is defined twice, {where}")
    taken = {fixture_name(kind): kind for kind in kinds().values()}
    for entry in found.values():
        if entry.name in taken:
            why = f"the probe {entry.name} is called as controls call the target {taken[entry.name].__name__}"
            raise broken(entry.function.__module__, why)
        if unknown := [name for name in (*entry.needs, *entry.looks) if name not in found]:
            raise broken(entry.function.__module__, f"the probe {entry.name} builds on {unknown[0]}, which is no probe")
    try:
        TopologicalSorter({entry.name: entry.needs for entry in found.values()}).prepare()
    except CycleError as error:
        ring = error.args[1]
        module = next((m for name in ring if not (m := found[name].function.__module__).startswith(__name__)), __name__)
        raise broken(module, f"the probes {', '.join(ring[1:])} wait for each other") from error
    return found
