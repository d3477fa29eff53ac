"""Settings of programs, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproof.grammars.settings import MAX_EXPANDED, Setting, expand, parse_services, parse_settings

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
        ("\ufeffa = b\n", [("a", "b", 1)]),
        ("protocol imap {\n  login_greeting = x\n}\n", [("protocol imap/login_greeting", "x", 2)]),
        ("smtp      inet  n       -       y       -       -       smtpd\n}\n}\n", []),
    ],
)
def test_settings_have_a_name_a_value_and_a_line(text: str, settings: list[tuple[str, str, int]]) -> None:
    assert list(parse_settings(text)) == [Setting(*setting) for setting in settings]


@given(st.text(max_size=200) | st.text("a= {}\n\t#no_", max_size=200))
def test_any_text_can_be_taken_apart(text: str) -> None:
    for setting in parse_settings(text):
        assert setting.line >= 1


SERVICES = """# comment
smtp       inet  n       -       y       -       -       smtpd -o disable_vrfy_command=no
    -o smtpd_banner=$mail_name
    -o { smtpd_banner = ${mail_name} ready }
    -o syslog_name=a -o b=c
"""


def test_services_have_settings_of_their_own() -> None:
    assert list(parse_services(SERVICES)) == [
        Setting("smtp inet/disable_vrfy_command", "no", 2),
        Setting("smtp inet/smtpd_banner", "$mail_name", 3),
        Setting("smtp inet/smtpd_banner", "${mail_name} ready", 4),
        Setting("smtp inet/syslog_name", "a", 5),
        Setting("smtp inet/b", "c", 5),
    ]


KNOWN = {"a": "1", "b": "$a$(a)", "c": "${b}-$unknown", "loop": "$loop$loop"}


@pytest.mark.parametrize(
    ("value", "expanded"),
    [("$a ${a} $(a)", "1 1 1"), ("$c", "11-$unknown"), ("$$ ${} $(a", "$$ ${} $(a"), ("$unknown", "$unknown")],
)
def test_settings_are_put_in_where_they_are_named(value: str, expanded: str) -> None:
    assert expand(value, KNOWN) == expanded


def test_settings_that_name_themselves_come_to_an_end() -> None:
    assert len(expand("$loop" * 1000, KNOWN)) <= MAX_EXPANDED


@pytest.mark.parametrize(
    "text",
    [
        f"a = b\n{' c' * 10}\n" + " c\n" * 200_000,
        "a {\n" * 100_000 + "b = c\n" * 100_000,
        f"{'a' * 500_000} {{\n" + "b = c\n" * 100_000,
        "-o {a=" * 100_000,
        "a" + " " * 500_000 + "b {",
        "x y" + " -o { a = ${b} $" * 50_000,
    ],
    ids=["continued", "sections", "long section", "braces", "blanks", "macros"],
)
def test_hostile_settings_come_to_an_end(text: str) -> None:
    for _ in parse_settings(text):
        pass
    for _ in parse_services(text):
        pass
    expand(text, KNOWN)
