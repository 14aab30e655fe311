"""The lines around the conversation: title above it, status and keys below it."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from chat_personas.models import BASE_MODEL
from chat_personas.reporting.verdicts import MARK
from chat_personas.reporting.wording.measurements import (
    BASE_MODEL_SHORT,
    DEMONSTRATION,
    RECURRENT,
    TEMPLATE_GIVEN,
    not_followed,
)
from chat_personas.text import pluralize, printable
from chat_personas.tui.drawing import fitted
from chat_personas.tui.key_registry import key_of

if TYPE_CHECKING:
    from chat_personas.tui.widgets.entries import Entry
    from eval.engine import EngineInfo, Usage

NOT_STORED = "! not stored · "


class TitleLine(Widget):
    """The persona, what is on inside the model, and the title of the conversation.

    `others` names other models that made replies of the conversation. On the right, while the panel is hidden, stands
    the score in short, and shorter still where the persona's name would have no room. While something is not stored,
    the line begins with that.
    """

    unsaved: reactive[bool] = reactive(False)
    persona: reactive[str] = reactive("")
    steering: reactive[str] = reactive("")
    others: reactive[str] = reactive("")
    conversation: reactive[str] = reactive("")
    score: reactive[str] = reactive("")
    alone: reactive[bool] = reactive(False)

    def __init__(self, wide: int) -> None:
        """`wide` is the number of columns from which the panel is shown, unless it is hidden (`alone`)."""
        super().__init__(id="title")
        self._wide = wide

    def render(self) -> Content:
        """Draw both ends of the line; where it is too long, the title of the conversation is cut."""
        hidden = self.alone or self.app.size.width < self._wide
        right = self._right() if self.score and hidden else ""
        others = f"! with replies of {_shortened(self.others)}" if self.others else ""
        said = " · ".join(printable(part) for part in (self.persona, self.steering, others) if part)
        left = (NOT_STORED if self.unsaved else "") + said
        about = f" · {printable(self.conversation)}" if self.conversation else ""
        room = max(0, self.content_size.width - cell_len(right))
        text = fitted(left + about, room) if room else ""
        return Content.assemble((text[: len(left)], "bold"), text[len(left) :], (right, "bold"))

    def _right(self) -> str:
        """Write the score with as much of what is said of it as leaves room for the persona's name.

        Why a measurement is not sound is left out first, then the last parts, the turn and the progress among them.
        """
        name = (NOT_STORED if self.unsaved else "") + printable(self.persona)
        room = self.content_size.width - min(cell_len(name), LONGEST_NAME)
        parts = self.score.split(" · ")
        if cell_len(_with_key(parts)) > room and parts[0].startswith(f"{MARK}:"):
            parts[0] = MARK
        while len(parts) > 1 and cell_len(_with_key(parts)) > room:
            parts.pop()
        return _with_key(parts)


LONGEST_NAME = 36
"""Cells of a persona's name for which the score is shortened; a longer name is cut."""


def _with_key(parts: Iterable[str]) -> str:
    return f"  {' · '.join(parts)} ({key_of('panel')})"


LONGEST_OTHERS = 24


def _shortened(names: str) -> str:
    return names if cell_len(names) <= LONGEST_OTHERS else fitted(names, LONGEST_OTHERS)


DEMONSTRATION_SHORT = "demonstration"
RECURRENT_SHORT = "recurrent"
TEMPLATE_GIVEN_SHORT = "template {template}"
"""Stand, as `BASE_MODEL_SHORT`, where there is no room for the whole remark, which must not be cut in half."""


