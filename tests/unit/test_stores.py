"""Dialogues with mail stores, right and wrong ones, and what they say that they can do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mailproof.fixtures.store_peer import StoreBehaviour, StorePeer
from mailproof.grammars.store_capabilities import imap_capabilities, pop3_capabilities, sieve_capabilities
from mailproof.net.errors import ClosedEarly, NotAvailable, NotObserved, TimedOut
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations import Observation
from mailproof.observations.services import ClearTextLogin, StoreInjection, StoreSession
from mailproof.probes.services import clear_text_login, store_injection, store_session
from mailproof.targets.services import IMAPEndpoint, POP3Endpoint, SieveEndpoint, StoreEndpoint
from tests.unit.smtp_world import IMPATIENT, PATIENT, authority

ADDRESS = "192.0.2.143"
PORTS = {"imap": (IMAPEndpoint, 143, 993), "pop3": (POP3Endpoint, 110, 995), "sieve": (SieveEndpoint, 4190, 4190)}
PROTOCOLS = tuple(PORTS)


def look(probe: Any, *, active: bool = True, impatient: bool = False, **fields: Any) -> tuple[Any, StorePeer]:
    """What ``probe`` sees of a store that behaves so, and the store."""
    behaviour = StoreBehaviour(host="mail.example", **fields)
    kind, in_clear, at_once = PORTS[behaviour.protocol]
    port = at_once if behaviour.implicit_tls else in_clear
    endpoint = kind("mail.example", ADDRESS, port, active=active)
    limits = IMPATIENT if impatient else PATIENT

    async def run() -> tuple[Observation, StorePeer]:
        peer = StorePeer(behaviour, authority())
        where = await peer.start()
        net = Network(NetSettings(limits=limits, connect={f"{ADDRESS}:{port}": where}))
        seen: dict[StoreEndpoint, StoreSession] = {}

        async def ask(_: Any, target: StoreEndpoint) -> StoreSession:
            if target not in seen:
                seen[target] = await store_session(target, net)
            return seen[target]

        try:
            found = await (probe(endpoint, net) if probe is store_session else probe(endpoint, net, ask))
            return found, peer
        finally:
            await peer.stop()
            await net.close()

    return asyncio.run(run())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_right_store(protocol: str) -> None:
    session, peer = look(store_session, protocol=protocol)
    assert session.told().starttls
    assert session.told().readable == ()
    assert session.tls is not None
    assert (session.mechanisms_in_tls, session.ended) == (("PLAIN",), "")
    assert peer.connections == 1
    assert peer.heard[-1].split()[-1] in ("LOGOUT", "QUIT")
    assert any("TLS established" in line for line in session.evidence())


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_tls_at_once(protocol: str) -> None:
    session, _ = look(store_session, protocol=protocol, implicit_tls=True)
    assert session.mechanisms_in_tls == ("PLAIN",)
    assert session.starttls is None


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("starttls", "offered", "ok"), [("absent", False, None), ("refused", True, False)])
def test_no_starttls(protocol: str, starttls: str, offered: bool, ok: bool | None) -> None:
    session, _ = look(store_session, protocol=protocol, starttls=starttls)
    assert session.told().starttls is offered
    assert (session.starttls.ok if session.starttls else None) is ok
    assert session.mechanisms_in_tls is None


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("starttls", "heard"), [("right", False), ("injectable", True), ("refused", False)])
def test_an_injected_command(protocol: str, starttls: str, heard: bool) -> None:
    seen, peer = look(store_injection, protocol=protocol, starttls=starttls)
    assert isinstance(seen, StoreInjection)
    assert seen.offered
    assert bool(seen.heard_in_tls) is heard, seen.evidence()
    assert peer.connections == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_is_injected_where_no_tls_is_offered(protocol: str) -> None:
    seen, peer = look(store_injection, protocol=protocol, starttls="absent")
    assert (seen.offered, peer.connections) == (False, 1)


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
@pytest.mark.parametrize(
    ("passwords", "active", "connections"),
    [("refused", True, 2), ("tried", True, 2), ("refused", False, 1), ("offered", True, 1)],
)
def test_a_login_before_tls_is_tried_once_with_consent(
    protocol: str, passwords: str, active: bool, connections: int
) -> None:
    seen, peer = look(clear_text_login, protocol=protocol, passwords=passwords, active=active)
    assert isinstance(seen, ClearTextLogin)
    assert peer.connections == connections
    assert (seen.reply is not None) is (connections == 2)
    logins = [line for line in peer.heard if "LOGIN " in line or "USER" in line]
    assert len(logins) == connections - 1
    assert all("mailproof-" in line for line in logins)
    if passwords == "tried":
        assert "AUTH" in str(seen.reply)


@pytest.mark.parametrize(("passwords", "taken"), [("listed", False), ("offered", True)])
def test_user_alone_is_no_login(passwords: str, taken: bool) -> None:
    seen, peer = look(clear_text_login, protocol="pop3", passwords=passwords, mechanisms=(), active=False)
    assert seen.user.ok is taken
    assert not any(line.startswith("PASS") for line in peer.heard)


def test_a_session_that_ends_at_a_login_is_a_refusal() -> None:
    seen, _ = look(clear_text_login, fault="closes at login")
    assert seen.reply is None


def test_a_closed_port_takes_no_password() -> None:
    async def run() -> ClearTextLogin:
        net = Network(NetSettings(limits=PATIENT, connect={f"{ADDRESS}:143": (await _closed())}))
        endpoint = IMAPEndpoint("mail.example", ADDRESS, 143, active=True)

        async def ask(_: Any, target: StoreEndpoint) -> StoreSession:
            return await store_session(target, net)

        try:
            return await clear_text_login(endpoint, net, ask)
        finally:
            await net.close()

    async def _closed() -> Any:
        peer = StorePeer(StoreBehaviour(), authority())
        where = await peer.start()
        await peer.stop()
        return where

    seen = asyncio.run(run())
    assert seen.session is None
    assert any("refused" in line for line in seen.evidence())


@pytest.mark.parametrize(
    ("fault", "ended"),
    [
        ("endless line", "a line of more than 8192 octets"),
        ("endless lines", "more than 100 lines instead of a reply"),
        ("another tag", "a reply with the tag of another command: a99 OK"),
        ("full", "the server opens with"),
    ],
)
def test_hostile_stores_are_bounded(fault: str, ended: str) -> None:
    session, _ = look(store_session, fault=fault)
    assert session.ended.startswith(ended)
    with pytest.raises(NotAvailable):
        session.told()
    assert len("".join(session.evidence())) < 64 * 1024


@pytest.mark.parametrize(("fault", "failure"), [("close", ClosedEarly), ("silence", TimedOut)])
def test_what_cannot_be_heard_is_typed(fault: str, failure: type[NotObserved]) -> None:
    with pytest.raises(failure) as raised:
        look(store_session, fault=fault, impatient=True)
    assert raised.value.evidence


def test_a_store_without_a_list() -> None:
    session, _ = look(store_session, protocol="pop3", fault="no list")
    assert session.capabilities is None


def test_an_injection_that_hangs_is_no_finding() -> None:
    with pytest.raises(NotObserved):
        look(store_injection, fault="endless lines")


@pytest.mark.parametrize(
    ("lines", "starttls", "readable"),
    [
        (["* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED"], True, ()),
        (["* capability imap4rev1 auth=plain"], False, ("a command with the password", "SASL PLAIN")),
        (["* CAPABILITY IMAP4rev2 LOGINDISABLED AUTH=SCRAM-SHA-256 AUTH=LOGIN"], False, ("SASL LOGIN",)),
    ],
)
def test_capabilities_of_imap(lines: list[str], starttls: bool, readable: tuple[str, ...]) -> None:
    found = imap_capabilities(lines)
    assert found is not None
    assert (found.starttls, found.readable) == (starttls, readable)


def test_capabilities_of_pop3_and_sieve() -> None:
    found = pop3_capabilities(["TOP", "STLS", "SASL PLAIN SCRAM-SHA-1", ""])
    assert found is not None
    assert (found.starttls, found.mechanisms, found.passwords) == (True, ("PLAIN", "SCRAM-SHA-1"), False)
    sieve = sieve_capabilities(['"IMPLEMENTATION" "x \\" y"', '"SASL" "PLAIN LOGIN"', '"STARTTLS"', "", '"'])
    assert sieve is not None
    assert (sieve.starttls, sieve.mechanisms, sieve.passwords) == (True, ("PLAIN", "LOGIN"), False)
    assert sieve_capabilities(["nonsense"]) is None
    assert imap_capabilities(["* OK"]) is None
