"""Every control of the catalogue against made-up observations, with the verdict that they must get."""

from __future__ import annotations

import ast
import inspect
from textwrap import dedent

import pytest

from mailproof.controls import Control, Harm
from mailproof.gate.verdict import Verdict

from .cases import authentication, configuration, dns, policies, smtp, tls
from .cases.case import Case, Table, catalogue, functions, judged

TABLES: tuple[Table, ...] = (
    configuration.TABLE,
    dns.TABLE,
    authentication.TABLE,
    policies.TABLE,
    smtp.TABLE,
    tls.TABLE,
)
CASES = {id: cases for table in TABLES for id, cases in table.items()}


@pytest.mark.parametrize(
    ("id", "case"),
    [
        pytest.param(id, case, id=f"{id}-{case.verdict}-{n}")
        for id, cases in CASES.items()
        for n, case in enumerate(cases)
    ],
)
def test_control_says(id: str, case: Case) -> None:
    judgement = judged(id, case.observed, case.parameters)
    assert judgement.verdict == case.verdict, judgement
    assert "the control itself broke" not in judgement.observed
    assert case.says in judgement.observed
    if case.level is not None:
        assert judgement.level == case.level


def test_no_control_is_missing_from_the_tables_and_none_is_made_up() -> None:
    assert set(CASES) == set(catalogue().controls)
    assert len(CASES) == sum(len(table) for table in TABLES), "a control stands in two tables"


@pytest.mark.parametrize("id", CASES)
def test_every_control_can_pass_and_can_object(id: str) -> None:
    verdicts = {case.verdict for case in CASES[id]}
    assert Verdict.PASS in verdicts
    assert verdicts & {Verdict.FAIL, Verdict.ADVICE}


@pytest.mark.parametrize("id", CASES)
def test_faults_are_left_to_controls_that_exist(id: str) -> None:
    calls = [node for node in ast.walk(ast.parse(dedent(inspect.getsource(functions()[id])))) if _leaves(node)]
    owners = {ast.literal_eval(call.args[0]) for call in calls if isinstance(call, ast.Call)}
    assert owners <= set(catalogue().controls) - {id}


def _leaves(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "leave_to"


@pytest.mark.parametrize("control", list(catalogue()), ids=lambda control: control.id)
def test_every_control_of_the_suite_says_what_its_faults_do_to_the_mail(control: Control) -> None:
    assert control.harm is not Harm.OTHER
