"""Result documents for the tests of the formats: made up, plain or hostile."""

from __future__ import annotations

import json
from typing import Any

from mailproof.gate.result import Result, RunResult
from mailproof.report.formats import FORMATS

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> ![i](https://evil.example/i.png) "
    "[text](https://evil.example) @octocat #1 https://evil.example www.evil.example a@evil.example "
    "`tick` ```fence``` ~~~ | cell | \x1b[31mred \u202e \u009b1m {0} {{x}} %0A::error::boom "
    '=HYPERLINK("https://evil.example") "quoted" \\n $x$ \ud800 </details></code>&amp; ##[add-mask]x'
)
"""What each format would take for its own."""

VERDICTS = ("pass", "fail", "advice", "waived", "not applicable", "inconclusive")


def result(verdict: str = "fail", **changes: Any) -> Result:
    values: dict[str, Any] = {
        "control": "SPF-EXISTS",
        "target": "example.org",
        "target_type": "MailDomain",
        "level": "SHOULD",
        "verdict": verdict,
        "message": "no SPF record",
        "expected": "Every domain publishes exactly one SPF record.",
        "observed": "no SPF record",
        "evidence": (";; question: example.org. IN TXT", ";; status: NXDOMAIN"),
        "why": "receivers cannot tell who may send.",
        "fix": "publish one.",
        "references": (("RFC 7208, section 3.2", "https://www.rfc-editor.org/rfc/rfc7208#section-3.2"),),
        "seconds": 0.001,
        "domains": ("example.org",),
        "file": "inventories/prod.yaml",
        "line": 3,
    }
    return Result(**{**values, **changes})


def run(*results: Result, **changes: Any) -> RunResult:
    values = {
        "inventory": "prod",
        "mailproof": "1.0",
        "started_at": "2026-11-22T03:00:00+00:00",
        "surveyed_at": "2026-11-22T03:00:05+00:00",
        "replayed": False,
    }
    judged = RunResult(**{**values, **changes}, results=list(results))
    judged.sort()
    return judged


def document(*results: Result, **changes: Any) -> dict[str, Any]:
    """The document of a run, as it is read from a file. Counts are those of the results, waived ones too."""
    plain: dict[str, Any] = json.loads(FORMATS["json"](run(*results, **changes).document()))
    plain["counts"] = {verdict: sum(r.verdict == verdict for r in results) for verdict in VERDICTS}
    for item in plain["results"]:
        if item["verdict"] == "waived":
            item["waiver"] = {"reason": "until the move", "expires": "2027-01-31", "owner": "ops"}
    return plain


def one_of_each() -> dict[str, Any]:
    """A document with every verdict and every level."""
    results = [
        result(verdict, target=f"{verdict.replace(' ', '-')}.example", level=level, control=f"SPF-{level}")
        for verdict in VERDICTS
        for level in ("MUST", "SHOULD", "MAY")
    ]
    return document(*results)


def hostile() -> dict[str, Any]:
    """A document in which all text that may come from a network, and the inventory's name, is hostile."""
    texts = dict.fromkeys(("target", "message"), HOSTILE) | {
        "observed": f"{HOSTILE}\n  ::error::boom\n{HOSTILE}",
        "evidence": (HOSTILE, "```", "~~~~", "</details>", "::error::boom", "=1+1", ""),
        "file": f"inventories/{HOSTILE}.yaml",
    }
    return document(
        *(result(verdict, control=f"SPF-{n}", **texts) for n, verdict in enumerate(VERDICTS)), inventory=HOSTILE
    )
