"""postfix-mta-sts-resolver, which tells Postfix what the MTA-STS policies of its recipients demand."""

from __future__ import annotations

from pathlib import Path

from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program

_CONFIGURATION = """\
host: 127.0.0.1
port: 8461
cache:
  type: internal
default_zone:
  timeout: 4
"""


def sts_daemon(daemons: Daemons, namespace: str, directory: Path, ca_file: Path) -> None:
    """Start it. It believes the certificates of policy hosts that ``ca_file`` vouches for."""
    directory.mkdir()
    file = directory / "mta-sts-daemon.yml"
    file.write_text(_CONFIGURATION)
    daemons.start(
        "mta-sts-daemon", namespace, [program("mta-sts-daemon"), "-c", str(file)], {"SSL_CERT_FILE": str(ca_file)}
    )
