"""Expression `option_texts`: shares of the options' texts as replies, with no letter that could be followed."""

import math
from collections.abc import AsyncGenerator, Sequence

import pytest

from eval.answers import Answer, Failure
from eval.engine import EngineError, EngineInfo, LabelScore, Message, Probe, ProbeScore
from eval.expression import option_texts
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import REFUSAL, question

BUS = question("BUS", {}, overall=(3, 1))
TRAM = question("TRAM", {}, overall=(3, 1, 1), ordinals=(1, 2, 3))


class TextsEngine(FakeEngine):
    """Gives every text the mean log-probability that the test wrote down, -4 to others."""

    def __init__(self, means: dict[str, float], *, silent: frozenset[str] = frozenset()) -> None:
        info = EngineInfo("texts", "fake", log_probabilities="exact", scores_texts=True)
        super().__init__(info=info, silent=silent)
        self.probes: list[Probe] = []
        self._means = means

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        self.prefixes.append(tuple(prefix))
        self.probes += probes
        for probe in probes:
            means = [self._means.get(text, -4.0) for text in probe.labels]
            labels = tuple(LabelScore(text, mean, mean) for text, mean in zip(probe.labels, means, strict=True))
            if probe.key not in self._silent:
                yield ProbeScore(probe.key, labels, None, tokens_decoded=7, tokens_reused=5, dropped_messages=1)


async def asked(engine: FakeEngine, *questions: option_texts.QuestionLike) -> list[Answer | Failure]:
    return [outcome async for outcome in option_texts.ask(engine, [Message("system", "Be brief.")], questions)]


async def test_shares_are_proportional_to_the_exponential_of_the_mean_log_probability() -> None:
    engine = TextsEngine({"option 1": math.log(0.3), "option 2": math.log(0.1), REFUSAL: math.log(0.1)})
    (answer,) = await asked(engine, BUS)
    assert isinstance(answer, Answer)
    (order,) = answer.by_order
    assert order.options == pytest.approx([0.6, 0.2])
    assert order.refusal == pytest.approx(0.2)
    assert (order.order, order.label_mass) == ("survey", None)
    assert (answer.tokens_decoded, answer.tokens_reused, answer.dropped_messages) == (7, 5, 1)


async def test_the_question_is_put_without_options_or_letters_and_every_text_is_a_possible_reply() -> None:
    engine = TextsEngine({})
    await asked(engine, TRAM)
    assert engine.probes == [
        Probe("TRAM/texts", "What about TRAM?", ("option 1", "option 2", "option 3", REFUSAL), texts=True)
    ]
    assert engine.prefixes == [(Message("system", "Be brief."),)]


async def test_texts_that_are_very_unlikely_still_have_shares() -> None:
    (answer,) = await asked(TextsEngine({"option 1": -2000.0, "option 2": -2001.0, REFUSAL: -5000.0}), BUS)
    assert isinstance(answer, Answer)
    assert answer.by_order[0].options == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1))])


async def test_a_question_without_an_answer_or_with_a_figure_that_is_none_fails_alone() -> None:
    engine = TextsEngine({"option 3": math.nan}, silent=frozenset({"BUS/texts"}))
    outcomes = {each.question_id: each for each in await asked(engine, BUS, TRAM)}
    assert outcomes["BUS"] == Failure("BUS", "the engine ended without an answer")
    assert outcomes["TRAM"] == Failure("TRAM", "the engine gave a figure that is not a log-probability", 7, 5)


async def test_an_engine_that_cannot_score_texts_is_refused_with_what_to_do() -> None:
    with pytest.raises(EngineError, match="does not score whole texts; use an embedded model") as refused:
        await asked(FakeEngine(), BUS)
    assert refused.value.exit_code == 3
