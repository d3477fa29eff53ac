"""The values of inventories: names, addresses, mailboxes and ports, each with its check."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from mailproof.net.dns.client import normalise
from mailproof.net.mailboxes import MailboxURL
from mailproof.net.services import SERVICES
from mailproof.net.settings import SocketAddress


def wrong(message: str) -> PydanticCustomError:
    """The error that a validator raises: its message is shown as it is."""
    return PydanticCustomError("inventory", "{message}", {"message": message})


def domain_name(value: str) -> str:
    """A host or domain name as A-labels in lower case. Raises ValueError for anything else."""
    if len(value) <= MAX_NAME and _WRITTEN_SO.fullmatch(value):
        return value  # as nearly all are: a fleet has millions, and each of its shards reads them
    try:
        name = normalise(value)
    except ValueError as error:
        raise wrong(f"{value!r} is not a domain name ({error})") from None
    if _is_address(name):
        raise wrong(f"{value!r} is an address; a domain name is expected, like example.org")
    if name == "." or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise wrong(f"{value!r} is not a domain name, like example.org")
    return name


def a_labels(name: str) -> str:
    """A name with its labels in ASCII; what is no name stays."""
    try:
        return domain_name(name)
    except ValueError:
        return name


MAX_NAME = 253
"""Letters of a name without the final dot (RFC 1035, section 2.3.4)."""

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_WRITTEN_SO = re.compile(rf"(?:{_LABEL.pattern}\.)*(?![0-9]){_LABEL.pattern}")
"""A name that stays as it is; no address, whose last label begins with a digit."""


def mailbox_url(value: str) -> str:
    """A URL like imaps://USER@HOST/FOLDER, without a password. Raises ValueError for anything else."""
    try:
        MailboxURL.of(value)
    except ValueError as error:
        raise wrong(str(error)) from None
    return value


def _zone_name(value: str) -> str:
    """A domain name whose labels may hold a slash, as classless reverse zones have (RFC 2317, section 4)."""
    domain_name(value.replace("/", "-"))
    return normalise(value)


def _is_address(value: str) -> bool:
    """Whether a numeric address is written, without a zone index: those mean something on one machine only."""
    try:
        ip_address(value)
    except ValueError:
        return False
    return "%" not in value


def _address(value: str) -> str:
    if not _is_address(value):
        raise wrong(f"{value!r} is not an IPv4 or IPv6 address, like 192.0.2.25 or 2001:db8::25")
    return str(ip_address(value))


def socket_address(value: str, default_port: int | None) -> SocketAddress:
    """An address with a port, which may be left out where there is a default. Raises ValueError for anything else."""
    match = re.fullmatch(
        r"\[(?P<v6>[^\]]+)\](?::(?P<port6>[0-9]{1,5}))?|(?P<v4>[^:]+)(?::(?P<port4>[0-9]{1,5}))?", value
    )
    if match is None and _is_address(value) and default_port is not None:
        return SocketAddress(str(ip_address(value)), default_port)
    if match is not None:
        address, port = match["v6"] or match["v4"], match["port6"] or match["port4"]
        if _is_address(address) and (port or default_port is not None):
            number = int(port) if port else default_port
            if number is not None and 0 < number < 65536:
                return SocketAddress(str(ip_address(address)), number)
    example = "192.0.2.53 or [2001:db8::53]:53" if default_port else "127.0.0.1:2525 or [::1]:2525"
    raise wrong(f"{value!r} is not an address{' with a port' if not default_port else ''}, like {example}")


def _resolver(value: str) -> str:
    return str(socket_address(value, 53))


def connect_key(value: str) -> str:
    """A key of the connect map in its one spelling. Raises ValueError for anything else."""
    host, _, port = value.rpartition(":")
    if re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536 and host:
        bare = host.removeprefix("[").removesuffix("]")
        if _is_address(bare):
            return str(SocketAddress(str(ip_address(bare)), int(port)))
        return f"{domain_name(host)}:{int(port)}"
    raise wrong(f"{value!r} is not ADDRESS:PORT or HOST:PORT, like 192.0.2.25:25 or mx1.example.org:25")


def _connect_value(value: str) -> str:
    return str(socket_address(value, None))


_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")


