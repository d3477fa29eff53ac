"""The terminal summary: each finding with what, where, proof, rule and fix, by target, the failing first; the decision
last. What is the same on many targets is told once.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Protocol

from mailproof.controls import Level
from mailproof.gate.result import Result, RunResult
from mailproof.gate.verdict import Verdict
from mailproof.gate.waivers import describe_waiver, is_expiring
from mailproof.net.text import printable
from mailproof.report.grouping import by_shape, shape

MAX_PROOF = 14
"""Lines of evidence shown for one finding; the reports hold all of them."""

MAX_REASON_PROOF = 5
"""Lines of evidence, the last ones, shown for what could not be verified."""

MANY = 3
"""Equal findings on as many targets are told once."""

MAX_TARGETS = 10
"""Targets named for a finding that is told once; the reports hold all of them."""

_COLOURS = {
    Verdict.FAIL: {"red": True, "bold": True},
    Verdict.ADVICE: {"yellow": True},
    Verdict.INCONCLUSIVE: {"purple": True, "bold": True},
}


class Terminal(Protocol):
    """What is needed of pytest's terminal reporter."""

    def write_sep(self, sep: str, title: str | None = None, fullwidth: int | None = None, **markup: bool) -> None: ...
    def write_line(self, line: str | bytes, **markup: bool) -> None: ...


def write_findings(terminal: Terminal, run: RunResult, width: int, verbosity: int) -> None:
    """Write what is amiss. ``width`` is that of the terminal in columns.

    ``verbosity`` is pytest's: below 0 nothing is written here, above 0 every finding stands for itself with all of its
    evidence.
    """
    if verbosity < 0:
        return
    verbose = verbosity > 0
    for title, findings in _blocks(run, verbose):
        terminal.write_sep("-", title, bold=True)
        for equal in findings:
            _write_finding(terminal, equal, width, verbose)
    _write_inconclusive(terminal, run, width, verbose)
    _write_waivers(terminal, run, width)
    _write_baseline(terminal, run, width)
    _write_unused(terminal, run, width)


def _blocks(run: RunResult, verbose: bool) -> list[tuple[str, list[list[Result]]]]:
    """Titles and findings, each a list of equal ones: what many targets share, then by target; failures first."""
    shown = [r for r in run.results if r.verdict in (Verdict.FAIL, Verdict.ADVICE)]
    groups = [group for _, group in by_shape(shown, lambda r: (r.verdict, r.level, r.control, r.change), _shape)]
    many = [] if verbose else [group for group in groups if len(group) >= MANY]
    many.sort(key=lambda g: (Level(g[0].level).rank, -len(g), g[0].control))
    shared = {result.key for group in many for result in group}
    single = sorted((r for r in shown if r.key not in shared), key=lambda r: (r.target, _gravity([r]), r.control))
    blocks = [(f"{len(group)} targets", [group]) for group in many]
    for target, results in groupby(single, key=lambda r: r.target):
        blocks.append((printable(target), [[result] for result in results]))
    return sorted(blocks, key=lambda block: _gravity(block[1][0]))


def _gravity(equal: list[Result]) -> bool:
    """A key that sorts failures first."""
    return equal[0].verdict != Verdict.FAIL


def _shape(result: Result) -> str:
    return shape(result.message, result.target)


