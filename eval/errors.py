"""What goes wrong with surveys, with answers to them and with reports, in one line each.

All carry a message that is ready to print: what is wrong and what to do. The console command ends with exit code 2.
"""


class SurveyError(Exception):
    """A survey cannot be used as asked: no such file, a fault in it, or no figures for what is wanted."""


class AnswerError(Exception):
    """An answer to a survey question cannot be scored."""


class ReportError(Exception):
    """A report cannot be read, or cannot be compared with another."""
