"""Who withdraws from a study is gone from everything here, and the corpus says where else the words are."""

from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, RatingRow, Selection, connection
from chat_personas.corpus.errors import UnknownParticipantError
from chat_personas.corpus.export import FORMATS, export_to
from chat_personas.corpus.maintenance import Withdrawal
from chat_personas.corpus.study_rows import CompositionRow, ParticipationRow
from tests.corpus.export.participants import answer, conversation_of, guess, take_part
from tests.corpus.making import branch_of, bytes_on_disk, talk

WORD = "zyxwvutquokka"


def quokka(corpus: Corpus) -> ParticipationRow:
    """A participant who left the word in every place that takes words."""
    way = take_part(corpus, (f"I am {WORD}", f"Hello {WORD}"), ("Go on", WORD), recruiter_id=f"{WORD}-id")
    said = branch_of(corpus, conversation_of(corpus, way))
    corpus.rename(said[0].conversation_id, f"About {WORD}")
    corpus.studies.add_composition(
        CompositionRow(message_id=said[0].id, keys=3, pasted=(2,), first_key_seconds=1.0, pasted_share=0.5)
    )
    corpus.add_rating(RatingRow(message_id=said[1].id, scale="realism", value=2, comment=f"own {WORD}"))
    other = branch_of(corpus, talk(corpus, ("Mine", "Yes.")))[-1]
    corpus.add_rating(RatingRow(message_id=other.id, scale="realism", value=3, comment=WORD, rater=way.participant_id))
    answer(corpus, way, "why", said=f"because {WORD}")
    answer(corpus, way, "age", attribute="AGE", code="30-49")
    guess(corpus, way, "before", 0.25, 0.75)
    corpus.studies.enter(way.id, "intake")
    with corpus._connections.writing() as connection:
        connection.execute("UPDATE participations SET why = ?, block = 3, place = 1 WHERE id = ?", (WORD, way.id))
    return way


def test_no_byte_of_what_a_participant_said_is_left_and_a_tombstone_stays(corpus: Corpus, corpus_file: Path) -> None:
    way = quokka(corpus)
    stays = take_part(corpus, ("I stay", "Good."))
    answer(corpus, stays, "why", said="because")
    assert WORD.encode() in bytes_on_disk(corpus_file).lower()
    withdrawal, why_left = corpus.withdraw_participant(way.participant_id)
    assert withdrawal == Withdrawal(way.participant_id, 1, 4, 2, 1, 2, before=None)
    assert why_left is None
    assert WORD.encode() not in bytes_on_disk(corpus_file).lower()
    person = corpus.studies.participant(way.participant_id)
    assert person is not None
    assert person.withdrawn_at is not None
    assert person.adult is None
    (consent,) = corpus.studies.consents(person.id)
    assert consent.withdrawn_at == person.withdrawn_at
    (left,) = corpus.studies.participations_of(person.id)
    assert (left.status, left.why, left.condition, left.block, left.place) == ("withdrawn", None, "democrat", 3, 1)
    assert corpus.studies.identifiers(person.id) == ()
    assert corpus.studies.stages(way.id) == ()
    assert corpus.search(WORD) == ()
    assert corpus.problems() == ()
    assert len(corpus.studies.answers(stays.id)) == 1
    assert [row.text for row in branch_of(corpus, conversation_of(corpus, stays))] == ["I stay", "Good."]


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"spss", "trl-preference"}))  # which hold none of the others
def test_a_fresh_export_of_any_format_has_nothing_of_the_withdrawn(corpus: Corpus, tmp_path: Path, name: str) -> None:
    way = quokka(corpus)
    take_part(corpus, ("I stay", "Good."))
    corpus.withdraw_participant(way.participant_id)
    export_to(corpus, FORMATS[name], Selection(own=True, scope="use"), tmp_path / "out")
    files = [tmp_path / "out"] if (tmp_path / "out").is_file() else list((tmp_path / "out").rglob("*.*"))
    assert files
    assert [file for file in files if WORD.encode() in file.read_bytes().lower()] == []


def test_while_another_program_reads_the_traces_wait_for_it(corpus_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.05)
    with Corpus.open(corpus_file) as corpus:
        way = quokka(corpus)
        with Corpus.open(corpus_file, read_only=True) as reader, reader._connections.reading() as reading:
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM messages").fetchone()
            _, why_left = corpus.withdraw_participant(way.participant_id)
            assert why_left == "something else is using the corpus"
            assert corpus.studies.answers(way.id) == ()
            reading.execute("COMMIT")
    Corpus.open(corpus_file).close()
    assert WORD.encode() not in bytes_on_disk(corpus_file).lower()


