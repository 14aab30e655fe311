"""What cannot be stored stays on the screen and in memory until it is stored, and nobody leaves it unasked."""

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from chat_personas.conversation.conversation import Conversation
from chat_personas.corpus import Corpus
from chat_personas.storage.drafts import Draft
from chat_personas.tui.chat import keeping
from chat_personas.tui.session import Session
from eval.engine import Message, Probe, ProbeScore
from tests.corpus.full_disk import read_only
from tests.examples import slow_but_first
from tests.tui.fakes import ScreenEngine, asked, chat, monitor, reply, screen, session, shown, type_text, until, words

SAID = [{"role": "user", "content": "Well?"}, {"role": "assistant", "content": "Half a sentence."}]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keeping, "SECONDS_BETWEEN_TRIES", 0.01)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()


def replies_of(corpus_file: Path) -> list[tuple[str, str]]:
    with Corpus.open(corpus_file, read_only=True) as corpus:
        leaf = corpus.conversation(corpus.conversations()[0].id).active_leaf_id
        assert leaf is not None
        return [(row.text, row.status) for row in corpus.branch(leaf) if row.role == "assistant"]


def messages_in(file: Path) -> list[object]:
    (line,) = file.read_text().splitlines()
    return [message for message in json.loads(line)["messages"] if message["role"] != "system"]


def corpus_of(app: Session) -> Corpus:
    assert app.corpus is not None
    return app.corpus


def speaking(corpus_file: Path) -> tuple[Session, asyncio.Event]:
    """A session whose model says half a sentence, and the rest after the event."""
    rest = asyncio.Event()
    return session(corpus_file, ScreenEngine(["Half a sentence", rest, *reply(".")])), rest


async def half_a_sentence(pilot: Pilot[None]) -> None:
    await type_text(pilot, "Well?")
    await until(pilot, lambda: "Half a sentence" in shown(pilot))


async def test_a_reply_that_cannot_be_stored_stays_and_is_stored_by_itself_when_that_works(corpus_file: Path) -> None:
    app, rest = speaking(corpus_file)
    async with screen(app) as pilot:
        await half_a_sentence(pilot)
        with read_only(corpus_of(app)):
            rest.set()
            await until(pilot, lambda: "not stored yet, only in memory: the corpus" in words(pilot))
            await until(pilot, lambda: not chat(pilot).replies.busy)
            assert shown(pilot).splitlines()[0].startswith(" ! not stored · A Democrat")
            assert "Half a sentence." in shown(pilot)
            assert "✗ not stored yet" in shown(pilot)
            await pilot.press("ctrl+c")
            await until(pilot, lambda: "quit. Not all is stored." in words(pilot))

        await until(pilot, lambda: keeping.STORED in words(pilot))
        assert "! not stored" not in shown(pilot)
        assert "not stored yet" not in words(pilot)
        assert replies_of(corpus_file) == [("Half a sentence.", "complete")]


@pytest.mark.slow
async def test_the_screen_says_in_mid_reply_that_what_comes_is_only_in_memory(corpus_file: Path) -> None:
    more, rest = asyncio.Event(), asyncio.Event()
    app = session(corpus_file, ScreenEngine(["Half a sentence", more, " is", rest, *reply(" whole.")]))
    async with screen(app) as pilot:
        await half_a_sentence(pilot)
        with read_only(corpus_of(app)):
            more.set()
            await until(pilot, lambda: "! not stored" in shown(pilot))
            assert chat(pilot).replies.busy
        await until(pilot, lambda: "! not stored" not in shown(pilot))
        rest.set()
        await until(pilot, lambda: not chat(pilot).replies.busy)
    assert replies_of(corpus_file) == [("Half a sentence is whole.", "complete")]


async def test_what_is_not_stored_can_be_saved_to_another_place(corpus_file: Path, tmp_path: Path) -> None:
    app, rest = speaking(corpus_file)
    async with screen(app) as pilot:
        await half_a_sentence(pilot)
        with read_only(corpus_of(app)):
            rest.set()
            await until(pilot, lambda: "✗ not stored yet" in shown(pilot))
            await pilot.press("ctrl+s")
            await until(pilot, lambda: "not all is stored yet" in words(pilot) and "Enter writes" in words(pilot))
            pilot.app.screen.query_one("#path").value = str(tmp_path / "elsewhere.jsonl")  # type: ignore[attr-defined]
            await pilot.press("enter")
            await until(pilot, lambda: "Written to" in words(pilot))
            assert messages_in(tmp_path / "elsewhere.jsonl") == SAID


