"""Runs that tell what steering does and costs: `steer sweep`, `steer ablate`, and `eval --steering all`.

Which strengths and groups are meant, which questions are put, and how the run is resumed.
"""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from chat_personas.cli.errors import UsageError
from chat_personas.cli.evaluation.resume import ResumableRun
from chat_personas.cli.opening import opened_model_file
from chat_personas.cli.progress import progress_bar
from chat_personas.engines.llama.engine import LlamaEngine
from chat_personas.own_personas import find_persona
from chat_personas.settings import Settings, load_settings
from chat_personas.steering.ablation import AblationReport, ablated
from chat_personas.steering.applied import direction_meant, groups_of_pole, intervention, trained_with
from chat_personas.steering.contrast import neutral_questions, neutral_texts, survey_halves
from chat_personas.steering.direction_file import DirectionFacts, find_direction, read_direction
from chat_personas.steering.knob import how_to_train
from chat_personas.steering.side_by_side import (
    INSIDE,
    PROMPTS,
    STRENGTHS,
    Along,
    Comparison,
    SteeringTable,
)
from chat_personas.steering.sweep import Measured, Sides, Sweep, SweepSource, cost_of, measured_under, seed_of, swept
from chat_personas.text import printable
from eval.interventions import Intervention, InterventionKind, steered
from eval.surveys.human_figures import require_figures
from eval.surveys.loading import LoadedSurvey
from personas import Group, LoadedPersona, PersonaError, prompt_alone
from personas.persona import layers_in

KINDS: tuple[InterventionKind, ...] = ("add", "clamp")
MOST_STRENGTHS = 200
ALL: Literal["all"] = "all"
LayersMeant = tuple[int, ...] | Literal["all"]
"""Layers by their numbers, or all that there are."""
_STRENGTHS = "write A:B:STEP, such as -1:1:0.25, or numbers with commas"
_RANGE = re.compile(r"([^:]+):([^:]+):([^:]+)")


@contextmanager
def counted(title: str, total: int, resumable: ResumableRun) -> Iterator[Callable[[], None]]:
    """Show the progress of a run; lend a function that counts one step."""
    done = 0
    with progress_bar(title, resumable.tally) as advance:

        def progress() -> None:
            nonlocal done
            done += 1
            advance(done, total)

        yield progress


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRun:
    """What is asked for; groups that are empty are those of the personas that the direction was trained on."""

    direction: str
    strengths: tuple[float, ...]
    kind: InterventionKind
    layers: LayersMeant | None
    toward: tuple[Group, ...]
    against: tuple[Group, ...]
    survey: LoadedSurvey
    model: str | None
    resumable: ResumableRun = field(default_factory=lambda: ResumableRun(fresh=False, resume=False))

    def run(self) -> Sweep:
        """Ask every question under every strength.

        Raises:
            SteeringError, InterventionError, SurveyError, UsageError: what is asked for is not possible.
            EngineError: the model failed.
            StoppedError: the person pressed Ctrl-C; answers so far are cached.
        """
        return self.resumable.ask(self._swept())

    async def _swept(self) -> Sweep:
        settings = load_settings()
        async with AsyncExitStack() as opened:
            engine = await opened_model_file(self.model or settings.model, settings, opened)
            (path,) = find_direction(self.direction, engine.info.sha256)
            found = read_direction(path)
            sides = self._sides(found.facts)
            for groups in (sides.toward, sides.against):
                require_figures(self.survey, groups)
            layers = found.direction.layers if self.layers == ALL else self.layers
            under = partial(intervention, found.direction, self.kind, layers=layers)
            steered(engine, [under(self.strengths[0])])  # a fault is told before anything is asked
            source = SweepSource(found, self.kind, under(0.0).layers, sides, self.survey, engine.info)
            return await self._measured(engine, source, under)

    async def _measured(self, engine: LlamaEngine, source: SweepSource, under: "partial[Intervention]") -> Sweep:
        survey, sides, seed = self.survey.survey, source.sides, seed_of(source.direction.facts)
        moving = [strength for strength in self.strengths if self.kind != "add" or strength != 0]
        replies, questions = len(neutral_questions(seed)), len(survey.questions)
        settings = len(moving) + 1
        total = settings * (questions + replies)
        requests = settings * (2 * questions + 2 * replies + len(neutral_texts()))
        asked = [self.direction, self.kind, self.layers, self.strengths, self.survey.sha256]
        cached = self.resumable.begin(engine, "sweep", asked, requests)
        with counted(f"sweep of {self.direction}", total, self.resumable) as progress:

            async def measured(strength: float | None) -> Measured:
                steered = cached if strength is None else cached.steered([under(strength)])
                cost = await cost_of(steered, cached, seed, progress)
                return await measured_under(steered, survey, sides, strength, cost, progress, seed)

            without = await measured(None)
            found = [
                await measured(strength) if strength in moving else replace(without, strength=0.0)
                for strength in self.strengths
            ]
        self.resumable.finish()
        return swept(found, without, source)

    def _sides(self, facts: DirectionFacts | None) -> Sides:
        toward = self.toward or _groups_of(None if facts is None else facts.positive, "--toward")
        against = self.against or _groups_of(None if facts is None else facts.negative, "--against")
        if set(toward) == set(against):
            raise UsageError("--toward and --against are the same group, so that nothing lies between them; name two")
        return Sides(toward, against)


