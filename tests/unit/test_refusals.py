"""Refusals that are about the tester are never taken for verdicts about the server or its recipients."""

from __future__ import annotations

import pytest

from mailproof.net.smtp import Reply
from mailproof.observations.attempts import Attempt
from mailproof.observations.refusals import refuses_client, refuses_name, refuses_tester

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
