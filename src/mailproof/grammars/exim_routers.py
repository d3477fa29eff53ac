"""The ``redirect`` routers of Exim's configuration file (Exim specification, chapters 15 and 22), and its rules that
rewrite recipients (chapter 31): what they have mail go on to, as far as that stands there. Expansions (chapter 11) are
not worked out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mailproof.grammars.forwards import addresses_in, is_address
from mailproof.grammars.settings import MAX_EXPANDED, continued_lines, expand_macros

MAX_REDIRECTS = 1000
"""Of one file. What follows is not looked at."""

BLOCK = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,80})\s*:")
OPTION = re.compile(r"(?:hide\s+)?(?P<name>[a-z_]{1,40})\s*=\s*(?P<value>.*)")
"""What begins a router, a transport or an authenticator, and what stands in one."""
_INCLUDE = re.compile(r"\.include(?:_if_exists)?\s+(?P<name>\S.{0,200})")
_MACRO = re.compile(r"_?[A-Z][A-Za-z0-9_]{0,80}")
_OF_PROGRAMS = ("queryprogram", "iplookup")
"""Drivers that have mail go where a program or another host says (chapters 19 and 21)."""
_SECTIONS = (["routers"], ["rewrite"])
_RULE = re.compile(r"(?:\"(?:[^\"\\]|\\.)*+(?:\"|\\?\Z)|[^\s\"]+)++")
_BRANCH = re.compile(r"\.if(?:n?def)\b")
_BRACED_NAME = re.compile(r"\$\{(\w+)\}")
_NAME = re.compile(r"\$(\w*)")
_OWN_DOMAIN = re.compile(r"(?:original_|parent_)?domain|primary_hostname|qualify_domain|qualify_recipient")
"""Variables that are a domain of this host."""
_OWN_NAME = re.compile(r"(?:original_|parent_)?local_part(?:_prefix|_suffix)?")
_BRACES = re.compile(r"\$\{|[{}]|[^${}]+|\$")
_LOOKUP = re.compile(
    r"\$\{lookup\s*\{(?:[^{}]|\{[^{}]*\})*\}\s*(?:partial[^\s{]{0,20}-)?n?(?:wild|ip)?lsearch(?:\*@?)?(?:,[^\s{]{0,40})?"
    r"\s*\{\s*(?P<file>/[^{}$]+)\}\s*+(?:\{\$\{?value\}?\}\s*+)?(?:(?:fail|\{\})\s*+)?\}"
)
"""What a text file says of something, and nothing else where it says nothing. Blanks are given back by none of the
optional parts: thousands of them would be shared out in all ways.
"""
_INCLUDED = re.compile(r"(?:^|[,\n\"])\s*+:include:\s*+(?P<file>[^\s,\"]+)")
_OF_USERS = re.compile(r"\$\{?home\b|.*/\.forward$")
"""Files of the users themselves, which are evidence of their own."""


@dataclass(frozen=True)
class Redirect:
    """``data`` or ``file`` of a router, or what a rule of rewriting puts, which has no router. ``optional``: whether it
    counts depends on a macro (``.ifdef``), or it is one that is not known, or a ``driver`` that asks elsewhere.
    """

    router: str
    option: str
    value: str
    line: int
    """From 1."""
    optional: bool = False


@dataclass
class Redirected:
    """What a redirect comes to: addresses, and files that hold more of them.

    ``unknown``: not all is worked out. What stands there may hold a password (``servers=`` of a lookup) and is not
    told.
    """

    addresses: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    unknown: bool = False


def holds_routers(text: str) -> bool:
    """Whether a text is a configuration file with its routers, and not what ``exim -bP`` says of the main part."""
    return any(said.split() == ["begin", "routers"] for _, said, _ in continued_lines(text))


def parse_includes(text: str) -> Iterator[tuple[str, int]]:
    """Files that are read in places of a configuration, each with its line."""
    for line, said, _ in continued_lines(text):
        if included := _INCLUDE.fullmatch(said):
            yield included["name"].strip(), line


def parse_redirects(text: str, macros: Mapping[str, str]) -> Iterator[Redirect]:
    """What the routers with ``driver = redirect``, or one that asks elsewhere, have mail go on to, and what recipients
    are rewritten to, in order.

    Macros may stand for whole options. One that is not known may be any.
    """
    section, branches, count = "", 0, 0
    router = _Router("")
    for line, raw, _ in continued_lines(text):
        said = expand_macros(raw, macros).strip() if section else raw
        if not said:
            continue
        if len(said) == MAX_EXPANDED:
            said = raw  # which is no more than its macros, and not known
        if _BRANCH.match(said):
            branches += 1
        elif said.startswith(".endif"):
            branches = max(branches - 1, 0)
        elif said.split()[:1] == ["begin"]:
            yield from router.redirects()
            router, section = _Router(""), said.split()[1] if said.split()[1:] in _SECTIONS else ""
        elif section == "rewrite":
            count += 1
            if count <= MAX_REDIRECTS + 1 and (value := _rewritten(said)):
                yield Redirect("", "a rule", value, line, branches > 0 or count > MAX_REDIRECTS)
        elif section and (named := BLOCK.fullmatch(said)):
            yield from router.redirects()
            router = _Router(named["name"], optional=branches > 0)
        elif section and _MACRO.fullmatch(said) and count <= MAX_REDIRECTS:
            count += 1
            router.found.append(Redirect(router.name, said, "", line, optional=True))
            router.maybe = True
        elif section and (option := OPTION.fullmatch(said)):
            is_one = option["name"] in ("data", "file")
            count += is_one
            # One more is told, as one whose value is not known.
            if count <= MAX_REDIRECTS + 1 or not is_one:
                is_known = branches == 0 and not (is_one and count > MAX_REDIRECTS)
                router.add(option["name"], option["value"].strip(), line, optional=not is_known)
    yield from router.redirects()


def _rewritten(rule: str) -> str:
    """What a rule ``pattern replacement flags`` puts in the place of a recipient; nothing where it leaves these alone.

    Flags say which headers and parts of the envelope it is for; all without any. ``*`` rewrites nothing.
    """
    words: list[str] = _RULE.findall(rule)
    if len(words) == 1:
        return "$"  # a macro that is not known, or what Exim does not start with
    flags = set(words[2]) & set("EFTSbcfhrst") if len(words) > 2 else set()
    return "" if words[1] == "*" or (flags and not flags & set("ETS")) else words[1]


@dataclass
class _Router:
    name: str
    optional: bool = False
    is_redirect: bool = False
    maybe: bool = False
    """A macro that is not known may say so."""
    driver: str = ""
    found: list[Redirect] = field(default_factory=list)
    asking: list[Redirect] = field(default_factory=list)

    def add(self, name: str, value: str, line: int, *, optional: bool) -> None:
        if name == "driver":
            self.driver = value.strip('"')
            is_unknown = _MACRO.fullmatch(self.driver) is not None
            if self.driver in _OF_PROGRAMS:
                self.asking.append(Redirect(self.name, name, self.driver, line, optional=True))
            self.is_redirect = self.driver == "redirect" or is_unknown
            self.optional |= optional or is_unknown
        elif name in ("data", "file"):
            self.found.append(Redirect(self.name, name, value, line, optional))

    def redirects(self) -> Iterator[Redirect]:
        yield from self.asking
        for one in self.found if self.is_redirect or (self.maybe and not self.driver) else ():
            yield Redirect(one.router, one.option, one.value, one.line, one.optional or self.optional)


def work_out(redirect: Redirect, macros: Mapping[str, str]) -> Redirected:
    """What a redirect comes to, with the macros of the file put in."""
    value = expand_macros(redirect.value, macros)
    if redirect.optional or len(value) == MAX_EXPANDED or len(redirect.value) > MAX_EXPANDED:
        return Redirected(unknown=True)
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"')
    found = Redirected()
    if redirect.option != "file":
        _work_out_data(value, found)
    elif "$" not in value:
        found.files.append(value)
    else:
        found.unknown = not _OF_USERS.match(value)
    return found


def _work_out_data(value: str, found: Redirected) -> None:
    """A name that stands for a domain of this host is left out, and for what cannot be known stands a ``$``."""
    if value.startswith("#"):  # a filter
        found.unknown = True
        return
    said, expansions = _without_expansions(_BRACED_NAME.sub(r"$\1", value))
    if "{" in said or "}" in said:
        found.unknown = True
        return
    included = [one["file"] for one in _INCLUDED.finditer(said)]
    said = _NAME.sub(_meaning, said)
    targets = list(addresses_in(said))
    found.addresses += (target for target in targets if is_address(target))
    found.files += (file for file in included if "$" not in file)
    unknown = [target for target in targets if "$" in target.rpartition("@")[2]]
    if unknown:
        # Only what a lookup says by itself are addresses; what stands with it behind an @ are domains.
        files = [lookup["file"].strip() for one in expansions if (lookup := _LOOKUP.fullmatch(one))]
        are_lists = len(files) == len(expansions) == len(unknown) and set(unknown) == {"$"}
        found.files += files if are_lists else ()
        found.unknown = not are_lists
    found.unknown |= any("$" in file for file in included)


def _meaning(variable: re.Match[str]) -> str:
    before = variable.string[: variable.start()][-1:]
    if _OWN_DOMAIN.fullmatch(variable[1]):
        return "$" if before.isalnum() or before == "-" else ""  # x$domain is another domain
    return "local_part" if _OWN_NAME.fullmatch(variable[1]) else "$"


def _without_expansions(text: str) -> tuple[str, list[str]]:
    """A text with a ``$`` for each ``${...}``, and these."""
    kept: list[str] = []
    expansions: list[str] = []
    held: list[str] = []
    depth = 0
    for said in _BRACES.findall(text):
        if not depth and said != "${":
            kept.append(said)
            continue
        held.append(said)
        depth += said.endswith("{") - (said == "}")
        if depth == 0:
            kept.append("$")
            expansions.append("".join(held))
            held = []
    if held:  # the text ends within one
        kept.append("$")
        expansions.append("".join(held))
    return "".join(kept), expansions
