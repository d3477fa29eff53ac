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

    @property
    def number(self) -> int:
        """As it stands in hellos (RFC 8446, section 4.2.1)."""
        return 0x0002 if self is TLSVersion.SSLV2 else 0x02FF + list(TLSVersion).index(self)


def version_of(number: int) -> TLSVersion | None:
    """The version of a number; None for numbers that are none."""
    return next((version for version in TLSVersion if version.number == number), None)
