"""The outcome of a study: who took part, what they learnt, how they felt, all by condition.

Only participations that are complete count. Tests, those who left, were excluded or withdrew are counted beside them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from chat_personas import __version__
from chat_personas.corpus import Corpus
from chat_personas.corpus.sql import now
from chat_personas.corpus.study_rows import AnswerRow, ParticipationRow
from chat_personas.studies.participation import AFTER, BEFORE, GUESSES_AFTER, GUESSES_AGAIN, GUESSES_BEFORE
from chat_personas.studies.sitting import SOUND, last_measurement, measured_answers
from chat_personas.studies.study import LoadedStudy, people_asked_of
from chat_personas.studies.understanding import (
    AgainstControl,
    Estimate,
    Figures,
    Guesses,
    UnderstandingGap,
    against_control,
    intervals,
    understanding_gap,
)
from eval.answers import FloatArray
from eval.scoring.results import Document, Part
from eval.surveys.human_figures import human_figures

SCHEMA: Literal["chat-personas/study-table@1"] = "chat-personas/study-table@1"
FELT = "understanding"
"""The instrument whose mean is felt understanding."""
NO_PERSONA = "nobody talks with a persona in this condition"
NOT_MEASURED = "the persona's answers were not measured, or not soundly"


class StudyName(Part):
    """Which study it is, in which version, and who is counted."""

    name: str
    """Its name."""
    sha256: str
    """The hash of all that decides what a participant meets: another one is another version of the study."""
    tests: bool
    """Whether this is about rehearsals and trials, and not about people who took part."""


class Counts(Part):
    """How many people took part in a condition, by how it ended."""

    complete: int
    """They came to the end; only they count below."""
    running: int
    """They are not done."""
    left: int
    """They ended it before its end."""
    excluded: int
    """They came to the end and are excluded by a rule of the study."""
    withdrawn: int
    """They had everything deleted."""
    others: int
    """Not asked for: tests, or where tests were asked for, the rest."""
    sound: int
    """Complete ones whose conversation was measured, soundly."""
    unsound: int
    """Complete ones whose conversation was measured, not soundly; that of the others was not measured."""


class ScaleOutcome(Part):
    """One item on a scale. A mean is null where fewer than two answered."""

    instrument: str
    """The instrument."""
    item: str
    """The item."""
    answered: int
    """How many answered it, before or after."""
    both: int
    """How many answered it both times: the change is of these."""
    before: Estimate | None
    """The mean before."""
    after: Estimate | None
    """The mean after."""
    change: Estimate | None
    """The mean change of those who answered both times; null of an item that is asked once."""


class ConditionOutcome(Part):
    """What came of one condition."""

    condition: str
    """Its name."""
    people: str
    """What its people are called."""
    counts: Counts
    """How many took part."""
    gap: UnderstandingGap
    """What was learnt."""
    against: AgainstControl | None
    """The same beside the control group that guesses the same people's answers; null without one."""
    scales: tuple[ScaleOutcome, ...]
    """Every item on a scale, in the order in which it is asked."""


class StudyOutcome(Document):
    """What came of a study: what `study table --json` writes."""

    schema_: Literal["chat-personas/study-table@1"] = Field(default=SCHEMA, alias="schema")
    """Always `"chat-personas/study-table@1"`: the format of the document."""
    created: str
    """When it was made (UTC)."""
    version: str
    """The version of chat-personas."""
    study: StudyName
    """Which study it is."""
    conditions: tuple[ConditionOutcome, ...]
    """What came of each condition, in the order of the study file."""
    unassigned: int
    """Participations that ended or wait before the assignment."""
    other_versions: int
    """Participations in the study when its file was another: not counted."""


@dataclass(frozen=True, slots=True)
class _Condition:
    """The complete participations of a condition, with what they guessed and what their personas answered."""

    name: str
    ways: tuple[ParticipationRow, ...]
    guesses: Guesses
    figures: Mapping[str, Figures]
    measured: bool


def outcome_of(corpus: Corpus, study: LoadedStudy, *, tests: bool = False) -> StudyOutcome:
    """Return what came of a study so far; `tests`: of its rehearsals and trials instead.

    Raises:
        CorpusError: the corpus cannot be read.
    """
    records = corpus.studies
    rows = records.participations(study.row.sha256)
    is_test = {person.id: person.test for person in records.participants(study.row.sha256)}
    counted = [row for row in rows if is_test[row.participant_id] is tests]
    others = Counter(row.condition for row in rows if is_test[row.participant_id] is not tests)
    gathered = {each.name: _gather(corpus, study, each.name, counted) for each in study.study.conditions}
    versions = [row.sha256 for row in records.studies(study.study.name) if row.sha256 != study.row.sha256]
    return StudyOutcome(
        created=now().isoformat(timespec="seconds"),
        version=__version__,
        study=StudyName(name=study.study.name, sha256=study.row.sha256, tests=tests),
        conditions=tuple(
            _outcome(corpus, study, gathered, each.name, counted, others[each.name]) for each in study.study.conditions
        ),
        unassigned=sum(row.condition is None for row in counted),
        other_versions=sum(len(records.participations(sha256)) for sha256 in versions),
    )


def _gather(corpus: Corpus, study: LoadedStudy, name: str, rows: Sequence[ParticipationRow]) -> _Condition:
    ways = tuple(row for row in rows if row.condition == name and row.status == "complete")
    figures, measured = _figures(corpus, study, name, ways)
    stages: dict[str, dict[str, dict[str, FloatArray]]] = {}
    for way in ways:
        for row in corpus.studies.guesses(way.id):
            stages.setdefault(row.stage, {}).setdefault(way.id, {})[row.question] = np.array(row.shares)
    felt = {stage: _felt(corpus, ways, stage) for stage in (BEFORE, AFTER)}
    guesses = Guesses(
        before=stages.get(GUESSES_BEFORE, {}),
        after=stages.get(GUESSES_AFTER, {}),
        again=stages.get(GUESSES_AGAIN, {}),
        felt_before=felt[BEFORE],
        felt_after=felt[AFTER],
    )
    return _Condition(name, ways, guesses, figures, measured)


