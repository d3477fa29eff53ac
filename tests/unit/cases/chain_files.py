"""Files of certificates."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import SHOULD
from mailproof.net.pkix.certificates import Certificate
from mailproof.net.pkix.paths import PathStatus
from mailproof.observations.chain_files import ChainFile, ShownByHost
from mailproof.observations.configuration import ProgramSettings, SettingSeen
from mailproof.places import Place

from ..observed import HOST
from .case import Table, advises, fails, passes, skips, undecided
from .certificate_chains import FOREIGN, LEAF, LOWER, PATH, ROOT, UPPER, in_order

_LOWER, _UPPER = replace(LOWER, is_ca=True), replace(UPPER, is_ca=True)
_ROOT = replace(ROOT, is_ca=True, self_signed=True)


def _file(
    *chain: Certificate,
    status: PathStatus = PathStatus.TRUSTED,
    path: tuple[Certificate, ...] = PATH,
    **changes: object,
) -> ChainFile:
    (deployment,) = in_order(*chain, status=status, path=path).deployments
    seen = ChainFile("mx.pem", "postfix", "", deployment, len(chain), key_of=(0,))
    return replace(seen, **changes)  # type: ignore[arg-type]


def _client(*settings: tuple[str, str], program: str = "postfix") -> ProgramSettings:
    seen = tuple(SettingSeen(name, value, Place("main.cf", 1)) for name, value in settings)
    return ProgramSettings(program, HOST, seen, ("main.cf",))


_SERVED = ("smtpd_tls_chain_files", "/etc/a.key, /etc/a.pem")
_SAME = ("smtp_tls_cert_file", "/etc/a.pem")
_PUBLIC = ShownByHost(HOST, ("CN=mx1",))

_RIGHT = (LEAF, _LOWER, _UPPER)

TABLE: Table = {
    "CHAIN-FILE": (
        passes(chain_file=_file(*_RIGHT)),
        passes(chain_file=_file(*_RIGHT, key_of=None)),
        passes(chain_file=_file(_ROOT, path=(_ROOT,), status=PathStatus.SELF_SIGNED)),
        passes(chain_file=_file(*_RIGHT, program="apache", version="2.4.8")),
        passes(chain_file=_file(*_RIGHT, program="apache", has_chain_of_its_own=True, in_file=1, has_chain_file=True)),
        fails("that of none of the certificates", level=SHOULD, chain_file=_file(*_RIGHT, key_of=())),
        fails("that of CN=lower", chain_file=_file(*_RIGHT, key_of=(1,))),
        fails("that of the CA CN=lower", chain_file=_file(_LOWER, LEAF, _UPPER, path=(_LOWER, _UPPER), key_of=None)),
        fails("not in the order", level=SHOULD, chain_file=_file(LEAF, _UPPER, _LOWER)),
        fails("sent twice: CN=lower", chain_file=_file(LEAF, _LOWER, _LOWER)),
        fails("issued by CN=foreign", chain_file=_file(*_RIGHT, FOREIGN)),
        fails(
            "the issuer of CN=leaf is not in the file",
            chain_file=_file(LEAF, path=(LEAF,), status=PathStatus.ISSUER_MISSING),
        ),
        fails("broken signature", chain_file=_file(*_RIGHT, status=PathStatus.BROKEN_SIGNATURE)),
        fails(
            "takes only the first of the 3",
            chain_file=_file(*_RIGHT, program="apache", version="2.2.34", has_chain_of_its_own=True),
        ),
        advises("the root CN=root is in the file", chain_file=_file(*_RIGHT, _ROOT)),
        advises("SSLCertificateChainFile", chain_file=_file(*_RIGHT, program="apache", in_file=1, has_chain_file=True)),
    ),
    "CERT-CLIENT-EKU": (
        passes(program_settings=_client(_SERVED), shown_by_host=_PUBLIC),
        passes(program_settings=_client(_SERVED, ("smtp_tls_cert_file", "")), shown_by_host=_PUBLIC),
        passes(program_settings=_client(_SERVED, ("smtp_tls_cert_file", "none")), shown_by_host=_PUBLIC),
        passes(program_settings=_client(_SERVED, _SAME), shown_by_host=ShownByHost(HOST, others=("CN=mx1",))),
        advises("presents CN=mx1, of a public CA", program_settings=_client(_SERVED, _SAME), shown_by_host=_PUBLIC),
        advises(
            "of a public CA",
            program_settings=_client(("smtpd_tls_cert_file", "/a"), ("smtp_tls_chain_files", "/a")),
            shown_by_host=_PUBLIC,
        ),
        undecided(
            "/etc/b.pem is not known",
            program_settings=_client(_SERVED, ("smtp_tls_cert_file", "/etc/b.pem")),
            shown_by_host=_PUBLIC,
        ),
        undecided("is not known", program_settings=_client(_SERVED, _SAME), shown_by_host=ShownByHost(HOST)),
        undecided(
            "is not known",
            program_settings=_client(_SERVED, _SAME),
            shown_by_host=ShownByHost(HOST, others=("CN=a",), unknown=("no answer",)),
        ),
        skips("exim has no settings", program_settings=_client(program="exim"), shown_by_host=_PUBLIC),
    ),
}
