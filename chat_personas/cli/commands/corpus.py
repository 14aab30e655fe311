"""`chat-personas corpus`: list, search, read, rate and delete conversations; check, copy and merge the whole."""

import json
import math
import sys
from contextlib import aclosing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chat_personas.cli.errors import CHECK_FAILED, DONE, UsageError
from chat_personas.cli.evaluation.output import STANDARD_OUTPUT, Destinations, check_destination
from chat_personas.cli.evaluation.sources import check_not_read, given_files, own_files
from chat_personas.cli.opening import open_corpus
from chat_personas.cli.options import Html, Model, Template, Unasked, command_group
from chat_personas.cli.progress import progress_bar, while_busy
from chat_personas.corpus import Corpus
from chat_personas.corpus.conversations import Selection
from chat_personas.corpus.measurements import range_of, scale_meant
from chat_personas.corpus.rows import ConversationRow, RatingRow, ReplyModel, ReplyPersona
from chat_personas.engines.open import open_engine, with_template
from chat_personas.paths import corpus_path, display_path, log_path
from chat_personas.reporting.wording.conversations import (
    OF_A_PARTICIPANT,
    for_deletion,
    how_it_ended,
    speaker_of,
    thought_in_short,
    traces_left,
)
from chat_personas.reporting.wording.measurements import recorded_model
from chat_personas.settings import Settings, load_settings
from chat_personas.storage.files import output_errors
from chat_personas.text import pluralize, printable
from chat_personas.tui.leaving import run_unwaited
from personas.inputs.suggestions import quoted

if TYPE_CHECKING:
    from chat_personas.conversation.audit import AuditedReply

app = command_group("chat-personas corpus list")

COUNTS_SCHEMA = "chat-personas/corpus-counts@1"
SHOWN = ("conversations", "messages", "measurements", "ratings")
"""The tables whose new rows are counted on the screen."""

Id = Annotated[
    str, typer.Argument(metavar="ID", help="A conversation's short name, as corpus list has it, or its key.")
]


@app.command("list", epilog="Example: chat-personas corpus list --persona democrat")
def list_conversations(
    persona: Annotated[str | None, typer.Option("--persona", help="Only conversations with this persona.")] = None,
) -> int:
    """List conversations, the most recent first."""
    from chat_personas.cli.tables.corpus import listed
    from chat_personas.cli.tables.layout import width_of_terminal

    with open_corpus(read_only=True) as corpus:
        corpus.require_persona(persona)
        names, width = corpus.short_names(), width_of_terminal()
        for found in corpus.conversations(Selection(persona=persona)):
            for line in listed(found, names[found.id], _moment(found.active_at), width):
                print(line)
    return DONE


@app.command("search", epilog="Example: chat-personas corpus search 'gun laws'")
def search(words: Annotated[str, typer.Argument(metavar="WORDS", help="Words that all occur in a message.")]) -> int:
    """Find messages by their words."""
    with open_corpus(read_only=True) as corpus:
        hits, names = list(corpus.search(words)), corpus.short_names()
        for hit in hits:
            excerpt = " ".join(printable(hit.excerpt).split())
            print(f"{names[hit.conversation_id]:6}  {hit.persona_name:20} {hit.role:9} {excerpt}")
    if not hits:
        typer.echo("nothing found", err=True)
    return DONE


@app.command("show", epilog="Example: chat-personas corpus show k3v9qx")
def show(
    conversation: Id,
    thoughts: Annotated[
        bool, typer.Option("--thoughts", help="Print also what the model thought before its replies.")
    ] = False,
) -> int:
    """Print a conversation: the branch last shown on the screen.

    Each message has its time, in local time. Replies that were stopped or broke off say so; so do messages with several
    versions, replies of another model or under another prompt than the one before, and the copies with which a fork
    begins.
    """
    with open_corpus(read_only=True) as corpus:
        found = corpus.conversation(conversation)
        names, began_on = corpus.short_names(), recorded_model(found.model, found.prompt_format)
        about = f"{printable(found.persona_name)} on {began_on}"
        fork = f"  forked from {names.get(found.forked_from, found.forked_from)}" if found.forked_from else ""
        print(f"{printable(found.title)}\n{names[found.id]}  {about}  (key {found.id}){fork}\n")
        if (leaf := found.active_leaf_id) is None:
            return DONE
        thought_before, places, models = corpus.thoughts(leaf), corpus.places(leaf), corpus.models(leaf)
        personas, of_participants, before = corpus.personas(leaf), corpus.participants_words(leaf), None
        first = prompt = ReplyPersona(found.persona_name, found.persona_sha256, found.system_prompt)
        for message in corpus.branch(leaf):
            persona = personas.get(message.id, first)
            speaker = speaker_of(message, persona.name, of_participants)
            remarks = [_moment(message.created_at)]
            remarks += ["copy"] if message.copy_of is not None else []
            remarks += how_it_ended(message)
            remarks += ["version {} of {}".format(*places[message.id])] if message.id in places else []
            if (model := models.get(message.id)) is not None:
                made_by = recorded_model(*model.asked)
                remarks += [f"by {made_by}"] if _changes(model, before, found) else []
                remarks += ["under another prompt"] if persona.system_prompt != prompt.system_prompt else []
                before, prompt = model, persona
            if (thought := thought_before.get(message.id)) is not None:
                remarks.append(thought_in_short(thought.text, thought.seconds))
                if thoughts:
                    print(f"{speaker}, thinking: {printable(thought.text.strip())}\n")
            print(f"{speaker} ({', '.join(remarks)}): {printable(message.text)}\n")
    return DONE


