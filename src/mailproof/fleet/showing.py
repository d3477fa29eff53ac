"""The summary of a fleet for people and machines: a terminal's few lines, tables as CSV, metrics for Prometheus."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mailproof.fleet.plan import Plan
from mailproof.fleet.results import DomainTotal, ShardTotal
from mailproof.fleet.summary import Band, Cause, Operator, Summary, band_of
from mailproof.gate.document import Result, count
from mailproof.gate.verdict import Verdict
from mailproof.net.text import printable
from mailproof.report.escape import cell, label

WIDTH = 140
MOST_CAUSES = 18
MOST_ADVICE = 4
MOST_UNSEEN = 6
MOST_WORST = 8
MOST_OPERATORS = 4


def text(summary: Summary, files: Iterable[Path] = ()) -> Iterator[str]:
    """The summary in at most 60 lines, whatever the size of the fleet; the gate's decision last."""
    run = summary.run
    counts = "  ".join(f"{verdict}: {number:,}" for verdict, number in run.counts.items())
    yield f"fleet {printable(run.inventory)}: {summary.domains:,} domains in {summary.shards} shards"
    yield counts
    for fault in run.vantage:
        yield _clip(f"from here: {printable(fault.text)}")
    if run.zones_without:
        more = f" and {len(run.zones_without) - 1:,} more" if len(run.zones_without) > 1 else ""
        yield _clip(f"left out of a zone: {printable(run.zones_without[0])}{more}")
    yield from _causes("findings, the most harmful first", summary.causes.of(Verdict.FAIL), MOST_CAUSES)
    yield from _causes("could not be verified", summary.causes.of(Verdict.INCONCLUSIVE), MOST_UNSEEN)
    yield from _causes("advice", summary.causes.of(Verdict.ADVICE), MOST_ADVICE)
    if summary.worst:
        yield "domains with the most findings"
    for name, total in summary.worst[:MOST_WORST]:
        yield _clip(f"  {printable(name)}: {_found(total)}")
    yield "domains by what was found: " + "; ".join(f"{summary.bands[b]:,} with {b}" for b in Band if summary.bands[b])
    for title, operators in (("mail at", summary.mx), ("name servers of", summary.ns)):
        yield from (_clip(line) for line in _operators(title, operators))
    if left_out := summary.plan.left_out:
        yield _clip(f"not judged, as no shard knows all domains (pytest does): {', '.join(left_out)}")
    yield from (_clip(f"waiver matches nothing: {printable(waiver)}") for waiver in summary.unmatched[:3])
    if summary.baseline is not None:
        changes = ", ".join(f"{summary.changes[change]:,} {change}" for change in ("new", "regressed", "known"))
        yield _clip(f"since the baseline of {summary.baseline.started_at}: {changes}")
    traffic = run.traffic
    connections, questions = sum(traffic.connections.values()), sum(traffic.questions.values())
    yield f"contacted: {connections:,} connections to {len(traffic.connections):,} hosts, {questions:,} DNS questions"
    for file in files:
        yield f"report: {printable(str(file))}"
    decision = run.decision
    said = "PASS, the gate is open" if decision.open else f"FAIL, the gate stays closed: {', '.join(decision.reasons)}"
    yield f"decision: {said}"


def _causes(title: str, causes: list[Cause], most: int) -> Iterator[str]:
    if causes:
        yield title
    for cause in causes[:most]:
        if cause.control:
            yield _clip(f"  {cause.control} ({cause.level}) {cause.results:,}: {printable(cause.message)}")
        else:
            controls = f"{len(cause.controls)} controls" if len(cause.controls) > 1 else next(iter(cause.controls))
            yield _clip(f"  {cause.results:,} verdicts of {controls}: {printable(cause.message)}")
    if len(causes) > most:
        left = sum(cause.results for cause in causes[most:])
        yield f"  and {len(causes) - most:,} more causes of {left:,}, in the report"


def _operators(title: str, operators: Mapping[str, Operator]) -> Iterator[str]:
    largest = sorted(operators.items(), key=lambda entry: (-entry[1].domains, entry[0]))
    for name, operator in largest[:MOST_OPERATORS]:
        right = operator.bands[Band.RIGHT]
        shown = printable(name) or "nobody"
        domains, findings = count(operator.domains, "domain"), count(operator.findings, "finding")
        yield f"{title} {shown}: {domains}, {right:,} with nothing found, {findings}"


