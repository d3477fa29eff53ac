"""Configuration files: relaying."""

from __future__ import annotations

from dataclasses import replace

from mailproof.observations.configuration import RelaySettings

from .case import Case, Table, fails, passes, skips
from .configuration import settings


def relay(program: str = "postfix", overrides: tuple[tuple[str, str], ...] = (), **values: str) -> RelaySettings:
    return RelaySettings(settings(program, overrides, **values), ("example.org", "example.net"))


def exim(hosts: str = "", domains: str = "") -> RelaySettings:
    lists = (("hostlist relay_from_hosts", hosts), ("domainlist relay_to_domains", domains))
    return RelaySettings(settings("exim", lists), ("example.org", "example.net"))


def smtpd(*matches: str) -> RelaySettings:
    rules = (
        ("action", '"out" relay'),
        ("action", '"local" maildir alias <aliases>'),
        *(("match", one) for one in matches),
    )
    return RelaySettings(settings("opensmtpd", rules), ("example.org",))


def for_host_alone() -> RelaySettings:
    return RelaySettings(replace(settings("postfix", mynetworks="0.0.0.0/0"), for_host_alone=True), ("example.org",))


def _good(*found: RelaySettings) -> tuple[Case, ...]:
    return tuple(passes(relay_settings=one) for one in found)


TABLE: Table = {
    "CFG-RELAY": (
        skips("the host alone reaches this postfix", relay_settings=for_host_alone()),
        *_good(
            relay(),
            relay(mynetworks="127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128"),
            relay(mynetworks="10.0.0.0/8, 172.16.0.0/12 192.168.0.0/16 fd00::/8 100.64.0.0/10"),
            relay(mynetworks="192.0.2.0/24 2001:db8:1::/48"),
            relay(mynetworks="!0.0.0.0/0 hash:/etc/postfix/clients"),
            relay(mynetworks_style="host"),
            relay(mynetworks_style="class", mynetworks="127.0.0.1"),
            relay(overrides=(("127.0.0.1:10025 inet/smtpd_relay_restrictions", "permit"),)),  # behind a content filter
            relay(overrides=(("[::1]:10025 inet/mynetworks", "0.0.0.0/0"),)),
            exim(domains="empty"),  # as Debian writes that there are none
            relay(relay_domains="example.org mail.example.org .example.net"),
            relay(relay_domains="hash:/etc/postfix/relay $mydestination localhost"),
            relay(smtpd_relay_restrictions="permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination"),
            relay(
                smtpd_relay_restrictions="", smtpd_recipient_restrictions="permit_mynetworks reject_unauth_destination"
            ),
            relay(smtpd_relay_restrictions="permit_mynetworks my_class permit"),
            relay(
                "postfix",
                (("submission inet/smtpd_relay_restrictions", "permit_sasl_authenticated,reject"),),
                smtpd_relay_restrictions="reject_unauth_destination",
            ),
            exim(),
            exim("127.0.0.1 : ::::1 : 192.0.2.0/28", "example.org : *.example.net"),
            exim("<; 127.0.0.1 ; ::1 ; 2001:db8::/48", "lsearch;/etc/exim4/relay"),
            exim(": 127.0.0.1", "@mx_any : +local_domains"),
            smtpd('from any for domain "example.org" action "local"', 'for any action "out"'),
            smtpd('auth from any for any action "out"', 'from src <lan> for any action "out"'),
            smtpd("from any for any reject", 'from any for any action "out"'),
        ),
        fails(
            "nothing stops mail of strangers",
            relay_settings=relay(overrides=(("192.0.2.25:26 inet/smtpd_relay_restrictions", "permit"),)),
        ),
        fails("everybody may relay", relay_settings=relay(mynetworks="127.0.0.0/8 0.0.0.0/0")),
        fails("everybody may relay", relay_settings=relay(mynetworks="[::]/0")),
        fails("whoever is in 198.0.0.0/9 may relay", relay_settings=relay(mynetworks="198.51.100.0/9")),
        fails("whoever is in 2001::/16 may relay", relay_settings=relay(mynetworks="2001:db8::/16")),
        fails("whoever is in 198.51.0.0/16", relay_settings=relay(mynetworks="[::ffff:198.51.0.0]/112")),
        fails("mynetworks_style = class", relay_settings=relay(mynetworks_style="class")),
        fails("other.example is no domain", relay_settings=relay(relay_domains="example.org, other.example")),
        fails("nothing stops", relay_settings=relay(smtpd_relay_restrictions="permit_mynetworks permit")),
        fails("nothing stops", relay_settings=relay(smtpd_relay_restrictions="check_client_access hash:/x")),
        fails(
            "nothing stops",
            relay_settings=relay(smtpd_relay_restrictions="check_policy_service { inet:[::1]:1, timeout=3s } permit"),
        ),
        fails(
            "nothing stops", relay_settings=relay(smtpd_relay_restrictions="reject_rbl_client zen.example.net permit")
        ),
        fails(
            "smtp inet/smtpd_relay_restrictions = permit: nothing",
            relay_settings=relay(
                "postfix", (("smtp inet/smtpd_relay_restrictions", "permit"),), smtpd_relay_restrictions="reject"
            ),
        ),
        fails("everybody may relay", relay_settings=exim("*")),
        fails("hostlist relay_from_hosts = 127.0.0.1 : 0.0.0.0/0", relay_settings=exim("127.0.0.1 : 0.0.0.0/0")),
        fails("other.example is no domain", relay_settings=exim("127.0.0.1", "example.org : other.example")),
        fails("anybody may relay to anybody", relay_settings=smtpd('from any for any action "out"')),
        skips("smtpd.conf itself is not there", relay_settings=relay("opensmtpd")),
        skips("dovecot relays no mail", relay_settings=relay("dovecot")),
    ),
}
