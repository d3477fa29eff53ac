"""Wires a checkout that is not installed: its own package and plugin are found, nothing else."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path

if "mailproof.plugin" not in sys.modules and not any(
    entry.value == "mailproof.plugin" for entry in entry_points(group="pytest11")
):
    sys.path.insert(0, str(Path(__file__).parent / "src"))
    pytest_plugins = ["mailproof.plugin"]
