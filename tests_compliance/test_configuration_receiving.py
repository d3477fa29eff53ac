"""Configuration files: whom a mail server listens to, and whom it has a mailbox for."""

from __future__ import annotations

import re

from mailproof.controls import MAY, SHOULD, Family, Harm, control, fail, finding, not_applicable
from mailproof.grammars.address_lists import parse_exim_list
from mailproof.net.errors import NotAvailable
from mailproof.observations.configuration import ProgramSettings, SettingSeen
from mailproof.observations.forwards import RoleAliases
from mailproof.references import EXIM_OPTIONS, POSTCONF, PRACTICE, rfc

FAMILY = Family("CFG", "Configuration files")


@control("CFG-EARLYTALK", MAY, rfc(5321, "4.3.1"), rfc(2920, "3.1"), POSTCONF, EXIM_OPTIONS, PRACTICE, harm=Harm.ABUSED)
def test_early_talkers_are_refused_by_the_configuration(program_settings: ProgramSettings) -> None:
    """By its configuration, a mail server refuses clients that do not wait for its greeting.

    Of Postfix, postscreen is judged where master.cf has it; without it, EARLYTALK asks the port. Exim lets those begin
    early that it promised it to (PIPE_CONNECT), which is everybody unless the list is empty.

    Why: hardly anything but spam software talks early; refusing it saves the work of filtering.
    Fix: postscreen_greet_action = enforce (Postfix with postscreen); an empty pipelining_connect_advertise_hosts, and
    smtp_enforce_sync as it is by default (Exim).
    """
    match program_settings.program:
        case "exim":
            _check_exim(program_settings)
        case "postfix":
            _check_postscreen(program_settings)
        case program:
            not_applicable(f"{program} has no setting for early talkers that is looked at")


_OWN = ("127.0.0.1", "::1", "localhost", "@[]")
_SERVED = "who talks before the greeting is served"


def _check_exim(settings: ProgramSettings) -> None:
    sync, promised = settings.get("smtp_enforce_sync"), settings.get("pipelining_connect_advertise_hosts")
    if sync is not None and sync.meaning.lower() in ("false", "no"):
        fail(f"smtp_enforce_sync is switched off: {_SERVED}", at=sync.place)
    if promised is None:
        not_applicable("whether clients may begin early is not set, and hangs on the version: EARLYTALK asks the port")
    strangers = [one for one in parse_exim_list(promised.meaning) if not one.negated and one.text not in _OWN]
    if strangers:
        fail(f"{promised.name} = {promised.shown:.200}: {_SERVED}", at=promised.place)


def _check_postscreen(settings: ProgramSettings) -> None:
    if not settings.behind_postscreen:
        not_applicable("no postscreen stands before the server in these files")
    forbidden, version = settings.get("smtpd_forbid_unauth_pipelining"), settings.get("mail_version")
    if forbidden is not None and forbidden.meaning.lower() == "yes":
        return
    actions = settings.overrides("postscreen_greet_action") or settings.base_and_overrides("postscreen_greet_action")
    said = [action for action in actions if action.meaning.lower() == "ignore"]
    if actions and not said:
        return
    if forbidden is None and version is None:
        not_applicable(f"postscreen lets them pass, and what smtpd does hangs on the version: {_ASKED}")
    if forbidden is None and version is not None and _since_3_9(version.meaning):
        return  # by default, the server behind postscreen refuses them
    if said:
        fail(f"{said[0].name} = ignore: {_SERVED}", at=said[0].place)
    fail(f"postscreen_greet_action is not set, which is ignore: {_SERVED}")


_ASKED = "name what `postconf mail_version` says as well, or let EARLYTALK ask the port"


