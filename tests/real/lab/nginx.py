"""nginx as policy host for MTA-STS (RFC 8461, section 3.3), as web sites, and as a registry: one address for all names,
certificates chosen by SNI."""

from __future__ import annotations

import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.marks import LOGO, mark_pem
from tests.real.client_settings import AUTO_STORE
from tests.real.domains import REGISTRY, Domain, Web
from tests.real.faults import right
from tests.real.lab import plan
from tests.real.lab.ca import Issued
from tests.real.lab.certificate_faults import LIST
from tests.real.lab.openpgp import SecurityText
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program
from tests.real.shown import PolicyHost

WELL_KNOWN = "/.well-known/mta-sts.txt"
LARGE = 70_000
"""Octets: more than the 64 KB that RFC 8461, section 3.3 has clients read."""


@dataclass(frozen=True)
class Site:
    """One name with its certificate, and what it answers for the policy's path."""

    name: str
    issued: Issued
    policy: str
    kind: PolicyHost = PolicyHost.RIGHT


def _answer(site: Site, documents: Path) -> str:
    """The nginx directives for the policy's path."""
    target = f"https://{plan.REDIRECT_TARGET}{WELL_KNOWN}"
    match site.kind:
        case PolicyHost.REDIRECT:
            return f"return 302 {target};"
        case PolicyHost.NOT_FOUND:
            return "return 404;"
    text = {
        PolicyHost.EMPTY: "",
        PolicyHost.TOO_LARGE: site.policy + "x" * LARGE,
    }.get(site.kind, site.policy)
    (documents / site.name).write_bytes(text.encode())
    kind = "text/html" if site.kind is PolicyHost.WRONG_TYPE else "text/plain"
    return f"types {{ }} default_type {kind}; alias {documents / site.name};"


def _server(site: Site, documents: Path) -> str:
    return f"""\
  server {{
    listen {plan.HTTPS}:443 ssl;
    server_name {site.name};
    ssl_certificate {site.issued.chain_file};
    ssl_certificate_key {site.issued.key_file};
    location = {WELL_KNOWN} {{ {_answer(site, documents)} }}
    location /bimi/ {{ types {{ image/svg+xml svg; }} root {documents}; }}
  }}
"""


def _registry(issued: Issued, directory: Path, documents: Mapping[str, str]) -> str:
    """A server that answers for the paths of ``documents``; for addresses that none is for, as for ``ip/any``."""
    for path, text in documents.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return f"""\
  server {{
    listen {plan.HTTPS}:443 ssl;
    server_name {REGISTRY};
    ssl_certificate {issued.chain_file};
    ssl_certificate_key {issued.key_file};
    root {directory};
    location / {{ types {{ }} default_type application/rdap+json; }}
    location /ip/ {{ types {{ }} default_type application/rdap+json; try_files $uri /ip/any; }}
  }}
"""


def _revoked(directory: Path, revocation_list: bytes) -> str:
    """A server in clear for the CA's list of revoked certificates."""
    (directory / "crl").mkdir(parents=True, exist_ok=True)
    (directory / "crl" / LIST).write_bytes(revocation_list)
    return f"""\
  server {{
    listen {plan.HTTPS}:80;
    server_name {REGISTRY};
    location /crl/ {{ types {{ }} default_type application/pkix-crl; root {directory}; }}
  }}
"""


HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Content-Security-Policy": "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""What a right web site sends."""


@dataclass(frozen=True)
class WebSite:
    """A web site of a mail domain. ``text`` is its security.txt; None: it has none."""

    name: str
    issued: Issued
    web: Web
    text: SecurityText | None


def _web_server(site: WebSite, documents: Path) -> str:
    """Four servers: in clear and in TLS, over IPv4 and IPv6."""
    directory = documents / site.name
    (directory / ".well-known").mkdir(parents=True)
    (directory / "index.html").write_text("<!doctype html><title>Mail</title><p>Webmail and nothing else.\n" * 20)
    if site.text is not None:
        text = site.text.text.replace("HOST", site.name)
        (directory / ".well-known" / "security.txt").write_text(text)
        (directory / "key.asc").write_text(site.text.key)
    servers = ""
    for address, more in ((plan.HTTPS, ()), (f"[{plan.HTTPS6}]", site.web.over_ipv6)):
        settings = (*site.web.settings, *more)
        given = {setting.split()[1] for setting in settings if setting.startswith("add_header ")}
        kept = {name: value for name, value in HEADERS.items() if name not in {*given, *site.web.without}}
        headers = "".join(f'    add_header {name} "{value}" always;\n' for name, value in kept.items())
        lines = "".join(f"    {setting}\n" for setting in settings)
        servers += f"""\
  server {{
    listen {address}:443 ssl;
    server_name {site.name};
    ssl_certificate {site.issued.chain_file};
    ssl_certificate_key {site.issued.key_file};
    root {directory};
    types {{ text/html html; text/plain txt asc; }}
{headers}{lines}  }}
  server {{ listen {address}:80; server_name {site.name}; root {directory}; {site.web.plain} }}
