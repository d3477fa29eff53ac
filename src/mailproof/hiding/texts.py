"""Configuration without its secrets: names stay, values do not. Too much is hidden rather than too little.

The text is gone through line by line and word by word, once: hostile text takes no longer than any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from mailproof.hiding.arguments import without_arguments
from mailproof.hiding.flow import without_secrets_in_flow
from mailproof.hiding.names import HIDDEN, hidden_from, is_harmless, is_path, is_secret_name
from mailproof.hiding.places import without_arguments_of_uris, without_value_of_server
from mailproof.hiding.words import DEFINITION, ENTRY, LINE_STATEMENT, LUA, MAP, STATEMENT, begins_entry, end_of_lua

_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r".*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_HASHED = re.compile(
    r"(?<!\$)(?P<scheme>\{(?:PLAIN|CLEAR|CRAM|DIGEST|LANMAN|NTLM|SCRAM|S?SHA|S?MD5|SMD5|LDAP-MD5|PLAIN-MD5|CRYPT|"
    r"BLF-CRYPT|MD5-CRYPT|DES-CRYPT|SHA256-CRYPT|SHA512-CRYPT|PBKDF2|ARGON2ID?|ARGON2I)[A-Za-z0-9.-]{0,20}\})\S+?(?=\\?(?:\s|$))",
    re.IGNORECASE,
)
"""A password as Dovecot and LDAP store it, with its scheme in front."""

_WORD = re.compile(r"[\w.-]+")
_CALLS = frozenset(("acl", "http_access", "http_reply_access", "server", "use_backend", "default_backend", "cache"))
"""Words of Squid and HAProxy that a name of the administrator's follows, which may be called anything."""
_HOOK = re.compile(r"(?P<host>https?://(?:hooks\.[^\s/'\"]++|[^\s/'\"]++/(?:api/)?webhooks?)/)[^\s'\"\]]++")
_ALONE = frozenset(("secret", "password", "sasl_password", "passwd", "passphrase", "pkcs11-pin"))
"""Names whose value may follow a blank, wherever they stand in a line."""
_OF_FILES = ("file", "files", "maps", "path", "dir", "key", "privatekey", "keys")
"""How the names end whose values may be files, lookup tables and macros."""

