"""`mailproof drill` is held with consent and within its window alone, and brings back what it took down."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import pytest

from mailproof.cli import main
from mailproof.drilling import parts
from mailproof.drills import AFTER, BEFORE, DURING, ELSEWHERE, POSTMASTER, UNKNOWN, DrillRecord, read_drill
from mailproof.exercises import INBOX, Arrival
from tests.offline.careless_receiver import Receiver, receiving

INVENTORY = """
domains: [example.org]
contact: postmaster@example.org
active: {active}
hosts: [{{name: mail.example.org, addresses: [11.0.0.2]}}, {{name: part.example.org, addresses: [11.0.0.1]}}]
own_mailboxes: [{{address: probe@example.org, exercise: true, maildir: backup}}]
drills:
  backup_mx: [{{domain: example.org, wait: {wait}, {consent}}}]
  vip: [{{host: mail.example.org, part: part.example.org, within: 0.2, every: 0.05, wait: {wait}, {consent}}}]
zone_files: {{example.org: example.org.zone}}
limits: {{pause: 0, retry_pause: 0.01, connect: 2, greeting: 2}}
connect: {{"11.0.0.1:25": "127.0.0.1:{part}", "11.0.0.2:25": "127.0.0.1:{backup}"}}
"""
ZONE = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n@ MX 10 mx1\n@ MX 20 mx2\nmx1 A 11.0.0.1\nmx2 A 11.0.0.2\n"


def _window(begins: float = -1, ends: float = 1) -> str:
    """From and until so many hours after now."""
    present = datetime.now(UTC)
    times = (f"{present + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (begins, ends))
    return "drill: true, window: {{begins: {}, ends: {}}}".format(*times)


class _Part:
    """The part, which a file takes down; the commands of the drill make and remove it."""

    def __init__(self, directory: Path, receiver: Receiver) -> None:
        self.file = directory / "down"
        self.down = f"{sys.executable} -c 'import sys; open(sys.argv[1], \"x\")' {self.file}"
        self.up = f"{sys.executable} -c 'import os, sys; os.remove(sys.argv[1])' {self.file}"
        receiver.most = 1_000_000
        receiver.is_down = self.file.exists
        self.receiver = receiver


class _World:
    def __init__(self, directory: Path, part: _Part, backup: Receiver) -> None:
        self.directory = directory
        self.part = part
        self.backup = backup
        self.file = directory / "own.yaml"

    def drill(
        self, kind: str, *arguments: str, consent: str | None = None, wait: float = 20, active: str = "true"
    ) -> int:
        ports = {"part": self.part.receiver.port, "backup": self.backup.port}
        consent = _window() if consent is None else consent
        (self.directory / "example.org.zone").write_text(ZONE)
        self.file.write_text(INVENTORY.format(consent=consent, wait=wait, active=active, **ports))
        return main(["drill", kind, str(self.file), *arguments])

    @property
    def commands(self) -> tuple[str, ...]:
        return ("--down", self.part.down, "--up", self.part.up)

    def record(self, name: str) -> DrillRecord:
        return read_drill(self.directory / "drilled" / f"{name}.json")


@contextmanager
def _broken_pipe() -> Iterator[TextIO]:
    """A stream that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stream:
        yield stream


@pytest.fixture
def world(tmp_path: Path) -> Iterator[_World]:
    with receiving(Receiver(tmp_path / "part")) as part, receiving(Receiver(tmp_path / "backup")) as backup:
        (tmp_path / "backup").mkdir()
        backup.most = 1_000_000
        world = _World(tmp_path, _Part(tmp_path, part), backup)
        yield world
        assert not world.part.file.exists()  # whatever happened, it was brought back


