"""The rules of nftables (nft(8)): what ``nft list ruleset`` says, and files like /etc/nftables.conf.

Tables with their chains and sets are read, and of rules the matches that a packet of a connection over TCP can be held
against. Commands that empty or delete tables and chains are followed (rulesets.py); others that change a ruleset (``add
rule ...``) are not read: whoever has them names what ``nft list ruleset`` says. A file that another one includes
(nft(8), "Including files") is put into its place before (probes/nft_includes.py); what is still included then cannot
be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from mailproof.grammars.iptables import TARGETS
from mailproof.grammars.packet_filters import (
    ACCEPT,
    DROP,
    GOES_ON,
    GOTO,
    JUMP,
    MAX_RULES,
    REDIRECT,
    RETURN,
    UNREAD,
    Chain,
    Match,
    NotPacketFilter,
    Rule,
)
from mailproof.grammars.rulesets import Ruleset, Table
from mailproof.net.text import printable

MAX_TOKENS = 1_000_000
MAX_DEPTH = 8
"""Braces inside each other."""
MAX_VALUES = 10_000
"""Of one set."""

_TOKEN = re.compile(
    r"(?P<comment>#[^\n]*|\\\n)|(?P<blank>[ \t\r]+)|(?P<end>[;\n])|(?P<mark>[{},])|\"(?P<quoted>[^\"\n]*)\""
    r"|(?P<word>[^\s{},;\"#]+)|(?P<other>.)",
)
_PRIORITIES = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}

_FIELDS = {
    "iif": "iif",
    "iifname": "iif",
    "oif": "oif",
    "oifname": "oif",
    "skuid": "user",
    "skgid": "user",
    "l4proto": "proto",
    "nfproto": "family",
    "protocol": "family",
    "ip saddr": "saddr",
    "ip daddr": "daddr",
    "ip6 saddr": "saddr",
    "ip6 daddr": "daddr",
    "ip protocol": "proto",
    "ip6 nexthdr": "proto",
    "tcp dport": "dport",
    "th dport": "dport",
    "tcp sport": "sport",
    "th sport": "sport",
    "ct state": "state",
    "ct status": "status",
    "fib daddr type": "reaches",
}
"""What matches ask for; ``tcp dport`` asks for TCP as well, and ``ip saddr`` for IPv4."""
_NEEDS = {"ip": Match("family", ("ip",)), "ip6": Match("family", ("ip6",))}
_FAMILIES = {"ipv4": "ip", "ipv6": "ip6"}
_OTHERS = frozenset({"udp", "icmp", "icmpv6", "igmp", "sctp", "dccp", "esp", "ah", "arp", "ether", "vlan", "udplite"})
"""Protocols: a rule that asks for one of their fields takes no packet of TCP."""
_DOES = {
    "accept": ACCEPT,
    "drop": DROP,
    "reject": DROP,
    "return": RETURN,
    "queue": UNREAD,
    "dnat": REDIRECT,
    "redirect": REDIRECT,
    "tproxy": REDIRECT,
    "masquerade": ACCEPT,
    "snat": ACCEPT,
}
_STATEMENTS = {
    "counter": ("packets", "bytes", "name"),
    "log": ("prefix", "level", "group", "snaplen", "queue-threshold", "flags"),
    "comment": ("comment",),
    "notrack": (),
}
"""What does something beside, and lets the packet go on to what follows; and its words that have a value."""
_FLAGS = re.compile(
    r"(?:&\(?(?P<mask>[a-z|,]+)\)?(?===|!=))?(?P<asks>==|!=|!)?\(?(?P<value>[a-z|,]+|0x0|0)\)?(?:/\(?(?P<of>[a-z|,]+)\)?)?"
)
_FLAG_WORDS = re.compile(r"(?:[(),|&/!=]|0x0|0|fin|syn|rst|psh|ack|urg|ecn|cwr)+")


@dataclass
class _Text:
    """The tokens of a text, one after the other: ``kind``, what it says, and the line."""

    tokens: list[tuple[str, str, int]]
    at: int = 0
    variables: dict[str, list[str]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0]

    @property
    def said(self) -> str:
        return self.tokens[self.at][1]

    @property
    def line(self) -> int:
        return self.tokens[self.at][2]

    def is_mark(self, said: str) -> bool:
        return self.kind == "mark" and self.said == said

    def words(self) -> list[str]:
        """The words before the next mark or end."""
        found: list[str] = []
        while self.kind in ("word", "quoted"):
            found.append(self.said)
            self.at += 1
        return found

    def skip_ends(self) -> None:
        while self.kind == "end":
            self.at += 1

    def values(self, depth: int = 0) -> list[str]:
        """The elements of a set in braces, those that variables stand for and of sets within as well."""
        if depth == MAX_DEPTH:
            raise NotPacketFilter(self.line, f"more than {MAX_DEPTH} braces inside each other")
        self.at += 1
        found: list[str] = []
        while not self.is_mark("}"):
            if self.kind == "last":
                raise NotPacketFilter(self.line, "a set is not closed")
            if self.is_mark("{"):
                found += self.values(depth + 1)
                continue
            if words := self.words():
                for value in self.variables.get(words[0].removeprefix("$"), words[:1]):
                    found.append(_element([value, *words[1:]]))
            else:
                self.at += 1
        self.at += 1
        return found[:MAX_VALUES]

    def skip_block(self) -> None:
        depth = 0
        while self.kind != "last":
            depth += self.is_mark("{") - self.is_mark("}")
            self.at += 1
            if not depth:
                return


def _element(words: list[str]) -> str:
    """An element of a set, without its time-out and comment; a range may have blanks around its dash."""
    if ":" in words:
        return " ".join(words)
    if len(words) > 2 and words[1] == "-":
        return "".join(words[:3])
    end = 1
    while words[end : end + 1] == ["."] and end + 1 < len(words):  # lan0 . 192.0.2.0/24
        end += 2
    return " ".join(words[:end])


def parse_nftables(text: str) -> Iterator[Chain]:
    """The chains of all tables. Raises NotPacketFilter, with the line."""
    ruleset = Ruleset()
    read_nftables(text, ruleset)
    yield from ruleset.chains()


def read_nftables(text: str, ruleset: Ruleset, first: int = 1) -> None:
    """Do with a ruleset what a text says, in its order. Raises NotPacketFilter, with the line.

    ``first`` is what the first line is counted as, for a text that others stand before.
    """
    found = _Text(list(_tokens(text, first)))
    for (kind, said, line), following in pairwise(found.tokens):
        if (kind, said, following[0]) == ("word", "include", "quoted"):
            raise NotPacketFilter(line, "an include that has no line of its own: name what nft list ruleset says")
    count = 0
    found.skip_ends()
    while found.kind != "last":
        line, words = found.line, found.words()
        if words[:1] == ["define"] and len(words) >= 2:
            name, _, value = " ".join(words[1:]).partition("=")  # blanks are free: x={ 25 }
            found.variables[name.strip()] = found.values() if found.is_mark("{") else value.split()
        elif words[:1] == ["table"] and found.is_mark("{"):
            family, name = words[1] if len(words) > 2 else "ip", words[-1] if len(words) > 1 else ""
            count += _table(found, ruleset.table(family, name))
            if count > MAX_RULES:
                raise NotPacketFilter(line, f"more than {MAX_RULES} rules")
        elif words[:1] not in (["table"], ["define"]) and not ruleset.forget(words):
            said = f"{printable(' '.join(words[:2]))[:80]} is a command" if words else "this is no table"
            raise NotPacketFilter(line, f"{said}: name what nft list ruleset says")
        found.skip_ends()


def _tokens(text: str, line: int) -> Iterator[tuple[str, str, int]]:
    for count, token in enumerate(_TOKEN.finditer(text)):
        kind = token.lastgroup or ""
        if count == MAX_TOKENS or kind == "other":
            raise NotPacketFilter(line, f"{'the text is too long' if kind != 'other' else 'a quote is open'}")
        if kind not in ("comment", "blank"):
            yield kind, token[kind], line
        line += token[0].count("\n")
    yield "last", "", line


def _table(found: _Text, table: Table) -> int:
    """Add what a table holds whose brace comes next: to its chains, where it has come before. How many rules it has."""
    count = 0
    found.at += 1
    found.skip_ends()
    while not found.is_mark("}"):
        line, words = found.line, found.words()
        if found.kind == "last" or not words:
            raise NotPacketFilter(found.line, "a table is not closed, or holds what is no chain")
        if words[0] == "chain" and len(words) > 1 and found.is_mark("{"):
            chain = table.chain(words[1], line)
            before = len(chain.rules)
            _chain(found, chain, table.sets, line)
            count += len(chain.rules) - before
            if chain.rules:
                table.filled.add(chain.name)
        elif words[0] == "set" and len(words) > 1 and found.is_mark("{"):
            if not table.add_set(words[1], _set(found)):
                what = "a set grows that rules ask for before: name what nft list ruleset says"
                raise NotPacketFilter(line, what)
        elif found.is_mark("{"):
            found.skip_block()
        while found.is_mark(","):  # flags owner,persist
            found.at += 1
            found.words()
        found.skip_ends()
    found.at += 1
    return count


def _set(found: _Text) -> list[str]:
    """The elements of a set; none where programs may add some."""
    found.at += 1
    elements: list[str] = []
    grows = False
    while not found.is_mark("}") and found.kind != "last":
        words = found.words()
        grows = grows or "dynamic" in words or "timeout" in words
        if words and "".join(words).rstrip("=") == "elements" and found.is_mark("{"):
            elements = found.values()
        elif not words:
            found.at += 1
    if found.kind == "last":
        raise NotPacketFilter(found.line, "a set is not closed")
    found.at += 1
    return [] if grows and not elements else elements


def _chain(found: _Text, chain: Chain, sets: dict[str, list[str]], begins: int) -> None:
    """Add what a chain holds whose brace comes next. ``begins`` is its line."""
    found.at += 1
    found.skip_ends()
    while not found.is_mark("}"):
        if found.kind == "last":
            raise NotPacketFilter(found.line, "a chain is not closed")
        line = found.line
        pieces = list(_pieces(found))
        words = [piece for piece in pieces if isinstance(piece, str)]
        if words[:1] == ["type"]:
            if not chain.hook:  # nft refuses another hook or priority for a chain that has one
                _begin(chain, words)
        elif words[:1] == ["policy"] and len(words) == 2:
            chain.policy, chain.line = _DOES.get(words[1], ACCEPT), begins  # the last one that is said holds
        elif words[:1] not in (["comment"], ["flags"], ["device"]) and pieces:
            chain.rules += _rules(pieces, line, sets, found.variables)
        found.skip_ends()
    found.at += 1


def _pieces(found: _Text) -> Iterator[str | list[str]]:
    """The words of a statement, and the sets in it."""
    while found.kind not in ("end", "last") and not found.is_mark("}"):
        if found.is_mark("{"):
            yield found.values()
            continue
        said = found.said
        found.at += 1
        while found.is_mark(",") and found.tokens[found.at + 1][0] == "word":  # established,related
            said += f",{found.tokens[found.at + 1][1]}"
            found.at += 2
        yield said


def _begin(chain: Chain, words: list[str]) -> None:
    """``type filter hook forward priority filter + 10``."""
    said = dict(pairwise(words))
    chain.kind, chain.hook = said.get("type", "filter"), said.get("hook", "")
    chain.kind = "filter" if chain.kind == "route" else chain.kind
    if "priority" in words:
        text = "".join(words[words.index("priority") + 1 :])
        place = re.fullmatch(r"([a-z]*)([+-]?\d{1,6})?", text)
        base = _PRIORITIES.get(place[1], 0) if place else 0
        chain.priority = base + (int(place[2]) if place and place[2] else 0)


def _rules(
    pieces: list[str | list[str]], line: int, sets: dict[str, list[str]], variables: dict[str, list[str]]
) -> Iterator[Rule]:
    """A rule; one that maps values to verdicts (``vmap``) is as many rules as the map has elements."""
    matches: list[Match] = []
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        word = piece if isinstance(piece, str) else ""
        if word in _DOES:
            yield Rule(tuple(matches), _DOES[word], line)
            return
        if word in ("jump", "goto") and at + 1 < len(pieces):
            yield Rule(tuple(matches), JUMP if word == "jump" else GOTO, line, str(pieces[at + 1]))
            return
        if word == "xt" and pieces[at + 1 : at + 2] == ["target"]:  # a rule of iptables that nft cannot write
            yield Rule(tuple(matches), TARGETS.get(str(pieces[min(at + 2, len(pieces) - 1)]), UNREAD), line)
            return
        if behind := _behind(pieces, at):
            at = behind
            continue
        if [word, *pieces[at + 1 : at + 2]] == ["tcp", "flags"]:
            match, at = _flags(pieces, at + 2)
            matches.append(match)
            continue
        of, at = _field(pieces, at)
        if of and at < len(pieces) and pieces[at] == "vmap" and at + 1 < len(pieces):
            yield from _mapped(matches, of, pieces[at + 1], line)
            return
        if not of:
            matches.append(Match("proto", ("other",)) if word in _OTHERS else Match("unread", (word,)))
            at += 1
            continue
        negated = pieces[at] == "!=" if at < len(pieces) else False
        at += at < len(pieces) and pieces[at] in ("!=", "==")
        matches += _needs(of)
        if at < len(pieces):
            matches.append(Match(_asked(of), _values(pieces[at], of, sets, variables), negated))
        at += 1
    yield Rule(tuple(matches), GOES_ON, line)


def _field(pieces: list[str | list[str]], at: int) -> tuple[str, int]:
    """What a match asks for, as ``_FIELDS`` has it, and where its value begins; nothing for one that is not known.

    Several in one are joined by `` . ``, as nft writes them: ``iifname . oifname``.
    """
    at += pieces[at] == "meta" and at + 1 < len(pieces)
    for words in (3, 2, 1):
        of = " ".join(map(str, pieces[at : at + words]))
        if of in _FIELDS:
            at += words
            if pieces[at : at + 1] != ["."] or at + 1 >= len(pieces):
                return of, at
            more, end = _field(pieces, at + 1)
            return (f"{of} . {more}", end) if more else ("", at)
    return "", at


def _asked(of: str) -> str:
    """What a match asks for, as rules of packet filters have it."""
    return "+".join(_FIELDS[one] for one in of.split(" . "))


def _needs(of: str) -> Iterable[Match]:
    for one in of.split(" . "):
        first = one.split()[0]
        if first == "tcp":
            yield Match("proto", ("tcp",))
        if first in _NEEDS:
            yield _NEEDS[first]


def _values(
    piece: str | list[str], of: str, sets: dict[str, list[str]], variables: dict[str, list[str]]
) -> tuple[str, ...]:
    """What a match admits; nothing where it is a set that programs fill."""
    if isinstance(piece, list):
        values = piece
    elif piece.startswith("@"):
        values = sets.get(piece[1:], [])
    elif piece.startswith("$"):
        values = variables.get(piece[1:], [])
    else:
        values = piece.split(",")
    return tuple(_FAMILIES.get(value, value) if _asked(of) == "family" else value for value in values)


def _mapped(matches: list[Match], of: str, map_: str | list[str], line: int) -> Iterator[Rule]:
    """``ct state vmap { established : accept, new : jump fresh }``."""
    if isinstance(map_, str):
        yield Rule((*matches, Match("unread", (map_,))), UNREAD, line)
        return
    for element in map_:
        value, _, does = element.partition(" : ")
        words = does.split()
        if words[:1] == ["continue"]:
            continue
        verdict = _DOES.get(words[0], JUMP if words[0] == "jump" else GOTO) if words else UNREAD
        target = words[1] if len(words) > 1 else ""
        yield Rule((*matches, *_needs(of), Match(_asked(of), (value,))), verdict, line, target)


def _behind(pieces: list[str | list[str]], at: int) -> int:
    """Where a statement ends that lets the packet go on: ``counter packets 1 bytes 60``, ``log prefix "x"``; 0 where
    none begins.
    """
    word = pieces[at]
    if isinstance(word, str) and word in _STATEMENTS:
        has_value = _STATEMENTS[word]
        at += word != "comment"
        while at < len(pieces) and pieces[at] in has_value:
            at += 2 + (pieces[at] == "flags" and pieces[at + 1 : at + 2] in (["tcp"], ["ip"]))
        return at
    for size in (2, 1, 4):  # meta mark set 7, mark set 7, tcp option maxseg size set rt mtu
        if pieces[at + size : at + size + 1] == ["set"] and isinstance(word, str) and word not in _DOES:
            return _value_end(pieces, at + size + 1)
    return 0


def _value_end(pieces: list[str | list[str]], at: int) -> int:
    """Where what a packet is given ends."""
    while at < len(pieces):
        piece = pieces[at]
        if isinstance(piece, str) and (piece in _DOES or piece in _STATEMENTS or piece in ("jump", "goto")):
            break
        at += 1
    return at


def _flags(pieces: list[str | list[str]], at: int) -> tuple[Match, int]:
    """Whether the first packet of a connection, with SYN alone, has the flags that a rule asks for."""
    said = ""
    while at < len(pieces) and isinstance(piece := pieces[at], str) and _FLAG_WORDS.fullmatch(piece):
        said, at = said + piece, at + 1
    found = _FLAGS.fullmatch(said)
    if found is None:
        return Match("unread", ("tcp flags",)), at
    value = set(re.findall("[a-z]{3}", found["value"]))
    mask = found["mask"] or found["of"]
    seen = {"syn"} & set(re.findall("[a-z]{3}", mask)) if mask else {"syn"}
    fits = bool(seen & value) if found["asks"] in (None, "!") and not found["of"] else seen == value
    return Match("syn", ("syn",), fits is (found["asks"] in ("!=", "!"))), at
