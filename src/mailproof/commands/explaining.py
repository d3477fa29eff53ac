"""``mailproof explain``: what a control demands, why, how to mend what it finds, who says so, and examples."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mailproof.controls import BrokenRules, Control, UnknownControl, load_catalogue, with_rules
from mailproof.docket import Docket, UnknownFixture, describe
from mailproof.documents import write_atomically
from mailproof.languages import ENGLISH, LANGUAGES
from mailproof.net.text import shown
from mailproof.output import EXIT_USAGE, complain, print_text, say
from mailproof.probes import load_probes
from mailproof.targets.discovery import load_finders

_CONSENTS = {
    "active": "Active: a server owner may notice it",
    "scan": "Deep scan: some thirty connections with broken handshakes",
}


def add_explain(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    command = commands.add_parser(
        "explain",
        help="explain a control",
        description="Print what a control demands, why, how to mend what it finds, who says so, and what is wrong and "
        "right, by example. Nothing is asked of any network.",
        epilog="In the browser: mailproof explain SPF-ALL-STRICT --open",
    )
    command.add_argument("ids", metavar="ID", nargs="+", help="a control's id, like PTR-FCRDNS, or a pattern: 'SPF-*'")
    command.add_argument(
        "--rules", metavar="FILE", type=Path, action="append", default=[], help="house rules to know, too (repeatable)"
    )
    command.add_argument("--open", action="store_true", help="show it as a page in the browser")
    command.add_argument("--format", choices=("text", "html"), help="default: text, and html with --open")
    command.add_argument(
        "--language", choices=LANGUAGES, default=ENGLISH, help="of the page (default: %(default)s); text is in English"
    )
    command.add_argument("-o", "--output", metavar="OUT", type=Path, help="write to this file, not to standard output")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain; 1 if it could not be written or shown, 4 if there is no such control."""
    html = options.open or options.format == "html"
    if reason := _why_not(options, html=html):
        complain(f"mailproof explain: {reason}")
        return EXIT_USAGE
    load_finders()
    docket = Docket(load_probes())
    try:
        catalogue = with_rules(load_catalogue(), options.rules)
        found = [*{control.id: control for id in options.ids for control in catalogue.matching(id)}.values()]
        described = [describe(control, docket) for control in found]
    except (UnknownControl, UnknownFixture, BrokenRules) as error:
        hint = "" if options.rules else " (for house rules: --rules FILE)"
        complain(f"mailproof explain: {error}{hint}")
        return EXIT_USAGE
    if html:
        from mailproof.report import control_page

        made = control_page.render(described, options.language)
    else:
        parts = ("\n".join(_lines(control, docket, alone=len(found) == 1)) for control in found)
        made = shown("\n\n".join(parts)) + "\n"
    try:
        return _hand_over(made, options)
    except OSError as error:
        complain(f"mailproof explain: {error.filename or options.output}: cannot be written: {error.strerror}")
        return 1


def _why_not(options: argparse.Namespace, *, html: bool) -> str:
    """What does not go together; empty if all does."""
    if options.open and options.format == "text":
        return "--open shows a page; leave --format text out"
    if options.language != ENGLISH and not html:
        return "--language is for --open and --format html"
    return ""


def _hand_over(made: str, options: argparse.Namespace) -> int:
    """Write what was made, and open it where that is wanted. Raises OSError."""
    if options.output is None and not options.open:
        print_text(made)
        return 0
    file = options.output or _new_file()
    write_atomically(file, [made])
    if not options.open:
        return 0
    # Where there is no browser, or it is on another machine, the file can still be taken there.
    say(f"page: {file}")
    import webbrowser

    if webbrowser.open(file.resolve().as_uri()):
        return 0
    complain("mailproof explain: no browser was found here (the variable BROWSER may name one)")
    return 1


def _new_file() -> Path:
    """A file of nobody else's: it stays, since the browser reads it after this command has ended."""
    descriptor, name = tempfile.mkstemp(prefix="mailproof-", suffix=".html")
    os.close(descriptor)
    return Path(name)


def _lines(control: Control, docket: Docket, *, alone: bool) -> Iterator[str]:
    """A control for a terminal; one that stands alone with its examples."""
    yield f"{control.id} ({control.level}): {control.title}"
    for name, text in (("Why", control.why), ("Fix", control.fix)):
        yield textwrap.fill(text, 100, initial_indent=f"  {name}: ", subsequent_indent="       ")
    if control.formerly:
        yield f"  Formerly: {', '.join(control.formerly)}"
    yield "  Sources:"
    for reference in control.references:
        yield f"    {reference.title}{f': {reference.url}' if reference.url else ''}"
    yield f"  Judges: {docket.kind(control).__name__}, by {', '.join(control.observations)}"
    if control.parameters:
        yield "  Parameters (the inventory's `controls` may set them):"
        for name, value in control.parameters.items():
            allowed = control.allowed.get(name)
            words = ", ".join(allowed) if isinstance(allowed, tuple) else allowed
            yield f"    {name}: {json.dumps(value)}{f' (of {words})' if words else ''}"
    if consent := docket.consent(control):
        yield f"  {_CONSENTS[consent]}; it runs only with {consent}: true in the inventory."
    if docket.needs_full_depth(control):
        yield "  Asked only in the full depth of TLS: limits: {tls_depth: full} in the inventory."
    if alone:
        yield from _examples(control.id)


def _examples(id: str) -> Iterator[str]:
    from mailproof.report.examples import all_examples

    both = all_examples().get(id)
    if both is None:
        return
    for title, example in (("Wrong, for example", both.bad), ("Right, for example", both.good)):
        yield f"  {title}:"
        yield from _indented(example.found, "    found  ")
        if example.parameters:
            settings = (f"{name}: {json.dumps(value)}" for name, value in example.parameters.items())
            yield f"    with   {', '.join(settings)}"
        yield from _indented(example.seen, "    | ")


def _indented(lines: Sequence[str], by: str) -> Iterator[str]:
    return (f"{by}{line}" for line in lines)
