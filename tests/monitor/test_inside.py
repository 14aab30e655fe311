"""The needle: the projection of each reply between the poles, and when it parts from the drift of the survey."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chat_personas.conversation.conversation import Conversation
from chat_personas.corpus import Corpus
from chat_personas.monitor.drift import Drift
from chat_personas.monitor.inside import Inside, InsidePoint, Needle, needle_of, projection, push_of
from eval.engine import EngineInfo, Message, RequestError
from eval.interventions import Direction, Fixed, Intervention, Interventions, fixed_by, read_along
from eval.scoring.results import PairedScore
from eval.states import Opening
from personas import LoadedPersona, load_persona
from tests.engines.llama.test_interventions import a_direction
from tests.fakes import END, FakeEngine
from tests.steering.directions import inside, keep_random_direction


def along(component: float, direction: Direction) -> NDArray[np.float32]:
    """Three states whose mean component along the best layer's vector is this."""
    vector = direction.vectors[direction.in_layer(direction.best)]
    return np.outer([component - 1, component, component + 1], vector).astype(np.float32)


@pytest.mark.parametrize(("component", "expected"), [(-1.0, 0.0), (3.0, 1.0), (1.0, 0.5), (5.0, 1.5)])
def test_the_poles_of_the_best_layer_are_0_and_1(component: float, expected: float) -> None:
    direction = a_direction()  # its poles in layer 1, the best, are -1 and 3
    assert projection(along(component, direction), direction) == pytest.approx(expected, abs=1e-5)


def test_a_direction_without_two_poles_has_no_projection() -> None:
    for poles in (None, np.zeros((2, 2), np.float32)):
        direction = a_direction(poles=poles)
        with pytest.raises(ValueError, match="party has no two poles"):
            projection(along(1.0, a_direction()), direction)


def test_what_an_addition_adds_to_a_projection_is_known_in_the_layer_that_is_read() -> None:
    direction = a_direction()  # in layer 1, the best, its norm is 2 and its poles are 4 apart
    states = along(1.0, direction)
    for strength in (0.5, -2.0):
        added = [Intervention("add", direction, (1, 2), strength)]
        moved = states + strength * 2.0 * direction.vectors[0]
        push = push_of(added, direction)
        assert push == pytest.approx(strength / 2)
        assert projection(moved, direction) - push == pytest.approx(projection(states, direction), abs=1e-5)
    assert push_of([*added, Intervention("clamp", direction, (1,), 1.0)], direction) is None
    assert push_of([Intervention("add", direction, (2,), 1.0)], direction) is None
    assert push_of([Intervention("ablate", direction, (1,))], direction) is None


def found(*projections: float, pole: int = 1, spread: float | None = 0.2) -> Inside:
    points = tuple(InsidePoint(turn, each) for turn, each in enumerate(projections, start=1))
    return Inside(a_direction(), 1, pole, spread, points)


def drifted(by: float, *, detectable: bool = True, turn: int = 2) -> Drift:
    low, high = (by - 0.001, by + 0.001) if detectable else (by - 0.5, by + 0.5)
    return Drift(0, turn, PairedScore(mean=by, low=low, high=high, p=0.0 if detectable else 0.9), 62, 0.99)


def test_the_change_is_toward_the_persona_s_own_pole() -> None:
    assert found(0.5).change is None
    assert found(0.5, 0.9, 0.8).change == pytest.approx(0.3)
    assert found(0.5, 0.8, pole=0).change == pytest.approx(-0.3)


