"""The rounds that a conversation already has, in the corpus or in memory.

`RoundHistory.earlier` gives the rounds on the branch of a conversation. They are the points of its course, they lend
their answers to the questions that a new round does not ask, and they say which questions are due.
`RoundHistory.repeat_of` gives the round that was this very measurement. It is shown again, and only the questions that
it lacks are asked.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

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

MOST_RECENT = 8
"""Rounds of this session that are held whole, so that going through a few versions does not ask a server again."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What rounds measure, and by what means."""

    survey: LoadedSurvey
    groups: tuple[Group, ...]
    model: EngineInfo
    expression: str
    seed: int

    def comparable_with(self, row: "MeasurementRow") -> bool:
        """Say whether a stored round can be compared with rounds of this measure.

        One that was asked under other interventions cannot: turning the knob begins a course of its own. Nor can one in
        which the model was asked in another form: as a base model, or through another chat template.
        """
        groups = tuple((group.attribute, group.value) for group in row.groups)
        return (
            row.survey_sha256 == self.survey.sha256
            and groups == tuple((group.attribute, group.value) for group in self.groups)
            and (row.model, row.model_sha256) == (self.model.name, self.model.sha256)
            and (row.prompt_format, row.template) == (self.model.prompt_format, self.model.given_template)
            and row.interventions == self.model.interventions
            and row.expression == self.expression
        )

    def would_repeat(self, row: "MeasurementRow") -> bool:
        """Say whether measuring now would give a model the tokens that it was given in a stored round.

        That is unknown, and so the answer is no, for three kinds of rounds: a server's, because another model may
        answer under the same name, and because it shows only its likeliest tokens; those of a model whose template
        writes the date into prompts; and those that did not see the whole conversation, because how much a model sees
        depends on the length of its context.
        """
        return (
            self.comparable_with(row)
            and self.model.sha256 is not None
            and self.model.log_probabilities == "exact"
            and self.model.template_date is None
            and (row.engine, row.quantization) == (self.model.engine, self.model.quantization)
            and (row.template_sha256, row.flash_attention) == (self.model.template_sha256, self.model.flash_attention)
            and (row.seed, row.refusals, row.program_version) == (self.seed, "apart", __version__)
            and row.dropped_messages == 0
        )


class RoundPlace(NamedTuple):
    """Where a round stands: its conversation, the message that it follows, and all that the model was given.

    `stored_turn` is the turn of that message in the corpus; None where the corpus does not have it.
    """

    conversation_id: str | None
    message_id: str | None
    context: tuple[Message, ...]
    stored_turn: int | None = None

    @property
    def turn(self) -> int:
        """How many messages the person had sent; 0 before the first one.

        What the model is given cannot tell: messages around a reply that came to no word are one there.
        """
        if self.stored_turn is not None:
            return self.stored_turn
        return sum(message.role == "user" for message in self.context)

    @property
    def system_prompt(self) -> str:
        """The system prompt that the model was given, "" for none."""
        return self.context[0].content if self.context and self.context[0].role == "system" else ""


@dataclass(frozen=True, slots=True)
class EarlierRound:
    """A round that has ended, as later rounds look back on it.

    `answers` are by question. Where `RoundHistory.earlier` gives several rounds, each answer stands in the newest only.
    """

    values: TurnValues
    answers: Mapping[str, Answer]

    @property
    def turn(self) -> int:
        """The turn that it followed."""
        return self.values.turn


@dataclass(frozen=True, slots=True)
class RepeatedRound:
    """What this very measurement found before; `complete` if it asked all that it was to ask."""

    answers: tuple[Answer, ...] = ()
    failures: tuple[Failure, ...] = ()
    complete: bool = False

    @property
    def asked(self) -> frozenset[str]:
        """The questions that are answered or failed, by id."""
        return ids_of(self.answers, self.failures)

    def without(self, questions: frozenset[str]) -> "RepeatedRound":
        """Return what is left if `questions` (by id) are asked again. It is no longer complete."""
        return RepeatedRound(
            tuple(answer for answer in self.answers if answer.question_id not in questions),
            tuple(failure for failure in self.failures if failure.question_id not in questions),
        )


