"""Calls on this server: adding one, listing them, and handing one out parsed (format.md section 1)."""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, select

from app import models
from app.errors import CallExistsError, CallPackageError, UnknownCallError
from app.logkeys import read_key
from app.schedule import Schedule
from app.transactions import Database
from crypto.callfile import check_signed, parse_call_file
from crypto.entries import call_entry
from crypto.envelope import sealed_sizes
from crypto.merkle import Frontier, leaf_hash
from crypto.notes import SignerKey
from crypto.recipients import Recipient
from questionnaire.models import Call, load_call

CALL_ID = re.compile(r"[a-z0-9-]{1,40}")
DAY = 86400
HANDLE_BYTES = 32
COMMON_BATCH_SECONDS = 21600
PACKAGE_LIMIT = 32 << 20


@dataclass(frozen=True)
class StoredCall:
    """A call as it was added: the files that `call build` made, and what the service reads out of them."""

    call: Call
    document: bytes
    sums: bytes
    signature: bytes
    form: bytes | None

    @cached_property
    def sha256(self) -> bytes:
        """The call hash (32 bytes)."""
        return hashlib.sha256(self.document).digest()

    @cached_property
    def form_sha256(self) -> str | None:
        """The hex SHA-256 of form.html, which SHA256SUMS names; None when the call has none."""
        return None if self.form is None else hashlib.sha256(self.form).hexdigest()

    @cached_property
    def body_sizes(self) -> frozenset[int]:
        """Every length that handle || envelope can have (sections 3 and 5)."""
        return frozenset(HANDLE_BYTES + size for size in sealed_sizes(len(self.call.recipients), self.call.max_k))

    @cached_property
    def recipients(self) -> tuple[Recipient, ...]:
        """Whom reports are sealed to, in the order of call.json."""
        return tuple(Recipient.parse(text) for text in self.call.recipients)

    @cached_property
    def schedule(self) -> Schedule:
        """When its batches are due."""
        return Schedule(self.call.batch_seconds, self.call.batch_min, self.call.close)

    @property
    def ends(self) -> int:
        """Unix seconds at which retention ends."""
        return self.call.deadline + self.call.retention_days * DAY


@dataclass(frozen=True, slots=True)
class CallPackage:
    """What `call build` wrote for the server, checked: the call and its log key."""

    stored: StoredCall
    log_key: SignerKey


class CallBook:
    """The calls of a database, parsed once: a call never changes."""

    def __init__(self, database: Database) -> None:
        """Read from this database as calls are asked for."""
        self._database = database
        self._known: dict[str, StoredCall] = {}

    async def find(self, call_id: str) -> StoredCall:
        """The call with this id. Raises UnknownCallError."""
        known = self._known.get(call_id)
        if known is None:
            if not CALL_ID.fullmatch(call_id):
                raise UnknownCallError("There is no such call here.")
            known = await self._database.read(lambda connection: load_stored(connection, call_id))
            self._known[call_id] = known
        return known

    def longest_batch(self) -> int:
        """The longest batch_seconds of the calls that were asked for so far; that of calls in general while there is none."""
        return max((stored.call.batch_seconds for stored in self._known.values()), default=COMMON_BATCH_SECONDS)

    async def all(self) -> tuple[StoredCall, ...]:
        """Every call, by id."""
        return tuple([await self.find(call_id) for call_id in await self._database.read(call_ids)])


def call_ids(connection: Connection) -> list[str]:
    """The ids of all calls, ascending."""
    return list(connection.execute(select(models.calls.c.id).order_by(models.calls.c.id)).scalars())


def load_stored(connection: Connection, call_id: str) -> StoredCall:
    """Read a call out of the database. Raises UnknownCallError."""
    row = connection.execute(select(models.calls).where(models.calls.c.id == call_id)).one_or_none()
    if row is None:
        raise UnknownCallError("There is no such call here.")
    return StoredCall(load_call(row.document), row.document, row.sums, row.signature, row.form)


def read_package(folder: Path) -> CallPackage:
    """Read and check a folder `<out>/server`: signature, sums, call and log key.

    Raises CallPackageError, LogKeyError, what crypto.callfile raises (SignatureError, ManifestError, VersionError,
    JsonDuplicateError), or a QuestionnaireError for a call.json that is none.
    """
    sums, signature = _read(folder / "SHA256SUMS"), _read(folder / "SHA256SUMS.minisig")
    document = _read(folder / "call.json")
    # The same reader that the reviewers' tool holds a bundle against: what is taken here will be taken there.
    announced = check_signed(document, sums, signature, parse_call_file(document).signing_key)
    form = None if announced is None else _read(folder / "form.html")
    if form is not None and hashlib.sha256(form).digest() != announced:
        raise CallPackageError("form.html is not the one that SHA256SUMS names.")
    call = load_call(document)
    return CallPackage(StoredCall(call, document, sums, signature, form), read_key(folder / "log.key", call))


_CALL_STAYS = (
    "Another call with this id is here already, and neither the keys nor the words of a running call are exchanged (F1.13): people pinned "
    "the hash of its call.json, and reports are sealed to its keys. Make another call, with another id."
)


def add_call(connection: Connection, stored: StoredCall) -> bool:
    """Insert the call and begin its log; False when the very same call is here already. Raises CallExistsError for another of its id."""
    call = stored.call
    try:
        present = load_stored(connection, call.call)
    except UnknownCallError:
        pass
    else:
        if present.document != stored.document:
            raise CallExistsError(_CALL_STAYS)
        return False
    entry = call_entry(call.call, stored.sha256)
    frontier = Frontier()
    frontier.append(leaf_hash(entry))
    row = {
        "id": call.call,
        "document": stored.document,
        "sums": stored.sums,
        "signature": stored.signature,
        "form": stored.form,
        "opens": call.opens,
        "closes": call.close,
        "ends": stored.ends,
    }
    connection.execute(models.calls.insert(), row)
    log = {"call": call.call, "size": 1, "frontier": frontier.to_bytes(), "cut": 0, "closed": False}
    connection.execute(models.logs.insert(), log)
    connection.execute(models.entries.insert(), {"call": call.call, "position": 0, "entry": entry})
    connection.execute(models.batches.insert(), {"call": call.call, "size": 1, "root": frontier.root()})
    return True


def mend_call(connection: Connection, stored: StoredCall) -> bool:
    """Keep another form.html of a call that is here, with the sums that name it and their signature (`saksei-reviewer call reissue`).

    `stored` comes from `read_package`, which held it against the call's signing key. False when it is the one that is here already.
    """
    present = load_stored(connection, stored.call.call)
    if (present.sums, present.signature, present.form) == (stored.sums, stored.signature, stored.form):
        return False
    row = models.calls.update().where(models.calls.c.id == stored.call.call)
    connection.execute(row.values(sums=stored.sums, signature=stored.signature, form=stored.form))
    return True


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(PACKAGE_LIMIT + 1)
    except OSError:
        raise CallPackageError("A file that `saksei-reviewer call build` writes for the server is missing.") from None
    if len(content) > PACKAGE_LIMIT:
        raise CallPackageError("A file is larger than any that `saksei-reviewer call build` writes.")
    return content