class StatusLine(Widget):
    """The model, the remarks on its kind, what is going on, and how much of the context is used.

    `template` is the chat template that was given for the model, "" for none. `own_text` names the tables of the
    persona that hold text of its own, which a demonstration model hardly follows.

    On a narrow screen the remarks are shortened first; then whole parts are left out, the last ones first. The word
    that it is a demonstration stays: for that the model's name is cut, and other remarks are left out. `used` is the
    number of tokens of the `context` that the next reply starts from, None while it is not known. `at_least` says that
    it may be more, as after a reply that was stopped. `longest` says how long what is going on may take.
    """

    model: reactive[str] = reactive("")
    demonstration: reactive[bool] = reactive(False)
    base: reactive[bool] = reactive(False)
    template: reactive[str] = reactive("")
    recurrent: reactive[bool] = reactive(False)
    own_text: reactive[str] = reactive("")
    state: reactive[str] = reactive("")
    longest: reactive[str] = reactive("")
    used: reactive[int | None] = reactive(None)
    at_least: reactive[bool] = reactive(False)
    context: reactive[int] = reactive(0)

    def __init__(self) -> None:
        super().__init__(id="status")

    def render(self) -> Content:
        """Draw as many parts as there is room for."""
        parts = self._parts(DEMONSTRATION, BASE_MODEL, RECURRENT, TEMPLATE_GIVEN)
        if _joined(parts).cell_length > self.content_size.width:
            parts = self._parts(DEMONSTRATION_SHORT, BASE_MODEL_SHORT, RECURRENT_SHORT, TEMPLATE_GIVEN_SHORT)
        kept = 1 + self.demonstration + self.base + bool(self.template) + self.recurrent + self._has_unfollowed_text
        while len(parts) > kept and _joined(parts).cell_length > self.content_size.width:
            parts.pop()
        if self.demonstration and _joined(parts).cell_length > self.content_size.width:
            parts = self._warning_first()
        return _joined(parts)

    def _warning_first(self) -> list[Content]:
        """Return the word of a demonstration, and before it as much of the model's name as there is room for."""
        warning = Content.styled(DEMONSTRATION_SHORT, "bold")
        room = self.content_size.width - warning.cell_length - SEPARATOR.cell_length
        return [Content(fitted(printable(self.model), room).rstrip()), warning] if room > 0 else [warning]

    @property
    def _has_unfollowed_text(self) -> bool:
        return self.demonstration and bool(self.own_text)

    def _parts(self, warning: str, base: str, recurrent: str, template: str) -> list[Content]:
        parts = [Content(printable(self.model))]
        if self.base:
            parts.append(Content(base))
        if self.template:
            parts.append(Content(template.format(template=printable(self.template))))
        if self.recurrent:
            parts.append(Content(recurrent))
        if self.demonstration:
            parts.append(Content.styled(warning, "bold"))
        if self._has_unfollowed_text:
            parts.append(Content(not_followed(self.own_text)))
        if self.state:
            parts.append(Content(self.state))
        if self.longest:
            parts.append(Content(self.longest))
        if self.context and self.used is not None:
            parts.append(Content(f"context {self.used}{'+' if self.at_least else ''}/{self.context}"))
        return parts


