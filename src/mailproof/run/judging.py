"""Judging inside pytest: the verdict of every control on every target.

A control of the bundled suite needs nothing but observations, so a protocol of our own runs it: set-up and teardown of
fixtures, capturing and tracebacks cost three times as much and have nothing to do there. House rules, which may use
any fixture, are run by pytest, and so is everything where somebody watches the phases of a test.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Literal

import pytest

from mailproof.controls import Control, Level
from mailproof.garbage import rare_collections
from mailproof.run.collecting import SUITE, control_of_item, is_collection_broken, target_of_item
from mailproof.run.context import Context
from mailproof.run.judge import Judge
from mailproof.run.ownership import Judgeable
from mailproof.run.pytest_reports import annotate
from mailproof.run.seen import Seen

_GIVEN = frozenset({"target", "request"})
"""Fixtures of a control besides its observations."""

_OUR_MARKS = frozenset({"parametrize", *(level.lower() for level in Level)})
"""Marks that mailproof sets itself."""

_Phase = Literal["call", "teardown"]

_PHASES = ("pytest_runtest_setup", "pytest_runtest_call", "pytest_runtest_teardown")


class Judging:
    """The hooks between a collected control and its result. Registered as a plugin of its own."""

    def __init__(self, context: Context, seen: Seen) -> None:
        self._context = context
        self._seen = seen
        self._judge = Judge(context, seen)
        self._suite = SUITE.resolve()
        self._watched = False
        self._end_is_heard = True
        self._collecting = ExitStack()
        self._raised: BaseException | None = None
        """What ended the control that our own protocol has just run."""
        self._locations: dict[object, tuple[str, int | None]] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._watched = _is_watched(self._context.config, self._suite)
        self._end_is_heard = _is_end_heard(self._context.config)
        self._collecting.enter_context(rare_collections(frozen=True))
        if not is_collection_broken(session):
            self._judge.expect([*_judgeable(session.items)])

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        self._collecting.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Hand a control its thresholds where pytest runs it."""
        control = control_of_item(pyfuncitem)
        if control is None or not control.parameters:
            return None
        given = {name: pyfuncitem.funcargs[name] for name in control.observations}
        pyfuncitem.obj(**given, **self._seen.thresholds(control, target_of_item(pyfuncitem)))
        return True

    @pytest.hookimpl
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Judge by a control of the bundled suite; leave everything else to pytest."""
        control = control_of_item(item)
        if control is None or not isinstance(item, pytest.Function) or not self._is_plain(item, control):
            return None
        hook, location = item.ihook, self._location(item)
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=location)
        phases: tuple[tuple[_Phase, Callable[[], None]], ...] = (("call", lambda: self._call(item, control)),)
        if self._end_is_heard:
            phases = (*phases, ("teardown", lambda: None))
        for phase, work in phases:
            done = pytest.CallInfo.from_call(work, phase, reraise=(pytest.exit.Exception, KeyboardInterrupt))
            report = hook.pytest_runtest_makereport(item=item, call=done)
            hook.pytest_runtest_logreport(report=report)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=location)
        self._raised = None
        item.user_properties.clear()
        self._seen.forget(control, target_of_item(item))
        return True

    def _is_plain(self, item: pytest.Function, control: Control) -> bool:
        """Whether the control asks for nothing but what is given here, and nobody has marked it."""
        return (
            not self._watched
            and self._suite in item.path.parents
            and _may_be_given(control.observations).issuperset(item.fixturenames)
            and all(mark.name in _OUR_MARKS for mark in item.iter_markers())
        )

    def _call(self, item: pytest.Function, control: Control) -> None:
        """Run the control and keep what ended it: a traceback of it would say nothing that the verdict does not."""
        target = target_of_item(item)
        self._raised = self._seen.verdict(item.obj, control, target)

    def _location(self, item: pytest.Function) -> tuple[str, int | None, str]:
        """``item.location``, whose file and line are worked out once for all targets of a control."""
        if item.function not in self._locations:
            self._locations[item.function] = item.location[:2]
        location = (*self._locations[item.function], item.name)
        item.__dict__["location"] = location
        return location

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        control = control_of_item(item)
        if control is None or report.when == "teardown" or (report.when == "setup" and report.passed):
            return report
        raised = call.excinfo.value if call.excinfo is not None else self._raised
        result = self._judge.result(control, target_of_item(item), raised, call.duration)
        report.mailproof = result  # type: ignore[attr-defined]
        annotate(item, report, result, closes=self._context.run.closes(result), heard=self._end_is_heard)
        return report


def _judgeable(items: Iterable[pytest.Item]) -> Iterator[Judgeable]:
    for item in items:
        control = control_of_item(item)
        if control is not None and isinstance(item, pytest.Function):
            yield control, target_of_item(item), item.obj


@cache
def _may_be_given(observations: tuple[str, ...]) -> frozenset[str]:
    return _GIVEN.union(observations)


def _is_watched(config: pytest.Config, suite: Path) -> bool:
    """Whether somebody wants to see the phases of the suite's tests: an option, or a plugin of the user's own.

    Installed plugins do not count: what they do around a test, controls have no use for. Nor does a conftest
    elsewhere, which pytest would not ask either.
    """
    if any(getattr(config.option, name, False) for name in ("usepdb", "trace", "setupshow", "setuponly", "setupplan")):
        return True
    installed = _installed(config)
    hooks = (getattr(config.hook, name) for name in _PHASES)
    plugins = {id(found.plugin): found.plugin for hook in hooks for found in hook.get_hookimpls()}
    return any(key not in installed and _concerns(plugin, suite) for key, plugin in plugins.items())


def _is_end_heard(config: pytest.Config) -> bool:
    """Whether somebody waits for the end of a test, as JUnit XML, pytest-html and pytest-xdist do.

    What pytest itself shows and counts is known when a control has been called; the end would be half the work.
    """
    installed = _installed(config)
    listeners = [found.plugin for found in config.hook.pytest_runtest_logreport.get_hookimpls()]
    makers = [found.plugin for found in config.hook.pytest_runtest_makereport.get_hookimpls()]
    listeners += [plugin for plugin in makers if id(plugin) not in installed]
    return any(not _module_of(plugin).startswith(_DEAF) or _module_of(plugin) == _JUNIT for plugin in listeners)


def _installed(config: pytest.Config) -> set[int]:
    """The ids of the plugins that installed packages brought."""
    return {id(plugin) for plugin, _ in config.pluginmanager.list_plugin_distinfo()}


_DEAF = ("_pytest.", "mailproof.")
_JUNIT = "_pytest.junitxml"


def _module_of(plugin: object) -> str:
    return plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__


def _concerns(plugin: object, suite: Path) -> bool:
    """Whether a plugin is neither one of pytest's nor a conftest of some other directory."""
    if not isinstance(plugin, ModuleType):
        return not _module_of(plugin).startswith("_pytest.")
    file = Path(plugin.__file__ or "")
    if file.name == "conftest.py":
        return file.parent in suite.parents
    return not plugin.__name__.startswith("_pytest.")
