"""The pages people read and the form they send without JavaScript: sealed in memory, forgotten, given back when refused."""

import asyncio
import html
import re
import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, Select, select, text

from app import models
from app.main import create_app
from app.people_routes import shut_at
from app.settings import Settings
from crypto.opening import OpenedReport
from crypto.receipts import Receipt
from form.catalogue import Catalogue
from tests.app.made import Intake, MadeCall, PublicCall
from tests.app.plain_forms import CANARY, written

pytestmark = pytest.mark.anyio


def all_of(chosen: Select[Any], connection: Connection) -> list[bytes]:
    return list(connection.execute(chosen).scalars())


async def opened_reports(intake: Intake, call: MadeCall) -> list[OpenedReport]:
    """Every pending report, opened with the key that the server does not have."""
    reports, parts = models.pending_reports, models.pending_envelopes
    rows = await intake.service.database.read(lambda c: c.execute(select(reports.c.digest, reports.c.handle)).all())
    opened = []
    for row in rows:
        chosen = select(parts.c.bytes).where(parts.c.digest == row.digest).order_by(parts.c.part)
        pieces = await intake.service.database.read(partial(all_of, chosen))
        opened.append(call.opened(b"".join(pieces), row.handle))
    return sorted(opened, key=lambda report: report.report.seq)


def promise_in(page: str) -> bytes:
    found = re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    assert found is not None
    return found[1].encode()


@pytest.fixture
def receipt() -> Receipt:
    return Receipt.generate()


