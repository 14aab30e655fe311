"""What the panel says of what a persona changes: the model without steering is asked after the first round."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from chat_personas.engines.cached import remembering
from chat_personas.monitor.monitor import Monitor
from chat_personas.paths import answers_path
from eval.engine import Message, Probe, ProbeScore
from eval.interventions import Interventions
from eval.surveys.loading import LoadedSurvey
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import DEMOCRAT, question, town

QUESTIONS = [
    question(f"Q{number}", {DEMOCRAT: (3000 + 200 * number, 7000 - 200 * number)}, overall=(20_000, 20_000))
    for number in range(24)
]
SURVEY = LoadedSurvey(town(*QUESTIONS), Path("town.json"), "ef" * 32)
STEERED = [Message("system", "You are a Democrat.")]


class Steerable(FakeEngine):
    """Answers 0.4 for every first option; under a system prompt it goes half as far as the group differs."""

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        moved = 0.5 if prefix else 0.0
        shares = {f"Q{n}": 0.4 + moved * (0.3 + 0.02 * n - 0.5) for n in range(24)}
        self._masses = {name: {"option 1": share, "option 2": 1 - share} for name, share in shares.items()}
        async for score in super().score(prefix, probes):
            yield score


async def after_the_first_round(engine: FakeEngine, context: Sequence[Message] = STEERED) -> Monitor:
    monitor = Monitor(engine, SURVEY, (DEMOCRAT,))
    async for _ in monitor.measure(context, None):
        pass
    return monitor


async def test_the_exaggeration_is_that_of_the_persona_beside_the_unsteered_model() -> None:
    monitor = await after_the_first_round(Steerable())
    found = await monitor.ask_unsteered()
    assert found is not None
    assert found.scorecard is not None
    assert found.scorecard.effect is not None
    assert found.scorecard.effect.slope is not None
    assert found.scorecard.effect.slope.mean == pytest.approx(0.5, abs=0.01)
    later = [estimate async for estimate in monitor.measure([*STEERED, Message("user", "Hi")], "m1")][-1]
    assert later.scorecard is not None
    assert later.scorecard.effect is not None, "later rounds know it, too"


async def test_the_unsteered_model_is_asked_once_for_all_personas_of_a_session() -> None:
    engine, known = Steerable(), {}  # type: ignore[var-annotated]
    for _ in range(2):
        monitor = Monitor(engine, SURVEY, (DEMOCRAT,), unsteered=known)
        async for _estimate in monitor.measure(STEERED, None):
            pass
        assert await monitor.ask_unsteered() is not None
    assert sum(not prefix for prefix in engine.prefixes) == 3, "24 questions in requests of 8"


async def test_what_the_unsteered_model_answered_is_remembered_for_the_next_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    said: list[str] = []
    found = []
    for asked in (3, 0):
        engine = Steerable()
        around = partial(remembering, command="chat", tell=said.append)
        monitor = Monitor(engine, SURVEY, (DEMOCRAT,), remembering=around)
        async for _ in monitor.measure(STEERED, None):
            pass
        found.append(await monitor.ask_unsteered())
        assert sum(not prefix for prefix in engine.prefixes) == asked, "24 questions in requests of 8, then none"
    first, again = (each.scorecard for each in found if each is not None)
    assert first is not None
    assert again is not None
    assert first.effect == again.effect
    assert said == []


async def test_a_cache_that_cannot_be_used_is_told_and_the_model_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    cache = answers_path()
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"this is not a database, whatever its name says" * 30)
    said: list[str] = []
    with remembering(FakeEngine(), "chat", said.append) as engine:
        assert isinstance(engine, FakeEngine)
    assert len(said) == 1
    assert said[0].endswith("; answers are not cached")


async def test_a_reply_in_between_ends_it_at_the_next_request() -> None:
    engine = Steerable()
    monitor = await after_the_first_round(engine)
    replied = iter([0.0, 0.0, 2.5])
    assert await monitor.ask_unsteered(seconds_of_replies=lambda: next(replied)) is None
    assert sum(not prefix for prefix in engine.prefixes) == 1


async def test_a_model_on_another_machine_is_asked_nothing_more() -> None:
    engine = Steerable(info=replace(FakeEngine().info, local=False))
    monitor = await after_the_first_round(engine)
    assert await monitor.ask_unsteered() is None
    assert all(engine.prefixes)


async def test_a_persona_that_is_not_steered_has_nothing_to_compare() -> None:
    monitor = await after_the_first_round(Steerable(), [])
    assert await monitor.ask_unsteered() is None


class SteeredInside(Steerable):
    """Under interventions it answers as another model under a prompt, and gives the model without them."""

    def __init__(self) -> None:
        super().__init__(info=replace(FakeEngine().info, interventions=("add party",)))
        self.plain = Steerable()

    def steered(self, interventions: Interventions) -> Steerable:
        assert not interventions
        return self.plain

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        async for score in super().score(STEERED, probes):
            yield score


async def test_a_persona_steered_from_inside_is_compared_with_the_model_without_interventions() -> None:
    engine = SteeredInside()
    found = await (await after_the_first_round(engine, [])).ask_unsteered()
    assert found is not None
    assert found.scorecard is not None
    assert found.scorecard.effect is not None
    assert found.scorecard.effect.slope is not None
    assert found.scorecard.effect.slope.mean == pytest.approx(0.5, abs=0.01)
    assert len(engine.prefixes) == len(engine.plain.prefixes) == 3, "24 questions in requests of 8, of either"
