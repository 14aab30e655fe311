"""The panel can be hidden, personas are listed by attribute, versions are numbered, and keys are named."""

from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from chat_personas.corpus import Corpus
from chat_personas.tui.widgets.entries import Entry
from chat_personas.tui.widgets.messages import UserMessage
from chat_personas.tui.widgets.transcript import Transcript
from tests.examples import slow_but_first
from tests.tui.fakes import (
    ScreenEngine,
    chat,
    edit_last,
    monitor,
    reply,
    screen,
    session,
    shown,
    type_text,
    until,
    words,
)


async def said(pilot: Pilot[None], answer: str) -> None:
    await until(pilot, lambda: answer in shown(pilot) and not chat(pilot).replies.busy)


@pytest.mark.slow
async def test_the_panel_of_a_wide_screen_is_hidden_by_a_key_and_the_title_has_the_score(corpus_file: Path) -> None:
    engine = ScreenEngine()
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), (120, 40)) as pilot:
        await until(pilot, lambda: "measured: 62 questions" in shown(pilot))
        await pilot.press("alt+p")
        await until(pilot, lambda: "measured: 62 questions" not in shown(pilot))
        assert shown(pilot).splitlines()[0].endswith("] · turn 0 (F2)")
        await pilot.press("h", "i")
        assert chat(pilot).composer.text == "hi"

        await pilot.press("alt+p")
        await until(pilot, lambda: "measured: 62 questions" in shown(pilot))
        assert "(F2)" not in shown(pilot)
        await pilot.press("alt+p", "f2")
        await until(pilot, lambda: "measured: 62 questions" in shown(pilot))
        assert chat(pilot).focused is chat(pilot).panel


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.slow)])
async def test_personas_are_listed_by_attribute_with_talk_only_beside_those_without_figures(
    corpus_file: Path, size: tuple[int, int]
) -> None:
    async with screen(session(corpus_file, ScreenEngine()), size) as pilot:
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "in use · A Democrat" in shown(pilot))
        pilot.app.screen.query_one(OptionList).scroll_home(animate=False)
        await until(pilot, lambda: "Region" in shown(pilot))
        lines = [line.split("││")[0].strip("│ ").rstrip() for line in shown(pilot).splitlines()]
        assert lines.index("Region") < lines.index("Age") < lines.index("Sex")
        assert lines[lines.index("Sex") + 1].startswith("man ")

        await pilot.press(*"religion")
        await until(pilot, lambda: "Religion (talk only: the built-in survey has no figures)" in shown(pilot))
        assert "An agnostic · talk only" in shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: shown(pilot).splitlines()[0].startswith(" An agnostic"))


@pytest.mark.slow
async def test_what_matches_nothing_is_taken_for_the_path_of_a_file(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "in use · A Democrat" in shown(pilot))
        await pilot.press(*"nobody.toml")
        await until(pilot, lambda: "in use · A Democrat" not in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: 'there is no file "nobody.toml"' in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))


