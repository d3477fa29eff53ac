"""Messages, their trace and their signatures."""

from __future__ import annotations

from mailproof.grammars import authentication_results, dkim_signatures, messages, received
from mailproof.observations.messages import Message
from mailproof.probes.dkim_verification import SignedMessage, Unverifiable, verify
from tests.fuzz.parser import Parser, as_text, words_of

_KEY = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def _message(data: bytes) -> bool:
    message = Message("x.eml", messages.parse_header(data))
    assert message.age_in_days is None
    assert all(hop.by is not None for hop in message.hops)
    assert isinstance(message.return_path, str | None)
    assert isinstance(message.received_at, str)
    return bool(message.author_domain and not message.header.errors)


def _received(data: bytes) -> bool:
    text = as_text(data)
    received.parse_received_spf(text)
    hop = received.parse_received(text)
    assert hop.is_from_outside in (True, False)
    return bool(hop.address)


def _signature(data: bytes) -> bool:
    signature = dkim_signatures.parse_signature(as_text(data))
    text = b"DKIM-Signature: " + data + b"\r\nFrom: a@example.org\r\n\r\nx\r\n"
    try:
        fields = messages.parse_header(text).all("dkim-signature")
        result, _ = verify(SignedMessage(text), 0, dkim_signatures.parse_signature(fields[0].value), (_KEY,), "")
    except Unverifiable:
        return False
    assert result in ("pass", "fail", "permerror")
    return not signature.errors


def _results(data: bytes) -> bool:
    found = authentication_results.parse_authentication_results(as_text(data))
    assert len(found.results) <= authentication_results.MAX_RESULTS
    assert all(result.method and result.result for result in found.results)
    return bool(found.server and found.results)


PARSERS = (
    Parser(
        "authentication results",
        _results,
        (
            b'mx.example.org 1; dkim=fail reason="bad; key" (x) header.d=example.org header.i=@a; spf/1 = pass',
            b"mx.example.org; none",
        ),
        words_of('dkim= spf= dmarc= pass fail none header.d= smtp.mailfrom= reason= policy.dmarc= ( ) ; / 1 \\ "'),
    ),
    Parser(
        "message",
        _message,
        (
            b"Return-Path: <a@example.org>\r\nReceived: from a (b [192.0.2.1]) by c with ESMTPS; 26 Nov 2026 7:00\r\n"
            b'From: "B, A" <a@example.org>\r\nDate: Thu, 26 Nov 2026 07:00:00 +0000\r\n\r\nx\r\n',
            b"From x\nFrom: g: a@example.org, (c) b@example.org;\n folded\nTo: x\n\ny\rz",
        ),
        words_of("From: Date: Received: from by with ESMTPS <a@b.c> Return-Path: Received-SPF: Sender: \\ ( ) [ ]"),
        10,
    ),
    Parser(
        "received",
        _received,
        (
            b"from a (HELO b) ([IPv6:2001:db8::1]) by c (x) with ESMTPS id 1; Thu, 26 Nov 2026 07:00:00 +0000 (UTC)",
            b'Pass (x) client-ip=192.0.2.1; envelope-from="a@b"; helo=c',
        ),
        words_of("from by with id HELO helo= [192.0.2.1] ( ) ; client-ip= envelope-from="),
        10,
    ),
    Parser(
        "signature",
        _signature,
        (
            b"v=1; a=ed25519-sha256; d=example.org; s=s; c=relaxed/relaxed; h=from:to;\r\n bh=AAAA; b=AAAA",
            b"v=1; a=rsa-sha256; d=example.org; s=s; i=@a.example.org; q=dns/txt; l=1; t=1; x=2; h=From; bh=A; b=B",
        ),
        words_of("v=1 a= rsa-sha256 ed25519-sha256 d= s= h= from bh= b= l= t= x= q= i= c= simple relaxed AAAA"),
        10,
    ),
)
