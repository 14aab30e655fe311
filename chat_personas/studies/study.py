"""A study: one TOML file that says who takes part how, what they are asked, and with which personas they talk."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, field_validator, model_validator

from chat_personas.corpus.study_rows import Scope, StudyRow
from chat_personas.own_personas import find_persona
from chat_personas.studies.errors import StudyFileError
from chat_personas.studies.instrument import LoadedInstrument, Name, load_instrument
from chat_personas.studies.understanding import LEAST_QUESTIONS
from chat_personas.surveys import find_survey
from eval.errors import SurveyError
from eval.surveys.human_figures import choose, human_figures
from eval.surveys.loading import LoadedSurvey
from eval.surveys.model import Question
from personas import Group, LoadedPersona
from personas.errors import PersonaError
from personas.inputs.files import FileKind, display_name, read_text
from personas.inputs.models import Line, Prose, StrictModel, broken_rule
from personas.inputs.suggestions import quoted, suggestion
from personas.inputs.toml_positions import key_lines, line_of
from personas.inputs.toml_text import parse_toml

SCHEMA: Literal["chat-personas/study@1"] = "chat-personas/study@1"
MOST_GUESSED = 40
TURNS = (3, 12)
"""Turns of the person at least and at most, where a study says nothing."""
TEMPLATE = Path(__file__).parent / "template.toml"
"""A complete study to begin with, but for who asks."""
_TO_FILL_IN = ("NAME, ADDRESS", "Write to NAME", "ADDRESS, with any question")
"""Words of the template that stand for whoever runs the study, whole and half filled in."""
_FILE = FileKind("a study file (TOML)", 1_000_000, StudyFileError)


class ConsentForm(StrictModel):
    """`[consent]`: what people agree to before anything is stored."""

    version: Line
    """Changes with the text."""
    text: Prose
    """What they agree to, in full."""
    scope: Scope = "research"
    """What is done with what they say: `use` here, `research` by others, or `publication`."""
    adults_only: bool = True
    """Whether people are asked whether they are 18 or older, and may only take part then."""
    traces: bool = False
    """Whether people are asked, apart, to agree that it is kept how they type: counts and times, never keys."""


class Condition(StrictModel):
    """`[[conditions]]`: one way of taking part, to which people are assigned by chance."""

    name: Name
    """Its name in tables and exports."""
    persona: Line | None = None
    """With whom people talk: a persona of the library or a file. Without one they do not talk: a control group."""
    groups: Annotated[tuple[Line, ...], Field(strict=False)] = ()
    """Whose answers are guessed, such as `POLPARTY=Democrat`, where that is not the group of the persona."""
    people: Line
    """What the people of the group are called in sentences, such as Democrats."""

    @model_validator(mode="after")
    def _says_whose_answers_are_guessed(self) -> "Condition":
        if self.persona is None and not self.groups:
            raise broken_rule("has neither a persona nor groups; say whose answers are guessed", "groups")
        return self


class Assignment(StrictModel):
    """`[assignment]`: how people come to their condition."""

    seed: int = 1
    """Decides the order of the conditions in each block."""
    repeats: Annotated[int, Field(ge=1, le=20)] = 1
    """How often each condition stands in a block. With 1, no block is ever off balance by more than 1."""
    by: Annotated[tuple[Line, ...], Field(strict=False)] = ()
    """Answers by which people are assigned apart, such as `demographics.party`. They must be asked in `intake`."""
    hold_hours: Annotated[FiniteFloat, Field(gt=0)] = 2.0
    """How long a place is kept for somebody who does not go on."""


class Guessing(StrictModel):
    """`[guesses]`: the questions whose answers by the group are guessed before and after the conversation."""

    questions: int | Annotated[tuple[Line, ...], Field(strict=False)] = 8
    """How many, chosen by the seed over the topics, or their ids in the survey."""
    twice: bool = False
    """Whether they are guessed twice before, with the questionnaires between: this tells learning from noise (see the
    understanding gap)."""

    @field_validator("questions", mode="before")
    @classmethod
    def _is_a_number_or_a_list(cls, questions: object) -> object:
        is_number = isinstance(questions, int) and not isinstance(questions, bool) and 0 <= questions <= MOST_GUESSED
        if not is_number and not isinstance(questions, list | tuple):
            raise broken_rule(f"is {quoted(questions)}; write how many, from 0 to {MOST_GUESSED}, or a list of ids")
        return questions


class Talking(StrictModel):
    """`[conversation]`: the talk with the persona."""

    least_turns: Annotated[int, Field(ge=1, le=200)] = TURNS[0]
    """How many messages a person writes at least."""
    most_turns: Annotated[int, Field(ge=1, le=200)] = TURNS[1]
    """How many at most."""
    instructions: Prose | None = None
    """What is said before it."""
    topics: Annotated[tuple[Line, ...], Field(strict=False)] = ()
    """Topics that are proposed."""

    @model_validator(mode="after")
    def _has_room(self) -> "Talking":
        if self.least_turns > self.most_turns:
            raise broken_rule("has least_turns above most_turns; write at most that many", "least_turns")
        return self


class Questionnaires(StrictModel):
    """`[questionnaires]`: instruments, by name or as paths beside the study file."""

    intake: Annotated[tuple[Line, ...], Field(strict=False)] = ()
    """Before the assignment."""
    before: Annotated[tuple[Line, ...], Field(strict=False)] = ()
    """After the assignment, before the guesses."""
    after: Annotated[tuple[Line, ...], Field(strict=False)] = ()
    """After the conversation and the second guesses."""


class Codes(StrictModel):
    """`[codes]`: what people take back to where they were recruited."""

    complete: Line | None = None
    """For whoever did everything."""
    excluded: Line | None = None
    """For whoever did everything and is excluded."""
    left: Line | None = None
    """For whoever left before the end."""


class Study(StrictModel):
    """A study (schema `chat-personas/study@1`, TOML).

    Raises:
        pydantic.ValidationError: a key or a value is not allowed, or the parts do not fit together.
    """

    schema_: Literal["chat-personas/study@1"] = Field(alias="schema")
    """Always `"chat-personas/study@1"`: the format of the file."""
    name: Name
    """Its name in tables and exports."""
    title: Line
    """What participants read at the top."""
    instructions: Prose
    """What participants read first, once they have agreed."""
    survey: Line = "civic"
    """The survey whose questions are guessed and measured."""
    blind: bool = False
    """Whether the persona's name is hidden until the end."""
    wrong_at_most: Annotated[int, Field(ge=0)] | None = None
    """How many items with a correct answer may be wrong; whoever has more is excluded. Without it nobody is."""
    debriefing: Prose | None = None
    """What participants read at the end, besides what the people really answer and that they talked with a model."""
    consent: ConsentForm
    """What people agree to."""
    conditions: Annotated[tuple[Condition, ...], Field(strict=False, min_length=1)]
    """A table `[[conditions]]` for each."""
    assignment: Assignment = Assignment()
    """How people come to their condition."""
    questionnaires: Questionnaires = Questionnaires()
    """What people are asked."""
    guesses: Guessing = Guessing()
    """What people guess."""
    conversation: Talking = Talking()
    """How people talk."""
    codes: Codes = Codes()
    """What people take back."""

    @field_validator("conditions")
    @classmethod
    def _differ(cls, conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
        repeated, times = Counter(each.name for each in conditions).most_common(1)[0] if conditions else ("", 1)
        if times > 1:
            raise broken_rule(f"has two conditions called {quoted(repeated)}; give each its own name")
        return conditions


@dataclass(frozen=True)
class LoadedStudy:
    """A study with all that its file names: instruments by name, personas by condition, the survey and its questions.

    `questions` are those that are guessed, in the survey's order.
    """

    study: Study
    path: Path
    instruments: Mapping[str, LoadedInstrument]
    personas: Mapping[str, LoadedPersona]
    survey: LoadedSurvey
    questions: tuple[Question, ...]

    @cached_property
    def definition(self) -> str:
        """All that decides what a participant meets, as JSON: the same text for the same study on every machine."""
        # It decides nothing where everybody talks; studies of older versions, which did not have it, go on.
        without = set() if any(each.persona is None for each in self.study.conditions) else {"about_conversation"}
        document = {
            "study": self.study.model_dump(mode="json", by_alias=True, exclude_none=True),
            "instruments": {
                name: loaded.instrument.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=without)
                for name, loaded in self.instruments.items()
            },
            "personas": {name: {"sha256": each.sha256} for name, each in self.personas.items()},
            "survey": {"name": self.survey.survey.name, "sha256": self.survey.sha256},
            "questions": [question.id for question in self.questions],
        }
        return json.dumps(document, ensure_ascii=False, sort_keys=True)

    @property
    def row(self) -> StudyRow:
        """The study as the corpus keeps it."""
        sha256 = hashlib.sha256(self.definition.encode()).hexdigest()
        return StudyRow(sha256=sha256, name=self.study.name, title=self.study.title, definition=self.definition)

    @property
    def consent_sha256(self) -> str:
        """The hash of the text that people agree to."""
        return hashlib.sha256(self.study.consent.text.encode()).hexdigest()

    def condition(self, name: str) -> Condition:
        """Return the condition with this name."""
        return next(each for each in self.study.conditions if each.name == name)


