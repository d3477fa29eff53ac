"""Records of drills, and what the inventory may say of drills."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import ValidationError

from mailproof.documents import UnreadableDocument
from mailproof.drills import BEFORE, POSTMASTER, Asked, DrillRecord, Sample, read_drill, write_drill
from mailproof.exercises import Sent
from mailproof.inventory.model import Inventory
from mailproof.net.errors import Malformed
from mailproof.probes.drills import backup_drilled, vip_drilled
from mailproof.targets.drills import DrilledBackup, DrilledVIP

AT = "2026-11-20T02:00:00+00:00"
RECORD = DrillRecord(
    run="a1b2",
    subject="backup-mx example.org",
    part="mx1.example.org[192.0.2.25]:25",
    began_at=AT,
    ended_at=AT,
    seconds_down=61.5,
    within=30.0,
    sent=(Sent("right", "mx2.example.org[192.0.2.26]:25", stage="message", code=250),),
    asked=(Asked(BEFORE, "mx2.example.org[192.0.2.26]:25", POSTMASTER, "postmaster@example.org", True, 250, "Ok"),),
    samples=(Sample("mail.example.org[192.0.2.30]:25", -1.5, BEFORE, "mail.example.org", "ab"),),
)
WINDOW = {"begins": "2027-03-31T02:00Z", "ends": "2027-03-31T05:00+02:00"}


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "drilled" / "drill.json"
    write_drill(file, RECORD)
    assert read_drill(file) == RECORD
    assert file.stat().st_mode & 0o077 == 0


def test_what_is_no_record_is_told(tmp_path: Path) -> None:
    file = tmp_path / "drill.json"
    with pytest.raises(UnreadableDocument, match="`mailproof drill` writes one"):
        read_drill(file)
    write_drill(file, RECORD)
    file.write_text(file.read_text().replace("61.5", '"long"'))
    with pytest.raises(UnreadableDocument, match="damaged: seconds_down"):
        read_drill(file)


T = TypeVar("T")


def _seen(probe: Awaitable[T]) -> T:
    async def look() -> T:
        return await probe

    return asyncio.run(look())


def test_a_record_about_something_else_is_not_judged(tmp_path: Path) -> None:
    file = tmp_path / "drill.json"
    backup = DrilledBackup("example.org", str(file), "drill.json")
    assert _seen(backup_drilled(backup)).drill is None
    write_drill(file, RECORD)
    assert _seen(backup_drilled(backup)).drill == RECORD
    told = r"drill\.json is the record of backup-mx example\.org"
    with pytest.raises(Malformed, match=told):
        _seen(backup_drilled(replace(backup, domain="example.net")))
    with pytest.raises(Malformed, match=told):
        _seen(vip_drilled(DrilledVIP("example.org", str(file), "drill.json")))


def _inventory(**drills: Any) -> Inventory:
    hosts = [{"name": "mail.example.org", "behind": ["node.example.org"]}]
    return Inventory.model_validate({"domains": [{"name": "example.org"}], "hosts": hosts, "drills": drills})


def test_a_window_is_in_any_zone() -> None:
    drill = _inventory(backup_mx=[{"domain": "example.org", "window": WINDOW}]).drills.backup_mx[0]
    assert drill.window is not None
    assert (drill.window.ends - drill.window.begins).total_seconds() == 3600


VIP = {"host": "mail.example.org", "part": "node.example.org"}


@pytest.mark.parametrize(
    ("drills", "says"),
    [
        ({"backup_mx": [{"domain": "example.net"}]}, "example.net is none of the `domains`"),
        ({"vip": [VIP | {"part": "node.example.net"}]}, "node.example.net is none of the `hosts`"),
        ({"vip": [VIP | {"down": ["true"]}]}, "down and up belong together"),
        ({"vip": [VIP, VIP]}, "mail.example.org is listed twice"),
        ({"vip": [VIP | {"window": WINDOW | {"begins": "2027-03-31T02:00"}}]}, "not a moment with its zone"),
        ({"vip": [VIP | {"window": WINDOW | {"begins": "tonight"}}]}, "tonight is not a moment"),
        ({"vip": [VIP | {"window": WINDOW | {"ends": "2027-03-31T02:00Z"}}]}, "when or before it begins"),
    ],
    ids=["another's domain", "another's host", "not undone", "twice", "no zone", "no moment", "no length"],
)
def test_what_makes_no_drill_is_told(drills: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        _inventory(**drills)