def _since_3_9(version: str) -> bool:
    """Since then smtpd_forbid_unauth_pipelining is switched on by default."""
    numbers = re.match(r"(\d{1,3})\.(\d{1,3})", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= (3, 9)


@control("CFG-RECIPIENTS", SHOULD, rfc(5321, "3.6.2"), rfc(5321, "6.2"), POSTCONF, PRACTICE, harm=Harm.ABUSED)
def test_recipients_of_relayed_domains_are_known(program_settings: ProgramSettings) -> None:
    """Of domains whose mail it hands on, as a backup MX, a Postfix knows the recipients, or asks the next server first.

    What decides in Exim's ACLs is not read: BACKUPMX-RCPT asks the port.

    Why: what a backup accepts and the primary then refuses becomes a bounce to a forged sender: backscatter.
    Fix: relay_recipient_maps = hash:/etc/postfix/relay_recipients, brought up to date daily; or
    reject_unverified_recipient among smtpd_recipient_restrictions.
    """
    if program_settings.program != "postfix":
        not_applicable(f"what {program_settings.program} knows of recipients is not read")
    relayed = [one for one in program_settings.base_and_overrides("relay_domains") if _hands_on(one)]
    if not relayed:
        not_applicable("mail of no domain is handed on")
    if any(one.meaning.strip() for one in program_settings.base_and_overrides("relay_recipient_maps")):
        return
    said = [one for name in _RESTRICTIONS for one in program_settings.base_and_overrides(name)]
    decided = {one: _asks_before(one.meaning) for one in said}
    if True in decided.values():
        return
    elsewhere = next((one for one, asks in decided.items() if asks is None), None)
    if elsewhere is not None:
        told = f"{elsewhere.place}: {elsewhere.name}: what this decides about recipients stands elsewhere"
        raise NotAvailable(told, program_settings.evidence())
    setting = relayed[0]
    fail(
        f"{setting.name} = {setting.shown}, and relay_recipient_maps is empty: mail to anybody there is accepted",
        at=setting.place,
    )


def _asks_before(restrictions: str) -> bool | None:
    """Whether strangers' recipients are verified; None where a table, a service or a class decides."""
    words = restrictions.replace(",", " ").split()
    elsewhere = False
    for before, word in zip(["", *words], words, strict=False):
        if word == "permit":
            break
        if word == "reject_unverified_recipient" and before != "warn_if_reject":
            return True
        elsewhere |= word.startswith(_ELSEWHERE) or _CLASS.fullmatch(word) is not None
    return None if elsewhere else False


_CLASS = re.compile(r"(?!(?:permit|reject|defer|check|warn|sleep)(?:_|$))[a-z_]+")
"""A class of restrictions of one's own."""
_RESTRICTIONS = ("smtpd_recipient_restrictions", "smtpd_relay_restrictions")
_ELSEWHERE = ("check_recipient_access", "check_policy_service", "check_recipient_a_access", "check_recipient_mx_access")


def _hands_on(relay_domains: SettingSeen) -> bool:
    """Whether there are domains besides those whose mail stays here: $mydestination, the default before Postfix 3.0."""
    value = relay_domains.value.strip().translate(str.maketrans("", "", "{}()"))
    return bool(relay_domains.meaning.strip()) and value != "$mydestination"


@control("CFG-ALIASES", SHOULD, rfc(5321, "4.5.1"), rfc(2142, "4"), rfc(2142, "5"), PRACTICE, harm=Harm.LOST)
def test_aliases_have_postmaster_and_abuse(role_aliases: RoleAliases) -> None:
    """The system's aliases have an entry for postmaster, and one for abuse.

    Other tables of aliases, like those of mailing lists, need none. What the ports take, SMTP-POSTMASTER and SMTP-ABUSE
    judge.

    Why: everybody may write to postmaster, and reports of abuse go to abuse; without them nobody tells you what is
    wrong.
    Fix: postmaster: root and abuse: postmaster in /etc/aliases, with an address that is read behind root; then
    newaliases.
    """
    if role_aliases.program != "aliases":
        not_applicable(f"{role_aliases.program} holds no aliases")
    if not role_aliases.is_of_system:
        not_applicable("these are not the system's own aliases: the file is not called aliases, and root is not in it")
    for name in role_aliases.thrown_away:
        fail(f"mail for {name} is thrown away")
    if "postmaster" not in role_aliases.names:
        fail("no alias has postmaster")
    if "abuse" not in role_aliases.names:
        finding(MAY, "no alias has abuse")
