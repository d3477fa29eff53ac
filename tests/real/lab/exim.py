"""Exim: one daemon for each domain, with GnuTLS as Debian builds it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from tests.real import domains
from tests.real.domains import Domain
from tests.real.lab import plan
from tests.real.lab.ca import OTHER, Issued
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import exim as exim_program
from tests.real.shown import Chain

USER = "Debian-exim"
"""Compiled into the package. Where it is missing, the lab adds it to passwd in the servers' namespace."""
SPARE_ID = 64999

RIGHT_PRIORITY = (
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-SHA1:-AES-128-CBC:-AES-256-CBC:-AES-128-CCM"
    ":-AES-256-CCM:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1"
)

RULES = """\
acl_smtp_rcpt = check_recipient
acl_smtp_data = accept

begin acl
no_service:
  deny   message = 554 No SMTP service here

ehlo_only:
  deny   condition = ${if match{$smtp_command}{HELO}}
         message = 502 HELO is not implemented
  accept

greets_late:
  accept delay = 3s

check_recipient:
  accept domains = +local_domains
         local_parts = postmaster : abuse : hostmaster : user : dmarc : tlsrpt
  deny   domains = +local_domains
         message = No such mailbox
  accept hosts = +relay_from_hosts
  deny   message = relay not permitted

begin routers
drop:
  driver = redirect
  data = :blackhole:

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = PASSWORD_IS_RIGHT
  server_advertise_condition = yes
"""

MAILDIR = "Maildir"
SUBMISSION_PORT = 587
CHECKING = f"""\
daemon_smtp_ports = 25 : {SUBMISSION_PORT}
acl_smtp_rcpt = check_recipient
acl_smtp_data = check_message
deliver_drop_privilege = true
dns_dnssec_ok = 1

begin acl
check_recipient:
  accept condition = ${{if eq{{$received_port}}{{{SUBMISSION_PORT}}}}}
         hosts = {plan.CLIENT}
         encrypted = *
  warn   spf = pass : fail : softfail : neutral : none : permerror : temperror
  accept domains = +local_domains
         local_parts = postmaster : abuse : hostmaster : user : dmarc : tlsrpt
  deny   domains = +local_domains
         message = No such mailbox
  accept hosts = +relay_from_hosts
  deny   message = relay not permitted

check_message:
  warn   add_header = :at_start:${{authresults {{$primary_hostname}}}}
  accept

begin routers
user:
  driver = accept
  domains = +local_domains
  local_parts = user
  transport = inbox
drop:
  driver = redirect
  domains = +local_domains
  data = :blackhole:
out:
  driver = dnslookup
  transport = remote

begin transports
inbox:
  driver = appendfile
  directory = MAILDIR
  maildir_format
  create_directory
remote:
  driver = smtp
  hosts_try_dane = *

begin retry
* * F,5m,2s
"""
"""It verifies SPF and DKIM, and writes what it found; it sends what the client's machine hands in, and does DANE."""


def passwd_lines() -> tuple[str, str]:
    """Lines to add to passwd and group so that they name Exim's user; empty where they do already."""
    if user_and_group() != (SPARE_ID, SPARE_ID):
        return "", ""
    return f"{USER}:x:{SPARE_ID}:{SPARE_ID}::/nonexistent:/usr/sbin/nologin\n", f"{USER}:x:{SPARE_ID}:\n"


def user_and_group() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        return SPARE_ID, SPARE_ID
    return entry.pw_uid, entry.pw_gid


def _key(setting: str) -> str:
    return setting.partition("=")[0].strip()


def configuration(domain: Domain, directory: Path, issued: Issued | None) -> str:
    """The configuration file of one domain's daemon."""
    server = domain.server
    assert server is not None
    served = [domain.name]
    if domain.label == "right-exim":
        served.append("backup-accepts-unknown.test")
    interfaces = " ; ".join(plan.listeners(domain))
    settings = [
        f"primary_hostname = {domain.host}",
        f"qualify_domain = {domain.name}",
        f"exim_path = {exim_program()}",
        f"spool_directory = {directory}/spool",
        f"log_file_path = {directory}/%slog",
        f"pid_file_path = {directory}/exim.pid",
        f"local_interfaces = <; {interfaces}",
        "daemon_smtp_ports = 25",
        f"domainlist local_domains = {' : '.join(served)}",
        "hostlist relay_from_hosts =",
        "smtp_banner = $primary_hostname ESMTP",
        # A TLS scan makes hundreds of connections; with a limit of 200 Exim answers some with 421.
        "smtp_accept_max = 0",
        "smtp_enforce_sync = true",
        # Without this, a client may talk early however strict the synchronisation check is.
        "pipelining_connect_advertise_hosts =",
        "queue_only = true",
        "rfc1413_query_timeout = 0s",
        "keep_environment =",
        # As Debian's configuration: fail2ban counts some of these lines.
        "log_selector = +smtp_protocol_error +smtp_syntax_error",
        "tls_advertise_hosts = *",
        f"tls_require_ciphers = {RIGHT_PRIORITY}",
        "auth_advertise_hosts =",
        "PASSWORD_IS_RIGHT = false",
    ]
    if issued and server.chain is not Chain.NONE:
        settings += [f"tls_certificate = {_shown(domain, issued)}", f"tls_privatekey = {issued.key_file}"]
    changed = {_key(setting) for setting in server.settings}
    kept = [setting for setting in settings if _key(setting) not in changed]
    if domain.is_exercised:
        kept = [setting for setting in kept if _key(setting) not in ("queue_only", "daemon_smtp_ports")]
        return "\n".join([*kept, *server.settings]) + "\n" + CHECKING.replace("MAILDIR", str(directory / MAILDIR))
    return "\n".join([*kept, *server.settings]) + "\n" + RULES


def _shown(domain: Domain, issued: Issued) -> str:
    """The file with the certificates, for whom it may concern."""
    if domain.server and domain.server.chain is Chain.OTHER_WITHOUT_SNI:
        other = issued.chain_file.with_stem(issued.chain_file.stem + OTHER)
        return f"${{if eq{{$tls_in_sni}}{{{domain.host}}}{{{issued.chain_file}}}{{{other}}}}}"
    return str(issued.chain_file)


def exim(daemons: Daemons, namespace: str, directory: Path, issued: Mapping[str, Issued]) -> None:
    """Start one Exim for each of its domains. ``issued`` holds the certificates by label of the domain."""
    directory.mkdir()
    for domain in plan.hosts(domains.EXIM):
        own = directory / domain.label
        (own / "spool").mkdir(parents=True)
        (own / MAILDIR).mkdir()
        for path in (own, own / "spool", own / MAILDIR):
            os.chown(path, *user_and_group())
        config = own / "exim.conf"
        config.write_text(configuration(domain, own, issued.get(domain.label)))
        config.chmod(0o644)
        command = [str(exim_program()), "-bdf", "-C", str(config)]
        if domain.is_exercised:
            command.append("-q2s")
        daemons.start(f"exim-{domain.label}", namespace, command)
