"""What is printed of directions: a list, and how one of them does in each layer."""

from collections.abc import Sequence
from pathlib import Path

from chat_personas.cli.tables.layout import padded, print_line, table_console
from chat_personas.paths import display_path
from chat_personas.steering.direction_file import DirectionFile, LayerFacts
from chat_personas.text import pluralize, printable

_BAR = 24
MADE_ELSEWHERE = "made by another tool: no poles, and nothing is known of how well it separates texts"


def print_directions(found: Sequence[tuple[Path, DirectionFile]]) -> None:
    """Print one line a direction and model."""
    if not found:
        print("no direction has been trained yet; see chat-personas steer train --help")
    for _, each in found:
        facts = each.facts
        about = MADE_ELSEWHERE if facts is None else f"{facts.positive} against {facts.negative} ({facts.method})"
        model = "any model" if facts is None else facts.model_name
        print(printable(f"{padded(each.direction.name, 20)} {padded(model, 28)} {about}"))


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
    for line in lines:
        print_line(console, printable(line))
    console.print(f"{'layer':>5}  {'area':<22} {'0.5':<{_BAR - 3}}{'1':>3}   pairs  agreement")
    for each in facts.layers:
        console.print(_line(each))


def _line(facts: LayerFacts) -> str:
    value, low, high = facts.area
    filled = round(_BAR * max(0.0, min(1.0, 2 * value - 1)))
    in_order, pairs = facts.in_order
    figures = f"{value:.3f} [{low:.3f}, {high:.3f}]"
    return (
        f"{facts.layer:>5}  {figures:<22} {'━' * filled}{'·' * (_BAR - filled)}  {in_order:>3}/{pairs:<3} "
        f"{facts.agreement:>8.2f}"
    )
