"""DNS lists that filters ask."""

from __future__ import annotations

from mailproof.observations.filter_lists import FilterLists, ListTried
from mailproof.places import Place

from .case import Table, advises, fails, passes, skips, undecided

PLACE = Place("main.cf", 7)


def tried(
    listed: tuple[str, ...] = ("127.0.0.2",),
    unlisted: tuple[str, ...] = (),
    *,
    unknown: str = "",
    welcomes: bool = False,
    of_addresses: bool = True,
    passed_over: tuple[str, ...] = (),
) -> ListTried:
    return ListTried("bl.example.org", PLACE, welcomes, of_addresses, listed, unlisted, unknown, passed_over)


def seen(*lists: ListTried, left: int = 0) -> FilterLists:
    return FilterLists("postfix", ("main.cf",), lists, left)


TABLE: Table = {
    "CFG-DNSBL": (
        passes(filter_lists=seen(tried())),
        passes(filter_lists=seen(tried((), welcomes=True), tried((), of_addresses=False))),
        fails("bl.example.org lists 127.0.0.1 (127.0.0.9)", filter_lists=seen(tried(unlisted=("127.0.0.9",)))),
        fails("it refuses all mail", filter_lists=seen(tried(unlisted=("11.1.1.1",)), tried((), unknown="no answer"))),
        passes(filter_lists=seen(tried(passed_over=("127.0.0.1",)))),
        fails("it lets everybody in", filter_lists=seen(tried(unlisted=("127.0.0.9",), welcomes=True))),
        advises("does not list its test entry 127.0.0.2", filter_lists=seen(tried(), tried(()))),
        undecided("bl.example.org: no answer", filter_lists=seen(tried(()), tried((), unknown="no answer"))),
        undecided(
            "not sure what it is asked about", filter_lists=seen(tried(unlisted=("1.2.3.4",), of_addresses=False))
        ),
        undecided("3 more lists were not asked", filter_lists=seen(tried(), left=3)),
        skips("postfix asks no DNS list", filter_lists=seen()),
    ),
}
