"""Files that are GGUF and no model that can talk, or that llama.cpp ends the process over: refused when opened."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import gguf
import numpy as np
import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama import trial as trial_module
from chat_personas.engines.llama.trial import try_model
from chat_personas.engines.llama.worker import InterruptFlag
from eval.engine import EngineError, Message, Percentages, Probe, Sampling
from tests.engines.llama.tiny import write_tiny_model
from tests.examples import slow_but_first


def write_side_file(path: Path, **texts: str) -> Path:
    """Write a GGUF file with a tensor and only these texts as metadata; `__` in a key stands for a dot."""
    writer = gguf.GGUFWriter(path, texts.pop("general__architecture", "llama"))
    for key, text in texts.items():
        writer.add_string(key.replace("__", "."), text)
    writer.add_tensor("a.weight", np.ones((8, 8), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


async def refusal(path: Path) -> str:
    """Return the line with which a file is refused."""
    with pytest.raises(EngineError) as caught:
        await LlamaEngine.open(path)
    line = str(caught.value)
    assert "\n" not in line
    assert path.name in line
    return line


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"general__type": "mmproj", "general__architecture": "clip"}, "projector"),
        ({"general__architecture": "clip"}, "projector"),
        ({"general__type": "adapter", "adapter__type": "lora"}, "adapter"),
        ({"adapter__type": "lora"}, "adapter"),
        ({"general__type": "imatrix"}, "importance matrix"),
        ({"general__architecture": "controlvector"}, "control vector"),
        ({"general__architecture": "nomic-bert-moe"}, "embedding model"),
        ({"general__architecture": "t5encoder"}, "embedding model"),
    ],
)
async def test_a_file_that_belongs_to_another_model_or_embeds_is_refused_by_kind(
    tmp_path: Path, texts: dict[str, str], said: str
) -> None:
    assert said in await refusal(write_side_file(tmp_path / "side.gguf", **texts))


@slow_but_first(
    ("figures", "said"),
    [
        ({"llama.pooling_type": 1}, "embedding model"),
        ({"llama.pooling_type": 4}, "ranks texts"),
        ({"llama.attention.causal": False}, "from both sides"),
        ({"llama.block_count": 0}, "0 layers"),
        ({"llama.attention.layer_norm_rms_epsilon": -1.0}, "damaged"),
        ({"llama.expert_count": 2, "llama.expert_used_count": 3}, "experts"),
        ({"llama.context_length": 8}, "8 tokens"),
        ({"tokenizer.ggml.model": "none"}, "no vocabulary"),
    ],
    quick=3,
)
async def test_a_model_that_cannot_continue_a_text_is_refused_and_the_process_lives(
    tmp_path: Path, figures: dict[str, int | float | str | bool], said: str
) -> None:
    assert said in await refusal(write_tiny_model(tmp_path / "odd.gguf", figures=figures))


async def test_pooling_of_no_kind_is_an_ordinary_model(tmp_path: Path) -> None:
    engine = await LlamaEngine.open(write_tiny_model(tmp_path / "m.gguf", figures={"llama.pooling_type": 0}))
    await engine.close()


async def test_a_file_that_ends_the_process_in_a_trial_is_refused_with_the_reason(tmp_path: Path) -> None:
    """A vocabulary of GPT-2's kind that calls itself one of SentencePiece's: llama.cpp throws, and nothing catches."""
    line = await refusal(write_tiny_model(tmp_path / "ends.gguf", figures={"tokenizer.ggml.model": "llama"}))
    assert "unordered_map::at" in line


async def test_another_part_than_the_first_names_the_first(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "m.gguf").rename(tmp_path / "m-00002-of-00003.gguf")
    assert "m-00001-of-00003.gguf" in await refusal(path)


def test_a_file_is_tried_once_and_again_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Path] = []

    def run(path: Path, _flag: InterruptFlag) -> tuple[int, str]:
        runs.append(path)
        return 0, ""

    monkeypatch.setattr(trial_module, "_run", run)
    model, cache = write_tiny_model(tmp_path / "m.gguf"), tmp_path / "state" / "hashes.json"
    for _ in range(2):
        monkeypatch.setattr(trial_module, "_survived", set())
        try_model(model, InterruptFlag(), cache)
    assert len(runs) == 1
    model.write_bytes(model.read_bytes() + b" ")
    try_model(model, InterruptFlag(), cache)
    assert len(runs) == 2
    assert "m.gguf" not in cache.read_text()


def test_a_folder_of_ones_own_named_eval_does_not_get_in_the_way_of_a_trial(
    tmp_path: Path, tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "__init__.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert trial_module._run(tiny_path, InterruptFlag()) == (0, "")


def test_a_cancelled_trial_ends_its_process(tiny_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_module, "_survived", set())
    flag = InterruptFlag()
    flag.set()
    with pytest.raises(EngineError, match="cancelled"):
        try_model(tiny_path, flag)


NEVER_ENDS = """
import subprocess, sys
fifo = sys.argv[1]
subprocess.run([sys.executable, "-c", "import signal, sys; held = open(sys.argv[1], 'w'); signal.pause()", fifo])
"""
"""Starts a process of its own, which holds a named pipe open as long as it lives, and waits for it."""


def test_a_trial_that_never_ends_is_ended_with_all_that_it_has_started(
    tmp_path: Path, tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fifo = tmp_path / "held"
    os.mkfifo(fifo)
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(trial_module, "_survived", set())
    monkeypatch.setattr(trial_module, "monotonic", lambda: clock.now)
    monkeypatch.setattr(trial_module, "_command", lambda _: [sys.executable, "-c", NEVER_ENDS, str(fifo)])
    with ThreadPoolExecutor(1) as thread:
        trial = thread.submit(try_model, tiny_path, InterruptFlag())
        with fifo.open() as held:  # waits until the process opens it, too
            clock.now = 121.0
            assert held.read() == ""  # waits until no process holds it
        with pytest.raises(EngineError, match=r"does not come to an end with .*\.gguf: it was given 120 seconds; use"):
            trial.result()


def test_a_large_file_is_given_more_time(tmp_path: Path) -> None:
    large = write_tiny_model(tmp_path / "large.gguf")
    assert trial_module.seconds_allowed(large) == 120
    os.truncate(large, 4_000_000_000)  # takes no room on the disk
    assert trial_module.seconds_allowed(large) == 120 + 800


async def test_a_label_that_the_vocabulary_cannot_spell_fails_by_name(tmp_path: Path) -> None:
    engine = await LlamaEngine.open(write_tiny_model(tmp_path / "m.gguf", without="C"))
    probes = [Probe("letters", "A or C?", ("A", "C")), Probe("texts", "Which?", ("Aye", "CCC"), texts=True)]
    failures = {score.key: score.failure async for score in engine.score([], probes)}
    await engine.close()
    assert failures["letters"] == "the model has no single token for the label 'C'"
    assert failures["texts"] == "the model has no tokens for the answer 'CCC'"


@pytest.mark.parametrize("without", ["e", "0123456789"])
async def test_a_vocabulary_without_letters_or_digits_is_refused_since_questions_would_lose_them(
    tmp_path: Path, without: str
) -> None:
    with pytest.raises(EngineError, match=f"no tokens for {' '.join(without)}, so that questions would not reach it"):
        await LlamaEngine.open(write_tiny_model(tmp_path / "m.gguf", without=without))


async def test_a_vocabulary_that_cannot_spell_a_form_leaves_replies_without_it(tmp_path: Path) -> None:
    engine = await LlamaEngine.open(write_tiny_model(tmp_path / "m.gguf", without="{}"))
    assert engine.info.constraints == "none"
    asked = [Message("user", "How many?")]
    await engine.complete(asked, Sampling(max_tokens=20, seed=1, constraint=Percentages(("A", "B"))))
    await engine.close()


async def test_a_model_whose_output_is_not_a_number_says_so_instead_of_noise(tmp_path: Path) -> None:
    engine = await LlamaEngine.open(write_tiny_model(tmp_path / "m.gguf", figures={"llama.rope.freq_base": 0.0}))
    asked = [Message("user", "Hello")]
    with pytest.raises(EngineError, match="not a number"):
        async for _ in engine.stream(asked, Sampling()):
            pass
    with pytest.raises(EngineError, match="not a number"):
        await engine.complete(asked, Sampling())
    await engine.close()
