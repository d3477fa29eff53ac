"""Text from the network, made safe to keep and to show."""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Control, format (bidirectional overrides among them), surrogate and line-breaking characters."""


def printable(text: bytes | str) -> str:
    r"""Return ``text`` with everything that could steer a terminal or hide something written as ``\xNN`` or
    ``\uNNNN``.

    Octets are decoded as UTF-8; those that are not UTF-8 are written as ``\xNN`` too.
    """
    decoded = text.decode("utf-8", "backslashreplace") if isinstance(text, bytes) else text
    if decoded.isprintable():
        return decoded
    return "".join(escaped(char) if unicodedata.category(char) in _UNSAFE else char for char in decoded)


def shown(text: str) -> str:
    r"""``text`` for a terminal or the log of a job, line by line: what others wrote steers neither of them.

    GitHub takes ``::name`` at the beginning of a line for a command, and ``##[name]`` anywhere in it.
    """
    return "\n".join(_COMMAND.sub(_without_effect, printable(line)) for line in text.split("\n"))


_COMMAND = re.compile(r"##\[|^(\s*)::")


def _without_effect(found: re.Match[str]) -> str:
    return r"#\u0023[" if found[0] == "##[" else rf"{found[1]}\u003a:"


def escaped(char: str) -> str:
    """One character as ``\\xNN``, ``\\uNNNN`` or ``\\UNNNNNNNN``."""
    point = ord(char)
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