@pytest.mark.parametrize(
    ("inside_change", "drift", "expected"),
    [
        (0.3, drifted(0.0, detectable=False), "inside_only"),
        (-0.3, drifted(0.0, detectable=False), "inside_only"),
        (0.3, drifted(0.005), "inside_only"),
        (0.1, drifted(-0.05), "survey_only"),
        (0.3, drifted(-0.05), "opposite"),
        (-0.3, drifted(0.05), "opposite"),
        (0.3, drifted(0.05), None),
        (-0.3, drifted(-0.05), None),
        (0.1, drifted(0.0, detectable=False), None),
        (0.1, drifted(0.005), None),
        (0.3, None, None),
        (0.3, drifted(-0.05, turn=1), None),
    ],
)
def test_they_part_where_one_moved_alone_or_both_to_opposite_sides(
    inside_change: float, drift: Drift | None, expected: str | None
) -> None:
    assert found(0.5, 0.5 + inside_change).parting(drift) == expected


def test_without_a_pole_of_its_own_they_part_where_one_moved_alone_and_have_no_opposite_sides() -> None:
    nobodys = replace(found(0.5, 0.8), pole=None)
    assert (nobodys.toward, nobodys.change) == (1, pytest.approx(0.3))
    assert nobodys.parting(drifted(-0.05)) is None
    assert nobodys.parting(drifted(0.005)) == "inside_only"


def test_without_a_spread_or_a_second_turn_nothing_is_told_to_part() -> None:
    assert found(0.5, 1.5, spread=None).parting(drifted(-0.05)) is None
    assert found(0.5).parting(drifted(-0.05, turn=1)) is None


class Reading(FakeEngine):
    """Replies by script, and shows states at these components; all settings share both."""

    def __init__(self, *components: float | Exception, keys: Sequence[str] = ()) -> None:
        super().__init__(*[["Yes.", END]] * 6)
        self._keys = tuple(keys)
        self.components = list(components)
        self.openings: list[Opening] = []

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, interventions=self._keys)

    def steered(self, interventions: Interventions) -> "Reading":
        under = Reading(keys=[each.key for each in interventions])
        under.components, under.openings = self.components, self.openings
        return under

    async def reply_states(self, opening: Opening, layer: int) -> NDArray[np.float32]:
        assert layer == 1
        self.openings.append(opening)
        component = self.components.pop(0)
        if isinstance(component, Exception):
            raise component
        return along(component, a_direction())


async def say(conversation: Conversation, text: str) -> None:
    async for _ in conversation.send(text):
        pass


async def needle_after(conversation: Conversation, corpus: Corpus) -> Inside | None:
    needle = Needle(corpus, conversation.engine, a_direction(), conversation.knob.pole)
    return await needle.read(conversation.context(), conversation.path)


async def test_each_reply_is_read_once_and_recorded(corpus: Corpus) -> None:
    engine = Reading(-1.0, 1.0)
    conversation = Conversation.start(corpus, engine, load_persona("unsteered"))
    assert await needle_after(conversation, corpus) is None
    await say(conversation, "Guns?")
    for _ in range(2):
        assert await needle_after(conversation, corpus) == Inside(
            a_direction(),
            1,
            None,
            None,
            (InsidePoint(1, pytest.approx(0.0, abs=1e-6)),),  # type: ignore[arg-type]
        )
    await say(conversation, "Why?")
    seen = await needle_after(conversation, corpus)
    assert seen is not None
    assert [(point.turn, point.projection) for point in seen.points] == [
        (1, pytest.approx(0.0, abs=1e-6)),
        (2, pytest.approx(0.5)),
    ]
    assert engine.openings[0] == Opening((Message("user", "Guns?"),), "Yes.")
    made = corpus.generation(conversation.path[-1].id)
    assert made is not None
    assert (made.projection, made.projected_on) == (pytest.approx(0.5), f"party (sha256 {'d' * 64}), layer 1")


async def test_a_conversation_too_long_to_be_read_has_no_projection(corpus: Corpus) -> None:
    conversation = Conversation.start(corpus, Reading(RequestError("too long")), load_persona("unsteered"))
    await say(conversation, "Guns?")
    assert await needle_after(conversation, corpus) is None


