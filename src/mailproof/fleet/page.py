"""The summary of a fleet as one HTML file without scripts, and without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from markupsafe import Markup

from mailproof.fleet.summary import Band, Cause, Operator, Summary
from mailproof.gate.verdict import Verdict
from mailproof.languages import ENGLISH, Language
from mailproof.report.escape import html_text
from mailproof.report.plain_page import FOOT, head, link, moment, table

MOST_CAUSES = 500
MOST_OPERATORS = 100
MOST_WITHOUT = 50
"""Records that zones were read without."""


def render(summary: Summary, language: str = ENGLISH) -> Iterator[str]:
    """The page in a language, piece by piece. Raises ValueError where there is no such language."""
    run, say = summary.run, Language(language)
    title = say("Fleet {inventory}", inventory=run.inventory)
    yield f"{head(title, say.code)}<h1>{html_text(title)}</h1>\n"
    state = "open" if run.decision.open else "closed"
    said = say("PASS: the gate is open") if run.decision.open else say("FAIL: the gate stays closed")
    why = "".join(f" · {html_text(say.of_document(reason))}" for reason in run.decision.reasons)
    yield f"<p class=lead><strong class={state}>{html_text(said)}</strong>{why}</p>\n"
    found = (f"{say.thousands(number)} {say.of_document(name)}" for name, number in run.counts.items() if number)
    counts = ", ".join(found)
    domains = say("{n} domains", n=say.thousands(summary.domains)) if summary.domains != 1 else say("1 domain")
    yield f"<p>{html_text(f'{domains}, {moment(run.started_at)}. {counts}')}</p>\n"
    for fault in run.vantage:
        yield f"<p><strong>{html_text(say('From here: {fault}', fault=fault.text))}</strong></p>\n"
    for record in run.zones_without[:MOST_WITHOUT]:
        yield f"<p>{html_text(say('Left out of a zone: {record}', record=record))}</p>\n"
    yield from _more(len(run.zones_without) - MOST_WITHOUT, say)
    bands = ((say.fixed(band), summary.bands[band]) for band in Band)
    columns = (say("how they stand"), f"#{say('domains')}")
    yield from _table(say("Domains"), columns, bands, say, narrow=True)
    named = partial(_control, summary, say)
    for verdict, title in (
        (Verdict.FAIL, say("Findings, the most harmful first")),
        (Verdict.INCONCLUSIVE, say("Could not be verified")),
        (Verdict.ADVICE, say("Advice")),
    ):
        causes = summary.causes.of(verdict)
        titles = (say("control"), f"={say('level')}", f"#{say('verdicts')}", say("found, for one"), say("on"))
        yield from _table(title, titles, (_cause(cause, named, say) for cause in causes[:MOST_CAUSES]), say)
        yield from _more(len(causes) - MOST_CAUSES, say)
    numbers = (say("domain"), *(f"#{one}" for one in (say("findings"), say("of them MUST"), say("inconclusive"))))
    yield from _table(
        say("Domains with the most findings"),
        (*numbers, say("mail at"), say("name servers of")),
        (
            (
                *(name, total.counts.get(Verdict.FAIL, 0), total.musts, total.counts.get(Verdict.INCONCLUSIVE, 0)),
                *(total.mx, total.ns),
            )
            for name, total in summary.worst
        ),
        say,
    )
    yield from _operators(say("Operators of mail hosts"), summary.mx, say)
    yield from _operators(say("Operators of name servers"), summary.ns, say)
    verdicts = (f"#{say.of_document(verdict)}" for verdict in Verdict)
    yield from _table(say("Controls"), (say("control"), f"={say('level')}", *verdicts), _controls(summary, named), say)
    if run.documentation is None:
        words = html_text(say("Its page, with a bad and a good example:"))
        yield f"<p>{html_text(say('More of a control'))}. {words} <code>mailproof explain ID --open</code></p>\n"
    if say.note:
        yield f"<p class=quiet>{html_text(say.note)}</p>\n"
    yield FOOT


def _control(summary: Summary, say: Language, control: str, *, title: bool = False) -> Markup:
    """The id of a control, which leads to its page, with its title if that is wanted."""
    texts = summary.plan.controls.get(control, {})
    shown = link(control, summary.run.page_of(str(texts.get("family", "")), control))
    if title and texts.get("expected"):
        said = html_text(say.of_control(str(texts["expected"])))
        shown += Markup(f"<br><span class=quiet>{said}</span>")  # noqa: S704 (escaped above)
    return shown


def _cause(cause: Cause, named: Callable[..., Markup], say: Language) -> tuple[object, ...]:
    if cause.control:
        control = named(cause.control, title=True)
    else:
        control = Markup(", ").join(map(named, sorted(cause.controls)[:5]))
        if len(cause.controls) > 5:
            control += " " + say("and {n} more", n=len(cause.controls) - 5)
    targets = ", ".join(cause.examples)
    if cause.results > len(cause.examples):
        targets += " " + say("and {n} more", n=say.thousands(cause.results - len(cause.examples)))
    return control, cause.level if cause.control else "", cause.results, cause.message, targets


def _operators(title: str, operators: Mapping[str, Operator], say: Language) -> Iterator[str]:
    largest = sorted(operators.items(), key=lambda entry: (-entry[1].domains, entry[0]))
    rows = (
        (name or say("nobody"), one.domains, one.findings, *(one.bands[band] for band in Band))
        for name, one in largest[:MOST_OPERATORS]
    )
    bands = (f"#{say.fixed(band)}" for band in Band)
    yield from _table(title, (say("operator"), f"#{say('domains')}", f"#{say('findings')}", *bands), rows, say)
    yield from _more(len(largest) - MOST_OPERATORS, say)


def _controls(summary: Summary, named: Callable[..., Markup]) -> Iterator[tuple[object, ...]]:
    for control, counts in sorted(summary.by_control.items()):
        for level in sorted({level for level, _ in counts}, key=lambda level: level.rank):
            yield named(control), level, *(counts[level, verdict] for verdict in Verdict)


def _table(
    title: str, columns: Iterable[str], rows: Iterable[tuple[object, ...]], say: Language, *, narrow: bool = False
) -> Iterator[str]:
    """A table below its heading; nothing where there are no rows."""
    for number, piece in enumerate(table(columns, rows, say, narrow=narrow)):
        yield piece if number else f"<h2>{html_text(title)}</h2>\n{piece}"


def _more(number: int, say: Language) -> Iterator[str]:
    if number > 0:
        yield f"<p>{html_text(say('and {n} more', n=say.thousands(number)))}</p>\n"
