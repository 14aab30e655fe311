"""One message is chosen, gone to, found, edited or forked from, however long ago it was said."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.events import AppBlur, AppFocus
from textual.pilot import Pilot

from chat_personas.corpus import Corpus
from chat_personas.storage.drafts import Draft
from chat_personas.tui.chat.talking import HOW_TO_NUMBER
from chat_personas.tui.screens.dialogs import ConfirmScreen
from chat_personas.tui.screens.messages import JumpScreen, MenuScreen
from chat_personas.tui.widgets.messages import UserMessage
from eval.engine import EngineError, Sampling
from tests.corpus.making import INFO, branch_of, conversation_row, talk, texts
from tests.examples import slow_but_first
from tests.tui.chat.test_long_conversation import PERSONA
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until, words

TURNS = 60
"""Twice as many messages as are mounted, and more."""


def long_talk(corpus_file: Path) -> str:
    """Keep a long conversation whose fourth message has two versions; return its key."""
    with Corpus.open(corpus_file) as corpus:
        said = [(f"Question {number}?", f"Reply {number} on **taxes**.") for number in range(1, TURNS + 1)]
        said[1] = ("What about quokkas?", "They are *quokkas*.")
        key = talk(corpus, *said, row=conversation_row().model_copy(update={"persona": PERSONA}))
        second = branch_of(corpus, key)[2]
        leaf = branch_of(corpus, key)[-1]
        other = corpus.begin_reply(key, second.id, INFO, Sampling())
        corpus.end_reply(other.id, "Other words.", "complete", finish_reason="stop")
        corpus.activate(key, leaf.id)
    return key


def chosen(pilot: Pilot[None]) -> str:
    """The text of the chosen message."""
    entry = chat(pilot).transcript.chosen
    return "" if entry is None else entry.text


def at(pilot: Pilot[None], text: str) -> Callable[[], bool]:
    """Whether the message with this text is chosen and on the screen."""
    return lambda: text in chosen(pilot) and text.split("*")[0] in shown(pilot)


def path(pilot: Pilot[None]) -> list[str]:
    """What the open conversation holds."""
    conversation = chat(pilot).session.conversation
    assert conversation is not None
    return texts(conversation.path)


async def test_a_message_is_chosen_by_keys_from_the_last_to_the_first(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), resume=long_talk(corpus_file))) as pilot:
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        await pilot.press("shift+tab")
        await until(pilot, at(pilot, "Reply 60"))
        assert "Do" in shown(pilot).splitlines()[-1]
        await pilot.press("up", "up")
        await until(pilot, at(pilot, "Reply 59"))
        await pilot.press("home")
        await until(pilot, at(pilot, "Question 1?"))
        await pilot.press("down")
        await until(pilot, at(pilot, "Reply 1 on"))
        await pilot.press("end")
        await until(pilot, at(pilot, "Reply 60"))
        for _ in range(50):
            chat(pilot).transcript.action_choose(-1)
            await pilot.pause()
        await until(pilot, at(pilot, "Reply 35 on"))
        assert len(chat(pilot).transcript.children) <= 40

        await pilot.press("escape", "y", "e", "s")
        await until(pilot, lambda: chat(pilot).composer.text == "yes")
        assert chosen(pilot) == ""


@pytest.mark.slow
async def test_a_letter_typed_at_a_chosen_message_is_written_into_the_text(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), resume=long_talk(corpus_file))) as pilot:
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        await pilot.press("shift+tab", "up", "N", "o")
        await until(pilot, lambda: chat(pilot).composer.text == "No")
        assert chat(pilot).composer.has_focus


@pytest.mark.slow
async def test_who_reads_far_above_stays_there_while_replies_come_and_waiting_messages_are_sent(
    corpus_file: Path,
) -> None:
    rest = asyncio.Event()
    engine = ScreenEngine([rest, *reply("Now.")], ["Half", EngineError("the server went away")])
    async with screen(session(corpus_file, engine, resume=long_talk(corpus_file))) as pilot:
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        await type_text(pilot, "And now?")
        await until(pilot, lambda: chat(pilot).replies.busy)
        await type_text(pilot, "And then?")
        await until(pilot, lambda: "waiting for the model" in shown(pilot))
        await pilot.press("shift+tab", "home")
        await until(pilot, at(pilot, "Question 1?"))
        rest.set()
        await until(pilot, lambda: len(path(pilot)) == 2 * TURNS + 4 and not chat(pilot).replies.busy)
        assert at(pilot, "Question 1?")()
        await pilot.press("end")
        await until(pilot, at(pilot, "Half"))
        assert "the server went away" in words(pilot)


async def test_the_chosen_message_stays_in_view_when_another_version_of_it_is_shown(corpus_file: Path) -> None:
    long = "\n\n".join(f"Paragraph {number} of a long reply." for number in range(30))
    engine = ScreenEngine(reply("Short."), reply(f"Second.\n\n{long}"), reply(f"Other.\n\n{long}"))
    async with screen(session(corpus_file, engine), (100, 30)) as pilot:
        for text in ("First question?", "Second question?", "/edit #1 First question, edited?"):
            await type_text(pilot, text)
            await until(pilot, lambda: not chat(pilot).replies.busy and not chat(pilot).composer.text.startswith("/"))
            if text.startswith("/"):
                await pilot.press("enter")
                await until(pilot, lambda: "Paragraph 29" in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("shift+tab", "home")
        await until(pilot, lambda: "version 2/2" in shown(pilot))
        await pilot.press("left")
        await until(pilot, lambda: "version 1/2" in shown(pilot))
        assert chosen(pilot) == "First question?"


@pytest.mark.slow
async def test_versions_of_an_early_message_are_gone_through_and_come_back_with_what_followed(
    corpus_file: Path,
) -> None:
    async with screen(session(corpus_file, ScreenEngine(), resume=long_talk(corpus_file))) as pilot:
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        await pilot.press("shift+tab", "home", "down", "down", "down")
        await until(pilot, at(pilot, "They are"))
        assert "version 1/2" in shown(pilot)
        await pilot.press("left")  # there is none before
        await pilot.press("right")
        await until(pilot, at(pilot, "Other words."))
        assert path(pilot)[2:] == ["What about quokkas?", "Other words."]
        await pilot.press("left")
        await until(pilot, at(pilot, "They are"))
        assert len(path(pilot)) == 2 * TURNS


async def test_an_early_message_is_edited_and_forked_from(corpus_file: Path) -> None:
    key = long_talk(corpus_file)
    async with screen(session(corpus_file, ScreenEngine(reply("On wombats.")), resume=key)) as pilot:
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        await pilot.press("shift+tab", "home", "down", "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MenuScreen))
        await pilot.press("enter")  # the first thing is to edit it
        await until(pilot, lambda: "Edit your message 2 of 60" in shown(pilot))
        chat(pilot).composer.text = "What about wombats?"
        await pilot.press("enter")
        await until(pilot, lambda: "On wombats." in shown(pilot) and not chat(pilot).replies.busy)
        assert path(pilot)[1:] == ["Reply 1 on **taxes**.", "What about wombats?", "On wombats."]

        await pilot.press("shift+tab", "home", "down")
        await until(pilot, at(pilot, "Reply 1 on"))
        await pilot.press("escape")
        await type_text(pilot, "/fork")  # written in the text, it is about the last message
        await until(pilot, lambda: "(fork)" in shown(pilot).splitlines()[0])
        assert len(path(pilot)) == 4
        await pilot.press("shift+tab", "home", "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MenuScreen))
        await pilot.press("enter")
        await until(pilot, lambda: len(path(pilot)) == 2)
    with Corpus.open(corpus_file, read_only=True) as corpus:
        fork, before, original = corpus.conversations()
        assert corpus.conversation(fork.id).forked_from == before.id
        assert (corpus.conversation(before.id).forked_from, original.id) == (key, key)
        assert len(branch_of(corpus, key)) == 4


@slow_but_first(
    ("opens", "leaves"),
    [("enter", "escape"), ("alt+r", "escape"), ("alt+r", "2"), ("f1", "escape"), ("ctrl+p", "escape")],
)
async def test_a_message_stays_chosen_while_something_is_asked_about_it(
    corpus_file: Path, opens: str, leaves: str
) -> None:
    async with screen(session(corpus_file, ScreenEngine(), resume=long_talk(corpus_file))) as pilot:
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        await pilot.press("shift+tab", "home", "down", "down", "down", opens)
        await until(pilot, lambda: pilot.app.screen is not chat(pilot))
        await pilot.press(leaves)
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        assert chosen(pilot) == "They are *quokkas*."
        await pilot.press("right")
        await until(pilot, at(pilot, "Other words."))
        await pilot.press("up", "f6")
        await until(pilot, lambda: chat(pilot).composer.text == "What about quokkas?")
        assert chosen(pilot) == ""


@pytest.mark.slow
async def test_a_message_that_words_have_found_stays_found_while_something_is_asked_about_it(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), resume=long_talk(corpus_file))) as pilot:
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        await type_text(pilot, "/find they are")
        await until(pilot, at(pilot, "They are"))
        await pilot.press("alt+r")
        await until(pilot, lambda: "How good is the reply “They are" in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        assert "1 of 1 message" in shown(pilot)
        assert at(pilot, "They are")()


async def test_a_message_stays_chosen_while_another_window_has_the_focus(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), resume=long_talk(corpus_file))) as pilot:
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        await pilot.press("shift+tab", "up")
        await until(pilot, at(pilot, "Question 60?"))
        for event in (AppBlur(), AppFocus()):
            pilot.app.post_message(event)
            await pilot.pause()
        await until(pilot, lambda: chat(pilot).transcript.has_focus)
        assert chosen(pilot) == "Question 60?"


async def test_what_is_typed_on_at_a_chosen_message_while_a_question_comes_is_written(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), resume=long_talk(corpus_file))) as pilot:
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        await pilot.press("shift+tab")
        pilot.app.push_screen(ConfirmScreen("Really?", "Yes"))
        await until(pilot, lambda: pilot.app.screen is not chat(pilot))
        pilot.app.key_order.typing_on.seconds = 1e9
        await pilot.press("n", "o")
        assert chat(pilot).composer.text == "no"


async def test_a_message_that_waits_stays_with_what_is_forked_and_is_sent_where_nothing_is(
    corpus_file: Path,
) -> None:
    rest = asyncio.Event()
    engine = ScreenEngine(["One.", rest], ["Two.", rest], reply("Three."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "First?")
        await until(pilot, lambda: "One." in shown(pilot))
        await type_text(pilot, "second")
        await until(pilot, lambda: waiting(pilot) == ["second"])
        chat(pilot).do("fork", "9")
        await until(pilot, lambda: "you have said 1 message" in words(pilot))
        await until(pilot, lambda: "Two." in shown(pilot))
        await type_text(pilot, "third")
        await until(pilot, lambda: waiting(pilot) == ["third"])
        chat(pilot).do("fork")
        await until(pilot, lambda: "(fork)" in shown(pilot).splitlines()[0])
        await until(pilot, lambda: path(pilot) == ["First?", "One.", "second", "Two."])
    with Corpus.open(corpus_file, read_only=True) as corpus:
        assert corpus.drafts.of(corpus.conversations()[-1].id, ()) == Draft("third")


async def test_words_are_found_and_marked_also_in_messages_that_are_far_away(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), resume=long_talk(corpus_file))) as pilot:
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        await pilot.press("ctrl+f", *"QUOKKAS")
        await until(pilot, at(pilot, "They are"))
        assert "2 of 2 messages" in shown(pilot)
        await until(pilot, lambda: marked(pilot) == {"quokkas"})
        await pilot.press("enter")
        await until(pilot, at(pilot, "What about quokkas?"))
        assert "1 of 2 messages" in shown(pilot)
        await pilot.press("enter")  # round to the last one
        await until(pilot, at(pilot, "They are"))
        await pilot.press("space", *"xyzzy")
        await until(pilot, lambda: "not found" in shown(pilot))
        assert marked(pilot) == set()

        await pilot.press(*["backspace"] * 6)
        await until(pilot, at(pilot, "They are"))
        await pilot.press("escape")
        await until(pilot, lambda: "Find:" not in shown(pilot))
        assert marked(pilot) == set()
        assert chosen(pilot) == "They are *quokkas*."
        await pilot.press("escape")
        assert chat(pilot).composer.has_focus


@pytest.mark.slow
async def test_words_are_found_also_after_the_waiting_message_that_has_them_was_sent(corpus_file: Path) -> None:
    rest = asyncio.Event()
    engine = ScreenEngine([rest, *reply("Now.")], reply("Then."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Quokkas first")
        await until(pilot, lambda: chat(pilot).replies.busy)
        await type_text(pilot, "quokkas second")
        await until(pilot, lambda: waiting(pilot) == ["quokkas second"])
        await type_text(pilot, "/find quokkas")
        await until(pilot, lambda: "2 of 2 messages" in shown(pilot))
        rest.set()
        await until(pilot, lambda: len(path(pilot)) == 4 and not chat(pilot).replies.busy)
        await pilot.press("enter")
        await until(pilot, lambda: "1 of 2 messages" in shown(pilot) and chosen(pilot) == "Quokkas first")
        await pilot.press("enter")
        await until(pilot, lambda: "2 of 2 messages" in shown(pilot) and chosen(pilot) == "quokkas second")


@pytest.mark.slow
async def test_a_key_that_leaves_what_was_found_for_the_text_leaves_no_message_chosen(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Another reply."))
    async with screen(session(corpus_file, engine, resume=long_talk(corpus_file))) as pilot:
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        await pilot.press("ctrl+f", *"quokkas")
        await until(pilot, at(pilot, "They are"))
        await pilot.press("f5")
        await until(pilot, lambda: "Another reply." in shown(pilot))
        assert chosen(pilot) == ""


@pytest.mark.slow
async def test_after_going_to_both_ends_at_once_older_messages_are_still_scrolled_to(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), resume=long_talk(corpus_file))) as pilot:
        transcript = chat(pilot).transcript
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        transcript.action_choose_end(0)
        transcript.action_choose_end(-1)
        await until(pilot, at(pilot, "Reply 60"))

        def scrolled_to_the_first() -> bool:
            transcript.scroll_pages(-1)
            return "Question 1?" in shown(pilot)

        await until(pilot, scrolled_to_the_first)


@pytest.mark.slow
async def test_a_message_that_is_gone_before_it_was_gone_to_is_left_where_it_is(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), resume=long_talk(corpus_file))) as pilot:
        transcript = chat(pilot).transcript
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        transcript.choose(transcript.entries[0])
        await transcript.show(transcript.entries[-2:])
        await until(pilot, lambda: "Reply 60" in shown(pilot) and "Question 60?" not in shown(pilot))


def marked(pilot: Pilot[None]) -> set[str]:
    """The words that stand in reverse in the transcript."""
    place = chat(pilot).transcript.region
    strips = pilot.app.screen._compositor.render_strips()[place.y : place.bottom]
    segments = (segment for strip in strips for segment in strip.crop(place.x, place.right))
    return {each.text for each in segments if each.text.isalpha() and each.style is not None and each.style.reverse}


@pytest.mark.slow
async def test_ones_own_messages_are_listed_and_one_is_gone_to(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), resume=long_talk(corpus_file))) as pilot:
        await until(pilot, lambda: "Reply 60" in shown(pilot))
        await pilot.press("alt+j")
        await until(pilot, lambda: isinstance(pilot.app.screen, JumpScreen) and "60  Question 60?" in shown(pilot))
        assert "Reply" not in shown(pilot)
        await pilot.press(*"quok")
        await until(pilot, lambda: "Question" not in shown(pilot))
        await pilot.press("enter")
        await until(pilot, at(pilot, "What about quokkas?"))
        await pilot.press("escape")
        await type_text(pilot, "/jump nowhere")
        await until(pilot, lambda: "Nothing matches: none of 60 messages of yours has these words" in words(pilot))
        await pilot.press("enter")
        await pilot.press(*["backspace"] * len("nowhere"))
        await until(pilot, lambda: "60 messages of yours in this conversation" in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        assert chat(pilot).composer.has_focus


async def test_waiting_messages_are_put_in_order_taken_back_and_changed_one_by_one(corpus_file: Path) -> None:
    rest = asyncio.Event()
    engine = ScreenEngine([rest], reply("Two."), reply("Three."), reply("Four."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "First?")
        await until(pilot, lambda: chat(pilot).replies.busy)
        for text in ("second", "third", "fourth"):
            await type_text(pilot, text)
        await until(pilot, lambda: waiting(pilot) == ["second", "third", "fourth"])
        await type_text(pilot, "/queue")
        await until(pilot, lambda: chosen(pilot) == "second")
        await pilot.press("shift+down")
        await until(pilot, lambda: waiting(pilot) == ["third", "second", "fourth"])
        await until(pilot, lambda: bool(re.search("third.*second.*fourth", words(pilot))))
        await pilot.press("down", "shift+up")
        await until(pilot, lambda: waiting(pilot) == ["third", "fourth", "second"])
        await pilot.press("up", "delete")
        await until(pilot, lambda: chat(pilot).composer.text == "third")
        assert waiting(pilot) == ["fourth", "second"]
        await pilot.press(*" indeed", "enter")
        await until(pilot, lambda: waiting(pilot) == ["fourth", "second", "third indeed"])
        await pilot.press("escape")  # in the text it stops the reply
        await until(pilot, lambda: "Four." in shown(pilot) and not chat(pilot).replies.busy)
        assert path(pilot)[2::2] == ["fourth", "second", "third indeed"]


async def test_a_version_of_any_turn_is_gone_to_by_its_number(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices: list[str] = []
    engine = ScreenEngine(reply("One."), reply("Two."), reply("Three."), reply("Four."))
    async with screen(session(corpus_file, engine)) as pilot:
        monkeypatch.setattr(chat(pilot), "notify", lambda message, **_: notices.append(message))
        for text, answer in (("First?", "One."), ("/again", "Two."), ("Second?", "Three."), ("/again", "Four.")):
            await type_text(pilot, text)
            await until(pilot, lambda answer=answer: answer in shown(pilot))  # type: ignore[misc]
            await until(pilot, lambda: not chat(pilot).replies.busy)
        await type_text(pilot, "/versions 1")
        await until(pilot, lambda: path(pilot) == ["First?", "Two.", "Second?", "Three."])
        await until(pilot, lambda: "version 1 of 2 of this turn" in shown(pilot))
        await type_text(pilot, "/versions #1 1")
        await until(pilot, lambda: path(pilot) == ["First?", "One."])
        await type_text(pilot, "/versions 3")
        await until(pilot, lambda: notices == ["This turn has 2 versions."])
        await type_text(pilot, "/versions #2 1")
        await until(pilot, lambda: notices[1:] == ["You have said 1 message; write the number of one."])


async def test_a_waiting_message_is_taken_back_by_its_number_and_what_follows_versions_is_not_ignored(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices: list[str] = []
    rest = asyncio.Event()
    async with screen(session(corpus_file, ScreenEngine([rest], reply("Two."), reply("Three.")))) as pilot:
        monkeypatch.setattr(chat(pilot), "notify", lambda message, **_: notices.append(message))
        await type_text(pilot, "/versions two")
        await until(pilot, lambda: notices == [HOW_TO_NUMBER])
        await type_text(pilot, "First?")
        await until(pilot, lambda: chat(pilot).replies.busy)
        for text in ("second", "third"):
            await type_text(pilot, text)
        await until(pilot, lambda: waiting(pilot) == ["second", "third"])
        await type_text(pilot, "/queue drop 3")
        await until(pilot, lambda: notices[1:] == ["Write /queue, or /queue drop NUMBER with a number up to 2."])
        await type_text(pilot, "/queue drop 2")
        await until(pilot, lambda: chat(pilot).composer.text == "third")
        assert waiting(pilot) == ["second"]
        rest.set()


def waiting(pilot: Pilot[None]) -> list[str]:
    """The messages that wait, in the order in which they are shown."""
    messages = chat(pilot).transcript.query_children(UserMessage)
    lines = (str(message.render()).splitlines() for message in messages)
    return [said for _, said, *note in lines if note and "waiting" in note[-1]]


async def test_what_was_said_before_comes_back_into_an_empty_text(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        talk(corpus, ("Long ago\non two lines", "Yes."))
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        composer = chat(pilot).composer
        await pilot.press("up")
        await until(pilot, lambda: composer.text == "Long ago\non two lines")
        await pilot.press("down")
        await until(pilot, lambda: composer.text == "")
        await type_text(pilot, "Now")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("up")
        await until(pilot, lambda: composer.text == "Now")
        await pilot.press("up")
        await until(pilot, lambda: composer.text.startswith("Long"))
        await pilot.press("x", "up", "up", "up")
        assert composer.text == "Long ago\non two linesx", "a text that was changed is not replaced"


async def test_a_chosen_message_is_copied_and_so_is_the_whole_conversation(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban *them*.")))) as pilot:
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Ban them." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("shift+tab", "up", "f7")
        await until(pilot, lambda: pilot.app.clipboard == "Guns?")
        await pilot.press("down", "f7")
        await until(pilot, lambda: pilot.app.clipboard == "Ban *them*.")
        await pilot.press("escape")
        await type_text(pilot, "/copy all")
        await until(pilot, lambda: pilot.app.clipboard.startswith("# Guns?"))
        assert pilot.app.clipboard == "# Guns?\n\n## You\n\nGuns?\n\n## A Democrat\n\nBan *them*.\n"


async def test_the_sampling_of_a_conversation_is_chosen_in_a_dialogue_or_written(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("One."), reply("Two."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "/sampling")
        await until(pilot, lambda: "temperature" in shown(pilot))
        await pilot.press("9")
        await until(pilot, lambda: 'must be a number from 0 to 2, not "9"' in words(pilot))
        await pilot.press("enter", "backspace", *"0.25", "enter")
        await until(pilot, lambda: "temperature 0.25" in words(pilot))
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "One." in shown(pilot) and not chat(pilot).replies.busy)
        await type_text(pilot, "/sampling seed=7 max_tokens=9")
        await until(pilot, lambda: "seed 7" in words(pilot))
        await type_text(pilot, "Why?")
        await until(pilot, lambda: "Two." in shown(pilot) and not chat(pilot).replies.busy)
    first, second = engine.samplings
    assert first.temperature == 0.25
    assert (second.temperature, second.seed, second.max_tokens) == (Sampling().temperature, 7, 9)
