"""What goes wrong with surveys, with answers to them and with reports."""

from personas.errors import ReportedError


class SurveyError(ReportedError):
    """A survey cannot be used as asked: there is no such file, it has a fault, or it lacks the figures asked for."""


class AnswerError(ReportedError):
    """An answer to a survey question cannot be scored."""


class ReportError(ReportedError):
    """A report cannot be read, or cannot be compared with another."""
