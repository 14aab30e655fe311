"""A reply on the screen: all of it, however it comes."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import Markdown
from textual.widgets._markdown import MarkdownFence, MarkdownParagraph

from chat_personas.tui.widgets import messages, pace
from chat_personas.tui.widgets.messages import Reply
from tests.examples import share, slow_but_first
from tests.tui.fakes import ScreenEngine, draw_without_pauses, reply, screen, session, shown, type_text, until

WIDTH = 60
TABLE = "| Town | Bus |\n|---|---|\n| A | 1 |\n"


class OneReply(App[None]):
    def __init__(self, *, typing: bool = False) -> None:
        super().__init__()
        self._typing = typing

    def compose(self) -> ComposeResult:
        yield Reply("A Democrat", growing=True, give_way=lambda: self._typing)


async def test_pieces_that_come_faster_than_they_are_drawn_are_all_there_in_order_when_the_reply_ends() -> None:
    async with OneReply().run_test() as pilot:
        reply = pilot.app.query_one(Reply)
        for number in range(500):
            await reply.write(f"w{number} ")
        await reply.end("■ stopped")
        assert pilot.app.query_one(Markdown).source.split() == [f"w{number}" for number in range(500)]


@pytest.mark.parametrize("typing", [False, True])
async def test_what_comes_is_drawn_without_waiting_for_the_end_even_while_the_person_types(*, typing: bool) -> None:
    async with OneReply(typing=typing).run_test() as pilot:
        reply, markdown = pilot.app.query_one(Reply), pilot.app.query_one(Markdown)
        await reply.write("One ")
        await reply.write("two ")
        await until(pilot, lambda: "two" in markdown.source)
        assert markdown.source.split() == ["One", "two"]


async def test_the_rest_of_a_long_reply_that_has_ended_is_drawn_when_the_person_stops_typing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw_without_pauses(monkeypatch)
    monkeypatch.setattr(pace, "LONGEST", 1e9)
    monkeypatch.setattr(pace, "WHILE_TYPING", 1e9)
    paragraphs = [f"w{number}" for number in range(100)]
    asked, typing = 0, True

    def give_way() -> bool:
        nonlocal asked
        asked += 1
        return typing

    class Typing(App[None]):
        def compose(self) -> ComposeResult:
            yield Reply("A Democrat", growing=True, give_way=give_way)

    async with Typing().run_test() as pilot:
        reply = pilot.app.query_one(Reply)
        await reply.write("\n\n".join(paragraphs))
        await reply.end()
        await until(pilot, lambda: asked > 20)
        drawn_at_first = len(reply.query(MarkdownParagraph))
        await until(pilot, lambda: asked > 40)
        assert len(reply.query(MarkdownParagraph)) == drawn_at_first < 50
        typing = False
        await until(pilot, lambda: len(reply.query(MarkdownParagraph)) == 100)
        assert [line for part in reply.query(Markdown) for line in part.source.split()] == paragraphs


async def test_nothing_more_is_drawn_for_twice_the_time_that_a_drawing_took(monkeypatch: pytest.MonkeyPatch) -> None:
    async with OneReply().run_test() as pilot:
        reply, pauses = pilot.app.query_one(Reply), list[float]()
        monkeypatch.setattr(reply, "set_timer", lambda seconds, _: pauses.append(seconds))
        monkeypatch.setattr(messages, "time", SimpleNamespace(monotonic=iter([10.0, 13.0]).__next__))
        await reply.write("One ")
        await until(pilot, lambda: bool(pauses))
    assert pauses == [6.0]


async def test_a_reply_that_ends_twice_or_is_taken_away_while_it_grows_does_no_harm() -> None:
    async with OneReply().run_test() as pilot:
        reply = pilot.app.query_one(Reply)
        await reply.write("One ")
        await reply.write("two ")
        await reply.end()
        await reply.end()
        await reply.write("too late")
        await reply.remove()
        assert not pilot.app.query(Reply)


class TwoReplies(App[None]):
    """Compares a reply that came in pieces with one that was there at once, side by side."""

    CSS = f"Reply {{ width: {WIDTH}; }} .reply-text {{ height: auto; }}"

    def compose(self) -> ComposeResult:
        yield Horizontal()

    async def columns(self, pieces: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the lines of both; each piece is drawn before the next one comes."""
        streamed, whole = Reply("A", growing=True), Reply("A", "".join(pieces))
        room = self.query_one(Horizontal)
        await room.remove_children()
        await room.mount(streamed, whole)
        for piece in pieces:
            await streamed.write(piece)
            await drawn(streamed)
        await streamed.end()
        await drawn(streamed)
        await drawn(whole)
        self.screen._refresh_layout()
        strips = self.screen._compositor.render_strips()
        left, right = ([strip.crop(at, at + WIDTH).text.strip() for strip in strips] for at in (0, WIDTH))
        return left, right


async def drawn(reply: Reply) -> None:
    """Let a reply draw all that it draws before more of it comes, or after its end."""
    done = asyncio.Event()
    reply.call_later(done.set)
    await done.wait()
    while reply._drawing_due:
        await asyncio.sleep(0.001)


