"""Configuration files: whom a mail server listens to, and whom it has a mailbox for."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Never

from mailproof.controls import MAY, SHOULD, Family, Harm, control, fail, finding, not_applicable
from mailproof.grammars.address_lists import parse_exim_list
from mailproof.grammars.settings import is_at_loopback
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
        fail(f"{promised.name} = {promised.shown}: {_SERVED}", at=promised.place)


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

    The services of master.cf at port 25 are judged, unless the host alone reaches them or strangers are refused
    altogether. What decides in Exim's ACLs, in policy services and in milters is not read: BACKUPMX-RCPT asks the port.

    Why: what a backup accepts and the primary then refuses becomes a bounce to a forged sender: backscatter.
    Fix: relay_recipient_maps = hash:/etc/postfix/relay_recipients, brought up to date daily, and
    smtpd_reject_unlisted_recipient = yes, as it is by default; or reject_unverified_recipient among
    smtpd_recipient_restrictions.
    """
    if program_settings.program != "postfix":
        not_applicable(f"what {program_settings.program} knows of recipients is not read")
    if program_settings.for_host_alone:
        not_applicable("the host alone reaches this postfix")
    services = _services_of_strangers(program_settings)
    if not services:
        not_applicable("no service takes mail at port 25 from other hosts")
    relaying = [(one, domains) for one in services if (domains := _handed_on(program_settings, one))]
    if not relaying:
        not_applicable("mail of no domain is handed on")
    serving = [(one, domains) for one, domains in relaying if not _refuses_strangers(program_settings, one)]
    if not serving:
        not_applicable("strangers are refused, whomever they write to")
    decided = [_decided_elsewhere(program_settings, one) for one, _ in serving]
    for told, (service, domains) in zip(decided, serving, strict=True):
        if told is None:
            _fail_for(program_settings, service, domains)
    for told in filter(None, decided):
        raise NotAvailable(told, program_settings.evidence())


def _decided_elsewhere(settings: ProgramSettings, service: str) -> str | None:
    """What decides about the recipients of a service and is not read; empty where they are known, None where nothing
    asks for them.
    """
    maps = settings.counting(service, "relay_recipient_maps")
    unlisted = settings.counting(service, "smtpd_reject_unlisted_recipient")
    are_known = _has_recipients(maps)
    passed = unlisted if unlisted is not None and unlisted.meaning.lower() == "no" else None
    if are_known and passed is None:
        return ""
    asked = ("reject_unverified_recipient", *(("reject_unlisted_recipient",) if are_known else ()))
    said = [one for name in _restrictions(settings, service) if (one := settings.counting(service, name))]
    decided = {one: _comes_to(one.meaning, asked) for one in said}
    if _Outcome.ASKED in decided.values():
        return ""
    milters = settings.counting(service, "smtpd_milters")
    elsewhere = next((one for one, outcome in decided.items() if outcome is _Outcome.ELSEWHERE), None)
    if elsewhere is None and milters is not None and _may_ask(milters):
        elsewhere = milters
    if elsewhere is not None:
        return f"{elsewhere.place}: {elsewhere.name}: what this decides about recipients stands elsewhere"
    if maps is not None and are_known is None:
        return f"{maps.place}: {maps.name} = {maps.shown}: what this comes to stands in none of these files"
    return None


def _fail_for(settings: ProgramSettings, service: str, relay_domains: SettingSeen) -> Never:
    maps = settings.counting(service, "relay_recipient_maps")
    passed = settings.counting(service, "smtpd_reject_unlisted_recipient")
    if _has_recipients(maps) and passed is not None:
        told = f"{passed.name} = no: nothing asks relay_recipient_maps, and mail to anybody is accepted"
        fail(told, at=passed.place)
    knows = "relay_recipient_maps is empty" if maps is None or not maps.meaning else f"{maps.name} = {maps.shown}"
    fail(
        f"{relay_domains.name} = {relay_domains.shown}, and {knows}: mail to anybody there is accepted",
        at=relay_domains.place,
    )


