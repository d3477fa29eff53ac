"""MTA-STS (RFC 8461) and TLS reporting (RFC 8460): records, policies, patterns."""

from __future__ import annotations

import pytest

from mailproof.grammars.mta_sts import covers, parse_policy

from .observed import STS_BODY, sts, tlsrpt


@pytest.mark.parametrize(
    "text",
    [
        "v=STSv1;id=1",
        "v=STSv1; id=20160831085700Z;",
        "v=STSv1; id=" + "a" * 32,
        "v=STSv1;\tid=1 ; x_1.a-b=%2d",
        "v=STSv1 ; id=1;",
        "v=STSv1\t;\tid=1\t;\t",
        "v=STSv1; x=1; id=abc",
        "v=STSv1; id=abc; id=2016-08",
    ],
)
def test_sts_records_in_force(text: str) -> None:
    """RFC 8461, section 3.1; the first of a repeated field counts."""
    assert sts(text).in_force


@pytest.mark.parametrize(
    "text",
    [
        "v=STSv1",
        "v=STSv1 id=1",
        "v=STSv1; id=1 ",
        "v=STSv1; id=1; x=",
        "v=STSv1; id=1; rua=",
        "v=stsv1; id=1",
        " v=STSv1; id=1",
        "id=1; v=STSv1",
        "v=STSv1;",
        "v=STSv1;;id=1",
        "v=STSv1; id=",
        "v=STSv1; id=2016-08",
        "v=STSv1; id=2016-08; id=1",
        "v=STSv1; id=" + "a" * 33,
        "v=STSv1; ID=1",
        "v=STSv1; id = 1",
        "v=STSv1; id=1; x",
        "v=STSv1; id=1; x=a b",
        "v=STSv1; id=1; x=a=b",
        "v=STSv1; id=1; -x=a",
        "v=STSv1; id=1; " + "x" * 33 + "=a",
        "v=STSv1; id=1\n",
    ],
)
def test_sts_records_that_are_none(text: str) -> None:
    assert not sts(text).in_force


def test_records_of_another_kind_do_not_count_and_two_of_this_one_are_none() -> None:
    assert sts("v=spf1 -all", "v=STSv1; id=1").in_force
    assert not sts("v=spf1 -all", "v=STSv1 ; id=1").in_force
    assert not sts("v=STSv1; id=1", "v=STSv1; id=1").in_force
    assert not sts().in_force


@pytest.mark.parametrize(
    ("text", "in_force"),
    [
        ("v=TLSRPTv1;rua=mailto:a@example.org", True),
        ("v=TLSRPTv1; rua=mailto:a@example.org , https://r.example/x?a=b; ext=1;", True),
        ("v=TLSRPTv1; rua=MAILTO:a@example.org?subject=x", True),
        ("v=TLSRPTv1; rua=mailto:a%21b@example.org", True),
        ("v=TLSRPTv1 rua=mailto:a@example.org", False),
        ("v=TLSRPTv1 ;rua=mailto:a@example.org", True),
        ("v=TLSRPTv1; rua=mailto:a@example.org; rua=https://r.example/x", True),
        ("v=TLSRPTv1; rua=mailto:a@example.org; rua=nobody", False),
        ("v=TLSRPTv1; rua=mailto:<a@example.org>", False),
        ("v=TLSRPTv1; rua=https://r.example/a b", False),
        ("v=TLSRPTv1; rua=mailto:a@example.org ", False),
        ("v=TLSRPTv1; rua= mailto:a@example.org", False),
        ("v=TLSRPTv1; rua=mailto:a@example.org; ext=", False),
        ("v=TLSRPTv1; rua=mailto:a@example.org!10m", False),
        ("v=TLSRPTv1; rua=http://r.example/x", False),
        ("v=TLSRPTv1; rua=https:///x", False),
        ("v=TLSRPTv1; rua=mailto:a@example.org,", False),
        ("v=TLSRPTv1; rua=a@example.org; rua=mailto:a@example.org", False),
        ("v=TLSRPTv1; rua=mailto:", False),
        ("v=TLSRPTv1;", False),
    ],
)
def test_tlsrpt_records(text: str, in_force: bool) -> None:
    """RFC 8460, section 3; a malformed rua is no extension field."""
    assert tlsrpt(text).in_force == in_force


def test_policies_in_any_order_and_with_either_line_end() -> None:
    """RFC 8461, section 3.2."""
    reversed_lines = "\n".join(reversed(STS_BODY.splitlines()))
    for body in (STS_BODY, STS_BODY.replace("\n", "\r\n"), STS_BODY.rstrip(), reversed_lines):
        assert parse_policy(body).errors == ()
    policy = parse_policy(
        "mx: *.Example.org\nx-y:  anything at all, even \u00e4 \n"
        "mx:mx1.example.net \nmax_age:1\nmode: testing\nversion: STSv1\nmode: none"
    )
    assert (policy.mode, policy.mx, policy.max_age, policy.errors) == (
        "testing",
        ("*.example.org", "mx1.example.net"),
        1,
        (),
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("version: STSv1\n", ""), "version is missing"),
        (("STSv1", "STSv2"), "version is 'STSv2'"),
        (("version: STSv1", "version : STSv1"), "line 1"),
        (("enforce", "enforced"), "mode is 'enforced'"),
        (("mode: enforce\n", ""), "mode is missing"),
        (("mode", "Mode"), "mode is missing"),
        (("604800", "-1"), "max_age is '-1'"),
        (("604800", "31557601"), "max_age"),
        (("604800", "00000604800"), "max_age"),
        (("604800", "1 week"), "max_age"),
        (("604800", "\u0661"), "max_age"),
        (("max_age: 604800\n", ""), "max_age is missing"),
        (("mx: mx1.example.org\n", ""), "no mx"),
        (("mx1.example.org", "mx1.example.org."), "line 4"),
        (("mx1.example.org", "*"), "line 4"),
        (("mx1.example.org", "*.*.org"), "line 4"),
        (("mx1.example.org", "m*.example.org"), "line 4"),
        (("mx1.example.org", ".example.org"), "line 4"),
        (("mx1.example.org", "m\u00fc.example.org"), "line 4"),
        (("mx1.example.org", "192.0.2.1, 192.0.2.2"), "line 4"),
        (("mode", "\nmode"), "line 2"),
        (("STSv1\n", "STSv1\r"), "line 1"),
        (("version", "\ufeffversion"), "line 1"),
    ],
)
def test_faults_of_policies(change: tuple[str, str], error: str) -> None:
    errors = parse_policy(STS_BODY.replace(*change)).errors
    assert any(error in found for found in errors), errors


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("mx1.example.org", "mx1.example.org", True),
        ("mx1.example.org", "MX1.Example.ORG", True),
        ("mx1.example.org", "mx1.example.org.evil.example", False),
        ("*.example.org", "mx1.example.org", True),
        ("*.example.org", "a.mx1.example.org", False),
        ("*.example.org", "example.org", False),
        ("*.example.org", ".example.org", False),
        (".example.org", "mx1.example.org", False),
    ],
)
def test_a_star_is_exactly_one_label(pattern: str, host: str, covered: bool) -> None:
    """RFC 8461, section 4.1."""
    assert covers(pattern, host) == covered
