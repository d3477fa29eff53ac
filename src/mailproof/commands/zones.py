"""``mailproof zones``: zones from where they are kept, as master files for ``--zone``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_zones(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    command = commands.add_parser(
        "zones",
        help="write zones from where they are kept as files for --zone",
        description="Read zones from a Terraform plan (terraform show -json), a directory of OctoDNS's YAML files, a "
        "zone transfer (axfr://SERVER/ZONE) or BIND's named.conf. NAME.zone files are written, for `mailproof run "
        "prod.yaml --zone DIR`; of named.conf the lines of the inventory that name its files are printed.",
    )
    command.add_argument("source", metavar="SOURCE", help="FILE.json, octodns:DIR, axfr://SERVER/ZONE, or named.conf")
    command.add_argument("-o", "--output", metavar="DIR", type=Path, help="where NAME.zone files go (default: zones)")
    command.add_argument("--key-file", metavar="FILE", type=Path, help="the key of a transfer, as by tsig-keygen")
    command.add_argument("--view", metavar="NAME", help="of named.conf, where it has several")
    command.add_argument(
        "--leave-out",
        action="store_true",
        help="write the zones without the records that a master file cannot hold, and name these",
    )
    command.add_argument("--resolver", metavar="ADDRESS[:PORT]", help="ask this resolver instead of the system's")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from mailproof.commands.writing_zones import run

    return run(options)
