"""Which names are those of secrets, and which values are known to be none where one can stand: numbers, switches,
addresses, names of hosts, files, variables, and the words of protocols.

Header fields, cookies, arguments and variables may hold a secret whatever they are called: what a server sets them to,
or compares them with, is kept only if it is known to be harmless.
"""

from __future__ import annotations

import ipaddress
import re
from functools import cache

from publicsuffixlist import PublicSuffixList

HIDDEN = "<hidden>"
"""What stands in the place of a secret."""

_NAMED = re.compile(
    r"pass(?:word|wd|phrase)|secret|credential|token(?!s|i[sz])|(?:access|api|auth|bearer|bot|refresh|user)[_-]?tokens"
    r"|nonce|authorization|api[_-]?key|bind_pw|private[_-]?key|pkcs11-pin"
    r"|(?:access|auth|shared|master)_?key|connection[_-]string"
)
"""What stands in names of secrets. Tokens in general are words: of a product, of a text."""
_PARTS = frozenset(("bot", "pass", "pw", "pwd", "pswd", "pin", "psk", "cred", "creds"))
_PASSED_ON = re.compile(
    r"(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached|upload)_pass|proxy_pass_\w+|proxypass\w*|acl_smtp_auth"
)
"""Of nginx and Apache: where requests go; and of Exim, the list that decides on them."""
_ENDS = ("pass", "pwd", "pw")
_WHOLE = frozenset(("client_send", "server_condition", "servers", "srs_config", "auth_policy_server_api_header"))
"""Names of Exim's and Dovecot's that hold names and passwords in one value."""
_SERVERS = (
    "mysql_servers",
    "pgsql_servers",
    "oracle_servers",
    "redis_servers",
    "ibase_servers",
    "ldap_default_servers",
)

