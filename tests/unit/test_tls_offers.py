"""What is asked of a server in each depth: how many connections that takes, and what is not asked or not answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from mailproof.fixtures.listener import Listener, ServerStream
from mailproof.net.errors import BoundReached, ClosedEarly, NotAvailable, NotObserved, Refused, Throttled, TimedOut
from mailproof.net.hosts import Hosts
from mailproof.net.settings import Limits, NetSettings, TLSDepth
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.offers import MOST, Offers, ask_offers
from mailproof.net.tls.suites import OLD_SUITES, USUAL_SUITES, suite
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import TLSOffers
from tests.unit.smtp_world import HOST, QUICK
from tests.unit.test_hellos import hello, record

ALERT = b"\x15\x03\x01\x00\x02\x02\x28"
ONCE = replace(QUICK, retries=0)

Serve = Callable[[ServerStream, bytes, int], Awaitable[None]]
"""What a server does with a connection, the hello that it got there, and the number of the connection."""


def asked(
    serve: Serve, limits: Limits = ONCE, starttls: str | None = None, *, spoken: bool = False
) -> tuple[Offers, int]:
    """What the server is found to take, and how many connections it saw."""

    async def run() -> tuple[Offers, int]:
        async def talk(stream: ServerStream, number: int) -> None:
            if starttls:
                stream.write(b"+OK ready\r\n")
                await stream.read_line(100)
                stream.write(b"+OK go ahead\r\n")
            await serve(stream, await stream.read_some(16_384), number)

        listener = Listener(talk)
        where = await listener.start()
        try:
            endpoint = TLSPeer(where.address, where.port, HOST, starttls)
            hosts = Hosts(limits)
            found = await ask_offers(NetSettings(limits=limits), hosts, endpoint, spoken=spoken)
            assert found.connections == listener.connections == hosts.connections[where.address]
            return found, listener.connections
        finally:
            await listener.stop()

    return asyncio.run(run())


def version_of(octets: bytes) -> TLSVersion:
    """The newest version that a hello offers."""
    if octets[0] & 0x80:
        return TLSVersion.SSLV2
    if b"\x00\x2b\x00\x03\x02\x03\x04" in octets:
        return TLSVersion.TLS1_3
    return next(version for version in TLSVersion if version.number == int.from_bytes(octets[9:11]))


def suites_of(octets: bytes) -> list[int]:
    """The suites of a hello of SSL 3.0 to TLS 1.3."""
    at = 44 + octets[43]
    length = int.from_bytes(octets[at : at + 2])
    return [int.from_bytes(octets[place : place + 2]) for place in range(at + 2, at + 2 + length, 2)]


def taking(**answers: bytes) -> Serve:
    """Answers hellos by the name of their version; all others get an alert."""

    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        stream.write(answers.get(version_of(octets).name, ALERT))

    return serve


async def nothing(stream: ServerStream, octets: bytes, number: int) -> None:
    stream.write(ALERT)


def test_a_server_that_takes_nothing_gets_a_hello_for_every_version() -> None:
    found, count = asked(nothing)
    assert [h.version for h in found.versions] == list(TLSVersion)
    assert not any(h.accepted for h in found.versions)
    assert {h.error for h in found.versions} == {"alert handshake failure"}
    assert (found.weak, found.traits, found.hybrid, found.unanswered) == ((), None, "", ())
    assert count == 8  # TLS 1.2 takes two (the usual suites, all others), and TLS 1.3 (without a key, with one)


RETRY = hello(
    0x0304,
    0x1302,
    random=bytes.fromhex("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C"),
    supported_versions=b"\x03\x04",
    key_share=b"\x11\xec",
)

BROKE = b"\x15\x03\x01\x00\x02\x02\x50"
"""The alert of OpenSSL where the version that it chose has nothing that its security level allows."""


@pytest.mark.parametrize(("always", "asked_for_older"), [(True, 0), (False, 1)])
def test_an_internal_error_over_all_old_versions_is_their_refusal_if_it_comes_twice(
    always: bool, asked_for_older: int
) -> None:
    seen: list[TLSVersion] = []

    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        version = version_of(octets)
        seen.append(version)
        broken = version is TLSVersion.TLS1_1 and (always or seen.count(version) == 1)
        stream.write(record(RETRY) if version is TLSVersion.TLS1_3 else BROKE if broken else ALERT)

    found, _ = asked(serve)
    assert found.unanswered == ()
    assert [h.version for h in found.versions if h.accepted] == [TLSVersion.TLS1_3]
    assert seen.count(TLSVersion.TLS1_1) == 2
    assert seen.count(TLSVersion.TLS1_0) == asked_for_older


@pytest.mark.parametrize(
    ("depth", "answer", "asked_for"),
    [(TLSDepth.USUAL, record(RETRY), 0), (TLSDepth.USUAL, ALERT, 1), (TLSDepth.FULL, record(RETRY), 1)],
)
def test_who_speaks_tls_1_3_is_asked_for_ssl_2_in_the_full_depth_alone(
    depth: TLSDepth, answer: bytes, asked_for: int
) -> None:
    seen: list[TLSVersion] = []

    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        seen.append(version_of(octets))
        stream.write(answer if seen[-1] is TLSVersion.TLS1_3 else ALERT)

    found, _ = asked(serve, replace(ONCE, tls_depth=depth))
    assert seen.count(TLSVersion.SSLV2) == asked_for
    (of_ssl_2,) = [h for h in found.versions if h.version is TLSVersion.SSLV2]
    assert (of_ssl_2.accepted, (of_ssl_2.error or "").startswith("not asked")) == (False, not asked_for)


def test_the_group_that_a_retry_names_is_the_servers() -> None:
    found, count = asked(taking(TLS1_3=record(RETRY)))
    assert [h.version for h in found.versions if h.accepted] == [TLSVersion.TLS1_3]
    assert (found.hybrid, found.group) == ("X25519MLKEM768", "X25519MLKEM768")
    assert count == 7  # without a name as well


def test_who_prefers_another_group_is_asked_for_hybrids_alone() -> None:
    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        wants_more = b"\x00\x0a\x00\x08\x00\x06\x11\xec\x11\xeb\x11\xed" not in octets
        stream.write(record(RETRY[:-2] + (b"\x00\x1d" if wants_more else b"\x11\xeb")))

    found, _ = asked(serve)
    assert found.hybrid == "SecP256r1MLKEM768"


def test_a_server_that_cannot_read_an_empty_key_share_gets_a_key() -> None:
    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        empty = b"\x00\x33\x00\x02\x00\x00" in octets
        decode_error = b"\x15\x03\x01\x00\x02\x02\x32"
        stream.write(decode_error if empty else record(hello(0x0304, 0x1301, supported_versions=b"\x03\x04")))

    found, _ = asked(serve, replace(ONCE, tls_depth=TLSDepth.FULL))
    assert TLSVersion.TLS1_3 in [h.version for h in found.versions if h.accepted]
    assert (found.hybrid, found.groups) == (None, None)  # and not: none
    unanswered = {entry.question for entry in found.unanswered}
    assert unanswered == {"post-quantum groups", "group of TLS 1.3", "groups of TLS 1.3"}


def test_usual_does_not_ask_what_full_finds_absent() -> None:
    usual, _ = asked(nothing)
    full, _ = asked(nothing, replace(ONCE, tls_depth=TLSDepth.FULL))
    assert (usual.depth, full.depth) == (TLSDepth.USUAL, TLSDepth.FULL)
    for name in ("suites", "groups", "curves", "schemes_12", "schemes_13", "diffie_hellman", "alpn"):
        assert getattr(usual, name) is None
        assert getattr(full, name) == ()


def choosing(*, own_order: bool) -> Serve:
    """A TLS 1.2 server of three suites, which chooses by its own order or by the client's."""
    mine = [0xC02F, 0x009E, 0x0033]

    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        common = [] if version_of(octets) is not TLSVersion.TLS1_2 else [n for n in suites_of(octets) if n in mine]
        chosen = min(common, key=mine.index, default=None) if own_order else next(iter(common), None)
        stream.write(ALERT if chosen is None else record(hello(0x0303, chosen)) + ALERT)

    return serve


