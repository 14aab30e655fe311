"""A kept answer is the answer, to the last bit, and nothing that is not one is kept."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chat_personas.engines.cached.entries import KeptReply, KeptScore
from eval.engine import LabelScore, Probe, ProbeScore

PROBE = Probe("BUS/survey", "Buses?\nA. yes\nB. no", ("A", "B"))
BOUND = st.floats(max_value=0, allow_nan=False) | st.just(-math.inf)


def score(*bounds: tuple[float, float], mass: float = 0.5, failure: str | None = None) -> ProbeScore:
    labels = tuple(LabelScore(label, *both) for label, both in zip("AB", bounds, strict=False))
    return ProbeScore("BUS/survey", labels, mass, failure)


@given(st.lists(st.tuples(BOUND, BOUND), min_size=2, max_size=2), st.floats(min_value=0, max_value=1, exclude_min=True))
def test_an_answer_comes_back_bit_for_bit(bounds: list[tuple[float, float]], mass: float) -> None:
    given_score = score(*((min(both), max(both)) for both in bounds), mass=mass)
    text = KeptScore.of(given_score, PROBE).model_dump_json()
    assert KeptScore.model_validate_json(text).score("BUS/survey") == given_score


def test_the_score_of_whole_texts_comes_back_without_a_label_mass() -> None:
    texts = Probe("BUS/texts", "Buses?", ("yes", "no"), texts=True)
    asked = ProbeScore("BUS/texts", (LabelScore("yes", -1.5, -1.5), LabelScore("no", -2.5, -2.5)), None)
    kept = KeptScore.of(asked, texts).model_dump_json()
    assert KeptScore.read(kept, texts).score("BUS/texts") == asked
    letters = Probe("BUS/texts", "Buses?", ("yes", "no"))
    with pytest.raises(ValueError, match="label mass"):
        KeptScore.read(kept, letters)


def test_what_asking_cost_is_not_paid_again() -> None:
    asked = ProbeScore(
        "x", score((-1, -1), (-2, -2)).labels, 0.5, tokens_decoded=9, tokens_reused=8, dropped_messages=2
    )
    again = KeptScore.of(asked, PROBE).score("y")
    assert (again.key, again.tokens_decoded, again.tokens_reused, again.dropped_messages) == ("y", 0, 0, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        score(failure="the server said no"),
        score((-1, -1)),
        score((-1, -1), (-2, -2), mass=math.nan),
        score((-1, -1), (-2, -2), mass=0),
        score((-1, -1), (-2, -2), mass=1.5),
        score((math.nan, -1), (-2, -2)),
        score((-1, -2), (-2, -2)),
        score((-1, math.inf), (-2, -2)),
        score((-1, 0.5), (-2, -2)),
    ],
)
def test_what_is_no_answer_is_not_kept(wrong: ProbeScore) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        KeptScore.of(wrong, PROBE)


@given(st.text())
def test_no_text_that_is_no_answer_is_read_as_one(text: str) -> None:
    for model in (KeptScore, KeptReply):
        with pytest.raises(ValidationError):
            model.model_validate_json(text)


def test_an_empty_reply_comes_back_as_any_other() -> None:
    assert KeptReply.model_validate_json(KeptReply(text="").model_dump_json()).text == ""
