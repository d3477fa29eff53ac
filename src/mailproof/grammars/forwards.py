"""Where mail is forwarded by itself: aliases(5), tables of virtual(5), ~/.forward, and ``redirect`` of Sieve (RFC 5228,
section 4.2). A .forward of Exim may be a filter, or a script of Sieve; its first line says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_FORWARDS = 10_000
"""Of one file. What follows is not looked at."""
MAX_TEXT = 320
"""Characters of an address: no mail address has more (RFC 5321, section 4.5.3.1)."""

_ALIAS = re.compile(r"(?P<who>\"[^\"]{0,320}\"|[^\s:\"]{1,320})[ \t]*:(?!//)[ \t]*(?P<to>.*)")
_ENTRY = re.compile(r"(?P<who>(?:\"[^\"]*\"|[^\s\"])++)\s+(?P<to>\S.*)")
"""A line of virtual(5). A local part in quotes may hold blanks."""
_PATTERN = re.compile(r"(?P<who>!?/(?:[^/\\]|\\.)++/[A-Za-z]*+)\s+(?P<to>\S.*)")
"""A line of regexp_table(5) or pcre_table(5), and no file that a .forward names."""
_NETWORK = re.compile(r"(?P<who>!?(?:[0-9A-Fa-f]{0,4}:){2,9}[0-9A-Fa-f:.]{0,40}(?:/\d{1,3})?)\s+(?P<to>\S.*)")
"""A line of cidr_table(5) with an IPv6 network, and no alias."""
_GOES_NOWHERE = re.compile(
    r"(?:(?i:DEFER\w*|DISCARD|DUNNO|FILTER|IGNORE|PREPEND|REJECT|REPLACE|STRIP|WARN)|HOLD|INFO|OK|PASS|PERMIT\w*|[45]\d\d)"
    r"(?=\s|$)"
)
"""An action of access(5) or header_checks(5) whose text may name addresses, and forwards nothing. In a table of
addresses it is a user.
"""
_CONDITION = re.compile(r"(?:if\s+!?/|endif\b)")
_ITEM = re.compile(r"(?:\"[^\"]*\"|[^,\"])+|.")
"""What stands between commas."""
_NO_ADDRESS = re.compile(r"\"?[|/:]|error:")
"""The begin of a program, a file, or a list elsewhere."""
_ENDS = re.compile(r"\"?(?::(?:fail|defer|blackhole|unknown):|error:)", re.IGNORECASE)
"""What refuses or throws away; a message for the sender may follow, which may name addresses (Exim, chapter 22)."""
_IN_ANGLES = re.compile(r"<([^<>\s]+)>")
_REMARK = re.compile(r"\([^()]*\)")
_FILTER = re.compile(r"#\s*(?P<kind>exim|sieve)\s+filter", re.IGNORECASE)
_DELIVER = re.compile(r"\bdeliver[ \t]+\"?(?P<to>[^\s\"]+)")
_TARGET = re.compile(r"(?P<whole>\"[^\"]*\"@[^\s,\"]+)|\"(?P<quoted>[^\"]*)\"|(?P<bare>[^\s,\"]+)")
"""A word in quotes, or without, or the local part alone in quotes: ``"ann smith"@example.org``."""
_SIEVE = re.compile(
    r"(?P<comment>#[^\n]*|/\*.*?(?:\*/|\Z))|(?P<text>text:[ \t]*\n.*?(?:\n\.\r?\n|\Z))"
    r"|\"(?P<string>(?:[^\"\\]|\\.)*)(?:\"|\\?\Z)"
    r"|(?P<word>:?[a-z_]\w*)|(?P<end>;)|.",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True)
class Forward:
    """Mail for ``who`` goes on to a mail address. ``who`` is empty where a file is one user's own."""

    who: str
    address: str
    line: int
    """From 1."""
    unread: str = ""
    """What is not known, where it is not known whereto mail goes on; then there is no address."""


