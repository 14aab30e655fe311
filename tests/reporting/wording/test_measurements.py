"""What the figures mean is said in words, and nothing is claimed that they do not show."""

import pytest

from chat_personas.reporting.wording.measurements import change_written, doubts, model_described, nearest_groups
from chat_personas.reporting.wording.steering import stored_intervention_described
from eval.engine import EngineInfo
from eval.scoring.results import Difference, GroupSample, OppositeScores, PairedScore, Reference, References
from tests.eval.intervals import interval, paired

CLOSER, UNSURE, FARTHER = paired(-0.2, -0.25, -0.15), paired(-0.02, -0.05, 0.01), paired(0.2, 0.1, 0.3)
LARGE = GroupSample(people=800, share=0.3, everyone_else=None, sample=interval(0.01))


def beside(minus_persona: PairedScore, distance: float = 0.1) -> References:
    """References of which there is only answering as everyone, whose alignment is this much above the persona's."""
    difference = Difference(alignment=minus_persona, total_variation=None)
    population = Reference(alignment=None, total_variation=interval(distance), minus_persona=difference)
    return References(uniform=None, population=population, opposite=None, noise_floor=None)


def against(own: PairedScore, beyond_even: PairedScore | None) -> OppositeScores:
    """The persona against Republicans: this much closer to them, and this much beyond even answers."""
    minus_even = None if beyond_even is None else Difference(alignment=beyond_even, total_variation=None)
    return OppositeScores(
        attribute="POLPARTY",
        value="Republican",
        alignment=None,
        total_variation=None,
        minus_own=Difference(alignment=own, total_variation=None),
        minus_even=minus_even,
    )


def about_group(own: PairedScore, beyond_even: PairedScore | None) -> list[str]:
    return list(doubts(against(own, beyond_even), None, None, of_everyone=False))


def about_everyone(difference: PairedScore, sample: GroupSample | None = LARGE, distance: float = 0.1) -> list[str]:
    return list(doubts(None, beside(difference, distance), sample, of_everyone=False))


def test_a_persona_that_is_clearly_its_own_group_is_not_doubted() -> None:
    assert list(doubts(against(CLOSER, CLOSER), beside(CLOSER), LARGE, of_everyone=False)) == []


def test_a_persona_that_leans_to_its_group_no_more_than_even_answers_is_no_closer_to_it() -> None:
    assert about_group(CLOSER, UNSURE) == [
        "this persona is not detectably closer to its own group's answers than to Republican answers "
        "(difference +0.020 [-0.010, +0.050] beyond that of even answers)"
    ]


def test_a_persona_that_sounds_like_the_opposite_is_called_that() -> None:
    assert about_group(FARTHER, paired(0.1, 0.05, 0.15)) == [
        "this persona is closer to Republican answers than to its own group's (difference +0.200 [+0.100, +0.300])"
    ]


def test_closer_to_the_opposite_is_not_said_where_even_answers_explain_it_or_only_they_show_it() -> None:
    assert about_group(FARTHER, CLOSER) == []
    (unexplained,) = about_group(FARTHER, UNSURE)
    assert "is not detectably closer to its own group's answers" in unexplained
    (only_beyond,) = about_group(UNSURE, FARTHER)
    assert "is not detectably closer to its own group's answers" in only_beyond


@pytest.mark.parametrize("beyond", [paired(0.2, 0.1, 0.3, p=0.2), paired(0.2, -0.1, 0.3, p=0.01)])
def test_closer_to_the_opposite_needs_interval_and_test_together(beyond: PairedScore) -> None:
    (said,) = about_group(FARTHER, beyond)
    assert "is not detectably closer" in said


def test_an_older_report_and_too_few_questions_claim_nothing_about_the_group() -> None:
    assert about_group(FARTHER, None) == []
    assert about_group(paired(0.2), paired(0.2)) == []