def test_a_backup_is_watched_and_the_primary_comes_back(world: _World) -> None:
    assert world.drill("backup-mx", *world.commands) == 0
    record = world.record("backup-mx-example.org")
    assert [one.phase for one in record.asked] == [BEFORE] * 3 + [DURING] * 3
    assert [one.form for one in record.asked[:3]] == [POSTMASTER, UNKNOWN, ELSEWHERE]
    assert record.sent[0].arrivals == (Arrival(INBOX),)
    assert record.part == "mx1.example.org[11.0.0.1]:25"


def test_an_address_is_watched_all_the_time(world: _World) -> None:
    assert world.drill("vip", *world.commands) == 0
    samples = world.record("vip-mail.example.org").samples
    assert list(dict.fromkeys(one.phase for one in samples)) == [BEFORE, DURING, AFTER]
    assert {one.name for one in samples} == {"mx.example.org"}
    assert all((one.at >= 0) or one.phase == BEFORE for one in samples)


# A window is made when its test runs: between the collection and the test an hour may pass.
@pytest.mark.parametrize(
    ("consent", "says"),
    [
        (lambda: "drill: false", "does not consent"),
        (lambda: "drill: true", "has no window"),
        (lambda: _window(1, 2), "wait for it"),
        (lambda: _window(-2, -1), "wait for it"),
        (lambda: _window(-1, 0.01), "make it longer"),
    ],
    ids=["no consent", "no window", "too early", "too late", "too short"],
)
def test_without_consent_and_an_open_window_nothing_is_done(
    world: _World, consent: Callable[[], str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("backup-mx", "vip"):
        assert world.drill(kind, *world.commands, consent=consent()) == 4
        assert says in capsys.readouterr().err
    assert world.backup.connections == world.part.receiver.connections == 0


def test_the_plan_does_nothing(world: _World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.drill("backup-mx", *world.commands, "--plan") == 0
    assert f"mx1.example.org[11.0.0.1]:25 is taken down by {sys.executable}" in capsys.readouterr().out
    assert world.backup.connections == world.part.receiver.connections == 0


def test_a_plan_is_made_at_any_time(world: _World, capsys: pytest.CaptureFixture[str]) -> None:
    for consent in (_window(1, 2), "drill: false"):
        assert world.drill("vip", *world.commands, "--plan", consent=consent) == 0
        out = capsys.readouterr().out
        assert "the drill cannot be held now: " in out
        assert "part.example.org[11.0.0.1]:25 is taken down by" in out
    assert world.backup.connections == world.part.receiver.connections == 0


def test_nobody_reads_what_it_says_and_the_part_comes_back(world: _World, monkeypatch: pytest.MonkeyPatch) -> None:
    with _broken_pipe() as broken:
        monkeypatch.setattr(sys, "stdout", broken)
        assert world.drill("vip", *world.commands) == 0
    assert world.record("vip-mail.example.org").samples
    with _broken_pipe() as broken, _broken_pipe() as err:
        monkeypatch.setattr(sys, "stdout", broken)
        monkeypatch.setattr(sys, "stderr", err)
        assert world.drill("vip", "--down", world.part.down, "--up", f"{sys.executable} -c 'raise SystemExit(3)'") == 1
    world.part.file.unlink()


def test_without_a_temporary_file_the_commands_are_run(
    world: _World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(parts, "TemporaryFile", fails)
    assert world.drill("vip", *world.commands) == 0
    assert world.drill("vip", "--down", world.part.down, "--up", f"{sys.executable} -c 'raise SystemExit(3)'") == 1
    assert "IT IS STILL DOWN" in capsys.readouterr().err
    world.part.file.unlink()


def test_what_does_not_come_back_is_told(world: _World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.drill("vip", "--down", world.part.down, "--up", f"{sys.executable} -c ''", wait=1) == 1
    err = capsys.readouterr().err
    assert "part.example.org[11.0.0.1]:25 does not answer again after 1 s\n" in err
    assert "IT IS STILL DOWN" in err
    record = world.record("vip-mail.example.org")
    assert record.not_back == "part.example.org[11.0.0.1]:25 does not answer again after 1 s"
    assert not record.samples
    world.part.file.unlink()
    fails = f'{sys.executable} -c \'import sys; open(sys.argv[1], "x"); sys.exit("no way")\' {world.part.file}'
    assert world.drill("vip", "--down", fails, "--up", f"{sys.executable} -c ''", wait=1) == 1
    assert "IT IS STILL DOWN" in capsys.readouterr().err
    world.part.file.unlink()


def test_what_does_not_go_down_is_told(world: _World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.drill("vip", wait=0.1) == 4
    told = capsys.readouterr()
    assert "Take down part.example.org[11.0.0.1]:25 now" in told.out
    assert "still answers after 0 s; no record is written" in told.err
    assert not (world.directory / "drilled").exists()


def test_a_service_that_is_not_right_is_not_drilled(world: _World, capsys: pytest.CaptureFixture[str]) -> None:
    world.backup.most = 0
    assert world.drill("vip", *world.commands) == 4
    assert "does not answer every time even before the drill" in capsys.readouterr().err
    assert world.drill("backup-mx", *world.commands) == 4
    assert "does not take the domain's mail even before" in capsys.readouterr().err
    assert world.drill("backup-mx", *world.commands, active="false") == 4
    assert "needs consent of its own" in capsys.readouterr().err
    world.part.file.touch()
    assert world.drill("vip", *world.commands) == 4
    assert "does not answer before the drill" in capsys.readouterr().err
    world.part.file.unlink()


def test_a_command_that_fails_is_told_and_undone(world: _World, capsys: pytest.CaptureFixture[str]) -> None:
    fails = f'{sys.executable} -c \'import sys; open(sys.argv[1], "x"); sys.exit("no way")\' {world.part.file}'
    assert world.drill("vip", "--down", fails, "--up", world.part.up) == 4
    assert "no way" in capsys.readouterr().err
    assert not world.part.file.exists()
    assert world.drill("vip", "--down", world.part.down, "--up", f"{sys.executable} -c 'raise SystemExit(3)'") == 1
    assert "IT IS STILL DOWN" in capsys.readouterr().err
    world.part.file.unlink()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--down", "true"), "belong together"),
        (("--down", "", "--up", ""), "--down is empty: give it a command, or leave"),
        (("--down", "'", "--up", "true"), "No closing quotation"),
        (("--name", "other.example"), "no entry for other.example"),
    ],
    ids=["down alone", "empty", "not to be split", "another name"],
)
def test_a_wrong_command_line_is_told(
    world: _World, arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.drill("vip", *arguments) == 4
    assert says in capsys.readouterr().err


def _once_down(part: _Part, do: Callable[[], None]) -> None:
    """Do something as soon as somebody finds the part down."""
    found = threading.Event()

    def is_down() -> bool:
        down = part.file.exists()
        if down and not found.is_set():
            found.set()
            do()
        return down

    part.receiver.is_down = is_down


def test_what_ends_a_drill_does_not_end_the_look_at_what_comes_back(
    world: _World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(parts, "LAST_LOOKS", 0.1)
    _once_down(world.part, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert world.drill("vip", "--down", world.part.down, "--up", f"{sys.executable} -c ''") == 1
    err = capsys.readouterr().err
    assert "does not answer again after 0 s" in err
    assert "IT IS STILL DOWN" in err
    assert world.record("vip-mail.example.org").not_back
    world.part.file.unlink()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 4), (None, 4)], ids=["Ctrl-C", "SIGTERM", "stop file"]
)
def test_what_ends_a_drill_brings_the_part_back(world: _World, number: int | None, code: int) -> None:
    stop = world.directory / "stop"

    def end() -> None:
        if number is None:
            stop.touch()
        else:
            os.kill(os.getpid(), number)

    _once_down(world.part, end)
    # Tests that are run in the background of a script have Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert world.drill("vip", *world.commands, "--stop-file", str(stop)) == code
    finally:
        signal.signal(signal.SIGINT, before)
    assert not (world.directory / "drilled").exists()
