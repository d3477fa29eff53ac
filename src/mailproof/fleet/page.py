"""The summary of a fleet as one HTML file without scripts, and without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mailproof.fleet.summary import Band, Cause, Operator, Summary
from mailproof.gate.verdict import Verdict
from mailproof.report.escape import html_text

MOST_CAUSES = 500
MOST_OPERATORS = 100

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em;color:#222;background:#fff}"
    "table{border-collapse:collapse;margin:.5em 0 2em;width:100%}th,td{text-align:left;padding:.3em .6em;"
    "border-bottom:1px solid #ddd;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    "td{overflow-wrap:anywhere}.open{color:#0a6b2d}.closed{color:#a3151f}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}th,td{border-color:#444}"
    ".open{color:#6fd08c}.closed{color:#ff8a8a}}"
)


def render(summary: Summary) -> Iterator[str]:
    """The page, piece by piece."""
    run = summary.run
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Fleet {html_text(run.inventory)}</title><style>{_STYLE}</style></head><body>\n"
    )
    state = "open" if run.decision.open else "closed"
    why = "" if run.decision.open else f": {html_text(', '.join(run.decision.reasons))}"
    yield f"<h1>Fleet {html_text(run.inventory)}</h1>\n<p class={state}>The gate is {state}{why}.</p>\n"
    counts = ", ".join(f"{number:,} {html_text(verdict)}" for verdict, number in run.counts.items() if number)
    yield f"<p>{summary.domains:,} domains, {html_text(run.started_at)}. {counts or 'Nothing was judged'}.</p>\n"
    for fault in run.vantage:
        yield f"<p><strong>From here:</strong> {html_text(fault.text)}</p>\n"
    for record in run.zones_without:
        yield f"<p><strong>Left out of a zone:</strong> {html_text(record)}</p>\n"
    yield from _table("Domains", ("how they stand", "#domains"), ((band, summary.bands[band]) for band in Band))
    for verdict, title in (
        (Verdict.FAIL, "Findings, the most harmful first"),
        (Verdict.INCONCLUSIVE, "Could not be verified"),
        (Verdict.ADVICE, "Advice"),
    ):
        causes = summary.causes.of(verdict)
        head = ("control", "level", "#verdicts", "found, for one", "on")
        yield from _table(title, head, (_cause(cause) for cause in causes[:MOST_CAUSES]), len(causes) - MOST_CAUSES)
    yield from _table(
        "Domains with the most findings",
        ("domain", "#findings", "#of them MUST", "#inconclusive", "mail at", "name servers of"),
        (
            (
                *(name, total.counts.get(Verdict.FAIL, 0), total.musts, total.counts.get(Verdict.INCONCLUSIVE, 0)),
                *(total.mx, total.ns),
            )
            for name, total in summary.worst
        ),
    )
    yield from _operators("Operators of mail hosts", summary.mx)
    yield from _operators("Operators of name servers", summary.ns)
    yield from _table("Controls", ("control", "level", *(f"#{verdict}" for verdict in Verdict)), _controls(summary))
    yield "</body></html>\n"


def _cause(cause: Cause) -> tuple[object, ...]:
    control = cause.control or ", ".join(sorted(cause.controls)[:5])
    if len(cause.controls) > 5:
        control += f" and {len(cause.controls) - 5} more"
    more = f" and {cause.results - len(cause.examples):,} more" if cause.results > len(cause.examples) else ""
    level = cause.level if cause.control else ""
    return control, level, cause.results, cause.message, ", ".join(cause.examples) + more


def _operators(title: str, operators: Mapping[str, Operator]) -> Iterator[str]:
    largest = sorted(operators.items(), key=lambda entry: (-entry[1].domains, entry[0]))
    rows = (
        (name or "nobody", one.domains, one.findings, *(one.bands[band] for band in Band))
        for name, one in largest[:MOST_OPERATORS]
    )
    head = ("operator", "#domains", "#findings", *(f"#{band}" for band in Band))
    yield from _table(title, head, rows, len(largest) - MOST_OPERATORS)


def _controls(summary: Summary) -> Iterator[tuple[object, ...]]:
    for control, counts in sorted(summary.by_control.items()):
        for level in sorted({level for level, _ in counts}, key=lambda level: level.rank):
            yield control, level, *(counts[level, verdict] for verdict in Verdict)


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[object, ...]], left: int = 0) -> Iterator[str]:
    """A table; a heading that begins with ``#`` is one of numbers. Nothing where there are no rows."""
    numbers = [name.startswith("#") for name in head]
    first = True
    for row in rows:
        if first:
            cells = "".join(
                _cell("th", name.removeprefix("#"), number) for name, number in zip(head, numbers, strict=True)
            )
            yield f"<h2>{html_text(title)}</h2>\n<table><thead><tr>{cells}</tr></thead><tbody>\n"
            first = False
        shown = (f"{value:,}" if isinstance(value, int) else str(value) for value in row)
        yield f"<tr>{''.join(_cell('td', text, number) for text, number in zip(shown, numbers, strict=True))}</tr>\n"
    if not first:
        yield "</tbody></table>\n"
    if left > 0:
        yield f"<p>and {left:,} more</p>\n"


def _cell(tag: str, text: str, number: bool) -> str:
    return f"<{tag}{' class=n' if number else ''}>{html_text(text)}</{tag}>"
