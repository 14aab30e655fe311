"""Notes of an import say how many of what were left out, and name the first few."""

from eval.importers.building import Notes


def test_one_item_is_counted_in_the_singular_and_several_in_the_plural() -> None:
    notes = Notes()
    for country in ("Japan", "Peru", "Japan"):
        notes.add("country", "left out", country)
    notes.add("group", "left out", "SEX=Male")
    assert notes.lines() == ("2 countries left out: Japan; Peru", "1 group left out: SEX=Male")


def test_of_many_items_the_first_three_are_named() -> None:
    notes = Notes()
    for number in range(5):
        notes.add("question", "skipped (no question text)", f"Q{number}")
    assert notes.lines() == ("5 questions skipped (no question text): Q0; Q1; Q2; …",)
