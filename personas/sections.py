"""The optional tables of a persona file: how it talks, how replies are drawn, and what its steering needs."""

from typing import Annotated, Literal

from pydantic import Field

from personas.strict import Line, Prose, StrictModel

_LARGEST_SEED = 2**32 - 2  # llama.cpp reads the next one, 2**32 - 1, as "draw a seed yourself"

Layer = Annotated[int, Field(ge=0)]
Layers = Annotated[tuple[Layer, ...], Field(strict=False, min_length=1)]


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
    """`[activation]`: the steering `activation` adds a direction to the residual stream of the model."""

    direction: Line
    """The file with the direction, relative to the persona file."""
    strength: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    """How much of it is added, in units of the typical norm of a hidden state; negative steers away."""
    layers: Layers | None = None
    """Numbers of the layers it is added to, from 0; all that the file has when left out."""


class Ablation(StrictModel):
    """`[ablation]`: the steering `ablation` removes a direction from the residual stream of the model."""

    direction: Line
    """The file with the direction, relative to the persona file."""
    layers: Layers | None = None
    """Numbers of the layers it is removed from, from 0; all when left out."""
