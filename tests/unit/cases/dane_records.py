"""TLSA records that outlast the next certificate."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.net.dnssec.trust import Flaw, Link, Status, Verdict
from mailproof.net.pkix.certificates import Certificate, Chain
from mailproof.observations.dane import TLSA, ChainMatch, KeysOfHost
from mailproof.observations.dnssec import Judged
from mailproof.observations.service_dane import ServiceDANE

from ..chains import leaf
from ..observed import HOST, answer, certificate, dane
from ..test_dane import record
from .case import Table, advises, fails, leaves, passes, skips
from .dane import tlsa

_KEY, _NEXT, _OTHER = ("3 1 1 " + digits * 32 for digits in ("ab", "ba", "99"))
_WHOLE_CERTIFICATE = "3 0 1 " + "cc" * 32
_ISSUER = "2 1 1 " + "dd" * 32
_UNSIGNED = tlsa(_KEY, secure=False)
_NAME = f"_25._tcp.{HOST}"
_MADE = leaf(None)


def _rotating(name: str) -> TLSA:
    return tlsa(_KEY, f"2 1 1 {_issuer(name).spki_sha256}")


def _issuer(name: str) -> Certificate:
    return replace(certificate(f"CN={name},O=Let's Encrypt,C=US"), spki_sha256="dd" * 32)


def _alias(*own: str) -> TLSA:
    """An alias with records of its own, or none, whose target has a key's record."""
    target = tlsa(_KEY, _NEXT)
    addresses = answer(HOST, "A", "192.0.2.25", aliases=("host.example.net",))
    return replace(target, addresses=addresses, at_alias=answer(_NAME, "TLSA", *own))


def _service(
    *records: str, secure: bool = True, matching: tuple[str, ...] = (), remarks: tuple[str, ...] = ()
) -> ServiceDANE:
    link = Link("host.", "DS", "org.", Flaw.UNSIGNED)
    judged = Judged(HOST, "A", Verdict(Status.SECURE) if secure else Verdict(Status.INSECURE, link), False)
    chain = ChainMatch(Chain(("PEM",), (certificate(),)), matching, remarks)
    return ServiceDANE("e", answer(f"_993._tcp.{HOST}", "TLSA", *records), (judged,) if records else (), (chain,))


def _keys(*records: str, used: dict[str, str] | None = None) -> KeysOfHost:
    """A host that shows the key of the first record; ``used`` are other records whose keys it showed earlier."""
    former = tuple((record.split()[3], when) for record, when in (used or {}).items())
    return KeysOfHost(tlsa(*records), True, "2026-11-22T00:00:00Z", (records[0].split()[3],), former)


