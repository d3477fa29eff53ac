"""Writes the figures of the benchmarks into docs/performance.md, between its markers.

python -m benchmarks.performance COST.json VERDICTS.json
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.opinions import Said

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
BEGIN = "<!-- figures: written by benchmarks/performance.py -->"
END = "<!-- end of figures -->"

Figures = dict[str, Any]


def machine(page_date: datetime) -> str:
    """The machine and the day, in one sentence."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[2]
    return (
        f"Measured on {page_date:%Y-%m-%d} with Python {platform.python_version()} on {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB; load average over the last quarter of an "
        f"hour {load:.1f}."
    )


def figures(cost: Figures, verdicts: Figures, when: datetime) -> str:
    """Everything between the markers, in Markdown."""
    parts = [machine(when)]
    if cost.get("quick"):
        parts.append("**A quick run: few domains. The figures say that it works, and little else.**")
    parts += [*_aims(cost), *_costs(cost), *_verdicts(verdicts)]
    return "\n\n".join(parts)


def write(text: str, page: Path = PAGE) -> None:
    """Put ``text`` between the markers of the page. Raises ValueError if it has none."""
    old = page.read_text(encoding="utf-8")
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page}: the markers {BEGIN} and {END} are missing")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---"] * len(head)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))


def _aims(cost: Figures) -> list[str]:
    rows = [aim for aim in (_field(cost), _sslyze(cost), *_suite(cost), _memory(cost)) if aim]
    return ["## The aims", _table(("aim", "measured", "reached"), rows)] if rows else []


def _mark(reached: bool) -> str:
    return "yes" if reached else "**no**"


def _field(cost: Figures) -> tuple[str, ...]:
    rows = {row["tool"]: row for row in _listed(cost, "rows of few") if row["delay"] == 0.02}
    ours = rows.get("mailproof, checkdmarc's rules")
    peers = [row for tool, row in rows.items() if tool.startswith("checkdmarc")]
    if not ours or not peers:
        return ()
    ratios = [f"{row['wall'] / ours['wall']:.1f} times faster than {row['tool']}" for row in peers]
    told = f"{ours['wall']:.1f} s for {ours['domains']} domains at 20 ms: {', '.join(ratios)}"
    aim = "20 times faster than checkdmarc on the same DNS rules, 100 domains at 20 ms"
    return aim, told, _mark(peers[0]["wall"] >= 20 * ours["wall"])


def _sslyze(cost: Figures) -> tuple[str, ...]:
    rows = _listed(cost, "tls")
    ours = [row for row in rows if row["tool"].startswith("mailproof")]
    peer = {row["delay"]: row for row in rows if row["tool"].startswith("sslyze")}
    compared = [(row, peer[row["delay"]]) for row in ours if row["delay"] in peer]
    if not compared:
        return ()
    told = "; ".join(
        f"{1000 * row['delay']:.0f} ms, {row['tool'].partition(', ')[2]}: {row['wall']:.1f} s and "
        f"{row['connections']} connections against {other['wall']:.1f} s and {other['connections']}"
        for row, other in compared
    )
    reached = all(row["wall"] <= other["wall"] and row["connections"] < other["connections"] for row, other in compared)
    return "no slower than sslyze's command line on the same TLS facts, with fewer connections", told, _mark(reached)


def _suite(cost: Figures) -> Iterable[tuple[str, ...]]:
    overhead, slowest, bare = (_measured(cost, name) for name in ("overhead", "slowest_host", "bare_questions"))
    if overhead:
        told = (
            f"{overhead['ms_per_verdict']:.2f} ms with everything ({overhead['verdicts']:.0f} verdicts in "
            f"{overhead['replay_seconds']:.1f} s, {overhead['start_seconds']:.1f} s of them start-up), "
            f"{overhead['ms_per_verdict_without_start']:.2f} ms without the start-up; a trivial item of pytest's own: "
            f"{overhead['ms_per_bare_item']:.2f} ms"
        )
        yield "at most 1 ms per verdict", told, _mark(overhead["ms_per_verdict"] <= 1)
    if slowest:
        ratio = slowest["together"] / slowest["alone"]
        told = (
            f"{slowest['together']:.1f} s for {slowest['domains']} domains, one host of which greets after "
            f"{slowest['greeting']:.0f} s, against {slowest['alone']:.1f} s for that host's domain alone: "
            f"{ratio:.2f} times"
        )
        yield "few hosts: within 1.5 times of the slowest one", told, _mark(ratio <= 1.5)
    if bare:
        told = (
            f"{bare['questions']:.0f} questions for {bare['domains']} domains at 20 ms: {bare['bare']:.1f} s bare, "
            f"{bare['survey']:.1f} s as discovery and survey ({bare['survey'] / bare['bare']:.2f} times), "
            f"{bare['whole']:.1f} s as a whole run with start-up, judging and reports "
            f"({bare['whole'] / bare['bare']:.2f} times)"
        )
        yield (
            "many domains: within 1.5 times of the bare DNS questions",
            told,
            _mark(bare["whole"] <= 1.5 * bare["bare"]),
        )


