"""The sources of rules: who demands what a control demands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """The source of a rule. ``url`` is empty where it is nothing that can be linked to."""

    title: str
    url: str = ""

    def __str__(self) -> str:
        return self.title


def rfc(number: int, section: str | None = None) -> Reference:
    """An RFC, or one section of it."""
    url = f"https://www.rfc-editor.org/rfc/rfc{number}"
    if section is None:
        return Reference(f"RFC {number}", url)
    anchor = f"appendix-{section}" if section[0].isalpha() else f"section-{section}"
    word = "appendix" if section[0].isalpha() else "section"
    return Reference(f"RFC {number}, {word} {section}", f"{url}#{anchor}")


def cve(id: str, name: str = "") -> Reference:
    """A vulnerability of the CVE list by its number, like ``2016-2183``, and the name that people know it by."""
    return Reference(f"CVE-{id}{f' ({name})' if name else ''}", f"https://nvd.nist.gov/vuln/detail/CVE-{id}")


GOOGLE_SENDERS = Reference("Google: email sender guidelines", "https://support.google.com/a/answer/81126")
YAHOO_SENDERS = Reference("Yahoo: sender best practices", "https://senders.yahooinc.com/best-practices/")
INTERNET_NL = Reference("Internet.nl: mail test", "https://internet.nl/about-mailtest/")
NCSC_NL_TLS = Reference(
    "NCSC-NL: TLS guidelines 2025-05", "https://english.ncsc.nl/publications/publications/2025/june/01/tls-guidelines"
)
BASELINE_REQUIREMENTS = Reference(
    "CA/Browser Forum: Baseline Requirements for TLS server certificates",
    "https://cabforum.org/working-groups/server/baseline-requirements/",
)
SC_081V3 = Reference(
    "CA/Browser Forum: ballot SC-081v3",
    "https://cabforum.org/2025/04/11/ballot-sc081v3-introduce-schedule-of-reducing-validity-and-data-reuse-periods/",
)
CHROME_ROOTS = Reference("Chrome Root Program Policy", "https://googlechrome.github.io/chromerootprogram/")
CHROME_CT = Reference(
    "Chrome Certificate Transparency policy", "https://googlechrome.github.io/CertificateTransparency/ct_policy.html"
)
APPLE_CT = Reference("Apple: Certificate Transparency policy", "https://support.apple.com/en-us/103214")
MOZILLA_TLS = Reference("Mozilla: server side TLS 6.0", "https://ssl-config.mozilla.org/guidelines/6.0.json")
BSI_TLS = Reference(
    "BSI TR-02102-2: use of TLS",
    "https://www.bsi.bund.de/SharedDocs/Downloads/EN/BSI/Publications/TechGuidelines/TG02102/BSI-TR-02102-2.html",
)
SWEET32 = cve("2016-2183", "Sweet32")
STARTTLS_INJECTION = cve("2011-0411")
IANA_SPECIAL_ADDRESSES = Reference(
    "IANA special-purpose address registries",
    "https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml",
)
IANA_DNSSEC_ALGORITHMS = Reference(
    "IANA: DNS Security Algorithm Numbers", "https://www.iana.org/assignments/dns-sec-alg-numbers"
)
IANA_DS_DIGESTS = Reference("IANA: Digest Algorithms", "https://www.iana.org/assignments/ds-rr-types")
ZONEMASTER = Reference("Zonemaster: test cases", "https://doc.zonemaster.net/latest/specifications/tests/")
POSTCONF = Reference("Postfix: postconf(5)", "https://www.postfix.org/postconf.5.html")
BIND_ARM = Reference(
    "BIND 9 Administrator Reference Manual: configuration", "https://bind9.readthedocs.io/en/stable/reference.html"
)
CIS_BIND = Reference("CIS Benchmark: ISC BIND DNS Server")
MUNIN_NODE = Reference(
    "Munin: munin-node.conf", "https://guide.munin-monitoring.org/en/stable/reference/munin-node.conf.html"
)
NUT = Reference("Network UPS Tools: upsmon.conf(5)", "https://networkupstools.org/docs/man/upsmon.conf.html")
FAIL2BAN = Reference("fail2ban: jail.conf(5)", "https://manpages.debian.org/stable/fail2ban/jail.conf.5.en.html")
EXIM_OPTIONS = Reference(
    "Exim: main configuration",
    "https://www.exim.org/exim-html-current/doc/html/spec_html/ch-main_configuration.html",
)
DOVECOT_SETTINGS = Reference("Dovecot: settings", "https://doc.dovecot.org/latest/core/summaries/settings.html")
BSI_TR_03182 = Reference("BSI TR-03182-P: e-mail authentication, test specification")
BSI_TR_03108 = Reference("BSI TR-03108-1: secure e-mail transport")
ISM = Reference(
    "Australian ISM: guidelines for email",
    "https://www.cyber.gov.au/resources-business-and-government/essential-cyber-security/ism/cyber-security-guidelines/"
    "guidelines-email",
)
CHECKDMARC = Reference("checkdmarc 6", "https://domainaware.github.io/checkdmarc/")
LETS_ENCRYPT = Reference("Let's Encrypt: chains of trust", "https://letsencrypt.org/certificates/")
BREAKSPF = Reference("Wang and others: BreakSPF, NDSS 2024", "https://www.ndss-symposium.org/ndss-paper/breakspf/")
M3AAWG_PARKED = Reference("M3AAWG: protecting parked domains, best common practices")
CISA_SCUBA = Reference("CISA: secure configuration baseline for Exchange Online (MS.EXO.1.1)")
M3AAWG_PORT_25 = Reference("M3AAWG: managing port 25 for residential or dynamic IP space")
PRACTICE = Reference("Mail administrators' practice")
