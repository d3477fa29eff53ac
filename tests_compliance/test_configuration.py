"""Configuration files: what programs on the hosts say of themselves. Captured, or named by the inventory."""

from __future__ import annotations

from mailproof.controls import MAY, Family, Harm, control, fail, not_applicable
from mailproof.observations.configuration import ProgramSettings
from mailproof.references import EXIM_OPTIONS, POSTCONF, PRACTICE, rfc

FAMILY = Family("CFG", "Configuration files")


@control("CFG-BANNER", MAY, rfc(5321, "7.5"), PRACTICE, harm=Harm.ABUSED)
def test_banner_does_not_name_the_software(program_settings: ProgramSettings) -> None:
    """The configured greeting names neither the product, nor its version, nor the system.

    Why: attackers who look for servers with a known weakness read it from the greeting.
    Fix: Postfix: smtpd_banner = $myhostname ESMTP. Exim: smtp_banner = $smtp_active_hostname ESMTP. Dovecot:
    login_greeting = Ready.
    """
    known = _BANNERS.get(program_settings.program)
    if known is None:
        not_applicable(f"{program_settings.program} has no setting for its greeting that is looked at")
    name, default = known
    setting = program_settings.get(name)
    value = setting.value if setting is not None else default
    telling = [word for word in _TELLING if word in value.lower()]
    if telling:
        said = f"{name} = {value}" if setting is not None else f"{name} is not set; the default is {default}"
        fail(f"{said}: it names {', '.join(telling)}", at=setting.place if setting is not None else None)


_BANNERS = {
    "postfix": ("smtpd_banner", "$myhostname ESMTP $mail_name"),
    "exim": ("smtp_banner", "$smtp_active_hostname ESMTP Exim $version_number $tod_full"),
    "dovecot": ("login_greeting", "Dovecot ready."),
}
"""The setting of the greeting, and its default."""

_TELLING = ("$mail_name", "$mail_version", "$version_number", "postfix", "exim", "dovecot", "debian", "ubuntu")


@control("CFG-VRFY", MAY, rfc(5321, "7.3"), POSTCONF, EXIM_OPTIONS, harm=Harm.ABUSED)
def test_vrfy_and_expn_are_switched_off(program_settings: ProgramSettings) -> None:
    """VRFY and EXPN are switched off in the configuration.

    Why: they tell strangers which mailboxes exist, and who stands behind a list.
    Fix: Postfix: disable_vrfy_command = yes (EXPN it does not know). Exim: leave acl_smtp_vrfy and acl_smtp_expn unset.
    """
    match program_settings.program:
        case "postfix":
            setting = program_settings.get("disable_vrfy_command")
            if setting is None or setting.value.lower() != "yes":
                said = f"disable_vrfy_command = {setting.value}" if setting else "disable_vrfy_command is not set"
                fail(f"{said}: VRFY is answered", at=setting.place if setting else None)
        case "exim":
            for name in ("acl_smtp_vrfy", "acl_smtp_expn"):
                setting = program_settings.get(name)
                if setting is not None and setting.value:
                    fail(f"{name} = {setting.value}: an ACL may let strangers ask", at=setting.place)
        case program:
            not_applicable(f"{program} does not know VRFY")
