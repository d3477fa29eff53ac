"""Collection: every control is parametrised with the targets that it judges, and with no others."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from mailproof.controls import Control, Level, control_of, used_twice
from mailproof.docket import UnknownFixture
from mailproof.gate.baseline import former_keys
from mailproof.inventory.errors import InventoryError
from mailproof.patterns import matches
from mailproof.report import escape
from mailproof.run.context import Context
from mailproof.targets.base import Target, Undiscovered
from mailproof.targets.shards import holds_together

_CONTROL = pytest.StashKey[Control | None]()

SUITE = Path(__file__).resolve().parent.parent / "tests_compliance"


def _share_modules() -> None:
    """In a checkout the directory of the suite is a link: pytest would import what is imported already once more, by
    the name of where it leads.
    """
    package = "mailproof.tests_compliance"
    if SUITE.resolve() != SUITE:
        for name in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
            sys.modules.setdefault(SUITE.resolve().name + name.removeprefix(package), sys.modules[name])


class Collecting:
    """The hooks between the files of the suite and the pairs that are judged. Registered as a plugin of its own."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._selected: dict[str, tuple[Target, ...]] = {}
        self._places: dict[str, str] = {}

    def choose_suite(self) -> None:
        """Point pytest at the bundled suite and the rules of the inventory, unless test files were named.

        The suite is collected whatever the user's own settings say about names of test files and functions.
        """
        config = self._context.config
        _share_modules()
        if not self._context.options.paths:
            config.args = [str(SUITE.resolve()), *(str(path) for path in self._context.loaded.model.rules)]
        config.addinivalue_line("python_files", "test_*.py")
        config.addinivalue_line("python_functions", "test")
        # A rule that returns what it should assert has judged nothing: pytest would only warn.
        config.addinivalue_line("filterwarnings", "error::pytest.PytestReturnNotNoneWarning")
        for level in Level:
            config.addinivalue_line("markers", f"{level.lower()}: controls of level {level}; given by mailproof")

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self, collector: pytest.Collector, name: str, obj: object) -> list[Any] | None:
        """Collect nothing for a control that is not selected or has no target; the reports name the latter."""
        control = control_of(obj)
        if control is None:
            return None
        self._register(control, collector)
        context = self._context
        try:
            ruled = context.docket.ruled(control, context.targets)
        except UnknownFixture as error:
            raise pytest.Collector.CollectError(str(error)) from None
        for target in ruled:
            for index in context.waivers.covering(control.id, target.id):
                context.waived.setdefault(index, set()).add((control.id, target.id))
        if not self._is_chosen(control):
            return []
        selected = tuple(target for target in ruled if self._is_selected(target))
        if context.division is not None:
            here = {target.id for target in selected if context.is_here(target)}
            context.elsewhere += [(control, target) for target in selected if target.id not in here]
            selected = tuple(target for target in selected if target.id in here)
        self._selected[control.id] = selected
        if not selected:
            if not ruled and not context.docket.is_ruled_out(control, context.targets):
                context.run.controls_without_target.append(control.id)
            return []
        return None

    def _register(self, control: Control, collector: pytest.Collector) -> None:
        """Note a collected control. Raises CollectError if another one has its id: one of them would judge nothing."""
        catalogue = self._context.catalogue
        for id in (control.id, *control.formerly):
            known = self._places.setdefault(id, control.place)
            present = catalogue.present_id(id)
            shipped = catalogue.is_shipped(present) and SUITE.resolve() not in collector.path.parents
            if known != control.place or shipped:
                other = catalogue[present].place if shipped else known
                raise pytest.Collector.CollectError(used_twice(id, other, control.place))
        self._context.collected[control.id] = control

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        control = control_of(metafunc.function)
        if control is not None:
            targets = self._selected.get(control.id, ())
            redact = self._context.loaded.redact
            metafunc.parametrize("target", targets, ids=[escape.test_id(redact(target.id)) for target in targets])

    def _is_chosen(self, control: Control) -> bool:
        if self._context.division is not None and holds_together(control.observations):
            return False
        patterns = self._context.options.controls
        return not patterns or any(map(control.is_named, patterns))

    def _is_selected(self, target: Target) -> bool:
        wanted = self._context.options.targets
        return not wanted or any(matches(pattern, target.id) for pattern in wanted)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Let -k find controls by id and level, and -m by level (``-m must``)."""
        self._context.run.controls_without_target.sort()
        option = self._context.config.option
        for item in items if option.keyword or option.markexpr else ():
            if (control := control_of_item(item)) is not None:
                item.extra_keyword_matches.update((control.id, str(control.level)))
                item.add_marker(control.level.lower())

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        context = self._context
        context.broken = is_collection_broken(session)
        if context.broken:
            return
        redact = context.loaded.redact  # as the results are that they are compared with
        keys = [(control.id, redact(target.id)) for control, target in pairs(session.items)]
        context.expected = len(set(keys))
        if not context.options.paths:
            self._check_suite()
        if not context.is_worker and context.division is None:  # what a waiver is meant for may lie in another shard
            self._check_waivers()
        context.run.judgeable = sum(len(self._ruled(control)) for control in context.controls.values())
        if context.earlier is not None:
            context.former = former_keys(context.earlier.results, keys, context.run.renamed)

    def _ruled(self, control: Control) -> tuple[Target, ...]:
        return self._context.docket.ruled(control, self._context.targets)

    def _check_suite(self) -> None:
        """Raise UsageError if a setting or a plugin kept a part of the suite from being collected."""
        missing = sorted(set(self._context.catalogue.controls) - set(self._context.collected))
        if missing:
            shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
            raise pytest.UsageError(
                f"{len(missing)} of {len(self._context.catalogue.controls)} controls of the suite were not collected "
                f"({shown}): a setting or plugin of pytest hides them; run with `-c /dev/null` or without it"
            )

    def _check_waivers(self) -> None:
        """Raise UsageError for waivers that match nothing in this inventory, whatever was selected of it."""
        context = self._context
        if not context.waivers.entries:
            return
        targets = {id: context.docket.all_targets(control, context.targets) for id, control in context.controls.items()}
        ids = {id: [target.id for target in found] for id, found in targets.items()}
        unknown = [id for id, found in targets.items() if any(isinstance(target, Undiscovered) for target in found)]
        problems = list(context.waivers.problems(ids, unknown))
        if problems:
            raise pytest.UsageError(context.loaded.redact(str(InventoryError(*problems))))


def is_collection_broken(session: pytest.Session) -> bool:
    """Whether pytest is about to stop: a test file is broken, or somebody pressed Ctrl-C while it collected."""
    if sys.exception() is not None:  # pytest tells of the end of a collection that was broken off as well
        return True
    return bool(session.testsfailed) and not session.config.option.continue_on_collection_errors


def pairs(items: Iterable[pytest.Item]) -> Iterable[tuple[Control, Target]]:
    """The pairs of control and target among ``items``."""
    for item in items:
        control = control_of_item(item)
        if control is not None:
            yield control, target_of_item(item)


def control_of_item(item: pytest.Item) -> Control | None:
    """The control that an item runs; None for an ordinary test."""
    if _CONTROL not in item.stash:
        item.stash[_CONTROL] = control_of(getattr(item, "function", None))
    return item.stash[_CONTROL]


def target_of_item(item: pytest.Item) -> Target:
    """The target that an item judges. Raises TypeError."""
    target = getattr(item, "callspec").params.get("target") if hasattr(item, "callspec") else None  # noqa: B009
    if not isinstance(target, Target):
        raise TypeError(f"{item.nodeid} has no target")
    return target
