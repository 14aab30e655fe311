"""Ways of steering side by side: prompts, examples and changes from inside, on the same held-out questions.

Whatever is chosen, a prompt or a strength, is chosen on the training half of the questions (`survey_halves`). Whatever
is told comes from the other half, and is paired question by question. Only questions that are valid in both count in a
difference, as in every comparison.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

import numpy as np
from pydantic import Field

from chat_personas.steering.applied import intervention
from chat_personas.steering.contrast import survey_halves
from chat_personas.steering.direction_file import DirectionFile
from chat_personas.steering.sweep import Before, Cost, SteerableEngine, alone, answers_of, cost_of, seed_of
from eval.engine import Engine, EngineError, Message, RequestError
from eval.evaluation import questions_with_figures, steered_as
from eval.expression.few_shot import FewShotQuestion, as_asked
from eval.expression.rendering import QuestionLike
from eval.interventions import Direction, InterventionError, InterventionKind, Interventions
from eval.report import ModelInfo, PersonaInfo, SurveyInfo
from eval.report.build import persona_info, program_version, survey_info
from eval.scoring.differences import difference_of
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Document, PairedScore, Part, Scores, Verdict
from eval.scoring.scores import BriefScorecard, QuestionScore, score_briefly
from eval.surveys.loading import LoadedSurvey
from eval.surveys.model import Question
from personas import Group, LoadedPersona, evaluation_prompt

TABLE_SCHEMA: Literal["chat-personas/steering-table@1"] = "chat-personas/steering-table@1"
PROMPTS = ("qa", "bio", "portray")
INSIDE: tuple[InterventionKind, ...] = ("add", "clamp", "ablate")
STRENGTHS: Mapping[InterventionKind, tuple[float, ...]] = {
    "add": (-1.0, -0.5, 0.5, 1.0),
    "clamp": (-1.0, 0.0, 1.0, 2.0),
    "ablate": (0.0,),
}
"""Those among which the training half chooses. All are among those of a sweep, so that none is asked twice."""
NOTHING_SOUND = "no strength gives sound answers on the training half"


class SteeringRow(Part):
    """One way of steering, on the held-out questions."""

    name: str
    """`none`, a prompt (`qa`, `bio`, `portray`), `few_shot`, or a change from inside (`add`, `clamp`, `ablate`)."""
    why_not: str | None = None
    """Why it was not measured; then every other key is null."""
    strength: float | None = None
    """For `add` and `clamp`: the strength that the training half chose by its alignment."""
    verdict: Verdict | None = None
    """Whether the figures on the held-out questions can be told."""
    scores: Scores | None = None
    """How close the answers to the held-out questions are to the group's."""
    training_alignment: float | None = None
    """The mean alignment on the training half, by which is chosen; null where the answers there are not sound."""
    minus_none: PairedScore | None = None
    """Its alignment minus that without steering, question by question."""
    minus_best_prompt: PairedScore | None = None
    """Its alignment minus that of the best prompt, question by question."""
    cost: Cost | None = None
    """What it costs elsewhere."""


class DirectionInfo(Part):
    """The direction along which is steered from inside."""

    name: str
    """Its name."""
    sha256: str
    """The hash of its file."""
    layers: tuple[int, ...]
    """In which layers is added and clamped; for an ablation the first of them is removed, in every layer."""
    effect: float | None
    """How far apart the training texts lie in the first of these layers, in standard deviations; null if unknown."""


class SteeringTable(Document):
    """Every way of steering to a persona side by side (schema `chat-personas/steering-table@1`)."""

    schema_: Literal["chat-personas/steering-table@1"] = Field(default=TABLE_SCHEMA, alias="schema")
    """The format of the document."""
    created: str
    """When it was made, in UTC (ISO 8601)."""
    version: str
    """The version of this program."""
    persona: PersonaInfo
    """To whom is steered."""
    model: ModelInfo
    """The model that was asked."""
    survey: SurveyInfo
    """The survey; its questions are both halves."""
    direction: DirectionInfo | None
    """The direction; null without one."""
    seed: int
    """The seed of the halves: that with which the direction was trained."""
    training_questions: tuple[str, ...]
    """The ids of the questions by which is chosen, and which `few_shot` shows."""
    held_out_questions: tuple[str, ...]
    """The ids of the questions that all figures are about."""
    best_prompt: str | None
    """The prompt with the highest alignment on the training half among those that are sound there; null without one."""
    rows: tuple[SteeringRow, ...]
    """The ways of steering, `none` first."""


