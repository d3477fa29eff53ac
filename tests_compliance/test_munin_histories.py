"""Munin: whether the histories of the machines go on."""

from __future__ import annotations

from mailproof.controls import MAY, Between, Family, Harm, control, fail, finding, not_applicable
from mailproof.observations.munin import MuninHistories
from mailproof.references import PRACTICE

FAMILY = Family("HOST", "The machines behind the mail", also=("EGRESS", "F2B", "MUNIN", "NUT", "VIP", "WHITELIST"))


@control("MUNIN-FRESH", MAY, PRACTICE, harm=Harm.LOST, allowed={"minutes": Between(5, 1440)})
def test_histories_go_on(munin_histories: MuninHistories, *, minutes: int = 15) -> None:
    """Every node of munin.conf has histories, the newest of them less than `minutes` old, and no history is left over
    from another name of a node.

    A history that has its old and its new name as hard links of one file goes on under the new one.

    Why: after a node is renamed its graphs begin anew, and who looks for what was different before the trouble finds
    nothing; a node that nobody hears of is not watched.
    Fix: before a node is renamed, ln old/name-* to new/name-* in /var/lib/munin; remove the old names afterwards; see
    munin-update.log for a node that does not answer.
    """
    if munin_histories.program != "munin":
        not_applicable(f"{munin_histories.program} is not Munin")
    for node in munin_histories.nodes:
        if node.newest is None:
            fail(f"{node.name} has no history", at=node.place)
        if node.newest > minutes:
            fail(f"the newest history of {node.name} is {node.newest} minutes old", at=node.place)
    if munin_histories.orphans:
        more = len(munin_histories.orphans) - 1
        others = f" and {more} others" if more else ""
        finding(
            MAY, f"{munin_histories.orphans[0]}{others}: of no node of munin.conf, and no other name of its history"
        )
