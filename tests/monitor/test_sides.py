"""The sides of a debate are measured each by a monitor of its own, after what each was given."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from chat_personas.conversation.debate import Debate
from chat_personas.corpus import Corpus
from chat_personas.monitor.round import Estimate
from chat_personas.monitor.sides import SideMonitors
from eval.engine import Engine, EngineError, Message
from personas import Persona, load_persona
from tests.fakes import END, FakeEngine


def estimate(done: int, *, complete: bool) -> Estimate:
    return Estimate(scorecard=None, done=done, total=2, complete=complete)


class Monitors:
    """Makes monitors that say nothing of a model, and notes what each was asked to measure."""

    def __init__(self, *rounds: Sequence[Estimate | Exception]) -> None:
        self.made: list[str] = []
        self.asked: list[tuple[str, str, str | None, str | None]] = []
        self.ended = 0
        self._rounds = list(rounds)

    def make(self, _: Engine, persona: Persona, __: Corpus) -> Any:
        """As `Launch.make_monitor`."""
        self.made.append(persona.name)
        return _One(self, persona.name, self._rounds)


class _One:
    def __init__(self, all_of_them: Monitors, name: str, rounds: list[Sequence[Estimate | Exception]]) -> None:
        self._all, self._name, self._rounds = all_of_them, name, rounds

    async def measure(
        self, context: Sequence[Message], message_id: str | None, conversation_id: str | None
    ) -> AsyncGenerator[Estimate, None]:
        self._all.asked.append((self._name, context[-1].content, message_id, conversation_id))
        try:
            for found in self._rounds.pop(0):
                if isinstance(found, Exception):
                    raise found
                yield found
        finally:
            self._all.ended += 1


def debate_of(corpus: Corpus, *replies: Sequence[Any]) -> Debate:
    engine = FakeEngine(*replies)
    return Debate.start(corpus, (engine, engine), (load_persona("democrat"), load_persona("republican")), "Guns?", 2)


async def measured(sides: SideMonitors, place: int) -> list[int]:
    return [found.done async for found in sides.measure(place)]


async def test_each_side_is_measured_after_its_own_last_turn_under_its_own_conversation(corpus: Corpus) -> None:
    debate = debate_of(corpus, ["Less.", END], ["More.", END])
    for _ in range(2):
        async for _event in debate.turn():
            pass
    monitors = Monitors([estimate(2, complete=True)], [estimate(2, complete=True)], [estimate(2, complete=True)])
    sides = SideMonitors(debate, monitors.make, corpus)
    assert monitors.made == [], "a debate that is not measured reads no survey"
    for place in (0, 1, 0):
        await measured(sides, place)
    first, second = debate.sides
    assert monitors.asked == [
        ("democrat", "Less.", first.path[1].id, first.id), ("republican", "More.", second.path[-1].id, second.id),
        ("democrat", "Less.", first.path[1].id, first.id),
    ]  # fmt: skip
    assert monitors.made == ["democrat", "republican"], "what is known of a side stays in its monitor"


async def test_what_was_found_last_stays_where_a_round_is_left_or_fails(corpus: Corpus) -> None:
    whole = estimate(2, complete=True)
    rounds = ([estimate(1, complete=False), whole], [estimate(1, complete=False), whole], [EngineError("gone")])
    monitors = Monitors(*rounds)
    sides = SideMonitors(debate_of(corpus), monitors.make, corpus)
    assert sides.found == [None, None]
    assert await measured(sides, 1) == [1, 2]
    assert sides.found == [None, whole]
    async with aclosing(sides.measure(1)) as left:
        assert not (await anext(left)).complete
    assert monitors.ended == 2, "leaving a round ends it in the monitor, too, which records it there"
    with pytest.raises(EngineError, match="gone"):
        await measured(sides, 1)
    assert sides.found == [None, whole]
