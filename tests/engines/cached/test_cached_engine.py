"""An engine that asks nothing twice: what is remembered, what never is, and that the rest goes on without a disk."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest

from chat_personas.engines.cached import AnswerStore, CachedEngine, Run
from eval.engine import Constraints, EngineError, EngineInfo, Message, Percentages, Probe, ProbeScore, Sampling
from tests.eval.fake_engine import FakeEngine

SYSTEM = [Message("system", "Be brief.")]
MASSES = {"Q0": {"yes": 0.7, "no": 0.2}, "Q1": {"yes": 0.1, "no": 0.3}, "Q2": {"yes": 1.0}}
PROBES = [Probe(name, f"{name}?\nA. yes\nB. no", ("A", "B")) for name in MASSES]


class Talker(FakeEngine):
    """Says the seed it was given; `broken` seeds fail, `silent` ones say nothing."""

    def __init__(self, broken: frozenset[int] = frozenset(), silent: frozenset[int] = frozenset()) -> None:
        super().__init__(MASSES)
        self.seeds: list[int | None] = []
        self._broken, self._mute = broken, silent

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        self.seeds.append(sampling.seed)
        await asyncio.sleep(0)
        if sampling.seed in self._broken:
            raise EngineError(f"seed {sampling.seed} is broken")
        return ["" if sampling.seed in self._mute else f"{messages[-1].content} {sampling.seed}"] * n


class Wrapped:
    """A remembering engine around another, and what it said."""

    def __init__(self, engine: FakeEngine, store: AnswerStore | None, run: Run | None = None) -> None:
        self.said: list[str] = []
        begun = run or (store.begin("c", fresh=False) if store else None)
        self.engine = CachedEngine(engine, store, begun, self.said.append)

    async def score(self, probes: Sequence[Probe] = PROBES) -> dict[str, ProbeScore]:
        return {score.key: score async for score in self.engine.score(SYSTEM, probes)}


async def test_what_was_answered_is_not_asked_again_and_costs_nothing(store: AnswerStore) -> None:
    first, second = FakeEngine(MASSES), FakeEngine(MASSES)
    one, other = Wrapped(first, store), Wrapped(second, store)
    asked, remembered = await one.score(PROBES[:2]), await other.score()
    assert len(first.asked) == 2
    assert second.asked == [PROBES[2].prompt]
    for key in ("Q0", "Q1"):
        assert remembered[key].labels == asked[key].labels
        assert remembered[key].label_mass == asked[key].label_mass
        assert (remembered[key].tokens_decoded, asked[key].tokens_decoded) == (0, 10)
    stats = other.engine.stats
    assert (stats.remembered, stats.asked, stats.failed) == (2, 1, 0)
    assert stats.oldest is not None


async def test_a_question_that_is_put_under_another_name_or_twice_has_its_answer(store: AnswerStore) -> None:
    engine = FakeEngine({"other": MASSES["Q0"], "again": MASSES["Q0"], **MASSES})
    wrapped = Wrapped(engine, store)
    await wrapped.score(PROBES[:1])
    renamed = [Probe(name, PROBES[0].prompt, ("A", "B")) for name in ("other", "again")]
    assert set(await wrapped.score(renamed)) == {"other", "again"}
    assert len(engine.asked) == 1
    assert (wrapped.engine.stats.asked, wrapped.engine.stats.remembered) == (3, 0), "nothing of it is from before"


async def test_a_failure_is_asked_again(store: AnswerStore) -> None:
    failing = Wrapped(FakeEngine(MASSES, failures={"Q1": "the server said no"}), store)
    assert (await failing.score())["Q1"].failure == "the server said no"
    assert failing.engine.stats.failed == 1
    mended = FakeEngine(MASSES)
    assert (await Wrapped(mended, store).score())["Q1"].failure is None
    assert mended.asked == [PROBES[1].prompt]


async def test_answers_that_came_before_an_interruption_are_kept(store: AnswerStore) -> None:
    engine = FakeEngine(MASSES)
    scores = Wrapped(engine, store).engine.score(SYSTEM, PROBES)
    came = await anext(scores)
    await scores.aclose()
    assert engine.closed_early
    rest = FakeEngine(MASSES)
    assert set(await Wrapped(rest, store).score()) == set(MASSES)
    assert sorted(rest.asked) == sorted(probe.prompt for probe in PROBES if probe.key != came.key)


async def test_another_model_is_asked_itself(store: AnswerStore) -> None:
    await Wrapped(FakeEngine(MASSES), store).score()
    other = FakeEngine(MASSES, info=EngineInfo(name="fake", engine="llama", sha256="cd" * 32))
    await Wrapped(other, store).score()
    assert len(other.asked) == 3


async def test_a_run_that_asks_anew_takes_only_what_it_asked_itself(store: AnswerStore) -> None:
    await Wrapped(FakeEngine(MASSES), store).score()
    run = store.begin("anew", fresh=True)
    first, second = FakeEngine(MASSES), FakeEngine(MASSES)
    await Wrapped(first, store, run).score(PROBES[:2])
    await Wrapped(second, store, run).score()
    assert (len(first.asked), second.asked) == (2, [PROBES[2].prompt])


async def test_a_damaged_answer_is_asked_again_replaced_and_told(store: AnswerStore) -> None:
    await Wrapped(FakeEngine(MASSES), store).score()
    store._connection.execute("UPDATE answers SET value = replace(value, '0.', 'x.')")
    engine = FakeEngine(MASSES)
    wrapped = Wrapped(engine, store)
    await wrapped.score()
    damaged = len(engine.asked)
    assert damaged >= 2
    assert wrapped.said == [f"{damaged} damaged answers in the cache; asking again"]
    last = FakeEngine(MASSES)
    assert len(await Wrapped(last, store).score()) == 3
    assert last.asked == []


async def test_without_room_on_the_disk_the_run_goes_on_and_says_so_once(store: AnswerStore) -> None:
    wrapped = Wrapped(FakeEngine(MASSES), store)
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    long = [
        Probe(f"Q{n}", f"Q{n}?\n" + "\n".join(f"{c}. o{c}" for c in "ABCDEFGHIJ"), tuple("ABCDEFGHIJ"))
        for n in range(40)
    ]
    assert len(await wrapped.score(long)) == 40
    (said,) = wrapped.said
    assert "no space is left" in said
    assert "the run goes on" in said


async def test_two_models_of_a_run_share_the_cache_and_its_failure_is_told_once(store: AnswerStore) -> None:
    wrapped = Wrapped(FakeEngine(MASSES), store)
    judge = FakeEngine(MASSES, info=EngineInfo(name="judge", engine="llama", sha256="cd" * 32))
    judging = wrapped.engine.around(judge)
    store.close()
    for engine in (wrapped.engine, judging):
        assert len([score async for score in engine.score(SYSTEM, PROBES)]) == 3
    assert len(wrapped.said) == 1
    assert not wrapped.engine.stores
    assert not judging.stores
    assert (wrapped.engine.take_stats().asked, judging.take_stats().asked) == (3, 3)
    assert wrapped.engine.stats.asked == 0


async def test_without_a_store_everything_is_asked() -> None:
    engine = FakeEngine(MASSES)
    wrapped = Wrapped(engine, None)
    await wrapped.score()
    await wrapped.score()
    assert len(engine.asked) == 6


async def test_replies_are_remembered_one_by_one_by_their_seeds(store: AnswerStore) -> None:
    first, second = Talker(), Talker()
    drawn = await Wrapped(first, store).engine.complete(SYSTEM, Sampling(seed=3), 2)
    assert drawn == ["Be brief. 3", "Be brief. 4"]
    more = await Wrapped(second, store).engine.complete(SYSTEM, Sampling(seed=2), 4)
    assert more == [f"Be brief. {seed}" for seed in (2, 3, 4, 5)]
    assert second.seeds == [2, 5]


async def test_without_a_seed_every_reply_is_drawn_anew(store: AnswerStore) -> None:
    engine = Talker()
    wrapped = Wrapped(engine, store)
    for _ in range(2):
        await wrapped.engine.complete(SYSTEM, Sampling(), 2)
    assert engine.seeds == [None, None]
    assert store.models() == ()


async def test_when_one_reply_fails_the_others_are_kept(store: AnswerStore) -> None:
    with pytest.raises(EngineError, match="seed 4 is broken"):
        await Wrapped(Talker(broken=frozenset({4})), store).engine.complete(SYSTEM, Sampling(seed=3), 3)
    mended = Talker()
    assert len(await Wrapped(mended, store).engine.complete(SYSTEM, Sampling(seed=3), 3)) == 3
    assert mended.seeds == [4]


async def test_an_empty_reply_is_remembered_as_what_was_said_so_that_no_repeat_draws_until_it_is_another(
    store: AnswerStore,
) -> None:
    assert await Wrapped(Talker(silent=frozenset({3})), store).engine.complete(SYSTEM, Sampling(seed=3)) == [""]
    again = Talker()
    assert await Wrapped(again, store).engine.complete(SYSTEM, Sampling(seed=3)) == [""]
    assert again.seeds == []


class Forming(Talker):
    """Finds out how it keeps replies to a form when it is first asked for one, as a server's engine does."""

    def __init__(self, form: Constraints) -> None:
        super().__init__()
        self._found = form

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        self.info = replace(self.info, constraints=self._found)
        return await super().complete(messages, sampling, n)


