"""Name servers, each of them asked directly: transports, EDNS, and what they say of names that exist and do not."""

from __future__ import annotations

from typing import Never

from mailproof.controls import MAY, MUST, SHOULD, Between, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.criteria import software
from mailproof.net.dns.client import Answer, Envelope
from mailproof.net.errors import ClosedEarly, Malformed, NotObserved, TimedOut
from mailproof.observations.authorities import (
    CLIENT_COOKIE,
    COOKIE,
    UNKNOWN_OPTION,
    MailCopies,
    NameServerAnswers,
    NameServerPTR,
    Sets,
    Silence,
    Transfer,
    ZoneCopies,
    told,
    too_few,
)
from mailproof.references import PRACTICE, ZONEMASTER, Reference, rfc

FAMILY = Family("NS", "Name servers")

DNS_0X20 = Reference("draft-vixie-dnsext-dns0x20", "https://datatracker.ietf.org/doc/draft-vixie-dnsext-dns0x20/")

ISC_SUPPORT = Reference("ISC: BIND 9 software support policy", "https://kb.isc.org/docs/aa-00896")
POWERDNS_EOL = Reference(
    "PowerDNS: end of life statements", "https://doc.powerdns.com/authoritative/appendices/EOL.html"
)

FEW = 2
"""Questions that a server may leave without an answer before it seems to limit how much it is asked."""


@control("NS-UDP", MUST, rfc(1123, "6.1.3.2"), explains=(TimedOut, ClosedEarly, Malformed), harm=Harm.LOST)
def test_name_server_answers_over_udp(server_answers: NameServerAnswers) -> None:
    """Every address of every name server answers over UDP.

    Why: resolvers ask over UDP first; a silent server costs each of them seconds, and mail is delayed or lost.
    Fix: start the server, open UDP port 53 in the firewall, or take the server out of the NS records.
    """
    if isinstance(server_answers.soa, Silence):
        if server_answers.stray:
            leave_to("NS-SOURCE-ADDR", f"the answer comes from {server_answers.stray}")
        _silent(server_answers, server_answers.soa, "UDP")


@control("NS-TCP", MUST, rfc(7766, "5"), rfc(9210, "3"), explains=(TimedOut, ClosedEarly, Malformed), harm=Harm.LOST)
def test_name_server_answers_over_tcp(server_answers: NameServerAnswers) -> None:
    """Every address of every name server answers over TCP.

    Why: an answer that does not fit into a datagram comes over TCP or not at all.
    Fix: let the server listen on TCP port 53 and open the firewall for it.
    """
    if isinstance(server_answers.soa_tcp, Silence):
        if isinstance(server_answers.soa, Silence) and not server_answers.stray and not server_answers.soa.by_address:
            leave_to("NS-UDP", "the server does not answer at all")
        _silent(server_answers, server_answers.soa_tcp, "TCP")


def _silent(seen: NameServerAnswers, said: Silence, protocol: str) -> Never:
    """A fault of the server, if another one answers from here; else nobody knows."""
    if said.by_address:
        leave_to("DEL-AUTHORITATIVE", f"{seen.server} refuses to be asked over {protocol}")
    if protocol.lower() not in seen.others_answer:
        raise said.failure()
    raise AssertionError(f"{seen.server} does not answer over {protocol}, while other servers do: {said.reason}")


def _answer(seen: NameServerAnswers, said: Answer | Silence | None) -> Answer:
    """The answer to one of the further questions. A server that has no answers, or not the zone, is not judged."""
    if isinstance(seen.soa, Silence):
        if seen.soa.by_address:
            leave_to("DEL-AUTHORITATIVE", f"{seen.server} refuses to be asked over UDP")
        if seen.stray:
            leave_to("NS-SOURCE-ADDR", f"the answer comes from {seen.stray}")
        raise seen.soa.failure()
    if said is None:
        leave_to("DEL-AUTHORITATIVE", f"{seen.server} does not have the zone")
    if isinstance(said, Silence):
        raise said.failure()
    return said


def _envelope(answer: Answer) -> Envelope:
    if answer.envelope is None:
        raise NotObserved("the message itself was not kept", answer.evidence())
    return answer.envelope


def _dropped(seen: NameServerAnswers, said: Answer | Silence | None) -> bool:
    """Whether this question gets no answer, and nearly all others do: neither the server is dead nor the way lossy."""
    if not isinstance(said, Silence):
        return False
    silent = sum(isinstance(one, Silence) for one in seen.asked)
    return silent <= FEW and not isinstance(seen.soa, Silence)


