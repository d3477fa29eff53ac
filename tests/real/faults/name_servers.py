"""Faults of single name servers. Most are those of a small server of ours: no packaged one can be made to have them."""

from __future__ import annotations

from typing import Any

from tests.real.domains import NO_TCP, NO_UDP, OTHER_SOURCE, Domain, OwnServer

NETWORK = 46

OTHER_SPF = "v=spf1 mx a:mx.right.test -all"


def _faulty(label: str, fault: str, **other: Any) -> Domain:
    """A domain whose second name server has the fault."""
    name = f"{label}.dns.test"
    servers = ("ns1.dns.test", name)
    return Domain(
        f"ns-{label}",
        f"a name server: {fault}",
        own_servers=(OwnServer(name, fault),),
        parent_ns=servers,
        child_ns=servers,
        **other,
    )


def _differing(label: str, fault: str, control: str, **records: tuple[str, ...]) -> Domain:
    """A domain of which ns2 has other records than ns1, under the same serial."""
    return Domain(
        label,
        fault,
        second_records={f"@ {type}": data for type, data in records.items()},
        fail=(control,),
        perhaps=("RES-VIEWS",),
        why="which records a resolver has depends on the server that it asked.",
    )


DOMAINS = (
    _faulty("udp-silent", NO_UDP, fail=("NS-UDP",)),
    _faulty("tcp-silent", NO_TCP, fail=("NS-TCP",)),
    _faulty("other-source", OTHER_SOURCE, fail=("NS-SOURCE-ADDR",)),
    _faulty("recursion", "recursion", fail=("NS-NO-RECURSION",)),
    _faulty("unknown-option-echoed", "unknown option echoed", fail=("NS-EDNS-UNKNOWN",)),
    _faulty("edns-ignored", "EDNS ignored", fail=("NS-EDNS0",)),
    _faulty("wrong-cookie", "wrong cookie", fail=("NS-COOKIES",)),
    _faulty("case-matters", "case matters", fail=("NS-CASE",)),
    _faulty("negative-without-soa", "negative without SOA", fail=("NS-NEGATIVE-ANSWERS",)),
    _faulty("aaaa-unknown", "AAAA unknown", fail=("NS-AAAA-QUERY",)),
    _faulty("version-told", "version told", advice=("NS-VERSION-HIDDEN", "NS-SOFTWARE")),
    _faulty(
        "large",
        "large",
        fail=("SEC-DNSKEY-RRSIG", "SEC-KEY-SIZE"),
        advice=("NS-ANSWER-SIZE",),
        why="The server makes its answer large with keys that nobody has signed.",
    ),
    _faulty("large-lost", "large lost", advice=("NS-PMTU",)),
    _faulty("alias", "alias", fail=("NS-CNAME-SANITY",)),
    _faulty("any-in-full", "any in full", advice=("NS-ANY-MINIMAL",)),
    _faulty("root-referral", "root referral", advice=("NS-NO-UPWARD-REFERRAL",)),
    Domain(
        "ns-sets",
        "the name servers name different servers",
        second_records={"@ NS": ("ns1.dns.test.", "ns3.dns.test.")},
        fail=("NS-SAME-NSSET",),
        perhaps=("DEL-PARENT-CHILD-NS",),
        why="which NS records the resolver has depends on the server that it asked.",
    ),
    _differing("mx-differs", "name servers give different MX records", "MX-SAME-ON-ALL-NS", MX=("20 mx.right.test.",)),
    _differing("spf-differs", "name servers give different SPF records", "SPF-CONSISTENT-NS", TXT=(OTHER_SPF,)),
    Domain(
        "ns-no-ptr",
        "a name server's address has no PTR",
        own_servers=(OwnServer("no-ptr.dns.test", ptr=()),),
        parent_ns=("ns1.dns.test", "no-ptr.dns.test"),
        child_ns=("ns1.dns.test", "no-ptr.dns.test"),
        advice=("NS-PTR-EXISTS",),
    ),
    Domain(
        "ns-other-ptr",
        "the PTR of a name server's address gives another name",
        own_servers=(OwnServer("other-ptr.dns.test", ptr=("somebody.dns.test",)),),
        parent_ns=("ns1.dns.test", "other-ptr.dns.test"),
        child_ns=("ns1.dns.test", "other-ptr.dns.test"),
        advice=("NS-PTR-MATCH",),
    ),
)
