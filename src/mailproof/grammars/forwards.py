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


def parse_forwards(text: str) -> Iterator[Forward]:
    """The forwards of a file of aliases, a virtual table or a .forward, in order.

    Names of this system, programs, files and lists elsewhere (``:include:``) are no mail addresses, and left out.
    """
    kind = _FILTER.match(text)
    if kind and kind["kind"].lower() == "sieve":
        yield from parse_sieve(text)
        return
    lines = list(_logical_lines(text))
    is_aliases = any(_ALIAS.match(line) for _, line in lines)
    count = 0
    for number, line in lines:
        who, targets, is_table = "", line, False
        if kind:
            targets = ",".join(said["to"] for said in _DELIVER.finditer(line))
        elif is_aliases and (alias := _ALIAS.match(line)):
            who, targets = alias["who"].strip('"'), alias["to"]
        elif not is_aliases and "," not in line.split()[0] and len(line.split()) > 1:
            who, _, targets = line.replace("\t", " ").partition(" ")
            is_table = True
        for address in addresses_in(targets):
            if is_address(address, is_table=is_table) and count < MAX_FORWARDS:
                count += 1
                yield Forward(who[:MAX_TEXT], address, number)


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
