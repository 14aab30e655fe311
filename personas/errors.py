"""The base of every error that the program reports, and what goes wrong with personas.

It imports nothing, because it is read before the first frame and stands below every other module.
"""


class ReportedError(Exception):
    """An error that a user can do something about; anything else that is raised is a bug.

    The message is one line, ready to print: what is wrong and what to do. `exit_code` is what the console command ends
    with: 1 a check that was asked for did not hold, 2 wrong input or usage, 3 the model or the server failed, 4 storage
    failed, 130 interrupted.
    """

    exit_code = 2


class PersonaError(ReportedError):
    """A persona cannot be used as asked."""
