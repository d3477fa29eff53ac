"""All benchmarks in one go, written into docs/performance.md: ``python -m benchmarks [--quick]`` (``make bench``)."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import cost, namespace, peers, performance, verdicts
from tests.real.lab import LabError

FIGURES = Path("reports/bench.json")
"""All that was measured so far, for a run that ends before its page is written."""


def main() -> int:
    """Make what peers need, measure, compare, write the page. A quick run prints it and leaves the page alone."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="few domains, no testssl.sh, nothing written: some minutes"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if reason := namespace.why_not():
        print(reason, file=sys.stderr)
        return 1
    for peer in peers.prepare():
        print(f"{peer.name:<15} {peer.version or peer.missing}", flush=True)
    found: dict[str, Any] = {"quick": options.quick}

    def keep(name: str, figure: Any) -> None:
        found[name] = figure
        FIGURES.parent.mkdir(exist_ok=True)
        FIGURES.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        if name != "verdicts":
            print(f"{name}: {json.dumps(figure)}", flush=True)

    try:
        keep("verdicts", verdicts.figures(["testssl.sh"] if options.quick else []))
    except (LabError, RuntimeError, subprocess.TimeoutExpired) as error:
        print(f"no verdicts: {error}", file=sys.stderr)
    cost.figures(quick=options.quick, keep=keep)
    text = performance.figures(found, found.get("verdicts", {}), datetime.now(UTC))
    if options.quick:
        print(text)
    else:
        performance.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
