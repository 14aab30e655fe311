"""Training learns, keeps to its budget, and goes on after an interruption as if there had been none."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from pocket.model import PocketShape  # noqa: E402
from pocket.packing import Batch  # noqa: E402
from pocket.train import Trainer, TrainingPlan, TrainingState, all_parts, load_model  # noqa: E402

SHAPE = PocketShape(vocabulary=64, context=64, width=32, layers=1, heads=2, hidden=48)
PLAN = TrainingPlan(tokens=64 * 100, matrix_rate=0.02, embedding_rate=0.02, warmup_steps=5, compile=False)


def counting(row: int) -> Batch:
    tokens = (np.arange(33)[None, :] + np.array([[row], [row + 9]])) % 64
    return Batch(tokens[:, :-1], tokens[:, 1:], np.ones((2, 32), dtype=np.float32), 0)


def test_the_loss_falls_on_text_that_can_be_learned() -> None:
    trainer = Trainer(SHAPE, PLAN)
    losses = [trainer.step(counting(step)) for step in range(40)]
    assert losses[0] == pytest.approx(np.log(64), abs=0.3)
    assert losses[-1] < 3.0


def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    straight, first, second = (Trainer(SHAPE, PLAN) for _ in range(3))
    for step in range(3):
        straight.step(counting(step))
        first.step(counting(step))
    first.save(tmp_path / "checkpoint.pt")
    second.load(tmp_path / "checkpoint.pt")
    assert second.step(counting(3)) == pytest.approx(straight.step(counting(3)), abs=1e-4)
    assert second.state.tokens == 4 * 64


def test_targets_of_weight_zero_teach_nothing() -> None:
    trainer = Trainer(SHAPE, PLAN)
    batch = counting(0)
    half = np.where(np.arange(32) < 16, 1.0, 0.0).astype(np.float32) * np.ones((2, 1), dtype=np.float32)
    wrong = batch.targets.copy()
    wrong[:, 16:] = 63
    assert trainer.step(Batch(batch.inputs, wrong, half, 0)) == pytest.approx(
        Trainer(SHAPE, PLAN).step(Batch(batch.inputs, batch.targets, half, 0))
    )


def test_a_crowd_at_one_place_teaches_what_as_many_documents_would() -> None:
    one = counting(0)
    place = 7
    last_only = np.zeros((2, 32), dtype=np.float32)
    last_only[0, place] = 3.0
    crowd = Batch(one.inputs, one.targets, last_only, 0, np.array([[place, 63, 1.0]]))
    twin, twin_targets = np.repeat(one.inputs[:1], 4, axis=0), np.repeat(one.targets[:1], 4, axis=0)
    twin_targets[3, place] = 63
    alone = np.zeros((4, 32), dtype=np.float32)
    alone[:, place] = 1.0
    assert Trainer(SHAPE, PLAN).step(crowd) == pytest.approx(
        Trainer(SHAPE, PLAN).step(Batch(twin, twin_targets, alone, 0)), abs=1e-3
    )


def test_a_checkpoint_holds_the_model(tmp_path: Path) -> None:
    trainer = Trainer(SHAPE, PLAN)
    trainer.step(counting(0))
    trainer.save(tmp_path / "checkpoint.pt")
    tokens = torch.arange(10)[None]
    with torch.no_grad():
        assert torch.equal(load_model(tmp_path / "checkpoint.pt")(tokens), trainer.model(tokens))


def test_progress_is_the_share_of_the_budget() -> None:
    assert TrainingState(tokens=250).progress(TrainingPlan(tokens=1000)) == 0.25
    assert TrainingState(seconds=90).progress(TrainingPlan(minutes=3)) == 0.5


@pytest.mark.parametrize("budget", [{}, {"minutes": 1.0, "tokens": 5}])
def test_a_plan_has_exactly_one_budget(budget: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="either in minutes or in tokens"):
        TrainingPlan(**budget)


def test_the_facts_of_a_run_in_several_parts_are_those_of_the_whole() -> None:
    parts = [
        {"steps": 10, "tokens": 60_000, "minutes": 1.0, "machine": "one", "text": {"tokens": 5, "documents": 2}},
        {"steps": 4, "tokens": 20_000, "minutes": 1.0, "machine": "other", "text": {"tokens": 2, "documents": 1}},
        {"steps": 1, "tokens": 10_000, "minutes": 1.0, "machine": "other", "text": {"tokens": 1, "documents": 0}},
    ]
    assert all_parts([{**part, "final_loss": loss} for part, loss in zip(parts, (0.9, 0.5, 0.4), strict=True)]) == {
        "steps": 15,
        "tokens": 90_000,
        "minutes": 3.0,
        "machine": "one; then other",
        "tokens_per_second": 500,
        "final_loss": 0.4,
        "text": {"tokens": 8, "documents": 3},
    }


def test_a_second_part_begins_with_the_weights_of_the_first(tmp_path: Path) -> None:
    first = Trainer(SHAPE, PLAN)
    first.step(counting(0))
    first.save(tmp_path / "final.pt")
    second = Trainer(SHAPE, PLAN)
    second.begin_from(tmp_path / "final.pt")
    for name, weights in first.model.state_dict().items():
        assert torch.equal(weights, second.model.state_dict()[name])
    assert second.state == TrainingState()
