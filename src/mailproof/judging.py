"""Judging inside pytest: observations as fixtures, the verdict of every control, and the reports that carry it.

A control of the bundled suite needs nothing but observations, so a protocol of our own runs it: set-up and teardown of
fixtures, capturing and tracebacks cost three times as much and have nothing to do there. House rules, which may use
any fixture, are run by pytest, and so is everything where somebody watches the phases of a test.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from mailproof.controls import Control, control_of, not_applicable
from mailproof.gate.baseline import AMISS, Snapshot, change_of
from mailproof.gate.policy import Policy
from mailproof.gate.result import Result, RunResult, from_plain, make_result, to_plain
from mailproof.gate.verdict import GATE_LEVEL, Judgement, Verdict, judge
from mailproof.gate.waivers import Waivers, describe_waiver
from mailproof.inventory.load import LoadedInventory
from mailproof.inventory.targets import Target, Undiscovered
from mailproof.net.errors import NotObserved
from mailproof.observations import Observation, rests_on_proposal
from mailproof.probes.probe import NoConsent, Outcome, Probe
from mailproof.record import Record, redacted
from mailproof.report import escape
from mailproof.vantage import Vantage

TARGET_FIXTURES = {
    "mail_domain": "MailDomain",
    "zone": "Zone",
    "name_server": "NameServer",
    "mail_host": "MailHost",
    "endpoint": "Endpoint",
    "mail_exchange": "MailExchange",
    "sending_address": "SendingAddress",
    "helo_name": "HeloName",
    "authorised_sender": "AuthorisedSender",
    "selector": "Selector",
    "blocklist_entry": "BlocklistEntry",
}
"""Fixtures that hand the target itself to a control, by the type that they stand for."""

_GIVEN = frozenset({"target", "parameters", "request"})
"""Fixtures of a control besides its observations."""

_OUTCOMES = (Exception, pytest.skip.Exception, pytest.fail.Exception, pytest.xfail.Exception)
"""What may end a control and is a verdict; Ctrl-C and pytest.exit are none."""

_COUNTED = SimpleNamespace(when="call", nodeid="", sections=[], longrepr=None)
"""Stands for any report that the terminal counts and does not show."""

_PHASES = ("pytest_runtest_setup", "pytest_runtest_call", "pytest_runtest_teardown")


class Judging:
    """The hooks between a collected control and its result. Registered as a plugin of its own."""

    def __init__(
        self,
        config: pytest.Config,
        suite: Path,
        loaded: LoadedInventory,
        policy: Policy,
        waivers: Waivers,
        probes: Mapping[str, Probe],
        run: RunResult,
        *,
        proposed: bool,
    ) -> None:
        self._config = config
        self._suite = suite
        self._loaded = loaded
        self._policy = policy
        self._waivers = waivers
        self._probes = probes
        self._run = run
        self._proposed = proposed
        self._directory = Path(config.invocation_params.dir)
        self._is_worker = hasattr(config, "workerinput")
        self._watched = False
        self._raised: BaseException | None = None
        """What ended the control that our own protocol has just run."""
        self._locations: dict[object, tuple[str, int | None]] = {}
        self._uses: Counter[tuple[str, str]] = Counter()
        self._proofs: dict[tuple[str, str], tuple[str, ...]] = {}
        self.record: Record | None = None
        self.vantage = Vantage({})
        self.earlier: Snapshot | None = None
        self.former: Mapping[tuple[str, str], tuple[str, str]] = {}
        """Keys of the present results to those of ``earlier``."""

    # Observations for controls

    def observation(self, name: str, target: Target) -> Observation:
        """The observation that a control asks for. Raises NotObserved, or skips where consent is missing."""
        if isinstance(target, Undiscovered):
            raise NotObserved(target.reason, target.evidence)
        outcome = self._outcome(name, target)
        if outcome is None:
            raise NotObserved(f"{name} of {target.id} is not in the record; survey again")
        if isinstance(outcome, NoConsent):
            not_applicable(outcome.reason)
        if isinstance(outcome, NotObserved):
            raise self.vantage.retold(outcome, target)
        return outcome

    def _outcome(self, name: str, target: Target) -> Outcome | None:
        return self.record.outcomes.get((name, target.id)) if self.record else None

    def parameters_of(self, control: Control, target: Target) -> Mapping[str, Any]:
        """The thresholds of a control for a target."""
        rule = self._policy.rule(control, target)
        return rule.parameters if rule is not None else control.parameters

    def _given(self, name: str, control: Control, target: Target) -> object:
        """What a fixture of this name is for a control."""
        if name == "parameters":
            return self.parameters_of(control, target)
        if name in TARGET_FIXTURES:
            return _itself(target)
        return self.observation(name, target)

    # The protocol

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._watched = _is_watched(self._config, self._suite)
        for item in session.items:
            control = control_of_item(item)
            if control is not None:
                target = target_of_item(item)
                self._uses.update((name, target.id) for name in control.observations)

    @pytest.hookimpl
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Judge by a control of the bundled suite; leave everything else to pytest."""
        control = control_of_item(item)
        if control is None or not isinstance(item, pytest.Function) or not self._is_plain(item, control):
            return None
        hook, location = item.ihook, self._location(item)
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=location)
        for phase, work in (("call", lambda: self._call(item, control)), ("teardown", lambda: None)):
            done = pytest.CallInfo.from_call(work, phase, reraise=(pytest.exit.Exception, KeyboardInterrupt))  # type: ignore[arg-type]
            report = hook.pytest_runtest_makereport(item=item, call=done)
            hook.pytest_runtest_logreport(report=report)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=location)
        self._forget(item, control)
        return True

    def _is_plain(self, item: pytest.Function, control: Control) -> bool:
        """Whether the control asks for nothing but what is given here, and nobody has marked it."""
        return (
            not self._watched
            and self._suite in item.path.parents
            and _GIVEN.union(control.observations).issuperset(item.fixturenames)
            and all(mark.name == "parametrize" for mark in item.iter_markers())
        )

    def _call(self, item: pytest.Function, control: Control) -> None:
        """Run the control and keep what ended it: a traceback of it would say nothing that the verdict does not."""
        target = target_of_item(item)
        names = (*control.observations, *(("parameters",) if "parameters" in item.fixturenames else ()))
        try:
            item.obj(**{name: self._given(name, control, target) for name in names})
        except _OUTCOMES as raised:
            self._raised = raised

    def _location(self, item: pytest.Function) -> tuple[str, int | None, str]:
        """``item.location``, whose file and line are worked out once for all targets of a control."""
        if item.function not in self._locations:
            self._locations[item.function] = item.location[:2]
        location = (*self._locations[item.function], item.name)
        item.__dict__["location"] = location
        return location

    def _forget(self, item: pytest.Item, control: Control) -> None:
        """Let go of what no later control needs: a large inventory has hundreds of thousands of verdicts."""
        self._raised = None
        item.user_properties.clear()
        target = target_of_item(item)
        for name in control.observations:
            key = (name, target.id)
            self._uses[key] -= 1
            if not self._uses[key]:
                del self._uses[key]
                self._proofs.pop(key, None)
                if self.record:
                    self.record.outcomes.pop(key, None)

    # Verdicts

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        control = control_of_item(item)
        if control is None or report.when == "teardown" or (report.when == "setup" and report.passed):
            return report
        raised = call.excinfo.value if call.excinfo is not None else self._raised
        result = self._result(item, control, raised, call.duration)
        report.mailproof = result  # type: ignore[attr-defined]
        _annotate(item, report, result, closes=self._run.closes(result))
        return report

    def _result(self, item: pytest.Item, control: Control, raised: BaseException | None, seconds: float) -> Result:
        target = target_of_item(item)
        if not isinstance(raised, pytest.skip.Exception | NotObserved):
            raised = self.vantage.doubt(control.by_clock) or raised
        rule = self._policy.rule(control, target)
        level, fail_on = (rule.level, rule.fail_on) if rule is not None else (None, GATE_LEVEL)
        judgement = judge(control, raised, level=level, fail_on=fail_on)
        judgement, waiver = self._waivers.apply(judgement, control.id, target.id)
        place = self._loaded.place_of(target.id, *target.mail_domains)
        result = make_result(
            control,
            target.id,
            target.type if isinstance(target, Undiscovered) else type(target).__name__,
            judgement,
            self._evidence(control, target, raised),
            seconds,
            target.mail_domains,
            (_relative(place.file, self._directory), place.line),
            waiver=waiver,
            change=self._change(control, target, judgement),
            proposed=self._proposed and any(map(rests_on_proposal, self._observations(control, target))),
        )
        return from_plain(redacted(to_plain(result), self._loaded.redact)) if self._loaded.secrets else result

    def _change(self, control: Control, target: Target, judgement: Judgement) -> str:
        """What the baseline makes of a verdict, for those that are amiss."""
        if self.earlier is None or judgement.verdict not in AMISS:
            return ""
        former = self.former.get((control.id, target.id))
        before = self.earlier.results[former] if former is not None else None
        return str(change_of(before, judgement.verdict, judgement.level))

    def _observations(self, control: Control, target: Target) -> list[Observation]:
        """What there was for the control at hand to see."""
        found = (self._outcome(name, target) for name in control.observations)
        return [outcome for outcome in found if isinstance(outcome, Observation)]

    def _evidence(self, control: Control, target: Target, raised: BaseException | None) -> tuple[str, ...]:
        tried = self.record.attempts if self.record else {}
        attempts = tuple(line for name in control.observations for line in tried.get((name, target.id), ()))
        if isinstance(raised, NotObserved):
            return (*attempts, *raised.evidence)
        proofs = [proof for name in control.observations if (proof := self._proof(name, target))]
        return proofs[0] if len(proofs) == 1 and not attempts else (*attempts, *chain.from_iterable(proofs))

    def _proof(self, name: str, target: Target) -> tuple[str, ...]:
        """The evidence of an observation, the same object for every control that judges it."""
        key = (name, target.id)
        if key not in self._proofs:
            outcome = self._outcome(name, target)
            self._proofs[key] = tuple(outcome.evidence()) if isinstance(outcome, Observation) else ()
        return self._proofs[key]

    # Reports

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, Mapping[str, bool]]] | None:
        result = result_of(report)
        if result is None:
            return None
        letter, colour = _STATUS[Verdict(result.verdict)]
        return result.verdict, letter, (result.verdict.upper(), {colour: True})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None]:
        """Keep the result instead of the report, of which pytest's terminal only needs to know that there was one."""
        result = result_of(report)
        if result is not None and not self._is_worker:
            self._run.results.append(result)
        yield
        stats = getattr(self._config.pluginmanager.get_plugin("terminalreporter"), "stats", {})
        if result is not None and (reports := stats.get(result.verdict)):
            reports[-1] = _COUNTED
        if report.when == "teardown" and report.passed:
            stats.get("", [report]).pop()

    @pytest.hookimpl(wrapper=True)
    def pytest_report_to_serializable(self, report: Any) -> Generator[None, Any, Any]:
        data = yield
        if data is not None and (result := result_of(report)) is not None:
            data["mailproof"] = to_plain(result)
        return data

    @pytest.hookimpl(wrapper=True)
    def pytest_report_from_serializable(self, data: dict[str, Any]) -> Generator[None, Any, Any]:
        plain = data.get("mailproof")
        report = yield
        if plain is not None and report is not None:
            report.mailproof = from_plain(plain)
        return report


