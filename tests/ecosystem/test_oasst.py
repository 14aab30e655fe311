"""OpenAssistant's own reader takes the message trees."""

from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from tests.corpus.export.talks import forked, json_lines

pytestmark = pytest.mark.ecosystem
oasst_data = pytest.importorskip("oasst_data", reason="oasst_data is not installed")


def test_the_reader_of_openassistant_takes_the_trees(corpus: Corpus, tmp_path: Path) -> None:
    kept = forked(corpus)
    json_lines(corpus, "oasst", tmp_path / "trees.jsonl")
    (tree,) = oasst_data.read_message_trees(tmp_path / "trees.jsonl")
    assert tree.message_tree_id == kept.first
    worse, better = tree.prompt.replies
    assert (worse.text, worse.synthetic, worse.model_name) == ("Because.", True, "small.gguf")
    assert better.labels["realism 1-7"].value == 5.0
    assert [reply.text for reply in better.replies] == ["Go on"]
