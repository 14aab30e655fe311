"""Every page says, folded, what its words mean, and its wide tables fit into the window."""

from chat_personas.reporting.explained.glossary import GLOSSARY
from chat_personas.reporting.html.layout import glossary, table, whole_page
from chat_personas.reporting.html.report_page import page_document
from chat_personas.reporting.markup import element
from tests.reporting.reading import tree, words
from tests.reporting.reported import scored


def defined(page: str) -> dict[str, str]:
    """The words of the glossary with their meanings; the glossary must be there once, and folded."""
    (details,) = (one for one in tree(page).iter("details") if one.get("class") == "glossary")
    assert details.get("open") is None
    names = ["".join(one.itertext()) for one in details.iter("dt")]
    return dict(zip(names, ("".join(one.itertext()) for one in details.iter("dd")), strict=True))


def test_a_report_defines_the_words_that_it_uses() -> None:
    found = defined(page_document([scored()], {}))
    assert {
        "alignment",
        "total variation",
        "everyone's answers",
        "noise floor",
        "label mass",
        "order bias",
    } <= found.keys()
    assert found["even answers"] == "Every option equally often: what a persona scores that has no opinion at all."
    assert "projection" not in found


def test_only_words_on_the_page_are_defined_and_a_page_without_any_has_no_glossary() -> None:
    assert defined(whole_page("t", element("p", "Skill is shown."))).keys() == {"skill"}
    assert glossary("Nothing of ours.") is None


def test_no_word_is_defined_twice() -> None:
    assert len({word for word, _ in GLOSSARY}) == len(GLOSSARY)


def test_in_a_table_of_many_columns_an_interval_may_stand_below_its_score_and_reads_as_before() -> None:
    row = ("Democrat", "0.84 [0.80, 0.88] (Independent)", "—")
    made = str(table("Alignment", ["", "best", "worst"], [row], many_columns=True))
    cells = list(tree(made).iter("td"))
    assert ["".join(cell.itertext()) for cell in cells] == list(row[1:])
    assert [(one.text, one.get("class")) for one in cells[0]] == [("[0.80, 0.88]", "interval")]
    assert words(made) == words(str(table("Alignment", ["", "best", "worst"], [row])))
