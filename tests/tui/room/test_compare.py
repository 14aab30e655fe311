"""Comparing personas on the screen, with the keys and the clicks of a person."""

import asyncio
import re
import tempfile
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from chat_personas.corpus import Corpus
from chat_personas.monitor.monitor import Estimate
from chat_personas.monitor.round import Coverage
from chat_personas.monitor.sides import SideMonitors
from chat_personas.tui.chat import keeping
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.room.compare import ColumnsScreen, CompareScreen
from eval.engine import EngineError, Message, Piece, Probe, ProbeScore
from tests.corpus.full_disk import read_only
from tests.corpus.making import branch_of, texts
from tests.examples import slow_but_first
from tests.fakes import END
from tests.tui.fakes import ScreenEngine, chat, monitor, reply, screen, session, shown, type_text, until, words

GUNS = "What about guns?"


async def compare(pilot: Pilot[None], *others: str) -> CompareScreen:
    """Compare the persona that is talked with with others, each found by a few letters."""
    await choosing(pilot)
    for other in others:
        await pilot.press(*other, "enter")
    await pilot.press("enter")
    return await comparing(pilot)


async def choosing(pilot: Pilot[None]) -> OptionList:
    """Press the key, and wait until everybody is listed."""
    await pilot.press("alt+c")
    await until(pilot, lambda: isinstance(pilot.app.screen, ColumnsScreen))
    choices = pilot.app.screen.query_one("#choices", OptionList)
    await until(pilot, lambda: choices.option_count > 0)
    return choices


async def comparing(pilot: Pilot[None]) -> CompareScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
    found = pilot.app.screen
    assert isinstance(found, CompareScreen)
    return found


async def replied(pilot: Pilot[None], compared: CompareScreen, messages: int = 2) -> None:
    """Wait until every column has so many messages, and nothing is on its way."""
    columns = compared.comparison.columns
    await until(pilot, lambda: all(len(each.path) == messages and not each.replying for each in columns))


async def test_an_edit_that_is_compared_instead_is_no_edit_any_more(corpus_file: Path) -> None:
    engine = ScreenEngine(*(reply(f"reply {number}.") for number in range(6)))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, GUNS)
        await until(pilot, lambda: "reply 0." in words(pilot) and not chat(pilot).replies.busy)
        await pilot.press(*"Beside", "f6")
        await until(pilot, lambda: chat(pilot).editing.under_way)
        compared = await compare(pilot, "(repub")
        await replied(pilot, compared)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        assert chat(pilot).composer.text == "Beside"
        await pilot.press("enter")
        await until(pilot, lambda: not chat(pilot).replies.busy and "Beside" in shown(pilot))
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        assert [row.text for row in conversation.path][:3] == [GUNS, "reply 0.", "Beside"]


async def test_what_was_said_last_goes_to_everybody_side_by_side(corpus_file: Path) -> None:
    engine = ScreenEngine(*(reply(f"reply {number}.") for number in range(4)))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, GUNS)
        await until(pilot, lambda: "reply 0." in words(pilot) and not chat(pilot).replies.busy)
        compared = await compare(pilot, "(repub", "(woman")
        await replied(pilot, compared)

        shown = words(pilot)
        for said in ("A Democrat", "A Republican", "A woman", "reply 1.", "reply 2.", "reply 3."):
            assert said in shown
        assert shown.count(GUNS) == 3
    assert [asked[-1].content for asked in engine.asked] == [GUNS] * 4


async def test_what_the_models_thought_is_folded_and_a_key_unfolds_it_in_all_columns(corpus_file: Path) -> None:
    engine = ScreenEngine(
        ["They cost", Piece("Fewer.", recalls=True), END], [Piece("", thought="They do not."), "More.", END]
    )
    async with screen(session(corpus_file, engine)) as pilot:
        chat(pilot).composer.insert("Buses?")
        await replied(pilot, await compare(pilot, "(repub"))
        await until(pilot, lambda: "Fewer." in words(pilot) and "More." in words(pilot))
        assert "They" not in words(pilot)
        await pilot.press("f9")
        await until(pilot, lambda: "They cost" in words(pilot) and "They do not." in words(pilot))


