"""Names of a bundle's members and the order that they stand in."""

from __future__ import annotations

import hashlib

import pytest

from crypto import members
from crypto.errors import ManifestError

ORDER = [
    "call.json",
    "SHA256SUMS",
    "SHA256SUMS.minisig",
    "form.html",
    "log/entries",
    "log/checkpoint.2",
    "log/checkpoint.10",
    "log/2.b.tsr",
    "log/10.a.tsr",
    "log/10.b-2.tsr",
    "log/pending",
    f"envelopes/{'0' * 64}.age",
    f"envelopes/{'0' * 63}f.age",
    f"envelopes/{'f' * 64}.age",
]


def test_members_have_their_place() -> None:
    assert sorted(ORDER, key=members.place) == ORDER
    assert [members.place(name)[1:] for name in ORDER[:5]] == [(0, "")] * 5


@pytest.mark.parametrize(
    "name",
    [
        "",
        "manifest",
        "Call.json",
        "./call.json",
        "call.json\n",
        "log/checkpoint.0",
        "log/checkpoint.02",
        "log/checkpoint.",
        "log/checkpoint.២",
        "log/checkpoint." + "1" * 17,
        "log/2..tsr",
        "log/2.A.tsr",
        "log/2.a/b.tsr",
        "log/02.a.tsr",
        "envelopes/" + "0" * 63 + ".age",
        "envelopes/" + "F" * 64 + ".age",
        "envelopes/../" + "0" * 64 + ".age",
        "/etc/passwd",
    ],
)
def test_other_names_have_none(name: str) -> None:
    with pytest.raises(ManifestError):
        members.place(name)


def test_names_are_made_as_they_are_read() -> None:
    digest = bytes(range(32))
    made = [members.checkpoint_name(7), members.token_name(7, "tsa"), members.envelope_name(digest)]
    assert [members.place(name)[1:] for name in made] == [(7, ""), (7, "tsa"), (0, digest.hex())]


def test_member_of_content_announces_it() -> None:
    member = members.Member.of("call.json", b"{}")
    assert (member.name, member.size, member.sha256) == ("call.json", 2, hashlib.sha256(b"{}").digest())
    assert b"".join(member.chunks()) == b"{}"