_VARIABLE = re.compile(
    r"\$\w{1,80}|\$\{\w{1,80}\}|%\{[\w:-]{1,80}\}[a-z]?"
    r"|\bdev[ \t]+[\w.:@-]{1,15}(?=\s|$)"
    r"|%\[(?![^\]]{0,80}\b(?:str|bin|concat|regsub|strcmp|hmac|xor)\()[\w.,()-]{1,80}\]"
)
"""What is put in, and interfaces behind their keyword. In a sample of HAProxy a text may stand as it is."""
_PIECES = re.compile(r"[^\s=,;\"'(){}^|\\]+")
_PIECE = re.compile(
    r"[!=<>~]{1,3}\*?|&&"  # how values are compared
    r"|-[a-z]{0,9}"  # options
    r"|(?:bond|br|eth|lo|vlan|wlan)\d{0,4}(?:\.\d{1,4})?|br-[0-9a-z]{1,12}"
    r"|en[opsx]\d[0-9a-z.]{0,11}|enx[0-9a-f]{12}"  # interfaces
    r"|[A-Za-z]{1,3}|\d{1,5}[a-z%]{0,2}"
    r"|(?:\d{0,3}\.){1,4}\d{0,3}(?:/\d{1,3})?"  # what stands around a variable in an address
    r"|(?:TCP|SMTP|MISC|DNS|PING|UDP|BFD|FILE)_CHECK|(?:HTTP|SSL)_GET|MASTER|BACKUP|SCTP"  # words of keepalived
    r"|vrrp_(?:instance|script|sync_group)|(?:virtual|real|sorry)_server|virtual_ipaddress(?:_excluded)?|authentication"
    r"|[/@]"
)
_HOST = re.compile(r"(?:https?://)?\*?\.?(?P<name>(?:[a-z0-9_-]{1,63}\.){1,10}(?P<last>[a-z]{2,12}))(?::\d{1,5})?/?")
_LOCAL = frozenset(
    ("corp", "example", "home", "internal", "intra", "intranet", "invalid", "lan", "local", "localdomain", "test")
)
"""What names of hosts end in that nobody has registered (RFC 2606, RFC 6762, appendix G)."""
_PATH = re.compile(r"/(?:bin|dev|etc|home|opt|proc|run|sbin|srv|tmp|usr|var)(?:/[\w.+-]{1,80}){0,20}/?")
_WORDS = frozenset(
    (
        *("always", "any", "append", "auto", "beg", "bool", "bytes", "chunked", "close", "default", "deny", "disabled"),
        *("early", "enabled", "false", "found", "gzip", "head", "hostnames", "http", "https", "http2", "keep-alive"),
        *("merge", "none", "nosniff", "null", "post", "private", "public", "sameorigin", "same-origin", "setifempty"),
        # what keepalived and ip-address(8) say of addresses
        *("broadcast", "forever", "global", "home", "host", "label", "link", "nodad", "noprefixroute", "peer", "scope"),
        *("site", "valid_lft", "preferred_lft", "use-vmac", "weight"),
        *("timeout", "true", "unless", "unset", "upgrade", "volatile", "websocket"),
    )
)
_NAMES = re.compile(
    r"(?:accept|access-control|content|cross-origin|document|list|script|server|ssl|x-forwarded|x-original|x-spam)"
    r"(?:-[a-z-]+)?|request-(?:completion|filename|handler|id|length|method|protocol|scheme|status|time|uri)|scheme|uri"
    r"|alt-svc|auto-submitted|cache-control|connection|date|early-data|etag|expect|expires|forwarded|from|gateway"
    r"-interface|host|https|if-[a-z-]+|last-modified|message-id|origin|path-info|path-translated|permissions-policy"
    r"|pragma|precedence|proxy|proxy-connection|range|received|redirect-status|referer|referrer-policy"
    r"|remote-addr|remote-host|remote-port|return-path|sender|strict-transport-security|subject|te|to|trailer"
    r"|transfer-encoding|upgrade(?:-insecure-requests)?|user-agent|vary|via|x-content-type-options|x-frame-options"
    r"|x-powered-by|x-real-ip|x-robots-tag|x-ua-compatible|x-xss-protection"
)
"""Fields of HTTP and of mail, and variables of CGI (RFC 3875), that hold no secrets."""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def is_secret_name(name: str) -> bool:
    """Whether a setting or a variable of this name, in small letters, holds a secret."""
    if _PASSED_ON.fullmatch(name):
        return False
    if _NAMED.search(name) or name in _WHOLE or name.endswith(_SERVERS):
        return True
    if name.rstrip("0123456789").endswith(("_auth", "-auth", "_key", "-key")):
        return True
    return any(part in _PARTS or part.endswith(_ENDS) for part in re.split(r"(?<!\d)\d*+[_.-]|(?<!\d)\d++$", name))


def is_harmless_name(name: str) -> bool:
    """Whether a field or a variable of this name holds no secret, whatever its value is."""
    return _NAMES.fullmatch(name.lower().replace("_", "-").removeprefix("http-")) is not None


def hidden_from(line: str, begin: int) -> str:
    """A line with what begins there hidden. A quote that it stands in is closed, or what follows would stand in it."""
    open_quotes = (quote for quote in "\"'" if line.count(quote, 0, begin) % 2 and quote in line[begin:])
    return f"{line[:begin]}{HIDDEN}{next(open_quotes, '')}"


def is_path(value: str) -> bool:
    """Whether a value is the path of a file or directory of a system."""
    return _PATH.fullmatch(value) is not None


def is_harmless(value: str) -> bool:
    """Whether every piece of a value is known to be no secret."""
    return not end_of_unknown(value)


def end_of_unknown(text: str) -> int:
    """Where the last piece of a text ends that is not known to be harmless; 0 where every piece is."""
    plain = _VARIABLE.sub(lambda variable: " " * len(variable[0]), text)
    return max((piece.end() for piece in _PIECES.finditer(plain) if not _is_harmless_piece(piece[0])), default=0)


def _is_harmless_piece(piece: str) -> bool:
    if piece.lower() in _WORDS or _PIECE.fullmatch(piece) or is_path(piece):
        return True
    if host := _HOST.fullmatch(piece):  # or words with dots between them
        return host["last"] in _LOCAL or _suffixes().publicsuffix(host["name"]) is not None
    try:
        ipaddress.ip_network(piece.strip("[]"), strict=False)
    except ValueError:
        return False
    return not piece.isdecimal()  # which would be an address in one number
