"""Which questions a round of probes asks: all of them where the model is fast enough, else a part.

Every round asks the same anchors, so that rounds can be compared question by question. Then it asks as much of the rest
as the time allows, the least asked questions first, so that every question has its turn. How many that is depends on
the time that questions took in earlier rounds, in the first round on the time of its anchors. It is decided before any
answer is looked at: a round that ended when a figure looks good would make the figure's interval too narrow.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from chat_personas.monitor.history import EarlierRound, RepeatedRound, times_asked
from eval.surveys.human_figures import choose, human_figures
from eval.surveys.model import Question
from personas import Group

ANCHORS = 24
"""Questions of every round: the 20 that an interval needs (`eval.scoring.intervals`) and some more that may fail."""
LEAST_REST = 4
"""Questions besides the anchors that even the slowest model is asked in a round, so that all are asked some day."""
ENOUGH = 0.75
"""A stored round still counts as complete if it has at least this share of the questions that would fit today."""


@dataclass(slots=True)
class ProbePlan:
    """What the rounds of one conversation ask.

    `questions` are those of the survey in its order: the `anchors`, which every round asks, and the `rest`, each in an
    order that the seed decides. A round takes `seconds`, or as long as the anchors and `LEAST_REST` others take.
    `seconds_per_question` is None until a round of this session has shown how fast the model is.
    """

    questions: tuple[Question, ...]
    anchors: tuple[Question, ...]
    rest: tuple[Question, ...]
    seconds: float
    seconds_per_question: float | None = None

    @classmethod
    def of(cls, questions: Sequence[Question], groups: Sequence[Group], *, seed: int, seconds: float) -> Self:
        """Choose the anchors by `seed`, spread over the topics; questions that have an alignment are preferred.

        An alignment needs figures for `groups` and options with an order. Other questions are anchors where too few
        have one: their distributions and the nearest groups can be followed all the same.
        """
        aligned = [question for question in questions if _has_alignment(question, groups)]
        others = [question for question in questions if not _has_alignment(question, groups)]
        anchors = choose(aligned, ANCHORS, seed)
        anchors += choose(others, ANCHORS - len(anchors), seed)
        ids = {question.id for question in anchors}
        rest = [question for question in questions if question.id not in ids]
        rng = random.Random(seed)
        shuffled_anchors = tuple(rng.sample(anchors, len(anchors)))
        return cls(tuple(questions), shuffled_anchors, tuple(rng.sample(rest, len(rest))), seconds)

    def plan(
        self, earlier: Sequence[EarlierRound], reused: RepeatedRound, seconds_per_question: float | None = None
    ) -> tuple[Question, ...]:
        """Return the questions of a round that follows `earlier` ones, those that are `reused` among them.

        `seconds_per_question` is what the round itself has shown so far. What a round that ended has shown goes first.
        """
        known = self.seconds_per_question or seconds_per_question
        if self._suffices(reused, known):
            return tuple(question for question in self.questions if question.id in reused.asked)
        times = times_asked(earlier, [question.id for question in self.questions])
        if known is None:
            return self._first_slice(times, reused.asked)
        return self.round(self.size(known), times, reused.asked)

    def reusable(self, repeated: RepeatedRound) -> RepeatedRound:
        """Return the stored answers that can be reused.

        If the stored round is incomplete and the model's speed is unknown, the anchors are asked again to measure the
        speed.
        """
        if self.settles(repeated):
            return repeated
        return repeated.without(frozenset(question.id for question in self.anchors))

    def settles(self, reused: RepeatedRound) -> bool:
        """Whether it is known before a round begins how many questions it asks, those that are `reused` among them."""
        return self.speed_known or self._suffices(reused, None)

    @property
    def speed_known(self) -> bool:
        """Whether a round of this session has shown how fast the model is."""
        return self.seconds_per_question is not None

    def learn(self, seconds_per_question: float | None) -> None:
        """Take how long a question took in a round that has ended; None where too few were asked to tell."""
        self.seconds_per_question = seconds_per_question or self.seconds_per_question

    def size(self, seconds_per_question: float | None) -> int:
        """Return how many questions fit into a round, at least the anchors and `LEAST_REST` others.

        `seconds_per_question` is above 0; None where the speed is unknown, which allows for the least only.
        """
        everything, least = len(self.questions), len(self.anchors) + LEAST_REST
        if seconds_per_question is None:
            return min(everything, least)
        if seconds_per_question * everything <= self.seconds:
            return everything
        return min(everything, max(least, int(self.seconds / seconds_per_question)))

    def round(self, size: int, times_asked: Mapping[str, int], have: Collection[str] = ()) -> tuple[Question, ...]:
        """Return the anchors and as many of the rest as make `size`, those that `have` names among them.

        Questions that earlier rounds asked least often (`times_asked`) go first; the seed decides among equals. So
        every question has its turn, also after rounds that were broken off. `have` are the ids of questions with an
        answer: they are always included, even if the round then exceeds `size`.
        """
        answered = sum(question.id in have for question in self.rest)
        least_asked_first = sorted(
            self.rest, key=lambda question: (question.id not in have, times_asked.get(question.id, 0))
        )
        chosen = {question.id for question in least_asked_first[: max(answered, size - len(self.anchors))]}
        return self.anchors + tuple(question for question in self.rest if question.id in chosen)

    def _first_slice(self, times_asked: Mapping[str, int], have: Collection[str]) -> tuple[Question, ...]:
        """Return what a round asks until its anchors have shown how fast the model is.

        `LEAST_REST` questions come on top of those that `have` names, none of which is an anchor. So something is left
        to ask, and a round that is cancelled before its size is known is not recorded as complete.
        """
        return self.round(len(self.anchors) + len(have) + LEAST_REST, times_asked, have)

    def _suffices(self, repeated: RepeatedRound, seconds_per_question: float | None) -> bool:
        """Say whether a round need not be made again: it was complete, and is nearly as large as one of today."""
        return repeated.complete and len(repeated.asked) >= ENOUGH * self.size(seconds_per_question)


def _has_alignment(question: Question, groups: Sequence[Group]) -> bool:
    return len(set(question.ordinals)) > 1 and human_figures(question, groups) is not None
