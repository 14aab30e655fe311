"""What the last probe sent: the question that was answered last, in both orders, and what its round had in common."""

import asyncio
from collections.abc import Sequence

from chat_personas.corpus import Corpus
from chat_personas.engines.exact_prompt import ExactProbe, ExactPrompt
from chat_personas.monitor.monitor import Monitor
from eval.answers import Answer
from eval.engine import Message, Probe, Sampling
from tests.corpus.making import branch_of, talk
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import DEMOCRAT
from tests.monitor.test_monitor import HELLO, SAID, TOWN, Gated, loaded, round_of

GROUPS = (DEMOCRAT,)


class Spelling(FakeEngine):
    """Has a token for each letter of what was said and of the question."""

    async def exact_prompt(self, messages: Sequence[Message], sampling: Sampling) -> ExactPrompt:
        raise NotImplementedError

    async def exact_probes(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> list[ExactProbe]:
        texts = ["".join(message.content for message in prefix) + probe.prompt for probe in probes]
        return [
            ExactProbe(probe.key, probe.prompt, tuple(prefix), tuple(text.encode()), tuple(map(str.encode, text)))
            for probe, text in zip(probes, texts, strict=True)
        ]


async def test_before_a_round_there_is_none() -> None:
    assert await Monitor(FakeEngine(SAID), loaded(), GROUPS).last_probe() is None


async def test_the_last_question_is_shown_in_both_orders_with_its_answer() -> None:
    monitor = Monitor(Spelling(SAID), loaded(), GROUPS)
    estimate = await round_of(monitor)
    probe = await monitor.last_probe()
    assert probe is not None
    assert estimate.scorecard is not None
    assert isinstance(probe.answer, Answer)
    assert probe.answer.question_id == probe.question.id
    assert (probe.survey, probe.turn, probe.prompts, probe.server) == (TOWN.title, 1, 2 * len(TOWN.questions), False)
    assert [rendered.order for rendered in probe.orders] == ["survey", "reversed"]
    for rendered, sent in zip(probe.orders, probe.sent, strict=True):
        assert sent.prompt == rendered.probe.prompt
        assert sent.messages == tuple(HELLO)
        assert sent.text() == f"HelloGood day{rendered.probe.prompt}"
    stems = [question.stem for question in TOWN.questions]
    same = list(zip(*stems, strict=False))
    shared = next((place for place, each in enumerate(same) if len(set(each)) > 1), len(same))
    assert probe.common == len("HelloGood day") + shared


async def test_an_engine_that_shows_no_tokens_shows_what_it_is_asked() -> None:
    monitor = Monitor(FakeEngine(SAID), loaded(), GROUPS)
    await round_of(monitor)
    probe = await monitor.last_probe()
    assert probe is not None
    assert (probe.common, [sent.tokens for sent in probe.sent]) == (0, [None, None])


async def test_a_round_that_only_repeats_stored_answers_sends_nothing(corpus: Corpus) -> None:
    reply = branch_of(corpus, talk(corpus, ("Hello", "Good day")))[-1].id
    first = Monitor(FakeEngine(SAID), loaded(), GROUPS, corpus=corpus)
    await round_of(first, HELLO, reply)
    assert await first.last_probe() is not None
    again = Monitor(FakeEngine(SAID), loaded(), GROUPS, corpus=corpus)
    assert (await round_of(again, HELLO, reply)).from_before == len(TOWN.questions)
    assert await again.last_probe() is None


async def test_while_the_first_probe_is_under_way_it_is_shown_without_an_answer() -> None:
    engine = Gated(0)
    monitor = Monitor(engine, loaded(), GROUPS)
    running = asyncio.create_task(round_of(monitor))
    await engine.reached.wait()
    probe = await monitor.last_probe()
    engine.gate.set()
    await running
    assert probe is not None
    assert probe.answer is None
    assert probe.prompts == 2 * len(TOWN.questions)
