"""Routes that software reads: octets, notes and problem+json (interfaces.md, "HTTP")."""

from collections.abc import AsyncIterator
from functools import partial
from time import time
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from app.arrival import began
from app.inspection import inspect_promises
from app.metrics import ACCEPTED, TAKEN_BACK
from app.publishing import checkpoint, checkpoint_size, entries_between
from app.receipts import SECRET_BYTES, promise_withdrawal, withdraw
from app.received import Received, read_received
from app.receiving import Kind, Receiving
from app.refusals import NOT_FOUND, refuse
from app.replies import read_pages, select_round
from app.schema import require_head
from app.service import Served, Service, of_request
from app.submissions import promise_report, take_sealed
from app.timestamps import read_token
from app.uploads import received, require_size
from app.work import require_work
from crypto.entries import frame
from crypto.errors import PromiseBrokenError, SizeError
from crypto.replies import RECORD_SIZE

OCTETS = "application/octet-stream"
WORK_HEADER = "saksei-work"
STAMP = "application/timestamp-reply"
ENTRIES_AT_ONCE = 2000

router = APIRouter()


@router.post("/calls/{call_id}/reports", status_code=201)
async def submit(call_id: str, request: Request) -> Response:
    """Take handle || envelope; answer the promise once the report is durable (format.md section 5)."""
    service = await of_request(request)  # asked for as a dependency it would cost a tenth of the whole request
    stored = await service.book.find(call_id)
    signer = service.keys.signer(stored.call)
    length = content_length(request)
    if length is not None:
        require_size(stored, length)
    smallest = length == min(stored.body_sizes)
    kind = Kind.SMALLEST if smallest else Kind.LARGE
    work = require_work(stored, request.headers.get(WORK_HEADER), load=service.load, now=int(time()))
    await service.room.require(kind, length or max(stored.body_sizes), service.database)
    async with (
        service.receiving.place(call_id, kind, work=work) as body,
        received(stored, body, request.stream(), length=length, folder=service.settings.spool_dir) as report,
        service.uploads.enter(reserved=smallest),
    ):
        batch = await take_sealed(service.database, stored, report, began=began(request))
    service.figures.count(ACCEPTED)
    return PlainTextResponse(promise_report(stored, report, batch, signer), 201)


@router.get("/calls/{call_id}/call.json")
async def call_document(call_id: str, service: Served) -> Response:
    """The bytes of call.json as they were signed."""
    return Response((await service.book.find(call_id)).document, media_type="application/json")


@router.get("/calls/{call_id}/SHA256SUMS")
async def call_sums(call_id: str, service: Served) -> Response:
    """The sums that the signing key signed."""
    return PlainTextResponse((await service.book.find(call_id)).sums)


@router.get("/calls/{call_id}/SHA256SUMS.minisig")
async def call_signature(call_id: str, service: Served) -> Response:
    """The signature of the sums."""
    return PlainTextResponse((await service.book.find(call_id)).signature)


@router.get("/calls/{call_id}/form.html")
async def offline_form(call_id: str, request: Request, service: Served) -> Response:
    """The single-file form, to be saved: opened from here, our own policy would stop its inline script."""
    form = (await service.book.find(call_id)).form
    if form is None:
        return refuse(request.scope, 404, NOT_FOUND)
    return Response(form, media_type="text/html", headers={"content-disposition": 'attachment; filename="form.html"'})


@router.post("/calls/{call_id}/withdrawals", status_code=201)
async def submit_withdrawal(call_id: str, request: Request, service: Served) -> Response:
    """Take exactly the 32 bytes of withdraw_n; answer the promise once the envelope is destroyed (format.md section 8)."""
    stored = await service.book.find(call_id)
    signer = service.keys.signer(stored.call)
    secret = await short_body(request, SECRET_BYTES, receiving=service.receiving, call_id=call_id)
    if len(secret) != SECRET_BYTES:
        raise SizeError("A withdrawal has exactly 32 bytes.")
    async with service.uploads.enter():
        taken = await service.database.write(partial(withdraw, stored=stored, secret=secret))
    service.publisher.ask_scrub()
    service.figures.count(TAKEN_BACK)
    return PlainTextResponse(promise_withdrawal(stored, taken, signer), 201)


