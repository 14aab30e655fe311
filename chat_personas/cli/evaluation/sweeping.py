"""A run of `steer sweep`: which strengths and groups are meant, and asking the questions under each."""

import math
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial

from chat_personas.cli.errors import UsageError
from chat_personas.cli.evaluation.resume import ResumableRun
from chat_personas.cli.opening import opened_model_file
from chat_personas.cli.progress import progress_bar
from chat_personas.engines.llama.engine import LlamaEngine
from chat_personas.settings import load_settings
from chat_personas.steering.applied import intervention
from chat_personas.steering.contrast import neutral_questions, neutral_texts
from chat_personas.steering.direction_file import DirectionFacts, find_direction, read_direction
from chat_personas.steering.sweep import Measured, Sides, Sweep, SweepReport, cost_of, measured_under, seed_of, swept
from eval.interventions import Intervention, InterventionKind, steered
from eval.surveys.human_figures import require_figures
from eval.surveys.loading import LoadedSurvey
from personas import Group, PersonaError, load_persona
from personas.persona import layers_in

KINDS: tuple[InterventionKind, ...] = ("add", "clamp")
MOST_STRENGTHS = 200
_RANGE = re.compile(r"([^:]+):([^:]+):([^:]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRun:
    """What is asked for; groups that are empty are those of the personas that the direction was trained on."""

    direction: str
    strengths: tuple[float, ...]
    kind: InterventionKind
    layers: tuple[int, ...] | None
    toward: tuple[Group, ...]
    against: tuple[Group, ...]
    survey: LoadedSurvey
    model: str | None
    resumable: ResumableRun = field(default_factory=lambda: ResumableRun(fresh=False, resume=False))

    def run(self) -> SweepReport:
        """Ask every question under every strength.

        Raises:
            SteeringError, InterventionError, SurveyError, UsageError: what is asked for is not possible.
            EngineError: the model failed.
            StoppedError: the person pressed Ctrl-C; answers so far are cached.
        """
        return self.resumable.ask(self._swept())

    async def _swept(self) -> SweepReport:
        settings = load_settings()
        async with AsyncExitStack() as opened:
            engine = await opened_model_file(self.model or settings.model, settings, opened)
            (path,) = find_direction(self.direction, engine.info.sha256)
            found = read_direction(path)
            sides = self._sides(found.facts)
            for groups in (sides.toward, sides.against):
                require_figures(self.survey, groups)
            under = partial(intervention, found.direction, self.kind, layers=self.layers)
            steered(engine, [under(self.strengths[0])])  # a fault is told before anything is asked
            sweep = await self._measured(engine, sides, under, seed_of(found.facts))
            layers = under(0.0).layers
            return SweepReport(found, self.kind, layers, sides, self.survey, engine.info, sweep)

    async def _measured(self, engine: LlamaEngine, sides: Sides, under: "partial[Intervention]", seed: int) -> Sweep:
        survey, done = self.survey.survey, 0
        moving = [strength for strength in self.strengths if self.kind != "add" or strength != 0]
        replies, questions = len(neutral_questions(seed)), len(survey.questions)
        settings = len(moving) + 1
        total = settings * (questions + replies)
        requests = settings * (2 * questions + 2 * replies + len(neutral_texts()))
        asked = [self.direction, self.kind, self.layers, self.strengths, self.survey.sha256]
        cached = self.resumable.begin(engine, "sweep", asked, requests)
        with progress_bar(f"sweep of {self.direction}", self.resumable.tally) as advance:

            def progress() -> None:
                nonlocal done
                done += 1
                advance(done, total)

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
        return swept(found, without)

    def _sides(self, facts: DirectionFacts | None) -> Sides:
        toward = self.toward or _groups_of(None if facts is None else facts.positive, "--toward")
        against = self.against or _groups_of(None if facts is None else facts.negative, "--against")
        if set(toward) == set(against):
            raise UsageError("--toward and --against are the same group, so that nothing lies between them; name two")
        return Sides(toward, against)


def _groups_of(persona: str | None, option: str) -> tuple[Group, ...]:
    try:
        groups = load_persona(persona).persona.groups if persona else ()
    except PersonaError:
        groups = ()
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
        if found is not None:
            first, last, step = map(float, found.groups())
            count = math.floor((last - first) / step + 1e-9) + 1 if step > 0 and last >= first else 0
            strengths = {round(first + step * place, 9) + 0.0 for place in range(min(count, MOST_STRENGTHS + 1))}
        else:
            strengths = {float(part) + 0.0 for part in text.split(",")}
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--strengths {text}: write A:B:STEP, such as -1:1:0.25, or numbers with commas") from error
    if not strengths or not all(map(math.isfinite, strengths)):
        raise UsageError(f"--strengths {text}: write A:B:STEP, such as -1:1:0.25, or numbers with commas")
    if len(strengths) > MOST_STRENGTHS:
        raise UsageError(f"--strengths {text}: more than {MOST_STRENGTHS} strengths; take a larger step")
    return tuple(sorted(strengths))


def layers_meant(text: str | None) -> tuple[int, ...] | None:
    """Return the layers that `--layers` names, as `3` or `3-5`; None for none.

    Raises:
        UsageError: it is not a range of layers.
    """
    if text is None:
        return None
    layers = layers_in(text)
    if not layers:
        raise UsageError(f"--layers {text}: write one layer, such as 3, or a range, such as 3-5")
    return layers