def _local_part(value: str) -> str:
    if not _LOCAL_PART.fullmatch(value):
        raise wrong(f"{value!r} is not the part of a mailbox before the @, like postmaster")
    return value


def mailbox(value: str) -> str:
    """A mailbox, its domain as A-labels in lower case. Raises ValueError for anything else."""
    local, at, domain = value.rpartition("@")
    if not at:
        raise wrong(f"{value!r} is not a mailbox, like postmaster@example.org")
    return f"{_local_part(local)}@{domain_name(domain)}"


def _role(value: str) -> str:
    if value not in SERVICES:
        near = get_close_matches(value, SERVICES, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise wrong(f"{value!r} is not a role of a host, which are {', '.join(SERVICES)}{hint}")
    return value


def unique(values: list[Any]) -> list[Any]:
    """The values, if none is listed twice. Raises ValueError."""
    seen: set[str] = set()
    for value in values:
        key = getattr(value, "key", None) or str(value)
        if key in seen:
            raise wrong(f"{key} is listed twice")
        seen.add(key)
    return values


def keys_once(canonical: Callable[[str], str]) -> BeforeValidator:
    """Refuse a mapping in which two keys are the same name, written differently."""

    def check(value: Any) -> Any:
        seen: dict[str, str] = {}
        for key in value if isinstance(value, dict) else ():
            try:
                name = canonical(key)
            except ValueError:
                continue
            if name in seen:
                raise wrong(f"{seen[name]} and {key} are the same")
            seen[name] = key
        return value

    return BeforeValidator(check)


def _network_or_name(value: str) -> str:
    """A network or an address in its one spelling, else a name. Raises ValueError."""
    try:
        return str(ip_network(value)) if "/" in value else str(ip_address(value))
    except ValueError as error:
        if "/" in value:
            raise wrong(f"{value!r} is not a network, like 192.0.2.0/24 ({error})") from None
        if re.fullmatch(r"(?:AS)?[0-9]+", value, re.IGNORECASE):
            raise wrong(
                f"{value!r} is no name: nobody here knows the networks of an AS; write those that it announces, "
                "like 192.0.2.0/24 (whois -h whois.radb.net -- '-i origin AS64496' lists them)"
            ) from None
        return domain_name(value)


def _sender(value: str) -> str:
    """A mailbox that may have the number of the run behind a plus sign. Raises ValueError."""
    if "{run}" in value and not re.fullmatch(r"[^{}+]+\+\{run\}@[^{}]+", value):
        raise wrong(f"{value!r}: {{run}} stands behind a plus sign and before the @, like prober+{{run}}@example.org")
    return mailbox(value)


def _file_or_url(value: str) -> str:
    if "://" in value and not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[!-~]*", value):
        raise wrong(f"{value!r} is neither a file nor an https URL, like https://rpki.example/json")
    return value


def _site(value: str) -> str:
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~%/-]*)?", value):
        raise wrong(f"{value!r} is no https URL of a site, like https://docs.example.org/mailproof/")
    return value.rstrip("/") + "/"


def is_url(source: str) -> bool:
    """Whether it is an https URL, and no file."""
    return source.startswith("https://")


FileOrURL = Annotated[str, Field(min_length=1), AfterValidator(_file_or_url)]
Site = Annotated[
    Annotated[str, AfterValidator(_site)] | None,
    Field(
        description="Where you publish the site that `make site` builds. Reports lead from each finding to the page of "
        "its control there."
    ),
]
DomainName = Annotated[str, AfterValidator(domain_name)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
Address = Annotated[str, AfterValidator(_address)]
ResolverAddress = Annotated[str, AfterValidator(_resolver)]
ConnectKey = Annotated[str, AfterValidator(connect_key)]
ConnectValue = Annotated[str, AfterValidator(_connect_value)]
LocalPart = Annotated[str, AfterValidator(_local_part)]
Mailbox = Annotated[str, AfterValidator(mailbox)]
NetworkOrName = Annotated[str, AfterValidator(_network_or_name)]
SenderMailbox = Annotated[str, AfterValidator(_sender)]
Port = Annotated[int, Field(ge=1, le=65535)]
HostRole = Annotated[str, AfterValidator(_role), WithJsonSchema({"enum": list(SERVICES), "type": "string"})]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Selector = DomainName
