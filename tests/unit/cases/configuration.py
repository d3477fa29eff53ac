"""Configuration files."""

from __future__ import annotations

from dataclasses import replace

from mailproof.observations.configuration import ProgramSettings, SettingSeen
from mailproof.places import Place

from ..observed import HOST
from .case import Table, advises, passes, skips


def settings(
    program: str, overrides: tuple[tuple[str, str], ...] = (), expanded: str | None = None, **values: str
) -> ProgramSettings:
    """The settings of a program. ``expanded`` is what each value comes to."""
    seen = tuple(
        SettingSeen(name, value, Place("captured/config.txt", line), expanded)
        for line, (name, value) in enumerate((*values.items(), *overrides), 1)
    )
    return ProgramSettings(program, HOST, seen, ("captured/config.txt",))


def of_each(name: str, value: str) -> ProgramSettings:
    """A setting that the one server of Postfix has for itself, and nothing that is for all."""
    return replace(settings("postfix", ((f"smtp inet/{name}", value),)), said_by_each=(name,))


ALONE = replace(settings("postfix"), for_host_alone=True)

TABLE: Table = {
    "CFG-BANNER": (
        skips(
            "the host alone reaches this postfix", program_settings=replace(settings("postfix"), for_host_alone=True)
        ),
        passes(program_settings=settings("postfix", smtpd_banner="$myhostname ESMTP")),
        passes(program_settings=settings("exim", smtp_banner="$smtp_active_hostname ESMTP")),
        passes(program_settings=settings("dovecot", login_greeting="Ready.")),
        passes(program_settings=of_each("smtpd_banner", "$myhostname ESMTP")),
        advises("names $mail_name", program_settings=of_each("smtpd_banner", "$myhostname $mail_name")),
        advises("the default is $myhostname ESMTP $mail_name", program_settings=settings("postfix")),
        advises("names $mail_name, debian", program_settings=settings("postfix", smtpd_banner="x $mail_name (Debian)")),
        advises("the default is", program_settings=settings("exim")),
        advises("names dovecot", program_settings=settings("dovecot", login_greeting="Dovecot ready.")),
        *(
            passes(program_settings=settings("postfix", smtpd_banner=banner))
            for banner in (
                "postfix-gw.example.org ESMTP",
                "$myhostname ESMTP debiancare",
                "$mydomain mail exchange",
                "exim.postfix.example.org. ESMTP ready",
            )
        ),
        passes(program_settings=settings("postfix", myhostname="postfix-gw", smtpd_banner="postfix-gw ESMTP")),
        passes(program_settings=settings("postfix", mail_name="Mail")),
        *(
            advises(f"names {name}", program_settings=settings("postfix", smtpd_banner=f"x ESMTP {said}"))
            for said, name in (
                ("${mail_name}", "$mail_name"),
                ("$(mail_name)", "$mail_name"),
                ("Postfix-3.5.1", "postfix"),
                ("Sendmail 8.15", "sendmail"),
                ("(CentOS)", "centos"),
                ("Red Hat", "red hat"),
                ("OpenSMTPD", "opensmtpd"),
                ("Courier", "courier"),
                ("Cyrus", "cyrus"),
                ("Microsoft ESMTP MAIL", "microsoft"),
            )
        ),
        advises("names $version_number", program_settings=settings("exim", smtp_banner="x ${version_number}")),
        advises(
            "which is x Postfix: it names postfix",
            program_settings=settings("postfix", expanded="x Postfix", smtpd_banner="$b"),
        ),
        advises(
            "smtp inet/smtpd_banner = x Postfix: it names postfix",
            program_settings=settings("postfix", (("smtp inet/smtpd_banner", "x Postfix"),), smtpd_banner="x"),
        ),
        advises(
            "protocol imap/login_greeting = Dovecot",
            program_settings=settings("dovecot", (("protocol imap/login_greeting", "Dovecot"),), login_greeting="x"),
        ),
        skips("unbound has no setting", program_settings=settings("unbound")),
    ),
    "CFG-VRFY": (
        skips(
            "the host alone reaches this postfix", program_settings=replace(settings("postfix"), for_host_alone=True)
        ),
        passes(program_settings=of_each("disable_vrfy_command", "yes")),
        passes(program_settings=settings("postfix", disable_vrfy_command="yes")),
        passes(program_settings=settings("exim", acl_smtp_vrfy="", acl_smtp_expn="")),
        passes(program_settings=settings("exim")),
        advises("is not set: VRFY is answered", program_settings=settings("postfix")),
        advises("= no: VRFY", program_settings=settings("postfix", disable_vrfy_command="no")),
        passes(program_settings=settings("postfix", expanded="yes", disable_vrfy_command="$my_vrfy")),
        advises(
            "= $my_vrfy: VRFY", program_settings=settings("postfix", expanded="no", disable_vrfy_command="$my_vrfy")
        ),
        advises(
            "smtp inet/disable_vrfy_command = no: VRFY is answered",
            program_settings=settings(
                "postfix", (("smtp inet/disable_vrfy_command", "no"),), disable_vrfy_command="yes"
            ),
        ),
        advises("acl_smtp_expn = check", program_settings=settings("exim", acl_smtp_expn="check")),
        skips("dovecot does not know VRFY", program_settings=settings("dovecot")),
    ),
}
