"""Report addresses: URIs by RFC 3986, mailboxes in mailto: by RFC 6068.

A URI splitter takes everything apart that looks like a URI; this is the grammar.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import unquote

from mailproof.net.dns.names import normalise

_CHARACTER = r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2}"
_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*:(?:{_CHARACTER})+")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")

_ATOM = r"(?:[A-Za-z0-9!$&'*+\-=^_`{|}~]|%[0-9A-Fa-f]{2})+"
_ALNUM = r"(?:[A-Za-z0-9_]|%[89A-Fa-f][0-9A-Fa-f])"
_LABEL = rf"{_ALNUM}(?:(?:{_ALNUM}|-)*{_ALNUM})?"
_MAILTO = re.compile(rf"mailto:{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*\.?(?:\?[^#]*)?", re.IGNORECASE)
"""One mailbox (RFC 6068, section 2): what a URI cannot hold, and "%", "/", "?", "#", "[", "]", are percent-encoded."""

_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])"
_HTTPS = re.compile(
    rf"https?://(?:[^/?#@\[\]]*@)?(?P<host>{_HOST})(?::[0-9]*)?(?:/[^?#\[\]]*)?(?:\?[^#\[\]]*)?(?:#[^#\[\]]*)?", re.I
)


def uri_error(uri: str) -> str | None:
    """Why a report address is no URI, or no mailbox; None if it is right."""
    if not uri:
        return "the address is empty"
    if not _URI.fullmatch(uri):
        return f"{uri!r} is not a URI{_reason(uri)}"
    scheme = scheme_of(uri)
    if scheme == "mailto" and not _MAILTO.fullmatch(uri):
        return f"{uri!r} holds no mailbox (RFC 6068, section 2)"
    if scheme == "mailto" and not _names_a_domain(uri):
        return f"{uri!r}: what follows the @ is no domain name (RFC 6068, section 2)"
    if scheme in ("http", "https") and not ((found := _HTTPS.fullmatch(uri)) and _is_host(found["host"])):
        return f"{uri!r} names no host"
    return None


def _is_host(host: str) -> bool:
    """Whether a host is a name, or an IPv6 address in brackets (RFC 3986, section 3.2.2)."""
    try:
        return not host.startswith("[") or bool(IPv6Address(host[1:-1]))
    except ValueError:
        return False


_SIMPLE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
"""A local part that needs no quotes (RFC 5321, section 4.1.2)."""


def mailbox_of(uri: str) -> str:
    """The mailbox that a mailto: address names, in lower case; empty for what is none, or needs quotes or UTF-8."""
    if uri_error(uri) is not None or scheme_of(uri) != "mailto":
        return ""
    local, _, domain = unquote(uri[len("mailto:") :].partition("?")[0]).rpartition("@")
    if not _SIMPLE.fullmatch(local) or len(local) > 64:
        return ""
    return f"{local}@{normalise(domain)}".lower()


def _names_a_domain(uri: str) -> bool:
    """Whether the domain of a mailbox can be asked for: its labels are not too long, and UTF-8 is what is encoded."""
    try:
        normalise(unquote(uri.partition("?")[0].rpartition("@")[2], errors="strict"))
    except ValueError:
        return False
    return True


def scheme_of(uri: str) -> str:
    """The scheme in lower case; "" without one."""
    found = _SCHEME.match(uri)
    return found[1].lower() if found else ""


def _reason(uri: str) -> str:
    if not scheme_of(uri):
        return ": it has no scheme, like mailto:"
    foreign = re.sub(_CHARACTER, "", uri)
    if foreign.startswith("%"):
        return ": a % without two hexadecimal digits"
    return f": {foreign[0]!r} must be percent-encoded (RFC 3986, section 2)" if foreign else ""
