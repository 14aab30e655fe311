"""The knob turns one strength from what the persona's file asks for, and says in one line what cannot be turned."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chat_personas.cli.commands.steer import check_name
from chat_personas.steering.errors import SteeringError
from chat_personas.steering.knob import Knob
from eval.engine import EngineInfo
from eval.interventions import InterventionError, Interventions
from personas import Group, Persona, library_names, load_persona, prompt_alone
from personas.composing import as_toml, composed, groups_in, with_own_prompt
from tests.fakes import FakeEngine
from tests.steering.directions import inside, keep_random_direction


class SteerableFake(FakeEngine):
    """A model whose `info` names its interventions; nothing else changes."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        super().__init__()
        self._keys = tuple(keys)

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, interventions=self._keys)

    def steered(self, interventions: Interventions) -> "SteerableFake":
        return SteerableFake([each.key for each in interventions])


class OtherFake(SteerableFake):
    """A model that no direction was trained on."""

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, sha256="9" * 64)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    keep_random_direction(FakeEngine().info, "party")
    keep_random_direction(FakeEngine().info, "tone", ("formal", "casual"), seed=1)


def knob_of(persona: Persona) -> Knob:
    return Knob.of(SteerableFake(), persona, Path())


def democrat() -> Persona:
    return load_persona("democrat").persona


def test_it_begins_with_what_the_file_asks_for() -> None:
    knob = knob_of(inside(activation={"direction": "party", "strength": 0.5}))
    assert knob.described() == "party +0.50"
    assert [key.split(" (")[0] for key in knob.engine.info.interventions] == ["add party"]
    assert knob.engine.info.interventions[0].endswith("strength 0.5")


def test_turning_changes_the_first_direction_and_leaves_the_others() -> None:
    knob = knob_of(inside(activation=[{"direction": "party", "strength": 0.5}, {"direction": "tone", "strength": 1.0}]))
    knob.turn(-0.75)
    assert knob.described() == "party -0.75, tone +1.00"
    knob.on()
    assert knob.described() == "party +0.50, tone +1.00"


def test_steps_go_up_and_down_by_what_they_say_and_through_zero() -> None:
    knob = knob_of(inside(activation={"direction": "party", "strength": 0.25}))
    seen = []
    for by in (0.25, -0.25, -0.25, -0.25):
        knob.step(by)
        seen.append(knob.described())
    assert seen == ["party +0.50", "party +0.25", "party off", "party -0.25"]


def test_a_strength_of_zero_and_off_leave_the_model_as_it_is() -> None:
    knob = knob_of(inside(activation={"direction": "party", "strength": 0.5}))
    knob.turn(0)
    assert knob.engine.info.interventions == ()
    knob.turn(0.5)
    knob.off()
    assert (knob.engine.info.interventions, knob.described()) == ((), "party off")


def test_going_back_to_a_setting_gives_the_same_engine() -> None:
    knob = knob_of(inside(activation={"direction": "party", "strength": 0.5}))
    first = knob.engine
    knob.turn(1)
    assert knob.engine is not first
    knob.turn(0.5)
    assert knob.engine is first


def test_a_clamp_is_turned_between_the_poles_and_its_zero_is_a_pole() -> None:
    knob = knob_of(inside(activation={"direction": "party", "clamp": 0.5}))
    assert knob.described() == "party at 0.50"
    knob.turn(0)
    assert knob.engine.info.interventions[0].startswith("clamp party")
    knob.off()
    knob.step(0.25)
    assert knob.described() == "party at 0.50", "what is off begins as the file sets it"


def test_an_ablation_goes_on_and_off_and_has_no_strength() -> None:
    knob = knob_of(inside(ablation={"direction": "party"}))
    assert (knob.described(), knob.strength) == ("party removed", None)
    knob.step(-0.25)
    assert knob.described() == "party off"
    knob.step(0.25)
    assert knob.described() == "party removed"
    with pytest.raises(SteeringError, match="democrat-inside removes the direction party, which has no strength"):
        knob.turn(0.5)


def test_what_is_no_strength_is_refused_and_changes_nothing() -> None:
    knob = knob_of(inside(activation={"direction": "party", "strength": 0.5}))
    with pytest.raises(SteeringError, match="nan is not a strength"):
        knob.turn(float("nan"))
    assert knob.described() == "party +0.50"


def test_a_persona_steered_by_its_prompt_is_turned_along_the_direction_that_it_is_a_pole_of() -> None:
    knob = knob_of(democrat())
    assert (knob.described(), knob.engine.info.interventions) == ("", ())
    knob.step(0.25)
    assert (knob.described(), knob.pole) == ("party +0.25", 1)
    other = knob_of(load_persona("republican").persona)
    other.step(-0.25)
    assert (other.described(), other.pole) == ("party -0.25", 0)


def test_on_goes_back_to_the_file_and_without_one_to_what_was_on_last() -> None:
    steered = knob_of(inside(activation={"direction": "party", "strength": 0.5}))
    prompted = knob_of(democrat())
    with pytest.raises(SteeringError, match="democrat asks for no direction, and none was turned on; give a strength"):
        prompted.obey("on")
    for knob, back in ((steered, "party +0.50"), (prompted, "party -0.75")):
        knob.obey("-0.75")
        knob.obey("off")
        knob.obey("on")
        assert knob.described() == back
    prompted.obey("0")
    prompted.obey("on")
    assert prompted.described() == "party -0.75"


