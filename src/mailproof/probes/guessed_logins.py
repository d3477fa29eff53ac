"""Says wrong passwords where users hand in mail. It runs only for mailboxes that say so (``guess: true``)."""

from __future__ import annotations

import asyncio
from base64 import b64encode

from mailproof.net.errors import ClosedEarly, NotAvailable, NotObserved, Throttled, Unasked
from mailproof.net.network import Network
from mailproof.net.smtp import Dialogue
from mailproof.net.transcript import Line
from mailproof.observations.guessed_logins import DELAY, LATE, GuessedLogins, Login
from mailproof.probes.made_up import made_up_mailbox
from mailproof.probes.probe import Look, probe
from mailproof.probes.series import greeted
from mailproof.probes.smtp import smtp_session
from mailproof.targets.guessed_logins import GuessedLogin

ROUNDS = 10
"""Wrong logins of each of the two users."""
IN_A_ROW = 21
"""Wrong logins in one session at most: Postfix ends it after 20 errors."""


@probe(active=True, connections=2 * ROUNDS + 1, refusals=2 * ROUNDS + IN_A_ROW, looks=("smtp_session",))
async def guessed_logins(login: GuessedLogin, net: Network, look: Look) -> GuessedLogins:
    """AUTH PLAIN inside TLS with a made-up password: of the known user and of one whom nobody is, in turn; and of the
    latter several times in one session.
    """
    session = await look(smtp_session, login.endpoint)
    inside = session.ehlo if login.endpoint.implicit_tls else session.ehlo_in_tls
    keywords = session.extensions if login.endpoint.implicit_tls else session.extensions_in_tls if inside else {}
    if "PLAIN" not in map(str.upper, keywords.get("AUTH", ())):
        return GuessedLogins(session.transcript, False)
    domain = login.user.partition("@")[2]
    made_up = made_up_mailbox(domain or login.endpoint.host, net.settings.sender)
    guess = _Guess(login, net, (login.user, f"{made_up}@{domain}" if domain else made_up), made_up)
    row, closed, row_interrupted = await guess.in_a_row()
    logins, interrupted = await guess.in_turn()
    lines = tuple(guess.lines)
    return GuessedLogins(lines, True, guess.users, logins, interrupted, row, closed, row_interrupted, guess.untried)


class _Guess:
    """The sessions with one server."""

    def __init__(self, login: GuessedLogin, net: Network, users: tuple[str, str], password: str) -> None:
        self.users = users
        self.lines: list[Line] = []
        self.untried = False
        self._login = login
        self._net = net
        self._password = password

    async def in_turn(self) -> tuple[tuple[Login, ...], str]:
        """One login to a session, each user first in every other round; and why there are no more of them."""
        found: list[Login] = []
        for number in range(ROUNDS):
            for known in (True, False) if number % 2 else (False, True):
                try:
                    await self._net.refusals.require(self._login.endpoint)
                    found += (await self._session(known, 1))[0]
                except NotObserved as failure:
                    self.untried |= isinstance(failure, Unasked)
                    return tuple(found), failure.reason
        return tuple(found), ""

    async def in_a_row(self) -> tuple[tuple[Login, ...], bool, str]:
        """Logins in one session until the server ends or delays it; whether it ended it, and what else did."""
        try:
            return *(await self._session(False, IN_A_ROW)), ""
        except NotObserved as failure:
            self.untried |= isinstance(failure, Unasked)
            return (), False, failure.reason

    async def _session(self, known: bool, most: int) -> tuple[tuple[Login, ...], bool]:
        endpoint = self._login.endpoint
        found: list[Login] = []
        async with self._net.smtp.connect(
            endpoint.address, endpoint.port, host=endpoint.host, implicit_tls=endpoint.implicit_tls
        ) as dialogue:
            try:
                await self._open(dialogue)
                for _ in range(most):
                    if most > 1 and not self._net.refusals.has_room(endpoint):
                        raise Unasked(self._net.refusals.reason(endpoint))
                    if most > 1:
                        self._net.refusals.count(endpoint)
                    try:
                        found.append(await self._log_in(dialogue, known))
                    except (ClosedEarly, Throttled):
                        return tuple(found), True
                    if found[-1].reply.positive or sum(one.seconds >= DELAY for one in found) >= LATE:
                        break
            finally:
                self.lines += dialogue.transcript.entries
        return tuple(found), False

    async def _open(self, dialogue: Dialogue) -> None:
        await greeted(dialogue)
        if not self._login.endpoint.implicit_tls:
            if (await dialogue.starttls()).code != 220:
                raise NotAvailable("STARTTLS is not to be had now", dialogue.transcript.evidence())
            await dialogue.handshake()
            await dialogue.ehlo()

    async def _log_in(self, dialogue: Dialogue, known: bool) -> Login:
        said = b64encode(f"\0{self.users[not known]}\0{self._password}".encode()).decode()
        began = asyncio.get_running_loop().time()
        reply = await dialogue.command(f"AUTH PLAIN {said}")
        return Login(known, reply, asyncio.get_running_loop().time() - began)
