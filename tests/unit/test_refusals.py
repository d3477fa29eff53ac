"""Refusals that are about the tester are never taken for verdicts about the server or its recipients."""

from __future__ import annotations

import pytest

from mailproof.net.smtp import Reply
from mailproof.observations.attempts import Attempt
from mailproof.observations.refusals import (
    About,
    Tester,
    about,
    demands_tls,
    refuses_client,
    refuses_name,
    refuses_tester,
    why_deferred,
)

from .refusals import REFUSALS, R, Refusal, S

OK = Reply(250, ("2.1.0 Ok",))


def attempt(code: int, text: str, recipient: str = "postmaster@blackbird.example") -> Attempt:
    return Attempt("plain", "prober@client.example", recipient, OK, Reply(code, (text,)))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (554, "5.7.1 <client.example[192.0.2.1]>: Client host rejected: Access denied"),
        (554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example"),
        (550, "192.0.2.1 is listed on a DNSBL"),
        (554, "Your IP address has a poor reputation"),
        (454, "4.7.0 Error: too many new TLS sessions from client.example"),
    ],
)
def test_refusals_of_the_client(code: int, text: str) -> None:
    assert refuses_client(Reply(code, (text,)))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (220, "mx.blackbird.example ESMTP"),
        (554, "No SMTP service here"),
        (554, "mx.blackbird.example: no service"),
        (521, "mx.example does not accept mail"),
        (454, "TLS currently unavailable"),
        (454, "4.7.0 TLS not available due to temporary reason"),
        (454, "4.7.0 TLS not available due to local problem"),
        (554, "the corporate mail server moved to another machine"),
    ],
)
def test_refusals_of_everybody(code: int, text: str) -> None:
    assert not refuses_client(Reply(code, (text,)))


@pytest.mark.parametrize("code", [450, 501, 504, 550, 554])
def test_names_are_refused(code: int) -> None:
    assert refuses_name(Reply(code, ("Helo command rejected: Host not found",)))


@pytest.mark.parametrize("code", [250, 500, 502])
def test_commands_that_are_not_implemented_refuse_no_name(code: int) -> None:
    assert not refuses_name(Reply(code, ("what?",)))


@pytest.mark.parametrize(
    "text",
    [
        "5.7.1 <nobody@outside.example>: Relay access denied",
        "relay not permitted",
        "5.1.1 <postmaster@blackbird.example>: Recipient address rejected: User unknown",
        "No such mailbox",
        "mx.blackbird.example takes no mail for it",
    ],
)
def test_refusals_of_a_recipient_stand(text: str) -> None:
    assert not refuses_tester(attempt(550, text))


@pytest.mark.parametrize(
    "text",
    [
        "5.1.8 <prober@client.example>: Sender address rejected: Domain not found",
        "5.7.25 reverse DNS does not resolve",
        "Sender verify failed",
        "5.7.1 <client.example[192.0.2.1]>: Client host rejected: cannot find your reverse hostname",
    ],
)
def test_refusals_of_the_sender_say_nothing_about_the_recipient(text: str) -> None:
    assert refuses_tester(attempt(550, text))


def test_what_is_accepted_is_never_a_refusal() -> None:
    assert not refuses_tester(attempt(250, "2.1.5 Ok, though your address is on a blocklist"))


TESTER = Tester(("client.example", "192.0.2.1"), S)


def said(text: str) -> Reply:
    lines = text.splitlines()
    return Reply(int(lines[-1][:3]), tuple(line[4:] for line in lines))


def series_of(refusal: Refusal) -> list[Attempt]:
    """The attempt first, then what else was asked in its series."""
    asked = Attempt("postmaster@", S, R, OK, said(refusal.reply))
    elsewhere = "nobody@outside.example"
    match refusal.others:
        case "same text elsewhere":
            same = said(refusal.reply.replace(R, elsewhere).replace("A7F31", "B8E40"))
            return [asked, Attempt("a mailbox elsewhere", S, elsewhere, OK, same)]
        case "somebody accepted":
            return [asked, Attempt("abuse@", S, "abuse@blackbird.example", OK, Reply(250, ("2.1.5 Ok",)))]
        case _:
            return [asked]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal.who}: {refusal.reply[:40]}")
def test_whom_a_refusal_is_about(refusal: Refusal) -> None:
    asked, *others = series_of(refusal)
    assert about(asked, TESTER, others) is refusal.about


def test_the_table_is_large_and_goes_both_ways() -> None:
    assert len(REFUSALS) >= 60
    assert len({refusal.reply for refusal in REFUSALS if refusal.about is About.RECIPIENT}) >= 30
    assert len({refusal.reply for refusal in REFUSALS if refusal.about is About.TESTER}) >= 30


def test_only_the_bare_text_of_the_same_refusal_counts_as_one_text() -> None:
    asked = Attempt("postmaster@", S, R, OK, said("550 Annahme verweigert"))
    other = Attempt("a mailbox elsewhere", S, "nobody@outside.example", OK, said("550 Weiterleitung verweigert"))
    assert about(asked, TESTER, [other]) is About.RECIPIENT


def test_the_tester_is_found_only_by_its_whole_name() -> None:
    assert TESTER.is_named_in("no mail from [192.0.2.1]:25, please")
    assert TESTER.is_named_in("Client.Example is not welcome.")
    assert not TESTER.is_named_in("no mail from 192.0.2.17")
    assert not TESTER.is_named_in("no mail from 1.192.0.2.1 or myclient.example.net")


@pytest.mark.parametrize(
    "text",
    [
        "530 5.7.0 Must issue a STARTTLS command first",
        "550 5.7.10 Encryption needed",
        "554 5.7.1 Session encryption is required",
        "550 TLS required",
        "538 5.7.11 Verschluesselung",
    ],
)
def test_demands_of_tls_are_made_of_everybody(text: str) -> None:
    reply = said(text)
    assert demands_tls(reply)
    assert not refuses_tester(Attempt("plain", S, R, OK, reply), TESTER)
    assert not refuses_name(reply)


@pytest.mark.parametrize(
    "text",
    [
        "550 5.1.1 <x@no-starttls.example>: Recipient address rejected: User unknown",
        "550 5.1.1 no TLS certificate for this mailbox",
        "550 tls.example: no such user",
    ],
)
def test_names_that_hold_a_word_do_not_say_it(text: str) -> None:
    assert not demands_tls(said(text))


@pytest.mark.parametrize("host", ["mx.client-blocked.example", "spam-policy.example", "access.rate.example"])
def test_a_server_may_be_called_as_it_likes(host: str) -> None:
    assert not refuses_client(said(f"554 {host} No SMTP service here"))
    assert not refuses_client(said(f"554 {host}: go away"))
    assert about(Attempt("plain", S, R, OK, said(f"550 {host} weg")), TESTER) is About.RECIPIENT


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]", "PTR"),
        ("450 4.7.1 Client host 192.0.2.1 has no PTR record", "PTR"),
        ("450 4.7.1 <client.example>: Helo command rejected: Host not found", "EHLO name"),
        ("450 4.7.1 192.0.2.1 darf gerade nicht", "the tester's address"),
        ("450 4.2.0 Greylisted", "greylisting"),
    ],
)
def test_a_deferral_says_what_mends_it(text: str, says: str) -> None:
    assert says in why_deferred(said(text), TESTER)
    assert says in refuses_tester(Attempt("plain", S, R, OK, said(text)), TESTER)
