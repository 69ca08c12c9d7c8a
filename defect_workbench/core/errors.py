"""Errors whose message is a sentence for the person, and the exit code each one ends with."""

from __future__ import annotations


class WorkbenchError(Exception):
    """The job could not be finished; the message says why and what to do."""

    exit_code = 1


class InputError(WorkbenchError):
    """The command line, or what it points at, is wrong."""

    exit_code = 2


class Cancelled(WorkbenchError):
    """The person asked for the work to stop."""

    exit_code = 130

    def __init__(self, message: str = "cancelled") -> None:
        super().__init__(message)
