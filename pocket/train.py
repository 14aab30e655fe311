"""Training of the pocket model on the processor: bfloat16 arithmetic, float32 weights, a budget of minutes or tokens.

The learning rate rises over the first steps and then falls in a straight line to zero at the end of the budget, so a
run that is given less time ends as well as it can. Data order and initial weights follow from the seed; under a budget
of minutes the number of steps depends on the machine.
"""

import json
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import AdamW, Muon, Optimizer

from pocket.model import PocketModel, PocketShape
from pocket.packing import ROW_LENGTHS, Batch, lessons
from pocket.shards import open_shards, shard_facts

THREADS = 2
CHECKPOINT_SECONDS = 120.0
LOG_STEPS = 20
TARGET_STEP = 512


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The budget (exactly one of `minutes` and `tokens`) and the settings of the optimisers.

    Matrices inside the layers are trained by Muon (Jordan et al. 2024), embeddings and norms by AdamW. Query and key
    matrices learn at `attention_share` of the rate: at three times these rates attention saturated within a thousand
    steps, saw only what was near, and no persona made a difference.
    """

    minutes: float | None = None
    tokens: int | None = None
    seed: int = 0
    batch_tokens: int = 4096
    matrix_rate: float = 0.007
    attention_share: float = 0.5
    embedding_rate: float = 0.003
    weight_decay: float = 0.05
    warmup_steps: int = 60
    compile: bool = True

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.tokens is None):
            raise ValueError("give a training budget either in minutes or in tokens")


@dataclass(slots=True)
class TrainingState:
    """How far a run has come; kept in its checkpoints."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)

    def progress(self, plan: TrainingPlan) -> float:
        """Share of the budget that is used, 0 to 1 (and beyond, by less than a step)."""
        if plan.tokens is not None:
            return self.tokens / plan.tokens
        return self.seconds / (60 * cast(float, plan.minutes))

    def smoothed_loss(self, steps: int = 100) -> float:
        """Mean weighted cross-entropy in nats per target over the last `steps` steps; not a number before the first."""
        recent = self.losses[-steps:]
        return sum(recent) / len(recent) if recent else float("nan")


