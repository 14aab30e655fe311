"""One line of a file of answers: read as written, and every fault named."""

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.answer_files import AnswerLine, SavedFinding, read_line, written
from eval.errors import AnswerError
from personas import ALL_GROUPS, Group
from tests.eval.towns import DEMOCRAT, FEMALE

MASSES = st.floats(min_value=0, max_value=2, allow_nan=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@st.composite
def answer_lines(draw: st.DrawFn) -> AnswerLine:
    """Return any answer that the format can hold: groups of different attributes, any texts, any masses."""
    groups = draw(st.lists(st.sampled_from(ALL_GROUPS), unique_by=lambda group: group.attribute, max_size=3))
    return AnswerLine(
        question=draw(TEXTS),
        group=tuple(groups),
        distribution=draw(st.dictionaries(TEXTS, MASSES, max_size=5)),
        refusal=draw(MASSES),
        model=draw(st.none() | TEXTS),
        verdict=draw(st.sampled_from([None, *get_args(SavedFinding)])),
        demonstration=draw(st.booleans()),
    )


@given(answer_lines())
def test_what_is_written_is_one_line_and_is_read_as_the_same(line: AnswerLine) -> None:
    text = written(line)
    assert "\n" not in text
    assert read_line(text) == line


@given(
    st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(["question", "group", "distribution", "refusal", "attribute", "value"]) | st.text(),
                    inner,
                )
            ),
        ).map(json.dumps),
    )
)
def test_whatever_a_line_holds_it_is_an_answer_or_an_error_in_one_printable_line(text: str) -> None:
    try:
        line = read_line(text)
    except AnswerError as error:
        assert str(error).isprintable()  # noqa: PT017 - most examples raise, and what they say is the point
    else:
        assert all(mass >= 0 for mass in line.distribution.values())


def test_a_line_of_the_design_is_read() -> None:
    line = read_line(
        '{"question": "BUS", "group": {"attribute": "POLPARTY", "value": "Democrat"}, '
        '"distribution": {"Yes": 0.5, "No": 0.25}, "refusal": 0.25}'
    )
    assert (line.question, line.group, line.refusal) == ("BUS", (DEMOCRAT,), 0.25)
    assert line.distribution == {"Yes": 0.5, "No": 0.25}


def test_several_groups_are_a_list_and_everyone_an_empty_one_and_refusal_may_be_left_out() -> None:
    both = [{"attribute": group.attribute, "value": group.value} for group in (DEMOCRAT, FEMALE)]
    line = read_line(json.dumps({"question": "BUS", "group": both, "distribution": {"Yes": 1}}))
    assert (line.group, line.refusal) == ((DEMOCRAT, FEMALE), 0)
    assert read_line('{"question": "BUS", "group": [], "distribution": {}}').group == ()


def faulty(**changes: object) -> str:
    """Return a line with some keys changed; those changed to None are left out."""
    line: dict[str, object] = {"question": "BUS", "group": [], "distribution": {"Yes": 1}} | changes
    return json.dumps({key: value for key, value in line.items() if value is not None})


def group(attribute: str = "SEX", value: str = "Male") -> dict[str, str]:
    """Return a group as a line has it."""
    return {"attribute": attribute, "value": value}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "column 2: this is not JSON"),
        ("[]", 'this is an empty list; write {"question": ...'),
        ("[" * 100_000, "nested too deeply"),
        (faulty(question=None), '"question" is missing; add it'),
        (faulty(distribution=None, distributions={}), 'no key "distributions"; did you mean "distribution"?'),
        (faulty(group="Democrat"), 'group is "Democrat"; write {"attribute": ..., "value": ...} or a list of them'),
        (faulty(group=group(attribute="POLPARTI")), 'no attribute "POLPARTI"; did you mean "POLPARTY"?'),
        (faulty(group=group(value="Men")), 'SEX has no value "Men"; write "Male" or "Female"'),
        (faulty(group=[group(), group(value="Female")]), "SEX=Male and SEX=Female exclude each other"),
        (faulty(group=[group(), group()]), "duplicate group SEX=Male; keep one of them"),
        (faulty(distribution={"Yes": -0.1}), 'distribution, "Yes" is -0.1; write 0 or more'),
        (faulty(distribution={"Yes": "60%"}), 'distribution, "Yes" is "60%"; write a number, without quotes'),
        (faulty(distribution={"Yes": True}), 'distribution, "Yes" is true; write a number'),
        (faulty(distribution=[0.5, 0.5]), "distribution is a list; write an object in braces"),
        (faulty(distribution={"Yes": float("nan")}), "NaN is not a number in JSON; write a finite one"),
        (faulty().replace("1}", "1e999}"), 'distribution, "Yes" is inf; write a finite number'),
        (faulty().replace("1}", "1" * 5000 + "}"), "too many digits"),
        (faulty().replace('"Yes": 1', '"Yes": 1, "Yes": 0'), 'duplicate key "Yes"'),
        (faulty().replace('"BUS"', '"BUS", "question": "TAX"'), 'duplicate key "question"'),
        (faulty().replace("BUS", "\\ud800"), "halves of \\u escapes"),
    ],
)
def test_a_fault_is_named_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(AnswerError) as raised:
        read_line(text)
    assert says in str(raised.value)


def test_groups_are_written_as_short_as_the_format_allows() -> None:
    def groups(*wanted: Group) -> object:
        return json.loads(written(AnswerLine(question="BUS", group=wanted, distribution={})))["group"]

    assert groups(DEMOCRAT) == group("POLPARTY", "Democrat")
    assert groups(DEMOCRAT, FEMALE) == [group("POLPARTY", "Democrat"), group("SEX", "Female")]
    assert groups() == []
