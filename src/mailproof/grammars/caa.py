"""CAA records: flags, tag and value (RFC 8659, section 4.1), and what the values of known tags may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

CRITICAL = 128
"""The one flag that has a meaning: a CA that does not know the tag must not issue."""

ISSUING = ("issue", "issuewild", "issuemail", "issuevmc")
"""Tags that say who may issue: for names, for wildcards (RFC 8659), for mail addresses (RFC 9495), for marks."""
CONTACTS = ("contactemail", "contactphone")
"""Tags of the CA/Browser Forum."""
RESERVED = ("auth", "path", "policy")
"""Tags that IANA's registry keeps reserved: nobody defines them."""
KNOWN = (*ISSUING, *CONTACTS, "iodef")

MOST_TOLD = 200
"""Characters of a value that are told, so that what is wrong with it is told as well."""

METHODS = ("http-01", "dns-01", "tls-alpn-01", "email-reply-00", "tkauth-01", "onion-csr-01", "dns-account-01")
"""IANA's ACME validation methods, as of November 2026; a CA's own begin with ``ca-`` (RFC 8657, section 4)."""

_LABEL = "[A-Za-z0-9](?:-*[A-Za-z0-9])*"
_ISSUER = re.compile(rf"[ \t]*+(?P<issuer>{_LABEL}(?:\.{_LABEL})*)?[ \t]*+(?:;(?P<parameters>.*))?", re.DOTALL)
_PARAMETER = re.compile(rf"(?P<tag>{_LABEL})[ \t]*+=[ \t]*+(?P<value>[\x21-\x3a\x3c-\x7e]*)")
_TAG = re.compile(r"[A-Za-z0-9]+")
_METHOD = re.compile(r"[A-Za-z0-9-]+")
_MAILBOX = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W_](?:[\w-]*[^\W_])?")
_PHONE = re.compile(r"\+[.()-]*+[0-9][0-9.()-]*+")
_WHOLE = re.compile(r'(?P<flags>[0-9]{1,3}) (?P<tag>\S+) "(?P<value>.*)"', re.DOTALL)
_GENERIC = re.compile(r"\\# [0-9]+ (?P<octets>(?:[0-9A-Fa-f]{2} ?)+)")
_ESCAPE = re.compile(r"\\([0-9]{3}|.)", re.DOTALL)
_SCHEMES = ("mailto", "http", "https")


@dataclass(frozen=True)
class CAARecord:
    """One CAA record. What is wrong with it is said in words that follow its text."""

    flags: int
    tag: str
    """In lower case: tags are compared without regard to it (RFC 8659, section 4.1)."""
    value: str

    @property
    def authorises(self) -> bool:
        """Whether it says who may issue certificates for names: nobody, if it names no CA."""
        return self.tag == "issue"

    @property
    def issuer(self) -> str:
        """The CA that an issuing record names, in lower case; empty where it names none, or cannot be read."""
        match = _ISSUER.fullmatch(self.value) if self.tag in ISSUING else None
        return (match["issuer"] or "").lower() if match else ""

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The parameters of an issuing record, as far as they can be read."""
        match = _ISSUER.fullmatch(self.value) if self.tag in ISSUING else None
        texts = (match["parameters"] or "").split(";") if match else []
        found = (_PARAMETER.fullmatch(text.strip(" \t")) for text in texts)
        return tuple((parameter["tag"].lower(), parameter["value"]) for parameter in found if parameter)

    @property
    def error(self) -> str:
        """Why it breaks RFC 8659 or RFC 9495; empty if it does not."""
        if not _TAG.fullmatch(self.tag):
            return "the tag is not made of letters and digits"
        if self.flags & ~CRITICAL:
            return f"the flags are {self.flags}: all but 128 are reserved and must be 0"
        if self.tag in RESERVED:
            return f"the tag {self.tag} is reserved: no CA knows what it means"
        if self.tag not in KNOWN and self.flags & CRITICAL:
            return f"it is critical and no registered tag is called {self.tag}: no CA may issue"
        return _issuing_error(self.value) if self.tag in ISSUING else ""

    @property
    def is_unknown(self) -> bool:
        """Whether no registry has the tag; CAs ignore it."""
        return self.tag not in (*KNOWN, *RESERVED)

    @property
    def scheme(self) -> str:
        """The scheme of the address that an iodef record names; empty where it names none."""
        try:
            parts = urlsplit(self.value)
        except ValueError:
            return ""
        return parts.scheme if parts.netloc or (parts.scheme == "mailto" and "@" in parts.path) else ""

    @property
    def iodef_error(self) -> str:
        """Why nobody can report to where an iodef record points (RFC 8659, section 4.4); empty if one can."""
        return "" if self.scheme in _SCHEMES else "it is neither a mailto: nor an https: address"

    @property
    def contact_error(self) -> str:
        """Why a contact cannot be used (CA/Browser Forum, Baseline Requirements, appendix A.1); empty if it can."""
        if self.tag == "contactemail" and not _MAILBOX.fullmatch(self.value):
            return "it is no mail address, alone and without mailto:"
        if self.tag == "contactphone" and not _PHONE.fullmatch(self.value):
            return "it is no global telephone number, like +1-555-0100"
        return ""

    def __str__(self) -> str:
        value = self.value if len(self.value) <= MOST_TOLD else f"{self.value[:MOST_TOLD]}..."
        return f'{self.flags} {self.tag} "{value}"'


def _issuing_error(value: str) -> str:
    match = _ISSUER.fullmatch(value)
    if match is None:
        return "the value is neither a CA's domain name nor empty"
    first, *others = (match["parameters"] or "").split(";")
    for text in (first, *others) if first.strip(" \t") or others else ():
        if not text.strip(" \t"):
            return "nothing stands before or behind a semicolon between parameters"
        if not _PARAMETER.fullmatch(text.strip(" \t")):
            return f"{text.strip()!r:.60} is no parameter of the form tag=value"
    return ""


def method_errors(value: str) -> tuple[str, ...]:
    """What is wrong with the list of a ``validationmethods`` parameter (RFC 8657, section 4)."""
    wrong = [name for name in value.split(",") if value and not _METHOD.fullmatch(name)]
    return tuple(f"{name!r:.40} is no name of a method" for name in wrong)


def is_known_method(name: str) -> bool:
    """Whether IANA's registry has the method, or it is a CA's own."""
    return name in METHODS or name.startswith("ca-")


def parse_caa(data: str) -> CAARecord | None:
    """A CAA record from its presentation format as dnspython writes it; None for what is not of that form.

    Of a record whose tag dnspython refuses, that is the format for unknown types (RFC 3597, section 5).
    """
    if generic := _GENERIC.fullmatch(data):
        return _from_octets(bytes.fromhex(generic["octets"]))
    match = _WHOLE.fullmatch(data)
    if match is None:
        return None
    return CAARecord(int(match["flags"]), match["tag"].lower(), _ESCAPE.sub(_unescaped, match["value"]))


def _from_octets(octets: bytes) -> CAARecord | None:
    """Flags, the length of the tag, the tag, and the value in what is left (RFC 8659, section 4.1)."""
    if len(octets) < 2 or len(octets) < 2 + octets[1]:
        return None
    tag, value = octets[2 : 2 + octets[1]], octets[2 + octets[1] :]
    return CAARecord(octets[0], tag.decode("latin-1").lower(), value.decode("latin-1"))


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1]) & 255) if match[1].isdigit() and len(match[1]) == 3 else match[1]