_ASSIGNED = re.compile(r"[\"']?[ \t]*[=:][ \t]*")
_BLANKS = re.compile(r"[ \t]+")
_NEXT = r"(?=[;,]?(?:[ \t\r]*+(?:$|[;}]+(?=\s|$))|[ \t]++[\w.-]{1,60}=))"
"""What follows a value that ends there: nothing, or another setting."""
_SWITCH = re.compile(
    rf"[\"']?(?:yes|no|true|false|y|n|on|off|none|<(?:hidden|value not displayable)[^<>]{{0,80}}>)[\"']?{_NEXT}",
    re.IGNORECASE,
)
"""Values that are no secrets: switches, and what is hidden already."""
_TABLE = re.compile(
    r"(?:proxy:)?(?:hash|btree|lmdb|cdb|dbm|sdbm|texthash|regexp|pcre|cidr|mysql|pgsql|ldap|sqlite|memcache|mongodb):"
    r"/[\w./+-]+"
)
_FILE = re.compile(r"(?:<?/[\w./+-]+|\$\w+|\$\{\w+\}|\$\(\w+\))")
_SETTING = re.compile(r"[A-Za-z][\w.-]*[ \t]*=|\[[^\]]+\]\s*$")
"""What begins anew, whatever was before: a setting, a section."""
_IN_FLOW = re.compile(rf"{HIDDEN}[ \t]*[,}}\]]")
_INLINE_TABLE = re.compile(r"[ \t]*table[ \t]+[^\s{]+[ \t]*(?=\{)")
"""Of OpenSMTPD. A table of nftables has a family as well."""
_OPTION = re.compile(r"(?<!\S)-[pw](?=[ \t]+[^\s-])")
_MACRO_NAME = re.compile(r"_?[A-Z]\w*")
_MACRO = re.compile(rf"[ \t]*(?P<name>{_MACRO_NAME.pattern})[ \t]*==?(?!=)[ \t]*(?P<value>\S.*)")
MAX_MACROS = 500
"""Macros of Exim that are held against what is hidden. The values of more are hidden."""
MAX_MACROS_IN_MACROS = 8
MIN_SECRET = 6
"""Characters of a value that is looked for elsewhere."""
MAX_SEVERAL = 50
"""Values of several words that are looked for as a whole. The words of more are, each."""
_TOKEN = re.compile(r"[^\s:;,\"'{}()<>=^/|&\\]+")
_CALLED = re.compile(r"(?P<call>\bsetKey\s*+\(\s*+)(?:\"[^\"]*+\"?|'[^']*+'?|[^\s)]++)")
"""Of dnsdist."""
_COMMAND = re.compile(r"argv=|\bcommand\b|\b(?:curl|wget|mysql|psql|ldap\w{1,20})\b|/s?bin/")
_LOGIN_OPTION = re.compile(
    r"(?<!\S)(?:(?:-u[ \t]*+|--(?:proxy-)?user[ \t=]++)(?=[^\s:]*+:\S)"
    r"|(?:-H|-b|--header|--cookie|--oauth2-bearer)(?=[ \t=]))"
)
_FETCHES = re.compile(r"[ \t]*contact\.\S{1,100}\.command\b|.*\b(?:curl|wget)\b")
_PATH_OF_URI = re.compile(r"(?P<host>\b[a-z]{2,10}://[^\s/'\"]++/)[^\s'\"]++")
_KEY_TEXT = re.compile(r"(?=.{0,80}[A-Z0-9+/=])[A-Za-z0-9+/=]{8,}\\?")
"""A line of a key, in Base64."""
_KEY_OF_32_OCTETS = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=(?![\w+/=])")
"""In Base64, as WireGuard has its keys."""
_FILTER_RULE = re.compile(r"(?:\[\d+:\d+\][ \t]+)?-A[ \t]")
"""A rule of iptables, in which ``-p`` is the protocol."""
_GLUED_OPTION = re.compile(r"(?<!\S)-[pw](?=[^\s-])")
_PART_OF_EXIM = re.compile(r"begin[ \t]++[a-z_]{1,20}", re.IGNORECASE)
_BLOCK = re.compile(r"[\w.-]++[ \t]*+:")
"""What begins a block in a part of Exim's (specification, chapter 6): its name is the administrator's."""
_SERVICE = re.compile(
    r"\S++[ \t]++(?:inet|unix(?:-dgram)?|fifo|pass)(?:[ \t]++[yn-]){3}(?:[ \t]++[\d?-]++){2}[ \t]++\S++"
)
"""A service in master.cf (master(5)): its name is the administrator's as well."""


Form = Literal["settings", "YAML", "directives", "statements", "lines in blocks"]
"""How a text is written: settings that deeper lines go on with; the same with mappings in braces, like netplan; one
directive a line, like Apache, HAProxy and Squid; statements that end in ``;``, with blocks in braces, like nginx; the
same where a statement ends with its line, like keepalived.
"""


def without_secrets(text: str, form: Form = "settings") -> str:
    """Configuration without passwords, keys and tokens: their names stay, their values do not. Files may be named.

    It has as many lines as before, so that findings name those of the original.
    """
    whole = _PEM.sub(_without_key_lines, text)
    if form == "statements":
        return "".join(_without_values_of_statements(whole))
    if form == "lines in blocks":
        return "".join(_without_values_of_lines_in_blocks(whole))
    if form == "YAML":
        whole = without_secrets_in_flow(whole)
    hider = _Hider(goes_deeper=form != "directives", may_be_exim=form == "settings")
    lines = whole.split("\n")
    if form == "directives":
        return "\n".join(_without_values_of_directives(lines, hider))
    shown = "\n".join(map(without_arguments, _with_continuations(lines))).split("\n")
    return "\n".join(_without_macros(lines, [hider.line(line) for line in shown]))


