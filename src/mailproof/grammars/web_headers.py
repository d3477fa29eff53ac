"""Header fields that tell browsers how to treat a site: HSTS, content security policy, referrer policy, cookies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True)
class HSTS:
    """A Strict-Transport-Security field (RFC 6797, section 6.1)."""

    max_age: int | None
    """Seconds; None where it is missing or no number, and the field counts for nothing."""
    subdomains: bool
    preload: bool
    errors: tuple[str, ...]


def parse_hsts(value: str) -> HSTS:
    """Directives are separated by semicolons; each may come once; unknown ones are passed over."""
    errors: list[str] = []
    seen: dict[str, str] = {}
    for part in value.split(";"):
        name, _, content = (text.strip() for text in part.partition("="))
        if not name:
            continue
        if not _TOKEN.fullmatch(name):
            errors.append(f"{part.strip()!r} is no directive")
        elif name.lower() in seen:
            errors.append(f"{name} comes twice")
        else:
            seen[name.lower()] = content.removeprefix('"').removesuffix('"')
    age = seen.get("max-age", "")
    if not (age.isascii() and age.isdigit()):
        errors.append("max-age is not a number of seconds" if "max-age" in seen else "max-age is missing")
    usable = not errors
    return HSTS(int(age[:18]) if usable else None, "includesubdomains" in seen, "preload" in seen, tuple(errors))


FALLBACKS: Mapping[str, tuple[str, ...]] = {
    "script-src": ("default-src",),
    "object-src": ("default-src",),
    "frame-src": ("child-src", "default-src"),
}
"""The directives that stand in for one that is missing (CSP 3, section 6.8.3)."""

_SOURCES = frozenset((
    "child-src", "connect-src", "default-src", "font-src", "frame-src", "img-src", "manifest-src", "media-src",
    "object-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr",
    "worker-src", "base-uri", "form-action", "frame-ancestors",
))  # fmt: skip
"""Directives whose values are sources."""


@dataclass(frozen=True)
class ContentPolicy:
    """A content security policy: the sources by directive, in lower case (CSP 3, section 2.2.1)."""

    directives: Mapping[str, tuple[str, ...]]

    def sources(self, name: str) -> tuple[str, ...] | None:
        """The sources of a directive, or of the one that stands in for it; None where there is neither."""
        for known in (name, *FALLBACKS.get(name, ())):
            if known in self.directives:
                return self.directives[known]
        return None

    @property
    def with_sources(self) -> Mapping[str, tuple[str, ...]]:
        """The directives whose values are sources."""
        return {name: values for name, values in self.directives.items() if name in _SOURCES}


def parse_csp(value: str) -> ContentPolicy:
    """A policy as browsers read it: of a directive that comes twice, the first one counts."""
    found: dict[str, tuple[str, ...]] = {}
    for part in value.split(";"):
        words = part.lower().split()
        if words:
            found.setdefault(words[0], tuple(words[1:]))
    return ContentPolicy(found)


def parse_csps(values: Iterable[str]) -> tuple[ContentPolicy, ...]:
    """The policies of all fields; a comma separates them within one (CSP 3, section 2.2.2)."""
    return tuple(policy for value in values for text in value.split(",") if (policy := parse_csp(text)).directives)


POLICIES = frozenset((
    "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin",
    "origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url",
))  # fmt: skip
"""Referrer Policy, section 3."""


def referrer_policy(values: Iterable[str]) -> str:
    """The policy that counts: the last one that is known (Referrer Policy, section 8.1); empty where there is none."""
    words = [word.strip().lower() for value in values for word in value.split(",")]
    return next((word for word in reversed(words) if word in POLICIES), "")


@dataclass(frozen=True)
class Cookie:
    """A Set-Cookie field: the name, and the attributes in lower case (RFC 6265, section 4.1)."""

    name: str
    attributes: frozenset[str]


def parse_cookie(value: str) -> Cookie:
    """The value of a cookie is nobody's business and is not kept."""
    first, *rest = value.split(";")
    return Cookie(first.partition("=")[0].strip(), frozenset(part.partition("=")[0].strip().lower() for part in rest))


_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")


def addresses_in(text: str) -> tuple[str, ...]:
    """The IPv4 addresses in a text."""
    return tuple(found for found in _IPV4.findall(text) if all(int(part) < 256 for part in found.split(".")))
