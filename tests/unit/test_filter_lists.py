"""The DNS lists that configurations name."""

from __future__ import annotations

import pytest

from mailproof.grammars.filter_lists import READERS, shown_zone

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
  accept message = see dnslists = x.example.org
"""
SPAMASSASSIN = """header __RCVD_IN_ZEN eval:check_rbl('zen', 'zen.spamhaus.org.')
header RCVD_IN_X  eval:check_rbl_txt("x-lastexternal", "bl.example.org", "127.0.0.2")
# header OLD eval:check_rbl('old', 'old.example.org')
header __DNSWL eval:check_rbl('dnswl-firsttrusted', 'list.dnswl.org.')
urirhssub URIBL_X multi.uribl.com. A 4
"""
RSPAMD = """rbls {
  spamhaus {
    rbl = "zen.spamhaus.org";
    symbol = "RBL";
  }
  # rbl = "old.example.org";
}
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
            ],
        ),
        (
            "spamassassin",
            SPAMASSASSIN,
            [("zen.spamhaus.org", 1, False), ("bl.example.org", 2, False), ("list.dnswl.org", 4, True)],
        ),
        ("rspamd", RSPAMD, [("zen.spamhaus.org", 3, False)]),
    ],
)
def test_lists_are_read(program: str, text: str, expected: list[tuple[str, int, bool]]) -> None:
    found = list(READERS[program](text))
    assert [(one.zone, one.line, one.welcomes) for one in found] == expected
    assert {one.of_addresses for one in found} == {program != "rspamd"}


def test_the_key_of_a_customer_is_not_shown() -> None:
    assert shown_zone("abcdefghij0123456789klm.zen.dq.spamhaus.net") == "<key>.zen.dq.spamhaus.net"
    assert shown_zone("zen.spamhaus.org") == "zen.spamhaus.org"
