"""Whether a mail server takes passwords before TLS, by its configuration: Postfix (postconf(5), master(5)), Exim
(specification, chapters 14 and 33), Dovecot (2.3 and 2.4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from mailproof.grammars.address_lists import ListEntry, is_private, parse_exim_list, parse_postfix_list
from mailproof.grammars.exim_branches import lines_that_count
from mailproof.grammars.exim_conditions import expansion
from mailproof.grammars.exim_routers import BLOCK, OPTION
from mailproof.grammars.settings import (
    Setting,
    are_loopback,
    continued_lines,
    expand,
    expand_macros,
    is_at_loopback,
    parse_dovecot,
    parse_exim,
    parse_postfix,
    parse_services,
    service_commands,
)
from mailproof.hiding.names import HIDDEN

MAX_LOGINS = 200
"""Services, authenticators and sections that are told of one server."""
MAX_SHOWN = 200
"""Characters of a setting that are told."""
MAX_MACROS = 2000
MAX_LINES = 5000
"""Lines of authenticators in which macros are put."""


@dataclass(frozen=True)
class Said:
    """A setting with the text that it stands in."""

    name: str
    value: str
    source: str = ""
    """Empty, as the line is 0, for a default."""
    line: int = 0

    def __str__(self) -> str:
        """What is worked out for each connection may hold a password (``servers=`` of a lookup), and is not told."""
        if not self.line:
            return f"{self.name} is not set"
        if any(mark in self.value for mark in ("${lookup", "${run", "${readsocket", "${extract", "servers=")):
            return f"{self.name} is an expansion"
        return f"{self.name} = {self.value}"[:MAX_SHOWN]


@dataclass(frozen=True)
class Login:
    """What a server, a service of it or an authenticator does about passwords before TLS."""

    who: str
    """The service, the authenticator or the section; empty for the whole server."""
    in_clear: bool | None
    """Whether passwords are taken before TLS; None where what decides that is not worked out."""
    by: Said
    """The setting that decides; of Exim without its authenticators, the one that offers what they have."""
    at: Said | None = None
    """Where that is a default: the setting by which passwords are taken at all."""


Texts = Mapping[str, str]
"""Texts by the names of their files."""


def _said(texts: Texts, parse: Callable[[str], Iterable[Setting]]) -> dict[str, Said]:
    """The last setting of each name."""
    return {
        one.name: Said(one.name, one.value, source, one.line) for source, text in texts.items() for one in parse(text)
    }


# Postfix

_DEFAULTS = {
    "smtpd_sasl_auth_enable": "no",
    "smtpd_sasl_security_options": "noanonymous",
    "smtpd_tls_auth_only": "no",
    "smtpd_tls_security_level": "",
    "smtpd_enforce_tls": "no",
    "smtpd_tls_wrappermode": "no",
    "smtpd_sasl_exceptions_networks": "",
    "inet_interfaces": "all",
}
_ON = ("smtpd_tls_wrappermode", "smtpd_tls_auth_only")
"""Switches each of which keeps passwords inside TLS."""


def postfix_logins(main: Texts, services: Texts) -> Iterator[Login]:
    """By service of master.cf; nothing for services that know no login, as by default, and for those that the host
    alone can reach.

    Of the whole server where master.cf is not among the texts. Where it or main.cf is not, the other may say otherwise.
    """
    common, own = _said(main, parse_postfix), _said(services, parse_services)
    known = _DEFAULTS | {name: said.value for name, said in common.items()}
    commands = [command for text in services.values() for command in service_commands(text).items()]
    servers = [name for name, runs in commands if runs == "smtpd" and not name.endswith(" unix")]
    worked_out: dict[str, str] = {}

    def meaning(said: Said) -> str:
        if said.value not in worked_out:
            worked_out[said.value] = expand(said.value, known).strip().lower()
        return worked_out[said.value]

    for service in dict.fromkeys(servers) if services else ("",):

        def get(name: str, service: str = service) -> tuple[Said, str]:
            said = own.get(f"{service}/{name}") or common.get(name) or Said(name, _DEFAULTS[name])
            return said, meaning(said)

        has_address = ":" in service
        if not is_at_loopback(service) and (has_address or not are_loopback(get("inet_interfaces")[1])):
            yield from _postfix_login(service, get, is_whole=bool(main and services))


def _postfix_login(service: str, get: Callable[[str], tuple[Said, str]], *, is_whole: bool) -> Iterator[Login]:
    enabled, meaning = get("smtpd_sasl_auth_enable")
    if "$" not in meaning and meaning != "yes":
        return
    level, required = get("smtpd_tls_security_level")
    protecting = {name: get(name) for name in _ON}
    if not required:  # or it counts for nothing (postconf(5))
        protecting["smtpd_enforce_tls"] = get("smtpd_enforce_tls")
    options, hidden = get("smtpd_sasl_security_options")
    by = next((said for said, value in protecting.values() if value == "yes"), None)
    if by is None and "$" not in required and required not in ("", "none", "may"):
        by = level
    if by is None and "noplaintext" in re.split(r"[\s,]+", hidden):
        by = options
    if by is not None:
        yield Login(service, False, by)
        return
    hides, networks = get("smtpd_sasl_exceptions_networks")  # AUTH is not offered to these, which may be all
    deciding = ((enabled, meaning), *protecting.values(), (level, required), (options, hidden))
    unknown = [said for said, value in deciding if "$" in value] + ([hides] if networks else [])
    if unknown:
        yield Login(service, None, unknown[0])
    else:
        yield Login(service, True if is_whole else None, get("smtpd_tls_auth_only")[0], enabled)


# Exim

_IN_CLEAR = {"tls_in_cipher": "", "tls_cipher": "", "tls_in_bits": "0", "tls_in_ver": ""}
"""The variables of a session before TLS (chapter 11)."""
_READABLE = ("PLAIN", "LOGIN")
"""Mechanisms by which a password crosses as it is (RFC 4616)."""
_WITHOUT_PASSWORDS = ("cram_md5", "spa", "tls", "external", "heimdal_gssapi")
"""Drivers that send none."""
_OF_SERVERS = ("cyrus_sasl", "dovecot")
"""Drivers that no client has."""


def has_authenticators(text: str) -> bool:
    """Whether a text is a configuration file of Exim with its authenticators, and not what ``exim -bP`` says."""
    return _AUTHENTICATORS.search(text) is not None


def exim_logins(texts: Texts) -> Iterator[Login]:
    """By authenticator of a server, one that takes a readable password; nothing for a server without any.

    Of the whole server where AUTH is never offered before TLS, or where authenticators stand in none of the texts.
    """
    said: dict[str, Said] = {}
    macros: dict[str, str] = {}
    for source, text in texts.items():
        for one in parse_exim(text, macros):
            said[one.name] = Said(one.name, one.value, source, one.line)
            if one.name.lstrip("_")[:1].isupper() and len(macros) < MAX_MACROS:
                macros[one.name] = expand_macros(one.value, macros)  # those before it: Exim puts them in where it reads
    hosts = said.get("auth_advertise_hosts", Said("auth_advertise_hosts", "*"))
    offered = _offered_in_clear(hosts.value, macros, {name: one.value for name, one in said.items()})
    if offered is False or _is_closed(said):
        yield Login("", False, hosts)
    elif not any(map(has_authenticators, texts.values())):
        yield Login("", None, hosts)
    else:
        for source, text in texts.items():
            for authenticator in _authenticators(text, macros):
                if authenticator.takes_passwords:
                    yield _exim_login(authenticator, offered, hosts, source)


def _exim_login(authenticator: _Authenticator, offered: bool | None, hosts: Said, source: str) -> Login:
    condition = authenticator.options.get("server_advertise_condition")
    if condition is None:
        return Login(authenticator.name, offered, hosts)
    holds = _holds_in_clear(condition.value)
    in_clear = False if holds is False else holds and offered
    return Login(authenticator.name, in_clear, Said(condition.name, condition.value, source, condition.line))


_BEGIN = re.compile(r"^[ \t]*begin[ \t]", re.MULTILINE)
_AUTHENTICATORS = re.compile(r"^[ \t]*(?:begin[ \t]+authenticators[ \t]*$|server_[a-z_]{1,40}[ \t]*=)", re.MULTILINE)
"""The section, or a piece of it in a file of its own (Debian's conf.d/auth)."""


@dataclass
class _Authenticator:
    name: str
    options: dict[str, Setting] = field(default_factory=dict)

    @property
    def takes_passwords(self) -> bool:
        """One that is a client's alone has no options of a server (chapter 33)."""
        mechanism = self.options["public_name"].value if "public_name" in self.options else self.name
        driver = self.options["driver"].value if "driver" in self.options else ""
        if driver in _WITHOUT_PASSWORDS:
            return False
        is_server = driver in _OF_SERVERS or any(name.startswith("server_") for name in self.options)
        return is_server and mechanism.strip("\"' ").upper() in _READABLE


def _authenticators(text: str, macros: Mapping[str, str]) -> list[_Authenticator]:
    found: list[_Authenticator] = []
    inside = _BEGIN.search(text) is None
    lines = 0
    for line, raw, _ in continued_lines(lines_that_count(text, macros)):
        lines += inside
        said = expand_macros(raw, macros).strip() if inside and lines <= MAX_LINES else raw
        if said.startswith("begin "):
            inside = said.split()[1:] == ["authenticators"]
        elif inside and (block := BLOCK.fullmatch(said)):
            found.append(_Authenticator(block["name"]))
        elif inside and found and (option := OPTION.fullmatch(said)):
            found[-1].options[option["name"]] = Setting(option["name"], option["value"].strip(), line)
    return found


def _offered_in_clear(hosts: str, macros: Mapping[str, str], said: Mapping[str, str]) -> bool | None:
    """Whether a list of hosts has any but this one and those of private networks, before TLS."""
    if hosts.startswith("<value not displayable") or HIDDEN in hosts:
        return None
    worked_out = expansion(expand_macros(hosts, macros).strip('" '), _IN_CLEAR)
    if worked_out is None or HIDDEN in worked_out:
        return None
    entries = list(parse_exim_list(worked_out))
    if entries and entries[-1].negated:  # all others are on such a list (chapter 10, "Negated items in lists")
        return entries[-1].text != "*" or any(one.text == "*" for one in entries if not one.negated)
    outside = [one for one in entries if not one.negated and not _is_inside(one)]
    if any(one.network is not None or not (one.elsewhere or "$" in one.text) for one in outside):
        return True
    named = [said.get(f"hostlist {one.text[1:]}") for one in outside if one.text.startswith("+")]
    if outside and len(named) == len(outside) and not any(one is None or "+" in one for one in named):
        inner = [_offered_in_clear(one, macros, {}) for one in named if one is not None]
        return True if True in inner else None if None in inner else False
    return None if outside else False


def _is_inside(entry: ListEntry) -> bool:
    is_network = entry.network is not None and is_private(entry.network, _HOUSES)
    return is_network or are_loopback(entry.text)


_HOUSES = tuple(
    map(
        ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "fe80::/10", "::1/128")
    )
)
"""Of a house alone (RFC 1918, RFC 4193), and of this host. What a provider shares out is none of these (RFC 6598)."""


