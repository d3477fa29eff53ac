"""``mailproof check``, ``run`` and ``demo``: a run of the suite for whoever does not know pytest.

pytest does the work, in this process's place and apart from what else is set up for it: the settings, conftest files
and plugins of the folder, PYTEST_ADDOPTS, and modules of the folder that bear the name of one of Python's.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailproof.output import EXIT_USAGE, complain, say
from mailproof.plugin import pytest_addoption

if TYPE_CHECKING:
    from mailproof.draft import Draft

DEMO = "demo.yaml"
"""The inventory over the demo world, beside the worlds that come with mailproof."""

_OWN = ("inventory", "survey_only", "gathered", "report_dir")
"""Options of the plugin that are not handed on as they are."""

_APART = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONSAFEPATH": "1"}
_UNSET = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONOPTIMIZE")

_ALONE = ("-c", os.devnull, "--rootdir=.", "--noconftest", "-p", "no:cacheprovider", "-p", "mailproof.plugin")


def add_running(commands: Any) -> None:
    """Add the commands to the parser of the command line."""
    check = commands.add_parser(
        "check",
        help="check domains, with no file: what DNS, mail servers and TLS show",
        description="Look a domain up in the DNS, talk to its mail servers as any sender would, judge what was seen, "
        "and write a report. Nothing is sent. Exits with 0 if the gate is open, 1 if something was found or could not "
        "be verified.",
    )
    check.add_argument("domains", metavar="DOMAIN", nargs="+", help="a mail domain, like example.org")
    check.add_argument("--save", metavar="FILE", type=Path, help="keep the inventory in FILE, to run it again")
    check.add_argument(
        "--active",
        action="store_true",
        help="the servers are yours: also try to relay, ask for role mailboxes, talk early; no message is sent",
    )
    check.add_argument("--resolver", metavar="ADDRESS[:PORT]", help="ask this resolver instead of the system's")
    check.add_argument("--world", metavar="NAME|DIR", help="look at an offline world (demo), not at the network")
    _add_options(check, without=("replay",))  # which needs the inventory of its record
    check.set_defaults(run=_check)

    run = commands.add_parser(
        "run",
        help="check what an inventory names",
        description="Look at everything that an inventory names, judge it, and write a report. Exits with 0 if the "
        "gate is open, 1 if something was found or could not be verified.",
    )
    run.add_argument("inventory", metavar="INVENTORY", type=Path, help="YAML file that says what to check")
    _add_options(run)
    run.set_defaults(run=_run)

    demo = commands.add_parser(
        "demo",
        help="try it on an offline world with one fault of each kind",
        description="Judge a made-up world on this machine: one domain that does everything right, and two dozen that "
        "each do one thing wrong. Nothing leaves this machine. It finds faults, so it exits with 1.",
    )
    _add_options(demo)
    demo.set_defaults(run=_demo)


class _Group:
    """The options of the plugin, added to a command as they are described there."""

    def __init__(self, group: Any, without: Sequence[str] = ()) -> None:
        self._group = group
        self._without = (*_OWN, *without)

    def getgroup(self, name: str, description: str = "") -> _Group:
        return self

    def addoption(self, *names: str, **settings: Any) -> None:
        action = argparse.ArgumentParser().add_argument(*names, **settings)
        if action.dest not in self._without:
            self._group.add_argument(*names, **settings)


def _add_options(command: argparse.ArgumentParser, without: Sequence[str] = ()) -> None:
    shown = command.add_argument_group("what is shown")
    shown.add_argument(
        "-v", "--verbose", action="store_true", help="every finding with all evidence, and the command of pytest"
    )
    shown.add_argument("-q", "--quiet", action="store_true", help="counts and decision only")
    shown.add_argument(
        "--report-dir", metavar="DIR", type=Path, default=Path("reports"), help="where reports go (default: reports)"
    )
    shown.add_argument("--junitxml", metavar="FILE", help="also write JUnit XML to FILE")
    group = _Group(command.add_argument_group("what is judged, and how"), without)
    pytest_addoption(group)  # type: ignore[arg-type]


def _handed_on(options: argparse.Namespace) -> Iterator[str]:
    """The options for pytest, each one argument, so that none is taken for another's value."""
    if options.verbose:
        yield "-v"
    if options.quiet:
        yield "-q"
    yield f"--report-dir={options.report_dir}"
    if options.junitxml:
        yield f"--junitxml={options.junitxml}"
    known = argparse.ArgumentParser()
    pytest_addoption(_Group(known))  # type: ignore[arg-type]
    for action in known._actions:
        value = getattr(options, action.dest, None)
        if value is None or value == action.default or not action.option_strings:
            continue
        name = action.option_strings[-1]
        if value is True:
            yield name
        else:
            yield from (f"{name}={one}" for one in (value if isinstance(value, list) else [value]))