def _with_continuations(lines: list[str]) -> Iterator[str]:
    """Lines with those that they go on in, as Exim has them: behind a backslash, comments in between."""
    held: list[str] = []
    for line in lines:
        held.append(line)
        if not line.rstrip().endswith("\\") and not (len(held) > 1 and line.lstrip().startswith("#")):
            yield "\n".join(held)
            held = []
    if held:
        yield "\n".join(held)


def _without_values_of_directives(lines: list[str], hider: _Hider) -> Iterator[str]:
    """Directive by directive: one goes on behind a backslash at the end of its line."""
    held: list[str] = []
    for number, line in enumerate(lines, 1):
        held.append(line)
        if line.endswith(("\\", "\\\r")) and number < len(lines):
            continue
        whole = " ".join((*(one.removesuffix("\r")[:-1] for one in held[:-1]), line))
        kept = hider.line(without_value_of_server(whole))
        yield "\n".join(held) if kept == whole else kept + "\n" * (len(held) - 1)
        held = []


def _without_values_of_statements(text: str) -> Iterator[str]:
    """Statement by statement: what ends one, and the braces of blocks, stay."""
    words: list[str] = []
    inside: list[_Hides] = []
    at = 0
    while token := STATEMENT.search(text, at):
        at = token.end()
        kind = token.lastgroup
        if kind in ("word", "blank") or (kind == "newline" and words):
            words.append(token[0])
            continue
        statement = " ".join("".join(words).split("\n"))
        hides = inside[-1] if inside else _hides(statement, begins_block=token[0] == "{")
        yield hides("".join(words))
        words = []
        if token[0] == "{":
            inside.append(_without_entry if MAP.fullmatch(statement) else hides)
        elif token[0] == "}":
            del inside[-1:]
        yield hides(token[0]) if kind == "comment" else token[0]
        if token[0] == "{" and LUA.fullmatch(statement):
            begin, at = at, end_of_lua(text, at)
            yield _without_words(text[begin:at])
    yield (inside[-1] if inside else _hides("".join(words)))("".join(words))


def _hides(statement: str, *, begins_block: bool = False) -> _Hides:
    """How a statement that stands in no block is hidden: it may be an entry of a map whose file is included into it."""
    is_entry = ENTRY.match(statement) if begins_block else begins_entry(statement)
    return _without_entry if is_entry else _without_value_of_statement


def _without_values_of_lines_in_blocks(text: str) -> Iterator[str]:
    """The same where a statement ends with its line. A definition may go on in several: a single word in the first of
    them may be all that it stands for.
    """
    words: list[str] = []
    awaited = begins = False
    for token in LINE_STATEMENT.finditer(text):
        kind = token.lastgroup
        if kind in ("word", "blank"):
            words.append(token[0])
            continue
        statement = "".join(words)
        words = []
        is_value = awaited or (begins and token[0] != "{" and len(statement.split()) == 1)
        yield _without_unknown(statement) if is_value else _without_value_of_statement(statement)
        yield _without_value_of_statement(token[0]) if kind == "comment" else token[0]
        begins = kind == "continued" and DEFINITION.fullmatch(statement) is not None
        awaited = kind == "continued" and not begins and _awaits_secret(statement)
    yield _without_value_of_statement("".join(words))


def _awaits_secret(statement: str) -> bool:
    """Whether what comes behind a statement would be hidden, all of it and nothing else."""
    begin = f"{statement.rstrip()} "
    return begin.strip() != "" and _without_value_of_statement(f"{begin}Unknown0Value") == f"{begin}{HIDDEN}"


