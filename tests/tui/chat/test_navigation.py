"""Conversations are found, reopened, continued, exported and, after asking, deleted."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from chat_personas.conversation.conversation import Conversation
from chat_personas.conversation.debate import Debate
from chat_personas.corpus import Corpus, CorpusError, PersonaChangeRow, search
from chat_personas.tui.chat import replies
from chat_personas.tui.screens import conversations
from chat_personas.tui.screens.conversations import (
    ConversationsScreen,
    FoundConversation,
    Glance,
    hit_lines,
    summary_lines,
)
from eval.engine import EngineError, Message, Piece, Sampling, Usage
from personas import load_persona
from tests.conversation.test_versions import begun, heard
from tests.corpus.export.participants import talked_with_a_real_persona
from tests.corpus.making import BASE, INFO, talk
from tests.examples import slow_but_first
from tests.fakes import END, FakeEngine
from tests.tui.fakes import (
    SECONDS,
    ScreenEngine,
    chat,
    monitor,
    reply,
    screen,
    session,
    shown,
    type_text,
    until,
    words,
)


async def say(pilot: Pilot[None], text: str, answer: str) -> None:
    await type_text(pilot, text)
    await until(pilot, lambda: answer in shown(pilot) and not chat(pilot).replies.busy)


async def browse(pilot: Pilot[None]) -> None:
    await pilot.press("ctrl+o")
    await until(pilot, lambda: "conversation" in shown(pilot).splitlines()[0].lower() and "message" in shown(pilot))


async def two_conversations(pilot: Pilot[None]) -> None:
    await say(pilot, "About guns?", "Ban them.")
    await pilot.press("ctrl+n")
    await until(pilot, lambda: "Ban them." not in shown(pilot))
    await say(pilot, "About schools?", "Fund them.")


@pytest.mark.slow
async def test_a_search_that_is_typed_at_once_loses_no_letter(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."), reply("Fund them.")))) as pilot:
        await two_conversations(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationsScreen))
        for letter in "/ban/or":
            pilot.app.post_message(Key(letter if letter != "/" else "slash", letter))
        await until(pilot, lambda: pilot.app.screen.query_one("#words", Input).value == "ban/or")


def titles(corpus_file: Path) -> list[str]:
    with Corpus.open(corpus_file, read_only=True) as corpus:
        return [row.title for row in corpus.conversations()]


async def test_a_conversation_is_reopened_and_continued(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Ban them."), reply("Fund them."), reply("Because."))
    async with screen(session(corpus_file, engine)) as pilot:
        await two_conversations(pilot)
        await browse(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "Ban them." in shown(pilot) and "Fund them." not in shown(pilot))

        await say(pilot, "Why?", "Because.")

    assert [message.content for message in engine.asked[-1]][1:] == ["About guns?", "Ban them.", "Why?"]
    assert titles(corpus_file) == ["About guns?", "About schools?"]


@pytest.mark.slow
async def test_a_conversation_is_continued_in_another_session(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them.")))) as pilot:
        await say(pilot, "About guns?", "Ban them.")
        conversation = chat(pilot).session.conversation
        assert conversation is not None

    async with screen(session(corpus_file, ScreenEngine(reply("Because.")), resume=conversation.id)) as pilot:
        await until(pilot, lambda: "Ban them." in shown(pilot))
        await say(pilot, "Why?", "Because.")
    assert titles(corpus_file) == ["About guns?"]


class ReadingEngine(ScreenEngine):
    """Notes what it is given to read ahead; fails at it if `broken`."""

    def __init__(self, *scripts: list[str | Piece], broken: bool = False) -> None:
        super().__init__(*scripts)
        self.read: list[list[str]] = []
        self._broken = broken

    async def read_ahead(self, messages: Sequence[Message], sampling: Sampling) -> None:
        self.read.append([message.content for message in messages][1:])
        if self._broken:
            raise EngineError("the model is broken")


@slow_but_first("broken", [False, True])
async def test_a_model_reads_the_conversation_that_is_taken_up_while_the_person_types(
    corpus_file: Path, broken: bool
) -> None:
    engine = ReadingEngine(reply("Ban them."), reply("Because."), broken=broken)
    async with screen(session(corpus_file, engine)) as pilot:
        await say(pilot, "About guns?", "Ban them.")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "Ban them." not in shown(pilot))
        assert engine.read == [], "a new conversation has nothing to read"
        await browse(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "Ban them." in shown(pilot))
        await until(pilot, lambda: engine.read == [["About guns?", "Ban them."]])
        await say(pilot, "Why?", "Because.")
        assert "broken" not in shown(pilot)


@pytest.mark.slow
async def test_the_context_counter_says_what_is_known_and_nothing_else(corpus_file: Path) -> None:
    ending = Piece("", finish_reason="stop", usage=Usage(90, 60, 7, 1.5))
    engine = ScreenEngine(["Ban them.", ending], ["Fund", asyncio.Event()])
    async with screen(session(corpus_file, engine)) as pilot:
        assert "context" not in shown(pilot).splitlines()[-2]
        await say(pilot, "About guns?", "Ban them.")
        assert "context 97/2048" in shown(pilot).splitlines()[-2]

        await pilot.press("ctrl+n")
        await until(pilot, lambda: "Ban them." not in shown(pilot))
        await type_text(pilot, "About schools?")
        await until(pilot, lambda: "Fund" in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "stopped" in shown(pilot))
        assert "context" not in shown(pilot).splitlines()[-2]

        await browse(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "context 97/2048" in shown(pilot).splitlines()[-2])


async def test_search_finds_what_was_said(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."), reply("Fund them.")))) as pilot:
        await two_conversations(pilot)
        await browse(pilot)
        await pilot.press("slash", *"fund")

        await until(pilot, lambda: "Found in 1 conversation" in shown(pilot))
        assert "About schools?" in shown(pilot)
        assert "About guns?" not in shown(pilot)


async def test_what_was_found_can_be_looked_through_while_a_day_is_half_typed(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."), reply("Fund them.")))) as pilot:
        await two_conversations(pilot)
        await browse(pilot)
        await pilot.press("slash", *"about")
        await until(pilot, lambda: "Found in 2 conversations" in shown(pilot))
        await pilot.press("space", *"since:2026")
        await until(pilot, lambda: "since: must be followed by a day" in shown(pilot))
        first, second = ("Ban them.", "Fund them.") if "Ban them." in shown(pilot) else ("Fund them.", "Ban them.")
        assert second not in shown(pilot)
        await pilot.press("down", "down")
        await until(pilot, lambda: second in shown(pilot) and first not in shown(pilot))


@pytest.mark.parametrize(
    ("listed", "ranked", "heading"),
    [
        (3, 1000, "Found in 5 conversations (the best 3 listed)"),
        (5, 1000, "Found in 5 conversations"),
        (5, 10, "Found in 5 conversations (of the newest 10 messages)"),
    ],
)
async def test_all_conversations_with_the_words_are_counted_and_a_list_that_is_cut_says_so(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch, listed: int, ranked: int, heading: str
) -> None:
    monkeypatch.setattr(conversations, "SHOWN", listed)
    for module in (conversations, search):
        monkeypatch.setattr(module, "MOST_RANKED", ranked)
    with Corpus.open(corpus_file) as corpus:
        for _ in range(5):
            talk(corpus, ("tea", "No."), ("Some tea?", "Yes."))
    async with screen(session(corpus_file, ScreenEngine()), (100, 30)) as pilot:
        await browse(pilot)
        await pilot.press("slash", *"tea")
        await until(pilot, lambda: "Found in" in shown(pilot))
        assert shown(pilot).splitlines()[0].strip() == heading
        assert shown(pilot).count("(and 1 more)") == listed


async def test_deleting_asks_first_and_no_is_what_enter_means(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."), reply("Fund them.")))) as pilot:
        await two_conversations(pilot)
        await browse(pilot)

        await pilot.press("delete")
        await until(pilot, lambda: "Delete “About schools?”" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "Delete “" not in shown(pilot))

    assert len(titles(corpus_file)) == 2


async def test_after_a_yes_a_conversation_is_gone_and_the_open_one_is_replaced(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."), reply("Fund them.")))) as pilot:
        await two_conversations(pilot)
        await browse(pilot)

        await pilot.press("delete")
        await until(pilot, lambda: "Delete “About schools?”" in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: shown(pilot).startswith(" 1 conversation"))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot) and "Fund them." not in shown(pilot))

    assert titles(corpus_file) == ["About guns?"]


@pytest.mark.parametrize(("compared", "ends"), [(0, "2 messages"), (1, "2 messages"), (3, "one of 3 compared")])
def test_the_list_says_which_conversations_are_of_a_comparison(corpus: Corpus, compared: int, ends: str) -> None:
    talk(corpus, ("Guns?", "Fewer."))
    row = corpus.conversations()[0].model_copy(update={"compared": compared})
    assert summary_lines(row, "abc", open_now=False).plain.endswith(f" · {ends}")


def test_the_list_and_a_search_say_that_a_model_is_a_base_model(corpus: Corpus) -> None:
    talk(corpus, ("Guns?", "Fewer."), model=BASE)
    (row,), (hit,) = corpus.conversations(), corpus.search("fewer")
    named = "\n  democrat on small.gguf · a base model: it continues text · abc"
    assert named in summary_lines(row, "abc", open_now=False).plain
    assert "\n  a base model: it continues text · abc" in summary_lines(row, "abc", open_now=False, width=44).plain
    assert "\n  democrat on small.gguf (base model) · abc" in hit_lines(hit, "abc", 1).plain


@slow_but_first("size", [(120, 40), (100, 30), (80, 24)])
async def test_nothing_of_a_conversation_is_cut_in_the_list(corpus_file: Path, size: tuple[int, int]) -> None:
    with Corpus.open(corpus_file) as corpus:
        for _ in range(20):
            talk(corpus, ("Schools?", "More."))
        long = begun(corpus, *["Fewer."] * 12)
        for _ in range(12):
            await heard(long.send("Guns?"))
        corpus.rename(long.id, "A title of sixty characters, which is as long as any one gets")
    async with screen(session(corpus_file, ScreenEngine(), resume=long.id), size) as pilot:
        await until(pilot, lambda: "Fewer." in shown(pilot))
        await browse(pilot)
        await until(pilot, lambda: "21 conversations" in shown(pilot))
        found = pilot.app.screen.query_one("#found", OptionList)
        await until(pilot, lambda: found.max_scroll_y > 0)  # with a scroll bar
        left = size[0] // 2 if size[0] >= 100 else size[0]
        listed = " ".join(" ".join(line[:left].strip(" ┃│") for line in shown(pilot).splitlines()).split())
        assert "as long as any one gets ● open now" in listed
        assert "democrat on fake · " in listed
        assert "24 messages" in listed
        assert "…" not in listed


async def test_what_was_deleted_comes_back_until_the_list_is_left(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."), reply("Fund them.")))) as pilot:
        await two_conversations(pilot)
        await browse(pilot)
        assert "Undo" not in shown(pilot).splitlines()[-1]
        for count in (1, 0):
            await pilot.press("delete")
            await until(pilot, lambda: "Delete “" in shown(pilot))
            await pilot.press("y")
            await until(pilot, lambda count=count: shown(pilot).startswith(f" {count} conversation"))  # type: ignore[misc]
        await pilot.press("u")
        await until(pilot, lambda: shown(pilot).startswith(" 1 conversation") and "About guns?" in shown(pilot))

        assert len(titles(corpus_file)) == 2, "nothing is deleted before the list is left"
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot) and "Fund them." not in shown(pilot))
    assert titles(corpus_file) == ["About guns?"]


@pytest.mark.slow
async def test_what_was_deleted_is_gone_where_the_program_is_left_from_the_list(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."), reply("Fund them.")))) as pilot:
        await two_conversations(pilot)
        await browse(pilot)
        await pilot.press("down", "delete")
        await until(pilot, lambda: "Delete “About guns?”" in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: shown(pilot).startswith(" 1 conversation"))
        await pilot.press("ctrl+q")
    assert titles(corpus_file) == ["About schools?"]


@pytest.mark.slow
async def test_leaving_the_list_twice_still_leaves_the_conversation_that_was_deleted(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete, deleted, go_on = Corpus.delete, threading.Event(), threading.Event()

    def slowly(corpus: Corpus, conversation_id: str) -> bool:
        erased = delete(corpus, conversation_id)
        deleted.set()
        go_on.wait(30)
        return erased

    monkeypatch.setattr(Corpus, "delete", slowly)
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."), reply("Fund them.")))) as pilot:
        await two_conversations(pilot)
        open_id = chat(pilot).session.conversation.id  # type: ignore[union-attr]
        await browse(pilot)
        await pilot.press("delete")
        await until(pilot, lambda: "Delete “" in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: shown(pilot).startswith(" 1 conversation"))
        browser = pilot.app.screen
        assert isinstance(browser, ConversationsScreen)
        browser.leave(None)
        await until(pilot, deleted.is_set)
        browser.leave(None)
        await pilot.pause()
        go_on.set()
        await until(pilot, lambda: chat(pilot).session.conversation.id != open_id)  # type: ignore[union-attr]
    assert titles(corpus_file) == ["About guns?"]


async def debated(corpus_file: Path) -> None:
    """Keep a debate in which each side has spoken once."""
    engine = FakeEngine(["Less.", END], ["More.", END])
    with Corpus.open(corpus_file) as corpus:
        debate = Debate.start(
            corpus, (engine, engine), (load_persona("democrat"), load_persona("republican")), "Guns?", 1
        )
        for _ in range(2):
            async for _ in debate.turn():
                pass


@pytest.mark.slow
async def test_both_sides_of_a_debate_are_deleted_and_brought_back_together_also_where_one_is_open(
    corpus_file: Path,
) -> None:
    await debated(corpus_file)
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await browse(pilot)
        await until(pilot, lambda: shown(pilot).startswith(" 2 conversations"))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is chat(pilot) and "Less." in shown(pilot))
        await browse(pilot)
        await until(pilot, lambda: "open now" in shown(pilot))
        await pilot.press(*["down"] * ("open now" in shown(pilot).splitlines()[5]), "delete")
        await until(pilot, lambda: "Delete “Debate: Guns?” (both sides of the debate)" in words(pilot))
        await pilot.press("y")
        await until(pilot, lambda: shown(pilot).startswith(" 0 conversations"))
        await pilot.press("u")
        await until(pilot, lambda: shown(pilot).startswith(" 2 conversations"))
        await until(pilot, lambda: "Brought back" in words(pilot))
        await pilot.press("down", "delete")
        await until(pilot, lambda: "Delete “" in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: shown(pilot).startswith(" 0 conversations"))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot) and "Less." not in shown(pilot))
        assert "Another program" not in words(pilot)
    assert titles(corpus_file) == []


async def test_words_of_a_participant_do_not_stand_as_the_owners(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        key = talked_with_a_real_persona(corpus, ("Guns in Elm Street?", "Fewer."))
    opened = session(corpus_file, ScreenEngine(), resume=key)
    async with screen(opened, (120, 40)) as pilot:
        await until(pilot, lambda: "Guns in Elm Street?" in shown(pilot))
        assert "Participant" in shown(pilot)
        own = [entry for entry in chat(pilot).transcript.entries if entry.kind == "user"]
        assert [entry.speaker for entry in own] == ["Participant"]
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationsScreen))
        await pilot.press("/", *"elm")
        await until(pilot, lambda: "a participant: Guns in Elm Street?" in words(pilot))
        await until(pilot, lambda: "Participant\n" in preview(pilot))
        assert "You" not in preview(pilot)


def preview(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#glance", Static).content)


async def test_where_nothing_is_found_the_preview_is_empty(corpus_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads, goes_on, has_read = threading.Event(), threading.Event(), threading.Event()
    said_last = ConversationsScreen._said_last

    def slowly(browser: ConversationsScreen, found: FoundConversation) -> Glance:
        reads.set()
        goes_on.wait(SECONDS)
        glance = said_last(browser, found)
        has_read.set()
        return glance

    with Corpus.open(corpus_file) as corpus:
        talk(corpus, ("Guns?", "Fewer."))
    monkeypatch.setattr(ConversationsScreen, "_said_last", slowly)
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await browse(pilot)
        await until(pilot, reads.is_set)  # it is still being read when it is not in the list any more
        await pilot.press("/", *"persona:nobody")
        await until(pilot, lambda: shown(pilot).startswith(" 0 conversations"))
        goes_on.set()
        await until(pilot, has_read.is_set)
        await asyncio.to_thread(lambda: None)  # what was read has come by now, if anybody waits for it
        await pilot.pause()
        assert preview(pilot) == ""
        await pilot.press(*["backspace"] * 14)
        await until(pilot, lambda: "Fewer." in preview(pilot))


@pytest.mark.parametrize(("text", "said"), [("", "(failed, no text)\n"), ("Few", "(failed)\nFew")])
async def test_the_preview_says_that_a_reply_failed_and_where_it_has_no_text(
    corpus_file: Path, text: str, said: str
) -> None:
    with Corpus.open(corpus_file) as corpus:
        talk(corpus, ("Guns?", text), last="error")
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await browse(pilot)
        await until(pilot, lambda: said in preview(pilot))


async def test_the_preview_names_who_made_each_reply(corpus_file: Path) -> None:
    engine = FakeEngine(["Less.", END], ["More.", END])
    with Corpus.open(corpus_file) as corpus:
        conversation = Conversation.start(corpus, engine, load_persona("democrat"))
        async for _ in conversation.send("Guns?"):
            pass
        await conversation.change_persona(load_persona("republican"))
        async for _ in conversation.send("And now?"):
            pass
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await browse(pilot)
        await until(pilot, lambda: "republican" in shown(pilot) and shown(pilot).count("democrat") == 2)


@pytest.mark.slow
@pytest.mark.parametrize("size", [pytest.param((120, 36), marks=pytest.mark.slow), (80, 24)])
async def test_the_list_shows_what_was_said_around_what_was_found(corpus_file: Path, size: tuple[int, int]) -> None:
    scripts = [reply("Ban them."), reply("Fund them.")]
    async with screen(session(corpus_file, ScreenEngine(*scripts)), size) as pilot:
        await two_conversations(pilot)
        await browse(pilot)
        await until(pilot, lambda: "Fund them." in shown(pilot))
        await pilot.press("down")
        await until(pilot, lambda: "Ban them." in shown(pilot) and "Fund them." not in shown(pilot))
        await pilot.press("slash", *"persona:republican ban")
        await until(pilot, lambda: "Found in 0 conversations" in shown(pilot))
        await pilot.press("ctrl+u", *"model:FAK since:2026-01-01 ban")
        await until(pilot, lambda: "Found in 1 conversation" in shown(pilot))
        assert "democrat on fake" in shown(pilot), "the model is shown with what was found, too"
        await until(pilot, lambda: shown(pilot).count("About guns?") == 2)  # its title, and the message before
        await pilot.press("space", *"until:soon")
        await until(pilot, lambda: "until: must be followed by a day" in shown(pilot))


@pytest.mark.slow
async def test_a_conversation_that_another_program_deletes_meanwhile_is_gone_and_the_screen_stays(
    corpus_file: Path,
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."), reply("Fund them.")))) as pilot:
        await two_conversations(pilot)
        await browse(pilot)
        with Corpus.open(corpus_file) as elsewhere:
            elsewhere.delete(elsewhere.conversations()[0].id)

        await pilot.press("delete")
        await until(pilot, lambda: "Delete “About schools?”" in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: shown(pilot).startswith(" 1 conversation"))

        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot) and "Fund them." not in shown(pilot))
        assert "already" in shown(pilot)

    assert titles(corpus_file) == ["About guns?"]


async def test_a_reply_that_another_program_writes_is_waited_for_shown_whole_and_then_measured(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "SECONDS_TO_LOOK_AGAIN", 0.01)
    with Corpus.open(corpus_file) as other:
        there = begun(other, "Fewer.")
        await heard(there.send("Guns?"))
        leaf = other.conversation(key := there.id).active_leaf_id
        _, growing = other.begin_turn(key, leaf, "And taxes?", INFO, Sampling())
        other.flush_reply(growing.id, "Higher")
        engine = ScreenEngine(reply("On wombats."))
        opened = session(corpus_file, engine, resume=key, measure=True, make_monitor=monitor)
        async with screen(opened, (160, 50)) as pilot:
            await until(pilot, lambda: "not ended" in shown(pilot) and "still writing the last reply" in words(pilot))
            await type_text(pilot, "And wombats?")
            await until(pilot, lambda: bool(chat(pilot).replies.not_stored_yet))
            assert engine.asked == []
            other.end_reply(growing.id, "Higher ones for the rich.", "complete")
            await until(pilot, lambda: "Higher ones for the rich." in shown(pilot) and "On wombats." in shown(pilot))
            assert "not ended" not in shown(pilot)
            await until(pilot, lambda: "still writing" not in words(pilot) and engine.probed > 0)
        assert "Higher ones for the rich." in [message.content for message in engine.asked[-1]]


async def test_a_conversation_that_is_not_there_neither_stops_the_reply_nor_takes_what_waits(corpus_file: Path) -> None:
    rest = asyncio.Event()
    engine = ScreenEngine(["A long", rest, " reply.", END], reply("Because."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Tell me")
        await until(pilot, lambda: "A long" in shown(pilot))
        await type_text(pilot, "Why?")
        await type_text(pilot, "/open 9x9x9x")
        await until(pilot, lambda: "there is no conversation" in words(pilot))
        rest.set()
        await until(pilot, lambda: "Because." in shown(pilot) and not chat(pilot).replies.busy)
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        assert [row.text for row in conversation.path] == ["Tell me", "A long reply.", "Why?", "Because."]


async def test_a_persona_that_cannot_be_stored_leaves_the_measuring_going_on(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise CorpusError("the disk is full")

    app = session(corpus_file, ScreenEngine(reply("Ban them.")), measure=True, make_monitor=monitor)
    async with screen(app, (120, 90)) as pilot:
        await say(pilot, "About guns?", "Ban them.")
        monkeypatch.setattr(Corpus, "change_persona", refuse)
        with pytest.raises(CorpusError):  # the round has begun or not: what it measures is complete in the end
            await chat(pilot).navigator.change_persona(load_persona("republican"))

        def measured() -> bool:
            estimate = chat(pilot).panel.estimate
            return estimate is not None and estimate.complete and estimate.turn == 1

        await until(pilot, measured)


async def test_a_change_of_persona_is_made_to_its_end_though_another_command_comes(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, change_persona = threading.Event(), Corpus.change_persona

    def slow(corpus: Corpus, change: PersonaChangeRow) -> None:
        assert go.wait(SECONDS)
        change_persona(corpus, change)

    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."), reply("Keep them.")))) as pilot:
        await say(pilot, "About guns?", "Ban them.")
        monkeypatch.setattr(Corpus, "change_persona", slow)
        await type_text(pilot, "/go-on republican")
        await until(pilot, lambda: chat(pilot).replies.changing)
        await type_text(pilot, "/rename Guns")  # it takes the place of the command before
        await until(pilot, lambda: "Guns" in shown(pilot).splitlines()[0])
        chat(pilot).do("again")
        go.set()
        await until(pilot, lambda: "A Republican" in shown(pilot).splitlines()[0])
        assert chat(pilot).session.persona is not None
        assert chat(pilot).session.persona.persona.name == "republican"
        await say(pilot, "And now?", "Keep them.")
