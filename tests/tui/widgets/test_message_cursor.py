"""The cursor on messages by itself, in an application that has nothing else."""

from textual import on
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from chat_personas.tui.widgets.entries import Entry
from chat_personas.tui.widgets.message_cursor import ChoosingTranscript
from chat_personas.tui.widgets.transcript import LIMIT
from tests.tui.fakes import until


class CursorApp(App[None]):
    """A transcript alone, which has the focus when it is given it; it notes what is asked for."""

    AUTO_FOCUS = None

    def __init__(self) -> None:
        super().__init__()
        self.transcript = ChoosingTranscript()
        self.asked: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield self.transcript

    @on(ChoosingTranscript.Asked)
    def note(self, event: ChoosingTranscript.Asked) -> None:
        self.asked.append((event.entry.text, event.what))


def chosen(app: CursorApp) -> str | None:
    """The text of the chosen message."""
    return None if app.transcript.chosen is None else app.transcript.chosen.text


def in_view(app: CursorApp) -> bool:
    """Whether the chosen message is where a person can see it."""
    widget = app.transcript.widget_of(app.transcript.chosen)
    return widget is not None and app.transcript.region.contains_region(widget.region)


async def test_every_message_of_a_long_conversation_can_be_chosen_and_is_then_in_view() -> None:
    app = CursorApp()
    async with app.run_test(size=(40, 12)) as pilot:
        await app.transcript.show(Entry("user", f"message {number}") for number in range(3 * LIMIT))
        app.transcript.focus()
        await until(pilot, lambda: chosen(app) == f"message {3 * LIMIT - 1}")
        await pilot.press("home")
        await until(pilot, lambda: chosen(app) == "message 0" and in_view(app))
        await pilot.press("down", "down")
        await until(pilot, lambda: chosen(app) == "message 2" and in_view(app))
        app.transcript.choose(app.transcript.entries[LIMIT + 20])
        await until(pilot, lambda: chosen(app) == f"message {LIMIT + 20}" and in_view(app))
        assert len(app.transcript.children) <= LIMIT
        await pilot.press("end")
        await until(pilot, lambda: chosen(app) == f"message {3 * LIMIT - 1}" and in_view(app))


async def test_lines_of_the_program_are_passed_over_and_what_is_chosen_stays_until_it_is_removed() -> None:
    app = CursorApp()
    async with app.run_test(size=(40, 20)) as pilot:
        first, note, last = Entry("user", "first", "A"), Entry("notice", "note"), Entry("user", "last", "B")
        await app.transcript.show([first, note, last])
        app.transcript.focus()
        await until(pilot, lambda: chosen(app) == "last")
        await pilot.press("up")
        assert chosen(app) == "first"
        await app.transcript.add(Entry("user", "more"))
        assert chosen(app) == "first"
        await app.transcript.remove_entries(lambda entry: entry is note)
        assert chosen(app) == "first"
        app.transcript.choose_message("B")
        assert chosen(app) == "last"
        await app.transcript.cut_from("B")
        assert (chosen(app), [entry.text for entry in app.transcript.entries]) == (None, ["first"])


async def test_what_is_offered_for_a_message_is_what_it_has() -> None:
    app = CursorApp()
    async with app.run_test(size=(40, 20)) as pilot:
        once, twice = Entry("user", "once"), Entry("user", "twice", version="2/2")
        waiting = Entry("user", "waiting", waiting=True)
        await app.transcript.show([once, twice, waiting])
        await ask_everything(app, pilot, once, twice, waiting)
        assert app.asked == [
            ("once", "menu"),
            ("twice", "menu"), ("twice", "before"), ("twice", "after"),
            ("waiting", "menu"), ("waiting", "unsend"), ("waiting", "sooner"), ("waiting", "later"),
        ]  # fmt: skip


async def ask_everything(app: CursorApp, pilot: Pilot[None], *entries: Entry) -> None:
    """Press all keys that ask for something, on each of these messages."""
    app.transcript.focus()
    for entry in entries:
        app.transcript.choose(entry)
        await pilot.press("enter", "left", "right", "delete", "shift+up", "shift+down")
