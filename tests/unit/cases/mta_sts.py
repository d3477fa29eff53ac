"""MTA-STS and TLS reporting."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.net.https import TLSFault
from mailproof.observations.mta_sts import STSChange, STSPolicyFile, STSRecord
from mailproof.observations.mx import MX, HostAddresses, MXHosts
from mailproof.targets.mail import MailDomain

from ..observed import ADDRESS, DOMAIN, PARKED, RECEIVES, STS_BODY, answer, missing, mx, sts, sts_policy, tlsrpt
from .case import Case, Table, advises, fails, leaves, passes, skips

_MX = mx("10 mx1.example.org.")
_GOOD = "v=STSv1; id=20261122T000000"


def _domain(case: Case, domain: MailDomain = RECEIVES) -> Case:
    """The case with what every control of a TXT record also looks at."""
    return replace(case, observed={"mail_domain": domain, "mx": _MX, **case.observed})


_LOST = STSRecord(DOMAIN, replace(missing(f"_mta-sts.{DOMAIN}", "TXT"), aliases=("gone.example.net",)))
"""The record is an alias of a name that does not exist."""
_WITHOUT_RECORD = STSPolicyFile(DOMAIN, sts(), (), None)
_WITHOUT_ADDRESS = STSPolicyFile(DOMAIN, sts(_GOOD), (), None)

_TWO = ("mx: mx1.example.org", "mx: old.example.org")


def _policy(*lines: str, mode: str = "enforce", age: int = 1_209_600) -> str:
    """A policy with these lines besides; without any, the MX host of the domain."""
    return "\n".join(("version: STSv1", f"mode: {mode}", f"max_age: {age}", *(lines or ("mx: mx1.example.org",)), ""))


SHA, OTHER_SHA = "ab" * 32, "cd" * 32


def _changed(former: str, id: str = "1", digest: str = SHA) -> STSChange:
    return STSChange(DOMAIN, True, id, digest, former)


_BOTH = mx("10 mx1.example.org.", "20 mx2.example.org.")


def _hosts(seen: MX, *labels: str) -> MXHosts:
    """The two hosts, of which these have an address."""
    found = {name: [ADDRESS] if name.split(".")[0] in labels else [] for name in seen.names}
    hosts = (
        HostAddresses(name, (DOMAIN,), answer(name, "A", *addresses), missing(name, "AAAA"))
        for name, addresses in found.items()
    )
    return MXHosts(DOMAIN, seen, tuple(hosts))


def _covered(case: Case) -> Case:
    """The case with hosts of which nothing is known, where it says nothing of them."""
    return replace(case, observed={"mx_hosts": MXHosts(DOMAIN, _MX, ()), **case.observed})


TABLE: Table = {
    "STS-ID-CHANGED": (
        passes(sts_change=_changed(f"1 {SHA}")),
        passes(sts_change=_changed(f"0 {OTHER_SHA}")),
        fails("the policy has changed, and the id is still 1", level=MUST, sts_change=_changed(f"1 {OTHER_SHA}")),
        advises("from 0 to 1, and the policy has not", sts_change=_changed(f"0 {SHA}")),
        skips("--history FILE", sts_change=STSChange(DOMAIN, False, "1", SHA)),
        skips("does not know the policy yet", sts_change=_changed("")),
        skips("does not know the policy yet", sts_change=_changed("1")),
        leaves("STS-TXT", sts_change=_changed("", "", "")),
        leaves("STS-FETCH", sts_change=_changed(f"1 {SHA}", digest="")),
    ),
    "STS-TXT": (
        _domain(passes(sts_record=sts(_GOOD))),
        _domain(passes(sts_record=sts(f"{_GOOD};"))),
        _domain(passes(sts_record=sts("something else", f"{_GOOD}; extension=ok"))),
        _domain(advises("publishes no MTA-STS record", sts_record=sts())),
        _domain(advises("publishes no MTA-STS record", sts_record=sts("something else"))),
        _domain(passes(sts_record=sts("v=STSv1 ; id=1;"))),
        _domain(fails("does not count", level=MUST, sts_record=sts("v=STSv1"))),
        _domain(fails("does not count", level=MUST, sts_record=sts(" v=STSv1; id=1"))),
        _domain(fails("value is empty", sts_record=sts(f"{_GOOD}; x="))),
        _domain(fails("letters and digits", sts_record=sts("v=STSv1; id=1 "))),
        _domain(fails("does not count", sts_record=sts("V=stsv1; id=1"))),
        _domain(fails("does not count", sts_record=sts("id=1; v=STSv1;"))),
        _domain(fails("does not count", sts_record=sts("v=STS1; id=1"))),
        _domain(fails("does not count", sts_record=sts("v=STS; id=1"))),
        _domain(advises("no MTA-STS record", sts_record=sts("v=STSv2; id=1"))),
        _domain(fails("2 records", sts_record=sts(_GOOD, "v=STSv1; id=2"))),
        _domain(fails("id is not", sts_record=sts("v=STSv1; id=2016-08"))),
        _domain(fails("id is missing", sts_record=sts("v=STSv1;"))),
        _domain(leaves("DANGLE-CNAME", sts_record=_LOST)),
        _domain(skips("takes no mail", sts_record=sts()), PARKED),
        _domain(skips("takes no mail", sts_record=sts(), mx=mx("0 ."))),
    ),
    "TLSRPT-TXT": (
        _domain(passes(tlsrpt_record=tlsrpt("v=TLSRPTv1; rua=mailto:tls@example.org"))),
        _domain(passes(tlsrpt_record=tlsrpt("v=TLSRPTv1;rua=https://r.example/tls , mailto:tls@example.org;"))),
        _domain(advises("publishes no TLS-RPT", tlsrpt_record=tlsrpt())),
        _domain(fails("does not count", level=MUST, tlsrpt_record=tlsrpt("v=TLSRPTv1 rua=mailto:tls@example.org"))),
        _domain(fails("does not count", level=MUST, tlsrpt_record=tlsrpt("rua=mailto:tls@example.org; v=TLSRPTv1"))),
        _domain(fails("does not count", tlsrpt_record=tlsrpt("v=TLS-RPTv1; rua=mailto:tls@example.org"))),
        _domain(fails("2 records", tlsrpt_record=tlsrpt(*("v=TLSRPTv1; rua=mailto:tls@example.org",) * 2))),
        _domain(fails("rua is missing", tlsrpt_record=tlsrpt("v=TLSRPTv1; ruf=mailto:tls@example.org"))),
        _domain(fails("neither a mailto", tlsrpt_record=tlsrpt("v=TLSRPTv1; rua=tls@example.org"))),
        _domain(passes(tlsrpt_record=tlsrpt("v=TLSRPTv1 ; rua=mailto:tls@example.org"))),
        _domain(fails("exclamation mark", tlsrpt_record=tlsrpt("v=TLSRPTv1; rua=mailto:tls@example.org!10m"))),
        _domain(fails("neither a mailto", tlsrpt_record=tlsrpt("v=TLSRPTv1; rua=mailto:a@b.example; rua=nobody"))),
        _domain(fails("percent-encoded", tlsrpt_record=tlsrpt("v=TLSRPTv1; rua=mailto:<tls@example.org>"))),
        _domain(fails("value is empty", tlsrpt_record=tlsrpt("v=TLSRPTv1; rua=mailto:a@b.example; x=a b"))),
        _domain(skips("takes no mail", tlsrpt_record=tlsrpt()), PARKED),
    ),
    "STS-FETCH": (
        passes(sts_policy=sts_policy()),
        passes(sts_policy=sts_policy("rubbish")),
        fails("no address", level=MUST, sts_policy=_WITHOUT_ADDRESS),
        fails(
            "certificate of the policy host is refused: expired",
            sts_policy=sts_policy(status=0, tls_error="expired"),
        ),
        fails(
            "speaks neither TLS 1.2 nor TLS 1.3: TLSV1_ALERT_PROTOCOL_VERSION",
            sts_policy=sts_policy(status=0, tls_error="TLSV1_ALERT_PROTOCOL_VERSION", tls_fault=TLSFault.VERSION),
        ),
        fails("status 404", sts_policy=sts_policy(status=404)),
        fails(
            "must not be followed",
            sts_policy=sts_policy(status=301, headers=(("location", "https://x.example/"),)),
        ),
        skips("STS-TXT", sts_policy=_WITHOUT_RECORD),
        skips("STS-TXT", sts_policy=sts_policy(record=sts("v=STSv1; id=a-b"))),
    ),
    "STS-BODY": (
        passes(sts_policy=sts_policy()),
        passes(sts_policy=sts_policy(STS_BODY.replace("\n", "\r\n"))),
        passes(sts_policy=sts_policy("mx: *.example.org\nmax_age: 31557600\nmode: testing\nversion: STSv1")),
        passes(sts_policy=sts_policy("version: STSv1\nmode: none\nmax_age: 60\n")),
        fails("mode is missing", level=MUST, sts_policy=sts_policy("version: STSv1\nmax_age: 1\nmx: a.example")),
        fails("mode is 'Enforce'", sts_policy=sts_policy(STS_BODY.replace("enforce", "Enforce"))),
        fails("value of x is empty", sts_policy=sts_policy(STS_BODY + "x:\n")),
        fails("MX on line 4 is none", sts_policy=sts_policy(STS_BODY.replace("mx:", "MX:"))),
        fails("no mx", sts_policy=sts_policy("version: STSv1\nmode: enforce\nmax_age: 1\n")),
        fails("max_age is '31557601'", sts_policy=sts_policy(STS_BODY.replace("604800", "31557601"))),
        fails("version is missing", sts_policy=sts_policy("")),
        fails("text/html", level=SHOULD, sts_policy=sts_policy(content_type="text/html")),
        fails("no type", level=SHOULD, sts_policy=sts_policy(content_type=None)),
        skips("STS-FETCH", sts_policy=sts_policy(status=404)),
        skips("STS-TXT", sts_policy=_WITHOUT_RECORD),
    ),
    "STS-MX-COVERED": tuple(
        _covered(case)
        for case in (
            passes(sts_policy=sts_policy(), mx=_MX),
            passes(
                sts_policy=sts_policy(STS_BODY.replace("mx1", "*")),
                mx=mx("10 mx1.example.org.", "20 MX2.example.org."),
            ),
            fails(
                "mx2.example.org matches none",
                level=MUST,
                sts_policy=sts_policy(),
                mx=mx("10 mx1.example.org.", "20 mx2.example.org."),
            ),
            fails(
                "a.mx1.example.org",
                sts_policy=sts_policy(STS_BODY.replace("mx1", "*")),
                mx=mx("10 a.mx1.example.org."),
            ),
            fails(
                "example.org matches none",
                sts_policy=sts_policy(STS_BODY.replace("mx1", "*")),
                mx=mx("10 example.org."),
            ),
            skips("mx patterns", sts_policy=sts_policy("version: STSv1\nmode: none\nmax_age: 60\n"), mx=_MX),
            skips("no MX host", sts_policy=sts_policy(), mx=mx("0 .")),
            skips("no MX host", sts_policy=sts_policy(), mx=mx()),
            passes(sts_policy=sts_policy(STS_BODY.replace("mx1.", "")), mx=mx(addresses=("192.0.2.1",))),
            fails("example.org matches none", sts_policy=sts_policy(), mx=mx(addresses=("192.0.2.1",))),
            skips("mx patterns", sts_policy=sts_policy(status=500), mx=_MX),
            skips("STS-TXT", sts_policy=_WITHOUT_RECORD, mx=_MX),
            leaves("MX-RESOLVES", sts_policy=sts_policy(), mx=_BOTH, mx_hosts=_hosts(_BOTH, "mx1")),
            fails("mx2.example.org matches none", sts_policy=sts_policy(), mx=_BOTH, mx_hosts=_hosts(_BOTH, "mx2")),
            leaves("MX-NOT-IP", sts_policy=sts_policy(), mx=mx("10 192.0.2.1.")),
            passes(sts_policy=sts_policy(), mx=mx("10 mx1.example.org.", "20 192.0.2.1.")),
        )
    ),
    "STS-NO-STALE-MX": (
        passes(sts_policy=sts_policy(), mx=_MX),
        passes(sts_policy=sts_policy(_policy("mx: *.example.org")), mx=_MX),
        advises("no MX host matches old.example.org", sts_policy=sts_policy(_policy(*_TWO)), mx=_MX),
        leaves("STS-MX-COVERED", sts_policy=sts_policy(_policy("mx: old.example.org")), mx=_MX),
        leaves("STS-BODY", sts_policy=sts_policy(_policy(*_TWO, "x")), mx=_MX),
        skips("no policy with mx", sts_policy=sts_policy(_policy(*_TWO, mode="none")), mx=_MX),
        skips("no MX host", sts_policy=sts_policy(), mx=mx("0 .")),
        leaves("STS-TXT", sts_policy=_WITHOUT_RECORD, mx=_MX),
    ),
    "STS-MAXAGE-FLOOR": (
        passes(sts_policy=sts_policy()),
        passes(sts_policy=sts_policy(_policy(age=604_800))),
        fails("3600 seconds; at least 86400", level=SHOULD, sts_policy=sts_policy(_policy(age=3600))),
        advises("RFC 8461 expects weeks", sts_policy=sts_policy(_policy(age=86_400))),
        skips("no policy in force", sts_policy=sts_policy(_policy(age=60, mode="none"))),
        leaves("STS-BODY", sts_policy=sts_policy(_policy("x"))),
        leaves("STS-TXT", sts_policy=_WITHOUT_RECORD),
    ),
}
