"""SPF: how many may send in the name of a domain, and whether those that send nothing say so."""

from __future__ import annotations

from ipaddress import IPv4Network, collapse_addresses, ip_address, ip_network

from mailproof.controls import MAY, SHOULD, Between, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.criteria.shared_pools import Pool, pools_with
from mailproof.observations.spf import SPF, Authorised, HostSPF, NamesBelow, SPFTree
from mailproof.references import BREAKSPF, M3AAWG_PARKED, rfc
from mailproof.remedies import records, txt, txt_line
from mailproof.targets.mail import MailDomain
from mailproof.tests_compliance.test_spf import require_valid_record

FAMILY = Family("SPF", "SPF")

FOREIGN = (8, 16)
"""Networks of IPv4 and IPv6 that are too large for the senders of any provider: whole registries have such."""

WIDE = {4: 16, 6: 32}
"""Prefixes of IPv4 and IPv6: networks that are wider are judged by SPF-WIDTH."""

_NARROW = "name the senders' own addresses, with prefixes as long as possible; remove what nobody uses"


@control(
    "SPF-WIDTH",
    SHOULD,
    rfc(7208, "11.4"),
    allowed={"ipv4_prefix": Between(0, 32), "ipv6_prefix": Between(0, 128), "addresses": Between(1, 2**32)},
    harm=Harm.ABUSED,
)
def test_spf_authorises_few_addresses(
    spf_tree: SPFTree, *, ipv4_prefix: int = 16, ipv6_prefix: int = 32, addresses: int = 2**22
) -> None:
    """The SPF record authorises no network wider than /16 (IPv6: /32), and no more IPv4 addresses than the inventory
    allows, its includes among them.

    Why: whoever gets an address out of a wide network may send in the domain's name, and passes SPF and DMARC.
    Fix: name the senders' own addresses, with prefixes as long as possible; remove what nobody uses.
    """
    require_valid_record(spf_tree)
    for wide in spf_tree.authorised:
        if wide.term.lower().lstrip("+") == "all" and not wide.included:
            leave_to("SPF-ALL-STRICT", "the record ends in +all")
        if wide.network.prefixlen == 0 and spf_tree.senders:
            leave_to("SPF-INVENTORY-EVAL", f"{wide}, so that everybody passes")
    least = {4: ipv4_prefix, 6: ipv6_prefix}
    foreign = {4: min(FOREIGN[0], ipv4_prefix), 6: min(FOREIGN[1], ipv6_prefix)}
    for wide in spf_tree.authorised:
        version = wide.network.version
        limit = (foreign if wide.included else least)[version]
        assert wide.network.prefixlen >= limit, f"{wide}; /{limit} is the widest that is wanted"
    number = _ipv4_addresses(spf_tree.authorised)
    assert number <= addresses, f"{number:,} IPv4 addresses are authorised; at most {addresses:,} are wanted"
    for wide in spf_tree.authorised:
        limit = least[wide.network.version]
        if wide.network.prefixlen < limit:
            finding(MAY, f"{wide}, which is wider than /{limit}, by an include", fix=_NARROW)


def _ipv4_addresses(authorised: tuple[Authorised, ...]) -> int:
    networks = [found.network for found in authorised if isinstance(found.network, IPv4Network)]
    return sum(network.num_addresses for network in collapse_addresses(networks))


@control("SPF-SHARED-POOL", SHOULD, rfc(7208, "11.4"), BREAKSPF, harm=Harm.ABUSED)
def test_spf_authorises_no_pool_of_a_provider(spf_tree: SPFTree, *, pools: tuple[str, ...] = ()) -> None:
    """No mechanism of the SPF record, its includes left aside, authorises a whole range of a provider that rents
    servers, nor addresses of a CDN, which all of its customers share.

    Why: whoever becomes a customer there gets such an address for an hour, and passes SPF and DMARC with the domain's
    name.
    Fix: name the addresses that are the domain's own alone (ip4, ip6), or include the record that the provider has for
    its mail service. The parameter pools: ["198.51.100.0/24"] stands in place of the known ranges.
    """
    require_valid_record(spf_tree)
    ours = [(Pool("the pool", False, text), ip_network(text, strict=False)) for text in pools]
    found: list[tuple[Authorised, Pool]] = []
    for known in spf_tree.authorised:
        if known.included or known.network.prefixlen < WIDE[known.network.version]:
            continue  # SPF-WIDTH has the wide ones
        found += [(known, pool) for pool, _ in pools_with(known.network, ours if pools else None)]
    for known, pool in found:
        assert known.network.num_addresses == 1, (
            f"{known}: addresses of {pool.provider} that {'all' if pool.shared else 'other'} customers of it get"
        )
    if found:
        known, pool = found[0]
        if spf_tree.senders and ":" not in known.term and not known.term.lower().lstrip("+").startswith("ip"):
            leave_to("SPF-BARE-A", f"{known}, an address of {pool.provider}")
        finding(MAY, f"{known}, an address of {pool.provider} that its customers share")


