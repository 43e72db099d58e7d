"""Tokens reach the bundle and prove what they prove; nothing is kept that the authority of call.json does not vouch for (F7.11, F10.10)."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, delete

from app import cli, models
from app.authorities import fetch_tokens
from app.check import check_service
from app.errors import UnreachableError
from app.timestamps import Wanted, judge_tokens, keep_token, load_token, read_tokens, wanted_tokens
from crypto.bundle import open_bundle
from crypto.errors import SignatureError, TooLargeError
from crypto.receipts import Receipt
from crypto.timestamps import TOKEN_LIMIT
from tests.app.authority_server import Answer, always, serving, stamping
from tests.app.test_bundles import bundle_of, publish_all, send
from tests.crypto.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.app.made import Intake, MadeCall, PublicCall

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.found(tmp_path_factory.mktemp("authority") / "tsa")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.found(tmp_path_factory.mktemp("stranger") / "tsa")


@pytest.fixture(scope="module")
def url(authority: Authority) -> Iterator[str]:
    """Where the authority answers."""
    with serving(stamping(authority)) as served:
        yield served.url


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLite; the one test that needs PostgreSQL says so."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/data/intake.db"
    return str(request.getfixturevalue("postgresql_url"))


def named(name: str, url: str, certificate: str) -> dict[str, str]:
    return {"name": name, "url": url, "certificate": certificate}


def stamped_call(make_call: PublicCall, *authorities: dict[str, str], **terms: Any) -> MadeCall:
    return make_call(call="stamped", timestamp_authorities=list(authorities), **({"batch_seconds": 1} | terms))


@pytest.fixture
def call(make_call: PublicCall, authority: Authority, url: str) -> MadeCall:
    return stamped_call(make_call, named("tsa", url, authority.certificate))


async def kept(intake: Intake, call: MadeCall) -> list[tuple[int, str]]:
    tokens = await intake.service.database.read(lambda connection: list(read_tokens(connection, call.id)))
    return [(size, name) for size, name, _ in tokens]


async def wanted(intake: Intake, call: MadeCall) -> list[Wanted]:
    return await intake.service.database.read(partial(wanted_tokens, stored=call.stored))


async def keep(intake: Intake, call: MadeCall, one: Wanted, token: bytes) -> bool:
    return await intake.service.database.write(partial(keep_token, stored=call.stored, wanted=one, token=token))


async def outcomes(intake: Intake, call: MadeCall) -> dict[bytes, str]:
    return {one.digest: one.outcome for one in (await bundle_of(intake, call)).outcomes}


@pytest.mark.parametrize("database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
async def test_covered_are_proven(intake: Intake, call: MadeCall) -> None:
    """What a stamped checkpoint covers came on time, provably; what came after it, by the server's word."""
    await intake.add(call)
    before = await send(intake, call, Receipt.generate())
    await publish_all(intake, call)
    fetched = await fetch_tokens(intake.service.database, call.stored)
    assert (len(fetched.kept), fetched.failed) == (2, [])
    after = await send(intake, call, Receipt.generate())
    await publish_all(intake, call)
    assert await outcomes(intake, call) == {before: "on-time-proven", after: "time-unproven"}
    await fetch_tokens(intake.service.database, call.stored)
    assert await outcomes(intake, call) == {before: "on-time-proven", after: "on-time-proven"}
    assert await kept(intake, call) == sorted(await kept(intake, call))
    assert await wanted(intake, call) == []


async def test_token_is_served(intake: Intake, call: MadeCall, authority: Authority) -> None:
    """Byte for byte, as stock openssl takes it, and only where it is: nothing of the path is a name of a file."""
    await intake.add(call)
    (one,) = await wanted(intake, call)
    token = authority.token(one.note)
    assert await keep(intake, call, one, token)
    answer = await intake.client.get("/calls/stamped/log/1.tsa.tsr")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, token, "application/timestamp-reply")
    (authority.folder / "1.tsa.tsr").write_bytes(answer.content)
    (authority.folder / "checkpoint.1").write_bytes((await intake.client.get("/calls/stamped/log/checkpoint.1")).content)
    authority.openssl("ts", "-verify", "-in", "1.tsa.tsr", "-data", "checkpoint.1", "-CAfile", "root.pem")
    for path in ("2.tsa.tsr", "1.other.tsr", "1.tsa.tsr.tsr", "1..tsr"):
        assert (await intake.client.get(f"/calls/stamped/log/{path}")).status_code in {404, 422}, path
    assert (await intake.client.get("/calls/unknown/log/1.tsa.tsr")).status_code == 404


