"""Observations: frozen, typed, JSON-serialisable records of what probes saw, raw evidence included."""

from __future__ import annotations


class Observation:
    """Base of all observations, which are frozen dataclasses of plain values.

    Properties of an observation may restate what was seen in the words of a standard; none of them says
    whether it is right.
    """

    def evidence(self) -> tuple[str, ...]:
        """The proof, line by line: DNS answers, the dialogue, the certificate chain."""
        raise NotImplementedError
