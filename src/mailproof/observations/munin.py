"""The histories that Munin keeps: which are current, and which belong to no node any more."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place


@dataclass(frozen=True)
class NodeHistories:
    """A node of munin.conf and how many minutes old its oldest and its newest history are; None where it has none."""

    name: str
    place: Place
    oldest: int | None = None
    newest: int | None = None
    stale: str = ""
    """The history that is the oldest."""


@dataclass(frozen=True)
class MuninHistories(Observation):
    """Of a master of Munin; ``files`` alone for another program."""

    program: str
    files: tuple[str, ...]
    nodes: tuple[NodeHistories, ...] = ()
    orphans: tuple[str, ...] = ()
    """Histories of names that munin.conf has not, and that are no other name of a current history."""
    total: int = 0

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program}: {', '.join(self.files)}, {self.total} histories"]
        for node in self.nodes:
            ages = "no history" if node.newest is None else f"{node.newest} to {node.oldest} minutes old"
            lines.append(f"{node.place}: {node.name}: {ages}")
        return (*lines, *(f"of no node: {path}" for path in self.orphans))
