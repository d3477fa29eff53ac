"""Every control of the catalogue against made-up observations, with the verdict that they must get."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from textwrap import dedent

import pytest

from mailproof.controls import Control, Harm, control_of
from mailproof.gate.verdict import Verdict

from .cases.case import Case, Table, catalogue, functions, judged

SUITE = "mailproof.tests_compliance"
MODULES = [found.name for found in pkgutil.iter_modules(importlib.import_module(SUITE).__path__)]


def table(module: str) -> Table:
    """The cases of a module of the suite: those of the module of ``cases`` of the same name."""
    found: Table = importlib.import_module(f"{__package__}.cases.{module.removeprefix('test_')}").TABLE
    return found


CASES = {id: cases for module in MODULES for id, cases in table(module).items()}


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


@pytest.mark.parametrize("module", MODULES)
def test_the_cases_of_a_control_stand_in_the_module_of_its_name(module: str) -> None:
    judges = [
        found for value in vars(importlib.import_module(f"{SUITE}.{module}")).values() if (found := control_of(value))
    ]
    assert {control.id for control in judges} == set(table(module))


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
