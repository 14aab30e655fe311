"""`chat-personas corpus`: list, search, read and delete conversations."""

import sys
from typing import Annotated

import typer

from chat_personas.cli.errors import DONE, UsageError
from chat_personas.cli.opening import open_corpus
from chat_personas.cli.options import command_group
from chat_personas.corpus.conversations import Selection
from chat_personas.paths import corpus_path
from chat_personas.reporting.wording import STATUS, thought_in_short
from chat_personas.text import pluralize, printable

app = command_group("chat-personas corpus list")

Id = Annotated[str, typer.Argument(metavar="ID", help="A conversation's id, or its first characters.")]


@app.command("list", epilog="Example: chat-personas corpus list --persona democrat")
def list_conversations(
    persona: Annotated[str | None, typer.Option("--persona", help="Only conversations with this persona.")] = None,
) -> int:
    """List conversations, the most recent first."""
    with open_corpus(read_only=True) as corpus:
        corpus.require_persona(persona)
        for found in corpus.conversations(Selection(persona=persona)):
            when = found.active_at.astimezone().strftime("%Y-%m-%d %H:%M")
            counts = f"{pluralize(found.messages, 'message'):>13} {pluralize(found.measurements, 'measurement'):>16}"
            print(f"{found.id}  {when}  {found.persona_name:20} {counts}  {printable(found.title)}")
    return DONE


@app.command("search", epilog="Example: chat-personas corpus search 'gun laws'")
def search(words: Annotated[str, typer.Argument(metavar="WORDS", help="Words that all occur in a message.")]) -> int:
    """Find messages by their words."""
    with open_corpus(read_only=True) as corpus:
        hits = list(corpus.search(words))
        for hit in hits:
            excerpt = " ".join(printable(hit.excerpt).split())
            print(f"{hit.conversation_id}  {hit.persona_name:20} {hit.role:9} {excerpt}")
    if not hits:
        typer.echo("nothing found", err=True)
    return DONE


@app.command("show", epilog="Example: chat-personas corpus show 01JD")
def show(
    conversation: Id,
    thoughts: Annotated[
        bool, typer.Option("--thoughts", help="Print also what the model thought before its replies.")
    ] = False,
) -> int:
    """Print a conversation: the branch last shown on the screen."""
    with open_corpus(read_only=True) as corpus:
        found = corpus.conversation(conversation)
        print(f"{printable(found.title)}\n{found.id}  {found.persona_name} on {found.model}\n")
        thought_before = corpus.thoughts(found.active_leaf_id) if found.active_leaf_id else {}
        for message in corpus.branch(found.active_leaf_id) if found.active_leaf_id else ():
            speaker = "You" if message.role == "user" else found.persona_name
            remarks = [STATUS[message.status]] if message.status in STATUS else []
            if (thought := thought_before.get(message.id)) is not None:
                remarks.append(thought_in_short(thought.text, thought.seconds))
                if thoughts:
                    print(f"{speaker}, thinking: {printable(thought.text.strip())}\n")
            if not message.text.strip():
                remarks.append("no text")
            remark = f" ({', '.join(remarks)})" if remarks else ""
            print(f"{speaker}{remark}: {printable(message.text)}\n")
    return DONE


@app.command("delete", epilog="Example: chat-personas corpus delete 01JD")
def delete(
    conversation: Id,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> int:
    """Delete a conversation and its measurements for good."""
    with open_corpus() as corpus:
        found = corpus.conversation(conversation)
        if not yes:
            if sys.stdin is None or not sys.stdin.isatty():
                raise UsageError("deleting cannot be undone; add --yes to agree")
            if not typer.confirm(f"Delete {printable(found.title)!r} for good? This cannot be undone.", err=True):
                typer.echo("nothing was deleted", err=True)
                return DONE
        erased = corpus.delete(found.id)
    traces = "" if erased else "; traces of its text remain until the other program that has the corpus open closes it"
    typer.echo(f"deleted{traces}", err=True)
    return DONE


@app.command("path", epilog='Example: sqlite3 "$(chat-personas corpus path)" "select count(*) from messages"')
def path() -> int:
    """Print the path of the corpus, an SQLite database."""
    print(corpus_path())
    return DONE
