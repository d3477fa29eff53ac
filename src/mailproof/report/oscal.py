"""OSCAL assessment results (NIST, JSON): every verdict as an observation, every conclusion as a finding.

OSCAL knows two conclusions, satisfied and not satisfied. What could not be verified, and what did not apply, is
neither: it is an observation that no finding rests on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID, uuid5

from mailproof.gate.document import ProfileNote, Result, RunDocument
from mailproof.gate.verdict import Verdict
from mailproof.net.text import printable
from mailproof.report.escape import clipped, is_web_address, markdown, markdown_block

OSCAL = "1.2.3"
"""The version of the model that the tests hold it against."""

NAMESPACE = "https://mailproof.invalid/ns/oscal"
"""Of properties that OSCAL does not know. A name, which nobody fetches."""

_IDS = UUID("6f1f4dd8-6b0b-5c0e-9a55-2f2a3a1b7c04")

_CONCLUSIONS = {
    Verdict.PASS: ("satisfied", "pass", ""),
    Verdict.FAIL: ("not-satisfied", "fail", ""),
    Verdict.WAIVED: ("not-satisfied", "fail", "A waiver accepts this finding."),
    Verdict.ADVICE: ("not-satisfied", "other", "Optional: an absence that no source forbids."),
}
"""State, reason and remark of a finding, by verdict. The other verdicts conclude nothing."""

_UNSAFE_IN_TOKEN = re.compile(r"[^A-Za-z0-9._-]")

MAX_TITLE = 200


def render(document: RunDocument) -> str:
    """The document as OSCAL assessment results. Identifiers of observations and findings are the same in every run."""
    return json.dumps({"assessment-results": _results(document)}, indent=1, ensure_ascii=True) + "\n"


def _id(*names: str) -> str:
    return str(uuid5(_IDS, json.dumps(names)))


def _line(text: str) -> str:
    """``text`` as a title or a value: one line, not empty, no white space at its ends."""
    return clipped(" ".join(printable(text).split()), MAX_TITLE) or "none"


def _token(text: str) -> str:
    """``text`` as OSCAL's tokens are written: a letter or underscore first."""
    plain = _UNSAFE_IN_TOKEN.sub("_", text)
    return plain if plain[:1].isalpha() else f"_{plain}"


def _properties(**values: str) -> list[dict[str, str]]:
    return [
        {"name": name.replace("_", "-"), "ns": NAMESPACE, "value": _line(value)}
        for name, value in values.items()
        if value.strip()
    ]


def _results(document: RunDocument) -> dict[str, Any]:
    run = (document.inventory, document.run, document.started_at)
    scope = _id("scope", document.inventory, document.inventory_hash)
    return {
        "uuid": _id("assessment", *run),
        "metadata": {
            "title": _line(f"mailproof: {document.inventory}"),
            "last-modified": document.started_at,
            "version": _line(document.run or document.started_at),
            "oscal-version": OSCAL,
        },
        "import-ap": {
            "href": f"#{scope}",
            "remarks": "The inventory stands for an assessment plan: what is looked at, and with whose consent.",
        },
        "results": [_result(document, run)],
        "back-matter": {
            "resources": [
                {
                    "uuid": scope,
                    "title": _line(f"Inventory {document.inventory}"),
                    "description": "What was looked at. The hash is SHA-256 of what the inventory says, secrets aside.",
                    "props": _properties(name=document.inventory, sha256=document.inventory_hash),
                }
            ]
        },
    }


def _result(document: RunDocument, run: tuple[str, ...]) -> dict[str, Any]:
    judged = sorted({result.control for result in document.results})
    concluded = [result for result in document.results if result.verdict in _CONCLUSIONS]
    amiss = [result for result in concluded if result.verdict in (Verdict.FAIL, Verdict.WAIVED)]
    counts = ", ".join(f"{number} {verdict}" for verdict, number in document.counts.items())
    gate = "open" if document.decision.open else f"closed: {', '.join(document.decision.reasons)}"
    found: dict[str, Any] = {
        "uuid": _id("result", *run),
        "title": _line(f"{document.inventory}: the gate is {gate}"),
        "description": markdown(f"{counts}{'' if document.complete else '; the run was stopped before its end'}"),
        "start": document.surveyed_at,
        "props": _properties(gate="open" if document.decision.open else "closed", mailproof=document.mailproof),
        "local-definitions": {
            "components": [_tool(document)],
            "inventory-items": [*_items(document)] or None,
        },
        "reviewed-controls": {
            "control-selections": [
                {"include-controls": [{"control-id": _token(id)} for id in judged]}
                if judged
                else {"description": "Nothing was judged.", "include-controls": [{"control-id": "_none"}]}
            ]
        },
        "observations": [_observation(document, result) for result in document.results] or None,
        "risks": [_risk(document, result) for result in amiss] or None,
        "findings": [_finding(document, result) for result in concluded] or None,
        "remarks": "\n\n".join(_demanded(document)) or None,
    }
    return _without_none(found)