@pytest.mark.parametrize("own_order", [True, False])
def test_suites_in_the_order_in_which_the_server_chooses(own_order: bool) -> None:
    found, _ = asked(choosing(own_order=own_order), replace(ONCE, tls_depth=TLSDepth.FULL))
    assert found.suites is not None
    (listed,) = found.suites
    names = [suite(number).name for number in (0xC02F, 0x009E, 0x0033)]
    assert (list(listed.suites), listed.server_order) == (names, own_order)


def test_the_best_suites_may_be_equal_in_an_order_of_the_servers_own() -> None:
    """BoringSSL's groups of equal suites: which of the best a server takes says nothing about those out of date."""
    best, dated = (0xCCA8, 0xC02F), (0xC013, 0x002F)

    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        offered = suites_of(octets) if version_of(octets) is TLSVersion.TLS1_2 else []
        chosen = next((n for n in offered if n in best), None) or next((n for n in dated if n in offered), None)
        stream.write(ALERT if chosen is None else record(hello(0x0303, chosen)) + ALERT)

    found, _ = asked(serve, replace(ONCE, tls_depth=TLSDepth.FULL))
    assert found.suites is not None
    assert found.suites[0].suites == tuple(suite(number).name for number in (*best, *dated))
    assert found.suites[0].server_order


