"""Patterns of ids: what selects is generous, what excuses stops at the end of a name."""

from __future__ import annotations

import pytest

from mailproof.patterns import matches

ENDPOINT = "mx1.example.org[192.0.2.25]:25"
STRANGER = "mx1.example.org.elsewhere.example[192.0.2.66]:25"


@pytest.mark.parametrize(
    ("pattern", "id", "selects", "excuses"),
    [
        ("mx1.example.org*", ENDPOINT, True, True),
        ("mx1.example.org*", "mx1.example.org", True, True),
        ("mx1.example.org*", STRANGER, True, False),
        ("mx1.example.org*", "mx1.example.org-x.example", True, False),
        ("mx1.example*", ENDPOINT, True, False),
        ("*.example.org*", ENDPOINT, True, True),
        ("*.example.org*", STRANGER, True, False),
        ("mx?.example.org*", ENDPOINT, True, True),
        ("mx?.example.org*", STRANGER, True, False),
        ("example.org@mx1.example.org*", f"example.org@{STRANGER}", True, False),
        ("mx1.*", ENDPOINT, True, True),
        ("mx*", ENDPOINT, True, True),
        ("*", STRANGER, True, True),
        ("192.0.2.*", "192.0.2.9", True, True),
        ("SPF-*", "SPF-ALL-STRICT", True, True),
        ("spf-exists", "SPF-EXISTS", True, True),
        ("mx1.example.org[192.0.2.25]:25", ENDPOINT, True, True),
        ("mx1.example.org[2]", "mx1.example.org2", False, False),
        ("mx1.example.org**", STRANGER, True, False),
        ("m*1*example*org*25", ENDPOINT, True, True),
        pytest.param("*a" * 2000 + "b", "a" * 3000, False, False, id="many places to begin at"),
        pytest.param("mx1.example.org[" + "*" * 5000 + "x", ENDPOINT, False, False, id="many stars"),
    ],
)
def test_patterns(pattern: str, id: str, selects: bool, excuses: bool) -> None:
    assert matches(pattern, id) is selects
    assert matches(pattern, id, whole_names=True) is excuses
