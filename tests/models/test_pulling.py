"""Fetching a model: resumed, checked, and nothing left under its name that is not the model."""

import errno
import fcntl
import hashlib
import os
import shutil
import sys
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_personas.models import pocket_path, pulling
from chat_personas.models.catalogue import find_entry
from chat_personas.models.gguf import read_header
from chat_personas.models.pulling import (
    NoHubError,
    NoSpaceError,
    Offer,
    PullError,
    ask_hub,
    check_space,
    fetch,
)
from personas.inputs.redaction import without_secrets
from tests.models.fake_hub import COMMIT, FakeHub, serving_hub

pytest.importorskip("huggingface_hub")
CONTENT = pocket_path().read_bytes()
HALF = len(CONTENT) // 2
ENTRY = find_entry("qwen3-0.6b")
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub that has the built-in model under every name."""
    with serving_hub(CONTENT) as served:
        monkeypatch.setenv("HF_ENDPOINT", f"{served.url}/")
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        yield served


def arrived(offer: Offer, directory: Path) -> list[int]:
    """Fetch it; return the numbers of bytes that were told while they arrived."""
    told: list[int] = []
    fetch(offer, directory, lambda done, size: told.append(done))
    return told


def names(directory: Path) -> list[str]:
    """The names of all files that are left."""
    return sorted(path.name for path in directory.iterdir())


def test_the_hub_tells_size_hash_and_memory_before_anything_is_fetched(hub: FakeHub) -> None:
    offer = ask_hub(ENTRY)
    assert offer.size == len(CONTENT)
    assert offer.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert offer.memory == read_header(pocket_path()).memory(len(CONTENT))
    assert offer.url == f"{hub.url}/{ENTRY.repository}/resolve/{COMMIT}/{ENTRY.file}"
    assert hub.sent_from == []


def test_what_is_fetched_is_the_file_under_the_name_of_the_model(hub: FakeHub, tmp_path: Path) -> None:
    told = arrived(ask_hub(ENTRY), tmp_path / "models")
    assert names(tmp_path / "models") == ["qwen3-0.6b.gguf"]
    assert (tmp_path / "models" / "qwen3-0.6b.gguf").read_bytes() == CONTENT
    assert (told[0], told[-1], told) == (0, len(CONTENT), sorted(told))


def test_no_token_is_sent(hub: FakeHub, tmp_path: Path) -> None:
    arrived(ask_hub(ENTRY), tmp_path)
    assert {authorisation for *_, authorisation in hub.asked} == {None}


class StoppedError(Exception):
    """Stands for Ctrl-C."""


def test_an_interruption_at_half_is_resumed_from_there(hub: FakeHub, tmp_path: Path) -> None:
    offer = ask_hub(ENTRY)

    def stop(done: int, size: int) -> None:
        if done >= HALF:
            raise StoppedError

    with pytest.raises(StoppedError):
        fetch(offer, tmp_path, stop)
    there = offer.there(tmp_path)
    assert HALF <= there < len(CONTENT)
    assert not offer.target(tmp_path).exists()
    told = arrived(offer, tmp_path)
    assert told[0] == there
    assert hub.sent_from == [0, there]
    assert offer.target(tmp_path).read_bytes() == CONTENT
    assert names(tmp_path) == ["qwen3-0.6b.gguf"]


def test_a_connection_that_breaks_is_resumed_at_once(hub: FakeHub, tmp_path: Path) -> None:
    hub.break_off = [HALF, 1000]
    arrived(ask_hub(ENTRY), tmp_path)
    assert hub.sent_from == [0, HALF, HALF + 1000]
    assert (tmp_path / "qwen3-0.6b.gguf").read_bytes() == CONTENT


def test_a_hub_that_goes_away_at_half_leaves_what_arrived_for_the_next_time(hub: FakeHub, tmp_path: Path) -> None:
    offer = ask_hub(ENTRY)
    hub.break_off = [HALF, 0]
    with pytest.raises(PullError, match="run the command again"):
        arrived(offer, tmp_path)
    assert offer.there(tmp_path) == HALF
    assert not offer.target(tmp_path).exists()
    assert arrived(offer, tmp_path)[0] == HALF
    assert offer.target(tmp_path).read_bytes() == CONTENT


def test_a_hub_that_sends_no_ranges_begins_again_and_ends_right(hub: FakeHub, tmp_path: Path) -> None:
    hub.ranges, hub.break_off = False, [HALF]
    arrived(ask_hub(ENTRY), tmp_path)
    assert (tmp_path / "qwen3-0.6b.gguf").read_bytes() == CONTENT


def test_a_hub_that_never_gets_further_is_given_up(hub: FakeHub, tmp_path: Path) -> None:
    hub.ranges, hub.break_off = False, [HALF] * 10
    with pytest.raises(PullError, match="no connection to"):
        arrived(ask_hub(ENTRY), tmp_path)
    assert len(hub.break_off) == 8


def test_a_file_with_another_hash_is_not_kept_under_any_name(hub: FakeHub, tmp_path: Path) -> None:
    hub.sha256 = "0" * 64
    with pytest.raises(PullError, match="does not have the hash that the hub gave"):
        arrived(ask_hub(ENTRY), tmp_path)
    assert names(tmp_path) == []


def test_a_damaged_half_is_found_out(hub: FakeHub, tmp_path: Path) -> None:
    offer = ask_hub(ENTRY)
    offer.part(tmp_path).write_bytes(b"\0" * HALF)
    with pytest.raises(PullError, match="does not have the hash"):
        arrived(offer, tmp_path)
    assert names(tmp_path) == []


def test_half_of_an_older_version_is_not_continued_with_a_newer_one(hub: FakeHub, tmp_path: Path) -> None:
    old = ask_hub(ENTRY)
    old.part(tmp_path).write_bytes(CONTENT[:HALF])
    hub.content = CONTENT[:-1] + b"\1"
    new = ask_hub(ENTRY)
    assert new.there(tmp_path) == 0
    arrived(new, tmp_path)
    assert new.target(tmp_path).read_bytes() == hub.content


def test_more_bytes_than_announced_are_refused(hub: FakeHub, tmp_path: Path) -> None:
    offer = ask_hub(ENTRY)
    hub.content += b"more"
    with pytest.raises(PullError, match="sends more than"):
        arrived(offer, tmp_path)
    assert not offer.target(tmp_path).exists()


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = ask_hub(ENTRY)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(10**9, 10**9, 5_000_000))
    with pytest.raises(NoSpaceError, match=r"needs 0\.2 GB in .*, and 0\.0 GB are free"):
        check_space(offer, tmp_path / "not" / "yet")
    with pytest.raises(NoSpaceError):
        arrived(offer, tmp_path)
    assert hub.sent_from == []


def test_what_is_there_already_needs_no_room(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = ask_hub(ENTRY)
    offer.part(tmp_path).write_bytes(CONTENT[:HALF])
    rest = len(CONTENT) - HALF + pulling._SPARE
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(10**9, 0, rest))
    check_space(offer, tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(10**9, 0, rest - 1))
    with pytest.raises(NoSpaceError):
        check_space(offer, tmp_path)


def test_a_disk_that_fills_up_meanwhile_is_one_line_and_keeps_what_arrived(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    offer = ask_hub(ENTRY)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(NoSpaceError, match="No space left on device; what has arrived is kept"):
            arrived(offer, tmp_path)
    assert names(tmp_path) == [offer.part(tmp_path).name]
    arrived(offer, tmp_path)
    assert names(tmp_path) == ["qwen3-0.6b.gguf"]


def test_two_programs_do_not_write_to_one_download(hub: FakeHub, tmp_path: Path) -> None:
    offer = ask_hub(ENTRY)
    with offer.part(tmp_path).open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(PullError, match="another program is fetching"):
            arrived(offer, tmp_path)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (404, "the catalogue is out of date"),
        (401, "the catalogue is out of date"),
        (500, "answers 500"),
        (503, "answers 503"),
    ],
)
def test_a_hub_without_the_file_or_in_trouble_is_one_line(hub: FakeHub, status: int, why: str) -> None:
    hub.status = status
    with pytest.raises(PullError, match=why) as raised:
        ask_hub(ENTRY)
    assert "\n" not in str(raised.value)


def test_a_hub_that_is_gone_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving_hub(b"") as gone:
        pass
    monkeypatch.setenv("HF_ENDPOINT", gone.url)
    with pytest.raises(PullError, match="no connection to") as raised:
        ask_hub(ENTRY)
    assert gone.url in str(raised.value)
    assert "set HF_ENDPOINT to a mirror" in without_secrets(str(raised.value)), "as it is printed"
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("elsewhere", ["/again/and/again", "ftp://127.0.0.1/file"])
def test_a_hub_that_sends_one_round_in_a_circle_or_nowhere_is_one_line(hub: FakeHub, elsewhere: str) -> None:
    hub.sends_to = elsewhere
    with pytest.raises(PullError) as raised:
        ask_hub(ENTRY)
    assert hub.url in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("endpoint", ["foo", "http://[", "http://127.0.0.1:99999", "ftp://x", "http://"])
def test_an_endpoint_that_is_no_address_is_wrong_input(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(NoHubError, match="HF_ENDPOINT is not the address of a hub"):
        ask_hub(ENTRY)


def test_a_password_in_the_address_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving_hub(b"") as gone:
        pass
    monkeypatch.setenv("HF_ENDPOINT", gone.url.replace("//", "//me:secret@"))
    with pytest.raises(PullError, match="no connection") as raised:
        ask_hub(ENTRY)
    assert "secret" not in str(raised.value)
    assert "me:" not in str(raised.value)


def test_a_hub_without_a_hash_is_not_trusted(hub: FakeHub) -> None:
    hub.sha256 = "123abc"
    with pytest.raises(PullError, match="gives no size and hash"):
        ask_hub(ENTRY)


def test_without_the_package_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] == "huggingface_hub"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(NoHubError, match="pip install 'huggingface_hub"):
        ask_hub(ENTRY)
