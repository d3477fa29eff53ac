"""The DNS client against real servers on loopback, well-behaved and hostile."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import struct
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import dns.flags
import dns.message
import dns.name
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mailproof.fixtures.dns_responder import Behaviour, Fault
from mailproof.fixtures.dns_server import DNSServer
from mailproof.fixtures.dns_signing import sign
from mailproof.net.dns.client import (
    MAX_ALIASES,
    Answer,
    DNSClient,
    ExtendedError,
    ResourceRecord,
    normalise,
    reverse_name,
    system_resolvers,
)
from mailproof.net.dns.messages import Question, read_answer
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.errors import (
    Bogus,
    ClosedEarly,
    LyingResolver,
    Malformed,
    NoResolver,
    NotAvailable,
    NotObserved,
    Refused,
    ServerFailure,
    TimedOut,
)
from mailproof.net.settings import DNSSECTrust, Limits, NetSettings, SocketAddress

Result = TypeVar("Result")

ROOT = "@ 60 SOA a.nic. h. 1 2 3 4 5\n@ 60 NS a.nic.\na.nic. 60 A 192.0.2.1\n"
ZONE = """$TTL 60
@ SOA NS.example.com. h 1 2 3 4 5
@ NS ns
@ MX 10 MX1
@ TXT "v=spf1 " "-all" "\\195\\164"
ns A 192.0.2.53
mx1 A 192.0.2.25
www CNAME web
web CNAME mx1
loop CNAME pool
pool CNAME loop
big TXT "%s" "%s" "%s" "%s" "%s" "%s"
_imap._tcp SRV 0 1 143 imap
null MX 0 .
""" % (("x" * 250,) * 6)
ZONE += "\n".join(f"c{i} CNAME c{i + 1}" for i in range(MAX_ALIASES + 1))

QUICK = Limits(dns=0.15, dns_tries=2)
PATIENT = Limits(dns=10, dns_tries=2)


def patience_with(fault: Fault | None, tries: int) -> Limits:
    """Short only where the deadline itself ends the wait, so that a busy machine changes no outcome."""
    return Limits(dns=0.5 if fault in (Fault.SILENCE, Fault.WRONG_ID) else 10, dns_tries=tries)


def zone(name: str = "example.com", extra: str = "") -> Any:
    return parse_zone(name, f"{ZONE}\n{extra}\n")


def session(
    work: Callable[[DNSClient], Awaitable[Result]], *servers: DNSServer, limits: Limits = PATIENT, **more: Any
) -> Result:
    """Run ``work`` with a client whose resolvers are ``servers``; nothing may be left open or running."""

    async def main() -> Result:
        try:
            resolvers = tuple([await server.start() for server in servers])
            async with DNSClient(NetSettings(resolvers=resolvers, limits=limits, **more)) as client:
                return await work(client)
        finally:
            for server in servers:
                await server.stop()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = asyncio.run(main())
        gc.collect()
    return result


def resolver(extra: str = "", **options: Any) -> DNSServer:
    return DNSServer([zone(extra=extra), parse_zone(".", ROOT)], recursive=True, **options)


def resolve(name: str, type_: str, *servers: DNSServer, **more: Any) -> Answer:
    return session(lambda dns: dns.resolve(name, type_), *(servers or (resolver(),)), **more)


def test_an_answer_has_the_records_in_one_spelling() -> None:
    answer = resolve("EXAMPLE.com.", "mx")
    assert (answer.name, answer.type, answer.rcode, answer.protocol) == (
        "example.com",
        "MX",
        "NOERROR",
        "udp",
    )
    assert answer.records == (ResourceRecord("example.com", 60, "MX", "10 MX1.example.com."),)
    assert answer.records[0].target == "mx1.example.com"
    assert answer.exists
    assert answer.recursion_available
    assert not any((answer.empty, answer.nonexistent, answer.authoritative, answer.authenticated))


def test_text_is_given_by_its_strings() -> None:
    (record,) = resolve("example.com", "TXT").records
    assert record.strings == ("v=spf1 ", "-all", "\xc3\xa4")
    assert record.text == "v=spf1 -all\xc3\xa4"


@pytest.mark.parametrize(
    ("name", "type_", "target"),
    [
        ("example.com", "NS", "ns.example.com"),
        ("example.com", "SOA", "ns.example.com"),
        ("www.example.com", "CNAME", "web.example.com"),
        ("_imap._tcp.example.com", "SRV", "imap.example.com"),
        ("null.example.com", "MX", "."),
        ("mx1.example.com", "A", ""),
    ],
)
def test_targets(name: str, type_: str, target: str) -> None:
    assert resolve(name, type_).records[0].target == target


def test_no_name_and_no_data_are_answers() -> None:
    answer = resolve("nothing.example.com", "A")
    assert answer.nonexistent
    assert not answer.exists
    assert answer.authority[0].type == "SOA"
    assert resolve("mx1.example.com", "AAAA").empty


def test_aliases_are_followed_in_order() -> None:
    answer = resolve("www.example.com", "A")
    assert answer.aliases == ("web.example.com", "mx1.example.com")
    assert [record.name for record in answer.records] == ["mx1.example.com"]


@pytest.mark.parametrize(("name", "word"), [("loop.example.com", "circle"), ("c0.example.com", "more than")])
def test_alias_loops_and_endless_chains_are_malformed(name: str, word: str) -> None:
    with pytest.raises(Malformed, match=word) as caught:
        resolve(name, "A")
    assert caught.value.evidence


def test_a_chain_of_the_permitted_length_is_followed() -> None:
    assert len(resolve("c1.example.com", "A").aliases) == MAX_ALIASES


def test_large_answers_come_over_tcp() -> None:
    server = resolver()
    answer = resolve("big.example.com", "TXT", server)
    assert answer.protocol == "tcp"
    assert len(answer.records[0].text) == 1500
    assert server.asked == [("big.example.com", "TXT")] * 2


def test_evidence_reads_like_dig() -> None:
    lines = resolve("www.example.com", "A", resolver(secure={"example.com"})).evidence()
    assert lines[0] == ";; question: www.example.com. IN A"
    assert lines[1].startswith(";; server: 127.0.0.1:")
    assert lines[2:] == (
        ";; status: NOERROR, flags: ra ad",
        "www.example.com. IN CNAME web.example.com.",
        "web.example.com. IN CNAME mx1.example.com.",
        "mx1.example.com. 60 IN A 192.0.2.25",
    )


def test_answers_survive_json() -> None:
    answer = resolve("example.com", "TXT")
    adapter = TypeAdapter(Answer)
    assert adapter.validate_json(adapter.dump_json(answer)) == answer


def test_a_server_failure_tells_the_extended_error() -> None:
    server = resolver(bogus={"example.com"})
    with pytest.raises(Bogus, match=r"example\.com MX does not validate: .* \(EDE 6 \(dnssec bogus\)") as caught:
        resolve("example.com", "MX", server)
    assert any("EDE 6" in line for line in caught.value.evidence)
    assert any("flags: ra cd" in line for line in caught.value.evidence)
    assert len(server.asked) == 2


def test_a_record_altered_after_signing_is_bogus_and_the_others_are_not() -> None:
    """RFC 4035, section 5.3: a failure with validation, an answer without."""
    server = resolver(behaviour={"example.com MX": Behaviour(Fault.BOGUS)})

    async def work(dns: DNSClient) -> None:
        assert (await dns.resolve("example.com", "TXT")).exists
        with pytest.raises(Bogus, match="SERVFAIL with validation, NOERROR without"):
            await dns.resolve("example.com", "MX")

    session(work, server)


def test_a_failure_with_and_without_validation_is_not_bogus() -> None:
    with pytest.raises(ServerFailure, match="answered SERVFAIL"):
        resolve("example.com", "MX", resolver(behaviour={"*": Behaviour(Fault.SERVFAIL)}))


@pytest.mark.parametrize(("times", "answered"), [(1, True), (2, True), (12, False)])
def test_a_single_resolver_that_fails_is_asked_again(times: int, answered: bool) -> None:
    server = resolver(behaviour={"example.com MX": Behaviour(Fault.SERVFAIL, times=times)})
    limits = patience_with(None, tries=3)
    if answered:
        assert resolve("example.com", "MX", server, limits=limits).exists
        assert len(server.asked) == times + 1
    else:
        with pytest.raises(ServerFailure):
            resolve("example.com", "MX", server, limits=limits)


@pytest.mark.parametrize("fault", [Fault.NXDOMAIN, Fault.EMPTY])
def test_a_resolver_that_denies_the_root_lies(fault: Fault) -> None:
    with pytest.raises(LyingResolver, match="of the root as well"):
        resolve("example.com", "MX", resolver(behaviour={"*": Behaviour(fault)}))


def test_a_resolver_that_knows_the_root_may_deny_names() -> None:
    server = resolver()
    assert resolve("gone.example.com", "MX", server).nonexistent
    assert server.asked[-1] == (".", "NS")


def test_no_such_name_with_records_of_it_is_malformed() -> None:
    server = resolver(behaviour={"example.com": Behaviour(Fault.NXDOMAIN_WITH_RECORDS)})
    with pytest.raises(Malformed, match="NXDOMAIN, and records"):
        resolve("example.com", "MX", server)
    alias = resolver(behaviour={"www.example.com": Behaviour(Fault.NXDOMAIN_WITH_RECORDS)})
    assert resolve("www.example.com", "MX", alias).nonexistent  # RFC 6604: the rcode is that of the chain's end


def test_a_server_without_edns_is_asked_again_without_it() -> None:
    """RFC 6891, section 7."""
    server = resolver(behaviour={"*": Behaviour(Fault.NO_EDNS)})
    answer = resolve("example.com", "MX", server)
    assert answer.exists
    assert not answer.edns
    assert any("without EDNS" in line for line in answer.evidence())
    assert len(server.asked) == 2


def test_any_rcode_is_an_answer_to_a_question() -> None:
    answer = session(lambda dns: dns.question("example.com", "MX"), resolver(bogus={"example.com"}))
    assert answer.rcode == "SERVFAIL"
    assert answer.extended_errors == (ExtendedError(6, "signature does not verify"),)


def test_checking_disabled_sees_behind_a_bogus_signature() -> None:
    server = resolver(bogus={"example.com"})
    answer = session(lambda dns: dns.resolve("example.com", "MX", checking_disabled=True), server)
    assert answer.exists
    assert answer.checking_disabled


def test_a_validation_failure_is_not_asked_away_at_the_next_resolver() -> None:
    other = resolver()
    with pytest.raises(Bogus):
        resolve("example.com", "MX", resolver(bogus={"example.com"}), other)
    assert other.asked == []


@pytest.mark.parametrize(
    "fault",
    [Fault.SERVFAIL, Fault.REFUSED, Fault.SILENCE, Fault.GARBAGE, Fault.WRONG_ID, Fault.WRONG_QUESTION],
)
def test_the_next_resolver_is_asked_when_one_fails(fault: Fault) -> None:
    bad = resolver(behaviour={"*": Behaviour(fault)})
    good = resolver()
    assert resolve("example.com", "MX", bad, good, limits=patience_with(fault, tries=2)).exists
    assert (len(bad.asked), len(good.asked)) == (1, 1)


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (Fault.SERVFAIL, ServerFailure),
        (Fault.REFUSED, ServerFailure),
        (Fault.SILENCE, TimedOut),
        (Fault.GARBAGE, Malformed),
        (Fault.WRONG_ID, Malformed),
        (Fault.WRONG_QUESTION, Malformed),
        (Fault.TRUNCATION_EVERYWHERE, Malformed),
    ],
)
def test_faults_have_types(fault: Fault, failure: type[NotObserved]) -> None:
    server = resolver(behaviour={"example.com": Behaviour(fault)})
    with pytest.raises(NotObserved) as caught:
        resolve("example.com", "MX", server, limits=patience_with(fault, tries=1))
    assert type(caught.value) is failure
    assert caught.value.evidence


def test_truncation_without_tcp_is_refused() -> None:
    with pytest.raises(Refused):
        resolve("example.com", "MX", resolver(behaviour={"*": Behaviour(Fault.TRUNCATION)}, tcp=False))


def test_a_refusing_port_fails_at_once_and_the_next_resolver_is_asked() -> None:
    async def work(dns: DNSClient) -> Answer:
        return await dns.resolve("example.com", "MX")

    gone = closed_port()
    with pytest.raises(Refused):
        asyncio.run(with_resolvers(work, gone, gone))

    async def main() -> Answer:
        server = resolver()
        try:
            return await with_resolvers(work, gone, gone, gone, await server.start())
        finally:
            await server.stop()

    assert asyncio.run(main()).exists


@pytest.mark.parametrize("alive", [True, False])
def test_silence_about_some_names_is_no_proof_that_the_resolver_is_dead(alive: bool) -> None:
    async def main() -> tuple[set[type[NotObserved]], int]:
        server = resolver(behaviour={"*": Behaviour(Fault.SILENCE)} | ({".": Behaviour()} if alive else {}))
        where = await server.start()
        limits = Limits(dns=0.3, dns_tries=1)
        async with DNSClient(NetSettings(resolvers=(where,), limits=limits)) as client:
            failures = []
            for number in range(6):
                try:
                    await client.resolve(f"silent{number}.example", "MX")
                except NotObserved as failure:
                    failures.append(type(failure))
            asked = client.questions.total()
        await server.stop()
        return set(failures), asked

    kinds, asked = asyncio.run(main())
    assert kinds == ({TimedOut} if alive else {TimedOut, NoResolver})
    assert asked == (7 if alive else 4)


async def with_resolvers(work: Callable[[DNSClient], Awaitable[Answer]], *resolvers: SocketAddress) -> Answer:
    async with DNSClient(NetSettings(resolvers=resolvers, limits=PATIENT)) as client:
        return await work(client)


def closed_port() -> SocketAddress:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return SocketAddress("127.0.0.1", free.getsockname()[1])


def ask(
    server: DNSServer,
    name: str,
    type_: str,
    limits: Limits = PATIENT,
    address: str = "192.0.2.53",
    **options: Any,
) -> Answer:
    """Ask ``server``, to which the connect map leads from 192.0.2.53 and from ns.example.com."""

    async def main() -> Answer:
        at = await server.start()
        try:
            mapped = NetSettings(limits=limits, connect={"192.0.2.53:53": at, "ns.example.com:53": at})
            async with DNSClient(mapped) as client:
                return await client.ask(address, name, type_, **options)
        finally:
            await server.stop()

    return asyncio.run(main())


def test_an_authoritative_server_is_asked_through_the_connect_map() -> None:
    answer = ask(DNSServer([zone()]), "example.com", "MX")
    assert answer.authoritative
    assert not answer.recursion_available
    assert answer.server == "192.0.2.53:53"
    by_name = ask(DNSServer([zone()]), "example.com", "MX", address="192.0.2.99", host="ns.example.com")
    assert by_name.server == "192.0.2.99:53"


def test_an_authoritative_server_may_answer_any_rcode_and_without_aa() -> None:
    assert ask(DNSServer([zone()]), "example.org", "MX").rcode == "REFUSED"
    lame = DNSServer([zone()], behaviour={"*": Behaviour(Fault.LAME)})
    assert not ask(lame, "example.com", "SOA").authoritative


def test_tcp_is_used_where_asked_for() -> None:
    assert ask(DNSServer([zone()]), "example.com", "MX", tcp=True).protocol == "tcp"
    with pytest.raises(ClosedEarly):
        ask(DNSServer([zone()], behaviour={"*": Behaviour(Fault.CLOSE)}), "example.com", "MX", tcp=True)
    silent = DNSServer([zone()], behaviour={"*": Behaviour(Fault.SILENCE)})
    with pytest.raises(TimedOut):
        ask(silent, "example.com", "MX", limits=QUICK, tcp=True)


def test_signatures_come_unless_declined() -> None:
    signed = sign(zone()).zone
    assert ask(DNSServer([signed]), "example.com", "DNSKEY").exists
    assert ask(DNSServer([signed]), "example.com", "RRSIG").exists
    negative = ask(DNSServer([signed]), "none.example.com", "A")
    assert "NSEC" in {record.type for record in negative.authority}
    assert not {"NSEC", "RRSIG"} & {
        r.type for r in ask(DNSServer([signed]), "none.example.com", "A", dnssec=False).authority
    }


def test_equal_questions_are_asked_once() -> None:
    server = resolver(behaviour={"*": Behaviour(delay=0.02)})

    async def work(dns: DNSClient) -> None:
        answers = await asyncio.gather(*(dns.resolve(name, "MX") for name in ["example.com", "Example.Com."] * 5))
        assert len(set(answers)) == 1
        assert await dns.resolve("example.com", "MX") is answers[0]
        assert sum(dns.questions.values()) == 1

    session(work, server)
    assert server.asked == [("example.com", "MX")]


def test_failures_are_remembered_and_raised_afresh() -> None:
    server = resolver(behaviour={"*": Behaviour(Fault.SERVFAIL)})

    async def work(dns: DNSClient) -> None:
        raised = []
        for _ in range(2):
            with pytest.raises(ServerFailure) as caught:
                await dns.resolve("example.com", "MX")
            raised.append(caught.value)
        assert raised[0] is not raised[1]

    session(work, server)
    assert len(server.asked) == 2 * PATIENT.dns_tries  # with validation and without


def test_a_cancelled_waiter_does_not_cancel_the_others() -> None:
    server = resolver(behaviour={"*": Behaviour(delay=0.05)})

    async def work(dns: DNSClient) -> None:
        first, second = (asyncio.create_task(dns.resolve("example.com", "MX")) for _ in range(2))
        await server.heard(1)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await second).exists

    session(work, server)
    assert len(server.asked) == 1


def test_the_last_cancelled_waiter_ends_the_question() -> None:
    server = resolver(behaviour={"*": Behaviour(Fault.SILENCE)})

    async def work(dns: DNSClient) -> None:
        task = asyncio.create_task(dns.resolve("example.com", "MX"))
        await server.heard(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    session(work, server)


def test_closing_releases_those_who_wait() -> None:
    server = resolver(behaviour={"*": Behaviour(Fault.SILENCE)})

    async def work(dns: DNSClient) -> None:
        task = asyncio.create_task(dns.resolve("example.com", "MX"))
        await server.heard(1)
        await dns.close()
        with pytest.raises(NotAvailable):
            await task
        with pytest.raises(NotAvailable):
            await dns.resolve("example.com", "A")

    session(work, server)


def test_a_question_can_be_closed_before_it_starts() -> None:
    async def work(dns: DNSClient) -> None:
        task = asyncio.create_task(dns.resolve("example.com", "MX"))
        await asyncio.sleep(0)
        await dns.close()
        with pytest.raises(NotAvailable):
            await task

    session(work, resolver())


def test_questions_under_way_are_bounded() -> None:
    server = resolver(behaviour={"*": Behaviour(Fault.SILENCE)})

    async def work(dns: DNSClient) -> None:
        tasks = [asyncio.create_task(dns.resolve(f"h{i}.example.com", "A")) for i in range(9)]
        await server.heard(3)
        await asyncio.sleep(0.02)
        assert len(server.asked) == 3
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    session(work, server, limits=Limits(dns=10, questions=3))


def test_zone_files_answer_before_the_resolvers(tmp_path: Path) -> None:
    path = tmp_path / "zone"
    path.write_text(
        "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n@ MX 10 new\nout CNAME www.example.com.\n"
        "away NS ns.away\nns.away A 192.0.2.1\nhere A 192.0.2.7\n"
    )
    back = "back CNAME here.proposed.test."
    server = DNSServer([zone(extra=back), parse_zone("proposed.test", ZONE)], recursive=True)

    async def work(dns: DNSClient) -> None:
        answer = await dns.resolve("proposed.test", "MX")
        assert (answer.records[0].target, answer.protocol) == ("new.proposed.test", "zone file")
        assert answer.server == "zone file proposed.test"
        assert (await dns.resolve("none.proposed.test", "MX")).nonexistent
        assert server.asked == []
        answer = await dns.resolve("out.proposed.test", "A")
        assert answer.name == "out.proposed.test"
        assert answer.aliases == ("www.example.com", "web.example.com", "mx1.example.com")
        assert answer.records[0].data == "192.0.2.25"
        answer = await dns.resolve("back.example.com", "A")
        assert (answer.aliases, answer.records[0].data) == (("here.proposed.test",), "192.0.2.7")
        await dns.resolve("x.away.proposed.test", "A")
        await dns.resolve("proposed.test", "DS")
        assert [name for name, _ in server.asked if name != "."] == [
            "www.example.com",
            "back.example.com",
            "x.away.proposed.test",
            "proposed.test",
        ]

    session(work, server, zone_files={"proposed.test": path})


def test_aliases_between_the_layers_cannot_run_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "zone"
    path.write_text("$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nping CNAME pong.example.com.\n")
    server = resolver("pong CNAME ping.proposed.test.")
    with pytest.raises(Malformed, match="aliases"):
        resolve("ping.proposed.test", "A", server, zone_files={"proposed.test": path})


def test_an_unusable_zone_file_is_told_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        DNSClient(NetSettings(zone_files={"proposed.test": tmp_path / "absent"}))

    with pytest.raises(ValueError, match="absent"):
        asyncio.run(main())


@pytest.mark.parametrize(
    ("options", "trust", "believed", "word"),
    [
        ({"secure": {"."}}, DNSSECTrust.LOOPBACK, True, "on this machine"),
        ({"secure": {"."}}, DNSSECTrust.RESOLVER, True, "trusted by the settings"),
        ({"secure": {"."}}, DNSSECTrust.NONE, False, "trust no resolver"),
        ({}, DNSSECTrust.LOOPBACK, False, "does not validate"),
        ({"behaviour": {"*": Behaviour(Fault.SILENCE)}}, DNSSECTrust.LOOPBACK, False, "did not answer"),
    ],
)
def test_the_ad_bit_is_believed_from_validating_trusted_resolvers(
    options: dict[str, Any], trust: DNSSECTrust, believed: bool, word: str
) -> None:
    limits = QUICK if "behaviour" in options else PATIENT
    result = session(lambda dns: dns.authentication(), resolver(**options), limits=limits, trust=trust)
    assert result.believed is believed
    assert word in result.reason


def test_one_unfit_resolver_spoils_the_belief() -> None:
    result = session(lambda dns: dns.authentication(), resolver(secure={"."}), resolver())
    assert not result.believed


def test_a_resolver_elsewhere_is_not_believed_by_default() -> None:
    async def main() -> bool:
        async with DNSClient(NetSettings(resolvers=(SocketAddress("192.0.2.1", 53),))) as client:
            return (await client.authentication()).believed

    assert asyncio.run(main()) is False


def test_a_name_that_is_none_is_malformed_and_a_type_that_is_none_a_value_error() -> None:
    with pytest.raises(Malformed):
        resolve("a..b", "MX")
    with pytest.raises(ValueError, match="record type"):
        resolve("example.com", "NONSENSE")
    assert resolve("example.com", "TYPE65280").empty


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def ask_over_tcp(serve: Serve, limits: Limits) -> Answer:
    """Ask a TCP server that does what ``serve`` does with a connection, and never ends it by itself."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
            await reader.read()
        except OSError:
            return
        finally:
            writer.close()

    async def main() -> Answer:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, DNSClient(NetSettings(limits=limits)) as client:
            return await client.ask("127.0.0.1", "example.com", "MX", port=port, tcp=True)

    return asyncio.run(main())


