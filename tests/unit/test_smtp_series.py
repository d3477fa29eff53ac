"""How recipients are asked for: inside TLS, in short sessions, again after a deferral, and what is kept of it all."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.fixtures.smtp_conversation import Heard
from mailproof.fixtures.smtp_peer import SMTPPeer
from mailproof.gate.verdict import Verdict
from mailproof.inventory.model import Inventory
from mailproof.net.network import Network
from mailproof.net.settings import Limits, NetSettings, SocketAddress
from mailproof.net.smtp import Reply
from mailproof.observations.recipients import Mailboxes, Recipients
from mailproof.observations.relay import RelayAttempts
from mailproof.observations.smtp import SMTPSession
from mailproof.probes import load_probes
from mailproof.probes.made_up import made_up_mailbox
from mailproof.probes.mailboxes import mailboxes
from mailproof.probes.relay import relay_attempts, relay_forms
from mailproof.probes.series import REFUSALS_A_SESSION, called, named_pause
from mailproof.probes.smtp import smtp_session
from mailproof.targets.mail import MailDomain
from mailproof.targets.services import MailExchange, MXEndpoint, SMTPEndpoint, SubmissionEndpoint

from .cases.case import judged
from .smtp_world import HOST, QUICK, served

DOMAIN = MailDomain("example", active=True)
ENDPOINT = MXEndpoint(HOST, "192.0.2.25", 25, domains=(DOMAIN.name,), active=True)
RELAYS = "250 2.1.5 Ok"
DENIED = "550 5.7.1 Relay access denied"


def seen_of(
    behaviour: SMTPBehaviour, limits: Limits = QUICK, port: int = 25, kind: type[SMTPEndpoint] = MXEndpoint
) -> tuple[RelayAttempts, Mailboxes, SMTPSession, SMTPPeer, int]:
    """What relay test and mailbox probe see of a peer, the session before them, and the connections of the latter."""

    async def run() -> tuple[RelayAttempts, Mailboxes, SMTPSession, SMTPPeer, int]:
        async with served(behaviour) as (peer, address, listening):
            where = SocketAddress(address, listening)
            endpoint = kind(HOST, "192.0.2.25", port, domains=(DOMAIN.name,), active=True)
            settings = NetSettings(
                limits=limits,
                ehlo_name="probe.example",
                sender="prober@probe.example",
                outsider="nobody@outside.example",
                connect={f"192.0.2.25:{port}": where},
            )
            network = Network(settings)
            try:
                session = await smtp_session(endpoint, network)

                async def look(_: object, target: object) -> SMTPSession:
                    return session

                before = peer.connections
                relay = await relay_attempts(
                    endpoint, network, session, Inventory.model_validate({"domains": ["example.org"]})
                )
                made = peer.connections - before
                found = await mailboxes(
                    MailExchange(DOMAIN, MXEndpoint(HOST, endpoint.address, port, active=True)), network, look
                )
            finally:
                await network.close()
            return relay, found, session, peer, made

    return asyncio.run(run())


def verdict_of(relay: RelayAttempts) -> Verdict:
    return judged("RELAY-MATRIX", {"relay_attempts": relay}).verdict


def refused_by_session(peer: SMTPPeer) -> Counter[int]:
    """RCPT commands that were refused, by connection, as far as the recipient says so."""
    refused = [h for h in peer.heard if h.command.startswith("RCPT") and not _known(h)]
    return Counter(heard.connection for heard in refused)


def _known(heard: Heard) -> bool:
    return any(name in heard.command for name in ("<postmaster@example>", "<abuse@example>", "<postmaster>"))


def test_everything_is_asked_inside_tls_and_the_plain_form_in_clear_too() -> None:
    relay, boxes, _, _, _ = seen_of(SMTPBehaviour())
    assert [attempt.form for attempt in relay.attempts if not attempt.tls] == ["plain"]
    assert {attempt.form for attempt in relay.attempts if attempt.tls} == {
        form.name for form in relay_forms(ENDPOINT, "a@b.example", "c@d.example")
    }
    assert all(attempt.tls for attempt in boxes.attempts)
    assert verdict_of(relay) is Verdict.PASS


_AT = (HOST, "[192.0.2.25]")
_NMAP = {
    ("", "c@d.example"),
    ("a@b.example", "c@d.example"),
    *((f"postmaster@{at}", "c@d.example") for at in _AT),
    *(("a@b.example", f"c%d.example@{at}") for at in _AT),
    *(("a@b.example", f"c@d.example@{at}") for at in _AT),
    *(("a@b.example", f"d.example!c@{at}") for at in _AT),
    *(("a@b.example", f"@{at}:c@d.example") for at in _AT),
    ("a@b.example", '"c@d.example"@[192.0.2.25]'),
    ("a@b.example", '"c@d.example"'),
    ("a@b.example", '"c%d.example"'),
    ("a@b.example", "d.example!c"),
}
"""The sixteen forms of nmap's smtp-open-relay, with a sender at the host only where the recipient is plain."""


