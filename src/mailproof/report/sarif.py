"""SARIF 2.1.0, for code scanning: each finding at the line of the inventory that names its target.

Findings, advice and waived findings become results; what was inconclusive becomes a notification of an invocation
that did not succeed. The limits are those of GitHub code scanning, the strictest consumer known.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from mailproof.controls import Level
from mailproof.documents import JSON
from mailproof.gate.document import Result, RunDocument
from mailproof.gate.verdict import Verdict
from mailproof.net.text import printable
from mailproof.remedies import TOO_LONG, Remedy
from mailproof.report.escape import clipped, is_web_address, sarif_message
from mailproof.report.selection import worst_first

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

MAX_RESULTS = 25_000
"""Results in a run."""

MAX_NOTIFICATIONS = 1_000
"""Notifications in a run; SARIF and its consumers name no limit, a file has one."""

MAX_TEXT = 1_024
"""Characters of a text."""

LEVEL = {Level.MUST: "error", Level.SHOULD: "warning", Level.MAY: "note"}

SEVERITY = {Level.MUST: "8.0", Level.SHOULD: "5.0", Level.MAY: "2.0"}
"""``security-severity``, a string between 0.1 and 10.0: high from 7.0, medium from 4.0, low below."""


BASELINE_STATE = {"new": "new", "regressed": "updated", "known": "unchanged"}
"""SARIF's words for what became of a result since the baseline."""


def render(document: RunDocument) -> str:
    """The SARIF log of a result document."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(document)]}
    return json.dumps(log, ensure_ascii=False, indent=1) + "\n"


def _run(document: RunDocument) -> dict[str, JSON]:
    rules = _rules(document)
    index = {rule.control: number for number, rule in enumerate(rules)}
    found = worst_first(document, Verdict.FAIL, Verdict.ADVICE, Verdict.WAIVED)
    return {
        "tool": {
            "driver": {
                "name": "mailproof",
                "version": printable(document.mailproof),
                "rules": [_rule(result, document.page_of(result.family, result.control)) for result in rules],
            }
        },
        "automationDetails": {"id": f"mailproof/{printable(document.inventory)}/"},
        "invocations": [_invocation(document, len(found))],
        "results": [_result(result, index[result.control]) for result in found[:MAX_RESULTS]],
        "properties": {"counts": document.counts, "gateOpen": document.decision.open},
    }


def _rules(document: RunDocument) -> list[Result]:
    """A result for every control that judged, at the strictest level that it judged at."""
    strictest: dict[str, Result] = {}
    for result in document.results:
        known = strictest.setdefault(result.control, result)
        if result.level.rank < known.level.rank:
            strictest[result.control] = result
    return [strictest[control] for control in sorted(strictest)]


def _rule(result: Result, page: str) -> dict[str, JSON]:
    sources = [ref.title + (f" <{ref.url}>" if ref.url else "") for ref in result.references]
    help_text = f"Why: {result.why}\nFix: {result.fix}\nSources: {', '.join(sources)}"
    rule: dict[str, JSON] = {
        "id": printable(result.control),
        "shortDescription": {"text": _text(result.expected)},
        "fullDescription": {"text": _text(result.why)},
        "help": {"text": _text(help_text)},
        "defaultConfiguration": {"level": LEVEL[result.level]},
        "properties": {
            "tags": ["mail", "security", printable(result.family)],
            "security-severity": SEVERITY[result.level],
        },
    }
    address = next((url for url in (page, *(ref.url for ref in result.references)) if is_web_address(url)), None)
    if address:
        rule["helpUri"] = quote(address, safe="%/:?#[]@!$&'()*+,;=")
    return rule


def _result(result: Result, rule: int) -> dict[str, JSON]:
    waived, id = result.verdict is Verdict.WAIVED, printable(result.id)
    reason = result.waiver.summary if result.waiver else "waived"
    accepted = {"kind": "external", "justification": _text(reason)}
    return {
        "ruleId": printable(result.control),
        "ruleIndex": rule,
        "level": LEVEL[result.level],
        "message": {"text": _text(f"{result.target}: {result.observed}")},
        "locations": [_location(result)],
        "partialFingerprints": {"primaryLocationLineHash": f"{id}:1", "mailproofResult/v1": id},
        "suppressions": [accepted] if waived else [],
        "properties": {
            "target": printable(result.target),
            "verdict": result.verdict,
            "proposed": result.proposed,
            "evidence": _evidence(result.evidence),
            "fix": clipped(printable(result.fix), MAX_TEXT),
            **({"waived": result.waived} if result.waived else {}),
            **({"owners": [clipped(printable(owner), MAX_TEXT) for owner in result.owners]} if result.owners else {}),
            **(_remedy(result.remedy) if result.remedy else {}),
        },
        **({"baselineState": BASELINE_STATE[result.change]} if result.change else {}),
    }


def _remedy(remedy: Remedy) -> dict[str, JSON]:
    """What to publish. A zone is no artifact of the repository, so that SARIF's own fixes cannot say it."""
    shown = {
        name: "\n".join(map(printable, text.splitlines()))
        for name, text in (("before", remedy.before), ("after", remedy.after))
    }
    return {name: text if len(text) <= MAX_TEXT else TOO_LONG for name, text in shown.items()}


def _location(result: Result) -> dict[str, JSON]:
    target = printable(result.target)
    location: dict[str, JSON] = {
        "logicalLocations": [{"name": target, "fullyQualifiedName": target, "kind": printable(result.target_type)}]
    }
    if (place := result.place) is not None:
        physical: dict[str, JSON] = {"artifactLocation": {"uri": quote(place.file, errors="backslashreplace")}}
        if place.line:
            physical["region"] = {"startLine": place.line}
        location["physicalLocation"] = physical
    return location


def _invocation(document: RunDocument, found: int) -> dict[str, JSON]:
    inconclusive = worst_first(document, Verdict.INCONCLUSIVE)
    notifications: list[dict[str, JSON]] = [
        {
            "level": "warning",
            "message": {"text": _text(f"{result.target}: {result.observed}")},
            "associatedRule": {"id": printable(result.control)},
            "locations": [_location(result)],
        }
        for result in inconclusive[:MAX_NOTIFICATIONS]
    ]
    notifications += _left_out(found - MAX_RESULTS, "results") + _left_out(
        len(inconclusive) - MAX_NOTIFICATIONS, "notifications of what was inconclusive"
    )
    started = datetime.fromisoformat(document.started_at).astimezone(UTC)
    return {
        "executionSuccessful": document.complete and not inconclusive,
        "startTimeUtc": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "toolExecutionNotifications": notifications,
    }


def _left_out(number: int, what: str) -> list[dict[str, JSON]]:
    if number <= 0:
        return []
    text = f"{number} {what} more are left out here; the JSON report has them all"
    return [{"level": "note", "message": {"text": text}}]


def _evidence(lines: Sequence[str]) -> list[str]:
    """As many lines as one text may hold characters, and a note of those left out."""
    kept: list[str] = []
    room = MAX_TEXT
    for number, line in enumerate(lines):
        shown = _text(line)
        room -= len(shown)
        if room < 0:
            return [*kept, f"{len(lines) - number} lines more in the JSON report"]
        kept.append(shown)
    return kept


def _text(text: str) -> str:
    return clipped(sarif_message(text), MAX_TEXT)
