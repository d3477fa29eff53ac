"""Chains of certificates, right ones and those with one flaw, and what must be said of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import NameOID

from mailproof.net.pkix.paths import PathResult, PathStatus, Roots, verify

from .chains import AT, CLIENT, HOST, MAIL, SERVER, Made, ca, constraints, leaf, made, sent, usage

UNKNOWN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55738.666.1"), b""), True)
POLICY = (x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)]), True)

TORN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.36"), b"\x01"), False)

ROOT = ca("Root")
MIDDLE = ca("Middle", ROOT)

Sent = tuple[Made, ...]
T = TypeVar("T")


def below(issuer: Made, *names: str, **how: object) -> Sent:
    """A server's certificate under ``issuer``, which is sent."""
    return leaf(issuer, *names, **how), issuer  # type: ignore[arg-type]


def limited(*, permitted: tuple[str, ...] = (), excluded: tuple[str, ...] = ()) -> Made:
    """An intermediate with name constraints."""
    return ca("Limited", ROOT, names=constraints(permitted=permitted, excluded=excluded))


def permitting(base: str, *names: str) -> Sent:
    """A certificate for ``names`` under a CA that may vouch for ``base``."""
    return below(limited(permitted=(base,)), *names)


def excluding(base: str, *names: str) -> Sent:
    """A certificate for ``names`` under a CA that may not vouch for ``base``."""
    return below(limited(excluded=(base,)), *names)


def renewed(issuer: Made, **how: object) -> Made:
    """A self-issued certificate of ``issuer``: the same name, a new key."""
    return ca(issuer.certificate.subject, issuer, key_name=f"{issuer.key_name} renewed", **how)  # type: ignore[arg-type]


def organisation(text: str, kind: x509.name._ASN1Type) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, text, kind)])


def named_otherwise() -> Sent:
    """The issuer's name in other letters, another string type and with more blanks (RFC 5280, section 7.1)."""
    kinds = x509.name._ASN1Type
    issuer = ca(organisation("Example Mail  CA", kinds.PrintableString), ROOT)
    shown = organisation(" EXAMPLE mail ca ", kinds.UTF8String)
    server = made("server", issuer, [(x509.SubjectAlternativeName([x509.DNSName(HOST)]), False)], issuer_name=shown)
    return server, issuer


SHORT = ca("Short root", length=0)
TIGHT = ca("Tight root", names=constraints(permitted=("example.org",)))
OWN = leaf(None)
UNNAMED = limited(permitted=("example.org", "CN=server"))

RIGHT: dict[str, tuple[Sent, Made]] = {
    "under the root": ((leaf(ROOT),), ROOT),
    "with an intermediate": (below(MIDDLE), ROOT),
    "the root is sent": ((*below(MIDDLE), ROOT), ROOT),
    "in wrong order": ((leaf(MIDDLE), ROOT, MIDDLE), ROOT),
    "without key identifiers": (below(ca("Plain", ROOT, identifiers=False), identifiers=False), ROOT),
    "no extended key usage": (below(MIDDLE, eku=None), ROOT),
    "server and client": (below(MIDDLE, eku=(CLIENT, SERVER)), ROOT),
    "a CA for servers": (below(ca("Servers", ROOT, eku=(SERVER,))), ROOT),
    "key exchange only": (below(MIDDLE, ku=usage(signs=False, exchanges_keys=True)), ROOT),
    "no CA below one that allows none": (below(ca("Last", ROOT, length=0)), ROOT),
    "self-issued certificates do not count": (below(renewed(SHORT)), SHORT),
    "the issuer's name is written otherwise": (named_otherwise(), ROOT),
    "an expired intermediate that is not needed": (
        (leaf(MIDDLE), ca("Middle", ROOT, days=(-90, -1)), MIDDLE),
        ROOT,
    ),
    "flawed intermediates that are not needed": (
        (leaf(MIDDLE), ca("Middle", ROOT, eku=(CLIENT,)), ca("Middle", ROOT, extra=(UNKNOWN,)), MIDDLE),
        ROOT,
    ),
    "a root that an expired one has signed": ((leaf(ROOT), ca("Root", ca("Old root"), days=(-90, -1))), ROOT),
    "the server's own certificate is trusted": ((OWN,), OWN),
    "a known critical extension": (below(ca("Critical", ROOT, extra=(POLICY,))), ROOT),
    "a permitted name": (permitting("example.org"), ROOT),
    "a permitted name in other letters": (permitting("EXAMPLE.org", "MX.example.ORG"), ROOT),
    "an empty subtree permits all": (permitting(""), ROOT),
    "constraints of another form": (permitting("192.0.2.0/24"), ROOT),
    "another name is excluded": (excluding("ample.org"), ROOT),
    "a permitted address": (permitting("192.0.2.0/25", "192.0.2.5"), ROOT),
    "a permitted address of IPv6": (permitting("2001:db8::/32", "2001:db8::25"), ROOT),
    "a permitted wildcard": (permitting("example.org", "*.example.org"), ROOT),
    "a permitted subject": (permitting("CN=server"), ROOT),
    "another mailbox is excluded": (excluding("a@example.org", HOST, "b@example.org"), ROOT),
    "names of self-issued CAs are free": (
        (leaf(again := renewed(UNNAMED)), again, UNNAMED),
        ROOT,
    ),
    "a root with constraints that fit": (below(ca("Fits", TIGHT)), TIGHT),
}

