"""Whether the domain that somebody would have to register for a name is registered, as far as the DNS says.

The Public Suffix List tells which part of a name that is; its ICANN section only, since what the operator of a service
gives to customers below a name of his own is no registration.
"""

from __future__ import annotations

import re
from functools import cache

from publicsuffixlist import PublicSuffixList

from mailproof.net.dns.client import Answer, DNSClient
from mailproof.net.dns.names import is_special_use
from mailproof.net.errors import NotObserved


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)


@cache
def _whole_list() -> PublicSuffixList:
    return PublicSuffixList()


def is_public_suffix(name: str) -> bool:
    """Whether the Public Suffix List has ``name``, in either of its sections; every top-level domain counts."""
    return "." not in name or _whole_list().publicsuffix(name) == name


def organisation_by_list(name: str) -> str:
    """The organisational domain by the Public Suffix List (RFC 7489, section 3.2); empty for a suffix itself."""
    return _whole_list().privatesuffix(name) or ""


def registrable(name: str) -> str:
    """The domain that one registers to have a name, like example.co.uk; empty where nobody can have it."""
    if is_special_use(name) or name.endswith(".arpa"):
        return ""
    domain = _suffixes().privatesuffix(name) or ""
    return domain if _TO_BE_HAD.fullmatch(domain) else ""


def owned(name: str) -> str:
    """The domain whose owner a name has: the registrable one; a name that nobody can register is its own."""
    return _suffixes().privatesuffix(name) or name


_TO_BE_HAD = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
"""No registry gives anybody a name with other characters (RFC 1123, section 2.1)."""


async def unregistered(dns: DNSClient, answer: Answer) -> str:
    """The domain that anybody could register to have the name at the end of an answer; empty where that is not shown.

    The answer has to deny the name, with the authority of a zone above the domain: the domain's own would show that
    there is one (RFC 2308, section 3). Then the domain itself is asked for, and has to be denied as well. Domains that
    are registered and have no name servers, being on hold, look the same.
    """
    if not answer.nonexistent:
        return ""
    end = answer.aliases[-1] if answer.aliases else answer.name
    domain = registrable(end)
    denied_by = next((record.name for record in answer.authority if record.type == "SOA"), "")
    if not domain or f".{denied_by}".endswith(f".{domain}"):
        return ""
    return domain if await is_unregistered(dns, domain) else ""


async def is_unregistered(dns: DNSClient, domain: str) -> bool:
    """Whether the DNS denies a registrable domain. Nothing that could not be asked is denied."""
    try:
        return (await dns.resolve(domain, "SOA")).nonexistent
    except NotObserved:
        return False
