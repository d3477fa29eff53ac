"""Settings of programs, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproof.grammars.settings import Setting, parse_settings

MAIN_CF = """# comment
smtpd_banner = $myhostname ESMTP
mynetworks = 127.0.0.0/8
    [::1]/128
  # comment inside
\t192.0.2.0/24
empty =
"""

DOVECONF = """protocols = imap
service imap-login {
  inet_listener imaps {
    port = 993
  }
  process_limit = 10
}
ssl = required
"""

EXIM = "accept_8bitmime\nno_allow_domain_literals\nacl_smtp_vrfy =\nsmtp_banner = $primary_hostname ESMTP\n"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (
            MAIN_CF,
            [
                ("smtpd_banner", "$myhostname ESMTP", 2),
                ("mynetworks", "127.0.0.0/8 [::1]/128 192.0.2.0/24", 3),
                ("empty", "", 7),
            ],
        ),
        (
            DOVECONF,
            [
                ("protocols", "imap", 1),
                ("service imap-login/inet_listener imaps/port", "993", 4),
                ("service imap-login/process_limit", "10", 6),
                ("ssl", "required", 8),
            ],
        ),
        (
            EXIM,
            [
                ("accept_8bitmime", "true", 1),
                ("allow_domain_literals", "false", 2),
                ("acl_smtp_vrfy", "", 3),
                ("smtp_banner", "$primary_hostname ESMTP", 4),
            ],
        ),
        ("smtp      inet  n       -       y       -       -       smtpd\n}\n}\n", []),
    ],
)
def test_settings_have_a_name_a_value_and_a_line(text: str, settings: list[tuple[str, str, int]]) -> None:
    assert list(parse_settings(text)) == [Setting(*setting) for setting in settings]


@given(st.text(max_size=200) | st.text("a= {}\n\t#no_", max_size=200))
def test_any_text_can_be_taken_apart(text: str) -> None:
    for setting in parse_settings(text):
        assert setting.line >= 1
