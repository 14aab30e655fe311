"""A persona that is steered from inside, on a server: it is measured as the file says, or one line says why not."""

import json
from pathlib import Path

import numpy as np
import pytest

from chat_personas.corpus import Corpus
from chat_personas.paths import corpus_path
from chat_personas.steering.direction_file import direction_path, read_direction
from eval.engine import EngineInfo
from tests.cli.running import Command, kept_messages, only_line
from tests.engines.openai.steering_server import (
    Reader,
    in_a_thread,
    nothing,
    read_as_easysteer,
    read_as_vllm_lens,
    taking,
)
from tests.steering.directions import keep_random_direction

INSIDE = """
schema = "chat-personas/persona@1"
name = "inside"
title = "A Democrat"
steering = "activation"
[[groups]]
attribute = "POLPARTY"
value = "Democrat"
[[activation]]
direction = "scripted-theirs.gguf"
layers = "3"
strength = 0.75
[sampling]
max_tokens = 4
seed = 1
"""


@pytest.fixture
def inside(tmp_path: Path) -> str:
    """A persona along a direction made elsewhere, which is 2 long in layer 3 and lies along the letter B."""
    import gguf

    writer = gguf.GGUFWriter(tmp_path / "scripted-theirs.gguf", "controlvector")
    writer.add_tensor("direction.3", np.array([0.0, 2.0, 0.0, 0.0], dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (tmp_path / "inside.toml").write_text(INSIDE)
    return "inside.toml"


@pytest.mark.parametrize("read", [read_as_easysteer, read_as_vllm_lens])
def test_a_report_names_what_was_on_in_a_server_that_takes_vectors(command: Command, inside: str, read: Reader) -> None:
    with in_a_thread(taking(read)) as server:
        ran = command("eval", inside, "--model", server.url, "--limit", "4", "--no-cache", "--json", "-")
    assert ran.code == 0
    report = json.loads(ran.out)
    (key,) = report["model"]["interventions"]
    assert key.startswith("add scripted-theirs (sha256 ")
    assert key.endswith(", strength 0.75")
    # with two options, A's log-odds are 0 and B's -1 + 0.75 * 2
    survey, backwards = next(each["by_order"] for each in report["questions"] if len(each["options"]) == 2)
    assert survey["model"] == pytest.approx([0.37754, 0.62246], abs=1e-4)
    assert backwards["model"] == pytest.approx([0.62246, 0.37754], abs=1e-4)


@pytest.mark.parametrize("name", ["theirs", "scripted2-theirs", "script-theirs"])
def test_a_file_that_says_of_no_model_has_to_be_named_for_the_server_s_before_anything_is_sent(
    command: Command, inside: str, tmp_path: Path, name: str
) -> None:
    (tmp_path / "scripted-theirs.gguf").rename(tmp_path / f"{name}.gguf")
    Path(inside).write_text(INSIDE.replace("scripted-theirs", name))
    with in_a_thread(taking(read_as_easysteer)) as server:
        ran = command("eval", inside, "--model", server.url, "--limit", "4")
        sent = [request for request in server.requests if {"steering", "vllm_xargs"} & request.body.keys()]
    assert (ran.code, ran.out, sent) == (2, "", [])
    assert f"(these have 4); if it is of scripted, let its name begin so: scripted-{name}.gguf" in only_line(ran)


def test_vectors_of_another_width_than_a_direction_that_was_trained_on_the_model_are_not_sent(
    command: Command, inside: str
) -> None:
    keep_random_direction(EngineInfo("organisation/scripted.Q4_1", "llama", "1" * 64))
    with in_a_thread(taking(read_as_easysteer)) as server:
        ran = command("eval", inside, "--model", server.url, "--limit", "4")
        sent = [request for request in server.requests if {"steering", "vllm_xargs"} & request.body.keys()]
    assert (ran.code, ran.out, sent) == (2, "", [])
    assert (
        "scripted-theirs.gguf has vectors of the width 4, and scripted has states of 64 (llama), as party, a direction "
        "that was trained on it, says"
    ) in only_line(ran)


def test_a_server_that_ignores_vectors_is_not_asked_the_survey(command: Command, inside: str) -> None:
    with in_a_thread(taking(nothing)) as server:
        ran = command("eval", inside, "--model", server.url, "--limit", "4")
        asked = [request.body["messages"] for request in server.requests if "messages" in request.body]
    assert (ran.code, ran.out) == (2, "")
    assert "cannot be steered from inside: it does not add the vector of scripted-theirs after layer 3" in only_line(
        ran
    )
    assert {messages[0]["content"].split(".")[0] for messages in asked} <= {  # type: ignore[index]
        "Answer with the letter A",
        "Say any word",
        "Name an animal, a colour or a town",
        "Choose one of the letters A, B and C at random",
    }


def test_a_conversation_with_a_server_that_ignores_vectors_does_not_begin(command: Command, inside: str) -> None:
    with in_a_thread(taking(nothing)) as server:
        ran = command("chat", inside, "--model", server.url, "--plain", given="Guns?\n")
    assert (ran.code, ran.out) == (2, "")
    assert "cannot be steered from inside" in only_line(ran)
    assert not any(request.body.get("stream") for request in server.requests)
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        assert corpus.conversations() == ()


def test_the_knob_turns_a_server_that_takes_vectors(command: Command, inside: str) -> None:
    with in_a_thread(taking(read_as_easysteer)) as server:
        ran = command(
            "chat", inside, "--model", server.url, "--plain", given="Which?\n/steer 0.25\nWhich?\n/steer off\nAnd?\n"
        )
    assert ran.code == 0
    # at 0.75 the log-odds of B are +0.5 against A's 0, at 0.25 they are -0.5
    assert [message.text for message in kept_messages() if message.role == "assistant"] == ["B", "A", "A"]


@pytest.fixture
def by_name(inside: str) -> str:
    """The same persona, along a direction `party` that is kept for two files of one model and one of another."""
    Path(inside).write_text(INSIDE.replace("scripted-theirs.gguf", "party").replace('layers = "3"', 'layers = "1"'))
    for model, sha256 in (("scripted.Q4_K_M", "1"), ("scripted", "2"), ("other", "3")):
        keep_random_direction(EngineInfo(model, "llama", sha256 * 64))
    return inside


def test_a_direction_by_name_is_that_of_a_model_of_the_same_name(command: Command, by_name: str) -> None:
    for sha256 in "23":
        direction_path("party", sha256 * 64).unlink()
    with in_a_thread(taking(read_as_easysteer)) as server:
        ran = command("eval", by_name, "--model", server.url, "--limit", "4", "--json", "-")
    assert ran.code == 0
    (key,) = json.loads(ran.out)["model"]["interventions"]
    kept = read_direction(direction_path("party", "1" * 64)).direction
    assert key == f"add party (sha256 {kept.sha256}), layers 1, strength 0.75"


def test_where_several_directions_of_a_name_fit_one_has_to_be_named(command: Command, by_name: str) -> None:
    with in_a_thread(taking(read_as_easysteer)) as server:
        ran = command("eval", by_name, "--model", server.url, "--limit", "4")
    assert ran.code == 2
    assert "several directions party may be meant, trained on scripted.Q4_K_M, scripted; name the file" in only_line(
        ran
    )


def test_a_direction_by_name_of_other_models_only_is_refused(command: Command, by_name: str) -> None:
    for sha256 in "12":
        direction_path("party", sha256 * 64).unlink()
    with in_a_thread(taking(read_as_easysteer)) as server:
        ran = command("eval", by_name, "--model", server.url, "--limit", "4")
    assert ran.code == 2
    assert "party was trained on other, and the server calls its model scripted; train it on" in only_line(ran)
