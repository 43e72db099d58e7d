"""Everything that the offline tool refuses by itself, as one tree; each leaf has its stable word (format.md section 12).

ReviewerError                          (exit code 1)
├── UsageError                usage    (the command was asked for something that cannot be; exit code 2, not a word of the format)
├── BusyError                 busy     (another window works on the same workspace)
├── FullError                 full     (the disk is full)
├── WorkspaceError                     (a workspace that cannot be brought back)
│   ├── WorkspaceParamsError  key-params
│   ├── WorkspaceOpenError    key-open
│   ├── WorkspaceDamagedError key-mismatch
│   └── WorkspaceVersionError version
├── OtherCallError            wrong-call
├── OtherLogError             log-inconsistent
├── MarkError                 answers
└── ReleaseRefusedError       release

Refusals of what the tool reads (sealed reports, bundles, definitions, releases) are the errors of crypto, questionnaire and summary.
A message is one plain sentence. It never holds an answer, a name or a path.
"""

from __future__ import annotations

from typing import ClassVar


class ReviewerError(Exception):
    """Base of all that this package refuses; `word` is the stable word of format.md section 12."""

    word: ClassVar[str]


class UsageError(ReviewerError):
    """What was asked for cannot be: a file that is not there, a folder that already is, two options that exclude each other."""

    word = "usage"


class BusyError(ReviewerError):
    """Another process holds the workspace."""

    word = "busy"


class FullError(ReviewerError):
    """There is no room left on the disk; nothing of the command was kept."""

    word = "full"


class WorkspaceError(ReviewerError):
    """A workspace that cannot be brought back."""


class WorkspaceParamsError(WorkspaceError):
    """The header of the workspace is malformed, or asks for a cost outside the bounds or beyond this computer."""

    word = "key-params"


class WorkspaceOpenError(WorkspaceError):
    """The passphrase does not open the workspace."""

    word = "key-open"


class WorkspaceDamagedError(WorkspaceError):
    """The database is damaged, or belongs to another header."""

    word = "key-mismatch"


class WorkspaceVersionError(WorkspaceError):
    """The workspace was written by a newer version of this software."""

    word = "version"


class OtherCallError(ReviewerError):
    """A bundle, a key or a release belongs to another call."""

    word = "wrong-call"


class OtherLogError(ReviewerError):
    """The log of a bundle contradicts the log that the workspace already knows."""

    word = "log-inconsistent"


class MarkError(ReviewerError):
    """A reviewer's mark does not fit the call."""

    word = "answers"


class ReleaseRefusedError(ReviewerError):
    """A release may not leave now (disclosure.md)."""

    word = "release"
