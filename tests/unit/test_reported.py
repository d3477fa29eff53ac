"""Who sends in a domain's name: classes of sources, and what the report shows of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from mailproof.gate.document import as_json, parsed, plain
from mailproof.gate.receivers import DayNote, ReportedNote, SourceNote
from mailproof.languages import Language
from mailproof.observations.failing_sources import FailingSource, FailingSources
from mailproof.observations.reports import Reported, SourceSeen
from mailproof.observations.source_classes import Known, SourceClass, classify
from mailproof.probes.probe import Outcome
from mailproof.record import Record
from mailproof.report.html import render
from mailproof.report.html.reported import MAX_BARS, MAX_DAYS, chart
from mailproof.run.reported import reported_notes
from mailproof.targets.base import Targets

from .documents import HOSTILE
from .fleet import document

ENGLISH = Language()

BAD = SourceSeen("192.0.2.9", "example.org", 10)
GOOD = replace(BAD, passed=10, by_spf=10, by_dkim=10)


@pytest.mark.parametrize(
    ("source", "known", "kind", "says"),
    [
        (GOOD, Known(declared=True), SourceClass.OWN, "the inventory names it"),
        (GOOD, Known(own_name="a.example.org"), SourceClass.OWN, "its reverse name a.example.org is ours"),
        (replace(GOOD, messages=1000, passed=990), Known(declared=True), SourceClass.OWN, "fails for 10 of 1000"),
        (BAD, Known(declared=True), SourceClass.MISCONFIGURED, "DMARC fails for 10 of 10 messages"),
        (replace(BAD, reasons=("mailing_list",)), Known(), SourceClass.MAILING_LIST, "a receiver says mailing_list"),
        (replace(GOOD, overridden=2, reasons=("mailing_list",)), Known(), SourceClass.AUTHORISED, "SPF authorises it"),
        (replace(BAD, reasons=("forwarded",)), Known(), SourceClass.FORWARDER, "a receiver says forwarded"),
        (replace(BAD, reasons=("local_policy",)), Known(), SourceClass.UNKNOWN, "nothing passes"),
        (GOOD, Known(listed=("bl",)), SourceClass.AUTHORISED, "SPF authorises it"),
        (replace(BAD, passed=3, by_dkim=3, signed=10), Known(), SourceClass.SIGNED, "SPF does not pass"),
        (replace(BAD, signed=10), Known(listed=("bl",)), SourceClass.FORWARDER, "do not hold"),
        (BAD, Known(welcome=("wl",)), SourceClass.FORWARDER, "welcome at wl"),
        (BAD, Known(listed=("bl",)), SourceClass.FORGER, "listed at bl"),
        (BAD, Known(), SourceClass.UNKNOWN, "a forger, or a host that nobody named"),
    ],
    ids=str,
)
def test_a_class_has_its_reasons(source: SourceSeen, known: Known, kind: SourceClass, says: str) -> None:
    found, reasons = classify(source, known)
    assert found is kind
    assert says in "; ".join(reasons)


def days(*numbers: int) -> tuple[DayNote, ...]:
    return tuple(DayNote(f"2026-01-{day:02}", number, number // 2) for day, number in enumerate(numbers, 1))


def test_a_chart_has_a_bar_for_each_day_with_mail() -> None:
    found = chart((*days(10, 4), DayNote("2026-01-10", 8, 8)), ENGLISH)
    assert found is not None
    assert [bar.label for bar in found.bars] == [
        "2026-01-01: 10 messages, 50.0% pass",
        "2026-01-02: 4 messages, 50.0% pass",
        "2026-01-10: 8 messages, 100.0% pass",
    ]
    assert (found.most, found.days, found.bars[0].passed, found.bars[0].failed) == (10, 1, 60.0, 60.0)
    assert chart((), ENGLISH) is None
    assert chart(days(5), ENGLISH) is None
    assert chart(days(0, 0), ENGLISH) is None
    assert chart((DayNote("unknown", 3, 3),), ENGLISH) is None


def test_a_long_time_has_no_more_bars_than_fit() -> None:
    far = chart((DayNote("0001-01-01", 5, 5), DayNote("1999-12-01", 3, 3), DayNote("9999-12-31", 1, 1)), ENGLISH)
    assert far is None or len(far.bars) <= MAX_BARS
    old = chart((DayNote("1970-01-01", 5, 5), *days(3, 4)), ENGLISH)
    assert old is not None
    assert old.days == -(-(MAX_DAYS + 1) // MAX_BARS)
    assert all(0 <= bar.x <= 720 for bar in old.bars)


def note(text: str = "mx.example.net") -> ReportedNote:
    source = SourceNote(address=text, kind="own", reasons=(text,), messages=3, passed=2, names=(text,), first=text)
    return ReportedNote(
        domain=text, since=text, until="", reporters=(text,), messages=9, passed=3, sources=(source,), days=days(1, 2)
    )


TAGS = "h2 h3 p article svg g title rect span i div table thead tbody tr th td b"


def test_the_page_shows_strangers_text_as_text() -> None:
    page = render(replace(document(2), reported=[note(HOSTILE)]))
    section = page.partition('<section id="sources"')[2].partition("</section>")[0]
    assert "Who sends in your name" in section
    assert set(re.findall(r"<(?!/)([a-z0-9]+)", section)) <= set(TAGS.split())
    assert "\x1b" not in section
    assert 'id="sources"' not in render(document(2))


def test_json_has_the_same_numbers() -> None:
    content = replace(document(2), reported=[note()])
    found = json.loads("".join(as_json(content)))
    assert found["reported"][0]["sources"][0]["passed"] == 2
    assert parsed(ReportedNote, found["reported"][0]) == note()
    assert "reported" not in json.loads("".join(as_json(document(2))))


def test_notes_are_made_of_what_was_observed() -> None:
    seen = Reported(
        "example.org",
        "2026-11-26T12:00:00+00:00",
        (("google.com", "", 2),),
        (replace(GOOD, first=86_400, last=172_800), replace(BAD, address="192.0.2.10", messages=4)),
        days=((86_400, 14, 10),),
    )
    asked = FailingSources("example.org", 14, (FailingSource(BAD, ("a.example.org",), "a.example.org"),))
    outcomes: dict[tuple[str, str], Outcome] = {
        ("reported", "a"): seen,
        ("failing_sources", "a"): asked,
        ("reported", "b"): replace(seen, reporters=()),
    }
    record = Record("prod", "", Targets.collect(()), outcomes, {}, {})
    (found,) = reported_notes(record)
    assert [(one.address, one.kind, one.names, one.first) for one in found.sources] == [
        ("192.0.2.9", "own, misconfigured", ("a.example.org",), "1970-01-02"),
        ("192.0.2.10", "unknown", (), ""),
    ]
    assert (found.messages, found.passed) == (14, 10)
    assert plain(found.days[0]) == {"day": "1970-01-02", "messages": 14, "passed": 10}
