"""A person goes through a whole study on the screen, by keys or with the mouse, at once or in several sittings."""

from collections import Counter
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.studies.participation import Identity
from chat_personas.tui.study.guessing import GuessPage, ShareBar
from chat_personas.tui.study.pages import ConsentPage, DebriefingPage, Option, StudyPage, TextPage
from chat_personas.tui.study.questionnaire import QuestionnairePage, ScaleBar
from chat_personas.tui.study.talk import TalkPage
from tests.studies.making import made_study
from tests.tui.fakes import shown, until, words
from tests.tui.study.people import SHORT, agree, app_of, go_through, opens, page, taking_part, talkative

STAGES = ("intake", "before", "guesses_before", "conversation", "guesses_after", "after", "debriefing")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_person_comes_from_consent_to_the_code_by_keys_alone(
    corpus: Corpus, tmp_path: Path, size: tuple[int, int]
) -> None:
    study = made_study(tmp_path)
    async with taking_part(corpus, study, size=size) as pilot:
        await go_through(pilot, lambda here: isinstance(here, TextPage) and "DONE" in words(pilot))
        (way,) = corpus.studies.participations(study.row.sha256)
        assert "Your code: DONE" in shown(pilot)
        assert way.participant_id in words(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app._exit)
    assert (app_of(pilot).return_code, app_of(pilot).session.failure) == (0, None)
    assert way.status == "complete"
    assert [stage.name for stage in corpus.studies.stages(way.id)] == list(STAGES)
    answers = corpus.studies.answers(way.id)
    assert Counter(row.stage for row in answers) == {"intake": 10, "before": 5, "after": 10}
    assert all(row.seconds is not None and row.seconds >= 0 for row in answers)
    by_item = {(row.stage, row.item): row for row in answers}
    assert by_item["intake", "age"].code == "30-49"
    assert by_item["before", "warmth"].value == 65
    assert by_item["after", "attention"].value == 2
    assert by_item["after", "what"].said == "Words"
    guesses = corpus.studies.guesses(way.id)
    assert Counter(row.stage for row in guesses) == {"guesses_before": 8, "guesses_after": 8}
    assert {row.shares[0] for row in guesses} == {0.4}
    conversation = corpus.studies.conversation_of(way.id)
    assert conversation is not None
    leaf = corpus.conversation(conversation).active_leaf_id
    assert leaf is not None
    assert [row.text for row in corpus.branch(leaf)] == ["Why?", "Reply 1.", "Why?", "Reply 2.", "Why?", "Reply 3."]


@pytest.mark.parametrize(
    "stage", [stage if stage == "conversation" else pytest.param(stage, marks=pytest.mark.slow) for stage in STAGES]
)
async def test_whoever_stops_in_a_stage_goes_on_there(corpus: Corpus, tmp_path: Path, stage: str) -> None:
    study = made_study(tmp_path, SHORT)
    part = f"{STAGES.index(stage) + 1} of 7"
    engine = talkative()
    async with taking_part(corpus, study, opens(engine)) as pilot:
        await go_through(pilot, lambda here: here.session.stage == part and not isinstance(here, TextPage))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "Go on later" in shown(pilot))
        await pilot.press("l")
        await until(pilot, lambda: pilot.app._exit)
    assert app_of(pilot).return_code == 0
    (before,) = corpus.studies.participations(study.row.sha256)
    assert before.status == "running"

    async with taking_part(corpus, study, opens(engine), resume=True) as pilot:
        assert f"part {part}" in shown(pilot)
        await go_through(pilot)
    (after,) = corpus.studies.participations(study.row.sha256)
    assert (after.id, after.status, after.condition) == (before.id, "complete", before.condition or after.condition)
    assert len(corpus.studies.answers(after.id)) == 5
    assert len(corpus.studies.guesses(after.id)) == 10


@pytest.mark.slow
async def test_questions_are_answered_and_guessed_with_the_mouse(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, SHORT)
    async with taking_part(corpus, study) as pilot:
        await agree(pilot)
        sheet = page(pilot, QuestionnairePage)
        for box in sheet.boxes:
            sheet.scroller.scroll_to_widget(box, animate=False)
            await pilot.pause()
            await pilot.click(list(box.query(Option))[-1])  # prefers not to say
            await until(pilot, lambda box=box: box.given)  # type: ignore[misc]
        await pilot.click("#go_on")
        await until(pilot, lambda: pilot.app.screen is not sheet)
        await go_through(pilot, lambda here: bool(here.query(ScaleBar)))
        sheet = page(pilot, QuestionnairePage)
        await pilot.click(ScaleBar, offset=(39, 0))
        await until(pilot, lambda: sheet.boxes[0].given)
        await pilot.click("#go_on")
        await go_through(pilot, lambda here: isinstance(here, GuessPage))
        first = page(pilot, GuessPage)
        bars = list(first.query(ShareBar))
        await pilot.click(bars[0], offset=(49, 0))
        await until(pilot, lambda: first.percents[0] == 100)
        assert not first.button.disabled
        await pilot.click("#go_on")
        await until(pilot, lambda: pilot.app.screen is not first)
    (way,) = corpus.studies.participations(study.row.sha256)
    answers = {(row.instrument, row.item): row for row in corpus.studies.answers(way.id)}
    assert all(row.declined for (instrument, _), row in answers.items() if instrument == "exposure")
    assert answers["warmth", "warmth"].value == 100
    (guessed,) = corpus.studies.guesses(way.id)
    assert guessed.shares[0] == 1


