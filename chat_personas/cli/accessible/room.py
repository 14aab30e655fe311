"""Asking the room in sentences: one question to all groups of an attribute, their answers row by row.

It is the room of the screen, with a word in place of each of its keys: people's own answers stay hidden until they are
revealed, so that a class can guess first.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from chat_personas.cli.accessible.conversations import LISTED, Conversations
from chat_personas.cli.accessible.dialogue import (
    Action,
    Dialogue,
    NotDoneError,
    Opened,
    chosen_number,
)
from chat_personas.conversation.room import (
    PRESETS,
    Room,
    RoomError,
    RoomQuestion,
    RoomTable,
    attributes_offered,
    attributes_with_figures,
    members_meant,
    question_meant,
    questions_with,
)
from chat_personas.paths import display_path, path_named
from chat_personas.reporting.in_sentences import in_sentence
from chat_personas.reporting.room import (
    ALONE_IN_SHORT,
    WRITERS,
    asked_how,
    figures_read,
    people_name,
    reply_read,
)
from chat_personas.storage.files import atomic_write, output_errors
from chat_personas.studies.steps import percentages, shares_of
from chat_personas.text import pluralize, printable
from personas import CATALOGUE, LoadedPersona

if TYPE_CHECKING:
    from eval.surveys.loading import LoadedSurvey

NO_OPTIONS = "No options: replies in words only"
HIDDEN = "People's answers are hidden. /guess NUMBER guesses those of one group, /reveal reads them."


class AskingTheRoom:
    """The room that was asked last: its answers row by row, guesses, people's own answers, and the file of it all."""

    def __init__(self, opened: Opened, dialogue: Dialogue, conversations: Conversations) -> None:
        self._opened = opened
        self._dialogue = dialogue
        self._say = dialogue.say
        self._conversations = conversations
        self._asking: asyncio.Task[None] | None = None

    @property
    def actions(self) -> Mapping[str, Action]:
        """What the slash commands about the room do."""
        return {"room": self._room, "guess": self._guess, "reveal": self._reveal, "save-room": self._save}

    def stop(self) -> bool:
        """Stop asking; return whether somebody was asked. What came before stays."""
        return self._asking is not None and self._asking.cancel()

    async def _room(self, written: str) -> None:
        """Ask the room a question; without one, read the answers of before, and ask those who did not answer."""
        session = self._opened.session
        table = session.room
        if written or table is None or table.room.engine is not self._opened.engine:
            session.room = table = await self._seated(written)
        else:
            self._say(f"Asked: {printable(table.room.question.stem)}")
            self._read(table)
        await self._ask(table)

    async def _ask(self, table: RoomTable) -> None:
        """Ask everybody who has not answered, read each answer as it comes, and say what to know about them all."""
        self._asking = asyncio.create_task(self._ask_all(table))
        with self._dialogue.busy("Asking for figures."):
            await asyncio.wait({self._asking})
        done, self._asking = self._asking, None
        if done.cancelled():
            self._say("Stopped. /room asks those who have not answered.")
        else:
            done.result()
        self._remark(table)
        self._conversations.list_here([answer.conversation for answer in table.room.report().answers])

    async def _ask_all(self, table: RoomTable) -> None:
        total = len(table.room.members)
        async with aclosing(table.measure()) as places:
            async for place in places:
                self._read_figures(table, place)
                self._dialogue.doing = f"Asking for figures, {place + 1} of {total}."
        self._dialogue.doing = "Asking for replies in words."
        async with aclosing(table.hear(self._opened.corpus)) as places:
            async for place in places:
                self._read_words(table, place)
                self._dialogue.doing = f"Asking for replies in words, {place + 1} of {total}."

    # Choosing

    async def _seated(self, written: str) -> RoomTable:
        """Choose question, options and groups. Raises NotDoneError: one is missing, or the person does not agree."""
        survey, engine = await self._opened.session.open_survey(), self._opened.engine
        question = await self._question(written, survey)
        self._say(f"Asked: {printable(question.stem)}")
        members = await self._dialogue.until_right(lambda: self._members(survey))
        room = Room(engine, question, members)
        if not self._opened.launch.probing_confirmed(engine.info):
            if not await self._dialogue.confirm(
                f"{printable(engine.info.name)} is on another machine. Asking the room takes "
                f"{room.requests(quotes=True)} requests, which may cost money. Ask?"
            ):
                raise NotDoneError("Nobody was asked.")
            self._opened.launch.remember_probing(engine.info)
        return RoomTable(room)

    async def _question(self, written: str, survey: "LoadedSurvey") -> RoomQuestion:
        """Find a question of the survey by its id, its wording or words of it; else take one in the person's words."""
        prompt = "What is asked? Write a question of your own, or words to find one of the survey: "
        written = written or await self._dialogue.answer(prompt)
        if not written:
            raise NotDoneError("Nothing was asked.")
        found = questions_with(written, survey)
        with suppress(*([RoomError] if found else [])):
            question = question_meant(written, (), survey)
            if question.survey is not None:
                return question
        while found:
            if len(found) > LISTED:
                self._say(f"The survey has {len(found)} such questions. These are the first.")
            prompt = f"Write a number, other words, or Enter alone to ask in your own words, “{written}”: "
            picked = await self._dialogue.choose(prompt, "Question", [each.stem for each in found[:LISTED]])
            if isinstance(picked, list):
                return question_meant(found[picked[0]].id, (), survey)
            written, found = picked or written, questions_with(picked, survey) if picked else []
        return await self._dialogue.until_right(lambda: self._with_options(written, survey))

    async def _with_options(self, written: str, survey: "LoadedSurvey") -> RoomQuestion:
        """Ask with which options a question of the person's own is asked. Raises RoomError: not with these."""
        presets = [", ".join(preset) for preset in PRESETS]
        prompt = "With which options? Write a number, or your own with a vertical bar between them, as A lot|A little: "
        picked = await self._dialogue.choose(prompt, "Options", [NO_OPTIONS, *presets])
        if isinstance(picked, list):
            return question_meant(written, ((), *PRESETS)[picked[0]], survey)
        return question_meant(written, [part.strip() for part in picked.split("|") if part.strip()], survey)

    async def _members(self, survey: "LoadedSurvey") -> tuple[LoadedPersona, ...]:
        """Return personas for the attributes or groups that are chosen by number, key or name. Raises RoomError."""
        groups, figures = self._opened.conversation.persona.groups, attributes_with_figures(survey)
        attributes = attributes_offered(survey, groups[0].attribute if groups else "")
        lines = [
            f"{each.title}, {each.key}: {', '.join(each.labels)}{'' if each.key in figures else '; no human figures'}"
            for each in attributes
        ]
        prompt = (
            f"Who is asked? Write numbers, or groups such as {groups[0] if groups else 'POLPARTY=Democrat'} with "
            f"commas between them; Enter alone asks all of {attributes[0].key}: "
        )
        picked = await self._dialogue.choose(prompt, "Attribute", lines) or [0]
        named = [attributes[each].key for each in picked] if isinstance(picked, list) else list(_groups_named(picked))
        return await asyncio.to_thread(members_meant, named, survey)

    # Reading

    def _read(self, table: RoomTable) -> None:
        """Read every answer that has come."""
        for place in range(len(table.room.members)):
            self._read_figures(table, place)
            self._read_words(table, place)

    def _read_figures(self, table: RoomTable, place: int) -> None:
        report, guess = table.room.report(), table.guesses.get(place)
        options = report.question.options
        self._say(*figures_read(report.answers[place], place + 1, options, guess=guess, revealed=table.revealed))

    def _read_words(self, table: RoomTable, place: int) -> None:
        self._say(*reply_read(table.room.report().answers[place], place + 1))

    def _remark(self, table: RoomTable) -> None:
        """Say what a listener must know about the answers, and what can be done with them."""
        report = table.room.report()
        self._say(*(in_sentence(printable(why)) for why in (table.no_figures, table.no_words) if why))
        if report.question.options:
            self._say(in_sentence(ALONE_IN_SHORT))
        self._say(in_sentence(asked_how(report)))
        if not table.revealed and any(answer.people is not None for answer in report.answers):
            self._say(HIDDEN)
        self._say("/open NUMBER goes on with one of them, /save-room FILE saves the answers.")

    # Guessing, revealing, saving

    def _table(self) -> RoomTable:
        table = self._opened.session.room
        if table is None:
            raise NotDoneError("The room was not asked yet. /room asks it.")
        return table

    async def _guess(self, written: str) -> None:
        table = self._table()
        report = table.room.report()
        answers, options = report.answers, report.question.options
        if not written:
            can = [f"Answer {n}: {people_name(one)}" for n, one in enumerate(answers, start=1) if one.people]
            if not can:
                raise NotDoneError("The survey has no people's answers to this question.")
            self._say(*can, "/guess NUMBER guesses one.")
            return
        number, _, numbers = written.partition(" ")
        place = chosen_number(number, len(answers), "answers") - 1
        if answers[place].people is None:
            raise NotDoneError("There are no human figures for this group.")
        if numbers.strip():
            table.guesses[place] = shares_of(percentages(numbers, len(options)))
        else:
            self._say(f"Of 100 people, how many gave each answer? These are {people_name(answers[place])}.")
            self._say(*(f"Option {n}: {printable(text)}" for n, text in enumerate(options, start=1)))
            table.guesses[place] = await self._dialogue.until_right(lambda: self._shares(len(options)))
        self._read_figures(table, place)

    async def _shares(self, options: int) -> tuple[float, ...]:
        """Ask for the numbers of a guess. Raises ParticipationError: others; NotDoneError: none."""
        numbers = await self._dialogue.answer(f"{pluralize(options, 'number')} in this order that sum to 100: ")
        if not numbers:
            raise NotDoneError("Nothing was guessed.")
        return shares_of(percentages(numbers, options))

    async def _reveal(self, _: str) -> None:
        table = self._table()
        if all(answer.people is None for answer in table.room.report().answers):
            raise NotDoneError("The survey has no people's answers to this question.")
        table.revealed = not table.revealed
        if not table.revealed:
            self._say("People's answers are hidden again.")
            return
        for place in range(len(table.room.members)):
            self._read_figures(table, place)

    async def _save(self, written: str) -> None:
        table, path = self._table(), path_named(written)
        report = table.room.report()
        write = WRITERS.get(path.suffix.casefold())
        if write is None:
            raise NotDoneError(f"Not saved: let the name end in one of {', '.join(WRITERS)}.")
        with output_errors(display_path(path)):
            replacing = path.exists()
        if replacing and not await self._dialogue.confirm(f"{display_path(path)} exists already. Replace it?"):
            raise NotDoneError("Nothing was written.")

        def save() -> None:
            with output_errors(display_path(path)), atomic_write(path) as stream:
                stream.write(f"{write(report)}\n".encode())

        await asyncio.to_thread(save)
        hidden = not table.revealed and any(answer.people is not None for answer in report.answers)
        people = ", with people's answers" if hidden else ""
        self._say(f"Written to {display_path(path)}{people}.")


def _groups_named(written: str) -> Iterator[str]:
    """Yield attributes and groups as `members_meant` takes them: by key, or a group by its name, as Republican."""
    by_name = {
        label.casefold(): f"{attribute.key}={value}"
        for attribute in CATALOGUE.values()
        for value, label in zip(attribute.values, attribute.labels, strict=True)
    }
    for part in filter(None, map(str.strip, written.split(","))):
        words = part.split()
        if part.casefold() in by_name:
            yield by_name[part.casefold()]
        elif all("=" in word or word in CATALOGUE for word in words):
            yield from words
        else:
            yield part
