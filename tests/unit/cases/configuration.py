"""Configuration files."""

from __future__ import annotations

from mailproof.observations.configuration import ProgramSettings, SettingSeen
from mailproof.places import Place

from ..observed import HOST
from .case import Table, advises, passes, skips


def settings(program: str, **values: str) -> ProgramSettings:
    seen = tuple(
        SettingSeen(name, value, Place("captured/config.txt", line))
        for line, (name, value) in enumerate(values.items(), 1)
    )
    return ProgramSettings(program, HOST, seen, ("captured/config.txt",))


TABLE: Table = {
    "CFG-BANNER": (
        passes(program_settings=settings("postfix", smtpd_banner="$myhostname ESMTP")),
        passes(program_settings=settings("exim", smtp_banner="$smtp_active_hostname ESMTP")),
        passes(program_settings=settings("dovecot", login_greeting="Ready.")),
        advises("the default is $myhostname ESMTP $mail_name", program_settings=settings("postfix")),
        advises("names $mail_name, debian", program_settings=settings("postfix", smtpd_banner="x $mail_name (Debian)")),
        advises("the default is", program_settings=settings("exim")),
        advises("names dovecot", program_settings=settings("dovecot", login_greeting="Dovecot ready.")),
        skips("unbound has no setting", program_settings=settings("unbound")),
    ),
    "CFG-VRFY": (
        passes(program_settings=settings("postfix", disable_vrfy_command="yes")),
        passes(program_settings=settings("exim", acl_smtp_vrfy="", acl_smtp_expn="")),
        passes(program_settings=settings("exim")),
        advises("is not set: VRFY is answered", program_settings=settings("postfix")),
        advises("= no: VRFY", program_settings=settings("postfix", disable_vrfy_command="no")),
        advises("acl_smtp_expn = check", program_settings=settings("exim", acl_smtp_expn="check")),
        skips("dovecot does not know VRFY", program_settings=settings("dovecot")),
    ),
}