def test_the_forms_of_nmap_are_among_ours() -> None:
    assert len(_NMAP) == 16
    asked = [(form.sender, form.recipient) for form in relay_forms(ENDPOINT, "a@b.example", "c@d.example")]
    assert set(asked) >= _NMAP
    assert asked[:3] == [("a@b.example", "postmaster@example"), ("a@b.example", "c@d.example"), ("", "c@d.example")]


@pytest.mark.parametrize(
    ("replies", "says"),
    [
        ((("RCPT", DENIED), ("RCPT/TLS", RELAYS)), "inside TLS"),
        ((("RCPT", "530 5.7.0 Must issue a STARTTLS command first"), ("RCPT/TLS", RELAYS)), "inside TLS"),
        ((("MAIL", "550 5.7.10 Encryption needed"), ("MAIL/TLS", "250 Ok"), ("RCPT/TLS", RELAYS)), "inside TLS"),
        ((("RCPT/TLS", DENIED), ("RCPT", RELAYS)), "in clear with 250"),
    ],
)
def test_a_relay_that_is_open_on_one_side_of_starttls_is_found(replies: tuple[tuple[str, str], ...], says: str) -> None:
    relay, *_ = seen_of(SMTPBehaviour(replies=replies))
    found = judged("SMTP-NO-OPEN-RELAY", {"relay_attempts": relay})
    assert found.verdict is Verdict.FAIL
    assert says in found.observed
    assert "differently with and without TLS" in found.observed


def test_a_host_that_demands_tls_is_not_blamed_for_its_mailboxes() -> None:
    demand = "550 5.7.1 TLS required"
    _, boxes, *_ = seen_of(SMTPBehaviour(replies=(("MAIL", demand), ("MAIL/TLS", "250 2.1.0 Ok"))))
    for control in ("SMTP-POSTMASTER", "SMTP-ABUSE", "SMTP-NULL-SENDER"):
        assert judged(control, {"mailboxes": boxes}).verdict is Verdict.PASS


def test_postmaster_refused_inside_tls_alone_is_said_so() -> None:
    behaviour = SMTPBehaviour(replies=(("RCPT/TLS", "550 5.1.1 No such user"),))
    _, boxes, *_ = seen_of(behaviour)
    found = judged("SMTP-POSTMASTER", {"mailboxes": boxes})
    assert found.verdict is Verdict.FAIL
    assert "in clear with 250" in found.observed


@pytest.mark.parametrize("limit", [0, 3, 5, 10])
def test_sessions_are_left_before_usual_limits(limit: int) -> None:
    relay, boxes, _, peer, made = seen_of(SMTPBehaviour(error_limit=limit))
    assert not relay.interrupted
    assert not boxes.interrupted
    assert max(refused_by_session(peer).values()) <= REFUSALS_A_SESSION
    assert "too many errors" not in "".join(relay.evidence())  # a port or a time may hold 421
    assert verdict_of(relay) is Verdict.PASS
    assert made <= load_probes()["relay_attempts"].most_connections(Limits())


@pytest.mark.parametrize("limit", [1, 2])
def test_a_server_that_ends_sessions_at_once_gets_sessions_of_one(limit: int) -> None:
    relay, boxes, _, _, made = seen_of(SMTPBehaviour(error_limit=limit))
    assert not relay.interrupted
    assert verdict_of(relay) is Verdict.PASS
    assert judged("SMTP-POSTMASTER", {"mailboxes": boxes}).verdict is Verdict.PASS
    assert made <= load_probes()["relay_attempts"].most_connections(Limits())


def test_an_open_relay_is_found_though_sessions_end_early() -> None:
    relay, *_ = seen_of(SMTPBehaviour(error_limit=1, relay="percent"))
    assert {attempt.form for attempt in relay.relayed} >= {"percent hack"}


def test_the_plan_counts_what_a_right_server_refuses() -> None:
    relay, boxes, *_ = seen_of(SMTPBehaviour())
    assert sum(not attempt.accepted for attempt in relay.attempts) <= load_probes()["relay_attempts"].refusals
    assert sum(not attempt.accepted for attempt in boxes.attempts) == load_probes()["mailboxes"].refusals


def test_what_is_deferred_is_asked_again_after_the_pause() -> None:
    relay, boxes, *_ = seen_of(SMTPBehaviour(deferral="451 4.7.1 Greylisted, come again"))
    assert not any(attempt.deferred for attempt in (*relay.attempts, *boxes.attempts))
    assert verdict_of(relay) is Verdict.PASS
    assert judged("SMTP-POSTMASTER", {"mailboxes": boxes}).verdict is Verdict.PASS


def test_a_relay_that_opens_after_greylisting_is_found() -> None:
    relay, *_ = seen_of(SMTPBehaviour(deferral="450 4.2.0 Greylisted", relay="open"))
    assert judged("SMTP-NO-OPEN-RELAY", {"relay_attempts": relay}).verdict is Verdict.FAIL


