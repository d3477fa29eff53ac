"""The comparison of a run with an earlier one: what is new, what became worse, what was mended, what remains."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import product
from pathlib import Path

from pydantic import StrictBool, ValidationError

from mailproof.controls import Catalogue, Level
from mailproof.documents import UnreadableDocument, read_json
from mailproof.gate.document import (
    FORMAT,
    VERSION,
    BaselineNote,
    DifferenceNote,
    Pair,
    Result,
    RunDocument,
    Selection,
    first_fault,
    parsed,
    result_id,
)
from mailproof.gate.part import Part
from mailproof.gate.verdict import Verdict
from mailproof.patterns import matches
from mailproof.record import FORMAT as RECORD_FORMAT

Key = tuple[str, str]
"""(control, target)."""

AMISS = (Verdict.FAIL, Verdict.INCONCLUSIVE)
"""Verdicts that can keep a gate closed."""

MAX_RENAMES = 4
"""Renames that are tried on one target id."""


class ResultError(Exception):
    """The file is not a result that this version can read."""


@dataclass(frozen=True, slots=True)
class Verdicted(Part):
    """What an earlier or present run said of one control on one target."""

    control: str
    target: str
    verdict: Verdict
    level: Level
    message: str

    @property
    def key(self) -> Key:
        return self.control, self.target


@dataclass(frozen=True)
class Snapshot:
    """The verdicts of a run."""

    inventory: str
    started_at: str
    results: Mapping[Key, Verdicted]
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Former names of domains and hosts to their present ones."""

    def with_present_ids(self, catalogue: Catalogue) -> Snapshot:
        """The same verdicts under the ids that controls have now; of two that became one, what is amiss counts."""
        results: dict[Key, Verdicted] = {}
        for result in self.results.values():
            renamed = replace(result, control=catalogue.present_id(result.control))
            if renamed.key not in results or renamed.verdict in AMISS:
                results[renamed.key] = renamed
        return replace(self, results=results)


def snapshot(document: RunDocument) -> Snapshot:
    """The verdicts of a run that has ended."""
    results = {result.key: verdicted(result) for result in document.results}
    return Snapshot(document.inventory, document.started_at, results, document.renamed)


def verdicted(result: Result) -> Verdicted:
    """A result without its proof."""
    return Verdicted(result.control, result.target, result.verdict, result.level, result.message)


