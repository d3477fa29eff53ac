"""MX records."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.observations.mx import HostAddresses
from mailproof.targets.mail import MailHost

from ..observed import ADDRESS, DOMAIN, HOST, PARKED, RECEIVES, SAME_MAIL, answer, mail_copies, missing, mx
from .case import Table, fails, leaves, passes, skips, undecided

PUBLIC = "8.8.8.8"
"""An address that is not set aside for documentation."""


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

TABLE: Table = {
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
        passes(host_addresses=host(ADDRESS), mail_host=_MX_HOST),
        passes(host_addresses=host("2001:db8::25"), mail_host=_MX_HOST),
        passes(host_addresses=host(ADDRESS, domains=()), mail_host=_NAMED_HOST),
        fails("neither A nor AAAA", level=MUST, host_addresses=host(), mail_host=_MX_HOST),
        fails("neither A nor AAAA", host_addresses=host(), mail_host=replace(_MX_HOST, has_addresses=True)),
        fails("of this host of the inventory", host_addresses=host(domains=()), mail_host=_NAMED_HOST),
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
}
