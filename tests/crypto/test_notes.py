"""Signed notes: the vectors of C2SP and of Go's note package, then what each reader refuses."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import CryptoError, KeyMismatchError, KeyParamsError, SignatureError
from crypto.notes import Checkpoint, Promise, SignerKey, VerifierKey, parse_checkpoint, parse_promise

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
ENOCH_LINE = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
POEM = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""
BEHIND_THE_SOFA = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""
ORIGIN = "intake.example/demo"
KEY = SignerKey.generate(ORIGIN)
ROOT = hashlib.sha256(b"root").digest()
peter = VerifierKey.parse(PETER)


def test_go_note_is_opened() -> None:
    assert peter.open((TEXT + "\n" + PETER_LINE).encode()) == TEXT.encode()


def test_go_note_is_signed_to_the_byte() -> None:
    assert SignerKey.parse(PETER_PRIVATE).sign(TEXT.encode()) == (TEXT + "\n" + PETER_LINE).encode()


def test_key_lines_are_written_back() -> None:
    signer = SignerKey.parse(PETER_PRIVATE + "\n")
    assert (str(peter), str(signer.vkey), signer.line()) == (PETER, PETER, PETER_PRIVATE)


def test_private_key_is_not_shown() -> None:
    assert "seed" not in repr(KEY)
    assert KEY.seed.hex() not in repr(KEY)


@pytest.mark.parametrize("poem", [POEM, BEHIND_THE_SOFA], ids=["signed-note", "tlog-checkpoint"])
def test_c2sp_example_is_parsed_then_unknown(poem: str) -> None:
    # The specifications print the notes without their keys: the syntax is read, and no key of ours signed it.
    with pytest.raises(SignatureError, match="asked for"):
        peter.open(poem.encode())


def test_text_ends_at_the_last_empty_line() -> None:
    text = b"a poem\n\nof two verses\n\n"
    assert KEY.vkey.open(KEY.sign(text)) == text


def test_key_id_is_the_hash_of_c2sp() -> None:
    expected = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + KEY.vkey.public).digest()[:4]
    encoded = base64.b64encode(b"\x01" + KEY.vkey.public).decode()
    assert KEY.vkey.key_id == expected
    assert str(KEY.vkey) == f"{ORIGIN}+{expected.hex()}+{encoded}"


def every_mangling(line: str) -> list[str]:
    parts = [line[i:j] for i in range(len(line)) for j in range(i, len(line) + 1) if (i, j) != (0, len(line))]
    raised = [line[:i] + chr(ord(line[i]) + 1) + line[i + 1 :] for i in range(len(line))]
    return parts + raised


def refused(read: type[VerifierKey | SignerKey], line: str) -> bool:
    try:
        read.parse(line)
    except (KeyParamsError, KeyMismatchError):
        return True
    return False


def test_mangled_verifier_key_is_refused() -> None:
    assert [line for line in every_mangling(PETER) if not refused(VerifierKey, line)] == []


def test_mangled_signer_key_is_refused() -> None:
    assert [line for line in every_mangling(PETER_PRIVATE) if not refused(SignerKey, line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PETER.upper(),
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER + "\n",
        " " + PETER,
        PETER.replace("Peter", "Peter "),
    ],
)
def test_foreign_verifier_key_is_refused(line: str) -> None:
    assert refused(VerifierKey, line)


@given(line=st.text(max_size=120))
def test_any_text_is_no_key(line: str) -> None:
    assert refused(VerifierKey, line)
    assert refused(SignerKey, "PRIVATE+KEY+" + line)


def test_id_of_another_key_is_a_mismatch() -> None:
    with pytest.raises(KeyMismatchError):
        VerifierKey.parse(PETER.replace("c74f20a3", "c74f20a4"))
    with pytest.raises(KeyMismatchError):
        SignerKey.parse(PETER_PRIVATE.replace("c74f20a3", "c74f20a4"))


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a b", "a\nb", "a\x01b", "a\ud800b"])
def test_bad_key_name_is_refused(name: str) -> None:
    with pytest.raises(KeyParamsError):
        SignerKey.generate(name)


@pytest.mark.parametrize("name", ["two words", "a\u00a0b", "a\x01b", ""])
def test_bad_name_is_refused_though_its_id_fits(name: str) -> None:
    """Names are judged by themselves: a line that is right in all else has a key id that fits."""
    for line, read in ((str(VerifierKey(name, KEY.vkey.public)), VerifierKey), (SignerKey(name, KEY.seed).line(), SignerKey)):
        with pytest.raises(KeyParamsError):
            read.parse(line)


def signed_by_hand(text: str) -> str:
    """Return the signature line of any text: a server can sign what it likes."""
    signature = Ed25519PrivateKey.from_private_bytes(KEY.seed).sign(text.encode())
    return f"— {ORIGIN} {base64.b64encode(KEY.vkey.key_id + signature).decode()}\n"


@pytest.mark.parametrize("text", ["a tab\there\n", "\x01\n", "a line\r\n"])
def test_control_characters_are_refused_though_signed(text: str) -> None:
    with pytest.raises(SignatureError):
        KEY.vkey.open(f"{text}\n{signed_by_hand(text)}".encode())


def test_note_without_an_empty_line_is_refused_though_signed() -> None:
    with pytest.raises(SignatureError):
        KEY.vkey.open(signed_by_hand("\n").encode())
    assert KEY.vkey.open(f"\n\n{signed_by_hand(chr(10))}".encode()) == b"\n"


def test_unknown_signatures_are_ignored() -> None:
    assert peter.open((TEXT + "\n" + ENOCH_LINE + PETER_LINE).encode()) == TEXT.encode()
    assert VerifierKey.parse(ENOCH).open((TEXT + "\n" + ENOCH_LINE + PETER_LINE).encode()) == TEXT.encode()


def test_alone_refuses_a_second_signature() -> None:
    assert peter.open((TEXT + "\n" + PETER_LINE).encode(), alone=True) == TEXT.encode()
    with pytest.raises(SignatureError):
        peter.open((TEXT + "\n" + PETER_LINE + ENOCH_LINE).encode(), alone=True)


def test_a_hundred_signatures_are_read() -> None:
    assert peter.open((TEXT + "\n" + PETER_LINE * 100).encode()) == TEXT.encode()


def test_unknown_signature_has_any_length() -> None:
    """The key id and one byte, or far more than Ed25519 has: which kind of key it is nobody here knows (F7.9)."""
    for size in (5, 5000):
        line = f"— someone.example {base64.b64encode(bytes(size)).decode()}\n"
        assert peter.open((TEXT + "\n" + line + PETER_LINE).encode()) == TEXT.encode()


BAD_NOTES = {
    "no signature": TEXT,
    "empty signatures": TEXT + "\n",
    "no last LF": TEXT + "\n" + PETER_LINE[:-1],
    "control character": "\x01" + TEXT + "\n" + PETER_LINE,
    "carriage return": TEXT.replace("\n", "\r\n") + "\n" + PETER_LINE,
    "tab": TEXT.replace(" ", "\t") + "\n" + PETER_LINE,
    "bad name": TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "Bad Name"),
    "line after": TEXT + "\n" + PETER_LINE + "Unexpected line.\n",
    "hyphen for dash": TEXT + "\n" + PETER_LINE.replace("—", "-"),
    "no dash": TEXT + "\n" + PETER_LINE.removeprefix("— "),
    "no dash before another": TEXT + "\n" + PETER_LINE + ENOCH_LINE.removeprefix("— "),
    "plus in the name of another": TEXT + "\n" + PETER_LINE + ENOCH_LINE.replace("EnochRoot", "Enoch+Root"),
    "space in the name of another": TEXT + "\n" + PETER_LINE + ENOCH_LINE.replace("EnochRoot", "Enoch\u00a0Root"),
    "too many": TEXT + "\n" + PETER_LINE * 101,
    "no base64": TEXT + "\n" + "— PeterNeumann\n",
    "only a key id": TEXT + "\n" + "— PeterNeumann x08gow==\n",
    "wrong signature": TEXT + "\n" + PETER_LINE[:60] + "ABCD" + PETER_LINE[60:],
    "one right, one wrong": TEXT + "\n" + PETER_LINE + PETER_LINE.replace("ZJku", "ZJkv"),
    "another text": TEXT.replace("you", "we") + "\n" + PETER_LINE,
    "another name": TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "CarmenSandiego"),
    "another id": TEXT + "\n" + PETER_LINE.replace("x08g", "xxxx"),
    "base64 not canonical": TEXT + "\n" + PETER_LINE.replace("nAM=", "nAN="),
    "base64 not padded": TEXT + "\n" + PETER_LINE.replace("nAM=", "nAM"),
    "base64 not ASCII": TEXT + "\n" + PETER_LINE.replace("nAM=", "nAé="),
}


@pytest.mark.parametrize("note", BAD_NOTES.values(), ids=BAD_NOTES.keys())
def test_bad_note_is_refused(note: str) -> None:
    with pytest.raises(SignatureError):
        peter.open(note.encode())


def test_note_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(SignatureError):
        peter.open(b"\xff" + (TEXT + "\n" + PETER_LINE).encode())


@given(data=st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_word(data: bytes) -> None:
    with pytest.raises(SignatureError):
        peter.open(data)


@pytest.mark.parametrize("text", [b"", b"no line end", b"tab\t\n"])
def test_text_no_note_can_have_is_not_signed(text: bytes) -> None:
    with pytest.raises(ValueError, match="cannot have this text"):
        KEY.sign(text)


def test_checkpoint_is_three_lines() -> None:
    checkpoint = Checkpoint(ORIGIN, 7, ROOT)
    assert checkpoint.text() == f"{ORIGIN}\n7\n{base64.b64encode(ROOT).decode()}\n".encode()
    assert parse_checkpoint(KEY.sign(checkpoint.text()), KEY.vkey, ORIGIN) == checkpoint


@pytest.mark.parametrize("number", [0, 1, 2**53 - 1])
def test_numbers_up_to_what_everybody_keeps(number: int) -> None:
    assert parse_checkpoint(KEY.sign(Checkpoint(ORIGIN, number, ROOT).text()), KEY.vkey, ORIGIN).size == number
    assert parse_promise(KEY.sign(Promise(ORIGIN, ROOT, number).text()), KEY.vkey, ORIGIN).publish_by == number


def test_promise_is_three_lines() -> None:
    promise = Promise(ORIGIN, ROOT, 1_755_147_600)
    assert promise.text() == f"{ORIGIN}/promise\n{base64.b64encode(ROOT).decode()}\n1755147600\n".encode()
    assert parse_promise(KEY.sign(promise.text()), KEY.vkey, ORIGIN) == promise


GOOD = base64.b64encode(ROOT).decode()
BAD_TEXTS = {
    "origin": f"other.example/demo\n7\n{GOOD}\n",
    "number with a zero": f"{ORIGIN}\n07\n{GOOD}\n",
    "negative": f"{ORIGIN}\n-7\n{GOOD}\n",
    "plus": f"{ORIGIN}\n+7\n{GOOD}\n",
    "Khmer digit": f"{ORIGIN}\n៧\n{GOOD}\n",
    "too large": f"{ORIGIN}\n{2**53}\n{GOOD}\n",
    "far too large": f"{ORIGIN}\n9999999999999999999\n{GOOD}\n",
    "short root": f"{ORIGIN}\n7\n{base64.b64encode(ROOT[:31]).decode()}\n",
    "extension line": f"{ORIGIN}\n7\n{GOOD}\nextension\n",
    "two lines": f"{ORIGIN}\n7\n",
    "root not canonical": f"{ORIGIN}\n7\n{GOOD[:-1]}\n",
}


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS.keys())
def test_signed_text_that_is_no_checkpoint(text: str) -> None:
    with pytest.raises(SignatureError):
        parse_checkpoint(KEY.sign(text.encode()), KEY.vkey, ORIGIN)


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS.keys())
def test_signed_text_that_is_no_promise(text: str) -> None:
    first, *rest = text.removesuffix("\n").split("\n")
    swapped = "\n".join([f"{first}/promise", *reversed(rest[:2]), *rest[2:], ""])
    with pytest.raises(SignatureError):
        parse_promise(KEY.sign(swapped.encode()), KEY.vkey, ORIGIN)


def test_promise_is_not_a_checkpoint() -> None:
    with pytest.raises(SignatureError):
        parse_checkpoint(KEY.sign(Promise(ORIGIN, ROOT, 1).text()), KEY.vkey, ORIGIN)
    with pytest.raises(SignatureError):
        parse_promise(KEY.sign(Checkpoint(ORIGIN, 1, ROOT).text()), KEY.vkey, ORIGIN)


def test_checkpoint_of_another_key_is_refused() -> None:
    with pytest.raises(CryptoError) as caught:
        parse_checkpoint(SignerKey.generate(ORIGIN).sign(Checkpoint(ORIGIN, 1, ROOT).text()), KEY.vkey, ORIGIN)
    assert caught.value.word == "signature"
