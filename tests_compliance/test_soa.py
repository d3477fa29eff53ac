"""SOA records: who is responsible for a zone, and how long its secondaries keep it."""

from __future__ import annotations

import dns.rdtypes.ANY.SOA
from dns.serial import Serial

from mailproof.controls import (
    MAY,
    MUST,
    SHOULD,
    Between,
    Family,
    Harm,
    control,
    fail,
    finding,
    leave_to,
    not_applicable,
)
from mailproof.net.dns.client import Answer
from mailproof.net.dns.names import is_this_machine
from mailproof.net.errors import NotObserved
from mailproof.observations.authorities import Silence, StartOfAuthority, ZoneCopies, has_zone, soa_of
from mailproof.observations.zones import host_name_fault
from mailproof.references import ZONEMASTER, Reference, rfc

FAMILY = Family("SOA", "SOA records")

RIPE_203 = Reference("RIPE-203: recommendations for DNS SOA values", "https://www.ripe.net/publications/docs/ripe-203/")

SECONDS = Between(1, 2**31 - 1)


def _soa(seen: StartOfAuthority) -> dns.rdtypes.ANY.SOA.SOA:
    soa = seen.soa
    if soa is None:
        leave_to("DEL-MIN-NS", f"{seen.zone} has no SOA record and is no zone")
    return soa


@control("SOA-ONE", MUST, rfc(1035, "5.2"), rfc(2181, "6.1"), harm=Harm.LOST)
def test_zone_has_one_soa(zone_copies: ZoneCopies) -> None:
    """A zone has exactly one SOA record on each of its servers.

    Why: which one counts is chance, and secondaries may never notice that the zone has changed.
    Fix: keep one SOA record.
    """
    for copy in _serving(zone_copies).serving:
        if isinstance(copy.soa, Answer):
            count = len(copy.soa.records)
            assert count == 1, f"{copy.server} has {count} SOA records of {zone_copies.zone}"


def _serving(copies: ZoneCopies) -> ZoneCopies:
    """The copies, of which there is one at least."""
    if copies.serving:
        return copies
    if any(isinstance(copy.soa, Answer) for copy in copies.copies):
        leave_to("DEL-AUTHORITATIVE", "no server has the zone")
    silent = [copy.soa for copy in copies.copies if isinstance(copy.soa, Silence)]
    raise silent[0].failure() if silent else NotObserved("; ".join(copies.unknown), copies.evidence())


@control(
    "SOA-SERIAL-SAME",
    SHOULD,
    rfc(1034, "4.3.5"),
    rfc(1982),
    allowed={"difference": Between(0, 2**31 - 1)},
    harm=Harm.LOST,
)
def test_servers_have_the_same_serial(zone_copies: ZoneCopies, *, difference: int = 0) -> None:
    """All servers of a zone have the same serial.

    Why: a server that is behind tells of hosts and keys that are no more; senders get either answer by chance.
    Fix: look at the log of the secondary: NOTIFY that does not arrive, or a transfer that is refused.
    """
    serials = _serving(zone_copies).serials
    newest = max(serials, key=Serial)
    behind = {serial: servers for serial, servers in serials.items() if (newest - serial) % 2**32 > difference}
    told = "; ".join(f"{', '.join(servers)}: {serial}" for serial, servers in behind.items())
    assert not behind, f"{told}; {', '.join(serials[newest])}: {newest}"


@control("SOA-RNAME-SAME", SHOULD, rfc(1034, "4.3.5"), ZONEMASTER, harm=Harm.LOST)
def test_servers_have_the_same_soa(zone_copies: ZoneCopies) -> None:
    """All servers of a zone have the same SOA record: names and timers.

    Why: servers that differ there do not have the zone from one source, and will differ in more.
    Fix: let all servers have the zone from the same primary server.
    """
    if len(_serving(zone_copies).serials) > 1:
        leave_to("SOA-SERIAL-SAME", "the servers have different versions of the zone")
    if any(isinstance(copy.soa, Answer) and len(copy.soa.records) > 1 for copy in zone_copies.serving):
        leave_to("SOA-ONE", "a server has several SOA records")
    found: dict[str, list[str]] = {}
    for server, soa in zone_copies.soas:
        found.setdefault(str(soa).lower(), []).append(server)
    assert len(found) == 1, "; ".join(f"{', '.join(servers)}: {soa}" for soa, servers in found.items())


