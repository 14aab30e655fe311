"""A person goes through a study step by step, can break off anywhere, and loses nothing."""

import fcntl
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.studies.errors import ParticipationError
from chat_personas.studies.participation import Identity, Participation
from chat_personas.studies.steps import AskedItem, Debriefing, Ended, Guessing, Questionnaire, Talk, shares_of
from chat_personas.studies.study import load_study
from tests.examples import slow_but_first
from tests.studies.making import COMPREHENSION, begin, do, go_through, made_study, write_study

STAGES = ("intake", "before", "guesses_before", "conversation", "guesses_after", "after", "debriefing")


def test_the_stages_come_in_their_order_and_end_with_a_code(corpus: Corpus, tmp_path: Path) -> None:
    way = begin(corpus, made_study(tmp_path))
    assert way.stages == STAGES
    ended = go_through(corpus, way)
    assert ended == Ended("complete", "DONE")
    entered = corpus.studies.stages(way.id)
    assert {stage.name for stage in entered} == set(STAGES)
    assert all(stage.ended_at is not None for stage in entered)
    assert corpus.studies.participation(way.id).ended_at is not None
    assert corpus.problems() == ()


@slow_but_first("stage", STAGES, quick=2)
def test_whoever_breaks_off_in_a_stage_goes_on_there(corpus: Corpus, tmp_path: Path, stage: str) -> None:
    study = made_study(tmp_path)
    way = begin(corpus, study, "P07")
    assert go_through(corpus, way, until=stage) is None
    condition = way.row.condition
    again = Participation.resume(corpus, study, identity=Identity(participant="P07"))
    assert (again.id, again.stage, again.row.condition) == (way.id, stage, condition)
    assert go_through(corpus, again) == Ended("complete", "DONE")
    assert len(corpus.studies.guesses(way.id)) == 16


def test_an_answered_item_is_not_asked_again(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path)
    way = begin(corpus, study)
    step = way.next_step()
    assert isinstance(step, Questionnaire)
    first, second, *_ = step.sheets[0].items
    way.answer(first, "30-49", 4.5)
    later = Participation.resume(corpus, study).next_step()
    assert isinstance(later, Questionnaire)
    assert later.sheets[0].items[0] == second
    (stored,) = corpus.studies.answers(way.id)
    assert (stored.attribute, stored.code, stored.said, stored.seconds) == ("AGE", "30-49", "Age 30–49", 4.5)
    assert stored.options == ("18-29", "30-49", "50-64", "65+")


def test_preferring_not_to_say_is_kept_apart_from_not_being_asked(corpus: Corpus, tmp_path: Path) -> None:
    way = begin(corpus, made_study(tmp_path))
    step = way.next_step()
    assert isinstance(step, Questionnaire)
    way.answer(step.sheets[0].items[0], None)
    (stored,) = corpus.studies.answers(way.id)
    assert (stored.item, stored.declined, stored.code) == ("age", True, None)


@pytest.mark.parametrize(
    ("item", "given", "message"),
    [
        ("warmth", "101", "write a number from 0 to 100"),
        ("warmth", "warm", "write a number from 0 to 100"),
        ("warmth", "nan", "write a number from 0 to 100"),
        ("warmth", "50.5", "write a whole number from 0 to 100"),
    ],
)
def test_an_answer_outside_its_scale_is_refused(
    corpus: Corpus, tmp_path: Path, item: str, given: str, message: str
) -> None:
    way = begin(corpus, made_study(tmp_path))
    go_through(corpus, way, until="before")
    step = way.next_step()
    assert isinstance(step, Questionnaire)
    asked = next(each for sheet in step.sheets for each in sheet.items if each.item.id == item)
    with pytest.raises(ParticipationError, match=message):
        way.answer(asked, given)


def test_an_item_that_must_be_answered_cannot_be_declined(corpus: Corpus, tmp_path: Path) -> None:
    way = begin(corpus, made_study(tmp_path))
    go_through(corpus, way, until="after")
    step = way.next_step()
    assert isinstance(step, Questionnaire)
    attention = step.sheets[-1].items[0]
    with pytest.raises(ParticipationError, match="must be answered"):
        way.answer(attention, None)


def test_an_item_with_two_tries_is_asked_again_once_after_a_wrong_answer(corpus: Corpus, tmp_path: Path) -> None:
    way, asked = at_a_comprehension_item(corpus, tmp_path)
    assert way.answer(asked, "own")
    assert not way.answer(asked, "own"), "there is no third try"
    (row,) = corpus.studies.answers(way.id)
    assert row.code == "own"


def test_a_right_second_answer_counts_and_declining_is_not_wrong(corpus: Corpus, tmp_path: Path) -> None:
    way, asked = at_a_comprehension_item(corpus, tmp_path)
    assert way.answer(asked, "own")
    assert not way.answer(asked, "theirs")
    assert not way.answer(asked, None)
    way.answer(asked, "theirs")
    (row,) = corpus.studies.answers(way.id)
    assert (row.code, row.declined) == ("theirs", False)


