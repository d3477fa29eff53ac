"""Names that somebody else can take over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.net.dns.client import Answer
from mailproof.observations.authorities import Silence
from mailproof.observations.dangling import AliasEnd, LeadingNames, NamedDomain
from mailproof.observations.dkim import DKIMKey
from mailproof.observations.mx import HostAddresses, MXHosts
from mailproof.observations.spf import Lookup, PublishedSPF, SPFTree
from mailproof.observations.zones import Delegation, ServerAddresses

from ..observed import DOMAIN, HOST, answer, missing, mx, sts
from .case import Table, advises, fails, leaves, passes, skips, undecided

GONE = "gone.example"
LOST = Silence("lost", "timed out")


def _alias(label: str, *, exists: bool = True, unregistered: str = "", type: str = "A") -> AliasEnd:
    name = f"{label}.{DOMAIN}"
    rcode = "NOERROR" if exists and not unregistered else "NXDOMAIN"
    return AliasEnd(name, Answer(name, type, rcode, aliases=(f"x.{unregistered or 'host.example'}",)), unregistered)


def _names(**fields: Any) -> LeadingNames:
    return replace(LeadingNames(DOMAIN, (), (), (), ()), **fields)


def _named(domain: str, *, unregistered: bool = False) -> NamedDomain:
    return NamedDomain(f"DMARC record at _dmarc.{DOMAIN}", f"mailto:a@{domain}", domain, unregistered)


def _hosts(unregistered: str = "", unknown: tuple[Silence, ...] = ()) -> MXHosts:
    host = HostAddresses(HOST, (DOMAIN,), missing(HOST, "A"), missing(HOST, "AAAA"), unregistered)
    return MXHosts(DOMAIN, mx(f"10 {HOST}."), (host,), unknown)


def _delegation(*servers: ServerAddresses) -> Delegation:
    return Delegation(DOMAIN, answer(DOMAIN, "NS"), "org", (), servers)


def _key(*aliases: str, unregistered: str = "") -> DKIMKey:
    return DKIMKey("a", DOMAIN, answer(f"a._domainkey.{DOMAIN}", "TXT", aliases=aliases), unregistered)


def _tree(*unregistered: tuple[str, str], cut_short: bool = False) -> SPFTree:
    own = PublishedSPF(DOMAIN, (), answer(DOMAIN, "TXT", "v=spf1 include:a.example -all"))
    lookup = Lookup("include:a.example", DOMAIN, "a.example")
    return SPFTree(DOMAIN, (own,), (lookup,), cut_short=cut_short, unregistered=unregistered)


_STS = sts("v=STSv1; id=1")
_NO_STS = sts()

TABLE: Table = {
    "DANGLE-MX": (
        passes(mx_hosts=_hosts()),
        fails(f"mx1.example.org lies in {GONE}", level=MUST, mx_hosts=_hosts(GONE)),
        undecided("lost", mx_hosts=_hosts(unknown=(LOST,))),
        skips("no MX", mx_hosts=MXHosts(DOMAIN, mx("0 ."), ())),
    ),
    "DANGLE-NS": (
        passes(delegation=_delegation(ServerAddresses("ns.example", ("192.0.2.1",)))),
        fails(
            f"ns.{GONE} in {GONE}",
            level=MUST,
            delegation=_delegation(ServerAddresses(f"ns.{GONE}", (), unregistered=GONE)),
        ),
        undecided("ns.example: lost", delegation=_delegation(ServerAddresses("ns.example", (), "lost"))),
    ),
    "DANGLE-SPF": (
        passes(spf_tree=_tree()),
        fails(f"a:x.{GONE} leads to {GONE}", level=MUST, spf_tree=_tree((f"a:x.{GONE}", GONE))),
        leaves("SPF-LOOKUPS-10", spf_tree=_tree(cut_short=True)),
        skips("names no other domain", spf_tree=replace(_tree(), lookups=())),
    ),
    "DANGLE-DKIM": (
        passes(dkim_key=_key("k.provider.example")),
        fails(f"ends in {GONE}", level=MUST, dkim_key=_key(f"k.{GONE}", unregistered=GONE)),
        skips("no alias", dkim_key=_key()),
    ),
    "DANGLE-STS": (
        passes(leading_names=_names(services=(_alias("autoconfig"),)), sts_record=_STS),
        fails(
            f"autodiscover.example.org -> x.{GONE} ends in {GONE}",
            level=SHOULD,
            leading_names=_names(services=(_alias("autodiscover", unregistered=GONE),)),
            sts_record=_STS,
        ),
        fails(
            "does not exist: mta-sts.example.org -> x.host.example",
            leading_names=_names(services=(_alias("mta-sts", exists=False),)),
            sts_record=_NO_STS,
        ),
        leaves("STS-FETCH", leading_names=_names(services=(_alias("mta-sts", exists=False),)), sts_record=_STS),
        skips("is an alias", leading_names=_names(), sts_record=_STS),
        undecided("lost", leading_names=_names(services=(_alias("autoconfig"),), unknown=(LOST,)), sts_record=_STS),
    ),
    "DANGLE-CNAME": (
        passes(leading_names=_names(records=(_alias("_dmarc", type="TXT"),))),
        fails(GONE, level=SHOULD, leading_names=_names(records=(_alias("_dmarc", unregistered=GONE, type="TXT"),))),
        fails(
            "_dmarc.example.org -> x.host.example",
            leading_names=_names(records=(_alias("_dmarc", exists=False, type="TXT"),)),
        ),
        skips("is an alias", leading_names=_names()),
        undecided("lost", leading_names=_names(unknown=(LOST,))),
        undecided("lost", leading_names=_names(unknown=(LOST,), about=("records texts",))),
        skips("none of the names", leading_names=_names(unknown=(LOST,), about=("services",))),
    ),
    "DANGLE-RUA": (
        passes(leading_names=_names(reports=(_named("reports.example"),))),
        fails(
            f"DMARC record at _dmarc.example.org: mailto:a@{GONE} lies in {GONE}",
            level=SHOULD,
            leading_names=_names(reports=(_named("reports.example"), _named(GONE, unregistered=True))),
        ),
        skips("no address for reports", leading_names=_names()),
        undecided(
            "too many",
            leading_names=_names(reports=(_named("reports.example"),), unknown=(Silence("too many", "not observed"),)),
        ),
    ),
    "DANGLE-TXT": (
        passes(leading_names=_names(texts=(_named("service.example"),))),
        advises(GONE, leading_names=_names(texts=(_named(GONE, unregistered=True),))),
        skips("no TXT record", leading_names=_names()),
    ),
}
