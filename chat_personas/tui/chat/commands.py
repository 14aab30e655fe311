"""The commands of the chat screen: what each one of the table does there, by key, from the palette or written.

The controllers offer handlers by the names of the commands, as those of the mode for screen readers do.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

from textual.actions import parse
from textual.binding import Binding

from chat_personas.conversation.commands import COMMANDS, CommandError, asked_beside
from chat_personas.text import printable
from chat_personas.tui.key_registry import binding_of, key_of
from chat_personas.tui.key_routing import changes_screen, key_order, no_screen_comes

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.widgets import Input

Handler: TypeAlias = Callable[[str], None]
"""Does what a command asks for; it is given what follows the command's name, "" for nothing."""
ASK = "ask"
"""The group of the workers that ask the person something, of which there is one at a time."""
EVERYWHERE = frozenset({"quit"})
"""Commands whose keys belong to the application: they act on all screens."""
LEADING = ("stop", "help", "panel", "new", "open", "persona", "thought")
"""Commands whose keys stand at the left end of the key line, in this order."""
NOTHING_SAID = "Nothing was said yet."
NOTHING_YET: Mapping[str, str] = {
    "again": "There is no reply to regenerate yet.",
    "edit": "There is no message to edit yet.",
    "versions": NOTHING_SAID,
    "copy": "There is nothing to copy yet.",
    "whole": "There is no message to show whole yet.",
    "thought": "The model has not thought yet.",
    "rate": "There is no reply to rate yet.",
    "choose": NOTHING_SAID,
    "jump": NOTHING_SAID,
    "fork": NOTHING_SAID,
    "rename": "There is nothing to rename yet.",
    "delete": "There is nothing to delete yet.",
    "export": "There is nothing to export yet.",
}
"""What commands say where the conversation does not have what they are about."""
NOT_OPEN = "The model is not open yet."
OTHER_MODEL = "Another model is being opened: wait for it."
NO_CORPUS = "The corpus is still being opened; try again in a moment."
NO_REPLY = "No reply is on its way."
NEW_ALREADY = "Nothing was said here: this is a new conversation already."
EDITING = "A message is being edited: send it, or leave the edit ({leave_edit})."
REPLYING = "A reply is on its way: stop it ({stop}), or wait for it."
CHANGING = "The conversation, its persona or its model is being changed: try again in a moment."
ONE_VERSION = "There is one version only; {again} and {edit} make another."
FIRST_VERSION = "This is the first version."
LAST_VERSION = "This is the last version."
NARROW = "The screen is too narrow for the panel beside the conversation; {panel} shows it alone."
HIDDEN = "The panel is hidden; {panel} shows it."
NEEDS_CONVERSATION = frozenset(
    {
        "prompt",
        "prompt-text",
        "save-persona",
        "steer",
        "steer-up",
        "steer-down",
        "sampling",
        "room",
        "compare",
        "debate",
    }
)
"""Commands that do nothing before a conversation is open, although nothing need have been said in it."""
OPEN_A_SCREEN = frozenset(
    {
        *("jump", "whole", "prompt", "rate", "explain", "large-print", "sampling"),
        *("persona", "go-on", "save-persona", "prompt-text", "model"),
        *("open", "rename", "export", "delete", "room", "compare", "debate"),
        *("settings", "theme", "help"),
    }
)
"""Commands that, without an argument, open a screen over the conversation."""
WITH_THE_MODEL = frozenset({"again", "edit", "room", "compare", "debate"})
"""Commands that ask the open model for replies, and would lose it while they wait for them."""

WITH_THE_BRANCH = frozenset({"again", "versions", "fork"})
"""Commands that go on from another message of the conversation, or copy it, and need one that does not change."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What there is on a chat screen now, as far as commands depend on it.

    `corpus` and `conversation` say whether these are open; `opening` whether another model is being opened beside the
    open one, and `changing` whether the conversation, its persona or its model is being exchanged; `can_stop` whether
    Escape has something to stop, to unsend or to leave. `no_measure` says why nothing can be measured, "" where it can.
    `wide` says whether the panel has room beside the conversation, `panel` whether it is shown.
    """

    corpus: bool = True
    conversation: bool = True
    replying: bool = False
    opening: bool = False
    changing: bool = False
    editing: bool = False
    can_stop: bool = False
    no_measure: str = ""
    wide: bool = True
    panel: bool = True