@control("SOA-MNAME-MASTER", SHOULD, rfc(2181, "7.3"), rfc(1035, "3.3.13"), rfc(1996, "2.1"), harm=Harm.LOST)
def test_primary_server_is_named(start_of_authority: StartOfAuthority) -> None:
    """The SOA record names the primary server of the zone, and that server is not behind the others.

    Why: NOTIFY and dynamic updates go there, and people look there for the zone.
    Fix: put the name of the primary server first in the SOA record.
    """
    soa, primary = _soa(start_of_authority), start_of_authority.primary
    if primary is None or primary.name == ".":
        finding(MAY, "the SOA record names no primary server (.): dynamic updates find none")
    if is_this_machine(primary.name):
        fail(f"the SOA record names {primary.name}, which is everybody's own machine")
    if start_of_authority.answer.proposed:
        not_applicable("the zone is judged as proposed: its primary server may not have it yet")
    if not primary.addresses:
        for said in (primary.ipv4, primary.ipv6):
            if isinstance(said, Silence):
                raise said.failure()
            if said.rcode not in ("NOERROR", "NXDOMAIN"):
                raise NotObserved(f"the addresses of {primary.name}: {said.rcode}", said.evidence())
        finding(MAY, f"the primary server {primary.name} has no address: dynamic updates find none")
    if not isinstance(primary.soa, Answer):
        not_applicable(f"the primary server {primary.name} does not answer strangers, as hidden ones do")
    if not has_zone(primary.soa, start_of_authority.zone):
        finding(MAY, f"{primary.name}, named as the primary server, does not have the zone ({primary.soa.rcode})")
    own = soa_of(primary.soa.records[0]).serial
    assert not Serial(own) < Serial(soa.serial), (
        f"{primary.name}, named as the primary server, has the serial {own}, and others have {soa.serial}"
    )


@control("SOA-MNAME-NOT-ALIAS", MAY, rfc(1912, "2.4"), rfc(1123, "2.1"), ZONEMASTER, harm=Harm.LOST)
def test_primary_server_is_not_an_alias(start_of_authority: StartOfAuthority) -> None:
    """The primary server in the SOA record is a host name, and no alias.

    Why: what compares names, like NOTIFY between servers, does not follow aliases.
    Fix: name the host itself.
    """
    _soa(start_of_authority)
    primary = start_of_authority.primary
    if primary is None or primary.name == ".":
        not_applicable("the SOA record names no primary server")
    fault = host_name_fault(primary.name)
    assert not fault, f"the primary server {primary.name} {fault}"
    assert not primary.aliases, f"the primary server {primary.name} is an alias of {' -> '.join(primary.aliases)}"


@control("SOA-RNAME-MAILBOX", SHOULD, rfc(1912, "2.2"), rfc(1035, "3.3.13"), rfc(2142, "7"), harm=Harm.LOST)
def test_responsible_mailbox_takes_mail(start_of_authority: StartOfAuthority) -> None:
    """The SOA record names a mailbox, in a domain that takes mail.

    Why: who finds a fault in the zone writes there.
    Fix: write hostmaster@example.org as hostmaster.example.org; a dot in the local part as \\.
    """
    _soa(start_of_authority)
    responsible = start_of_authority.responsible
    mailbox = responsible.mailbox if responsible else ""
    if responsible is None or not mailbox:
        fail("the SOA record names no mailbox")
    domain = mailbox.partition("@")[2]
    assert "@" not in domain, f"the SOA record has an @ in its mailbox: {mailbox}"
    assert not is_this_machine(domain), f"the mailbox {mailbox} is on everybody's own machine"
    mx, address = responsible.mx, responsible.address
    for said in (mx, address):
        if isinstance(said, Silence):
            raise said.failure()
        if said is None or said.rcode not in ("NOERROR", "NXDOMAIN"):
            raise NotObserved(f"it could not be found out whether {domain} takes mail")
    exchanges = [record.target for record in mx.records] if isinstance(mx, Answer) else []
    assert exchanges != ["."], f"the mailbox is {mailbox}, and {domain} takes no mail (null MX)"
    has_address = isinstance(address, Answer) and address.exists
    assert exchanges or has_address, f"the mailbox is {mailbox}, and {domain} has neither MX nor address"


