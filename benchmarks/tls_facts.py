"""What three tools say of one TLS server, in the same words: a fact for each row, none where a tool is silent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from mailproof.net.pkix.certificates import Chain
from mailproof.net.pkix.flaws import PathStatus
from mailproof.net.pkix.paths import Roots, verify
from mailproof.net.pkix.reference_names import matches_name
from mailproof.net.tls.offers import Offers
from mailproof.net.tls.versions import TLSVersion

Facts = Mapping[str, str]
"""Values by row."""

YES, NO = "yes", "no"
VERSIONS = tuple(str(version) for version in TLSVersion)
WEAK = ("NULL", "anonymous", "EXPORT", "RC4", "3DES")
OLD_SUITES, NEW_SUITES = "suites up to TLS 1.2", "suites of TLS 1.3"
CURVES = "curves"
CBC = "CBC"
COMPRESSION, RENEGOTIATION, EMS = "compression", "secure renegotiation", "extended master secret"
TICKETS = "session tickets"
FALLBACK = "fallback signal"
ORDER = "order of the server"
CERTIFICATE = "certificate verifies"
ROWS = (
    *VERSIONS,
    *WEAK,
    *(CBC, OLD_SUITES, NEW_SUITES, CURVES, ORDER),
    *(COMPRESSION, RENEGOTIATION, EMS, TICKETS, FALLBACK, CERTIFICATE),
)

_SIGNS = {
    "NULL": re.compile(r"(?:^|-)NULL(?:-|$)"),
    "anonymous": re.compile(r"^(?:EXP-)?(?:ADH|AECDH)-|_anon_"),
    "EXPORT": re.compile(r"^EXP"),
    "RC4": re.compile(r"RC4"),
    "3DES": re.compile(r"DES-CBC3|3DES"),
}
_AEAD = re.compile(r"GCM|CCM|POLY1305|RC4|NULL|^TLS_")


def of_mailproof(offers: Offers, chains: Iterable[Chain], roots: Roots, host: str, at: datetime) -> Facts:
    """The facts in the full depth."""
    found: dict[str, str] = {}
    for handshake in offers.versions:
        found[str(handshake.version)] = _yes(handshake.accepted)
    taken = {str(entry.offered) for entry in offers.weak or () if entry.accepted}
    found |= {kind: _yes(kind in taken) for kind in WEAK}
    for listed in offers.suites or ():
        row = NEW_SUITES if listed.version is TLSVersion.TLS1_3 else OLD_SUITES
        found[row] = _listed(listed.suites)
        if row == OLD_SUITES:
            found[CBC] = _yes(any(not _AEAD.search(name) for name in listed.suites))
            if listed.server_order is not None:
                found[ORDER] = _yes(listed.server_order)
    found[CURVES] = _listed(map(_curve, (*(offers.curves or ()), *(offers.groups or ()))))
    if offers.traits is not None:
        found[COMPRESSION] = _yes(offers.traits.compression)
        found[RENEGOTIATION] = _yes(offers.traits.secure_renegotiation)
        found[EMS] = _yes(offers.traits.extended_master_secret)
        found[TICKETS] = _yes(offers.traits.session_tickets)
    if offers.fallback_refused is not None:
        found[FALLBACK] = _yes(offers.fallback_refused)
    right = [_verifies(chain, roots, host, at) for chain in chains]
    found[CERTIFICATE] = _yes(bool(right) and all(right))
    return found


def _verifies(chain: Chain, roots: Roots, host: str, at: datetime) -> bool:
    begin, end = map(datetime.fromisoformat, (chain.leaf.not_before, chain.leaf.not_after))
    within = begin <= at <= end
    return within and verify(chain, roots, at).status is PathStatus.TRUSTED and matches_name(chain.leaf, host)


def of_sslyze(file: Path) -> Facts:
    """Out of its JSON."""
    (server,) = json.loads(file.read_text())["server_scan_results"]
    said = server["scan_result"]
    if said is None:
        return {}
    results = {name: entry["result"] for name, entry in said.items() if entry and entry["result"]}
    found: dict[str, str] = {}
    names: dict[str, list[str]] = {}
    for version in TLSVersion:
        key = str(version).lower().replace("sslv", "ssl_").replace("tlsv", "tls_").replace(".", "_")
        result = results.get(f"{key if '_0' in key or '_1' in key[5:] else key + '_0'}_cipher_suites") or results.get(
            f"{key}_cipher_suites"
        )
        if result is not None:
            names[str(version)] = [s["cipher_suite"]["openssl_name"] for s in result["accepted_cipher_suites"]]
            found[str(version)] = _yes(bool(names[str(version)]))
    every = [name for version, listed in names.items() for name in listed if version != str(TLSVersion.SSLV2)]
    found |= {kind: _yes(any(sign.search(name) for name in every)) for kind, sign in _SIGNS.items()}
    newest = next((names[v] for v in reversed(VERSIONS[:-1]) if names.get(v) and v != VERSIONS[0]), [])
    if newest:
        found[OLD_SUITES] = _listed(newest)
        found[CBC] = _yes(any(not _AEAD.search(name) for name in newest))
    if names.get(VERSIONS[-1]):
        found[NEW_SUITES] = _listed(names[VERSIONS[-1]])
    if (curves := results.get("elliptic_curves")) is not None and curves["supported_curves"] is not None:
        found[CURVES] = _listed(_curve(curve["name"]) for curve in curves["supported_curves"])
    for row, command, field in (
        (COMPRESSION, "tls_compression", "supports_compression"),
        (RENEGOTIATION, "session_renegotiation", "supports_secure_renegotiation"),
        (EMS, "tls_extended_master_secret", "supports_ems_extension"),
        (FALLBACK, "tls_fallback_scsv", "supports_fallback_scsv"),
    ):
        if command in results:
            found[row] = _yes(results[command][field])
    if "certificate_info" in results:
        deployments = results["certificate_info"]["certificate_deployments"]
        ours = [
            path["was_validation_successful"]
            for deployment in deployments
            for path in deployment["path_validation_results"]
            if path["trust_store"]["name"] == "Supplied CA file"
        ]
        found[CERTIFICATE] = _yes(bool(ours) and all(ours))
    return found


_TESTSSL_VERSIONS = dict(zip(("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3"), VERSIONS, strict=True))
_TESTSSL_LISTS = {
    "cipherlist_NULL": "NULL",
    "cipherlist_aNULL": "anonymous",
    "cipherlist_EXPORT": "EXPORT",
    "cipherlist_3DES_IDEA": "3DES",
}
_IN_EXTENSIONS = ((EMS, "'extended master secret/"), (TICKETS, "'session ticket/"))


def of_testssl(file: Path) -> Facts:
    """Out of its flat JSON."""
    said = {entry["id"]: entry["finding"] for entry in json.loads(file.read_text())}
    found: dict[str, str] = {}
    for known in (_TESTSSL_VERSIONS, _TESTSSL_LISTS):
        found |= {row: _yes(said[id].startswith(("offered", "vulnerable"))) for id, row in known.items() if id in said}
    found |= {row: _yes(sign in said["TLS_extensions"]) for row, sign in _IN_EXTENSIONS if "TLS_extensions" in said}
    if "PFS_ECDHE_curves" in said:
        found[CURVES] = _listed(map(_curve, said["PFS_ECDHE_curves"].split()))
    for row, id, yes, no in (
        (CBC, "LUCKY13", "potentially vulnerable", "not vulnerable"),
        (ORDER, "cipher_order", "server", "NOT a cipher order"),
        (COMPRESSION, "CRIME_TLS", "VULNERABLE", "not vulnerable"),
        (RENEGOTIATION, "secure_renego", "supported", "VULNERABLE"),
        (FALLBACK, "fallback_SCSV", "supported", "NOT supported"),
    ):
        words = said.get(id, "")
        if words.startswith((yes, no)):
            found[row] = _yes(words.startswith(yes))
    if "cert_chain_of_trust" in said:
        wrong = "expired" in said.get("cert_expirationStatus", "") or not said.get("cert_trust", "").startswith("Ok")
        found[CERTIFICATE] = _yes(said["cert_chain_of_trust"].startswith("passed") and not wrong)
    return found


def _yes(value: object) -> str:
    return YES if value else NO


def _listed(names: Iterable[str]) -> str:
    known = (name.replace("EDH-", "DHE-") for name in names if name)  # as OpenSSL has called them since 1.1
    return " ".join(sorted(set(known))) or "none"


def _curve(name: str) -> str:
    """As the registry calls it; empty for what is no curve."""
    found = {"prime256v1": "secp256r1", "prime192v1": "secp192r1"}.get(name, name).lower()
    return "" if found.startswith("ffdhe") or "mlkem" in found or "kyber" in found else found
