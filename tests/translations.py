"""The texts that the catalogues of ``mailproof.languages`` hold, found where they stand, and ``make translations``."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from mailproof.controls import Harm, load_catalogue
from mailproof.fleet.summary import Band
from mailproof.gate.verdict import Verdict
from mailproof.languages import ENGLISH, LANGUAGES
from mailproof.observations.source_classes import SourceClass
from mailproof.report import markdown, notification, terminal, text
from mailproof.report.html.page import texts_of
from mailproof.report.html.view import SECTIONS, WORDS

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "mailproof"

COMMON: Final = (
    "AUTH-AFTER-TLS",
    "BACKUPMX-PARITY",
    "BACKUPMX-RCPT",
    "CERT-DATES",
    "CERT-KEY-SIZE",
    "CERT-TRUST",
    "DANE-EXISTS",
    "DANE-MATCH",
    "DANE-ROLLOVER",
    "DEL-AUTHORITATIVE",
    "DKIM-KEY-LENGTH",
    "DKIM-KEY-VALID",
    "DKIM-SELECTOR",
    "DMARC-ENFORCED",
    "DMARC-EXISTS",
    "DMARC-SINGLE",
    "DMARC-SYNTAX",
    "DNS-TRUST-SET",
    "DNSBL-VERDICT",
    "EARLYTALK",
    "IN-DMARC",
    "MX-EXISTS",
    "MX-NOT-ALIAS",
    "MX-NOT-IP",
    "MX-PORT25-OPEN",
    "PTR-FCRDNS",
    "PTR-QUALITY",
    "SEC-CDS",
    "SEC-DNSKEY-RRSIG",
    "SEC-DS-DIGEST",
    "SEC-NOT-BOGUS",
    "SEC-NSEC3",
    "SEC-SIGNED",
    "SMTP-NO-OPEN-RELAY",
    "SMTP-SIZE",
    "SMTP-STARTTLS-OFFERED",
    "SMTP-STARTTLS-WORKS",
    "SMTP-STATE",
    "SMTP-VERBS",
    "SPF-ALL-STRICT",
    "SPF-EXISTS",
    "SPF-INCLUDE-VALID",
    "SPF-SYNTAX",
    "SPF-VOID-2",
    "SPF-WIDTH",
    "STS-BODY",
    "STS-FETCH",
    "STS-MX-COVERED",
    "STS-TXT",
    "TLS-12-OR-13",
    "TLS-EMS",
    "TLS-FS",
    "TLS-KEX-HASH",
    "TLS-NO-10-11",
    "TLS-NO-3DES",
    "TLS-NO-CBC",
    "TLS-NO-RC4",
    "TLS-NO-SSL3",
    "TLS-PQ-KEX",
    "TLSRPT-TXT",
)
"""The commonest controls, whose texts every catalogue has; docs/translating.md says how they were chosen."""

REASONS: Final = (
    "nothing was checked: no control had a target",
    "nothing was checked: no control applied",
    "nothing was checked: nothing could be observed",
    "the run was stopped before its end",
    *(
        f"{{n}} {change}{noun}"
        for change in ("", "new ", "regressed ")
        for noun in ("finding", "findings", "inconclusive")
    ),
    "{n} of them with an expired waiver",
    *(f"{{n}} {noun} lost by the proposal" for noun in ("verdict", "verdicts")),
    "nothing that was judged rests on the proposal",
    *(f"{{n}} {noun} no longer needed" for noun in ("waiver", "waivers")),
    *(f"{{n}} {noun} of tests that are no controls" for noun in ("failure", "failures")),
    "{n} known from the baseline",
    "{n} waived",
    "{n} inconclusive and waived",
)
"""What a decision rests on, as `gate.result` and `gate.document` say it in a document."""


_NOISE = re.compile(r'^"(Report-Msgid-Bugs-To|P.*-Date|Last-Translator|Language-Team|Generated-By): .*\n', re.MULTILINE)
"""Lines of a catalogue's head that say nothing, or something else every time."""


