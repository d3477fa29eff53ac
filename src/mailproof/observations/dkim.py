"""DKIM key records (RFC 6376, section 3.6.1; RFC 8301; RFC 8463)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, ClassVar

from mailproof.grammars.dkim import KeyRecord, parse_key_record
from mailproof.net.dns.client import Answer
from mailproof.observations import Observation
from mailproof.observations.authorities import Silence


@dataclass(frozen=True)
class DKIMKey(Observation):
    """What stands at a selector's name."""

    selector: str
    domain: str
    answer: Annotated[Answer, "TXT"]
    unregistered: str = ""
    """The domain that anybody could register to have the name that this leads to; empty where it is registered."""

    @property
    def name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def end(self) -> str:
        """The name at the end of the aliases: who has that holds the key."""
        return self.answer.aliases[-1] if self.answer.aliases else self.name

    @cached_property
    def records(self) -> tuple[KeyRecord, ...]:
        return tuple(parse_key_record(record.text) for record in self.answer.records)

    @property
    def keys(self) -> tuple[KeyRecord, ...]:
        """The records whose key can be read."""
        return tuple(record for record in self.records if record.key is not None)

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence()


@dataclass(frozen=True)
class KeysTogether(Observation):
    """What the keys of all selectors of the inventory have in common."""

    shared: tuple[tuple[str, ...], ...]
    """Selectors that have one key; those that lead to one record by aliases are there once."""
    factors: tuple[str, ...]
    """Selectors with an RSA key that has a factor in common with another one."""
    listed: tuple[tuple[str, str], ...] = ()
    """Selectors with a key that a list of broken keys has, and the list."""
    unknown: tuple[str, ...] = ()
    """Why some keys could not be looked at."""
    unread: tuple[str, ...] = ()
    """Lists of broken keys that are none."""

    @cached_property
    def companions(self) -> dict[str, frozenset[str]]:
        """All selectors that have the key of one, by its name."""
        return {name: frozenset(names) for names in self.shared for name in names}

    def evidence(self) -> tuple[str, ...]:
        return (
            *(f"one key: {', '.join(names)}" for names in self.shared),
            *(f"a factor in common with another key: {name}" for name in self.factors),
            *(f"not looked at: {name}" for name in self.unknown),
        )


@dataclass(frozen=True)
class KeyCompany(Observation):
    """What the key of one selector has in common with those of the others."""

    selector: str
    owner: str
    """The domain whose owner the selector has."""
    ours: tuple[str, ...]
    """Other selectors of the same owner that have the key."""
    theirs: tuple[str, ...]
    """Selectors of other owners that have it."""
    factor: bool
    """An RSA key of the inventory has a factor in common with it."""
    listed: str = ""
    """The list of broken keys that has it."""
    unread: str = ""
    """A list of broken keys that it could not be looked up in."""

    def evidence(self) -> tuple[str, ...]:
        return tuple(f"the same key: {name}" for name in (*self.ours, *self.theirs))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class KeyAge(Observation):
    """Since when the history has had the key of a selector."""

    selector: str
    kept: bool
    """Whether the run has a history."""
    today: str
    key: str = ""
    """The fingerprints of the present keys together; empty where none can be read."""
    former: str = ""
    """Key, day and word that the run before left; empty where none did."""

    FACT: ClassVar[str] = "dkim-key"

    @property
    def _before(self) -> tuple[str, str, str]:
        """Key, day and word of the run before; empty where it left nothing that can be read."""
        words = self.former.split()
        return (words[0], words[1], words[2]) if len(words) == 3 and _day(words[1]) else ("", "", "")

    @property
    def since(self) -> str:
        """The first day on which the history had this key: today, if it is new."""
        key, day, _ = self._before
        return day if key and key == self.key else self.today

    @property
    def is_known(self) -> bool:
        """Whether the key was made after the history began, so that ``since`` is all of its age."""
        key, _, word = self._before
        return bool(key) and (key != self.key or word == "since")

    @property
    def days(self) -> int:
        today, since = _day(self.today), _day(self.since)
        return (today - since).days if today and since else 0

    def facts(self) -> Mapping[str, str]:
        """The day stays with the key, and whether it replaced another one."""
        return {self.FACT: f"{self.key} {self.since} {'since' if self.is_known else 'before'}"} if self.key else {}

    def evidence(self) -> tuple[str, ...]:
        return (f"{self.selector}: key {self.key or 'none'}, in the history since {self.since}",)


@dataclass(frozen=True)
class DomainKeys(Observation):
    """The keys of all selectors of a domain that the inventory names."""

    domain: str
    keys: tuple[DKIMKey, ...]
    unknown: tuple[Silence, ...] = ()
    """Why some could not be looked at."""

    def algorithms(self) -> frozenset[str]:
        """The types of the keys that mail can be signed with."""
        return frozenset(
            record.key_type
            for key in self.keys
            for record in key.keys
            if record.serves("email") and (not record.hashes or "sha256" in record.hashes)
        )

    def require_all(self) -> None:
        """Raise NotObserved where a selector could not be looked at."""
        if self.unknown:
            raise self.unknown[0].failure()

    def evidence(self) -> tuple[str, ...]:
        silent = (line for one in self.unknown for line in one.evidence())
        return (*(line for key in self.keys for line in key.evidence()), *silent)


@dataclass(frozen=True)
class ProviderKeys(Observation):
    """The selectors that a provider prescribes, where mail of the domain comes in and goes out there."""

    domain: str
    provider: str = ""
    """Its name; empty where there is none, or it prescribes no selectors that are the same for all."""
    ends: tuple[str, ...] = ()
    """The domains that the aliases lead to."""
    answers: tuple[Annotated[Answer, "TXT"], ...] = ()
    """For each selector that it prescribes."""

    def evidence(self) -> tuple[str, ...]:
        return tuple(line for answer in self.answers for line in answer.evidence())


@dataclass(frozen=True)
class DKIMSubtree(Observation):
    """Whether there is anything below ``_domainkey`` of a domain, where all of its keys stand."""

    domain: str
    answer: Annotated[Answer, "TXT"]
    """For ``_domainkey.DOMAIN`` itself, which has no records: NOERROR says that there are names below it."""
    below: Annotated[Answer | None, "TXT"] = None
    """For a made-up selector; None where there is nothing below ``_domainkey``."""
    beside: Annotated[Answer | None, "TXT"] = None
    """For a made-up name below the domain; None where the made-up selector does not exist."""

    @property
    def is_empty(self) -> bool:
        """NXDOMAIN: neither the name nor anything below it exists (RFC 8020)."""
        return self.answer.nonexistent

    @property
    def is_hidden(self) -> bool:
        """Whether a wildcard makes ``_domainkey`` exist, so that nothing is seen of keys below it (RFC 4592, 2.2.2).

        It makes every other name exist too, a selector that nobody has among them: that would not exist where keys
        stand beside it, since ``_domainkey`` is a name of its own then.
        """
        asked = (self.below, self.beside)
        return all(answer is not None and not answer.nonexistent for answer in asked)

    def evidence(self) -> tuple[str, ...]:
        answers = (self.answer, self.below, self.beside)
        return tuple(line for answer in answers if answer is not None for line in answer.evidence())
