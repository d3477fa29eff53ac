"""MX records."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.gate.verdict import Verdict
from mailproof.net.smtp import Reply
from mailproof.observations.authorities import Silence
from mailproof.observations.bypass import Bypass
from mailproof.observations.mx import MX, ApexMX, HostAddresses, MXHosts
from mailproof.observations.relay import HOME, RelayAttempts
from mailproof.observations.spf import SPF, PublishedSPF
from mailproof.targets.mail import MailHost
from mailproof.targets.services import MXEndpoint
from mailproof.targets.zones import Zone

from ..observed import (
    ACCEPTED,
    ADDRESS,
    DOMAIN,
    HOST,
    PARKED,
    RECEIVES,
    SAME_MAIL,
    TRANSCRIPT,
    answer,
    attempt,
    mail_copies,
    missing,
    mx,
    reply,
)
from .case import Case, Table, advises, fails, leaves, passes, skips, undecided

PUBLIC = "8.8.8.8"
"""An address that is not set aside for documentation."""


def bypass(rcpt: Reply, *, closed: str = "") -> Bypass:
    return Bypass(TRANSCRIPT, "mail.example.org", closed, attempt("mail past the filter", rcpt))


def host(*addresses: str, aliases: tuple[str, ...] = (), domains: tuple[str, ...] = (DOMAIN,)) -> HostAddresses:
    return HostAddresses(
        HOST,
        domains,
        answer(HOST, "A", *(a for a in addresses if ":" not in a), aliases=aliases),
        answer(HOST, "AAAA", *(a for a in addresses if ":" in a), aliases=aliases),
    )


_SPECIAL = (
    *("10.0.0.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "192.0.2.25", "224.0.0.1", "0.0.0.0"),
    *("::1", "fe80::1", "fd00::1", "fec0::1", "fed1::1", "2001:db8::1", "3fff::1", "::ffff:8.8.8.8"),
)
_MX_HOST = MailHost(HOST, domains=(DOMAIN,))
_NAMED_HOST = MailHost(HOST)
_NULL = mx("0 .")
_NORMAL = mx("10 mx1.example.org.", "20 mx2.example.org.")


def hosts(records: MX, *unknown: str, **addresses: str) -> MXHosts:
    """``mx1="192.0.2.1 2001:db8::1"`` gives the addresses of mx1.example.org."""
    seen = tuple(
        HostAddresses(
            f"{label}.{DOMAIN}",
            (DOMAIN,),
            answer(f"{label}.{DOMAIN}", "A", *(a for a in listed.split() if ":" not in a)),
            answer(f"{label}.{DOMAIN}", "AAAA", *(a for a in listed.split() if ":" in a)),
        )
        for label, listed in addresses.items()
    )
    return MXHosts(DOMAIN, records, seen, tuple(Silence(reason, "timed out") for reason in unknown))


def _spf(*texts: str) -> SPF:
    return SPF(PublishedSPF(DOMAIN, (), answer(DOMAIN, "TXT", *texts)))


def _apex(name: str, *records: str, domains: tuple[str, ...] = ()) -> dict[str, object]:
    return {"apex_mx": ApexMX(name, answer(name, "MX", *records)), "zone": Zone(name, domains=domains)}


_ENDPOINT = MXEndpoint(HOST, ADDRESS, 25)
_TLS_FIRST = reply(530, "5.7.0 Must issue a STARTTLS command first")


def _asked(*clear: Reply, tls: bool = True, interrupted: str = "") -> dict[str, object]:
    """A series of attempts: home inside TLS, if that works, and the plain form in clear, answered with ``clear``."""
    inside = (replace(attempt(HOME, ACCEPTED), tls=True),) if tls else ()
    outside = (attempt("plain", None, mail=said) for said in clear)
    return {
        "relay_attempts": RelayAttempts(TRANSCRIPT, (*inside, *outside), interrupted),
        "mx_endpoint": _ENDPOINT,
    }


def _google(*names: str) -> MX:
    return mx(*(f"10 {name}.google.com." for name in names))


_LISTED = replace(RECEIVES, approved_mx=("mx1.example.org", "mx2.example.org"))
_OWN = replace(RECEIVES, our_addresses=("192.0.2.1", "2001:db8::1"), backup_mx=("backup.example.org",))

_DELIVERS = replace(RECEIVES, delivery_host="mx1.example.org", backup_mx=("mx2.example.org",))
_FILTERED = replace(RECEIVES, delivery_host="store.example.org", filter_mx=("mx1.example.org",))


TABLE: Table = {
    "SINGLE-MDA": (
        passes(mx=mx("10 mx1.example.org.", "20 mx2.example.org."), mail_domain=_DELIVERS),
        passes(mx=mx("10 mx1.example.org."), mail_domain=_FILTERED),
        fails(
            "neither mx1.example.org nor declared",
            level=SHOULD,
            mx=mx("10 mx1.example.org.", "20 mx3.example.org."),
            mail_domain=_DELIVERS,
        ),
        fails("is that of mx1", mx=mx("10 mx1.example.org.", "10 mx2.example.org."), mail_domain=_DELIVERS),
        fails("is that of mx2", mx=mx("10 mx2.example.org.", "20 mx1.example.org."), mail_domain=_DELIVERS),
        fails("is no MX host", mx=mx("20 mx2.example.org."), mail_domain=_DELIVERS),
        leaves("MX-EXISTS", mx=mx(), mail_domain=_DELIVERS),
        skips("names no delivery host", mx=mx("10 mx1.example.org."), mail_domain=RECEIVES),
    ),
    "MX-BYPASS": (
        passes(bypass=Bypass(TRANSCRIPT, "mail.example.org", "192.0.2.26 refused the connection")),
        passes(bypass=bypass(reply(554, "5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied"))),
        passes(bypass=bypass(reply(550, "5.7.51 TenantInboundAttribution; There is a partner connector configured"))),
        passes(bypass=bypass(reply(554, "5.7.1 <postmaster@example.org>: Relay access denied"))),
        passes(bypass=bypass(reply(530, "5.7.0 Authentication required"))),
        fails("takes mail for", level=SHOULD, bypass=bypass(ACCEPTED)),
        skips("it is not behind them", bypass=Bypass((), "mail.example.org", "", is_mx=True)),
        undecided("not decided: 450", bypass=bypass(reply(450, "4.2.0 greylisted"))),
        undecided("refuses this tester", bypass=bypass(reply(554, "5.7.1 192.0.2.1 is on a blocklist"))),
        undecided("refuses this tester", bypass=bypass(reply(550, "5.7.25 no reverse DNS"))),
        undecided("name a mailbox", bypass=bypass(reply(550, "5.1.1 no such user"))),
        undecided("name a mailbox", bypass=bypass(reply(550, "5.4.1 Recipient address rejected: Access denied"))),
    ),
    "MX-EXISTS": (
        fails("does not exist", mx=replace(mx(), answer=missing(DOMAIN, "MX")), mail_domain=RECEIVES),
        fails("does not exist", mx=replace(mx(), answer=missing(DOMAIN, "MX")), mail_domain=PARKED),
        passes(mx=_NORMAL, mail_domain=RECEIVES),
        passes(mx=mx("0 .", addresses=(PUBLIC,)), mail_domain=PARKED),
        skips("takes no mail", mx=_NULL, mail_domain=PARKED),
        fails("own address", level=SHOULD, mx=mx(addresses=(PUBLIC,)), mail_domain=RECEIVES),
        fails("cannot be delivered", mx=mx(), mail_domain=RECEIVES),
        fails("own address", mx=mx(addresses=("2001:db8::1",)), mail_domain=PARKED),
        passes(mx=_NULL, mail_domain=RECEIVES),
        fails("null MX", mx=_NULL, mail_domain=replace(RECEIVES, insists_on_mail=True)),
        passes(mx=_NORMAL, mail_domain=replace(RECEIVES, insists_on_mail=True)),
        skips("takes no mail", mx=mx(), mail_domain=PARKED),
    ),
    "MX-NULL-ALONE": (
        passes(mx=_NULL),
        fails("beside mx1.example.org", level=MUST, mx=mx("0 .", "10 mx1.example.org.")),
        fails("another null MX", mx=mx("0 .", "10 .")),
        skips("no null MX", mx=_NORMAL),
    ),
    "MX-NULL-PREF": (
        passes(mx=_NULL),
        fails("preference 10", mx=mx("10 .")),
        skips("no null MX", mx=mx()),
    ),
    "MX-NOT-IP": (
        passes(mx=_NORMAL),
        fails("192.0.2.25", mx=mx("10 192.0.2.25.")),
        fails("2001:db8::1", mx=mx("10 2001:db8::1.")),
        fails("[192.0.2.25]", mx=mx("10 [192.0.2.25].")),
        fails("localhost, the sender itself", level=MUST, mx=mx("0 localhost.")),
        fails("localhost.localdomain", mx=mx("10 mx1.example.org.", "20 localhost.localdomain.")),
        fails("mail.localhost", mx=mx("10 mail.localhost.")),
        passes(mx=mx("10 localhost.example.org.")),
        skips("no MX", mx=_NULL),
        skips("no MX", mx=mx()),
    ),
    "MX-NOT-ALIAS": (
        passes(host_addresses=host(ADDRESS)),
        fails("mx1.example.org -> real.example", host_addresses=host(ADDRESS, aliases=("real.example",))),
        skips("names this host", host_addresses=host(ADDRESS, aliases=("real.example",), domains=())),
    ),
    "MX-RESOLVES": (
        leaves("DANGLE-MX", host_addresses=replace(host(), unregistered="gone.example"), mail_host=_MX_HOST),
        passes(host_addresses=host(ADDRESS), mail_host=_MX_HOST),
        passes(host_addresses=host("2001:db8::25"), mail_host=_MX_HOST),
        passes(host_addresses=host(ADDRESS, domains=()), mail_host=_NAMED_HOST),
        fails("neither A nor AAAA", level=MUST, host_addresses=host(), mail_host=_MX_HOST),
        fails("neither A nor AAAA", host_addresses=host(), mail_host=replace(_MX_HOST, has_addresses=True)),
        fails("of this host of the inventory", host_addresses=host(domains=()), mail_host=_NAMED_HOST),
        leaves("MX-M365-TOKEN", host_addresses=replace(host(), host="ms1.msv1.invalid"), mail_host=_MX_HOST),
        leaves("MX-NOT-ALIAS", host_addresses=host(aliases=("a.example", "mx1.example.org")), mail_host=_MX_HOST),
        skips(
            "gives its addresses", host_addresses=host(domains=()), mail_host=replace(_NAMED_HOST, has_addresses=True)
        ),
    ),
    "MX-PUBLIC-ADDR": (
        passes(host_addresses=host(PUBLIC, "2001:4860:4860::8888")),
        *(fails(address, level=SHOULD, host_addresses=host(PUBLIC, address)) for address in _SPECIAL),
        skips("no address", host_addresses=host()),
        skips("names this host", host_addresses=host("10.0.0.1", domains=())),
    ),
    "MX-SAME-ON-ALL-NS": (
        passes(mail_copies=mail_copies(SAME_MAIL, SAME_MAIL)),
        fails(
            "ns2: no MX record (NOERROR)", level=SHOULD, mail_copies=mail_copies(SAME_MAIL, ((), ("v=spf1 mx -all",)))
        ),
        fails("ns2: 20 b.", mail_copies=mail_copies(SAME_MAIL, (("20 b.",), ("v=spf1 mx -all",)))),
        leaves("SOA-SERIAL-SAME", mail_copies=mail_copies(SAME_MAIL, ((), ()), serials=(1, 2))),
        skips("as proposed", mail_copies=mail_copies(proposed=True)),
        undecided("lost", mail_copies=mail_copies(SAME_MAIL, unknown=("lost",))),
    ),
    "MX-NULL-RIGHT": (
        passes(mx=_NULL, spf=_spf("v=spf1 -all"), mail_domain=RECEIVES),
        passes(mx=_NULL, spf=_spf("v=spf1 ?include:example.net -all"), mail_domain=RECEIVES),
        fails("senders: mx", level=SHOULD, mx=_NULL, spf=_spf("v=spf1 mx -all"), mail_domain=RECEIVES),
        fails("redirect=", mx=_NULL, spf=_spf("v=spf1 redirect=example.net"), mail_domain=RECEIVES),
        leaves("SPF-PARKED", mx=_NULL, spf=_spf("v=spf1 mx -all"), mail_domain=PARKED),
        leaves("MX-EXISTS", mx=_NULL, spf=_spf("v=spf1 mx -all"), mail_domain=replace(RECEIVES, insists_on_mail=True)),
        leaves("SPF-EXISTS", mx=_NULL, spf=_spf(), mail_domain=RECEIVES),
        skips("no null MX", mx=_NORMAL, spf=_spf("v=spf1 mx -all"), mail_domain=RECEIVES),
    ),
    "MX-HOST-SYNTAX": (
        passes(mx=_NORMAL),
        passes(mx=mx("10 192.0.2.25.")),
        passes(mx=mx("10 mx.xn--bcher-kva.example.")),
        fails("mx_1.example.org is no host name", level=MUST, mx=mx("10 mx_1.example.org.")),
        fails("letters, digits", mx=mx("10 -mx.example.org.")),
        fails("letters, digits", mx=mx("10 mx-.example.org.")),
        fails("ends in the number", mx=mx("10 mx.example.25.")),
        advises("third and fourth", mx=mx("10 mx--1.example.org.")),
        skips("no MX", mx=_NULL),
        skips("no MX", mx=mx()),
    ),
    "MX-NO-DUPLICATE": (
        passes(mx_hosts=hosts(_NORMAL, mx1="192.0.2.1 2001:db8::1", mx2="192.0.2.2")),
        advises("mx1.example.org stands", mx_hosts=hosts(mx("10 mx1.example.org.", "20 mx1.example.org."))),
        advises(
            "mx1.example.org, mx2.example.org at 192.0.2.1", mx_hosts=hosts(_NORMAL, mx1="192.0.2.1", mx2="192.0.2.1")
        ),
        advises(
            "at 2001:db8::1",
            mx_hosts=hosts(_NORMAL, mx1="192.0.2.1 2001:db8::1", mx2="192.0.2.2 2001:db8:0:0::1"),
        ),
        undecided("lost", mx_hosts=hosts(_NORMAL, "lost", mx1="192.0.2.1")),
        skips("no MX", mx_hosts=hosts(_NULL)),
    ),
    "MX-REDUNDANT": (
        passes(mx_hosts=hosts(_NORMAL, mx1="192.0.2.1", mx2="192.0.2.2")),
        passes(mx_hosts=hosts(mx("10 mx1.example.org."), mx1="192.0.2.1 192.0.2.2")),
        passes(mx_hosts=hosts(_NORMAL, "lost", mx1="192.0.2.1 192.0.2.2")),
        advises("192.0.2.1, 2001:db8::1", mx_hosts=hosts(mx("10 mx1.example.org."), mx1="192.0.2.1 2001:db8::1")),
        undecided("lost", mx_hosts=hosts(_NORMAL, "lost", mx1="192.0.2.1")),
        leaves("MX-RESOLVES", mx_hosts=hosts(_NORMAL, mx1="", mx2="")),
        skips("no MX", mx_hosts=hosts(mx())),
    ),
    "MX-APPROVED": (
        passes(mx=_NORMAL, mail_domain=_LISTED),
        fails(
            "mx3.example.org", level=SHOULD, mx=mx("10 mx1.example.org.", "20 mx3.example.org."), mail_domain=_LISTED
        ),
        skips("no list", mx=_NORMAL, mail_domain=RECEIVES),
        skips("no MX", mx=_NULL, mail_domain=_LISTED),
    ),
    "MX-PARKED-NONE": (
        passes(mx=_NULL, mail_domain=PARKED),
        passes(mx=mx(), mail_domain=PARKED),
        fails("mx1.example.org", level=SHOULD, mx=_NORMAL, mail_domain=PARKED),
        skips("not parked", mx=_NORMAL, mail_domain=RECEIVES),
    ),
    "MX-HOSTMASTER-PATH": (
        passes(**_apex("example.org", "10 mx1.example.org.")),
        passes(**_apex("example.org", "0 .")),
        passes(**_apex("org")),
        passes(**_apex("org", "0 .")),
        passes(**_apex(".")),
        advises("hostmaster@example.org", **_apex("example.org")),
        advises("top-level", **_apex("org", "10 mx1.example.org.")),
        leaves("MX-EXISTS", "", **_apex("example.org", domains=("example.org",))),
        advises("hostmaster@example.org", **_apex("example.org", domains=("mail.example.org",))),
        skips("infrastructure", **_apex("2.0.192.in-addr.arpa")),
    ),
    "MX-M365-TOKEN": (
        passes(mx=_NORMAL),
        fails("ms1.msv1.invalid", level=MUST, mx=mx("10 mx1.example.org.", "32767 ms1.msv1.invalid.")),
        skips("no MX", mx=_NULL),
    ),
    "MX-PROVIDER-SET": (
        passes(mx=_google("smtp")),
        passes(mx=_google("aspmx.l", *(f"alt{n}.aspmx.l" for n in (1, 2, 3, 4)))),
        passes(mx=mx("0 example-org.mail.protection.outlook.com.")),
        passes(mx=mx("10 in1-smtp.messagingengine.com.", "20 in2-smtp.messagingengine.com.", "30 mx1.example.org.")),
        advises("missing: alt2.aspmx.l.google.com, alt3", mx=_google("aspmx.l", "alt1.aspmx.l")),
        advises("missing: in2-smtp", mx=mx("10 in1-smtp.messagingengine.com.")),
        advises(
            "Google Workspace and of Microsoft 365",
            mx=mx("10 smtp.google.com.", "0 example-org.mail.protection.outlook.com."),
        ),
        skips("whose set is known", mx=_NORMAL),
        skips("whose set is known", mx=_NULL),
    ),
    "MX-OURS": (
        passes(mx_hosts=hosts(_NORMAL, mx1="192.0.2.1", mx2="2001:db8::1"), mail_domain=_OWN),
        passes(mx_hosts=hosts(_NORMAL, mx1="192.0.2.1", backup="192.0.2.9"), mail_domain=_OWN),
        advises("mx2.example.org", mx_hosts=hosts(_NORMAL, mx1="192.0.2.1", mx2="192.0.2.9"), mail_domain=_OWN),
        skips("no MX host has an address", mx_hosts=hosts(_NORMAL, mx1="192.0.2.9"), mail_domain=_OWN),
        skips("no MX host has an address", mx_hosts=hosts(_NORMAL, mx1="192.0.2.1"), mail_domain=RECEIVES),
        undecided("lost", mx_hosts=hosts(_NORMAL, "lost", mx1="192.0.2.1"), mail_domain=_OWN),
    ),
    "MX-NOT-TLS-ONLY": (
        passes(**_asked(reply(554, "5.7.1 relay access denied"))),
        passes(**_asked(reply(530, "5.7.0 authentication required"), tls=False)),
        fails("demands TLS from everybody", level=MUST, **_asked(_TLS_FIRST)),
        leaves("SMTP-STARTTLS-WORKS", "", **_asked(_TLS_FIRST, tls=False)),
        undecided("banned", **_asked(interrupted="banned")),
        Case(Verdict.NOT_APPLICABLE, "in_clear", _asked(_TLS_FIRST), parameters={"in_clear": "refused"}),
        leaves(
            "SMTP-GREET-220",
            relay_attempts=RelayAttempts(TRANSCRIPT, (), "", unserved="554"),
            mx_endpoint=_ENDPOINT,
        ),
    ),
}
