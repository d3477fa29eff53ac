"""Records of drills as `mailproof drill` writes them: of right and wrong services."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mailproof.clock import now
from mailproof.drills import (
    AFTER,
    BEFORE,
    DURING,
    ELSEWHERE,
    POSTMASTER,
    UNKNOWN,
    Asked,
    DrillRecord,
    Sample,
    write_drill,
)

REASON = (
    "a drill takes servers down, and the laboratory is judged while they are up; tests/real/test_drills.py holds one"
)


@dataclass(frozen=True)
class DrillFault:
    """What a drill saw of the service ``target``, and the control that blames it; ``right`` is right."""

    control: str
    target: str
    right: str
    behaviour: str


FAULTS = (
    DrillFault(
        "BACKUPMX-PRIMARY-DOWN",
        "injectable.example (drill)",
        "right.example (drill)",
        "without the primary the backup takes an unknown recipient",
    ),
    DrillFault(
        "VIP-HEALTH",
        "mx.injectable.example (drill)",
        "mx.right.example (drill)",
        "a minute after a server went down every other connection is closed",
    ),
)
_WINDOW = "drill: true, window: {begins: 2026-01-01T00:00Z, ends: 2026-01-01T01:00Z}"


def in_inventory() -> str:
    """The value of `drills`."""
    domains = ", ".join(f"{{domain: {name}.example, {_WINDOW}}}" for name in ("right", "injectable"))
    hosts = ", ".join(
        f"{{host: mx.{name}.example, part: mx.{part}.example, {_WINDOW}}}"
        for name, part in (("right", "injectable"), ("injectable", "right"))
    )
    return f"{{backup_mx: [{domains}], vip: [{hosts}]}}"


def write(directory: Path) -> None:
    """Write the records beside the inventory."""
    for name, code in (("right", 450), ("injectable", 250)):
        server, domain = f"mx2.{name}.example[11.1.0.9]:25", f"{name}.example"
        said = ((POSTMASTER, 250, 250), (UNKNOWN, 550, code), (ELSEWHERE, 554, 554))
        asked = tuple(
            Asked(phase, server, form, f"somebody@{domain}", False, found, "")
            for phase, index in ((BEFORE, 1), (DURING, 2))
            for form, found in ((one[0], int(one[index])) for one in said)
        )
        record = DrillRecord("a1b2", f"backup-mx {domain}", f"mx.{domain}", now(), now(), 60.0, asked=asked)
        write_drill(directory / "drilled" / f"backup-mx-{domain}.json", record)
    for name, failure in (("right", ""), ("injectable", "the server closed the connection")):
        host = f"mx.{name}.example"
        samples = tuple(
            Sample(f"{host}[11.1.0.1]:25", at, phase, host, "ab", failure if phase == DURING and at % 2 else "")
            for phase, begin in ((BEFORE, -6), (DURING, 60), (AFTER, 160))
            for at in map(float, range(begin, begin + 6))
        )
        record = DrillRecord("a1b2", f"vip {host}", "mx.behind.example", now(), now(), 90.0, 30.0, samples=samples)
        write_drill(directory / "drilled" / f"vip-{host}.json", record)
