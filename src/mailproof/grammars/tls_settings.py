"""Which versions of TLS the settings of mail servers admit.

Postfix: ``smtpd_tls_protocols`` and ``smtpd_tls_mandatory_protocols`` (postconf(5)); Exim: ``openssl_options`` (Exim
specification, chapter 14); Dovecot: ``ssl_min_protocol``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mailproof.net.tls.versions import TLSVersion

_NAMES = {
    "ssl2": TLSVersion.SSLV2,
    "ssl3": TLSVersion.SSLV3,
    "tls1": TLSVersion.TLS1_0,
    "tls1.0": TLSVersion.TLS1_0,
    "tls1.1": TLSVersion.TLS1_1,
    "tls1.2": TLSVersion.TLS1_2,
    "tls1.3": TLSVersion.TLS1_3,
}
_ORDER = tuple(TLSVersion)


def admitted(program: str, value: str) -> tuple[TLSVersion, ...] | None:
    """The versions that a setting admits, oldest first; None where it does not say."""
    return _READERS[program](value) if program in _READERS else None


def _version(text: str) -> TLSVersion | None:
    """A version by name, or by its number in hexadecimal digits."""
    text = text.lower()
    if re.fullmatch(r"(?:0x)?0[23]0[0-4]", text):
        return next((version for version in _ORDER if version.number == int(text[-4:], 16)), None)
    return _NAMES.get(text.replace("v", "").replace("_", "."))


def _postfix(value: str) -> tuple[TLSVersion, ...] | None:
    """Names that are admitted, names behind ``!`` that are not, and bounds: ``>=TLSv1.2``, ``<=TLSv1.3``."""
    least, most = _ORDER[1], _ORDER[-1]  # Postfix speaks SSLv3 at the oldest
    named: set[TLSVersion] = set()
    excluded: set[TLSVersion] = set()
    for bound, said in re.findall(r"(!|>=|<=|)([^\s,:!<>=]+)", value):
        version = _version(said)
        if version is None:
            return None
        match bound:
            case "!":
                excluded.add(version)
            case ">=":
                least = version
            case "<=":
                most = version
            case _:
                named.add(version)
    admitted = named or set(_ORDER)
    between = _ORDER[_ORDER.index(least) : _ORDER.index(most) + 1]
    return tuple(version for version in between if version in admitted - excluded)


def _exim(value: str) -> tuple[TLSVersion, ...] | None:
    """What ``+no_tlsv1`` and the like leave; a later ``-no_tlsv1`` takes one back."""
    refused: set[TLSVersion] = set()
    said = re.findall(r"([+-])no_((?:ssl|tls)v[0-9_]+)", value.lower())
    for sign, name in said:
        version = _version(name)
        if version is not None:
            (refused.add if sign == "+" else refused.discard)(version)
    return tuple(version for version in _ORDER[1:] if version not in refused) if said else None


def _dovecot(value: str) -> tuple[TLSVersion, ...] | None:
    if value.upper() == "LATEST":
        return (_ORDER[-1],)
    version = _ORDER[1] if value.upper() == "ANY" else _version(value)
    return None if version is None else _ORDER[_ORDER.index(version) :]


_READERS: dict[str, Callable[[str], tuple[TLSVersion, ...] | None]] = {
    "postfix": _postfix,
    "exim": _exim,
    "dovecot": _dovecot,
}
