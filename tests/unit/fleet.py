"""A made-up result of any size, for what has to stay readable and quick with thousands of targets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from mailproof.gate.document import RunDocument, parsed

FAMILIES = ("SPF", "DKIM", "DMARC", "MX", "STS", "DANE", "TLS", "CERT", "SMTP", "PTR", "RELAY", "DEL", "SEC")
CONTROLS = tuple((f"{family}-RULE-{number}", family) for family in FAMILIES for number in range(8))[:100]
LEVELS = ("MUST", "SHOULD", "MAY")
HOSTS_PER_DOMAIN = 4


def document(targets: int) -> RunDocument:
    """The document of ``targets`` targets, each judged by 100 controls; some one in twelve verdicts is no pass."""
    return parsed(RunDocument, plain(targets))


def plain(targets: int, controls: int = len(CONTROLS)) -> dict[str, Any]:
    """The same as it stands in a file, of fewer controls if wanted."""
    results = list(_results(targets, CONTROLS[:: len(CONTROLS) // controls]))
    counts = dict.fromkeys(("pass", "fail", "advice", "not applicable", "inconclusive"), 0)
    for result in results:
        counts[result["verdict"]] += 1
    return {
        "format": "mailproof-result",
        "version": 1,
        "mailproof": "0.1.0",
        "inventory": "fleet",
        "contact": None,
        "started_at": "2026-11-20T10:00:00+00:00",
        "surveyed_at": "2026-11-20T10:00:00+00:00",
        "replayed": False,
        "complete": True,
        "decision": {
            "open": False,
            "reasons": [f"{counts['fail']} findings", f"{counts['inconclusive']} inconclusive"],
        },
        "counts": counts,
        "traffic": {"connections": {"11.0.0.1": 4}, "questions": {"11.0.0.53:53": 9}},
        "controls_without_target": [],
        "results": results,
    }


def _results(targets: int, controls: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    for number in range(targets):
        domain = f"customer{number // HOSTS_PER_DOMAIN:05}.example"
        target = f"mx{number % HOSTS_PER_DOMAIN}.{domain}[11.{number >> 16}.{number >> 8 & 255}.{number & 255}]:25"
        dead = number % 97 == 5
        for index, (control, family) in enumerate(controls):
            level = LEVELS[index % 3]
            chance = (number * 7919 + index * 104729) % 1009
            verdict, message = "pass", f"{control} holds"
            if dead:
                verdict, message = "inconclusive", f"timed out: no greeting from {target} within 60 s"
            elif chance < 50 + index // 4:
                verdict = "advice" if level == "MAY" else "fail"
                message = f"{target} breaks {control}: {chance} of 1009 tries"
            elif chance > 960:
                verdict, message = "not applicable", "nothing of the kind is published"
            yield _result(control, family, target, domain, level, verdict, message, number)


def _result(
    control: str, family: str, target: str, domain: str, level: str, verdict: str, message: str, number: int
) -> dict[str, Any]:
    digest = hashlib.sha256(f"{control}\n{target}".encode()).hexdigest()
    return {
        "id": digest[:12],
        "family": family,
        "control": control,
        "target": target,
        "target_type": "Endpoint",
        "level": level,
        "verdict": verdict,
        "message": message,
        "expected": f"Every host keeps {control}.",
        "observed": message,
        "evidence": [
            f"220 {target.split('[')[0]} ESMTP ready",
            "EHLO probe.right.example",
            f"250-{target.split('[')[0]} greets probe.right.example",
            "250-PIPELINING",
            "250 SIZE 52428800",
            f"{control}: serial {digest[:32]}, seen after {number % 830} ms",
        ],
        "why": "mail gets lost otherwise.",
        "fix": "mend it.",
        "references": [{"title": "RFC 5321, section 4.2", "url": "https://www.rfc-editor.org/rfc/rfc5321#section-4.2"}],
        "seconds": 0.0001,
        "domains": [domain],
        "file": "fleet.yaml",
        "line": number // HOSTS_PER_DOMAIN + 2,
    }