@pytest.mark.slow
async def test_what_is_being_written_goes_before_what_was_said_last(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("1"), reply("2"))
    async with screen(session(corpus_file, engine)) as pilot:
        chat(pilot).composer.insert("Not sent yet?")
        await replied(pilot, await compare(pilot, "(repub"))

        assert [asked[-1].content for asked in engine.asked] == ["Not sent yet?"] * 2
        assert chat(pilot).composer.text == ""


@pytest.mark.slow
async def test_in_a_new_conversation_the_first_message_is_typed_beside_all_of_them(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("1"), reply("2")))) as pilot:
        compared = await compare(pilot, "(repub")
        assert "Say something to all of them" in words(pilot)
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)

        assert words(pilot).count(GUNS) == 2


async def test_the_line_below_says_what_a_column_does_how_far_it_is_and_for_how_long(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never, go_on = asyncio.Event(), asyncio.Event()

    async def measure(monitors: SideMonitors, place: int) -> AsyncGenerator[Estimate, None]:
        yield Estimate(None, 4, 28, complete=False, failed=1, coverage=Coverage(62, 24, 3), first_part=True)
        await never.wait()

    monkeypatch.setattr(SideMonitors, "measure", measure)
    engine = ScreenEngine(["Fewer", " of them", go_on, END], reply("More."))
    async with screen(session(corpus_file, engine, measure=True)) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await until(pilot, lambda: bool(re.search(r"A Democrat: replying 3 words… \d+ s", words(pilot))))
        go_on.set()
        await replied(pilot, compared)
        await until(pilot, lambda: bool(re.search(r"measuring A Democrat, 3 of the first 28… \d+ s", words(pilot))))
        await pilot.press("escape", "escape")


async def test_the_conversation_goes_on_in_every_column(corpus_file: Path) -> None:
    engine = ScreenEngine(*(reply(str(number)) for number in range(4)))
    async with screen(session(corpus_file, engine)) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
        await pilot.press(*"Why?", "enter")
        await replied(pilot, compared, 4)

    assert [[message.content for message in asked][1:] for asked in engine.asked[2:]] == [
        [GUNS, "0", "Why?"],
        [GUNS, "1", "Why?"],
    ]


async def test_one_persona_stands_beside_itself_under_another_steering(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("1"), reply("2")))) as pilot:
        compared = await compare(pilot, "by bio")

        assert [column.persona.steering for column in compared.comparison.columns] == ["portray", "bio"]
        assert "A Democrat (portray)" in words(pilot)
        assert "A Democrat (bio)" in words(pilot)


@pytest.mark.slow
async def test_every_column_has_its_own_line_of_the_panel(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("1"), reply("2"))
    measured = session(corpus_file, engine, measure=True, make_monitor=monitor)
    async with screen(measured) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        columns = compared.columns
        await until(pilot, lambda: all(each.figures.estimate and each.figures.estimate.complete for each in columns))

        lines = [str(each.query_one(".measured", Static).content) for each in columns]
        assert [line.split("0.")[0].split() for line in lines] == [
            ["Democrat:", "alignment"],
            ["Republican:", "alignment"],
        ]
        assert all(re.search(r"0\.\d\d \[0\.\d\d, 0\.\d\d\]", line) for line in lines), "none breaks in its interval"
        assert "demonstration model: says nothing about real people" in words(pilot)
    with Corpus.open(corpus_file) as corpus:
        kept = [corpus.measurements(each.id)[0] for each in compared.comparison.columns]
    assert [row.message_id for row in kept] == [each.path[-1].id for each in compared.comparison.columns]


@pytest.mark.slow
async def test_figures_of_an_earlier_message_do_not_stand_beside_a_later_one(corpus_file: Path) -> None:
    held = asyncio.Event()
    engine = ScreenEngine(reply("1"), reply("2"), ["3", held], reply("4"))
    measured = session(corpus_file, engine, measure=True, make_monitor=monitor)
    async with screen(measured) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await until(pilot, lambda: all(each.figures.card for each in compared.columns))
        await pilot.press(*"Why?", "enter")
        await until(pilot, lambda: compared.comparison.columns[0].replying)

        assert "alignment" not in words(pilot)
        held.set()
        await replied(pilot, compared, 4)


