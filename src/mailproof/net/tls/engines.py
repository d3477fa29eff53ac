"""The TLS clients that ask, of nassl: sslyze's bindings to two builds of OpenSSL.

A modern one speaks TLS 1.0 to 1.3, a legacy one SSLv2 to TLS 1.2 with the suites that nobody should use any more. Both
leave out PSK and SRP: they need secrets. nassl is imported when first used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nassl.ephemeral_key_info import OpenSslEvpPkeyEnum
    from nassl.ssl_client import BaseSslClient

    Maker = Callable[[str | None], BaseSslClient]

_EVERYTHING = "ALL:COMPLEMENTOFALL"


def _client(ciphers: str, name: str | None, *, legacy: bool) -> BaseSslClient:
    """A client of one build with all versions that it has, offering ``ciphers`` and SNI ``name``."""
    from nassl.legacy_ssl_client import LegacySslClient
    from nassl.ssl_client import OpenSslVerifyEnum, OpenSslVersionEnum, SslClient

    client = (LegacySslClient if legacy else SslClient)(
        ssl_version=OpenSslVersionEnum.SSLV23,
        ssl_verify=OpenSslVerifyEnum.NONE,
        ignore_client_authentication_requests=True,
    )
    client.set_cipher_list(ciphers if legacy else f"{ciphers}:@SECLEVEL=0")
    if name is not None:
        client.set_tlsext_host_name(name)
    client.set_tlsext_status_ocsp()
    return client


def any_version(name: str | None) -> BaseSslClient:
    return _client(f"{_EVERYTHING}:!aNULL:!PSK:!SRP", name, legacy=False)


def no_name(name: str | None) -> BaseSslClient:
    """A client that does not say which host it wants."""
    return any_version(None)


def no_name_and_old(name: str | None) -> BaseSslClient:
    """An old client that does not say which host it wants."""
    return any_old_version(None)


def any_old_version(name: str | None) -> BaseSslClient:
    return _client(f"{_EVERYTHING}:!aNULL:!PSK:!SRP:!SSLv2", name, legacy=True)


def only_tls13(name: str | None) -> BaseSslClient:
    from nassl.ssl_client import OpenSslVerifyEnum, OpenSslVersionEnum, SslClient

    client = SslClient(
        ssl_version=OpenSslVersionEnum.TLSV1_3,
        ssl_verify=OpenSslVerifyEnum.NONE,
        ignore_client_authentication_requests=True,
    )
    if name is not None:
        client.set_tlsext_host_name(name)
    return client


def only_rsa(name: str | None) -> BaseSslClient:
    from nassl.ephemeral_key_info import OpenSslEvpPkeyEnum as Key

    return _signing(_client("aRSA:!PSK:!SRP", name, legacy=False), (Key.RSA_PSS, Key.RSA))


def without_rsa(name: str | None) -> BaseSslClient:
    from nassl.ephemeral_key_info import OpenSslEvpPkeyEnum as Key

    return _signing(_client("aECDSA:!PSK:!SRP", name, legacy=False), (Key.EC,))


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
