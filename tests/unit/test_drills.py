"""Records of drills, and what the inventory may say of drills."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from pydantic import ValidationError

from mailproof.documents import UnreadableDocument
from mailproof.drilling.parts import CannotDrill, Door, NotBroughtBack, Part
from mailproof.drilling.running import _ended_by
from mailproof.drills import BEFORE, POSTMASTER, Asked, DrillRecord, Sample, read_drill, write_drill
from mailproof.exercises import Sent
from mailproof.inventory.model import Inventory
from mailproof.net import loop
from mailproof.net.errors import Malformed
from mailproof.net.settings import NetSettings
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


def test_a_record_from_before_it_told_what_did_not_come_back_is_read(tmp_path: Path) -> None:
    file = tmp_path / "drill.json"
    write_drill(file, replace(RECORD, not_back=""))
    document = json.loads(file.read_text())
    del document["not_back"]
    file.write_text(json.dumps(document))
    assert read_drill(file) == RECORD


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


def _looked(replies: list[bytes], look: Callable[[Part], Awaitable[T]]) -> T:
    """What ``look`` returns for a part at a port where each connection gets the next reply, the last one for ever."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(replies.pop(0) if len(replies) > 1 else replies[0])
        await writer.drain()
        writer.close()

    async def whole() -> T:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        inventory = Inventory.model_validate(
            {"domains": ["example.org"], "connect": {"192.0.2.1:25": f"127.0.0.1:{port}"}}
        )
        async with server:
            part = Part((Door("part.example.org", "192.0.2.1", 25),), inventory.net_settings(), (), (), lambda _: None)
            return await look(part)

    return asyncio.run(whole())


@pytest.mark.parametrize("greeting", [b"421 too many connections\r\n", b"554 not you\r\n", b"220 hello\r\n", b"?\r\n"])
def test_whoever_says_anything_is_not_down(greeting: bytes) -> None:
    with pytest.raises(CannotDrill, match="still answers"):
        _looked([greeting], lambda part: part.until_down(0.1))


def test_who_says_nothing_is_down() -> None:
    assert _looked([b""], lambda part: part.until_down(0.1))


def test_a_door_is_given_up_after_two_looks() -> None:
    _looked([b"", b"220 hello\r\n"], lambda part: part.keep_to_what_answers())
    with pytest.raises(CannotDrill, match="does not answer before the drill"):
        _looked([b""], lambda part: part.keep_to_what_answers())


def test_the_part_is_brought_back_before_anything_is_said(tmp_path: Path) -> None:
    def say(_line: str) -> None:
        raise BrokenPipeError

    file = tmp_path / "up"
    up = (sys.executable, "-c", "import sys; open(sys.argv[1], 'x')", str(file))
    part = Part((), NetSettings(), ("true",), up, say)
    with pytest.raises(BrokenPipeError):
        part.bring_back()
    assert file.exists()
    with pytest.raises(NotBroughtBack):
        Part((), NetSettings(), ("true",), (str(tmp_path / "none"),), say).bring_back()


def test_a_second_signal_ends_nothing_more() -> None:
    wrong: list[dict[str, Any]] = []

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: wrong.append(context))
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.sleep(5)
        finally:
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.05)

    with pytest.raises(CannotDrill, match="ended: SIGTERM"):
        asyncio.run(_ended_by(None, 60, work()))
    assert not wrong


class _AwayFile:
    """A stop file whose file system is away at first."""

    looks = 0

    def exists(self) -> bool:
        self.looks += 1
        if self.looks < 3:
            raise OSError(errno.ESTALE, "stale file handle")
        return True


def test_a_stop_file_that_cannot_be_looked_for_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "STOP_PAUSE", 0.01)

    async def work() -> None:
        async with asyncio.timeout(5) as until:
            with loop.stopped_by(cast(Path, _AwayFile()), until):
                await asyncio.sleep(2)
                pytest.fail("it was not stopped")

    with pytest.raises(TimeoutError):
        asyncio.run(work())


def test_a_look_for_the_stop_file_moves_nothing_that_has_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(loop, "STOP_PAUSE", 0.01)
    wrong: list[dict[str, Any]] = []
    file = tmp_path / "stop"

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: wrong.append(context))
        async with asyncio.timeout(0.02) as until:
            with loop.stopped_by(file, until):
                try:
                    await asyncio.sleep(2)
                finally:
                    file.touch()
                    await asyncio.sleep(0.05)

    with pytest.raises(TimeoutError):
        asyncio.run(work())
    assert not wrong