async def test_nothing_is_stored_before_a_person_agrees(corpus: Corpus, tmp_path: Path) -> None:
    async with taking_part(corpus, made_study(tmp_path)) as pilot:
        await pilot.press("f2")
        await until(pilot, lambda: "Please say first" in words(pilot))
        assert corpus.studies.studies() == ()
        await pilot.click("#refuse")
        await until(pilot, lambda: "nothing was stored" in words(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app._exit)
    assert app_of(pilot).return_code == 0
    assert corpus.studies.studies() == ()


async def test_somebody_under_age_reads_one_sentence_and_nothing_is_stored(corpus: Corpus, tmp_path: Path) -> None:
    async with taking_part(corpus, made_study(tmp_path)) as pilot:
        await pilot.press("tab", "2")
        await pilot.press("f2")
        await until(pilot, lambda: "You said that you are younger than 18." in words(pilot))
        await pilot.press("f2")
        await until(pilot, lambda: "This study is for people of 18 or older." in words(pilot))
    assert corpus.studies.studies() == ()


async def test_a_wrong_digit_about_age_is_put_right_by_another_one_and_costs_nobody(
    corpus: Corpus, tmp_path: Path
) -> None:
    async with taking_part(corpus, made_study(tmp_path)) as pilot:
        await pilot.press("2")  # nothing has the focus yet
        await until(pilot, lambda: "● No, I am younger" in words(pilot))
        await pilot.press("1")
        await until(pilot, lambda: "● Yes, I am 18 or older" in words(pilot))
        await pilot.press("2", "f2")
        await until(pilot, lambda: "You said that you are younger than 18." in words(pilot))
        await pilot.press("1", "f2")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ConsentPage))
        assert "This study is for people of 18 or older." not in words(pilot)


async def test_the_digit_that_puts_an_age_right_agrees_to_nothing_else(corpus: Corpus, tmp_path: Path) -> None:
    async with taking_part(corpus, made_study(tmp_path, {"traces = false ": "traces = true "})) as pilot:
        await pilot.press("2", "1")
        await until(pilot, lambda: "● Yes, I am 18 or older" in words(pilot))
        assert "● Yes" not in words(pilot).replace("● Yes, I am 18 or older", "")


@pytest.mark.parametrize(("key", "agreed"), [("1", True), ("2", False)])
async def test_how_people_type_is_asked_apart(corpus: Corpus, tmp_path: Path, key: str, agreed: bool) -> None:
    study = made_study(tmp_path, {"traces = false ": "traces = true "})
    async with taking_part(corpus, study) as pilot:
        await pilot.press("tab", "1")
        await until(pilot, lambda: page(pilot, ConsentPage).focused is page(pilot, ConsentPage)._traces)
        await pilot.press(key, "f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextPage))
    (way,) = corpus.studies.participations(study.row.sha256)
    (consent,) = corpus.studies.consents(way.participant_id)
    assert consent.traces == agreed


async def test_enter_held_down_never_agrees(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, {"traces = false ": "traces = true "})
    async with taking_part(corpus, study) as pilot:
        await pilot.press("tab", *["enter"] * 9)
        consent = page(pilot, ConsentPage)
        assert consent.button.has_focus
        assert "Press F2 to agree" in words(pilot)
        assert corpus.studies.studies() == ()
        await pilot.press("space")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextPage))


async def test_a_person_who_took_part_before_is_told_so_and_the_program_ends(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path)
    async with taking_part(corpus, study) as pilot:
        await agree(pilot)
    async with taking_part(corpus, study) as pilot:
        await pilot.press("tab", "1", "f2")
        await until(pilot, lambda: pilot.app._exit)
    assert "is in this study already" in str(app_of(pilot).session.failure)
    assert app_of(pilot).return_code == 2


@pytest.mark.slow
async def test_a_control_group_needs_no_model(corpus: Corpus, tmp_path: Path) -> None:
    control = '[[conditions]]\nname = "control"\ngroups = ["POLPARTY=Democrat"]\npeople = "Democrats"\n\n[assignment]'
    study = made_study(tmp_path, SHORT | {"[assignment]": control})

    async def broken() -> None:
        from eval.engine import EngineError

        raise EngineError("there is no such model")

    status = []
    for name in ("P1", "P2", "P3"):
        async with taking_part(corpus, study, broken, identity=Identity(participant=name)) as pilot:  # type: ignore[arg-type]
            await go_through(pilot, lambda here: isinstance(here, TalkPage))
    for way in corpus.studies.participations(study.row.sha256):
        status.append((way.condition == "control", way.status))
    assert sorted(status) == [(False, "running"), (False, "running"), (True, "complete")]


@pytest.mark.slow
async def test_every_page_fits_on_80_columns_and_names_its_keys(corpus: Corpus, tmp_path: Path) -> None:
    async with taking_part(corpus, made_study(tmp_path, SHORT), size=(80, 24)) as pilot:
        while True:
            here = pilot.app.screen
            assert isinstance(here, StudyPage)
            lines = shown(pilot).splitlines()
            assert len(lines) == 24
            assert max(map(len, lines)) <= 80
            assert "^q Pause or leave" in lines[-1]
            if isinstance(here, DebriefingPage):
                return
            await go_through(pilot, lambda there, here=here: there is not here)  # type: ignore[misc]
