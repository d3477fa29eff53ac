"""Mail servers and relays on this machine that speak TLS at once on a port of 127.0.0.1, each with settings of its own.

Each function here returns a command as ``TLSServer`` wants it: of the port, a directory to write into, certificates.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from mailproof.fixtures.authority import Issued
from tests.real.lab import exim as lab_exim
from tests.real.lab import requirements

HOST = "mx.example"

Command = Callable[[int, Path, Issued], list[str]]


def dovecot(*settings: str) -> Command:
    """IMAP. Each setting replaces the one of its name."""

    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        (directory / "state").mkdir()
        lines = {
            "base_dir": f"{directory}/run",
            "state_dir": f"{directory}/state",
            "log_path": "/dev/stderr",
            "protocols": "imap",
            "listen": "127.0.0.1",
            "ssl": "required",
            "ssl_cert": f"<{issued.chain_file}",
            "ssl_key": f"<{issued.key_file}",
            "ssl_min_protocol": "TLSv1.2",
            "ssl_cipher_list": "ECDHE+AESGCM:ECDHE+CHACHA20",
        }
        lines |= dict(setting.split(" = ", 1) for setting in settings)
        text = "".join(f"{name} = {value}\n" for name, value in lines.items())
        text += "passdb {\n  driver = static\n  args = nologin=yes\n}\nuserdb {\n  driver = static\n}\n"
        text += "service imap-login {\n  inet_listener imap {\n    port = 0\n  }\n"
        text += f"  inet_listener imaps {{\n    port = {port}\n    ssl = yes\n  }}\n}}\n"
        return _configured(directory / "dovecot.conf", text, requirements.program("dovecot"), "-F", "-c")

    return command


def cyrus(*settings: str) -> Command:
    """IMAP, as Debian packages it but for ``settings``."""

    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        settled = directory / "imapd.conf"
        for name in ("config/socket", "config/proc", "spool", "sieve"):
            (directory / name).mkdir(parents=True)
        chain, key = _copied(issued, directory)
        for path in (directory, *directory.rglob("*")):
            shutil.chown(path, "nobody", "nogroup")
        lines = [
            f"configdirectory: {directory}/config",
            f"partition-default: {directory}/spool",
            "defaultpartition: default",
            "cyrus_user: nobody",
            f"servername: {HOST}",
            "sasl_pwcheck_method: saslauthd",
            f"tls_server_cert: {chain}",
            f"tls_server_key: {key}",
            *settings,
        ]
        settled.write_text("\n".join(lines) + "\n")
        imapd = requirements.cyrus_program("imapd")
        text = f'SERVICES {{\n  imaps cmd="{imapd} -s -C {settled}" listen="127.0.0.1:{port}"\n}}\n'
        environment = [f"{name}={value}" for name, value in requirements.cyrus_environment().items()]
        master = (str(requirements.cyrus_program("master")), "-D", "-C", str(settled), "-p", f"{directory}/pid", "-M")
        return _configured(directory / "cyrus.conf", text, "env", *environment, *master)

    return command


def stunnel(*settings: str) -> Command:
    """TLS in front of a program that says what it is told."""

    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        lines = [
            *("foreground = yes", "pid =", "debug = err", "[echo]", f"accept = 127.0.0.1:{port}", "exec = /bin/cat"),
            *(f"cert = {issued.chain_file}", f"key = {issued.key_file}", *settings),
        ]
        return _configured(directory / "stunnel.conf", "\n".join(lines) + "\n", requirements.program("stunnel4"))

    return command


def haproxy(*options: str) -> Command:
    """HTTP, which is refused."""

    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        both = directory / "both.pem"
        both.write_bytes(issued.chain_file.read_bytes() + issued.key_file.read_bytes())
        text = "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
        text += f"frontend tls\n  bind 127.0.0.1:{port} ssl crt {both} {' '.join(options)}\n"
        text += "  http-request deny\n"
        return _configured(directory / "haproxy.cfg", text, requirements.program("haproxy"), "-db", "-q", "-f")

    return command


def postfix(*settings: str) -> Command:
    """SMTP, as Postfix is by default but for ``settings``."""

    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        for name in ("active", "incoming", "private", "public", "pid", "maildrop", "data"):
            (directory / name).mkdir()
            shutil.chown(directory / name, "postfix", "postdrop")
        both = directory / "both.pem"
        both.write_bytes(issued.key_file.read_bytes() + issued.chain_file.read_bytes())
        lines = [
            *("compatibility_level = 3.6", f"queue_directory = {directory}", f"data_directory = {directory}/data"),
            *("inet_interfaces = 127.0.0.1", "inet_protocols = ipv4", f"myhostname = {HOST}", "mail_owner = postfix"),
            *(f"daemon_directory = {requirements.POSTFIX_MASTER.parent}", "maillog_file = /dev/stdout"),
            *(f"smtpd_tls_chain_files = {both}", "smtpd_tls_wrappermode = yes", "smtpd_tls_security_level = encrypt"),
            *("smtpd_client_connection_count_limit = 0", *settings),
        ]
        (directory / "main.cf").write_text("\n".join(lines) + "\n")
        services = f"127.0.0.1:{port} inet n - n - - smtpd\ntlsmgr unix - - n 1000? 1 tlsmgr\n"
        services += (
            "proxymap unix - - n - - proxymap\nanvil unix - - n - 1 anvil\nrewrite unix - - n - - trivial-rewrite\n"
        )
        services += "postlog unix-dgram n - n - 1 postlogd\n"
        (directory / "master.cf").write_text(services)
        return ["env", f"MAIL_CONFIG={directory}", str(requirements.POSTFIX_MASTER), "-d", "-c", str(directory)]

    return command


def exim(priority: str) -> Command:
    """SMTP over GnuTLS. Its user is made known to it alone."""

    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        known = []
        for file, line in zip(("passwd", "group"), lab_exim.passwd_lines(), strict=True):
            copy = directory / file
            copy.write_text(Path("/etc", file).read_text() + line)
            known.append(f"mount --bind {copy} /etc/{file}")
        spool = directory / "spool"
        spool.mkdir()
        chain, key = _copied(issued, directory)
        for path in (directory, spool, chain, key):
            os.chown(path, lab_exim.SPARE_ID, lab_exim.SPARE_ID)
        lines = [
            *(f"primary_hostname = {HOST}", f"exim_path = {requirements.exim()}", f"spool_directory = {spool}"),
            *(f"log_file_path = {directory}/%slog", f"pid_file_path = {directory}/pid", "smtp_accept_max = 0"),
            *(f"local_interfaces = 127.0.0.1.{port}", f"daemon_smtp_ports = {port}", f"tls_on_connect_ports = {port}"),
            *("tls_advertise_hosts = *", f"tls_require_ciphers = {priority}", "keep_environment ="),
            *(f"tls_certificate = {chain}", f"tls_privatekey = {key}", "rfc1413_query_timeout = 0s"),
        ]
        config = directory / "exim.conf"
        config.write_text("\n".join(lines) + "\n")
        config.chmod(0o644)
        script = " && ".join([*known, f"exec {requirements.exim()} -bdf -C {config}"])
        return ["unshare", "--mount", "sh", "-c", script]

    return command


def chasquid() -> Command:
    """SMTP over Go's TLS."""

    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        certificates = directory / "certs" / HOST
        for path in (certificates, directory / "domains" / HOST, directory / "data"):
            path.mkdir(parents=True)
        (certificates / "fullchain.pem").write_bytes(issued.chain_file.read_bytes())
        (certificates / "privkey.pem").write_bytes(issued.key_file.read_bytes())
        text = f'hostname: "{HOST}"\nsubmission_over_tls_address: "127.0.0.1:{port}"\ndata_dir: "{directory}/data"\n'
        text += f'mail_log_path: "{directory}/mail.log"\nmail_delivery_agent_bin: "/bin/true"\n'
        (directory / "chasquid.conf").write_text(text)
        return [str(requirements.chasquid()), f"-config_dir={directory}"]

    return command


def old_openssl(versions: str, ciphers: str) -> Command:
    """SMTP over OpenSSL 1.0.2, with Diffie-Hellman over 512 bits."""

    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        return [
            *(sys.executable, "-m", "mailproof.fixtures.old_tls", "--address=127.0.0.1", f"--port={port}"),
            *(f"--host={HOST}", f"--versions={versions}", f"--ciphers={ciphers}"),
            *(f"--key={issued.key_file}", f"--chain={issued.chain_file}"),
        ]

    return command


def _copied(issued: Issued, directory: Path) -> tuple[Path, Path]:
    """Copies of the chain and the key, for a server that reads them as another user."""
    chain, key = directory / "chain.pem", directory / "key.pem"
    chain.write_bytes(issued.chain_file.read_bytes())
    key.write_bytes(issued.key_file.read_bytes())
    return chain, key


def _configured(file: Path, text: str, *words: str) -> list[str]:
    """The command that ends with the configuration file."""
    file.write_text(text)
    return [*words, str(file)]
