"""DMARC policy discovery by RFC 9989: the DNS tree walk, the records found, and the policy that applies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

from mailproof.grammars.dmarc import POLICIES, DMARCRecord, near_misses, parse_record, select_records
from mailproof.net.dns.client import Answer
from mailproof.observations import Observation
from mailproof.observations.authorities import Silence
from mailproof.observations.mx import takes_mail


@dataclass(frozen=True)
class Step:
    """One question of the tree walk: ``_dmarc.`` and ``domain``."""

    domain: str
    answer: Annotated[Answer, "TXT"]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return select_records(tuple(record.text for record in self.answer.records))

    @cached_property
    def record(self) -> DMARCRecord | None:
        """The record, if there is exactly one; several are all discarded (RFC 9989, section 4.10)."""
        return parse_record(self.texts[0]) if len(self.texts) == 1 else None

    @cached_property
    def near_misses(self) -> tuple[str, ...]:
        """What is meant to be a record and is none."""
        return near_misses(tuple(record.text for record in self.answer.records))


@dataclass(frozen=True)
class Policy:
    """The policy that receivers apply to the domain."""

    domain: str
    """Where its record stands."""
    tag: str
    value: str
    """After ``t=y`` has lowered it by one."""
    record: DMARCRecord

    @property
    def lowered(self) -> str:
        """What to say behind the value where it is not the one that is published."""
        published = self.record.policy(self.tag)
        return f" after t=y has lowered it from {published}" if published != self.value else ""


@dataclass(frozen=True)
class DMARC(Observation):
    """The tree walk from the domain up to its top-level domain."""

    domain: str
    domain_exists: bool
    steps: tuple[Step, ...]
    at_domain: tuple[str, ...] = ()
    """TXT texts at the domain's own name, without ``_dmarc``: a record there is at the wrong place."""
    below: Step | None = None
    """What a sub-domain that nobody published is given by a wildcard; None where nobody asked, or got an answer."""
    by_list: str = ""
    """The organisational domain by the Public Suffix List (RFC 7489, section 3.2); empty where it has none."""
    suffixes: tuple[str, ...] = ()
    """Names of the walk that are public suffixes by that list."""
    unknown: Silence | None = None
    """Why the texts at the domain's own name are not known, where it has a record at ``_dmarc`` all the same."""
    broken_off: Silence | None = None
    """Why nothing is known of the names above the last step, where the domain has a record of its own."""

    @property
    def own(self) -> Step:
        """The step at the domain itself."""
        return self.steps[0]

    @property
    def near_misses(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a name and a text there that is meant to be a DMARC record and is none, or at the wrong name."""
        misses = [(f"_dmarc.{step.domain}", text) for step in self.steps[:1] for text in step.near_misses]
        misplaced = (*select_records(self.at_domain), *near_misses(self.at_domain))
        return (*misses, *((self.domain, text) for text in misplaced))

    @cached_property
    def void(self) -> tuple[Step, ...]:
        """Steps with one record that receivers ignore because of its faults, longest name first."""
        return tuple(step for step in self.steps if step.record is not None and not step.record.is_usable)

    @cached_property
    def found(self) -> tuple[Step, ...]:
        """Steps with one usable record, longest name first."""
        return tuple(step for step in self.steps if step.record is not None and step.record.is_usable)

    @cached_property
    def organisational_domain(self) -> str:
        """RFC 9989, section 4.10.2. A record that is void as a policy counts: no tag but the version is required.

        Raises what broke the walk off, where that might have found another.
        """
        read = [step for step in self.steps if step.record is not None]
        for step in read:
            assert step.record is not None  # noqa: S101
            if step.record.psd == "n":
                return step.domain
            if step.record.psd == "y" and step.domain != self.domain:
                labels = self.domain.split(".")
                return ".".join(labels[-(len(step.domain.split(".")) + 1) :])
        self.require_walk()
        return read[-1].domain if read else self.domain

    def require_walk(self) -> None:
        """Raises the failure that broke the walk off, if one did."""
        if self.broken_off is not None:
            raise self.broken_off.failure()

    @property
    def inherited(self) -> Policy | None:
        """The policy that would apply if the domain had no record of its own."""
        return replace(
            self, steps=(replace(self.own, answer=replace(self.own.answer, records=())), *self.steps[1:])
        ).policy

    @cached_property
    def policy(self) -> Policy | None:
        """The policy that applies (RFC 9989, section 4.10.1): the domain's own, the organisational domain's, the
        suffix's. A void record at the domain itself, or at the organisational domain where the domain has none, ends
        DMARC: no other is looked for.
        """
        if self.own in self.void:
            return None
        by_domain = {step.domain: step.record for step in self.found}
        own = by_domain.get(self.domain)
        if own is not None:
            return self._policy(self.domain, own, "p")
        tags = ("sp", "p") if self.domain_exists else ("np", "sp", "p")
        organisation = by_domain.get(self.organisational_domain)
        if organisation is not None:
            return self._policy(self.organisational_domain, organisation, *tags)
        if any(step.domain == self.organisational_domain for step in self.void):
            return None
        for domain, record in by_domain.items():
            if record is not None and record.psd == "y":
                return self._policy(domain, record, *tags)
        return None

    @staticmethod
    def _policy(domain: str, record: DMARCRecord, *tags: str) -> Policy:
        value = record.policy(*tags)
        if record.testing:
            value = POLICIES[max(POLICIES.index(value) - 1, 0)]
        tag = next((tag for tag in tags if record.get(tag) is not None), tags[-1])
        return Policy(domain, tag, value, record)

    def evidence(self) -> tuple[str, ...]:
        lines: list[str] = []
        for step in (*self.steps, *((self.below,) if self.below is not None else ())):
            if step.answer.records:
                lines += [f'_dmarc.{step.domain} TXT "{record.text}"' for record in step.answer.records]
            else:
                lines.append(f"_dmarc.{step.domain} TXT: none ({step.answer.rcode})")
        broken = self.broken_off
        lines.append(
            f"broken off: {broken.reason}" if broken else f"organisational domain: {self.organisational_domain}"
        )
        if self.by_list:
            lines.append(f"organisational domain by the Public Suffix List: {self.by_list}")
        return tuple(lines)


@dataclass(frozen=True)
class Destination:
    """A domain that the own record of a mail domain wants reports to be sent to."""

    uri: str
    tag: str
    """rua or ruf."""
    domain: str
    external: bool
    """Whether it belongs to another organisation, which has to agree (RFC 9990, section 4)."""
    agreement: Annotated[Answer | None, "TXT"] = None
    """What it says of that; None where it is not external, or nobody answered."""
    mx: Annotated[Answer | None, "MX"] = None
    addresses: tuple[str, ...] = ()
    """Of the domain itself, where it has no MX record."""
    failure: str = ""
    """Why not all of this could be found out."""
    unregistered: str = ""
    """The domain that anybody could register to get the reports; empty where it is registered."""

    @property
    def agrees(self) -> bool:
        """Whether a record there begins with the version of DMARC."""
        texts = tuple(record.text for record in self.agreement.records) if self.agreement is not None else ()
        return bool(select_records(texts))

    @property
    def takes_mail(self) -> bool:
        """Whether mail can be sent there (RFC 5321, section 5.1; RFC 7505)."""
        return takes_mail(self.mx.records if self.mx is not None else (), self.addresses)


@dataclass(frozen=True)
class DMARCReports(Observation):
    """Where the DMARC record of a domain wants reports to be sent, and whether they can be."""

    domain: str
    record: str
    """Empty where the domain has no record of its own."""
    destinations: tuple[Destination, ...] = ()
    left_out: int = 0
    """Domains beyond the bound: they are not looked at."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f'_dmarc.{self.domain} TXT "{self.record}"'] if self.record else []
        for one in self.destinations:
            answers = [answer for answer in (one.agreement, one.mx) if answer is not None]
            lines += [line for answer in answers for line in answer.evidence()]
            lines += [f"{one.domain}: {one.failure}"] if one.failure else []
        lines += [f"{self.left_out} more domains were not looked at"] if self.left_out else []
        return tuple(lines)
