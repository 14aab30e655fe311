"""What one can do with the whole corpus: query its views, check it, count what is in it, and copy it."""

from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from eval.engine import Sampling
from tests.corpus.export.participants import conversation_of, take_part
from tests.corpus.making import INFO, branch_of, conversation_row, talk
from tests.corpus.test_measurements import PROBES, measurement


def test_the_turns_are_those_of_the_branch_on_the_screen(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Hello", "Good day."), ("Guns?", "Fewer."))
    talk(corpus, ("Who are you?", ""), row=conversation_row(persona="republican"), last="error")
    said = branch_of(corpus, identifier)[2]
    other = corpus.begin_reply(identifier, said.id, INFO, Sampling())
    corpus.end_reply(other.id, "More.", "complete")
    database = corpus.database()
    turns = database.query("SELECT persona_name, turn, text, reply, reply_status FROM v_turns ORDER BY message_id")
    assert [tuple(row.values()) for row in turns] == [
        ("democrat", 1, "Hello", "Good day.", "complete"),
        ("democrat", 2, "Guns?", "More.", "complete"),
        ("republican", 1, "Who are you?", "", "error"),
    ]
    dialogue = database.query("SELECT place, turn, role, text FROM v_dialogue WHERE persona_name = 'democrat'")
    assert sorted(tuple(row.values()) for row in dialogue) == [
        (1, 1, "user", "Hello"),
        (2, 1, "assistant", "Good day."),
        (3, 2, "user", "Guns?"),
        (4, 2, "assistant", "More."),
    ]


def test_a_measurement_has_the_turn_that_it_followed(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Hello", "Good day."), ("Guns?", "Fewer."))
    branch = branch_of(corpus, identifier)
    before = measurement(branch[1]).model_copy(update={"id": "A", "message_id": None})
    for row in (before, measurement(branch[1]), measurement(branch[3])):
        corpus.add_measurement(row, PROBES)

    def turns() -> dict[str | None, int | None]:
        found = corpus.database().query("SELECT turn, message_id FROM v_measurements")
        return {row["message_id"]: row["turn"] for row in found}

    assert turns() == {None: 0, branch[1].id: 1, branch[3].id: 2}
    left = corpus.begin_reply(identifier, branch[2].id, INFO, Sampling())
    corpus.end_reply(left.id, "More.", "complete")
    assert turns() == {None: 0, branch[1].id: 1, branch[3].id: None}, "the second is on another branch now"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE conversations SET active_leaf_id = NULL", "1 conversation with messages, and no branch to show"),
        ("DELETE FROM generations", "2 replies without a record of how the model made it"),
        ("UPDATE probes SET label_mass = 1.5", "2 probes with a probability outside of 0 to 1"),
        ("UPDATE studies SET definition = '{ }'", 'the study "town" is not the one that its hash names'),
        ("UPDATE messages SET role = 'assistant' WHERE role = 'user'", "4 replies to no message of a person"),
    ],
)
def test_rows_that_cannot_be_are_found(corpus: Corpus, damage: str, said: str) -> None:
    identifier = talk(corpus, ("Hello", "Good day."), ("Guns?", "Fewer."))
    corpus.add_measurement(measurement(branch_of(corpus, identifier)[-1]), PROBES)
    take_part(corpus)
    assert corpus.problems() == ()
    with corpus._connections.writing() as connection:
        connection.execute(damage)
    assert said in corpus.problems()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            "UPDATE messages SET text = 'x' WHERE copy_of IS NOT NULL",
            "2 messages with other words than what was copied",
        ),
        (
            "DELETE FROM study_conversations WHERE fork",
            "1 fork of what a participant said that is not the participant's",
        ),
    ],
)
def test_forks_that_cannot_be_are_found(corpus: Corpus, damage: str, said: str) -> None:
    way = take_part(corpus, ("Hello", "Good day."))
    corpus.fork(branch_of(corpus, conversation_of(corpus, way))[-1].id)
    assert corpus.problems() == ()
    with corpus._connections.writing() as connection:
        connection.execute(damage)
    assert corpus.problems() == (said,)


def test_conversations_messages_and_words_are_counted_by_persona_and_model(corpus: Corpus) -> None:
    talk(corpus, ("Hello there", "Good  day\nto you."), ("Guns?", "Fewer."))
    identifier = talk(corpus, ("One two three", "Four."))
    corpus.add_measurement(measurement(branch_of(corpus, identifier)[-1]), PROBES)
    talk(corpus, ("Hi", "Hi"), row=conversation_row(persona="republican"))
    democrat, republican = corpus.counts()
    assert (democrat.persona, democrat.model, democrat.first) == ("democrat", "small.gguf", "2026-11-21")
    assert (democrat.conversations, democrat.messages, democrat.replies) == (2, 3, 3)
    assert (democrat.words_said, democrat.words_replied, democrat.measured) == (6, 6, 1)
    assert (republican.conversations, republican.words_said, republican.measured) == (1, 1, 0)


def test_a_backup_holds_all_of_a_corpus_that_is_written_to_and_is_private(corpus: Corpus, tmp_path: Path) -> None:
    identifier = talk(corpus, ("Hello", "Good day."))
    out = tmp_path / "copy.db"
    out.write_text("an older copy")
    corpus.back_up(out)
    talk(corpus, ("Later", "Much."))
    assert out.stat().st_mode & 0o777 == 0o600
    with Corpus.open(out) as copy:
        assert copy.conversation_ids() == (identifier,)
        assert copy.branch(branch_of(corpus, identifier)[-1].id) == branch_of(corpus, identifier)
        assert copy.problems() == ()
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []
