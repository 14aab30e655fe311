"""What the model thinks is folded above its reply, unfolds by key and by mouse, and is not taken for the reply."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.pilot import Pilot

from chat_personas.conversation.conversation import Conversation
from chat_personas.corpus import Corpus, Thought
from chat_personas.tui.widgets import thoughts
from chat_personas.tui.widgets.messages import FIRST_WORD
from chat_personas.tui.widgets.thoughts import MOST_DRAWN, ShownThought, ThoughtFold
from eval.engine import Piece
from personas import load_persona
from tests.examples import slow_but_first
from tests.fakes import END
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until


def thinks(text: str) -> Piece:
    return Piece("", thought=text)


def thoughtful(thought: str, said: str) -> list[str | Piece]:
    """A script that thinks, says something, and ends properly."""
    return [thinks(thought), said, END]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The clock by which the screen and the conversation time a thought; a test sets it."""
    clock = SimpleNamespace(now=100.0, monotonic=lambda: clock.now)
    monkeypatch.setattr("chat_personas.conversation.reply.time", clock)
    monkeypatch.setattr(thoughts, "monotonic", clock.monotonic)
    monkeypatch.setattr(thoughts, "SECONDS_BETWEEN_DRAWINGS", 0.01)
    return clock


async def test_words_that_turn_out_to_have_been_a_thought_are_folded_above_the_reply(
    corpus_file: Path, clock: SimpleNamespace
) -> None:
    said = asyncio.Event()
    engine = ScreenEngine(["They cost", " a lot.", said, Piece("Yes, ", recalls=True), "free.", END])
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Buses?")
        await until(pilot, lambda: "They cost a lot." in shown(pilot))
        clock.now += 12
        said.set()
        await until(pilot, lambda: "Yes, free." in shown(pilot) and not chat(pilot).replies.busy)
        assert "▸ Thought for 12 s, 4 words" in shown(pilot)
        assert "They cost" not in shown(pilot)
        await pilot.press("f9")
        await until(pilot, lambda: "They cost a lot." in shown(pilot))


async def test_while_the_model_thinks_a_line_says_so_and_for_how_long(
    corpus_file: Path, clock: SimpleNamespace
) -> None:
    more, said = asyncio.Event(), asyncio.Event()
    engine = ScreenEngine([thinks("They cost"), more, thinks(" a lot."), said, *reply("Yes.")])
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Buses?")
        await until(pilot, lambda: "▸ thinking … (0 s)" in shown(pilot))
        assert FIRST_WORD not in shown(pilot)
        clock.now += 12
        await until(pilot, lambda: "▸ thinking … (12 s)" in shown(pilot))
        assert "They cost" not in shown(pilot)

        await pilot.press("f9")
        await until(pilot, lambda: "▾ thinking … (12 s)" in shown(pilot) and "They cost" in shown(pilot))
        more.set()
        await until(pilot, lambda: "They cost a lot." in shown(pilot))
        await pilot.press("f9")
        await until(pilot, lambda: "They cost" not in shown(pilot))

        said.set()
        await until(pilot, lambda: "Yes." in shown(pilot))
        assert "▸ Thought for 12 s, 4 words" in shown(pilot)
        assert "thinking" not in shown(pilot)


async def test_a_thought_stands_above_its_reply_and_the_key_unfolds_and_folds_it(
    corpus_file: Path, clock: SimpleNamespace
) -> None:
    engine = ScreenEngine(thoughtful("They cost.", "Yes."), thoughtful("Trains, too.", "No."))
    async with screen(session(corpus_file, engine)) as pilot:
        for said, answer in (("Buses?", "Yes."), ("Trains?", "No.")):
            await type_text(pilot, said)
            await until(pilot, lambda answer=answer: answer in shown(pilot))  # type: ignore[misc]
        await pilot.press("f9")
        await until(pilot, lambda: "They cost." in shown(pilot) and "Trains, too." in shown(pilot))
        order = ["Buses?", "▾ Thought for 0 s, 2 words", "They cost.", "Yes.", "Trains?", "Trains, too.", "No."]
        places = [shown(pilot).index(text) for text in order]
        assert places == sorted(places)

        await pilot.press("f9")
        await until(pilot, lambda: "They cost." not in shown(pilot) and "Trains, too." not in shown(pilot))