def _found(total: DomainTotal) -> str:
    fails, unseen = total.counts.get(Verdict.FAIL, 0), total.counts.get(Verdict.INCONCLUSIVE, 0)
    more = f", {unseen} inconclusive" if unseen else ""
    return f"{count(fails, 'finding')}, {total.musts} of level MUST{more}"


def _clip(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..."


def totals_csv(summary: Summary) -> str:
    """Verdicts by control, level and verdict."""
    rows = (
        (control, str(level), str(verdict), str(number))
        for control, counts in sorted(summary.by_control.items())
        for (level, verdict), number in sorted(counts.items())
    )
    return _csv(("control", "level", "verdict", "number"), rows)


def domains_csv(totals: Iterable[ShardTotal]) -> Iterator[str]:
    """A line for each domain, shard by shard."""
    verdicts = [str(verdict) for verdict in Verdict]
    yield _csv(("domain", "band", "mx operator", "name server operator", "MUST findings", *verdicts), ())
    for shard in totals:
        rows = (
            (
                *(name, str(band_of(total)), total.mx, total.ns, str(total.musts)),
                *(str(total.counts.get(verdict, 0)) for verdict in verdicts),
            )
            for name, total in shard.domains.items()
        )
        yield _csv((), rows)


def _csv(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\r\n")
    if head:
        table.writerow(head)
    table.writerows([cell(value) for value in row] for row in rows)
    return file.getvalue()


def prometheus(summary: Summary) -> str:
    """Totals for the textfile collector: gate, verdicts by family and level, domains by band."""
    name = f'inventory="{label(summary.run.inventory)}"'
    lines = [
        "# HELP mailproof_fleet_gate_open Whether the gate is open (1) or stays closed (0).",
        "# TYPE mailproof_fleet_gate_open gauge",
        f"mailproof_fleet_gate_open{{{name}}} {int(summary.run.decision.open)}",
        "# HELP mailproof_fleet_domains Domains by how they stand.",
        "# TYPE mailproof_fleet_domains gauge",
        *(f'mailproof_fleet_domains{{{name},band="{label(band)}"}} {summary.bands[band]}' for band in Band),
        "# HELP mailproof_fleet_verdicts Verdicts by family of controls, level and verdict.",
        "# TYPE mailproof_fleet_verdicts gauge",
    ]
    counts: Counter[tuple[str, str, str]] = Counter()
    for control, found in summary.by_control.items():
        for (level, verdict), number in found.items():
            counts[str(summary.plan.controls[control]["family"]), str(level), str(verdict)] += number
    for judged in sorted({(family, level) for family, level, _ in counts}):
        for verdict in Verdict:
            labels = f'{name},family="{label(judged[0])}",level="{judged[1]}",verdict="{verdict}"'
            lines.append(f"mailproof_fleet_verdicts{{{labels}}} {counts[(*judged, str(verdict))]}")
    return "\n".join(lines) + "\n"


def drill_down(domain: str, results: Iterable[Result], plan: Plan, *, every: bool = False) -> Iterator[str]:
    """What was said of one domain and of its hosts, with the proof of what is amiss; ``every`` verdict, if wanted."""
    counts: Counter[Verdict] = Counter()
    lines: list[str] = []
    for result in results:
        counts[result.verdict] += 1
        amiss = result.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)
        if not (amiss or every):
            continue
        lines.append(f"{result.verdict.upper()}  {result.control} ({result.level})  {printable(result.target)}")
        lines.append(f"  found  {printable(result.observed)}")
        if amiss:
            lines += [f"  | {printable(line)}" for line in result.evidence]
            lines += [f"  rule   {'; '.join(reference.title for reference in result.references)}"]
            lines += [f"  why    {result.why}", f"  fix    {result.fix}"]
            if result.remedy is not None:
                lines += [f"  + {printable(line)}" for line in result.remedy.after.splitlines()]
    told = "  ".join(f"{verdict}: {counts[verdict]}" for verdict in Verdict)
    yield f"{printable(domain)}, judged in the fleet of {plan.started_at}"
    yield told
    yield from lines
