"""`saksei-reviewer list | show | mark`: reading reports and saying what they are."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from questionnaire.models import Call
from reviewer import durable, labels, marks, review
from reviewer.commands.options import Language, Machine, PassphraseFile, ReportNumber, WorkspaceFolder
from reviewer.consent import Allowed, thread_consents
from reviewer.errors import UsageError
from reviewer.review import Entry, Note
from reviewer.sessions import open_workspace
from reviewer.terminal import Screen

Codes = Annotated[
    list[str] | None,
    typer.Option(
        "--code",
        metavar="QUESTION=CODE,…",
        help="Set the codes of a question in place of the answer; nothing after = counts it as unanswered. May be given several times.",
    ),
]
NoteFile = Annotated[
    typer.FileText | None, typer.Option("--note-file", metavar="FILE", help="Keep the text in this file as a note; - reads what is typed.")
]


def list_reports(
    *,
    workspace: WorkspaceFolder,
    unmarked: Annotated[bool, typer.Option("--unmarked", help="Only reports that are open and not yet marked credible or not.")] = False,
    passphrase_file: PassphraseFile = None,
    json: Machine = False,
) -> None:
    """List every report: how it stands, whose it is, what is left to do."""

    screen = Screen(machine=json)
    with open_workspace(workspace, passphrase_file, screen) as opened:
        found = [entry for entry in review.entries(opened) if not unmarked or (entry.report is not None and entry.credible is None)]
    screen.table(
        ("report", "stands", "reporter", "consent", "language", "files", "credible", "notes"),
        [_list_row(entry) for entry in found],
    )
    for word in sorted({entry.refusal for entry in found if entry.refusal is not None}):
        screen.say(f"{word}: {labels.refusal_words(word)}")
    if any(entry.flags for entry in found):
        screen.say("A star marks reports that say something that does not fit the call; `show` tells what.")
    screen.document({"reports": [_list_document(entry) for entry in found]})


def show_report(  # noqa: PLR0913 - the options of a command
    report: ReportNumber,
    *,
    workspace: WorkspaceFolder,
    files: Annotated[
        Path | None,
        typer.Option("--files", metavar="DIR", help="Also write the attached files into this new folder, named 001, 002, … NOT encrypted."),
    ] = None,
    language: Language = None,
    passphrase_file: PassphraseFile = None,
    json: Machine = False,
) -> None:
    """Show one report: the original words, its files, its consent.

    What reviewers added (codes, notes) stands beside it.
    """

    screen = Screen(machine=json)
    if files is not None:
        durable.require_absent(files)
    with open_workspace(workspace, passphrase_file, screen) as opened:
        call = review.read_call(opened)
        spoken = labels.choose_language(call, language)
        number = review.find_number(opened, report)
        everything = review.entries(opened)
        notes = review.notes_of(opened, number)
        if files is not None:
            review.find_opened(opened, report)
            with durable.new_folder(files) as aside:
                review.extract_files(opened, number, aside)
            screen.warn("The files written are NOT encrypted and may be harmful: do not open them on this computer.")
    entry = next(found for found in everything if found.number == number)
    _show_entry(screen, call, entry, thread_consents(everything), spoken)
    for note in notes:
        screen.say()
        screen.say(f"Note of {_day(note)}:")
        screen.say(_indented(note.text), lines=True)
    screen.document(_show_document(entry, notes))


def mark_report(  # noqa: PLR0913 - the options of a command
    reports: Annotated[list[str], typer.Argument(metavar="REPORT...", help="The numbers of one or more reports, as `list` shows them.")],
    *,
    workspace: WorkspaceFolder,
    credible: Annotated[str | None, typer.Option("--credible", metavar="yes|no|unsure", help="Only `yes` is ever counted.")] = None,
    code: Codes = None,
    uncode: Annotated[
        list[str] | None,
        typer.Option("--uncode", metavar="QUESTION", help="Take such codes away again. May be given several times."),
    ] = None,
    same_as: Annotated[
        str | None,
        typer.Option("--same-as", metavar="REPORT", help="Count with that report's reporter: one family, organisation or event."),
    ] = None,
    alone: Annotated[bool, typer.Option("--alone", help="Count its reporter alone again.")] = False,
    note_file: NoteFile = None,
    passphrase_file: PassphraseFile = None,
    json: Machine = False,
) -> None:
    """Say what a report is: credible or not, its codes, whose it is.

    The original words are never changed. Several reports may be marked alike in one go.
    """
    screen = Screen(machine=json)
    if alone and same_as is not None:
        raise UsageError("--alone and --same-as exclude each other.")
    marking = marks.Marking(
        credible=credible,
        codes=tuple(_assignment(text) for text in code or ()),
        uncoded=tuple(uncode or ()),
        note=None if note_file is None else note_file.read(),
        alone=alone,
    )
    if marking == marks.Marking() and same_as is None:
        raise UsageError("Nothing to mark was given; see --help.")
    with open_workspace(workspace, passphrase_file, screen) as opened:
        numbers = [review.find_opened(opened, report) for report in reports]
        other = None if same_as is None else review.find_opened(opened, same_as)
        marks.apply(opened, review.read_call(opened), numbers, marking, same_as=other)
        marked = [entry for entry in review.entries(opened) if entry.number in numbers]
    screen.say(f"Marked: {', '.join(str(entry.number) for entry in marked)}.")
    screen.document({"reports": [_list_document(entry) for entry in marked]})


def _assignment(text: str) -> tuple[str, str]:

    question, equals, codes = text.partition("=")
    if not equals:
        raise UsageError("Write --code as QUESTION=CODE, with commas between several codes.")
    return question.strip(), codes


def _list_row(entry: Entry) -> tuple[str, ...]:
    stands = entry.outcome if entry.refusal is None else f"not opened: {entry.refusal}"
    if entry.report is None:
        return (str(entry.number), stands, "", "", "", "", "", "")
    return (
        f"{entry.number}{'*' if entry.flags else ''}",
        stands,
        f"{entry.reporter}{' (joined)' if entry.cluster is not None else ''}",
        entry.report.consent.level,
        entry.report.lang,
        str(len(entry.report.files)),
        entry.credible or "not marked",
        str(entry.notes or ""),
    )


def _list_document(entry: Entry) -> dict[str, Any]:
    """Everything about a report but what it says."""
    document: dict[str, Any] = {
        "number": entry.number,
        "digest": entry.digest.hex(),
        "handle": entry.handle.hex(),
        "outcome": entry.outcome,
        "refusal": entry.refusal,
        "opened": entry.report is not None,
        "flags": list(entry.flags),
        "credible": entry.credible,
        "codes": entry.codes,
        "notes": entry.notes,
        "reporter": entry.reporter,
        "joined": entry.cluster is not None,
    }
    if entry.report is not None:
        consent = entry.report.consent
        document |= {
            "seq": entry.report.seq,
            "form": entry.report.form,
            "lang": entry.report.lang,
            "consent": {"level": consent.level, "audiences": list(consent.audiences), "contact": consent.contact},
            "files": len(entry.report.files),
        }
    return document


def _show_document(entry: Entry, notes: list[Note]) -> dict[str, Any]:
    document = _list_document(entry) | {"notes": [{"written": note.written, "text": note.text} for note in notes]}
    if entry.report is not None:
        document["answers"] = dict(entry.report.answers)
        document["files"] = [
            {"number": number, "name": file.name, "type": file.type, "size": file.size, "sha256": file.sha256}
            for number, file in enumerate(entry.report.files, start=1)
        ]
    return document


def _show_entry(screen: Screen, call: Call, entry: Entry, consents: Mapping[bytes, Allowed], language: str) -> None:

    screen.say(f"Report {entry.number}, {entry.outcome}")
    if entry.report is None:
        said = (
            "It is not here."
            if entry.refusal is None
            else f"It could not be opened: {entry.refusal}. {labels.refusal_words(entry.refusal)}"
        )
        screen.say(said if entry.outcome != "withdrawn" else "It was withdrawn, and destroyed here.")
        return
    report, consent = entry.report, entry.report.consent
    place = "first report" if report.seq == 0 else f"addition {report.seq}"
    screen.say(f"Reporter {entry.reporter}, {place}, in {report.lang}, written in {labels.FORMS.get(report.form, report.form)}")
    own = Allowed(consent.level, frozenset(consent.audiences), consent.contact)
    _show_allowed(screen, call, own, language)
    if consents[report.thread] != own:
        screen.say("With all that this reporter sent, only this is allowed:")
        _show_allowed(screen, call, consents[report.thread], language)
    screen.say(f"Credible: {entry.credible or 'not marked'}")
    for flag in entry.flags:
        screen.say(f"Does not fit the call: {labels.flag_words(call, flag, language)}")
    _show_answers(screen, call, entry, language)
    _show_files(screen, entry)


def _show_allowed(screen: Screen, call: Call, allowed: Allowed, language: str) -> None:
    screen.say(f"Consent: {labels.LEVELS.get(allowed.level, allowed.level)}")
    audiences = ", ".join(labels.audience_words(call, audience, language) for audience in sorted(allowed.audiences))
    screen.say(f"May be given to: {audiences or 'nobody'}")
    screen.say(f"May be contacted: {'yes' if allowed.contact else 'no'}")


def _show_answers(screen: Screen, call: Call, entry: Entry, language: str) -> None:

    if entry.report is None:
        return
    answers = entry.report.answers
    known = [question.id for question in call.questions if question.id in answers or question.id in entry.codes]
    for question in known + [name for name in answers if name not in known]:
        screen.say()
        screen.say(f"{labels.question_label(call, question, language)}  ({question})")
        if question in answers:
            screen.say(_indented(labels.answer_words(call, question, answers[question], language)), lines=True)
        if question in entry.codes:
            screen.say("  reviewers' code:")
            screen.say(_indented(labels.answer_words(call, question, entry.codes[question], language)), lines=True)


def _show_files(screen: Screen, entry: Entry) -> None:
    if entry.report is None or not entry.report.files:
        return
    screen.say()
    screen.say("Files")
    screen.table(
        ("number", "name on the device", "type", "bytes", "SHA-256"),
        [(f"{number:03d}", file.name, file.type, str(file.size), file.sha256) for number, file in enumerate(entry.report.files, start=1)],
    )


def _indented(text: str) -> str:
    return "\n".join(f"│ {line}" for line in text.replace("\r\n", "\n").split("\n"))


def _day(note: Note) -> str:

    return datetime.fromtimestamp(note.written, tz=UTC).date().isoformat()
