"""A table with a row per person: its figures are those that one would work out by hand from the rows."""

import csv
import random
from collections import defaultdict
from math import fsum
from pathlib import Path

import pytest

from eval.errors import SurveyError
from eval.importers import KINDS, ImportOptions, ImportResult
from eval.importers.respondent_spec import read_spec
from eval.surveys.human_figures import groups_with_figures, human_figures
from eval.surveys.loading import Responses
from eval.surveys.respondents import Combinations
from personas import Group

SPEC = """\
schema = "chat-personas/respondents@1"
title = "The works"
source = "Works council, asked in the canteen"
licence = "CC BY 4.0"
years = [2024]

[scales.agree]
options = [
  { code = 1, text = "Agree" },
  { code = 2, text = "Neither" },
  { code = [3, 4], text = "Disagree" },
]
refusals = [{ code = 8, text = "Don't know" }, { code = 9, text = "Refused" }]
not_asked = [-1]

[scales.yes]
options = ["Yes", "No"]
ordered = false

[[questions]]
column = "q1"
id = "PAY"
stem = "Is pay too low?"
topics = ["pay", "work"]
scale = "agree"

[[questions]]
column = "q2"
stem = "Is there a canteen?"
paraphrased = true
scale = "yes"

[[attributes]]
column = "member"
attribute = "UNION"
values = [{ code = 1, value = "Member" }, { code = 2, value = "Outside" }]
left_out = [9]

[[attributes]]
column = "age"
attribute = "AGE"
values = [{ from = 18, to = 29, value = "18-29" }, { from = 65, value = "65+" }]
"""
TABLE = """\
id,q1,q2,member,age,w
1,1,Yes,1,18,1
2,1.0,Yes,1,29,3
3, 2 ,No,1,30,2
4,04,No,2,65,1
5,3,Perhaps,2,92,0
6,8,,9,,1
7,9,Yes,1,x,
8,-1,No,7,20,1
9,77,No,2,20,1
10,,Yes,2,20,-2
"""
MEMBER, OUTSIDE = Group.parse("UNION=Member"), Group.parse("UNION=Outside")


def imported(folder: Path, spec: str = SPEC, table: str = TABLE, *, weighted: bool = False) -> ImportResult:
    (folder / "works.toml").write_text(spec)
    (folder / "works.csv").write_text(table)
    options = ImportOptions("works", weighted=weighted, spec=folder / "works.toml")
    return KINDS["respondents"].read(folder / "works.csv", options)


def refusal(folder: Path, spec: str = SPEC, table: str = TABLE) -> str:
    with pytest.raises(SurveyError) as raised:
        imported(folder, spec, table)
    return str(raised.value)


def test_people_are_counted_by_question_and_group(tmp_path: Path) -> None:
    survey = imported(tmp_path).survey
    pay, canteen = survey.questions
    assert not survey.weighted
    assert pay.overall == Responses(counts=(2, 1, 2), refused=2)
    assert pay.responses["UNION"] == {
        "Member": Responses(counts=(2, 1, 0), refused=1),
        "Outside": Responses(counts=(0, 0, 2), refused=0),
    }
    assert canteen.overall == Responses(counts=(4, 4), refused=0)
    assert canteen.responses["AGE"] == {
        "18-29": Responses(counts=(3, 2), refused=0),
        "65+": Responses(counts=(0, 1), refused=0),
    }
    assert [str(group) for group in groups_with_figures(survey)] == [
        "AGE=18-29", "AGE=65+", "UNION=Member", "UNION=Outside",
    ]  # fmt: skip


def test_the_survey_has_what_the_description_says(tmp_path: Path) -> None:
    survey = imported(tmp_path).survey
    pay, canteen = survey.questions
    assert (survey.title, survey.licence, survey.years) == ("The works", "CC BY 4.0", (2024,))
    assert (pay.id, pay.topics, pay.stem, pay.refusals) == (
        "PAY", ("pay", "work"), "Is pay too low?", ("Don't know", "Refused"),
    )  # fmt: skip
    assert (pay.option_texts, pay.ordinals, pay.paraphrased) == (("Agree", "Neither", "Disagree"), (1, 2, 3), False)
    assert (canteen.id, canteen.topics, canteen.ordinals, canteen.paraphrased) == ("q2", ("general",), (1, 1), True)


def test_every_text_that_is_left_out_is_counted(tmp_path: Path) -> None:
    notes = imported(tmp_path).notes
    assert 'answers left out (no option has this code): "77" once (PAY 1)' in notes
    assert 'answers left out (no option has this code): "Perhaps" once (q2 1)' in notes
    assert 'counted as not asked: "-1" once (PAY 1)' in notes
    assert "counted as not asked: empty cells, 2 times (PAY 1, q2 1)" in notes
    assert 'people in no group of an attribute (no value has this code): "7" once (UNION 1)' in notes
    assert 'people in no group of an attribute (no value has this code): "30" once (AGE 1)' in notes
    assert 'people in no group of an attribute (as left_out says): "9" once (UNION 1)' in notes


