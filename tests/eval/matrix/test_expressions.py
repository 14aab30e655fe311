"""A matrix in every expression method: the same measures of whatever the method takes the distributions to be."""

import json
from collections.abc import Sequence

import numpy as np
import pytest

from eval.engine import EngineError, EngineInfo, Message, Sampling
from eval.expression.judge import Judge
from eval.expression.methods import EXPRESSIONS, Expression
from eval.matrix.models import MatrixReport
from eval.matrix.run import evaluate_matrix
from tests.eval.expression.test_open_ended import ListeningEngine
from tests.eval.matrix.test_matrix import PERSONAS, STEERINGS, Town, of, prompt_of
from tests.eval.prompted_engine import PromptedEngine
from tests.eval.saying_engine import options_in
from tests.examples import slow_but_first

THIRTY = 30
EVERY_REPLY: Expression = "sampled"


class TalkingEngine(PromptedEngine):
    """Says in words what the town wrote down for a system prompt, in the form that the question asks for.

    Of 30 people, as many give an answer as its share is; to a question in `mute` it says nothing that can be read.
    """

    def __init__(self, town: Town, mute: str = "") -> None:
        super().__init__(town.masses)
        self.info = EngineInfo("talking", "fake", constraints="none", log_probabilities="exact", scores_texts=True)
        self._town, self._mute = town, mute

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        prompt = messages[-1].content
        question_id = prompt.removeprefix("What about ").partition("?")[0]
        if question_id == self._mute:
            return ["I would rather talk about the weather."] * n
        shares = self._town.masses[messages[0].content if len(messages) > 1 else ""][question_id]
        people = [text for text, share in shares.items() for _ in range(round(THIRTY * share))]
        if "in one or two sentences" in prompt:
            return [f"For me it is {text}." for text in people][:n]
        letters = options_in(prompt)
        if "30 different people" in prompt:
            return [" ".join(letters[text] for text in people)]
        if "percentages" in prompt:
            return [json.dumps(dict.fromkeys(letters.values(), 0) | {letters[t]: 100 * s for t, s in shares.items()})]
        return [letters[text] for text in people][:n]


def town_of_thirty(seed: int) -> Town:
    """A random town in which every share is a number of people out of 30."""
    town, rng = Town(seed), np.random.default_rng(seed)
    for masses in town.masses.values():
        for question_id, shares in masses.items():
            drawn = rng.multinomial(THIRTY, list(shares.values())) / THIRTY
            masses[question_id] = dict(zip(shares, drawn.tolist(), strict=True))
    return town


async def made(town: Town, expression: Expression, *, right: float = 0.95, mute: str = "") -> MatrixReport:
    """Return the matrix; the judge gives `right` of 0.95 to the option that a reply names."""
    several = expression in ("sampled", "open_ended")
    return await evaluate_matrix(
        TalkingEngine(town, mute),
        PERSONAS,
        town.loaded(),
        expression=expression,
        samples=THIRTY if several else None,
        judge=Judge(ListeningEngine(right)),
    )


@slow_but_first("expression", EXPRESSIONS, quick=3)
async def test_cells_and_steerability_are_those_of_the_distributions_that_the_method_gives(
    expression: Expression,
) -> None:
    town = town_of_thirty(5)
    report = await made(town, expression)
    assert (report.expression, report.failures) == (expression, ())
    assert report.questions == tuple(f"Q{number}" for number in town.common())
    prompts = ["", *(prompt_of(persona, persona.persona.steering) for persona in PERSONAS)]
    for row, prompt in zip(report.rows, prompts, strict=True):
        for cell, target in zip(row.cells, report.targets, strict=True):
            assert cell.alignment.mean == pytest.approx(town.mean(town.common(), prompt, of(target.group)), abs=1e-9)
    numbers = [number for number, scale in enumerate(town.scales) if len(set(scale)) > 1]
    for found, persona in zip(report.steerability, PERSONAS, strict=True):
        (own,) = persona.persona.groups
        by_prompt = [[town.mean([n], prompt_of(persona, s), own) for n in numbers] for s in STEERINGS]
        means = [np.mean(each) for each in by_prompt]
        expected = [*means, max(means), np.mean(np.max(by_prompt, axis=0))]
        assert [each.alignment.mean for each in found.steerings] == pytest.approx(expected, abs=1e-9)
        assert found.unsteered.mean == pytest.approx(town.mean(numbers, "", own), abs=1e-9)


@pytest.mark.slow
async def test_the_document_says_how_replies_were_drawn_and_who_judged_them() -> None:
    town = town_of_thirty(6)
    plain = await made(town, "log_probability")
    assert (plain.replies, plain.judge) == (None, None)
    sampled = await made(town, EVERY_REPLY)
    assert sampled.replies is not None
    assert (sampled.replies.per_prompt, sampled.replies.asked) == (THIRTY, 7 * 30 * 2 * THIRTY)  # prompts, questions
    own_words = await made(town, "open_ended")
    assert own_words.judge is not None
    assert (own_words.judge.name, own_words.judge.error.mean) == ("listening", pytest.approx(0))
    assert own_words.judge.statements == sum(map(len, town.scales)) + 2 * len(town.scales)
    assert [row.not_valid for row in own_words.rows] == [0, 0, 0]


@pytest.mark.slow
async def test_where_the_judge_errs_too_often_no_answer_is_valid() -> None:
    report = await made(town_of_thirty(6), "open_ended", right=0.5)
    assert report.judge is not None
    assert report.judge.worst.mean == pytest.approx(1 - 0.5 / 0.95)
    assert [row.not_valid for row in report.rows] == [len(report.questions)] * 3


async def test_what_cannot_be_read_is_a_failure_with_its_reason_and_leaves_the_table() -> None:
    town = town_of_thirty(7)
    report = await made(town, EVERY_REPLY, mute="Q3")
    assert report.questions == tuple(f"Q{number}" for number in town.common() if number != 3)
    ((failed, why),) = {(each.id, each.why.partition(" (")[0]) for each in report.failures}
    assert failed == "Q3"
    assert why == "survey order: most replies cannot be read: 30 of 30, mostly a reply that is none of the answers"
    assert report.replies is not None
    assert [(each.why, each.replies) for each in report.replies.unread] == [
        ("a reply that is none of the answers", 7 * THIRTY)
    ]


async def test_a_model_that_cannot_be_asked_so_is_refused_before_anything_is_asked() -> None:
    town = town_of_thirty(6)
    judge = ListeningEngine(log_probabilities="none")
    with pytest.raises(EngineError, match="the judge listening gives no log-probabilities"):
        await evaluate_matrix(TalkingEngine(town), PERSONAS, town.loaded(), expression="open_ended", judge=Judge(judge))
    assert judge.asked == []
