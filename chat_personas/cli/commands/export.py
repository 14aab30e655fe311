"""`chat-personas export`: write the corpus as a dataset."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from chat_personas.cli import options
from chat_personas.cli.errors import DONE, UsageError
from chat_personas.cli.evaluation.output import check_destination
from chat_personas.cli.opening import open_corpus
from chat_personas.cli.options import choose
from chat_personas.corpus.conversations import Selection
from chat_personas.corpus.export import FORMATS, Format, export_stdout, export_to
from chat_personas.corpus.export.format import DirectoryFormat
from chat_personas.reporting.conversation_copy import HTML, MARKDOWN
from chat_personas.text import pluralize
from personas.inputs.suggestions import quoted

EXAMPLE = options.examples(
    "chat-personas export --format openai --out dialogues.jsonl",
    "chat-personas export --format openai --persona democrat --since 2026-01-01 --out -",
    "chat-personas export --format csv --out tables",
    "chat-personas export --format html --id k3v9qx --out conversation.html",
)

ALL: dict[str, Format] = {**FORMATS, MARKDOWN.name: MARKDOWN, HTML.name: HTML}
"""Every format by its name."""
_FORMATS = f"{'; '.join(f'{form.name}: {form.summary}' for form in ALL.values())}."


def export(
    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="PATH",
            help="Where to write: a file, or a directory for a format of several files; - is standard output.",
        ),
    ],
    form: Annotated[str, typer.Option("--format", metavar="F", help=_FORMATS)] = "openai",
    persona: Annotated[str | None, typer.Option("--persona", help="Only conversations with this persona.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], help="Only conversations begun on or after this day (UTC)."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="Only conversations begun on or before this day (UTC)."),
    ] = None,
    conversation: Annotated[
        list[str] | None, typer.Option("--id", metavar="ID", help="Only this conversation; may be given several times.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace PATH if it exists.")] = False,
) -> int:
    """Write conversations in a format that other programs load."""
    chosen = ALL[choose("--format", form, tuple(ALL))]
    selection = Selection(persona=persona, since=_day(since), until=_day(until), ids=tuple(conversation or ()))
    with open_corpus(read_only=True) as corpus:
        if out == "-":
            if not export_stdout(corpus, chosen, selection):
                typer.echo(f"no {chosen.unit} matches; nothing was written", err=True)
            return DONE
        if not isinstance(chosen, DirectoryFormat):
            check_destination(out)
        if _exists(out) and not force:
            raise UsageError(f"{out} exists already; choose another name or add --force")
        count = export_to(corpus, chosen, selection, Path(out), force=force)
    typer.echo(f"{pluralize(count, chosen.unit)} written to {out}", err=True)
    return DONE


def _exists(out: str) -> bool:
    """Whether there is something in a place. Raises UsageError where nothing can be there."""
    try:
        return Path(out).exists()
    except OSError as error:
        raise UsageError(f"{quoted(out)} cannot be written: {error.strerror}; choose another place") from error


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None
