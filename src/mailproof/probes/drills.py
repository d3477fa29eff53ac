"""Reads the records of drills. Only `mailproof drill` watches them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mailproof.clock import now
from mailproof.documents import UnreadableDocument
from mailproof.drills import DrillRecord, read_drill
from mailproof.net.errors import Malformed
from mailproof.observations.drills import BackupDrilled, VIPDrilled
from mailproof.probes.probe import probe
from mailproof.targets.drills import DrilledBackup, DrilledVIP


@probe()
async def backup_drilled(drilled: DrilledBackup) -> BackupDrilled:
    """The record, if there is one. Raises Malformed for one that cannot be read, or that is about something else."""
    return BackupDrilled(drilled.name, await _record(drilled), now())


@probe()
async def vip_drilled(drilled: DrilledVIP) -> VIPDrilled:
    """The record, if there is one. Raises Malformed for one that cannot be read, or that is about something else."""
    return VIPDrilled(drilled.name, await _record(drilled), now())


async def _record(drilled: DrilledBackup | DrilledVIP) -> DrillRecord | None:
    file = Path(drilled.record)
    if not await asyncio.to_thread(file.exists):
        return None
    try:
        found = await asyncio.to_thread(read_drill, file)
    except UnreadableDocument as error:
        raise Malformed(str(error).replace(drilled.record, drilled.name)) from None
    if found.subject != drilled.subject:
        raise Malformed(f"{drilled.name} is the record of {found.subject}")
    return found
