"""What providers of mail prescribe as MX records and DKIM selectors, as their help pages had it in November 2026.

A provider is known by the names of its hosts. ``sets`` are the sets that it prescribes, any one of them being complete;
a provider whose hosts have a name for each customer prescribes one host, whatever its name. ``selectors`` are aliases
that every customer has to publish; Google, Zoho and others let each customer choose, so that nothing is prescribed.
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
    spf: str = ""
    """What the SPF record of a domain includes whose mail leaves there."""
    selectors: tuple[str, ...] = ()
    key_domains: tuple[str, ...] = ()
    """Where the aliases of these selectors lead."""
    page: str = ""
    """The page that says so."""

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
    Provider(
        "Microsoft 365",
        ("mail.protection.outlook.com", "mx.microsoft", "mail.protection.outlook.de"),
        spf="spf.protection.outlook.com",
        selectors=("selector1", "selector2"),
        key_domains=("onmicrosoft.com", "dkim.mail.microsoft"),
        page="https://learn.microsoft.com/defender-office-365/email-authentication-dkim-configure",
    ),
    Provider(
        "Fastmail",
        ("messagingengine.com",),
        (_set("in1-smtp.messagingengine.com", "in2-smtp.messagingengine.com"),),
        spf="spf.messagingengine.com",
        selectors=("fm1", "fm2", "fm3"),
        key_domains=("dkim.fmhosted.com",),
        page="https://www.fastmail.help/hc/en-us/articles/360060591153",
    ),
    Provider(
        "Proton Mail",
        ("protonmail.ch",),
        (_set("mail.protonmail.ch", "mailsec.protonmail.ch"),),
        spf="_spf.protonmail.ch",
        selectors=("protonmail", "protonmail2", "protonmail3"),
        key_domains=("domains.proton.ch",),
        page="https://proton.me/support/cname-problems",
    ),
    Provider(
        "iCloud Mail",
        ("mail.icloud.com",),
        (_set("mx01.mail.icloud.com", "mx02.mail.icloud.com"),),
        spf="icloud.com",
        selectors=("sig1",),
        key_domains=("icloudmailadmin.com",),
        page="https://support.apple.com/102374",
    ),
    Provider("Migadu", ("migadu.com",), (_set("aspmx1.migadu.com", "aspmx2.migadu.com"),)),
    Provider(
        "mailbox.org",
        ("mailbox.org",),
        (_set(*(f"mxext{n}.mailbox.org" for n in (1, 2, 3))),),
        spf="mailbox.org",
        selectors=tuple(f"mbo000{n}" for n in (1, 2, 3, 4)),
        key_domains=("mailbox.org",),
        page="https://kb.mailbox.org/de/privat/e-mail-mit-eigener-domain/",
    ),
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
