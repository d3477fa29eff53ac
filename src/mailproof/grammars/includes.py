"""The files that a configuration of Exim or Dovecot cannot do without (Exim specification, chapter 6, "File inclusions
in the configuration file"; Dovecot, "Including config files").
"""

from __future__ import annotations

import re
from collections.abc import Iterator


def needed_includes(program: str, text: str) -> Iterator[tuple[int, str]]:
    """The files that a text includes, each with its line, from 1. Those that may be missing are left out, and those
    that packages bring in which users and their passwords are looked up.
    """
    include = _INCLUDES.get(program)
    for number, line in enumerate(text.splitlines() if include else (), 1):
        if include and (found := include.match(line)) and not _LOOKS_UP.fullmatch(found[1]):
            yield number, found[1]


_INCLUDES = {
    "exim": re.compile(r"[ \t]*\.include[ \t]+(\S.*?)[ \t]*$"),
    "dovecot": re.compile(r"[ \t]*!include[ \t]+(\S.*?)[ \t]*$"),
}
_LOOKS_UP = re.compile(
    r"(?:\S*/)?auth-(?:checkpassword|deny|dict|ldap|master|oauth2|passwdfile|sql|static|system|vpopmail)\.conf\.ext"
)
"""Of Dovecot: passdb and userdb."""
