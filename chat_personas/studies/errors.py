"""What can be wrong with a study, each as one line that says what is wrong and what to do."""

from personas.errors import ReportedError


class StudyFileError(ReportedError):
    """A study file or an instrument cannot be used."""

    exit_code = 2


class ParticipationError(ReportedError):
    """A person cannot take part, or not so: the study has ended for them, or they are already in it."""

    exit_code = 2
