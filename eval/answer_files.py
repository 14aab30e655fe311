"""A file of answers that were produced elsewhere (JSON Lines): read whole, checked against a survey, by group.

The format of one line in a file of answers: what somebody or something answered to one survey question.

Writing the answers of an evaluation as a file of answers, which scored again gives the scores of the valid ones.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import (
    BeforeValidator,
    Field,
    FiniteFloat,
    SerializerFunctionWrapHandler,
    ValidationError,
    WrapSerializer,
    field_validator,
)
from pydantic_core import ErrorDetails

from eval.answers import Answer, Failure, OrderAnswer
from eval.errors import AnswerError, SurveyError
from eval.report import Report
from eval.surveys.figures import human_figures, require_figures
from eval.surveys.loading import LoadedSurvey, Survey
from eval.surveys.model import Question
from personas import Group, LoadedPersona, clash
from personas.inputs.files import FileKind, display_name, read_whole
from personas.inputs.models import StrictModel, broken_rule
from personas.inputs.suggestions import quoted, suggestion

_WANTED = {
    "missing": "is lacking; add it",
    "string_type": "must be text in double quotes",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be 0 or more",
    "dict_type": "must be an object in braces",
    "model_type": "must be an object in braces",
    "tuple_type": 'must be {"attribute": ..., "value": ...} or a list of them',
    "json_invalid": "this is not JSON; write characters themselves, not halves of \\u escapes",
}


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, dict) else tuple(value) if isinstance(value, list) else value


def _without_list(groups: Any, handler: SerializerFunctionWrapHandler) -> Any:
    written = handler(groups)
    return written[0] if len(written) == 1 else written


Mass = Annotated[FiniteFloat, Field(ge=0)]
Groups = Annotated[tuple[Group, ...], BeforeValidator(_as_tuple), WrapSerializer(_without_list)]


class AnswerLine(StrictModel):
    """One answer: the distribution over the options of one question, as one group would answer it.

    Raises:
        pydantic.ValidationError: a key is unknown or lacking, a mass is no probability, or groups cannot go together.
    """

    question: str
    """The question's id in the survey."""
    group: Groups
    """For whom: `{"attribute": A, "value": V}`, or a list of them for those who belong to all; `[]` is everyone."""
    distribution: dict[str, Mass]
    """The probability of each option, by its text as the survey has it; one left out has 0. Refusals may be here."""
    refusal: Mass = 0.0
    """The probability of refusing, as far as it does not stand in `distribution`; 0 when left out."""

    @field_validator("group")
    @classmethod
    def _hold_of_one_person(cls, groups: tuple[Group, ...]) -> tuple[Group, ...]:
        found = clash(groups)
        if found is not None:
            raise broken_rule(f"{found.problem}; keep one of them")
        return groups


def read_line(text: str) -> AnswerLine:
    """Return the answer that one line of JSON describes.

    Raises:
        AnswerError: it is no JSON, a key is there twice, or it is no answer; the message names the first fault.
    """
    _parse(text)
    try:
        return AnswerLine.model_validate_json(text)
    except ValidationError as error:
        errors = sorted(error.errors(include_url=False), key=lambda fault: fault["type"] != "extra_forbidden")
        raise AnswerError(_explain(errors[0])) from error  # an unknown key first: it is a known one, mistyped


def written(line: AnswerLine) -> str:
    """Return the line of a file that `read_line` reads as `line`, without its end."""
    return json.dumps(line.model_dump(), ensure_ascii=False)


def _explain(error: ErrorDetails) -> str:
    place = ", ".join(f"{part + 1}" if isinstance(part, int) else quoted(part)[1:-1] for part in error["loc"])
    if error["type"] == "extra_forbidden":
        *parents, key = error["loc"]
        known = Group.model_fields if parents else AnswerLine.model_fields
        return f"there is no key {quoted(key)}; {suggestion(str(key), known)}"
    if error["type"] == "model_type" and not error["loc"]:
        return 'this is no object in braces; write {"question": ..., "group": ..., "distribution": ...}'
    said = _WANTED.get(error["type"], error["msg"])
    return f"{place}: {said}" if place else said


def _parse(text: str) -> None:
    """Find what JSON itself forbids, or allows and must not be: the same key twice, and numbers that are none."""
    try:
        json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        problem = f"column {error.colno}: this is not JSON ({error.msg})"
        raise AnswerError(f"{problem}; write one object on each line") from error
    except RecursionError as error:
        raise AnswerError("objects are nested too deeply; an answer needs two levels") from error
    except ValueError as error:
        raise AnswerError("a number has too many digits; write it shorter") from error


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise AnswerError(f"the key {quoted(key)} is there twice; keep one of them")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise AnswerError(f"{name} is no number that JSON knows; write a finite one")


