"""Secrets in expansions of Exim (specification, chapter 11): keys, what is compared with what a client or a user shows,
what commands are told, and header fields that are put in. Postfix and fail2ban tell commands and actions as much.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailproof.hiding.names import HIDDEN, end_of_unknown, is_harmless, is_harmless_name, is_secret_name

_BLANK = re.compile(r"(?:\s|\\\n|#[^\n]*+\n)*+")
"""Between arguments, which may stand in several lines, comments among them."""
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_KEYED = re.compile(r"\b(?:(?P<second>inbound_srs|prvs|hmac|crypteq|readsocket)|srs_encode)\b")
"""Calls of which an argument, the first or the second, is a key, or what a server is asked."""
_COMPARES = re.compile(r"\b(?:eqi?|match\w{0,20}|inlisti?|[lg][et]i?|forany|forall)\b")
"""Calls whose two arguments are compared, whichever comes first; or each item of the first by what the second is."""
_NAME = re.compile(r"\$\{?(?:[rbl]?h(?:eader)?_(?P<field>[\w-]++)|(?P<variable>[\w-]++))")
_GIVEN = re.compile(r"auth\d")
"""What a user shows: a name, a password."""
_RUN = re.compile(
    r"(?P<call>\brun\s*+(?:,\s*+preexpand\s*+)?\{\s*+[^\s{}]++)(?:[ \t]|\\\n)++(?P<rest>[^\s}].*)", re.DOTALL
)
"""A command, and what it is told."""
_VARIABLE = re.compile(r"\{\s*+\$\{?\w+\}?\s*+\}")
_ADDS = re.compile(
    r"\b(?:add_header|headers_add)[ \t]*+=|\bmessage[ \t]*+=[ \t]*+[\"']?X-|\bPREPEND[ \t]", re.IGNORECASE
)
_TOLD = re.compile(
    r"(?:^[ \t]*+(?:mailbox_)?command[ \t]*+=[ \t]*+[\"']?|(?<!\S)argv=)[^\s\"']++[ \t]++(?=\S)"
    r"|^[ \t]*+(?:add_)?environment[ \t]*+=[ \t]*+(?=\S)",
    re.MULTILINE,
)
"""What stands before that which a command is told: of a transport of Exim's, of a service of Postfix's (pipe(8))."""
_ACTION = re.compile(r"[ \t]*+(?:(?:ban)?action\w{0,20}[ \t]*+[=:][ \t]*+)?(?=[%\w])(?:%\(\w++\)s)?[\w.-]*+\[")
_OPTION = re.compile(r"(?P<name>\b[\w-]++)=(?P<value>\"[^\"]*+\"|'[^']*+'|[^,\]\"']++)")
_INTERPOLATED = re.compile(r"[\"']?(?:%\(\w{1,60}\)s)?[\"']?")
_OF_ACTIONS = frozenset(
    (
        *("actname", "action", "bantime", "blocktype", "category", "chain", "dest", "lines", "logpath", "mailcmd"),
        *("name", "port", "protocol", "returntype", "sender", "sendername"),
    )
)
"""Options of actions of fail2ban that hold no secrets (jail.conf(5))."""
_FIELD = re.compile(r"(?:(?<![\w$\\-])|(?<=\\n))(?P<name>[A-Za-z][\w-]{0,80}):[ \t]*+")


MAX_ARGUMENT = 500
"""Characters of an argument in which names are looked for. A longer one may be a secret, whatever it is."""

_Span = tuple[int, int]


def without_arguments(line: str) -> str:
    """A line without the arguments that are secrets, or may be; or several, each going on behind a backslash."""
    if "{" in line:
        line = _RUN.sub(_without_told, _without_spans(line))
    if (told := _TOLD.search(line)) and not is_harmless(line[told.end() :]):
        return f"{line[: told.end()]}{_gone(line[told.end() :])}{_closed_by(line)}"
    if action := _ACTION.match(line):
        line = line[: action.end()] + _OPTION.sub(_without_value, line[action.end() :])
    return _without_added(line)


def _closed_by(line: str) -> str:
    """What ends a line: a backslash has it go on, a quote and braces are closed."""
    return line[len(line.rstrip(" \t}\"'\\")) :]


def _without_value(option: re.Match[str]) -> str:
    value = option["value"]
    is_none = option["name"].lower() in _OF_ACTIONS or _INTERPOLATED.fullmatch(value) or is_harmless(value)
    return option[0] if is_none else f"{option['name']}={_gone(value)}"


def _without_spans(line: str) -> str:
    pieces: list[str] = []
    end = 0
    for begin, behind in sorted(_spans(line)):
        if begin >= end:
            pieces += line[end:begin], _hidden(line[begin:behind])
            end = behind
    return "".join((*pieces, line[end:]))


def _hidden(argument: str) -> str:
    """An argument without what stands in its braces, with as many lines as before."""
    return f"{{{_gone(argument)}{'}' if argument.endswith('}') else ''}"


def _gone(text: str) -> str:
    return HIDDEN + "\\\n" * text.count("\n")


def _spans(line: str) -> Iterator[_Span]:
    """Where arguments stand that are secrets, or may be. One that is not closed goes on to the end."""
    calls = [(call, True) for call in _KEYED.finditer(line)] + [(call, False) for call in _COMPARES.finditer(line)]
    if not calls:
        return
    ends = _braces(line)
    for call, is_keyed in calls:
        if (one := _argument(line, call.end(), ends)) is None:
            continue
        other = _argument(line, one[1], ends)
        if is_keyed:
            key = other if call["second"] else one
            if key is not None and not _VARIABLE.fullmatch(line, *key):
                yield key
            continue
        if other is not None:
            if _is_secret(line, shown=other, argument=one):
                yield one
            if _is_secret(line, shown=one, argument=other):
                yield other


def _braces(line: str) -> Mapping[int, int]:
    """Where each brace that opens is closed, behind that."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for brace in _BRACE.finditer(line):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            ends[opened.pop()] = brace.end()
    return ends


def _argument(line: str, at: int, ends: Mapping[int, int]) -> _Span | None:
    """Where an argument in braces stands behind a place, if one does."""
    blank = _BLANK.match(line, at)
    begin = blank.end() if blank else at
    return (begin, ends.get(begin, len(line.removesuffix("\\")))) if line[begin : begin + 1] == "{" else None


def _is_secret(line: str, *, shown: _Span, argument: _Span) -> bool:
    """Whether an argument that is compared with another may be a secret."""
    if _VARIABLE.fullmatch(line, *argument):
        return False
    harmless: bool | None = None
    for name in _NAME.finditer(line, shown[0], min(shown[1], shown[0] + MAX_ARGUMENT)):
        field, variable = name["field"], name["variable"]
        if is_secret_name((field or variable).lower()) or (variable and _GIVEN.fullmatch(variable)):
            return True
        if field and not is_harmless_name(field):
            is_long = argument[1] - argument[0] > MAX_ARGUMENT
            harmless = not is_long and is_harmless(line[slice(*argument)]) if harmless is None else harmless
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
            return f"{line[: field.end()]}{_gone(line[field.end() :])}{_closed_by(line)}"
    return line
