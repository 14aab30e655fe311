"""Calibration: one temperature for a model's distributions, fitted on other questions than those it is scored on.

A model may know which answers a group prefers and still be too sure of them, or not sure enough. Calibration replaces
each distribution p by one proportional to p^(1/T) (temperature scaling; Guo et al. 2017 minimise the log loss,
we minimise total variation, which is what we report). T above 1 flattens, T below 1 sharpens. With five-fold
cross-validation, every question is scored with the T fitted on the questions of the four other folds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.scoring.intervals import MIN_QUESTIONS

FOLDS = 5
LOWEST, HIGHEST = 0.05, 20.0
"""The range of temperatures."""
_STEPS = 61
"""The number of temperatures on the grid, evenly spaced in ln T. It is odd, so that T = 1 is in the middle."""
_AT_END = 1e-6
"""How near to an end of the range, relative to it, a temperature counts as being there."""
_NO_GAIN = 1e-12
"""A total variation that is lower by less than this is not better."""


@dataclass(frozen=True, slots=True)
class Uncalibrated:
    """A model's distributions before calibration, with the people's.

    `masses` (questions, orders, width) are over the options in each option order, padded with zeros. An order sums to
    1, or with refusals as an option to 1 minus its refusals; temperature does not change that sum. `weights`
    (questions, orders) are the shares of the orders in the mean of their question. `human` (questions, width) are the
    people's distributions. `apart` (questions) is the part of total variation that does not depend on the options: half
    the difference in refusals.
    """

    masses: FloatArray
    weights: FloatArray
    human: FloatArray
    apart: FloatArray

    def at(self, temperature: float | FloatArray) -> FloatArray:
        """Return the distributions at one temperature, or at one for each question, averaged over the orders."""
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
        """Return the distributions of some of the questions."""
        return Uncalibrated(
            self.masses[questions], self.weights[questions], self.human[questions], self.apart[questions]
        )


@dataclass(frozen=True, slots=True)
class CrossFitted:
    """The temperature of each fold, fitted on the other folds, and the fold of each question, counted from 0."""

    fold: NDArray[np.intp]
    temperatures: tuple[float, ...]

    @property
    def of_question(self) -> FloatArray:
        """The temperature with which each question is scored."""
        return np.array(self.temperatures)[self.fold]


def stacked(
    orders: Sequence[Sequence[Sequence[float]]], human: Sequence[Sequence[float]], apart: Sequence[float]
) -> Uncalibrated:
    """Return distributions by question and option order, and the people's by question, as arrays.

    Questions may differ in their numbers of options and of orders. All orders of a question have the same weight.
    """
    width, most = max(map(len, human)), max(map(len, orders))
    masses, weights = np.zeros((len(orders), most, width)), np.zeros((len(orders), most))
    people = np.zeros((len(orders), width))
    for row, (model, figures) in enumerate(zip(orders, human, strict=True)):
        people[row, : len(figures)] = figures
        weights[row, : len(model)] = 1 / len(model)
        for place, distribution in enumerate(model):
            masses[row, place, : len(distribution)] = distribution
    return Uncalibrated(masses, weights, people, np.asarray(apart, dtype=np.float64))


def cross_fitted(uncalibrated: Uncalibrated, seed: int) -> CrossFitted:
    """Fit a temperature for each fold on the questions of the other folds.

    Raises:
        ValueError: there are fewer than `MIN_QUESTIONS` questions, so that a fold would have three or fewer.
    """
    questions = len(uncalibrated.masses)
    if questions < MIN_QUESTIONS:
        raise ValueError(f"{questions} questions are too few to calibrate on; {MIN_QUESTIONS} are needed")
    fold = folds(questions, seed)
    return CrossFitted(fold, tuple(fit(uncalibrated.of(fold != each)) for each in range(FOLDS)))


def folds(questions: int, seed: int) -> NDArray[np.intp]:
    """Return the fold of each question. Folds are random and differ in size by at most one question."""
    fold = np.empty(questions, dtype=np.intp)
    fold[np.random.default_rng(seed).permutation(questions)] = np.arange(questions) % FOLDS
    return fold


def fit(uncalibrated: Uncalibrated) -> float:
    """Return the temperature with the lowest mean total variation from people.

    As a function of ln T the mean has kinks and may have several local minima. So the best point of a grid is taken, of
    equal ones the nearest to T = 1, and refined between its neighbours.
    """
    from scipy.optimize import minimize_scalar

    def distance(log_temperature: float) -> float:
        return float(uncalibrated.total_variation(float(np.exp(log_temperature))).mean())

    grid = np.linspace(np.log(LOWEST), np.log(HIGHEST), _STEPS)
    grid[_STEPS // 2] = 0.0
    distances = np.array([distance(point) for point in grid])
    best = _lowest(grid, distances)
    around = grid[max(best - 1, 0)], grid[min(best + 1, _STEPS - 1)]
    refined = minimize_scalar(distance, bounds=around, method="bounded", options={"xatol": 1e-8})
    lower = refined.fun < distances[best] - _NO_GAIN
    return float(np.exp(refined.x if lower else grid[best]))


def at_end(temperature: float) -> Literal["flattest", "sharpest"] | None:
    """Return at which end of the range a fitted temperature is; None inside.

    There the fit would have gone on: to even answers at the upper end, to the likeliest option alone at the lower.
    """
    if temperature > HIGHEST * (1 - _AT_END):
        return "flattest"
    return "sharpest" if temperature < LOWEST * (1 + _AT_END) else None


def _lowest(grid: FloatArray, distances: FloatArray) -> int:
    lowest = np.flatnonzero(distances <= distances.min() + _NO_GAIN)
    return int(lowest[np.argmin(np.abs(grid[lowest]))])