def why_nothing(name: str, argument: str, now: Situation) -> str | None:
    """Say in one sentence why a command does nothing now; None where it does something, or says so itself.

    What depends on what was said is in `NOTHING_YET`.
    """
    if name == "open" and not now.corpus:
        return NO_CORPUS
    if not now.conversation and (name in NEEDS_CONVERSATION or (name, argument) == ("editor", "all")):
        return NOT_OPEN
    if now.opening and name in WITH_THE_MODEL:
        return OTHER_MODEL
    if now.changing and name in WITH_THE_BRANCH:
        return CHANGING
    because = {
        "stop": "" if now.can_stop else NO_REPLY,
        "edit": EDITING if now.editing else "",
        "versions": EDITING if now.editing else REPLYING if now.replying else "",
        "measure": now.no_measure,
        "hide-panel": "" if now.wide else NARROW,
        "essence": "" if now.panel else HIDDEN,
    }.get(name)
    return with_keys(because) if because else None


def with_keys(text: str) -> str:
    """Return a text with the keys of the commands that it names, as they are bound: `{panel}` becomes `F2`."""
    return text.format_map({name: key_of(name) for name in ("leave_edit", "stop", "again", "edit", "panel")})


Given = ParamSpec("Given")


class OnScreen(Protocol):
    """A controller that is given the screen on which it works."""

    @property
    def screen(self) -> "Screen[Any]":
        """The screen whose workers run what takes time, and end with it."""


Controller = TypeVar("Controller", bound=OnScreen)
Slow: TypeAlias = Callable[Concatenate[Controller, Given], Coroutine[Any, Any, None]]
Quick: TypeAlias = Callable[Concatenate[Controller, Given], None]


def in_worker(group: str, *, exclusive: bool = False) -> Callable[[Slow[Controller, Given]], Quick[Controller, Given]]:
    """Run a coroutine method of a controller in a worker of its screen: the method returns at once.

    `exclusive` ends what runs in the same group. What runs in the group `ASK` opens screens: keys wait for them.
    """

    def decorate(method: Slow[Controller, Given]) -> Quick[Controller, Given]:
        if group == ASK:
            method = changes_screen(method)

        def begin(self: Controller, /, *arguments: Given.args, **options: Given.kwargs) -> None:
            self.screen.run_worker(method(self, *arguments, **options), group=group, exclusive=exclusive)

        return update_wrapper(begin, method)

    return decorate


def say_nothing_yet(screen: "Screen[Any]", name: str) -> None:
    """Say that the conversation does not have yet what a command is about."""
    say_refused(name)
    screen.notify(NOTHING_YET[name], markup=False)


def say_refused(name: str) -> None:
    """Take note that a command opens no screen now: what was typed for that is not sent as a message."""
    if name in OPEN_A_SCREEN and (order := key_order()) is not None:
        no_screen_comes()
        order.refused()


def without_argument(act: Callable[[], object]) -> Handler:
    """Return a handler for a command after which nothing follows."""

    def handle(_: str) -> None:
        act()

    return handle


def do_beside(screen: "Screen[Any]", field: "Input", handlers: Mapping[str, Handler], how: str) -> bool:
    """Do what the line of a comparison or a debate asks for with a slash; return whether it is one, or was meant to be.

    One that is refused stays in its field, and the message says `how` to go on.
    """
    try:
        found = asked_beside(field.value, handlers, how)
    except CommandError as error:
        screen.notify(printable(str(error)), severity="warning", markup=False)
        return True
    if found is not None:
        field.clear()
        handlers[found.command.name](found.argument)
    return found is not None


def action_of(name: str) -> str:
    """Return the action that the key of a command runs."""
    return f"command({name!r})"


def command_of(action: str, parameters: tuple[object, ...] = ()) -> str | None:
    """Return the name of the command that an action runs; None where it runs none."""
    _, name, written = parse(action) if "(" in action else ("", action, parameters)
    return str(written[0]) if name == "command" and written else None


def command_bindings() -> list[Binding]:
    """Return the bindings of all commands of the screen: those that lead the key line first, the others as listed."""
    names = [name for name, each in COMMANDS.items() if each.on("screen") and name not in EVERYWHERE]
    order = dict.fromkeys((*LEADING, *names))
    return [binding_of(COMMANDS[name], action_of(name)) for name in order]


def all_handlers(*offered: Mapping[str, Handler]) -> Mapping[str, Handler]:
    """Join the handlers of several controllers.

    Raises:
        ValueError: a command of the screen has no handler, or two, or a handler belongs to no command.
    """
    joined: dict[str, Handler] = {}
    for handlers in offered:
        if twice := joined.keys() & handlers.keys():
            raise ValueError(f"two handlers for {', '.join(sorted(twice))}")
        joined.update(handlers)
    expected = {name for name, each in COMMANDS.items() if each.on("screen")}
    if wrong := expected ^ joined.keys():
        raise ValueError(f"commands and handlers differ: {', '.join(sorted(wrong))}")
    return joined
