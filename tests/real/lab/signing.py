"""Zones signed by the tools of BIND, ldns and Knot, as the plan says."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype
import dns.zone
from dns.dnssectypes import Algorithm
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from tests.real.domains import BIND, KNOT_SIGNER, LDNS, ONLINE, Signing
from tests.real.lab.requirements import program

SECONDS = 30.0
REVOKED = 0x0080


@dataclass(frozen=True)
class Signed:
    """Master files of a signed zone, and the DS records of its parent.

    ``second`` is what the second server has, if that is something else; ``keys`` are the private ones, in BIND format,
    where the server itself signs.
    """

    first: str
    second: str | None
    ds: tuple[str, ...]
    keys: tuple[str, ...] = ()


def sign(origin: str, text: str, how: Signing) -> Signed:
    """Sign the master file ``text`` of ``origin`` (with the final dot)."""
    with TemporaryDirectory(prefix="mailproof-lab-keys-") as name:
        workshop = _Workshop(origin, text, how, Path(name))
        if how.by == ONLINE:
            keys = tuple((workshop.directory / f"{key}.private").read_text() for key in workshop.keys)
            return Signed(text, None, tuple(workshop.ds(entry) for entry in how.ds), keys)
        first = _SIGNERS[how.by](workshop)
        ds = tuple(workshop.ds(entry) for entry in how.ds) if how.by == BIND else (_ds_of(origin, first),)
        second = _SECOND[how.second](workshop, first) if how.second else None
        if how.unknown_algorithm:
            first = _with_unknown_algorithm(origin, first, how.unknown_algorithm)
            ds = (_ds_of(origin, first),)
        return Signed(first, second, ds)


class _Workshop:
    """A directory with the keys of one zone."""

    def __init__(self, origin: str, text: str, how: Signing, directory: Path) -> None:
        self.origin, self.text, self.how, self.directory = origin, text, how, directory
        make = _ldns_key if how.by == LDNS else _bind_key
        self.keys = [make(self, arguments) for arguments in how.keys]
        self.unused = [make(self, arguments) for arguments in how.unused]
        if how.same_tag:
            self.unused.append(self._twin(self.keys[0]))

    def run(self, name: str, *arguments: str) -> str:
        """What a program prints. Raises CalledProcessError."""
        command = [program(name), *arguments]
        done = subprocess.run(command, cwd=self.directory, check=True, capture_output=True, text=True, timeout=SECONDS)
        return done.stdout

    def dnskey(self, key: str) -> str:
        """The DNSKEY record of a key, by the name of its files."""
        lines = (self.directory / f"{key}.key").read_text().splitlines()
        return next(line for line in lines if not line.startswith(";"))

    def ds(self, entry: str) -> str:
        """The data of a DS record: ``0 SHA-256`` is that of the first key; anything longer is taken as it is."""
        match entry.split():
            case [number, "wrong"]:
                right = self.ds(f"{number} SHA-256")
                return right[:-1] + ("0" if right[-1] != "0" else "1")
            case [number, digest]:
                return _ds(self.origin, self.key([*self.keys, *self.unused][int(number)]), digest)
            case _:
                return entry

    def key(self, name: str) -> DNSKEY:
        """A key, by the name of its files."""
        return cast(DNSKEY, dns.rdata.from_text("IN", "DNSKEY", self.dnskey(name).split(" DNSKEY ")[1]))

    def _twin(self, name: str) -> str:
        """A key that nobody has, of the same tag and algorithm: two of its octets make up for the others."""
        wanted = dns.dnssec.key_id(self.key(name))
        while True:
            octets = secrets.token_bytes(len(self.key(name).key) - 2)
            other = self.key(name).replace(key=octets + bytes(2))
            missing = (wanted - dns.dnssec.key_id(cast(DNSKEY, other))) % 65535
            other = other.replace(key=octets + missing.to_bytes(2, "big"))
            if dns.dnssec.key_id(cast(DNSKEY, other)) == wanted:
                (self.directory / "twin.key").write_text(f"{self.origin} IN DNSKEY {other}\n")
                return "twin"


def _bind_key(workshop: _Workshop, arguments: str) -> str:
    """Make a key, and revoke it if the arguments begin with that word. Returns the name of its files."""
    words = arguments.split()
    revoked = words[0] == "revoked"
    made = workshop.run("dnssec-keygen", "-q", "-f", "KSK", "-a", *words[revoked:], workshop.origin).strip()
    if revoked:
        made = Path(workshop.run("dnssec-revoke", made).strip()).name
    return made


def _ldns_key(workshop: _Workshop, arguments: str) -> str:
    return workshop.run("ldns-keygen", "-k", "-a", *arguments.split(), workshop.origin.rstrip(".")).strip()


def _by_bind(workshop: _Workshop, times: tuple[str, ...] = ()) -> str:
    """One key signs everything, whatever its flags are; keys that sign nothing only stand in the zone."""
    for key in workshop.unused:
        (workshop.directory / f"{key}.private").unlink(missing_ok=True)
    records = [workshop.dnskey(key) for key in (*workshop.keys, *workshop.unused)]
    records += [f"{workshop.origin} IN CDS {workshop.ds(entry)}" for entry in workshop.how.cds]
    records += [records[number].replace(" DNSKEY ", " CDNSKEY ") for number in workshop.how.cdnskey]
    (workshop.directory / "zone").write_text("\n".join([workshop.text, *records, ""]))
    options = [*workshop.how.options, *times]
    workshop.run("dnssec-signzone", "-z", "-P", "-O", "full", "-o", workshop.origin, "-f", "signed", *options, "zone")
    return (workshop.directory / "signed").read_text()


def _by_ldns(workshop: _Workshop) -> str:
    (workshop.directory / "zone").write_text(workshop.text)
    options = ["-o", workshop.origin.rstrip("."), "-f", "signed", *workshop.how.options]
    workshop.run("ldns-signzone", *options, "zone", *workshop.keys)
    return (workshop.directory / "signed").read_text()


def _by_knot(workshop: _Workshop) -> str:
    """Knot makes its own key. Its DS record is made of what stands in the zone."""
    zone = workshop.origin.rstrip(".")
    (workshop.directory / "zone").write_text(workshop.text)
    (workshop.directory / "out").mkdir()
    (workshop.directory / "knot.conf").write_text(
        "\n".join(
            [
                "database:",
                f'  storage: "{workshop.directory}"',
                "policy:",
                "  - id: lab",
                "    single-type-signing: on",
                *(f"    {option}" for option in workshop.how.options),
                "zone:",
                f'  - domain: "{zone}"',
                f'    storage: "{workshop.directory}"',
                '    file: "zone"',
                "    dnssec-signing: on",
                "    dnssec-policy: lab",
                "",
            ]
        )
    )
    workshop.run("kzonesign", "-c", "knot.conf", "-o", "out", zone)
    return next((workshop.directory / "out").iterdir()).read_text()


_SIGNERS: dict[str, Callable[[_Workshop], str]] = {BIND: _by_bind, LDNS: _by_ldns, KNOT_SIGNER: _by_knot}


def _unsigned(workshop: _Workshop, first: str) -> str:
    return workshop.text


def _expired(workshop: _Workshop, first: str) -> str:
    return _by_bind(workshop, ("-s", "now-2678400", "-e", "now-86400"))


def _without_denial(workshop: _Workshop, first: str) -> str:
    zone = dns.zone.from_text(first, origin=workshop.origin, relativize=False)
    for node in zone.nodes.values():
        node.delete_rdataset(zone.rdclass, dns.rdatatype.NSEC)
        node.delete_rdataset(zone.rdclass, dns.rdatatype.RRSIG, dns.rdatatype.NSEC)
    return str(zone.to_text(relativize=False))


_SECOND: dict[str, Callable[[_Workshop, str], str]] = {
    "unsigned": _unsigned,
    "expired": _expired,
    "no denial": _without_denial,
}


def _with_unknown_algorithm(origin: str, text: str, algorithm: int) -> str:
    """The zone as if its one key had an algorithm that nobody here knows."""
    zone = dns.zone.from_text(text, origin=origin, relativize=False)
    key = _key_of(zone).replace(algorithm=Algorithm.make(algorithm))
    tag = dns.dnssec.key_id(cast(DNSKEY, key))
    for node in zone.nodes.values():
        for rdataset in node:
            if rdataset.rdtype == dns.rdatatype.DNSKEY:
                rdataset.items.clear()
                rdataset.items[key] = None
            elif rdataset.rdtype == dns.rdatatype.RRSIG:
                signatures = [one.replace(algorithm=Algorithm.make(algorithm), key_tag=tag) for one in rdataset]
                rdataset.items.clear()
                rdataset.items.update(dict.fromkeys(signatures))
    return str(zone.to_text(relativize=False))


def _key_of(zone: dns.zone.Zone) -> DNSKEY:
    return cast(DNSKEY, zone.find_rdataset("@", "DNSKEY")[0])


def _ds_of(origin: str, text: str) -> str:
    return _ds(origin, _key_of(dns.zone.from_text(text, origin=origin, relativize=False)), "SHA-256")


def _ds(origin: str, key: DNSKEY, digest: str) -> str:
    """The data of a DS record; that of a revoked key is the one from before."""
    before = cast(DNSKEY, key.replace(flags=key.flags & ~REVOKED))
    policy = dns.dnssec.allow_all_policy
    return str(dns.dnssec.make_ds(dns.name.from_text(origin), before, digest.replace("-", ""), policy=policy))