def _changes(model: ReplyModel, before: ReplyModel | None, began: ConversationRow) -> bool:
    """Whether a reply is of another model, or of one asked otherwise, than the one before or than it all began with."""
    if before is None:
        return model.template is not None or (model.name, model.prompt_format) != (began.model, began.prompt_format)
    return not model.asked_as(before)


def _moment(when: datetime) -> str:
    return when.astimezone().strftime("%Y-%m-%d %H:%M")


@app.command("rename", epilog="Example: chat-personas corpus rename k3v9qx 'Guns, first try'")
def rename(
    conversation: Id, title: Annotated[str, typer.Argument(metavar="TITLE", help="What it is called from now on.")]
) -> int:
    """Give a conversation another title."""
    with open_corpus() as corpus:
        corpus.rename(corpus.conversation(conversation).id, " ".join(title.split()))
    typer.echo("renamed", err=True)
    return DONE


@app.command("delete", epilog="Example: chat-personas corpus delete k3v9qx")
def delete(
    conversation: Id,
    yes: Unasked = False,
) -> int:
    """Delete a conversation and its measurements for good."""
    with open_corpus() as corpus:
        found = corpus.conversation(conversation)
        if not yes:
            if sys.stdin is None or not sys.stdin.isatty():
                raise UsageError("deleting cannot be undone; add --yes to agree")
            named = for_deletion(found.title, len(corpus.deleted_with(found.id)))
            remark = f" {OF_A_PARTICIPANT}" if corpus.studies.is_talk(found.id) else ""
            if not typer.confirm(f"Delete {named!r} for good? This cannot be undone.{remark}", err=True):
                typer.echo("nothing was deleted", err=True)
                return DONE
        why_left = corpus.delete(found.id)
    typer.echo(printable(f"deleted{traces_left(why_left)}"), err=True)
    return DONE


@app.command("withdraw", epilog="Example: chat-personas corpus withdraw 01JD")
def withdraw(
    participant: Annotated[
        str | None, typer.Argument(metavar="PARTICIPANT", help="A participant's key, or its first characters.")
    ] = None,
    recruiter_id: Annotated[
        str | None, typer.Option("--recruiter-id", metavar="ID", help="The participant whom a recruiter calls so.")
    ] = None,
    named: Annotated[
        str | None, typer.Option("--participant", metavar="X", help="The participant whom you call so.")
    ] = None,
    yes: Unasked = False,
) -> int:
    """Delete everything of a participant of a study, for good.

    What the person said, answered, guessed and rated goes; a tombstone without words stays. What others hold already is
    listed: it cannot be deleted from here.
    """
    if sum(each is not None for each in (participant, recruiter_id, named)) != 1:
        raise UsageError("give the key of a participant, --participant or --recruiter-id")
    from chat_personas.cli.tables.corpus import withdrawn

    with open_corpus() as corpus:
        if participant is not None:
            people = [corpus.participant_key(participant)]
        else:
            kind, value = ("participant", named) if named is not None else ("recruiter", recruiter_id or "")
            people = [row.id for row in corpus.studies.identified(kind, value)]
            if not people:
                raise UsageError(f"no participant has the {kind}'s identifier {quoted(value)}")
        if not yes:
            if sys.stdin is None or not sys.stdin.isatty():
                raise UsageError("a withdrawal cannot be undone; add --yes to agree")
            if not typer.confirm(f"Delete everything of {', '.join(people)} for good?", err=True):
                typer.echo("nothing was deleted", err=True)
                return DONE
        for person in people:
            withdrawal, why_left = corpus.withdraw_participant(person)
            print("\n".join(map(printable, withdrawn(withdrawal, corpus.releases.holding(person)))))
    removed = _remove_logs()
    print(f"log files removed: {', '.join(removed)}" if removed else "there was no log file")
    print("backups, copies and corpora merged from this one before now still hold the words: delete or withdraw there")
    typer.echo(printable(f"withdrawn{traces_left(why_left)}"), err=True)
    return DONE