@pytest.mark.parametrize("text", ["451 4.7.1 Greylisted for 5 minutes", "450 come back in 00:05:00"])
def test_a_pause_beyond_the_limit_is_not_waited_for(text: str) -> None:
    relay, boxes, *_ = seen_of(SMTPBehaviour(deferral=text), replace(QUICK, deferral=1))
    assert verdict_of(relay) is Verdict.INCONCLUSIVE
    assert judged("BACKUPMX-RCPT", {"recipients": Recipients("example", (boxes,), ())}).verdict is Verdict.INCONCLUSIVE


def test_one_form_refused_and_all_others_deferred_is_undecided() -> None:
    relay, *_ = seen_of(SMTPBehaviour(replies=(("RCPT", "451 4.3.0 Not now"),)))
    plain = next(attempt for attempt in relay.attempts if attempt.form == "plain")
    decided = replace(plain, rcpt=Reply(550, ("5.7.1 Relay access denied",)))
    partly = replace(relay, attempts=tuple(decided if a is plain else a for a in relay.attempts))
    assert verdict_of(partly) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "refusal",
    ["550 5.7.1 Kein Zutritt", "554 Weg da", "550 5.5.1 Fehler", "554 5.7.1 probe.example unerwuenscht"],
)
def test_a_server_that_refuses_the_tester_shows_nothing(refusal: str) -> None:
    relay, boxes, *_ = seen_of(SMTPBehaviour(replies=(("RCPT", refusal),)))
    assert verdict_of(relay) is Verdict.INCONCLUSIVE
    assert judged("SMTP-POSTMASTER", {"mailboxes": boxes}).verdict is Verdict.INCONCLUSIVE
    seen = Recipients("example", (boxes,), ())
    assert judged("BACKUPMX-RCPT", {"recipients": seen}).verdict is Verdict.INCONCLUSIVE


def test_a_server_without_mailboxes_is_told_from_one_that_refuses_the_tester() -> None:
    relay, boxes, *_ = seen_of(SMTPBehaviour(recipients=()))
    assert verdict_of(relay) is Verdict.PASS
    assert judged("SMTP-POSTMASTER", {"mailboxes": boxes}).verdict is Verdict.FAIL


def test_a_catch_all_that_takes_local_parts_of_any_kind_relays_nothing() -> None:
    relay, *_ = seen_of(SMTPBehaviour(relay="bang", unknown_recipients="accepted"))
    assert verdict_of(relay) is Verdict.PASS


def test_a_server_that_takes_everything_may_be_a_tarpit() -> None:
    relay, *_ = seen_of(SMTPBehaviour(relay="open", unknown_recipients="accepted"))
    found = judged("SMTP-NO-OPEN-RELAY", {"relay_attempts": relay})
    assert found.verdict is Verdict.FAIL
    assert "DATA was not tried" in found.observed


def test_implicit_tls_counts_as_inside() -> None:
    relay, *_ = seen_of(SMTPBehaviour(implicit_tls=True), port=465, kind=SubmissionEndpoint)
    assert all(attempt.tls for attempt in relay.attempts)
    assert judged("SMTP-NO-OPEN-RELAY", {"relay_attempts": relay}).verdict is Verdict.PASS


def test_the_made_up_mailbox_is_the_same_in_every_run_and_another_for_each_domain() -> None:
    assert made_up_mailbox("a.example", "x@y.example") == made_up_mailbox("A.example", "x@y.example")
    names = {made_up_mailbox(domain, sender) for domain in ("a.example", "b.example") for sender in ("x@y", "z@y")}
    assert len(names) == 4
    first, second = (seen_of(SMTPBehaviour())[1].find("unknown") for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.recipient == second.recipient


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Greylisted, try again in 300 seconds", 300),
        ("Greylisting in action, please come back in 00:05:00", 300),
        ("Greylisted for 5 minutes", 300),
        ("try again in 60s", 60),
        ("in 2 Stunden", 7200),
        ("retry after 30 sec", 30),
        ("Greylisted, see http://postgrey.example/help/192.0.2.1.html", None),
        ("4.7.1 try again later", None),
    ],
)
def test_named_pauses(text: str, seconds: float | None) -> None:
    assert named_pause(Reply(450, (text,))) == seconds


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("mx.example Hello prober.client.example [192.0.2.1]", {"prober.client.example", "192.0.2.1"}),
        ("mx.example at your service, [2001:db8::1]", {"2001:db8::1"}),
        ("mx.example Hello [192.0.2.1], pleased to meet you", {"192.0.2.1"}),
        ("mx.example Hello mx.example [192.0.2.25]", set()),
        ("mx.example", set()),
        ("", set()),
    ],
)
def test_what_servers_call_their_clients(line: str, names: set[str]) -> None:
    assert called(Reply(250, (line,)), "192.0.2.25") == names
