"""Adding a call: the package is held against its signature, the key against the call (format.md section 1)."""

import hashlib
import shutil
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from app import models
from app.calls import CallBook, StoredCall, add_call, call_ids, load_stored, mend_call, read_package
from app.errors import CallExistsError, CallPackageError, LogKeyError, UnknownCallError
from app.logkeys import LogKeys, read_key
from crypto.entries import call_entry
from crypto.errors import ManifestError, SignatureError, VersionError
from crypto.notes import SignerKey
from tests.app.made import Intake, MadeCall, PublicCall


@pytest.fixture
def folder(asked: MadeCall, tmp_path: Path) -> Path:
    return Path(shutil.copytree(asked.folder, tmp_path / "server"))


def test_package_is_read(asked: MadeCall) -> None:
    package = read_package(asked.folder)
    assert package.stored.document == (asked.folder / "call.json").read_bytes()
    assert package.stored.form is None
    assert package.log_key == asked.log_key


@pytest.mark.parametrize("name", ["call.json", "SHA256SUMS", "SHA256SUMS.minisig", "log.key"])
def test_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises((CallPackageError, LogKeyError)):
        read_package(folder)


def test_changed_call_is_refused(folder: Path) -> None:
    document = (folder / "call.json").read_bytes()
    (folder / "call.json").write_bytes(document.replace(b'"k":5', b'"k":6'))
    with pytest.raises(ManifestError):
        read_package(folder)


def test_other_spelling_is_refused(folder: Path) -> None:
    """A call.json that means the same and is not RFC 8785: no reader would take its bundle."""
    document = (folder / "call.json").read_bytes()
    (folder / "call.json").write_bytes(document.replace(b'"k":5', b'"k": 5'))
    with pytest.raises(ManifestError):
        read_package(folder)


def test_changed_sums_are_refused(folder: Path, make_call: PublicCall) -> None:
    """Sums that fit the call but were signed by somebody else."""
    other = make_call(k=6)
    (folder / "SHA256SUMS.minisig").write_bytes((other.folder / "SHA256SUMS.minisig").read_bytes())
    with pytest.raises(SignatureError):
        read_package(folder)


@pytest.mark.parametrize(
    "extra", [b"\n", b"0" * 64 + b"  other.html\n", b"0" * 64 + b" call.json\n"], ids=["empty line", "another file", "one space"]
)
def test_sums_name_nothing_else(folder: Path, extra: bytes) -> None:
    (folder / "SHA256SUMS").write_bytes((folder / "SHA256SUMS").read_bytes() + extra)
    with pytest.raises(SignatureError):
        read_package(folder)


def test_key_of_another_call_is_refused(folder: Path) -> None:
    (folder / "log.key").write_text(SignerKey.generate("example.org/asked").line())
    with pytest.raises(LogKeyError):
        read_package(folder)


def test_call_of_another_version_is_refused(asked: MadeCall, folder: Path, make_call: PublicCall) -> None:
    with pytest.raises(VersionError):
        make_call(v=2)


def test_keys_are_for_the_owner_alone(asked: MadeCall, tmp_path: Path) -> None:
    keys = LogKeys(tmp_path / "keys")
    keys.keep(asked.stored.call, asked.log_key)
    keys.keep(asked.stored.call, asked.log_key)
    assert (tmp_path / "keys" / "asked.key").stat().st_mode & 0o777 == 0o600
    assert read_key(tmp_path / "keys" / "asked.key", asked.stored.call) == asked.log_key


def test_key_is_never_replaced(asked: MadeCall, tmp_path: Path, make_call: PublicCall) -> None:
    keys = LogKeys(tmp_path)
    keys.keep(asked.stored.call, asked.log_key)
    other = make_call()
    with pytest.raises(LogKeyError):
        keys.keep(other.stored.call, other.log_key)
    assert read_key(tmp_path / "asked.key", asked.stored.call) == asked.log_key


def test_missing_key_is_told(asked: MadeCall, tmp_path: Path) -> None:
    with pytest.raises(LogKeyError):
        LogKeys(tmp_path).signer(asked.stored.call)


@pytest.mark.anyio
async def test_log_begins_with_the_call(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    rows = await intake.service.database.read(lambda c: c.execute(select(models.entries)).all())
    assert [(row.call, row.position, row.entry) for row in rows] == [("asked", 0, call_entry("asked", asked.stored.sha256))]


@pytest.mark.anyio
async def test_adding_twice_changes_nothing(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    assert await intake.service.database.write(partial(add_call, stored=asked.stored)) is False


def reissued(call: MadeCall, form: bytes) -> StoredCall:
    """The same call with another form, as `saksei-reviewer call reissue` makes it."""
    stored = call.stored
    sums = f"{stored.sha256.hex()}  call.json\n{hashlib.sha256(form).hexdigest()}  form.html\n".encode()
    return StoredCall(stored.call, stored.document, sums, b"signed anew", form)


@pytest.mark.anyio
async def test_mended_form_is_kept(intake: Intake, asked: MadeCall, make_call: PublicCall) -> None:
    other = make_call(call="another")
    await intake.add(asked, other)
    new = reissued(asked, b"<!doctype html>mended")
    assert await intake.service.database.write(partial(add_call, stored=new)) is False
    assert [await intake.service.database.write(partial(mend_call, stored=new)) for _ in range(2)] == [True, False]
    kept = await intake.service.database.read(partial(load_stored, call_id="asked"))
    assert (kept.document, kept.sums, kept.signature, kept.form) == (asked.stored.document, new.sums, new.signature, new.form)
    assert await intake.service.database.read(partial(load_stored, call_id="another")) == other.stored


@pytest.mark.anyio
async def test_other_call_of_same_id(intake: Intake, asked: MadeCall, make_call: PublicCall) -> None:
    await intake.add(asked)
    with pytest.raises(CallExistsError, match=r"neither the keys nor the words .* Make another call"):
        await intake.service.database.write(partial(add_call, stored=make_call(k=6).stored))
    kept = await intake.service.database.read(partial(load_stored, call_id="asked"))
    assert kept.document == asked.stored.document


@pytest.mark.anyio
async def test_book_learns_of_new_calls(intake: Intake, asked: MadeCall, make_call: PublicCall) -> None:
    book = CallBook(intake.service.database)
    assert await book.all() == ()
    with pytest.raises(UnknownCallError):
        await book.find("asked")
    await intake.add(asked, make_call(call="another"))
    assert [stored.call.call for stored in await book.all()] == ["another", "asked"]
    assert await intake.service.database.read(call_ids) == ["another", "asked"]
    assert (await book.find("asked")).sha256 == asked.stored.sha256


@pytest.mark.anyio
@pytest.mark.parametrize("call_id", ["", "UPPER", "a" * 41, "../asked", "asked\x00", "ខ្មែរ"])
async def test_impossible_ids_are_unknown(intake: Intake, call_id: str) -> None:
    with pytest.raises(UnknownCallError):
        await intake.service.book.find(call_id)
