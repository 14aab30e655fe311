"""The mode for screen readers: a conversation in prompted lines, sentences and slash commands.

Nothing moves the cursor, erases or is drawn: what was written stays where it is and can be read again. It is the third
face of the same conversation and monitor, beside the screen and the line mode, and everything goes to standard output,
in the order in which it happens.

Lines are read as the terminal gives them, with its own line editing. Readline is not used: it moves the cursor and
erases (`ESC [ C`, `ESC [ K`), and where it is told that the terminal cannot do that, it writes long lines over
themselves.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from chat_personas.cli.accessible.dialogue import (
    Action,
    Dialogue,
    LeftError,
    NotDoneError,
    Opened,
    Replies,
    as_sentence,
    chosen_number,
)
from chat_personas.cli.accessible.measuring import Measuring
from chat_personas.cli.errors import DONE, UsageError
from chat_personas.cli.launch import Launch
from chat_personas.cli.line_mode import StandardInputMode, turn_knob
from chat_personas.conversation.conversation import (
    Conversation,
)
from chat_personas.conversation.slash_commands import (
    SlashCommandError,
    asked,
    by_subject,
    message_of,
    named,
)
from chat_personas.corpus import Corpus, Selection
from chat_personas.corpus.rows import ConversationSummary, MessageRow, RatingRow
from chat_personas.reporting.in_sentences import (
    model_in_sentences,
)
from chat_personas.reporting.wording import (
    not_followed,
    own_text,
)
from chat_personas.text import pluralize, printable
from chat_personas.tui.session import Session
from personas.errors import ReportedError

if TYPE_CHECKING:
    from eval.engine import Engine

PROMPT, MORE, NEW_TEXT = "You: ", "More: ", "New text: "
END, CANCEL = "/end", "/cancel"
LISTED = 20
"""Conversations, or messages found, that are read at once."""


class AccessibleMode(StandardInputMode):
    """A conversation in sentences, over standard input and output."""

    def __init__(self, launch: Launch, *, measure: bool) -> None:
        """Prepare; `measure` measures although the settings say no."""
        super().__init__()
        self._session = Session(launch)
        self._opened = Opened(self._session)
        self._dialogue = Dialogue(self._stop_now, lambda: self._replies.running)
        self._measuring = Measuring(self._opened, self._dialogue, wanted=measure)
        self._replies = Replies(self._opened, self._dialogue, self._measuring.measure)
        self._listed: tuple[str, ...] = ()
        self._scale = ""
        self.commands: Mapping[str, Action] = {
            "stop": self._stop,
            "again": self._again,
            "edit": self._edit,
            "versions": self._versions,
            "paste": self._paste,
            "copy": self._copy,
            "thought": self._thought,
            "prompt": self._prompt,
            "rate": self._rate,
            **self._measuring.actions,
            "persona": self._persona,
            "personas": self._personas,
            "model": self._model,
            "steer": self._steer,
            "new": self._new,
            "list": self._list,
            "search": self._search,
            "open": self._open,
            "rename": self._rename,
            "export": self._export,
            "delete": self._delete,
            "help": self._help,
            "quit": self._quit,
        }

    async def _talk(self) -> int:
        if sys.stdin is None:
            raise UsageError("there is no standard input to read messages from; give one, one message per line")
        try:
            async with self._dialogue.listening(sys.stdin.fileno()):
                await self._begin()
                await self._take_turns()
        finally:
            said = self._session.conversation is not None and bool(self._session.conversation.path)
            await self._session.close()
        if self._session.failure is not None:
            raise self._session.failure
        self._say("Left. What was said is kept." if said else "Left.")
        return DONE

    @property
    def _launch(self) -> Launch:
        return self._opened.launch

    @property
    def _conversation(self) -> Conversation:
        return self._opened.conversation

    @property
    def _corpus(self) -> Corpus:
        return self._opened.corpus

    @property
    def _engine(self) -> "Engine":
        return self._opened.engine

    def _say(self, *lines: str) -> None:
        self._dialogue.say(*lines)

    # From the beginning to the end

    async def _begin(self) -> None:
        """Open everything, and say what is there."""
        session, resume = self._session, self._launch.resume
        settings = await session.load_settings()
        self._measuring.wanted = self._measuring.wanted or settings.measure
        if resume is None:
            await session.open_persona()
        if self._measuring.wanted:
            await asyncio.to_thread(lambda: self._launch.loaded_survey)  # a wrong name comes out before the model opens
        corpus = await session.open_corpus()
        if resume is not None:
            corpus.conversation(resume)
        self._say("chat-personas, the mode for screen readers. /help lists the commands. /quit leaves.")
        self._say(f"Opening the model {self._launch.shown_model}.")
        await session.open_engine()
        self._say(*model_in_sentences(self._engine.info))
        await (session.begin() if resume is None else session.resume(resume))
        self._introduce()
        await self._measuring.measure()

    def _introduce(self) -> None:
        """Say which conversation this is, with its last two messages."""
        conversation = self._conversation
        name = printable(conversation.persona.title)
        if not conversation.path:
            self._say(f"A new conversation with: {name}.")
        else:
            self._say(
                f"Conversation: {printable(conversation.title)}. With: {name}. "
                f"{pluralize(len(conversation.path), 'message')}; these are the last."
            )
            self._read_messages(2)
        tables = own_text(conversation.persona)
        if self._engine.info.demonstration and tables:
            self._say(f"The demonstration model {not_followed(tables)}.")
        if self._measuring.obstacle is not None:
            self._say(self._measuring.obstacle)

    def _read_messages(self, count: int) -> None:
        conversation = self._conversation
        for message in conversation.path[-count:]:
            speaker = "You" if message.role == "user" else printable(conversation.persona.title)
            self._say(f"{speaker}: {message.text}")

    async def _take_turns(self) -> None:
        """Take line after line until the person leaves. An error is a sentence, and ends nothing."""
        while True:
            try:
                await self._do(await self._dialogue.ask(PROMPT))
            except LeftError:
                return
            except NotDoneError as error:
                self._say(str(error))
            except (ReportedError, SlashCommandError) as error:
                self._say(as_sentence(error))

    async def _do(self, line: str) -> None:
        """Do what a line asks for, or send it."""
        if not line.strip():
            return
        found = asked(line)
        if found is not None:
            await self.commands[found.command.name](found.argument)
            return
        text = line
        while text.endswith("\\"):
            text = f"{text[:-1]}\n{await self._dialogue.ask(MORE)}"
        await self._replies.send(message_of(text))

    def _interrupt(self, task: "asyncio.Task[int]", number: int) -> None:
        """At the first Ctrl+C on a terminal stop the reply or the measuring; at any other signal end at once."""
        if number != signal.SIGINT or not self._dialogue.interrupted():
            super()._interrupt(task, number)

    def _stop_now(self) -> bool:
        """Stop the reply, or else the measuring; return whether there was something to stop."""
        return self._replies.stop() or self._measuring.stop()

    # Talking

    async def _stop(self, _: str) -> None:
        raise NotDoneError("There is nothing to stop.")

    async def _again(self, _: str) -> None:
        if self._replies.unsent is not None:
            await self._replies.send(self._replies.unsent)
        else:
            self._require_messages()
            await self._replies.hear(self._conversation.regenerate())

    async def _edit(self, text: str) -> None:
        last = next((row for row in reversed(self._conversation.path) if row.role == "user"), None)
        if last is None:
            raise NotDoneError("You have not said anything yet.")
        if not text:
            self._say(f"Your last message: {last.text}", "Write it in other words. An empty line leaves it as it is.")
            text = (await self._dialogue.ask(NEW_TEXT)).strip()
        if not text:
            raise NotDoneError("Your message stays as it is.")
        await self._replies.hear(self._conversation.edit(last.id, text))

    async def _versions(self, number: str) -> None:
        self._require_messages()
        conversation = self._conversation
        path, found = conversation.path, []
        for message in path[:-3:-1]:
            beside = await conversation.alternatives(message.id)
            found += [each for each in beside if len(beside) > 1]
        if not found:
            raise NotDoneError("This turn has one version only. /again and /edit make others.")
        if number:
            chosen = found[chosen_number(number, len(found), "versions") - 1]
            await conversation.switch(chosen.id)
            self._say("These are the last messages now.")
            self._read_messages(2)
            await self._measuring.measure()
            return
        here = {message.id for message in path}
        for place, each in enumerate(found, start=1):
            what = "your message" if each.role == "user" else "reply"
            mark = ", current" if each.id in here else ""
            self._say(f"Version {place} of {len(found)}, {what}{mark}: {_beginning(each.text)}")

    async def _paste(self, _: str) -> None:
        self._say(f"Write or paste lines. A line with {END} sends them, a line with {CANCEL} does not.")
        lines: list[str] = []
        while (line := await self._dialogue.ask("")).strip() not in (END, CANCEL):
            lines.append(line)
        if line.strip() == CANCEL or not any(each.strip() for each in lines):
            raise NotDoneError("Nothing was sent.")
        await self._replies.send("\n".join(lines).strip())

    async def _copy(self, _: str) -> None:
        self._say(self._last_reply().text)

    async def _thought(self, _: str) -> None:
        thought = self._conversation.thoughts.get(self._last_reply().id)
        if thought is None:
            raise NotDoneError("The model has not thought before its last reply.")
        self._say(f"Thought: {thought.text.strip()}")

    async def _prompt(self, _: str) -> None:
        from chat_personas.tui.screens.prompt import INSIDE, NO_SYSTEM

        conversation = self._conversation
        if conversation.knob.interventions:
            self._say(INSIDE.format(what=conversation.knob.described()))
        context = conversation.context()
        if not any(message.role == "system" for message in context):
            self._say(NO_SYSTEM)
        for place, message in enumerate(context, start=1):
            self._say(f"Context, message {place} of {len(context)}, {message.role}: {message.content}")
        use = await conversation.context_use()
        if use is not None:
            self._say(f"The last reply and its context: {'at least ' * use.at_least}{use.tokens:,} tokens.")

    async def _rate(self, argument: str) -> None:
        reply = self._last_reply()
        value, _, scale = argument.partition(" ")
        self._scale = scale.strip() or self._scale
        try:
            rating = float(value)
        except ValueError:
            rating = float("nan")
        if not abs(rating) < float("inf"):
            raise NotDoneError("The rating must be a number. Write the number first, then the scale.")
        if not self._scale:
            raise NotDoneError("Say on which scale, such as: /rate 5 realism 1-7. Later ratings need the number only.")
        row = RatingRow(message_id=reply.id, scale=self._scale, value=rating)
        await asyncio.to_thread(self._corpus.add_rating, row)
        self._say(f"The last reply is rated {value} on the scale {self._scale}.")

    def _require_messages(self) -> None:
        if not self._conversation.path:
            raise NotDoneError("Nothing was said yet.")

    def _last_reply(self) -> MessageRow:
        """Return the last reply. Raises NotDoneError: there is none."""
        for message in reversed(self._conversation.path):
            if message.role == "assistant":
                return message
        raise NotDoneError("There is no reply yet.")

    # Persona and model

    async def _persona(self, name: str) -> None:
        before = self._session.persona
        await self._session.open_persona(name)
        try:
            await self._session.begin()
        except ReportedError:
            self._session.persona = before
            raise
        await self._at_another()

    async def _personas(self, words: str) -> None:
        rows = await asyncio.to_thread(_library, self._launch)
        found = [row for row in rows if all(word in row.casefold() for word in words.casefold().split())]
        if not found:
            raise NotDoneError("No persona has these words. /personas lists all.")
        self._say(f"{pluralize(len(found), 'persona')}. /persona NAME begins a conversation with one.", *found)

    async def _model(self, name: str) -> None:
        if name:
            await self._change_model(name)
            return
        self._say(*model_in_sentences(self._engine.info))
        use = await self._conversation.context_use()
        if use is not None:
            self._say(f"The conversation takes {'at least ' * use.at_least}{use.tokens:,} tokens of the context.")

    async def _change_model(self, name: str) -> None:
        """Open another model, and go on with it. Where that fails, the model before stays."""
        session, conversation = self._session, self._conversation
        before = session.launch, session.engine
        launch = replace(self._launch, model=name, template=None)
        self._say(f"Opening the model {launch.shown_model}.")
        opened = await launch.open_engine()
        session.launch, session.engine = launch, opened
        try:
            if conversation.path:
                await session.resume(conversation.id)
            else:
                await session.open_same_persona()
                await session.begin()
        except ReportedError:
            session.launch, session.engine = before
            await opened.close()
            raise
        if before[1] is not None:
            await before[1].close()
        self._say(*model_in_sentences(opened.info), "The next reply comes from it.")
        self._measuring.forget()
        await self._measuring.measure()

    async def _steer(self, wanted: str) -> None:
        knob = self._conversation.knob
        if wanted:
            await asyncio.to_thread(turn_knob, knob, wanted)
        self._say(f"Inside the model: {knob.described() or 'nothing'}.")
        if wanted:
            self._measuring.forget()
            await self._measuring.measure()

    # Conversations

    async def _at_another(self) -> None:
        """Say which conversation is open now, and measure it."""
        self._replies.unsent = None
        self._measuring.forget()
        self._introduce()
        await self._measuring.measure()

    async def _new(self, _: str) -> None:
        await self._session.open_same_persona()
        await self._session.begin()
        await self._at_another()

    async def _list(self, _: str) -> None:
        rows = await asyncio.to_thread(self._corpus.conversations, limit=LISTED)
        if not rows:
            raise NotDoneError("There is no conversation yet.")
        self._listed = tuple(row.id for row in rows)
        self._say(f"{pluralize(len(rows), 'conversation')}, the latest first. /open NUMBER opens one.")
        for place, row in enumerate(rows, start=1):
            here = ", this one" if row.id == self._conversation.id else ""
            self._say(f"Conversation {place}{here}: {_summary(row)}")

    async def _search(self, words: str) -> None:
        hits = await asyncio.to_thread(self._corpus.search, words, limit=LISTED)
        if not hits:
            raise NotDoneError("No message has these words.")
        self._listed = tuple(hit.conversation_id for hit in hits)
        self._say(f"{pluralize(len(hits), 'message')} found. /open NUMBER opens the conversation.")
        for place, hit in enumerate(hits, start=1):
            speaker = "you" if hit.role == "user" else printable(hit.persona_name)
            self._say(f"Found {place}: In {_one_line(hit.title)}, {speaker} said: {_one_line(hit.excerpt)}")

    def _identifier(self, argument: str) -> str:
        """Return the id that a person means: a number in the last list, or an id or its beginning."""
        if argument.isdecimal() and len(argument) < 4:
            return self._listed[chosen_number(argument, len(self._listed), "entries in the last list") - 1]
        return argument

    async def _open(self, argument: str) -> None:
        row = await asyncio.to_thread(self._corpus.conversation, self._identifier(argument))
        if row.id == self._conversation.id:
            raise NotDoneError("This conversation is open already.")
        await self._session.resume(row.id)
        if row.model != self._engine.info.name:
            self._say(f"It was begun on the model {row.model}. Replies now come from {self._engine.info.name}.")
        await self._at_another()

    async def _rename(self, title: str) -> None:
        await self._conversation.rename(title)
        self._say(f"This conversation is now called: {self._conversation.title}.")

    async def _export(self, name: str) -> None:
        from chat_personas.corpus.export import FORMATS, Terms, export_to
        from chat_personas.reporting.conversation_copy import HTML, MARKDOWN

        self._require_messages()
        conversation = self._conversation
        formats = {".md": MARKDOWN, ".html": HTML, ".jsonl": FORMATS["openai"]}
        path = Path(os.path.expanduser(name or f"conversation-{conversation.id[-8:].lower()}.md"))  # noqa: PTH111
        form = formats.get(path.suffix.lower())
        if form is None:
            raise NotDoneError(
                "The name of the file must end in .md (for reading), .html (a page) or .jsonl (chat JSON)."
            )
        if path.exists():
            raise NotDoneError(f"{path} exists already. Choose another name.")
        if conversation.unsaved is None:
            selection, unrecorded = Selection(ids=(conversation.id,), own=True), Terms(recorded=False)
            await asyncio.to_thread(export_to, self._corpus, form, selection, path, terms=unrecorded)
        elif path.suffix.lower() != ".jsonl":
            raise NotDoneError("What is not stored yet can be written to a .jsonl file only.")
        else:
            await asyncio.to_thread(conversation.write_to, path)
        self._say(f"Written to {path}.")

    async def _delete(self, argument: str) -> None:
        here = self._conversation
        if not argument:
            self._require_messages()
        identifier = self._identifier(argument) if argument else here.id
        row = await asyncio.to_thread(self._corpus.conversation, identifier)
        if not await self._dialogue.confirm(f"Delete the conversation {_one_line(row.title)} for good?"):
            raise NotDoneError("Nothing was deleted.")
        erased = await asyncio.to_thread(self._corpus.delete, row.id)
        self._listed = ()
        rest = (
            "" if erased else " Traces of its text remain until the other program that has the corpus open closes it."
        )
        self._say(f"Deleted.{rest}")
        if row.id == here.id:
            await self._new("")

    # The program

    async def _help(self, name: str) -> None:
        if name:
            command = named(name)
            self._say(f"{command.said}: {command.does}")
            return
        for subject, commands in by_subject():
            self._say(*(f"{subject}, {command.said}: {command.does}" for command in commands))
        self._say(
            "Everything else is a message. A backslash at the end of a line goes on in the next one. "
            "Enter alone says what is going on. Ctrl+C stops a reply, and pressed again it leaves."
        )

    async def _quit(self, _: str) -> None:
        raise LeftError


def _library(launch: Launch) -> list[str]:
    """Return a row for each persona: name, title, attributes, and whether the survey has figures for its groups."""
    from eval.surveys.human_figures import has_figures
    from personas import PersonaError, attribute_of, library_names, load_persona

    survey, rows = launch.loaded_survey.survey, []
    for name in library_names():
        try:
            persona = load_persona(name).persona
        except PersonaError as error:
            rows.append(f"Persona {name}: {error}.")
            continue
        attributes = [attribute_of(group.attribute) for group in persona.groups]
        titles = " and ".join(found.title for found in attributes if found is not None) or "no group"
        talk_only = "" if has_figures(survey, persona.groups) else " Talk only: the survey has no figures."
        rows.append(f"Persona {name}: {persona.title}, by {titles}.{talk_only}")
    return rows


def _summary(row: ConversationSummary) -> str:
    when = row.active_at.astimezone().strftime("%Y-%m-%d %H:%M")
    counted = pluralize(row.messages, "message")
    title = _one_line(row.title)
    stop = "" if title.endswith((".", "?", "!")) else "."
    about = f"With {row.persona_name} on {row.model}, {counted}, last active {when}."
    return f"{title}{stop} {about}"


BEGINNING = 80


def _beginning(text: str) -> str:
    line = _one_line(text)
    return line if len(line) <= BEGINNING else f"{line[:BEGINNING].rpartition(' ')[0] or line[:BEGINNING]} ..."


def _one_line(text: str) -> str:
    return " ".join(text.split())