def write_decision(terminal: Terminal, run: RunResult, files: Iterable[Path], problem: str) -> None:
    """Write the counts, where the reports are, and as the last line the gate's decision."""
    terminal.write_sep("=", f"mailproof: {printable(run.inventory)}", bold=True)
    counts = run.counts()
    terminal.write_line("  ".join(f"{verdict}: {number}" for verdict, number in counts.items()))
    if run.profile is not None:
        own = "".join(f", {', '.join(profile['entries'])} by {profile['name']}" for profile in run.own_profiles)
        terminal.write_line(printable(f"profile: {run.profile['name']} ({run.profile['title']}){own}"))
    for fault in run.vantage:
        for line in textwrap.wrap(f"from here: {printable(fault['text'])}", 120, subsequent_indent="  "):
            terminal.write_line(line, yellow=True, bold=True)
    for waiver in run.waivers:
        if is_expiring(waiver):
            line = f"waiver of {waiver['control']} on {waiver['target']} ends soon: {describe_waiver(waiver)}"
            terminal.write_line(printable(line), yellow=True)
    for line in _traffic(run):
        terminal.write_line(line)
    for file in files:
        terminal.write_line(f"report: {file}")
    if problem:
        terminal.write_line(problem, red=True)
    decision = run.decision()
    if decision.open:
        tolerated = f" ({', '.join(run.tolerated())})" if run.tolerated() else ""
        terminal.write_line(f"decision: PASS, the gate is open{tolerated}", green=True, bold=True)
    else:
        terminal.write_line(
            f"decision: FAIL, the gate stays closed: {', '.join(decision.reasons)}", red=True, bold=True
        )


def _write_finding(terminal: Terminal, equal: list[Result], width: int, verbose: bool) -> None:
    """Write one finding, with the proof of the first of the targets that share it."""
    result = equal[0]
    verdict = Verdict(result.verdict)
    notes = [result.change] if result.change else []
    notes += ["as proposed"] if result.proposed else []
    change = f" [{', '.join(notes)}]" if notes else ""
    title = f"{verdict.upper()}{change}  {result.control}  ({result.level})  {printable(result.expected)}"
    for line in textwrap.wrap(title, width, subsequent_indent="  ", break_on_hyphens=False):
        terminal.write_line(line, **_COLOURS[verdict])
    if len(equal) > 1:
        more = f" and {len(equal) - MAX_TARGETS} more" if len(equal) > MAX_TARGETS else ""
        _write_field(terminal, "on", ", ".join(printable(r.target) for r in equal[:MAX_TARGETS]) + more, width)
    lines = [printable(line) for line in result.observed.splitlines()] or [""]
    for number, line in enumerate(lines):
        _write_field(terminal, "found" if number == 0 else "", line, width)
    _write_proof(terminal, result.evidence if verbose else result.evidence[:MAX_PROOF], width, verbose)
    hidden = 0 if verbose else len(result.evidence) - MAX_PROOF
    if hidden > 0:
        terminal.write_line(f"{'':9}| ... {hidden} more lines in the report")
    _write_field(terminal, "rule", "; ".join(title for title, _ in result.references), width)
    _write_field(terminal, "why", result.why, width)
    _write_field(terminal, "fix", result.fix, width)
    terminal.write_line("")


def _write_proof(terminal: Terminal, evidence: Iterable[str], width: int, verbose: bool) -> None:
    for number, line in enumerate(evidence):
        text = f"{'  proof' if number == 0 else '':9}| {printable(line)}"
        terminal.write_line(_clip(text, None if verbose else width))


def _write_inconclusive(terminal: Terminal, run: RunResult, width: int, verbose: bool) -> None:
    """Write what could not be verified, once for each reason and the targets and controls that share it."""
    found = [r for r in run.results if r.verdict == Verdict.INCONCLUSIVE]
    if not found:
        return
    terminal.write_sep("-", "could not be verified", bold=True)
    found.sort(key=lambda r: (r.target, r.observed, r.control))
    by_target = [list(results) for _, results in groupby(found, key=lambda r: r.target)]

    def heading(group: list[Result]) -> tuple[str, ...]:
        kind = group[0].message.split(":", 1)[0]
        return (group[0].target if verbose else "", kind, *sorted({r.control for r in group}))

    for _, equal in by_shape(by_target, heading, lambda group: _shape(group[0])):
        for groups in [equal] if len(equal) >= MANY else [[group] for group in equal]:
            _write_reason(terminal, groups, width, verbose)


