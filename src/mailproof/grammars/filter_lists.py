"""The DNS lists of addresses that mail servers and spam filters ask, as their configurations name them.

Postfix: ``reject_rbl_client``, ``permit_dnswl_client`` (postconf(5)), ``postscreen_dnsbl_sites``; Exim: ``dnslists``
(Exim specification, chapter 44); SpamAssassin: ``check_rbl`` and its kin (Mail::SpamAssassin::Plugin::DNSEval); rspamd:
``rbl = "zone"`` of its module rbl.

Every text is gone through once, in a time that its length bounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from mailproof.grammars.settings import MAX_EXPANDED, continued_lines, expand, parse_postfix, parse_services


@dataclass(frozen=True)
class ListNamed:
    """A list that a configuration names. ``welcomes``: who stands on it is let in, and not refused."""

    zone: str
    line: int
    welcomes: bool = False
    of_addresses: bool = True
    """The names asked for are made of addresses; False where the configuration does not say of what."""
    codes: str = ""
    """The answers that count, as the program writes them: ``=127.0.0.[2..11]``, ``!&0.0.0.2``; all if it is empty."""

    def counting(self, answers: Iterable[str]) -> tuple[str, ...]:
        """Those of the answers that the program goes by. What cannot be read lets none count."""
        said = _CODES.fullmatch(self.codes)
        if said is None:
            return () if self.codes else tuple(answers)
        known = tuple(answers)
        match = _has_bits if "&" in said["how"] else _fits
        patterns = _PATTERN.findall(said["patterns"])
        hits = tuple(answer for answer in known if any(match(pattern, answer) for pattern in patterns))
        if said["how"] in ("==", "=&") and hits != known:  # all of the answers have to be hits
            hits = ()
        if said["not"]:
            return () if hits else known
        return hits


_CODES = re.compile(r"(?P<not>!?)(?P<how>==|=&|=|&)(?P<patterns>[^=&]{1,500})")
_PATTERN = re.compile(r"(?:\[[^\[\]]{0,200}\]|[^\[\],])+")
_OCTETS = re.compile(r"\[[^\[\]]{1,200}\]|[0-9]{1,3}")
_RANGE = re.compile(r"([0-9]{1,3})(?:\.\.([0-9]{1,3}))?")


def _fits(pattern: str, answer: str) -> bool:
    """Postfix's ``d.d.d.d``, of which each may be numbers and ranges in brackets: ``127.0.[0..1;5].2``."""
    octets = _OCTETS.findall(pattern)
    if len(octets) != 4 or ".".join(octets) != pattern:
        return False
    return all(_within(octet, int(value)) for octet, value in zip(octets, answer.split("."), strict=True))


def _within(octet: str, value: int) -> bool:
    for part in re.split("[;,]", octet.strip("[]")):
        said = _RANGE.fullmatch(part)
        if said is not None and int(said[1]) <= value <= int(said[2] or said[1]):
            return True
    return False


def _has_bits(mask: str, answer: str) -> bool:
    try:
        bits = int(IPv4Address(mask))
    except ValueError:
        return False
    return int(IPv4Address(answer)) & bits == bits


_ZONE = re.compile(r"(?=[^.]{0,63}\.)[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_])){1,252}\.?")


_OF_IPV6 = re.compile(r"(?:^|\.)(?:ip)?v6\.", re.IGNORECASE)
"""In the name of a list of IPv6 addresses alone, in which 127.0.0.2 never stands (``bl.ipv6.spameatingmonkey.net``)."""


def _named(
    zone: str, line: int, *, welcomes: bool = False, of_addresses: bool = True, codes: str = ""
) -> Iterator[ListNamed]:
    """Nothing for what is no name: a variable of the program, say."""
    if _ZONE.fullmatch(zone):
        of_addresses = of_addresses and not _OF_IPV6.search(zone)
        yield ListNamed(zone.rstrip(".").lower(), line, welcomes, of_addresses, codes)


_WELCOMES = re.compile(r"\b(?:dnswl|wl|white|welcome)|\biadb\b|bondedsender|accredit", re.IGNORECASE)
"""Lists of good senders, by their names."""


