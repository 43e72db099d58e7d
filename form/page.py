"""Every page a submitter sees, as a pure function from a call and a language to HTML.

No page holds a script, a style or an event handler of its own (threats.md, Headers). Titles say "Form" and nothing more, because titles
stay in histories and on tabs. What somebody typed stands in a page only when the plain form is given back to be mended.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from form.assets import Asset, asset, asset_names, source_asset
from form.catalogue import LANGUAGES, Catalogue
from form.fields import Field, MendedProblem, read_consent
from form.moments import deadline_moments, opening_moments
from questionnaire.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from questionnaire.models import Call

__all__ = [
    "LANGUAGES",
    "STANDINGS",
    "Asset",
    "asset",
    "asset_names",
    "done_page",
    "form_page",
    "index_page",
    "message_page",
    "receipt_page",
    "shut_page",
]

TEMPLATES = Path(__file__).parent / "templates"

STANDINGS = ("pending", "published", "withdrawn", "destroyed")
"""Where a report stands, as receipt_page says it."""

_FORM_TEXTS = (
    "problem.",
    "message.title",
    "refusal.",
    "files.",
    "moment",
    "month.",
    "weekday.",
    "part.",
    "half.",
    "step.",
    "arrived.title",
    "arrived.added",
    "sending.title",
    "stuck.title",
    "saved.file",
    "language.failed",
    "part",
    "next",
    "review.",
)
_RECEIPT_TEXTS = (
    "problem.",
    "look.offline",
    "message.title",
    "refusal.",
    "standing.",
    "withdraw.",
    "held.",
    "reply.",
    "kept.",
    "add.",
    "moment",
    "month.",
    "weekday.",
    "part.",
    "half.",
    "language.failed",
)
_MOST_WORDS_K = 20
_FEWEST_GROUPS = 3
"""A form of fewer groups of questions is one page: turning pages would only be in the way."""

_RECEIPT = "receipt"
"""The last field of the plain form."""

_ADDITION = frozenset({_RECEIPT, "addition"})
"""Where scripts are off, the receipt page posts these two fields alone to be given the form for an addition."""


def index_page(calls: Sequence[Call], lang: str) -> str:
    """Every call, with its title in each of its languages and its deadline where it is told first."""
    say = Catalogue(lang)
    entries = []
    for call in calls:
        tag = _spoken(call, lang)
        others = [(other, call.text(call.title, other)) for other in call.languages if other != tag]
        entries.append(
            {"call": call, "tag": tag, "title": call.text(call.title, tag), "others": others, "moment": deadline_moments(call, say)[0]}
        )
    languages = [(tag, Catalogue(tag)("language.name"), f"/?lang={tag}") for tag in LANGUAGES]
    return render("index.html", say, languages=languages, entries=entries, scripted=True)


def form_page(  # noqa: PLR0913 - each is a fact the page shows
    call: Call,
    call_sha256: str,
    lang: str,
    *,
    receipt: str,
    unscripted: bool = True,
    onion_url: str | None = None,
    fields: Mapping[str, Sequence[str]] | None = None,
    problems: Sequence[Problem] = (),
    refusal: str | None = None,
    offline_sha256: str | None = None,
) -> str:
    """The form, empty, or with what was typed into the plain form, what is to be mended and why it was refused.

    `call_sha256` is hex; `receipt` is 32 digits, shown and sent along only where scripts are off. `unscripted` says whether the plain form
    is taken at all. `fields` are the posted values by field name (questionnaire.fields); `refusal` is a word of format.md section 12.
    `offline_sha256` is the hex SHA-256 of form.html where the call has one.
    """
    return draw_form(
        "form.html",
        Catalogue(lang),
        call,
        call_sha256,
        receipt=receipt,
        posted=fields or {},
        problems=problems,
        refusal=refusal,
        unscripted=unscripted,
        onion_url=onion_url,
        offline_sha256=offline_sha256,
        offline_sha256_groups=_groups(offline_sha256 or "", 8),
    )


def shut_page(call: Call, lang: str, shut: str) -> str:
    """What stands in place of a form that takes nothing, so that nobody writes in vain. `shut` is `not-open` or `closed` (section 12)."""
    say = Catalogue(lang)
    return render(
        "shut.html", say, call=call, languages=_languages(call, ""), scripted=False, shut=shut, opening=opening_moments(call, say)
    )


def draw_form(  # noqa: PLR0913 - each is a fact the form shows
    template: str,
    say: Catalogue,
    call: Call,
    call_sha256: str,
    *,
    receipt: str,
    posted: Mapping[str, Sequence[str]],
    problems: Sequence[Problem] = (),
    refusal: str | None = None,
    **frame: Any,
) -> str:
    """The form in a template of its own: form.html, or offline_body.html that stands on it. `frame` is what else that template shows."""
    if posted.keys() == _ADDITION:
        problems = ()  # nothing was answered yet, so there is nothing to mend
    problems = problems or _too_large(call, posted, refusal)
    wrong = {problem.question: problem.code for problem in problems}
    drawn = [Field(call, question, say, posted, wrong.get(question.id, "")) for question in call.questions]
    sections = _sections(call, drawn, say.lang)
    return render(
        template,
        say,
        **{**_call_context(call, call_sha256, say), **frame},
        title=_title(say, problems, refusal),
        sections=sections,
        paged=len(sections) >= _FEWEST_GROUPS,
        addition="addition" in posted,
        consent=read_consent(say, posted, problems),
        problems=_mended(problems, drawn, say),
        refusal=_refused(refusal, problems, say),
        given_back=bool(posted.keys() - _ADDITION),
        receipt=receipt,
        receipt_groups=_groups(say.number(receipt), 4),
    )


def done_page(call: Call, lang: str, *, receipt: str, promise: str) -> str:
    """What the plain form answers when a report was taken: its receipt (32 digits) once more, and the signed promise.

    `receipt` is empty for a sealed report that was handed in as a file: only the device that sealed it knows the receipt.
    """
    say = Catalogue(lang)
    return render(
        "done.html",
        say,
        call=call,
        languages=(),
        kept_groups=_groups(say.number(receipt), 4),
        promise=promise,
        title=say("arrived.title"),
    )


def receipt_page(  # noqa: PLR0913 - each is a fact the page shows
    call: Call,
    lang: str,
    *,
    outcome: str | None,
    receipt: str | None = None,
    refusal: str | None = None,
    call_sha256: str = "",
    standings: Mapping[int, str] | None = None,
) -> str:
    """Where the reports of a receipt stand; with `outcome` None it only asks for the receipt.

    `outcome` is one of STANDINGS, for a receipt with one report; `standings` gives them for several, by n (0 the first, 1..99 additions).
    With `receipt` (32 digits) each report that is not withdrawn has a button: it posts `receipt`, `n` and `action` = `withdraw`; the form
    itself posts `receipt` and `action` = `check`. `refusal` is a word of format.md section 12.
    """
    say = Catalogue(lang)
    found = standings if standings is not None else ({} if outcome is None else {0: outcome})
    names = {n: say("standing.first") if n == 0 else say("standing.addition", n=say.number(n)) for n in found}
    mistyped = say("problem.receipt") if refusal == "receipt" else ""
    problems = [MendedProblem("receipt", say("receipt.title"), mistyped)] if mistyped else []
    return render(
        "receipt.html",
        say,
        call=call,
        call_sha256=call_sha256,
        languages=_languages(call, "/receipt"),
        scripted=True,
        found=[(n, names[n], standing) for n, standing in found.items()],
        receipt=receipt,
        receipt_sentence=mistyped,
        problems=problems,
        refusal="" if mistyped else _refused(refusal, (), say),
        script_texts=say.beginning(*_RECEIPT_TEXTS),
        title=_title(say, problems, refusal),
    )


def message_page(lang: str, refusal: str, *, call: Call | None = None, unread: bool = False) -> str:
    """A refusal (a word of format.md section 12) as a page of its own, with a way on.

    `unread` says that it answers a form of which nothing was read: the browser still has what was typed, and sends it when told to reload.
    """
    say = Catalogue(lang)
    title = say("message.title")
    return render("message.html", say, call=call, languages=(), refusal=_refused(refusal, (), say), title=title, unread=unread)


def file_room(call: Call) -> int:
    """Bytes that all files of a report may take: the largest class, less the tar's own and the words' (1 MiB, or a sixteenth)."""
    return int(2**call.max_k) - int(2 ** min(_MOST_WORDS_K, call.max_k - 4)) - 1536


def _call_context(call: Call, call_sha256: str, say: Catalogue) -> dict[str, Any]:
    """What the form says about its call, whoever fills it in."""
    return {
        "call": call,
        "call_sha256": call_sha256,
        "call_sha256_groups": _groups(call_sha256, 8),
        "languages": _languages(call, ""),
        "moments": deadline_moments(call, say),
        "last_minute": call.deadline - 60,
        "months": [(number, say(f"month.{number}")) for number in range(1, 13)],
        "room": say.number(f"{file_room(call) // 100_000 / 10:.1f}"),
        "room_bytes": file_room(call),
        "script_texts": say.beginning(*_FORM_TEXTS),
    }


def render(template: str, say: Catalogue, **context: Any) -> str:
    """A template filled in; autoescaped, and a place that nothing fills is an error."""
    frame = {"call": None, "scripted": True, "title": say("page.title"), "leave_address": say("leave.address")}
    return _environment().get_template(template).render({**frame, **context, "say": say, "lang": say.lang})


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(asset=source_asset, paragraphs=_paragraphs)
    return environment


def _spoken(call: Call, lang: str) -> str:
    return next((tag for tag in (lang, lang.split("-", maxsplit=1)[0]) if tag in call.languages), call.default_language)


def _languages(call: Call, page: str) -> list[tuple[str, str, str]]:
    """Tag, own name and address of the page in each language of the call."""
    return [(tag, Catalogue(tag)("language.name"), f"/{tag}/calls/{call.call}{page}") for tag in call.languages]


def _sections(call: Call, drawn: Sequence[Field], lang: str) -> list[dict[str, Any]]:
    """The questions under their headings; a heading stands on the first question it is for."""
    sections: list[dict[str, Any]] = []
    for question, field in zip(call.questions, drawn, strict=True):
        if question.section is not None or not sections:
            sections.append({"title": call.text(question.section, lang) if question.section else "", "fields": []})
        sections[-1]["fields"].append(field)
    return sections


def _mended(problems: Sequence[Problem], drawn: Sequence[Field], say: Catalogue) -> list[MendedProblem]:
    places = {field.id: (field.target, field.label) for field in drawn}
    places |= {"consent": ("consent-C0", say("consent.section")), "audience": ("f-audience", say("audience.legend"))}
    return [MendedProblem(*places.get(problem.question, ("", "")), say(f"problem.{problem.code}")) for problem in problems]


def _too_large(call: Call, posted: Mapping[str, Sequence[str]], refusal: str | None) -> Sequence[Problem]:
    """The files, where they are what does not fit: the receipt is the form's last field, so all that was typed did come."""
    if refusal != "too-large" or _RECEIPT not in posted:
        return ()
    return [Problem(question.id, "too-large") for question in call.questions if question.type == "files"][:1]


def _title(say: Catalogue, problems: Sequence[object], refusal: str | None) -> str:
    """The title of the tab: nothing but "Form", unless somebody who listens must know at once that something is wrong."""
    return say("problem.title" if problems else "message.title" if refusal else "page.title")


def _refused(refusal: str | None, problems: Sequence[Problem], say: Catalogue) -> str:
    """The sentence for a refusal; the lines of the summary say it when there are any."""
    return "" if refusal is None or problems else say.either(f"refusal.{refusal}", "refusal.other")


def _groups(digits: str, size: int) -> list[str]:
    return [digits[start : start + size] for start in range(0, len(digits), size)]


def _paragraphs(text: str) -> list[str]:
    return [paragraph for paragraph in text.split("\n") if paragraph.strip()]
