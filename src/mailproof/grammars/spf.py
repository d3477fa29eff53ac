"""SPF records taken apart (RFC 7208, section 12)."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

MAX_LOOKUPS = 10
"""Terms that cause DNS queries, over the whole recursion (RFC 7208, section 4.6.4)."""

MAX_NAME = 253
"""Characters of a domain name (RFC 7208, section 7.3)."""
MAX_VOID_LOOKUPS = 2
"""Lookups that come back empty (RFC 7208, section 4.6.4)."""

RESULT_OF_ALL = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
"""What a sender gets who matches a mechanism, by its qualifier (RFC 7208, section 4.6.2)."""

LOOKUP_MECHANISMS = frozenset({"include", "a", "mx", "ptr", "exists"})
_MECHANISMS = LOOKUP_MECHANISMS | {"all", "ip4", "ip6"}

_VERSION = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_NEAR_VERSION = re.compile(r"\W*(?:v\W{0,5}spf(?!2\.0)|spf1[ ;])", re.IGNORECASE | re.ASCII)
"""Texts hold an octet as a character: by ASCII, the octets of quotes and blanks of Unicode are no letters."""
_HOST_NAME_MACRO = re.compile(r"%\{p", re.IGNORECASE)
_SENDER_MACRO = re.compile(r"%\{[slihv]", re.IGNORECASE)
_MODIFIER = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9._-]*)=(?P<value>.*)", re.DOTALL)
_DIRECTIVE = re.compile(r"(?P<qualifier>[-+?~]?)(?P<name>[A-Za-z0-9]+)(?P<rest>.*)", re.DOTALL)
_CIDR = re.compile(r"(?:/(?P<ip4>[0-9]+))?(?://(?P<ip6>[0-9]+))?\Z")
_MACRO_LETTER = r"%\{[slodiphvSLODIPHV](?:[1-9]\d*|0+[1-9]\d*)?[rR]?[-.+,/_=]*\}"
_MACRO_STRING = re.compile(rf"(?:{_MACRO_LETTER}|%%|%_|%-|[\x21-\x24\x26-\x7e])*")
_TOPLABEL = r"(?:(?=[0-9]*+[A-Za-z])[A-Za-z0-9]++|(?=[A-Za-z0-9]++-)[A-Za-z0-9-]++(?<!-))"
_DOMAIN_END = re.compile(rf"(?:\.{_TOPLABEL}\.?|{_MACRO_LETTER}|%%|%_|%-)\Z")


@dataclass(frozen=True)
class Term:
    """One mechanism (with its qualifier) or modifier of a record. ``error`` says how it breaks the grammar."""

    text: str
    name: str
    """Lower case; names are case-insensitive."""
    qualifier: str = ""
    """``+``, ``-``, ``~`` or ``?`` of a mechanism; empty for modifiers."""
    domain: str | None = None
    """The domain-spec, macros unexpanded."""
    error: str | None = None
    value: str = ""
    """What follows the equals sign of a modifier."""

    @property
    def is_mechanism(self) -> bool:
        return bool(self.qualifier)

    @property
    def costs_lookup(self) -> bool:
        """Whether the term counts towards the ten (RFC 7208, section 4.6.4)."""
        return self.name in LOOKUP_MECHANISMS if self.is_mechanism else self.name == "redirect"

    @property
    def host_name_macros(self) -> int:
        """How often ``%{p}`` asks for the sender's PTR: each counts towards the ten as well (section 4.6.4)."""
        return len(_HOST_NAME_MACRO.findall(self.domain or ""))

    @property
    def network(self) -> IPv4Network | IPv6Network | None:
        """The addresses of an ``ip4`` or ``ip6`` (section 5.6); None for all other terms, and for one in error."""
        if self.name not in ("ip4", "ip6") or not self.is_mechanism or self.error:
            return None
        return ip_network(self.text.partition(":")[2], strict=False)

    @property
    def prefixes(self) -> tuple[int, int]:
        """How many bits of an IPv4 and of an IPv6 address an ``a`` or ``mx`` compares (section 5.3)."""
        found = _CIDR.search(self.text)
        assert found is not None  # noqa: S101  the pattern matches the empty string
        return int(found["ip4"] or 32), int(found["ip6"] or 128)

    @property
    def misspelt(self) -> str:
        """The mechanism that is meant by a modifier of its name, or the redirect by one of nearly that name: unknown
        modifiers are ignored (section 6). Empty where none is meant.
        """
        if self.is_mechanism or self.name == "redirect":
            return ""
        if get_close_matches(self.name, ("redirect",), 1, 0.75):
            return f"redirect={self.value}"
        name = _SPELLING.get(self.name, self.name)
        if name not in _MECHANISMS:
            return ""
        return "-all" if name == "all" else f"{name}:{self.value}"

    @property
    def depends_on_sender(self) -> bool:
        """Whether the sender's mailbox, address or names decide where the term leads (section 7.2)."""
        return bool(self.host_name_macros or _SENDER_MACRO.search(self.domain or ""))