async def test_first_token_stands(intake: Intake, call: MadeCall, authority: Authority) -> None:
    """The earliest time is the best: a later one does not take its place."""
    await intake.add(call)
    (one,) = await wanted(intake, call)
    first = authority.token(one.note)
    assert await keep(intake, call, one, first)
    assert not await keep(intake, call, one, authority.token(one.note))
    ((_, _, token),) = await intake.service.database.read(lambda connection: list(read_tokens(connection, call.id)))
    assert token == first


def answers(authority: Authority, stranger: Authority) -> dict[str, tuple[Answer, type[Exception]]]:
    """What no authority should answer, and how it is refused."""
    return {
        "garbage": (always(b"garbage"), SignatureError),
        "nothing": (always(b""), SignatureError),
        "too much": (always(bytes(TOKEN_LIMIT + 1)), TooLargeError),
        "another's token": (stamping(stranger), SignatureError),
        "token over other bytes": (always(authority.token(b"other bytes")), SignatureError),
        "an error": (always(b"", status=500), UnreachableError),
    }


async def test_false_answers_are_not_kept(intake: Intake, make_call: PublicCall, authority: Authority, stranger: Authority) -> None:
    """Each with its word, and the authority that answers well is heard all the same."""
    for at, (what, (answer, error)) in enumerate(answers(authority, stranger).items()):
        with serving(answer) as bad, serving(stamping(authority)) as good:
            authorities = [named("bad", bad.url, authority.certificate), named("good", good.url, authority.certificate)]
            call = make_call(call=f"stamped-{at}", timestamp_authorities=authorities)
            await intake.add(call)
            fetched = await fetch_tokens(intake.service.database, call.stored)
        assert [type(refused) for _, refused in fetched.failed] == [error], what
        assert await kept(intake, call) == [(1, "good")], what
        assert len(bad.asked) == 1


async def test_true_answer_is_kept(intake: Intake, make_call: PublicCall, stranger: Authority) -> None:
    """The twin: what was refused as another's is kept where call.json names that other."""
    with serving(stamping(stranger)) as served:
        call = stamped_call(make_call, named("bad", served.url, stranger.certificate))
        await intake.add(call)
        await fetch_tokens(intake.service.database, call.stored)
    assert await kept(intake, call) == [(1, "bad")]


async def test_forged_token_proves_nothing(intake: Intake, call: MadeCall, stranger: Authority) -> None:
    """The twin of the guard: a token that got in past it is in the bundle, and readers believe nothing of it."""
    await intake.add(call)
    digest = await send(intake, call, Receipt.generate())
    await publish_all(intake, call)
    newest = (await wanted(intake, call))[0]
    row = {"call": call.id, "size": newest.size, "authority": "tsa", "token": stranger.token(newest.note)}
    await intake.service.database.write(lambda connection: connection.execute(models.tokens.insert(), row) and None)
    assert await outcomes(intake, call) == {digest: "time-unproven"}
    assert not (await intake.service.database.read(partial(judge_tokens, stored=call.stored))).sentence.startswith("every")


async def test_loaded_token_says_what_it_is(intake: Intake, call: MadeCall, authority: Authority, stranger: Authority) -> None:
    await intake.add(call)
    (one,) = await wanted(intake, call)

    def loading(token: bytes) -> Any:
        return intake.service.database.write(partial(load_token, stored=call.stored, token=token))

    for token in (b"", b"garbage", authority.token(b"other bytes"), stranger.token(one.note)):
        with pytest.raises(SignatureError):
            await loading(token)
    with pytest.raises(TooLargeError):
        await loading(bytes(TOKEN_LIMIT + 1))
    assert await kept(intake, call) == []
    token = authority.token(one.note)
    assert [await loading(token), await loading(token)] == [(one, True), (one, False)]


async def standing(intake: Intake, call: MadeCall) -> tuple[bool, str]:
    found = await intake.service.database.read(partial(judge_tokens, stored=call.stored))
    return found.holds, found.sentence


