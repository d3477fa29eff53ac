"""Secrets in mappings of YAML that stand in braces: there a value ends where the next one begins, in the same line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailproof.hiding.names import HIDDEN, is_secret_name

_QUOTED = r"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\n]|'')*+'"
_TOKEN = re.compile(
    r"(?P<name>[\"']?(?<![\w.-])[\w.-]{1,80}[\"']?)(?:[ \t]*+:[ \t]++|(?<=[\"']):[ \t]*+)"
    rf"|{_QUOTED}|(?:^|(?<=\s))#[^\n]*+|(?P<begun>(?:^|(?<=[:?-][ \t])|(?<=\n))[ \t]*+[\[{{])|(?P<opened>[\[{{])"
    r"|(?P<closed>[}\]])"
)
"""A name before its value; what braces may stand in without being any; and what begins or ends values in braces."""
_VALUE = re.compile(rf"(?:[!&][^\s,\[\]{{}}]*+[ \t]++)*+(?:{_QUOTED}|(?P<plain>[^\s,{{}}\[\]\"'][^,{{}}\[\]\n]*+))")
_ENDS = re.compile(r"[ \t]*+[,}\]]")


def without_secrets_in_flow(text: str) -> str:
    """A text without the values of secrets in braces, with all that stands beside them."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    depth = end = at = unended = 0
    while token := _TOKEN.search(text, at):
        at = token.end()
        if token["begun"] or (depth and token["opened"]):
            depth += 1
        elif token["closed"]:
            depth = max(depth - 1, 0)
        elif not token["name"] or not depth or at < unended or not is_secret_name(token["name"].strip("\"'").lower()):
            continue
        elif value := _VALUE.match(text, at):
            if _ENDS.match(text, value.end()):
                yield text[end:at]
                yield HIDDEN
                at = end = value.end()
            elif value["plain"]:  # which goes on in the next line: no other one ends in this one
                unended = value.end()
    yield text[end:]