@cache
def texts_of_reports() -> dict[str, str]:
    """The fixed texts of reports, and where each stands."""
    found: dict[str, str] = {}
    template = Environment(autoescape=True).parse(
        (SOURCE / "report" / "html" / "page.html").read_text(encoding="utf-8")
    )
    for _, _, arguments in extract_from_ast(template, ("say",)):
        said = arguments[0] if isinstance(arguments, tuple) else arguments
        if said is not None:
            found.setdefault(said, "HTML page")
    for said in texts_of((SOURCE / "report" / "html" / "script.js").read_text(encoding="utf-8")):
        found.setdefault(said, "HTML page, script")
    for titles in SECTIONS.values():
        found.update(dict.fromkeys(titles, "HTML page"))
    for place, words in (
        ("verdict or level", (*WORDS.values(), *Verdict)),
        ("what a fault does", Harm),
        ("decision; {n} is a number", REASONS),
        ("since the baseline", ("new", "regressed", "known", "mended", "gone", *terminal._CHANGES.values())),
        ("since the baseline", ("targets added", "targets gone")),
        ("waiver", terminal._WAIVER_STATES.values()),
        ("what a source of mail is", SourceClass),
        ("text", text._OTHERS.values()),
        ("Markdown", markdown.TITLES.values()),
        ("summary of a fleet", Band),
        ("news", (*notification.KINDS.values(), *map(str.lower, notification.KINDS.values()))),
    ):
        for word in words:
            found.setdefault(str(word), place)
    for file in (
        *sorted((SOURCE / "report").rglob("*.py")),
        SOURCE / "fleet" / "page.py",
        SOURCE / "fleet" / "showing.py",
        SOURCE / "gate" / "document.py",
        SOURCE / "languages" / "__init__.py",
    ):
        for said in _said(ast.parse(file.read_text(encoding="utf-8"))):
            found.setdefault(said, file.stem if file.stem != "__init__" else "foot of a report")
    return found


def _said(tree: ast.Module) -> Iterator[str]:
    """What a module has said in a language: ``say("...")``, and in the class itself ``self("...")``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(said := node.args[0], ast.Constant):
            named = isinstance(node.func, ast.Name) and node.func.id in ("say", "self")
            fixed = isinstance(node.func, ast.Attribute) and node.func.attr == "fixed"
            if (named or fixed) and isinstance(said.value, str):
                yield said.value


@cache
def texts_of_controls() -> dict[str, tuple[str, ...]]:
    """What controls say of themselves and of their findings, and which say it, like ``SPF-EXISTS, why``."""
    found: dict[str, list[str]] = {}
    for control in sorted(load_catalogue(), key=lambda control: control.id):
        for part in ("title", "why", "fix"):
            found.setdefault(getattr(control, part), []).append(f"{control.id}, {part}")
    for file in sorted((ROOT / "tests_compliance").glob("test_*.py")):
        module = import_module(f"mailproof.tests_compliance.{file.stem}")
        for id, part, said in _overrides(ast.parse(file.read_text(encoding="utf-8")), vars(module)):
            found.setdefault(said, []).append(f"{id or file.stem}, {part}")
    return {said: tuple(dict.fromkeys(places)) for said, places in found.items()}


def _overrides(module: ast.Module, names: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """Id of the control, part and text where a finding says something else than its control."""
    for function in (node for node in module.body if isinstance(node, ast.FunctionDef)):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            for keyword in call.keywords:
                if keyword.arg in ("why", "fix"):
                    for said in _texts(keyword.value, names):
                        yield _id_of(function), keyword.arg, said


def _texts(value: ast.expr, names: Mapping[str, object]) -> Iterator[str]:
    """The texts that an expression may be; one with values in it is none."""
    match value:
        case ast.Constant(value=str(said)):
            yield said
        case ast.Name(id=name) if isinstance(constant := names.get(name), str):
            yield constant
        case ast.IfExp(body=body, orelse=other):
            yield from _texts(body, names)
            yield from _texts(other, names)


def _id_of(function: ast.FunctionDef) -> str:
    for decorator in function.decorator_list:
        match decorator:
            case ast.Call(func=ast.Name(id="control"), args=[ast.Constant(value=str(id)), *_]):
                return id
    return ""


@cache
def texts_of_common() -> dict[str, tuple[str, ...]]:
    """What the commonest controls say, and where; what functions of their modules say for several of them as well."""
    catalogue = load_catalogue()
    modules = (Path(catalogue[id].place.rpartition(":")[0]).stem for id in COMMON)
    places = {f"{name}, {part}" for name in (*COMMON, *modules) for part in ("title", "why", "fix")}
    return {said: found for said, found in texts_of_controls().items() if places.intersection(found)}


def file_of(code: str) -> Path:
    """The catalogue of a language."""
    return SOURCE / "languages" / f"{code}.po"


def updated(code: str, text: str) -> str:
    """The catalogue of a language, whose text this is, with what is said today.

    What is translated is kept, and what was said in another way becomes fuzzy.
    """
    catalogue = read_po(io.BytesIO(text.encode()), locale=code)
    today = Catalog(locale=code)
    for said, place in texts_of_reports().items():
        today.add(said, auto_comments=[place])
    for said, places in texts_of_controls().items():
        today.add(said, auto_comments=[*places[:3], *(["..."] if len(places) > 3 else [])])
    catalogue.update(today, update_creation_date=False)
    written = io.BytesIO()
    write_po(written, catalogue, width=120, ignore_obsolete=False)
    return _NOISE.sub("", written.getvalue().decode()).lstrip()


if __name__ == "__main__":
    for code in LANGUAGES:
        if code != ENGLISH:
            file_of(code).write_text(updated(code, file_of(code).read_text(encoding="utf-8")), encoding="utf-8")
