"""Master files of the whole private DNS, made from the plan and signed at run time."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import dns.dnssec
import dns.name
import dns.rdtypes.ANY.DNSKEY
import dns.zone
import gmpy2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from mailproof.exercising.sink_records import wrong_tlsa
from mailproof.fixtures.world_zones import made_up_modulus
from tests.real import domains
from tests.real.client_settings import AUTO_STORE
from tests.real.domains import Delegation, Domain
from tests.real.lab import plan, routes, signers, signing
from tests.real.lab.powerdns import PowerDNSZone

Records = dict[str, tuple[str, ...]]
"""Rdata by ``"owner TYPE"``."""

IN_ADDR = "in-addr.arpa"
IP6 = "ip6.arpa"


def reverse_name(address: str) -> str:
    """The name in in-addr.arpa or ip6.arpa, without the final dot."""
    return ipaddress.ip_address(address).reverse_pointer


def rfc2317_zone() -> str:
    """Name of the delegated part of the reverse zone: ``8/29.25.0.11.in-addr.arpa`` (RFC 2317, section 4)."""
    first, _, rest = reverse_name(str(plan.RFC2317_BLOCK.network_address)).partition(".")
    return f"{first}/{plan.RFC2317_BLOCK.prefixlen}.{rest}"


def quoted(text: str) -> str:
    """A TXT rdata: quoted, in strings of at most 255 octets (RFC 1035, section 3.3.14)."""
    return " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))


def master_file(origin: str, records: Mapping[str, Iterable[str]]) -> str:
    """A zone in the format of RFC 1035, section 5."""
    lines = [f"$ORIGIN {origin.rstrip('.')}.", f"$TTL {plan.TTL}"]
    for key, values in records.items():
        owner, _, rdtype = key.partition(" ")
        lines += [f"{owner} {rdtype} {quoted(value) if rdtype == 'TXT' else value}" for value in values]
    return "\n".join(lines) + "\n"


def apex(name_servers: Iterable[str], serial: int = domains.SERIAL) -> Records:
    """SOA and NS of a zone, with timers in the ranges that RIPE-203 recommends."""
    servers = tuple(name_servers)
    return {
        "@ SOA": (f"{servers[0]}. hostmaster.right.test. {serial} 14400 3600 1209600 {plan.TTL}",),
        "@ NS": tuple(f"{server}." for server in servers),
    }


def rsa_key(modulus: int) -> str:
    """An RSA key as DKIM publishes it."""
    return base64.b64encode(_spki(rsa.RSAPublicNumbers(65537, modulus))).decode()


def dkim_keys() -> dict[str, str]:
    """The DKIM keys of one domain, which nobody else has, by their names in ``Domain.records``."""
    point = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    keys = {f"RSA-{bits}": rsa_key(made_up_modulus(bits)) for bits in (2048, 1024, 512)}
    return keys | {"RSA-OTHER": rsa_key(made_up_modulus(2048)), "ED25519": base64.b64encode(point).decode()}


def dkim_keys_of_all() -> dict[str, str]:
    """The DKIM keys that several domains have, or anybody can have."""
    prime = int(gmpy2.next_prime(made_up_modulus(1024)))
    near = prime * int(gmpy2.next_prime(prime))
    return {
        "RSA-SHARED": rsa_key(made_up_modulus(2048)),
        "RSA-NEAR": rsa_key(near),
        "RSA-SIGNER": signers.published(),
        domains.SINK_KEY: signers.sink()[2],
        domains.NOT_SINK_KEY: wrong_tlsa(signers.sink()[2]),
    }


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    prefix = bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2, "big")
    return bytes([tag]) + prefix + content


def _spki(numbers: rsa.RSAPublicNumbers) -> bytes:
    """SubjectPublicKeyInfo of an RSA key of any size; libraries refuse small ones (RFC 8017, appendix A.1.1)."""

    def integer(value: int) -> bytes:
        return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))

    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    key = _der(0x30, integer(numbers.n) + integer(numbers.e))
    return _der(0x30, algorithm + _der(0x03, b"\x00" + key))


CAA = (
    '0 issue "ca.test; accounturi=https://ca.test/account/1; validationmethods=dns-01"',
    '0 iodef "mailto:security@right.test"',
    '0 contactemail "hostmaster@right.test"',
)
"""Who may issue certificates for the hosts of a domain."""


def mail_zone(domain: Domain, tlsa: str | None, known: Mapping[str, str], serial: int, second: bool) -> Records:
    """The zone of a mail domain: right, then changed as the plan says. ``second``: as ns2 has it."""
    records = apex(domain.child_ns, serial)
    records |= {
        "@ MX": (f"10 {domain.host}.",),
        "@ TXT": ("v=spf1 mx -all" if domain.server else f"v=spf1 a:{domain.host} -all",),
        "sel1._domainkey TXT": (f"v=DKIM1; k=rsa; p={known['RSA-2048']}",),
        "_dmarc TXT": (f"v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@{domain.name}",),
        "_mta-sts TXT": (f"v=STSv1; id={domains.SERIAL};",),
        "_smtp._tls TXT": (f"v=TLSRPTv1; rua=mailto:tlsrpt@{domain.name}",),
        "mta-sts A": (plan.HTTPS,),
    }
    if domain.server or domain.store or "@ MX" in domain.records:
        records["@ CAA"] = CAA
    if domain.server:
        records["mx A"] = (plan.address(domain),)
        records["mx TXT"] = ("v=spf1 a -all",)
        address6 = plan.address6(domain)
        if address6:
            records["mx AAAA"] = (address6,)
        if tlsa:
            records["_25._tcp.mx TLSA"] = (tlsa, domains.NEXT_KEY)
    if domain.store:
        records["mail A"] = (plan.store_address(domain),)
        records["mail TXT"] = ("v=spf1 -all",)
    if domain.web:
        records |= {"www A": (plan.HTTPS,), "www AAAA": (plan.HTTPS6,), "_443._tcp.www TLSA": (known[domains.WEB_KEY],)}
        records["www TXT"] = ("v=spf1 -all",)
    if domain.auto:
        records |= {f"{name} A": (plan.HTTPS,) for name in ("autoconfig", "autodiscover")}
        records |= {f"{name} TXT": ("v=spf1 -all",) for name in ("autoconfig", "autodiscover")}
        records |= {
            "_submissions._tcp SRV": (f"0 1 465 {AUTO_STORE}.",),
            "_imaps._tcp SRV": (f"0 1 993 {AUTO_STORE}.",),
            "_pop3._tcp SRV": ("0 0 0 .",),
            "_sieve._tcp SRV": (f"0 1 4190 {AUTO_STORE}.",),
            "_jmap._tcp SRV": ("0 1 443 autoconfig",),
        }
    if domain.label == "right":
        records["policy A"] = (plan.HTTPS,)
    records |= _own_servers(domain, inside=True)
    for key, values in (dict(domain.records) | dict(domain.second_records if second else {})).items():
        records[key] = tuple(_filled_in(value, domain, known) for value in values)
    return records


def _below(domain: Domain, tlsa: Mapping[str, str]) -> Records:
    """The records of the unsigned zone of a mail host."""
    known = {"TLSA": tlsa.get(domain.label, "")}
    return {
        key: tuple(_filled_in(value, domain, known) for value in values)
        for key, values in domain.unsigned_below.items()
    }


def _own_servers(domain: Domain, *, inside: bool) -> Records:
    """Addresses and aliases of the name servers that only this domain has: those below it, or the others."""
    records: Records = {}
    for place in plan.OWN_SERVERS:
        server = place.server
        if place.domain is not domain or server.name.endswith(f".{domain.name}") is not inside:
            continue
        if server.alias:
            records[f"{server.name}. CNAME"] = (f"{server.alias}.",)
        else:
            records[f"{server.name}. A"] = (place.ipv4,)
        if place.ipv6:
            records[f"{server.name}. AAAA"] = (place.ipv6,)
    return records


def _own_glue(domain: Domain) -> Records:
    """What the parent gives for the name servers below the domain."""
    records: Records = {}
    for place in plan.OWN_SERVERS:
        server = place.server
        if place.domain is not domain or not server.name.endswith(f".{domain.name}"):
            continue
        given = place.addresses if server.glue is None else server.glue
        for address in given:
            records[f"{server.name}. {'AAAA' if ':' in address else 'A'}"] = (address,)
    return records


def _filled_in(value: str, domain: Domain, known: Mapping[str, str]) -> str:
    tags, key, name = value.partition("p=")
    if value.startswith("v=DKIM1;") and name in known:
        return f"{tags}{key}{known[name]}"
    if value.startswith(domains.STORE):
        return plan.store_address(plan.by_label(value.removeprefix(domains.STORE)))
    return plan.address(domain) if value == domains.ADDRESS else known.get(value, value)


def mx_names(domain: Domain) -> tuple[str, ...]:
    """Absolute MX names of a domain, without the final dot, as its MTA-STS policy should list them."""
    if domain.policy_mx:
        return domain.policy_mx
    records = domain.records.get("@ MX", (f"10 {domain.host}.",))
    names = (record.split()[1] for record in records)
    return tuple(name[:-1] if name.endswith(".") else f"{name}.{domain.name}" for name in names if name != ".")


def reverse_pointers() -> dict[str, tuple[str, ...]]:
    """PTR names by address."""
    pointers: dict[str, tuple[str, ...]] = {
        plan.CLIENT: (plan.CLIENT_NAME,),
        plan.CLIENT6: (plan.CLIENT_NAME,),
    }
    for name, addresses in (plan.PARENTS | domains.CHILDREN | plan.OTHER_NAME_SERVERS).items():
        pointers |= dict.fromkeys(addresses, (name,))
    for domain in plan.DOMAINS:
        if domain.server:
            names = (domain.host,) if domain.ptr is None else tuple(name.rstrip(".") for name in domain.ptr)
            pointers |= dict.fromkeys(plan.addresses(domain), names)
        if domain.store:
            pointers[plan.store_address(domain)] = (domain.store_host,)
    for place in plan.OWN_SERVERS:
        names = (place.server.name,) if place.server.ptr is None else place.server.ptr
        for address in place.addresses:
            pointers[address] = tuple(dict.fromkeys((*pointers.get(address, ()), *names)))
        if place.server.alias:
            for address in domains.CHILDREN[place.server.alias]:
                pointers[address] = (*pointers[address], place.server.name)
    return pointers | {domains.SILENT_ADDRESS: (f"mx.{plan.by_label('silent').name}",)}


def reverse_zones() -> tuple[Records, Records, Records]:
    """in-addr.arpa, the RFC 2317 zone delegated from it, and ip6.arpa."""
    ipv4 = apex(plan.PARENTS)
    delegated = apex(domains.CHILDREN)
    ipv6 = apex(plan.PARENTS)
    zone = rfc2317_zone()
    ipv4[f"{zone}. NS"] = tuple(f"{server}." for server in domains.CHILDREN)
    detours = {plan.address(domain) for domain in plan.DOMAINS if domain.ptr_detour}
    elsewhere = {plan.address(domain): domain.ptr_at for domain in plan.DOMAINS if domain.ptr_at}
    for address, names in reverse_pointers().items():
        values = tuple(f"{name}." for name in names)
        owner = f"{reverse_name(address)}."
        ip = ipaddress.ip_address(address)
        if ip.version == 6:
            ipv6[f"{owner} PTR"] = values
        elif address in detours:
            first = f"detour-{owner.partition('.')[0]}.{zone}."
            second = f"second-{first}"
            ipv4[f"{owner} CNAME"] = (first,)
            delegated[f"{first} CNAME"] = (second,)
            delegated[f"{second} PTR"] = values
        elif address in elsewhere:
            ipv4[f"{owner} CNAME"] = (elsewhere[address],)
        elif ip in plan.RFC2317_BLOCK:
            target = f"{owner.partition('.')[0]}.{zone}."
            ipv4[f"{owner} CNAME"] = (target,)
            delegated[f"{target} PTR"] = values
        else:
            ipv4[f"{owner} PTR"] = values
    return ipv4, delegated, ipv6


def blocklist(name: str) -> Records:
    """The zone of a DNS blocklist (RFC 5782, sections 2.1 and 5)."""
    records = apex(domains.CHILDREN)
    if name == plan.BROKEN_DNSBL:
        return records | {"* A": ("127.0.0.2",), "* TXT": ("this list is closed",)}
    listed = ["127.0.0.2"] + [plan.address(d) for d in plan.DOMAINS if d.dnsbl_listed]
    for address in listed:
        owner = ".".join(reversed(address.split(".")))
        records |= {f"{owner} A": ("127.0.0.2",), f"{owner} TXT": (f"{address} is listed",)}
    return records


def domain_list() -> Records:
    """The zone of a DNS list of domains (RFC 5782, sections 3 and 5)."""
    listed = ["test", *(domain.name for domain in plan.DOMAINS if domain.domain_listed)]
    return apex(domains.CHILDREN) | {f"{name}.{domains.DOMAIN_LIST}. A": ("127.0.1.2",) for name in listed}


@dataclass
class Signer:
    """Signs zones with one ECDSA P-256 key each (algorithm 13, RFC 6605)."""

    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)

    def _dnskey(self, origin: str) -> dns.rdtypes.ANY.DNSKEY.DNSKEY:
        key = self.keys.setdefault(origin, ec.generate_private_key(ec.SECP256R1()))
        return dns.dnssec.make_dnskey(key.public_key(), "ECDSAP256SHA256", flags=257)

    def sign(self, origin: str, text: str, *, expired: bool = False) -> str:
        """The signed master file. ``expired`` gives signatures that ended yesterday."""
        zone = dns.zone.from_text(text, origin=origin, relativize=False)
        dnskey = self._dnskey(origin)
        now = dt.datetime.now(dt.UTC)
        inception = now - (dt.timedelta(days=31) if expired else dt.timedelta(hours=1))
        expiration = inception + dt.timedelta(days=30)
        dns.dnssec.sign_zone(
            zone,
            keys=[(self.keys[origin], dnskey)],
            dnskey_ttl=plan.TTL,
            inception=inception,
            expiration=expiration,
        )
        signed: str = zone.to_text(relativize=False)
        return signed

    def ds(self, origin: str, *, wrong: bool = False) -> str:
        """DS rdata of the zone's key; ``wrong`` gives the one of a key that the zone does not have."""
        dnskey = self._dnskey(f"not.{origin}" if wrong else origin)
        return str(dns.dnssec.make_ds(dns.name.from_text(origin), dnskey, "SHA256"))

    def trust_anchor(self) -> str:
        """The root's key as a master file line."""
        return f". {plan.TTL} IN DNSKEY {self._dnskey('.')}"


