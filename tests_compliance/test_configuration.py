"""Configuration files: what programs on the hosts say of themselves. Captured, or named by the inventory."""

from __future__ import annotations

import re
from collections.abc import Set

from mailproof.controls import MAY, Family, Harm, control, fail, not_applicable
from mailproof.grammars.settings import expand
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
    if program_settings.for_host_alone:
        not_applicable(f"the host alone reaches this {program_settings.program}")
    name, default = known
    hosts = {setting.value.lower() for setting in program_settings.settings if setting.name == "myhostname"}
    setting = program_settings.get(name)
    for banner in program_settings.base_and_overrides(name):
        if telling := _telling(banner.meaning, hosts):
            fail(f"{banner.name} = {banner.shown}: it names {', '.join(telling)}", at=banner.place)
    if setting is None and name not in program_settings.said_by_each:
        called = program_settings.get("mail_name")
        meaning = expand(default, {"mail_name": called.meaning} if called is not None else {})
        if telling := _telling(meaning, hosts):
            fail(f"{name} is not set; the default is {default}: it names {', '.join(telling)}")


def _telling(banner: str, hosts: Set[str]) -> list[str]:
    """What a greeting tells of its software. Words of host names tell nothing."""
    words = (word for word in banner.lower().split() if not _is_host(word.strip("()[]<>,;:\"'"), hosts))
    text = " ".join(words)
    macros = dict.fromkeys(f"${macro['name']}" for macro in _MACROS.finditer(text))
    return [*macros, *(product for product, pattern in _PRODUCTS.items() if pattern.search(_ANY_MACRO.sub(" ", text)))]


def _is_host(word: str, hosts: Set[str]) -> bool:
    return word in hosts or _HOST.fullmatch(word) is not None


_BANNERS = {
    "postfix": ("smtpd_banner", "$myhostname ESMTP $mail_name"),
    "exim": ("smtp_banner", "$smtp_active_hostname ESMTP Exim $version_number $tod_full"),
    "dovecot": ("login_greeting", "Dovecot ready."),
}
"""The setting of the greeting, and its default."""

_MACROS = re.compile(
    r"\$[({]?(?P<name>mail_name|mail_version|version_number|exim_version|compile_number|compile_date)\b"
)
_ANY_MACRO = re.compile(r"\$(?:\w+|\{\w+\}|\(\w+\))")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.){1,30}(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})\.?")
"""A dotted name. Of a version the last part is a number."""

_PRODUCTS = {
    name: re.compile(rf"(?<![a-z0-9]){name.replace(' ', '[ _-]?')}[0-9]*(?![a-z])")
    for name in (
        *("postfix", "exim", "dovecot", "sendmail", "opensmtpd", "courier", "cyrus", "qmail", "netqmail", "haraka"),
        *("stalwart", "zimbra", "microsoft", "ms exchange", "exchange server", "mdaemon", "kerio", "icewarp"),
        *("communigate", "hmailserver", "mailenable", "iredmail", "mailcow", "plesk", "cpanel", "proxmox", "synology"),
        *("debian", "ubuntu", "centos", "red hat", "rhel", "fedora", "rocky linux", "almalinux", "opensuse", "suse"),
        *("gentoo", "arch linux", "alpine linux", "freebsd", "openbsd", "netbsd", "solaris", "windows", "linux"),
    )
}
"""Products and systems, as whole words; digits may follow. "Exchange" alone is what any mail exchanger may say."""


@control("CFG-VRFY", MAY, rfc(5321, "7.3"), POSTCONF, EXIM_OPTIONS, harm=Harm.ABUSED)
def test_vrfy_and_expn_are_switched_off(program_settings: ProgramSettings) -> None:
    """VRFY and EXPN are switched off in the configuration.

    Why: they tell strangers which mailboxes exist, and who stands behind a list.
    Fix: Postfix: disable_vrfy_command = yes (EXPN it does not know). Exim: leave acl_smtp_vrfy and acl_smtp_expn unset.
    """
    if program_settings.for_host_alone:
        not_applicable(f"the host alone reaches this {program_settings.program}")
    match program_settings.program:
        case "postfix":
            setting = program_settings.get("disable_vrfy_command")
            if setting is None and "disable_vrfy_command" not in program_settings.said_by_each:
                fail("disable_vrfy_command is not set: VRFY is answered")
            for said in program_settings.base_and_overrides("disable_vrfy_command"):
                if said.meaning.lower() != "yes":
                    fail(f"{said.name} = {said.value}: VRFY is answered", at=said.place)
        case "exim":
            for name in ("acl_smtp_vrfy", "acl_smtp_expn"):
                setting = program_settings.get(name)
                if setting is not None and setting.value:
                    fail(f"{name} = {setting.value}: an ACL may let strangers ask", at=setting.place)
        case program:
            not_applicable(f"{program} does not know VRFY")
