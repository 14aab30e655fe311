"""What an intervention adds, and the words by which what is stored is found again."""

import numpy as np
import pytest

from eval.interventions import Direction, Intervention, InterventionKind, added_by_layer

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
