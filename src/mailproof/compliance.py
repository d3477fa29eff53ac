"""A compliance run inside pytest: discovery, survey during collection, verdicts from reports, documents at the end."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from mailproof import __version__
from mailproof.clock import now
from mailproof.controls import Catalogue, Control, Level, UnknownControl, control_of, load_catalogue
from mailproof.expedition import Expedition
from mailproof.gate.baseline import ResultError, Snapshot, compare, former_keys, read_snapshot, snapshot
from mailproof.gate.patterns import matches
from mailproof.gate.policy import Policy
from mailproof.gate.profile import UnknownProfile, load_profile
from mailproof.gate.result import RunResult
from mailproof.gate.waivers import Waivers
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import LoadedInventory, load_inventory
from mailproof.inventory.proposal import ProposalError, propose
from mailproof.inventory.targets import TARGET_TYPES, Endpoint, Target, Targets, Undiscovered
from mailproof.judging import (
    TARGET_FIXTURES,
    Judging,
    control_of_item,
    observation_fixtures,
    parameter_of_item,
    result_of,
    target_of_item,
)
from mailproof.net.settings import NetSettings
from mailproof.probes import load_probes
from mailproof.probes.probe import Probe
from mailproof.record import Record, RecordError, read_record, redacted, write_record
from mailproof.report import escape, github, history
from mailproof.report.formats import FILE_OPTIONS, FORMATS, write_formats
from mailproof.report.pytest_html import HTMLReport
from mailproof.report.terminal import write_decision, write_findings
from mailproof.vantage import look

SUITE = Path(__file__).parent / "tests_compliance"

PLAIN_INTERVAL = 10.0
"""Seconds between two progress lines where the output is not a terminal."""


class Compliance:
    """The hooks of a run with an inventory. Registered as a plugin of its own."""

    def __init__(
        self,
        config: pytest.Config,
        loaded: LoadedInventory,
        catalogue: Catalogue,
        settings: NetSettings,
        policy: Policy,
        waivers: Waivers,
        earlier: Snapshot | None,
    ) -> None:
        self._config = config
        self._loaded = loaded
        self._catalogue = catalogue
        self._settings = settings
        self._policy = policy
        self._waivers = waivers
        self._waived: dict[int, set[tuple[str, str]]] = {}
        """Which (control, target) pairs of this inventory each waiver is meant for, by its index."""
        self._judged: dict[str, Control] = {}
        """All controls that were collected, house rules included."""
        self._probes: Mapping[str, Probe] = load_probes()
        self._directory = Path(config.invocation_params.dir)
        self._closing = ExitStack()
        self._scratch = tempfile.TemporaryDirectory(prefix="mailproof-")
        self._expedition: Expedition | None = None
        self._targets = Targets()
        self._files: list[Path] = []
        self._document: Mapping[str, Any] = {}
        self._worker: Mapping[str, Any] | None = getattr(config, "workerinput", None)
        self.run = RunResult(
            inventory=loaded.name,
            mailproof=__version__,
            started_at=now(),
            surveyed_at=now(),
            replayed=bool(config.getoption("replay")),
            contact=loaded.model.contact,
            tester=_tester(settings),
            versions=_versions(),
            profile=policy.document(),
            own_profiles=policy.own_documents(),
            fail_on=config.getoption("fail_on"),
            inconclusive=config.getoption("inconclusive"),
            strict_waivers=config.getoption("strict_waivers"),
            renamed=loaded.model.renamed,
        )
        proposed = bool(settings.zone_files)
        self._judging = Judging(
            config, SUITE.resolve(), loaded, policy, waivers, self._probes, self.run, proposed=proposed
        )
        self._judging.earlier = earlier

    @classmethod
    def configure(cls, config: pytest.Config) -> Compliance:
        """Read the inventory and take over the run. Raises UsageError (exit code 4) for whatever is wrong with them."""
        directory = Path(config.invocation_params.dir)
        catalogue = load_catalogue()
        try:
            loaded = load_inventory(directory / Path(config.getoption("inventory")).expanduser())
            for pattern in config.getoption("control"):
                catalogue.matching(pattern)
            settings = propose(
                loaded.model.net_settings(), config.getoption("zone"), config.getoption("connect"), directory
            )
            policy = _read_policy(config, directory, loaded, catalogue)
            files = [directory / Path(file).expanduser() for file in config.getoption("waivers")]
            waivers = Waivers.load(loaded, files, _today(config))
            baseline = config.getoption("baseline")
            earlier = read_snapshot(directory / Path(baseline).expanduser()) if baseline else None
        except InventoryError as error:
            raise pytest.UsageError(str(error)) from None
        except UnknownControl as error:
            raise pytest.UsageError(f"--control: {error}") from None
        except ProposalError as error:
            raise pytest.UsageError(str(error)) from None
        except UnknownProfile as error:
            raise pytest.UsageError(f"--profile: {error}") from None
        except ResultError as error:
            raise pytest.UsageError(f"--baseline: {error}") from None
        if config.getoption("record") and config.getoption("replay"):
            raise pytest.UsageError("--record and --replay exclude each other: a replay contacts nobody")
        if config.getoption("compare_live"):
            if not (config.getoption("zone") or config.getoption("connect")):
                raise pytest.UsageError("--compare-live needs a proposal: --zone or --connect")
            if config.getoption("replay") or (earlier and not hasattr(config, "workerinput")):
                raise pytest.UsageError("--compare-live judges what is live: it excludes --replay and --baseline")
        compliance = cls(config, loaded, catalogue, settings, policy, waivers, earlier)
        compliance._check_destinations()
        compliance._choose_suite()
        compliance._set_defaults()
        config.pluginmanager.register(compliance, "mailproof-compliance")
        config.pluginmanager.register(compliance._judging, "mailproof-judging")
        config.pluginmanager.register(
            observation_fixtures(compliance._judging, compliance._probes), "mailproof-observations"
        )
        if compliance._reports:
            config.pluginmanager.register(HTMLReport(compliance.run, result_of), "mailproof-html")
        return compliance

    def close(self) -> None:
        """End threads, peers and sockets, and remove what was kept for this run only."""
        self._closing.close()
        self._scratch.cleanup()

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

    def _chosen_file(self, option: str) -> Path | None:
        """Where an option that takes a file points, from the directory of the run."""
        value = self._config.getoption(option)
        return self._directory / Path(value).expanduser() if value else None

    def _check_destinations(self) -> None:
        """Say before the survey, and not after it, that a report could not be written."""
        for option in FILE_OPTIONS:
            file = self._chosen_file(option)
            if file is not None and file.is_dir():
                raise pytest.UsageError(f"--{option}: {file} is a directory")
        file = self._chosen_file("history")
        if file is not None and not self._is_worker:
            try:
                history.check(file)
            except history.HistoryError as error:
                raise pytest.UsageError(f"--history: {error}") from None

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
        if self._config.getoption("compare_live") and self._reports:
            self._judge_live()
        if self._is_controller:
            self._survey_for_workers()

    def _judge_live(self) -> None:
        """Judge without the proposal, in a process of its own; its result is the baseline of this run."""
        scratch = Path(self._scratch.name)
        option = self._config.option
        chosen = [
            *(f"--control={pattern}" for pattern in option.control),
            *(f"--target={pattern}" for pattern in option.target),
            *([f"--profile={option.profile}"] if option.profile else []),
            *(["-k", option.keyword] if option.keyword else []),
        ]
        paths = self._config.args if self._config.args_source is pytest.Config.ArgsSource.ARGS else []
        command = [sys.executable, "-m", "pytest", *paths, f"--inventory={self._loaded.file}", *chosen]
        done = subprocess.run(  # noqa: S603
            [*command, f"--report-dir={scratch}", "-q", "-p", "mailproof.plugin", "-p", "no:cacheprovider"],
            cwd=self._directory,
            env={**os.environ, "PYTEST_ADDOPTS": "", "GITHUB_ACTIONS": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        file = scratch / f"{self._loaded.name}.json"
        if not file.is_file() or done.returncode in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR):
            pytest.exit(
                f"what is live could not be judged:\n{done.stdout[-2000:]}{done.stderr[-2000:]}", done.returncode
            )
        self._judging.earlier = read_snapshot(file)
        # The workers of xdist get the options of this process, and so the baseline.
        option.baseline = str(file)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["mailproof_record"] = str(self._worker_record)
        node.workerinput["mailproof_today"] = self._waivers.today.isoformat()

    def _survey_for_workers(self) -> None:
        """With xdist: survey once, in a process that has no workers, and let the workers replay its record."""
        replay = self._config.getoption("replay")
        scratch = Path(self._closing.enter_context(tempfile.TemporaryDirectory(prefix="mailproof-")))
        self._worker_record = self._directory / replay if replay else scratch / "record.json"
        if not replay or self._waivers.entries:
            arguments = [str(argument) for argument in self._config.invocation_params.args]
            quiet = ["-qq", "--no-header", "--no-summary", "-p", "no:cacheprovider"]
            command = [sys.executable, "-m", "pytest", *arguments, "-n0", *quiet]
            status = subprocess.run(  # noqa: S603
                [*command, f"--mailproof-survey={scratch / 'record.json'}"], cwd=self._directory, check=False
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
        self._judging.record = record
        self._targets = record.targets
        self._judging.vantage = look(record)
        self.run.vantage = redacted(self._judging.vantage.document(), self._loaded.redact)
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
        settings = self._settings
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
        if self._collection_failed(session):
            return
        if self._worker is None:
            self._check_waivers()
        if self._judging.earlier is not None:
            keys = [
                (control.id, target_of_item(item).id)
                for item in session.items
                if (control := control_of_item(item)) is not None
            ]
            self._judging.former = former_keys(self._judging.earlier.results, keys, self._loaded.model.renamed)
        if self._expedition is None or self._config.option.collectonly:
            return
        wanted: dict[tuple[str, str], tuple[str, Target]] = {}
        for item in session.items:
            control = control_of_item(item)
            if control is not None:
                target = target_of_item(item)
                for name in control.observations:
                    if name in self._probes:
                        wanted[name, target.id] = (name, target)
        with self._progress("survey") as tick:
            self._take(self._expedition.survey(wanted.values(), tick))
        self._closing.close()
        self._expedition = None
        destination = self._config.getoption("survey_only") or self._config.getoption("record")
        if destination and self._judging.record is not None:
            try:
                redact = self._loaded.redact if self._loaded.secrets else None
                write_record(self._directory / destination, self._judging.record, redact)
            except RecordError as error:
                raise pytest.UsageError(str(error)) from None

    def _check_waivers(self) -> None:
        """Raise UsageError for waivers that match nothing in this inventory, whatever was selected of it."""
        if not self._waivers.entries:
            return
        targets = {id: self._targets_of(control) for id, control in self._all_controls().items()}
        ids = {id: [target.id for target in found] for id, found in targets.items()}
        unknown = [id for id, found in targets.items() if any(isinstance(target, Undiscovered) for target in found)]
        problems = list(self._waivers.problems(ids, unknown))
        if problems:
            raise pytest.UsageError(str(InventoryError(*problems)))

    def _all_controls(self) -> dict[str, Control]:
        return {**self._catalogue.controls, **self._judged}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Judge nothing if only the survey was asked for; else leave the failures to our own summary.

        pytest's own summary of failures takes time that grows with the square of their number. Collection errors
        are past here, so they are shown as pytest shows them.
        """
        if self._config.getoption("survey_only"):
            return True
        if getattr(self._config.option, "tbstyle", "no") == "auto" and not self._collection_failed(session):
            self._config.option.tbstyle = "no"
        return None

    def _collection_failed(self, session: pytest.Session) -> bool:
        """Whether pytest is about to stop because a test file is broken."""
        return bool(session.testsfailed) and not self._config.option.continue_on_collection_errors

    def _progress(self, what: str) -> _ProgressDisplay:
        return _ProgressDisplay(self._config, what, self._expedition)

    # Parametrisation

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        control = control_of(metafunc.function)
        if control is None:
            return
        self._judged[control.id] = control
        ruled = [target for target in self._targets_of(control) if self._is_ruled(control, target)]
        for target in ruled:
            for index in self._waivers.covering(control.id, target.id):
                self._waived.setdefault(index, set()).add((control.id, target.id))
        targets = [target for target in ruled if self._is_selected(control, target)]
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
                raise pytest.Collector.CollectError(f"{control.id} asks for {name}, which no probe observes{hint}")
        if len(kinds) != 1:
            names = ", ".join(sorted(kind.__name__ for kind in kinds)) or "nothing"
            raise pytest.Collector.CollectError(
                f"{control.id} must judge observations of one type of target, not of {names}"
            )
        return self._targets.of(kinds.pop())

    def _is_selected(self, control: Control, target: Target) -> bool:
        if not self._is_chosen(control):
            return False
        wanted = self._config.getoption("target")
        return not wanted or any(matches(pattern, target.id) for pattern in wanted)

    def _is_ruled(self, control: Control, target: Target) -> bool:
        """Whether the profiles and the target's role leave the control anything to judge."""
        if control.roles and isinstance(target, Endpoint) and target.role not in control.roles:
            return False
        return self._policy.rule(control, target) is not None

    def _is_chosen(self, control: Control) -> bool:
        patterns = self._config.getoption("control")
        return not patterns or any(fnmatchcase(control.id, pattern.upper()) for pattern in patterns)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Drop the placeholders that pytest makes for controls without a target; the reports name them."""
        kept = []
        for item in items:
            control = control_of_item(item)
            if control is not None and not isinstance(parameter_of_item(item), Target):
                if self._is_chosen(control) and not self._is_ruled_out(control):
                    self.run.unused.append(control.id)
            else:
                kept.append(item)
        items[:] = kept
        self.run.unused.sort()

    def _is_ruled_out(self, control: Control) -> bool:
        """Whether it is a profile, and not the inventory, that leaves the control without a target."""
        targets = self._targets_of(control)
        if not targets:
            return not self._policy.wants(control)
        return all(self._policy.rule(control, target) is None for target in targets)

    # The end

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", {})
        self.run.unused = sorted({*self.run.unused, *output.get("mailproof_unused", [])})
        for index, pairs in output.get("mailproof_waived", {}).items():
            self._waived.setdefault(int(index), set()).update((control, target) for control, target in pairs)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        """Decide and write before other plugins report; say the decision after all of them."""
        if self._worker is not None:
            output: dict[str, Any] = self._config.workeroutput  # type: ignore[attr-defined]
            output["mailproof_unused"] = self.run.unused
            output["mailproof_waived"] = {str(index): [*map(list, pairs)] for index, pairs in self._waived.items()}
        if not self._reports:
            yield
            return
        self.run.sort()
        ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
        self.run.complete = ended and not session.shouldstop and not session.shouldfail
        self._settle_waivers()
        if self._judging.earlier is not None:
            comparison = compare(self._judging.earlier, snapshot(self.run))
            source = "what is live" if self._config.getoption("compare_live") else self._config.getoption("baseline")
            self.run.baseline = {"file": source, **comparison.document()}
        if exitstatus == pytest.ExitCode.OK and not self.run.decision().open:
            nothing = self.run.nothing_checked
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED if nothing else pytest.ExitCode.TESTS_FAILED
        self._document = self.run.document()
        problems = self._write_reports()
        if problems:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        if github.is_job(os.environ):
            problems += github.append_summary(self._document, os.environ)
        yield
        terminal: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            write_decision(terminal, self.run, self._files, "\n".join(problems))

    def _write_reports(self) -> list[str]:
        """Write every report that was asked for, and the history. Returns what went wrong."""
        chosen = {option: self._chosen_file(option) for option in FILE_OPTIONS}
        files = {name: self._report_file(name) for name in ("json", "html")}
        files |= {name: file for name, file in chosen.items() if file}
        problems = []
        file = self._chosen_file("history")
        if file is not None:
            try:
                history.append(file, self._document)
                self._document = {**self._document, "trend": history.plain_trend(file, self._loaded.name)}
                self._files.append(file)
            except history.HistoryError as error:
                problems.append(str(error))
        written, others = write_formats(self._document, files)
        self._files[:0] = written
        return problems + others

    def _settle_waivers(self) -> None:
        results = ((result.control, result.target, result.verdict) for result in self.run.results)
        covered = {index: len(pairs) for index, pairs in self._waived.items()}
        states = self._waivers.states(results, covered, self.run.complete)
        self.run.waivers = redacted(states, self._loaded.redact)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self._reports:
            return
        width = min(shutil.get_terminal_size((100, 24)).columns, 140)
        verbosity = self._config.get_verbosity()
        if not github.is_job(os.environ):
            write_findings(terminalreporter, self.run, width, verbosity)
            return
        with github.no_commands(terminalreporter.write_line):
            write_findings(terminalreporter, self.run, width, verbosity)
        for line in FORMATS["annotations"](self._document).splitlines():
            terminalreporter.write_line(line)

    @property
    def _reports(self) -> bool:
        """Whether this process is the one that reports, and there is something to report."""
        return not (self._is_worker or self._config.getoption("survey_only") or self._config.option.collectonly)


LIBRARIES = ("cryptography", "dnspython", "httpcore", "nassl", "pyspf", "pytest", "sslyze")


def _versions() -> dict[str, str]:
    """Python and the libraries that verdicts depend on."""
    return {"Python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def _tester(settings: NetSettings) -> str:
    """From where the run looks at the world."""
    name = socket.gethostname()
    return name if settings.ehlo_name == name else f"{name} (EHLO {settings.ehlo_name})"


def _read_policy(config: pytest.Config, directory: Path, loaded: LoadedInventory, catalogue: Catalogue) -> Policy:
    """The policy of inventory and command line. Raises InventoryError and UnknownProfile."""
    named, fail_on = config.getoption("profile"), config.getoption("fail_on")
    profile = load_profile(named, catalogue, directory) if named else None
    return Policy.load(loaded, catalogue, profile, Level(fail_on) if fail_on else None)


def _today(config: pytest.Config) -> date:
    """The day as of which waivers hold: the same in all processes of a run."""
    given = getattr(config, "workerinput", {}).get("mailproof_today")
    return date.fromisoformat(given) if given else datetime.now(UTC).date()


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
            self._terminal.rewrite("")
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
