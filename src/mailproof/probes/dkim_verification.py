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
from collections.abc import Mapping

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
        name, value = self.fields(b"dkim-signature")[index]
        if len(value) > MAX_SIGNATURE:
            raise Unverifiable(f"a signature has more than {MAX_SIGNATURE} octets")
        body = self.body(signature.body_form)
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

    def fields(self, name: bytes) -> list[tuple[bytes, bytes]]:
        """The fields of the header of that name, which is in lower case."""
        return [(found, value) for found, value in self._verifier.headers if found.lower() == name]

    def body(self, form: str) -> bytes:
        """The body, in the form relaxed without the white space that does not count (RFC 6376, section 3.4.4)."""
        if form == "simple":
            return self._simple
        if self._relaxed is None:
            lines = self._simple.split(b"\r\n")
            self._relaxed = b"\r\n".join(_BLANKS.sub(b" ", line).removesuffix(b" ") for line in lines)
        return self._relaxed


def verify_chain(data: bytes, keys: Mapping[str, KeyRecord]) -> str:
    """Why the ARC chain of a message does not verify (RFC 8617, section 5.2); empty where it does.

    ``keys`` are those that seals and signatures name, by the name of the key. Raises Unverifiable.
    """
    signed = SignedMessage(data)
    forms = [part.strip() for name, value in signed.fields(b"arc-message-signature") for part in value.split(b";")]
    simple = any(form.startswith(b"c=") and form.endswith(b"/simple") for form in forms)
    try:
        chain = dkim.ARC(data, logger=_SILENT, minkey=LEAST_KEY_BITS)
        chain.body = signed.body("simple" if simple else "relaxed")
        found, _, reason = chain.verify(lambda name, **_: _key_text(name, keys))
    except (dkim.DKIMException, *_BROKEN) as error:
        return f"it cannot be read: {error!s:.200}"
    return "" if found == dkim.CV_Pass else str(reason)[:200]


def _key_text(name: bytes, keys: Mapping[str, KeyRecord]) -> bytes | None:
    """What dkimpy is told of the key of that name, if it is one that may verify."""
    record = keys.get(name.decode("latin-1").lower().rstrip("."))
    if record is None or record.key is None or (record.hashes and "sha256" not in record.hashes):
        return None
    if isinstance(record.key, RSAKey) and not _is_within_bounds(record.key):
        return None
    return f"k={record.key_type}; p={''.join((record.get('p') or '').split())}".encode()


def _is_within_bounds(key: RSAKey) -> bool:
    return LEAST_KEY_BITS <= key.bits <= MAX_KEY_BITS and key.exponent.bit_length() <= MAX_EXPONENT_BITS


_BROKEN = (InvalidTagValueList, ValueError, LookupError, AssertionError, TypeError, AttributeError)
"""What dkimpy raises at what it did not expect."""


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
