"""``mailproof waive``: the waiver of a finding, written out."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailproof.clock import now
from mailproof.gate.verdict import Verdict
from mailproof.output import EXIT_USAGE, complain, say

if TYPE_CHECKING:
    from mailproof.gate.document import Result

_AMISS = (Verdict.FAIL, Verdict.ADVICE, Verdict.WAIVED, Verdict.INCONCLUSIVE)

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z][A-Za-z0-9._-]*")
"""Text that YAML takes for text without quotes, whatever its reader thinks of numbers and dates."""

_WORDS = {"true", "false", "yes", "no", "on", "off", "null"}


def add_waive(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    command = commands.add_parser(
        "waive",
        help="write the waiver of a finding",
        description="Print the waiver that accepts a finding of a run until a day, as YAML for the inventory or for a "
        "file of --waivers: mailproof waive reports/prod.json SPF-EXISTS@example.org --until 2027-03-31 "
        "--reason 'the provider moves in spring'",
    )
    command.add_argument("result", metavar="RESULT", type=Path, help="the JSON report of the run")
    command.add_argument(
        "finding",
        metavar="CONTROL[@TARGET]",
        help="the control's id, with @ and the target where not all of its findings are meant; or the id of a result",
    )
    command.add_argument("--until", metavar="DATE", required=True, help="the last day on which it holds: YYYY-MM-DD")
    command.add_argument("--reason", metavar="TEXT", required=True, help="why it is accepted; every report shows it")
    command.add_argument("--owner", metavar="TEXT", help="who answers for it")
    command.add_argument("--ticket", metavar="TEXT", help="where it is dealt with")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the waiver; 4 if there is no such finding, or the waiver could not hold."""
    from mailproof.gate.document import DocumentError, read_document

    try:
        until = date.fromisoformat(options.until)
        if until.isoformat() != options.until:
            raise ValueError
    except ValueError:
        complain(f"mailproof waive: --until {options.until}: a day is expected, like 2027-03-31")
        return EXIT_USAGE
    if options.until < now()[:10]:
        complain(f"mailproof waive: --until {until} is past: the waiver would never hold")
        return EXIT_USAGE
    if not options.reason.strip():
        complain("mailproof waive: --reason is empty; every report shows why a finding is accepted")
        return EXIT_USAGE
    try:
        results = read_document(options.result).results
    except DocumentError as error:
        complain(f"mailproof waive: {error}")
        return EXIT_USAGE
    found = _named(options.finding, results)
    amiss = [result for result in found if result.verdict in _AMISS]
    if not amiss:
        complain(f"mailproof waive: {_why_none(options, found, results)}")
        return EXIT_USAGE
    more = {"owner": options.owner, "ticket": options.ticket}
    say("\n".join(("waivers:", *(line for result in amiss for line in _waiver(result, options, more)))))
    return 0


def _named(finding: str, results: Sequence[Result]) -> list[Result]:
    """The results that the command line names."""
    control, at, target = finding.partition("@")
    by_id = [result for result in results if result.id == finding]
    return by_id or [
        result
        for result in results
        if result.control == control.upper() and (not at or result.target.lower() == target.lower())
    ]


def _why_none(options: argparse.Namespace, found: Sequence[Result], results: Sequence[Result]) -> str:
    if found:
        verdicts = ", ".join(sorted({str(result.verdict) for result in found}))
        return f"{options.finding} is no finding of {options.result}: {verdicts}"
    known = {f"{result.control}@{result.target}" for result in results if result.verdict in _AMISS}
    known |= {result.control for result in results if result.verdict in _AMISS}
    control, at, target = options.finding.partition("@")
    near = get_close_matches(f"{control.upper()}{at}{target}", sorted(known), 1, 0.6)
    hint = f"did you mean {near[0]}?" if near else f"`mailproof report {options.result} --format csv` lists all"
    return f"{options.result} has no finding {options.finding}; {hint}"


def _waiver(result: Result, options: argparse.Namespace, more: dict[str, str | None]) -> Iterator[str]:
    yield f"  - control: {_scalar(result.control)}"
    yield f"    target: {_scalar(result.target)}"
    yield f"    reason: {_scalar(options.reason)}"
    if result.verdict is Verdict.INCONCLUSIVE:
        yield "    inconclusive: true  # it could not be verified; this accepts that, too"
    yield f"    expires: {options.until}"
    for name, value in more.items():
        if value:
            yield f"    {name}: {_scalar(value)}"


def _scalar(text: str) -> str:
    """``text`` as YAML has it: as it is where nothing can be mistaken, else as a JSON string, which YAML reads."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _WORDS else json.dumps(text)