def _groups_of(persona: str | None, option: str) -> tuple[Group, ...]:
    groups = groups_of_pole(persona)
    if not groups:
        raise UsageError(f"the direction does not say which group this side stands for; name it with {option}")
    return groups


def strengths_meant(text: str) -> tuple[float, ...]:
    """Return the strengths that `--strengths` names, ascending: `A:B:STEP`, or a list with commas.

    Raises:
        UsageError: they are not numbers, or too many.
    """
    found = _RANGE.fullmatch(text.strip())
    try:
        numbers = [float(part) for part in (found.groups() if found is not None else text.split(","))]
    except ValueError as error:
        raise UsageError(f"--strengths {text}: {_STRENGTHS}") from error
    if not all(map(math.isfinite, numbers)):
        raise UsageError(f"--strengths {text}: every strength must be a finite number; {_STRENGTHS}")
    if found is None:
        strengths = {number + 0.0 for number in numbers}
    else:
        first, last, step = numbers
        if step <= 0:
            raise UsageError(f"--strengths {text}: the step must be above 0; {_STRENGTHS}")
        if last < first:
            raise UsageError(
                f"--strengths {text}: the last strength is below the first; write {last:g}:{first:g}:{step:g}"
            )
        if (last - first) / step > MOST_STRENGTHS:
            raise UsageError(f"--strengths {text}: more than {MOST_STRENGTHS} strengths; take a larger step")
        count = math.floor((last - first) / step + 1e-9) + 1
        strengths = {round(first + step * place, 9) + 0.0 for place in range(count)}
    if len(strengths) > MOST_STRENGTHS:
        raise UsageError(f"--strengths {text}: more than {MOST_STRENGTHS} strengths; name fewer")
    return tuple(sorted(strengths))


