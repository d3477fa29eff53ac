"""Sendmail: one daemon for each domain, its sendmail.cf made by m4 as its own makefile would."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.real import domains
from tests.real.domains import Domain
from tests.real.lab import plan
from tests.real.lab.ca import Issued
from tests.real.lab.namespaces import LabError
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program, sendmail_files, sendmail_help
from tests.real.lab.requirements import sendmail as sendmail_program
from tests.real.shown import Chain

MAILBOXES = ("postmaster", "abuse", "hostmaster", "user", "dmarc", "tlsrpt")
M4_SECONDS = 10.0
DEVICES = ("null", "zero", "random", "urandom")
RIGHT_OPTIONS = "+SSL_OP_NO_SSLv3 +SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_1 +SSL_OP_CIPHER_SERVER_PREFERENCE"
RIGHT_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


_DEFINITION = re.compile(r"define\((\w+), (.*)\)")


def macros(domain: Domain, directory: Path, issued: Issued | None) -> str:
    """The .mc file of one domain's daemon. Its own settings are written as there, without m4's quotes."""
    server = domain.server
    assert server is not None
    defined = {
        # Of a busy machine it takes no connections, and only queues, where the load is above some number.
        **dict.fromkeys(("confREFUSE_LA", "confQUEUE_LA", "confDELAY_LA"), "10000"),
        "confDOMAIN_NAME": domain.host,
        "confPRIVACY_FLAGS": "authwarnings,novrfy,noexpn,noetrn,nobodyreturn",
        # Whatever gets in stays in a queue that nobody runs.
        "confDELIVERY_MODE": "queueonly",
        "confSMTP_LOGIN_MSG": "$j",
        "confTO_IDENT": "0",
        "confDONT_BLAME_SENDMAIL": "TrustStickyBit",
        "confCIPHER_LIST": RIGHT_CIPHERS,
        "confSERVER_SSL_OPTIONS": RIGHT_OPTIONS,
        "HELP_FILE": str(sendmail_help()),
        "ALIAS_FILE": f"{directory}/aliases",
        "QUEUE_DIR": f"{directory}/queue",
        "confPID_FILE": f"{directory}/pid",
        "STATUS_FILE": f"{directory}/statistics",
    }
    if issued and server.chain is not Chain.NONE:
        key = issued.private_key_in(directory)
        defined |= {"confSERVER_CERT": str(issued.chain_file), "confSERVER_KEY": str(key)}
        # Without these it offers no STARTTLS: it asks clients for certificates.
        defined |= {"confCACERT": str(issued.chain_file), "confCACERT_PATH": str(directory)}
    lines = [
        f"LOCAL_DOMAIN({domain.name})",
        "FEATURE(nocanonify)",
        # As Debian's configuration, but not a whole second: a TLS scan makes many connections.
        "FEATURE(greet_pause, 400)",
        "FEATURE(no_default_msa)",
    ]
    # M=A: no AUTH. Cyrus SASL is there, so it would be offered.
    lines += [f"DAEMON_OPTIONS(`Family=inet, Addr={address}, Port=25, M=A')" for address in plan.listeners(domain)]
    for setting in server.settings:
        if found := _DEFINITION.fullmatch(setting):
            defined[found[1]] = found[2]
        elif not setting.startswith("no "):
            lines.append(setting)
    definitions = [f"define(`{name}', `{value}')" for name, value in defined.items()]
    return "\n".join(["OSTYPE(linux)", *definitions, *lines, "MAILER(local)", "MAILER(smtp)"]) + "\n"


def _made(file: Path) -> str:
    """The sendmail.cf that m4 makes of a .mc file. Raises LabError."""
    files = f"{sendmail_files()}/"
    done = subprocess.run(
        [program("m4"), f"-D_CF_DIR_={files}", f"{files}m4/cf.m4", str(file)],
        capture_output=True,
        text=True,
        timeout=M4_SECONDS,
        check=False,
    )
    if done.returncode:
        raise LabError(f"m4 {file}: {done.stderr.strip()}")
    return done.stdout


def sendmail(daemons: Daemons, namespace: str, directory: Path, issued: Mapping[str, Issued]) -> None:
    """Start one Sendmail for each of its domains. ``issued`` holds the certificates by label of the domain."""
    places = [f"{domain.host}={directory / domain.label}" for domain in plan.hosts(domains.SENDMAIL)]
    for domain in plan.hosts(domains.SENDMAIL):
        own = directory / domain.label
        (own / "queue").mkdir(parents=True, mode=0o700)
        (own / "dev").mkdir()
        (own / "aliases").write_text("".join(f"{name}: /dev/null\n" for name in MAILBOXES))
        (own / "hosts").write_text(f"127.0.0.1 localhost\n{plan.address(domain)} {domain.host}\n")
        source, config = own / "sendmail.mc", own / "sendmail.cf"
        source.write_text(macros(domain, own, issued.get(domain.label)))
        config.write_text(_made(source))
        command = f"{shlex.quote(str(sendmail_program()))} -C {shlex.quote(str(config))}"
        own_dev = shlex.quote(str(own / "dev"))
        script = "\n".join(
            [
                "set -e",
                # A machine whose name has no dots is waited for: a whole minute.
                f"hostname {domain.host}",
                f"mount --bind {shlex.quote(str(own / 'hosts'))} /etc/hosts",
                f"{command} -bi",
                *(f"touch {own_dev}/{name} && mount --bind /dev/{name} {own_dev}/{name}" for name in DEVICES),
                # It logs to /dev/log alone.
                f"mount --bind {own_dev} /dev",
                f"exec {command} -L sm-mta -bD",
            ]
        )
        daemons.start(f"sendmail-{domain.label}", namespace, ["unshare", "--uts", "sh", "-c", script])
    daemon = Path(__file__).with_name("syslog_daemon.py")
    daemons.start("syslog", namespace, [sys.executable, "-P", str(daemon), *places])
