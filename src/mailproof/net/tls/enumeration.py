"""How whole lists are found: all is offered, what the server chooses is noted, and the rest is offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from mailproof.net.tls.flight import Flight
from mailproof.net.tls.hello import ClientHello
from mailproof.net.tls.interview import Answer
from mailproof.net.tls.questions import Questions, curve_of, scheme_of, without_prime
from mailproof.net.tls.suites import suite
from mailproof.net.tls.versions import TLSVersion

_TLS1_2, _TLS1_3 = TLSVersion.TLS1_2, TLSVersion.TLS1_3


class Known(NamedTuple):
    """What a server is known to choose first of a list; ``complete``: it takes no more of it."""

    values: tuple[int, ...]
    complete: bool


NOTHING_YET = Known((), complete=False)


class Enumeration(Questions):
    """Finds what a server takes of a list, in the order in which it chooses."""

    async def together(self, version: TLSVersion) -> Mapping[str, Known]:
        """What the server chooses first of ``suites``, ``groups`` and ``schemes``, as far as hellos tell it at once.

        What an answer chooses of each list is left out of the next hello. As soon as an answer does not choose of all
        that are left, nothing is concluded from it, and the list that ends first, most likely, is offered whole again.
        If the same hello is then answered as before, that list has ended: unless it was the key that was missing. A
        server with keys of two kinds signs with each in its own schemes, and wants the curve of an ECDSA key offered.
        """
        found: dict[str, tuple[int, ...]] = dict.fromkeys(_CHOSEN, ())
        ended: set[str] = set()
        base = self.hello(version)
        if version in (_TLS1_2, _TLS1_3) and self.interview.knows_accepted(base):
            lists = ["groups", "suites"] if version is _TLS1_3 else ["groups", "schemes", "suites"]
            if version is _TLS1_2 and is_ecdsa(await self.interview.ask(base)):
                lists.remove("groups")  # the curve of its key must be in every offer
            doubted, refused = "", False
            while lists != ["suites"] or doubted:
                left = {n: tuple(v for v in getattr(base, n) if n not in lists or v not in found[n]) for n in _CHOSEN}
                if not all(left[name] for name in lists):
                    break
                hello = replace(base, groups=left["groups"], schemes=left["schemes"], suites=left["suites"])
                answer = await self.interview.ask(hello)
                chosen = {name: of(answer.flight) if answer.accepted else None for name, of in _CHOSEN.items()}
                if all(chosen[name] in left[name] for name in lists):
                    if doubted and chosen[doubted] and _tells(doubted, answer, found["suites"], refused=refused):
                        ended.add(doubted)
                    if doubted and (sure := _in_order(found["suites"], chosen["suites"])) != found["suites"]:
                        found["suites"], chosen["suites"] = sure, None
                    found |= {name: (*found[name], value) for name, value in chosen.items() if name in lists and value}
                    doubted = ""
                elif lists != ["suites"]:
                    doubted, refused = lists.pop(0), not answer.accepted
                else:
                    break
        return {name: Known(values, name in ended) for name, values in found.items()}

    async def choices(
        self,
        offer: Callable[[tuple[int, ...]], ClientHello],
        values: tuple[int, ...],
        of: Callable[[Flight], int | None],
        known: Known = NOTHING_YET,
    ) -> tuple[int, ...]:
        """Offer all of ``values``, note the one that the server chooses, offer the rest, until it chooses none.

        ``known`` are those that it chooses first, if that is known. Suites that need a prime are left out where the
        server breaks off: it may have none. Not where it is known to break off without them as well.
        """
        found = [value for value in known.values if value in values]
        if known.complete:
            return tuple(found)
        while left := tuple(value for value in values if value not in found):
            hello = offer(left)
            answer = await self.ask(hello)
            chosen = of(answer.flight) if answer.accepted else None
            if chosen in left:
                found.append(chosen)
                continue
            without = self.interview.known(self.hello_without_prime(hello.version))
            if of is not suite_of or not answer.broken or (without is not None and not without.accepted):
                break
            values = tuple(without_prime(left))
            if values == left:
                break
        return tuple(found)

    async def merged(
        self, offer: Callable[[tuple[int, ...]], ClientHello], one: tuple[int, ...], other: tuple[int, ...]
    ) -> tuple[int, ...]:
        """Two lists in the server's order as one: of the first of both, it chooses the one that comes first."""
        merged: list[int] = []
        while one and other:
            # The second list comes first here, so that a server that follows the client is seen by the first pair.
            chosen = suite_of((await self.ask(offer((other[0], one[0])))).flight)
            if (
                not merged
                and chosen == other[0]
                and suite_of((await self.ask(offer((one[0], other[0])))).flight) != chosen
            ):
                break
            merged.append(chosen if chosen == other[0] else one[0])
            one, other = (one, other[1:]) if chosen == other[0] else (one[1:], other)
        return (*merged, *one, *other)


def is_ecdsa(answer: Answer) -> bool:
    """Whether the suite that is chosen needs a key of ECDSA."""
    chosen = suite_of(answer.flight)
    return chosen is not None and "ECDSA" in suite(chosen).key_exchange


def _tells(doubted: str, answer: Answer, chosen_before: tuple[int, ...], *, refused: bool) -> bool:
    """Whether it shows that a list has ended if the same hello with the whole of it gets this answer.

    ``refused``: without what was chosen of it, all was declined, instead of another suite being chosen.
    """
    if doubted == "schemes":
        # Of another kind of key no suite may be left, or one that comes after the suite that was chosen instead.
        keys = {_key(number) for number in chosen_before} | {_key(suite_of(answer.flight))}
        return refused and len(keys) == 1
    return not is_ecdsa(answer)


def _in_order(suites: tuple[int, ...], chosen: int | None) -> tuple[int, ...]:
    """Those of ``suites`` whose place is sure if ``chosen`` comes next as soon as a whole list is offered again.

    While all schemes of one kind of key, or its curve, are left out, the suites of that kind are passed over.
    """
    last = max((place for place, number in enumerate(suites, 1) if _key(number) == _key(chosen)), default=0)
    return suites[:last]


def _key(number: int | None) -> str:
    """The kind of key that a suite needs."""
    return "" if number is None else suite(number).key_exchange.rpartition("_")[2]


def suite_of(flight: Flight) -> int | None:
    """The suite that the server chooses."""
    return flight.hello.suite if flight.hello else None


def group_of(flight: Flight) -> int | None:
    """The group of TLS 1.3 that the server wants."""
    return flight.hello.group if flight.hello else None


def curve_or_group_of(flight: Flight) -> int | None:
    """The group of TLS 1.3 that the server wants, or the curve of an older version."""
    return curve_of(flight) or group_of(flight)


_CHOSEN: Mapping[str, Callable[[Flight], int | None]] = {
    "groups": curve_or_group_of,
    "schemes": scheme_of,
    "suites": suite_of,
}
"""What an answer chooses of the lists of a hello, by their names there."""
