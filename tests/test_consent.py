"""Which servers may be probed: what the user agreed to is kept, whatever happens to the disk."""

from pathlib import Path

import pytest

from chat_personas import consent
from chat_personas.paths import confirmations_path
from eval.engine import EngineInfo
from tests.storage.no_room import no_room

FAR = EngineInfo(name="https://far.example/v1#big", engine="openai", local=False)
NEAR = EngineInfo(name="https://near.example/v1", engine="openai", local=False)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    monkeypatch.setattr(consent, "_not_stored", set())


def next_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what only this process knows."""
    monkeypatch.setattr(consent, "_not_stored", set())


def test_what_a_user_agreed_to_is_remembered_for_that_server_only() -> None:
    assert not consent.is_confirmed(FAR)
    consent.remember(FAR)
    assert consent.is_confirmed(FAR)
    assert consent.is_confirmed(EngineInfo(name="https://far.example/v1#other", engine="openai", local=False))
    assert not consent.is_confirmed(NEAR)
    assert confirmations_path().stat().st_mode & 0o777 == 0o600


def test_this_machine_needs_no_agreement_and_a_damaged_file_counts_as_none() -> None:
    assert consent.is_confirmed(EngineInfo(name="pocket", engine="llama"))
    consent.remember(FAR)
    for damaged in ("{", "[" * 100_000, "[1]", '{"servers": 5}', '{"servers": [["https://far.example/v1"]]}'):
        confirmations_path().write_text(damaged)
        assert not consent.is_confirmed(FAR)
    consent.remember(FAR)
    assert consent.is_confirmed(FAR)


def test_a_full_disk_loses_no_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    consent.remember(FAR)
    with no_room():
        consent.remember(NEAR)
    assert consent.is_confirmed(FAR)
    assert consent.is_confirmed(NEAR)  # until the program ends
    next_start(monkeypatch)
    assert consent.is_confirmed(FAR)
    assert not consent.is_confirmed(NEAR)


def test_a_place_that_cannot_be_written_does_not_end_the_program(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the directory should be")
    consent.remember(FAR)
    assert consent.is_confirmed(FAR)
