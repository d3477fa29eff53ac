"""Reports that a service writes about the domains of an exercise."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.observations.exercises import Exercised, ExerciseReports, ReportSeen

from .case import Case, Table, advises, fails, leaves, passes, skips, undecided
from .incoming import NEVER, OLD, exercised
from .outgoing import delivery, sink

_TODAY = exercised(at="2026-11-23T12:00:00+00:00")
_UNSENT = replace(exercised(), exercise=replace(_TODAY.exercise, sent=())) if _TODAY.exercise else NEVER


def _report(signed_by: tuple[str, ...] | None = ("example.org",)) -> ReportSeen:
    return ReportSeen("report.eml", "example.org", "dmarc@example.org", "right.tests.example.net", 0, signed_by)


_CAME = _report()


def _seen(*found: ReportSeen, of: Exercised | None = None, **changes: object) -> ExerciseReports:
    seen = ExerciseReports(of or exercised(), "tests.example.net", "sink.example.net", True, found, found)
    return replace(seen, **changes)  # type: ignore[arg-type]


_OF_BOTH: tuple[Case, ...] = (
    skips("no reports are asked for", exercise_reports=_seen(test_domain="", sink_domain="")),
    skips("nothing was sent", exercise_reports=_seen(of=NEVER)),
    undecided("more than 30 days ago", exercise_reports=_seen(of=OLD)),
)
_PUT_OFF = sink()
"""Neither the server with the wrong key nor the one that no policy names got its message."""

TABLE: Table = {
    "OUT-REPORTS": (
        *_OF_BOTH,
        passes(exercise_reports=_seen(_CAME)),
        passes(exercise_reports=_seen(_report(None))),
        fails("within 48 hours", level=SHOULD, exercise_reports=_seen()),
        undecided("none came so far", exercise_reports=_seen(of=_TODAY)),
        undecided("report.zip: broken", exercise_reports=_seen(unread=("report.zip: broken",))),
        passes(exercise_reports=_seen(_CAME, unread=("report.zip: broken",))),
        undecided("whose report came", exercise_reports=_seen(_CAME, shared_with=("probe@example.com",))),
        skips("names no `reports`", exercise_reports=_seen(has_reports=False)),
        undecided("was not sent", exercise_reports=_seen(of=_UNSENT)),
    ),
    "OUT-TLSRPT": (
        *_OF_BOTH,
        passes(exercise_reports=_seen(_CAME, of=_PUT_OFF)),
        fails("is not signed", level=MUST, exercise_reports=_seen(_report(()), of=_PUT_OFF)),
        undecided("were not kept", exercise_reports=_seen(_report(None), of=_PUT_OFF)),
        advises("no report of TLS", exercise_reports=_seen(of=_PUT_OFF)),
        undecided("whose report came", exercise_reports=_seen(_CAME, of=_PUT_OFF, shared_with=("a@example.com",))),
        skips("no message was handed in", exercise_reports=_seen(_CAME)),
        leaves("OUT-DANE", exercise_reports=_seen(of=sink(delivery("dane-wrong"), delivery("sts")))),
    ),
}
