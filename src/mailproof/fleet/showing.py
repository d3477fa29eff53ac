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
from mailproof.gate.document import Result
from mailproof.gate.verdict import Verdict
from mailproof.languages import ENGLISH, Language
from mailproof.net.text import printable
from mailproof.report.escape import cell, label

WIDTH = 140
MOST_CAUSES = 18
MOST_ADVICE = 4
MOST_UNSEEN = 6
MOST_WORST = 8
MOST_OPERATORS = 4


def text(summary: Summary, files: Iterable[Path] = (), language: str = ENGLISH) -> Iterator[str]:
    """The summary in at most 60 lines, whatever the size of the fleet; the gate's decision last.

    Raises ValueError where there is no such language.
    """
    run, say = summary.run, Language(language)
    counts = "  ".join(f"{say.of_document(verdict)}: {say.thousands(number)}" for verdict, number in run.counts.items())
    name, domains = printable(run.inventory), _number(summary.domains, say("1 domain"), say.fixed("{n} domains"), say)
    shards = _number(summary.shards, say("1 shard"), say.fixed("{n} shards"), say)
    yield say("fleet {name}: {domains} in {shards}", name=name, domains=domains, shards=shards)
    yield counts
    for fault in run.vantage:
        yield _clip(say("From here: {fault}", fault=printable(fault.text)))
    if run.zones_without:
        record = printable(run.zones_without[0])
        more = (
            f" {say('and {n} more', n=say.thousands(len(run.zones_without) - 1))}" if len(run.zones_without) > 1 else ""
        )
        yield _clip(say("Left out of a zone: {record}", record=record) + more)
    yield from _causes(say("Findings, the most harmful first"), summary.causes.of(Verdict.FAIL), MOST_CAUSES, say)
    yield from _causes(say("Could not be verified"), summary.causes.of(Verdict.INCONCLUSIVE), MOST_UNSEEN, say)
    yield from _causes(say("Advice"), summary.causes.of(Verdict.ADVICE), MOST_ADVICE, say)
    if summary.worst:
        yield say("Domains with the most findings")
    for name, total in summary.worst[:MOST_WORST]:
        yield _clip(f"  {printable(name)}: {_found(total, say)}")
    bands = (f"{say.fixed(band)}: {say.thousands(summary.bands[band])}" for band in Band if summary.bands[band])
    yield say("Domains by how they stand: {bands}", bands="; ".join(bands))
    for title, operators in ((say("mail at"), summary.mx), (say("name servers of"), summary.ns)):
        yield from (_clip(line) for line in _operators(title, operators, say))
    if left_out := summary.plan.left_out:
        judged = say(
            "not judged, as no shard knows all domains (pytest does): {controls}", controls=", ".join(left_out)
        )
        yield _clip(judged)
    yield from (_clip(say("waiver matches nothing: {waiver}", waiver=printable(one))) for one in summary.unmatched[:3])
    if summary.baseline is not None:
        changes = (
            f"{say.thousands(summary.changes[change])} {say.of_document(change)}"
            for change in ("new", "regressed", "known")
        )
        moment = summary.baseline.started_at
        yield _clip(say("since the baseline of {moment}: {changes}", moment=moment, changes=", ".join(changes)))
    yield _contacted(summary, say)
    for file in files:
        yield say("report: {file}", file=printable(str(file)))
    decision = run.decision
    reasons = ", ".join(map(say.of_document, decision.reasons))
    said = say("PASS, the gate is open") if decision.open else say("FAIL, the gate stays closed: {why}", why=reasons)
    yield say("decision: {decision}", decision=said)


def _number(number: int, one: str, many: str, say: Language) -> str:
    return one if number == 1 else many.format(n=say.thousands(number))


def _contacted(summary: Summary, say: Language) -> str:
    traffic = summary.run.traffic
    return say(
        "contacted: {connections} connections to {hosts} hosts, {questions} DNS questions",
        connections=say.thousands(sum(traffic.connections.values())),
        hosts=say.thousands(len(traffic.connections)),
        questions=say.thousands(sum(traffic.questions.values())),
    )


def _causes(title: str, causes: list[Cause], most: int, say: Language) -> Iterator[str]:
    if causes:
        yield title
    for cause in causes[:most]:
        if cause.control:
            yield _clip(f"  {cause.control} ({cause.level}) {say.thousands(cause.results)}: {printable(cause.message)}")
            continue
        controls = _number(len(cause.controls), next(iter(cause.controls)), say.fixed("{n} controls"), say)
        verdicts = say("{n} verdicts of {controls}", n=say.thousands(cause.results), controls=controls)
        yield _clip(f"  {verdicts}: {printable(cause.message)}")
    if len(causes) > most:
        number = say.thousands(len(causes) - most)
        left = say.thousands(sum(cause.results for cause in causes[most:]))
        yield f"  {say('and {n} more causes of {verdicts}, in the report', n=number, verdicts=left)}"


def _operators(title: str, operators: Mapping[str, Operator], say: Language) -> Iterator[str]:
    largest = sorted(operators.items(), key=lambda entry: (-entry[1].domains, entry[0]))
    for name, operator in largest[:MOST_OPERATORS]:
        shown = printable(name) or say("nobody")
        domains = _number(operator.domains, say("1 domain"), say.fixed("{n} domains"), say)
        right = say("{n} with nothing found", n=say.thousands(operator.bands[Band.RIGHT]))
        yield f"{title} {shown}: {domains}, {right}, {_findings(operator.findings, say)}"


def _findings(number: int, say: Language) -> str:
    return _number(number, say("1 finding"), say.fixed("{n} findings"), say)


def _found(total: DomainTotal, say: Language) -> str:
    fails, unseen = total.counts.get(Verdict.FAIL, 0), total.counts.get(Verdict.INCONCLUSIVE, 0)
    more = f", {unseen} {say.of_document(Verdict.INCONCLUSIVE)}" if unseen else ""
    return f"{_findings(fails, say)}, {say('{n} of level MUST', n=total.musts)}{more}"


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


def drill_down(
    domain: str, results: Iterable[Result], plan: Plan, *, every: bool = False, language: str = ENGLISH
) -> Iterator[str]:
    """What was said of one domain and of its hosts, with the proof of what is amiss; ``every`` verdict, if wanted.

    Raises ValueError where there is no such language.
    """
    say = Language(language)
    counts: Counter[Verdict] = Counter()
    lines: list[str] = []
    for result in results:
        counts[result.verdict] += 1
        amiss = result.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)
        if not (amiss or every):
            continue
        lines.append(f"{result.told(say).upper()}  {result.control} ({result.level})  {printable(result.target)}")
        lines.append(f"  {say('found'):6} {printable(result.observed)}")
        if amiss:
            lines += [f"  | {printable(line)}" for line in result.evidence]
            lines += [f"  {say('rule'):6} {'; '.join(reference.title for reference in result.references)}"]
            lines += [
                f"  {say('why'):6} {say.of_control(result.why)}",
                f"  {say('fix'):6} {say.of_control(result.fix)}",
            ]
            if result.remedy is not None:
                lines += [f"  + {printable(line)}" for line in result.remedy.after.splitlines()]
    yield say("{domain}, judged in the fleet of {moment}", domain=printable(domain), moment=plan.started_at)
    yield "  ".join(f"{say.of_document(verdict)}: {say.thousands(counts[verdict])}" for verdict in Verdict)
    yield from lines
    if say.note:
        yield say.note
