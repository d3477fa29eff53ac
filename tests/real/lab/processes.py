"""Daemons of the laboratory: started in a namespace, in the foreground, with their output in a file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.real.lab.namespaces import LabError

TAIL = 2000
REAP_SECONDS = 5.0


@dataclass
class Daemons:
    """Starts daemons and notices those that ended. Their end is the end of their namespace."""

    logs: Path
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(
        self, name: str, namespace: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        """Start ``command`` in the namespace, in a session of its own so that Ctrl-C reaches only the lab."""
        with (self.logs / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
            )

    def log(self, name: str) -> str:
        """The last part of what a daemon said."""
        try:
            return (self.logs / f"{name}.log").read_text(errors="replace")[-TAIL:]
        except OSError:
            return ""

    def check(self) -> None:
        """Raise LabError if a daemon has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise LabError(f"{name} ended with status {process.returncode}: {self.log(name)}")

    def reap(self) -> None:
        """Collect the daemons after their namespace has been removed."""
        for process in self._running.values():
            process.kill()
            process.wait(REAP_SECONDS)
        self._running.clear()