@dataclass(frozen=True)
class Zones:
    """Master files by origin, for each instance of the name server software."""

    parents: Mapping[str, str]
    first_child: Mapping[str, str]
    second_child: Mapping[str, str]
    powerdns: Mapping[str, PowerDNSZone]
    trust_anchor: str
    open_transfer: frozenset[str]


def _glue(records: Records, servers: Mapping[str, tuple[str, str]]) -> None:
    for name, (ipv4, ipv6) in servers.items():
        records[f"{name}. A"] = (ipv4,)
        records[f"{name}. AAAA"] = (ipv6,)


def build(tlsa: Mapping[str, str], issuers: Mapping[str, str]) -> Zones:
    """Make every zone. ``tlsa`` is the rdata for a mail host by the label of its domain; ``issuers`` that for the
    certificate which issued the host's.
    """
    signer = Signer()
    shared = dkim_keys_of_all()
    first: dict[str, str] = {}
    second: dict[str, str] = {}
    powerdns: dict[str, PowerDNSZone] = {}
    top = apex(plan.PARENTS)
    for domain in plan.DOMAINS:
        top[f"{domain.label} NS"] = tuple(f"{server}." for server in domain.parent_ns)
        top |= _own_glue(domain) | dict(domain.parent_records)
        if domain.delegation is not Delegation.UNSIGNED and domain.signing is None:
            wrong = domain.delegation is Delegation.WRONG_DS
            top[f"{domain.label} DS"] = (signer.ds(f"{domain.name}.", wrong=wrong),)

        known = (
            shared
            | dkim_keys()
            | {
                domains.ISSUER: issuers.get(domain.label, ""),
                domains.OWN_KEY: tlsa.get(domain.label, ""),
                domains.WEB_KEY: tlsa.get("https", ""),
            }
        )

        def text(serial: int, domain: Domain = domain, known: Mapping[str, str] = known, second: bool = False) -> str:
            plain = master_file(domain.name, mail_zone(domain, tlsa.get(domain.label), known, serial, second))
            if domain.delegation is Delegation.UNSIGNED:
                return plain
            expired = domain.delegation is Delegation.EXPIRED_SIGNATURES
            return signer.sign(f"{domain.name}.", plain, expired=expired)

        if domain.signing is not None:
            records = mail_zone(domain, tlsa.get(domain.label), known, domains.SERIAL, False)
            made = signing.sign(f"{domain.name}.", master_file(domain.name, records), domain.signing)
            top[f"{domain.label} DS"] = made.ds
            if set(domain.child_ns) & set(domains.POWERDNS):
                powerdns[domain.name] = PowerDNSZone(made.first, made.keys, domain.signing.options if made.keys else ())
            if not made.keys:
                first[domain.name] = made.first
                second[domain.name] = made.second or made.first
            continue
        first[domain.name] = text(domains.SERIAL)
        second[domain.name] = first[domain.name]
        if domain.second_serial is not None or domain.second_records:
            second[domain.name] = text(domain.second_serial or domains.SERIAL, second=True)

    name_servers = apex(domains.CHILDREN) | {"v6 AAAA": (domains.CHILDREN["ns1.dns.test"][1],)}
    _glue(name_servers, domains.CHILDREN | plan.OTHER_NAME_SERVERS)
    for domain in plan.DOMAINS:
        name_servers |= _own_servers(domain, inside=False) | dict(domain.elsewhere)
    client = apex(domains.CHILDREN) | {
        "@ MX": (f"10 mx.right.{domains.TLD}.",),
        "@ TXT": (f"v=spf1 a:{plan.CLIENT_NAME} -all",),
        f"{plan.CLIENT_NAME}. A": (plan.CLIENT,),
        f"{domains.REGISTRY}. A": (plan.HTTPS,),
        f"{plan.CLIENT_NAME}. AAAA": (plan.CLIENT6,),
        f"{plan.CLIENT_NAME}. TXT": ("v=spf1 a -all",),
    }
    ipv4, delegated_reverse, ipv6 = reverse_zones()
    plain = {
        "dns.test": name_servers,
        "client.test": client,
        domains.DNSBL: blocklist(domains.DNSBL),
        plan.BROKEN_DNSBL: blocklist(plan.BROKEN_DNSBL),
        rfc2317_zone(): delegated_reverse,
        domains.DOMAIN_LIST: domain_list(),
        "l0okalike.test": apex(domains.CHILDREN),
        routes.ORIGIN: apex(domains.CHILDREN) | routes.origins(),
        "v6only.test": apex(("v6.dns.test",)) | {"www A": (plan.HTTPS,)},
    }
    for domain in plan.DOMAINS:
        if domain.unsigned_below:
            plain[f"mx.{domain.name}"] = apex(domains.CHILDREN) | _below(domain, tlsa)
    for origin, records in plain.items():
        first[origin] = second[origin] = master_file(origin, records)
        if origin.endswith(f".{domains.TLD}") and origin.count(".") == 1:
            servers = ("v6.dns.test",) if origin == "v6only.test" else domains.CHILDREN
            top[f"{origin}. NS"] = tuple(f"{server}." for server in servers)
    _glue(top, plan.PARENTS | domains.CHILDREN)

    root = apex(plan.PARENTS)
    for origin in (domains.TLD, IN_ADDR, IP6):
        root[f"{origin}. NS"] = tuple(f"{server}." for server in plan.PARENTS)
    root[f"{domains.TLD}. DS"] = (signer.ds(f"{domains.TLD}."),)
    _glue(root, plan.PARENTS)
    parents = {
        ".": signer.sign(".", master_file(".", root)),
        domains.TLD: signer.sign(f"{domains.TLD}.", master_file(domains.TLD, top)),
        IN_ADDR: master_file(IN_ADDR, ipv4),
        IP6: master_file(IP6, ipv6),
    }
    return Zones(
        parents=parents,
        first_child=first,
        second_child=second,
        powerdns=powerdns,
        trust_anchor=signer.trust_anchor(),
        open_transfer=frozenset(domain.name for domain in plan.DOMAINS if domain.open_transfer),
    )