@dataclass(frozen=True, slots=True)
class _StudyFile:
    """A study file that is being read, which says where in it a fault is."""

    path: Path
    text: str

    def error(self, problem: str, *key: str | int) -> StudyFileError:
        """Return the error about what a key says."""
        return StudyFileError(f"{display_name(self.path)}: line {line_of(key, key_lines(self.text))}: {problem}")

    @contextmanager
    def reading(self, *key: str | int) -> Iterator[None]:
        """Say of an error in the block that what the key names led to it."""
        try:
            yield
        except (PersonaError, SurveyError, StudyFileError) as error:
            raise self.error(str(error), *key) from error


def load_study(path: Path) -> LoadedStudy:
    """Read a study file with its instruments, personas and survey.

    Raises:
        StudyFileError: the file has a fault, its parts do not fit together, or what it names cannot be used; the
            message names the line.
    """
    file = _StudyFile(path, read_text(path, _FILE).text)
    study = parse_toml(file.text, Study, StudyFileError, name=display_name(path))
    instruments = _instruments(study, file)
    personas = _personas(study, file)
    with file.reading("survey"):
        survey = find_survey(_beside(path.parent, study.survey))
    _check_by(study, instruments, file)
    questions = _questions(study, personas, survey, file)
    return LoadedStudy(study, path, instruments, personas, survey, questions)


