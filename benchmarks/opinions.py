"""What each peer says about the laboratory, in one vocabulary.

An opinion is keyed by (domain, aspect). What a peer does not say anything about, it does not look at.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

from benchmarks import peers
from tests.real.lab import Lab

PROBER = "prober.client.test"
OUTSIDER = "mailproof-relay-probe@example.com"
SENDER = "postmaster@client.test"


class Said(StrEnum):
    """A peer's opinion. ``CANNOT_TELL`` is an honest error: it tried and says that it failed. Where it broke or gave no
    answer in time there is ``NO_ANSWER``, where it was left out ``NOT_ASKED``.
    """

    FINDING = "finding"
    NOTHING = "nothing"
    NOT_LOOKED_AT = "not looked at"
    CANNOT_TELL = "cannot tell"
    NO_ANSWER = "no answer"
    NOT_ASKED = "not asked"


class Aspect(StrEnum):
    """What a fault is about."""

    MX = "MX"
    SPF = "SPF"
    DMARC = "DMARC"
    MTA_STS = "MTA-STS"
    TLS_RPT = "TLS-RPT"
    DNSSEC = "DNSSEC"
    DELEGATION = "delegation"
    STARTTLS = "STARTTLS"
    TLS = "TLS versions and ciphers"
    CERTIFICATE = "certificate"
    DANE = "DANE"
    RELAY = "relay"
    POSTMASTER = "postmaster"


Opinions = dict[tuple[str, Aspect], tuple[Said, str]]
"""By domain label and aspect: the opinion, and the peer's own words."""


def _opinion(words: Iterable[str]) -> tuple[Said, str]:
    told = "; ".join(word for word in words if word)
    return (Said.FINDING if told else Said.NOTHING), told


def label(domain: str) -> str:
    return domain.removesuffix(".").removesuffix(".test")


def checkdmarc(lab: Lab, program: str, labels: list[str], scratch: Path) -> Opinions:
    """Its sections with an error, ``valid: false`` or a warning are findings; DNS failures are not."""
    names = [f"{name}.test" for name in labels]
    file = scratch / "checkdmarc.json"
    root = {"SSL_CERT_FILE": str(lab.ca_file), "REQUESTS_CA_BUNDLE": str(lab.ca_file)}
    lab.run([program, "-n", "127.0.0.1", "--check-mx-tls", "-o", str(file), "--", *names], timeout=300, env=root)
    sections = {
        "spf": Aspect.SPF,
        "dmarc": Aspect.DMARC,
        "mta_sts": Aspect.MTA_STS,
        "smtp_tls_reporting": Aspect.TLS_RPT,
        "ns": Aspect.DELEGATION,
        "mx": Aspect.MX,
    }
    found: Opinions = {}
    for result in json.loads(file.read_text(encoding="utf-8")):
        name = label(result["domain"])
        for section, aspect in sections.items():
            words = [str(result[section].get("error", "")), *map(str, result[section].get("warnings", ()))]
            if aspect is Aspect.MX:
                about_tls = [word for word in words if _about_tls(word)]
                found[name, Aspect.STARTTLS] = _opinion(w for w in about_tls if "CERTIFICATE" not in w)
                found[name, Aspect.CERTIFICATE] = _opinion(w for w in about_tls if "CERTIFICATE" in w)
                uncovered = [word for word in words if "MTA-STS policy" in word]
                if uncovered and found[name, Aspect.MTA_STS][0] is Said.NOTHING:
                    found[name, Aspect.MTA_STS] = _opinion(uncovered)
                words = [word for word in words if word not in about_tls and word not in uncovered]
            if "All nameservers failed" in words[0]:
                found[name, aspect] = (Said.CANNOT_TELL, words[0])
            else:
                found[name, aspect] = _opinion(words)
        found[name, Aspect.DNSSEC] = _opinion([] if result["dnssec"] else ["dnssec: false"])
    return found


def _about_tls(word: str) -> bool:
    return any(hint in word for hint in ("STARTTLS", "SSL", "implicit TLS", "SMTP error", "Could not connect"))


def trustymail(lab: Lab, program: str, labels: list[str], scratch: Path) -> Opinions:
    """What it calls not valid, and what it lists as a syntax error, are findings."""
    peers.public_suffixes(scratch)
    options = ["--json", "--dns=127.0.0.1", "--smtp-ports=25", f"--smtp-localhost={PROBER}", "--output=trustymail"]
    found: Opinions = {}
    file = scratch / "trustymail.json"
    for name in labels:
        file.unlink(missing_ok=True)
        lab.run([program, f"{name}.test", *options], timeout=120, cwd=scratch)
        if not file.exists():
            found |= {(name, aspect): (Said.NO_ANSWER, "no output") for aspect in (Aspect.MX, Aspect.SPF, Aspect.DMARC)}
            continue
        for result in json.loads(file.read_text(encoding="utf-8")):
            found |= _trustymail_opinions(name, result)
    return found


