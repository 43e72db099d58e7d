"""What a reporter allows: the consent of a whole thread (format.md section 4, questionnaire.md "Consent").

The consent of a thread is the lowest level and the intersection of audiences over ALL its reports that are not withdrawn: late ones, and
ones that nobody marked credible, can lower it like any other. A consent that does not fit the call allows nothing.

Statistics for an audience need C1 or above and that audience ticked. The ticks say who may be given anything at all, at every level, C1 and
C3 included: the form tells people that without a tick nobody outside the reviewers is given anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reviewer.review import Entry

COUNTED: Final = "C1"
"""The lowest level at which a report is counted; levels sort as text."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a thread allows: a level `C0`..`C3`, the ids of the audiences, and whether its writer may be contacted."""

    level: str
    audiences: frozenset[str]
    contact: bool = False

    def statistics_for(self, audience: str) -> bool:
        """Whether it may be counted in figures that this audience is given."""
        return self.level >= COUNTED and audience in self.audiences

    def less(self, other: Allowed) -> Allowed:
        """What both allow."""
        return Allowed(min(self.level, other.level), self.audiences & other.audiences, self.contact and other.contact)


NOTHING: Final = Allowed("C0", frozenset())


def thread_consents(entries: Iterable[Entry]) -> dict[bytes, Allowed]:
    """Return what each thread allows, by thread: the least over all its opened reports."""
    consents: dict[bytes, Allowed] = {}
    for entry in entries:
        if entry.report is None:
            continue
        given = entry.report.consent
        own = NOTHING if entry.broken_consent else Allowed(given.level, frozenset(given.audiences), given.contact)
        consents[entry.report.thread] = own.less(consents.get(entry.report.thread, own))
    return consents
