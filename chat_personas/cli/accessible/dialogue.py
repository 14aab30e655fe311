"""The dialogue with a person who listens: lines are asked for, sentences and replies are said, a line can interrupt.

It knows no command and no measurement. What can be stopped, and what happens after a reply, is handed to it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Literal, TypeVar

from chat_personas.cli.launch import Launch
from chat_personas.cli.standard_input import UnreadableLineError, WaitingLines, without_keys
from chat_personas.cli.terminal import Voice
from chat_personas.conversation.conversation import (
    Conversation,
    ReplyEnded,
    ReplyEvent,
    ReplyRecalled,
    ReplyStarted,
    ReplyText,
    ReplyThought,
    ThoughtEnded,
)
from chat_personas.corpus import Corpus
from chat_personas.reporting.in_sentences import in_sentence, reply_ended
from chat_personas.reporting.wording.conversations import RECALLED, thought_in_short
from chat_personas.text import pluralize, printable
from chat_personas.tui.session import Session
from eval.engine import Engine, TooLongError
from personas.errors import ReportedError

MORE = "More: "
LEAVES = "/stop leaves this."
LEFT = "Left. You are in your conversation again."
WRITTEN_ELSEWHERE = "The other program has written the last reply:"
NOT_SENT = "Your message was not sent. /again sends it once more."
IN_MEMORY = (
    "The reply is in memory only. It is stored before the next message, if that works by then. "
    "/export saves the conversation to another place."
)
ALL_IN_MEMORY = "The conversation is in memory only until the corpus is back. /export saves it to another place."
OTHER_VERSION = "What was not sent is to replace a message of another version. /versions leads there, then /again."
SECONDS_OF_SILENCE = 5.0
"""After so long without a word it is said that the reply is waited for."""

Action = Callable[[str], Awaitable[None]]
"""What a slash command does, given what follows its name, "" for nothing."""


Taken = TypeVar("Taken")
"""What a step of a dialogue comes to."""


class LeftError(Exception):
    """The person leaves: by /quit, or because standard input has ended."""


class NotDoneError(Exception):
    """What was asked for cannot be done now. The message is a sentence about why, and what can be done."""


def as_sentence(error: Exception) -> str:
    """Return an error as a sentence that is read aloud."""
    return in_sentence(printable(str(error)))


def chosen_number(written: str, count: int, what: str) -> int:
    """Return a number from 1 to `count`, as a person writes it to choose one of `what`. Raises NotDoneError."""
    if not (written.isdecimal() and 1 <= int(written) <= count):
        if count == 1:
            raise NotDoneError(f"The only number here is 1, because there are no other {what}.")
        raise NotDoneError(
            f"There are {count} {what}. Write a number from 1 to {count}." if count else f"There are no {what}."
        )
    return int(written)


@dataclass(frozen=True, slots=True)
class Opened:
    """The parts of a session that are all open from the first prompt on. Commands replace them by others."""

    session: Session

    @property
    def launch(self) -> Launch:
        """The arguments over the settings."""
        launch = self.session.launch
        assert isinstance(launch, Launch)
        return launch

    @property
    def conversation(self) -> Conversation:
        """The conversation that the person is in."""
        assert self.session.conversation is not None
        return self.session.conversation

    @property
    def corpus(self) -> Corpus:
        """Where conversations are stored."""
        assert self.session.corpus is not None
        return self.session.corpus

    @property
    def engine(self) -> Engine:
        """The model that replies."""
        assert self.session.engine is not None
        return self.session.engine


class Dialogue:
    """Lines from a person and sentences to them, over standard input and output, in the order in which they happen.

    `doing` is a sentence about what is going on, "" while a line is waited for. `stop` stops what is going on and
    returns whether there was something to stop; `replying` is whether that is a reply.
    """

    def __init__(self, stop: Callable[[], bool], replying: Callable[[], bool]) -> None:
        self.doing = ""
        self._stop = stop
        self._replying = replying
        self._voice = Voice()
        self._lines: WaitingLines
        self._asking = ""
        self._pressed = False
        self._begun: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, descriptor: int) -> AsyncIterator[None]:
        """Read the lines of a terminal, pipe or file until the block ends."""
        self._lines = WaitingLines(descriptor, self._overhear)
        reading = asyncio.create_task(self._lines.read())
        try:
            yield
        finally:
            reading.cancel()

    # What is said

    def say(self, *lines: str) -> None:
        """Write lines."""
        self._voice.say(*lines)

    @contextmanager
    def busy(self, doing: str) -> Iterator[None]:
        """Know what is going on, and say it after a silence."""
        self.doing = doing

        def remind() -> None:
            if self.doing == doing:
                self.say(doing)

        later = asyncio.get_running_loop().call_later(SECONDS_OF_SILENCE, remind)
        try:
            yield
        finally:
            later.cancel()
            self.doing = ""

    def speaking(self, speaker: str) -> AbstractContextManager[Callable[[str], None]]:
        """Lend a function that takes a reply in pieces, and say it in whole sentences, after the name of who speaks."""
        return self._voice.speaking(speaker)

    # What is written

    async def ask(self, prompt: str) -> str:
        """Return the next line, after `prompt`. Raises NotDoneError: it is not text; LeftError: there is none."""
        waits = self.hurried
        if not waits:
            self._asking = prompt
            self._voice.begin(prompt)
        try:
            line = await self._lines.next()
        except UnreadableLineError as error:
            self._voice.enter_pressed()
            raise NotDoneError(f"Nothing was sent: the line {error}. /paste takes several lines.") from error
        finally:
            self._asking = ""
        if line is None:
            raise LeftError
        if not self._lines.typed:
            self._voice.begin(f"{line}\n")
            return line
        if waits:  # it was written a while ago, and others may wait behind it
            self.say(f"{prompt}{line}")
        self._voice.enter_pressed()
        self._pressed = False
        text, left_out = without_keys(line)
        if left_out:
            self.say(f"Left out of the line: {pluralize(left_out, 'key')} without a character, such as arrows.")
        return text

    async def message(self, line: str) -> str:
        """Return a line with those in which its backslash goes on."""
        while line.endswith("\\"):
            line = f"{line[:-1]}\n{await self.ask(MORE)}"
        return line

    async def choose(self, prompt: str, kind: str, offered: Sequence[str]) -> list[int] | str:
        """Read out numbered lines; return the places that a person chooses, or what they write in place of numbers.

        Where there is no such number, that is said, and it is asked again. Raises what `answer` raises.
        """
        self.say(*(f"{kind} {number}: {line}" for number, line in enumerate(offered, start=1)))
        while True:
            written = await self.answer(prompt)
            numbers = written.replace(",", " ").split()
            if not numbers or not all(number.isdecimal() for number in numbers):
                return written
            try:
                return [chosen_number(number, len(offered), "lines in this list") - 1 for number in numbers]
            except NotDoneError as error:
                self.say(str(error))

    async def answer(self, prompt: str, left: str = LEFT) -> str:
        """Return what is written at a step of a dialogue.

        Raises:
            NotDoneError: the person leaves the dialogue, by /stop or /end; `left` says so.
            LeftError: the person leaves the program.
        """
        if (written := await self._answered(prompt)) is None:
            raise NotDoneError(left)
        return written

    async def _answered(self, prompt: str) -> str | None:
        """Return what is written, None where the person leaves what is asked. Raises LeftError: the program."""
        written = (await self.ask(prompt)).strip()
        if written.casefold() == "/quit":
            raise LeftError
        return None if written.casefold() in ("/stop", "/end") else written

    async def until_right(self, step: Callable[[], Awaitable[Taken]]) -> Taken:
        """Take a step of a dialogue, which asks for something, again and again until what is written is right.

        What is wrong is said. What was written at the steps before is kept.
        """
        while True:
            try:
                return await step()
            except ReportedError as error:
                self.say(f"{as_sentence(error)} {LEAVES}")

    async def confirm(self, question: str) -> bool:
        """Ask until the person says yes or no; who leaves the question has not said yes. Raises LeftError."""
        while (answer := await self._answered(f"{question} Write yes or no: ")) is not None:
            if answer.casefold() in ("yes", "y", "no", "n"):
                return answer.casefold() in ("yes", "y")
        return False

    @property
    def typed(self) -> bool:
        """Whether lines are typed at a terminal, rather than read from a pipe or a file."""
        return self._lines.typed

    @property
    def hurried(self) -> bool:
        """Whether the person has typed a line already that waits for its turn."""
        return self._lines.typed and not self._lines.empty

    def tell_queue(self, asked: str) -> None:
        """Say which lines wait, or leave one of them out, as `drop 2` asks."""
        texts, words = self._lines.texts, asked.split()
        if words[:1] == ["drop"]:
            try:
                number = chosen_number(" ".join(words[1:]), len(texts), "lines that wait")
            except NotDoneError as error:
                self.say(str(error))
            else:
                self.say(f"Left out: {self._lines.leave_out(number)}")
        elif words:
            self.say("Write /queue, or /queue drop NUMBER.")
        elif not texts:
            self.say("No line waits.")
        else:
            self.say(f"{pluralize(len(texts), 'line')} waiting. /queue drop NUMBER leaves one out.")
            self.say(*(f"Line {place}: {text}" for place, text in enumerate(texts, start=1)))

    @property
    def next_line(self) -> str:
        """The line that was typed and is taken next, "" where none waits that can be read."""
        return next(iter(self._lines.texts), "") if self.hurried else ""

    def next_typed(self) -> "asyncio.Task[Literal[True]]":
        """Return a task that ends when a line is typed from now on that is not about what is going on."""
        self._lines.arrived.clear()
        return asyncio.create_task(self._lines.arrived.wait())

    # What interrupts

    def begin(self, stopping: Coroutine[None, None, None]) -> None:
        """Stop something without waiting for its end."""
        task = asyncio.create_task(stopping)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    def interrupted(self) -> bool:
        """Take a Ctrl+C: stop what is going on. False: it is to end the program, as a second one does."""
        if self._pressed or not self._lines.typed:
            return False
        self._pressed = True
        self._voice.end_line()
        if not self._stop_all():
            self.say("Press Ctrl+C again to leave.")
            self._voice.begin(self._asking)
        return True

    def _overhear(self, line: str) -> bool:
        """Take a line that was typed while the program is busy, if it is about what is going on."""
        self._voice.enter_pressed()
        if not self.doing:
            return False
        word = line.strip().casefold()
        if word in ("/stop", "/quit"):
            self._stop_all()
            return word == "/stop"
        if not word:
            self.say(self.doing)
            return True
        if word.partition(" ")[0] == "/queue":
            self.tell_queue(word.partition(" ")[2])
            return True
        if self._replying():
            self.say("Your line waits until the reply has ended.")
        return False

    def _stop_all(self) -> bool:
        """Stop what is going on, and drop what waits; return whether there was something to stop.

        Several lines that were pasted by mistake would otherwise be sent one after the other.
        """
        dropped = self._lines.drop()
        if dropped:
            self.say(f"Not sent: {pluralize(dropped, 'line')} that waited.")
        return self._stop()


class Hearing:
    """A reply as it is heard, event by event; `ended` is how it ended, None while it has not.

    `said` is whether any word of it was heard that stands.
    """

    def __init__(self, dialogue: Dialogue, take: Callable[[str], None]) -> None:
        """Prepare; `take` says pieces of the reply."""
        self.ended: ReplyEnded | None = None
        self.said = False
        self._dialogue = dialogue
        self._say_piece = take
        self._thinking = False

    def take(self, event: ReplyEvent) -> None:
        """Say what an event brings, and know what is going on."""
        dialogue = self._dialogue
        if isinstance(event, ReplyThought) and not self._thinking:
            self._thinking, dialogue.doing = True, "The model is thinking."
            dialogue.say(dialogue.doing)
        elif isinstance(event, ThoughtEnded):
            self._thinking = False
            thought = thought_in_short(event.thought.text, event.thought.seconds)
            dialogue.say(f"{thought[:1].upper()}{thought[1:]}.")
        elif isinstance(event, ReplyText):
            dialogue.doing = "The reply is coming."
            self.said = self.said or bool(event.text.strip())
            self._say_piece(event.text)
        elif isinstance(event, ReplyRecalled):
            self.said = False
            self._say_piece(RECALLED)
        elif isinstance(event, ReplyEnded):
            self.ended = event


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that was not sent; `replacing` is the key of the message in whose place it was said, None: the end."""

    text: str
    replacing: str | None = None


