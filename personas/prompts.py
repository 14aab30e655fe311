"""The steering prompts: the system messages that make a model speak for a persona's groups.

They are the three of OpinionQA (Santurkar et al. 2023), in our own words: `qa` shows the persona's answers to
demographic questions, `bio` its description of itself, `portray` asks to play it.
"""

from collections.abc import Callable, Mapping, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING

from personas.catalogue import COUNTRY, attribute_of, is_own
from personas.errors import PersonaError
from personas.group import Group
from personas.group_clauses import clause

if TYPE_CHECKING:
    from personas.persona import Persona

_HOME = "the United States"
_WITH_ARTICLE = frozenset(
    {"United States", "United Kingdom", "United Arab Emirates", "Netherlands", "Philippines", "Czech Republic"}
    | {"Dominican Republic", "Palestinian territories", "Maldives", "Bahamas", "Gambia", "Central African Republic"}
)
_AMERICAN = frozenset({"CREGION", "CITIZEN", "POLPARTY"})
"""Attributes whose values only people in the United States have."""
_HEADS = {"Male": "man", "Female": "woman"}


def system_prompt(persona: "Persona") -> str:
    """Return the exact system message that steers a model to `persona` in a conversation; "" if there is none.

    The persona's own `[prompt] system`, if there is one, replaces the steering prompt. `voice.style` follows as a
    paragraph of its own. With `activation` and `ablation` there is no steering prompt: what they change is within the
    model.

    Raises:
        PersonaError: the steering is `few_shot`, whose examples need a survey question after them. Without them the
            persona would talk unsteered and nobody would notice.
    """
    if persona.steering == "few_shot":
        raise PersonaError(
            f'{persona.name}: steering "few_shot" is for chat-personas eval, which puts the group\'s answers before '
            'each question; here use "portray", "bio" or "qa"'
        )
    return _system_message(persona, persona.steering)


def evaluation_prompt(persona: "Persona") -> str:
    """Return the exact system message with which `persona` answers a survey; "" if there is none.

    It is that of `system_prompt`, or with `few_shot` the prompt that `[few_shot] prompt` names; the examples before
    each question are not part of it. With `activation` and `ablation` it is the persona's own `[prompt]`, if it has
    one: what they change is within the model.
    """
    if persona.steering == "few_shot":
        return _system_message(persona, persona.few_shot.prompt if persona.few_shot else "none")
    return _system_message(persona, persona.steering)


def prompt_alone(persona: "Persona") -> str:
    """Return the system message that is all of how `persona` is steered; "" for one that is not steered.

    Where a prompt stands for a persona and nothing else of its file is applied, one that has no prompt by its steering
    would pass for the model without any.

    Raises:
        PersonaError: its steering changes the model from inside, or shows examples.
    """
    if persona.steering in ("none", *_PROMPTS):
        return _system_message(persona, persona.steering)
    raise PersonaError(
        f'{persona.name}: steering "{persona.steering}" is more than a prompt, and only prompts are used here; name a '
        'persona with steering "portray", "bio", "qa" or "none"'
    )


def _system_message(persona: "Persona", steering: str) -> str:
    parts = [
        persona.prompt.system if persona.prompt else steering_prompt(steering, persona.groups),
        persona.voice.style if persona.voice else "",
    ]
    return "\n\n".join(part for part in parts if part)


def steering_prompt(steering: str, groups: Sequence[Group]) -> str:
    """Return the prompt of a steering for `groups` combined; "" without groups, or if the steering has no prompt."""
    prompt = _PROMPTS.get(steering)
    return prompt(groups) if prompt and groups else ""


def _qa(groups: Sequence[Group]) -> str:
    questions, answers = ("this question", "this answer") if len(groups) == 1 else ("these questions", "these answers")
    return "\n\n".join(
        [
            f"You {_lives(groups)}answered {questions} about yourself:",
            *map(_answered, groups),
            f"Speak and answer as the person who gave {answers}, in the first person.",
        ]
    )


def _answered(group: Group) -> str:
    attribute = attribute_of(group.attribute)
    if attribute is None or not attribute.values:
        return "\n".join([attribute.question if attribute else group.attribute, f"Answer: {group.value}"])
    options = [f"{letter}. {value}" for letter, value in zip(ascii_uppercase, attribute.values, strict=False)]
    answer = ascii_uppercase[attribute.values.index(group.value)]
    return "\n".join([attribute.question, *options, f"Answer: {answer}"])


def _bio(groups: Sequence[Group]) -> str:
    description = " ".join(f"I {clause(group, 'first')}." for group in groups if group.attribute != COUNTRY)
    if not description:
        return f"You live in {_home(groups)}. Speak and answer as a person who lives there, in the first person."
    return (
        f'You {_lives(groups)}describe yourself like this: "{description}" '
        "Speak and answer as the person who wrote that, in the first person."
    )


def _portray(groups: Sequence[Group]) -> str:
    head = next((_HEADS[group.value] for group in groups if group.attribute == "SEX"), "person")
    clauses = [clause(group, "third") for group in groups if group.attribute not in ("SEX", COUNTRY)]
    who = f" who {_listed(clauses)}" if clauses else ""
    home = _home(groups)
    return (
        f"Play the part of a {head}{f' in {home}' if home else ''}{who}. "
        f"Speak and answer as that {head} would, in the first person."
    )


def _lives(groups: Sequence[Group]) -> str:
    home = _home(groups)
    return f"live in {home} and " if home else ""


def _home(groups: Sequence[Group]) -> str:
    """Return the country that the groups name; without one the United States, which the catalogue is about.

    "" beside an attribute of one's own, which may be of a survey in any country, unless another is an American one.
    """
    country = next((group.value for group in groups if group.attribute == COUNTRY), None)
    if country is None:
        attributes = {group.attribute for group in groups}
        return "" if any(map(is_own, attributes)) and not attributes & _AMERICAN else _HOME
    return f"the {country}" if country in _WITH_ARTICLE else country


def _listed(clauses: Sequence[str]) -> str:
    *others, last = clauses
    return f"{', '.join(others)} and {last}" if others else last


_PROMPTS: Mapping[str, Callable[[Sequence[Group]], str]] = {"qa": _qa, "bio": _bio, "portray": _portray}
