"""What a report shows of the document of a run, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from mailproof.gate.document import Result, RunDocument
from mailproof.gate.verdict import Verdict
from mailproof.languages import Language


def worst_first(document: RunDocument, *verdicts: Verdict) -> list[Result]:
    """The results with one of ``verdicts``, in their order; those that the baseline knows last, then by level.

    What is equal in that stands in the order of the document: control, then target.
    """
    found = [result for result in document.results if result.verdict in verdicts]
    found.sort(key=lambda result: (verdicts.index(result.verdict), result.change == "known", result.level.rank))
    return found


def attested(document: RunDocument) -> list[tuple[str, tuple[str, ...]]]:
    """What the sources of profiles demand and nobody sees from outside, by the profile's name."""
    notes = [*([document.profile] if document.profile is not None else []), *document.own_profiles]
    return list({note.name: note.attestation for note in notes if note.attestation}.items())


MAX_NAMED = 8
"""Controls that are named one by one; of more only the families are."""


def unjudged(controls: Sequence[str], say: Language) -> str:
    """What could not be judged because of a fault: one control for each verdict that could not be given."""
    names = sorted(set(controls))
    if len(names) > MAX_NAMED:
        names = [f"{family}-*" for family in dict.fromkeys(name.split("-")[0] for name in names)]
    if len(controls) == 1:
        return say("1 verdict could not be given because of it: {controls}", controls=", ".join(names))
    return say("{n} verdicts could not be given because of it: {controls}", n=len(controls), controls=", ".join(names))
