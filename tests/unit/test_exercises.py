"""Records of exercises, and what of a message in the mailbox comes into one."""

from __future__ import annotations

import asyncio
import imaplib
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from mailproof.documents import UnreadableDocument
from mailproof.exercises import Arrival, Delivery, Exercise, HandedIn, Sent, read_exercise, write_exercise
from mailproof.exercising.incoming import _arrival
from mailproof.exercising.mailboxes import IMAP, Found, Maildir
from mailproof.exercising.records import UnusableKey
from mailproof.exercising.sink_records import tlsa_of
from mailproof.grammars.messages import parse_header
from mailproof.inventory.exercise import OwnMailbox
from mailproof.net.errors import Malformed
from mailproof.net.mailboxes import UnreadableMailbox
from mailproof.observations.exercises import Exercised
from mailproof.probes.exercises import exercised
from mailproof.targets.own_mailboxes import ExercisedMailbox

ADDRESS = "probe@example.org"
AT = "2026-11-20T12:00:00+00:00"
RECORD = Exercise(
    "a1b2",
    ADDRESS,
    AT,
    AT,
    60.0,
    (Sent("right", "mx[192.0.2.1]:25", arrivals=(Arrival("INBOX", results=("mx; spf=pass",)),)),),
    (HandedIn("plain", "sink@plain.example", 250, "Ok"),),
    (Delivery("plain", "192.0.2.1", "mx", taken=True),),
)
MESSAGE = b"""\
Authentication-Results: mx1.example.org; spf=fail
Authentication-Results: filter.example.net; spf=pass
Authentication-Results: other.example; spf=pass
Received-SPF: fail client-ip=192.0.2.1
Received: from a (a [192.0.2.1]) by filter.example.net with ESMTPS; Fri, 20 Nov 2026 12:00:00 +0000
X-Mailproof-Exercise: a1b2
 spf-fail

"""


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "exercised" / "probe.json"
    write_exercise(file, RECORD)
    assert read_exercise(file) == RECORD
    assert file.stat().st_mode & 0o077 == 0
    file.write_text(file.read_text().replace('"case"', '"sort"', 1))
    with pytest.raises(UnreadableDocument, match="damaged"):
        read_exercise(file)


def test_the_record_of_another_mailbox_is_refused(tmp_path: Path) -> None:
    def observed(address: str) -> Exercised:
        async def look() -> Exercised:
            return await exercised(ExercisedMailbox(address, str(tmp_path / "x.json"), "x.json"))

        return asyncio.run(look())

    assert observed(ADDRESS).exercise is None
    write_exercise(tmp_path / "x.json", RECORD)
    assert observed(ADDRESS).exercise == RECORD
    assert any("spf=pass" in line for line in observed(ADDRESS).evidence())
    with pytest.raises(Malformed, match=f"x.json is the record of {ADDRESS}"):
        observed("other@example.org")


def test_only_results_of_the_receiver_count() -> None:
    mailbox = OwnMailbox(address=ADDRESS, maildir=Path("box"))
    found = Found("Junk", parse_header(MESSAGE))
    assert found.mark == "a1b2 spf-fail"
    seen = _arrival(found, mailbox, ("example.org",), smuggled=False)
    assert seen.results == ("mx1.example.org; spf=fail", "filter.example.net; spf=pass")
    assert seen.received_spf == ("fail client-ip=192.0.2.1",)
    assert seen.quarantined
    chosen = mailbox.model_copy(update={"quarantine": ["Spam"]})
    assert _arrival(found, chosen, (), smuggled=False) == replace(
        seen, results=("filter.example.net; spf=pass",), quarantined=False
    )


def test_a_maildir_is_read_with_its_folders(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMailbox, match="No such file"):
        Maildir(tmp_path / "none").find("a1b2", 0)
    for folder in ("new", "cur", ".Junk/cur"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "cur" / "1").write_bytes(MESSAGE)
    (tmp_path / "new" / "2").write_bytes(MESSAGE.replace(b"a1b2", b"another"))
    (tmp_path / ".Junk" / "cur" / "3").write_bytes(MESSAGE)
    assert sorted(found.folder for found in Maildir(tmp_path).find("a1b2", 0)) == ["INBOX", "Junk"]
    assert Maildir(tmp_path).find("a1b2", 4e9) == []


@pytest.mark.parametrize("url", ["imaps://u@h:99999", "imaps://u@h:x", "imaps://u@[::1", "imaps://u@h:0", "imap://u@h"])
def test_a_mailbox_by_imap_has_a_host_and_a_port(url: str) -> None:
    with pytest.raises(ValueError, match="is not like imaps://USER@HOST"):
        OwnMailbox(address=ADDRESS, imaps=url, password="x")


def test_a_damaged_certificate_of_the_sink_is_named(tmp_path: Path) -> None:
    (tmp_path / "sink.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(UnusableKey, match=r"sink.pem: no certificate"):
        tlsa_of(tmp_path / "sink.pem")


def test_a_password_that_login_cannot_carry_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Server(imaplib.IMAP4):
        """One that has been connected to, and greeted."""

        def __init__(self, *_: object, **__: object) -> None:
            vars(self).update(_encoding="ascii", state="NONAUTH", tagged_commands={}, untagged_responses={})
            vars(self).update(tagnum=0, tagpre=b"A", is_readonly=False, literal=None)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(imaplib, "IMAP4_SSL", Server)
    with pytest.raises(UnreadableMailbox, match="h:993: the name and the password must be ASCII"):
        IMAP("imaps://u@h", "geheim\u00df", None).find("a1b2", 0)


@pytest.mark.parametrize(
    ("local_part", "told"),
    [
        ("x%victim.example", "has '%' before the @"),
        ("victim.example!x", "has '!' before the @"),
        *(
            (quoted, "not the part of a mailbox")
            for quoted in ('"x@victim.example"', '"x%victim.example"', '"a b"', "a b")
        ),
        ("x@victim.example", "not the part of a mailbox"),
    ],
)
def test_an_own_mailbox_names_no_way_to_another_domain(local_part: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        OwnMailbox.model_validate({"address": f"{local_part}@example.org", "maildir": "."})
    assert OwnMailbox.model_validate({"address": "x+probe@example.org", "maildir": "."}).domain == "example.org"
