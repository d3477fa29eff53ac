"""The DNS lists that configurations name."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from mailproof.grammars.filter_lists import READERS, ListNamed, shown_zone
from mailproof.net.network import Network
from mailproof.observations.filter_lists import FilterLists
from mailproof.probes.filter_lists import filter_lists, is_refusal
from mailproof.targets.files import Configuration, ConfigurationFile

POSTFIX = """smtpd_recipient_restrictions =
    permit_mynetworks
    reject_unauth_destination, reject_rbl_client zen.spamhaus.org=127.0.0.[2..11],
    reject_rbl_client $our_list
    permit_dnswl_client list.dnswl.org=127.0.[0..255].[1..3]
    reject_rhsbl_sender dbl.spamhaus.org
postscreen_dnsbl_sites = zen.spamhaus.org*3, bl.example.org=127.0.0.[2,4..8]*2
    list.dnswl.org=127.0.[0..255].0*-2
# reject_rbl_client old.example.org
"""
EXIM = """acl_check_rcpt:
  deny dnslists = zen.spamhaus.org : +include_unknown : bl.example.org=127.0.0.2,127.0.0.3 : \\
                  dbl.spamhaus.org/$sender_address_domain
  warn !dnslists = <; a.example.org!=127.0.0.6 ; b.example.org,c.example.org&0.0.0.2
  # deny dnslists = old.example.org
  accept
    dnslists = good.example.org
  accept dnslists = list.dnswl.org
  deny !dnslists = ours.example.org
  accept message = see dnslists = x.example.org
"""
SPAMASSASSIN = """header __RCVD_IN_ZEN eval:check_rbl('zen', 'zen.spamhaus.org.')
header RCVD_IN_X  eval:check_rbl_txt("x-lastexternal", "bl.example.org", "127.0.0.2")
# header OLD eval:check_rbl('old', 'old.example.org')
header __DNSWL eval:check_rbl('dnswl-firsttrusted', 'list.dnswl.org.')
header __IADB eval:check_rbl('iadb-firsttrusted', 'iadb.isipp.com.')
urirhssub URIBL_X multi.uribl.com. A 4
"""
RSPAMD = """rbls {
  spamhaus {
    rbl = "zen.spamhaus.org";
    symbol = "RBL";
  }
  # rbl = "old.example.org";
  one { rbl = "one.example.org"; from = true; }
  off { enabled = false; rbl = "off.example.org"; }
  dbl { rbl = "dbl.spamhaus.org"; urls = true; }
  hbl {
    rbl = "hbl.example.org"
    checks = ["from",
      "emails"]
  }
  older { enabled = false; rbls { x { rbl = "older.example.org"; } } }
  dnswl { rbl = "list.dnswl.org"; checks = ["from"]; returncodes { A = "127.0.0.1"; } }
}
"""
MASTER = """smtp inet n - y - - smtpd
  -o smtpd_client_restrictions=permit_mynetworks,reject_rbl_client,bl.example.org=127.0.0.2
  -o { smtpd_recipient_restrictions = reject_rbl_client zen.spamhaus.org }
