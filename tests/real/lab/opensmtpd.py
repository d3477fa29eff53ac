"""OpenSMTPD: one instance for all its domains, each told from the others by the tag of its listener.

Its paths and users are compiled in. A mount namespace of its own gives it the directories, passwd names the users.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.real import domains
from tests.real.lab import plan
from tests.real.lab.ca import Issued
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import opensmtpd as opensmtpd_program

USERS = {"opensmtpd": 64997, "opensmtpq": 64996}
"""Compiled into the package."""
CHROOT = "/var/lib/opensmtpd/empty"
MAILBOXES = ("postmaster", "abuse", "hostmaster", "user", "dmarc", "tlsrpt")
SUBMISSION = 587
"""Where OpenSMTPD takes mail to send, on the servers' own machine: stunnel is before it."""
RELAYS = "match from any for any action relay"
NO_TLS = "no tls"


def passwd_lines() -> tuple[str, str]:
    """Lines to add to passwd and group for the users of the package."""
    passwd = "".join(f"{name}:x:{uid}:{uid}::{CHROOT}:/usr/sbin/nologin\n" for name, uid in USERS.items())
    return passwd, "".join(f"{name}:x:{uid}:\n" for name, uid in USERS.items())


def senders() -> tuple[domains.Domain, ...]:
    """The domains whose users send, too: the exercised ones."""
    return tuple(domain for domain in plan.hosts(domains.OPENSMTPD) if domain.is_exercised)


def maildir(directory: Path, domain: domains.Domain) -> Path:
    """Where the mail of an exercised domain's user lies; ``directory`` is that of OpenSMTPD."""
    return directory / domain.label


def _inbox(domain: domains.Domain, name: str, directory: Path) -> str:
    addresses = (f"{mailbox}@{name}" for name in (domain.name, domain.host) for mailbox in MAILBOXES)
    mailboxes = ", ".join(f'"{address}" = "{domains.READER}"' for address in addresses)
    return f'action {name} maildir "{maildir(directory, domain)}" virtual {{ {mailboxes} }}'


def _configuration(issued: Mapping[str, Issued], directory: Path) -> str:
    certificates, listeners, matches, inboxes = [], [], [], []
    for domain in plan.hosts(domains.OPENSMTPD):
        assert domain.server is not None
        certificate = issued.get(domain.label)
        tls = ""
        if certificate and NO_TLS not in domain.server.settings:
            certificates += [
                f'pki "{domain.label}" cert "{certificate.chain_file}"',
                f'pki "{domain.label}" key "{certificate.private_key_in(directory)}"',
            ]
            tls = f'tls pki "{domain.label}" '
        listeners += [
            f'listen on {address} port 25 {tls}hostname "{domain.host}" tag "{domain.label}"'
            for address in plan.listeners(domain)
        ]
        action = "drop"
        if domain.is_exercised:
            action = f"inbox-{domain.label}"
            inboxes.append(_inbox(domain, action, directory))
            out = f"{domain.label}-out"
            listeners.append(f'listen on {plan.own_side(domain)} port {SUBMISSION} tag "{out}"')
            matches.append(f'match tag "{out}" from any for any action {out}')
            inboxes.append(f'action {out} relay helo "{domain.host}"')
        matches.append(
            f'match tag "{domain.label}" from any for domain {{ "{domain.name}", "{domain.host}" }} action {action}'
        )
        if RELAYS in domain.server.settings:
            matches.append(f'match tag "{domain.label}" from any for any action out')
    served = [name for domain in plan.hosts(domains.OPENSMTPD) for name in (domain.name, domain.host)]
    known = ", ".join(f'"{mailbox}@{name}" = "root"' for name in served for mailbox in MAILBOXES)
    actions = [*inboxes, f'action drop mda "/bin/cat >/dev/null" virtual {{ {known} }}', "action out relay"]
    # It would wait five seconds before it opens the next connection to a host. Without any wait it tries a host that
    # does not answer as fast as it can.
    limits = ["mta limit conn-delay-route 1", "queue ttl 5m"]
    return "\n".join([*limits, *certificates, *listeners, *actions, *matches]) + "\n"


def opensmtpd(daemons: Daemons, namespace: str, directory: Path, issued: Mapping[str, Issued]) -> None:
    """Start OpenSMTPD for all its domains. ``issued`` holds the certificates by label of the domain."""
    directory.mkdir()
    for domain in senders():
        maildir(directory, domain).mkdir()
        shutil.chown(maildir(directory, domain), domains.READER)
    config = directory / "smtpd.conf"
    config.write_text(_configuration(issued, directory))
    config.chmod(0o600)
    program = opensmtpd_program()
    helpers = program.parents[1] / "libexec" / "opensmtpd"
    hurry = f"setpriv --regid opensmtpq --clear-groups {shlex.quote(str(program.with_name('smtpctl')))} schedule all"
    script = "\n".join(
        [
            "set -e",
            # Every "ip netns exec" has mounts of its own, so nothing of this is seen outside.
            *(f"mount -t tmpfs tmpfs {path}" for path in ("/run", "/var/spool", "/var/lib", "/usr/libexec")),
            f"mkdir -p {CHROOT} /var/spool/smtpd /usr/libexec/opensmtpd",
            "chmod 711 /var/spool/smtpd",
            f"mount --bind {shlex.quote(str(helpers))} /usr/libexec/opensmtpd",
            # What was put off it would send again after 400 s. It is told to, for as long as it runs.
            f"(while sleep 2 && kill -0 $$; do {hurry}; done) &",
            f"exec {shlex.quote(str(program))} -d -f {shlex.quote(str(config))}",
        ]
    )
    daemons.start("opensmtpd", namespace, ["sh", "-c", script])
