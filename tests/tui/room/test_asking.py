"""Asking the room on the screen, with the keys and the clicks of a person."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from chat_personas.corpus import Corpus, CorpusError
from chat_personas.reporting.explained.sections import explain
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.room.answers import GuessScreen, RoomScreen
from chat_personas.tui.room.choosing import ChoosingScreen
from chat_personas.tui.room.compare import ColumnsScreen
from chat_personas.tui.screens.dialogs import ConfirmScreen, PathScreen
from eval.engine import EngineError, EngineInfo, Message, Probe, ProbeScore
from tests.corpus.making import branch_of
from tests.examples import slow_but_first
from tests.tui.fakes import ScreenEngine, chat, monitor, opening, reply, screen, session, type_text, until, words

GUNS = "How much does easy legal access to guns add to today's gun violence?"
FAR = EngineInfo("far", "openai", log_probabilities="exact", local=False, context_length=2048)


class HangsUp(ScreenEngine):
    """Answers no probe while it is `down`."""

    down = True

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        if self.down:
            raise EngineError("the server hung up")
        async for score in super().score(prefix, probes):
            yield score


def parties() -> ScreenEngine:
    """An engine with a reply for the unsteered model and for each of the four parties, and one more."""
    return ScreenEngine(*(reply(f"reply {number}.") for number in range(6)))


async def choosing(pilot: Pilot[None]) -> None:
    await pilot.press("f12")
    await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen))


async def ask_parties(pilot: Pilot[None], question: str = "legal access") -> RoomScreen:
    """Ask the parties a question of the survey, and wait for all answers."""
    await choosing(pilot)
    await pilot.press(*question, "enter")
    await pilot.press(*"party", "enter")
    return await answered(pilot)


async def answered(pilot: Pilot[None]) -> RoomScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, RoomScreen))
    room = pilot.app.screen
    assert isinstance(room, RoomScreen)
    await until(pilot, lambda: all(answer.quote for answer in room.table.room.report().answers))
    return room


async def test_from_a_key_to_everybodys_answer_with_the_keyboard_alone(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties())) as pilot:
        await ask_parties(pilot)

        shown = words(pilot)
        assert GUNS in shown
        for said in ("The model as it is", "A Republican", "A Democrat", "An independent", "“reply 0.”", "“reply 4.”"):
            assert said in shown
        assert "one question alone has no verdict" in shown


@slow_but_first(("command", "opens"), [("ask the room", ChoosingScreen), ("compare personas", ColumnsScreen)])
async def test_the_palette_opens_them_too(corpus_file: Path, command: str, opens: type[Screen[None]]) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
        await pilot.press(*command)
        await until(pilot, lambda: command in words(pilot).lower().replace(f"🔎 {command}", ""))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, opens))


@pytest.mark.slow
async def test_with_the_mouse_alone(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties()), size=(120, 50)) as pilot:
        await choosing(pilot)
        await pilot.click("#choices", offset=(5, 2))  # the second question of the survey
        await pilot.pause()
        await pilot.click("#choices", offset=(5, 1))  # the attribute of the persona that is talked with
        await answered(pilot)

        assert GUNS in words(pilot)
        assert "A Republican" in words(pilot)


async def test_peoples_answers_are_hidden_until_they_are_revealed(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties()), size=(120, 50)) as pilot:
        await ask_parties(pilot)
        assert "people's answers are hidden" in words(pilot)
        assert "Democrat answers" not in words(pilot)

        await pilot.press("r")
        assert "once more shows people's answers" in words(pilot)
        assert "Democrat answers" not in words(pilot), "it may have been a stray key"
        await pilot.press("g", "escape", "r")
        assert "Democrat answers" not in words(pilot)

        await pilot.press("r")
        assert "Democrat answers (n 1,483)" in words(pilot)
        assert "people's answers are hidden" not in words(pilot)

        await pilot.press("r")
        assert "Democrat answers" not in words(pilot)


async def test_a_guess_is_entered_before_and_compared_after_people_are_revealed(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties()), size=(120, 50)) as pilot:
        room = await ask_parties(pilot)
        await pilot.press("down", "down", "g")
        await until(pilot, lambda: isinstance(pilot.app.screen, GuessScreen))
        assert "Democrat answers" in words(pilot)
        await pilot.press(*"50 30 10 10", "enter")
        assert pilot.app.screen is room
        assert "guess A" in words(pilot)
        assert "the guess:" not in words(pilot)

        await pilot.press("r", "r")
        # Democrats: 764, 487, 180 and 52 of 1,483, so 52, 33, 12 and 4 percent: 7 percent points have to move
        assert "the guess: 7 of 100" in words(pilot)


@slow_but_first(
    ("typed", "why"),
    [
        ("50 30 10", "Write 4 numbers, one for each answer; you wrote 3."),
        ("50 30 10 5", "give 5 more, so that they sum to 100"),
        ("half of them", "Write 4 numbers"),
        ("20201", "Write 4 numbers, one for each answer; you wrote 1."),
    ],
)
async def test_a_guess_that_does_not_add_up_says_what_is_missing(corpus_file: Path, typed: str, why: str) -> None:
    async with screen(session(corpus_file, parties())) as pilot:
        await ask_parties(pilot)
        await pilot.press("g")
        await until(pilot, lambda: isinstance(pilot.app.screen, GuessScreen))
        await pilot.press(*typed, "enter")
        assert why in words(pilot)

        await pilot.press("escape")
        assert isinstance(pilot.app.screen, RoomScreen)


async def test_tab_separates_the_numbers_of_a_guess_and_no_sum_of_run_together_ones_is_said(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties()), size=(120, 50)) as pilot:
        room = await ask_parties(pilot)
        await pilot.press("g")
        await until(pilot, lambda: isinstance(pilot.app.screen, GuessScreen))
        await pilot.press("tab", *"2020202020")
        await until(pilot, lambda: "Write numbers from 0 to 100, with blanks between them." in words(pilot))
        await pilot.press(*["backspace"] * 10, *"50", "tab", "tab", *"30", "tab", *"10")
        await until(pilot, lambda: "3 of 4 numbers; they sum to 90." in words(pilot))
        await pilot.press("tab", *"10", "enter")
        await until(pilot, lambda: pilot.app.screen is room)
        assert room.table.guesses[0] == (0.5, 0.3, 0.1, 0.1)


async def test_enter_goes_on_talking_with_the_one_who_answered(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties())) as pilot:
        room = await ask_parties(pilot)
        conversation = room.table.room.report().answers[2].conversation
        await pilot.press("down", "down", "enter")

        await until(pilot, lambda: chat(pilot).session.conversation.id == conversation)  # type: ignore[union-attr]
        await until(pilot, lambda: "reply 2." in words(pilot))
        assert chat(pilot).composer.has_focus


@pytest.mark.slow
async def test_the_answers_stay_when_the_screen_is_left_and_a_new_question_is_a_key_away(corpus_file: Path) -> None:
    engine = parties()
    async with screen(session(corpus_file, engine)) as pilot:
        await ask_parties(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
        asked = len(engine.asked)

        await pilot.press("f12")
        await answered(pilot)
        assert "“reply 0.”" in words(pilot)
        assert len(engine.asked) == asked

        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))


async def test_ones_own_question_with_ones_own_options(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties())) as pilot:
        await choosing(pilot)
        await pilot.press(*"Do you trust the press xyz?", "enter")
        await pilot.press(*"A lot|Not at all", "enter")
        await pilot.press(*"party", "enter")
        room = await answered(pilot)

        report = room.table.room.report()
        assert (report.question.stem, report.question.options) == (
            "Do you trust the press xyz?",
            ("A lot", "Not at all"),
        )
        assert [answer.model for answer in report.answers] == [pytest.approx((0.5, 0.5))] * 5
        assert "hidden" not in words(pilot)


@pytest.mark.slow
async def test_without_options_there_are_replies_only(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties())) as pilot:
        await choosing(pilot)
        await pilot.press(*"What worries you xyz?", "enter", "enter")
        await pilot.press(*"party", "enter")
        await answered(pilot)

        assert "“reply 4.”" in words(pilot)
        assert "orders" not in words(pilot)


@pytest.mark.slow
async def test_single_groups_are_picked_and_asked_together(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties())) as pilot:
        await choosing(pilot)
        await pilot.press(*"legal access", "enter")
        await pilot.press(*"POLPARTY=Dem", "enter")
        await pilot.press(*"SEX=Female", "enter")
        assert "Ask the 2 picked: POLPARTY=Democrat, SEX=Female" in words(pilot)
        await pilot.press("enter")
        room = await answered(pilot)

        assert [answer.persona.name for answer in room.table.room.report().answers] == [
            "unsteered",
            "democrat",
            "woman",
        ]


@pytest.mark.slow
async def test_escape_goes_one_step_back_and_at_last_to_the_conversation(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await choosing(pilot)
        await pilot.press(*"Is it warm xyz?", "enter", "enter")
        assert "whom?" in words(pilot)
        await pilot.press("escape")
        assert "with which options?" in words(pilot)
        await pilot.press("escape")
        assert "what?" in words(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
        assert chat(pilot).composer.has_focus


async def test_a_question_is_asked_of_a_server_on_another_machine_with_consent_only(corpus_file: Path) -> None:
    engine = ScreenEngine(*(reply("yes.") for _ in range(5)), info=FAR)
    async with screen(session(corpus_file, engine)) as pilot:
        await choosing(pilot)
        await pilot.press(*"legal access", "enter")
        await pilot.press(*"party", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert "takes 15 requests" in words(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
        assert (engine.asked, engine.probed) == ([], 0)


@pytest.mark.slow
async def test_a_model_without_log_probabilities_still_replies_in_words(corpus_file: Path) -> None:
    mute = replace(ScreenEngine().info, log_probabilities="none")
    engine = ScreenEngine(*(reply("in words.") for _ in range(5)), info=mute)
    async with screen(session(corpus_file, engine)) as pilot:
        await ask_parties(pilot)

        assert "gives no log-probabilities" in words(pilot)
        assert words(pilot).count("“in words.”") == 5


@slow_but_first(
    ("name", "holds"),
    [
        ("room.json", lambda text: json.loads(text)["question"]["id"] == "GUNCONTRIBA_W26"),
        ("room.svg", lambda text: text.startswith("<?xml") and "A Democrat" in text),
        ("room.html", lambda text: text.startswith("<!DOCTYPE html>") and "“reply 0.”" in text),
    ],
)
async def test_the_answers_are_saved_as_the_name_of_the_file_says(
    corpus_file: Path, tmp_path: Path, name: str, holds: Callable[[str], bool]
) -> None:
    async with screen(session(corpus_file, parties())) as pilot:
        await ask_parties(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(pilot.app.screen.query("#path")))
        assert "Save what the room answered and what people answered" in words(pilot), "they are still hidden"
        pilot.app.screen.query_one("#path").value = str(tmp_path / name)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RoomScreen) and (tmp_path / name).exists())

    assert holds((tmp_path / name).read_text(encoding="utf-8"))
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600, "it holds replies"


async def test_the_place_that_is_proposed_to_save_to_is_replaced_by_what_is_typed(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties())) as pilot:
        await ask_parties(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(pilot.app.screen.query("#path")))
        await pilot.press(*"mine.svg")
        assert pilot.app.screen.query_one("#path", Input).value == "mine.svg"


async def test_while_the_model_is_still_opening_the_room_says_so(corpus_file: Path) -> None:
    opened = asyncio.Event()
    waiting = session(corpus_file, ScreenEngine(), open_engine=opening(opened, ScreenEngine()))
    async with screen(waiting, ready=False) as pilot:
        await pilot.press("f12")
        await until(pilot, lambda: "The model is not open yet." in words(pilot))
        opened.set()


@pytest.mark.slow
async def test_the_quotes_are_in_the_corpus(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties())) as pilot:
        await ask_parties(pilot)

    with Corpus.open(corpus_file) as corpus:
        kept = [branch_of(corpus, row.id) for row in corpus.conversations()]

    said = sorted([message.text for message in branch] for branch in kept)
    assert said == [[GUNS, f"reply {number}."] for number in range(5)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.slow), pytest.param((200, 60), marks=pytest.mark.slow)]
)
async def test_every_bar_fits_the_screen_and_follows_its_size(corpus_file: Path, size: tuple[int, int]) -> None:
    async with screen(session(corpus_file, parties()), size=size) as pilot:
        room = await ask_parties(pilot)
        await pilot.press("r", "r")
        answers = room.query_one("#answers")
        drawn = [
            room._drawn(place, answer, size[0] - 6) for place, answer in enumerate(room.table.room.report().answers)
        ]
        for content in drawn:
            bars = [line for line in content.plain.splitlines() if line.startswith(("  model", "  people"))]
            assert [len(line) for line in bars] == [size[0] - 6] * 2
        assert answers.scrollable_content_region.width >= size[0] - 6


async def test_the_save_dialog_stays_with_what_is_wrong_and_letters_are_no_keys_of_the_room(
    corpus_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "room.doc"
    async with screen(session(corpus_file, parties()), (120, 40)) as pilot:
        room = await ask_parties(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, PathScreen))
        field = pilot.app.screen.query_one(Input)
        field.value = str(file)
        await pilot.press("enter")
        await until(pilot, lambda: "Not saved: let the name end in .html, .svg or .json." in words(pilot))
        await pilot.press("end", "r", "n")
        assert field.value == f"{file}rn"
        assert not room.table.revealed

        field.value = str(file.with_suffix(".json"))
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", refuse)
            await pilot.press("enter")
            await until(pilot, lambda: "Not saved: " in words(pilot) and "No space left" in words(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is room)
        assert "Written to" in words(pilot)
    assert json.loads(file.with_suffix(".json").read_text())["question"]["id"] == "GUNCONTRIBA_W26"


def refuse(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


async def test_the_keys_that_guess_and_reveal_are_named_as_they_are_bound(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties(), keys={"room_guess": "x"})) as pilot:
        await ask_parties(pilot)
        await until(pilot, lambda: "hidden: X enters a guess, R reveals them" in words(pilot))


@pytest.mark.slow
async def test_the_panel_hides_peoples_answers_to_what_the_room_asks_until_they_are_revealed(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties(), measure=True, make_monitor=monitor), (140, 60)) as pilot:
        await until(pilot, lambda: "measured: 62 questions" in words(pilot))
        sections = chat(pilot).panel._sections
        assert sections is not None
        assert sections.probe._card is not None
        ids = [question.id for question in sections.probe._card.questions]
        sections.probe.step(ids.index("GUNCONTRIBA_W26"))
        drawn = sections.probe.draw(48)
        assert drawn is not None
        assert "alignment" in drawn.plain
        assert "██ Democrat" in drawn.plain

        await ask_parties(pilot)
        await pilot.press("escape")
        hidden = sections.probe.draw(48)
        assert hidden is not None
        await until(pilot, lambda: "people's answers are hidden until" in (sections.probe.draw(48) or hidden).plain)
        hidden = sections.probe.draw(48)
        assert hidden is not None
        assert "alignment" not in hidden.plain
        assert "██ Democrat" not in hidden.plain
        said = " ".join(explain("question", chat(pilot).panel.measured).says)
        assert "People's answers are hidden until the room reveals them." in said
        assert "alignment is" not in said

        await pilot.press("f12")
        await answered(pilot)
        await pilot.press("r", "r", "escape")
        await until(pilot, lambda: "hidden" not in (sections.probe.draw(48) or hidden).plain)


async def test_a_room_is_known_in_the_list_of_conversations(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties())) as pilot:
        await ask_parties(pilot)
        await pilot.press("escape", "ctrl+o")
        await until(pilot, lambda: words(pilot).count("Room: How much does easy legal access") == 5)


@pytest.mark.slow
async def test_letter_keys_act_as_capitals_too(corpus_file: Path) -> None:
    async with screen(session(corpus_file, parties()), size=(120, 50)) as pilot:
        await ask_parties(pilot)
        await pilot.press("R", "R")
        assert "Democrat answers (n 1,483)" in words(pilot)
        await pilot.press("R", "G")
        await until(pilot, lambda: isinstance(pilot.app.screen, GuessScreen))


@pytest.mark.parametrize(
    ("given", "next_step"),
    [("Is it warm?", "with which options?"), (GUNS, "whom?"), ("GUNCONTRIBA_W26", "whom?")],
)
async def test_a_question_after_the_command_is_not_asked_for_again(
    corpus_file: Path, given: str, next_step: str
) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await type_text(pilot, f"/room {given}")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen))
        assert f"Ask the room: {next_step}" in words(pilot)
        assert (GUNS if given != "Is it warm?" else given) in words(pilot)


async def leave_and_come_back(pilot: Pilot[None]) -> RoomScreen:
    await pilot.press("escape")
    await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
    await pilot.press("f12")
    return await answered(pilot)


async def test_why_there_were_no_figures_is_no_longer_said_once_they_have_come(corpus_file: Path) -> None:
    engine = HangsUp(*(reply(f"reply {number}.") for number in range(6)))
    async with screen(session(corpus_file, engine)) as pilot:
        await ask_parties(pilot)
        await until(pilot, lambda: "the server hung up" in words(pilot))

        engine.down = False
        room = await leave_and_come_back(pilot)
        await until(pilot, lambda: all(answer.model for answer in room.table.room.report().answers))
        await until(pilot, lambda: "asking for" not in words(pilot))
        assert "hidden: G enters a guess" in words(pilot)
        assert "hung up" not in words(pilot)


async def test_why_replies_are_missing_stays_on_the_screen(corpus_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, begun = Corpus.begin_turn, list[str]()

    def begin_turn(corpus: Corpus, *given: Any, **named: Any) -> Any:
        begun.append("a reply")
        if len(begun) == 2:
            raise CorpusError("the disk is full; make room")
        return real(corpus, *given, **named)

    monkeypatch.setattr(Corpus, "begin_turn", begin_turn)
    async with screen(session(corpus_file, parties())) as pilot:
        await choosing(pilot)
        await pilot.press(*"legal access", "enter")
        await pilot.press(*"party", "enter")
        await until(pilot, lambda: "the disk is full; make room" in words(pilot))
        await pilot.press("r", "r")
        await until(pilot, lambda: "hidden:" not in words(pilot))
        assert "the disk is full; make room" in words(pilot)
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: pilot.app.screen.size.width == 100)
        assert "the disk is full; make room" in words(pilot)

        await leave_and_come_back(pilot)
        await until(pilot, lambda: "the disk is full" not in words(pilot))


@pytest.mark.parametrize("wants_another", [("n",), ("escape", "/room Is it warm?")])
async def test_the_room_of_before_is_there_until_another_question_is_chosen(
    corpus_file: Path, wants_another: tuple[str, ...]
) -> None:
    async with screen(session(corpus_file, parties())) as pilot:
        room = await ask_parties(pilot)
        room.table.guesses[1] = (0.25, 0.25, 0.25, 0.25)
        key, *command = wants_another
        await pilot.press(key)
        for written in command:
            await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
            await type_text(pilot, written)
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen))
        while not isinstance(pilot.app.screen, ChatScreen):
            await pilot.press("escape")

        await pilot.press("f12")
        again = await answered(pilot)
        assert again.table is room.table
        assert "guess" in words(pilot)


async def test_who_leaves_in_the_middle_of_a_reply_finds_it_asked_for_in_the_same_conversation(
    corpus_file: Path,
) -> None:
    engine = ScreenEngine(["So far", asyncio.Event()], *(reply(f"reply {number}.") for number in range(5)))
    async with screen(session(corpus_file, engine)) as pilot:
        await choosing(pilot)
        await pilot.press(*"legal access", "enter")
        await pilot.press(*"party", "enter")
        await until(pilot, lambda: len(engine.asked) == 1)
        await leave_and_come_back(pilot)
    with Corpus.open(corpus_file) as corpus:
        kept = corpus.conversations()
        assert sorted(row.persona_name for row in kept) == sorted({row.persona_name for row in kept})
        assert len(kept) == 5
