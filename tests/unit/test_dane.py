"""TLSA records against certificates (RFC 6698, 7671, 7672), and the name that they hang on."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from mailproof.net.dns.client import Answer, Authentication, ResourceRecord
from mailproof.net.dnssec.trust import Flaw, Link, Status, Verdict
from mailproof.net.errors import Bogus, NotObserved, UntrustedRoot
from mailproof.net.pkix.der import public_key_info
from mailproof.observations.dane import TLSA, TLSARecord
from mailproof.probes.associations import examine, matching_records
from mailproof.probes.dane import tlsa
from mailproof.targets.mail import MailHost

from .chains import AT, HOST, Made, ca, constraints, leaf, sent

ROOT = ca("Private root")
MIDDLE = ca("Private middle", ROOT)
RIGHT = leaf(MIDDLE)


def der(made: Made) -> bytes:
    return made.certificate.public_bytes(serialization.Encoding.DER)


def record(made: Made, usage: int, selector: int = 1, matching: int = 1) -> TLSARecord:
    data = public_key_info(made.certificate) if selector else der(made)
    hashed = {0: data, 1: hashlib.sha256(data).digest(), 2: hashlib.sha512(data).digest()}[matching]
    return TLSARecord(usage, selector, matching, hashed.hex())


def found(
    one: TLSARecord, *chain: Made, names: tuple[str, ...] = (HOST,), domains: tuple[str, ...] = (), days: float = 0
) -> str | None:
    """Why a record does not match although it names a certificate; "" where it matches, None where it names none."""
    results = examine((one,), sent(*chain), names, AT + timedelta(days=days), domains)
    return results[0][1] if results else None


ALL_KINDS = [(selector, matching) for selector in (0, 1) for matching in (0, 1, 2)]


@pytest.mark.parametrize(("selector", "matching"), ALL_KINDS)
def test_the_servers_own_key_decides_alone(selector: int, matching: int) -> None:
    """DANE-EE: RFC 7672, section 3.1.1."""
    foreign = leaf(None, "other.example.net", key_name="foreign", days=(-90, -1))
    assert found(record(foreign, 3, selector, matching), foreign) == ""
    assert found(record(RIGHT, 3, selector, matching), foreign) is None


@pytest.mark.parametrize(("selector", "matching"), ALL_KINDS)
@pytest.mark.parametrize("issuer", [MIDDLE, ROOT], ids=["intermediate", "root"])
def test_an_issuer_that_is_sent(issuer: Made, selector: int, matching: int) -> None:
    assert found(record(issuer, 2, selector, matching), RIGHT, MIDDLE, ROOT) == ""


def test_an_issuer_that_is_not_sent_stands_in_the_record_itself() -> None:
    """RFC 7671, section 5.2: 2 0 0 holds the whole certificate."""
    assert found(record(ROOT, 2, 0, 0), RIGHT, MIDDLE) == ""
    assert found(record(ROOT, 2, 0, 1), RIGHT, MIDDLE) is None
    assert found(TLSARecord(2, 0, 0, "3003020101"), RIGHT, MIDDLE) is None


@pytest.mark.parametrize(
    ("days", "flaw"),
    [(0, ""), (31, "dates count"), (-31, "dates count")],
)
def test_dates_count_for_an_issuer(days: float, flaw: str) -> None:
    """RFC 7672, section 3.1.2, RFC 7671, section 5.2; the issuers' certificates last longer here."""
    root = ca("Lasting root", days=(-900, 900))
    middle = ca("Lasting middle", root, days=(-900, 900))
    said = found(record(root, 2), leaf(middle), middle, root, days=days)
    assert said is not None
    assert said == flaw or (flaw and flaw in said)


def test_an_expired_issuer_leads_nowhere() -> None:
    gone = ca("Gone", ROOT, days=(-90, -1))
    said = found(record(ROOT, 2), leaf(gone), gone, ROOT)
    assert said is not None
    assert "no path leads (intermediate expired: CN=Gone)" in said


