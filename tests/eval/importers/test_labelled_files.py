"""Files of SPSS and Stata: figures as worked out from the rows, labels, and codes that the files call missing."""

import io
import subprocess
import sys
from collections.abc import Sequence
from math import fsum
from pathlib import Path

import pytest

from eval.errors import SurveyError
from eval.importers import KINDS, ImportOptions, ImportResult, labelled_file
from eval.importers.survey_mapping import first_mapping
from eval.surveys.human_figures import human_figures
from eval.surveys.model import Responses
from personas import Group

pyreadstat = pytest.importorskip("pyreadstat", reason="pyreadstat is not installed")
pandas = pytest.importorskip("pandas", reason="pandas, with which pyreadstat writes files, is not installed")

MAPPING = """\
schema = "chat-personas/survey-mapping@1"
source = "A survey of 12 people"
years = [2024]
weight = "wtss"

[[questions]]
variable = "natenv"
stem = "Do we spend too little or too much on the environment?"
topics = ["environment"]
options = [1, 2, 3]
refusals = [8]
not_asked = [0]

[[questions]]
variable = "fair"
options = [{ code = "a", text = "They take advantage", ordinal = 1 }, { code = "b", ordinal = 2 }]
refusals = ["z"]

[[groups]]
variable = "party"
attribute = "POLPARTY"
values = [{ code = [0, 1], value = "Democrat" }, { code = [5, 6], value = "Republican" }]
left_out = [3]

[[groups]]
variable = "age"
attribute = "AGE"
values = [{ from = 18, to = 29, value = "18-29" }, { from = 65, value = "65+" }]
"""
PEOPLE = {
    "natenv": [1, 2, 3, 8, 9, 0, 1, 2, None, 1, 3, 98],
    "fair": ["a", "b", "a", "z", "b", "", "a", "a", "b", "c", "b", "a"],
    "party": [0, 1, 5, 6, 0, 0, 6, 3, 1, 1, 5, 0],
    "age": [18, 29, 30, 64, 65, 98, 21, 22, 23, 66, 99, 70],
    "wtss": [0.5, 1.25, 2, 1, 3, 1, 0.75, 1, 1, 1.5, -1, 0],
}
"""Of the last two people one has a weight that the file calls missing, and the other a weight of 0."""
LABELS = {
    "natenv": {1: "Too little", 2: "About right", 3: "Too much", 0: "IAP", 8: "Don't know", 9: "No answer"},
    "fair": {"a": "Take advantage", "b": "Fair", "c": "Depends", "z": "Refused"},
    "party": {0: "Strong democrat", 1: "Democrat", 3: "Independent", 5: "Republican", 6: "Strong republican"},
    "age": {98: "Don't know", 99: "No answer"},
}
VARIABLES = {
    "natenv": "Spending on the environment",
    "fair": "Are people fair, or do they take advantage?",
    "party": "Political party",
    "age": "Age of respondent",
    "wtss": "Weight",
}
MISSING = {
    "natenv": [0, {"lo": 8, "hi": 9}],
    "fair": ["z"],
    "age": [98, 99],
    "wtss": [-1],
}


