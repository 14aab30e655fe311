"""A debate on the screen, with the keys of a person who moderates."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from itertools import count
from pathlib import Path

import pytest
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from chat_personas.conversation.debate import Debate
from chat_personas.corpus import Corpus
from chat_personas.monitor.monitor import Estimate
from chat_personas.monitor.sides import SideMonitors
from chat_personas.reporting.debate import DebateCourse, DebatePoint, DebateReport, DebateSide
from chat_personas.tui.chat import keeping
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.room.choosing import DebateChoosingScreen
from chat_personas.tui.room.debate import CourseScreen, DebateScreen, course_rows
from eval.engine import EngineError, Piece
from eval.report import ModelInfo, PersonaInfo
from eval.scoring.results import Score
from personas import load_persona
from tests.corpus.full_disk import read_only
from tests.corpus.making import branch_of
from tests.fakes import END
from tests.tui.fakes import ScreenEngine, chat, monitor, reply, screen, session, type_text, until, words

SIZE = (110, 40)


async def held(pilot: Pilot[None], *, rounds: int = 1) -> DebateScreen:
    """Write the command with its topic, and choose a Democrat, who begins, a Republican, and a number of rounds."""
    await type_text(pilot, "/debate Guns?")
    await until(pilot, lambda: isinstance(pilot.app.screen, DebateChoosingScreen))
    choosing = pilot.app.screen
    for persona in ("(democrat", "(republican"):
        await until(pilot, lambda: choosing.query_one("#choices", OptionList).option_count > 0)
        await pilot.press(*persona, "enter")
    await pilot.press(*str(rounds), "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, DebateScreen))
    found = pilot.app.screen
    assert isinstance(found, DebateScreen)
    return found


async def ended(pilot: Pilot[None], debate: DebateScreen) -> None:
    await until(pilot, lambda: debate.debate.next_place is None and not debate.busy)


async def test_a_persona_whose_prompt_was_written_here_is_offered_first(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), size=SIZE) as pilot:
        await type_text(pilot, "/prompt-text Answer as a farmer would.")
        await until(pilot, lambda: "(own prompt)" in words(pilot))
        await type_text(pilot, "/debate Guns?")
        await until(pilot, lambda: isinstance(pilot.app.screen, DebateChoosingScreen))
        listed = pilot.app.screen.query_one("#choices", OptionList)
        await until(pilot, lambda: listed.option_count > 0)
        assert str(listed.options[0].prompt) == "A Democrat (own prompt) (democrat-own-prompt) · party"


async def test_a_debate_from_the_command_to_its_end_with_both_measured_and_saved(
    corpus_file: Path, tmp_path: Path
) -> None:
    engine = ScreenEngine(reply("Less."), reply("More."), reply("No."), reply("Yes."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), size=SIZE) as pilot:
        debate = await held(pilot)
        await ended(pilot, debate)
        shown = words(pilot)
        for said in ("▸ Moderator", "● A Democrat", "Less.", "□ A Republican", "More.", "ended after 1 round"):
            assert said in shown
        assert all(f"A {group}, compared with {group} answers" in shown for group in ("Democrat", "Republican"))
        assert len(re.findall(r"alignment 0\.\d\d \[", shown)) == 2

        await until(pilot, lambda: "space One more round" in words(pilot))
        await until(pilot, lambda: "esc Leave" in words(pilot))
        await pilot.press("space")
        await until(pilot, lambda: debate.debate.rounds == 2)
        await ended(pilot, debate)
        assert "Yes." in words(pilot)

        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, CourseScreen))
        drawn = words(pilot)
        assert all(f"{mark} turn {turn}" in drawn for mark in "●□" for turn in (0, 1, 2))
        assert "no change in alignment" in drawn
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is debate)

        file = tmp_path / "debate.json"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(pilot.app.screen.query("Input")) and pilot.app.screen is not debate)
        pilot.app.screen.query_one(Input).value = str(file)
        await pilot.press("enter")
        await until(pilot, file.exists)
        await until(pilot, lambda: pilot.app.screen is debate)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
    report = json.loads(file.read_text())
    assert [[point["turn"] for point in side["course"]["points"]] for side in report["sides"]] == [[0, 1, 2]] * 2


@pytest.mark.parametrize(
    ("rounds_measured", "said"),
    [
        (0, "round 1 of 3 · measuring A Democrat before the first turn… 1 s"),
        (2, "round 1 of 3 · measuring A Democrat after turn 1"),
        (3, "round 1 of 3 · measuring A Republican after turn 1"),
    ],
)
async def test_while_a_side_is_measured_the_round_is_the_one_in_which_it_spoke(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch, rounds_measured: int, said: str
) -> None:
    begun = count()

    async def measure(monitors: SideMonitors, place: int) -> AsyncGenerator[Estimate, None]:
        if next(begun) == rounds_measured:
            await asyncio.Event().wait()
        monitors.found[place] = Estimate(None, 62, 62, complete=True)
        yield Estimate(None, 62, 62, complete=True)

    monkeypatch.setattr(SideMonitors, "measure", measure)
    engine = ScreenEngine(reply("Less."), reply("More."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), size=SIZE) as pilot:
        await held(pilot, rounds=3)
        await until(pilot, lambda: said in words(pilot))
        assert "esc Stop" in words(pilot)


async def test_the_count_of_questions_is_the_same_in_all_places_of_a_frame(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = asyncio.Event()

    async def measure(monitors: SideMonitors, place: int) -> AsyncGenerator[Estimate, None]:
        yield Estimate(None, 27, 62, complete=False)
        await more.wait()
        yield Estimate(None, 51, 62, complete=False)
        await asyncio.Event().wait()

    monkeypatch.setattr(SideMonitors, "measure", measure)
    engine = ScreenEngine(reply("Less."), reply("More."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), size=SIZE) as pilot:
        await held(pilot)
        for counted in (27, 51):
            await until(pilot, lambda counted=counted: f"measuring… {counted}/62" in words(pilot))  # type: ignore[misc]
            assert f"{counted} of 62… " in words(pilot)
            more.set()


async def test_space_pauses_what_the_moderator_says_reaches_both_and_escape_stops_a_turn(corpus_file: Path) -> None:
    go_on = asyncio.Event()
    engine = ScreenEngine(
        ["Le", go_on, *reply("ss.")], reply("More."), ["No", asyncio.Event()], reply("Yes.")
    )  # fmt: skip
    async with screen(session(corpus_file, engine), size=SIZE) as pilot:
        debate = await held(pilot, rounds=3)
        await until(pilot, lambda: "Le" in words(pilot) and debate.busy)
        await pilot.press("space")
        assert "pausing after this turn" in words(pilot)
        await until(pilot, lambda: "space Go on" in words(pilot))
        await pilot.press(*"Be brief, please.", "enter")  # a space within words is one
        assert "1 message of yours waits for the end of the turn" in words(pilot)
        go_on.set()
        await until(pilot, lambda: "paused · Space goes on, Esc leaves" in words(pilot))
        assert words(pilot).index("Less.") < words(pilot).index("Be brief, please.")

        await until(pilot, lambda: "space Go on" in words(pilot))
        await pilot.press("space")
        await until(pilot, lambda: len(engine.asked) == 3 and debate.busy and "No" in words(pilot))
        await until(pilot, lambda: "space Pause" in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: not debate.busy)
        assert "■ stopped" in words(pilot)
        assert engine.asked[1][-1].content.endswith("A Democrat: Less.\n\nModerator: Be brief, please.")
        assert engine.asked[2][-1].content == "Moderator: Be brief, please.\n\nA Republican: More."
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))


async def test_what_a_side_thought_is_folded_also_where_only_its_end_was_marked(corpus_file: Path) -> None:
    engine = ScreenEngine(
        ["They cost", " much.", Piece("Fewer ", recalls=True), "buses, and soon.", END],
        [Piece("", thought="They do not."), "More.", END],
    )
    async with screen(session(corpus_file, engine), size=SIZE) as pilot:
        debate = await held(pilot)
        await ended(pilot, debate)
        await until(pilot, lambda: "Fewer buses, and soon." in words(pilot))
        assert words(pilot).count("▸ Thought for 0 s") == 2
        assert "They cost" not in words(pilot)
        await pilot.press("f9")
        await until(pilot, lambda: "They cost much." in words(pilot) and "They do not." in words(pilot))


@pytest.mark.slow
async def test_what_is_typed_in_one_burst_keeps_its_blanks(corpus_file: Path) -> None:
    engine = ScreenEngine(["Le", asyncio.Event()])
    async with screen(session(corpus_file, engine), size=SIZE) as pilot:
        debate = await held(pilot, rounds=3)
        await until(pilot, lambda: "Le" in words(pilot) and debate.busy)
        for character in "What about the poor?":
            pilot.app.post_message(Key(_character_to_key(character), character))
        moderate = pilot.app.screen.query_one("#moderate", Input)
        await until(pilot, lambda: len(moderate.value) == 20)
        assert moderate.value == "What about the poor?"


async def test_a_side_opened_as_a_conversation_shows_whose_words_are_whose_and_leads_back(
    corpus_file: Path, corpus: Corpus
) -> None:
    engine = ScreenEngine(["Less."], [EngineError("the server is gone")], reply("More."))
    personas = load_persona("democrat"), load_persona("republican")
    begun = Debate.start(corpus, (engine, engine), personas, "Guns?", 1)
    async for _ in begun.turn():
        pass
    async with screen(session(corpus_file, engine, resume=begun.sides[1].id), size=SIZE) as pilot:
        await until(pilot, lambda: "Less." in words(pilot))
        assert "✗ interrupted · said in a debate, by a model" in words(pilot)

        await type_text(pilot, "/debate")
        await until(pilot, lambda: isinstance(pilot.app.screen, DebateScreen))
        debate = pilot.app.screen
        assert isinstance(debate, DebateScreen)
        await until(pilot, lambda: "the server is gone · Space goes on" in words(pilot))
        await pilot.press("space")
        await ended(pilot, debate)
        assert "More." in words(pilot)

        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen) and "More." in words(pilot))
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        assert conversation.path[-1].text == "More.", "what is said next follows the debate's last turn"


def side(title: str, course: DebateCourse | None) -> DebateSide:
    """A side of a debate with this course."""
    persona = PersonaInfo(name=title.lower(), file="x.toml", sha256="ab", groups=())
    model = ModelInfo(
        name="m", engine="llama", sha256=None, quantization=None, context_length=None, flash_attention=None
    )  # fmt: skip
    return DebateSide(persona=persona, title=title, steering="none", model=model, conversation="C", course=course)


def course(*turns: int, left_out: tuple[int, ...] = (), why: str | None = None) -> DebateCourse:
    """A course with a point of 0.8 after these turns, beside 0.7."""
    score = Score(mean=0.8, low=0.75, high=0.85)
    points = () if why else tuple(DebatePoint(turn=turn, alignment=score) for turn in turns)
    everyone = None if why else Score(mean=0.7, low=0.65, high=0.75)
    return DebateCourse(points=points, left_out=left_out, questions=24, everyone=everyone, drift=None, why=why)


@pytest.mark.parametrize(
    ("second", "row"),
    [
        (course(0, 2, left_out=(1,)), "□ turn 1             not sound"),
        (course(why="not sound: the model follows the letters"), "B: not sound: the model follows the letters."),
        (None, "B: not measured."),
    ],
)
def test_what_is_not_sound_has_no_point_in_the_picture_and_a_line_says_so(
    second: DebateCourse | None, row: str
) -> None:
    report = DebateReport.model_construct(sides=(side("A", course(0, 1, 2)), side("B", second)))
    rows = course_rows(report, 60).plain.splitlines()

    assert row in rows
    assert "0.70 [0.65, 0.75]" in rows[1], "the reference has its interval, too, on one line with it"
    assert sum("├" in each for each in rows) == (5 if second is not None and second.why is None else 3)
    assert all("●" in each or "□" in each for each in rows if "├" in each)


async def test_what_is_no_possible_number_of_rounds_is_said_and_stays_in_the_field(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Less."), reply("More.")))) as pilot:
        await type_text(pilot, "/debate Guns?")
        await until(pilot, lambda: isinstance(pilot.app.screen, DebateChoosingScreen))
        choosing = pilot.app.screen
        for persona in ("(democrat", "(republican"):
            await until(pilot, lambda: choosing.query_one("#choices", OptionList).option_count > 0)
            await pilot.press(*persona, "enter")
        for typed in ("three", "51"):
            choosing.query_one(Input).value = typed
            await pilot.press("enter")
            await until(pilot, lambda: "A debate has 1 to 50 rounds, and not" in words(pilot))
            assert pilot.app.screen is choosing
            assert choosing.query_one(Input).value == typed
            pilot.app.clear_notifications()
        choosing.query_one(Input).value = "1"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DebateScreen))


async def test_the_moderator_can_write_commands_and_none_is_said(corpus_file: Path, corpus: Corpus) -> None:
    engine = ScreenEngine(["No", asyncio.Event()], ["Yes", asyncio.Event()])
    async with screen(session(corpus_file, engine), size=SIZE) as pilot:
        debate = await held(pilot, rounds=3)
        await until(pilot, lambda: "No" in words(pilot) and debate.busy)
        await pilot.press(*"/debate", "enter")
        await until(pilot, lambda: "/debate is for a conversation." in words(pilot))
        field = debate.query_one("#moderate", Input)
        assert field.value == "/debate"
        field.value = "/stop"
        await pilot.press("enter")
        await until(pilot, lambda: not debate.busy and "■ stopped" in words(pilot))
        assert debate.debate.waiting == ()
        await pilot.press(*"//both", "enter")
        await until(pilot, lambda: "▸ Moderator" in words(pilot) and "/both" in words(pilot))
        assert [one.message.text for one in debate.debate.said() if one.place is None] == ["Guns?", "/both"]

        field.value = ""
        await pilot.press("space")
        await until(pilot, lambda: "Yes" in words(pilot) and debate.busy)
        field.value = "/end"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
        spoken = [one.message for one in debate.debate.said() if one.place is not None]
        assert [message.status for message in spoken] == ["stopped", "stopped"]


async def test_a_turn_that_could_not_be_stored_is_not_lost_when_the_debate_is_left(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "SECONDS_BETWEEN_TRIES", 0.01)
    rest = asyncio.Event()
    app = session(corpus_file, ScreenEngine(["Half a turn", rest, *reply(" and the rest.")], reply("More.")))
    async with screen(app, size=SIZE) as pilot:
        debate = await held(pilot)
        await until(pilot, lambda: "Half a turn" in words(pilot))
        assert app.corpus is not None
        with read_only(app.corpus):
            rest.set()
            await until(pilot, lambda: "Not stored yet, only in memory" in words(pilot) and not debate.busy)
            await pilot.press("escape")
            await until(pilot, lambda: "only in memory, what was said in a comparison or a debate" in words(pilot))
        await until(pilot, lambda: app.unsaved is None and "only in memory" not in words(pilot))
    with Corpus.open(corpus_file) as corpus:
        last = branch_of(corpus, debate.debate.sides[0].id)[-1]
    assert (last.text, last.status) == ("Half a turn and the rest.", "complete")
