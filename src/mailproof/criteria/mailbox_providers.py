"""Domains of providers that give mailboxes to anybody, and do not let others send in their name (November 2026)."""

from __future__ import annotations

AS_OF = "2026-11"

MAILBOX_PROVIDERS = frozenset(
    (
        *("gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "rocketmail.com", "aol.com", "yahoo.co.uk"),
        *("yahoo.de", "yahoo.fr", "yahoo.it", "yahoo.co.jp", "outlook.com", "hotmail.com", "live.com", "msn.com"),
        *("icloud.com", "me.com", "mac.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de", "mail.ru", "yandex.ru"),
    )
)