def _postfix(text: str) -> Iterator[ListNamed]:
    """main.cf, or the options of services in master.cf: neither has a line that the other reads."""
    main = list(parse_postfix(text))
    known = {setting.name: setting.value for setting in main}
    for setting in (*main, *parse_services(text)):
        name = setting.name.rpartition("/")[2]
        if name == "postscreen_dnsbl_sites":
            for site in _SITE.findall(_put_in(setting.value, known)):
                listed, _, weight = site.partition("*")
                zone, equals, codes = listed.partition("=")
                yield from _named(zone, setting.line, welcomes=weight.startswith("-"), codes=equals + codes)
        elif name.endswith("_restrictions"):
            for said in _RESTRICTION.finditer(_put_in(setting.value, known)):
                welcomes = said["what"] == "permit_dnswl_client"
                yield from _named(said["zone"], setting.line, welcomes=welcomes, codes=said["codes"] or "")


def _put_in(value: str, known: Mapping[str, str]) -> str:
    """A value with its macros put in, unless it grows out of bounds."""
    expanded = expand(value, known) if "$" in value else value
    return expanded if len(expanded) < MAX_EXPANDED else value


_SITE = re.compile(r"(?:\[[^\[\]]{0,200}\]|[^\s,\[\]])+")
_RESTRICTION = re.compile(
    r"\b(?P<what>reject_rbl_client|permit_dnswl_client)[ \t,]+(?P<zone>[^\s,=]+)"
    r"(?P<codes>=(?:\[[^\[\]]{0,200}\]|[0-9.])*)?"
)


def _exim(text: str) -> Iterator[ListNamed]:
    verb = ""
    for first, whole, _ in continued_lines(text):
        head, _, value = whole.partition("=")
        words = head.replace("!", " ! ").split()
        if words and words[0] in _VERBS:
            verb = words.pop(0)
        if words not in (["dnslists"], ["!", "dnslists"]):
            continue
        lets_in = verb in (("accept", "require") if len(words) == 1 else ("deny", "drop", "defer"))
        value = value.lstrip()
        mark = ":"
        if said := _MARK.match(value):
            mark, value = said[1], value[2:]
        for item in value.split(mark):
            named = item.split()
            if named and not named[0].startswith("+"):
                zones = re.split(r"[=!&]", named[0], maxsplit=1)[0]
                for zone in zones.split(","):
                    if "/" not in zone:  # behind it stands what else is looked up in the place of the address
                        welcomes = lets_in or _WELCOMES.search(zone) is not None
                        yield from _named(zone, first, welcomes=welcomes, codes=named[0][len(zones) :])


_VERBS = ("accept", "defer", "deny", "discard", "drop", "require", "warn")
_MARK = re.compile(r"<([^\w\s])")


def _spamassassin(text: str) -> Iterator[ListNamed]:
    for number, line in enumerate(text.split("\n"), 1):
        said = _CHECK_RBL.search(line)
        if said is not None and not line.lstrip().startswith("#"):
            welcomes = _WELCOMES.search(said["zone"]) is not None
            yield from _named(said["zone"], number, welcomes=welcomes, codes=f"={said['code']}" if said["code"] else "")


_CHECK_RBL = re.compile(
    r"eval:\s*check_rbl(?:_txt)?\s*\(\s*(['\"])[^'\"]*\1\s*,\s*(['\"])(?P<zone>[^'\"]+)\2"
    r"(?:\s*,\s*['\"](?P<code>[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)['\"])?"
)


MAX_AROUND = 16
"""Blocks around one that are looked at: what is in one that is off is off too."""


