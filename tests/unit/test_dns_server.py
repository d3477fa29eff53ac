"""The offline DNS server on its sockets, asked with dnspython alone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

import dns.asyncquery
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproof.fixtures.dns_responder import Behaviour, Fault
from mailproof.fixtures.dns_server import DNSServer
from mailproof.fixtures.dns_signing import SignedZone
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.settings import SocketAddress

ROOT = "@ 60 SOA a.nic. h. 1 2 3 4 5\n@ 60 NS a.nic.\na.nic. 60 A 192.0.2.1\n"
ZONE = """$TTL 60
@ SOA ns h 1 2 3 4 5
@ NS ns
ns A 192.0.2.53
@ MX 10 ns
big TXT "%s" "%s" "%s" "%s" "%s" "%s"
""" % (("x" * 250,) * 6)


def zone(name: str = "example.com") -> dns.zone.Zone:
    return parse_zone(name, ZONE)


Result = TypeVar("Result")


def serve(server: DNSServer, work: Callable[[SocketAddress], Awaitable[Result]], address: str = "127.0.0.1") -> Result:
    async def main() -> Result:
        where = await server.start(address)
        try:
            return await work(where)
        finally:
            await server.stop()

    return asyncio.run(main())


def query(name: str, type_: str, **options: object) -> dns.message.QueryMessage:
    return dns.message.make_query(name, type_, **options)  # type: ignore[arg-type]


def over_udp(server: DNSServer, asked: dns.message.Message) -> dns.message.Message:
    return serve(server, lambda at: dns.asyncquery.udp(asked, at.address, port=at.port, timeout=300))


def over_tcp(server: DNSServer, asked: dns.message.Message) -> dns.message.Message:
    return serve(server, lambda at: dns.asyncquery.tcp(asked, at.address, port=at.port, timeout=300))


@pytest.mark.parametrize("over", [over_udp, over_tcp])
def test_it_answers_and_keeps_count(
    over: Callable[[DNSServer, dns.message.Message], dns.message.Message],
) -> None:
    server = DNSServer([zone()])
    response = over(server, query("EXAMPLE.com", "MX"))
    assert response.answer[0][0].to_text().lower() == "10 ns.example.com."
    assert server.asked == [("example.com", "MX")]


def test_it_listens_on_ipv6_too() -> None:
    async def ask(at: SocketAddress) -> dns.message.Message:
        return await dns.asyncquery.udp(query("example.com", "MX"), at.address, port=at.port, timeout=300)

    try:
        assert serve(DNSServer([zone()]), ask, "::1").answer
    except OSError:
        pytest.skip("no IPv6 loopback here")


def test_many_questions_go_over_one_connection_and_can_wait_in_it() -> None:
    async def ask(at: SocketAddress) -> list[int]:
        reader, writer = await asyncio.open_connection(at.address, at.port)
        ids = []
        for _ in range(3):
            wire = query("example.com", "MX").to_wire()
            ids.append(int.from_bytes(wire[:2], "big"))
            writer.write(len(wire).to_bytes(2, "big") + wire)
        replies = []
        for _ in range(3):
            reply = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            replies.append(dns.message.from_wire(reply).id)
        assert replies == ids
        writer.close()
        return replies

    assert len(serve(DNSServer([zone()]), ask)) == 3


@pytest.mark.parametrize(("payload", "truncated"), [(-1, True), (1232, True), (512, True)])
def test_what_does_not_fit_into_a_datagram_is_truncated(payload: int, truncated: bool) -> None:
    asked = query("big.example.com", "TXT", use_edns=payload >= 0, payload=max(payload, 0))
    response = over_udp(DNSServer([zone()]), asked)
    assert bool(response.flags & dns.flags.TC) is truncated
    assert not response.answer
    assert over_tcp(DNSServer([zone()]), asked).answer


def test_a_resolver_sets_ad_for_secure_zones_where_asked_to() -> None:
    def resolver() -> DNSServer:
        return DNSServer(
            [zone(), zone("example.net"), parse_zone(".", ROOT)],
            recursive=True,
            secure={"example.com", "."},
            bogus={"bogus.test"},
        )

    def ad(asked: dns.message.Message) -> bool:
        return bool(over_udp(resolver(), asked).flags & dns.flags.AD)

    assert ad(query("example.com", "MX", want_dnssec=True))
    assert ad(query("example.com", "MX", flags=dns.flags.RD | dns.flags.AD))
    assert ad(query("none.example.com", "MX", want_dnssec=True))
    assert ad(query("none", "MX", want_dnssec=True))
    assert not ad(query("example.com", "MX"))
    assert not ad(query("example.net", "MX", want_dnssec=True))


def test_ad_is_not_set_when_the_chain_leaves_the_secure_zones() -> None:
    leaving = parse_zone("example.com", ZONE + "out CNAME ns.example.net.\nlost CNAME nowhere.invalid.\n")
    for name in ("out.example.com", "lost.example.com"):
        server = DNSServer([leaving, zone("example.net")], recursive=True, secure={"example.com"})
        assert not over_udp(server, query(name, "A", want_dnssec=True)).flags & dns.flags.AD


def test_a_bogus_zone_is_servfail_with_ede_6_unless_checking_is_disabled() -> None:
    def server() -> DNSServer:
        return DNSServer([zone()], recursive=True, bogus={"Example.COM."})

    response = over_udp(server(), query("example.com", "MX", want_dnssec=True))
    assert response.rcode() == dns.rcode.SERVFAIL
    (error,) = response.options
    assert isinstance(error, dns.edns.EDEOption)
    assert error.code == dns.edns.EDECode.DNSSEC_BOGUS
    checked = query("example.com", "MX", flags=dns.flags.RD | dns.flags.CD)
    assert over_udp(server(), checked).answer


def test_signatures_come_with_do_only() -> None:
    signed = SignedZone(zone())
    with_do = over_udp(DNSServer([signed.zone]), query("example.com", "MX", want_dnssec=True))
    assert [rrset.rdtype for rrset in with_do.answer] == [dns.rdatatype.MX, dns.rdatatype.RRSIG]
    without = over_udp(DNSServer([signed.zone]), query("example.com", "MX"))
    assert [rrset.rdtype for rrset in without.answer] == [dns.rdatatype.MX]


def misbehaving(fault: Fault) -> DNSServer:
    return DNSServer([zone()], behaviour={"example.com MX": Behaviour(fault)})


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.REFUSED])
def test_an_rcode_on_demand_for_one_name_and_type_only(fault: Fault) -> None:
    response = over_udp(misbehaving(fault), query("example.com", "MX"))
    assert dns.rcode.to_text(response.rcode()) == fault.value
    assert over_udp(misbehaving(fault), query("example.com", "SOA")).rcode() == dns.rcode.NOERROR


def test_faults_on_the_wire() -> None:
    asked = query("example.com", "MX")
    assert not over_udp(misbehaving(Fault.LAME), asked).flags & dns.flags.AA
    assert over_udp(misbehaving(Fault.TRUNCATION), asked).flags & dns.flags.TC
    assert over_tcp(misbehaving(Fault.TRUNCATION), asked).answer
    assert over_tcp(misbehaving(Fault.TRUNCATION_EVERYWHERE), asked).flags & dns.flags.TC
    for fault in (Fault.GARBAGE, Fault.WRONG_ID, Fault.WRONG_QUESTION):
        with pytest.raises(dns.exception.DNSException):
            over_tcp(misbehaving(fault), asked)
    with pytest.raises(EOFError):
        over_tcp(misbehaving(Fault.CLOSE), asked)


def test_stopping_drops_delayed_answers_and_open_connections() -> None:
    server = DNSServer([zone()], behaviour={"*": Behaviour(delay=60)})

    async def main() -> bytes:
        at = await server.start()
        reader, writer = await asyncio.open_connection(at.address, at.port)
        wire = query("example.com", "MX").to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(wire, (at.address, at.port))
            await server.heard(2)
        await server.stop()
        await server.stop()
        rest = await reader.read()
        writer.close()
        return rest

    assert asyncio.run(main()) == b""


def test_without_tcp_connections_are_refused() -> None:
    with pytest.raises(ConnectionRefusedError):
        over_tcp(DNSServer([zone()], tcp=False), query("example.com", "MX"))


@settings(max_examples=200, deadline=None)
@given(wire=st.binary(max_size=64) | st.binary(max_size=32).map(lambda rest: bytes(4) + b"\0\1" + rest))
def test_any_octets_get_a_form_error_or_nothing(wire: bytes) -> None:
    reply, delay = DNSServer([])._reply_to(wire, over_tcp=False)
    assert delay == 0
    if reply is not None:
        assert reply[:2] == wire[:2]
        assert reply[2] & 0x80
