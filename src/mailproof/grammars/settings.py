"""Settings of programs: ``name = value``, one a line, with comments, continued lines and sections.

So are written main.cf and the output of ``postconf -n`` (postconf(5)), that of ``doveconf -n``, with sections in
braces, and that of ``exim -bP``, in which a switch is its name alone, with ``no_`` in front if it is off. Services of
master.cf (master(5)) have settings of their own.

Every text is gone through once, in a time that its length bounds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from mailproof.grammars.exim_branches import lines_that_count

_NAMED = re.compile(r"(?P<name>[A-Za-z0-9_.:/-]+)[ \t]*=[ \t]*(?P<value>.*)")
_SWITCH = re.compile(r"(?P<off>no_|not_)?(?P<name>[a-z][a-z0-9_]*)")
_OPTION = re.compile(
    r"(?<!\S)-o[ \t]*(?:\{[ \t]*(?P<braced>\w+)[ \t]*=[ \t]*(?P<text>(?:[^{}$]|\$\{\w+\}|\$)*)\}"
    r"|(?P<name>\w+)=(?P<value>\S*))"
)
"""A setting of one service: ``-o name=value``, or ``-o { name = value }``."""
_MACRO = re.compile(r"\$(?:(?P<bare>\w+)|\{(?P<braces>\w+)\}|\((?P<round>\w+)\))")
_NAMED_LIST = re.compile(
    r"(?:hide[ \t]+)?(?P<kind>(?:domain|host|address|localpart)list)(?:_cache)?[ \t]+(?P<name>\w+)[ \t]*="
    r"[ \t]*(?P<value>.*)"
)
_EXIM_MACRO = re.compile(r"\b_?[A-Z][A-Za-z0-9_]*")

MAX_SECTIONS = 16
"""Sections inside each other whose names come into those of settings."""
MAX_SECTION_NAME = 80
MAX_EXPANSIONS = 8
"""How deep macros may stand in macros; Postfix itself knows no end."""
MAX_EXPANDED = 4096
"""Characters of a value with its macros put in."""


@dataclass(frozen=True)
class Setting:
    """One setting. ``name`` begins with the sections that it stands in: ``protocol imap/mail_plugins``."""

    name: str
    value: str
    line: int
    """From 1."""


def parse_settings(text: str) -> Iterator[Setting]:
    """The settings of a text in order, repeated ones too. What is no setting is passed over."""
    sections: list[str] = []
    for number, line in _logical_lines(text):
        stripped = line.strip()
        inside = sections[:MAX_SECTIONS]
        if stripped == "}":
            del sections[-1:]
        elif stripped.endswith("{") and not any(mark in stripped[:-1] for mark in "={}#") and stripped != "{":
            sections.append(stripped[:-1].rstrip()[:MAX_SECTION_NAME])
        elif named := _NAMED.fullmatch(stripped):
            yield Setting("/".join((*inside, named["name"])), named["value"].strip(), number)
        elif switch := _SWITCH.fullmatch(stripped):
            yield Setting("/".join((*inside, switch["name"])), "false" if switch["off"] else "true", number)


def parse_dovecot(text: str) -> Iterator[Setting]:
    """The settings of Dovecot: what ``doveconf -n`` says, or its files, in which comments may stand behind values, and
    values in quotes.
    """
    for setting in parse_settings("\n".join(map(_without_comment, _lines(text)))):
        value = setting.value
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        yield Setting(setting.name, value[1:-1] if quoted else value, setting.line)


def _without_comment(line: str) -> str:
    """A line up to a ``#`` behind a blank and outside of quotes."""
    if "#" not in line:
        return line
    quote = ""
    for at, mark in enumerate(line):
        if quote:
            quote = "" if mark == quote and line[at - 1] != "\\" else quote
        elif mark in "'\"":
            quote = mark
        elif mark == "#" and (at == 0 or line[at - 1] in " \t"):
            return line[:at].rstrip()
    return line


def parse_postfix(text: str) -> Iterator[Setting]:
    """The settings of main.cf, which knows no sections: each line that begins with a blank goes on with the one before,
    a brace at the end of that or none (``virtual_alias_maps = inline:{``).
    """
    for number, line in _logical_lines(text, sections=False):
        if named := _NAMED.fullmatch(line.strip()):
            yield Setting(named["name"], named["value"].strip(), number)


