"""The laboratory as one thing: start it, run programs on the client's side of it, and take it down."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from mailproof.exercising.sink_records import POLICY
from mailproof.net.services import begins_with_tls
from tests.real import domains
from tests.real.faults.outgoing import STS_DOMAIN
from tests.real.lab import plan, requirements, zones
from tests.real.lab.ca import Authority, Issued, tlsa_of
from tests.real.lab.chasquid import chasquid
from tests.real.lab.cyrus import cyrus
from tests.real.lab.dns_servers import knot, named, nsd, unbound
from tests.real.lab.dovecot import dovecot
from tests.real.lab.exim import exim
from tests.real.lab.exim import passwd_lines as exim_users
from tests.real.lab.haproxy import haproxy
from tests.real.lab.milters import milters
from tests.real.lab.namespaces import LabError, Namespaces, remove_leftovers
from tests.real.lab.nginx import AUTO_NAMES, Site, WebSite, auto_server, nginx
from tests.real.lab.old_openssl_server import Host
from tests.real.lab.openpgp import SecurityText, security_texts
from tests.real.lab.opensmtpd import opensmtpd
from tests.real.lab.opensmtpd import passwd_lines as opensmtpd_users
from tests.real.lab.postfix import postfix
from tests.real.lab.postgrey import postgrey
from tests.real.lab.powerdns import powerdns
from tests.real.lab.processes import Daemons
from tests.real.lab.registry import documents
from tests.real.lab.resolvers import forwarding, wrong_unbound
from tests.real.lab.rspamd import rspamd
from tests.real.lab.sendmail import sendmail
from tests.real.lab.squid import squid
from tests.real.lab.sts_daemon import sts_daemon
from tests.real.lab.stunnel import stunnel
from tests.real.lab.tinyproxy import tinyproxy
from tests.real.lab.watchers import watchers
from tests.real.shown import Chain, PolicyHost

ROOT = Path(__file__).resolve().parents[3]
RUN_SECONDS = 60.0
READY_SECONDS = 100.0
ANCHORS = "root.key"
"""The file of the private root's trust anchor, beside that of the CA."""


@dataclass(frozen=True)
class LabDomain:
    """A mail domain of the laboratory, for people and for tests.

    ``host`` and ``addresses`` are those of its own mail host or store, or of the shared mail host.
    ``fault`` is empty for a right domain; ``configuration`` are the lines that cause it. ``active`` faults show
    only to somebody who tries them.
    """

    name: str
    host: str
    addresses: tuple[str, ...]
    software: str
    version: str
    fault: str
    configuration: str
    active: bool
    own_server: bool


