"""What an export holds in memory does not grow with the corpus."""

import tracemalloc
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.corpus.export import FORMATS, Format, export_to
from tests.corpus.export.talks import EVERYTHING
from tests.corpus.making import talk, without_waiting_for_the_disk
from tests.examples import slow_but_first

WORDS = "word " * 2_000
"""10 kB, so that a text that is held would show."""


def peak(corpus: Corpus, form: Format, out: Path) -> int:
    """The most bytes that Python held during an export."""
    tracemalloc.start()
    try:
        export_to(corpus, form, EVERYTHING, out, force=True)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@slow_but_first("name", sorted(FORMATS.keys() - {"huggingface", "trl-preference", "spss"}), quick=2)
def test_forty_more_conversations_take_no_more_memory(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("chat_personas.corpus.export.source._PAGE", 5)
    without_waiting_for_the_disk(corpus)
    for _ in range(10):
        talk(corpus, (WORDS, WORDS))
    export_to(corpus, FORMATS[name], EVERYTHING, tmp_path / "out")  # what is imported or compiled once is not counted
    few = peak(corpus, FORMATS[name], tmp_path / "out")
    for _ in range(40):
        talk(corpus, (WORDS, WORDS))
    more = peak(corpus, FORMATS[name], tmp_path / "out") - few
    assert more < 5 * len(WORDS), "of 40 conversations with two such texts each"
