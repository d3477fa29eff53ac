"""The PDF: a short one to print and to hand on. The decision and what to mend first, then the findings, no passes.

WeasyPrint makes it (the extra ``pdf``), and loads nothing: what the sheet needs stands in the sheet.
"""

from __future__ import annotations

import io
import logging
from contextlib import redirect_stderr, redirect_stdout
from itertools import islice
from pathlib import Path
from typing import Any

from mailproof.controls import Harm
from mailproof.gate.document import RunDocument, count
from mailproof.languages import Language
from mailproof.report.escape import clipped
from mailproof.report.html.page import environment
from mailproof.report.html.view import SECTIONS, Group, Tally, build

EXTRA = "pip install 'mailproof[pdf]'"

MENDS = 3
"""What to mend first: so many of the findings that do the most harm."""

DOMAINS = 16
"""Domains that have a sentence of their own, the worst first."""

GROUPS = 40
"""Groups of equal findings that are told, the worst first."""

TARGETS = 5
"""Targets that are named for one group."""

MAX_NAME = 80
"""Characters of the inventory's name, which stands on every page."""

MAX_TEXT = 400
"""Characters of what was observed on one target."""


class PdfError(Exception):
    """There is nothing here that could make a PDF; the message says what to install."""


def render(document: RunDocument) -> bytes:
    """The PDF of a run; the same document and fonts give the same octets. Raises PdfError."""
    weasyprint = _weasyprint()
    # No text of a server gets markup into the sheet; this holds if one does.
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())
    page = weasyprint.HTML(string=sheet(document), url_fetcher=nothing)
    pdf: bytes = page.write_pdf()
    return pdf


def sheet(document: RunDocument) -> str:
    """What is printed, as HTML."""
    say = Language()
    view = build(document.results, say)
    groups = [(rank, group) for rank, found in view.sections for group in found]
    told: dict[str, list[Group]] = {}
    for rank, group in groups[:GROUPS]:
        told.setdefault(rank, []).append(group)
    mends = (("" if harm == Harm.OTHER else harm, group) for harm, found in view.first for group in found)
    return (
        environment(say, Path(__file__).parent)
        .get_template("sheet.html")
        .render(
            document=document,
            say=say,
            name=clipped(document.inventory, MAX_NAME, "..."),
            domains=[(name, sentence(tally)) for name, tally in view.domains[:DOMAINS]],
            more_domains=len(view.domains[DOMAINS:]),
            sound=sum(tally.worst in ("pass", "none") for _, tally in view.domains[DOMAINS:]),
            mends=list(islice(mends, MENDS)),
            sections=SECTIONS,
            told=told,
            left_out=sum(len(row.results) for _, group in groups[GROUPS:] for row in group.rows),
            targets=TARGETS,
            clipped=lambda text: clipped(text, MAX_TEXT),
            count=count,
        )
    )


def sentence(tally: Tally) -> str:
    """How it stands with one domain."""
    amiss = [
        *([f"{count(tally['must'], 'requirement')} broken"] if tally["must"] else []),
        *([f"{count(tally['should'], 'recommendation')} not followed"] if tally["should"] else []),
        *([f"{count(tally['may'], 'option')} not used"] if tally["may"] else []),
        *([f"{tally['inconclusive']} could not be verified"] if tally["inconclusive"] else []),
        *([f"{tally['waived']} waived"] if tally["waived"] else []),
        *([f"advice on {tally['advice']}"] if tally["advice"] else []),
    ]
    if amiss:
        return f"{', '.join(amiss)}; {tally['pass']} of {count(tally.applicable, 'verdict')} pass."
    if tally.applicable:
        return f"nothing amiss, {count(tally['pass'], 'verdict')} pass."
    return "no control applies."


def _weasyprint() -> Any:
    """The library, whose libraries in turn are no Python packages: it explains that at length on standard output."""
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            import weasyprint
    except ImportError:
        raise PdfError(f"WeasyPrint is not installed: {EXTRA}") from None
    except OSError as error:
        raise PdfError(
            "WeasyPrint does not find Pango; in Debian it is apt-get install libpango-1.0-0 libpangoft2-1.0-0 "
            f"libharfbuzz-subset0 fonts-dejavu-core ({str(error).splitlines()[0]})"
        ) from None
    for name in ("weasyprint", "fontTools"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return weasyprint
