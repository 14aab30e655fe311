"""What is in a corpus, as one would count it by hand; tests and those who have withdrawn are not in it."""

import sqlite3
import sys
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.corpus.errors import UnknownParticipationError
from chat_personas.corpus.rows import MeasurementRow, RatingRow
from chat_personas.reporting.corpus_description import OWNERS, page_document
from chat_personas.studies.description import Description, describe, scale_ends, t_interval
from tests.corpus.making import branch_of, talk
from tests.studies.sample_corpus import STUDY, people_said, take_part

OPINION = "I think that guns should be banned in all of our cities"
NAN = None
CODERS = {
    "A": (NAN, NAN, NAN, NAN, NAN, 3, 4, 1, 2, 1, 1, 3, 3, NAN, 3),
    "B": (1, NAN, 2, 1, 3, 3, 4, 3, NAN, NAN, NAN, NAN, NAN, NAN, NAN),
    "C": (NAN, NAN, 2, 1, 3, 4, 4, NAN, 2, 1, 1, 3, 3, NAN, 4),
}
"""The worked example of the English Wikipedia on Krippendorff's alpha: 0.811 for interval data."""


def measured(corpus: Corpus, conversation: str, message: str | None, alignment: float, verdict: str = "sound") -> None:
    row = MeasurementRow(
        conversation_id=conversation,
        message_id=message,
        survey="civic",
        survey_sha256="ef" * 32,
        expression="log_probability",
        groups=(),
        complete=True,
        alignment=alignment,
        alignment_low=None,
        alignment_high=None,
        verdict=verdict,
        engine="llama",
        model="small",
        program_version="0",
    )
    corpus.add_measurement(row, ())


def test_tests_and_the_withdrawn_are_left_out_and_counted(corpus: Corpus, corpus_file: Path) -> None:
    take_part(corpus, demographics={"SEX": "Male"}, said=["One two three"])
    take_part(corpus, demographics={"SEX": "Female"}, said=["Of a test"], test=True)
    gone = take_part(corpus, demographics={"SEX": "Female"}, said=["Of one who is gone"])
    with sqlite3.connect(corpus_file) as connection:
        sql = "UPDATE participants SET withdrawn_at = '2026-11-28T12:00:00.000Z' WHERE id = ?"
        connection.execute(sql, (gone.participant_id,))
    talk(corpus, ("My own words", "Yes."))
    found = describe(corpus)
    assert (found.people.participants, found.people.tests_left_out, found.people.withdrawn_left_out) == (1, 1, 1)
    assert (found.people.by_status, found.people.own_conversations) == ({"complete": 1}, 1)
    assert [(value.value, value.people) for value in found.demographics[0].values] == [("Male", 1)]
    assert found.lengths.conversations == 2
    assert describe(corpus, "neighbours").lengths.conversations == 1


def test_rehearsals_are_described_apart_from_people(corpus: Corpus) -> None:
    take_part(corpus, demographics={"SEX": "Male"}, said=["One two three"])
    take_part(corpus, demographics={"SEX": "Female"}, said=["Of a test"], test=True)
    talk(corpus, ("My own words", "Yes."))
    found = describe(corpus, tests=True)
    assert (found.people.participants, found.people.own_conversations, found.lengths.conversations) == (1, 0, 1)
    assert [(value.value, value.people) for value in found.demographics[0].values] == [("Female", 1)]
    assert "rehearsals of all studies" in page_document(found)


def test_how_people_answered_is_counted_by_person(corpus: Corpus) -> None:
    way = take_part(
        corpus, realism=(1, 7, 7, 7, 4), warmth=50, exposure="no", said=["One", "Two"], pasted=(0.5, 0), seconds=3
    )
    take_part(corpus, exposure="no")
    take_part(corpus, exposure="once")
    found = describe(corpus)
    one = found.carefulness[0]
    assert (one.participation_id, one.scale_items, one.longest_string) == (way.id, 6, 3)
    places = [0, 1, 1, 1, 0.5, 0.5]
    mean = sum(places) / 6
    assert one.variability == pytest.approx((sum((place - mean) ** 2 for place in places) / 5) ** 0.5)
    assert (one.seconds_per_item, one.traced, one.pasted, one.pasted_share) == (3, 2, 1, 0.25)
    (such,) = found.exposure
    assert (such.item, such.answers) == ("such", {"No": 2, "Once": 1})


def test_only_scale_items_of_the_definition_are_scales() -> None:
    ends = scale_ends(STUDY.definition)
    assert ends["realism", "r1"] == (1, 7)
    assert ends["warmth", "warmth"] == (0, 100)
    assert len(ends) == 6
    assert scale_ends("{}") == {}


def test_lengths_are_words_and_turns(corpus: Corpus) -> None:
    talk(corpus, ("one two three", "a b"), ("one", "a b c d"))
    talk(corpus, ("one two", "a"))
    lengths = describe(corpus).lengths
    assert lengths.turns is not None
    assert lengths.words_said is not None
    assert lengths.words_replied is not None
    assert (lengths.turns.least, lengths.turns.mean, lengths.turns.greatest) == (1, 1.5, 2)
    assert (lengths.words_said.n, lengths.words_said.mean, lengths.words_said.median) == (3, 2, 2)
    assert lengths.words_replied.mean == pytest.approx(7 / 3)


