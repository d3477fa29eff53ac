"""Postfix: one master, one smtpd line for each address, each with the settings of its domain."""

from __future__ import annotations

import pwd
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.real import domains
from tests.real.lab import plan
from tests.real.lab.ca import Issued
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import POSTFIX_MASTER
from tests.real.shown import Chain

BACKUP = "backup-accepts-unknown"
BACKUP_REWRITE = "rewrite-backup"
"""Only this host relays for its domain, and which domains are relayed is for trivial-rewrite to know."""
QUEUES = (
    "active",
    "bounce",
    "corrupt",
    "defer",
    "deferred",
    "flush",
    "hold",
    "incoming",
    "private",
    "saved",
    "trace",
)
OWNER = "postfix"
DROP_GROUP = "postdrop"
RECIPIENTS = "/^(postmaster|abuse|hostmaster|user|dmarc|tlsrpt|security)@/ exists\n"
"""The mailboxes of every domain. Those of the domains that are exercised are Maildirs."""
MAILDIRS = "maildirs"
TO_JUNK = r"/^Authentication-Results: mx\.(exercise-[a-z]+)\.test;.*dmarc=fail/ REDIRECT junk@$1.test" + "\n"
"""What OpenDMARC or rspamd says of a message decides about the folder; what p=reject forbids they refuse."""

SERVICES = f"""\
pickup     unix    n - n 60  1 pickup
cleanup    unix    n - n -   0 cleanup
qmgr       unix    n - n 300 1 qmgr
tlsmgr     unix    - - n 1000? 1 tlsmgr
rewrite    unix    - - n -   - trivial-rewrite
proxymap   unix    - - n -   - proxymap
anvil      unix    - - n -   1 anvil
bounce     unix    - - n -   0 bounce
defer      unix    - - n -   0 bounce
trace      unix    - - n -   0 bounce
error      unix    - - n -   - error
retry      unix    - - n -   - error
discard    unix    - - n -   - discard
virtual    unix    - n n -   - virtual
dnsblog    unix    - - n -   0 dnsblog
tlsproxy   unix    - - n -   0 tlsproxy
postlog    unix-dgram n - n - 1 postlogd
{BACKUP_REWRITE} unix - - n - - trivial-rewrite -o relay_domains={BACKUP}.test
"""


def _served() -> tuple[domains.Domain, ...]:
    return (*plan.hosts(domains.POSTFIX), *plan.hosts(domains.HAPROXY), *plan.shared())


def _main(directory: Path, recipients: Path) -> str:
    queue = directory / "queue"
    served = " ".join(domain.name for domain in _served() if domain.label != BACKUP)
    settings = {
        "compatibility_level": "3.6",
        "queue_directory": str(queue),
        "data_directory": str(directory / "data"),
        "daemon_directory": str(POSTFIX_MASTER.parent),
        "mail_owner": OWNER,
        "setgid_group": DROP_GROUP,
        "maillog_file": str(directory / "mail.log"),
        "maillog_file_prefixes": str(directory),
        "inet_interfaces": "all",
        "inet_protocols": "all",
        "mynetworks": "127.0.0.0/8",
        "mydestination": "",
        "relay_domains": "",
        "virtual_mailbox_domains": served,
        "virtual_mailbox_maps": f"regexp:{recipients}",
        # Whatever gets in is thrown away: nothing is ever delivered but to the domains that are exercised.
        "transport_maps": f"regexp:{directory / 'transports.regexp'}",
        "virtual_mailbox_base": str(directory / MAILDIRS),
        "virtual_uid_maps": f"static:{pwd.getpwnam(domains.READER).pw_uid}",
        "virtual_gid_maps": f"static:{pwd.getpwnam(domains.READER).pw_gid}",
        "virtual_minimum_uid": "1",
        "sender_dependent_default_transport_maps": f"regexp:{directory / 'senders.regexp'}",
        "minimal_backoff_time": "1s",
        "queue_run_delay": "1s",
        "milter_header_checks": f"regexp:{directory / 'results.regexp'}",
        "virtual_transport": "discard:",
        "relay_transport": "discard:",
        "default_transport": "discard:",
        "smtpd_banner": "$myhostname ESMTP",
        "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
        "smtpd_helo_required": "yes",
        "smtpd_forbid_bare_newline": "normalize",
        "smtpd_forbid_unauth_pipelining": "yes",
        "disable_vrfy_command": "yes",
        "smtpd_client_connection_count_limit": "0",
        # Every RCPT that no DATA follows uses up a token of the flow control; without any left, each further
        # one waits a second.
        "in_flow_delay": "0",
        "smtpd_tls_security_level": "may",
        "smtpd_tls_protocols": ">=TLSv1.2",
        "smtpd_tls_ciphers": "high",
        "smtpd_tls_mandatory_ciphers": "high",
        "smtpd_tls_exclude_ciphers": "aNULL, kRSA, kDHE, SHA1, SHA256, SHA384, CAMELLIA, ARIA, AESCCM",
        "smtpd_tls_auth_only": "yes",
        "tls_preempt_cipherlist": "yes",
        "tls_ssl_options": "NO_RENEGOTIATION, NO_COMPRESSION",
        "tls_high_cipherlist": "HIGH:@SECLEVEL=1",
        "tls_medium_cipherlist": "ALL:@SECLEVEL=0",
        "cyrus_sasl_config_path": str(directory / "sasl"),
    }
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def _maildirs(domain: domains.Domain) -> str:
    """The user of a domain that is exercised, and its folder for suspicious mail."""
    name = domain.name.replace(".", r"\.")
    return f"/^user@{name}$/ {domain.label}/\n/^junk@{name}$/ {domain.label}/.Junk/\n"


