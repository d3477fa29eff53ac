"""The terminal summary: first what to mend first, then each finding with what, where, proof, rule and fix, a block a
host; the decision last. A finding that several targets share is shown once.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

from mailproof.gate.document import Pair, Result, RunDocument
from mailproof.gate.verdict import Verdict
from mailproof.gate.waivers import is_expiring
from mailproof.languages import Language
from mailproof.net.text import printable, shown
from mailproof.report.grouping import by_shape, named, shape
from mailproof.report.joining import Joined, blocks, harm_of, join
from mailproof.report.proof import chosen
from mailproof.report.selection import unjudged

MAX_FOUND = 6
"""Lines shown of what was found."""

MAX_PROOF = 12
"""Lines of evidence shown for one finding; the reports hold all of them."""

MAX_REASON_PROOF = 5
"""Lines of evidence shown for what could not be verified."""

MAX_DECISIVE = 4
"""Screen lines that one decisive line of a proof may take."""

MAX_TARGETS = 10
"""Targets named for a finding that several share; the reports hold all of them."""

MANY_ALIKE = 4
"""Controls of one first word that are counted, and not named, where nothing is in the inventory to judge by."""

MAX_FIRST = 4
"""Findings named at the top for each harm."""

_COLOURS = {
    Verdict.FAIL: {"red": True, "bold": True},
    Verdict.ADVICE: {"yellow": True},
    Verdict.INCONCLUSIVE: {"purple": True, "bold": True},
}


class Terminal(Protocol):
    """What is needed of pytest's terminal reporter."""

    def write_sep(self, sep: str, title: str | None = None, fullwidth: int | None = None, **markup: bool) -> None: ...
    def write_line(self, line: str | bytes, **markup: bool) -> None: ...


def write_findings(
    terminal: Terminal,
    run: RunDocument,
    width: int,
    verbosity: int,
    whole: RunDocument | None = None,
    say: Language | None = None,
) -> None:
    """Write what is amiss, in a language. ``width`` is that of the terminal in columns.

    ``verbosity`` is pytest's: below 0 nothing is written here, above 0 every finding stands for itself with all of its
    evidence. ``whole``: what ``run`` was taken from, where it is only a part.
    """
    if verbosity < 0:
        return
    say = say or Language()
    verbose = verbosity > 0
    amiss = [result for result in run.results if result.verdict in (Verdict.FAIL, Verdict.ADVICE)]
    joined = join(amiss)
    _write_first(terminal, joined, width, say)
    if verbose:
        joined = sorted((Joined((result,)) for result in amiss), key=lambda entry: entry.gravity)
    left = _left_to((whole or run).results)
    for title, findings in blocks(joined, say):
        terminal.write_sep("-", printable(title), bold=True)
        for entry in findings:
            _write_finding(terminal, entry, left, width, verbose, say)
    _write_inconclusive(terminal, run, left, width, verbose, say)
    _write_waivers(terminal, run, width, say)
    _write_baseline(terminal, run, width, say)
    _write_unused(terminal, run, width, say)


Left = dict[tuple[str, str], list[Result]]
"""What was not judged because of a fault, by the control and target that found the fault."""


def _left_to(results: Iterable[Result]) -> Left:
    left: Left = {}
    for result in results:
        if result.left_to and result.left_to_target:
            left.setdefault((result.left_to, result.left_to_target), []).append(result)
    return left