@slow_but_first(
    ("measure", "changes", "why"),
    [
        (False, {}, "not measuring"),
        (True, {"log_probabilities": "none"}, "cannot be measured"),
        (True, {"local": False}, "on another machine"),
    ],
)
async def test_a_column_that_is_not_measured_says_why(
    corpus_file: Path, measure: bool, changes: dict[str, object], why: str
) -> None:
    info = replace(ScreenEngine().info, **changes)  # type: ignore[arg-type]
    engine = ScreenEngine(reply("1"), reply("2"), info=info)
    measured = session(corpus_file, engine, measure=measure, make_monitor=monitor)
    async with screen(measured) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)

        assert words(pilot).count(why) == 2


async def test_enter_in_a_column_goes_on_with_this_one_and_the_key_comes_back_to_all(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("1"), reply("2")))) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
        await pilot.press("ctrl+right", *"hi")
        assert compared.query_one(Input).value == "hi", "a letter typed on a column is written"
        await pilot.press("ctrl+right", "ctrl+right", "enter")
        second = compared.comparison.columns[1].id
        await until(pilot, lambda: chat(pilot).session.conversation.id == second)  # type: ignore[union-attr]
        assert isinstance(pilot.app.screen, ChatScreen)
        assert chat(pilot).composer.has_focus

        await until(pilot, lambda: "A Republican" in words(pilot))
        await pilot.press("alt+c")
        again = await comparing(pilot)
        assert again.comparison.id == compared.comparison.id
        assert words(pilot).count(GUNS) == 2


@pytest.mark.slow
async def test_what_was_said_to_all_stands_in_the_open_conversation_when_one_comes_back(corpus_file: Path) -> None:
    replies = [reply(f"Reply {number}.") for number in range(1, 6)]
    async with screen(session(corpus_file, ScreenEngine(*replies))) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
        await pilot.press("ctrl+right", "ctrl+right", "enter")
        second = compared.comparison.columns[1].id
        await until(pilot, lambda: chat(pilot).session.conversation.id == second)  # type: ignore[union-attr]
        await pilot.press("alt+c")
        again = await comparing(pilot)
        await pilot.press(*"And taxes?", "enter")
        await replied(pilot, again, 4)
        await pilot.press("escape")
        await until(pilot, lambda: "And taxes?" in words(pilot) and isinstance(pilot.app.screen, ChatScreen))

        conversation = chat(pilot).session.conversation
        assert conversation is not None
        assert [each.text for each in conversation.path] == [GUNS, "Reply 2.", "And taxes?", "Reply 4."]


@pytest.mark.slow
async def test_with_the_mouse_a_column_is_chosen_and_opened(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("1"), reply("2")))) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
        await pilot.click(compared.columns[1])
        await until(pilot, lambda: compared.columns[1].has_focus and "Talk" in words(pilot))
        await pilot.click("FooterKey")
        second = compared.comparison.columns[1].id
        await until(pilot, lambda: chat(pilot).session.conversation.id == second)  # type: ignore[union-attr]


async def test_escape_stops_the_reply_keeps_what_it_said_and_goes_back(corpus_file: Path) -> None:
    held = asyncio.Event()
    async with screen(session(corpus_file, ScreenEngine(["So far", held], reply("2")))) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await until(pilot, lambda: "So far" in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))

    with Corpus.open(corpus_file) as corpus:
        last = branch_of(corpus, compared.comparison.columns[0].id)[-1]
    assert (last.text, last.status) == ("So far", "stopped")


async def test_a_column_that_has_not_replied_says_that_it_is_still_to_be_measured(corpus_file: Path) -> None:
    held = asyncio.Event()
    engine = ScreenEngine(["So far", held], reply("2"))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor)) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await until(pilot, lambda: "So far" in words(pilot))
        assert words(pilot).count("is measured once all have replied") == 2
        held.set()
        await replied(pilot, compared)


async def test_a_column_that_has_replied_says_that_it_waits_while_another_is_measured(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: object, place: int) -> AsyncGenerator[Estimate, None]:
        assert place == 0
        await asyncio.Event().wait()
        yield Estimate(None, 0, 62, complete=False)

    monkeypatch.setattr(SideMonitors, "measure", never)
    engine = ScreenEngine(reply("1"), reply("2"))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor)) as pilot:
        await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await until(pilot, lambda: words(pilot).count("waits to be measured") == 2)
        assert "once all have replied" not in words(pilot)


