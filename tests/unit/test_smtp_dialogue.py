"""The SMTP client against servers that behave, each in its own way."""

from __future__ import annotations

import asyncio
import socket

import pytest
from pydantic import TypeAdapter

from mailproof.fixtures.authority import CertificateSpec
from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.fixtures.smtp_peer import SMTPPeer
from mailproof.net.dialogue import TLSSession
from mailproof.net.errors import NotAvailable, NotObserved, Refused, RefusedByAddress, Throttled
from mailproof.net.hosts import Hosts
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.net.smtp import Dialogue, Reply, SMTPClient, extensions
from tests.unit.smtp_world import HOST, QUICK, authority, client, served, talk


def test_reply_reads_like_the_wire() -> None:
    reply = Reply(550, ("5.7.1 no", "5.7.1 never"))
    assert str(reply) == "550-5.7.1 no\n550 5.7.1 never"
    assert reply.enhanced == "5.7.1"
    assert reply.text == "5.7.1 no\n5.7.1 never"
    assert (reply.positive, reply.intermediate, reply.transient, reply.permanent) == (
        False,
        False,
        False,
        True,
    )


@pytest.mark.parametrize("text", ["", "no", "5.7", "3.1.1 no", "5.7.1no", "15.7.1 x"])
def test_reply_without_enhanced_code(text: str) -> None:
    assert Reply(550, (text,)).enhanced is None


def test_reply_survives_json() -> None:
    adapter = TypeAdapter(Reply)
    reply = Reply(220, ("a\\x00", "ä"))
    assert adapter.validate_json(adapter.dump_json(reply)) == reply


def test_extensions_are_keywords_and_not_substrings() -> None:
    reply = Reply(250, ("mx.nostarttls.test", "size 100", "X-STARTTLS-LIKE", "AUTH PLAIN", "AUTH=LOGIN PLAIN", ""))
    assert extensions(reply) == {"SIZE": ("100",), "X-STARTTLS-LIKE": (), "AUTH": ("PLAIN", "LOGIN")}
    assert extensions(Reply(250, ("STARTTLS",))) == {}
    assert extensions(Reply(502, ("no", "STARTTLS"))) == {}


def test_right_server_from_greeting_to_farewell() -> None:
    async def say(dialogue: Dialogue) -> tuple[Reply, Reply, Reply, TLSSession, Reply]:
        greeting = await dialogue.greeting()
        ehlo = await dialogue.ehlo()
        starttls = await dialogue.starttls()
        session = await dialogue.handshake()
        return greeting, ehlo, starttls, session, await dialogue.ehlo()

    (greeting, ehlo, starttls, session, in_tls), peer = talk(None, say)
    assert greeting == Reply(220, ("mx.example ESMTP",))
    assert "STARTTLS" in extensions(ehlo)
    assert starttls.code == 220
    assert session.version == "TLSv1.3"
    assert session.leftover == ""
    assert "STARTTLS" not in extensions(in_tls)
    assert peer.commands() == ["EHLO probe.example", "STARTTLS", "EHLO probe.example", "QUIT"]


def test_open_transaction_is_reset_before_quit() -> None:
    async def say(dialogue: Dialogue) -> list[int]:
        await dialogue.greeting()
        lines = ["HELO probe.example", "MAIL FROM:<>", "RCPT TO:<postmaster>", "RCPT TO:<x@elsewhere.test>"]
        return [(await dialogue.command(line)).code for line in lines]

    codes, peer = talk(None, say)
    assert codes == [250, 250, 250, 550]
    assert peer.commands()[-2:] == ["RSET", "QUIT"]


def test_transaction_ended_by_rset_needs_no_second_one() -> None:
    async def say(dialogue: Dialogue) -> None:
        await dialogue.greeting()
        for line in ("EHLO x", "MAIL FROM:<>", "RSET"):
            await dialogue.command(line)

    _, peer = talk(None, say)
    assert peer.commands() == ["EHLO x", "MAIL FROM:<>", "RSET", "QUIT"]


