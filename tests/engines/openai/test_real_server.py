"""The engine against a real OpenAI-compatible server: llama-cpp-python's own, on loopback, with random weights."""

import json
import math
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.openai import OpenAIEngine
from chat_personas.models import pocket_path
from eval.engine import Message, Percentages, Probe, Sampling, TooLongError
from eval.expression.rendering import render
from eval.orders import TWO, orders_for
from eval.surveys.loading import load_survey
from tests.engines.llama.tiny import write_tiny_model

SECONDS_TO_START = 60


@dataclass(frozen=True)
class Server:
    """A running server's address, the file that it writes its log to, and its model."""

    url: str
    log: Path
    model: Path

    def decoded(self) -> list[int]:
        """Return the tokens of each prompt so far that were not in the server's own prefix cache.

        Of a prompt that is sent again for more alternatives it is the last one only, which is left out.
        """
        left = map(int, re.findall(r"remaining (\d+) prompt tokens to eval", self.log.read_text("utf-8")))
        return [tokens for tokens in left if tokens > 1]


@contextmanager
def serving(model: Path, folder: Path) -> Iterator[Server]:
    """Run llama-cpp-python's server with a model, with a cache in f32 as in the program.

    In f16 the cache rounds, and shares differ by up to 1e-3.
    """
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
        "--type_k": "0",
        "--type_v": "0",
        "--interrupt_requests": "False",
        "--verbose": "True",
    }
    server = Server(f"http://127.0.0.1:{port}/v1", folder / "log.txt", model)
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "llama_cpp.server", *(word for option in options.items() for word in option)],
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        try:
            _wait_for(port, process)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with serving(write_tiny_model(folder / "tiny.gguf"), folder) as server:
        yield server


@pytest.fixture
def server(running: Server) -> str:
    return running.url


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


async def test_the_prefix_cache_of_the_server_has_each_stem_once_whatever_order_the_probes_come_in(
    running: Server,
) -> None:
    engine = await OpenAIEngine.open(running.url, concurrency=1)
    said = [Message("user", "hello " * 20)]
    stems = [f"Question {name}: " + "should there be more of it? " * 4 for name in ("one", "two", "three")]
    orders = ("A. yes\nB. no", "A. no\nB. yes")
    probes = [Probe(f"{stem}/{order}", f"{stem}\n{order}", ("A", "B")) for order in orders for stem in stems]

    async def decoded(*asked: Sequence[Probe]) -> list[int]:
        before = len(running.decoded())
        for several in asked:
            assert not [score.failure async for score in engine.score(said, several) if score.failure]
        return running.decoded()[before:]

    ours = await decoded(probes)
    as_given = await decoded(*([probe] for probe in probes))
    await engine.close()
    assert len(ours) == len(as_given) == len(probes)
    assert max(ours[1::2]) < min(ours[2::2]) / 2, "the second order of a question finds its stem in the cache"
    assert sum(ours[1:]) < sum(as_given[1:]) * 0.7, "the first is left out: it may have to decode what was said"


async def test_a_conversation_longer_than_the_context_loses_its_oldest_turns_on_a_server_that_breaks_off_silently(
    server: str,
) -> None:
    engine = await OpenAIEngine.open(server, concurrency=1)
    turns = [Message(role, "hello " * 30) for _ in range(12) for role in ("user", "assistant")]
    asked = [Message("system", "hello"), *turns, Message("user", "hello")]
    pieces = [piece async for piece in engine.stream(asked, Sampling(max_tokens=8, seed=3))]
    with pytest.raises(TooLongError, match="maximum context length"):
        async for _ in engine.stream([Message("user", "hello " * 600)], Sampling(max_tokens=8, seed=3)):
            pass
    await engine.close()
    assert "".join(piece.text for piece in pieces)
    assert pieces[0].dropped_messages in range(2, len(turns) + 1, 2), "whole turns"
    assert sum(piece.dropped_messages for piece in pieces[1:]) == 0


async def test_it_keeps_a_reply_to_percentages_in_the_way_that_this_server_understands(server: str) -> None:
    engine = await OpenAIEngine.open(server, concurrency=1)
    sampling = Sampling(1.0, max_tokens=120, seed=3, constraint=Percentages(("A", "B")))
    (reply,) = await engine.complete([Message("user", "hello")], sampling)
    constraints = engine.info.constraints
    await engine.close()
    assert constraints == "json_object"
    assert set(json.loads(reply)) == {"A", "B"}


Shares = list[float]


async def both_shares(running: Server, said: Sequence[Message], probes: Sequence[Probe]) -> list[tuple[Shares, Shares]]:
    """Return the labels' shares from the server and from the program; what was not shown is less than 1e-4 of them."""
    served = await OpenAIEngine.open(running.url, concurrency=1)
    embedded = await LlamaEngine.open(running.model, context_length=512)
    shares = []
    for engine in (served, embedded):
        scores = {score.key: score async for score in engine.score(said, probes)}
        of_engine = []
        for probe in probes:
            lower, upper = (
                [math.exp(getattr(label, side)) for label in scores[probe.key].labels] for side in ("lower", "upper")
            )
            assert sum(upper) - sum(lower) < 1e-4 * sum(lower)
            of_engine.append([mass / sum(lower) for mass in lower])
        shares.append(of_engine)
        await engine.close()
    return list(zip(*shares, strict=True))


@pytest.mark.slow
async def test_the_same_weights_behind_a_server_and_in_the_program_give_the_same_shares(running: Server) -> None:
    probes = [Probe(f"q{n}", f"Question {n}: more?\nA. yes\nB. no\nC. both", ("A", "B", "C")) for n in range(4)]
    for theirs, ours in await both_shares(running, [Message("system", "hello"), Message("user", "hello")], probes):
        assert theirs == pytest.approx(ours, abs=1e-4)


@pytest.mark.slow
async def test_the_built_in_model_behind_a_server_gives_its_own_shares_to_questions_of_the_survey(
    tmp_path: Path,
) -> None:
    """Its weights are in F16, so that shares depend a little on how tokens are split into batches: 1e-4 in the mean."""
    questions = load_survey("civic").survey.questions[:6]
    probes = [render(question, order).probe for question in questions for order in orders_for(TWO, question)]
    with serving(pocket_path(), tmp_path) as server:
        pairs = await both_shares(server, [Message("system", "You are a Democrat.")], probes)
    apart = [abs(a - b) for theirs, ours in pairs for a, b in zip(theirs, ours, strict=True)]
    assert len(apart) >= 3 * len(probes)
    assert sum(apart) / len(apart) < 1e-4
    assert max(apart) < 1e-3
