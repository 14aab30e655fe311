"""A file of a direction holds what was trained, is of llama.cpp's own kind, and is refused when broken."""

from pathlib import Path

import gguf
import numpy as np
import pytest

from chat_personas.steering.direction_file import (
    DirectionFacts,
    DirectionFile,
    find_direction,
    keep_direction,
    layer_facts,
    read_direction,
    write_direction,
)
from chat_personas.steering.errors import SteeringError
from chat_personas.steering.separation import separations
from chat_personas.steering.training import Trained, train


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def trained_one() -> tuple[Trained, DirectionFacts]:
    """A direction of a model with three layers of width 4."""
    random = np.random.default_rng(0)
    negative = random.standard_normal((8, 3, 4))
    positive = negative + random.standard_normal((8, 3, 4)) + 2.0
    trained = train(positive[:4], negative[:4])
    facts = DirectionFacts(
        name="party",
        model_name="tiny",
        model_sha256="a" * 64,
        architecture="llama",
        method="mean-difference",
        positive="democrat",
        negative="republican",
        seed=0,
        survey_sha256="b" * 64,
        pairs_sha256="c" * 64,
        training_pairs=4,
        held_out_pairs=4,
        created="2026-11-28T12:00:00+00:00",
        version="1.0",
        layers=tuple(layer_facts(each, trained) for each in separations(trained.vectors, positive, negative, 4)),
    )
    return trained, facts


def written(path: Path) -> DirectionFile:
    trained, facts = trained_one()
    write_direction(path, trained, facts)
    return read_direction(path)


def test_what_was_trained_comes_back(tmp_path: Path) -> None:
    trained, facts = trained_one()
    found = written(tmp_path / "party.gguf")
    assert found.facts == facts
    direction = found.direction
    assert (direction.name, direction.layers, direction.width) == ("party", (1, 2), 4)
    np.testing.assert_allclose(direction.vectors, trained.vectors[1:], atol=1e-6)
    np.testing.assert_allclose(direction.norms, trained.norms[1:], rtol=1e-6)
    np.testing.assert_allclose(direction.poles, trained.poles[1:], rtol=1e-6)
    assert direction.spreads is not None
    np.testing.assert_allclose(direction.spreads, [each.spread for each in facts.layers], rtol=1e-6)
    assert direction.pole_names == ("republican", "democrat")
    assert direction.best == 1 + int(np.argmax(trained.effects[1:]))


def test_the_file_has_the_form_of_llama_cpps_control_vectors(tmp_path: Path) -> None:
    """As `common_control_vector_load` of llama.cpp wants it: F32 tensors `direction.N` of one dimension, N above 0."""
    trained, _ = trained_one()
    written(tmp_path / "party.gguf")
    reader = gguf.GGUFReader(tmp_path / "party.gguf")
    assert reader.fields["general.architecture"].contents() == "controlvector"
    assert reader.fields["controlvector.model_hint"].contents() == "llama"
    assert [tensor.name for tensor in reader.tensors] == ["direction.1", "direction.2"]
    for tensor, layer in zip(reader.tensors, (1, 2), strict=True):
        assert tensor.tensor_type == gguf.GGMLQuantizationType.F32
        assert list(tensor.shape) == [4]
        np.testing.assert_allclose(tensor.data, trained.vectors[layer] * trained.norms[layer], rtol=1e-5)


def test_a_vector_made_by_another_tool_keeps_its_own_length_as_unit(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "theirs.gguf", "controlvector")
    writer.add_string("controlvector.model_hint", "qwen2")
    writer.add_tensor("direction.1", np.array([0.0, 3.0, 4.0], dtype=np.float32))
    writer.add_tensor("direction.2", np.array([2.0, 0.0, 0.0], dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = read_direction(tmp_path / "theirs.gguf")
    assert found.facts is None
    assert found.direction.poles is None
    assert found.direction.model_sha256 is None
    assert found.direction.architecture == "qwen2"
    np.testing.assert_allclose(found.direction.norms, [5.0, 2.0])
    np.testing.assert_allclose(found.direction.vectors, [[0.0, 0.6, 0.8], [1.0, 0.0, 0.0]])


def test_a_file_of_an_older_version_has_no_spread(tmp_path: Path) -> None:
    trained, facts = trained_one()
    older = facts.model_copy(
        update={"layers": tuple(each.model_copy(update={"spread": None}) for each in facts.layers)}
    )
    write_direction(tmp_path / "party.gguf", trained, older)
    assert read_direction(tmp_path / "party.gguf").direction.spreads is None


def test_every_file_cut_short_is_refused_in_one_line(tmp_path: Path) -> None:
    written(tmp_path / "party.gguf")
    content = (tmp_path / "party.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    refused, padding = 0, 16  # after the four numbers of the last vector
    for length in range(0, len(content) - padding, 37):
        cut.write_bytes(content[:length])
        with pytest.raises(SteeringError) as raised:
            read_direction(cut)
        assert "\n" not in str(raised.value)
        refused += 1
    assert refused > 20


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "not a whole GGUF file"), (b"hello, world", "not a whole GGUF file")],
)
def test_what_is_no_direction_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "x.gguf").write_bytes(content)
    with pytest.raises(SteeringError, match=said):
        read_direction(tmp_path / "x.gguf")


def test_a_model_is_no_direction(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_tensor("token_embd.weight", np.ones((4, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(SteeringError, match="holds no direction"):
        read_direction(tmp_path / "model.gguf")


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_vectors_that_are_empty_or_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    trained, facts = trained_one()
    trained.vectors[1] = value
    write_direction(tmp_path / "party.gguf", trained, facts)
    with pytest.raises(SteeringError, match="is damaged"):
        read_direction(tmp_path / "party.gguf")


def test_a_direction_is_kept_for_each_model_and_found_by_its_name(home: Path) -> None:
    trained, facts = trained_one()
    path = keep_direction(trained, facts)
    other = keep_direction(trained, facts.model_copy(update={"model_sha256": "e" * 64}))
    assert find_direction("party") == sorted([path, other])
    assert find_direction("party", "e" * 64) == [other]
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SteeringError, match="is kept for other models and not for this one"):
        find_direction("party", "f" * 64)
    with pytest.raises(SteeringError, match=r'there is no direction "partty"; .*party'):
        find_direction("partty")
