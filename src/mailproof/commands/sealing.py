"""``mailproof seal`` and ``verify``: the evidence of a run in one file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailproof.documents import is_same_file, why_not_writable
from mailproof.output import EXIT_USAGE, complain, say

if TYPE_CHECKING:
    from mailproof.signatures import Signature


def add_seal(commands: Any) -> None:
    """Add the commands to the parser of the command line."""
    command = commands.add_parser(
        "seal",
        help="put the evidence of a run into one file, signed if you like",
        description="Put the result of a run, its record and its inventory into one file with their SHA-256 sums. "
        "With --sign the file says who sealed it: ssh-keygen or minisign signs with a key of yours.",
    )
    command.add_argument("result", metavar="RESULT", type=Path, help="the JSON report of the run")
    command.add_argument("--record", metavar="FILE", type=Path, help="what the run saw (--record of the run)")
    command.add_argument("--inventory", metavar="FILE", type=Path, help="the inventory that was judged")
    command.add_argument(
        "--sign",
        metavar="KEY",
        type=Path,
        help="a key of SSH (a private one, or one of the agent) or a secret one of minisign",
    )
    command.add_argument("-o", "--output", metavar="OUT", type=Path, help="default: RESULT with .seal for .json")
    command.set_defaults(run=_seal)

    command = commands.add_parser(
        "verify",
        help="tell whether a sealed file is whole, and who sealed it",
        description="Hold every part of a sealed file against its manifest, and the manifest against its signature. "
        "Nothing is unpacked. Exits with 1 if anything is wrong, or if --signers is given and none of them signed.",
    )
    command.add_argument("file", metavar="SEAL", type=Path, help="what mailproof seal wrote")
    command.add_argument(
        "--signers",
        metavar="FILE",
        type=Path,
        help="who may have signed: a file of allowed signers of ssh-keygen, or of public keys of minisign",
    )
    command.set_defaults(run=_verify)


def _seal(options: argparse.Namespace) -> int:
    from mailproof.gate.document import DocumentError
    from mailproof.inventory.errors import InventoryError
    from mailproof.sealing import INVENTORY, RECORD, SealError, seal
    from mailproof.signatures import SignatureError

    others = {RECORD: options.record, INVENTORY: options.inventory}
    output = options.output or options.result.with_suffix(".seal")
    if reason := why_not_writable(output):
        complain(f"mailproof seal: {output} {reason}")
        return EXIT_USAGE
    if any(file is not None and is_same_file(file, output) for file in (options.result, *others.values())):
        complain(f"mailproof seal: {output} is what would be sealed; give another name by -o")
        return EXIT_USAGE
    given = {name: file for name, file in others.items() if file is not None}
    try:
        manifest = seal(options.result, given, output, options.sign)
    except (DocumentError, InventoryError, SealError, SignatureError) as error:
        complain(f"mailproof seal: {error}")
        return EXIT_USAGE
    for name, part in manifest.members.items():
        say(f"{part.sha256}  {name}")
    say(f"sealed: {output}{'' if options.sign else ' (not signed: --sign KEY)'}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from mailproof.sealing import SealError, unseal
    from mailproof.signatures import SignatureError

    try:
        found = unseal(options.file)
        by = _by(found.signature, options.signers)
    except (SealError, SignatureError) as error:
        complain(f"mailproof verify: {options.file}: {error}")
        return 1
    manifest, result = found.manifest, found.result
    gate = "open" if result.decision.open else f"closed: {', '.join(result.decision.reasons)}"
    say(f"{manifest.inventory}: judged {manifest.started_at} by mailproof {manifest.mailproof}; the gate was {gate}")
    for name, part in manifest.members.items():
        say(f"{part.sha256}  {name}")
    say(f"whole; sealed {manifest.sealed_at}; {by}")
    return 0


def _by(signature: Signature | None, signers: Path | None) -> str:
    """Who sealed, as far as it can be told. Raises SignatureError."""
    from mailproof.signatures import SignatureError

    if signature is not None:
        return signature.unnamed() if signers is None else f"signed by {signature.signer(signers)}"
    if signers is not None:
        raise SignatureError("it is not signed")
    return "not signed: it is whole, but anybody may have made it"
