"""Which questions a round of probes asks.

Every round asks the same anchors, so that rounds compare question by question, and then as much of the rest as the
time allows, what was asked least often first, so that all come round. How many that is follows from how long earlier
rounds took and is settled before a round begins, in the first one from how long its anchors took: no answer ever
decides when a round ends (stopping when a figure looks good would make its interval too narrow).

How many questions a round asks: what the time allows, less what the very same measurement has found before.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chat_personas.monitor.history import EarlierRound, SameRound, times_asked
from eval.surveys.figures import choose, human_figures
from eval.surveys.model import Question
from personas import Group

ANCHORS = 24
"""Questions of every round: the 20 that an interval needs (`eval.scoring.intervals`) and some more that may fail."""
LEAST_REST = 4
"""Questions besides the anchors that even the slowest model is asked in a round, so that all are asked some day."""


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """The questions of a survey as rounds ask them: the `anchors`, then the `rest`, each in one seeded order."""

    anchors: tuple[Question, ...]
    rest: tuple[Question, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions."""
        return self.anchors + self.rest

    def size(self, seconds_per_question: float | None, seconds: float) -> int:
        """Return how many questions take `seconds`, at least the anchors and four more: only those at first.

        `seconds_per_question` is what questions took so far, above 0; None where none were asked.
        """
        everything, least = len(self.questions), len(self.anchors) + LEAST_REST
        if seconds_per_question is None:
            return min(everything, least)
        if seconds_per_question * everything <= seconds:
            return everything
        return min(everything, max(least, int(seconds / seconds_per_question)))

    def round(self, size: int, times_asked: Mapping[str, int], have: Collection[str] = ()) -> tuple[Question, ...]:
        """Return the anchors and as many of the rest as make `size`, all that `have` names among them.

        Those that earlier rounds asked least often, by `times_asked`, go first; among equals the seeded order holds. So
        they come round in turn, also after rounds that were broken off. `have` are ids of questions whose answers are
        there: they are in the round, though it be larger for that.
        """
        places = sum(question.id in have for question in self.rest)
        least_asked_first = sorted(
            self.rest, key=lambda question: (question.id not in have, times_asked.get(question.id, 0))
        )
        chosen = {question.id for question in least_asked_first[: max(places, size - len(self.anchors))]}
        return self.anchors + tuple(question for question in self.rest if question.id in chosen)


def agenda(questions: Sequence[Question], groups: Sequence[Group], seed: int) -> ProbePlan:
    """Choose the anchors by `seed`, spread over the topics; questions that have an alignment with `groups` come first.

    An alignment needs figures for the groups and options with an order. Without such questions others are taken: their
    distributions and the nearest groups can be followed all the same.
    """
    aligned = [question for question in questions if _has_alignment(question, groups)]
    others = [question for question in questions if not _has_alignment(question, groups)]
    chosen = choose(aligned, ANCHORS, seed)
    chosen += choose(others, ANCHORS - len(chosen), seed)
    ids = {question.id for question in chosen}
    rng = random.Random(seed)
    rest = [question for question in questions if question.id not in ids]
    return ProbePlan(tuple(rng.sample(chosen, len(chosen))), tuple(rng.sample(rest, len(rest))))


def _has_alignment(question: Question, groups: Sequence[Group]) -> bool:
    return len(set(question.ordinals)) > 1 and human_figures(question, groups) is not None


ENOUGH = 0.75
"""A round that was whole counts as whole again with this share of the questions that would fit today: speed varies."""


class RoundBudget:
    """The seconds of a round, and how quick the model is: known once a round of this sitting has asked enough."""

    def __init__(self, agenda: ProbePlan, ids: Sequence[str], seconds: float) -> None:
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
