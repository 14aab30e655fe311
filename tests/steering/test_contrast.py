"""Both sides of a pair differ in the prompt alone, and what judges a direction is never what it was trained on."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.steering.contrast import Contrast, between_personas, from_file, halves, survey_halves
from chat_personas.steering.errors import SteeringError
from eval.states import Opening
from eval.surveys.loading import load_survey
from personas import evaluation_prompt, load_persona


def between(positive: str = "democrat", negative: str = "republican", seed: int = 0) -> Contrast:
    one, other = (load_persona(name).persona for name in (positive, negative))
    return between_personas(one, other, load_survey("civic").survey, seed)


@given(st.lists(st.text(), unique=True), st.integers(0, 100))
def test_halves_share_nothing_leave_nothing_out_and_keep_the_order(items: list[str], seed: int) -> None:
    training, held_out = halves(items, str, seed)
    assert len(training) - len(held_out) in (0, 1)
    assert sorted([*training, *held_out]) == sorted(items)
    assert [item for item in items if item in training] == list(training)


@given(st.permutations(list("abcdefgh")))
def test_which_half_a_question_is_in_does_not_depend_on_the_order(items: list[str]) -> None:
    assert set(halves(items, str)[0]) == set(halves(list("abcdefgh"), str)[0])


def test_the_two_sides_of_a_pair_differ_in_the_prompt_alone() -> None:
    contrast = between()
    prompts = [evaluation_prompt(load_persona(name).persona) for name in ("democrat", "republican")]
    for pair in (*contrast.training, *contrast.held_out):
        for side, prompt in zip((pair.positive, pair.negative), prompts, strict=True):
            assert (side.messages[0].role, side.messages[0].content) == ("system", prompt)
        assert pair.positive.messages[1:] == pair.negative.messages[1:]
        assert pair.positive.reply == pair.negative.reply


def test_no_question_is_both_trained_on_and_held_out() -> None:
    contrast = between()

    def asked(half: str) -> set[tuple[str, str]]:
        return {(pair.positive.messages[-1].content, pair.positive.reply) for pair in getattr(contrast, half)}

    assert not asked("training") & asked("held_out")
    training, held_out = survey_halves(load_survey("civic").survey)
    assert (len(training), len(held_out)) == (31, 31)
    assert any(question.stem in said for question in training for said, _ in asked("training"))
    assert not any(question.stem in said for question in held_out for said, _ in asked("training"))


def test_the_hash_tells_contrasts_apart() -> None:
    found = {between().sha256, between("republican", "democrat").sha256, between(seed=1).sha256}
    assert len(found) == 3
    assert between().sha256 in found


def test_two_personas_with_one_prompt_have_nothing_between_them() -> None:
    with pytest.raises(SteeringError, match="have the same prompt"):
        between("democrat", "democrat")


def test_pairs_of_a_file_are_read_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    long = {"system": "Be formal.", "user": "Greet me.", "assistant": "Good"}
    lines = [{"positive": f"Good morning {n}", "negative": f"hey {n}"} for n in range(7)]
    path.write_text("\n".join(json.dumps(line) for line in [*lines, {"positive": long, "negative": "hey"}]))
    contrast = from_file(path)
    assert (len(contrast.training), len(contrast.held_out)) == (4, 4)
    openings = [pair.positive for pair in (*contrast.training, *contrast.held_out)]
    assert [(m.role, m.content) for o in openings if o.reply for m in o.messages] == [
        ("system", "Be formal."),
        ("user", "Greet me."),
    ]
    assert [o.reply for o in openings if o.reply] == ["Good"]
    assert all(isinstance(o, Opening) for o in openings)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2"),
        ('{"positive": "a"}', '"negative" is missing'),
        ('{"positive": "a", "negative": "a"}', "nothing lies between"),
        ('{"positive": "a", "negative": "b", "neutral": "c"}', 'no key "neutral"'),
        ('{"positive": {"assistant": "a"}, "negative": "b"}', 'needs "user" or "system"'),
        ('{"positive": "", "negative": "b"}', "is empty"),
    ],
)
def test_a_fault_in_a_file_of_pairs_is_named_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"positive": "a", "negative": "b"}\n' + line)
    with pytest.raises(SteeringError, match=said) as raised:
        from_file(path)
    assert "line 2" in str(raised.value)


def test_too_few_pairs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"positive": "a", "negative": "b"}\n' * 3)
    with pytest.raises(SteeringError, match="has 3 pairs; give at least 8"):
        from_file(path)
