"""Files of answers that were produced elsewhere (JSON Lines): one answer a line, checked against a survey, by group.

The answers of an evaluation can be written as such a file; scored again, it gives the scores of the valid ones. It says
where they come from: a measurement that is not sound, or of a demonstration model, does not become better by a file.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

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

from eval.answers import LEAST_SUM, MOST_SUM, Answer, Failure, OrderAnswer, is_whole
from eval.errors import AnswerError, SurveyError
from eval.importers.reading import other_format
from eval.report import FROM_FILE, Report
from eval.surveys.human_figures import human_figures, require_figures
from eval.surveys.loading import LoadedSurvey, Survey
from eval.surveys.model import Question
from eval.surveys.spelling import same_texts
from personas import Group, LoadedPersona, clash
from personas.inputs.documents import JSON, json_document
from personas.inputs.files import FileKind, decode, display_name, read_bytes
from personas.inputs.json_text import parse_json
from personas.inputs.models import StrictModel, broken_rule, explain, faults
from personas.inputs.suggestions import one_of, quoted, suggestion

_SOURCE = ("model", "verdict", "demonstration")
"""The keys of a line about where its answer comes from."""
_FIXES = {"tuple_type": 'write {"attribute": ..., "value": ...} or a list of them'}
_WHOLE_LINE = {"model_type": 'write {"question": ..., "group": ..., "distribution": ...}'}


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, dict) else tuple(value) if isinstance(value, list) else value


def _without_list(groups: Any, handler: SerializerFunctionWrapHandler) -> Any:
    written = handler(groups)
    return written[0] if len(written) == 1 else written


Mass = Annotated[FiniteFloat, Field(ge=0)]
Groups = Annotated[tuple[Group, ...], BeforeValidator(_as_tuple), WrapSerializer(_without_list)]


SavedFinding = Literal[
    "sound",
    "given",
    "sound_with_warning",
    "cannot_be_checked",
    "follows_letters",
    "does_not_answer",
    "judge_unreliable",
]
"""What a line may say of the measurement that it is from; of several in one file the last here counts."""


class AnswerLine(StrictModel):
    """One answer: the distribution over the options of one question, as one group would answer it.

    Raises:
        pydantic.ValidationError: a key is unknown or missing, a mass is negative, or groups exclude each other.
    """

    question: str
    """The question's id in the survey."""
    group: Groups
    """For whom: `{"attribute": A, "value": V}`, or a list of them for those who belong to all; `[]` is everyone."""
    distribution: dict[str, Mass]
    """The probability of each option, by its text as the survey has it; one left out has 0. Refusals may be here."""
    refusal: Mass = 0.0
    """The probability of refusing, as far as it does not stand in `distribution`; 0 when left out."""
    model: str | None = None
    """The model that answered, by its name."""
    verdict: SavedFinding | None = None
    """What was found of the measurement that the answers are from: a [finding](report.md#verdict) but `no_answers`."""
    demonstration: bool = False
    """Whether the model is a demonstration, whose answers say nothing about real people; `false` when left out."""

    @field_validator("group")
    @classmethod
    def _go_together(cls, groups: tuple[Group, ...]) -> tuple[Group, ...]:
        found = clash(groups)
        if found is not None:
            raise broken_rule(f"{found.problem}; keep one of them")
        return groups


def read_line(text: str) -> AnswerLine:
    """Return the answer that one line of JSON describes.

    Raises:
        AnswerError: it is not JSON, or not a valid answer; the message names the first fault.
    """
    parse_json(text, AnswerError, fix="write one object on each line", one_line=True)
    try:
        return AnswerLine.model_validate_json(text)
    except ValidationError as error:
        first = faults(error)[0]
        fixes = _FIXES if first["loc"] else _FIXES | _WHOLE_LINE
        raise AnswerError(explain(first, AnswerLine, fixes=fixes)) from error


def written(line: AnswerLine) -> str:
    """Return `line` as `read_line` reads it, without a line end. What it does not say of its source is left out."""
    unsaid = {key for key in _SOURCE if getattr(line, key) == AnswerLine.model_fields[key].default}
    return json.dumps(line.model_dump(exclude=unsaid), ensure_ascii=False)