@dataclass(frozen=True)
class SPFRecord:
    """A record taken apart."""

    text: str
    terms: tuple[Term, ...]
    error: str | None = None
    """A fault of the record as a whole."""

    @property
    def errors(self) -> tuple[str, ...]:
        """Every way in which the record breaks the grammar of RFC 7208, section 12; each makes it a permerror."""
        own = (self.error,) if self.error else ()
        return own + tuple(f"{term.text}: {term.error}" for term in self.terms if term.error)

    @property
    def all(self) -> Term | None:
        """The first ``all``; what stands behind it is never looked at (section 5.1)."""
        return next((term for term in self.terms if term.is_mechanism and term.name == "all"), None)

    @property
    def explanation(self) -> Term | None:
        """The ``exp`` modifier (section 6.2)."""
        return next((term for term in self.terms if not term.is_mechanism and term.name == "exp"), None)

    @property
    def ignored(self) -> tuple[Term, ...]:
        """Terms that receivers never look at: mechanisms behind the first ``all``, and a redirect beside one
        (sections 5.1 and 6.1).
        """
        if self.all is None:
            return ()
        end = self.terms.index(self.all)
        return tuple(
            term
            for position, term in enumerate(self.terms)
            if (position > end if term.is_mechanism else term.name == "redirect")
        )

    @property
    def reporting(self) -> tuple[Term, ...]:
        """The modifiers ra, rp and rr that ask for failure reports (RFC 6652, section 3)."""
        return tuple(term for term in self.terms if not term.is_mechanism and term.name in ("ra", "rp", "rr"))

    @property
    def redirect(self) -> Term | None:
        """The redirect, which counts only where no ``all`` stands anywhere (section 6.1)."""
        if self.all is not None:
            return None
        return next((term for term in self.terms if not term.is_mechanism and term.name == "redirect"), None)

    @property
    def evaluated(self) -> tuple[Term, ...]:
        """Terms in the order in which a sender who matches nothing gets to them."""
        terms: list[Term] = []
        for term in self.terms:
            if term.is_mechanism:
                terms.append(term)
                if term.name == "all":
                    break
        return (*terms, *((self.redirect,) if self.redirect else ()))


