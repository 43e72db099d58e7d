"""Routes that people read: pages, the plain form and the receipt (interfaces.md, "HTTP"). No cookie, nothing that needs JavaScript."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse

from app.arrival import began
from app.calls import StoredCall
from app.compression import asset_for, page_for
from app.errors import (
    AppError,
    BusyError,
    ClosedError,
    LengthError,
    NotOpenError,
    OperatorError,
    OverloadedError,
    UnknownCallError,
    UnknownReportError,
)
from app.gathering import FormGatherer, GatheredForm, boundary_of, gather
from app.headers import LEAVE_PATH
from app.machine_routes import content_length, short_body
from app.metrics import ACCEPTED, TAKEN_BACK
from app.receipts import standings, withdraw
from app.receiving import Kind
from app.refusals import NOT_FOUND, note_trouble, refuse, retry_headers, status_of, word_of
from app.service import Served, Service
from app.submissions import promise_report, take_sealed
from app.unscripted import RECEIPT_FIELD, SEALED_FIELD, Accepted, sealed_file, take_plain, wants_file
from app.uploads import sealed_in_memory
from crypto.errors import CryptoError, ReceiptError
from crypto.receipts import Receipt
from form.errors import UnknownAssetError
from form.page import LANGUAGES, asset, done_page, form_page, index_page, receipt_page, shut_page
from questionnaire.errors import Problem, SubmissionError
from questionnaire.models import Call

RECEIPT_FORM_BYTES = 16 << 10
SHORT_FORM = 32 << 10
"""Forms without files; so many fit into the places there are for bodies that no memory has to be waited for."""

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody reads the pages of one call in one language."""

    service: Service
    stored: StoredCall
    lang: str

    @property
    def unscripted(self) -> bool:
        """Whether the form may be sent without JavaScript."""
        return self.service.settings.unscripted == "seal"

    def form(self) -> str:
        """The empty form, with a fresh receipt."""
        return self._page(Receipt.generate())

    def form_again(self, fields: Mapping[str, Sequence[str]], error: AppError | CryptoError | SubmissionError) -> HTMLResponse:
        """The form with what was typed and why it was refused; its receipt stays, because it may have been written down already."""
        self.service.figures.count(word_of(error))
        problems = error.problems if isinstance(error, SubmissionError) else ()
        page = self._page(_receipt_of(fields), fields, problems, None if problems else word_of(error))
        return HTMLResponse(page, status_of(error), retry_headers(error))

    def _page(
        self,
        receipt: Receipt,
        fields: Mapping[str, Sequence[str]] | None = None,
        problems: Sequence[Problem] = (),
        refusal: str | None = None,
    ) -> str:
        onion = self.service.settings.onion_url
        return form_page(
            self.stored.call,
            self.stored.sha256.hex(),
            self.lang,
            receipt=receipt.code,
            unscripted=self.unscripted,
            onion_url=f"{onion.rstrip('/')}/{self.lang}/calls/{self.stored.call.call}" if onion else None,
            fields=fields,
            problems=problems,
            refusal=refusal,
            offline_sha256=self.stored.form_sha256,
        )


async def visit_of(lang: Annotated[str, Path(max_length=40)], call_id: str, service: Served) -> Visit:
    """The call and the language of a path. Raises UnknownCallError."""
    stored = await service.book.find(call_id)
    if lang not in stored.call.languages:
        raise UnknownCallError("This call is not told in this language.")
    return Visit(service, stored, lang)


Visited = Annotated[Visit, Depends(visit_of)]


@router.get("/")
async def index(request: Request, service: Served) -> Response:
    """Every call, in the language asked for."""
    chosen = request.query_params.get("lang") or preferred_language(request.headers.get("accept-language", ""))
    lang = chosen if chosen in LANGUAGES else LANGUAGES[0]
    return page_for(request, index_page([stored.call for stored in await service.book.all()], lang))


@router.get("/static/{name}")
async def static(name: str, request: Request) -> Response:
    """A file of the pages; its name changes with its content."""
    try:
        found = asset(name)
    except UnknownAssetError:
        return refuse(request.scope, HTTPStatus.NOT_FOUND, NOT_FOUND)
    return asset_for(request, found)


@router.get(LEAVE_PATH)
async def leave() -> Response:
    """Nothing; on https with the order to forget this site (app.headers). A page asks for it as it is left."""
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/{lang}/calls/{call_id}")
async def show_form(request: Request, visit: Visited) -> Response:
    """The empty form, with a receipt made for those who send it without JavaScript; before and after its time, that it takes nothing."""
    shut = shut_at(visit.stored.call, time.time())
    return page_for(request, visit.form() if shut is None else shut_page(visit.stored.call, visit.lang, shut))


@router.post("/{lang}/calls/{call_id}/reports")
async def submit_form(request: Request, visit: Visited) -> Response:
    """Take the plain form, or a sealed report as a file in it; a refusal gives the form back with what was typed."""
    limit = max(visit.stored.body_sizes)
    gatherer = _gatherer(visit, boundary_of(request.headers.get("content-type")), limit)
    try:
        async with visit.service.receiving.place(visit.stored.call.call, Kind.PLAIN) as body, AsyncExitStack() as held:
            refusal = await _room_for_files(visit.service, held, min(content_length(request) or limit, limit))
            gatherer.form.overflowed = refusal is not None
            form = await gather(gatherer, body.pieces(request.stream()), limit=limit)
            return visit.form_again(form.fields, refusal) if refusal else await _take_form(visit, form, arrived=began(request))
    except (OverloadedError, LengthError) as error:
        if not gatherer.form.fields:
            raise
        return visit.form_again(gatherer.form.fields, error)
    finally:
        gatherer.form.wipe()


