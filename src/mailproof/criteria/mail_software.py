"""Versions of mail servers that strangers can take over or bring down, as their makers said by a day.

Only weaknesses that a client meets without logging in, in a usual configuration or under the condition that stands
beside them. A version that is not here is not known to be right: the table is no list of all weaknesses.

Sources: the advisories of Exim (CVE-2018-6789, CVE-2019-10149, CVE-2019-15846, CVE-2019-16928, the "21Nails" of May
2021, EXIM-Security-2026-05-01.1), of Sendmail (8.13.6) and of Postfix (CVE-2011-1720).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from itertools import pairwise

AS_OF = date(2026, 11, 1)
"""The table is as the makers had it on this day."""

Version = tuple[int, ...]


@dataclass(frozen=True)
class Weakness:
    """Versions of a program from ``first`` on, and below ``mended``, that have one weakness."""

    program: str
    first: Version
    mended: Version
    name: str
    """The number of the CVE list, or the advisory's."""
    said: date
    """When the maker said so."""
    url: str
    only: str = ""
    """What must hold besides; empty where nothing must."""

    def has(self, version: Version) -> bool:
        """Whether the version is one of them."""
        return self.first <= version < self.mended

    def __str__(self) -> str:
        only = f", {self.only}" if self.only else ""
        return f"{self.name} (said {self.said}, mended in {'.'.join(map(str, self.mended))}{only}; {self.url})"


def _exim(first: Version, mended: Version, name: str, said: date, page: str, only: str = "") -> Weakness:
    return Weakness("Exim", first, mended, name, said, f"https://www.exim.org/static/doc/security/{page}", only)


_SASL = "https://www.postfix.org/CVE-2011-1720.html"
_WITH_SASL = "where it takes passwords by Cyrus SASL"

WEAKNESSES = (
    _exim((4,), (4, 90, 1), "CVE-2018-6789", date(2018, 2, 10), "CVE-2018-6789.txt"),
    _exim((4, 87), (4, 92), "CVE-2019-10149", date(2019, 6, 5), "CVE-2019-10149.txt"),
    _exim((4, 80), (4, 92, 2), "CVE-2019-15846", date(2019, 9, 6), "CVE-2019-15846.txt", "where it offers TLS"),
    _exim((4, 92), (4, 92, 3), "CVE-2019-16928", date(2019, 9, 28), "CVE-2019-16928.txt"),
    _exim((4,), (4, 94, 2), "CVE-2020-28017 and others (21Nails)", date(2021, 5, 4), "CVE-2020-qualys/"),
    _exim(
        (4, 97),
        (4, 99, 3),
        "EXIM-Security-2026-05-01.1",
        date(2026, 5, 1),
        "EXIM-Security-2026-05-01.1/",
        "where it is built with GnuTLS and offers STARTTLS and CHUNKING",
    ),
    Weakness(
        "Sendmail",
        (8,),
        (8, 13, 6),
        "CVE-2006-0058",
        date(2006, 3, 22),
        "https://nvd.nist.gov/vuln/detail/CVE-2006-0058",
    ),
    Weakness("Postfix", (2,), (2, 5, 13), "CVE-2011-1720", date(2011, 5, 9), _SASL, _WITH_SASL),
    Weakness("Postfix", (2, 6), (2, 6, 10), "CVE-2011-1720", date(2011, 5, 9), _SASL, _WITH_SASL),
    Weakness("Postfix", (2, 7), (2, 7, 4), "CVE-2011-1720", date(2011, 5, 9), _SASL, _WITH_SASL),
    Weakness("Postfix", (2, 8), (2, 8, 3), "CVE-2011-1720", date(2011, 5, 9), _SASL, _WITH_SASL),
)

_PROGRAM = re.compile(r"\b(Exim|Sendmail|Postfix)[ /(]{1,2}(\d{1,3}(?:\.\d{1,5}){1,3})", re.IGNORECASE)


def weaknesses(greeting: str) -> tuple[Weakness, ...]:
    """The weaknesses of the version that a greeting tells; none where it tells none that is known."""
    found = _PROGRAM.search(greeting)
    if found is None:
        return ()
    version = tuple(map(int, found[2].split(".")))
    return tuple(weak for weak in WEAKNESSES if weak.program.lower() == found[1].lower() and weak.has(version))


_VERSION = re.compile(r"[vV]?\d{1,5}(?:\.\d{1,6}){1,4}(?:[-+~_/.]\w+)*")
_DATE = re.compile(r"\d{4}\.\d{1,2}\.\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}")
_NO_PRODUCT = frozenset({"esmtp", "smtp", "esmtps", "lmtp", "id", "at", "on", "from", "ready", "for", "by", "in"})
"""Words of every greeting that are no name of a product."""


def told_version(greeting: str) -> str:
    """A product and its version that a greeting tells behind the host's name; empty where it tells none."""
    words = [word.strip("()[]<>{},;:\"'") for word in greeting.split()]
    for product, version in pairwise(words[1:]):
        if _is_version(version) and product[:1].isalpha() and product.lower() not in _NO_PRODUCT:
            return f"{product} {version}"
    return ""


def _is_version(word: str) -> bool:
    if not _VERSION.fullmatch(word) or _DATE.fullmatch(word):
        return False
    try:
        ip_address(word)
    except ValueError:
        return True
    return False