@pytest.mark.slow
async def test_another_reply_is_numbered_at_once_and_when_the_conversation_is_opened_again(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes."), reply("No.")))) as pilot:
        await type_text(pilot, "Well?")
        await said(pilot, "Yes.")
        assert "version" not in shown(pilot)
        await pilot.press("f5")
        await said(pilot, "No.")
        await until(pilot, lambda: "A Democrat · version 2/2 (F8)" in shown(pilot))
        await pilot.press("f8")
        await until(pilot, lambda: "A Democrat · version 1/2 (F8)" in shown(pilot))
        conversation = chat(pilot).session.conversation
        assert conversation is not None

    async with screen(session(corpus_file, ScreenEngine(), resume=conversation.id)) as pilot:
        await until(pilot, lambda: "A Democrat · version 1/2 (F8)" in shown(pilot))
        assert "You · version" not in shown(pilot)


@pytest.mark.slow
async def test_an_edited_message_is_numbered(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes."), reply("No.")))) as pilot:
        await type_text(pilot, "Well?")
        await said(pilot, "Yes.")
        await edit_last(pilot, "What?")
        await said(pilot, "No.")
        await until(pilot, lambda: "You · version 2/2 (F8)" in shown(pilot))
        assert "A Democrat · version" not in shown(pilot)


async def test_a_message_that_f8_does_not_move_says_how_to_go_to_its_versions(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Yes."), reply("No."), reply("Indeed."))
    async with screen(session(corpus_file, engine, keys={"version_after": "f20"})) as pilot:
        await type_text(pilot, "Well?")
        await said(pilot, "Yes.")
        await edit_last(pilot, "What?")
        await said(pilot, "No.")
        await until(pilot, lambda: "You · version 2/2 (F8)" in shown(pilot))
        await type_text(pilot, "Really?")
        await said(pilot, "Indeed.")
        await until(pilot, lambda: "You · version 2/2 (choose it, then ← or F20)" in shown(pilot))
        assert "(F8)" not in shown(pilot)


async def test_no_key_is_named_in_a_transcript_that_has_no_such_key() -> None:
    class OneTranscript(App[None]):
        def compose(self) -> ComposeResult:
            yield Transcript()

    async with OneTranscript().run_test(size=(100, 40)) as pilot:
        long = "word\n" * 30_000
        entries = [Entry("user", long), Entry("user", "Well?", version="2/2"), Entry("reply", "---\n" * 20_000)]
        await pilot.app.query_one(Transcript).show(entries)
        note = pilot.app.query_one(".part-note", Static)
        await until(pilot, lambda: "shown in part: 80,000 characters" in str(note.content))
        said = "\n".join(str(each.content) for each in pilot.app.query(UserMessage))
        assert "shown in part: 150,000 characters" in said
        assert "You · version 2/2\n" in said


async def test_a_wide_screen_names_the_keys_for_what_was_said(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (120, 40)) as pilot:
        await until(
            pilot, lambda: shown(pilot).splitlines()[-1].endswith("^p Commands  f5 Again  f6 Edit  f7 Copy  ^s Export")
        )


async def test_a_conversation_is_renamed_in_the_list_and_the_title_follows(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await said(pilot, "Yes.")
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        await pilot.press("ctrl+o")
        await until(pilot, lambda: f"democrat on fake · {conversation.id[-6:].lower()}" in shown(pilot))
        await pilot.press("r")
        await until(pilot, lambda: "The title of the conversation" in shown(pilot))
        await pilot.press("end", *" Guns", "enter")
        await until(pilot, lambda: "Well? Guns" in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: shown(pilot).splitlines()[0].endswith("Well? Guns"))
    with Corpus.open(corpus_file, read_only=True) as corpus:
        assert [row.title for row in corpus.conversations()] == ["Well? Guns"]


@slow_but_first(("key", "values"), [("4", [4.0]), ("escape", []), ("6", [])])
async def test_the_last_reply_is_rated_by_a_key(corpus_file: Path, key: str, values: list[float]) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await pilot.press("alt+r")
        await until(pilot, lambda: "There is no reply to rate yet." in shown(pilot))
        await type_text(pilot, "Well?")
        await said(pilot, "Yes.")
        await pilot.press("alt+r")
        await until(pilot, lambda: "How good is the last reply, on the scale quality 1-5?" in words(pilot))
        await pilot.press(key)
        if key == "6":
            await until(pilot, lambda: "6 is not on it. Press 1 (poor) to 5 (very good)." in words(pilot))
        if values:  # Escape puts the notice away
            await until(pilot, lambda: "Rated the last reply: 4 on the scale quality 1-5." in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
    with Corpus.open(corpus_file, read_only=True) as corpus:
        ratings = corpus.ratings(corpus.conversations()[0].id)
    assert [rating.value for rating in ratings] == values
    assert {rating.scale for rating in ratings} <= {"quality 1-5"}


async def test_where_another_reply_than_the_last_is_rated_the_question_says_which(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("[First] reply."), reply("Second reply.")))) as pilot:
        for message, answer in (("One?", "[First] reply."), ("Two?", "Second reply.")):
            await type_text(pilot, message)
            await said(pilot, answer)
        await pilot.press("shift+tab", "up", "up", "alt+r")
        await until(pilot, lambda: "How good is the reply “[First] reply.”, on the scale quality 1-5?" in words(pilot))
        await pilot.press("2")
        await until(pilot, lambda: "Rated the reply “[First] reply.”: 2 on" in words(pilot))
        await pilot.press("alt+r")
        await until(pilot, lambda: "How good is the reply “[First] reply.”, on the scale" in words(pilot))
        await pilot.press("escape")
    with Corpus.open(corpus_file, read_only=True) as corpus:
        (identifier,) = corpus.conversation_ids()
        (rating,) = corpus.ratings(identifier)
        assert corpus.branch(rating.message_id)[-1].text == "[First] reply."


async def test_a_reply_is_rated_on_a_scale_of_ones_own_and_later_by_the_number_alone(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await said(pilot, "Yes.")
        for line, notice in (
            ("/rate 4", "Rated the last reply: 4 on the scale quality 1-5."),
            ("/rate 5 realism 1-7", "Rated the last reply: 5 on the scale realism 1-7."),
            ("/rate 6", "Rated the last reply: 6 on the scale realism 1-7."),
            ("/rate 8", "8 is outside the scale realism 1-7: write a number from 1 to 7"),
            ("/rate 33 quality", "33 is outside the scale quality 1-5: write a number from 1 to 5"),
            ("/rate 7 realism", "Rated the last reply: 7 on the scale realism 1-7."),
        ):
            await type_text(pilot, line)
            await until(pilot, lambda notice=notice: notice in {each.message for each in pilot.app._notifications})  # type: ignore[misc]
    with Corpus.open(corpus_file, read_only=True) as corpus:
        ratings = corpus.ratings(corpus.conversations()[0].id)
    assert [(rating.value, rating.scale) for rating in ratings] == [
        (4.0, "quality 1-5"), (5.0, "realism 1-7"), (6.0, "realism 1-7"), (7.0, "realism 1-7")
    ]  # fmt: skip
