"""Web sites of the mail domains, as far as the inventory names them (`web_hosts`).

Much of this is what Internet.nl wants of a site and no standard demands: that is advice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

from mailproof.controls import (
    MAY,
    MUST,
    SHOULD,
    Between,
    Family,
    Harm,
    control,
    fail,
    finding,
    leave_to,
    not_applicable,
)
from mailproof.grammars.openpgp import read_key, unarmoured
from mailproof.grammars.security_txt import SecurityText, parse_security_txt
from mailproof.grammars.web_headers import (
    HSTS,
    ContentPolicy,
    addresses_in,
    parse_cookie,
    parse_csps,
    parse_hsts,
    referrer_policy,
)
from mailproof.net.addresses import is_public
from mailproof.net.dns.registration import owned
from mailproof.net.errors import NotObserved
from mailproof.net.web import WebAnswer
from mailproof.observations.service_dane import ServiceDANE
from mailproof.observations.web import SecurityTxt, WebSite
from mailproof.references import INTERNET_NL, Reference, cve, rfc

FAMILY = Family("WEB", "Web sites of the mail domains", also=("V6", "DANE"))

CSP3 = Reference("W3C: Content Security Policy Level 3", "https://www.w3.org/TR/CSP3/")
FETCH = Reference(
    "WHATWG: Fetch, X-Content-Type-Options", "https://fetch.spec.whatwg.org/#x-content-type-options-header"
)
REFERRER = Reference("W3C: Referrer Policy", "https://www.w3.org/TR/referrer-policy/")


@control("WEB-HTTPS", SHOULD, rfc(9110, "4.2.2"), rfc(9110, "4.3.4"), INTERNET_NL, harm=Harm.READ)
def test_site_answers_over_https(web_site: WebSite) -> None:
    """The site answers on port 443 with a certificate that browsers accept for its name.

    Why: without it visitors meet a warning or a site that anybody on the way can read and change.
    Fix: let the web server listen on 443 with a certificate for the name, and renew it by machine.
    """
    if not web_site.visits:
        fail(f"{web_site.host} has no address", fix="publish A and AAAA records, or take it out of `web_hosts`.")
    answer = web_site.reached("https")
    assert answer is not None, "nothing listens on port 443"
    broken = [v.answer for v in web_site.of("https") if v.answer is not None and v.answer.tls_error]
    assert not broken, f"at {broken[0].address} TLS fails: {broken[0].tls_error}"


def _page(site: WebSite) -> WebAnswer:
    """The page that visitors see. Leaves a site without HTTPS to WEB-HTTPS."""
    page = site.page
    if page is None or site.answer("https") is None:
        if site.reached("https") is None or site.answer("https") is not None:
            leave_to("WEB-HTTPS", f"{site.host} gives no page over HTTPS")
        raise NotObserved("there is no page", site.evidence())
    return page


def _seen(site: WebSite) -> WebAnswer:
    """The page that visitors see, if it is one of the site's: headers of a redirect to others protect nobody."""
    page = _page(site)
    if site.left:
        not_applicable(f"the page leads to {site.left}, which is not looked at")
    return page


@control("WEB-REDIRECT", SHOULD, rfc(6797, "7.2"), INTERNET_NL, harm=Harm.READ)
def test_http_leads_to_https(web_site: WebSite) -> None:
    """Over HTTP the site does nothing but lead to HTTPS on the same host, or its port 80 is closed.

    Why: whoever types the name alone would be served in clear, and somebody on the way can lead him elsewhere.
    Fix: answer on port 80 with 301 and the same URL with https (nginx: return 301 https://$host$request_uri).
    """
    first = web_site.answer("https")
    plain = web_site.reached("http")
    if plain is None:
        return
    target = urlsplit(urljoin(plain.url, plain.redirect)) if _is_url(plain) else None
    if target is not None and target.scheme == "https" and (target.hostname or "").rstrip(".") == web_site.host:
        return
    leads = f"leads to {plain.redirect}" if plain.redirect else f"answers with status {plain.status}"
    said = f"http://{web_site.host}/ {leads}"
    if first is not None and first.field("strict-transport-security"):
        fail(f"{said}, and not to HTTPS on the same host, though the site has HSTS")
    finding(MAY, f"{said}, and not to HTTPS on the same host first, as Internet.nl wants it")


