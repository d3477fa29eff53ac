"""Who issued the certificates of a chain: they were sent, or are in the trust store."""

from __future__ import annotations

from cryptography import x509

from mailproof.net.pkix.certificates import fingerprint, load, reading
from mailproof.net.pkix.names import canonical
from mailproof.net.pkix.paths import Roots
from mailproof.observations.tls import Deployment


def issuer_of(deployment: Deployment, sha256: str, roots: Roots) -> x509.Certificate | None:
    """The certificate that stands above the one with this fingerprint in the path; None where none is known."""
    path = deployment.path.certificates
    if sha256 not in path[:-1]:
        return None
    wanted = path[path.index(sha256) + 1]
    pems = dict(zip((known.sha256 for known in deployment.chain.facts), deployment.chain.certificates, strict=True))
    if wanted in pems:
        return load(pems[wanted])
    with reading():
        below = load(pems[sha256])
        return next((root for root in roots.named(canonical(below.issuer)) if fingerprint(root) == wanted), None)