def _without_unknown(statement: str) -> str:
    return statement if is_harmless(statement) else _without_words(statement)


_Hides = Callable[[str], str]


def _without_entry(entry: str) -> str:
    """An entry of a map without the words that may be secrets: what is looked for, and what is found."""
    if entry.startswith("#"):
        return _without_words(entry)
    return re.sub(r"'[^']*+'?|\"[^\"]*+\"?|\S+", _without_word, entry)


def _without_word(word: re.Match[str]) -> str:
    return word[0] if is_harmless(word[0].removeprefix("~").removeprefix("*")) else HIDDEN + "\n" * word[0].count("\n")


def _without_words(statement: str) -> str:
    return HIDDEN + "\n" * statement.count("\n") if statement.strip() else statement


def _without_value_of_statement(statement: str) -> str:
    line = " ".join(statement.split("\n"))
    kept = _Hider(goes_deeper=False).line(without_value_of_server(line))
    return statement if kept == line else kept + "\n" * statement.count("\n")


def _without_key_lines(key: re.Match[str]) -> str:
    """A private key hidden, with as many lines as it has: findings name the lines of the original."""
    return HIDDEN + "\n" * key[0].count("\n")


def _without_macros(lines: list[str], shown: list[str]) -> list[str]:
    """What is shown of lines, without the values of macros that stand in what is hidden, by their names or put in.

    Whatever they are called: ``LOGIN = hunter2`` and ``client_send = ^user^LOGIN`` of Exim, which puts them in where it
    tells its whole configuration. The value of a hidden macro is hidden wherever it stands.
    """
    hidden = [_removed(line, kept) for line, kept in zip(lines, shown, strict=True) if line != kept]
    defined = dict(_macros(lines))
    secrets = [macro.value for number, macro in defined.items() if lines[number] != shown[number]]
    defined = {number: macro for number, macro in defined.items() if lines[number] == shown[number]}
    known = {number for count, number in enumerate(defined) if count < MAX_MACROS}
    for _ in range(MAX_MACROS_IN_MACROS):
        names = {name for line in hidden for name in _MACRO_NAME.findall(line)}
        tokens = {token for line in hidden for token in _TOKEN.findall(line)}
        found = [
            number
            for number, macro in defined.items()
            if number not in known
            or (macro.name in names and not is_path(macro.value))
            or (_may_be_secret(macro.value) and tokens.issuperset(_TOKEN.findall(macro.value)))
        ]
        hidden = [defined[number].value for number in found]
        secrets += hidden
        for number in found:
            shown[number] = f"{shown[number].partition('=')[0].rstrip()} = {HIDDEN}"
            for further in range(number + 1, defined.pop(number).end):
                shown[further] = HIDDEN
        if not found:
            break
    return _without_values(shown, secrets)


@dataclass(frozen=True)
class _Macro:
    name: str
    value: str
    end: int
    """The line behind it."""


def _macros(lines: list[str]) -> Iterator[tuple[int, _Macro]]:
    """The macros that lines define, by the numbers of these. A backslash has a value go on in the next line."""
    end = 0
    for number, line in enumerate(lines):
        if number < end or not (macro := _MACRO.fullmatch(line)):
            continue
        end = number + 1
        values = [macro["value"].strip()]
        while values[-1].endswith("\\") and end < len(lines):
            values[-1] = values[-1][:-1]
            values.append(lines[end].strip())
            end += 1
        yield number, _Macro(macro["name"], "".join(values).strip('" '), end)


def _removed(line: str, kept: str) -> str:
    """What of a line is not in what is kept of it: all but its begin and its end."""
    begin = _alike(line, kept)
    end = _alike(line[begin:][::-1], kept[begin:][::-1])
    return line[begin : len(line) - end]


