"""Signatures that stock minisign accepts, its key files, and what we refuse although it would not."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from crypto import minisign
from crypto.errors import CryptoError, KeyMismatchError, KeyOpenError, KeyParamsError, SignatureError

if TYPE_CHECKING:
    from pathlib import Path

KEY = minisign.SecretKey.generate()
MESSAGE = "សូមអរគុណ\n".encode()
# scrypt in a mebibyte: what tests can afford.
CHEAP = {"opslimit": 32_768, "memlimit": 1_048_576}
# Made by Debian's minisign 0.11: `minisign -G` with the passphrase "pw", and `-G -W`.
STOCK_ENCRYPTED = """untrusted comment: minisign encrypted secret key
RWRTY0IyNxqriFdR+mm3VJVdyHa7b+t8v86X/6CHtmDjNkVQgRUAAAACAAAAAAAAAEAAAAAAThjkFCBEx7vWI++4HhvEwyOkTbBlBrrFT54+unG+t/T+QaPWfBtrhEmIVRcT3gqP\
+ZcPyuVu4YJvU0lmrk5E3kykcW+FkIs6fZan/9a6zv6p0zJ1AY98IMJp5YNe5ee3kXS0TwKRPEE=
"""
STOCK_PUBLIC = "RWRVHJ4H/+GN+RFPQ4e8PyAyBeuU+uVDThf5xNA6LItNysmX/C8/K6zy"


def stock(*arguments: str | Path, cwd: Path, answer: str = "") -> subprocess.CompletedProcess[str]:
    """Run the minisign of the system: a machine without it fails these tests, plainly."""
    return subprocess.run(["minisign", *arguments], cwd=cwd, input=answer, capture_output=True, text=True, check=False)


def stock_verifies(folder: Path, message: bytes, signature: str, public_key: str) -> bool:
    (folder / "message").write_bytes(message)
    (folder / "message.minisig").write_text(signature)
    return stock("-V", "-H", "-m", "message", "-P", public_key, cwd=folder).returncode == 0


@pytest.mark.parametrize("comment", ["saksei/v1", "", "release 3\tកម្ពុជា"])
def test_stock_minisign_accepts_ours(tmp_path: Path, comment: str) -> None:
    signature = KEY.sign(MESSAGE, trusted_comment=comment)
    assert stock_verifies(tmp_path, MESSAGE, signature, KEY.public_key)
    assert minisign.verify(MESSAGE, signature, KEY.public_key) == comment


def test_stock_minisign_refuses_another_text(tmp_path: Path) -> None:
    assert not stock_verifies(tmp_path, MESSAGE + b"\n", KEY.sign(MESSAGE), KEY.public_key)


def test_stock_minisign_reads_our_public_file(tmp_path: Path) -> None:
    (tmp_path / "our.pub").write_text(KEY.public_text())
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "message.minisig").write_text(KEY.sign(MESSAGE))
    assert stock("-V", "-m", "message", "-p", "our.pub", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("passphrase", [None, "ពាក្យ សម្ងាត់"])
def test_stock_minisign_signs_with_our_key(tmp_path: Path, passphrase: str | None) -> None:
    (tmp_path / "our.key").write_text(KEY.to_text(passphrase, **CHEAP))
    (tmp_path / "message").write_bytes(MESSAGE)
    ran = stock("-S", "-s", "our.key", "-m", "message", "-c", "saksei/v1", cwd=tmp_path, answer=f"{passphrase}\n")
    assert ran.returncode == 0
    assert minisign.verify(MESSAGE, (tmp_path / "message.minisig").read_bytes(), KEY.public_key).startswith("timestamp:")


def test_key_of_stock_minisign_is_read(tmp_path: Path) -> None:
    assert stock("-G", "-W", "-p", "stock.pub", "-s", "stock.key", cwd=tmp_path).returncode == 0
    key = minisign.SecretKey.parse((tmp_path / "stock.key").read_text(), None)
    assert key.public_text() == (tmp_path / "stock.pub").read_text()
    assert stock_verifies(tmp_path, MESSAGE, key.sign(MESSAGE), key.public_key)


def test_stock_cost_is_the_default() -> None:
    # 1 GiB of scrypt with minisign's own parameters: the file above came from it.
    assert minisign.SecretKey.parse(STOCK_ENCRYPTED, "pw").public_key == STOCK_PUBLIC
    limits = base64.b64decode(STOCK_ENCRYPTED.splitlines()[1])[38:54]
    assert limits == minisign.OPSLIMIT.to_bytes(8, "little") + minisign.MEMLIMIT.to_bytes(8, "little")


@pytest.mark.parametrize("passphrase", [None, "", "a passphrase"])
@pytest.mark.parametrize("limits", [CHEAP, {"opslimit": 1, "memlimit": 1}, {"opslimit": 65_536, "memlimit": 16_777_216}], ids=str)
def test_secret_key_is_read_back(passphrase: str | None, limits: dict[str, int]) -> None:
    assert minisign.SecretKey.parse(KEY.to_text(passphrase, **limits), passphrase) == KEY


def scrypt_of_libsodium(opslimit: int, memlimit: int) -> tuple[int, int]:
    """Return N and p as crypto_pwhash_scryptsalsa208sha256 picks them, with r = 8; written as it is there."""
    opslimit = max(opslimit, 32_768)
    most = opslimit // (8 * 4) if opslimit < memlimit // 32 else memlimit // (8 * 128)
    log2 = next(log2 for log2 in range(1, 63) if 1 << log2 > most // 2)
    return 1 << log2, 1 if opslimit < memlimit // 32 else opslimit // 4 // (1 << log2) // 8


LIMITS = [
    *((32_768, 1 << 20), (32_768, (1 << 20) + 32), (32_768, 1 << 24), (32_768, 1 << 17), (1, 1), (65_536, 1 << 21), (65_536, 1 << 24)),
    *((64_000, 1 << 21), (65_600, 2_100_000), (67_584, 1 << 24), (49_152, 1 << 24), (100_000, 3_000_000), (1_000_000, 1 << 22)),
]


@pytest.mark.parametrize(("opslimit", "memlimit"), LIMITS)
def test_cost_is_what_libsodium_makes_of_its_limits(opslimit: int, memlimit: int) -> None:
    packed = base64.b64decode(KEY.to_text("words", opslimit=opslimit, memlimit=memlimit).splitlines()[1])
    assert packed[38:54] == opslimit.to_bytes(8, "little") + memlimit.to_bytes(8, "little")
    n, p = scrypt_of_libsodium(opslimit, memlimit)
    stream = hashlib.scrypt(b"words", salt=packed[6:38], n=n, r=8, p=p, maxmem=1 << 27, dklen=104)
    inner = bytes(one ^ other for one, other in zip(packed[54:], stream, strict=True))
    assert inner[:40] == KEY.number + KEY.seed
    assert inner[72:] == hashlib.blake2b(b"Ed" + inner[:72], digest_size=32).digest()


def test_key_without_passphrase_stands_as_minisign_writes_it() -> None:
    packed = base64.b64decode(KEY.to_text(None).splitlines()[1])
    public = base64.b64decode(KEY.public_key)[10:]
    assert packed == b"Ed\0\0B2" + bytes(32 + 16) + KEY.number + KEY.seed + public + bytes(32)


def test_passphrase_is_normalized() -> None:
    assert minisign.SecretKey.parse(KEY.to_text("café", **CHEAP), "cafe\u0301") == KEY


@pytest.mark.parametrize("passphrase", [None, "", "Wrong", "half a pair \ud800"])
def test_wrong_passphrase_is_refused(passphrase: str | None) -> None:
    with pytest.raises(KeyOpenError):
        minisign.SecretKey.parse(KEY.to_text("right", **CHEAP), passphrase)


def test_passphrase_has_to_be_text() -> None:
    with pytest.raises(KeyOpenError):
        KEY.to_text("\ud800", **CHEAP)


def test_secret_is_not_shown() -> None:
    assert KEY.seed.hex() not in repr(KEY)
    assert repr(KEY.seed) not in repr(KEY)


def packed_key(*, at: int = 0, value: bytes = b"") -> str:
    """An unencrypted key file with `value` written over it at `at`."""
    comment, line, _ = KEY.to_text(None).split("\n")
    packed = base64.b64decode(line)
    return f"{comment}\n{base64.b64encode(packed[:at] + value + packed[at + len(value) :]).decode()}\n"


BAD_KEYS: dict[str, tuple[str, type[CryptoError]]] = {
    "empty": ("", KeyParamsError),
    "public key": (KEY.public_text(), KeyParamsError),
    "no comment": ("comment\n" + packed_key().split("\n")[1] + "\n", KeyParamsError),
    "third line": (packed_key() + "more\n", KeyParamsError),
    "no line end": (packed_key()[:-1], KeyParamsError),
    "not base64": (packed_key().replace("RWQ", "R!Q"), KeyParamsError),
    "algorithm": (packed_key(value=b"ED"), KeyParamsError),
    "kdf": (packed_key(at=2, value=b"Ar"), KeyParamsError),
    "checksum kind": (packed_key(at=4, value=b"B3"), KeyParamsError),
    "public half": (packed_key(at=100, value=b"\0\0\0\0"), KeyMismatchError),
    "memory": (packed_key(at=2, value=b"Sc" + b"B2" + bytes(32) + bytes(8) + b"\1\0\0\x40\0\0\0\0"), KeyParamsError),
    "work": (packed_key(at=2, value=b"Sc" + b"B2" + bytes(32) + b"\1\0\0\2\0\0\0\0" + bytes(8)), KeyParamsError),
}


@pytest.mark.parametrize(("text", "error"), BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_bad_secret_key_is_refused(text: str, error: type[CryptoError]) -> None:
    with pytest.raises(error):
        minisign.SecretKey.parse(text, "passphrase")


def test_cost_out_of_bounds_is_not_written() -> None:
    with pytest.raises(KeyParamsError):
        KEY.to_text("passphrase", memlimit=minisign.MEMLIMIT * 2)


def test_first_line_is_exactly_ours() -> None:
    assert KEY.sign(MESSAGE).startswith("untrusted comment: saksei/v1\nRU")


def test_message_is_prehashed() -> None:
    packed = base64.b64decode(KEY.sign(MESSAGE).splitlines()[1])
    minisign.parse_public_key(KEY.public_key)[1].verify(packed[10:], hashlib.blake2b(MESSAGE).digest())


def test_comment_is_ours_unless_given() -> None:
    key = minisign.SecretKey.generate()
    assert (len(key.number), len(key.seed)) == (8, 32)
    assert minisign.verify(MESSAGE, key.sign(MESSAGE), key.public_key) == "saksei/v1"


def test_longest_comment_is_one_that_stock_minisign_reads(tmp_path: Path) -> None:
    """A line with its end and the zero behind it has 8192 bytes there."""
    longest = "x" * (8192 - len("trusted comment: ") - 2)
    assert stock_verifies(tmp_path, MESSAGE, KEY.sign(MESSAGE, trusted_comment=longest), KEY.public_key)
    with pytest.raises(ValueError, match="comment"):
        KEY.sign(MESSAGE, trusted_comment=longest + "x")


@pytest.mark.parametrize("comment", ["two\nlines", "return\r", "\0", "x" * 8192])
def test_comment_must_fit_on_a_line(comment: str) -> None:
    with pytest.raises(ValueError, match="comment"):
        KEY.sign(MESSAGE, trusted_comment=comment)


def legacy() -> str:
    """What `minisign -S -l` makes: signed without the hash."""
    lines = KEY.sign(MESSAGE).split("\n")
    packed = base64.b64decode(lines[1])
    return "\n".join([lines[0], base64.b64encode(b"Ed" + packed[2:]).decode(), *lines[2:]])


def signed_by_hand(comment: str) -> str:
    """A signature with any trusted comment."""
    key = Ed25519PrivateKey.from_private_bytes(KEY.seed)
    signature = key.sign(hashlib.blake2b(MESSAGE).digest())
    first, last = (base64.b64encode(part).decode() for part in (b"ED" + KEY.number + signature, key.sign(signature + comment.encode())))
    return f"untrusted comment: saksei/v1\n{first}\ntrusted comment: {comment}\n{last}\n"


def test_what_is_signed_by_hand_is_ours() -> None:
    assert signed_by_hand("saksei/v1") == KEY.sign(MESSAGE)


SIGNATURE = KEY.sign(MESSAGE)
BAD_SIGNATURES = {
    "empty": "",
    "another comment": SIGNATURE.replace("saksei/v1\n", "saksei/v2\n", 1),
    "stock's comment": SIGNATURE.replace("saksei/v1", "signature from minisign secret key", 1),
    "trusted comment changed": SIGNATURE.replace("trusted comment: saksei/v1\nR", "R").replace(
        "\ntrusted comment: saksei/v1", "\ntrusted comment: saksei/v3"
    ),
    "no trusted comment": "\n".join([*SIGNATURE.split("\n")[:2], "comment", *SIGNATURE.split("\n")[3:]]),
    "no last line": "\n".join(SIGNATURE.split("\n")[:3]) + "\n",
    "no last LF": SIGNATURE[:-1],
    "carriage returns": SIGNATURE.replace("\n", "\r\n"),
    "line after": SIGNATURE + "more\n",
    "text after": SIGNATURE + "more",
    "control character, signed": signed_by_hand("saksei\x01v1"),
    "carriage return, signed": signed_by_hand("saksei/v1\r"),
    "legacy": legacy(),
    "another key": minisign.SecretKey.generate().sign(MESSAGE),
    "key number of another key": minisign.SecretKey(KEY.number, bytes(32)).sign(MESSAGE),
    "another message": KEY.sign(MESSAGE + b"."),
    "other message's last line": "\n".join([*SIGNATURE.split("\n")[:3], *KEY.sign(b"other").split("\n")[3:]]),
}


@pytest.mark.parametrize("signature", BAD_SIGNATURES.values(), ids=BAD_SIGNATURES.keys())
def test_bad_signature_is_refused(signature: str) -> None:
    with pytest.raises(SignatureError):
        minisign.verify(MESSAGE, signature, KEY.public_key)


def test_every_flipped_byte_is_refused() -> None:
    data = SIGNATURE.encode()
    for at in range(len(data)):
        with pytest.raises(SignatureError):
            minisign.verify(MESSAGE, data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :], KEY.public_key)


@given(signature=st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_word(signature: bytes) -> None:
    with pytest.raises(SignatureError):
        minisign.verify(MESSAGE, signature, KEY.public_key)


@pytest.mark.parametrize(
    "public_key",
    ["", "x", KEY.public_key[:-4], KEY.public_key + "\n", base64.b64encode(b"ED" + bytes(40)).decode()],
    ids=["empty", "x", "cut", "line-end", "zeros"],
)
def test_bad_public_key_is_refused(public_key: str) -> None:
    with pytest.raises(KeyParamsError):
        minisign.verify(MESSAGE, SIGNATURE, public_key)


@given(text=st.text(max_size=300))
def test_any_text_is_no_secret_key(text: str) -> None:
    with pytest.raises(KeyParamsError):
        minisign.SecretKey.parse(text, None)