FLAWED: dict[str, tuple[Sent, Made, PathStatus, str]] = {
    "for clients": (below(MIDDLE, eku=(CLIENT,)), ROOT, PathStatus.NOT_FOR_SERVERS, "CN=server: .* only clientAuth"),
    "for mail": (below(MIDDLE, eku=(MAIL,)), ROOT, PathStatus.NOT_FOR_SERVERS, "only emailProtection"),
    "a CA for clients": (
        below(ca("Clients", ROOT, eku=(CLIENT,))),
        ROOT,
        PathStatus.NOT_FOR_SERVERS,
        "CN=Clients: .* only clientAuth",
    ),
    "a root for clients": (
        (leaf(clients := ca("Root", eku=(CLIENT,))),),
        clients,
        PathStatus.NOT_FOR_SERVERS,
        "CN=Root",
    ),
    "a key that neither signs nor exchanges keys": (
        below(MIDDLE, ku=usage(signs=False, signs_certificates=True)),
        ROOT,
        PathStatus.NOT_FOR_SERVERS,
        "neither signatures nor key exchange",
    ),
    "an unknown critical extension": (
        below(MIDDLE, extra=(UNKNOWN,)),
        ROOT,
        PathStatus.UNKNOWN_CRITICAL,
        r"CN=server: 1\.3\.6\.1\.4\.1\.55738\.666\.1",
    ),
    "an unknown critical extension of a CA": (
        below(ca("Odd", ROOT, extra=(UNKNOWN,))),
        ROOT,
        PathStatus.UNKNOWN_CRITICAL,
        "CN=Odd",
    ),
    "an unknown critical extension of the root": (
        (leaf(odd := ca("Root", extra=(UNKNOWN,))),),
        odd,
        PathStatus.UNKNOWN_CRITICAL,
        "CN=Root",
    ),
    "an issuer that is no CA": (
        below(ca("No CA", ROOT, is_ca=False)),
        ROOT,
        PathStatus.INTERMEDIATE_NOT_CA,
        "CN=No CA$",
    ),
    "an issuer without basic constraints": (
        below(ca("Plain", ROOT, is_ca=None)),
        ROOT,
        PathStatus.INTERMEDIATE_NOT_CA,
        "CN=Plain$",
    ),
    "a CA that may not sign": (
        below(ca("Mute", ROOT, ku=usage())),
        ROOT,
        PathStatus.INTERMEDIATE_NOT_CA,
        "CN=Mute: its key usage",
    ),
    "more CAs than the path length allows": (
        (*below(ca("Second", first := ca("First", ROOT, length=0))), first),
        ROOT,
        PathStatus.PATH_TOO_LONG,
        "CN=First allows 0",
    ),
    "more CAs than the root allows": (below(ca("Middle", SHORT)), SHORT, PathStatus.PATH_TOO_LONG, "CN=Short root"),
    "an expired CA": (below(ca("Gone", ROOT, days=(-90, -1))), ROOT, PathStatus.INTERMEDIATE_EXPIRED, "CN=Gone$"),
    "a CA of tomorrow": (below(ca("Soon", ROOT, days=(1, 90))), ROOT, PathStatus.INTERMEDIATE_EXPIRED, "CN=Soon$"),
    "an expired root": (
        (leaf(gone := ca("Root", days=(-90, -1))),),
        gone,
        PathStatus.ROOT_EXPIRED,
        "CN=Root$",
    ),
    "another name is permitted": (permitting("example.net"), ROOT, PathStatus.NAME_NOT_ALLOWED, f"{HOST} is not among"),
    "a name that only ends like it": (permitting("ample.org"), ROOT, PathStatus.NAME_NOT_ALLOWED, HOST),
    "one of two names": (permitting("example.org", HOST, "mx.example.net"), ROOT, PathStatus.NAME_NOT_ALLOWED, "net"),
    "an excluded name": (excluding("example.org"), ROOT, PathStatus.NAME_NOT_ALLOWED, f"{HOST} is excluded"),
    "an empty subtree excludes all": (excluding(""), ROOT, PathStatus.NAME_NOT_ALLOWED, HOST),
    "permitted and excluded": (
        below(limited(permitted=("example.org",), excluded=(HOST,))),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "is excluded",
    ),
    "a wildcard that covers an excluded name": (
        excluding(HOST, "*.example.org"),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        r"\*\.example\.org is excluded",
    ),
    "a wildcard that covers more than is permitted": (
        permitting(HOST, "*.example.org"),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "not among",
    ),
    "a permitted name with a final dot": (
        permitting("example.org", f"{HOST}."),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "not among",
    ),
    "an excluded name with a final dot": (
        excluding("example.org", f"{HOST}."),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "is excluded",
    ),
    "a constraint that begins with a dot": (permitting(".example.org"), ROOT, PathStatus.NAME_NOT_ALLOWED, "no name"),
    "a constraint with a wildcard": (permitting("*.example.org"), ROOT, PathStatus.UNCHECKED, "CN=Limited.*wildcard"),
    "an extension of a CA that does not parse": (
        below(ca("Torn", ROOT, extra=(TORN,))),
        ROOT,
        PathStatus.UNCHECKED,
        "CN=Torn",
    ),
    "another address": (permitting("192.0.2.0/25", "192.0.2.129"), ROOT, PathStatus.NAME_NOT_ALLOWED, "192.0.2.129"),
    "an excluded address": (excluding("2001:db8::/32", "2001:db8::1"), ROOT, PathStatus.NAME_NOT_ALLOWED, "2001"),
    "an address of the other family": (
        permitting("192.0.2.0/24", "2001:db8::1"),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "2001:db8::1",
    ),
    "another subject": (permitting("CN=somebody"), ROOT, PathStatus.NAME_NOT_ALLOWED, "CN=server"),
    "an excluded subject": (excluding("CN=SERVER"), ROOT, PathStatus.NAME_NOT_ALLOWED, "CN=server is excluded"),
    "an excluded mailbox": (
        excluding("a@example.org", HOST, "a@EXAMPLE.org"),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "a@EXAMPLE.org",
    ),
    "a root with constraints that do not fit": (
        below(ca("Fits not", TIGHT), "mx.example.net"),
        TIGHT,
        PathStatus.NAME_NOT_ALLOWED,
        "CN=Tight root",
    ),
    "a server's certificate that is issued by itself": (
        (
            leaf(limited(permitted=("CN=nobody",)), subject="Limited", key_name="other"),
            limited(permitted=("CN=nobody",)),
        ),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "CN=Limited",
    ),
    "the server's certificate signs itself": ((leaf(None),), ROOT, PathStatus.SELF_SIGNED, "CN=server"),
    "an unknown root that is sent": (
        (*below(ca("Middle", foreign := ca("Foreign"))), foreign),
        ROOT,
        PathStatus.UNTRUSTED_ROOT,
        "CN=Foreign$",
    ),
    "an unknown root that is not sent": (below(ca("Middle", ca("Foreign"))), ROOT, PathStatus.UNTRUSTED_ROOT, "CN=For"),
    "the intermediate is not sent": ((leaf(MIDDLE),), ROOT, PathStatus.ISSUER_MISSING, "CN=Middle$"),
    "another intermediate of the name": (
        (leaf(MIDDLE), ca("Middle", ROOT, key_name="other", identifiers=False)),
        ROOT,
        PathStatus.BROKEN_SIGNATURE,
        "CN=Middle$",
    ),
    "CAs that sign each other": (
        (leaf(one := ca("One", ca("Two"))), one, ca("Two", ca("One"))),
        ROOT,
        PathStatus.UNTRUSTED_ROOT,
        "sign each other",
    ),
}


def verified(chain: Sent, root: Made, days: float = 0) -> PathResult:
    return verify(sent(*chain), Roots([root.certificate]), AT + timedelta(days=days))


def sequence(*parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    return (bytes([0x30, length]) if length < 128 else b"\x30\x82" + length.to_bytes(2)) + content