@control("NS-SOURCE-ADDR", MUST, rfc(2181, "4"), explains=(TimedOut,), harm=Harm.LOST)
def test_answer_comes_from_the_address_asked(server_answers: NameServerAnswers) -> None:
    """An answer comes from the address that was asked.

    Why: resolvers take an answer from another address for a forgery, and firewalls drop it.
    Fix: bind the server to each of its addresses by itself, not to the wildcard address.
    """
    assert not server_answers.stray, (
        f"{server_answers.server} was asked, and the answer came from {server_answers.stray}: resolvers do not take it"
    )
    if isinstance(server_answers.soa, Silence):
        _answer(server_answers, None)


@control("NS-NO-RECURSION", SHOULD, rfc(5358, "4"), harm=Harm.ABUSED)
def test_name_server_does_not_recurse(server_answers: NameServerAnswers) -> None:
    """A name server looks up no foreign names for strangers.

    Why: open resolvers are used to flood others, and what is put into their caches can reach the zone's users.
    Fix: switch recursion off, or allow it for your own networks only; better, keep resolvers apart from name servers.
    """
    answer = _answer(server_answers, server_answers.foreign)
    if answer.authoritative:
        not_applicable(f"{server_answers.server} has {answer.name} itself")
    found = answer.rcode == "NXDOMAIN" or bool(answer.records or answer.aliases)
    assert not (found and answer.rcode in ("NOERROR", "NXDOMAIN")), (
        f"{server_answers.server} looks up the foreign name {answer.name} for a stranger: {answer.rcode}"
    )
    if answer.recursion_available and answer.rcode == "SERVFAIL":
        raise NotObserved(f"{server_answers.server} offers recursion, and failed when it was used", answer.evidence())


@control("NS-NO-AXFR", MAY, rfc(5936, "5"), PRACTICE, ZONEMASTER, harm=Harm.ABUSED)
def test_zone_is_not_given_to_strangers(zone_transfer: Transfer) -> None:
    """A name server gives the whole zone to its secondaries only.

    Why: a transfer lists every host, also those that nobody should look for.
    Fix: allow transfers to the addresses or keys (TSIG) of the secondary servers only.
    """
    if isinstance(zone_transfer.first, Silence):
        if zone_transfer.first.kind in (ClosedEarly.kind, Malformed.kind):
            return
        if zone_transfer.first.by_address:
            leave_to("DEL-AUTHORITATIVE", f"{zone_transfer.server} refuses to be asked over TCP")
        raise zone_transfer.first.failure()
    assert not zone_transfer.given, f"{zone_transfer.server} gives the zone {zone_transfer.zone} to everybody (AXFR)"


@control("NS-EDNS0", MUST, rfc(6891, "6.1.1"), rfc(6891, "7"), harm=Harm.LOST)
def test_name_server_speaks_edns(server_answers: NameServerAnswers) -> None:
    """A name server answers a question with EDNS with EDNS, or with FORMERR if it does not know it.

    Why: without EDNS there is no DNSSEC and no answer beyond 512 octets, and resolvers lose time to find that out.
    Fix: bring the server up to date, and let no firewall touch DNS messages.
    """
    answer = _answer(server_answers, server_answers.soa)
    envelope = _envelope(answer)
    if answer.edns:
        assert envelope.version in (-1, 0), f"{server_answers.server} answers with EDNS version {envelope.version}"
        return
    probed = server_answers.unknown_option
    if isinstance(probed, Answer) and probed.rcode in ("FORMERR", "NOTIMP"):
        finding(MAY, f"{server_answers.server} does not know EDNS ({probed.rcode}): answers are 512 octets at most")
    raise AssertionError(f"{server_answers.server} answers a question with EDNS without EDNS")


@control("NS-EDNS-UNKNOWN", MUST, rfc(6891, "6.1.2"), rfc(6891, "6.1.3"), rfc(6891, "6.1.4"), harm=Harm.LOST)
def test_unknown_parts_of_edns_are_handled(server_answers: NameServerAnswers) -> None:
    """Unknown EDNS options and flags are ignored, and unknown EDNS versions are answered with BADVERS.

    Why: what is new in the DNS comes as EDNS options; a server that chokes on them is lost to new resolvers.
    Fix: bring the server up to date; let no firewall drop DNS messages that it does not know.
    """
    if not _answer(server_answers, server_answers.soa).edns:
        leave_to("NS-EDNS0", "the server does not speak EDNS")
    faults: list[str] = []
    if _dropped(server_answers, server_answers.unknown_option):
        faults.append("a question with an unknown option gets no answer")
    else:
        option = _answer(server_answers, server_answers.unknown_option)
        envelope = _envelope(option)
        if option.rcode != "NOERROR" or not option.records:
            faults.append(f"a question with an unknown option gets {option.rcode}")
        if any(code == UNKNOWN_OPTION for code, _ in envelope.options):
            faults.append("the unknown option is echoed")
        if envelope.flags & 0x7FFF:
            faults.append("an unknown flag is not cleared")
    if _dropped(server_answers, server_answers.version_1):
        faults.append("a question with EDNS version 1 gets no answer")
    else:
        version = _answer(server_answers, server_answers.version_1)
        if version.rcode != "BADVERS":
            faults.append(f"EDNS version 1 gets {version.rcode}, not BADVERS")
    assert not faults, f"{server_answers.server}: {'; '.join(faults)}"


