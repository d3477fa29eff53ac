"""A summary for a pull request: the decision, the counts, the findings with their evidence folded away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailproof.controls import Reference
from mailproof.gate.document import Result, RunDocument
from mailproof.gate.verdict import Verdict
from mailproof.languages import ENGLISH, Language
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


def render(document: RunDocument, limit: int = COMMENT_LIMIT, language: str = ENGLISH) -> str:
    """The summary in at most ``limit`` bytes; what does not fit is counted at its end.

    Raises ValueError where there is no such language.
    """
    say = Language(language)
    text = _head(document, say)
    foot = 100 if language == ENGLISH else 300  # what is left out; and what is not translated
    room = limit - _size(text) - foot
    left_out = 0
    for verdict, title in TITLES.items():
        found = worst_first(document, verdict)
        heading = f"\n### {say(title)} ({len(found)})\n"
        for part, number in (
            _unverified(found, say) if verdict is Verdict.INCONCLUSIVE else _folded(found, document, say)
        ):
            if left_out or _size(heading + part) > room:
                left_out += number
                continue
            text += heading + part
            room -= _size(heading + part)
            heading = ""
    for name, demands in attested(document):
        counted = say("{n} demands to be attested are in the JSON report.", n=len(demands))
        for part in (_attested(name, demands, say), f"\n{counted}\n"):
            if _size(part) <= room:
                text += part
                room -= _size(part)
                break
    if left_out:
        text += f"\n{say('{n} more are left out here; the JSON report has them all.', n=left_out)}\n"
    if say.note:
        text += f"\n{say.note}\n"
    return text


def _attested(name: str, demands: Iterable[str], say: Language) -> str:
    """What a profile demands and nobody sees from outside, folded."""
    told = say("To be attested: what {profile} demands and nobody sees from outside", profile=html_text(name))
    return "\n".join(
        [
            "",
            f"<details><summary>{told}</summary>",
            "",
            *(f"- {markdown(demand)}" for demand in demands),
            "",
            "</details>",
            "",
        ]
    )


def _folded(found: Iterable[Result], document: RunDocument, say: Language) -> Iterator[tuple[str, int]]:
    """Each finding with its proof, and the number of results in it."""
    for result in found:
        yield _finding(result, document.page_of(result.family, result.control), say), 1


def _unverified(found: list[Result], say: Language) -> Iterator[tuple[str, int]]:
    """A line for each target and reason: one silent server leaves many controls without a verdict."""
    groups: dict[tuple[str, str], list[str]] = {}
    for result in found:
        groups.setdefault((result.target, result.message), []).append(result.control)
    for number, ((target, reason), controls) in enumerate(groups.items()):
        start = "" if number else "\n"
        left = say("{reason} leaves {controls}", reason=_line(reason), controls=markdown(", ".join(controls)))
        yield f"{start}- {_line(target)}: {left}\n", len(controls)


def _size(text: str) -> int:
    return len(text.encode())


def _head(document: RunDocument, say: Language) -> str:
    decision, counts = document.decision, document.counts
    word = say("PASS, the gate is open") if decision.open else say("FAIL, the gate stays closed")
    reasons = f": {markdown(', '.join(map(say.of_document, decision.reasons)))}" if decision.reasons else ""
    moment = markdown(document.surveyed_at)
    source = (
        say("judged from a record of {moment}", moment=moment)
        if document.replayed
        else say("surveyed {moment}", moment=moment)
    )
    return "\n".join(
        [
            f"## mailproof: {markdown_code(clipped(document.inventory, MAX_LINE))}",
            "",
            f"**{word}**{reasons}",
            "",
            *(
                line
                for fault in document.vantage
                for line in (say("From here: {fault}", fault=markdown(fault.text)), "")
            ),
            f"| {' | '.join(map(say.of_document, counts))} |",
            f"|{' --: |' * len(counts)}",
            f"| {' | '.join(str(number) for number in counts.values())} |",
            "",
            f"mailproof {markdown(document.mailproof)}, {source}",
            "",
        ]
    )


def _finding(result: Result, page: str, say: Language) -> str:
    """One folded finding. The summary is HTML to its end, and Markdown begins again after the empty line."""
    level = say("{level}, as proposed", level=result.level) if result.proposed else result.level
    summary = (
        f"<b>{html_text(result.control)}</b> ({level}) <code>{_html_line(result.target)}</code>: "
        f"<code>{_html_line(result.message)}</code>"
    )
    own = (Reference(result.control, page),) if page else ()
    lines = ["", f"<details><summary>{summary}</summary>", "", markdown(say.of_control(result.expected)), ""]
    lines += [f"- {say('found')}: {_line(line)}" for line in result.observed.splitlines()]
    lines += [
        f"- {say('why')}: {markdown(say.of_control(result.why))}",
        f"- {say('fix')}: {markdown(say.of_control(result.fix))}",
        f"- {say('source')}: {', '.join(_links((*result.references, *own)))}",
    ]
    if result.waiver:
        verdict = f"{result.told(say)}; " if result.waived else ""
        lines.append(f"- {say('waiver')}: {_line(verdict + result.waiver.told(say))}")
    if result.owners:
        lines.append(f"- {say('owner')}: {_line(', '.join(result.owners))}")
    if result.place:
        lines.append(f"- {say('where')}: {_line(str(result.place))}")
    if result.remedy:
        lines += _remedy(result.remedy, say)
    evidence = tuple(clipped(line, MAX_LINE) for line in result.evidence[:MAX_EVIDENCE])
    if len(result.evidence) > MAX_EVIDENCE:
        evidence += (say("... {n} lines more in the JSON report", n=len(result.evidence) - MAX_EVIDENCE),)
    if evidence:
        lines += ["", markdown_block(evidence)]
    return "\n".join([*lines, "", "</details>", ""])


def _remedy(remedy: Remedy, say: Language) -> list[str]:
    """What is published and what to publish instead, in blocks to copy from."""
    lines: list[str] = []
    for name, text in ((say("published"), remedy.before), (say("instead"), remedy.after)):
        lines += ["", f"{name}:", "", markdown_block(tuple(text.splitlines()) or (say("(nothing)"),))]
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
