"""What mailproof and its peers cost on the same simulated world: time, CPU, questions, connections, memory.

    python -m benchmarks.cost [--quick] [--json FILE]

Every program is run as its user runs it, start-up included, in a namespace where the simulated world is all there
is. Needs root and iproute2.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import measure, namespace, peers
from benchmarks.world import SimulatedWorld
from mailproof.controls import load_catalogue
from mailproof.coverage import load_coverage
from mailproof.probes import load_probes

ROOT = Path(__file__).resolve().parents[1]

MX_RULES = ("MX-EXISTS", "MX-NOT-ALIAS", "MX-RESOLVES", "MX-NOT-IP", "MX-PUBLIC-ADDR", "MX-NULL-*")
"""The controls of MX records that need the DNS alone."""
CHECKDMARC = "C"
"""Its letter in the map of the field."""
TLS_FACTS = ("TLS-*", "CERT-*")
"""The controls about what ``peers.SSLYZE_FACTS`` asks for, too."""
RULES_OF_MANY = (*MX_RULES, "SPF-*", "DMARC-*", "TLSRPT-TXT")
"""Controls that need the DNS alone."""

DELAYS = (0.0, 0.02, 0.1)
PARALLEL = 8
TIMEOUT = 900.0
TLS_DOMAINS = 3
GREETING = 2.0
MANY = 10_000


@dataclass(frozen=True)
class Row:
    """One run. ``delay``, ``wall`` and ``cpu`` are in seconds, ``memory`` in MiB.

    Where ``sample`` is not ``domains``, that many were run, and wall, CPU, questions and connections were scaled.
    """

    tool: str
    domains: int
    delay: float
    wall: float
    cpu: float
    questions: int
    connections: int
    memory: float
    sample: int


@dataclass(frozen=True)
class Tool:
    """A program, the command for some domains of a world, and how many domains it is given at most at a delay."""

    name: str
    command: Callable[[SimulatedWorld, Sequence[str]], list[str]]
    most: Callable[[float], int]
    right_exits: tuple[int, ...] = (0,)


def mailproof(*arguments: str, inventory: str = "inventory.yaml") -> list[str]:
    """The command that a user of mailproof types."""
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:hypothesispytest", f"--inventory={inventory}", *arguments]


def selected(patterns: Sequence[str]) -> list[str]:
    return [f"--control={pattern}" for pattern in patterns]


def write_inventory(world: SimulatedWorld, names: Sequence[str], file: str = "inventory.yaml") -> str:
    """An inventory with some of the world's domains."""
    text = (world.directory / "inventory.yaml").read_text(encoding="utf-8")
    dropped = {f"  - {name}" for name in set(world.names) - set(names)}
    kept = [line for line in text.splitlines() if line not in dropped]
    (world.directory / file).write_text("\n".join(kept) + "\n", encoding="utf-8")
    return file


def own_tools() -> list[Tool]:
    def shared(world: SimulatedWorld, names: Sequence[str]) -> list[str]:
        return mailproof(*selected(shared_rules()), inventory=write_inventory(world, names, "some.yaml"))

    def everything(world: SimulatedWorld, names: Sequence[str]) -> list[str]:
        return mailproof(inventory=write_inventory(world, names, "some.yaml"))

    return [
        Tool("mailproof, checkdmarc's rules", shared, lambda delay: 1000, (0, 1)),
        Tool("mailproof, all controls, active", everything, lambda delay: 100, (0, 1)),
    ]


def peer_tools() -> Iterator[Tool]:
    """The peers that are here; the others are named on standard error."""
    for name, make in (("checkdmarc", _checkdmarc), ("trustymail", _trustymail)):
        peer = peers.find(name)
        if peer.missing:
            print(f"{name} is left out: {peer.missing}", file=sys.stderr)
        else:
            yield from make(peer)


def _sample(delay: float) -> int:
    """Domains for a peer that takes them one after the other: at most half a minute's worth."""
    if delay == 0:
        return 50
    return 10 if delay < 0.05 else 3


