"""Guessing names and passwords where users hand in mail: only for mailboxes that the inventory lets be guessed for."""

from __future__ import annotations

from mailproof.controls import MAY, Between, Family, Harm, control, fail, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.guessed_logins import GuessedLogins
from mailproof.references import PRACTICE, Reference, rfc

FAMILY = Family("GUESS", "Guessing names and passwords", also=("SMTP", "AUTH"))

CWE_204 = Reference("CWE-204: observable response discrepancy", "https://cwe.mitre.org/data/definitions/204.html")
CWE_208 = Reference("CWE-208: observable timing discrepancy", "https://cwe.mitre.org/data/definitions/208.html")
CWE_307 = Reference("CWE-307: no limit of attempts to log in", "https://cwe.mitre.org/data/definitions/307.html")

ENOUGH = 8
"""Times of each user, without which nothing is said of them."""
IN_A_ROW = 21
"""Logins in one session that a server without any limit answers."""


def _logins(seen: GuessedLogins) -> None:
    if not seen.offered:
        not_applicable("AUTH PLAIN is not offered inside TLS")
    if taken := [login for login in (*seen.logins, *seen.row) if login.reply.positive]:
        fail(f"a made-up password is accepted: {taken[0].reply}")


@control(
    "SMTP-USER-ENUM",
    MAY,
    rfc(5321, "7.3"),
    CWE_204,
    CWE_208,
    allowed={"seconds": Between(0.001, 60), "confidence": Between(0.9, 0.99999)},
    harm=Harm.ABUSED,
)
def test_a_wrong_password_tells_no_users(
    guessed_logins: GuessedLogins, *, seconds: float = 0.02, confidence: float = 0.999
) -> None:
    """A wrong password is answered alike, and after the same time, for users that exist and for others.

    Times differ where the exact test of Mann and Whitney says so with the `confidence`, and the medians by `seconds`.
    Being put off (4yz) differs where Fisher's exact test says so: else it may be the tester who is to come later.

    Why: who knows which users there are guesses passwords for these alone, and writes to them.
    Fix: Dovecot: auth_failure_delay, and a passdb that hashes for unknown users too; Postfix shows what the SASL
    library answers; others: one text and one delay for both.
    """
    _logins(guessed_logins)
    known, unknown = guessed_logins.replies(known=True), guessed_logins.replies(known=False)
    if not known or not unknown:
        raise guessed_logins.too_few(f"not both were answered: {guessed_logins.interrupted}")
    later, others = guessed_logins.put_off(known=True), guessed_logins.put_off(known=False)
    if later or others:
        if guessed_logins.chance_of_put_off <= 1 - confidence:
            fail(
                f"a user that exists is put off in {len(later)} of {len(known)} tries, and another one in "
                f"{len(others)} of {len(unknown)}: {(later or others)[0]}"
            )
        raise NotAvailable(f"a login is put off: {(later or others)[0]}", guessed_logins.evidence())
    if not set(known) & set(unknown):
        fail(f"a user that exists is answered with {known[0]}, and another one with {unknown[0]}")
    if min(len(known), len(unknown)) < ENOUGH:
        told = f"the replies are alike; for their times {len(unknown)} are too few: {guessed_logins.interrupted}"
        raise guessed_logins.too_few(told)
    difference, chance = guessed_logins.difference, guessed_logins.chance
    if abs(difference) >= seconds and chance <= 1 - confidence:
        fail(
            f"the reply for a user that exists comes {abs(difference) * 1000:.0f} ms "
            f"{'later' if difference > 0 else 'earlier'} than for another one, in {len(known)} tries of each; by "
            f"chance that happens once in {1 / chance:.0f} times"
        )


@control("AUTH-BRUTEFORCE", MAY, PRACTICE, CWE_307, harm=Harm.ABUSED)
def test_guessing_is_slow(guessed_logins: GuessedLogins) -> None:
    """Wrong logins in one session are delayed by a second, or end it: at the latest the twentieth.

    Whether the address is banned afterwards, and for how long, is not tried: F2B-TEMPORARY reads it in a configuration.

    Why: a server that answers as fast as it can lets thousands of passwords be tried in a minute.
    Fix: Dovecot: auth_failure_delay = 2 secs, as by default; Postfix: smtpd_hard_error_limit = 20 and
    smtpd_error_sleep_time = 1s, as by default; besides, fail2ban.
    """
    _logins(guessed_logins)
    row = guessed_logins.row
    if guessed_logins.closed or guessed_logins.delayed:
        return
    if len(row) < IN_A_ROW:
        told = guessed_logins.row_interrupted or "the session had no more of them"
        raise guessed_logins.too_few(f"after {len(row)} wrong logins: {told}")
    fail(f"{len(row)} wrong logins in one session are answered without delay, the last after {row[-1].seconds:.2f} s")
