"""The languages that people may read reports in.

A catalogue lies beside this module for each of them: GNU gettext's PO, which translators' programs read and write. A
msgid is the English text itself, as it stands in a control, a template or a script; ids, levels, evidence and whatever
programs read stay as they are. docs/translating.md says how a language is added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from mailproof.languages.po import parse

ENGLISH: Final = "en"

LANGUAGES = (ENGLISH, "de", "nl")
"""Codes (ISO 639) of the languages: English, which all texts are written in, and those with a catalogue."""

_PLACE = Path(__file__).parent

_NUMBER = re.compile(r"(?<![\w.:-])\d+(?![\w.:-])")


@cache
def catalogue(code: str) -> Mapping[str, str]:
    """The texts of a language by the English ones; empty for English.

    Raises ValueError where there is no such language, or its catalogue is not as it must be.
    """
    if code not in LANGUAGES:
        raise ValueError(f"there is no language {code!r}; there are {', '.join(LANGUAGES)}")
    return {} if code == ENGLISH else parse((_PLACE / f"{code}.po").read_text(encoding="utf-8"))


class Language:
    """The texts of one report in one language. Raises ValueError where there is no such language."""

    def __init__(self, code: str = ENGLISH) -> None:
        self.code = code
        self._texts = catalogue(code)
        self.untranslated: set[str] = set()
        """Texts of controls that were asked for and are in no catalogue; always empty in English."""

    def fixed(self, text: str) -> str:
        """A fixed text of a report, as it is to be filled in."""
        return self._texts.get(text, text)

    def __call__(self, text: str, **values: object) -> str:
        """A fixed text of a report, with ``values`` in place of ``{name}``."""
        return self.fixed(text).format(**values)

    def of_control(self, text: str) -> str:
        """A text that a control says of itself or of a finding; as it is, and counted, where the catalogue lacks it."""
        found = self._texts.get(text)
        if found is None and text and self.code != ENGLISH:
            self.untranslated.add(text)
        return text if found is None else found

    def of_document(self, text: str) -> str:
        """A word or a count of mailproof's own that stands in a document, like ``new`` or ``3 new findings``, which the
        catalogue has as ``{n} new findings``; as it is where the catalogue lacks it.
        """
        number = _NUMBER.search(text)
        if number is None:
            return self._texts.get(text, text)
        found = self._texts.get(_NUMBER.sub("{n}", text, count=1))
        return text if found is None else found.replace("{n}", number[0])  # whatever else a stranger's text may match

    def tenths(self, number: float) -> str:
        """A number with one decimal, as it is written in the language."""
        return f"{number:.1f}".replace(".", self.fixed("."))

    def thousands(self, number: int) -> str:
        """A whole number, as it is written in the language."""
        return f"{number:,}".replace(",", self.fixed(","))

    @property
    def note(self) -> str:
        """What a report says at its foot of texts that are not translated; empty where all are."""
        number = len(self.untranslated)
        if not number:
            return ""
        if number == 1:
            return self("{n} text about controls is not translated yet and stands here as it was written.", n=1)
        return self("{n} texts about controls are not translated yet and stand here as they were written.", n=number)
