"""`models discover`: what a person with models somewhere on the machine is told."""

import json
import shutil
from pathlib import Path

import pytest

from chat_personas.models import discovery, servers
from tests.cli.running import Command
from tests.models.fake_servers import LLAMA_SERVER, OLLAMA, serving


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory without models, no servers, and plenty of room on every line."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "OLLAMA_MODELS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("LLAMA_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setattr(discovery, "_OLLAMA_SERVICE", tmp_path / "service")
    monkeypatch.setattr(servers, "PORTS", {})
    monkeypatch.setenv("COLUMNS", "300")
    (tmp_path / "person").mkdir()
    return tmp_path / "person"


def test_a_machine_without_models_is_told_so(command: Command) -> None:
    ran = command("models", "discover")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "0 models in GGUF files, measured exactly by the embedded engine",
        "",
        "0 models on servers of this machine",
        "",
        "fetch one with: chat-personas models get NAME (without NAME: what there is)",
    ]


def test_every_model_has_its_figures_and_what_to_write_after_model(
    command: Command, machine: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = machine / ".lmstudio" / "models" / "org" / "repo"
    folder.mkdir(parents=True)
    shutil.copy(tiny, folder / "some model.gguf")
    (folder / "half.gguf").write_bytes(Path(tiny).read_bytes()[:200_000])
    with serving(OLLAMA, LLAMA_SERVER) as (one, other):
        monkeypatch.setattr(servers, "PORTS", {one: "Ollama", other: "llama-server"})
        out = command("models", "discover").out
    lines = [line.strip() for line in out.splitlines()]
    assert "1 model in GGUF files, measured exactly by the embedded engine" in lines
    assert any(line.startswith("some model: 0 MB, F32, ") and "chat template, context 1,024" in line for line in lines)
    assert "--model ~/'.lmstudio/models/org/repo/some model.gguf'    (LM Studio)" in lines
    assert f"--model 'http://127.0.0.1:{one}/v1#qwen3:4b'    (Ollama)" in lines
    assert f"--model http://127.0.0.1:{other}/v1    (llama-server)" in lines
    assert any("COMPUTED ELSEWHERE, by https://ollama.com:443" in line for line in lines)
    assert any(line.startswith("~/.lmstudio/models/org/repo/half.gguf: is cut off") for line in lines)
    assert str(machine) not in out


def test_the_document_names_no_home_and_holds_what_the_lines_say(command: Command, machine: Path, tiny: str) -> None:
    (machine / ".cache" / "llama.cpp").mkdir(parents=True)
    shutil.copy(tiny, machine / ".cache" / "llama.cpp" / "m.gguf")
    ran = command("models", "discover", "--json", "-")
    document = json.loads(ran.out)
    assert "1 model in GGUF files" in ran.err
    assert document["schema"] == "chat-personas/models-found@1"
    (file,) = document["files"]
    assert (file["name"], file["model"], file["measured"]) == ("m", "~/.cache/llama.cpp/m.gguf", "exact")
    assert (file["size"], file["chat_template"]) == (Path(tiny).stat().st_size, True)
    assert str(machine) not in ran.out


def test_a_folder_of_the_settings_is_looked_through(command: Command, home: Path, machine: Path, tiny: str) -> None:
    (machine / "my models").mkdir()
    shutil.copy(tiny, machine / "my models" / "m.gguf")
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text('models_folder = "~/my models"')
    assert "--model ~/'my models/m.gguf'    (models_folder of the settings)" in command("models", "discover").out


def test_a_place_for_the_document_is_checked_first(command: Command) -> None:
    ran = command("models", "discover", "--json", "gone/found.json")
    assert (ran.code, ran.out) == (2, "")


def test_a_name_cannot_command_the_terminal(command: Command, machine: Path, tiny: str) -> None:
    (machine / ".cache" / "llama.cpp").mkdir(parents=True)
    shutil.copy(tiny, machine / ".cache" / "llama.cpp" / "m\x1b[2Jm.gguf")
    assert "\x1b" not in command("models", "discover").out
