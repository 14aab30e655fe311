"""A conversation of any length has a bounded number of widgets, and all of it can be reached."""

import asyncio
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from chat_personas.tui.widgets.entries import Entry
from chat_personas.tui.widgets.transcript import LIMIT, STEP, Transcript, Window
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until


def test_the_window_begins_at_the_end() -> None:
    assert Window.at_end(200) == Window(160, 200)
    assert Window.at_end(3) == Window(0, 3)


def test_going_up_reaches_the_first_entry_with_no_more_widgets_than_the_limit() -> None:
    window = Window.at_end(200)
    while window.first > 0:
        window = window.earlier()
        assert window.last - window.first <= LIMIT

    assert window == Window(0, LIMIT)


def test_going_down_again_reaches_the_last_entry() -> None:
    window = Window(0, LIMIT)
    while window.last < 200:
        window = window.later(200)
        assert window.last - window.first <= LIMIT

    assert window == Window(200 - LIMIT, 200)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, LIMIT), st.integers(-60, 60))
def test_following_the_end_shows_enough_and_keeps_what_is_mounted(
    first: int, mounted: int, enough: int, added: int
) -> None:
    before = Window(first, first + min(mounted, LIMIT))
    total = max(0, before.last + added)
    after = before.follow(total, enough)

    assert after.last == total
    assert min(total, enough) <= after.last - after.first <= LIMIT
    if enough <= total - before.first <= LIMIT:
        assert after.first == before.first


async def test_a_long_conversation_opens_with_as_many_messages_as_fill_the_screen(tmp_path: Path) -> None:
    async with screen(session(tmp_path / "corpus.db", ScreenEngine()), (120, 80)) as pilot:
        transcript = chat(pilot).transcript
        await transcript.show(Entry("user", f"message {number}") for number in range(200))
        await until(pilot, lambda: newest(transcript) == "message 199" and transcript.max_scroll_y > 0)
        assert len(transcript.children) < LIMIT


async def test_older_messages_fill_a_window_that_grows(tmp_path: Path) -> None:
    async with screen(session(tmp_path / "corpus.db", ScreenEngine()), (80, 24)) as pilot:
        transcript = chat(pilot).transcript
        await transcript.show(Entry("notice", f"notice {number}") for number in range(200))
        await until(pilot, lambda: transcript.max_scroll_y > 0)
        assert "notice 165" not in shown(pilot)

        await pilot.resize_terminal(80, 70)
        await until(pilot, lambda: "notice 170" in shown(pilot) and "notice 199" in shown(pilot))


@given(st.integers(0, 300), st.integers(0, LIMIT))
def test_filling_rows_takes_no_newer_entry_away(first: int, mounted: int) -> None:
    before = Window(first, first + mounted)
    after = before.fuller()

    assert after.last == before.last
    assert after.first <= before.first
    assert after.last - after.first <= LIMIT
    assert after.last - after.first == min(before.last, LIMIT, mounted + STEP)


async def test_a_message_that_comes_while_rows_are_filled_is_on_the_screen(tmp_path: Path) -> None:
    async with screen(session(tmp_path / "corpus.db", ScreenEngine()), (80, 24)) as pilot:
        transcript = chat(pilot).transcript
        await transcript.show(Entry("notice", f"notice {number}") for number in range(60))
        await until(pilot, lambda: transcript.max_scroll_y > 0)
        async with transcript._widgets_change:  # as while a reply is written
            adding = asyncio.create_task(transcript.add(Entry("user", "the newest")))
            await asyncio.sleep(0)
            await pilot.resize_terminal(80, 120)
            await until(pilot, lambda: transcript.max_scroll_y == 0)
            transcript._fill()
            await pilot.pause()
        await adding
        await until(pilot, lambda: transcript.in_window[-1].text == "the newest" and "the newest" in shown(pilot))


async def test_reaching_the_top_while_another_conversation_comes_shows_that_one_whole(tmp_path: Path) -> None:
    async with screen(session(tmp_path / "corpus.db", ScreenEngine()), (100, 24)) as pilot:
        transcript = chat(pilot).transcript
        await transcript.show(Entry("user", f"old {number}") for number in range(100))
        await until(pilot, lambda: transcript.max_scroll_y > 0)
        async with transcript._widgets_change:
            showing = asyncio.create_task(transcript.show(Entry("user", f"new {number}") for number in range(5)))
            await asyncio.sleep(0)
            transcript.release_anchor()
            transcript.scroll_to(y=0, animate=False)
            await pilot.pause()
        await showing
        await until(pilot, lambda: "new 4" in shown(pilot))
        assert [entry.text for entry in transcript.in_window] == [f"new {number}" for number in range(5)]
        assert not transcript.settling


async def test_a_long_conversation_mounts_older_messages_when_scrolled_to(tmp_path: Path) -> None:
    async with screen(session(tmp_path / "corpus.db", ScreenEngine())) as pilot:
        transcript = chat(pilot).transcript
        await transcript.show(Entry("user", f"message {number}") for number in range(200))
        await until(pilot, lambda: newest(transcript) == "message 199")
        mounted = len(transcript.children)

        transcript.scroll_home(animate=False)
        await until(pilot, lambda: oldest(transcript) == f"message {200 - mounted - STEP}")
        while len(transcript.children) < LIMIT:
            mounted = len(transcript.children)
            await until(pilot, lambda: not transcript.settling)
            transcript.scroll_home(animate=False)
            await until(pilot, lambda before=mounted: len(transcript.children) > before)  # type: ignore[misc]

        assert len(transcript.children) == LIMIT


def oldest(transcript: Transcript) -> str:
    return str(transcript.children[0].render()).splitlines()[1]


def newest(transcript: Transcript) -> str:
    return str(transcript.children[-1].render()).splitlines()[1]


async def test_who_reads_further_up_is_left_there_while_a_reply_grows(tmp_path: Path) -> None:
    rest = asyncio.Event()
    long = "\n\n".join(f"line {number}" for number in range(40))
    engine = ScreenEngine([long, rest, *reply("\n\nthe end")])
    async with screen(session(tmp_path / "corpus.db", engine), (80, 24)) as pilot:
        transcript = chat(pilot).transcript
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "line 39" in shown(pilot))

        await pilot.press("pageup", "pageup")
        await until(pilot, lambda: "line 39" not in shown(pilot))
        place = transcript.scroll_y
        rest.set()
        await until(pilot, lambda: not chat(pilot).replies.busy)
        assert transcript.scroll_y == place

        await pilot.press("pagedown", "pagedown", "pagedown")
        await until(pilot, lambda: "the end" in shown(pilot))
