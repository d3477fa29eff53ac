"""Configuration files: early talkers, and the names that everybody may write to."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.configuration import ProgramSettings
from mailproof.observations.forwards import RoleAliases
from mailproof.probes.forwards import role_aliases
from mailproof.targets.files import Configuration, ConfigurationFile

from ..version_cases import read
from .case import Table, advises, fails, passes, skips, undecided
from .configuration import settings


def behind_postscreen(**values: str) -> ProgramSettings:
    return replace(settings("postfix", (), None, **values), behind_postscreen=True)


def aliases(text: str, name: str = "aliases", program: str = "aliases") -> RoleAliases:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, name)
        file.write_text(text)
        found = Configuration(program, "mx.example.org", (ConfigurationFile(str(file), name),))
        return asyncio.run(_read(found))


async def _read(configuration: Configuration) -> RoleAliases:
    return await role_aliases(configuration, Network(NetSettings()))


def relaying(**more: str) -> ProgramSettings:
    """A Postfix that hands mail on for a domain."""
    return settings("postfix", (), None, relay_domains="a.example", **more)


def of_recipients(*words: str) -> dict[str, str]:
    return {"smtpd_recipient_restrictions": ", ".join(words)}


def with_master(main: str, master: str) -> ProgramSettings:
    return read("postfix", main, **{"master.cf": master})


ASKS = "reject_unverified_recipient"
RELAYING = "relay_domains = a.example\n"
KNOWN = f"{RELAYING}relay_recipient_maps = hash:/x\n"
SECOND = "smtp inet n - y - - smtpd\n192.0.2.1:25 inet n - y - - smtpd\n  -o smtpd_reject_unlisted_recipient=no\n"
BEHIND_POSTSCREEN = "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n"

TABLE: Table = {
    "CFG-EARLYTALK": (
        passes(program_settings=settings("exim", pipelining_connect_advertise_hosts="")),
        passes(program_settings=settings("exim", pipelining_connect_advertise_hosts=":")),
        passes(program_settings=settings("exim", pipelining_connect_advertise_hosts="!* : 127.0.0.1")),
        passes(program_settings=settings("exim", smtp_enforce_sync="true", pipelining_connect_advertise_hosts="")),
        passes(program_settings=behind_postscreen(postscreen_greet_action="enforce")),
        passes(program_settings=behind_postscreen(postscreen_greet_action="drop")),
        passes(program_settings=behind_postscreen(smtpd_forbid_unauth_pipelining="yes")),
        passes(program_settings=behind_postscreen(mail_version="3.10.5")),
        passes(
            program_settings=replace(
                settings(
                    "postfix", (("smtp inet/postscreen_greet_action", "enforce"),), postscreen_greet_action="ignore"
                ),
                behind_postscreen=True,
            )
        ),
        advises("smtp_enforce_sync is switched off", program_settings=settings("exim", smtp_enforce_sync="false")),
        advises(
            "pipelining_connect_advertise_hosts = *: who talks",
            program_settings=settings("exim", pipelining_connect_advertise_hosts="*"),
        ),
        advises("is not set, which is ignore", program_settings=behind_postscreen(mail_version="3.7.11")),
        advises(
            "= ignore",
            program_settings=behind_postscreen(
                postscreen_greet_action="ignore", smtpd_forbid_unauth_pipelining="no", mail_version="3.9.0"
            ),
        ),
        skips("hangs on the version", program_settings=settings("exim")),
        skips("hangs on the version", program_settings=behind_postscreen()),
        skips("no postscreen stands before", program_settings=settings("postfix")),
        skips("dovecot has no setting", program_settings=settings("dovecot")),
    ),
    "CFG-RECIPIENTS": (
        *(
            passes(program_settings=relaying(**more))
            for more in (
                {"relay_recipient_maps": "hash:/x", "smtpd_reject_unlisted_recipient": "yes"},
                {
                    "relay_recipient_maps": "hash:/x",
                    "smtpd_reject_unlisted_recipient": "no",
                    "smtpd_recipient_restrictions": "reject_unlisted_recipient, permit",
                },
                {"smtpd_client_restrictions": "permit_mynetworks reject_unverified_recipient"},
                {"smtpd_sender_restrictions": "reject_unverified_recipient", "smtpd_delay_reject": "yes"},
            )
        ),
        fails("relay_recipient_maps is empty", program_settings=relaying()),
        *(
            fails(said, program_settings=found)
            for said, found in (
                ("relay_recipient_maps is empty", relaying(**of_recipients("permit_mx_backup", ASKS))),
                ("relay_recipient_maps is empty", relaying(**of_recipients("permit_auth_destination", ASKS))),
                ("relay_recipient_maps is empty", relaying(**of_recipients("warn_if_reject", "reject"))),
                ("relay_recipient_maps is empty", relaying(**of_recipients("permit_dnswl_client a.example", "reject"))),
                ("relay_recipient_maps = static:all", relaying(relay_recipient_maps="static:all")),
                ("relay_recipient_maps is empty", relaying(relay_recipient_maps="")),
                ("192.0.2.1:25 inet/smtpd_reject_unlisted_recipient = no", with_master(KNOWN, SECOND)),
                ("relay_recipient_maps is empty", with_master(RELAYING, "smtp inet n - y - - smtpd\n")),
                ("relay_recipient_maps is empty", with_master(RELAYING, BEHIND_POSTSCREEN)),
            )
        ),
        *(
            passes(program_settings=found)
            for found in (
                relaying(**of_recipients("PERMIT_MYNETWORKS", ASKS.upper())),
                relaying(**of_recipients(ASKS, "permit_mx_backup")),
                with_master(KNOWN, SECOND.replace("192.0.2.1", "127.0.0.1")),
                with_master(KNOWN, SECOND.replace("=no", "=yes")),
            )
        ),
        *(
            skips("strangers are refused", program_settings=relaying(**more))
            for more in (
                {"smtpd_client_restrictions": "permit_mynetworks, reject"},
                {"smtpd_client_restrictions": "permit_mynetworks, REJECT", "smtpd_delay_reject": "no"},
                {"smtpd_recipient_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject"},
                {"smtpd_relay_restrictions": "permit_mynetworks defer"},
            )
        ),
        skips("host alone reaches", program_settings=replace(relaying(), for_host_alone=True)),
        *(
            skips("no service takes mail at port 25", program_settings=with_master(RELAYING, master))
            for master in ("submission inet n - y - - smtpd\n", "127.0.0.1:25 inet n - y - - smtpd\n")
        ),
        undecided("stands in none of these files", program_settings=relaying(relay_recipient_maps="$ours")),
        undecided(
            "stands elsewhere", program_settings=relaying(**of_recipients("check_client_access hash:/x", "reject"))
        ),
        passes(
            program_settings=settings(
                "postfix",
                (("submission inet/smtpd_reject_unlisted_recipient", "no"),),
                relay_domains="a.example",
                relay_recipient_maps="hash:/x",
            )
        ),
        fails(
            "smtpd_reject_unlisted_recipient = no: nothing asks relay_recipient_maps",
            program_settings=settings(
                "postfix",
                relay_domains="a.example",
                relay_recipient_maps="hash:/x",
                smtpd_reject_unlisted_recipient="no",
                smtpd_milters="inet:127.0.0.1:11332",
            ),
        ),
        *(
            fails(
                "relay_recipient_maps is empty",
                program_settings=relaying(**more),
            )
            for more in (
                {"smtpd_milters": "inet:localhost:8891, unix:/run/opendmarc/opendmarc.sock"},
                {"smtpd_recipient_restrictions": "check_policy_service unix:private/policyd-spf"},
                {"smtpd_helo_restrictions": "reject_unverified_recipient", "smtpd_delay_reject": "no"},
                {"smtpd_recipient_restrictions": "reject_unlisted_recipient"},
                {"smtpd_client_restrictions": "permit reject_unverified_recipient"},
            )
        ),
        fails(
            "relay_recipient_maps is empty",
            program_settings=settings(
                "postfix",
                (("submission inet/smtpd_recipient_restrictions", "reject_unverified_recipient"),),
                relay_domains="a.example",
            ),
        ),
        passes(
            program_settings=settings(
                "postfix",
                (("smtp inet/smtpd_recipient_restrictions", "reject_unverified_recipient"),),
                relay_domains="a.example",
            ),
        ),
        *(
            undecided("stands elsewhere", program_settings=relaying(**more))
            for more in (
                {"smtpd_milters": "inet:localhost:8891 { unix:/run/ahead.sock, connect_timeout=5s }"},
                {"smtpd_client_restrictions": "check_policy_service { inet:192.0.2.1:9000 timeout=5s }"},
                {"smtpd_sender_restrictions": "check_recipient_access hash:/x"},
            )
        ),
        passes(program_settings=settings("postfix", relay_domains="a.example", relay_recipient_maps="hash:/x")),
        passes(
            program_settings=settings(
                "postfix",
                relay_domains="a.example",
                smtpd_recipient_restrictions="permit_mynetworks, reject_unverified_recipient",
            )
        ),
        fails(
            "relay_recipient_maps is empty",
            program_settings=settings(
                "postfix",
                relay_domains="a.example",
                smtpd_recipient_restrictions="warn_if_reject reject_unverified_recipient permit reject",
            ),
        ),
        undecided(
            "stands elsewhere",
            program_settings=settings(
                "postfix", relay_domains="a.example", smtpd_recipient_restrictions="ours, permit"
            ),
        ),
        skips("mail of no domain", program_settings=settings("postfix", relay_domains="${mydestination}")),
        fails(
            "relay_domains = a.example, and relay_recipient_maps is empty",
            program_settings=settings("postfix", relay_domains="a.example"),
        ),
        fails(
            "relay_domains = hash:/x",
            program_settings=settings("postfix", relay_domains="hash:/x", relay_recipient_maps=""),
        ),
        undecided(
            "stands elsewhere",
            program_settings=settings(
                "postfix", relay_domains="a.example", smtpd_recipient_restrictions="check_policy_service inet:[::1]:1"
            ),
        ),
        skips("mail of no domain is handed on", program_settings=settings("postfix")),
        skips("mail of no domain is handed on", program_settings=settings("postfix", relay_domains="")),
        skips("mail of no domain is handed on", program_settings=settings("postfix", relay_domains="$mydestination")),
        skips("what exim knows", program_settings=settings("exim")),
    ),
    "CFG-ALIASES": (
        passes(role_aliases=aliases("postmaster: root\nabuse: root\nroot: ann\n")),
        passes(role_aliases=aliases('Postmaster:\n  root\n"abuse": ann\n')),
        passes(role_aliases=aliases("*: ann\n")),
        passes(role_aliases=aliases("".join(f"u{n}: ann\n" for n in range(12_000)) + "postmaster: u1\nabuse: u1\n")),
        fails("mail for postmaster is thrown away", role_aliases=aliases("postmaster: /dev/null\nabuse: ann\n")),
        fails("postmaster is thrown", role_aliases=aliases("postmaster: root\nroot: /dev/null\nabuse: ann\n")),
        passes(role_aliases=aliases("postmaster: root\nroot: \\root\nabuse: root\n")),
        fails("mail for abuse is thrown away", role_aliases=aliases("postmaster: ann\nabuse: :blackhole:\n")),
        *(
            fails("mail for postmaster is thrown away", role_aliases=aliases(f"postmaster: {to}\nabuse: ann\n"))
            for to in ("/dev/null, /dev/null", '"|cat >/dev/null"', '"/dev/null","|/bin/true"', ":blackhole:,/dev/null")
        ),
        *(
            passes(role_aliases=aliases(f"postmaster: {to}\nabuse: ann\n"))
            for to in ("/dev/null, ann", '"|cat >/var/x"', '"|/usr/bin/tickets >/dev/null"')
        ),
        fails("mail for postmaster is refused", role_aliases=aliases("postmaster: :fail: no\nabuse: ann\n")),
        fails("mail for abuse is refused", role_aliases=aliases("postmaster: ann\nabuse: a\na: :defer: later\n")),
        # Of two entries postalias(1) and Exim take the first.
        passes(role_aliases=aliases("postmaster: ann\nabuse: ann\npostmaster: /dev/null\n")),
        fails("postmaster is thrown", role_aliases=aliases("postmaster: /dev/null\nabuse: ann\nPostmaster: ann\n")),
        # A name with a domain is no entry: "name must be local".
        fails("no alias has postmaster", role_aliases=aliases("postmaster@localhost: root\nabuse: ann\n")),
        fails("no alias has postmaster", role_aliases=aliases("root: ann\nabuse: ann\n")),
        fails("no alias has postmaster", role_aliases=aliases("root: postmaster\n", "local.txt")),
        fails("no alias has postmaster", role_aliases=aliases("#postmaster: root\nann: bob\n")),
        advises("no alias has abuse", role_aliases=aliases("postmaster: root\n")),
        skips("not the system's own", role_aliases=aliases('list: "|/usr/bin/mailman post list"\n')),
        skips("not the system's own", role_aliases=aliases('list: "|/usr/bin/mailman post list"\n', "mailman.txt")),
        skips("not the system's own", role_aliases=aliases("a@example.org b@example.org\n", "virtual")),
        skips("postfix holds no aliases", role_aliases=aliases("myhostname = x\n", "main.cf", "postfix")),
    ),
}