def _has_recipients(maps: SettingSeen | None) -> bool | None:
    """Whether there are tables of recipients; None where what is not read says that. static: has everybody."""
    value = maps.meaning.strip() if maps is not None else ""
    if not value or _OF_EVERYBODY.search(value):
        return False
    return None if _NOT_KNOWN.fullmatch(value) else True


_OF_EVERYBODY = re.compile(r"(?:^|[\s,:{])static:")
_NOT_KNOWN = re.compile(r"(?:\$[\w(){}]+[\s,]*)+")


def _services_of_strangers(settings: ProgramSettings) -> tuple[str, ...]:
    """The services at which strangers deliver; an empty name where main.cf alone says what they meet."""
    if settings.servers is None:
        own = {one.name.rpartition("/")[0] for one in settings.settings}
        return tuple(filter(_is_of_strangers, sorted(own))) or ("",)
    return tuple(filter(_is_of_strangers, settings.servers))


def _is_of_strangers(service: str) -> bool:
    return _AT_PORT_25.fullmatch(service) is not None and not is_at_loopback(service)


_AT_PORT_25 = re.compile(r"(?:\S+:)?(?:smtp|25) inet|smtpd pass")


def _handed_on(settings: ProgramSettings, service: str) -> SettingSeen | None:
    """The domains besides those whose mail stays here: $mydestination, the default before Postfix 3.0."""
    relay_domains = settings.counting(service, "relay_domains")
    if relay_domains is None or not relay_domains.meaning.strip():
        return None
    value = relay_domains.value.strip().translate(str.maketrans("", "", "{}()"))
    return relay_domains if value != "$mydestination" else None


def _restrictions(settings: ProgramSettings, service: str) -> tuple[str, ...]:
    """The lists in which recipients may be looked at: all, unless what is known of a client is acted upon at once."""
    delay = settings.counting(service, "smtpd_delay_reject")
    return RESTRICTIONS if delay is None or delay.meaning.lower() != "no" else RESTRICTIONS[:2]


def _refuses_strangers(settings: ProgramSettings, service: str) -> bool:
    said = (settings.counting(service, name) for name in RESTRICTIONS)
    return any(one is not None and _comes_to(one.meaning, ()) is _Outcome.REFUSED for one in said)


class _Outcome(Enum):
    """What a list of restrictions does about recipients whom a stranger names."""

    ASKED = auto()
    """They are verified."""
    REFUSED = auto()
    """Strangers are, whomever they write to."""
    ELSEWHERE = auto()
    """A table, a service or a class decides."""
    NOTHING = auto()


def _comes_to(restrictions: str, asked: tuple[str, ...]) -> _Outcome:
    """What the list comes to for strangers. Its words are read without regard to case, as Postfix does."""
    words = restrictions.lower().replace(",", " ").split()
    has_tables = some_pass = decides = False
    for before, word, behind in zip(["", *words], words, [*words[1:], ""], strict=False):
        if word in _OF_ALL:
            break
        some_pass |= word.startswith("permit") and word not in _OF_KNOWN_CLIENTS
        if word in asked and before != "warn_if_reject":
            return _Outcome.ASKED
        if word in _REFUSING and before != "warn_if_reject" and not some_pass:
            return _Outcome.ELSEWHERE if decides or has_tables else _Outcome.REFUSED
        is_of_others = word == "check_policy_service" and _MARKS.search(behind)
        decides |= word.startswith(_ELSEWHERE) and not is_of_others
        decides |= _CLASS.fullmatch(word) is not None
        has_tables |= word.startswith("check_")
    return _Outcome.ELSEWHERE if decides else _Outcome.NOTHING


_OF_ALL = ("permit", "permit_auth_destination", "permit_mx_backup")
"""They let strangers write to the domains that mail is handed on for."""
_OF_KNOWN_CLIENTS = (
    "permit_mynetworks",
    "permit_sasl_authenticated",
    "permit_tls_clientcerts",
    "permit_tls_all_clientcerts",
    "permit_inet_interfaces",
)
_REFUSING = ("reject", "defer", "defer_if_permit")


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
