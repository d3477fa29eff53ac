"""Registration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import SHOULD
from mailproof.grammars.rdap import DomainEntry, NetworkEntry
from mailproof.observations.registration import AbuseContact, DomainRegistration, PublishedTTLs, TrustSet
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.registration import RegisteredDomain

from ..observed import ADDRESS, DOMAIN
from .case import Case, Table, advises, fails, passes, skips, undecided

_NOW = "2026-11-26T00:00:00+00:00"
_URL = "https://rdap.example/domain/example.org"
_SERVERS = ("ns1.example.net", "ns2.example.net")


def _registered(
    *,
    status: tuple[str, ...] = ("client transfer prohibited",),
    expires: str = "2027-06-01T00:00:00Z",
    since: str = "2001-01-01T00:00:00Z",
    servers: tuple[str, ...] = _SERVERS,
    tags: tuple[int, ...] | None = (12345,),
    **more: Any,
) -> DomainRegistration:
    events = tuple((action, date) for action, date in (("expiration", expires), ("registration", since)) if date)
    entry = DomainEntry(DOMAIN, status, events, servers, tags)
    known: dict[str, Any] = {"parent_servers": _SERVERS, "parent_tags": (12345,)}
    return DomainRegistration(DOMAIN, _NOW, _URL, entry, **(known | more))


_NO_REGISTRY = DomainRegistration(DOMAIN, _NOW, "")
_SENDS, _SILENT = RegisteredDomain(DOMAIN), RegisteredDomain(DOMAIN, sends=False)


def _contact(*mailboxes: str, without: tuple[str, ...] = ()) -> dict[str, Any]:
    seen = AbuseContact(ADDRESS, _URL, NetworkEntry("NET-1", mailboxes), without)
    return {"abuse_contact": seen, "sending_address": SendingAddress(ADDRESS)}


def _trust(*trusted: str) -> TrustSet:
    names = (("name server", "ns1.dns.example"), ("MX host", "mx.example.org"), ("SPF include", "spf.provider.example"))
    return TrustSet(DOMAIN, names, trusted)


def _ttls(*unknown: str, **ttls: int) -> PublishedTTLs:
    return PublishedTTLs(DOMAIN, tuple((f"{DOMAIN} {type}", ttl) for type, ttl in ttls.items()), unknown)


def _planned(case: Case, seconds: int = 300) -> Case:
    return replace(case, parameters={"seconds": seconds})


TABLE: Table = {
    "REGISTRAR-NS": (
        passes(domain_registration=_registered()),
        passes(domain_registration=_registered(servers=(), tags=None)),
        passes(domain_registration=_registered(parent_tags=None)),
        fails("is being deleted (redemption", domain_registration=_registered(status=("redemption period",))),
        fails("is on hold (server hold)", level=SHOULD, domain_registration=_registered(status=("server hold",))),
        fails(
            "the name servers ns1.example.net, and the parent",
            level=SHOULD,
            domain_registration=_registered(servers=_SERVERS[:1]),
        ),
        fails("DS records for 12345, the parent for none", domain_registration=_registered(parent_tags=())),
        fails("DS records for none, the parent for 12345", domain_registration=_registered(tags=())),
        undecided("no answer", domain_registration=_registered(parent_servers=(), failure="no answer")),
        skips("no bootstrap file", domain_registration=_NO_REGISTRY),
    ),
    "REGISTRAR-LOCK": (
        passes(domain_registration=_registered()),
        passes(domain_registration=_registered(status=("active", "server transfer prohibited"))),
        passes(domain_registration=_registered(status=("locked",))),
        advises("no transfer lock", domain_registration=_registered(status=("active",))),
        advises(
            "no transfer lock",
            domain_registration=replace(_registered(status=("server delete prohibited",)), name="x.nl"),
        ),
        skips("does not say which locks", domain_registration=replace(_registered(status=("active",)), name="x.nl")),
        skips("no bootstrap file", domain_registration=_NO_REGISTRY),
    ),
    "REGISTRAR-EXPIRY": (
        passes(domain_registration=_registered()),
        advises("ends in 5 days", domain_registration=_registered(expires="2026-12-01T00:00:00Z")),
        fails("ended 25 days ago", level=SHOULD, domain_registration=_registered(expires="2026-11-01T00:00:00Z")),
        skips("does not say when it ends", domain_registration=_registered(expires="")),
        skips("does not say", domain_registration=_registered(expires="soon")),
        skips("no bootstrap file", domain_registration=_NO_REGISTRY),
    ),
    "REP-DOMAIN-AGE": (
        passes(registered_domain=_SENDS, domain_registration=_registered()),
        advises(
            "registered 6 days ago",
            registered_domain=_SENDS,
            domain_registration=_registered(since="2026-11-20T00:00:00"),
        ),
        skips("no mail is sent", registered_domain=_SILENT, domain_registration=_registered(since="2026-11-20")),
        skips("does not say when", registered_domain=_SENDS, domain_registration=_registered(since="")),
        skips("no bootstrap file", registered_domain=_SENDS, domain_registration=_NO_REGISTRY),
    ),
    "REP-ABUSE-CONTACT": (
        passes(**_contact("abuse@isp.example")),
        passes(**_contact("abuse@isp.example", "abuse@gone.example", without=("abuse@gone.example",))),
        advises("names nobody", **_contact()),
        advises("abuse@gone.example is in", **_contact("abuse@gone.example", without=("abuse@gone.example",))),
        skips("are not asked", abuse_contact=AbuseContact(ADDRESS, ""), sending_address=SendingAddress(ADDRESS)),
    ),
    "DNS-TRUST-SET": (
        passes(trust_set=_trust(DOMAIN, "dns.example", "provider.example")),
        fails("depends on name server ns1.dns.example, SPF", level=SHOULD, trust_set=_trust(DOMAIN)),
        fails("SPF include spf.provider.example", trust_set=_trust(DOMAIN, "dns.example", "er.example")),
        skips("does not say whom", trust_set=_trust()),
    ),
    "DNS-TTL-PLAN": (
        _planned(passes(published_ttls=_ttls(MX=300, NS=60))),
        _planned(advises("example.org NS 86400 s", published_ttls=_ttls(MX=300, NS=86400))),
        _planned(advises("example.org NS 86400 s", published_ttls=_ttls("timed out", NS=86400))),
        _planned(undecided("timed out", published_ttls=_ttls("timed out", MX=300))),
        _planned(undecided("no TTL", published_ttls=_ttls())),
        _planned(skips("as proposed", published_ttls=replace(_ttls(NS=86400), proposed=True))),
        skips("no move is planned", published_ttls=_ttls(NS=86400)),
    ),
}