class RoundHistory:
    """The rounds of a conversation that have ended, for one `Measure`.

    A round that the corpus holds is read from there. Memory holds the others: all of them where there is no corpus,
    else the round before the first message, which is recorded once its conversation is. All methods wait for the disk,
    and may be called from any thread.
    """

    def __init__(self, corpus: "Corpus | None", measure: Measure) -> None:
        self._corpus = corpus
        self._measure = measure
        # The newest rounds of this session whole, for `repeat_of`: a corpus does not repeat what a server answered.
        self._recent: OrderedDict[RoundPlace, RepeatedRound] = OrderedDict()
        # For `earlier`: what the corpus does not hold, by turn, and what was read from it, by measurement, for the
        # branch that was looked at last. Answers that a later round replaced are let go, to save memory.
        self._unrecorded: dict[int, EarlierRound] = {}
        self._recorded: dict[str, EarlierRound] = {}
        # A round that was cancelled may still be planned in one thread while another thread records.
        self._lock = threading.Lock()

    def record(
        self, place: RoundPlace, ended: EarlierRound, found: RepeatedRound, measurement_id: str | None = None
    ) -> None:
        """Take in a round that has ended; `measurement_id` is its key in the corpus, None if that does not hold it."""
        with self._lock:
            self._recent[place] = found
            self._recent.move_to_end(place)
            if len(self._recent) > MOST_RECENT:
                self._recent.popitem(last=False)
            if measurement_id is not None:
                self._recorded[measurement_id] = ended
                self._unrecorded.pop(ended.turn, None)
            elif self._corpus is None or ended.turn == 0:
                self._unrecorded[ended.turn] = ended

    def place(self, conversation_id: str | None, message_id: str | None, context: tuple[Message, ...]) -> RoundPlace:
        """Return the place of a round, whose turn is counted as everywhere (`turns_of`).

        Raises:
            CorpusError: the corpus cannot be read.
        """
        from chat_personas.corpus.messages import turns_of

        place = RoundPlace(conversation_id, message_id, context)
        if self._corpus is None or message_id is None:
            return place
        return place._replace(stored_turn=turns_of(self._corpus.branch(message_id)).get(message_id))

    def earlier(self, place: RoundPlace) -> tuple[EarlierRound, ...]:
        """Return the rounds on the branch that ends at `place`, oldest first, those at `place` itself included.

        Raises:
            CorpusError: the corpus cannot be read.
        """
        with self._lock:
            unrecorded = [self._unrecorded[turn] for turn in sorted(self._unrecorded) if turn < place.turn]
            if self._corpus is None or place.message_id is None or place.conversation_id is None:
                return tuple(unrecorded)
            turns = self._turns_of_course(self._corpus, place.message_id)
            begun = (each for each in unrecorded if each.turn in turns.values())
            stored = self._corpus.measurements(place.conversation_id)
            return (*begun, *self._of_course(self._corpus, place, stored, turns))

    def repeat_of(self, place: RoundPlace) -> RepeatedRound | None:
        """Return what this very measurement found at `place`: the newest complete round, else the newest one.

        A round of this session is known whole. One that only the corpus holds is returned where everything on which its
        answers depend is known to be as it was (`Measure.would_repeat`). None where there is no such round.

        Raises:
            CorpusError: the corpus cannot be read.
        """
        with self._lock:
            recent = self._recent.get(place)
        if recent is not None or self._corpus is None or place.conversation_id is None:
            return recent
        stored = self._corpus.measurements_after(place.conversation_id, place.message_id)
        rows = [row for row in stored if self._measure.would_repeat(row) and _same_prompt(self._corpus, row, place)]
        if not rows or not self._has_room(self._corpus, place.message_id):
            return None
        row = max(rows, key=lambda row: (row.complete, row.id))
        answers, failures = outcomes_of(self._corpus.probes(row.id), row.dropped_messages)
        return RepeatedRound(answers, failures, row.complete)

    def _turns_of_course(self, corpus: "Corpus", message_id: str) -> dict[str | None, int]:
        """Return the turns of the replies up to a message whose rounds are of one course; None is turn 0.

        Where another model made replies, or this one did as it was asked in another form, the course begins after the
        last of them. A message without a reply is no turn: older versions measured after it, too.
        """
        from chat_personas.corpus import ReplyModel
        from chat_personas.corpus.messages import turns_of

        branch, made = corpus.branch(message_id), corpus.models(message_id)
        model = ReplyModel.of(self._measure.model)
        ends: list[str | None] = [None]
        for message in branch:
            if message.role == "assistant":
                ends = [*ends, message.id] if made.get(message.id, model).asked_as(model) else [message.id]
        turns = turns_of(branch)
        return {key: turns[key] for key in ends}

    def _of_course(
        self,
        corpus: "Corpus",
        place: RoundPlace,
        stored: Iterable["MeasurementRow"],
        turns: Mapping[str | None, int],
    ) -> list[EarlierRound]:
        """Return those `stored` rounds that are of one course with `place`; `turns`: see `_turns_of_course`.

        Another persona has a course of its own.
        """
        rows = [
            row
            for row in stored
            if row.message_id in turns and self._measure.comparable_with(row) and _same_prompt(corpus, row, place)
        ]
        if not self._recorded.keys() <= {row.id for row in rows}:
            # This is another branch: answers that were let go may be the newest ones here.
            self._recorded.clear()
        rows.sort(key=lambda row: turns[row.message_id])
        rounds = [
            self._recorded.get(row.id) or self._read(row, turns[row.message_id], corpus.probes(row.id)) for row in rows
        ]
        rounds = _with_newest_answers_only(rounds)
        self._recorded = {row.id: earlier for row, earlier in zip(rows, rounds, strict=True)}
        return rounds

    def _read(self, row: "MeasurementRow", turn: int, probes: Sequence["ProbeRow"]) -> EarlierRound:
        answers, failures = outcomes_of(probes, row.dropped_messages)
        measure = self._measure
        questions, asked = measure.survey.survey.questions, ids_of(answers, failures)
        values = turn_values(turn, questions, measure.groups, asked, answers, measure.seed)
        # Validity depends on how much a server hid, which is not stored in full. So its answers are not reused.
        reusable = answers if self._measure.model.log_probabilities == "exact" else ()
        return EarlierRound(values, {answer.question_id: answer for answer in reusable})

    def _has_room(self, corpus: "Corpus", message_id: str | None) -> bool:
        """Say whether the model's context is as long as it was for that reply: then it sees the same messages again."""
        made = corpus.generation(message_id) if message_id is not None else None
        then = made.context_length if made is not None else None
        now = self._measure.model.context_length
        return then is None or now is None or now >= then