"""
    return servers


AUTO_NAMES = ("autoconfig", "autodiscover")


def auto_server(domain: Domain, issued: Issued) -> str:
    """The server that tells mail programs what to use."""
    assert domain.auto is not None
    auto = domain.auto
    incoming = _named("incomingServer", "imap", auto.imap_port, "SSL" if auto.imap_port == 993 else "STARTTLS")
    document = f"<clientConfig>{incoming}{_named('outgoingServer', 'smtp', 465, 'SSL')}</clientConfig>"
    imap = f"<Type>IMAP</Type><Server>{AUTO_STORE}</Server><Port>993</Port><SSL>on</SSL>"
    response = f"<Autodiscover><Response><Protocol>{imap}</Protocol></Response></Autodiscover>"
    session = '{"apiUrl": "https://jmap.test/"}'
    return f"""\
  server {{
    listen {plan.HTTPS}:443 ssl;
    server_name {" ".join(f"{name}.{domain.name}" for name in AUTO_NAMES)};
    ssl_certificate {issued.chain_file};
    ssl_certificate_key {issued.key_file};
    default_type text/xml;
    location = /.well-known/mail-v1.xml {{ return 404; }}
    location = /mail/config-v1.1.xml {{ {auto.autoconfig or f"return 200 '{document}';"} }}
    location = /autodiscover/autodiscover.xml {{ {auto.autodiscover or f"return 200 '{response}';"} }}
    location = /.well-known/jmap {{ {auto.jmap or f"return 200 '{session}';"} }}
  }}
"""


def _named(kind: str, type: str, port: int, socket: str) -> str:
    told = f"<hostname>{AUTO_STORE}</hostname><port>{port}</port><socketType>{socket}</socketType>"
    return f'<{kind} type="{type}">{told}</{kind}>'


def _write_logos(directory: Path) -> None:
    """The images that BIMI records name, and the mark certificate."""
    directory.mkdir()
    (directory / "right.svg").write_bytes(LOGO)
    (directory / "script.svg").write_bytes(LOGO.replace(b"<rect", b"<script/><rect"))
    (directory / "mark.pem").write_text(mark_pem(f"{right.LOGO}.test"))


def nginx(
    daemons: Daemons,
    namespace: str,
    directory: Path,
    sites: list[Site],
    webs: list[WebSite],
    registry: Issued,
    registered: Mapping[str, str],
    revocation_list: bytes,
    more: str = "",
) -> None:
    """Start nginx for all sites, for the registry with what it says by path, and for the CA's list."""
    documents = directory / "policies"
    documents.mkdir(parents=True)
    _write_logos(documents / "bimi")
    user = pwd.getpwuid(0).pw_name
    servers = "".join(_server(site, documents) for site in sites)
    servers += more + "".join(_web_server(site, directory / "sites") for site in webs)
    servers += _registry(registry, directory / "registry", registered)
    servers += _revoked(directory / "revoked", revocation_list)
    file = directory / "nginx.conf"
    file.write_text(
        f"""\
user {user};
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr;
events {{ }}
http {{
  access_log off;
  server_tokens off;
  server_names_hash_bucket_size 128;
  server_names_hash_max_size 4096;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  ssl_protocols TLSv1.2 TLSv1.3;
{servers}}}
"""
    )
    daemons.start("nginx", namespace, [program("nginx"), "-p", str(directory), "-e", "stderr", "-c", str(file)])
