"""``mailproof zones``: zones from where they are kept, as master files for ``--zone``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mailproof.inventory.zone_sources import FILE_KINDS

_FORMS = (*FILE_KINDS.values(), "axfr://SERVER/ZONE")


def add_zones(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    command = commands.add_parser(
        "zones",
        help="write zones from where they are kept as master files",
        description="Read zones from where they are kept, as --zone and zone_files of an inventory do, and write "
        "NAME.zone files; of BIND's configuration, print the lines of an inventory that name its files.",
    )
    command.add_argument("source", metavar="SOURCE", help=f"{', '.join(_FORMS)}: as for --zone")
    command.add_argument("-o", "--output", metavar="DIR", type=Path, help="where NAME.zone files go (default: zones)")
    command.add_argument("--resolver", metavar="ADDRESS[:PORT]", help="ask this resolver instead of the system's")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from mailproof.commands.writing_zones import run

    return run(options)
