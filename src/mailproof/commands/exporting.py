"""``mailproof export``: a result for the programs of auditors."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from mailproof.documents import is_same_file, write_atomically, write_octets
from mailproof.output import EXIT_USAGE, complain, print_text


def add_export(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    command = commands.add_parser(
        "export",
        help="write a result for the programs of auditors",
        description="Write the JSON report of a run as OSCAL assessment results: mailproof export --oscal "
        "reports/prod.json -o prod.oscal.json",
    )
    command.add_argument("--oscal", metavar="RESULT", type=Path, required=True, help="the JSON report of the run")
    command.add_argument("-o", "--output", metavar="OUT", type=Path, help="write to this file, not to standard output")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write it; 1 if that failed, 4 if there is no such report."""
    from mailproof.gate.document import DocumentError, read_document
    from mailproof.report import oscal

    try:
        document = read_document(options.oscal)
    except DocumentError as error:
        complain(f"mailproof export: {error}")
        return EXIT_USAGE
    return hand_over("export", options.oscal, options.output, oscal.render(document))


def hand_over(command: str, result: Path, output: Path | None, made: str | bytes) -> int:
    """Write what was made of a result to ``output``, else to standard output; the exit code of ``command``."""
    if output is None:
        if isinstance(made, bytes):
            sys.stdout.buffer.write(made)
        else:
            print_text(made)
        return 0
    if is_same_file(result, output):
        complain(f"mailproof {command}: {output} is the result itself; give another name by -o")
        return EXIT_USAGE
    try:
        if isinstance(made, bytes):
            write_octets(output, made)
        else:
            write_atomically(output, [made])
    except OSError as error:
        complain(f"mailproof {command}: {output}: cannot be written: {error.strerror}")
        return 1
    return 0
