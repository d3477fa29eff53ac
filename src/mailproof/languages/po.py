"""The catalogues of translators, in the part of gettext's PO that is needed here."""

from __future__ import annotations

import re

_LINE = re.compile(r'(?:(?P<word>msgid|msgstr)[ \t]+)?"(?P<text>(?:[^"\\]|\\[nt"\\])*)"')
_ESCAPES = {r"\n": "\n", r"\t": "\t", r"\"": '"', r"\\": "\\"}


def parse(text: str) -> dict[str, str]:
    """The translations in a catalogue by their msgid, without those that are empty or marked as fuzzy.

    Plural forms and contexts are not read: the texts here have none. Raises ValueError that names the line which is not
    as it must be.
    """
    found: dict[str, str] = {}
    entry: dict[str, str] = {}
    word, fuzzy = "", False

    def end(number: int) -> None:
        if not entry:
            return
        if "msgstr" not in entry:
            raise ValueError(f"line {number}: a msgid without its msgstr")
        if entry["msgid"] in found:
            raise ValueError(f"line {number}: the msgid {entry['msgid']!r} is there twice")
        found[entry["msgid"]] = "" if fuzzy else entry["msgstr"]

    number = 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            if "msgstr" in entry:
                end(number)
                entry, word, fuzzy = {}, "", False
            elif entry:
                raise ValueError(f"line {number}: a msgid without its msgstr")
            fuzzy = fuzzy or (stripped.startswith("#,") and "fuzzy" in stripped)
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            raise ValueError(f"line {number}: neither a msgid, a msgstr nor a text of one: {stripped[:60]}")
        if match["word"] == "msgid" and "msgstr" in entry:
            end(number)
            entry, fuzzy = {}, False
        if match["word"]:
            word = match["word"]
            if word in entry or (word == "msgstr" and not entry):
                raise ValueError(f"line {number}: {word} is not expected here")
            entry[word] = ""
        elif not word:
            raise ValueError(f"line {number}: a text of neither a msgid nor a msgstr")
        entry[word] += re.sub(r"\\.", lambda escape: _ESCAPES[escape[0]], match["text"])
    end(number)
    found.pop("", None)  # the head, which is about the catalogue
    return {msgid: msgstr for msgid, msgstr in found.items() if msgstr}