def _alike(one: str, other: str) -> int:
    """With how many characters both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _may_be_secret(value: str) -> bool:
    """Whether a value that stands in what is hidden is hidden for that: ``1`` and directories stand in much."""
    return len(value) >= MIN_SECRET and HIDDEN not in value and not _FILE.fullmatch(value)


def _without_values(lines: list[str], secrets: list[str]) -> list[str]:
    """Lines without these values, where they are whole words."""
    values = {value for value in secrets if _may_be_secret(value)}
    words = {value for value in values if _TOKEN.fullmatch(value)}
    several = sorted(values - words, key=len, reverse=True)
    for value in several[MAX_SEVERAL:]:
        words.update(token for token in _TOKEN.findall(value) if _may_be_secret(token))
    for value in several[:MAX_SEVERAL]:
        lines = [_without_value(line, value) if value in line else line for line in lines]
    if not words:
        return lines
    return [_TOKEN.sub(lambda word: HIDDEN if word[0] in words else word[0], line) for line in lines]


def _without_value(line: str, value: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", HIDDEN, line)


@dataclass
class _Hider:
    """Hides line by line, and knows what the lines before have begun."""

    goes_deeper: bool = True
    """Whether deeper lines go on with the value of the line before."""
    name: str = ""
    """The name of the secret whose value deeper lines go on with."""
    depth: int = -1
    continued: bool = False
    """Whether a backslash ended the line before, whose value is a secret."""
    quote: str = ""
    """The quote that a secret was begun with, and that has not ended it."""
    table: bool = False
    """Whether the line stands in a table in braces."""
    may_be_exim: bool = False
    has_blocks: bool = False
    """Whether a part of Exim's was begun: lines stand in blocks there, each a setting of its own."""

    def line(self, line: str) -> str:
        bare = line.strip()
        depth = len(line) - len(line.lstrip())
        if self.continued:
            self.continued = bare.endswith("\\")
            return line[:depth] + HIDDEN
        if self.table:
            self.table = "}" not in line
            return line[:depth] + HIDDEN if bare != "}" else line
        if self.quote and not (depth == 0 and _SETTING.match(line)):
            if _closed(line, 0, self.quote):
                self.quote = ""
            return line[:depth] + HIDDEN
        self.quote = ""
        self.has_blocks = self.has_blocks or (self.may_be_exim and _PART_OF_EXIM.fullmatch(bare) is not None)
        if self.has_blocks and _BLOCK.fullmatch(bare):
            self.name = ""
            return line
        if self.name and bare and not bare.startswith(("#", "}")):
            of_key = self.name.endswith("private_key") and _KEY_TEXT.fullmatch(bare)
            if of_key or (self.goes_deeper and depth > self.depth and not bare.startswith("-o")):
                self.continued = bare.endswith("\\")
                return line if _kept(self.name, bare) else line[:depth] + HIDDEN
            self.name = ""
        return self._hidden(_without_uris(line), depth)

    def _hidden(self, line: str, depth: int) -> str:
        if inline := _INLINE_TABLE.match(line):
            self.table = "}" not in line
            return line[: inline.end()] + HIDDEN
        service = _SERVICE.match(line) if self.goes_deeper else None
        first = service is None
        brace = line.rfind("{")
        calls = not self.goes_deeper and not _CALLS.isdisjoint(line.split(maxsplit=1)[:1])
        for word in () if calls else _WORD.finditer(line, service.end() if service else 0):
            name = word[0].lower().lstrip("-")
            if first and name == "hide":
                if assigned := line.find("=") + 1:
                    return self._cut(line, assigned, "hide", depth)
                continue
            if name == "database" and brace > word.end():
                return self._cut(line, word.end(), name, depth)
            if is_secret_name(name) or (name == "key" and line[word.start() - 1] in "?&"):
                begin = _value(line, word, name, first=first)
                if first and begin is not None:
                    self.name, self.depth = name, depth
                if begin is not None and not (_SWITCH.match(line, begin) or _IN_FLOW.match(line, begin)):
                    self.name, self.depth = name, depth
                    if line[begin:].strip() in ("{", ""):
                        self.name = "" if line[begin:].strip() else name
                        return line
                    return line if _kept(name, line[begin:]) else self._cut(line, begin, name, depth)
            first = False
        if "=" in line:
            line = _KEY_OF_32_OCTETS.sub(HIDDEN, line)
        if "://" in line and "?" in line:
            line = without_arguments_of_uris(line)
        if "hook" in line:
            line = _HOOK.sub(rf"\g<host>{HIDDEN}", line)
        if "{" in line:
            line = _HASHED.sub(rf"\g<scheme>{HIDDEN}", line)
        return _without_options(_CALLED.sub(rf"\g<call>{HIDDEN}", without_arguments(line)))

    def _cut(self, line: str, begin: int, name: str, depth: int) -> str:
        """The line without its value, which may go on in the next ones."""
        value = line[begin:].strip()
        self.name, self.depth = name, depth
        self.continued = value.endswith("\\")
        if self.goes_deeper and value[:1] in ("'", '"') and not _closed(value, 1, value[0]):
            self.quote = value[0]
        # The braces that stand around it are closed behind it, or YAML would be none any more.
        around = "}" * (line.count("{", 0, begin) - line.count("}", 0, begin)) if value.endswith("}") else ""
        head = f"{line[:begin].rstrip()} " if line[begin - 1].isspace() else line[:begin]
        return hidden_from(head + line[begin:], len(head)) + around


