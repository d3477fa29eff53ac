"""check_host() of RFC 7208, section 4: pyspf's evaluation over our DNS client and our grammar.

Where pyspf leaves the letter of the RFC it is led back here:

- the grammar is that of :mod:`mailproof.observations.spf`; modifier names are case-insensitive, unknown
  modifiers are ignored however often they are given, and a redirect beside an ``all`` is not counted
  (sections 6 and 6.1);
- void lookups are counted by term: the addresses behind an ``mx`` or ``ptr`` that was answered cost nothing,
  so that MX hosts without AAAA are no error for senders with IPv6 (section 4.6.4);
- a domain of one label has no SPF (section 4.3), and each ``%{p}`` counts as a lookup (section 4.6.4);
- names of more than 253 characters lose labels from the left until they fit (section 7.3);
- DNS errors on the way through ``ptr`` are a name that is not confirmed (section 5.5).

Two differences remain, both in records that controls object to anyway. pyspf counts a redirect towards the
ten as soon as it reads it, so a record of ten terms and a redirect is an error also for senders who match the
tenth (SPF-LOOKUPS-10). And an include of the domain itself is an error before any term is evaluated
(SPF-INCLUDE-VALID).
"""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError, Future
from ipaddress import ip_address
from typing import Any

import spf as pyspf
from dns.rdtypes.ANY.MX import MX

from mailproof.grammars.spf import SPFRecord, parse_record, select_records, target_name
from mailproof.net.dns.client import Answer, DNSClient, ResourceRecord
from mailproof.net.errors import NotObserved
from mailproof.observations.spf import Check


async def check_host(dns: DNSClient, address: str, sender: str, helo: str) -> Check:
    """Evaluate SPF for a client at ``address``. An empty ``sender`` checks the HELO identity.

    Raises NotObserved where the result is temperror because the DNS did not answer. Ends when cancelled.
    """
    domain = sender.rpartition("@")[2] or helo
    if "." not in domain.strip("."):
        return Check(address, sender, helo, "none", f"{domain} is not a domain of several labels")
    questions = _Questions(dns)
    try:
        result, explanation = await asyncio.to_thread(_evaluate, questions, address, sender, helo)
    finally:
        questions.end()
    if result == "temperror" and questions.failures:
        raise questions.failures[0]
    return Check(address, sender, helo, result, explanation)


def _evaluate(questions: _Questions, address: str, sender: str, helo: str) -> tuple[str, str]:
    query = _Query(questions, i=str(ip_address(address)), s=sender, h=helo, querytime=0)
    try:
        result, _, explanation = query.check()
    except ValueError as error:  # a macro transformer of thousands of digits
        return "permerror", str(error)
    return str(result), str(explanation)


class _Questions:
    """The questions of one evaluation, which runs in a thread, put to the DNS client in the event loop."""

    def __init__(self, dns: DNSClient) -> None:
        self._dns = dns
        self._loop = asyncio.get_running_loop()
        self._under_way: Future[Answer] | None = None
        self._ended = False
        self.failures: list[NotObserved] = []

    def ask(self, name: str, type: str) -> tuple[ResourceRecord, ...]:
        """Raises pyspf's TempError where there is no answer."""
        if self._ended:
            raise pyspf.TempError("cancelled")
        self._under_way = asyncio.run_coroutine_threadsafe(self._dns.resolve(name, type), self._loop)
        try:
            return self._under_way.result().records
        except CancelledError:
            raise pyspf.TempError("cancelled") from None
        except NotObserved as failure:
            self.failures.append(failure)
            raise pyspf.TempError(failure.reason) from None

    def end(self) -> None:
        """Let the thread end soon: what it waits for is cancelled, what it asks later fails."""
        self._ended = True
        if self._under_way is not None:
            self._under_way.cancel()


class _Query(pyspf.query):  # type: ignore[misc]
    """pyspf's evaluation; the methods below are those that it calls for what it needs of the DNS."""

    lookups: int

    def __init__(self, questions: _Questions, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._questions = questions

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        target = target_name(name)
        if target is None:
            return []
        values = [_value(record) for record in self._questions.ask(target, qtype)]
        if not values and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > pyspf.MAX_VOID_LOOKUPS:
                raise pyspf.PermError(f"more than {pyspf.MAX_VOID_LOOKUPS} void lookups")
        return values

    def dns_spf(self, domain: str) -> str | None:
        if "." not in domain.strip("."):
            return None
        texts = select_records(tuple(b"".join(strings).decode("latin-1") for strings in self.dns(domain, "TXT")))
        if len(texts) > 1:
            raise pyspf.PermError(f"{domain} has {len(texts)} SPF records")
        return _as_pyspf_reads_it(parse_record(texts[0])) if texts else None

    def dns_mx(self, domainname: str) -> list[str]:
        exchanges = self.dns(domainname, "MX")
        if len(exchanges) > pyspf.MAX_MX:
            raise pyspf.PermError(f"mx of {domainname} yields {len(exchanges)} names, more than {pyspf.MAX_MX}")
        return [address for _, host in sorted(exchanges) for address in self.dns(host, self.A, ignore_void=True)]

    def getp(self) -> Any:
        self.check_lookups()
        return super().getp()

    def get_explanation(self, spec: str) -> Any:
        counted = self.lookups  # an explanation is looked up after the evaluation (section 4.6.4)
        try:
            return super().get_explanation(spec)
        finally:
            self.lookups = counted

    def validated_ptrs(self) -> list[str]:
        try:
            names = self.dns_ptr(self.i)[: pyspf.MAX_PTR]
        except pyspf.TempError:
            return []
        return [name for name in names if self._leads_back(name)]

    def _leads_back(self, name: str) -> bool:
        try:
            return bool(self.cidrmatch(self.dns(name, self.A, ignore_void=True), self.cidrmax))
        except pyspf.TempError:
            return False


def _as_pyspf_reads_it(record: SPFRecord) -> str:
    """The record without what does not count. Raises PermError for one that breaks the grammar."""
    if record.errors:
        raise pyspf.PermError("; ".join(record.errors))
    terms = []
    for term in record.terms:
        if term.is_mechanism:
            terms.append(term.text)
        elif term.name == "exp" or term == record.redirect:
            terms.append(f"{term.name}={term.domain}")
    return " ".join(("v=spf1", *terms))


def _value(record: ResourceRecord) -> Any:
    match record.type:
        case "MX":
            return record.rdata(MX).preference, record.target
        case "TXT":
            return tuple(part.encode("latin-1") for part in record.strings)
        case "PTR":
            return record.target
        case _:
            return record.data
