"""What goes wrong around a conversation: a model file that vanishes, a server that is lost, windows that never rest."""

import asyncio
import shutil
from itertools import cycle
from pathlib import Path

import pytest
from textual.widget import Widget

from chat_personas.corpus import Corpus
from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.openai import OpenAIEngine
from chat_personas.models import pocket_path
from chat_personas.tui.widgets.entries import Entry
from chat_personas.tui.widgets.messages import Reply
from chat_personas.tui.widgets.transcript import Transcript
from personas import load_persona
from tests.corpus.making import conversation_row, talk, without_waiting_for_the_disk
from tests.engines.openai.scripted_server import Request, chunk, completion, send_events, send_json, serving
from tests.fakes import END
from tests.hostile.test_replies_too_much import LIMIT, OneTranscript, check_shown_in_part
from tests.tui.fakes import (
    ScreenEngine,
    chat,
    draw_without_pauses,
    monitor,
    reply,
    screen,
    session,
    shown,
    type_text,
    until,
    words,
)

PERSONA = load_persona("democrat").persona.model_dump_json(by_alias=True, exclude_none=True)
SIZES = ((80, 24), (20, 5), (200, 60), (100, 10), (99, 40), (10, 3), (130, 50), (40, 12))


@pytest.mark.slow
async def test_a_model_whose_file_is_deleted_goes_on_replying_and_is_measured(
    corpus_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mine.gguf"
    shutil.copyfile(pocket_path(), file)
    engine = await LlamaEngine.open(file, threads=1)
    file.unlink()
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor)) as pilot:
        await type_text(pilot, "What should be done about guns?")
        await until(pilot, lambda: not chat(pilot).replies.busy and chat(pilot).transcript.last("reply") is not None)
        said = chat(pilot).transcript.last("reply")
        assert said is not None
        assert len(said.text.split()) > 3
        panel = chat(pilot).panel
        await until(pilot, lambda: panel.estimate is not None and panel.estimate.done > 0 and panel.estimate.turn == 1)
        assert "✗" not in shown(pilot)


class LostOnce:
    """A server that is lost in the middle of its first reply, and is there again for the next one."""

    def __init__(self) -> None:
        self._replies = 0

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if not request.body.get("stream"):
            await send_json(writer, 200, completion("A"))
            return
        self._replies += 1
        if self._replies == 1:
            await send_events(writer, [chunk("Half a sen")])
            writer.transport.abort()
        else:
            await send_events(writer, [chunk("All of it.", "stop"), "[DONE]"])


async def test_what_a_server_said_before_it_was_lost_is_kept_and_the_conversation_goes_on(
    corpus_file: Path, corpus: Corpus
) -> None:
    async with serving(LostOnce()) as server:
        engine = await OpenAIEngine.open(server.url)
        async with screen(session(corpus_file, engine)) as pilot:
            await type_text(pilot, "Well?")
            await until(pilot, lambda: "Half a sen" in shown(pilot) and not chat(pilot).replies.busy)
            first = chat(pilot).transcript.last("reply")
            assert first is not None
            assert first.note
            await type_text(pilot, "Again?")
            await until(pilot, lambda: "All of it." in shown(pilot) and not chat(pilot).replies.busy)
            conversation = chat(pilot).session.conversation
            assert conversation is not None
            path = conversation.path
    assert [message.text for message in path] == ["Well?", "Half a sen", "Again?", "All of it."]
    assert [message.status for message in corpus.branch(path[-1].id)][1::2] == ["interrupted", "complete"]


