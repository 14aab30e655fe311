"""A data file for SPSS, read back with its labels and missing codes."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from chat_personas.corpus import Corpus, ExportError, MeasurementRow, Selection
from chat_personas.corpus.export import FORMATS, Terms, export_to
from chat_personas.corpus.study_rows import GuessRow, StudyRow
from eval.surveys.loading import load_survey
from tests.corpus.export.participants import STUDY, answer, conversation_of, guess, study_row, take_part
from tests.corpus.making import branch_of, talk
from tests.corpus.test_measurements import measurement

pyreadstat = pytest.importorskip("pyreadstat", reason="pyreadstat is not installed")
pytest.importorskip("pandas", reason="pandas is not installed")

ITEMS = [
    {"id": "often", "kind": "choice", "text": "How often?", "options": [
        {"code": "daily", "text": "Every day"}, {"code": "never", "text": "Never"}, {"code": "b", "text": "Between"}]},
    {"id": "views", "kind": "scale", "text": "I know the views of {people}.", "low": 1, "high": 7,
     "low_label": "not at all"},
    {"id": "why", "kind": "text", "text": "Why?"},
]  # fmt: skip
DEFINED = StudyRow(
    sha256="12" * 32,
    name="defined",
    title="Defined",
    definition=json.dumps({"instruments": {"intake": {"items": ITEMS}, "understanding": {"items": ITEMS[1:2]}}}),
)


def read(corpus: Corpus, file: Path, selection: Selection | None = None) -> tuple[list[dict[str, Any]], Any]:
    """Export, and read back the rows with the missing codes in them, and what is known of the variables."""
    export_to(corpus, FORMATS["spss"], selection or Selection(), file, force=True)
    columns, known = pyreadstat.read_sav(file, user_missing=True, output_format="dict")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)], known


def test_choices_are_numbers_with_the_texts_of_the_instrument_and_two_missing_codes(
    corpus: Corpus, tmp_path: Path
) -> None:
    shown = ("never", "b", "daily")
    first, second, _ = ways = [take_part(corpus, study=DEFINED) for _ in range(3)]
    answer(corpus, first, "often", code="b", said="Between", options=shown)
    answer(corpus, second, "often", declined=True, options=shown)
    rows, known = read(corpus, tmp_path / "study.sav")
    assert len(rows) == len(ways)
    assert sorted(row["intake_intake_often"] for row in rows) == [-99.0, -98.0, 3.0]
    assert known.variable_value_labels["intake_intake_often"] == {
        1.0: "Every day",
        2.0: "Never",
        3.0: "Between",
        -98.0: "prefer not to say",
        -99.0: "not asked",
    }
    missing = [(each["lo"], each["hi"]) for each in known.missing_ranges["intake_intake_often"]]
    assert sorted(missing) == [(-99.0, -99.0), (-98.0, -98.0)]
    assert known.column_names_to_labels["intake_intake_often"] == "How often? (intake)"
    assert known.variable_measure["intake_intake_often"] == "nominal"
    table, _ = pyreadstat.read_sav(tmp_path / "study.sav")
    assert table["intake_intake_often"].dropna().tolist() == [3.0], "as a program reads it that heeds the codes"


def test_scales_texts_and_felt_understanding(corpus: Corpus, tmp_path: Path) -> None:
    way, other = take_part(corpus, study=DEFINED), take_part(corpus, study=DEFINED)
    answer(corpus, way, "why", said="Because ann@example.org", place=2)
    answer(corpus, other, "why", declined=True)
    for stage, values in (("before", (2.0, 3.0)), ("after", (6.0, 6.0))):
        for place, value in enumerate(values, start=1):
            item = "views" if place == 1 else "reasons"
            answer(corpus, way, item, instrument="understanding", stage=stage, value=value, place=place)
    rows, known = read(corpus, tmp_path / "study.sav")
    rows.sort(key=lambda row: row["felt_before"])
    assert [(row["felt_before"], row["felt_after"]) for row in rows] == [(-99.0, -99.0), (2.5, 6.0)]
    assert [row["before_understanding_views"] for row in rows] == [-99.0, 2.0]
    assert known.variable_value_labels["before_understanding_views"][1.0] == "not at all"
    assert known.variable_measure["before_understanding_views"] == "scale"
    assert known.column_names_to_labels["before_understanding_views"] == "I know the views of the people. (before)"
    assert [row["intake_intake_why_text"] for row in rows] == ["-98", "Because [EMAIL]"]
    assert {each["lo"] for each in known.missing_ranges["intake_intake_why_text"]} == {"-98", "-99"}


def test_guesses_have_a_variable_for_each_option(corpus: Corpus, tmp_path: Path) -> None:
    way = take_part(corpus)
    take_part(corpus)
    guess(corpus, way, "before", 0.25, 0.75)
    guess(corpus, way, "guesses_after", 0.5, 0.5)
    rows, known = read(corpus, tmp_path / "study.sav")
    rows.sort(key=lambda row: row["guess_before_GUNS_1"])
    names = [f"guess_{stage}_GUNS_{place}" for stage in ("before", "after") for place in (1, 2)]
    assert [[row[name] for name in names] for row in rows] == [[-99.0] * 4, [0.25, 0.75, 0.5, 0.5]]
    assert known.column_names_to_labels["guess_after_GUNS_2"] == "guessed after: share of option 2 of GUNS"


def test_labels_have_the_texts_of_the_options_and_the_people_that_the_participant_read(
    corpus: Corpus, tmp_path: Path
) -> None:
    civic = load_survey("civic")
    question = civic.survey.questions[0]
    conditions = [{"name": name, "people": f"{name.title()}s"} for name in ("democrat", "republican")]
    definition = {
        "study": {"conditions": conditions},
        "survey": {"name": "civic", "sha256": civic.sha256},
        "instruments": {"intake": {"items": ITEMS}, "feeling": {"items": ITEMS[1:2]}},
    }
    study = study_row("warm", "Warm", json.dumps(definition))
    one, other = (take_part(corpus, study=study, persona=name) for name in ("democrat", "republican"))
    answer(corpus, one, "views", value=3.0)
    for way in (one, other):
        answer(corpus, way, "views", value=3.0, instrument="feeling", place=2)
    shares = [1 / len(question.option_texts)] * len(question.option_texts)
    row = GuessRow(
        participation_id=one.id, stage="before", survey_sha256=civic.sha256, question=question.id, place=1,
        shares=tuple(shares),
    )  # fmt: skip
    corpus.studies.guess([row])
    _, known = read(corpus, tmp_path / "study.sav")
    labels = known.column_names_to_labels
    assert labels["intake_intake_views"] == "I know the views of Democrats. (intake)"
    assert labels["intake_feeling_views"] == "I know the views of Democrats or Republicans (by condition). (intake)"
    for place, text in enumerate(question.option_texts, start=1):
        label = labels[f"guess_before_{question.id}_{place}"]
        assert label == f"guessed before: share of option {place} of {question.id}: {text}"


def measure(corpus: Corpus, conversation: str, place: int | None, alignment: float, verdict: str) -> None:
    """Keep a measurement after a message of the branch; before the first with None."""
    branch = branch_of(corpus, conversation)
    row = measurement(branch[place or 0]).model_dump() | {"alignment": alignment, "verdict": verdict}
    row |= {"message_id": None if place is None else branch[place].id, "complete": True}
    corpus.add_measurement(MeasurementRow.model_validate(row), [])


def test_a_conversation_is_there_in_figures_and_an_alignment_only_where_it_is_sound(
    corpus: Corpus, tmp_path: Path
) -> None:
    way = take_part(corpus, ("one two three", "Yes."), ("four", "No."))
    take_part(corpus, scope="research", status="left")
    key = conversation_of(corpus, way)
    measure(corpus, key, None, 0.5, "follows_letters")
    measure(corpus, key, 1, 0.625, "sound")
    measure(corpus, key, 3, 0.75, "sound")
    rows, known = read(corpus, tmp_path / "study.sav")
    texts = [name for name, kind in known.readstat_variable_types.items() if kind == "string"]
    assert {"persona", "model", "verdict_first", "participant"} <= set(texts)
    assert {known.variable_measure[name] for name in texts} == {"nominal"}
    assert known.variable_measure["alignment_last"] == "scale"
    silent, talked = sorted(rows, key=lambda row: row["status"] == "complete")
    assert (talked["turns"], talked["words"], talked["persona"]) == (2.0, 4.0, "democrat")
    assert (talked["alignment_last"], talked["verdict_last"], talked["alignment_last_turn"]) == (0.75, "sound", 2.0)
    assert (talked["verdict_first"], talked["alignment_first_turn"]) == ("follows_letters", 0.0)
    table, _ = pyreadstat.read_sav(tmp_path / "study.sav")
    assert table["alignment_first"].dropna().tolist() == []
    assert silent["persona"] == ""
    assert (silent["scope"], silent["status"], silent["study"], silent["adult"]) == ("research", "left", "town", 1.0)
    assert silent["participant"].startswith("P-")
    assert silent["day"] == "2026-11-20"


def test_a_message_that_was_measured_again_counts_once_and_its_newest_measurement_is_the_one(
    corpus: Corpus, tmp_path: Path
) -> None:
    key = conversation_of(corpus, take_part(corpus, ("one", "Yes."), ("two", "No.")))
    for place, alignment in ((1, 0.5), (1, 0.625), (3, 0.75), (1, 0.875)):
        measure(corpus, key, place, alignment, "sound")
    (row,), _ = read(corpus, tmp_path / "study.sav")
    assert (row["alignment_first"], row["alignment_first_turn"]) == (0.875, 1.0)
    assert (row["alignment_last"], row["alignment_last_turn"]) == (0.75, 2.0)


def test_no_code_for_what_is_missing_is_a_number_that_somebody_gave(corpus: Corpus, tmp_path: Path) -> None:
    way, other = take_part(corpus), take_part(corpus)
    answer(corpus, way, "degrees", value=-99.0)
    answer(corpus, other, "degrees", declined=True)
    rows, known = read(corpus, tmp_path / "study.sav")
    assert sorted(row["intake_intake_degrees"] for row in rows) == [-998.0, -99.0]
    assert known.variable_value_labels["intake_intake_degrees"] == {-998.0: "prefer not to say", -999.0: "not asked"}


def test_names_are_those_that_spss_allows_and_differ(corpus: Corpus, tmp_path: Path) -> None:
    way = take_part(corpus)
    for place, item in enumerate(("a-b", "a.b", "A_B", "x" * 90, "ünï"), start=1):
        answer(corpus, way, item, value=1.0, place=place)
    answer(corpus, way, "with", value=1.0, stage="1st", instrument="9")
    rows, _ = read(corpus, tmp_path / "study.sav")
    names = list(rows[0])
    assert len({name.lower() for name in names}) == len(names)
    assert {"intake_intake_a_b", "intake_intake_a_b_2", "intake_intake_A_B_3", "v_1st_9_with"} <= set(names)
    assert all(len(name) <= 64 for name in names)


def test_options_that_the_catalogue_has_are_numbered_as_there(corpus: Corpus, tmp_path: Path) -> None:
    way = take_part(corpus)
    answer(corpus, way, "age", attribute="AGE", code="30-49", options=("65+", "30-49", "18-29", "50-64"))
    rows, known = read(corpus, tmp_path / "study.sav")
    (number,) = (row["intake_intake_age"] for row in rows)
    assert number == 2.0
    assert known.variable_value_labels["intake_intake_age"][2.0] == "Age 30–49"


def test_only_participations_that_may_leave_are_in_it(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Mine", "Yes."))
    take_part(corpus, scope="use")
    take_part(corpus, test=True)
    with pytest.raises(ExportError, match="no participation may leave the corpus"):
        export_to(corpus, FORMATS["spss"], Selection(own=True), tmp_path / "study.sav")
    way = take_part(corpus, scope="publication")
    rows, _ = read(corpus, tmp_path / "study.sav")
    assert len(rows) == 1
    assert [release.counted["participants"] for release in corpus.releases.holding(way.participant_id)] == [1]


def test_its_notes_have_the_licences(corpus: Corpus, tmp_path: Path) -> None:
    take_part(corpus)
    export_to(corpus, FORMATS["spss"], Selection(), tmp_path / "a.sav", terms=Terms(licence_people="CC-BY-4.0"))
    _, known = pyreadstat.read_sav(tmp_path / "a.sav", metadataonly=True)
    assert "Licence of people's words: CC-BY-4.0." in " ".join(known.notes)


def test_without_its_library_the_error_says_what_to_install(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_part(corpus, study=STUDY)
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(ExportError, match=r"needs pyreadstat and pandas; install them with: .*\[export\]"):
        export_to(corpus, FORMATS["spss"], Selection(), tmp_path / "study.sav")
