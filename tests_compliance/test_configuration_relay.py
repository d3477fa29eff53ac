"""Configuration files: who may send mail through the server, and for which domains it takes mail."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from mailproof.controls import SHOULD, Between, Family, Harm, control, fail, not_applicable
from mailproof.grammars.address_lists import IPNetwork, ListEntry, is_private, parse_exim_list, parse_postfix_list
from mailproof.grammars.settings import is_at_loopback
from mailproof.observations.configuration import RELAYING, ProgramSettings, RelaySettings, SettingSeen
from mailproof.references import EXIM_OPTIONS, POSTCONF, PRACTICE, rfc

FAMILY = Family("CFG", "Configuration files")


@control(
    "CFG-RELAY",
    SHOULD,
    rfc(2505, "2.1"),
    POSTCONF,
    EXIM_OPTIONS,
    PRACTICE,
    harm=Harm.ABUSED,
    allowed={"widest_ipv4": Between(1, 32), "widest_ipv6": Between(1, 128)},
)
def test_relaying_is_for_few(relay_settings: RelaySettings, *, widest_ipv4: int = 24, widest_ipv6: int = 48) -> None:
    """The configuration lets only small networks relay, and takes mail for no domain that the inventory does not have.

    Public networks count; private ones (RFC 1918, RFC 4193) may be as large as they are. What listens at a loopback
    address alone, as behind a content filter, may relay for all.

    Why: whoever is in such a network, and whoever writes to such a domain, sends mail through this server; strangers
    do it with spam, and the server's address is listed.
    Fix: mynetworks = 127.0.0.0/8 [::1]/128 and your own hosts, relay_domains only what you take mail for (Postfix);
    the same in hostlist relay_from_hosts and domainlist relay_to_domains (Exim); match auth from any for any action
    "relay" (OpenSMTPD). Users authenticate instead.
    """
    settings = relay_settings.settings
    if settings.program not in RELAYING:
        not_applicable(f"{settings.program} relays no mail that is looked at")
    if settings.for_host_alone:
        not_applicable(f"the host alone reaches this {settings.program}")
    if settings.program == "opensmtpd":
        _check_opensmtpd(settings)
    for setting in _settings(settings, *_CLIENTS):
        for network in _networks(_entries(settings.program, setting)):
            widest = widest_ipv4 if network.version == 4 else widest_ipv6
            if network.prefixlen < widest and not is_private(network):
                size = "everybody" if network.prefixlen == 0 else f"whoever is in {network}"
                fail(f"{setting.name} = {setting.shown}: {size} may relay", at=setting.place)
    for style in settings.base_and_overrides("mynetworks_style"):
        if style.meaning.lower() == "class" and settings.get("mynetworks") is None:
            fail(f"{style.name} = class: whole classes of networks may relay", at=style.place)
    for setting in _settings(settings, *_DOMAINS):
        for entry in _entries(settings.program, setting):
            if _is_strange(entry, relay_settings.domains, settings.program):
                fail(f"{setting.name} = {setting.shown}: {entry.text} is no domain of the inventory", at=setting.place)
    _check_restrictions(settings)


def _check_opensmtpd(settings: ProgramSettings) -> None:
    """The first rule that takes mail of anybody to anybody decides (smtpd.conf(5), "match"); without any, none is."""
    if not settings.settings:
        not_applicable("smtpd.conf itself is not there, only what smtpd said of it")
    actions = {one.value.split()[0].strip('"'): one.value.split() for one in settings.settings if one.name == "action"}
    for rule in (one for one in settings.settings if one.name == "match"):
        words = rule.value.replace('"', "").split()
        if not all(f" {side} " in f" {' '.join(words)} " for side in ("from any", "for any")) or _NARROWS & set(words):
            continue
        if words[-1] == "reject":
            return
        if "relay" in actions.get(words[-1], ()):
            fail(f"match {rule.value}: anybody may relay to anybody", at=rule.place)


_NARROWS = frozenset({"auth", "helo", "mail-from", "rcpt-to", "tag", "tls"})
"""Words of a rule by which it is not for everybody."""

_CLIENTS = ("mynetworks", "hostlist relay_from_hosts")
_DOMAINS = ("relay_domains", "domainlist relay_to_domains")

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def _settings(settings: ProgramSettings, *names: str) -> Iterator[SettingSeen]:
    """The settings of these names, but for those of services that the host alone can connect to."""
    for name in names:
        yield from (one for one in settings.base_and_overrides(name) if not is_at_loopback(_service(one.name)))


def _entries(program: str, setting: SettingSeen) -> tuple[ListEntry, ...]:
    parse = parse_exim_list if program == "exim" else parse_postfix_list
    return tuple(parse(setting.meaning))


def _networks(entries: Iterable[ListEntry]) -> Iterator[IPNetwork]:
    for entry in entries:
        network = entry.network
        if network is None or entry.negated:
            continue
        if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
            mapped = int(network.network_address) & 0xFFFFFFFF
            network = ipaddress.IPv4Network((mapped, network.prefixlen - 96))
        yield network


def _is_strange(entry: ListEntry, domains: Iterable[str], program: str) -> bool:
    """Whether a list names a domain that neither is one of the inventory nor lies below one.

    What stands in tables, and what is worked out for each message, cannot be read here. For Exim, a name
    without a dot is no domain: Debian writes ``empty``. For Postfix, ``com`` is all that lies below.
    """
    if entry.negated or entry.elsewhere or entry.network is not None or entry.text.startswith("@"):
        return False
    name = entry.text.lower().lstrip("*.").rstrip(".")
    if program == "exim" and name and "." not in name and "." not in entry.text and "*" not in entry.text:
        return False
    return not any(name == domain or name.endswith(f".{domain}") for domain in (*domains, "localhost"))


def _check_restrictions(settings: ProgramSettings) -> None:
    """Postfix relays for strangers where neither list of restrictions stops them (SMTPD_ACCESS_README)."""
    relay = _settings(settings, "smtpd_relay_restrictions")
    recipient = {_service(setting.name): setting for setting in settings.base_and_overrides(_RECIPIENT)}
    for setting in relay:
        also = recipient.get(_service(setting.name), recipient.get(""))
        if not _stops(setting.meaning) and not (also is not None and _stops(also.meaning)):
            fail(f"{setting.name} = {setting.shown}: nothing stops mail of strangers to strangers", at=setting.place)


_RECIPIENT = "smtpd_recipient_restrictions"
_STOPPING = frozenset({"reject_unauth_destination", "defer_unauth_destination", "reject", "defer", "defer_if_permit"})
"""What ends mail that is neither for this server nor from somebody who may relay."""
_KNOWN = re.compile(r"(?:permit|reject|defer|check|warn|sleep)(?:_|$)|.*[:/.={}]|\d+$")
"""Restrictions, and what stands behind some: a table, a service, a list of the DNS, options. All else is a class."""


def _service(name: str) -> str:
    return name.rpartition("/")[0]


def _stops(restrictions: str) -> bool:
    """Whether strangers are stopped before everything is permitted. A class of one's own may do that."""
    for word in restrictions.replace(",", " ").split():
        if word in _STOPPING or not _KNOWN.match(word):
            return True
        if word == "permit":
            return False
    return False