async def test_a_reply_under_another_setting_is_neither_read_again_nor_shown(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    keep_random_direction(FakeEngine().info)
    persona = LoadedPersona(inside(activation={"direction": "party"}), Path("x.toml"), "ab" * 32)
    engine = Reading(-1.0, 3.0)
    conversation = Conversation.start(corpus, engine, persona)
    await say(conversation, "Guns?")
    await needle_after(conversation, corpus)
    conversation.knob.turn(-1.0)
    assert await needle_after(conversation, corpus) is None
    await say(conversation, "Why?")
    seen = await needle_after(conversation, corpus)
    assert seen is not None
    assert [point.turn for point in seen.points] == [2]
    assert len(engine.openings) == 2


async def test_the_needle_of_a_knob_that_is_turned_knows_the_push_and_that_of_one_at_rest_has_none(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    keep_random_direction(FakeEngine().info)
    conversation = Conversation.start(corpus, Reading(1.0, 1.0), load_persona("democrat"))
    pushed = []
    for strength in (0.5, 0.0):
        conversation.knob.turn(strength)
        await say(conversation, "Guns?")
        needle = needle_of(conversation.knob, corpus)
        assert needle is not None
        seen = await needle.read(conversation.context(), conversation.path)
        assert seen is not None
        pushed.append((seen.pushed, seen.push is not None))
    assert pushed == [(True, True), (False, False)]


@pytest.mark.parametrize(
    ("steering", "at"),
    [
        ({"ablation": {"direction": "party"}}, None),
        ({"activation": {"direction": "party", "clamp": 1.0}}, 1.0),
        ({"activation": [{"direction": "party", "strength": 0.5}, {"direction": "party", "clamp": -0.5}]}, -0.5),
    ],
)
async def test_what_the_setting_fixes_is_neither_read_nor_recorded_nor_told_to_part(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steering: dict[str, object], at: float | None
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    keep_random_direction(FakeEngine().info)
    engine = Reading(1.0, 1.0)
    conversation = Conversation.start(corpus, engine, LoadedPersona(inside(**steering), tmp_path / "x.toml", "ab" * 32))
    for _ in range(2):
        await say(conversation, "Guns?")
        needle = needle_of(conversation.knob, corpus)
        assert needle is not None
        seen = await needle.read(conversation.context(), conversation.path)
        assert seen is not None
        assert (seen.fixed, seen.points, seen.change) == (Fixed(at), (), None)
        assert seen.parting(drifted(-0.05)) is None
    assert not engine.openings
    made = corpus.generation(conversation.path[-1].id)
    assert made is not None
    assert (made.projection, made.projected_on) == (None, None)


def test_only_the_very_vector_that_is_read_is_fixed() -> None:
    one = a_direction()  # best is layer 1
    other = replace(one, name="other", sha256="e" * 64)

    def fixed(*interventions: Intervention) -> Fixed | None:
        return fixed_by([each.key for each in interventions], read_along(one))

    assert fixed() is None
    assert fixed(Intervention("add", one, (1, 2), 1.0)) is None
    assert fixed(Intervention("ablate", one, (1,))) == Fixed(None)
    assert fixed(Intervention("ablate", one, (2,))) is None
    assert fixed(Intervention("ablate", other, (1,))) is None
    assert fixed(Intervention("clamp", one, (1, 2), 0.25)) == Fixed(0.25)
    assert fixed(Intervention("clamp", one, (2,), 0.25)) is None
    assert fixed(Intervention("clamp", other, (1,), 0.5), Intervention("clamp", one, (1,), 1e-05)) == Fixed(1e-05)
    assert fixed(Intervention("clamp", one, (1,), 1.0), Intervention("clamp", other, (1,), 0.5)) is None


def test_only_a_persona_with_a_direction_on_a_model_that_shows_its_states_has_a_needle(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    democrat = load_persona("democrat")
    assert needle_of(Conversation.start(corpus, Reading(), democrat).knob, corpus) is None
    keep_random_direction(FakeEngine().info)
    assert needle_of(Conversation.start(corpus, Reading(), democrat).knob, corpus) is not None
    assert needle_of(Conversation.start(corpus, FakeEngine(), democrat).knob, corpus) is None
