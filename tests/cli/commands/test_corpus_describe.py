"""`corpus describe`: a table, a page and a document about who took part and what was said."""

import json
import stat
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from tests.cli.running import Command, only_line
from tests.studies.sample_corpus import take_part
from tests.studies.test_sample import MARGINS

OPINION = "I think that guns should be banned in all of our cities"
PAGE = Path(__file__).parents[3] / "docs" / "corpus.md"


@pytest.fixture
def sample(corpus: Corpus) -> None:
    """Eight men and two women, one of whom pasted what she said."""
    for place in range(10):
        take_part(
            corpus,
            demographics={"SEX": "Male" if place < 8 else "Female"},
            realism=(4, 4, 4, 4, place % 7 + 1),
            exposure="no",
            said=[f"{OPINION}, number{place} number{place} number{place} number{place}"],
            pasted=[0.5 if place == 9 else 0],
        )
    take_part(corpus, demographics={"SEX": "Female"}, test=True)


@pytest.mark.usefixtures("sample")
def test_the_sample_is_described_beside_its_population(command: Command) -> None:
    Path("margins.toml").write_text(MARGINS)
    ran = command("corpus", "describe", "--study", "neighbours", "--margins", "margins.toml")
    assert (ran.code, ran.err) == (0, "")
    assert "10 people in 10 participations\n" in ran.out
    assert "left out: 1 of tests, 0 withdrawn\n" in ran.out
    assert "Male          8   80.0%        50.0%      50.0%\n" in ran.out
    assert "population: Adults of a town, 2024 (Its register)\n" in ran.out
    assert "effective sample size 6.4 of 10; weights from 0.62 to 2.50, mean 1\n" in ran.out
    assert "fewer than 5 people: 1 combination, 2 people in them\n" in ran.out
    assert "do not publish it" in ran.out


@pytest.mark.usefixtures("sample")
def test_page_and_document_are_written_and_standard_output_holds_nothing_else(command: Command) -> None:
    ran = command("corpus", "describe", "--json", "-", "--html", "page.html")
    assert ran.code == 0
    found = json.loads(ran.out)
    assert found["schema"] == "chat-personas/corpus-description@1"
    assert found["people"]["participants"] == len(found["carefulness"]) == 10
    assert "What is in the corpus" in Path("page.html").read_text()
    assert stat.S_IMODE(Path("page.html").stat().st_mode) == 0o600, "it holds keys of participants"
    assert "10 people in 10 participations" in ran.err


@pytest.mark.usefixtures("sample")
def test_without_margins_it_says_which_come_with_the_program(command: Command) -> None:
    said = " ".join(command("corpus", "describe").out.split())
    assert "no margins were given, so nothing is compared with a population: --margins us-adults has those" in said


@pytest.mark.usefixtures("sample")
def test_the_margins_of_the_program_are_named_with_source_and_year(command: Command) -> None:
    ran = command("corpus", "describe", "--margins", "us-adults")
    assert ran.code == 0
    said = "population: Adults in the United States, 2019 (U.S. Census Bureau, Vintage 2019 Population Estimates)"
    assert said in " ".join(ran.out.split())


@pytest.mark.usefixtures("sample")
def test_the_margins_of_the_page_are_read(command: Command) -> None:
    page = PAGE.read_text(encoding="utf-8")
    Path("margins.toml").write_text(page.partition("<!-- begin margins example -->\n```toml\n")[2].partition("```")[0])
    ran = command("corpus", "describe", "--margins", "margins.toml")
    assert (ran.code, ran.err) == (0, "")
    assert "population: " in ran.out


@pytest.mark.usefixtures("sample")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--study", "neighbour"), 'there is no study "neighbour" in the corpus; did you mean "neighbours"?'),
        (("--margins", "gone.toml"), "there is no file"),
        (("--margins", "us-adult"), 'there are no margins "us-adult"; did you mean "us-adults"?'),
        (("--margins", "margins.toml", "--json", "margins.toml"), "--json would overwrite the file of --margins"),
        (("--html", "nowhere/page.html"), "there is no directory nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_line(command: Command, arguments: tuple[str, ...], message: str) -> None:
    Path("margins.toml").write_text(MARGINS)
    ran = command("corpus", "describe", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in only_line(ran)
    assert Path("margins.toml").read_text() == MARGINS


def test_without_a_corpus_it_is_one_line(command: Command) -> None:
    ran = command("corpus", "describe")
    assert ran.code == 2
    assert only_line(ran)
