"""``mailproof serve``: read-only pages and metrics of the latest results and of the history."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from mailproof.languages import ENGLISH, LANGUAGES
from mailproof.output import EXIT_USAGE, complain, say

PORT = 8025


def add_serve(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    command = commands.add_parser(
        "serve",
        help="show results and their history to browsers and Prometheus on this machine",
        description="Serve the latest results as pages and as metrics (/metrics), and the history. Files are read as "
        "they are when somebody asks; nothing is kept or written. It listens on this machine alone, has no password, "
        "and answers to no name but those of this machine and the address that it listens on. Ctrl-C and SIGTERM end "
        "it. mailproof monitoring prints alert rules and a dashboard for the metrics.",
        epilog="mailproof serve reports --history history.sqlite",
    )
    command.add_argument(
        "results", metavar="RESULT|DIR", type=Path, nargs="+", help="JSON reports of runs, or directories of them"
    )
    command.add_argument("--history", metavar="FILE", type=Path, help="what runs with --history FILE kept")
    command.add_argument(
        "--listen",
        metavar="ADDRESS[:PORT]",
        default="127.0.0.1",
        help=f"an address of this machine (default: %(default)s, port {PORT}); whoever reaches another than a loopback "
        "one reads everything",
    )
    command.add_argument(
        "--language",
        choices=LANGUAGES,
        default=ENGLISH,
        help="of the pages (default: %(default)s); what was observed stays as it was",
    )
    command.set_defaults(run=_run)


def _stop(number: int, frame: FrameType | None) -> None:
    """As Ctrl-C does: the server library takes an Exception for a fault of the request that is just being taken."""
    raise KeyboardInterrupt


def _run(options: argparse.Namespace) -> int:
    """Serve until a signal; 4 if there is nothing to serve or no such address."""
    from mailproof.commands.pages import Pages, server
    from mailproof.inventory.values import socket_address

    for place in options.results:
        if not place.exists():
            complain(f"mailproof serve: {place}: there is no such file; a run writes reports/NAME.json")
            return EXIT_USAGE
    try:
        at = socket_address(options.listen, PORT)
        serving = server(Pages(tuple(options.results), options.history, options.language), at)
    except ValueError as error:
        complain(f"mailproof serve: --listen: {error}")
        return EXIT_USAGE
    except OSError as error:
        complain(f"mailproof serve: --listen {options.listen}: {error.strerror}")
        return EXIT_USAGE
    former = signal.signal(signal.SIGTERM, _stop)
    try:
        say(f"serving http://{serving.at}/ and http://{serving.at}/metrics; Ctrl-C ends it")
        sys.stdout.flush()
        serving.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, former)
        serving.server_close()
    return 0
