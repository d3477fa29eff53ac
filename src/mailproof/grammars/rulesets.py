"""The ruleset of nftables, as files and the commands in them change it one after the other (nft(8))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mailproof.grammars.packet_filters import Chain

_FAMILIES = ("ip", "ip6", "inet", "arp", "bridge", "netdev")
_OF_CONNECTIONS = ("ip", "ip6", "inet")
"""The families of packets of connections; the others are of frames of an Ethernet, which are none yet."""
_BESIDE = frozenset({"map", "counter", "quota", "limit", "flowtable", "ct", "secmark", "synproxy", "meter"})
"""What may be emptied or deleted and changes nothing here: it is not read, and what asks for it is not known."""


@dataclass
class Table:
    """One table: what comes of it later is added to what is there."""

    family: str
    name: str
    chains: dict[str, Chain] = field(default_factory=dict)
    sets: dict[str, list[str]] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    """The chains that have rules."""
    _elements: dict[str, set[str]] = field(default_factory=dict)

    def chain(self, name: str, line: int) -> Chain:
        """The chain of a name; a new one where there is none."""
        if name not in self.chains:
            self.chains[name] = Chain(f"{self.family} {self.name}", name, line, self.family)
        return self.chains[name]

    def add_set(self, name: str, elements: list[str]) -> bool:
        """Whether the elements of a set could be added: rules that are there have those that were known."""
        is_new = name not in self.sets
        known = self._elements.setdefault(name, set())
        if not is_new and self.filled and not known.issuperset(elements):
            return False
        known.update(elements)
        self.sets.setdefault(name, []).extend(elements)
        return True

    def forget_set(self, name: str) -> None:
        self.sets.pop(name, None)
        self._elements.pop(name, None)

    def flush(self, *names: str) -> None:
        """Without rules, chains keep their hooks and policies."""
        for name in self.filled.intersection(names) if names else self.filled:
            self.chains[name].rules.clear()
        self.filled.difference_update(names or list(self.filled))

    def forget_chain(self, name: str) -> None:
        self.chains.pop(name, None)
        self.filled.discard(name)


class Ruleset:
    """All tables of one machine."""

    def __init__(self) -> None:
        self._families: dict[str, dict[str, Table]] = {}

    def table(self, family: str, name: str) -> Table:
        """The table of a name; a new one where there is none."""
        return self._families.setdefault(family, {}).setdefault(name, Table(family, name))

    def chains(self) -> Iterator[Chain]:
        """Those that packets of a connection come through."""
        for family, tables in self._families.items():
            if family in _OF_CONNECTIONS:
                for table in tables.values():
                    yield from table.chains.values()

    def forget(self, words: list[str]) -> bool:
        """Do what a command says that empties or deletes something; whether it was followed.

        What is not there is passed over: it may be from before, like all that ``flush ruleset`` begins with.
        """
        if len(words) < 2 or words[0] not in ("flush", "delete", "destroy"):
            return False
        does, of, *names = words
        if of in _BESIDE:
            return True
        family = names.pop(0) if names and names[0] in _FAMILIES else ""
        known = self._families.get(family or "ip", {})
        table = known.get(names[0]) if names else None
        match does, of, names:
            case "flush", "ruleset", [] if family:
                self._families.pop(family, None)
            case "flush", "ruleset", []:
                self._families.clear()
            case "flush", "table", [_]:
                if table:
                    table.flush()
            case "delete" | "destroy", "table", [name]:
                known.pop(name, None)
            case "flush", "chain", [_, chain]:
                if table:
                    table.flush(chain)
            case "delete" | "destroy", "chain", [_, chain]:
                if table:
                    table.forget_chain(chain)
            case "flush", "set", [_, name]:
                return table is None or name not in table.sets
            case "delete" | "destroy", "set", [_, name]:
                if table:
                    table.forget_set(name)
            case _:
                return False
        return True
