"""The knob: what is on inside the model while people talk, and the one strength that they may turn.

A persona that is steered from inside begins with what its file asks for. Turned, it is the strength of the first
direction that changes; the others stay as the file has them, and the file itself is never written. A persona that is
steered by its prompt begins with nothing on. It can be turned along a direction that was trained with it as a pole.

What reads files or numbers is imported inside functions: a conversation that is not steered from inside needs none of
it.
"""

import math
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from chat_personas.paths import directions_directory, program
from chat_personas.steering.errors import SteeringError
from chat_personas.text import unsigned_zero
from eval.engine import Engine, EngineInfo
from eval.interventions import Direction, Intervention, Interventions, Steerable, steered, unsteered
from personas import Persona, PersonaError, is_steered_inside
from personas.inputs.suggestions import quoted

STEP = 0.25
"""How much one press of a key turns."""
LONGEST_NAME = 64
"""Characters of a direction's name."""


class Knob:
    """What one persona has on inside one model. `turn`, `step`, `on` and `off` act on whatever asks `engine` next.

    Attributes:
        engine: the model as it is changed now.
        interventions: what changes it; empty where nothing is on.
    """

    def __init__(self, engine: Engine, persona: Persona, own: Interventions, file: Path | None = None) -> None:
        """Begin with `own`, what the persona's `file` asks for, None where that is not known; use `of`.

        Raises:
            InterventionError: the model cannot be changed so.
        """
        self._persona = persona
        self._file = file
        self._model = unsteered(engine)
        self._own = tuple(own)
        self._found: Direction | None = None
        self._last: tuple[Intervention, ...] = ()
        self._engines: dict[tuple[str, ...], Engine] = {(): self._model}
        self._use(self._own)

    @classmethod
    def of(cls, engine: Engine, persona: Persona, folder: Path, file: Path | None = None) -> Self:
        """Return the knob of a persona as its file sets it; directions may be files relative to `folder`.

        `file` is where the persona came from, which need not exist: it is named where the persona has to be.

        Raises:
            SteeringError: a direction is missing, damaged, or was trained on another model.
            InterventionError: the model cannot be changed so.
        """
        if not is_steered_inside(persona):
            return cls(engine, persona, (), file)
        from chat_personas.steering.applied import interventions_of

        return cls(engine, persona, tuple(interventions_of(persona, folder, engine.info)), file)

    @property
    def strength(self) -> float | None:
        """The strength that can be turned, or the place of a clamp; None where that is not on, and for an ablation."""
        first = self._first
        if first is None or first.kind == "ablate":
            return None
        return next((each.strength for each in self.interventions if each.direction == first.direction), None)

    @property
    def direction(self) -> Direction | None:
        """The direction that can be turned, also while it is off; None where the persona has none, or none yet."""
        return None if self._first is None else self._first.direction

    @property
    def pole(self) -> int | None:
        """To which pole of `direction` the persona belongs: 1 the positive one, 0 the negative one. Reads files.

        It is the one that its file leads to. A file that leads to neither, such as one that removes the direction, says
        nothing of it: then it is the one that the persona's name or groups stand for, and None if neither does.
        """
        first = self._first
        if first is None:
            return None
        middle = 0.5 if first.kind == "clamp" else 0.0
        if self._own and first.kind != "ablate" and first.strength != middle:
            return int(first.strength > middle)
        from chat_personas.steering.applied import pole_of

        return pole_of(self._persona, first.direction)

    def described(self) -> str:
        """Say what is on, as `party +0.50`; `party off` where it was turned off, and nothing where it never was on."""
        if self.interventions:
            return ", ".join(map(_described, self.interventions))
        return f"{self.direction.name} off" if self._last and self.direction is not None else ""

    def turn(self, strength: float) -> None:
        """Set the strength of the first direction, from the next reply on; 0 leaves the direction out.

        For a clamp it is the place between the poles, 0 the negative one and 1 the positive one.

        Raises:
            SteeringError: the persona has no direction for this model (the message says how to train one), a direction
                that is removed has no strength, or this one is not a number.
        """
        first, *others = self._sections()
        if first.kind == "ablate":
            raise SteeringError(
                f"{self._persona.name} removes the direction {first.direction.name}, which has no strength; "
                "it can be turned on and off"
            )
        if not math.isfinite(strength):
            raise SteeringError(f"{strength} is not a strength; give a number such as 0.5")
        idle = first.kind == "add" and strength == 0
        self._use([*([] if idle else [replace(first, strength=float(strength))]), *others])

    def step(self, by: float) -> None:
        """Turn by so much; what is off begins at 0, a clamp where its file sets it. An ablation goes on or off.

        Raises:
            SteeringError: as `turn`.
        """
        first = self._sections()[0]
        if first.kind == "ablate" or (first.kind == "clamp" and self.strength is None):
            self._use(self._own if by > 0 or first.kind == "clamp" else ())
        else:
            self.turn((self.strength or 0.0) + by)

    def obey(self, wanted: str) -> None:
        """Turn as a person writes it: a strength such as `0.5`, `on` or `off`.

        Raises:
            SteeringError: it is none of these; or as `turn` and `on`.
        """
        if wanted == "off":
            self.off()
        elif wanted == "on":
            self.on()
        else:
            try:
                strength = float(wanted)
            except ValueError as error:
                raise SteeringError(
                    f"/steer takes a strength such as 0.5, on or off, and not {quoted(wanted)}"
                ) from error
            self.turn(strength)

    def off(self) -> None:
        """Leave the model as it is, from the next reply on."""
        self._use(())

    def on(self) -> None:
        """Go back to what the persona's file asks for, or, where it asks for nothing inside, to what was on last.

        Raises:
            SteeringError: it asks for nothing inside the model, and nothing was turned on.
        """
        wanted = self._own or self._last
        if not wanted:
            raise SteeringError(
                f"the file of {self._persona.name} asks for no direction, and none was turned on; give a strength such "
                "as 0.5"
            )
        self._use(wanted)

    def how_to_turn(self) -> str:
        """Say how something can be turned on, or how to have a direction for that. Waits for the disk."""
        try:
            first = self._sections()[0]
        except SteeringError as error:
            return str(error)
        name = first.direction.name
        return f"/steer on removes {name}" if first.kind == "ablate" else f"/steer 0.5 turns {name}"

    def find(self) -> Direction | None:
        """Return `direction`; one that was trained with this persona is looked for in the files. Waits for the disk."""
        if self.direction is None and isinstance(self._model, Steerable) and directions_directory().exists():
            from chat_personas.steering.applied import trained_with

            found = trained_with(self._persona.name, self._model.info.sha256)
            self._found = None if found is None else found.direction
        return self.direction

    @property
    def _first(self) -> Intervention | None:
        if self._own:
            return self._own[0]
        return None if self._found is None else _along(self._found)

    def _sections(self) -> Sequence[Intervention]:
        """Return what the file asks for, or what can be turned without it; the first one is what is turned."""
        if self._own:
            return self._own
        info = self._model.info
        if info.sha256 is None or not isinstance(self._model, Steerable):
            raise SteeringError(
                f"{info.name} cannot be steered from inside: its hidden states are out of reach; use a model file"
            )
        found = self.find()
        if found is None:
            raise SteeringError(how_to_train(self._persona, self._file, info))
        return [_along(found)]

    def _use(self, interventions: Sequence[Intervention]) -> None:
        self.interventions = tuple(interventions)
        self._last = self.interventions or self._last
        keys = tuple(each.key for each in self.interventions)
        if keys not in self._engines:  # one engine for a setting: it knows what it is still reading ahead
            self._engines[keys] = steered(self._model, self.interventions)
        self.engine = self._engines[keys]


