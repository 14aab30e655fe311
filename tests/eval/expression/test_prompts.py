"""The wording of every prompt is pinned: the built-in model was trained on it, and cached answers are found by it."""

import hashlib
from collections.abc import Iterable

import pytest

from eval.engine import ORDERS
from eval.expression.few_shot import as_asked
from eval.expression.methods import METHODS, Expression
from eval.expression.rendering import ordered_options, render, render_statement
from eval.surveys.loading import load_survey
from personas import load_persona, with_steering

CIVIC = load_survey("civic").survey


def digest(texts: Iterable[str]) -> str:
    """Return the SHA-256 of `texts` in their order, each ended by a zero byte."""
    return hashlib.sha256("".join(f"{text}\0" for text in texts).encode()).hexdigest()


@pytest.mark.parametrize(
    ("expression", "sha256"),
    [
        ("log_probability", "76bafe517bcb566ad51c9520d452c91eb3b530f7d3899a2e90159d9d6b233bf6"),
        ("sequence", "c69866e1892517c0ad45ada87da37b8be53a09cf8b20cc5e4fda2f1de5d09c44"),
        ("verbalized", "9df839b79bb249d092a501fb052a583bc09f4e63af9b10b0f42765a5f347d934"),
        ("sampled", "76bafe517bcb566ad51c9520d452c91eb3b530f7d3899a2e90159d9d6b233bf6"),
        ("open_ended", "b037c2b232362a79c14e0e154fdab759e52db407c7ac673df9a85c6203811070"),
    ],
)
def test_the_prompts_of_a_method_do_not_change(expression: Expression, sha256: str) -> None:
    assert digest(text for question in CIVIC.questions for text in METHODS[expression].prompts(question)) == sha256


def test_the_prompts_to_the_judge_do_not_change() -> None:
    prompts = [
        render_statement(question, order, statement).probe.prompt
        for question in CIVIC.questions
        for statement in question.option_texts
        for order in ORDERS
    ]
    assert digest(prompts) == "8e52daf5cb21146e1d31b536a580edd84342f75a7bbea7a84200c91cb94d089d"


def test_the_prompts_of_few_shot_steering_do_not_change() -> None:
    persona = with_steering(load_persona("democrat").persona, "few_shot")
    asked = as_asked(persona, CIVIC, CIVIC.questions)
    prompts = [text for question in asked for text in METHODS["log_probability"].prompts(question)]
    assert digest(prompts) == "4465711cf53323a49094f560e576c305ebcc3992ab90a500cdfbc2b0a96d32ba"


def test_a_probe_is_the_stem_the_lettered_options_the_refusals_and_the_request() -> None:
    question = CIVIC.questions[0]
    first, second = METHODS["log_probability"].prompts(question)
    texts = [*question.option_texts[::-1], *question.refusals]
    lines = [f"{letter}. {text}" for letter, text in zip("ABCDEFGH", texts, strict=False)]
    assert second.splitlines() == [*question.stem.splitlines(), *lines, "Answer with one letter only."]
    assert first != second


def test_for_a_base_model_a_probe_ends_where_the_answer_begins_and_asks_for_no_letter() -> None:
    question = CIVIC.questions[0]
    probe = render(question, "survey").probe
    lines = [f"{letter}. {text}" for letter, text in zip("ABCDEFGH", ordered_options(question, "survey"), strict=False)]
    assert probe.plain == "\n".join([f"Question: {question.stem}", *lines, "Answer:"])


def test_for_a_base_model_the_answers_of_the_group_come_before_the_question() -> None:
    persona = with_steering(load_persona("democrat").persona, "few_shot")
    (asked,) = as_asked(persona, CIVIC, CIVIC.questions[:1])
    plain = render(asked, "survey").probe.plain or ""
    assert plain.startswith("This is how people like you answered some other questions.")
    assert plain.count("Question: ") == 1
    assert f"as one of them.\n\nQuestion: {CIVIC.questions[0].stem}\nA. " in plain


def test_for_a_base_model_a_judge_has_the_statement_after_the_options() -> None:
    plain = render_statement(CIVIC.questions[0], "survey", "Maybe.").probe.plain or ""
    assert plain.endswith('\nSomebody said: "Maybe." Which answer fits that best?\nAnswer:')