@control("NS-COOKIES", MUST, rfc(7873, "5.2"), rfc(9018, "4"), harm=Harm.LOST)
def test_cookies_are_answered(server_answers: NameServerAnswers) -> None:
    """A client cookie is answered with the same client cookie and a server cookie, with BADCOOKIE or not, or ignored.

    Why: resolvers that use cookies take an answer with a wrong one for a forgery.
    Fix: bring the server up to date; behind one address, give all servers the same cookie secret.
    """
    if not _answer(server_answers, server_answers.soa).edns:
        leave_to("NS-EDNS0", "the server does not speak EDNS")
    assert not _dropped(server_answers, server_answers.cookie), (
        f"{server_answers.server} does not answer a question with a cookie"
    )
    answer = _answer(server_answers, server_answers.cookie)
    cookies = [data for code, data in _envelope(answer).options if code == COOKIE]
    # A server may want its own cookie as well before it answers over UDP (RFC 7873, section 5.2.3), and gives it then.
    if answer.rcode != "NOERROR" and not (answer.rcode == "BADCOOKIE" and cookies):
        raise AssertionError(f"{server_answers.server} answers a question with a cookie with {answer.rcode}")
    if not cookies:
        not_applicable(f"{server_answers.server} uses no cookies")
    (cookie, *others) = cookies
    assert not others, f"{server_answers.server} sends {len(cookies)} cookies in one answer"
    assert cookie.startswith(CLIENT_COOKIE.hex()), (
        f"{server_answers.server} returns another client cookie than it was sent"
    )
    octets = len(cookie) // 2
    assert 16 <= octets <= 40, f"{server_answers.server} sends a cookie of {octets} octets: 16 to 40 are permitted"


@control("NS-PMTU", MAY, rfc(9715, "3"), harm=Harm.LOST)
def test_large_answers_arrive(server_answers: NameServerAnswers) -> None:
    """The largest answers of the zone arrive, also where the resolver takes 4096 octets over UDP.

    Why: fragments are dropped on many paths; a resolver then waits in vain before it asks over TCP.
    Fix: let the server send at most 1232 octets over UDP (max-udp-size), and let ICMP "too big" messages in.
    """
    if _dropped(server_answers, server_answers.keys):
        raise AssertionError(
            f"{server_answers.server} answers other questions, and DNSKEY with 4096 octets never arrives"
        )
    _answer(server_answers, server_answers.keys)


@control("NS-ANSWER-SIZE", MAY, rfc(9715, "3"), allowed={"octets": Between(512, 4096)}, harm=Harm.LOST)
def test_answers_over_udp_are_small(server_answers: NameServerAnswers, *, octets: int = 1400) -> None:
    """No answer over UDP is so large that it is sent in fragments.

    Why: fragments are lost on many paths, and answers in fragments can be forged.
    Fix: set the server's maximum size over UDP to 1232 octets, so that larger answers are truncated and asked over TCP.
    """
    if _dropped(server_answers, server_answers.keys):
        leave_to("NS-PMTU", "large answers do not arrive")
    answer = _answer(server_answers, server_answers.keys)
    size = _envelope(answer).size
    if answer.protocol != "udp":
        return
    assert size <= octets, f"{server_answers.server} sends {size} octets over UDP for {answer.name} {answer.type}"


@control("NS-AAAA-QUERY", MUST, rfc(4074, "4"), rfc(2308, "2.2"), harm=Harm.LOST)
def test_aaaa_is_answered(server_answers: NameServerAnswers) -> None:
    """A question for AAAA is answered like any other: with addresses, or with none and NOERROR.

    Why: every sender with IPv6 asks for AAAA first; an error or silence there hides the IPv4 address as well.
    Fix: replace the balancer or server that knows A records only.
    """
    assert not _dropped(server_answers, server_answers.aaaa), (
        f"{server_answers.server} does not answer questions for AAAA"
    )
    answer = _answer(server_answers, server_answers.aaaa)
    assert answer.rcode == "NOERROR", (
        f"{server_answers.server} answers {answer.rcode} to AAAA of {answer.name}, which exists"
    )


