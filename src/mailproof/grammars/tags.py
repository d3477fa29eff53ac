"""Tag lists: ``v=DKIM1; k=rsa; p=...`` (RFC 6376, section 3.2; RFC 9989, section 4.8)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Tag:
    """One tag. ``value`` has no blanks around it; ``text`` is the whole as it stands between two semicolons."""

    name: str
    value: str
    text: str


def parse_tags(text: str, blanks: str) -> Iterator[Tag | str]:
    """The tags of a list in order, repeated ones too; a part that is no tag is given as its text.

    ``blanks`` are the characters that may stand around names and values. Nothing, or blanks, may stand behind the last
    semicolon.
    """
    parts = text.split(";")
    if not parts[-1].strip(blanks):
        parts.pop()
    for part in parts:
        name, equals, value = part.partition("=")
        if equals and _NAME.fullmatch(name.strip(blanks)):
            yield Tag(name.strip(blanks), value.strip(blanks), part)
        else:
            yield part.strip(blanks)
