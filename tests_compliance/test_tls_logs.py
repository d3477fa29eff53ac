"""Logs of mail servers: which versions of TLS clients really speak."""

from __future__ import annotations

from mailproof.controls import MAY, Between, Family, Harm, control, fail, not_applicable
from mailproof.grammars.mail_logs import OLD
from mailproof.net.errors import NotAvailable
from mailproof.observations.logs import LogsSeen
from mailproof.references import PRACTICE, rfc

FAMILY = Family("TLS", "TLS versions and cipher suites")


@control(
    "TLS-CLIENT-SHARE",
    MAY,
    rfc(8996, "4"),
    rfc(8996, "5"),
    PRACTICE,
    harm=Harm.LOST,
    allowed={"limit": Between(0, 100)},
)
def test_few_clients_need_old_tls(log_counts: LogsSeen, *, limit: float = 1.0) -> None:
    """By the logs, versions before TLS 1.2 have a share of less than a per cent of the incoming sessions.

    Then they can be switched off. The evidence has the sessions of every version of TLS, and who speaks the old ones.

    Why: TLS 1.0 and 1.1 are to be switched off; who does it blindly loses the mail of those who speak nothing else, or
    gets it in clear.
    Fix: tell the clients that the evidence names; switch the old versions off as soon as their share allows it.
    """
    if not log_counts.sessions:
        if not log_counts.lines or not log_counts.refused:
            raise NotAvailable(f"{log_counts.name} has no line of a session inside TLS that is understood")
        not_applicable("the logs tell of no session inside TLS")
    share = log_counts.share(OLD)
    if share >= limit and share:
        worst = ", ".join(map(str, log_counts.old[:3]))
        fail(f"{share:.1f} % of the sessions inside TLS are older than TLS 1.2: {worst}")
