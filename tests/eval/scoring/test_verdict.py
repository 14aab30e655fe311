"""A measurement is judged before it is shown: a love of a letter is not an opinion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eval.answers import FloatArray
from eval.orders import places
from eval.scoring.intervals import Bootstrap
from eval.scoring.validity import BothOrders, InOrders, in_orders, order_agreement, verdict


def softmax(logs: FloatArray) -> FloatArray:
    shares = np.exp(logs - logs.max())
    return np.asarray(shares / shares.sum())


def planted(opinion: float, habit: float, questions: int = 62, seed: int = 0) -> list[BothOrders]:
    """Answers of a model whose logits are an opinion of this size and a habit of the first letters of this size."""
    rng = np.random.default_rng(seed)
    answers = []
    for _ in range(questions):
        options = int(rng.integers(2, 6))
        content, letters = opinion * rng.normal(size=options), -habit * np.arange(options)
        noise = 0.1 * rng.normal(size=(2, options))
        answers.append(BothOrders(softmax(content + letters + noise[0]), softmax(content + letters[::-1] + noise[1])))
    return answers


def judged(answers: list[BothOrders | None], valid: list[bool] | None = None, **how: bool) -> str:
    given = [True] * len(answers) if valid is None else valid
    return verdict(answers, given, Bootstrap(), **{"orders_asked": True, **how}).finding


def test_the_agreement_is_the_correlation_of_the_two_orders_around_even_answers() -> None:
    answers = planted(1, 0.5)
    x = np.concatenate([a.survey - 1 / len(a.survey) for a in answers])
    y = np.concatenate([a.reversed - 1 / len(a.reversed) for a in answers])
    found = order_agreement(answers, Bootstrap())
    assert found is not None
    assert found.mean == pytest.approx(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def test_even_answers_agree_on_nothing() -> None:
    even = [BothOrders(np.full(k, 1 / k), np.full(k, 1 / k)) for k in (2, 3, 4, 5) * 10]
    found = order_agreement(even, Bootstrap())
    assert found is not None
    assert found.mean == 0
    assert judged([*even]) == "follows_letters"


@pytest.mark.parametrize("seed", range(20))
def test_an_opinion_is_sound_and_a_habit_alone_follows_the_letters(seed: int) -> None:
    assert judged([*planted(2, 0, seed=seed)]) == "sound"
    assert judged([*planted(2, 0.5, seed=seed)]) in ("sound", "sound_with_warning")
    assert judged([*planted(0, 2, seed=seed)]) == "follows_letters"
    assert judged([*planted(0.3, 2, seed=seed)]) == "follows_letters"


def test_a_model_that_gives_letters_little_mass_does_not_answer_whatever_else_it_does() -> None:
    answers: list[BothOrders | None] = [*planted(2, 0)]
    assert judged(answers, [True] * 31 + [False] * 31) == "sound"
    assert judged(answers, [True] * 30 + [False] * 32) == "does_not_answer"
    assert judged(answers[:4], [True] + [False] * 3) == "does_not_answer"


def test_nineteen_questions_cannot_be_checked_and_twenty_can() -> None:
    answers: list[BothOrders | None] = [*planted(2, 0)]
    assert judged(answers[:19]) == "cannot_be_checked"
    assert judged(answers[:20]) == "sound"
    assert judged([*answers[:19], *[None] * 43]) == "cannot_be_checked"


def test_where_no_letters_were_shown_there_is_none_to_follow_but_the_judge_may_err() -> None:
    nothing: list[BothOrders | None] = [None] * 30
    assert judged(nothing, orders_asked=False) == "given"
    assert judged(nothing, orders_asked=False, judge_unreliable=True) == "judge_unreliable"
    assert judged([]) == "no_answers"


@given(arrays(np.float64, (30, 2, 4), elements=st.floats(0.001, 1)))
def test_the_agreement_is_between_minus_one_and_one_and_takes_no_side_between_the_orders(masses: FloatArray) -> None:
    shares = masses / masses.sum(axis=2, keepdims=True)
    found = order_agreement([BothOrders(one, two) for one, two in shares], Bootstrap(resamples=50))
    swapped = order_agreement([BothOrders(two, one) for one, two in shares], Bootstrap(resamples=50))
    assert found is not None
    assert swapped is not None
    assert -1 - 1e-9 <= found.mean <= 1 + 1e-9
    assert found.mean == pytest.approx(swapped.mean, abs=1e-12)


def test_with_more_orders_the_agreement_is_taken_over_pairs_and_every_question_counts_once() -> None:
    rng = np.random.default_rng(8)
    shares = {f"Q{n}": rng.dirichlet(np.ones(3), size=3) for n in range(30)}
    orders = ("survey", "rotated-1", "rotated-2")
    found = order_agreement(
        [in_orders(q, dict(zip(orders, each, strict=True))) for q, each in shares.items()], Bootstrap()
    )
    x = {q: each - 1 / 3 for q, each in shares.items()}
    pairs = [(0, 1), (0, 2), (1, 2)]
    dots = sum(sum(each[a] @ each[b] for a, b in pairs) for each in x.values())
    first, second = (
        sum(sum(each[pair[end]] @ each[pair[end]] for pair in pairs) for each in x.values()) for end in (0, 1)
    )
    assert found is not None
    assert found.mean == pytest.approx(dots / np.sqrt(first * second))


def test_a_love_of_the_first_letter_is_told_from_an_opinion_in_all_rotations() -> None:
    def answers(opinion: float, habit: float) -> list[InOrders | None]:
        rng = np.random.default_rng(3)
        made = []
        for n in range(40):
            content = opinion * rng.normal(size=4)
            at = {
                order: np.argsort(places(order, f"Q{n}", 4))
                for order in ("survey", "rotated-1", "rotated-2", "rotated-3")
            }
            made.append(
                in_orders(f"Q{n}", {order: softmax(content - habit * places_) for order, places_ in at.items()})
            )
        return made

    def found(opinion: float, habit: float) -> str:
        given = answers(opinion, habit)
        return verdict(given, [True] * 40, Bootstrap(), orders_asked=True).finding

    assert found(1.0, 0.1) == "sound"
    assert found(0.1, 1.0) == "follows_letters"