@slow_but_first(
    "pieces",
    [
        (TABLE, "1", ". First\n", "2. Second\n"),
        (TABLE, "`", "``\ncode\n```\n"),
        ("| Town | Change |\n|---|---|\n", "A | 1\n", "-", "5 | 3\n"),
        ("1. one\n2. two\n", "-", "5 degrees it was\n"),
        ("Title\n", "-", "--\n", "Text"),
        ("One\u2028two\u2029three\n\n", "Part two\n\n", "Part three\n\n", "Part four"),
        ("See:\n\n``", "`py", "thon\nx = ", "1\n``", "`\n\nDone."),
        (TABLE, "#", " Heading\n", ">", " quoted\n"),
    ],
    quick=3,
)
async def test_a_reply_that_came_in_pieces_looks_like_one_that_came_at_once(
    pieces: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_without_pauses(monkeypatch)
    app = TwoReplies()
    async with app.run_test(size=(2 * WIDTH, 60)):
        left, right = await app.columns(pieces)
    assert left == right


async def test_line_separators_of_unicode_begin_a_line() -> None:
    app = TwoReplies()
    async with app.run_test(size=(2 * WIDTH, 20)):
        left, _ = await app.columns(["One\u2028two\u2029three"])
    assert left[1:4] == ["One", "two", "three"]


BLOCKS = st.sampled_from(
    [
        TABLE,
        "| A | B |\n|:-:|--:|\n| **x** | `y` |\n| only one |\n",
        "1. one\n2. two\n   - inner\n",
        "7) seven\n8) eight\n",
        "- one\n- two\n\n  more of two\n",
        "* a\n+ b\n",
        "-5 degrees it was\n",
        "2. Second\n",
        "```python\nx = [1]\n```\n",
        "~~~\nnever closed\n",
        "    indented code\n",
        "> quoted\nlazily\n",
        "# Heading 日本\n",
        "Title\n===\n",
        "Text with **bold, *both*** and `code`\nin two lines\n",
        "---\n",
        "A | 1\n",
        "\n",
        "\\* [x](y) &amp; <b> ~~gone~~ \u2028 🙂\n",
        "\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 \x9b2J \x00\x7f\n",
        "[bold]markup[/bold] [@click=app.quit]quit[/] [$accent]x[/]\n",
        "![pixel](http://x/y.png) <http://x> [a]: http://x\n",
        "\u05e9\u05dc\u05d5\u05dd \u202eevil\u202c \u0645\u0631\u062d\u0628\u0627\n",
        "e\u0301\u0308 \u0e01\u0e33 a\u200db \U0001f468\u200d\U0001f469\u200d\U0001f467 \u6c11\u4e3b\u515a\n",
        f"{'x' * 300}\n",
    ]
)
NOISE = st.text(alphabet="ab1.)-+*#>|`~=_ \n\u2028[]()<!&\\\x1b\u202e\u0301\u6c11\u05e9", max_size=30)
CUT_TEXTS = st.tuples(
    st.lists(BLOCKS | NOISE, min_size=1, max_size=6).map("".join), st.lists(st.integers(0, 200), max_size=8)
)


def cut(text: str, places: Sequence[int]) -> list[str]:
    """Cut `text` at `places`."""
    ends = sorted({0, len(text), *(place for place in places if place < len(text))})
    return [text[start:end] for start, end in pairwise(ends)]


@contextmanager
def comparing() -> Iterator[tuple[asyncio.Runner, TwoReplies]]:
    """One application for many comparisons."""
    app = TwoReplies()
    with asyncio.Runner() as runner:
        running = app.run_test(size=(2 * WIDTH, 80))
        runner.run(running.__aenter__())
        yield runner, app
        runner.run(running.__aexit__(None, None, None))


def compare_many(examples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_without_pauses(monkeypatch)
    with comparing() as (runner, app):

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(CUT_TEXTS)
        def same(cut_text: tuple[str, list[int]]) -> None:
            left, right = runner.run(app.columns(cut(*cut_text)))
            assert left == right

        same()


def test_wherever_a_text_is_cut_the_reply_looks_like_one_that_came_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compare_many(share(50), monkeypatch)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_wherever_any_of_500_texts_is_cut_it_looks_like_one_that_came_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compare_many(500, monkeypatch)


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("a mistake in drawing")


@slow_but_first(
    ("widget", "method"),
    [
        (Markdown, "update"),
        (MarkdownFence, "compose"),
        (MarkdownFence, "highlight"),
        (MarkdownParagraph, "render"),
        (MarkdownParagraph, "get_content_height"),
        (MarkdownParagraph, "on_mount"),
    ],
    quick=2,
)
async def test_a_reply_that_cannot_be_drawn_is_shown_as_it_is_and_the_conversation_goes_on(
    widget: type,
    method: str,
    corpus_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = ScreenEngine(reply("Some **code**:\n", "```\nx\n", "```\nEnd."), reply("Second **reply**."))
    monkeypatch.setattr(widget, method, fail, raising=False)
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Some **code**:" in shown(pilot) and "End." in shown(pilot))
        await type_text(pilot, "Again?")
        await until(pilot, lambda: "Second" in shown(pilot))
        assert pilot.app._exception is None
    assert "shown as plain text" in caplog.text
    assert "a mistake in drawing" in caplog.text


async def test_a_reply_that_cannot_be_appended_to_is_drawn_whole_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Markdown, "append", fail)
    async with OneReply().run_test() as pilot:
        growing = pilot.app.query_one(Reply)
        await growing.write("One **two")
        await growing.write("** three")
        await growing.end()
        assert pilot.app.query_one(Markdown).source == "One **two** three"
    assert "plain text" not in caplog.text
