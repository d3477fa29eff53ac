"""A compliance run inside pytest: discovery, survey during collection, verdicts from reports, documents at the end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from mailproof import __version__
from mailproof.controls import Catalogue, Control, UnknownControl, control_of, load_catalogue
from mailproof.expedition import Expedition
from mailproof.gate.result import RunResult, from_reports, make_result, to_report
from mailproof.gate.verdict import Verdict, judge
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import LoadedInventory, load_inventory
from mailproof.inventory.targets import TARGET_TYPES, Endpoint, Target, Targets, Undiscovered
from mailproof.net.errors import NotObserved
from mailproof.observations import Observation
from mailproof.probes import load_probes
from mailproof.record import (
    Record,
    RecordError,
    now,
    read_record,
    redacted,
    write_atomically,
    write_record,
)
from mailproof.report import escape
from mailproof.report.html import render
from mailproof.report.pytest_html import HTMLReport
from mailproof.report.terminal import write_decision, write_findings
from mailproof.survey import NoConsent, Probe

SUITE = Path(__file__).parent / "tests_compliance"

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

PLAIN_INTERVAL = 10.0
"""Seconds between two progress lines where the output is not a terminal."""


class Compliance:
    """The hooks of a run with an inventory. Registered as a plugin of its own."""

    def __init__(self, config: pytest.Config, loaded: LoadedInventory, catalogue: Catalogue) -> None:
        self._config = config
        self._loaded = loaded
        self._catalogue = catalogue
        self._probes: Mapping[str, Probe] = load_probes()
        self._directory = Path(config.invocation_params.dir)
        self._closing = ExitStack()
        self._expedition: Expedition | None = None
        self._record: Record | None = None
        self._targets = Targets()
        self._files: list[Path] = []
        self._worker: Mapping[str, Any] | None = getattr(config, "workerinput", None)
        self.run = RunResult(
            inventory=loaded.name,
            mailproof=__version__,
            started_at=now(),
            surveyed_at=now(),
            replayed=bool(config.getoption("replay")),
            contact=loaded.model.contact,
        )

    @classmethod
    def configure(cls, config: pytest.Config) -> Compliance:
        """Read the inventory and take over the run. Raises UsageError (exit code 4) for whatever is wrong with them."""
        directory = Path(config.invocation_params.dir)
        catalogue = load_catalogue()
        try:
            loaded = load_inventory(directory / Path(config.getoption("inventory")).expanduser())
            _check_parameters(catalogue, loaded)
            for pattern in config.getoption("control"):
                catalogue.matching(pattern)
        except InventoryError as error:
            raise pytest.UsageError(str(error)) from None
        except UnknownControl as error:
            raise pytest.UsageError(f"--control: {error}") from None
        if config.getoption("record") and config.getoption("replay"):
            raise pytest.UsageError("--record and --replay exclude each other: a replay contacts nobody")
        compliance = cls(config, loaded, catalogue)
        compliance._choose_suite()
        compliance._set_defaults()
        config.pluginmanager.register(compliance, "mailproof-compliance")
        config.pluginmanager.register(observation_fixtures(compliance), "mailproof-observations")
        if compliance._reports:
            config.pluginmanager.register(HTMLReport(compliance.run, plain_result), "mailproof-html")
        return compliance

    def close(self) -> None:
        """End threads, peers and sockets."""
        self._closing.close()

    def _choose_suite(self) -> None:
        named = self._config.args_source is pytest.Config.ArgsSource.ARGS
        if not named or self._config.args in ([], ["."], ["./"]):
            self._config.args = [str(SUITE.resolve()), *(str(path) for path in self._loaded.model.rules)]

    def _set_defaults(self) -> None:
        option = self._config.option
        if getattr(option, "reportchars", "") == "fE":
            option.reportchars = ""
        if not self._reports:
            return
        if getattr(option, "htmlpath", None):
            log = self._directory / option.htmlpath
            if log.resolve() == self._report_file("html").resolve():
                raise pytest.UsageError(
                    f"--html {option.htmlpath}: mailproof's own report goes there; name another file"
                )
            self._files.append(log)

    def _report_file(self, suffix: str) -> Path:
        return self._directory / Path(self._config.getoption("report_dir")) / f"{self._loaded.name}.{suffix}"

    @property
    def _is_worker(self) -> bool:
        return self._worker is not None

    @property
    def _is_controller(self) -> bool:
        return self._config.pluginmanager.hasplugin("dsession")

    # Discovery and survey

    def pytest_report_header(self) -> str:
        return f"mailproof {__version__}: inventory {self._loaded.file}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        if self._is_controller:
            self._survey_for_workers()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["mailproof_record"] = str(self._worker_record)

    def _survey_for_workers(self) -> None:
        """With xdist: survey once, in a process that has no workers, and let the workers replay its record."""
        replay = self._config.getoption("replay")
        if replay:
            self._worker_record = self._directory / replay
        else:
            scratch = Path(self._closing.enter_context(tempfile.TemporaryDirectory(prefix="mailproof-")))
            self._worker_record = scratch / "record.json"
            arguments = [str(argument) for argument in self._config.invocation_params.args]
            quiet = ["-qq", "--no-header", "--no-summary", "-p", "no:cacheprovider"]
            command = [sys.executable, "-m", "pytest", *arguments, "-n0", *quiet]
            status = subprocess.run(  # noqa: S603
                [*command, f"--mailproof-survey={self._worker_record}"], cwd=self._directory, check=False
            ).returncode
            if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                pytest.exit("the survey failed; see above", returncode=status)
        self._read_record(self._worker_record)

    def _read_record(self, file: Path) -> None:
        try:
            self._take(read_record(file, self._probes))
        except RecordError as error:
            raise pytest.UsageError(str(error)) from None

    def _take(self, record: Record) -> None:
        self._record = record
        self._targets = record.targets
        self.run.surveyed_at = record.surveyed_at
        self.run.connections = dict(record.connections)
        self.run.questions = dict(record.questions)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        if self._is_controller:
            return
        if self._worker is not None:
            self._read_record(Path(self._worker["mailproof_record"]))
        elif self._config.getoption("replay"):
            self._read_record(self._directory / self._config.getoption("replay"))
        else:
            self._discover()

    def _discover(self) -> None:
        settings = self._loaded.model.net_settings()
        if self._loaded.model.world is not None:
            from mailproof.worlds import WorldError, open_world

            try:
                settings = self._closing.enter_context(open_world(self._loaded, settings))
            except WorldError as error:
                raise pytest.UsageError(str(error)) from None
        self._expedition = self._closing.enter_context(Expedition(self._loaded, self._probes, settings))
        with self._progress("discovery") as tick:
            self._targets = self._expedition.discover(tick)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if self._expedition is None or self._config.option.collectonly:
            return
        wanted: dict[tuple[str, str], tuple[str, Target]] = {}
        for item in session.items:
            control = _control_of_item(item)
            if control is not None:
                target = _target_of_item(item)
                for name in control.observations:
                    if name in self._probes:
                        wanted[name, target.id] = (name, target)
        with self._progress("survey") as tick:
            self._take(self._expedition.survey(wanted.values(), tick))
        self._closing.close()
        destination = self._config.getoption("survey_only") or self._config.getoption("record")
        if destination and self._record is not None:
            try:
                write_record(self._directory / destination, self._record, self._loaded.redact)
            except RecordError as error:
                raise pytest.UsageError(str(error)) from None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """Judge nothing if only the survey was asked for; else leave the failures to our own summary.

        pytest's own summary of failures takes time that grows with the square of their number. Collection errors
        are past here, so they are shown as pytest shows them.
        """
        if self._config.getoption("survey_only"):
            return True
        if getattr(self._config.option, "tbstyle", "no") == "auto":
            self._config.option.tbstyle = "no"
        return None

    def _progress(self, what: str) -> _ProgressDisplay:
        return _ProgressDisplay(self._config, what, self._expedition)

    # Parametrisation

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        control = control_of(metafunc.function)
        if control is None:
            return
        targets = [target for target in self._targets_of(control) if self._is_selected(control, target)]
        metafunc.parametrize("target", targets, ids=[escape.test_id(target.id) for target in targets])

    def _targets_of(self, control: Control) -> tuple[Target, ...]:
        kinds = set()
        for name in control.observations:
            if name in self._probes:
                kinds.add(self._probes[name].target)
            elif name in TARGET_FIXTURES:
                kinds.add(TARGET_TYPES[TARGET_FIXTURES[name]])
            else:
                near = get_close_matches(name, [*self._probes, *TARGET_FIXTURES], 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise pytest.UsageError(f"{control.id} asks for {name}, which no probe observes{hint}")
        if len(kinds) != 1:
            names = ", ".join(sorted(kind.__name__ for kind in kinds)) or "nothing"
            raise pytest.UsageError(f"{control.id} must judge observations of one type of target, not of {names}")
        return self._targets.of(kinds.pop())

    def _is_selected(self, control: Control, target: Target) -> bool:
        if not self._is_chosen(control):
            return False
        wanted = self._config.getoption("target")
        if wanted and not any(fnmatchcase(target.id.lower(), pattern.lower()) for pattern in wanted):
            return False
        return not (control.roles and isinstance(target, Endpoint) and target.role not in control.roles)

    def _is_chosen(self, control: Control) -> bool:
        patterns = self._config.getoption("control")
        return not patterns or any(fnmatchcase(control.id, pattern.upper()) for pattern in patterns)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Drop the placeholders that pytest makes for controls without a target; the reports name them."""
        kept = []
        for item in items:
            control = _control_of_item(item)
            if control is not None and not isinstance(_parameter(item), Target):
                if self._is_chosen(control):
                    self.run.unused.append(control.id)
            else:
                kept.append(item)
        items[:] = kept
        self.run.unused.sort()

    # Observations for controls

    def observation(self, name: str, target: Target) -> Observation:
        """The observation that a control asks for. Raises NotObserved, or skips where consent is missing."""
        if isinstance(target, Undiscovered):
            raise NotObserved(target.reason, target.evidence)
        outcome = self._record.outcomes.get((name, target.id)) if self._record else None
        if outcome is None:
            raise NotObserved(f"{name} of {target.id} is not in the record; survey again")
        if isinstance(outcome, NoConsent):
            pytest.skip(outcome.reason)
        if isinstance(outcome, NotObserved):
            raise outcome
        return outcome

    def parameters_of(self, control: Control) -> Mapping[str, Any]:
        """The thresholds of a control: its defaults, overridden by the inventory."""
        return {**control.parameters, **self._loaded.model.controls.get(control.id, {})}

    # Verdicts

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        control = _control_of_item(item)
        if control is None or report.when == "teardown" or (report.when == "setup" and report.passed):
            return report
        raised = call.excinfo.value if call.excinfo is not None else None
        skipped = str(raised) if isinstance(raised, pytest.skip.Exception) else None
        judgement = judge(control, raised, skipped=skipped)
        target = _target_of_item(item)
        kind = target.type if isinstance(target, Undiscovered) else type(target).__name__
        evidence = self._evidence(item, control, raised)
        domains = target.mail_domains
        place = self._loaded.place_of(target.id, *domains)
        where = (os.path.relpath(place.file, self._directory), place.line)
        result = make_result(control, target.id, kind, judgement, evidence, call.duration, domains, where)
        plain: dict[str, Any] = redacted(to_report(result), self._loaded.redact)
        report.mailproof = plain  # type: ignore[attr-defined]
        _annotate(item, report, plain)
        return report

    @staticmethod
    def _evidence(item: pytest.Item, control: Control, raised: BaseException | None) -> tuple[str, ...]:
        if isinstance(raised, NotObserved):
            return raised.evidence
        values = [getattr(item, "funcargs", {}).get(name) for name in control.observations]
        return tuple(line for value in values if isinstance(value, Observation) for line in value.evidence())

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, Mapping[str, bool]]] | None:
        plain = plain_result(report)
        if plain is None:
            return None
        letter, colour = _STATUS[Verdict(plain["verdict"])]
        return plain["verdict"], letter, (plain["verdict"].upper(), {colour: True})

    def pytest_runtest_logreport(self, report: Any) -> None:
        plain = plain_result(report)
        if plain is not None and not self._is_worker:
            self.run.results.extend(from_reports([plain]))

    # The end

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        unused = getattr(node, "workeroutput", {}).get("mailproof_unused", [])
        self.run.unused = sorted({*self.run.unused, *unused})

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        """Decide and write before other plugins report; say the decision after all of them."""
        if self._worker is not None:
            self._config.workeroutput["mailproof_unused"] = self.run.unused  # type: ignore[attr-defined]
        if not self._reports:
            yield
            return
        self.run.sort()
        ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
        self.run.complete = ended and not session.shouldstop and not session.shouldfail
        if exitstatus == pytest.ExitCode.OK and not self.run.decision().open:
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
        document = self.run.document()
        problem = ""
        written = []
        for suffix, text in (
            ("json", json.dumps(document, ensure_ascii=False, indent=1) + "\n"),
            ("html", render(document)),
        ):
            file = self._report_file(suffix)
            try:
                write_atomically(file, text)
                written.append(file)
            except OSError as error:
                problem = f"{file}: cannot be written: {error.strerror}"
                session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        self._files[:0] = written
        yield
        terminal: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            write_decision(terminal, self.run, self._files, problem)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._reports:
            width = shutil.get_terminal_size((100, 24)).columns
            write_findings(terminalreporter, self.run, min(width, 140), self._config.get_verbosity())

    @property
    def _reports(self) -> bool:
        """Whether this process is the one that reports, and there is something to report."""
        return not (self._is_worker or self._config.getoption("survey_only") or self._config.option.collectonly)


