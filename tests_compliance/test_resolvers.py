"""The resolvers that mail hosts use, as the inventory names them."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Never

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.criteria import root
from mailproof.net.dns.client import Answer
from mailproof.net.errors import (
    ClosedEarly,
    Malformed,
    NotAvailable,
    NotObserved,
    Refused,
    ServerFailure,
    TimedOut,
)
from mailproof.observations.authorities import Silence
from mailproof.observations.resolvers import CACHED_ERROR, DNSOverTLS, ResolverAnswers, ResolverSettings, ResolverViews
from mailproof.references import PRACTICE, Reference, rfc
from mailproof.targets.resolvers import MailResolver

FAMILY = Family("RES", "Resolvers of the mail hosts", also=("RESOLVER",))

INVENTORY = Reference("The inventory's resolvers_under_test")
INTERNET_NL_CONNECTION = Reference("Internet.nl: connection test", "https://internet.nl/about-connectiontest/")
ROOT_ROLLOVER = Reference("ICANN: root KSK rollover", "https://www.icann.org/resources/pages/ksk-rollover")

LISTED_RANGE = ip_network("127.0.0.0/8")
ERROR_RANGE = ip_network("127.255.255.0/24")
"""Answers by which large lists say that they refuse the question."""


def _require_service(seen: ResolverAnswers, resolver: MailResolver) -> None:
    """Only a resolver that looks up names for this machine can be judged further."""
    if resolver.outside:
        not_applicable("the inventory says that this machine is outside of what the resolver is there for")
    if not seen.serves:
        _unserved(seen)


def _unserved(seen: ResolverAnswers) -> Never:
    if isinstance(seen.root, Silence):
        raise seen.root.failure()
    raise ServerFailure(
        f"{seen.resolver} answers {seen.root.rcode} for the root: run this where the mail hosts are, "
        "or say outside: true in the inventory",
        seen.evidence(),
    )


def _said(said: Answer | Silence | None, why_not: str) -> Answer:
    """The answer to a question that is asked where the inventory gives a name for it."""
    if said is None:
        not_applicable(why_not)
    if isinstance(said, Silence):
        raise said.failure()
    return said


@control(
    "RESOLVER-CACHES",
    SHOULD,
    rfc(5358, "4"),
    rfc(1034, "5.3.1"),
    explains=(TimedOut, Refused, ClosedEarly, Malformed, ServerFailure),
    harm=Harm.LOST,
)
def test_resolver_caches_for_its_own_users(resolver_answers: ResolverAnswers, mail_resolver: MailResolver) -> None:
    """A resolver of the mail hosts remembers answers, and serves nobody else.

    Why: every message takes dozens of questions, which a cache answers at once; a resolver that is open to everybody is
    used to flood others, and gets wrong answers planted.
    Fix: let it cache (Unbound: msg-cache-size; BIND: max-cache-size), and allow your own networks only (access-control,
    allow-recursion).
    """
    if mail_resolver.outside:
        served = resolver_answers.serves and isinstance(resolver_answers.root, Answer)
        assert not served, f"{resolver_answers.resolver} looks up names for strangers"
        return
    _require_service(resolver_answers, mail_resolver)
    first = _said(resolver_answers.first, "nothing was asked twice")
    later = [said for said in resolver_answers.later if isinstance(said, Answer)]
    ttls = [min(record.ttl for record in said.records) for said in (first, *later) if said.records]
    if len(ttls) < 2 or max(ttls) == 0:
        raise NotObserved("the same question did not get two answers with a TTL", resolver_answers.evidence())
    assert min(ttls[1:]) < ttls[0] or min(ttls) < max(ttls), (
        f"{resolver_answers.resolver} gives the TTL {ttls[0]} for the servers of the root every time: it caches nothing"
    )


@control("RES-VALIDATES", SHOULD, rfc(4035, "4.9.3"), rfc(9364, "1.1"), harm=Harm.READ)
def test_resolver_validates(resolver_answers: ResolverAnswers, mail_resolver: MailResolver) -> None:
    """A resolver of the mail hosts refuses what does not validate.

    Why: without validation there is no DANE, and whoever can forge an answer gets the mail.
    Fix: switch validation on (Unbound: auto-trust-anchor-file; BIND: dnssec-validation auto), or use a resolver that
    validates, on the mail host itself.
    """
    _require_service(resolver_answers, mail_resolver)
    validates = resolver_answers.validates
    if validates is None:
        raise NotObserved("neither the root nor the bogus name can be looked up", resolver_answers.evidence())
    bogus = resolver_answers.bogus
    if isinstance(bogus, Answer) and bogus.exists:
        what = f"gives out {bogus.name}, whose signatures are wrong"
    else:
        what = "does not authenticate the root, which is signed"
    assert validates, f"{resolver_answers.resolver} {what}"


@control("RES-V6-REACH", MAY, rfc(3901, "4"), INTERNET_NL_CONNECTION, harm=Harm.LOST)
def test_resolver_reaches_servers_over_ipv6(resolver_answers: ResolverAnswers, mail_resolver: MailResolver) -> None:
    """A resolver of the mail hosts reaches name servers that have IPv6 alone.

    Why: mail to a domain whose servers have IPv6 alone waits until it bounces.
    Fix: give the resolver's machine IPv6, and let it ask over IPv6 (Unbound: do-ip6; BIND: named without -4).
    """
    _require_service(resolver_answers, mail_resolver)
    answer = _said(
        resolver_answers.ipv6_only, "the inventory names no name that only IPv6 leads to (canaries: ipv6_only)"
    )
    if answer.rcode in ("NOERROR", "NXDOMAIN") and not answer.exists:
        raise NotObserved(f"{answer.name} has no address: it cannot serve as a canary", answer.evidence())
    assert answer.exists, f"{resolver_answers.resolver} answers {answer.rcode} for {answer.name}"


@control("RESOLVER-DNSBL-OK", SHOULD, rfc(5782, "5"), harm=Harm.LOST)
def test_resolver_gets_answers_of_blocklists(resolver_answers: ResolverAnswers, mail_resolver: MailResolver) -> None:
    """Through a resolver of the mail hosts, the test entries of every blocklist of the inventory are answered rightly.

    Why: lists refuse large public resolvers; a mail server that takes the refusal for a listing refuses all mail.
    Fix: ask the lists through a resolver of your own that forwards to nobody, or with a key of the list.
    """
    _require_service(resolver_answers, mail_resolver)
    if not resolver_answers.lists:
        not_applicable("the inventory names no blocklist for IPv4")
    faults: list[str] = []
    unknown: list[NotObserved] = []
    for seen in resolver_answers.lists:
        if isinstance(seen.listed, Silence) or isinstance(seen.unlisted, Silence):
            silent = seen.listed if isinstance(seen.listed, Silence) else seen.unlisted
            unknown += [silent.failure()] if isinstance(silent, Silence) else []
            continue
        codes = [ip_address(record.data) for record in (*seen.listed.records, *seen.unlisted.records)]
        errors = [code for code in codes if code in ERROR_RANGE or code not in LISTED_RANGE]
        if errors:
            faults.append(f"{seen.name} answers {errors[0]}, which is no listing but a refusal")
        elif not seen.listed.exists:
            faults.append(f"{seen.name} does not list its test entry 127.0.0.2 ({seen.listed.rcode})")
        elif seen.unlisted.exists:
            faults.append(f"{seen.name} lists 127.0.0.1, as a dead list does")
    assert not faults, f"through {resolver_answers.resolver}: {'; '.join(faults)}"
    if unknown:
        raise unknown[0]


@control("RESOLVER-NO-SPOOF", SHOULD, rfc(8020, "2"), PRACTICE, harm=Harm.LOST)
def test_resolver_invents_nothing(resolver_answers: ResolverAnswers, mail_resolver: MailResolver) -> None:
    """A resolver of the mail hosts says that there is no name where there is none, and changes no address.

    Why: a resolver that sends unknown names to a page of its owner makes mail to mistyped domains disappear.
    Fix: switch the rewriting off, or use another resolver.
    """
    _require_service(resolver_answers, mail_resolver)
    missing = _said(resolver_answers.missing, "nothing was asked")
    if missing.records or missing.aliases:
        given = ", ".join(record.data for record in missing.records) or missing.aliases[0]
        raise AssertionError(f"{resolver_answers.resolver} gives {missing.name}, which does not exist, as {given}")
    known = _said(resolver_answers.known, "nothing was asked")
    given = ", ".join(record.data for record in known.records if record.data not in root.A_ROOT_SERVERS)
    assert not given, f"{resolver_answers.resolver} gives {known.name} as {given}"
    if missing.rcode not in ("NXDOMAIN", "NOERROR"):
        raise ServerFailure(f"{missing.name}: {missing.rcode}", missing.evidence())
    assert missing.rcode == "NXDOMAIN", f"{resolver_answers.resolver} says {missing.rcode} of {missing.name}"


@control("RES-KSK-2024", SHOULD, ROOT_ROLLOVER, rfc(8509, "3"), by_clock=True, harm=Harm.LOST)
def test_resolver_trusts_the_key_of_the_root(resolver_answers: ResolverAnswers, mail_resolver: MailResolver) -> None:
    """A resolver of the mail hosts that validates trusts the root's key of 2024 (key tag 38696).

    Why: that key alone signs the root since 11 October 2026; a resolver that does not trust it finds no name at all.
    Fix: let the resolver keep its trust anchor up to date (RFC 5011), or give it the anchors that IANA publishes.
    """
    _require_service(resolver_answers, mail_resolver)
    says, denies = resolver_answers.trusts, resolver_answers.distrusts
    if (
        isinstance(says, Answer)
        and isinstance(denies, Answer)
        and {says.rcode, denies.rcode} == {"NOERROR", "SERVFAIL"}
    ):
        assert says.rcode == "NOERROR", (
            f"{resolver_answers.resolver} says by the sentinel that it does not trust the key {root.KEY_TAG_2024}"
        )
        return
    if not resolver_answers.validates:
        leave_to("RES-VALIDATES", "the resolver does not validate")
    keys = _said(resolver_answers.keys, "the keys of the root were not asked for")
    if root.KEY_TAG_2024 not in resolver_answers.key_tags:
        not_applicable("the root that this resolver knows is not that of IANA: it has no key with the tag 38696")
    if not keys.authenticated or resolver_answers.day < root.SIGNS_ALONE_SINCE:
        raise NotObserved("nothing shows which keys of the root it trusts (canaries: sentinel)", keys.evidence())


@control("RES-FAILURE-CACHE", MUST, rfc(9520, "3.2"), harm=Harm.LOST)
def test_resolver_remembers_failures(resolver_answers: ResolverAnswers, mail_resolver: MailResolver) -> None:
    """A resolver of the mail hosts remembers for at least a second that a name cannot be resolved.

    Why: a mail server asks again and again; each time the resolver would wait for servers that do not answer.
    Fix: bring the resolver up to date; do not set its time for failures to 0 (BIND: servfail-ttl).
    """
    _require_service(resolver_answers, mail_resolver)
    first = _said(resolver_answers.failing, "the inventory names no name that fails (canaries: failing)")
    again = _said(resolver_answers.failing_again, "it was not asked twice")
    if first.rcode != "SERVFAIL" or again.rcode != "SERVFAIL":
        raise NotObserved(f"{first.name} does not fail: {first.rcode}, {again.rcode}", resolver_answers.evidence())
    if any(error.code == CACHED_ERROR for error in again.extended_errors):
        return
    times = f"the first failure took {first.seconds:.2f} s, the next one {again.seconds:.2f} s"
    if first.seconds >= PATIENCE and again.seconds <= first.seconds / 5:
        return
    if first.seconds < PATIENCE or again.seconds < first.seconds / 2:
        raise NotObserved(f"that does not tell whether failures are remembered: {times}", resolver_answers.evidence())
    raise AssertionError(f"{resolver_answers.resolver} tries {first.name} anew each time: {times}")


PATIENCE = 0.3
"""Seconds that a first failure must take: below that, one that is remembered cannot be told from one that is not."""


@control("RES-VIEWS", MAY, PRACTICE, Reference("DomainDetective: DNS propagation"), harm=Harm.LOST)
def test_resolvers_give_the_same(resolver_views: ResolverViews) -> None:
    """All resolvers give the same MX, TXT and TLSA records of a domain.

    Why: where mail goes, and whether it is believed, would depend on who asks.
    Fix: wait for the TTL if the records were changed just now; else look for split views and stale secondaries.
    """
    if resolver_views.proposed:
        not_applicable("the domain is judged as proposed: no resolver has that yet")
    if not resolver_views.views:
        not_applicable("the inventory names no resolvers to compare (resolvers_under_test)")
    differences: list[str] = []
    silent: list[Silence] = []
    for said in zip(*(view.answers for view in resolver_views.views), strict=False):
        sets: dict[tuple[str, ...], list[str]] = {}
        for view, answer in zip(resolver_views.views, said, strict=True):
            if isinstance(answer, Silence):
                silent.append(answer)
                continue
            if answer.rcode not in ("NOERROR", "NXDOMAIN"):
                silent.append(Silence(f"{view.resolver} answers {answer.rcode} for {answer.name}", ServerFailure.kind))
                continue
            records = tuple(sorted(record.data.lower() for record in answer.records)) or ("nothing",)
            sets.setdefault(records, []).append(view.resolver)
        if len(sets) > 1:
            name = next(f"{one.name} {one.type}" for one in said if isinstance(one, Answer))
            told = "; ".join(f"{', '.join(who)}: {', '.join(records)}" for records, who in sets.items())
            differences.append(f"{name}: {told}")
    assert not differences, " | ".join(differences)
    if silent:
        raise silent[0].failure()


@control("RES-ENCRYPTED", SHOULD, INVENTORY, rfc(7858, "3"), harm=Harm.READ)
def test_resolver_speaks_dns_over_tls(dns_over_tls: DNSOverTLS, mail_resolver: MailResolver) -> None:
    """A resolver answers over TLS where the inventory says that it does, with a certificate for its name.

    Why: hosts that are set to ask it so either find nobody, or fall back to what everybody can read and change.
    Fix: open port 853 for it, with a certificate for its name (host); or take `dot` out of the inventory.
    """
    if not mail_resolver.dot:
        not_applicable("the inventory does not say that it speaks DNS over TLS (dot)")
    assert not dns_over_tls.refusal, f"{dns_over_tls.resolver}, port 853: {dns_over_tls.refusal}"


@control("RESOLVER-QUERYLOG", MAY, rfc(8932, "5.2.1"), PRACTICE, harm=Harm.READ)
def test_resolver_logs_no_queries(resolver_settings: ResolverSettings) -> None:
    """The configuration of a resolver writes no queries to a log, and says how large its cache may become.

    Why: the log tells who writes to whom, and fills the disk; a cache without a bound of yours takes memory from the
    mail server, or is too small for it.
    Fix: log-queries: no and rrset-cache-size (Unbound); querylog no and max-cache-size (BIND).
    """
    if not resolver_settings.is_resolver:
        not_applicable("it is not the configuration of a resolver (Unbound, BIND)")
    logged = resolver_settings.logged
    if logged is not None:
        finding(MAY, f"queries are logged: {logged.name} {logged.value}", at=logged.place)
    if resolver_settings.includes:
        program = resolver_settings.settings.program
        says = "; name what named-checkconf -p -x says" if program == "bind" else ": name it as well"
        raise NotAvailable(
            f"{resolver_settings.includes[0]} is included and not read{says}", resolver_settings.evidence()
        )
    assert resolver_settings.cache_size, f"{resolver_settings.settings.program} has no size of the cache set"
