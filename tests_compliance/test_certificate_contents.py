"""What stands in certificates: signatures, purposes, serial numbers, keys, and names for more than one host."""

from __future__ import annotations

import hashlib

from mailproof.controls import MAY, MUST, SHOULD, Between, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.criteria.broken_keys import MOST_BITS, PUBLISHED, rsa_weakness
from mailproof.net.errors import NotAvailable
from mailproof.net.pkix.contents import Contents
from mailproof.net.pkix.paths import PathStatus
from mailproof.observations.certificates import CertificateContents, ListedKeys, ServerKeyCompany
from mailproof.observations.tls import Certificates
from mailproof.references import BASELINE_REQUIREMENTS, NCSC_NL_TLS, Reference, rfc
from mailproof.tests_compliance.test_certificates import judged_by_pkix, require_tls

FAMILY = Family("CERT", "Certificates", also=("CHAIN",))

ETSI_ETS = Reference("ETSI TS 103 523-3: Enterprise Transport Security")
BADKEYS = Reference("badkeys", "https://badkeys.info/")

_BROKEN = ("md2", "md4", "md5", "sha1")


@control("CERT-SIG-ALG", MUST, rfc(9325, "4.5"), NCSC_NL_TLS, harm=Harm.READ)
def test_signatures_are_strong(certificates: Certificates) -> None:
    """The server's certificate and the intermediates are signed with SHA-256 or better: with RSA (PSS as well), ECDSA
    or EdDSA.

    Why: signatures over SHA-1 and MD5 can be forged.
    Fix: have the certificate issued anew, by a CA that signs with SHA-256.
    """
    outdated = []
    for deployment in judged_by_pkix(certificates):
        for certificate in deployment.below_root:
            digest = certificate.signature_hash
            if certificate.self_signed or digest is None:
                continue
            if digest in _BROKEN and deployment.path.status is PathStatus.REFUSED_SIGNATURE:
                leave_to("CERT-TRUST", f"{deployment.path.status}: {deployment.path.detail}")
            assert digest not in _BROKEN, f"{certificate.subject} is signed with {digest}"
            if digest == "sha224":
                outdated.append(certificate.subject)
    if outdated:
        finding(
            MAY,
            f"signed with sha224: {', '.join(outdated)}",
            why="NCSC-NL wants SHA-224 phased out, and public CAs may not use it (Baseline Requirements, 7.1.3).",
        )


@control("CERT-KEY-USAGE", MUST, rfc(8446, "4.4.2.2"), rfc(5280, "4.2.1.3"), harm=Harm.READ)
def test_key_may_be_used_for_tls(certificates: Certificates, certificate_contents: CertificateContents) -> None:
    """Where a certificate limits what its key may be used for, it allows signatures; and none signs certificates
    without being a CA's.

    Why: clients of TLS 1.3 refuse a key that may not sign, and so do some of TLS 1.2 with every ephemeral key exchange.
    Fix: have the certificate issued with the key usage digitalSignature.
    """
    chains = judged_by_pkix(certificates)
    limited = False
    for deployment, shown in zip(chains, certificate_contents.shown, strict=False):
        if deployment.path.status is PathStatus.NOT_FOR_SERVERS:
            leave_to("CERT-TRUST", f"{deployment.path.status}: {deployment.path.detail}")
        usage = shown.leaf.key_usage
        if usage is None:
            continue
        limited = True
        assert "digitalSignature" in usage, f"{shown.leaf.subject}: the key usage is only {', '.join(usage) or 'empty'}"
        if "keyCertSign" in usage and not deployment.chain.leaf.is_ca:
            finding(
                MUST,
                f"{shown.leaf.subject} is no CA's, and its key usage has keyCertSign",
                why="RFC 5280, section 4.2.1.9 forbids it, and strict clients refuse the certificate.",
                fix="have the certificate issued without keyCertSign.",
            )
    if not limited:
        not_applicable("no certificate says what its key may be used for")


@control(
    "CERT-SERIAL",
    MUST,
    rfc(5280, "4.1.2.2"),
    BASELINE_REQUIREMENTS,
    allowed={"public_bits": Between(1, 64)},
    harm=Harm.READ,
)
def test_serial_numbers_are_in_bounds(
    certificates: Certificates, certificate_contents: CertificateContents, *, public_bits: int = 48
) -> None:
    """Serial numbers are positive and have at most 20 octets; those of public CAs come from 64 random bits or more.

    Why: some clients refuse others, and a number that can be guessed makes forged certificates easier. One of 64 random
    bits has fewer than 48 once in 65536 times.
    Fix: have the certificate issued anew, by a CA that keeps the rule.
    """
    chains = judged_by_pkix(certificates)
    for deployment, shown in zip(chains, certificate_contents.shown, strict=False):
        for certificate in deployment.below_root:
            serial = int(certificate.serial, 16)
            assert serial > 0, f"{certificate.subject} has the serial number {serial}, which is not positive"
            octets = serial.bit_length() // 8 + 1
            assert octets <= 20, f"{certificate.subject} has a serial number of {octets} octets"
            if shown.public and serial.bit_length() < public_bits:
                finding(MUST, f"{certificate.subject} has a serial number of {serial.bit_length()} bits: {serial:x}")


