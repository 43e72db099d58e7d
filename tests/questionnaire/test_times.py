import datetime

import pytest

from questionnaire.errors import WallTimeError
from questionnaire.times import deadline_instant, last_minute, opening_instant


def instant(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize(
    ("time", "zone", "late"),
    [
        pytest.param("2025-08-13T23:59", "America/New_York", "2025-08-14T04:00:00+00:00", id="summer"),
        pytest.param("2025-12-31T23:59", "America/New_York", "2026-01-01T05:00:00+00:00", id="winter"),
        pytest.param("2025-08-14T10:59", "Asia/Phnom_Penh", "2025-08-14T04:00:00+00:00", id="phnom-penh"),
        pytest.param("2025-11-02T01:30", "America/New_York", "2025-11-02T06:31:00+00:00", id="twice-is-later"),
        pytest.param("2025-11-02T01:59", "America/New_York", "2025-11-02T07:00:00+00:00", id="last-of-twice"),
        pytest.param("2025-03-09T01:59", "America/New_York", "2025-03-09T07:00:00+00:00", id="just-before-the-gap"),
        pytest.param("2025-03-09T03:00", "America/New_York", "2025-03-09T07:01:00+00:00", id="just-after-the-gap"),
    ],
)
def test_the_minute_is_included(time: str, zone: str, late: str) -> None:
    assert deadline_instant(time, zone) == instant(late)


@pytest.mark.parametrize("time", ["2025-03-09T02:00", "2025-03-09T02:30", "2025-03-09T02:59"])
def test_minute_in_the_gap_is_refused(time: str) -> None:
    with pytest.raises(WallTimeError):
        deadline_instant(time, "America/New_York")


def test_same_minute_elsewhere_is_accepted() -> None:
    assert deadline_instant("2025-03-09T02:30", "Asia/Phnom_Penh") == instant("2025-03-08T19:31:00+00:00")


@pytest.mark.parametrize(
    "time", ["2025-02-29T10:00", "2025-01-01T24:00", "2025-01-01 10:00", "2025-01-01T10:00Z", "2025-1-1T1:00", "", "០២០២៥"]
)
def test_impossible_times_are_refused(time: str) -> None:
    with pytest.raises(WallTimeError):
        deadline_instant(time, "America/New_York")


@pytest.mark.parametrize("zone", ["", "New York", "America/Nowhere", "/etc/passwd", "../etc", "America", "\0"])
def test_unknown_zones_are_refused(zone: str) -> None:
    with pytest.raises(WallTimeError):
        deadline_instant("2025-01-01T10:00", zone)


def test_opening_is_the_minutes_beginning() -> None:
    assert opening_instant("2026-01-05T08:00", "America/New_York") == instant("2026-01-05T13:00:00+00:00")


@pytest.mark.parametrize(("zone", "shown"), [("America/New_York", "2025-08-13T23:59"), ("Asia/Phnom_Penh", "2025-08-14T10:59")])
def test_deadline_is_shown_as_last_minute(zone: str, shown: str) -> None:
    assert last_minute(instant("2025-08-14T04:00:00+00:00"), zone).strftime("%Y-%m-%dT%H:%M") == shown


def test_last_minute_across_change_of_clocks() -> None:
    deadline = deadline_instant("2025-03-09T01:59", "America/New_York")
    assert last_minute(deadline, "America/New_York").strftime("%H:%M") == "01:59"
