"""Files that a configuration includes: Exim specification, chapter 6, "File inclusions in the configuration file";
Dovecot, "Including config files"; keepalived.conf(5), "Include directive".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Include:
    """An include, as it is written."""

    line: int
    """Its line, from 1."""
    file: str
    may_be_missing: bool


def includes(program: str, lines: Iterable[str]) -> Iterator[Include]:
    """The includes of a text; none of a program whose includes are read elsewhere, or that has none."""
    include = _INCLUDE.get(program)
    for number, line in enumerate(lines if include else (), 1):
        if include and (found := include.match(line)):
            yield Include(number, found["file"].rstrip(" \t"), bool(found["optional"]))


_INCLUDE = {
    "exim": re.compile(r"[ \t]*+\.include(?P<optional>_if_exists)?[ \t]++(?P<file>\S[^\n]*)"),
    "dovecot": re.compile(r"[ \t]*+!include(?P<optional>_try)?[ \t]++(?P<file>\S[^\n]*)"),
    "keepalived": re.compile(r"[ \t]*+include[rmwba]?(?P<optional>)[ \t]++(?P<file>[^\s#!][^\n#!]*)"),
}


def needed_includes(program: str, text: str) -> Iterator[tuple[int, str]]:
    """The files that a configuration cannot do without, each with its line, from 1. Those that may be missing are left
    out, and those that packages of Dovecot bring in which users and their passwords are looked up.
    """
    for one in includes(program, text.splitlines()):
        if not (one.may_be_missing or _LOOKS_UP.fullmatch(one.file)):
            yield one.line, one.file


_LOOKS_UP = re.compile(
    r"(?:\S*/)?auth-(?:checkpassword|deny|dict|ldap|master|oauth2|passwdfile|sql|static|system|vpopmail)\.conf\.ext"
)
"""Of Dovecot: passdb and userdb."""
