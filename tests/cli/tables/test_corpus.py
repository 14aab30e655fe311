"""The list of conversations fits the terminal, and is whole for scripts."""

import pytest
from rich.cells import cell_len

from chat_personas.cli.tables.corpus import listed
from chat_personas.corpus import Corpus
from chat_personas.corpus.rows import ConversationSummary
from tests.corpus.making import talk

MOMENT = "2026-11-29 09:15"


@pytest.fixture
def found(corpus: Corpus) -> ConversationSummary:
    talk(corpus, ("Hello", "Good day"))
    title = "Why are there so many 銃 in this country, and who wants to have fewer of them? " * 3
    return corpus.conversations()[0].model_copy(update={"title": title.strip()})


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_no_line_of_the_list_is_wider_than_the_terminal(found: ConversationSummary, width: int) -> None:
    lines = list(listed(found, "k3v9qx", MOMENT, width))
    assert len(lines) == (1 if width >= 120 else 2)
    assert max(map(cell_len, lines)) <= width
    assert lines[0].startswith("k3v9qx  2026-11-29 09:15  ")
    assert "Why are there so many" in lines[-1]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_title_is_cut_rather_than_what_is_said_after_it(found: ConversationSummary, width: int) -> None:
    row = found.model_copy(update={"prompt_format": "plain", "study": "neighbours"})
    lines = list(listed(row, "k3v9qx", MOMENT, width))
    assert max(map(cell_len, lines)) <= width
    assert lines[-1].endswith("… (base model, study neighbours)")
    short = list(listed(row.model_copy(update={"title": "Guns"}), "k3v9qx", MOMENT, width))
    assert short[-1].endswith(" Guns (base model, study neighbours)")


def test_for_a_script_a_line_is_whole(found: ConversationSummary) -> None:
    (line,) = listed(found, "k3v9qx", MOMENT, None)
    assert line.endswith(found.title)