@router.get("/calls/{call_id}/log/entries")
async def log_entries(call_id: str, service: Served) -> Response:
    """Every entry that the newest checkpoint covers, each with its length before it (format.md section 7)."""
    await service.book.find(call_id)
    end = await service.database.read(partial(checkpoint_size, call_id=call_id))

    async def pages() -> AsyncIterator[bytes]:
        for start in range(0, end, ENTRIES_AT_ONCE):
            stop = min(start + ENTRIES_AT_ONCE, end)
            yield frame(await service.database.read(partial(entries_between, call_id=call_id, start=start, end=stop)))

    return StreamingResponse(pages(), media_type=OCTETS)


@router.get("/calls/{call_id}/log/checkpoint")
async def newest_checkpoint(call_id: str, request: Request, service: Served) -> Response:
    """The newest signed checkpoint."""
    return await _checkpoint(call_id, None, request, service)


@router.get("/calls/{call_id}/log/checkpoint.{size}")
async def one_checkpoint(call_id: str, size: Annotated[int, Path(ge=1, le=2**53)], request: Request, service: Served) -> Response:
    """The signed checkpoint of this size."""
    return await _checkpoint(call_id, size, request, service)


@router.get("/calls/{call_id}/log/{size}.{authority}.tsr")
async def one_token(
    call_id: str, size: Annotated[int, Path(ge=1, le=2**53)], authority: str, request: Request, service: Served
) -> Response:
    """The RFC 3161 token of an authority over the checkpoint of this size; its bytes never change."""
    stored = await service.book.find(call_id)
    if all(authority != known.name for known in stored.call.timestamp_authorities):  # PostgreSQL takes not every text: a NUL is an error
        return refuse(request.scope, 404, NOT_FOUND)
    token = await service.database.read(partial(read_token, call_id=call_id, size=size, authority=authority))
    return refuse(request.scope, 404, NOT_FOUND) if token is None else Response(token, media_type=STAMP)


@router.get("/calls/{call_id}/log/received")
async def received_note(call_id: str, request: Request, service: Served) -> Response:
    """The newest checkpoint that the reviewers countersigned, byte for byte."""
    found = await _received(call_id, service)
    return refuse(request.scope, 404, NOT_FOUND) if found is None else PlainTextResponse(found.note)


@router.get("/calls/{call_id}/log/received.minisig")
async def received_signature(call_id: str, request: Request, service: Served) -> Response:
    """The reviewers' signature of it."""
    found = await _received(call_id, service)
    return refuse(request.scope, 404, NOT_FOUND) if found is None else PlainTextResponse(found.signature)


@router.get("/calls/{call_id}/replies/{prefix}")
async def replies_under(call_id: str, prefix: str, request: Request, service: Served) -> Response:
    """The records of the round whose handles begin with `prefix`, or `all` (format.md section 8)."""
    await service.book.find(call_id)
    selection = await service.database.read(partial(select_round, call_id=call_id, prefix=prefix))
    if selection is None:
        return refuse(request.scope, 404, NOT_FOUND)
    length = {"content-length": str(selection.records * RECORD_SIZE)}  # an answer that breaks off is noticed
    return StreamingResponse(read_pages(service.database, selection), media_type=OCTETS, headers=length)


@router.get("/healthz")
async def healthz() -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def readyz(service: Served) -> Response:
    """503 and a word unless the database is at the right version, every call has its key, publishing goes on and no promise is late."""
    await service.database.read(require_head)
    for stored in await service.book.all():
        service.keys.signer(stored.call)
        try:
            await service.database.read(partial(inspect_promises, stored=stored))
        except PromiseBrokenError as error:
            return PlainTextResponse(f"{error.word}\n", 503)
    if service.health.publishing:
        return PlainTextResponse(f"{service.health.publishing}\n", 503)
    return PlainTextResponse("ok\n")


def content_length(request: Request) -> int | None:
    """What the client says its body has; None when it does not say."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


async def short_body(request: Request, limit: int, *, receiving: Receiving, call_id: str) -> bytes:
    """A body of at most `limit` bytes. Raises SizeError for a longer one, BusyError where there is no place or it stops coming."""
    read = b""
    async with receiving.place(call_id, Kind.PLAIN) as body:
        async for piece in body.pieces(request.stream()):
            read += piece
            if len(read) > limit:
                raise SizeError("This is longer than it can be.")
    return read


async def _received(call_id: str, service: Service) -> Received | None:
    await service.book.find(call_id)
    return await service.database.read(partial(read_received, call_id=call_id))


async def _checkpoint(call_id: str, size: int | None, request: Request, service: Served) -> Response:
    await service.book.find(call_id)
    note = await service.database.read(partial(checkpoint, call_id=call_id, size=size))
    if note is None:
        return refuse(request.scope, 404, NOT_FOUND)
    return PlainTextResponse(note)