def test_nothing_is_said_into_an_open_data_phase() -> None:
    async def say(dialogue: Dialogue) -> Reply:
        await dialogue.greeting()
        for line in ("EHLO x", "MAIL FROM:<>", "RCPT TO:<postmaster@example>"):
            await dialogue.command(line)
        return await dialogue.command("DATA")

    reply, peer = talk(SMTPBehaviour(accept_data=True), say)
    assert reply.intermediate
    assert peer.commands()[-1] == "DATA"


def test_farewell_also_when_the_user_fails() -> None:
    async def say(dialogue: Dialogue) -> None:
        await dialogue.greeting()
        raise NotAvailable("not what we came for")

    async def run() -> SMTPPeer:
        async with served() as (peer, address, port):
            with pytest.raises(NotAvailable):
                async with client().connect(address, port, host=HOST) as dialogue:
                    await say(dialogue)
            return peer

    assert asyncio.run(run()).commands() == ["QUIT"]


def test_quit_said_by_the_user_is_not_said_twice() -> None:
    async def say(dialogue: Dialogue) -> Reply:
        await dialogue.greeting()
        return await dialogue.quit()

    reply, peer = talk(None, say)
    assert reply.code == 221
    assert peer.commands() == ["QUIT"]


@pytest.mark.parametrize("line", ["NOOP\r\nMAIL FROM:<>", "NOOP\n", "NOOP\r"])
def test_a_command_cannot_smuggle_another(line: str) -> None:
    async def say(dialogue: Dialogue) -> None:
        await dialogue.greeting()
        with pytest.raises(ValueError, match="one line"):
            await dialogue.command(line)

    _, peer = talk(None, say)
    assert peer.commands() == ["QUIT"]


def test_454_to_starttls_is_an_observation() -> None:
    async def say(dialogue: Dialogue) -> Reply:
        await dialogue.greeting()
        await dialogue.ehlo()
        return await dialogue.starttls()

    reply, peer = talk(SMTPBehaviour(starttls="454"), say)
    assert (reply.code, reply.enhanced) == (454, "4.7.0")
    assert peer.commands()[-1] == "QUIT"


def test_5yz_greeting_is_an_observation_and_4yz_is_a_request_to_come_back() -> None:
    async def say(dialogue: Dialogue) -> Reply:
        return await dialogue.greeting()

    reply, peer = talk(SMTPBehaviour(greeting_code=554, greeting=("no mail here",)), say)
    assert reply.permanent
    assert peer.commands() == ["QUIT"]
    with pytest.raises(Throttled) as caught:
        talk(SMTPBehaviour(greeting_code=450), say)
    assert any("450 mx.example" in line for line in caught.value.evidence)


def test_implicit_tls_comes_before_the_greeting() -> None:
    async def say(dialogue: Dialogue) -> Reply:
        return await dialogue.greeting()

    reply, peer = talk(SMTPBehaviour(implicit_tls=True), say, implicit_tls=True)
    assert reply.code == 220
    assert [(one.tls, one.command) for one in peer.heard] == [(True, "QUIT")]


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])
def test_the_dialogue_speaks_every_version_that_python_has(version: str) -> None:
    async def say(dialogue: Dialogue) -> TLSSession:
        await dialogue.greeting()
        await dialogue.ehlo()
        await dialogue.starttls()
        return await dialogue.handshake()

    behaviour = SMTPBehaviour(
        tls_from=version,  # type: ignore[arg-type]
        tls_to=version,  # type: ignore[arg-type]
        certificate=CertificateSpec(issuer="self", not_after_days=-3),
    )
    session, _ = talk(behaviour, say)
    assert session.version == version


def test_injected_command_is_discarded_by_a_right_server_and_executed_by_a_wrong_one() -> None:
    async def say(dialogue: Dialogue) -> bytes:
        await dialogue.greeting()
        await dialogue.ehlo()
        await dialogue.starttls(b"NOOP\r\n")
        await dialogue.handshake()
        return await dialogue.listen(0.2)

    heard, _ = talk(SMTPBehaviour(), say)
    assert heard == b""
    heard, peer = talk(SMTPBehaviour(starttls="injectable"), say)
    assert heard == b"250 2.0.0 Ok\r\n"
    assert (peer.heard[-1].tls, peer.heard[-1].command) == (True, "NOOP")


