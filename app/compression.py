"""Gzip for what GET answers to people: pages and their files. Never what answers a POST: that holds typed text beside a receipt which stays
the same (BREACH). The form that GET answers holds a receipt too, but a fresh one each time, and nothing that came with the request."""

import gzip

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from form.assets import Asset

GZIP = "gzip"
LEVEL = 6
_VARY = {"vary": "Accept-Encoding"}
_PACKED = {**_VARY, "content-encoding": GZIP}


def accepts_gzip(request: Request) -> bool:
    """Whether the client takes gzip: it is named, or `*` is and gzip is not; a weight of zero means no (RFC 9110, 12.5.3)."""
    weights = dict(_weight(part) for part in request.headers.get("accept-encoding", "")[:1000].lower().split(","))
    return weights.get(GZIP, weights.get("x-gzip", weights.get("*", 0.0))) > 0


def page_for(request: Request, page: str) -> Response:
    """A page that answers GET and holds nothing of the request, compressed where the client takes it. Raises ValueError after a POST."""
    if request.method != "GET":
        raise ValueError("What answers a POST is never compressed.")
    if not accepts_gzip(request):
        return HTMLResponse(page, headers=_VARY)
    return HTMLResponse(gzip.compress(page.encode(), LEVEL, mtime=0), headers=_PACKED)


def asset_for(request: Request, found: Asset) -> Response:
    """A file of the pages, compressed where that saves something and the client takes it."""
    if found.gzipped is None:
        return Response(found.content, media_type=found.media_type)
    if not accepts_gzip(request):
        return Response(found.content, media_type=found.media_type, headers=_VARY)
    return Response(found.gzipped, media_type=found.media_type, headers=_PACKED)


def _weight(part: str) -> tuple[str, float]:
    """A coding and how much it is wanted; what cannot be read as a weight counts as zero."""
    name, *parameters = (piece.strip() for piece in part.split(";"))
    given = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
    digits = given.replace(".", "", 1)
    return name, float(given) if digits.isascii() and digits.isdigit() else 0.0