def _figures(
    corpus: Corpus, study: LoadedStudy, name: str, ways: Sequence[ParticipationRow]
) -> tuple[Mapping[str, Figures], bool]:
    """Return what there is to learn about each question, and whether the persona's answers are among it.

    The persona's answers are the mean over the talks that were measured soundly. Where there is none the people stand
    in their place, so that accuracy can be computed: then nothing is said about a and b.
    """
    groups = people_asked_of(study, name)
    talks = [corpus.studies.conversation_of(way.id) for way in ways]
    answers = [measured_answers(corpus, study, talk) for talk in talks]
    found: dict[str, Figures] = {}
    for question in study.questions:
        people = human_figures(question, groups)
        assert people is not None, "the study was checked when it was loaded"
        given = [each[question.id] for each in answers if question.id in each]
        persona = np.mean(given, axis=0) if given else people.distribution
        found[question.id] = Figures(people.distribution, persona, np.array(question.ordinals))
    return found, any(answers)


def _felt(corpus: Corpus, ways: Sequence[ParticipationRow], stage: str) -> dict[str, float]:
    """Return by participation the mean over the items of felt understanding; those who declined any are left out."""
    found = {}
    for way in ways:
        rows = [row for row in corpus.studies.answers(way.id) if (row.instrument, row.stage) == (FELT, stage)]
        values = [row.value for row in rows if row.value is not None]
        if values and len(values) == len(rows):
            found[way.id] = float(np.mean(values))
    return found


def _outcome(
    corpus: Corpus,
    study: LoadedStudy,
    gathered: Mapping[str, _Condition],
    name: str,
    rows: Sequence[ParticipationRow],
    others: int,
) -> ConditionOutcome:
    ours, condition = gathered[name], study.condition(name)
    gap = understanding_gap(ours.figures, ours.guesses)
    if not ours.measured:
        why = NO_PERSONA if condition.persona is None else NOT_MEASURED
        gap = gap.model_copy(update={"a": None, "b": None, "why_null": why if ours.ways else gap.why_null})
    control = _control(study, name)
    against = None
    if control is not None and ours.measured:
        against = against_control(ours.figures, ours.guesses, gathered[control].guesses)
    return ConditionOutcome(
        condition=name,
        people=condition.people,
        counts=_counts(corpus, study, ours, [row for row in rows if row.condition == name], others),
        gap=gap,
        against=against,
        scales=_scales(corpus, study, ours.ways),
    )


def _control(study: LoadedStudy, name: str) -> str | None:
    """Return the condition that talks with nobody and guesses the same people's answers."""
    if study.condition(name).persona is None:
        return None
    groups = people_asked_of(study, name)
    controls = (each.name for each in study.study.conditions if each.persona is None)
    return next((each for each in controls if people_asked_of(study, each) == groups), None)


def _counts(
    corpus: Corpus, study: LoadedStudy, ours: _Condition, rows: Sequence[ParticipationRow], others: int
) -> Counts:
    ended = Counter(row.status for row in rows)
    talks = [corpus.studies.conversation_of(way.id) for way in ours.ways]
    measured = [row for talk in talks if (row := last_measurement(corpus, study, talk)) is not None]
    sound = sum(row.verdict in SOUND for row in measured)
    return Counts(
        complete=ended["complete"],
        running=ended["running"],
        left=ended["left"],
        excluded=ended["excluded"],
        withdrawn=ended["withdrawn"],
        others=others,
        sound=sound,
        unsound=len(measured) - sound,
    )


def _scales(corpus: Corpus, study: LoadedStudy, ways: Sequence[ParticipationRow]) -> tuple[ScaleOutcome, ...]:
    """Return every item on a scale, in the order in which it is asked, but for those that have a right answer."""
    answers = [{_key(row): row.value for row in corpus.studies.answers(way.id)} for way in ways]
    asked = study.study.questionnaires
    found = []
    for name in dict.fromkeys((*asked.before, *asked.after)):
        instrument = study.instruments[name].instrument
        for item in instrument.items:
            if item.kind == "scale" and item.correct is None:
                pairs = [
                    (each.get((BEFORE, instrument.name, item.id)), each.get((AFTER, instrument.name, item.id)))
                    for each in answers
                ]
                found.append(_scale(instrument.name, item.id, pairs))
    return tuple(found)


def _key(row: AnswerRow) -> tuple[str, str, str]:
    return row.stage, row.instrument, row.item


def _scale(instrument: str, item: str, pairs: Sequence[tuple[float | None, float | None]]) -> ScaleOutcome:
    changes = [b - a for a, b in pairs if a is not None and b is not None]
    return ScaleOutcome(
        instrument=instrument,
        item=item,
        answered=sum(before is not None or after is not None for before, after in pairs),
        both=len(changes),
        before=mean_with_interval([before for before, _ in pairs if before is not None]),
        after=mean_with_interval([after for _, after in pairs if after is not None]),
        change=mean_with_interval(changes),
    )


def mean_with_interval(values: Sequence[float]) -> Estimate | None:
    """Return the mean of independent values with Student's 95% interval; None of fewer than two."""
    if len(values) < 2:
        return None
    array = np.array(values)
    mean, error = array.mean(keepdims=True), array.std(ddof=1, keepdims=True) / len(values) ** 0.5
    return intervals(mean, error, len(values) - 1)[0]
