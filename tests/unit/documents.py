"""Documents of runs for the tests of the formats: made up, plain or hostile."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from mailproof.controls import Level, Reference
from mailproof.gate.document import Result, RunDocument, WaiverNote, as_json, parsed, result_id
from mailproof.gate.result import RunResult
from mailproof.gate.verdict import Verdict
from mailproof.remedies import Remedy

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> ![i](https://evil.example/i.png) "
    "[text](https://evil.example) @octocat #1 https://evil.example www.evil.example a@evil.example "
    "`tick` ```fence``` ~~~ | cell | \x1b[31mred \u202e \u009b1m {0} {{x}} %0A::error::boom "
    '=HYPERLINK("https://evil.example") "quoted" \\n $x$ \ud800 </details></code>&amp; ##[add-mask]x'
)
"""What each format would take for its own."""

VERDICTS = ("pass", "fail", "advice", "waived", "not applicable", "inconclusive")

REFERENCE = Reference("RFC 7208, section 3.2", "https://www.rfc-editor.org/rfc/rfc7208#section-3.2")

WAIVER = WaiverNote(
    control="SPF-*", target="*", reason="until the move", expires="2027-01-31", owner="ops", days_left=70
)


def result(verdict: str = "fail", **changes: Any) -> Result:
    values: dict[str, Any] = {
        "control": "SPF-EXISTS",
        "target": "example.org",
        "target_type": "MailDomain",
        "level": "SHOULD",
        "message": "no SPF record",
        "expected": "Every domain publishes exactly one SPF record.",
        "observed": "no SPF record",
        "evidence": (";; question: example.org. IN TXT", ";; status: NXDOMAIN"),
        "why": "receivers cannot tell who may send.",
        "fix": "publish one.",
        "references": (REFERENCE,),
        "seconds": 0.001,
        "domains": ("example.org",),
        "file": "inventories/prod.yaml",
        "line": 3,
    }
    values |= changes
    values |= {"verdict": Verdict(verdict), "level": Level(values["level"])}
    name = result_id(values["control"], values["target"])
    return Result(id=name, family=values["control"].split("-")[0], **values)


def run(*results: Result, **changes: Any) -> RunResult:
    values = {
        "inventory": "prod",
        "mailproof": "1.0",
        "started_at": "2026-11-22T03:00:00+00:00",
        "surveyed_at": "2026-11-22T03:00:05+00:00",
        "replayed": False,
    }
    judged = RunResult(**{**values, **changes}, results=list(results))
    judged.decide()
    return judged


def plain(document: RunDocument) -> dict[str, Any]:
    """A document as it stands in its file."""
    read: dict[str, Any] = json.loads("".join(as_json(document)))
    return read


def document(*results: Result, **changes: Any) -> RunDocument:
    """The document of a run, as it is read from a file; what is waived has a waiver."""
    told = (replace(each, waiver=WAIVER) if each.verdict is Verdict.WAIVED else each for each in results)
    return parsed(RunDocument, plain(run(*told, **changes)))


def one_of_each() -> RunDocument:
    """A document with every verdict and every level."""
    results = [
        result(verdict, target=f"{verdict.replace(' ', '-')}.example", level=level, control=f"SPF-{level}")
        for verdict in VERDICTS
        for level in ("MUST", "SHOULD", "MAY")
    ]
    return document(*results)


def hostile() -> RunDocument:
    """A document in which all text that may come from a network, and the inventory's name, is hostile."""
    texts = dict.fromkeys(("target", "message"), HOSTILE) | {
        "observed": f"{HOSTILE}\n  ::error::boom\n{HOSTILE}",
        "evidence": (HOSTILE, "```", "~~~~", "</details>", "::error::boom", "=1+1", ""),
        "file": f"inventories/{HOSTILE}.yaml",
        "remedy": Remedy(f"{HOSTILE}\n```", f"=1+1\n{HOSTILE}\n::error::boom"),
    }
    return document(
        *(result(verdict, control=f"SPF-{n}", **texts) for n, verdict in enumerate(VERDICTS)), inventory=HOSTILE
    )
