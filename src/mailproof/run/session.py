"""A run begins: its inventory, policy and waivers are read, and the plugins of its phases are registered."""

from __future__ import annotations

import platform
import socket
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from mailproof import __version__
from mailproof.clock import now
from mailproof.controls import BrokenRules, Catalogue, UnknownControl, load_catalogue, with_rules
from mailproof.extensions import BrokenExtension, extensions
from mailproof.gate.baseline import ResultError, Snapshot, read_snapshot
from mailproof.gate.document import without_secrets
from mailproof.gate.documentation import DocumentationNote
from mailproof.gate.policy import Policy
from mailproof.gate.profile import UnknownProfile, load_profile
from mailproof.gate.result import RunResult
from mailproof.gate.waivers import Waivers
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import LoadedInventory, load_inventory
from mailproof.inventory.zone_sources import sources_of
from mailproof.net.settings import NetSettings
from mailproof.net.source import source_addresses
from mailproof.net.text import shown
from mailproof.probes import load_probes
from mailproof.proposal import Proposal, ProposalError, propose
from mailproof.record import redacted
from mailproof.report.pytest_html import HTMLReport
from mailproof.run.collecting import SUITE, Collecting
from mailproof.run.context import Context
from mailproof.run.distributing import Distributing
from mailproof.run.fixtures import observation_fixtures
from mailproof.run.judging import Judging
from mailproof.run.options import Options
from mailproof.run.pytest_reports import Carrying, result_of
from mailproof.run.reporting import Reporting
from mailproof.run.seen import Seen
from mailproof.run.surveying import Surveying
from mailproof.targets.discovery import load_finders
from mailproof.targets.shards import require_divisible
from mailproof.worlds import WorldError, open_world
from mailproof.zone_sources.reading import Gathered
from mailproof.zone_sources.source import SourceError


class Session:
    """One run with an inventory."""

    def __init__(self, context: Context) -> None:
        self._surveying = Surveying(context)
        self._distributing = Distributing(context, self._surveying)
        self._context = context

    @classmethod
    def configure(cls, config: pytest.Config) -> Session:
        """Read the inventory and take over the run. Raises UsageError (exit code 4) for whatever is wrong with them."""
        if sys.flags.optimize:
            raise pytest.UsageError(
                "python -O and PYTHONOPTIMIZE strip the assert statements of rules, and with them what they judge; "
                "run without"
            )
        try:
            options = Options.read(config)
            session = cls(_read(config, options))
            session._register()
        except (BrokenExtension, pytest.UsageError) as error:
            # It names files, whose names others may have chosen.
            raise pytest.UsageError(*(shown(str(part)) for part in error.args)) from None
        return session

    def _register(self) -> None:
        context = self._context
        collecting, reporting, seen = Collecting(context), Reporting(context), Seen(context)
        reporting.check_destinations()
        collecting.choose_suite()
        reporting.set_defaults()
        if context.options.replay is not None and not context.is_controller and not context.is_worker:
            self._surveying.read_record(context.options.replay)
        plugins = {
            "collecting": collecting,
            "surveying": self._surveying,
            "distributing": self._distributing,
            "judging": Judging(context, seen),
            "carrying": Carrying(context),
            "reporting": reporting,
            "observations": observation_fixtures(seen, context.probes),
        }
        if context.reports:
            plugins["html"] = HTMLReport(context.run, result_of)
        for name, plugin in plugins.items():
            context.config.pluginmanager.register(plugin, f"mailproof-{name}")

    def close(self) -> None:
        """End threads, peers and sockets, and remove what was kept for this run only."""
        self._surveying.close()
        self._distributing.close()


def _read(config: pytest.Config, options: Options) -> Context:
    """Read everything that configures a run. Raises UsageError."""
    try:
        extensions()  # before the inventory, which may name services of theirs
        probes = load_probes()
        load_finders()
        loaded = load_inventory(options.inventory)
        if options.shard is not None:
            require_divisible(loaded)
    except (BrokenExtension, InventoryError) as error:
        raise pytest.UsageError(str(error)) from None
    redact = loaded.redact
    catalogue, broken = _with_house_rules(load_catalogue(), [*loaded.model.rules, *options.rule_files])
    try:
        policy, waivers, earlier, proposal = _read_with(config, options, loaded, catalogue)
    except pytest.UsageError:
        if not broken:
            raise
        # What else is wrong may be wrong because of that: ids of its rules are unknown.
        raise pytest.UsageError(*map(redact, broken)) from None
    run = _new_result(options, loaded, proposal, policy, catalogue)
    return Context(
        config=config,
        options=options,
        loaded=loaded,
        catalogue=catalogue,
        proposal=proposal,
        policy=policy,
        waivers=waivers,
        probes=probes,
        run=run,
        directory=options.directory,
        earlier=earlier,
    )


