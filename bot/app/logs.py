"""Where log lines go and how they look: one event a line, with an `action` word and ids, never message text."""

import logging
import sys
import traceback
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import msgspec

from bot.connectors import DeliveryError
from bot.correlation import correlation
from briefings.errors import IndexUnavailable, StorageError

FILE_BYTES = 1_000_000
"""Size at which the log file of sessions is put aside; one older one is kept."""

QUOTABLE = (StorageError, IndexUnavailable, DeliveryError, OSError)
"""Errors about the machine and the platforms. Others may quote what people typed, and are named only."""
DEEPEST = 5
"""Errors before an error that its trace shows."""

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def begin(level: str, format: str, file: Path | None = None) -> None:
    """Log from `level` on, as "text" or "json" lines, to `file`, or to standard error when there is none."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        handler = RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8", errors="replace")
    handler.setFormatter(JsonLines() if format == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # A log that cannot be written must not print traces over a session.
    for noisy in ("apscheduler", "asyncio", "httpx", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def event(record: logging.LogRecord) -> dict[str, Any]:
    """A log record as named values: when, how grave, where, what, then its own ids."""
    values = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
        **({"correlation": about} if (about := correlation()) else {}),
        **{name: value for name, value in vars(record).items() if name not in _OWN},
    }
    if record.exc_info:
        values["trace"] = _trace(record.exc_info[1])
    return values


def _trace(error: BaseException | None, depth: int = 0) -> str:
    """Where an error came from, and where those before it did.

    The words of an error are put only where nobody's typed words can be in them; see `QUOTABLE`.
    """
    if error is None or depth > DEEPEST:
        return ""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    words = f": {error}" if isinstance(error, QUOTABLE) else ""
    kind = type(error).__qualname__
    name = kind if type(error).__module__ == "builtins" else f"{type(error).__module__}.{kind}"
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{_trace(before, depth + 1)}{frames}{name}{words}\n"


class JsonLines(logging.Formatter):
    """One JSON object a line, for programs."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; what JSON does not know is put as text."""
        return msgspec.json.encode(event(record), enc_hook=str).decode()


class TextLines(logging.Formatter):
    """One line for people; the trace of an error follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger and message, then `name=value` for the rest."""
        values = event(record)
        trace = values.pop("trace", "")
        first = " ".join(str(values.pop(name)) for name in ("at", "level", "logger", "message"))
        line = " ".join([first, *(f"{name}={value}" for name, value in values.items())])
        return f"{line}\n{trace.rstrip()}" if trace else line