@control("CERT-WEAK-KEY", MUST, BASELINE_REQUIREMENTS, BADKEYS, harm=Harm.READ)
def test_keys_are_not_known_to_be_broken(
    certificates: Certificates, certificate_contents: CertificateContents, listed_keys: ListedKeys
) -> None:
    """The RSA key of no certificate is known to be broken, and its exponent is 65537.

    Why: who knows how a broken key was made, or finds it on a list, has the private key.
    Fix: make a new key with current software, and have the certificate issued for it.
    """
    require_tls(certificates)
    found = {one.sha256: one for shown in certificate_contents.shown for one in shown.certificates if one.modulus}
    if not found:
        not_applicable("no certificate has an RSA key")
    weak = [f"{one.subject}: {why}" for one in found.values() if (why := _weakness(one))]
    weak += [f"{subject}: the key is on the list {name}" for subject, name in listed_keys.listed]
    assert not weak, "\n".join(weak)
    if listed_keys.unread:
        raise NotAvailable(f"no list of broken keys: {', '.join(listed_keys.unread)}")
    odd = [one for one in found.values() if one.exponent != 65537]
    if odd:
        level = SHOULD if any((one.exponent or 0) < 65537 for one in odd) else MAY
        told = ", ".join(f"{one.subject}: {one.exponent}" for one in odd)
        finding(
            level,
            f"the public exponent is not 65537: {told:.300}",
            why="the Baseline Requirements, section 6.1.6, want it above 65536; small ones made attacks possible, and "
            "odd ones come from odd software.",
        )


def _weakness(one: Contents) -> str:
    """Why the private key follows from the public one; empty where none of the known ways leads to it."""
    modulus = int(one.modulus, 16)
    if modulus < 2 or not modulus % 2:
        return "the modulus is even"
    if modulus.bit_length() > MOST_BITS:
        return ""
    octets = modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")
    published = PUBLISHED.get(hashlib.sha256(octets).hexdigest())
    return f"the private key is published: {published}" if published else rsa_weakness(modulus, one.exponent or 0)


@control("CERT-KEY-REUSE", MAY, Reference("ALPACA, USENIX Security 2021", "https://alpaca-attack.com/"), harm=Harm.READ)
def test_key_is_of_one_host(certificates: Certificates, server_key_company: ServerKeyCompany) -> None:
    """A host that the inventory wants to have a key of its own (own_key) shares none with other hosts.

    Why: who breaks into one of the hosts can then read and change what goes to the others (DROWN, ALPACA).
    Fix: make a key for each host, and have a certificate issued for each.
    """
    require_tls(certificates)
    if not server_key_company.own:
        not_applicable("the inventory does not want the host to have a key of its own (own_key)")
    others = ", ".join(server_key_company.others)
    assert not server_key_company.others, f"{server_key_company.host} shows the key of {others} as well"
    if server_key_company.unknown:
        raise NotAvailable("; ".join(server_key_company.unknown[:5]))


@control("CERT-EV-ETLS-WILDCARD", MAY, rfc(9525, "7.1"), ETSI_ETS, harm=Harm.READ)
def test_certificate_is_for_this_host_and_its_traffic_for_nobody_else(
    certificates: Certificates, certificate_contents: CertificateContents
) -> None:
    """The certificate is made out to hosts by name, not by a wildcard, and says nothing of eavesdroppers with a second
    key (eTLS).

    Why: a wildcard vouches for every host of the domain, those that break or somebody takes over included.
    Fix: list the hosts' names; ACME clients get such certificates at no cost.
    """
    chains = judged_by_pkix(certificates)
    visible = [shown.leaf.subject for shown in certificate_contents.shown if shown.leaf.visible]
    if visible:
        finding(
            MAY,
            f"visibility information stands in {', '.join(visible)}",
            why="the server says that its traffic is open to who has a second key (ETSI TS 103 523-3), so there is no "
            "forward secrecy.",
            fix="have the certificate issued without it, and use ephemeral keys that are kept by nobody.",
        )
    wild = dict.fromkeys(name for d in chains for name in d.chain.leaf.dns_names if name.startswith("*."))
    assert not wild, f"wildcards: {', '.join(wild)}"
