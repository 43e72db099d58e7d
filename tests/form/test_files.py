"""Files in a real browser: pictures lose what is hidden in them and no pixel; everything else is told plainly at its field."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.form.browsing import EN, KM, ONE_IS_ENOUGH, each, fill, form_at, opened, opened_report
from tests.form.walking import show, to_the_end

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, FilePayload, Page

    from tests.form.intake import Intake

pytestmark = pytest.mark.browser

SECRET = b"GPS 11.5564 N 104.9282 E, Phone of somebody"
MADE = """async (type) => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [61, 40];
  const context = canvas.getContext("2d");
  for (let x = 0; x < 61; x += 1) { context.fillStyle = `hsl(${x * 5} 80% 50%)`; context.fillRect(x, x % 7, 1, 40); }
  const bytes = new Uint8Array(await (await new Promise((made) => canvas.toBlob(made, type))).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""
PIXELS = """async ([content, type]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type }));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  return [picture.width, picture.height, ...context.getImageData(0, 0, picture.width, picture.height).data];
}"""


def taken_with_a_phone(page: Page, kind: str) -> bytes:
    """A picture the browser drew, with an orientation and a place hidden in it as phones do."""
    plain = base64.b64decode(page.evaluate(MADE, f"image/{kind}"))
    tiff = b"MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\x01\x0f\0\x02\0\0\0\x2b\0\0\0\x26\0\0\0\0" + SECRET
    if kind == "jpeg":
        inside = b"Exif\0\0" + tiff
        comment = b"\xff\xfe" + (len(SECRET) + 2).to_bytes(2) + SECRET
        return plain[:2] + b"\xff\xe1" + (len(inside) + 2).to_bytes(2) + inside + comment + plain[2:] + SECRET
    chunks = b"".join(
        len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)
        for name, content in ((b"eXIf", tiff), (b"tEXt", b"Comment\0" + SECRET))
    )
    return plain[:33] + chunks + plain[33:] + SECRET


def chosen(name: str, content: bytes, kind: str = "image/jpeg") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


def choose(page: Page, *files: FilePayload) -> None:
    show(page, "#q-evidence")
    page.set_input_files("#q-evidence", list(files))


def send(page: Page) -> None:
    to_the_end(page)
    page.click("[data-do=send]")
    expect(page.locator("#receipt")).to_be_visible()


def sealed_files(intake: Intake) -> list[bytes]:
    return [bytes(file) for file in opened_report(intake, intake.posts[-1]).files]


