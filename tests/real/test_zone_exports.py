"""Zones as real servers hand them out: PowerDNS's listing, Knot's backup, and a signed transfer from Knot."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import dns.zone
import pytest

from mailproof.cli import main
from mailproof.inventory.zone_sources import ZoneSource, zone_source
from mailproof.net.dns.zone_files import load_zone, parse_zone
from mailproof.zone_sources.source import SourceError, SourceZone
from mailproof.zone_sources.transfer import transfer
from tests.ports import free_port
from tests.real.lab.namespaces import LabError
from tests.real.lab.requirements import POWERDNS_SCHEMA, program

ZONE = """$ORIGIN example.org.
$TTL 3600
@ IN SOA ns1 hostmaster 1 14400 3600 1209600 3600
@ NS ns1
@ MX 10 mx
@ TXT "v=spf1 mx -all"
@ CAA 0 issue "ca.example; policy=ev"
long TXT "a;b" "c\\"d"
* CNAME mx
mx A 192.0.2.25
_25._tcp.mx TLSA 3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
ns1 A 192.0.2.53
"""
KEY = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IQ=="


def found(name: str) -> str:
    try:
        return program(name)
    except LabError as error:
        (pytest.fail if os.environ.get("MAILPROOF_REQUIRE_LAB") else pytest.skip)(str(error))


def records(zone: dns.zone.Zone) -> set[str]:
    """All records of a zone as text."""
    return {line for line in zone.to_text(sorted=True, relativize=False).splitlines() if line}


def test_what_pdnsutil_lists_is_a_master_file(tmp_path: Path) -> None:
    pdnsutil = found("pdnsutil")
    with contextlib.closing(sqlite3.connect(tmp_path / "zones.sqlite3")) as database:
        database.executescript(POWERDNS_SCHEMA.read_text())
    (tmp_path / "pdns.conf").write_text(f"launch=gsqlite3\ngsqlite3-database={tmp_path}/zones.sqlite3\n")
    (tmp_path / "example.org").write_text(ZONE)
    command = [pdnsutil, f"--config-dir={tmp_path}"]
    load = [*command, "load-zone", "example.org", str(tmp_path / "example.org")]
    subprocess.run(load, check=True, capture_output=True, timeout=20)
    listing = subprocess.run(
        [*command, "list-zone", "example.org"], check=True, capture_output=True, text=True, timeout=20
    )
    (tmp_path / "listed").write_text(listing.stdout)
    assert records(load_zone("example.org", tmp_path / "listed")) == records(parse_zone("example.org", ZONE))


@contextlib.contextmanager
def knot(directory: Path) -> Iterator[int]:
    """A Knot of ours that serves the zone on loopback; gives its port."""
    port = free_port()
    (directory / "example.org.zone").write_text(ZONE)
    (directory / "knot.conf").write_text(
        f"server:\n  rundir: {directory}\n  listen: 127.0.0.1@{port}\n"
        f"database:\n  storage: {directory}\n"
        f"key:\n- id: mover\n  algorithm: hmac-sha256\n  secret: {KEY}\n"
        "acl:\n- id: moving\n  key: mover\n  action: transfer\n"
        f"zone:\n- domain: example.org\n  storage: {directory}\n  acl: moving\n"
        f"control:\n  listen: {directory}/knot.sock\n"
    )
    process = subprocess.Popen([found("knotd"), "-c", str(directory / "knot.conf")], stdout=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(20)


def once_listening(source: ZoneSource) -> SourceZone:
    for _ in range(100):
        try:
            return transfer(source)
        except SourceError:
            time.sleep(0.1)
    return transfer(source)


def test_a_zone_of_knot_is_transferred_with_its_key_and_backed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = records(parse_zone("example.org", ZONE))
    with knot(tmp_path) as port:
        source = f"axfr://127.0.0.1:{port}/example.org"
        signed = zone_source(f"{source}?key=hmac-sha256:mover:{KEY}")
        zone = once_listening(signed)
        assert records(parse_zone("example.org", "\n".join(zone.lines) + "\n")) == wanted
        for other in (source, f"{source}?key=mover:b3RoZXIgb3RoZXIgb3RoZXI="):
            with pytest.raises(SourceError, match=r"REFUSED|NOTAUTH|TSIG|[Pp]eer"):
                transfer(zone_source(other))
        monkeypatch.setenv("TSIG", KEY)
        hidden = f"{source}?key=hmac-sha256:mover:${{secret:TSIG}}"
        assert main(["zones", hidden, "-o", str(tmp_path / "moved")]) == 0
        assert main(["zones", hidden.replace("mover", "nobody"), "-o", str(tmp_path / "moved")]) == 4
        told = capsys.readouterr()
        assert KEY not in told.out + told.err
        assert records(load_zone("example.org", tmp_path / "moved" / "example.org.zone")) == wanted
        backup = tmp_path / "backup"
        knotc = [found("knotc"), "-s", str(tmp_path / "knot.sock"), "-b"]
        backed = [*knotc, "zone-backup", "+backupdir", str(backup), "example.org"]
        subprocess.run(backed, check=True, capture_output=True, timeout=20)
    assert records(load_zone("example.org", backup / "zonefiles" / "example.org.zone")) == wanted