def _write_first(terminal: Terminal, joined: Sequence[Joined], width: int, say: Language) -> None:
    """Write what to mend first, by what it does to the mail."""
    worst = [entry for entry in joined if entry.first.verdict == Verdict.FAIL and entry.first.change != "known"]
    if len(worst) < 2:
        return
    terminal.write_sep("-", say("what to mend first"), bold=True)
    for harm, group in groupby(worst, key=lambda entry: harm_of(entry.first)):
        entries = list(group)
        terminal.write_line(f"{say.of_document(harm)}:", bold=True)
        for entry in entries[:MAX_FIRST]:
            names = named([printable(name) for name in entry.subjects], 3, say)
            line = f"{entry.first.control} ({entry.first.level}) {names}"
            for part in textwrap.wrap(line, width - 2, subsequent_indent="    ", break_on_hyphens=False):
                terminal.write_line(f"  {part}")
        if len(entries) > MAX_FIRST:
            terminal.write_line(f"  {say('and {n} more, below', n=len(entries) - MAX_FIRST)}")
    terminal.write_line("")


def write_decision(
    terminal: Terminal, run: RunDocument, files: Iterable[Path], problem: str, say: Language | None = None
) -> None:
    """Write the counts, where the reports are, and as the last line the gate's decision, in a language."""
    say = say or Language()
    terminal.write_sep("=", f"mailproof: {printable(run.inventory)}", bold=True)
    terminal.write_line("  ".join(f"{say.of_document(verdict)}: {number}" for verdict, number in run.counts.items()))
    if run.profile is not None:
        own = [
            say("{names} by {profile}", names=", ".join(profile.entries), profile=profile.name)
            for profile in run.own_profiles
        ]
        profile = f"{run.profile.name} ({run.profile.title})"
        terminal.write_line(printable(say("profile: {profile}", profile=", ".join([profile, *own]))))
    for line in _extent(run, say):
        terminal.write_line(printable(line), yellow=True)
    for fault in run.vantage:
        for line in textwrap.wrap(say("from here: {fault}", fault=printable(fault.text)), 120, subsequent_indent="  "):
            terminal.write_line(line, yellow=True, bold=True)
    for waiver in run.waivers:
        if is_expiring(waiver):
            line = say(
                "waiver of {control} on {target} ends soon: {summary}",
                control=waiver.control,
                target=waiver.target,
                summary=waiver.told(say),
            )
            terminal.write_line(printable(line), yellow=True)
    for line in _traffic(run, say):
        terminal.write_line(line)
    for file in files:
        terminal.write_line(say("report: {file}", file=shown(str(file))))
    if problem:
        for line in problem.splitlines():
            terminal.write_line(shown(line), red=True)
    if say.note:
        terminal.write_line(say.note)
    decision = run.decision
    if decision.open:
        tolerated = ", ".join(map(say.of_document, run.tolerated()))
        line = say("decision: PASS, the gate is open")
        terminal.write_line(f"{line} ({tolerated})" if tolerated else line, green=True, bold=True)
    else:
        reasons = ", ".join(map(say.of_document, decision.reasons))
        terminal.write_line(f"{say('decision: FAIL, the gate stays closed')}: {reasons}", red=True, bold=True)


def _write_finding(terminal: Terminal, entry: Joined, left: Left, width: int, verbose: bool, say: Language) -> None:
    """Write one finding, with the proof of the first of the targets that share it."""
    result = entry.first
    notes = [say.of_document(result.change)] if result.change else []
    notes += [say("as proposed")] if result.proposed else []
    change = f" [{', '.join(notes)}]" if notes else ""
    verdict, expected = say.of_document(result.verdict).upper(), printable(say.of_control(result.expected))
    title = f"{verdict}{change}  {result.control}  ({result.level})  {expected}"
    for line in textwrap.wrap(title, width, subsequent_indent="  ", break_on_hyphens=False):
        terminal.write_line(line, **_COLOURS[result.verdict])
    _write_targets(terminal, entry, width, say)
    found = [printable(line) for line in result.observed.splitlines()] or [""]
    for number, line in enumerate(found if verbose else found[:MAX_FOUND]):
        write_field(terminal, say("found") if number == 0 else "", line, width)
    if len(found) > MAX_FOUND and not verbose:
        write_field(terminal, "", say("and {n} more, in the report", n=len(found) - MAX_FOUND), width)
    if entry.differs:
        for other in entry.results[1:MAX_TARGETS]:
            write_field(terminal, "", f"{printable(other.target)}: {printable(other.message)}", width)
        if len(entry.results) > MAX_TARGETS:
            write_field(terminal, "", say("and {n} more of the kind", n=len(entry.results) - MAX_TARGETS), width)
    write_owners(terminal, entry.results, width, say)
    places = [printable(str(each.at)) for each in entry.results if each.at is not None]
    if places:
        write_field(terminal, say("at"), named(places, MAX_TARGETS, say), width)
    write_proof(terminal, result, None if verbose else MAX_PROOF, width, say)
    write_field(terminal, say("rule"), "; ".join(reference.title for reference in result.references), width)
    write_field(terminal, say("why"), say.of_control(result.why), width)
    write_field(terminal, say("fix"), say.of_control(result.fix), width)
    _write_remedies(terminal, entry, say)
    _write_left(terminal, [other for r in entry.results for other in left.get(r.key, ())], width, say)
    terminal.write_line("")