_ANSWER_FILE = FileKind("a file of answers", 500_000_000, AnswerError, if_too_large="score it in parts")

People = frozenset[Group]
"""The groups that an answer is for, whose order does not matter."""


@dataclass(frozen=True, slots=True)
class GivenAnswers:
    """The answers in a file for one group: lines by question id, in the file's order. Empty `groups`: for everyone."""

    groups: tuple[Group, ...]
    by_question: dict[str, AnswerLine]

    @property
    def name(self) -> str:
        """The groups as one name, such as `POLPARTY=Democrat with SEX=Female`."""
        return " with ".join(str(group) for group in self.groups) or "everyone"

    @property
    def models(self) -> tuple[str, ...]:
        """The models that the lines name, each once."""
        named = (line.model for line in self.by_question.values())
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def demonstration(self) -> bool:
        """Whether a line says that a demonstration model answered."""
        return any(line.demonstration for line in self.by_question.values())

    @property
    def finding(self) -> SavedFinding | None:
        """What the lines say of the measurement that they are from, the worst of it; None where no line says anything.

        A line that says nothing beside others that do is taken as it is given.
        """
        said = [line.verdict for line in self.by_question.values()]
        if not any(said):
            return None
        return max((each or "given" for each in said), key=get_args(SavedFinding).index)

    def left_out(self, survey: Survey) -> int:
        """Return how many questions of the survey have figures for the groups, but no answer in the file."""
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
        """The base name of the file; a byte that is not UTF-8 is a question mark."""
        return self.path.name.encode(errors="replace").decode()


def load_answers(file: str | Path, survey: LoadedSurvey) -> AnswerFile:
    """Return the answers in a file, by group in the order in which the groups first occur.

    Raises:
        AnswerError: the file cannot be read, or a line has a fault: it is not a valid answer, the survey does not have
            the question, the option or figures for the group, or an earlier line answers the question for the same
            group. The message names the file and the line.
    """
    path = Path(file)
    content = read_bytes(path, _ANSWER_FILE)
    problem = other_format(content, "write a file of JSON Lines, one answer on each line")
    if problem is not None:
        raise AnswerError(f"{display_name(path)} is {problem}")
    reading = _Reading(survey)
    for number, line in enumerate(content.split(b"\n"), start=1):
        text = decode(line, path, _ANSWER_FILE, first_line=number)
        try:
            reading.add(number, text)
        except (AnswerError, SurveyError) as error:
            if (problem := _other_document(content)) is not None:
                raise AnswerError(f"{display_name(path)} is {problem}") from error
            raise AnswerError(f"{display_name(path)}: line {number}: {error}") from error
    if not reading.by_people:
        raise AnswerError(f"{display_name(path)} holds no answers; write one JSON object on each line")
    return AnswerFile(path, hashlib.sha256(content).hexdigest(), tuple(reading.by_people.values()))


