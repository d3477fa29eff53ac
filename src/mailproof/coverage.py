"""The map of the field: every check that the peers have, or that none has, and the controls of ours that answer it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

from mailproof.controls import Catalogue

DATA = "coverage.toml"

NOT_BUILT = "not built yet"
"""Why no control answers a row for which one is meant to be written."""


class Answer(StrEnum):
    """How a row is answered."""

    OWN = "a control of its own"
    OTHER = "another control"
    UNBUILT = "not built yet"
    NONE = "no control, for a reason"


@dataclass(frozen=True)
class Row:
    """One check of the field."""

    id: str
    family: str
    mode: str
    """D for questions to the DNS, P for passive connections, A for dialogues that need the owner's consent, O for files
    and messages, N for third parties.
    """
    demands: str
    source: str = ""
    peers: str = ""
    """Letters of the peers that have it, with the name of their test behind a colon; empty: none of them has."""
    by: tuple[str, ...] = ()
    """The controls that answer it, if none of its own id does."""
    why: str = ""
    """Why no control answers it."""

    def answer(self, catalogue: Catalogue) -> Answer:
        """How the controls of ``catalogue`` answer it."""
        if self.id in catalogue.controls:
            return Answer.OWN
        if self.by:
            return Answer.OTHER
        return Answer.UNBUILT if self.why == NOT_BUILT else Answer.NONE


@dataclass(frozen=True)
class Coverage:
    """The whole map."""

    rows: tuple[Row, ...]
    families: dict[str, str]
    """Titles by the families' short names, in order."""
    peers: dict[str, str]
    """Names by letter."""

    def problems(self, catalogue: Catalogue) -> Iterator[str]:
        """Where the map and the controls disagree."""
        ids = [row.id for row in self.rows]
        for id in dict.fromkeys(ids):
            if ids.count(id) > 1:
                yield f"{id} has {ids.count(id)} rows"
        for control in catalogue:
            if not {control.id, *control.formerly} & set(ids):
                yield f"the control {control.id} has no row"
        for row in self.rows:
            yield from self._problems_of(row, catalogue)

    def _problems_of(self, row: Row, catalogue: Catalogue) -> Iterator[str]:
        answers = (row.id in catalogue.controls) + bool(row.by) + bool(row.why)
        if answers != 1:
            yield f"{row.id}: one of a control with this id, `by` and `why` is wanted, not {answers} of them"
        for id in row.by:
            if id not in catalogue.controls:
                yield f"{row.id}: there is no control {id}"
        if row.family not in self.families:
            yield f"{row.id}: there is no family {row.family}"
        for peer in row.peers.split():
            if peer.partition(":")[0] not in self.peers:
                yield f"{row.id}: there is no peer {peer}"

    def of_peer(self, letter: str, catalogue: Catalogue) -> tuple[str, ...]:
        """The controls that answer what a peer checks, each once."""
        theirs = (row for row in self.rows if letter in (peer.partition(":")[0] for peer in row.peers.split()))
        answers = (id for row in theirs for id in (row.id, *row.by) if id in catalogue.controls)
        return tuple(dict.fromkeys(answers))


def load_coverage() -> Coverage:
    """Read the map that ships with mailproof."""
    data = tomllib.loads(files("mailproof").joinpath(DATA).read_text(encoding="utf-8"))
    rows = tuple(Row(**{**row, "by": tuple(row.get("by", ()))}) for row in data["row"])
    return Coverage(rows, data["families"], data["peers"])


def counts(coverage: Coverage, catalogue: Catalogue) -> Iterator[str]:
    """How much of each family is answered, line by line for people."""
    width = max(map(len, coverage.families.values()))
    heads = {Answer.OWN: "own", Answer.OTHER: "other", Answer.NONE: "reason", Answer.UNBUILT: "open"}
    yield f"{'family':{width + 8}}{'rows':>6}" + "".join(f"{head:>8}" for head in heads.values())
    totals = []
    for name, title in coverage.families.items():
        answers = [row.answer(catalogue) for row in coverage.rows if row.family == name]
        totals += answers
        yield f"{name:8}{title:{width}}{_counted(answers, heads)}"
    yield f"{'all':{width + 8}}{_counted(totals, heads)}"
    yield ""
    yield "own: a control with the id of the row; other: answered by another control; reason: no control, and why;"
    yield "open: not built yet. docs/coverage.md has every row."


def _counted(answers: list[Answer], heads: Iterable[Answer]) -> str:
    return f"{len(answers):6}" + "".join(f"{answers.count(answer):8}" for answer in heads)
