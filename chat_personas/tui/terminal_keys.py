"""Keys and pasted text as a terminal sends them, for the screen that reads them.

Keys that are not UTF-8, as a terminal in another encoding sends them, are left out, and the person is told. They would
end Textual's input thread. An Escape and a key that is pressed later are two keys, also on a machine that is busy.
Pasted text comes whole, and without what would control a terminal.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from textual._xterm_parser import XTermParser
from textual.events import Key, Paste, Resize
from textual.keys import Keys
from textual.message import Message

from chat_personas.text import printable

if TYPE_CHECKING:
    from textual.driver import Driver

NOT_UTF8 = "This terminal does not send UTF-8, so what you typed is left out. Set its encoding to UTF-8."


ESCAPE = "\x1b"
LONGER = frozenset(f"[]OPX^_{ESCAPE}")
"""What begins a longer sequence behind an Escape."""


PASTE, PASTED = f"{ESCAPE}[200~", f"{ESCAPE}[201~"
"""What a terminal sends before pasted text, and after it."""
_STANDS_FOR_ESCAPE = "\ue01b"
_COLOURS = rf"{_STANDS_FOR_ESCAPE}\[[0-?]*[ -/]*[@-~]"
_TITLES = rf"{_STANDS_FOR_ESCAPE}\][^\a{_STANDS_FOR_ESCAPE}]*(?:\a|{_STANDS_FOR_ESCAPE}\\)"
_CONTROL = re.compile(f"{_COLOURS}|{_TITLES}")
"""A sequence in pasted text that would colour it, move the cursor or name a window, as in the output of a program."""


WIDEST, HIGHEST = 2000, 1000
"""Of a window, in cells. A screen of 8K pixels has 1280 by 432 in the smallest letters; what is larger is garbage, and
drawing it would take all memory."""
WIDE_ENOUGH, HIGH_ENOUGH = 500, 200


def drawable_size(width: int, height: int) -> tuple[int, int]:
    """Return the size that is drawn in a window of this size: all of it, but for one that no screen can have."""
    if width <= WIDEST and height <= HIGHEST:
        return width, height
    return min(width, WIDE_ENOUGH), min(height, HIGH_ENOUGH)


LEAST_PASTED = 200
"""So many letters in one reading are pasted: nobody types them in a tenth of a second."""


def pasted_together(messages: Iterable[Message]) -> Iterator[Message]:
    """Yield what was read, with letters that cannot have been typed one by one as a pasted text.

    Some terminals do not mark pasted text. The screen would look at each letter as at a key that somebody pressed: that
    takes minutes for a long text, and no other key is answered meanwhile.
    """
    letters: list[Key] = []
    for message in messages:
        if isinstance(message, Key) and message.is_printable:
            letters.append(message)
            continue
        yield from _as_pasted(letters)
        letters = []
        yield message
    yield from _as_pasted(letters)


def _as_pasted(letters: list[Key]) -> list[Key] | list[Paste]:
    if len(letters) < LEAST_PASTED:
        return letters
    return [Paste("".join(letter.character or "" for letter in letters))]


class Pastes:
    """Finds pasted text in what a terminal sends, and has something else stand for the Escapes in it.

    Textual looks for keys at an Escape within it, and would end the text there and press the rest as keys.
    """

    def __init__(self) -> None:
        self._within = False
        self._before = ""
        """The end of what was read: before pasted text what was passed on, within it what may begin its end."""

    def pass_on(self, data: str) -> str:
        """Return what was read with stand-ins, without what cannot be judged before more is read."""
        passed = ""
        while data:
            if self._within:
                text, end, data = (self._before + data).partition(PASTED)
                self._before = "" if end else _beginning(text, PASTED)
                whole = text.removesuffix(self._before) if self._before else text
                passed += whole.replace(ESCAPE, _STANDS_FOR_ESCAPE) + end
                self._within = not end
            else:
                known = len(self._before)
                before, begin, data = (self._before + data).partition(PASTE)
                passed += (before + begin)[known:]
                self._before = "" if begin else before[-len(PASTE) + 1 :]
                self._within = bool(begin)
        return passed


def _beginning(text: str, sequence: str) -> str:
    """Return the longest end of a text with which a sequence begins, "" for none."""
    ends = (sequence[:length] for length in range(len(sequence) - 1, 0, -1))
    return next((end for end in ends if text.endswith(end)), "")


def without_control(pasted: str) -> str:
    """Return pasted text without sequences that control a terminal; an Escape that is left is a sign."""
    return _CONTROL.sub("", pasted).replace(_STANDS_FOR_ESCAPE, printable(ESCAPE))


class PatientParser(XTermParser):
    """Makes keys of what a terminal sends; an Escape that was alone for long enough is a key of its own.

    Textual looks for that when nothing arrives. An input thread that had to wait for the processor finds the next key
    there already, and took both for one: Escape and X for Alt+X.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pastes = Pastes()

    def feed(self, data: str) -> Iterator[Message]:
        """Yield the keys and other messages of what was read, after an Escape whose time is over."""
        yield from self.tick()
        passed = self._pastes.pass_on(data)
        if data and not passed:
            return  # nothing at all stands for the end of the input
        for message in pasted_together(super().feed(passed)):
            if isinstance(message, Resize) and drawable_size(*message.size) != message.size:
                continue
            if isinstance(message, Paste):
                message.text = without_control(message.text)
            yield message

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:
        """Return the keys of a sequence, of a letter behind an Escape at once.

        Textual waits for what follows, and so took Alt+M and the letters typed after it for one sequence, of which an
        Escape made text. Together with a control key, which nobody presses with Alt, an Escape is a key of its own.
        """
        try:
            found = list(super()._sequence_to_key_events(sequence, alt))
        except (ValueError, OverflowError):  # such as the number of no character: the thread that reads keys would end
            return [Key(Keys.Ignore, sequence)]
        if found or len(sequence) != len(ESCAPE) + 1 or sequence[0] != ESCAPE or sequence[1] in LONGER:
            return found
        if sequence[1].isprintable():
            return super()._sequence_to_key_events(sequence[1], alt=True)
        return [Key("escape", ESCAPE), *super()._sequence_to_key_events(sequence[1])]

    def parse_mouse_code(self, code: str) -> Message | None:
        """Return what was done with the mouse; nothing where a terminal has said that it has no size."""
        try:
            return super().parse_mouse_code(code)
        except (ArithmeticError, ValueError):
            return None


def lenient(driver: "type[Driver]") -> "type[Driver]":
    """Return the driver with an input thread that goes on after keys that are not UTF-8, and keeps Escape apart."""
    if not hasattr(driver, "run_input_thread"):
        return driver
    vars(sys.modules[driver.__module__])["XTermParser"] = PatientParser  # the thread makes its parser by this name

    class LenientDriver(driver):  # type: ignore[valid-type, misc]
        def _get_terminal_size(self) -> tuple[int, int]:
            width, height = super()._get_terminal_size()
            return drawable_size(width, height)

        def run_input_thread(self) -> None:
            """Read keys until the screen is left."""
            while True:
                try:
                    super().run_input_thread()
                    return
                except UnicodeDecodeError:
                    self._app.call_later(self._app.notify, NOT_UTF8, severity="warning", markup=False)

    return LenientDriver
