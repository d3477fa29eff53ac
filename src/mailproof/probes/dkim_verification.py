"""Verification of DKIM signatures: dkimpy's, over keys that our DNS client asked for and our grammars read.

Where dkimpy leaves the letter of RFC 6376, or could be made to work without end, it is led back here:

- signatures and keys are read by our grammars; what ends a verification before its computation (sections 6.1.1 and
  6.1.2) is said by them: ``h=``, ``s=`` and ``t=s`` of a key, short keys and SHA-1 (RFC 8301);
- only what ``h=`` names is signed: dkimpy adds From once more;
- an expired signature (``x=``) is judged by the time at which the message was received, not by today's;
- white space is taken from the body beforehand for relaxed canonicalisation: dkimpy's takes time with the square of it;
- headers and keys have bounds.
"""

from __future__ import annotations

import logging
import re

import dkim
from dkim.canonicalization import Relaxed, Simple
from dkim.util import InvalidTagValueList, parse_tag_value

from mailproof.grammars.dkim import KeyRecord, parse_key_record
from mailproof.grammars.dkim_signatures import Signature
from mailproof.grammars.messages import MAX_FIELDS, MAX_OCTETS, parse_header
from mailproof.grammars.public_keys import RSAKey
from mailproof.grammars.received import seconds_of

MAX_SIGNATURE = 16_384
"""Octets of a signature."""
MAX_KEY_BITS = 16_384
MAX_EXPONENT_BITS = 256
LEAST_KEY_BITS = 1024
"""RFC 8301, section 3.2."""

_SILENT = logging.getLogger("mailproof.dkim")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

_BLANKS = re.compile(rb"[\t ]+")


class _Names(list[bytes]):
    """The names in h=. dkimpy would add From to them, as if every signature were oversigned."""

    def append(self, name: bytes) -> None:
        pass


class Unverifiable(Exception):
    """A message that cannot be verified within the bounds, or has no header that could be read."""


class SignedMessage:
    """A message whose signatures are verified. Raises Unverifiable."""

    def __init__(self, data: bytes) -> None:
        if parse_header(data[: MAX_OCTETS + 1]).cut_short:
            raise Unverifiable(f"its header has more than {MAX_FIELDS} fields or {MAX_OCTETS} octets")
        try:
            self._verifier = dkim.DKIM(data, logger=_SILENT, minkey=0)
        except (dkim.DKIMException, IndexError) as error:
            raise Unverifiable(f"its header cannot be read: {error!s:.200}") from None
        self._simple: bytes = self._verifier.body
        self._relaxed: bytes | None = None

    def verify(self, index: int, signature: Signature, key: KeyRecord) -> tuple[str, str]:
        """The result for the signature of this index and a key that fits, and the reason where it is not pass."""
        fields = [(name, value) for name, value in self._verifier.headers if name.lower() == b"dkim-signature"]
        name, value = fields[index]
        if len(value) > MAX_SIGNATURE:
            raise Unverifiable(f"a signature has more than {MAX_SIGNATURE} octets")
        body = self._body(signature)
        form = Simple if signature.body_form == "simple" else Relaxed
        if signature.body_length is not None and signature.body_length > len(form.canonicalize_body(body)):
            return "permerror", f"l={signature.body_length} is more than the body has (RFC 6376, section 3.5)"
        try:
            tags = parse_tag_value(value)
            tags[b"a"] = signature.algorithm.encode()
            tags[b"c"] = f"{signature.header_form}/{signature.body_form}".encode()
            self._verifier.body, self._verifier.tlsrpt = body, False
            text = f"k={key.key_type}; p={''.join((key.get('p') or '').split())}".encode()
            names = _Names(entry.encode() for entry in signature.signed)
            found = self._verifier.verify_sig(tags, names, (name, value), lambda *_, **__: text)
        except dkim.ValidationError as error:
            what = str(error)
            return "fail", "the body was changed" if what.startswith("body hash") else what[:200]
        except (dkim.DKIMException, InvalidTagValueList, ValueError, IndexError, AssertionError) as error:
            return "permerror", f"it cannot be read: {error!s:.200}"
        return ("pass", "") if found else ("fail", "the header was changed, or the key is another one")

    def _body(self, signature: Signature) -> bytes:
        if signature.body_form == "simple":
            return self._simple
        if self._relaxed is None:
            lines = self._simple.split(b"\r\n")
            self._relaxed = b"\r\n".join(_BLANKS.sub(b" ", line).removesuffix(b" ") for line in lines)
        return self._relaxed


def verify(
    message: SignedMessage, index: int, signature: Signature, keys: tuple[str, ...], received_at: str
) -> tuple[str, str]:
    """The result of verification in the words of RFC 8601, and the reason. Raises Unverifiable.

    Of several keys at one name, which RFC 6376 leaves undefined, the first that verifies counts.
    """
    if signature.errors:
        return "permerror", "; ".join(signature.errors[:5])
    if signature.algorithm == "rsa-sha1":
        return "permerror", "it is made with SHA-1 (RFC 8301, section 3.1)"
    then = seconds_of(received_at)
    if signature.expires is not None and then is not None and signature.expires < then:
        return "permerror", f"it had expired when the message was received ({received_at})"
    found = "permerror", "there is no key that fits"
    for text in keys:
        record = parse_key_record(text)
        unfit = _unfit(signature, record)
        found = ("permerror", unfit) if unfit else message.verify(index, signature, record)
        if found[0] == "pass":
            break
    return found


def _unfit(signature: Signature, record: KeyRecord) -> str:
    """Why a key cannot verify the signature (RFC 6376, section 6.1.2); empty where it can."""
    type_wanted, _, hash_wanted = signature.algorithm.partition("-")
    identity = signature.identity.rpartition("@")[2].lower()
    if record.get("v") not in (None, "DKIM1"):
        return "the key is of another version"
    if record.key_type != type_wanted:
        return f"the key is of the type {record.key_type[:20]}, the signature {signature.algorithm}"
    if record.key is None:
        return "the key cannot be read"
    if record.hashes and hash_wanted not in record.hashes:
        return f"the key admits h={(record.get('h') or '')[:40]} only"
    if not record.serves("email"):
        return f"the key is for s={(record.get('s') or '')[:40]} only"
    if "s" in record.flags and identity and identity != signature.domain:
        return f"the key admits no sub-domain (t=s), and i is {signature.identity[:80]}"
    if isinstance(record.key, RSAKey):
        if record.key.bits < LEAST_KEY_BITS:
            return f"the key has {record.key.bits} bits (RFC 8301, section 3.2)"
        if record.key.bits > MAX_KEY_BITS:
            raise Unverifiable(f"the key has {record.key.bits} bits")
        if record.key.exponent.bit_length() > MAX_EXPONENT_BITS:
            raise Unverifiable(f"the exponent of the key has {record.key.exponent.bit_length()} bits")
    return ""
