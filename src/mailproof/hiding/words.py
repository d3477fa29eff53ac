"""The words of statements in blocks, as nginx and keepalived write them, and where a block of Lua in them ends."""

from __future__ import annotations

import re


def _words_of_statements(backslash: str) -> str:
    """A comment, blanks, the end of a line, a mark or a word, one behind the other. ``backslash`` is one in a word."""
    return (
        r"(?P<comment>#[^\n]*+)|(?P<blank>[^\S\n]++)|(?P<newline>\n)|(?P<mark>[{};])"
        r"|(?P<word>'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\""
        rf"|(?:[^\s{{}};'\"\\$]|{backslash}.|\$\{{\w*+\}}|{backslash}|[$'\"])"
        rf"(?:[^\s{{}};\\$]|{backslash}.|\$\{{\w*+\}}|{backslash}|\$)*+)"
    )


STATEMENT = re.compile(_words_of_statements(r"\\"), re.DOTALL)
LINE_STATEMENT = re.compile(r"(?P<continued>\\[ \t\r]*+\n)|" + _words_of_statements(r"\\(?![ \t\r]*+\n)"), re.DOTALL)
"""The same where a statement ends with its line, with a backslash behind it or without (keepalived.conf(5), "Multiline
definitions").
"""
DEFINITION = re.compile(r"[ \t]*+(?:@\S++[ \t]++)?\$\w++[ \t]*+=[ \t]*+")
"""Of keepalived, what begins a definition that stands in the lines behind."""

ENTRY = re.compile(r"[ \t]*+[\"'~*0-9]")
"""What begins an entry of a map, whatever follows: no directive does."""
_DIRECTIVE = re.compile(
    r"(?:(?:absolute|accept|access|add|aio|ancient|auth|autoindex|brotli|charset|chunked|client|connection|create|dav|debug"
    r"|default|directio|disable|empty|error|fastcgi|geoip2?|google|grpc|gunzip|gzip|hash|hls|http[23]|if"
    r"|ignore|image|imap|internal|ip|js|keepalive|large|least|limit|lingering|load|lock|log|lua|map|master|max|memcached"
    r"|merge|min|mirror|modern|modsecurity|more|mp4|msie|multi|open|output|override|pcre|perl|pop3|port|postpone|preread"
    r"|proxy|quic|random|read|real|recursive|redis2?|referer|request|reset|resolver|rewrite|rtmp|rtsig|satisfy|scgi|secure"
    r"|send|sendfile|server|session|set|slice|smtp|source|split|ssi|ssl|status|stub|sub|tcp|thread|timer|try|types|underscores"
    r"|uninitialized|upstream|userid|uwsgi|valid|variables|vhost|worker|working|xclient|xml|xslt)(?:_[a-z]{1,20}\d?){1,8}"
    r"|aio|alias|application|allow|autoindex|break|charset|daemon|deny|directio|env|etag|events|expires|flv|geo|gunzip|gzip|hash|hostnames|http"
    r"|http[23]|if|imap|include|index|internal|keepalive|listen|location|mail|map|mirror|modsecurity|mp4|ntlm|perl|pid|pop3|pull"
    r"|protocol|proxy|push|queue|random|ranges|resolver|return|rewrite|root|satisfy|sendfile|server|set|slice|smtp|ssi|ssl"
    r"|starttls|state|status|sticky|stream|tcp|timeout|types|upstream|use|user|userid|volatile|zone)(?=\s|$)"
)
"""Of nginx: the names of its modules with what they set behind them, and names of one word."""


def begins_entry(statement: str) -> bool:
    """Whether a statement in no block is one of a map whose file is included into it: no directive, no program."""
    begin = statement.strip()
    return begin != "" and not _DIRECTIVE.match(begin) and "_by_lua" not in begin[:60]


MAP = re.compile(r"[ \t]*+(?:map|geo)[ \t]++(?:\S.*[ \t])?\$\w++[ \t]*+")
LUA = re.compile(r"[ \t]*+\w{1,40}_by_lua_block[ \t]*+|[ \t]*+set_by_lua_block[ \t]++\S++[ \t]*+")
"""Of nginx, what begins blocks of values by values, and of programs."""
_LUA_TOKEN = re.compile(
    r"(?:--)?\[(?P<level>=*)\[|--[^\n]*+|'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\"|[{}]", re.DOTALL
)
"""Comments and strings of Lua, in which braces end nothing."""


def end_of_lua(text: str, begin: int) -> int:
    """Where the brace stands that ends a block of Lua; the end of the text where none does."""
    depth, at = 1, begin
    while token := _LUA_TOKEN.search(text, at):
        at = token.end()
        if token["level"] is not None:
            end = text.find(f"]{token['level']}]", at)
            at = len(text) if end < 0 else end
        elif token[0] in "{}":
            depth += 1 if token[0] == "{" else -1
            if not depth:
                return token.start()
    return len(text)
