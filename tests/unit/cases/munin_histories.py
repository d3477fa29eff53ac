"""Munin: histories by node."""

from __future__ import annotations

from mailproof.observations.munin import MuninHistories, NodeHistories
from mailproof.places import Place

from .case import Case, Table, advises, passes, skips

PLACE = Place("munin.conf", 7)


def seen(*nodes: NodeHistories, orphans: tuple[str, ...] = ()) -> MuninHistories:
    return MuninHistories("munin", ("munin.conf",), nodes, orphans, 4)


FRESH = NodeHistories("example.org/mx.example.org", PLACE, 4000, 4, "example.org/mx.example.org-cpu-idle-d.rrd")
STALE = NodeHistories("example.org/db.example.org", PLACE, 90, 20)
OLD = ("example.org/mail.example.org-cpu-idle-d.rrd",)

TABLE: Table = {
    "MUNIN-FRESH": (
        passes(munin_histories=seen(FRESH)),
        advises("db.example.org is 20 minutes old", munin_histories=seen(FRESH, STALE)),
        Case(passes().verdict, "", {"munin_histories": seen(STALE)}, None, {"minutes": 30}),
        advises("web has no history", munin_histories=seen(NodeHistories("web", PLACE))),
        advises("mail.example.org-cpu-idle-d.rrd: of no node", munin_histories=seen(FRESH, orphans=OLD)),
        skips("postfix is not Munin", munin_histories=MuninHistories("postfix", ())),
    ),
}
