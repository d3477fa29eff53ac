"""The programs beside the mail: bans of attackers, and what happens when the power fails."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from mailproof.controls import MAY, Family, Harm, control, fail, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.machines import BanSettings, PowerSettings
from mailproof.references import FAIL2BAN, NUT, PRACTICE

FAMILY = Family("HOST", "The machines behind the mail", also=("EGRESS", "F2B", "MUNIN", "NUT", "VIP", "WHITELIST"))

_TALKS = ("postfix", "exim", "sendmail-reject", "courier-smtp", "opensmtpd", "qmail")
_AUTHENTICATES = ("sasl", "auth", "dovecot", "exim", "cyrus-imap", "sieve", "courier", "postfix")


@control("F2B-TEMPORARY", MAY, FAIL2BAN, PRACTICE, harm=Harm.LOST)
def test_bans_end(ban_settings: BanSettings) -> None:
    """fail2ban has jails for SMTP and for logins, its bans end, and none of them meets the backup MX hosts.

    Why: the address that attacks today belongs to a customer tomorrow, and most senders that are refused try again; a
    ban of your own backup stops your mail.
    Fix: in jail.local: [postfix] or [exim], [postfix-sasl] and [dovecot] with enabled = true; bantime = 1h;
    ignoreip = the addresses of your own hosts.
    """
    if ban_settings.program != "fail2ban":
        not_applicable(f"{ban_settings.program} is not fail2ban")
    for jail in ban_settings.jails:
        if jail.ban_seconds is not None and jail.ban_seconds < 0:
            fail(f"the bans of {jail.name} never end", at=jail.place)
    filters = [jail.filter for jail in ban_settings.jails]
    for names, what in ((_TALKS, "SMTP"), (_AUTHENTICATES, "logins")):
        if not any(name in filter for filter in filters for name in names):
            fail(f"no jail for {what} is switched on; there are {', '.join(filters) or 'none'}")
    for jail in ban_settings.jails:
        for backup in ban_settings.backups:
            if not any(_holds(entry, backup) for entry in jail.ignored):
                fail(f"{jail.name} may ban {backup}, a backup MX host: ignoreip does not have it", at=jail.place)
    unknown = [jail.name for jail in ban_settings.jails if jail.ban_seconds is None]
    if unknown:
        raise NotAvailable(f"how long {unknown[0]} bans cannot be read", ban_settings.evidence())


def _holds(entry: str, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(entry, strict=False)
    except ValueError:
        return False


@control("NUT-CONFIG", MAY, NUT, PRACTICE, harm=Harm.LOST)
def test_servers_stay_up_while_the_battery_lasts(power_settings: PowerSettings) -> None:
    """NUT shuts a host down when the battery is low and not before, logs every event, and lets the UPS come back after
    the host is off.

    Why: a mail server that goes down with every short failure, or stays down when the power is back, loses mail.
    Fix: no timer of upssched that shuts down at ONBATT; NOTIFYFLAG ... SYSLOG+...; MINSUPPLIES from 1 to the sum of the
    power values; ondelay greater than offdelay; the user of MONITOR in upsd.users.
    """
    if power_settings.program != "nut":
        not_applicable(f"{power_settings.program} is not NUT")
    for timer in power_settings.timers:
        if any(word in timer.name.lower() for word in ("shutdown", "fsd", "halt", "poweroff", "kill")):
            fail(
                f"{timer.name} runs {timer.value} s after the power fails, and not when the battery is low",
                at=timer.place,
            )
    least = power_settings.least
    if least is not None and power_settings.supplies and not _is_between(least.value, 1, power_settings.supplies):
        says = f"MINSUPPLIES is {least.value}, and the power values are {power_settings.supplies} together"
        fail(says, at=least.place)
    for monitor in power_settings.strangers:
        fail(f"{monitor.name} as {monitor.value}, whom upsd.users does not have", at=monitor.place)
    for event in power_settings.silent:
        fail(f"{event.name} is {event.value}: the log does not have it", at=event.place)
    for off, on in power_settings.delays:
        if off.value.isdecimal() and on.value.isdecimal() and int(on.value) <= int(off.value):
            fail(f"{on.name} is {on.value} s, and {off.name} {off.value} s: the UPS may not come back", at=on.place)
    if power_settings.monitors == 0:
        not_applicable("upsmon monitors no UPS")


def _is_between(text: str, least: int, most: int) -> bool:
    return text.isdecimal() and least <= int(text) <= most