def at_a_comprehension_item(corpus: Corpus, folder: Path) -> tuple[Participation, AskedItem]:
    """A person whose intake is one question about the study, with two tries."""
    (folder / "check.toml").write_text(COMPREHENSION, encoding="utf-8")
    intake = 'intake = ["demographics", "familiarity", "exposure"]'
    way = begin(corpus, load_study(write_study(folder, {intake: 'intake = ["check.toml"]'})))
    step = way.next_step()
    assert isinstance(step, Questionnaire)
    ((asked,),) = (sheet.items for sheet in step.sheets)
    return way, asked


def test_guesses_are_stored_as_shares_in_the_order_of_the_survey(corpus: Corpus, tmp_path: Path) -> None:
    way = begin(corpus, made_study(tmp_path))
    go_through(corpus, way, until="guesses_before")
    step = way.next_step()
    assert isinstance(step, Guessing)
    assert step.people in ("Democrats", "Republicans")
    assert {question.id for question in step.questions} == {question.id for question in way.study.questions}
    question = step.missing[0]
    even = 100 / len(question.options)
    with pytest.raises(ParticipationError, match="give 50 more, so that they sum to 100"):
        way.guess(step, question, [even / 2] * len(question.options))
    assert corpus.studies.guesses(way.id) == ()
    way.guess(step, question, [100.0] + [0.0] * (len(question.options) - 1))
    (stored,) = corpus.studies.guesses(way.id)
    assert stored.shares == (1.0,) + (0.0,) * (len(question.options) - 1)
    later = way.next_step()
    assert isinstance(later, Guessing)
    assert question not in later.missing
    assert later.questions == step.questions, "the order stays"


def test_other_questions_stand_between_two_guesses_of_the_same_question(corpus: Corpus, tmp_path: Path) -> None:
    way = begin(corpus, made_study(tmp_path, {"twice = false": "twice = true"}))
    assert way.stages == (
        "intake", "guesses_before", "before", "guesses_again", "conversation", "guesses_after", "after", "debriefing",
    )  # fmt: skip
    assert go_through(corpus, way) == Ended("complete", "DONE")
    assert len(corpus.studies.guesses(way.id)) == 3 * 8


def test_rounded_percentages_are_taken_and_sum_to_one() -> None:
    assert sum(shares_of([33, 33, 33])) == pytest.approx(1)
    with pytest.raises(ParticipationError, match="from 0 to 100"):
        shares_of([120, -20])


def test_a_control_group_talks_with_nobody(corpus: Corpus, tmp_path: Path) -> None:
    control = '[[conditions]]\nname = "control"\ngroups = ["POLPARTY=Democrat"]\npeople = "Democrats"\n\n[assignment]'
    study = made_study(tmp_path, {"[assignment]": control})
    for _ in range(3):
        way = begin(corpus, study)
        go_through(corpus, way)
        has_talk = "conversation" in {stage.name for stage in corpus.studies.stages(way.id)}
        assert has_talk == (way.row.condition != "control")
    conditions = {row.condition for row in corpus.studies.participations(study.row.sha256)}
    assert conditions == {"democrat", "republican", "control"}


def test_a_control_group_is_asked_nothing_about_a_conversation(corpus: Corpus, tmp_path: Path) -> None:
    control = '[[conditions]]\nname = "control"\ngroups = ["POLPARTY=Democrat"]\npeople = "Democrats"\n\n[assignment]'
    study = made_study(tmp_path, {"[assignment]": control})
    asked = {}
    for _ in range(3):
        way = begin(corpus, study)
        go_through(corpus, way)
        asked[way.row.condition] = [row.instrument for row in corpus.studies.answers(way.id) if row.stage == "after"]
    assert set(asked["democrat"]) - set(asked["control"]) == {"realism", "surprise"}
    assert set(asked["control"]) == {"understanding", "agreement", "warmth", "attention"}


def test_people_are_assigned_apart_by_an_answer(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, {"# by = [": "by = ["})
    rows = []
    for party in ("Democrat", "Republican"):
        for _ in range(2):
            way = begin(corpus, study)
            step = way.next_step()
            assert isinstance(step, Questionnaire)
            asked = next(each for each in step.sheets[0].items if each.item.id == "party")
            way.answer(asked, party)
            go_through(corpus, way)
            rows.append(way.row)
    assert [row.stratum for row in rows] == ["Democrat", "Democrat", "Republican", "Republican"]
    assert {row.condition for row in rows[:2]} == {row.condition for row in rows[2:]} == {"democrat", "republican"}


