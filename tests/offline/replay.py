"""A record judged by the engine of fleets, which judges without pytest's items.

    python -m tests.offline.replay INVENTORY RECORD

Prints its verdicts as JSON: control, target, verdict, level and what was observed of each.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from mailproof.clock import now
from mailproof.fleet.plan import Plan, Settings, read_judged
from mailproof.fleet.shard import ShardRun
from mailproof.gate.document import Result
from mailproof.gate.verdict import Verdict
from mailproof.inventory.load import load_names
from mailproof.probes import load_probes
from mailproof.record import read_record


def replayed(inventory: Path, record: Path) -> tuple[ShardRun, list[Result]]:
    """All results, proofs too, and the run that made them."""
    names = load_names(inventory)
    plan = Plan(
        inventory=inventory,
        digest=names.digest,
        settings=Settings(),
        domains=len(names.names),
        sizes=(len(names.names),),
        started_at=now(),
        today=datetime.now(UTC).date(),
    )
    judged = read_judged(plan.inventory, plan.settings, names.explicit, plan.today)
    run = ShardRun(plan, None, judged, proven=frozenset(Verdict))
    return run, list(run.replayed(read_record(record, load_probes())))


if __name__ == "__main__":
    _, results = replayed(*(Path(argument).resolve() for argument in sys.argv[1:]))
    json.dump([[r.control, r.target, r.verdict, r.level, r.observed] for r in results], sys.stdout)
