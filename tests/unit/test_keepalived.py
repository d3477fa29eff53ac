"""Definitions and conditional lines of keepalived, as ``keepalived -t`` takes them (2.2.7)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mailproof.grammars.keepalived import MAX_DEFINITIONS, TooManyDefinitions, readings


def read(text: str, host: str = "main.example.org") -> list[tuple[str, str, int]]:
    (reading,) = readings({"keepalived.conf": text}, host)
    return [(one.name, one.value, one.line) for one in reading["keepalived.conf"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$A=foo\n$A\n  $A x\n x$A y\n", [("foo", "", 2), ("foo", "x", 3), ("xfoo", "y", 4)]),
        # What stands in a definition is put in where it is used.
        ("$A=foo\n$B=$A\n$A=bar\n$B\n", [("bar", "", 4)]),
        ("$A=foo # x\n$A\n$B=bar ! x\n$B\n", [("foo", "", 2), ("bar", "", 4)]),
        ("$A= \\\nblock a { \\\n  x ${N} \\\n}\n$N=1\n$A\n$N=2\n$A\n", "twice"),
        ("$A=foo \\\n bar\n$A\n", [("foo", "", 3), ("bar", "", 3)]),
        # A blank line ends a definition.
        ("$A= \\\nfoo \\\n\nbar\n$A\n", [("bar", "", 4), ("foo", "", 5)]),
        ("$B= \\\n x $N\n$A= \\\n $N=1 \\\n $B \\\n $N=2 \\\n $B\n$A\n", [("x", "1", 8), ("x", "2", 8)]),
        ("@main a\n@other b\n@^main c\n@^other d\n", [("a", "", 1), ("d", "", 4)]),
        ("@main $N=1\n@other $N=2\nx $N\n", [("x", "1", 3)]),
        ("@other $N= \\\n  1\n@main $N= \\\n  2\nx $N\n", [("x", "2", 5)]),
        ("$IF=@main\n$IF a\n$NOT=@^main\n$NOT b\n", [("a", "", 2)]),
        ("x $UNKNOWN\n", [("x", "$UNKNOWN", 1)]),
    ],
)
def test_definitions_and_conditions(text: str, found: list[tuple[str, str, int]] | str) -> None:
    if found == "twice":
        found = [("block a", "", 6), ("block a/x", "1", 6), ("block a", "", 8), ("block a/x", "2", 8)]
    assert read(text) == found


def test_conditional_lines_for_others_alone_have_a_reading_for_each() -> None:
    found = readings({"a": "@one x 1\n@two x 2\n", "b": "y\n"}, "mx1.example.org")
    assert [[(one.name, one.value) for own in reading.values() for one in own] for reading in found] == [
        [("y", "")],
        [("x", "1"), ("y", "")],
        [("x", "2"), ("y", "")],
    ]
    assert len(readings({"a": "@^one x 1\n"}, "mx1.example.org")) == 1


NAMES = "ABCDEFGHIJKLMNOPQRST"
MANY = "$A=b\n" + "".join(f"${new}= \\\n ${old} \\\n ${old}\n" for old, new in pairwise(NAMES)) + "$T\n"
"""Each definition holds the one before it twice."""


@pytest.mark.parametrize(
    "text",
    [
        "$A=$A\n$A\n",
        "$A=$A x\n$A\n",
        "$A= \\\n $A \\\n $A\n$A\n",
        MANY,
        "".join(f"$A{number}=x\n" for number in range(MAX_DEFINITIONS + 1)),
    ],
)
def test_definitions_without_end_are_told(text: str) -> None:
    with pytest.raises(TooManyDefinitions):
        read(text)
