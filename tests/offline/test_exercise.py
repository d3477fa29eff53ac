"""`mailproof exercise` sends what it said beforehand to the one mailbox of the inventory, and to nobody else."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from mailproof.cli import main
from mailproof.exercises import INBOX, Exercise, read_exercise
from mailproof.exercising import reports
from mailproof.exercising.messages import MARK, ODD_ENDS, REPORT
from mailproof.exercising.records import incoming_records, private_key
from mailproof.grammars.aggregate_reports import parse_aggregate_report
from mailproof.inventory.load import load_inventory
from tests.offline.careless_receiver import CARELESS_END, Receiver, receiving
from tests.offline.user import pytest_run

MAILBOX = "probe@example.org"
INVENTORY = """
domains: [example.org, other.example]
contact: postmaster@example.org
active: true
own_mailboxes: [{{address: probe@example.org, exercise: {exercise}, maildir: box, wait: {wait}{incoming}}}]
zone_files: {{example.org: example.org.zone, other.example: other.zone, tests.example: tests.zone}}
limits: {{pause: 0, retry_pause: 0.01, silence: 0.2}}
connect: {{"11.0.0.1:25": "127.0.0.1:{own}", "11.0.0.2:25": "127.0.0.1:{decoy}", "11.0.0.3:25": "127.0.0.1:{decoy}"}}
"""
INCOMING = ", incoming: {test_domain: tests.example, source: [11.0.0.3]}"
ZONES = {
    # The second MX host, the other domain, the sender's own host: nobody there may hear of it.
    "example.org": "@ MX 10 mx\n@ MX 20 mx2\nmx A 11.0.0.1\nmx2 A 11.0.0.2\n",
    "other": "@ MX 10 mx\nmx A 11.0.0.2\n",
    "tests": "@ MX 10 mx\nmx A 11.0.0.3\n",
}


class World:
    """An inventory with its zones, the receiver, and a decoy."""

    def __init__(self, directory: Path, receiver: Receiver, decoy: Receiver) -> None:
        self.directory = directory
        self.receiver = receiver
        self.decoy = decoy
        self.file = directory / "own.yaml"

    def write(
        self,
        *,
        exercise: bool = True,
        incoming: bool = False,
        publish: bool = True,
        wait: float = 5.0,
        takes_reports: bool = False,
    ) -> None:
        text = INVENTORY.format(
            exercise="true" if exercise else "false",
            incoming=f"{INCOMING if incoming else ''}{', takes_reports: true' if takes_reports else ''}",
            own=self.receiver.port,
            decoy=self.decoy.port,
            wait=wait,
        )
        self.file.write_text(text)
        for name, records in ZONES.items():
            zone = f"$TTL 60\n@ SOA ns.example.org. h.example.org. 1 2 3 4 5\n@ NS ns.example.org.\n{records}"
            (self.directory / f"{name}.zone").write_text(zone)
        if incoming and publish:
            part = load_inventory(self.file).model.own_mailboxes[0].incoming
            assert part is not None
            key = private_key(self.directory / part.key, make=True)
            with (self.directory / "tests.zone").open("a") as zone_file:
                zone_file.writelines(f"{record}\n" for record in incoming_records(part, key))

    def exercise(self, *arguments: str) -> int:
        return main(["exercise", str(self.file), *arguments])

    @property
    def record(self) -> Exercise:
        return read_exercise(self.directory / "exercised" / f"{MAILBOX}.json")

    def nobody_else_was_asked(self) -> None:
        assert self.decoy.connections == 0
        assert set(self.receiver.recipients) <= {MAILBOX}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with receiving(Receiver(tmp_path / "box")) as receiver, receiving(Receiver(tmp_path / "decoy")) as decoy:
        (tmp_path / "box").mkdir()
        world = World(tmp_path, receiver, decoy)
        yield world
        world.nobody_else_was_asked()


def test_it_tells_what_it_sends_and_sends_no_more(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write(incoming=True)
    assert world.exercise("--plan") == 0
    told = capsys.readouterr().out
    assert f"{MAILBOX}: 16 messages from this machine" in told
    assert "may make 23 of them" in told
    assert world.receiver.connections == 0
    assert world.exercise() == 0
    texts = [file.read_bytes() for file in (world.directory / "box" / "new").iterdir()]
    assert len(texts) == 16 == world.receiver.connections
    assert all(f"\r\n{MARK}: {world.record.run} ".encode() in text for text in texts)
    assert all(sent.accepted and sent.arrivals and not sent.further for sent in world.record.sent)


def test_a_careless_server_is_caught_and_makes_no_mail_for_others(world: World) -> None:
    world.write()
    world.receiver.end = CARELESS_END
    assert world.exercise() == 0
    caught = {sent.case.split()[-1] for sent in world.record.sent if sent.further}
    assert caught == {"LF.LF", "LF.CRLF", "CRLF.LF", "CR.CR", "CR.CRLF"}
    arrived = {sent.case.split()[-1] for sent in world.record.sent if any(one.smuggled for one in sent.arrivals)}
    assert arrived == caught
    texts = list((world.directory / "box" / "new").iterdir())
    assert len(texts) == 1 + len(ODD_ENDS) + len(caught)


@pytest.mark.parametrize("takes", [0.0, 0.4])
def test_a_server_that_forbids_pipelining_is_caught_all_the_same(world: World, takes: float) -> None:
    """However long it looks at a message: it is listened to for longer than it took over the right one."""
    world.write()
    world.receiver.end, world.receiver.guarded, world.receiver.takes = CARELESS_END, True, takes
    assert world.exercise() == 0
    caught = {sent.case.split()[-1] for sent in world.record.sent if sent.further}
    assert caught == {"LF.LF", "LF.CRLF", "CRLF.LF", "CR.CR"}  # CR.CR ends CR.CRLF as well, and leaves its LF behind


def test_a_mailbox_for_reports_is_tried_with_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "SIZE", 1_100_000)  # in full it takes seconds
    world.write(takes_reports=True, wait=30)
    world.receiver.limit = 2_000_000
    assert world.exercise() == 0
    sent = next(one for one in world.record.sent if one.case == REPORT)
    assert sent.accepted
    assert [arrival.folder for arrival in sent.arrivals] == [INBOX]
    message = max((world.directory / "box" / "new").iterdir(), key=lambda file: file.stat().st_size).read_bytes()
    attached = message_from_bytes(message).get_payload(decode=True)
    assert isinstance(attached, bytes)
    read = parse_aggregate_report(gzip.decompress(attached))
    assert (read.domain, read.is_9990, read.errors) == (reports.ABOUT, True, ())


def test_what_is_too_large_is_refused_before_it_is_sent(world: World) -> None:
    world.write(takes_reports=True)
    world.receiver.limit = reports.SIZE - 1
    assert world.exercise() == 0
    sent = next(one for one in world.record.sent if one.case == REPORT)
    assert (sent.stage, sent.code) == ("MAIL", 552)


def test_what_is_put_off_is_sent_again(world: World) -> None:
    world.write(wait=0.5)
    world.receiver.put_off = 1
    assert world.exercise() == 0
    assert [sent.tries for sent in world.record.sent[:2]] == [2, 1]
    assert world.record.sent[0].accepted


def test_a_stop_file_ends_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    file = world.directory / "stop"
    world.write(wait=600)
    world.receiver.put_off = 1_000_000
    world.receiver.at_recipient = file.touch
    assert world.exercise("--stop-file", str(file)) == 4
    assert "stopped: there is a file" in capsys.readouterr().err
    asked = len(world.receiver.recipients)
    assert asked
    assert not (world.directory / "exercised").exists()
    assert world.exercise("--stop-file", str(file)) == 4
    assert len(world.receiver.recipients) == asked
    world.nobody_else_was_asked()


def test_a_mailbox_is_named_in_any_letters(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write()
    assert world.exercise("--plan", "--mailbox", "Probe@Example.ORG") == 0
    assert MAILBOX in capsys.readouterr().out


def test_without_consent_nothing_is_sent(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write(exercise=False)
    assert world.exercise() == 4
    assert "exercise: true" in capsys.readouterr().err
    assert world.receiver.connections == 0


def test_nothing_is_sent_from_a_domain_without_its_records(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write(incoming=True, publish=False)
    assert world.exercise() == 4
    assert "there is no such file" in capsys.readouterr().err
    assert world.exercise("--records") == 0
    assert '_dmarc.reject.tests.example. TXT "v=DMARC1; p=reject; adkim=s; aspf=s"' in capsys.readouterr().out
    assert world.exercise() == 4
    assert "right.tests.example TXT is not published as it should be" in capsys.readouterr().err
    assert world.receiver.connections == 0


def test_a_run_sends_no_mail(world: World) -> None:
    world.write(incoming=True)
    run = pytest_run(world.directory, "--inventory", "own.yaml", "--control", "IN-*", "--control", "SMTP-SMUGGLING")
    assert set(run.verdicts("own").values()) == {"not applicable"}
    assert all("mailproof exercise INVENTORY" in result["observed"] for result in run.document("own")["results"])
    assert world.receiver.connections == 0
    assert world.exercise() == 0
    connections = world.receiver.connections
    again = pytest_run(world.directory, "--inventory", "own.yaml", "--control", "SMTP-SMUGGLING")
    assert again.verdicts("own") == {("SMTP-SMUGGLING", f"{MAILBOX} (exercise)"): "pass"}
    assert world.receiver.connections == connections
    (world.directory / "exercised" / f"{MAILBOX}.json").write_text("{}")
    broken = pytest_run(world.directory, "--inventory", "own.yaml", "--control", "SMTP-SMUGGLING")
    assert set(broken.verdicts("own").values()) == {"inconclusive"}


def test_a_mailbox_that_cannot_be_read_gets_no_mail(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write()
    (world.directory / "box").rmdir()
    assert world.exercise() == 4
    assert "box: No such file or directory" in capsys.readouterr().err
    assert world.receiver.connections == 0


def test_a_sink_that_leads_elsewhere_gets_no_mail(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write()
    sink = (
        ", outgoing: {sink_domain: sink.example, listen: 127.0.0.1, address: 11.0.0.9, port: 1,"
        " submission: {host: mx.example.org, port: 587}}}]"
    )
    world.file.write_text(
        world.file.read_text()
        .replace("}]\n", sink + "\n", 1)
        .replace("zone_files: {", "zone_files: {sink.example: sink.zone, ")
    )
    (world.directory / "sink.zone").write_text(
        "$TTL 60\n@ SOA ns.example.org. h.example.org. 1 2 3 4 5\n@ NS ns.example.org.\n* MX 10 mx\nmx A 11.0.0.2\n"
    )
    assert world.exercise() == 4
    assert "leads to 11.0.0.2, not to the sink at 11.0.0.9 alone" in capsys.readouterr().err
    assert world.receiver.connections == 0


def test_a_mailbox_of_others_is_refused(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write()
    world.file.write_text(world.file.read_text().replace("address: probe@example.org", "address: probe@victim.example"))
    assert world.exercise() == 4
    assert "in no domain of the inventory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("entry", "told"),
    [("example.org", "the mailbox: example.org is not contacted"), ("11.0.0.1", "do_not_contact: 11.0.0.1")],
)
def test_whom_nobody_contacts_gets_no_mail(
    world: World, capsys: pytest.CaptureFixture[str], entry: str, told: str
) -> None:
    world.write()
    # The second MX host takes no mail in this world: what is not sent to the first one must not go there either.
    world.file.write_text(world.file.read_text() + f"do_not_contact: [{entry}, 11.0.0.2]\n")
    assert world.exercise() == 4
    assert told in capsys.readouterr().err
    assert world.receiver.connections == 0


@pytest.mark.parametrize("entry", ["localhost", "127.0.0.0/8"])
def test_other_libraries_heed_it_too(world: World, capsys: pytest.CaptureFixture[str], entry: str) -> None:
    world.write()
    text = world.file.read_text().replace("maildir: box", "imaps: 'imaps://u@localhost:1', password: x")
    world.file.write_text(f"{text}do_not_contact: ['{entry}']\n")
    assert world.exercise() == 4
    assert f"imaps: localhost is not contacted: the inventory says do_not_contact: {entry}" in capsys.readouterr().err


def test_the_sender_has_the_number_of_the_run(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write()
    world.file.write_text(world.file.read_text() + "probe: {sender: 'probe+{run}@example.org'}\n")
    assert world.exercise("--plan") == 0
    assert "{run}" not in capsys.readouterr().out


def test_a_server_that_shuts_us_out_leaves_a_record(world: World) -> None:
    world.write(wait=0.2)
    world.file.write_text(world.file.read_text() + "do_not_contact: [11.0.0.2]\n")
    world.receiver.most = 3
    assert world.exercise() == 0
    assert [bool(sent.failure) for sent in world.record.sent] == [False] * 3 + [True] * 5


def test_a_server_that_leaves_after_the_text_has_not_taken_it_for_commands(world: World) -> None:
    world.write()
    world.receiver.farewell = b"421 too many of them"
    assert world.exercise() == 0
    assert not any(sent.further for sent in world.record.sent)