@pytest.mark.slow
async def test_nothing_is_sent_while_they_are_still_replying(corpus_file: Path) -> None:
    held = asyncio.Event()
    engine = ScreenEngine(["So far", held], reply("2"))
    async with screen(session(corpus_file, engine)) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await until(pilot, lambda: "So far" in words(pilot))
        await pilot.press(*"Why?", "enter")
        await until(pilot, lambda: "Still replying" in words(pilot))
        assert compared.query_one("#all", Input).value == "Why?"
        held.set()
        await until(pilot, lambda: not compared.comparison.columns[0].replying)


@pytest.mark.slow
async def test_what_is_typed_to_all_is_seen_in_the_smallest_window(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(*(reply("Yes.") for _ in range(3))))) as pilot:
        await type_text(pilot, GUNS)
        await until(pilot, lambda: "Yes." in words(pilot) and not chat(pilot).replies.busy)
        await replied(pilot, await compare(pilot, "(repub"))
        await pilot.resize_terminal(20, 5)
        await pilot.press(*"Why?")
        await until(pilot, lambda: "Why?" in shown(pilot))


@pytest.mark.slow
async def test_no_more_than_four_columns_can_be_chosen(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        choices = await choosing(pilot)
        for other in ("(repub", "(woman", "(man"):
            await pilot.press(*other, "enter")

        assert choices.option_count == 1


async def test_escape_takes_back_one_choice_after_the_other_before_it_leaves(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        choices = await choosing(pilot)
        everybody = choices.option_count
        for other in ("(repub", "(woman"):
            await pilot.press(*other, "enter")
        await pilot.press(*"(man")
        await until(pilot, lambda: choices.option_count == 1)
        for said in (
            "A Democrat (portray) | A Republican (portray) | A woman (portray)",
            "A Democrat (portray) | A Republican (portray)",
            "A Democrat (portray)",
        ):
            await pilot.press("escape")
            await until(pilot, lambda said=said: f"{said} (up to 4 columns)" in words(pilot))  # type: ignore[misc]
        assert choices.option_count == everybody
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))


@pytest.mark.slow
async def test_after_escape_from_the_choice_the_conversation_has_the_focus_again(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await choosing(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
        assert chat(pilot).composer.has_focus


@pytest.mark.parametrize(
    "size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.slow), pytest.param((200, 60), marks=pytest.mark.slow)]
)
@slow_but_first("others", [("(repub",), ("(repub", "(woman", "(man")])
async def test_all_columns_fit_beside_each_other(
    corpus_file: Path, size: tuple[int, int], others: Sequence[str]
) -> None:
    async with screen(session(corpus_file, ScreenEngine()), size=size) as pilot:
        compared = await compare(pilot, *others)

        widths = [column.region.width for column in compared.columns]
        assert sum(widths) == size[0]
        assert max(widths) - min(widths) <= 1
        assert compared.columns[-1].region.right == size[0]


@pytest.mark.slow
async def test_the_end_of_a_long_reply_is_in_view(corpus_file: Path) -> None:
    long = " ".join(f"word{number}" for number in range(400))
    async with screen(session(corpus_file, ScreenEngine(reply(long), reply("2"))), size=(80, 24)) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)

        await until(pilot, lambda: "word399" in words(pilot))


@pytest.mark.slow
async def test_an_interval_is_not_broken_even_in_four_columns_of_a_narrow_screen(corpus_file: Path) -> None:
    engine = ScreenEngine(*(reply(str(number)) for number in range(4)))
    measured = session(corpus_file, engine, measure=True, make_monitor=monitor)
    async with screen(measured, size=(80, 24)) as pilot:
        compared = await compare(pilot, "(repub", "(woman", "(man")
        await pilot.press(*GUNS, "enter")
        columns = compared.columns
        await until(pilot, lambda: all(each.figures.estimate and each.figures.estimate.complete for each in columns))

        assert len(re.findall(r"0\.\d\d \[0\.\d\d, 0\.\d\d\]", shown(pilot))) == 4


@pytest.mark.slow
async def test_all_that_is_typed_or_pasted_on_a_column_goes_to_the_input_and_stays_there(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("1"), reply("2")))) as pilot:
        compared = await compare(pilot, "(repub")
        box = compared.query_one("#all", Input)
        await pilot.press("ctrl+right")
        for letter in "typed in":
            pilot.app.post_message(Key("space" if letter == " " else letter, letter))
        await until(pilot, lambda: box.value == "typed in")
        await pilot.press("ctrl+right")
        pilot.app.post_message(Paste(" column"))
        await until(pilot, lambda: box.value == "typed in column")
        await pilot.press("ctrl+right", "escape", "s")
        await until(pilot, lambda: box.value == "typed in columns")


