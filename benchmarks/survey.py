"""Surveys and judges an offline world of many domains, and prints what it costs.

python -m benchmarks.survey [--domains 200] [--hosts 2] [--peers 4]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mailproof.controls import load_catalogue
from mailproof.expedition import Expedition
from mailproof.fixtures.scale import generate
from mailproof.inventory.load import load_inventory
from mailproof.probes import load_probes
from mailproof.record import write_record
from mailproof.targets.base import Target
from mailproof.targets.services import Endpoint


@dataclass(frozen=True)
class Cost:
    """What one survey and its judgement took. Times in seconds."""

    domains: int
    discovery: float
    survey: float
    observations: int
    questions: int
    connections: int
    busiest: int
    hosts: int
    verdicts: int
    judging: float
    collecting: float


def measure(domains: int, hosts: int, peers: int, directory: Path) -> Cost:
    """Survey a generated world with every probe that a control asks for, then judge the record with pytest."""
    text, world = generate(domains, hosts, peers=peers)
    file = directory / f"bench{domains}.yaml"
    file.write_text(text, encoding="utf-8")
    loaded, probes = load_inventory(file), load_probes()
    names = {name for control in load_catalogue() for name in control.observations if name in probes}
    with world, Expedition(loaded, probes, world.settings(loaded.model.net_settings())) as expedition:
        started = time.perf_counter()
        targets = expedition.discover()
        discovered = time.perf_counter()
        wanted: list[tuple[str, Target]] = [(n, t) for n in sorted(names) for t in targets.of(probes[n].target)]
        record = expedition.survey(wanted)
        surveyed = time.perf_counter()
        endpoints = sum(isinstance(target, Endpoint) for target in targets)
    saved = directory / f"bench{domains}.json"
    write_record(saved, record, loaded.redact)
    command = [
        sys.executable,
        "-m",
        "pytest",
        f"--inventory={file}",
        f"--replay={saved}",
        "-q",
        "-p",
        "no:hypothesispytest",
    ]
    environment = {**os.environ, "PYTEST_ADDOPTS": ""}
    timings = []
    for extra in (["--collect-only"], []):
        before = time.perf_counter()
        subprocess.run([*command, *extra], cwd=directory, env=environment, stdout=subprocess.DEVNULL, check=False)
        timings.append(time.perf_counter() - before)
    document = json.loads((directory / "reports" / f"bench{domains}.json").read_text(encoding="utf-8"))
    connections = Counter(record.connections)
    return Cost(
        domains=domains,
        discovery=discovered - started,
        survey=surveyed - discovered,
        observations=len(record.outcomes),
        questions=sum(record.questions.values()),
        connections=connections.total(),
        busiest=max(connections.values(), default=0),
        hosts=endpoints,
        verdicts=len(document["results"]),
        judging=timings[1] - timings[0],
        collecting=timings[0],
    )


def show(cost: Cost) -> None:
    """Print the figures of one run."""
    wall = cost.discovery + cost.survey
    print(f"{cost.domains} domains, {cost.hosts} SMTP endpoints")
    print(
        f"  discovery {cost.discovery:.2f} s, survey {cost.survey:.2f} s: {cost.domains / wall:.0f} domains per second"
    )
    print(f"  {cost.questions / cost.domains:.1f} DNS questions per domain")
    print(f"  {cost.connections / max(cost.hosts, 1):.1f} connections per host, at most {cost.busiest}")
    print(f"  {cost.observations} observations, {1000 * cost.survey / cost.observations:.2f} ms each")
    print(
        f"  {cost.verdicts} verdicts: {1000 * cost.judging / cost.verdicts:.2f} ms per control and target, "
        f"reports included; collection {cost.collecting:.1f} s"
    )


def main() -> None:
    """Measure a tenth of the domains and all of them, and print how the time grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domains", type=int, default=200)
    parser.add_argument("--hosts", type=int, default=2, help="MX hosts of each domain")
    parser.add_argument("--peers", type=int, default=4, help="mock mail servers behind all the addresses")
    options = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="mailproof-bench-") as scratch:
        few = measure(max(options.domains // 10, 1), options.hosts, options.peers, Path(scratch))
        many = measure(options.domains, options.hosts, options.peers, Path(scratch))
    show(few)
    show(many)
    growth = (many.survey + many.discovery) / (few.survey + few.discovery)
    print(f"{many.domains / few.domains:.0f} times the domains take {growth:.1f} times the time")
    print(
        f"memory: at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB (world and survey together)"
    )


if __name__ == "__main__":
    main()