@pytest.mark.parametrize(
    ("certificate_names", "names", "domains", "matches"),
    [
        ((HOST,), (HOST,), (), True),
        (("*.example.org",), (HOST,), (), True),
        (("other.example.org",), (HOST,), (), False),
        (("base.example.net",), (HOST, "base.example.net"), (), True),
        (("example.com",), (HOST,), ("example.com",), True),
        (("example.com",), (HOST,), ("example.com", "example.net"), False),
        (("example.com", "example.net"), (HOST,), ("example.com", "example.net"), True),
    ],
)
def test_names_count_for_an_issuer(
    certificate_names: tuple[str, ...], names: tuple[str, ...], domains: tuple[str, ...], matches: bool
) -> None:
    """The name of the host satisfies every sender, a mail domain those who send to it (RFC 7672, section 3.2.2)."""
    said = found(record(ROOT, 2), leaf(ROOT, *certificate_names), ROOT, names=names, domains=domains)
    assert (said == "") is matches
    assert matches or (said is not None and "names count" in said)


def test_the_common_name_counts_where_no_dns_name_stands_beside_it() -> None:
    """RFC 7672, section 3.2.2."""
    assert found(record(ROOT, 2), leaf(ROOT, "192.0.2.1", subject=HOST), ROOT) == ""
    assert found(record(ROOT, 2), leaf(ROOT, "x.example", subject=HOST), ROOT) != ""


def test_usage_2_does_not_name_the_servers_own_certificate() -> None:
    """RFC 6698, section 2.1.1: it names an issuer."""
    said = found(record(RIGHT, 2), RIGHT, MIDDLE, ROOT)
    assert said == "it is the server's own certificate, and usage 2 names an issuer"
    own = leaf(None)
    assert found(record(own, 2), own) == said
    assert found(record(own, 2), own, own) == said
    assert found(record(own, 2, 0, 0), own) == said


def test_constraints_of_the_issuer_count() -> None:
    tight = ca("Tight", names=constraints(permitted=("example.net",)))
    said = found(record(tight, 2), leaf(tight), tight)
    assert said is not None
    assert "name constraint violated" in said


def test_records_that_nobody_uses_do_not_match() -> None:
    unusable = TLSARecord(1, 1, 1, record(RIGHT, 3).data)
    assert matching_records((unusable, record(RIGHT, 3)), sent(RIGHT), (), AT) == (record(RIGHT, 3),)


# The TLSA base domain

_KEY = "3 1 1 " + "ab" * 32


def answer(
    name: str, type: str, *data: str, secure: bool = True, aliases: tuple[str, ...] = (), rcode: str = "NOERROR"
) -> Answer:
    owner = aliases[-1] if aliases else name
    records = tuple(ResourceRecord(owner, 300, type, text) for text in data)
    return Answer(name, type, rcode, records, aliases, authenticated=secure, protocol="udp")


SECURE = Verdict(Status.SECURE)
INSECURE = Verdict(Status.INSECURE, Link(f"{HOST}.", "DS", "org.", Flaw.UNSIGNED))


def looked_up(
    *answers: Answer, own: bool = True, believed: bool = True, bogus: str = "", disputed: bool = False
) -> TLSA:
    """What is seen of the host. ``own``: our validation finds secure what the answers say is; else AD has to do."""
    known = {(one.name, one.type): one for one in answers}

    async def resolve(name: str, type: str) -> Answer:
        return known.get((name, type)) or answer(name, type)

    async def judge(name: str, type: str) -> Verdict:
        if not own:
            raise UntrustedRoot("no signatures")
        if type == bogus:
            return Verdict(Status.BOGUS, INSECURE.link)
        return SECURE if (await resolve(name, type)).authenticated else INSECURE

    async def accepts(answer: Answer) -> bool:
        return disputed

    async def authentication() -> Authentication:
        return Authentication(believed, "The resolver is far away.")

    async def run() -> TLSA:
        net: Any = SimpleNamespace(
            dns=SimpleNamespace(resolve=resolve, authentication=authentication),
            dnssec=SimpleNamespace(judge=judge, accepts=accepts),
        )
        return await tlsa(MailHost(HOST), net)

    return asyncio.run(run())


