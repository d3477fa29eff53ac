"""Files of certificates on disk, before or while a server reads them."""

from __future__ import annotations

from mailproof.controls import MAY, SHOULD, Family, Harm, control, fail, finding
from mailproof.net.pkix.paths import PathStatus
from mailproof.observations.chain_files import ChainFile
from mailproof.references import Reference, rfc
from mailproof.tests_compliance.test_certificate_chains import foreign, misplaced

FAMILY = Family("CERT", "Certificates", also=("CHAIN",))

APACHE = Reference("Apache: mod_ssl", "https://httpd.apache.org/docs/2.4/mod/mod_ssl.html")


@control("CHAIN-FILE", SHOULD, rfc(8446, "4.4.2"), APACHE, harm=Harm.READ)
def test_file_holds_the_chain(chain_file: ChainFile) -> None:
    """A file of certificates holds the server's own first, which is for the private key, then its issuers in order; no
    root, and nothing else.

    Why: servers send the file as it is, and some clients cannot build a path from anything else; with a key that does
    not match the server does not start.
    Fix: write the file anew: fullchain.pem of an ACME client is right.
    """
    facts, path = chain_file.deployment.chain.facts, chain_file.deployment.path
    if chain_file.key_of is not None and 0 not in chain_file.key_of:
        whose = ", ".join(facts[number].subject for number in chain_file.key_of)
        fail(f"the private key is that of {whose}" if whose else "the private key is that of none of the certificates")
    assert not facts[0].is_ca or facts[0].self_signed or len(facts) == 1, (
        f"the first certificate is that of the CA {facts[0].subject}"
    )
    if chain_file.has_chain_of_its_own and chain_file.in_file > 1:
        fail(
            f"Apache {chain_file.version} takes only the first of the {chain_file.in_file} certificates",
            fix="put the intermediates into the file that SSLCertificateChainFile names.",
        )
    if told := misplaced(chain_file.deployment):
        fail(told)
    if path.status is PathStatus.ISSUER_MISSING:
        fail(f"the issuer of {path.path[-1]} is not in the file: {path.detail}")
    if path.status is PathStatus.BROKEN_SIGNATURE:
        fail(f"{path.status}: {path.detail}", fix="put the intermediate into the file that really signed it.")
    if others := foreign(chain_file.deployment):
        fail(f"nothing in the file was issued by {', '.join(found.subject for found in others)}")
    if roots := [found.subject for found in facts[1:] if found.self_signed]:
        finding(MAY, f"the root {', '.join(roots)} is in the file", why="clients have it: it makes handshakes longer.")
    if chain_file.has_chain_file and not chain_file.has_chain_of_its_own:
        finding(
            MAY,
            "SSLCertificateChainFile is used",
            why="Apache calls it obsolete since 2.4.8, where SSLCertificateFile takes the intermediates as well.",
            fix="put the intermediates behind the server's certificate, and remove the directive.",
        )
