"""A table of one's own becomes a survey: nothing is converted or guessed, and a fault names its line."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.errors import SurveyError
from eval.importers import ImportOptions, ImportResult
from eval.importers.csv_table import Row, read
from eval.importers.markup import bare, without_markup
from eval.importers.missing_codes import is_missing_code
from eval.importers.refusal_texts import declines, may_decline
from eval.scoring.comparison import noise_floor
from eval.surveys.model import Option, Question, Responses, Survey
from tests.examples import share

TOWN = """\
question,stem,topic,option,ordinal,refusal,attribute,value,count,year
buses,Should buses be free?,transport;money,Yes,1,,,,61,2024
buses,,,No,2,,,,40,2024
buses,,,Only for some,1.5,,,,22,2024
buses,,,I would rather not say,,yes,,,3,2024
buses,,,Yes,1,,SEX,Male,25,2024
buses,,,Only for some,1.5,,SEX,Male,9,2024
buses,,,I would rather not say,,yes,SEX,Male,2,2024
buses,,,Yes,1,,POLPARTY x SEX,Democrat x Female,7,2024
buses,,,Yes,1,,SEX,Female,0,2024
"""


def imported(folder: Path, text: str, **options: object) -> ImportResult:
    """Import a table with this text."""
    path = folder / "town.csv"
    path.write_text(text, encoding="utf-8")
    return read(path, ImportOptions("town", **options))  # type: ignore[arg-type]


def fault(folder: Path, text: str, **options: object) -> str:
    """Return the one line about a table that cannot be taken over."""
    with pytest.raises(SurveyError) as caught:
        imported(folder, text, **options)
    message = str(caught.value)
    assert message.splitlines() == [message]
    return message


def test_options_ordinals_refusals_topics_and_everyone_are_taken_over(tmp_path: Path) -> None:
    survey = imported(tmp_path, TOWN).survey
    (question,) = survey.questions
    assert survey.years == (2024,)
    assert question.stem == "Should buses be free?"
    assert question.topics == ("transport", "money")
    assert question.option_texts == ("Yes", "No", "Only for some")
    assert question.ordinals == (1, 2, 1.5)
    assert question.refusals == ("I would rather not say",)
    assert question.overall == Responses(counts=(61, 40, 22), refused=3)


def test_an_option_that_nobody_of_a_group_chose_has_count_0(tmp_path: Path) -> None:
    (question,) = imported(tmp_path, TOWN).survey.questions
    assert question.responses["SEX"]["Male"] == Responses(counts=(25, 0, 9), refused=2)
    assert question.responses["POLPARTY x SEX"]["Democrat x Female"] == Responses(counts=(7, 0, 0), refused=0)


def test_a_group_in_which_nobody_is_counted_is_absent_and_noted(tmp_path: Path) -> None:
    found = imported(tmp_path, TOWN)
    assert "Female" not in found.survey.questions[0].responses["SEX"]
    assert found.notes == ("1 group left out (nobody is counted): buses, SEX=Female",)


def test_the_largest_counts_that_are_taken_over_have_a_noise_floor(tmp_path: Path) -> None:
    (question,) = imported(tmp_path, TOWN.replace("Yes,1,,SEX,Male,25", "Yes,1,,SEX,Male,1e10")).survey.questions
    counts = question.responses["SEX"]["Male"].counts
    assert counts == (1e10, 0, 9)
    people = round(sum(counts))
    floor = noise_floor(tuple(count / people for count in counts), people, question.ordinals)
    assert 0 <= floor.total_variation < 1e-6


def test_the_order_of_rows_does_not_move_a_count_to_another_option(tmp_path: Path) -> None:
    header, *rows = TOWN.splitlines()
    moved = "\n".join([header, *rows[:4], *reversed(rows[4:])])
    assert imported(tmp_path, moved).survey.questions[0].responses["SEX"]["Male"].counts == (25, 0, 9)


def test_options_without_ordinals_have_no_order(tmp_path: Path) -> None:
    text = "question,stem,option,count,year\nq,Why?,a,1,2020\nq,,b,2,2020\n"
    found = imported(tmp_path, text)
    assert found.survey.questions[0].ordinals == (1, 1)
    assert any("total variation only" in note for note in found.notes)


def test_proportions_are_kept_as_such(tmp_path: Path) -> None:
    text = (
        "question,stem,option,proportion,attribute,value,refusal\nq,Why?,a,.25,COUNTRY,Japan,\nq,,b,.7,COUNTRY,Japan,\n"
    )
    (question,) = imported(tmp_path, text + "q,,,.05,COUNTRY,Japan,yes\n", years=(2020,)).survey.questions
    assert question.responses["COUNTRY"]["Japan"] == Responses(proportions=(0.25, 0.7), refused=0.05)


def test_weighted_counts_need_the_effective_sample(tmp_path: Path) -> None:
    assert "n_effective" in fault(tmp_path, TOWN, weighted=True)
    header, *rows = TOWN.splitlines()
    text = "\n".join([f"{header},n_effective", *(f"{row},80" for row in rows)])
    survey = imported(tmp_path, text, weighted=True).survey
    assert survey.weighted
    assert survey.questions[0].overall == Responses(counts=(61, 40, 22), refused=3, n_effective=80)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "question,stem",
            "questoin,stem",
            'line 1: this lacks the column "question"; add it (columns found: "questoin", "stem", "topic", ',
        ),
        ("question,stem", "question;stem", "separate the columns with commas"),
        (",count,year", ",count,count", 'duplicate column "count"'),
        (
            ",topic,",
            ",topics,",
            'line 1: there is no column "topics"; did you mean "topic"? (columns found: "question", ',
        ),
        ("Male,25", "Mael,25", 'line 6: responses SEX: there is no value "Mael"; did you mean "Male"?'),
        ("SEX,Male,25", "SEXX,Male,25", 'line 6: responses: there is no attribute "SEXX"; did you mean "SEX"?'),
        ("SEX,Male,25", ",Male,25", "line 6: has an attribute or a value without the other"),
        (",,,40,2024", ",,,forty,2024", "line 3: count: must be a number"),
        (",,,40,2024", ",,,-1,2024", "line 3: count: input should be greater than or equal to 0"),
        (",,,40,2024", ",,,nan,2024", "line 3: count: "),
        (",,,40,2024", ",,,1_000,2024", "line 3: count: must be a number"),
        (",,,40,2024", ',,,"1,000",2024', "line 3: count: must be a number"),
        (",,,40,2024", ",,,40,2_024", "line 3: year: must be a number"),
        ("No,2,", "No,2_0,", "line 3: ordinal: must be a number"),
        (",,,40,2024", ",,,1e20,2024", "line 3: count: input should be less than or equal to 10000000000"),
        (",,,40,2024", ",,,1e308,2024", "line 3: count: input should be less than or equal to 10000000000"),
        (",,,40,2024", ",,,,2024", 'line 3: needs one of "count" and "proportion"'),
        (",,yes,,,3", ",,perhaps,,,3", 'line 5: refusal: is "perhaps"; write yes or no'),
        ("No,2,", "Yes,1,", 'line 3: question "buses": "Yes" occurs twice for one group'),
        ("No,2,", "No,,", 'question "buses": the option "No" has no ordinal'),
        ("Yes,1,,SEX", "Yes,3,,SEX", 'line 6: question "buses": the option "Yes" has two ordinals'),
        ("Should buses be free?", "", 'question "buses": has no "stem"'),
        ("Should buses be free?", '"Should', "line "),
        ("buses,,,No", "buses,,,No,,,,,,,,,", "line 3: "),
    ],
)
def test_a_fault_names_its_line_and_what_to_do(tmp_path: Path, before: str, after: str, message: str) -> None:
    assert before in TOWN
    assert message in fault(tmp_path, TOWN.replace(before, after, 1))


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    assert "add rows" in fault(tmp_path, TOWN.splitlines()[0])
    assert "lacks the column" in fault(tmp_path, "")


def test_a_file_that_is_not_there_or_not_text_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="there is no file"):
        read(tmp_path / "gone.csv", ImportOptions("town"))
    (tmp_path / "town.csv").write_bytes(b"question,option\n\xff")
    with pytest.raises(SurveyError, match="save the file as UTF-8"):
        read(tmp_path / "town.csv", ImportOptions("town"))


TEXTS = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12)
OPTIONS = TEXTS.filter(lambda text: text == without_markup(text) and not is_special(text))
PLACES = st.floats(-9, 9).filter(lambda value: not is_missing_code(value))
GROUPS = st.sampled_from(
    [("SEX", "Male"), ("RACE", "Other"), ("COUNTRY", "Japan"), ("POLPARTY x SEX", "Other x Female")]
)


def is_special(text: str) -> bool:
    """Whether an option may be taken for a refusal."""
    return declines(text) or may_decline(text)


@st.composite
def responses(draw: st.DrawFn, options: int, refusal: bool) -> Responses:
    """Counts with somebody in them; somebody refuses only where there is a refusal option."""
    counts = draw(st.tuples(*[st.integers(0, 10**6)] * options).filter(any))
    refused = draw(st.integers(0, 50)) if refusal else 0
    return Responses(counts=tuple(float(count) for count in counts), refused=float(refused))


@st.composite
def questions(draw: st.DrawFn, number: int) -> Question:
    """A question with any options, ordinals and groups that a survey may have."""
    texts = draw(st.lists(OPTIONS, min_size=3, max_size=6, unique_by=lambda text: bare(text).casefold()))
    refusal = draw(st.booleans())
    options, refusals = (texts[:-1], texts[-1:]) if refusal else (texts, [])
    ordinals = draw(st.lists(PLACES, min_size=len(options), max_size=len(options)))
    groups = draw(st.dictionaries(GROUPS, responses(len(options), refusal), max_size=4))
    by_attribute: dict[str, dict[str, Responses]] = {}
    for (attribute, value), figures in groups.items():
        by_attribute.setdefault(attribute, {})[value] = figures
    return Question(
        id=f"Q{number}",
        topics=(draw(TEXTS.filter(lambda text: ";" not in text)),),
        stem=draw(TEXTS.filter(lambda text: text == without_markup(text))),
        paraphrased=draw(st.booleans()),
        options=tuple(Option(text=text, ordinal=value) for text, value in zip(options, ordinals, strict=True)),
        refusals=tuple(refusals),
        overall=draw(responses(len(options), refusal)),
        responses=by_attribute,
    )


def rows_of(question: Question) -> list[dict[str, object]]:
    """Write a question as rows of the table."""
    groups = {("", ""): question.overall} | {
        (attribute, value): figures
        for attribute, by_value in question.responses.items()
        for value, figures in by_value.items()
    }
    rows: list[dict[str, object]] = []
    for (attribute, value), figures in groups.items():
        assert figures is not None
        assert figures.counts is not None
        amounts: list[tuple[str, float | None, float]] = []
        amounts += zip(question.option_texts, question.ordinals, figures.counts, strict=True)
        amounts += [(text, None, figures.refused) for text in question.refusals]
        for text, ordinal, count in amounts:
            rows.append(
                {
                    "question": question.id,
                    "stem": question.stem,
                    "topic": question.topics[0],
                    "paraphrased": "yes" if question.paraphrased else "no",
                    "option": text,
                    "ordinal": "" if ordinal is None else repr(ordinal),
                    "refusal": "yes" if text in question.refusals else "",
                    "attribute": attribute,
                    "value": value,
                    "count": count,
                    "year": 2024,
                }
            )
    return rows


@settings(max_examples=share(60), deadline=None)
@given(data=st.data())
def test_a_survey_written_as_a_table_comes_back_as_it_was(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    wanted = [data.draw(questions(number)) for number in range(data.draw(st.integers(1, 3)))]
    path = tmp_path_factory.mktemp("round") / "town.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [name for name in Row.model_fields if name not in ("proportion", "n_effective")])
        writer.writeheader()
        for question in wanted:
            writer.writerows(rows_of(question))
    survey: Survey = read(path, ImportOptions("town")).survey
    assert list(survey.questions) == wanted
    assert survey.years == (2024,)


HEADER = "question,stem,option,ordinal,refusal,attribute,value,count\n"
BRIDGE = HEADER + "q,Build it?,Yes,1,,,,61\nq,,No,2,,,,40\n"


@pytest.mark.parametrize("option", ["DK/NA,99", "Refused,-9", "No answer,-1", "9. Don’t know (VOL.),9", "Unsure,"])
def test_people_who_declined_are_refusals_with_a_note_whatever_their_code(tmp_path: Path, option: str) -> None:
    found = imported(tmp_path, BRIDGE + f"q,,{option},,,,50\n", years=(2020,))
    (question,) = found.survey.questions
    assert (question.option_texts, question.ordinals) == (("Yes", "No"), (1, 2))
    assert question.overall == Responses(counts=(61, 40), refused=50)
    text = option.split(",")[0]
    assert len(found.notes) == 1
    assert text in found.notes[0]
    assert "taken as refusals (the text declines to answer)" in found.notes[0]


def test_people_who_were_not_asked_are_in_no_figure_and_are_counted_in_a_note(tmp_path: Path) -> None:
    rows = "q,,Refused,-9,,,,5\nq,,Inapplicable,-1,,,,900\nq,,Yes,1,,SEX,Male,20\nq,,Inapplicable,-1,,SEX,Male,30\n"
    found = imported(tmp_path, BRIDGE + rows, years=(2020,))
    (question,) = found.survey.questions
    assert (question.option_texts, question.refusals) == (("Yes", "No"), ("Refused",))
    assert question.overall == Responses(counts=(61, 40), refused=5)
    assert question.responses["SEX"]["Male"] == Responses(counts=(20, 0), refused=0)
    taken = '1 option taken as people who were not asked (left out of all figures): "Inapplicable (-1)" in q'
    counted = '1 text left out (people who were not asked): q: 900 × "Inapplicable" (answers left out: 900)'
    assert {taken, counted} <= set(found.notes)


def test_shares_are_of_those_who_were_asked(tmp_path: Path) -> None:
    header = HEADER.replace("count", "proportion")
    rows = "q,Build it?,Yes,1,,,,0.2\nq,,No,2,,,,0.1\nq,,Refused,,,,,0.1\nq,,IAP,,,,,0.6\n"
    (question,) = imported(tmp_path, header + rows, years=(2020,)).survey.questions
    assert question.overall is not None
    assert question.overall.proportions == pytest.approx((0.5, 0.25))
    assert question.overall.refused == pytest.approx(0.25)


def test_a_table_may_call_people_who_were_not_asked_a_refusal(tmp_path: Path) -> None:
    (question,) = imported(tmp_path, BRIDGE + "q,,Inapplicable,,yes,,,5\n", years=(2020,)).survey.questions
    assert question.overall == Responses(counts=(61, 40), refused=5)


def test_refusals_kept_as_options_are_counted_one_by_one_without_an_order(tmp_path: Path) -> None:
    rows = "q,,Refused,-9,,,,5\nq,,Don't know,-8,,,,7\nq,,,,yes,,,3\n"
    (question,) = imported(tmp_path, BRIDGE + rows, years=(2020,), refusals="options").survey.questions
    assert question.option_texts == ("Yes", "No", "Refused", "Don't know")
    assert (question.ordinals, question.refusals) == ((1, 1, 1, 1), ())
    assert question.overall == Responses(counts=(61, 40, 5, 7), refused=3)


def test_a_middle_that_declines_keeps_its_place_and_one_that_the_table_calls_an_answer_too(tmp_path: Path) -> None:
    found = imported(tmp_path, HEADER + "q,Build it?,Yes,1,,,,61\nq,,No opinion,2,,,,5\nq,,No,3,,,,40\n")
    assert found.survey.questions[0].ordinals == (1, 2, 3)
    assert any("(counted as options): q: No opinion" in note for note in found.notes)
    found = imported(tmp_path, BRIDGE + "q,,No opinion,3,no,,,5\n")
    assert found.survey.questions[0].ordinals == (1, 2, 3)
    assert any("(counted as options): q: No opinion" in note for note in found.notes)


def test_an_option_in_two_spellings_is_one_shown_as_first_written_with_a_note(tmp_path: Path) -> None:
    rows = "q,Build it?,Don’t – never,1,,,,61\nq,Build  it?,No,2,,,,40\nq,,Don't - never,1,,SEX,Male,20\n"
    found = imported(tmp_path, HEADER + rows)
    (question,) = found.survey.questions
    assert question.option_texts == ("Don’t – never", "No")
    assert question.responses["SEX"]["Male"].counts == (20, 0)
    assert "1 option written in two ways (taken as one): q: Don’t – never / Don't - never" in found.notes
    both = rows.replace("SEX,Male,20", ",,20")
    assert '"Don’t – never" occurs twice for one group' in fault(tmp_path, HEADER + both)


def test_values_of_groups_are_those_of_the_catalogue_whatever_their_apostrophes_and_spaces(tmp_path: Path) -> None:
    rows = "q,,Yes,1,,EDUCATION,Associate’s\u00a0degree,20\nq,,Yes,1,,EDUCATION x SEX,Associate’s degree x Male,5\n"
    responses = imported(tmp_path, BRIDGE + rows).survey.questions[0].responses
    assert set(responses["EDUCATION"]) == {"Associate's degree"}
    assert set(responses["EDUCATION x SEX"]) == {"Associate's degree x Male"}


def test_counts_that_are_not_whole_are_not_kept_as_unweighted(tmp_path: Path) -> None:
    message = fault(tmp_path, BRIDGE.replace(",61", ",61.7"))
    assert 'line 2: question "q": the count 61.7 is not a whole number; for weighted figures add --weighted' in message
    weighted = BRIDGE.replace("count\n", "count,n_effective\n").replace(",61\n", ",61.7,80\n")
    survey = imported(tmp_path, weighted, weighted=True).survey
    assert survey.questions[0].overall == Responses(counts=(61.7, 40), refused=0, n_effective=80)


def test_html_goes_from_stems_and_options_with_a_note(tmp_path: Path) -> None:
    rows = '"q","<p>Build&nbsp;<b>it</b><br>here?</p>","<i>Yes</i> &amp; now",1,,,,61\nq,,No,2,,,,40\n'
    found = imported(tmp_path, HEADER + rows)
    (question,) = found.survey.questions
    assert question.stem == "Build it\nhere?"
    assert question.option_texts == ("Yes & now", "No")
    assert "1 question with HTML in its texts (tags and entities were taken out): q" in found.notes


@pytest.mark.parametrize(
    "text",
    [
        BRIDGE.replace(HEADER, HEADER.upper()),
        BRIDGE.replace(HEADER, HEADER.title()),
        BRIDGE.replace(HEADER, " , ".join(HEADER.split(","))),
        "\ufeff" + BRIDGE,
        "\ufeff\ufeff" + BRIDGE,
        "sep=,\n" + BRIDGE,
        '"sep=,"\r\n' + BRIDGE,
        BRIDGE.replace("\n", "\r\n"),
    ],
)
def test_a_table_as_programs_for_tables_save_it_is_read(tmp_path: Path, text: str) -> None:
    assert imported(tmp_path, text).survey.questions[0].overall == Responses(counts=(61, 40), refused=0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BRIDGE.replace(",", ";"), "it has semicolons: separate the columns with commas, and write a point for dec"),
        (BRIDGE.replace(",", "\t"), "it has tabs: separate the columns with commas"),
        (
            "sep=;\n" + BRIDGE.replace(",", ";"),
            "line 1: the columns are separated by semicolons; remove this line, and",
        ),
        ("Question," + BRIDGE, 'duplicate column "question"'),
        ("," + BRIDGE.replace("\nq", "\n1,q"), "line 1: a column has no name; name it or take it out"),
    ],
)
def test_another_separator_is_named_with_what_to_do(tmp_path: Path, text: str, message: str) -> None:
    assert message in fault(tmp_path, text)