async def test_a_line_with_a_slash_is_a_command_here_too_and_never_said(corpus_file: Path) -> None:
    engine = ScreenEngine(*(reply(f"reply {number}.") for number in range(3)), ["No", asyncio.Event()])
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, GUNS)
        await until(pilot, lambda: "reply 0." in words(pilot) and not chat(pilot).replies.busy)
        compared = await compare(pilot, "(repub")
        await replied(pilot, compared)
        field = compared.query_one("#all", Input)

        async def write(line: str) -> None:
            field.value = line
            await pilot.press("enter")

        await write("/measure off")
        await until(pilot, lambda: "/measure is for a conversation." in words(pilot))
        assert field.value == "/measure off"
        await write("/mesure off")
        await until(pilot, lambda: "there is no command" in words(pilot))
        await write("/open 3")
        await until(pilot, lambda: "from 1 to 2." in words(pilot))
        await write("//etc is a folder")
        await until(pilot, lambda: len(engine.asked) == 4)
        assert engine.asked[3][-1].content == "/etc is a folder"
        await until(pilot, lambda: "No" in words(pilot))
        await write("/stop")
        await until(pilot, lambda: compared.columns[0].conversation.path[-1].status == "stopped")
        await write("/end")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))


async def test_columns_behind_after_a_stop_are_named_and_reply_before_the_next_message_also_after_leaving(
    corpus_file: Path,
) -> None:
    engine = ScreenEngine(["So far", asyncio.Event()], reply("More."), reply("3"), reply("4"))
    async with screen(session(corpus_file, engine)) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await until(pilot, lambda: "So far" in words(pilot))
        await pilot.press(*"/stop", "enter")
        await until(pilot, lambda: "A Republican has not replied, and will before what you say next" in words(pilot))
        assert words(pilot).count(GUNS) == 2, "the other column was told, too"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))

        first = compared.comparison.columns[0].id
        chat(pilot).enter(first)
        await until(pilot, lambda: chat(pilot).session.conversation.id == first)  # type: ignore[union-attr]
        await pilot.press("alt+c")
        again = await comparing(pilot)
        await until(pilot, lambda: "A Republican has not replied" in words(pilot))
        await pilot.press(*"Why?", "enter")
        await replied(pilot, again, 4)
        assert [texts(each.path) for each in again.comparison.columns] == [
            [GUNS, "So far", "Why?", "3"],
            [GUNS, "More.", "Why?", "4"],
        ]
        await until(pilot, lambda: "has not replied" not in words(pilot))


@pytest.mark.slow
async def test_a_message_stopped_before_it_was_said_comes_back_into_the_input(corpus_file: Path) -> None:
    engine = ScreenEngine(["So far", asyncio.Event()], ["Mo", asyncio.Event()])
    async with screen(session(corpus_file, engine)) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await until(pilot, lambda: "So far" in words(pilot))
        await pilot.press(*"/stop", "enter")
        await until(pilot, lambda: "has not replied" in words(pilot))
        await pilot.press(*"Why?", "enter")
        await until(pilot, lambda: "Mo" in words(pilot))
        await compared.comparison.stop()
        await until(pilot, lambda: compared.query_one("#all", Input).value == "Why?")


