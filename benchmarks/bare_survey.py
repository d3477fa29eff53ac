"""Discovery and survey alone: what a run costs before pytest judges anything.

    python -m benchmarks.bare_survey INVENTORY CONTROL...

CONTROL are patterns as of ``--control``. Prints JSON: seconds of both, and how many observations were made.
"""

from __future__ import annotations

import json
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path

from mailproof.controls import load_catalogue
from mailproof.expedition import Expedition
from mailproof.inventory.load import load_inventory
from mailproof.probes import load_probes
from mailproof.targets.base import Target


def survey(inventory: Path, patterns: list[str]) -> dict[str, float]:
    """Observe everything that the selected controls of the catalogue ask for."""
    loaded, probes = load_inventory(inventory), load_probes()
    names = {
        name
        for control in load_catalogue()
        if any(fnmatchcase(control.id, pattern) for pattern in patterns)
        for name in control.observations
        if name in probes
    }
    with Expedition(loaded, probes, loaded.model.net_settings()) as expedition:
        started = time.perf_counter()
        targets = expedition.discover()
        discovered = time.perf_counter()
        wanted: list[tuple[str, Target]] = [(n, t) for n in sorted(names) for t in targets.of(probes[n].target)]
        record = expedition.survey(wanted)
        ended = time.perf_counter()
    return {
        "discovery": discovered - started,
        "survey": ended - discovered,
        "observations": len(record.outcomes),
        "questions": sum(record.questions.values()),
    }


if __name__ == "__main__":
    print(json.dumps(survey(Path(sys.argv[1]), sys.argv[2:])))
