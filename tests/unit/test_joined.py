"""Files that others include stand in their places: what comes behind an include counts after it."""

from __future__ import annotations

from mailproof.grammars.settings import parse_dovecot, parse_exim, parse_services, service_commands
from mailproof.probes.joined import MAX_AGAIN, MAX_INCLUDED, joined


def last(program: str, name: str, texts: dict[str, str]) -> tuple[str, str]:
    """The value that counts, and where it stands."""
    parse = parse_exim if program == "exim" else parse_dovecot
    found = [
        (setting.value, str(whole.place(setting.line)))
        for whole in joined(program, texts).values()
        for setting in parse(whole.text)
        if setting.name == name
    ]
    return found[-1]


def test_what_stands_behind_an_include_counts_after_it() -> None:
    main = "ssl_min_protocol = TLSv1.1\n!include conf.d/*.conf\n{}\n"
    own = {"conf.d/10-ssl.conf": "# x\nssl_min_protocol = TLSv1\n", "conf.d/20.conf": "!include_try ../nothing\n"}
    texts = {"dovecot.conf": main.format("ssl_min_protocol = TLSv1.2"), **own}
    assert last("dovecot", "ssl_min_protocol", texts) == ("TLSv1.2", "dovecot.conf:3")
    assert last("dovecot", "ssl_min_protocol", dict(reversed(texts.items()))) == ("TLSv1.2", "dovecot.conf:3")
    texts["dovecot.conf"] = main.format("")
    assert last("dovecot", "ssl_min_protocol", texts) == ("TLSv1", "conf.d/10-ssl.conf:2")


def test_what_a_section_includes_stands_in_it() -> None:
    texts = {"a.inc": "ssl = yes\n", "dovecot.conf": "protocol imap {\n  !include a.inc\n}\n"}
    assert last("dovecot", "protocol imap/ssl", texts) == ("yes", "a.inc:1")


def test_names_of_files_may_be_macros() -> None:
    texts = {
        "exim.conf": "D = /etc/exim/conf\nX = a\n.include D/local\nsmtp_banner = X\\\n.include_if_exists D/more\n z\n",
        "conf/local": "X == b\n",
        "conf/more": " y\\\n",
    }
    assert last("exim", "X", texts) == ("b", "conf/local:1")
    assert last("exim", "smtp_banner", texts) == ("Xyz", "exim.conf:4")


def test_branches_that_are_not_taken_end_no_line() -> None:
    texts = {"exim.conf": "hostlist a = 10.0.0.1 : \\\n.ifdef MORE\n  10.0.0.2 : \\\n.endif\n  10.0.0.3\n"}
    assert last("exim", "hostlist a", texts) == ("10.0.0.1 : 10.0.0.3", "exim.conf:1")


def test_files_that_include_each_other_end() -> None:
    texts = {"a.conf": "!include b.conf\nx = 1\n", "b.conf": "!include a.conf\nx = 2\n"}
    assert last("dovecot", "x", texts) == ("2", "b.conf:2")
    many = {"a.conf": "!include b.conf\n" * (MAX_INCLUDED + 1) + "x = 1\n", "b.conf": "x = 2\n"}
    assert last("dovecot", "x", many) == ("1", f"a.conf:{MAX_INCLUDED + 2}")


def test_what_is_not_put_in_any_more_is_an_include_that_is_not_read() -> None:
    lines = MAX_AGAIN // 10
    many = {"a.conf": "include b.conf\n" * 20, "b.conf": "x\n" * lines}
    whole = joined("keepalived", many)["a.conf"]
    assert [text for text, _, _ in whole.lines].count("x") == 11 * lines
    assert whole.lines[-9:] == tuple(("include b.conf", "a.conf", line) for line in range(12, 21))
    assert last("dovecot", "y", {"a.conf": "!include b.conf\n" * 2, "b.conf": "y = 1\n"}) == ("1", "b.conf:1")


def test_files_of_other_programs_are_as_they_are() -> None:
    texts = {"main.cf": "!include master.cf\n", "master.cf": "x = y\n"}
    assert {name: whole.text for name, whole in joined("postfix", texts).items()} == {
        name: text.rstrip() for name, text in texts.items()
    }


def test_of_two_entries_of_a_service_the_last_counts() -> None:
    text = (
        "smtp inet n - y - - smtpd\n  -o smtpd_tls_auth_only=yes\n  -o a=b\nsmtp unix - - y - - smtp\n  -o c=d\n"
        "smtp inet n - y - 1 postscreen\n  -o smtpd_sasl_auth_enable=yes\n"
    )
    assert [(one.name, one.line) for one in parse_services(text)] == [
        ("smtp inet/smtpd_sasl_auth_enable", 7),
        ("smtp unix/c", 5),
    ]
    assert service_commands(text)["smtp inet"] == "postscreen"
