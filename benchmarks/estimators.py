"""Which estimate comes closest to what a model thinks? Models with a planted opinion, and real ones.

    python -m benchmarks.estimators                                  # scripted models and the built-in one
    python -m benchmarks.estimators --model smollm2.gguf --model gemma.gguf

A scripted model answers the civic survey with log shares = opinion + habit of the letter, or as its row says: there
the truth is the planted opinion. For a real model the truth is what the people of its group answered. Every model is
asked as a Democrat and as a Republican. A cell has the mean total variation from the truth, and the correlation over
questions of the shift between the two personas (change of the mean place, 0 to 1) with that of the truth: an estimate
can be far from the people in both and still tell them apart.
"""

import argparse
import asyncio
import hashlib
import math
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.simulations.tables import table
from chat_personas.engines.llama import LlamaEngine
from chat_personas.models import pocket_path
from eval.answers import Answer, FloatArray
from eval.engine import Engine, EngineInfo, LabelScore, Message, Piece, Probe, ProbeScore, Sampling
from eval.expression.methods import METHODS, Asking, Expression
from eval.orders import TWO, OrderScheme
from eval.scoring.metrics import total_variation
from eval.scoring.scores import Scorecard, score
from eval.scoring.validity import in_orders, letters_only
from eval.surveys.human_figures import human_figures
from eval.surveys.loading import load_survey
from eval.surveys.model import Question
from personas import Group, evaluation_prompt, load_persona

PERSONAS = ("democrat", "republican")
GROUPS = tuple(Group(attribute="POLPARTY", value=value) for value in ("Democrat", "Republican"))
SURVEY = load_survey("civic").survey
QUESTIONS = SURVEY.questions
REFUSED = 0.02
LETTERS = 0.95
"""The mass of all letters of a scripted model."""

ByQuestion = Mapping[str, FloatArray]
"""A distribution over the options of each question, by its id."""


def softmax(logs: FloatArray) -> FloatArray:
    """Return shares in proportion to exp(logs)."""
    shares = np.exp(logs - logs.max())
    return np.asarray(shares / shares.sum())


