"""Files of certificates on disk, before or while a server reads them, and who presents which."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MAY, SHOULD, Family, Harm, control, fail, finding, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.net.pkix.paths import PathStatus
from mailproof.observations.chain_files import ChainFile, ShownByHost
from mailproof.observations.configuration import OF_CLIENT, OF_SERVER, ProgramSettings, SettingSeen
from mailproof.references import CHROME_ROOTS, LETS_ENCRYPT, Reference, rfc
from mailproof.tests_compliance.test_certificate_chains import foreign, misplaced

FAMILY = Family("CERT", "Certificates", also=("CHAIN",))

APACHE = Reference("Apache: mod_ssl", "https://httpd.apache.org/docs/2.4/mod/mod_ssl.html")


@control("CHAIN-FILE", SHOULD, rfc(8446, "4.4.2"), APACHE, harm=Harm.READ)
def test_file_holds_the_chain(chain_file: ChainFile) -> None:
    """A file of certificates holds the server's own first, which is for the private key, then its issuers in order; no
    root, and nothing else.

    Of Postfix a file may hold several private keys, each before its chain: each is judged.

    Why: servers send the file as it is, and some clients cannot build a path from anything else; with a key that does
    not match the server does not start.
    Fix: write the file anew: fullchain.pem of an ACME client is right.
    """
    _check(chain_file)
    for chain in chain_file.further:
        in_file = len(chain.deployment.chain.facts)
        _check(replace(chain_file, deployment=chain.deployment, key_of=chain.key_of, in_file=in_file))


def _check(chain_file: ChainFile) -> None:
    facts, path = chain_file.deployment.chain.facts, chain_file.deployment.path
    if chain_file.key_of is not None and 0 not in chain_file.key_of:
        whose = ", ".join(found.subject for number, found in enumerate(facts) if number in chain_file.key_of)
        which = f"the private key before {facts[0].subject}" if chain_file.further else "the private key"
        fail(f"{which} is that of {whose or 'none of the certificates'}")
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
        fail(f"the issuer of {', '.join(path.path[-1:])} is not in the file: {path.detail}")
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


@control("CERT-CLIENT-EKU", MAY, CHROME_ROOTS, LETS_ENCRYPT, harm=Harm.LOST)
def test_client_certificate_is_not_one_of_a_public_ca(
    program_settings: ProgramSettings, shown_by_host: ShownByHost
) -> None:
    """Postfix does not present a certificate of a public CA where it delivers mail as a client.

    Why: public CAs leave the purpose clientAuth out of their certificates, all of them by 15 March 2027; a server that
    looks at it then refuses the connection.
    Fix: leave smtp_tls_chain_files and smtp_tls_cert_file empty: hardly any server asks for a certificate. To one that
    does show a certificate of a CA that both sides know.
    """
    if program_settings.program != "postfix":
        not_applicable(f"{program_settings.program} has no settings of a client's certificate that are looked at")
    presented = _files(program_settings, OF_CLIENT)
    if not presented:
        return
    served = {file for setting in _files(program_settings, OF_SERVER) for file in _split(setting)}
    own = [setting for setting in presented if served.intersection(_split(setting))]
    if not own:
        names = ", ".join(setting.meaning for setting in presented)
        raise NotAvailable(f"which CA issued the certificate in {names} is not known: the server does not show it")
    if not shown_by_host.public:
        if shown_by_host.unknown or not shown_by_host.others:
            raise NotAvailable(f"which certificate {shown_by_host.host} shows is not known", shown_by_host.evidence())
        return
    told = f"{own[0].name} = {own[0].value}: Postfix presents {', '.join(shown_by_host.public)}, of a public CA"
    finding(MAY, told, at=own[0].place)


def _files(program_settings: ProgramSettings, names: tuple[str, ...]) -> list[SettingSeen]:
    """The settings of these names that name a file."""
    found = (program_settings.get(name) for name in names)
    return [setting for setting in found if setting is not None and _split(setting)]


def _split(setting: SettingSeen) -> list[str]:
    """The files that a setting names, in whatever of them is a list."""
    return [file for file in setting.meaning.replace(",", " ").split() if file != "none"]
