"""`mailproof capture` copies the files of programs that do not tell their configuration, with what these include.

What is judged of them is the same as of the same files in a repository. Real programs:
tests/real.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailproof.captures import COPIES, LEADS_NOWHERE, Capture, CapturedOutput, read_capture, write_capture
from mailproof.capturing import MAX_FILES, Said, chosen, take
from mailproof.documents import UnreadableDocument
from tests.offline.user import pytest_run, write_inventory

NGINX = """http {
    include /etc/nginx/conf.d/*.conf;
    server { listen 443 ssl; ssl_protocols TLSv1 TLSv1.2; include snippets/tls.conf; }
}
"""
HOSTS: dict[str, tuple[str, dict[str, str]]] = {
    "nginx.example.org": (
        "nginx",
        {
            "/etc/nginx/nginx.conf": NGINX,
            "/etc/nginx/conf.d/old.conf": "server {\n    listen 443 ssl;\n    ssl_protocols SSLv3;\n}\n",
            "/etc/nginx/snippets/tls.conf": "ssl_certificate_key /etc/ssl/private/a.key;\n",
            "/etc/nginx/sites-available/unused": "server { listen 444 ssl; ssl_protocols SSLv2; }\n",
        },
    ),
    "apache.example.org": (
        "apache",
        {
            "/etc/apache2/apache2.conf": "IncludeOptional mods-enabled/*.conf\nIncludeOptional sites-enabled/*.conf\n",
            "/etc/apache2/mods-enabled/ssl.conf": "SSLProtocol all -SSLv3\n",
            "/etc/apache2/sites-enabled/a.conf": "<VirtualHost *:443>\nSSLEngine on\n</VirtualHost>\n",
        },
    ),
    "haproxy.example.org": (
        "haproxy",
        {
            "/etc/haproxy/haproxy.cfg": "global\n  ssl-default-bind-options ssl-min-ver TLSv1.0\nlisten smtp\n"
            "  bind :25 ssl crt /etc/ssl/a.pem\n  stats auth admin:hunter-stats\n  server a 192.0.2.1:25\n"
        },
    ),
    "keepalived.example.org": (
        "keepalived",
        {
            "/etc/keepalived/keepalived.conf": "include conf.d/*.conf\nvrrp_instance a {\n  virtual_router_id 7\n"
            "  authentication {\n    auth_type PASS\n    auth_pass hunter-vrrp\n  }\n}\n",
            "/etc/keepalived/conf.d/mail.conf": "virtual_server 192.0.2.9 25 {\n  real_server 192.0.2.1 25 {\n  }\n}\n",
        },
    ),
    "squid.example.org": (
        "squid",
        {
            "/etc/squid/squid.conf": "http_port 3128\ncachemgr_passwd hunter-manager all\n"
            "include /etc/squid/conf.d/*\n",
            "/etc/squid/conf.d/all.conf": "http_access allow all\n",
        },
    ),
    "nut.example.org": (
        "nut",
        {
            "/etc/nut/ups.conf": "[ups]\n  driver = dummy-ups\n  offdelay = 60\n  ondelay = 30\n",
            "/etc/nut/upsmon.conf": "MONITOR ups@localhost 1 monitor hunter-monitor master\nMINSUPPLIES 2\n",
        },
    ),
    "fail2ban.example.org": (
        "fail2ban",
        {
            "/etc/fail2ban/jail.conf": "[DEFAULT]\nbantime = 10m\n[postfix]\n",
            "/etc/fail2ban/jail.local": "[postfix]\nenabled = true\nbantime = -1\n",
        },
    ),
    "unbound.example.org": (
        "unbound",
        {
            "/etc/unbound/unbound.conf": 'include-toplevel: "/etc/unbound/unbound.conf.d/*.conf"\n',
            "/etc/unbound/unbound.conf.d/open.conf": "server:\n  interface: 0.0.0.0\n"
            "  access-control: 0.0.0.0/0 allow\n  log-queries: yes\n",
        },
    ),
    "netplan.example.org": (
        "netplan",
        {
            "/etc/netplan/a.yaml": "network:\n  wifis:\n    w0:\n      addresses: [2001:db8::25/64]\n"
            "      access-points: {a: {password: hunter-wifi}}\n"
        },
    ),
    "networkmanager.example.org": (
        "networkmanager",
        {
            "/etc/NetworkManager/system-connections/wan.nmconnection": "[connection]\ninterface-name=w0\n"
            "[wifi-security]\npsk=hunter-psk\n[ipv6]\nmethod=manual\naddress1=2001:db8::25/64,fe80::1\n"
        },
    ),
    "networkd.example.org": (
        "networkd",
        {
            "/etc/systemd/network/a.network": "[Match]\nName=eth0\n",
            "/etc/systemd/network/a.network.d/b.conf": "[Network]\nAddress=2001:db8::25/64\n",
        },
    ),
    "ifupdown.example.org": (
        "ifupdown",
        {
            "/etc/network/interfaces": "source /etc/network/interfaces.d/*\n",
            "/etc/network/interfaces.d/eth0": "iface eth0 inet6 static\n  address 2001:db8::25/64\n",
        },
    ),
    "knot.example.org": ("knot", {"/etc/knot/knot.conf": "zone:\n  - domain: example.org\n    acl: everybody\n"}),
}
UNUSED = ("/etc/nginx/sites-available/unused",)
MORE = ("IPV6-PLAN", "NUT-CONFIG", "F2B-TEMPORARY", "RESOLVER-QUERYLOG")
FOUND = {
    ("CFG-NAMED", "knot@knot.example.org"): ("advice", ""),
    ("CFG-NAMED", "unbound@unbound.example.org"): ("fail", "unbound/unbound.conf.d/open.conf:3"),
    ("CFG-PROXY", "squid@squid.example.org"): ("fail", "squid/conf.d/all.conf:1"),
    ("CFG-TLS-FLOOR", "apache@apache.example.org"): ("fail", "apache2/mods-enabled/ssl.conf:1"),
    ("CFG-TLS-FLOOR", "haproxy@haproxy.example.org"): ("fail", "haproxy/haproxy.cfg:2"),
    ("CFG-TLS-FLOOR", "nginx@nginx.example.org"): ("fail", "nginx/nginx.conf:3"),
    ("F2B-TEMPORARY", "fail2ban@fail2ban.example.org"): ("advice", "fail2ban/jail.local:3"),
    ("IPV6-PLAN", "ifupdown@ifupdown.example.org"): ("fail", "network/interfaces.d/eth0:2"),
    ("IPV6-PLAN", "netplan@netplan.example.org"): ("fail", "netplan/a.yaml:4"),
    ("IPV6-PLAN", "networkd@networkd.example.org"): ("fail", "systemd/network/a.network.d/b.conf:2"),
    ("IPV6-PLAN", "networkmanager@networkmanager.example.org"): (
        "fail",
        "NetworkManager/system-connections/wan.nmconnection:7",
    ),
    ("NUT-CONFIG", "nut@nut.example.org"): ("advice", "nut/upsmon.conf:2"),
    ("RESOLVER-QUERYLOG", "unbound@unbound.example.org"): ("advice", "unbound/unbound.conf.d/open.conf:4"),
}
SECRETS = ("hunter-wifi", "hunter-psk", "hunter-stats", "hunter-vrrp", "hunter-manager", "hunter-monitor")


@dataclass
class OtherRoot:
    """This machine with an ``/etc`` of its own: real commands, and paths that are put in and taken out."""

    root: Path
    program: str

    def exists(self, command: str) -> bool:
        return command == (chosen([self.program])[0].shown_by or self.program)

    def run(self, command: str) -> Said:
        there = command.replace(" /etc/", f" {self.root}/etc/").replace("d=/etc/", f"d={self.root}/etc/")
        done = subprocess.run(["sh", "-c", there], capture_output=True, text=True, errors="replace", check=False)
        return Said(done.returncode, done.stdout.replace(str(self.root).encode().hex(), ""), done.stderr)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of all hosts, and captures of them."""
    made = tmp_path_factory.mktemp("hosts")
    for host, (program, files) in HOSTS.items():
        for path, text in files.items():
            file = made / "repository" / host / path.removeprefix("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        reached = OtherRoot(made / "repository" / host, program)
        take(host, reached, chosen([program]), made / "captured" / host, lambda line: None)
    return made


def judged(directory: Path, inventory: str) -> dict[tuple[str, str], tuple[str, str]]:
    """Verdicts, and where the findings are, below the host."""
    write_inventory(directory, inventory)
    run = pytest_run(directory, "--inventory", "prod.yaml", "--control=CFG-*", *(f"--control={name}" for name in MORE))
    return {
        (r["control"], r["target"]): (r["verdict"], f"{r['at']['file'].partition('/etc/')[2]}:{r['at']['line']}")
        if r.get("at")
        else (r["verdict"], "")
        for r in run.document("prod")["results"]
    }


def test_copies_are_judged_as_the_same_files_in_a_repository(directory: Path) -> None:
    copied = judged(directory, f"captures: [{', '.join(f'captured/{host}' for host in HOSTS)}]\n")
    entries = [
        f"  - {{host: {host}, program: {program}, file: repository/{host}{path}}}\n"
        for host, (program, files) in HOSTS.items()
        for path in files
        if path not in UNUSED
    ]
    assert copied == judged(directory, f"configurations:\n{''.join(entries)}")
    found = {key: seen for key, seen in copied.items() if seen[0] in ("fail", "advice", "inconclusive")}
    assert found == FOUND


def test_nothing_secret_is_in_any_copy(directory: Path) -> None:
    for host, (_, files) in HOSTS.items():
        below = directory / "captured" / host / COPIES
        copies = {f"/{file.relative_to(below)}": file.read_text() for file in below.rglob("*") if file.is_file()}
        assert set(copies) == set(files).difference(UNUSED)
        assert not [path for path, text in copies.items() if any(secret in text for secret in SECRETS)]


def test_what_a_user_may_not_read_is_told_once(tmp_path: Path) -> None:
    write_capture(
        tmp_path / "made",
        Capture(
            "nut.example.org",
            "2026-01-01T00:00:00Z",
            (
                CapturedOutput("nut", "cat /etc/nut/ups.conf", "files/etc/nut/ups.conf", 0),
                CapturedOutput("nut", "cat /etc/nut/upsmon.conf", "files/etc/nut/upsmon.conf", 1),
            ),
        ),
        {
            "files/etc/nut/ups.conf": "[ups]\ndriver = dummy-ups\n",
            "files/etc/nut/upsmon.conf": "head: cannot open '/etc/nut/upsmon.conf': Permission denied\n",
        },
    )
    verdicts = judged(tmp_path, "captures: [made]\n")
    unknown = {key for key, seen in verdicts.items() if seen[0] == "inconclusive"}
    assert unknown == {("CFG-LOADS", "nut@nut.example.org")}


@pytest.mark.parametrize("named", ["$(touch gone)", "/etc/squid/`touch gone`", "-delete", "'a b'", "/etc/x;touch gone"])
def test_what_a_file_includes_is_no_command(tmp_path: Path, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "root" / "etc" / "squid" / "squid.conf"
    file.parent.mkdir(parents=True)
    file.write_text(f"include {named}\n")
    take("x.example", OtherRoot(tmp_path / "root", "squid"), chosen(["squid"]), tmp_path / "made", lambda line: None)
    assert not list(tmp_path.rglob("gone"))
    assert file.exists()


def test_files_that_include_each_other_are_copied_once(tmp_path: Path) -> None:
    directory = tmp_path / "root" / "etc" / "squid"
    directory.mkdir(parents=True)
    (directory / "squid.conf").write_text("include /etc/squid/more.conf\n")
    (directory / "more.conf").write_text("include /etc/squid/squid.conf\n")
    host = OtherRoot(tmp_path / "root", "squid")
    capture = take("x.example", host, chosen(["squid"]), tmp_path / "made", lambda line: None)
    assert [one.file for one in capture.outputs] == ["files/etc/squid/squid.conf", "files/etc/squid/more.conf"]


def copied(tmp_path: Path, program: str, files: dict[str, bytes]) -> dict[str, int]:
    """The status of each copy, by its path on the host."""
    for path, octets in files.items():
        file = tmp_path / "root" / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(octets)
    host = OtherRoot(tmp_path / "root", program)
    capture = take("x.example", host, chosen([program]), tmp_path / "made", lambda line: None)
    assert all((tmp_path / "made" / output.file).is_file() for output in capture.outputs)
    return {output.file.removeprefix(COPIES): output.status for output in capture.outputs}


def test_what_is_there_and_cannot_be_copied_is_never_taken_for_nothing(tmp_path: Path) -> None:
    sites = tmp_path / "root" / "etc" / "nginx" / "sites"
    sites.mkdir(parents=True)
    (sites / "elsewhere.conf").symlink_to("/nonexistent/private/a.conf")
    found = copied(
        tmp_path,
        "nginx",
        {
            "/etc/nginx/nginx.conf": b"http { include sites/*.conf; include none/*.conf; include a\tb.conf; }\n",
            "/etc/nginx/sites/a\tb.conf": b"server { }\n",
            "/etc/nginx/sites/c.conf\nd.conf": b"server { }\n",
            f"/etc/nginx/sites/{'e' * 240}.conf": b"server { }\n",
        },
    )
    assert found.pop("/etc/nginx/nginx.conf") == 0
    assert found.pop("/etc/nginx/none/*.conf") == 0, "there is certainly no such file"
    assert found.pop("/etc/nginx/sites/elsewhere.conf") == LEADS_NOWHERE
    assert len(found) == 3
    assert set(found.values()) == {1}


def test_a_directory_of_links_that_lead_nowhere_holds_nothing(tmp_path: Path) -> None:
    sites = tmp_path / "root" / "etc" / "apache2" / "sites"
    sites.mkdir(parents=True)
    (sites / "gone.conf").symlink_to("/nonexistent/a.conf")
    found = copied(tmp_path, "apache", {"/etc/apache2/apache2.conf": b"IncludeOptional sites/*.conf\n"})
    gone, nothing = "/etc/apache2/sites/gone.conf", "/etc/apache2/sites/*.conf"
    assert found == {"/etc/apache2/apache2.conf": 0, gone: LEADS_NOWHERE, nothing: 0}


def test_more_files_than_are_taken_are_told_in_the_capture(tmp_path: Path) -> None:
    many = {f"/etc/nginx/sites/{number:03}.conf": b"server { }\n" for number in range(MAX_FILES + 1)}
    found = copied(tmp_path, "nginx", {"/etc/nginx/nginx.conf": b"http { include sites/*.conf; }\n", **many})
    assert list(found.values()).count(1) == 1


def test_includes_are_read_as_the_programs_read_them(tmp_path: Path) -> None:
    nginx = b"http { # was; include old.conf;\nlog_format x 'a; include old.conf;'; include 'my sites/*.conf'; }\n"
    own = {"/etc/nginx/nginx.conf": nginx, "/etc/nginx/my sites/a b.conf": b"\xe4", "/etc/nginx/old.conf": b"x"}
    assert copied(tmp_path, "nginx", own) == {"/etc/nginx/nginx.conf": 0, "/etc/nginx/my sites/a b.conf": 0}
    two = {"/etc/squid/squid.conf": b"include /etc/squid/a /etc/squid/b\n", "/etc/squid/a": b"", "/etc/squid/b": b""}
    assert set(copied(tmp_path, "squid", two)) == set(two)
    apache = {"/etc/apache2/apache2.conf": b'IncludeOptional "my sites/*.conf"\n', "/etc/apache2/my sites/a.conf": b""}
    assert set(copied(tmp_path, "apache", apache)) == set(apache)
    unbound = {"/etc/unbound/unbound.conf": b'server: include: "/etc/unbound/a"\n', "/etc/unbound/a": b""}
    assert set(copied(tmp_path, "unbound", unbound)) >= set(unbound)
    recursor = {
        "/etc/powerdns/recursor.yml": b"recursor:\n  include_dir: /etc/powerdns/recursor.d\n",
        "/etc/powerdns/recursor.d/a.yml": b"",
    }
    assert set(copied(tmp_path, "recursor", recursor)) == set(recursor)


def test_a_directory_that_leads_nowhere_is_not_empty(tmp_path: Path) -> None:
    sites = tmp_path / "root" / "etc" / "nginx" / "sites"
    sites.parent.mkdir(parents=True)
    sites.symlink_to("/nonexistent/private")
    found = copied(tmp_path, "nginx", {"/etc/nginx/nginx.conf": b"http { include sites/*.conf; }\n"})
    assert found == {"/etc/nginx/nginx.conf": 0}


def test_a_file_of_a_capture_that_leads_out_of_it_is_refused(tmp_path: Path) -> None:
    copied(tmp_path, "squid", {"/etc/squid/squid.conf": b"http_port 3128\n"})
    file = tmp_path / "made" / "files" / "etc" / "squid" / "squid.conf"
    file.unlink()
    file.symlink_to("/etc/passwd")
    with pytest.raises(UnreadableDocument, match="a link to what is not beside it"):
        read_capture(tmp_path / "made")