def test_any_refusal_of_a_fallback_or_of_another_protocol_counts() -> None:
    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        version = version_of(octets)
        spoken = version in (TLSVersion.TLS1_1, TLSVersion.TLS1_2) and 0xC013 in suites_of(octets)
        refused = 0x5600 in suites_of(octets) if spoken else True
        stream.write(ALERT if refused or b"http/1.1" in octets else record(hello(version.number, 0xC013)) + ALERT)

    found, _ = asked(serve, replace(ONCE, tls_depth=TLSDepth.FULL))
    assert found.fallback_refused
    assert [entry.refused for entry in found.alpn or ()] == [True]


@pytest.mark.parametrize("depth", TLSDepth)
def test_the_worst_server_meets_no_bound(depth: TLSDepth) -> None:
    """It takes every old suite, hangs up on all else, and chooses in an order of its own."""

    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        version = version_of(octets)
        if version not in (TLSVersion.SSLV2, TLSVersion.TLS1_3):
            offered = [n for n in suites_of(octets) if n in OLD_SUITES and n not in USUAL_SUITES]
            if offered:
                stream.write(record(hello(version.number, max(offered))) + ALERT)

    found, count = asked(serve, replace(ONCE, tls_depth=depth))
    assert found.unanswered == ()
    assert count <= MOST[depth]
    assert {h.cipher is not None for h in found.weak or ()} == {True}


def test_a_server_that_never_chooses_what_is_offered_meets_a_bound_at_most() -> None:
    found, count = asked(taking(TLS1_2=record(hello(0x0303, 0xFFFE)) + ALERT), replace(ONCE, tls_depth=TLSDepth.FULL))
    assert count <= MOST[TLSDepth.FULL]
    assert {h.accepted for h in found.weak or ()} == {False}


def test_what_one_hello_does_not_get_answered_leaves_the_others_alone() -> None:
    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        if version_of(octets) is TLSVersion.SSLV3:
            await asyncio.sleep(60)
        stream.write(ALERT)

    found, _ = asked(serve, replace(ONCE, tls=0.2))
    seen = TLSOffers("mx", True, found)
    assert not seen.version(TLSVersion.TLS1_0).accepted
    with pytest.raises(TimedOut, match="no end of the TLS handshake") as caught:
        seen.version(TLSVersion.SSLV3)
    assert any("the TLS hello is due" in line for line in caught.value.evidence)
    assert [entry.question for entry in found.unanswered] == [
        *("SSLv3", "traits", "weak suites", "suites out of date", "signatures over SHA-1", "a hello without a name"),
    ]


async def _turn_away(stream: ServerStream, octets: bytes, number: int) -> None:
    stream.write(b"421 too many\r\n" if number in (3, 4) else ALERT)


def test_who_is_turned_away_stops_and_comes_back_later() -> None:
    found, count = asked(_turn_away, ONCE)
    assert [h.version for h in found.versions] == [TLSVersion.TLS1_3]
    assert {entry.kind for entry in found.unanswered} == {"throttled"}
    assert count == 4  # TLS 1.3, TLS 1.2 with the first of its two hellos, and TLS 1.1
    found, count = asked(_turn_away, replace(QUICK, retries=2))
    assert len(found.versions) == len(TLSVersion)
    assert found.unanswered == ()
    assert count == 9


@pytest.mark.parametrize(
    ("starttls", "talk", "failure"),
    [
        (None, b"421 later\r\n", Throttled),
        (None, b"", ClosedEarly),
        ("pop3", b"", None),
    ],
)
def test_a_server_that_answers_no_hello(starttls: str | None, talk: bytes, failure: type[NotObserved] | None) -> None:
    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        stream.write(talk)

    if failure is None:
        found, _ = asked(serve, starttls=starttls)
        assert {h.error for h in found.versions} == {"the server closed the connection"}
    else:
        with pytest.raises(failure):
            asked(serve, starttls=starttls)