def _holds_in_clear(condition: str) -> bool | None:
    """Whether ``server_advertise_condition`` holds before TLS: empty, 0, no and false do not (chapter 33)."""
    value = expansion(condition.strip('" '), _IN_CLEAR)
    return None if value is None or HIDDEN in value else value.strip().lower() not in ("", "0", "no", "false")


def _is_closed(said: Mapping[str, Said]) -> bool:
    """Whether nobody begins in clear: TLS begins at once on all ports, or the host alone reaches them."""

    def listed(name: str, default: str) -> set[str]:
        entries = parse_exim_list(said[name].value if name in said else default)
        return {_PORTS.get(entry.text, entry.text) for entry in entries}

    interfaces = listed("local_interfaces", "")
    if interfaces and all(map(are_loopback, interfaces)):
        return True
    have_ports = any(_WITH_PORT.fullmatch(interface) for interface in interfaces)
    return not have_ports and listed("daemon_smtp_ports", "smtp") <= listed("tls_on_connect_ports", "")


_WITH_PORT = re.compile(r"\d+(?:\.\d+){4}|\[.*\]:\d+|.*:.*\.\d+")
"""An interface with a port of its own (chapter 13)."""
_PORTS = {"smtps": "465", "submissions": "465", "ssmtp": "465"}


