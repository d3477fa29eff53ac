"""Refusals of RCPT as real operators and servers word them, and whom each is about.

The texts are short reply lines from public bounce catalogues, manuals and threads. Addresses are made up: the tester is
client.example[192.0.2.1], its sender prober@client.example, and the recipient postmaster@blackbird.example. ``others``
says what else the same server answered in that series: nothing is known, the very same text to a mailbox elsewhere, or
that it accepted somebody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mailproof.observations.refusals import About

RECIPIENT, TESTER, UNKNOWN = About.RECIPIENT, About.TESTER, About.UNKNOWN
Others = Literal["nothing known", "same text elsewhere", "somebody accepted"]


@dataclass(frozen=True)
class Refusal:
    """One refusal; ``who`` words it so."""

    who: str
    reply: str
    about: About
    others: Others = "nothing known"


R = "postmaster@blackbird.example"
S = "prober@client.example"
SAME: Others = "same text elsewhere"
WELCOME: Others = "somebody accepted"

REFUSALS = (
    # The recipient, told by the enhanced code
    Refusal("Gmail", "550 5.1.1 The email account that you tried to reach does not exist.", RECIPIENT),
    Refusal("Gmail", "550 5.2.1 The email account that you tried to reach is disabled.", RECIPIENT),
    Refusal("iCloud", f"550 5.1.1 <{R}>: user does not exist", RECIPIENT),
    Refusal("Comcast", "550 5.1.1 Not our Customer", RECIPIENT),
    Refusal("Comcast", f"550 5.1.1 <{R}> recipient mailbox unallocated", RECIPIENT),
    Refusal("Zoho", f"550 5.1.1 <{R}> User unknown", RECIPIENT),
    Refusal("AT&T", f"550 5.2.1 <{R}>... Addressee unknown, relay=[192.0.2.1]", RECIPIENT),
    Refusal("Free", f"554 5.2.2 <{R}>: Recipient address rejected: Quota exceeded (mailbox is full)", RECIPIENT),
    Refusal("Symantec", f"550 Invalid recipient <{R}> (#5.1.1)", RECIPIENT),
    Refusal("qmail", "550 sorry, no mailbox here by that name. (#5.1.1)", RECIPIENT),
    Refusal("chkuser", "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)", RECIPIENT),
    Refusal(
        "Postfix", f"550 5.1.1 <{R}>: Recipient address rejected: User unknown in virtual mailbox table", RECIPIENT
    ),
    Refusal(
        "Postfix that verifies",
        f"550 5.1.1 <{R}>: Recipient address rejected: undeliverable address: host 10.0.0.5[10.0.0.5] said: 550 no",
        RECIPIENT,
    ),
    Refusal("with advice", "550 5.1.1 no such user; the sender should check the address", RECIPIENT),
    Refusal("with a page about SPF", "550 5.1.1 User unknown; see https://mx.example/help#spf-sender-block", RECIPIENT),
    Refusal("German", "550 5.1.1 Empfänger unbekannt", RECIPIENT),
    Refusal("French", "550 5.1.1 Adresse d au moins un destinataire invalide", RECIPIENT),
    Refusal("Spanish", "550 5.1.1 Destinatario desconocido", RECIPIENT),
    Refusal("Italian", "550 5.1.1 Destinatario sconosciuto o mailbox disattivata", RECIPIENT),
    Refusal("Polish", "550 5.1.1 Nie ma takiego konta", RECIPIENT),
    Refusal("Chinese in ASCII", "550 5.1.1 Shou jian ren bu cun zai", RECIPIENT),
    Refusal("restricted group of Exchange Online", "550 5.7.133 Sender not authenticated for group", RECIPIENT),
    # The recipient, told by other recipients whom the same server accepts
    Refusal("Postfix REJECT", f"554 5.7.1 <{R}>: Recipient address rejected: Access denied", RECIPIENT, WELCOME),
    Refusal("Office 365", f"550 5.4.1 [{R}]: Recipient address rejected: Access denied", RECIPIENT, WELCOME),
    Refusal("a word only", "550 Nein", RECIPIENT, WELCOME),
    Refusal("Japanese in ASCII", "550 5.7.1 Uketsuke kyohi", RECIPIENT, WELCOME),
    Refusal("policy", "550 5.7.1 Denied by policy", RECIPIENT, WELCOME),
    # The recipient, told by words
    Refusal("Yandex", "550 5.7.1 No such user!", RECIPIENT),
    Refusal("Yandex", "550 5.7.1 Policy rejection on the target address", RECIPIENT),
    Refusal("Outlook.com", "550 5.5.0 Requested action not taken: mailbox unavailable.", RECIPIENT),
    Refusal("Mail.ru", f"550 Message was not accepted -- invalid mailbox. Local mailbox {R} is unavailable", RECIPIENT),
    Refusal(
        "Yahoo", f"554 delivery error: dd This user doesn't have a blackbird.example account ({R}) [-9]", RECIPIENT
    ),
    Refusal("Barracuda", f"550 No such user ({R})", RECIPIENT),
    Refusal(
        "Proofpoint",
        f"550 5.7.1 <{R}>: Recipient address rejected: User email address is marked as invalid.",
        RECIPIENT,
    ),
    Refusal("ZeroSpam", f"554 5.7.1 <{R}>: Recipient address rejected: Not in recipient list", RECIPIENT),
    Refusal("GMX", "550 Requested action not taken: mailbox unavailable", RECIPIENT),
    Refusal("Exim", "550 Unrouteable address", RECIPIENT),
    Refusal("Sendmail", f"550 <{R}>... User unknown", RECIPIENT),
    Refusal("Coremail", "550 User not found: postmaster", RECIPIENT),
    # Not relayed: the domain is not the server's
    Refusal("Postfix", f"554 5.7.1 <{R}>: Relay access denied", RECIPIENT, SAME),
    Refusal("Exim", "550 relay not permitted", RECIPIENT, SAME),
    Refusal("Sendmail", f"550 5.7.1 <{R}>... Relaying denied. IP name lookup failed [192.0.2.1]", RECIPIENT, SAME),
    Refusal("qmail", "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", RECIPIENT, SAME),
    Refusal("Exchange", "550 5.7.64 TenantAttribution; Relay Access Denied", RECIPIENT, SAME),
    Refusal("BarricadeMX", "550 5.7.1 routed address relaying denied #131", RECIPIENT),
    Refusal("OpenSMTPD", "550 Invalid recipient: <postmaster@blackbird.example>", RECIPIENT, SAME),
    # The tester, told by the enhanced code
    Refusal("sender's domain", f"550 5.1.8 <{S}>: Sender address rejected: Domain not found", TESTER),
    Refusal("bad sender", "553 5.1.7 The return address is not valid", TESTER),
    Refusal("SPF", "550 5.7.23 The message violates the SPF policy", TESTER),
    Refusal("reverse DNS", "550 5.7.25 Peer address lacks a PTR", TESTER),
    Refusal("Microsoft", "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", TESTER),
    Refusal("Microsoft", "550 5.7.511 Access denied, banned sender", TESTER),
    Refusal("German", "550 5.7.25 Kein gültiger Rückwärtseintrag", TESTER),
    # The tester, told by its own address or name, in any language
    Refusal("T-Online", "554 IP=192.0.2.1 - A problem occurred. (BL)", TESTER),
    Refusal("AT&T", "550 5.7.1 Connections not accepted from servers without a valid name. Fix 192.0.2.1", TESTER),
    Refusal("Postfix", "554 5.7.1 <client.example[192.0.2.1]>: Client host rejected: Access denied", TESTER, WELCOME),
    Refusal(
        "Postfix", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example", TESTER, WELCOME
    ),
    Refusal("Exim", "550-JunkMail rejected - client.example [192.0.2.1]:34032\n550 is in an RBL", TESTER),
    Refusal("German", "550 Zugang gesperrt: 192.0.2.1", TESTER),
    Refusal("French", "550 5.7.1 client.example refusé, voir notre site", TESTER),
    Refusal("Russian in ASCII", "550 Dostup zapreshchen dlya 192.0.2.1", TESTER),
    Refusal("Portuguese", "554 5.7.1 Conexao recusada para [192.0.2.1]", TESTER),
    Refusal("names the sender only", f"550 <{S}> ist hier nicht willkommen", TESTER),
    # The tester, told by one text for every recipient, in any language
    Refusal("German", "550 Annahme verweigert", TESTER, SAME),
    Refusal("Italian", "554 5.7.1 Servizio rifiutato", TESTER, SAME),
    Refusal("Dutch", "550 5.7.1 Geen toegang", TESTER, SAME),
    Refusal("a number for each", f"550 5.7.1 <{R}>: abgelehnt [A7F31]", TESTER, SAME),
    Refusal("protocol error after many", "550 5.5.1 Protocol error", TESTER, SAME),
    # The tester, told by words
    Refusal("UnknownRate", "550 Our system has detected an unusual rate of mail from your network", TESTER),
    Refusal("Spamhaus", "550 5.7.1 Service unavailable, MailFrom domain is listed in Spamhaus.", TESTER),
    Refusal("Mimecast", "550 Administrative prohibition - envelope blocked", TESTER),
    Refusal("Mimecast", "554 Email rejected due to security policies", TESTER),
    Refusal("Apple", "550 5.7.1 [CS01] Message rejected due to local policy.", TESTER),
    Refusal("Yahoo", "554 5.7.9 Message not accepted for policy reasons.", TESTER),
    Refusal("Barracuda", "550 Blocked", TESTER),
    Refusal("icglink", "550 Sorry, no access for this ip", TESTER),
    Refusal("policy reply", "541 5.7.1 rejected by policy", TESTER),
    Refusal("Postfix", "504 5.5.2 <client>: Helo command rejected: need fully-qualified hostname", TESTER),
    Refusal("verification", "550 Sender verify failed", TESTER),
    Refusal("postscreen", "550 5.3.2 Service currently unavailable", TESTER),
    # Nothing tells
    Refusal("a protocol error alone", "550 5.5.1 Error", UNKNOWN),
    Refusal("policy without a word", "550 5.7.1 Nope", UNKNOWN),
    Refusal("system status", "554 5.3.0 Nope", UNKNOWN),
)