_STATUS = {
    Verdict.PASS: (".", "green"),
    Verdict.FAIL: ("F", "red"),
    Verdict.ADVICE: ("a", "yellow"),
    Verdict.WAIVED: ("w", "yellow"),
    Verdict.NOT_APPLICABLE: ("-", "blue"),
    Verdict.INCONCLUSIVE: ("?", "purple"),
}


def result_of(report: Any) -> Result | None:
    """The result that a pytest report carries, or None."""
    found = getattr(report, "mailproof", None)
    return found if isinstance(found, Result) else None


def control_of_item(item: pytest.Item) -> Control | None:
    """The control that an item runs; None for an ordinary test."""
    return control_of(getattr(item, "function", None))


def parameter_of_item(item: pytest.Item) -> object:
    """What an item was parametrised with: a target, or pytest's placeholder where there was none."""
    return getattr(item, "callspec").params.get("target") if hasattr(item, "callspec") else None  # noqa: B009


def target_of_item(item: pytest.Item) -> Target:
    """The target that an item judges. Raises TypeError."""
    target = parameter_of_item(item)
    if not isinstance(target, Target):
        raise TypeError(f"{item.nodeid} has no target")
    return target


def observation_fixtures(judging: Judging, probes: Mapping[str, Probe]) -> object:
    """A plugin object whose fixtures are the observations, the targets, and the parameters of the control at hand."""
    fixtures: dict[str, Any] = {name: _observation_fixture(judging, name) for name in probes}
    fixtures |= {name: _target_fixture(name, kind) for name, kind in TARGET_FIXTURES.items()}

    @pytest.fixture
    def parameters(self: object, request: pytest.FixtureRequest, target: Target) -> Mapping[str, Any]:
        """The thresholds of the control that asks, for its target."""
        control = control_of(request.function)
        return judging.parameters_of(control, target) if control else {}

    fixtures["parameters"] = parameters
    return type("ObservationFixtures", (), fixtures)()