def _other_document(content: bytes) -> str | None:
    """Return what a file is that is one JSON document instead of an answer on each line; None if it may be lines."""
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return None
    kind = json_document(text)
    if kind is None or (kind == JSON and "\n" not in text):
        return None
    if kind == JSON:
        return f"{kind}, not JSON Lines; write one object on each line"
    return f"{kind}, not a file of answers; name one that chat-personas eval --save-answers wrote, or JSON Lines"


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
    """Collects the lines of a file by group, checking each against the survey."""

    def __init__(self, survey: LoadedSurvey, unit: str = "line") -> None:
        self.by_people: dict[People, GivenAnswers] = {}
        self._unit = unit
        self._survey = survey
        self._questions = {question.id: question for question in survey.survey.questions}
        self._first_lines: dict[tuple[People, str], int] = {}

    def add(self, number: int, text: str) -> None:
        """Check and add line `number`; blank lines are skipped. Raises AnswerError or SurveyError."""
        if not text.strip():
            return
        line = read_line(text)
        line = self._as_the_survey_spells(line)
        people = frozenset(line.group)
        if people not in self.by_people:
            require_figures(self._survey, line.group)
            self.by_people[people] = GivenAnswers(line.group, {})
        before = self._first_lines.setdefault((people, line.question), number)
        if before != number:
            problem = f"{self._unit} {before} answers {quoted(line.question)} for the same group"
            raise AnswerError(f"{problem}; keep one of them")
        self.by_people[people].by_question[line.question] = line

    def _as_the_survey_spells(self, line: AnswerLine) -> AnswerLine:
        """Return the line with the question's id and the options as the survey has them, whatever their typography."""
        question = self._question(line.question)
        known = (*question.option_texts, *question.refusals)
        if question.id == line.question and all(text in known for text in line.distribution):
            return line
        distribution: dict[str, float] = {}
        for text, mass in line.distribution.items():
            option = self._option(question, text)
            if option in distribution:
                problem = f"question {quoted(question.id)}: the option {quoted(option)} occurs twice, in two spellings"
                raise AnswerError(f"{problem}; keep one of them")
            distribution[option] = mass
        return line.model_copy(update={"question": question.id, "distribution": distribution})

    def _question(self, name: str) -> Question:
        if name in self._questions:
            return self._questions[name]
        alike = same_texts(name, self._questions)
        if len(alike) == 1:
            return self._questions[alike[0]]
        problem = f"the survey {self._survey.survey.name} has no question {quoted(name)}"
        otherwise = "write one of its ids, or name the survey that was answered with --survey"
        raise AnswerError(f"{problem}; {suggestion(name, self._questions, otherwise)}")

    def _option(self, question: Question, text: str) -> str:
        known = (*question.option_texts, *question.refusals)
        alike = same_texts(text, known)
        if len(alike) == 1:
            return alike[0]
        problem = f"question {quoted(question.id)} has no option {quoted(text)}"
        if alike:
            problem = f"{problem}, and several that differ from it only in typography"
            raise AnswerError(f"{problem}; copy one of them: {one_of(alike)}")
        raise AnswerError(f"{problem}; {suggestion(text, known)}")


def answer_from(line: AnswerLine, question: Question) -> Answer | Failure:
    """Return the answer of a line to `question`, or why it cannot be scored: its masses are not a whole, or no figures.

    The masses are in the survey's order, whatever the order in the file. What sums `eval.answers.is_whole` takes is the
    rule for replies of models, too.
    """
    masses = line.distribution
    total = math.fsum([*masses.values(), line.refusal])
    if not is_whole(total):
        fix = "; give shares of 1, not percentages" if is_whole(total / 100) else ""
        return Failure(question.id, f"the masses sum to {total:.6g}, not to between {LEAST_SUM} and {MOST_SUM}{fix}")
    if human_figures(question, line.group) is None:
        return Failure(question.id, "the survey has no figures for this group on this question")
    options = np.array([masses.get(text, 0.0) for text in question.option_texts])
    refusal = math.fsum([line.refusal, *(masses.get(text, 0.0) for text in question.refusals)])
    return Answer(question.id, (OrderAnswer("survey", options, refusal, label_mass=None, as_is=True),))


def check_distinct(personas: Sequence[LoadedPersona]) -> None:
    """Make sure that the answers of these personas can be in one file, which distinguishes them by group only.

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
    """Return the valid answers of `reports` as JSON Lines, refusals pooled in `refusal`.

    A file of answers cannot mark one as not valid, and scoring it would treat it as valid: those are left out, see
    `left_out`. Each line names the model and the report's verdict, which is that of a report made of the file.

    Scored with the same `--refusals`, they give the report's figures of the valid questions. With the other
    `--refusals` the figures differ a little where the option orders differ in refusals, since each order is normalised
    before they are averaged.
    """
    return "\n".join(line for report in reports for line in _lines(report))


def left_out(report: Report) -> int:
    """Return how many answers of a report `as_answers` leaves out because they are not valid."""
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
    finding = report.verdict.finding
    return written(
        AnswerLine(
            question=question,
            group=groups,
            distribution=distribution,
            refusal=refusal,
            model=report.model.answers_of if report.model.engine == FROM_FILE else report.model.name,
            verdict=None if finding == "no_answers" else finding,
            demonstration=report.model.demonstration,
        )
    )
