"""Bundles: an honest one says what became of every report; a forged one is refused with the word of what was forged."""

from __future__ import annotations

import hashlib
import io
import re
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from crypto import bundle, entries, merkle, zip64
from crypto.errors import CryptoError
from crypto.minisign import SecretKey
from tests.crypto.exports import (
    CALL,
    CALL_HASH,
    CALL_JSON,
    CLOSE,
    DEFINITION,
    DESTROY,
    FORM,
    HONEST,
    LOG_KEY,
    ORIGIN,
    OTHER_LOG_KEY,
    SIGNING,
    WHOLE,
    Server,
    checkpoint,
    definition,
    digest,
    envelope,
    handle,
    promise,
    raw,
    report,
    secret,
    server,
    signed,
    unzip,
    with_member,
    withdraw,
)
from tests.vectors.intake import AUTHORITY
from tests.vectors.written.bundle import EARLY, OUTCOMES, Exported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def opened(data: bytes | bytearray, **options: Any) -> bundle.VerifiedBundle:
    return bundle.open_bundle(io.BytesIO(data), **options)


def word(data: bytes, **options: Any) -> str:
    with pytest.raises(CryptoError) as caught:
        opened(data, **options)
    return caught.value.word


def test_bundle_says_what_became_of_reports() -> None:
    result = opened(HONEST.export())
    assert [(found.index, found.digest, found.handle, found.outcome) for found in result.outcomes] == [
        (1, digest(1), handle(1), "withdrawn"),
        (2, digest(2), handle(2), "time-unproven"),
        (4, digest(3), handle(3), "missing"),
        (6, digest(4), handle(4), "late"),
        (7, digest(5), handle(5), "withdrawn"),
    ]


def test_bundle_gives_what_it_was_made_of() -> None:
    data = HONEST.export()
    result = opened(data)
    assert (result.call_bytes, result.call, result.call_sha256) == (CALL_JSON, DEFINITION, CALL_HASH.hex())
    assert (result.origin, result.log.size, result.tokens) == (ORIGIN, 8, ())
    assert result.checkpoint == dict(unzip(data))["log/checkpoint.8"]
    assert [result.read_envelope(digest(number)) for number in (2, 4)] == [envelope(2), envelope(4)]


def test_destroyed_call_has_no_envelopes() -> None:
    result = opened(Server([report(1), report(2), withdraw(2), CLOSE, DESTROY], envelopes=[]).export())
    assert [found.outcome for found in result.outcomes] == ["destroyed", "withdrawn"]


def test_empty_call_is_a_bundle() -> None:
    assert opened(Server([], envelopes=[]).export()).outcomes == ()


def test_members_stand_in_the_fixed_order() -> None:
    names = [name for name, _ in unzip(HONEST.export())]
    assert names == [
        "manifest",
        "call.json",
        "SHA256SUMS",
        "SHA256SUMS.minisig",
        "form.html",
        "log/entries",
        "log/checkpoint.3",
        "log/checkpoint.5",
        "log/checkpoint.8",
        "log/pending",
        *sorted(bundle.envelope_name(digest(number)) for number in (2, 4)),
    ]


def test_manifest_names_every_other_member() -> None:
    (first, manifest), *rest = unzip(HONEST.export())
    text = LOG_KEY.vkey.open(manifest, alone=True).decode()
    assert first == "manifest"
    assert text.split("\n")[0] == f"{ORIGIN}/bundle"
    assert text.split("\n")[1:-1] == [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in rest]


def test_stock_zip_reader_finds_nothing_wrong() -> None:
    with zipfile.ZipFile(io.BytesIO(HONEST.export())) as archive:
        assert archive.testzip() is None


def test_writing_is_deterministic() -> None:
    reordered = dict(reversed(HONEST.members().items()))
    out = io.BytesIO()
    bundle.write_bundle(out, [bundle.Member.of(*member) for member in reordered.items()], LOG_KEY, ORIGIN)
    assert out.getvalue() == HONEST.export()