@control("SPF-BARE-A", MAY, rfc(7208, "5.3"), rfc(7208, "5.4"), rfc(7208, "11.4"), harm=Harm.ABUSED)
def test_spf_does_not_authorise_hosts_that_send_nothing(spf_tree: SPFTree) -> None:
    """`a` without a name authorises only addresses that send mail of the domain, by the inventory, and `mx` without a
    name nobody else's servers.

    Why: the domain's own address is mostly that of a web server or a CDN, and whoever breaks into it, or is its
    neighbour there, may send in the domain's name; so may every customer of a provider that only takes mail in.
    Fix: replace them by the addresses that send (ip4, ip6), or add the address to the inventory's senders.
    """
    require_valid_record(spf_tree)
    if not spf_tree.senders:
        not_applicable("the inventory names no sending address of the domain")
    bare = [
        lookup
        for lookup in spf_tree.lookups
        if lookup.domain == spf_tree.domain and lookup.is_about_hosts and ":" not in lookup.term
    ]
    if not bare:
        not_applicable("the record has neither a nor mx without a name")
    senders = {ip_address(address) for address in spf_tree.senders}
    for lookup in bare:
        if lookup.term[0] in "-~?":
            continue
        for address in lookup.foreign if "mx" in lookup.term.lower() else lookup.addresses:
            assert ip_address(address) in senders, (
                f"{lookup.term} authorises {address}, which is no sender of the inventory"
            )


@control("SPF-PARKED", SHOULD, rfc(7208, "10.1.2"), harm=Harm.ABUSED)
def test_a_domain_without_mail_authorises_nobody(spf: SPF, mail_domain: MailDomain) -> None:
    """A domain that sends no mail publishes exactly v=spf1 -all.

    Why: any other term authorises somebody, or costs receivers questions, for mail that there is none of.
    Fix: publish "v=spf1 -all" (an exp may stand in it).
    """
    if mail_domain.sends:
        not_applicable("the domain sends mail")
    record = spf.record
    if record is None:
        leave_to("SPF-EXISTS", "there is not exactly one SPF record")
    if record.errors:
        leave_to("SPF-SYNTAX", "a wrong term makes the whole record an error")
    mechanisms = [term.text for term in record.evaluated if term.name != "exp"]
    if len(mechanisms) == 1 and record.all is not None:
        if record.all.qualifier != "-":
            leave_to("SPF-ALL-STRICT", f"the record ends in {record.all.text}")
        return
    if not mechanisms:
        leave_to("SPF-ALL-STRICT", "the record says nothing of anybody")
    modifiers = [term.text for term in record.terms if not term.is_mechanism and term.name != "redirect"]
    fail(
        f"{spf.domain} sends no mail, and its record has {' '.join(mechanisms)}",
        remedy=txt(spf.published.answer, record.text, " ".join(("v=spf1", *modifiers, "-all"))),
    )


@control("SPF-WILDCARD-DENY", MAY, rfc(7208, "3.5"), harm=Harm.ABUSED)
def test_names_below_a_parked_domain_authorise_nobody(names_below: NamesBelow) -> None:
    """A domain without mail has v=spf1 -all for every name below it, too (*.domain).

    Why: forgers use names that nobody published, and SPF says nothing of those.
    Fix: publish `*.domain TXT "v=spf1 -all"`; names that have records of their own need one each.
    """
    _require_parked(names_below)
    texts = names_below.spf
    if not texts:
        aliased = names_below.txt is not None and names_below.txt.aliases
        fail(
            f"{names_below.name}, which nobody published, has no SPF record",
            remedy=None if aliased else records("", txt_line(f"*.{names_below.domain}", "v=spf1 -all")),
        )
    strict = [text for text in texts if text.lower().split() == ["v=spf1", "-all"]]
    assert len(texts) == len(strict) == 1, f"{names_below.name}, which nobody published, gets {texts[0]!r}"


@control("SPF-HOST-DENY", MAY, rfc(7208, "10.1.2"), M3AAWG_PARKED, harm=Harm.ABUSED)
def test_a_host_that_sends_nothing_says_so(host_spf: HostSPF) -> None:
    """A host of the inventory that sends no mail has the record v=spf1 -all at its own name.

    Why: a name that has addresses is taken for a mail domain, and forgers use it where SPF says nothing of it.
    Fix: publish "v=spf1 -all" at the host's name; or add its address to the inventory's senders if mail leaves there.
    """
    if not host_spf.declared:
        not_applicable("the inventory does not name this host")
    if not host_spf.senders_known:
        not_applicable("the inventory names no sending address")
    if host_spf.sends or host_spf.published is None:
        not_applicable(host_spf.sends or "the host sends")
    texts = host_spf.published.texts
    strict = [text for text in texts if text.lower().split() == ["v=spf1", "-all"]]
    if len(texts) == len(strict) == 1:
        return
    found = repr(texts[0]) if texts else "no SPF record"
    fail(
        f"{host_spf.host} sends nothing, by the inventory, and has {found}",
        remedy=txt(host_spf.published.answer, texts, "v=spf1 -all"),
    )


def _require_parked(names: NamesBelow) -> None:
    if not names.parked:
        not_applicable("the domain has mail")
    if names.txt is None:
        leave_to("MX-EXISTS", "the domain does not exist")