def parse_exim(text: str, defined: Collection[str] = ()) -> Iterator[Setting]:
    """The settings of Exim: what ``exim -bP`` says, or the main part of its configuration file (chapter 6).

    Named lists are called by their kind: ``hostlist relay_from_hosts``. A line that ends in a backslash goes on.
    ``defined`` are the macros of files before this one.
    """
    for first, said, _ in continued_lines(lines_that_count(text, defined)):
        if said.startswith("begin ") and _SWITCH.fullmatch(said[6:].strip()):
            return
        if named := _NAMED_LIST.fullmatch(said):
            yield Setting(f"{named['kind']} {named['name']}", named["value"].strip(), first)
        elif option := _NAMED.fullmatch(said.removeprefix("hide ").lstrip()):
            redefined = option["value"].startswith("=") and _EXIM_MACRO.fullmatch(option["name"])
            yield Setting(option["name"], option["value"][1 if redefined else 0 :].strip(), first)
        elif switch := _SWITCH.fullmatch(said):
            yield Setting(switch["name"], "false" if switch["off"] else "true", first)


def expand_macros(value: str, known: Mapping[str, str]) -> str:
    """A value of Exim with its macros put in (chapter 6, "Macro substitution"): names that begin with a capital."""
    for _ in range(MAX_EXPANSIONS):
        put_in = _EXIM_MACRO.sub(lambda macro: known.get(macro[0], macro[0]), value[:MAX_EXPANDED])[:MAX_EXPANDED]
        if put_in == value:
            break
        value = put_in
    return value[:MAX_EXPANDED]


def parse_services(text: str) -> Iterator[Setting]:
    """The settings that services of master.cf have for themselves: ``smtp inet/smtpd_banner``. Of two entries for one
    service master(8) takes the last.
    """
    found: dict[str, list[Setting]] = {}
    service = ""
    for number, line in enumerate(_lines(text), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0] not in " \t":
            service = " ".join(line[: 2 * MAX_SECTION_NAME].split()[:2])[:MAX_SECTION_NAME]
            found[service] = []
        for option in _OPTION.finditer(line):
            name, value = option["braced"] or option["name"], option["text"] or option["value"] or ""
            found.setdefault(service, []).append(Setting(f"{service}/{name}", value.strip(), number))
    for settings in found.values():
        yield from settings


def service_commands(text: str) -> dict[str, str]:
    """What each service of master.cf runs (master(5)): ``smtp inet`` runs ``smtpd``."""
    found: dict[str, str] = {}
    for _, line in _logical_lines(text, sections=False):
        words = line[: 8 * MAX_SECTION_NAME].split(maxsplit=8)
        if len(words) > 7:
            found[" ".join(words[:2])[:MAX_SECTION_NAME]] = words[7]
    return found


_AT_LOOPBACK = re.compile(r"\[?(?:127\.[0-9.]+|localhost|::1)\]?:\S* inet")


def is_at_loopback(service: str) -> bool:
    """Whether the host alone reaches a service of master.cf: ``127.0.0.1:10025 inet``, behind a content filter."""
    return _AT_LOOPBACK.fullmatch(service) is not None


_LOOPBACK = (
    r"(?:localhost|loopback-only|@\[\]|127(?:\.\d{1,3}){3}(?:/\d+|[.:]\d+)?|\[127(?:\.\d{1,3}){3}\](?::\d+)?"
    r"|\[::1\](?::\d+)?|::1(?:/128|\.\d+)?)"
)
"""Also with ports, as Exim writes them (chapter 13)."""
_ARE_LOOPBACK = re.compile(rf"{_LOOPBACK}(?:[\s,]+{_LOOPBACK})*")


def are_loopback(addresses: str) -> bool:
    """Whether a list has addresses at which the host alone reaches itself, and no others."""
    return _ARE_LOOPBACK.fullmatch(addresses) is not None