_STATUS = {
    Verdict.PASS: (".", "green"),
    Verdict.FAIL: ("F", "red"),
    Verdict.ADVICE: ("a", "yellow"),
    Verdict.NOT_APPLICABLE: ("-", "blue"),
    Verdict.INCONCLUSIVE: ("?", "purple"),
}


def plain_result(report: Any) -> dict[str, Any] | None:
    """The result that a pytest report carries as plain values, or None."""
    found = getattr(report, "mailproof", None)
    return found if isinstance(found, dict) else None


def _annotate(item: pytest.Item, report: pytest.TestReport, plain: Mapping[str, Any]) -> None:
    """Put a result where JUnit XML and pytest-html find it."""
    item.user_properties.extend(
        (name, escape.printable(str(plain[name])))
        for name in ("control", "level", "target", "verdict", "expected", "observed", "why", "fix")
    )
    item.user_properties.append(("references", ", ".join(ref["title"] for ref in plain["references"])))
    item.user_properties.append(("evidence", "\n".join(escape.printable(line) for line in plain["evidence"])))
    text = "\n".join(
        [
            f"{plain['control']} ({plain['level']}) {escape.printable(plain['target'])}: {plain['expected']}",
            f"observed: {escape.printable(plain['observed'])}",
            *(f"  | {escape.printable(line)}" for line in plain["evidence"]),
            f"rule: {', '.join(ref['title'] for ref in plain['references'])}",
            f"fix: {plain['fix']}",
        ]
    )
    match plain["verdict"]:
        case Verdict.FAIL:
            report.longrepr = text
        case Verdict.INCONCLUSIVE:
            # pytest, JUnit and pytest-html call a failure an error if it is one of the set-up.
            report.when = "setup"
            report.longrepr = text
        case Verdict.ADVICE:
            report.outcome = "skipped"
            report.wasxfail = f"advice ({plain['level']}): {escape.printable(plain['message'])}"
            report.longrepr = text