class Lab:
    """Real servers in two network namespaces. Use as a context manager, or ``start`` and ``stop``."""

    def __init__(self) -> None:
        self.directory = Path()
        self.ca_file = Path()
        self.domains: list[LabDomain] = []
        self.start_seconds = 0.0
        self._namespaces: Namespaces | None = None
        self._daemons: Daemons | None = None
        self._trust_anchor = ""

    def __enter__(self) -> Lab:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def client(self) -> str:
        """Name of the client's namespace, for ``ip netns exec``."""
        if not self._namespaces:
            raise LabError("the laboratory has not been started")
        return self._namespaces.client

    def start(self) -> None:
        """Build and start everything; returns when every server listens and the chain of trust validates.

        Raises LabError, after taking down what had been started.
        """
        reason = requirements.why_not()
        if reason:
            raise LabError(reason)
        begun = time.monotonic()
        remove_leftovers()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        self.start_seconds = time.monotonic() - begun

    def _start(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="mailproof-lab-"))
        self.directory.chmod(0o755)
        logs = self.directory / "logs"
        logs.mkdir()
        daemons = self._daemons = Daemons(logs)
        namespaces = self._namespaces = Namespaces(self.directory)
        namespaces.create(self._server_addresses(), _etc())
        authority = Authority(self.directory / "certificates")
        self.ca_file = authority.ca_file
        issued = _issue(authority)
        # Daemons start in parallel with each other and with the signing of the zones. No threads here: one
        # whose start is interrupted would go on after everything has been taken down.
        servers = namespaces.servers
        milters(daemons, servers, self.directory / "milters")
        rspamd(daemons, servers, self.directory / "rspamd")
        postgrey(daemons, servers, self.directory / "postgrey")
        sts_daemon(daemons, servers, self.directory / "sts-daemon", self.ca_file)
        postfix(daemons, servers, self.directory / "postfix", issued)
        exim(daemons, servers, self.directory / "exim", issued)
        chasquid(daemons, servers, self.directory / "chasquid", issued)
        opensmtpd(daemons, servers, self.directory / "opensmtpd", issued)
        sendmail(daemons, servers, self.directory / "sendmail", issued)
        dovecot(daemons, servers, self.directory / "dovecot", issued)
        cyrus(daemons, servers, self.directory / "cyrus", issued)
        stunnel(daemons, servers, self.directory / "stunnel", issued)
        haproxy(daemons, servers, self.directory / "haproxy")
        watchers(daemons, servers, self.directory / "watchers")
        tinyproxy(daemons, servers, self.directory / "tinyproxy")
        squid(daemons, servers, self.directory / "squid")
        registry = authority.issue("registry", [domains.REGISTRY], Chain.RIGHT)
        sites, revoked = _sites(authority, issued["https"]), authority.revocation_list()
        webs = _webs(authority, issued["https"], security_texts(self.directory / "openpgp"))
        more = "".join(auto_server(domain, issued["https"]) for domain in plan.DOMAINS if domain.auto)
        nginx(daemons, servers, self.directory / "nginx", sites, webs, registry, documents(), revoked, more)
        self._start_ssl3(daemons, servers, issued["ssl3"])
        self._start_old_openssl(daemons, servers, issued)
        self._start_small(daemons, servers, issued)
        self._start_dns(daemons, namespaces, issued)
        self._start_resolvers(daemons, namespaces.client, authority)
        self.domains = _domains(requirements.versions())
        self._wait()

    def _server_addresses(self) -> list[str]:
        name_servers = plan.PARENTS | domains.CHILDREN | plan.OTHER_NAME_SERVERS
        found = [address for pair in name_servers.values() for address in pair]
        found += [address for place in plan.OWN_SERVERS if place.listens for address in place.addresses]
        found += [plan.HTTPS, plan.HTTPS6]
        for domain in plan.DOMAINS:
            if domain.server:
                found += plan.addresses(domain)
            if domain.store:
                found.append(plan.store_address(domain))
        found.append(domains.BALANCER)
        for instance in plan.instances(domains.POSTFIX):
            found += instance.addresses
        return list(dict.fromkeys(found))

    def _start_dns(self, daemons: Daemons, namespaces: Namespaces, issued: Mapping[str, Issued]) -> None:
        built = zones.build(
            {key: tlsa_of(certificate.leaf) for key, certificate in issued.items()},
            {key: tlsa_of(certificate.issuer, usage=2) for key, certificate in issued.items()},
        )
        parents = [address for pair in plan.PARENTS.values() for address in pair]
        second = [*domains.CHILDREN["ns2.dns.test"], *plan.OTHER_NAME_SERVERS["ns3.dns.test"]]
        for place in plan.OWN_SERVERS:
            if place.listens and not place.server.fault:
                second += list(place.addresses)
        lame = plan.OTHER_NAME_SERVERS["lame.dns.test"]
        first = domains.CHILDREN["ns1.dns.test"]
        servers, transfer = namespaces.servers, built.open_transfer
        nsd(daemons, servers, self.directory / "nsd-parents", parents, built.parents)
        nsd(daemons, servers, self.directory / "nsd-first", first, built.first_child, transfer)
        knot(daemons, servers, self.directory / "knot-second", second, built.second_child, transfer)
        nsd(daemons, servers, self.directory / "nsd-lame", lame, {})
        bind = plan.OTHER_NAME_SERVERS[domains.NAMED]
        named(daemons, servers, self.directory / "named", bind, built.second_child, transfer)
        pair = [address for name in domains.POWERDNS for address in plan.OTHER_NAME_SERVERS[name]]
        powerdns(daemons, servers, self.directory / "powerdns", pair, built.powerdns)
        self._start_faulty_dns(daemons, servers, built.first_child)
        self._trust_anchor = built.trust_anchor
        self.ca_file.with_name(ANCHORS).write_text(f"{built.trust_anchor}\n")

    def _start_resolvers(self, daemons: Daemons, namespace: str, authority: Authority) -> None:
        right = authority.issue("resolver", [domains.RESOLVER_NAME], Chain.RIGHT)
        wrong = authority.issue("wrong-resolver", [domains.RESOLVER_NAME], Chain.WRONG_NAME)
        unbound(daemons, namespace, self.directory / "unbound", self._trust_anchor, right)
        hints = self.directory / "unbound" / "root.hints"
        wrong_unbound(daemons, namespace, self.directory / "unbound-wrong", hints, wrong)
        daemons.start("forwarder", namespace, forwarding(_script("forwarder")), _python_path())

    def _start_faulty_dns(self, daemons: Daemons, namespace: str, zones: Mapping[str, str]) -> None:
        places = [place for place in plan.OWN_SERVERS if place.listens and place.server.fault]
        servers = [
            {"address": address, "fault": place.server.fault, "zone": zone, "text": zones[zone]}
            for place in places
            for zone in (place.domain.name,)
            for address in place.addresses
        ]
        file = self.directory / "faulty-dns.json"
        file.write_text(json.dumps(servers))
        daemons.start("faulty-dns", namespace, [*_script("faulty_name_server"), str(file)], _python_path())

    def _start_ssl3(self, daemons: Daemons, namespace: str, issued: Issued) -> None:
        domain = plan.by_label("ssl3")
        command = [
            *_script("ssl3_server"),
            *(plan.address(domain), domain.host, str(issued.chain_file), str(issued.key_file)),
        ]
        daemons.start("ssl3", namespace, command, _python_path(requirements.python_packages()))

    def _start_small(self, daemons: Daemons, namespace: str, issued: Mapping[str, Issued]) -> None:
        """aiosmtpd and the tarpit."""
        for domain in plan.hosts(domains.AIOSMTPD):
            made = issued[domain.label]
            place = (plan.address(domain), domain.host, str(made.chain_file), str(made.key_file))
            command = [*_script("aiosmtpd_server"), *place]
            daemons.start(f"aiosmtpd-{domain.label}", namespace, command, _python_path(requirements.python_packages()))
        for domain in plan.hosts(domains.TARPIT):
            daemons.start(domain.label, namespace, [*_script("tarpit"), plan.address(domain), domain.host])

    def _start_old_openssl(self, daemons: Daemons, namespace: str, issued: Mapping[str, Issued]) -> None:
        hosts: list[Host] = []
        for domain in plan.hosts(domains.OLD_OPENSSL):
            assert domain.server is not None
            told = dict(setting.split(" ", 1) for setting in domain.server.settings)
            certificate = issued[domain.label]
            hosts.append(
                {
                    "address": plan.address(domain),
                    "name": domain.host,
                    "chain": str(certificate.chain_file),
                    "key": str(certificate.key_file),
                    "versions": told["versions"].split(),
                    "ciphers": told["ciphers"],
                    "dh": int(told.get("dh", "1024")),
                    "compression": told.get("compression") == "on",
                }
            )
        file = self.directory / "old-openssl.json"
        file.write_text(json.dumps(hosts))
        daemons.start("old-openssl", namespace, [*_script("old_openssl_server"), str(file)], _python_path())

    def _wait(self) -> None:
        """Wait for every listener and for a validated answer. Raises LabError."""
        assert self._daemons is not None
        services = [f"{address}/25" for domain in plan.DOMAINS for address in plan.listeners(domain)]
        services += [f"{address}/25" for instance in plan.instances(domains.POSTFIX) for address in instance.addresses]
        services += [
            f"{plan.store_address(domain)}/{port}"
            for domain in plan.stores()
            for port in domains.LISTENING[domain.software]
            if not (begins_with_tls(port) and "ssl = no" in domain.cause)
        ]
        services += [f"{plan.address(domain)}/{plan.SQUID_PORT}" for domain in plan.proxied()]
        name_servers = plan.PARENTS | domains.CHILDREN | plan.OTHER_NAME_SERVERS
        services += [f"{address}/53" for pair in name_servers.values() for address in pair]
        services += [f"{plan.HTTPS}/443", "127.0.0.1/53", f"{domains.WRONG_RESOLVER}/53"]
        ready = self.run([*_script("talk"), "--ready", *services], timeout=READY_SECONDS)
        self._daemons.check()
        if ready.returncode:
            raise LabError(f"{ready.stderr.strip()}; logs in {self.directory / 'logs'}")
        deadline = time.monotonic() + READY_SECONDS
        while True:
            answer = self.run(["dig", "+dnssec", "+time=2", "+tries=1", "right.test", "MX"], timeout=READY_SECONDS)
            if " ad" in answer.stdout.partition("flags:")[2].partition(";")[0]:
                return
            if time.monotonic() > deadline:
                raise LabError(f"right.test does not validate: {answer.stdout}{self._daemons.log('unbound')}")
            time.sleep(0.1)

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float = RUN_SECONDS,
        env: Mapping[str, str] | None = None,
        **options: Any,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the client's namespace and wait for it, at most ``timeout`` seconds.

        ``env`` is added to the environment. Output is captured as text and standard input is empty unless
        ``options``, those of subprocess.run, say otherwise. Raises subprocess.TimeoutExpired after killing
        the program.
        """
        defaults: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        if "input" not in options:
            defaults["stdin"] = subprocess.DEVNULL
        done: subprocess.CompletedProcess[str] = subprocess.run(
            ["ip", "netns", "exec", self.client, *argv],
            check=False,
            timeout=timeout,
            env={**os.environ, **_python_path(), **(env or {})},
            **(defaults | options),
        )
        return done

    def talk(self, address: str, *lines: str, early: bool = False) -> list[str]:
        """Hold an SMTP dialogue from the client's side. Returns its lines: ``C:``, ``S:``, ``-:`` (notes)."""
        flags = ["--early"] if early else []
        done = self.run([*_script("talk"), *flags, "--", address, *lines])
        return (done.stdout + done.stderr).splitlines()

    def domain(self, name: str) -> LabDomain:
        """The domain of that name (``right.test``). Raises LookupError."""
        for domain in self.domains:
            if domain.name == name:
                return domain
        raise LookupError(name)

    def describe(self) -> str:
        """A table of all domains, one line each."""
        rows = [("domain", "server", "address", "fault", "configuration")]
        for domain in self.domains:
            fault = (domain.fault or "-") + (" (active)" if domain.active else "")
            server = f"{domain.software} {domain.version}".strip() if domain.own_server else "(shared)"
            rows.append((domain.name, server, domain.addresses[0], fault, domain.configuration or "-"))
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join(
            "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows
        )

    def stop(self) -> None:
        """Take everything down. May be called at any time, also twice."""
        if self._namespaces:
            self._namespaces.remove()
            self._namespaces = None
        if self._daemons:
            self._daemons.reap()
            self._daemons = None
        if self.directory.name.startswith("mailproof-lab-"):
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = Path()


