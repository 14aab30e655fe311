"""Models in files: found where other programs keep them, each once, with what is wrong with the others."""

import json
import os
import shlex
import shutil
from pathlib import Path

import gguf
import pytest

from chat_personas.engines.open import ModelFile, find_model
from chat_personas.models import discovery, pocket_path
from chat_personas.models.discovery import Damaged, FoundFile, find_files
from tests.engines.llama.tiny import write_tiny_model

VARIABLES = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "OLLAMA_MODELS", "LLAMA_CACHE")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "ours"))
    monkeypatch.setattr(discovery, "_OLLAMA_SERVICE", tmp_path / "service")
    monkeypatch.setattr(discovery, "smollm2_path", lambda: None)
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole model of half a megabyte."""
    return write_tiny_model(tmp_path_factory.mktemp("model") / "model.gguf")


def put(model: Path, place: Path) -> Path:
    """Copy the model there and return its path."""
    place.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(model, place))


def found(further: Path | None = None) -> tuple[list[FoundFile], list[Damaged]]:
    """What is found with a models directory below the test's own home."""
    return find_files(Path(os.environ["CHAT_PERSONAS_HOME"]) / "data" / "models", further)


def only() -> FoundFile:
    """The only model that is found; nothing else is."""
    ((one,), problems) = found()
    assert problems == []
    return one


def in_ollama(
    model: Path, folder: Path, name: str = "registry.ollama.ai/library/llama3.2/3b", digest: str = "ab12"
) -> Path:
    """Put a model where Ollama has it; return the manifest."""
    put(model, folder / "blobs" / f"sha256-{digest}")
    manifest = folder / "manifests" / name
    manifest.parent.mkdir(parents=True)
    layers = [
        {"mediaType": "application/vnd.ollama.image.template", "digest": "sha256:00"},
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"},
    ]
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    return manifest


def test_an_empty_home_has_no_models_and_no_problems() -> None:
    assert found() == ([], [])


@pytest.mark.parametrize(
    ("variable", "value", "folder"),
    [
        (None, "", ".cache/huggingface/hub"),
        ("HF_HOME", "hf", "hf/hub"),
        ("HF_HUB_CACHE", "cache", "cache"),
        ("XDG_CACHE_HOME", "xdg", "xdg/huggingface/hub"),
    ],
)
def test_the_cache_of_hugging_face(
    home: Path, model: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, value: str, folder: str
) -> None:
    if variable:
        monkeypatch.setenv(variable, str(home / value))
    repository = home / folder / "models--Qwen--Qwen3-0.6B-GGUF"
    blob = put(model, repository / "blobs" / "9465e63a")
    for revision in ("aa", "bb"):  # two revisions that share a blob
        link = repository / "snapshots" / revision / "Qwen3-0.6B-Q8_0.gguf"
        link.parent.mkdir(parents=True)
        link.symlink_to(blob)
    one = only()
    assert (one.name, one.place, one.size) == ("Qwen3-0.6B-Q8_0", "Hugging Face cache", model.stat().st_size)
    assert one.model == f"~/{folder}/models--Qwen--Qwen3-0.6B-GGUF/snapshots/aa/Qwen3-0.6B-Q8_0.gguf"


def test_lm_studio_in_its_old_and_new_home_and_in_a_folder_of_its_settings(home: Path, model: Path) -> None:
    put(model, home / ".cache" / "lm-studio" / "models" / "org" / "repo" / "old.gguf")
    put(model, home / "elsewhere" / "models" / "org" / "repo" / "new.gguf")
    put(model, home / "big" / "org" / "repo" / "big.gguf")
    (home / ".lmstudio-home-pointer").write_text(f"{home / 'elsewhere'}\n")
    (home / "elsewhere" / "settings.json").write_text(json.dumps({"downloadsFolder": str(home / "big")}))
    models, problems = found()
    assert problems == []
    assert [(each.name, each.place) for each in models] == [
        ("new", "LM Studio"),
        ("big", "LM Studio"),
        ("old", "LM Studio"),
    ]