def _checkdmarc(peer: peers.Peer) -> Iterator[Tool]:
    base = [peer.program, "-n", "127.0.0.1"]

    def serial(world: SimulatedWorld, names: Sequence[str]) -> list[str]:
        return [*base, "-o", "peer.json", "--", *names]

    def parallel(world: SimulatedWorld, names: Sequence[str]) -> list[str]:
        (world.directory / "names").write_text("\n".join(names), encoding="ascii")
        batch = -(-len(names) // PARALLEL)
        return ["xargs", "-a", "names", "-P", str(PARALLEL), "-n", str(batch), *base, "--"]

    name = f"checkdmarc {peer.version}"
    yield Tool(name, serial, _sample)
    yield Tool(f"{name}, {PARALLEL} processes", parallel, lambda delay: min(PARALLEL * _sample(delay), 100))


def _trustymail(peer: peers.Peer) -> Iterator[Tool]:
    options = ["--json", "--dns=127.0.0.1", "--smtp-ports=25", "--smtp-localhost=prober.example", "--output=peer"]

    def serial(world: SimulatedWorld, names: Sequence[str]) -> list[str]:
        peers.public_suffixes(world.directory)
        return [peer.program, *names, *options]

    yield Tool(f"trustymail {peer.version}", serial, _sample)


def run(world: SimulatedWorld, command: Sequence[str], right_exits: Sequence[int] = (0,)) -> measure.Cost:
    """Run a command in the world. Raises RuntimeError with its output if it failed."""
    root = str(world.directory / "ca.pem")
    environment = {"SSL_CERT_FILE": root, "REQUESTS_CA_BUNDLE": root, "PYTHONPATH": str(ROOT)}
    cost = measure.run(world.command(*command), world.directory, timeout=TIMEOUT, environment=environment)
    if cost.exit_code not in right_exits:
        raise RuntimeError(f"{' '.join(command)} ended with {cost.exit_code}:\n{cost.output[-3000:]}")
    return cost


def row(world: SimulatedWorld, tool: Tool, delay: float, *, whole: bool = False) -> Row:
    """Run one tool over the world's domains, or over as many as it is given at most."""
    sample = world.domains if whole else min(world.domains, tool.most(delay))
    # What the world was asked before it answers from memory; the first time it would be measured as well.
    world.delay(0.0)
    run(world, tool.command(world, world.names[:sample]), tool.right_exits)
    world.delay(delay)
    world.count()
    cost = run(world, tool.command(world, world.names[:sample]), tool.right_exits)
    questions, connections = world.count()
    scale = world.domains / sample
    return Row(
        tool=tool.name,
        domains=world.domains,
        delay=delay,
        wall=cost.wall * scale,
        cpu=cost.cpu * scale,
        questions=round(questions * scale),
        connections=round(connections * scale),
        memory=cost.memory,
        sample=sample,
    )


def rows(size: int, delays: Sequence[float], *, whole: float | None = None) -> Iterator[Row]:
    """Every tool on a world of this size at these delays; at the delay ``whole`` nobody is given a sample only.

    A peer that is given the same sample of a larger world is not run again: ``larger`` scales its row.
    """
    tools = [*own_tools(), *peer_tools()]
    with SimulatedWorld(size) as world:
        for delay in delays:
            for tool in tools:
                yield row(world, tool, delay, whole=delay == whole)


def larger(measured: Sequence[Row], size: int, delays: Sequence[float]) -> Iterator[Row]:
    """mailproof on a world of ``size`` domains, and the others' rows of a smaller world scaled up to it."""
    ours = own_tools()[0]
    with SimulatedWorld(size) as world:
        for delay in delays:
            yield row(world, ours, delay)
            for known in measured:
                if known.tool != ours.name and known.delay == delay:
                    yield _scaled(known, size)


def _scaled(known: Row, size: int) -> Row:
    scale = size / known.domains
    return replace(
        known,
        domains=size,
        wall=known.wall * scale,
        cpu=known.cpu * scale,
        questions=round(known.questions * scale),
        connections=round(known.connections * scale),
    )


def tls_rows(delays: Sequence[float]) -> Iterator[Row]:
    """mailproof's TLS controls and sslyze's command line on the same hosts."""
    with SimulatedWorld(TLS_DOMAINS, peers=2 * TLS_DOMAINS) as world:
        text = (world.directory / "inventory.yaml").read_text(encoding="utf-8").replace("active: true\n", "")
        (world.directory / "passive.yaml").write_text(text, encoding="utf-8")
        polite = [line for line in text.splitlines() if not line.startswith("limits:")]
        (world.directory / "polite.yaml").write_text("\n".join(polite) + "\n", encoding="utf-8")
        commands = {
            "mailproof, no pause between connections": mailproof(*selected(TLS_FACTS), inventory="passive.yaml"),
            "mailproof, default manners (0.2 s)": mailproof(*selected(TLS_FACTS), inventory="polite.yaml"),
        }
        peer = peers.find("sslyze")
        if peer.missing:
            print(f"sslyze is left out: {peer.missing}", file=sys.stderr)
        else:
            hosts = [f"{host}:25" for host in world.mail_hosts]
            options = ["--starttls", "smtp", "--certinfo_ca_file", str(world.directory / "ca.pem"), *peers.SSLYZE_FACTS]
            commands[f"sslyze {peer.version}"] = [peer.program, *options, *hosts]
        for delay in delays:
            for name, command in commands.items():
                tool = Tool(name, lambda world, names, c=command: c, lambda delay: TLS_DOMAINS, (0, 1))  # type: ignore[misc]
                yield row(world, tool, delay)


def overhead(domains: int) -> dict[str, float]:
    """Milliseconds per verdict of judging a record, everything included, and of pytest's own trivial items."""
    with SimulatedWorld(domains) as world:
        run(world, mailproof("--record=record.json"), (0, 1))
        start = run(
            world, mailproof("--replay=record.json", "--control=MX-EXISTS", "--target=domain-0.example"), (0, 1)
        )
        judged = run(world, mailproof("--replay=record.json"), (0, 1))
        document = json.loads((world.directory / "reports" / "inventory.json").read_text(encoding="utf-8"))
        verdicts = len(document["results"])
        items = (
            f"import pytest\n\n\n@pytest.mark.parametrize('n', range({verdicts}))\ndef test(n):\n    assert n >= 0\n"
        )
        (world.directory / "test_bare.py").write_text(items, encoding="utf-8")
        bare = run(world, [sys.executable, "-m", "pytest", "-q", "-p", "no:hypothesispytest", "test_bare.py"])
    return {
        "verdicts": verdicts,
        "start_seconds": start.wall,
        "replay_seconds": judged.wall,
        "ms_per_verdict": 1000 * judged.wall / verdicts,
        "ms_per_verdict_without_start": 1000 * (judged.wall - start.wall) / verdicts,
        "ms_per_bare_item": 1000 * bare.wall / verdicts,
    }


def slowest_host(domains: int) -> dict[str, float]:
    """Seconds of a run in which one host greets late, and of a run over that host's domain alone."""
    with SimulatedWorld(domains, peers=2 * domains) as world:
        world.delay(0.02)
        world.greeting(next(iter(world.mail_hosts.values())), GREETING)
        alone = run(world, mailproof(inventory=write_inventory(world, world.names[:1], "one.yaml")), (0, 1))
        together = run(world, mailproof(), (0, 1))
    return {"domains": domains, "greeting": GREETING, "alone": alone.wall, "together": together.wall}


def dns_controls() -> list[str]:
    """The controls that need questions and files alone: none of their probes opens a connection to a mail host."""
    probes = load_probes()

    def connects(name: str) -> bool:
        probe = probes.get(name)
        return probe is not None and (probe.connections != 0 or any(map(connects, (*probe.needs, *probe.looks))))

    return [c.id for c in load_catalogue() if c.observations and not any(map(connects, c.observations))]


def shared_rules() -> list[str]:
    """The controls that answer what checkdmarc checks, and ask no mail host; the policy host of MTA-STS is asked."""
    alone = set(dns_controls())
    theirs = load_coverage().of_peer(CHECKDMARC, load_catalogue())
    return [id for id in theirs if id in alone or id.startswith("STS-")]


def bare_questions(domains: int, delay: float) -> dict[str, float]:
    """Seconds of a run with all DNS controls, of its discovery and survey alone, and of the bare questions it asked.

    Those over TCP are not among the bare ones, and their time is in the others.
    """
    with SimulatedWorld(domains) as world:
        world.delay(delay)
        controls = dns_controls()
        run(world, mailproof(*selected(controls)), (0, 1))
        world.count()
        whole = run(world, mailproof(*selected(controls)), (0, 1))
        questions = world.questions()
        (world.directory / "questions.json").write_text(json.dumps(questions), encoding="utf-8")
        surveyed = run(world, [sys.executable, "-m", "benchmarks.bare_survey", "inventory.yaml", *controls])
        bare = run(world, [sys.executable, "-m", "benchmarks.bare_dns", "questions.json"])
    alone = _last_line(surveyed)
    return {
        "domains": domains,
        "delay": delay,
        "questions": len(questions),
        "whole": whole.wall,
        "survey": alone["discovery"] + alone["survey"],
        "bare": _last_line(bare)["seconds"],
    }


def server_rate() -> float:
    """DNS answers per second that the simulated world gives: it must not be what holds anybody up."""
    with SimulatedWorld(1) as world:
        rate: float = _last_line(run(world, [sys.executable, "-m", "benchmarks.dns_load"]))["rate"]
    return rate


def many(domains: int) -> Row:
    """mailproof alone on very many domains, DNS controls only."""

    def command(world: SimulatedWorld, names: Sequence[str]) -> list[str]:
        return mailproof(*selected(RULES_OF_MANY))

    with SimulatedWorld(domains, hosts=1, signed=False) as world:
        return row(world, Tool("mailproof, MX, SPF, DMARC, TLS-RPT", command, lambda delay: domains, (0, 1)), 0.02)


def _last_line(cost: measure.Cost) -> dict[str, float]:
    last: dict[str, float] = json.loads(cost.output.strip().splitlines()[-1])
    return last


def figures(*, quick: bool, keep: Callable[[str, Any], None]) -> None:
    """Measure everything and hand it over, figure by figure, as plain data."""
    measured: list[Row] = []

    def told(each: Iterator[Row]) -> list[dict[str, Any]]:
        listed = []
        for one in each:
            print(show(one), flush=True)
            listed.append(one)
        measured.extend(listed)
        return [asdict(one) for one in listed]

    few, delays = (20, (0.0, 0.02)) if quick else (100, DELAYS)
    parts: dict[str, Callable[[], Any]] = {
        "server_rate": server_rate,
        "rows of one": lambda: told(rows(1, delays)),
        "rows of few": lambda: told(rows(few, delays, whole=0.02)),
        "tls": lambda: told(tls_rows((0.0,) if quick else (0.0, 0.02))),
        "overhead": lambda: overhead(10 if quick else 100),
        "slowest_host": lambda: slowest_host(2 if quick else 5),
        "bare_questions": lambda: bare_questions(20 if quick else 100, 0.02),
    }
    if not quick:
        parts["rows of many"] = lambda: told(larger([one for one in measured if one.domains == few], 1000, DELAYS))
        parts["many"] = lambda: asdict(many(MANY))
    for name, work in parts.items():
        try:
            keep(name, work())
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            keep(name, {"failed": str(error)[-500:]})


def show(one: Row) -> str:
    """A row for people."""
    scaled = "" if one.sample == one.domains else f"  (scaled from {one.sample})"
    return (
        f"{one.tool:<40} {one.domains:>5} domains {1000 * one.delay:>4.0f} ms: {one.wall:8.2f} s, "
        f"CPU {one.cpu:7.2f} s, "
        f"{one.questions:>6} questions, {one.connections:>6} connections, {one.memory:5.0f} MiB{scaled}"
    )


def main() -> int:
    """Measure, print, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few domains: to see that it works")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if reason := namespace.why_not():
        print(reason, file=sys.stderr)
        return 1
    found: dict[str, Any] = {"quick": options.quick}

    def keep(name: str, figure: Any) -> None:
        found[name] = figure
        print(f"{name}: {json.dumps(figure)}", flush=True)
        if options.json:
            options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")

    figures(quick=options.quick, keep=keep)
    return 0


if __name__ == "__main__":
    sys.exit(main())
