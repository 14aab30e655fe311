"""The page about reports: whole, alone in the world, and true to the report."""

import base64
import hashlib
import re
import shlex

import pytest

from chat_personas.reporting.html.provenance import command
from chat_personas.reporting.html.questions import by_misfit
from chat_personas.reporting.html.report_page import page_document
from eval.report import GroupName, Report
from personas.composing import composed, groups_in
from tests.eval.reports import MODEL, judged_as, report, row
from tests.reporting.reading import LOADING, SVG, rows, seen, tree, words
from tests.reporting.reported import HOSTILE, hostile, reference, score, scored


def policy(page: str) -> dict[str, str]:
    """Return the directives of the page's content security policy."""
    (meta,) = (one for one in tree(page).iter("meta") if one.get("http-equiv") == "Content-Security-Policy")
    return dict(directive.strip().split(" ", 1) for directive in meta.get("content", "").split(";"))


@pytest.mark.parametrize("reports", [[scored()], [scored(), scored(name="other")], [hostile()]], ids=len)
def test_nothing_is_loaded_from_anywhere(reports: list[Report]) -> None:
    page = page_document(reports, {"Q0": "See https://example.org/x.js"})
    found = seen(page)
    assert not found.names & LOADING
    assert all(address.startswith("#") for address in found.addresses)
    assert not any(name.startswith("on") or name == "style" for name in found.attributes)
    sheet = "".join(one.text or "" for one in tree(page).iter("style"))
    assert not re.search(r"url\(|@import|@font-face|expression", sheet)


def test_the_policy_allows_the_sheet_of_the_page_and_nothing_else() -> None:
    page = page_document([scored()])
    sheet = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    assert policy(page) == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_no_text_of_others_becomes_markup_or_commands_a_terminal() -> None:
    plain, attacked = page_document([report([row("Q0", 0.5)])]), page_document([hostile()], {"Q0": HOSTILE})
    assert not seen(attacked).names - seen(plain).names
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", attacked)
    assert "<script>alert(1)</script>" in words(attacked), "it is read as it was written"


def test_every_score_stands_with_its_interval_and_its_references() -> None:
    page = page_document([scored()])
    assert rows(page, "Scores with their 95% intervals over questions only")["skill"][0] == "0.100 [-0.200, 0.400]"
    beside = rows(page, "Compared with reference points")
    assert beside["this persona"][:2] == ["0.800 [0.750, 0.850]", "0.200 [0.150, 0.250]"]
    assert beside["everyone's answers"][0] == "0.850 [0.830, 0.870]"
    assert beside["Republican answers"][2] == "-0.200 [-0.210, -0.190]"
    assert beside["Republican answers"][3].startswith("+")
    assert {"even answers", "noise floor"} <= set(beside)


def test_what_the_intervals_say_is_said_in_words() -> None:
    assert "this persona is farther from its group than everyone's answers are" in words(page_document([scored()]))


def test_scores_that_are_not_defined_are_dashes() -> None:
    page = page_document([report([row("Q0", None)])])
    assert rows(page, "Scores with their 95% intervals over questions only")["alignment"][0] == "—"


def test_questions_are_sorted_by_misfit_and_those_without_people_come_last() -> None:
    strangers = {**row("Q9", None), "total_variation": None, "human": None, "human_refusal": None, "human_n": None}
    shown = scored([strangers, row("Q0", 0.9, total_variation=0.1), row("Q1", 0.4, total_variation=0.7)])
    assert [question.id for question in by_misfit(shown)] == ["Q1", "Q0", "Q9"]
    items = [one for one in tree(page_document([shown])).iter("li") if one.find("h4") is not None]
    assert [one.findtext("h4") for one in items] == ["Q1", "Q0", "Q9"]


def test_other_orders_need_no_script() -> None:
    topics = {"Q0": "taxes", "Q1": "guns", "Q2": "taxes"}
    fits = {"Q0": 0.1, "Q1": 0.7, "Q2": 0.5}
    shown = scored([{**row(name, 0.5, total_variation=fits[name]), "topics": [topics[name]]} for name in topics])
    page = page_document([shown])
    rules = re.findall(r"#p1-q(\d)\{--survey:(\d);--topic:(\d)\}", page)
    assert sorted(rules) == [("1", "1", "2"), ("2", "2", "3"), ("3", "3", "1")]  # taxes (Q2, Q0), then guns
    choices = list(tree(page).iter("input"))
    assert [one.get("class") for one in choices] == ["by-misfit", "by-survey", "by-topic"]
    assert [one.get("checked") for one in choices] == ["checked", None, None]
    for name in ("by-survey", "by-topic"):
        assert f".{name}:checked ~ .questions" in page


