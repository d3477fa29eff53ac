"""Authentication-Results as receivers write them (RFC 8601)."""

from __future__ import annotations

import pytest

from mailproof.grammars.authentication_results import parse_authentication_results


@pytest.mark.parametrize(
    ("value", "server", "results"),
    [
        ("mx.example.org; none", "mx.example.org", []),
        (
            '"MX.example.org." 1 (x; y);\n dkim=pass header.d=a.example',
            "mx.example.org",
            [("dkim", "pass", "a.example")],
        ),
        # What stands in quotes is text, whatever it looks like.
        ('mx; dkim=fail reason="; dkim=pass header.d=b" header.d=c', "mx", [("dkim", "fail", "c")]),
        ("mx; dkim/1 = fail (key) header . d = a; spf=none", "mx", [("dkim", "fail", "a"), ("spf", "none", "")]),
        ('mx; dkim=pass reason="a', "mx", [("dkim", "pass", "")]),
        ("", "", []),
        (";;;", "", []),
    ],
)
def test_fields_are_taken_apart(value: str, server: str, results: list[tuple[str, str, str]]) -> None:
    found = parse_authentication_results(value)
    assert found.server == server
    assert [(one.method, one.result, one.properties.get("header.d", "")) for one in found.results] == results
