"""How far discovery or survey is, on the terminal."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest

from mailproof.expedition import Expedition
from mailproof.net.text import shown

PLAIN_INTERVAL = 10.0
"""Seconds between two progress lines where the output is not a terminal."""


class ProgressDisplay:
    """One line rewritten on a terminal, a line now and then elsewhere. A context manager that hands out its tick."""

    def __init__(self, config: pytest.Config, what: str, expedition: Expedition | None) -> None:
        self._terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._what = what
        self._expedition = expedition
        self._started = self._shown = time.monotonic()
        self._live = bool(self._terminal and getattr(self._terminal, "isatty", False))

    def __enter__(self) -> Callable[[], None]:
        return self.tick

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._terminal is None:
            return
        if self._live:
            self._terminal.rewrite("", erase=True)
            self._terminal.rewrite("")
        if kind is None:
            seconds = time.monotonic() - self._started
            self._terminal.write_line(f"{self._what}: {self._summary()} in {seconds:.1f} s")

    def tick(self) -> None:
        """Show how far it is; called a few times a second."""
        if self._terminal is None or self._expedition is None:
            return
        elapsed = time.monotonic() - self._started
        progress = self._expedition.progress
        line = f"{self._what}: {progress.done}/{progress.total} observations, {elapsed:.0f} s"
        connections = self._expedition.open_connections
        if connections:
            peer, since = connections[0]
            count = f"{len(connections)} connection{'' if len(connections) == 1 else 's'} open"
            peer = shown(self._expedition.loaded.redact(peer))
            line += f"; {count}, the oldest to {peer} ({time.monotonic() - since:.0f} s)"
        if self._live:
            self._terminal.rewrite(line[: shutil.get_terminal_size((100, 24)).columns - 1], erase=True)
        elif time.monotonic() - self._shown >= PLAIN_INTERVAL:
            self._shown = time.monotonic()
            self._terminal.write_line(line)

    def _summary(self) -> str:
        if self._what == "discovery" and self._expedition is not None:
            return f"{len(self._expedition.targets)} targets"
        done = self._expedition.progress.done if self._expedition else 0
        return f"{done} observations"
