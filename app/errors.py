"""What the intake service refuses, as one tree; each leaf has its stable word (format.md section 12) and its HTTP status.

AppError
├── SubmissionRefusedError        (a report, a withdrawal or a request that cannot be taken)
│   ├── NotOpenError              not-open     403
│   ├── ClosedError               closed       403
│   ├── DuplicateError            duplicate    409
│   ├── WithdrawnError            withdrawn    410
│   ├── UnknownCallError          wrong-call   404
│   ├── UnknownReportError        no-match     404
│   └── LengthError               too-large    413
├── OverloadedError               (nothing is wrong with what was sent: try again later)
│   ├── BusyError                 busy         503
│   ├── WorkError                 work         503
│   └── FullError                 full         507
└── OperatorError                 (the server's own state or configuration; seen on the command line)
    ├── SchemaError               version
    ├── CallExistsError           duplicate
    ├── CallPackageError          wrong-call
    ├── OlderReceivedError        duplicate
    ├── UnreachableError          unreachable  (a word of the command line, F12.5)
    └── LogKeyError               signature

A message is one plain sentence. It never holds an answer, a name, a path or a byte of what was refused.
"""

from __future__ import annotations

from typing import ClassVar


class AppError(Exception):
    """Base of all that this package refuses; `word` as in format.md section 12, `status` is the HTTP status of the answer."""

    word: ClassVar[str]
    status: ClassVar[int] = 500


class SubmissionRefusedError(AppError):
    """A report, a withdrawal or a request that cannot be taken as it is."""


class NotOpenError(SubmissionRefusedError):
    """The call does not take reports yet."""

    word = "not-open"
    status = 403


class ClosedError(SubmissionRefusedError):
    """The time of the call is over (format.md section 9)."""

    word = "closed"
    status = 403


class DuplicateError(SubmissionRefusedError):
    """The handle or the digest was used before, not both together: the client seals again as n + 1 (section 5)."""

    word = "duplicate"
    status = 409


class WithdrawnError(SubmissionRefusedError):
    """This very report was taken once and withdrawn since."""

    word = "withdrawn"
    status = 410


class UnknownCallError(SubmissionRefusedError):
    """There is no such call on this server."""

    word = "wrong-call"
    status = 404


class UnknownReportError(SubmissionRefusedError):
    """No report of this call belongs to this receipt."""

    word = "no-match"
    status = 404


class LengthError(SubmissionRefusedError):
    """What was sent is longer than anything that could be taken."""

    word = "too-large"
    status = 413


class OverloadedError(AppError):
    """Nothing is wrong with what was sent; `retry_after` is the number of seconds to wait."""

    retry_after: ClassVar[int] = 10


class BusyError(OverloadedError):
    """Too much is going on at this moment, or the database does not answer."""

    word = "busy"
    status = 503


class WorkError(OverloadedError):
    """Under load: the report is taken once `bits` zero bits of work are shown for its handle and `batch` (format.md section 5)."""

    word = "work"
    status = 503
    retry_after = 1

    def __init__(self, *, bits: int, batch: int) -> None:
        """What is asked of the client."""
        super().__init__("Many reports are arriving at the moment: work is asked for.")
        self.bits = bits
        self.batch = batch


class FullError(OverloadedError):
    """There is no room left on the disk."""

    word = "full"
    status = 507
    retry_after = 300


class OperatorError(AppError):
    """The server's own state or configuration is not what it must be."""


class SchemaError(OperatorError):
    """The database is not at the version of this software: run `saksei-intake migrate`."""

    word = "version"


class CallExistsError(OperatorError):
    """A call with this id is here already, with another text or another key."""

    word = "duplicate"


class CallPackageError(OperatorError):
    """The folder is not what `saksei-reviewer call build` wrote for the server."""

    word = "wrong-call"


class OlderReceivedError(OperatorError):
    """The reviewers have countersigned a longer log already."""

    word = "duplicate"


class UnreachableError(OperatorError):
    """A timestamp authority could not be asked, or did not answer as one."""

    word = "unreachable"


class LogKeyError(OperatorError):
    """The log key of a call is missing or is not the one that call.json names."""

    word = "signature"