def _start(inventory: Path, arguments: Sequence[str], *, tell: bool) -> int:
    """Become pytest, which says and exits with all that is left to say."""
    command = ["-m", "pytest", *_ALONE, "-p", "mailproof.run.plain", f"--inventory={inventory}", *arguments]
    if tell:
        words = (f"{name}={value}" for name, value in _APART.items())
        say(f"running: {' '.join(words)} {shlex.join([sys.executable, *command])}")
    environment = {name: value for name, value in os.environ.items() if name not in _UNSET}
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *command], {**environment, **_APART})  # noqa: S606


def _run(options: argparse.Namespace) -> int:
    return _start(options.inventory, [*_handed_on(options)], tell=options.verbose)


def _demo(options: argparse.Namespace) -> int:
    from mailproof.fixtures.world import SHIPPED

    return _start(SHIPPED / DEMO, [*_handed_on(options)], tell=options.verbose)


def _check(options: argparse.Namespace) -> int:
    from mailproof.documents import why_not_writable
    from mailproof.inventory.values import domain_name

    try:
        names = list(dict.fromkeys(domain_name(name) for name in options.domains))
    except ValueError as error:
        complain(f"mailproof check: {error}")
        return EXIT_USAGE
    if options.save is not None and options.save.exists():
        complain(f"mailproof check: {options.save} is there already; `mailproof run {options.save}` judges by it")
        return EXIT_USAGE
    # Reports are called like the inventory, which lies beside them: a finding names its line there.
    file = options.save or options.report_dir / f"{_name(names)}.yaml"
    if reason := why_not_writable(file):
        complain(f"mailproof check: {file} {reason}")
        return EXIT_USAGE
    drafted = _draft(names, options)
    if drafted is None:
        return EXIT_USAGE
    text, drafts = drafted
    missing = [found.domain for found in drafts if not found.exists]
    for found in drafts:
        for note in found.notes:
            complain(f"mailproof check: {note}")
    if missing:
        complain(f"mailproof check: {', '.join(missing)}: is the name written right? Nothing was checked.")
        return EXIT_USAGE
    if not options.save:
        if file.exists() and not _is_as_drafted(file):
            complain(
                f"mailproof check: {file} is there already, and it is yours: `mailproof run {file}` judges by it, and "
                "--report-dir or --save puts the new one elsewhere"
            )
            return EXIT_USAGE
        text += _mark(text)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    if not options.quiet:
        for found in drafts:
            say(_summary(found))
        say(f"inventory: {file}{'' if options.save else ' (--save FILE keeps it where you want it)'}")
    return _start(file, [*_handed_on(options)], tell=options.verbose)


def _mark(text: str) -> str:
    """The last line of an inventory that `mailproof check` may write anew: nobody has changed what stands above."""
    return f"# as drafted: {hashlib.sha256(text.encode()).hexdigest()}\n"


def _is_as_drafted(file: Path) -> bool:
    try:
        *above, last = file.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, ValueError):
        return False
    return last == _mark("".join(above))


def _name(domains: Sequence[str]) -> str:
    """What the reports of these domains are called."""
    return domains[0] if len(domains) == 1 else f"{domains[0]}+{len(domains) - 1}"


def _summary(found: Draft) -> str:
    """One line about a domain: where its mail goes."""
    if found.takes_no_mail:
        return f"{found.domain}: takes no mail (null MX)"
    hosts = ", ".join(host for _, host, _ in found.mx)
    return f"{found.domain}: mail goes to {hosts}" if hosts else f"{found.domain}: no MX record was found"


def _draft(names: Sequence[str], options: argparse.Namespace) -> tuple[str, list[Draft]] | None:
    """The inventory of the domains, and what was found out; None, and a complaint, where nobody can be asked."""
    import asyncio

    from mailproof.draft import draft, write
    from mailproof.inventory.values import socket_address
    from mailproof.net.dns.client import DNSClient
    from mailproof.net.settings import NetSettings

    async def look(settings: NetSettings) -> list[Draft]:
        async with DNSClient(settings) as dns:
            return list(await asyncio.gather(*(draft(name, dns) for name in names)))

    with ExitStack() as stack:
        try:
            resolvers = (socket_address(options.resolver, 53),) if options.resolver else ()
            settings, world = NetSettings(resolvers=resolvers), ""
            if options.world:
                from mailproof.fixtures.world import World, find_world, shipped_worlds

                directory = find_world(options.world, Path.cwd())
                world = options.world if options.world in shipped_worlds() else str(directory)
                settings, resolvers = stack.enter_context(World.load(directory)).settings(settings), ()
        except (ValueError, OSError) as error:
            complain(f"mailproof check: {error}")
            return None
        drafts = asyncio.run(look(settings))
    return write(drafts, resolvers, world=world, active=options.active), drafts