def select_records(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The TXT texts that are SPF records: the version, then a space or the end (RFC 7208, section 4.5)."""
    return tuple(text for text in texts if _VERSION.match(text))


def near_misses(texts: tuple[str, ...]) -> tuple[str, ...]:
    """TXT texts that look like an attempt at an SPF record and do not count as one:
    a blank in front, a semicolon, no version.
    """
    return tuple(text for text in texts if _NEAR_VERSION.match(text) and not _VERSION.match(text))


def target_name(expanded: str) -> str | None:
    """The domain name that an expanded domain-spec makes, in the form of a master file; None if it makes none.

    Labels are removed from the left until 253 characters are left (RFC 7208, section 7.3); a malformed name is
    taken as one that does not exist (sections 4.3 and 4.8).
    """
    name = expanded.lower().removesuffix(".")
    while len(name) > MAX_NAME and "." in name:
        name = name.partition(".")[2]
    if len(name) > MAX_NAME or not all(0 < len(label.encode()) <= 63 for label in name.split(".")):
        return None
    return name.replace("\\", "\\\\").replace("@", "\\@")


def parse_record(text: str) -> SPFRecord:
    """Take a selected record apart. Never raises: faults are in ``errors``."""
    terms = tuple(_term(part) for part in text[len("v=spf1") :].split(" ") if part)
    error = None
    if not all(" " <= character <= "~" for character in text):
        error = "holds characters other than printable ASCII"
    for name in ("redirect", "exp"):
        if sum(not term.is_mechanism and term.name == name for term in terms) > 1:
            error = f"{name} is given twice"
    return SPFRecord(text, terms, error)


def _term(text: str) -> Term:
    modifier = _MODIFIER.fullmatch(text)
    if modifier:
        return _modifier(text, modifier["name"].lower(), modifier["value"])
    match = _DIRECTIVE.fullmatch(text)
    if match is None:
        return Term(text, text.lower(), "+", error="neither a mechanism nor a modifier")
    return _mechanism(text, match["qualifier"] or "+", match["name"].lower(), match["rest"])


def _modifier(text: str, name: str, value: str) -> Term:
    if name in ("redirect", "exp"):
        return Term(text, name, domain=value, error=_domain_spec_error(value), value=value)
    error = None if _MACRO_STRING.fullmatch(value) else "the value is not a macro-string"
    return Term(text, name, error=error, value=value)


def _mechanism(text: str, qualifier: str, name: str, rest: str) -> Term:
    error: str | None = None
    domain: str | None = None
    if name not in _MECHANISMS:
        error = "unknown mechanism"
    elif name == "all":
        error = "all takes no argument" if rest else None
    elif name in ("ip4", "ip6"):
        error = _network_error(name, rest)
    elif name in ("a", "mx"):
        cidr = _CIDR.search(rest)
        assert cidr is not None  # noqa: S101  the pattern matches the empty string
        domain, error = _argument(rest[: cidr.start()])
        error = error or _prefix_error(cidr["ip4"], 32) or _prefix_error(cidr["ip6"], 128)
    else:
        domain, error = _argument(rest)
        if error is None and domain is None and name != "ptr":
            error = f"{name} needs a domain after a colon"
    return Term(text, name, qualifier, domain, error)


def _argument(rest: str) -> tuple[str | None, str | None]:
    """The domain-spec after the colon and what is wrong with it."""
    if not rest:
        return None, None
    if not rest.startswith(":"):
        return None, "a colon and a domain are expected"
    return rest[1:], _domain_spec_error(rest[1:])


def _domain_spec_error(value: str) -> str | None:
    if not value:
        return "the domain is empty"
    if not _MACRO_STRING.fullmatch(value):
        return "the domain is not a macro-string"
    last = len(value) - 1
    # Where an end may begin; a search would try every dot of 64 KiB.
    starts = (value.rfind("."), value.rfind(".", 0, last), value.rfind("%"), value.rfind("%", 0, last))
    if not any(start >= 0 and _DOMAIN_END.match(value, start) for start in starts):
        return "the domain does not end in a dot and a top label, or in a macro"
    return None


def _network_error(name: str, rest: str) -> str | None:
    if not rest.startswith(":"):
        return f"{name} needs an address after a colon"
    address, slash, length = rest[1:].partition("/")
    parse, bits = (IPv4Address, 32) if name == "ip4" else (IPv6Address, 128)
    try:
        if "%" in address:
            raise ValueError
        parse(address)
    except ValueError:
        return f"{address!r} is not an IPv{name[-1]} address"
    return _prefix_error(length, bits) if slash else None


def _prefix_error(digits: str | None, bits: int) -> str | None:
    if digits is None or (re.fullmatch(r"0|[1-9][0-9]{0,2}", digits) and int(digits) <= bits):
        return None
    return f"/{digits} is not a prefix length between 0 and {bits}"


def without(record: SPFRecord, terms: Container[str]) -> str:
    """The text of a record without these terms, and without superfluous blanks."""
    kept = (term.text for term in record.terms if term.text not in terms)
    return " ".join((record.text[: len("v=spf1")], *kept))


def ending_strictly(record: SPFRecord) -> str:
    """The text of a record that ends in ``-all``, in place of the ``all`` or redirect that it has."""
    ends = {term.text for term in (record.all, record.redirect) if term is not None}
    return f"{without(record, ends)} -all"


_SPELLING = {"ipv4": "ip4", "ip": "ip4", "ipv6": "ip6", "includes": "include"}
"""Names of mechanisms that people write, and what they mean."""


def respelt(text: str) -> str:
    """The record that ``text`` means, where only blanks in front or the spelling of terms are wrong; else empty."""
    words = text.strip().strip('"').strip().split()
    if [word.lower() for word in words[:1]] != ["v=spf1"]:
        return ""
    mended = [words[0]]
    for term in parse_record(" ".join(words)).terms:
        if term.misspelt:
            mended.append(term.misspelt)
        elif term.error and (meant := _SPELLING.get(term.name)):
            mended.append(re.sub(rf"\b{term.name}\b", meant, term.text, count=1, flags=re.IGNORECASE))
        else:
            mended.append(term.text)
    record = parse_record(" ".join(mended))
    return "" if record.errors or any(term.misspelt for term in record.terms) else record.text


_REPORTED = frozenset({"all", "e", "f", "s", "n"})


def reporting_errors(record: SPFRecord) -> tuple[str, ...]:
    """What is wrong with the modifiers that ask for failure reports (RFC 6652, section 3)."""
    errors = []
    names = [term.name for term in record.reporting]
    for term in record.reporting:
        match term.name:
            case "ra" if not term.value or "@" in term.value:
                errors.append(f"{term.text}: ra takes a local part, without @ and domain")
            case "rp" if not (re.fullmatch(r"[0-9]{1,3}", term.value) and int(term.value) <= 100):
                errors.append(f"{term.text}: rp takes a number from 0 to 100")
            case "rr" if not {part.lower() for part in term.value.split(":")} <= _REPORTED:
                errors.append(f"{term.text}: rr takes all, e, f, s and n, with colons between them")
    errors += [f"{name} is given twice" for name in ("ra", "rp", "rr") if names.count(name) > 1]
    if names and "ra" not in names:
        errors.append(f"{record.reporting[0].text}: without ra nobody is reported to")
    return tuple(errors)
