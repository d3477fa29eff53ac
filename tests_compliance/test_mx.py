"""MX records: where a domain's mail goes."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.criteria.mail_providers import AS_OF, provider_of
from mailproof.net.addresses import is_public
from mailproof.net.dns.names import is_address, is_host
from mailproof.net.errors import Bogus, Malformed, NotFollowed, NotObserved, ServerFailure, TimedOut, Unasked
from mailproof.observations.authorities import MailCopies
from mailproof.observations.bypass import Bypass
from mailproof.observations.mx import MX, ApexMX, HostAddresses, MXHosts
from mailproof.observations.refusals import demands_tls
from mailproof.observations.relay import RelayAttempts
from mailproof.observations.spf import SPF
from mailproof.observations.zones import host_name_fault
from mailproof.references import IANA_SPECIAL_ADDRESSES, PRACTICE, ZONEMASTER, Reference, rfc
from mailproof.targets.mail import MailDomain, MailHost
from mailproof.targets.services import MXEndpoint
from mailproof.targets.zones import Zone
from mailproof.tests_compliance.test_name_servers import require_same

FAMILY = Family("MX", "MX records", also=("SINGLE",))

LEFT_OVER = ".msv1.invalid"
"""The end of the names by which Microsoft 365 had the ownership of a domain proved."""


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
    if host_addresses.host.endswith(LEFT_OVER):
        leave_to("MX-M365-TOKEN", "the name is Microsoft's placeholder, which never exists")
    if host_addresses.domains and host_addresses.unregistered:
        leave_to("DANGLE-MX", f"nobody has registered {host_addresses.unregistered}")
    if host_addresses.domains and host_addresses.leads_round:
        leave_to("MX-NOT-ALIAS", "the aliases lead in a circle")
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
    require_same(mail_copies, mail_copies.mx_sets)


@control("MX-NULL-RIGHT", SHOULD, rfc(7505, "4.2"), harm=Harm.REFUSED)
def test_domain_with_a_null_mx_sends_nothing(mx: MX, spf: SPF, mail_domain: MailDomain) -> None:
    """A domain with a null MX is not used to send mail either: its SPF record names no sender.

    Why: receivers refuse mail from a domain that cannot be answered.
    Fix: publish "v=spf1 -all"; or if the domain sends mail, MX records in place of the null MX.
    """
    if not mx.takes_no_mail:
        not_applicable("the domain has no null MX")
    if mail_domain.insists_on_mail:
        leave_to("MX-EXISTS", "the inventory says that the domain receives mail")
    if spf.record is None:
        leave_to("SPF-EXISTS", "the domain has no SPF record that could name senders")
    if not mail_domain.sends:
        leave_to("SPF-PARKED", "the inventory says that the domain sends nothing")
    senders = [term.text for term in spf.record.terms if term.qualifier == "+" or term.name == "redirect"]
    assert not senders, f"{mx.domain} has a null MX, and its SPF record names senders: {' '.join(senders)}"


@control("MX-HOST-SYNTAX", MUST, rfc(1123, "2.1"), rfc(5321, "2.3.5"), rfc(5890, "2.3.1"), harm=Harm.LOST)
def test_mx_names_are_host_names(mx: MX) -> None:
    """The name of every MX host is made of letters, digits and hyphens within labels.

    Why: some senders refuse to look up any other name, and CAs issue no certificate for it.
    Fix: give the host a name without underscores and other signs, and let the MX name that.
    """
    if not mx.names:
        not_applicable("the domain has no MX that names a host")
    faults = [f"{name} {fault}" for name in mx.names if not is_address(name) and (fault := host_name_fault(name))]
    assert not faults, "; ".join(faults)
    reserved = [name for name in mx.names for label in name.split(".") if label[2:4] == "--" and label[:4] != "xn--"]
    if reserved:
        finding(
            MAY,
            f"{', '.join(dict.fromkeys(reserved))}: a label has hyphens in the third and fourth place",
            why="such labels are reserved for encodings like xn--; programs for international names refuse them.",
            fix="rename the host.",
        )


@control("MX-NO-DUPLICATE", MAY, rfc(5321, "5.1"), PRACTICE, harm=Harm.LOST)
def test_no_mx_stands_there_twice(mx_hosts: MXHosts) -> None:
    """No host stands in two MX records, and no two MX hosts have one address.

    Why: a sender who fails at the first comes back to the same server: the second record protects from nothing.
    Fix: remove the second record, or lead it to another server.
    """
    mx = mx_hosts.mx
    _require_hosts(mx_hosts)
    exchanges = [name for _, name in mx.exchanges]
    twice = [name for name in mx.names if exchanges.count(name) > 1]
    assert not twice, f"{', '.join(twice)} stands in more than one MX record"
    shared = [f"{', '.join(names)} at {address}" for address, names in mx_hosts.by_address().items() if len(names) > 1]
    assert not shared, f"one server by several names: {'; '.join(shared)}"
    mx_hosts.require_all()


@control("MX-REDUNDANT", MAY, rfc(2182, "3"), PRACTICE, harm=Harm.LOST)
def test_mail_has_a_second_way(mx_hosts: MXHosts) -> None:
    """The MX hosts of a domain have at least two addresses in one address family.

    Why: while the one server is down all mail waits, and bounces after some days.
    Fix: add a second server. Many do without one on purpose, since senders try for days: RFC 2182 speaks of the DNS.
    """
    _require_hosts(mx_hosts)
    addresses = mx_hosts.by_address()
    if not addresses and not mx_hosts.unknown:
        leave_to("MX-RESOLVES", "no MX host has an address")
    families = [sum(":" in address for address in addresses), sum(":" not in address for address in addresses)]
    if max(families) < 2:
        mx_hosts.require_all()
    assert max(families) >= 2, f"all mail goes to one server: {', '.join(addresses)}"


def _require_hosts(mx_hosts: MXHosts) -> None:
    if not any(map(is_host, mx_hosts.mx.names)):
        not_applicable("the domain has no MX that names a host")


@control("MX-APPROVED", SHOULD, Reference("The inventory's mx_hosts"), harm=Harm.READ)
def test_mx_hosts_are_approved(mx: MX, mail_domain: MailDomain) -> None:
    """Every MX host is one that the inventory approves of.

    Why: whoever gets a record into the zone, or stays there after a contract has ended, reads the mail.
    Fix: remove the MX record, or add the host to `mx_hosts` of the inventory.
    """
    if not mail_domain.approved_mx:
        not_applicable("the inventory has no list of MX hosts (mx_hosts)")
    if not mx.names:
        not_applicable("the domain has no MX that names a host")
    unknown = [name for name in mx.names if is_host(name) and name not in mail_domain.approved_mx]
    assert not unknown, f"MX hosts that the inventory does not name: {', '.join(unknown)}"


@control("MX-PARKED-NONE", SHOULD, Reference("The inventory's parked"), rfc(7505, "4"), harm=Harm.ABUSED)
def test_parked_domain_has_no_mx(mx: MX, mail_domain: MailDomain) -> None:
    """A parked domain has no MX record other than a null MX.

    Why: what goes to a domain that nobody uses is spam, or was meant for somebody else, and its sender waits in vain.
    Fix: publish "MX 0 ." in place of the MX records; or take parked: true out of the inventory.
    """
    if not mail_domain.parked:
        not_applicable("the domain is not parked")
    assert not mx.names, f"the domain is parked, and its mail goes to {', '.join(mx.names)}"


@control("MX-HOSTMASTER-PATH", MAY, rfc(2142, "7"), ZONEMASTER, harm=Harm.LOST)
def test_mail_to_hostmaster_goes_somewhere(apex_mx: ApexMX, zone: Zone) -> None:
    """A zone has an MX record at its own name, where mail to hostmaster goes; the root and top-level domains have none.

    Why: whoever sees a fault of the zone writes to hostmaster at its name.
    Fix: publish an MX record at the zone's name.
    """
    name = apex_mx.zone
    if name in zone.domains:
        leave_to("MX-EXISTS", f"{name} is a mail domain of the inventory")
    if name.endswith(".arpa"):
        not_applicable("the zone is one of the infrastructure below arpa")
    if "." not in name.strip("."):
        assert not apex_mx.takes_mail, f"{name} is a top-level domain and has an MX record"
    else:
        assert apex_mx.answer.records, f"{name} has no MX record: hostmaster@{name} cannot be reached"


@control("MX-M365-TOKEN", MUST, rfc(5321, "5.1"), rfc(6761, "6.4"), harm=Harm.LOST)
def test_no_ownership_token_is_left(mx: MX) -> None:
    """No MX record is left over from proving to Microsoft 365 who owns the domain.

    Why: the name ends in invalid and never exists; senders that pick it wait in vain.
    Fix: remove the MX record that ends in msv1.invalid: it was needed once only.
    """
    if not mx.names:
        not_applicable("the domain has no MX that names a host")
    left = [name for name in mx.names if name.endswith(LEFT_OVER)]
    assert not left, f"left over: {', '.join(left)}"


@control("MX-PROVIDER-SET", MAY, Reference(f"Help pages of the providers, {AS_OF}"), harm=Harm.LOST)
def test_mx_are_what_the_provider_prescribes(mx: MX) -> None:
    """The MX records are the whole set that the provider of the mail prescribes, and no other's stand beside them.

    Why: with half a set mail waits where all of it would go on, and what a former provider still gets is lost.
    Fix: publish the set of the provider's help page, and remove records of providers that you have left.
    """
    providers = list(dict.fromkeys(found for name in mx.names if (found := provider_of(name))))
    if not providers:
        not_applicable("no MX host is one of a provider whose set is known")
    if len(providers) > 1:
        finding(MAY, f"the MX hosts are those of {' and of '.join(provider.name for provider in providers)}")
    (provider,) = providers
    present = {name for name in mx.names if provider.has(name)}
    if provider.sets and not any(present >= wanted for wanted in provider.sets):
        nearest = max(provider.sets, key=lambda wanted: (len(wanted & present), -len(wanted)))
        missing = ", ".join(sorted(nearest - present))
        finding(MAY, f"{provider.name} prescribes {len(nearest)} MX records, of which are missing: {missing}")


@control(
    "MX-BYPASS",
    SHOULD,
    Reference("Microsoft 365, Direct Send and RejectDirectSend (2025)"),
    Reference("Help pages of mail filters: lock the mail server down to the filter"),
    harm=Harm.ABUSED,
)
def test_servers_behind_the_filter_refuse_strangers(bypass: Bypass) -> None:
    """A host behind the filter that the MX records name (`behind:` in the inventory) takes no mail from strangers.

    Why: who hands mail to the host itself walks round the filter, with whatever the filter would have stopped.
    Fix: let the host take mail for the domain from the addresses of the filter only (a firewall, check_client_access of
    Postfix, an inbound connector restricted to the addresses or the certificate of the filter and RejectDirectSend at
    Microsoft 365).
    """
    if bypass.is_mx:
        not_applicable(f"{bypass.host} has the address of an MX host of the domain: it is not behind them")
    if bypass.closed:
        return
    assert bypass.attempt is not None
    if bypass.undecided:
        raise NotObserved(bypass.undecided, bypass.evidence())
    where = " (a server may still refuse it after DATA, which was not tried)"
    if bypass.attempt.accepted:
        fail(f"{bypass.host} takes mail for {bypass.attempt.recipient} from a stranger{where}")


@control("MX-OURS", MAY, Reference("The inventory's hosts"), harm=Harm.READ)
def test_mx_addresses_are_ours(mx_hosts: MXHosts, mail_domain: MailDomain) -> None:
    """Where an MX host is at an address of the inventory, all are, but for declared backups.

    Why: a record of a host that was given back leads mail to whoever has its address now.
    Fix: remove the MX record; or give the host with its addresses in `hosts`, or among backup_mx of the domain.
    """
    ours = set(mail_domain.our_addresses)
    found = mx_hosts.by_address()
    if not ours & found.keys():
        not_applicable("no MX host has an address that the inventory gives")
    foreign = {
        f"{name} at {address}"
        for address, names in found.items()
        for name in names
        if address not in ours and name not in mail_domain.backup_mx
    }
    assert not foreign, f"not of the inventory: {', '.join(sorted(foreign))}"
    mx_hosts.require_all()


@control("SINGLE-MDA", SHOULD, rfc(5321, "5.1"), PRACTICE, harm=Harm.LOST)
def test_one_host_delivers(mx: MX, mail_domain: MailDomain) -> None:
    """The host that the inventory says to deliver the mail (delivery_host) is the most preferred MX, alone; each other
    MX host is a declared backup or filter.

    Why: mail that two hosts deliver lies in two places; and what a forgotten MX host takes may be delivered nowhere.
    Fix: give the delivery host the lowest preference; declare the others in backup_mx or filter_mx, or remove them.
    """
    host = mail_domain.delivery_host
    if not host:
        not_applicable("the inventory names no delivery host of the domain")
    if not mx.names:
        leave_to("MX-EXISTS", "the domain has no MX that names a host")
    declared = {*mail_domain.backup_mx, *mail_domain.filter_mx}
    strangers = [name for name in mx.names if name != host and name not in declared]
    assert not strangers, f"neither {host} nor declared backups or filters: {', '.join(strangers)}"
    if host not in mx.names:
        filters = [name for name in mx.names if name in mail_domain.filter_mx]
        assert filters, f"{host} is no MX host, and no filter stands before it"
        return
    lowest = min(preference for preference, _ in mx.exchanges)
    first = [name for preference, name in mx.exchanges if preference == lowest]
    assert first == [host], f"the lowest preference, which {host} alone should have, is that of {', '.join(first)}"


@control("MX-NOT-TLS-ONLY", MUST, rfc(3207, "4"), allowed={"in_clear": ("taken", "refused")}, harm=Harm.LOST)
def test_mx_takes_mail_without_tls(
    mx_endpoint: MXEndpoint, relay_attempts: RelayAttempts, *, in_clear: str = "taken"
) -> None:
    """A public MX takes mail without TLS as well, unless the parameter in_clear says that it is to be refused.

    Why: senders without TLS cannot deliver, and their mail bounces.
    Fix: offer TLS without demanding it (Postfix: smtpd_tls_security_level = may). MTA-STS and DANE keep mail from
    being read on the way without losing any.
    """
    if in_clear == "refused":
        not_applicable("the inventory says that mail in clear is to be refused (in_clear)")
    if relay_attempts.unserved:
        leave_to("SMTP-GREET-220", f"the server refuses service: {relay_attempts.unserved}")
    clear = [attempt for attempt in relay_attempts.attempts if not attempt.tls]
    if demanding := [attempt for attempt in clear if demands_tls(attempt.last)]:
        if not any(attempt.tls for attempt in relay_attempts.attempts):
            leave_to("SMTP-STARTTLS-WORKS", f"the server takes mail inside TLS only: {demanding[0].last}")
        fail(f"{mx_endpoint.id} demands TLS from everybody: {demanding[0]}")
    if not clear and relay_attempts.untried:
        raise Unasked(relay_attempts.untried, relay_attempts.evidence())
    if not clear:
        raise NotObserved(f"nothing was asked in clear: {relay_attempts.interrupted}", relay_attempts.evidence())