@control(
    "SOA-REFRESH", MAY, rfc(1912, "2.2"), RIPE_203, allowed={"at_least": SECONDS, "at_most": SECONDS}, harm=Harm.LOST
)
def test_refresh_is_sensible(
    start_of_authority: StartOfAuthority, *, at_least: int = 1200, at_most: int = 86400
) -> None:
    """Secondaries look for a new zone every twenty minutes to every day (REFRESH).

    Why: more often is a burden; more seldom leaves a secondary behind where NOTIFY does not reach it.
    Fix: set REFRESH to 86400, as RIPE-203 recommends, or to some hours where NOTIFY is not used.
    """
    refresh = _soa(start_of_authority).refresh
    assert at_least <= refresh <= at_most, f"REFRESH is {refresh} s: {at_least} to {at_most} s are usual"


@control("SOA-RETRY", MAY, rfc(1912, "2.2"), RIPE_203, allowed={"at_least": SECONDS}, harm=Harm.LOST)
def test_retry_is_sensible(start_of_authority: StartOfAuthority, *, at_least: int = 300) -> None:
    """A secondary that could not reach the primary server tries again sooner than it would look next (RETRY).

    Why: a retry that takes as long as a refresh helps nobody; one every minute makes an outage worse.
    Fix: set RETRY to a fraction of REFRESH: 7200 where that is 86400.
    """
    soa = _soa(start_of_authority)
    assert soa.retry < soa.refresh, f"RETRY ({soa.retry} s) is not shorter than REFRESH ({soa.refresh} s)"
    assert soa.retry >= at_least, f"RETRY is {soa.retry} s: {at_least} s are the least that is usual"


@control("SOA-EXPIRE", MAY, rfc(1912, "2.2"), RIPE_203, allowed={"at_least": SECONDS}, harm=Harm.LOST)
def test_expire_is_sensible(start_of_authority: StartOfAuthority, *, at_least: int = 604800) -> None:
    """Secondaries keep the zone for a week at least when the primary server is gone (EXPIRE).

    Why: after that they answer nothing, and mail to the domain fails, though servers are up.
    Fix: set EXPIRE to 1209600 (two weeks) to 3600000, longer than REFRESH and RETRY together.
    """
    soa = _soa(start_of_authority)
    together = soa.refresh + soa.retry
    assert soa.expire > together, (
        f"EXPIRE ({soa.expire} s) is not longer than REFRESH and RETRY together ({together} s)"
    )
    assert soa.expire >= at_least, f"EXPIRE is {soa.expire} s: {at_least} s are the least that is usual"


@control(
    "SOA-MINIMUM", MAY, rfc(2308, "5"), RIPE_203, allowed={"at_least": SECONDS, "at_most": SECONDS}, harm=Harm.LOST
)
def test_minimum_is_sensible(
    start_of_authority: StartOfAuthority, *, at_least: int = 300, at_most: int = 86400
) -> None:
    """That there is no such record is remembered for five minutes to a day (MINIMUM).

    Why: longer, and a record that was added late stays unseen; shorter, and every sender asks again and again.
    Fix: set MINIMUM to 3600.
    """
    minimum = _soa(start_of_authority).minimum
    assert at_least <= minimum <= at_most, f"MINIMUM is {minimum} s: {at_least} to {at_most} s are usual"
