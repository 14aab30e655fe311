"""Synthetic people: each answers every trained question, as the people of its groups do and as one mind.

A Gaussian copula: a respondent has a left-right score z; for a question with correlation r and direction s, the answer
is the quantile of u = Phi(s r z + sqrt(1 - r^2) e) under the figures of the respondent's groups. So every answer has
exactly the group's marginal distribution, and answers hang together within a person.
"""

from bisect import bisect_right
from math import erf, sqrt
from random import Random
from statistics import NormalDist

from pocket.panel import Crowd, Panel
from pocket.topics import Side, Topic

REFUSED = -1
_NORMAL = NormalDist()
_MIDDLE = 0.25
_WAVERING = 0.15


class Respondent:
    """One synthetic person. Answers are drawn when first asked for and then kept."""

    def __init__(self, panel: Panel, crowd: Crowd, rng: Random) -> None:
        self.crowd = crowd
        self.score = rng.gauss(0.0, 1.0)
        self._panel = panel
        self._rng = rng
        self._answers: dict[str, int] = {}
        self._topic_leans: dict[str, float] = {}
        self._wavering = _WAVERING

    @classmethod
    def anchored(cls, panel: Panel, crowd: Crowd, key: str, u: float, rng: Random) -> "Respondent":
        """Return a person whose answer to one question is the quantile `u` (0 < u < 1); the rest follows from it."""
        person = cls(panel, crowd, rng)
        trained = panel.questions[key]
        link = trained.link * crowd.link_scale
        latent = _NORMAL.inv_cdf(min(max(u, 1e-6), 1 - 1e-6))
        person.score = trained.direction * link * latent + sqrt(1 - link * link) * rng.gauss(0.0, 1.0)
        person._answers[key] = person._quantile(key, u)
        return person

    @classmethod
    def telling(cls, panel: Panel, crowd: Crowd, rng: Random) -> "Respondent":
        """Return a person who gives every answer that sets the crowd apart; the others are drawn."""
        person = cls(panel, crowd, rng)
        for key in panel.questions:
            telling = panel.telling_answer(crowd, key)
            if telling is not None:
                person._answers[key] = telling
        return person

    @classmethod
    def steadfast(cls, panel: Panel, crowd: Crowd, rng: Random) -> "Respondent":
        """Return a person as `telling` does who never wavers: the crowd's side of a topic is then always its own."""
        person = cls.telling(panel, crowd, rng)
        person._wavering = 0.0
        return person

    def answer(self, key: str) -> int:
        """Return the index of the option that this person chooses, in the survey's order."""
        if key not in self._answers:
            trained = self._panel.questions[key]
            link = trained.link * self.crowd.link_scale
            latent = trained.direction * link * self.score + sqrt(1 - link * link) * self._rng.gauss(0.0, 1.0)
            self._answers[key] = self._quantile(key, 0.5 * (1 + erf(latent / sqrt(2))))
        return self._answers[key]

    def option_lean(self, key: str) -> float:
        """Return where this person's answer to one question stands: -1 left, 1 right."""
        return self._panel.questions[key].leans[self.answer(key)]

    def lean(self, topic: Topic) -> float:
        """Return where this person stands on a topic: -1 left, 1 right, the mean over its deciding questions.

        Where all of these answers are extreme, as with yes or no, some people waver and stand near the middle.
        """
        if topic.name not in self._topic_leans:
            leans = [self.option_lean(key) for key in topic.questions]
            lean = sum(leans) / len(leans)
            if len(leans) == 1 and abs(lean) == 1 and self._rng.random() < self._wavering:
                lean *= 0.2
            self._topic_leans[topic.name] = lean
        return self._topic_leans[topic.name]

    def side(self, topic: Topic) -> Side:
        """Return which side of a topic this person takes."""
        lean = self.lean(topic)
        return "middle" if abs(lean) <= _MIDDLE else "right" if lean > 0 else "left"

    def overall_lean(self, topics: tuple[Topic, ...]) -> float:
        """Return the mean of this person's leans over `topics`."""
        return sum(self.lean(topic) for topic in topics) / len(topics)

    def _quantile(self, key: str, u: float) -> int:
        cumulative = self.crowd.answers[key].cumulative
        place = min(bisect_right(cumulative, u), len(cumulative) - 1)
        return self._panel.questions[key].by_ordinal[place]
