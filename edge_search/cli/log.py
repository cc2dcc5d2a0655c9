"""The log of a process that runs for long: lines for people, or one JSON document a line."""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
from datetime import datetime, timezone
from pathlib import Path

__all__ = ["JsonLines", "log_to"]

_LARGEST = 10 * 2**20
_FILES = 3


class JsonLines(logging.Formatter):
    """One JSON document a line: time (UTC), level, message, and where an unexpected error came from."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        line: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_to(file: Path | None, *, as_json: bool) -> None:
    """Send what edge-search logs, from info on, to stderr or a file; of 10 MB each, the last two files are kept too."""
    logger = logging.getLogger("edge_search")
    handler: logging.Handler = (
        logging.StreamHandler(sys.stderr)
        if file is None
        else logging.handlers.RotatingFileHandler(file, maxBytes=_LARGEST, backupCount=_FILES - 1, encoding="utf-8")
    )
    people = "edge-search: %(message)s" if file is None else "%(asctime)s %(levelname)s %(message)s"
    handler.setFormatter(JsonLines() if as_json else logging.Formatter(people))
    for old in list(logger.handlers):
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
