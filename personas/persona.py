"""The format of a persona file: the groups, how a model is steered to them, how it talks, how replies are sampled."""

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from personas.errors import PersonaError
from personas.group import Group, clash
from personas.inputs.models import Line, Prose, StrictModel, broken_rule
from personas.inputs.suggestions import quoted, suggestion

_LARGEST_SEED = 2**32 - 2  # llama.cpp reads the next one, 2**32 - 1, as "draw a seed yourself"


def layers_in(text: str) -> tuple[int, ...]:
    """Return the numbers of the layers that are written as `12`, `10-20` or `3,10-12`, ascending; none for others."""
    layers: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", part.strip(), re.ASCII)
        own = () if found is None else range(int(found[1]), int(found[2] or found[1]) + 1)
        if not own:
            return ()
        layers.update(own)
    return tuple(sorted(layers))


def _layers_as_text(value: Any) -> Any:
    """Return the numbers of layers that are written as text; anything else as it is."""
    layers = layers_in(value) if isinstance(value, str) else value
    if isinstance(value, str) and not layers:
        raise broken_rule(f'is {quoted(value)}; write layers as "12", "10-20" or "10,12"')
    return layers


def _one_alone(layers: tuple[int, ...]) -> tuple[int, ...]:
    if len(layers) > 1:
        raise broken_rule('names several layers; write one, such as "12": its vector is removed from every layer')
    return layers


def _one_or_several(value: Any) -> Any:
    """Return a table by itself as a list of one."""
    return [value] if isinstance(value, dict) else value


Layer = Annotated[int, Field(ge=0)]
Layers = Annotated[tuple[Layer, ...], BeforeValidator(_layers_as_text), Field(strict=False, min_length=1)]


class Voice(StrictModel):
    """`[voice]`: how the persona talks, apart from what it thinks."""

    style: Prose
    """Instructions about style for the model, such as "Talk in short, plain sentences." Follows the steering prompt."""


class PromptOverride(StrictModel):
    """`[prompt]`: a prompt of your own."""

    system: Prose
    """Replaces the steering prompt, word for word."""


class PersonaSampling(StrictModel):
    """`[sampling]`: how replies are drawn. What is left out is as the settings say."""

    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    """0 (always the likeliest word) to 2."""
    top_p: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    """Draw from the likeliest tokens that together have this probability: above 0, up to 1."""
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Most tokens in a reply, 1 to 100000."""
    seed: Annotated[int, Field(ge=0, le=_LARGEST_SEED)] | None = None
    """For replies that repeat: 0 to 4294967294."""


class FewShot(StrictModel):
    """`[few_shot]`: the steering `few_shot` puts the group's answers to others before each survey question."""

    questions: Annotated[int, Field(ge=1)] = 8
    """How many other questions with the group's answers are put before each question, at least 1."""
    prompt: Literal["none", "qa", "bio", "portray"] = "none"
    """The steering prompt that comes with them: `none`, `qa`, `bio` or `portray`."""


class Activation(StrictModel):
    """`[[activation]]`: the steering `activation` moves the hidden states along a direction; several add up."""

    direction: Line
    """The name of a direction that was trained (`steer train`), or a file, relative to the persona file."""
    strength: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """How much of it is added, in units of the typical norm of a hidden state; negative steers away. 1 if left out."""
    clamp: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """In place of a strength: the component along it is set between the poles, 0 the negative one, 1 the positive."""
    layers: Layers | None = None
    """The layers it acts in, as "10-20", "10,12" or a list, from 1; the best layer of the direction if left out."""

    @model_validator(mode="after")
    def _added_or_clamped(self) -> "Activation":
        if self.strength is not None and self.clamp is not None:
            raise broken_rule("has both a strength and a clamp; keep one of them")
        return self


class Ablation(StrictModel):
    """`[[ablation]]`: the steering `ablation` removes a direction from the hidden states, in all layers."""

    direction: Line
    """The name of a direction that was trained (`steer train`), or a file, relative to the persona file."""
    layers: Annotated[Layers, AfterValidator(_one_alone)] | None = None
    """The layer whose vector is removed, as "12"; the best layer of the direction if left out."""


Activations = Annotated[tuple[Activation, ...], BeforeValidator(_one_or_several), Field(strict=False)]
Ablations = Annotated[tuple[Ablation, ...], BeforeValidator(_one_or_several), Field(strict=False)]


SCHEMA: Literal["chat-personas/persona@1"] = "chat-personas/persona@1"

Steering = Literal["none", "qa", "bio", "portray", "few_shot", "activation", "ablation"]
STEERINGS: tuple[Steering, ...] = get_args(Steering)
_BY_PROMPT: tuple[Steering, ...] = ("none", "qa", "bio", "portray")

_NEEDS_GROUPS = frozenset({"qa", "bio", "portray", "few_shot"})


