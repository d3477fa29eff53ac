"""The names by which CAA records know certificate authorities (RFC 8659, section 4.2), by their organisation."""

from __future__ import annotations

AS_OF = "2026-11"

_SECTIGO = ("sectigo.com", "comodo.com", "comodoca.com", "usertrust.com", "trust-provider.com", "zerossl.com")
_DIGICERT = (
    "digicert.com",
    "www.digicert.com",
    "digicert.ne.jp",
    "cybertrust.ne.jp",
    "thawte.com",
    "geotrust.com",
    "rapidssl.com",
    "symantec.com",
    "quovadisglobal.com",
    "volusion.com",
    "stratossl.digicert.com",
    "intermediatecertificate.digicert.com",
    "1and1.digicert.com",
    "digitalcertvalidation.com",
)
_AMAZON = ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com")
_GODADDY = ("godaddy.com", "starfieldtech.com")

NAMES = {
    "let's encrypt": ("letsencrypt.org",),
    "internet security research group": ("letsencrypt.org",),
    "google trust services": ("pki.goog", "google.com"),
    "google trust services llc": ("pki.goog", "google.com"),
    "digicert inc": _DIGICERT,
    "digicert, inc.": _DIGICERT,
    "sectigo limited": _SECTIGO,
    "comodo ca limited": _SECTIGO,
    "zerossl": _SECTIGO,
    "zerossl gmbh": _SECTIGO,
    "globalsign nv-sa": ("globalsign.com",),
    "godaddy.com, inc.": _GODADDY,
    "starfield technologies, inc.": _GODADDY,
    "amazon": _AMAZON,
    "buypass as-983163327": ("buypass.com", "buypass.no"),
    "ssl corporation": ("ssl.com",),
    "ssl corp": ("ssl.com",),
    "actalis s.p.a.": ("actalis.it",),
    "swisssign ag": ("swisssign.com", "swisssign.net"),
    "d-trust gmbh": ("d-trust.net", "dtrust.de", "d-trust.de", "dtrust.net"),
}
"""By the organisation of the issuer, in small letters. One that is not here is not known, which says nothing of it."""


def names_of(organisation: str) -> tuple[str, ...]:
    """The names of the CA in CAA records; none where it is not known here."""
    return NAMES.get(organisation.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip(), ())
