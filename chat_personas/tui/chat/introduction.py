"""The introduction in an empty transcript: what this is, what the panel measures, what to try, and the models found.

It is shown until the person dismisses it. Models are looked for after the first conversation is open, in a thread.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chat_personas.tui import key_registry
from chat_personas.tui.chat.replies import GREETING
from chat_personas.tui.widgets.entries import Entry
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.models.found import Found
    from chat_personas.tui.chat.screen import ChatScreen

WHAT = "You talk with a language model that is steered to speak for a group of people: here {persona}."
MEASURES = "The panel ({panel}) measures how close its answers to survey questions are to those of that group."
TO_TRY = "Three things to try:"
ASK = "1. Ask something: What should be done about guns?"
OTHERS = "2. Choose another persona, or combine groups: {persona}"
SIDE_BY_SIDE = "3. Say the same to several personas, side by side: {compare}"
DEMONSTRATION = "The model is a built-in demonstration: what it says is evidence about nobody."
FOUND = "Real models on this machine: {names}. Choose one: {model}"
TO_FETCH = "Real models can be fetched, or reached on a server: {model}"
DISMISS = "{key} dismisses this for good; /introduction shows it again."
DISMISSED = "The introduction is not shown any more. /introduction brings it back."
MOST_NAMED = 3


def introduction(
    persona: str, key_of: Callable[[str], str], *, demonstration: bool, found: Sequence[str] | None = None
) -> str:
    """Return the introduction. `key_of` writes the keys of commands as they are bound, "" for none.

    `found` are the names of the real models that were found; None while they are being looked for.
    """

    def how(command: str) -> str:
        return " or ".join(filter(None, (key_of(command), f"/{command}")))

    lines = [
        WHAT.format(persona=persona),
        MEASURES.format(panel=key_of("panel") or "/panel"),
        "",
        TO_TRY,
        ASK,
        OTHERS.format(persona=how("persona")),
        SIDE_BY_SIDE.format(compare=how("compare")),
        "",
    ]
    if demonstration:
        lines.append(DEMONSTRATION)
    if found:
        more = "" if len(found) <= MOST_NAMED else f" and {len(found) - MOST_NAMED} more"
        lines.append(FOUND.format(names=f"{', '.join(found[:MOST_NAMED])}{more}", model=how("model")))
    elif found is not None:
        lines.append(TO_FETCH.format(model=how("model")))
    return "\n".join([*lines, DISMISS.format(key=key_registry.key_of("dismiss"))])


class Introduction:
    """Shows the introduction in place of the greeting, while the transcript is empty and nobody has dismissed it."""

    def __init__(self, screen: "ChatScreen") -> None:
        self._screen = screen
        self._wanted = False
        self._found: Sequence[str] | None = None

    @property
    def shown(self) -> bool:
        """Whether it stands in the transcript."""
        return self._wanted and any(entry.kind == "introduction" for entry in self._screen.transcript.entries)

    async def prepare(self) -> None:
        """Read whether it is wanted. It is not where a conversation is continued."""
        launch = self._screen.session.launch
        self._wanted = launch.resume is None and await asyncio.to_thread(lambda: launch.introduction_wanted)

    def greeting(self) -> Entry:
        """Return what stands in an empty transcript."""
        return Entry("introduction", self._text()) if self._wanted else Entry("notice", GREETING)

    async def look(self) -> None:
        """Look for real models while it is shown, and name them."""
        if not self.shown or self._found is not None:
            return
        try:
            found = await asyncio.to_thread(self._screen.session.launch.find_models)
        except ReportedError:
            return  # the screen for choosing a model says what is wrong
        self._found = real_models(found)
        await self._show()

    async def dismiss(self) -> None:
        """Show it no more, now and from the next start on."""
        self._wanted = False
        await self._show()
        self._screen.notify(DISMISSED, markup=False)
        await self._remember()

    def show_again(self) -> None:
        """Show it, now if nothing was said yet, and in new conversations."""
        self._wanted = True
        self._screen.run_worker(self._again(), group="introduction")

    async def _again(self) -> None:
        await self._show()
        if not self.shown:
            self._screen.notify("The introduction stands in the next new conversation.", markup=False)
        await self._remember()
        await self.look()

    async def _remember(self) -> None:
        try:
            await asyncio.to_thread(self._screen.session.launch.want_introduction, self._wanted)
        except OSError as error:
            why = error.strerror or "no reason given"
            self._screen.notify(f"That cannot be remembered: {why}.", severity="warning", markup=False)

    async def _show(self) -> None:
        """Show what stands in an empty transcript, if it is empty."""
        conversation = self._screen.session.conversation
        if conversation is not None and not conversation.path and not self._screen.replies.busy:
            await self._screen.replies.show_path()
        self._screen.refresh_bindings()

    def _text(self) -> str:
        session = self._screen.session
        persona = session.conversation.persona.title if session.conversation is not None else session.settings.persona
        info = session.engine.info if session.engine is not None else None
        found = self._found
        if found and info is not None:
            others = [name for name in found if not _is_open(name, info.name)]
            found = others or None  # the one in use is no choice, and nobody who has it needs to be told of others
        demonstration = info is not None and info.demonstration
        return introduction(persona, self._screen.key_of, demonstration=demonstration, found=found)


def _is_open(name: str, opened: str) -> bool:
    """Whether a model that was found is the one of this name that is open: a file, or one that a server has."""
    return opened.removesuffix(".gguf") == name or opened.rpartition("#")[2] == name


def real_models(found: "Found") -> list[str]:
    """Return the names of the models that were found and can be used."""
    return [file.name for file in found.files if file.why_not is None] + [served.name for served in found.servers]
