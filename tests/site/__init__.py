"""The documentation as a site: ``make site``.

The pages of ``docs`` as they are, the README as the first one, and a page for each control with a bad and a good
example. The examples are those that `mailproof explain` shows.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html import escape
from pathlib import Path

from mailproof.controls import Control, load_catalogue
from mailproof.docket import Docket, describe
from mailproof.probes import load_probes
from mailproof.report.control_page import sentence
from mailproof.report.examples import Example, all_examples

SOURCE = Path(__file__).resolve().parents[2]

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
    for control in load_catalogue():
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
    yield from ("", "## Why", "", sentence(control.why), "", "## Fix", "", sentence(control.fix), "")
    examples = all_examples()[control.id]
    yield from ("## A bad example", "", *_example(examples.bad, "failure"), "")
    yield from ("## A good example", "", *_example(examples.good, "success"), "")
    yield from ("## Sources", "")
    for reference in entry["references"]:
        yield f"- [{reference['title']}]({reference['url']})" if reference["url"] else f"- {reference['title']}"
    yield ""
    if entry["parameters"]:
        yield from ("## Parameters", "", "Set in the inventory under `controls`.", "")
        yield from (f"- `{name}`: default `{value!r}`" for name, value in entry["parameters"].items())
        yield ""
    yield f"On the command line: `mailproof explain {control.id}`. [All of {control.family}](../{control.family}.md)"


def _example(example: Example, box: str) -> Iterator[str]:
    """What was seen, and what the control says of it."""
    yield f'!!! {box} "{"Found" if box == "failure" else "Right"}"'
    yield from (f"    {escape(line)}" for line in example.found or ("Nothing is found.",))
    if example.parameters:
        yield from ("", f"With the parameters `{dict(example.parameters)!r}`, and seen:")
    else:
        yield from ("", "Seen:")
    yield from ("", "```text", *(example.seen or ("nothing that would be shown",)), "```")