def test_alpha_is_that_of_a_published_example(corpus: Corpus) -> None:
    pytest.importorskip("krippendorff", reason="krippendorff is not installed")
    replies = []
    for _ in range(15):
        replies += [row.id for row in branch_of(corpus, talk(corpus, ("Well?", "Yes."))) if row.role == "assistant"]
    for rater, given in CODERS.items():
        for reply, value in zip(replies, given, strict=True):
            if value is not None:
                corpus.add_rating(RatingRow(message_id=reply, scale="fluency 1-4", value=value, rater=rater))
    (scale,) = describe(corpus).ratings
    assert scale.alpha == pytest.approx(0.811, abs=0.0005)
    assert (scale.ratings.n, scale.raters, scale.shared) == (27, 3, 12)


def test_there_is_no_alpha_where_nothing_was_rated_by_two(corpus: Corpus) -> None:
    reply = branch_of(corpus, talk(corpus, ("Well?", "Yes.")))[-1]
    corpus.add_rating(RatingRow(message_id=reply.id, scale="fluency", value=1))
    corpus.add_rating(RatingRow(message_id=reply.id, scale="fluency", value=3))
    (scale,) = describe(corpus).ratings
    assert (scale.alpha, scale.ratings.n, scale.ratings.mean) == (None, 1, 3)  # the last of one rater counts


def test_alignment_is_the_mean_over_conversations_of_what_is_sound(corpus: Corpus) -> None:
    for alignment in (0.7, 0.8, 0.9):
        conversation = talk(corpus, ("One?", "Yes."))
        reply = branch_of(corpus, conversation)[-1]
        measured(corpus, conversation, reply.id, 0.1)  # an earlier round after the same message
        measured(corpus, conversation, reply.id, alignment)
        measured(corpus, conversation, reply.id, 0.2, verdict="follows_letters")
    (turn,) = describe(corpus).alignment
    assert (turn.survey, turn.turn, turn.conversations) == ("civic", 1, 3)
    assert turn.mean == pytest.approx(0.8)
    half = 4.302652729911275 * 0.1 / 3**0.5  # Student's t with 2 degrees of freedom, from a table
    assert (turn.low, turn.high) == pytest.approx((0.8 - half, 0.8 + half))
    assert t_interval([0.8]) == (None, None)


def test_the_page_says_of_its_intervals_that_they_are_over_conversations(corpus: Corpus) -> None:
    conversation = talk(corpus, ("One?", "Yes."))
    measured(corpus, conversation, branch_of(corpus, conversation)[-1].id, 0.8)
    page = page_document(describe(corpus))
    assert "in 95 of 100 samples of as many conversations" in page
    assert "other questions of the kind" not in page  # those are the intervals of reports


def test_names_are_looked_for_in_messages_and_in_free_answers_and_copies_are_found(corpus: Corpus) -> None:
    pytest.importorskip("datasketch", reason="datasketch is not installed")
    way = take_part(corpus, said=[OPINION], remarks="My neighbour Anna is one")
    take_part(corpus, said=[f"{OPINION}, says Peter Miller"])
    take_part(corpus, said=[f"{OPINION}!"], exposure="no")
    found = describe(corpus)
    assert [(name.text, name.times) for name in found.possible_names] == [("Anna", 1), ("Peter Miller", 1)]
    assert found.possible_names[0].where == (f"{way.id} closing.remarks",)
    assert found.near_duplicates is not None
    (copies,) = found.near_duplicates.groups
    conversations = [corpus.studies.conversation_of(row.id) for row in corpus.studies.participations(STUDY.sha256)]
    first, _, third = (people_said(corpus, str(conversation))[0].id for conversation in conversations)
    assert copies.messages == (first, third)


def test_without_the_extra_the_rest_is_described_and_what_is_missing_is_said(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasketch", None)
    talk(corpus, (OPINION, "Yes."))
    found = describe(corpus)
    assert found.near_duplicates is None
    assert found.missing == ("near-duplicates need datasketch: pip install 'chat-personas[describe]'",)


def test_a_study_that_is_not_there_is_one_line_with_the_nearest(corpus: Corpus) -> None:
    take_part(corpus)
    with pytest.raises(
        UnknownParticipationError, match='no study "neighbors" in the corpus; did you mean "neighbours"'
    ):
        describe(corpus, "neighbors")


def test_an_empty_corpus_is_described(corpus: Corpus) -> None:
    found = describe(corpus)
    assert (found.people.participants, found.lengths.conversations, found.small_cells) == (0, 0, None)
    assert "0 people in 0 participations" in page_document(found)


def test_the_page_escapes_what_people_wrote_and_says_whose_it_is(corpus: Corpus) -> None:
    pytest.importorskip("datasketch", reason="datasketch is not installed")
    for _ in range(2):
        take_part(corpus, demographics={"SEX": "Male"}, said=["<script>alert(1)</script> is what I wrote here"])
    page = page_document(describe(corpus))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert OWNERS[1:] in page


def test_the_document_reads_back_as_it_was_written(corpus: Corpus) -> None:
    take_part(corpus, demographics={"SEX": "Male", "AGE": None}, realism=(1, 2, 3), said=[OPINION])
    found = describe(corpus)
    assert Description.model_validate_json(found.to_json()) == found
    assert '"schema": "chat-personas/corpus-description@1"' in found.to_json()
