"""`chat-personas export`: write the corpus as a dataset, list what left it, and know a release again."""

import json
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from chat_personas.cli import options
from chat_personas.cli.errors import CHECK_FAILED, DONE, UsageError
from chat_personas.cli.evaluation.output import check_destination
from chat_personas.cli.opening import open_corpus
from chat_personas.cli.options import choose
from chat_personas.corpus import Corpus, CorpusError
from chat_personas.corpus.conversations import Rated, Selection
from chat_personas.corpus.export import (
    Format,
    Terms,
    export_stdout,
    export_to,
    huggingface,
)
from chat_personas.corpus.export.format import DirectoryFormat
from chat_personas.corpus.export.masking import Mask, masked, presidio, unmasked
from chat_personas.corpus.releases import STANDARD_OUTPUT, ReleaseRow, recognise
from chat_personas.corpus.study_rows import SCOPES
from chat_personas.exporting import ALL
from chat_personas.paths import corpus_path, display_path
from chat_personas.text import pluralize, printable
from personas.inputs.suggestions import nearest, quoted

EXAMPLE = options.examples(
    "chat-personas export --own --format openai --out dialogues.jsonl",
    "chat-personas export --own --persona democrat --since 2026-01-01 --out -",
    "chat-personas export --study town --scope publication --format huggingface --out dataset",
    "chat-personas export --own --format html --id k3v9qx --out conversation.html",
)

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
    split: Annotated[
        bool, typer.Option("--split", help="For huggingface: train, validation and test, by participant (80, 10, 10).")
    ] = False,
    own: Annotated[bool, typer.Option("--own", help="Export your own conversations, too.")] = False,
    licence_people: Annotated[
        str | None,
        typer.Option("--licence-people", metavar="SPDX", help="Under what people's words are given, as CC-BY-4.0."),
    ] = None,
    licence_model: Annotated[
        str | None, typer.Option("--licence-model", metavar="SPDX", help="Under what the model's words are given.")
    ] = None,
    no_ledger: Annotated[
        bool, typer.Option("--no-ledger", help="Do not record the release; for your own conversations only.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace PATH if it exists.")] = False,
) -> int:
    """Write conversations in a format that other programs load."""
    if context.invoked_subcommand is not None:
        return DONE
    if out is None:
        raise UsageError("name the file or the directory to write with --out; - is standard output")
    chosen = _format(form, split=split)
    selection = Selection(
        persona=persona,
        since=_day(since),
        until=_day(until),
        ids=tuple(conversation or ()),
        study=study,
        model=model,
        rated=_rated(rated),
        complete=complete,
        scope=None if no_ledger else choose("--scope", scope, SCOPES),
        own=own,
    )
    terms = Terms(
        mask=_mask(choose("--masking", masking, ("rules", "presidio")), off=no_masking),
        masking="none" if no_masking else masking,
        licence_people=_licence("--licence-people", licence_people),
        licence_model=_licence("--licence-model", licence_model),
        recorded=not no_ledger,
    )
    if out != STANDARD_OUTPUT:
        _check_out(out, chosen, force=force)
    with _opened(recorded=not no_ledger) as corpus:
        if out == STANDARD_OUTPUT:
            written = export_stdout(corpus, chosen, selection, terms=terms)
            if not written.units:
                typer.echo(f"no {chosen.unit} matches; nothing was written", err=True)
            elif written.stays:
                typer.echo(f"not exported: {written.stays}", err=True)
            return DONE
        written = export_to(corpus, chosen, selection, Path(out), force=force, terms=terms)
    rest = f"; not exported: {written.stays}" if written.stays else ""
    typer.echo(f"{pluralize(written.units, chosen.unit)} written to {out}{rest}", err=True)
    return DONE


@app.command("verify", epilog="Example: chat-personas export verify dataset")
def verify(file: Annotated[Path, typer.Argument(metavar="FILE", help="A file or a directory.")]) -> int:
    """Say which release a file is, and whether it was altered.

    Ends with 1 where no release of this corpus has just this content.
    """
    if not file.exists():
        raise UsageError(f"there is no file {display_path(file)}")
    with open_corpus(read_only=True) as corpus:
        known = corpus.releases.all()
    try:
        found = recognise(known, file)
    except OSError as error:
        raise UsageError(f"{display_path(file)} cannot be read: {error.strerror}") from error
    if found.release is None:
        print(f"no release has this content, and none wrote a file of this name ({pluralize(len(known), 'release')})")
        return CHECK_FAILED
    if not found.altered:
        print("\n".join(map(printable, described(found.release))))
        print("unaltered: its content is that of the release")
        return DONE
    when = found.release.created_at.strftime("%Y-%m-%d %H:%M UTC")
    print(
        printable(f"no release has this content; the release of {when} wrote {found.release.file} ({found.release.id})")
    )
    if found.differing:
        print(printable(f"altered, missing or added: {', '.join(found.differing)}"))
    return CHECK_FAILED


