"""Names that look like another name, and files of validated payloads, as they are made and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproof.grammars.lookalikes import lookalikes
from mailproof.grammars.rdap import parse_bootstrap, parse_domain, parse_network, server_of
from mailproof.grammars.vrps import parse_vrps


def test_look_alikes_are_different_and_no_more_than_wanted() -> None:
    names = lookalikes("mail.example", 20)
    assert len(names) == len(set(names)) == 20
    assert {"mai1.example", "rnail.example", "mail.com", "amil.example"} <= set(names)
    assert "mail.example" not in names


@pytest.mark.parametrize("domain", ["example", "", "a.example"])
def test_short_names_have_few(domain: str) -> None:
    assert len(lookalikes(domain, 100)) < 15


def test_the_longest_entry_has_the_server() -> None:
    text = (
        '{"services": [[["uk"], ["http://old.example", "https://uk.example/x"]], [["co.uk"], ["https://co.example/"]],'
        ' [["11.0.0.0/8"], ["https://eight.example"]], [["11.1.0.0/16"], ["https://sixteen.example"]], 7, [[], []]]}'
    )
    bootstrap = parse_bootstrap(text)
    assert server_of(bootstrap, "example.uk") == "https://uk.example/x/"
    assert server_of(bootstrap, "example.co.uk") == "https://co.example/"
    assert server_of(bootstrap, "11.1.2.3") == "https://sixteen.example/"
    assert server_of(bootstrap, "11.2.0.0") == "https://eight.example/"
    assert server_of(bootstrap, "2001:db8::1") == server_of(bootstrap, "example.org") == ""


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.lists(inner)).map(str))
def test_whatever_it_is_reading_it_raises_value_error_at_most(text: str) -> None:
    parse_vrps(text, {"11.0.0.0/8"})
    for parse in (parse_bootstrap, parse_domain, parse_network):
        try:
            parse(text)
        except ValueError:
            continue