@pytest.fixture
def read_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files in this process: one of its own, as users have, takes half a second to import the reader."""

    def run(command: Sequence[str], *, input: bytes, **_: object) -> subprocess.CompletedProcess[bytes]:  # noqa: A002
        written = io.BytesIO()
        with monkeypatch.context() as child:
            child.setattr(sys, "argv", ["-c", *command[4:]])
            child.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(input)))
            child.setattr(sys, "stdout", io.TextIOWrapper(written))
            labelled_file.main()
            sys.stdout.flush()
            return subprocess.CompletedProcess(command, 0, written.getvalue())

    monkeypatch.setattr(labelled_file.subprocess, "run", run)


@pytest.fixture
def spss(tmp_path: Path) -> Path:
    """A file with codes, their labels, a range of user-missing codes, and a weight."""
    file = tmp_path / "people.sav"
    pyreadstat.write_sav(
        pandas.DataFrame(PEOPLE),
        file,
        file_label="The people",
        column_labels=VARIABLES,
        variable_value_labels=LABELS,
        missing_ranges=MISSING,
    )
    return file


@pytest.fixture
def stata(tmp_path: Path) -> Path:
    """A file with the missing values .d and .n of Stata, one of which has a label."""
    file = tmp_path / "people.dta"
    table = pandas.DataFrame(
        {
            "natenv": pandas.Series([1, 2, 3, "d", "n", None, 1], dtype=object),
            "sex": pandas.Series([1, 2, 1, 2, 1, 2, 2], dtype="int32"),
        }
    )
    pyreadstat.write_dta(
        table,
        file,
        column_labels={"natenv": "Spending on the environment"},
        variable_value_labels={
            "natenv": {1: "Too little", 2: "About right", 3: "Too much", "d": "Don't know"},
            "sex": {1: "Male", 2: "Female"},
        },
        missing_user_values={"natenv": ["d", "n"]},
    )
    return file


def imported(file: Path, mapping: str = MAPPING, *, kind: str = "spss") -> ImportResult:
    described = file.with_suffix(".toml")
    described.write_text(mapping)
    return KINDS[kind].read(file, ImportOptions("people", spec=described))


def fault(file: Path, mapping: str, *, kind: str = "spss") -> str:
    with pytest.raises(SurveyError) as caught:
        imported(file, mapping, kind=kind)
    return str(caught.value)


def by_hand(variable: str, options: list[str], keep: dict[str, list[object]] | None = None) -> list[float]:
    """The sums of weights of the options, among people with a weight above 0."""
    rows = [dict(zip(PEOPLE, values, strict=True)) for values in zip(*PEOPLE.values(), strict=True)]
    kept = [row for row in rows if all(row[name] in allowed for name, allowed in (keep or {}).items())]
    return [
        fsum(float(row["wtss"]) for row in kept if str(row[variable]) == option and float(row["wtss"]) > 0)
        for option in options
    ]


def test_weighted_figures_are_the_sums_of_weights(spss: Path) -> None:
    environment, fair = imported(spss).survey.questions
    assert isinstance(environment.overall, Responses)
    assert environment.overall.counts == pytest.approx(by_hand("natenv", ["1", "2", "3"]), abs=1e-9)
    assert environment.overall.counts == pytest.approx((0.5 + 0.75 + 1.5, 1.25 + 1, 2), abs=1e-9)
    assert environment.overall.refused == pytest.approx(1)
    kish = (0.5 + 1.25 + 2 + 0.75 + 1 + 1.5) ** 2 / (0.25 + 1.5625 + 4 + 0.5625 + 1 + 2.25)
    assert environment.overall.n_effective == pytest.approx(kish, abs=1e-9)
    democrats = environment.responses["POLPARTY"]["Democrat"]
    assert democrats.counts == pytest.approx(by_hand("natenv", ["1", "2", "3"], {"party": [0, 1]}), abs=1e-9)
    assert fair.overall is not None
    assert fair.overall.counts == pytest.approx(by_hand("fair", ["a", "b"]), abs=1e-9)


@pytest.mark.usefixtures("read_in_this_process")
def test_weighted_shares_of_groups_are_those_of_pandas(spss: Path) -> None:
    table = pandas.DataFrame(PEOPLE)
    asked = table[table["wtss"].gt(0) & table["natenv"].isin([1, 2, 3]) & table["party"].isin([5, 6])]
    sums = asked.groupby("natenv")["wtss"].sum().reindex([1, 2, 3], fill_value=0)
    question = imported(spss).survey.questions[0]
    figures = human_figures(question, (Group.parse("POLPARTY=Republican"),))
    assert figures is not None
    assert figures.distribution == pytest.approx((sums / sums.sum()).tolist(), abs=1e-9)


@pytest.mark.usefixtures("read_in_this_process")
def test_the_words_are_the_files_own_unless_the_mapping_has_others(spss: Path) -> None:
    survey = imported(spss).survey
    environment, fair = survey.questions
    assert (survey.title, survey.source, survey.years) == ("The people", "A survey of 12 people", (2024,))
    assert environment.stem == "Do we spend too little or too much on the environment?"
    assert environment.option_texts == ("Too little", "About right", "Too much")
    assert environment.refusals == ("Don't know",)
    assert fair.stem == "Are people fair, or do they take advantage?"
    assert fair.option_texts == ("They take advantage", "Fair")


@pytest.mark.usefixtures("read_in_this_process")
def test_codes_that_the_file_calls_missing_are_no_answers_and_nobodys_age(spss: Path) -> None:
    read = imported(spss)
    assert any('"9" once' in note and note.startswith("counted as not asked") for note in read.notes)
    assert any('"c" once' in note and "no option has this code" in note for note in read.notes)
    old = read.survey.questions[1].responses["AGE"]["65+"]
    assert old.counts == pytest.approx((0, 3), abs=1e-9)  # the age 98 is missing, the 66-year-old chose "c"


@pytest.mark.usefixtures("read_in_this_process")
def test_people_whose_weight_is_missing_or_0_are_left_out(spss: Path) -> None:
    read = imported(spss)
    assert read.found[0].startswith("respondents: 10 of 12")


def test_missing_values_of_stata_can_decline_and_are_otherwise_not_asked(stata: Path) -> None:
    mapping = """\
