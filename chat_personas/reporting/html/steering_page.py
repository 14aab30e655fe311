"""Pages about steering: a sweep with its chart, and every way of steering to a persona side by side."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from chat_personas.reporting.html.layout import CAUTION, bullets, definitions, table, titled, warning, whole_page
from chat_personas.reporting.html.provenance import NO_DIRECTORIES, model_options, persona_option
from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import MISSING, mean_of, plain, signed
from chat_personas.reporting.svg.figures import sweep_figure
from chat_personas.reporting.verdicts import NOT_SOUND, VERDICTS
from chat_personas.reporting.wording.measurements import DEMONSTRATION, figures_described, model_described, sentence
from chat_personas.reporting.wording.steering import (
    ANSWERED_EXPLAINED,
    COST_EXPLAINED,
    NO_STEERING,
    TALK_EXPLAINED,
    astray,
    best_strength,
    intervention_described,
    leaning_explained,
    steering_row_cells,
    steering_row_doubts,
    steering_row_name,
    steering_table_lines,
    sweep_rows,
)
from chat_personas.steering.direction_file import is_direction_file
from chat_personas.text import printable

if TYPE_CHECKING:
    from chat_personas.steering.side_by_side import SteeringRow, SteeringTable
    from chat_personas.steering.sweep import Cost, Step, Sweep, SweptSurvey
    from eval.report import ModelInfo, SurveyInfo

TALK_HEADS = ("likely", "repeated", "distinct", "spread", "refused", "letters", "orders")
STRENGTH_HEADS = ("strength", "leaning", "change", "p", "cost", "verdict")
TABLE_HEADS = ("", "alignment", "minus none", "minus the best prompt", "cost", *TALK_HEADS)
COST_HEADS = ("strength", *TALK_HEADS)


def sweep_page_document(found: "Sweep", given: str | None = None) -> str:
    """Return the page as HTML; the same sweep gives the same bytes.

    `given` is how the direction was named, which the command that repeats the sweep must know if it was by a file.
    """
    name = intervention_described(found.kind, found.direction.name, found.layers)
    sections = [
        element("div", sweep_figure(found), class_="figure"),
        titled("What is found", _findings(found)),
        titled("Every strength", _strengths(found)),
        titled("What it costs, and how the questions were answered", _costs(found)),
        titled("Where it comes from", [_facts(found)]),
        titled("Repeat this sweep", _repeat(_again(found, given))),
    ]
    return whole_page(f"{name}: sweep", [_header(found, name), element("main", sections)])


def _header(found: "Sweep", name: str) -> Element:
    return element(
        "header",
        element("h1", "What a direction does, and what it costs"),
        element("p", f"{name} · model {model_described(found.model)} · 95% intervals over questions only"),
        warning(DEMONSTRATION) if found.model.demonstration else None,
        element("p", CAUTION, class_="note"),
    )


def _findings(found: "Sweep") -> Iterator[Node]:
    best, wrong = best_strength(found), found.anti_steerable
    wrong_way = [] if wrong is None else [astray(wrong.count, wrong.questions, wrong.low, wrong.high)]
    yield bullets([sentence(line) for line in (best, *wrong_way)])


def _strengths(found: "Sweep") -> Iterator[Node]:
    yield element("p", sentence(leaning_explained(found.toward, found.against)), class_="note")
    yield element("p", sentence(COST_EXPLAINED), class_="note")
    yield table("On the held-out questions", STRENGTH_HEADS, [_strength(*row) for row in sweep_rows(found)])


def _strength(name: str, step: "Step") -> tuple[str, ...]:
    finding, cost = step.verdict.finding, plain(step.cost.divergence)
    if not step.verdict.sound:
        return name, MISSING, MISSING, MISSING, cost, NOT_SOUND.get(finding, VERDICTS["no_answers"])
    p = MISSING if step.change is None else plain(step.change.p, decimals=4)
    change = MISSING if name == NO_STEERING else signed(step.change)
    return name, signed(step.leaning), change, p, cost, VERDICTS[finding]


def _costs(found: "Sweep") -> Iterator[Node]:
    for line in (TALK_EXPLAINED, ANSWERED_EXPLAINED):
        yield element("p", sentence(line), class_="note")
    rows = []
    if found.without is None:
        rows.append((NO_STEERING, *_cost(found.unsteered_cost), *[MISSING] * 4))
    for name, step in sweep_rows(found):
        scores, sound = step.toward, step.verdict.sound
        answered = (
            scores.entropy_ratio if sound else None,
            scores.refusal,
            scores.label_mass,
            step.verdict.order_agreement,
        )
        figures = (mean_of(each, decimals=2) for each in answered)
        rows.append((name, *_cost(step.cost), *figures))
    yield table("Replies to questions that open conversations, and answers to the held-out ones", COST_HEADS, rows)


def _cost(cost: "Cost") -> tuple[str, str, str]:
    figures = (cost.log_likelihood, cost.repetition, cost.distinct)
    likely, repeated, distinct = (plain(each, decimals=2) for each in figures)
    return likely, repeated, distinct


def _facts(found: "Sweep") -> Element:
    direction, survey = found.direction, found.survey
    poles = f"from {direction.negative} to {direction.positive}, by {direction.method}"
    seed = "" if found.seed is None else f" by seed {found.seed}"
    return definitions(
        [
            ("direction", f"{direction.name}, sha256 {direction.sha256}"),
            ("trained", None if direction.method is None else poles),
            ("model", f"{found.model.name}, sha256 {found.model.sha256}"),
            ("survey", f"{survey.name}, sha256 {survey.sha256}"),
            ("questions", f"held out{seed}: {', '.join(found.held_out_questions)}"),
        ]
    )


def _repeat(command: str) -> Iterator[Node]:
    yield element("pre", element("code", command))
    yield element("p", sentence(NO_DIRECTORIES), class_="note")


def _direction(name: str, given: str | None) -> str:
    """Return how to name a direction again: by its file's base name if it was given by one, else by its own name."""
    return name if given is None or not is_direction_file(given) else Path(given).name


