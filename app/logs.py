"""The service's log: a line of JSON an event, and in it nothing of any request (threats.md)."""

import json
import logging
import sys

from app.refusals import place_of

QUIET = ("asyncio", "sqlalchemy", "alembic", "aiosqlite")
"""Libraries whose warnings are of interest, and nothing below."""

SILENT = ("python_multipart",)
"""Libraries that name bytes of what they read: of a plain form those are somebody's words."""


class JsonFormatter(logging.Formatter):
    """`level`, `source` and `message`; of an error its kind and its place in our code, never its text or the values around it.

    No time: whoever collects the lines writes down when they came, and how finely is theirs to set (docs/operators).
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line = {"level": record.levelname.lower(), "source": record.name, "message": record.getMessage()}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line |= {"error": type(error).__name__, "place": place_of(error)}
        return json.dumps(line)


def log_silently() -> None:
    """Send every log line to stderr through JsonFormatter."""
    sink = logging.StreamHandler(sys.stderr)
    sink.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [sink]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # below that it says that a request was none: a line for each, with its time