def seeded(*of: object) -> np.random.Generator:
    """Return a generator that depends on nothing but what it is for."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(repr(of).encode()).digest()[:8], "big"))


@dataclass(frozen=True)
class Planted:
    """A scripted model: its opinions by persona, and the shares that it gives to options at their places.

    `answered` takes the opinion on a question (log shares), the options by place, and the question.
    """

    name: str
    opinions: Callable[[str, Question], FloatArray]
    answered: Callable[[FloatArray, Sequence[int], Question], FloatArray]

    def truth(self, persona: str) -> ByQuestion:
        """Return what the persona thinks."""
        return {question.id: softmax(self.opinions(persona, question)) for question in QUESTIONS}


def cancelling(persona: str, question: Question) -> FloatArray:
    """Return an opinion that gives to one end of the options what it takes from the other."""
    drawn = seeded("opinion", persona, question.id).normal(size=len(question.options))
    return np.asarray(drawn - drawn[::-1])


def to_the_middle(persona: str, question: Question) -> FloatArray:
    """Return an opinion that leans to one side, and to the middle on every question."""
    away = np.abs(np.linspace(-1, 1, len(question.options)))
    return np.asarray(cancelling(persona, question) - 2 * away)


def of_people(persona: str, question: Question) -> FloatArray:
    """Return what the people of the group answered, with half a person more for every option."""
    figures = human_figures(question, (GROUPS[PERSONAS.index(persona)],))
    assert figures is not None
    assert figures.counts is not None
    return np.asarray(np.log(figures.counts + 0.5))


def habit(size: float) -> Callable[[FloatArray, Sequence[int], Question], FloatArray]:
    """Return how a model answers that adds a love of the first letters to its log shares."""

    def answered(opinion: FloatArray, places: Sequence[int], question: Question) -> FloatArray:
        return softmax(np.asarray(opinion[np.array(places)] - size * np.arange(len(places))))

    return answered


def own_habit(opinion: FloatArray, places: Sequence[int], question: Question) -> FloatArray:
    """Answer with a habit that every question has for itself."""
    letters: FloatArray = seeded("habit", question.id).normal(size=len(places))
    return softmax(opinion[np.array(places)] + letters)


def mixture(by_the_letter: float) -> Callable[[FloatArray, Sequence[int], Question], FloatArray]:
    """Return how a model answers that goes by the letter in this share of cases: shares add up, not logarithms."""

    def answered(opinion: FloatArray, places: Sequence[int], question: Question) -> FloatArray:
        by_letter = softmax(np.linspace(0, -1.5 * (len(places) - 1), len(places)))
        return np.asarray((1 - by_the_letter) * softmax(opinion[np.array(places)]) + by_the_letter * by_letter)

    return answered


SCRIPTED = (
    Planted("no habit", cancelling, habit(0)),
    Planted("habit 1", cancelling, habit(1)),
    Planted("habit 2", cancelling, habit(2)),
    Planted("no habit, opinions lean to the middle", to_the_middle, habit(0)),
    Planted("habit 0.5, opinions lean to the middle", to_the_middle, habit(0.5)),
    Planted("habit 1, opinions lean to the middle", to_the_middle, habit(1)),
    Planted("people's opinions, habit 1", of_people, habit(1)),
    Planted("people's opinions, habit differs by question", of_people, own_habit),
    Planted("people's opinions, by letter a tenth of the time", of_people, mixture(0.1)),
    Planted("people's opinions, by letter half of the time", of_people, mixture(0.5)),
    Planted("no opinion, habit 1", lambda persona, question: np.zeros(len(question.options)), habit(1)),
)


class ScriptedEngine:
    """A model that answers as planted. Texts have the opinion's log shares and, each, a popularity of its own."""

    info = EngineInfo("scripted", "scripted", log_probabilities="exact", scores_texts=True)

    def __init__(self, planted: Planted) -> None:
        self._planted = planted
        self._questions = {question.id: question for question in QUESTIONS}

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        """Answer every probe as the persona of the system prompt."""
        persona = PERSONAS["Republican" in prefix[0].content]
        for probe in probes:
            question = self._questions[probe.key.rpartition("/")[0]]
            opinion = self._planted.opinions(persona, question)
            yield self._texts(probe, opinion) if probe.texts else self._letters(probe, opinion, question)

    def _letters(self, probe: Probe, opinion: FloatArray, question: Question) -> ProbeScore:
        texts = dict(line.split(". ", 1) for line in probe.prompt.splitlines() if line[1:3] == ". ")
        places = [question.option_texts.index(texts[label]) for label in probe.labels[: len(question.options)]]
        shares = [*(1 - REFUSED) * self._planted.answered(opinion, places, question), REFUSED]
        masses = [LETTERS * share for share in shares]
        return ProbeScore(probe.key, _scores(probe, [math.log(mass) for mass in masses]), sum(masses))

    def _texts(self, probe: Probe, opinion: FloatArray) -> ProbeScore:
        logs = [*np.log(softmax(opinion)), math.log(REFUSED)]
        popular = [float(seeded("popular", text).normal()) for text in probe.labels]
        means = [float(log) + one - 10 for log, one in zip(logs, popular, strict=True)]
        return ProbeScore(probe.key, _scores(probe, means), None)

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        """Say nothing."""
        yield Piece("", finish_reason="stop")

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        """Say nothing."""
        return [""] * n

    async def close(self) -> None:
        """Do nothing: there is nothing to free."""


def _scores(probe: Probe, logs: Sequence[float]) -> tuple[LabelScore, ...]:
    return tuple(LabelScore(label, log, log) for label, log in zip(probe.labels, logs, strict=True))


@dataclass(frozen=True)
class Estimates:
    """What one model answers as one persona, by estimate, and the verdicts of the usual two orders and of rotations."""

    by_name: Mapping[str, ByQuestion]
    finding: str
    finding_in_rotations: str


VERDICTS = ("verdict in two orders, Democrat / Republican", "verdict in all rotations")
ESTIMATES = (
    "two orders averaged",
    "two orders, letters removed",
    "all rotations averaged",
    "all rotations, letters removed",
    "option texts",
    "letters alone",
    "even answers",
)


async def estimates(engine: Engine, persona: str, group: Group) -> Estimates:
    """Ask the model as this persona, in every way."""
    two = await _card(engine, persona, group, "log_probability", TWO)
    cyclic = await _card(engine, persona, group, "log_probability", "cyclic")
    texts = await _card(engine, persona, group, "option_texts", TWO)
    letters = _letters_alone(two)
    found = (_averaged(two), _removed(two), _averaged(cyclic), _removed(cyclic), _averaged(texts), letters, _even())
    return Estimates(dict(zip(ESTIMATES, found, strict=True)), two.verdict.finding, cyclic.verdict.finding)


async def _card(engine: Engine, persona: str, group: Group, expression: Expression, orders: OrderScheme) -> Scorecard:
    prefix = [Message("system", evaluation_prompt(load_persona(persona).persona))]
    answers: list[Answer] = []
    async with aclosing(METHODS[expression].ask(engine, prefix, QUESTIONS, Asking(orders=orders))) as outcomes:
        async for outcome in outcomes:
            if isinstance(outcome, Answer):
                answers.append(outcome)
    return score(SURVEY, (group,), answers, resamples=1000)


