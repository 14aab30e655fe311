"""How the replies of a conversation are drawn: as the persona asks, or as the person chose for the conversation."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import ValidationError

from chat_personas.corpus import ConversationRow, CorpusError
from eval.engine import Sampling
from personas import Persona
from personas.errors import ReportedError
from personas.inputs.suggestions import quoted, suggestion
from personas.persona import PersonaSampling

_DRAWN: Mapping[str, tuple[type[int | float], str]] = {
    "temperature": (float, "a number from 0 to 2"),
    "top_p": (float, "a number above 0, up to 1"),
    "max_tokens": (int, "a whole number from 1 to 100000"),
    "seed": (int, "a whole number from 0 to 4294967294"),
}


def sampling_of(persona: Persona, chosen: PersonaSampling | None = None) -> Sampling:
    """Return how replies are drawn: as was chosen, where that is left out as the persona asks, else by default."""
    asked = [each.model_dump(exclude_none=True) for each in (persona.sampling, chosen) if each is not None]
    return replace(Sampling(), **{name: value for each in asked for name, value in each.items()})


class SamplingError(ReportedError):
    """What a person wrote is no way to draw replies. The message says what can be written."""


def sampling_meant(written: Mapping[str, str]) -> PersonaSampling:
    """Return how replies are to be drawn, of numbers as a person writes them; an empty one is as the persona asks.

    Raises:
        SamplingError: there is nothing of such a name, or its number is out of bounds.
    """
    meant = PersonaSampling()
    for name, text in written.items():
        if name not in _DRAWN:
            raise SamplingError(f"{quoted(name)} cannot be chosen; {suggestion(name, tuple(_DRAWN), '')}")
        kind, range_ = _DRAWN[name]
        if not text.strip():
            continue
        try:
            meant = PersonaSampling.model_validate({**meant.model_dump(), name: kind(text)})
        except ValueError:  # pydantic's is one as well
            raise SamplingError(f"{name} must be {range_}, not {quoted(text)}") from None
    return meant


def sampling_asked(text: str) -> PersonaSampling:
    """Read `temperature=0.5 seed=7` as a person writes it; `default` is as the persona asks.

    Raises:
        SamplingError: it cannot be read. The message says what can be written.
    """
    if text.strip().casefold() == "default":
        return PersonaSampling()
    pairs = [word.partition("=") for word in text.split()]
    if not pairs or not all(equals and value for _, equals, value in pairs):
        raise SamplingError("write names and numbers, such as temperature=0.5 seed=7, or default")
    return sampling_meant({name: value for name, _, value in pairs})


def sampling_described(sampling: Sampling) -> str:
    """Say how replies are drawn, by the names that are written to change it."""
    seed = "drawn for each reply" if sampling.seed is None else sampling.seed
    return f"temperature {sampling.temperature}, top_p {sampling.top_p}, max_tokens {sampling.max_tokens}, seed {seed}"


def chosen_sampling(row: ConversationRow) -> PersonaSampling | None:
    """Return how it was chosen that replies are drawn in a conversation. Raises CorpusError if it is not known here."""
    if row.sampling is None:
        return None
    try:
        return PersonaSampling.model_validate_json(row.sampling)
    except ValidationError as error:
        raise CorpusError(
            f"this version does not know the sampling of conversation {row.id}; install a newer chat-personas"
        ) from error
