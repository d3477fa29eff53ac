"""The programs beside the mail."""

from __future__ import annotations

from dataclasses import replace

from mailproof.observations.configuration import SettingSeen
from mailproof.observations.machines import BanSettings, Jail, PowerSettings
from mailproof.places import Place

from .case import Table, advises, passes, skips, undecided

PLACE = Place("jail.local", 3)
SMTP = Jail("postfix", "postfix", 3600, PLACE, ("127.0.0.1/8", "192.0.2.0/28", "mx.example.net"))
LOGINS = replace(SMTP, name="dovecot", filter="dovecot")


def bans(*jails: Jail, backups: tuple[str, ...] = ()) -> BanSettings:
    return BanSettings("fail2ban", ("jail.local",), jails, backups)


def seen(name: str, value: str) -> SettingSeen:
    return SettingSeen(name, value, PLACE)


def power(**more: object) -> PowerSettings:
    return PowerSettings("nut", ("upsmon.conf",), 2, **more)  # type: ignore[arg-type]


TABLE: Table = {
    "F2B-TEMPORARY": (
        passes(ban_settings=bans(SMTP, LOGINS)),
        passes(ban_settings=bans(SMTP, LOGINS, backups=("192.0.2.3",))),
        passes(ban_settings=bans(replace(SMTP, name="exim", filter="exim"))),
        advises("the bans of dovecot never end", ban_settings=bans(SMTP, replace(LOGINS, ban_seconds=-1))),
        advises("no jail for SMTP is switched on; there are dovecot", ban_settings=bans(LOGINS)),
        advises("no jail for SMTP is switched on; there are none", ban_settings=bans()),
        advises("no jail for logins", ban_settings=bans(replace(SMTP, name="sendmail", filter="sendmail-reject"))),
        advises("postfix may ban 198.51.100.3, a backup", ban_settings=bans(SMTP, LOGINS, backups=("198.51.100.3",))),
        undecided("how long postfix bans", ban_settings=bans(replace(SMTP, ban_seconds=None), LOGINS)),
        skips("postfix is not fail2ban", ban_settings=BanSettings("postfix", ())),
    ),
    "NUT-CONFIG": (
        passes(power_settings=power()),
        passes(power_settings=power(least=seen("MINSUPPLIES", "1"), timers=(seen("onbatt-mail", "30"),))),
        passes(power_settings=power(delays=((seen("ups offdelay", "60"), seen("ups ondelay", "120")),))),
        advises("early-shutdown runs 30 s after", power_settings=power(timers=(seen("early-shutdown", "30"),))),
        advises("MINSUPPLIES is 0", power_settings=power(least=seen("MINSUPPLIES", "0"))),
        advises("MINSUPPLIES is 3, and the power values are 2", power_settings=power(least=seen("MINSUPPLIES", "3"))),
        advises("NOTIFYFLAG ONBATT is WALL", power_settings=power(silent=(seen("NOTIFYFLAG ONBATT", "WALL"),))),
        advises(
            "the UPS may not come back",
            power_settings=power(delays=((seen("ups offdelay", "120"), seen("ups ondelay", "120")),)),
        ),
        skips("postfix is not NUT", power_settings=PowerSettings("postfix", ())),
    ),
}
