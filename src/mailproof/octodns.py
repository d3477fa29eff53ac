"""A processor for OctoDNS: a plan that breaks mail is not applied.

It judges the zone that a plan would publish, as ``--zone`` does, in a run of its own, and refuses the plan where the
gate stays closed. OctoDNS plans all zones before it applies any, so nothing is published then.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Any

from octodns.processor.base import BaseProcessor, ProcessorException
from octodns.provider.yaml import YamlProvider


class PlanRefused(ProcessorException):  # type: ignore[misc]  # OctoDNS has no types
    """The gate stays closed for what a plan would publish; the message is what the run says."""


class MailproofProcessor(BaseProcessor):  # type: ignore[misc]
    """Judges the zone that each plan would publish, once for all targets that get the same.

    ``inventory`` is the file that says what is judged, by default the zone's own name as a mail domain. With
    ``compare_live`` only what the plan breaks counts, and not what was wrong before. With ``leave_out`` records that no
    master file can hold are passed over; without, they refuse the plan. ``arguments`` are further options of
    ``mailproof run``, like ``--control=SPF-*``.
    """

    def __init__(
        self,
        name: str,
        inventory: str | None = None,
        compare_live: bool = True,
        leave_out: bool = False,
        arguments: Iterable[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.inventory = inventory
        self.options = [*(["--compare-live"] if compare_live else []), *map(str, arguments)]
        self.leave_out = leave_out
        self._judged: dict[str, str] = {}
        self._lock = Lock()

    def process_plan(self, plan: Any, sources: Any, target: Any, lenient: bool = False) -> Any:
        """The plan as it is. Raises PlanRefused. A zone that does not change is not judged."""
        if plan is not None:
            with self._lock:  # plans are made in threads, and runs at the same time would disturb each other
                said = self._judge(plan.desired)
            if said:
                raise PlanRefused(f"mailproof refuses the plan for {plan.desired.name} at {target.id}:\n{said}")
        return plan

    def _judge(self, zone: Any) -> str:
        """What a run says of the zone; nothing if the gate is open."""
        with tempfile.TemporaryDirectory(prefix="mailproof-octodns-") as place:
            folder = Path(place) / "zones"
            folder.mkdir()
            contents = _write(zone, folder)
            if contents not in self._judged:
                self._judged[contents] = self._run(zone.name.rstrip("."), folder, Path(place))
            return self._judged[contents]

    def _run(self, name: str, folder: Path, place: Path) -> str:
        inventory = Path(self.inventory) if self.inventory is not None else place / "octodns.yaml"
        if self.inventory is None:
            inventory.write_text(f"domains: ['{name}']\n", encoding="utf-8")
        source = f"octodns:{folder}{'?leave-out' if self.leave_out else ''}"
        options = [f"--zone={source}", f"--report-dir={place / 'reports'}", *self.options]
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-P", "-m", "mailproof.cli", "run", *options, "--", str(inventory)],
            env={**os.environ, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode == 0:
            return ""
        lines = [line for line in done.stdout.strip().splitlines() if not line.startswith(f"report: {place}")]
        return "\n".join(lines) or f"its run ended with exit code {done.returncode}"


def _write(zone: Any, folder: Path) -> str:
    """Write a zone as OctoDNS's own YAML file, and return what stands there."""
    provider = YamlProvider("mailproof", str(folder), escaped_semicolons=True)
    plan = provider.plan(zone)
    file = folder / f"{zone.name}yaml"
    if plan is None:  # all of its records go
        file.write_text("{}\n", encoding="utf-8")
    else:
        provider.apply(plan)
    return f"{zone.name}\n{file.read_text(encoding='utf-8')}"