async def test_quitting_asks_first_and_then_leaves_a_copy(corpus_file: Path, tmp_path: Path) -> None:
    app, rest = speaking(corpus_file)
    async with screen(app) as pilot:
        await half_a_sentence(pilot)
        corpus_file.rename(tmp_path / "moved.db")
        rest.set()
        await until(pilot, lambda: "was removed or replaced while the program ran" in words(pilot))
        await until(pilot, lambda: not chat(pilot).replies.busy)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "Not all that was said is stored" in words(pilot))
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        assert pilot.app.is_running
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "If you quit now, a copy goes to" in words(pilot))
        await pilot.press("y")
        await until(pilot, lambda: not pilot.app.is_running)
    (copy,) = (tmp_path / "temporary").iterdir()
    assert app.failure is not None
    assert app.failure.__notes__ == [f"the conversation is in {copy}"]
    assert messages_in(copy) == SAID
    assert copy.stat().st_mode & 0o777 == 0o600


async def test_one_reason_for_what_was_said_and_what_was_typed_is_given_once(corpus_file: Path, tmp_path: Path) -> None:
    app, rest = speaking(corpus_file)
    async with screen(app) as pilot:
        await half_a_sentence(pilot)
        corpus_file.rename(tmp_path / "moved.db")
        rest.set()
        await until(pilot, lambda: "was removed or replaced while the program ran" in words(pilot))
        await until(pilot, lambda: not chat(pilot).replies.busy)
        await pilot.press(*"And")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "What you typed and did not send is not kept, either: " in asked(pilot))
        assert asked(pilot).count("was removed or replaced") == 1
        await pilot.press("y")
        await until(pilot, lambda: not pilot.app.is_running)


async def test_a_reply_that_is_not_stored_stays_marked_where_the_next_message_is_not_stored_either(
    corpus_file: Path,
) -> None:
    app, rest = speaking(corpus_file)
    async with screen(app) as pilot:
        await half_a_sentence(pilot)
        with read_only(corpus_of(app)):
            rest.set()
            await until(pilot, lambda: "✗ not stored yet" in shown(pilot) and not chat(pilot).replies.busy)
            await type_text(pilot, "And then?")
            await until(pilot, lambda: chat(pilot).composer.text == "And then?" and not chat(pilot).replies.busy)
            assert "✗ not stored yet" in shown(pilot)
        await until(pilot, lambda: keeping.STORED in words(pilot))
        await until(pilot, lambda: "✗ not stored yet" not in shown(pilot))


@contextmanager
def no_drafts(app: Session) -> Iterator[None]:
    """Refuse every draft, as a full disk does."""
    directory = corpus_of(app).drafts._directory
    aside = directory.with_name("aside")
    if directory.exists():
        directory.rename(aside)
    directory.write_bytes(b"")
    try:
        yield
    finally:
        directory.unlink()
        if aside.exists():
            aside.rename(directory)


async def test_quitting_asks_where_what_is_typed_could_not_be_kept_and_then_leaves_a_copy(
    corpus_file: Path, tmp_path: Path
) -> None:
    app = session(corpus_file, ScreenEngine())
    with ExitStack() as full:
        async with screen(app) as pilot:
            await until(pilot, lambda: app.conversation is not None and not chat(pilot).drafts.between)
            full.enter_context(no_drafts(app))
            await pilot.press(*"Not lost")
            await pilot.press("ctrl+q")
            await until(pilot, lambda: "What you typed and did not send is not kept" in asked(pilot))
            await pilot.press("n")
            await until(pilot, lambda: pilot.app.screen is chat(pilot))
            await pilot.press("ctrl+q")
            await until(pilot, lambda: "If you quit now, a copy goes to" in words(pilot))
            await pilot.press("y")
            await until(pilot, lambda: not pilot.app.is_running)
    (copy,) = (tmp_path / "temporary").iterdir()
    assert copy.read_text() == "Not lost\n"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert app.failure is not None
    assert str(app.failure).startswith("what you typed and did not send could not be kept: ")
    assert app.failure.__notes__ == [f"what you typed is in {copy}"]


async def test_nobody_is_asked_where_what_is_typed_is_kept_at_last_or_typed_no_more(corpus_file: Path) -> None:
    app = session(corpus_file, ScreenEngine())
    async with screen(app) as pilot:
        await until(pilot, lambda: app.conversation is not None and not chat(pilot).drafts.between)
        with no_drafts(app):
            await pilot.press(*"No")
            await until(pilot, lambda: app.why_not_kept is not None)
            await pilot.press("backspace", "backspace")
            await until(pilot, lambda: app.why_not_kept is None)
            await pilot.press(*"Kept")
            await until(pilot, lambda: app.why_not_kept is not None)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not pilot.app.is_running)
    assert app.failure is None
    with Corpus.open(corpus_file, read_only=True) as corpus:
        assert corpus.drafts.of(None, ()) == Draft("Kept")


