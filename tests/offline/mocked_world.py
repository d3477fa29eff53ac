"""Faults that no server of the laboratory has: the offline world that has them, its inventory, and whom to blame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mailproof.observations.dane import KeysOfHost
from mailproof.observations.dkim import KeyAge
from mailproof.observations.mta_sts import STSChange
from mailproof.report import history
from tests.offline import (
    configuration_faults,
    drill_faults,
    exercise_faults,
    log_faults,
    message_faults,
    report_faults,
    smtp_faults,
    zone_file_faults,
)
from tests.offline.zone_file_faults import DRIFT, RIGHT_ZONE, FileFault
from tests.unit.documents import document

OLD_KEY = "74f689cb07c61a0ea810075ed631aaab"
"""Of old._domainkey.aged.example, as the history keeps it."""
HISTORY = "history.sqlite"
"""Of the run before."""
NAME = "mocked"
"""Of the inventory and its report."""
RIGHT = "mx.right.example[11.1.0.1]:25"
"""The target that a control of ``MOCKS`` has to pass unless its entry names another one."""

WORLD = """
zones:
  .: {file: root.zone, signed: yes}
  example: {file: example.zone, signed: yes}
  bare.example: bare.zone
smtp:
  - {host: mx.right.example, addresses: [11.1.0.1]}
  - {host: mx.injectable.example, addresses: [11.1.0.2], behaviour: {starttls: injectable}}
  - {host: mx.ssl2.example, addresses: [11.1.0.3], old_tls: {versions: [SSLv2, TLSv1], ciphers: "ALL:SSLv2"}}
  - {host: mx.weak-key.example, addresses: [11.1.0.4], behaviour: {certificate: {key: rsa1024}}}
  - {host: mx.remembers.example, addresses: [11.1.0.5], behaviour: {starttls: remembers}}
SMTP-FAULTS
  - {host: submit.guess.example, addresses: [11.1.0.6], ports: [587],
    behaviour: {auth_in_tls: [PLAIN], auth_limit: 3, logins: [user@guess.example]}}
  - {host: submit.guessed.example, addresses: [11.1.0.7], ports: [587],
    behaviour: {auth_in_tls: [PLAIN], logins: [user@guessed.example], auth_reply_to_others: "550 5.1.1 No such user"}}
  - {host: mx.right.example, addresses: [11.1.0.1], ports: [587],
    behaviour: {replies: {MAIL: "530 5.7.0 first AUTH"}}}
  - {host: mx.injectable.example, addresses: [11.1.0.2], ports: [587], behaviour: {auth_in_tls: [PLAIN]}}
stores:
  - {host: mx.right.example, addresses: [11.1.0.1], ports: [143]}
  - {host: mx.injectable.example, addresses: [11.1.0.2], ports: [143], behaviour: {starttls: injectable}}
https:
  - hosts: [mta-sts.same-id.example, mta-sts.new-id.example]
    addresses: [11.1.0.80]
    site: {body: "version: STSv1\\nmode: testing\\nmx: mx.right.example\\nmax_age: 604800\\n"}
