"""A posted form in one bounded buffer (house.md, "Known traps"): whole, bounded, and never on a disk."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import LengthError
from app.gathering import FIELD_LIMIT, OVERFLOW_FACTOR, FormGatherer, GatheredForm, MalformedFormError, boundary_of, gather
from tests.app.made import Fields, Files, browser_form

LIMIT = 1 << 16


def gatherer(boundary: bytes = b"edge", *, limit: int = LIMIT) -> FormGatherer:
    return FormGatherer(boundary, limit, wants_field=lambda name: name != "unwanted", wants_file=lambda name: name.startswith("q-"))


EMPTY = ("q-proof", "", b"", "application/octet-stream")


def gathered(fields: Fields, files: Files = (), *, piece: int = 1000, limit: int = LIMIT) -> GatheredForm:
    content_type, body = browser_form(fields, [EMPTY, *files])

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(body), piece):
            yield body[start : start + piece]

    return asyncio.run(gather(gatherer(boundary_of(content_type), limit=limit), stream(), limit=limit))


@pytest.mark.parametrize("piece", [1, 7, 1000, 1 << 20])
def test_form_is_gathered_whole(piece: int) -> None:
    form = gathered(
        [("q-what", "ពាក្យ\r\nwords"), ("audience", "a"), ("audience", "b"), ("empty", "")],
        [("q-proof", "រូប.jpg", bytes(range(256)) * 4, "image/jpeg")],
        piece=piece,
    )
    assert form.fields == {"q-what": ["ពាក្យ\r\nwords"], "audience": ["a", "b"], "empty": [""]}
    assert [(file.origin, file.name, file.type, bytes(file.content)) for file in form.files] == [
        ("q-proof", "រូប.jpg", "image/jpeg", bytes(range(256)) * 4)
    ]
    assert not form.overflowed


@given(text=st.text(st.characters(exclude_categories=["Cs"])), content=st.binary(max_size=3000), piece=st.integers(1, 100))
def test_any_content_comes_through(text: str, content: bytes, piece: int) -> None:
    form = gathered([("q-what", text)], [("q-proof", "f", content, "text/plain")], piece=piece)
    assert form.fields == {"q-what": [text]}
    assert [bytes(file.content) for file in form.files] == ([content] if content else [])


def test_unwanted_parts_are_let_go() -> None:
    form = gathered([("unwanted", "x" * 100), ("q-what", "y")], [("other", "f", b"z" * 100_000, "text/plain")])
    assert (form.fields, form.files, form.overflowed) == ({"q-what": ["y"]}, [], False)


def test_too_large_file_keeps_the_words() -> None:
    """The files do not fit: what was typed is there all the same, and memory holds no more than the limit."""
    form = gathered([("q-what", "typed")], [("q-proof", "f", bytes(3 * LIMIT), "text/plain")])
    assert form.overflowed
    assert form.fields == {"q-what": ["typed"]}
    assert sum(len(file.content) for file in form.files) <= LIMIT


def test_far_too_large_is_refused() -> None:
    with pytest.raises(LengthError):
        gathered([], [("q-proof", "f", bytes((OVERFLOW_FACTOR + 1) * LIMIT), "text/plain")], piece=LIMIT)


@pytest.mark.parametrize(
    "fields",
    [[("q-what", "x" * (FIELD_LIMIT + 1))], [("x" * 1000, "y")] * 4000, [("x", "")] * 5000],
    ids=["one value", "long names", "too many parts"],
)
def test_too_many_words_are_refused(fields: Fields) -> None:
    with pytest.raises((LengthError, MalformedFormError)):
        gathered(fields, limit=1 << 26)


@pytest.mark.parametrize(
    "body", [b"no boundary", b"--edge\r\nContent-Disposition form-data\r\n\r\n", b"--edge\r\n" + b"x" * 100_000, b"--edgy\r\n\r\n"]
)
def test_nonsense_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedFormError):
        gatherer().feed(body)


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "multipart/form-data", "multipart/mixed; boundary=x"])
def test_other_types_are_malformed(content_type: str | None) -> None:
    with pytest.raises(MalformedFormError):
        boundary_of(content_type)


def test_long_boundary_is_malformed() -> None:
    with pytest.raises(MalformedFormError):
        gatherer(b"x" * 10_000)


@given(st.binary(max_size=2000))
def test_any_bytes_only_refuse(body: bytes) -> None:
    with contextlib.suppress(LengthError, MalformedFormError):
        gatherer().feed(b"--edge\r\n" + body)


def test_wiped_form_holds_nothing() -> None:
    form = gathered([("q-what", "typed")], [("q-proof", "f", b"secret", "text/plain")])
    content = form.files[0].content
    form.wipe()
    assert bytes(content) == bytes(6)
    assert (form.fields, form.files) == ({}, [])


def test_repr_shows_no_word() -> None:
    form = gathered([("q-what", "typed-words")], [("q-proof", "f", b"secret-bytes", "text/plain")])
    assert "typed-words" not in repr(form)
    assert "secret-bytes" not in repr(form.files[0])


def test_no_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large as it is, nothing of it goes where temporary files would."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    tempfile.tempdir = None
    tmp_path.chmod(0o500)
    gathered([], [("q-proof", "f", bytes(8 << 20), "text/plain")], limit=1 << 24, piece=1 << 16)
    tmp_path.chmod(0o700)
    assert list(tmp_path.iterdir()) == []
    tempfile.tempdir = None
