"""A scale that is the same in every picture: it never stretches to what happens to be drawn on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chat_personas.main_measure import Measure
from eval.report import Score


@dataclass(frozen=True, slots=True)
class Scale:
    """A range of scores laid over a range of places."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the place of a score; those outside are put at the nearer end."""
        share = (min(self.high, max(self.low, value)) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    @property
    def ticks(self) -> Sequence[float]:
        """Five or six round scores from end to end."""
        step = 0.1 if self.high - self.low < 0.75 else 0.25
        return [round(self.low + step * number, 2) for number in range(round((self.high - self.low) / step) + 1)]


def ends(measure: Measure, scores: Iterable[Score]) -> tuple[float, float]:
    """Return the ends of the scale: the better half of 0 to 1, or all of it where a score reaches into the other half.

    On real surveys alignments lie above one half: even shares for every option reach about 0.7.
    """
    bounds = [bound for score in scores for bound in (score.mean, score.low, score.high) if bound is not None]
    if measure == "alignment":
        return (0.5 if all(bound >= 0.5 for bound in bounds) else 0.0), 1.0
    return 0.0, (0.5 if all(bound <= 0.5 for bound in bounds) else 1.0)
