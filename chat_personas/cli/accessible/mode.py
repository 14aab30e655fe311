"""The mode for screen readers: a conversation in prompted lines, sentences and slash commands.

Nothing moves the cursor, erases or is drawn: what was written stays where it is and can be read again. It is the third
face of the same conversation and monitor, beside the screen and the line mode, and everything goes to standard output,
in the order in which it happens.

Lines are read as the terminal gives them, with its own line editing. Readline is not used: it moves the cursor and
erases (`ESC [ C`, `ESC [ K`), and where it is told that the terminal cannot do that, it writes long lines over
themselves.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from chat_personas.cli.accessible.conversations import Conversations, Talking
from chat_personas.cli.accessible.dialogue import (
    Action,
    Dialogue,
    LeftError,
    NotDoneError,
    Opened,
    Replies,
    as_sentence,
)
from chat_personas.cli.accessible.measuring import Measuring
from chat_personas.cli.accessible.room import AskingTheRoom
from chat_personas.cli.accessible.side_by_side import Comparing, Debating
from chat_personas.cli.errors import DONE, StoppedError, UsageError
from chat_personas.cli.launch import Launch, set_accessible
from chat_personas.cli.standard_input import StandardInputMode
from chat_personas.conversation.commands import (
    CommandError,
    asked,
    by_subject,
    message_of,
    named,
)
from chat_personas.paths import display_path
from chat_personas.reporting.in_sentences import model_in_sentences
from chat_personas.text import full_stop, pluralize, printable
from chat_personas.tui.session import Session
from personas import LoadedPersona, system_prompt
from personas.composing import with_own_prompt
from personas.errors import ReportedError

PROMPT = "You: "
NOTHING_KEEPS_IT = "it was not sent, and this mode keeps no drafts"


class AccessibleMode(StandardInputMode):
    """A conversation in sentences, over standard input and output."""

    def __init__(self, launch: Launch, *, measure: bool) -> None:
        """Prepare; `measure` measures although the settings say no."""
        super().__init__()
        self._session = Session(launch)
        self._opened = opened = Opened(self._session)
        self._dialogue = dialogue = Dialogue(self._stop, self._is_replying)
        self._measuring = measuring = Measuring(opened, dialogue, self._read_meanwhile, wanted=measure)
        self._replies = Replies(opened, dialogue, measuring.measure)
        self._debating = Debating(opened, dialogue, measuring)
        self._conversations = Conversations(opened, dialogue, self._replies, measuring)
        self._comparing = Comparing(opened, dialogue, measuring, self._conversations)
        self._room = AskingTheRoom(opened, dialogue, self._conversations)
        self.commands: Mapping[str, Action] = {
            **Talking(opened, dialogue, self._replies, measuring.measure).actions,
            **measuring.actions,
            **PersonaAndModel(opened, dialogue, measuring, self._conversations.enter).actions,
            **self._conversations.actions,
            **self._debating.actions,
            **self._comparing.actions,
            **self._room.actions,
            "settings": self._settings,
            "help": self._help,
            "quit": self._quit,
        }

    def run(self) -> int:
        """Go on as `StandardInputMode.run` says; what could not be stored is named also after Ctrl+C.

        Raises:
            StoppedError: Ctrl+C was pressed, and something is not in the corpus.
        """
        try:
            return super().run()
        except KeyboardInterrupt:
            failure = self._session.failure
            if failure is None:
                raise
            stopped = StoppedError(f"interrupted; {failure}")
            for note in getattr(failure, "__notes__", ()):
                stopped.add_note(note)
            raise stopped from None

    async def _talk(self) -> int:
        if sys.stdin is None:
            raise UsageError("there is no standard input to read messages from; give one, one message per line")
        try:
            async with self._dialogue.listening(sys.stdin.fileno()):
                await self._begin()
                await self._take_turns()
        finally:
            if (unsent := self._replies.unsent) is not None:
                self._session.typed_in_vain, self._session.why_in_vain = unsent.text, NOTHING_KEEPS_IT
            said = self._session.conversation is not None and bool(self._session.conversation.path)
            await self._session.close()
        if self._session.failure is None:
            self._dialogue.say("Left. What was said is kept." if said else "Left.")
        if (command := self._session.how_to_go_on) is not None:
            self._dialogue.say(f"Go on with: {command}{'' if set_accessible() else ' --accessible'}")
        if self._session.failure is not None:
            raise self._session.failure
        return DONE

    async def _begin(self) -> None:
        """Open everything, and say what is there."""
        session, resume = self._session, self._opened.launch.resume
        settings = await session.load_settings()
        self._measuring.wanted = self._measuring.wanted or settings.measure
        if resume is None:
            await session.open_persona()
        if self._measuring.wanted:  # a wrong name of a survey comes out before the model opens
            await asyncio.to_thread(lambda: self._opened.launch.loaded_survey)
        corpus = await session.open_corpus()
        if resume is not None:
            corpus.conversation(resume)
        self._dialogue.say("chat-personas, the mode for screen readers. /help lists the commands. /quit leaves.")
        self._dialogue.say(f"Opening the model {self._opened.launch.shown_model}.")
        await session.open_engine()
        self._dialogue.say(*model_in_sentences(self._opened.engine.info))
        await (session.begin() if resume is None else session.resume(resume))
        self._conversations.introduce()
        await self._conversations.say_whose_the_last_reply_is()
        await self._measuring.measure()

    async def _take_turns(self) -> None:
        """Take line after line until the person leaves."""
        with suppress(LeftError):
            while True:
                await self._take_turn()

    async def _take_turn(self) -> None:
        """Take a line. An error is a sentence, and ends nothing. Raises LeftError: the person leaves."""
        try:
            await self._do(await self._dialogue.ask(PROMPT))
        except NotDoneError as error:
            self._dialogue.say(str(error))
        except (ReportedError, CommandError) as error:
            self._dialogue.say(as_sentence(error))

    async def _read_meanwhile(self) -> bool:
        """Do what the next line asks for while measuring goes on, where that begins nothing; return whether it did."""
        try:
            wanted = asked(self._dialogue.next_line)
        except CommandError:  # which the turn says
            pass
        else:
            if wanted is None or not wanted.stops_nothing:
                return False
        doing = self._dialogue.doing
        await self._take_turn()
        self._dialogue.doing = self._dialogue.doing or doing
        return True

    async def _do(self, line: str) -> None:
        """Do what a line asks for, or send it."""
        if not line.strip():
            return
        found = asked(line)
        if found is not None:
            await self.commands[found.command.name](found.argument)
            return
        await self._replies.send(message_of(await self._dialogue.message(line)))

    def _interrupt(self, task: "asyncio.Task[int]", number: int) -> None:
        """At the first Ctrl+C on a terminal stop the reply or the measuring; at any other signal end at once."""
        if number != signal.SIGINT or not self._dialogue.interrupted():
            super()._interrupt(task, number)

    def _stop(self) -> bool:
        """Stop the reply, or else the measuring or the asking; return whether there was something to stop."""
        under_way = (self._replies, self._measuring, self._comparing, self._room, self._debating)
        return any(each.stop() for each in under_way)

    def _is_replying(self) -> bool:
        """Whether a reply is heard, so that a line waits for its end."""
        return self._replies.running or self._debating.speaking or self._comparing.speaking

    async def _help(self, name: str) -> None:
        if name:
            command = named(name)
            self._dialogue.say(f"{command.said}: {command.does}")
            return
        for subject, commands in by_subject("sentences"):
            self._dialogue.say(*(f"{subject}, {command.said}: {command.does}" for command in commands))
        self._dialogue.say(
            "Everything else is a message. A backslash at the end of a line goes on in the next one. "
            "Enter alone says what is going on. Ctrl+C stops a reply, and pressed again it leaves."
        )

    async def _settings(self, wanted: str) -> None:
        """List the settings with this name, or change the one of this name; what is changed counts later."""
        from chat_personas.settings_file import SettingsFile
        from chat_personas.settings_listing import all_settings, change_meant, in_sentences
        from chat_personas.tui.key_registry import settable_keys
        from chat_personas.tui.themes import known_themes
        from chat_personas.tui.unusable_settings import check_named

        bindings = settable_keys() if wanted.startswith("keys") else ()
        listed = await asyncio.to_thread(all_settings, self._opened.launch.given, bindings)
        name, _, value = wanted.partition(" ")
        setting = next((each for each in listed if each.name == name), None)
        if setting is None or not value.strip():
            found = [each for each in listed if wanted.casefold() in each.name.casefold()]
            if not found:
                raise NotDoneError(f"No setting has {wanted} in its name. /settings lists all.")
            self._dialogue.say(*map(in_sentences, found))
            if not wanted:
                self._dialogue.say("/settings keys lists the keys of the screen.")
            return
        keys, meant = change_meant(setting, value)
        await asyncio.to_thread(check_named, keys, meant, known_themes())
        await asyncio.to_thread(SettingsFile().change, keys, meant)
        self._dialogue.say(f"{setting.name} is written to the settings. It counts from the next start.")

    async def _quit(self, _: str) -> None:
        raise LeftError


class PersonaAndModel:
    """With which persona and model the person talks, and what is on inside the model."""

    def __init__(
        self, opened: Opened, dialogue: Dialogue, measuring: Measuring, enter: Callable[[], Awaitable[None]]
    ) -> None:
        """Prepare; `enter` is awaited where another conversation was opened."""
        self._opened = opened
        self._dialogue = dialogue
        self._say = dialogue.say
        self._measuring = measuring
        self._enter = enter

    @property
    def actions(self) -> Mapping[str, Action]:
        """What the slash commands about persona and model do."""
        return {
            "persona": self._persona,
            "personas": self._personas,
            "go-on": self._go_on,
            "prompt-text": self._prompt_text,
            "save-persona": self._save,
            "model": self._model,
            "models": self._models,
            "steer": self._steer,
        }

    async def _persona(self, name: str) -> None:
        if not name:
            await self._personas("")
            return
        await self._begin_with(await asyncio.to_thread(self._opened.launch.load_persona, name))

    async def _begin_with(self, persona: LoadedPersona) -> None:
        """Begin a conversation with another persona; where that fails, the one before stays."""
        session = self._opened.session
        before, session.persona = session.persona, persona
        try:
            await session.begin()
        except ReportedError:
            session.persona = before
            raise
        await self._enter()

    async def _go_on(self, name: str) -> None:
        if not self._opened.conversation.path:
            await self._persona(name)
            return
        await self._go_on_with(await asyncio.to_thread(self._opened.launch.load_persona, name))

    async def _go_on_with(self, persona: LoadedPersona) -> None:
        """Go on in the open conversation with another persona."""
        await self._opened.session.change_persona(persona)
        self._say(f"From here on you talk with: {printable(persona.persona.title)}. What was said before stays.")
        self._measuring.forget()
        await self._measuring.measure()

    async def _prompt_text(self, text: str) -> None:
        """Say the steering prompt, or go on with one of the person's own words, written as one line."""
        persona = self._opened.conversation.persona
        if not text:
            prompt = system_prompt(persona)
            self._say(f"The steering prompt of {printable(persona.title)}: {printable(prompt or 'none')}")
            return
        written = with_own_prompt(await self._opened.session.open_same_persona(), text)
        if self._opened.conversation.path:
            await self._go_on_with(written)
        else:
            await self._begin_with(written)

    async def _save(self, name: str) -> None:
        from chat_personas.own_personas import PersonaExistsError, save_persona

        persona = self._opened.conversation.persona
        try:
            saved = await asyncio.to_thread(save_persona, persona, name)
        except PersonaExistsError:
            if not await self._dialogue.confirm(f"You have a persona {name} already. Replace it?"):
                raise NotDoneError("Nothing was saved.") from None
            saved = await asyncio.to_thread(save_persona, persona, name, replace=True)
        self._say(f"Saved as {saved.persona.name}: {display_path(saved.path)}.")

    async def _personas(self, words: str) -> None:
        rows = await asyncio.to_thread(_library, self._opened.launch)
        found = [row for row in rows if all(word in row.casefold() for word in words.casefold().split())]
        if not found:
            raise NotDoneError("No persona has these words. /personas lists all.")
        self._say(f"{pluralize(len(found), 'persona')}. /persona NAME begins a conversation with one.", *found)

    async def _model(self, name: str) -> None:
        if name:
            await self._change_model(name)
            return
        self._say(*model_in_sentences(self._opened.engine.info))
        use = await self._opened.conversation.context_use()
        if use is not None:
            self._say(f"The conversation takes {'at least ' * use.at_least}{use.tokens:,} tokens of the context.")

    async def _models(self, words: str) -> None:
        from chat_personas.reporting.models_found import in_sentences, offered

        found = await asyncio.to_thread(self._opened.launch.find_models)
        lines = list(map(in_sentences, offered(found)))
        wanted = [line for line in lines if all(word in line.casefold() for word in words.casefold().split())]
        if not wanted:
            raise NotDoneError("No model has these words. /models lists all.")
        self._say(f"{pluralize(len(wanted), 'model')}. /model M goes on with one.", *wanted)

    async def _change_model(self, name: str) -> None:
        """Open another model, and go on with it. Where that fails, the model before stays."""
        session = self._opened.session
        name = await session.model_meant(name)
        if await asyncio.to_thread(session.has_open, name):
            raise NotDoneError(f"{printable(self._opened.engine.info.name)} is open already.")
        self._say(f"Opening the model {await session.name_of_model(name)}.")
        other = await session.open_other_model(name)
        await session.change_model(other, new=False)
        self._say(*model_in_sentences(other.engine.info), "The next reply comes from it.")
        self._measuring.forget()
        await self._measuring.measure()

    async def _steer(self, wanted: str) -> None:
        knob = self._opened.conversation.knob
        if wanted:
            await asyncio.to_thread(knob.obey, wanted)
        if described := knob.described():
            self._say(f"Inside the model: {described}.")
        else:
            self._say(f"Inside the model: nothing; {printable(await asyncio.to_thread(knob.how_to_turn))}")
        if wanted:
            self._measuring.forget()
            await self._measuring.measure()


def _library(launch: Launch) -> list[str]:
    """Return a row for each persona: name, title, attributes, and whether the survey has figures for its groups."""
    from chat_personas.own_personas import all_persona_names, find_persona
    from eval.surveys.human_figures import has_figures
    from personas import PersonaError, attribute_of

    survey, rows = launch.loaded_survey.survey, []
    for name in all_persona_names():
        try:
            persona = find_persona(name).persona
        except PersonaError as error:
            rows.append(full_stop(f"Persona {name}: {error}"))
            continue
        attributes = [attribute_of(group.attribute) for group in persona.groups]
        titles = " and ".join(found.title for found in attributes if found is not None) or "no group"
        talk_only = "" if has_figures(survey, persona.groups) else " Talk only: the survey has no figures."
        rows.append(f"Persona {name}: {persona.title}, by {titles}.{talk_only}")
    return rows