def test_every_other_length_is_refused() -> None:
    data = Server([report(1)], envelopes=[1]).export()
    assert {word(data[:length]) for length in range(0, len(data), 7)} == {"manifest"}
    assert {word(data + extra) for extra in (b"\0", b"PK\5\6", data)} == {"manifest"}
    assert word(b"\0" + data) == "manifest"


def test_random_bytes_are_refused() -> None:
    assert {word(hashlib.sha512(b"%d" % number).digest() * 9) for number in range(50)} == {"manifest"}


FORGED: dict[str, tuple[str, Callable[[], bytes]]] = {}


def forgeries(expected: str, **makes: Callable[[], bytes]) -> None:
    for name, make in makes.items():
        FORGED[name] = (expected, make)


forgeries(
    "manifest",
    manifest_of_another_key=server(manifest_key=OTHER_LOG_KEY),
    manifest_of_another_call=server(manifest_origin="intake.example/other"),
    manifest_with_a_second_signature=lambda: _swap_content("manifest", unzip(HONEST.export())[0][1] + "— x eHh4eHh4eHg=\n".encode()),
    call_without_deadline=definition(deadline=None),
    call_of_another_id=definition(call="Demo"),
    call_without_keys=definition(log_vkey="x"),
    form_not_named_by_sums=server(form=None, instead={"form.html": FORM}),
    form_of_another_hash=lambda: with_member("form.html", FORM + b"."),
    form_taken_away=lambda: with_member("form.html", None),
    token_over_no_checkpoint=definition(
        timestamp_authorities=[{"name": "tsa", "url": "", "certificate": ""}], instead={bundle.token_name(4, "tsa"): b"token"}
    ),
    token_of_no_authority=lambda: with_member("log/8.anyone.tsr", b"token"),
    name_that_none_has=lambda: _with_name("log/../../etc/passwd"),
    member_twice=lambda: signed([unzip(HONEST.export())[1], *unzip(HONEST.export())[1:]]),
    **{
        f"{name.split('/')[-1].split('.')[0]}_twice": (lambda name=name: _twice(name))
        for name in ("form.html", "log/entries", "log/checkpoint.5", "log/pending", bundle.envelope_name(digest(4)))
    },
    members_out_of_order=lambda: signed([*unzip(HONEST.export())[1:-2], *reversed(unzip(HONEST.export())[-2:])]),
    extra_envelope_in_the_file=lambda: raw([*unzip(HONEST.export()), (bundle.envelope_name(b"\xff" * 32), b"x")]),
    other_member_in_the_file=lambda: raw([*unzip(HONEST.export())[:-1], ("log/entries", b"x")]),
    pending_taken_away=lambda: signed([member for member in unzip(HONEST.export())[1:] if member[0] != "log/pending"]),
    sums_without_the_call=lambda: _with_sums(f"{digest(1).hex()}  call.json\n".encode()),
    sums_naming_more=lambda: _with_sums(HONEST.members()["SHA256SUMS"] + f"{digest(1).hex()}  more.html\n".encode()),
    entries_not_the_named_ones=lambda: _swap_content("log/entries", entries.frame(WHOLE[:-1])),
    call_not_the_named_one=lambda: _swap_manifest_line("call.json"),
    manifest_line_of_no_form=lambda: _with_manifest_text(lambda text: text.replace("  log/pending", " log/pending")),
    manifest_without_members=lambda: _with_manifest_text(lambda text: text.split("\n")[0] + "\n"),
)
forgeries("version", call_of_version_2=definition(v=2), call_of_no_version=definition(v=None), call_of_version_true=definition(v=True))
forgeries(
    "signature",
    sums_by_another_key=lambda: with_member("SHA256SUMS.minisig", SecretKey.generate().sign(HONEST.members()["SHA256SUMS"]).encode()),
    sums_not_signed=lambda: with_member("SHA256SUMS.minisig", b""),
    checkpoint_of_another_key=lambda: with_member("log/checkpoint.5", checkpoint(WHOLE[:5], OTHER_LOG_KEY)),
    checkpoint_of_another_origin=lambda: with_member("log/checkpoint.5", checkpoint(WHOLE[:5], origin="other.example/demo")),
    checkpoint_that_is_none=lambda: with_member("log/checkpoint.5", b"?"),
)
forgeries(
    "log-call",
    log_of_another_call=lambda: with_member("log/entries", entries.frame([entries.call_entry(CALL, digest(1)), *HONEST.log])),
    log_without_call=lambda: with_member("log/entries", entries.frame(HONEST.log)),
)
forgeries(
    "log-entry",
    entry_of_no_kind=server(log=[*HONEST.log, b"saksei/v1\nopen\n"]),
    log_cut_in_an_entry=lambda: with_member("log/entries", entries.frame(WHOLE)[:-1]),
    pending_report=server(pending=[report(9)]),
    pending_twice=server(pending=[withdraw(5), withdraw(5)]),
    pending_out_of_order=server(pending=sorted([withdraw(2), withdraw(4)], key=merkle.leaf_hash, reverse=True), envelopes=[]),
)
forgeries("log-duplicate", report_twice=server(log=[*HONEST.log, report(2)]))
forgeries(
    "log-withdraw",
    withdrawal_without_receipt=server(log=[*HONEST.log, withdraw(2).replace(secret(2).hex().encode(), secret(3).hex().encode())]),
    pending_without_receipt=server(pending=[withdraw(5).replace(secret(5).hex().encode(), secret(6).hex().encode())]),
)
forgeries(
    "log-inconsistent",
    checkpoint_of_other_entries=lambda: with_member("log/checkpoint.5", checkpoint([*WHOLE[:4], WHOLE[5]])),
    checkpoint_of_another_size=lambda: with_member("log/checkpoint.4", checkpoint(WHOLE[:5])),
    checkpoint_beyond_the_log=lambda: with_member("log/checkpoint.9", checkpoint([*WHOLE, withdraw(5)])),
    report_taken_out=server(instead={"log/checkpoint.8": checkpoint([*WHOLE[:2], *WHOLE[3:], withdraw(5)])}),
)
forgeries(
    "log-unsigned-tail",
    tail_not_signed=lambda: with_member("log/checkpoint.8", None),
    nothing_signed=server(sizes=(), instead={"log/checkpoint.8": None}),
    nothing_but_what_must_be_there=server(log=[], envelopes=[], pending=[], sizes=(), form=None, instead={"log/checkpoint.1": None}),
)
forgeries(
    "envelope",
    envelope_under_another_name=lambda: with_member(bundle.envelope_name(digest(4)), b"another"),
    envelope_not_the_named_one=lambda: _swap_content(bundle.envelope_name(digest(4)), b"sealed 5"),
)
forgeries(
    "envelope-missing",
    envelope_taken_out=lambda: raw(unzip(HONEST.export())[:-2] + unzip(HONEST.export())[-1:]),
    last_envelope_taken_out=lambda: raw(unzip(HONEST.export())[:-1]),
)
forgeries(
    "envelope-unlogged",
    envelope_of_no_report=server(envelopes=[2, 4, 9]),
    envelope_of_a_withdrawn_report=server(envelopes=[1, 2, 4]),
    envelope_of_a_pending_withdrawal=server(envelopes=[2, 4, 5]),
    envelope_after_destruction=server(log=[report(2), CLOSE, DESTROY], envelopes=[2], sizes=(), pending=[]),
)


