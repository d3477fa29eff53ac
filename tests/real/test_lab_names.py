"""The name servers of the laboratory answer what its plan says, and what is signed validates."""

from __future__ import annotations

import re

import pytest

from tests.real import domains
from tests.real.asking import LISTENING, dig, flags, label, short, status
from tests.real.domains import Domain
from tests.real.lab import Lab, plan


class TestNames:
    def test_right_validates(self, lab: Lab) -> None:
        answer = dig(lab, "+dnssec", "right.test", "MX")
        assert status(answer) == "NOERROR"
        assert "ad" in flags(answer)

    def test_denial_validates(self, lab: Lab) -> None:
        answer = dig(lab, "+dnssec", "nowhere.right.test", "A")
        assert status(answer) == "NXDOMAIN"
        assert "ad" in flags(answer)

    def test_unsigned_delegation_is_insecure(self, lab: Lab) -> None:
        answer = dig(lab, "+dnssec", "unsigned.test", "MX")
        assert status(answer) == "NOERROR"
        assert "ad" not in flags(answer)

    @pytest.mark.parametrize("name", ["bogus.test", "expired-signatures.test"])
    def test_broken_chains_of_trust_fail(self, lab: Lab, name: str) -> None:
        assert status(dig(lab, name, "MX")) == "SERVFAIL"
        assert status(dig(lab, "+cd", name, "MX")) == "NOERROR"

    # Servers of a domain's own are faulty, and what they do is asked by the probe: test_truth.py.
    @pytest.mark.parametrize(
        "domain",
        [domain for domain in plan.DOMAINS if not domain.own_servers and "@ NS" not in domain.second_records],
        ids=label,
    )
    def test_every_name_server_answers_as_planned(self, lab: Lab, domain: Domain) -> None:
        parent_side = dig(lab, "+norecurse", "+noall", "+authority", "@11.0.0.1", domain.name, "NS")
        assert set(re.findall(r"\sNS\s+(\S+)\.", parent_side)) == set(domain.parent_ns)
        known = domains.CHILDREN | plan.OTHER_NAME_SERVERS
        for name in sorted({*domain.parent_ns, *domain.child_ns} & set(known)):
            address = known[name][0]
            answer = dig(lab, "+norecurse", f"@{address}", domain.name, "NS")
            if name == "lame.dns.test":
                assert status(answer) == "REFUSED"
            else:
                assert "aa" in flags(answer)
                assert set(re.findall(r"\sNS\s+(\S+)\.\n", answer)) == set(domain.child_ns)

    def test_name_servers_answer_over_ipv6(self, lab: Lab) -> None:
        for _, address in (plan.PARENTS | domains.CHILDREN).values():
            assert status(dig(lab, "+norecurse", f"@{address}", "right.test", "NS")) == "NOERROR"

    def test_serials_differ(self, lab: Lab) -> None:
        serials = {short(lab, f"@{a}", "serial-mismatch.test", "SOA")[0].split()[2] for a in ("11.0.1.1", "11.0.2.1")}
        assert serials == {str(domains.SERIAL), str(domains.SERIAL - 1)}

    def test_zone_transfer(self, lab: Lab) -> None:
        assert "XFR size" in dig(lab, "@11.0.1.1", "open-transfer.test", "AXFR")
        assert "Transfer failed" in dig(lab, "@11.0.1.1", "right.test", "AXFR")

    def test_changed_records_are_published(self, lab: Lab) -> None:
        assert short(lab, "no-spf.test", "TXT") == []
        assert short(lab, "spf-all.test", "TXT") == ['"v=spf1 +all"']
        assert len(short(lab, "_dmarc.dmarc-two.test", "TXT")) == 2
        assert sorted(short(lab, "null-mx-beside-mx.test", "MX")) == ["0 .", "10 mx.right.test."]
        assert short(lab, "alias.mx-cname.test", "A") == ["mx.right.test.", "11.0.25.10"]
        assert short(lab, "mx-address.test", "MX") == ["10 11.0.25.10."]
        assert short(lab, "mx.mx-private.test", "A") == ["10.0.0.25"]
        assert status(dig(lab, "nowhere.mx-unresolvable.test", "A")) == "NXDOMAIN"

    def test_weak_dkim_key_has_512_bits(self, lab: Lab) -> None:
        record = "".join(re.findall(r'"([^"]*)"', short(lab, "sel1._domainkey.dkim-weak.test", "TXT")[0]))
        command = "base64 -d | openssl pkey -pubin -inform DER -text -noout"
        shown = lab.run(["sh", "-c", command], input=record.partition("p=")[2])
        assert "512 bit" in shown.stdout

    def test_blocklists(self, lab: Lab) -> None:
        assert short(lab, "2.0.0.127.bl.test") == ["127.0.0.2"]
        assert status(dig(lab, "1.0.0.127.bl.test")) == "NXDOMAIN"
        listed = ".".join(reversed(plan.address(plan.by_label("listed")).split(".")))
        assert short(lab, f"{listed}.bl.test") == ["127.0.0.2"]
        assert short(lab, "1.0.0.127.bl-broken.test") == ["127.0.0.2"]

    def test_system_resolver_of_the_namespace_is_the_laboratorys(self, lab: Lab) -> None:
        assert lab.run(["getent", "hosts", "prober.client.test"]).stdout.startswith((plan.CLIENT, plan.CLIENT6))


class TestReverseNames:
    @pytest.mark.parametrize("domain", [d for d in LISTENING if d.ptr is None], ids=label)
    def test_forward_confirmed(self, lab: Lab, domain: Domain) -> None:
        for address in plan.addresses(domain):
            assert short(lab, "-x", address)[-1] == f"{domain.host}."
            assert address in short(lab, domain.host, "AAAA" if ":" in address else "A")

    def test_rfc2317_delegation(self, lab: Lab) -> None:
        assert short(lab, "-x", "11.0.25.10") == ["10.8/29.25.0.11.in-addr.arpa.", "mx.right.test."]
        assert set(short(lab, "8/29.25.0.11.in-addr.arpa", "NS")) == {"ns1.dns.test.", "ns2.dns.test."}

    def test_faults(self, lab: Lab) -> None:
        unforwarded = plan.address(plan.by_label("unforwarded-ptr"))
        (name,) = short(lab, "-x", unforwarded)
        assert short(lab, name) == ["11.0.25.250"]
        assert status(dig(lab, "-x", plan.address(plan.by_label("no-ptr")))) == "NXDOMAIN"
        assert len(short(lab, "-x", plan.address(plan.by_label("two-ptr")))) == 2
