"""Files of packet filters that include each other: places of rules, and what cannot be read."""

from __future__ import annotations

import re

import pytest

from mailproof.net.errors import Malformed, NotAvailable
from mailproof.places import Place
from mailproof.probes.nft_includes import joined

from .cases.case import judged
from .cases.packet_filters import OUTPUT, including


def test_a_rule_stands_in_the_file_that_has_it() -> None:
    seen = including(main=f'{OUTPUT}include "r.nft"\n}}\n}}\n', r="\ntcp dport 25 accept")
    assert judged("EGRESS", {"egress": seen}).at == Place("r.nft", 2)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"a": 'table inet f {\n include "/etc/more.nft"\n}\n'}, "a:2: /etc/more.nft is included and not read"),
        ({"a": '\ninclude "rules.d/*.nft"'}, "a:2: rules.d/*.nft is included and not read"),
        ({"a": 'include "b"', "b": 'include "a"'}, "b:1: a is included and not read"),
        ({"a": 'include "*"', ".b": ""}, "a:1: * is included and not read"),
        ({"a": "x\n" * 500_001}, "a has, with what it includes, more lines than are looked at"),
    ],
)
def test_what_is_included_and_not_read_leaves_the_verdict_open(texts: dict[str, str], says: str) -> None:
    with pytest.raises(NotAvailable, match=f"^{re.escape(says)}"):
        list(joined(texts))


def test_many_files_that_include_each_other_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailproof.probes.nft_includes.MAX_LINES", 1000)
    texts = {str(number): f'include "{number + 1}"\n' * 9 for number in range(15)} | {"15": "accept"}
    with pytest.raises(NotAvailable, match="more lines"):
        list(joined(texts))


@pytest.mark.parametrize("text", ['table x { include "y"; chain o { } }', 'table x {\nchain o { include "y"\n}\n}'])
def test_an_include_without_a_line_of_its_own_is_not_passed_over(text: str) -> None:
    with pytest.raises(Malformed, match=r"^main\.nft: line \d: an include that has no line of its own"):
        including(main=text)
