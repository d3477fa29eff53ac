"""The names that servers give themselves in greeting, EHLO reply and HELO."""

from __future__ import annotations

import re
from ipaddress import ip_address

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.observations.messages import SaidNames
from mailproof.observations.mx import HostAddresses
from mailproof.observations.reverse import ReverseDNS
from mailproof.observations.smtp import ServerName
from mailproof.observations.spf import SPFEvaluation
from mailproof.references import PRACTICE, rfc
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.services import MXEndpoint

FAMILY = Family("HELO", "Names that servers give themselves", also=("PTR",))


_ADDRESS_LITERAL = re.compile(r"\[(ipv6:)?[0-9a-f.:]+\]")


@control("HELO-FQDN", SHOULD, rfc(5321, "4.1.1.1"), rfc(5321, "4.3.1"), harm=Harm.REFUSED)
def test_server_names_itself_by_a_resolvable_name(server_name: ServerName) -> None:
    """The greeting and the EHLO reply begin with a fully qualified name that resolves.

    Why: the name is how peers and logs tell hosts apart; a name that does not resolve marks a host set up in haste.
    Fix: set the server's host name (Postfix: myhostname; Exim: primary_hostname) to its name in the DNS.
    """
    session = server_name.session
    for what, name in (("greeting", session.server_name), ("EHLO reply", session.ehlo_name)):
        if what == "EHLO reply" and not (session.ehlo and session.ehlo.positive):
            continue
        if _ADDRESS_LITERAL.fullmatch(name):
            continue
        assert "." in name, f"the {what} begins with {name!r}, which is not a fully qualified name"
        assert server_name.addresses_of(name), f"the {what} names {name}, which has no address"


@control("PTR-EQ-BANNER", MAY, rfc(5321, "4.3.1"), PRACTICE, harm=Harm.REFUSED)
def test_ptr_agrees_with_the_greeting(server_name: ServerName, mx_endpoint: MXEndpoint) -> None:
    """The name in the greeting is the PTR name of the address, or resolves to the address.

    Why: a host whose names contradict each other looks like one that hides what it is.
    Fix: set PTR, host name and greeting to one and the same name.
    """
    name = server_name.session.server_name
    if not server_name.ptr_names:
        leave_to("PTR-EXISTS", "there is no PTR")
    if name not in server_name.ptr_names and not server_name.addresses_of(name):
        leave_to("HELO-FQDN", "the greeting names nothing that resolves")
    confirmed = name in server_name.ptr_names or mx_endpoint.address in server_name.addresses_of(name)
    assert confirmed, f"the greeting says {name}, the PTR of {mx_endpoint.address} {', '.join(server_name.ptr_names)}"


@control("HELO-SPF", SHOULD, rfc(7208, "2.3"), rfc(7208, "10.1.2"), rfc(7208, "10.1.3"), PRACTICE, harm=Harm.REFUSED)
def test_helo_name_has_its_own_spf(spf_of_helo: SPFEvaluation) -> None:
    """Every HELO name publishes SPF that passes for its own addresses and fails for others.

    Why: receivers check the HELO name first, and bounces have nothing else to be checked by.
    Fix: publish "v=spf1 a -all" at the HELO name.
    """
    if not spf_of_helo.texts:
        finding(SHOULD, f"{spf_of_helo.domain} publishes no SPF record")
    for check in spf_of_helo.listed:
        if check.result == "permerror":
            finding(MUST, f"SPF of the HELO name {spf_of_helo.domain} is in error: {check.explanation}")
        assert check.result == "pass", f"{check.address} says HELO {spf_of_helo.domain}, and SPF says {check.result}"
    for check in spf_of_helo.foreign:
        assert check.result == "fail", f"SPF of {spf_of_helo.domain} says {check.result} for anybody's {check.address}"


@control("HELO-EQ-PTR", MAY, rfc(5321, "4.1.1.1"), PRACTICE, harm=Harm.REFUSED)
def test_helo_name_is_the_reverse_name(
    sending_address: SendingAddress, reverse_dns: ReverseDNS, said_names: SaidNames
) -> None:
    """The name that a sending address says in EHLO is a PTR name of the address.

    Why: RFC 5321 only wants a name that leads to the host, but filters count it against a host that has two names. The
    name is that of the inventory (sending: helo), and those that sample messages of the inventory show.
    Fix: say the PTR name in EHLO (Postfix: smtp_helo_name), or have the PTR set to that name.
    """
    said = dict(said_names.names)
    if sending_address.helo:
        said.setdefault(sending_address.helo, "")
    if not said:
        not_applicable("neither the inventory (sending: helo) nor a message says which name this address says in EHLO")
    if not reverse_dns.names:
        leave_to("PTR-EXISTS", "there is no PTR")
    if not reverse_dns.confirmed_names:
        leave_to("PTR-FCRDNS", "no PTR name leads back to the address")
    names = ", ".join(reverse_dns.names)
    for helo, file in said.items():
        shown = f" ({file})" if file else ""
        assert helo in reverse_dns.names, f"{reverse_dns.address} says EHLO {helo}{shown}, and its PTR is {names}"


@control("HELO-NOT-LOOPBACK", MUST, rfc(1122, "3.2.1.3"), rfc(5321, "2.3.5"), harm=Harm.REFUSED)
def test_helo_name_does_not_lead_to_loopback(helo_addresses: HostAddresses) -> None:
    """A name that is said in EHLO does not lead to loopback in the DNS.

    Why: a loopback address leads every receiver to itself, so the name proves nothing and filters refuse it.
    Fix: publish the host's public addresses; a line for 127.0.1.1 belongs into the host's own file of hosts at most.
    """
    if not helo_addresses.addresses:
        not_applicable(f"{helo_addresses.host} has no address")
    wrong = [address for address in helo_addresses.addresses if ip_address(address).is_loopback]
    assert not wrong, f"{helo_addresses.host} has the address {', '.join(wrong)}"