_AES_GCM, _RC4, _DHE = 0xC02F, 0x0005, 0x0033


def hanging_up(*by_chance: int, takes: int = _AES_GCM, until: int = 1000) -> Serve:
    """Takes TLS 1.3, and TLS 1.2 with one or two suites; hangs up on all else, as Dovecot does.

    ``by_chance`` are connections on which it hangs up whatever the hello says, and so are all from ``until`` on.
    """

    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        if number in by_chance or number >= until:
            return
        if version_of(octets) is TLSVersion.TLS1_3:
            stream.write(record(RETRY))
        elif version_of(octets) is TLSVersion.TLS1_2:
            for chosen in {_AES_GCM, takes}.intersection(suites_of(octets)):
                stream.write(record(hello(0x0303, chosen)) + ALERT)

    return serve


def accepted(found: Offers) -> list[str]:
    """What is taken of what a right server refuses."""
    versions = [str(seen.version) for seen in found.versions if seen.accepted]
    weak = [seen.cipher or "" for seen in found.weak or () if seen.accepted]
    return versions + weak + [seen.cipher or "" for seen in found.dated or () if seen.accepted]


def test_a_server_that_hangs_up_in_place_of_alerts_is_believed_after_the_first_time() -> None:
    found, count = asked(hanging_up())
    assert accepted(found) == ["TLSv1.2", "TLSv1.3"]
    assert found.unanswered == ()
    assert count == 9  # TLS 1.1 and the weak suites twice


def test_who_hangs_up_by_chance_as_well_is_asked_twice() -> None:
    assert accepted(asked(hanging_up(6, takes=_RC4))[0]) == ["TLSv1.2", "TLSv1.3", "RC4-SHA"]
    found, _ = asked(hanging_up(3, 9, takes=_DHE))
    assert accepted(found) == ["TLSv1.2", "TLSv1.3", "DHE-RSA-AES128-SHA"]


@pytest.mark.parametrize("broken", [b"", b"\x15\x03\x01\x00\x02\x02\x50"], ids=["hangs up", "internal error"])
def test_a_server_without_a_prime_does_not_hide_its_other_suites(broken: bytes) -> None:
    """It chooses Diffie-Hellman before all that is not ECDHE, and has no group for it."""
    static = 0x002F

    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        suites = suites_of(octets) if version_of(octets) is TLSVersion.TLS1_2 else []
        taken = next((one for one in (_AES_GCM, _DHE, static) if one in suites), _DHE)
        stream.write(broken if taken == _DHE else record(hello(0x0303, taken)) + ALERT)

    for depth in TLSDepth:
        found, _ = asked(serve, replace(ONCE, tls_depth=depth))
        assert accepted(found) == ["TLSv1.2", "AES128-SHA"]
        assert [listed.suites for listed in found.suites or ()] in ([], [("ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA")])


def test_who_goes_away_is_not_believed_any_more() -> None:
    found, _ = asked(hanging_up(until=6))
    assert accepted(found) == ["TLSv1.2", "TLSv1.3"]
    assert {entry.question for entry in found.unanswered} >= {"weak suites", "suites out of date"}


def test_nobody_listens() -> None:
    async def run() -> None:
        await ask_offers(NetSettings(limits=ONCE), Hosts(ONCE), TLSPeer("127.0.0.1", 1, HOST, None))

    with pytest.raises(Refused):
        asyncio.run(run())


def test_the_bound_of_a_host_leaves_what_is_known() -> None:
    limits = replace(ONCE, connections_to_address=2)
    found, count = asked(nothing, limits)
    assert count == 2
    with pytest.raises(BoundReached):
        TLSOffers("mx", True, found).version(TLSVersion.SSLV2)


def test_without_tls_there_is_nothing_to_ask() -> None:
    seen = TLSOffers("mx", True, None)
    assert not seen.tls_offered
    assert seen.evidence() == ("mx: no STARTTLS in the EHLO reply",)
    with pytest.raises(NotAvailable):
        seen.version(TLSVersion.TLS1_2)


def test_a_server_that_has_spoken_tls_and_hangs_up_on_every_hello_has_stopped_answering() -> None:
    async def serve(stream: ServerStream, octets: bytes, number: int) -> None:
        """Hang up."""

    with pytest.raises(ClosedEarly, match="though it has spoken TLS before"):
        asked(serve, starttls="pop3", spoken=True)
