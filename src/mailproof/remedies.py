"""Remedies that can be pasted: what to publish in place of what is published, where that follows from what was seen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

MAX_REMEDY = 8_000
"""Characters of what is to be published: nobody pastes more without looking for the cause."""

_STRING = 255
"""Octets of one string of a TXT record (RFC 1035, section 3.3)."""

_ESCAPED = re.compile(r'["\\]|[^\x20-\x7e]')


TOO_LONG = "(too long for this report: the JSON report has it)"
"""In place of what does not fit: a part must not be pasted."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """Lines of a zone in the form of RFC 1035, section 5.1, or the text of a policy file."""

    before: str
    """What is published; empty where nothing is."""
    after: str
    """What to publish instead; empty where it is to be removed."""


class Asked(Protocol):
    """The answer of the DNS in which the records stand that are to be replaced."""

    @property
    def name(self) -> str: ...

    @property
    def aliases(self) -> tuple[str, ...]: ...


def line(owner: str, type: str, data: str) -> str:
    """One record of a zone."""
    return f"{owner.rstrip('.')}. IN {type} {data}"


def txt_line(owner: str, text: str) -> str:
    """A TXT record of a zone, in as many strings as its text needs. Each character of ``text`` is an octet."""
    parts = [text[start : start + _STRING] for start in range(0, len(text), _STRING)] or [""]
    return line(owner, "TXT", " ".join(f'"{_ESCAPED.sub(_escape, part)}"' for part in parts))


def _escape(found: re.Match[str]) -> str:
    return f"\\{found[0]}" if found[0] in '"\\' else f"\\{ord(found[0]):03d}"


def txt(answer: Asked, before: str | tuple[str, ...], after: str) -> Remedy | None:
    """Replace the TXT records ``before`` of an answer by one, or by none; None where the change would be none.

    None for an alias, too: nothing may stand beside its CNAME record, and what stands at its target is for others too.
    """
    texts = (before,) if isinstance(before, str) else before
    if texts == (after,) or answer.aliases:
        return None
    old = "\n".join(txt_line(answer.name, text) for text in texts)
    new = txt_line(answer.name, after) if after else ""
    return records(old, new)


def records(before: str, after: str) -> Remedy | None:
    """Replace these lines by those; None where they are too many, or hold what reports cannot show as it is."""
    if len(before) + len(after) > MAX_REMEDY or any(ord(character) > 255 for character in before + after):
        return None
    if not all(shown.isprintable() for shown in after.splitlines()):
        return None
    return Remedy(before, after)