def test_shares_are_in_the_table_and_bars_have_their_length() -> None:
    asked = {**row("Q0", 0.5), "human": [0.25, 0.75], "model": [0.125, 0.875]}
    page = page_document([scored([asked])], {"Q0": "Buses or trams?"})
    assert "Buses or trams?" in words(page)
    caption = (
        "total variation 0.500 · alignment 0.500 · order bias 0.000 · label mass 0.900 · refusal 0.0% (people 0.0%)"
    )
    assert rows(page, caption) == {"Yes": ["", "25.0%", "12.5%"], "No": ["", "75.0%", "87.5%"]}
    bars = [one for one in tree(page).iter("rect") if one.get("height") == "4.7"]
    assert [one.get("width") for one in bars] == ["25", "12.5", "75", "87.5"]


def test_refusals_as_an_option_are_a_row_of_their_own() -> None:
    asked = {**row("Q0", 0.5), "human": [0.4, 0.4], "model": [0.5, 0.4], "refusal": 0.1, "human_refusal": 0.2}
    page = page_document([scored([asked], refusals="as-option")])
    (caption,) = (text for text in re.findall(r"<caption>([^<]*)</caption>", page) if "label mass" in text)
    assert rows(page, caption)["(refusal)"] == ["", "20.0%", "10.0%"]


def test_failures_are_counted_by_reason_and_answers_that_are_not_valid_are_named() -> None:
    order = {"order": "survey", "model": [0.5, 0.5], "refusal": 0.0, "label_mass": 0.25, "truncation": 0.125}
    invalid = {**row("Q7", 0.5, valid=False), "by_order": [order, {**order, "order": "reversed", "label_mass": 0.75}]}
    failures = [{"id": "Q1", "why": "too long"}, {"id": "Q2", "why": "no answer"}, {"id": "Q3", "why": "no answer"}]
    shown = scored([invalid], failures=failures)
    put = shown.survey.model_copy(update={"questions": 4})
    page = page_document([shown.model_copy(update={"survey": put})])
    assert "4 questions asked, 1 answered, 3 failed." in words(page)
    assert rows(page, "Failures by reason") == {"no answer": ["2", "Q2, Q3"], "too long": ["1", "Q1"]}
    assert rows(page, "Answers that are not valid") == {"Q7": ["0.250", "0.125"]}
    heads = [one.text for one in tree(page).iter("th") if one.get("scope") == "col"]
    assert "all 1 question answered" in heads
    assert "0 valid" in heads


def near(value: str, mean: float, *, tied: bool) -> dict[str, object]:
    alignment = score(mean, mean - 0.01, mean + 0.01)
    return {"attribute": "POLPARTY", "value": value, "alignment": alignment, "tied": tied}


def test_all_tied_groups_are_shown_however_many_and_the_rest_can_be_unfolded() -> None:
    ranked = [near("Democrat", 0.9 - place / 100, tied=place in (0, 12)) for place in range(15)]
    page = page_document([scored(nearest=ranked, nearest_questions=40)])
    said = words(page)
    assert "2 of 15 groups are tied (each may be the nearest)" in said
    assert "over the 40 questions for which all groups have figures" in said
    assert "The other 2 groups" in said


def test_a_page_says_how_to_repeat_the_run() -> None:
    said = words(page_document([scored()]))
    command = (
        "chat-personas eval democrat --survey town --model toy.gguf --steering portray --expression log_probability "
        "--seed 0 --refusals apart --limit 3"
    )
    assert command in said
    for fact in ("ab" * 32, "cd" * 32, "ef" * 32, "a" * 64, "2026-01-01T00:00:00+00:00", "chat-personas 0.1.0"):
        assert fact in said


def test_a_page_says_what_the_figures_are_and_that_a_demonstration_is_one() -> None:
    said = words(page_document([scored(model={**MODEL, "demonstration": True})]))
    assert "survey town (original wording, unweighted, 2020)" in said
    assert "Demonstration model: says nothing about real people." in said
    assert "demonstration" not in words(page_document([scored()]))


def test_without_the_survey_at_hand_it_says_that_the_wording_is_missing() -> None:
    assert "The wording of the questions is not shown" in words(page_document([scored()]))
    assert "The wording of the questions is not shown" not in words(page_document([scored()], {"Q0": "Trams?"}))


def test_several_personas_are_side_by_side_and_each_has_its_part() -> None:
    page = page_document([scored(), scored(name="other")])
    parts = [one.get("id") for one in tree(page).iter("section") if one.get("id")]
    assert parts == ["p1", "p2"]
    assert seen(page).addresses == ["#p1", "#p2"]
    identities = [one.get("id") for one in tree(page).iter() if one.get("id")]
    assert len(identities) == len(set(identities))
    labels = {one.get("for") for one in tree(page).iter("label")}
    assert labels <= set(identities)


