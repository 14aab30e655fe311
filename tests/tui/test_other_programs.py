"""Text is handed to the clipboard and the editor that are there, and to no other program."""

import asyncio
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.app import App, SuspendNotSupported

from chat_personas.tui import other_programs
from chat_personas.tui.other_programs import NoEditorError, clipboard_program, edited, editor_command, fill_clipboard

ALL = ("pbcopy", "wl-copy", "xclip", "xsel", "clip.exe", "tmux")


@pytest.mark.parametrize(
    ("environment", "platform", "there", "program"),
    [
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "linux", ALL, "wl-copy"),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "linux", ("xclip",), "xclip"),
        ({"DISPLAY": ":0"}, "linux", ("xsel",), "xsel"),
        ({"DISPLAY": ":0"}, "linux", (), None),
        ({}, "linux", ALL, None),
        ({}, "darwin", ALL, "pbcopy"),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", ALL, "clip.exe"),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1 2 3 4"}, "linux", ALL, None),
        ({"DISPLAY": ":0", "TMUX": "/tmp/s,1,0", "SSH_CONNECTION": "1 2 3 4"}, "linux", ALL, "tmux"),
    ],
)
def test_the_clipboard_is_that_of_the_persons_own_machine(
    environment: Mapping[str, str], platform: str, there: tuple[str, ...], program: str | None
) -> None:
    found = clipboard_program(environment, lambda name: name if name in there else None, platform)
    assert (found[0] if found else None) == program


def test_the_editor_is_the_one_that_is_set_with_its_arguments_else_one_that_is_there() -> None:
    assert editor_command({"VISUAL": "code --wait", "EDITOR": "vim"}) == ["code", "--wait"]
    assert editor_command({"VISUAL": " ", "EDITOR": "'/my tools/vim' -u NONE"}) == ["/my tools/vim", "-u", "NONE"]
    assert editor_command({}, lambda name: name if name == "vi" else None) == ("vi",)
    with pytest.raises(NoEditorError, match="there is no editor; set EDITOR"):
        editor_command({}, lambda _: None)
    with pytest.raises(NoEditorError, match="EDITOR cannot be read as a command"):
        editor_command({"EDITOR": "'vim"})


class Lent(App[None]):
    """An application whose terminal can be lent, or not."""

    def __init__(self, *, possible: bool = True) -> None:
        super().__init__()
        self._possible = possible

    @contextmanager
    def suspend(self) -> Iterator[None]:
        if not self._possible:
            raise SuspendNotSupported
        yield


def script(folder: Path, name: str, body: str) -> str:
    """Write a program that can be run."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    file.chmod(0o700)
    return str(file)


async def test_what_the_editor_leaves_is_the_text_and_its_file_was_private_and_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = f'stat -c "%a %n" "$1" > {tmp_path}/seen; cat "$1" >> {tmp_path}/seen; printf "Second: ä\\n" >> "$1"'
    monkeypatch.setenv("VISUAL", script(tmp_path, "editor", body))
    assert await edited(Lent(), "First: ü", "message.md") == "First: ü\nSecond: ä"
    about, text = (tmp_path / "seen").read_text(encoding="utf-8").splitlines()
    mode, _, name = about.partition(" ")
    assert (int(mode, 8), text) == (stat.S_IRUSR | stat.S_IWUSR, "First: ü")
    assert Path(name).name == "message.md"
    assert not Path(name).parent.exists()


async def test_an_editor_that_fails_changes_nothing_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", script(tmp_path, "editor", 'echo lost > "$1"; exit 3'))
    with pytest.raises(NoEditorError, match=r"ended with an error \(3\); nothing was taken over"):
        await edited(Lent(), "mine", "message.md")
    monkeypatch.setenv("VISUAL", str(tmp_path / "no-such-editor"))
    with pytest.raises(NoEditorError, match="cannot be started: No such file"):
        await edited(Lent(), "mine", "message.md")
    monkeypatch.setenv("VISUAL", "true")
    with pytest.raises(NoEditorError, match="this terminal cannot be lent to an editor"):
        await edited(Lent(possible=False), "mine", "message.md")


async def test_a_copy_goes_to_the_program_that_holds_the_clipboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path, "wl-copy", f"cat > {tmp_path}/copied")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    for name in ("TMUX", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    await fill_clipboard("Größe\nzwei")
    assert (tmp_path / "copied").read_text(encoding="utf-8") == "Größe\nzwei"


@pytest.mark.parametrize(
    ("first", "at_the_end", "kept"),
    [
        ('echo stored > "$1"', "exit 1", "stored"),
        ("", 'echo rescued > "$1.save"; exit 1', "rescued"),
    ],
)
async def test_an_editor_is_ended_with_the_program_and_what_it_stored_is_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, at_the_end: str, kept: str
) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    # `wait` would miss a signal that comes just before it; a program that runs does not
    goes_on = f"{first}\ntrap '{at_the_end}' TERM\necho $$ > {ready}\nwhile :; do sleep 0.05; done"
    monkeypatch.setenv("VISUAL", script(tmp_path, "editor", goes_on))
    monkeypatch.setattr(other_programs, "SECONDS_TO_STORE", 60.0)
    left: list[str] = []
    editing = asyncio.create_task(edited(Lent(), "mine", "message.md", left.append))
    pid = int(await asyncio.to_thread(ready.read_text))
    editing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await editing
    assert left == [kept]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