LEAST_SUM, MOST_SUM = 0.99, 1.001
_ROUNDING = 1e-9
_ANSWER_FILE = FileKind("a file of answers", 500_000_000, "500 MB", "score it in parts", AnswerError)
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


def load_answers(file: str | Path, survey: LoadedSurvey) -> AnswerFile:
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


def collect_answers(answers: Iterable[Mapping[str, Any]], survey: LoadedSurvey, name: str) -> AnswerFile:
    """Return answers in memory, each with the keys of a line, as if they had been read from a file called `name`.

    Numbers may be those of NumPy. The hash is that of the file that they would make.

    Raises:
        AnswerError: as in `load_answers`; the message says which answer, counted from 1.
    """
    reading, lines = _Reading(survey, "answer"), []
    for number, answer in enumerate(answers, start=1):
        try:
            lines.append(json.dumps(answer, ensure_ascii=False, default=_plain_number))
            reading.add(number, lines[-1])
        except (AnswerError, SurveyError, TypeError) as error:
            raise AnswerError(f"answer {number}: {error}") from error
    if not reading.by_people:
        raise AnswerError("there are no answers; give at least one")
    content = "".join(f"{line}\n" for line in lines).encode()
    return AnswerFile(Path(name), hashlib.sha256(content).hexdigest(), tuple(reading.by_people.values()))


def _plain_number(value: object) -> object:
    """Return a NumPy number as one of Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise AnswerError(f"a value of type {type(value).__name__} is not JSON; give text, numbers, lists and dicts")


class _Reading:
    """The lines of a file while they are read: checked one by one, and sorted by the people they are for."""

    def __init__(self, survey: LoadedSurvey, unit: str = "line") -> None:
        self.by_people: dict[People, GivenAnswers] = {}
        self._unit = unit
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
            problem = f"{self._unit} {before} answers {quoted(line.question)} for the same group"
            raise AnswerError(f"{problem}; keep one of them")
        self.by_people[people].by_question[line.question] = line

    def _check_options(self, line: AnswerLine) -> None:
        question = self._questions.get(line.question)
        if question is None:
            problem = f"the survey {self._survey.survey.name} has no question {quoted(line.question)}"
            otherwise = "write one of its ids, or name the survey that was answered with --survey"
            raise AnswerError(f"{problem}; {suggestion(line.question, self._questions, otherwise)}")
        known = (*question.option_texts, *question.refusals)
        for text in line.distribution:
            if text not in known:
                problem = f"question {quoted(line.question)} has no option {quoted(text)}"
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


def check_distinct(personas: Sequence[LoadedPersona]) -> None:
    """Make sure that the answers of these personas can stand in one file, which tells them apart by group.

    Raises:
        AnswerError: two of them stand for the same people.
    """
    first: dict[frozenset[Group], LoadedPersona] = {}
    for loaded in personas:
        other = first.setdefault(frozenset(loaded.persona.groups), loaded)
        if other is not loaded:
            problem = f"{other.persona.name} and {loaded.persona.name} stand for the same people"
            raise AnswerError(f"{problem}, and a file of answers knows only groups; save each to a file of its own")


def as_answers(reports: Sequence[Report]) -> str:
    """Return the answers of `reports` as JSON Lines: every valid one, refusals pooled in `refusal`.

    A file of answers cannot say that one is not valid, so that scoring it would vouch for it: those are left out, see
    `left_out`. Scored with the same `--refusals`, the others give the figures that the report has of the valid
    questions; the other way of refusals differs a little where the option orders differ in refusals, since each order
    is normalised before they are averaged.
    """
    return "\n".join(line for report in reports for line in _lines(report))


def left_out(report: Report) -> int:
    """Return how many answers of a report are not valid, and therefore not among those that `as_answers` writes."""
    return sum(not each.valid for each in report.questions) + sum(not each.valid for each in report.refused)


def _lines(report: Report) -> Iterator[str]:
    for question in report.questions:
        if question.valid:
            share = 1 - question.refusal if report.refusals == "apart" else 1.0
            masses = zip(question.options, question.model, strict=True)
            yield _line(report, question.id, {text: mass * share for text, mass in masses}, question.refusal)
    for refused in report.refused:
        if refused.valid:
            yield _line(report, refused.id, {}, 1.0)


def _line(report: Report, question: str, distribution: dict[str, float], refusal: float) -> str:
    groups = tuple(Group(attribute=group.attribute, value=group.value) for group in report.persona.groups)
    return written(AnswerLine(question=question, group=groups, distribution=distribution, refusal=refusal))
