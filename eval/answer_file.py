"""A file of answers that were produced elsewhere (JSON Lines): read whole, checked against a survey, by group."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.answer_line import AnswerLine, read_line
from eval.answers import Answer, Failure, OrderAnswer
from eval.errors import AnswerError, SurveyError
from eval.surveys.figures import human_figures, require_figures
from eval.surveys.loading import LoadedSurvey, Survey
from eval.surveys.model import Question
from personas import Group
from personas.inputs.files import Kind, display_name, read_whole
from personas.inputs.suggestions import shown, suggestion

LEAST_SUM, MOST_SUM = 0.99, 1.001
_ROUNDING = 1e-9
_ANSWER_FILE = Kind("a file of answers", 500_000_000, "500 MB", "score it in parts", AnswerError)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

People = frozenset[Group]
"""The groups that an answer is for, in whatever order they were written."""


@dataclass(frozen=True, slots=True)
class GivenAnswers:
    """What a file holds for one group: the lines by question id, in the file's order. Empty `groups` are everyone."""

    groups: tuple[Group, ...]
    by_question: dict[str, AnswerLine]

    @property
    def name(self) -> str:
        """The groups as one name, such as `POLPARTY=Democrat with SEX=Female`."""
        return " with ".join(str(group) for group in self.groups) or "everyone"

    def left_out(self, survey: Survey) -> int:
        """Return on how many questions of the survey there are figures for the groups, and no answer in the file."""
        unanswered = [question for question in survey.questions if question.id not in self.by_question]
        return sum(human_figures(question, self.groups) is not None for question in unanswered)


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """A file of answers; `sha256` is of its bytes. `path` may lie in somebody's home: record only `name`."""

    path: Path
    sha256: str
    given: tuple[GivenAnswers, ...]

    @property
    def name(self) -> str:
        """The base name of the file; what is no UTF-8 in it is a question mark."""
        return self.path.name.encode(errors="replace").decode()


def load_answers(file: str, survey: LoadedSurvey) -> AnswerFile:
    """Return the answers in a file, by group in the order in which the groups first occur.

    Raises:
        AnswerError: the file cannot be read, or a line has a fault: it is no answer, the survey has no such question,
            no such option or no figures for the group, or the question was answered for the group before. The
            message names the file and the line.
    """
    path = Path(file)
    content = read_whole(path, _ANSWER_FILE)
    reading = _Reading(survey)
    for number, line in enumerate(content.removeprefix(_BYTE_ORDER_MARK).split(b"\n"), start=1):
        try:
            reading.add(number, line.decode())
        except UnicodeDecodeError as error:
            problem = "this is not UTF-8; save the file as UTF-8"
            raise AnswerError(f"{display_name(path)}: line {number}: {problem}") from error
        except (AnswerError, SurveyError) as error:
            raise AnswerError(f"{display_name(path)}: line {number}: {error}") from error
    if not reading.by_people:
        raise AnswerError(f"{display_name(path)} holds no answers; write one JSON object on each line")
    return AnswerFile(path, hashlib.sha256(content).hexdigest(), tuple(reading.by_people.values()))


class _Reading:
    """The lines of a file while they are read: checked one by one, and sorted by the people they are for."""

    def __init__(self, survey: LoadedSurvey) -> None:
        self.by_people: dict[People, GivenAnswers] = {}
        self._survey = survey
        self._questions = {question.id: question for question in survey.survey.questions}
        self._first_lines: dict[tuple[People, str], int] = {}

    def add(self, number: int, text: str) -> None:
        """Take in line `number`; blank ones say nothing."""
        if not text.strip():
            return
        line = read_line(text)
        self._check_options(line)
        people = frozenset(line.group)
        if people not in self.by_people:
            require_figures(self._survey, line.group)
            self.by_people[people] = GivenAnswers(line.group, {})
        before = self._first_lines.setdefault((people, line.question), number)
        if before != number:
            problem = f"line {before} answers {shown(line.question)} for the same group"
            raise AnswerError(f"{problem}; keep one of them")
        self.by_people[people].by_question[line.question] = line

    def _check_options(self, line: AnswerLine) -> None:
        question = self._questions.get(line.question)
        if question is None:
            problem = f"the survey {self._survey.survey.name} has no question {shown(line.question)}"
            otherwise = "write one of its ids, or name the survey that was answered with --survey"
            raise AnswerError(f"{problem}; {suggestion(line.question, self._questions, otherwise)}")
        known = (*question.option_texts, *question.refusals)
        for text in line.distribution:
            if text not in known:
                problem = f"question {shown(line.question)} has no option {shown(text)}"
                raise AnswerError(f"{problem}; {suggestion(text, known)}")


def answer_from(line: AnswerLine, question: Question) -> Answer | Failure:
    """Return the answer of a line to `question`, or why it cannot be scored: a sum that is none, or no figures.

    The masses are in the survey's order, whatever the order in the file.
    """
    masses = line.distribution
    total = math.fsum([*masses.values(), line.refusal])
    if not LEAST_SUM - _ROUNDING <= total <= MOST_SUM + _ROUNDING:
        return Failure(question.id, f"the masses sum to {total:.6g}, not to between {LEAST_SUM} and {MOST_SUM}")
    if human_figures(question, line.group) is None:
        return Failure(question.id, "the survey has no figures for this group on this question")
    options = np.array([masses.get(text, 0.0) for text in question.option_texts])
    refusal = math.fsum([line.refusal, *(masses.get(text, 0.0) for text in question.refusals)])
    return Answer(question.id, (OrderAnswer("survey", options, refusal, label_mass=None, as_is=True),))
