"""What a domain of the laboratory shows: its chain of certificates, how its policy is served, how it is registered."""

from __future__ import annotations

from enum import StrEnum


class Chain(StrEnum):
    """What a server sends as its certificate chain."""

    RIGHT = "right"
    EXPIRED = "expired"
    INCOMPLETE = "incomplete"
    SELF_SIGNED = "self-signed"
    WRONG_NAME = "wrong-name"
    UNKNOWN_ROOT = "unknown-root"
    """Complete, up to a root that nobody trusts and that is sent."""
    PRIVATE_CA = "private-ca"
    """Complete, up to a root that nobody trusts and that is not sent."""
    CLIENT_ONLY = "client-only"
    """The extended key usage names TLS clients only."""
    FORBIDDEN_NAME = "forbidden-name"
    """Under an intermediate that may vouch for another domain only."""
    UNKNOWN_CRITICAL = "unknown-critical"
    """With a critical extension that nobody knows."""
    SPARE_EXPIRED = "spare-expired"
    """Right, and with an expired certificate of the intermediate that no path needs."""
    ROTATING = "rotating"
    """Right, under an intermediate with the name of one that its CA replaces at will."""
    FOREIGN_SENT = "foreign-sent"
    """Right, and with a certificate of a CA that issued nothing here."""
    ROOT_SENT = "root-sent"
    """Right, up to the root, which is sent."""
    SHA224 = "sha224"
    """Signed over SHA-224."""
    KEY_EXCHANGE_ONLY = "key-exchange-only"
    """Its key usage does not allow signatures."""
    REVOKED = "revoked"
    """On the list of the CA that it names."""
    MUST_STAPLE = "must-staple"
    """Demands an OCSP response; it is not on the list that it names."""
    WILDCARD = "wildcard"
    WEAK_KEY = "weak-key"
    """An RSA key of two primes that are next to each other."""
    OTHER_WITHOUT_SNI = "other-without-sni"
    """Right where the client names the host, and for another host where it does not."""
    PUBLIC = "public"
    """Right, under a root that the inventory takes for a public CA's, by an issuer called Let's Encrypt."""
    PUBLIC_OLD = "public-old"
    """Issued by a public CA before March 2026, for twenty years."""
    PUBLIC_LONG = "public-long"
    """Issued by a public CA since March 2026, for 300 days."""
    PUBLIC_UNLOGGED = "public-unlogged"
    """Issued by a public CA, without timestamps of logs."""
    PUBLIC_SHORT_SERIAL = "public-short-serial"
    """Issued by a public CA, with the serial number 77."""
    NONE = "none"


class PolicyHost(StrEnum):
    """How https://mta-sts.NAME/.well-known/mta-sts.txt answers."""

    RIGHT = "right"
    REDIRECT = "redirect"
    WRONG_NAME = "wrong-name"
    EXPIRED = "expired"
    NOT_FOUND = "not-found"
    WRONG_TYPE = "wrong-type"
    EMPTY = "empty"
    TOO_LARGE = "too-large"


class Registered(StrEnum):
    """What registries and lists say of a domain, or of the address of its mail host."""

    RIGHT = "right"
    NEW = "registered three days ago"
    ENDS_SOON = "the registration ends in ten days"
    UNLOCKED = "no transfer lock"
    OTHER_SERVERS = "the registry has only the first name server"
    NO_ABUSE = "no abuse contact of the address"
    DROPPED = "the address is on a list of networks"
