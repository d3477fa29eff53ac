"""Guessing names and passwords."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailproof.net.smtp import Reply
from mailproof.observations.guessed_logins import GuessedLogins, Login

from ..observed import TRANSCRIPT, reply
from .case import Table, advises, passes, skips, undecided

_WRONG = reply(535, "5.7.8 Error: authentication failed")
_LATER = reply(454, "4.7.0 later")
_NO_USER = reply(550, "5.1.1 no such user")
_SLOW, _QUICK = [0.250 + n / 1000 for n in range(10)], [0.050 + n / 1000 for n in range(10)]
_MIXED = [*_QUICK[:5], *_SLOW[5:]]


def _seen(
    known: Sequence[float] = _QUICK,
    unknown: Sequence[float] = _QUICK,
    *,
    to_known: Reply = _WRONG,
    to_unknown: Reply = _WRONG,
    interrupted: str = "",
    row: int = 21,
    seconds: float = 0.01,
    closed: bool = False,
    row_interrupted: str = "",
) -> GuessedLogins:
    logins = (
        *(Login(True, to_known, waited) for waited in known),
        *(Login(False, to_unknown, waited) for waited in unknown),
    )
    in_a_row = (Login(False, to_unknown, seconds),) * row
    users = ("probe@example.org", "nobody@example.org")
    return GuessedLogins(TRANSCRIPT, True, users, logins, interrupted, in_a_row, closed, row_interrupted)


_UNOFFERED = GuessedLogins(TRANSCRIPT, False)
_TAKEN = _seen(to_unknown=reply(235, "2.7.0 ok"))
_HALF_LATER = replace(_seen(), logins=(*_seen(_QUICK[:5], to_known=_LATER).logins, *_seen(_QUICK[5:], ()).logins))
"""Five of ten logins of the known user: by chance that happens too often."""

TABLE: Table = {
    "SMTP-USER-ENUM": (
        skips("not offered", guessed_logins=_UNOFFERED),
        passes(guessed_logins=_seen()),
        passes(guessed_logins=_seen(_MIXED, _SLOW)),
        passes(guessed_logins=_seen([0.051 + n / 1000 for n in range(10)])),
        passes(
            guessed_logins=_seen(
                to_known=reply(535, "5.7.8 probe: wrong [a1b2]"), to_unknown=reply(535, "5.7.8 nobody: wrong [77ff]")
            )
        ),
        advises("exists is answered with 535", guessed_logins=_seen(to_unknown=_NO_USER)),
        advises("comes 200 ms later than for another one, in 10 tries of each", guessed_logins=_seen(_SLOW)),
        advises("comes 200 ms earlier", guessed_logins=_seen(unknown=_SLOW)),
        advises("a made-up password is accepted", guessed_logins=_TAKEN),
        undecided(
            "are too few: refused enough", guessed_logins=_seen(_SLOW[:2], _QUICK[:2], interrupted="refused enough")
        ),
        skips("not asked: not both", guessed_logins=replace(_seen((), (), interrupted="enough"), untried=True)),
        undecided("not both were answered", guessed_logins=_seen((), (), interrupted="421")),
        advises(
            "exists is put off in 10 of 10 tries, and another one in 0 of 10", guessed_logins=_seen(to_known=_LATER)
        ),
        advises("put off in 0 of 10 tries, and another one in 10", guessed_logins=_seen(to_unknown=_LATER)),
        undecided("is put off", guessed_logins=_seen(to_known=_LATER, to_unknown=_LATER)),
        undecided("is put off", guessed_logins=_seen(_QUICK[:2], _QUICK[:2], to_known=_LATER)),
        undecided("is put off: 454", guessed_logins=_HALF_LATER),
    ),
    "AUTH-BRUTEFORCE": (
        skips("not offered", guessed_logins=_UNOFFERED),
        passes(guessed_logins=_seen(row=3, closed=True)),
        passes(guessed_logins=_seen(row=3, seconds=2.0)),
        advises("21 wrong logins in one session are answered without delay", guessed_logins=_seen()),
        advises("a made-up password is accepted", guessed_logins=_TAKEN),
        skips("not asked: after 0", guessed_logins=replace(_seen(row=0, row_interrupted="enough"), untried=True)),
        undecided("after 2 wrong logins", guessed_logins=_seen(row=2, seconds=2.0)),
        undecided(
            "after 4 wrong logins: refused enough", guessed_logins=_seen(row=4, row_interrupted="refused enough")
        ),
    ),
}
