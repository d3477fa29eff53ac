"""MX records: where a domain's mail goes."""

from __future__ import annotations

from mailproof.controls import MUST, SHOULD, Family, Harm, control, fail, leave_to, not_applicable
from mailproof.net.addresses import is_public
from mailproof.net.dns.names import is_address
from mailproof.net.errors import Bogus, Malformed, NotFollowed, NotObserved, ServerFailure, TimedOut
from mailproof.observations.authorities import MailCopies, told
from mailproof.observations.mx import MX, HostAddresses
from mailproof.references import IANA_SPECIAL_ADDRESSES, rfc
from mailproof.targets.mail import MailDomain, MailHost

FAMILY = Family("MX", "MX records")


@control(
    "MX-EXISTS", SHOULD, rfc(5321, "5.1"), rfc(7505, "3"), explains=(Bogus, ServerFailure, TimedOut), harm=Harm.LOST
)
def test_mx_exists(mx: MX, mail_domain: MailDomain) -> None:
    """The domain publishes at least one MX record, or says by a null MX that it takes no mail.

    Why: without MX records mail goes to the domain's own address, which is usually a web server.
    Fix: publish MX records that name the mail hosts; for a domain without mail publish "MX 0 ."
    """
    if mx.answer.nonexistent:
        fail(
            f"the domain {mx.domain} does not exist (NXDOMAIN): mail cannot be delivered",
            why="a name that does not exist gets no mail, and large receivers refuse mail that bears it.",
            fix="correct the name in the inventory; if it is right, look at the registration and the delegation.",
        )
    if not mail_domain.receives and not mx.has_own_address:
        not_applicable("the domain takes no mail and has no address that mail could go to")
    where = "mail goes to the domain's own address" if mx.has_own_address else "mail cannot be delivered"
    assert mx.exchanges, f"{mx.domain} has no MX record ({mx.answer.rcode}): {where}"
    if mail_domain.insists_on_mail and mx.takes_no_mail:
        fail(
            f"{mx.domain} has a null MX, but the inventory says that it receives mail",
            why="a null MX tells every sender that the domain takes no mail, and they bounce at once.",
            fix="publish the MX records of the mail hosts, or take receives: true out of the inventory.",
        )


@control("MX-NULL-ALONE", MUST, rfc(7505, "3"), harm=Harm.LOST)
def test_null_mx_stands_alone(mx: MX) -> None:
    """A null MX is the only MX record of its name.

    Why: beside other records it neither stops mail nor routes it, and senders differ in what they make of it.
    Fix: remove either the null MX or all the others.
    """
    if not mx.null:
        not_applicable("there is no null MX")
    others = ", ".join(name for _, name in mx.exchanges if name != ".")
    assert len(mx.exchanges) == 1, f"a null MX stands beside {others or 'another null MX'}"


@control("MX-NULL-PREF", MUST, rfc(7505, "3"), harm=Harm.LOST)
def test_null_mx_has_preference_zero(mx: MX) -> None:
    """A null MX has the preference 0.

    Why: RFC 7505 defines the record as "0 ." and some senders know it in no other form.
    Fix: publish "MX 0 ."
    """
    if not mx.null:
        not_applicable("there is no null MX")
    wrong = [preference for preference, _ in mx.null if preference != 0]
    assert not wrong, f"the null MX has the preference {wrong[0]}"


@control("MX-NOT-IP", MUST, rfc(5321, "5.1"), rfc(1035, "3.3.9"), rfc(6761, "6.3"), harm=Harm.LOST)
def test_mx_names_a_host(mx: MX) -> None:
    """Every MX record names a host: never an address, and never localhost.

    Why: an address in place of the name is looked up as a name and does not exist; localhost is every sender itself.
    Fix: give the host a name with A and AAAA records, and let the MX name it. For no mail at all publish "MX 0 ."
    """
    if not mx.exchanges or mx.takes_no_mail:
        not_applicable("the domain has no MX that names a host")
    wrong = [f"the address {name}" if is_address(name) else f"{name}, the sender itself" for _, name in mx.not_hosts]
    assert not wrong, f"the MX names {', '.join(wrong)}"


@control("MX-NOT-ALIAS", MUST, rfc(2181, "10.3"), rfc(5321, "5.1"), harm=Harm.LOST)
def test_mx_host_is_not_an_alias(host_addresses: HostAddresses) -> None:
    """No MX host is an alias.

    Why: some senders do not follow CNAME records here, and hosts that do not know themselves under the alias loop mail.
    Fix: let the MX name the host that the CNAME leads to.
    """
    if not host_addresses.domains:
        not_applicable("no MX record names this host")
    chain = " -> ".join((host_addresses.host, *host_addresses.aliases))
    assert not host_addresses.aliases, f"the MX of {', '.join(host_addresses.domains)} is an alias: {chain}"


@control("MX-RESOLVES", MUST, rfc(5321, "5.1"), explains=(Bogus, Malformed, ServerFailure, TimedOut), harm=Harm.LOST)
def test_mx_host_resolves(host_addresses: HostAddresses, mail_host: MailHost) -> None:
    """Every MX host, and every host that the inventory names, has at least one address.

    Why: mail to a host without an address waits for days and then bounces.
    Fix: publish A and AAAA records for the host, or remove the MX record that names it.
    """
    found = f"{host_addresses.host} has neither A nor AAAA ({host_addresses.ipv4.rcode})"
    if host_addresses.domains:
        assert host_addresses.addresses, found
        return
    if mail_host.has_addresses:
        not_applicable("no MX record names this host, and the inventory gives its addresses")
    if not host_addresses.addresses:
        fail(
            f"{found}: nothing of this host of the inventory can be looked at",
            why="a host that nobody finds serves nobody, and none of its controls is judged.",
            fix="correct the host's name in the inventory, give its addresses there, or publish them.",
        )


@control("MX-PUBLIC-ADDR", SHOULD, rfc(6890), IANA_SPECIAL_ADDRESSES, explains=(NotFollowed,), harm=Harm.LOST)
def test_mx_addresses_are_public(host_addresses: HostAddresses) -> None:
    """Every address of every MX host is globally reachable.

    Why: private, loopback and documentation addresses lead senders to their own machines or nowhere.
    Fix: publish public addresses only; keep internal ones in the internal view of the DNS.
    """
    if not host_addresses.domains or not host_addresses.addresses:
        not_applicable("no MX record names this host, or it has no address")
    wrong = [address for address in host_addresses.addresses if not is_public(address)]
    assert not wrong, f"{host_addresses.host} has the address {', '.join(wrong)}, which is not public"


@control("MX-SAME-ON-ALL-NS", SHOULD, rfc(1034, "4.2.2"), harm=Harm.LOST)
def test_servers_have_the_same_mx(mail_copies: MailCopies) -> None:
    """All name servers give the same MX records of the domain.

    Why: where mail goes would depend on which server the sender's resolver asked.
    Fix: find out why the servers do not have the same zone: transfers that fail, or two places to edit it.
    """
    if mail_copies.proposed:
        not_applicable("the domain is judged as proposed: its servers do not have that yet")
    if len(mail_copies.serials) > 1:
        leave_to("SOA-SERIAL-SAME", "the servers have different versions of the zone")
    sets = mail_copies.mx_sets
    assert len(sets) <= 1, told(sets)
    if mail_copies.unseen(sets):
        raise NotObserved("; ".join(mail_copies.unknown) or "no server gave an answer", mail_copies.evidence())