def test_a_difference_that_may_be_chance_is_said_with_its_interval() -> None:
    assert about_everyone(paired(0.01, -0.01, 0.03)) == [
        "this persona is not detectably closer to its group than everyone's answers are "
        "(its alignment minus theirs -0.010 [-0.030, +0.010])"
    ]
    assert about_everyone(paired(0.02, 0.01, 0.03)) == [
        "this persona is farther from its group than everyone's answers are "
        "(its alignment minus theirs -0.020 [-0.030, -0.010])"
    ]
    assert about_everyone(paired(0.02)) == []


def test_nothing_is_said_of_everyone_where_they_owe_their_closeness_to_a_small_sample() -> None:
    farther = paired(0.02, 0.01, 0.03)
    small = LARGE.model_copy(update={"people": 150})
    assert about_everyone(farther, small) == []
    assert about_everyone(farther, small.model_copy(update={"share": 0.05})) != []
    assert about_everyone(farther, LARGE, distance=0.005) == [], "a new sample is farther than everyone's answers are"


def test_a_report_that_does_not_say_how_large_the_sample_is_calls_nothing_farther() -> None:
    (said,) = about_everyone(paired(0.02, 0.01, 0.03), None)
    assert "is not detectably closer to its group than everyone's answers are" in said


def test_a_persona_that_is_compared_with_everyone_is_not_said_to_be_farther_from_them_than_they_are() -> None:
    assert list(doubts(None, beside(paired(0.045, 0.03, 0.06)), LARGE, of_everyone=True)) == []


def test_ties_are_counted_before_they_are_named() -> None:
    said = nearest_groups(["A", "B, or C", "D", "E"], 35, "0.812", bounded=True)
    assert said == "nearest groups: 4 of 35 tied (each may be the nearest): A 0.812; B, or C; D; …"
    first = nearest_groups(["A"], 35, "0.812", bounded=True)
    assert first == "nearest group: A 0.812, clearly first"


def test_under_twenty_questions_no_group_is_named() -> None:
    said = nearest_groups(["A", "B"], 35, "0.812", bounded=False)
    assert said == "nearest groups: too few questions (under 20) to rank groups"


def test_a_base_model_is_called_one_wherever_it_is_named() -> None:
    assert model_described(EngineInfo("gemma", "llama", prompt_format="plain")) == (
        "gemma (a base model: it continues text)"
    )
    for format_ in ("template", None):
        assert model_described(EngineInfo("gemma", "llama", prompt_format=format_)) == "gemma"  # type: ignore[arg-type]
    given = EngineInfo("gemma", "llama", prompt_format="template", template="chatml")
    assert model_described(given) == "gemma (asked through the template chatml, which was given for it)"


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("add party (sha256 ab), layers 3, strength 0.5", "add party (sha256 ab), layer 3, strength 0.5"),
        ("clamp party (sha256 ab), layers 3,5, strength 1.0", "clamp party (sha256 ab), layers 3,5, strength 1.0"),
        ("ablate party (sha256 ab), layers 12", "ablate party (sha256 ab), layer 12"),
    ],
)
def test_what_was_changed_in_one_layer_is_not_said_to_be_in_layers(key: str, written: str) -> None:
    assert stored_intervention_described(key) == written


@pytest.mark.parametrize(
    ("change", "written"),
    [
        (paired(-0.0098, -0.0182, -0.0031), "-0.010 [-0.018, -0.003]"),
        (paired(-0.0098, -0.0182, -0.0003), "-0.0098 [-0.0182, -0.0003]"),
        (paired(-0.0098, -0.0182, 0.0003), "-0.01 [-0.02, +0.00]"),
        (paired(0.02, 0.01, 0.03), "+0.02 [+0.01, +0.03]"),
    ],
)
def test_an_interval_without_zero_does_not_read_as_one_that_ends_there(change: PairedScore, written: str) -> None:
    assert change_written(change, decimals=2) == written
