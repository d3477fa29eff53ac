"""MTA-STS (RFC 8461) and SMTP TLS reporting (RFC 8460). Both are optional: absence is advice, a broken publication a
failure.
"""

from __future__ import annotations

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
from mailproof.grammars.fields import respelt
from mailproof.grammars.mta_sts import MAX_AGE_LIMIT, covers, parse_policy, with_hosts
from mailproof.net.dns.names import is_host
from mailproof.observations.mta_sts import STSChange, STSPolicyFile, STSRecord
from mailproof.observations.mx import MX, MXHosts
from mailproof.observations.published import PublishedRecord
from mailproof.observations.tls_reporting import TLSRPTRecord
from mailproof.references import rfc
from mailproof.remedies import Remedy, records, txt
from mailproof.targets.mail import MailDomain

FAMILY = Family("STS", "MTA-STS and TLS reporting", also=("TLSRPT",))


@control("STS-TXT", MUST, rfc(8461, "3.1"), harm=Harm.READ)
def test_sts_record_is_published_once(sts_record: STSRecord, mail_domain: MailDomain, mx: MX) -> None:
    """Exactly one valid MTA-STS record stands at _mta-sts of a domain that receives mail.

    Why: without MTA-STS or DANE whoever is on the way can strip TLS; a broken record counts as none.
    Fix: publish "v=STSv1; id=..." at _mta-sts, with an id of letters and digits that changes with the policy.
    """
    _check_record(sts_record, mail_domain, mx, "_mta-sts", "MTA-STS")


@control("TLSRPT-TXT", MUST, rfc(8460, "3"), harm=Harm.READ)
def test_tls_reports_are_asked_for(tlsrpt_record: TLSRPTRecord, mail_domain: MailDomain, mx: MX) -> None:
    """Exactly one valid TLS-RPT record stands at _smtp._tls of a domain that receives mail.

    Why: the reports tell of senders whose TLS to the domain fails, which nothing else does.
    Fix: publish "v=TLSRPTv1; rua=mailto:..." at _smtp._tls.
    """
    _check_record(tlsrpt_record, mail_domain, mx, "_smtp._tls", "TLS-RPT")


def _check_record(record: PublishedRecord, domain: MailDomain, mx: MX, label: str, what: str) -> None:
    if not domain.receives or mx.takes_no_mail:
        not_applicable("the domain takes no mail")
    if not record.texts:
        if record.answer.aliases and record.answer.nonexistent:
            leave_to("DANGLE-CNAME", f"{label}.{record.domain} is an alias of a name that does not exist")
        if record.near_misses:
            fail(
                f"{label}.{record.domain} has {record.near_misses[0]!r}, which does not count: "
                f"v={record.VERSION}; must begin it",
                remedy=_meant(record),
            )
        finding(MAY, f"{record.domain} publishes no {what} record")
    assert len(record.texts) == 1, f"{label}.{record.domain} has {len(record.texts)} records: none of them counts"
    assert not record.errors, f"the record is void: {'; '.join(record.errors)}"


def _meant(record: PublishedRecord) -> Remedy | None:
    """The record that is meant, if only its beginning is wrong."""
    meant = respelt(record.near_misses[0], record.VERSION)
    return None if record.record_errors(meant) else txt(record.answer, record.near_misses[0], meant)


@control("STS-FETCH", MUST, rfc(8461, "3.3"), by_clock=True, harm=Harm.LOST)
def test_sts_policy_can_be_fetched(sts_policy: STSPolicyFile) -> None:
    """The MTA-STS policy is fetched over HTTPS with a valid certificate, status 200 and no redirect.

    Why: senders that cannot fetch the policy act as if there were none.
    Fix: serve the policy at https://mta-sts.DOMAIN/.well-known/mta-sts.txt itself, with a certificate for that name.
    """
    _require_record(sts_policy)
    response = sts_policy.response
    if sts_policy.unregistered:
        leave_to("DANGLE-STS", f"nobody has registered {sts_policy.unregistered}")
    assert response, f"mta-sts.{sts_policy.domain} has no address"
    assert response.tls_error is None, f"{response.tls_fault}: {response.tls_error}"
    redirect = next((value for name, value in response.headers if name.lower() == "location"), "")
    where = f", which leads to {redirect} and must not be followed" if redirect else ""
    assert response.status == 200, f"the policy host answers with status {response.status}{where}"


@control("STS-BODY", MUST, rfc(8461, "3.2"), harm=Harm.LOST)
def test_sts_policy_is_valid(sts_policy: STSPolicyFile) -> None:
    """The MTA-STS policy has version, mode, max_age and mx as RFC 8461 wants them.

    Why: senders act on an invalid policy as if there were none.
    Fix: correct the lines named here.
    """
    _require_record(sts_policy)
    policy = sts_policy.policy
    if policy is None:
        leave_to("STS-FETCH", "the policy cannot be fetched")
    assert not policy.errors, "\n".join(policy.errors)
    content_type = sts_policy.response.content_type if sts_policy.response else ""
    if (content_type or "").partition(";")[0].strip().lower() != "text/plain":
        finding(SHOULD, f"the policy is served as {content_type or 'no type'}, not as text/plain")


