"""Pages without scripts and without anything from elsewhere: their head, their style, and their tables."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator

from markupsafe import Markup

from mailproof.languages import Language
from mailproof.report.escape import html_text, is_web_address

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1.5rem;color:#1b1f24;"
    "background:#fff}table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}.narrow{width:auto}"
    "th,td{text-align:left;padding:.4rem .75rem .4rem 0;border-bottom:1px solid #dde1e6;vertical-align:top}"
    "td{overflow-wrap:anywhere}.n{text-align:right;padding-right:2rem;font-variant-numeric:tabular-nums}"
    ".k{white-space:nowrap}.open{color:#217a3c}"
    ".closed,.old{color:#b3261e}a{color:#0b5cad}nav a{margin-right:1.5rem}"
    "h1,h2,h3{line-height:1.25}article{max-width:52rem;margin-bottom:3rem}article h2,article h3{font-size:1.1rem;"
    "margin:1.8rem 0 .3rem}article>p{margin:.3rem 0}article h2:first-child{font-size:1.5rem}.lead{font-size:1.15rem}"
    ".quiet,dt{color:#59636e}dd{margin:0 0 .4rem}"
    "pre{background:#f4f6f8;border-left:4px solid #aab2bb;padding:.6rem .9rem;overflow-x:auto;"
    "font:13px/1.5 ui-monospace,monospace;margin:.25rem 0 1rem}"
    "pre.bad{border-color:#b3261e}pre.good{border-color:#217a3c}code{font-family:ui-monospace,monospace}"
    "@media(prefers-color-scheme:dark){body{color:#e7eaee;background:#14171b}th,td{border-color:#313841}"
    ".open{color:#77cb90}.closed,.old{color:#ff8f85}a{color:#82b8f5}.quiet,dt{color:#9aa4af}pre{background:#1d2228}"
    "pre.bad{border-color:#ff8f85}pre.good{border-color:#77cb90}}"
)

POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
    + "'; base-uri 'none'; form-action 'none'"
)
"""The content security policy of these pages: nothing is loaded, and no script works."""

_KINDS = {"#": " class=n", "=": " class=k"}


def head(title: str, language: str = "en") -> str:
    """The page up to its body. ``title`` is escaped here."""
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{html_text(title)}</title><style>{STYLE}</style></head><body>\n"
    )


FOOT = "</body></html>\n"


def moment(text: str) -> str:
    """A moment of UTC (ISO 8601) to the minute, for people."""
    return f"{text[:16].replace('T', ' ')} UTC"


def link(words: str, address: str) -> Markup:
    """``words`` as a link, if ``address`` is one of the web; else as they are."""
    shown = html_text(words)
    if is_web_address(address):
        shown = f'<a href="{html_text(address)}" rel="noopener noreferrer">{shown}</a>'
    return Markup(shown)  # noqa: S704 (escaped above)


def table(
    columns: Iterable[str], rows: Iterable[Iterable[object]], say: Language, *, narrow: bool = False
) -> Iterator[str]:
    """A table; titles of columns of numbers begin with ``#``, of those that are not broken with ``=``. A ``narrow`` one
    is no wider than what is in it. Nothing where there are no rows.
    """
    titles = tuple(columns)
    kinds = [_KINDS.get(title[:1], "") for title in titles]
    first = True
    for row in rows:
        if first:
            cells = (
                f"<th{kind}>{html_text(title.lstrip('#='))}</th>" for title, kind in zip(titles, kinds, strict=True)
            )
            yield f"<table{' class=narrow' if narrow else ''}><thead><tr>{''.join(cells)}</tr></thead><tbody>\n"
            first = False
        cells = (f"<td{kind}>{_cell(value, say)}</td>" for value, kind in zip(row, kinds, strict=True))
        yield f"<tr>{''.join(cells)}</tr>\n"
    if not first:
        yield "</tbody></table>\n"


def _cell(value: object, say: Language) -> str:
    if isinstance(value, Markup):
        return value
    return html_text(say.thousands(value) if isinstance(value, int) else str(value))