schema = "chat-personas/survey-mapping@1"
[[questions]]
variable = "natenv"
options = [1, 2, 3]
refusals = [".d"]
[[groups]]
variable = "sex"
attribute = "SEX"
values = [{ code = 1, value = "Male" }, { code = 2, value = "Female" }]
"""
    read = imported(stata, mapping, kind="stata")
    (question,) = read.survey.questions
    assert question.refusals == ("Don't know",)
    assert question.overall is not None
    assert (question.overall.counts, question.overall.refused) == ((2, 1, 1), 1)
    assert question.responses["SEX"]["Female"].counts == (1, 1, 0)
    assert any('".n" once' in note for note in read.notes)


@pytest.mark.usefixtures("read_in_this_process")
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'variable = "party"',
            'variable = "partyid"',
            'has no variable "partyid" for the attribute "POLPARTY"; did',
        ),
        (
            'value = "Democrat"',
            'value = "Dem"',
            'line 19: groups 1 has a fault: POLPARTY has no value "Dem"; write',
        ),
        (
            "options = [1, 2, 3]",
            "options = [1, 2, 5]",
            'question "natenv": the file has no label for the code "5"',
        ),
        ("options = [1, 2, 3]", "options = [1, 2, 2]", 'question "natenv" has a duplicate code "2"; keep one of them'),
        ("options = [1, 2, 3]", "options = [1, [2, 3]]", "several codes need a text of their own; write { code = 2"),
        ("options = [1, 2, 3]", "options = [1]", '"people.toml": line 10: questions 1, options'),
        ('weight = "wtss"', 'wieght = "wtss"', 'there is no key "wieght"; did you mean "weight"?'),
    ],
)
def test_a_faulty_mapping_is_one_line_that_says_what_to_write(spss: Path, old: str, new: str, message: str) -> None:
    said = fault(spss, MAPPING.replace(old, new))
    assert message in said
    assert "\n" not in said


@pytest.mark.usefixtures("read_in_this_process")
def test_a_variable_without_labels_needs_texts(tmp_path: Path) -> None:
    file = tmp_path / "bare.sav"
    pyreadstat.write_sav(pandas.DataFrame({"q": [1, 2, 2]}), file)
    mapping = 'schema = "chat-personas/survey-mapping@1"\n[[questions]]\nvariable = "q"\noptions = [1, 2]\n'
    assert 'question "q": the file has no value labels; write { code = 1, text = "..." }' in fault(file, mapping)
    with pytest.raises(SurveyError, match="no variable has value labels"):
        first_mapping(file, "spss")


@pytest.mark.parametrize("kind", ["spss", "stata"])
def test_a_file_of_another_kind_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "people.sav"
    file.write_text("natenv,party\n1,2\n")
    for path, message in (
        (file, "cannot be read as"),
        (tmp_path, "a directory"),
        (tmp_path / "gone", "there is no file"),
    ):
        with pytest.raises(SurveyError, match=message) as caught:
            first_mapping(path, kind)
        assert "\n" not in str(caught.value)


def test_a_file_over_which_the_reader_ends_its_process_is_one_line(
    spss: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = tmp_path / "python"
    dying.write_text("#!/bin/sh\nkill -SEGV $$\n")
    dying.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(dying))
    with pytest.raises(SurveyError, match=r"cannot be read as an SPSS file .*: it is damaged; use another copy"):
        first_mapping(spss, "spss")


def test_a_file_that_is_cut_off_is_one_line(spss: Path) -> None:
    spss.write_bytes(spss.read_bytes()[:-20])
    with pytest.raises(SurveyError, match="cannot be read as an SPSS file") as caught:
        first_mapping(spss, "spss")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("read_in_this_process")
def test_a_guess_sorts_variables_and_codes_by_their_labels(spss: Path) -> None:
    guess = first_mapping(spss, "spss")
    assert guess.weights == ["wtss"]
    assert [variable.name for variable, _ in guess.questions] == ["natenv", "fair"]
    assert [variable.name for variable, _ in guess.groups] == ["party", "age"]
    text = guess.text("chat-personas ...")
    assert "refusals = [8, 9]    # CHECK Don't know; No answer\n" in text
    assert "not_asked = [0]    # CHECK, or do they decline to answer? IAP\n" in text
    assert '{ code = 1, value = "Democrat" },    # Democrat: 3 people' in text
    assert '{ from = 18, to = 29, value = "18-29" }' in text
    assert "left_out = [98, 99]" in text


@pytest.mark.usefixtures("read_in_this_process")
def test_a_guess_whose_gaps_are_filled_is_a_mapping(spss: Path) -> None:
    guess = first_mapping(spss, "spss").text("chat-personas ...")
    with pytest.raises(SurveyError, match="line"):
        imported(spss, guess)  # values of the catalogue are still to be written
    strong = ('  { code = 0, value = "" },', '  { code = 6, value = "" },', '  { code = 98, text = "" },')
    filled = "\n".join(line for line in guess.splitlines() if not line.startswith(strong))
    survey = imported(spss, filled).survey
    assert [question.id for question in survey.questions] == ["natenv", "fair"]
    assert survey.questions[0].refusals == ("Don't know", "No answer")