def _trustymail_opinions(name: str, result: dict[str, Any]) -> Opinions:
    errors = str(result.get("Syntax Errors") or "")

    def invalid(*fields: str) -> list[str]:
        return [f"{field}: {result.get(field)}" for field in fields if not result.get(field)]

    def about(hint: str) -> str:
        return errors if hint in errors.lower() else ""

    return {
        (name, Aspect.MX): _opinion(invalid("MX Record")),
        (name, Aspect.SPF): _opinion([*invalid("SPF Record", "Valid SPF"), about("spf")]),
        (name, Aspect.DMARC): _opinion([*invalid("DMARC Record", "Valid DMARC"), about("dmarc")]),
        (name, Aspect.STARTTLS): _opinion(invalid("Domain Supports STARTTLS")),
    }


def zonemaster(lab: Lab, program: str, labels: list[str], scratch: Path) -> Opinions:
    """Everything from NOTICE up is a finding, by module: DNSSEC; zone tests about mail; all others delegation."""
    hints = scratch / "hints.zone"
    hints.write_text((lab.directory / "unbound" / "root.hints").read_text(encoding="utf-8"), encoding="utf-8")
    found: Opinions = {}
    for name in labels:
        command = [program, "--json", "--hints", str(hints), "--level", "NOTICE", f"{name}.test"]
        done = lab.run(command, timeout=120)
        entries = json.loads(done.stdout) if done.stdout.startswith("[") else None
        words: dict[Aspect, list[str]] = {Aspect.DNSSEC: [], Aspect.DELEGATION: [], Aspect.MX: []}
        for entry in entries or []:
            mail = "MAIL" in entry["tag"] or "_MX_" in entry["tag"]
            aspect = Aspect.DNSSEC if entry["module"] == "DNSSEC" else Aspect.MX if mail else Aspect.DELEGATION
            words[aspect].append(f"{entry['level']} {entry['tag']}")
        for aspect, tags in words.items():
            failed = (Said.CANNOT_TELL, done.stderr.strip())
            found[name, aspect] = failed if entries is None else _opinion(dict.fromkeys(tags))
    return found


def sslyze(lab: Lab, program: str, labels: list[str], scratch: Path) -> Opinions:
    """Old versions, RC4 and 3DES, no current version; a chain that the private root does not verify."""
    file = scratch / "sslyze.json"
    own = ["--starttls", "smtp", "--certinfo_ca_file", str(lab.ca_file), "--json_out", str(file)]
    hosts = [f"{lab.domain(f'{name}.test').host}:25" for name in labels]
    lab.run([program, *own, *peers.SSLYZE_FACTS, *hosts], timeout=300)
    found: Opinions = {}
    for result in json.loads(file.read_text(encoding="utf-8"))["server_scan_results"]:
        name = label(result["server_location"]["hostname"].removeprefix("mx."))
        scan = result["scan_result"]
        if scan is None:
            told = result["connectivity_error_trace"].strip().splitlines()[-1]
            found |= {(name, aspect): (Said.CANNOT_TELL, told) for aspect in (Aspect.TLS, Aspect.CERTIFICATE)}
            found[name, Aspect.STARTTLS] = _opinion([told if "STARTTLS" in told else ""])
            continue
        found[name, Aspect.STARTTLS] = (Said.NOTHING, "")
        found[name, Aspect.TLS] = _opinion(_sslyze_versions(scan))
        chains = (scan["certificate_info"]["result"] or {}).get("certificate_deployments", [])
        checks = [check for chain in chains for check in chain["path_validation_results"]]
        ours = [check["validation_error"] or "" for check in checks if check["trust_store"]["path"] == str(lab.ca_file)]
        found[name, Aspect.CERTIFICATE] = _opinion(ours) if ours else (Said.CANNOT_TELL, "no certificate result")
    return found