@control("NS-NO-UPWARD-REFERRAL", MAY, PRACTICE, ZONEMASTER, rfc(1912, "2.8"), harm=Harm.ABUSED)
def test_server_refers_nobody_upwards(server_answers: NameServerAnswers) -> None:
    """A name server does not refer those who ask for the root to the root's servers.

    Why: the referral is many times larger than the question, and can be aimed at others with a forged sender address.
    Fix: take the root hints out of the server's configuration, or bring it up to date: REFUSED is the right answer.
    """
    answer = _answer(server_answers, server_answers.root)
    if server_answers.zone == "." or answer.authoritative:
        not_applicable(f"{server_answers.server} serves the root itself")
    if answer.recursion_available and answer.records:
        leave_to("NS-NO-RECURSION", "the server recurses")
    up = [record for record in (*answer.records, *answer.authority) if record.type == "NS" and record.name == "."]
    assert not up, f"{server_answers.server} refers upwards, to {up[0].target} and {len(up) - 1} more"


@control("NS-CASE", MUST, rfc(4343, "3"), DNS_0X20, harm=Harm.LOST)
def test_case_does_not_matter(server_answers: NameServerAnswers) -> None:
    """A name in mixed case gets the same answer, and is repeated letter by letter.

    Why: resolvers mix the case of what they ask to tell forged answers; one that changes it is not believed.
    Fix: bring the server or balancer up to date.
    """
    if _dropped(server_answers, server_answers.mixed_case):
        raise AssertionError(f"{server_answers.server} does not answer a name in mixed case")
    plain, mixed = _answer(server_answers, server_answers.soa), _answer(server_answers, server_answers.mixed_case)
    assert (mixed.rcode, bool(mixed.records)) == (plain.rcode, bool(plain.records)), (
        f"{server_answers.server} answers {mixed.rcode} with {len(mixed.records)} records to a name in mixed case"
    )
    echoed = _envelope(mixed).question
    if echoed and echoed == echoed.lower() and any(letter.isalpha() for letter in echoed):
        finding(MAY, f"{server_answers.server} repeats a name in mixed case as {echoed}")


@control("NS-VERSION-HIDDEN", MAY, rfc(4892, "4"), ZONEMASTER, harm=Harm.ABUSED)
def test_version_is_hidden(server_answers: NameServerAnswers) -> None:
    """A name server does not tell strangers its version.

    Why: a version says which known holes to try.
    Fix: hide-version: yes (NSD, Unbound), version none (BIND), version: "" (Knot), version-string=anonymous (PowerDNS).
    """
    answer = _answer(server_answers, server_answers.version_text)
    texts = [record.text for record in answer.records if any(letter.isdigit() for letter in record.text)]
    assert not texts, f"{server_answers.server} says that it is {texts[0]}"


@control("NS-SOFTWARE", MAY, ISC_SUPPORT, POWERDNS_EOL, harm=Harm.ABUSED)
def test_software_is_maintained(server_answers: NameServerAnswers) -> None:
    """The version that a name server tells is one that its maker still maintains.

    Why: holes that are found in an old branch stay open, and everybody who reads the advisory knows the way in.
    Fix: bring the server up to a branch that its maker, or your distributor, still mends.
    """
    answer = _answer(server_answers, server_answers.version_text)
    texts = [record.text for record in answer.records if any(letter.isdigit() for letter in record.text)]
    if not texts:
        not_applicable(f"{server_answers.server} does not tell its version")
    ended = software.ended_branch(texts[0])
    assert not ended, (
        f"{server_answers.server} says that it is {texts[0]}: {ended} was no longer maintained on {software.AS_OF}"
    )


@control("NS-NEGATIVE-ANSWERS", MUST, rfc(2308, "3"), rfc(2308, "2.1"), harm=Harm.LOST)
def test_negative_answers_have_the_soa(server_answers: NameServerAnswers) -> None:
    """Where there is no such name or no such type, the answer has the SOA record of the zone.

    Why: without it nobody can remember that there is nothing, and every sender asks again and again.
    Fix: bring the server up to date; a balancer in front of it has to pass on the authority section.
    """
    negative = [
        answer
        for answer in (_answer(server_answers, server_answers.missing), _answer(server_answers, server_answers.aaaa))
        if (answer.nonexistent or answer.empty) and not answer.aliases
    ]
    if not negative:
        not_applicable("no question had a negative answer")
    for answer in negative:
        if answer.empty and not answer.authoritative:
            continue
        owners = [record.name for record in answer.authority if record.type == "SOA"]
        what = f"{server_answers.server} says of {answer.name} {answer.type} {answer.rcode}"
        assert owners, f"{what}, without a SOA record"
        assert owners[0] == server_answers.zone, f"{what}, with the SOA record of {owners[0]}"


