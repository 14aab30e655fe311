"""All key bindings that have an id. Help, `doctor` and the documentation take them from here.

Those of the chat screen come from the table of commands.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from textual._context import active_app
from textual.binding import Binding
from textual.dom import DOMNode

from chat_personas.conversation.commands import COMMANDS, SLASH, Command

if TYPE_CHECKING:
    from chat_personas.settings_listing import Key as Listed

NO_KEY = "no_key"
"""Stands for the key of a command that has none, so that the settings can give it one. No key has this name."""


def binding_of(command: Command, action: str) -> Binding:
    """Return the binding of a command of the screen, which runs `action`."""
    return Binding(
        command.keys or NO_KEY,
        action,
        command.label or command.in_short,
        id=command.binding_id,
        show=bool(command.label),
        tooltip=command.in_short,
        priority=True,
    )


def binding_holders() -> Mapping[str, tuple[type[DOMNode], ...]]:
    """Return the classes that bind keys, by where their keys act, in the order of the help."""
    from chat_personas.tui.app import ChatApp
    from chat_personas.tui.chat.screen import ChatScreen
    from chat_personas.tui.room.answers import AnswerList, GuessScreen, RoomScreen
    from chat_personas.tui.room.choosing import StepByStep
    from chat_personas.tui.room.compare import Column, CompareScreen
    from chat_personas.tui.room.debate import CourseScreen, DebateScreen, ModeratorInput
    from chat_personas.tui.room.other_models import OpeningScreen
    from chat_personas.tui.screens.conversations import ConversationsScreen, FoundList
    from chat_personas.tui.screens.dialogs import (
        ChoiceScreen,
        ConfirmScreen,
        PathScreen,
        RatingScreen,
        SamplingScreen,
        SaveScreen,
        TitleScreen,
    )
    from chat_personas.tui.screens.export import ExportScreen
    from chat_personas.tui.screens.help import HelpScreen
    from chat_personas.tui.screens.measurement import ExplanationScreen, LargePrintScreen
    from chat_personas.tui.screens.messages import MenuScreen
    from chat_personas.tui.screens.narrowed_list import NarrowedList
    from chat_personas.tui.screens.personas import PersonasScreen
    from chat_personas.tui.screens.picker import Picker
    from chat_personas.tui.screens.prompt import PromptScreen, WritePromptScreen
    from chat_personas.tui.screens.settings import SettingsScreen, ValueScreen
    from chat_personas.tui.screens.whole_text import WholeTextScreen
    from chat_personas.tui.widgets.composer import Composer
    from chat_personas.tui.widgets.finding import FindLine
    from chat_personas.tui.widgets.message_cursor import ChoosingTranscript
    from chat_personas.tui.widgets.panel.panel import AlignmentPanel

    return {
        "In the conversation": (Composer, ChatScreen),
        "Where a message is chosen": (ChoosingTranscript, MenuScreen),
        "Where words are found": (FindLine,),
        "In the panel": (AlignmentPanel,),
        "Where a section is explained": (ExplanationScreen,),
        "In large print": (LargePrintScreen,),
        "Everywhere": (ChatApp,),
        "In the list of conversations": (FoundList, ConversationsScreen),
        "In the lists of personas and models": (Picker, PersonasScreen),
        "In a list that typing narrows": (NarrowedList, StepByStep),
        "Where the room is asked": (AnswerList, RoomScreen, GuessScreen),
        "Where personas are compared": (Column, CompareScreen),
        "Where another model is opened": (OpeningScreen,),
        "In a debate": (ModeratorInput, DebateScreen, CourseScreen),
        "Where the prompt is shown": (PromptScreen,),
        "Where a prompt is written": (WritePromptScreen,),
        "Where a whole message is shown": (WholeTextScreen,),
        "In a question": (ConfirmScreen, ChoiceScreen),
        "Where conversations are exported": (ExportScreen,),
        "Where a file is named": (PathScreen,),
        "Where a title is given": (TitleScreen,),
        "Where it is chosen how replies are drawn": (SamplingScreen,),
        "Where a persona is saved": (SaveScreen,),
        "Where a reply is rated": (RatingScreen,),
        "In the list of settings": (SettingsScreen, ValueScreen),
        "In the list of keys": (HelpScreen,),
    }


def named_bindings() -> Iterator[tuple[str, Binding]]:
    """Yield every binding that has an id, and so can be rebound, after the place where it acts."""
    for place, holders in binding_holders().items():
        for holder in holders:
            for binding in holder.__dict__["BINDINGS"]:
                if isinstance(binding, Binding) and binding.id:
                    yield place, binding


def keys_shown(binding: Binding, chosen: Mapping[str, str], display: Callable[[Binding], str]) -> list[str]:
    """Return how each key of a binding is written; `chosen` are the keys of the settings by id, where these have some.

    `display` writes one key, as `App.get_key_display` does.
    """
    keys = [key.strip() for key in chosen.get(binding.id or "", binding.key).split(",")]
    return [display(replace(binding, key=key)) for key in keys if key and key != NO_KEY]


def key_of(name: str) -> str:
    """Return how the first key of a command is written as it is bound now; where it has none, the command: `/again`.

    Those of Escape that have no command, such as `leave_edit`, are named by the ids of their bindings.
    """
    command = COMMANDS.get(name)
    binding = binding_of(command, "") if command is not None else Binding("escape", "", id=name)
    return key_bound(binding) or f"{SLASH}{name}"


def key_here(holder: type[DOMNode], name: str) -> str:
    """Return how the first key of a screen or widget is written as it is bound now; `name` is the binding's id."""
    bindings = (each for each in holder.__dict__["BINDINGS"] if isinstance(each, Binding) and each.id == name)
    return next(map(key_bound, bindings), "")


def key_bound(binding: Binding) -> str:
    """Return how the first key of a binding is written as it is bound now; "" where it has none."""
    app = active_app.get(None)  # None in tests of what is drawn, without a screen
    display = app.get_key_display if app is not None else _written
    keys = keys_shown(binding, app._keymap if app is not None else {}, display)
    written = next(iter(keys), "")
    return written.capitalize() if written.isalnum() else written


def _written(binding: Binding) -> str:
    from chat_personas.settings_listing import key_written  # slow to import, and the first frame does without it

    return key_written(binding.key)


def settable_keys() -> "tuple[Listed, ...]":
    """Return every key binding that can be set, as the list of settings has them, in the order of the help."""
    from chat_personas.settings_listing import Key as Listed

    return tuple(
        Listed(binding.id, "" if binding.key == NO_KEY else binding.key, binding.tooltip or binding.description, place)
        for place, binding in named_bindings()
        if binding.id
    )


def bindings_of(holder: type[DOMNode]) -> Iterator[tuple[str, str]]:
    """Yield id and default keys of the bindings of one class that have an id."""
    for binding in holder.__dict__["BINDINGS"]:
        if isinstance(binding, Binding) and binding.id:
            yield binding.id, binding.key