def _control_of_item(item: pytest.Item) -> Control | None:
    return control_of(getattr(item, "function", None))


def _parameter(item: pytest.Item) -> object:
    return getattr(item, "callspec").params.get("target") if hasattr(item, "callspec") else None  # noqa: B009


def _target_of_item(item: pytest.Item) -> Target:
    target = _parameter(item)
    if not isinstance(target, Target):
        raise TypeError(f"{item.nodeid} has no target")
    return target


def observation_fixtures(compliance: Compliance) -> object:
    """A plugin object whose fixtures are the observations, the targets, and the parameters of the control at hand."""
    fixtures: dict[str, Any] = {name: _observation_fixture(compliance, name) for name in compliance._probes}
    fixtures |= {name: _target_fixture(name, kind) for name, kind in TARGET_FIXTURES.items()}

    @pytest.fixture
    def parameters(self: object, request: pytest.FixtureRequest) -> Mapping[str, Any]:
        """The thresholds of the control that asks."""
        control = control_of(request.function)
        return compliance.parameters_of(control) if control else {}

    fixtures["parameters"] = parameters
    return type("ObservationFixtures", (), fixtures)()


def _observation_fixture(compliance: Compliance, name: str) -> Any:
    def observe(self: object, target: Target) -> Observation:
        return compliance.observation(name, target)

    return pytest.fixture(name=name)(observe)


