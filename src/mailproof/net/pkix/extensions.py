"""Extensions of certificates (RFC 5280, section 4.2)."""

from __future__ import annotations

from typing import TypeVar

from cryptography import x509

E = TypeVar("E", bound=x509.ExtensionType)


def extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    """The extension of this ``kind``; None where there is none, or ``why_unreadable`` has something to say."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except Exception:  # one that does not parse raises nearly anything, for all of them
        return None


def why_unreadable(certificate: x509.Certificate) -> tuple[str, bool]:
    """Why the extensions do not parse ("" where they do), and whether everybody refuses the certificate for it.

    One that is there twice is no certificate (RFC 5280, section 4.2). Of others clients read what they need, and they
    may hold forms of names that are not known here.
    """
    try:
        certificate.extensions  # noqa: B018
    except x509.DuplicateExtension as error:
        return str(error), True
    except Exception as error:
        return str(error) or type(error).__name__, False
    return "", False
