"""What is read of the configurations of resolvers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproof.grammars.named_conf import NotNamedConf
from mailproof.grammars.resolver_settings import parse_bind, parse_unbound

UNBOUND = """server:
    # log-queries: yes
    log-queries: no   # not here
	msg-cache-size: "64m"
"""
BIND = """/* querylog yes;
*/ options {
    querylog
        no; // querylog yes;
    max-cache-size 256m; # max-cache-size 1m;
    no-querylog yes;
};
logging { category "queries" { "default_log"; }; };
"""


def test_unbound() -> None:
    found = [(entry.name, entry.value, entry.line) for entry in parse_unbound(UNBOUND)]
    assert found == [("log-queries", "no", 3), ("msg-cache-size", "64m", 4)]


def test_bind() -> None:
    found = [(entry.name, entry.value, entry.line) for entry in parse_bind(BIND)]
    assert found == [("querylog", "no", 3), ("max-cache-size", "256m", 5), ("category queries", "default_log", 8)]


@given(st.text(alphabet='querylogcatim-{}"/*; \n#') | st.text())
@pytest.mark.parametrize("parse", [parse_unbound, parse_bind])
def test_any_text_is_read(parse: object, text: str) -> None:
    assert callable(parse)
    try:
        list(parse(text))
    except NotNamedConf:
        return
    assert all(entry.line <= text.count("\n") + len(text) + 1 for entry in parse(text))
