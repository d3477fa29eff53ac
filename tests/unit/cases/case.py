"""One line of a table: observations, and the verdict that they must get."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from mailproof.controls import Catalogue, Control, Level, control_of, load_catalogue
from mailproof.gate.verdict import Judgement, Verdict, judge


@dataclass(frozen=True)
class Case:
    """``says`` must occur in what the control says; ``observed`` are its fixtures by name."""

    verdict: Verdict
    says: str
    observed: Mapping[str, object]
    level: Level | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


def passes(**observed: object) -> Case:
    return Case(Verdict.PASS, "", observed)


def fails(says: str, *, level: Level | None = None, **observed: object) -> Case:
    return Case(Verdict.FAIL, says, observed, level)


def advises(says: str, **observed: object) -> Case:
    return Case(Verdict.ADVICE, says, observed, Level.MAY)


def skips(says: str, **observed: object) -> Case:
    return Case(Verdict.NOT_APPLICABLE, says, observed)


def leaves(owner: str, says: str = "", **observed: object) -> Case:
    """The control leaves the fault to ``owner``."""
    return Case(Verdict.NOT_APPLICABLE, f"{says}; {owner} judges that" if says else f"{owner} judges that", observed)


def undecided(says: str, **observed: object) -> Case:
    return Case(Verdict.INCONCLUSIVE, says, observed)


Table = Mapping[str, tuple[Case, ...]]


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


@cache
def functions() -> dict[str, Any]:
    """The test functions of the suite by control id."""
    modules = _modules()
    return {
        found.id: value
        for module in modules
        for value in vars(module).values()
        if (found := control_of(value)) is not None
    }


def _modules() -> list[Any]:
    import pkgutil

    suite = importlib.import_module("mailproof.tests_compliance")
    return [importlib.import_module(f"{suite.__name__}.{info.name}") for info in pkgutil.iter_modules(suite.__path__)]


def judged(id: str, observed: Mapping[str, object], parameters: Mapping[str, Any] | None = None) -> Judgement:
    """The verdict of a control on observations, as the gate gives it."""
    entry: Control = catalogue()[id]
    arguments = {name: observed[name] for name in entry.observations}
    try:
        functions()[id](**arguments, **(parameters or {}))
    except BaseException as raised:
        return judge(entry, raised)
    return judge(entry, None)
