"""The offline form: one file that holds a whole call, seals on the device it is opened on, and never asks for anything over a network.

The reviewers make it (`saksei-reviewer call build`) and sign its SHA-256; the server only hands it out. It follows from the bytes of
call.json and this software alone: no clock, no chance, no setting has a part in it, so that anybody can make it again and compare.
Its own policy (threats.md, Headers) names the hash of everything in it that runs or styles. It never shows its own hash (format.md
section 1): a page that was exchanged would show that of what it was exchanged for.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from markupsafe import Markup

from form.assets import source_asset
from form.catalogue import Catalogue
from form.errors import BundleMissingError
from form.page import draw_form, render
from questionnaire.models import load_call

if TYPE_CHECKING:
    from questionnaire.models import Call

__all__ = ["BundleMissingError", "offline_form"]

LEAVE_ADDRESS = "about:blank"
"""Where `Leave now` leads: a page that no network is asked for."""

_SCRIPT_TEXTS = (
    "problem.",
    "message.title",
    "refusal.",
    "files.",
    "moment",
    "month.",
    "weekday.",
    "part",
    "next",
    "half.",
    "review.",
    "saved.file",
)


def offline_form(call_bytes: bytes) -> bytes:
    """form.html of a call, UTF-8: the same bytes for the same call.json and the same software, whenever and wherever it is made.

    Raises BundleMissingError when the browser's files were not built, and the errors of questionnaire.models.load_call.
    """
    call, call_sha256 = load_call(call_bytes), hashlib.sha256(call_bytes).hexdigest()
    script, style, plain_style = (source_asset(name).content.decode() for name in ("offline.js", "offline-style.css", "plain.css"))
    tags = dict.fromkeys((call.default_language, *call.languages))
    page = render(
        "offline.html",
        Catalogue(call.default_language),
        policy=content_policy(script, style, plain_style),
        script=_inside("script", script),
        style=_inside("style", style),
        plain_style=_inside("style", plain_style),
        bodies=[(tag, Catalogue(tag)("page.title"), Markup(_body(call, call_sha256, tag))) for tag in tags],  # noqa: S704 - drawn by jinja
    )
    return page.encode()


def content_policy(script: str, *styles: str) -> str:
    """The policy that stands in the file itself: this script, these styles, a worker, letters inside the file, and no network at all."""
    allowed_styles = " ".join(_hash(style) for style in styles)
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {allowed_styles}; font-src data:; img-src blob:; worker-src blob:; "
        "form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types saksei"
    )


def _body(call: Call, call_sha256: str, tag: str) -> str:
    say = Catalogue(tag)
    return draw_form(
        "offline_body.html",
        say,
        call,
        call_sha256,
        receipt="",
        posted={},
        unscripted=False,
        onion_url=None,
        leave_address=LEAVE_ADDRESS,
        languages=[(other, Catalogue(other)("language.name"), "#") for other in call.languages],
        refused_elsewhere=[(other, Catalogue(other)("plain.refused")) for other in call.languages if other != tag],
        script_texts=say.beginning(*_SCRIPT_TEXTS),
    ).strip()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inside(element: str, text: str) -> Markup:
    """Our own built text as the content of this element, which its hash in the policy is over: it must not end the element early.

    The other ways out (`<!--` before a `<script`) are closed too. Raises ValueError.
    """
    if f"</{element}" in text.lower() or "<!--" in text or "\r" in text or "\0" in text:
        raise ValueError(f"the built {element} cannot stand inside a page")
    return Markup(text)  # noqa: S704 - built by form/build.mjs, named by its hash in the policy
