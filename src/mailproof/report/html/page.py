"""From the JSON document to the page."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

import jinja2
from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from mailproof.gate.document import RunDocument
from mailproof.languages import ENGLISH, Language
from mailproof.net.text import printable
from mailproof.report.escape import is_web_address
from mailproof.report.html import packing, reported
from mailproof.report.html.trend import HEIGHT, WIDTH, chart
from mailproof.report.html.view import RANKS, SECTIONS, WORDS, Group, View, build
from mailproof.report.selection import attested

ROWS = 50
"""Targets of a group in the markup, at most; the script has the others."""

FEW = 5
"""A group of more targets than this shows its list when asked to."""

MATRIX_ROWS, MATRIX_FIRST = 300, 100
"""Up to ``MATRIX_ROWS`` targets are all in the markup; of more only the first, and the script has all."""

CARDS, FIRST_CARDS = 60, 24
"""Up to ``CARDS`` domains are all in the markup; of more only the first, and the script has the others."""

MARKUP_ROWS, MARKUP_EVIDENCE = 2600, 400_000
"""Rows and characters of evidence in the markup, in all."""

PACKED_ROWS, PACKED_EVIDENCE = 1_500_000, 1_400_000
"""Characters that packed rows and evidence may take. What is beyond is in the JSON report, and the page says so."""

_HERE = Path(__file__).parent


_SAID = re.compile(r'say\("((?:[^"\\]|\\.)*)"')
"""A fixed text of the script."""


def render(document: RunDocument, part: str = "", language: str = ENGLISH, explained: Collection[str] = ()) -> str:
    """The page of a run: one file, the same for the same document. ``part``: what of the run the document is;
    ``explained``: controls that the server of the page explains at ``/controls/ID``.

    Raises ValueError where there is no such language.
    """
    say = Language(language)
    view = build(document.results, say)
    groups = [group for _, section in view.sections for group in section]
    shown = _most(lambda number: sum(len(group.rows[:number]) for group in groups), MARKUP_ROWS, ROWS)
    proven = _most(lambda number: packing.evidence_size(groups, number), MARKUP_EVIDENCE, shown)
    data = _packed(view, groups, shown, proven)
    style, script = map(Markup, _texts())
    return (
        environment(say, _HERE)
        .get_template("page.html")
        .render(
            document=document,
            language=say.code,
            say=_marked_up(say),
            english=Markup("") if say.code == ENGLISH else Markup(' lang="en"'),
            words={rank: say(word) for rank, word in WORDS.items()},
            note=say.note,
            texts=_texts_of_script(say, script),
            part=part,
            explained=explained,
            view=view,
            sections=SECTIONS,
            ranks=RANKS,
            shown=shown,
            proven=proven,
            matrix=view.targets if len(view.targets) <= MATRIX_ROWS else view.targets[:MATRIX_FIRST],
            cards=view.domains if len(view.domains) <= CARDS else view.domains[:FIRST_CARDS],
            few=FEW,
            data=data,
            chart=chart(document.trend, say),
            chart_size=(WIDTH, HEIGHT),
            reported=reported.reported(document.reported, say),
            days_size=(reported.WIDTH, reported.HEIGHT),
            style=style,
            script=script,
            policy=_policy(style, script),
            attested=attested(document),
        )
    )


def _marked_up(say: Language) -> Callable[..., Markup]:
    """The texts of a language as the template wants them: neither they nor what they name can be taken for HTML."""

    @cache
    def text_of(text: str) -> Markup:
        translated = say.fixed(text)
        return Markup(html.escape(translated, quote=False).replace('"', "&quot;"))  # noqa: S704 (just escaped)

    def marked_up(text: str, **values: object) -> Markup:
        return text_of(text).format(**{name: _shown(value) for name, value in values.items()})

    return marked_up


def texts_of(script: str) -> list[str]:
    """The texts that a script has fixed."""
    return list(dict.fromkeys(json.loads(f'"{text}"') for text in _SAID.findall(script)))


def _texts_of_script(say: Language, script: str) -> Markup:
    """What the script says in another language, by what it says in English: JSON; empty where it is the same."""
    texts = {text: say.fixed(text) for text in (*texts_of(script), *WORDS.values())}
    texts = {text: translated for text, translated in texts.items() if translated != text}
    data = json.dumps(texts, ensure_ascii=False).replace("<", r"\u003c") if texts else ""
    return Markup(data)  # noqa: S704 (nothing in it ends the script element)


def _most(size: Callable[[int], int], budget: int, start: int) -> int:
    """The largest of ``start``, its half and so on down to 1 whose size is within ``budget``."""
    number = start
    while number > 1 and size(number) > budget:
        number //= 2
    return number


def _packed(view: View, groups: list[Group], shown: int, proven: int) -> dict[str, Markup | int]:
    longest = max((len(group.rows) for group in groups), default=0)
    rows, listed = packing.pack_within(lambda n: packing.rows(view, groups, shown, n), longest, PACKED_ROWS)
    proofs = packing.proofs(groups, proven)
    evidence, proved = packing.pack_within(lambda n: packing.evidence(proofs, n), longest, PACKED_EVIDENCE)
    return {
        "overview": Markup(packing.pack(packing.overview(view))),  # noqa: S704 (base64)
        "rows": Markup(rows),  # noqa: S704
        "evidence": Markup(evidence),  # noqa: S704
        "listed": shown + listed,
        "proved": proven + proved,
    }


class _Compiled(FileSystemBytecodeCache):
    """Keeps the compiled template beside Python's own compiled files, where those may be written."""

    def __init__(self) -> None:
        cache = Path(cache_from_source(str(_HERE / "page.html")))
        super().__init__(str(cache.parent), f"{cache.stem}.jinja-{jinja2.__version__}.%s")

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not sys.dont_write_bytecode:
            with suppress(OSError):  # it is compiled again the next time
                super().dump_bytecode(bucket)


def environment(say: Language, directory: Path) -> Environment:
    """For the templates of ``directory``: everything shown is escaped, and what a terminal would obey made visible."""
    environment = Environment(
        loader=FileSystemLoader(directory),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
        bytecode_cache=_Compiled(),
    )
    environment.filters["thousands"] = lambda number: f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    environment.filters["tenths"] = say.tenths
    environment.filters["of_document"] = say.of_document
    environment.filters["prose"] = _prose
    environment.tests["web"] = lambda url: is_web_address(str(url))
    return environment


def _prose(text: str) -> Markup:
    """A paragraph: it begins with a capital where it begins with a word, and what it quotes is not broken."""
    shown = printable(text)
    if re.match(r"[^\W\d_A-Z]+[ ,]", shown):
        shown = shown[0].upper() + shown[1:]
    parts = re.split(r'("[^"\n]{1,60}")', shown)
    quote = Markup('<span class="quoted">{}</span>')
    return Markup("").join(quote.format(part) if number % 2 else escape(part) for number, part in enumerate(parts))


def _shown(value: object) -> object:
    """Every value on its way into the page: what a terminal would obey is made visible, HTML is left to autoescape."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _texts() -> tuple[str, str]:
    """Style and script of every page."""
    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("style.css", "script.js"))
    return style, script


def policy() -> str:
    """The content security policy of every page, for whoever serves them."""
    return _policy(*_texts())


def _policy(style: str, script: str) -> str:
    """A content security policy under which only these two texts work, and nothing is ever loaded."""
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