async def test_a_click_on_the_line_unfolds_one_thought_and_a_click_into_the_thought_does_not_fold_it(
    corpus_file: Path,
) -> None:
    engine = ScreenEngine(thoughtful("They cost.", "Yes."), thoughtful("Trains, too.", "No."))
    async with screen(session(corpus_file, engine)) as pilot:
        for said, answer in (("Buses?", "Yes."), ("Trains?", "No.")):
            await type_text(pilot, said)
            await until(pilot, lambda answer=answer: answer in shown(pilot))  # type: ignore[misc]
        first = chat(pilot).transcript.query(ThoughtFold).first()
        await pilot.click(first.query_one(".thought-line"))
        await until(pilot, lambda: "They cost." in shown(pilot))
        assert "Trains, too." not in shown(pilot)
        assert chat(pilot).composer.has_focus

        await pilot.click(first.query_one(".thought-text"))
        await pilot.pause()
        assert "They cost." in shown(pilot)
        await pilot.click(first.query_one(".thought-line"))
        await until(pilot, lambda: "They cost." not in shown(pilot))


async def test_a_conversation_that_is_taken_up_again_shows_the_fold(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        conversation = Conversation.start(
            corpus, ScreenEngine(thoughtful("They cost.", "Yes.")), load_persona("democrat")
        )
        async for _ in conversation.send("Buses?"):
            pass
        last = conversation.path[-1].id
        corpus.end_reply(last, "Yes.", "complete", thought=Thought(text="They cost.", seconds=61.4))
    async with screen(session(corpus_file, ScreenEngine(), resume=conversation.id)) as pilot:
        await until(pilot, lambda: "▸ Thought for 61 s, 2 words" in shown(pilot))
        assert "They cost." not in shown(pilot)
        await pilot.press("f9")
        await until(pilot, lambda: "They cost." in shown(pilot))


async def test_a_reply_that_is_stopped_while_the_model_thinks_is_empty_and_keeps_the_thought(
    corpus_file: Path, clock: SimpleNamespace
) -> None:
    engine = ScreenEngine([thinks("They cost"), asyncio.Event()])
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Buses?")
        await until(pilot, lambda: "thinking … (0 s)" in shown(pilot))
        clock.now += 7
        await pilot.press("escape")
        await until(pilot, lambda: "▸ Thought for 7 s, 2 words" in shown(pilot) and "■ stopped" in shown(pilot))
    with Corpus.open(corpus_file, read_only=True) as corpus:
        leaf = str(corpus.conversation(corpus.conversations()[0].id).active_leaf_id)
        assert (corpus.branch(leaf)[-1].text, corpus.branch(leaf)[-1].status) == ("", "stopped")
        assert corpus.thoughts(leaf)[leaf] == Thought(text="They cost", seconds=7.0)


@pytest.mark.slow
async def test_the_key_is_shown_only_where_the_model_thought(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Hello."), thoughtful("They cost.", "Yes."))
    async with screen(session(corpus_file, engine), size=(160, 36)) as pilot:
        await type_text(pilot, "Hi")
        await until(pilot, lambda: "Hello." in shown(pilot))
        assert "f9" not in shown(pilot).lower()
        await type_text(pilot, "Buses?")
        await until(pilot, lambda: "f9 thoughts" in shown(pilot).lower())


@pytest.mark.slow
async def test_the_last_reply_is_copied_without_its_thought(corpus_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    async with screen(session(corpus_file, ScreenEngine(thoughtful("They cost.", "Yes.")))) as pilot:
        monkeypatch.setattr(pilot.app, "copy_to_clipboard", copied.append)
        await type_text(pilot, "Buses?")
        await until(pilot, lambda: "Yes." in shown(pilot))
        await pilot.press("f9", "f7")
        await until(pilot, lambda: copied == ["Yes."])


async def test_a_thought_is_shown_as_text_and_its_control_characters_never_reach_the_terminal(
    corpus_file: Path,
) -> None:
    thought = "[bold]b[/bold] [@click=app.quit]go[/] red \x1b[31m csi \x9b rtl \u202e **x**"
    async with screen(session(corpus_file, ScreenEngine(thoughtful(thought, "Yes.")))) as pilot:
        await type_text(pilot, "Buses?")
        await until(pilot, lambda: "Yes." in shown(pilot))
        await pilot.press("f9")
        await until(pilot, lambda: "[bold]b[/bold] [@click=app.quit]go[/]" in shown(pilot))
        assert "␛[31m" in shown(pilot)
        assert "**x**" in shown(pilot)
        assert not set(shown(pilot)) & set("\x1b\x07\x9b\u202e")


@pytest.mark.slow
async def test_a_thought_that_has_scrolled_out_of_the_window_is_as_it_was_when_it_comes_back(
    corpus_file: Path,
) -> None:
    engine = ScreenEngine(thoughtful("They cost.", "Yes."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Buses?")
        await until(pilot, lambda: "Yes." in shown(pilot))
        transcript = chat(pilot).transcript
        await pilot.click(transcript.query_one(".thought-line"))
        await until(pilot, lambda: "They cost." in shown(pilot))
        entries: Sequence[object] = list(transcript.entries)
        await transcript.show([])
        assert not transcript.query(ThoughtFold)
        await transcript.show(entries)  # type: ignore[arg-type]
        await until(pilot, lambda: "They cost." in shown(pilot))


LONG = "\n".join(f"step {number}" for number in range(100))


async def press_key(pilot: Pilot[None]) -> None:
    await pilot.press("f9")


async def click_line(pilot: Pilot[None]) -> None:
    await pilot.click(chat(pilot).transcript.query(".thought-line").last())


@slow_but_first("toggle", [press_key, click_line])
async def test_a_thought_that_is_longer_than_the_screen_unfolds_from_its_line(
    corpus_file: Path, toggle: Callable[[Pilot[None]], Awaitable[None]]
) -> None:
    async with screen(session(corpus_file, ScreenEngine(thoughtful(LONG, "Yes.")))) as pilot:
        await type_text(pilot, "Buses?")
        await until(pilot, lambda: "Yes." in shown(pilot))
        await toggle(pilot)
        await until(pilot, lambda: "▾ Thought" in shown(pilot) and "step 0" in shown(pilot))
        await toggle(pilot)
        await until(pilot, lambda: "▸ Thought" in shown(pilot) and "Yes." in shown(pilot))


def test_only_the_end_of_a_long_thought_is_drawn_and_the_line_says_where_the_rest_is() -> None:
    thought = ShownThought("a" * 1234 + "b" * MOST_DRAWN, unfolded=True)
    assert thought.body() == "(1,234 characters before this are in the corpus)\n… " + "b" * MOST_DRAWN
    assert ShownThought("b" * MOST_DRAWN).body() == "b" * MOST_DRAWN


@pytest.mark.parametrize(
    ("text", "seconds", "line"),
    [
        ("They cost.", 12.4, "▸ Thought for 12 s, 2 words"),
        ("Hm", 0.2, "▸ Thought for 0 s, 1 word"),
        ("They cost.", None, "▸ Thought, 2 words"),
    ],
)
def test_the_line_says_how_long_the_thought_was(text: str, seconds: float | None, line: str) -> None:
    assert ShownThought(text, seconds).headline() == line
