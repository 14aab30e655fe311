"""What is done with the messages of the open conversation: stopping, regenerating, editing, copying, rating."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from chat_personas.conversation.commands import numbered
from chat_personas.text import pluralize, printable
from chat_personas.tui.chat.commands import (
    CHANGING,
    ONE_VERSION,
    REPLYING,
    Handler,
    in_worker,
    say_nothing_yet,
    with_keys,
    without_argument,
)
from chat_personas.tui.widgets.entries import which_of
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.reporting.explained.exact_prompt import Block
    from chat_personas.tui.chat.screen import ChatScreen
    from chat_personas.tui.screens.prompt import Page, PageName
    from chat_personas.tui.widgets.entries import Entry

HOW_TO_NUMBER = "/versions 2 goes to version 2 of the last turn, /versions #1 2 to that of your message 1."
LONGEST_NAME = 60
"""Characters of a reply by which it is told from the others."""


class Talking:
    """The commands about what is said on a chat screen."""

    def __init__(self, screen: "ChatScreen") -> None:
        self.screen = screen
        self._scale = ""

    @property
    def actions(self) -> Mapping[str, Handler]:
        """What the commands about talking do."""
        return {
            "stop": without_argument(self.stop),
            "again": without_argument(self.regenerate),
            "edit": self.edit,
            "versions": self.other_version,
            "copy": self.copy,
            "whole": without_argument(self.show_whole),
            "thought": without_argument(self.toggle_thoughts),
            "prompt": self.show_prompt,
            "rate": self.rate,
        }

    @property
    def escape_action(self) -> str | None:
        """What Escape does now: stop the reply, else cancel the edit, unsend a message, or dismiss; or None."""
        if self.screen.replies.busy:
            return "stop"
        if self.screen.editing.under_way:
            return "leave_edit"
        if self.screen.replies.waiting:
            return "take_back"
        return "dismiss_introduction" if self.screen.introduction.shown and self.screen.composer.has_focus else None

    @in_worker("stop")
    async def stop(self) -> None:
        """Stop the reply. If it has just ended by itself, cancel the edit or unsend the waiting message instead."""
        if self.screen.replies.busy:
            await self.screen.replies.stop()
        elif self.screen.editing.under_way:
            self.screen.editing.leave()
        else:
            await self.screen.replies.take_back()

    @in_worker("stop")
    async def take_back(self) -> None:
        """Return the newest waiting message to the composer."""
        await self.screen.replies.take_back()

    @in_worker("replies")
    async def regenerate(self) -> None:
        """Regenerate the last reply; without a model, try to open it again."""
        screen = self.screen
        if screen.session.engine is None:
            screen.open()
        elif screen.session.conversation is not None and screen.session.conversation.path:
            screen.write_on()
            await screen.replies.stop()
            await screen.replies.regenerate()
        else:
            say_nothing_yet(screen, "again")

    @in_worker("replies")
    async def other_version(self, number: str) -> None:
        """Show the next version of the last turn, or that of a `number` (`2`, `#1 2`), and go on from there.

        It is measured, because the panel is about the conversation on the screen.
        """
        screen = self.screen
        turn, version = numbered(number)
        if number and not version.isdecimal():
            screen.notify(HOW_TO_NUMBER, severity="warning", markup=False)
            return
        screen.write_on()
        if screen.session.conversation is None or not screen.session.conversation.path:
            say_nothing_yet(screen, "versions")
            return
        replies = screen.replies
        try:
            await self.show_version(
                replies.go_to_version(turn, int(version)) if version else replies.show_other_version()
            )
        except ValueError as error:
            screen.notify(f"{str(error).capitalize()}.", severity="warning", markup=False)

    async def show_version(self, going: Awaitable[object], nothing: str = ONE_VERSION) -> None:
        """Await `going` to another version, and measure what is on the screen then; where there is `nothing`, say so.

        While a reply comes, or the persona or the model changes, nobody goes anywhere.
        """
        screen = self.screen
        try:
            if await going:
                screen.measuring.follow()
                screen.show_title()
                screen.measure()
            else:
                why = CHANGING if screen.replies.changing else REPLYING if screen.replies.busy else nothing
                screen.notify(with_keys(why), markup=False)
            await screen.show_context()
        except ReportedError as error:
            screen.notify_failure(error)
        await screen.replies.send_waiting()

    @in_worker("stop")
    async def edit(self, text: str) -> None:
        """Put the chosen message of the person's, or the last one, into the composer, or `text` in its place.

        After `#2` it is their second one. Sending it begins another branch.
        """
        screen = self.screen
        number, text = numbered(text)
        own = screen.transcript.own()
        if number is not None and not 1 <= number <= len(own):
            screen.notify(f"You have said {pluralize(len(own), 'message')}.", severity="warning", markup=False)
            return
        entry = screen.transcript.meant("user") if number is None else own[number - 1]
        screen.write_on()
        await screen.replies.stop()
        entry = entry or screen.transcript.last("user")  # it may have been on its way
        if not screen.editing.under_way and entry is not None and entry.message_id is not None:
            screen.editing.begin(entry.message_id, text or entry.text, which_of(entry, own))
        elif entry is None:
            say_nothing_yet(screen, "edit")

    def copy(self, what: str) -> None:
        """Copy the chosen message, else the last reply, to the clipboard; "all": the whole conversation as Markdown."""
        screen, conversation = self.screen, self.screen.session.conversation
        if what not in ("", "all"):
            screen.notify("Write /copy or /copy all.", severity="warning", markup=False)
        elif what and conversation is not None and conversation.path:
            from chat_personas.reporting.conversation_copy import words_in_markdown

            screen.app.copy_to_clipboard(
                words_in_markdown(
                    conversation.title, conversation.path, conversation.speakers, conversation.of_participants
                )
            )
            screen.notify("Copied the conversation.", markup=False)
        elif (entry := screen.transcript.chosen or screen.transcript.last("reply")) is not None and entry.text:
            whose = "the message" if entry.speaker else "your message"
            named = whose if entry.kind == "user" else "the reply"
            screen.app.copy_to_clipboard(entry.text)
            screen.notify("Copied the last reply." if screen.transcript.chosen is None else f"Copied {named}.")
        else:
            say_nothing_yet(screen, "copy")

    def toggle_thoughts(self) -> None:
        """Unfold what the model thought before its replies, or fold it."""
        if self.screen.transcript.has_thoughts:
            self.screen.transcript.toggle_thoughts()
        else:
            say_nothing_yet(self.screen, "thought")

    def show_whole(self) -> None:
        """Show the message that is shown in part, or the last reply, as it is and to its end."""
        from chat_personas.tui.screens.whole_text import WholeTextScreen

        message = self.screen.transcript.chosen or self.screen.transcript.to_read()
        if message is not None and message.text:
            self.screen.app.push_screen(WholeTextScreen(message.text))
        else:
            say_nothing_yet(self.screen, "whole")

    def show_prompt(self, page: str) -> None:
        """Show the exact prompt; "probe": what the last probe sent."""
        if page not in ("", "probe"):
            self.screen.notify("Write /prompt or /prompt probe.", severity="warning", markup=False)
        elif self.screen.session.conversation is not None:
            from chat_personas.tui.screens.prompt import PromptScreen

            pages: Mapping[PageName, Page] = {"prompt": self._prompt, "probe": self._last_probe}
            self.screen.app.push_screen(PromptScreen(pages, "probe" if page else "prompt"))

    async def _prompt(self) -> AsyncGenerator["Sequence[Block]", None]:
        from chat_personas.reporting.explained.exact_prompt import prompt_blocks

        if (conversation := self.screen.session.conversation) is not None:
            async with aclosing(conversation.given()) as found:
                async for given in found:
                    yield await asyncio.to_thread(prompt_blocks, given)

    async def _last_probe(self) -> AsyncGenerator["Sequence[Block]", None]:
        from chat_personas.reporting.explained.exact_prompt import probe_blocks

        monitor = self.screen.session.monitor
        conversation = self.screen.session.conversation
        side = conversation.side if conversation is not None else ""
        yield probe_blocks(await monitor.last_probe() if monitor is not None else None, side)

    @in_worker("ask", exclusive=True)
    async def rate(self, written: str) -> None:
        """Store how good the chosen or the last reply is: what is `written`, a value and a scale, or asked for.

        A value alone is on the scale that was written last, at first on the one that is asked for.
        """
        from chat_personas.corpus import RatingRow
        from chat_personas.corpus.measurements import RATING_SCALE, rating_asked
        from chat_personas.tui.screens.dialogs import RatingScreen

        screen = self.screen
        rated, corpus = screen.transcript.meant("reply"), screen.session.corpus
        if rated is None or rated.message_id is None or corpus is None:
            say_nothing_yet(screen, "rate")
            return
        which = self._which_reply(rated)
        asked = None if written else await screen.app.push_screen_wait(RatingScreen(which))
        if not written and asked is None:
            return
        try:
            if asked is None:
                known = await asyncio.to_thread(corpus.scales)
                rating, scale = rating_asked(written, self._scale or RATING_SCALE, known)
                self._scale = scale
            else:
                rating, scale = asked, RATING_SCALE
            row = RatingRow(message_id=rated.message_id, scale=scale, value=rating)
            await asyncio.to_thread(corpus.add_rating, row)
        except ReportedError as error:
            screen.notify_failure(error)
        else:
            screen.notify(printable(f"Rated {which}: {rating:g} on the scale {scale}."), markup=False)

    def _which_reply(self, entry: "Entry") -> str:
        """Name a reply by how it begins, and the last one as such."""
        from chat_personas.tui.screens.messages import one_line

        last = self.screen.transcript.last("reply")
        return "the last reply" if entry is last else f"the reply “{one_line(entry.text, LONGEST_NAME)}”"