@dataclass
class _Block:
    """What a block of rspamd says: words of each setting, and the line of its list."""

    name: str = ""
    said: dict[str, list[str]] = field(default_factory=dict)
    line: int = 0

    def add(self, words: list[str], line: int) -> None:
        if len(words) > 1:
            self.said[words[0].lower()] = words[1:]
            self.line = line if words[0].lower() == "rbl" else self.line

    def is_off(self) -> bool:
        return _says(self.said.get("enabled"), _OFF) or _says(self.said.get("disabled"), _ON)

    def lists(self) -> Iterator[ListNamed]:
        """The list of this block, unless it is off, or is asked about something else than addresses."""
        on = {name for name, words in self.said.items() if _says(words, _ON)}
        checks = {word.lower() for word in self.said.get("checks", ())} | (on & _ASKED_ABOUT)
        if "rbl" not in self.said or self.is_off() or checks - _ADDRESSES or "selector" in self.said:
            return
        zone = self.said["rbl"][0]
        welcomes = "is_whitelist" in on or _WELCOMES.search(zone) is not None
        # Codes give answers symbols of their own, and others none: what an answer does is not sure then.
        certain = bool(checks) and not self.said.keys() & {"returncodes", "returnbits"}
        certain = certain and not _says(self.said.get("ipv4"), _OFF)
        yield from _named(zone, self.line, welcomes=welcomes, of_addresses=certain)


def _says(words: list[str] | None, meaning: tuple[str, ...]) -> bool:
    return words is not None and words[0].lower() in meaning


_ON = ("true", "yes", "on", "1")
_OFF = ("false", "no", "off", "0")
_ADDRESSES = frozenset(("from", "received"))
_ASKED_ABOUT = _ADDRESSES | frozenset(
    (
        "content_urls",
        "dkim",
        "dkim_domainonly",
        "emails",
        "emails_domainonly",
        "helo",
        "images",
        "numeric_urls",
        "rdns",
        "replyto",
        "urls",
        "user",
    )
)


def _rspamd(text: str) -> Iterator[ListNamed]:
    """Blocks of UCL. A setting ends at a semicolon, or with its line unless a list in brackets is open."""
    blocks = [_Block()]
    words: list[str] = []
    line, is_open = 1, False
    for token in _UCL.finditer(text):
        kind, found = token.lastgroup, token[0]
        if kind == "word":
            words.append(found.strip("\"'"))
        elif kind == "bracket":
            is_open = found == "["
        elif found == "{":
            blocks.append(_Block(words[0].lower() if words else ""))
            words = []
        elif found in ("}", ";", "\n") and not (found == "\n" and is_open):
            blocks[-1].add(words, line)
            words, is_open = [], False
            if found == "}" and len(blocks) > 1:
                closed = blocks.pop()
                blocks[-1].said.setdefault(closed.name, [""])  # that it is there is all that is asked of it
                if not any(block.is_off() for block in blocks[-MAX_AROUND:]):
                    yield from closed.lists()
        line += found == "\n"
    blocks[-1].add(words, line)
    for block in reversed(blocks):
        yield from block.lists()


_UCL = re.compile(r"(?P<comment>#[^\n]*)|(?P<word>\"[^\"\n]*\"?|[^\s\"{}\[\];=:,#]+)|(?P<bracket>[\[\]])|[{};\n]")

READERS: dict[str, Callable[[str], Iterator[ListNamed]]] = {
    "postfix": _postfix,
    "exim": _exim,
    "spamassassin": _spamassassin,
    "rspamd": _rspamd,
}
"""By program, as the inventory calls it."""


def shown_zone(zone: str) -> str:
    """A zone without the key that some lists give to their customers: a label that looks like one, and whatever stands
    in front of the lists of those who are known to do so.
    """
    labels = zone.split(".")
    behind = _KEYED.search(zone)
    keys = 0 if behind is None else zone[: behind.start()].count(".") + 1
    return ".".join("<key>" if at < keys or _KEY.fullmatch(label) else label for at, label in enumerate(labels))


_KEYED = re.compile(r"\.[^.]+\.(?:dq\.spamhaus\.net|mail\.abusix\.zone)\.?\Z", re.IGNORECASE)
_KEY = re.compile(
    r"[a-z0-9]{20,63}|(?=[0-9]*[a-z])(?=[a-z]*[0-9])[a-z0-9]{12,63}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?=[a-z_-]*[0-9])[a-z0-9_-]{20,63}",
    re.IGNORECASE,
)
