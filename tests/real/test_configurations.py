"""Configurations of programs, right and wrong: each program accepts both by its own check, and mailproof tells them
apart."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.offline.user import pytest_run, write_inventory

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
SECRET = "HUNTER2planted"
"""Stands in every file, where its program has passwords or keys, and must stand in nothing that a run writes."""


@dataclass(frozen=True)
class Example:
    """A right configuration, with ``here`` and ``key`` put in, and what makes it wrong. ``check`` is the program's own
    check of the file ``{file}``; ``settled`` is what it says where it is content."""

    program: str
    control: str
    right: str
    fault: tuple[str, str]
    check: str
    verdict: str = "fail"
    """Of the wrong one."""

    @property
    def wrong(self) -> str:
        assert self.fault[0] in self.right
        return self.right.replace(*self.fault)


NGINX = """pid {here}/nginx.pid;
error_log {here}/error.log;
events {{ worker_connections 16; }}
http {{
  access_log off;
  client_body_temp_path {here}/a; proxy_temp_path {here}/b; fastcgi_temp_path {here}/c;
  uwsgi_temp_path {here}/d; scgi_temp_path {here}/e;
  server {{
    listen 127.0.0.1:8443 ssl;
    ssl_certificate {here}/pem; ssl_certificate_key {here}/pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    location /x {{ proxy_set_header Authorization "Basic HUNTER2planted"; proxy_pass http://127.0.0.1:1; }}
  }}
}}
"""
APACHE = """ServerRoot {here}
PidFile {here}/apache.pid
ErrorLog {here}/error.log
ServerName mx.example.org
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
Listen 127.0.0.1:8443
<VirtualHost 127.0.0.1:8443>
    SSLEngine on
    SSLCertificateFile {here}/pem
    sslprotocol -all +TLSv1.2 +TLSv1.3
    RequestHeader set Authorization "Basic HUNTER2planted"
</VirtualHost>
"""
HAPROXY = """global
    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
defaults
    mode tcp
    timeout connect 5s
    timeout client 5s
    timeout server 5s
userlist ours
    user admin insecure-password HUNTER2planted
frontend smtps
    bind 127.0.0.1:8465 ssl crt {here}/pem
    default_backend mail
backend mail
    server one 127.0.0.1:25
"""
SQUID = """visible_hostname gw.example.org
pid_filename {here}/squid.pid
http_port 3128
cachemgr_passwd HUNTER2planted all
acl localnet src 10.0.0.0/8
acl SSL_ports port 443
http_access deny CONNECT !SSL_ports
http_access allow localnet
http_access deny all
"""
TINYPROXY = """Port 8888
Timeout 600
PidFile "{here}/tinyproxy.pid"
Allow 127.0.0.1
Allow 10.0.0.0/8
BasicAuth user HUNTER2planted
ConnectPort 443
"""

EXAMPLES = (
    Example("nginx", "CFG-TLS-FLOOR", NGINX, ("TLSv1.2 TLSv1.3", "TLSv1 TLSv1.2"), "nginx -t -c {file}"),
    Example("apache", "CFG-TLS-FLOOR", APACHE, ("-all +TLSv1.2", "all -TLSv1.1"), "apache2 -t -f {file}"),
    Example("haproxy", "CFG-TLS-FLOOR", HAPROXY, ("ssl crt", "ssl ssl-min-ver TLSv1.0 crt"), "haproxy -c -f {file}"),
    Example(
        "squid",
        "CFG-PROXY",
        SQUID,
        ("!SSL_ports\nhttp_access allow localnet", "!SSL_ports\nhttp_access allow all"),
        "squid -k parse -f {file}",
    ),
    Example("tinyproxy", "CFG-PROXY", TINYPROXY, ("ConnectPort 443", ""), ""),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of all configurations, and of the key and certificate that they name."""
    here = tmp_path_factory.mktemp("configurations")
    made = (
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x -out {here / 'crt'}"
    )
    subprocess.run([*made.split(), "-keyout", str(here / "key")], check=True, capture_output=True)
    (here / "pem").write_text((here / "crt").read_text() + (here / "key").read_text())
    for example in EXAMPLES:
        for kind, text in (("right", example.right), ("wrong", example.wrong)):
            (here / f"{kind}-{example.program}.conf").write_text(text.format(here=here))
    return here


@pytest.mark.parametrize("kind", ["right", "wrong"])
@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.check], ids=lambda one: one.program)
def test_the_program_accepts_its_configuration(example: Example, kind: str, files: Path) -> None:
    command = example.check.format(file=files / f"{kind}-{example.program}.conf").split()
    if not shutil.which(command[0], path=PATH):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        command, env={**os.environ, "PATH": PATH}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def judged(files: Path) -> Path:
    entries = "".join(
        f"  - {{host: {kind}.example.org, program: {one.program}, file: {kind}-{one.program}.conf}}\n"
        for one in EXAMPLES
        for kind in ("right", "wrong")
    )
    write_inventory(files, f"domains: [no-spf.example]\nconfigurations:\n{entries}")
    return files


def test_right_and_wrong_are_told_apart(judged: Path) -> None:
    run = pytest_run(
        judged, "--inventory", "prod.yaml", "--control=CFG-*", "--control=EGRESS", "--sarif", "found.sarif"
    )
    found = {key: verdict for key, verdict in run.verdicts("prod").items() if verdict != "not applicable"}
    expected = {}
    for one in EXAMPLES:
        expected[one.control, f"{one.program}@right.example.org"] = "pass"
        expected[one.control, f"{one.program}@wrong.example.org"] = one.verdict
    assert found == expected, run.output
    written = [file for file in (judged / "reports").rglob("*") if file.is_file()]
    assert written
    assert not [file.name for file in (*written, judged / "found.sarif") if SECRET.encode() in file.read_bytes()]
    sarif = (judged / "found.sarif").read_text()
    assert all(f"wrong-{one.program}.conf" in sarif for one in EXAMPLES if one.verdict == "fail")
