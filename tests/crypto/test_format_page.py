"""docs/spec/format.md holds what it says: its numbers run through, its words are ours, and every value of its Appendix A comes out."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto import container, entries, envelope, errors, keyfile, merkle, minisign, notes, shares
from crypto.opening import Identity
from crypto.receipts import Receipt
from crypto.report import AttachedFile, Consent, Report, parse_report

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "spec" / "format.md").read_text("utf-8")
RULE = re.compile(r"^\*\*(F(\d+)\.(\d+))\*\* ", re.MULTILINE)
CITED = re.compile(r"\bF\d{1,2}\.\d{1,2}\b")
SOURCES = ("app", "crypto", "form", "questionnaire", "reviewer", "summary", "tests", "docs")

CALL = "lantern-2031"
ORIGIN = f"intake.example/{CALL}"
SEED = bytes(range(32))
RECEIPT = Receipt("31415926535897932384626433832746")
CALL_HASH = hashlib.sha256(b'{"v":1}').digest()


def _rules() -> dict[str, str]:
    """Return the text of each rule of the page, up to the next rule or heading."""
    starts = list(RULE.finditer(PAGE))
    ends = [*(match.start() for match in starts[1:]), len(PAGE)]
    return {match[1]: PAGE[match.end() : end].split("\n## ")[0] for match, end in zip(starts, ends, strict=True)}


RULES = _rules()
WORDS = dict(re.findall(r"^\| `([a-z-]+)` \| .+ \| (.+) \|$", RULES["F12.4"], re.MULTILINE))


def _leaves(kind: type[errors.CryptoError]) -> set[type[errors.CryptoError]]:
    below = kind.__subclasses__()
    return {kind} if not below else {leaf for each in below for leaf in _leaves(each)}


def printed(*values: str) -> None:
    """Require that the page prints each of these values."""
    for value in values:
        assert value in PAGE, value


def block(text: str) -> str:
    """Return `text` as the page prints it: indented by four spaces."""
    return "".join(f"    {line}\n" if line else "\n" for line in text.removesuffix("\n").split("\n"))


# --- numbers and words ---------------------------------------------------------------------------------------------------------------


def test_rules_are_numbered_through() -> None:
    found = [(int(section), int(number)) for _, section, number in RULE.findall(PAGE)]
    sections = sorted({section for section, _ in found})
    assert sections == list(range(13))
    assert found == [(section, number) for section in sections for number in range(1, 1 + sum(each[0] == section for each in found))]


def test_rules_the_page_cites_exist() -> None:
    assert set(CITED.findall(PAGE)) <= RULES.keys()


def test_rules_the_code_cites_exist() -> None:
    suffixes = {".py", ".ts", ".md"}
    files = [path for room in SOURCES for path in (ROOT / room).rglob("*") if path.suffix in suffixes and "node_modules" not in path.parts]
    wrong = {path.name: bad for path in files if (bad := set(CITED.findall(path.read_text("utf-8"))) - RULES.keys())}
    assert not wrong


def test_twin_a_rule_that_is_not_there_is_noticed() -> None:
    assert not set(CITED.findall("as F99." + "1 demands")) <= RULES.keys()


def test_every_word_of_crypto_is_explained() -> None:
    assert {leaf.word for leaf in _leaves(errors.CryptoError)} <= WORDS.keys()


@pytest.mark.parametrize("word", sorted(WORDS.keys() - {"release", "disclosure"}))
def test_a_word_stands_in_its_rules(word: str) -> None:
    """The rules that the table names for a word use it; a range of rules must use it at least once."""
    cited = CITED.findall(WORDS[word])
    assert cited
    if "–" in WORDS[word]:
        assert any(f"`{word}`" in RULES[rule] for rule in cited)
    else:
        assert all(f"`{word}`" in RULES[rule] for rule in cited), [rule for rule in cited if f"`{word}`" not in RULES[rule]]


def test_words_in_rules_are_in_the_table() -> None:
    """Whoever adds a refusal to a rule adds it to the table."""
    refused = {word for text in RULES.values() for word in re.findall(r"\(`([a-z-]+)`\)", text)}
    assert refused <= WORDS.keys()


def test_page_has_a_changelog() -> None:
    assert re.search(r"^\| 1\.\d+ \| 2\d{3}-\d\d-\d\d \| .+ \|$", PAGE.split("## Appendix B")[1], re.MULTILINE)


# --- Appendix A ----------------------------------------------------------------------------------------------------------------------


def test_key() -> None:
    with Identity.from_seed(SEED) as identity:
        recipient, expanded = identity.recipient, hashlib.shake_256(SEED).hexdigest(96)
        printed(identity.text(), expanded[:64], expanded[64:128], expanded[128:])
    printed(f"{str(recipient)[:40]} … {str(recipient)[-20:]}", f"{len(str(recipient)):,} characters")
    printed(hashlib.sha256(recipient.public).hexdigest(), f"{recipient.fingerprint()}, shown {recipient.fingerprint_groups()}")


def test_receipt() -> None:
    printed(RECEIPT.code[:30], RECEIPT.groups(), RECEIPT.thread(CALL).hex(), RECEIPT.reply_key(CALL).hex())
    for n in (0, 1):
        printed(RECEIPT.withdraw(CALL, n).hex(), RECEIPT.handle(CALL, n).hex())


def report_bytes() -> bytes:
    attached = AttachedFile("a.txt", "text/plain", 6, hashlib.sha256(b"hello\n").hexdigest())
    consent = Consent("C1", (), contact=False)
    secrets = RECEIPT.handle(CALL, 0), RECEIPT.thread(CALL), RECEIPT.reply_key(CALL)
    answers: dict[str, list[str] | list[int]] = {"files": [1], "what": ["TD1"]}
    return Report(CALL, CALL_HASH.hex(), 0, *secrets, "web", "km", consent, answers, (attached,)).to_bytes()


def test_report() -> None:
    written = report_bytes()
    assert parse_report(written).call == CALL
    printed(CALL_HASH.hex(), block(written.decode()), f"{len(written)} bytes, without a line end")


def test_container() -> None:
    written = report_bytes()
    packed = container.pack(written, [b"hello\n"], max_k=24)
    printed(hashlib.sha256(packed).hexdigest(), f"content size {container.content_size(len(written), [6]):,} =", f"P = {len(packed):,}")
    for start in range(0, len(packed), 16):
        row = packed[start : start + 16]
        in_header = start < 0x200 or 0x600 <= start < 0x800
        if in_header and any(row):
            shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
            printed(f"    {start:04x}  {row.hex(' ')}  {shown}\n")


def test_envelope_sizes() -> None:
    for k in range(16, 27):
        one, five = (envelope.sealed_size(recipients, 1 << k) for recipients in (1, 5))
        printed(f"| {k} | {1 << k:,} | {one:,} | {five:,} |")
    printed(f"begins with the {len(envelope.PREFIX)} bytes")


def log() -> list[bytes]:
    handle, digest = RECEIPT.handle(CALL, 0), hashlib.sha256(b"an envelope").digest()
    withdrawal = entries.withdraw_entry(handle, RECEIPT.withdraw(CALL, 0))
    return [entries.call_entry(CALL, CALL_HASH), entries.report_entry(digest, handle), withdrawal, entries.close_entry()]


def test_log() -> None:
    kinds = [*log(), entries.destroy_entry()]
    for entry in kinds:
        kind = entries.parse_entry(entry).kind
        assert re.search(rf"^\| {kind} \| .+ \| {len(entry)} \|$", RULES["F7.1"], re.MULTILINE)
    leaves = [merkle.leaf_hash(entry) for entry in log()]
    printed(*(leaf.hex() for leaf in leaves), merkle.root(leaves[:3]).hex(), merkle.root(leaves).hex())
    printed(*(f'"{line}"' for line in log()[1].decode().splitlines()))
    for proof in (merkle.inclusion_proof(leaves, 1), merkle.consistency_proof(leaves, 3)):
        printed(("\n" + " " * 21).join(node.hex() for node in proof))


def test_log_key_and_notes() -> None:
    key = notes.SignerKey(ORIGIN, bytes([7]) * 32)
    leaves = [merkle.leaf_hash(entry) for entry in log()]
    checkpoint = key.sign(notes.Checkpoint(ORIGIN, 4, merkle.root(leaves)).text())
    promise = key.sign(notes.Promise(ORIGIN, leaves[1], 1755148200).text())
    printed(key.line(), str(key.vkey), block(checkpoint.decode()), block(promise.decode()))


def test_work() -> None:
    handle, nonce = RECEIPT.handle(CALL, 0).hex(), "00000000000000a1"
    found = hashlib.sha256(f"saksei/v1 work\n{CALL}\n80000\n{handle}\n{nonce}".encode()).hexdigest()
    assert found.startswith("000")
    printed(found, f"Saksei-Work: 80000 {handle[:4]}…{handle[-4:]} {nonce}")


def test_signature() -> None:
    key = minisign.SecretKey(bytes(range(1, 9)), bytes([9]) * 32)
    signature = key.sign(f"{CALL_HASH.hex()}  call.json\n".encode())
    printed(key.public_key, block(signature))


def test_reply() -> None:
    handle = RECEIPT.handle(CALL, 0)
    plain = (2).to_bytes(2, "big") + b"ok" + bytes(4036 - 4)
    sealed = ChaCha20Poly1305(RECEIPT.reply_key(CALL)).encrypt(bytes(12), plain, f"saksei/v1 reply\n{CALL}\n{handle.hex()}\n".encode())
    record = handle + bytes(12) + sealed
    assert len(record) == 4096
    printed(record[32:64].hex(), hashlib.sha256(record).hexdigest())


def test_key_file() -> None:
    line = next(line for line in PAGE.splitlines() if line.startswith('    {"call":') and "argon2id" in line and "…" not in line[:60])
    with Identity.from_seed(SEED) as identity:
        recipient = str(identity.recipient)
    written = line.strip().replace(re.findall(r'"public":"([^"]+)"', line)[0], recipient).encode()
    printed(hashlib.sha256(written).hexdigest(), f"{len(written):,} bytes with `public` whole")
    with keyfile.open_key(written, "correct horse") as opened:
        assert opened.seed == SEED


def test_shares() -> None:
    found = re.findall(r"(?:    saksei/v1 share\n)(?:    .+\n){4}", PAGE.split("## Appendix A")[1])
    read = [shares.parse_share(re.sub(r"^ {4}", "", text, flags=re.MULTILINE)) for text in found]
    assert [share.index for share in read] == [1, 2, 3]
    for pair in (read[:2], read[1:], read[::2]):
        assert shares.combine(pair) == SEED
