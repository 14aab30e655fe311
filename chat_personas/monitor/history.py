"""What earlier rounds of a conversation found, as the corpus has it for this branch or as this sitting remembers it.

Rounds that are the very measurement that is wanted now: they are shown again, and what they lack alone is asked.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from chat_personas import __version__
from chat_personas.monitor.drift import TurnValues, turn_values
from eval.answers import Answer, Failure, OrderAnswer
from eval.engine import ORDERS, EngineInfo, Message
from eval.surveys.loading import LoadedSurvey
from personas import Group

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from chat_personas.corpus.rows import MeasurementRow, ProbeRow


@dataclass(frozen=True, slots=True)
class Measure:
    """What must be the same for two rounds to be compared."""

    survey: LoadedSurvey
    groups: tuple[Group, ...]
    model: EngineInfo
    expression: str

    def made(self, row: "MeasurementRow") -> bool:
        """Say whether a round that the corpus keeps was measured so."""
        groups = tuple((group.attribute, group.value) for group in row.groups)
        return (
            row.survey_sha256 == self.survey.sha256
            and groups == tuple((group.attribute, group.value) for group in self.groups)
            and (row.model, row.model_sha256) == (self.model.name, self.model.sha256)
            and row.expression == self.expression
        )


@dataclass(frozen=True, slots=True)
class EarlierRound:
    """A round that is over; `answers` are by question, only those that no later round has replaced."""

    values: TurnValues
    answers: Mapping[str, Answer]

    @property
    def turn(self) -> int:
        """After which turn it was."""
        return self.values.turn


class EarlierRounds:
    """The rounds before the one under way, oldest first, for the branch of the conversation that is on the screen.

    With a corpus only what it does not hold yet is remembered: the round before anything was said. A round that it
    holds is read once. Answers that later ones have replaced are let go, so that a long conversation costs little
    memory.
    """

    def __init__(self, corpus: "Corpus | None", measure: Measure) -> None:
        self._corpus = corpus
        self._measure = measure
        self._remembered: dict[int, EarlierRound] = {}
        self._read: dict[str, EarlierRound] = {}

    def remember(self, measurement_id: str | None, found: EarlierRound) -> None:
        """Take a round that has just ended; None if the corpus does not hold it, or not yet."""
        if measurement_id is not None:
            self._read[measurement_id] = found
            self._remembered.pop(found.turn, None)
        elif self._corpus is None or found.turn == 0:
            self._remembered[found.turn] = found

    def before(self, turn: int, message_id: str | None) -> tuple[EarlierRound, ...]:
        """Return the rounds up to the one that follows `message_id`, itself at `turn`.

        Raises:
            CorpusError: the corpus cannot be read.
        """
        remembered = [self._remembered[then] for then in sorted(self._remembered) if then < turn]
        if self._corpus is None or message_id is None:
            return tuple(remembered)
        return (*remembered, *self._of_branch(self._corpus, message_id))

    def _of_branch(self, corpus: "Corpus", message_id: str) -> list[EarlierRound]:
        branch = corpus.branch(message_id)
        said = accumulate(int(message.role == "user") for message in branch)
        turns: dict[str | None, int] = {None: 0, **dict(zip((message.id for message in branch), said, strict=True))}
        rows = [
            row
            for row in corpus.measurements(branch[0].conversation_id)
            if row.message_id in turns and self._measure.made(row)
        ]
        if not self._read.keys() <= {row.id for row in rows}:  # another branch: what was let go may count again
            self._read.clear()
        rows.sort(key=lambda row: turns[row.message_id])
        rounds = [
            self._read.get(row.id) or self._round(row, turns[row.message_id], corpus.probes(row.id)) for row in rows
        ]
        rounds = _only_newest_answers(rounds)
        self._read = {row.id: earlier for row, earlier in zip(rows, rounds, strict=True)}
        return rounds

    def _round(self, row: "MeasurementRow", turn: int, probes: Sequence["ProbeRow"]) -> EarlierRound:
        answers = {answer.question_id: answer for answer in kept_answers(probes, row.dropped_messages)}
        questions = self._measure.survey.survey.questions
        asked = {probe.question for probe in probes}
        values = turn_values(turn, questions, self._measure.groups, asked, answers.values())
        # How much a server hid is not kept in full, and decides which questions are valid: such answers are not reused.
        return EarlierRound(values, answers if self._measure.model.log_probabilities == "exact" else {})


def latest_answers(rounds: Iterable[EarlierRound]) -> dict[str, tuple[int, Answer]]:
    """Return the newest answer to each question with the turn that it is of; `rounds` are oldest first."""
    return {name: (earlier.turn, answer) for earlier in rounds for name, answer in earlier.answers.items()}


def times_asked(rounds: Sequence[EarlierRound], ids: Sequence[str]) -> dict[str, int]:
    """Return by question how many of `rounds` asked it; `ids` are all questions in the survey's order."""
    if not rounds:
        return {}
    return dict(zip(ids, np.sum([earlier.values.asked for earlier in rounds], axis=0).tolist(), strict=True))


