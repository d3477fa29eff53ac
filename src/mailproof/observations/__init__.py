"""Observations: frozen, typed, JSON-serialisable records of what probes saw, raw evidence included.

A field with an answer of the DNS says what was asked for: ``Annotated[Answer, "MX"]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from mailproof.net.dns.client import Answer


def rests_on_proposal(value: object) -> bool:
    """Whether an observation, or anything in it, was answered from a zone file instead of the network."""
    if isinstance(value, Answer):
        return value.proposed
    if isinstance(value, tuple):
        return any(rests_on_proposal(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return any(rests_on_proposal(getattr(value, entry.name)) for entry in fields(value))
    return False


class Observation:
    """Base of all observations, which are frozen dataclasses of plain values.

    Properties of an observation may restate what was seen in the words of a standard; none of them says
    whether it is right.
    """

    def evidence(self) -> tuple[str, ...]:
        """The proof, line by line: DNS answers, the dialogue, the certificate chain."""
        raise NotImplementedError

    def facts(self) -> Mapping[str, str]:
        """What the next run is to know of the target, by name. The history keeps it, where there is one."""
        return {}


class Former:
    """What earlier runs knew of the targets of an inventory, as far as its history keeps it."""

    def __init__(self, facts: Mapping[tuple[str, str], str] | None = None) -> None:
        self._facts = facts

    @property
    def kept(self) -> bool:
        """Whether the run has a history at all."""
        return self._facts is not None

    def fact(self, target: str, name: str) -> str:
        """What was known last, by the id of the target; empty where nothing was."""
        return (self._facts or {}).get((target, name), "")