"""


@pytest.mark.parametrize(
    ("program", "text", "expected"),
    [
        (
            "postfix",
            POSTFIX,
            [
                ("zen.spamhaus.org", 1, False),
                ("list.dnswl.org", 1, True),
                ("zen.spamhaus.org", 7, False),
                ("bl.example.org", 7, False),
                ("list.dnswl.org", 7, True),
            ],
        ),
        (
            "exim",
            EXIM,
            [
                ("zen.spamhaus.org", 2, False),
                ("bl.example.org", 2, False),
                ("a.example.org", 4, False),
                ("b.example.org", 4, False),
                ("c.example.org", 4, False),
                ("good.example.org", 7, True),
                ("list.dnswl.org", 8, True),
                ("ours.example.org", 9, True),
            ],
        ),
        (
            "spamassassin",
            SPAMASSASSIN,
            [
                ("zen.spamhaus.org", 1, False),
                ("bl.example.org", 2, False),
                ("list.dnswl.org", 4, True),
                ("iadb.isipp.com", 5, True),
            ],
        ),
        ("postfix", MASTER, [("bl.example.org", 2, False), ("zen.spamhaus.org", 3, False)]),
        (
            "rspamd",
            RSPAMD,
            [("zen.spamhaus.org", 3, False), ("one.example.org", 7, False), ("list.dnswl.org", 16, True)],
        ),
    ],
)
def test_lists_are_read(program: str, text: str, expected: list[tuple[str, int, bool]]) -> None:
    found = list(READERS[program](text))
    assert [(one.zone, one.line, one.welcomes) for one in found] == expected
    sure = {one.zone for one in found if one.of_addresses}
    assert sure == ({"one.example.org"} if program == "rspamd" else {one.zone for one in found})


@pytest.mark.parametrize(
    ("program", "text", "sure"),
    [
        # As rspamd itself has its lists: in single quotes.
        ("rspamd", "a { rbl = 'a.example.org'; checks = ['from', 'received']; }", {"a.example.org": True}),
        ("rspamd", "a { rbl = 'a.example.org'; checks = ['urls']; }", {}),
        # 127.0.0.2 stands in no list of IPv6 addresses.
        ("rspamd", "a { rbl = 'a.example.org'; checks = ['from']; ipv4 = false; }", {"a.example.org": False}),
        ("postfix", "postscreen_dnsbl_sites = bl.ipv6.example.org*2", {"bl.ipv6.example.org": False}),
        (
            "postfix",
            "sites = a.example.org*2\npostscreen_dnsbl_sites = $sites, b.example.org",
            {"a.example.org": True, "b.example.org": True},
        ),
    ],
)
def test_lists_that_are_surely_of_addresses(program: str, text: str, sure: dict[str, bool]) -> None:
    assert {one.zone: one.of_addresses for one in READERS[program](text)} == sure


@pytest.mark.parametrize(
    ("codes", "answers", "counting"),
    [
        ("", ("127.0.0.9", "11.1.1.1"), ("127.0.0.9", "11.1.1.1")),
        ("=127.0.0.[2..11]", ("127.0.0.1", "127.0.0.11", "127.0.0.12", "11.1.1.1"), ("127.0.0.11",)),
        ("=127.0.[0..255].[1;3..4]", ("127.0.9.1", "127.0.9.2", "127.0.9.4"), ("127.0.9.1", "127.0.9.4")),
        ("=127.0.0.2,127.0.0.3", ("127.0.0.3", "127.0.0.4"), ("127.0.0.3",)),
        ("==127.0.0.2", ("127.0.0.2", "127.0.0.4"), ()),
        ("!=127.0.0.6", ("127.0.0.6",), ()),
        ("!=127.0.0.6", ("127.0.0.7",), ("127.0.0.7",)),
        ("&0.0.0.2", ("127.0.0.3", "127.0.0.4"), ("127.0.0.3",)),
        ("&2", ("127.0.0.3",), ()),
        ("=$codes", ("127.0.0.2",), ()),
        ("=", ("127.0.0.2",), ()),
    ],
)
def test_only_answers_that_the_program_goes_by_count(
    codes: str, answers: tuple[str, ...], counting: tuple[str, ...]
) -> None:
    assert ListNamed("bl.example.org", 1, codes=codes).counting(answers) == counting


def test_codes_are_read() -> None:
    assert [one.codes for one in READERS["postfix"](POSTFIX)] == [
        "=127.0.0.[2..11]",
        "=127.0.[0..255].[1..3]",
        "",
        "=127.0.0.[2,4..8]",
        "=127.0.[0..255].0",
    ]
    assert [one.codes for one in READERS["spamassassin"](SPAMASSASSIN)] == ["", "=127.0.0.2", "", ""]
    assert [one.codes for one in READERS["exim"](EXIM)][:5] == [
        "",
        "=127.0.0.2,127.0.0.3",
        "!=127.0.0.6",
        "&0.0.0.2",
        "&0.0.0.2",
    ]


@pytest.mark.parametrize("code", ["127.0.1.255", "127.0.0.1", "127.0.0.255", "127.255.255.254"])
def test_a_refusal_is_no_listing(code: str) -> None:
    assert is_refusal(code)
    assert not is_refusal("127.0.0.2")
    assert not is_refusal("11.1.1.255")


class Answers:
    """A DNS that has the same answer for every name."""

    def __init__(self, *codes: str) -> None:
        self.codes = codes
        self.asked: list[str] = []

    async def resolve(self, name: str, kind: str) -> SimpleNamespace:
        self.asked.append(name)
        return SimpleNamespace(records=[SimpleNamespace(data=code) for code in self.codes])


class Files:
    """A file for every name."""

    async def text(self, path: Path, most: int) -> str:
        return (
            "smtpd_client_restrictions = reject_rbl_client bl.example.org=127.0.0.[2..11]\n"
            "smtpd_data_restrictions = reject_rbl_client bl.example.org\n"
        )


@pytest.mark.parametrize(
    ("codes", "unknown", "unlisted"),
    [
        (("127.0.0.9",), False, [("127.0.0.9",), ("127.0.0.9",)]),
        (("11.1.1.1",), False, [(), ("11.1.1.1",)]),
        (("127.0.1.255",), True, [(), ()]),
        (("127.0.0.1",), True, [(), ()]),
        (("127.255.255.254",), True, [(), ()]),
        ((), False, [(), ()]),
    ],
)
def test_lists_are_asked(codes: tuple[str, ...], unknown: bool, unlisted: list[tuple[str, ...]]) -> None:
    dns = Answers(*codes)
    configuration = Configuration("postfix", "mx.example.org", (ConfigurationFile("main.cf", "main.cf"),))
    net = cast("Network", SimpleNamespace(dns=dns, files=Files()))

    async def ask() -> FilterLists:
        return await filter_lists(configuration, net)

    found = asyncio.run(ask())
    assert [one.unlisted for one in found.lists] == unlisted
    assert {bool(one.unknown) for one in found.lists} == {unknown}
    assert dns.asked == ["1.0.0.127.bl.example.org", "2.0.0.127.bl.example.org"]


@pytest.mark.parametrize("program", READERS)
@pytest.mark.parametrize(
    "text",
    [
        "dnslists" + " " * 100_000,
        " " * 100_000 + "x",
        "postscreen_dnsbl_sites = " + "[" * 100_000,
        "postscreen_dnsbl_sites = " + "[1" * 50_000,
        "x_restrictions = " + "reject_rbl_client, " * 5000,
        '"' * 100_000,
        "a {" * 30_000,
    ],
)
def test_long_texts_are_read_in_time(program: str, text: str) -> None:
    began = time.process_time()
    list(READERS[program](text))
    assert time.process_time() - began < 10


def test_the_key_of_a_customer_is_not_shown() -> None:
    assert shown_zone("abcdefghij0123456789klm.zen.dq.spamhaus.net") == "<key>.zen.dq.spamhaus.net"
    for key in ("abc", "0f8fad5b-d9cb-469f-a165-70867728950e", "a-b.c"):
        for provider in ("zen.dq.spamhaus.net", "combined.mail.abusix.zone"):
            assert shown_zone(f"{key}.{provider}") == "<key>." * (key.count(".") + 1) + provider
    assert shown_zone("0f8fad5b-d9cb-469f-a165-70867728950e.example.org") == "<key>.example.org"
    assert shown_zone("abcdef123456.bl.example.org") == "<key>.bl.example.org"
    assert shown_zone("zen.dq.spamhaus.net") == "zen.dq.spamhaus.net"
    assert shown_zone("zen.spamhaus.org") == "zen.spamhaus.org"