@router.get("/{lang}/calls/{call_id}/receipt")
async def show_receipt_form(request: Request, visit: Visited) -> Response:
    """The page that asks for a receipt."""
    return page_for(request, receipt_page(visit.stored.call, visit.lang, outcome=None, call_sha256=visit.stored.sha256.hex()))


@router.post("/{lang}/calls/{call_id}/receipt")
async def use_receipt(request: Request, visit: Visited) -> Response:
    """Say where the reports of a receipt stand, or withdraw one of them."""
    body = await short_body(request, RECEIPT_FORM_BYTES, receiving=visit.service.receiving, call_id=visit.stored.call.call)
    return await _use_receipt(visit, _fields_of(body))


def shut_at(call: Call, now: float) -> str | None:
    """Why a form that is opened at this instant (unix seconds) could not be sent: `not-open`, `closed`, or None."""
    if now < call.opens:
        return NotOpenError.word
    return ClosedError.word if now >= call.deadline else None


def preferred_language(accept_language: str) -> str:
    """The first language of an Accept-Language header that we speak; the first of ours when there is none."""
    wanted = (part.partition(";")[0].strip().lower().partition("-")[0] for part in accept_language[:200].split(","))
    return next((tag for tag in wanted if tag in LANGUAGES), LANGUAGES[0])


async def _room_for_files(service: Service, held: AsyncExitStack, announced: int) -> BusyError | None:
    """Wait for memory for a form with files, until `held` ends; the refusal when there is none. Short forms need none.

    A form for whose files there is no memory is read all the same, without them, so that what was typed goes back with the refusal. Raises
    BusyError when too many of those are being read already.
    """
    if announced <= SHORT_FORM:
        return None
    try:
        await held.enter_async_context(service.plain.enter(announced))
    except BusyError as error:
        await held.enter_async_context(service.refused.enter())
        return error
    return None


def _gatherer(visit: Visit, boundary: bytes, limit: int) -> FormGatherer:
    """Where the plain form is refused, no more than a sealed file is ever kept of what comes."""
    wanted = partial(wants_file, visit.stored.call) if visit.unscripted else SEALED_FIELD.__eq__
    return FormGatherer(boundary, limit, wants_field=lambda _name: visit.unscripted, wants_file=wanted)


async def _take_form(visit: Visit, form: GatheredForm, *, arrived: float) -> Response:
    service, stored = visit.service, visit.stored
    try:
        signer = service.keys.signer(stored.call)
        sealed = sealed_file(form)
        if sealed is not None:
            report = sealed_in_memory(stored, sealed)
            taken = Accepted(report, await take_sealed(service.database, stored, report, began=arrived))
        elif visit.unscripted:
            taken = await take_plain(service.database, stored, form, lang=visit.lang, began=arrived)
        else:
            return HTMLResponse(visit.form(), HTTPStatus.FORBIDDEN)
    except (AppError, CryptoError, SubmissionError) as error:
        note_trouble(error)
        return visit.form_again(form.fields, error)
    service.figures.count(ACCEPTED)
    receipt = "" if sealed is not None else Receipt.parse(form.fields[RECEIPT_FIELD][0]).code
    promise = promise_report(stored, taken.report, taken.batch, signer).decode()
    return HTMLResponse(done_page(stored.call, visit.lang, receipt=receipt, promise=promise), HTTPStatus.CREATED)


def _receipt_of(fields: Mapping[str, Sequence[str]]) -> Receipt:
    """The receipt the form came with, or a fresh one: the person may have written it down already."""
    try:
        return Receipt.parse(next(iter(fields.get(RECEIPT_FIELD, ())), ""))
    except ReceiptError:
        return Receipt.generate()


async def _use_receipt(visit: Visit, posted: Mapping[str, Sequence[str]]) -> Response:
    service, stored = visit.service, visit.stored
    page = partial(receipt_page, stored.call, visit.lang, call_sha256=stored.sha256.hex())
    call_id = stored.call.call
    try:
        receipt = Receipt.parse(next(iter(posted.get(RECEIPT_FIELD, ())), ""))
        if posted.get("action") == ["withdraw"]:
            secret = receipt.withdraw(call_id, _number(posted))
            await service.database.write(partial(withdraw, stored=stored, secret=secret))
            service.publisher.ask_scrub()
            service.figures.count(TAKEN_BACK)
        found = await service.database.read(partial(standings, call_id=call_id, receipt=receipt))
        if not found:
            raise UnknownReportError("No report here belongs to this receipt.")
    except OperatorError:
        raise
    except (AppError, CryptoError) as error:
        return HTMLResponse(page(outcome=None, refusal=word_of(error)), status_of(error), retry_headers(error))
    first = next(iter(found.values()))
    return HTMLResponse(page(outcome=first.value, receipt=receipt.code, standings={n: standing.value for n, standing in found.items()}))


def _fields_of(body: bytes) -> dict[str, list[str]]:
    """The fields of a short urlencoded form; none when it is no such form."""
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
    except ValueError:
        return {}


def _number(posted: Mapping[str, Sequence[str]]) -> int:
    text = next(iter(posted.get("n", ())), "")
    if not (text.isascii() and text.isdigit() and len(text) <= 2):  # never guess which report somebody wants destroyed
        raise UnknownReportError("No report here has this number.")
    return int(text)
