"""The dialog for exports: Ctrl+S and Enter write, nothing is replaced or kept waiting, and what cannot be is said."""

import json
import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from chat_personas.corpus import Corpus
from chat_personas.exporting import Chosen, Exporter, Outlook
from chat_personas.tui.app import ChatApp
from chat_personas.tui.screens import export
from chat_personas.tui.screens.dialogs import full_display_path
from chat_personas.tui.screens.export import ExportScreen
from tests.corpus.export.participants import conversation_of, take_part
from tests.corpus.making import talk
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until, words


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: where files are proposed."""
    folder = tmp_path / "talks"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(ChatApp, "NOTIFICATION_TIMEOUT", 600)  # what was said is there however slow the machine is
    return folder


async def say(pilot: Pilot[None], text: str, answer: str) -> None:
    await type_text(pilot, text)
    await until(pilot, lambda: answer in shown(pilot) and not chat(pilot).replies.busy)


async def at_the_format(pilot: Pilot[None], name: str) -> None:
    """Wait until a format is highlighted, and the place for it is shown."""

    def ready() -> bool:
        dialog = pilot.app.screen
        form = dialog._form if isinstance(dialog, ExportScreen) else None
        return form is not None and form.name == name and hint(pilot).startswith("Enter writes")

    await until(pilot, ready)


def place(pilot: Pilot[None]) -> str:
    """The place that is proposed or written."""
    return pilot.app.screen.query_one("#path", Input).value


def hint(pilot: Pilot[None]) -> str:
    """What the dialog says at its end; "" where there is no dialog."""
    dialog = pilot.app.screen
    return str(dialog.query_one("#hint", Static).render()) if isinstance(dialog, ExportScreen) else ""


def told(pilot: Pilot[None]) -> str:
    """What the notifications say, one after the other."""
    return " ".join(notification.message for notification in pilot.app._notifications)


def released(corpus_file: Path) -> list[tuple[str, str, int]]:
    """The format, the name and the number of conversations of every release in the ledger."""
    with Corpus.open(corpus_file, read_only=True) as corpus:
        return [(row.format, row.file, row.counted["conversations"]) for row in corpus.releases.all()]


async def test_ctrl_s_and_enter_write_the_last_choice_and_nothing_is_replaced_without_a_question(
    corpus_file: Path, here: Path
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."))), (80, 24)) as pilot:
        await say(pilot, "About guns?", "Ban them.")
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        name = f"{conversation.id[-6:].lower()}-about-guns"
        await pilot.press("ctrl+s", "enter")
        await until(pilot, lambda: f"Written to ~/talks/{name}.md (1 conversation, markdown, release " in told(pilot))
        assert "Ban them." in (here / f"{name}.md").read_text()

        (here / f"{name}.md").write_text("precious")
        await pilot.press("ctrl+s", "enter")
        await until(pilot, lambda: hint(pilot).endswith("exists already; press Enter again to replace it."))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        assert (here / f"{name}.md").read_text() == "precious"

        await pilot.press("ctrl+s", *"openai")
        await at_the_format(pilot, "openai")
        assert place(pilot) == f"~/talks/{name}.jsonl"
        await pilot.press("tab", "ctrl+u", *"guns.html")
        await at_the_format(pilot, "html")
        assert hint(pilot).startswith("Enter writes ~/talks/guns.html.")
        await pilot.press("enter")
        await until(pilot, lambda: (here / "guns.html").exists() and pilot.app.screen is chat(pilot))

        chat(pilot).composer.insert("/export openai guns.jsonl")
        await pilot.press("enter")
        await until(pilot, (here / "guns.jsonl").exists)
        said = json.loads((here / "guns.jsonl").read_text())["messages"]
        assert [message["content"] for message in said][-2:] == ["About guns?", "Ban them."]
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        await pilot.press("ctrl+s")
        await at_the_format(pilot, "openai")

    assert released(corpus_file) == [
        ("markdown", f"{name}.md", 1), ("html", "guns.html", 1), ("openai", "guns.jsonl", 1)
    ]  # fmt: skip


async def test_all_conversations_of_the_list_are_exported_but_those_that_may_not_leave(
    corpus_file: Path, here: Path
) -> None:
    with Corpus.open(corpus_file) as corpus:
        silent = conversation_of(corpus, take_part(corpus, ("Secret?", "So."), scope="use"))
        mine = [talk(corpus, (f"Question {number}?", "Yes.")) for number in range(2)]
    async with screen(session(corpus_file, ScreenEngine()), (100, 30)) as pilot:
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "3 conversations" in words(pilot).lower())
        await pilot.press("ctrl+s")
        await at_the_format(pilot, "markdown")
        assert "▐ ▌ all 3 conversations that the list shows" in words(pilot)
        await pilot.press("tab", "tab", "space")
        await at_the_format(pilot, "openai")
        assert "▐X▌ all 3 conversations that the list shows" in words(pilot)
        assert "1 of participants" in words(pilot)
        assert place(pilot) == "~/talks/3-conversations.jsonl"
        await pilot.press("enter")
        await until(pilot, lambda: "Written to ~/talks/3-conversations.jsonl (2 conversations" in told(pilot))
        assert "Secret?" not in (here / "3-conversations.jsonl").read_text()
        assert silent not in mine
    assert released(corpus_file) == [("openai", "3-conversations.jsonl", 2)]


async def test_a_participants_conversation_is_refused_in_one_sentence(corpus_file: Path, here: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        take_part(corpus, ("Secret?", "So."), scope="use")
    async with screen(session(corpus_file, ScreenEngine()), (100, 30)) as pilot:
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "1 conversation" in words(pilot).lower() and "Secret?" in words(pilot))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Not exported: this is a participant's and may not leave" in told(pilot))
        assert not isinstance(pilot.app.screen, ExportScreen)
    assert (list(here.iterdir()), released(corpus_file)) == ([], [])


@pytest.mark.slow
async def test_while_it_is_written_the_screen_says_how_far_it_is_and_can_be_left(
    corpus_file: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "SECONDS_OF_SILENCE", 0)
    counted, go_on, really = threading.Event(), threading.Event(), Exporter.export

    def slow(exporter: Exporter, *arguments: object, told: object, **options: object) -> object:
        told(1)  # type: ignore[operator]
        counted.set()
        go_on.wait()
        return really(exporter, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Exporter, "export", slow)
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them.")))) as pilot:
        await say(pilot, "About guns?", "Ban them.")
        try:
            await pilot.press("ctrl+s", "enter")
            await until(pilot, counted.is_set)
            await until(pilot, lambda: hint(pilot).startswith("Writing 1 of 1 conversation… "))
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is chat(pilot))
            assert list(here.iterdir()) == []
            counted.clear()
            chat(pilot).composer.insert("/export openai asked.jsonl")
            await pilot.press("enter")
            await until(pilot, counted.is_set)
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is chat(pilot))
        finally:
            go_on.set()
        await until(pilot, lambda: told(pilot).count("Written to ~/talks/") == 2)
    assert sorted(file.suffix for file in here.iterdir()) == [".jsonl", ".md"]


@pytest.mark.slow
async def test_enter_twice_before_the_dialog_is_ready_replaces_nothing_without_a_question(
    corpus_file: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, really = threading.Event(), Exporter.outlook

    def slow(exporter: Exporter, chosen: Chosen) -> Outlook:
        go_on.wait()
        return really(exporter, chosen)

    monkeypatch.setattr(Exporter, "outlook", slow)
    (here / "guns.md").write_text("precious")
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them.")))) as pilot:
        await say(pilot, "About guns?", "Ban them.")
        chat(pilot).composer.insert("/export guns.md")
        try:
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, ExportScreen))
            await pilot.press("enter", "enter")
        finally:
            go_on.set()
        await until(pilot, lambda: "exists already" in hint(pilot) or pilot.app.screen is chat(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
    assert (here / "guns.md").read_text() == "precious"


@pytest.mark.slow
async def test_what_goes_wrong_stands_in_the_dialog_with_all_that_was_chosen(corpus_file: Path, here: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."))), (60, 20)) as pilot:
        await say(pilot, "About guns?", "Ban them.")
        await pilot.press("ctrl+s", *"csv")
        await at_the_format(pilot, "csv")
        (here / "full").mkdir()
        (here / "full" / "notes.txt").write_text("precious")
        await pilot.press("tab", "ctrl+u", *"full", "enter")
        await until(pilot, lambda: "exists already" in hint(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "holds something else than an earlier export (notes.txt)" in hint(pilot))
        assert place(pilot) == "full"
        await pilot.press("ctrl+u", *"none/csv", "enter")
        await until(pilot, lambda: hint(pilot).startswith("The directory ~/talks/none does not exist"))
        await pilot.press("ctrl+u", "enter")
        await until(pilot, lambda: hint(pilot) == "Type the name of a file.")
        await pilot.press("shift+tab", "ctrl+u", *"spss", "enter")
        await until(pilot, lambda: hint(pilot).startswith("Not in this format: it is for studies"))
    assert (here / "full" / "notes.txt").read_text() == "precious"


def test_a_path_outside_the_home_is_shown_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert full_display_path(tmp_path / "talk.jsonl") == str(tmp_path / "talk.jsonl")


async def test_a_format_that_was_chosen_stays_when_all_conversations_of_the_list_are_chosen(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        for _ in range(3):
            talk(corpus, ("Tea?", "Yes."))
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "3 conversations" in words(pilot).lower())
        await pilot.press("ctrl+s")
        await until(pilot, lambda: hint(pilot).startswith("Enter writes"))
        dialog = pilot.app.screen
        assert isinstance(dialog, ExportScreen)
        while dialog._form is None or dialog._form.name != "csv":
            await pilot.press("down")
        dialog.query_one("#all").focus()
        await pilot.press("space")
        await until(pilot, lambda: "Export 3 conversations" in words(pilot) and dialog._ready.is_set())
        await at_the_format(pilot, "csv")
        assert place(pilot).endswith("/3-conversations-csv")
        await pilot.press("space")
        await until(pilot, lambda: "Export this conversation" in words(pilot) and dialog._ready.is_set())
        await at_the_format(pilot, "csv")
