"""Discovery before collection and the survey after it, or the record that stands for both."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mailproof.expedition import Expedition
from mailproof.extensions import BrokenExtension
from mailproof.inventory.load import load_inventory
from mailproof.net.settings import NetSettings
from mailproof.observations import Former, Observation
from mailproof.record import Record, RecordError, read_record, write_record
from mailproof.report import history
from mailproof.run.collecting import is_collection_broken, pairs
from mailproof.run.context import Context
from mailproof.run.machine import told_shortages
from mailproof.run.progress import ProgressDisplay
from mailproof.targets.shards import Divider, Division, Shard


class Surveying:
    """The hooks that contact the world, or read what an earlier run saw of it. Registered as a plugin of its own."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._closing = ExitStack()
        self._expedition: Expedition | None = None

    def close(self) -> None:
        """End threads, peers and sockets."""
        self._closing.close()

    def read_record(self, file: Path) -> None:
        """Judge the record in ``file``. Raises UsageError if it cannot be read or is one of another inventory."""
        try:
            record = read_record(file, self._context.probes)
            record.check_inventory(self._context.loaded, file)
        except RecordError as error:
            raise pytest.UsageError(str(error)) from None
        self._take(record)

    def _take(self, record: Record) -> None:
        context = self._context
        context.take(record)
        # What a record shows is older than what the history may know; what is proposed may never be published.
        if context.options.history is not None and not context.run.replayed and not context.proposal:
            context.facts = tuple(_facts(record))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        context = self._context
        if context.is_controller:
            return
        if context.worker is not None:
            self.read_record(Path(context.worker["mailproof_record"]))
        elif context.record is None:
            with told_shortages():
                self._discover()

    def _discover(self) -> None:
        context = self._context
        if context.options.stop_file is not None and context.options.stop_file.exists():
            raise pytest.UsageError(f"--stop-file: there is a file {context.options.stop_file}; nobody is contacted")
        settings = context.proposal.settings
        if context.loaded.model.world is not None:
            from mailproof.worlds import WorldError, open_world

            try:
                settings = self._closing.enter_context(open_world(context.loaded, settings))
            except WorldError as error:
                raise pytest.UsageError(context.loaded.redact(str(error))) from None
        settings = settings.of_run(secrets.token_hex(4))
        loaded, elsewhere = context.loaded, None
        if context.options.shard is not None:
            context.division = self._divide(settings, context.options.shard)
            elsewhere = context.division.elsewhere
            loaded = load_inventory(loaded.file, only=context.division.members)
        self._expedition = self._closing.enter_context(Expedition(loaded, context.probes, settings))
        with self._progress("discovery") as tick:
            try:
                context.targets = self._expedition.discover(tick, elsewhere)
            except BrokenExtension as error:
                raise pytest.UsageError(context.loaded.redact(str(error))) from None
        problems = context.proposal.problems(context.targets)
        if problems:
            raise pytest.UsageError(context.loaded.redact("\n".join(problems)))

    def _divide(self, settings: NetSettings, shard: Shard) -> Division:
        """What the shard judges. Raises UsageError where it has no domain."""
        context = self._context
        domains = context.loaded.model.domains
        with Expedition(context.loaded, context.probes, settings) as expedition:
            exchanges = expedition.ask_exchanges(domain.name for domain in domains)
        refusing = [domain.name for domain in domains if domain.active is False]
        division = Divider(exchanges, refusing, shard.of, settings.zone_files).all()[shard.number - 1]
        if division.empty:
            raise pytest.UsageError(f"--shard {shard}: nothing of the inventory falls into it")
        return division

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        context = self._context
        if is_collection_broken(session) or self._expedition is None or context.options.collect_only:
            return
        wanted = context.docket.wanted(pairs(session.items))
        with told_shortages():
            with self._progress("survey") as tick:
                self._take(self._expedition.survey(wanted, tick, self._former(), self._context.options.stop_file))
            self.close()
        self._expedition = None
        self._write_record()

    def _former(self) -> Former:
        """What earlier runs knew, by the history."""
        file, name = self._context.options.history, self._context.loaded.name
        try:
            return Former(history.facts(file, name) if file is not None else None)
        except history.HistoryError as error:
            raise pytest.UsageError(f"--history: {error}") from None

    def _write_record(self) -> None:
        context = self._context
        destination = context.options.survey_only or context.options.record
        if destination is None or context.record is None:
            return
        # What workers judge is what was seen; a record that is kept holds no secrets.
        redact = context.loaded.redact if context.loaded.secrets and not context.options.survey_only else None
        try:
            write_record(destination, context.record, redact)
        except RecordError as error:
            if context.options.survey_only:
                raise pytest.UsageError(str(error)) from None
            context.run.problems.append(_rescued(context.record, error, redact))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """Judge nothing if only the survey was asked for."""
        return True if self._context.options.survey_only else None

    def _progress(self, what: str) -> ProgressDisplay:
        return ProgressDisplay(self._context.config, what, self._expedition)


def _facts(record: Record) -> Iterator[tuple[str, str, str]]:
    """What a record holds for the next run: gathered at once, since the controls let go of what they have judged."""
    for (_, target), outcome in record.outcomes.items():
        if isinstance(outcome, Observation):
            for name, text in outcome.facts().items():
                yield target, name, text


def _rescued(record: Record, error: RecordError, redact: object) -> str:
    """Write a record somewhere else, since the survey cannot be had again. Returns what to tell about it."""
    import tempfile

    file = Path(tempfile.mkdtemp(prefix="mailproof-record-")) / "record.json"
    try:
        write_record(file, record, redact)  # type: ignore[arg-type]
    except RecordError as again:
        return f"--record {error}; nor could it be kept elsewhere: {again}"
    return f"--record {error}; the record is kept in {file}"
