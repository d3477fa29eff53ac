"""Which versions of TLS the settings of mail servers admit.

Postfix: ``smtpd_tls_protocols`` and ``smtpd_tls_mandatory_protocols`` (postconf(5)); Exim: ``openssl_options`` (Exim
specification, chapter 14); Dovecot: ``ssl_min_protocol``; nginx: ``ssl_protocols`` (ngx_http_ssl_module,
ngx_mail_ssl_module); Apache httpd: ``SSLProtocol`` (mod_ssl); HAProxy: ``ssl-min-ver`` and the like (configuration
manual, section 5.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest

from mailproof.net.tls.versions import TLSVersion

_NAMES = {
    "ssl2": TLSVersion.SSLV2,
    "ssl3": TLSVersion.SSLV3,
    "tls1": TLSVersion.TLS1_0,
    "tls1.0": TLSVersion.TLS1_0,
    "tls10": TLSVersion.TLS1_0,
    "tls1.1": TLSVersion.TLS1_1,
    "tls11": TLSVersion.TLS1_1,
    "tls1.2": TLSVersion.TLS1_2,
    "tls12": TLSVersion.TLS1_2,
    "tls1.3": TLSVersion.TLS1_3,
    "tls13": TLSVersion.TLS1_3,
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


def _nginx(value: str) -> tuple[TLSVersion, ...] | None:
    named = {_version(word) for word in value.split()}
    return None if None in named or not named else tuple(version for version in _ORDER if version in named)


def _apache(value: str) -> tuple[TLSVersion, ...] | None:
    """``all -TLSv1``: one word after the other adds, takes away, or begins anew. ``all`` is without SSLv3, as OpenSSL
    has been built for years.
    """
    admitted: set[TLSVersion] = set()
    for sign, word in re.findall(r"([+-]?)([^\s+-]+)", _QUOTES.sub("", value)):
        version = _version(word)
        if version is None and word.lower() != "all":
            return None
        named = set(_ORDER[2:]) if version is None else {version}
        admitted = admitted - named if sign == "-" else admitted | named if sign == "+" else named
    return tuple(version for version in _ORDER if version in admitted)


_QUOTES = re.compile("[\"']")


def _haproxy(value: str) -> tuple[TLSVersion, ...] | None:
    """The options of a listener, or those of all; None where they leave it to the default of the release.

    Of two bounds the later counts. Beside one, ``no-tlsv10`` and the like are passed over, as HAProxy warns.
    """
    words = value.lower().split()
    least = most = None
    for word, behind in zip_longest(words, words[1:], fillvalue=""):
        if word.startswith(("force-tls", "force-ssl")):
            least = most = _version(word.removeprefix("force-"))
        elif word == "ssl-min-ver":
            least = _version(behind)
        elif word == "ssl-max-ver":
            most = _version(behind)
    refused = {_HAPROXY_OFF[word] for word in words if word in _HAPROXY_OFF} if least is most is None else set()
    if {TLSVersion.TLS1_0, TLSVersion.TLS1_1} <= refused:
        least = TLSVersion.TLS1_2
    if least is None:
        return None
    between = _ORDER[_ORDER.index(least) : _ORDER.index(most or _ORDER[-1]) + 1]
    return tuple(version for version in between if version not in refused)


_HAPROXY_OFF = {
    "no-sslv3": TLSVersion.SSLV3,
    "no-tlsv10": TLSVersion.TLS1_0,
    "no-tlsv11": TLSVersion.TLS1_1,
    "no-tlsv12": TLSVersion.TLS1_2,
    "no-tlsv13": TLSVersion.TLS1_3,
}

_READERS: dict[str, Callable[[str], tuple[TLSVersion, ...] | None]] = {
    "postfix": _postfix,
    "exim": _exim,
    "dovecot": _dovecot,
    "nginx": _nginx,
    "apache": _apache,
    "haproxy": _haproxy,
}
