"""What earlier rounds of a conversation found, as the corpus has it for this branch or as this sitting remembers it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import TYPE_CHECKING

import numpy as np

from chat_personas.course import TurnValues, turn_values
from eval.answers import ORDERS, Answer, OrderAnswer
from eval.engine import EngineInfo
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