def _averaged(card: Scorecard) -> ByQuestion:
    return {question.id: question.model for question in card.questions}


def _removed(card: Scorecard) -> ByQuestion:
    return {each.id: each.letters_removed for each in card.questions if each.letters_removed is not None}


def _letters_alone(card: Scorecard) -> ByQuestion:
    asked = [in_orders(each.id, {one.order: one.distribution for one in each.by_order}) for each in card.questions]
    alone = letters_only(asked)
    return {each.id: found for each, found in zip(card.questions, alone, strict=True) if found is not None}


def _even() -> ByQuestion:
    return {question.id: np.full(len(question.options), 1 / len(question.options)) for question in QUESTIONS}


def people(group: Group) -> ByQuestion:
    """Return what the people of a group answered, refusals apart."""
    figures = {question.id: human_figures(question, (group,)) for question in QUESTIONS}
    return {name: found.distribution for name, found in figures.items() if found is not None}


def distance(estimate: ByQuestion, truth: ByQuestion) -> float:
    """Return the mean total variation over the questions that both have."""
    both = sorted(estimate.keys() & truth.keys())
    return float(np.mean([total_variation(estimate[each], truth[each]) for each in both]))


def shifts(first: ByQuestion, second: ByQuestion) -> dict[str, float]:
    """Return by how much the mean place of the answers changes from one persona to the other, by question."""
    found = {}
    for question in QUESTIONS:
        ordinals = np.array(question.ordinals, dtype=np.float64)
        span = ordinals.max() - ordinals.min()
        if span > 0 and question.id in first and question.id in second:
            found[question.id] = float((second[question.id] - first[question.id]) @ ordinals / span)
    return found


def agreement(estimated: Mapping[str, float], true: Mapping[str, float]) -> float:
    """Return the correlation of shifts over questions, NaN where one of them never shifts."""
    both = sorted(estimated.keys() & true.keys())
    x, y = (np.array([each[name] for name in both]) for each in (estimated, true))
    return float(np.corrcoef(x, y)[0, 1]) if min(x.std(), y.std()) > 1e-9 else math.nan


def row(name: str, found: Sequence[Estimates], truth: Sequence[ByQuestion]) -> list[str]:
    """Return the row of one model: name, verdicts in two orders and in all rotations, and a cell for each estimate."""
    true = shifts(*truth)
    cells = []
    for estimate in ESTIMATES:
        both = [each.by_name[estimate] for each in found]
        far = float(np.mean([distance(*pair) for pair in zip(both, truth, strict=True)]))
        cells.append(cell(far, shifts(*both), true))
    verdicts = [[each.finding for each in found], [each.finding_in_rotations for each in found]]
    return [name, *(" / ".join(verdict).replace("_", " ") for verdict in verdicts), *cells]


def cell(far: float, shifted: Mapping[str, float], true: Mapping[str, float]) -> str:
    """Write a distance, and the correlation where there is one."""
    correlation = agreement(shifted, true)
    written = "below 0.000001" if far < 1e-6 else f"{far:.3f}"
    return written if math.isnan(correlation) else f"{written} ({correlation:+.2f})"


async def scripted_rows() -> list[list[str]]:
    """Return the rows of the scripted models."""
    rows = []
    for planted in SCRIPTED:
        engine = ScriptedEngine(planted)
        found = [await estimates(engine, *pair) for pair in zip(PERSONAS, GROUPS, strict=True)]
        rows.append(row(planted.name, found, [planted.truth(persona) for persona in PERSONAS]))
    return rows


async def real_row(path: Path) -> list[str]:
    """Return the row of a model file, whose truth is what people answered."""
    engine = await LlamaEngine.open(path)
    try:
        found = []
        for persona, group in zip(PERSONAS, GROUPS, strict=True):
            print(f"{path.name} as a {persona} …", file=sys.stderr, flush=True)
            found.append(await estimates(engine, persona, group))
    finally:
        await engine.close()
    return row(path.stem, found, [people(group) for group in GROUPS])


def lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the table."""
    yield from table(["model", *VERDICTS, *ESTIMATES], rows)


async def all_rows(models: Sequence[Path]) -> list[list[str]]:
    """Return the rows of the scripted models, of the built-in one, and of these files."""
    return [*await scripted_rows(), *[await real_row(path) for path in (pocket_path(), *models)]]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description="Estimates compared.")
    parser.add_argument("--model", type=Path, action="append", default=[], help="a GGUF file; may be repeated")
    print("\n".join(lines(asyncio.run(all_rows(parser.parse_args().model)))))


if __name__ == "__main__":
    main()
