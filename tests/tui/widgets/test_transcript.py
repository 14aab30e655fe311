"""The transcript shows each entry once and in order, whatever happens at the same time."""

import asyncio
from dataclasses import replace
from pathlib import Path

from chat_personas.corpus import Corpus, ReplyModel
from chat_personas.tui.widgets.entries import Entry, model_changes
from chat_personas.tui.widgets.messages import FIRST_WORD, Notice
from eval.engine import Sampling
from tests.corpus.making import BASE, INFO, branch_of, talk
from tests.tui.fakes import ScreenEngine, chat, screen, session, shown


async def test_entries_that_come_at_once_are_each_shown_once_and_in_order(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        transcript = chat(pilot).transcript
        entries = [Entry("notice", f"line {number}") for number in range(6)]

        await asyncio.gather(
            *map(transcript.add, entries[:3]),
            transcript.remove_entries(lambda entry: entry is entries[1]),
            *map(transcript.add, entries[3:]),
        )

        lines = [str(line.content) for line in transcript.query(Notice)]
        assert lines[-5:] == ["· line 0", "· line 2", "· line 3", "· line 4", "· line 5"]
        assert len(transcript.children) == len(transcript.entries)


async def test_a_reply_that_ends_while_it_is_being_put_on_the_screen_is_not_left_thinking(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        transcript = chat(pilot).transcript
        growing = Entry("reply", "", speaker="Democrat", growing=True)

        await asyncio.gather(transcript.add(growing), transcript.end(growing, "stopped"))
        await pilot.pause()
        assert FIRST_WORD not in shown(pilot)

        await transcript.show([Entry("notice", "another conversation")])
        assert len(transcript.children) == 1


def test_where_the_same_model_is_asked_in_another_form_a_line_says_so(corpus: Corpus) -> None:
    key = talk(corpus, ("Guns?", "Fewer."), model=replace(INFO, prompt_format="template"))
    said, reply = corpus.begin_turn(key, branch_of(corpus, key)[-1].id, "Why?", BASE, Sampling())
    corpus.end_reply(reply.id, "So.", "complete")
    path, models = corpus.branch(reply.id), corpus.models(reply.id)
    assert model_changes(path, models, ReplyModel.of(BASE)) == {
        said.id: "from here on asked in plain text: small.gguf (a base model: it continues text)"
    }
    assert model_changes(path, models, ReplyModel.of(replace(INFO, prompt_format="template"))) == {
        said.id: "from here on asked in plain text: small.gguf (a base model: it continues text)",
        None: "from here on asked through a chat template: small.gguf",
    }
    given = ReplyModel.of(replace(INFO, prompt_format="template", template="chatml"))
    assert model_changes(path, models, given)[None] == (
        "from here on asked through a chat template: small.gguf "
        "(asked through the template chatml, which was given for it)"
    )
