"""The names and sentences about steering: how far a persona moves the answers, and steering from inside.

The latter has directions, sweeps, ways of steering side by side, and the needle.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from chat_personas.reporting.numbers import (
    COMPACT,
    MISSING,
    p_value,
    plain,
    signed,
    signed_number,
    strength_written,
    with_interval,
)
from chat_personas.reporting.verdicts import NOT_SOUND, VERDICTS, why_not_sound
from chat_personas.reporting.wording.measurements import answers_of, groups_label
from chat_personas.text import pluralize, printable
from eval.interventions import layers_named

if TYPE_CHECKING:
    from chat_personas.monitor.drift import Drift
    from chat_personas.monitor.inside import Inside
    from chat_personas.steering.ablation import AblationReport
    from chat_personas.steering.side_by_side import SteeringRow, SteeringTable
    from chat_personas.steering.sweep import Step, Sweep
    from eval.interventions import Fixed
    from eval.report import Effect
    from personas import Group

# How far a persona moves the answers

STEERED = {
    "not_steered": "not steered: the answers do not move from the unsteered model's as the group differs from everyone",
    "flattened": "flattened: the answers move with the group, but less than the group differs from everyone",
    "as_the_group": "the answers move as the group differs from everyone",
    "caricature": "caricature: the answers move further than the group differs from everyone",
    "moves_away": "the answers move away from the group",
}
"""What a steering slope says. Without an interval, or where the group is not apart, it says nothing."""
STEERED_BRIEFLY = {
    "not_steered": "not steered",
    "flattened": "flattened",
    "as_the_group": "as the group",
    "caricature": "caricature",
    "moves_away": "away from the group",
}
"""The same in few words."""
EXAGGERATION = "exaggeration"
SLOPE_EXPLAINED = "steering slope: 0 not steered, 1 as the group differs from everyone, above 1 a caricature"


def slope_not_shown(effect: "Effect") -> str:
    """Say why there is no steering slope to show: the model that it starts from is not sound."""
    why = "" if effect.unsteered is None else f", whose answers are {why_not_sound(effect.unsteered)}"
    return f"no {EXAGGERATION} (steering slope): it starts from the model without steering{why}"


def effect_lines(effect: "Effect | None") -> Iterator[str]:
    """Yield how much the persona changes beside how much two measurements of it differ, and its steering slope."""
    if effect is None:
        return
    if effect.slope is not None and not effect.slope_sound:
        yield slope_not_shown(effect)
    elif effect.slope is not None:
        said = STEERED.get(effect.finding)
        yield f"{EXAGGERATION} (steering slope) {with_interval(effect.slope)}{f': {said}' if said else ''}"
    elif effect.finding == "group_not_apart":
        yield f"no {EXAGGERATION} (steering slope): the group does not differ detectably from everyone"
    if effect.change is not None:
        yield f"the persona changes the model's answers by {with_interval(effect.change)} in total variation"
    more = effect.change_minus_repeat
    if more is not None and effect.repeat is not None:
        nothing = more.bounded and (more.includes_zero or more.mean < 0)
        said = ": the option order moves them as much" if nothing else ""
        yield (
            f"from one option order to another, the persona's answers are {with_interval(effect.repeat)} from its own "
            f"and {with_interval(effect.change_across_orders)} from the unsteered model's; "
            f"difference {signed(more)}{said}"
        )


# Steering from inside

COST_EXPLAINED = "cost: how far the next words move on neutral texts (divergence in nats a token; 0 is not at all)"
TALK_EXPLAINED = (
    "likely: log-likelihood of its replies under the model without steering (nats a token); repeated: runs of four "
    "words that stood in the same reply before; distinct: runs of two words, of all replies"
)
ANSWERED_EXPLAINED = (
    "spread: variety of the answers, 1 = that of people; refused, letters: shares of refusals and of all letters; "
    "orders: agreement of the two option orders"
)
NO_STEERING = "none"
"""What the model without steering is called beside strengths."""
NO_STRENGTH = "no strength leads closer on the training half with answers that are sound"
PARTING: dict[Literal["inside_only", "survey_only", "opposite"], str] = {
    "inside_only": "they part: the inside has moved, the survey answers have not",
    "survey_only": "they part: the survey answers have moved, the inside has not",
    "opposite": "they part: the inside and the survey answers have moved to opposite sides",
}
"""How what is read inside the model and what it says in the survey part, over the turns."""


def intervention_described(kind: str, direction: str, layers: "Sequence[int]") -> str:
    """Name an intervention: `party, add in layer 3`."""
    where = "all layers, as in " if kind == "ablate" else ""
    return printable(f"{direction}, {kind} in {where}{layers_named(layers)}")


def stored_intervention_described(key: str) -> str:
    """Write the key of an intervention (`eval.interventions.Intervention.key`) for people: one layer is not several."""
    return printable(re.sub(r", layers (\d+)(?=, |$)", r", layer \1", key))


def leaning_explained(toward: "Sequence[Group]", against: "Sequence[Group]") -> str:
    """Say what a leaning is, and its change."""
    one, other = (answers_of(groups_label(groups)) for groups in (toward, against))
    return (
        f"leaning: alignment with {one} minus alignment with {other}, on questions that no direction was trained on; "
        "change: paired, from the model without steering"
    )


def best_strength(sweep: "Sweep") -> str:
    """Say which strength was chosen on the training half, or why none."""
    if not sweep.unsteered_verdict.sound:
        why = finding_described(sweep.unsteered_verdict.finding)
        return f"no change to tell and no strength to choose: without steering the answers are {why}"
    return NO_STRENGTH if sweep.best is None else f"best on the training half: {sweep.best:g}"


def sweep_rows(sweep: "Sweep") -> "list[tuple[str, Step]]":
    """Return what was measured with the names of the rows: `none`, the model without steering, once, and each strength.

    Where a direction is added, `none` stands in its place among the strengths, and before the places of a clamp.
    """
    steps = [(strength_written(step.strength), step) for step in sweep.steps if not sweep.is_idle(step)]
    if sweep.without is None:
        return steps
    below = [each for each in steps if sweep.kind == "add" and each[1].strength < 0]
    return [*below, (NO_STEERING, sweep.without), *steps[len(below) :]]


def astray(count: int, questions: int, low: float, high: float) -> str:
    """Say how many questions move the wrong way as the strength grows, with the interval of their share."""
    return (
        f"anti-steerable: {count} of {questions} questions move away as the strength grows "
        f"({count / questions:.2f} [{low:.2f}, {high:.2f}])"
    )


def steering_row_name(row: "SteeringRow") -> str:
    """Name a way of steering, with the strength that was chosen for it."""
    return row.name if row.strength is None else f"{row.name} {strength_written(row.strength)}"


def steering_table_lines(table: "SteeringTable") -> Iterator[str]:
    """Yield what the figures of a steering table are, and on which questions they rest."""
    held_out, training = (
        pluralize(len(each), "question") for each in (table.held_out_questions, table.training_questions)
    )
    yield (
        f"alignment with {answers_of(groups_label(table.persona.groups))} on {held_out} held out; the best prompt and "
        f"the strengths are chosen on {training} of the training half, from which few_shot has its examples"
    )
    if table.direction is not None:
        yield intervention_described("add and clamp", table.direction.name, table.direction.layers)
    best = "no prompt is sound on the training half" if table.best_prompt is None else table.best_prompt
    yield f"best prompt on the training half: {best}"
    yield COST_EXPLAINED


def steering_row_cells(row: "SteeringRow", table: "SteeringTable") -> tuple[str, str, str, str]:
    """Write alignment, its differences from none and from the best prompt, and the cost of a way of steering.

    What is not sound has a cost and no other figure, and there is no difference from what is not sound.
    """
    if row.scores is None or row.verdict is None or row.cost is None:
        return MISSING, MISSING, MISSING, MISSING
    cost = plain(row.cost.divergence)
    if not row.verdict.sound:
        return MISSING, MISSING, MISSING, cost
    sound = {each.name for each in table.rows if each.verdict is not None and each.verdict.sound}
    minus_none = signed(row.minus_none) if "none" in sound else MISSING
    minus_best = signed(row.minus_best_prompt) if table.best_prompt in sound else MISSING
    return with_interval(row.scores.alignment), minus_none, minus_best, cost


def steering_row_doubts(table: "SteeringTable") -> Iterator[str]:
    """Yield, for each way of steering without figures, why there are none."""
    for row in table.rows:
        if row.why_not is not None:
            yield f"{row.name}: not measured, {row.why_not}"
        elif row.verdict is not None and not row.verdict.sound:
            yield f"{steering_row_name(row)}: {finding_described(row.verdict.finding)}"


def ablation_lines(found: "AblationReport") -> Iterator[str]:
    """Yield what is removed, how far the two personas are apart with and without it, and what that costs."""
    one, other = (printable(side.persona.name) for side in found.sides)
    layer, effect = found.direction.layers[0], found.direction.effect
    largest = (
        "" if effect is None else f", where the training texts lie farthest apart ({effect:.1f} standard deviations)"
    )
    yield f"removed in every layer: the vector of layer {layer}{largest}"
    yield (
        f"total variation between the answers of {one} and {other} on "
        f"{pluralize(len(found.held_out_questions), 'question')} held out"
    )
    if not found.sound:
        for name, side in zip((one, other), found.sides, strict=True):
            verdicts = {
                "": side.verdict,
                " without the direction": side.verdict_ablated,
                " without a random direction instead": side.verdict_random,
            }
            for where, verdict in verdicts.items():
                if not verdict.sound:
                    yield f"{name}{where}: {finding_described(verdict.finding)}"
        if found.random_sound:
            yield _without_random(found)
    else:
        p = None if found.change is None else found.change.p
        yield f"  with the direction     {with_interval(found.apart)}"
        yield f"  without it             {with_interval(found.apart_ablated)}"
        yield f"  change                 {signed(found.change)}, p {p_value(p)}"
        yield _closer_together(found)
        yield from _beside_random(found)
    yield f"{COST_EXPLAINED}: {plain(found.cost.divergence)}"


def _closer_together(found: "AblationReport") -> str:
    if found.change is None or not found.change.detectable:
        return "the two personas answer neither more nor less alike without the direction, as far as can be told"
    alike = "more" if found.change.mean < 0 else "less"
    return f"the two personas answer {alike} alike without the direction"


def _beside_random(found: "AblationReport") -> Iterator[str]:
    """Yield how far apart the two are when a direction is removed that was drawn at random."""
    if not found.random_sound:
        yield "without a random direction instead, the answers are not sound: there is nothing to compare with"
        return
    p = None if found.beyond_random is None else found.beyond_random.p
    yield _without_random(found)
    yield f"  beyond a random one    {signed(found.beyond_random)}, p {p_value(p)}"


def _without_random(found: "AblationReport") -> str:
    return f"  without a random one   {with_interval(found.apart_random)}"


def finding_described(finding: str) -> str:
    """Say in short what a verdict that is not sound says."""
    return f"not sound: {NOT_SOUND[finding]}" if finding in NOT_SOUND else VERDICTS[finding]


def fixed_described(fixed: "Fixed") -> str:
    """Say what interventions made of the component along a direction, so that it is no reading of the model."""
    return f"{'removed' if fixed.at is None else f'set to {fixed.at:.2f}'}: nothing to read along it"


def push_described(found: "Inside") -> str | None:
    """Say that where the replies lie is in part what the knob adds; None where it adds nothing there."""
    if not found.pushed:
        return None
    said = "where the replies lie includes the push of the knob"
    if found.push is None:
        return said
    without = found.points[-1].projection - found.push
    return f"{said}; without what it adds in this layer, the last one lies at {plain(without, decimals=2)}"


def inside_line(found: "Inside", drift: "Drift | None") -> str:
    """Say in one line where the last reply lies along the persona's direction, and whether that parts from the survey.

    The poles have their names, and the spread of held-out texts stands beside them.
    """
    if found.fixed is not None:
        return printable(f"[inside] {found.direction.name} {fixed_described(found.fixed)}")
    names = found.direction.pole_names or ("the negative pole", "the positive pole")
    last, parted = found.points[-1], found.parting(drift)
    by = signed_number(found.change or 0.0, decimals=COMPACT)
    side = "to its own side" if found.pole is not None else f"toward {names[found.toward]}"
    parts = [
        f"[turn {last.turn}, inside] {found.direction.name} {last.projection:.2f} (0 is {names[0]}, 1 is {names[1]})",
        *([] if (pushed := push_described(found)) is None else [pushed]),
        *([] if found.spread is None else [f"held-out texts spread by {found.spread:.2f}"]),
        *([] if found.change is None else [f"since turn {found.points[0].turn} {by} {side}"]),
        *([] if parted is None else [PARTING[parted]]),
    ]
    return printable("; ".join(parts))
