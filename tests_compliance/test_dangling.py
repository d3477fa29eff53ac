"""Names that lead to domains which anybody can register: whoever does receives the mail, or sends it in your name.

The DNS alone is asked. What a provider would give to a stranger is not tried, and nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.net.errors import NoAddress
from mailproof.observations.dangling import AliasEnd, LeadingNames, NamedDomain
from mailproof.observations.dkim import DKIMKey
from mailproof.observations.mta_sts import STSRecord
from mailproof.observations.mx import MXHosts
from mailproof.observations.spf import SPFTree
from mailproof.observations.zones import Delegation
from mailproof.references import PRACTICE, Reference, rfc

FAMILY = Family("DANGLE", "Names that somebody else can take over")

SUBDOMAILING = Reference("Guardio Labs: SubdoMailing (2024)", "https://guard.io/labs/subdomailing")

NOBODYS = "which is not registered: the DNS denies it"


@control("DANGLE-MX", MUST, rfc(5321, "5.1"), PRACTICE, harm=Harm.READ)
def test_mx_hosts_are_in_registered_domains(mx_hosts: MXHosts) -> None:
    """Every MX host lies in a domain that is registered.

    Why: whoever registers the domain receives the mail.
    Fix: remove the MX record at once.
    """
    if not mx_hosts.mx.names:
        not_applicable("the domain has no MX that names a host")
    wrong = [
        f"{' -> '.join((host.host, *host.aliases))} lies in {host.unregistered}, {NOBODYS}"
        for host in mx_hosts.hosts
        if host.unregistered
    ]
    assert not wrong, "; ".join(wrong)
    mx_hosts.require_all()


@control("DANGLE-NS", MUST, rfc(1034, "4.2.2"), PRACTICE, explains=(NoAddress,), harm=Harm.ABUSED)
def test_name_servers_are_in_registered_domains(delegation: Delegation) -> None:
    """Every name server of a zone lies in a domain that is registered.

    Why: whoever registers the domain answers for the whole zone, and gets certificates for its names.
    Fix: take the server out of the NS records and the registrar's list at once.
    """
    wrong = [f"{server.host} in {server.unregistered}" for server in delegation.servers if server.unregistered]
    assert not wrong, f"{delegation.zone} has name servers in a domain that is not registered: {'; '.join(wrong)}"
    if delegation.unknown_addresses:
        raise delegation.unknown_addresses


@control("DANGLE-SPF", MUST, rfc(7208, "5.2"), SUBDOMAILING, harm=Harm.ABUSED)
def test_spf_names_registered_domains(spf_tree: SPFTree) -> None:
    """Every domain that the SPF record names, itself or through others, is registered.

    Why: whoever registers the domain sends mail in your name, and SPF says that it is yours.
    Fix: remove the term; tell the operator of the record that holds it.
    """
    if len(spf_tree.records) == 1 and not spf_tree.lookups:
        not_applicable("the domain's SPF record names no other domain")
    wrong = [f"{term} leads to {domain}, {NOBODYS}" for term, domain in spf_tree.unregistered]
    assert not wrong, "; ".join(wrong)
    if spf_tree.cut_short:
        leave_to("SPF-LOOKUPS-10", "the record costs so many lookups that not all of them were made")


@control("DANGLE-DKIM", MUST, rfc(6376, "3.6.2.2"), PRACTICE, harm=Harm.ABUSED)
def test_selector_leads_to_a_registered_domain(dkim_key: DKIMKey) -> None:
    """A DKIM selector that is an alias ends in a domain that is registered.

    Why: whoever registers the domain publishes a key there, and signs mail in your name.
    Fix: remove the selector.
    """
    if not dkim_key.answer.aliases:
        not_applicable("the selector is no alias")
    chain = " -> ".join((dkim_key.answer.name, *dkim_key.answer.aliases))
    assert not dkim_key.unregistered, f"{chain} ends in {dkim_key.unregistered}, {NOBODYS}"


@control("DANGLE-STS", SHOULD, rfc(8461, "3.3"), PRACTICE, harm=Harm.READ)
def test_services_of_the_domain_lead_somewhere(leading_names: LeadingNames, sts_record: STSRecord) -> None:
    """The names mta-sts, autoconfig and autodiscover of a domain, where they are aliases, lead to a name that exists.

    Why: whoever gets the name at the end says where mail goes, or asks your users for their passwords.
    Fix: remove the alias, or lead it to a service that you use.
    """
    if not leading_names.services:
        leading_names.require_all("services")
        not_applicable("none of mta-sts, autoconfig and autodiscover is an alias")
    _require_registered(leading_names.services)
    gone = [alias for alias in leading_names.services if alias.answer.nonexistent]
    owned = [alias for alias in gone if alias.owner.startswith("mta-sts.") and sts_record.in_force]
    _require_ends(alias for alias in gone if alias not in owned)
    if owned:
        leave_to("STS-FETCH", f"{owned[0]} does not exist")
    leading_names.require_all("services")


@control("DANGLE-CNAME", SHOULD, rfc(1034, "3.6.2"), SUBDOMAILING, harm=Harm.ABUSED)
def test_aliases_lead_to_names_that_exist(leading_names: LeadingNames) -> None:
    """A domain and its records for policies and reports, where they are aliases, lead to names that exist.

    Why: whoever gets the name at the end says what your policy is.
    Fix: remove the alias, or lead it to a name that exists.
    """
    if not leading_names.records:
        leading_names.require_all("records")
        not_applicable("none of the names that are looked at is an alias")
    _require_registered(leading_names.records)
    _require_ends(alias for alias in leading_names.records if alias.answer.nonexistent)
    leading_names.require_all("records")


@control("DANGLE-RUA", SHOULD, rfc(9990, "4"), rfc(8460, "3"), PRACTICE, harm=Harm.READ)
def test_reports_go_to_registered_domains(leading_names: LeadingNames) -> None:
    """Every domain to which reports of DMARC and TLS reporting go, and which BIMI names, is registered.

    Why: whoever registers the domain reads who sends you mail and from where.
    Fix: remove the address, or correct it.
    """
    if not leading_names.reports:
        leading_names.require_all("reports")
        not_applicable("no address for reports is published")
    _require_named(leading_names.reports)
    leading_names.require_all("reports")


@control("DANGLE-TXT", MAY, PRACTICE, harm=Harm.ABUSED)
def test_texts_name_registered_domains(leading_names: LeadingNames) -> None:
    """Every domain that a TXT record at the domain names by an address is registered.

    Why: such records prove to a service who owns the domain; one of a service that is gone proves it to anybody.
    Fix: remove the TXT record.
    """
    if not leading_names.texts:
        leading_names.require_all("texts")
        not_applicable("no TXT record at the domain names another by an address")
    _require_named(leading_names.texts)
    leading_names.require_all("texts")


def _require_registered(aliases: Iterable[AliasEnd]) -> None:
    wrong = [f"{alias} ends in {alias.unregistered}, {NOBODYS}" for alias in aliases if alias.unregistered]
    if wrong:
        fail("; ".join(wrong))


def _require_ends(aliases: Iterable[AliasEnd]) -> None:
    gone = [str(alias) for alias in aliases if not alias.unregistered]
    if gone:
        finding(
            SHOULD,
            f"the end of an alias does not exist: {'; '.join(gone)}",
            why="the domain of the end is registered; whether a stranger can get the name there, the DNS does not say.",
        )


def _require_named(named: Iterable[NamedDomain]) -> None:
    wrong = [f"{one.place}: {one.text} lies in {one.domain}, {NOBODYS}" for one in named if one.unregistered]
    if wrong:
        fail("; ".join(wrong))
