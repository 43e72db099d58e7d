"""Who is counted for an audience, and under which codes (disclosure.md "Tables").

A report is counted when it is in the log before the close and not withdrawn, could be opened, was marked credible, and its thread's
consent allows it (reviewer.consent). The unit is the reporter: a thread, or a cluster of threads.

Codes: what a reviewer set stands in place of the answer; an answer that does not fit the call counts as none. Within a thread later
additions correct single answers, and several answers add up. Within a cluster, single answers that differ count as none until a reviewer
settles them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from questionnaire.ladders import counted_codes
from reviewer.consent import Allowed, thread_consents
from summary.tables import Reporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from questionnaire.models import Call, Question
    from reviewer.review import Entry

COUNTED_OUTCOMES: Final = frozenset({"on-time-proven", "time-unproven"})
REASONS: Final = ("withdrawn", "destroyed", "missing", "late", "not-opened", "not-reviewed", "not-credible", "consent")
"""Why a report is not counted, in the order they are looked for."""


@dataclass(frozen=True, slots=True, repr=False)
class Selection:
    """Who is counted. `counted` is the number of their reports, `left_out` that of all others by reason; both together are the whole log.

    `unsettled` are (reporter, question id) where the threads of a cluster give different answers to a question that takes one.
    """

    reporters: tuple[Reporter, ...]
    counted: int
    left_out: dict[str, int]
    unsettled: tuple[tuple[int, str], ...]


def select(call: Call, entries: Sequence[Entry], audience: str) -> Selection:
    """Choose the reporters that are counted for an audience, from every report of the log."""
    consents = thread_consents(entries)
    left_out: Counter[str] = Counter()
    counted: defaultdict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        reason = why_not(entry, consents, audience)
        if reason is not None:
            left_out[reason] += 1
        elif entry.reporter is not None:
            counted[entry.reporter].append(entry)
    unsettled: list[tuple[int, str]] = []
    reporters = tuple(_reporter(call, number, counted[number], unsettled) for number in sorted(counted))
    return Selection(reporters, sum(map(len, counted.values())), dict(left_out), tuple(unsettled))


def why_not(entry: Entry, consents: dict[bytes, Allowed], audience: str) -> str | None:
    """Return the first reason of REASONS for not counting a report for an audience, or None when it is counted."""
    if entry.outcome not in COUNTED_OUTCOMES:
        return entry.outcome
    if entry.report is None:
        return "not-opened"
    if entry.credible != "yes":
        return "not-reviewed" if entry.credible is None else "not-credible"
    return None if consents[entry.report.thread].statistics_for(audience) else "consent"


def _reporter(call: Call, number: int, entries: Sequence[Entry], unsettled: list[tuple[int, str]]) -> Reporter:
    """Merge the counted reports of one reporter. Only what some table counts is looked at; nothing else leaves."""

    threads: defaultdict[bytes, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.report is not None:
            threads[entry.report.thread].append(entry)
    values: dict[str, frozenset[str]] = {}
    for question_id in sorted({dimension for table in call.tables for dimension in table.dimensions}):
        question = call.question(question_id)
        given = [codes for thread in threads.values() if (codes := _thread_codes(question, thread))]
        if question.type == "choices":
            codes = frozenset().union(*given)
        elif len(set(given)) > 1:
            unsettled.append((number, question_id))
            continue
        else:
            codes = given[0] if given else frozenset()
        if codes:
            values[question_id] = codes
    return Reporter(id=str(number), values=values)


def _thread_codes(question: Question, entries: Sequence[Entry]) -> frozenset[str]:
    """Return the codes of one thread for one question: all of them for `choices`, the latest for any other type."""

    ordered = sorted(entries, key=lambda entry: (entry.report.seq if entry.report is not None else 0, entry.number))
    coded = [entry for entry in ordered if question.id in entry.codes]
    given = [value for entry in coded or ordered if (value := _value(question, entry)) is not None]
    found = [codes for value in given if (codes := counted_codes(question, value))]
    if question.type == "choices":
        return frozenset().union(*found)
    return found[-1] if found else frozenset()


def _value(question: Question, entry: Entry) -> Any:
    if question.id in entry.codes:
        return entry.codes[question.id]
    if entry.report is None or any(flag["question"] == question.id for flag in entry.flags):
        return None
    return entry.report.answers.get(question.id)
