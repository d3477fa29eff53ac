"""Mail that is forwarded by itself."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from mailproof.inventory.model import Inventory
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.forwards import Forwards
from mailproof.probes.forwards import forwards
from mailproof.targets.base import Targets
from mailproof.targets.files import Configuration, ConfigurationFile

from .case import Case, Table, advises, passes, skips

INVENTORY = Inventory.model_validate({"domains": ["example.org"]})


HOST = "mx.example.org"


def read(program: str, *lines: str, **beside: str) -> Forwards:
    """A file of a program, and what other programs of the host have: ``aliases="root: ann"``, and
    ``etc_aliases`` for a file in ``etc``.
    """
    texts = {program: "\n".join(lines), **beside}
    with tempfile.TemporaryDirectory() as directory:
        targets = Targets()
        for name, text in texts.items():
            program = name.rpartition("_")[2]
            file = Path(directory, *name.split("_"))
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            targets.add(Configuration(program, HOST, (ConfigurationFile(str(file), file.name),)))
        return asyncio.run(_read(targets.found(Configuration)[0], targets))


async def _read(configuration: Configuration, targets: Targets) -> Forwards:
    return await forwards(configuration, Network(NetSettings()), INVENTORY, targets)


def routers(*options: str, main: str = "", **beside: str) -> Forwards:
    """Exim with a router that redirects."""
    router = "\n".join(f"  {option}" for option in ("driver = redirect", *options))
    return read("exim", f"{main}\nbegin acl\nbegin routers\nmove:\n{router}\nbegin transports\n", **beside)


ALIASES = "root: ann\n"
TABLE_ELSEWHERE = "bob: bob@other.example\n"
"""What the target of the aliases is for."""
LOOKUP = "data = ${lookup{$local_part}lsearch{/etc/aliases}}"
DESTINATION = ("myhostname = mx.example.net", "mydestination = $myhostname, $mydomain")
OF_DOMAINS = "data = $local_part@${lookup{$domain}lsearch{/etc/aliases}}"
"""What the file holds are no addresses."""
MANY = ("data = ann",) * 999 + ("more:", "driver = redirect", "data = a@other.example")


def rewriting(*rules: str) -> Forwards:
    """Exim with rules that rewrite addresses, and a router that forwards nothing."""
    return routers("data = ann", "begin rewrite", *rules)


REWRITTEN: tuple[Case, ...] = (
    *(
        passes(forwards=found)
        for found in (
            read("postfix", "recipient_canonical_maps = inline:{ {a@example.net = b@example.org} }"),
            read(
                "postfix", "header_checks = regexp:/etc/aliases", aliases="/^X/ REPLACE Y: a@other.example\n/^Y/ WARN"
            ),
            read("postfix", "header_checks = pcre:/etc/aliases", aliases="/^X/ REDIRECT ann@other.example"),
            read("postfix", "header_checks = inline:{ {x = REJECT ask a@other.example} }"),
            read("postfix", "a_restrictions = check_client_access cidr:/etc/aliases, permit", aliases="::/0 OK"),
            read("aliases", "2001:db8::/32 REJECT ask a@other.example", "192.0.2.0/24 550 5.7.1 ask b@other.example"),
            read(
                "aliases",
                "a@example.org  reject ask a@other.example",
                "/x/ PREPEND X-To: a@other.example",
                postfix="x_restrictions = check_sender_access { pcre:/etc/aliases, a=b }",
            ),
            read(
                "postfix",
                "canonical_maps = hash:/x",
                "canonical_classes = $senders",
                "senders = envelope_sender, header_recipient",
            ),
            rewriting("*@example.net $1@other.example Ffrs", "*@example.net * T", 'a@b "$1@example.org"'),
            routers("data = ann", main="system_filter ="),
            routers("data = ann", main="system_filter = /etc/mail/aliases", aliases="# Exim filter\n"),
            routers("NOTHING", "data = ann", main="NOTHING ="),
        )
    ),
    *(
        advises("other.example", forwards=found)
        for found in (
            read("postfix", "canonical_maps = inline:{ {a@example.org = b@other.example} }"),
            read("postfix", "header_checks = inline:{ {x = REDIRECT a@other.example} }"),
            read("postfix", "smtpd_x_restrictions = check_sender_access inline:{{x=BCC a@other.example}}, permit"),
            read("aliases", "/^Subject: x/ REDIRECT a@other.example"),
            read("postfix", "virtual_alias_maps = inline:{ {a@example.org = filter a@other.example} }"),
            read("postfix", "recipient_canonical_maps = static:{warn a@other.example}"),
            read("aliases", "sales FILTER a@other.example", postfix="virtual_alias_maps = hash:/etc/aliases"),
            read("aliases", "x reject y", "::/0 bcc a@other.example"),
            rewriting("*@example.org $1@other.example"),
            rewriting('*@example.org "$1@other.example" ET'),
            routers("AWAY", main="AWAY = data = a@other.example"),
            read("exim", "KIND = redirect", "begin routers", "r:", "driver = KIND", "data = a@other.example"),
        )
    ),
    *(
        skips(f"{says} is not read", forwards=found)
        for says, found in (
            ("hash:/etc/canonical", read("postfix", "canonical_maps = hash:/etc/canonical")),
            ("regexp:/etc/checks", read("postfix", "body_checks = regexp:/etc/checks")),
            ("cidr:/x", read("postfix", "some_class = reject_x, check_client_access cidr:/x, check_x_access fail:y")),
            ("/etc/filter", routers("data = ann", main="system_filter = /etc/filter")),
            ("what system_filter comes to", routers("data = ann", main="system_filter = ${if exists{/x}{/x}{}}")),
            ("what AWAY of the router move comes to", routers("data = ann", "AWAY")),
            (
                "what data of the router r comes to",
                read("exim", "begin routers", "r:", "driver = K", "data = a@b.example"),
            ),
            ("what a rule of rewriting comes to", rewriting('*@example.org "${lookup mysql{x}{$value}fail}" T')),
            ("what a rule of rewriting comes to", rewriting("AWAY")),
            ("what driver of the router q comes to", routers("q:", "driver = queryprogram", "command = /bin/x")),
            ("what driver of the router i comes to", routers("i:", "driver = iplookup", "hosts = 192.0.2.1")),
            ("what sales comes to", read("aliases", "sales  filter a@other.example")),
            ("hash:/x", read("postfix", "smtp_generic_maps = hash:/x")),
            (
                "inline:",
                read("postfix", "smtp inet n - y - - smtpd", "  -o smtp_generic_maps=inline:{a=b@example.net}"),
            ),
            ("pcre:/x", read("postfix", "smtpd_command_filter = pcre:/x")),
            ("hash:/y", read("postfix", "a_restrictions = check_ccert_access { hash:/y, { search_order = a } }")),
            ("hash:/x", read("postfix", "canonical_maps = hash:/x", "canonical_classes = envelope_recipient")),
        )
    ),
)

SERVERS: tuple[Case, ...] = (
    *REWRITTEN,
    skips("postfix names no table", forwards=read("postfix", "mydestination = example.net")),
    skips("exim:1: the routers (name what `exim -bP config`", forwards=read("exim", "accept_8bitmime = true")),
    *(
        passes(forwards=found)
        for found in (
            read("postfix", "alias_maps = hash:/etc/aliases", aliases=TABLE_ELSEWHERE),
            read("postfix", "alias_maps = $alias_database", "alias_database = lmdb:/etc/aliases", aliases=ALIASES),
            read("postfix", "virtual_alias_maps = proxy:pcre:/etc/postfix/aliases, $virtual_maps", aliases=ALIASES),
            read("postfix", "alias_maps = /etc/aliases", aliases=ALIASES),
            read("postfix", "virtual_alias_maps = inline:{ {a@example.org = ann@example.org, root}, b=bob }"),
            read("postfix", "virtual_alias_maps = static:postmaster@hosted.example", "mydestination = hosted.example"),
            read("postfix", "always_bcc = archive@example.org", "luser_relay ="),
            read("postfix", "virtual_alias_maps = static:ann@bücher.example", "mydestination = xn--bcher-kva.example"),
            read("postfix", "virtual_alias_maps = static:ann@partner.example", "relay_domains = partner.example"),
            read("postfix", "virtual_alias_maps = static:ann@mail.example.net", "myhostname = mail.example.net"),
            read("postfix", "always_bcc = ann@example.net", *DESTINATION),
            read("postfix", "always_bcc = ann@localhost.$mydomain", "luser_relay = $user@$domain"),
            read("postfix", "always_bcc = archive@example.org", "luser_relay = $user@sub.example.org"),
            read("aliases", "root: ann@hosted.example", postfix="virtual_alias_domains = hosted.example"),
            read("aliases", "root: ann@hosted.example", exim="domainlist local_domains = @ : hosted.example"),
            routers("data = :blackhole:"),
            routers("data = :fail: ask ann@other.example"),
            routers("data = |/usr/bin/x ann@other.example, /var/mail/ann"),
            routers("data = :include:/etc/mail/aliases, ann", aliases=ALIASES),
            routers("data = ann@mail.$domain"),
            routers("data = postmaster, $local_part, ${local_part}@$domain, $local_part@${qualify_domain}"),
            routers('data = "ann@example.org, bob"'),
            routers("data = ann@hosted.example", main="domainlist local_domains = @ : hosted.example"),
            routers(LOOKUP, aliases=TABLE_ELSEWHERE),
            routers("file = /etc/mail/aliases", aliases=ALIASES),
            routers("file = $home/.forward"),
        )
    ),
    skips(
        "exim names no table",
        forwards=read("exim", "begin routers", "out:", "driver = accept", "data = a@other.example"),
    ),
    *(
        advises(says, forwards=found)
        for says, found in (
            (
                "everybody (static) goes on to other.example",
                read("postfix", "virtual_alias_maps = static:a@other.example"),
            ),
            (
                "mail for a@example.org goes on to other.example",
                read(
                    "postfix",
                    "virtual_alias_maps = hash:/x, unionmap:{inline:{ {a@example.org = b, b@other.example} }}",
                ),
            ),
            (
                "mail for a@example.org goes on to other.example",
                read("postfix", "virtual_alias_maps = inline:{", "  {a@example.org = b@other.example}", "  }"),
            ),
            (
                "mail for everybody (always_bcc) goes on to other.example",
                read("postfix", "alias_maps = inline:{", "  { a = b }", "  }", "always_bcc =", "  x@other.example"),
            ),
            (
                "mail for @example.org goes on to other.example",
                read("postfix", "virtual_alias_maps = inline:{ {@example.org = @other.example} }"),
            ),
            ("goes on to other.example", read("postfix", "virtual_alias_maps = static:@other.example")),
            (
                "mail for a@example.org goes on to other.example",
                read("postfix", 'virtual_alias_maps = inline:{ {a@example.org = "ann smith"@other.example} }'),
            ),
            ("goes on to other.example", read("postfix", 'always_bcc = "a@example.org"@other.example')),
            ("goes on to other.example", read("aliases", 'ann: "bob smith"@other.example')),
            ("goes on to other.example", routers('data = "\\"$local_part\\"@other.example"')),
            ("everybody (always_bcc) goes on to other.example", read("postfix", "always_bcc = a@other.example")),
            (
                "unknown users (luser_relay) goes on to other.example",
                read("postfix", "luser_relay = $user@$far", "far = other.example"),
            ),
            (
                "goes on to other.example",
                read("postfix", "smtp inet n - y - - smtpd", "  -o always_bcc=a@other.example"),
            ),
            (
                "root goes on to other.example",
                read("aliases", "root: a@other.example", postfix="mydestination = x.example"),
            ),
            ("whom the router move takes goes on to other.example", routers("data = ann, bob@other.example")),
            ("goes on to other.example", routers("data = ${quote_local_part:$local_part}@other.example")),
            (
                "goes on to other.example",
                read("exim", *["begin routers", "r:", 'driver = "redirect"', "data=a@other.example"]),
            ),
            ("goes on to other.example", routers('data = "AWAY"', main="AWAY = ann@other.example")),
            ("goes on to other.example", routers("data = ${lookup{$local_part}cdb{/x}{$value}fail}, a@other.example")),
        )
    ),
    *(
        skips(says, forwards=found)
        for says, found in (
            ("postfix:1: hash:/etc/aliases is not read;", read("postfix", "alias_maps = hash:/etc/aliases")),
            (
                "mysql:/etc/aliases is not read, and 1 more",
                read("postfix", "alias_maps = mysql:/etc/aliases $elsewhere", aliases=ALIASES),
            ),
            (
                "postfix:1: hash:/var/lib/mailman/aliases is not read; name",
                read("postfix", "alias_maps = hash:/var/lib/mailman/aliases, hash:/etc/aliases", etc_aliases=ALIASES),
            ),
            (
                "postfix:1: hash:/x/aliases is not read; name",
                read("postfix", "alias_maps = hash:/etc/aliases, hash:/x/aliases", aliases=ALIASES),
            ),
            (
                "/x/aliases is not read",
                routers(LOOKUP, "more:", "driver = redirect", "file = /x/aliases", aliases=ALIASES),
            ),
            ("what luser_relay comes to is not", read("postfix", "luser_relay = $local@$domain.other.example")),
            ("what virtual_alias_maps comes to", read("postfix", "virtual_alias_maps = static:a@$elsewhere")),
            ("what always_bcc comes to is not read", read("postfix", "always_bcc = a@$elsewhere")),
            (
                "what inline: holds",
                read("postfix", "virtual_alias_maps = inline:{ {a@example.org = ${x}@other.example} }"),
            ),
            ("more tables", read("postfix", f"alias_maps = {'hash:/etc/aliases ' * 101}", aliases=ALIASES)),
            ("postfix:1: pcre: is not read", read("postfix", "virtual_alias_maps = pcre:{{/./ a@other.example}}")),
            ("beyond 4096", read("postfix", f"alias_maps = inline:{{{'a=b ' * 2000}}}")),
            ("exim:6: /etc/aliases is not read", routers(LOOKUP)),
            ("/etc/other is not read", routers("file = /etc/other", aliases=ALIASES)),
            ("file of the router move comes to is not read", routers("file = /etc/forward/$local_part")),
            (
                "exim:6: what data of the router move comes to",
                routers("data = ${if eq{$h_x:}{a@other.example}{b}{c}}"),
            ),
            ("exim:6: what data of the router", routers("data = $address_data")),
            ("what data of the router move", routers(OF_DOMAINS, aliases=ALIASES)),
            ("/etc/list is not read", routers("data = ann, :include:/etc/list")),
            ("what data of the router move", routers("data = :include:/etc/lists/$local_part")),
            ("what data of the router move", routers("data = $local_part@x$domain")),
            ("what data of the router more", routers("data = ann", *MANY)),
            ("is not read", routers("data = ${if match{$h_x:}{\\N^}$\\N}{a@other.example}{c}}")),
            ("exim:7: what data of the router move", routers(".ifdef AWAY", "data = a@other.example", ".endif")),
            ("/etc/exim/more (name what", routers("data = ann", main=".include /etc/exim/more")),
        )
    ),
)


TABLE: Table = {
    "OUT-NO-AUTOFORWARD": (
        *(
            passes(forwards=found)
            for found in (
                read(
                    "aliases",
                    "# a@other.example",
                    "postmaster: root",
                    "root: admin@example.org,",
                    "  ann@sub.example.org",
                ),
                read("aliases", 'list: "|/bin/x a@other.example", /var/mail/x, :include:/etc/list, \\ann'),
                read("aliases", "info@example.org ann@example.org", "@example.net bob"),
                read("aliases", "ann@example.org"),
                read("sieve", 'require "copy";', '# redirect "a@other.example";', 'redirect :copy "ann@example.org";'),
                read("sieve", 'if address :is "from" "a@other.example" { keep; }'),
                read("aliases"),
                read("aliases", "old: :fail: Ann has gone, write to ann@other.example, or to a@b.example"),
                read("aliases", "old: error:nouser 550 ask ann@other.example", "new: :blackhole: a@other.example"),
                read("aliases", "joe: |/usr/bin/vacation -a joe joe@other.example, joe"),
                read("aliases", 'joe: |"/usr/bin/vacation -a joe@other.example joe"'),
                read("aliases", "joe: Joe Doe <joe@example.org>, ann@example.org (once a@other.example)"),
                read("aliases", "root: root@localhost, ann@mx, bob@MX.example.org"),
                read("aliases", "# Exim filter", 'if $header_from: contains "a@other.example" then', "save m endif"),
                read("aliases", "# Sieve filter", 'if address :is "from" "a@other.example" { keep; }'),
                read("aliases", "@example.net @example.org"),
                read("aliases", "/^[[:alnum:]]+@example.org/ ann@example.org"),
                read("aliases", "/var/mail/ann, ann@example.org"),
            )
        ),
        advises("mail for root goes on to other.example", forwards=read("aliases", "root: ann, bob@other.example")),
        advises(
            "mail for info@example.org goes on to", forwards=read("aliases", "info@example.org\tbob@other.example")
        ),
        advises("mail of its user goes on to other.example", forwards=read("aliases", "\\ann, bob@other.example")),
        advises(
            r"mail for /^(.*)@example\.org$/ goes on to other.example",
            forwards=read("aliases", "if /@/", r"/^(.*)@example\.org$/ $1@other.example", "endif"),
        ),
        advises(
            "goes on to other.example", forwards=read("aliases", "a:b@example.org c", "@example.org @other.example")
        ),
        advises("goes on to other.example", forwards=read("aliases", '"ann x"@example.org bob@other.example')),
        skips(
            "aliases:1: what /^(.*)@(.*)$/ comes to is not read",
            forwards=read("aliases", "/^(.*)@(.*)$/ $1@$2.other.example"),
        ),
        advises(
            "mail for z goes on to other.example",
            forwards=read("aliases", *["a: a@example.org"] * 1000, "z: z@other.example"),
        ),
        skips(
            "aliases:10001: what follows 10000 forwards is not read",
            forwards=read("aliases", *["a: a@example.org"] * 10_000, "z: z@other.example"),
        ),
        advises("goes on to notexample.org", forwards=read("aliases", "root: ann@notexample.org")),
        advises(
            "mail of its user goes on to other.example",
            forwards=read("sieve", 'if true { redirect :copy "ann@example.org"; redirect\n"bob@Other.example"; }'),
        ),
        advises("mail for root goes on to other.example", forwards=read("aliases", "root:bob@other.example")),
        advises("goes on to other.example", forwards=read("aliases", "root: Bob <bob@other.example>")),
        advises(
            "mail for @example.org goes on to other.example", forwards=read("aliases", "@example.org @other.example")
        ),
        advises(
            "goes on to other.example",
            forwards=read("aliases", "# Exim filter", "if error_message then finish endif", "deliver b@other.example"),
        ),
        advises("goes on to other.example", forwards=read("aliases", "#Sieve Filter", 'redirect "bob@other.example";')),
        skips("dovecot holds no aliases", forwards=Forwards("dovecot", ())),
        *SERVERS,
    ),
}
