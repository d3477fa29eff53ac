"""The examples of the pages of controls, out of the cases that the unit tests judge: `make docs` writes them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mailproof.documents import write_atomically
from mailproof.gate.verdict import Verdict
from mailproof.observations import Observation
from tests.unit.cases.case import Case, catalogue, judged
from tests.unit.test_controls import CASES

MAX_LINES = 24
"""Of what an example shows of the evidence."""

BAD = (Verdict.FAIL, Verdict.ADVICE)
GOOD = (Verdict.PASS,)

_KEY = re.compile(r"(?=[A-Za-z/+]*[0-9])[A-Za-z0-9/+]{40,}={0,2}|(?<= )[0-9a-f]{16}\.\.\.")
"""A key, signature or digest: nobody reads it, and it is another one each time that the cases are made."""


def example(id: str, kinds: tuple[Verdict, ...]) -> Case:
    """The first case of a verdict that shows evidence, or the first one."""
    cases = [case for case in CASES[id] if case.verdict in kinds]
    return next((case for case in cases if not case.parameters and seen(case.observed)), cases[0])


def seen(observed: Mapping[str, Any]) -> list[str]:
    """The evidence of observations as lines, cut where it is long."""
    lines = [line for one in observed.values() if isinstance(one, Observation) for line in one.evidence()]
    lines = [_shortened(part) for line in dict.fromkeys(lines) for part in line.splitlines()]
    return lines if len(lines) <= MAX_LINES else [*lines[:MAX_LINES], f"... {len(lines) - MAX_LINES} lines more"]


def _shortened(line: str) -> str:
    return _KEY.sub("...", line)


def text() -> str:
    """The file of examples, as `mailproof.report.examples` reads it."""
    found = {
        control.id: {"bad": _plain(control.id, BAD), "good": _plain(control.id, GOOD)}
        for control in sorted(catalogue(), key=lambda control: control.id)
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _plain(id: str, kinds: tuple[Verdict, ...]) -> dict[str, Any]:
    case = example(id, kinds)
    made: dict[str, Any] = {"seen": seen(case.observed)}
    if kinds is BAD:
        said = judged(id, case.observed, case.parameters).observed
        made["found"] = [_shortened(line) for line in said.splitlines()]
    if case.parameters:
        made["parameters"] = dict(case.parameters)
    return made


if __name__ == "__main__":
    write_atomically(Path(sys.argv[1]), [text()])
