"""The trend in the HTML report."""

from __future__ import annotations

from mailproof.gate.document import TrendPoint
from mailproof.languages import Language
from mailproof.report.html.trend import HEIGHT, WIDTH, chart

ENGLISH = Language()


def point(findings: int, score: float | None) -> TrendPoint:
    return TrendPoint(started_at="2026-11-22T03:17:00+00:00", score=score, findings=findings, inconclusive=0, open=True)


def test_one_run_makes_no_trend() -> None:
    assert chart([], ENGLISH) is None
    assert chart([point(3, 0.5)], ENGLISH) is None


def test_the_line_is_the_score_and_the_bars_are_the_findings() -> None:
    drawn = chart([point(4, 0.5), point(2, 1.0)], ENGLISH)
    assert drawn is not None
    assert drawn.most == 4
    assert [bar.height for bar in drawn.bars] == [HEIGHT, HEIGHT / 2]
    assert drawn.line == f"{WIDTH / 4:.1f},{HEIGHT / 2:.1f} {WIDTH * 3 / 4:.1f},0.0"
    assert drawn.bars[0].label == "2026-11-22 03:17: 4 findings, 50.0% pass"


def test_runs_without_a_score_leave_a_gap() -> None:
    drawn = chart([point(0, None), point(0, 1.0)], ENGLISH)
    assert drawn is not None
    assert drawn.line.count(",") == 1
    assert all(bar.height == 0 for bar in drawn.bars)