@control("STS-MX-COVERED", MUST, rfc(8461, "4.1"), rfc(8461, "8.4"), harm=Harm.LOST)
def test_sts_policy_covers_every_mx(sts_policy: STSPolicyFile, mx: MX, mx_hosts: MXHosts) -> None:
    """Every MX host matches an mx pattern of the MTA-STS policy.

    Why: senders do not deliver to an MX that an enforced policy does not name, backups included.
    Fix: add the host to the policy, change the id in the DNS, then publish the MX record.
    """
    _require_record(sts_policy)
    policy = sts_policy.policy
    if policy is None or policy.mode not in ("enforce", "testing") or not policy.mx:
        not_applicable("there is no policy with mx patterns in force")
    if not mx.hosts:
        not_applicable("the domain has no MX host")
    if not any(map(is_host, mx.hosts)):
        leave_to("MX-NOT-IP", "the domain has no MX host that senders can connect to")
    missing = [h for h in mx.hosts if is_host(h) and not any(covers(pattern, h) for pattern in policy.mx)]
    if missing and policy.errors:
        leave_to("STS-BODY", "the policy is void")
    # Nobody is to put a name into the policy that leads nowhere: whoever gets it is the domain's mail server then.
    nowhere = {host.host for host in mx_hosts.hosts if not host.addresses}
    uncovered = [host for host in missing if host not in nowhere]
    if missing and not uncovered:
        leave_to("MX-RESOLVES", f"{', '.join(missing)} has no address")
    if uncovered:
        fail(
            f"{', '.join(uncovered)} matches none of {', '.join(policy.mx)} (mode {policy.mode})",
            remedy=_with_hosts(sts_policy, (*policy.mx, *uncovered)),
        )


@control("STS-NO-STALE-MX", MAY, rfc(8461, "8.4"), rfc(8461, "10.2"), harm=Harm.READ)
def test_sts_policy_names_only_hosts_in_use(sts_policy: STSPolicyFile, mx: MX) -> None:
    """Every mx pattern of the MTA-STS policy matches an MX host that there is.

    Why: whoever gets a name that was left behind may pose as the domain's mail server before senders with this policy.
    Fix: remove the pattern once no resolver has the old MX record any more, and change the id in the DNS.
    """
    _require_record(sts_policy)
    policy = sts_policy.policy
    if policy is None or policy.mode not in ("enforce", "testing") or not policy.mx:
        not_applicable("there is no policy with mx patterns in force")
    if policy.errors:
        leave_to("STS-BODY", "the policy is void")
    if not mx.hosts:
        not_applicable("the domain has no MX host")
    if not any(covers(pattern, host) for pattern in policy.mx for host in mx.hosts):
        leave_to("STS-MX-COVERED", "the policy names no MX host at all")
    stale = [pattern for pattern in policy.mx if not any(covers(pattern, host) for host in mx.hosts)]
    if stale:
        used = tuple(pattern for pattern in policy.mx if pattern not in stale)
        fail(f"no MX host matches {', '.join(stale)}", remedy=_with_hosts(sts_policy, used))


@control("STS-ID-CHANGED", MUST, rfc(8461, "3.1"), rfc(8461, "8.2"), harm=Harm.LOST)
def test_the_id_changes_with_the_policy(sts_change: STSChange) -> None:
    """The id in the DNS is another one than in the run before if, and only if, the MTA-STS policy is.

    Why: senders fetch a policy again only when the id changes: until then they act by the old one, and may not deliver.
    Fix: change the id in the DNS with each change of the policy, after the policy itself.
    """
    if not sts_change.kept:
        not_applicable("the run has no history to compare with (--history FILE)")
    if not sts_change.id:
        leave_to("STS-TXT", "no valid MTA-STS record is published")
    if not sts_change.digest:
        leave_to("STS-FETCH", "the policy cannot be fetched")
    if not sts_change.former_digest:
        not_applicable("the history does not know the policy yet: the next run compares with this one")
    same_id, same_policy = sts_change.id == sts_change.former_id, sts_change.digest == sts_change.former_digest
    assert same_policy or not same_id, f"the policy has changed, and the id is still {sts_change.id}"
    if same_policy and not same_id:
        finding(
            MAY,
            f"the id has changed from {sts_change.former_id} to {sts_change.id}, and the policy has not",
            why="every sender fetches the policy again for nothing.",
            fix="change the id with the policy only.",
        )


@control(
    "STS-MAXAGE-FLOOR",
    SHOULD,
    rfc(8461, "3.2"),
    allowed={"least": Between(0, MAX_AGE_LIMIT), "advised": Between(0, MAX_AGE_LIMIT)},
    harm=Harm.READ,
)
def test_sts_policy_is_kept_for_long(sts_policy: STSPolicyFile, *, least: int = 86_400, advised: int = 604_800) -> None:
    """Senders keep the MTA-STS policy for at least a day (max_age), better for weeks.

    Why: whoever can keep a sender from fetching the policy again for that long strips its protection.
    Fix: raise max_age to some weeks; a short one is for the time of a removal only.
    """
    _require_record(sts_policy)
    policy = sts_policy.policy
    if policy is None or policy.mode not in ("enforce", "testing"):
        not_applicable("there is no policy in force")
    if policy.errors or policy.max_age is None:
        leave_to("STS-BODY", "the policy is void")
    assert policy.max_age >= least, f"max_age is {policy.max_age} seconds; at least {least} are wanted"
    if policy.max_age < advised:
        finding(MAY, f"max_age is {policy.max_age} seconds; RFC 8461 expects weeks")


def _with_hosts(sts_policy: STSPolicyFile, patterns: tuple[str, ...]) -> Remedy | None:
    """The policy with these mx patterns, if it is valid; the id in the DNS has to change as well."""
    body = sts_policy.response.body if sts_policy.response is not None else ""
    after = with_hosts(body, patterns)
    return None if parse_policy(after).errors else records(body, after)


def _require_record(sts_policy: STSPolicyFile) -> None:
    if not sts_policy.record.in_force:
        leave_to("STS-TXT", "no valid MTA-STS record is published")
