"""The exit codes of the console command, and the errors of the command line itself.

Every error that the program reports carries its exit code, see `personas.errors.ReportedError`.
"""

from typing import Final

from personas.errors import ReportedError

DONE: Final = 0
CHECK_FAILED: Final = 1
BAD_INPUT: Final = 2
MODEL_FAILED: Final = 3
STORAGE_FAILED: Final = 4
INTERNAL_ERROR: Final = 70
"""A bug. Not Python's own 1, which a script would take for a check that did not hold."""
INTERRUPTED: Final = 130


class UsageError(ReportedError):
    """The command line asks for something that cannot be done."""

    exit_code = BAD_INPUT


class CommandLineError(UsageError):
    """The command line itself is wrong: an unknown option, a missing value."""


class StoppedError(ReportedError):
    """The user stopped the command. The message says what was kept."""

    exit_code = INTERRUPTED


class CheckFailedError(ReportedError):
    """A check that was asked for did not hold."""

    exit_code = CHECK_FAILED