def layers_meant(text: str | None) -> LayersMeant | None:
    """Return the layers that `--layers` names, as `3`, `3-5`, `3,5-7` or `all`; None if it is left out.

    Raises:
        UsageError: it names no layers.
    """
    if text is None:
        return None
    if text.strip() == ALL:
        return ALL
    layers = layers_in(text)
    if not layers:
        raise UsageError(f"--layers {printable(text)}: write layers as 3, 3-5 or 3,4, or {ALL}")
    return layers


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySideRun:
    """What `eval --steering all` is asked for.

    Without `direction` it is steered along that of the persona's own `[[activation]]` or `[[ablation]]`, or else along
    the one that the knob turns in a conversation: one that was trained with the persona as a pole.
    """

    persona: LoadedPersona
    direction: str | None
    survey: LoadedSurvey
    settings: Settings
    model: str
    resumable: ResumableRun

    def run(self) -> SteeringTable:
        """Steer to the persona in every way, on the same questions.

        Raises:
            SteeringError, InterventionError, PersonaError, SurveyError, UsageError: what is asked for is not possible.
            EngineError: the model failed.
            StoppedError: the person pressed Ctrl-C; answers so far are cached.
        """
        require_figures(self.survey, self.persona.persona.groups)
        return self.resumable.ask(self._asked())

    async def _asked(self) -> SteeringTable:
        async with AsyncExitStack() as opened:
            engine = await opened_model_file(self.model, self.settings, opened)
            along = self._along(engine)
            found = None if along is None else along.direction.sha256
            identity = [self.persona.sha256, self.direction or found, self.survey.sha256]
            how = "" if along is not None else how_to_train(self.persona.persona, self.persona.path, engine.info)
            training, held_out = map(len, Comparison(engine, self.persona, self.survey, along, lambda: None).halves)
            replies = len(neutral_questions(seed_of(None if along is None else along.found.facts)))
            tried = 0 if along is None else sum(map(len, STRENGTHS.values()))
            settings = 2 + len(PROMPTS) + (0 if along is None else len(INSIDE))
            questions = (2 + len(PROMPTS) + tried) * training + settings * held_out
            requests = 2 * questions + settings * (2 * replies + len(neutral_texts()))
            cached = self.resumable.begin(engine, "side by side", identity, requests)
            total = questions + settings * replies
            with counted(f"{self.persona.persona.name}, every steering", total, self.resumable) as progress:
                table = await Comparison(cached, self.persona, self.survey, along, progress, how).table()
            self.resumable.finish()
            return table

    def _along(self, engine: LlamaEngine) -> Along | None:
        """Return the direction that is meant, after making sure that it belongs to the model."""
        persona = self.persona.persona
        own = [(each.direction, each.layers) for each in persona.activation]
        removed = [(each.direction, each.layers) for each in persona.ablation]
        own = [*removed, *own] if persona.steering == "ablation" else [*own, *removed]
        if self.direction is not None:
            along = Along(direction_meant(self.direction, Path(), engine.info))
        elif own:
            name, layers = own[0]
            along = Along(direction_meant(name, self.persona.path.parent, engine.info), layers)
        elif (trained := trained_with(persona.name, engine.info.sha256)) is not None:
            along = Along(trained)
        else:
            return None
        engine.steered([intervention(along.direction, "add", 0.0, along.layers)])
        return along


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationRun:
    """What `steer ablate` is asked for; without personas they are those that the direction was trained on."""

    direction: str
    personas: tuple[str, str] | None
    survey: LoadedSurvey
    model: str | None
    resumable: ResumableRun

    def run(self) -> AblationReport:
        """Ask both personas, with and without the direction.

        Raises:
            SteeringError, InterventionError, PersonaError, SurveyError, UsageError: what is asked for is not possible.
            EngineError: the model failed.
            StoppedError: the person pressed Ctrl-C; answers so far are cached.
        """
        return self.resumable.ask(self._asked())

    async def _asked(self) -> AblationReport:
        settings = load_settings()
        async with AsyncExitStack() as opened:
            engine = await opened_model_file(self.model or settings.model, settings, opened)
            along = Along(direction_meant(self.direction, Path(), engine.info))
            one, other = personas = self._personas(along.found.facts)
            for each in personas:
                require_figures(self.survey, each.persona.groups)
                prompt_alone(each.persona)
            engine.steered([intervention(along.direction, "ablate", 0.0)])  # a fault is told before anything is asked
            seed = seed_of(along.found.facts)
            questions, replies = 6 * len(survey_halves(self.survey.survey, seed)[1]), len(neutral_questions(seed))
            requests = 2 * questions + 2 * replies + len(neutral_texts())
            identity = [self.direction, one.sha256, other.sha256, self.survey.sha256]
            cached = self.resumable.begin(engine, "ablate", identity, requests)
            with counted(f"ablation of {self.direction}", questions + replies, self.resumable) as progress:
                report = await ablated(cached, personas, self.survey, along, progress)
            self.resumable.finish()
            return report

    def _personas(self, facts: DirectionFacts | None) -> tuple[LoadedPersona, LoadedPersona]:
        if self.personas is not None:
            one, other = self.personas
            return find_persona(one), find_persona(other)
        try:
            if facts is not None:
                return find_persona(facts.positive), find_persona(facts.negative)
        except PersonaError:
            pass
        raise UsageError("the direction does not say which two personas it lies between; name them with --personas A,B")


def personas_meant(text: str | None) -> tuple[str, str] | None:
    """Return the two personas that `--personas A,B` names; None if it is left out.

    Raises:
        UsageError: they are not two.
    """
    if text is None:
        return None
    found = [each.strip() for each in text.split(",")]
    if len(found) != 2 or not all(found) or found[0] == found[1]:
        raise UsageError(f"--personas {printable(text)}: name two personas, such as democrat,republican")
    return found[0], found[1]
