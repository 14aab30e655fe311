"""Make the pictures of what is measured without a screen: `python -m scripts.pictures.make_evaluation_pictures`.

too-small.svg, of docs/models.md, is what `eval` prints for SmolLM2, a model that talks and has no score. All others are
of the built-in model: eval.svg, of docs/measures.md, what `eval` prints; compared.svg, of docs/compare.md, what
`compare` prints of a persona without its prompt and with it; matrix-figure.svg, of docs/matrix.md, what `matrix --svg`
draws.
"""

import io
from pathlib import Path

from rich.console import Console

from scripts.pictures.make_models_pictures import FOLDER, written
from scripts.pictures.make_screenshot import PERSONA, POCKET, own_home, ran

WIDTH = 84
"""Columns of what is printed."""
TOO_SMALL = ("--model", "smollm2", "--limit", "20", "--no-unsteered")
"""With what SmolLM2 is measured: half of the questions would not make it sound."""
MATRIX = ("democrat", "republican", "independent", "--groups", "POLPARTY")


def main() -> None:
    """Make the pictures, in a home of their own, where the reports are as well."""
    with own_home() as home:
        picture_of_what_is_printed("too-small.svg", "eval", PERSONA, *TOO_SMALL)
        picture_of_what_is_printed("eval.svg", "eval", PERSONA, *POCKET)
        picture_of_a_comparison()
        picture_of_matrix(home)


def picture_of_a_comparison() -> None:
    """Write compared.svg: a persona without its prompt, and with it."""
    ran("eval", PERSONA, *POCKET, "--steering", "none", "--json", "before.json")
    ran("eval", PERSONA, *POCKET, "--json", "after.json")
    picture_of_what_is_printed("compared.svg", "compare", "before.json", "after.json")


def picture_of_matrix(home: Path) -> None:
    """Write matrix-figure.svg: the alignments of three personas with the parties."""
    ran("matrix", *MATRIX, *POCKET, "--svg", "figure.svg")
    written(FOLDER / "matrix-figure.svg", (home / "figure.svg").read_text(encoding="utf-8"))


def picture_of_what_is_printed(name: str, *arguments: str) -> None:
    """Write what a command prints, below the command."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False, markup=False, emoji=False)
    console.print(f"$ chat-personas {' '.join(arguments)}")
    console.print(ran(*arguments, columns=WIDTH).rstrip())
    written(FOLDER / name, console.export_svg(title="chat-personas"))


if __name__ == "__main__":
    main()
