"""The page about the corpus says what is there, and its queries run."""

import re
from pathlib import Path

from chat_personas.corpus import Corpus
from scripts.docs import write_corpus
from tests.corpus.making import branch_of, talk
from tests.corpus.test_measurements import PROBES, measurement

PAGE = (Path(__file__).parents[2] / "docs" / "corpus.md").read_text(encoding="utf-8")
TABLES = (
    "conversations", "messages", "generations", "measurements", "probes", "ratings", "studies", "participants",
    "identifiers", "consents", "participations", "stages", "answers", "guesses", "study_conversations", "compositions",
    "releases", "release_participants", "comparisons", "debates", "persona_changes",
)  # fmt: skip
VIEWS = ("v_dialogue", "v_turns", "v_measurements", "v_participations", "v_answers", "v_guesses")


def test_every_column_is_described_under_its_table(corpus: Corpus) -> None:
    database = corpus.database()
    for table in (*TABLES, *VIEWS):
        section = PAGE.split(f"### {table}\n")[1].split("\n##")[0]
        described = {
            name for row in re.findall(r"^\| (`.*?) \|", section, re.M) for name in re.findall(r"`(\w+)`", row)
        }
        assert described == set(database[table].columns_dict), table


def test_every_query_runs_and_finds_something(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Gun control?", "I would have more of it."))
    corpus.rename(identifier, "Guns")
    reply = branch_of(corpus, identifier)[-1]
    corpus.add_measurement(measurement(reply), PROBES)
    groups = '{"groups": [{"attribute": "POLPARTY", "value": "Democrat"}, {"attribute": "SEX", "value": "Female"}]}'
    with corpus._connections.writing() as connection:
        connection.execute("UPDATE conversations SET persona = ?", (groups,))
        connection.execute("UPDATE generations SET decoded_tokens = 30, seconds = 1.5, thought = 'Hm.'")
    queries = re.findall(r"```sql\n(.*?)```", PAGE, re.S)
    assert len(queries) == 10
    for query in queries:
        assert list(corpus.database().query(query)), query


def test_keys_of_margins_and_descriptions_are_those_of_the_code() -> None:
    page = write_corpus.PAGE.read_text(encoding="utf-8")
    assert write_corpus.updated(page) == page
