"""What is new and what is mended since somebody was told last: as mail, JSON, and messages for Slack and Matrix.

Findings alone are told. What could not be verified is neither new nor mended: the network has bad days.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from email.message import EmailMessage
from typing import Any

from mailproof.gate.baseline import Key, former_keys
from mailproof.gate.document import Result, RunDocument
from mailproof.gate.part import Part
from mailproof.gate.verdict import Verdict
from mailproof.languages import ENGLISH, Language
from mailproof.net.text import printable
from mailproof.report.escape import clipped
from mailproof.report.selection import worst_first

FORMAT, VERSION = "mailproof-notification", 1

MAX_LISTED = 50
"""Findings of a kind that a message lists; the rest is counted."""
_MAX_LINE = 300

MAX_EVENT = 60_000
"""Octets of the content of an event of Matrix, of which a server takes 65,536 with what it adds (client-server API)."""
MAX_POST = 16_000
"""Characters of a message; Mattermost takes 16,383, and Slack 40,000."""
MAX_HOOK = 900_000
"""Octets of JSON for a webhook: many a web server takes a megabyte."""


@dataclass(frozen=True, slots=True)
class Finding(Part):
    """Something that is or was amiss."""

    control: str
    target: str
    level: str
    message: str
    domains: tuple[str, ...] = ()
    """Mail domains that the target belongs to."""
    host: str = ""
    """The host that the target is, or is a service of; empty where it is none."""

    @property
    def key(self) -> Key:
        return self.control, self.target

    @property
    def line(self) -> str:
        """For people, in one line without control characters."""
        return clipped(printable(f"{self.level}  {self.control}  {self.target}: {self.message}"), _MAX_LINE, "...")


KINDS = {"new": "New", "mended": "Mended", "lowered": "Only advice now", "gone": "No longer judged"}
"""What may have become of a finding, and how people are told."""


@dataclass(frozen=True)
class News:
    """What there is to tell of a run."""

    document: RunDocument
    new: tuple[Finding, ...]
    mended: tuple[Finding, ...]
    lowered: tuple[Finding, ...]
    """Found before, and advice now: it is not right yet, and demanded no more."""
    gone: tuple[Finding, ...]
    """Found before, and judged no more: it does not apply, or a domain, a host or a control is not there any longer."""
    open: tuple[Finding, ...]
    """All that is amiss now, as far as it is known: what is told next time is held against these."""
    say: Language = field(default_factory=Language)
    """The language in which people are told; what was found stays as it was."""

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.new or self.mended or self.lowered or self.gone)

    @property
    def kinds(self) -> Iterator[tuple[str, tuple[Finding, ...]]]:
        """The findings of each kind that has any."""
        for kind in KINDS:
            if found := getattr(self, kind):
                yield kind, found

    @property
    def subject(self) -> str:
        """In one line."""
        say = self.say
        told = ", ".join(f"{len(found)} {say.fixed(KINDS[kind].lower())}" for kind, found in self.kinds)
        told = told or say("nothing new")
        return clipped(printable(f"mailproof {self.document.inventory}: {told}"), 200)

    @property
    def state(self) -> str:
        """How it stands, in one line."""
        say = self.say
        unverified = sum(result.verdict is Verdict.INCONCLUSIVE for result in self.document.results)
        parts = [say("1 finding in all") if len(self.open) == 1 else say("{n} findings in all", n=len(self.open))]
        parts += [say("{n} could not be verified", n=unverified)] if unverified else []
        gate = say("the gate is open") if self.document.decision.open else say("the gate is closed")
        moment = self.document.surveyed_at
        return printable(say("Looked at {moment}: {now}; {gate}.", moment=moment, now=", ".join(parts), gate=gate))

    @property
    def number(self) -> str:
        """The same for the same news, so that a receiver can tell that it has them already."""
        told = [self.document.inventory, self.document.surveyed_at]
        told += [f"{kind} {finding.control} {finding.target}" for kind, found in self.kinds for finding in found]
        return hashlib.sha256("\n".join(told).encode(errors="backslashreplace")).hexdigest()[:32]


def news_of(told: Iterable[Finding], document: RunDocument, language: str = ENGLISH) -> News:
    """What is new in a run to somebody who was told of ``told``; renames are followed. Raises ValueError where there is
    no such language.
    """
    before = {finding.key: finding for finding in told}
    judged: dict[Key, Result] = {result.key: result for result in document.results}
    pairs = former_keys(before, judged, document.renamed)
    worst = worst_first(document, Verdict.FAIL)
    now = {result.key: _finding(result) for result in worst}
    # What a baseline knows is no news, but its end is.
    new = tuple(_finding(result) for result in worst if result.key not in pairs and result.change != "known")
    held = {former: key for key, former in pairs.items()}
    unseen = _Unseen(document)
    became: dict[str, list[Finding]] = {kind: [] for kind in ("mended", "lowered", "gone", "kept")}
    for former, finding in before.items():
        key = held.get(former)
        kind = _without_result(finding, unseen) if key is None else _with_result(judged[key])
        if kind:
            became[kind].append(finding)
    mended, lowered, gone, kept = map(tuple, became.values())
    return News(document, new, mended, lowered, gone, (*now.values(), *kept), Language(language))


def _with_result(result: Result) -> str:
    """What became of a finding, by what is said of it now; nothing if it is one still, or waived."""
    if result.verdict is Verdict.INCONCLUSIVE or result.left_to:
        return "kept"
    told = {Verdict.PASS: "mended", Verdict.ADVICE: "lowered", Verdict.NOT_APPLICABLE: "gone"}
    return told.get(result.verdict, "")


def _without_result(finding: Finding, unseen: _Unseen) -> str:
    """What became of a finding of which nothing is said now."""
    selection = unseen.document.selection
    return "kept" if (selection is not None and selection.partial) or unseen.may_hide(finding) else "gone"


class _Unseen:
    """What could not be found out in a run: the MX of a domain, or the addresses of a host."""

    def __init__(self, document: RunDocument) -> None:
        self.document = document
        self._by_control: dict[str, list[Result]] = {}
        for result in document.results:
            # What stands for targets that are not known is named in words; ids of targets have no blanks.
            if " " in result.target and (result.verdict is Verdict.INCONCLUSIVE or result.left_to):
                self._by_control.setdefault(result.control, []).append(result)

    def may_hide(self, finding: Finding) -> bool:
        """Whether the target of a finding may be among what could not be found out."""
        names = {self.document.renamed.get(name, name) for name in (*finding.domains, finding.host) if name}
        for unknown in self._by_control.get(finding.control, ()):
            of = {unknown.host} if unknown.host else set(unknown.domains)
            # Of a finding that an earlier version told the names are not known.
            if not names or not of or names & of:
                return True
        return False


def _finding(result: Result) -> Finding:
    return Finding(
        result.control, result.target, str(result.level), result.message, domains=result.domains, host=result.host
    )


def _listed(news: News, most: int = MAX_LISTED) -> Iterator[tuple[str, list[str], int]]:
    """A title, at most so many lines below it, and how many there are beside them."""
    for kind, found in news.kinds:
        lines = [finding.line for finding in found[:most]]
        yield f"{news.say.fixed(KINDS[kind])}: {len(found)}", lines, len(found) - len(lines)


def _more(news: News, number: int) -> list[str]:
    say = news.say
    return [say("and {n} more", n=number)] if number else []


def _fitting(
    make: Callable[[int], dict[str, Any]], most: int, fits: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """What is made of at most so many findings of each kind, or of as many as fit."""
    content = make(most)
    while most and not fits(content):
        most = most * 4 // 5
        content = make(most)
    return content


def as_text(news: News, most: int = MAX_LISTED) -> str:
    """For a mail, or a terminal."""
    lines = []
    for title, listed, more in _listed(news, most):
        lines += [title, *(f"  {line}" for line in listed), *(f"  {line}" for line in _more(news, more)), ""]
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
    """For a webhook. Findings for which there is no room are counted."""
    document = news.document

    def content(most: int) -> dict[str, Any]:
        left_out = {kind: len(found) - most for kind, found in news.kinds if len(found) > most}
        return {
            "format": FORMAT,
            "version": VERSION,
            "id": news.number,
            "inventory": document.inventory,
            "surveyed_at": document.surveyed_at,
            "gate": "open" if document.decision.open else "closed",
            "open": len(news.open),
            **{kind: [asdict(finding) for finding in getattr(news, kind)[:most]] for kind in KINDS},
            **({"left_out": left_out} if left_out else {}),
        }

    most = max((len(found) for _, found in news.kinds), default=0)
    return _fitting(content, most, lambda made: len(as_octets(made)) <= MAX_HOOK)


def as_slack(news: News) -> dict[str, Any]:
    """For an incoming webhook of Slack, Mattermost or whoever takes its form. Nobody is mentioned by it."""

    def content(most: int) -> dict[str, Any]:
        lines = [f"*{_slack(news.subject)}*"]
        for title, listed, more in _listed(news, most):
            lines += [f"*{title}*", *(f"• {_slack(line)}" for line in listed), *_more(news, more)]
        return {"text": "\n".join([*lines, _slack(news.state)]), "unfurl_links": False, "unfurl_media": False}

    return _fitting(content, MAX_LISTED, lambda made: len(made["text"]) <= MAX_POST)


_NOTHING = "\u200b"
"""A mark of width nothing. Slack knows no escape for its markup, and would show those that Mattermost knows."""
_MARKUP = re.compile(r"(?=[*_~`!\[\]()#|])")
_LINK = re.compile(r"(?<=@)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)


def _slack(text: str) -> str:
    """Text in which neither Slack nor Mattermost sees a link, image, mention or markup."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Behind the @, since before it Mattermost takes the mark for a blank.
    return _LINK.sub(_NOTHING, _MARKUP.sub(_NOTHING, text))


