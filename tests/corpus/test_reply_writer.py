"""A growing reply reaches the disk by itself."""

import time
from collections.abc import Callable

import pytest

from chat_personas.corpus import Corpus, CorpusError
from chat_personas.corpus.reply_writer import FLUSH_SECONDS, ReplyWriter
from eval.engine import Sampling
from tests.corpus.full_disk import no_room
from tests.corpus.making import INFO, conversation_row

PATIENCE = 10.0


def begin(corpus: Corpus) -> str:
    """Begin a reply and return its key."""
    row = conversation_row()
    return corpus.begin_turn(row.id, None, "Hi", INFO, Sampling(), new=row)[1].id


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def text_of(corpus: Corpus, message_id: str) -> str:
    return corpus.branch(message_id)[-1].text


def test_what_is_added_is_on_the_disk_soon_though_nobody_asks(corpus: Corpus) -> None:
    message = begin(corpus)
    writer = ReplyWriter(corpus, message, interval=0.01)
    for expected, piece in (("I ", "I "), ("I think", "think")):
        writer.add(piece)
        assert eventually(lambda expected=expected: text_of(corpus, message) == expected)  # type: ignore[misc]
    assert corpus.branch(message)[-1].status == "streaming"
    writer.close("complete")
    assert corpus.branch(message)[-1].status == "complete"


def test_a_killed_program_loses_less_than_a_second() -> None:
    assert FLUSH_SECONDS < 1.0


def test_a_flush_that_fails_is_made_up_for(corpus: Corpus) -> None:
    message = begin(corpus)
    long = "word " * 50_000
    writer = ReplyWriter(corpus, message, interval=0.01)
    with no_room(corpus):
        writer.add(long)
        with pytest.raises(CorpusError, match="no space is left"):
            corpus.flush_reply(message, long)
        assert text_of(corpus, message) == ""
    assert eventually(lambda: text_of(corpus, message) == long)
    writer.close("complete")


def test_closing_may_be_tried_again(corpus: Corpus) -> None:
    message = begin(corpus)
    writer = ReplyWriter(corpus, message)
    writer.add("word " * 50_000)
    with no_room(corpus), pytest.raises(CorpusError, match="no space is left"):
        writer.close("stopped")
    writer.close("stopped")
    assert (text_of(corpus, message), corpus.branch(message)[-1].status) == ("word " * 50_000, "stopped")