def test_early_talk() -> None:
    async def say(dialogue: Dialogue) -> Reply:
        await dialogue.send(b"EHLO early.example\r\n")
        return await dialogue.greeting()

    refused, _ = talk(SMTPBehaviour(greeting_delay=0.1, early_talk="refused"), say)
    assert refused.code == 554
    tolerated, peer = talk(SMTPBehaviour(greeting_delay=0.1), say)
    assert tolerated.code == 220
    assert peer.commands()[0] == "EHLO early.example"


def test_listening_before_a_delayed_greeting_hears_nothing() -> None:
    async def say(dialogue: Dialogue) -> tuple[bytes, Reply]:
        return await dialogue.listen(0.05), await dialogue.greeting()

    (heard, greeting), _ = talk(SMTPBehaviour(greeting_delay=0.2), say)
    assert heard == b""
    assert greeting.code == 220


def test_connect_map_and_count_of_connections() -> None:
    async def run() -> tuple[Hosts, SMTPPeer]:
        async with served() as (peer, address, port):
            settings = NetSettings(limits=QUICK, connect={"192.0.2.25:25": SocketAddress(address, port)})
            hosts = Hosts(QUICK)
            async with SMTPClient(settings, hosts).connect("192.0.2.25", 25, host=HOST) as dialogue:
                await dialogue.greeting()
            return hosts, peer

    hosts, peer = asyncio.run(run())
    assert dict(hosts.connections) == {"192.0.2.25": 1}
    assert peer.connections == 1


def test_refused_connection() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]

        async def run() -> None:
            async with client().connect("127.0.0.1", port, host=HOST):
                raise AssertionError("connected")

        with pytest.raises(Refused) as caught:
            asyncio.run(run())
    assert "connecting to 127.0.0.1" in caught.value.evidence[0]


def test_an_address_that_is_none_is_not_observed() -> None:
    async def run() -> None:
        async with client().connect("192.0.2.256.invalid.", 25, host=HOST):
            raise AssertionError("connected")

    with pytest.raises(NotObserved):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("relay", "recipient"),
    [
        ("open", "x@elsewhere.test"),
        ("percent", "x%elsewhere.test@example"),
        ("source-route", "@example:x@elsewhere.test"),
        ("bang", "elsewhere.test!x"),
        ("quoted", '"x@elsewhere.test"'),
        ("quoted", '"x@elsewhere.test"@example'),
        ("null-sender", "x@elsewhere.test"),
    ],
)
def test_mock_relays_accept_their_own_form_only(relay: str, recipient: str) -> None:
    async def say(dialogue: Dialogue) -> tuple[Reply, Reply]:
        await dialogue.greeting()
        await dialogue.ehlo()
        await dialogue.command(f"MAIL FROM:<{'' if relay == 'null-sender' else 'a@b.test'}>")
        return await dialogue.command(f"RCPT TO:<{recipient}>"), await dialogue.command("RCPT TO:<no@example>")

    (accepted, unknown), _ = talk(SMTPBehaviour(relay=relay), say)  # type: ignore[arg-type]
    assert accepted.code == 250
    assert unknown.code == 550
    (refused, _), _ = talk(SMTPBehaviour(), say)
    assert refused.code == 550


def test_peer_certificates_come_from_the_authority() -> None:
    issued = authority().issue((HOST,), CertificateSpec(issuer="foreign-root-sent"))
    assert len(issued.chain) == 3


def test_a_refused_connection_is_told_in_plain_words() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, and nobody listens

        async def open_it() -> None:
            async with client().connect(*held.getsockname(), host=HOST):
                pass

        with pytest.raises(RefusedByAddress, match=r"^no connection to 127\.0\.0\.1:\d+: connection refused$"):
            asyncio.run(open_it())