def sends(domain: domains.Domain) -> bool:
    """Whether its users hand in mail that leaves: its entry says how Postfix sends."""
    return domain.server is not None and any(setting.startswith("smtp_") for setting in domain.server.settings)


def _sender(domain: domains.Domain, issued: Issued) -> str:
    """Submission for the client's machine without a password, and how what is handed in there is sent."""
    assert domain.server is not None
    name = f"myhostname = {domain.host}"
    submission = [
        name,
        f"smtpd_tls_chain_files = {issued.combined_file}",
        f"mynetworks = {plan.CLIENT}/32",
        "smtpd_relay_restrictions = permit_mynetworks, reject",
        "smtpd_forbid_bare_newline_exclusions =",  # mynetworks otherwise, and the client is one of them
        f"cleanup_service_name = cleanup-{domain.label}",
    ]
    cleanup = [setting for setting in domain.server.settings if setting.startswith("cleanup_")]
    client = [name, *(setting for setting in domain.server.settings if setting.startswith("smtp_"))]
    return (
        f"{plan.address(domain)}:587 inet n - n - - smtpd{_options(submission)}\n"
        f"cleanup-{domain.label} unix n - n - 0 cleanup{_options(cleanup)}\n"
        f"smtp-{domain.label} unix - - n - - smtp{_options(client)}\n"
    )


def _submission(domain: domains.Domain, issued: Issued) -> str:
    """A service for users, who log in; no password is ever right."""
    settings = [
        f"myhostname = {domain.host}",
        f"smtpd_tls_chain_files = {issued.combined_file}",
        "smtpd_tls_security_level = encrypt",
        "smtpd_sasl_auth_enable = yes",
        *domain.submission,
    ]
    return f"{plan.address(domain)}:587 inet n - n - - smtpd{_options(settings)}\n"


def _smtpd(instance: plan.Instance, issued: Issued | None, directory: Path) -> str:
    domain, server = instance.domain, instance.server
    settings = [f"myhostname = {domain.host}"]
    if domain.label == BACKUP:
        settings.append(f"rewrite_service_name = {BACKUP_REWRITE}")
    if issued and server.chain is not Chain.NONE:
        settings.append(f"smtpd_tls_chain_files = {issued.combined_file}")
    settings += server.settings
    services = [f"[{address}]:25" if ":" in address else f"{address}:25" for address in instance.addresses]
    screened = any(setting.startswith("postscreen_") for setting in settings)
    if screened:
        behind = f"smtpd-{instance.key}"
        front = [*settings, f"smtpd_service_name = {behind}", "postscreen_cache_map ="]  # no memory: all are strangers
        lines = [f"{service} inet n - n - 1 postscreen{_options(front)}\n" for service in services]
        return "".join([*lines, f"{behind} pass - - n - - smtpd{_options(settings)}\n"])
    return "".join(f"{service} inet n - n - - smtpd{_options(settings)}\n" for service in services)


def _options(settings: list[str]) -> str:
    return "".join(f"\n    -o {{ {setting} }}" for setting in settings)


def postfix(daemons: Daemons, namespace: str, directory: Path, issued: Mapping[str, Issued]) -> None:
    """Start Postfix for all its domains. ``issued`` holds the certificates by the key of the instance."""
    queue = directory / "queue"
    for name in (*QUEUES, "public", "maildrop"):
        (queue / name).mkdir(parents=True)
        shutil.chown(queue / name, OWNER)
    for name in ("public", "maildrop"):
        shutil.chown(queue / name, group=DROP_GROUP)
    (queue / "pid").mkdir()
    (directory / "data").mkdir()
    shutil.chown(directory / "data", OWNER)
    (directory / "sasl").mkdir()
    # The plug-ins are enough to be offered AUTH; no password is ever right.
    (directory / "sasl" / "smtpd.conf").write_text("pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n")
    (directory / "sasl" / "ntlm.conf").write_text("pwcheck_method: auxprop\nmech_list: PLAIN NTLM\n")
    recipients = directory / "recipients.regexp"
    exercised = [domain for domain in plan.hosts(domains.POSTFIX) if domain.is_exercised]
    recipients.write_text("".join(map(_maildirs, exercised)) + RECIPIENTS)
    for domain in exercised:
        (directory / MAILDIRS / domain.label).mkdir(parents=True)
        shutil.chown(directory / MAILDIRS / domain.label, domains.READER)
    (directory / "transports.regexp").write_text(f"/@{domains.EXERCISED}[a-z]+\\.test$/ virtual:\n")
    (directory / "senders.regexp").write_text(
        "".join(f"/@{domain.label}\\.test$/ smtp-{domain.label}:\n" for domain in exercised if sends(domain))
    )
    (directory / "results.regexp").write_text(TO_JUNK)
    (directory / "main.cf").write_text(_main(directory, recipients))
    smtpds = "".join(
        _smtpd(instance, issued.get(instance.key), directory) for instance in plan.instances(domains.POSTFIX)
    )
    senders = "".join(_sender(domain, issued[domain.label]) for domain in exercised if sends(domain))
    submissions = "".join(
        _submission(domain, issued[domain.label]) for domain in plan.hosts(domains.POSTFIX) if domain.submission
    )
    (directory / "master.cf").write_text(SERVICES + smtpds + submissions + senders)
    daemons.start(
        "postfix",
        namespace,
        [str(POSTFIX_MASTER), "-d", "-c", str(directory)],
        {"MAIL_CONFIG": str(directory)},
    )
