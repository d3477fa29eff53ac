"""Logs as they lie on disk: rotated, packed, damaged."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest

from mailproof.net.errors import Malformed, NotAvailable
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.logs import LogsSeen
from mailproof.probes.logs import log_counts
from mailproof.targets.logs import MailLogs

LINE = b"2026-11-25 10:00:00 1abc-01-AB <= a@b H=[192.0.2.1] P=esmtps X=TLS1.0:S:256\n"


async def _counted(*files: Path) -> LogsSeen:
    return await log_counts(MailLogs("logs", tuple(map(str, files))), Network(NetSettings()))


def counted(*files: Path) -> LogsSeen:
    return asyncio.run(_counted(*files))


def test_what_is_rotated_and_packed_is_one_log(tmp_path: Path) -> None:
    (tmp_path / "mainlog").write_bytes(LINE * 2)
    (tmp_path / "mainlog.1.gz").write_bytes(gzip.compress(LINE * 3) + gzip.compress(LINE))
    found = counted(tmp_path / "mainlog", tmp_path / "mainlog.1.gz")
    assert (found.files, found.lines, found.sessions) == (2, 6, (("TLSv1.0", 6),))
    assert [str(client) for client in found.old] == ["192.0.2.1: 6 x TLSv1.0"]


@pytest.mark.parametrize("damage", [gzip.compress(LINE)[:-9], b"\x1f\x8b" + bytes(40)])
def test_damaged_gzip_is_told(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "mainlog.gz").write_bytes(damage)
    with pytest.raises(Malformed, match=r"mainlog\.gz: its gzip cannot be read"):
        counted(tmp_path / "mainlog.gz")


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="cannot be read"):
        counted(tmp_path / "gone")
    with pytest.raises(NotAvailable):
        counted(Path("/dev/zero"))
