"""The versions of TLS."""

from __future__ import annotations

from enum import StrEnum


class TLSVersion(StrEnum):
    """Protocol versions, oldest first."""

    SSLV2 = "SSLv2"
    SSLV3 = "SSLv3"
    TLS1_0 = "TLSv1.0"
    TLS1_1 = "TLSv1.1"
    TLS1_2 = "TLSv1.2"
    TLS1_3 = "TLSv1.3"
