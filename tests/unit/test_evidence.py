"""Proofs have a budget: what is cut says so, and a finding never loses its proof to what others took."""

from __future__ import annotations

from mailproof.net.transcript import ROOM, SHORT, Speaker, Transcript
from mailproof.run.evidence import LEAST, PER_LINE, PER_RUN, PER_TARGET, PER_VERDICT, EvidenceBudget, shortened

LINES = tuple(f"line-{number}: {'x' * 900}" for number in range(1_000))


def test_what_has_room_stays_as_it_is() -> None:
    few = LINES[:50]
    assert shortened(few, PER_VERDICT) is few
    assert EvidenceBudget().cut(few, "a.example", 1) is few


def test_beginning_and_end_stay_and_what_is_cut_between_says_so() -> None:
    kept = shortened(LINES, 10_000)
    assert sum(map(len, kept)) < 10_200
    assert (kept[0], kept[-1]) == (LINES[0], LINES[-1])
    notes = [line for line in kept if line.startswith("[")]
    assert len(notes) == 1
    assert f"[{len(LINES) - len(kept) + 1} lines with " in notes[0]


def test_a_line_that_the_finding_quotes_stays_wherever_it_is() -> None:
    lines = (*LINES[:500], "RCPT TO:<x@outside.example> accepted", *LINES[500:])
    assert lines[500] not in shortened(lines, 10_000)
    assert lines[500] in shortened(lines, 10_000, "x@outside.example is accepted")


def test_a_single_line_has_a_bound_of_its_own() -> None:
    (line,) = shortened(("a" + "x" * 1_000_000 + "z",), PER_VERDICT)
    assert len(line) < PER_LINE + 100
    assert (line[0], line[-1]) == ("a", "z")
    assert "characters left out" in line


def test_a_target_and_a_run_have_a_budget_and_findings_keep_their_proof() -> None:
    budget = EvidenceBudget()
    octets = sum(len(line) for _ in range(100) for line in budget.cut(LINES, "loud.example", 10) if line[0] != "[")
    assert octets <= PER_TARGET
    found = budget.cut(LINES, "loud.example", 10, found="it is amiss")
    assert LEAST // 2 < sum(map(len, found)) < 2 * LEAST
    assert budget.cut(LINES[:9], "quiet.example", 10) == LINES[:9]
    for number in range(2 * PER_RUN // PER_VERDICT):
        budget.cut(LINES, f"{number}.example", 10)
    assert len(budget.cut(LINES, "late.example", 10)) == 1
    assert len(budget.cut(LINES, "late.example", 10, found="it is amiss")) > 2


def test_of_a_server_that_talks_without_end_the_beginnings_of_lines_are_kept() -> None:
    transcript = Transcript()
    for number in range(1000):
        transcript.add(Speaker.SERVER, f"250-{number} {'x' * 8000}")
    transcript.add(Speaker.SERVER, "550 5.1.1 no such user")
    texts = [line.text for line in transcript.lines]
    assert len(texts) == 1001
    assert texts[-1] == "550 5.1.1 no such user"
    assert all(text.startswith(f"250-{number} ") for number, text in enumerate(texts[:-1]))
    assert sum(map(len, texts)) < ROOM + 1000 * (SHORT + 40)
