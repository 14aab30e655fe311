"""A fault of a document is one line: the place, the value found, and the fix."""

import json
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from personas.inputs.models import Line, StrictModel, broken_rule, choices_at, explain, faults, keys_at, place_in


class Step(StrictModel):
    """One step of a recipe."""

    text: Line
    minutes: Annotated[float, Field(gt=0, le=90)] = 1.0
    heat: Literal["low", "high"] = "low"


class Recipe(StrictModel):
    """A recipe."""

    schema_: Literal["recipe@1"] = Field(default="recipe@1", alias="schema")
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    grams: dict[str, int] = Field(default_factory=dict)


def said(**document: Any) -> list[str]:
    """Return what is said about each fault of a recipe."""
    with pytest.raises(ValidationError) as caught:
        Recipe.model_validate_json(json.dumps(document))
    return [explain(each, Recipe) for each in faults(caught.value)]


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ({"minutes": 2}, 'steps 1: "text" is missing; add it'),
        ({"text": " "}, "steps 1, text is empty; write at least one word"),
        ({"text": 5}, "steps 1, text is 5; write text in double quotes"),
        ({"text": None}, "steps 1, text is null; write text in double quotes"),
        ({"text": "x", "minutes": "2"}, 'steps 1, minutes is "2"; write a number, without quotes'),
        ({"text": "x", "minutes": 0}, "steps 1, minutes is 0; write a number above 0"),
        ({"text": "x", "minutes": 91}, "steps 1, minutes is 91; write 90 or less"),
        ({"text": "x", "heat": "hihg"}, 'steps 1, heat is "hihg"; did you mean "high"?'),
        ({"text": "x", "heat": "blue"}, 'steps 1, heat is "blue"; write "low" or "high"'),
        ({"text": "x", "minuts": 2}, 'steps 1: there is no key "minuts"; did you mean "minutes"?'),
        ([], "steps 1 is an empty list; write an object in braces"),
    ],
)
def test_a_fault_has_its_place_its_value_and_its_fix(step: object, line: str) -> None:
    assert said(steps=[step]) == [line]


def test_keys_that_people_choose_are_in_quotes() -> None:
    assert said(steps=[{"text": "x"}], grams={"flour": True}) == [
        'grams, "flour" is true; write a whole number, without quotes'
    ]


def test_a_document_of_one_format_is_told_its_name() -> None:
    assert said(schema="recipe@2", steps=[{"text": "x"}]) == ['schema is "recipe@2"; write "recipe@1"']


def test_what_only_follows_from_another_fault_is_left_out() -> None:
    assert said(stpes=[{"text": "x"}]) == ['there is no key "stpes"; did you mean "steps"?']
    assert said(steps=[{"text": 1}]) == ["steps 1, text is 1; write text in double quotes"]  # not: name at least 1


def test_a_caller_may_have_words_of_its_own() -> None:
    with pytest.raises(ValidationError) as caught:
        Recipe.model_validate_json('{"steps": {}}')
    (fault,) = faults(caught.value)
    own = explain(fault, Recipe, place=lambda place: "the steps", fixes={"tuple_type": "write {...} in a list"})
    assert own == "the steps is an object; write {...} in a list"


def test_a_text_that_only_python_takes_for_json_is_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        Recipe.model_validate_json('{"steps": [{"text": "\\ud800"}]}')
    assert explain(faults(caught.value)[0], Recipe).endswith("write characters themselves, not halves of \\u escapes")


def test_keys_and_choices_are_found_at_their_place() -> None:
    assert keys_at(Recipe, ()) == ["schema", "steps", "grams"]
    assert keys_at(Recipe, ("steps", 3)) == ["text", "minutes", "heat"]
    assert choices_at(Recipe, ("steps", 3, "heat")) == ["low", "high"]


def test_a_place_counts_from_1_and_control_characters_are_escaped() -> None:
    assert place_in(("steps", 0, "text"), Recipe, "the crêpe") == "the crêpe, steps 1, text"
    assert place_in(("grams", "\x1b"), Recipe) == r'grams, "\x1b"'
    assert place_in((), Recipe) == ""


def test_a_rule_of_our_own_says_everything_itself() -> None:
    error = broken_rule("the eggs are older than the hens; check both", "eggs")
    assert str(error) == "the eggs are older than the hens; check both"


@pytest.mark.parametrize(
    ("why", "advice"),
    [
        ("number out of range at line 1 column 9", "a number has too many digits; write it shorter"),
        ("unexpected end of hex escape at line 1 column 9", "not halves of \\u escapes"),
    ],
)
def test_what_is_no_json_for_a_model_is_told_apart(why: str, advice: str) -> None:
    error = ErrorDetails(type="json_invalid", loc=(), msg="", input="", ctx={"error": why})
    assert explain(error, Recipe).endswith(advice)
