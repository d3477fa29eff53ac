"""The DNS lists that mail servers and spam filters ask by their configuration."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, Family, Harm, control, fail, finding, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.filter_lists import FilterLists
from mailproof.references import rfc

FAMILY = Family("CFG", "Configuration files")


@control("CFG-DNSBL", MUST, rfc(5782, "5"), rfc(6471), harm=Harm.LOST)
def test_lists_that_a_filter_asks_are_alive(filter_lists: FilterLists) -> None:
    """Each DNS list that Postfix, Exim, SpamAssassin or rspamd asks about clients lists its test entry, not everybody.

    Every list of addresses has 127.0.0.2 and none has 127.0.0.1. A list that answers nobody costs a question for each
    mail (advice). Answers that refuse the question (127.255.255.x, 127.x.x.255, 127.0.0.1) say nothing, and those that
    the configuration does not go by (=127.0.0.[2..11]) do no harm. Of rspamd, lists of URLs, domains and mail addresses
    are left out, and where its file does not say what a list is asked about, nobody is blamed for it. Keys of customers
    in the names of lists are kept out of the report.

    Why: operators end lists by listing the whole internet; who still asks one refuses all mail, or lets everybody in.
    Fix: take the list out of the configuration, and ask lists through a resolver of your own.
    """
    if not filter_lists.lists:
        not_applicable(f"{filter_lists.program} asks no DNS list about addresses")
    for tried in filter_lists.lists:
        if tried.unlisted and tried.of_addresses:
            what = "lets everybody in" if tried.welcomes else "refuses all mail"
            fail(f"{tried.zone} lists 127.0.0.1 ({tried.unlisted[0]}) and with it everybody: it {what}", at=tried.place)
    unknown = [f"{tried.zone}: {tried.unknown}" for tried in filter_lists.lists if tried.unknown]
    unknown += [
        f"{tried.zone}: lists 127.0.0.1 ({tried.unlisted[0]}), and it is not sure what it is asked about"
        for tried in filter_lists.lists
        if tried.unlisted and not tried.of_addresses
    ]
    if unknown:
        raise NotAvailable("; ".join(dict.fromkeys(unknown)))
    for tried in filter_lists.lists:
        if tried.of_addresses and not tried.welcomes and not tried.listed:
            finding(
                MAY,
                f"{tried.zone} does not list its test entry 127.0.0.2: it is dead, or refuses who asks",
                why="each mail costs a question whose answer never says anything.",
                at=tried.place,
            )
    if filter_lists.left:
        raise NotAvailable(f"{filter_lists.left} more lists were not asked")
