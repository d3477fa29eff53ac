"""``mailproof monitoring``: rules and a dashboard for the metrics of results, ready to be used."""

from __future__ import annotations

import argparse
from importlib.resources import files
from typing import Any

from mailproof.output import print_text

FILES = {"alerts": "alerts.yaml", "dashboard": "dashboard.json"}
"""What can be had, and the file beside this one that it is."""


def add_monitoring(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    command = commands.add_parser(
        "monitoring",
        help="print alert rules for Prometheus, or a dashboard for Grafana",
        description="Print alert rules for Prometheus or a dashboard for Grafana. They read what mailproof serve "
        "has at /metrics, and what runs with --prometheus FILE write for the textfile collector.",
        epilog="mailproof monitoring alerts > /etc/prometheus/mailproof.yaml",
    )
    command.add_argument("what", choices=tuple(FILES), help="alert rules (YAML) or a dashboard (JSON)")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    print_text(text(options.what))
    return 0


def text(what: str) -> str:
    """The ``alerts`` or the ``dashboard``."""
    return files(__name__).joinpath(FILES[what]).read_text(encoding="utf-8")
