"""Text from the network, made harmless for a terminal or a test id."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_MARKDOWN = re.compile(r"[!#$&()*+\-.:<>@\[\\\]^_`{|}~]")
_UNSAFE_IN_ID = re.compile(r"[^A-Za-z0-9._:@/\[\]()+=,~ -]")


def printable(text: str) -> str:
    """``text`` with control characters, ANSI escapes and direction overrides written as ``\\x1b`` and the like."""
    return _CONTROL.sub(_escaped, text)


def test_id(text: str) -> str:
    """``text`` as part of a test id: ASCII without anything that HTML, XML or a shell would take for its own."""
    return _UNSAFE_IN_ID.sub(_escaped, text)


test_id.__test__ = False  # type: ignore[attr-defined]


def markdown(text: str) -> str:
    """``text`` as Markdown prose: no markup, link, image or HTML comes of it, and nobody is mentioned.

    GitHub looks for mentions and mail addresses after the backslashes are gone, so a comment parts the name from
    its @ sign.
    """
    return _MARKDOWN.sub(r"\\\g<0>", printable(text)).replace("\\@", "@<!-- -->")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
