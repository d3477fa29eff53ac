"""Asks a server about many recipients as a guest does: in short sessions, inside TLS where STARTTLS works.

Servers count what they refuse. Postfix slows down after 10 refusals in a session and ends it after 20, chasquid ends it
at the third; so a session is left after two. A server that ends one earlier gets sessions of one. Exim ends a session
after ten commands that belong to no mail, of which RSET is one, and fail2ban counts that; so it is left after eight.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from mailproof.net import smtp
from mailproof.net.addresses import is_public
from mailproof.net.errors import ClosedEarly, Malformed, NotAvailable, NotObserved
from mailproof.net.network import Network
from mailproof.net.refusals import KEPT_FOR_RELAYING
from mailproof.net.smtp import Reply, extensions
from mailproof.net.transcript import Line
from mailproof.observations.attempts import Attempt
from mailproof.observations.refusals import Tester
from mailproof.targets.services import SMTPEndpoint

REFUSALS_A_SESSION = 2
"""After so many refusals a session is left, politely, and the next one goes on."""

FORMS_A_SESSION = 8
"""So many are asked in a session, whatever the answers are."""


@dataclass(frozen=True)
class Form:
    """One recipient to ask about, and from which sender. ``name`` tells what it tries."""

    name: str
    sender: str
    recipient: str
    refused: bool = False
    """Whether a right server refuses it: then it is only asked for while refusals are within the limits.

    What a right server takes is asked for whatever the limits are, until one has refused something of that kind.
    """
    kept: int = 1
    """Refusals left for another question by what a right server takes: so that whom a refusal is about can be asked."""


class Series:
    """A series of attempts at one endpoint, over as many sessions as they need, but no more than ``sessions``.

    ``attempts`` are what was answered, ``interrupted`` is why the rest was not, and ``untried`` is why forms were left
    out that the server would have refused: it had refused enough (``net.refusals``).
    """

    def __init__(
        self, endpoint: SMTPEndpoint, net: Network, *, tls: bool, sessions: int, kept: int = KEPT_FOR_RELAYING
    ) -> None:
        """``kept`` are the refusals that are left for another question (``net.refusals``)."""
        self.attempts: list[Attempt] = []
        self.interrupted = ""
        self.untried = ""
        self.names: set[str] = {net.settings.ehlo_name.lower()}
        """By what the server may call us."""
        self._forms: dict[tuple[str, str], Form] = {}
        self._endpoint = endpoint
        self._net = net
        self._tls = tls
        self._sessions = sessions
        self._kept = kept
        self._room = REFUSALS_A_SESSION
        self._lines: list[Line] = []
        self._own_address = ""

    @property
    def transcript(self) -> tuple[Line, ...]:
        return tuple(self._lines)

    async def ask(self, forms: Sequence[Form], *, in_clear: bool = False) -> None:
        """Ask about each of ``forms``. Raises NotObserved where not even the first one is answered."""
        limits = self._net.settings.limits
        waited = False
        left = list(forms)
        self._forms |= {(form.name, form.recipient): form for form in forms}
        while left and not self.interrupted:
            if self._is_bounded(left[0]) and not await self._net.refusals.room(self._endpoint, self._left_by(left[0])):
                self.untried = self._net.refusals.reason(self._endpoint)
                left = [form for form in left if form.refused is not left[0].refused]
                continue
            if not self._sessions:
                self.interrupted = "the server ends every session too soon"
                return
            self._sessions -= 1
            before = len(self.attempts)
            try:
                await self._session(left, in_clear)
                left = left[len(self.attempts) - before :]
            except NotObserved as failure:
                left = left[len(self.attempts) - before :]
                if len(self.attempts) > before:
                    # What was refused until then is refused, whatever ends the session (RFC 5321, section 3.8).
                    self._room = 1
                elif failure.transient and self.attempts and not waited:
                    waited = True
                    await asyncio.sleep(limits.retry_pause)
                elif self.attempts:
                    self.interrupted = self._why(failure)
                else:
                    raise

    def _is_bounded(self, form: Form) -> bool:
        """Whether a form is asked for only while refusals are within the limits."""
        return form.refused or self._net.refusals.is_strange(self._endpoint)

    def _left_by(self, form: Form) -> int:
        return self._kept if form.refused else form.kept

    def _may_ask(self, form: Form) -> bool:
        return not self._is_bounded(form) or self._net.refusals.has_room(self._endpoint, self._left_by(form))

    def _why(self, failure: NotObserved) -> str:
        refused = sum(1 for attempt in self.attempts if not attempt.accepted)
        reason = f"{failure.reason}, after {refused} refused recipient{'' if refused == 1 else 's'}"
        if refused > 1:
            reason += "; a rule against guessing (fail2ban, say) may have banned the tester"
        return reason

    async def ask_again(self) -> None:
        """Ask about what was deferred (4yz) once more, after the pause that a sender would make.

        The pause is the one that the server names, else ``limits.retry_pause``; a longer one than ``limits.deferral``
        is not waited for. Where the first of them is deferred again, the others would be too.
        """
        limits = self._net.settings.limits
        for _ in range(limits.retries):
            deferred = [attempt for attempt in self.attempts if attempt.deferred]
            pause = max((named_pause(attempt.last) or limits.retry_pause for attempt in deferred), default=0.0)
            if not deferred or self.interrupted or pause > limits.deferral:
                return
            await asyncio.sleep(pause)
            for some in (deferred[:1], deferred[1:]):
                if not await self._decided_now(some):
                    return

    async def _decided_now(self, deferred: Sequence[Attempt]) -> bool:
        """Ask about ``deferred`` again and put the new answers in the place of the old ones; whether one is final."""
        known = self.attempts
        for in_clear in (False, True):
            forms = [self._forms[a.form, a.recipient] for a in deferred if (self._tls and not a.tls) is in_clear]
            self.attempts = []
            with suppress(NotObserved):
                await self.ask(forms, in_clear=in_clear)
            new = {(attempt.form, attempt.tls): attempt for attempt in self.attempts}
            known = [new.get((attempt.form, attempt.tls), attempt) for attempt in known]
        self.attempts = known
        self.interrupted = ""
        final = {(attempt.form, attempt.tls) for attempt in known if not attempt.deferred}
        return any((attempt.form, attempt.tls) in final for attempt in deferred)

    async def tester(self) -> Tester:
        """By what the server may call us; asks for the PTR of our own address only where something was refused."""
        names = {*self.names, *([self._own_address] if self._own_address else [])}
        if any(not attempt.accepted for attempt in self.attempts) and is_public(self._own_address or "127.0.0.1"):
            try:
                answer = await self._net.dns.resolve(ip_address(self._own_address).reverse_pointer, "PTR")
                names |= {record.target.lower() for record in answer.records}
            except NotObserved:
                pass
        return Tester(tuple(sorted(names)), self._net.settings.sender)

    async def _session(self, forms: Sequence[Form], in_clear: bool) -> None:
        endpoint = self._endpoint
        async with self._net.smtp.connect(
            endpoint.address, endpoint.port, host=endpoint.host, implicit_tls=endpoint.implicit_tls
        ) as dialogue:
            try:
                inside = await self._open(dialogue, in_clear) or endpoint.implicit_tls
                refused = 0
                for form in forms[:FORMS_A_SESSION]:
                    if refused >= self._room or not self._may_ask(form):
                        break
                    if form.refused:  # at once: others may ask the same address meanwhile
                        self._net.refusals.count(endpoint)
                    attempt = await _attempt(dialogue, form, inside)
                    if form.refused and not counts(attempt.last):
                        self._net.refusals.take_back(endpoint)
                    self.attempts.append(attempt)
                    refused += not attempt.accepted
                    if not form.refused and counts(attempt.last):
                        self._net.refusals.wonder(endpoint)
                    await dialogue.command("RSET")
                await dialogue.farewell()
            finally:
                self._lines += dialogue.transcript.entries

    async def _open(self, dialogue: smtp.Dialogue, in_clear: bool) -> bool:
        """Greet, and start TLS if it is to be had. Returns whether the dialogue is inside TLS now."""
        hello = await greeted(dialogue)
        self._own_address = dialogue.own_address
        self.names |= called(hello, self._endpoint.address)
        if in_clear or not self._tls or "STARTTLS" not in extensions(hello):
            return False
        if (await dialogue.starttls()).code != 220:
            return False
        try:
            await dialogue.handshake()
        except (NotAvailable, ClosedEarly, Malformed):
            self._tls = False  # it worked before; the next session goes on without
            raise
        await dialogue.ehlo()
        return True


def counts(reply: Reply) -> bool:
    """Whether rules against guessing count a reply: a refusal for good, or one of sender, recipient or policy."""
    return reply.permanent or (reply.enhanced or "").startswith(("4.1.", "4.7."))


async def greeted(dialogue: smtp.Dialogue) -> Reply:
    """The reply to EHLO, or to HELO where EHLO is refused. Raises NotAvailable where nobody is served."""
    greeting = await dialogue.greeting()
    if not greeting.positive:
        raise NotAvailable(f"the server opens with {greeting}", dialogue.transcript.evidence())
    hello = await dialogue.ehlo()
    if not hello.positive:
        hello = await dialogue.helo()
    if not hello.positive:
        raise NotAvailable(f"EHLO and HELO are refused: {hello}", dialogue.transcript.evidence())
    return hello


async def _attempt(dialogue: smtp.Dialogue, form: Form, tls: bool) -> Attempt:
    mail = await dialogue.command(f"MAIL FROM:<{form.sender}>")
    rcpt = await dialogue.command(f"RCPT TO:<{form.recipient}>") if mail.positive else None
    return Attempt(form.name, form.sender, form.recipient, mail, rcpt, tls)


_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")


def called(hello: Reply, server: str) -> set[str]:
    """By what a server calls its client in the first line of the reply to EHLO or HELO, behind its own name."""
    found: set[str] = set()
    for word in hello.lines[0].lower().split()[1:] if hello.lines else ():
        word = word.strip("[](){}<>,;:!").removeprefix("ipv6:").rstrip(".")
        try:
            address = str(ip_address(word))
        except ValueError:
            if _NAME.fullmatch(word):
                found.add(word)
        else:
            if address != server:
                found.add(address)
    return found - {hello.lines[0].lower().split()[0]} if found else found


_CLOCK = re.compile(r"\b([0-9]{1,2}):([0-9]{2}):([0-9]{2})\b")
_DURATION = re.compile(r"\b([0-9]{1,5})\s*(s|se[ck]\w*|m|min\w*|h|hours?|stunden?)\b", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def named_pause(reply: Reply) -> float | None:
    """Seconds after which a 4yz reply invites the sender again; None where it names no time."""
    if found := _CLOCK.search(reply.text):
        hours, minutes, seconds = map(int, found.groups())
        return float(hours * 3600 + minutes * 60 + seconds)
    if found := _DURATION.search(reply.text):
        unit = "h" if found[2].lower().startswith("st") else found[2][0].lower()
        return float(found[1]) * _SECONDS[unit]
    return None


def without_repeats(forms: Sequence[Form]) -> list[Form]:
    """``forms`` without those that ask the same as an earlier one."""
    once: dict[tuple[str, str], Form] = {}
    for form in forms:
        once.setdefault((form.sender, form.recipient), form)
    return list(once.values())
