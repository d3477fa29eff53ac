"""What a service does while a part of it is down: drills that `mailproof drill` watched."""

from __future__ import annotations

from collections.abc import Iterable

from mailproof.controls import MAY, SHOULD, Between, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.drills import AFTER, BEFORE, DURING, ELSEWHERE, POSTMASTER, UNKNOWN, Asked, DrillRecord, Sample
from mailproof.grammars.received import seconds_of
from mailproof.net.errors import NotAvailable, NotObserved
from mailproof.observations.drills import BackupDrilled, Drilled, VIPDrilled
from mailproof.references import PRACTICE, rfc

FAMILY = Family("DRILL", "What a service does while a part of it is down", also=("BACKUPMX", "VIP"))

DAYS = {"days": Between(1, 3660)}
DAY = 86_400


def _recent(drilled: Drilled, days: int, kind: str) -> DrillRecord:
    """The record, if there is one that still tells how things are."""
    if drilled.drill is None:
        not_applicable(f"no drill was held so far: `mailproof drill {kind} INVENTORY` does, in a maintenance window")
    ended, present = seconds_of(drilled.drill.ended_at), seconds_of(drilled.observed_at)
    if ended is None or present is None or present - ended > days * DAY:
        raise NotAvailable(f"the drill was on {drilled.drill.ended_at[:10]}, more than {days} days ago")
    if drilled.drill.not_back:
        told = f"the last drill proves nothing: {drilled.drill.part} was not brought back ({drilled.drill.not_back})"
        raise NotObserved(told, drilled.evidence())
    return drilled.drill


@control(
    "BACKUPMX-PRIMARY-DOWN",
    SHOULD,
    rfc(5321, "6.1"),
    rfc(5321, "6.2"),
    PRACTICE,
    harm=Harm.LOST,
    by_clock=True,
    allowed=DAYS,
)
def test_backups_stand_in_while_the_primary_is_down(backup_drilled: BackupDrilled, *, days: int = 400) -> None:
    """While every primary MX is down, the backups take the domain's mail or put it off, take no unknown recipients and
    no mail for others, and hand on what they took when the primary is back.

    Why: a backup that asks the primary about recipients, and takes everybody when there is no answer, makes bounces to
    forged senders later; one that refuses returns the very mail that it is there to keep.
    Fix: give the backup the list of recipients (Postfix: relay_recipient_maps), or let it put off what it cannot verify
    (Postfix: unverified_recipient_defer_code = 450; Exim: verify = recipient/callout without defer_ok).
    """
    drill = _recent(backup_drilled, days, "backup-mx")
    during = backup_drilled.asked(DURING, POSTMASTER)
    # Whatever is wrong at one backup comes before what is not known of another, and that before what others judge.
    if returned := [one for one in during if one.refused]:
        fail(f"mail for the domain is returned while the primary is down: {returned[0]}", fix=_TAKE_OR_DEFER)
    if silent := [one for one in during if one.unreachable]:
        fail(
            f"a backup that answered before does not while the primary is down: {silent[0]}",
            why="a backup that goes down with the primary is none.",
            fix="let no backup share the machine, network or gateway of the primary.",
        )
    taken = {form: _taken(backup_drilled, form) for form in _NOBODY_ELSE}
    for form, what in _NOBODY_ELSE.items():
        for one, earlier in taken[form]:
            if earlier is not None and earlier.refused:
                fail(f"{what} while the primary is down ({earlier.code} {earlier.reply} before): {one}")
    _hands_on(backup_drilled, drill)
    if not during:
        raise NotObserved("no backup was asked while the primary was down", backup_drilled.evidence())
    _message_is_known(backup_drilled, drill)
    for form, what in _NOBODY_ELSE.items():
        for one, earlier in taken[form]:
            if earlier is None or not earlier.accepted:  # put off, not asked, or refused since it was the tester
                told = f"{what}; whether it was before is not known ({earlier or 'it was not asked'}): {one}"
                raise NotObserved(told, backup_drilled.evidence())
    asked = [*during, *backup_drilled.asked(DURING, UNKNOWN), *backup_drilled.asked(DURING, ELSEWHERE)]
    if undecided := [one for one in asked if one.unasked]:
        raise NotObserved(f"not decided: {undecided[0]}", backup_drilled.evidence())
    if always := ", ".join(one.server for one, _ in taken[UNKNOWN]):
        leave_to("BACKUPMX-RCPT", f"{_NOBODY_ELSE[UNKNOWN]} with and without the primary: {always}")
    if always := ", ".join(one.server for one, _ in taken[ELSEWHERE]):
        leave_to("SMTP-NO-OPEN-RELAY", f"{_NOBODY_ELSE[ELSEWHERE]} with and without the primary: {always}")
    if deferred := [one for one in during if one.deferred]:
        finding(
            MAY,
            f"mail for the domain is put off while the primary is down, and none is kept: {deferred[0]}",
            why="every sender keeps it himself, as if there were no backup.",
        )