def _observation_fixture(judging: Judging, name: str) -> Any:
    def observe(self: object, target: Target) -> Observation:
        return judging.observation(name, target)

    return pytest.fixture(name=name)(observe)


def _target_fixture(name: str, kind: str) -> Any:
    def target_itself(self: object, target: Target) -> Target:
        return _itself(target)

    target_itself.__doc__ = f"The {kind} that the control judges."
    return pytest.fixture(name=name)(target_itself)


def _itself(target: Target) -> Target:
    """Raises NotObserved for a target that stands for what could not be found out."""
    if isinstance(target, Undiscovered):
        raise NotObserved(target.reason, target.evidence)
    return target


def _is_watched(config: pytest.Config, suite: Path) -> bool:
    """Whether somebody wants to see the phases of the suite's tests: an option, or a plugin of the user's own.

    Installed plugins do not count: what they do around a test, controls have no use for. Nor does a conftest
    elsewhere, which pytest would not ask either.
    """
    if any(getattr(config.option, name, False) for name in ("usepdb", "trace", "setupshow", "setuponly", "setupplan")):
        return True
    installed = {id(plugin) for plugin, _ in config.pluginmanager.list_plugin_distinfo()}
    hooks = (getattr(config.hook, name) for name in _PHASES)
    plugins = {id(found.plugin): found.plugin for hook in hooks for found in hook.get_hookimpls()}
    return any(key not in installed and _concerns(plugin, suite) for key, plugin in plugins.items())


