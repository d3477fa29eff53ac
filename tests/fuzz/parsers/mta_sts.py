"""MTA-STS records and policies, and TLSRPT records."""

from __future__ import annotations

from collections.abc import Callable

from mailproof.grammars import mta_sts
from mailproof.net import https
from mailproof.observations.mta_sts import STSRecord
from mailproof.observations.published import PublishedRecord
from mailproof.observations.tls_reporting import TLSRPTRecord
from tests.fuzz.parser import Parser, as_text, words_of
from tests.unit import observed


def _published_record(kind: type[PublishedRecord]) -> Callable[[bytes], bool]:
    def parse(data: bytes) -> bool:
        answer = observed.answer("example.org", "TXT", as_text(data))
        record = kind("example.org", answer)
        assert record.in_force == (len(record.texts) == 1 and not record.errors)
        assert record.evidence()
        return record.in_force

    return parse


def _sts_policy(data: bytes) -> bool:
    policy = mta_sts.parse_policy(https.as_plain_text(data))
    for pattern in policy.mx[:50]:
        assert mta_sts.covers(pattern, "mx1.example.org") in (True, False)
    return not policy.errors


PARSERS = (
    Parser(
        "sts-record",
        _published_record(STSRecord),
        (b"v=STSv1; id=20261122T120000; x=y;",),
        words_of("v=STSv1; id= a=b"),
        10,
    ),
    Parser(
        "sts-policy",
        _sts_policy,
        (b"version: STSv1\nmode: enforce\nmx: *.example.org\r\nmx: mx1.example.org\nmax_age: 1209600\n",),
        words_of("version: STSv1 mode: enforce testing none mx: *. max_age: 86400 \r\n \t \xa0"),
        15,
    ),
    Parser(
        "tlsrpt",
        _published_record(TLSRPTRecord),
        (b"v=TLSRPTv1; rua=mailto:a@b.example,https://r.example/x; y=z", b"v=TLSRPTv1;rua=https://[::1]/"),
        words_of("v=TLSRPTv1; rua= mailto: https:// ! @ [ ] %5B :99999"),
        10,
    ),
)