_TAKE_OR_DEFER = "take it, or put it off with 4yz (Postfix: relay_domains holds the domain on the backup)."


_NOBODY_ELSE = {UNKNOWN: "an unknown recipient is accepted", ELSEWHERE: "mail for others is accepted"}
"""What no backup is to take, and how that is told."""


def _taken(seen: BackupDrilled, form: str) -> list[tuple[Asked, Asked | None]]:
    """What backups accept while the primary is down, and each time what they said before, if anything."""
    before = {one.server: one for one in seen.asked(BEFORE, form)}
    return [(one, before.get(one.server)) for one in seen.asked(DURING, form) if one.accepted]


def _hands_on(seen: BackupDrilled, drill: DrillRecord) -> None:
    """Fail where the test message was refused, or was taken and did not arrive."""
    sent = seen.sent
    if sent is None:
        return
    if sent.refused:
        fail(f"the message for {drill.mailbox} is returned while the primary is down: {sent.code} {sent.reply}")
    if sent.accepted and not sent.arrivals:
        fail(
            f"{sent.server} took the message for {drill.mailbox}, and {drill.waited:.0f} s after the primary was back "
            "it had not arrived",
            why="a backup that does not hand on what it took loses it, or returns it after days.",
            fix="look into its queue; Postfix: minimal_backoff_time and maximal_backoff_time bound the pause, and a "
            "drill has to wait longer (`wait`).",
        )


def _message_is_known(seen: BackupDrilled, drill: DrillRecord) -> None:
    """Raises NotObserved where there was no reply to the test message."""
    sent = seen.sent
    if sent is not None and not (sent.accepted or sent.refused or sent.deferred):
        raise NotObserved(f"the message for {drill.mailbox}: {sent.failure or sent.reply}", seen.evidence())


@control("VIP-HEALTH", SHOULD, PRACTICE, harm=Harm.LOST, by_clock=True, allowed=DAYS)
def test_an_address_goes_on_to_answer(vip_drilled: VIPDrilled, *, days: int = 400) -> None:
    """When one of the servers of an address goes down, every connection is answered again within the time that the
    inventory states, by a server that shows the same name and certificate; and also when it comes back.

    Why: a balancer that does not look whether its servers are alive hands every other client to a dead one, and a
    second node that does not take over is none.
    Fix: let the balancer check its servers (HAProxy: `check` on each `server` line, `option smtpchk`; keepalived: a
    checker in each `real_server`, vrrp_script with `track_script`).
    """
    drill = _recent(vip_drilled, days, "vip")
    settled = [one for one in vip_drilled.samples if one.phase == DURING and one.at >= drill.within]
    again = [one for one in vip_drilled.samples if one.at >= drill.seconds_down + drill.within and one.phase == AFTER]
    if not settled or not again:
        raise NotObserved("too few connections were made while it was down, or after that", vip_drilled.evidence())
    _is_answered(settled, f"{drill.within:g} s after {drill.part} went down")
    _is_answered(again, f"{drill.within:g} s after {drill.part} came back")
    before = [one for one in vip_drilled.samples if one.phase == BEFORE and not one.failure]
    for what, shown in (("names", _names), ("keys of the certificate", _certificates)):
        for endpoint in dict.fromkeys(one.endpoint for one in before):
            known = shown(one for one in before if one.endpoint == endpoint)
            new = shown(one for one in (*settled, *again) if one.endpoint == endpoint) - known
            if known and new:
                lost = "no TLS" if "" in new else ", ".join(sorted(new))
                told = f"{endpoint} shows other {what} than before: {lost}, and before {', '.join(sorted(known))}"
                finding(MAY, told, why="whoever pins or compares them (DANE, PROXY checks) finds another server.")


def _names(samples: Iterable[Sample]) -> set[str]:
    return {one.name for one in samples}


def _certificates(samples: Iterable[Sample]) -> set[str]:
    return {one.certificate for one in samples}


def _is_answered(samples: list[Sample], when: str) -> None:
    failed = [one for one in samples if one.failure]
    if failed and all(one.put_off for one in failed):
        raise NotObserved(f"{failed[0].endpoint} puts the tester off, or everybody: {failed[0].failure}")
    if failed:
        fail(f"{len(failed)} of {len(samples)} connections are not answered, later than {when}: {failed[0]}")