def _write_reason(terminal: Terminal, groups: list[list[Result]], width: int, verbose: bool) -> None:
    group = groups[0]
    reasons = list(dict.fromkeys(r.observed for r in group))
    title = printable(group[0].target) if len(groups) == 1 else f"{len(groups)} targets"
    terminal.write_line(f"INCONCLUSIVE  {title}", **_COLOURS[Verdict.INCONCLUSIVE])
    if len(groups) > 1:
        more = f" and {len(groups) - MAX_TARGETS} more" if len(groups) > MAX_TARGETS else ""
        _write_field(terminal, "on", ", ".join(printable(g[0].target) for g in groups[:MAX_TARGETS]) + more, width)
    more = f" (and {len(reasons) - 1} more of the kind)" if len(reasons) > 1 else ""
    _write_field(terminal, "reason", printable(reasons[0].split("\n", 1)[0]) + more, width)
    _write_proof(terminal, group[0].evidence[0 if verbose else -MAX_REASON_PROOF :], width, verbose)
    controls = {r.control for each in groups for r in each}
    _write_field(terminal, "leaves", ", ".join(sorted(controls)), width)
    terminal.write_line("")


_WAIVER_STATES = {
    "used": "WAIVED",
    "expired": "EXPIRED",
    "unneeded": "NO LONGER NEEDED",
    "open": "NOT JUDGED",
}


def _write_waivers(terminal: Terminal, run: RunResult, width: int) -> None:
    if not run.waivers:
        return
    terminal.write_sep("-", "waivers", bold=True)
    for waiver in run.waivers:
        covers = f" ({waiver['findings']} findings)" if waiver["findings"] > 1 else ""
        line = f"{_WAIVER_STATES[waiver['state']]}  {waiver['control']}  {waiver['target']}{covers}"
        terminal.write_line(printable(line), yellow=True)
        _write_field(terminal, "waiver", printable(describe_waiver(waiver)), width)
    terminal.write_line("")


def _write_baseline(terminal: Terminal, run: RunResult, width: int) -> None:
    baseline = run.baseline
    if baseline is None:
        return
    terminal.write_sep("-", f"since {printable(baseline['started_at'])}", bold=True)
    counts = baseline["counts"]
    numbers = ", ".join(f"{counts[name]} {word}" for name, word in _CHANGES.items())
    _write_field(terminal, "", numbers, width)
    for name, word in _CHANGES.items():
        for entry in baseline[name] if name != "known" else ():  # these stand above, among the findings
            former = f" (formerly {entry['former']})" if entry["former"] else ""
            course = f"{entry['before'] or 'not judged'} -> {entry['after'] or 'not judged'}"
            line = f"{word.upper()}  {entry['control']}  {entry['target']}{former}  {course}"
            terminal.write_line(_clip(printable(line), width))
    for key, word in (("targets_added", "targets added"), ("targets_gone", "targets gone")):
        if baseline[key]:
            terminal.write_line(_clip(printable(f"{word}: {', '.join(baseline[key])}"), width))
    terminal.write_line("")


_CHANGES = {
    "new": "new",
    "regressed": "regressed",
    "mended": "mended",
    "known": "remaining",
    "gone": "no longer judged",
}


def _write_unused(terminal: Terminal, run: RunResult, width: int) -> None:
    if run.unused:
        terminal.write_sep("-", "nothing in the inventory to judge by", bold=True)
        for line in textwrap.wrap(", ".join(run.unused), width - 2):
            terminal.write_line(f"  {line}")


def _write_field(terminal: Terminal, name: str, text: str, width: int) -> None:
    lines = textwrap.wrap(text, max(width - 10, 30), break_on_hyphens=False) or [""]
    for number, line in enumerate(lines):
        terminal.write_line(f"{'  ' + name if number == 0 else '':9} {line}")


def _clip(line: str, width: int | None) -> str:
    return line if width is None or len(line) <= width else line[: width - 3] + "..."


def _traffic(run: RunResult) -> Iterator[str]:
    if run.replayed:
        yield f"judged from a record of {run.surveyed_at}; nothing was contacted"
        return
    hosts, questions = len(run.connections), sum(run.questions.values())
    busiest = max(run.connections.values(), default=0)
    yield (
        f"contacted: {sum(run.connections.values())} connections to {hosts} hosts (at most {busiest} to one), "
        f"{questions} DNS questions"
    )
