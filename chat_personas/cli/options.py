"""Options that several commands share, worded once.

One of a few words: checked before anything is loaded, with the nearest named.

The options of `chat-personas eval`.
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


EXPRESSIONS: "tuple[Expression, ...]" = ("log_probability", "sequence", "verbalized", "sampled", "open_ended")
REFUSALS: "tuple[Refusals, ...]" = ("apart", "as-option")
STEERINGS = ("none", "qa", "bio", "portray", "few_shot")

Personas = Annotated[list[str] | None, typer.Argument(metavar="PERSONA", help="Personas of the library, or files.")]
Answers = Annotated[
    str | None,
    typer.Option("--answers", metavar="FILE", help="Score answers that were produced elsewhere, asking no model."),
]
How = Annotated[
    str | None,
    typer.Option(
        "--expression", metavar="E", help=f"How the distribution is obtained: {', '.join(EXPRESSIONS)}; or all."
    ),
]
Samples = Annotated[
    int | None,
    typer.Option("--samples", min=1, metavar="N", help="Replies to each prompt of sampled (30) and open_ended (5)."),
]
Judge = Annotated[
    str | None,
    typer.Option("--judge", metavar="M", help="Who maps answers in words to the options; by default the model."),
]
Steering = Annotated[
    str | None,
    typer.Option("--steering", metavar="S", help=f"Replace the persona's steering: {', '.join(STEERINGS)}."),
]
Shots = Annotated[
    int | None,
    typer.Option("--shots", min=1, metavar="N", help="With few_shot: put N other questions before each one."),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Ask only N questions.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of everything that is drawn: intervals, noise floor, limit.")]
Refused = Annotated[
    str, typer.Option("--refusals", metavar="R", help="apart: left out of the comparison; as-option: kept.")
]
Calibrate = Annotated[
    bool, typer.Option("--calibrate", help="Score once more at a temperature fitted on other questions.")
]
Json = Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write the report; - is standard output.")]
SaveAnswers = Annotated[
    str | None, typer.Option("--save-answers", metavar="FILE", help="Write the answers, to be scored again.")
]
FailUnder = Annotated[
    float | None,
    typer.Option("--fail-under", metavar="X", min=0.0, max=1.0, help="Exit 1 if any persona's alignment is below X."),
]
FailIfWorseThan = Annotated[
    str | None,
    typer.Option(
        "--fail-if-worse-than", metavar="A.json", help="Exit 1 if any persona's alignment is worse than in A."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Agree to send the probes to a server on another machine.")]


def examples(*lines: str, note: str = "") -> str:
    """Return the end of a help text: examples, each on a line of its own, and perhaps a note."""
    unwrapped = "\b\n"  # what follows, up to an empty line, keeps its line breaks
    shown = f"{unwrapped}Examples:\n" + "\n".join(f"  {line}" for line in lines)
    return f"{shown}\n\n{note}" if note else shown


Model = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="M", help="pocket, a GGUF file, or a server's URL (http://127.0.0.1:8080/v1#name)."
    ),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Ask everything anew, also what was answered before; the answers are kept.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the last run of this command, which was interrupted.")
]
Survey = Annotated[str | None, typer.Option("--survey", metavar="S", help="A survey's name or file.")]
Html = Annotated[
    str | None,
    typer.Option("--html", metavar="FILE", help="Write a page that stands alone; - is standard output."),
]
Svg = Annotated[
    str | None, typer.Option("--svg", metavar="FILE", help="Write the main figure for a paper; - is standard output.")
]