def _write_targets(terminal: Terminal, entry: Joined, width: int, say: Language) -> None:
    """Name the targets where the title of the block does not."""
    if len(entry.results) == 1 and entry.first.subject == entry.first.target:
        return
    names = [printable(result.target) for result in entry.results]
    write_field(terminal, say("on"), named(names, MAX_TARGETS, say), width)


def write_owners(terminal: Terminal, results: Iterable[Result], width: int, say: Language) -> None:
    """Name who answers for the targets, where the inventory says so."""
    owners = dict.fromkeys(owner for result in results for owner in result.owners)
    if owners:
        write_field(terminal, say("owner"), printable(", ".join(owners)), width)


def _write_remedies(terminal: Terminal, entry: Joined, say: Language) -> None:
    """Write what to publish, as it is to be pasted: in lines of their own that are never cut."""
    remedies = [result.remedy for result in entry.results if result.remedy is not None]
    for remedy in remedies[:MAX_TARGETS]:
        for mark, text in (("-", remedy.before), ("+", remedy.after)):
            for part in text.splitlines():
                terminal.write_line(f"{'':9}{mark} {printable(part)}")
    if len(remedies) > MAX_TARGETS:
        more = say("and {n} more of the kind, in the report", n=len(remedies) - MAX_TARGETS)
        terminal.write_line(f"{'':9}{more}")


def _write_left(terminal: Terminal, left: Sequence[Result], width: int, say: Language) -> None:
    """Say what could not be judged because of a fault: it is counted once, with the fault."""
    if left:
        write_field(terminal, say("so"), unjudged([result.control for result in left], say), width)


def write_proof(terminal: Terminal, result: Result, most: int | None, width: int, say: Language) -> None:
    """Write the proof, or its telling lines. ``most`` is how many; None writes all of them in full.

    A line that decides is never cut: it takes as many lines of the screen as it needs, within reason.
    """
    lines, hidden = chosen(result.evidence, result.observed, len(result.evidence) if most is None else most)
    for number, line in enumerate(lines):
        if line.gap:
            terminal.write_line(f"{'':9}| ...")
        head, text = f"{'  ' + say('proof') if number == 0 else '':9}| ", printable(line.text)
        if most is None:
            terminal.write_line(head + text)
        elif not line.decides:
            terminal.write_line(_clip(head + text, width))
        else:
            parts = textwrap.wrap(text, width - len(head) - 2, drop_whitespace=False) or [""]
            for part in parts[:MAX_DECISIVE]:
                terminal.write_line(head + part)
                head = f"{'':9}|   "
            if len(parts) > MAX_DECISIVE:
                terminal.write_line(f"{head}... {say('(cut; the report has it all)')}")
    if hidden:
        terminal.write_line(f"{'':9}| {say('... {n} more lines in the report', n=hidden)}")


