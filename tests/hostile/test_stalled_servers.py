"""A server that stalls holds nothing up: every wait has an end, and the person can always leave.

`python -m benchmarks.leaving --states "server: silent"` measures how long leaving takes.
"""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.leaving import WAYS, leave_once
from benchmarks.stalled_server import STALLS, Stall, stalled_server
from chat_personas.engines.openai import OpenAIEngine, retrying
from eval.engine import EngineError, Message, Probe, Sampling
from tests.examples import slow_but_first

SOME = [("silent", "ctrl+q"), ("dripping_list", "sigterm"), ("silent_in_reply", "ctrl+c")]
ALL = [(stall, way) for stall in STALLS for way in WAYS]
SILENT: list[Stall] = ["full", "silent", "dripping_head", "dripping_list", "silent_answer"]
BROKEN_OFF: list[Stall] = ["half_closed", "reset"]


@slow_but_first(("stall", "way"), SOME)
def test_the_screen_can_be_left_while_the_server_stalls(tmp_path: Path, stall: str, way: str) -> None:
    left = leave_once(f"server: {stall}", way, tmp_path)
    assert left.fine, left


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("stall", "way"), [pair for pair in ALL if pair not in SOME])
def test_it_can_be_left_in_every_way_whatever_the_server_does(tmp_path: Path, stall: str, way: str) -> None:
    left = leave_once(f"server: {stall}", way, tmp_path)
    assert left.fine, left


@pytest.mark.parametrize("stall", SILENT)
async def test_opening_a_model_on_a_silent_or_dripping_server_ends_and_says_after_how_long(stall: Stall) -> None:
    with stalled_server(stall) as server, pytest.raises(EngineError) as raised:
        await OpenAIEngine.open(server.url, timeout=1.0)
    assert str(raised.value).startswith(f"{server.url} did not answer within 1 s; ")


@pytest.mark.parametrize("stall", ["dripping_list", "dripping_answer"])
async def test_opening_a_model_has_a_limit_as_a_whole(stall: Stall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "OPENING_TIMEOUTS", 0.0125)
    with stalled_server(stall) as server, pytest.raises(EngineError) as raised:
        await OpenAIEngine.open(server.url, timeout=60.0)
    assert str(raised.value).startswith(f"{server.url} could not be opened within 0.75 s; ")


@pytest.mark.parametrize("stall", BROKEN_OFF)
async def test_opening_a_model_on_a_server_that_ends_the_connection_ends_and_says_so(stall: Stall) -> None:
    with stalled_server(stall) as server, pytest.raises(EngineError) as raised:
        await OpenAIEngine.open(server.url, timeout=60.0)
    assert str(raised.value).startswith(f"{server.url} broke off its answer; ")


@pytest.mark.parametrize(
    ("stall", "timeout", "why"),
    [
        ("silent_reply", 0.5, r"did not answer within 0\.5 s"),
        ("silent_in_reply", 0.5, r"did not answer within 0\.5 s"),
        pytest.param("dripping_reply", 0.8, "sent nothing of a reply for 4 seconds", marks=pytest.mark.slow),
    ],
)
async def test_a_reply_that_stalls_ends_and_is_not_asked_for_again(stall: Stall, timeout: float, why: str) -> None:
    with stalled_server(stall) as server:
        engine = await OpenAIEngine.open(server.url, timeout=timeout)
        before = len(server.asked)
        with pytest.raises(EngineError, match=why):
            async for _ in engine.stream([Message("user", "Well?")], Sampling()):
                pass
        assert len(server.asked) == before + 1
        await engine.close()


async def test_a_probe_that_is_not_answered_is_one_failed_probe_with_a_sentence() -> None:
    with stalled_server("silent_probes") as server:
        engine = await OpenAIEngine.open(server.url, timeout=0.5)
        probe = Probe(key="q", prompt="Which?", labels=("A", "B"))
        (score,) = [score async for score in engine.score([Message("user", "Well?")], [probe])]
        assert score.failure is not None
        assert score.failure.startswith(f"{server.url} did not answer within 0.5 s; ")
        await engine.close()


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["models", "show"], ["eval", "democrat", "--model"]])
def test_ctrl_c_ends_a_command_that_waits_for_a_silent_server(tmp_path: Path, arguments: list[str]) -> None:
    with stalled_server("silent") as server:
        command = [sys.executable, "-m", "chat_personas", *arguments, server.url]
        environment = {"CHAT_PERSONAS_HOME": str(tmp_path), "PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])}
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            server.wait_until_asked()
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert said.startswith("chat-personas: ")