@pytest.mark.slow
async def test_after_a_storm_of_resizes_the_screen_is_that_of_a_program_which_never_had_another_size(
    corpus_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_without_pauses(monkeypatch)
    pieces = [f"Sentence {number} says **something** of its own.\n\n" for number in range(12)]
    pauses = [asyncio.Event() for _ in pieces]
    script = [step for pair in zip(pieces, pauses, strict=True) for step in pair]

    async with screen(session(corpus_file, ScreenEngine([*script, END])), (120, 40)) as pilot:
        await type_text(pilot, "Well?")
        for pause, size in zip(pauses, cycle(SIZES), strict=False):
            for width, height in (size, (120, 40), size):
                await pilot.resize_terminal(width, height)
            pause.set()
            await pilot.pause()
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: not chat(pilot).replies.busy and "Sentence 11" in shown(pilot))
        stormy = shown(pilot).splitlines()

    async with screen(session(tmp_path / "calm.db", ScreenEngine(reply(*pieces))), (120, 40)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: not chat(pilot).replies.busy and "Sentence 11" in shown(pilot))
        assert shown(pilot).splitlines() == stormy


async def test_a_megabyte_without_a_space_is_drawn_within_bounds_and_kept_whole() -> None:
    piece, entry = "x" * 100_000, Entry("reply", "", growing=True)
    async with OneTranscript().run_test(size=(100, 40)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        await transcript.show([entry])
        for _ in range(10):
            await transcript.write(entry, piece)
        await transcript.end(entry)
        await check_shown_in_part(pilot, 1_000_000)
    assert entry.text == piece * 10


async def test_a_model_that_says_a_megabyte_without_a_space_is_cut_and_the_conversation_goes_on(
    corpus_file: Path, corpus: Corpus
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply(*["x" * 100_000] * 10), reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: f"F10 opens all {LIMIT:,} characters" in words(pilot))
        await type_text(pilot, "Again?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        assert corpus.branch(conversation.path[-1].id)[1].text == "x" * LIMIT


async def test_right_to_left_wide_and_combining_characters_keep_every_line_within_the_screen() -> None:
    text = "\n\n".join(
        ("שלום עולם " * 30, "مرحبا بالعالم " * 30, "民主党人 😀 " * 40, "e\u0301\u0308" * 300, "a\u200db" * 200)
    )
    async with OneTranscript().run_test(size=(60, 40)) as pilot:
        await pilot.app.query_one(Transcript).show([Entry("reply", text)])
        await until(pilot, lambda: not pilot.app.query_one(Reply)._drawing_due)
        assert {strip.cell_length for strip in pilot.app.screen._compositor.render_strips()} == {60}
        assert max(region.right for region in (each.region for each in pilot.app.query_one(Reply).query(Widget))) <= 60


@pytest.mark.slow
async def test_2000_messages_and_20_changes_of_focus_find_no_styles_again_and_mount_no_more_widgets(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Corpus.open(corpus_file) as corpus:
        without_waiting_for_the_disk(corpus)
        said = [
            (f"Question {number}?", f"Reply {number} with **bold** words and\n\n- a list") for number in range(1000)
        ]
        key = talk(corpus, *said, row=conversation_row().model_copy(update={"persona": PERSONA}))
    async with screen(session(corpus_file, ScreenEngine(), resume=key)) as pilot:
        await until(pilot, lambda: "Reply 999" in shown(pilot))
        await until(pilot, lambda: all(not each._drawing_due for each in pilot.app.screen.query(Reply)))
        transcript = chat(pilot).transcript
        assert sum(entry.kind in ("user", "reply") for entry in transcript.entries) == 2000
        inside = set(transcript.walk_children())
        assert len(inside) < 2000
        restyled = list[object]()
        update = pilot.app.stylesheet.update_nodes
        monkeypatch.setattr(
            pilot.app.stylesheet,
            "update_nodes",
            lambda nodes, animate=False: (restyled.extend(inside & set(nodes := list(nodes))), update(nodes, animate)),
        )
        for _ in range(10):
            await pilot.press("f2")
            await until(pilot, lambda: chat(pilot).panel.has_focus)
            await pilot.press("f2")
            await until(pilot, lambda: chat(pilot).composer.has_focus)
        assert restyled == []
        assert set(transcript.walk_children()) == inside
