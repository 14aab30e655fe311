"""`chat-personas cache`: show and clear the cached answers of models."""

import sys
from typing import Annotated

import typer

from chat_personas.cli.errors import DONE, UsageError
from chat_personas.cli.options import Unasked, command_group
from chat_personas.engines.cached import AnswerStore
from chat_personas.engines.cached.store import DamagedCacheError, remove, size_of
from chat_personas.paths import answers_path, display_path
from chat_personas.text import pluralize, printable
from personas.inputs.suggestions import quoted, suggestion

app = command_group("chat-personas cache show")


@app.command("show", epilog="Example: chat-personas cache show")
def show() -> int:
    """Print where answers are cached, and how many per model."""
    path = answers_path()
    if not path.exists():
        print(f"no cached answers yet; they will be in {display_path(path)}")
        return DONE
    store = AnswerStore.open(path)
    try:
        models = store.models()
    finally:
        store.close()
    answers = pluralize(sum(model.answers for model in models), "answer")
    print(f"{display_path(path)}, {size_of(path) / 1e6:.1f} MB, {answers}")
    for model in models:
        print(f"{model.answers:8}  {model.oldest[:10]} to {model.newest[:10]}  {printable(model.name)}")
    return DONE


@app.command("clear", epilog="Example: chat-personas cache clear --yes")
def clear(
    model: Annotated[
        str | None, typer.Option("--model", metavar="M", help="Only answers of this model, as named by cache show.")
    ] = None,
    yes: Unasked = False,
) -> int:
    """Remove cached answers: all of them, or one model's.

    Reports stay as they are.
    """
    path = answers_path()
    if not path.exists():
        typer.echo("no cached answers", err=True)
        return DONE
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise UsageError("removed answers have to be asked for again; add --yes to agree")
        whose = f"of {model} " if model else ""
        if not typer.confirm(f"Remove the cached answers {whose}for good? They have to be asked for again.", err=True):
            typer.echo("nothing was removed", err=True)
            return DONE
    try:
        store = AnswerStore.open(path)
    except DamagedCacheError:
        remove(path)
        typer.echo("removed the file, which was damaged", err=True)
        return DONE
    try:
        if model is not None and model not in (known := [each.name for each in store.models()]):
            likely = suggestion(model, known, "see: chat-personas cache show")
            raise UsageError(f"no cached answers of {quoted(model)}; {likely}")
        typer.echo(f"removed {pluralize(store.clear(model), 'answer')}", err=True)
    finally:
        store.close()
    return DONE
