"""Who speaks: groups, steering and voice of the persona of one document, and the system prompt that results."""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from personas import ALL_GROUPS, Group, library_names, load_persona, system_prompt
from personas.group_clauses import clause
from personas.prompts import steering_prompt
from pocket.voices import Brevity, brevity_of, invented_style

_GROUP_WEIGHTS = {"POLPARTY": 8.0, "POLIDEOLOGY": 4.0, "RACE": 1.5, "SEX": 2.0}
_VALUE_WEIGHTS = {"Democrat": 3.0, "Republican": 3.0, "Other": 0.5}
_PAIRS = (("POLPARTY", "SEX"), ("RACE", "SEX"), ("POLPARTY", "RACE"))
_BY_ATTRIBUTE = {
    key: tuple(group for group in ALL_GROUPS if group.attribute == key)
    for key in dict.fromkeys(g.attribute for g in ALL_GROUPS)
}


@dataclass(frozen=True, slots=True)
class Role:
    """One persona: its system prompt ("" for none), the groups it is drawn from, and how long its replies are."""

    prompt: str
    groups: tuple[Group, ...]
    brevity: Brevity


@lru_cache(maxsize=1)
def _library() -> tuple[tuple[str, tuple[Group, ...], str], ...]:
    loaded = [load_persona(name).persona for name in library_names()]
    return tuple(
        (system_prompt(one), one.groups if one.steering != "none" else (), one.voice.style if one.voice else "")
        for one in loaded
    )


@lru_cache(maxsize=1)
def _group_weights() -> tuple[float, ...]:
    return tuple(
        _GROUP_WEIGHTS.get(group.attribute, 1.0)
        * (_VALUE_WEIGHTS.get(group.value, 1.0) if group.attribute == "POLPARTY" else 1.0)
        for group in ALL_GROUPS
    )


def draw_role(rng: Random) -> Role:
    """Return a persona: one of the library's, one of a group or several, or nobody in particular."""
    chance = rng.random()
    if chance < 0.15 and _library():
        prompt, groups, style = rng.choice(_library())
        return Role(prompt, groups, brevity_of(style))
    style = _draw_style(rng)
    if chance < 0.25:
        return Role(style, (), brevity_of(style))
    groups = _draw_groups(rng)
    parts = (_draw_steering_prompt(groups, rng), style)
    return Role("\n\n".join(part for part in parts if part), groups, brevity_of(style))


def _draw_groups(rng: Random) -> tuple[Group, ...]:
    chance = rng.random()
    if chance < 0.8:
        return (rng.choices(ALL_GROUPS, _group_weights())[0],)
    if chance < 0.94:
        first, second = rng.choice(_PAIRS)
        pair = [rng.choice(_BY_ATTRIBUTE[first]), rng.choice(_BY_ATTRIBUTE[second])]
        rng.shuffle(pair)
        return tuple(pair)
    attributes = rng.sample(tuple(_BY_ATTRIBUTE), rng.choice((2, 2, 3)))
    return tuple(rng.choice(_BY_ATTRIBUTE[attribute]) for attribute in attributes)


def _draw_steering_prompt(groups: tuple[Group, ...], rng: Random) -> str:
    steering = rng.choices(("portray", "bio", "qa", "own words"), (48, 25, 23, 4))[0]
    if steering == "own words":
        described = " and ".join(clause(group, "third") for group in groups)
        return rng.choice(
            (
                f"You are a person who {described}.",
                f"Speak as somebody who {described}.",
                f"Answer like someone in America who {described}. Stay in this role.",
            )
        )
    return steering_prompt(steering, groups)


def _draw_style(rng: Random) -> str:
    chance = rng.random()
    if chance < 0.6:
        return ""
    library = [style for _, _, style in _library() if style]
    return rng.choice(library) if library and chance < 0.72 else invented_style(rng)
