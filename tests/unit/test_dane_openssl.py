"""Which chains which TLSA records match: our verdicts beside OpenSSL's, by whose library Postfix and Exim judge."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from mailproof.observations.dane import TLSARecord
from mailproof.probes.associations import matching_records
from tests.ports import free_port

from .chains import AT, HOST, Made, ca, constraints, leaf, sent
from .test_dane import record

ROOT = ca("Root CA")
ISSUER = ca("Issuer CA", ROOT)
SERVER_OF_ISSUER = leaf(ISSUER)
OTHER = ca("Other CA")
ELSEWHERE = leaf(ISSUER, "example.net", key_name="elsewhere")
EXPIRED = leaf(ISSUER, key_name="expired", days=(-90, -1))
FUTURE = leaf(ISSUER, key_name="future", days=(1, 90))
OWN = leaf(None, key_name="own")
OLD_ISSUER = ca("Old issuer", ROOT, days=(-90, -1))
BELOW_OLD = leaf(OLD_ISSUER, key_name="below old")
NOT_CA = ca("No CA", ROOT, is_ca=False)
BELOW_NOT_CA = leaf(NOT_CA, key_name="below no CA")
TIGHT = ca("Tight CA", names=constraints(permitted=("example.net",)))
BELOW_TIGHT = leaf(TIGHT, key_name="below tight")

SAME_KEY = ca("Same key", key_name="same")
BELOW_SAME_KEY = leaf(SAME_KEY, key_name="same")

WHOLE = (SERVER_OF_ISSUER, ISSUER, ROOT)
WITHOUT_ROOT = WHOLE[:2]
ALONE = WHOLE[:1]


def with_other_data(one: TLSARecord, data: str) -> TLSARecord:
    return TLSARecord(one.usage, one.selector, one.matching, data)


def off_by_one(one: TLSARecord) -> TLSARecord:
    """The same record with another last digit."""
    return with_other_data(one, one.data[:-1] + ("0" if one.data[-1] != "0" else "1"))


@dataclass(frozen=True)
class Case:
    """The records of a host, the chain that it sends, and whether senders take it."""

    name: str
    records: tuple[TLSARecord, ...]
    chain: tuple[Made, ...]
    matches: bool
    usable: bool = True
    """Otherwise no record counts, and senders encrypt without authentication."""


def _kinds(name: str, issued: Made, usage: int, chain: tuple[Made, ...]) -> Iterator[Case]:
    for selector in (0, 1):
        for matching in (0, 1, 2):
            right = record(issued, usage, selector, matching)
            yield Case(f"{name} {right.parameters}", (right,), chain, True)
            if matching:
                yield Case(f"{name} {right.parameters}, another digest", (off_by_one(right),), chain, False)


EE, TA, ROOT_TA = record(SERVER_OF_ISSUER, 3), record(ISSUER, 2), record(ROOT, 2)
CASES = (
    *_kinds("server", SERVER_OF_ISSUER, 3, WHOLE),
    *_kinds("server, sent alone", SERVER_OF_ISSUER, 3, ALONE),
    *_kinds("intermediate", ISSUER, 2, WHOLE),
    *_kinds("intermediate, root not sent", ISSUER, 2, WITHOUT_ROOT),
    *_kinds("root", ROOT, 2, WHOLE),
    Case("certificate of a root that is not sent", (record(ROOT, 2, 0, 0),), WITHOUT_ROOT, True),
    Case("certificate of an intermediate that is not sent", (record(ISSUER, 2, 0, 0),), ALONE, True),
    Case("key of a root that is not sent", (record(ROOT, 2, 1, 0),), WITHOUT_ROOT, True),
    Case("key of an intermediate that is not sent", (record(ISSUER, 2, 1, 0),), ALONE, True),
    Case("key of another CA", (record(OTHER, 2, 1, 0),), WITHOUT_ROOT, False),
    Case("certificate of another CA", (record(OTHER, 2, 0, 0),), WITHOUT_ROOT, False),
    Case("digest of a root that is not sent", (record(ROOT, 2, 0, 1),), WITHOUT_ROOT, False),
    Case("digest of an intermediate that is not sent", (TA,), ALONE, False),
    Case("digest of a root, intermediate not sent", (ROOT_TA,), (SERVER_OF_ISSUER, ROOT), False),
    Case("another root is sent as well", (ROOT_TA,), (*WHOLE, OTHER), True),
    Case("a root that is sent and issued nothing", (record(OTHER, 2),), (*WHOLE, OTHER), False),
    Case("chain in another order", (ROOT_TA,), (SERVER_OF_ISSUER, ROOT, ISSUER), True),
    Case("usage 3 of the issuer", (record(ISSUER, 3),), WHOLE, False),
    Case("usage 2 of the server", (record(SERVER_OF_ISSUER, 2),), WHOLE, False),
    Case("self-signed, usage 3", (record(OWN, 3),), (OWN,), True),
    Case("self-signed, usage 2", (record(OWN, 2),), (OWN,), False),
    Case("self-signed, its own key as its issuer's", (record(OWN, 2, 1, 0),), (OWN,), True),
    Case("issuer with the server's key", (record(SAME_KEY, 2),), (BELOW_SAME_KEY, SAME_KEY), True),
    Case("expired, usage 3", (record(EXPIRED, 3),), (EXPIRED, ISSUER), True),
    Case("expired, usage 2", (TA,), (EXPIRED, ISSUER), False),
    Case("not yet valid, usage 3", (record(FUTURE, 3),), (FUTURE, ISSUER), True),
    Case("not yet valid, usage 2", (TA,), (FUTURE, ISSUER), False),
    Case("other name, usage 3", (record(ELSEWHERE, 3),), (ELSEWHERE, ISSUER), True),
    Case("other name, usage 2 of the intermediate", (TA,), (ELSEWHERE, ISSUER, ROOT), False),
    Case("other name, usage 2 of the root", (ROOT_TA,), (ELSEWHERE, ISSUER, ROOT), False),
    Case("expired intermediate below the root", (ROOT_TA,), (BELOW_OLD, OLD_ISSUER, ROOT), False),
    Case("expired intermediate, usage 3", (record(BELOW_OLD, 3),), (BELOW_OLD, OLD_ISSUER, ROOT), True),
    Case("intermediate that is no CA", (ROOT_TA,), (BELOW_NOT_CA, NOT_CA, ROOT), False),
    Case("root that allows other names", (record(TIGHT, 2),), (BELOW_TIGHT, TIGHT), False),
    Case("usage 3 and usage 2", (record(SERVER_OF_ISSUER, 3, 1, 2), record(ROOT, 2, 1, 2)), WHOLE, True),
    Case("usage 3 that matches, usage 2 that does not", (EE, record(OTHER, 2)), WHOLE, True),
    Case("usage 2 that matches, usage 3 that does not", (off_by_one(EE), TA), WHOLE, True),
    Case("the next key stands beside the present one", (EE, off_by_one(EE)), WHOLE, True),
    Case("both digests of the key", (EE, record(SERVER_OF_ISSUER, 3, 1, 2)), WHOLE, True),
    Case("the weaker digest alone matches", (EE, off_by_one(record(SERVER_OF_ISSUER, 3, 1, 2))), WHOLE, False),
    Case("the stronger digest alone matches", (off_by_one(EE), record(SERVER_OF_ISSUER, 3, 1, 2)), WHOLE, True),
    Case("a weaker digest with the other selector", (EE, off_by_one(record(SERVER_OF_ISSUER, 3, 0, 2))), WHOLE, True),
    Case("a key beside a stronger digest", (record(SERVER_OF_ISSUER, 3, 1, 0), off_by_one(EE)), WHOLE, True),
    Case("a cut digest counts for nothing", (EE, with_other_data(record(ROOT, 3, 1, 2), "ab" * 63)), WHOLE, True),
    Case("a cut digest alone", (with_other_data(EE, EE.data[:-2]),), WHOLE, False, usable=False),
    Case("no data", (with_other_data(EE, ""),), WHOLE, False, usable=False),
    Case("usage 4", (TLSARecord(4, 1, 1, EE.data),), WHOLE, False, usable=False),
    Case("selector 2", (TLSARecord(3, 2, 1, EE.data),), WHOLE, False, usable=False),
    Case("matching type 3", (TLSARecord(3, 1, 3, EE.data),), WHOLE, False, usable=False),
    Case("no key in DER", (TLSARecord(3, 1, 0, "deadbeef"),), WHOLE, False, usable=False),
    Case("no certificate in DER", (TLSARecord(2, 0, 0, "deadbeef"),), WHOLE, False, usable=False),
    Case("a certificate where a key belongs", (TLSARecord(2, 1, 0, record(ROOT, 2, 0, 0).data),), WHOLE, False, False),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_our_verdict(case: Case) -> None:
    """RFC 7671, sections 4 to 9; RFC 7672, section 3."""
    assert any(one.usable for one in case.records) is case.usable
    assert bool(matching_records(case.records, sent(*case.chain), (HOST,), AT)) is case.matches


@pytest.mark.parametrize("usage", [0, 1])
def test_public_usages_do_not_count_for_smtp(usage: int) -> None:
    """RFC 7672, section 3.1.3."""
    for issued in WHOLE:
        public = record(issued, usage)
        assert not public.usable
        assert not matching_records((public,), sent(*WHOLE), (HOST,), AT)


OPENSSL = shutil.which("openssl")


@contextmanager
def _serving(chain: tuple[Made, ...], directory: Path) -> Iterator[int]:
    """A server of OpenSSL with this chain, and its port."""
    key, own, others = directory / "key.pem", directory / "own.pem", directory / "others.pem"
    key.write_bytes(
        chain[0].key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    own.write_text(chain[0].pem)
    others.write_text("".join(made.pem for made in chain[1:]))
    with_others = ["-cert_chain", str(others)] if chain[1:] else []
    port = free_port()
    command = [OPENSSL or "", "s_server", "-accept", f"127.0.0.1:{port}", "-key", str(key), "-cert", str(own)]
    said = directory / "said"
    with (
        said.open("wb") as output,
        subprocess.Popen(
            [*command, *with_others], stdin=subprocess.PIPE, stdout=output, stderr=subprocess.DEVNULL
        ) as server,
    ):
        try:
            while b"ACCEPT" not in said.read_bytes():
                assert server.poll() is None
                time.sleep(0.005)
            yield port
        finally:
            server.kill()


@cache
def _at() -> str:
    return str(int(AT.timestamp()))


@pytest.mark.skipif(OPENSSL is None, reason="the program openssl is not installed")
def test_openssl_says_the_same(tmp_path: Path) -> None:
    """A sender with usable records goes on where, and only where, our verdict is that one matches."""
    said: dict[str, bool] = {}
    chains = {case.chain: f"chain{number}" for number, case in enumerate(CASES)}
    with ExitStack() as stack:
        ports = {}
        for chain, name in chains.items():
            (directory := tmp_path / name).mkdir()
            ports[chain] = stack.enter_context(_serving(chain, directory))
        for case in CASES:
            if case.usable:
                said[case.name] = _openssl_goes_on(case, ports[case.chain])
    assert said == {case.name: case.matches for case in CASES if case.usable}


def _openssl_goes_on(case: Case, port: int) -> bool:
    records = [word for one in case.records for word in ("-dane_tlsa_rrdata", str(one))]
    names = ["-dane_tlsa_domain", HOST, "-dane_ee_no_namechecks", "-servername", HOST]
    shown = subprocess.run(
        [OPENSSL or "", "s_client", "-connect", f"127.0.0.1:{port}", "-attime", _at(), *names, *records],
        input="Q\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    ).stdout
    assert "Verif" in shown, shown
    return "Verify return code: 0 (ok)" in shown or "Verification: OK" in shown