def _memory(cost: Figures) -> tuple[str, ...]:
    many = _measured(cost, "many")
    if not many:
        return ()
    told = f"{many['memory']:.0f} MiB, {many['wall']:.0f} s, {many['questions']} questions (DNS controls only)"
    return "10,000 domains in 2 GiB", told, _mark(many["memory"] <= 2048)


def _costs(cost: Figures) -> list[str]:
    head = ("tool", "domains", "round trip", "wall", "CPU", "DNS questions", "connections", "memory", "measured on")
    parts = []
    if "server_rate" in cost and isinstance(cost["server_rate"], float):
        parts.append(f"The simulated world answers {cost['server_rate']:,.0f} questions per second to a bare client.")
    dns = [row for name in ("rows of one", "rows of few", "rows of many") for row in _listed(cost, name)]
    if dns:
        parts += ["## Domains", _table(head, map(_cells, dns))]
    if tls := _listed(cost, "tls"):
        parts += ["## TLS", f"{2 * tls[0]['domains']} mail hosts.", _table(head, map(_cells, tls))]
    failed = [
        f"`{name}` could not be measured: {_failure(figure)}" for name, figure in cost.items() if _failure(figure)
    ]
    return [*parts, *failed]


def _cells(row: Figures) -> tuple[str, ...]:
    scaled = row["sample"] != row["domains"]
    about = "about " if scaled else ""
    return (
        row["tool"],
        f"{row['domains']:,}",
        f"{1000 * row['delay']:.0f} ms",
        f"{about}{row['wall']:,.1f} s",
        f"{about}{row['cpu']:,.1f} s",
        f"{about}{row['questions']:,}",
        f"{about}{row['connections']:,}",
        f"{row['memory']:.0f} MiB",
        f"{row['sample']}, scaled" if scaled else "all",
    )


def _verdicts(verdicts: Figures) -> list[str]:
    if not verdicts:
        return []
    tools = ["mailproof", *verdicts["peers"]]
    signs = {Said.FINDING: "finding", Said.NOTHING: "-", Said.NOT_LOOKED_AT: "", Said.CANNOT_TELL: "?"}
    signs |= {Said.NO_ANSWER: "no answer", Said.NOT_ASKED: "not asked"}
    lines = [
        (
            line["aspect"],
            line["domain"],
            line["fault"] or "none",
            *(signs[Said(line["said"].get(t, Said.NOT_ASKED))] for t in tools),
        )
        for line in verdicts["lines"]
        if set(line["said"].values()) - {Said.NOT_LOOKED_AT}
    ]
    names = [f"{name} {version}" for name, version in verdicts["peers"].items()]
    told = [
        (d["aspect"], d["domain"], d["peer"], d["peer_said"], d["own_said"], d["right"], d["why"])
        for d in verdicts["differences"]
    ]
    unexplained = sum(d["right"] == "unexplained" for d in verdicts["differences"])
    return [
        "## Verdicts on the same servers",
        "`-` is no finding, `?` says itself that it cannot tell, `no answer` was asked in vain, `not asked` was left "
        "out, an empty cell does not look at it.",
        _table(("aspect", "domain", "fault", "mailproof", *names), lines),
        "### Where a peer and mailproof differ",
        f"{len(told)} differences, {unexplained} of them unexplained.",
        _table(("aspect", "domain", "peer", "the peer says", "mailproof says", "right", "why"), told),
    ]


def _listed(cost: Figures, name: str) -> list[Figures]:
    found = cost.get(name)
    return found if isinstance(found, list) else []


def _measured(cost: Figures, name: str) -> Figures:
    found = cost.get(name)
    return found if isinstance(found, dict) and "failed" not in found else {}


def _failure(figure: Any) -> str:
    return str(figure["failed"]).strip().splitlines()[-1] if isinstance(figure, dict) and "failed" in figure else ""


def main() -> None:
    """Read both files and write the page."""
    cost, verdicts = (json.loads(Path(file).read_text(encoding="utf-8")) for file in sys.argv[1:3])
    write(figures(cost, verdicts, datetime.now(UTC)))


if __name__ == "__main__":
    main()
