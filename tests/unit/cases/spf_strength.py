"""How many may send in the name of a domain."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import SHOULD
from mailproof.observations.spf import HostSPF, Lookup, NamesBelow, PublishedSPF, SPFTree

from ..observed import DOMAIN, HOST, PARKED, RECEIVES, answer
from .case import Case, Table, advises, fails, leaves, passes, skips
from .spf import published, spf, spf_tree

NAME = f"mailproof-does-not-exist.{DOMAIN}"


def included(record: str, term: str = "include:spf.example.net") -> SPFTree:
    """A tree with one include, and the record that it leads to."""
    behind: PublishedSPF = published("spf.example.net", record, path=(term,))
    return spf_tree(f"v=spf1 {term} -all", behind)


def hosts(term: str, *addresses: str, senders: tuple[str, ...] = ()) -> SPFTree:
    """A tree with one ``a`` or ``mx`` and what is behind it."""
    found = Lookup(term, DOMAIN, None if "%{i" in term else DOMAIN, addresses=addresses)
    return replace(spf_tree(f"v=spf1 {term} -all", lookups=(found,)), senders=senders)


def _nowhere(term: str) -> SPFTree:
    """A tree with one term whose name is malformed."""
    return spf_tree(f"v=spf1 {term} -all", lookups=(Lookup(term, DOMAIN, "a..example.net", leads_nowhere=True),))


def below(
    *texts: str, mx: tuple[str, ...] = (), address: tuple[str, ...] = (), ipv6: tuple[str, ...] = ()
) -> NamesBelow:
    """What a made-up name below a parked domain gets."""
    return NamesBelow(
        DOMAIN,
        True,
        NAME,
        answer(NAME, "TXT", *texts),
        answer(NAME, "MX", *mx),
        answer(NAME, "A", *address),
        answer(NAME, "AAAA", *ipv6),
    )


def _with_pools(pool: str, case: Case) -> Case:
    return replace(case, parameters={"pools": (pool,)})


def _host(*texts: str) -> HostSPF:
    """A host that sends nothing, and its records."""
    return HostSPF(HOST, True, True, published=PublishedSPF(HOST, (), answer(HOST, "TXT", *texts)))


_SENDERS = ("192.0.2.1",)
_MX = Lookup("mx", DOMAIN, DOMAIN, addresses=("192.0.2.80",), foreign=("192.0.2.80",))
_PROVIDER = replace(spf_tree("v=spf1 mx -all", lookups=(_MX,)), senders=_SENDERS)

TABLE: Table = {
    "SPF-WIDTH": (
        passes(spf_tree=spf_tree("v=spf1 ip4:10.0.0.0/16 ip6:2001:db8::/32 -all")),
        passes(spf_tree=spf_tree("v=spf1 ?ip4:10.0.0.0/8 -all")),
        passes(spf_tree=hosts("a:host.example/24//64", "192.0.2.1", "2001:db8::1")),
        fails("ip4:10.0.0.0/15 of example.org", level=SHOULD, spf_tree=spf_tree("v=spf1 ip4:10.0.0.0/15 -all")),
        fails("ip6:2001:db8::/31", spf_tree=spf_tree("v=spf1 ip6:2001:db8::/31 -all")),
        fails("/1 ", spf_tree=spf_tree("v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all")),
        fails("0.0.0.0/0", spf_tree=hosts("mx/0", "192.0.2.1")),
        fails("0.0.0.0/0", spf_tree=hosts("exists:example.net", "192.0.2.1")),
        fails("0.0.0.0/0", spf_tree=hosts("exists:%{d}", "192.0.2.1")),
        passes(spf_tree=hosts("exists:%{i}.example.net")),
        passes(spf_tree=_nowhere("exists:a..example.net")),
        fails("+all of spf.example.net", spf_tree=included("v=spf1 +all")),
        passes(spf_tree=included("v=spf1 +all", "?include:spf.example.net")),
        fails("10.0.0.0/7", spf_tree=included("v=spf1 ip4:10.0.0.0/7 -all")),
        advises("by an include", spf_tree=included("v=spf1 ip4:10.0.0.0/15 -all")),
        fails(
            "8,388,608 IPv4 addresses",
            spf_tree=spf_tree(f"v=spf1 {' '.join(f'ip4:10.{n}.0.0/16' for n in range(128))} -all"),
        ),
        leaves("SPF-ALL-STRICT", spf_tree=spf_tree("v=spf1 +all")),
        leaves("SPF-INVENTORY-EVAL", spf_tree=replace(spf_tree("v=spf1 ip4:0.0.0.0/0 -all"), senders=_SENDERS)),
        leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 x ip4:10.0.0.0/8 -all")),
        leaves("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-SHARED-POOL": (
        passes(spf_tree=spf_tree("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/48 -all")),
        passes(spf_tree=spf_tree("v=spf1 ip4:138.68.7.0/24 ?ip4:104.16.0.0/16 -all")),
        passes(spf_tree=included("v=spf1 ip4:138.68.0.0/16 -all")),
        passes(spf_tree=spf_tree("v=spf1 ip4:138.0.0.0/8 -all")),
        fails("of DigitalOcean that other", level=SHOULD, spf_tree=spf_tree("v=spf1 ip4:138.68.0.0/16 -all")),
        fails("of Cloudflare that all", spf_tree=spf_tree("v=spf1 ip4:104.16.8.0/24 -all")),
        fails("of Fastly", spf_tree=spf_tree("v=spf1 ip6:2a04:4e42::/48 -all")),
        fails("of Cloudflare", spf_tree=hosts("a/24", "104.16.8.1")),
        advises("an address of Cloudflare", spf_tree=hosts("a", "104.16.8.1")),
        advises("an address of Cloudflare", spf_tree=spf_tree("v=spf1 ip4:104.16.8.1 -all")),
        leaves("SPF-BARE-A", spf_tree=hosts("a", "104.16.8.1", senders=_SENDERS)),
        _with_pools("198.51.100.0/24", fails("of the pool", spf_tree=spf_tree("v=spf1 ip4:198.51.100.0/23 -all"))),
        _with_pools("198.51.100.0/24", passes(spf_tree=spf_tree("v=spf1 ip4:138.68.0.0/16 -all"))),
        leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 x -all")),
        leaves("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-HOST-DENY": (
        passes(host_spf=_host("v=spf1 -all")),
        advises("has no SPF record", host_spf=_host()),
        advises("has 'v=spf1 a -all'", host_spf=_host("v=spf1 a -all")),
        advises("has 'v=spf1 -all'", host_spf=_host("v=spf1 -all", "v=spf1 a -all")),
        skips("mail leaves at 192.0.2.1", host_spf=HostSPF(HOST, True, True, "mail leaves at 192.0.2.1")),
        skips("names no sending address", host_spf=HostSPF(HOST, True)),
        skips("does not name this host", host_spf=HostSPF(HOST, False, True)),
    ),
    "SPF-BARE-A": (
        passes(spf_tree=hosts("a", "192.0.2.1", senders=_SENDERS)),
        passes(spf_tree=hosts("mx", "192.0.2.80", senders=_SENDERS)),
        advises("mx authorises 192.0.2.80", spf_tree=_PROVIDER),
        advises("a authorises 192.0.2.80", spf_tree=hosts("a", "192.0.2.80", senders=_SENDERS)),
        passes(spf_tree=hosts("?a", "192.0.2.80", senders=_SENDERS)),
        skips("neither a nor mx", spf_tree=hosts("a:host.example", "192.0.2.80", senders=_SENDERS)),
        skips("no sending address", spf_tree=hosts("a", "192.0.2.80")),
        leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 x a -all")),
        leaves("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-PARKED": (
        passes(spf=spf("v=spf1 -all"), mail_domain=PARKED),
        passes(spf=spf("v=spf1 exp=exp.example.org -all"), mail_domain=PARKED),
        fails("mx -all", level=SHOULD, spf=spf("v=spf1 mx -all"), mail_domain=PARKED),
        fails("redirect=a.example", spf=spf("v=spf1 redirect=a.example"), mail_domain=PARKED),
        skips("sends mail", spf=spf("v=spf1 mx -all"), mail_domain=RECEIVES),
        leaves("SPF-ALL-STRICT", spf=spf("v=spf1 ~all"), mail_domain=PARKED),
        leaves("SPF-ALL-STRICT", spf=spf("v=spf1"), mail_domain=PARKED),
        leaves("SPF-SYNTAX", spf=spf("v=spf1 x -all"), mail_domain=PARKED),
        leaves("SPF-EXISTS", spf=spf(), mail_domain=PARKED),
    ),
    "SPF-WILDCARD-DENY": (
        passes(names_below=below("v=spf1 -all")),
        advises("has no SPF record", names_below=below()),
        advises("gets 'v=spf1 mx -all'", names_below=below("v=spf1 mx -all")),
        skips("the domain has mail", names_below=NamesBelow(DOMAIN, False)),
        leaves("MX-EXISTS", names_below=NamesBelow(DOMAIN, True)),
    ),
}
