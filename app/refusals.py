"""How a refusal becomes an answer: problem+json for machines, a page for people, and never a word of what was sent (threats.md)."""

import logging
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.errors import AppError, BusyError, FullError, OperatorError, OverloadedError, WorkError
from crypto.errors import CryptoError, TooLargeError
from form.page import LANGUAGES, message_page
from questionnaire.errors import QuestionnaireError, SubmissionError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MACHINE_PREFIXES = ("/calls/", "/healthz", "/readyz", "/openapi.json")
PROBLEM = "application/problem+json"
NOT_FOUND = "not-found"
BROKEN = "broken"

_log = logging.getLogger("saksei")
_WORDS = {404: NOT_FOUND, 405: NOT_FOUND, 400: "request", 413: "too-large", 422: "request"}


def status_of(error: Exception) -> int:
    """The HTTP status of a refusal."""
    if isinstance(error, OperatorError):
        return BusyError.status
    if isinstance(error, AppError):
        return error.status
    if isinstance(error, SubmissionError):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if isinstance(error, TooLargeError) else HTTPStatus.BAD_REQUEST


def word_of(error: AppError | CryptoError | QuestionnaireError) -> str:
    """The stable word of a refusal; what is wrong with the server itself is `busy` to those outside."""
    return BusyError.word if isinstance(error, OperatorError) else error.word


def retry_headers(error: Exception) -> dict[str, str]:
    """Retry-After, where trying again later helps."""
    if isinstance(error, OperatorError):
        return {"retry-after": str(BusyError.retry_after)}
    return {"retry-after": str(error.retry_after)} if isinstance(error, OverloadedError) else {}


def refuse(scope: "Scope", status: int, word: str, headers: Mapping[str, str] | None = None, **more: int) -> Response:
    """The answer to a request that cannot be served, in the form its sender reads; `more` are further members for machines.

    Who sent a form that was not even read is told how the browser sends it again: it still has what was typed.
    """
    path: str = scope["path"]
    if path.startswith(MACHINE_PREFIXES):
        problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": word, **more}
        return JSONResponse(problem, status, headers, media_type=PROBLEM)
    lang = path[1:].partition("/")[0]
    unread = scope.get("method") == "POST" and word in (BusyError.word, FullError.word)
    page = message_page(lang if lang in LANGUAGES else LANGUAGES[0], word, unread=unread)
    return HTMLResponse(page, status, headers)


async def on_refusal(request: Request, error: Exception) -> Response:
    """Answer one of our own errors."""
    if not isinstance(error, AppError | CryptoError | QuestionnaireError):
        raise error
    note_trouble(error)
    if request.method == "POST":
        request.app.state.service.figures.count(word_of(error))
    more = {"bits": error.bits, "batch": error.batch} if isinstance(error, WorkError) else {}
    return refuse(request.scope, status_of(error), word_of(error), retry_headers(error), **more)


def note_trouble(error: Exception) -> None:
    """Log what only an operator can mend."""
    if isinstance(error, OperatorError):
        _log.error("refused: %s", error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: no such route, another method (with those there are), a parameter that is none."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.UNPROCESSABLE_ENTITY
    headers = error.headers if isinstance(error, HTTPException) else None
    if headers and headers.get("Allow") == "GET":
        headers = {"Allow": "GET, HEAD"}  # app.heads
    return refuse(request.scope, status, _WORDS.get(status, BROKEN), headers)


async def on_disconnect(_request: Request, _error: Exception) -> Response:
    """Nobody is there to read this."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


def add_refusals(app: FastAPI) -> None:
    """Have every error of the application answered by this module."""
    for ours in (AppError, CryptoError, QuestionnaireError):
        app.add_exception_handler(ours, on_refusal)
    for theirs in (HTTPException, RequestValidationError):
        app.add_exception_handler(theirs, on_http_error)
    app.add_exception_handler(ClientDisconnect, on_disconnect)


class LastResortMiddleware:
    """Answers 500 where our own code failed, and logs where: file and line, never what was in hand."""

    def __init__(self, app: "ASGIApp") -> None:
        """Wrap `app`; nothing that fails inside reaches the server, whose log would show the message."""
        self._app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass the request on; see the class."""
        started = False

        async def noticed(message: "Message") -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        except Exception as error:  # the last resort
            _log.error("failed: %s at %s", type(error).__name__, place_of(error))  # a traceback would show values
            if scope["type"] == "http" and not started:
                await refuse(scope, HTTPStatus.INTERNAL_SERVER_ERROR, BROKEN)(scope, receive, send)


def place_of(error: BaseException) -> str:
    """File and line where an error came up, in the innermost frame of this package."""
    here = Path(__file__).parent
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if here in Path(frame.filename).parents]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "elsewhere"