def _twice(name: str) -> bytes:
    """The honest bundle with one member twice, the one after the other, and a manifest that says so."""
    members = unzip(HONEST.export())[1:]
    return signed([member for honest in members for member in [honest] * (1 + (honest[0] == name))])


def _with_name(name: str) -> bytes:
    return signed([*unzip(HONEST.export())[1:], (name, b"x")])


def _with_sums(sums: bytes) -> bytes:
    changed: dict[str, bytes | None] = {"SHA256SUMS": sums, "SHA256SUMS.minisig": SIGNING.sign(sums).encode()}
    return Server(**{**vars(HONEST), "instead": changed}).export()


def _swap_content(name: str, content: bytes) -> bytes:
    """The honest bundle, whose manifest is honest too, with other content under one name."""
    return raw([(member, content if member == name else honest) for member, honest in unzip(HONEST.export())])


def _with_manifest_text(change: Callable[[str], str]) -> bytes:
    (_, manifest), *rest = unzip(HONEST.export())
    return raw([("manifest", LOG_KEY.sign(change(LOG_KEY.vkey.open(manifest).decode()).encode())), *rest])


def _swap_manifest_line(name: str) -> bytes:
    return _with_manifest_text(lambda text: re.sub(rf"[0-9a-f]{{64}}(?=  {re.escape(name)}\n)", digest(7).hex(), text))


