"""Seals: whole and by whom; and what others may make of them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shlex
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from nacl.pwhash import scrypt

from mailproof import sealing
from mailproof.cli import main
from mailproof.gate.document import as_json
from mailproof.inventory.load import load_inventory
from mailproof.record import FORMAT, VERSION
from mailproof.sealing import SealError, unseal
from tests.needed import needs
from tests.offline.user import SOURCE
from tests.unit.documents import document, one_of_each, result

SIGNATURE = f"{sealing.MANIFEST}.sig"
SURVEYED = "2026-11-22T03:00:00+00:00"

Parts = dict[str, bytes]


@pytest.fixture
def evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a result, its record and its inventory, by the names of the page."""
    directory = tmp_path / "work"
    directory.mkdir()
    monkeypatch.chdir(directory)
    Path("prod.yaml").write_text("domains: [example.org]\n")
    Path("2026-q4").mkdir()
    made = document(result(), surveyed_at=SURVEYED, inventory_hash=load_inventory(Path("prod.yaml")).hash)
    Path("2026-q4/prod.json").write_text("".join(as_json(made)))
    record = {"format": FORMAT, "version": VERSION, "inventory": "prod", "surveyed_at": SURVEYED}
    Path("2026-q4.record.json").write_text(json.dumps(record))
    return directory


