"""The lines around the conversation: title above it, status and keys below it."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from chat_personas.reporting.verdicts import MARK
from chat_personas.reporting.wording import BASE_MODEL, DEMONSTRATION, RECURRENT, not_followed
from chat_personas.text import printable
from chat_personas.tui.drawing import fitted
from chat_personas.tui.key_registry import key_of

if TYPE_CHECKING:
    from eval.engine import Usage

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
BASE_MODEL_SHORT = "base model"
RECURRENT_SHORT = "recurrent"
"""Stand where there is no room for the whole remark, which must not be cut in half."""


class StatusLine(Widget):
    """The model, the remarks on its kind, what is going on, and how much of the context is used.

    `own_text` names the tables of the persona that hold text of its own, which a demonstration model hardly follows.

    On a narrow screen the remarks are shortened first; then whole parts are left out, the last ones first. `used` is
    the number of tokens of the `context` that the next reply starts from, None while it is not known. `at_least` says
    that it may be more, as after a reply that was stopped. `longest` says how long what is going on may take.
    """

    model: reactive[str] = reactive("")
    demonstration: reactive[bool] = reactive(False)
    base: reactive[bool] = reactive(False)
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
        parts = self._parts(DEMONSTRATION, BASE_MODEL, RECURRENT)
        if _joined(parts).cell_length > self.content_size.width:
            parts = self._parts(DEMONSTRATION_SHORT, BASE_MODEL_SHORT, RECURRENT_SHORT)
        kept = 1 + self.demonstration + self.base + self.recurrent + self._has_unfollowed_text
        while len(parts) > kept and _joined(parts).cell_length > self.content_size.width:
            parts.pop()
        return _joined(parts)

    @property
    def _has_unfollowed_text(self) -> bool:
        return self.demonstration and bool(self.own_text)

    def _parts(self, warning: str, base: str, recurrent: str) -> list[Content]:
        parts = [Content(printable(self.model))]
        if self.base:
            parts.append(Content(base))
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
        self._what = ""
        self._since = 0.0

    def say(self, what: str, detail: str = "") -> str:
        """Return `what` with its `detail` and its seconds, as `measuring 12 of 62… 4 s`; "" where nothing is done."""
        now = self._now()
        if what != self._what:
            self._what, self._since = what, now
        seconds = int(now - self._since)
        said = f"{what} {detail}".strip()
        return f"{said}…{f' {seconds} s' if seconds else ''}" if what else ""


def speed(usage: "Usage | None") -> str:
    """Return the tokens per second of a reply once it had begun; "" where the model or the server does not tell."""
    if usage is None or not usage.decoded_tokens or usage.first_token_seconds is None:
        return ""
    seconds = usage.seconds - usage.first_token_seconds
    return f"{(usage.decoded_tokens - 1) / seconds:.0f} tokens/s" if seconds > 0 and usage.decoded_tokens > 1 else ""


def _joined(parts: list[Content]) -> Content:
    return Content(" · ").join(parts)


BLANKS = 3
"""Cells around a key and after its description."""


class KeyLine(Footer):
    """Textual's footer, showing whole keys only: where there is no room for all, the least important are left out.

    It also works around a leak in Textual 8.2: the footer registers a watcher per key whenever it is composed, and
    never removes it. About 15 widgets would stay in memory for every reply.
    """

    def __init__(
        self, first: Iterable[str] = (), last: Iterable[str] = (), *, hidden: Callable[[str], bool] = lambda _: False
    ) -> None:
        """`first` names the actions to keep longest, the most important one first; those in `last` stand at the end.

        The keys of actions for which `hidden` is true are left out.
        """
        super().__init__(show_command_palette=False)
        self._first = tuple(first)
        self._last = tuple(last)
        self._is_hidden = hidden
        self._made_for = 0

    def compose(self) -> ComposeResult:
        """Yield the keys for which there is room, in their usual order."""
        kept = self._shown()
        self.styles.grid_size_columns = len(kept)
        yield from kept

    def on_resize(self, event: Resize) -> None:
        """Choose the keys again when the width has changed."""
        if event.size.width != self._made_for:
            self._made_for = event.size.width
            self.call_after_refresh(self.recompose)

    async def recompose(self) -> None:
        """Make the keys again if others are to be shown, and drop the watchers of the previous ones."""
        if not self.is_attached:
            return  # the screen was left in the meantime
        shown = [_face(key) for key in self.query(FooterKey)]
        if [_face(key) for key in self._shown()] != shown:
            await super().recompose()
            self.mutate_reactive(Footer.compact)

    def _shown(self) -> list[FooterKey]:
        """Return the keys for which there is room, in the order in which they stand."""
        keys = [key for key in super().compose() if isinstance(key, FooterKey) and not self._is_hidden(key.action)]
        places = {action: place for place, action in enumerate(self._last, start=1)}
        return sorted(self._most_important(keys), key=lambda key: places.get(key.action, 0))

    def _most_important(self, keys: list[FooterKey]) -> list[FooterKey]:
        places = {action: place for place, action in enumerate((*self._first, *self._last))}
        by_importance = sorted(keys, key=lambda key: places.get(key.action, len(places)))
        room, kept = self._made_for or self.app.size.width, set[FooterKey]()
        for key in by_importance:
            room -= cell_len(key.key_display) + cell_len(key.description) + BLANKS
            if room < 0:
                break
            kept.add(key)
        return [key for key in keys if key in kept]


def _face(key: FooterKey) -> tuple[object, ...]:
    """Return what a key shows and does: two with the same need not be exchanged, which takes time at every reply."""
    return key.key, key.key_display, key.description, key.action, key.has_class("-disabled"), key.tooltip