def _script(name: str) -> list[str]:
    """The command that runs a module of this package by its path, which spares it importing the package."""
    return [sys.executable, "-P", str(Path(__file__).with_name(f"{name}.py"))]


def _python_path(*more: Path) -> dict[str, str]:
    parts = [str(path) for path in (ROOT, ROOT / "src", *more)]
    inherited = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([*parts, *([inherited] if inherited else [])])}


def _etc() -> dict[str, dict[str, str]]:
    users = (exim_users(), opensmtpd_users())
    passwd, group = ("".join(lines) for lines in zip(*users, strict=True))
    return {
        "servers": {
            # Exim is one of those who see that an answer was validated only if the C library may say so.
            "resolv.conf": f"nameserver {plan.CLIENT}\noptions trust-ad\n",
            "passwd": Path("/etc/passwd").read_text() + passwd,
            "group": Path("/etc/group").read_text() + group,
        },
        "client": {"resolv.conf": "nameserver 127.0.0.1\n"},
    }


def _issue(authority: Authority) -> dict[str, Issued]:
    """The certificates of all mail hosts and stores, by label of the domain or key of the instance."""
    issued: dict[str, Issued] = {}
    for domain in plan.DOMAINS:
        server, store = domain.server, domain.store
        if server and server.chain is not Chain.NONE:
            names = [domain.host, *server.other_names]
            issued[domain.label] = authority.issue(domain.label, names, server.chain, rsa_bits=server.rsa_bits)
        if store:
            names = [domain.store_host]
            issued[domain.label] = authority.issue(domain.label, names, store.chain, rsa_bits=store.rsa_bits)
        for instance in plan.backends(domain):
            # All servers behind one address have one key: the TLSA record names it.
            if instance.server.chain is not Chain.NONE:
                key = issued[domain.label].key
                issued[instance.key] = authority.issue(instance.key, [domain.host], instance.server.chain, key=key)
    names = [*(f"mta-sts.{domain.name}" for domain in plan.DOMAINS), *(domain.web_host for domain in plan.webs())]
    names += [f"{name}.{domain.name}" for domain in plan.DOMAINS if domain.auto for name in AUTO_NAMES]
    names += [f"mta-sts.{STS_DOMAIN}", plan.REDIRECT_TARGET]
    issued["https"] = authority.issue("https", names, Chain.RIGHT)
    return issued


