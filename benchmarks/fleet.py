"""What a fleet costs: `mailproof fleet` with every control that needs the DNS alone, in a simulated world.

    python -m benchmarks.fleet [--domains 10000] [--processes 2] [--controls dns|few] [--json FILE]

Measured from outside: wall and CPU time of all processes, their memory together at its highest, and the questions that
the world's servers were asked. Then the same questions are put to a world that is as new, by a bare client in as many
processes, each with its share. Needs root and iproute2.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.cost import RULES_OF_MANY
from benchmarks.world import SimulatedWorld
from mailproof.controls import Catalogue, Control, load_catalogue
from mailproof.fleet.plan import read_plan
from mailproof.fleet.results import ShardTotal, lines_of
from mailproof.probes import load_probes
from mailproof.probes.probe import Probe
from mailproof.targets.discovery import load_finders

TIMEOUT = 7_200.0


@dataclass(frozen=True)
class Figures:
    """``wall``, ``cpu``, ``bare`` and the like in seconds, ``memory`` in MiB: all processes together."""

    domains: int
    shards: int
    processes: int
    controls: int
    verdicts: int
    questions: int
    wall: float
    cpu: float
    memory: float
    bare: float
    """Wall time of the bare questions."""
    discovery: float
    """Added up over the shards, as are the next two."""
    survey: float
    judging: float
    load: float
    """Load average over the last minute, before."""

    @property
    def ratio(self) -> float:
        """How many times as long as the bare questions it took."""
        return self.wall / self.bare

    @property
    def microseconds(self) -> float:
        """Of judging a verdict, its way to the disk included."""
        return self.judging / self.verdicts * 1e6


def by_dns_alone(catalogue: Catalogue, probes: dict[str, Probe]) -> list[Control]:
    """The controls whose probes connect to nobody, and need no consent."""

    def connects(name: str) -> bool:
        entry = probes[name]
        return bool(entry.connections) or any(map(connects, (*entry.needs, *entry.looks)))

    return [c for c in catalogue if not any(name in probes and connects(name) for name in c.observations)]


def measured(domains: int, processes: int, patterns: list[str], shards: int | None) -> Figures:
    """Run a fleet over a world of so many domains. Raises RuntimeError where it does not come to its end."""
    load = os.getloadavg()[0]
    with SimulatedWorld(domains) as world:
        out = world.directory / "out"
        command = [sys.executable, "-m", "mailproof.cli", "fleet", "inventory.yaml", f"--out={out}"]
        command += [f"--processes={processes}", *([f"--shards={shards}"] if shards else [])]
        command += [f"--control={pattern}" for pattern in patterns]
        world.count()
        cost = measure.run(world.command(*command), world.directory, timeout=TIMEOUT)
        listed = world.questions()
        questions, _ = world.count()
        plan = read_plan(out)
        totals: dict[int, ShardTotal] = {}
        for number in range(1, plan.shards + 1):
            for _ in lines_of(out, number, totals):
                pass
    with SimulatedWorld(domains) as world:  # a new one: this one has signed all that it was asked for
        bare = _bare(world, listed, processes)
    seconds = {
        name: sum(total.seconds.get(name, 0.0) for total in totals.values())
        for name in ("discovery", "survey", "judging")
    }
    return Figures(
        domains=domains,
        shards=plan.shards,
        processes=processes,
        controls=len(plan.controls),
        verdicts=sum(total.results for total in totals.values()),
        questions=questions,
        wall=cost.wall,
        cpu=cost.cpu,
        memory=cost.memory,
        bare=bare,
        load=load,
        **seconds,
    )


def _bare(world: SimulatedWorld, questions: list[list[Any]], processes: int) -> float:
    """Seconds for all questions by so many bare clients at the same time, start-up aside."""
    running = []
    for index in range(processes):
        file = world.directory / f"questions{index}.json"
        file.write_text(json.dumps(questions[index::processes]), encoding="utf-8")
        command = world.command(sys.executable, "-m", "benchmarks.bare_dns", str(file))
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    return max(float(json.loads(process.communicate()[0])["seconds"]) for process in running)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a fleet.")
    parser.add_argument("--domains", type=int, nargs="+", default=[10_000])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--shards", type=int)
    parser.add_argument("--controls", choices=("dns", "few"), default="dns", help="few: checkdmarc's rules")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    load_finders()
    patterns = [control.id for control in by_dns_alone(load_catalogue(), dict(load_probes()))]
    if options.controls == "few":
        patterns = list(RULES_OF_MANY)
    rows = []
    for domains in options.domains:
        began = time.monotonic()
        found = measured(domains, options.processes, patterns, options.shards)
        rows.append(asdict(found) | {"ratio": found.ratio, "microseconds": found.microseconds})
        print(json.dumps(rows[-1]), f"({time.monotonic() - began:.0f} s in all)", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
