"""A result as one line for Nagios, Icinga and whatever else runs monitoring plugins (Monitoring Plugins Guidelines).

An old, stopped or empty result is UNKNOWN, whatever it says: nobody looked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from mailproof.gate.document import RunDocument, count
from mailproof.gate.verdict import Verdict
from mailproof.net.text import escaped, printable, shown
from mailproof.report.escape import clipped
from mailproof.report.selection import worst_first

MAX_AGE = 48.0
"""Hours after which a result says nothing any more: a nightly run was missed, and the next one, too."""

MAX_NAMED = 3
"""Findings that the line names."""

MAX_TEXT = 500
"""Characters before the performance data: more is cut by pagers, and by NRPE."""

_AHEAD = timedelta(minutes=10)
"""How much later than now a survey may have been: clocks differ a little."""


class State(IntEnum):
    """The states of a service, which are the exit codes of a plugin."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True)
class Status:
    """What a plugin says: one line, and its exit code."""

    state: State
    text: str
    performance: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The line. What others wrote does not end its text: a bar would begin the performance data."""
        text = shown(clipped(printable(self.text).replace("|", escaped("|")), MAX_TEXT))
        said = f"MAILPROOF {self.state.name} - {text}"
        return f"{said} | {' '.join(self.performance)}" if self.performance else said


def unknown(reason: str) -> Status:
    """Nothing can be said."""
    return Status(State.UNKNOWN, reason)


def check(document: RunDocument, moment: str, max_age: float = MAX_AGE) -> Status:
    """The status of a result at a moment, for which it may be ``max_age`` hours old."""
    age = datetime.fromisoformat(moment) - datetime.fromisoformat(document.surveyed_at)
    seconds = f"age={max(age.total_seconds(), 0):.0f}s;;;0"
    if reason := _says_nothing(document, age, max_age):
        return Status(State.UNKNOWN, f"{document.inventory}: {reason}", (seconds,))
    return Status(
        _state(document), f"{document.inventory}: {'; '.join(_parts(document))}", (*_counts(document), seconds)
    )


def _says_nothing(document: RunDocument, age: timedelta, max_age: float) -> str:
    """Why a result is none to go by; empty where it is one."""
    if age > timedelta(hours=max_age):
        hours = age.total_seconds() / 3600
        return f"the servers were looked at {hours:.1f} hours ago, and {max_age:g} are allowed (--max-age)"
    if age < -_AHEAD:
        return f"the servers were looked at at {document.surveyed_at}, which is yet to come: a clock is wrong"
    if not document.complete:
        return "the run was stopped before its end"
    if document.proposals:
        return f"it was judged as proposed, and not as it is: {', '.join(document.proposals)}"
    seen = {result.verdict for result in document.results} - {Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE}
    if not seen:
        return document.decision.reasons[0] if document.decision.reasons else "nothing was checked"
    if document.decision.open and any(map(document.closes, document.results)):
        return "the decision is not that of its results"
    return ""


def _state(document: RunDocument) -> State:
    """The decision of the gate. What could not be verified is neither right nor wrong: UNKNOWN where it closes the
    gate, WARNING where the run was only to report it. A part in which nothing is wrong tells nothing of the rest.
    """
    if not document.decision.open:
        closing = {result.verdict for result in document.results if document.closes(result)}
        others = [reason for reason in document.decision.reasons if not reason.endswith(_OF_INCONCLUSIVE)]
        return State.UNKNOWN if closing == {Verdict.INCONCLUSIVE} and not others else State.CRITICAL
    if document.selection is not None and document.selection.partial:
        return State.UNKNOWN
    return State.WARNING if _open(document)[Verdict.INCONCLUSIVE] else State.OK


_OF_INCONCLUSIVE = ("inconclusive", "with an expired waiver")
"""How the reasons end that say no more than the verdicts do."""


def _open(document: RunDocument) -> Counter[Verdict]:
    """How many results there are of each verdict, without those that the baseline knows."""
    return Counter(result.verdict for result in document.results if result.change != "known")


def _parts(document: RunDocument) -> Iterator[str]:
    if document.decision.open:
        yield ", ".join(("the gate is open", f"{_open(document)[Verdict.PASS]} right", *document.tolerated()))
    else:
        yield ", ".join(document.decision.reasons) or "the gate stays closed"
    amiss = worst_first(document, Verdict.FAIL, Verdict.INCONCLUSIVE)
    closing = [result for result in amiss if document.closes(result)]
    if closing:
        first = {result.control: result for result in reversed(closing)}  # of each control the worst
        named = [result for result in closing if first[result.control] is result][:MAX_NAMED]
        more = f" and {len(closing) - len(named)} more" if len(closing) > len(named) else ""
        yield ", ".join(f"{result.control}@{result.target}" for result in named) + more
    if document.selection is not None and document.selection.partial:
        yield f"only a part of the suite: {document.selection.judged} of {count(document.selection.of, 'verdict')}"
    if document.vantage:
        yield f"from here: {', '.join(fault.fault for fault in document.vantage)}"


def _counts(document: RunDocument) -> Iterator[str]:
    """The performance data: label=value;warning;critical;least."""
    here, all_ = _open(document), Counter(result.verdict for result in document.results)
    known = sum(all_[verdict] - here[verdict] for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE))
    yield f"findings={here[Verdict.FAIL]};;0;0"
    yield f"inconclusive={here[Verdict.INCONCLUSIVE]};0;;0"
    yield f"known={known};;;0"
    yield f"advice={all_[Verdict.ADVICE]};;;0"
    yield f"waived={all_[Verdict.WAIVED]};;;0"
    yield f"passed={all_[Verdict.PASS]};;;0"
