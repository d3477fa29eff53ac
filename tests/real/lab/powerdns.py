"""PowerDNS, which keeps zones in a database and can sign them while it answers."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import run

from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import POWERDNS_SCHEMA, program

SECONDS = 30.0


@dataclass(frozen=True)
class PowerDNSZone:
    """A zone of PowerDNS: signed by somebody else, not at all, or by PowerDNS with ``keys`` (in BIND's format)."""

    text: str
    keys: tuple[str, ...] = ()
    nsec3: tuple[str, ...] = ()
    """What ``pdnsutil set-nsec3`` is given; empty: NSEC."""


def powerdns(
    daemons: Daemons, namespace: str, directory: Path, addresses: Iterable[str], zones: Mapping[str, PowerDNSZone]
) -> None:
    """Start one PowerDNS that serves ``zones`` (by origin) on ``addresses``."""
    directory.mkdir()
    with contextlib.closing(sqlite3.connect(directory / "zones.sqlite3")) as database:
        database.executescript(POWERDNS_SCHEMA.read_text())
    config = (
        "launch=gsqlite3",
        f"gsqlite3-database={directory}/zones.sqlite3",
        "gsqlite3-dnssec=yes",
        f"local-address={', '.join(addresses)}",
        f"socket-dir={directory}",
        "daemon=no",
        "guardian=no",
        "setuid=",
        "setgid=",
        "disable-axfr=yes",
        "security-poll-suffix=",
        "version-string=anonymous",
        "",
    )
    (directory / "pdns.conf").write_text("\n".join(config))
    for number, (origin, zone) in enumerate(zones.items()):
        _load(directory, number, origin, zone)
    daemons.start(directory.name, namespace, [program("pdns_server"), f"--config-dir={directory}"])


def _load(directory: Path, number: int, origin: str, zone: PowerDNSZone) -> None:
    file = directory / f"{number}.zone"
    file.write_text(zone.text)
    _pdnsutil(directory, "load-zone", origin, str(file))
    for index, text in enumerate(zone.keys):
        key = directory / f"{number}-{index}.private"
        key.write_text(text)
        _pdnsutil(directory, "import-zone-key", origin, str(key), "ksk")
    if zone.nsec3:
        _pdnsutil(directory, "set-nsec3", origin, *zone.nsec3)
    signed_already = not zone.keys and " RRSIG " in zone.text
    if signed_already:
        # It puts the names of a zone in order only while that has a key.
        _pdnsutil(directory, "add-zone-key", origin, "zsk", "active", "ecdsa256")
    _pdnsutil(directory, "rectify-zone", origin)
    if signed_already:
        _pdnsutil(directory, "remove-zone-key", origin, "1")
        _pdnsutil(directory, "set-presigned", origin)


def _pdnsutil(directory: Path, *arguments: str) -> None:
    command = [program("pdnsutil"), f"--config-dir={directory}", *arguments]
    run(command, check=True, capture_output=True, timeout=SECONDS)
