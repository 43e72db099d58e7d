"""The tables of a workspace. `STEPS[n]` brings a database of version n to n + 1; the version stands in SQLite's `user_version`.

A step that was ever released is never changed; a new one is added.
"""

from __future__ import annotations

from typing import Final

_FIRST: Final = """
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for every report entry of the newest log. `position` is the index in the log, which says nothing of the order of arrival.
-- `body` is report.json as it was sealed; it is there exactly when the report was opened and not withdrawn since.
-- `refusal` is the word of format.md for an envelope that could not be opened. `flags` (JSON) says what does not fit the call.
CREATE TABLE reports (
    position INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    handle BLOB NOT NULL UNIQUE CHECK (length(handle) = 32),
    outcome TEXT NOT NULL CHECK (outcome IN ('withdrawn', 'destroyed', 'missing', 'late', 'on-time-proven', 'time-unproven')),
    refusal TEXT,
    body BLOB,
    thread BLOB CHECK (length(thread) = 16),
    flags TEXT NOT NULL DEFAULT '[]',
    credible TEXT CHECK (credible IN ('yes', 'no', 'unsure')),
    CHECK ((body IS NULL) = (thread IS NULL)),
    CHECK (body IS NULL OR refusal IS NULL),
    CHECK (outcome <> 'withdrawn' OR (body IS NULL AND refusal IS NULL AND credible IS NULL))
) STRICT;
CREATE INDEX reports_by_thread ON reports (thread);

CREATE TABLE files (
    position INTEGER NOT NULL REFERENCES reports (position) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 99),
    body BLOB NOT NULL,
    PRIMARY KEY (position, number)
) STRICT;

-- What a reviewer sets for one question of one report, in place of the answer: a JSON value of format.md section 2.
CREATE TABLE codes (
    position INTEGER NOT NULL REFERENCES reports (position) ON DELETE CASCADE,
    question TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (position, question)
) STRICT, WITHOUT ROWID;

CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    position INTEGER NOT NULL REFERENCES reports (position) ON DELETE CASCADE,
    written INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;

-- Threads that a reviewer takes for one reporter (a family, an organisation, an event) share a cluster number.
CREATE TABLE clusters (
    thread BLOB PRIMARY KEY CHECK (length(thread) = 16),
    cluster INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The ledger: what left, as it left (`body`), and the reviewers' own account of it (`working`: exact counts, reasons, witnesses).
CREATE TABLE releases (
    number INTEGER PRIMARY KEY CHECK (number >= 1),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    audience TEXT NOT NULL,
    body BLOB NOT NULL,
    working BLOB NOT NULL
) STRICT;
"""

_REPLIES: Final = """
-- What the writer of a report is told in every round until it is taken away; at most one a report.
CREATE TABLE replies (
    position INTEGER PRIMARY KEY REFERENCES reports (position) ON DELETE CASCADE,
    written INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
"""

STEPS: Final = (_FIRST, _REPLIES)
VERSION: Final = len(STEPS)