def _remove_logs() -> list[str]:
    """Remove the log files: their lines do not say of whom they are. Return their names. Raises OutputError."""
    files = [file for file in (log_path(), log_path().with_suffix(".log.old")) if file.exists()]
    for file in files:
        with output_errors(display_path(file)):
            file.unlink()
    return [file.name for file in files]


@app.command("rate", epilog="Example: chat-personas corpus rate k3v9qx --turn 2 --scale 'realism 1-7' --value 5")
def rate(
    conversation: Id,
    turn: Annotated[int, typer.Option("--turn", min=1, metavar="N", help="Which reply, from 1; see corpus show.")],
    scale: Annotated[
        str,
        typer.Option("--scale", metavar="NAME", help="What is rated, and from what to what: a range at its end binds."),
    ],
    value: Annotated[float, typer.Option("--value", metavar="X", help="The rating, within the range of the scale.")],
    comment: Annotated[str | None, typer.Option("--comment", metavar="TEXT", help="Words about it.")] = None,
) -> int:
    """Rate a reply of the branch last shown on the screen.

    A reply can be rated several times, on several scales: every rating is kept. Where the name of the scale ends in a
    range, such as 1-7, 0-100 or 1 to 7, a value outside it is refused; a scale that has one may be named without it.
    """
    if not math.isfinite(value):
        raise UsageError("--value must be a number")
    with open_corpus() as corpus:
        on = scale_meant(scale, corpus.scales())
        if (ends := range_of(on)) is not None and not ends[0] <= value <= ends[1]:
            raise UsageError(f"--value {value:g} is outside the scale, which goes from {ends[0]:g} to {ends[1]:g}")
        found = corpus.conversation(conversation)
        branch = corpus.branch(found.active_leaf_id) if found.active_leaf_id else ()
        replies = [message for message in branch if message.role == "assistant"]
        if turn > len(replies):
            there = pluralize(len(replies), "reply", "replies")
            raise UsageError(f"there is no reply {turn}: {found.id} has {there}")
        corpus.add_rating(RatingRow(message_id=replies[turn - 1].id, scale=on, value=value, comment=comment))
    meant = "" if on == scale else f" on the scale {printable(on)}"
    typer.echo(f"rated: reply {turn} of {len(replies)}{meant}", err=True)
    return DONE


@app.command("stats", epilog="Example: chat-personas corpus stats")
def stats(
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the counts as JSON; - is standard output.")
    ] = None,
) -> int:
    """Count conversations, messages, words and measurements."""
    from chat_personas.cli.tables.corpus import counted

    destinations = Destinations(json_file)
    destinations.check()
    with open_corpus(read_only=True) as corpus:
        rows = corpus.counts()
    lines = [line for row in rows for line in counted(row)] or ["no conversation yet"]
    print("\n".join(lines), file=sys.stderr if destinations.take_standard_output else sys.stdout)
    document = {"schema": COUNTS_SCHEMA, "counts": [row.model_dump() for row in rows]}
    destinations.write({"--json": lambda: json.dumps(document, ensure_ascii=False, indent=2)})
    return DONE


@app.command("describe", epilog="Example: chat-personas corpus describe --study neighbours --html description.html")
def describe(
    study: Annotated[
        str | None, typer.Option("--study", metavar="NAME", help="Only what belongs to this study.")
    ] = None,
    margins: Annotated[
        str | None,
        typer.Option(
            "--margins",
            metavar="NAME|FILE",
            help="The shares of a population with source and year: compare and weight the sample. us-adults comes with "
            "the program; a file is TOML or JSON.",
        ),
    ] = None,
    tests: Annotated[bool, typer.Option("--tests", help="Describe rehearsals and trials, and nobody else.")] = False,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the description as JSON; - is standard output.")
    ] = None,
    html: Html = None,
) -> int:
    """Describe who took part, how carefully, and what was said.

    Tests and those who have withdrawn are left out and counted.
    """
    from chat_personas.cli.tables.corpus import print_description
    from chat_personas.reporting.corpus_description import page_document
    from chat_personas.studies import description
    from chat_personas.studies.sample import find_margins

    destinations = Destinations(json_file, html=html, private=True)
    destinations.check({"--margins": given_files(margins)})
    population = None if margins is None else find_margins(margins)
    with open_corpus(read_only=True) as corpus:
        found = while_busy("reading the corpus…", lambda: description.describe(corpus, study, population, tests=tests))
    try:
        destinations.write({"--json": found.to_json, "--html": lambda: page_document(found)})
    finally:
        print_description(found, to_error=destinations.take_standard_output)
    return DONE


