"""Replies that a dead process left behind are marked; those of a living one are not."""

import subprocess
import sys
from pathlib import Path

from chat_personas.corpus import Corpus
from eval.engine import Sampling
from tests.corpus.making import INFO, branch_of, conversation_row, texts

LEAVES_A_REPLY = """
import sys
from pathlib import Path
from chat_personas.corpus import Corpus
from eval.engine import Sampling
from tests.corpus.making import INFO, conversation_row
corpus = Corpus.open(Path(sys.argv[1]))
row = conversation_row()
_, reply = corpus.begin_turn(row.id, None, "Are you there?", INFO, Sampling(), new=row)
corpus.flush_reply(reply.id, "I was about to")
print(row.id, flush=True)
sys.stdin.readline()
"""


def start(corpus_file: Path) -> tuple[subprocess.Popen[str], str]:
    """Start a process that is in the middle of a reply; return it and the key of the conversation."""
    process = subprocess.Popen(
        [sys.executable, "-c", LEAVES_A_REPLY, str(corpus_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_what_a_killed_process_had_flushed_is_there_and_marked(corpus_file: Path) -> None:
    process, identifier = start(corpus_file)
    kill(process)
    with Corpus.open(corpus_file) as corpus:
        question, reply = branch_of(corpus, identifier)
        assert (question.text, question.status) == ("Are you there?", "complete")
        assert (reply.text, reply.status) == ("I was about to", "interrupted")
        assert reply.why == "the program ended before the reply did"
        assert [hit.message_id for hit in corpus.search("about")] == [reply.id]
        assert corpus.problems() == ()
    assert list((corpus_file.parent / "corpus.db-open").iterdir()) == []


def test_a_process_that_is_alive_keeps_its_reply(corpus_file: Path) -> None:
    process, identifier = start(corpus_file)
    try:
        with Corpus.open(corpus_file) as corpus:
            assert branch_of(corpus, identifier)[-1].status == "streaming"
            kill(process)
            assert corpus.mark_interrupted() == 1
            assert branch_of(corpus, identifier)[-1].status == "interrupted"
            assert corpus.mark_interrupted() == 0
    finally:
        kill(process)


def test_two_corpora_in_one_process_do_not_mark_each_other(corpus: Corpus, corpus_file: Path) -> None:
    row = conversation_row()
    _, reply = corpus.begin_turn(row.id, None, "Hi", INFO, Sampling(), new=row)
    with Corpus.open(corpus_file) as other:
        assert branch_of(other, row.id)[-1].status == "streaming"
    corpus.end_reply(reply.id, "Hello.", "complete")
    assert texts(branch_of(corpus, row.id)) == ["Hi", "Hello."]


def test_a_reply_that_goes_on_after_it_was_marked_is_whole_again(corpus: Corpus) -> None:
    """As where locks do not work between two hosts: the mark is a mistake, and the owner's next word mends it."""
    row = conversation_row()
    _, reply = corpus.begin_turn(row.id, None, "Hi", INFO, Sampling(), new=row)
    with corpus._connections.writing() as connection:
        connection.execute("UPDATE messages SET status = 'interrupted' WHERE id = ?", (reply.id,))
    corpus.flush_reply(reply.id, "Hello")
    corpus.end_reply(reply.id, "Hello there.", "complete")
    assert branch_of(corpus, row.id)[-1].status == "complete"
    assert [hit.excerpt for hit in corpus.search("there")] == ["Hello there."]
    assert corpus.problems() == ()
