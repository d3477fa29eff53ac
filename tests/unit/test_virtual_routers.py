"""What of a keepalived cannot be held against another one."""

from __future__ import annotations

import pytest

from mailproof.hiding.names import HIDDEN
from mailproof.net.errors import NotAvailable

from .cases.configuration_routers import ID, changed, shared


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (changed("192.0.2.101/24", "$VIP"), r"\$VIP is no address"),
        (changed(" 51", " $ID"), r"\$ID is no number"),
        ("include /etc/keepalived/conf.d/*.conf\n", r"/etc/keepalived/conf.d/\*.conf is included and not read"),
        (changed("    advert_int 1", "@one advert_int 1\n@two advert_int 2"), "none of them is for lb2.example.org"),
        (changed(ID, "@^lb1 virtual_router_id 52\n@lb1 virtual_router_id 51"), "none of them is for lb2.example.org"),
        ("$A=$A\n$A\n", "more definitions than are looked at"),
    ],
)
def test_what_stands_elsewhere_is_not_judged(second: str, why: str) -> None:
    with pytest.raises(NotAvailable, match=why):
        shared(second)


def test_no_password_is_in_what_is_seen() -> None:
    seen = shared(changed("12345678", "87654321"))
    assert "87654321" not in f"{seen!r} {seen.evidence()}"
    assert not seen.pairs[0].same_password


@pytest.mark.parametrize(
    ("second", "hangs"),
    [
        (changed("12345678", HIDDEN), True),
        (changed("12345678", "12345678"), False),
        (changed("    authentication {\n        auth_type PASS\n        auth_pass 12345678\n    }\n", ""), False),
    ],
)
def test_a_password_that_a_capture_hides_is_compared_with_none(second: str, hangs: bool) -> None:
    """It is no other password, and not the same either."""
    (pair,) = shared(second).pairs
    assert pair.hangs_on_password == hangs
    assert not [told for told in pair.differences() if "auth_pass" in told]
