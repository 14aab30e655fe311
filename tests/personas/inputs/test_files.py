"""A file that people name is read whole, or one line says what is wrong, in the words and the error of its kind."""

import hashlib
import os
from pathlib import Path

import pytest

from personas.inputs.files import FileKind, decode, path_exists, read_bytes, read_text


class RecipeError(Exception):
    """A recipe cannot be read."""


RECIPE = FileKind("a recipe", 1_000_000, RecipeError)


def refusal(path: Path, kind: FileKind = RECIPE) -> str:
    with pytest.raises(RecipeError) as caught:
        read_text(path, kind)
    return str(caught.value)


def test_text_comes_without_a_byte_order_mark_and_with_the_hash_of_the_bytes(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfCr\xc3\xaape\n"
    (tmp_path / "r.txt").write_bytes(content)
    read = read_text(tmp_path / "r.txt", RECIPE)
    assert (read.text, read.sha256) == ("Crêpe\n", hashlib.sha256(content).hexdigest())


def test_what_is_not_a_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "gone") == 'there is no file "gone"; check the path'
    assert refusal(tmp_path) == f'"{tmp_path.name}" is a directory; name a recipe'
    assert refusal(tmp_path / "pipe") == '"pipe" is a pipe; name a recipe'
    assert refusal(Path("x\0")) == r'"x\x00" cannot be read (not a valid path); name a recipe that you may read'
    assert refusal(Path("x" * 5000)).endswith("cannot be read (file name too long); name a recipe that you may read")


def test_a_file_that_is_too_large_is_refused_with_the_kinds_own_advice(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * 1_000_001)
    assert refusal(tmp_path / "long") == '"long" is larger than 1 MB; name a recipe'
    parts = FileKind("a recipe", 1_000_000, RecipeError, if_too_large="cook it in parts")
    assert refusal(tmp_path / "long", parts) == '"long" is larger than 1 MB; cook it in parts'
    (tmp_path / "long").write_bytes(b"x" * 1_000_000)
    assert len(read_bytes(tmp_path / "long", RECIPE)) == 1_000_000


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such device here")
def test_a_device_that_never_ends_is_too_large() -> None:
    assert refusal(Path("/dev/zero")) == '"zero" is larger than 1 MB; name a recipe'


def test_bytes_that_are_not_utf_8_are_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_bytes(b"one\ntwo \xff\n")
    assert refusal(tmp_path / "r.txt") == '"r.txt": line 2: this is not UTF-8; save the file as UTF-8'
    cooked = FileKind("a recipe", 1_000_000, RecipeError, if_not_utf8="write it down again")
    assert refusal(tmp_path / "r.txt", cooked).endswith("line 2: this is not UTF-8; write it down again")
    with pytest.raises(RecipeError, match="line 7: this is not UTF-8"):
        decode(b"\xff", tmp_path / "r.txt", RECIPE, first_line=7)


@pytest.mark.parametrize(("name", "there"), [("", False), (".", True), ("x" * 5000, False), ("\0", False)])
def test_any_text_can_be_asked_for_as_a_path(name: str, there: bool) -> None:
    assert path_exists(name) is there