def _again(found: "Sweep", given: str | None) -> str:
    strengths = ",".join(f"{step.strength:.15g}" for step in found.steps)
    layers = ",".join(map(str, found.layers))
    sides = (("--toward", found.toward), ("--against", found.against))
    groups = [word for option, side in sides for group in side for word in (option, str(group))]
    options = ["--kind", found.kind, f"--strengths={strengths}", "--layers", layers, *groups]
    direction = _direction(found.direction.name, given)
    return shlex.join(["chat-personas", "steer", "sweep", direction, *options, *_where(found.survey, found.model)])


def _where(survey: "SweptSurvey | SurveyInfo", model: "ModelInfo") -> list[str]:
    return ["--survey", survey.name, *model_options(model)]


def steering_table_page_document(found: "SteeringTable", given: str | None = None) -> str:
    """Return the page about every way of steering as HTML; the same table gives the same bytes.

    `given` is how the direction was named, as in `sweep_page_document`.
    """
    name, model, survey = found.persona.name, found.model, found.survey
    header = element(
        "header",
        element("h1", f"{printable(name)}: every steering side by side"),
        element("p", f"model {model_described(model)} · survey {printable(survey.name)} ({figures_described(survey)})"),
        element("p", "95% intervals over questions only"),
        warning(DEMONSTRATION) if model.demonstration else None,
        element("p", CAUTION, class_="note"),
    )
    rows = [(steering_row_name(row), *steering_row_cells(row, found), *_of_costs(row)) for row in found.rows]
    main = [
        bullets([sentence(line) for line in steering_table_lines(found)]),
        table("On the held-out questions", TABLE_HEADS, rows),
        bullets([sentence(line) for line in steering_row_doubts(found)]),
        *(element("p", sentence(line), class_="note") for line in (TALK_EXPLAINED, ANSWERED_EXPLAINED)),
        titled("Repeat this", _repeat(_table_again(found, given))),
    ]
    return whole_page(f"{name}: every steering", [header, element("main", main)])


def _of_costs(row: "SteeringRow") -> tuple[str, ...]:
    if row.cost is None or row.scores is None or row.verdict is None:
        return (MISSING,) * 7
    spread = row.scores.entropy_ratio if row.verdict.sound else None
    answered = (spread, row.scores.refusal, row.scores.label_mass, row.verdict.order_agreement)
    return *_cost(row.cost), *(mean_of(each, decimals=2) for each in answered)


def _table_again(found: "SteeringTable", given: str | None) -> str:
    along = [] if found.direction is None else ["--direction", _direction(found.direction.name, given)]
    where = _where(found.survey, found.model)
    return shlex.join(["chat-personas", "eval", persona_option(found.persona), "--steering", "all", *along, *where])
