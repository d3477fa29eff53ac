"""Faults of SOA records."""

from __future__ import annotations

from typing import Any

from tests.real.domains import CHILDREN, SERIAL, Domain, OwnServer

NETWORK = 47


def _soa(
    mname: str = "ns1.dns.test.", rname: str = "hostmaster.right.test.", timers: str = "14400 3600 1209600 3600"
) -> tuple[str, ...]:
    return (f"{mname} {rname} {SERIAL} {timers}",)


def _changed(label: str, fault: str, *, own_servers: tuple[OwnServer, ...] = (), **other: Any) -> Domain:
    verdicts = {key: other.pop(key) for key in ("fail", "advice") if key in other}
    return Domain(f"soa-{label}", fault, records={"@ SOA": _soa(**other)}, own_servers=own_servers, **verdicts)


DOMAINS = (
    Domain(
        "soa-two",
        "a name server gives two SOA records",
        own_servers=(OwnServer("two-soa.dns.test", "two SOA records"),),
        parent_ns=(*CHILDREN, "two-soa.dns.test"),
        child_ns=(*CHILDREN, "two-soa.dns.test"),
        fail=("SOA-ONE", "SEC-DNSKEY-RRSIG"),
        why="The signature covers one record, and not both.",
    ),
    Domain(
        "soa-differs",
        "the name servers have different SOA records under one serial",
        second_records={"@ SOA": _soa(timers="14400 7200 1209600 3600")},
        fail=("SOA-RNAME-SAME",),
    ),
    _changed("localhost", "the primary server is localhost", mname="localhost.", fail=("SOA-MNAME-MASTER",)),
    _changed(
        "alias",
        "the primary server's name is an alias",
        mname="soa-alias.dns.test.",
        own_servers=(OwnServer("soa-alias.dns.test", alias="ns1.dns.test"),),
        advice=("SOA-MNAME-NOT-ALIAS",),
    ),
    _changed("mailbox", "nobody takes mail for it", rname="hostmaster.nowhere.test.", fail=("SOA-RNAME-MAILBOX",)),
    _changed("refresh", "secondaries look every minute", timers="600 300 1209600 3600", advice=("SOA-REFRESH",)),
    _changed("retry", "retry as long as refresh", timers="14400 14400 1209600 3600", advice=("SOA-RETRY",)),
    _changed("expire", "secondaries forget the zone in a day", timers="14400 3600 86400 3600", advice=("SOA-EXPIRE",)),
    _changed("minimum", "denials are kept for two days", timers="14400 3600 1209600 172800", advice=("SOA-MINIMUM",)),
)