@pytest.mark.parametrize("folder", [".ollama/models", "set", "../service"])
def test_ollamas_models_by_the_name_that_ollama_shows(
    home: Path, model: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    if folder == "set":
        monkeypatch.setenv("OLLAMA_MODELS", str(home / folder))
    in_ollama(model, home / folder)
    one = only()
    assert (one.name, one.place) == ("llama3.2:3b", "Ollama")
    assert find_model(shlex.split(one.model)[0]) == ModelFile(one.path)


def test_ollamas_models_from_elsewhere_have_their_host_in_the_name(home: Path, model: Path) -> None:
    in_ollama(model, home / ".ollama" / "models", "hf.co/Qwen/Qwen3-8B-GGUF/Q4_K_M")
    assert only().name == "hf.co/Qwen/Qwen3-8B-GGUF:Q4_K_M"


def test_two_tags_of_ollama_on_one_blob_are_one_model(home: Path, model: Path) -> None:
    in_ollama(model, home / ".ollama" / "models")
    in_ollama(model, home / ".ollama" / "models", "registry.ollama.ai/library/other/latest")
    assert only().name == "llama3.2:3b"


@pytest.mark.parametrize("variable", [None, "LLAMA_CACHE"])
def test_the_cache_of_llama_cpp(home: Path, model: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None) -> None:
    folder = home / "l" if variable else home / ".cache" / "llama.cpp"
    if variable:
        monkeypatch.setenv(variable, str(folder))
    put(model, folder / "ggml-org_gemma.gguf")
    (folder / "ggml-org_gemma.gguf.json").write_text("{}")
    assert (only().name, only().place) == ("ggml-org_gemma", "llama.cpp cache")


def test_the_models_directory_is_called_by_name_and_a_further_folder_by_path(home: Path, model: Path) -> None:
    own = Path(os.environ["CHAT_PERSONAS_HOME"]) / "data" / "models"
    put(model, own / "mine.gguf")
    put(model, own / "sub" / "deep.gguf")
    put(model, home / "my models" / "it's.gguf")
    models, problems = found(home / "my models")
    assert problems == []
    assert [each.name for each in models] == ["mine", "deep", "it's"]
    assert models[0].model == "mine"
    for each in models:
        assert find_model(str(Path(shlex.split(each.model)[0]).expanduser())) == ModelFile(each.path)


def test_a_file_that_two_programs_share_is_one_model(home: Path, model: Path) -> None:
    first = put(model, home / ".lmstudio" / "models" / "org" / "repo" / "m.gguf")
    (home / ".cache" / "llama.cpp").mkdir(parents=True)
    (home / ".cache" / "llama.cpp" / "m.gguf").hardlink_to(first)
    assert only().place == "LM Studio"


def test_a_link_that_leads_nowhere_is_named(home: Path) -> None:
    (home / ".cache" / "llama.cpp").mkdir(parents=True)
    (home / ".cache" / "llama.cpp" / "m.gguf").symlink_to(home / "gone.gguf")
    models, (problem,) = found()
    assert models == []
    assert "No such file" in problem.why


def test_damaged_and_unfinished_files_are_named_beside_the_whole_ones(home: Path, model: Path) -> None:
    folder = home / ".lmstudio" / "models" / "org" / "repo"
    put(model, folder / "whole.gguf")
    (folder / "half.gguf").write_bytes(pocket_path().read_bytes()[:6_000_000])
    (folder / "page.gguf").write_text("<!DOCTYPE html>")
    (folder / "empty.gguf").write_bytes(b"")
    (folder / "downloading_big.gguf.part").write_bytes(b"GGUF")
    hub = home / ".cache" / "huggingface" / "hub" / "models--org--x-GGUF" / "blobs" / "ab.incomplete"
    hub.parent.mkdir(parents=True)
    hub.write_bytes(b"GGUF")
    models, problems = found()
    assert [each.name for each in models] == ["whole"]
    assert {problem.path.name: problem.why.partition(";")[0] for problem in problems} == {
        "half.gguf": "is cut off: 6 of 12 MB are there",
        "page.gguf": "is not a GGUF file",
        "empty.gguf": "is empty",
        "downloading_big.gguf.part": "is an unfinished download",
        "ab.incomplete": "is an unfinished download",
    }


def test_ollamas_damaged_manifests_missing_blobs_and_unfinished_downloads_are_named(home: Path, model: Path) -> None:
    folder = home / ".ollama" / "models"
    in_ollama(model, folder)
    in_ollama(model, folder, "registry.ollama.ai/library/lost/1b", "cd34")
    (folder / "blobs" / "sha256-cd34").unlink()
    (folder / "blobs" / "sha256-ef56-partial").write_bytes(b"GGUF")
    broken = folder / "manifests" / "registry.ollama.ai" / "library" / "broken" / "1b"
    broken.parent.mkdir()
    broken.write_text('{"layers": [3')
    models, problems = found()
    assert [each.name for each in models] == ["llama3.2:3b"]
    assert sorted(problem.path.name for problem in problems) == ["1b", "sha256-cd34", "sha256-ef56-partial"]
    assert any("ollama pull lost:1b" in problem.why for problem in problems)


def split(folder: Path) -> list[Path]:
    """Write a model in three parts, with its metadata in the first."""
    folder.mkdir(parents=True)
    paths = [folder / f"big-{part:05d}-of-00003.gguf" for part in (1, 2, 3)]
    for number, path in enumerate(paths):
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_uint16("split.count", 3)
        writer.add_uint16("split.no", number)
        if number == 0:
            writer.add_context_length(4096)
        else:
            import numpy as np

            writer.add_tensor(f"blk.{number}.weight", np.zeros((10, number * 32), dtype=np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return paths


def test_a_split_model_is_one_model_of_all_its_files(home: Path) -> None:
    paths = split(home / ".lmstudio" / "models" / "org" / "repo")
    one = only()
    assert (one.name, one.parts, one.path) == ("big", 3, paths[0])
    assert one.size == sum(path.stat().st_size for path in paths)
    assert one.header.parameters == 10 * 32 + 10 * 64
    assert one.header.context_length == 4096


@pytest.mark.parametrize(
    ("missing", "why"), [(0, "is missing, while"), (1, "lacks part 2 of 3"), (2, "lacks part 3 of 3")]
)
def test_a_split_model_that_lacks_a_part_is_one_problem(home: Path, missing: int, why: str) -> None:
    split(home / ".lmstudio" / "models" / "org" / "repo")[missing].unlink()
    models, (problem,) = found()
    assert models == []
    assert why in problem.why


def test_a_split_model_of_which_only_the_end_is_there_is_one_problem(home: Path) -> None:
    first, second, _ = split(home / ".lmstudio" / "models" / "org" / "repo")
    first.unlink()
    second.unlink()
    models, (problem,) = found()
    assert models == []
    assert problem == Damaged(first, "is missing, while big-00003-of-00003.gguf is there; download it, too")


def test_folders_on_another_disk_are_followed_and_circles_left(home: Path, model: Path) -> None:
    put(model, home / "disk" / "repo" / "m.gguf")
    folder = home / ".lmstudio" / "models"
    folder.mkdir(parents=True)
    (folder / "org").symlink_to(home / "disk")
    (home / "disk" / "circle").symlink_to(folder)
    assert (only().name, only().place) == ("m", "LM Studio")


def test_a_folder_that_cannot_be_entered_stops_nothing(home: Path, model: Path) -> None:
    put(model, home / ".cache" / "llama.cpp" / "m.gguf")
    (home / ".ollama").write_text("a file where a folder is expected")
    (home / ".lmstudio-home-pointer").mkdir()
    assert only().name == "m"


def test_a_pipe_is_not_opened(home: Path) -> None:
    folder = home / ".cache" / "llama.cpp"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe.gguf")
    assert found() == ([], [Damaged(folder / "pipe.gguf", "is not a file")])


def test_pipes_in_the_place_of_lm_studio_s_own_files_are_passed_over(home: Path, model: Path) -> None:
    put(model, home / ".lmstudio" / "models" / "m.gguf")
    os.mkfifo(home / ".lmstudio-home-pointer")
    os.mkfifo(home / ".lmstudio" / "settings.json")
    assert only().name == "m"


def test_a_part_with_the_number_0_is_a_file_as_any_other(home: Path, model: Path) -> None:
    put(model, home / ".cache" / "llama.cpp" / "m-00000-of-00002.gguf")
    assert only().name == "m-00000-of-00002"


def test_a_vocabulary_without_weights_is_no_model(home: Path) -> None:
    file = home / ".cache" / "llama.cpp" / "vocabulary.gguf"
    file.parent.mkdir(parents=True)
    writer = gguf.GGUFWriter(file, "llama")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    models, (problem,) = found()
    assert models == []
    assert problem.why.startswith("has no weights")


def test_deep_json_of_other_programs_does_not_end_the_search(home: Path) -> None:
    for place in (
        home / ".ollama/models/manifests/registry.ollama.ai/library/m/latest",
        home / ".lmstudio/settings.json",
    ):
        place.parent.mkdir(parents=True)
        place.write_text("[" * 100_000)
    found, damaged = find_files(home / "own")
    assert not found
    assert [each.why for each in damaged] == ["is a damaged manifest; run `ollama pull` again"]
