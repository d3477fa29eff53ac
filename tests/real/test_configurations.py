"""Configurations of programs, right and wrong: each program accepts both by its own check, and mailproof tells them
apart."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailproof.capturing import chosen, take
from tests.offline.test_captured_files import OtherRoot
from tests.offline.user import pytest_run, write_inventory
from tests.real.lab.requirements import opensmtpd

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin:{opensmtpd().parent}"
SECRETS = ("HUNTER2planted", "SFVOVEVSMnBsYW50ZWQ")
"""What stands in the files as a password or a key, the second as keys of TSIG are written. No report may hold it."""


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
cache deny all
pid_filename {here}/squid.pid
http_port 3128
cachemgr_passwd HUNTER2planted all
acl localnet src 10.0.0.0/8
acl SSL_ports port 443
acl Safe_ports port 80 443
http_access deny !Safe_ports
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

UNBOUND = """server:
    interface: 127.0.0.2
    interface: 192.0.2.53
    username: ""
    chroot: ""
    directory: {here}
    pidfile: {here}/unbound.pid
    hide-version: yes
    module-config: "validator iterator"
    trust-anchor: ". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
    access-control: 192.0.2.0/24 allow
"""
NSD = """server:
    hide-version: yes
    username: root
    zonesdir: {here}
key:
    name: ours
    algorithm: hmac-sha256
    secret: "SFVOVEVSMnBsYW50ZWQ="
zone:
    name: example.org
    zonefile: zone
    provide-xfr: 192.0.2.2 ours
"""
KNOT = """server:
    rundir: {here}
    listen: 127.0.0.1@5399
    version: ""
database:
    storage: {here}
key:
  - id: ours
    algorithm: hmac-sha256
    secret: SFVOVEVSMnBsYW50ZWQ=
acl:
  - id: secondary
    address: [192.0.2.2, 192.0.2.3]
    key: ours
    action: transfer
mod-rrl:
  - id: default
    rate-limit: 200
template:
  - id: default
    storage: {here}
    global-module: mod-rrl/default
zone:
  - domain: example.org
    file: zone
    acl: secondary
