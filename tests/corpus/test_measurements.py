"""Measurements and ratings come back as they were kept, with the message they belong to."""

import math

import pytest

from chat_personas.corpus import (
    ConversationRow,
    Corpus,
    CorpusError,
    GroupRow,
    MeasurementRow,
    MessageRow,
    ProbeRow,
    RatingRow,
)
from chat_personas.corpus.errors import RatingError
from chat_personas.corpus.measurements import rating_asked, scale_meant
from eval.engine import Sampling
from tests.corpus.making import INFO, branch_of, conversation_row, talk


def measurement(message: MessageRow, *, alignment: float | None = 0.71) -> MeasurementRow:
    return MeasurementRow(
        conversation_id=message.conversation_id,
        message_id=message.id,
        survey="civic",
        survey_sha256="ef" * 32,
        expression="log_probability",
        groups=(GroupRow(attribute="POLPARTY", value="Democrat"), GroupRow(attribute="SEX", value="Female")),
        complete=True,
        alignment=alignment,
        alignment_low=alignment and alignment - 0.05,
        alignment_high=alignment and alignment + 0.04,
        engine="llama",
        model="small.gguf",
        model_sha256="ab" * 32,
        flash_attention=False,
        seed=0,
        seconds=1.25,
        program_version="0.1.0",
    )


def measurement_of_unspoken(row: ConversationRow) -> MeasurementRow:
    """A round before the first message of a conversation."""
    return MeasurementRow(
        conversation_id=row.id,
        message_id=None,
        survey="civic",
        survey_sha256="ef" * 32,
        expression="log_probability",
        groups=(),
        complete=True,
        alignment=None,
        alignment_low=None,
        alignment_high=None,
        engine="llama",
        model="small.gguf",
        model_sha256=None,
        flash_attention=None,
        seed=None,
        seconds=None,
        program_version="0.1.0",
    )


PROBES = (
    ProbeRow(question="GUNS", option_order="reversed", options=(0.1, 0.2, 0.6), refusal=0.05, label_mass=0.95),
    ProbeRow(
        question="GUNS",
        option_order="survey",
        options=(0.125, 0.0, 0.5),
        options_upper=(0.125, 0.25, 0.5),
        refusal=None,
        label_mass=0.625,
    ),
    ProbeRow(
        question="ZEAL",
        option_order="survey",
        options=(),
        refusal=None,
        label_mass=None,
        failure="no log-probabilities",
    ),
)


