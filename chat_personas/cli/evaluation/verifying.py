"""Verifying a report from the command line: with the survey and the persona that are at hand, and by asking again."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import numpy as np

from chat_personas.cli.errors import UsageError
from chat_personas.cli.evaluation.requests import agree
from chat_personas.cli.opening import opened_model
from chat_personas.engines.open import ModelFile, ModelServer, UnknownModelError, find_model, with_template
from chat_personas.own_personas import all_persona_names, find_persona
from chat_personas.settings import Settings
from chat_personas.steering.applied import steered_for
from chat_personas.tui.leaving import run_unwaited
from eval.answers import Answer, FloatArray
from eval.compare.knowledge_gap import gaps
from eval.engine import Engine, EngineInfo, Order
from eval.errors import SurveyError
from eval.evaluation import Asked, asked_in
from eval.expression import log_probability
from eval.expression.methods import METHODS
from eval.expression.rendering import QuestionLike
from eval.interventions import tried_out
from eval.orders import Orders, orders_for
from eval.report import FROM_FILE, OrderInfo, Report
from eval.report.build import program_version
from eval.report.verify import Mismatch, Verification, differing, verify
from eval.scoring.distributions import opinion
from eval.surveys.loading import LoadedSurvey
from personas import LoadedPersona, PersonaError

REPEATS = 0.001
"""How far the probability of a letter may be off when a probe is asked again on the same build."""
REPEATS_ELSEWHERE, FARTHEST = 0.04, 0.15
"""The same on another build: in the mean over probes, and for a single one."""
OTHER_ANSWER = "another answer"
CANNOT_ASK = "cannot be asked as the report says"
_NOT_QUANTISED = ("all F32", "F16", "BF16")


@dataclass(frozen=True, slots=True)
class Replay:
    """Probes that were asked again, the difference of each in the probability of a letter, and how they repeat.

    `exact`: the answers were computed as in the run, so that they must be the same but for rounding.
    """

    differences: Mapping[str, float]
    exact: bool
    same_build: bool

    @property
    def mean(self) -> float:
        """The mean difference."""
        return float(np.mean([*self.differences.values()]))

    @property
    def allowed(self) -> float:
        """How large the difference of one probe may be."""
        return REPEATS if self.exact else FARTHEST

    def mismatches(self) -> Iterator[Mismatch]:
        """Yield the probes that are too far off, or all of them together if only their mean is."""
        said = "a probability is {:.4f} away when asked again; {:g} is allowed"
        beyond = {path: size for path, size in self.differences.items() if size > self.allowed}
        for path, size in beyond.items():
            yield Mismatch(path, OTHER_ANSWER, said.format(size, self.allowed))
        if not self.exact and not beyond and self.mean > REPEATS_ELSEWHERE:
            mean = said.format(self.mean, REPEATS_ELSEWHERE).replace("a probability is", "in the mean a probability is")
            yield Mismatch("questions", OTHER_ANSWER, mean)


@dataclass(frozen=True, slots=True)
class Verified:
    """A report with what came of verifying it; `replay` None if it was not asked again."""

    report: Report
    found: Verification
    replay: Replay | None = None

    def and_also(self, mismatches: Sequence[Mismatch], unchecked: Sequence[tuple[str, str]] = ()) -> "Verified":
        """Return it with more that does not agree, or that was not checked."""
        found = replace(
            self.found,
            mismatches=(*self.found.mismatches, *mismatches),
            unchecked=(*self.found.unchecked, *unchecked),
        )
        return replace(self, found=found)


@dataclass(frozen=True, slots=True)
class Again:
    """How a report is asked again: how many probes, of which model (None: the report's own name), and consent.

    `template` is what replaces the model's chat template, as with `--template`; None: what the report says.
    """

    probes: int
    model: str | None
    template: str | None
    settings: Settings
    agreed: bool


def verified(
    document: Mapping[str, Any],
    reports: Sequence[Report],
    survey: LoadedSurvey | None,
    persona: str | None,
    again: Again | None,
) -> list[Verified]:
    """Verify every report of a file, given as its JSON document and as it was read.

    `survey` is that of the reports, None if it is not at hand. `persona` is the file of a persona that the library does
    not have.

    Raises:
        UsageError: a report cannot be asked again: another expression, no survey or persona, or another model.
        EngineError: the model failed.
    """
    documents = document.get("reports", [document])
    found = []
    for raw, report in zip(documents, reports, strict=True):
        one = Verified(report, verify(raw, report, survey))
        loaded, asked = _persona(report, persona), None
        try:
            asked = prompts_at_hand(report, persona, survey)
            wrong = _prompts(report, asked)
        except (PersonaError, SurveyError) as error:
            wrong = [Mismatch("prompt_sha256", CANNOT_ASK, str(error))]
        one = one.and_also(wrong, [*_not_at_hand(report, loaded, survey, again)])
        if again is not None:
            one = run_unwaited(_asked_again(one, asked, loaded, again))
        found.append(one)
    recomputed = [json.loads(gap.model_dump_json()) for gap in gaps(reports)]
    return [found[0].and_also(differing(document.get("gaps", []), recomputed, "gaps")), *found[1:]]


def prompts_at_hand(report: Report, persona: str | None, survey: LoadedSurvey | None) -> Asked | None:
    """Return what was asked for a report, made again; None without its survey and its persona.

    `persona` is a file, None for the library's persona of that name; its hash must be that of the report.

    Raises:
        PersonaError: the persona cannot be steered as the report says.
        SurveyError: the survey has too few figures for `few_shot`.
    """
    loaded = _persona(report, persona)
    if survey is None or loaded is None or report.expression not in METHODS:
        return None
    return asked_in(report, loaded, survey)


def _persona(report: Report, given: str | None) -> LoadedPersona | None:
    """Return the persona of a report: the given one, or that of the library, if the hash agrees."""
    name = PurePath(report.persona.file).stem
    if report.model.engine == FROM_FILE or (given is None and name not in all_persona_names()):
        return None
    loaded = find_persona(given or name)
    return loaded if loaded.sha256 == report.persona.sha256 else None


def _prompts(report: Report, asked: Asked | None) -> list[Mismatch]:
    if asked is None or asked.prompt_sha256 == report.prompt_sha256:
        return []
    return [Mismatch("prompt_sha256", report.prompt_sha256, asked.prompt_sha256)]


def _not_at_hand(
    report: Report, persona: LoadedPersona | None, survey: LoadedSurvey | None, again: Again | None
) -> Iterator[tuple[str, str]]:
    if report.model.engine == FROM_FILE:
        yield "model", "the answers come from a file"
        return
    if persona is None:
        yield "persona", "no persona with this hash is at hand; name its file with --persona"
    if persona is None or survey is None:
        yield "prompt_sha256", "it needs the persona and the survey"
    if again is None:
        yield "model", "it was not asked again (--replay N)"
    if report.version != program_version():
        yield "version", f"this is version {program_version()}, and the report is of {report.version}"


async def _asked_again(one: Verified, asked: Asked | None, persona: LoadedPersona | None, again: Again) -> Verified:
    report = one.report
    if report.expression != "log_probability":
        raise UsageError(f"--replay asks for letters again, and this report is {report.expression}; leave --replay out")
    if asked is None or persona is None:
        raise UsageError("--replay needs the persona and the survey of the report; name them: --persona, --survey")
    chosen = _chosen(report, again.probes)
    async with AsyncExitStack() as opened:
        engine = await tried_out(steered_for(await _engine(report, again, opened), persona))
        if engine.info.interventions != tuple(report.model.interventions):
            raise UsageError("the directions that the persona is steered along are not those of the report any more")
        same = report.model.build is not None and report.model.build == engine.info.build
        whole = same and not _any_batch(engine.info) and not report.timing.remembered
        every = [(each.id, order) for each in asked.questions for order in orders_for(asked.orders, each)]
        put = every if whole else [*chosen]
        agree(engine.info, len(put), agreed=again.agreed)
        answers = await (_answers(engine, asked, asked.questions, asked.orders) if whole else _some(engine, asked, put))
    differences = {
        f"questions[{question}].by_order[{order}]": _largest(stored, answers.get((question, order)), report)
        for (question, order), stored in chosen.items()
    }
    replay = Replay(differences, exact=whole or (same and _any_batch(engine.info)), same_build=same)
    return replace(one, replay=replay).and_also([*replay.mismatches()])


async def _engine(report: Report, again: Again, opened: AsyncExitStack) -> Engine:
    model = again.model or report.model.name
    try:
        found = find_model(model)
    except UnknownModelError as error:
        if again.model is not None:
            raise
        raise UsageError(
            f"the model {report.model.name} of the report is not found here; name it with --model"
        ) from error
    engine = await opened_model(model, _settings(report, again, model, found), opened)
    if report.model.sha256 != engine.info.sha256:
        raise UsageError(f"{model} is not the model of the report: its hash differs; name the right one with --model")
    if report.model.template_sha256 not in (None, engine.info.template_sha256):
        used, given = report.model.template, engine.info.template
        what = f"the chat template {used}" if used is not None else "its own chat template"
        other = "the model's own" if given is None else given
        todo = "name the right one with --template" if used is not None else "leave --template out"
        raise UsageError(f"the model of the report was asked in {what}, and {other} is not the same; {todo}")
    return engine


def _settings(report: Report, again: Again, model: str, found: ModelFile | ModelServer) -> Settings:
    """Return the settings in which the model is asked in the form of the report, as far as the report says which.

    A file with a template is known by its base name only: it has to be named, or to be in the settings.
    """
    used = report.model.template
    if again.template is not None or used in ("chatml", "plain"):
        return with_template(again.settings, model, again.template or used)
    if used is None and report.model.template_sha256 is not None and isinstance(found, ModelFile):
        others = {stem: choice for stem, choice in again.settings.templates.items() if stem != found.path.stem}
        return again.settings.model_copy(update={"templates": others})
    return again.settings


def _any_batch(info: EngineInfo) -> bool:
    """Whether answers do not depend on what is decoded together with them: weights that are not quantised.

    Those of a quantised model do. So all probes of its run are asked again, not only those that are compared.
    """
    return str(info.quantization).startswith(_NOT_QUANTISED)


def _chosen(report: Report, count: int) -> dict[tuple[str, Order], OrderInfo]:
    """Return at most `count` probes of a report, chosen by its seed."""
    every = [((question.id, each.order), each) for question in report.questions for each in question.by_order]
    return dict(random.Random(report.seed).sample(every, min(count, len(every))))


async def _some(engine: Engine, asked: Asked, put: Sequence[tuple[str, Order]]) -> dict[tuple[str, Order], Answer]:
    """Ask these probes alone, those of the same orders in one call."""
    by_orders: dict[tuple[Order, ...], list[QuestionLike]] = {}
    for question in asked.questions:
        if orders := tuple(order for order in orders_for(asked.orders, question) if (question.id, order) in put):
            by_orders.setdefault(orders, []).append(question)
    found: dict[tuple[str, Order], Answer] = {}
    for orders, questions in by_orders.items():
        found |= await _answers(engine, asked, questions, orders)
    return found


async def _answers(
    engine: Engine, asked: Asked, questions: Sequence[QuestionLike], orders: Orders
) -> dict[tuple[str, Order], Answer]:
    """Ask questions in one call, as a run does; failures are left out."""
    found: dict[tuple[str, Order], Answer] = {}
    async with aclosing(log_probability.ask(engine, asked.prefix, questions, orders)) as outcomes:
        async for outcome in outcomes:
            if isinstance(outcome, Answer):
                found |= {
                    (outcome.question_id, each.order): replace(outcome, by_order=(each,)) for each in outcome.by_order
                }
    return found


def _largest(stored: OrderInfo, answer: Answer | None, report: Report) -> float:
    """Return the largest difference in the probability of an option's letter, or of the refusals; 1 without one."""
    if answer is None:
        return 1.0
    (now,) = opinion(answer, report.refusals).by_order
    before = _letters(stored.model, stored.refusal, stored.label_mass, report)
    after = _letters(now.distribution, now.refusal, now.label_mass, report)
    return float(np.abs(before - after).max()) if before.shape == after.shape else 1.0


def _letters(model: Any, refusal: float, label_mass: float | None, report: Report) -> FloatArray:
    """Return the probabilities of the options and of the refusals, from shares of the mass of all letters."""
    shares = np.zeros(0) if model is None else np.asarray(model, dtype=np.float64)
    on_options = shares * (1 - refusal) if report.refusals == "apart" else shares
    letters: FloatArray = np.append(on_options, refusal) * (1.0 if label_mass is None else label_mass)
    return letters