async def test_a_message_that_comes_back_from_a_full_disk_is_in_the_copy_beside_the_conversation(
    corpus_file: Path, tmp_path: Path
) -> None:
    app, rest = speaking(corpus_file)
    with ExitStack() as full:
        async with screen(app) as pilot:
            await half_a_sentence(pilot)
            full.enter_context(no_drafts(app))
            corpus_file.rename(tmp_path / "moved.db")
            rest.set()
            await until(pilot, lambda: "✗ not stored yet" in shown(pilot) and not chat(pilot).replies.busy)
            await type_text(pilot, "And then?")
            await until(pilot, lambda: chat(pilot).composer.text == "And then?" and not chat(pilot).replies.busy)
            await pilot.press("ctrl+q")
            await until(pilot, lambda: "What you typed and did not send is not kept" in asked(pilot))
            assert "Not all that was said is stored" in asked(pilot)
            await pilot.press("y")
            await until(pilot, lambda: not pilot.app.is_running)
    said, typed = sorted((tmp_path / "temporary").iterdir(), key=lambda file: file.suffix)
    assert messages_in(said) == SAID
    assert typed.read_text() == "And then?\n"


async def talked(pilot: Pilot[None]) -> str:
    """Say something, have the whole reply stored, and return the key of the conversation."""
    await type_text(pilot, "Well?")
    await until(pilot, lambda: "Half a sentence." in shown(pilot) and not chat(pilot).replies.busy)
    conversation = chat(pilot).session.conversation
    assert conversation is not None
    assert conversation.unsaved is None
    return conversation.id


@slow_but_first("what", ["typed after it", "kept before it", "sent after it"])
async def test_what_is_typed_in_a_conversation_that_another_program_deleted_is_asked_about_and_copied(
    corpus_file: Path, tmp_path: Path, what: str
) -> None:
    app = session(corpus_file, ScreenEngine(reply("Half a sentence.")))
    async with screen(app) as pilot:
        key = await talked(pilot)
        if what == "kept before it":
            await pilot.press(*"Mine")
            assert await chat(pilot).drafts.keep()
        with Corpus.open(corpus_file) as other:
            other.delete(key)
            assert other.drafts.of(key, ()) is None
        if what == "typed after it":
            await pilot.press(*"Mine")
        elif what == "sent after it":
            await type_text(pilot, "Mine")
            await until(pilot, lambda: "no longer in the corpus" in words(pilot) and chat(pilot).composer.text != "")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "What you typed and did not send is not kept: the conversation" in asked(pilot))
        await pilot.press("y")
        await until(pilot, lambda: not pilot.app.is_running)
    (copy,) = (tmp_path / "temporary").iterdir()
    assert copy.read_text() == "Mine\n"
    assert app.failure is not None
    assert app.failure.__notes__ == [f"what you typed is in {copy}"]
    assert app.how_to_go_on is None


@pytest.mark.slow
async def test_nobody_is_asked_about_a_text_that_came_along_from_a_deleted_conversation(corpus_file: Path) -> None:
    app = session(corpus_file, ScreenEngine(reply("Half a sentence.")))
    async with screen(app) as pilot:
        key = await talked(pilot)
        with Corpus.open(corpus_file) as other:
            other.delete(key)
        await pilot.press(*"Mine")
        assert not await chat(pilot).drafts.keep()
        await pilot.press("ctrl+n")
        await until(pilot, lambda: app.conversation is not None and not app.conversation.path)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not pilot.app.is_running)
    assert app.failure is None
    with Corpus.open(corpus_file, read_only=True) as corpus:
        assert corpus.drafts.of(None, ()) == Draft("Mine")


@slow_but_first("says_more", [True, False])
async def test_what_was_stored_in_a_corpus_that_was_removed_is_not_stored_any_more(
    corpus_file: Path, tmp_path: Path, says_more: bool
) -> None:
    app = session(corpus_file, ScreenEngine(reply("Half a sentence.")))
    async with screen(app) as pilot:
        await talked(pilot)
        corpus_file.rename(tmp_path / "moved.db")
        if says_more:
            await type_text(pilot, "And then?")
            await until(pilot, lambda: "not stored yet, only in memory: the corpus" in words(pilot))
            assert shown(pilot).splitlines()[0].startswith(" ! not stored · A Democrat")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "Not all that was said is stored" in words(pilot))
        await pilot.press("y")
        await until(pilot, lambda: not pilot.app.is_running)
    said, *typed = sorted((tmp_path / "temporary").iterdir(), key=lambda file: file.suffix)
    assert messages_in(said) == SAID
    assert [file.read_text() for file in typed] == ["And then?\n"] * says_more
    assert app.failure is not None
    assert f"the conversation is in {said}" in app.failure.__notes__
    assert app.how_to_go_on is None, "there is nothing to go on with"