@app.command("doctor", epilog="Example: chat-personas corpus doctor")
def doctor() -> int:
    """Check that the corpus is sound.

    Pages, references, the full-text index, the hashes of studies, and what its rows say together. Ends with 1 and a
    line for each problem.
    """
    with open_corpus() as corpus:
        found = corpus.problems()
        counted = corpus.counts()
    if found:
        print("\n".join(map(printable, found)))
        typer.echo("keep a copy before anything else: chat-personas corpus backup FILE", err=True)
        return CHECK_FAILED
    conversations, messages = (sum(getattr(row, name) for row in counted) for name in ("conversations", "messages"))
    replies = sum(row.replies for row in counted)
    print(f"sound: {pluralize(conversations, 'conversation')}, {pluralize(messages + replies, 'message')}")
    return DONE


@app.command("audit", epilog="Example: chat-personas corpus audit 01JD --model pocket")
def audit(
    conversations: Annotated[
        list[str] | None, typer.Argument(metavar="[ID...]", help="Conversations, or their first characters.")
    ] = None,
    model: Model = None,
    template: Template = None,
) -> int:
    """Generate logged replies again and compare them.

    They come from their seeds and the model file. Without an ID it goes through all conversations. Replies that were
    stopped or broke off are compared as far as they came. Ends with 1 if one differs.
    """
    from chat_personas.cli.tables.corpus import audited

    settings = with_template(load_settings(), model, template)
    with open_corpus(read_only=True) as corpus:
        chosen = [corpus.conversation(each).id for each in conversations or ()] or list(corpus.conversation_ids())
        found = run_unwaited(_audited(corpus, chosen, model or settings.model, settings))
    print("\n".join(map(printable, audited(found))))
    return CHECK_FAILED if any(each.finding == "differs" for each in found) else DONE


async def _audited(corpus: Corpus, chosen: list[str], model: str, settings: Settings) -> "list[AuditedReply]":
    """Audit conversations one after the other, with a bar that counts their replies."""
    from chat_personas.conversation.audit import Audit

    total = sum(len(corpus.replies(each)) for each in chosen)
    found: list[AuditedReply] = []
    auditing = Audit(corpus, partial(open_engine, model, settings))
    try:
        with progress_bar("regenerating replies") as advance:
            advance(0, total)
            for each in chosen:
                async with aclosing(auditing.replies(each)) as replies:
                    async for reply in replies:
                        found.append(reply)
                        advance(len(found), total)
    finally:
        await auditing.close()
    return found


@app.command("backup", epilog="Example: chat-personas corpus backup corpus-2026-11-28.db")
def backup(
    out: Annotated[str, typer.Argument(metavar="FILE", help="Where to write the copy.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
) -> int:
    """Copy the whole corpus as it is now.

    Programs may write to it meanwhile.
    """
    if out == STANDARD_OUTPUT:
        raise UsageError("a database cannot be written to standard output; name a file")
    check_not_read("FILE", Path(out), (own_files(),))
    check_destination(out)
    if Path(out).exists() and not force:
        raise UsageError(f"{out} exists already; choose another name or add --force")
    with open_corpus(read_only=True) as corpus, output_errors(out):
        corpus.back_up(Path(out))
    typer.echo(f"written to {out}", err=True)
    return DONE


@app.command("merge", epilog="Example: chat-personas corpus merge laptop.db classroom.db")
def merge(files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Corpora of other machines.")]) -> int:
    """Add what other corpora hold to this one.

    What is here already stays as it is. A row that both have with another content is a conflict: it is named, ours
    stays, and the command ends with 1. Participants who withdrew there and not here are named likewise.
    """
    conflicts = 0
    with open_corpus() as corpus:
        for file in files:
            merged = corpus.merge(Path(file))
            added = ", ".join(pluralize(merged.added[table], table[:-1]) for table in SHOWN)
            typer.echo(printable(f"{file}: {added} added; {pluralize(merged.known, 'row')} known already"), err=True)
            for table, key in merged.conflicts:
                print(printable(f"{file}: {table} {key} differs from ours, which stays"))
            for person in merged.withdrawn_there:
                print(f"{file}: {person} withdrew there and is still here; run: chat-personas corpus withdraw {person}")
            conflicts += len(merged.conflicts) + len(merged.withdrawn_there)
    return CHECK_FAILED if conflicts else DONE


@app.command("path", epilog='Example: sqlite3 "$(chat-personas corpus path)" "select count(*) from messages"')
def path() -> int:
    """Print the path of the corpus, an SQLite database."""
    print(corpus_path())
    return DONE
