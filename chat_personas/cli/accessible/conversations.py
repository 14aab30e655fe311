"""The slash commands about what is said: the messages of the open conversation, and the other conversations."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from chat_personas.cli.accessible.dialogue import (
    NOT_SENT,
    Action,
    Dialogue,
    NotDoneError,
    Opened,
    Replies,
    Unsent,
    chosen_number,
)
from chat_personas.cli.accessible.measuring import Measuring
from chat_personas.conversation.commands import numbered
from chat_personas.conversation.conversation import Conversation
from chat_personas.conversation.sampling import sampling_asked, sampling_described
from chat_personas.corpus.errors import UnknownConversationError
from chat_personas.corpus.measurements import RATING_SCALE, rating_asked
from chat_personas.corpus.messages import turns_of
from chat_personas.corpus.rows import ConversationSummary, MessageRow, RatingRow
from chat_personas.paths import display_path, path_named
from chat_personas.reporting.in_sentences import in_sentence
from chat_personas.reporting.wording.conversations import (
    ALREADY_DELETED,
    belongs_to,
    deleted,
    deletion_question,
    speaker_of,
    speaker_of_hit,
)
from chat_personas.reporting.wording.measurements import (
    asked_from_here_on,
    model_described,
    not_followed,
    own_text,
    recorded_model,
    sentence,
)
from chat_personas.storage.files import output_errors
from chat_personas.text import Sought, pluralize, printable

if TYPE_CHECKING:
    from chat_personas.exporting import Exporter

NEW_TEXT = "New text: "
UNCHANGED = "Your message stays as it is."
END, CANCEL = "/end", "/cancel"
LAST = 2
"""Messages that are read of a conversation that goes on."""
LISTED = 20
"""Conversations, or messages found, that are read at once."""
BEGINNING = 80
"""Characters of a message in a list."""


class Talking:
    """What can be done with the messages of the open conversation."""

    def __init__(
        self, opened: Opened, dialogue: Dialogue, replies: Replies, measure: Callable[[], Awaitable[None]]
    ) -> None:
        """Prepare; `measure` is awaited where the conversation becomes another one without a reply."""
        self._opened = opened
        self._dialogue = dialogue
        self._say = dialogue.say
        self._replies = replies
        self._measure = measure
        self._scale = RATING_SCALE

    @property
    def actions(self) -> Mapping[str, Action]:
        """What the slash commands about talking do."""
        return {
            "stop": self._stop,
            "again": self._again,
            "edit": self._edit,
            "versions": self._versions,
            "jump": self._jump,
            "find": self._find,
            "queue": self._queue,
            "sampling": self._sampling,
            "paste": self._paste,
            "copy": self._copy,
            "thought": self._thought,
            "prompt": self._prompt,
            "rate": self._rate,
        }

    async def _stop(self, _: str) -> None:
        raise NotDoneError("There is nothing to stop.")

    async def _again(self, _: str) -> None:
        if self._replies.unsent is None:
            require_messages(self._opened.conversation)
        await self._replies.again()

    async def _edit(self, written: str) -> None:
        own = self._own()
        number, text = numbered(written)
        place = chosen_number(str(number), len(own), "messages of yours") if number is not None else len(own)
        message = own[place - 1]
        if not text:
            which = "last message" if place == len(own) else f"message {place}"
            self._say(f"Your {which}: {message.text}", "Write it in other words. An empty line leaves it as it is.")
            text = await self._dialogue.answer(NEW_TEXT, left=UNCHANGED)
        if not text:
            raise NotDoneError(UNCHANGED)
        await self._replies.send(text, message.id)

    def _own(self) -> list[MessageRow]:
        """Return what the person said in this conversation. Raises NotDoneError: nothing."""
        own = [row for row in self._opened.conversation.path if row.author == "person"]
        if not own:
            raise NotDoneError("You have not said anything yet.")
        return own

    async def _jump(self, words: str) -> None:
        sought, own = Sought.typed(words), self._own()
        found = [(place, row) for place, row in enumerate(own, start=1) if not words or sought.in_(row.text)]
        if not found:
            raise NotDoneError("No message of yours has these words.")
        self._say(f"{pluralize(len(found), 'message')} of yours. /edit #NUMBER and /fork NUMBER take one.")
        self._say(*(f"Message {place}: {_beginning(row.text)}" for place, row in found))

    async def _find(self, words: str) -> None:
        require_messages(self._opened.conversation)
        path, sought = self._opened.conversation.path, Sought.typed(words)
        turns, who = turns_of(path), _speakers(self._opened.conversation)
        found = [
            f"Turn {turns[row.id]}, {who(row)} said: {_one_line(row.text)}" for row in path if sought.in_(row.text)
        ]
        if not found:
            raise NotDoneError("No message of this conversation has these words. /search looks in all conversations.")
        self._say(f"{pluralize(len(found), 'message')} found.", *found)

    async def _queue(self, asked: str) -> None:
        self._dialogue.tell_queue(asked.casefold())

    async def _sampling(self, written: str) -> None:
        conversation = self._opened.conversation
        if written:
            await conversation.choose_sampling(sampling_asked(written))
        self._say(
            f"{'From the next reply' if written else 'Replies are drawn'}: {sampling_described(conversation.sampling)}."
        )

    async def _versions(self, written: str) -> None:
        conversation = self._opened.conversation
        require_messages(conversation)
        place, number = numbered(written)
        try:
            found = await conversation.versions(place)
        except ValueError as error:
            raise NotDoneError(in_sentence(str(error))) from error
        if not found:
            raise NotDoneError("This turn has one version only. /again and /edit make others.")
        if number:
            chosen = found[chosen_number(number, len(found), "versions") - 1]
            await conversation.switch(chosen.id)
            self._say("These are the last messages now.")
            self._say(*last_messages(conversation))
            await self._measure()
            return
        here = {message.id for message in conversation.path}
        for place, each in enumerate(found, start=1):
            participant = conversation.protected or each.id in conversation.of_participants
            whose = "a participant's" if participant else "your"
            what = f"{whose} message" if each.role == "user" else "reply"
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

    async def _copy(self, what: str) -> None:
        if what not in ("", "all"):
            raise NotDoneError("Write /copy or /copy all.")
        if not what:
            self._say(self._last_reply().text)
            return
        who = _speakers(self._opened.conversation)
        self._say(*(f"{who(row)}: {row.text}" for row in self._opened.conversation.path))

    async def _thought(self, _: str) -> None:
        thought = self._opened.conversation.thoughts.get(self._last_reply().id)
        if thought is None:
            raise NotDoneError("The model has not thought before its last reply.")
        self._say(f"Thought: {thought.text.strip()}")

    async def _prompt(self, page: str) -> None:
        from chat_personas.reporting.explained.exact_prompt import probe_blocks, prompt_blocks

        if page not in ("", "probe"):
            raise NotDoneError("Write /prompt, or /prompt probe.")
        if page:
            monitor = self._opened.session.monitor
            found = await monitor.last_probe() if monitor is not None else None
            blocks = probe_blocks(found, self._opened.conversation.side)
        else:
            async with aclosing(self._opened.conversation.given()) as counted:
                *_, given = [each async for each in counted]
            blocks = prompt_blocks(given)
        self._say(*(row for block in blocks for row in block.rows_in_words))

    async def _rate(self, argument: str) -> None:
        reply = self._last_reply()
        if not argument:
            argument = await self._dialogue.answer(f"How good is the last reply, on the scale {self._scale}? ")
        known = await asyncio.to_thread(self._opened.corpus.scales)
        rating, self._scale = rating_asked(argument, self._scale, known)
        row = RatingRow(message_id=reply.id, scale=self._scale, value=rating)
        await asyncio.to_thread(self._opened.corpus.add_rating, row)
        self._say(f"The last reply is rated {rating:g} on the scale {self._scale}.")

    def _last_reply(self) -> MessageRow:
        """Return the last reply. Raises NotDoneError: there is none."""
        for message in reversed(self._opened.conversation.path):
            if message.role == "assistant":
                return message
        raise NotDoneError("There is no reply yet.")


class Conversations:
    """The open conversation among those of the corpus: which one it is, and changing to another one."""

    def __init__(self, opened: Opened, dialogue: Dialogue, replies: Replies, measuring: Measuring) -> None:
        self._opened = opened
        self._dialogue = dialogue
        self._say = dialogue.say
        self._replies = replies
        self._measuring = measuring
        self._listed: tuple[str | None, ...] = ()
        self._exports: Exporter | None = None

    @property
    def actions(self) -> Mapping[str, Action]:
        """What the slash commands about conversations do."""
        return {
            "new": self._new,
            "fork": self._fork,
            "list": self._list,
            "search": self._search,
            "open": self._open,
            "rename": self._rename,
            "export": self._export,
            "delete": self._delete,
        }

    def introduce(self) -> None:
        """Say which conversation this is, with its last messages."""
        conversation = self._opened.conversation
        name = printable(conversation.persona.title)
        if not conversation.path:
            self._say(f"A new conversation with: {name}.")
        else:
            self._say(
                f"Conversation: {_stopped(printable(conversation.title))} With: {name}. "
                f"{pluralize(len(conversation.path), 'message')}; these are the last."
            )
            self._say(*last_messages(conversation))
        if conversation.grows_elsewhere:
            self._say("Another program is still writing the last reply.")
        tables = own_text(conversation.persona)
        if self._opened.engine.info.demonstration and tables:
            self._say(f"The demonstration model {not_followed(tables)}.")
        if self._measuring.obstacle is not None:
            self._say(self._measuring.obstacle)

    async def say_whose_the_last_reply_is(self) -> None:
        """Where another model made the last reply, say so, and how to go on with that one."""
        from chat_personas.reporting.models_found import how_to_go_on_with

        conversation = self._opened.conversation
        made = conversation.model_of_last_reply
        if made is not None:
            find_models = self._opened.launch.find_models
            how = await asyncio.to_thread(lambda: how_to_go_on_with(made, find_models()))
            self._say(f"{how} The next one comes from {model_described(conversation.engine.info)}.")
        elif conversation.asked_otherwise:
            self._say(sentence(asked_from_here_on(*conversation.model.asked)))

    async def enter(self) -> None:
        """Say which conversation is open now in place of the one before, and measure it.

        A message that was not sent comes along: it would be lost, as where its conversation was deleted.
        """
        unsent = self._replies.unsent
        self._replies.unsent = None if unsent is None else Unsent(unsent.text)
        self._measuring.forget()
        self.introduce()
        await self.say_whose_the_last_reply_is()
        await self._measuring.measure()
        if unsent is not None:
            self._say(NOT_SENT)

    async def _new(self, _: str) -> None:
        await self._opened.session.open_same_persona()
        await self._opened.session.begin()
        await self.enter()

    async def _fork(self, number: str) -> None:
        conversation = self._opened.conversation
        require_messages(conversation)
        try:
            end = conversation.end_of_turn(number.removeprefix("#"))
        except ValueError as error:
            raise NotDoneError(in_sentence(str(error))) from None
        await self._opened.session.resume(await conversation.fork(end))
        self._say("This is the fork. The original is in the list.")
        await self.enter()

    async def _list(self, first: str) -> None:
        """List the latest conversations, or go on with the one of a number; numbers count from the latest one."""
        total = len(await asyncio.to_thread(self._opened.corpus.conversation_ids))
        if not total:
            raise NotDoneError("There is no conversation yet.")
        begin = chosen_number(first or "1", total, "conversations")
        rows = await asyncio.to_thread(self._opened.corpus.conversations, limit=begin + LISTED - 1)
        self._listed = tuple(row.id for row in rows)
        end, whole = len(rows), pluralize(total, "conversation")
        which = whole if end - begin + 1 == total else f"Conversations {begin} to {end} of {total}"
        more = f"/list {end + 1} goes on. " if end < total else ""
        self._say(f"{which}, the latest first. {more}/open NUMBER opens one.")
        for place, row in enumerate(rows[begin - 1 :], start=begin):
            here = ", this one" if row.id == self._opened.conversation.id else ""
            self._say(f"Conversation {place}{here}: {_summary(row)}")

    async def _search(self, words: str) -> None:
        found = await asyncio.to_thread(self._opened.corpus.search, words, limit=LISTED + 1)
        if not found:
            raise NotDoneError("No message has these words.")
        hits = found[:LISTED]
        self._listed = tuple(hit.conversation_id for hit in hits)
        how_many = f"{pluralize(len(hits), 'message')} found"
        if len(found) > len(hits):
            how_many = f"More than {how_many}; these are the first, and more words find fewer"
        self._say(f"{how_many}. /open NUMBER opens the conversation.")
        for place, hit in enumerate(hits, start=1):
            said = f"{speaker_of_hit(hit)} said: {_one_line(hit.excerpt)}"
            self._say(f"Found {place}: In {_one_line(hit.title)}, {said}")

    def list_here(self, identifiers: Sequence[str | None]) -> None:
        """Let /open and /delete take numbers of these conversations; None stands for one that has not begun."""
        self._listed = tuple(identifiers)

    def _identifier(self, argument: str) -> str:
        """Return the id that a person means: a number in the last list, or an id or its beginning."""
        if argument.isdecimal() and len(argument) < 4:
            found = self._listed[chosen_number(argument, len(self._listed), "entries in the last list") - 1]
            if found is None:
                raise NotDoneError("This one has not replied yet.")
            return found
        return argument

    async def _open(self, argument: str) -> None:
        if not argument:
            await self._list("")
            return
        row = await asyncio.to_thread(self._opened.corpus.conversation, self._identifier(argument))
        unsent = None
        if row.id == self._opened.conversation.id:
            if not self._opened.conversation.left_behind:
                raise NotDoneError("This conversation is open already.")
            unsent = self._replies.unsent
        await self._opened.session.resume(row.id)
        if row.model != self._opened.engine.info.name:
            began, now = recorded_model(row.model, row.prompt_format), model_described(self._opened.engine.info)
            self._say(f"It was begun on the model {began}. Replies now come from {now}.")
        await self.enter()
        if unsent is not None:
            self._replies.unsent = unsent

    async def _rename(self, title: str) -> None:
        await self._opened.conversation.rename(title)
        self._say(f"This conversation is now called: {self._opened.conversation.title}.")

    async def _export(self, written: str) -> None:
        from chat_personas.exporting import ALL, LISTING, Chosen, asked_for

        conversation, exporter = self._opened.conversation, self._exporter
        require_messages(conversation)
        in_memory = conversation.write_to if conversation.unsaved is not None else None
        chosen, asked = Chosen((conversation.id,), in_memory), asked_for(written)
        outlook = await asyncio.to_thread(exporter.outlook, chosen)
        if outlook.refused:
            raise NotDoneError(in_sentence(outlook.refused))
        if written.casefold() == LISTING:
            for form in ALL.values():
                why = outlook.obstacles.get(form.name)
                self._say(f"{form.name}: for {form.for_whom}." if why is None else f"{form.name}: not now: {why}.")
            return
        form = ALL[asked.form or await asyncio.to_thread(exporter.first_choice, outlook)]
        if (why := outlook.obstacles.get(form.name)) is not None:
            raise NotDoneError(f"Not in the format {form.name}: {why}.")
        path = path_named(asked.path) if asked.path else exporter.folder / outlook.proposed(form)
        with output_errors(display_path(path)):
            replacing = path.exists()
        if replacing and not await self._dialogue.confirm(f"{display_path(path)} exists already. Replace it?"):
            raise NotDoneError("Nothing was written.")
        with self._dialogue.busy("The file is being written."):
            done = await asyncio.to_thread(exporter.export, chosen, form, path, replacing=replacing)
        self._say(f"{done}.")
        if outlook.remark:
            self._say(outlook.remark)

    @property
    def _exporter(self) -> "Exporter":
        """What exports, made when it is first needed."""
        from chat_personas.exporting import Exporter

        self._exports = self._exports or Exporter(self._opened.corpus)
        return self._exports

    async def _delete(self, argument: str) -> None:
        here = self._opened.conversation
        if not argument:
            require_messages(here)
        identifier = self._identifier(argument) if argument else here.id
        row = await asyncio.to_thread(self._opened.corpus.conversation, identifier)
        going = await asyncio.to_thread(self._opened.corpus.deleted_with, row.id)
        of_participant = await asyncio.to_thread(self._opened.corpus.studies.is_talk, row.id)
        question = deletion_question(_one_line(row.title), len(going), of_participant=of_participant)
        if not await self._dialogue.confirm(question):
            raise NotDoneError("Nothing was deleted.")
        try:
            said = deleted(await asyncio.to_thread(self._opened.corpus.delete, row.id))
        except UnknownConversationError:
            said = ALREADY_DELETED
        self._listed = ()
        self._say(said)
        if here.id in going:
            await self._new("")


def require_messages(conversation: Conversation) -> None:
    """Raise NotDoneError where a conversation has no message."""
    if not conversation.path:
        raise NotDoneError("Nothing was said yet.")


def last_messages(conversation: Conversation) -> list[str]:
    """Return the last messages of a conversation, each after the name of who speaks."""
    who = _speakers(conversation)
    return [f"{who(each)}: {each.text}" for each in conversation.path[-LAST:]]


def _speakers(conversation: Conversation) -> Callable[[MessageRow], str]:
    """Return what names who said a message of a conversation."""
    personas, of_participants = conversation.speakers, conversation.of_participants
    return lambda message: speaker_of(message, printable(personas.get(message.id, "")), of_participants)


def _summary(row: ConversationSummary) -> str:
    when = row.active_at.astimezone().strftime("%Y-%m-%d %H:%M")
    counted = pluralize(row.messages, "message")
    extent = ", ".join([counted, *belongs_to(row)])
    model = recorded_model(row.model, row.prompt_format)
    about = f"With {row.persona_name} on {model}, {extent}, last active {when}."
    return f"{_stopped(_one_line(row.title))} {about}"


def _stopped(title: str) -> str:
    """Return a title with a stop at its end, so that it is heard where it ends."""
    return title if title.endswith((".", "?", "!")) else f"{title}."


def _beginning(text: str) -> str:
    line = _one_line(text)
    return line if len(line) <= BEGINNING else f"{line[:BEGINNING].rpartition(' ')[0] or line[:BEGINNING]} ..."


def _one_line(text: str) -> str:
    return " ".join(text.split())