def _sslyze_versions(scan: dict[str, Any]) -> list[str]:
    accepted = {
        version: [
            suite["cipher_suite"]["name"]
            for suite in (scan[f"{version}_cipher_suites"]["result"] or {}).get("accepted_cipher_suites", [])
        ]
        for version in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3")
    }
    old = [version for version in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1") if accepted[version]]
    weak = {suite for suites in accepted.values() for suite in suites if "RC4" in suite or "3DES" in suite}
    none = [] if accepted["tls_1_2"] or accepted["tls_1_3"] else ["neither TLS 1.2 nor TLS 1.3"]
    return [*old, *sorted(weak), *none]


def testssl(lab: Lab, program: str, labels: list[str], scratch: Path) -> Opinions:
    """Entries from LOW up (where TLS 1.0 and 1.1 stand): of protocols and ciphers, and of the server's certificate.

    Protocols, cipher categories and server defaults only: everything takes more than a minute a host. That a
    certificate of the laboratory has no CRL or OCSP and ends within two months is true and no fault of its own.
    """
    found: Opinions = {}
    for name in labels:
        file = scratch / f"testssl-{name}.json"
        options = ["-t", "smtp", "-p", "-s", "-S", "--quiet", "--warnings", "off", "--nodns", "min"]
        own = ["--add-ca", str(lab.ca_file), "--jsonfile", str(file)]
        lab.run([program, *options, *own, f"{lab.domain(f'{name}.test').host}:25"], timeout=300)
        entries = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
        bad = [entry for entry in entries if entry["severity"] in ("LOW", "MEDIUM", "HIGH", "CRITICAL")]
        fatal = [entry["finding"] for entry in entries if entry["severity"] == "FATAL"]
        for aspect in (Aspect.TLS, Aspect.CERTIFICATE):
            told = [
                f"{e['id']}: {e['finding']}"
                for e in bad
                if (e["id"].startswith("cert")) is (aspect is Aspect.CERTIFICATE)
            ]
            found[name, aspect] = (Said.CANNOT_TELL, fatal[0]) if fatal else _opinion(told)
    return found


def swaks(lab: Lab, program: str, labels: list[str], scratch: Path) -> Opinions:
    """A relay test and a mailbox test as an administrator writes them: up to RCPT, judged by the exit code."""
    rejected = 24
    found: Opinions = {}
    for name in labels:
        domain = lab.domain(f"{name}.test")
        for aspect, recipient, good in (
            (Aspect.RELAY, OUTSIDER, rejected),
            (Aspect.POSTMASTER, f"postmaster@{domain.name}", 0),
        ):
            opinions = []
            for address in domain.addresses:
                talk = ["--server", address, "--helo", PROBER, "--from", SENDER, "--to", recipient]
                done = lab.run([program, *talk, "--quit-after", "RCPT", "--timeout", "10s"], timeout=60)
                last = next(
                    (line for line in reversed(done.stdout.splitlines()) if "QUIT" not in line and "221" not in line),
                    "",
                )
                decided = done.returncode in (0, rejected)
                opinions.append(
                    (Said.CANNOT_TELL, last) if not decided else _opinion([last if done.returncode != good else ""])
                )
            found[name, aspect] = min(opinions, key=lambda opinion: list(Said).index(opinion[0]))
    return found


Ask = Callable[[Lab, str, list[str], Path], Opinions]

PEERS: dict[str, Ask] = {
    "checkdmarc": checkdmarc,
    "trustymail": trustymail,
    "zonemaster-cli": zonemaster,
    "sslyze": sslyze,
    "testssl.sh": testssl,
    "swaks": swaks,
}

ASPECTS: dict[str, frozenset[Aspect]] = {
    "checkdmarc": frozenset(
        {
            *(Aspect.MX, Aspect.SPF, Aspect.DMARC, Aspect.MTA_STS, Aspect.TLS_RPT, Aspect.DNSSEC, Aspect.DELEGATION),
            *(Aspect.STARTTLS, Aspect.CERTIFICATE),
        }
    ),
    "trustymail": frozenset({Aspect.MX, Aspect.SPF, Aspect.DMARC, Aspect.STARTTLS}),
    "zonemaster-cli": frozenset({Aspect.DNSSEC, Aspect.DELEGATION, Aspect.MX}),
    "sslyze": frozenset({Aspect.STARTTLS, Aspect.TLS, Aspect.CERTIFICATE}),
    "testssl.sh": frozenset({Aspect.TLS, Aspect.CERTIFICATE}),
    "swaks": frozenset({Aspect.RELAY, Aspect.POSTMASTER}),
}
"""What a peer claims to look at, by its manual."""


def ask(lab: Lab, name: str, labels: list[str], scratch: Path) -> Opinions:
    """A peer's opinions; none if it is missing. Raises subprocess.TimeoutExpired."""
    peer = peers.find(name)
    if peer.missing:
        return {}
    directory = scratch / name
    directory.mkdir()
    try:
        return PEERS[name](lab, peer.program, labels, directory)
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        told = (Said.NO_ANSWER, f"{type(error).__name__}: {error}"[:200])
        return {(one, aspect): told for one in labels for aspect in ASPECTS[name]}
