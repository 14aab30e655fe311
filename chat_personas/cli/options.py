"""Options that several commands share, worded once."""

from typing import Annotated

import typer

Model = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="M", help="pocket, a GGUF file, or a server's URL (http://127.0.0.1:8080/v1#name)."
    ),
]
Survey = Annotated[str | None, typer.Option("--survey", metavar="S", help="A survey's name or file.")]