"""

ZONE = """$TTL 3600
@ SOA ns h 1 2 3 4 5
@ NS ns
ns A 11.0.0.53
right MX 10 mx.right
mx.right A 11.1.0.1
injectable MX 10 mx.injectable
mx.injectable A 11.1.0.2
ssl2 MX 10 mx.ssl2
mx.ssl2 A 11.1.0.3
weak-key MX 10 mx.weak-key
mx.weak-key A 11.1.0.4
remembers MX 10 mx.remembers
mx.remembers A 11.1.0.5
_25._tcp.mx.remembers TLSA 3 1 1 abababababababababababababababababababababababababababababababab
_25._tcp.mx.right TLSA 3 1 1 cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
foreign MX 10 mx.right
print.foreign A 11.99.0.7
foreign MX 20 mx.remembers
leaving MX 10 smtp.google.com.
leaving MX 20 in1-smtp.messagingengine.com.
google MX 10 smtp.google.com.
aliased MX 10 aliased-example.mail.protection.outlook.com.
aliased TXT "v=spf1 include:spf.protection.outlook.com -all"
selector1._domainkey.aliased CNAME selector1-aliased-example._domainkey.ours.onmicrosoft.com.
selector2._domainkey.aliased CNAME selector2-aliased-example._domainkey.ours.onmicrosoft.com.
half MX 10 half-example.mail.protection.outlook.com.
half TXT "v=spf1 include:spf.protection.outlook.com -all"
selector1._domainkey.half CNAME selector1-aliased-example._domainkey.ours.onmicrosoft.com.
old._domainkey.aged TXT "v=DKIM1; k=ed25519; p=Ky2zMHbmxkZp5QCY4xoLXIyKsmAzXSCFFHAXmpN6nWc="
new._domainkey.aged TXT "v=DKIM1; k=ed25519; p=6XIG8b0J8Bz2vHXMNNIIxAyGXx+Bh9RvS5zHzMJ4D0A="
_mta-sts.same-id TXT "v=STSv1; id=1"
_mta-sts.new-id TXT "v=STSv1; id=2"
mta-sts.same-id A 11.1.0.80
mta-sts.new-id A 11.1.0.80
bare NS ns
submit.guess A 11.1.0.6
submit.guessed A 11.1.0.7
"""
REVERSE = "7.0.99.11.in-addr.arpa. PTR print.foreign.example.\n"
KEYS = "".join(
    f'selector{n}-aliased-example._domainkey.ours.onmicrosoft.com. TXT "v=DKIM1; k=ed25519; p={key}"\n'
    for n, key in (
        (1, "Ky2zMHbmxkZp5QCY4xoLXIyKsmAzXSCFFHAXmpN6nWc="),
        (2, "6XIG8b0J8Bz2vHXMNNIIxAyGXx+Bh9RvS5zHzMJ4D0A="),
    )
)
_REPORTS = "rua=mailto:reports@right.example; ruf=mailto:reports@right.example"
_STRICT = f"adkim=s; aspf=s; {_REPORTS}"
DMARC_RECORDS = {
    "right": f"p=reject; {_STRICT}",
    "relaxed": f"p=reject; {_REPORTS}",
    "private": f"p=reject; {_STRICT.partition('; ruf')[0]}",
    "elsewhere": f"p=reject; {_STRICT.replace('rua=mailto:reports', 'rua=mailto:other')}",
    "weaker.right": f"p=quarantine; {_STRICT}",
    "equal.right": f"p=reject; {_STRICT}",
    "alone.parent": f"p=reject; {_STRICT}",
}
ZONE += "".join(f'_dmarc.{name} TXT "v=DMARC1; {tags}"\n' for name, tags in DMARC_RECORDS.items())
ZONE += "".join(f'{name} TXT "v=spf1 -all"\n' for name in DMARC_RECORDS)
ZONE += message_faults.in_zone()
ZONE += smtp_faults.in_zone()
ZONE += "".join(f"{name}. NS ns\n" for name in zone_file_faults.served())

BARE_ZONE = """$TTL 3600
@ SOA ns.example. h.example. 1 2 3 4 5
@ NS ns.example.
"""

INVENTORY = """
world: world
active: true
domains: [right.example, injectable.example, ssl2.example, weak-key.example, remembers.example, foreign.example,
  leaving.example, google.example, same-id.example, new-id.example, aliased.example, half.example, relaxed.example,
  private.example, elsewhere.example, weaker.right.example, {name: aged.example, selectors: [old, new]},
  equal.right.example, alone.parent.example, zone-safe-change.example, zone-private-addr.example, zone-ttl-sane.example,
  mail.right.example, guess.example, guessed.example, SMTP-FAULTS]
sending: [{address: 11.1.0.1, domains: [mail.right.example, right.example, ssl2.example, weak-key.example]}]
messages: [samples]
reports: [reports]
drills: DRILLS
own_mailboxes: [MAILBOXES, {address: user@guess.example, maildir: box, guess: true},
  {address: user@guessed.example, maildir: box, guess: true}]
