"""Who may connect where through a proxy, by its configuration: Squid (``acl`` and ``http_access``) and tinyproxy
(``Allow``, ``Deny``, ``ConnectPort``).

A request is sent through the rules on paper. Where a rule asks for what is not known here, like a list in a file or a
helper program, the answer is not known either, unless it comes to the same.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailproof.grammars.settings import Setting

MAX_RULES = 10_000
MAX_CLIENTS = 8
"""Networks that rules name and that clients are taken from."""


@dataclass(frozen=True)
class ConnectRequest:
    """CONNECT, or a request by another method, to a port of a host that no rule names."""

    client: str
    port: int
    host: str = "11.25.25.25"
    has_password: bool = False
    method: str = "CONNECT"


@dataclass(frozen=True)
class ProxyDecision:
    """Whether a proxy connects; None where that is not known. ``line`` is that of the rule that decided, else 0."""

    connects: bool | None
    line: int = 0


@dataclass
class SquidAccess:
    """The access rules of Squid (squid.conf: acl, http_access): the first one whose lists all match decides; after the
    last one the opposite of it, and without any nobody may do anything.
    """

    _lists: dict[str, list[Setting]] = field(default_factory=dict)
    _rules: list[Setting] = field(default_factory=list)

    def add(self, setting: Setting) -> None:
        """Take the next setting; one that is no matter of access is passed over. ``include`` stands for a file that
        is not there."""
        if setting.name == "acl":
            name, _, rest = setting.value.partition(" ")
            self._lists.setdefault(name, []).append(Setting(name, rest.strip(), setting.line))
        elif setting.name in ("http_access", "include") and len(self._rules) < MAX_RULES:
            self._rules.append(setting)

    def decide(self, request: ConnectRequest) -> ProxyDecision:
        maybe: list[ProxyDecision] = []
        last = True
        for rule in self._rules:
            if rule.name == "include":
                maybe += ProxyDecision(connects=True, line=rule.line), ProxyDecision(connects=False, line=rule.line)
                continue
            action, *names = rule.value.split()[:100] or [""]
            last = action == "allow"
            fits = _all(self._fits(name.lstrip("!"), request, negated=name.startswith("!")) for name in names)
            if fits is False:
                continue
            maybe.append(ProxyDecision(last, rule.line))
            if fits:
                return _agreed(maybe)
        return _agreed([*maybe, ProxyDecision(not last)])

    def clients(self) -> list[str]:
        """An address in each network of clients that the lists name."""
        found = (one.value.split() for lists in self._lists.values() for one in lists)
        return _clients(value for kind, *values in filter(None, found) if kind == "src" for value in values)

    def _fits(self, name: str, request: ConnectRequest, *, negated: bool) -> bool | None:
        found = [_in_squid_list(one.value, request) for one in self._lists.get(name, ())]
        known = _BUILT_IN.get(name, ())
        found += [_in_squid_list(text, request) for text in known]
        fits = True if True in found else None if None in found or not found else False
        return fits if fits is None else fits is not negated


_BUILT_IN = {
    "all": ("src all",),
    "CONNECT": ("method CONNECT",),
    "localhost": ("src 127.0.0.0/8 ::1",),
    "to_localhost": ("dst 127.0.0.0/8 0.0.0.0/8 ::1",),
    "to_linklocal": ("dst 169.254.0.0/16 fe80::/10",),
    "manager": ("url_regex ^cache_object:",),
}
"""Lists that Squid has by itself (squid.conf.documented, "acl")."""


def _in_squid_list(text: str, request: ConnectRequest) -> bool | None:
    words = [word for word in text.split() if word not in ("-i", "-n", "--")]
    if not words:
        return None  # a list without a kind: Squid does not start with it
    kind, *values = words
    if any(value.startswith(('"', "parameters(")) for value in values):
        return None
    match kind:
        case "src":
            return _any(_is_in(request.client, value) for value in values)
        case "dst":
            return _any(_is_in(request.host, value) for value in values)
        case "method":
            return request.method in (value.upper() for value in values)
        case "port":
            return any(_is_port(request.port, value) for value in values)
        case "proxy_auth" | "ext_user":
            return request.has_password
        case "dstdomain" | "url_regex" | "urlpath_regex" | "dstdom_regex":
            return False if all(value not in (".", ".*", "^") for value in values) else None
    return None


@dataclass
class TinyproxyAccess:
    """The access rules of tinyproxy.conf(5): the first of Allow and Deny that matches decides; where there is one, all
    others are denied. CONNECT is for the ports of ConnectPort; without it for all.
    """

    _rules: list[Setting] = field(default_factory=list)
    _ports: list[Setting] = field(default_factory=list)
    _asks_password: bool = False

    def add(self, setting: Setting) -> None:
        name = setting.name.lower()
        if name in ("allow", "deny") and len(self._rules) < MAX_RULES:
            self._rules.append(setting)
        elif name == "connectport":
            self._ports.append(setting)
        elif name == "basicauth":
            self._asks_password = True

    def decide(self, request: ConnectRequest) -> ProxyDecision:
        if self._ports and not any(_is_port(request.port, one.value.strip('"')) for one in self._ports):
            return ProxyDecision(connects=False, line=self._ports[0].line)
        if self._asks_password and not request.has_password:
            return ProxyDecision(connects=False)
        maybe: list[ProxyDecision] = []
        for rule in self._rules:
            fits = _is_in(request.client, rule.value.strip('"'))
            if fits is False:
                continue
            maybe.append(ProxyDecision(rule.name.lower() == "allow", rule.line))
            if fits:
                return _agreed(maybe)
        return _agreed([*maybe, ProxyDecision(connects=not self._rules)])

    def clients(self) -> list[str]:
        """An address in each network of clients that the rules name."""
        return _clients(rule.value.strip('"') for rule in self._rules)


ACCESS = {"squid": SquidAccess, "tinyproxy": TinyproxyAccess}


def _clients(networks: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for text in networks:
        try:
            network = ipaddress.ip_network(text.partition("-")[0], strict=False)
        except ValueError:
            continue
        if network.prefixlen and not network.is_loopback and len(found) < MAX_CLIENTS:
            found[str(network[-2] if network.num_addresses > 1 else network[0])] = None
    return list(found)


def _agreed(maybe: list[ProxyDecision]) -> ProxyDecision:
    """What is known where each of these may be what decides."""
    same = {decision.connects for decision in maybe}
    return maybe[-1] if len(same) == 1 else ProxyDecision(None, maybe[0].line)


def _all(found: Iterable[bool | None]) -> bool | None:
    found = list(found)
    return False if False in found else None if None in found else True


def _any(found: Iterator[bool | None]) -> bool | None:
    every = list(found)
    return True if True in every else None if None in every else False


def _is_in(address: str, text: str) -> bool | None:
    """Whether an address is in a network or in a range; None for a name."""
    if text.lower() == "all":
        return True
    own = ipaddress.ip_address(address)
    first, dash, rest = text.partition("-")
    try:
        if dash:
            low, high = ipaddress.ip_address(first), ipaddress.ip_address(rest.partition("/")[0])
            return own.version == low.version == high.version and int(low) <= int(own) <= int(high)
        return own in ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _is_port(port: int, text: str) -> bool:
    low, dash, high = text.partition("-")
    if not (low.isdecimal() and len(low) < 6):
        return False
    return int(low) <= port <= (int(high) if high.isdecimal() and len(high) < 6 else 0) if dash else int(low) == port