def key(name: str) -> str:
    """A new key of SSH, and the line that allows it to sign."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name], check=True)
    return f'{name}@example.org namespaces="mailproof" {Path(f"{name}.pub").read_text()}'


def sealed(*more: str) -> Path:
    """A seal of the evidence."""
    files = ("2026-q4/prod.json", "--record", "2026-q4.record.json", "--inventory", "prod.yaml")
    assert main(["seal", *files, "-o", "out.seal", *more]) == 0
    return Path("out.seal")


def parts(file: Path) -> Parts:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(file: Path, contents: Parts, kind: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(file, "w", kind) as archive:
        for name, data in contents.items():
            archive.writestr(zipfile.ZipInfo(name), data, kind)


def test_the_commands_of_the_page_seal_and_verify(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (SOURCE / "docs" / "audit-evidence.md").read_text(encoding="utf-8")
    seal, verify, *_ = re.findall(r"^    mailproof ((?:seal|verify) .*)$", page, re.MULTILINE)
    (by_hand,) = re.findall(r"^    (ssh-keygen -Y verify .*)$", page, re.MULTILINE)
    Path("signers").write_text(key("auditor"))
    assert main(shlex.split(seal.replace("~/.ssh/id_ed25519", "auditor"))) == 0
    assert main(shlex.split(verify)) == 0
    said = capsys.readouterr().out
    assert "; signed by auditor@example.org" in said
    assert "the gate was " in said
    with zipfile.ZipFile("2026-q4.seal") as archive:
        assert set(archive.namelist()) == {sealing.MANIFEST, SIGNATURE, *sealing.MEMBERS}
        archive.extractall()
    subprocess.run(["sh", "-c", by_hand], check=True, capture_output=True)


def test_a_seal_without_a_signature_is_whole_and_says_that_it_may_be_anybodys(
    evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = sealed()
    assert main(["verify", str(file)]) == 0
    assert "anybody may have made it" in capsys.readouterr().out
    Path("signers").write_text(key("auditor"))
    assert main(["verify", str(file), "--signers", "signers"]) == 1
    assert "it is not signed" in capsys.readouterr().err


def test_who_signed_matters_only_to_whoever_asks(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key("stranger")
    Path("signers").write_text(key("auditor"))
    file = sealed("--sign", "stranger")
    assert main(["verify", str(file)]) == 0
    assert "by whom was not asked" in capsys.readouterr().out
    assert main(["verify", str(file), "--signers", "signers"]) == 1
    assert "is none of signers" in capsys.readouterr().err


def test_a_signature_of_another_manifest_is_none(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("signers").write_text(key("auditor"))
    made = parts(sealed("--sign", "auditor"))
    manifest = json.loads(made[sealing.MANIFEST])
    manifest["sealed_at"] = "2020-01-01T00:00:00+00:00"
    pack(Path("forged.seal"), made | {sealing.MANIFEST: json.dumps(manifest).encode()})
    for more in ((), ("--signers", "signers")):
        assert main(["verify", "forged.seal", *more]) == 1
        assert "the signature is not one of this manifest" in capsys.readouterr().err


def test_a_signature_for_another_purpose_is_none(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("signers").write_text(key("auditor").replace('namespaces="mailproof" ', ""))
    made = parts(sealed("--sign", "auditor"))
    Path("text").write_bytes(made[sealing.MANIFEST])
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", "auditor", "text"], check=True)
    pack(Path("forged.seal"), made | {SIGNATURE: Path("text.sig").read_bytes()})
    assert main(["verify", "forged.seal", "--signers", "signers"]) == 1
    assert "the signature is not one of this manifest" in capsys.readouterr().err


def minisign_key(name: str) -> None:
    """A new key of minisign without a password: NAME.key and NAME.pub."""
    command = ["minisign", "-G", "-W", "-p", f"{name}.pub", "-s", f"{name}.key"]
    subprocess.run(command, check=True, capture_output=True)


def protect(file: Path, password: bytes) -> None:
    """Give a key of minisign a password, as it does, but with the least costs of scrypt: it takes seconds itself."""
    comment, encoded = file.read_text().splitlines()
    key = base64.b64decode(encoded)
    algorithm, salt, secret = key[:2], bytes(range(32)), key[54:-32]
    secret += hashlib.blake2b(algorithm + secret, digest_size=32).digest()
    stream = scrypt.kdf(len(secret), password, salt, scrypt.OPSLIMIT_MIN, scrypt.MEMLIMIT_MIN)
    costs = struct.pack("<QQ", scrypt.OPSLIMIT_MIN, scrypt.MEMLIMIT_MIN)
    hidden = bytes(one ^ other for one, other in zip(secret, stream, strict=True))
    file.write_text(f"{comment}\n{base64.b64encode(algorithm + b'ScB2' + salt + costs + hidden).decode()}\n")


@needs("minisign")
def test_minisign_signs_and_verifies_as_the_page_has_it(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (SOURCE / "docs" / "audit-evidence.md").read_text(encoding="utf-8")
    *_, seal, verify = re.findall(r"^    mailproof ((?:seal|verify) .*)$", page, re.MULTILINE)
    make, by_hand = re.findall(r"^    (minisign .*)$", page, re.MULTILINE)
    subprocess.run([*shlex.split(make), "-W"], check=True, capture_output=True)
    assert main(shlex.split(seal)) == 0
    assert main(shlex.split(verify)) == 0
    assert "; signed by minisign public key " in capsys.readouterr().out
    with zipfile.ZipFile("2026-q4.seal") as archive:
        assert "manifest.json.minisig" in archive.namelist()
        archive.extractall()
    subprocess.run(["sh", "-c", by_hand], check=True, capture_output=True)


@needs("minisign")
def test_of_minisigns_keys_only_the_right_one_will_do(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("auditor", "stranger"):
        minisign_key(name)
    file = sealed("--sign", "auditor.key")
    Path("both.pub").write_text(
        Path("stranger.pub").read_text()
        + Path("auditor.pub").read_text().replace("minisign public key", "auditor@example.org,")
    )
    assert main(["verify", str(file), "--signers", "both.pub"]) == 0
    assert "; signed by auditor@example.org, " in capsys.readouterr().out
    Path("ssh").write_text(key("auditor-of-ssh"))
    for signers in ("stranger.pub", "ssh"):
        assert main(["verify", str(file), "--signers", signers]) == 1
        assert f"is none of {signers}" in capsys.readouterr().err
    assert main(["verify", str(file), "--signers", "nothing"]) == 1
    assert "nothing cannot be read" in capsys.readouterr().err
    assert main(["verify", str(file)]) == 0
    assert "only --signers FILE with its public key proves that" in capsys.readouterr().out


@needs("minisign")
@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (sealing.MANIFEST, lambda text: text.replace(b'"sealed_at": "20', b'"sealed_at": "19'), "not one of this"),
        ("manifest.json.minisig", lambda text: text[:120] + b"AAAA" + text[124:], "not one of this manifest"),
        (
            "manifest.json.minisig",
            lambda text: text.replace(b"mailproof seal\n", b"another\n"),
            "not one of this manifest",
        ),
        ("manifest.json.minisig", lambda text: text[:20], "is cut off"),
        ("manifest.json.minisig", lambda text: b"\n\xff\n", "none of minisign, is none of auditor.pub"),
    ],
    ids=["manifest", "signature", "comment", "cut", "nonsense"],
)
def test_a_damaged_signature_of_minisign_is_none(
    name: str, change: Callable[[bytes], bytes], said: str, evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    minisign_key("auditor")
    made = parts(sealed("--sign", "auditor.key"))
    assert change(made[name]) != made[name]
    pack(Path("forged.seal"), made | {name: change(made[name])})
    assert main(["verify", "forged.seal", "--signers", "auditor.pub"]) == 1
    assert said in capsys.readouterr().err


def test_a_seal_has_one_signature(evidence: Path) -> None:
    key("auditor")
    made = parts(sealed("--sign", "auditor"))
    del made[sealing.RECORD]
    pack(Path("forged.seal"), made | {"manifest.json.minisig": b""})
    with pytest.raises(SealError, match="it has 2 signatures"):
        unseal(Path("forged.seal"))


@needs("minisign")
def test_the_password_of_a_key_is_taken_from_standard_input(evidence: Path) -> None:
    """And where nobody gives one, nobody is waited for."""
    minisign_key("auditor")
    protect(Path("auditor.key"), b"secret")
    run = [sys.executable, "-m", "mailproof.cli", "seal", "2026-q4/prod.json", "--sign", "auditor.key"]
    env = {**os.environ, "PYTHONPATH": str(SOURCE / "src")}
    for password, code, said in (("", 4, "says why above"), ("wrong\n", 4, "Wrong password"), ("secret\n", 0, "")):
        done = subprocess.run(run, input=password, env=env, text=True, capture_output=True, check=False)
        assert (done.returncode, said in done.stderr) == (code, True)
        assert "Password" not in done.stdout
        assert Path("2026-q4/prod.seal").exists() == (code == 0)


@needs("minisign")
@pytest.mark.parametrize("tool", ["ssh-keygen", "minisign"])
def test_a_tool_that_is_not_there_is_named(
    tool: str, evidence: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key("ssh-keygen.key")
    minisign_key("minisign")
    file = sealed("--sign", f"{tool}.key")
    Path("signers").write_text(Path("minisign.pub").read_text())
    monkeypatch.setenv("PATH", str(evidence))
    assert main(["verify", str(file), "--signers", "signers"]) == 1
    assert f"there is no {tool}" in capsys.readouterr().err
    assert main(["seal", "2026-q4/prod.json", "--sign", f"{tool}.key", "-o", "other.seal"]) == 4
    assert f"there is no {tool}" in capsys.readouterr().err
    assert not Path("other.seal").exists()


def bomb(made: Parts) -> Parts:
    """A result of a hundred megabytes where the manifest says a few hundred octets."""
    return made | {sealing.RESULT: bytes(100 * 1024 * 1024)}


def _boast(made: Parts) -> Parts:
    manifest = json.loads(made[sealing.MANIFEST])
    manifest["members"][sealing.RESULT]["size"] = 1 << 40
    return made | {sealing.MANIFEST: json.dumps(manifest).encode()}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda made: made | {sealing.RESULT: made[sealing.RESULT].replace(b'"fail"', b'"pass"')}, "was changed"),
        (lambda made: made | {sealing.INVENTORY: b"domains: [other.example]\n"}, "was changed|more octets"),
        (lambda made: made | {"extra.json": b"{}"}, "a member that no seal has: extra.json"),
        (lambda made: made | {"../evil": b""}, r"a member that no seal has: \.\./evil"),
        (lambda made: made | {"/etc/passwd": b""}, "a member that no seal has"),
        (lambda made: made | {"result.json/": b""}, "a member that no seal has"),
        (lambda made: {n: d for n, d in made.items() if n != sealing.RECORD}, "the manifest names"),
        (lambda made: {n: d for n, d in made.items() if n != sealing.MANIFEST}, "manifest.json is missing"),
        (lambda made: {n: d for n, d in made.items() if n != sealing.RESULT}, "result.json is missing"),
        (lambda made: made | {sealing.MANIFEST: b"[]"}, "manifest.json: "),
        (lambda made: made | {sealing.MANIFEST: b"[" * 500_000}, "manifest.json: "),
        (lambda made: made | {sealing.MANIFEST: bytes(2 << 20)}, "manifest.json has more octets"),
        (lambda made: made | {f"{n}.json": b"" for n in range(9)}, "more in the archive than a seal holds"),
        (bomb, "result.json has more octets than it may have"),
        (_boast, "manifest.json: members.result.json.size"),
    ],
    ids=[
        *("verdict", "inventory", "added", "upwards", "absolute", "directory", "no record", "no manifest", "no result"),
        *("no object", "deep", "long manifest", "many", "bomb", "boast"),
    ],
)
def test_what_was_changed_added_or_left_out_is_told(
    change: Callable[[Parts], Parts], said: str, evidence: Path
) -> None:
    pack(Path("forged.seal"), change(parts(sealed())))
    with pytest.raises(SealError, match=said):
        unseal(Path("forged.seal"))
    assert sorted(entry.name for entry in evidence.parent.iterdir()) == [evidence.name]


def _twice(octets: bytes) -> bytes:
    """The name of one member is made that of another."""
    return octets.replace(sealing.RECORD.encode(), sealing.RESULT.encode())


def _encrypted(octets: bytes) -> bytes:
    central = octets.index(b"PK\1\2")
    return octets[: central + 8] + struct.pack("<H", 1) + octets[central + 10 :]


def _hidden(octets: bytes) -> bytes:
    """Something between the last member and the directory, whose place moves."""
    central, end = octets.index(b"PK\1\2"), octets.rindex(b"PK\5\6")
    moved = struct.pack("<L", central + 6)
    return octets[:central] + b"hidden" + octets[central : end + 16] + moved + octets[end + 20 :]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda octets: octets + b"more", "not a ZIP archive, or one with something behind it"),
        (lambda octets: b"#!/bin/sh\n" + octets, "more in the archive than a seal holds"),
        (lambda octets: octets[:-30], "not a ZIP archive"),
        (lambda octets: octets[: len(octets) // 2] + octets[-22:], "more in the archive"),
        (lambda octets: b"", "no seal"),
        (lambda octets: bytes(100), "no seal"),
        (_twice, "two members are called|damaged"),
        (_encrypted, "not packed as mailproof does"),
        (_hidden, "there is something behind the members"),
    ],
    ids=["tail", "head", "cut", "middle", "empty", "zeros", "twice", "encrypted", "hidden"],
)
def test_an_archive_that_mailproof_would_not_write_is_none(
    change: Callable[[bytes], bytes], said: str, evidence: Path
) -> None:
    Path("forged.seal").write_bytes(change(sealed().read_bytes()))
    with pytest.raises(SealError, match=said):
        unseal(Path("forged.seal"))


def test_nothing_hides_behind_the_end_of_a_packed_member(evidence: Path) -> None:
    """Where programs that go from header to header would find another result."""
    whole, hidden = sealed().read_bytes(), b"PK\3\4 another result.json"
    with zipfile.ZipFile("out.seal") as archive:
        entries, directory = archive.infolist(), archive.start_dir
    last = max(entries, key=lambda entry: entry.header_offset)
    longer = (last.compress_size + len(hidden)).to_bytes(4, "little")
    at = last.header_offset
    body = whole[: at + 18] + longer + whole[at + 22 : directory] + hidden
    central, end = whole[directory:-22], whole[-22:]
    assert central.rindex(b"PK\1\2") == central.rindex(last.filename.encode()) - 46
    of_last = central.rindex(b"PK\1\2")
    central = central[: of_last + 20] + longer + central[of_last + 24 :]
    end = end[:16] + len(body).to_bytes(4, "little") + end[20:]
    Path("forged.seal").write_bytes(body + central + end)
    assert zipfile.ZipFile("forged.seal").testzip() is None
    with pytest.raises(SealError, match=f"there is something behind {last.filename}"):
        unseal(Path("forged.seal"))


def test_what_was_sealed_is_not_written_over(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path("2026-q4/prod.json").read_bytes()
    assert main(["seal", "2026-q4/prod.json", "-o", "2026-q4/prod.json"]) == 4
    assert main(["export", "--oscal", "2026-q4/prod.json", "-o", "./2026-q4/prod.json"]) == 4
    assert "give another name by -o" in capsys.readouterr().err
    assert Path("2026-q4/prod.json").read_bytes() == text


def test_every_single_changed_octet_is_told(evidence: Path) -> None:
    whole = sealed().read_bytes()
    manifest = unseal(Path("out.seal")).manifest
    wrong = []
    for place in range(0, len(whole), 7):
        Path("forged.seal").write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        try:
            if unseal(Path("forged.seal")).manifest != manifest:
                wrong.append(place)
        except SealError:
            pass  # or the octet says nothing of the contents, like a date
    assert wrong == []


def test_only_what_belongs_together_is_sealed(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("other.yaml").write_text("domains: [other.example]\n")
    other = document(*one_of_each().results, surveyed_at="2026-11-23T03:00:00+00:00")
    Path("other.json").write_text("".join(as_json(other)))
    for arguments, said in (
        (["2026-q4/prod.json", "--inventory", "other.yaml"], "does not say what the judged inventory said"),
        (["other.json", "--record", "2026-q4.record.json"], "not the record of this result: its surveyed_at"),
        (["2026-q4/prod.json", "--record", "nothing.json"], "there is no such file"),
        (["nothing.json"], "there is no such file"),
        (["2026-q4/prod.json", "--sign", "nokey"], "ssh-keygen cannot sign with nokey"),
        (["2026-q4/prod.json", "-o", "prod.yaml/out.seal"], "prod.yaml is no directory"),
    ):
        assert main(["seal", *arguments]) == 4
        assert said in capsys.readouterr().err
    assert not [*evidence.rglob("*.seal")]


def test_what_is_no_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in (tmp_path, Path("/dev/zero"), tmp_path / "nothing"):
        assert main(["verify", str(file)]) == 1
        assert f"mailproof verify: {file}: " in capsys.readouterr().err
