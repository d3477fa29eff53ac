"""A server that greylists for real: who may not wait for it learns at the next run what it says."""

from __future__ import annotations

import time
from pathlib import Path

from tests.real import inventory
from tests.real.lab import Lab
from tests.real.suite import Run, inside

NAME = "right-postgrey"
SENDER = "next-run@client.test"
"""Another one than that of all other tests: postgrey knows those."""


def _said(run: Run) -> tuple[str, str]:
    """Verdict and what was observed."""
    assert run.verdicts, run.output
    ((verdict, _, observed),) = run.verdicts.values()
    return verdict, observed


def test_the_next_run_is_known(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    inventory.write(file, lab.ca_file, {NAME})
    text = file.read_text()
    assert "sender: postmaster@client.test" in text
    text = text.replace("sender: postmaster@client.test", f"sender: {SENDER}")
    file.write_text(text.replace("connect: 3.0", "connect: 3.0, deferral: 0.0"))

    first = inside(lab, tmp_path, "first", "--control=SMTP-ABUSE")
    came = time.monotonic()
    verdict, observed = _said(first)
    assert verdict == "inconclusive"
    assert "Greylisted, come back in 2 seconds" in observed

    time.sleep(max(0.0, came + 2.0 - time.monotonic()))
    assert _said(inside(lab, tmp_path, "next", "--control=SMTP-ABUSE"))[0] == "pass"
