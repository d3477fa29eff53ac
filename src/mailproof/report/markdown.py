"""A summary for a pull request: the decision, the counts, the findings with their evidence folded away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailproof.controls import Reference
from mailproof.gate.document import Result, RunDocument
from mailproof.gate.verdict import Verdict
from mailproof.remedies import Remedy
from mailproof.report.escape import clipped, html_text, is_web_address, markdown, markdown_block, markdown_code
from mailproof.report.selection import attested, worst_first

COMMENT_LIMIT = 65_000
"""Bytes, UTF-8, of a summary that fits into a comment (GitHub takes 65,536 characters)."""

MAX_LINE = 300
"""Characters of one line of evidence or observation."""

MAX_EVIDENCE = 60
"""Lines of evidence for one finding."""

TITLES = {
    Verdict.FAIL: "Findings",
    Verdict.INCONCLUSIVE: "Could not be verified",
    Verdict.ADVICE: "Advice",
    Verdict.WAIVED: "Waived",
}
"""Sections by verdict, in their order."""


def render(document: RunDocument, limit: int = COMMENT_LIMIT) -> str:
    """The summary in at most ``limit`` bytes; what does not fit is counted at its end."""
    text = _head(document)
    room = limit - _size(text) - 100
    left_out = 0
    for verdict, title in TITLES.items():
        found = worst_first(document, verdict)
        heading = f"\n### {title} ({len(found)})\n"
        for part, number in _unverified(found) if verdict is Verdict.INCONCLUSIVE else _folded(found):
            if left_out or _size(heading + part) > room:
                left_out += number
                continue
            text += heading + part
            room -= _size(heading + part)
            heading = ""
    for name, demands in attested(document):
        for part in (_attested(name, demands), f"\n{len(demands)} demands to be attested are in the JSON report.\n"):
            if _size(part) <= room:
                text += part
                room -= _size(part)
                break
    if left_out:
        text += f"\n{left_out} more are left out here; the JSON report has them all.\n"
    return text


def _attested(name: str, demands: Iterable[str]) -> str:
    """What a profile demands and nobody sees from outside, folded."""
    summary = f"<details><summary>To be attested: what {html_text(name)} demands and nobody sees from outside</summary>"
    return "\n".join(["", summary, "", *(f"- {markdown(demand)}" for demand in demands), "", "</details>", ""])


def _folded(found: Iterable[Result]) -> Iterator[tuple[str, int]]:
    """Each finding with its proof, and the number of results in it."""
    for result in found:
        yield _finding(result), 1


def _unverified(found: list[Result]) -> Iterator[tuple[str, int]]:
    """A line for each target and reason: one silent server leaves many controls without a verdict."""
    groups: dict[tuple[str, str], list[str]] = {}
    for result in found:
        groups.setdefault((result.target, result.message), []).append(result.control)
    for number, ((target, reason), controls) in enumerate(groups.items()):
        start = "" if number else "\n"
        yield f"{start}- {_line(target)}: {_line(reason)} leaves {markdown(', '.join(controls))}\n", len(controls)


def _size(text: str) -> int:
    return len(text.encode())


def _head(document: RunDocument) -> str:
    decision, counts = document.decision, document.counts
    word = "PASS, the gate is open" if decision.open else "FAIL, the gate stays closed"
    reasons = f": {markdown(', '.join(decision.reasons))}" if decision.reasons else ""
    source = "judged from a record of" if document.replayed else "surveyed"
    return "\n".join(
        [
            f"## mailproof: {markdown_code(clipped(document.inventory, MAX_LINE))}",
            "",
            f"**{word}**{reasons}",
            "",
            *(line for fault in document.vantage for line in (f"From here: {markdown(fault.text)}", "")),
            f"| {' | '.join(counts)} |",
            f"|{' --: |' * len(counts)}",
            f"| {' | '.join(str(number) for number in counts.values())} |",
            "",
            f"mailproof {markdown(document.mailproof)}, {source} {markdown(document.surveyed_at)}",
            "",
        ]
    )


def _finding(result: Result) -> str:
    """One folded finding. The summary is HTML to its end, and Markdown begins again after the empty line."""
    level = f"{result.level}, as proposed" if result.proposed else result.level
    summary = (
        f"<b>{html_text(result.control)}</b> ({level}) <code>{_html_line(result.target)}</code>: "
        f"<code>{_html_line(result.message)}</code>"
    )
    lines = ["", f"<details><summary>{summary}</summary>", "", markdown(result.expected), ""]
    lines += [f"- found: {_line(line)}" for line in result.observed.splitlines()]
    lines += [
        f"- why: {markdown(result.why)}",
        f"- fix: {markdown(result.fix)}",
        f"- source: {', '.join(_links(result.references))}",
    ]
    if result.waiver:
        lines.append(f"- waiver: {_line(result.waiver.summary)}")
    if result.owners:
        lines.append(f"- owner: {_line(', '.join(result.owners))}")
    if result.place:
        lines.append(f"- where: {_line(str(result.place))}")
    if result.remedy:
        lines += _remedy(result.remedy)
    evidence = tuple(clipped(line, MAX_LINE) for line in result.evidence[:MAX_EVIDENCE])
    if len(result.evidence) > MAX_EVIDENCE:
        evidence += (f"... {len(result.evidence) - MAX_EVIDENCE} lines more in the JSON report",)
    if evidence:
        lines += ["", markdown_block(evidence)]
    return "\n".join([*lines, "", "</details>", ""])


def _remedy(remedy: Remedy) -> list[str]:
    """What is published and what to publish instead, in blocks to copy from."""
    lines: list[str] = []
    for name, text in (("published", remedy.before), ("instead", remedy.after)):
        lines += ["", f"{name}:", "", markdown_block(tuple(text.splitlines()) or ("(nothing)",))]
    return lines


def _line(text: str) -> str:
    return markdown_code(clipped(text, MAX_LINE))


def _html_line(text: str) -> str:
    return html_text(clipped(text, MAX_LINE))


def _links(references: Iterable[Reference]) -> Iterable[str]:
    for reference in references:
        title, url = markdown(reference.title), reference.url
        if is_web_address(url):
            yield f"[{title}](<{url}>)"
        else:
            yield title
