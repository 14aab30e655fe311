"""One temperature for a model's distributions, fitted on other questions than those that it is scored on.

A model may know which answers a group prefers and still be too sure of them, or not sure enough. Calibration takes
each distribution p to one proportional to p^(1/T) (temperature scaling; Guo et al. 2017, there on the likelihood,
here on total variation, which is what is reported). T above 1 flattens, below 1 sharpens. With five-fold
cross-validation every question is scored with the T that suits the questions of the four other folds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.scoring.intervals import MIN_QUESTIONS

FOLDS = 5
LOWEST, HIGHEST = 0.05, 20.0
_STEPS = 61
"""An odd number, so that the grid, even in ln T, holds T = 1 in its middle."""
_NO_GAIN = 1e-12


@dataclass(frozen=True, slots=True)
class Uncalibrated:
    """Distributions as a model gave them, beside people's.

    `masses` (questions, orders, width) are over the options in each option order, padded with zeros; an order sums to
    1, or with refusals as an option to 1 minus its refusals, and temperature leaves that sum as it is. `weights`
    (questions, orders) say how much each order counts in its question's mean. `human` (questions, width) are the
    people's. `apart` (questions) is what total variation has beside the options: half the difference of the refusals.
    """

    masses: FloatArray
    weights: FloatArray
    human: FloatArray
    apart: FloatArray

    def at(self, temperature: float | FloatArray) -> FloatArray:
        """Return the distributions at one temperature, or one for each question; the orders averaged after it."""
        each = np.asarray(temperature, dtype=np.float64).reshape(-1, 1, 1)
        highest = self.masses.max(axis=-1, keepdims=True)
        relative = np.divide(self.masses, highest, out=np.zeros_like(self.masses), where=highest > 0)
        powered = relative ** (1 / each)
        total = powered.sum(axis=-1, keepdims=True)
        whole = self.masses.sum(axis=-1, keepdims=True)
        scaled = np.divide(powered * whole, total, out=np.zeros_like(powered), where=total > 0)
        return np.asarray((scaled * self.weights[..., None]).sum(axis=1), dtype=np.float64)

    def total_variation(self, temperature: float | FloatArray) -> FloatArray:
        """Return the total variation from people at a temperature, one value per question."""
        distance = np.abs(self.at(temperature) - self.human).sum(axis=-1) / 2
        return np.asarray(distance + self.apart, dtype=np.float64)

    def of(self, questions: NDArray[np.bool_]) -> "Uncalibrated":
        """Return some of the questions."""
        return Uncalibrated(
            self.masses[questions], self.weights[questions], self.human[questions], self.apart[questions]
        )


@dataclass(frozen=True, slots=True)
class CrossFitted:
    """The temperatures by fold, each fitted on the other folds; `fold` (questions) is each question's, from 0."""

    fold: NDArray[np.intp]
    temperatures: tuple[float, ...]

    @property
    def of_question(self) -> FloatArray:
        """The temperature that scores each question."""
        return np.array(self.temperatures)[self.fold]


def folds(questions: int, seed: int) -> NDArray[np.intp]:
    """Return the fold of each question: a random fifth each, give or take one question, stratified by nothing."""
    fold = np.empty(questions, dtype=np.intp)
    fold[np.random.default_rng(seed).permutation(questions)] = np.arange(questions) % FOLDS
    return fold


def cross_fitted(said: Uncalibrated, seed: int) -> CrossFitted:
    """Fit a temperature for each fold on the questions of the others.

    Raises:
        ValueError: there are fewer than `MIN_QUESTIONS` questions, so that folds would be of three or less.
    """
    if len(said.masses) < MIN_QUESTIONS:
        raise ValueError(f"{len(said.masses)} questions are too few to calibrate on; {MIN_QUESTIONS} are needed")
    fold = folds(len(said.masses), seed)
    return CrossFitted(fold, tuple(fit(said.of(fold != each)) for each in range(FOLDS)))


def fit(said: Uncalibrated) -> float:
    """Return the temperature, 0.05 to 20, at which the mean total variation from people is least.

    As a function of ln T it has kinks and may have several valleys: the lowest of a grid is taken, the nearest to T = 1
    of equals, and refined between its neighbours.
    """
    from scipy.optimize import minimize_scalar

    def distance(log_temperature: float) -> float:
        return float(said.total_variation(float(np.exp(log_temperature))).mean())

    grid = np.linspace(np.log(LOWEST), np.log(HIGHEST), _STEPS)
    grid[_STEPS // 2] = 0.0
    distances = np.array([distance(point) for point in grid])
    best = _lowest(grid, distances)
    around = grid[max(best - 1, 0)], grid[min(best + 1, _STEPS - 1)]
    refined = minimize_scalar(distance, bounds=around, method="bounded", options={"xatol": 1e-8})
    lower = refined.fun < distances[best] - _NO_GAIN
    return float(np.exp(refined.x if lower else grid[best]))


def _lowest(grid: FloatArray, distances: FloatArray) -> int:
    lowest = np.flatnonzero(distances <= distances.min() + _NO_GAIN)
    return int(lowest[np.argmin(np.abs(grid[lowest]))])


def stacked(
    orders: Sequence[Sequence[Sequence[float]]], human: Sequence[Sequence[float]], apart: Sequence[float]
) -> Uncalibrated:
    """Return distributions by question and option order, beside people's by question, as arrays.

    A question may have fewer options or orders than another; the orders of one count equally.
    """
    width, most = max(map(len, human)), max(map(len, orders))
    masses, weights = np.zeros((len(orders), most, width)), np.zeros((len(orders), most))
    people = np.zeros((len(orders), width))
    for row, (said, theirs) in enumerate(zip(orders, human, strict=True)):
        people[row, : len(theirs)] = theirs
        weights[row, : len(said)] = 1 / len(said)
        for place, distribution in enumerate(said):
            masses[row, place, : len(distribution)] = distribution
    return Uncalibrated(masses, weights, people, np.asarray(apart, dtype=np.float64))