async def test_where_the_corpus_is_put_back_all_is_stored_as_before(corpus_file: Path, tmp_path: Path) -> None:
    app = session(corpus_file, ScreenEngine(reply("Half a sentence.")))
    folder = corpus_file.with_name(f"{corpus_file.name}-drafts")
    async with screen(app) as pilot:
        key = await talked(pilot)
        corpus_file.rename(tmp_path / "moved.db")
        await type_text(pilot, "And then?")
        await until(pilot, lambda: "! not stored" in shown(pilot) and app.why_not_kept is not None)
        assert not folder.exists(), "nothing is in the way of what is put back"
        (tmp_path / "moved.db").rename(corpus_file)
        await until(pilot, lambda: keeping.STORED in words(pilot))
        assert "! not stored" not in shown(pilot)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not pilot.app.is_running)
    assert app.failure is None
    assert app.how_to_go_on is not None
    assert replies_of(corpus_file) == [("Half a sentence.", "complete")]
    with Corpus.open(corpus_file, read_only=True) as corpus:
        assert corpus.drafts.of(key, ()) == Draft("And then?")


async def test_a_conversation_of_a_removed_corpus_is_not_left_for_another_one(
    corpus_file: Path, tmp_path: Path
) -> None:
    app = session(corpus_file, ScreenEngine(reply("Half a sentence.")))
    async with screen(app) as pilot:
        await talked(pilot)
        left: Conversation | None = app.conversation
        corpus_file.rename(tmp_path / "moved.db")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "was removed or replaced while the program ran" in words(pilot))
        assert app.conversation is left
        assert "Half a sentence." in shown(pilot)


@pytest.mark.slow
async def test_a_corpus_that_is_put_back_in_place_is_written_to_again(corpus_file: Path, tmp_path: Path) -> None:
    app, rest = speaking(corpus_file)
    async with screen(app) as pilot:
        await half_a_sentence(pilot)
        corpus_file.rename(tmp_path / "moved.db")
        rest.set()
        await until(pilot, lambda: "✗ not stored yet" in shown(pilot))
        (tmp_path / "moved.db").rename(corpus_file)
        await until(pilot, lambda: keeping.STORED in words(pilot))
    assert replies_of(corpus_file) == [("Half a sentence.", "complete")]


async def test_a_conversation_is_not_left_while_its_reply_is_not_stored(corpus_file: Path) -> None:
    app, rest = speaking(corpus_file)
    async with screen(app) as pilot:
        await half_a_sentence(pilot)
        with read_only(corpus_of(app)):
            rest.set()
            await until(pilot, lambda: "✗ not stored yet" in shown(pilot))
            left: Conversation | None = app.conversation
            await pilot.press("ctrl+n")
            await until(pilot, lambda: bool(pilot.app._notifications))
            assert app.conversation is left
            assert "Half a sentence." in shown(pilot)
    assert replies_of(corpus_file) == [("Half a sentence.", "complete")]


class Waits(ScreenEngine):
    """Answers no probe before the event."""

    def __init__(self, go: asyncio.Event, *replies: Any) -> None:
        super().__init__(*replies)
        self.go = go

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        await self.go.wait()
        async for each in super().score(prefix, probes):
            yield each


@pytest.mark.slow
async def test_a_round_that_cannot_be_stored_is_shown_and_stored_later(corpus_file: Path) -> None:
    go = asyncio.Event()
    app = session(corpus_file, Waits(go, reply("So.")), measure=True, make_monitor=monitor)
    async with screen(app) as pilot:
        await until(pilot, lambda: app.monitor is not None)
        with read_only(corpus_of(app)):
            go.set()
            await until(pilot, lambda: "measured: 62 questions" in words(pilot))
            await until(pilot, lambda: app.monitor is not None and app.monitor.unwritten is not None)
            assert corpus_of(app).conversations() == ()
        await type_text(pilot, "Well?")
        await until(pilot, lambda: bool(corpus_of(app).conversations()))
        (identifier,) = [row.id for row in corpus_of(app).conversations()]
        await until(pilot, lambda: len(corpus_of(app).measurements(identifier)) == 2)
    with Corpus.open(corpus_file, read_only=True) as corpus:
        assert [(row.message_id is None, row.complete) for row in corpus.measurements(identifier)] == [
            (True, True),
            (False, True),
        ]


@pytest.mark.slow
async def test_a_conversation_that_was_measured_and_in_which_nobody_spoke_leaves_nothing_behind(
    corpus_file: Path,
) -> None:
    app = session(corpus_file, ScreenEngine(), measure=True, make_monitor=monitor)
    async with screen(app) as pilot:
        await until(pilot, lambda: "measured: 62 questions" in words(pilot))
        assert len(corpus_of(app).conversations()) == 1
        await pilot.press("ctrl+n")
        await until(pilot, lambda: len(corpus_of(app).conversations()) == 0 or app.monitor is not None)
    with Corpus.open(corpus_file, read_only=True) as corpus:
        assert corpus.conversations() == ()