"""
POWERDNS = """launch=
config-dir={here}
version-string=anonymous
api-key=HUNTER2planted
allow-axfr-ips=127.0.0.0/8,::1
"""
RECURSOR = """version-string=resolver
config-dir={here}
webserver-password=HUNTER2planted
local-address=192.0.2.53
allow-from=127.0.0.0/8,192.0.2.0/24
dnssec=validate
"""

SIEVE = """require ["copy"];
if header :contains "subject" "report" {
    redirect :copy "reports@sub.no-spf.example";
}
"""

SMTPD = """listen on lo
table users {{ "user" = "HUNTER2planted" }}
action "local" maildir
action "out" relay
match from any for domain "example.org" action "local"
match auth from any for any action "out"
"""

KEEPALIVED = """virtual_server 192.0.2.25 25 {{
    protocol TCP
    lvs_sched rr
    lvs_method NAT
    real_server 192.0.2.1 25 {{
        SMTP_CHECK {{
            connect_timeout 3
        }}
    }}
    real_server 192.0.2.2 25 {{
        TCP_CHECK {{
            connect_timeout 3
        }}
    }}
}}
"""

EXAMPLES = (
    Example(
        "keepalived",
        "CFG-HEALTH",
        KEEPALIVED,
        ("        TCP_CHECK {{\n            connect_timeout 3\n        }}\n", ""),
        "keepalived --config-test --use-file={file} --log-console",
        "advice",
    ),
    Example("opensmtpd", "CFG-RELAY", SMTPD, ("match auth from", "match from"), "smtpd -n -f {file}"),
    Example("sieve", "OUT-NO-AUTOFORWARD", SIEVE, ("sub.no-spf.example", "elsewhere.test"), "sievec {file}", "advice"),
    Example("unbound", "CFG-NAMED", UNBOUND, ("192.0.2.0/24", "0.0.0.0/0"), "unbound-checkconf {file}"),
    Example("nsd", "CFG-NAMED", NSD, ("192.0.2.2 ours", "0.0.0.0/0 NOKEY"), "nsd-checkconf {file}"),
    Example(
        "knot", "CFG-NAMED", KNOT, ("[192.0.2.2, 192.0.2.3]\n    key: ours", "0.0.0.0/0"), "knotc -c {file} conf-check"
    ),
    Example("powerdns", "CFG-NAMED", POWERDNS, ("127.0.0.0/8,::1", "0.0.0.0/0"), ""),
    Example("recursor", "CFG-NAMED", RECURSOR, ("192.0.2.0/24", "::/0"), ""),
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
    (here / "zone").write_text("example.org. 60 SOA a. b. 1 2 3 4 5\nexample.org. 60 NS a.\n")
    (here / "pem").write_text((here / "crt").read_text() + (here / "key").read_text())
    for example in EXAMPLES:
        for kind, text in (("right", example.right), ("wrong", example.wrong)):
            (here / f"{kind}-{example.program}.conf").write_text(
                text.replace("{here}", str(here)).replace("{{", "{").replace("}}", "}")
            )
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


COPIED = {
    "nginx": "etc/nginx/nginx.conf",
    "apache": "etc/apache2/apache2.conf",
    "haproxy": "etc/haproxy/haproxy.cfg",
    "keepalived": "etc/keepalived/keepalived.conf",
    "squid": "etc/squid/squid.conf",
    "tinyproxy": "etc/tinyproxy/tinyproxy.conf",
    "unbound": "etc/unbound/unbound.conf",
    "knot": "etc/knot/knot.conf",
    "powerdns": "etc/powerdns/pdns.conf",
    "recursor": "etc/powerdns/recursor.conf",
}
"""Files of programs that `mailproof capture` copies, as they lie on a host."""


def captured(files: Path, program: str, kind: str) -> str:
    """The directory of a capture of a host that has one of the configurations."""
    host = f"{kind}.captured.example"
    root = files / "hosts" / f"{kind}-{program}"
    file = root / COPIED[program]
    file.parent.mkdir(parents=True)
    file.write_text((files / f"{kind}-{program}.conf").read_text())
    made = f"captured/{kind}-{program}"
    take(host, OtherRoot(root, program), chosen([program]), files / made, lambda line: None)
    return made


@pytest.fixture(scope="module")
def judged(files: Path) -> Path:
    entries = "".join(
        f"  - {{host: {kind}.example.org, program: {one.program}, file: {kind}-{one.program}.conf}}\n"
        for one in EXAMPLES
        for kind in ("right", "wrong")
    )
    captures = [captured(files, program, kind) for program in COPIED for kind in ("right", "wrong")]
    write_inventory(files, f"domains: [no-spf.example]\ncaptures: [{', '.join(captures)}]\nconfigurations:\n{entries}")
    return files


def test_right_and_wrong_are_told_apart(judged: Path) -> None:
    run = pytest_run(
        judged, "--inventory", "prod.yaml", "--control=CFG-*", "--control=OUT-NO-*", "--sarif", "found.sarif"
    )
    compared = {one.control for one in EXAMPLES}
    found = {
        key: verdict
        for key, verdict in run.verdicts("prod").items()
        if verdict != "not applicable" and key[0] in compared
    }
    expected = {}
    for one in EXAMPLES:
        expected[one.control, f"{one.program}@right.example.org"] = "pass"
        expected[one.control, f"{one.program}@wrong.example.org"] = one.verdict
        if one.program in COPIED:  # nothing that is judged is hidden
            expected[one.control, f"{one.program}@right.captured.example"] = "pass"
            expected[one.control, f"{one.program}@wrong.captured.example"] = one.verdict
    assert found == expected, run.output
    written = [file for file in (judged / "reports").rglob("*") if file.is_file()]
    assert written
    written += [file for file in (judged / "captured").rglob("*") if file.is_file()]
    told = [file.read_bytes() for file in (*written, judged / "found.sarif")]
    assert not [text for text in told for secret in SECRETS if secret.encode() in text]
    sarif = (judged / "found.sarif").read_text()
    assert all(f"wrong-{one.program}.conf" in sarif for one in EXAMPLES if one.verdict == "fail")
