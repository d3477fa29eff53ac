"""What a service does while a part of it is down."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from mailproof.drills import AFTER, BEFORE, DURING, ELSEWHERE, POSTMASTER, UNKNOWN, Asked, DrillRecord, Sample
from mailproof.exercises import INBOX, Arrival, Sent
from mailproof.observations.drills import BackupDrilled, Drilled, VIPDrilled

from .case import Table, advises, fails, leaves, passes, skips, undecided

AT, LATER = "2026-11-20T02:00:00+00:00", "2026-11-24T12:00:00+00:00"
D = TypeVar("D", bound=Drilled)
_BACKUP = "mx2.example.org[192.0.2.26]:25"
_PRIMARY = "mx1.example.org[192.0.2.25]:25"
_VIP = "mail.example.org[192.0.2.30]:25"
_NODE = "node1.example.org[192.0.2.31]:25"
_RECIPIENTS = {
    POSTMASTER: "postmaster@example.org",
    UNKNOWN: "nobody@example.org",
    ELSEWHERE: "somebody@outside.example",
}
_RIGHT = {POSTMASTER: 250, UNKNOWN: 550, ELSEWHERE: 554}
_SENT = Sent("right", _BACKUP, "", True, "message", 250, "2.0.0 Ok", arrivals=(Arrival(INBOX),))


def _asked(phase: str, **codes: int) -> tuple[Asked, ...]:
    """The answers of a backup; ``codes`` by the first word of what was asked for."""
    told = {form: codes.get(form.split()[0], code) for form, code in _RIGHT.items()}
    return tuple(Asked(phase, _BACKUP, form, _RECIPIENTS[form], True, code, "text") for form, code in told.items())


def _backup(*asked: Asked, sent: Sent | None = None, at: str = AT) -> BackupDrilled:
    record = DrillRecord("a1b2", "backup-mx example.org", _PRIMARY, at, at, 120.0, 0.0, "probe@example.org", 900.0)
    return BackupDrilled("drill.json", replace(record, asked=asked, sent=(sent,) if sent else ()), LATER)


def _not_back(seen: D) -> D:
    """The same of a drill whose part stayed away."""
    assert seen.drill is not None
    return replace(seen, drill=replace(seen.drill, not_back=_NOT_BACK))


def _vip(*samples: Sample, at: str = AT) -> VIPDrilled:
    record = DrillRecord("a1b2", "vip mail.example.org", _NODE, at, at, 60.0, 30.0, samples=samples)
    return VIPDrilled("drill.json", record, LATER)


def _sample(at: float, phase: str, *, name: str = "mail.example.org", key: str = "ab", failure: str = "") -> Sample:
    return Sample(_VIP, at, phase, "" if failure else name, "" if failure else key, failure)


_BEFORE, _DURING = _asked(BEFORE), _asked(DURING)
_SILENT = tuple(replace(one, code=0, reply="", unasked="connection refused", unreachable=True) for one in _DURING)
_SHUT_OUT = tuple(replace(one, code=0, reply="", unasked="the server opens with 421") for one in _DURING)
_UNASKED = tuple(replace(one, code=0, reply="", unasked="limits") for one in _BEFORE)
_LISTED = tuple(replace(one, code=554, unasked="the server refuses the tester") for one in _DURING)
_LISTED_BEFORE = tuple(replace(one, phase=BEFORE) for one in _LISTED)
_LOST = replace(_SENT, arrivals=())


def _other(*asked: Asked) -> tuple[Asked, ...]:
    """The same of another backup."""
    return tuple(replace(one, server="mx3.example.org[192.0.2.27]:25") for one in asked)


_TAKES_ALL = (*_asked(BEFORE, unknown=250), *_asked(DURING, unknown=250))
_TAKES_ALL_WHEN_DOWN = (*_BEFORE, *_asked(DURING, unknown=250))
_NOT_KNOWN = (*_UNASKED, *_asked(DURING, unknown=250))

_UP = tuple(_sample(at, BEFORE) for at in (-3.0, -2.0, -1.0))
_GAP = (_sample(0.5, DURING, failure="timed out"), _sample(12.0, DURING, failure="timed out"), _sample(29.0, DURING))
_SETTLED = tuple(_sample(at, DURING) for at in (31.0, 32.0, 33.0))
_BACK = (_sample(61.0, AFTER, failure="closed"), *(_sample(at, AFTER) for at in (91.0, 92.0)))
_DEAD = _sample(33.5, DURING, failure="the server closed the connection")

_NOT_BACK = "mx1 does not answer again after 60 s"

TABLE: Table = {
    "BACKUPMX-PRIMARY-DOWN": (
        undecided("was not brought back", backup_drilled=_not_back(_backup(*_BEFORE, *_DURING))),
        passes(backup_drilled=_backup(*_BEFORE, *_DURING)),
        passes(backup_drilled=_backup(*_BEFORE, *_DURING, sent=_SENT)),
        passes(backup_drilled=_backup(*_BEFORE, *_asked(DURING, unknown=450))),
        passes(backup_drilled=_backup(*_BEFORE, *_DURING, sent=replace(_SENT, code=451, arrivals=()))),
        fails("an unknown recipient is accepted", backup_drilled=_backup(*_BEFORE, *_asked(DURING, unknown=250))),
        fails("mail for others is accepted", backup_drilled=_backup(*_BEFORE, *_asked(DURING, a=250))),
        fails("is returned while", backup_drilled=_backup(*_BEFORE, *_asked(DURING, postmaster=550))),
        fails("answered before", backup_drilled=_backup(*_BEFORE, *_SILENT)),
        fails("is returned", backup_drilled=_backup(*_BEFORE, *_DURING, sent=replace(_SENT, code=550, arrivals=()))),
        fails("900 s after", backup_drilled=_backup(*_BEFORE, *_DURING, sent=replace(_SENT, arrivals=()))),
        advises("put off", backup_drilled=_backup(*_BEFORE, *_asked(DURING, postmaster=450))),
        leaves("BACKUPMX-RCPT", backup_drilled=_backup(*_TAKES_ALL)),
        leaves("SMTP-NO-OPEN-RELAY", backup_drilled=_backup(*_asked(BEFORE, a=250), *_asked(DURING, a=250))),
        skips("no drill was held", backup_drilled=BackupDrilled("drill.json", None, LATER)),
        undecided("more than 400 days", backup_drilled=_backup(*_BEFORE, *_DURING, at="2025-01-01T00:00:00+00:00")),
        undecided("no backup was asked", backup_drilled=_backup(*_BEFORE)),
        undecided("opens with 421", backup_drilled=_backup(*_BEFORE, *_SHUT_OUT)),
        undecided("refuses the tester", backup_drilled=_backup(*_BEFORE, *_LISTED)),
        undecided("is not known", backup_drilled=_backup(*_NOT_KNOWN)),
        undecided("450 text", backup_drilled=_backup(*_asked(BEFORE, unknown=450), *_asked(DURING, unknown=250))),
        undecided("450 text", backup_drilled=_backup(*_asked(BEFORE, a=450), *_asked(DURING, a=250))),
        undecided("refuses the tester", backup_drilled=_backup(*_LISTED_BEFORE, *_asked(DURING, unknown=250))),
        undecided("it was not asked", backup_drilled=_backup(*_other(*_BEFORE), *_asked(DURING, unknown=250))),
        # What is wrong comes before what is not known, and that before what another control judges.
        fails("mail for others", backup_drilled=_backup(*_TAKES_ALL[:3], *_asked(DURING, unknown=250, a=250))),
        fails("900 s after", backup_drilled=_backup(*_TAKES_ALL, sent=_LOST)),
        fails("900 s after", backup_drilled=_backup(*_NOT_KNOWN, sent=_LOST)),
        fails("mx3.example.org", backup_drilled=_backup(*_NOT_KNOWN, *_other(*_TAKES_ALL_WHEN_DOWN))),
        fails("mx3.example.org", backup_drilled=_backup(*_TAKES_ALL, *_other(*_TAKES_ALL_WHEN_DOWN))),
        undecided("mx3.example.org", backup_drilled=_backup(*_TAKES_ALL, *_other(*_NOT_KNOWN))),
        undecided("mx3.example.org", backup_drilled=_backup(*_TAKES_ALL, *_other(*_BEFORE, *_SHUT_OUT))),
        undecided(
            "timed out", backup_drilled=_backup(*_BEFORE, *_DURING, sent=replace(_SENT, code=0, failure="timed out"))
        ),
    ),
    "VIP-HEALTH": (
        undecided("was not brought back", vip_drilled=_not_back(_vip(*_UP, *_SETTLED, *_BACK))),
        passes(vip_drilled=_vip(*_UP, *_GAP, *_SETTLED, *_BACK)),
        fails("1 of 4 connections", vip_drilled=_vip(*_UP, *_GAP, *_SETTLED, _DEAD, *_BACK)),
        fails("came back", vip_drilled=_vip(*_UP, *_SETTLED, *_BACK, _sample(95.0, AFTER, failure="closed"))),
        advises("other names", vip_drilled=_vip(*_UP, *_SETTLED, *_BACK, _sample(99.0, AFTER, name="b.example"))),
        advises("other keys", vip_drilled=_vip(*_UP, *_SETTLED, _sample(35.0, DURING, key="cd"), *_BACK)),
        advises("no TLS", vip_drilled=_vip(*_UP, *_SETTLED, _sample(35.0, DURING, key=""), *_BACK)),
        skips("no drill was held", vip_drilled=VIPDrilled("drill.json", None, LATER)),
        undecided("more than 400 days", vip_drilled=_vip(*_UP, *_SETTLED, *_BACK, at="2025-01-01T00:00:00+00:00")),
        undecided("too few connections", vip_drilled=_vip(*_UP, *_GAP, *_BACK)),
        undecided("too few connections", vip_drilled=_vip(*_UP, *_SETTLED, *_GAP)),
        undecided("puts the tester off", vip_drilled=_vip(*_UP, *_SETTLED, replace(_DEAD, put_off=True), *_BACK)),
    ),
}
