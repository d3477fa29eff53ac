"""What an expansion of Exim comes to (Exim specification, chapter 11), as far as it hangs on known variables alone.

``${if def:tls_in_cipher {*}}``: conditions of ``def``, ``eq``, ``eqi``, ``bool``, ``!``, ``and`` and ``or`` are worked
out, with what is not known as a third value. Everything else is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MAX_EXPANSION = 4096
"""Characters of an expansion that is worked out; a longer one is not known."""
MAX_DEPTH = 40
"""Braces inside each other."""

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<bare>\w+))")
_DEFINED = re.compile(r"def:(\w+)")
_WORD = re.compile(r"\w+")
_OF_TWO_STRINGS = ("match", "match_ip", "match_domain", "match_address", "match_local_part", "inlist", "inlisti")
_OF_ONE_STRING = ("exists", "isip", "isip4", "isip6", "bool_lax", "pam")
"""Conditions that are passed over: how they turn out is not known."""
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


class _Unknown(Exception):
    """What comes next is not worked out."""


def expansion(text: str, variables: Mapping[str, str]) -> str | None:
    """What ``text`` comes to with these variables; None where that is not known."""
    if len(text) > MAX_EXPANSION:
        return None
    try:
        return _Reader(text, variables).string(0)
    except _Unknown:
        return None


class _Reader:
    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        self._text = text
        self._variables = variables
        self._at = 0

    def string(self, depth: int) -> str | None:
        """Up to the brace that closes, or to the end; None where a part of it is not known."""
        parts: list[str] = []
        known = True
        while self._at < len(self._text) and not (depth and self._text[self._at] == "}"):
            part = self._part(depth)
            known = known and part is not None
            parts.append(part or "")
        if depth and self._at == len(self._text):
            raise _Unknown
        return "".join(parts) if known else None

    def _part(self, depth: int) -> str | None:
        text, at = self._text, self._at
        if text.startswith("${if", at) and text[at + 4 : at + 5] in (" ", "\t", "{", "!"):
            self._at += 4
            return self._if(depth + 1)
        if variable := _VARIABLE.match(text, at):
            self._at = variable.end()
            return self._variables.get(variable["braced"] or variable["bare"])
        if text[at] in "$\\{":  # another expansion, or what is no plain text
            raise _Unknown
        self._at += 1
        return text[at]

    def _if(self, depth: int) -> str | None:
        """``${if CONDITION {YES}{NO}}``; without either, the words true and nothing (chapter 11, "if")."""
        if depth > MAX_DEPTH:
            raise _Unknown
        holds = self._condition(depth)
        yes: str | None = "true"
        no: str | None = ""
        if self._next() == "{":
            yes = self._braced(depth)
            if self._next() == "{":
                no = self._braced(depth)
        self._expect("}")
        if holds is None:
            return yes if yes == no else None
        return yes if holds else no

    def _condition(self, depth: int) -> bool | None:
        if depth > MAX_DEPTH:
            raise _Unknown
        if self._next() == "!":
            self._at += 1
            return _not(self._condition(depth + 1))
        if defined := _DEFINED.match(self._text, self._at):
            self._at = defined.end()
            value = self._variables.get(defined[1])
            return None if value is None else bool(value)
        word = _WORD.match(self._text, self._at)
        if word is None:
            raise _Unknown
        self._at = word.end()
        match word[0]:
            case "eq" | "eqi":
                one, other = self._braced(depth), self._braced(depth)
                if one is None or other is None:
                    return None
                return one == other if word[0] == "eq" else one.lower() == other.lower()
            case "bool":
                value = self._braced(depth)
                return None if value is None else _TRUTH.get(value.strip().lower())
            case "and":
                return _every(self._conditions(depth))
            case "or":
                return _not(_every(map(_not, self._conditions(depth))))
            case name if name in _OF_TWO_STRINGS:
                self._braced(depth)
                self._braced(depth)
                return None
            case name if name in _OF_ONE_STRING:
                self._braced(depth)
                return None
            case _:
                raise _Unknown

    def _conditions(self, depth: int) -> list[bool | None]:
        self._expect("{")
        found: list[bool | None] = []
        while self._next() == "{":
            self._at += 1
            found.append(self._condition(depth + 1))
            self._expect("}")
        self._expect("}")
        return found

    def _braced(self, depth: int) -> str | None:
        self._expect("{")
        if depth > MAX_DEPTH:
            raise _Unknown
        value = self.string(depth + 1)
        self._expect("}")
        return value

    def _next(self) -> str:
        while self._text[self._at : self._at + 1] in (" ", "\t", "\n"):
            self._at += 1
        return self._text[self._at : self._at + 1]

    def _expect(self, mark: str) -> None:
        if self._next() != mark:
            raise _Unknown
        self._at += 1


def _not(holds: bool | None) -> bool | None:
    return None if holds is None else not holds


def _every(conditions: Iterable[bool | None]) -> bool | None:
    """Whether all hold; one that does not decides, whatever is not known."""
    found = tuple(conditions)
    if False in found:
        return False
    return None if None in found else True
