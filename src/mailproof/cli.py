"""The command line beside pytest: draft an inventory, list and explain controls, render results, show the trend."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mailproof import __version__
from mailproof.archiving.command import add_reports
from mailproof.commands.capturing import add_capture
from mailproof.commands.completing import add_completion
from mailproof.commands.explaining import add_explain
from mailproof.commands.exporting import add_export
from mailproof.commands.monitoring import add_monitoring
from mailproof.commands.notifying import add_notify
from mailproof.commands.reporting import add_report, unsaid
from mailproof.commands.running import add_running
from mailproof.commands.sealing import add_seal
from mailproof.commands.serving import add_serve
from mailproof.commands.waiving import add_waive
from mailproof.commands.zones import add_zones
from mailproof.controls import BrokenRules, Catalogue, UnknownControl, load_catalogue, with_rules
from mailproof.docket import Docket, UnknownFixture, describe
from mailproof.drilling.command import add_drill
from mailproof.exercising.command import add_exercise
from mailproof.extensions import BrokenExtension
from mailproof.fleet.command import add_fleet, expanded
from mailproof.gate.verdict import GATE_LEVEL
from mailproof.identity import add_identity
from mailproof.net.text import printable, shown
from mailproof.output import EXIT_USAGE, abandon_output, complain, say
from mailproof.probes import load_probes
from mailproof.probes.probe import Probe
from mailproof.targets.discovery import load_finders

if TYPE_CHECKING:
    from mailproof.commands.command_line import CommandLine
    from mailproof.gate.profile import Profile


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 could not be done, 4 the command line is wrong."""
    parser = _parser()
    options = parser.parse_args(expanded(sys.argv[1:] if arguments is None else arguments))
    if sys.stdout is None:
        print("mailproof: standard output is closed", file=sys.stderr)
        return unsaid(options)
    if options.run in (_plan, _init):
        from mailproof.net.source import why_too_few_files

        if reason := why_too_few_files():
            complain(f"mailproof: {reason}")
            return EXIT_USAGE
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except BrokenExtension as error:
        complain(f"mailproof: {error}")
        return EXIT_USAGE
    except BrokenPipeError:
        abandon_output()
        return 0
    except (MemoryError, OSError, RuntimeError) as error:
        from mailproof.net.source import shortage

        if short := shortage(error):
            complain(f"mailproof: this machine is short of {short}")
        elif isinstance(error, OSError) and error.filename is None:
            complain(f"mailproof: standard output cannot be written: {error.strerror}")
        else:
            raise
        abandon_output()
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{shown(f'{self.prog}: {message}')}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mailproof",
        description="Prove that mail infrastructure keeps the rules.",
        epilog="The checks themselves run in pytest: pytest --inventory prod.yaml (pytest --help, group mailproof).",
    )
    parser.set_defaults(run=_teach)
    parser.add_argument("--version", action="version", version=f"mailproof {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    add_running(commands)
    init = commands.add_parser(
        "init",
        help="draft an inventory from the DNS",
        description="Look up MX, addresses, name servers, SRV and SPF of domains and write a commented inventory to "
        "standard output: mailproof init example.org > prod.yaml",
    )
    init.add_argument("domains", metavar="DOMAIN", nargs="+", help="a mail domain, like example.org")
    init.add_argument("--resolver", metavar="ADDRESS[:PORT]", help="ask this resolver instead of the system's")
    init.set_defaults(run=_init)
    controls = commands.add_parser(
        "controls", help="list every control", description="List every control, one a line, the id first."
    )
    controls.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    controls.add_argument(
        "--coverage", action="store_true", help="count instead the checks of the field, by family, that controls answer"
    )
    _add_rules(controls)
    controls.set_defaults(run=_controls)
    plan = commands.add_parser(
        "plan",
        help="show what a run would contact",
        description="Print what `pytest --inventory INVENTORY` would contact, by which probes and with how many "
        "connections and refused recipients, and what needs consent. Only the DNS is asked, to find the targets; with "
        "--replay nothing is.",
    )
    plan.add_argument("inventory", metavar="INVENTORY", help="YAML file that says what to check")
    plan.add_argument("--replay", metavar="FILE", help="take the targets from a record instead of the DNS")
    plan.add_argument(
        "--control", metavar="ID", action="append", default=[], help="only controls that match (repeatable)"
    )
    plan.add_argument("--profile", metavar="NAME", help="as of pytest: the profile for all that names none of its own")
    plan.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    plan.set_defaults(run=_plan)

    add_explain(commands)
    profiles = commands.add_parser(
        "profiles",
        help="list the profiles, or show some",
        description="List the shipped profiles, or show what the named ones demand: levels, parameters, sources, and "
        "what their sources demand that no control tests.",
    )
    profiles.add_argument("names", metavar="NAME|FILE", nargs="*", help="a shipped profile, or a file of yours")
    _add_rules(profiles)
    profiles.set_defaults(run=_profiles)

    diff = commands.add_parser(
        "diff",
        help="compare the results of two runs",
        description="Compare two JSON results (reports/NAME.json): what is new, regressed, mended, remains. "
        "Exits with 1 if anything is new or regressed.",
    )
    diff.add_argument("old", metavar="OLD", type=Path, help="the earlier result")
    diff.add_argument("new", metavar="NEW", type=Path, help="the later result")
    diff.add_argument("--format", choices=("text", "markdown"), default="text", help="default: %(default)s")
    diff.set_defaults(run=_diff)
    add_report(commands)
    trend = commands.add_parser(
        "history",
        help="show score and open findings over time",
        description="Show what pytest --inventory ... --history FILE kept: the runs, and the findings open now.",
    )
    trend.add_argument("file", metavar="FILE", type=Path, help="the SQLite file")
    trend.add_argument("--inventory", metavar="NAME", help="only runs of the inventory with this name")
    trend.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    trend.set_defaults(run=_history)
    own = (add_notify, add_serve, add_monitoring, add_waive, add_export, add_seal, add_zones, add_capture, add_identity)
    for add in (*own, add_exercise, add_drill, add_reports, add_fleet):
        add(commands)
    add_completion(commands, parser)
    return parser


def command_line() -> CommandLine:
    """All that can be typed."""
    from mailproof.commands.command_line import described

    return described(_parser())


def _add_rules(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--rules", metavar="FILE", type=Path, action="append", default=[], help="house rules to know, too (repeatable)"
    )


_LESSON = """\
mailproof proves that mail infrastructure keeps the rules. To begin with:

    mailproof check example.org     look at a domain, and say what is amiss and how to mend it
    mailproof demo                  the same on a made-up world, without a network
    mailproof explain 'SPF-*'       what is demanded, why, and who says so

`mailproof --help` lists all commands."""


def _teach(options: argparse.Namespace) -> int:
    """No command was given: nothing was checked, so that no gate may take this for a pass."""
    say(_LESSON)
    return EXIT_USAGE


def _init(options: argparse.Namespace) -> int:
    from mailproof.draft import draft, write
    from mailproof.inventory.values import domain_name, socket_address
    from mailproof.net.dns.client import DNSClient
    from mailproof.net.settings import NetSettings

    try:
        names = [domain_name(name) for name in options.domains]
        resolvers = (socket_address(options.resolver, 53),) if options.resolver else ()
    except ValueError as error:
        complain(f"mailproof init: {error}")
        return EXIT_USAGE

    async def look() -> list[Any]:
        async with DNSClient(NetSettings(resolvers=resolvers)) as dns:
            return await asyncio.gather(*(draft(name, dns) for name in dict.fromkeys(names)))

    drafts = asyncio.run(look())
    say(write(drafts, resolvers).removesuffix("\n"))
    for found in drafts:
        for note in found.notes:
            complain(f"mailproof init: {note}")
    return 1 if any(found.notes and not found.mx for found in drafts) else 0


def _plan(options: argparse.Namespace) -> int:
    from mailproof.expedition import Expedition, named_addresses
    from mailproof.gate.policy import Policy
    from mailproof.gate.profile import UnknownProfile, load_profile
    from mailproof.inventory.errors import InventoryError
    from mailproof.inventory.load import load_inventory
    from mailproof.inventory.zone_sources import sources_of
    from mailproof.plan import make_plan, plan_lines
    from mailproof.proposal import ProposalError, propose
    from mailproof.record import RecordError, read_record, redacted
    from mailproof.worlds import WorldError, open_world
    from mailproof.zone_sources.reading import Gathered

    catalogue, probes = _catalogue()
    redact: Callable[[str], str] = str
    try:
        loaded = load_inventory(Path(options.inventory))
        redact = loaded.redact
        catalogue = with_rules(catalogue, loaded.model.rules)
        controls = {c.id: c for pattern in options.control or ["*"] for c in catalogue.matching(pattern)}
        profile = load_profile(options.profile, catalogue, Path(), loaded.secrets) if options.profile else None
        policy = Policy.load(loaded, catalogue, profile, None)
        with ExitStack() as stack:
            if options.replay:
                targets = read_record(Path(options.replay), probes).targets
            else:
                folder = Path(stack.enter_context(TemporaryDirectory(prefix="mailproof-")))
                settings = loaded.model.net_settings()
                gathered = Gathered(folder, partial(open_world, loaded, settings), loaded.secrets)
                kept = sources_of(loaded.model.zone_files)
                settings = propose(settings, (), (), Path(), kept=kept, gathered=gathered).settings
                if loaded.model.world is not None:
                    settings = stack.enter_context(open_world(loaded, settings))
                targets = stack.enter_context(Expedition(loaded, probes, settings)).discover()
        limits, named = loaded.model.net_settings().limits, named_addresses(loaded.model, targets)
        plan = make_plan(Docket(probes, policy), controls.values(), targets, limits=limits, named=named)
    except (
        BrokenExtension,
        BrokenRules,
        InventoryError,
        UnknownControl,
        UnknownFixture,
        UnknownProfile,
        ProposalError,
        RecordError,
        WorldError,
    ) as error:
        complain(f"mailproof plan: {redact(str(error))}")
        return EXIT_USAGE
    if options.format == "json":
        say(json.dumps(redacted(plan.document(), redact), indent=1))
        return 0
    for line in plan_lines(plan, limits):
        say(redact(line))
    return 0


def _controls(options: argparse.Namespace) -> int:
    shipped, probes = _catalogue()
    docket = Docket(probes)
    try:
        catalogue = with_rules(shipped, options.rules)
    except BrokenRules as error:
        complain(f"mailproof controls: {error}")
        return EXIT_USAGE
    if options.coverage:
        from mailproof.coverage import counts, load_coverage

        say("\n".join(counts(load_coverage(), catalogue)))
        return 0
    ordered = sorted(catalogue, key=lambda control: control.id)
    if options.format == "json":
        print(json.dumps([describe(control, docket) for control in ordered], indent=1))
        return 0
    width = max(len(control.id) for control in ordered)
    for control in ordered:
        consent = docket.consent(control)
        print(f"{control.id:{width}}  {control.level:6}  {control.title}{f' ({consent})' if consent else ''}")
    return 0


def _profiles(options: argparse.Namespace) -> int:
    from mailproof.gate.profile import UnknownProfile, load_profile, shipped_names
    from mailproof.inventory.errors import InventoryError

    try:
        catalogue = with_rules(load_catalogue(), options.rules)
        profiles = [load_profile(name, catalogue, Path.cwd()) for name in options.names or shipped_names()]
    except (BrokenRules, UnknownProfile, InventoryError) as error:
        complain(f"mailproof profiles: {error}")
        return EXIT_USAGE
    if options.names:
        print("\n\n".join("\n".join(_describe_profile(profile, catalogue)) for profile in profiles))
        return 0
    width = max(len(profile.name) for profile in profiles)
    for profile in profiles:
        number = sum(setting is not None and setting.off is None for setting in map(profile.setting, catalogue))
        print(f"{profile.name:{width}}  {number:3} controls  {profile.title}")
    return 0


def _describe_profile(profile: Profile, catalogue: Catalogue) -> Iterator[str]:
    """A profile for people, line by line."""
    source = ", ".join(part for part in (profile.source.title, profile.source.date, profile.source.url) if part)
    yield printable(f"{profile.name}: {profile.title}")
    yield printable(f"  Source: {source or 'none named'}")
    if profile.description:
        yield textwrap.fill(printable(profile.description), 100, initial_indent="  ", subsequent_indent="  ")
    yield f"  Fails on: {profile.fail_on or GATE_LEVEL} and stronger"
    yield "  Controls:"
    for control in sorted(catalogue, key=lambda control: control.id):
        setting = profile.setting(control)
        if setting is None:
            continue
        level = f"{setting.level or control.level:6}" if setting.off is None else "off   "
        own = " ".join(f"{name}={json.dumps(value)}" for name, value in setting.parameters.items())
        yield printable(
            f"    {level}  {control.id}{f'  {own}' if own else ''}{f'  {setting.off}' if setting.off else ''}"
        )
    if profile.not_covered:
        yield "  Demanded by the source, and tested by no control:"
        yield from (printable(f"    - {line}") for line in profile.not_covered)
    if profile.attestation:
        yield "  Demanded by the source, and to be attested: nobody sees it from outside:"
        yield from (printable(f"    - {line}") for line in profile.attestation)


def _diff(options: argparse.Namespace) -> int:
    from mailproof.gate.baseline import ResultError, compare, read_snapshot
    from mailproof.report import comparison as report

    try:
        catalogue = load_catalogue()
        old, new = (read_snapshot(file).with_present_ids(catalogue) for file in (options.old, options.new))
        comparison = compare(old, new)
    except ResultError as error:
        complain(f"mailproof diff: {error}")
        return EXIT_USAGE
    say((report.as_markdown if options.format == "markdown" else report.text)(comparison).removesuffix("\n"))
    return 1 if comparison.worse else 0


def _history(options: argparse.Namespace) -> int:
    from mailproof.report import history

    try:
        points, findings = history.trend(options.file), history.open_findings(options.file)
    except history.HistoryError as error:
        complain(f"mailproof history: {error}")
        return EXIT_USAGE
    if options.inventory is not None:
        points = [point for point in points if point.inventory == options.inventory]
        findings = [finding for finding in findings if finding.inventory == options.inventory]
    if not points:
        complain(f"mailproof history: {options.file}: no run of {options.inventory or 'any inventory'}")
        return 1
    say((history.as_json if options.format == "json" else history.as_text)(points, findings).removesuffix("\n"))
    return 0


def _catalogue() -> tuple[Catalogue, dict[str, Probe]]:
    """What is there to judge by and to look with. Raises BrokenExtension, for finders as well."""
    probes = dict(load_probes())
    load_finders()
    return load_catalogue(), probes


if __name__ == "__main__":
    sys.exit(main())
