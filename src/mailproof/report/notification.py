"""What is new and what is mended since somebody was told last: as mail, JSON, and messages for Slack and Matrix.

Findings alone are told. What could not be verified is neither new nor mended: the network has bad days.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from typing import Any

from mailproof.gate.baseline import Key, former_keys
from mailproof.gate.document import Result, RunDocument, count
from mailproof.gate.part import Part
from mailproof.gate.verdict import Verdict
from mailproof.net.text import printable
from mailproof.report.escape import clipped
from mailproof.report.selection import worst_first

FORMAT, VERSION = "mailproof-notification", 1

MAX_LISTED = 50
"""Findings of a kind that a message lists; the rest is counted."""
_MAX_LINE = 300


@dataclass(frozen=True, slots=True)
class Finding(Part):
    """Something that is or was amiss."""

    control: str
    target: str
    level: str
    message: str

    @property
    def key(self) -> Key:
        return self.control, self.target

    @property
    def line(self) -> str:
        """For people, in one line without control characters."""
        return clipped(printable(f"{self.level}  {self.control}  {self.target}: {self.message}"), _MAX_LINE, "...")


@dataclass(frozen=True)
class News:
    """What there is to tell of a run."""

    document: RunDocument
    new: tuple[Finding, ...]
    mended: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    """Found before, and judged no more: a domain, a host or a control is not there any longer."""
    open: tuple[Finding, ...]
    """All that is amiss now, as far as it is known: what is told next time is held against these."""

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.new or self.mended or self.gone)

    @property
    def kinds(self) -> Iterator[tuple[str, tuple[Finding, ...]]]:
        """The findings of each kind that has any."""
        for kind in ("new", "mended", "gone"):
            if found := getattr(self, kind):
                yield kind, found

    @property
    def subject(self) -> str:
        """In one line."""
        words = {"new": "new", "mended": "mended", "gone": "no longer judged"}
        told = ", ".join(f"{len(found)} {words[kind]}" for kind, found in self.kinds) or "nothing new"
        return clipped(printable(f"mailproof {self.document.inventory}: {told}"), 200)

    @property
    def state(self) -> str:
        """How it stands, in one line."""
        decision = "open" if self.document.decision.open else "closed"
        unverified = sum(result.verdict is Verdict.INCONCLUSIVE for result in self.document.results)
        more = f", {unverified} could not be verified" if unverified else ""
        now = f"{count(len(self.open), 'finding')} in all{more}; the gate is {decision}"
        return printable(f"Looked at {self.document.surveyed_at}: {now}.")

    @property
    def number(self) -> str:
        """The same for the same news, so that a receiver can tell that it has them already."""
        told = [self.document.inventory, self.document.surveyed_at]
        told += [f"{kind} {finding.control} {finding.target}" for kind, found in self.kinds for finding in found]
        return hashlib.sha256("\n".join(told).encode(errors="backslashreplace")).hexdigest()[:32]


def news_of(told: Iterable[Finding], document: RunDocument) -> News:
    """What is new in a run to somebody who was told of ``told``; renames are followed."""
    before = {finding.key: finding for finding in told}
    judged: dict[Key, Result] = {result.key: result for result in document.results}
    pairs = former_keys(before, judged, document.renamed)
    worst = worst_first(document, Verdict.FAIL)
    now = {result.key: _finding(result) for result in worst}
    # What a baseline knows is no news, but its end is.
    new = tuple(_finding(result) for result in worst if result.key not in pairs and result.change != "known")
    held = {former: key for key, former in pairs.items()}
    mended: list[Finding] = []
    gone: list[Finding] = []
    kept: list[Finding] = []
    for former, finding in before.items():
        key = held.get(former)
        if key is None:
            whole = document.selection is None or not document.selection.partial
            (gone if whole else kept).append(finding)
        elif judged[key].verdict is Verdict.INCONCLUSIVE or judged[key].left_to:
            kept.append(finding)
        elif judged[key].verdict not in (Verdict.FAIL, Verdict.WAIVED):
            mended.append(finding)
    return News(document, new, tuple(mended), tuple(gone), (*now.values(), *kept))


def _finding(result: Result) -> Finding:
    return Finding(result.control, result.target, str(result.level), result.message)


_TITLES = {"new": "New", "mended": "Mended", "gone": "No longer judged"}


def _listed(news: News) -> Iterator[tuple[str, list[str], int]]:
    """A title, the lines below it, and how many there are beside them."""
    for kind, found in news.kinds:
        lines = [finding.line for finding in found[:MAX_LISTED]]
        yield f"{_TITLES[kind]}: {len(found)}", lines, len(found) - len(lines)


def as_text(news: News) -> str:
    """For a mail, or a terminal."""
    lines = []
    for title, listed, more in _listed(news):
        lines += [title, *(f"  {line}" for line in listed), *([f"  and {more} more"] if more else []), ""]
    return "\n".join([*lines, news.state]) + "\n"


def as_mail(news: News, recipients: Iterable[str], sender: str | None) -> EmailMessage:
    """A message for ``sendmail -t``, which adds what is missing. Nobody's vacation answers it (RFC 3834)."""
    mail = EmailMessage()
    mail["To"] = ", ".join(recipients)
    if sender is not None:
        mail["From"] = sender
    mail["Subject"] = news.subject
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(as_text(news), cte="quoted-printable")
    return mail