def _target_fixture(name: str, kind: str) -> Any:
    def itself(self: object, target: Target) -> Target:
        if isinstance(target, Undiscovered):
            raise NotObserved(target.reason, target.evidence)
        return target

    itself.__doc__ = f"The {kind} that the control judges."
    return pytest.fixture(name=name)(itself)


def _check_parameters(catalogue: Catalogue, loaded: LoadedInventory) -> None:
    """Raise InventoryError for parameters of controls that do not exist or have no such parameter."""
    from mailproof.inventory.errors import Problem

    problems = []
    for id, values in loaded.model.controls.items():
        place = loaded.places["controls", id]
        try:
            known = catalogue[id].parameters
        except UnknownControl as error:
            problems.append(Problem(place.file, place.line, f"controls.{id}", str(error)))
            continue
        for name, value in values.items():
            where = loaded.places["controls", id, name]
            key = f"controls.{id}.{name}"
            if name not in known:
                valid = ", ".join(known) or "none"
                problems.append(Problem(where.file, where.line, key, f"unknown parameter; {id} has {valid}"))
            elif type(value) is not type(known[name]) and not (
                isinstance(value, int | float) and isinstance(known[name], int | float) and not isinstance(value, bool)
            ):
                expected = type(known[name]).__name__
                problems.append(Problem(where.file, where.line, key, f"a {expected} is expected, like {known[name]!r}"))
    if problems:
        raise InventoryError(*problems)


