"""What is printed of directions: a list, and how one of them does in each layer."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chat_personas.cli.tables.layout import Column, begin, padded, print_line, split_table, table_console
from chat_personas.paths import display_path
from chat_personas.reporting.numbers import mean_of, plain, signed_number
from chat_personas.reporting.verdicts import NOT_SOUND, VERDICTS
from chat_personas.reporting.wording.steering import (
    ANSWERED_EXPLAINED,
    COST_EXPLAINED,
    NO_STEERING,
    TALK_EXPLAINED,
    ablation_lines,
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
from chat_personas.settings_preview import is_accessible
from chat_personas.steering.direction_file import DirectionFile, LayerFacts
from chat_personas.steering.kept_states import is_being_trained
from chat_personas.text import pluralize, printable

if TYPE_CHECKING:
    from rich.console import Console

    from chat_personas.steering.ablation import AblationReport
    from chat_personas.steering.side_by_side import SteeringTable
    from chat_personas.steering.sweep import Cost, Step, Sweep
    from eval.scoring.results import PairedScore, Score

_BAR = 24
_WITH_BARS = 96
"""Columns from which there is room for bars beside the figures of a sweep."""
_FARTHEST = 0.4
"""The leaning at which a bar is as long as it gets."""
UNDER_WAY = "being trained by another program"
INTERRUPTED = "interrupted: give the command again to go on; steer delete removes it"
MADE_ELSEWHERE = "made by another tool: no poles, and nothing is known of how well it separates texts"


def print_directions(
    found: Sequence[tuple[Path, DirectionFile]], begun: Sequence[Path] = (), damaged: Sequence[Path] = ()
) -> None:
    """Print one line a direction and model, then one for each that is damaged, and for each interrupted training."""
    if not found and not damaged:
        print("no direction has been trained yet; see chat-personas steer train --help")
    for _, each in found:
        facts = each.facts
        about = MADE_ELSEWHERE if facts is None else f"{facts.positive} against {facts.negative} ({facts.method})"
        model = "any model" if facts is None else facts.model_name
        print(printable(f"{padded(each.direction.name, 20)} {padded(model, 28)} {about}"))
    for path in damaged:
        advice = "damaged: train it again with --replace, or remove it with steer delete"
        print(printable(f"{padded(path.parent.name, 20)} {advice}"))
    for name, under_way in sorted({(path.parent.name, is_being_trained(path)) for path in begun}):
        print(printable(f"{padded(name, 20)} {UNDER_WAY if under_way else INTERRUPTED}"))


def print_direction(found: DirectionFile, path: Path) -> None:
    """Print where a direction comes from and, for each layer, how well it separates held-out texts."""
    direction, facts = found.direction, found.facts
    console = table_console(to_error=False)
    print_line(console, printable(f"{direction.name} · {direction.architecture} · width {direction.width}"))
    print_line(console, printable(display_path(path)))
    if facts is None:
        print_line(console, MADE_ELSEWHERE)
        return
    lines = (
        f"from {facts.negative} (negative) to {facts.positive} (positive), by {facts.method}, in {facts.model_name}",
        f"trained on {pluralize(facts.training_pairs, 'pair')} of texts, judged on "
        f"{pluralize(facts.held_out_pairs, 'other pair')}",
        "area: the chance that a positive text lies farther along than a negative one, 95% interval over texts; "
        "0.5 is chance",
        "pairs: how many held-out pairs lie in order; agreement: how far the training pairs point to one side, -1 to 1",
    )
    effect = max(each.effect for each in facts.layers)
    best = (
        f"chosen: layer {direction.best}, in which the training texts lie farthest apart ({effect:.1f} standard "
        "deviations); what names no layers acts there"
    )
    for line in (*lines, best):
        print_line(console, printable(line))
    if is_accessible():
        for each in facts.layers:
            print_line(console, _in_words(each))
        return
    console.print(f"{'layer':>5}  {'area':<22} {'0.5':<{_BAR - 3}}{'1':>3}   pairs  agreement")
    for each in facts.layers:
        console.print(_line(each))


def _in_words(facts: LayerFacts) -> str:
    value, low, high = facts.area
    in_order, pairs = facts.in_order
    figures = f"area {value:.3f} [{low:.3f}, {high:.3f}]; {in_order} of {pairs} pairs; agreement {facts.agreement:.2f}"
    return f"layer {facts.layer}: {figures}"


def _line(facts: LayerFacts) -> str:
    value, low, high = facts.area
    filled = round(_BAR * max(0.0, min(1.0, 2 * value - 1)))
    in_order, pairs = facts.in_order
    figures = f"{value:.3f} [{low:.3f}, {high:.3f}]"
    return (
        f"{facts.layer:>5}  {figures:<22} {'━' * filled}{'·' * (_BAR - filled)}  {in_order:>3}/{pairs:<3} "
        f"{facts.agreement:>8.2f}"
    )


def print_sweep(found: "Sweep", *, to_error: bool) -> None:
    """Print a line for each strength, then what is chosen and what goes astray, then the other costs."""
    model = found.model
    heading = f"{intervention_described(found.kind, found.direction.name, found.layers)} · model {model.name}"
    console = begin(printable(heading), demonstration=model.demonstration, to_error=to_error)
    for line in (leaning_explained(found.toward, found.against), COST_EXPLAINED):
        print_line(console, printable(line))
    console.print(f"{'strength':>8}   {'leaning':<25} {'change':<25} {'cost':>6}")
    for name, step in sweep_rows(found):
        drawn = console.width >= _WITH_BARS and step.verdict.sound and not is_accessible()
        bar = f" {_leaning_bar(step)}" if drawn else ""
        is_best = step.strength == found.best and name != NO_STEERING
        console.print(_sweep_line(name, step, best=is_best) + bar)
    print_line(console, best_strength(found) + (" (marked with *)" if found.best is not None else ""))
    if any(step.verdict.finding == "sound_with_warning" for step in found.steps):
        print_line(console, f"!: {VERDICTS['sound_with_warning']}")
    if (wrong := found.anti_steerable) is not None:
        print_line(console, astray(wrong.count, wrong.questions, wrong.low, wrong.high))
    _print_costs(console, found)


def _print_costs(console: "Console", sweep: "Sweep") -> None:
    """Print what each strength costs beside the next words, and how the questions were answered."""
    for line in ("", TALK_EXPLAINED, ANSWERED_EXPLAINED):
        print_line(console, line)
    console.print(
        f"{'strength':>8}   {'likely':>7} {'repeated':>8} {'distinct':>8}  {'spread':>7} {'refused':>7} {'letters':>7} "
        f"{'orders':>7}"
    )
    if sweep.without is None:
        console.print(f"{NO_STEERING:>8}   {_cost_figures(sweep.unsteered_cost)}")
    for name, step in sweep_rows(sweep):
        console.print(f"{name:>8}   {_cost_figures(step.cost)}  {_answered_figures(step)}")


def _answered_figures(step: "Step") -> str:
    scores = step.toward
    spread = scores.entropy_ratio if step.verdict.sound else None
    answered = (spread, scores.refusal, scores.label_mass, step.verdict.order_agreement)
    return " ".join(f"{mean_of(each, decimals=2):>7}" for each in answered)


def _cost_figures(cost: "Cost") -> str:
    return (
        f"{plain(cost.log_likelihood, decimals=2):>7} {plain(cost.repetition, decimals=2):>8} "
        f"{plain(cost.distinct, decimals=2):>8}"
    )


def _sweep_line(name: str, step: "Step", *, best: bool) -> str:
    mark = ("*" if best else " ") + ("!" if step.verdict.finding == "sound_with_warning" else "")
    finding, is_none = step.verdict.finding, name == NO_STEERING
    if finding == "no_answers":
        return f"{name:>8}{mark:<3}no answers{'' if is_none else ': the direction is too strong for the model'}"
    if not step.verdict.sound:
        return f"{name:>8}{mark:<3}not sound: {NOT_SOUND[finding]:<40} {step.cost.divergence:>6.3f}"
    leaning, change = _figure(step.leaning), "" if is_none else _figure(step.change)
    return f"{name:>8}{mark:<3}{leaning:<25} {change:<25} {step.cost.divergence:>6.3f}"


def _figure(score: "Score | PairedScore | None") -> str:
    if score is None:
        return "none"
    ends = "(no interval)" if score.low is None or score.high is None else f"[{score.low:+.3f}, {score.high:+.3f}]"
    return f"{signed_number(score.mean)} {ends}"


def print_steering_table(table: "SteeringTable", *, to_error: bool) -> None:
    """Print every way of steering side by side; why one has no figures stands below."""
    heading = f"{table.persona.name}, every steering · model {table.model.name}"
    console = begin(printable(heading), demonstration=table.model.demonstration, to_error=to_error)
    for line in steering_table_lines(table):
        print_line(console, printable(line))
    console.print()
    cells = list(zip(*(steering_row_cells(row, table) for row in table.rows), strict=True))
    titles = ("alignment", "minus none", "minus the best prompt", "cost")
    columns = [Column(title, column) for title, column in zip(titles, cells, strict=True)]
    names = [steering_row_name(row) for row in table.rows]
    for each in split_table(
        names, [[columns[0], columns[1]], [columns[2], columns[3]]], console.width, sections=(1, 5)
    ):
        console.print(each)
        console.print()
    for line in steering_row_doubts(table):
        print_line(console, printable(line))


def print_ablation(found: "AblationReport", *, to_error: bool) -> None:
    """Print how far two personas are apart with and without a direction."""
    heading = f"{found.direction.name}, ablate · model {found.model.name}"
    console = begin(printable(heading), demonstration=found.model.demonstration, to_error=to_error)
    for line in ablation_lines(found):
        print_line(console, printable(line))


def _leaning_bar(step: "Step") -> str:
    half = _BAR // 2
    length = round(half * min(1.0, abs(step.leaning.mean if step.leaning else 0.0) / _FARTHEST))
    left, right = ("━" * length, "") if step.leaning is not None and step.leaning.mean < 0 else ("", "━" * length)
    return f"{left:·>{half}}│{right:·<{half}}"
