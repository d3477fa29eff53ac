"""Where secrets stand in the lines of servers: HAProxy, nginx, Apache httpd, Squid, NUT, tinyproxy. What a line sets a
header field, a cookie or a variable to, or compares it with, is one unless it is known to be none.
"""

from __future__ import annotations

import re

from mailproof.hiding.names import HIDDEN, end_of_unknown, hidden_from, is_harmless, is_harmless_name, is_secret_name

_VALUE = (
    re.compile(
        r"(?i)(?:^[ \t]*+authbasicfake[ \t]++\S++|\bredis-cli\b[^;]{0,200}?[ \t]-a|\bstats[ \t]++auth"
        r"|\binsecure-password|\b(?:tcp|http)-check[ \t]++send[\w-]*+|^[ \t]*+certident"
        r"|^[ \t]*+monitor[ \t]++(?:\"[^\"]*+\"\S*+|\S++)[ \t]++\S++[ \t]++(?:\"[^\"]*+\"|\S++)"
        r"|\bsecure_link_md5|^[ \t]*+set_(?:hmac_\w++|md5|sha1)[ \t]++\S++|^[ \t]*+redis2?_query"
        r"|^[ \t]*+set_by_lua[ \t]++\S++|^[ \t]*+\w{1,40}_by_lua|^[ \t]*+perl(?:_set[ \t]++\S++)?|\blua\.\w++"
        r"|^[ \t]*+lua-load(?:-per-thread)?[ \t]++\S++"
        r"|^[ \t]*+basicauth|\bauth_pass|\bhttp_auth_bearer[ \t]++-m[ \t]++\w++|^[ \t]*+login|\bsnmp_community"
        r"|^[ \t]*+community|^[ \t]*+mdexternalaccountbinding|^[ \t]*+(?:addradiusauth|authradiusaddserver)[ \t]++\S++"
        r"|^[ \t]*+sechttpblkey|^[ \t]*+secremoterules|[ \t]-initial-env"
        r"|\biwconfig\b[^;]{0,200}?[ \t](?:key|enc\w{0,9})|\bwpa_passphrase[ \t]++(?:\"[^\"]*+\"|\S++)"
        r"|^[ \t]*+ldaptrusted(?:client|global)cert[ \t]++\S++[ \t]++(?:\"[^\"]*+\"|\S++)"
        r"|^[ \t]*+php_(?:admin_)?value|^[ \t]*+\w{1,20}_set_body)(?:[ \t]*+=[ \t]*+|[ \t]++)(?=\S)"
    ),
    re.compile(r"(?i)(?<!\S)login="),
    re.compile(r"\b(?:hmac|aes_gcm_(?:enc|dec)|aes_cbc_(?:enc|dec)|jwt_verify\w*+)\([\w.]{1,40},(?=\S)"),
    re.compile(
        r"(?i)^[ \t]*+(?:auth_param[ \t]++\S++[ \t]++program|external_acl_type|\w{1,60}_(?:program|daemon))\b"
        r"[^/]*+/\S++[ \t]++(?=\S)"
    ),
    re.compile(r"(?i)^[ \t]*+path[ \t]++[^\s?]++\?"),
    re.compile(r"^[ \t]*+(?:push|pull)[ \t]++(?:rtmps?://)?[^\s/]++/(?=\S)"),
    re.compile(r"(?i)\bhttpchk\b[^\\]{0,1000}+(?:\\(?!r)[^\\]{0,1000}+){0,20}+\\r\\n"),
    re.compile(r"(?i)^[ \t]*+upstream[ \t]++\w++[ \t]++(?=[^\s@]++@)"),
)
"""What stands before a secret in files of servers: HAProxy, NUT, nginx, tinyproxy, PHP in Apache, and Squid, whose
helpers are told passwords in any way.
"""
_TAKEN_AS_IT_IS = (
    r"\b(?:sni|usesrc|pool-conn-name|track-sc\d++|stick[ \t]++(?:on|match|store-re(?:quest|sponse)))[ \t]++\S++[ \t]*+"
)
"""Of HAProxy: what is taken of a request and compared with nothing, so that no value follows."""
_NAME_BEFORE = re.compile(
    rf"(?i)(?:{_TAKEN_AS_IT_IS}"
    r"|\b(?:(?:pre)?setenv|setenvif(?:nocase)?|perl(?:set|add)(?:var|env)|fcgidinitialenv|js_var|auth_request_set|\w{1,40}_param|\w{1,40}_set_header"
    r"|auth_http_header|add_trailer|(?:set|add)-header|set-(?:param|var(?:-fmt)?)|replace-(?:header|value)|hdr|set|env|define|(?:request|add_?)?header|header_add"
    r"|(?:request|reply)_header_(?:replace|add)|re[qp]_header|note"
    r"|adaptation_meta)"
    r"[ \t]++(?:(?:always|onsuccess|early)[ \t]++)?(?:(?:set|setifempty|add|append|merge|edit\*?)[ \t]++)?"
    r"[\"']?[\^$]?(?P<name>[\w.-]++)[\"']?[ \t]++"
    r"|\b(?:\w{0,20}hdr\w{0,20}|urlp\w{0,10}|url_param|s?cook\w{0,10}|set-var(?:-fmt)?|var|req\.body_param)"
    r"\([\"']?(?P<argument>[\w.-]++)[^)]{0,40}\)(?:,[\w.]{1,40}(?:\([^)]{0,80}\))?){0,8}[ \t]++"
    r"|(?:\bacl[ \t]++\S++[ \t]++|\{[ \t]*+)"
    r"(?P<fetch>query|pathq|(?:url|base|http_auth_pass|req\.(?:body|payload)\w{0,10}|payload)(?:_(?:beg|dir|dom|end|len|reg|sub))?)"
    r"(?:\([^)]{0,40}\))?(?:,[\w.]{1,40}(?:\([^)]{0,80}\))?){0,8}[ \t]++"
    r"|(?:\bacl[ \t]++\S++[ \t]++|\{[ \t]*+)(?P<constant>str)\([ \t]*+"
    r"|\b(?P<part>set-query)[ \t]++"
    r"|%\{(?:(?:HTTP|ENV|req|http|env):|HTTP_)(?P<field>[\w-]++)\}[^\s=!~%]{0,200}+[ \t]*+"
    r"|^[ \t]*+\$(?P<definition>\w++)[ \t]*+=[ \t]*+"
    r"|%\{(?P<request>QUERY_STRING|REMOTE_USER|THE_REQUEST|REQUEST_URI)\}[^\s=!~%]{0,200}+[ \t]*+"
    r"|\b(?:req|http|resp|env|reqenv|osenv|note)\([ \t]*+['\"]?(?P<function>[\w-]++)['\"]?[ \t]*+\)[ \t]*+"
    r"(?=[!=~-])"
    r"|[\[,][ \t]*+(?:E|env)=!?(?P<set>\w++):"
    r"|^[ \t]*+env[ \t]++(?P<environment>\w++)="
    r"|^[ \t]*+proxyfcgisetenvif[ \t]++(?:\"[^\"]*+\"|\S++)[ \t]++(?P<parameter>\w++)[ \t]++"
    r"|^[ \t]*+use[ \t]++(?P<macro>\S++)[ \t]++"
    r"|^[ \t]*+secrule[ \t]++(?P<rule>\"[^\"]*+\"|\S++)[ \t]++"
    r"|^[ \t]*+(?P<browser>browsermatch(?:nocase)?)[ \t]++"
    r"|^[ \t]*+(?:script|notify\w{0,20}|misc_path|quorum_(?:up|down))[ \t]++[\"']?(?P<script>[^\s\"']++)[ \t]++"
    r"|\$(?P<variable>\w++)[\w${}:'\"-]{0,200}[ \t]*+(?:!?=|!?~\*?)[ \t]*+)(?=[^\s{])"
)
"""Names of variables and headers, whose values follow, and of what else a client shows."""
_FIELDS = re.compile(r"[ \t]*+more_set_\w*headers[ \t]")
_FIELD = re.compile(r"(?<=[\"' \t])(?P<name>[\w-]++):[ \t]*+")
"""Of nginx's headers-more: several header fields in one line."""
_EXPRESSION = re.compile(
    r"(?i)[ \t]*+(?:require[ \t]++(?:not[ \t]++)?expr|<(?:else)?if|setenvifexpr|rewritecond[ \t]++expr)[ \t]++"
)
"""What begins an expression of Apache's (ap_expr), in which a value may stand before what it is compared with."""
_IN_EXPRESSION = re.compile(
    r"(?i)%\{(?:(?:HTTP|ENV|req|env):|HTTP_)?(?P<variable>[\w-]++)\}"
    r"|\b(?:req|http|env|reqenv|osenv|note)(?:_novary)?\([ \t]*+['\"]?(?P<function>[\w-]++)"
)
_URIS = frozenset(("uri", "document_uri", "request_uri"))
"""Variables that hold the path of a request; and some of them its arguments behind it."""
_PART_OF_PATH = re.compile(r"(?=\S*[/.])[^\s=]++(?:\s[^=]*+)?+$")
_QUERY = re.compile(r"(?P<name>[?&][A-Za-z][\w.\[\]-]{0,80}=)(?P<value>[^\s&\"'#;,)\]}\\]+)")
"""An argument in a URI."""