def parse_forwards(text: str, *, has_actions: bool | None = None) -> Iterator[Forward]:
    """The forwards of a file of aliases, a virtual table or a .forward, in order. ``has_actions``: whether it is a
    table of actions, access(5) or header_checks(5), and none of addresses; None where nobody knows. There, what is
    written large is an action, and what is written small may be a user.

    Names of this system, programs, files and lists elsewhere (``:include:``) are no mail addresses, and left out.
    """
    kind = _FILTER.match(text)
    if kind and kind["kind"].lower() == "sieve":
        yield from parse_sieve(text)
        return
    lines = list(_logical_lines(text))
    of_patterns = not kind and any(_PATTERN.match(line) for _, line in lines)
    count = 0
    for number, line in lines:
        if kind:
            who, targets, is_table = "", ",".join(said["to"] for said in _DELIVER.finditer(line)), False
        else:
            who, targets, is_table = _split(line, of_patterns=of_patterns)
        action = _GOES_NOWHERE.match(targets) if is_table and has_actions is not False else None
        goes_nowhere = action is not None and (has_actions or action[0].isupper() or action[0].isdigit())
        for address in () if goes_nowhere else addresses_in(targets):
            unread = of_patterns and "$" in address.rpartition("@")[2]
            if not unread and not is_address(address, is_table=is_table):
                continue
            unread |= action is not None
            count += 1
            if count > MAX_FORWARDS:
                yield Forward("", "", number, f"what follows {MAX_FORWARDS} forwards")
                return
            what = f"what {who[:MAX_TEXT]} comes to" if unread else ""
            yield Forward(who[:MAX_TEXT], "" if unread else address, number, what)


def alias_targets(text: str) -> dict[str, tuple[str, int]]:
    """Whom a file of aliases has an entry for, as aliases(5) writes it (``postmaster: root``), in small letters, with
    what stands behind and the line; nobody for a table or a filter.

    Of two entries for one name the first counts, for postalias(1) and for Exim's lsearch. Names are local: one with a
    domain is none.
    """
    if _FILTER.match(text):
        return {}
    aliases = ((alias, number) for number, line in _logical_lines(text) if (alias := _ALIAS.match(line)))
    found: dict[str, tuple[str, int]] = {}
    for alias, number in aliases:
        name = alias["who"].strip('"').lower()
        if "@" not in name:
            found.setdefault(name, (alias["to"].strip(), number))
    return found


def _split(line: str, *, of_patterns: bool) -> tuple[str, str, bool]:
    """Whose mail a line of aliases or of a table has go on, where to, and whether it is one of a table."""
    if of_patterns:
        if _CONDITION.match(line):
            return "", "", True
        if pattern := _PATTERN.match(line):
            return pattern["who"], pattern["to"], True
    elif network := _NETWORK.match(line):
        return network["who"], network["to"], True
    elif alias := _ALIAS.match(line):
        return alias["who"].strip('"'), alias["to"], False
    if (entry := _ENTRY.match(line)) and "," not in entry["who"]:
        return entry["who"], entry["to"], True
    return "", line, False


def is_action(text: str) -> bool:
    """Whether what a table of actions says forwards nothing; REDIRECT and BCC stand before an address."""
    return _GOES_NOWHERE.match(text) is not None


def addresses_in(targets: str) -> Iterator[str]:
    """What may be a mail address: all but the words of programs, and of messages to whom is refused."""
    for item in _ITEM.finditer(targets):
        said = item[0].strip()
        if _ENDS.match(said):
            return
        if _NO_ADDRESS.match(said):
            continue
        if named := _IN_ANGLES.findall(said):
            yield from named
            continue
        for target in _TARGET.finditer(_REMARK.sub(" ", said)):
            yield (target["whole"] or target["quoted"] or target["bare"] or "").lstrip("\\")


def parse_sieve(text: str) -> Iterator[Forward]:
    """The addresses that a script of Sieve redirects to."""
    line, redirects, count = 1, False, 0
    for token in _SIEVE.finditer(text):
        if token["word"]:
            redirects = token["word"].lower() == "redirect" or (redirects and token["word"].startswith(":"))
        elif token["end"]:
            redirects = False
        elif redirects and token["string"] is not None and count < MAX_FORWARDS:
            address = re.sub(r"\\(.)", r"\1", token["string"], flags=re.DOTALL)
            if is_address(address):
                count += 1
                yield Forward("", address, line)
        line += token[0].count("\n")


def is_address(text: str, *, is_table: bool = False) -> bool:
    """Whether a target is a mail address, and no program, file, list or name of this system. In tables of virtual(5)
    ``@other.example`` is the same user there.
    """
    local, at, domain = text.rpartition("@")
    is_named = bool((local or is_table) and at and domain) and len(text) <= MAX_TEXT
    return is_named and text[0] not in "|/:" and "$" not in domain


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments; one that begins with a blank goes on with the line before."""
    held: list[str] = []
    first = 0
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if held and line[0] in " \t":
            held.append(line.strip())
            continue
        if held:
            yield first, " ".join(held)
        first, held = number, [line.strip()]
    if held:
        yield first, " ".join(held)
