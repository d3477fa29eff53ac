"""White lists."""

from __future__ import annotations

from mailproof.grammars.white_lists import parse_white_list
from mailproof.observations.white_lists import Welcome, WhiteList
from mailproof.places import Place

from .case import Table, advises, passes, skips, undecided


def listed(*lines: str, exists: bool | None = True, unknown: str = "") -> WhiteList:
    entries = parse_white_list("\n".join(lines))
    return WhiteList(
        "white-list",
        ("white",),
        tuple(
            Welcome(entry, Place("white", entry.line), exists if entry.name else None, unknown if entry.name else "")
            for entry in entries
        ),
    )


TABLE: Table = {
    "WHITELIST-FILE": (
        passes(
            white_list=listed(
                *(
                    "# Exim's",
                    "192.0.2.7",
                    "127.0.0.1",
                    "198.51.100.0/28",
                    "*.bank.example",
                    "postmaster@",
                    "<> OK",
                    "localhost",
                    ".example.org",
                    "mx.x.example",
                ),
                *(
                    '"2001:db8::1": yes',
                    "2001:db8:1::/48",
                    "dsn.example: a comment",
                    "user@example.org",
                    "lsearch;/etc/x",
                ),
            )
        ),
        passes(
            white_list=listed("192.0.2.7 OK", "192.0.2 permit_auth_destination", "10.0.0.0/8 REJECT", "# x", "/^mx/ OK")
        ),
        passes(white_list=listed()),
        advises("300.1.1.1 is neither", white_list=listed("300.1.1.1")),
        advises("mx_bank..example is neither", white_list=listed("mx_bank..example")),
        advises("*.gone.example: gone.example does not exist", white_list=listed("*.gone.example", exists=False)),
        advises("10.0.0.9 is no address of the Internet", white_list=listed("10.0.0.9 OK")),
        advises("whoever is in 198.51.0.0/16", white_list=listed("198.51.0.0/16")),
        advises("whoever is in 198.51.0.0/16", white_list=listed("198.51 OK")),
        advises("whoever is in 2001:db8::/32", white_list=listed("2001:db8::/32 permit")),
        advises("whoever is in 0.0.0.0/0", white_list=listed("*")),
        undecided("mx.example: timed out", white_list=listed("mx.example", exists=None, unknown="timed out")),
        skips("postfix is no white list", white_list=WhiteList("postfix", ())),
    ),
}