def check_filled_in(loaded: LoadedStudy) -> None:
    """Check that a study says who asks, before real people take part in it.

    Raises:
        StudyFileError: words of the template stand where a name and an address belong; the message names the line.
    """
    read = loaded.study
    texts = {
        ("consent", "text"): read.consent.text,
        ("instructions",): read.instructions,
        ("debriefing",): read.debriefing,
        ("conversation", "instructions"): read.conversation.instructions,
    }
    for key, text in texts.items():
        if (words := next((each for each in _TO_FILL_IN if each in " ".join((text or "").split())), None)) is not None:
            file = _StudyFile(loaded.path, read_text(loaded.path, _FILE).text)
            problem = f"the words {quoted(words)} of the template still stand in {'.'.join(key)}"
            raise file.error(f"{problem}; say who asks, and where to write", *key)


def _personas(study: Study, file: _StudyFile) -> dict[str, LoadedPersona]:
    """Return the personas by condition, once the groups of all conditions are known to exist."""
    found = {}
    for place, each in enumerate(study.conditions):
        for number, group in enumerate(each.groups):
            with file.reading("conditions", place, "groups", number):
                Group.parse(group)
        if each.persona is not None:
            with file.reading("conditions", place, "persona"):
                found[each.name] = find_persona(_beside(file.path.parent, each.persona))
    if not found:
        raise file.error("no condition has a persona; add persona to one of [[conditions]]", "conditions")
    return found


