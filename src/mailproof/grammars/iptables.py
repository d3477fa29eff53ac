"""The rules of iptables, as ``iptables-save`` and ``ip6tables-save`` write them (iptables(8))."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

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

_HOOKS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
_PRIORITIES = {"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}
"""The order in which the tables see a packet."""

_MATCHES = {
    "-i": "iif",
    "--in-interface": "iif",
    "-o": "oif",
    "--out-interface": "oif",
    "-s": "saddr",
    "--source": "saddr",
    "-d": "daddr",
    "--destination": "daddr",
    "-p": "proto",
    "--protocol": "proto",
    "--dport": "dport",
    "--dports": "dport",
    "--destination-port": "dport",
    "--ctstate": "state",
    "--state": "state",
    "--ports": "dport",
    "--sport": "sport",
    "--sports": "sport",
    "--source-port": "sport",
    "--uid-owner": "user",
    "--gid-owner": "user",
    "--src-range": "saddr",
    "--dst-range": "daddr",
    "--ctstatus": "status",
    "--dst-type": "reaches",
}
TARGETS = {
    "ACCEPT": ACCEPT,
    "DROP": DROP,
    "REJECT": DROP,
    "RETURN": RETURN,
    "LOG": GOES_ON,
    "NFLOG": GOES_ON,
    "MARK": GOES_ON,
    "CONNMARK": GOES_ON,
    "CT": GOES_ON,
    "NOTRACK": GOES_ON,
    "TCPMSS": GOES_ON,
    "TRACE": GOES_ON,
    **dict.fromkeys(("AUDIT", "CHECKSUM", "CLASSIFY", "CONNSECMARK", "DSCP", "ECN", "HL", "IDLETIMER", "LED"), GOES_ON),
    **dict.fromkeys(("RATEEST", "SECMARK", "SET", "TCPOPTSTRIP", "TEE", "TOS", "TTL", "ULOG"), GOES_ON),
    "DNAT": REDIRECT,
    "REDIRECT": REDIRECT,
    "TPROXY": REDIRECT,
    "MASQUERADE": ACCEPT,
    "SNAT": ACCEPT,
    "QUEUE": UNREAD,
    "NFQUEUE": UNREAD,
}
"""What the extensions do that ``-j`` may name (iptables-extensions(8)); another name is that of a chain."""
_TELLS_NOTHING = {"--comment": 1, "-m": 1, "--match": 1, "-c": 2, "--set-counters": 2}
"""Options that ask nothing of a packet, and how many words follow them."""


def parse_iptables(text: str, family: str) -> Iterator[Chain]:
    """The chains of all tables. ``family`` is ``ip`` or ``ip6``. Raises NotPacketFilter, with the line."""
    table, rules = "", 0
    chains: dict[str, Chain] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("*"):
            yield from chains.values()
            table, chains = line[1:].strip(), {}
        elif line == "COMMIT":
            continue
        elif not table:
            raise NotPacketFilter(number, "no table is begun (*filter)")
        elif line.startswith(":"):
            name, _, policy = line[1:].partition(" ")
            chains[name] = _chain(table, name, policy.partition(" ")[0], number, family)
        elif (rule := _rule(line, number)) is not None and rule[0] in chains:
            rules += 1
            if rules > MAX_RULES:
                raise NotPacketFilter(number, f"more than {MAX_RULES} rules")
            chains[rule[0]].rules.append(rule[1])
        else:
            raise NotPacketFilter(number, "this is no rule of a chain that is there")
    yield from chains.values()


def _chain(table: str, name: str, policy: str, line: int, family: str) -> Chain:
    hook = name.lower() if name in _HOOKS else ""
    kind = "nat" if table == "nat" else "filter"
    does = TARGETS.get(policy, ACCEPT)
    return Chain(f"{family} {table}", name, line, family, kind, hook, _PRIORITIES.get(table, 0), does)


def _rule(line: str, number: int) -> tuple[str, Rule] | None:
    """The chain of a rule, and the rule."""
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    if words and words[0].startswith("["):  # counters, of iptables-save -c
        del words[0]
    if len(words) < 2 or words[0] not in ("-A", "--append"):
        return None
    matches: list[Match] = []
    verdict, target, at, negated = GOES_ON, "", 2, False
    while at < len(words):
        word = words[at]
        value = words[at + 1] if at + 1 < len(words) else ""
        at += 1
        if word == "!":
            negated = True
            continue
        if word in ("-j", "--jump", "-g", "--goto"):
            does = TARGETS.get(value)
            called = JUMP if word in ("-j", "--jump") else GOTO
            verdict, target = (does, "") if does is not None else (called, value)
            break  # what follows is about the target
        if word in _MATCHES:
            matches.append(Match(_MATCHES[word], tuple(value.split(",")), negated))
            at += 1
        elif word in _TELLS_NOTHING:
            at += _TELLS_NOTHING[word]
        elif word == "--tcp-flags":  # which to look at, and which of them are set: on the first packet SYN alone
            looked, wanted = (set(one.split(",")) for one in (value, words[at + 1] if at + 1 < len(words) else ""))
            fits = wanted - {"NONE"} == ({"SYN"} if looked & {"SYN", "ALL"} else set())
            matches.append(Match("syn", ("syn",), fits is negated))
            at += 2
        elif word == "--syn":
            matches.append(Match("syn", ("syn",), negated))
        elif word.startswith("-"):
            matches.append(Match("unread", (word,)))
        negated = False
    return words[1], Rule(tuple(matches), verdict, number, target)
