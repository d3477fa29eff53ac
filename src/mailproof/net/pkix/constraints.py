"""Name constraints: which names a CA may put into certificates (RFC 5280, section 4.2.1.10)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from mailproof.net.pkix.extensions import extension
from mailproof.net.pkix.names import canonical
from mailproof.net.text import printable

COMPARISONS = 100_000
"""Names times constraints that are compared for one pair of certificates."""


class TooMany(Exception):
    """More names and constraints than are compared."""


def violation(constraints: x509.NameConstraints, certificate: x509.Certificate) -> str:
    """Why a CA with ``constraints`` may not vouch for the names of ``certificate``; "" when it may.

    Raises TooMany.
    """
    permitted, excluded = list(constraints.permitted_subtrees or ()), list(constraints.excluded_subtrees or ())
    odd = next((_text(base) for base in (*permitted, *excluded) if not _is_usable(base)), "")
    if odd:
        return f"the constraint {odd!r} is no name"
    names = names_of(certificate)
    if len(names) * (len(permitted) + len(excluded)) > COMPARISONS:
        raise TooMany
    for name in names:
        if any(_within(name, base, excluded=True) for base in excluded if _same_form(name, base)):
            return f"the name {_text(name)} is excluded"
        bases = [base for base in permitted if _same_form(name, base)]
        if bases and not any(_within(name, base, excluded=False) for base in bases):
            return f"the name {_text(name)} is not among the permitted"
    return ""


def names_of(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """All names that constraints apply to: the alternative names, the subject, and mail addresses in the subject."""
    alternatives = extension(certificate, x509.SubjectAlternativeName)
    names: list[x509.GeneralName] = [*(alternatives or ())]
    if alternatives is None:
        names += [
            x509.RFC822Name(attribute.value)
            for attribute in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)
            if isinstance(attribute.value, str) and attribute.value.isascii()
        ]
    if certificate.subject.rdns:
        names.append(x509.DirectoryName(certificate.subject))
    return names


def _same_form(name: x509.GeneralName, base: x509.GeneralName) -> bool:
    if isinstance(name, x509.OtherName) and isinstance(base, x509.OtherName):
        return name.type_id == base.type_id
    return type(name) is type(base)


def _is_usable(base: x509.GeneralName) -> bool:
    """DNS constraints are names in preferred syntax, or empty: no wildcard, no first or last dot."""
    if not isinstance(base, x509.DNSName) or not base.value:
        return True
    return "*" not in base.value and "" not in base.value.split(".")


def _within(name: x509.GeneralName, base: x509.GeneralName, *, excluded: bool) -> bool:
    """Whether ``name`` lies in the subtree of ``base``. Forms that nobody compares are never permitted, and always
    excluded.
    """
    match name, base:
        case x509.DNSName(), x509.DNSName():
            return _dns(name.value, base.value, excluded=excluded)
        case x509.IPAddress(), x509.IPAddress():
            network = base.value
            return isinstance(network, IPv4Network | IPv6Network) and name.value in network
        case x509.RFC822Name(), x509.RFC822Name():
            return _mail(name.value, base.value)
        case x509.UniformResourceIdentifier(), x509.UniformResourceIdentifier():
            host = _host(name.value)
            return excluded if host is None else _host_within(host, base.value.lower())
        case x509.DirectoryName(), x509.DirectoryName():
            start = canonical(base.value)
            return canonical(name.value)[: len(start)] == start
    return excluded


def _dns(name: str, base: str, *, excluded: bool) -> bool:
    """Zero or more labels may stand before the base. A wildcard is excluded where any name that it covers is."""
    if "" in name.split(".") and not excluded:
        return False
    labels, wanted = (_labels(text.removesuffix(".")) for text in (name, base))
    if labels[:1] == ["*"]:
        parent = labels[1:]
        if excluded and wanted[1:] == parent and wanted:
            return True
        labels = parent
    return not wanted or labels[-len(wanted) :] == wanted


def _labels(name: str) -> list[str]:
    return name.lower().split(".") if name else []


def _mail(address: str, base: str) -> bool:
    local, _, host = address.rpartition("@")
    if "@" in base:
        base_local, _, base_host = base.rpartition("@")
        return local == base_local and host.lower() == base_host.lower()
    return _host_within(host.lower(), base.lower())


def _host_within(host: str, base: str) -> bool:
    """A base that begins with a dot stands for the hosts below it, any other for itself; an empty one for all."""
    return not base or (host.endswith(base) if base.startswith(".") else host == base)


def _host(uri: str) -> str | None:
    """The host of a URI; None when it has no name there, which constraints cannot judge."""
    try:
        host = urlsplit(uri).hostname
    except ValueError:
        return None
    return host if host and not host.replace(".", "").isdigit() and ":" not in host else None


def _text(name: x509.GeneralName) -> str:
    value: object = name.value
    if isinstance(value, x509.Name):
        value = value.rfc4514_string()
    return printable(str(value))
