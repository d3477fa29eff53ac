"""The DNS client against real servers on loopback, well-behaved and hostile."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
from pydantic import TypeAdapter

from mailproof.fixtures.dns_responder import Behaviour, Fault
from mailproof.fixtures.dns_server import DNSServer
from mailproof.fixtures.dns_signing import SignedZone
from mailproof.net.dns.client import MAX_ALIASES, Answer, DNSClient, ExtendedError, ResourceRecord
from mailproof.net.errors import (
    Bogus,
    ClosedEarly,
    LyingResolver,
    Malformed,
    NoResolver,
    NotObserved,
    Refused,
    ServerFailure,
    TimedOut,
)
from mailproof.net.settings import Limits, NetSettings, SocketAddress

from .dns_world import PATIENT, QUICK, ask, patience_with, resolve, resolver, session, zone


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


def test_a_circle_of_aliases_has_no_end_and_no_records() -> None:
    answer = resolve("loop.example.com", "A")
    assert (answer.records, answer.aliases) == ((), ("pool.example.com", "loop.example.com"))


def test_endless_chains_of_aliases_are_malformed() -> None:
    with pytest.raises(Malformed, match="more than") as caught:
        resolve("c0.example.com", "A")
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
    signed = SignedZone(zone()).zone
    assert ask(DNSServer([signed]), "example.com", "DNSKEY").exists
    assert ask(DNSServer([signed]), "example.com", "RRSIG").exists
    negative = ask(DNSServer([signed]), "none.example.com", "A")
    assert "NSEC" in {record.type for record in negative.authority}
    assert not {"NSEC", "RRSIG"} & {
        r.type for r in ask(DNSServer([signed]), "none.example.com", "A", dnssec=False).authority
    }
