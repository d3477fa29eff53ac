"""Several servers under one name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import SHOULD
from mailproof.net.errors import Refused
from mailproof.net.tls.facts import Unanswered
from mailproof.observations.balanced import Face, HostFaces

from .case import Table, advises, fails, leaves, passes, skips, undecided

FACE = Face(
    "mx.example.org[192.0.2.25]:25",
    25,
    "mx.example.org",
    ("8BITMIME", "PIPELINING"),
    ("TLSv1.2", "TLSv1.3"),
    "ECDHE-RSA-AES128-GCM-SHA256",
    "x25519",
    ("aa",),
    ("CN=A",),
)


def _beside(**different: Any) -> HostFaces:
    """Two servers that are alike but for what is different."""
    return HostFaces("mx.example.org", (FACE, replace(FACE, endpoint="mx.example.org[192.0.2.26]:25", **different)))


TABLE: Table = {
    "VIP-SAME": (
        passes(host_faces=_beside()),
        passes(host_faces=_beside(keys=("bb",))),
        passes(host_faces=_beside(issuers=("CN=B",))),
        passes(host_faces=_beside(keywords=None, name=None, versions=None, suite=None, group=None, keys=None)),
        passes(host_faces=HostFaces("mx", (replace(FACE, keys=None), replace(FACE, endpoint="mx[::1]:25", keys=None)))),
        fails("versions of TLS differ", level=SHOULD, host_faces=_beside(versions=("TLSv1.2",))),
        advises("names in the greeting differ", host_faces=_beside(name="other.example.org")),
        advises("keywords of EHLO differ", host_faces=_beside(keywords=("8BITMIME",))),
        advises("suites of TLS 1.2 differ", host_faces=_beside(suite="AES128-SHA")),
        advises("groups of TLS 1.3 differ", host_faces=_beside(group="secp256r1")),
        advises("issuers of the certificates differ", host_faces=_beside(keys=("bb",), issuers=("CN=B",))),
        undecided("421 later", host_faces=_beside(unseen=Unanswered("mx", "throttled", "421 later"))),
        leaves("MX-PORT25-OPEN", host_faces=_beside(unseen=Unanswered("mx", Refused.kind, "nobody listens"))),
        skips("one address", host_faces=HostFaces("mx.example.org", ())),
        skips("one address", host_faces=HostFaces("mx.example.org", (FACE,))),
        passes(host_faces=HostFaces("mx", (*_beside().faces, replace(FACE, port=465, versions=("TLSv1.3",))))),
    ),
}
