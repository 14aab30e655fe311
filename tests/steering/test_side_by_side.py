"""Ways of steering side by side: chosen on the training half, told on the other, paired question by question."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from chat_personas.reporting.html.steering_page import steering_table_page_document
from chat_personas.steering.contrast import survey_halves
from chat_personas.steering.direction_file import DirectionFile
from chat_personas.steering.side_by_side import Along, Comparison, SteeringRow, SteeringTable
from eval.engine import EngineError, Message, Probe, ProbeScore, Sampling
from eval.interventions import InterventionError, Interventions
from eval.states import Opening
from eval.surveys.loading import load_survey
from eval.surveys.model import Question
from personas import load_persona
from tests.eval.fake_engine import FakeEngine
from tests.steering.directions import DIRECTION
from tests.steering.test_sweep import DEMOCRATS, REPUBLICANS, shares

LOADED = load_survey("civic")
TRAINING, HELD_OUT = survey_halves(LOADED.survey)
DEMOCRAT, REPUBLICAN = load_persona("democrat"), load_persona("republican")
ALONG = Along(DirectionFile(DIRECTION, None))
Leans = tuple[float, float]
"""How far answers lean, from Republicans at 0 to Democrats at 1: on the training half, and on the other."""


def masses(question: Question, lean: float) -> dict[str, float]:
    options = lean * shares(question, DEMOCRATS) + (1 - lean) * shares(question, REPUBLICANS)
    return dict(zip(question.option_texts, options.tolist(), strict=True))


class Leaning(FakeEngine):
    """Leans as is written down for what is done to it: the words that its prompt has, or its intervention."""

    def __init__(self, leans: Mapping[str, Leans], done: str = "none") -> None:
        super().__init__()
        self.leans, self.done = leans, done
        self.prompts: list[str] = []

    def steered(self, interventions: Interventions) -> "Leaning":
        (one,) = interventions
        assert one.layers == (2,)
        name = "random" if one.direction.name == "random" else one.kind
        under = Leaning(self.leans, name if one.kind == "ablate" else f"{one.kind} {one.strength:+g}")
        under.prompts = self.prompts
        return under

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        said = " ".join([*(message.content for message in prefix), probes[0].prompt])
        words = {"qa": "answered this question", "bio": "describe yourself", "portray": "Play the part"}
        words |= {"few_shot": "people like you answered", "republican": "Republican Party"}
        prompt = next((name for name, mark in words.items() if mark in said), "")
        self.prompts += [probe.prompt for probe in probes if prompt == "few_shot"]
        lean = self.leans.get(f"{prompt} {self.done}", self.leans.get(prompt or self.done, (0.5, 0.5)))
        self._masses = {each.id: masses(each, lean[0]) for each in TRAINING}
        self._masses |= {each.id: masses(each, lean[1]) for each in HELD_OUT}
        async for each in super().score(prefix, probes):
            yield each

    async def divergence(self, without: Sequence[Opening], under: Sequence[Opening]) -> list[float]:
        return [float(self.done != "none" or before != after) for before, after in zip(without, under, strict=True)]

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        return ["one two three four"] * n


async def table(leans: Mapping[str, Leans], along: Along | None = ALONG) -> tuple[SteeringTable, Leaning]:
    engine = Leaning(leans)
    return await Comparison(engine, DEMOCRAT, LOADED, along, lambda: None).table(), engine


@pytest.fixture(scope="module")
def even() -> tuple[SteeringTable, Leaning]:
    """A model that leans to neither side, whatever is done to it."""
    return asyncio.run(table({}))


def row(found: SteeringTable, name: str) -> SteeringRow:
    return next(each for each in found.rows if each.name == name)


def alignments(lean: float) -> np.ndarray:
    """Of answers that lean so far with Democrats, over the held-out questions: 1 - WD/span, by SciPy."""
    found = []
    for question in HELD_OUT:
        ordinals = np.array([option.ordinal for option in question.options])
        answers = np.array(list(masses(question, lean).values()))
        distance = wasserstein_distance(ordinals, ordinals, answers, shares(question, DEMOCRATS))
        found.append(1 - distance / np.ptp(ordinals))
    return np.array(found)


async def test_differences_are_paired_over_the_held_out_questions() -> None:
    found, _ = await table({"none": (0.5, 0.4), "qa": (0.6, 0.7), "bio": (0.9, 0.6), "portray": (0.7, 0.9)})
    assert [each.name for each in found.rows] == [
        *("none", "qa", "bio", "portray", "few_shot", "add", "clamp", "ablate"),
    ]
    none, bio, portray = (alignments(lean) for lean in (0.4, 0.6, 0.9))
    told = row(found, "portray")
    assert told.scores is not None
    assert told.scores.alignment is not None
    assert told.scores.alignment.mean == pytest.approx(portray.mean())
    assert told.minus_none is not None
    assert told.minus_none.mean == pytest.approx((portray - none).mean())
    assert told.minus_best_prompt is not None
    assert told.minus_best_prompt.mean == pytest.approx((portray - bio).mean())
    assert told.minus_none.low is not None
    assert told.minus_none.low < told.minus_none.mean
    assert told.minus_none.p is not None
    assert told.minus_none.p < 0.05
    assert row(found, "none").minus_none is None
    assert row(found, "bio").minus_best_prompt is None


async def test_the_best_prompt_and_the_strengths_are_chosen_on_the_training_half_alone() -> None:
    found, _ = await table(
        {
            "qa": (0.6, 1.0),
            "bio": (0.9, 0.0),
            "portray": (0.8, 1.0),
            "add +0.5": (0.8, 0.3),
            "add +1": (0.7, 1.0),
            "clamp +0": (0.9, 0.2),
            "clamp +2": (0.6, 1.0),
        }
    )
    assert found.best_prompt == "bio"
    assert (row(found, "add").strength, row(found, "clamp").strength, row(found, "ablate").strength) == (0.5, 0.0, None)
    for name, lean in (("bio", 0.0), ("add", 0.3), ("clamp", 0.2)):
        scores = row(found, name).scores
        assert scores is not None
        assert scores.alignment is not None
        assert scores.alignment.mean == pytest.approx(alignments(lean).mean())


def test_examples_come_from_the_training_half_alone(even: tuple[SteeringTable, Leaning]) -> None:
    _, engine = even
    held_out = {question.stem for question in HELD_OUT}
    training = {question.stem for question in TRAINING}
    assert len(engine.prompts) == 2 * (len(TRAINING) + len(HELD_OUT))
    for prompt in engine.prompts:
        examples, _, _ = prompt.partition("Now answer this question")
        assert not [stem for stem in held_out if f"{stem}\n" in examples]
        assert sum(f"{stem}\n" in examples for stem in training) == 8


def test_every_way_of_steering_has_a_cost_and_none_costs_nothing(even: tuple[SteeringTable, Leaning]) -> None:
    found, _ = even
    costs = {each.name: each.cost for each in found.rows}
    assert all(cost is not None for cost in costs.values())
    moved = {name: cost.divergence for name, cost in costs.items() if cost is not None}
    assert moved == {"none": 0.0} | dict.fromkeys(moved.keys() - {"none"}, 1.0)


async def test_what_cannot_be_done_has_its_reason_in_its_row_and_the_rest_is_measured() -> None:
    class Halting(Leaning):
        def steered(self, interventions: Interventions) -> Leaning:
            if interventions[0].kind == "clamp":
                raise InterventionError("the direction party has no poles to be set between")
            if interventions[0].kind == "ablate":
                raise EngineError("a direction cannot be removed from this model")
            return super().steered(interventions)

    found = await Comparison(Halting({}), DEMOCRAT, LOADED, ALONG, lambda: None).table()
    assert row(found, "add").scores is not None
    assert row(found, "clamp").why_not == "the direction party has no poles to be set between"
    assert row(found, "ablate").why_not == "a direction cannot be removed from this model"


async def test_without_a_direction_the_rest_is_measured_and_a_line_says_how_to_train_one() -> None:
    how = "democrat has no direction for this model; train one"
    found = await Comparison(Leaning({}), DEMOCRAT, LOADED, None, lambda: None, how).table()
    for name in ("add", "clamp", "ablate"):
        why = row(found, name).why_not
        assert why == how
        assert row(found, name).scores is None
    assert row(found, "few_shot").scores is not None
    assert found.direction is None


async def test_the_page_names_a_direction_again_as_it_was_given(even: tuple[SteeringTable, Leaning]) -> None:
    found, _ = even
    assert found.direction is not None
    assert f"--direction {found.direction.name} " in steering_table_page_document(found, found.direction.name)
    assert "--direction other.gguf " in steering_table_page_document(found, "somewhere/other.gguf")