@dataclass(frozen=True, slots=True)
class Along:
    """A direction, and the layers in which is steered along it; its best layer without any."""

    found: DirectionFile
    layers: tuple[int, ...] | None = None

    @property
    def direction(self) -> Direction:
        """The direction itself."""
        return self.found.direction

    def info(self) -> DirectionInfo:
        """Return what a document says of it."""
        layers = self.layers or (self.direction.best,)
        facts = self.found.facts
        effects = {each.layer: each.effect for each in facts.layers} if facts is not None else {}
        return DirectionInfo(
            name=self.direction.name, sha256=self.direction.sha256, layers=layers, effect=effects.get(layers[0])
        )


class SteeredEngine(SteerableEngine, Protocol):
    """An engine that can be steered from inside and of which a cost can be measured."""

    def steered(self, interventions: Interventions) -> "SteeredEngine":
        """See `Steerable.steered`."""
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    """What one way of steering gave: its strength, and the scorecards of both halves."""

    training: BriefScorecard
    held_out: BriefScorecard
    cost: Cost
    strength: float | None = None

    @property
    def training_alignment(self) -> float | None:
        return _alignment(self.training)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The measurement of a steering table, step by step. `progress` is called after each answer and each reply.

    Where there is nothing to steer `along`, `no_direction` says so in the rows of what is changed from inside.
    """

    engine: SteeredEngine
    persona: LoadedPersona
    survey: LoadedSurvey
    along: Along | None
    progress: Callable[[], None]
    no_direction: str = "no direction"

    async def table(self) -> SteeringTable:
        """Ask for every way of steering, and put them side by side.

        Raises:
            PersonaError, SurveyError: the persona cannot be steered by prompts, or has too few examples for `few_shot`.
            InterventionError: the direction does not belong to the model.
            EngineError: the model failed.
        """
        found: dict[str, _Found | str] = {"none": await self._unsteered()}
        for name in (*PROMPTS, "few_shot"):
            found[name] = await self._prompted(name)
        for kind in INSIDE:
            found[kind] = self.no_direction if self.along is None else await self._inside(self.along, kind)
        return self._told(found)

    @property
    def seed(self) -> int:
        """The seed of the halves."""
        return seed_of(None if self.along is None else self.along.found.facts)

    @property
    def halves(self) -> tuple[tuple[Question, ...], tuple[Question, ...]]:
        """The questions of the training half and those that are held out, as far as they have figures."""
        known = {each.id for each in questions_with_figures(self.survey.survey, self.persona.persona.groups)}
        training, held_out = survey_halves(self.survey.survey, self.seed)
        one, other = (tuple(each for each in half if each.id in known) for half in (training, held_out))
        return one, other

    async def _unsteered(self) -> _Found:
        training, held_out = [await self._card(self.engine, (), half) for half in self.halves]
        return _Found(training, held_out, await self._cost(self.engine))

    async def _prompted(self, steering: str) -> _Found | str:
        """Ask both halves after a prompt, or with examples; where these are too long for the model, return that."""
        persona = steered_as(self.persona, steering).persona
        prompt = evaluation_prompt(persona)
        prefix = (Message("system", prompt),) if prompt else ()
        shown = {each.id for each in self.halves[0]}
        asked = [as_asked(persona, self.survey.survey, half, shown) for half in self.halves]
        training, held_out = [await self._card(self.engine, prefix, half) for half in asked]

        def before(place: int, question: str) -> tuple[Message, ...]:
            like = asked[1][place % len(asked[1])]
            examples = f"{like.examples}\n" if isinstance(like, FewShotQuestion) else ""
            return (*prefix, Message("user", f"{examples}{question}"))

        try:
            return _Found(training, held_out, await self._cost(self.engine, before))
        except RequestError as error:
            return str(error)

    async def _inside(self, along: Along, kind: InterventionKind) -> _Found | str:
        """Choose the strength on the training half, and ask the other half under it; or say why it cannot be done."""
        try:
            self._under(along, kind, 0.0)
        except (InterventionError, EngineError) as error:
            return str(error)
        cards: dict[float, BriefScorecard] = {}
        for strength in STRENGTHS[kind]:
            cards[strength] = await self._card(self._under(along, kind, strength), (), self.halves[0])
        known = {strength: found for strength, card in cards.items() if (found := _alignment(card)) is not None}
        if not known and len(cards) > 1:
            return NOTHING_SOUND
        best = max(known, key=lambda strength: known[strength], default=0.0)
        engine = self._under(along, kind, best)
        held_out = await self._card(engine, (), self.halves[1])
        return _Found(cards[best], held_out, await self._cost(engine), None if kind == "ablate" else best)

    def _under(self, along: Along, kind: InterventionKind, strength: float) -> SteeredEngine:
        layers = along.layers if kind != "ablate" or along.layers is None else along.layers[:1]
        return self.engine.steered([intervention(along.direction, kind, strength, layers)])

    async def _cost(self, engine: SteeredEngine, before: Before = alone) -> Cost:
        return await cost_of(engine, self.engine, self.seed, self.progress, before)

    async def _card(self, engine: Engine, prefix: Sequence[Message], asked: Sequence[QuestionLike]) -> BriefScorecard:
        return await card_of(engine, prefix, asked, self.survey, self.persona.persona.groups, self.progress)

    def _told(self, found: Mapping[str, _Found | str]) -> SteeringTable:
        prompts = {name: one for name in PROMPTS if isinstance(one := found[name], _Found)}
        sound = {name: one.training_alignment for name, one in prompts.items() if one.training_alignment is not None}
        best = max(sound, key=lambda name: sound[name] or 0.0, default=None)
        references = [found["none"], None if best is None else found[best]]
        rows = []
        for name, one in found.items():
            if isinstance(one, str):
                rows.append(SteeringRow(name=name, why_not=one))
                continue
            differences = [_minus(one.held_out, other) for other in references]
            rows.append(
                SteeringRow(
                    name=name,
                    strength=one.strength,
                    verdict=one.held_out.verdict,
                    scores=one.held_out.scores,
                    training_alignment=one.training_alignment,
                    minus_none=None if name == "none" else differences[0],
                    minus_best_prompt=None if name == best else differences[1],
                    cost=one.cost,
                )
            )
        training, held_out = self.halves
        return SteeringTable(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            version=program_version(),
            persona=persona_info(self.persona),
            model=ModelInfo.model_validate(self.engine.info),
            survey=survey_info(self.survey, (*training, *held_out)),
            direction=None if self.along is None else self.along.info(),
            seed=self.seed,
            training_questions=tuple(each.id for each in training),
            held_out_questions=tuple(each.id for each in held_out),
            best_prompt=best,
            rows=tuple(rows),
        )


async def card_of(
    engine: Engine,
    prefix: Sequence[Message],
    asked: Sequence[QuestionLike],
    survey: LoadedSurvey,
    groups: Sequence[Group],
    progress: Callable[[], None],
) -> BriefScorecard:
    """Put questions after `prefix`, and score the answers against the people of `groups`.

    Raises:
        EngineError: the model failed.
    """
    return score_briefly(survey.survey, groups, await answers_of(engine, prefix, asked, progress))


def _alignment(card: BriefScorecard) -> float | None:
    """Return the mean alignment of answers that are sound; None of others."""
    found = card.scores.alignment
    return found.mean if found is not None and card.verdict.sound else None


def _minus(card: BriefScorecard, other: "_Found | str | None") -> PairedScore | None:
    """Return the alignment of one minus that of another way of steering, over the questions valid in both."""
    if not isinstance(other, _Found):
        return None
    differences = [
        one.alignment - reference.alignment
        for one, reference in both_valid(card, other.held_out)
        if one.alignment is not None and reference.alignment is not None
    ]
    return difference_of(np.array(differences), Bootstrap()) if differences else None


def both_valid(one: BriefScorecard, other: BriefScorecard) -> list[tuple[QuestionScore, QuestionScore]]:
    """Return the questions that are valid in both, in the order of the one."""
    others = {each.id: each for each in other.questions}
    pairs = [(each, others[each.id]) for each in one.questions if each.id in others]
    return [(each, its) for each, its in pairs if each.valid and its.valid]