def test_a_persona_without_a_direction_is_told_how_to_train_one_against_its_opposite() -> None:
    with pytest.raises(SteeringError) as raised:
        knob_of(load_persona("very-liberal").persona).turn(0.5)
    assert str(raised.value) == (
        "very-liberal has no direction for this model; with the same --model, train one: chat-personas steer train "
        "very-liberal-very-conservative --positive very-liberal --negative very-conservative"
    )


@pytest.mark.parametrize("name", library_names())
def test_the_direction_that_is_offered_can_be_trained_as_it_is_written(name: str) -> None:
    with pytest.raises(SteeringError) as raised:
        Knob.of(OtherFake(), load_persona(name).persona, Path()).turn(0.5)
    command = re.search(r"steer train (\S+) --positive (\S+) --negative (\S+)$", str(raised.value))
    assert command is not None
    direction, *sides = command.groups()
    check_name(direction)
    assert sides[0] == name
    assert len({prompt_alone(load_persona(each).persona) for each in sides}) == 2


def test_the_direction_that_is_offered_has_a_name_that_is_free() -> None:
    for name in ("very-liberal-very-conservative", "very-liberal-very-conservative-2"):
        keep_random_direction(FakeEngine().info, name, ("casual", "formal"))
    how = knob_of(load_persona("very-liberal").persona).how_to_turn()
    assert "steer train very-liberal-very-conservative-3 --positive very-liberal" in how


def test_a_group_without_an_opposite_is_set_against_another_of_its_attribute_or_no_steering() -> None:
    hindu = load_persona("hindu").persona
    assert "--positive hindu --negative agnostic" in knob_of(hindu).how_to_turn()
    several = hindu.model_copy(update={"name": "several", "groups": (*hindu.groups, Group.parse("SEX=Male"))})
    assert "several-unsteered --positive several --negative unsteered" in knob_of(several).how_to_turn()


def test_a_persona_of_combined_groups_is_trained_by_its_groups_and_one_in_a_file_by_that(tmp_path: Path) -> None:
    both = composed(groups_in("POLPARTY=Democrat,SEX=Female"))
    how = Knob.of(OtherFake(), both.persona, Path(), both.path).how_to_turn()
    train = "train one: chat-personas steer train democrat-female-democrat-man"
    assert how.endswith(f"{train} --positive POLPARTY=Democrat,SEX=Female --negative democrat-man")
    file = tmp_path / "ruth is one.toml"
    file.write_text(as_toml(both.persona), encoding="utf-8")
    assert f"--positive '{file}' --negative" in Knob.of(OtherFake(), both.persona, tmp_path, file).how_to_turn()


@pytest.mark.parametrize("other", ["prompt", "steering"])
def test_a_persona_that_no_file_and_no_groups_stand_for_is_to_be_saved_before_it_is_trained(other: str) -> None:
    both = composed(groups_in("POLPARTY=Democrat,SEX=Female"), "bio" if other == "steering" else "portray")
    made = with_own_prompt(both, "Talk like a cook.") if other == "prompt" else both
    name = made.persona.name
    how = Knob.of(OtherFake(), made.persona, Path(), made.path).how_to_turn()
    assert f"; save it first with /save-persona {name}, then with the same --model, train one: " in how
    assert f"--positive {name} --negative " in how


def test_a_direction_of_another_model_is_none_for_this_one() -> None:
    with pytest.raises(SteeringError, match="democrat has no direction for this model"):
        Knob.of(OtherFake(), democrat(), Path()).turn(1)
    with pytest.raises(SteeringError, match="the direction party is kept for other models"):
        Knob.of(OtherFake(), inside(activation={"direction": "party"}), Path())


def test_a_model_whose_states_are_out_of_reach_cannot_be_turned() -> None:
    with pytest.raises(SteeringError, match="fake cannot be steered from inside"):
        Knob.of(FakeEngine(), democrat(), Path()).turn(1)
    with pytest.raises(InterventionError, match="fake cannot be steered from inside"):
        Knob.of(FakeEngine(), inside(activation={"direction": "party"}), Path())


@pytest.mark.parametrize(
    ("section", "pole"),
    [({"strength": 0.5}, 1), ({"strength": -0.5}, 0), ({"clamp": 0.0}, 0), ({"clamp": 1.0}, 1), ({}, 1)],
)
def test_a_persona_belongs_to_the_pole_that_its_file_leads_to(section: dict[str, float], pole: int) -> None:
    assert knob_of(inside(activation={"direction": "party", **section})).pole == pole


@pytest.mark.parametrize(
    ("groups", "pole"),
    [
        (["POLPARTY=Democrat"], 1),
        (["POLPARTY=Republican"], 0),
        (["POLPARTY=Republican", "SEX=Female"], 0),
        (["POLPARTY=Independent"], None),
        ([], None),
    ],
)
@pytest.mark.parametrize(
    "steering",
    [
        {"ablation": {"direction": "party"}},
        {"activation": {"direction": "party", "strength": 0.0}},
        {"activation": {"direction": "party", "clamp": 0.5}},
    ],
)
def test_a_file_that_leads_to_no_pole_leaves_it_to_the_persona_s_groups(
    steering: dict[str, object], groups: list[str], pole: int | None
) -> None:
    persona = inside(**steering).model_copy(update={"groups": tuple(map(Group.parse, groups))})
    assert knob_of(persona).pole == pole


def test_a_persona_by_the_name_of_a_pole_is_that_pole_and_a_pole_of_texts_is_nobody() -> None:
    ablating = inside(ablation={"direction": "party"}).model_copy(update={"groups": ()})
    assert knob_of(ablating.model_copy(update={"name": "republican"})).pole == 0
    assert knob_of(inside(ablation={"direction": "tone"})).pole is None