async def test_check_asks_for_tokens(intake: Intake, make_call: PublicCall, authority: Authority, url: str) -> None:
    """Missing fails, some hold, all hold, and a checkpoint that was just made may wait."""
    call = stamped_call(make_call, named("tsa", url, authority.certificate), named("absent", "http://127.0.0.1:1/", authority.certificate))
    await intake.add(call)
    assert [finding.name for finding in await check_service(intake.service) if not finding.holds] == ["timestamps of stamped"]
    await fetch_tokens(intake.service.database, call.stored)
    assert await standing(intake, call) == (True, "the checkpoint that matters is stamped; 1 of the authorities have not done so")
    one = next(one for one in await wanted(intake, call) if one.authority.name == "absent")
    await keep(intake, call, one, authority.token(one.note))
    assert (await standing(intake, call))[1].startswith("every authority")
    await send(intake, call, Receipt.generate())
    await publish_all(intake, call)
    assert await standing(intake, call) == (True, "the newest checkpoint waits for its token")
    long_ago = models.logs.update().values(cut=int(time.time()) - 4000)
    await intake.service.database.write(lambda connection: connection.execute(long_ago) and None)
    assert not (await standing(intake, call))[0]
    assert [finding.holds for finding in await check_service(intake.service)].count(False) == 1


@pytest.mark.parametrize("hours", [0, 2], ids=["just closed", "closed for long"])
async def test_token_after_the_close(intake: Intake, make_call: PublicCall, authority: Authority, url: str, hours: int) -> None:
    """Within an hour of the close a token proves that all was on time; later it proves nothing, and nothing can be done any more."""
    deadline = int(time.time()) - 5 - hours * 3600
    call = stamped_call(make_call, named("tsa", url, authority.certificate), deadline=deadline, grace_seconds=1, opens=deadline - 60)
    await intake.add(call)
    await fetch_tokens(intake.service.database, call.stored)
    holds, sentence = await standing(intake, call)
    assert holds
    assert sentence.startswith("no token over the close" if hours else "every authority")

    def forget(connection: Connection) -> None:
        connection.execute(delete(models.tokens))

    await intake.service.database.write(forget)
    assert (await standing(intake, call))[1].startswith("no token over the close" if hours else "the newest checkpoint waits")


def ran(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, Any], str]:
    code = cli.run([*(str(argument) for argument in arguments), "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out or "{}"), said.err


def test_commands_fetch_and_carry(
    environment: dict[str, str], call: MadeCall, authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the network, by hand, and into the bundle, which holds the token where it belongs."""
    assert [cli.run(["migrate"]), cli.run(["call", "add", str(call.folder)])] == [0, 0]
    capsys.readouterr()
    query, answered = tmp_path / "query.tsq", tmp_path / "answer.tsr"
    assert ran(capsys, "timestamps", "query", call.id, "--out", query)[0] == 0
    assert ran(capsys, "timestamps", "query", call.id, "--out", query)[0] == 2
    answered.write_bytes(authority.answer(query.read_bytes()))
    assert ran(capsys, "timestamps", "load", call.id, answered)[1] == {"call": call.id, "size": 1, "authority": "tsa", "loaded": True}
    assert ran(capsys, "timestamps", "load", call.id, answered)[1]["loaded"] is False
    assert ran(capsys, "timestamps", "fetch", call.id) == (0, {"kept": [], "failed": []}, "")
    assert ran(capsys, "export", call.id, "--out", tmp_path / "bundle")[0] == 0
    with (tmp_path / "bundle").open("rb") as file:
        assert [(token.size, token.authority, token.time is not None) for token in open_bundle(file).tokens] == [(1, "tsa", True)]
    answered.write_bytes(b"garbage")
    code, _, said = ran(capsys, "timestamps", "load", call.id, answered)
    assert (code, said.startswith("error: signature: ")) == (1, True)


def test_commands_tell_of_failure(
    environment: dict[str, str], make_call: PublicCall, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    call = stamped_call(make_call, named("tsa", "http://127.0.0.1:1/", authority.certificate))
    assert [cli.run(["migrate"]), cli.run(["call", "add", str(call.folder)])] == [0, 0]
    capsys.readouterr()
    code, document, said = ran(capsys, "timestamps", "fetch")
    assert (code, said.startswith("error: unreachable: ")) == (1, True)
    assert document == {"kept": [], "failed": [{"call": call.id, "size": 1, "authority": "tsa", "word": "unreachable"}]}
    assert ran(capsys, "timestamps", "query", call.id, "--size", "7", "--out", "never")[0] == 1
    assert cli.run(["timestamps", "fetch"]) == 1
    assert "Not stamped: stamped, 1 entries, tsa: unreachable" in capsys.readouterr().out