def _is_url(answer: WebAnswer) -> bool:
    """Whether a redirect leads to something that is a URL."""
    try:
        urlsplit(urljoin(answer.url, answer.redirect))
    except ValueError:
        return False
    return bool(answer.redirect)


_HSTS = "strict-transport-security"


@control(
    "WEB-HSTS",
    MUST,
    rfc(6797, "6.1"),
    rfc(6797, "7.1"),
    rfc(6797, "7.2"),
    INTERNET_NL,
    allowed={"max_age": Between(1, 10**9)},
    harm=Harm.READ,
)
def test_https_is_insisted_on(web_site: WebSite, *, max_age: int = 31_536_000) -> None:
    """The first answer over HTTPS has one valid Strict-Transport-Security field with a max-age of a year, and that over
    HTTP has none.

    Why: without it browsers begin in clear whenever somebody types the name alone; a malformed field counts as none.
    Fix: send Strict-Transport-Security: max-age=31536000; includeSubDomains over HTTPS only.
    """
    _page(web_site)
    first = web_site.answer("https")
    values = first.fields(_HSTS) if first is not None else ()
    plain = web_site.answer("http")
    if plain is not None and plain.fields(_HSTS):
        fail("the field comes over HTTP as well, where browsers must not heed it (RFC 6797, sections 7.2 and 8.1)")
    if not values:
        finding(MAY, "there is no Strict-Transport-Security field, which Internet.nl wants")
    assert len(values) == 1, f"there are {len(values)} fields: browsers look at the first alone"
    policy: HSTS = parse_hsts(values[0])
    assert not policy.errors, f"{values[0]}: {'; '.join(policy.errors)}"
    if policy.max_age == 0:
        finding(MAY, "max-age=0 switches HSTS off")
    if policy.max_age is not None and policy.max_age < max_age:
        finding(MAY, f"max-age is {policy.max_age} s, less than {max_age} s")


@control("WEB-NO-HTTP-COMPRESSION", MAY, cve("2013-3587", "BREACH"), INTERNET_NL, harm=Harm.READ)
def test_page_is_not_compressed(web_site: WebSite) -> None:
    """The page comes without compression.

    Why: where a page holds a secret and echoes what somebody else sends, its size gives the secret away (BREACH).
    Fix: switch compression off for pages with secrets (nginx: gzip off), or mask the secrets anew in each answer.
    """
    _seen(web_site)
    if web_site.compressed is None or web_site.compressed.tls_error:
        raise NotObserved("the page could not be had a second time", web_site.evidence())
    coding = web_site.compressed.field("content-encoding").strip().lower()
    assert coding in ("", "identity"), f"the page comes in the content coding {coding}"


@control("WEB-CSP", MAY, CSP3, INTERNET_NL, harm=Harm.ABUSED)
def test_content_policy_is_strict(web_site: WebSite) -> None:
    """The page has a content security policy that lets in only what belongs to the site.

    Why: without one a script that somebody gets into the page runs with the visitor's rights, webmail included.
    Fix: send Content-Security-Policy: default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self',
    and add what the site needs.
    """
    page = _seen(web_site)
    policies = parse_csps(page.fields("content-security-policy"))
    assert policies, "there is no Content-Security-Policy field"
    faults = [_faults_of(policy, urlsplit(page.url).hostname or "") for policy in policies]
    least = min(faults, key=len)
    assert not least, f"the policy {'is' if len(policies) == 1 else 'that is best is'} weak: {'; '.join(least)}"


_UNSAFE = ("'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'")


