"""DKIM key records taken apart (RFC 6376, section 3.6.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import whitespace

from mailproof.grammars.public_keys import NoKey, PublicKey, read_key
from mailproof.grammars.tags import parse_tags

_FOLD = re.compile(r"\r\n(?=[ \t])")
"""A line end inside a value: CRLF, and a blank after it (RFC 6376, section 2.8)."""
_BLANK_AT_END = re.compile(r";\s+\Z")
_NO_VALUE = re.compile(r"[^\x20-\x7e\t]")
_WORD = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
"""A hyphenated-word (RFC 6376, section 2.10)."""
_NAMED = {
    "h": _WORD,
    "k": _WORD,
    "s": re.compile(rf"\*|{_WORD.pattern}"),
    "t": _WORD,
}
"""What the values of these tags, lists but for k, are made of (RFC 6376, section 3.6.1)."""


@dataclass(frozen=True)
class KeyRecord:
    """A key record taken apart. The first of a repeated tag is kept."""

    text: str
    tags: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]
    tolerated: tuple[str, ...] = ()
    """Faults by the letter that verifiers do not mind."""
    key: PublicKey | None = None
    """The key; None where none could be read."""
    no_key: str = ""
    """Why what stands in ``p`` is no key."""
    leaked: bool = False
    """The private key stands in ``p``."""

    def get(self, tag: str) -> str | None:
        return dict(self.tags).get(tag)

    @property
    def key_type(self) -> str:
        return (self.get("k") or "rsa").lower()

    @property
    def revoked(self) -> bool:
        """An empty ``p`` revokes the key."""
        return self.get("p") == ""

    @property
    def hashes(self) -> tuple[str, ...]:
        """The hashes that ``h`` admits; none where it admits all."""
        return self._list("h")

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of ``t``: y for a domain that tests, s for one whose key is not for names below it."""
        return self._list("t")

    def serves(self, service: str) -> bool:
        """Whether ``s`` admits a service, like email. Those that nobody knows are ignored."""
        return not {"*", service}.isdisjoint(self._list("s") or ("*",))

    def _list(self, tag: str) -> tuple[str, ...]:
        return tuple(part.strip().lower() for part in (self.get(tag) or "").split(":") if part.strip())


def parse_key_record(text: str) -> KeyRecord:
    """Take a key record apart. Never raises: faults are in ``errors``."""
    tags: dict[str, str] = {}
    order: list[str] = []
    errors: list[str] = []
    tolerated: list[str] = []
    if _BLANK_AT_END.search(text):
        tolerated.append("a blank stands behind the last semicolon")
    for tag in parse_tags(text, whitespace):
        if isinstance(tag, str):
            errors.append(f"{tag!r} is not a tag and a value")
            continue
        order.append(tag.name)
        if found := _NO_VALUE.search(_FOLD.sub("", tag.text)):
            errors.append(f"{tag.name} holds {found[0]!r}{_line_end(found[0])}")
        if tag.name in tags:
            errors.append(f"the tag {tag.name} is given twice")
        else:
            tags[tag.name] = tag.value
    if "v" in tags and (order[0] != "v" or tags["v"] != "DKIM1"):
        errors.append("v is not the first tag or not exactly DKIM1")
    if "p" not in tags:
        errors.append("the tag p, which holds the key, is missing")
    for name, word in _NAMED.items():
        if name not in tags:
            continue
        values = [tags[name]] if name == "k" else [part.strip() for part in tags[name].split(":")]
        wrong = [value for value in values if not word.fullmatch(value)]
        if name in ("h", "t") and values == [""]:
            tolerated.append(f"{name} has no value")
        elif wrong:
            errors.append(f"{name}={tags[name]}: {wrong[0]!r} is not a word (RFC 6376, section 3.6.1)")
    key, no_key, leaked = None, "", False
    if tags.get("p"):
        try:
            key = read_key((tags.get("k") or "rsa").lower(), tags["p"])
        except NoKey as fault:
            no_key, leaked = str(fault), fault.private
    return KeyRecord(text, tuple(tags.items()), tuple(errors), tuple(tolerated), key, no_key, leaked)


def _line_end(character: str) -> str:
    if character not in "\r\n":
        return ", which no value may hold (RFC 6376, section 3.2)"
    return ": a line end is CRLF and has a blank behind it (RFC 6376, section 2.8)"
