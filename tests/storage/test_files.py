"""A file is replaced as a whole or stays as it was."""

import os
from pathlib import Path

import pytest

from chat_personas.storage.files import OutputError, atomic_write, check_replaceable, output_errors
from tests.storage.no_room import no_room


def write(path: Path, content: bytes, mode: int | None = 0o600) -> None:
    with atomic_write(path, mode=mode) as stream:
        stream.write(content)


def write_half(path: Path) -> None:
    with atomic_write(path) as stream:
        stream.write(b"aft")
        stream.flush()
        raise RuntimeError("halfway")


def names(directory: Path) -> list[str]:
    return [file.name for file in directory.iterdir()]


def test_the_file_changes_only_when_everything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    path.write_bytes(b"before")
    with atomic_write(path) as stream:
        stream.write(b"aft")
        stream.flush()
        assert path.read_bytes() == b"before"
        stream.write(b"er")
    assert path.read_bytes() == b"after"
    assert names(tmp_path) == ["notes.json"]


def test_an_error_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError, match="halfway"):
        write_half(path)
    assert path.read_bytes() == b"before"
    assert names(tmp_path) == ["notes.json"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    path.write_bytes(b"before")
    with pytest.raises(OSError, match="File too large"), no_room():
        write(path, b"after")
    assert path.read_bytes() == b"before"
    assert names(tmp_path) == ["notes.json"]


@pytest.mark.parametrize(("mode", "given"), [(0o600, 0o600), (None, 0o644)])
def test_a_file_is_private_or_as_the_umask_has_it(tmp_path: Path, mode: int | None, given: int) -> None:
    before = os.umask(0o022)
    try:
        write(tmp_path / "notes.json", b"", mode)
    finally:
        os.umask(before)
    assert (tmp_path / "notes.json").stat().st_mode & 0o777 == given


def test_what_a_killed_process_left_behind_does_not_give_its_permissions(tmp_path: Path) -> None:
    left = tmp_path / f".notes.json.{os.getpid()}"
    left.write_bytes(b"left behind")
    left.chmod(0o666)
    write(tmp_path / "notes.json", b"after")
    assert (tmp_path / "notes.json").stat().st_mode & 0o777 == 0o600


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "notes.json").symlink_to(tmp_path / "elsewhere" / "real.json")
    write(tmp_path / "notes.json", b"after")
    assert (tmp_path / "notes.json").is_symlink()
    assert (tmp_path / "elsewhere" / "real.json").read_bytes() == b"after"


def test_whether_a_file_can_be_written_is_known_before_and_leaves_no_trace(tmp_path: Path) -> None:
    check_replaceable(tmp_path / "notes.json")
    assert names(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        check_replaceable(tmp_path / "nowhere" / "notes.json")


def test_an_output_that_cannot_be_written_is_storage_that_failed() -> None:
    with pytest.raises(OutputError) as caught, output_errors("page.html"):
        raise OSError(28, "No space left on device")
    assert str(caught.value) == "page.html cannot be written: No space left on device; choose another place"
    assert caught.value.exit_code == 4


def test_a_reader_that_stops_reading_is_not_an_output_error() -> None:
    with pytest.raises(BrokenPipeError), output_errors("standard output"):
        raise BrokenPipeError