def people_asked_of(loaded: LoadedStudy, condition: str) -> tuple[Group, ...]:
    """Return the groups whose answers are guessed in a condition."""
    return _groups(loaded.condition(condition), loaded.personas)


def _beside(folder: Path, name_or_path: str) -> str:
    """Return a name as it is, and a relative path as one from the study's folder."""
    return str(folder / name_or_path) if name_or_path.endswith((".toml", ".json")) else name_or_path


def _instruments(study: Study, file: _StudyFile) -> dict[str, LoadedInstrument]:
    found: dict[str, LoadedInstrument] = {}
    asked = study.questionnaires
    for stage, names in (("intake", asked.intake), ("before", asked.before), ("after", asked.after)):
        for number, each in enumerate(names):
            if each in found:
                continue
            place = ("questionnaires", stage, number)
            with file.reading(*place):
                loaded = load_instrument(each, file.path.parent)
            if any(other.instrument.name == loaded.instrument.name for other in found.values()):
                name = quoted(loaded.instrument.name)
                raise file.error(f"two instruments are called {name}; rename one of them in its file", *place)
            found[each] = loaded
    return found


def _check_by(study: Study, instruments: Mapping[str, LoadedInstrument], file: _StudyFile) -> None:
    """Raise StudyFileError where people are to be assigned by an answer that is no choice of the intake."""
    asked = [
        f"{instruments[each].instrument.name}.{item.id}"
        for each in study.questionnaires.intake
        for item in instruments[each].instrument.items
        if item.kind == "choice"
    ]
    for number, each in enumerate(study.assignment.by):
        if each not in asked:
            likely = suggestion(each, asked, "add its instrument to questionnaires.intake")
            problem = f"assignment.by names {quoted(each)}, which intake does not ask as a choice; {likely}"
            raise file.error(problem, "assignment", "by", number)


def _questions(
    study: Study, personas: Mapping[str, LoadedPersona], survey: LoadedSurvey, file: _StudyFile
) -> tuple[Question, ...]:
    """Return the questions that are guessed: for all of them there are figures of every condition's people."""
    questions = survey.survey.questions
    groups = [_groups(condition, personas) for condition in study.conditions]
    usable = [each for each in questions if all(human_figures(each, group) is not None for group in groups)]
    asked = study.guesses.questions
    if isinstance(asked, int):
        if 0 < asked < LEAST_QUESTIONS:
            problem = f"{asked} questions are too few for an estimate; guess {LEAST_QUESTIONS} or more, or 0"
            raise file.error(problem, "guesses", "questions")
        if asked > len(usable):
            figures = f"{survey.survey.name} has figures of all conditions' people for {len(usable)}"
            problem = f"guesses.questions is {asked}, and {figures}; write at most that many"
            raise file.error(problem, "guesses", "questions")
        chosen = {each.id for each in choose(usable, asked, study.assignment.seed)}
    else:
        known = [each.id for each in usable]
        for number, each in enumerate(asked):
            if each not in known:
                what = "no figures of all conditions' people for" if each in {q.id for q in questions} else "no"
                problem = f"{survey.survey.name} has {what} question {quoted(each)}; {suggestion(each, known)}"
                raise file.error(problem, "guesses", "questions", number)
        chosen = set(asked)
    return tuple(each for each in questions if each.id in chosen)


def _groups(condition: Condition, personas: Mapping[str, LoadedPersona]) -> tuple[Group, ...]:
    if condition.groups:
        return tuple(map(Group.parse, condition.groups))
    loaded = personas.get(condition.name)
    return loaded.persona.groups if loaded is not None else ()
