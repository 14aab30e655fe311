"""Options that several commands share, worded once."""

from typing import Annotated

import typer


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
