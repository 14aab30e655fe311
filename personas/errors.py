"""What goes wrong with personas, in one line each."""


class PersonaError(Exception):
    """A persona cannot be used as asked.

    The message is one line, ready to print: what is wrong and what to do. The console command ends with exit code 2.
    """
