"""Is a measurement judged rightly? Models with a planted opinion and a planted habit of letters, on a grid.

Each model answers 62 questions of 2 to 5 options in both orders with log shares = opinion x content + habit x letter +
noise. The corners say what is right: with a strong opinion and a weak habit the measurement is sound; without an
opinion it follows the letters, whatever the habit.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from benchmarks.simulations.tables import QUESTIONS, percent, table
from eval.answers import FloatArray
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import total_variation
from eval.scoring.validity import BothOrders, letters_removed, verdict

OPINIONS, HABITS = (0.0, 0.25, 0.5, 1.0, 2.0), (0.0, 0.5, 1.0, 2.0)
NOISE = 0.1


def softmax(logs: FloatArray) -> FloatArray:
    """Return shares in proportion to exp(logs)."""
    shares = np.exp(logs - logs.max())
    return np.asarray(shares / shares.sum())


def model(opinion: float, habit: float, rng: np.random.Generator) -> tuple[list[BothOrders], list[FloatArray]]:
    """Return the answers of one model in both orders, and its opinion on each question without the habit."""
    answers, opinions = [], []
    for _ in range(QUESTIONS):
        options = int(rng.integers(2, 6))
        content, letters = opinion * rng.normal(size=options), -habit * np.arange(options)
        noise = NOISE * rng.normal(size=(2, options))
        answers.append(BothOrders(softmax(content + letters + noise[0]), softmax(content + letters[::-1] + noise[1])))
        opinions.append(softmax(content))
    return answers, opinions


def findings(opinion: float, habit: float, runs: int) -> Counter[str]:
    """Return how often each finding came out."""
    seen: Counter[str] = Counter()
    for seed in range(runs):
        answers, _ = model(opinion, habit, np.random.default_rng(seed))
        valid = [True] * QUESTIONS
        seen[verdict([*answers], valid, Bootstrap(seed, 1000), orders_asked=True).finding] += 1
    return seen


def distances(opinion: float, habit: float, runs: int) -> tuple[float, float]:
    """Return the mean distance from the opinion, of the mean of both orders and with the letters removed."""
    averaged, removed = [], []
    for seed in range(runs):
        answers, opinions = model(opinion, habit, np.random.default_rng(seed))
        for answer, truth, without in zip(answers, opinions, letters_removed([*answers]), strict=True):
            averaged.append(float(total_variation((answer.survey + answer.reversed) / 2, truth)))
            if without is not None:
                removed.append(float(total_variation(without, truth)))
    return float(np.mean(averaged)), float(np.mean(removed))


def lines(runs: int) -> Iterator[str]:
    """Yield the two tables."""
    rows = []
    for opinion in OPINIONS:
        cells = []
        for habit in HABITS:
            seen = findings(opinion, habit, runs)
            sound = (seen["sound"] + seen["sound_with_warning"]) / runs
            cells.append(f"{percent(sound)} sound, {percent(seen['follows_letters'] / runs)} follows the letters")
        rows.append([f"{opinion:g}", *cells])
    yield f"Verdicts of {runs} models each, by strength of opinion (rows) and of the habit of letters (columns)."
    yield ""
    yield from table(["opinion", *(f"habit {habit:g}" for habit in HABITS)], rows)
    few = max(runs // 5, 5)
    rows = [
        [f"{opinion:g}", *(" → ".join(f"{each:.3f}" for each in distances(opinion, habit, few)) for habit in HABITS)]
        for opinion in OPINIONS
    ]
    yield ""
    yield "Mean total variation from the planted opinion: both orders averaged → letters removed."
    yield ""
    yield from table(["opinion", *(f"habit {habit:g}" for habit in HABITS)], rows)
