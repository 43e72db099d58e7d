"""`list`, `show` and `mark`: what reviewers read and add."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from crypto.opening import Identity
from crypto.receipts import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.reviewer.conftest import Ran
    from tests.reviewer.world import Server

    Command = Callable[..., Ran]

ANSWERS = {"story": "ពួកគេបានមក។\r\nThey came.", "incident": ["TD1", "TD4"], "when": "2025-08", "country": "TH"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def listed(run: Command, workspace: Path) -> dict[int, dict[str, Any]]:
    return {report["number"]: report for report in run("list", "-w", workspace, "--json").document["reports"]}


def test_list_tells_how_reports_stand(server: Server, take_in: Command, run: Command, workspace: Path) -> None:
    good = server.submit(Receipt.generate(), answers=ANSWERS, level="C2", files=[("a", b"1")])
    bad = server.submit(Receipt.generate(), recipients=[Identity.generate().recipient])
    odd = server.submit(Receipt.generate(), answers={"country": "Atlantis"})
    take_in()
    found = listed(run, workspace)
    assert (found[good]["consent"]["level"], found[good]["files"], found[good]["opened"]) == ("C2", 1, True)
    assert (found[bad]["refusal"], found[bad]["opened"], found[bad]["reporter"]) == ("no-match", False, None)
    assert found[odd]["flags"] == [{"word": "answers", "question": "country", "code": "bad-option"}]
    shown = run("list", "-w", workspace)
    assert shown.code == 0
    assert "not opened: no-match" in shown.out
    assert f"{odd}*" in shown.out


def test_list_says_no_answer(server: Server, take_in: Command, run: Command, workspace: Path) -> None:
    server.submit(Receipt.generate(), answers={"story": "CANARY"}, files=[("CANARY", b"1")])
    take_in()
    assert "CANARY" not in run("list", "-w", workspace).out + run("list", "-w", workspace, "--json").out


def test_list_can_leave_out_marked(server: Server, take_in: Command, run: Command, workspace: Path) -> None:
    first, second = server.submit(Receipt.generate()), server.submit(Receipt.generate())
    take_in()
    run("mark", first, "-w", workspace, "--credible", "no")
    assert [report["number"] for report in run("list", "-w", workspace, "--unmarked", "--json").document["reports"]] == [second]


def test_addition_is_same_reporter(server: Server, take_in: Command, run: Command, workspace: Path) -> None:
    receipt = Receipt.generate()
    first, other, addition = server.submit(receipt), server.submit(Receipt.generate()), server.submit(receipt, seq=1)
    take_in()
    found = listed(run, workspace)
    assert [found[number]["reporter"] for number in (first, other, addition)] == [first, other, first]


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["The story", "What was done", "Thailand [TH]", "The ministry"]), ("km", ["រឿង", "អំពើ", "ថៃ [TH]", "ក្រសួង"])],
)
def test_show_speaks_the_language(server: Server, take_in: Command, run: Command, workspace: Path, language: str, words: list[str]) -> None:
    number = server.submit(Receipt.generate(), answers=ANSWERS)
    take_in()
    shown = run("show", number, "-w", workspace, "--language", language)
    assert shown.code == 0
    assert [word for word in words if word not in shown.out] == []
    assert "⟨U+" not in shown.out
    assert "│ ពួកគេបានមក។\n│ They came.\n" in shown.out


def test_show_refuses_unknown_language(server: Server, take_in: Command, run: Command, workspace: Path) -> None:
    number = server.submit(Receipt.generate())
    take_in()
    assert run("show", number, "-w", workspace, "--language", "fr").word == "usage"


def test_show_takes_language_of_computer(
    server: Server, take_in: Command, run: Command, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = server.submit(Receipt.generate(), answers=ANSWERS)
    take_in()
    monkeypatch.setenv("LC_ALL", "km_KH.UTF-8")
    assert "រឿង" in run("show", number, "-w", workspace).out
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert "The story" in run("show", number, "-w", workspace).out


def test_show_lists_files(server: Server, take_in: Command, run: Command, workspace: Path) -> None:
    body = b"picture" * 99
    number = server.submit(Receipt.generate(), files=[("holiday.png", body)])
    take_in()
    (file,) = run("show", number, "-w", workspace, "--json").document["files"]
    assert file == {"number": 1, "name": "holiday.png", "type": "image/png", "size": 693, "sha256": hashlib.sha256(body).hexdigest()}
    assert "holiday.png" in run("show", number, "-w", workspace).out


def test_show_files_uses_numbers_only(server: Server, take_in: Command, run: Command, workspace: Path, tmp_path: Path) -> None:
    number = server.submit(Receipt.generate(), files=[("../../escape", b"one"), ("/etc/cron.d/x", b"two"), ("a.desktop", b"three")])
    take_in()
    ran = run("show", number, "-w", workspace, "--files", tmp_path / "files")
    assert ran.code == 0
    assert "NOT encrypted" in ran.err
    assert {path.name: path.read_bytes() for path in (tmp_path / "files").iterdir()} == {"001": b"one", "002": b"two", "003": b"three"}
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "files").iterdir()} == {0o600}
    assert run("show", number, "-w", workspace, "--files", tmp_path / "files").word == "usage"


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[2J\x1b]0;owned\x07", "\u202egnp.exe", "\u2066x\u2069", "a\rb", "\x9b31m", "\U000e0041", "[red]bold[/red]"],
    ids=["escape", "override", "isolate", "return", "csi", "tag", "markup"],
)
def test_hostile_text_cannot_act(server: Server, take_in: Command, run: Command, workspace: Path, hostile: str) -> None:
    number = server.submit(Receipt.generate(), answers={"story": hostile}, files=[(hostile, b"1")])
    take_in()
    for ran in (run("show", number, "-w", workspace), run("show", number, "-w", workspace, "--json")):
        assert ran.code == 0
        assert [character for character in "\x1b\x07\x9b\r\u202e\u2066\u2069\U000e0041" if character in ran.out] == []
    if hostile.startswith("["):
        assert hostile in run("show", number, "-w", workspace).out


def test_show_tells_of_misfits(server: Server, take_in: Command, run: Command, workspace: Path) -> None:
    number = server.submit(Receipt.generate(), answers={"country": "Atlantis", "gone": "x"}, audiences=["nobody"])
    take_in()
    out = run("show", number, "-w", workspace).out
    assert "Does not fit the call: Where you live: is not one of the options" in out
    assert "Atlantis (not an option of this call)" in out
    assert "gone (not a question of this call)" in out
    assert "nobody (not an audience of this call)" in out


@pytest.mark.parametrize("way", ["withdrawn", "missing", "refused"])
def test_show_tells_what_is_not_there(server: Server, take_in: Command, run: Command, workspace: Path, way: str) -> None:
    receipt = Receipt.generate()
    number = server.submit(receipt, recipients=[Identity.generate().recipient] if way == "refused" else None)
    if way == "withdrawn":
        server.withdraw(receipt)
    elif way == "missing":
        server.lose(number)
    take_in()
    shown = run("show", number, "-w", workspace)
    assert shown.code == 0
    assert {"withdrawn": "It was withdrawn", "missing": "It is not here", "refused": "could not be opened: no-match"}[way] in shown.out
    assert run("mark", number, "-w", workspace, "--credible", "yes").word == "usage"


def test_report_is_found_by_digest(server: Server, take_in: Command, run: Command, workspace: Path) -> None:
    number = server.submit(Receipt.generate())
    digest = hashlib.sha256(server.envelope(number)).hexdigest()
    take_in()
    assert run("show", digest, "-w", workspace, "--json").document["number"] == number
    assert run("show", digest[:12], "-w", workspace, "--json").document["number"] == number


@pytest.mark.parametrize("reference", ["0", "99", "abc", "ffffffffffff", "1 OR 1=1", "*", "٣"])
def test_unknown_report_is_usage(server: Server, take_in: Command, run: Command, workspace: Path, reference: str) -> None:
    server.submit(Receipt.generate())
    take_in()
    ran = run("show", reference, "-w", workspace)
    assert (ran.code, ran.word) == (2, "usage")


def test_marks_are_kept_and_shown(server: Server, take_in: Command, run: Command, workspace: Path, tmp_path: Path) -> None:
    number = server.submit(Receipt.generate(), answers=ANSWERS)
    take_in()
    note = tmp_path / "note"
    note.write_text("Spoke with the sister.")
    codes = ["--code", "incident=TD4, DA5", "--code", "when=2025", "--code", "country="]
    assert run("mark", number, "-w", workspace, "--credible", "yes", *codes, "--note-file", note).code == 0
    document = run("show", number, "-w", workspace, "--json").document
    assert document["codes"] == {"incident": ["DA5", "TD4"], "when": "2025", "country": None}
    assert document["answers"] == ANSWERS
    assert (document["credible"], document["notes"][0]["text"]) == ("yes", "Spoke with the sister.")
    out = run("show", number, "-w", workspace).out
    assert out.count("reviewers' code:") == 3
    assert "(counts as unanswered)" in out
    assert "Spoke with the sister." in out


def test_many_are_marked_in_one_go(server: Server, take_in: Command, run: Command, workspace: Path) -> None:
    numbers = [server.submit(Receipt.generate()) for _ in range(3)]
    take_in()
    marked = run("mark", *numbers[:2], "-w", workspace, "--credible", "yes", "--json").document["reports"]
    assert [report["number"] for report in marked] == numbers[:2]
    assert run("mark", *numbers, 99, "-w", workspace, "--credible", "no").word == "usage"
    assert [listed(run, workspace)[number]["credible"] for number in numbers] == ["yes", "yes", None]


def test_show_tells_consent_of_all_sent(server: Server, take_in: Command, run: Command, workspace: Path) -> None:
    receipt = Receipt.generate()
    first = server.submit(receipt, level="C2", audiences=("ministry", "roundtable"))
    other = server.submit(Receipt.generate(), level="C2")
    server.submit(receipt, seq=1, level="C1", audiences=("roundtable",))
    take_in()
    out = run("show", first, "-w", workspace, "--language", "en").out
    assert "only this is allowed:\nConsent: C1 count me: statistics only\nMay be given to: The roundtable\n" in out
    assert "only this is allowed" not in run("show", other, "-w", workspace).out


def test_codes_can_be_taken_away(server: Server, take_in: Command, run: Command, workspace: Path) -> None:
    number = server.submit(Receipt.generate())
    take_in()
    run("mark", number, "-w", workspace, "--code", "country=TH")
    assert run("mark", number, "-w", workspace, "--uncode", "country", "--json").document["reports"][0]["codes"] == {}


@pytest.mark.parametrize(
    ("option", "word"),
    [
        (["--credible", "maybe"], "answers"),
        (["--code", "country=XX"], "answers"),
        (["--code", "country=TH,FR"], "answers"),
        (["--code", "incident=TD1,NOPE"], "answers"),
        (["--code", "when=2025-08-13"], "answers"),
        (["--code", "when=last year"], "answers"),
        (["--code", "story=TD1"], "answers"),
        (["--code", "reach=TD1"], "answers"),
        (["--code", "evidence=1"], "answers"),
        (["--code", "no-such=TD1"], "answers"),
        (["--code", "country"], "usage"),
        (["--uncode", "no-such"], "answers"),
        (["--same-as", "99"], "usage"),
        (["--alone", "--same-as", "1"], "usage"),
        ([], "usage"),
    ],
)
def test_bad_mark_changes_nothing(server: Server, take_in: Command, run: Command, workspace: Path, option: list[str], word: str) -> None:
    number = server.submit(Receipt.generate())
    take_in()
    before = listed(run, workspace)
    good = ["--credible", "yes"] if option and option[0] != "--credible" else []
    assert run("mark", number, "-w", workspace, *good, *option).word == word
    assert listed(run, workspace) == before


def test_empty_note_is_refused(server: Server, take_in: Command, run: Command, workspace: Path, tmp_path: Path) -> None:
    number = server.submit(Receipt.generate())
    take_in()
    (tmp_path / "note").write_text(" \n")
    assert run("mark", number, "-w", workspace, "--note-file", tmp_path / "note").word == "answers"


def test_clusters_join_and_part(server: Server, take_in: Command, run: Command, workspace: Path) -> None:
    numbers = [server.submit(Receipt.generate()) for _ in range(4)]
    take_in()
    one, two, three, four = numbers
    run("mark", two, "-w", workspace, "--same-as", one)
    run("mark", four, "-w", workspace, "--same-as", three)
    assert [listed(run, workspace)[number]["reporter"] for number in numbers] == [one, one, three, three]
    run("mark", four, "-w", workspace, "--same-as", one)
    assert [listed(run, workspace)[number]["reporter"] for number in numbers] == [one, one, one, one]
    run("mark", two, "-w", workspace, "--alone")
    assert [listed(run, workspace)[number]["reporter"] for number in numbers] == [one, two, one, one]
