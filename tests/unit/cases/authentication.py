"""SPF, DKIM, DMARC."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailproof.controls import MUST, SHOULD
from mailproof.observations.spf import SPF, PublishedSPF

from ..observed import DOMAIN, dkim, dmarc, evaluation, lookup, missing, published, spf, spf_tree
from .case import Case, Table, advises, fails, leaves, passes, skips


@cache
def rsa_key(bits: int, format: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    """A new RSA key as DKIM publishes it."""
    key = rsa.generate_private_key(65537, bits).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, format)).decode()


@cache
def ed25519_key() -> str:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


RSA_512 = (
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL10DPn3pT8j0n7bfwCYjQMFrcGPvN1cDy9mQ3pQyVbh"
    "o9cK1TdnTqQk5JQ3z0w4nFQy1mH0B6E7cW3u8u0ZkB8CAwEAAQ=="
)
"""cryptography makes no keys this small any more, but reads them."""


def _accept(case: Case, *endings: str) -> Case:
    return replace(case, parameters={"accept": endings})


_TREE = spf_tree("v=spf1 mx -all")
_INCLUDES = "v=spf1 include:spf.example.net -all"
_PATH = ("include:spf.example.net",)

TABLE: Table = {
    "SPF-EXISTS": (
        passes(spf=spf("v=spf1 -all")),
        passes(spf=spf("verification=abc", "V=SPF1 -all")),
        fails("no SPF record", level=SHOULD, spf=spf("verification=abc", "v=spf10 -all")),
        fails("no SPF record", level=SHOULD, spf=spf("spf2.0/pra -all", "v=spf2.0/pra")),
        *(
            fails(f"{text!r} is none", level=SHOULD, spf=spf(text))
            for text in (
                *(
                    " v=spf1 mx -all",
                    "v=spf1; mx; -all",
                    '"v=spf1 -all"',
                    "spf1 mx -all",
                    "v=spf1include:a.example -all",
                ),
                *("v = spf1 -all", "v=spf1\tmx -all"),
            )
        ),
        fails("2 SPF records", level=MUST, spf=spf("v=spf1 -all", "v=spf1 -all")),
        leaves("MX-EXISTS", spf=SPF(PublishedSPF(DOMAIN, (), missing(DOMAIN, "TXT")))),
    ),
    "SPF-SYNTAX": (
        passes(spf=spf("v=spf1 a mx/24//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 exists:%{i}._spf.example.org ~all")),
        passes(spf=spf("v=spf1")),
        passes(spf=spf("v=spf1 unknown=%{d} ra=postmaster -all ")),
        fails("ipv4:192.0.2.1: unknown mechanism", spf=spf("v=spf1 ipv4:192.0.2.1 -all")),
        fails("top label", spf=spf("v=spf1 a:museum -all")),
        fails("prefix length", spf=spf("v=spf1 a/33 -all")),
        fails("redirect is given twice", spf=spf("v=spf1 redirect=a.example redirect=b.example")),
        skips("SPF-EXISTS", spf=spf()),
        skips("SPF-EXISTS", spf=spf("v=spf1 -all", "v=spf1 -all")),
    ),
    "SPF-ALL-STRICT": (
        passes(spf_tree=_TREE),
        _accept(passes(spf_tree=spf_tree("v=spf1 mx ~all")), "-all", "~all"),
        passes(
            spf_tree=spf_tree(
                "v=spf1 redirect=b.example",
                published("b.example", "v=spf1 -all", path=("redirect=b.example",)),
            )
        ),
        skips(
            "SPF-INCLUDE-VALID",
            spf_tree=spf_tree("v=spf1 redirect=b.example", published("b.example", path=("redirect=b.example",))),
        ),
        fails("ends in ~all", level=SHOULD, spf_tree=spf_tree("v=spf1 mx ~all")),
        fails("ends in +all", spf_tree=spf_tree("v=spf1 mx all")),
        fails("ends in ?all", spf_tree=spf_tree("v=spf1 mx ?all -all")),
        fails("neutral", spf_tree=spf_tree("v=spf1 mx")),
        fails("neutral", spf_tree=spf_tree("v=spf1 redirect=b.example")),
        leaves("SPF-INCLUDE-VALID", spf_tree=spf_tree("v=spf1 redirect=example.org", loops=("a -> a",))),
        skips("cannot be said", spf_tree=spf_tree("v=spf1 redirect=%{l1r+}._spf.%{d}")),
        leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 ipv4:192.0.2.1 ?all")),
        skips("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-LOOKUPS-10": (
        passes(spf_tree=_TREE),
        passes(spf_tree=spf_tree("v=spf1 -all", lookups=(lookup(mx_names=10),) * 10)),
        fails("11 lookups", level=MUST, spf_tree=spf_tree("v=spf1 -all", lookups=(lookup(),) * 11)),
        passes(spf_tree=spf_tree("v=spf1 -all", lookups=(lookup(cost=2),) * 5)),
        fails("12 lookups", level=MUST, spf_tree=spf_tree("v=spf1 -all", lookups=(lookup(cost=2),) * 6)),
        leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 x -all", lookups=(lookup(),) * 11)),
        fails("more than 40", spf_tree=spf_tree("v=spf1 -all", lookups=(lookup(),) * 40, cut_short=True)),
        fails("11 MX names", spf_tree=spf_tree("v=spf1 mx -all", lookups=(lookup(mx_names=11),))),
        skips(
            "SPF-INCLUDE-VALID",
            spf_tree=spf_tree("v=spf1 include:example.org -all", loops=("example.org -> example.org",)),
        ),
        skips("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-VOID-2": (
        passes(spf_tree=_TREE),
        passes(spf_tree=spf_tree("v=spf1 -all", lookups=(lookup("46"), lookup("46")))),
        passes(spf_tree=spf_tree("v=spf1 -all", lookups=(lookup("6"),) * 3, families=(4,))),
        fails(
            "4 void lookups for senders with IPv6",
            spf_tree=spf_tree("v=spf1 -all", lookups=(lookup("46"), lookup("46"), lookup("6"), lookup("6"))),
        ),
        fails("3 void lookups", level=SHOULD, spf_tree=spf_tree("v=spf1 -all", lookups=(lookup("46"),) * 3)),
        fails("IPv4", spf_tree=spf_tree("v=spf1 -all", lookups=(lookup("4"),) * 3, families=(4,))),
        leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 x -all", lookups=(lookup("46"),) * 3)),
        skips("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-NO-PTR": (
        passes(spf_tree=_TREE),
        passes(spf_tree=spf_tree("v=spf1 a:ptr.example.org -all")),
        fails("example.org: ptr", level=SHOULD, spf_tree=spf_tree("v=spf1 ptr -all")),
        fails(
            "spf.example.net: ?PTR:x.example",
            spf_tree=spf_tree(_INCLUDES, published("spf.example.net", "v=spf1 ?PTR:x.example")),
        ),
        skips("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-INCLUDE-VALID": (
        passes(spf_tree=spf_tree(_INCLUDES, published("spf.example.net", "v=spf1 ip4:192.0.2.1", path=_PATH))),
        fails(
            "no SPF records",
            level=MUST,
            spf_tree=spf_tree(_INCLUDES, published("spf.example.net", path=_PATH)),
        ),
        fails(
            "2 SPF records",
            spf_tree=spf_tree(_INCLUDES, published("spf.example.net", "v=spf1", "v=spf1", path=_PATH)),
        ),
        fails(
            "unknown mechanism",
            spf_tree=spf_tree(_INCLUDES, published("spf.example.net", "v=spf1 x", path=_PATH)),
        ),
        fails(
            "leads back",
            spf_tree=spf_tree("v=spf1 include:example.org", loops=("example.org -> example.org",)),
        ),
        skips("includes nothing", spf_tree=_TREE),
        skips("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-INVENTORY-EVAL": (
        passes(spf_of_sender=evaluation("pass")),
        passes(spf_of_sender=evaluation("pass", foreign=("softfail", "fail"))),
        passes(spf_of_sender=evaluation("pass", foreign=())),
        fails("SPF says softfail", level=MUST, spf_of_sender=evaluation("softfail")),
        fails("SPF says permerror", spf_of_sender=evaluation("permerror")),
        fails("passes for anybody", level=MUST, spf_of_sender=evaluation("pass", foreign=("pass",))),
        fails("says neutral for anybody", level=SHOULD, spf_of_sender=evaluation("pass", foreign=("neutral",))),
        leaves("SPF-EXISTS", spf_of_sender=evaluation("none", texts=())),
        leaves("SPF-SYNTAX", spf_of_sender=replace(evaluation("permerror"), tree=spf_tree("v=spf1 x -all"))),
        leaves(
            "SPF-LOOKUPS-10",
            spf_of_sender=replace(evaluation("permerror"), tree=spf_tree("v=spf1 -all", lookups=(lookup(),) * 11)),
        ),
        leaves(
            "SPF-VOID-2",
            spf_of_sender=replace(
                evaluation("permerror", foreign=("permerror",)),
                tree=spf_tree("v=spf1 -all", lookups=(lookup("4"),) * 3),
            ),
        ),
        leaves(
            "SPF-INCLUDE-VALID",
            spf_of_sender=replace(
                evaluation("permerror"), tree=spf_tree(_INCLUDES, published("spf.example.net", path=_PATH))
            ),
        ),
    ),
    "DKIM-SELECTOR": (
        passes(dkim_key=dkim(f"v=DKIM1; k=rsa; p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"p={rsa_key(1024)}")),
        passes(dkim_key=dkim(f"v=DKIM1; k=ed25519; p={ed25519_key()};")),
        fails("no TXT record (NXDOMAIN)", level=MUST, dkim_key=dkim()),
        fails("2 TXT records", dkim_key=dkim(f"p={rsa_key(2048)}", f"p={rsa_key(1024)}")),
        fails("revoked", dkim_key=dkim("v=DKIM1; p=")),
        fails("not base64", dkim_key=dkim("v=DKIM1; p=!!!")),
        passes(dkim_key=dkim(f"v=DKIM1; s=tlsrpt; p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"v=DKIM1; s=email:tlsrpt; h=sha256; t=s:x-flag; p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"v=DKIM1;\r\n k=rsa;\r\n\tp={rsa_key(2048)[:64]}\r\n {rsa_key(2048)[64:]}")),
        fails("p holds '\\n': a line end", dkim_key=dkim(f"v=DKIM1; p={rsa_key(2048)[:64]}\n{rsa_key(2048)[64:]}")),
        fails("p holds '\\r': a line end", dkim_key=dkim(f"v=DKIM1; p={rsa_key(2048)[:64]}\r\n{rsa_key(2048)[64:]}")),
        fails("n holds '\xe9'", dkim_key=dkim(f"v=DKIM1; n=caf\xe9; p={rsa_key(2048)}")),
        fails("'y!' is not a word", dkim_key=dkim(f"v=DKIM1; t=y!; p={rsa_key(2048)}")),
        fails("'s_' is not a word", dkim_key=dkim(f"v=DKIM1; t=y:s_; p={rsa_key(2048)}")),
        fails("'' is not a word", dkim_key=dkim(f"v=DKIM1; h=sha256:; p={rsa_key(2048)}")),
        advises("h has no value", dkim_key=dkim(f"v=DKIM1; h=; p={rsa_key(2048)}")),
        fails("neither email nor tlsrpt", dkim_key=dkim(f"v=DKIM1; s=other; p={rsa_key(2048)}")),
        advises("behind the last semicolon", dkim_key=dkim(f"v=DKIM1; p={rsa_key(2048)}; ")),
        advises("t has no value", dkim_key=dkim(f"v=DKIM1; t=; p={rsa_key(2048)}")),
        fails("admits no hash", dkim_key=dkim(f"v=DKIM1; h=sha1; p={rsa_key(2048)}")),
        fails("p, which holds the key", dkim_key=dkim("v=DKIM1; k=rsa")),
    ),
    "DKIM-KEY-LENGTH": (
        passes(dkim_key=dkim(f"v=DKIM1; p={rsa_key(2048)}")),
        passes(dkim_key=dkim(f"v=DKIM1; k=ed25519; p={ed25519_key()}")),
        fails("1024 bits, fewer than 2048", level=SHOULD, dkim_key=dkim(f"p={rsa_key(1024)}")),
        replace(passes(dkim_key=dkim(f"p={rsa_key(1024)}")), parameters={"recommended_bits": 1024}),
        fails("fewer than 1024", level=MUST, dkim_key=dkim(f"p={RSA_512}")),
        skips("DKIM-SELECTOR", dkim_key=dkim()),
        skips("DKIM-SELECTOR", dkim_key=dkim("p=")),
    ),
    "DMARC-EXISTS": (
        passes(dmarc=dmarc("v=DMARC1; p=none")),
        passes(dmarc=dmarc(parents=(("v=DMARC1; p=reject",), ()))),
        passes(dmarc=dmarc("v=DMARC1; rua=mailto:d@example.org")),
        fails("no DMARC record", level=SHOULD, dmarc=dmarc()),
        passes(dmarc=dmarc("V=DMARC1; p=none")),
        fails("'v=dmarc1; p=none', which is no DMARC record", dmarc=dmarc("v=dmarc1; p=none")),
        fails("' v=DMARC1; p=none', which", dmarc=dmarc(" v=DMARC1; p=none")),
        fails("'v=DMARC1 p=none', which", dmarc=dmarc("v=DMARC1 p=none")),
        fails(f"; sub.{DOMAIN} has 'v=DMARC1; p=none'", dmarc=dmarc(at_domain=("v=DMARC1; p=none", "v=spf1"))),
        leaves("MX-EXISTS", dmarc=dmarc(exists=False)),
        leaves("DMARC-SINGLE", dmarc=dmarc(parents=(("v=DMARC1; p=none", "v=DMARC1; p=none"), ()))),
        leaves("DMARC-SYNTAX", dmarc=dmarc("v=DMARC1; p=none; sp=x", parents=(("v=DMARC1; p=reject",), ()))),
        leaves("DMARC-SYNTAX", dmarc=dmarc(parents=(("v=DMARC1; p=x",), ()))),
        skips("DMARC-SINGLE", dmarc=dmarc("v=DMARC1; p=none", "v=DMARC1; p=reject")),
        skips("DMARC-SYNTAX", dmarc=dmarc("v=DMARC1; p=nothing")),
    ),
    "DMARC-SINGLE": (
        passes(dmarc=dmarc("v=DMARC1; p=none", "something else")),
        fails(f"_dmarc.sub.{DOMAIN} has 2", level=MUST, dmarc=dmarc("v=DMARC1; p=none", "v=DMARC1; p=none")),
        fails(f"_dmarc.{DOMAIN} has 2", dmarc=dmarc("v=DMARC1; p=none", parents=(("v=DMARC1; p=none",) * 2, ()))),
        skips("DMARC-EXISTS", dmarc=dmarc()),
    ),
    "DMARC-SYNTAX": (
        passes(dmarc=dmarc("v = DMARC1 ; p = Quarantine ; sp=none; np=reject; t=y; psd=n; fo=1:d:s; pct=50;")),
        passes(dmarc=dmarc("v=DMARC1; rua=mailto:a@example.org!10m,https://r.example/x; p=none")),
        fails(
            "p=quarantaine is not one",
            level=MUST,
            dmarc=dmarc("v=DMARC1; p=quarantaine; rua=mailto:a@example.org"),
        ),
        fails("given twice", dmarc=dmarc("v=DMARC1; p=none; p=none")),
        fails("exclude each other", dmarc=dmarc("v=DMARC1; p=none; fo=0:1")),
        fails("fo=d:d names an option twice", dmarc=dmarc("v=DMARC1; p=none; fo=d:d")),
        fails("pct has no value", dmarc=dmarc("v=DMARC1; p=none; pct=;")),
        fails("x has no value", dmarc=dmarc("v=DMARC1; p=none; x=")),
        fails("not a tag", dmarc=dmarc("v=DMARC1; p=none; x1=y")),
        fails("printable ASCII", dmarc=dmarc("v=DMARC1; p=none; note=caf\xe9")),
        fails("'<' must be percent-encoded", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:<a@b.example>")),
        fails("must be percent-encoded", dmarc=dmarc('v=DMARC1; p=none; ruf=mailto:a@b.example"')),
        fails("must be percent-encoded", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:a @b.example")),
        fails("exclamation mark", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:a@b.example!")),
        fails("exclamation mark", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:a@b.example!10p")),
        fails("exclamation mark", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:a!b@b.example")),
        fails("sp=x is not one", dmarc=dmarc("v=DMARC1; p=none; sp=x; rua=mailto:a@b.example")),
        passes(dmarc=dmarc("v=DMARC1; p=none; rua=mailto:a%21b@b.example , https://r.example/a?b=c!5m; fo=d:1:s")),
        fails("not a tag", dmarc=dmarc("v=DMARC1; p=none; reject")),
        fails("holds no mailbox", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:nobody")),
        fails("is not a URI", dmarc=dmarc("v=DMARC1; p=none; rua=dmarc@example.org")),
        fails("p= is not one", dmarc=dmarc(parents=(("v=DMARC1; p=; rua=mailto:a@example.org",), ()))),
        fails("p is missing", dmarc=dmarc("v=DMARC1; sp=none")),
        skips("DMARC-EXISTS", dmarc=dmarc()),
    ),
    "DMARC-ENFORCED": (
        passes(dmarc=dmarc("v=DMARC1; p=quarantine")),
        passes(dmarc=dmarc("v=DMARC1; p=reject; t=y")),
        passes(dmarc=dmarc(parents=(("v=DMARC1; p=none; sp=reject",), ()))),
        passes(dmarc=dmarc(parents=(("v=DMARC1; p=none; np=reject",), ()), exists=False)),
        fails("policy is none", level=SHOULD, dmarc=dmarc("v=DMARC1; p=none")),
        fails("t=y has lowered", dmarc=dmarc("v=DMARC1; p=quarantine; t=y")),
        fails(f"sp of _dmarc.{DOMAIN}", dmarc=dmarc(parents=(("v=DMARC1; p=reject; sp=none",), ()))),
        fails("policy is none", dmarc=dmarc(parents=(("v=DMARC1; p=none; np=reject",), ()))),
        passes(dmarc=dmarc("V=DMARC1; p=reject")),
        leaves("DMARC-SYNTAX", dmarc=dmarc("v=DMARC1; p=reject; sp=x; rua=mailto:a@b.example")),
        leaves("DMARC-EXISTS", dmarc=dmarc()),
        leaves("DMARC-SINGLE", dmarc=dmarc("v=DMARC1; p=none", "v=DMARC1; p=none")),
    ),
}