def _write_inconclusive(
    terminal: Terminal, run: RunDocument, left: Left, width: int, verbose: bool, say: Language
) -> None:
    """Write what could not be verified, once for each reason and the targets and controls that share it."""
    found = [r for r in run.results if r.verdict == Verdict.INCONCLUSIVE]
    if not found:
        return
    terminal.write_sep("-", say("could not be verified"), bold=True)
    found.sort(key=lambda r: (r.subject, r.target, r.observed, r.control))
    by_target = [list(results) for _, results in groupby(found, key=lambda r: r.target)]

    def heading(group: list[Result]) -> tuple[str, ...]:
        kind = group[0].message.split(":", 1)[0]
        return (group[0].target if verbose else "", kind, *sorted({r.control for r in group}))

    for _, equal in by_shape(by_target, heading, lambda group: shape(group[0].message, group[0].target)):
        _write_reason(terminal, equal, left, width, verbose, say)


def _write_reason(
    terminal: Terminal, groups: list[list[Result]], left: Left, width: int, verbose: bool, say: Language
) -> None:
    group = groups[0]
    reasons = list(dict.fromkeys(r.observed for r in group))
    subjects = list(dict.fromkeys(each[0].subject for each in groups))
    title = printable(group[0].target if len(groups) == 1 else subjects[0])
    if len(groups) > 1 and len(subjects) == 1:
        title = f"{title}, {say('{n} targets', n=len(groups))}"
    elif len(groups) > 1:
        title = say("{names} and {n} more", names=title, n=len(subjects) - 1)
    terminal.write_line(f"{say('inconclusive').upper()}  {title}", **_COLOURS[Verdict.INCONCLUSIVE])
    if len(groups) > 1:
        names = [printable(each[0].target) for each in groups]
        write_field(terminal, say("on"), named(names, MAX_TARGETS, say), width)
    write_owners(terminal, [result for each in groups for result in each], width, say)
    more = f" ({say('and {n} more of the kind', n=len(reasons) - 1)})" if len(reasons) > 1 else ""
    write_field(terminal, say("reason"), printable(reasons[0].split("\n", 1)[0]) + more, width)
    write_proof(terminal, group[0], None if verbose else MAX_REASON_PROOF, width, say)
    controls = {r.control for each in groups for r in each}
    write_field(terminal, say("leaves"), ", ".join(sorted(controls)), width)
    _write_left(terminal, [other for each in groups for r in each for other in left.get(r.key, ())], width, say)
    terminal.write_line("")


_WAIVER_STATES = {
    "used": "waived",
    "expired": "expired",
    "unneeded": "no longer needed",
    "open": "not judged",
}


def _write_waivers(terminal: Terminal, run: RunDocument, width: int, say: Language) -> None:
    if not run.waivers:
        return
    terminal.write_sep("-", say("waivers"), bold=True)
    for waiver in run.waivers:
        covers = f" ({say('{n} findings', n=waiver.findings)})" if waiver.findings > 1 else ""
        line = f"{say(_WAIVER_STATES[waiver.state]).upper()}  {waiver.control}  {waiver.target}{covers}"
        terminal.write_line(printable(line), yellow=True)
        write_field(terminal, say("waiver"), printable(waiver.told(say)), width)
    terminal.write_line("")