class Replies:
    """Messages that are sent, and the replies to them as they are heard. `unsent` is a message that was not sent."""

    def __init__(self, opened: Opened, dialogue: Dialogue, replied: Callable[[], Awaitable[None]]) -> None:
        """Prepare; `replied` is awaited after a reply that is complete or was stopped."""
        self.unsent: Unsent | None = None
        self._opened = opened
        self._dialogue = dialogue
        self._replied = replied

    @property
    def running(self) -> bool:
        """Whether the model is replying."""
        conversation = self._opened.session.conversation
        return conversation is not None and conversation.replying

    def stop(self) -> bool:
        """Stop the reply and keep what was said; return whether there was one."""
        if not self.running:
            return False
        self._dialogue.begin(self._opened.conversation.stop())
        return True

    async def send(self, text: str, replacing: str | None = None) -> None:
        """Send a message, in place of the one with this key, and say the reply. An empty message is not sent.

        Raises what `_hear` raises.
        """
        if not text.strip():
            return
        conversation = self._opened.conversation
        if conversation.grows_elsewhere and await conversation.catch_up():
            self._dialogue.say(WRITTEN_ELSEWHERE, conversation.path[-1].text)
        begun = conversation.send(text) if replacing is None else conversation.edit(replacing, text)
        await self._hear(begun, Unsent(text, replacing))

    async def again(self) -> None:
        """Send what was not sent once more, else ask for another reply to the last message, and say the reply.

        Raises what `_hear` raises, and ValueError where nothing was said yet.
        """
        path = self._opened.conversation.path
        if self.unsent is None:
            await self._hear(self._opened.conversation.regenerate(), None)
        elif self.unsent.replacing not in {None, *(message.id for message in path)}:
            raise NotDoneError(OTHER_VERSION)
        else:
            await self.send(self.unsent.text, self.unsent.replacing)

    async def _hear(self, begun: AsyncGenerator[ReplyEvent, None], sent: Unsent | None) -> None:
        """Say a reply and how it ended. `sent` is the message that is sent with it.

        Raises:
            NotDoneError: the message was not sent, or the reply could not be stored.
            ReportedError: the model failed, or no other reply could be begun.
        """
        self.unsent = sent
        try:
            with self._dialogue.busy("Waiting for the reply."):
                async with aclosing(begun) as events:
                    heard = await self._speak(events)
        except ReportedError as error:
            if isinstance(error, TooLongError):  # the message was stored, and taken back
                self.unsent = sent
            kept = " ".join(self._what_is_kept())
            if not kept:
                raise
            raise NotDoneError(f"{as_sentence(error)} {kept}") from error
        if (ended := heard.ended) is not None:
            self._dialogue.say(*reply_ended(ended, said=heard.said))
            if ended.status in ("complete", "stopped"):
                await self._replied()

    def _what_is_kept(self) -> Iterator[str]:
        """Say what is held that is not in the corpus: a message that was not sent, a reply that was not stored, all."""
        if self.unsent is not None:
            yield NOT_SENT
        if self._opened.corpus.removed is not None and self._opened.conversation.path:
            yield ALL_IN_MEMORY
        elif self._opened.conversation.unsaved is not None:
            yield IN_MEMORY

    async def _speak(self, events: AsyncGenerator[ReplyEvent, None]) -> Hearing:
        """Say what happens to a reply, and return how it was heard."""
        with self._dialogue.speaking(printable(self._opened.conversation.persona.title)) as take:
            heard = Hearing(self._dialogue, take)
            async for event in events:
                if isinstance(event, ReplyStarted):
                    self.unsent = None
                heard.take(event)
        return heard
