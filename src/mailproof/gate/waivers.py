"""Waivers: accepted findings, each with a reason and a last day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from pydantic import Field

from mailproof.controls import Catalogue
from mailproof.gate.document import WaiverNote, WaiverState, plain
from mailproof.gate.verdict import Judgement, Verdict
from mailproof.inventory.errors import Problem
from mailproof.inventory.load import LoadedInventory, load_part
from mailproof.inventory.model import Waiver
from mailproof.inventory.parts import Part
from mailproof.patterns import matches, names_control
from mailproof.places import Place

WARNING_DAYS = 14
"""A waiver is warned about from so many days before its last one."""

EXAMPLE = "waivers: [{control: TLS-NO-10-11, target: mx1.example.org*, reason: old scanners, expires: 2027-03-31}]"

FINDINGS = (Verdict.FAIL, Verdict.ADVICE, Verdict.WAIVED)


class WaiverFile(Part):
    """A file of waivers."""

    waivers: list[Waiver] = Field(description="Accepted findings.")


@dataclass(frozen=True)
class PlacedWaiver:
    """A waiver and where it stands."""

    waiver: Waiver
    place: Place

    def covers(self, names: Iterable[str], target: str) -> bool:
        """Whether it is meant for the control with these names and this target, in force or not."""
        return self.names(names) and matches(self.waiver.target, target, whole_names=True)

    def names(self, names: Iterable[str]) -> bool:
        """Whether it names the control that has, or had, one of these ids."""
        return any(names_control(self.waiver.control, name) for name in names)

    def accepts(self, verdict: str) -> bool:
        """Whether a verdict is one that it covers while it is in force."""
        return verdict in FINDINGS or (self.waiver.inconclusive and verdict == Verdict.INCONCLUSIVE)

    def days_left(self, today: date) -> int:
        """Days after ``today`` on which it still holds: 0 on its last day, negative once it has expired."""
        return (self.waiver.expires - today).days

    def note(self, today: date) -> WaiverNote:
        """The waiver for reports."""
        written = self.waiver.model_dump(mode="json")
        return WaiverNote(**written, days_left=self.days_left(today), line=self.place.line)


class Waivers:
    """The waivers of a run, as of one day. The catalogue knows the former ids of controls."""

    def __init__(self, entries: Sequence[PlacedWaiver], today: date, catalogue: Catalogue) -> None:
        self.entries = tuple(entries)
        self.today = today
        self._catalogue = catalogue

    @classmethod
    def load(cls, loaded: LoadedInventory, files: Iterable[Path], today: date, catalogue: Catalogue) -> Waivers:
        """Those of the inventory and of further files. Raises InventoryError for whatever is wrong with the files."""
        entries = [
            PlacedWaiver(waiver, loaded.places["waivers", index]) for index, waiver in enumerate(loaded.model.waivers)
        ]
        for file in files:
            part, places = load_part(file, WaiverFile, EXAMPLE, secrets=loaded.secrets)
            entries += [PlacedWaiver(waiver, places["waivers", index]) for index, waiver in enumerate(part.waivers)]
        return cls(entries, today, catalogue)

    def covering(self, control: str, target: str) -> tuple[int, ...]:
        """Indices of the waivers that are meant for this control and target."""
        if not self.entries:  # as mostly: this is asked for each verdict
            return ()
        names = self._catalogue.names(control)
        return tuple(index for index, entry in enumerate(self.entries) if entry.covers(names, target))

    def apply(self, judgement: Judgement, control: str, target: str) -> tuple[Judgement, WaiverNote | None]:
        """The judgement under the waivers, and the waiver that it owes something to, for reports.

        A finding is waived, and what could not be verified if the waiver says so. One whose waiver has expired says so.
        """
        entries = (self.entries[index] for index in self.covering(control, target))
        covering = [entry for entry in entries if entry.accepts(judgement.verdict)]
        if not covering:
            return judgement, None
        last = max(covering, key=lambda entry: entry.waiver.expires)
        note = last.note(self.today)
        if last.days_left(self.today) >= 0:
            return replace(judgement, verdict=Verdict.WAIVED), note
        expired = f"the waiver of this finding ({last.waiver.reason}) expired after {last.waiver.expires}"
        return replace(judgement, observed=f"{judgement.observed}\n{expired}"), note

    def problems(self, targets: Mapping[str, Sequence[str]], unknown: Iterable[str]) -> Iterator[Problem]:
        """Waivers that match no control or no target of it.

        ``targets`` are the ids of the targets that each control judges, by the control's id. ``unknown`` are the
        controls some of whose targets could not be found out: waivers of these may be right.
        """
        doubtful = set(unknown)
        for entry in self.entries:
            waiver, place = entry.waiver, entry.place
            controls = [id for id in targets if entry.names(self._catalogue.names(id))]
            if not controls:
                hint = _nearest(waiver.control.upper(), targets, "`mailproof controls` lists them")
                yield Problem(place.path, place.line, "waivers", f"no control matches {waiver.control}; {hint}")
                continue
            ids = {target for id in controls for target in targets[id]}
            if not any(
                matches(waiver.target, target, whole_names=True) for target in ids
            ) and not doubtful.intersection(controls):
                hint = _nearest(waiver.target.lower(), sorted(ids), "it judges none in this inventory")
                message = f"no target of {waiver.control} matches {waiver.target}; {hint}"
                yield Problem(place.path, place.line, "waivers", message)

    def states(
        self, results: Iterable[tuple[str, str, str]], covered: Mapping[int, int], complete: bool
    ) -> list[WaiverState]:
        """What became of each waiver, for reports: ``state``, and how many ``findings`` it was meant for.

        ``results`` are (control, target, verdict); ``covered`` says how many pairs of control and target each
        waiver is meant for. The state is one of

        - ``used``: it covers a finding;
        - ``expired``: there is a finding that it no longer covers;
        - ``unneeded``: everything that it is meant for was judged, and nothing of it was found amiss;
        - ``open``: nothing amiss was found, but not all of it could be judged in this run.
        """
        seen: list[list[str]] = [[] for _ in self.entries]
        for control, target, verdict in results:
            for index in self.covering(control, target):
                seen[index].append(verdict)
        found = []
        for index, entry in enumerate(self.entries):
            verdicts = seen[index]
            findings = sum(entry.accepts(verdict) for verdict in verdicts)
            judged = len(verdicts) == covered.get(index, 0) and verdicts and complete
            if findings:
                state = "used" if entry.days_left(self.today) >= 0 else "expired"
            else:
                state = "unneeded" if judged and Verdict.INCONCLUSIVE not in verdicts else "open"
            found.append(WaiverState(**plain(entry.note(self.today)), state=state, findings=findings))
        return found


def is_expiring(waiver: WaiverNote) -> bool:
    """Whether it is time to say that the waiver ends soon."""
    return 0 <= waiver.days_left <= WARNING_DAYS


def _nearest(pattern: str, known: Iterable[str], otherwise: str) -> str:
    near = get_close_matches(pattern, known, 3, 0.4)
    return f"did you mean {' or '.join(near)}?" if near else otherwise
