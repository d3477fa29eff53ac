"""Branches of DNS server software that their makers no longer maintain, as their makers said by a day.

Sources: ISC, "BIND 9 Software Support Policy" (9.16: April 2024, with everything older and the development branches
9.17 and 9.19); PowerDNS, "End of life statements" (Authoritative Server 4.7 and older). A branch that is not here is
not judged: the table knows which branches have ended, and nothing of those that have not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

AS_OF = date(2025, 8, 22)
"""The table is as the makers had it on this day."""

DISTRIBUTIONS = re.compile(r"debian|ubuntu|redhat|-rh|\.el\d|suse|\bamzn|~deb|\+deb|-deb", re.IGNORECASE)
"""Signs that a distributor built the server: it may mend an old branch longer than its maker does."""


@dataclass(frozen=True)
class Ended:
    """Branches of a program that have ended: all up to ``last``, and those in ``also``."""

    program: str
    version: re.Pattern[str]
    """Finds major and minor number in what a server says of itself."""
    last: tuple[int, int]
    also: tuple[tuple[int, int], ...] = ()

    def branch(self, text: str) -> tuple[int, int] | None:
        """The branch that ``text`` names, None for another program."""
        found = self.version.search(text)
        return (int(found[1]), int(found[2])) if found else None

    def has(self, branch: tuple[int, int]) -> bool:
        """Whether the branch has ended."""
        return branch <= self.last or branch in self.also


ENDED = (
    Ended("BIND", re.compile(r"^(?:BIND )?(9|8)\.(\d{1,2})\.\d"), (9, 16), ((9, 17), (9, 19))),
    Ended("PowerDNS Authoritative Server", re.compile(r"PowerDNS Authoritative Server (\d)\.(\d{1,2})\."), (4, 7)),
)


def ended_branch(text: str) -> str:
    """The program and branch that ``text`` names, if its maker has ended it; empty otherwise."""
    if DISTRIBUTIONS.search(text):
        return ""
    for entry in ENDED:
        branch = entry.branch(text)
        if branch is not None and entry.has(branch):
            return f"{entry.program} {branch[0]}.{branch[1]}"
    return ""