def test_a_flood_of_different_texts_is_summed_up(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n},Yes,1,20,1\n" for n in range(100, 150))
    notes = imported(tmp_path, table=TABLE + rows).notes
    left_out = [note for note in notes if note.startswith("answers left out")]
    assert len(left_out) == 21
    assert left_out[-1] == "answers left out (no option has this code): 32 other texts, 32 times"


def test_weights_make_weighted_figures_with_the_effective_number_of_answers(tmp_path: Path) -> None:
    result = imported(tmp_path, 'weight = "w"\n' + SPEC)
    assert result.survey.weighted
    pay = result.survey.questions[0]
    # Persons 5, 7 and 10 have no weight above 0; 1, 2, 3 and 4 answered with the weights 1, 3, 2 and 1.
    assert pay.overall == Responses(counts=(4, 2, 1), refused=1, n_effective=7**2 / (1 + 9 + 4 + 1))
    assert pay.responses["UNION"]["Member"] == Responses(counts=(4, 2, 0), refused=0, n_effective=6**2 / (1 + 9 + 4))
    assert 'people left out (no weight above 0): "0" once (w 1)' in result.notes
    assert "people left out (no weight above 0): empty cells, once (w 1)" in result.notes
    assert result.found[0] == "respondents: 7 of 10; with their weights they are worth 6 of a simple random sample"


def test_weighted_figures_are_those_of_a_sum_over_the_rows(tmp_path: Path) -> None:
    """The reference walks over the rows with exact sums; it shares no code with the import."""
    draw = random.Random(3)
    rows = [
        {
            "id": person,
            "q1": draw.choice([1, 2, 3, 4, 8, 9, -1, ""]),
            "q2": draw.choice(["Yes", "No", ""]),
            "member": draw.choice([1, 2, 9]),
            "age": draw.choice([*range(15, 95), ""]),
            "w": draw.lognormvariate(0, 1),
        }
        for person in range(2000)
    ]
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    survey = imported(tmp_path, 'weight = "w"\n' + SPEC, (tmp_path / "rows.csv").read_text()).survey
    places = {1: 0, 2: 1, 3: 2, 4: 2, 8: 3, 9: 3}
    belongs = {
        ("UNION", "Member"): lambda row: row["member"] == 1,
        ("UNION", "Outside"): lambda row: row["member"] == 2,
        ("AGE", "18-29"): lambda row: row["age"] != "" and 18 <= row["age"] <= 29,
        ("AGE", "65+"): lambda row: row["age"] != "" and row["age"] >= 65,
    }
    for (attribute, value), belong in belongs.items():
        weights = defaultdict(list)
        for row in rows:
            if belong(row) and row["q1"] in places:
                weights[places[row["q1"]]].append(row["w"])
        chosen = [weight for place in range(3) for weight in weights[place]]
        figures = human_figures(survey.questions[0], (Group(attribute=attribute, value=value),))
        assert figures is not None
        shares = [fsum(weights[place]) / fsum(chosen) for place in range(3)]
        assert figures.distribution.tolist() == pytest.approx(shares, abs=1e-9)
        assert figures.n == pytest.approx(fsum(chosen) ** 2 / fsum(w * w for w in chosen), rel=1e-9)
        assert figures.refusal == pytest.approx(fsum(weights[3]) / fsum(chosen + weights[3]), abs=1e-9)


def test_combinations_with_attributes_of_ones_own_are_computed_after_storing(tmp_path: Path) -> None:
    result = imported(tmp_path)
    assert result.respondents is not None
    with (tmp_path / "people.npz").open("wb") as file:
        result.respondents.write(file, "1234")
    stored = Combinations(tmp_path / "people.npz", "1234")
    young = Group.parse("AGE=18-29")
    pay, canteen = result.survey.questions
    assert stored.responses(pay, (MEMBER, young)) == Responses(counts=(2, 0, 0), refused=0)
    assert stored.responses(canteen, (OUTSIDE, young)) == Responses(counts=(1, 1), refused=0)
    assert stored.responses(canteen, (MEMBER, Group.parse("AGE=30-49"))) is None  # no value of the description
    assert stored.responses(canteen, (MEMBER, Group.parse("SEX=Male"))) is None


def test_an_attribute_may_have_more_values_than_a_byte_holds(tmp_path: Path) -> None:
    towns = ", ".join(f'"Town {number}"' for number in range(300))
    spec = SPEC + f'\n[[attributes]]\ncolumn = "town"\nattribute = "TOWN"\nvalues = [{towns}]\n'
    rows = "".join(f"1,{1 + number % 3},Yes,1,20,1,Town {number}\n" for number in range(300))
    survey = imported(tmp_path, spec, f"id,q1,q2,member,age,w,town\n{rows}").survey
    assert survey.questions[0].responses["TOWN"]["Town 299"] == Responses(counts=(0, 0, 1), refused=0)
    assert len(survey.questions[0].responses["TOWN"]) == 300


def test_empty_cells_can_be_refusals(tmp_path: Path) -> None:
    spec = SPEC.replace('{ code = 9, text = "Refused" }', '{ code = [9, ""], text = "Refused" }')
    assert imported(tmp_path, spec).survey.questions[0].overall == Responses(counts=(2, 1, 2), refused=3)