def test_one_octet_at_a_time_does_not_stretch_the_deadline() -> None:
    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\xff\xff")
        while not reader.at_eof():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    with pytest.raises(TimedOut):
        ask_over_tcp(dribble, Limits(dns=0.1, dns_tries=1))


def test_a_connection_that_breaks_in_the_middle_is_closed_early() -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        writer.write(b"\x00\xffnot so many")
        writer.close()

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    for fault in (break_off, reset):
        with pytest.raises(ClosedEarly):
            ask_over_tcp(fault, Limits(dns=5, dns_tries=1))


def test_a_message_shorter_than_a_header_or_with_another_id_is_malformed() -> None:
    async def short(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\x03abc")

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = bytearray(await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big")))
        wire[0] ^= 0xFF
        wire[2] |= 0x80
        writer.write(len(wire).to_bytes(2, "big") + wire)

    for fault in (short, other):
        with pytest.raises(Malformed):
            ask_over_tcp(fault, Limits(dns=5, dns_tries=1))


def test_a_flood_of_wrong_ids_is_malformed_before_the_deadline() -> None:
    class Flood(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            for _ in range(100):
                self.transport.sendto(bytes([data[0] ^ 1]) + data[1:], addr)

    async def main() -> Answer:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Flood, local_addr=("127.0.0.1", 0))
        address, port = transport.get_extra_info("sockname")
        try:
            async with DNSClient(NetSettings(limits=Limits(dns=30, dns_tries=1))) as client:
                return await client.ask(address, "example.com", "MX", port=port)
        finally:
            transport.close()

    with pytest.raises(Malformed, match="wrong id"):
        asyncio.run(main())


def test_an_unusable_server_address_is_a_typed_failure() -> None:
    async def main(address: str) -> None:
        async with DNSClient(NetSettings(limits=QUICK)) as client:
            await client.ask(address, "example.com", "MX")

    for address in ("256.0.0.1", "", "ns.example.com", "127.0.0.1\x00"):
        with pytest.raises(NotObserved):
            asyncio.run(main(address))


@pytest.mark.parametrize("fault", list(Fault))
def test_no_socket_stays_open(fault: Fault) -> None:
    server = resolver(behaviour={"example.com": Behaviour(fault)})

    async def work(dns: DNSClient) -> None:
        before = open_files()
        for name in ("example.com", "www.example.com", "big.example.com"):
            with contextlib.suppress(NotObserved):
                await dns.resolve(name, "MX")
        for _ in range(3):
            await asyncio.sleep(0)
        serving = sum(1 for task in asyncio.all_tasks() if "DNSServer" in repr(task.get_coro()))
        assert open_files() - before <= serving

    session(work, server, limits=QUICK)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


ASKED = Question.make("example.com", "MX", recurse=True)
ID = 0x4D50


def read(wire: bytes) -> Answer:
    return read_answer(wire, ID, ASKED, "192.0.2.1:53", "udp", 0.0)


def test_the_question_on_the_wire_is_what_dnspython_makes_of_it() -> None:
    for recurse, dnssec, cd in ((True, True, True), (True, False, False), (False, True, False)):
        asked = Question.make("_x.Example.com", "TLSA", recurse=recurse, dnssec=dnssec, checking_disabled=cd)
        flags = (dns.flags.RD | dns.flags.AD) * recurse | dns.flags.CD * cd
        expected = dns.message.make_query(
            "_x.example.com", "TLSA", use_edns=0, payload=1232, want_dnssec=dnssec, flags=flags, id=ID
        )
        assert asked.wire(ID) == expected.to_wire()


def response(*lines: str) -> dns.message.Message:
    head = (
        f"id {ID}",
        "opcode QUERY",
        "rcode NOERROR",
        "flags QR RD RA",
        ";QUESTION",
        "example.com. IN MX",
    )
    return dns.message.from_text("\n".join([*head, ";ANSWER", *lines]))


def test_records_of_other_names_are_not_believed() -> None:
    answer = read(response("other.test. 60 IN MX 1 evil.test.", "example.com. 60 IN MX 5 mx.test.").to_wire())
    assert [record.target for record in answer.records] == ["mx.test"]


def header(questions: int = 1, answers: int = 1) -> bytes:
    return struct.pack("!HHHHHH", ID, 0x8180, questions, answers, 0, 0)


@pytest.mark.parametrize(
    "wire",
    [
        header() + b"\xc0\x0c\x00\x0f\x00\x01",
        header() + b"\x07example\x03com\x00\x00\x0f\x00\x01" + b"\xc0\x1d\x00\x0f\x00\x01\0\0\0\0\0\0",
        header() + b"\x07example\x03com\x00\x00\x0f\x00\x01" + b"\xc0\x0c\x00\x0f\x00\x01\0\0\0\0\xff\xff\0",
        header(answers=65535) + b"\x07example\x03com\x00\x00\x0f\x00\x01",
        header(questions=0, answers=0),
        header(answers=0) + b"\x07example\x03org\x00\x00\x0f\x00\x01",
        header(answers=0) + b"\x07example\x03com\x00\x00\x10\x00\x01",
        header(answers=0) + b"\x07example\x03com\x00\x00\x0f\x00\x03",
        header(answers=0) + b"\x07example\x03com\x00\x00\x0f\x00\x01trailing",
        ASKED.wire(ID),
    ],
    ids=[
        "compression loop in the question",
        "compression loop in the answer",
        "record longer than the message",
        "records missing",
        "no question",
        "another name",
        "another type",
        "another class",
        "trailing octets",
        "the question sent back",
    ],
)
def test_what_is_no_answer_to_the_question_is_malformed(wire: bytes) -> None:
    with pytest.raises(Malformed):
        read(wire)


def test_an_answer_of_very_many_records_is_malformed_before_it_is_parsed() -> None:
    record = b"\xc0\x0c\x00\x01\x00\x01\0\0\0\1\x00\x04\1\1\1\1"
    with pytest.raises(Malformed, match="more than 1000 records"):
        read(header(answers=4000) + b"\x07example\x03com\x00\x00\x0f\x00\x01" + record * 4000)


def test_an_extended_error_that_is_not_utf_8_does_not_escape() -> None:
    option = b"\x00\x0f\x00\x04\x00\x06\xff\xfe"
    opt = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00" + struct.pack("!H", len(option)) + option
    wire = struct.pack("!HHHHHH", ID, 0x8182, 1, 0, 0, 1) + b"\x07example\x03com\x00\x00\x0f\x00\x01" + opt
    with pytest.raises(Malformed):
        read(wire)


def test_a_text_record_of_64_kib_isread_answer() -> None:
    asked = Question.make("example.com", "TXT", recurse=True)
    data = (b"\xff" + b"\xe9" * 255) * 255
    wire = (
        struct.pack("!HHHHHH", ID, 0x8180, 1, 1, 0, 0)
        + b"\x07example\x03com\x00\x00\x10\x00\x01"
        + b"\xc0\x0c\x00\x10\x00\x01\0\0\0\x3c"
        + struct.pack("!H", len(data))
        + data
    )
    answer = read_answer(wire, ID, asked, "192.0.2.1:53", "tcp", 0.0)
    assert answer.records[0].text == "\xe9" * 255 * 255


@settings(max_examples=300, deadline=None)
@given(
    wire=st.binary(max_size=80)
    | st.builds(
        lambda counts, rest: struct.pack("!HH", ID, 0x8180) + struct.pack("!4H", *counts) + rest,
        st.tuples(*[st.integers(0, 3)] * 4),
        st.binary(max_size=60).map(lambda rest: b"\x07example\x03com\x00\x00\x0f\x00\x01" + rest),
    )
)
def test_any_octets_are_an_answer_or_malformed(wire: bytes) -> None:
    try:
        answer = read(wire)
    except Malformed:
        return
    assert TypeAdapter(Answer).dump_json(answer)
    assert answer.evidence()


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0), value=st.integers(0, 255))
def test_one_changed_octet_is_an_answer_or_malformed(position: int, value: int) -> None:
    wire = bytearray(
        response("example.com. 60 IN CNAME a.test.", "a.test. 60 IN MX 5 mx.test.", "a.test. 1 IN TXT x").to_wire()
    )
    wire[position % len(wire)] = value
    with contextlib.suppress(Malformed):
        assert read(bytes(wire)).evidence()


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("Example.COM.", "example.com"),
        (".", "."),
        ("_dmarc.Example.com", "_dmarc.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER。example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a\\.b.example", "a\\.b.example"),
        ("\\200.example", "\\200.example"),
        ("*.example", "*.example"),
    ],
)
def test_normal_names(name: str, normal: str) -> None:
    assert normalise(name) == normal


