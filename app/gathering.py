"""A posted multipart form, gathered in one bounded memory buffer and never on a disk (house.md, "Known traps").

Starlette's own request.form() writes parts over 1 MiB to disk: what is read here is plaintext.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.errors import LengthError

FIELD_LIMIT = 1 << 20
"""Bytes of all field names and values together: report.json holds no more."""

PART_LIMIT = 4096
"""Fields and files of one form."""

OVERFLOW_FACTOR = 16
"""How much more than fits is read and let go, so that what was typed can be given back with the refusal."""


class MalformedFormError(LengthError):
    """The body is not a multipart form."""

    status = 400


@dataclass(slots=True)
class GatheredFile:
    """One attached file: `origin`, the field it came in, its name and type as the browser gave them, and its bytes."""

    origin: str
    name: str
    type: str
    content: bytearray = field(default_factory=bytearray, repr=False)


@dataclass(slots=True)
class GatheredForm:
    """Everything that was posted. `overflowed` means that the files are not whole: they were larger than what fits.

    `empty` are the fields in which a file without a byte was chosen; a field in which none was chosen is not among them.
    """

    fields: dict[str, list[str]] = field(default_factory=dict, repr=False)
    files: list[GatheredFile] = field(default_factory=list, repr=False)
    empty: list[str] = field(default_factory=list)
    overflowed: bool = False

    def wipe(self) -> None:
        """Overwrite the files and let go of the rest."""
        for attached in self.files:
            attached.content[:] = bytes(len(attached.content))
        self.files.clear()
        self.fields.clear()


@dataclass(slots=True)
class _Part:
    headers: dict[str, bytes] = field(default_factory=dict)
    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    file: GatheredFile | None = None
    name: str = ""


class FormGatherer:
    """Takes the bytes of a body piece by piece and builds the form; holds at most `limit` bytes of files and FIELD_LIMIT of fields.

    `wants_field` and `wants_file` say which parts are kept at all; the others are let go as they come.
    """

    def __init__(self, boundary: bytes, limit: int, *, wants_field: Callable[[str], bool], wants_file: Callable[[str], bool]) -> None:
        """Raises MalformedFormError for a boundary no browser would send."""
        self.form = GatheredForm()
        self._limit = limit
        self._room_for_fields = FIELD_LIMIT
        self._parts = 0
        self._wants_field = wants_field
        self._wants_file = wants_file
        self._part = _Part()
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_part_data": self._content,
                    "on_part_end": self._end,
                },
            )
        except FormParserError:
            raise MalformedFormError("This is not a form.") from None
        self._name = bytearray()

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the body. Raises MalformedFormError."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise MalformedFormError("This is not a form.") from None

    def _begin(self) -> None:
        self._part = _Part()
        self._parts += 1
        if self._parts > PART_LIMIT:
            raise MalformedFormError("This form has too many parts.")

    def _header_name(self, piece: bytes, start: int, end: int) -> None:
        self._name += piece[start:end]

    def _header_value(self, piece: bytes, start: int, end: int) -> None:
        self._part.header += piece[start:end]

    def _header_end(self) -> None:
        self._part.headers[self._name.decode("latin-1").lower()] = bytes(self._part.header)
        self._name = bytearray()
        self._part.header = bytearray()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._part.headers.get("content-disposition", b""))
        self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            kind, _ = parse_options_header(self._part.headers.get("content-type", b""))
            name = options[b"filename"].decode("utf-8", "replace")
            self._part.file = GatheredFile(self._part.name, name, kind.decode("ascii", "replace"))

    def _content(self, piece: bytes, start: int, end: int) -> None:
        file = self._part.file
        if file is not None:
            self._limit -= end - start if self._wants_file(file.origin) else 0
            self.form.overflowed = self.form.overflowed or self._limit < 0
            if self._wants_file(file.origin) and not self.form.overflowed:
                file.content += memoryview(piece)[start:end]
        elif self._wants_field(self._part.name):
            self._room_for_fields -= end - start
            if self._room_for_fields < 0:
                raise LengthError("The answers are longer than a report can be.")
            self._part.value += piece[start:end]

    def _end(self) -> None:
        part = self._part
        if part.file is None:
            if self._wants_field(part.name):
                self._room_for_fields -= len(part.name)
                self.form.fields.setdefault(part.name, []).append(part.value.decode("utf-8", "replace"))
        elif self._wants_file(part.file.origin):
            if part.file.content:
                self.form.files.append(part.file)
            elif part.file.name and not self.form.overflowed:
                self.form.empty.append(part.file.origin)


def boundary_of(content_type: str | None) -> bytes:
    """The boundary of a multipart/form-data body. Raises MalformedFormError."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise MalformedFormError("This is not a form.")
    return boundary


async def gather(gatherer: FormGatherer, stream: AsyncIterator[bytes], *, limit: int) -> GatheredForm:
    """Read a body of at most OVERFLOW_FACTOR × `limit` bytes into a form.

    Raises LengthError (longer than that, or fields over FIELD_LIMIT) or MalformedFormError; `gatherer.form` holds what came before.
    """
    taken = 0
    async for piece in stream:
        taken += len(piece)
        if taken > OVERFLOW_FACTOR * limit:
            raise LengthError("This is far larger than anything that can be taken.")
        gatherer.feed(piece)
    return gatherer.form
