"""``mailproof capture``: what the programs on a host say of their configuration."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mailproof.output import EXIT_USAGE, complain, say


def add_capture(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    capture = commands.add_parser(
        "capture",
        help="collect the configuration of the programs on a host",
        description="Ask the mail and DNS programs on a host for their configuration (postconf -n, doveconf -n, ...), "
        "change nothing there, and write what they say into a directory, passwords and keys left out. The inventory "
        "names the directory under `captures`. Needs the extra: pip install 'mailproof[capture]'.",
    )
    capture.add_argument(
        "host",
        metavar="HOST",
        help="a name for SSH, `local` for this machine, or what pytest-testinfra knows: ssh://USER@HOST:PORT, "
        "docker://NAME, 'ansible://HOST?ansible_inventory=FILE'",
    )
    capture.add_argument("-o", "--output", metavar="DIR", type=Path, help="default: captured/HOST")
    capture.add_argument("--name", metavar="NAME", help="what the inventory calls the host, if not HOST")
    capture.add_argument(
        "--only", metavar="PROGRAM", action="append", default=[], help="only this program (repeatable)"
    )
    capture.add_argument("--sudo", action="store_true", help="ask as root, by sudo")
    capture.add_argument("--dry-run", action="store_true", help="print what would be run, and run nothing")
    capture.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Collect and tell; 4 if the host, its name or a program is wrong, or it cannot be reached."""
    from mailproof.capturing import CaptureError, backend, chosen, name_of, reach, shown, take
    from mailproof.inventory.values import domain_name

    try:
        backend(options.host)
        programs = chosen(options.only)
    except CaptureError as error:
        complain(f"mailproof capture: {error}")
        return EXIT_USAGE
    try:
        name = domain_name(options.name or name_of(options.host))
    except ValueError as error:
        complain(f"mailproof capture: {error}; --name says what the inventory calls the host")
        return EXIT_USAGE
    directory = options.output or Path("captured") / name
    try:
        say(f"on {shown(options.host)}{', by sudo' if options.sudo else ''}, of what is installed there:")
        for program in programs:
            say(f"  {program.name}: {'; '.join((*program.commands, *program.files))}")
        if options.dry_run:
            return 0
        reached = reach(options.host, sudo=options.sudo)
        say(f"writing {directory}:")
        take(name, reached, programs, directory, lambda line: say(f"  {line}"))
    except (CaptureError, OSError) as error:
        complain(f"mailproof capture: {error}")
        return EXIT_USAGE
    say(f"the inventory may name it now: captures: [{directory}]")
    return 0
