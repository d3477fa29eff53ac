"""What a server answers to wrong passwords, of a user whom it knows and of one whom nobody is, and after what time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import comb
from statistics import median

from mailproof.net.errors import NotObserved, Unasked
from mailproof.net.smtp import Reply
from mailproof.observations.dialogue import DialogueSeen

DELAY, LATE, LAST = 1.0, 3, 5
"""Seconds after which a reply is late, how many replies tell at least, and how many of the last ones do."""


@dataclass(frozen=True)
class Login:
    """One AUTH PLAIN with a wrong password."""

    known: bool
    """The server knows the user."""
    reply: Reply
    seconds: float
    """Until the reply was there."""


@dataclass(frozen=True)
class GuessedLogins(DialogueSeen):
    """Logins one to a session, and several in one session."""

    offered: bool
    """AUTH PLAIN is offered inside TLS."""
    users: tuple[str, str] = ("", "")
    """The known one and the other."""
    logins: tuple[Login, ...] = ()
    """One to a session, of both users in turn."""
    interrupted: str = ""
    """Why there are no more of these."""
    row: tuple[Login, ...] = ()
    """Those in one session, all of the user whom nobody is."""
    closed: bool = False
    """The server ended that session."""
    row_interrupted: str = ""
    """Why that session had no more of them, if it was not the server."""
    untried: bool = False
    """It is the limits of the inventory that allowed no more."""

    def too_few(self, reason: str) -> NotObserved:
        """Too few logins to say more: because of the limits, or of what happened."""
        return (Unasked if self.untried else NotObserved)(reason, self.evidence())

    def replies(self, *, known: bool) -> tuple[str, ...]:
        """The replies to one of the users, without what differs from one to the next: names and numbers."""
        return tuple(self._plain(login.reply) for login in self.logins if login.known is known)

    def _plain(self, reply: Reply) -> str:
        text = str(reply)
        for user in self.users:
            for name in (user, user.partition("@")[0]):
                text = text.replace(name, "USER") if name else text
        return f"{text[:3]}{re.sub(r'[0-9A-Fa-f]*[0-9][0-9A-Fa-f]*', 'N', text[3:])}"

    def seconds(self, *, known: bool) -> tuple[float, ...]:
        return tuple(login.seconds for login in self.logins if login.known is known)

    def put_off(self, *, known: bool) -> tuple[Reply, ...]:
        """The replies to one of the users that say to come back later (4yz)."""
        return tuple(login.reply for login in self.logins if login.known is known and login.reply.transient)

    @property
    def chance_of_put_off(self) -> float:
        """How probable it is that logins which are put off fall upon the users so unevenly, if it made no difference
        who logs in: Fisher's exact test, on both sides.
        """
        users = [len(self.replies(known=known)) for known in (True, False)]
        late = [len(self.put_off(known=known)) for known in (True, False)]
        ways = [comb(users[0], count) * comb(users[1], sum(late) - count) for count in range(sum(late) + 1)]
        return sum(way for way in ways if way <= ways[late[0]]) / sum(ways)

    @property
    def delayed(self) -> bool:
        """Whether logins in one session are answered late on purpose in the end: by the median of the last replies, as
        some of them may be late because of the network or of a busy tester.
        """
        return len(self.row) >= LATE and median(login.seconds for login in self.row[-LAST:]) >= DELAY

    @property
    def difference(self) -> float:
        """Seconds by which the median of the known user's replies comes later."""
        return median(self.seconds(known=True)) - median(self.seconds(known=False))

    @property
    def chance(self) -> float:
        """How probable times are that lie as far apart as these, if there were no difference.

        The exact test of Mann and Whitney, on both sides: it asks only for the order of the times, so that one slow
        reply among many decides nothing.
        """
        known, unknown = self.seconds(known=True), self.seconds(known=False)
        wins = sum((a > b) + (a == b) / 2 for a, b in product(known, unknown))
        extreme = min(wins, len(known) * len(unknown) - wins)
        return min(1.0, 2 * at_most(extreme, len(known), len(unknown)))


def at_most(wins: float, first: int, second: int) -> float:
    """How probable so few wins are, where every order of the two samples is as probable as any other."""
    every = [_orders(first, second, number) for number in range(first * second + 1)]
    return sum(every[: int(wins + 0.5) + 1]) / sum(every)


@cache
def _orders(first: int, second: int, wins: int) -> int:
    """In how many orders of two samples values of the first beat those of the second so many times."""
    if wins < 0:
        return 0
    if not first or not second:
        return wins == 0
    return _orders(first - 1, second, wins - second) + _orders(first, second - 1, wins)
