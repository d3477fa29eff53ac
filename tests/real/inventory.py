"""The inventory of the laboratory, written from its plan as its postmaster would write it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mailproof.net.dns.names import is_host
from tests.marks import root_pem
from tests.real.domains import (
    CHILDREN,
    DNSBL,
    DOMAIN_LIST,
    FAILING,
    FORGETFUL_RESOLVER,
    IPV6_ONLY,
    NO_RESOLVER,
    OPEN_RESOLVER,
    RESOLVER,
    RESOLVER_NAME,
    WRONG_RESOLVER,
    Domain,
)
from tests.real.exercised import own_mailboxes
from tests.real.faults import chain_files, user_keys
from tests.real.lab import plan, registry, routes, signers, zones
from tests.real.lab.ca import PUBLIC_ROOTS
from tests.real.lab.lab import ANCHORS

LABELS = frozenset(domain.label for domain in plan.DOMAINS if not domain.apart)
UNAPPROVED = ("ns-unapproved",)
UNAPPROVED_MX = ("mx-unapproved",)
TAKES_NO_MAIL = ("null-mx-preference",)
SIGNS_NOTHING = ("dmarc-no-keys", "dkim-none")


def inventory(directory: Path, ca_file: Path, labels: Collection[str] = LABELS) -> dict[str, Any]:
    """All domains (or those of ``labels``) with selectors, senders with HELO names, reverse zones, captured
    configurations and a blocklist; with consent. What Postfix says of its configurations is kept in ``directory``.
    """
    domains = [domain for domain in plan.DOMAINS if domain.label in labels]
    return {
        "active": True,
        "contact": "postmaster@client.test",
        "probe": {"ehlo": plan.CLIENT_NAME, "sender": "postmaster@client.test"},
        "trust": {
            "ca_file": str(ca_file),
            "public_roots": str(ca_file.with_name(PUBLIC_ROOTS)),
            "trust_anchors": str(ca_file.with_name(ANCHORS)),
            "mark_authorities": str(_mark_authorities(directory)),
        },
        "limits": {
            "connect": 3.0,
            "greeting": 10.0,
            "dns": 2.0,
            "silence": 0.5,
            "pause": 0.0,
            "connections_to_address": 5000,
            "refusals": 1_000_000,
            "retry_pause": 1.0,
        },
        "blocklists": [DNSBL, {"name": DOMAIN_LIST, "families": ["domain"], "codes": {"127.0.1.0/24": "spam domain"}}],
        "registration": {"rdap": True, "bootstrap": [str(registry.bootstrap(directory / "bootstrap.json"))]},
        "drop": [registry.DROP],
        "trusted": ["dns.test", "ring-b.test", "msv1.invalid"],
        "lookalikes": 1,
        "controls": {
            "DNS-TTL-PLAN": {"seconds": plan.TTL},
            "DKIM-DUAL": {"algorithms": ["rsa"]},
            "SMTP-RECEIVED-BOTH-WAYS": {"seconds": 8},
        },
        "resolvers_under_test": [
            {"address": RESOLVER, "host": RESOLVER_NAME, "dot": True},
            {"address": WRONG_RESOLVER, "host": RESOLVER_NAME, "dot": True},
            FORGETFUL_RESOLVER,
            {"address": OPEN_RESOLVER, "outside": True},
            {"address": NO_RESOLVER, "outside": True},
        ],
        "routing": {"origin": routes.ORIGIN, "origin6": False, "vrps": str(_payloads(directory))},
        "private_keys": [str(signers.write(directory))],
        "canaries": {
            "bogus": "mta-sts.bogus.test",
            "ipv6_only": IPV6_ONLY,
            "sentinel": "sentinel.right-include.test",
            "failing": FAILING,
        },
        "chain_files": _chain_files(directory, ca_file.parent),
        "user_keys": [
            {"address": f"{user_keys.USER}@{label}.test", "publishes": [place]}
            for label, place in user_keys.PUBLISHES.items()
            if label in labels
        ],
        "own_mailboxes": own_mailboxes(directory, ca_file.parents[1], labels),
        "zones": [zones.IN_ADDR, zones.rfc2317_zone()],
        "name_servers": _name_servers(),
        "mx_hosts": _mx_hosts(),
        "web_hosts": [domain.web_host for domain in domains if domain.web],
        "domains": [_domain(domain) for domain in domains],
        "hosts": [
            {
                "name": domain.store_host,
                "roles": list(domain.store.ports),
                "ports": {role: list(ports) for role, ports in domain.store.ports.items()},
            }
            for domain in domains
            if domain.store
        ]
        + [{"name": domain.host, "own_key": True} for domain in domains if domain.own_key]
        + [
            {"name": domain.host, "roles": ["submission"], "ports": {"submission": [587]}}
            for domain in domains
            if domain.submission
        ],
        "configurations": [
            {"host": domain.host, "program": "postfix", "file": str(_postconf(directory, domain))}
            for domain in domains
            if domain.main_cf
        ]
        + _resolver_configurations(directory),
        "sending": [
            {"address": address, "helo": domain.helo or domain.host, "domains": _domains_of(domain)}
            for domain in domains
            if domain.server
            for address in plan.addresses(domain)
        ],
    }


def _mark_authorities(directory: Path) -> Path:
    file = directory / "mark-authorities.pem"
    file.write_text(root_pem())
    return file


def _name_servers() -> list[str]:
    approved = [domain for domain in plan.DOMAINS if domain.label not in UNAPPROVED]
    own = [name for domain in approved for name in (*domain.parent_ns, *domain.child_ns)]
    return list(dict.fromkeys((*plan.PARENTS, *CHILDREN, *plan.OTHER_NAME_SERVERS, *own)))


def _domain(domain: Domain) -> dict[str, Any]:
    if domain.parked:
        return {"name": domain.name, "parked": True}
    selectors = [] if domain.label in SIGNS_NOTHING else ["sel1"]
    entry = {"name": domain.name, "selectors": selectors, "receives": domain.label not in TAKES_NO_MAIL}
    entry |= {"behind": list(domain.behind)} if domain.behind else {}
    return entry | ({"delivery_host": domain.delivery_host} if domain.delivery_host else {})


def _mx_hosts() -> list[str]:
    """The MX hosts of all domains, as far as they are names of hosts."""
    approved = (domain for domain in plan.DOMAINS if domain.label not in UNAPPROVED_MX)
    names = dict.fromkeys(name for domain in approved for name in zones.mx_names(domain))
    own = ("mx_1.mx-underscore.test",)
    return [name for name in (*names, *own) if is_host(name) and not name.startswith("*")]


def _domains_of(domain: Domain) -> list[str]:
    shared = plan.shared() if domain.label == "right" else ()
    return [domain.name, *(other.name for other in shared if not other.parked)]


def write(file: Path, ca_file: Path, labels: Collection[str] = LABELS) -> None:
    """Write the inventory as YAML, and beside it the files that it names."""
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(inventory(file.parent, ca_file, labels), stream)


def _resolver_configurations(directory: Path) -> list[dict[str, str]]:
    """Those of an Unbound that logs queries, and of a BIND that is as it should be."""
    texts = {
        "unbound": "server:\n  auto-trust-anchor-file: /var/lib/unbound/root.key\n  hide-version: yes\n"
        "  log-queries: yes\n  rrset-cache-size: 64m\n",
        "bind": "options { querylog no; max-cache-size 256m; version none; };\n",
    }
    for program, text in texts.items():
        (directory / f"{program}.conf").write_text(text, encoding="utf-8")
    return [
        {"host": RESOLVER_NAME, "program": program, "file": str(directory / f"{program}.conf")} for program in texts
    ]


def _chain_files(directory: Path, issued: Path) -> list[dict[str, str]]:
    """Copies of chains that servers of the laboratory send."""
    for name, label in chain_files.FILES.items():
        shutil.copy(issued / f"{label}.pem", directory / name)
    return [
        {"program": "postfix", "file": str(directory / name), "private_key": str(issued / f"{label}.key")}
        for name, label in chain_files.FILES.items()
    ]


def _payloads(directory: Path) -> Path:
    file = directory / "vrps.json"
    routes.write_payloads(file)
    return file


def _postconf(directory: Path, domain: Domain) -> Path:
    """What ``postconf -n`` says of the domain's settings, as `mailproof capture` keeps it."""
    settings = directory / f"{domain.label}.postfix"
    settings.mkdir()
    (settings / "main.cf").write_text("".join(f"{line}\n" for line in domain.main_cf), encoding="utf-8")
    said = subprocess.run(["postconf", "-c", settings, "-n"], check=True, capture_output=True, text=True).stdout
    file = directory / f"{domain.label}.postconf"
    file.write_text(said, encoding="utf-8")
    return file
