"""The registration of the inventory's domains and addresses, and whom their mail depends on."""

from __future__ import annotations

from datetime import timedelta
from typing import Never

from mailproof.controls import MAY, SHOULD, Between, Family, Harm, control, finding, not_applicable
from mailproof.grammars.rdap import DomainEntry
from mailproof.net.errors import KINDS, NotObserved
from mailproof.observations.registration import AbuseContact, DomainRegistration, PublishedTTLs, TrustSet
from mailproof.references import PRACTICE, Reference, rfc
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.registration import RegisteredDomain

FAMILY = Family("REG", "Registration", also=("REGISTRAR", "REP", "DNS"))

EPP_STATUS = Reference(
    "ICANN: EPP status codes", "https://www.icann.org/resources/pages/epp-status-codes-2014-06-16-en"
)
ON_HOLD = ("server hold", "client hold")
DELETED = ("redemption period", "pending delete")
LOCKS = ("client transfer prohibited", "server transfer prohibited", "transfer prohibited", "locked")
"""By RFC 8056, section 2, and RFC 9083, section 10.2.2."""


def _entry(seen: DomainRegistration) -> DomainEntry:
    if seen.entry is None:
        not_applicable(f"no bootstrap file names the registry of {seen.name} (registration: bootstrap)")
    return seen.entry


def _unsaid(seen: DomainRegistration, what: str) -> Never:
    not_applicable(f"the registry of {seen.name} does not say {what}")


@control("REGISTRAR-NS", SHOULD, rfc(9083, "5.3"), rfc(1034, "4.2.2"), rfc(8056, "2"), harm=Harm.LOST)
def test_registry_and_parent_agree(domain_registration: DomainRegistration) -> None:
    """The registry has the name servers and DS records that the parent has, and neither holds nor deletes the domain.

    Why: what the registry has is what the next change of the parent zone brings; a domain on hold is not in the DNS.
    Fix: correct name servers and DS at the registrar; a hold is ended by whoever set it, the registrar or the registry;
    a domain that is being deleted is restored by the registrar, for some weeks.
    """
    entry = _entry(domain_registration)
    name = domain_registration.name
    held = [status for status in entry.status if status in ON_HOLD]
    assert not held, f"{name} is on hold ({', '.join(held)})"
    deleted = [status for status in entry.status if status in DELETED]
    assert not deleted, f"{name} is being deleted ({', '.join(deleted)})"
    ours, parents = set(entry.name_servers), set(domain_registration.parent_servers)
    assert not (ours and parents) or ours == parents, (
        f"the registry of {name} has the name servers {', '.join(sorted(ours))}, and "
        f"the parent {', '.join(sorted(parents))}"
    )
    registered, published = entry.key_tags, domain_registration.parent_tags
    if registered is not None and published is not None:
        assert set(registered) == set(published), (
            f"the registry of {name} has DS records for {_tags(registered)}, the parent for {_tags(published)}"
        )
    if ours and not parents:
        kind = KINDS.get(domain_registration.kind, NotObserved)
        raise kind(
            domain_registration.failure or f"the parent of {name} names no server", domain_registration.evidence()
        )


def _tags(tags: tuple[int, ...]) -> str:
    return ", ".join(map(str, tags)) or "none"


@control("REGISTRAR-LOCK", MAY, EPP_STATUS, PRACTICE, harm=Harm.ABUSED)
def test_domain_is_locked(domain_registration: DomainRegistration) -> None:
    """The registration cannot be moved to another registrar without being unlocked first.

    Why: whoever gets a domain moved decides where its mail goes.
    Fix: set the transfer lock (clientTransferProhibited) at the registrar, or the lock of the registry.
    """
    entry = _entry(domain_registration)
    country = len(domain_registration.name.rpartition(".")[2]) == 2
    if country and not any("prohibited" in status for status in entry.status):
        _unsaid(domain_registration, "which locks there are")
    assert any(lock in entry.status for lock in LOCKS), f"{domain_registration.name} has no transfer lock"