OF_HOST, OF_TARGET = f"_25._tcp.{HOST}", "_25._tcp.host.example.net"
ALIAS = ("host.example.net",)


@pytest.mark.parametrize(
    ("answers", "base", "secure", "applies"),
    [
        pytest.param(
            (answer(HOST, "A", "192.0.2.1"), answer(OF_HOST, "TLSA", _KEY)), HOST, True, True, id="all is signed"
        ),
        pytest.param(
            (answer(HOST, "A", "192.0.2.1", secure=False), answer(OF_HOST, "TLSA", _KEY)),
            HOST,
            False,
            False,
            id="addresses are not signed",
        ),
        pytest.param(
            (answer(HOST, "A", "192.0.2.1"), answer(OF_HOST, "TLSA", _KEY, secure=False)),
            HOST,
            False,
            False,
            id="the records are not signed",
        ),
        pytest.param(
            (answer(HOST, "A", "192.0.2.1", aliases=ALIAS), answer(OF_TARGET, "TLSA", _KEY)),
            ALIAS[0],
            True,
            True,
            id="a signed alias, records at its target",
        ),
        pytest.param(
            (answer(HOST, "A", "192.0.2.1", aliases=ALIAS), answer(OF_HOST, "TLSA", _KEY)),
            HOST,
            True,
            True,
            id="a signed alias, records at the alias",
        ),
        pytest.param(
            (
                answer(HOST, "A", "192.0.2.1", aliases=ALIAS, secure=False),
                answer(HOST, "CNAME", f"{ALIAS[0]}."),
                answer(OF_HOST, "TLSA", _KEY),
                answer(OF_TARGET, "TLSA", "3 1 1 " + "cd" * 32, secure=False),
            ),
            HOST,
            True,
            True,
            id="a signed alias into an unsigned zone",
        ),
        pytest.param(
            (
                answer(HOST, "A", "192.0.2.1", aliases=ALIAS, secure=False),
                answer(HOST, "CNAME", f"{ALIAS[0]}.", secure=False),
                answer(OF_HOST, "TLSA", _KEY),
            ),
            HOST,
            False,
            False,
            id="an unsigned alias",
        ),
        pytest.param(
            (answer(HOST, "AAAA", "2001:db8::1"), answer(OF_HOST, "TLSA", _KEY)), HOST, True, True, id="IPv6 alone"
        ),
    ],
)
def test_the_base_domain_is_where_security_ends(
    answers: tuple[Answer, ...], base: str, secure: bool, applies: bool
) -> None:
    """RFC 7672, sections 2.2.2 and 2.2.3."""
    for own in (True, False):
        seen = looked_up(*answers, own=own)
        assert (seen.base, seen.secure, seen.applies) == (base, secure, applies)


def test_a_resolver_that_is_not_believed_shows_nothing() -> None:
    """Unless our own validation does without it."""
    answers = answer(HOST, "A", "192.0.2.1"), answer(OF_HOST, "TLSA", _KEY)
    with pytest.raises(UntrustedRoot, match="far away"):
        looked_up(*answers, own=False, believed=False)
    assert looked_up(*answers, believed=False).secure


@pytest.mark.parametrize("type", ["A", "TLSA"])
def test_what_is_bogus_is_not_taken_for_insecure(type: str) -> None:
    """Senders defer then, and do not go without DANE (RFC 7672, section 2.1.1)."""
    with pytest.raises(Bogus):
        looked_up(answer(HOST, "A", "192.0.2.1"), answer(OF_HOST, "TLSA", _KEY), bogus=type)
    with pytest.raises(NotObserved) as disputed:
        looked_up(answer(HOST, "A", "192.0.2.1"), answer(OF_HOST, "TLSA", _KEY), bogus=type, disputed=True)
    assert disputed.type is NotObserved