class Persona(StrictModel):
    """A persona file (schema `chat-personas/persona@1`, TOML).

    Dump it with `by_alias=True` to get the keys of the file.

    Raises:
        pydantic.ValidationError: a key or a value is not allowed, or the parts do not fit together.
    """

    schema_: Literal["chat-personas/persona@1"] = Field(alias="schema")
    """Always `"chat-personas/persona@1"`: the format of the file."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=64)]
    """A short name: letters, digits and dashes, not beginning with a dash; at most 64."""
    title: Line
    """The name on the screen, such as "A Democrat"."""
    steering: Steering
    """How a model is steered to the groups: `none`, `qa`, `bio`, `portray`, `few_shot`, `activation` or `ablation`."""
    groups: Annotated[tuple[Group, ...], Field(strict=False, validate_default=True)] = ()
    """The groups it stands for, combined if there are several; with `none` only what it is measured against."""
    voice: Voice | None = None
    """How it talks."""
    prompt: PromptOverride | None = None
    """A prompt in place of the steering prompt."""
    sampling: PersonaSampling | None = None
    """How replies are drawn."""
    few_shot: FewShot | None = None
    """What the steering `few_shot` shows."""
    activation: Annotated[Activations, Field(validate_default=True)] = ()
    """The directions along which the steering `activation` moves."""
    ablation: Annotated[Ablations, Field(validate_default=True)] = ()
    """The directions that the steering `ablation` removes."""

    @field_validator("groups")
    @classmethod
    def _groups_fit(cls, groups: tuple[Group, ...], info: ValidationInfo) -> tuple[Group, ...]:
        steering = info.data.get("steering")
        if steering in _NEEDS_GROUPS and not groups:
            raise broken_rule(f'steering "{steering}" needs a group; add a [[groups]] table, or use "none"', "steering")
        found = clash(groups)
        if found is not None:
            problem = f"{found.problem}; remove one of these groups"
            raise broken_rule(problem, "groups", found.place, "attribute")
        return groups

    @field_validator("activation", "ablation")
    @classmethod
    def _direction_is_given(
        cls, sections: tuple[Activation, ...] | tuple[Ablation, ...], info: ValidationInfo
    ) -> tuple[Activation, ...] | tuple[Ablation, ...]:
        if not sections and info.data.get("steering") == info.field_name:
            other = "ablation" if info.field_name == "activation" else "activation"
            problem = (
                f'steering "{info.field_name}" needs a direction; add an [[{info.field_name}]] table with one '
                f'([[{other}]] tables are for steering "{other}")'
            )
            raise broken_rule(problem, "steering")
        return sections


def with_steering(persona: Persona, steering: str) -> Persona:
    """Return `persona` with another steering, as `--steering` asks; its own prompt, written for the first, is dropped.

    With the same steering it stays as it is. The voice is kept.

    Raises:
        PersonaError: there is no such steering, or the persona does not have what it needs.
    """
    if steering == persona.steering:
        return persona
    if steering not in STEERINGS:
        raise PersonaError(f"there is no steering {quoted(steering)}; {suggestion(steering, STEERINGS)}")
    document = persona.model_dump(by_alias=True) | {"steering": steering, "prompt": None}
    if persona.prompt is not None:
        document["name"] = persona.name.removesuffix(OWN_NAME)
        document["title"] = persona.title.removesuffix(f" ({OWN_PROMPT})")
    try:
        return Persona.model_validate(document)
    except ValidationError as error:
        raise PersonaError(f"{persona.name}: {error.errors()[0]['msg']}") from error


OWN_PROMPT = "own prompt"
"""How a persona is steered whose prompt is its own."""
OWN_NAME = "-own-prompt"
"""Ends the name of a persona whose prompt a person wrote on the spot."""


def steering_named(persona: Persona) -> str:
    """Say how a persona is steered: a prompt of its own stands in place of that of `qa`, `bio` or `portray`."""
    if persona.prompt is None:
        return persona.steering
    return f"{persona.steering}, {OWN_PROMPT}" if persona.steering not in _BY_PROMPT else OWN_PROMPT


def titled_by_steering(persona: Persona) -> str:
    """Return the title of a persona with how it is steered, which is said once: `A Democrat (portray)`."""
    how = f" ({steering_named(persona)})"
    return persona.title if persona.title.endswith(how) else persona.title + how


def is_steered_inside(persona: Persona) -> bool:
    """Return whether a persona's steering changes the hidden states of the model, and not its prompt."""
    return persona.steering in ("activation", "ablation")


def with_shots(persona: Persona, shots: int) -> Persona:
    """Return `persona` with `shots` (at least 1) questions and answers before each question, as `--shots` asks.

    Raises:
        PersonaError: its steering is not `few_shot`, so that nothing would change.
    """
    if persona.steering != "few_shot":
        raise PersonaError(
            f'{persona.name}: --shots is for steering "few_shot", and this one is "{persona.steering}"; '
            "add --steering few_shot"
        )
    few_shot = (persona.few_shot or FewShot()).model_copy(update={"questions": shots})
    return persona.model_copy(update={"few_shot": few_shot})
