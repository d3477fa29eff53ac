"""Resolvers of the mail hosts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.net.dns.client import Answer, ExtendedError, ResourceRecord
from mailproof.net.errors import TimedOut
from mailproof.observations.authorities import Silence
from mailproof.observations.resolvers import (
    DNSOverTLS,
    ListSeen,
    ResolverAnswers,
    ResolverSettings,
    ResolverViews,
    View,
)
from mailproof.targets.resolvers import MailResolver

from ..observed import DOMAIN, answer, missing
from .case import Table, advises, fails, leaves, passes, skips, undecided
from .configuration import settings

_RESOLVER = "192.0.2.53:53"
_SILENT = Silence("no answer", TimedOut.kind)
_INSIDE = MailResolver(_RESOLVER)
_DOT = MailResolver(_RESOLVER, dot=True)
_NO_CERTIFICATE = DNSOverTLS(_RESOLVER, refusal="the certificate is refused")
_OUTSIDE = MailResolver(_RESOLVER, outside=True)
_ROOT = replace(answer(".", "SOA", "a. h. 1 2 3 4 5"), authenticated=True)
_BOGUS = answer("bogus.example", "A", rcode="SERVFAIL")
_UNCHECKED = answer("bogus.example", "A", "192.0.2.1")


def _ns(ttl: int) -> Answer:
    return replace(answer(".", "NS"), records=(ResourceRecord(".", ttl, "NS", "a."),))


def _seen(root: Answer | Silence = _ROOT, at: str = "2026-11-26T00:00:00+00:00", **more: Any) -> ResolverAnswers:
    """A resolver that does all right, with what differs."""
    right: dict[str, Any] = {
        "keys": _KEYS,
        "bogus": _BOGUS,
        "unchecked": _UNCHECKED,
        "missing": missing("no.example", "A"),
        "known": answer("a.root-servers.net", "A", "198.41.0.4"),
        "first": _ns(518400),
        "later": (_ns(518399),) * 3,
    }
    return ResolverAnswers(_RESOLVER, at, root, **(right | more))


_KSK_2024 = (
    "257 3 8 AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/cidltpkyGwCJNnOAlFNKF2jBosZBU5eeHspaQ"
    "WOmOElZsjICMQMC3aeHbGiShvZsx4wMYSjH8e7Vrhbu6irwCzVBApESjbUdpWWmEnhathWu1jo+siFUiRAAxm9qyJNg/wOZqqzL/"
    "dL/q8PkcRU5oUKEpUge71M3ej2/7CPqpdVwuMoTvoB+ZOT4YeGyxMvHmbrxlFzGOHOijtzN+u1TQNatX2XBuzZNQ1K+s2CXkPIZo"
    "7s6JgZyvaBevYtxPvYLw4z9mR7K2vaF18UYH9Z9GNUUeayffKC73PYc="
)
_OTHER_KEY = "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="
_KEYS = replace(answer(".", "DNSKEY", _KSK_2024), authenticated=True)
_OTHER_KEYS = replace(answer(".", "DNSKEY", _OTHER_KEY), authenticated=True)


def _sentinel(trusts: str, distrusts: str) -> dict[str, Any]:
    """The rcodes for the two names of the sentinel."""

    def said(rcode: str) -> Answer:
        return answer("sentinel.example", "A", *(["192.0.2.1"] if rcode == "NOERROR" else []), rcode=rcode)

    return {"trusts": said(trusts), "distrusts": said(distrusts)}


def _list(listed: str = "127.0.0.2", unlisted: str = "") -> ListSeen:
    return ListSeen(
        "bl",
        answer("2.0.0.127.bl.example", "A", listed) if listed else missing("2.0.0.127.bl.example", "A"),
        answer("1.0.0.127.bl.example", "A", unlisted) if unlisted else missing("1.0.0.127.bl.example", "A"),
    )


def _failing(first: float, again: float, *codes: int) -> dict[str, Any]:
    failed = answer("failing.example", "A", rcode="SERVFAIL")
    errors = tuple(ExtendedError(code, "") for code in codes)
    return {
        "failing": replace(failed, seconds=first),
        "failing_again": replace(failed, seconds=again, extended_errors=errors),
    }


def _views(*exchanges: str | Silence) -> ResolverViews:
    """What each resolver gives as the MX of the domain."""

    def said(exchange: str | Silence) -> Answer | Silence:
        return exchange if isinstance(exchange, Silence) else answer(DOMAIN, "MX", exchange)

    views = tuple(View(f"resolver {number}", (said(exchange),)) for number, exchange in enumerate(exchanges))
    return ResolverViews(DOMAIN, views)


def _inside(**seen: Any) -> dict[str, Any]:
    return {"mail_resolver": _INSIDE, "resolver_answers": _seen(**seen)}


_SIZE = {"max-cache-size": "256m"}


def _configured(program: str, **values: str) -> ResolverSettings:
    return ResolverSettings(settings(program, tuple(values.items())))


_REFUSED = answer(".", "SOA", rcode="REFUSED")
_STRANGER = ResolverAnswers(_RESOLVER, "2026-11-26T00:00:00+00:00", _REFUSED)

TABLE: Table = {
    "RESOLVER-CACHES": (
        passes(**_inside()),
        passes(**_inside(later=(_ns(518400), _ns(518400), _ns(518390)))),
        passes(**_inside(first=_ns(300), later=(_ns(518400), _SILENT, _ns(518400)))),
        fails("caches nothing", level=SHOULD, **_inside(later=(_ns(518400),) * 3)),
        undecided("did not get two answers", **_inside(first=_ns(0), later=(_ns(0),))),
        undecided("did not get two answers", **_inside(later=(_SILENT,) * 3)),
        undecided("no answer", **_inside(root=_SILENT)),
        undecided("outside: true", **_inside(root=_REFUSED)),
        fails("for strangers", level=SHOULD, mail_resolver=_OUTSIDE, resolver_answers=_seen()),
        passes(mail_resolver=_OUTSIDE, resolver_answers=_STRANGER),
        passes(mail_resolver=_OUTSIDE, resolver_answers=replace(_STRANGER, root=_SILENT)),
    ),
    "RES-VALIDATES": (
        passes(**_inside()),
        passes(**_inside(bogus=_SILENT)),
        passes(**_inside(root=replace(_ROOT, authenticated=False))),
        fails("gives out bogus.example", level=SHOULD, **_inside(bogus=_UNCHECKED)),
        fails("does not authenticate", **_inside(root=replace(_ROOT, authenticated=False), bogus=missing("b", "A"))),
        fails("does not authenticate", **_inside(root=replace(_ROOT, authenticated=False), unchecked=_BOGUS)),
        undecided("no answer", **_inside(root=_SILENT)),
        skips("outside", mail_resolver=_OUTSIDE, resolver_answers=_seen()),
    ),
    "RES-V6-REACH": (
        passes(**_inside(ipv6_only=answer("v6.example", "A", "192.0.2.6"))),
        advises("SERVFAIL for v6.example", **_inside(ipv6_only=answer("v6.example", "A", rcode="SERVFAIL"))),
        undecided("cannot serve as a canary", **_inside(ipv6_only=missing("v6.example", "A"))),
        undecided("no answer", **_inside(ipv6_only=_SILENT)),
        skips("canaries: ipv6_only", **_inside()),
        skips("outside", mail_resolver=_OUTSIDE, resolver_answers=_seen()),
    ),
    "RESOLVER-DNSBL-OK": (
        passes(**_inside(lists=(_list(),))),
        fails("127.255.255.254, which is no listing", level=SHOULD, **_inside(lists=(_list("127.255.255.254"),))),
        fails("192.0.2.9, which is", **_inside(lists=(_list("192.0.2.9"),))),
        fails("does not list its test entry", **_inside(lists=(_list(""),))),
        fails("as a dead list does", **_inside(lists=(_list(), _list(unlisted="127.0.0.2")))),
        undecided("no answer", **_inside(lists=(_list(), replace(_list(), listed=_SILENT)))),
        skips("names no blocklist", **_inside()),
    ),
    "RESOLVER-NO-SPOOF": (
        passes(**_inside()),
        passes(**_inside(known=missing("a.root-servers.net", "A"))),
        fails("as 192.0.2.80", level=SHOULD, **_inside(missing=answer("no.example", "A", "192.0.2.80"))),
        fails("as sitefinder", **_inside(missing=answer("no.example", "A", aliases=("sitefinder.example",)))),
        fails("says NOERROR", **_inside(missing=answer("no.example", "A"))),
        fails("a.root-servers.net as 10.0.0.1", **_inside(known=answer("a.root-servers.net", "A", "10.0.0.1"))),
        undecided("SERVFAIL", **_inside(missing=answer("no.example", "A", rcode="SERVFAIL"))),
        undecided("no answer", **_inside(missing=_SILENT)),
    ),
    "RES-KSK-2024": (
        passes(**_inside()),
        passes(**_inside(**_sentinel("NOERROR", "SERVFAIL"), keys=_OTHER_KEYS)),
        fails("does not trust the key 38696", level=SHOULD, **_inside(**_sentinel("SERVFAIL", "NOERROR"))),
        passes(**_inside(**_sentinel("NOERROR", "NOERROR"))),
        undecided("canaries: sentinel", **_inside(at="2026-10-11T00:00:00+00:00")),
        undecided("canaries: sentinel", **_inside(keys=replace(_KEYS, authenticated=False))),
        undecided("no answer", **_inside(keys=_SILENT)),
        skips("not that of IANA", **_inside(keys=_OTHER_KEYS)),
        leaves("RES-VALIDATES", **_inside(bogus=_UNCHECKED)),
    ),
    "RES-FAILURE-CACHE": (
        passes(**_inside(**_failing(2.0, 0.001))),
        passes(**_inside(**_failing(0.001, 0.001, 13))),
        fails("anew each time", level=MUST, **_inside(**_failing(2.0, 1.9))),
        undecided("does not tell", **_inside(**_failing(0.001, 0.001))),
        undecided("does not tell", **_inside(**_failing(2.0, 0.8))),
        undecided("does not fail", **_inside(failing=_UNCHECKED, failing_again=_UNCHECKED)),
        undecided("no answer", **_inside(failing=_SILENT, failing_again=_SILENT)),
        skips("canaries: failing", **_inside()),
    ),
    "RES-VIEWS": (
        passes(resolver_views=_views("10 mx.example.org.", "10 MX.example.org.")),
        advises("resolver 1: 10 old.example", resolver_views=_views("10 mx.example.org.", "10 old.example.")),
        undecided("no answer", resolver_views=_views("10 mx.example.org.", _SILENT)),
        advises("old.example", resolver_views=_views("10 mx.example.org.", _SILENT, "10 old.example.")),
        skips("names no resolvers", resolver_views=_views()),
        skips("as proposed", resolver_views=ResolverViews(DOMAIN, (), proposed=True)),
    ),
    "RES-ENCRYPTED": (
        passes(mail_resolver=_DOT, dns_over_tls=DNSOverTLS(_RESOLVER, _ROOT)),
        fails("port 853: the certificate", level=SHOULD, mail_resolver=_DOT, dns_over_tls=_NO_CERTIFICATE),
        skips("does not say", mail_resolver=_INSIDE, dns_over_tls=DNSOverTLS(_RESOLVER)),
    ),
    "RESOLVER-QUERYLOG": (
        passes(resolver_settings=_configured("unbound", **{"log-queries": "no", "rrset-cache-size": "64m"})),
        passes(resolver_settings=_configured("bind", **{"querylog": "no", "category queries": "file"}, **_SIZE)),
        passes(resolver_settings=_configured("bind", **{"category queries": "null"}, **_SIZE)),
        advises("log-queries yes", resolver_settings=_configured("unbound", **{"log-queries": "yes"})),
        advises(
            "category queries file", resolver_settings=_configured("bind", **{"category queries": "file"}, **_SIZE)
        ),
        advises("querylog yes", resolver_settings=_configured("bind", querylog="yes", **_SIZE)),
        advises("bind has no size of the cache", resolver_settings=_configured("bind")),
        advises(
            "log-queries yes",
            resolver_settings=replace(_configured("unbound", **{"log-queries": "yes"}), includes=("conf.d/*.conf",)),
        ),
        undecided(
            "conf.d/*.conf is included and not read: name it",
            resolver_settings=replace(
                _configured("unbound", **{"rrset-cache-size": "64m"}), includes=("conf.d/*.conf",)
            ),
        ),
        undecided(
            "named.conf.options is included and not read; name what named-checkconf",
            resolver_settings=replace(_configured("bind"), includes=("/etc/bind/named.conf.options",)),
        ),
        skips("not the configuration of a resolver", resolver_settings=_configured("postfix")),
        skips("not the configuration of a resolver", resolver_settings=_configured("bind", recursion="no")),
    ),
}
