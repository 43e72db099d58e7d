"""Profiles, kinds of codes, and groups of tables."""

from __future__ import annotations

from summary.space import Space, part_of, parts, profiles, project, recount, space
from summary.tables import TOTAL, UNANSWERED, Axis, Plan, Reporter, finest_plan, tabulate
from tests.summary.invented import call_of, choice, document, linked_call, linked_reporters

CALL = linked_call()
PLANS = [finest_plan(CALL, table) for table in CALL.tables]
LAYERED = Space(
    ("country",),
    (("country", "region"),),
    ((("?", "?"), ("US", "N"), ("CA", "N"), ("FR", "E"), ("DE", "E"), ("TH", "A"), ("MY", "A"), ("KH", "A")),),
    (False,),
)


def test_recount_agrees_with_tabulate() -> None:
    reporters = linked_reporters(60)
    where = space(CALL, PLANS)
    people: dict[tuple[frozenset[tuple[str, ...]], ...], int] = {}
    for profile in profiles(CALL, reporters, where):
        people[profile] = people.get(profile, 0) + 1
    assert recount(where, people, PLANS) == tabulate(CALL, reporters, PLANS)


def test_nobody_answered_is_a_point() -> None:
    where = space(CALL, PLANS)
    assert profiles(CALL, [Reporter("r", {})], where) == [tuple(frozenset({(UNANSWERED,)}) for _ in where.questions)]


def test_two_levels_make_one_point() -> None:
    plans = [Plan("a", (Axis("country", "country", multiple=False),)), Plan("b", (Axis("country", "region", multiple=False),))]
    where = space(CALL, plans)
    assert where.levels == (("country", "region"),)
    assert ("US", "021") in where.points[0]
    keys = where.keys((frozenset({("US", "021")}),), plans)
    assert keys == {TOTAL, (("country", "country", "US"),), (("country", "region", "021"),)}


def test_dates_reach_back_and_may_be_coarse() -> None:
    where = space(CALL, PLANS)
    months = where.points[where.questions.index("month")]
    assert {("2025-12",), ("1970-01",), ("2025",)} <= set(months)


def test_codes_of_one_kind_can_be_exchanged() -> None:
    finest, coarse = LAYERED.kinds(0, set())
    assert finest["US"] == finest["FR"] != finest["TH"]
    assert coarse["N"] == coarse["E"] != coarse["A"]
    assert finest["?"] == "?" != finest["US"]


def test_listed_codes_are_of_their_own_kind() -> None:
    finest, coarse = LAYERED.kinds(0, {("country", "US")})
    assert finest["US"] == "US"
    assert finest["CA"] != finest["FR"]
    assert coarse["N"] != coarse["E"]
    listed_region = LAYERED.kinds(0, {("region", "E")})
    assert listed_region[0]["FR"] == listed_region[0]["DE"] != listed_region[0]["US"]


def test_tables_that_share_nothing_are_apart() -> None:
    call = call_of(document([choice(name, 2) for name in ("asked", "bsked", "csked")], {"one": ["asked", "csked"], "two": ["bsked"]}))
    plans = [finest_plan(call, table) for table in call.tables]
    where = space(call, plans)
    assert parts(where, plans) == [(0, 2), (1,)]
    assert part_of(where, (0, 2)).questions == ("asked", "csked")
    one, two = frozenset({("A1",)}), frozenset({("A2",)})
    assert project({(one, one, two): 2, (one, two, two): 3}, (0, 2)) == {(one, two): 5}


def test_chained_tables_are_one_group() -> None:
    names = ("asked", "bsked", "csked", "dsked")
    tables = {"one": ["csked", "dsked"], "two": ["asked", "bsked"], "three": ["bsked", "csked"]}
    call = call_of(document([choice(name, 2) for name in names], tables))
    plans = [finest_plan(call, table) for table in call.tables]
    assert parts(space(call, plans), plans) == [(0, 1, 2, 3)]