@pytest.fixture
def short_pause(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is not stored is tried again at once, and copies go to a folder of the test."""
    monkeypatch.setattr(keeping, "SECONDS_BETWEEN_TRIES", 0.01)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def half_said() -> tuple[ScreenEngine, asyncio.Event]:
    """A model whose second reply waits for an event before its end."""
    rest = asyncio.Event()
    return ScreenEngine(reply("One."), ["Half a sentence", rest, " and the rest.", END]), rest


async def half_a_reply(pilot: Pilot[None]) -> CompareScreen:
    compared = await compare(pilot, "(repub")
    await pilot.press(*GUNS, "enter")
    await until(pilot, lambda: "Half a sentence" in words(pilot))
    return compared


def last_words(corpus_file: Path, compared: CompareScreen) -> str:
    with Corpus.open(corpus_file, read_only=True) as corpus:
        return branch_of(corpus, compared.comparison.columns[1].id)[-1].text


@pytest.mark.usefixtures("short_pause")
async def test_a_reply_that_could_not_be_stored_is_stored_by_itself_while_the_comparison_is_shown(
    corpus_file: Path,
) -> None:
    engine, rest = half_said()
    app = session(corpus_file, engine)
    async with screen(app) as pilot:
        compared = await half_a_reply(pilot)
        assert app.corpus is not None
        with read_only(app.corpus):
            rest.set()
            await until(pilot, lambda: "Not stored yet, only in memory" in words(pilot))
        await until(pilot, lambda: "Not stored yet" not in words(pilot))
        assert last_words(corpus_file, compared) == "Half a sentence and the rest."


@pytest.mark.usefixtures("short_pause")
async def test_a_reply_that_could_not_be_stored_is_not_lost_when_the_comparison_is_left(corpus_file: Path) -> None:
    engine, rest = half_said()
    app = session(corpus_file, engine)
    async with screen(app) as pilot:
        compared = await half_a_reply(pilot)
        assert app.corpus is not None
        with read_only(app.corpus):
            rest.set()
            await until(pilot, lambda: "Not stored yet, only in memory" in words(pilot) and not compared._busy)
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is chat(pilot))
            await until(pilot, lambda: "only in memory, what was said in a comparison or a debate" in words(pilot))
        await until(pilot, lambda: keeping.STORED in words(pilot))
        assert last_words(corpus_file, compared) == "Half a sentence and the rest."


@pytest.mark.usefixtures("short_pause")
async def test_quitting_asks_where_a_reply_of_a_comparison_is_not_stored_and_leaves_a_copy(
    corpus_file: Path, tmp_path: Path
) -> None:
    engine, rest = half_said()
    app = session(corpus_file, engine)
    async with screen(app) as pilot:
        compared = await half_a_reply(pilot)
        corpus_file.rename(corpus_file.with_name("moved.db"))
        rest.set()
        await until(pilot, lambda: "Not stored yet, only in memory" in words(pilot) and not compared._busy)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "Not all that was said is stored" in words(pilot))
        await pilot.press("y")
        await until(pilot, lambda: not pilot.app.is_running)
    copies = list(tmp_path.glob("chat-personas-*.jsonl"))
    assert len(copies) == 2, "the corpus that had the other column is gone"
    (copy,) = (each for each in copies if compared.comparison.columns[1].id.lower() in each.name)
    assert "and the rest." in copy.read_text()
    assert app.failure is not None
    of = {column.persona.title: column.id.lower() for column in compared.comparison.columns}
    assert sorted(app.failure.__notes__) == sorted(
        f"{title}: the conversation is in {each}" for title, key in of.items() for each in copies if key in each.name
    )


THOUGHTFUL: list[str | Piece] = [Piece("", thought="Which side am I on?"), "Keep **all** of them.", END]


async def test_replies_are_drawn_as_in_a_conversation_with_thoughts_folded(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(THOUGHTFUL, reply("- one\n- two")))) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
        await until(pilot, lambda: "Keep all of them." in words(pilot) and "• one" in words(pilot))
        assert "Thought for" in words(pilot)
        assert "Which side am I on?" not in words(pilot)


@pytest.mark.slow
async def test_a_column_is_scrolled_by_keys(corpus_file: Path) -> None:
    long = "\n\n".join(f"line {number}" for number in range(60))
    async with screen(session(corpus_file, ScreenEngine(reply(long), reply("2")))) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
        await until(pilot, lambda: "line 59" in words(pilot))
        await pilot.press("ctrl+right", "pageup", "pageup")
        await until(pilot, lambda: "line 59" not in words(pilot) and "line 30" in words(pilot))
        await pilot.press("pagedown", "pagedown")
        await until(pilot, lambda: "line 59" in words(pilot))


class DiesWhileMeasured(ScreenEngine):
    """A server that answers some probes and then is gone."""

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        number = 0
        async for score in super().score(prefix, probes):
            if number == 5:
                raise EngineError("the server hung up")
            number += 1
            yield score


async def test_a_column_whose_server_dies_while_it_is_measured_says_so(corpus_file: Path) -> None:
    engine = DiesWhileMeasured(reply("1"), reply("2"))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor)) as pilot:
        compared = await compare(pilot, "(repub")
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
        await until(pilot, lambda: words(pilot).count("not measured: ") == 2)
        assert "measuring…" not in words(pilot)