def _webs(authority: Authority, right: Issued, texts: Mapping[str, SecurityText]) -> list[WebSite]:
    sites = []
    for domain in plan.webs():
        assert domain.web is not None
        issued, name = right, domain.web_host
        if domain.web.chain is not Chain.RIGHT:
            issued = authority.issue(name, [name], domain.web.chain)
        sites.append(WebSite(name, issued, domain.web, texts.get(domain.web.text)))
    return sites


def _sites(authority: Authority, right: Issued) -> list[Site]:
    names = {f"mta-sts.{domain.name}": domain for domain in plan.DOMAINS}
    sites = [Site(plan.REDIRECT_TARGET, right, _policy(plan.by_label("right")))]
    sites.append(Site(f"mta-sts.{STS_DOMAIN}", right, POLICY.format(domain=STS_DOMAIN)))
    for name, domain in names.items():
        issued = right
        if domain.policy_host in (PolicyHost.WRONG_NAME, PolicyHost.EXPIRED):
            issued = authority.issue(name, [name], Chain(domain.policy_host.value))
        sites.append(Site(name, issued, _policy(domain), domain.policy_host))
    return sites


def _policy(domain: domains.Domain) -> str:
    """The policy of RFC 8461, section 3.2."""
    mx = "".join(f"mx: {name}\r\n" for name in zones.mx_names(domain))
    return f"version: STSv1\r\nmode: {domain.policy_mode}\r\n{mx}max_age: {domain.policy_max_age}\r\n"


def _addresses(domain: domains.Domain) -> tuple[str, ...]:
    if domain.store:
        return (plan.store_address(domain),)
    return domain.records.get("mx A") or plan.addresses(domain if domain.server else plan.by_label("right"))


def _domains(versions: Mapping[str, str]) -> list[LabDomain]:
    return [
        LabDomain(
            name=domain.name,
            host=domain.store_host if domain.store else domain.host,
            addresses=_addresses(domain),
            software=domain.software,
            version=versions.get(domain.software, ""),
            fault=domain.fault,
            configuration=domain.cause,
            active=domain.active,
            own_server=bool(domain.server or domain.store),
        )
        for domain in plan.DOMAINS
    ]
