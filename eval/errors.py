"""What goes wrong with surveys and with answers to them, in one line each.

Both carry a message that is ready to print: what is wrong and what to do. The console command ends with exit code 2.
"""


class SurveyError(Exception):
    """A survey cannot be used as asked: no such file, a fault in it, or no figures for what is wanted."""


class AnswerError(Exception):
    """An answer to a survey question cannot be scored."""
