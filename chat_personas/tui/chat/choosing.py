"""What is done with one message: going to it, finding it, forking from it, its versions, its place in the queue."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from textual.worker import WorkerCancelled, WorkerFailed

from chat_personas.tui.chat.commands import (
    CHANGING,
    FIRST_VERSION,
    LAST_VERSION,
    Handler,
    in_worker,
    say_nothing_yet,
    without_argument,
)
from chat_personas.tui.widgets.composer import Recalled
from chat_personas.tui.widgets.entries import SAID, Entry
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import Conversation
    from chat_personas.tui.chat.screen import ChatScreen
    from personas.persona import PersonaSampling

MOST_RECALLED = 500
"""Messages of the corpus that can be recalled in the composer."""
MENU = (
    ("edit", "Edit it: another branch begins here", ("user",)),
    ("fork", "Fork: a new conversation with the messages up to here", ("user", "reply")),
    ("copy", "Copy it", ("user", "reply")),
    ("rate", "Rate it", ("reply",)),
    ("whole", "Show it whole, without Markdown", ("user", "reply")),
    ("editor", "Read it in your editor", ("user", "reply")),
)
"""What can be done with a message, by the name of the command, and with which kinds."""
OF_KEPT = ("fork", "rate")
"""What can be done only with a message of this conversation, and not with what a side of a debate quotes."""
QUEUE_MENU = (
    ("edit", "Edit it: back into the composer"),
    ("sooner", "Send it sooner"),
    ("later", "Send it later"),
)


class ChoosingController:
    """The commands of a chat screen about one message of the conversation."""

    def __init__(self, screen: "ChatScreen") -> None:
        self.screen = screen
        self._recalled: Recalled | None = None

    @property
    def actions(self) -> Mapping[str, Handler]:
        """What the commands about one message do."""
        return {
            "choose": without_argument(self.choose),
            "jump": self.jump,
            "find": self.find,
            "queue": self.choose_waiting,
            "fork": self.fork,
            "editor": self.open_editor,
            "sampling": self.choose_sampling,
        }

    def choose(self) -> None:
        """Choose the last message in view."""
        self.screen.panel_place.uncover()
        if not self.say_if_nothing_to_choose():
            self.screen.set_focus(self.screen.transcript)

    def say_if_nothing_to_choose(self) -> bool:
        """Say so where there is no message to choose; return whether there is none."""
        nothing = not any(entry.kind in SAID for entry in self.screen.transcript.entries)
        if nothing:
            say_nothing_yet(self.screen, "choose")
        return nothing

    def choose_waiting(self, asked: str) -> None:
        """Choose the first message that waits to be sent, or take back the one of a number, as `drop 2` asks."""
        waiting = [entry for entry in self.screen.transcript.entries if entry.waiting]
        number = asked.casefold().removeprefix("drop").strip()
        if not waiting:
            self.screen.notify("No message waits.", markup=False)
        elif not asked:
            self._choose(waiting[0])
        elif asked.casefold().startswith("drop ") and number.isdecimal() and 1 <= int(number) <= len(waiting):
            self._requeue(waiting[int(number) - 1], "unsend")
        else:
            said = f"Write /queue, or /queue drop NUMBER with a number up to {len(waiting)}."
            self.screen.notify(said, severity="warning", markup=False)

    @in_worker("ask", exclusive=True)
    async def jump(self, words: str) -> None:
        """Go to one of the person's own messages, chosen from a list; `words` narrow it."""
        from chat_personas.tui.screens.messages import JumpScreen

        said = [(entry.message_id or "", entry.text) for entry in self.screen.transcript.own()]
        if not said:
            say_nothing_yet(self.screen, "jump")
            return
        chosen = await self.screen.app.push_screen_wait(JumpScreen(said, words))
        entry = next((entry for entry in self.screen.transcript.own() if entry.message_id == chosen), None)
        if entry is not None:
            self._choose(entry)

    def find(self, words: str) -> None:
        """Show the line in which words are looked for in this conversation."""
        self.screen.panel_place.uncover()
        self.screen.find_line.open(words)

    def leave_find(self) -> None:
        """Hide that line, and stay at the message that was found, if one was."""
        found = self.screen.transcript.chosen
        self.screen.find_line.close()
        if found is None:
            self.screen.write_on()
        else:
            self.screen.set_focus(self.screen.transcript)

    @in_worker("replies")
    async def fork(self, number: str) -> None:
        """Begin another conversation with the messages up to the chosen one, and go to it.

        `number` is that of a message of the person's, with the reply to it; else it is the last message.
        """
        screen, conversation = self.screen, self.screen.session.conversation
        chosen = screen.transcript.chosen
        if conversation is None or not conversation.path:
            say_nothing_yet(screen, "fork")
            return
        fork = None
        with screen.replies.held():  # a message that waits would be said as soon as the reply is stopped
            await screen.replies.stop()
            try:
                key = chosen.message_id if chosen is not None and not chosen.waiting else None
                key = key if key is not None and not number else conversation.end_of_turn(number.removeprefix("#"))
                if screen.replies.changing:
                    screen.notify(CHANGING, markup=False)
                else:
                    fork = await conversation.fork(key)
            except (ReportedError, ValueError) as error:
                screen.notify(str(error), severity="warning", markup=False)
        if fork is None:
            await screen.replies.send_waiting()
            return
        screen.enter(fork)
        in_list = screen.key_of("open") or "/open"
        screen.notify(f"This is the fork. The original is in the list ({in_list}).", markup=False)

    def act(self, entry: Entry, what: str) -> None:
        """Do with a message what its key in the transcript asks for."""
        if what == "menu":
            self._menu(entry)
        elif what in ("before", "after"):
            self._go_beside(entry, -1 if what == "before" else 1)
        else:
            self._requeue(entry, what)

    @in_worker("ask", exclusive=True)
    async def _menu(self, entry: Entry) -> None:
        """List what can be done with a message, and do what is chosen."""
        from chat_personas.tui.screens.messages import MenuScreen

        if entry.waiting:
            does = [(name, said, "") for name, said in QUEUE_MENU]
        else:
            kept = entry.message_id is not None  # what a side of a debate quotes is the other side's
            there = (
                (name, said) for name, said, kinds in MENU if entry.kind in kinds and (kept or name not in OF_KEPT)
            )
            does = [(name, said, self.screen.key_of(name)) for name, said in there]
        chosen = await self.screen.app.push_screen_wait(MenuScreen(entry.text, does))
        if chosen is None or entry not in self.screen.transcript.entries:
            return
        self._choose(entry, bring=False)
        if entry.waiting:
            self._requeue(entry, "unsend" if chosen == "edit" else chosen)
        else:
            self.screen.do(chosen)

    @in_worker("replies")
    async def _go_beside(self, entry: Entry, by: int) -> None:
        """Go to the version of a message before or after it."""
        if entry.message_id is not None and not self.screen.editing.under_way:
            nothing = FIRST_VERSION if by < 0 else LAST_VERSION
            await self.screen.talking.show_version(self._choose_beside(entry.message_id, by), nothing)

    async def _choose_beside(self, message_id: str, by: int) -> str | None:
        """Go to a version, choose it, and return its key, if there is one."""
        version = await self.screen.replies.go_beside(message_id, by)
        if version is not None:
            self.screen.transcript.choose_message(version)
        return version

    @in_worker("replies")
    async def _requeue(self, entry: Entry, what: str) -> None:
        """Unsend a waiting message, or let it be sent sooner or later."""
        if what == "unsend":
            self.screen.write_on()
            await self.screen.replies.take_back(entry)
        else:
            await self.screen.replies.move_waiting(entry, -1 if what == "sooner" else 1)
            if entry.waiting:
                self.screen.transcript.choose(entry)

    @in_worker("editor", exclusive=True)
    async def open_editor(self, what: str) -> None:
        """Write the message in the person's editor; or read there a chosen message, or "all" of the conversation."""
        from chat_personas.tui.other_programs import edited

        screen, conversation = self.screen, self.screen.session.conversation
        chosen, composer = screen.transcript.chosen, screen.composer
        try:
            if what == "all" and conversation is not None:
                await edited(screen.app, self._in_markdown(conversation), "conversation.md")
            elif what:
                screen.notify("Write /editor or /editor all.", severity="warning", markup=False)
            elif chosen is not None:
                await edited(screen.app, chosen.text, "message.md")
            else:
                self._write(await edited(screen.app, composer.text, "message.md", self._write))
        except ReportedError as error:
            screen.notify_failure(error)

    def _write(self, text: str) -> None:
        """Show in the composer what was written in the editor."""
        self.screen.composer.text = text
        self.screen.composer.move_cursor(self.screen.composer.document.end)

    async def leave_editor(self) -> None:
        """End the editor, if one is open; what it has stored of the message is in the composer then."""
        workers = [worker for worker in self.screen.workers if worker.group == "editor" and not worker.is_finished]
        for worker in workers:
            worker.cancel()
        for worker in workers:
            with suppress(WorkerCancelled, WorkerFailed):
                await worker.wait()

    @in_worker("ask", exclusive=True)
    async def choose_sampling(self, written: str) -> None:
        """Choose how the replies of this conversation are drawn, as `temperature=0.5 seed=7` says, or in a dialogue."""
        from chat_personas.conversation.sampling import sampling_asked, sampling_described
        from chat_personas.tui.screens.dialogs import SamplingScreen

        screen, conversation = self.screen, self.screen.session.conversation
        if conversation is None:
            return
        try:
            chosen: PersonaSampling | None
            if written:
                chosen = sampling_asked(written)
            else:
                asking = SamplingScreen(conversation.chosen_sampling, conversation.usual_sampling)
                chosen = await screen.app.push_screen_wait(asking)
            if chosen is not None:
                await conversation.choose_sampling(chosen)
                screen.notify(f"From the next reply: {sampling_described(conversation.sampling)}.", markup=False)
        except ReportedError as error:
            screen.notify_failure(error)

    # What was said before, in the composer

    def said(self, text: str) -> None:
        """Note what the person says, to be recalled."""
        if self._recalled is not None:
            self._recalled.add(text)

    @in_worker("recall")
    async def recall(self, by: int) -> None:
        """Show what the person said before or after what the composer shows, also in other conversations."""
        corpus, composer = self.screen.session.corpus, self.screen.composer
        if corpus is None:
            return
        if self._recalled is None:
            present = composer.text
            found = Recalled(await asyncio.to_thread(corpus.said, MOST_RECALLED))
            self._recalled = self._recalled or found
            if composer.text != present:
                return  # the person has typed on
        text = self._recalled.go(by, composer.text)
        if text is not None:
            composer.recall(text)

    def _choose(self, entry: Entry, *, bring: bool = True) -> None:
        self.screen.panel_place.uncover()
        self.screen.transcript.choose(entry, bring=bring)
        self.screen.set_focus(self.screen.transcript)

    def _in_markdown(self, conversation: "Conversation") -> str:
        from chat_personas.reporting.conversation_copy import words_in_markdown

        return words_in_markdown(
            conversation.title, conversation.path, conversation.speakers, conversation.of_participants
        )