def as_matrix(news: News) -> dict[str, Any]:
    """The content of an m.room.message event of Matrix."""

    def content(most: int) -> dict[str, Any]:
        parts = [f"<p><strong>{html.escape(news.subject)}</strong></p>"]
        for title, listed, more in _listed(news, most):
            items = "".join(f"<li>{html.escape(line)}</li>" for line in listed)
            parts.append(f"<p>{html.escape(title)}</p><ul>{items}</ul>")
            parts += (f"<p>{html.escape(line)}</p>" for line in _more(news, more))
        parts.append(f"<p>{html.escape(news.state)}</p>")
        return {
            "msgtype": "m.notice",
            "body": f"{news.subject}\n\n{as_text(news, most)}",
            "format": "org.matrix.custom.html",
            "formatted_body": "".join(parts),
            "m.mentions": {},
        }

    return _fitting(content, MAX_LISTED, lambda made: len(as_octets(made)) <= MAX_EVENT)


_TEXTS = frozenset({"control", "target", "level", "message"})


def findings_of(plain: object) -> tuple[Finding, ...]:
    """Findings as a file has them. Raises ValueError."""
    if not isinstance(plain, list):
        raise ValueError("no list of findings")
    found = []
    for one in plain:
        if not isinstance(one, Mapping) or not _TEXTS <= set(one) <= {*_TEXTS, "domains", "host"}:
            raise ValueError("a finding has control, target, level and message")
        domains = one.get("domains", [])
        if not isinstance(domains, list):
            raise ValueError("the domains of a finding are a list")
        said = {name: value for name, value in one.items() if name != "domains"}
        if not all(isinstance(value, str) for value in (*said.values(), *domains)):
            raise ValueError("what a finding says is text")
        found.append(Finding(**said, domains=tuple(domains)))
    return tuple(found)


def as_octets(content: Mapping[str, Any]) -> bytes:
    """JSON for the network."""
    return json.dumps(content, ensure_ascii=False).encode(errors="backslashreplace")
