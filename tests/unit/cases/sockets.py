"""Where the programs of a host listen."""

from __future__ import annotations

from mailproof.observations.sockets import Listening, OpenSocket
from mailproof.places import Place

from .case import Case, Table, advises, passes, skips, undecided

FILE = "ss-H-ltn.txt"


def listening(*sockets: tuple[int, str], declared: tuple[int, ...] = (25, 587)) -> Listening:
    """Sockets at every address, by port and what becomes of strangers."""
    seen = tuple(OpenSocket(f"*:{port}", port, says, Place(FILE, n)) for n, (port, says) in enumerate(sockets, 1))
    return Listening("sockets", (FILE,), seen, declared)


TABLE: Table = {
    "CFG-SERVICES-CLOSED": (
        passes(listening=listening((25, "accept"), (587, "accept"), (22, "accept"), (443, "accept"))),
        passes(listening=listening((25, "accept"), (5432, "drop"))),
        advises("*:5432 listens, strangers reach it", listening=listening((25, "accept"), (5432, "accept"))),
        advises("and 1 others", listening=listening((111, "accept"), (5432, "accept"))),
        Case(passes().verdict, "", {"listening": listening((5432, "accept"))}, None, {"also": ("5432",)}),
        undecided("strangers reach *:5432 cannot be told", listening=listening((5432, "unread"))),
        skips("postfix tells of no sockets", listening=Listening("postfix", ())),
    ),
}
