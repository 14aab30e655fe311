"""What an intervention adds, and the words by which what is stored is found again."""

import numpy as np
import pytest

from eval.interventions import Direction, Intervention, InterventionKind, added_by_layer, bare_name

PARTY = Direction(
    name="party",
    sha256="ab",
    model_sha256=None,
    architecture="llama",
    layers=(3, 5),
    vectors=np.array([[0.0, 1.0], [0.6, 0.8]], dtype=np.float32),
    norms=np.array([2.0, 10.0], dtype=np.float32),
    poles=None,
    best=3,
)


@pytest.mark.parametrize(
    ("kind", "layers", "key"),
    [
        ("add", (3,), "add party (sha256 ab), layers 3, strength 0.5"),
        ("clamp", (3, 5), "clamp party (sha256 ab), layers 3,5, strength 0.5"),
        ("ablate", (5,), "ablate party (sha256 ab), layers 5"),
    ],
)
def test_the_key_is_that_under_which_earlier_versions_stored_answers(
    kind: InterventionKind, layers: tuple[int, ...], key: str
) -> None:
    assert Intervention(kind, PARTY, layers, 0.5).key == key


def test_additions_add_up_by_layer_in_units_of_its_typical_norm() -> None:
    added = added_by_layer(
        [
            Intervention("add", PARTY, (3, 5), 0.5),
            Intervention("add", PARTY, (5,), -0.2),
            Intervention("clamp", PARTY, (3,), 9.0),
        ]
    )
    # layer 3: 0.5 * 2 along (0, 1); layer 5: (0.5 - 0.2) * 10 along (0.6, 0.8)
    assert {layer: vector.tolist() for layer, vector in added.items()} == {
        3: pytest.approx([0.0, 1.0]),
        5: pytest.approx([1.8, 2.4]),
    }


@pytest.mark.parametrize(
    ("file", "served", "same"),
    [
        ("SmolLM2-135M-Instruct.Q4_1", "HuggingFaceTB/SmolLM2-135M-Instruct", True),
        ("Qwen2.5-1.5B-Instruct-Q4_K_M.gguf", "/models/Qwen2.5-1.5B-Instruct", True),
        ("gemma-3-270m-it-bf16", "google/gemma-3-270m-it", True),
        ("Llama-3.1-8B.IQ2_XXS", "meta-llama/Llama-3.1-8B", True),
        ("SmolLM2-135M-Instruct.Q4_1", "HuggingFaceTB/SmolLM2-135M", False),
        ("SmolLM2-135M", "HuggingFaceTB/SmolLM2-1.7B", False),
        ("Qwen3-8B", "Qwen/Qwen3-8B-Base", False),
    ],
)
def test_a_file_and_a_served_model_are_of_one_name_or_not(file: str, served: str, same: bool) -> None:
    assert (bare_name(file) == bare_name(served)) is same