def test_whoever_fails_more_attention_items_than_allowed_is_excluded(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, {"# wrong_at_most = 0 ": "wrong_at_most = 0 ", 'complete = "DONE"': 'excluded = "NO"'})
    way = begin(corpus, study)
    go_through(corpus, way, until="after")
    step = way.next_step()
    assert isinstance(step, Questionnaire)
    way.answer(step.sheets[-1].items[0], "7")
    assert go_through(corpus, way) == Ended("excluded", "NO")
    assert corpus.studies.participation(way.id).why == "1 wrong answer to items with a correct one"


def test_nothing_is_stored_of_somebody_under_age(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(ParticipationError, match="18 or older; nothing was stored"):
        Participation.begin(corpus, made_study(tmp_path), adult=False)
    assert corpus.studies.studies() == ()


def test_nobody_takes_part_twice_in_one_study(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path)
    way = begin(corpus, study, "P07")
    with pytest.raises(ParticipationError, match=f"go on with: --resume --participation {way.id}"):
        begin(corpus, study, "P07")
    go_through(corpus, way)
    with pytest.raises(ParticipationError, match="people take part once"):
        begin(corpus, study, "P07")
    with pytest.raises(ParticipationError, match="has ended"):
        Participation.resume(corpus, study, way.id)


def test_a_person_known_from_another_study_is_the_same_participant(corpus: Corpus, tmp_path: Path) -> None:
    first = begin(corpus, made_study(tmp_path), "P07")
    other = begin(corpus, made_study(tmp_path, {'name = "neighbours"': 'name = "again"'}), "P07")
    assert other.row.participant_id == first.row.participant_id
    assert len(corpus.studies.consents(first.row.participant_id)) == 2


def test_a_participation_does_not_go_on_under_a_changed_study(corpus: Corpus, tmp_path: Path) -> None:
    way = begin(corpus, made_study(tmp_path))
    changed = made_study(tmp_path, {"least_turns = 3": "least_turns = 4"})
    with pytest.raises(ParticipationError, match="the study file has changed"):
        Participation.resume(corpus, changed, way.id)


def test_several_that_are_not_done_must_be_named(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path)
    with pytest.raises(ParticipationError, match="begin one without --resume"):
        Participation.resume(corpus, study)
    one, other = begin(corpus, study), begin(corpus, study)
    with pytest.raises(ParticipationError, match=f"name one with --participation: {one.id}, {other.id}"):
        Participation.resume(corpus, study)
    assert Participation.resume(corpus, study, other.id).id == other.id


def test_a_participation_is_open_in_one_program_at_a_time(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path)
    way = begin(corpus, study)
    with way.hold(), pytest.raises(ParticipationError, match="is open in another program"):
        Participation.resume(corpus, study, way.id).hold()
    with Participation.resume(corpus, study, way.id).hold():
        pass


def test_a_hold_that_is_released_while_another_program_takes_it_is_taken_once(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = begin(corpus, made_study(tmp_path))
    file = corpus.path.with_name(f"{corpus.path.name}-sittings") / way.id
    lock, locked = fcntl.flock, []

    def lock_late(descriptor: int, operation: int) -> None:
        if not locked:
            file.unlink()  # as whoever held it does, between opening and locking
        locked.append(descriptor)
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    with way.hold(), pytest.raises(ParticipationError, match="open in another program"):
        way.hold()


def test_whoever_leaves_gets_the_code_for_that_and_does_not_come_back(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, {'complete = "DONE"': 'left = "GONE"'})
    way = begin(corpus, study)
    assert way.leave("wanted to stop") == Ended("left", "GONE")
    assert isinstance(way.next_step(), Ended)
    with pytest.raises(ParticipationError, match="has ended"):
        Participation.resume(corpus, study, way.id)


def test_typing_is_kept_only_where_study_and_person_want_it(corpus: Corpus, tmp_path: Path) -> None:
    asked = made_study(tmp_path, {"traces = false ": "traces = true "})
    assert Participation.begin(corpus, asked, adult=True, traces=True).traces
    assert not Participation.begin(corpus, asked, adult=True, traces=False).traces
    unasked = made_study(tmp_path)
    assert not Participation.begin(corpus, unasked, adult=True, traces=True).traces


def test_the_talk_and_the_debriefing_say_with_whom(corpus: Corpus, tmp_path: Path) -> None:
    way = begin(corpus, made_study(tmp_path))
    go_through(corpus, way, until="conversation")
    step = way.next_step()
    assert isinstance(step, Talk)
    assert step.persona.persona.name == way.row.condition
    assert step.conversation_id is None
    do(corpus, way, step)
    go_through(corpus, way, until="debriefing")
    last = way.next_step()
    assert isinstance(last, Debriefing)
    assert last.conversation_id is not None
    assert [str(group) for group in last.groups] == [f"POLPARTY={last.people.removesuffix('s')}"]
