"""BIMI: the logo of a domain beside its mail, as far as receivers show it. It is optional, and no RFC yet."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.criteria.marks import MARK_TYPE, NO_PILOT_SINCE, REQUIRED
from mailproof.grammars.svg import SVGFacts
from mailproof.net.dns.registration import owned
from mailproof.net.errors import NotObserved
from mailproof.net.pkix.marks import PILOT, MarkCertificate, is_for_bimi
from mailproof.observations.bimi import BIMI, BIMICertificate, BIMILogo
from mailproof.observations.dmarc import DMARC
from mailproof.references import Reference, rfc

FAMILY = Family("BIMI", "BIMI")

BIMI_DRAFT = Reference(
    "draft-brand-indicators-for-message-identification",
    "https://datatracker.ietf.org/doc/draft-brand-indicators-for-message-identification/",
)
SVG_DRAFT = Reference("draft-svg-tiny-ps-abrotman", "https://datatracker.ietf.org/doc/draft-svg-tiny-ps-abrotman/")
VMC_REQUIREMENTS = Reference("VMC Requirements, section 7", "https://bimigroup.org/vmc-issuers/")

NAMES_OF_TEMPLATES = ("untitled", "title", "logo", "no title", "svg")
MOST_OCTETS = 32 * 1024


@control("BIMI-RECORD", MUST, BIMI_DRAFT, harm=Harm.REFUSED)
def test_bimi_record(bimi: BIMI) -> None:
    """A domain that publishes a BIMI record has exactly one, and it can be read.

    Why: receivers ignore a record that they cannot read, and show no logo.
    Fix: publish one TXT record at default._bimi: `v=BIMI1; l=https://...; a=https://...`.
    """
    miss = f"{bimi.answer.name} has {bimi.near_misses[0]!r:.200}, which is no BIMI record" if bimi.near_misses else ""
    assert bimi.texts or not miss, miss
    if not bimi.texts:
        not_applicable(
            f"the record of {bimi.organisation} applies" if bimi.applies else "the domain publishes no BIMI record"
        )
    assert len(bimi.texts) == 1, f"{bimi.answer.name} has {len(bimi.texts)} BIMI records: receivers ignore them all"
    if bimi.record is None:
        return
    assert not bimi.record.errors, "\n".join(bimi.record.errors)
    if bimi.record.doubtful:
        finding(SHOULD, "; ".join(bimi.record.doubtful), why="receivers ignore it, or take the whole record as void.")
    if miss:
        finding(MAY, miss, why="receivers that are not strict may take it for a second record.", fix="remove it.")
    if bimi.record.unknown:
        finding(
            MAY,
            f"nobody defines {', '.join(bimi.record.unknown)}",
            why="receivers ignore the tag; perhaps another one was meant.",
            fix="remove it.",
        )


@control("BIMI-DMARC-READY", MUST, BIMI_DRAFT, harm=Harm.REFUSED)
def test_dmarc_is_strict_enough_for_bimi(bimi: BIMI, dmarc: DMARC) -> None:
    """The DMARC policy of a domain with a logo is quarantine or reject, for all mail and for sub-domains.

    Why: receivers show no logo otherwise, since anybody could use the name that it stands beside.
    Fix: publish p=quarantine or p=reject without pct, and no sp=none.
    """
    record = bimi.applies
    if record is None or record.declined:
        not_applicable("no logo is published for the domain")
    if dmarc.policy is None:
        leave_to("DMARC-EXISTS", "no DMARC policy applies")
    weak = [f"the policy is {dmarc.policy.value}"] if dmarc.policy.value == "none" else []
    for step in dmarc.found:
        if step.domain not in (dmarc.domain, dmarc.organisational_domain) or step.record is None:
            continue
        where = f"_dmarc.{step.domain}"
        tags = ("p", "sp") if step.domain == dmarc.organisational_domain else ("p",)
        weak += [f"{tag}=none at {where}" for tag in tags if (step.record.get(tag) or "").lower() == "none"]
        if step.domain != dmarc.policy.domain and step.record.testing and step.record.policy("p") == "quarantine":
            weak.append(f"p=quarantine with t=y, which is none, at {where}")
        pct = step.record.get("pct")
        weak += [f"pct={pct} at {where}"] if pct not in (None, "100") else []
    assert not weak, "; ".join(dict.fromkeys(weak))


@control("BIMI-SVG", MUST, BIMI_DRAFT, SVG_DRAFT, harm=Harm.REFUSED)
def test_logo_is_of_the_profile(bimi_logo: BIMILogo) -> None:
    """The image of a BIMI record can be fetched, and is of the profile SVG Tiny Portable/Secure.

    Why: receivers show no other image.
    Fix: export the logo as SVG Tiny 1.2, set baseProfile="tiny-ps" and version="1.2", add a title, remove scripts,
    links, pictures and x and y of the outermost element.
    """
    if not bimi_logo.url:
        not_applicable("the domain's own record names no image")
    assert not bimi_logo.fault, bimi_logo.fault
    image = bimi_logo.image
    if image is None:
        return
    assert not image.fault, f"{bimi_logo.url}: {image.fault}"
    faults = _profile_faults(image)
    assert not faults, "\n".join(faults)
    if image.octets > MOST_OCTETS:
        finding(SHOULD, f"the image has {image.octets} octets, more than {MOST_OCTETS}")
    hints = []
    if image.aspect is None:
        hints.append("no view box that can be read says what shape the image has")
    if image.aspect is not None and abs(image.aspect - 1) > 0.01:
        hints.append(f"the view box is no square: width by height is {image.aspect:.2f}")
    if (image.title or "").lower() in NAMES_OF_TEMPLATES or "tiny-ps" in (image.title or "").lower():
        hints.append(f"the title {image.title!r} is that of a template, and no name")
    if bimi_logo.content_type != "image/svg+xml":
        hints.append(f"the media type is {bimi_logo.content_type or 'missing'}, and not image/svg+xml")
    if hints:
        finding(
            MAY,
            "\n".join(hints),
            why="receivers cut the image to a square or a circle, and read the title to those who do not see it.",
            fix="make the view box a square, give the brand's name as title, and serve it as image/svg+xml.",
        )


def _profile_faults(image: SVGFacts) -> list[str]:
    """What the profile does not admit (draft-svg-tiny-ps-abrotman, section 2)."""
    if image.root != "svg":
        return [f"the outermost element is {image.root or 'missing'}, and not svg"]
    faults = []
    if image.get("version") != "1.2":
        faults.append(f"version is {image.get('version')!r}, and not '1.2'")
    if image.get("baseProfile") != "tiny-ps":
        faults.append(f"baseProfile is {image.get('baseProfile')!r}, and not 'tiny-ps'")
    if not image.title:
        faults.append("there is no title below the outermost element" if image.title is None else "the title is empty")
    faults += [f"the outermost element has the attribute {name}" for name in ("x", "y") if image.get(name) is not None]
    faults += [f"the profile does not admit {what}" for what in image.forbidden]
    faults += [f"it refers to {what!r} outside of the document" for what in image.external]
    return faults


@control("BIMI-CERT", MUST, VMC_REQUIREMENTS, BIMI_DRAFT, rfc(3709, "4.1"), by_clock=True, harm=Harm.REFUSED)
def test_mark_certificate(bimi_certificate: BIMICertificate) -> None:
    """The mark certificate of a BIMI record is valid, and vouches for this domain and this image.

    Why: the large receivers show a logo only with a certificate that they can check.
    Fix: put the chain that the authority gave, certificate first, at the URI of a=; renew it in time, and serve as l=
    the image that it was issued for.
    """
    if not bimi_certificate.url:
        not_applicable("the domain's own record names no certificate")
    assert not bimi_certificate.fault, bimi_certificate.fault
    mark = bimi_certificate.mark
    assert mark is not None, f"{bimi_certificate.url} is no certificate: {bimi_certificate.unreadable}"
    faults = [*_validity(mark, bimi_certificate.at), *_contents(mark, bimi_certificate.domain)]
    if mark.trusted is False and not mark.certificate.is_ca:
        faults.append(f"no path leads to a mark verifying authority of the inventory: {mark.path}")
    logo = bimi_certificate.logo_sha256
    if mark.images and logo and logo not in mark.images:
        faults.append("the image of l= is not the one that stands in the certificate")
    assert not faults, "\n".join(faults)
    if mark.trusted is None:
        raise NotObserved(
            f"whether {mark.certificate.issuer} is a mark verifying authority is not known: the inventory names no "
            "roots (trust: mark_authorities); all the rest is right"
        )


def _validity(mark: MarkCertificate, at: str) -> list[str]:
    certificate = mark.certificate
    if at < certificate.not_before:
        return [f"the certificate is not valid before {certificate.not_before}"]
    return [f"the certificate has expired on {certificate.not_after}"] if at > certificate.not_after else []


def _contents(mark: MarkCertificate, domain: str) -> list[str]:
    """What the certificate does not say of its purpose, the domain and the mark."""
    if mark.certificate.is_ca:
        return ["the first certificate of the file is that of an authority: the domain's own has to come first"]
    faults = []
    if not is_for_bimi(mark):
        faults.append("the extended key usage does not name BIMI")
    names = {name.lower() for name in mark.certificate.dns_names}
    labels = domain.split(".")
    above = {".".join(labels[at:]) for at in range(len(labels) - len(owned(domain).split(".")) + 1)}
    accepted = above | {f"default._bimi.{name}" for name in above}
    if names.isdisjoint(accepted):
        faults.append(f"the certificate is for {', '.join(sorted(names)) or 'no domain'}, and not for {domain}")
    if not mark.images:
        faults.append("no image stands in the certificate")
    faults += [f"the image in the certificate has another {name} hash than it says" for name in mark.hash_faults]
    kind = mark.get(MARK_TYPE)
    if kind not in REQUIRED:
        return [*faults, f"the kind of mark is {kind!r}" if kind else "the subject names no kind of mark (markType)"]
    lacking = [name for oid, name in REQUIRED[kind].items() if not mark.get(oid)]
    if lacking:
        faults.append(f"the subject of a {kind} lacks {', '.join(lacking)}")
    if PILOT in mark.extensions and mark.certificate.not_before >= NO_PILOT_SINCE:
        faults.append("the certificate has a pilot identifier, which none has since 2025-03-15")
    return faults
