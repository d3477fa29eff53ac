"""Cases from public reports and from the fine print of the standards, judged as a user does.

Each directory of ``cases`` is a case of many domains: an inventory and what its world has over that of ``base``.
``args`` selects controls. ``expected.txt`` has a line for each verdict, tab-separated: control, target, verdicts that
are right (``a|b``), and a regular expression that the finding must hold. ``*`` stands for anything in the first two;
``none`` says that the control does not judge the target.
"""

from __future__ import annotations

import re
import shutil
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.offline.user import pytest_run

CASES = Path(__file__).parent / "cases"

LIMITS = """
limits: {connect: 60, greeting: 60, reply: 60, tls: 60, dns: 30, https: 60, silence: 0.1, pause: 0, retries: 0}
"""
"""Patient: nobody in these worlds is silent."""


def _lines() -> list[Any]:
    found = []
    for file in sorted(CASES.glob("*/expected.txt")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if line and not line.startswith("#"):
                fields = line.split("\t")
                name = f"{file.parent.name}:{number}-{fields[0]}-{fields[1]}"
                found.append(pytest.param(file.parent.name, *fields[:3], "".join(fields[3:]), id=name))
    return found


@cache
def _results(case: str) -> tuple[dict[str, Any], ...]:
    with TemporaryDirectory() as directory:
        place = Path(directory)
        for source in (CASES / "base", CASES / case):
            shutil.copytree(source, place, dirs_exist_ok=True)
        inventory = place / "inventory.yaml"
        inventory.write_text(inventory.read_text(encoding="utf-8") + LIMITS, encoding="utf-8")
        chosen = (place / "args").read_text(encoding="utf-8").split()
        run = pytest_run(place, "--inventory=inventory.yaml", *chosen)
        assert run.code in (0, 1), run.output + run.errors
        return tuple(run.document("inventory")["results"])


@pytest.mark.parametrize(("case", "control", "target", "verdicts", "says"), _lines())
def test_case(case: str, control: str, target: str, verdicts: str, says: str) -> None:
    found = [
        result
        for result in _results(case)
        if fnmatchcase(result["control"], control) and fnmatchcase(result["target"], target)
    ]
    if verdicts == "none":
        assert not found
        return
    assert found, "no such control and target"
    for result in found:
        assert result["verdict"] in verdicts.split("|"), result["observed"]
        assert re.search(says, result["observed"]), result["observed"]


def test_every_case_expects_something_right_and_something_wrong() -> None:
    for file in CASES.glob("*/expected.txt"):
        verdicts = {line.split("\t")[2] for line in file.read_text().splitlines() if line and line[0] != "#"}
        assert file.parent.name == "resolver" or verdicts & {"pass", "not applicable"}, file
        assert verdicts & {"fail", "advice", "inconclusive"}, file