def test_withdrawing_again_finds_nothing_and_keeps_the_day(corpus: Corpus) -> None:
    way = quokka(corpus)
    corpus.withdraw_participant(way.participant_id)
    before = corpus.studies.participant(way.participant_id)
    again, _ = corpus.withdraw_participant(way.participant_id)
    assert (again.conversations, again.messages, again.answers, again.guesses, again.ratings) == (0, 0, 0, 0, 0)
    assert again.before is not None
    assert corpus.studies.participant(way.participant_id) == before


def test_a_participant_is_found_by_the_beginning_of_the_key(corpus: Corpus) -> None:
    way = take_part(corpus)
    assert corpus.participant_key(way.participant_id[:20].lower()) == way.participant_id
    take_part(corpus)
    with pytest.raises(UnknownParticipantError, match="several participants begin with"):
        corpus.participant_key(way.participant_id[:4])
    for unknown in ("01ZZZZ", "01", "*", way.participant_id + "X"):
        with pytest.raises(UnknownParticipantError, match="there is no participant"):
            corpus.participant_key(unknown)


def test_the_releases_that_hold_a_person_stay_known(corpus: Corpus, tmp_path: Path) -> None:
    way = quokka(corpus)
    export_to(corpus, FORMATS["openai"], Selection(), tmp_path / "talks.jsonl")
    corpus.withdraw_participant(way.participant_id)
    assert [release.file for release in corpus.releases.holding(way.participant_id)] == ["talks.jsonl"]


class TestMerging:
    """Corpora of several machines, on one of which a person withdrew."""

    @pytest.fixture
    def other(self, corpus: Corpus, tmp_path: Path) -> Path:
        """A copy of the corpus with one participant, made before anybody withdrew."""
        quokka(corpus)
        corpus.back_up(tmp_path / "other.db")
        return tmp_path / "other.db"

    def test_nothing_comes_back_of_who_withdrew_here(self, corpus: Corpus, corpus_file: Path, other: Path) -> None:
        with Corpus.open(other) as there:
            (person,) = there.studies.identified("recruiter", f"{WORD}-id")
            talk_of_person = f"later {WORD}"
            (way,) = there.studies.participations_of(person.id)
            corpus.withdraw_participant(person.id)
            there.studies.attach(way.id, there.conversation(talk(there, (talk_of_person, "Yes."))))
            answer(there, way, "later", said=talk_of_person)
        before = corpus.studies.participant(person.id)
        merged = corpus.merge(other)
        assert (merged.conflicts, merged.withdrawn_there) == ((), ())
        assert merged.added["conversations"] == merged.added["answers"] == merged.added["identifiers"] == 0
        assert corpus.studies.participant(person.id) == before
        assert WORD.encode() not in bytes_on_disk(corpus_file).lower()
        assert corpus.problems() == ()
        with Corpus.open(other) as there:
            assert len(there.studies.answers(way.id)) == 3, "the other file stays as it is"

    def test_who_withdrew_there_is_named_and_stays_until_withdrawn_here(self, corpus: Corpus, other: Path) -> None:
        (person,) = corpus.studies.identified("recruiter", f"{WORD}-id")
        with Corpus.open(other) as there:
            there.withdraw_participant(person.id)
        merged = corpus.merge(other)
        assert (merged.conflicts, merged.withdrawn_there) == ((), (person.id,))
        assert len(corpus.search(WORD)) == 3
        corpus.withdraw_participant(person.id)
        assert corpus.merge(other).withdrawn_there == ()

    def test_a_tombstone_comes_along_so_that_the_place_is_not_given_again(self, corpus: Corpus, tmp_path: Path) -> None:
        with Corpus.open(tmp_path / "elsewhere" / "corpus.db") as there:
            way = quokka(there)
            there.withdraw_participant(way.participant_id)
        merged = corpus.merge(tmp_path / "elsewhere" / "corpus.db")
        assert merged.withdrawn_there == ()
        (row,) = corpus.studies.participations_of(way.participant_id)
        assert (row.status, row.block, row.place) == ("withdrawn", 3, 1)
