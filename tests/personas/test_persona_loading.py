"""From a name or a path to a persona, or to one line that says why not."""

import hashlib
from pathlib import Path

import pytest

from personas import Persona, PersonaError, check, load_persona

GOOD = """\
schema = "chat-personas/persona@1"
name = "joe"
title = "Joe"
steering = "portray"

[[groups]]
attribute = "SEX"
value = "Male"

[sampling]
temperature = 0
layers = 3
"""


@pytest.fixture
def joe(tmp_path: Path) -> Path:
    file = tmp_path / "joe.toml"
    file.write_text(GOOD.replace("layers = 3\n", "top_p = 0.5\n"), encoding="utf-8")
    return file


def test_a_file_is_loaded_with_the_digest_of_its_bytes(joe: Path) -> None:
    loaded = load_persona(str(joe))
    assert (loaded.persona.name, loaded.path) == ("joe", joe)
    assert loaded.persona.sampling is not None
    assert (loaded.persona.sampling.temperature, loaded.persona.sampling.top_p) == (0.0, 0.5)
    assert loaded.persona.sampling.max_tokens is None
    assert loaded.sha256 == hashlib.sha256(joe.read_bytes()).hexdigest()


def test_windows_line_ends_and_a_byte_order_mark_are_read_too(joe: Path) -> None:
    joe.write_bytes(b"\xef\xbb\xbf" + joe.read_bytes().replace(b"\n", b"\r\n"))
    assert load_persona(str(joe)).persona.title == "Joe"


def test_the_library_wins_over_a_file_of_the_same_name_unless_a_path_is_given(
    joe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(joe.parent)
    joe.rename("democrat")
    assert load_persona("democrat").persona.title == "A Democrat"
    assert load_persona("./democrat").persona.title == "Joe"


def test_the_first_problem_is_the_error_and_the_others_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text(GOOD.replace('"Male"', '"Mail"'), encoding="utf-8")
    with pytest.raises(PersonaError) as caught:
        load_persona("bad.toml")
    assert str(caught.value) == (
        '"bad.toml": line 8: SEX has no value "Mail"; did you mean "Male"? (1 more problem in the file)'
    )


def test_an_error_never_shows_where_somebodys_home_is(tmp_path: Path) -> None:
    with pytest.raises(PersonaError) as caught:
        load_persona(str(tmp_path / "missing.toml"))
    assert str(caught.value) == 'there is no file "missing.toml"; check the path'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe", "line 1: this is not UTF-8; save the file as UTF-8"),
        (b"a = 1\nb = '\xe9'", "line 2: this is not UTF-8"),
        (b"#" * 1_000_001, "larger than 1 MB; name a persona file"),
    ],
)
def test_a_file_that_is_no_text_is_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "model.toml"
    file.write_bytes(content)
    with pytest.raises(PersonaError, match=reason):
        load_persona(str(file))
    with pytest.raises(PersonaError, match=reason):
        check(file)


def test_a_directory_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match="is a directory; name a persona file"):
        load_persona(str(tmp_path))


def test_a_persona_survives_being_stored_as_json(joe: Path) -> None:
    persona = load_persona(str(joe)).persona
    assert Persona.model_validate_json(persona.model_dump_json(by_alias=True)) == persona


def test_a_name_in_a_folder_that_is_a_link_to_nothing_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "ruth.toml").symlink_to(tmp_path / "gone.toml")
    with pytest.raises(PersonaError, match=r"ruth\.toml"):
        load_persona("ruth", (tmp_path,))
