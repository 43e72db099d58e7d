"""The pages as HTML: no script or style of their own, nothing typed that is not escaped, everything said in the reader's language."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from crypto.notes import SignerKey
from crypto.opening import Identity
from form.catalogue import Catalogue
from form.moments import opening_moments
from form.page import STANDINGS, done_page, file_room, form_page, index_page, message_page, receipt_page, shut_page
from questionnaire.answers import read_fields
from questionnaire.errors import ConsentError, Problem
from questionnaire.fields import field_names
from questionnaire.models import load_call
from tests.form.invented import call_bytes

if TYPE_CHECKING:
    from questionnaire.models import Call

RECEIPT = "12345678901234567890123456789012"
HASH = hashlib.sha256(b"call").hexdigest()
HOSTILE = """</textarea><script>alert(1)</script><img src=x onerror=alert(2)>"'&\u202e"""
VOID = {"meta", "link", "input", "br", "img"}


class Elements(HTMLParser):
    """Every element with its attributes; unbalanced ones are a mistake."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value or "" for _, attributes in self.found if (value := attributes.get(name)) is not None]


def pages(call: Call, lang: str) -> dict[str, str]:
    posted = {"q-what": [HOSTILE], "q-when-year": ["24"], "q-incident": ["TD1"], "q-country": ["TH"], "consent": ["C2"], "audience": ["eu"]}
    problems = (Problem("when", "year-four-digits"), Problem("", "bad-option"))
    return {
        "form": form_page(call, HASH, lang, receipt=RECEIPT),
        "mended": form_page(call, HASH, lang, receipt=RECEIPT, fields=posted, problems=problems, refusal="answers"),
        "closed": form_page(call, HASH, lang, receipt=RECEIPT, refusal="closed", onion_url="http://abc.onion"),
        "index": index_page([call], lang),
        "done": done_page(call, lang, receipt=RECEIPT, promise="promise\n"),
        "look": receipt_page(call, lang, outcome=None),
        "found": receipt_page(call, lang, outcome="published", receipt=RECEIPT),
        "mistyped": receipt_page(call, lang, outcome=None, refusal="receipt"),
        "message": message_page(lang, "full", call=call),
        "nowhere": message_page(lang, "wrong-call"),
    }


@pytest.mark.parametrize("lang", ["km", "en"])
def test_pages_have_no_script_of_their_own(call: Call, lang: str) -> None:
    for name, page in pages(call, lang).items():
        for tag, attributes in Elements(page).found:
            assert tag != "style", name
            assert not [key for key in attributes if key.startswith("on") or key == "style"], (name, tag)
            if tag == "script":
                assert (attributes["src"] or "").startswith("/static/form.")
                assert (attributes["integrity"] or "").startswith("sha384-")
        assert "javascript:" not in page


@pytest.mark.parametrize("lang", ["km", "en"])
def test_pages_are_whole_documents(call: Call, lang: str) -> None:
    for name, page in pages(call, lang).items():
        elements = Elements(page)
        ids = elements.values("id")
        assert len(ids) == len(set(ids)), (name, sorted(value for value in ids if ids.count(value) > 1))
        for attribute in ("for", "aria-describedby", "aria-labelledby"):
            pointed = {value for text in elements.values(attribute) for value in text.split()}
            assert pointed <= set(ids), (name, attribute, pointed - set(ids))
        assert [attributes["lang"] for tag, attributes in elements.found if tag == "html"] == [lang]
        assert sum(tag == "h1" for tag, _ in elements.found) == (3 if "report" in ids else 1)


@pytest.mark.parametrize("lang", ["km", "en"])
def test_titles_say_nothing(call: Call, lang: str) -> None:
    say = Catalogue(lang)
    for page in pages(call, lang).values():
        (title,) = re.findall(r"<title>(.*?)</title>", page)
        assert title in {say("page.title"), say("problem.title"), say("message.title"), say("arrived.title")}


def test_what_was_typed_is_escaped(call: Call) -> None:
    page = pages(call, "en")["mended"]
    assert "<img src=x" not in page
    assert "\n&lt;/textarea&gt;&lt;script&gt;" in page
    assert sum(tag == "script" for tag, _ in Elements(page).found) == 1


def test_what_was_typed_is_given_back(call: Call) -> None:
    found = Elements(pages(call, "km")["mended"]).found
    ticked = {attributes["id"] for _, attributes in found if "checked" in attributes}
    assert ticked == {"q-incident-TD1", "consent-C2", "audience-eu"}
    assert [attributes["value"] for tag, attributes in found if tag == "option" and "selected" in attributes] == ["TH"]
    assert [attributes["value"] for _, attributes in found if attributes.get("name") == "q-when-year"] == ["24"]


def test_mended_page_leads_to_the_field(call: Call) -> None:
    page = pages(call, "en")["mended"]
    assert 'href="#q-when-year"' in page
    assert page.count(Catalogue("en")("problem.year-four-digits")) == 3  # in the summary, beside the field, and among the script's texts
    assert Catalogue("en")("plain.files-again") in page
    assert Catalogue("en")("plain.files-again") not in pages(call, "en")["form"]


def test_files_that_do_not_fit_are_told_at_the_field(call: Call) -> None:
    """Unless the form broke off before its last field: then it may be the words that are too long."""
    say = Catalogue("en")
    whole = form_page(call, HASH, "en", receipt=RECEIPT, fields={"q-what": ["x"], "receipt": [RECEIPT]}, refusal="too-large")
    assert 'href="#q-evidence"' in whole
    assert whole.count(say("problem.too-large")) == 3  # in the summary, beside the field, and among the script's texts
    broken_off = form_page(call, HASH, "en", receipt=RECEIPT, fields={"q-what": ["x"]}, refusal="too-large")
    assert broken_off.count(say("problem.too-large")) == 1
    assert broken_off.count(say("refusal.too-large")) == 2


def test_every_field_has_its_names(call: Call) -> None:
    names = set(Elements(pages(call, "km")["form"]).values("name"))
    expected = {name for question in call.questions for name in field_names(question)} | {"consent", "audience", "contact", "receipt"}
    assert expected <= names


def test_the_empty_form_lacks_only_consent(call: Call) -> None:
    with pytest.raises(ConsentError) as refused:
        read_fields(call, {}, {})
    assert refused.value.problems == (Problem("consent", "required"),)
    page = form_page(call, HASH, "en", receipt=RECEIPT, problems=refused.value.problems)
    assert 'href="#consent-C0"' in page


def test_nothing_is_filled_in_by_the_browser(call: Call) -> None:
    for page in pages(call, "en").values():
        for tag, attributes in Elements(page).found:
            typed = tag in {"textarea", "select"} or (tag == "input" and attributes.get("type") != "hidden")
            if typed or tag == "form":
                assert attributes.get("autocomplete") == "off", attributes
            if tag == "textarea" or (tag == "input" and "dir" in attributes):
                assert attributes["spellcheck"] == "false", "a spelling service would be told every word"


def test_the_receipt_is_for_plain_forms_only(call: Call) -> None:
    page = pages(call, "en")["form"]
    outside = re.sub(r"<noscript>.*?</noscript>", "", page, flags=re.DOTALL)
    assert RECEIPT in page
    assert RECEIPT not in outside
    assert RECEIPT[:4] not in outside.replace(HASH, "")
    assert RECEIPT not in form_page(call, HASH, "en", receipt=RECEIPT, unscripted=False)


def test_the_first_send_button_is_disabled(call: Call) -> None:
    """Enter presses a form's first button: while the script is not there, that must do nothing."""
    elements = Elements(pages(call, "en")["form"]).found
    first = next(attributes for tag, attributes in elements if tag == "button" and attributes.get("type") == "submit")
    assert "disabled" in first
    assert first["data-do"] == "send"