def _read_with(
    config: pytest.Config, options: Options, loaded: LoadedInventory, catalogue: Catalogue
) -> tuple[Policy, Waivers, Snapshot | None, Proposal]:
    """Read what names controls of the catalogue, and the proposal. Raises UsageError."""
    redact = loaded.redact
    try:
        for pattern in options.controls:
            catalogue.matching(pattern)
        proposal = _proposed(config, options, loaded)
        profile = (
            load_profile(options.profile, catalogue, options.directory, loaded.secrets) if options.profile else None
        )
        policy = Policy.load(loaded, catalogue, profile, options.fail_on)
        waivers = Waivers.load(loaded, options.waivers, _today(config), catalogue)
        earlier = (
            read_snapshot(options.baseline, options.narrowing).with_present_ids(catalogue) if options.baseline else None
        )
    except InventoryError as error:
        raise pytest.UsageError(redact(str(error))) from None
    except UnknownControl as error:
        raise pytest.UsageError(f"--control: {error}") from None
    except (ProposalError, WorldError) as error:
        raise pytest.UsageError(redact(str(error))) from None
    except UnknownProfile as error:
        raise pytest.UsageError(redact(f"--profile: {error}")) from None
    except ResultError as error:
        raise pytest.UsageError(f"--baseline: {error}") from None
    if proposal and options.replay:
        raise pytest.UsageError("--replay judges what was seen; it excludes --zone, --delegation and --connect")
    return policy, waivers, earlier, proposal


def _proposed(config: pytest.Config, options: Options, loaded: LoadedInventory) -> Proposal:
    """The proposal. Its sources are read by the first process of the run alone: they may change meanwhile.

    Raises ProposalError and WorldError.
    """
    settings, gathered = loaded.model.net_settings(), None
    try:
        if options.gathered is not None:
            gathered = Gathered.of(options.gathered, loaded.secrets)
    except SourceError as error:
        raise ProposalError(str(error)) from None
    if gathered is None:
        folder = options.report_file(loaded.name, "zones")
        gathered = Gathered(folder, lambda: open_world(loaded, settings), loaded.secrets)
    proposal = propose(
        *(settings, options.zones, options.connections, options.directory),
        delegations=options.delegations,
        kept=() if options.replay is not None else sources_of(loaded.model.zone_files),
        gathered=gathered,
    )
    if gathered.wrote:
        config.option.gathered = str(gathered.write_index())
    return proposal


def _with_house_rules(catalogue: Catalogue, files: Iterable[Path]) -> tuple[Catalogue, list[str]]:
    """The catalogue with the house rules of the run, and why some files could not be read: pytest collects them later,
    and fails with the whole story. Raises UsageError for a file that would end pytest.
    """
    broken: list[str] = []
    for file in files:
        if SUITE.resolve() in file.resolve().parents:
            continue
        try:
            catalogue = with_rules(catalogue, [file])
        except KeyboardInterrupt:
            raise pytest.exit.Exception(f"interrupted while {shown(str(file))} was read", 2) from None
        except BrokenRules as error:
            broken.append(str(error))
            if isinstance(error.__cause__, SystemExit):
                raise pytest.UsageError(*broken) from None
    return catalogue, broken


def _new_result(
    options: Options, loaded: LoadedInventory, proposal: Proposal, policy: Policy, catalogue: Catalogue
) -> RunResult:
    return RunResult(
        inventory=loaded.name,
        inventory_hash=loaded.hash,
        mailproof=__version__,
        started_at=now(),
        surveyed_at=now(),
        replayed=options.replay is not None,
        contact=redacted(loaded.model.contact, loaded.redact),
        documentation=DocumentationNote.of(redacted(loaded.model.documentation, loaded.redact), catalogue.rules),
        tester=loaded.redact(_tester(proposal.settings)),
        sources=list(source_addresses()) if options.replay is None and loaded.model.world is None else [],
        command=redacted(list(options.command), loaded.redact),
        narrowing=tuple(map(loaded.redact, options.narrowing)),
        proposals=redacted(list(proposal.describe()), loaded.redact),
        zones_without=redacted(list(proposal.left_out), loaded.redact),
        versions=_versions(),
        profile=without_secrets(policy.note(), loaded.redact),
        own_profiles=[without_secrets(note, loaded.redact) for note in policy.own_notes()],
        fail_on=options.fail_on,
        inconclusive=options.inconclusive,
        strict_waivers=options.strict_waivers,
        renamed={loaded.redact(old): loaded.redact(new) for old, new in loaded.model.renamed.items()},
    )


LIBRARIES = ("cryptography", "dkimpy", "dnspython", "httpcore", "nassl", "pyspf", "pytest", "sslyze")


def _versions() -> dict[str, str]:
    """Python and the libraries that verdicts depend on."""
    return {"Python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def _tester(settings: NetSettings) -> str:
    """From where the run looks at the world."""
    name = socket.gethostname()
    return name if settings.ehlo_name == name else f"{name} (EHLO {settings.ehlo_name})"


def _today(config: pytest.Config) -> date:
    """The day as of which waivers hold: the same in all processes of a run."""
    given = getattr(config, "workerinput", {}).get("mailproof_today")
    return date.fromisoformat(given) if given else datetime.now(UTC).date()
