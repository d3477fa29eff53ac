"""The TLS clients that ask, of nassl: sslyze's bindings to two builds of OpenSSL.

A modern one speaks TLS 1.0 to 1.3, a legacy one SSLv2 to TLS 1.2 with the suites that nobody should use any more. Both
leave out PSK and SRP: they need secrets. nassl is imported when first used.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from mailproof.net.tls.versions import TLSVersion

if TYPE_CHECKING:
    from nassl.ephemeral_key_info import OpenSslEvpPkeyEnum
    from nassl.ssl_client import BaseSslClient

    Maker = Callable[[str | None], BaseSslClient]

_EVERYTHING = "ALL:COMPLEMENTOFALL"
_TLS13_SUITES = (
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
    ":TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
)
_LEGACY_ONLY = re.compile(r"RC[24]|DES|NULL|IDEA|SEED|EXP")
"""Suites that the modern build may list and then not speak."""
_UNUSABLE = re.compile(r"PSK|SRP|^TLS_")


def makers(version: TLSVersion, ciphers: str | None) -> list[Maker]:
    """The clients that together offer ``version`` with ``ciphers``: none, one, or two for TLS 1.2."""
    from nassl._nassl import OpenSSLError

    wanted = ciphers or _EVERYTHING
    if version is TLSVersion.TLS1_3:
        make = functools.partial(_tls13, ciphers or _TLS13_SUITES)
        try:
            make(None)
        except OpenSSLError:
            return []
        return [make]
    legacy = functools.partial(_client, version, legacy=True)
    modern = functools.partial(_client, version, legacy=False)
    if version is TLSVersion.SSLV2:
        offers = [
            (
                legacy,
                [name for name in _known(legacy, "SSLv2") if not ciphers or name in _known(legacy, ciphers)],
            )
        ]
    elif version is TLSVersion.TLS1_2:
        strong = [name for name in _known(modern, wanted) if not _LEGACY_ONLY.search(name)]
        weak = [name for name in _known(legacy, wanted) if name not in strong]
        offers = [(modern, strong), (legacy, weak)]
    else:
        offers = [(legacy, _known(legacy, wanted))]
    return [functools.partial(make, ":".join(names)) for make, names in offers if names]


def _known(make: Callable[[str, None], BaseSslClient], ciphers: str) -> list[str]:
    """The suites that a build knows by an OpenSSL cipher string."""
    from nassl._nassl import OpenSSLError

    try:
        return [name for name in make(ciphers, None).get_cipher_list() if not _UNUSABLE.search(name)]
    except OpenSSLError:
        return []


def _client(version: TLSVersion | None, ciphers: str, name: str | None, *, legacy: bool) -> BaseSslClient:
    """A client of one build for ``version`` (None: all that the build has), offering ``ciphers`` and SNI
    ``name``.
    """
    from nassl.legacy_ssl_client import LegacySslClient
    from nassl.ssl_client import OpenSslVerifyEnum, OpenSslVersionEnum, SslClient

    number = OpenSslVersionEnum.SSLV23 if version is None else OpenSslVersionEnum(list(TLSVersion).index(version) + 1)
    client = (LegacySslClient if legacy else SslClient)(
        ssl_version=number,
        ssl_verify=OpenSslVerifyEnum.NONE,
        ignore_client_authentication_requests=True,
    )
    client.set_cipher_list(ciphers if legacy else f"{ciphers}:@SECLEVEL=0")
    if name is not None and version is not TLSVersion.SSLV2:
        client.set_tlsext_host_name(name)
    return client


def _tls13(suites: str, name: str | None) -> BaseSslClient:
    from nassl.ssl_client import OpenSslVerifyEnum, OpenSslVersionEnum, SslClient

    client = SslClient(
        ssl_version=OpenSslVersionEnum.TLSV1_3,
        ssl_verify=OpenSslVerifyEnum.NONE,
        ignore_client_authentication_requests=True,
    )
    client.set_ciphersuites(suites)
    if name is not None:
        client.set_tlsext_host_name(name)
    return client


def any_version(name: str | None) -> BaseSslClient:
    return _client(None, f"{_EVERYTHING}:!aNULL:!PSK:!SRP", name, legacy=False)


def any_old_version(name: str | None) -> BaseSslClient:
    return _client(None, f"{_EVERYTHING}:!aNULL:!PSK:!SRP:!SSLv2", name, legacy=True)


def only_rsa(name: str | None) -> BaseSslClient:
    from nassl.ephemeral_key_info import OpenSslEvpPkeyEnum as Key

    return _signing(_client(None, "aRSA:!PSK:!SRP", name, legacy=False), (Key.RSA_PSS, Key.RSA))


def without_rsa(name: str | None) -> BaseSslClient:
    from nassl.ephemeral_key_info import OpenSslEvpPkeyEnum as Key

    return _signing(_client(None, "aECDSA:!PSK:!SRP", name, legacy=False), (Key.EC,))


def _signing(client: BaseSslClient, keys: tuple[OpenSslEvpPkeyEnum, ...]) -> BaseSslClient:
    """``client``, taking signatures made with SHA-2 and ``keys`` and no others (TLS 1.3 has no other way to
    say so).
    """
    from nassl.ssl_client import OpenSslDigestNidEnum as Digest
    from nassl.ssl_client import SslClient

    if not isinstance(client, SslClient):
        raise TypeError("only the modern build chooses signature algorithms")
    digests = (Digest.SHA256, Digest.SHA384, Digest.SHA512)
    client.set_signature_algorithms([(digest, key) for key in keys for digest in digests])
    return client
