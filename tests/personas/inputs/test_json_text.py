"""JSON that people wrote is read strictly, and the first fault is one line."""

from typing import Any

import pytest

from personas.inputs.json_text import parse_json


class RecipeError(Exception):
    """A recipe cannot be read."""


def parse(text: str, **options: Any) -> Any:
    return parse_json(text, RecipeError, fix="see the cook book", **options)


def refusal(text: str, **options: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        parse(text, **options)
    return str(caught.value)


def test_a_document_is_what_it_says() -> None:
    assert parse('{"eggs": [1, 2.5, null, "x"]}') == {"eggs": [1, 2.5, None, "x"]}


def test_a_text_that_is_not_json_is_named_with_its_place() -> None:
    text = '{"eggs":\n  two}'
    assert refusal(text) == "line 2, column 3: this is not JSON (Expecting value); see the cook book"
    assert refusal("{eggs", one_line=True).startswith("column 2: this is not JSON (")


def test_a_key_that_is_there_twice_is_refused_at_any_depth_and_its_owner_may_be_named() -> None:
    text = '[{"name": "crêpe", "eggs": 1, "eggs": 2}]'
    assert refusal(text) == 'duplicate key "eggs"; keep one of them'
    owned = refusal(text, owner=lambda found: f"{found['name']}: ")
    assert owned == 'crêpe: duplicate key "eggs"; keep one of them'


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_know_is_refused(number: str) -> None:
    assert refusal(f'{{"eggs": {number}}}') == f"{number} is not a number in JSON; write a finite one"


def test_what_python_cannot_read_is_refused_too() -> None:
    assert refusal("9" * 5000) == "a number has too many digits; write it shorter"
    assert refusal("[" * 100_000) == "lists or objects are nested too deeply; see the cook book"