class Trainer:
    """A model, its optimisers and their state: `step` trains on one batch, `save` and `load` make a run resumable."""

    def __init__(self, shape: PocketShape, plan: TrainingPlan) -> None:
        torch.set_num_threads(THREADS)
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.model = PocketModel(shape)
        self.state = TrainingState()
        matrices = {name: p for name, p in self.model.blk.named_parameters() if p.dim() == 2}
        looking = [p for name, p in matrices.items() if name.endswith(("attn_q.weight", "attn_k.weight"))]
        writing = [p for name, p in matrices.items() if not name.endswith(("attn_q.weight", "attn_k.weight"))]
        others = [p for name, p in self.model.named_parameters() if p.dim() == 1 or name.startswith("token_embd")]
        self.optimizers: list[Optimizer] = [
            Muon(
                [{"params": writing, "share": 1.0}, {"params": looking, "share": plan.attention_share}],
                lr=plan.matrix_rate,
                weight_decay=plan.weight_decay,
                adjust_lr_fn="original",
            ),
            AdamW(others, lr=plan.embedding_rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
        ]
        self._hidden: Callable[..., Tensor] = self.model.hidden
        self._loss: Callable[..., Tensor] = self._target_loss
        if plan.compile:
            torch._dynamo.config.recompile_limit = 2 * len(ROW_LENGTHS)  # one for each; beyond it, rows run uncompiled
            self._hidden = torch.compile(self.model.hidden, dynamic=False)
            self._loss = torch.compile(self._target_loss, dynamic=True)

    def step(self, batch: Batch) -> float:
        """Take one optimiser step on `batch` and return its loss in nats per weighted target."""
        started = time.monotonic()
        self._set_rates()
        chosen, targets, weights = _chosen_targets(batch)
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self._hidden(torch.from_numpy(batch.inputs), torch.bfloat16)
            loss = self._loss(hidden.reshape(-1, hidden.shape[-1])[chosen], targets, weights / weights.sum())
        torch.autograd.backward(loss)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.state.step += 1
        self.state.tokens += batch.inputs.size
        self.state.losses.append(loss.item())
        self.state.seconds += time.monotonic() - started
        return self.state.losses[-1]

    def save(self, path: Path) -> None:
        """Write a checkpoint; a reader never sees half of one."""
        part = path.with_suffix(".part")
        torch.save(
            {
                "shape": self.model.shape.as_dict(),
                "model": self.model.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "state": {name: getattr(self.state, name) for name in TrainingState.__slots__},
            },
            part,
        )
        part.replace(path)

    def load(self, path: Path) -> None:
        """Take up a run where its checkpoint left it."""
        saved = torch.load(path, weights_only=True)
        self.model.load_state_dict(saved["model"])
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.state = TrainingState(**saved["state"])

    def begin_from(self, path: Path) -> None:
        """Take the weights of a checkpoint, and nothing else of its run."""
        self.model.load_state_dict(torch.load(path, weights_only=True)["model"])

    def _set_rates(self) -> None:
        rising = min(1.0, (self.state.step + 1) / self.plan.warmup_steps)
        falling = max(0.0, 1.0 - self.state.progress(self.plan))
        for optimizer, rate in zip(self.optimizers, (self.plan.matrix_rate, self.plan.embedding_rate), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * group.get("share", 1.0) * rising * falling

    def _target_loss(self, hidden: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        losses = functional.cross_entropy(self.model.logits(hidden).float(), targets, reduction="none")
        return (losses * weights).sum()


def _chosen_targets(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Return position, token and weight of every target that counts, filled up with weight 0 to a multiple of 512.

    A new number of rows makes oneDNN build and keep new kernels: with any number, memory grows without end.
    """
    weights = batch.weights.reshape(-1)
    counting = weights.nonzero()[0]
    places = np.concatenate([counting, batch.others[:, 0].astype(np.int64)])
    filled = -(-len(places) // TARGET_STEP) * TARGET_STEP
    chosen, targets = np.zeros(filled, dtype=np.int64), np.zeros(filled, dtype=np.int64)
    kept = np.zeros(filled, dtype=np.float32)
    chosen[: len(places)] = places
    targets[: len(places)] = np.concatenate([batch.targets.reshape(-1)[counting], batch.others[:, 1].astype(np.int64)])
    kept[: len(places)] = np.concatenate([weights[counting], batch.others[:, 2]])
    return torch.from_numpy(chosen), torch.from_numpy(targets), torch.from_numpy(kept)


def load_model(path: Path) -> PocketModel:
    """Rebuild the model of a checkpoint, in float32, for evaluation and export."""
    saved: dict[str, Any] = torch.load(path, weights_only=True)
    model = PocketModel(PocketShape(**saved["shape"]))
    model.load_state_dict(saved["model"])
    return model.eval()


def train(
    courses: Sequence[Path], folder: Path, shape: PocketShape, plan: TrainingPlan, start: Path | None = None
) -> TrainingState:
    """Train on each folder of shards once, and on the last until the budget is used; log to `folder`/log.jsonl.

    A run that was interrupted goes on from `folder`/checkpoint.pt. One that begins takes the weights of the
    checkpoint `start`, or random ones without it; what is older than `start` is of another run and begun anew.
    The last checkpoint is also written as `folder`/final.pt, and what the card says of the run as `folder`/facts.json.
    Raises FileNotFoundError when there are no shards.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    trainer = Trainer(shape, plan)
    if checkpoint.exists() and (start is None or checkpoint.stat().st_mtime > start.stat().st_mtime):
        trainer.load(checkpoint)
    elif start is not None:
        trainer.begin_from(start)
    opened = [open_shards(shards) for shards in courses]
    stream = lessons(opened, plan.batch_tokens, plan.seed, skip=trainer.state.step)
    _run(trainer, stream, checkpoint, folder / "log.jsonl")
    facts = {**run_facts(trainer), "text": shard_facts(*courses)}
    (folder / "facts.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    trainer.save(folder / "final.pt")
    return trainer.state


def run_facts(trainer: Trainer) -> dict[str, Any]:
    """Return what the card says of a run: sizes, budget used, speed, last loss, seed and machine."""
    state = trainer.state
    return {
        "shape": trainer.model.shape.as_dict(),
        "parameters": trainer.model.parameter_count(),
        "steps": state.step,
        "tokens": state.tokens,
        "minutes": round(state.seconds / 60, 1),
        "tokens_per_second": round(state.tokens / state.seconds),
        "final_loss": round(state.smoothed_loss(200), 4),
        "seed": trainer.plan.seed,
        "machine": f"{processor_name()}, {THREADS} threads, bfloat16",
    }


def all_parts(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the facts of a run in several parts, from the facts of each: sums where they add up, else the last's."""
    minutes, tokens = sum(part["minutes"] for part in parts), sum(part["tokens"] for part in parts)
    last = dict(parts[-1])
    return {
        **last,
        "steps": sum(part["steps"] for part in parts),
        "tokens": tokens,
        "minutes": round(minutes, 1),
        "machine": "; then ".join(dict.fromkeys(part["machine"] for part in parts)),
        "tokens_per_second": round(tokens / (60 * minutes)),
        "text": {key: sum(part["text"][key] for part in parts) for key in last["text"]},
    }


def average_of(shares: Mapping[Path, float]) -> PocketModel:
    """Return the model whose weights are those of these checkpoints together, each with its share."""
    models = [(dict(load_model(path).named_parameters()), share) for path, share in shares.items()]
    found = load_model(next(iter(shares)))
    with torch.no_grad():
        for name, weights in found.named_parameters():
            weights.copy_(sum(share * of[name] for of, share in models))
    return found


def save_weights(model: PocketModel, path: Path) -> None:
    """Write the weights of `model` as a checkpoint to begin from; it holds nothing else of a run."""
    torch.save({"shape": model.shape.as_dict(), "model": model.state_dict()}, path)


def _run(trainer: Trainer, stream: Iterator[Batch], checkpoint: Path, log: Path) -> None:
    saved = time.monotonic()
    while trainer.state.progress(trainer.plan) < 1:
        batch = next(stream)
        trainer.step(batch)
        if trainer.state.step % LOG_STEPS == 0:
            _report(trainer.state, trainer.plan, batch.epoch, log)
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            trainer.save(checkpoint)
            saved = time.monotonic()


def _report(state: TrainingState, plan: TrainingPlan, epoch: int, log: Path) -> None:
    facts = {
        "step": state.step,
        "tokens": state.tokens,
        "seconds": round(state.seconds, 1),
        "loss": round(state.smoothed_loss(LOG_STEPS), 4),
        "epoch": epoch,
    }
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")
    rate = state.tokens / state.seconds
    print(
        f"step {state.step}  {state.tokens / 1e6:.2f}M tokens  loss {facts['loss']:.4f}  "
        f"{rate:,.0f} tokens/s  {state.progress(plan):.0%}",
        flush=True,
    )


def processor_name() -> str:
    """Return the processor as the system names it, its architecture where that is not told."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
