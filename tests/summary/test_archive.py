"""The archive: the same bytes twice, and every byte of it verified."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785

from crypto.minisign import SecretKey
from crypto.notes import Checkpoint, SignerKey
from questionnaire.errors import CallError
from summary import archive
from summary.archive import open_release, parse_release, read_release, write_release
from summary.errors import ReleaseError
from summary.release import Release
from tests.summary.invented import SIGNER, SIGNING, build, call_bytes, call_of, choice, document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from summary.tables import Reporter

CALL = call_of(document([choice("asked", 3), choice("bsked", 2)], {"one": ["asked"], "two": ["asked", "bsked"]}))


def reporters() -> list[Reporter]:
    from summary.tables import Reporter  # noqa: PLC0415 kept beside its one use

    codes = ["A1"] * 31 + ["A2"] * 14 + ["A3"] * 4
    return [
        Reporter(f"r{index}", {"asked": frozenset({code}), "bsked": frozenset({"B1" if index % 3 else "B2"})})
        for index, code in enumerate(codes)
    ]


@pytest.fixture(scope="module")
def made() -> Release:
    return build(CALL, reporters())


@pytest.fixture
def path(made: Release, tmp_path: Path) -> Path:
    write_release(made, tmp_path / "release.zip", SIGNING.sign)
    return tmp_path / "release.zip"


def resigned(made: Release, path: Path, **changed: Callable[[Any], Any]) -> Path:
    """The release with some JSON files changed and signed as if that were right."""
    files = dict(made.files)
    for name, change in changed.items():
        content = json.loads(files[f"{name}.json"])
        files[f"{name}.json"] = rfc8785.dumps(change(content) or content)
    write_release(Release(made.number, made.audience, made.statement, files, made.proof), path, SIGNING.sign)
    return path


def test_reads_what_it_wrote(made: Release, path: Path) -> None:
    read = read_release(path, call_bytes(CALL))
    assert (read.number, read.previous, read.audience) == (1, None, "panel")
    assert read.statement == made.statement
    assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert dict(read.files) == dict(made.files)


def test_same_release_twice_same_bytes(made: Release, path: Path, tmp_path: Path) -> None:
    again = build(CALL, reporters())
    assert again.files.keys() == made.files.keys()
    assert {name for name in made.files if made.files[name] != again.files[name]} == set()
    write_release(made, tmp_path / "again.zip", SIGNING.sign)
    assert open_release(tmp_path / "again.zip").sums == open_release(path).sums


def test_members_are_what_the_page_says(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        infos = file.infolist()
    documents = [f"documents/summary.{lang}.{kind}" for lang in ("en", "km") for kind in ("csv", "html")]
    assert [info.filename for info in infos] == [
        "SHA256SUMS", "SHA256SUMS.minisig", "accounts.json", *documents, "provenance.json", "tables.json",
    ]  # fmt: skip
    assert {(info.date_time, info.compress_type, info.extra, info.comment) for info in infos} == {
        ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED, b"", b"")
    }


def test_stock_minisign_accepts_it(path: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        file.extractall(tmp_path / "out")
    command = ["minisign", "-V", "-P", SIGNING.public_key, "-m", "SHA256SUMS"]
    assert subprocess.run(command, cwd=tmp_path / "out", check=False, capture_output=True).returncode == 0
    assert subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "out", check=False, capture_output=True).returncode == 0


def test_any_flipped_byte_is_refused(path: Path, tmp_path: Path) -> None:
    content = path.read_bytes()
    ends = [*range(300), *range(len(content) - 1200, len(content)), *range(300, len(content) - 1200, 997)]
    other = tmp_path / "other.zip"
    for place in ends:
        other.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(ReleaseError):
            read_release(other, call_bytes(CALL))


@pytest.mark.parametrize("cut", [0, 1, 22, 100, -1])
def test_any_cut_is_refused(path: Path, cut: int) -> None:
    with pytest.raises(ReleaseError):
        parse_release(path.read_bytes()[:cut])


def test_appended_bytes_are_refused(path: Path) -> None:
    with pytest.raises(ReleaseError):
        parse_release(path.read_bytes() + b"\0")
    with pytest.raises(ReleaseError):
        parse_release(b"\0" + path.read_bytes())


def test_signature_of_another_key_is_refused(made: Release, tmp_path: Path) -> None:
    write_release(made, tmp_path / "release.zip", SecretKey.generate().sign)
    with pytest.raises(ReleaseError, match="signing key") as refused:
        read_release(tmp_path / "release.zip", call_bytes(CALL))
    assert refused.value.word == "release"


def test_another_call_is_refused(made: Release, path: Path) -> None:
    other = call_of(
        document(
            [choice("asked", 3), choice("bsked", 2)], {"one": ["asked"], "two": ["asked", "bsked"]}, introduction={"km": "x", "en": "y"}
        )
    )
    with pytest.raises(ReleaseError, match="another call"):
        read_release(path, call_bytes(other))
    with pytest.raises(CallError):
        read_release(path, b"{}")


WRONG: dict[str, dict[str, Callable[[Any], Any]]] = {
    "unknown-key": {"tables": lambda one: one.update(extra=1)},
    "exact-figure": {"tables": lambda one: one["tables"][0]["figures"][0].update(high=one["tables"][0]["figures"][0]["low"])},
    "no-band": {"tables": lambda one: one["tables"][0]["figures"][0].update(low=None)},
    "two-values": {"tables": lambda one: one["total"].update(low=60, high=64)},
    "other-tables": {"tables": lambda one: one["tables"].pop()},
    "other-axes": {"tables": lambda one: one["tables"][0]["axes"][0].update(question="bsked")},
    "other-level": {"tables": lambda one: one["tables"][0]["axes"][0].update(level="all")},
    "misplaced-figure": {"tables": lambda one: one["tables"][0]["figures"][0]["at"].append(None)},
    "other-k": {"provenance": lambda one: one.update(k=6)},
    "number-without-previous": {"provenance": lambda one: one.update(release=2)},
    "unknown-audience": {"provenance": lambda one: one.update(audience="everybody")},
    "log-size": {"provenance": lambda one: one["log"].update(size=7)},
    "log-late": {"provenance": lambda one: one["log"].update(late=10**6)},
    "no-checkpoint": {"provenance": lambda one: one.update(checkpoint="none")},
    "foreign-checkpoint": {
        "provenance": lambda one: one.update(
            checkpoint=SignerKey.generate(SIGNER.vkey.name).sign(Checkpoint(CALL.origin, one["log"]["size"], bytes(32)).text()).decode()
        )
    },
    "an-account": {"accounts": lambda one: one["accounts"].append({})},
    "not-an-object": {"accounts": lambda _: [1]},
}


@pytest.mark.parametrize("changed", [pytest.param(changes, id=name) for name, changes in WRONG.items()])
def test_signed_nonsense_is_refused(made: Release, tmp_path: Path, changed: dict[str, Callable[[Any], Any]]) -> None:
    with pytest.raises(ReleaseError):
        read_release(resigned(made, tmp_path / "wrong.zip", **changed), call_bytes(CALL))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda files: files.pop("tables.json"), id="lacks-tables"),
        pytest.param(lambda files: files.update({"documents/summary.fr.csv": b""}), id="one-too-many"),
        pytest.param(lambda files: files.update({"../evil": b""}), id="path"),
        pytest.param(lambda files: files.update({"tables.json": files["tables.json"] + b" "}), id="not-canonical"),
        pytest.param(lambda files: files.update({"tables.json": b"\xff"}), id="not-utf-8"),
    ],
)
def test_other_members_are_refused(made: Release, tmp_path: Path, change: Callable[[dict[str, bytes]], object]) -> None:
    files = dict(made.files)
    change(files)
    write_release(Release(1, "panel", made.statement, files, b""), tmp_path / "wrong.zip", SIGNING.sign)
    with pytest.raises(ReleaseError):
        read_release(tmp_path / "wrong.zip", call_bytes(CALL))


def test_giant_is_refused(made: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    content = path.read_bytes()
    assert len(content) < archive.MOST_BYTES
    with pytest.raises(ReleaseError):
        parse_release(content + bytes(archive.MOST_BYTES))


def test_nothing_half_written(made: Release, tmp_path: Path) -> None:
    def broken(_: bytes) -> str:
        raise RuntimeError("the key is gone")

    with pytest.raises(RuntimeError):
        write_release(made, tmp_path / "release.zip", broken)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r".*"):
        write_release(made, tmp_path / "folder", SIGNING.sign)
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]