hosts: [{name: mx.right.example, addresses: [11.1.0.1], roles: [mx, submission, imap], ports: &users {submission: [587],
  imap: [143]}}, {name: mx.injectable.example, roles: [mx, submission, imap], ports: *users},
  {name: imap.zone-private-addr.example, roles: [imap]},
  {name: submit.guess.example, roles: [submission], ports: {submission: [587]},
    controls: {SMTP-AUTH-OFF: {wanted: any}}},
  {name: submit.guessed.example, roles: [submission], ports: {submission: [587]},
    controls: {SMTP-AUTH-OFF: {wanted: any}}}]
zones: [bare.example]
controls:
  DMARC-STRICT-ALIGN: {accept: [s]}
  DMARC-RUA-MANDATED: {addresses: [reports@right.example]}
  DMARC-RUF-POLICY: {ruf: present}
  SMTP-AUTH-OFF: {wanted: "off"}
  SMTP-IDLE: {seconds: 3}
limits: {connect: 60, greeting: 60, reply: 60, tls: 60, dns: 30, silence: 0.3, pause: 0, connections_per_host: 4,
  idle: 3}
probe: {ehlo: mx.right.example, sender: postmaster@right.example}
"""


@dataclass(frozen=True)
class Mock:
    """A control, the one mocked target that it has to blame, and the behaviour that is the fault.

    ``reason`` is why no server of the laboratory fails the control; empty where one does. ``right`` is the target that
    the control has to pass beside it.
    """

    control: str
    target: str
    behaviour: str
    reason: str = ""
    verdict: str = "fail"
    right: str = RIGHT


def _behaviour(fault: FileFault) -> str:
    lines = fault.lines or (f"served besides: {fault.served}" if fault.serial > 1 else f"serial {fault.serial}")
    return "; ".join(lines.splitlines())


_ASKED = "the laboratory's inventory prescribes nothing of the kind"

_A_FILE = "a master file is judged, and no server"

_A_MESSAGE = "a message in a file is judged, and no server"
_A_CONFIGURATION = "a configuration in a file is judged, and the laboratory's servers run with what theirs say"
_A_LOG = "a log is judged, and no server"
_A_REPORT = "a report in a file is judged, and no server"


def _reason(fault: FileFault) -> str:
    return "" if fault.in_laboratory else _A_FILE


MOCKS = (
    Mock(
        "SMTP-STARTTLS-INJECTION",
        "mx.injectable.example[11.1.0.2]:25",
        "starttls: injectable",
        "Postfix, Exim and Dovecot as packaged empty their buffer before the handshake",
    ),
    Mock(
        "STARTTLS-STATE",
        "mx.remembers.example[11.1.0.5]:25",
        "starttls: remembers",
        "Postfix, Exim and Dovecot as packaged reset the session when TLS starts",
    ),
    Mock(
        "SUB-INJECTION",
        "mx.injectable.example[11.1.0.2]:143",
        "starttls: injectable",
        "Dovecot as packaged empties its buffer before the handshake",
        right="mx.right.example[11.1.0.1]:143",
    ),
    Mock(
        "SUBMIT-REQUIRES-AUTH",
        "mx.injectable.example[11.1.0.2]:587",
        "MAIL and RCPT for a mailbox at home are accepted",
        "",
        right="mx.right.example[11.1.0.1]:587",
    ),
    Mock(
        "SMTP-AUTH-OFF",
        "mx.injectable.example[11.1.0.2]:587",
        "auth_in_tls: [PLAIN]",
        smtp_faults.ASKED_APART,
        right="mx.right.example[11.1.0.1]:587",
    ),
    *(
        Mock(
            control,
            "user@guessed.example at submit.guessed.example[11.1.0.7]:587",
            "auth_reply_to_others: 550; no auth_limit",
            smtp_faults.ASKED_APART,
            "advice",
            "user@guess.example at submit.guess.example[11.1.0.6]:587",
        )
        for control in ("SMTP-USER-ENUM", "AUTH-BRUTEFORCE")
    ),
    Mock("TLS-NO-SSL2", "mx.ssl2.example[11.1.0.3]:25", "old_tls: versions: [SSLv2, TLSv1]"),
    Mock(
        "MX-OURS",
        "foreign.example",
        "MX 20 mx.remembers.example",
        "the inventory of the laboratory gives no addresses of MX hosts",
        "advice",
        "right.example",
    ),
    Mock(
        "MX-HOSTMASTER-PATH",
        "bare.example",
        "no MX at the zone's name",
        "every zone of the laboratory that could have one is that of a mail domain",
        "advice",
        "example",
    ),
    Mock(
        "MX-PROVIDER-SET",
        "leaving.example",
        "MX records of Google Workspace and of Fastmail",
        "no provider has its hosts in the laboratory",
        "advice",
        "google.example",
    ),
    Mock(
        "DKIM-KEY-AGE",
        "old._domainkey.aged.example",
        "the history has had the key since 2020",
        "it shows from one run to the next, and the laboratory is judged once",
        right="new._domainkey.aged.example",
    ),
    Mock(
        "DKIM-STALE",
        "old._domainkey.aged.example",
        "reports of two months name another selector alone",
        "the servers of the laboratory write no reports",
        "advice",
        right="new._domainkey.aged.example",
    ),
    Mock(
        "DKIM-PROVIDER-ALIAS",
        "half.example",
        "no selector2._domainkey, with MX and SPF of Microsoft 365",
        "no provider has its hosts in the laboratory",
        "advice",
        "aliased.example",
    ),
    *(
        Mock(
            fault.control,
            fault.target,
            fault.behaviour,
            fault.reason,
            fault.verdict,
            smtp_faults.target_of(fault.right) if fault.right else RIGHT,
        )
        for fault in smtp_faults.FAULTS
    ),
    *(
        Mock(fault.control, fault.target, _behaviour(fault), _reason(fault), fault.verdict, RIGHT_ZONE.target)
        for fault in zone_file_faults.FAULTS
    ),
    *(
        Mock(fault.control, fault.target, fault.behaviour, _A_MESSAGE, fault.verdict, fault.right)
        for fault in message_faults.FAULTS
    ),
    *(
        Mock(fault.control, fault.target, fault.behaviour, _A_REPORT, fault.verdict, fault.right)
        for fault in report_faults.FAULTS
    ),
    Mock(
        "OUT-STS",
        exercise_faults.target_of(exercise_faults.WRONG),
        "mail for a domain whose policy names another MX host is delivered",
        "",
        right=exercise_faults.target_of(exercise_faults.RIGHT),
    ),
    Mock(
        "OUT-REPORTS",
        exercise_faults.target_of(exercise_faults.SILENT),
        "four days after the exercise there is no aggregate report",
        "the servers of the laboratory write no reports",
        right=exercise_faults.target_of(exercise_faults.REPORTS),
    ),
    Mock(
        "IN-REPORTS",
        exercise_faults.target_of(exercise_faults.SILENT),
        "a report of 10 MB is answered with 552",
        "no mailbox of the laboratory is sent a report",
        right=exercise_faults.target_of(exercise_faults.REPORTS),
    ),
    Mock(
        "OUT-TLSRPT",
        exercise_faults.target_of(exercise_faults.SILENT),
        "the message with the report of TLS has no DKIM-Signature",
        "the servers of the laboratory write no reports",
        right=exercise_faults.target_of(exercise_faults.REPORTS),
    ),
    *(
        Mock(fault.control, fault.target, fault.behaviour, drill_faults.REASON, right=fault.right)
        for fault in drill_faults.FAULTS
    ),
    *(
        Mock(fault.control, fault.target, fault.behaviour, _A_CONFIGURATION, fault.verdict, fault.right)
        for fault in configuration_faults.ALL
    ),
    *(
        Mock(control, f"{log_faults.WRONG} (logs)", behaviour, _A_LOG, "advice", f"{log_faults.RIGHT} (logs)")
        for control, behaviour in (
            ("TLS-CLIENT-SHARE", "all sessions are of TLS 1.0"),
            ("REJECT-LOG-AUDIT", "a partner is refused for its reverse name"),
            ("OUT-PORT25", "no server of others is reached at port 25"),
        )
    ),
    Mock("ZONE-DRIFT", DRIFT.target, _behaviour(DRIFT), _A_FILE, "advice", RIGHT_ZONE.target),
    Mock("DMARC-STRICT-ALIGN", "relaxed.example", "no adkim and aspf", _ASKED, "advice", "right.example"),
    Mock("DMARC-RUA-MANDATED", "elsewhere.example", "rua: other@right.example", _ASKED, right="right.example"),
    Mock("DMARC-RUF-POLICY", "private.example", "no ruf", _ASKED, "advice", "right.example"),
    Mock(
        "DMARC-SUB-NOT-WEAKER",
        "weaker.right.example",
        "p=quarantine below p=reject",
        "no domain of the laboratory lies below another one",
        right="equal.right.example",
    ),
    Mock(
        "DANE-NO-LEFTOVER",
        "mx.remembers.example",
        "TLSA of a key that an earlier run saw in use, and no run since January",
        "it shows from one run to the next, and the laboratory is judged once",
        "advice",
        "mx.right.example",
    ),
    Mock(
        "STS-ID-CHANGED",
        "same-id.example",
        "id=1 beside another policy than in the run before",
        "it shows from one run to the next, and the laboratory is judged once",
        right="new-id.example",
    ),
    Mock(
        "DMARC-WALK-EQ-PSL",
        "alone.parent.example",
        "a record below a name that has none",
        "no domain of the laboratory lies below another one",
        "advice",
        "equal.right.example",
    ),
    Mock("CERT-KEY-SIZE", "mx.weak-key.example[11.1.0.4]:25", "certificate: {key: rsa1024}"),
)


def write(directory: Path) -> Path:
    """Write the world and its inventory below ``directory``. Returns the inventory's file."""
    (directory / "world").mkdir(parents=True)
    served = "".join(f"  {name}: {name}.zone\n" for name in zone_file_faults.served())
    (directory / "world" / "world.yaml").write_text(
        WORLD.replace("smtp:\n", f"{served}smtp:\n").replace("SMTP-FAULTS\n", smtp_faults.in_world())
        + message_faults.in_world()
    )
    (directory / "world" / "example.zone").write_text(ZONE)
    (directory / "world" / "bare.zone").write_text(BARE_ZONE)
    (directory / "world" / "root.zone").write_text(
        f"$TTL 60\n@ SOA ns.example. h. 1 2 3 4 5\n@ NS ns.example.\n{KEYS}{REVERSE}"
    )
    zone_file_faults.write(directory)
    message_faults.write(directory)
    report_faults.write(directory)
    exercise_faults.write(directory)
    drill_faults.write(directory)
    configuration_faults.write(directory)
    log_faults.write(directory)
    keys = [(f"{name}._domainkey.aged.example", KeyAge.FACT, f"{OLD_KEY} 2020-01-01 since") for name in ("old", "new")]
    keys.append(("mx.remembers.example", KeysOfHost.FACT, f"{'ab' * 32}=2026-01-01T00:00:00Z"))
    before = ((f"{name}.example", STSChange.FACT, f"1 {'ab' * 32}") for name in ("same-id", "new-id"))
    history.append(directory / HISTORY, document(inventory=NAME), (*keys, *before))
    inventory = directory / f"{NAME}.yaml"
    inventory.write_text(
        INVENTORY.replace("SMTP-FAULTS", smtp_faults.in_inventory())
        .replace("MAILBOXES", exercise_faults.MAILBOXES)
        .replace("DRILLS", drill_faults.in_inventory())
        + zone_file_faults.in_inventory()
        + configuration_faults.in_inventory()
        + log_faults.in_inventory()
    )
    return inventory