@app.command("releases", epilog="Example: chat-personas export releases")
def releases() -> int:
    """List what left the corpus, oldest first."""
    with open_corpus(read_only=True) as corpus:
        known = corpus.releases.all()
    for release in known:
        print("\n".join(map(printable, described(release))))
    if not known:
        typer.echo("no release yet", err=True)
    return DONE


def described(release: ReleaseRow) -> Iterator[str]:
    """Yield the lines that say what a release holds, on what terms, and of what it was chosen."""
    counted, chosen = release.counted, release.chosen
    when = release.created_at.strftime("%Y-%m-%d %H:%M UTC")
    name = "standard output" if release.file == STANDARD_OUTPUT else release.file
    yield f"{release.id}  {when}  {release.format}  {name}"
    what = f"{pluralize(counted['conversations'], 'conversation')}, {counted['of_participants']} of them of"
    yield f"  {what} {pluralize(counted['participants'], 'participant')}"
    if not counted.get("whole", True):
        yield "  cut short: whoever read standard output stopped reading"
    yield f"  chosen: {', '.join(f'{name} {json.dumps(value)}' for name, value in chosen.items())}"
    people, model = (licence or "not stated" for licence in (release.licence_people, release.licence_model))
    yield f"  licence of people's words: {people}; of the model's words: {model}"
    if release.model_terms:
        yield f"  terms of the models: {release.model_terms}"
    yield f"  SHA-256 {release.sha256}"


def _format(name: str, *, split: bool) -> Format:
    """Return a format. Raises UsageError: there is none of this name, or it has no splits."""
    if split and name != huggingface.SPLIT.name:
        raise UsageError(f"--split is for --format {huggingface.SPLIT.name}; {name} has no splits")
    if name not in ALL:
        formats = f"the formats are {', '.join(ALL)}"
        near = "" if (found := nearest(name, ALL)) is None else f" (did you mean {quoted(found)}?)"
        raise UsageError(f"--format {name}: there is no such format{near}; {formats}")
    return huggingface.SPLIT if split else ALL[name]


@contextmanager
def _opened(*, recorded: bool) -> Iterator[Corpus]:
    """Open the corpus so that the release can be recorded. Raises CorpusError: it cannot be, or there is none yet."""
    if not recorded or not corpus_path().exists():  # which is said where it is opened for reading
        with open_corpus(read_only=True) as corpus:
            yield corpus
        return
    if not os.access(corpus_path(), os.W_OK) or not os.access(corpus_path().parent, os.W_OK):
        raise CorpusError(
            "the corpus cannot be written, so the release cannot be recorded; make it writable, or export your own "
            "conversations with --no-ledger"
        )
    with open_corpus() as corpus:
        yield corpus


def _check_out(out: str, form: Format, *, force: bool) -> None:
    """Raise UsageError where nothing can be written to a place, or something is there already."""
    if not isinstance(form, DirectoryFormat):
        check_destination(out)
    if _exists(out) and not force:
        raise UsageError(f"{out} exists already; choose another name or add --force")


def _licence(option: str, name: str | None) -> str | None:
    """Return a licence. Raises UsageError: it is not written as SPDX writes licences."""
    if name is not None and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*", name) is None:
        raise UsageError(f"{option} {name}: give the SPDX name of a licence, as CC-BY-4.0 (https://spdx.org/licenses)")
    return name


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


def _mask(how: str, *, off: bool) -> Mask:
    """Return how words are masked. Raises UsageError: masking is asked for and turned off."""
    if off and how != "rules":
        raise UsageError(f"--masking {how} and --no-masking do not go together")
    if off:
        return unmasked
    return presidio() if how == "presidio" else masked


def _exists(out: str) -> bool:
    """Whether there is something in a place. Raises UsageError where nothing can be there."""
    try:
        return Path(out).exists()
    except OSError as error:
        raise UsageError(f"{quoted(out)} cannot be written: {error.strerror}; choose another place") from error


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None