def _without_options(line: str) -> str:
    """A command without what its options say of passwords, and without the paths of what it fetches."""
    if _FILTER_RULE.match(line):
        return line
    found = [_OPTION.search(line)]
    if _COMMAND.search(line):
        found += [_GLUED_OPTION.search(line), _LOGIN_OPTION.search(line)]
    ends = [option.end() for option in found if option]
    if ends:
        head = f"{line[: min(ends)].rstrip()} "
        line = hidden_from(head + line[min(ends) :], len(head))
    return _PATH_OF_URI.sub(rf"\g<host>{HIDDEN}", line) if "://" in line and _FETCHES.match(line) else line


def _value(line: str, word: re.Match[str], name: str, *, first: bool) -> int | None:
    """Where the value of a name begins; None where it has none."""
    if assigned := _ASSIGNED.match(line, word.end()):
        return assigned.end()
    blanks = _BLANKS.match(line, word.end())
    if blanks is None or blanks.end() == len(line):
        return len(line) if first and word.end() == len(line.rstrip()) else None
    following = line[blanks.end()]
    if following in "}>=":
        return None
    quoted = following in "\"'"
    return blanks.end() if first or quoted or name in _ALONE or word[0].startswith("--") else None


def _kept(name: str, value: str) -> bool:
    """Whether a value is no secret: lookup tables, and where the name says so, files and macros."""
    if _SWITCH.match(value):
        return True
    pieces = re.split(r"[\s,;\"'\\]+", value.strip("\"';, \t\r\\"))
    files = name.endswith(_OF_FILES)
    return all(_TABLE.fullmatch(piece) or (files and _FILE.fullmatch(piece)) for piece in pieces)


def _closed(text: str, begin: int, quote: str) -> bool:
    """Whether a quote ends in a text, from ``begin`` on; one behind a backslash does not."""
    at = begin
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == quote:
            return True
        at += 1
    return False


def _without_uris(line: str) -> str:
    """A line without passwords in URIs: what stands between the first colon and the last @ of a word."""
    if "://" not in line or "@" not in line:
        return line
    return re.sub(r"\S+", lambda word: _without_userinfo(word[0]), line)


def _without_userinfo(word: str) -> str:
    begin = word.find("://")
    at = word.rfind("@")
    colon = word.find(":", begin + 3, at) if begin >= 0 else -1
    return f"{word[: colon + 1]}{HIDDEN}{word[at:]}" if 0 <= begin < colon < at else word
