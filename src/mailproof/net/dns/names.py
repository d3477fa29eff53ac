"""Domain names: how they are written, and what they can stand for as far as the name itself says."""

from __future__ import annotations

import struct
from collections.abc import Container
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

import dns.exception
import dns.name


def normalise(name: str) -> str:
    """The way domain names are written: A-labels (IDNA 2008, UTS 46), lower case, no final dot; root ``.``

    ASCII is taken as in a master file (underscores and ``\\DDD`` escapes are welcome). Raises ValueError for
    what is not a domain name (RFC 1035, section 2.3.4; RFC 5891).
    """
    return text_of(parse_name(name))


def reverse_name(address: str) -> str:
    """The name under in-addr.arpa or ip6.arpa of an address (RFC 1035, section 3.5; RFC 3596, section 2.5).

    Raises ValueError if ``address`` is not a numeric address, or has a zone index.
    """
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
        raise ValueError(f"{address!r} has a zone index, so no reverse name")
    return parsed.reverse_pointer


def is_host(name: str) -> bool:
    """Whether the exchange of an MX record can be a host at all: not the root of a null MX, an address or localhost."""
    return name != "." and not is_address(name) and not is_this_machine(name)


def is_address(name: str) -> bool:
    """Whether a name is an address, perhaps in the brackets of a literal."""
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def is_this_machine(name: str) -> bool:
    """Whether a name always means the machine that looks it up (RFC 6761, section 6.3)."""
    return name.endswith((".localhost", ".localhost.localdomain")) or name in ("localhost", "localhost.localdomain")


def is_special_use(name: str) -> bool:
    """Whether a name lies where nobody registers any, and resolvers answer by themselves and without proof.

    RFC 6761, RFC 6762, RFC 7686 and RFC 9476.
    """
    return name.rpartition(".")[2] in ("invalid", "localhost", "local", "onion", "alt", "internal")


def deepest(name: str, zones: Container[str]) -> str:
    """The deepest of ``zones`` that holds a name; empty where none does."""
    labels = name.split(".")
    above = (".".join(labels[count:]) for count in range(len(labels)))
    return next((zone for zone in (*above, ".") if zone in zones), "")


def parse_name(name: str) -> dns.name.Name:
    """ASCII goes by octets, so that ``\\DDD`` from the network stays that octet. Raises ValueError."""
    if name in ("", "@"):
        raise ValueError(f"{name!r} is not a domain name")
    try:
        if name.isascii():
            return dns.name.from_text(name.encode("ascii"))
        return dns.name.from_text(name, idna_codec=dns.name.IDNA_2008_Practical)
    except (dns.exception.DNSException, ValueError, struct.error) as error:  # struct.error: \DDD above 255
        raise ValueError(f"{name!r} is not a domain name: {error or type(error).__name__}") from error


def text_of(name: dns.name.Name) -> str:
    return _label_text(name.labels)


@lru_cache(maxsize=8192)
def _label_text(labels: tuple[bytes, ...]) -> str:
    return dns.name.Name(labels).to_text(omit_final_dot=True).lower()


def dotted(name: str) -> str:
    return name if name == "." else f"{name}."