def read_snapshot(file: Path, narrowing: Sequence[str] | None = None) -> Snapshot:
    """Read the JSON result of a run that came to its end. Raises ResultError that says what is wrong with the file.

    What only a part of the suite said is comparable with the same part alone: ``narrowing`` is how the present run is
    narrowed, None if any result will do.
    """
    try:
        document = read_json(
            file,
            "result",
            FORMAT,
            VERSION,
            missing="; a run writes reports/NAME.json",
            others={RECORD_FORMAT: "; it is a record, which --replay judges"},
        )
    except UnreadableDocument as error:
        raise ResultError(str(error)) from None
    try:
        earlier = parsed(_Earlier, document)
    except ValidationError as error:
        raise ResultError(f"{file}: damaged: {first_fault(error)}") from None
    results = {item.key: item for item in earlier.results}
    if len(results) != len(earlier.results):
        raise ResultError(f"{file}: damaged: a control judges the same target twice")
    _check_extent(file, earlier, narrowing)
    return Snapshot(earlier.inventory, earlier.started_at, results, earlier.renamed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Earlier(Part):
    """Of the document of an earlier run, what a comparison needs: a whole one is large."""

    inventory: str
    started_at: str
    complete: StrictBool = False
    selection: Selection | None = None
    renamed: dict[str, str] = field(default_factory=dict)
    results: tuple[Verdicted, ...]


def _check_extent(file: Path, earlier: _Earlier, narrowing: Sequence[str] | None) -> None:
    """Raise ResultError if the run was stopped, judged nothing, or judged another part of the suite."""
    if not earlier.complete:
        raise ResultError(f"{file}: that run was stopped before its end; what it did not judge would look mended")
    if not earlier.results:
        raise ResultError(f"{file}: that run judged nothing")
    selection = earlier.selection
    if narrowing is not None and selection is not None and selection.partial and selection.by != tuple(narrowing):
        how = ", ".join(selection.by) or "a setting of pytest"
        raise ResultError(f"{file}: that run judged only a part of the suite ({how}); take the result of a whole run")


class Change(StrEnum):
    """What became of a verdict between two runs."""

    NEW = "new"
    """Amiss, and was not judged before."""
    REGRESSED = "regressed"
    """Amiss, and was better before: right, waived, advice, not verified, or failed at a weaker level."""
    KNOWN = "known"
    """Was amiss before and still is not right."""
    MENDED = "mended"
    """Was amiss or waived before, and is right or does not apply any more."""
    UNCHANGED = "unchanged"
    """Was not amiss and is not."""
    ADDED = "added"
    """Not amiss, and was not judged before."""
    GONE = "gone"
    """Was judged before and no longer is."""


WORSE = (Change.NEW, Change.REGRESSED)
"""Changes that keep a gate closed which has a baseline."""


def change_of(before: Verdicted | None, verdict: str, level: str) -> Change:
    """What became of a verdict."""
    amiss = verdict in AMISS
    if before is None:
        return Change.NEW if amiss else Change.ADDED
    if amiss:
        if before.verdict not in AMISS:
            return Change.REGRESSED
        if verdict == Verdict.FAIL:
            weaker = before.verdict == Verdict.INCONCLUSIVE or Level(level).rank < before.level.rank
            return Change.REGRESSED if weaker else Change.KNOWN
        return Change.KNOWN
    if verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
        return Change.MENDED if before.verdict in (*AMISS, Verdict.WAIVED) else Change.UNCHANGED
    return Change.KNOWN if before.verdict in AMISS else Change.UNCHANGED


def former_keys(old: Iterable[Key], new: Iterable[Key], renamed: Mapping[str, str]) -> dict[Key, Key]:
    """Which key of ``old`` each of ``new`` had, renames followed; those that are new are left out.

    A key that is in both is itself. No old key is given to two new ones.
    """
    known, present = set(old), set(new)
    pairs = {key: key for key in present & known}
    if not renamed:
        return pairs
    free = known - present
    for control, target in sorted(present - known):
        for candidate in _former_ids(target, renamed):
            if (control, candidate) in free:
                free.remove((control, candidate))
                pairs[control, target] = (control, candidate)
                break
    return pairs


def _former_ids(target: str, renamed: Mapping[str, str]) -> Iterator[str]:
    """What a target may have been called: the fewest renames first, whole names before names below them."""
    rules = []
    for former, present in renamed.items():
        name = re.escape(present)
        for before in (r"(?<![A-Za-z0-9_.-])", r"(?<=[A-Za-z0-9_-]\.)"):
            pattern = re.compile(f"{before}{name}(?![A-Za-z0-9_-]|\\.[A-Za-z0-9_-])")
            if pattern.search(target):
                rules.append((pattern, former))
    rules = rules[:MAX_RENAMES]
    choices = product((False, True), repeat=len(rules))
    for chosen in sorted(choices, key=lambda used: (sum(used), [not one for one in used])):
        id = target
        for (pattern, former), used in zip(rules, chosen, strict=True):
            if used:
                id = pattern.sub(former, id)
        if id != target:
            yield id


@dataclass(frozen=True)
class Difference:
    """One verdict in both runs; the empty text stands for "not judged"."""

    control: str
    target: str
    change: Change
    before: str
    after: str
    message: str
    """What was found, in one line, where it is amiss or was."""
    former: str = ""
    """The target's former id, where that differs."""


@dataclass(frozen=True)
class Comparison:
    """Two runs compared. Every key of either run is in exactly one of ``differences``."""

    old: Snapshot
    new: Snapshot
    differences: tuple[Difference, ...]

    def of(self, *changes: Change) -> tuple[Difference, ...]:
        """The differences of one kind or several, by target and control."""
        return tuple(difference for difference in self.differences if difference.change in changes)

    def lost(self, accepted: Iterable[str] = ()) -> Iterator[Pair]:
        """What was right and is judged no longer, or has become an advice: a record or host that is gone.

        What does not apply any more is a consequence of that, and not counted again.
        ``accepted`` are patterns of control or target ids whose loss is meant.
        """
        patterns = tuple(accepted)
        for item in self.differences:
            gone = item.after in ("", Verdict.ADVICE)
            meant = any(
                matches(pattern, item.control) or matches(pattern, item.target, whole_names=True)
                for pattern in patterns
            )
            if item.before == Verdict.PASS and gone and not meant:
                yield Pair(item.control, item.target)

    def counts(self) -> dict[str, int]:
        """How many differences there are of each kind, all kinds present."""
        found = Counter(difference.change for difference in self.differences)
        return {str(change): found[change] for change in Change}

    @property
    def worse(self) -> bool:
        """Whether anything is new or regressed."""
        return bool(self.of(*WORSE))

    @property
    def targets_added(self) -> tuple[str, ...]:
        """Targets that the old run did not judge under this name or a former one."""
        before = {d.target for d in self.differences if d.before and d.after}
        return tuple(sorted({target for _, target in self.new.results} - before))

    @property
    def targets_gone(self) -> tuple[str, ...]:
        """Targets that the new run does not judge under any name."""
        after = {d.former or d.target for d in self.differences if d.before and d.after}
        return tuple(sorted({target for _, target in self.old.results} - after))

    def note(self, file: str) -> BaselineNote:
        """The comparison for reports; verdicts that nobody asks about are only counted.

        ``file`` is where the earlier result was read from.
        """
        return BaselineNote(
            file=file,
            inventory=self.old.inventory,
            started_at=self.old.started_at,
            counts=self.counts(),
            new=_notes(self.of(Change.NEW)),
            regressed=_notes(self.of(Change.REGRESSED)),
            mended=_notes(self.of(Change.MENDED)),
            known=_notes(self.of(Change.KNOWN)),
            gone=_notes(item for item in self.of(Change.GONE) if item.before in AMISS),
            targets_added=self.targets_added,
            targets_gone=self.targets_gone,
        )


def compare(old: Snapshot, new: Snapshot) -> Comparison:
    """Compare two runs, following the renames that the new one knows of."""
    pairs = former_keys(old.results, new.results, new.renamed)
    differences = []
    for key, now in new.results.items():
        before = old.results[pairs[key]] if key in pairs else None
        change = change_of(before, now.verdict, now.level)
        message = before.message if before and change is Change.MENDED else now.message
        former = before.target if before and before.target != now.target else ""
        earlier = before.verdict if before else ""
        differences.append(Difference(now.control, now.target, change, earlier, now.verdict, message, former))
    followed = set(pairs.values())
    for key, before in old.results.items():
        if key not in followed:
            differences.append(
                Difference(before.control, before.target, Change.GONE, before.verdict, "", before.message)
            )
    differences.sort(key=lambda d: (d.target, d.control, d.change))
    return Comparison(old, new, tuple(differences))


def _notes(differences: Iterable[Difference]) -> tuple[DifferenceNote, ...]:
    return tuple(
        DifferenceNote(
            id=result_id(difference.control, difference.target),
            control=difference.control,
            target=difference.target,
            former=difference.former,
            before=difference.before,
            after=difference.after,
            message=difference.message,
        )
        for difference in differences
    )