def test_options_can_have_places_of_their_own_on_the_scale(tmp_path: Path) -> None:
    spec = SPEC
    for text, ordinal in {"Agree": 1, "Neither": 1.5, "Disagree": 2}.items():
        spec = spec.replace(f'text = "{text}"', f'text = "{text}", ordinal = {ordinal}')
    assert imported(tmp_path, spec).survey.questions[0].ordinals == (1, 1.5, 2)


def test_a_question_without_a_known_code_is_left_out_with_its_texts(tmp_path: Path) -> None:
    result = imported(tmp_path, SPEC.replace('["Yes", "No"]', '["Ja", "Nein"]'))
    assert [question.id for question in result.survey.questions] == ["PAY"]
    assert "1 question skipped (nobody answered): q2" in result.notes
    assert 'answers left out (no option has this code): "Yes" 4 times (q2 4)' in result.notes


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("respondents@1", "respondents@2", 'line 1: schema is "chat-personas/respondents@2"; write "chat-personas'),
        ("years =", "year =", 'line 5: there is no key "year"; did you mean "years"?'),
        ("refusals =", "refusal =", 'line 13: scales, "agree": there is no key "refusal"; did you mean "refusals"?'),
        ('text = "Agree"', 'text = ""', 'line 9: scales, "agree", options 1, text is empty; write at least one word'),
        ('stem = "Is pay too low?"', "", 'line 20: questions 1: "stem" is missing; add it'),
        ('scale = "yes"', 'scale = "yess"', 'line 31: there is no scale "yess"; did you mean "yes"?'),
        ("code = 2, text", "code = 1, text", 'line 7: scales, "agree" has a duplicate code "1"; keep one of them'),
        ("not_asked = [-1]", "not_asked = [8]", 'scales, "agree" has a duplicate code "8"'),
        ("code = 1, text", "code = true, text", 'options 1, code 1 is true; write a code as a number, or as text in'),
        ('"Yes", "No"', '"Yes", "yes"', 'scales, "yes" has a duplicate text "yes"; keep one of them'),
        ('"Yes", "No"', '"Yes"', 'scales, "yes", options is a list; name at least 2'),
        ('text = "Agree"', 'text = "Agree", ordinal = 1', "has options with an ordinal and others without"),
        ('id = "PAY"', 'id = "q2"', 'questions has a duplicate id "q2"'),
        ('"18-29"', '"18-30"', 'attributes 2 has a fault: AGE has no value "18-30"; did you mean "18-29"? (for values'),
        ('"UNION"', '"POLPARTI"', 'attributes 1 has a fault: there is no attribute "POLPARTI"; did you mean "POLP'),
        ('"UNION"', '"AGE"', 'attributes 1 has a fault: AGE has no value "Member"; write "18-29"'),
        ("from = 65,", "code = 1, from = 65,", "attributes 2, values 2 has a code and a range; keep one of them"),
        ('column = "q1"', 'column = "q11"', 'has no column "q11" for the question "PAY"; did you mean "q1"?'),
        ('column = "age"', 'column = "agee"', 'has no column "agee" for the attribute "AGE"; did you mean "age"?'),
        ("years = [2024]", 'weight = "wt"', 'has no column "wt" for the weight; '),
        ("[scales.yes]", "[scales.yes", "this is not valid TOML ("),
    ],
)  # fmt: skip
def test_a_fault_in_the_description_is_named_with_its_line_and_fix(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    assert before in SPEC
    found = refusal(tmp_path, SPEC.replace(before, after, 1))
    assert message in found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("id,q1\n", "there is no row below the first line"),
        ("id;q1;q2\n1;2;Yes\n", "there is one column only; separate the columns with commas"),
        (TABLE + "11,1,Yes\n", "line 12: 3 cells for 6 columns"),
    ],
)
def test_a_table_that_is_none_is_named(tmp_path: Path, table: str, message: str) -> None:
    assert message in refusal(tmp_path, table=table)


def test_weights_are_asked_for_only_where_there_is_a_column_of_them(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="names no column of weights; add weight = "):
        imported(tmp_path, weighted=True)
    assert "has no weight above 0" in refusal(tmp_path, 'weight = "q2"\n' + SPEC)
    assert "sum to more than" in refusal(tmp_path, 'weight = "w"\n' + SPEC, TABLE.replace("18,1\n", "18,1e300\n"))


def test_without_a_description_nothing_is_imported(tmp_path: Path) -> None:
    (tmp_path / "works.csv").write_text(TABLE)
    with pytest.raises(SurveyError, match="name it with --spec"):
        KINDS["respondents"].read(tmp_path / "works.csv", ImportOptions("works"))
    with pytest.raises(SurveyError, match="there is no file"):
        read_spec(tmp_path / "gone.toml")
    kept = ImportOptions("works", spec=tmp_path / "works.toml", refusals="options")
    with pytest.raises(SurveyError, match="list them under options"):
        KINDS["respondents"].read(tmp_path / "works.csv", kept)
