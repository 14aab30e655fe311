"""Rounds that are the very measurement that is wanted now: they are shown again, and what they lack alone is asked."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from chat_personas import __version__
from chat_personas.earlier_rounds import Measure, kept_answers
from eval.answers import Answer, Failure
from eval.engine import Message

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from chat_personas.corpus.rows import MeasurementRow, ProbeRow

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