@pytest.mark.parametrize("name", ["", "@", "a..b", ".a", "a" * 64, "a." * 128, "\\", "\\999", "\u200d.example"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ValueError, match="not a domain name"):
        normalise(name)


@settings(max_examples=300, deadline=None)
@given(name=st.text(max_size=20) | st.from_regex(r"[a-zA-Z0-9_\\.öß-]{1,30}", fullmatch=True))
def test_normalising_is_stable_or_a_value_error(name: str) -> None:
    try:
        normal = normalise(name)
    except ValueError:
        return
    assert normalise(normal) == normal
    assert normal.isascii()


@given(labels=st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=5))
def test_any_name_from_the_network_can_be_asked_about(labels: list[bytes]) -> None:
    name = dns.name.Name([*labels, b""])
    assert dns.name.from_text(normalise(name.to_text()).encode()) == name


def test_reverse_names() -> None:
    assert reverse_name("192.0.2.25") == "25.2.0.192.in-addr.arpa"
    assert reverse_name("2001:db8::1").startswith("1.0.0.0.")
    assert reverse_name("2001:db8::1").endswith(".8.b.d.0.1.0.0.2.ip6.arpa")
    for wrong in ("example.com", "192.0.2.256", "fe80::1%eth0"):
        with pytest.raises(ValueError, match=r".+"):
            reverse_name(wrong)


def test_the_resolvers_of_the_system(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    assert system_resolvers(path) == (SocketAddress("127.0.0.1", 53),)
    path.write_text(
        "# a comment\nnameserver 192.0.2.1\nnameserver\nnameserver x\noptions edns0\nnameserver ::1 # here\n"
    )
    assert system_resolvers(path) == (SocketAddress("192.0.2.1", 53), SocketAddress("::1", 53))