def as_json(news: News) -> dict[str, Any]:
    """For a webhook."""
    document = news.document
    return {
        "format": FORMAT,
        "version": VERSION,
        "id": news.number,
        "inventory": document.inventory,
        "surveyed_at": document.surveyed_at,
        "gate": "open" if document.decision.open else "closed",
        "open": len(news.open),
        **{kind: [asdict(finding) for finding in getattr(news, kind)] for kind in ("new", "mended", "gone")},
    }


def as_slack(news: News) -> dict[str, Any]:
    """For an incoming webhook of Slack, Mattermost or whoever takes its form. Nobody is mentioned by it."""
    lines = [f"*{_slack(news.subject)}*"]
    for title, listed, more in _listed(news):
        lines += [f"*{title}*", *(f"• {_slack(line)}" for line in listed), *([f"and {more} more"] if more else [])]
    return {"text": "\n".join([*lines, _slack(news.state)]), "unfurl_links": False, "unfurl_media": False}


def _slack(text: str) -> str:
    """Text in which Slack sees no link, mention or markup."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A mark of width nothing: Slack knows no escape for its markup.
    return text.translate({ord(mark): f"\u200b{mark}" for mark in "*_~`"})


def as_matrix(news: News) -> dict[str, Any]:
    """The content of an m.room.message event of Matrix."""
    parts = [f"<p><strong>{html.escape(news.subject)}</strong></p>"]
    for title, listed, more in _listed(news):
        items = "".join(f"<li>{html.escape(line)}</li>" for line in listed)
        parts.append(f"<p>{title}</p><ul>{items}</ul>{f'<p>and {more} more</p>' if more else ''}")
    parts.append(f"<p>{html.escape(news.state)}</p>")
    return {
        "msgtype": "m.notice",
        "body": f"{news.subject}\n\n{as_text(news)}",
        "format": "org.matrix.custom.html",
        "formatted_body": "".join(parts),
        "m.mentions": {},
    }


def findings_of(plain: object) -> tuple[Finding, ...]:
    """Findings as a file has them. Raises ValueError."""
    if not isinstance(plain, list):
        raise ValueError("no list of findings")
    found = []
    for one in plain:
        if not isinstance(one, Mapping) or set(one) != {"control", "target", "level", "message"}:
            raise ValueError("a finding has control, target, level and message")
        if not all(isinstance(value, str) for value in one.values()):
            raise ValueError("what a finding says is text")
        found.append(Finding(**one))
    return tuple(found)


def as_octets(content: Mapping[str, Any]) -> bytes:
    """JSON for the network."""
    return json.dumps(content, ensure_ascii=False).encode(errors="backslashreplace")