@pytest.mark.parametrize(("expected", "make"), FORGED.values(), ids=FORGED.keys())
def test_forged_bundle_is_refused(expected: str, make: Callable[[], bytes]) -> None:
    assert word(make()) == expected


def test_forgeries_begin_from_an_honest_bundle() -> None:
    # The twin of the test above: made by the same means, with nothing forged, they are accepted.
    members = unzip(HONEST.export())
    honest = [raw(members), signed(members[1:]), _with_manifest_text(str), with_member("form.html", FORM), definition()()]
    assert all(opened(data).outcomes for data in honest)


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        (bundle.Trust(call_sha256=digest(1).hex()), "wrong-call"),
        (bundle.Trust(signing_key=SecretKey.generate().public_key), "signature"),
    ],
    ids=["hash", "key"],
)
def test_bundle_of_another_call_is_refused(trust: bundle.Trust, expected: str) -> None:
    assert word(HONEST.export(), expect=trust) == expected


def test_expected_call_is_opened() -> None:
    assert opened(HONEST.export(), expect=bundle.Trust(CALL_HASH.hex(), SIGNING.public_key))


def test_token_of_the_bundle_proves_its_time() -> None:
    """The bundle of the vectors: its token is over the checkpoint after the first four reports."""
    result = opened(Exported().to_bytes())
    assert [(token.size, token.authority, token.time is not None) for token in result.tokens] == [(EARLY, AUTHORITY, True)]
    assert [found.outcome for found in result.outcomes] == [each["outcome"] for each in OUTCOMES]


def test_token_that_proves_nothing_refuses_nothing() -> None:
    trusted = [{"name": "tsa", "url": "https://tsa.example", "certificate": "none"}]
    result = opened(definition(timestamp_authorities=trusted, instead={bundle.token_name(5, "tsa"): b"token"})())
    assert result.tokens == (bundle.Token(5, "tsa", None),)
    assert result.outcomes[1].outcome == "time-unproven"


def test_kept_notes_of_an_honest_server() -> None:
    assert opened(HONEST.export(), checkpoints=[checkpoint(WHOLE[:4])], promises=[promise(report(1)), promise(withdraw(5))])


def test_kept_checkpoint_tells_on_the_server() -> None:
    assert word(HONEST.export(), checkpoints=[checkpoint([*WHOLE[:2], report(9)])]) == "log-inconsistent"


def test_kept_promise_tells_on_the_server() -> None:
    assert word(HONEST.export(), promises=[promise(report(9))]) == "promise-broken"


def test_withdrawal_both_pending_and_logged() -> None:
    # A server that stopped between committing a batch and emptying what waited for it.
    result = opened(server(pending=[withdraw(1)])())
    assert result.outcomes[0].outcome == "withdrawn"


def test_pending_report_may_not_be_logged_yet() -> None:
    assert opened(server(pending=[withdraw(8)])())


def test_envelope_not_in_the_bundle_is_not_read() -> None:
    with pytest.raises(CryptoError) as caught:
        opened(HONEST.export()).read_envelope(digest(3))
    assert caught.value.word == "envelope-missing"


def test_envelope_changed_after_verifying() -> None:
    data = HONEST.export()
    file = io.BytesIO(data)
    result = bundle.open_bundle(file)
    file.seek(data.index(envelope(2)))
    file.write(b"S")
    with pytest.raises(CryptoError) as caught:
        result.read_envelope(digest(2))
    assert caught.value.word == "envelope"
    assert result.read_envelope(digest(4)) == envelope(4)


def test_progress_counts_envelope_bytes() -> None:
    told: list[int] = []
    opened(HONEST.export(), progress=told.append)
    assert told == [len(envelope(2)), len(envelope(4))]


