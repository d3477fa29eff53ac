"""What providers of mail prescribe as MX records, as their help pages had it in November 2026.

A provider is known by the names of its hosts. ``sets`` are the sets that it prescribes, any one of them being complete;
a provider whose hosts have a name for each customer prescribes one host, whatever its name.
"""

from __future__ import annotations

from dataclasses import dataclass

AS_OF = "2026-11"


@dataclass(frozen=True)
class Provider:
    """A provider, the domains that its MX hosts lie in, and the sets of hosts that it prescribes."""

    name: str
    domains: tuple[str, ...]
    sets: tuple[frozenset[str], ...] = ()

    def has(self, host: str) -> bool:
        """Whether an MX host is the provider's."""
        return any(host == domain or host.endswith(f".{domain}") for domain in self.domains)


def _set(*hosts: str) -> frozenset[str]:
    return frozenset(hosts)


PROVIDERS = (
    Provider(
        "Google Workspace",
        ("aspmx.l.google.com", "googlemail.com", "smtp.google.com"),
        (
            _set("smtp.google.com"),
            _set("aspmx.l.google.com", *(f"alt{n}.aspmx.l.google.com" for n in (1, 2, 3, 4))),
            _set(
                "aspmx.l.google.com",
                *("alt1.aspmx.l.google.com", "alt2.aspmx.l.google.com"),
                *("aspmx2.googlemail.com", "aspmx3.googlemail.com"),
            ),
        ),
    ),
    Provider("Microsoft 365", ("mail.protection.outlook.com", "mx.microsoft", "mail.protection.outlook.de")),
    Provider(
        "Fastmail",
        ("messagingengine.com",),
        (_set("in1-smtp.messagingengine.com", "in2-smtp.messagingengine.com"),),
    ),
    Provider("Proton Mail", ("protonmail.ch",), (_set("mail.protonmail.ch", "mailsec.protonmail.ch"),)),
    Provider("iCloud Mail", ("mail.icloud.com",), (_set("mx01.mail.icloud.com", "mx02.mail.icloud.com"),)),
    Provider("Migadu", ("migadu.com",), (_set("aspmx1.migadu.com", "aspmx2.migadu.com"),)),
    Provider("mailbox.org", ("mailbox.org",), (_set(*(f"mxext{n}.mailbox.org" for n in (1, 2, 3))),)),
    Provider("Yandex 360", ("mx.yandex.net",), (_set("mx.yandex.net"),)),
    Provider(
        "Zoho Mail",
        ("zoho.com", "zoho.eu"),
        tuple(_set(f"mx.zoho.{end}", f"mx2.zoho.{end}", f"mx3.zoho.{end}") for end in ("com", "eu")),
    ),
)


def provider_of(host: str) -> Provider | None:
    """The provider whose MX host that is; None where it is nobody's of the list."""
    return next((provider for provider in PROVIDERS if provider.has(host)), None)
