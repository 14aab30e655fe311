"""How many questions are said to be measured is how many the figures rest on, at every moment of a round."""

from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from chat_personas.corpus import Corpus
from chat_personas.monitor.monitor import Estimate
from chat_personas.reporting.explained.sections import Measured, explain
from chat_personas.reporting.in_sentences import under_way, whole
from chat_personas.tui.widgets.panel.headline import Figures, headline, in_short
from tests.monitor.test_history import HELLO, NAMES, cut_short, monitor, replies, saying

FAILING = {f"{NAMES[5]}/reversed": "no letter", f"{NAMES[6]}/reversed": "no letter"}


@pytest.fixture
def a_second_passes_with_every_few_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count(start=10, step=0.2)
    monkeypatch.setattr("chat_personas.monitor.monitor.time", SimpleNamespace(monotonic=lambda: next(ticks)))


async def estimates_of_a_round(corpus_file: Path) -> list[Estimate]:
    with Corpus.open(corpus_file) as corpus:
        (reply,) = replies(corpus)
        measuring = monitor(saying(0.4, failures=FAILING), corpus).measure(HELLO, reply)
        return [estimate async for estimate in measuring]


@pytest.mark.usefixtures("a_second_passes_with_every_few_answers")
async def test_the_count_is_that_of_the_questions_on_which_the_figures_rest(corpus_file: Path) -> None:
    *under_way, last = await estimates_of_a_round(corpus_file)
    scored = [each for each in under_way if each.scorecard is not None]
    assert len(scored) > 3
    for each in [*scored, last]:
        assert each.scorecard is not None
        assert each.answered == len(each.scorecard.questions)
        assert each.coverage is not None
        assert each.coverage.measured == each.answered
    assert (last.answered, last.done, last.total) == (38, 40, 40)


@pytest.mark.usefixtures("a_second_passes_with_every_few_answers")
async def test_the_panel_its_short_line_the_explanation_and_listeners_are_told_one_count(corpus_file: Path) -> None:
    for estimate in await estimates_of_a_round(corpus_file):
        card, number = estimate.scorecard, estimate.answered
        if card is None:
            continue
        if estimate.complete:
            assert (
                f"measured {number} of {estimate.total} questions"
                in headline("Democrat", Figures().after(estimate)).plain
            )
            continue
        first = f"the first {estimate.total} of 40" if estimate.first_part else f"{estimate.total}"
        shown, stopped = Figures().after(estimate), Figures(estimate, card, halted=True, state="off")
        assert f"measuring… {number} of {first} questions" in headline("Democrat", shown).plain
        assert f"measuring… {number}/{estimate.total}" in in_short(shown)
        assert f"stopped after {number} of {first} questions; off" in headline("Democrat", stopped).plain
        assert under_way(estimate) == f"Measuring, {number} of {first.removesuffix(' of 40')}."
        assert f"Stopped after {number} of {first} questions." in next(
            whole(estimate, "Democrat", "", None, halted=True)
        )
        explained = " ".join(explain("alignment", Measured("Democrat", estimate, card)).says)
        assert f"The figures rest on {number} question" in explained


@pytest.mark.usefixtures("a_second_passes_with_every_few_answers")
async def test_a_count_that_grows_says_before_that_it_is_of_the_first_questions(corpus_file: Path) -> None:
    estimates = await estimates_of_a_round(corpus_file)
    assert [(each.first_part, each.total) for each in estimates if each.total == 28] != []
    for each in estimates:
        assert each.first_part == (each.total == 28)
    begun = estimates[0]
    assert "measuring… 0 of the first 28 of 40 questions" in headline("Democrat", Figures().after(begun)).plain
    assert in_short(Figures().after(begun)) == "measuring… 0/28 of 40"
    assert under_way(begun) == "Measuring, 0 of the first 28."


async def test_what_an_interrupted_round_is_taken_up_with_is_said_where_it_is_counted(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        (reply,) = replies(corpus)
        session = monitor(saying(0.4), corpus)
        await cut_short(session, reply, 30)
        conversation = corpus.branch(reply)[0].conversation_id
        first, *_ = [each async for each in session.measure(HELLO, reply, conversation)]
    assert first.answered == first.from_before > 0
    said = f"measuring… {first.answered} of 40 questions, {first.answered} of them from an earlier measurement"
    assert said in headline("Democrat", Figures().after(first)).plain
