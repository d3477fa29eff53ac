"""``mailproof export``: a result for the programs of auditors."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mailproof.commands.output import EXIT_USAGE, complain, print_text
from mailproof.documents import is_same_file
from mailproof.gate.document import DocumentError, read_document
from mailproof.report.formats import FORMATS, write_formats


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
    try:
        document = read_document(options.oscal)
    except DocumentError as error:
        complain(f"mailproof export: {error}")
        return EXIT_USAGE
    if options.output is None:
        print_text(FORMATS["oscal"](document))
        return 0
    if is_same_file(options.oscal, options.output):
        complain(f"mailproof export: {options.output} is the result itself; give another name by -o")
        return EXIT_USAGE
    _, problems = write_formats(document, {"oscal": options.output})
    for problem in problems:
        complain(f"mailproof export: {problem}")
    return 1 if problems else 0