@control(
    "REGISTRAR-EXPIRY",
    MAY,
    rfc(9083, "4.5"),
    PRACTICE,
    by_clock=True,
    harm=Harm.LOST,
    allowed={"days": Between(1, 365)},
)
def test_registration_does_not_end_soon(domain_registration: DomainRegistration, *, days: int = 30) -> None:
    """The registration of a domain lasts for another month.

    Why: a domain that ends takes its mail with it, and the next holder gets it.
    Fix: renew it, and let it renew by itself.
    """
    _entry(domain_registration)
    age = domain_registration.age_at("expiration")
    if age is None:
        _unsaid(domain_registration, "when it ends")
    if age > timedelta(0):
        finding(SHOULD, f"the registration of {domain_registration.name} ended {age.days} days ago")
    assert -age > timedelta(days=days), f"the registration of {domain_registration.name} ends in {(-age).days} days"


@control(
    "REP-DOMAIN-AGE",
    MAY,
    rfc(9083, "4.5"),
    PRACTICE,
    by_clock=True,
    harm=Harm.REFUSED,
    allowed={"days": Between(1, 365)},
)
def test_sending_domain_is_not_new(
    domain_registration: DomainRegistration, registered_domain: RegisteredDomain, *, days: int = 30
) -> None:
    """A domain that sends mail was registered more than a month ago.

    Why: spammers use domains for days, so that receivers distrust new ones.
    Fix: send little from it in the first weeks, and more from week to week.
    """
    if not registered_domain.sends:
        not_applicable("no mail is sent from this domain")
    _entry(domain_registration)
    age = domain_registration.age_at("registration")
    if age is None:
        _unsaid(domain_registration, "when it was registered")
    assert age > timedelta(days=days), f"{domain_registration.name} was registered {max(age.days, 0)} days ago"


@control("REP-ABUSE-CONTACT", MAY, rfc(9083, "5.1"), rfc(2142, "2"), PRACTICE, harm=Harm.REFUSED)
def test_sending_address_has_an_abuse_contact(abuse_contact: AbuseContact, sending_address: SendingAddress) -> None:
    """The registry names a mailbox for abuse of every sending address, in a domain that takes mail.

    Why: who cannot complain to anybody puts the network on a blocklist.
    Fix: let the holder of the network enter an abuse contact at the registry, and read its mail.
    """
    if abuse_contact.entry is None:
        not_applicable("registries are not asked, or none is known for the address (registration: rdap)")
    mailboxes = abuse_contact.entry.abuse
    assert mailboxes, f"the registry names nobody for abuse of {sending_address.address}"
    broken = ", ".join(abuse_contact.without_mail)
    assert len(abuse_contact.without_mail) < len(mailboxes), f"{broken} is in a domain that takes no mail"


@control("DNS-TRUST-SET", SHOULD, Reference("The inventory's trusted"), harm=Harm.ABUSED)
def test_only_trusted_names_decide(trust_set: TrustSet) -> None:
    """The names that decide where mail goes and who may send it lie in domains of the inventory or that it trusts.

    Why: whoever holds one of these domains can read the mail, or send in the domain's name.
    Fix: name the provider's domain in the inventory's `trusted`, or take the record that leads to it out.
    """
    if not trust_set.trusted:
        not_applicable("the inventory does not say whom it trusts (trusted)")
    strangers = [f"{what} {name}" for what, name in trust_set.strangers]
    assert not strangers, f"{trust_set.domain} depends on {', '.join(strangers)}"


@control(
    "DNS-TTL-PLAN", MAY, rfc(1912, "2.2"), rfc(1912, "2.8"), harm=Harm.LOST, allowed={"seconds": Between(0, 604800)}
)
def test_ttls_permit_the_planned_move(published_ttls: PublishedTTLs, *, seconds: int = 0) -> None:
    """Before a planned move, the TTLs of the records that it changes are as short as planned.

    Why: resolvers keep the old records for as long as their TTL was when they asked.
    Fix: shorten the TTLs, and wait for as long as they were before.
    """
    if not seconds:
        not_applicable("no move is planned (controls: {DNS-TTL-PLAN: {seconds: 300}})")
    if published_ttls.proposed:
        not_applicable("the domain is judged as proposed: what its servers have now is another thing")
    long = [f"{what} {ttl} s" for what, ttl in published_ttls.ttls if ttl > seconds]
    assert not long, f"longer than the {seconds} s that are planned: {', '.join(long)}"
    if published_ttls.unknown or not published_ttls.ttls:
        raise NotObserved("; ".join(published_ttls.unknown) or "no TTL is known", published_ttls.evidence())
