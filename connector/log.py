"""Logging to standard error, one line an event: ids, names of fields, counts, never a value of a person."""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def configure(*, verbose: bool) -> None:
    """Send our log lines to standard error; `verbose` shows every request with its duration."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(FORMAT))
    logger = logging.getLogger("connector")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO if verbose else logging.WARNING)
    logger.propagate = False
