"""The panel's first lines count the questions that the number above them is over."""

from chat_personas.monitor import Estimate
from chat_personas.tui.widgets.panel.headline import headline
from eval.scoring import score
from tests.eval.towns import DEMOCRAT, REPUBLICAN, answer, question, town


def test_questions_without_figures_for_the_group_do_not_count_toward_its_interval() -> None:
    known = question("BUS", {DEMOCRAT: (6, 4)}, overall=(6, 4))
    unknown = [question(f"Q{number}", {REPUBLICAN: (6, 4)}, overall=(6, 4)) for number in range(30)]
    survey = town(known, *unknown)
    card = score(survey, (DEMOCRAT,), [answer(each.id, [0.6, 0.4]) for each in survey.questions])
    said = headline("Democrat", Estimate(card, done=31, total=31, complete=True), "").plain
    assert "no interval yet: 1 question, 20 are needed" in said