def test_a_measurement_comes_back_with_its_probes(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Guns?", "Fewer."))
    row = measurement(branch_of(corpus, identifier)[-1])
    corpus.add_measurement(row, PROBES)
    assert corpus.measurements(identifier) == (row,)
    assert corpus.probes(row.id) == PROBES
    assert corpus.conversations()[0].measurements == 1


def test_a_measurement_before_the_first_message_belongs_to_the_conversation_and_goes_with_it(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Guns?", "Fewer."))
    row = measurement(branch_of(corpus, identifier)[0]).model_copy(update={"message_id": None})
    corpus.add_measurement(row, PROBES)
    assert corpus.measurements(identifier) == (row,)
    corpus.delete(identifier)
    assert corpus.measurements(identifier) == ()
    assert corpus.probes(row.id) == ()


def test_a_measurement_cannot_name_a_message_of_another_conversation(corpus: Corpus) -> None:
    identifier, other = talk(corpus, ("Guns?", "Fewer.")), talk(corpus, ("Guns?", "More."))
    row = measurement(branch_of(corpus, identifier)[-1]).model_copy(update={"conversation_id": other})
    with pytest.raises(CorpusError, match="no longer in the corpus"):
        corpus.add_measurement(row, PROBES)


def test_a_group_without_figures_has_no_alignment(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Guns?", "Fewer."))
    corpus.add_measurement(measurement(branch_of(corpus, identifier)[-1], alignment=None), PROBES)
    assert corpus.measurements(identifier)[0].alignment is None


def test_a_round_is_kept_whole_or_not_at_all(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Guns?", "Fewer."))
    row = measurement(branch_of(corpus, identifier)[-1])
    broken = ProbeRow(question="Z", option_order="survey", options=(math.nan,), refusal=0.0, label_mass=1.0)
    with pytest.raises(ValueError, match="Out of range float"):
        corpus.add_measurement(row, (*PROBES, broken))
    assert corpus.measurements(identifier) == ()


def test_what_belongs_to_a_deleted_message_is_refused(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Guns?", "Fewer."))
    message = branch_of(corpus, identifier)[-1]
    corpus.delete(identifier)
    with pytest.raises(CorpusError, match="no longer in the corpus"):
        corpus.add_measurement(measurement(message), PROBES)


def test_ratings_come_back(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Guns?", "Fewer."), ("Why?", "Safety."))
    other = talk(corpus, ("Guns?", "More."))
    reply = branch_of(corpus, identifier)[1]
    rating = RatingRow(message_id=reply.id, scale="fluency 1-5", value=4, comment="reads well")
    corpus.add_rating(rating)
    corpus.add_rating(RatingRow(message_id=branch_of(corpus, other)[1].id, scale="fluency 1-5", value=1))
    assert corpus.ratings(identifier) == (rating,)


def test_the_figures_can_be_queried_with_sql(corpus: Corpus) -> None:
    """The example of the documentation: the mean probability of each option over both orders."""
    identifier = talk(corpus, ("Guns?", "Fewer."))
    corpus.add_measurement(measurement(branch_of(corpus, identifier)[-1]), PROBES)
    rows = corpus.database().query(
        """
        SELECT probes.question, mass.key AS option, avg(mass.value) AS probability
        FROM probes, json_each(probes.options) AS mass
        GROUP BY probes.question, mass.key ORDER BY option
        """
    )
    assert [(row["question"], row["option"], round(row["probability"], 4)) for row in rows] == [
        ("GUNS", 0, 0.1125),
        ("GUNS", 1, 0.1),
        ("GUNS", 2, 0.55),
    ]


def test_a_round_before_the_first_message_adds_its_conversation_which_that_message_then_names(corpus: Corpus) -> None:
    row = conversation_row()
    before = measurement_of_unspoken(row)
    corpus.add_measurement(before, PROBES, new=row)
    corpus.add_measurement(measurement_of_unspoken(row), PROBES, new=row)
    talk(corpus, ("Hello", "Good day"), row=row.model_copy(update={"title": "Hello"}))
    corpus.remove_unspoken(row.id)
    assert [(kept.id, kept.title) for kept in corpus.conversations()] == [(row.id, "Hello")]
    assert [kept.message_id for kept in corpus.measurements(row.id)] == [None, None]
    assert corpus.measurements_after(row.id, None)[0].id == before.id


def test_a_conversation_that_was_only_measured_can_be_removed_with_its_rounds(corpus: Corpus) -> None:
    row = conversation_row()
    corpus.add_measurement(measurement_of_unspoken(row), PROBES, new=row)
    corpus.remove_unspoken(row.id)
    assert corpus.conversations() == ()
    assert [found["n"] for found in corpus.database().query("SELECT count(*) AS n FROM probes")] == [0]


def test_a_first_message_that_is_withdrawn_leaves_the_round_before_it_and_no_word(corpus: Corpus) -> None:
    row = conversation_row()
    corpus.add_measurement(measurement_of_unspoken(row), PROBES, new=row)
    named = row.model_copy(update={"title": "Secret"})
    said, reply = corpus.begin_turn(row.id, None, "Secret words", INFO, Sampling(), new=named)
    corpus.withdraw(reply, said, None, title=row.title)
    kept = corpus.conversation(row.id)
    assert (kept.title, kept.active_leaf_id) == (row.title, None)
    assert len(corpus.measurements(row.id)) == 1
    assert not corpus.search("Secret")


@pytest.mark.parametrize(
    ("words", "usual", "asked"),
    [
        ("5 realism 1-7", "", (5.0, "realism 1-7")),
        ("6", "realism 1-7", (6.0, "realism 1-7")),
        ("2.5  warmth", "realism 1-7", (2.5, "warmth")),
        ("1 from 7 to 1", "", (1.0, "from 7 to 1")),
        ("99 warmth", "", (99.0, "warmth")),
    ],
)
def test_a_rating_is_a_number_and_the_scale_after_it_or_the_usual_one(
    words: str, usual: str, asked: tuple[float, str]
) -> None:
    assert rating_asked(words, usual) == asked


@pytest.mark.parametrize(
    ("words", "usual", "why"),
    [
        ("8 realism 1-7", "", "8 is outside the scale realism 1-7: write a number from 1 to 7"),
        ("0", "quality 1-5", "0 is outside the scale quality 1-5: write a number from 1 to 5"),
        ("5", "", "say on which scale"),
        ("realism 5", "", "the rating must be a number"),
        ("nan warmth", "", "the rating must be a number"),
        ("inf warmth", "", "the rating must be a number"),
        ("", "warmth", "the rating must be a number"),
    ],
)
def test_what_is_no_rating_is_refused_with_what_to_write(words: str, usual: str, why: str) -> None:
    with pytest.raises(RatingError, match=why):
        rating_asked(words, usual)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("4 quality", (4.0, "quality 1-5")),
        ("4 Quality", (4.0, "quality 1-5")),
        ("5 realism", (5.0, "realism 1-7")),
        ("60 warmth", (60.0, "warmth (0 - 100)")),
        ("-2 agreement", (-2.0, "agreement: -3 to 3")),
        ("9 quality 1-9", (9.0, "quality 1-9")),
        ("99 charm", (99.0, "charm")),
    ],
)
def test_a_scale_named_without_its_range_is_the_one_that_has_a_range(words: str, asked: tuple[float, str]) -> None:
    known = ("realism 1-7", "warmth (0 - 100)", "agreement: -3 to 3", "charm", "quality")
    assert rating_asked(words, "", known) == asked


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("33 quality", "33 is outside the scale quality 1-5: write a number from 1 to 5"),
        ("4 realism", "realism may be realism 1-5 or realism 1-7; write the scale with its range"),
    ],
)
def test_nothing_is_rated_outside_the_range_that_is_meant_or_where_two_may_be(words: str, why: str) -> None:
    with pytest.raises(RatingError, match=why):
        rating_asked(words, "", ("realism 1-7", "realism 1-5"))


def test_the_scales_with_ratings_are_known(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Hello", "Good morning."))
    reply = branch_of(corpus, identifier)[1]
    for scale in ("realism 1-7", "charm", "charm"):
        corpus.add_rating(RatingRow(message_id=reply.id, scale=scale, value=4))
    assert corpus.scales() == ("charm", "realism 1-7")
    assert scale_meant("realism", corpus.scales()) == "realism 1-7"