# Dovecot

_CLEAR = {"disable_plaintext_auth": "no", "auth_allow_cleartext": "yes"}
"""The settings of Dovecot 2.3 and 2.4, and what lets passwords cross in clear; by default neither does."""
_LOGINS = {"imap": "imap-login", "pop3": "pop3-login", "sieve": "managesieve-login", "submission": "submission-login"}
"""The services of the protocols by which users log in; a listener of each is called like the protocol."""
_WORDS = {"yes": "yes", "y": "yes", "1": "yes", "no": "no"}
"""What Dovecot takes for a switch."""
_SECTION = re.compile(r"(?:.*/)?(?P<side>remote|local) (?P<network>[^/\s]+(?:/\d+)?)(?:/.*)?")


def dovecot_logins(texts: Texts) -> Iterator[Login]:
    """By section that decides about passwords in clear, and of the whole server where it does."""
    said = _said(texts, parse_dovecot)
    mechanisms = said["auth_mechanisms"].value.upper() if "auth_mechanisms" in said else "PLAIN"
    takes_passwords = "$" in mechanisms or not {*_READABLE}.isdisjoint(mechanisms.split())
    protocols = [name for name in _protocols(said) if not _is_shut(name, said)]
    if not takes_passwords or not protocols:
        return
    for name, one in said.items():
        section, _, own = name.rpartition("/")
        if own not in (*_CLEAR, "login_trusted_networks") or _is_of_house(section):
            continue
        of_protocol = section.removeprefix("protocol ")
        if of_protocol != section and of_protocol not in protocols and "/" not in of_protocol:
            continue
        concerned = [of_protocol] if of_protocol in _LOGINS else protocols
        if all(_requires_tls(said, section, protocol) for protocol in concerned):
            yield Login(section, False, one)
        elif own in _CLEAR:
            value = _WORDS.get(one.value.lower())
            yield Login(section, value == _CLEAR[own] if value is not None else None, one)
        elif any(entry.network and entry.network.prefixlen == 0 for entry in parse_postfix_list(one.value)):
            yield Login(section, True, one)