async def test_form_in_both_languages(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    for lang in ("km", "en"):
        answer = await intake.client.get(f"/{lang}/calls/{asked.id}")
        assert answer.status_code == 200
        assert f'lang="{lang}"' in answer.text
        assert asked.stored.sha256.hex() in answer.text


async def test_each_form_has_its_receipt(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    pages = [(await intake.client.get(f"/en/calls/{asked.id}")).text for _ in range(3)]
    receipts = {re.search(r'name="receipt" value="(\d{32})"', page)[1] for page in pages}  # type: ignore[index]
    assert len(receipts) == 3
    assert all(Receipt.parse(code) for code in receipts)


@pytest.mark.parametrize("path", ["/fr/calls/asked", "/en/calls/unknown", "/en/calls/asked/nothing", "/en"])
async def test_other_paths_are_not_found(intake: Intake, asked: MadeCall, path: str) -> None:
    await intake.add(asked)
    assert (await intake.client.get(path)).status_code == 404


async def test_index_lists_calls(intake: Intake, asked: MadeCall, hasty: MadeCall) -> None:
    await intake.add(asked, hasty)
    answer = await intake.client.get("/?lang=en")
    assert f"/en/calls/{asked.id}" in answer.text
    assert f"/en/calls/{hasty.id}" in answer.text


@pytest.mark.parametrize(
    ("accept", "lang"), [("en-US,en;q=0.9", "en"), ("km", "km"), ("fr, en;q=0.5", "en"), ("", "km"), ("x" * 10_000, "km")]
)
async def test_index_in_a_known_language(intake: Intake, accept: str, lang: str) -> None:
    answer = await intake.client.get("/", headers={"accept-language": accept})
    assert f'<html lang="{lang}"' in answer.text


async def test_assets_are_served(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    page = (await intake.client.get(f"/en/calls/{asked.id}")).text
    names = set(re.findall(r'"/static/([^"]+)"', page))
    assert names
    for name in names:
        assert (await intake.client.get(f"/static/{name}")).status_code == 200


async def test_plain_form_is_sealed(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    files = [("q-proof", "C:\\photos\\a.jpg", b"picture" * 1000, "image/jpeg"), ("q-proof", "", b"", "application/octet-stream")]
    answer = await intake.post_form(asked, written(receipt, ("q-when-year", "2024")), files)
    assert answer.status_code == 201
    assert receipt.groups() in " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())
    (opened,) = await opened_reports(intake, asked)
    report = opened.report
    assert (report.form, report.lang, report.seq) == ("server", "en", 0)
    assert report.answers == {"what": CANARY, "when": "2024", "proof": [1]}
    assert (report.consent.level, report.consent.audiences, report.consent.contact) == ("C2", ("officials",), False)
    assert [(file.name, file.type, file.size) for file in report.files] == [("a.jpg", "image/jpeg", 7000)]
    assert bytes(opened.files[0]) == b"picture" * 1000
    assert (report.thread, report.reply_key) == (receipt.thread(asked.id), receipt.reply_key(asked.id))
    assert asked.promise(promise_in(answer.text)).publish_by == asked.stored.call.close + 3600


async def test_sent_again_is_an_addition(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    """A plain form is sealed anew each time: the second time it is n + 1 of the same receipt."""
    await intake.add(asked)
    for _ in range(3):
        assert (await intake.post_form(asked, written(receipt))).status_code == 201
    assert [opened.report.seq for opened in await opened_reports(intake, asked)] == [0, 1, 2]


async def test_sent_twice_at_once(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    answers = await asyncio.gather(*(intake.post_form(asked, written(receipt)) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert [opened.report.seq for opened in await opened_reports(intake, asked)] == [0, 1, 2, 3, 4]


async def test_number_can_be_asked_for(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    assert (await intake.post_form(asked, written(receipt, ("seq", "7")))).status_code == 201
    assert [opened.report.seq for opened in await opened_reports(intake, asked)] == [7]


async def test_last_number_is_99(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    assert (await intake.post_form(asked, written(receipt, ("seq", "99")))).status_code == 201
    answer = await intake.post_form(asked, written(receipt, ("seq", "99")))
    assert answer.status_code == 409
    assert CANARY in answer.text


async def test_problems_give_the_form_back(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    fields = [("receipt", receipt.code), ("q-what", CANARY), ("q-when-year", "24"), ("audience", "officials")]
    answer = await intake.post_form(asked, fields, [("q-proof", "a.txt", b"attached-bytes", "text/plain")])
    assert answer.status_code == 422
    assert CANARY in answer.text
    assert f'name="receipt" value="{receipt.code}"' in answer.text
    assert "attached-bytes" not in answer.text
    assert await opened_reports(intake, asked) == []


async def test_mistaken_receipt_is_replaced(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    answer = await intake.post_form(asked, [("receipt", "1" * 32), ("consent", "C1"), ("q-what", CANARY)])
    assert answer.status_code == 400
    assert CANARY in answer.text
    assert "1" * 32 not in answer.text


@pytest.mark.parametrize(("overrides", "status"), [({"deadline": -60}, 403), ({"opens": 3600}, 403)], ids=["closed", "not open"])
async def test_refusal_keeps_the_words(
    intake: Intake, make_call: PublicCall, receipt: Receipt, overrides: dict[str, int], status: int
) -> None:
    now = int(time.time())
    call = make_call(**{name: now + value for name, value in overrides.items()})
    await intake.add(call)
    answer = await intake.post_form(call, written(receipt))
    assert answer.status_code == status
    assert CANARY in answer.text
    assert receipt.code in answer.text


async def test_too_large_keeps_the_words(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    for size in (2**18, 2**20):
        answer = await intake.post_form(asked, written(receipt), [("q-proof", "big", bytes(size), "video/mp4")])
        assert answer.status_code == 413
        assert CANARY in answer.text
    assert (await intake.post_form(asked, written(receipt))).status_code == 201


@pytest.mark.parametrize(("files", "code"), [(100, "too-many-files"), (1, "empty-file")])
async def test_odd_files_keep_the_words(intake: Intake, asked: MadeCall, receipt: Receipt, files: int, code: str) -> None:
    await intake.add(asked)
    sent = [("q-proof", f"{number}.txt", b"x" if files > 1 else b"", "text/plain") for number in range(files)]
    answer = await intake.post_form(asked, written(receipt), sent)
    assert answer.status_code == 422
    assert Catalogue("en")(f"problem.{code}") in html.unescape(answer.text.partition('<template id="texts">')[0])
    assert CANARY in answer.text
    assert (await intake.post_form(asked, written(receipt), [("q-proof", "", b"", "application/octet-stream")])).status_code == 201


async def test_far_too_large_is_a_page(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    answer = await intake.post_form(asked, written(receipt), [("q-proof", "big", bytes(2**23), "video/mp4")])
    assert (answer.status_code, answer.headers["content-type"]) == (413, "text/html; charset=utf-8")


async def test_words_are_escaped(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    answer = await intake.post_form(asked, [("receipt", receipt.code), ("q-what", "<script>alert(1)</script>")])
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert" in answer.text


async def test_sealed_file_is_taken(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    body = asked.body(text=CANARY)
    files = [("sealed", "report.saksei", body, "application/octet-stream")]
    first, again = [await intake.post_form(asked, [], files) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert promise_in(first.text) == promise_in(again.text) == (await intake.post(asked, body)).content
    assert [opened.report.answers for opened in await opened_reports(intake, asked)] == [{"what": CANARY}]


@pytest.mark.parametrize("cut", [1, 5000])
async def test_damaged_sealed_file(intake: Intake, asked: MadeCall, cut: int) -> None:
    await intake.add(asked)
    answer = await intake.post_form(asked, [], [("sealed", "r", asked.body()[:-cut], "application/octet-stream")])
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")


async def test_plain_can_be_refused(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    """With SAKSEI_UNSCRIPTED=refuse nothing that was typed is kept or given back, and a sealed file still comes in."""
    await intake.add(asked)
    app = create_app(intake.service.settings.model_copy(update={"unscripted": "refuse"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        refusing = Intake(app, app.state.service, client)
        plain = await refusing.post_form(asked, written(receipt))
        sealed = await refusing.post_form(asked, written(receipt), [("sealed", "r", asked.body(), "application/octet-stream")])
    await app.state.service.database.close()
    assert (plain.status_code, sealed.status_code) == (403, 201)
    assert CANARY not in plain.text


async def test_nothing_typed_is_kept(intake: Intake, asked: MadeCall, receipt: Receipt, tmp_path: Path) -> None:
    """The canary stands in no file of the service, whether the report was taken or refused."""
    await intake.add(asked)
    file = ("q-proof", "f", CANARY.encode() * 20_000, "text/plain")
    assert (await intake.post_form(asked, written(receipt), [file])).status_code in (201, 413)
    assert (await intake.post_form(asked, [("q-what", CANARY)], [file])).status_code in (400, 413, 422)
    assert (await intake.post_form(asked, written(receipt))).status_code == 201
    leaked = [path.name for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert leaked == []


async def test_canary_in_the_open_is_found(intake: Intake, asked: MadeCall, tmp_path: Path) -> None:
    """The twin: the same search finds the canary where it was written on purpose."""
    await intake.add(asked)
    (tmp_path / "careless.log").write_text(f"somebody wrote {CANARY}")
    leaked = [path.name for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert leaked == ["careless.log"]


async def receipt_page(intake: Intake, call: MadeCall, **fields: str) -> httpx.Response:
    return await intake.client.post(f"/en/calls/{call.id}/receipt", data=fields)


async def test_receipt_page_asks(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    answer = await intake.client.get(f"/en/calls/{asked.id}/receipt")
    assert answer.status_code == 200
    assert 'name="receipt"' in answer.text


async def test_receipt_page_tells(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    for n in (0, 3):
        await intake.post(asked, asked.body(receipt, n))
    answer = await receipt_page(intake, asked, receipt=receipt.groups(), action="check")
    assert answer.status_code == 200
    assert re.findall(r'name="n" value="(\d+)"', answer.text) == ["0", "3"]


async def test_receipt_page_withdraws(intake: Intake, asked: MadeCall, receipt: Receipt) -> None:
    await intake.add(asked)
    for n in (0, 3):
        await intake.post(asked, asked.body(receipt, n))
    answer = await receipt_page(intake, asked, receipt=receipt.code, n="3", action="withdraw")
    assert answer.status_code == 200
    assert re.findall(r'name="n" value="(\d+)"', answer.text) == ["0"]
    handles = await intake.service.database.read(lambda c: list(c.execute(select(models.pending_withdrawals.c.handle)).scalars()))
    assert handles == [receipt.handle(asked.id, 3)]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"receipt": "1234", "action": "check"}, 400),
        ({"action": "check"}, 400),
        ({"receipt": Receipt.generate().code, "action": "check"}, 404),
        ({"receipt": Receipt.generate().code, "action": "withdraw", "n": "0"}, 404),
    ],
    ids=["mistyped", "missing", "unknown", "nothing to withdraw"],
)
async def test_receipt_page_refuses(intake: Intake, asked: MadeCall, fields: dict[str, str], status: int) -> None:
    await intake.add(asked)
    answer = await receipt_page(intake, asked, **fields)
    assert answer.status_code == status
    assert fields.get("receipt", "a receipt nobody sent") not in answer.text


@pytest.mark.parametrize("n", ["", "x", "100", "-1", "៣"])
async def test_never_guesses_which_report(intake: Intake, asked: MadeCall, receipt: Receipt, n: str) -> None:
    await intake.add(asked)
    await intake.post(asked, asked.body(receipt))
    assert (await receipt_page(intake, asked, receipt=receipt.code, n=n, action="withdraw")).status_code == 404
    count = await intake.service.database.read(lambda c: c.execute(text("SELECT count(*) FROM pending_withdrawals")).scalar_one())
    assert count == 0


async def test_odd_receipt_forms_are_refused(intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    for body in (b"\xff" * 100, b"a=1&" * 1000, b"x" * 20_000):
        answer = await intake.client.post(f"/en/calls/{asked.id}/receipt", content=body)
        assert answer.status_code == 400


async def test_onion_address_is_shown(settings: Settings, intake: Intake, asked: MadeCall) -> None:
    await intake.add(asked)
    app = create_app(settings.model_copy(update={"onion_url": "http://abcdef.onion"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        assert "http://abcdef.onion/en/calls/asked" in (await client.get("/en/calls/asked")).text
    await app.state.service.database.close()


def test_nobody_writes_in_vain(asked: MadeCall) -> None:
    """Before its time and after it a call shows no form that could not be sent."""
    call = asked.stored.call
    opens, deadline = call.opens, call.deadline
    assert [shut_at(call, now) for now in (opens - 1, opens, deadline - 0.001, deadline)] == ["not-open", None, None, "closed"]
