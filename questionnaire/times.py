"""Wall times, zones and instants (format.md section 9).

An author writes wall time to the minute and an IANA zone. That minute is included: the deadline is the first instant after it. A wall time
that does not exist in the zone is refused; one that occurs twice means the later instant.
"""

import datetime
import re
import zoneinfo

from questionnaire.errors import WallTimeError

DISPLAY_ZONES = ("America/New_York", "Asia/Phnom_Penh")
"""The zones a deadline is always shown in; a page adds the reader's own."""

_WALL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)


def opening_instant(time: str, zone: str) -> int:
    """Unix seconds at which the minute `time` begins in `zone`. Raises WallTimeError."""
    if not _WALL.fullmatch(time):
        raise WallTimeError("write the time as 2027-08-13T23:59, to the minute and without a zone")
    try:
        naive = datetime.datetime.fromisoformat(time)
    except ValueError:
        raise WallTimeError("write a day and a minute that exist, as 2027-08-13T23:59") from None
    later = naive.replace(tzinfo=_zone(zone), fold=1)
    seconds = int(later.timestamp())
    if datetime.datetime.fromtimestamp(seconds, later.tzinfo).replace(tzinfo=None) != naive:
        raise WallTimeError(f"write another minute; clocks in {zone} are put forward over this one and never show it")
    return seconds


def deadline_instant(time: str, zone: str) -> int:
    """Unix seconds of the first instant that is late: the minute `time` in `zone` is still on time. Raises WallTimeError."""
    return opening_instant(time, zone) + 60


def last_minute(deadline: int, zone: str) -> datetime.datetime:
    """The last wall-clock minute that is still on time, in `zone`: what a page shows as the deadline. Raises WallTimeError."""
    # Subtract before converting: wall-clock arithmetic in a zone would be an hour off across a change of clocks.
    return datetime.datetime.fromtimestamp(deadline - 60, _zone(zone))


def _zone(zone: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise WallTimeError("write the name of an IANA time zone, such as America/New_York or Asia/Phnom_Penh") from None