def expand(value: str, known: Mapping[str, str]) -> str:
    """A value with ``$name``, ``${name}`` and ``$(name)`` put in, as far as they are known."""
    for _ in range(MAX_EXPANSIONS):
        put_in = _expanded_once(value[:MAX_EXPANDED], known)
        if put_in == value:
            break
        value = put_in
    return value[:MAX_EXPANDED]


def _expanded_once(value: str, known: Mapping[str, str]) -> str:
    pieces: list[str] = []
    length = end = 0
    for macro in _MACRO.finditer(value):
        name = macro["bare"] or macro["braces"] or macro["round"]
        pieces += value[end : macro.start()], known.get(name, macro[0])[:MAX_EXPANDED]
        length += len(pieces[-2]) + len(pieces[-1])
        end = macro.end()
        if length > MAX_EXPANDED:
            break
    return "".join((*pieces, value[end:]))[:MAX_EXPANDED]


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").splitlines()


def continued_lines(text: str, *, with_comments: bool = False) -> Iterator[tuple[int, str, str]]:
    """Lines without comments, each with those that it goes on in: one that ends in a backslash goes on.

    The number of the first, the words of all, and the last as it stands. ``with_comments`` tells these as well, and
    what they go on in, as Apache reads them.
    """
    held, first = "", 0
    for number, line in enumerate(_lines(text), 1):
        stripped = line.strip()
        if (stripped.startswith("#") and not with_comments) or not (stripped or held):
            continue
        first = first if held else number
        held += stripped.removesuffix("\\")
        if not stripped.endswith("\\"):
            yield first, held, line
            held = ""


def _logical_lines(text: str, *, sections: bool = True) -> Iterator[tuple[int, str]]:
    """Lines with those that continue them, and without comments; a line that begins with a blank continues the one
    before, unless there are ``sections`` and that opened one or stands in one (postconf(5), "Postfix main.cf file
    format").
    """
    depth = 0
    first = 0
    held: list[str] = []
    for number, line in enumerate(_lines(text), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        goes_on = not sections or (depth == 0 and not (held and held[-1].endswith("{")))
        if held and goes_on and line[0] in " \t":
            held.append(line.strip())
            continue
        if held:
            yield first, " ".join(held)
        depth += line.rstrip().endswith("{") - (line.strip() == "}")
        first, held = number, [line.rstrip()]
    if held:
        yield first, " ".join(held)


def holds_comments_alone(text: str) -> bool:
    """Whether a text is a sample in which all is commented out (``#``): the program does what it does by default. An
    empty text is none; it may be what came of a command that failed.
    """
    lines = [line.strip() for line in _lines(text)]
    return any(lines) and all(not line or line.startswith("#") for line in lines)


def parse_ini(text: str) -> Iterator[Setting]:
    """``name = value`` below ``[section]``, as fail2ban (jail.conf(5)) and NUT (ups.conf(5)) have it: ``sshd/bantime``.

    A line that begins with a blank goes on with the value before it; what stands behind `` #`` is a comment.
    """
    section, held = "", None
    for number, line in enumerate(_lines(text), 1):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        named = _INI.match(stripped)
        if held is not None and line[0] in " \t" and not named:
            held = Setting(
                held.name, f"{held.value} {_COMMENT.split(stripped, 1)[0]}".strip()[:MAX_EXPANDED], held.line
            )
            continue
        if held is not None:
            yield held
            held = None
        if (begun := _section(stripped)) is not None:
            section = begun
        elif named:
            name = f"{section}/{named['name'].lower()}" if section else named["name"].lower()
            held = Setting(name, _COMMENT.split(named["value"], 1)[0].strip(), number)
    if held is not None:
        yield held


def ini_sections(text: str) -> Iterator[tuple[str, int]]:
    """The sections of such a text with their lines, also those in which nothing stands."""
    for number, line in enumerate(_lines(text), 1):
        if (section := _section(line.strip())) is not None and line[:1] not in " \t":
            yield section, number


def _section(line: str) -> str | None:
    end = line.find("]") if line.startswith("[") else -1
    return line[1:end].strip()[:MAX_SECTION_NAME] if end > 0 else None


_INI = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,80})[ \t]{0,80}[=:][ \t]{0,80}(?P<value>.*)")
_COMMENT = re.compile(r"[ \t][#;]")
