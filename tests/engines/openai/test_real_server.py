"""The engine against a real OpenAI-compatible server: llama-cpp-python's own, on loopback, with random weights."""

import json
import math
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_personas.engines.openai import OpenAIEngine
from eval.engine import Message, Percentages, Probe, Sampling
from tests.engines.llama.tiny import write_tiny_model

SECONDS_TO_START = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    model = write_tiny_model(Path(tmp_path_factory.mktemp("model")) / "tiny.gguf")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "--model": str(model),
        "--model_alias": "tiny",
        "--host": "127.0.0.1",
        "--port": str(port),
        "--n_ctx": "512",
        "--logits_all": "True",
        "--interrupt_requests": "False",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "llama_cpp.server", *(word for option in options.items() for word in option)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended by itself"
        with socket.socket() as attempt:
            attempt.settimeout(0.2)
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("the server did not start in time")


async def test_it_streams_completes_and_scores(server: str) -> None:
    engine = await OpenAIEngine.open(server, concurrency=1)
    assert engine.info.name == f"{server}#tiny"
    assert engine.info.log_probabilities == "top_k"
    assert engine.info.local

    sampling = Sampling(max_tokens=12, seed=3)
    pieces = [piece async for piece in engine.stream([Message("user", "hello")], sampling)]
    assert pieces[-1].finish_reason in ("stop", "length")
    assert pieces[-1].usage is not None

    assert len(await engine.complete([Message("user", "hello")], sampling, n=2)) == 2

    probes = [Probe(f"q{n}", f"Question {n}?\nA. yes\nB. no", ("A", "B")) for n in range(3)]
    scores = [score async for score in engine.score([Message("user", "hello")], probes)]
    await engine.close()
    assert {score.key for score in scores} == {"q0", "q1", "q2"}
    for score in scores:
        assert score.failure is None
        assert all(label.lower <= label.upper <= 0 for label in score.labels)
        assert score.label_mass == pytest.approx(sum(math.exp(label.lower) for label in score.labels))


async def test_it_keeps_a_reply_to_percentages_in_the_way_that_this_server_understands(server: str) -> None:
    engine = await OpenAIEngine.open(server, concurrency=1)
    sampling = Sampling(1.0, max_tokens=120, seed=3, constraint=Percentages(("A", "B")))
    (reply,) = await engine.complete([Message("user", "hello")], sampling)
    constraints = engine.info.constraints
    await engine.close()
    assert constraints == "json_object"
    assert set(json.loads(reply)) == {"A", "B"}