def _write_baseline(terminal: Terminal, run: RunDocument, width: int, say: Language) -> None:
    baseline = run.baseline
    if baseline is None:
        return
    terminal.write_sep("-", say("since {moment}", moment=printable(baseline.started_at)), bold=True)
    numbers = ", ".join(f"{baseline.counts[name]} {say(word)}" for name, word in _CHANGES.items())
    write_field(terminal, "", numbers, width)
    # Those that are known stand above, among the findings.
    shown = {"new": baseline.new, "regressed": baseline.regressed, "mended": baseline.mended, "gone": baseline.gone}
    for name, entries in shown.items():
        for entry in entries:
            former = f" ({say('formerly {name}', name=entry.former)})" if entry.former else ""
            before, after = (say.of_document(verdict or "not judged") for verdict in (entry.before, entry.after))
            course = f"{before} -> {after}"
            line = f"{say(_CHANGES[name]).upper()}  {entry.control}  {entry.target}{former}  {course}"
            terminal.write_line(_clip(printable(line), width))
    for line in _lost(run.lost, say):
        terminal.write_line(_clip(printable(line), width))
    if run.lost:
        write_field(terminal, "", say("If that is meant: --accept-lost with the id of a control or target."), width)
    for word, targets in (("targets added", baseline.targets_added), ("targets gone", baseline.targets_gone)):
        if targets:
            terminal.write_line(_clip(printable(f"{say(word)}: {', '.join(targets)}"), width))
    terminal.write_line("")


def _lost(pairs: Iterable[Pair], say: Language) -> Iterator[str]:
    """A line for each target that is gone, and for each control that has nothing right to show any more."""
    by_target: dict[str, list[str]] = {}
    for pair in pairs:
        by_target.setdefault(pair.target, []).append(pair.control)
    for target, controls in by_target.items():
        what = ", ".join(controls) if len(controls) <= 3 else say("{n} verdicts", n=len(controls))
        yield f"{say('lost').upper()}  {target}  {what}  {say('pass')} -> {say('gone')}"


_CHANGES = {
    "new": "new",
    "regressed": "regressed",
    "mended": "mended",
    "known": "remaining",
    "gone": "no longer judged",
}


def _write_unused(terminal: Terminal, run: RunDocument, width: int, say: Language) -> None:
    if run.controls_without_target:
        terminal.write_sep("-", say("nothing in the inventory to judge by"), bold=True)
        told = ", ".join(_by_first_word(run.controls_without_target, say))
        for line in textwrap.wrap(told, width - 2, break_on_hyphens=False):
            terminal.write_line(f"  {line}")


def _by_first_word(ids: Sequence[str], say: Language) -> Iterator[str]:
    """Ids of controls, shortened where many begin with the same word: ``19 of DMARC-*``."""
    for word, group in groupby(sorted(ids), key=lambda id: id.partition("-")[0]):
        alike = list(group)
        yield from alike if len(alike) < MANY_ALIKE else [say("{n} of {family}-*", n=len(alike), family=word)]


def write_field(terminal: Terminal, name: str, text: str, width: int) -> None:
    lines = textwrap.wrap(text, max(width - 10, 30), break_on_hyphens=False) or [""]
    for number, line in enumerate(lines):
        terminal.write_line(f"{'  ' + name if number == 0 else '':9} {line}")


def _clip(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 3] + "..."


def _extent(run: RunDocument, say: Language) -> Iterator[str]:
    """What was judged, where that is not the whole suite as it is live."""
    if run.selection is not None and run.selection.partial:
        by = f" ({', '.join(run.selection.by)})" if run.selection.by else ""
        yield say("only a part of the suite: {n} of {all} verdicts", n=run.selection.judged, all=run.selection.of) + by
    for line in run.proposals:
        yield say("proposed: {line}", line=line)


def _traffic(run: RunDocument, say: Language) -> Iterator[str]:
    if run.replayed:
        yield say("judged from a record of {moment}; nothing was contacted", moment=run.surveyed_at)
        return
    connections, questions = run.traffic.connections, sum(run.traffic.questions.values())
    hosts, busiest = len(connections), max(connections.values(), default=0)
    contacted = say(
        "contacted: {n} connections to {hosts} hosts (at most {most} to one), {questions} DNS questions, from {tester}",
        n=sum(connections.values()),
        hosts=hosts,
        most=busiest,
        questions=questions,
        tester=run.tester or say("here"),
    )
    sources = f" ({', '.join(run.sources)})" if run.sources else ""
    yield contacted + sources + (f", {say('run {name}', name=run.run)}" if run.run else "")