@pytest.mark.parametrize(
    "members",
    [
        [("call.json", b"")],
        [*HONEST.members().items(), ("call.json", b"")],
        [*HONEST.members().items(), ("manifest", b"")],
        [*HONEST.members().items(), ("/etc/passwd", b"")],
    ],
    ids=["absent", "twice", "manifest", "unknown"],
)
def test_members_no_bundle_has_are_not_written(members: list[tuple[str, bytes]]) -> None:
    with pytest.raises(CryptoError) as caught:
        bundle.write_bundle(io.BytesIO(), [bundle.Member.of(*member) for member in members], LOG_KEY, ORIGIN)
    assert caught.value.word == "manifest"


@pytest.mark.parametrize("chunks", [(b"seale", b"d 3"), (b"sealed ", b"22"), (b"sealed",), ()], ids=["other", "longer", "shorter", "gone"])
def test_member_that_changed_is_not_written(chunks: tuple[bytes, ...]) -> None:
    honest = [bundle.Member.of(*member) for member in HONEST.members().items()][:-1]
    changed = bundle.Member(bundle.envelope_name(digest(2)), len(envelope(2)), digest(2), lambda: chunks)
    with pytest.raises(CryptoError) as caught:
        bundle.write_bundle(io.BytesIO(), [*honest[:-1], changed], LOG_KEY, ORIGIN)
    assert caught.value.word == "manifest"


def test_members_of_several_chunks_are_read_whole() -> None:
    form = bytes(range(256)) * 10_000
    assert opened(server(form=form)()).outcomes


def test_large_envelopes_stay_out_of_memory(tmp_path: Path) -> None:
    size = 64 << 20
    block = bytes(1 << 20)
    whole = hashlib.sha256()
    for _ in range(size >> 20):
        whole.update(block)

    def chunks() -> Iterator[bytes]:
        for _ in range(size >> 20):
            yield block

    log = [entries.report_entry(whole.digest(), handle(1))]
    members = [bundle.Member.of(*member) for member in Server(log, envelopes=[]).members().items()]
    members.append(bundle.Member(bundle.envelope_name(whole.digest()), size, whole.digest(), chunks))
    tracemalloc.start()
    with (tmp_path / "bundle").open("w+b") as file:
        bundle.write_bundle(file, members, LOG_KEY, ORIGIN)
        assert [found.outcome for found in bundle.open_bundle(file).outcomes] == ["time-unproven"]
        peak = tracemalloc.get_traced_memory()[1]
        assert peak < 8 << 20
        assert len(bundle.open_bundle(file).read_envelope(whole.digest())) == size
    assert tracemalloc.get_traced_memory()[1] > size, "an envelope in memory was not noticed"
    tracemalloc.stop()


def test_members_beyond_memory_are_not_read(tmp_path: Path) -> None:
    huge = zip64.Stored("manifest", 1 << 30, 0, 0)
    tracemalloc.start()
    with (tmp_path / "bundle").open("w+b") as file:
        file.write(zip64.local_header(huge))
        file.truncate(huge.start + huge.size)
        with pytest.raises(CryptoError) as caught:
            bundle.open_bundle(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.word == "manifest"
    assert peak < 8 << 20


@pytest.mark.parametrize("size", [0, 3 << 20])
def test_members_share_one_bound(size: int) -> None:
    data = server(form=bytes(size))()
    together = sum(len(content) for name, content in unzip(data) if not name.startswith("envelopes/"))
    assert opened(data, memory=together).outcomes
    assert word(data, memory=together - 1) == "manifest"


def test_members_together_stay_within_the_bound() -> None:
    size, most = 12 << 20, 16 << 20  # each of the two fits alone
    untrusted = server(instead={"log/checkpoint.3": bytes(size), "log/checkpoint.5": bytes(size)})()
    peaks = []
    for memory, expected in ((most, "manifest"), (2 * most, "signature")):
        tracemalloc.start()
        assert word(untrusted, memory=memory) == expected
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] < most < peaks[1], "where the bound lets it in, the second one is noticed"