def without_value_of_server(line: str) -> str:
    """A line of a server without what is a secret there, or may be: from its begin to the end of the line, and the
    arguments of URIs alone.
    """
    ends = [found.end() for one in _VALUE if (found := one.search(line))]
    expression = _EXPRESSION.match(line)
    fields = _FIELDS.match(line)
    if not (expression or fields or _NAME_BEFORE.search(line)):
        return without_arguments_of_uris(hidden_from(line, min(ends)) if ends else line)
    unknown = end_of_unknown(line)
    if expression and unknown > expression.end():
        names = (next(filter(None, found.groups())) for found in _IN_EXPRESSION.finditer(line, expression.end()))
        ends += (expression.end() for name in names if _may_be_secret(name, line[expression.end() :]))
    for pattern in (_NAME_BEFORE, *((_FIELD,) if fields else ())):
        for found in pattern.finditer(line):
            name = next(filter(None, found.groups()), "").lower()
            if not name:
                continue
            may_be_secret = unknown > found.end() and _may_be_secret(name, line[found.end() :])
            if name == "key" or "cookie" in name or is_secret_name(name) or may_be_secret:
                ends.append(found.end())
                break
    return without_arguments_of_uris(hidden_from(line, min(ends)) if ends else line)


def without_arguments_of_uris(line: str) -> str:
    """A line with the names alone of what is asked for behind ``?``, but for what is known to be harmless."""
    return _QUERY.sub(_without_argument, line) if "=" in line else line


def _may_be_secret(name: str, value: str) -> bool:
    return not is_harmless_name(name) or (name.lower() in _URIS and not _PART_OF_PATH.match(value))


def _without_argument(argument: re.Match[str]) -> str:
    return argument[0] if is_harmless(argument["value"]) else f"{argument['name']}{HIDDEN}"