def _requires_tls(said: Mapping[str, Said], section: str, protocol: str) -> bool:
    """Whether ``ssl = required`` where a protocol is spoken: what a section says counts before what is for all."""
    names = (f"{section}/ssl" if section else "", f"protocol {protocol}/ssl", "ssl")
    tls = next((said[name] for name in names if name in said), None)
    return tls is not None and tls.value.lower() == "required"


def _protocols(said: Mapping[str, Said]) -> list[str]:
    """Those by which users log in; a list, or switches of a section in Dovecot 2.4."""
    listed = said["protocols"].value.split() if "protocols" in said else []
    listed += [
        name.removeprefix("protocols/")
        for name, one in said.items()
        if name.startswith("protocols/") and _WORDS.get(one.value.lower()) == "yes"
    ]
    if not listed and not any(name.partition("/")[0] == "protocols" for name in said):
        listed = ["imap", "pop3"]
    if any("$" in name for name in listed):  # those that packages bring
        listed = list(_LOGINS)
    return [name for name in listed if name in _LOGINS]


def _is_shut(protocol: str, said: Mapping[str, Said]) -> bool:
    """Whether no session begins in clear where others than this host reach it, on any listener of the protocol."""
    service = f"service {_LOGINS[protocol]}/inet_listener "
    named = {name.removeprefix(service).partition("/")[0] for name in said if name.startswith(service)}
    everywhere = said["listen"].value if "listen" in said else ""

    def is_shut(listener: str) -> bool:
        def value(name: str) -> str:
            found = said.get(f"{service}{listener}/{name}")
            return found.value.lower() if found is not None else ""

        return (
            value("port") == "0"
            or _WORDS.get(value("ssl")) == "yes"
            or are_loopback(value("address") or value("listen") or everywhere)
        )

    return all(is_shut(listener) for listener in {protocol, *named} - {f"{protocol}s"})


def _is_of_house(section: str) -> bool:
    """Whether a section is about connections from this host or from private networks alone. An address of the server
    tells nothing of who comes: behind NAT it may be a private one.
    """
    found = _SECTION.fullmatch(section)
    if found is None:
        return False
    if found["side"] == "local":
        return are_loopback(found["network"])
    entries = list(parse_postfix_list(found["network"]))
    return bool(entries) and all(map(_is_inside, entries))