@each("kind", ("chromium", "jpeg"), ("chromium", "png"), ("firefox", "jpeg"))
def test_pictures_lose_only_what_is_hidden(browser: Browser, intake: Intake, kind: str) -> None:
    with opened(browser, form_at(intake)) as page:
        picture = taken_with_a_phone(page, kind)
        fill(page)
        choose(page, chosen(f"photo.{kind}", picture, f"image/{kind}"))
        expect(page.locator(".files .hint").last).to_have_text(EN("files.cleaned"))
        expect(page.locator(".files img")).to_be_visible()
        assert page.locator(".files img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 40  # turned upright
        send(page)
        (clean,) = sealed_files(intake)
        before, after = (page.evaluate(PIXELS, [base64.b64encode(one).decode(), f"image/{kind}"]) for one in (picture, clean))
    assert before == after
    assert before[:2] == [40, 61]
    assert SECRET in picture
    assert SECRET not in clean


def test_the_original_is_kept_when_asked(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        picture = taken_with_a_phone(page, "jpeg")
        fill(page)
        choose(page, chosen("evidence.jpg", picture))
        page.get_by_label(EN("files.keep")).check()
        expect(page.locator(".files .hint").last).to_have_text(EN("files.original"))
        expect(page.get_by_label(EN("files.keep"))).to_be_focused()
        page.click("a[data-language=km]")
        expect(page.get_by_label(KM("files.keep"))).to_be_checked()
        send(page)
    assert sealed_files(intake) == [picture]


def test_other_files_are_warned_of(browser: Browser, intake: Intake) -> None:
    letter, lookalike = chosen("letter.pdf", b"%PDF-1.7 " + SECRET, "application/pdf"), chosen("broken.jpg", b"\xff\xd8\xff\xe0broken")
    with opened(browser, form_at(intake)) as page:
        fill(page)
        choose(page, letter, lookalike)
        expect(page.get_by_text(EN("files.other"))).to_have_count(2)
        expect(page.locator(".files img")).to_have_count(0)
        page.get_by_role("button", name=f"{EN('files.describe')}: letter.pdf").click()
        expect(page.locator("#q-what")).to_be_focused()
        show(page, "#q-evidence")
        expect(page.locator(".files bdi")).to_have_text(["broken.jpg"])
        send(page)
    assert sealed_files(intake) == [lookalike["buffer"]]


def test_an_empty_file_is_told_at_the_field(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake, "km")) as page:
        fill(page)
        choose(page, chosen("a.txt", b"a", "text/plain"), chosen("empty.png", b""))
        expect(page.locator("#f-evidence [data-error]")).to_contain_text(KM("problem.file-empty", name="empty.png"))
        assert "e-evidence" in (page.locator("#q-evidence").get_attribute("aria-describedby") or "")
        expect(page.locator(".files bdi")).to_have_text(["a.txt"])
        send(page)
    assert sealed_files(intake) == [b"a"]


@ONE_IS_ENOUGH
def test_a_hundred_files_lose_nothing(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        fill(page)
        choose(page, *(chosen(f"{number}.txt", b"x", "text/plain") for number in range(100)))
        expect(page.locator("#f-evidence [data-error]")).to_contain_text(EN("problem.too-many-files"))
        expect(page.locator(".files li")).to_have_count(100)
        page.click("[data-do=next]")
        expect(page.locator("#problems")).to_be_focused()
        page.locator(".files li > button").first.click()
        expect(page.locator("#f-evidence [data-error]")).to_have_count(0)
        send(page)
    assert len(sealed_files(intake)) == 99


def test_a_vanished_file_is_told_at_the_field(browser: Browser, intake: Intake, tmp_path: Path) -> None:
    kept, gone = tmp_path / "kept.txt", tmp_path / "gone.txt"
    kept.write_bytes(b"kept")
    gone.write_bytes(b"gone" * 1000)
    with opened(browser, form_at(intake)) as page:
        fill(page)
        show(page, "#q-evidence")
        page.set_input_files("#q-evidence", [kept, gone])
        expect(page.locator(".files li")).to_have_count(2)
        gone.unlink()
        to_the_end(page)
        page.click("[data-do=send]")
        expect(page.locator("#problems")).to_contain_text(EN("problem.file-unreadable", name="gone.txt"))
        assert intake.posts == []
        page.click("#problems a")
        page.get_by_role("button", name="Take off: gone.txt").click()
        send(page)
    assert sealed_files(intake) == [b"kept"]


@ONE_IS_ENOUGH
def test_a_file_that_cannot_be_read_is_told(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        show(page, "#q-evidence")
        page.evaluate("() => { File.prototype.arrayBuffer = () => Promise.reject(new DOMException('gone', 'NotFoundError')); }")
        page.set_input_files("#q-evidence", [chosen("card.jpg", b"\xff\xd8")])
        expect(page.locator("#f-evidence [data-error]")).to_contain_text(EN("problem.file-unreadable", name="card.jpg"))


@ONE_IS_ENOUGH
def test_the_room_is_shown_as_it_fills(browser: Browser, intake: Intake) -> None:
    with opened(browser, form_at(intake)) as page:
        show(page, "#q-evidence")
        expect(page.locator("[data-used]")).to_be_hidden()
        choose(page, chosen("a.bin", bytes(8_000_000), "application/octet-stream"))
        expect(page.locator("[data-used] p")).to_have_text(EN("files.used", used="8.1", room="15.7"))
        assert 0.4 < page.locator("[data-used] progress").evaluate("bar => bar.value") < 0.6
        choose(page, chosen("b.bin", bytes(8_000_000), "application/octet-stream"))
        expect(page.locator("[data-used] p")).to_have_text(EN("files.over", used="16.1", room="15.7"))
        expect(page.locator("#f-evidence [data-error]")).to_contain_text(EN("problem.too-large"))


@ONE_IS_ENOUGH
def test_hostile_names_stay_words(browser: Browser, intake: Intake) -> None:
    name = '"><img src=x onerror=alert(1)>\u202egpj.exe'
    with opened(browser, form_at(intake)) as page:
        fill(page)
        choose(page, chosen(name, b"x", "text/plain"))
        to_the_end(page)
        expect(page.locator("#review")).to_contain_text("[U+202E]gpj.exe")
        expect(page.locator("main img")).to_have_count(0)
        send(page)
    assert opened_report(intake, intake.posts[0]).report.files[0].name == name