class _ProgressDisplay:
    """Shows how far discovery or survey is: one line rewritten on a terminal, a line now and then elsewhere."""

    def __init__(self, config: pytest.Config, what: str, expedition: Expedition | None) -> None:
        self._terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._what = what
        self._expedition = expedition
        self._started = self._shown = time.monotonic()
        self._live = bool(self._terminal and getattr(self._terminal, "isatty", False))

    def __enter__(self) -> Callable[[], None]:
        return self.tick

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._terminal is None:
            return
        if self._live:
            self._terminal.rewrite("", erase=True)
        if kind is None:
            seconds = time.monotonic() - self._started
            self._terminal.write_line(f"{self._what}: {self._summary()} in {seconds:.1f} s")

    def tick(self) -> None:
        if self._terminal is None or self._expedition is None:
            return
        elapsed = time.monotonic() - self._started
        progress = self._expedition.progress
        line = f"{self._what}: {progress.done}/{progress.total} observations, {elapsed:.0f} s"
        if progress.running:
            (name, target), since = next(iter(progress.running.items()))
            waited = time.monotonic() - since
            line += (
                f"; {len(progress.running)} under way, longest {name} of {escape.printable(target)} ({waited:.0f} s)"
            )
        if self._live:
            self._terminal.rewrite(line[: self._terminal._tw.fullwidth - 1], erase=True)
        elif time.monotonic() - self._shown >= PLAIN_INTERVAL:
            self._shown = time.monotonic()
            self._terminal.write_line(line)

    def _summary(self) -> str:
        if self._what == "discovery" and self._expedition is not None:
            return f"{len(self._expedition.targets)} targets"
        done = self._expedition.progress.done if self._expedition else 0
        return f"{done} observations"
