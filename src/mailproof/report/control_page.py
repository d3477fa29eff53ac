"""The page of controls: what each demands, why, how to mend what it finds, and what is wrong and right, by example."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mailproof.languages import ENGLISH, Language
from mailproof.report.escape import html_text
from mailproof.report.examples import Example, all_examples
from mailproof.report.plain_page import FOOT, head, link

Described = Mapping[str, Any]
"""A control, as ``docket.describe`` tells it."""


def sentence(text: str) -> str:
    """``text`` with a capital."""
    return text[:1].upper() + text[1:]


def render(controls: Sequence[Described], language: str = ENGLISH, before: str = "") -> str:
    """The controls as one HTML file without scripts; ``before`` is what stands above them, in HTML."""
    say = Language(language)
    alone = len(controls) == 1
    title = controls[0]["id"] if alone else say("Controls")
    parts = [head(f"mailproof: {title}", say.code), before]
    if not alone:
        contents = (f'<li><a href="#{control["id"]}">{html_text(control["id"])}</a></li>' for control in controls)
        parts += [f"<h1>{html_text(title)}</h1><ul>{''.join(contents)}</ul>\n"]
    for control in controls:
        parts += _article(control, 1 if alone else 2, say)
    if say.note:
        parts.append(f"<p class=quiet>{html_text(say.note)}</p>")
    return "".join([*parts, FOOT])


def _article(control: Described, rank: int, say: Language) -> Iterator[str]:
    yield f'<article id="{html_text(control["id"])}"><h{rank}>{html_text(control["id"])}</h{rank}>'
    yield f"<p class=lead>{html_text(sentence(say.of_control(control['title'])))}</p>"
    facts = [control["level"], say("judges {target}", target=control["target"])]
    conditions = {
        "active": say("runs only with active: true in the inventory"),
        "scan": say("runs only with scan: true in the inventory"),
        "full_depth": say("asked only in the full depth of TLS"),
    }
    facts += [condition for key, condition in conditions.items() if control[key]]
    yield f"<p class=quiet>{html_text(' · '.join(facts))}</p>\n"
    rank += 1
    for title, text in ((say("Why it matters"), control["why"]), (say("How to mend it"), control["fix"])):
        yield f"<h{rank}>{html_text(title)}</h{rank}><p>{html_text(sentence(say.of_control(text)))}</p>\n"
    examples = all_examples().get(control["id"])
    if examples is not None:
        yield f"<h{rank}>{html_text(say('A bad example'))}</h{rank}>{_example(examples.bad, 'bad', say)}\n"
        yield f"<h{rank}>{html_text(say('A good example'))}</h{rank}>{_example(examples.good, 'good', say)}\n"
    if control["references"]:
        items = "".join(f"<li>{link(one['title'], one['url'])}</li>" for one in control["references"])
        yield f"<h{rank}>{html_text(say('Source'))}</h{rank}><ul>{items}</ul>\n"
    if control["parameters"]:
        lines = (f"{name}: {json.dumps(value)}" for name, value in control["parameters"].items())
        yield f"<h{rank}>{html_text(say('Parameters'))}</h{rank}>"
        yield f"<p>{html_text(say('The inventory may set them, under “controls”.'))}</p>{_block(lines, '')}"
    yield "</article>\n"


def _example(example: Example, kind: str, say: Language) -> str:
    found = "".join(f"<p class=closed>{html_text(line)}</p>" for line in example.found)
    if not example.found:
        found = f"<p class=open>{html_text(say('Nothing is found.'))}</p>"
    if example.parameters:
        set_to = ", ".join(f"{name}: {json.dumps(value)}" for name, value in example.parameters.items())
        found += f"<p>{html_text(say('With {parameters}', parameters=set_to))}</p>"
    return found + (_block(example.seen, kind) if example.seen else "")


def _block(lines: Iterable[str], kind: str) -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<pre{named} tabindex="0">' + "".join(f"{html_text(line)}\n" for line in lines) + "</pre>"
