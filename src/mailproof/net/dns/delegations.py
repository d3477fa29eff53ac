"""Delegations that are proposed: a zone that its parent does not delegate yet is asked for at its servers-to-be.

A delegation is a master file with what the parent would hold: NS records of the zone, addresses of servers (glue), and
DS records. Zonemaster calls a test with such records undelegated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path

from mailproof.net.dns.client import DNSClient
from mailproof.net.dns.messages import Question, joined, record_of
from mailproof.net.dns.names import text_of
from mailproof.net.dns.records import AS_DELEGATED, Answer, ResourceRecord
from mailproof.net.dns.servers import Server
from mailproof.net.dns.zone_files import read_fragment
from mailproof.net.errors import NotObserved, ServerFailure
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.places import Place

_UNDER_WAY: ContextVar[tuple[str, ...]] = ContextVar("_UNDER_WAY", default=())
"""What is being found out and led here: names by whose aliases, and zones by the names of whose servers."""

_QUESTIONS: ContextVar[list[int] | None] = ContextVar("_QUESTIONS", default=None)
"""How many questions one question may still lead to, in one cell that all of them count in."""

MAX_LEADS = 100
"""Questions that one may lead to by aliases and name servers of proposed delegations."""
MAX_DEPTH = 16
"""Of them, those that stand one behind the other."""
MAX_RECORDS = 200
MAX_SERVERS = 20
"""Addresses of servers of one delegation that are asked."""


@dataclass(frozen=True)
class ProposedDelegation:
    """What the parent of a zone would say of it."""

    zone: str
    source: str
    """The file, as it was named."""
    ns: tuple[ResourceRecord, ...]
    glue: tuple[ResourceRecord, ...]
    ds: tuple[ResourceRecord, ...] = ()

    @property
    def referral(self) -> Answer:
        """The answer that a server of the parent would give."""
        server = f"the delegation in {self.source}"
        return Answer(
            *(self.zone, "NS", "NOERROR"),
            authority=(*self.ns, *self.ds),
            additional=self.glue,
            server=server,
            protocol=AS_DELEGATED,
        )


def read_delegation(zone: str, path: Path) -> ProposedDelegation:
    """Read the delegation of ``zone`` from a master file. Raises ValueError, with file and line where there is one."""
    by_type: dict[str, list[ResourceRecord]] = {"NS": [], "A": [], "AAAA": [], "DS": []}
    places: dict[str, Place] = {}
    for note in read_fragment(zone, path, MAX_RECORDS):
        record = record_of(text_of(note.name), note.ttl, note.rdata.rdtype.name, note.rdata)
        at_zone = record.name == zone
        if record.type not in by_type or at_zone is not (record.type in ("NS", "DS")):
            raise ValueError(f"{note.place}: {record.type} of {record.name} is no part of a delegation of {zone}")
        by_type[record.type].append(record)
        places.setdefault(record.name, note.place)
    if not by_type["NS"]:
        raise ValueError(f"{path}:1: no NS record of {zone}")
    named = {record.target for record in by_type["NS"]}
    glue = (*by_type["A"], *by_type["AAAA"])
    if strange := next((record for record in glue if record.name not in named), None):
        raise ValueError(
            f"{places[strange.name]}: {strange.name} is none of the name servers {', '.join(sorted(named))}"
        )
    return ProposedDelegation(zone, str(path), tuple(by_type["NS"]), glue, tuple(by_type["DS"]))


class DelegatingClient(DNSClient):
    """A client that asks for names in proposed delegations at the servers that these name, and not at the resolvers."""

    def __init__(self, settings: NetSettings) -> None:
        super().__init__(settings)
        self.delegations: Mapping[str, ProposedDelegation] = {
            zone: read_delegation(zone, path) for zone, path in settings.delegations.items()
        }
        self._found: dict[str, list[Server]] = {}

    async def _ask_resolvers(self, asked: Question) -> Answer:
        """Ask the servers of a delegation for a name in its zone, without recursion; the resolvers for others."""
        name = text_of(asked.name)
        delegation = self._delegation_of(name)
        if delegation is None:
            return await super()._ask_resolvers(asked)
        if asked.type_text == "DS" and name == delegation.zone:
            return Answer(
                name, "DS", "NOERROR", delegation.ds, server=delegation.referral.server, protocol=AS_DELEGATED
            )
        answer = await self._servers.ask(await self._servers_of(delegation), replace(asked, recurse=False))
        refers = not answer.authoritative and not answer.records and not answer.aliases
        if answer.rcode in ("NOERROR", "NXDOMAIN") and refers:
            raise ServerFailure(
                f"{answer.server} does not answer for {name} {answer.type} with authority", answer.evidence()
            )
        here = replace(answer, protocol=AS_DELEGATED)
        if answer.aliases and not answer.records and self._delegation_of(answer.aliases[-1]) is not delegation:
            with _led_by(f"{name} {answer.type}"):
                rest = await self._elsewhere(answer.aliases[-1], answer.type)
            # A circle has no end, and so no records.
            return here if rest is None else replace(joined(name, answer.aliases, rest), protocol=AS_DELEGATED)
        return here

    async def _elsewhere(self, name: str, type: str) -> Answer | None:
        """The answer for a name outside of the delegation that led there; None where it is what led there.

        What another delegation answers is not shared with others who ask for it: two that wait for each other would
        wait for ever.
        """
        if self._delegation_of(name) is None:
            return await self.question(name, type)
        if f"{name} {type}" in _UNDER_WAY.get():
            return None
        left = _QUESTIONS.get()
        if left is None or not left[0] or len(_UNDER_WAY.get()) > MAX_DEPTH:
            raise NotObserved(f"{name} {type}: too many aliases and name servers of delegations lead on to each other")
        left[0] -= 1
        return await self._through_layers(Question.make(name, type, recurse=True), 0)

    def _delegation_of(self, name: str) -> ProposedDelegation | None:
        """The deepest delegation at or above a name."""
        labels = name.split(".")
        return next((found for n in range(len(labels)) if (found := self.delegations.get(".".join(labels[n:])))), None)

    async def _servers_of(self, delegation: ProposedDelegation) -> list[Server]:
        """The servers with their addresses: those of the delegation itself, else those that the DNS has."""
        if delegation.zone in self._found:
            return self._found[delegation.zone]
        places: list[tuple[str, str]] = []
        for host in (record.target for record in delegation.ns):
            addresses = [record.data for record in delegation.glue if record.name == host]
            home = self._delegation_of(host)
            if not addresses and home is not delegation and (home is None or home.zone not in _UNDER_WAY.get()):
                with _led_by(delegation.zone):
                    addresses = await self._addresses(host)
            places += ((host, address) for address in addresses if self._settings.may_contact(address, 53, host))
        if not places:
            raise NotObserved(
                f"no server of {delegation.zone} can be asked: {delegation.source} gives no address of one"
            )
        found = [
            Server(SocketAddress(address, 53), self._settings.destination(address, 53, host), False)
            for host, address in places[:MAX_SERVERS]
        ]
        if not _UNDER_WAY.get():  # where something leads here, servers may have been left out
            self._found[delegation.zone] = found
        return found

    async def _addresses(self, host: str) -> list[str]:
        found: list[str] = []
        for type in ("A", "AAAA"):
            try:
                answer = await self._elsewhere(host, type)
            except NotObserved:
                continue
            found += (record.data for record in (answer.records if answer is not None else ()))
        return found


@contextmanager
def _led_by(what: str) -> Iterator[None]:
    before = _UNDER_WAY.get()
    token = _UNDER_WAY.set((*before, what))
    questions = _QUESTIONS.set(_QUESTIONS.get() if before else [MAX_LEADS])
    try:
        yield
    finally:
        _QUESTIONS.reset(questions)
        _UNDER_WAY.reset(token)
