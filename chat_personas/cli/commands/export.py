"""`chat-personas export`: write the corpus as a dataset."""

import math
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from chat_personas.cli import options
from chat_personas.cli.errors import DONE, UsageError
from chat_personas.cli.evaluation.output import check_destination
from chat_personas.cli.opening import open_corpus
from chat_personas.cli.options import choose
from chat_personas.corpus.conversations import Rated, Selection
from chat_personas.corpus.export import FORMATS, Format, Withheld, export_stdout, export_to, withheld
from chat_personas.corpus.export.format import DirectoryFormat
from chat_personas.corpus.export.masking import Mask, masked, presidio, unmasked
from chat_personas.corpus.study_rows import SCOPES
from chat_personas.reporting.conversation_copy import HTML, MARKDOWN
from chat_personas.text import pluralize
from personas.inputs.suggestions import quoted

EXAMPLE = options.examples(
    "chat-personas export --own --format openai --out dialogues.jsonl",
    "chat-personas export --own --persona democrat --since 2026-01-01 --out -",
    "chat-personas export --study town --scope publication --format huggingface --out dataset",
    "chat-personas export --own --format html --id 01JD --out conversation.html",
)

ALL: dict[str, Format] = {**FORMATS, MARKDOWN.name: MARKDOWN, HTML.name: HTML}
"""Every format by its name."""
_FORMATS = f"{'; '.join(f'{form.name}: {form.summary}' for form in ALL.values())}."


app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


@app.callback(invoke_without_command=True)
def export(
    context: typer.Context,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="PATH",
            help="Where to write: a file, or a directory for a format of several files; - is standard output.",
        ),
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="F", help=_FORMATS)] = "openai",
    study: Annotated[str | None, typer.Option("--study", help="Only conversations of this study.")] = None,
    persona: Annotated[str | None, typer.Option("--persona", help="Only conversations with this persona.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Only conversations begun on this model.")] = None,
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
    rated: Annotated[
        str | None,
        typer.Option(
            "--rated", metavar="SCALE[>=X]", help="Only conversations rated on this scale, or with X or more."
        ),
    ] = None,
    complete: Annotated[
        bool, typer.Option("--complete", help="Only complete participations, and conversations that end complete.")
    ] = False,
    scope: Annotated[
        str, typer.Option("--scope", help="What participants must have agreed to: use, research or publication.")
    ] = "research",
    masking: Annotated[
        str,
        typer.Option("--masking", metavar="M", help="How participants' words are masked: rules, or presidio as well."),
    ] = "rules",
    no_masking: Annotated[
        bool, typer.Option("--no-masking", help="Leave addresses and numbers in participants' words.")
    ] = False,
    own: Annotated[bool, typer.Option("--own", help="Export your own conversations, too.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace PATH if it exists.")] = False,
) -> int:
    """Write conversations in a format that other programs load."""
    if context.invoked_subcommand is not None:
        return DONE
    if out is None:
        raise UsageError("name the file or the directory to write with --out; - is standard output")
    chosen = ALL[choose("--format", form, tuple(ALL))]
    selection = Selection(
        persona=persona,
        since=_day(since),
        until=_day(until),
        ids=tuple(conversation or ()),
        study=study,
        model=model,
        rated=_rated(rated),
        complete=complete,
        scope=choose("--scope", scope, SCOPES),
        own=own,
    )
    mask = _mask(choose("--masking", masking, ("rules", "presidio")), off=no_masking)
    with open_corpus(read_only=True) as corpus:
        if out == "-":
            if not export_stdout(corpus, chosen, selection, mask=mask):
                typer.echo(f"no {chosen.unit} matches; nothing was written", err=True)
            return DONE
        if not isinstance(chosen, DirectoryFormat):
            check_destination(out)
        if _exists(out) and not force:
            raise UsageError(f"{out} exists already; choose another name or add --force")
        count = export_to(corpus, chosen, selection, Path(out), force=force, mask=mask)
        stays = _what_stays(withheld(corpus, selection))
    typer.echo(f"{pluralize(count, chosen.unit)} written to {out}{stays}", err=True)
    return DONE


def _mask(how: str, *, off: bool) -> Mask:
    """Return how words are masked. Raises UsageError: masking is asked for and turned off."""
    if off and how != "rules":
        raise UsageError(f"--masking {how} and --no-masking do not go together")
    if off:
        return unmasked
    return presidio() if how == "presidio" else masked


def _what_stays(found: Withheld) -> str:
    """Say how many of the chosen conversations may not leave, if any."""
    stay = []
    if found.own:
        stay.append(f"{found.own} of your own (--own exports them)")
    if found.of_participants:
        stay.append(f"{found.of_participants} of participants (no consent to it, withdrawn or tests)")
    return f"; not exported: {', '.join(stay)}" if stay else ""


def _rated(text: str | None) -> Rated | None:
    """Return the filter that `SCALE` or `SCALE>=X` asks for. Raises UsageError: X is not a number."""
    if text is None:
        return None
    scale, above, least = text.rpartition(">=")
    if not above:
        return Rated(text.strip())
    try:
        value = float(least)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"--rated {text}: after >= stands a number, as in --rated 'realism 1-7>=5'")
    return Rated(scale.strip(), value)


def _exists(out: str) -> bool:
    """Whether there is something in a place. Raises UsageError where nothing can be there."""
    try:
        return Path(out).exists()
    except OSError as error:
        raise UsageError(f"{quoted(out)} cannot be written: {error.strerror}; choose another place") from error


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None
