"""What mail programs are told about servers: Thunderbird's autoconfig and Microsoft's Autodiscover, both in XML.

A document type, which could define entities, is refused. Names of elements are compared without regard to case and
namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from xml.parsers import expat

MAX_DEPTH = 30
MAX_TEXT = 1000
MAX_ELEMENTS = 5000


class TLSStart(StrEnum):
    """How TLS begins with a server."""

    AT_ONCE = "TLS at once"
    STARTTLS = "STARTTLS"
    NONE = "in clear"
    OPEN = "either way"


@dataclass(frozen=True)
class NamedServer:
    """A server that is named for users. ``service`` is imap, pop3 or submission."""

    service: str
    host: str
    port: int
    tls: TLSStart

    def __str__(self) -> str:
        return f"{self.service} {self.host}:{self.port} ({self.tls})"


@dataclass(frozen=True)
class ClientSettings:
    """The servers that a document names, and where it sends the program instead."""

    servers: tuple[NamedServer, ...]
    errors: tuple[str, ...]
    redirect: str = ""
    """A URL or a mailbox of Autodiscover."""


@dataclass
class _Element:
    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[_Element] = field(default_factory=list)

    def all(self, name: str) -> Iterator[_Element]:
        """The elements of that name below, in their order."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.all(name)

    def value(self, name: str) -> str:
        """The text of the first child of that name; empty where there is none."""
        return next((child.text.strip() for child in self.children if child.name == name), "")


class _Refused(ValueError):
    """XML that is not read."""


def _tree(text: str) -> _Element:
    """The root element. Raises _Refused and expat's errors."""
    root = _Element("", {})
    stack, count = [root], 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > MAX_DEPTH or count > MAX_ELEMENTS:
            raise _Refused("it has too many elements")
        known = {key.lower(): value for key, value in attributes.items()}
        element = _Element(name.rpartition(" ")[2].lower(), known)
        stack[-1].children.append(element)
        stack.append(element)

    def characters(data: str) -> None:
        stack[-1].text = (stack[-1].text + data)[:MAX_TEXT]

    def doctype(*_: object) -> None:
        raise _Refused("it has a document type, which may define entities")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: stack.pop()
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = doctype
    parser.Parse(text.encode("utf-8", "replace"), True)
    return root


_HTML = "<!doctype html"


def _read(text: str) -> _Element | str:
    """The root, or why it cannot be read."""
    text = text.lstrip("\ufeff \t\r\n")
    if text[: len(_HTML)].lower() == _HTML:
        return "it is a page of HTML"
    try:
        return _tree(text)
    except _Refused as refused:
        return str(refused)
    except (expat.ExpatError, ValueError, LookupError) as error:
        return f"it is not XML: {error}"


_SOCKETS = {"ssl": TLSStart.AT_ONCE, "tls": TLSStart.AT_ONCE, "starttls": TLSStart.STARTTLS, "plain": TLSStart.NONE}
_SERVICES = {"imap": "imap", "pop3": "pop3", "smtp": "submission"}


_OF_ANOTHER_KIND = ("jmap", "ews", "exchange", "graph", "activesync")
"""Of ``incomingServer``: found by URLs, and for outgoing mail as well."""


def parse_autoconfig(text: str, domain: str) -> ClientSettings:
    """Of ``clientConfig`` (draft-ietf-mailmaint-autoconfig), for the mailboxes of a domain."""
    root = _read(text)
    if isinstance(root, str):
        return ClientSettings((), (root,))
    if not any(child.name == "clientconfig" for child in root.children):
        return ClientSettings((), ("its root is not clientConfig",))
    servers, errors = [], []
    for kind in ("incomingserver", "outgoingserver"):
        for element in root.all(kind):
            service = _SERVICES.get(element.attributes.get("type", "").lower())
            if service is None:
                continue
            tls = _SOCKETS.get(element.value("sockettype").lower())
            host = element.value("hostname").lower().replace("%emaildomain%", domain).rstrip(".")
            port = _port(element.value("port"))
            if tls is None or port is None or not host:
                errors.append(f"a server for {service} lacks hostname, port or socketType")
            else:
                servers.append(NamedServer(service, host, port, tls))
    types = {element.attributes.get("type", "").lower() for element in root.all("incomingserver")}
    if not servers and not types.isdisjoint(_OF_ANOTHER_KIND):
        return ClientSettings((), tuple(errors))
    for direction, wanted in (("incoming", ("imap", "pop3")), ("outgoing", ("submission",))):
        if not errors and not any(server.service in wanted for server in servers):
            errors.append(f"it names no server for {direction} mail")
    return ClientSettings(tuple(servers), tuple(errors))


def parse_autodiscover(text: str) -> ClientSettings:
    """Of the response to a POX request ([MS-OXDSCLI], section 2.2.4): ``Protocol`` elements, or a redirection."""
    root = _read(text)
    if isinstance(root, str):
        return ClientSettings((), (root,))
    if not any(child.name == "autodiscover" for child in root.children):
        return ClientSettings((), ("its root is not Autodiscover",))
    for name in ("redirecturl", "redirectaddr"):
        for element in root.all(name):
            return ClientSettings((), (), element.text.strip())
    servers = []
    for element in root.all("protocol"):
        service = _SERVICES.get(element.value("type").lower())
        host, port = element.value("server").lower().rstrip("."), _port(element.value("port"))
        if service is not None and host and port is not None:
            servers.append(NamedServer(service, host, port, _autodiscover_tls(element)))
    return ClientSettings(tuple(servers), ())


def _autodiscover_tls(element: _Element) -> TLSStart:
    """``Encryption`` wins over ``SSL``, which is on where it is missing, and does not say how TLS begins."""
    encryption = element.value("encryption").lower()
    if encryption in ("none", "ssl", "tls"):
        return {"none": TLSStart.NONE, "ssl": TLSStart.AT_ONCE, "tls": TLSStart.STARTTLS}[encryption]
    return TLSStart.NONE if element.value("ssl").lower() == "off" else TLSStart.OPEN


def _port(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536 else None
