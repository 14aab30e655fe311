"""How many questions a round asks: what the time allows, less what the very same measurement has found before."""

from collections.abc import Sequence

from chat_personas.earlier_rounds import EarlierRound, times_asked
from chat_personas.round_plan import Agenda
from chat_personas.same_rounds import SameRound
from eval.surveys.model import Question

ENOUGH = 0.75
"""A round that was whole counts as whole again with this share of the questions that would fit today: speed varies."""


class RoundBudget:
    """The seconds of a round, and how quick the model is: known once a round of this sitting has asked enough."""

    def __init__(self, agenda: Agenda, ids: Sequence[str], seconds: float) -> None:
        """A round takes `seconds`, or as long as the anchors do. `ids` are those of the survey's questions in order."""
        self._agenda = agenda
        self._ids = ids
        self.seconds = seconds
        self._seconds_per_question: float | None = None

    @property
    def settled(self) -> bool:
        """Whether it is known how quick the model is."""
        return self._seconds_per_question is not None

    def learn(self, seconds_per_question: float | None) -> None:
        """Take how long a question took in the round that has ended; None where too few were asked to tell."""
        self._seconds_per_question = seconds_per_question or self._seconds_per_question

    def reusable(self, same: SameRound) -> SameRound:
        """Return what need not be asked again: what is not whole tells nothing of how fast the model is today.

        So its anchors are asked again, by whose time the size of the round is settled, unless that is known.
        """
        if self.settled or self._whole(same, None):
            return same
        return same.without(frozenset(question.id for question in self._agenda.anchors))

    def questions(
        self, earlier: Sequence[EarlierRound], same: SameRound, seconds_per_question: float | None = None
    ) -> tuple[Question, ...]:
        """Return what a round asks for that follows `earlier` ones, what is reusable included.

        `seconds_per_question` is what the round under way has shown; what is known from rounds that ended goes first.
        """
        known = self._seconds_per_question or seconds_per_question
        if self._whole(same, known):
            return tuple(question for question in self._agenda.questions if question.id in same.asked)
        size = self._agenda.size(known, self.seconds)
        if known is None:
            size += len(same.asked)  # while the size is not settled, something is left to ask: the round is not whole
        return self._agenda.round(size, times_asked(earlier, self._ids), same.asked)

    def _whole(self, same: SameRound, seconds_per_question: float | None) -> bool:
        size = self._agenda.size(seconds_per_question, self.seconds)
        return same.complete and len(same.asked) >= ENOUGH * size
