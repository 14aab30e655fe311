"""TRL and `datasets` take the lines of the training formats as they are."""

from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from tests.corpus.export.talks import forked, json_lines

pytestmark = pytest.mark.ecosystem
datasets = pytest.importorskip("datasets", reason="datasets is not installed")
data_utils = pytest.importorskip("trl.data_utils", reason="trl is not installed")


def loaded(file: Path, folder: Path) -> "datasets.Dataset":
    return datasets.load_dataset("json", data_files=str(file), split="train", cache_dir=str(folder / "cache"))


def test_trl_takes_the_pairs_for_a_conversational_preference_dataset(corpus: Corpus, tmp_path: Path) -> None:
    forked(corpus)
    json_lines(corpus, "trl-preference", tmp_path / "pairs.jsonl")
    (example,) = loaded(tmp_path / "pairs.jsonl", tmp_path)
    assert data_utils.is_conversational(example)
    # TRL takes a prompt of its own as it is, and would take one out of the replies otherwise
    assert data_utils.maybe_extract_prompt(example)["prompt"] == example["prompt"]
    assert example["chosen"][0]["content"].startswith("Où est")


@pytest.mark.parametrize("form", ["openai", "sharegpt"])
def test_trl_takes_the_conversations_for_chat_messages(corpus: Corpus, tmp_path: Path, form: str) -> None:
    forked(corpus)
    json_lines(corpus, form, tmp_path / "talks.jsonl")
    (example,) = loaded(tmp_path / "talks.jsonl", tmp_path)
    chat = data_utils.maybe_convert_to_chatml(example)
    assert data_utils.is_conversational(chat)
    assert [message["content"] for message in chat["messages"]] == [
        "Be brief.",
        "=Why?",
        "Où est <b>Élise</b>?\nHere.",
        "Go on",
        "So.",
    ]