def _along(direction: Direction) -> Intervention:
    return Intervention("add", direction, (direction.best,), 0.0)


def _described(intervention: Intervention) -> str:
    name = intervention.direction.name
    match intervention.kind:
        case "add":
            return f"{name} {_written(intervention.strength)}"
        case "clamp":
            return f"{name} at {_written(intervention.strength).removeprefix('+')}"
        case "ablate":
            return f"{name} removed"


def _written(strength: float) -> str:
    return unsigned_zero(f"{strength:+.2f}" if abs(strength) < 1000 else f"{strength:+g}")


def how_to_train(persona: Persona, file: Path | None, model: EngineInfo) -> str:
    """Say that a persona has no direction for a model, and the very command that trains one. Waits for the disk."""
    other = _other_pole(persona)
    name = _free_name(f"{persona.name}-{other}", model.sha256 or "")
    own = _as_argument(persona, file)
    first = "" if own is not None else f"save it first with /save-persona {persona.name}, then "
    return (
        f"{persona.name} has no direction for this model; {first}with the same --model, train one: "
        f"{program()} steer train {name} --positive {own or persona.name} --negative {other}"
    )


def _free_name(wanted: str, model_sha256: str) -> str:
    """Return a name that no direction of this model has, so that none has to be replaced."""
    from chat_personas.steering.direction_file import direction_path

    numbers = ("", *(f"-{number}" for number in range(2, 100)))
    names = [f"{wanted[: LONGEST_NAME - len(number)].strip('-')}{number}" for number in numbers]
    return next((name for name in names if not direction_path(name, model_sha256).exists()), names[0])


def _as_argument(persona: Persona, file: Path | None) -> str | None:
    """Return how a command takes this persona: its name, its file or its groups; None where nothing stands for it yet.

    So it is with one whose prompt was written on the spot, or whose groups were steered in another way.
    """
    from chat_personas.own_personas import all_persona_names, find_persona
    from personas.composing import composed

    if persona.name in all_persona_names():
        return persona.name
    if file is not None:
        with suppress(PersonaError):
            if find_persona(file).persona == persona:
                return shlex.quote(str(file))
    if persona.groups and composed(persona.groups).persona == persona:
        return shlex.quote(",".join(map(str, persona.groups)))
    return None


def _other_pole(persona: Persona) -> str:
    """Return the persona of the library to train a direction against.

    That of the opposite group; without one, the first other one of its attribute; else the model without steering, and
    for a persona that is not steered either, any.
    """
    from personas import evaluation_prompt, library_names, load_persona

    if (opposite := _opposite(persona)) is not None:
        return opposite
    attributes = {group.attribute for group in persona.groups}
    others = [load_persona(name).persona for name in library_names()]
    beside = [
        each
        for each in others
        if each.name != persona.name
        and len(each.groups) == len(persona.groups)
        and {group.attribute for group in each.groups} == attributes
    ]
    if attributes and beside:
        return beside[0].name
    return "unsteered" if evaluation_prompt(persona) else "democrat"


def _opposite(persona: Persona) -> str | None:
    """Return the persona of the library that stands for the opposite group, in the built-in survey's figures."""
    from chat_personas.surveys import find_survey
    from eval.scoring.groups import group_table, opposite_of
    from personas import library_names, load_persona

    if len(persona.groups) != 1:
        return None
    opposite = opposite_of(group_table(find_survey("civic").survey), persona.groups[0])
    standing = (name for name in library_names() if load_persona(name).persona.groups == (opposite,))
    return None if opposite is None else next(standing, None)
