"""The documentation as a site: ``make site``.

The pages of ``docs`` as they are, the README as the first one, and a page for each control with a bad and a good
example. The examples are cases that the unit tests judge, so none can be wrong without a test that fails.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from mailproof.controls import Control
from mailproof.docket import Docket, describe
from mailproof.gate.verdict import Verdict
from mailproof.observations import Observation
from mailproof.probes import load_probes
from tests.unit.cases.case import Case, catalogue, judged
from tests.unit.test_controls import CASES

SOURCE = Path(__file__).resolve().parents[2]

MAX_LINES = 24
"""Of what an example shows of the evidence."""

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def write(folder: Path) -> None:
    """Write the sources of the site into ``folder``, which is emptied before."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCE / "docs", folder)
    shutil.copytree(Path(__file__).parent / "style", folder / "style")
    (folder / "index.md").write_text((SOURCE / "README.md").read_text(encoding="utf-8"), encoding="utf-8")
    for page in sorted(folder.rglob("*.md")):
        origin = SOURCE / "README.md" if page == folder / "index.md" else SOURCE / "docs" / page.relative_to(folder)
        text = page.read_text(encoding="utf-8")
        page.write_text(_linked(text, origin), encoding="utf-8")
    docket = Docket(load_probes())
    for control in catalogue():
        page = folder / "controls" / control.family / f"{control.id}.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text("\n".join(control_page(control, docket)) + "\n", encoding="utf-8")
    for page in (folder / "controls").glob("*.md"):
        page.write_text(_to_pages(page.read_text(encoding="utf-8"), page.stem), encoding="utf-8")


def _linked(text: str, origin: Path) -> str:
    """Links as they lead from page to page; what is no page of the site is only named."""

    def link(found: re.Match[str]) -> str:
        words, place, anchor = found[1], found[2], found[3] or ""
        if "://" in place or place.startswith("mailto:"):
            return found[0]
        target = (origin.parent / place).resolve()
        if target.is_dir() and (target / "README.md").is_file():
            target /= "README.md"
        docs = SOURCE / "docs"
        if target.is_relative_to(docs) and target.is_file():
            page = target.relative_to(docs)
            up = 0 if origin.parent == SOURCE else len(origin.parent.relative_to(docs).parts)
            return f"[{words}]({'../' * up}{page}{anchor})"
        return words if words.startswith("`") else f"`{words}`"

    return _LINK.sub(link, text)


def _to_pages(text: str, family: str) -> str:
    """The page of a family, or of all, with links to the controls' own pages."""
    if family == "README":
        return re.sub(r"\]\(\S*?(\w+)\.md#([a-z0-9-]+)\)", lambda m: f"]({m[1]}/{m[2].upper()}.md)", text)
    # The id stays that of a plain heading: other pages lead here.
    return re.sub(
        r"^## ([A-Z0-9-]+)$",
        lambda m: f"## [{m[1]}]({family}/{m[1]}.md) {{ #{m[1].lower()} }}",
        text,
        flags=re.MULTILINE,
    )


def control_page(control: Control, docket: Docket) -> Iterator[str]:
    """What a control demands, why, who says so, and what is wrong and right."""
    entry = describe(control, docket)
    consent = next((f" · {word}" for word in ("active", "scan") if entry[word]), "")
    yield from (f"# {control.id}", "", f"**{control.title}**", "")
    yield f"**{entry['level']}** · judges `{entry['target']}`{consent}{' · full depth' if entry['full_depth'] else ''}"
    yield from ("", "## Why", "", _sentence(control.why), "", "## Fix", "", _sentence(control.fix), "")
    for title, kinds, box in (
        ("A bad example", (Verdict.FAIL, Verdict.ADVICE), "failure"),
        ("A good example", (Verdict.PASS,), "success"),
    ):
        yield from (f"## {title}", "", *_example(control.id, kinds, box), "")
    yield from ("## Sources", "")
    for reference in entry["references"]:
        yield f"- [{reference['title']}]({reference['url']})" if reference["url"] else f"- {reference['title']}"
    yield ""
    if entry["parameters"]:
        yield from ("## Parameters", "", "Set in the inventory under `controls`.", "")
        yield from (f"- `{name}`: default `{value!r}`" for name, value in entry["parameters"].items())
        yield ""
    yield f"On the command line: `mailproof explain {control.id}`. [All of {control.family}](../{control.family}.md)"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _example(id: str, kinds: tuple[Verdict, ...], box: str) -> Iterator[str]:
    """A case of the unit tests: what was seen, and what the control says of it."""
    case = example(id, kinds)
    judgement = judged(id, case.observed, case.parameters)
    said = judgement.observed if box == "failure" else "Nothing is found."
    yield f'!!! {box} "{"Found" if box == "failure" else "Right"}"'
    yield from (f"    {escape(line)}" for line in said.splitlines())
    if case.parameters:
        yield from ("", f"With the parameters `{dict(case.parameters)!r}`, and seen:")
    else:
        yield from ("", "Seen:")
    yield from ("", "```text", *seen(case.observed), "```")


def example(id: str, kinds: tuple[Verdict, ...]) -> Case:
    """The first case of a verdict that shows evidence, or the first one."""
    cases = [case for case in CASES[id] if case.verdict in kinds]
    return next((case for case in cases if not case.parameters and any(seen(case.observed))), cases[0])


def seen(observed: Mapping[str, Any]) -> list[str]:
    """The evidence of observations as lines, cut where it is long."""
    lines = [line for one in observed.values() if isinstance(one, Observation) for line in one.evidence()]
    lines = [part for line in dict.fromkeys(lines) for part in line.splitlines()]
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], f"... {len(lines) - MAX_LINES} lines more"]
    return lines or ["nothing that would be shown"]
