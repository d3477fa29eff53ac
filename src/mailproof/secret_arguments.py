"""Secrets in expansions of Exim (specification, chapter 11): keys, what is compared with what a client or a user shows,
what commands are told, and header fields that are put in.

Where the arguments of a call end is told by its braces, up to three deep.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailproof.secret_names import HIDDEN, end_of_unknown, is_harmless, is_harmless_name, is_secret_name

_ARGUMENT = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\}"
_BLANK = r"(?:\s|\\\n|#[^\n]*+\n)*+"
"""Between arguments, which may stand in several lines, comments among them."""
_REST = r"\{.*?(?=\\?\Z)"
_KEYED = re.compile(
    rf"(?P<call>\b(?:(?:inbound_srs|prvs|hmac|crypteq|readsocket){_BLANK}{_ARGUMENT}|srs_encode){_BLANK})"
    rf"(?P<key>{_ARGUMENT}|{_REST})",
    re.DOTALL,
)
"""Calls of which one argument is a key, or what a server is asked."""
_COMPARES = re.compile(rf"\b(?:eqi?|match\w{{0,20}}|inlisti?|[lg][et]i?|forany|forall)(?={_BLANK}\{{)")
"""Calls whose two arguments are compared, whichever comes first; or each item of the first by what the second is."""
_WHOLE_ARGUMENT = re.compile(rf"{_BLANK}(?P<argument>{_ARGUMENT})")
_OPENED = re.compile(rf"{_BLANK}\{{")
_NAME = re.compile(r"\$\{?(?:[rbl]?h(?:eader)?_(?P<field>[\w-]++)|(?P<variable>[\w-]++))")
_GIVEN = re.compile(r"auth\d")
"""What a user shows: a name, a password."""
_RUN = re.compile(
    r"(?P<call>\brun\s*+(?:,\s*+preexpand\s*+)?\{\s*+[^\s{}]++)(?:[ \t]|\\\n)++(?P<rest>[^\s}].*)", re.DOTALL
)
"""A command, and what it is told."""
_VARIABLE = re.compile(r"\{\s*+\$\{?\w+\}?\s*+\}")
_ADDS = re.compile(r"\b(?:add_header|headers_add)[ \t]*+=|\bmessage[ \t]*+=[ \t]*+[\"']?X-", re.IGNORECASE)
_FIELD = re.compile(r"(?:(?<![\w$\\-])|(?<=\\n))(?P<name>[A-Za-z][\w-]{0,80}):[ \t]*+")


def without_arguments(line: str) -> str:
    """A line without the arguments that are secrets, or may be; or several, each going on behind a backslash."""
    if "{" in line:
        line = _RUN.sub(_without_told, _without_spans(_KEYED.sub(_without_key, line)))
    return _without_added(line)


def _without_key(keyed: re.Match[str]) -> str:
    is_variable = _VARIABLE.fullmatch(keyed["key"])
    return keyed[0] if is_variable else f"{keyed['call']}{_hidden(keyed['key'])}"


def _hidden(argument: str) -> str:
    """An argument without what stands in its braces, with as many lines as before."""
    return f"{{{_gone(argument)}{'}' if argument.endswith('}') else ''}"


def _gone(text: str) -> str:
    return HIDDEN + "\\\n" * text.count("\n")


def _without_spans(line: str) -> str:
    pieces: list[str] = []
    end = 0
    for begin, behind in sorted(_compared(line)):
        if begin >= end:
            pieces += line[end:begin], _hidden(line[begin:behind])
            end = behind
    return "".join((*pieces, line[end:]))


def _compared(line: str) -> Iterator[tuple[int, int]]:
    """Where arguments stand that are compared with what may be a secret."""
    unknown: int | None = None
    for call in _COMPARES.finditer(line):
        one = _WHOLE_ARGUMENT.match(line, call.end())
        if one is None:
            continue
        other = _WHOLE_ARGUMENT.match(line, one.end())
        if other is not None:
            if _is_secret(other["argument"], one["argument"]):
                yield one.span("argument")
            if _is_secret(one["argument"], other["argument"]):
                yield other.span("argument")
        elif opened := _OPENED.match(line, one.end()):
            unknown = end_of_unknown(line) if unknown is None else unknown
            if _is_secret(one["argument"], "" if unknown <= opened.end() else line[opened.end() :]):
                yield opened.end() - 1, len(line.removesuffix("\\"))
                return


def _is_secret(shown: str, argument: str) -> bool:
    """Whether an argument that is compared with another may be a secret."""
    if _VARIABLE.fullmatch(argument):
        return False
    harmless: bool | None = None
    for name in _NAME.finditer(shown):
        field, variable = name["field"], name["variable"]
        if is_secret_name((field or variable).lower()) or (variable and _GIVEN.fullmatch(variable)):
            return True
        if field and not is_harmless_name(field):
            harmless = is_harmless(argument) if harmless is None else harmless
            if not harmless:
                return True
    return False


def _without_told(run: re.Match[str]) -> str:
    """The program alone, and what stands behind the brace that ends its command."""
    depth, rest = 1, run["rest"]
    for place, letter in enumerate(rest):
        depth += (letter == "{") - (letter == "}")
        if not depth:
            return f"{run['call']} {_gone(run[0][: len(run[0]) - len(rest) + place])}{rest[place:]}"
    goes_on = "\\" if rest.endswith("\\") else ""
    return f"{run['call']} {_gone(run[0])}{goes_on}"


def _without_added(line: str) -> str:
    """A line without the values of header fields that it adds, from the first on that may be a secret."""
    if (adds := _ADDS.search(line)) is None:
        return line
    unknown = end_of_unknown(line)
    for field in _FIELD.finditer(line, adds.start()):
        if field.end() >= unknown:
            break
        if is_secret_name(field["name"].lower()) or not is_harmless_name(field["name"]):
            return f"{line[: field.end()]}{_gone(line[field.end() :])}"
    return line