def _without_none(value: dict[str, Any]) -> dict[str, Any]:
    """OSCAL has neither null nor empty lists."""
    return {
        key: _without_none(inner) if isinstance(inner, dict) else inner
        for key, inner in value.items()
        if inner is not None
    }


def _demanded(document: RunDocument) -> Iterator[str]:
    """What the profiles demand that no control tests: somebody has to attest it."""
    profiles: Iterable[ProfileNote] = ([document.profile] if document.profile else []) + [*document.own_profiles]
    for profile in profiles:
        for what, lines in (
            ("tested by no control", profile.not_covered),
            ("to be attested, since nobody sees it from outside", profile.attestation),
        ):
            if lines:
                listed = "\n".join(f"- {markdown(line)}" for line in lines)
                yield f"Demanded by {markdown(profile.name)} and {what}:\n\n{listed}"


def _tool(document: RunDocument) -> dict[str, Any]:
    return {
        "uuid": _id("tool", document.mailproof),
        "type": "software",
        "title": "mailproof",
        "description": "The tool that looked and judged.",
        "props": [{"name": "version", "value": _line(document.mailproof)}],
        "status": {"state": "operational"},
    }


def _items(document: RunDocument) -> Iterator[dict[str, Any]]:
    """What was looked at, each target once."""
    for target, kind in sorted({(result.target, result.target_type) for result in document.results}):
        yield {
            "uuid": _id("target", document.inventory, target, kind),
            "description": markdown(target) or "none",
            "props": _properties(target=target, target_type=kind),
        }


def _origin(document: RunDocument) -> list[dict[str, Any]]:
    return [{"actors": [{"type": "tool", "actor-uuid": _id("tool", document.mailproof)}]}]


def _observation(document: RunDocument, result: Result) -> dict[str, Any]:
    concludes = result.verdict in _CONCLUSIONS and result.verdict is not Verdict.PASS
    found: dict[str, Any] = {
        "uuid": _id("observation", document.inventory, *result.key),
        "title": _line(f"{result.control} on {result.target}: {result.verdict}"),
        "description": markdown(result.observed) if result.observed.strip() else markdown(result.expected),
        "props": _properties(verdict=str(result.verdict), level=str(result.level), control=result.control),
        "methods": ["TEST"],
        "types": ["finding" if concludes else "control-objective"],
        "origins": _origin(document),
        "subjects": [
            {
                "subject-uuid": _id("target", document.inventory, result.target, result.target_type),
                "type": "inventory-item",
                "title": _line(result.target),
            }
        ],
        "collected": document.surveyed_at,
    }
    if result.evidence:
        found["relevant-evidence"] = [{"description": markdown_block(result.evidence)}]
    return found


def _finding(document: RunDocument, result: Result) -> dict[str, Any]:
    state, reason, remark = _CONCLUSIONS[result.verdict]
    if result.waived in (Verdict.ADVICE, Verdict.INCONCLUSIVE):
        reason, remark = "other", f"A waiver accepts this, which would be {result.waived}."
    elif not result.waived and _may_be_unverified(result):
        reason, remark = "other", "A waiver accepts this finding, or that it could not be verified."
    key = (document.inventory, *result.key)
    found: dict[str, Any] = {
        "uuid": _id("finding", *key),
        "title": _line(f"{result.control} on {result.target}: {result.message or result.verdict}"),
        "description": markdown(result.expected) or "none",
        "origins": _origin(document),
        "target": {
            "type": "objective-id",
            "target-id": _token(result.control),
            "status": {"state": state, "reason": reason} | ({"remarks": remark} if remark else {}),
        },
        "related-observations": [{"observation-uuid": _id("observation", *key)}],
    }
    links = [
        {"href": reference.url, "rel": "reference", "text": _line(reference.title)}
        for reference in result.references
        if is_web_address(reference.url)
    ]
    if links:
        found["links"] = links
    if result.verdict in (Verdict.FAIL, Verdict.WAIVED):
        found["related-risks"] = [{"risk-uuid": _id("risk", *key)}]
    return found


def _may_be_unverified(result: Result) -> bool:
    """Whether it is a result of an earlier version, which does not say what was waived."""
    return result.waiver is not None and result.waiver.inconclusive and result.verdict is Verdict.WAIVED


def _risk(document: RunDocument, result: Result) -> dict[str, Any]:
    key = (document.inventory, *result.key)
    found: dict[str, Any] = {
        "uuid": _id("risk", *key),
        "title": _line(f"{result.control} on {result.target}"),
        "description": markdown(result.message) or "none",
        "statement": markdown(result.why) or "none",
        "status": "open",
        "related-observations": [{"observation-uuid": _id("observation", *key)}],
        "remediations": [
            {
                "uuid": _id("remedy", *key),
                "lifecycle": "recommendation",
                "title": "How to mend it",
                "description": markdown(result.fix) or "none",
            }
        ],
    }
    if result.verdict is Verdict.WAIVED and result.waiver is not None:
        found["status"] = "deviation-approved"
        found["deadline"] = f"{result.waiver.expires}T23:59:59Z"
        found["mitigating-factors"] = [
            {"uuid": _id("waiver", *key), "description": markdown(result.waiver.summary) or "none"}
        ]
    return found
