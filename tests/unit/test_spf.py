"""SPF by the letter of RFC 7208: selection, grammar, the walk of the tree, check_host() over a DNS server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import pytest

from mailproof.fixtures.dns_responder import Behaviour, Fault
from mailproof.fixtures.dns_server import DNSServer
from mailproof.grammars.spf import parse_record, select_records, target_name
from mailproof.net.dns.client import DNSClient
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.errors import NotObserved
from mailproof.net.settings import Limits, NetSettings
from mailproof.observations.spf import PublishedSPF, SPFTree
from mailproof.probes.check_host import check_host
from mailproof.probes.spf import MAX_WALK, _Walk, expand

from .observed import answer

T = TypeVar("T")

SENDER = "192.0.2.25"
SENDER6 = "2001:db8::25"


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("v=spf1", True),
        ("v=spf1 -all", True),
        ("V=SpF1 -all", True),
        ("v=spf10 -all", False),
        (" v=spf1 -all", False),
        ("v=spf1\t-all", False),
        ("v=spf1\n", False),
        ("spf2.0/pra -all", False),
    ],
)
def test_selection_wants_the_version_then_a_space_or_the_end(text: str, counts: bool) -> None:
    """RFC 7208, section 4.5."""
    assert select_records((text,)) == ((text,) if counts else ())


@pytest.mark.parametrize(
    "terms",
    [
        "",
        "   a    -all  ",
        "A MX PTR ALL",
        "a/0 a/32 a//0 a//128 a/24//64 mx:example.org/24//64",
        "a:example.org. a:mx-1.example.org a:1.example.o-rg a:%{d} a:a%%.%{d1r-+} a:foo/bar.example.org/24",
        "ip4:192.0.2.1 ip4:192.0.2.0/24 ip4:0.0.0.0/0",
        "ip6:::1 ip6:2001:db8::/32 ip6:::ffff:192.0.2.1/128",
        "exists:%{ir}.%{v}._spf.%{d2} include:_spf.example.org ptr:example.org",
        "redirect=example.org exp=explain.%{d}",
        "Redirect=example.org",
        "x=y x=z moo.cow-far_out=man:dog/cat empty=",
        "+a -a ~a ?a",
        "exists:%{L}.%{S}.%{O}.%{D}.%{I}.%{P}.%{V}.%{H}.example.org",
        "exists:%{d0012}.example.org",
    ],
)
def test_grammar_takes(terms: str) -> None:
    """RFC 7208, section 12."""
    assert parse_record(f"v=spf1 {terms}").errors == ()


@pytest.mark.parametrize(
    "term",
    [
        "moo",
        "-",
        "=a",
        "a:",
        "a:/24",
        "a/",
        "a/33",
        "a//129",
        "a/024",
        "a/24/64",
        "a:museum",
        "a:museum.",
        "a:192.0.2.1",
        "a:example.org:8080",
        "a:foo-bar",
        "a:example.-org",
        "a:example.org-",
        "all:example.org",
        "all/8",
        "ip4",
        "ip4:",
        "ip4:192.0.2",
        "ip4:192.0.2.01",
        "ip4:192.0.2.1/33",
        "ip4:192.0.2.1//32",
        "ip4:192.0.2.1/",
        "ip6:::1/129",
        "ip6:::1//128",
        "ip6:fe80::1%eth0",
        "ip6:192.0.2.1",
        "include",
        "include:",
        "include/24",
        "exists",
        "exists:",
        "exists:%",
        "exists:%{x}.example.org",
        "exists:%{d0}.example.org",
        "exists:%{c}.example.org",
        "exists:%{d.example.org",
        "exists:%(d).example.org",
        "ptr/24",
        "ptr:",
        "redirect=",
        "redirect:example.org",
        "-redirect=example.org",
        "exp=",
        "x=%{",
        "a,",
        "a\tmx",
        "a\r",
        "a:\u00e4.example.org",
        "ip4:192.0.2.1/" + "9" * 5000,
    ],
)
def test_grammar_refuses(term: str) -> None:
    """RFC 7208, section 12: each of these is a permerror, wherever it stands."""
    assert parse_record(f"v=spf1 ip4:192.0.2.1 -all {term}").errors


@pytest.mark.parametrize("modifier", ["redirect=a.example REDIRECT=b.example", "exp=a.example exp=a.example"])
def test_redirect_and_exp_are_given_once(modifier: str) -> None:
    """RFC 7208, section 6."""
    assert parse_record(f"v=spf1 {modifier}").errors


def test_a_term_before_all_is_not_ignored_because_it_stands_behind_it_again() -> None:
    ignored = parse_record("v=spf1 mx redirect=a.example -all mx").ignored
    assert [term.text for term in ignored] == ["redirect=a.example", "mx"]


def test_redirect_does_not_count_beside_all() -> None:
    """RFC 7208, section 6.1."""
    record = parse_record("v=spf1 redirect=a.example mx ?all a")
    assert record.redirect is None
    assert [term.text for term in record.evaluated] == ["mx", "?all"]
    assert [term.text for term in parse_record("v=spf1 redirect=a.example mx").evaluated] == [
        "mx",
        "redirect=a.example",
    ]


@pytest.mark.parametrize(
    ("spec", "expanded"),
    [
        ("%{d}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{D}.x%%y%_z%-.", "email.example.com.x%y z%20"),
        ("%{o}", "example.com"),
        ("%{d-}", "email.example.com"),
        ("%{d" + "9" * 5000 + "}", "email.example.com"),
        ("%{i}.%{d}", None),
        ("%{s}", None),
    ],
)
def test_macros(spec: str, expanded: str | None) -> None:
    """RFC 7208, section 7.4."""
    assert expand(spec, "email.example.com", "example.com") == expanded


def test_target_names_are_cut_on_the_left_and_keep_their_octets() -> None:
    """RFC 7208, sections 4.8 and 7.3."""
    long = ".".join(["x" * 60] * 3 + ["y" * 60] * 2 + ["example.org"])
    shortened = target_name(long)
    assert shortened is not None
    assert len(shortened) <= 253
    assert long.endswith(shortened)
    assert target_name("a..example.org") is None
    assert target_name(f"{'a' * 64}.example.org") is None
    assert target_name(r"a\b@c.example.org") == r"a\\b\@c.example.org"


def published(domain: str, text: str, *path: str) -> PublishedSPF:
    return PublishedSPF(domain, path, answer(domain, "TXT", text))


def test_the_closing_all_is_found_through_redirects_and_only_those() -> None:
    own = published("a.example", "v=spf1 include:c.example redirect=b.example")
    included = published("c.example", "v=spf1 ?all", "include:c.example")
    tree = SPFTree("a.example", (own, included, published("b.example", "v=spf1 ~all", "redirect=b.example")), ())
    assert tree.closing is not None
    assert tree.closing.qualifier == "~"
    circle = SPFTree("a.example", (published("a.example", "v=spf1 redirect=a.example"),), ())
    assert circle.closing is None


ZONE = """
@ 60 SOA ns h 1 2 3 4 5
@ 60 NS ns
@ 60 TXT "{record}"
mx1 60 A 192.0.2.25
mx2 60 A 192.0.2.26
mx3 60 A 192.0.2.27
mail 60 MX 10 mx1
mail 60 MX 20 mx2
mail 60 MX 30 mx3
six 60 AAAA 2001:db8::25
inc 60 TXT "v=spf1 ip4:192.0.2.25 ?all"
all 60 TXT "v=spf1 -all"
two 60 TXT "v=spf1 -all"
two 60 TXT "v=spf1 +all"
loop 60 TXT "v=spf1 include:loop.example.org -all"
explain 60 TXT "%{{i}} is not one of %{{d}}"
alias 60 CNAME mx1
{rest}
"""


async def in_world(
    record: str,
    look: Callable[[DNSClient], Awaitable[T]],
    rest: str = "",
    reverse: str = "",
    behaviour: Mapping[str, Behaviour] | None = None,
) -> T:
    zones = [parse_zone("example.org", ZONE.format(record=record, rest=rest))]
    zones.append(
        parse_zone(
            "2.0.192.in-addr.arpa",
            f"@ 60 SOA ns.example. h.example. 1 2 3 4 5\n@ 60 NS ns.example.\n{reverse}\n",
        )
    )
    server = DNSServer(zones, recursive=True, behaviour=behaviour)
    address = await server.start()
    limits = Limits(dns=0.5, dns_tries=1)
    try:
        async with DNSClient(NetSettings(resolvers=(address,), limits=limits)) as client:
            return await look(client)
    finally:
        await server.stop()


def result_of(record: str, address: str = SENDER, **world: object) -> str:
    async def look(client: DNSClient) -> str:
        return (await check_host(client, address, "postmaster@example.org", "mx1.example.org")).result

    return asyncio.run(in_world(record, look, **world))  # type: ignore[arg-type]


VOID = "a:gone1.example.org a:gone2.example.org"


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 a:mx1.example.org -all", "pass"),
        ("v=spf1 a:alias.example.org -all", "pass"),
        ("v=spf1 mx:mail.example.org -all", "pass"),
        ("v=spf1 a:mx2.example.org/24 -all", "pass"),
        ("v=spf1 ip4:192.0.2.0/24 -all", "pass"),
        ("v=spf1 include:inc.example.org -all", "pass"),
        ("v=spf1 exists:mx1.example.org -all", "pass"),
        ("v=spf1 ?a:mx1.example.org -all", "neutral"),
        ("v=spf1 a:mx2.example.org -all", "fail"),
        ("v=spf1 a:mx2.example.org ~all", "softfail"),
        ("v=spf1 include:all.example.org", "neutral"),
        ("v=spf1", "neutral"),
        ("verification=1", "none"),
        ("v=spf1 redirect=inc.example.org", "pass"),
        ("v=spf1 Redirect=all.example.org", "fail"),
        ("v=spf1 redirect=gone.example.org", "permerror"),
        ("v=spf1 redirect=gone.example.org -all", "fail"),
        ("v=spf1 include:gone.example.org -all", "permerror"),
        ("v=spf1 include:two.example.org -all", "permerror"),
        ("v=spf1 include:loop.example.org -all", "permerror"),
        ("v=spf1 ip4:192.0.2.25 -all moo", "permerror"),
        ("v=spf1 x=1 x=2 -all", "fail"),
        ("v=spf1 -all exp=explain.example.org", "fail"),
        ("v=spf1 -all exp=gone.example.org", "fail"),
        (f"v=spf1 {VOID} -all", "fail"),
        (f"v=spf1 {VOID} a:gone3.example.org -all", "permerror"),
        (f"v=spf1 {VOID} mx:mx2.example.org -all", "permerror"),
        (r"v=spf1 exists:a\\b.example.org -all", "fail"),
        ("v=spf1 a:a..example.org -all", "fail"),
        (f"v=spf1 a:{'x' * 64}.example.org -all", "fail"),
    ],
)
def test_check_host(record: str, result: str) -> None:
    assert result_of(record) == result


@pytest.mark.parametrize(("number", "result"), [(10, "fail"), (11, "permerror")])
def test_ten_terms_may_ask_the_dns(number: int, result: str) -> None:
    """RFC 7208, section 4.6.4; ip4, ip6 and all cost nothing."""
    terms = " ".join(["a:mx2.example.org"] * number)
    assert result_of(f"v=spf1 ip4:203.0.113.1 ip6:2001:db8:1::1 {terms} -all") == result


@pytest.mark.parametrize(("number", "result"), [(5, "fail"), (6, "permerror")])
def test_each_host_name_macro_counts_as_a_lookup(number: int, result: str) -> None:
    """RFC 7208, section 4.6.4: the PTR records that %{p} asks for are among the ten."""
    names = "\n".join(f"unknown.e{n} 60 A 203.0.113.1" for n in range(number))
    terms = " ".join(f"a:%{{p}}.e{n}.example.org" for n in range(number))
    assert result_of(f"v=spf1 {terms} -all", rest=names) == result


@pytest.mark.parametrize("domain", ["localhost", "localhost.", "org"])
def test_a_domain_of_one_label_has_no_spf(domain: str) -> None:
    """RFC 7208, section 4.3."""

    async def look(client: DNSClient) -> list[str]:
        mailbox = await check_host(client, SENDER, f"postmaster@{domain}", "mx1.example.org")
        helo = await check_host(client, SENDER, "", domain)
        return [mailbox.result, helo.result]

    assert asyncio.run(in_world("v=spf1 -all", look)) == ["none", "none"]


def test_a_redirect_beside_all_costs_nothing() -> None:
    """RFC 7208, section 6.1: it is ignored."""
    terms = " ".join(["a:mx2.example.org"] * 10)
    assert result_of(f"v=spf1 {terms} redirect=all.example.org -all") == "fail"


@pytest.mark.parametrize(("number", "result"), [(10, "fail"), (11, "permerror")])
def test_an_mx_may_yield_ten_names(number: int, result: str) -> None:
    rest = "\n".join(
        f"many 60 MX {n} mx2" if n == 0 else f"many 60 MX {n} h{n}\nh{n} 60 A 203.0.113.{n}" for n in range(number)
    )
    assert result_of("v=spf1 mx:many.example.org -all", rest=rest) == result


def test_mx_hosts_without_an_address_of_the_family_are_no_void_lookups() -> None:
    """RFC 7208, section 4.6.4 limits the terms that come back empty; this one did not."""
    assert result_of("v=spf1 mx:mail.example.org a:six.example.org -all", SENDER6) == "pass"
    assert result_of("v=spf1 a:mx1.example.org a:mx2.example.org a:mx3.example.org -all", SENDER6) == "permerror"


def test_an_ipv4_client_in_ipv6_clothes_is_an_ipv4_client() -> None:
    """RFC 7208, section 5."""
    assert result_of("v=spf1 ip4:192.0.2.25 -all", "::ffff:192.0.2.25") == "pass"


PTR = "25 60 PTR mx1.example.org.\n25 60 PTR liar.example.org.\n"


def test_ptr_needs_the_way_back_and_takes_dns_errors_for_none() -> None:
    """RFC 7208, section 5.5."""
    assert result_of("v=spf1 ptr -all", reverse=PTR) == "pass"
    assert result_of("v=spf1 ptr:mx1.example.org -all", reverse="25 60 PTR mx2.example.org.") == "fail"
    broken = {"liar.example.org": Behaviour(Fault.SERVFAIL)}
    assert result_of("v=spf1 ptr:mx1.example.org -all", reverse=PTR, behaviour=broken) == "pass"
    silent = {"25.2.0.192.in-addr.arpa": Behaviour(Fault.SERVFAIL)}
    assert result_of("v=spf1 ptr ~all", reverse=PTR, behaviour=silent) == "softfail"


def test_an_alias_loop_behind_ptr_is_a_name_that_is_not_confirmed() -> None:
    loop = "round 60 CNAME about\nabout 60 CNAME round"
    assert result_of("v=spf1 ptr ?all", rest=loop, reverse="25 60 PTR round.example.org.") == "neutral"


def test_what_the_dns_does_not_answer_is_not_a_result() -> None:
    """RFC 7208, section 2.6.6 is temperror; here it says that nothing could be found out."""
    with pytest.raises(NotObserved):
        result_of("v=spf1 a:mx1.example.org -all", behaviour={"mx1.example.org": Behaviour(Fault.SERVFAIL)})


def test_a_match_before_the_fault_is_a_match() -> None:
    behaviour = {"mx1.example.org": Behaviour(Fault.SERVFAIL)}
    assert result_of("v=spf1 ip4:192.0.2.25 a:mx1.example.org -all", behaviour=behaviour) == "pass"


def test_the_helo_identity_is_checked_for_a_null_sender() -> None:
    """RFC 7208, section 2.4."""

    async def look(client: DNSClient) -> tuple[str, str]:
        found = [await check_host(client, SENDER, "", name) for name in ("inc.example.org", "all.example.org")]
        return found[0].result, found[1].result

    assert asyncio.run(in_world("v=spf1 -all", look)) == ("pass", "fail")


def test_a_cancelled_evaluation_ends_at_once() -> None:
    async def look(client: DNSClient) -> None:
        task = asyncio.ensure_future(check_host(client, SENDER, "postmaster@example.org", "mx1.example.org"))
        await asyncio.wait([task], timeout=0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(in_world("v=spf1 -all", look, behaviour={"*": Behaviour(Fault.SILENCE)}))


def walk(record: str, **world: object) -> SPFTree:
    async def look(client: DNSClient) -> SPFTree:
        walked = _Walk(client)
        start = PublishedSPF("example.org", (), await client.resolve("example.org", "TXT"))
        await walked.through(start, ("example.org",))
        return SPFTree(
            "example.org", tuple(walked.records), tuple(walked.lookups), tuple(walked.loops), walked.cut_short
        )

    return asyncio.run(in_world(record, look, **world))  # type: ignore[arg-type]


def test_the_walk_counts_what_check_host_counts() -> None:
    tree = walk(
        "v=spf1 ip4:203.0.113.1 a:mx2.example.org mx:mail.example.org ptr "
        "exists:%{i}.example.org include:inc.example.org -all a"
    )
    assert [lookup.term for lookup in tree.lookups] == [
        "a:mx2.example.org",
        "mx:mail.example.org",
        "ptr",
        "exists:%{i}.example.org",
        "include:inc.example.org",
    ]
    assert tree.lookups[1].mx_names == 3
    assert tree.lookups[3].name is None
    assert [published.domain for published in tree.records] == ["example.org", "inc.example.org"]
    assert not tree.loops
    assert not tree.cut_short


def test_the_walk_counts_void_lookups_by_family() -> None:
    tree = walk(
        "v=spf1 a:mx1.example.org a:six.example.org a:gone.example.org exists:gone.example.org mx:mail.example.org -all"
    )
    assert [lookup.name for lookup in tree.void_lookups(4)] == [
        "six.example.org",
        "gone.example.org",
        "gone.example.org",
    ]
    assert [lookup.name for lookup in tree.void_lookups(6)] == [
        "mx1.example.org",
        "gone.example.org",
        "gone.example.org",
    ]


@pytest.mark.parametrize(
    ("term", "networks"),
    [
        ("mx:mail.example.org", []),
        ("mx:mail.example.org/0", ["0.0.0.0/0"]),
        ("mx:mail.example.org/24//64", ["192.0.2.0/24"]),
        ("include:wide.example.org", ["0.0.0.0/0"]),
        ("exists:mx1.%{d}", ["0.0.0.0/0", "::/0"]),
        ("exists:mx1..example.org", []),
        ("exists:gone.example.org", []),
    ],
)
def test_what_passes_is_known_where_others_can_be_among_it(term: str, networks: list[str]) -> None:
    """RFC 7208, sections 4.8, 5.4 and 5.7."""
    tree = walk(f"v=spf1 {term} -all", rest='wide 60 TXT "v=spf1 mx/0 -all"\nwide 60 MX 10 mx1')
    assert [str(found.network) for found in tree.authorised] == networks


@pytest.mark.parametrize("term", ["a:mx1..example.org", "mx:null.example.org", "exists:mx1..example.org"])
def test_the_walk_knows_terms_that_nobody_can_match(term: str) -> None:
    tree = walk(f"v=spf1 {term} -all", rest="null 60 MX 0 .")
    assert tree.lookups[0].leads_nowhere
    assert not tree.void_lookups(4)


def test_the_walk_ends_in_loops_and_in_bombs() -> None:
    assert walk("v=spf1 include:loop.example.org -all").loops == (
        "example.org -> loop.example.org -> loop.example.org",
    )
    bomb = "\n".join(
        f'b{n} 60 TXT "v=spf1 include:b{n + 1}.example.org include:b{n + 1}.example.org"' for n in range(12)
    )
    tree = walk("v=spf1 include:b0.example.org -all", rest=bomb)
    assert tree.cut_short
    assert len(tree.lookups) == MAX_WALK
