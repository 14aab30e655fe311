"""The options of several commands, worded once, and the choice of one word among a few.

This module is imported for every help text, so it imports nothing heavy.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from chat_personas.cli.errors import UsageError
from personas.inputs.suggestions import one_of, suggestion

if TYPE_CHECKING:
    from eval.answers import Refusals
    from eval.expression.methods import Expression

Word = TypeVar("Word", bound=str)


def choose(option: str, word: str, known: Sequence[Word]) -> Word:
    """Return `word` if it is one of `known`.

    Raises:
        UsageError: it is not; the message names the nearest, or all.
    """
    for one in known:
        if one == word:
            return one
    raise UsageError(f"{option} {word}: {suggestion(word, known, f'must be {one_of(known)}')}")


def command_group(example: str) -> typer.Typer:
    """Return a group of commands; its summary is in `chat_personas.cli.commands`."""
    return typer.Typer(epilog=f"Example: {example}", rich_markup_mode=None, no_args_is_help=True)


def examples(*lines: str, note: str = "") -> str:
    """Return the end of a help text: examples, each on a line of its own, and perhaps a note."""
    unwrapped = "\b\n"  # what follows, up to an empty line, keeps its line breaks
    shown = f"{unwrapped}Examples:\n" + "\n".join(f"  {line}" for line in lines)
    return f"{shown}\n\n{note}" if note else shown


EXPRESSIONS: "tuple[Expression, ...]" = (
    "log_probability",
    "option_texts",
    "sequence",
    "verbalized",
    "sampled",
    "open_ended",
)
REFUSALS: "tuple[Refusals, ...]" = ("apart", "as-option")
EVERY_STEERING = "all"
STEERINGS = ("none", "qa", "bio", "portray", "few_shot", "activation", "ablation")

Personas = Annotated[list[str] | None, typer.Argument(metavar="PERSONA", help="Names of personas, files, or groups.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="M",
        help="pocket, smollm2 or another name, a GGUF file, or a server's URL (http://127.0.0.1:8080/v1#name).",
    ),
]
Template = Annotated[
    str | None,
    typer.Option(
        "--template",
        metavar="T",
        help="In place of a model file's own chat template: chatml, plain (as a base model), or a file (Jinja).",
    ),
]
Survey = Annotated[str | None, typer.Option("--survey", metavar="S", help="A survey's name or file.")]
Answers = Annotated[
    str | None,
    typer.Option("--answers", metavar="FILE", help="Score the answers in a file instead of asking a model."),
]
How = Annotated[
    str | None,
    typer.Option(
        "--expression", metavar="E", help=f"How the distribution is obtained: {', '.join(EXPRESSIONS)}; or all."
    ),
]
OneExpression = Annotated[
    str | None,
    typer.Option("--expression", metavar="E", help=f"How the distribution is obtained: {', '.join(EXPRESSIONS)}."),
]
Samples = Annotated[
    int | None,
    typer.Option(
        "--samples", min=1, metavar="N", help="Replies per prompt, for sampled (default 30) and open_ended (default 5)."
    ),
]
Orders = Annotated[
    str | None,
    typer.Option(
        "--orders",
        metavar="O",
        help="Option orders: 2, the survey's and its reverse; cyclic, every option once in every place; "
        "or another number N, so many drawn ones.",
    ),
]
Judge = Annotated[
    str | None,
    typer.Option(
        "--judge", metavar="M", help="The model that maps answers in words to the options; by default the same model."
    ),
]
Steering = Annotated[
    str | None,
    typer.Option(
        "--steering",
        metavar="S",
        help=f"Replace the persona's steering: {', '.join(STEERINGS)}; or {EVERY_STEERING}: every one side by side, on "
        "half of the questions.",
    ),
]
Direction = Annotated[
    str | None,
    typer.Option(
        "--direction",
        metavar="NAME",
        help=f"With --steering {EVERY_STEERING}: the direction to steer along (a name or file).",
    ),
]
Shots = Annotated[
    int | None,
    typer.Option(
        "--shots", min=1, metavar="N", help="With few_shot: N other questions with answers before each question."
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Ask only N questions.")]
Seed = Annotated[
    int, typer.Option("--seed", min=0, help="Seed of everything random: intervals, noise floor, choice of questions.")
]
ReplySeed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the replies.")]
Refused = Annotated[
    str,
    typer.Option(
        "--refusals", metavar="R", help="apart: left out of the comparison; as-option: compared like an option."
    ),
]
Calibrate = Annotated[
    bool, typer.Option("--calibrate", help="Also score with a temperature fitted on other questions.")
]
Unsteered = Annotated[
    bool,
    typer.Option(
        "--unsteered/--no-unsteered",
        help="Ask the model without steering, too, to tell what the persona changes (once for all personas).",
    ),
]
ShowInvalid = Annotated[
    bool,
    typer.Option("--show-invalid", help="Also print figures that are not sound, marked in every line."),
]
Json = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON; - is standard output.")
]
Html = Annotated[
    str | None,
    typer.Option("--html", metavar="FILE", help="Write a self-contained HTML page; - is standard output."),
]
Svg = Annotated[
    str | None,
    typer.Option("--svg", metavar="FILE", help="Write the figure as SVG, for a paper; - is standard output."),
]
SaveAnswers = Annotated[
    str | None, typer.Option("--save-answers", metavar="FILE", help="Save the answers, to score them again later.")
]
FailUnder = Annotated[
    float | None,
    typer.Option("--fail-under", metavar="X", min=0.0, max=1.0, help="Exit 1 if any persona's alignment is below X."),
]
FailIfWorseThan = Annotated[
    str | None,
    typer.Option(
        "--fail-if-worse-than", metavar="A.json", help="Exit 1 if any persona's alignment is worse than in A.json."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Agree to probe a server on another machine.")]
Unasked = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Ignore cached answers and ask again; the new answers are cached.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Resume the last run of this command, which was interrupted.")]
