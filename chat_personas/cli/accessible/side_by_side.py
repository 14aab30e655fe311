"""Personas side by side in sentences: a comparison, in which all are told the same, and a debate, in which two argue.

Both are those of the screen. The person who listens writes lines: to all columns, or as the moderator.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from chat_personas.cli.accessible.conversations import Conversations, last_messages
from chat_personas.cli.accessible.dialogue import (
    Action,
    Dialogue,
    Hearing,
    LeftError,
    NotDoneError,
    Opened,
    as_sentence,
    chosen_number,
)
from chat_personas.cli.accessible.measuring import Measuring, SideRounds
from chat_personas.conversation.commands import SLASH, Command, CommandError, asked, for_conversation, message_of
from chat_personas.conversation.comparison import HOW_TO_COMPARE, MOST, NOT_ALIKE, Comparison, ComparisonError
from chat_personas.conversation.conversation import ReplyEnded, ReplyRecalled, ReplyStarted, ReplyText
from chat_personas.conversation.debate import NOT_ROUNDS, Debate, rounds_meant
from chat_personas.corpus.messages import MODERATOR
from chat_personas.monitor.sides import SideMonitors
from chat_personas.own_personas import is_composed, other_personas, other_steerings, with_its_file
from chat_personas.reporting.debate import debate_report, moved
from chat_personas.reporting.in_sentences import in_sentence, reply_ended
from chat_personas.reporting.wording.conversations import RECALLED
from chat_personas.reporting.wording.measurements import model_described, recorded_model, sentence
from chat_personas.text import pluralize, printable
from eval.interventions import tried_out
from personas import LoadedPersona, PersonaError
from personas.errors import ReportedError
from personas.inputs.suggestions import quoted
from personas.persona import steering_named

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import Conversation

TO_ALL = "To all: "
ROUNDS = 3
HOW_TO_MODERATE = "Write something that both are told, Enter alone to go on, or /end to leave the debate."
BACK = "Press Enter alone to go back to your conversation: "
PAUSED = f"Paused. {HOW_TO_MODERATE}"
NOT_SAID = "Your message was said to nobody. Enter alone or /again says it once more."
NOT_STORED = (
    "Not all is stored yet, some of it is only in memory. {why} The program tries again by itself. If you leave it "
    "before, a copy goes to the directory of temporary files."
)


@asynccontextmanager
async def held_beside(
    opened: Opened, dialogue: Dialogue, conversations: "Sequence[Conversation]"
) -> AsyncIterator[None]:
    """Keep what cannot be stored of these conversations while they are beside the open one, and after that."""
    opened.session.hold_beside(conversations)
    try:
        yield
    finally:
        await say_what_is_not_stored(opened, dialogue)


async def say_what_is_not_stored(opened: Opened, dialogue: Dialogue) -> None:
    """Try to store what could not be stored, and say so and go on trying where that fails again."""
    if (why := await opened.session.try_to_save()) is not None:
        dialogue.say(NOT_STORED.format(why=in_sentence(printable(why))))
        dialogue.begin(opened.session.keep_trying())


class Comparing:
    """The comparison that is open, if any: what is written is said to every column, and each is measured after that."""

    def __init__(self, opened: Opened, dialogue: Dialogue, measuring: Measuring, conversations: Conversations) -> None:
        """Prepare; the columns are measured where the conversation itself would be."""
        self._opened = opened
        self._dialogue = dialogue
        self._say = dialogue.say
        self._measuring = measuring
        self._conversations = conversations
        self._comparison: Comparison | None = None
        self._left: str | None = None
        self._rounds = SideRounds(dialogue)

    @property
    def actions(self) -> Mapping[str, Action]:
        """What the slash commands about comparisons do."""
        return {"compare": self._compare, "end": self._end}

    @property
    def speaking(self) -> bool:
        """Whether a column replies."""
        return self._comparison is not None and any(column.replying for column in self._comparison.columns)

    def stop(self) -> bool:
        """Stop the reply and keep its text, or stop the measuring; return whether there was something to stop."""
        if self._comparison is not None and self.speaking:
            self._dialogue.begin(self._comparison.stop())
            return True
        return self._rounds.stop()

    async def _end(self, _: str) -> None:
        raise NotDoneError("There is nothing to leave. /quit leaves the program.")

    async def _compare(self, text: str) -> None:
        """Begin a comparison, or go on with one, until the person leaves it; `text` is said in it first."""
        here = self._opened.conversation
        comparison = await self._resumed() or await self._begun()
        for column in comparison.columns:
            await tried_out(column.engine)
        self._comparison = comparison
        try:
            async with held_beside(self._opened, self._dialogue, comparison.columns):
                chosen = await self._talk(comparison, message_of(text))
        finally:
            self._comparison = None
            if any(column.path for column in comparison.columns):
                self._left = comparison.id
            if any(column.id == here.id for column in comparison.columns):  # more was said in it
                await self._opened.session.resume(here.id)
        self._conversations.list_here([column.id if column.path else None for column in comparison.columns])
        back = "" if chosen else " You are in your conversation again."
        goes_on = " /compare goes on with it." if self._left == comparison.id else ""
        self._say(f"Left the comparison.{back}{goes_on}")
        if chosen:
            await self._conversations.actions["open"](chosen)

    async def _resumed(self) -> Comparison | None:
        """Take up the comparison that the open conversation is a column of, or the one that was left; None without.

        Whether the one that was left is meant, the person is asked.
        """
        corpus, engine = self._opened.corpus, self._opened.engine
        own = await asyncio.to_thread(corpus.comparison_of, self._opened.conversation.id)
        key = own or self._left
        if key is None:
            return None
        try:
            kept = await asyncio.to_thread(corpus.compared, key)
            comparison = await asyncio.to_thread(Comparison.resume, corpus, dict.fromkeys(kept, engine), key)
        except ComparisonError as error:  # the others are gone: compare with others
            self._say(as_sentence(error))
            return None
        names = " and ".join(map(printable, comparison.names))
        if own is None and not await self._dialogue.confirm(f"Go on with the comparison of {names}?"):
            return None
        return comparison

    async def _begun(self) -> Comparison:
        """Choose the columns beside the persona that is talked with. Raises NotDoneError: nobody is chosen."""
        corpus, engine = self._opened.corpus, self._opened.engine
        first = await self._opened.session.open_same_persona()
        others = await self._chosen(first)
        return await asyncio.to_thread(Comparison.start, corpus, [engine] * (1 + len(others)), (first, *others))

    async def _chosen(self, first: LoadedPersona) -> list[LoadedPersona]:
        """Return the personas that are written by name, or chosen by their numbers; other words narrow the list."""
        steered = await asyncio.to_thread(lambda: dict(other_steerings(first)))
        offered = steered | await asyncio.to_thread(lambda: dict(other_personas(first)))
        lines = list(steered)
        title = printable(first.persona.title)
        prompt = f"Who answers beside {title}? Write up to {MOST - 1} numbers or names, or words to find others: "
        while True:
            picked = await self._dialogue.choose(prompt, "Choice", lines)
            if not picked:
                raise NotDoneError("Nothing is compared.")
            if isinstance(picked, list):
                return [offered[lines[place]] for place in picked]
            try:
                return [await asyncio.to_thread(self._opened.launch.load_persona, name) for name in _names(picked)]
            except PersonaError as error:
                words = picked.casefold().split()
                lines = [line for line in offered if all(word in line.casefold() for word in words)]
                if not lines:
                    self._say(as_sentence(error))
                    lines = list(steered)

    async def _talk(self, comparison: Comparison, first: str) -> str:
        """Say what is to be said `first`, "" for nothing, and take lines until the person leaves.

        Returns the number of the column to go on with, "" for none.
        """
        self._introduce(comparison)
        monitors = SideMonitors(comparison, self._opened.launch.make_monitor, self._opened.corpus)
        await self._measure(comparison, monitors)
        again = "" if first else self._said_before(comparison)
        if again:
            self._say(f"Enter alone says to all what you said last: {printable(again)}")
        while True:
            try:
                text, first = first, ""
                await self._tell(comparison, monitors, text)
                line = (await self._dialogue.ask(TO_ALL)).strip()
                found = asked(line)
                if found is None:
                    text = message_of(await self._dialogue.message(line)) if line else comparison.unsaid or again
                    again = ""
                    await self._tell(comparison, monitors, text)
                elif found.command.name == "again" and comparison.unsaid:
                    await self._tell(comparison, monitors, comparison.unsaid)
                elif found.command.name in ("open", "end"):
                    return self._column(comparison, found.argument) if found.argument else ""
                else:
                    _refuse(found.command, HOW_TO_COMPARE)
            except NotDoneError as error:
                self._say(str(error))
            except (ReportedError, CommandError) as error:
                self._say(as_sentence(error))
                if comparison.unsaid:
                    self._say(NOT_SAID)
                else:
                    self._say_what_differs(comparison)
                await say_what_is_not_stored(self._opened, self._dialogue)

    def _introduce(self, comparison: Comparison) -> None:
        """Say who is compared, with the last messages of each, and why nothing is measured where that is so."""
        for number, (name, column) in enumerate(zip(comparison.names, comparison.columns, strict=True), start=1):
            steered = f", steered by {steering_named(column.persona)}" if name == column.persona.title else ""
            self._say(f"Column {number}: {printable(name)}{steered}.")
            self._say(*last_messages(column))
            if (made := column.model_of_last_reply) is not None:
                model, here = recorded_model(*made.asked), model_described(column.engine.info)
                self._say(f"{model} made its last reply. The next one comes from {here}.")
        self._say_what_differs(comparison)
        self._say(HOW_TO_COMPARE)
        if (why := self._measuring.why_none) is not None:
            self._say(why)

    def _say_what_differs(self, comparison: Comparison) -> None:
        """Say which columns have not replied to what was said last, and that not all were told the same."""
        if comparison.waits_for:
            self._say(in_sentence(printable(comparison.waits_for)))
        if not comparison.told_alike:
            self._say(sentence(NOT_ALIKE))

    def _said_before(self, comparison: Comparison) -> str:
        """Return what the person said last in the open conversation, for a comparison in which nothing was said."""
        if any(column.path for column in comparison.columns):
            return ""
        return self._opened.conversation.said_last

    def _column(self, comparison: Comparison, written: str) -> str:
        """Return the number of a column that has replied. Raises NotDoneError."""
        place = chosen_number(written, len(comparison.columns), "columns") - 1
        if not comparison.columns[place].path:
            raise NotDoneError("Nothing was said yet.")
        return written

    async def _tell(self, comparison: Comparison, monitors: SideMonitors, text: str) -> None:
        """Say the same to every column, hear each reply after the name of its column, then measure them all."""
        if not text.strip():
            return
        names = [printable(name) for name in comparison.names]
        with ExitStack() as column:
            async with aclosing(comparison.say(text)) as events:
                async for place, event in events:
                    if isinstance(event, ReplyStarted):
                        column.close()
                        column.enter_context(self._dialogue.busy(f"Waiting for {names[place]}."))
                        heard = Hearing(self._dialogue, column.enter_context(self._dialogue.speaking(names[place])))
                    heard.take(event)
                    if heard.ended is not None:
                        column.close()
                        self._say(" ".join((f"{names[place]}.", *reply_ended(heard.ended, "", said=heard.said))))
        self._say_what_differs(comparison)
        await self._measure(comparison, monitors)

    async def _measure(self, comparison: Comparison, monitors: SideMonitors) -> None:
        """Measure each column that has replied, from left to right, until a line is typed; say what was found."""
        if self._measuring.why_none is not None:
            return
        for place, (name, column) in enumerate(zip(comparison.names, comparison.columns, strict=True)):
            if not column.path or column.unanswered:
                continue
            if self._dialogue.hurried:
                self._say(f"{printable(name)} was not measured, because your line goes first.")
                continue
            try:
                await self._rounds.measure(printable(name), monitors, place, gives_way=True)
            except ReportedError as error:
                self._say(f"{printable(name)} was not measured. {as_sentence(error)}")


def _refuse(command: Command, how: str) -> None:
    """Leave the program where that is asked for. Raises NotDoneError for other commands, with `how` to go on here."""
    if command.name == "quit":
        raise LeftError
    if command.name in ("help", "stop"):
        raise NotDoneError(how)
    raise NotDoneError(for_conversation(command, how))


def _names(written: str) -> Iterator[str]:
    """Yield the personas that are named in a line: between commas, or between blanks where they are not groups."""
    for part in filter(None, map(str.strip, written.split(","))):
        yield from [part] if is_composed(part) else part.split()


class Debating:
    """The debate that is held, if any; it pauses when a turn or its measuring is stopped."""

    def __init__(self, opened: Opened, dialogue: Dialogue, measuring: Measuring) -> None:
        """Prepare; both sides are measured where the conversation itself would be."""
        self._opened = opened
        self._dialogue = dialogue
        self._measuring = measuring
        self._debate: Debate | None = None
        self._monitors: SideMonitors | None = None
        self._rounds = SideRounds(dialogue)
        self._paused = False

    @property
    def actions(self) -> Mapping[str, Action]:
        """What the slash commands about debates do."""
        return {"debate": self._hold}

    @property
    def speaking(self) -> bool:
        """Whether a side speaks."""
        return self._debate is not None and any(side.replying for side in self._debate.sides)

    def stop(self) -> bool:
        """Stop the turn and keep what was said, or stop the measuring; return whether there was something to stop."""
        self._paused = True
        if self._debate is not None and self.speaking:
            self._dialogue.begin(self._debate.stop())
            return True
        return self._rounds.stop()

    async def _hold(self, topic: str) -> None:
        """Hold a debate to its end, or until the person leaves it."""
        resumed = await self._resumed() if not topic else None
        debate = resumed or await self._begun(topic)
        for side in debate.sides:
            await tried_out(side.engine)
        self._monitors = SideMonitors(debate, self._opened.launch.make_monitor, self._opened.corpus)
        self._debate, self._paused = debate, False
        try:
            async with held_beside(self._opened, self._dialogue, debate.sides):
                await self._argue(debate)
        finally:
            self._debate = None
            if debate.waiting:
                self._dialogue.say(*(f"This was told to nobody: {printable(text)}" for text in debate.waiting))
            if resumed is not None:  # it went on in the open conversation
                await self._opened.session.resume(self._opened.conversation.id)
        report = debate_report(debate, self._monitors.found, self._opened.launch.loaded_survey)
        if any(estimate is not None for estimate in self._monitors.found):
            self._dialogue.say(*(in_sentence(moved(side)) for side in report.sides))
        if debate.next_place is None:
            await self._hear_what_is_late()
        self._dialogue.say("Left the debate. You are in your conversation again.")

    async def _resumed(self) -> Debate | None:
        """Take up the debate that the open conversation is a side of; None where it is none."""
        corpus, engine = self._opened.corpus, self._opened.engine
        key = await asyncio.to_thread(corpus.debate_of, self._opened.conversation.id)
        return None if key is None else await asyncio.to_thread(Debate.resume, corpus, (engine, engine), key)

    async def _begun(self, topic: str) -> Debate:
        """Ask for topic, personas and rounds, and open the debate. Raises NotDoneError."""
        topic = topic or await self._dialogue.answer("What do they argue about? ")
        if not topic:
            raise NotDoneError("Without a topic there is no debate.")
        own = self._opened.conversation.persona.name
        begins = f"Who begins? Write a persona's name, or Enter alone for {own}: "
        first = await self._dialogue.until_right(lambda: self._persona(begins, own))
        second = await self._dialogue.until_right(lambda: self._persona("Who answers? Write a persona's name: ", ""))
        rounds = await self._number_of_rounds()
        corpus, engine = self._opened.corpus, self._opened.engine
        return await asyncio.to_thread(Debate.start, corpus, (engine, engine), (first, second), topic, rounds)

    async def _number_of_rounds(self) -> int:
        """Ask for the number of rounds until one is possible."""
        while True:
            typed = await self._dialogue.answer(f"For how many rounds? Enter alone for {ROUNDS}: ")
            rounds = rounds_meant(typed) if typed else ROUNDS
            if rounds is not None:
                return rounds
            self._dialogue.say(sentence(NOT_ROUNDS.format(typed=quoted(typed))))

    async def _persona(self, question: str, usual: str) -> LoadedPersona:
        name = await self._dialogue.answer(question) or usual
        if not name:
            raise NotDoneError("A debate has two personas. /personas lists them.")
        own = self._opened.conversation.persona
        load = self._opened.launch.load_persona
        if name == own.name:  # it may have no file, as one whose prompt was written here
            return await asyncio.to_thread(with_its_file, own, load)
        return await asyncio.to_thread(load, name)

    async def _argue(self, debate: Debate) -> None:
        self._dialogue.say(
            f"{MODERATOR}: {debate.topic}",
            "Lines that you write are told to both when a turn has ended. /stop pauses.",
        )
        for place in range(len(debate.sides)):
            await self._measure(debate, place)
        while (speaking := debate.next_place) is not None:
            if self._paused and not await self._go_on(debate):
                return
            self._paused = False
            try:
                await self._speak(debate, speaking)
                await self._measure(debate, speaking)
            except ReportedError as error:
                self._dialogue.say(as_sentence(error))
                await say_what_is_not_stored(self._opened, self._dialogue)
                self._paused = True
            while self._dialogue.hurried:
                if not await self._take(debate, await self._dialogue.ask(f"{MODERATOR}: ")):
                    return
        self._dialogue.say(f"The debate has ended after {pluralize(debate.rounds, 'round')}.")

    async def _hear_what_is_late(self) -> None:
        """Wait for Enter alone after the last turn: a line begun before it is for the debate, and is sent nowhere.

        A terminal gives a line only with its Enter. Raises LeftError: the person leaves the program.
        """
        while self._dialogue.typed:
            line = (await self._dialogue.ask(BACK)).strip()
            if line == f"{SLASH}quit":
                raise LeftError
            if line and line != f"{SLASH}end":
                self._dialogue.say(f"The debate had ended. Your line was sent to nobody: {printable(line)}")
            if not self._dialogue.hurried:
                return

    async def _go_on(self, debate: Debate) -> bool:
        """Take what the moderator says in a pause; return whether the debate goes on."""
        self._dialogue.say(PAUSED)
        while line := (await self._dialogue.ask(f"{MODERATOR}: ")).strip():
            if not await self._take(debate, line):
                return False
        return True

    async def _take(self, debate: Debate, line: str) -> bool:
        """Tell both sides what the moderator says, or do what is asked for; return whether the debate goes on."""
        try:
            found = asked(line)
            if found is not None and found.command.name == "end":
                return False
            if found is not None:
                _refuse(found.command, HOW_TO_MODERATE)
            elif line.strip():
                await debate.interject(message_of(line))
                self._dialogue.say("Both sides are told.")
        except NotDoneError as error:
            self._dialogue.say(str(error))
        except CommandError as error:
            self._dialogue.say(as_sentence(error))
        except ReportedError as error:
            self._dialogue.say(f"{as_sentence(error)} Your words wait, and both are told them before the next turn.")
            self._paused = True
        return True

    async def _speak(self, debate: Debate, place: int) -> None:
        """Say a turn in sentences, and how it ended; where the model failed, pause."""
        name, ended, said = printable(debate.names[place]), None, False
        with self._dialogue.busy(f"Waiting for {name}."):
            async with aclosing(debate.turn()) as events:
                with self._dialogue.speaking(name) as take:
                    async for _, event in events:
                        if isinstance(event, ReplyText):
                            self._dialogue.doing = f"{name} speaks."
                            take(event.text)
                            said = said or bool(event.text.strip())
                        elif isinstance(event, ReplyRecalled):
                            take(RECALLED)
                            said = False
                        elif isinstance(event, ReplyEnded):
                            ended = event
        if ended is not None and ended.status != "complete":
            self._paused = True
            why = in_sentence(printable(ended.why)) if ended.why else ""
            stopped = "Stopped. What was said so far is kept." if said else "Stopped before the first word."
            self._dialogue.say(stopped if ended.status == "stopped" else f"{name} did not come to an end. {why}")

    async def _measure(self, debate: Debate, place: int) -> None:
        """Measure a side after its last turn, where that is wanted, possible and permitted; say what was found."""
        if self._paused or self._measuring.why_none is not None:
            return
        assert self._monitors is not None
        await self._rounds.measure(printable(debate.names[place]), self._monitors, place, debated=True)