def kept_answers(probes: Sequence["ProbeRow"], dropped_messages: int) -> list[Answer]:
    """Return the answers that a round's rows hold, without the questions that failed. Rows are ordered by question."""
    answers = []
    for name, rows in groupby(probes, key=lambda probe: probe.question):
        orders = [_order(probe) for probe in sorted(rows, key=_place) if probe.failure is None]
        if orders:
            answers.append(Answer(name, tuple(orders), dropped_messages=dropped_messages))
    return answers


def _place(probe: "ProbeRow") -> int:
    return ORDERS.index(probe.option_order)


def _order(probe: "ProbeRow") -> OrderAnswer:
    upper = None if probe.options_upper is None else np.array(probe.options_upper)
    return OrderAnswer(
        probe.option_order, np.array(probe.options), probe.refusal or 0.0, probe.label_mass, options_upper=upper
    )


def _only_newest_answers(rounds: Sequence[EarlierRound]) -> list[EarlierRound]:
    newest = {name: place for place, earlier in enumerate(rounds) for name in earlier.answers}
    return [
        replace(earlier, answers={name: answer for name, answer in earlier.answers.items() if newest[name] == place})
        for place, earlier in enumerate(rounds)
    ]


_Place: TypeAlias = tuple[str | None, str | None, tuple[Message, ...]]
MOST_REMEMBERED = 8
"""Rounds of this sitting that are remembered, so that going round a few versions asks a server nothing twice."""


@dataclass(frozen=True, slots=True)
class SameRound:
    """What was found after the very same message by the very same means; `complete` if all that was planned then."""

    answers: tuple[Answer, ...] = ()
    failures: tuple[Failure, ...] = ()
    complete: bool = False

    @property
    def asked(self) -> frozenset[str]:
        """The questions that are answered or failed, by id."""
        answered = {answer.question_id for answer in self.answers}
        return frozenset(answered | {failure.question_id for failure in self.failures})

    def without(self, questions: frozenset[str]) -> "SameRound":
        """Return what is left if `questions` are to be asked again."""
        return SameRound(
            tuple(answer for answer in self.answers if answer.question_id not in questions),
            tuple(failure for failure in self.failures if failure.question_id not in questions),
        )


class SameRounds:
    """Finds the round of the same message, conversation before it, model, settings and questions, if there is one.

    A round of this sitting is remembered whole. One of an earlier sitting is taken from the corpus only where all that
    decides its answers is known to be as it was: see `_repeats`.
    """

    def __init__(self, corpus: "Corpus | None", measure: Measure, seed: int) -> None:
        """`seed` is that of the monitor: it decides which questions are anchors."""
        self._corpus = corpus
        self._measure = measure
        self._seed = seed
        self._remembered: OrderedDict[_Place, SameRound] = OrderedDict()

    def remember(
        self, conversation_id: str | None, message_id: str | None, context: Sequence[Message], found: SameRound
    ) -> None:
        """Take a round of this sitting that is over."""
        key = conversation_id, message_id, tuple(context)
        self._remembered[key] = found
        self._remembered.move_to_end(key)
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)

    def of(self, conversation_id: str | None, message_id: str | None, context: Sequence[Message]) -> SameRound | None:
        """Return the round that followed `message_id`: the newest complete one, else the newest, None without one.

        Raises:
            CorpusError: the corpus cannot be read.
        """
        remembered = self._remembered.get((conversation_id, message_id, tuple(context)))
        if remembered is not None or self._corpus is None or conversation_id is None or message_id is None:
            return remembered
        rows = [row for row in self._corpus.measurements_after(conversation_id, message_id) if self._repeats(row)]
        if not rows or not self._has_room(self._corpus, message_id):
            return None
        row = max(rows, key=lambda row: (row.complete, row.id))
        return _kept_round(row, self._corpus.probes(row.id))

    def _repeats(self, row: "MeasurementRow") -> bool:
        """Say whether measuring now would put the same tokens to the same model and read its answers in the same way.

        Not known, and so measured anew: what a server answers, whose model may be another under the same name and which
        shows its likeliest tokens only; a template that writes the day into prompts; a round that did not see all of
        the conversation, since how much it saw depends on the context that the model had then.
        """
        model = self._measure.model
        return (
            self._measure.made(row)
            and model.sha256 is not None
            and model.log_probabilities == "exact"
            and model.template_date is None
            and (row.engine, row.quantization) == (model.engine, model.quantization)
            and (row.template_sha256, row.flash_attention) == (model.template_sha256, model.flash_attention)
            and (row.seed, row.refusals, row.program_version) == (self._seed, "apart", __version__)
            and row.dropped_messages == 0
        )

    def _has_room(self, corpus: "Corpus", message_id: str) -> bool:
        """Say whether the model's context is as long as when the message was said: it would see all of it again."""
        made = corpus.generation(message_id)
        then = made.context_length if made is not None else None
        now = self._measure.model.context_length
        return then is None or now is None or now >= then


def _kept_round(row: "MeasurementRow", probes: Sequence["ProbeRow"]) -> SameRound:
    why = {probe.question: probe.failure for probe in probes if probe.failure is not None}
    answers = [answer for answer in kept_answers(probes, row.dropped_messages) if answer.question_id not in why]
    return SameRound(tuple(answers), tuple(Failure(*failed) for failed in why.items()), row.complete)