def _concerns(plugin: object, suite: Path) -> bool:
    """Whether a plugin is neither one of pytest's nor a conftest of some other directory."""
    if not isinstance(plugin, ModuleType):
        return not type(plugin).__module__.startswith("_pytest.")
    file = Path(plugin.__file__ or "")
    if file.name == "conftest.py":
        return file.parent in suite.parents
    return not plugin.__name__.startswith("_pytest.")


def _annotate(item: pytest.Item, report: pytest.TestReport, result: Result, *, closes: bool) -> None:
    """Put a result where pytest, JUnit XML and pytest-html find it. ``closes``: it keeps the gate closed."""
    item.user_properties.extend(_properties(result))
    message = escape.printable(result.message)
    match result.verdict:
        case Verdict.PASS:
            return
        case Verdict.NOT_APPLICABLE:
            file, line, _ = item.location
            report.outcome = "skipped"
            report.longrepr = (file, (line or 0) + 1, f"Skipped: {message}")
        case Verdict.FAIL if closes:
            report.outcome = "failed"
            report.longrepr = _text(result)
        case Verdict.INCONCLUSIVE if closes:
            # pytest, JUnit and pytest-html call a failure an error if it is one of the set-up.
            report.when = "setup"
            report.outcome = "failed"
            report.longrepr = _text(result)
        case Verdict.FAIL | Verdict.INCONCLUSIVE:
            tolerated = "known from the baseline" if result.change else result.verdict
            _excuse(report, f"{tolerated}: {message}", result)
        case Verdict.ADVICE:
            _excuse(report, f"advice ({result.level}): {message}", result)
        case Verdict.WAIVED:
            _excuse(report, f"waived {escape.printable(describe_waiver(result.waiver or {}))}", result)


@cache
def _relative(file: Path, directory: Path) -> str:
    return os.path.relpath(file, directory)


def _properties(result: Result) -> Iterator[tuple[str, str]]:
    for name in ("control", "level", "target", "verdict", "expected", "observed", "why", "fix"):
        yield name, escape.printable(getattr(result, name))
    yield "references", ", ".join(title for title, _ in result.references)
    yield "evidence", "\n".join(escape.printable(line) for line in result.evidence)
    if result.waiver:
        yield "waiver", escape.printable(describe_waiver(result.waiver))
    if result.change:
        yield "change", result.change


def _text(result: Result) -> str:
    """A finding as pytest shows failures."""
    return "\n".join(
        [
            f"{result.control} ({result.level}) {escape.printable(result.target)}: {result.expected}",
            f"observed: {escape.printable(result.observed)}",
            *(f"  | {escape.printable(line)}" for line in result.evidence),
            f"rule: {', '.join(title for title, _ in result.references)}",
            f"fix: {result.fix}",
        ]
    )


def _excuse(report: pytest.TestReport, reason: str, result: Result) -> None:
    """Make a failure one that pytest expects: it is shown, and the exit code does not know of it."""
    report.outcome = "skipped"
    report.wasxfail = reason
    report.longrepr = _text(result)