class Doing:
    """Says what the machine is doing, and for how many seconds it has been doing the same."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._same: tuple[str, object] = ("", None)
        self._since = 0.0

    def say(self, what: str, detail: str = "", of: object = None) -> str:
        """Return `what` with its `detail` and its seconds, as `measuring 12 of 62… 4 s`; "" where nothing is done.

        `of` is which round is measured or which reply is made: the next one begins with no seconds.
        """
        now = self._now()
        if (what, of) != self._same:
            self._same, self._since = (what, of), now
        seconds = round(now - self._since)  # it is said once a second, a moment sooner or later
        said = f"{what} {detail}".strip()
        return f"{said}…{f' {seconds} s' if seconds else ''}" if what else ""


def of_reply(reply: "Entry | None", info: "EngineInfo | None") -> tuple[str, str, object]:
    """Return what a model of this `info` does for a reply that grows, and how far it is, for `Doing`; "" for none."""
    if reply is None or not reply.growing:
        return "", "", None
    if reply.text:
        return "replying", pluralize(len(reply.text.split()), "word"), reply
    if reply.thought is not None:
        return "thinking", "", reply
    return "waiting for the server" if info is not None and info.is_server else "reading", "", reply


def speed(usage: "Usage | None") -> str:
    """Return the tokens per second of a reply once it had begun; "" where the model or the server does not tell."""
    if usage is None or not usage.decoded_tokens or usage.first_token_seconds is None:
        return ""
    seconds = usage.seconds - usage.first_token_seconds
    return f"{(usage.decoded_tokens - 1) / seconds:.0f} tokens/s" if seconds > 0 and usage.decoded_tokens > 1 else ""


SEPARATOR = Content(" · ")


def _joined(parts: list[Content]) -> Content:
    return SEPARATOR.join(parts)


BLANKS = 3
"""Cells around a key and after its description."""


@dataclass(frozen=True, slots=True)
class Face:
    """What a key of the line shows and does."""

    key: str
    display: str
    description: str
    action: str
    enabled: bool
    tooltip: str

    @property
    def cells(self) -> int:
        """How many cells the key takes, with the blanks around it."""
        return cell_len(self.display) + cell_len(self.description) + BLANKS


class LineKey(FooterKey):
    """A key that can turn into another one, which is quicker than to make its widget again."""

    def __init__(self, face: Face) -> None:
        super().__init__(
            face.key, face.display, face.description, face.action, disabled=not face.enabled, tooltip=face.tooltip
        )
        self.set_reactive(FooterKey.compact, False)
        self._face = face

    def turn_into(self, face: Face) -> None:
        """Show and do something else, unless it is the same."""
        if face == self._face:
            return
        self._face = face
        self.key, self.key_display, self.description, self.action = (
            face.key,
            face.display,
            face.description,
            face.action,
        )
        self._disabled = not face.enabled
        self.tooltip = face.tooltip or None
        self.set_class(self._disabled, "-disabled")
        self.refresh(layout=True)


class KeyLine(Footer):
    """Textual's footer, showing whole keys only: where there is no room for all, the least important are left out.

    The keys change at every reply and every change of focus. Textual's footer then makes all its widgets again, and in
    8.2 keeps a watcher of each for ever. This one changes the widgets that it has.
    """

    def __init__(
        self,
        first: Iterable[str] = (),
        last: Iterable[str] = (),
        *,
        hidden: Callable[[str], bool] = lambda _: False,
        named: Callable[[str], str] = lambda _: "",
    ) -> None:
        """`first` names the actions to keep longest, the most important one first; those in `last` stand at the end.

        The keys of actions for which `hidden` is true are left out. `named` says what an action is called now, "" where
        that is its usual name.
        """
        super().__init__(show_command_palette=False)
        self._first = tuple(first)
        self._last = tuple(last)
        self._is_hidden = hidden
        self._named = named
        self._made_for = 0

    def compose(self) -> ComposeResult:
        """Yield the keys for which there is room, in their usual order."""
        yield from (LineKey(face) for face in self._shown())

    def on_resize(self, event: Resize) -> None:
        """Choose the keys again when the width has changed."""
        if event.size.width != self._made_for:
            self._made_for = event.size.width
            self.call_after_refresh(self.recompose)

    async def recompose(self) -> None:
        """Show the keys of now: turn the widgets into them, and remove or add widgets where there are fewer or more."""
        if not self.is_attached:
            return  # the screen was left in the meantime
        async with self.batch():
            faces, keys = self._shown(), list(self.query_children(LineKey))
            for key, face in zip(keys, faces, strict=False):
                key.turn_into(face)
            if len(keys) > len(faces):
                await self.remove_children(keys[len(faces) :])
            if len(faces) > len(keys):
                await self.mount_all(LineKey(face) for face in faces[len(keys) :])

    def _shown(self) -> list[Face]:
        """Return the keys for which there is room, in the order in which they stand."""
        places = {action: place for place, action in enumerate(self._last, start=1)}
        return sorted(self._most_important(self._offered()), key=lambda face: places.get(face.action, 0))

    def _offered(self) -> list[Face]:
        """Return a key for each action that has one to show, in the order of the bindings."""
        offered = dict[str, Face]()
        if not self._bindings_ready:
            return []
        for _, binding, enabled, tooltip in self.screen.active_bindings.values():
            if binding.show and binding.action not in offered and not self._is_hidden(binding.action):
                display = self.app.get_key_display(binding)
                description = self._named(binding.action) or binding.description
                face = Face(binding.key, display, description, binding.action, enabled, tooltip)
                offered[binding.action] = face
        return list(offered.values())

    def _most_important(self, faces: list[Face]) -> list[Face]:
        places = {action: place for place, action in enumerate((*self._first, *self._last))}
        room, kept = self._made_for or self.app.size.width, set[Face]()
        for face in sorted(faces, key=lambda face: places.get(face.action, len(places))):
            room -= face.cells
            if room < 0:
                break
            kept.add(face)
        return [face for face in faces if face in kept]