def test_honesty_comes_before_the_first_field(call: Call) -> None:
    for lang in ("km", "en"):
        page, say = pages(call, lang)["form"], Catalogue(lang)
        places = [page.index(say(key)) for key in ("form.brief", "honest.sealed", "honest.seen", "honest.server", "honest.people")]
        assert places == sorted(places)
        assert places[-1] < page.index("data-question")


def test_honesty_is_four_sentences() -> None:
    for lang, stop in (("km", "។"), ("en", ".")):
        say = Catalogue(lang)
        for keys in (("honest.sealed", "honest.plain"), ("honest.seen",), ("honest.server",), ("honest.people",), ("offline.seen",)):
            for key in keys:
                assert say(key).count(stop) == 1, key
                assert say(key).endswith(stop), key


def test_languages_lead_to_each_other(call: Call) -> None:
    page = pages(call, "km")["form"]
    assert '<a href="/en/calls/invented" lang="en" hreflang="en" data-language="en">English</a>' in page
    assert 'aria-current="true" lang="km">ភាសាខ្មែរ</span>' in page


def test_conditions_are_said_in_plain_words(call: Call) -> None:
    page = pages(call, "en")["form"]
    assert "Only if you chose “No, nobody” at “Did you tell an authority about it?”." in page
    assert 'data-show-if="{&#34;is&#34;:{&#34;reported&#34;:&#34;nobody&#34;}}"' in page