def _same_prompt(corpus: "Corpus", row: "MeasurementRow", place: RoundPlace) -> bool:
    """Say whether a stored round was made under the system prompt of `place`.

    An older version did not record it, and had one in a conversation.
    """
    if row.system_prompt is not None:
        return row.system_prompt == place.system_prompt
    return corpus.conversation(row.conversation_id).system_prompt == place.system_prompt


def ids_of(answers: Iterable[Answer], failures: Iterable[Failure]) -> frozenset[str]:
    """Return the ids of the questions that are answered or failed."""
    return frozenset({answer.question_id for answer in answers} | {failure.question_id for failure in failures})


def latest_answers(rounds: Iterable[EarlierRound]) -> dict[str, tuple[int, Answer]]:
    """Return the newest answer to each question, and its turn; `rounds` are oldest first."""
    return {name: (earlier.turn, answer) for earlier in rounds for name, answer in earlier.answers.items()}


def times_asked(rounds: Sequence[EarlierRound], ids: Sequence[str]) -> dict[str, int]:
    """Return by question how many of `rounds` asked it; `ids` are all questions in the survey's order."""
    if not rounds:
        return {}
    return dict(zip(ids, np.sum([earlier.values.asked for earlier in rounds], axis=0).tolist(), strict=True))


def outcomes_of(probes: Sequence["ProbeRow"], dropped_messages: int) -> tuple[tuple[Answer, ...], tuple[Failure, ...]]:
    """Return the answers and the failures that a stored round holds. `probes` are ordered by question."""
    why = {probe.question: probe.failure for probe in probes if probe.failure is not None}
    answers = tuple(
        Answer(name, tuple(map(_order, sorted(rows, key=_place_of_order))), dropped_messages=dropped_messages)
        for name, rows in groupby(probes, key=lambda probe: probe.question)
        if name not in why
    )
    return answers, tuple(Failure(*failed) for failed in why.items())


def _place_of_order(probe: "ProbeRow") -> int:
    return ORDERS.index(probe.option_order)


def _order(probe: "ProbeRow") -> OrderAnswer:
    upper = None if probe.options_upper is None else np.array(probe.options_upper)
    return OrderAnswer(
        probe.option_order, np.array(probe.options), probe.refusal or 0.0, probe.label_mass, options_upper=upper
    )


def _with_newest_answers_only(rounds: Sequence[EarlierRound]) -> list[EarlierRound]:
    newest = {name: index for index, earlier in enumerate(rounds) for name in earlier.answers}
    return [
        replace(earlier, answers={name: answer for name, answer in earlier.answers.items() if newest[name] == index})
        for index, earlier in enumerate(rounds)
    ]