async def test_how_replies_were_kept_to_a_form_is_remembered_with_them(store: AnswerStore) -> None:
    formed = Sampling(seed=1, constraint=Percentages(("A", "B")))
    await Wrapped(Forming("json_schema"), store).engine.complete(SYSTEM, formed, 2)
    again = Wrapped(FakeEngine(MASSES, info=replace(FakeEngine(MASSES).info)), store).engine
    await again.complete(SYSTEM, formed, 2)
    assert again.stats.asked == 0
    assert again.info.constraints == "json_schema"
    mixed = Wrapped(Forming("none"), store).engine
    await mixed.complete(SYSTEM, formed, 3)
    assert (mixed.stats.remembered, mixed.stats.asked) == (2, 1)
    assert mixed.info.constraints == "unknown"


async def test_conversation_and_closing_pass_through(store: AnswerStore) -> None:
    class Closing(FakeEngine):
        closed = False

        async def close(self) -> None:
            self.closed = True

    engine = Closing(MASSES)
    wrapped = Wrapped(engine, store).engine
    assert [piece.text async for piece in wrapped.stream(SYSTEM, Sampling())] == ["Yes."]
    assert wrapped.info is engine.info
    await wrapped.close()
    assert engine.closed
    assert isinstance(wrapped.score(SYSTEM, []), AsyncGenerator)
