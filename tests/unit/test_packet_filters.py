"""Files of packet filters that include each other: places of rules, and what cannot be read."""

from __future__ import annotations

import re
from time import process_time

import pytest

from mailproof.net.errors import Malformed, NotAvailable
from mailproof.places import Place
from mailproof.probes.nft_includes import joined

from .cases.case import judged
from .cases.packet_filters import OUTPUT, including


def test_a_rule_stands_in_the_file_that_has_it() -> None:
    seen = including(main=f'{OUTPUT}include "r.nft"\n}}\n}}\n', r="\ntcp dport 25 accept")
    assert judged("EGRESS", {"egress": seen}).at == Place("r.nft", 2)


def test_a_rule_that_a_fragment_adds_stands_in_the_fragment() -> None:
    more = "\ntable inet f { chain o {\ntcp dport 25 accept\n}\n}\n"
    seen = including(main=f"{OUTPUT}tcp dport 26 drop\n}}\n}}\n", more=more)
    assert judged("EGRESS", {"egress": seen}).at == Place("more.nft", 3)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("flush set inet f s", "flush set is a command"),
        ("delete rule inet f o handle 7", "delete rule is a command"),
        ("delete table inet handle 7", "delete table is a command"),
        ("delete element inet f s { 25 }", "delete element is a command"),
        ("table inet f {\nset s { elements = { 26 } }\n}", "a set grows that rules ask for before"),
    ],
)
def test_a_command_that_is_not_followed_leaves_the_verdict_open(command: str, says: str) -> None:
    text = f"table inet f {{\nset s {{ elements = {{ 25 }} }}\n}}\n{OUTPUT}tcp dport @s drop\n}}\n}}\n"
    with pytest.raises(Malformed, match=rf"^main\.nft: line \d+: {says}.*: name what nft list ruleset says"):
        including(main=text + command)


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


@pytest.mark.parametrize(
    ("included", "names", "says"),
    [
        ("/etc/nft/first/*.nft", ("b/first/2.nft", "b/first/1.nft", "b/second/1.nft"), "b/first/1.nft b/first/2.nft"),
        ("first/*.nft", ("etc/first/1.nft", "etc/other/first/1.nft"), None),
        ("/etc/nft/*/1.nft", ("second/1.nft", "first/1.nft", "first/2.nft"), "first/1.nft second/1.nft"),
        ("/etc/nftables.d/*.nft", ("build/nftables.d/1.nft",), "build/nftables.d/1.nft"),
        ("/etc/nftables.d/*.nft", ("1.nft", "2.nft"), "1.nft 2.nft"),
        ("/etc/nft/first/*.nft", ("b/second/1.nft",), None),
        ("/etc/nft/first/*.nft", ("b/2.nft", "1.nft"), None),
        ("1.nft", ("b/1.nft", "c/1.nft"), None),
        (".", ("b/1.nft",), None),
    ],
)
def test_files_are_included_from_the_directory_that_is_named(
    included: str, names: tuple[str, ...], says: str | None
) -> None:
    texts = {"main": f'include "{included}"'} | dict.fromkeys(names, "")
    if says is None:
        with pytest.raises(NotAvailable, match=r"^main:1: .* (included and not read|several directories)"):
            list(joined(texts))
    else:
        whole = next(joined(texts))
        assert " ".join(file for _, file, _ in whole.lines) == says


def test_files_without_directories_are_not_of_two_at_once() -> None:
    texts = {"main": 'include "/etc/nft/first/*.nft"\ninclude "/etc/nft/second/*.nft"', "1.nft": ""}
    with pytest.raises(NotAvailable, match=r"^main:1: /etc/nft/first/\*.nft may be files of several directories"):
        list(joined(texts))
    again = {"main": 'include "/etc/nft/first/*.nft"\ninclude "first/1.nft"\ninclude "./1.nft"', "1.nft": ""}
    assert [[file for _, file, _ in one.lines] for one in joined(again)] == [["1.nft"] * 3]


def test_many_files_that_include_each_other_end() -> None:
    texts = {str(number): f'include "{number + 1}"\n' * 9 for number in range(15)} | {"15": ""}
    with pytest.raises(NotAvailable, match=r"^14:\d: more than 1000 files are included"):
        list(joined(texts))
    with pytest.raises(NotAvailable, match=r"^a:1001: more than 1000 files are included"):
        list(joined({"a": "".join(f'include "{number}"\n' for number in range(1001))}))


def test_blanks_behind_an_include_are_looked_at_once() -> None:
    texts = {"a": f'include "b"{" " * 60_000}x\n{" " * 60_000}include "b" {" " * 60_000};\t\r', "b": ""}
    begins = process_time()
    assert len(next(joined(texts)).lines) == 2
    assert process_time() - begins < 10


@pytest.mark.parametrize("text", ['table x { include "y"; chain o { } }', 'table x {\nchain o { include "y"\n}\n}'])
def test_an_include_without_a_line_of_its_own_is_not_passed_over(text: str) -> None:
    with pytest.raises(Malformed, match=r"^main\.nft: line \d: an include that has no line of its own"):
        including(main=text)
