"""What a domain name can stand for, as far as the name itself says."""

from __future__ import annotations

from ipaddress import ip_address


def is_host(name: str) -> bool:
    """Whether the exchange of an MX record can be a host at all: not the root of a null MX, an address, this machine."""
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
