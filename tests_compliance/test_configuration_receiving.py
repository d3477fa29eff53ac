"""Configuration files: whom a mail server listens to, and whom it has a mailbox for."""

from __future__ import annotations

import re

from mailproof.controls import MAY, SHOULD, Family, Harm, control, fail, finding, not_applicable
from mailproof.grammars.address_lists import parse_exim_list
from mailproof.net.errors import NotAvailable
from mailproof.observations.configuration import RESTRICTIONS, ProgramSettings, SettingSeen
from mailproof.observations.forwards import RoleAliases
from mailproof.places import Place
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

    What decides in Exim's ACLs, in policy services and in milters is not read: BACKUPMX-RCPT asks the port.

    Why: what a backup accepts and the primary then refuses becomes a bounce to a forged sender: backscatter.
    Fix: relay_recipient_maps = hash:/etc/postfix/relay_recipients, brought up to date daily, and
    smtpd_reject_unlisted_recipient = yes, as it is by default; or reject_unverified_recipient among
    smtpd_recipient_restrictions.
    """
    if program_settings.program != "postfix":
        not_applicable(f"what {program_settings.program} knows of recipients is not read")
    relayed = [one for one in program_settings.base_and_overrides("relay_domains") if _hands_on(one)]
    if not relayed:
        not_applicable("mail of no domain is handed on")
    said = [one for name in _restrictions(program_settings) if (one := _of_strangers(program_settings, name))]
    maps = _of_strangers(program_settings, "relay_recipient_maps")
    unlisted = _of_strangers(program_settings, "smtpd_reject_unlisted_recipient")
    are_known = maps is not None and maps.meaning.strip() != ""
    passed = unlisted if unlisted is not None and unlisted.meaning.lower() == "no" else None
    asked = ("reject_unverified_recipient", *(("reject_unlisted_recipient",) if are_known else ()))
    if are_known and passed is None:
        return
    decided = {one: _asks_before(one.meaning, asked) for one in said}
    if True in decided.values():
        return
    milters = _of_strangers(program_settings, "smtpd_milters")
    elsewhere = next((one for one, asks in decided.items() if asks is None), None)
    if elsewhere is None and milters is not None and _may_ask(milters):
        elsewhere = milters
    if elsewhere is not None:
        told = f"{elsewhere.place}: {elsewhere.name}: what this decides about recipients stands elsewhere"
        raise NotAvailable(told, program_settings.evidence())
    setting = relayed[0]
    if are_known and passed is not None:
        told = f"{passed.name} = no: nothing asks relay_recipient_maps, and mail to anybody is accepted"
        fail(told, at=passed.place)
    fail(
        f"{setting.name} = {setting.shown}, and relay_recipient_maps is empty: mail to anybody there is accepted",
        at=setting.place,
    )


def _of_strangers(settings: ProgramSettings, name: str) -> SettingSeen | None:
    """The setting that counts where strangers deliver: what the service for port 25 says, else what is for all."""
    own = (one for one in settings.overrides(name) if _SERVICE_OF_STRANGERS.fullmatch(one.name.rpartition("/")[0]))
    return next(own, None) or settings.get(name)


_SERVICE_OF_STRANGERS = re.compile(r"(?:\S+:)?(?:smtp|25) inet|smtpd pass")


def _restrictions(settings: ProgramSettings) -> tuple[str, ...]:
    """The lists in which recipients may be looked at: all, unless what is known of a client is acted upon at once."""
    delay = _of_strangers(settings, "smtpd_delay_reject")
    return RESTRICTIONS if delay is None or delay.meaning.lower() != "no" else RESTRICTIONS[:2]


def _asks_before(restrictions: str, asked: tuple[str, ...]) -> bool | None:
    """Whether strangers' recipients are verified; None where a table, a service or a class decides."""
    words = restrictions.replace(",", " ").split()
    elsewhere = False
    for before, word, behind in zip(["", *words], words, [*words[1:], ""], strict=False):
        if word == "permit":
            break
        if word in asked and before != "warn_if_reject":
            return True
        is_of_others = word == "check_policy_service" and _MARKS.search(behind)
        elsewhere |= word.startswith(_ELSEWHERE) and not is_of_others
        elsewhere |= _CLASS.fullmatch(word) is not None
    return None if elsewhere else False


def _may_ask(milters: SettingSeen) -> bool:
    return any(not _MARKS.search(milter) for milter in _MILTER.findall(milters.meaning))


_MILTER = re.compile(r"\b(?:inet6?|unix|local):[^\s,{}]+")
_MARKS = re.compile(
    r"amavis|clam|dkim|dmarc|greylist|openarc|opendkim|postgrey|rspamd|spamass|spf|:(?:889[1-3]|1002[34]|11332|12301|12525)\b",
    re.IGNORECASE,
)
"""Milters and policy services that look at senders and contents, by their names and usual ports."""
_CLASS = re.compile(r"(?!(?:permit|reject|defer|check|warn|sleep)(?:_|$))[a-z_]+")
"""A class of restrictions of one's own."""
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
    for lost in role_aliases.lost:
        fail(f"mail for {lost.name} is {'refused' if lost.is_refused else 'thrown away'}", at=lost.place)
    file = Place(role_aliases.files[0])
    if "postmaster" not in role_aliases.names:
        fail("no alias has postmaster", at=file)
    if "abuse" not in role_aliases.names:
        finding(MAY, "no alias has abuse", at=file)
