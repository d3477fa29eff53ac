"""The comparison of two runs, for people: as plain text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from mailproof.gate.baseline import AMISS, Change, Comparison, Difference
from mailproof.net.text import printable
from mailproof.report.escape import markdown

TITLES = {
    Change.NEW: "New",
    Change.REGRESSED: "Regressed",
    Change.MENDED: "Mended",
    Change.KNOWN: "Remaining",
    Change.GONE: "No longer judged",
}
"""What is listed, in this order; of what is no longer judged only what was amiss."""


def summary(comparison: Comparison) -> str:
    """The counts in one line."""
    counts = comparison.counts()
    gone = len(_listed(comparison, Change.GONE))
    return (
        f"{counts['new']} new, {counts['regressed']} regressed, {counts['mended']} mended, "
        f"{counts['known']} remaining, {gone} no longer judged, {counts['unchanged']} unchanged"
    )


def text(comparison: Comparison) -> str:
    """The comparison for a terminal."""
    return "\n".join(_text(comparison)) + "\n"


def _text(comparison: Comparison) -> Iterator[str]:
    old, new = comparison.old, comparison.new
    yield printable(f"old: {old.inventory}, {old.started_at}, {len(old.results)} verdicts")
    yield printable(f"new: {new.inventory}, {new.started_at}, {len(new.results)} verdicts")
    for change, title in TITLES.items():
        listed = _listed(comparison, change)
        if listed:
            yield ""
            yield f"{title}: {len(listed)}"
        for difference in listed:
            yield f"  {difference.control}  {printable(_target(difference))}  {_course(difference)}"
            yield f"    {printable(difference.message)}"
    for title, targets in (("Targets added", comparison.targets_added), ("Targets gone", comparison.targets_gone)):
        if targets:
            yield ""
            yield f"{title}: {len(targets)}"
            yield from (f"  {printable(target)}" for target in targets)
    yield ""
    yield summary(comparison)


def as_markdown(comparison: Comparison) -> str:
    """The comparison for a pull request."""
    return "\n".join(_markdown(comparison)) + "\n"


def _markdown(comparison: Comparison) -> Iterator[str]:
    old, new = comparison.old, comparison.new
    yield f"## mailproof: {markdown(new.inventory)}, compared with {markdown(old.started_at)}"
    yield ""
    yield summary(comparison)
    for change, title in TITLES.items():
        listed = _listed(comparison, change)
        if listed:
            yield from ("", f"### {title} ({len(listed)})", "")
            yield from ("| control | target | verdict | found |", "| --- | --- | --- | --- |")
        for difference in listed:
            cells = (difference.control, _target(difference), _course(difference), difference.message)
            yield f"| {' | '.join(markdown(cell) for cell in cells)} |"
    for title, targets in (("Targets added", comparison.targets_added), ("Targets gone", comparison.targets_gone)):
        if targets:
            yield from ("", f"### {title} ({len(targets)})", "")
            yield from (f"- {markdown(target)}" for target in targets)


def _listed(comparison: Comparison, change: Change) -> tuple[Difference, ...]:
    found = comparison.of(change)
    return tuple(d for d in found if d.before in AMISS) if change is Change.GONE else found


def _target(difference: Difference) -> str:
    return f"{difference.target} (formerly {difference.former})" if difference.former else difference.target


def _course(difference: Difference) -> str:
    return f"{difference.before or 'not judged'} -> {difference.after or 'not judged'}"
