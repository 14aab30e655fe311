"""Survey answers come in the format of the probes, and mean the option that the person chose."""

import hashlib
import json
from collections import Counter
from random import Random

import pytest

from eval.engine import ORDERS
from eval.expression.rendering import lettered, open_prompt, render, render_statement
from eval.expression.sequence import SEQUENCE
from eval.expression.verbalized import VERBALIZED
from eval.surveys.loading import load_survey
from personas import Group
from pocket import answers, lettering
from pocket.panel import Panel
from pocket.respondents import Respondent

KEY = "SOCIETY_GUNS_W92"


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel(load_survey("civic").survey)


def test_a_probe_is_rendered_as_eval_renders_it_and_answered_by_the_letter_of_the_option(panel: Panel) -> None:
    question = panel.questions[KEY].question
    rendered = {render(question, order).probe.prompt: render(question, order) for order in ORDERS}
    rng = Random(1)
    for _ in range(50):
        person = Respondent(panel, panel.crowd(()), rng)
        user, reply = answers.probe(panel, person, KEY, rng, may_refuse=False)
        chosen = rendered[user.text].options["ABCDEF".index(reply.text)]
        assert chosen == question.option_texts[person.answer(KEY)]


def test_people_asked_alike_answer_in_their_groups_shares_and_weigh_one_letter_together(panel: Panel) -> None:
    rng = Random(5)
    person = Respondent(panel, panel.crowd(()), rng)
    totals: Counter[str] = Counter()
    for _ in range(300):
        user, reply = answers.crowd_probe(panel, person, KEY, rng)
        weights = Counter({reply.text: reply.weight, **dict(reply.others)})
        assert weights.total() == pytest.approx(answers.LETTER_WEIGHT)
        listed = dict(line.split(". ", 1) for line in user.text.splitlines() if line[1:3] == ". ")
        totals.update({listed[letter]: weight for letter, weight in weights.items()})
    figures = panel.crowd(()).answers[KEY]
    for text, share in zip(panel.questions[KEY].question.option_texts, figures.shares, strict=True):
        assert totals[text] / totals.total() == pytest.approx(share * (1 - figures.refusal), abs=0.03)


def test_a_sequence_has_thirty_letters_of_the_options(panel: Panel) -> None:
    user, reply = answers.sequence(panel, panel.crowd(()), KEY, Random(2))
    letters = reply.text.split(" ")
    assert len(letters) == 30
    assert set(letters) <= set("ABCDEF")
    assert user.text.endswith(answers.SEQUENCE_INSTRUCTION)


def test_verbalized_shares_name_every_letter_and_sum_to_100(panel: Panel) -> None:
    for seed in range(30):
        _, reply = answers.verbalized(panel, panel.crowd(()), KEY, Random(seed))
        shares = json.loads(reply.text)
        assert list(shares) == list("ABCDEF")
        assert sum(shares.values()) == 100


def test_verbalized_shares_are_the_crowds_own_figures_to_the_nearest_steps(panel: Panel) -> None:
    crowd = panel.crowd((Group(attribute="POLPARTY", value="Democrat"),))
    figures = crowd.answers[KEY]
    for seed in range(6):
        _, reply = answers.verbalized(panel, crowd, KEY, Random(seed))
        told = list(json.loads(reply.text).values())
        options = told[: len(figures.shares)]
        expected = [100 * (1 - figures.refusal) * share for share in figures.shares]
        assert any(
            all(abs(one - other) < 5 for one, other in zip(options, order, strict=True))
            for order in (expected, expected[::-1])
        )


@pytest.mark.parametrize(
    ("counts", "rounded"),
    [([52, 48], [50, 50]), ([33, 33, 34], [35, 30, 35]), ([99, 1], [100, 0]), ([7, 8, 85], [5, 10, 85])],
)
def test_shares_are_rounded_to_fives_by_the_largest_remainders(counts: list[int], rounded: list[int]) -> None:
    assert answers.rounded_to_fives(counts) == rounded


def test_an_open_answer_says_what_the_chosen_option_means(panel: Panel) -> None:
    rng = Random(3)
    person = Respondent(panel, panel.crowd(()), rng)
    _, reply = answers.open_ended(panel, person, "ABORTION_W32", rng)
    words = ("allow", "against the law", "forbid")
    said = [word for word in words if word in reply.text]
    assert said[0] == "allow" if person.answer("ABORTION_W32") == 0 else said[0] in words[1:]


def test_a_few_shot_question_shows_the_others_with_percentages_first(panel: Panel) -> None:
    rng = Random(4)
    person = Respondent(panel, panel.crowd(()), rng)
    user, reply = answers.few_shot(panel, person, ["GOVSIZE1_W92", "BILLION_W92", "ABORTION_W32"], rng)
    target = panel.questions["ABORTION_W32"].question.stem
    assert user.text.index(panel.questions["GOVSIZE1_W92"].question.stem) < user.text.index(target)
    assert user.text.count("%") == 5
    assert reply.text in {"A", "B", "C"}


def test_few_shot_questions_are_those_the_pocket_model_was_trained_on(panel: Panel) -> None:
    """A change of wording costs the built-in model this steering: retrain it, then renew this digest."""
    rng = Random(7)
    texts = []
    for count in (3, 4, 6, 8):
        person = Respondent(panel, panel.crowd(()), rng)
        user, _ = answers.few_shot(panel, person, rng.sample(sorted(panel.questions), count + 1), rng)
        texts.append(user.text)
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    assert digest == "3eb9ba32bcfab0d6d598cbb62ae2ee194b24002e8e649995555aa0c398cd9871"


def test_every_expression_is_asked_in_the_words_that_the_model_was_trained_on(panel: Panel) -> None:
    question = panel.questions[KEY].question
    rng = Random(6)
    crowd = panel.crowd(())
    trained = {
        turn.text
        for _ in range(30)
        for turn in (
            answers.sequence(panel, crowd, KEY, rng)[0],
            answers.verbalized(panel, crowd, KEY, rng)[0],
            answers.open_ended(panel, Respondent(panel, crowd, rng), KEY, rng)[0],
        )
    }
    asked = {open_prompt(question)}
    asked |= {method.render(question, order).probe.prompt for method in (SEQUENCE, VERBALIZED) for order in ORDERS}
    assert asked == trained


def test_the_judge_is_asked_in_one_of_the_wordings_of_the_exercise(panel: Panel) -> None:
    question = panel.questions[KEY].question
    printed = lettered((*question.option_texts, *question.refusals))
    exercises = {lettering.letter_of_a_statement(panel, KEY, Random(seed))[0].text for seed in range(200)}
    said = [text for text in exercises if "Somebody said" in text]
    assert said
    for text in said:
        statement = text.split('Somebody said: "')[1].split('."')[0]
        listing = "\n".join(line for line in text.splitlines() if line[1:3] == ". ")
        asked = render_statement(question, "survey", f"{statement}.").probe.prompt
        assert asked.replace(printed, listing) == text