def _faults_of(policy: ContentPolicy, host: str) -> list[str]:
    """What Internet.nl has against a policy. With a nonce or a hash browsers pass over 'unsafe-inline' (CSP 3, section
    6.7.3.2).
    """
    found = [f"{name} is missing" for name in ("base-uri", "frame-ancestors", "form-action") if _lacks(policy, name)]
    if _lacks(policy, "default-src"):
        found.append("default-src is missing")
        found += ["frame-src is missing"] if policy.sources("frame-src") is None else []
    for name in ("default-src", "base-uri"):
        foreign = [source for source in policy.directives.get(name, ()) if not _is_own(source, host)]
        found += [f"{name} allows {' '.join(foreign)}"] if foreign else []
    for name, sources in policy.with_sources.items():
        bound = any(source.startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-")) for source in sources)
        wide = [s for s in sources if (s in _UNSAFE and not (bound and s == _UNSAFE[0])) or _is_anybody(s)]
        found += [f"{name} allows {' '.join(wide)}"] if wide and name not in ("default-src", "base-uri") else []
    for name in ("script-src", "object-src"):
        if "data:" in (policy.sources(name) or ()):
            found.append(f"{name} allows data:")
    return list(dict.fromkeys(found))


def _lacks(policy: ContentPolicy, name: str) -> bool:
    return name not in policy.directives


def _is_own(source: str, host: str) -> bool:
    """Whether a source of default-src or base-uri is the site itself, or a host of its domain."""
    if source in ("'none'", "'self'", "'report-sample'", "'strict-dynamic'") or source.startswith(("'nonce-", "'sha")):
        return True
    name = source.removeprefix("https://").partition("/")[0].partition(":")[0].removeprefix("*.")
    return "." in name and owned(name) == owned(host)


def _is_anybody(source: str) -> bool:
    """Whether a source is everybody, or what comes in clear, or this machine."""
    host = source.rpartition("://")[2].partition("/")[0].partition(":")[0]
    return source in ("http:", "https:") or host in ("*", "127.0.0.1") or source.startswith("http://")


@control("WEB-XFO", MAY, rfc(7034, "2.1"), CSP3, INTERNET_NL, harm=Harm.ABUSED)
def test_site_is_not_framed(web_site: WebSite) -> None:
    """X-Frame-Options is DENY or SAMEORIGIN, or the content security policy has frame-ancestors.

    Why: whoever shows the site invisibly inside his own makes visitors click where they do not want to.
    Fix: send X-Frame-Options: DENY, or Content-Security-Policy: frame-ancestors 'self'.
    """
    page = _seen(web_site)
    if any("frame-ancestors" in policy.directives for policy in parse_csps(page.fields("content-security-policy"))):
        return  # browsers pass over X-Frame-Options then (CSP 3, section 6.4.2.2)
    values = [value.strip().upper() for text in page.fields("x-frame-options") for value in text.split(",")]
    assert values, "there is neither X-Frame-Options nor frame-ancestors"
    wrong = [value for value in values if value not in ("DENY", "SAMEORIGIN")]
    assert not wrong, f"X-Frame-Options is {', '.join(wrong)}: browsers know DENY and SAMEORIGIN"


@control("WEB-XCTO", MAY, FETCH, INTERNET_NL, harm=Harm.ABUSED)
def test_types_are_not_guessed(web_site: WebSite) -> None:
    """X-Content-Type-Options is nosniff.

    Why: otherwise browsers may run as a script what was uploaded as something harmless.
    Fix: send X-Content-Type-Options: nosniff.
    """
    value = _seen(web_site).field("x-content-type-options")
    first = value.partition(",")[0].strip().lower()
    assert first == "nosniff", f"X-Content-Type-Options is {value or 'missing'}"


@control("WEB-REFERRER", MAY, REFERRER, INTERNET_NL, harm=Harm.READ)
def test_referrer_is_kept_back(web_site: WebSite) -> None:
    """Referrer-Policy is no-referrer or same-origin.

    Why: other sites learn from which page a visitor comes, which may be a webmail's message.
    Fix: send Referrer-Policy: same-origin.
    """
    policy = referrer_policy(_seen(web_site).fields("referrer-policy"))
    if policy in ("no-referrer", "same-origin"):
        return
    if not policy:
        finding(MAY, "there is no Referrer-Policy: browsers act as if it were strict-origin-when-cross-origin")
    weak = policy in ("strict-origin", "strict-origin-when-cross-origin")
    finding(MAY, f"Referrer-Policy is {policy}, which tells other sites {'the host' if weak else 'more than the host'}")


@control("WEB-COOKIES-BANNERS", MAY, rfc(6265, "4.1.2"), rfc(9110, "10.2.4"), harm=Harm.READ)
def test_headers_give_nothing_away(web_site: WebSite) -> None:
    """Cookies are Secure and HttpOnly, and no header tells versions of software or addresses inside.

    Why: a cookie without Secure crosses in clear, one without HttpOnly is any script's; versions and addresses help
    whoever looks for a way in.
    Fix: set cookies with Secure; HttpOnly; SameSite; switch off banners (nginx: server_tokens off; Apache: ServerTokens
    Prod; PHP: expose_php = Off).
    """
    first, page = web_site.answer("https"), _page(web_site)
    found: list[str] = []
    for answer in dict.fromkeys((first, *web_site.followed, page)):
        found += _given_away(answer) if answer is not None else []
    assert not found, "; ".join(dict.fromkeys(found))


_BANNERS = ("server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator", "via")


_NOT_SEARCHED = ("set-cookie", "content-security-policy", "content-security-policy-report-only")


def _given_away(answer: WebAnswer) -> list[str]:
    found = []
    for text in answer.fields("set-cookie"):
        cookie = parse_cookie(text)
        missing = [name for name in ("Secure", "HttpOnly") if name.lower() not in cookie.attributes]
        if missing:
            found.append(f"the cookie {cookie.name} lacks {' and '.join(missing)}")
        if cookie.name.startswith("BIGipServer") and text.partition("=")[2][:1].isdigit():
            found.append(f"the cookie {cookie.name} holds an address behind a load balancer")
    for name in _BANNERS:
        value = answer.field(name)
        if name != "via" and any(character.isdigit() for character in value):
            found.append(f"{name}: {value}")
    for name, value in answer.headers:
        inside = [a for a in addresses_in(value) if not is_public(a)] if name not in _NOT_SEARCHED else []
        found += [f"{name} holds the private address {inside[0]}"] if inside else []
    return found


@control(
    "WEB-SECURITYTXT",
    MUST,
    rfc(9116, "2.5"),
    rfc(9116, "3"),
    INTERNET_NL,
    by_clock=True,
    allowed={"most_days": Between(1, 3660)},
    harm=Harm.ABUSED,
)
def test_security_txt_is_right(security_txt: SecurityTxt, *, most_days: int = 366) -> None:
    """/.well-known/security.txt is there over HTTPS, as text/plain in UTF-8, with Contact and an Expires in the future.

    Why: who finds a hole in the site or in the mail looks there whom to tell.
    Fix: publish Contact: mailto:... and Expires: in less than a year, and renew it by machine.
    """
    answer = security_txt.answer
    if answer is None:
        leave_to("WEB-HTTPS", f"{security_txt.host} gives no page over HTTPS")
    if security_txt.left:
        raise NotObserved(f"it leads to {security_txt.left}, which is not followed", security_txt.evidence())
    if answer.status in (404, 410):
        finding(MAY, "there is no security.txt")
    if answer.status != 200:
        raise NotObserved(f"status {answer.status} instead of the file", security_txt.evidence())
    kind, _, parameters = answer.field("content-type").lower().partition(";")
    if kind.strip() == "text/html":
        finding(MAY, "there is no security.txt: a page of the site comes in its place")
    assert kind.strip() == "text/plain", f"it comes as {kind.strip() or 'no type'}, not as text/plain"
    charset = parameters.partition("charset=")[2].partition(";")[0].strip().strip('"')
    assert charset in ("", "utf-8"), f"it comes in the charset {charset}, not in utf-8"
    assert answer.whole, "it is larger than 100 kB"
    text = parse_security_txt(answer.body)
    assert not text.errors, "; ".join(text.errors)
    _in_date(text, datetime.fromisoformat(security_txt.at), most_days)
    if not text.signature:
        finding(MAY, "it is not signed with OpenPGP, which RFC 9116 recommends")


def _in_date(text: SecurityText, at: datetime, most_days: int) -> None:
    expires = text.expires
    if expires is None:
        return
    assert expires >= at, f"it expired on {expires:%Y-%m-%d}: it must not be used any more"
    if expires > at + timedelta(days=most_days):
        finding(MAY, f"it expires on {expires:%Y-%m-%d}, in more than {most_days} days: RFC 9116 recommends a year")


@control(
    "WEB-SECURITYTXT-KEY", MAY, rfc(9116, "2.5.4"), rfc(9580, "5.2.3.13"), INTERNET_NL, by_clock=True, harm=Harm.READ
)
def test_key_of_security_txt_is_in_date(security_txt: SecurityTxt) -> None:
    """The OpenPGP key that Encryption in security.txt names is neither expired nor revoked.

    Why: who wants to report a hole in confidence cannot encrypt to a key that has ended.
    Fix: extend the key, or make a new one; publish it under the URL that Encryption names.
    """
    answer = security_txt.answer
    if answer is None:
        leave_to("WEB-HTTPS", f"{security_txt.host} gives no page over HTTPS")
    if answer.status != 200:
        leave_to("WEB-SECURITYTXT", "there is no security.txt")
    named = parse_security_txt(answer.body).values("Encryption")
    if not named:
        not_applicable("security.txt names no key")
    if security_txt.key is None:
        not_applicable(f"{named[0]} is no page of the same domain: it is not fetched")
    data = unarmoured(security_txt.key.body)
    key = read_key(data) if data is not None else None
    if key is None:
        not_applicable(f"{security_txt.key.url} (status {security_txt.key.status}) is no OpenPGP key in armour")
    assert not key.revoked, f"the key {key.id} is revoked"
    assert key.ends != 0, f"the subkeys for encryption of the key {key.id} are revoked"
    if key.ends is not None:
        ends = datetime.fromtimestamp(key.ends, UTC)
        assert ends >= datetime.fromisoformat(security_txt.at), f"the key {key.id} ended on {ends:%Y-%m-%d}"


@control("V6-WEB-AAAA", MAY, rfc(6540, "2"), INTERNET_NL, harm=Harm.READ)
def test_site_has_ipv6(web_site: WebSite) -> None:
    """The site has an IPv6 address that everybody can reach.

    Why: visitors who have IPv6 alone do not get to it otherwise.
    Fix: give the web server an IPv6 address and publish its AAAA record.
    """
    if not web_site.ipv4.records and not web_site.ipv6.records:
        leave_to("WEB-HTTPS", f"{web_site.host} has no address")
    found = [record.data for record in web_site.ipv6.records]
    assert found, f"{web_site.host} has no AAAA record"
    assert any(map(is_public, found)), f"{', '.join(found)} is not reachable from everywhere"


@control("V6-WEB-REACH", MAY, rfc(8305, "4"), INTERNET_NL, harm=Harm.READ)
def test_site_answers_over_ipv6(web_site: WebSite) -> None:
    """Every IPv6 address of the site answers on port 443 or 80.

    Why: visitors wait until their browser gives the dead address up; those with IPv6 alone do not get in.
    Fix: let the web server listen on the address and open the firewall, or take the AAAA record out.
    """
    six = [visit for visit in web_site.visits if visit.version == 6]
    if not six:
        leave_to("V6-WEB-AAAA", f"{web_site.host} has no IPv6 address")
    for address in dict.fromkeys(visit.address for visit in six):
        here = [visit for visit in six if visit.address == address]
        if any(visit.answer is not None for visit in here):
            continue
        if not all(visit.refused for visit in here):
            raise next(visit.not_observed() for visit in here if not visit.refused)
        others = web_site.answer("https") or web_site.answer("http")
        if others is None:
            leave_to("WEB-HTTPS", "no address of the site answers")
        raise AssertionError(f"{address} refuses connections, and {others.address} takes them")


_COMPARED = (
    "content-security-policy", "location", "referrer-policy", "strict-transport-security", "x-content-type-options",
    "x-frame-options",
)  # fmt: skip


@control("V6-WEB-SAME", MAY, INTERNET_NL, allowed={"least": Between(0, 1)}, harm=Harm.READ)
def test_site_is_the_same_over_ipv6(web_site: WebSite, *, least: float = 0.9) -> None:
    """Over IPv6 the site has the same ports, status, security headers and content as over IPv4.

    Why: one of the two was forgotten: an old server, a default page, or headers that protect half of the visitors.
    Fix: let the same server and the same configuration answer on both addresses (nginx: listen [::]:443).
    """
    by_version: Mapping[int, list[WebAnswer]] = {4: [], 6: []}
    for visit in web_site.visits:
        if visit.answer is not None:
            by_version[visit.version].append(visit.answer)
    if not web_site.ipv6.records or not web_site.ipv4.records:
        not_applicable(f"{web_site.host} has addresses of one kind only")
    if not by_version[6]:
        leave_to("V6-WEB-REACH", "nothing answers over IPv6")
    for scheme in ("https", "http"):
        _same(web_site, scheme)
    if web_site.alike is not None and web_site.alike < least:
        finding(MAY, f"only {web_site.alike:.0%} of the words of the page are the same over IPv4 and IPv6")


_NONCE = re.compile(r"'nonce-[^']*'", re.IGNORECASE)
"""Made anew for every answer (CSP 3, section 2.3.1)."""


def _lasting(answer: WebAnswer, name: str) -> tuple[str, ...]:
    """The values of a field without what is made anew for every visitor: nonces, and tokens in the query of a URL."""
    values = (_NONCE.sub("'nonce'", value) for value in answer.fields(name))
    return tuple(re.split("[?;#]", value, maxsplit=1)[0] if name == "location" else value for value in values)


def _same(site: WebSite, scheme: str) -> None:
    four = next((visit for visit in site.of(scheme) if visit.version == 4), None)
    six = next((visit for visit in site.of(scheme) if visit.version == 6), None)
    if four is None or six is None:
        return
    for visit in (four, six):
        if visit.answer is None and not visit.refused:
            raise visit.not_observed()
    assert (four.answer is None) == (six.answer is None), f"{scheme} is answered over one of IPv4 and IPv6 only"
    if four.answer is None or six.answer is None or four.answer.tls_error or six.answer.tls_error:
        return
    assert four.answer.status == six.answer.status, (
        f"{scheme}: status {four.answer.status} over IPv4, {six.answer.status} over IPv6"
    )
    differ = [name for name in _COMPARED if _lasting(four.answer, name) != _lasting(six.answer, name)]
    assert not differ, f"{scheme}: {', '.join(differ)} differ between IPv4 and IPv6"


@control("DANE-WEB", SHOULD, rfc(6698, "4"), INTERNET_NL, harm=Harm.READ)
def test_tlsa_records_of_site_match(web_dane: ServiceDANE) -> None:
    """The site has TLSA records, secured by DNSSEC, and one of them matches each certificate that it sends.

    Why: programs that do DANE for the web refuse a site whose records do not match.
    Fix: publish the record of the new key two TTLs before the certificate changes; or remove the records.
    """
    if not web_dane.records:
        finding(MAY, "there is no TLSA record, which Internet.nl would like to see")
    if not web_dane.judged:
        leave_to("WEB-HTTPS", "the site gives no page over HTTPS")
    if not web_dane.secure:
        finding(MAY, "the TLSA records or the addresses are not secured by DNSSEC: nobody heeds them")
    for match in web_dane.chains:
        said = f": {'; '.join(match.remarks)}" if match.remarks else ""
        assert match.matching, f"no TLSA record matches the certificate {match.chain.leaf.subject}{said}"
