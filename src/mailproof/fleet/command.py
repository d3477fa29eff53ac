"""The command `mailproof fleet`: its options. What it does is in ``doing``, which is imported when it is wanted."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mailproof.controls import Level
from mailproof.languages import ENGLISH, LANGUAGES

COMMANDS = ("run", "summary", "show", "diff", "export")

_BASELINE = "what --out of an earlier run named: only what is new or regressed keeps the gate closed"


def add_fleet(commands: Any) -> None:
    """Add the command to ``commands``, what ``add_subparsers`` returned."""
    command: argparse.ArgumentParser = commands.add_parser(
        "fleet",
        help="judge very many domains, shard by shard",
        description="Judge an inventory of thousands of domains in processes of their own, a shard each, and merge "
        "their results. What is done stays done: the same command goes on where it was interrupted.",
    )
    parts = command.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = parts.add_parser(
        "run",
        help="judge a fleet, or go on with it",
        description="Plan the shards, judge them, merge the results and decide. Exits as pytest does: 0 the gate is "
        "open, 1 it stays closed, 2 interrupted, 3 a shard failed, 4 the command line or the inventory is wrong, "
        "5 nothing was checked.",
    )
    run.add_argument("inventory", metavar="INVENTORY", type=Path, help="YAML file that says what to check")
    run.add_argument("--out", metavar="DIR", type=Path, required=True, help="where plan, results and summary go")
    run.add_argument("--shards", metavar="N", type=int, help="into how many parts (default: one for 2,000 domains)")
    run.add_argument(
        "--processes", metavar="N", type=int, default=2, help="how many work at once (default: %(default)s)"
    )
    run.add_argument(
        "--control", metavar="ID", action="append", default=[], help="only controls that match (repeatable)"
    )
    run.add_argument("--profile", metavar="NAME|FILE", help="as of pytest")
    run.add_argument(
        "--fail-on", metavar="LEVEL", type=str.upper, choices=[str(level) for level in Level], help="as of pytest"
    )
    run.add_argument("--inconclusive", choices=("fail", "warn"), default="fail", help="as of pytest")
    run.add_argument("--waivers", metavar="FILE", type=Path, action="append", default=[], help="as of pytest")
    run.add_argument("--strict-waivers", action="store_true", help="as of pytest")
    run.add_argument(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        help="judge the shards on the workers of this scheduler of Dask distributed, --processes of them at once; they "
        "must see the same files at the same paths (needs mailproof[fleet])",
    )
    run.add_argument("--baseline", metavar="DIR", type=Path, help=_BASELINE)
    run.add_argument("--stop-file", metavar="FILE", type=Path, help="end all that is under way as soon as FILE appears")
    _add_language(run)
    run.set_defaults(run=_later("run"))
    again = parts.add_parser("summary", help="merge the results again", description="Merge the results again.")
    again.add_argument("directory", metavar="DIR", type=Path, help="what --out named")
    again.add_argument("--baseline", metavar="DIR", type=Path, help=_BASELINE)
    _add_language(again)
    again.set_defaults(run=_later("summary"))
    export = parts.add_parser(
        "export",
        help="write all results as one table for DuckDB, Spark or pandas",
        description="Write all results as one table in Parquet, a row for each verdict (needs mailproof[fleet]).",
    )
    export.add_argument("directory", metavar="DIR", type=Path, help="what --out named")
    export.add_argument("--parquet", metavar="FILE", type=Path, required=True, help="the file to write")
    export.set_defaults(run=_later("export"))
    show = parts.add_parser(
        "show", help="show what was said of one domain", description="Show what was said of one domain and its hosts."
    )
    show.add_argument("directory", metavar="DIR", type=Path, help="what --out named")
    show.add_argument("domain", metavar="DOMAIN", help="a domain of the inventory")
    show.add_argument("--all", action="store_true", help="also what is right or does not apply")
    _add_language(show)
    show.set_defaults(run=_later("show"))
    diff = parts.add_parser(
        "diff",
        help="compare two runs of a fleet",
        description="Compare two runs: what is new, regressed, mended. Exits with 1 if anything is new or regressed.",
    )
    diff.add_argument("old", metavar="OLD", type=Path, help="the directory of the earlier run")
    diff.add_argument("new", metavar="NEW", type=Path, help="the directory of the later run")
    diff.set_defaults(run=_later("diff"))


def _add_language(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--language",
        choices=LANGUAGES,
        default=ENGLISH,
        help="of what people read (default: %(default)s); what was observed stays as it was",
    )


def expanded(arguments: Sequence[str]) -> list[str]:
    """``fleet INVENTORY`` is short for ``fleet run INVENTORY``."""
    found = list(arguments)
    if len(found) > 1 and found[0] == "fleet" and found[1] not in (*COMMANDS, "-h", "--help"):
        found.insert(1, "run")
    return found


def _later(name: str) -> Callable[[argparse.Namespace], int]:
    """What ``doing`` does by this name."""

    def do(options: argparse.Namespace) -> int:
        from mailproof.fleet import doing

        work: Callable[[argparse.Namespace], int] = getattr(doing, name)
        return work(options)

    return do