TABLE: Table = {
    "DANE-DIGEST-FORM": (
        passes(tlsa=tlsa(_KEY, "3 1 2 " + "ab" * 64, str(record(_MADE, 3, 1, 0)))),
        fails("a digest of 31 octets instead of 32", level=SHOULD, tlsa=tlsa(_KEY, "3 1 1 " + "ab" * 31)),
        fails("a digest of 32 octets instead of 64", tlsa=tlsa("3 1 2 " + "ab" * 32)),
        fails("no public key in DER", tlsa=tlsa("3 1 0 abcd")),
        fails("no certificate in DER", tlsa=tlsa("2 0 0 abcd")),
        advises("a whole certificate is published", tlsa=tlsa(str(record(_MADE, 3, 0, 0)))),
        passes(tlsa=tlsa("3 1 200 abcd")),
        skips("no TLSA record", tlsa=tlsa()),
        leaves("DANE-EXISTS", tlsa=_UNSIGNED),
    ),
    "DANE-ROLLOVER": (
        passes(tlsa=tlsa(_KEY, _NEXT)),
        passes(tlsa=tlsa(_KEY, _ISSUER)),
        advises("nothing stands ready", tlsa=tlsa(_KEY)),
        advises("nothing stands ready", tlsa=tlsa(_ISSUER)),
        advises("nothing stands ready", tlsa=tlsa(_KEY, _WHOLE_CERTIFICATE)),
        advises("nothing stands ready", tlsa=tlsa(_KEY, "1 1 1 " + "ab" * 32)),
        leaves("DANE-MATCH", tlsa=tlsa("1 1 1 " + "ab" * 32)),
        skips("no TLSA record", tlsa=tlsa()),
        leaves("DANE-EXISTS", tlsa=_UNSIGNED),
    ),
    "DANE-PARAM-COMPLETE": (
        passes(dane=dane(tlsa(_KEY, _NEXT), (_KEY,))),
        passes(dane=dane(tlsa(_KEY, _NEXT, _ISSUER), (_KEY, _ISSUER), (_NEXT, _ISSUER))),
        passes(dane=dane(tlsa(_KEY, "3 1 1 abcd", "1 1 1 " + "ab" * 32), (_KEY,))),
        passes(dane=dane(tlsa(_KEY, "3 1 2 " + "ab" * 64), ("3 1 2 " + "ab" * 64,), passed_over=(_KEY,))),
        fails("no 3 0 1 record matches", level=SHOULD, dane=dane(tlsa(_KEY, _WHOLE_CERTIFICATE), (_KEY,))),
        fails("no 2 1 1 record matches", dane=dane(tlsa(_KEY, _ISSUER), (_KEY, _ISSUER), (_KEY,))),
        leaves("DANE-MATCH", dane=dane(tlsa(_KEY, _ISSUER), ())),
        leaves("DANE-MATCH", dane=dane(tlsa(_KEY), tls=False)),
        leaves("DANE-MATCH", dane=dane(tlsa("1 1 1 " + "ab" * 32), ())),
        skips("no TLSA record", dane=dane(tlsa())),
        leaves("DANE-EXISTS", dane=dane(_UNSIGNED)),
    ),
    "DANE-NO-LEFTOVER": (
        passes(keys_of_host=_keys(_KEY, _NEXT)),
        passes(keys_of_host=_keys(_KEY, _NEXT, used={_NEXT: "2026-11-15T00:00:00Z"})),
        passes(keys_of_host=_keys(_KEY, used={_NEXT: "2026-01-01T00:00:00Z"})),
        advises(
            "last seen in use on 2026-01-01", keys_of_host=_keys(_KEY, _NEXT, used={_NEXT: "2026-01-01T00:00:00Z"})
        ),
        passes(keys_of_host=_keys(_KEY, _NEXT, used={_NEXT: "long ago"})),
        passes(keys_of_host=_keys(_KEY, _NEXT, used={_NEXT: "2026-01-01T00:00:00"})),
        skips("--history FILE", keys_of_host=KeysOfHost(tlsa(_KEY), False)),
        skips("shows no certificate", keys_of_host=KeysOfHost(tlsa(_KEY), True)),
        skips("no TLSA record", keys_of_host=KeysOfHost(tlsa(), True)),
    ),
    "DANE-CNAME": (
        passes(tlsa=_alias(_NEXT, _KEY)),
        advises("have different TLSA records", tlsa=_alias(_OTHER)),
        skips("only mx1.example.org has TLSA records", tlsa=_alias()),
        skips("is no alias", tlsa=tlsa(_KEY)),
        skips("no TLSA record", tlsa=tlsa()),
        leaves("DANE-EXISTS", tlsa=_UNSIGNED),
    ),
    "DANE-TA-ROTATION": (
        passes(dane=dane(_rotating("R12"), (_KEY,), issuers=(certificate("CN=Private CA"),))),
        passes(dane=dane(tlsa(_KEY, "2 1 1 " + "00" * 32), (_KEY,), issuers=(_issuer("R12"),))),
        advises("names CN=R12", dane=dane(_rotating("R12"), (_KEY,), issuers=(_issuer("R12"),))),
        advises("names CN=YE2", dane=dane(_rotating("YE2"), (_KEY,), issuers=(_issuer("YE2"),))),
        skips("no TLSA record has usage 2", dane=dane(tlsa(_KEY), (_KEY,), issuers=(_issuer("R12"),))),
        leaves("DANE-MATCH", dane=dane(_rotating("R12"), (), issuers=(_issuer("R12"),))),
        skips("no TLSA record", dane=dane(tlsa())),
    ),
    "DANE-SRV": (
        passes(service_dane=_service(_KEY, matching=(_KEY,))),
        fails("no TLSA record matches", level=MUST, service_dane=_service(_KEY)),
        fails("dates count", service_dane=_service(_ISSUER, remarks=(f"{_ISSUER}: dates count",))),
        fails("no TLSA record can be used", level=SHOULD, service_dane=_service("3 1 1 abcd")),
        skips("not secured by DNSSEC", service_dane=_service(_KEY, secure=False)),
        skips("there is no TLSA record", service_dane=_service()),
        skips("DANE-MATCH", service_dane=ServiceDANE("e")),
    ),
}