def test_demonstrations_say_so(call: Call) -> None:
    data = call_bytes([str(Identity.generate().recipient)], str(SignerKey.generate("intake.example/invented").vkey), demo=True, batch_min=1)
    demo = load_call(data)
    for name, page in pages(demo, "km").items():
        if name != "nowhere":
            assert Catalogue("km")("demo.title") in page, name
    assert all(Catalogue("km")("demo.title") not in page for page in pages(call, "km").values())


def test_every_standing_can_be_shown(call: Call) -> None:
    for standing in STANDINGS:
        page = receipt_page(call, "en", outcome=standing, receipt=RECEIPT)
        assert Catalogue("en")(f"standing.{standing}") in page
        assert ('name="action" value="withdraw"' in page) == (standing in ("pending", "published"))
    assert f'<p class="lead">{Catalogue("en")("standing.listed")}</p>' in receipt_page(call, "en", outcome="published")
    many = receipt_page(call, "km", outcome=None, receipt=RECEIPT, standings={0: "published", 3: "withdrawn"})
    assert Catalogue("km")("standing.addition", n="៣") in many


def test_unknown_words_still_get_a_sentence() -> None:
    assert Catalogue("km")("refusal.other") in message_page("km", "no-such-word")


def test_an_empty_index_says_so() -> None:
    assert Catalogue("km")("index.empty") in index_page([], "km")


def test_room_for_files_is_what_fits(call: Call) -> None:
    assert file_room(call) == 2**24 - 2**20 - 1536
    assert "15.7 MB" in pages(call, "en")["form"]
    assert "១៥.៧ មេកាបៃ" in pages(call, "km")["form"]


@pytest.mark.parametrize("lang", ["km", "en"])
def test_offline_form_is_named_by_its_hash(call: Call, lang: str) -> None:
    say, digest = Catalogue(lang), hashlib.sha256(b"form.html").hexdigest()
    without = form_page(call, HASH, lang, receipt=RECEIPT)
    page = form_page(call, HASH, lang, receipt=RECEIPT, offline_sha256=digest)
    assert digest in page.replace(" ", "")
    for shown in (say("offline.title"), say("check.form"), 'href="/calls/invented/form.html" download="form.html"'):
        assert shown in page
        assert shown not in without


@pytest.mark.parametrize("lang", ["km", "en"])
def test_sealed_files_can_be_handed_in(call: Call, lang: str) -> None:
    """With and without scripts, and also where the plain form itself is refused."""
    for page in (form_page(call, HASH, lang, receipt=RECEIPT), form_page(call, HASH, lang, receipt=RECEIPT, unscripted=False)):
        assert re.search(
            rf'<form method="post" action="/{lang}/calls/invented/reports" enctype="multipart/form-data"[^>]*>.*?'
            r'<input type="file" id="sealed" name="sealed" required autocomplete="off">',
            page,
            re.DOTALL,
        )


@pytest.mark.parametrize("lang", ["km", "en"])
def test_a_shut_call_has_no_form(call: Call, lang: str) -> None:
    say = Catalogue(lang)
    for word, said in (("closed", "shut.receipt"), ("not-open", "shut.opens")):
        page = shut_page(call, lang, word)
        assert say(f"shut.{word}") in page
        assert say(said) in page
        assert "<form" not in page
    assert opening_moments(call, say)[0].text in shut_page(call, lang, "not-open")