@control("NS-CNAME-SANITY", MUST, rfc(1034, "3.6.2"), rfc(2181, "10.1"), harm=Harm.LOST)
def test_no_alias_beside_other_records(server_answers: NameServerAnswers) -> None:
    """The zone's own name is no alias: a CNAME stands alone, and a zone has SOA and NS records at its name.

    Why: resolvers that have seen the CNAME look for MX and TXT at its target, and others do not: mail comes and goes.
    Fix: publish the addresses in place of the CNAME, or use the provider's ALIAS or ANAME.
    """
    answer = _answer(server_answers, server_answers.aaaa)
    assert not answer.aliases, f"{server_answers.server} says that {answer.name} is an alias of {answer.aliases[0]}"


@control("NS-ANY-MINIMAL", MAY, rfc(8482, "4"), allowed={"times": Between(2, 200)}, harm=Harm.ABUSED)
def test_any_is_answered_minimally(server_answers: NameServerAnswers, *, times: int = 10) -> None:
    """A question for ANY over UDP gets a small answer.

    Why: with a forged sender address, a large answer to a small question floods somebody else.
    Fix: minimal-any (BIND), refuse-any (NSD), any-to-tcp (PowerDNS): one record set, HINFO, or truncation.
    """
    if _dropped(server_answers, server_answers.any):
        not_applicable(f"{server_answers.server} does not answer questions for ANY")
    answer = _answer(server_answers, server_answers.any)
    envelope = _envelope(answer)
    if envelope.truncated or answer.protocol != "udp":
        return
    question = 12 + len(answer.name) + 2 + 4 + 11
    assert envelope.size <= times * question, (
        f"{server_answers.server} answers ANY over UDP with {envelope.size} octets, "
        f"{envelope.size // question} times what the question has"
    )


@control("NS-SAME-NSSET", SHOULD, rfc(1034, "4.2.2"), harm=Harm.LOST)
def test_servers_name_the_same_servers(zone_copies: ZoneCopies) -> None:
    """All servers of a zone give the same NS records.

    Why: which servers a resolver uses would depend on which one it asked first.
    Fix: find out why the servers do not have the same zone: transfers that fail, or two places to edit it.
    """
    require_same(zone_copies, zone_copies.ns_sets, "no server has the zone")


def require_same(copies: ZoneCopies | MailCopies, sets: Sets, nobody: str = "no server gave an answer") -> None:
    """Judge whether all servers give the same records, of one version of the zone."""
    if len(copies.serials) > 1:
        leave_to("SOA-SERIAL-SAME", "the servers have different versions of the zone")
    assert len(sets) <= 1, told(sets)
    if too_few(sets, copies.unknown):
        raise NotObserved("; ".join(copies.unknown) or nobody, copies.evidence())


@control("NS-PTR-EXISTS", MAY, rfc(1912, "2.1"), ZONEMASTER, harm=Harm.LOST)
def test_name_server_has_a_reverse_name(name_server_ptr: NameServerPTR) -> None:
    """Every address of a name server has a PTR record.

    Why: whoever looks into a fault sees only the address, and RFC 1912 asks for a name for each.
    Fix: have the PTR set to the server's name by whoever assigned the address block.
    """
    assert name_server_ptr.names, (
        f"{name_server_ptr.address} of {name_server_ptr.host} has no PTR ({name_server_ptr.ptr.rcode})"
    )


@control("NS-PTR-MATCH", MAY, rfc(1912, "2.1"), ZONEMASTER, harm=Harm.LOST)
def test_reverse_name_is_that_of_the_server(name_server_ptr: NameServerPTR) -> None:
    """A PTR record of every address of a name server gives the server's name.

    Why: whoever looks into a fault is led to another host.
    Fix: have the PTR set to the name in the NS records; a server with several names needs one of them.
    """
    if not name_server_ptr.names:
        leave_to("NS-PTR-EXISTS", "there is no PTR")
    names = ", ".join(name_server_ptr.names)
    assert name_server_ptr.host in name_server_ptr.names, (
        f"{name_server_ptr.address} of {name_server_ptr.host} has the PTR {names}"
    )
