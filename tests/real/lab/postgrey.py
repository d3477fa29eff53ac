"""postgrey, which Postfix asks whether a stranger has to come back later."""

from __future__ import annotations

from pathlib import Path

from tests.real.faults.relay import POSTGREY, POSTGREY_NAMES_TIME
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program

_OPTIONS = {
    POSTGREY: (),
    # Whoever has been let in five times is known for good otherwise.
    POSTGREY_NAMES_TIME: (
        "--delay=2",
        "--greylist-text=Greylisted, come back in %s seconds",
        "--auto-whitelist-clients=0",
    ),
}
"""By the port: as it is packaged, and in a hurry, with the time in its reply."""


def postgrey(daemons: Daemons, namespace: str, directory: Path) -> None:
    """Start both."""
    directory.mkdir()
    nobody_is_known = directory / "nobody"
    nobody_is_known.touch()
    known = [f"--whitelist-{whom}={nobody_is_known}" for whom in ("clients", "recipients")]
    for port, options in _OPTIONS.items():
        home = directory / str(port)
        home.mkdir()
        places = [f"--inet=127.0.0.1:{port}", f"--dbdir={home}", "--user=root", "--group=root"]
        daemons.start(f"postgrey-{port}", namespace, [program("postgrey"), *places, *known, *options])
