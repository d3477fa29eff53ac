"""``mailproof report``: the result of an earlier run, as people and programs want it."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailproof.commands.exporting import hand_over
from mailproof.gate.verdict import Verdict
from mailproof.languages import ENGLISH, LANGUAGES
from mailproof.output import EXIT_USAGE, abandon_output, complain, print_text
from mailproof.report.formats import FORMATS, TRANSLATED
from mailproof.report.nagios import MAX_AGE, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailproof.gate.document import RunDocument
    from mailproof.report.narrowing import Wanted

NAGIOS = "nagios"
PDF = "pdf"

_MAX_HOURS = 24 * 366 * 100

NARROWED = ("text", "html", "csv")
"""Formats that may hold a part of a result. What programs read is whole: a part would look like all there is."""


def add_report(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    command = commands.add_parser(
        "report",
        help="show an earlier result, or render it",
        description="Show the JSON report of an earlier run as text, or render it in another format: "
        "mailproof report reports/prod.json --format sarif",
        epilog="What mx1 was found guilty of, with all evidence: mailproof report reports/prod.json --target 'mx1.*' "
        "--verdict fail --proof",
    )
    command.add_argument("file", metavar="FILE.json", type=Path, help="the JSON report of a run")
    command.add_argument(
        "--format",
        choices=sorted((*FORMATS, NAGIOS, PDF)),
        default="text",
        help="what to make of it (default: %(default)s); nagios is a line for monitoring, with its exit code: 0 OK, "
        "1 WARNING, 2 CRITICAL, 3 UNKNOWN; pdf is a short one to print and needs the extra: pip install "
        "'mailproof[pdf]'",
    )
    command.add_argument(
        "--language",
        choices=LANGUAGES,
        default=ENGLISH,
        help=f"what people read of it in this language (default: %(default)s), as {', '.join(TRANSLATED)}; what was "
        "observed stays as it was",
    )
    command.add_argument("-o", "--output", metavar="OUT", type=Path, help="write to this file, not to standard output")
    command.add_argument(
        "--max-age",
        metavar="HOURS",
        type=_hours,
        help=f"for nagios: how old a result may be before it is UNKNOWN (default: {MAX_AGE:g})",
    )
    part = command.add_argument_group("what is shown", f"of a report as {', '.join(NARROWED)}; all may be repeated")
    for name, metavar, help in (
        ("control", "PATTERN", "only controls with such an id, like SPF-* or PTR-FCRDNS"),
        ("target", "PATTERN", "only targets with such an id, like 'mx1.example.org*'"),
        ("owner", "NAME", "only what the inventory says that NAME answers for (`owner` of domains, hosts and waivers)"),
    ):
        part.add_argument(f"--{name}", metavar=metavar, action="append", default=[], help=help)
    part.add_argument(
        "--verdict",
        type=_verdict,
        choices=[*Verdict],
        metavar="VERDICT",
        action="append",
        default=[],
        help=f"only these: {', '.join(_word(verdict) for verdict in Verdict)}; as text, passes and what does not apply "
        "are only counted without it",
    )
    part.add_argument("--proof", action="store_true", help="all evidence of what is shown, as text")
    command.set_defaults(run=run)


def _word(verdict: Verdict) -> str:
    return verdict.replace(" ", "-")


def _verdict(text: str) -> Verdict:
    for verdict in Verdict:
        if text.lower().replace(" ", "-") == _word(verdict):
            return verdict
    raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(_word(verdict) for verdict in Verdict)}")


def _hours(text: str) -> float:
    try:
        if 0 < (hours := float(text)) < _MAX_HOURS:
            return hours
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no number of hours, like 26 or 0.5")


def run(options: argparse.Namespace) -> int:
    """Show it; 1 if it could not be written, 4 if there is no such report or nothing of the kind in it. For monitoring
    its own codes.
    """
    from mailproof.gate.document import DocumentError, read_document
    from mailproof.report.narrowing import Wanted
    from mailproof.report.pdf import PdfError

    wanted = Wanted(
        controls=tuple(options.control),
        targets=tuple(options.target),
        verdicts=tuple(dict.fromkeys(options.verdict)),
        owners=tuple(options.owner),
    )
    if reason := _why_not(options, wanted):
        complain(f"mailproof report: {reason}")
        return EXIT_USAGE
    if options.format == NAGIOS:
        return _check(options)
    try:
        document = read_document(options.file)
    except DocumentError as error:
        complain(f"mailproof report: {error}")
        return EXIT_USAGE
    if unmet := [*wanted.unmet(document)]:
        for reason in unmet:
            complain(f"mailproof report: {options.file}: {reason}")
        return EXIT_USAGE
    try:
        made = _renderer(options, wanted)(document)
    except PdfError as error:
        complain(f"mailproof report: --format {PDF}: {error}")
        return EXIT_USAGE
    return hand_over("report", options.file, options.output, made)


def _why_not(options: argparse.Namespace, wanted: Wanted) -> str:
    """What does not go together; empty if all does."""
    if options.max_age is not None and options.format != NAGIOS:
        return f"--max-age is for --format {NAGIOS}"
    if options.language != ENGLISH and options.format not in TRANSLATED:
        return f"--language is for --format {', '.join(TRANSLATED)}; {options.format} is in English alone"
    if options.output is not None and options.format == NAGIOS:
        return f"--format {NAGIOS} is a line on standard output and an exit code; leave -o out"
    if options.output is None and options.format == PDF and sys.stdout.isatty():
        return f"--format {PDF} is no text for a terminal: name a file by -o"
    if wanted and options.format not in NARROWED:
        return f"{wanted}: --format {options.format} is always whole; a part is shown as {', '.join(NARROWED)}"
    if options.proof and options.format != "text":
        return f"--proof is for --format text; {options.format} has the evidence that it can hold"
    return ""


def _check(options: argparse.Namespace) -> int:
    """Say how it stands. Whatever keeps that from being said is UNKNOWN: 0 and 1 would mean something else."""
    from mailproof.clock import now
    from mailproof.gate.document import DocumentError, read_document
    from mailproof.report import nagios

    try:
        status = nagios.check(read_document(options.file), now(), options.max_age or MAX_AGE)
    except DocumentError as error:
        status = nagios.unknown(str(error))
    except (MemoryError, OSError, RuntimeError) as error:
        status = nagios.unknown(f"{options.file}: cannot be read: {str(error) or type(error).__name__}")
    try:
        print_text(f"{status.line}\n")
        sys.stdout.flush()
    except OSError:
        abandon_output()
        return nagios.State.UNKNOWN
    return status.state


def unsaid(options: argparse.Namespace) -> int:
    """The exit code of a command that has no standard output: 1, which would be WARNING to monitoring."""
    return State.UNKNOWN if getattr(options, "format", None) == NAGIOS else 1


def _renderer(options: argparse.Namespace, wanted: Wanted) -> Callable[[RunDocument], str | bytes]:
    from mailproof.report import csv_table, html, pdf, text
    from mailproof.report.formats import rendered
    from mailproof.report.narrowing import extent, narrowed

    match options.format:
        case "pdf":
            return pdf.render
        case "text":
            live = options.output is None and sys.stdout.isatty()
            width = min(shutil.get_terminal_size((text.WIDTH, 0)).columns, text.WIDEST) if live else text.WIDTH
            colour = live and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
            return partial(
                text.render, wanted=wanted, proof=options.proof, width=width, colour=colour, language=options.language
            )
        case "html" if wanted:

            def page(document: RunDocument) -> str:
                part = narrowed(document, wanted)
                return html.render(part, extent(document, part, wanted), options.language)

            return page
        case "csv" if wanted:
            return lambda document: csv_table.render(narrowed(document, wanted))
    return partial(rendered, name=options.format, language=options.language)