def test_reports_that_differ_in_expression_are_told_apart_by_it() -> None:
    page = page_document([scored(), scored(expression="verbalized")])
    heads = [one.text for one in tree(page).iter("h2")]
    assert heads == ["Side by side", "democrat (portray), log_probability", "democrat (portray), verbalized"]
    said = words(page_document([scored(), scored(name="other")]))
    assert "democrat (portray), log_probability" not in said


def test_pictures_have_words_for_those_who_do_not_see_them() -> None:
    page = tree(page_document([scored()]))
    parents = {child: parent for parent in page.iter() for child in parent}
    drawn = [one for one in page.iter() if one.tag in ("svg", f"{SVG}svg")]
    assert len(drawn) == 1 + 2 + 3 * 2, "the figure, two swatches, a pair of bars for each option"
    for one in drawn:
        named = one.get("role") == "img" and one.findtext(f"{SVG}desc")
        assert named or "true" in (one.get("aria-hidden"), parents[one].get("aria-hidden"))
    for table in page.iter("table"):
        assert table.find("caption") is not None
        assert all(row.find("th") is not None for row in table.iterfind("tbody/tr"))
    assert page.get("lang") == "en"


def test_a_report_on_nothing_is_a_page_too() -> None:
    page = page_document([report([], failures=[{"id": "Q0", "why": "too long"}])])
    assert "no question could be scored" in words(page)
    assert "No answer could be scored." in words(page)


def test_the_same_report_gives_the_same_page() -> None:
    assert page_document([scored()]) == page_document([Report.model_validate_json(scored().to_json())])


def test_the_second_estimate_and_letters_alone_stand_beside_the_score_and_are_hidden_with_it() -> None:
    less = {"alignment": score(0.04, 0.01, 0.07), "total_variation": score(-0.05, -0.08, -0.02)}
    removed = {"questions": 2, "alignment": score(0.84), "total_variation": score(0.15), "minus_score": less}
    references = {**scored().references.model_dump(), "letters": reference(0.72, -0.08)}
    shown = scored(letters_removed=removed, references=references)
    page = page_document([shown])
    assert rows(page, "Scores with the letters removed")["alignment"] == ["0.840", "+0.040 [+0.010, +0.070]"]
    assert rows(page, "Compared with reference points")["letters alone"][0] == "0.720 [0.700, 0.740]"
    hidden = words(page_document([judged_as(shown, "follows_letters")]))
    assert "letters removed" not in hidden.lower()
    assert "letters alone" not in hidden


def test_the_second_estimate_is_not_on_a_page_of_orders_that_cannot_carry_it() -> None:
    three = {"options": ["Yes", "Perhaps", "No"], "ordinal": [1, 2, 3], "human": [0.2, 0.3, 0.5]}
    shares = [0.2, 0.3, 0.5]
    answered = {"model": shares, "refusal": 0, "label_mass": 1, "truncation": 0}
    asked = [answered | {"order": order} for order in ("survey", "reversed")]
    question = row("Q0", 0.8) | three | {"model": shares, "by_order": asked, "letters_removed": [0.3, 0.2, 0.5]}
    less = {"alignment": score(0.04, 0.01, 0.07), "total_variation": score(-0.05, -0.08, -0.02)}
    removed = {"questions": 1, "alignment": score(0.84), "total_variation": score(0.15), "minus_score": less}
    page = page_document([report([question], letters_removed=removed)])
    assert "Letters removed: not shown" in (said := words(page))
    assert "--orders cyclic" in said
    assert "Scores with the letters removed" not in said
    rotated = [answered | {"order": order} for order in ("survey", "rotated-1", "rotated-2")]
    page = page_document([report([question | {"by_order": rotated}], letters_removed=removed)])
    assert rows(page, "Scores with the letters removed")["alignment"] == ["0.840", "+0.040 [+0.010, +0.070]"]


def test_the_command_that_asks_again_repeats_the_groups_of_a_composed_persona() -> None:
    loaded = composed(groups_in("EDUCATION=Some college, no degree SEX=Female"))
    made = scored()
    persona = made.persona.model_copy(
        update={
            "name": loaded.persona.name,
            "file": loaded.path.name,
            "sha256": loaded.sha256,
            "groups": tuple(GroupName(attribute=g.attribute, value=g.value) for g in loaded.persona.groups),
        }
    )
    words = shlex.split(command(made.model_copy(update={"persona": persona})))
    assert words[:3] == ["chat-personas", "eval", "EDUCATION=Some college, no degree,SEX=Female"]
    assert groups_in(words[2]) == loaded.persona.groups
