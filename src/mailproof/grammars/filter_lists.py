"""The DNS lists of addresses that mail servers and spam filters ask, as their configurations name them.

Postfix: ``reject_rbl_client``, ``permit_dnswl_client`` (postconf(5)), ``postscreen_dnsbl_sites``; Exim: ``dnslists``
(Exim specification, chapter 44); SpamAssassin: ``check_rbl`` and its kin (Mail::SpamAssassin::Plugin::DNSEval); rspamd:
``rbl = "zone"`` of its module rbl.

Every text is gone through once, in a time that its length bounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mailproof.grammars.settings import continued_lines, parse_settings


@dataclass(frozen=True)
class ListNamed:
    """A list that a configuration names. ``welcomes``: who stands on it is let in, and not refused."""

    zone: str
    line: int
    welcomes: bool = False
    of_addresses: bool = True
    """The names asked for are made of addresses; False where the configuration does not say of what."""


_ZONE = re.compile(r"(?=[^.]{0,63}\.)[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_])){1,252}\.?")


def _named(zone: str, line: int, *, welcomes: bool = False, of_addresses: bool = True) -> Iterator[ListNamed]:
    """Nothing for what is no name: a variable of the program, say."""
    if _ZONE.fullmatch(zone):
        yield ListNamed(zone.rstrip(".").lower(), line, welcomes, of_addresses)


def _postfix(text: str) -> Iterator[ListNamed]:
    for setting in parse_settings(text):
        name = setting.name.rpartition("/")[2]
        if name == "postscreen_dnsbl_sites":
            for site in re.split(r"[\s,]+", _WITHOUT_CODES.sub("", setting.value)):
                zone, _, weight = site.partition("*")
                yield from _named(zone.partition("=")[0], setting.line, welcomes=weight.startswith("-"))
        elif name.endswith("_restrictions"):
            for said in _RESTRICTION.finditer(setting.value):
                yield from _named(said["zone"], setting.line, welcomes=said["what"] == "permit_dnswl_client")


_WITHOUT_CODES = re.compile(r"\[[^\]]*\]")
_RESTRICTION = re.compile(r"\b(?P<what>reject_rbl_client|permit_dnswl_client)[ \t,]+(?P<zone>[^\s,=]+)")


def _exim(text: str) -> Iterator[ListNamed]:
    for first, whole, _ in continued_lines(text):
        said = _DNSLISTS.match(whole)
        if said is None:
            continue
        mark = said["mark"] or ":"
        for item in said["value"].split(mark):
            words = item.split()
            if words and not words[0].startswith("+"):
                for zone in re.split(r"[=!&]", words[0])[0].split(","):
                    if "/" not in zone:  # behind it stands what else is looked up in the place of the address
                        yield from _named(zone, first)


_DNSLISTS = re.compile(r"\s*(?:\w+\s+)?!?\s*dnslists\s*=\s*(?:<(?P<mark>[^\w\s]))?(?P<value>.*)")


def _spamassassin(text: str) -> Iterator[ListNamed]:
    for number, line in enumerate(text.split("\n"), 1):
        said = _CHECK_RBL.search(line)
        if said is not None and not line.lstrip().startswith("#"):
            yield from _named(said["zone"], number, welcomes=_WELCOMES.search(said["zone"]) is not None)


_CHECK_RBL = re.compile(r"eval:\s*check_rbl(?:_txt)?\s*\(\s*(['\"])[^'\"]*\1\s*,\s*(['\"])(?P<zone>[^'\"]+)\2")
_WELCOMES = re.compile(r"\b(?:dnswl|wl|white|welcome)", re.IGNORECASE)


def _rspamd(text: str) -> Iterator[ListNamed]:
    for number, line in enumerate(text.split("\n"), 1):
        said = _RBL.match(line)
        if said is not None:
            yield from _named(said["zone"], number, of_addresses=False)


_RBL = re.compile(r"\s*rbl\s*[=:]?\s*\"(?P<zone>[^\"]+)\"")

READERS: dict[str, Callable[[str], Iterator[ListNamed]]] = {
    "postfix": _postfix,
    "exim": _exim,
    "spamassassin": _spamassassin,
    "rspamd": _rspamd,
}
"""By program, as the inventory calls it."""


def shown_zone(zone: str) -> str:
    """A zone without the key that some lists give to their customers: a label of twenty letters and digits or more."""
    return ".".join("<key>" if _KEY.fullmatch(label) else label for label in zone.split("."))


_KEY = re.compile(r"[a-z0-9]{20,63}")
