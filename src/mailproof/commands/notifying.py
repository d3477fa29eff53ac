"""``mailproof notify``: tells somebody what is new and what is mended, once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mailproof.languages import ENGLISH, LANGUAGES

SENDMAIL = "/usr/sbin/sendmail"


def add_notify(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    command = commands.add_parser(
        "notify",
        help="tell somebody what is new and what is mended in a result, once",
        description="Tell what is found for the first time, and what is mended, only advice now or no longer judged "
        "since the last time that it was told: by mail, to a webhook, to Slack or into a room of Matrix. Each is tried "
        "once, and by the next call again if that failed. A result without news is told to nobody. What could not be "
        "verified is no news.",
        epilog="mailproof notify reports/prod.json --state prod.told.json --mail postmaster@example.org",
    )
    command.add_argument("result", metavar="RESULT", type=Path, help="the JSON report of the latest run")
    command.add_argument(
        "--state", metavar="FILE", type=Path, required=True, help="what was told to whom; it is written, and made anew"
    )
    command.add_argument(
        "--former",
        metavar="RESULT",
        type=Path,
        help="whoever was never told anything knows what is in this one (default: nothing, and all findings are new)",
    )
    to = command.add_argument_group(
        "to whom", "all may be repeated; ${secret:NAME} in a URL or token is taken from the environment"
    )
    repeatable: dict[str, Any] = {"action": "append", "default": []}
    to.add_argument("--mail", metavar="ADDRESS", help="by the mail server of this machine", **repeatable)
    to.add_argument("--webhook", metavar="URL", help="POST of JSON", **repeatable)
    to.add_argument("--slack", metavar="URL", help="an incoming webhook of Slack or Mattermost", **repeatable)
    to.add_argument("--matrix", metavar="URL", help="a room: https://SERVER/!ROOM:SERVER, with --token", **repeatable)
    how = command.add_argument_group("how")
    how.add_argument("--token", metavar="TOKEN", help="sent to Matrix as bearer: '${secret:NAME}'")
    how.add_argument("--webhook-token", metavar="TOKEN", help="sent to each --webhook as bearer: '${secret:NAME}'")
    how.add_argument("--from", dest="sender", metavar="ADDRESS", help="who mails (default: sendmail knows)")
    how.add_argument("--sendmail", metavar="PATH", default=SENDMAIL, help="the program (default: %(default)s)")
    how.add_argument("--ca-file", metavar="FILE", type=Path, help="roots in PEM that are trusted besides public ones")
    how.add_argument(
        "--language",
        choices=LANGUAGES,
        default=ENGLISH,
        help="what people are told in this language (default: %(default)s); what was found stays as it was",
    )
    how.add_argument("--dry-run", action="store_true", help="print what would be told, and tell and keep nothing")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from mailproof.commands.telling import run

    return run(options)
