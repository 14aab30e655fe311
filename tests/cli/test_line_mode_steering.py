"""`/steer` in the line mode: the knob for pipes and scripts, on a real model."""

from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.engines.llama.model import model_sha256
from chat_personas.paths import corpus_path
from eval.engine import EngineInfo
from tests.cli.running import Command, kept_messages, only_line
from tests.corpus.making import texts
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
direction = "party"
strength = 0.5
[sampling]
max_tokens = 4
seed = 1
"""


@pytest.fixture
def direction(home: Path, tiny: str) -> None:
    """The direction `party`, kept for the tiny model."""
    keep_random_direction(EngineInfo("tiny", "llama", model_sha256(Path(tiny))))


@pytest.fixture
def inside(tmp_path: Path, direction: None) -> str:
    (tmp_path / "inside.toml").write_text(INSIDE)
    return "inside.toml"


def strengths_of_replies() -> list[str]:
    """What was on with each reply, by its strength; "" for nothing."""
    made = []
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        for message in kept_messages():
            if message.role == "assistant" and (row := corpus.generation(message.id)) is not None:
                made.append("; ".join(key.rsplit(", ", 1)[1] for key in row.interventions))
    return made


def test_the_strength_is_turned_between_messages_and_no_command_is_a_message(
    command: Command, tiny: str, inside: str
) -> None:
    given = "Guns?\n/steer -0.25\nWhy?\n/steer off\nReally?\n /steer on \nSo?\n"
    ran = command("chat", inside, "--model", tiny, given=given)
    assert ran.code == 0
    said = [line for line in ran.err.splitlines() if not line.startswith("(cut off")]
    assert said == [f"(inside the model: {what})" for what in ("party -0.25", "party off", "party +0.50")]
    assert strengths_of_replies() == ["strength 0.5", "strength -0.25", "", "strength 0.5"]
    assert texts(kept_messages())[::2] == ["Guns?", "Why?", "Really?", "So?"]
    assert (Path(inside)).read_text() == INSIDE


def test_without_a_strength_it_says_what_is_on(command: Command, tiny: str, inside: str, brief: str) -> None:
    assert command("chat", inside, "--model", tiny, given="/steer").err == "(inside the model: party +0.50)\n"


def test_without_a_direction_it_says_how_to_have_one_and_with_one_how_to_turn_it(
    command: Command, tiny: str, direction: None, brief: str
) -> None:
    asked = command("chat", brief, "--model", tiny, given="/steer")
    assert asked.code == 0
    assert asked.err.startswith("(inside the model: nothing; brief has no direction for this model; ")
    assert "train one: chat-personas steer train" in asked.err
    assert asked.err.count("\n") == 1
    turned = command("chat", "democrat", "--model", tiny, given="/steer")
    assert turned.err == "(inside the model: nothing; /steer 0.5 turns party)\n"


def test_only_the_word_itself_is_a_command(command: Command, tiny: str, inside: str) -> None:
    command("chat", inside, "--model", tiny, given="/steering?\nsay /steer 1\n/help\n")
    assert texts(kept_messages())[::2] == ["/steering?", "say /steer 1", "/help"]


@pytest.mark.parametrize("asked", ["much", "nan", "inf", "0.5 1"])
def test_what_is_no_strength_ends_with_the_line_named_and_keeps_what_was_said(
    command: Command, tiny: str, inside: str, asked: str
) -> None:
    ran = command("chat", inside, "--model", tiny, given=f"Guns?\n/steer {asked}\nWhy?\n")
    assert ran.code == 2
    *_, refused = ran.err.splitlines()
    assert refused.startswith("chat-personas: line 2: ")
    assert "such as 0.5" in refused
    assert f"continue with chat-personas chat --resume {kept_messages()[0].conversation_id}" in ran.err
    assert texts(kept_messages())[::2] == ["Guns?"]


def test_a_persona_without_a_direction_is_told_how_to_train_one(command: Command, tiny: str) -> None:
    ran = command("chat", "democrat", "--model", tiny, given="/steer 0.5\n")
    assert ran.code == 2
    assert (
        "train one: chat-personas steer train democrat-republican --positive democrat --negative republican"
        in only_line(ran)
    )


def test_a_persona_of_the_library_is_turned_along_the_direction_that_it_was_trained_with(
    command: Command, tiny: str, direction: None
) -> None:
    ran = command("chat", "democrat", "--model", tiny, given="/steer 0.5\nHi\n")
    assert (ran.code, ran.err.splitlines()[0]) == (0, "(inside the model: party +0.50)")
    assert strengths_of_replies() == ["strength 0.5"]


def test_turning_measures_again_and_each_measurement_has_what_was_on(
    command: Command, tiny: str, inside: str, few: str
) -> None:
    given = "/steer 1\n/steer 1\n/steer 0.5\n"
    ran = command("chat", inside, "--model", tiny, "--measure", "--survey", few, given=f"Hi\n{given}")
    assert ran.code == 0, ran.err
    lines = ran.err.splitlines()
    measured = [line for line in lines if line.startswith("[turn")]
    assert [line.split(";")[0].split("]")[0] for line in measured] == [
        "[turn 0, 3 of 3 questions",
        "[turn 1, 3 of 3 questions",
        "[turn 1, inside",
        "[turn 1, 3 of 3 questions",
        "[turn 1, 3 of 3 questions",
        "[turn 1, inside",
    ], "the reply was made at 0.5, and is read under that only"
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        rows = corpus.measurements(kept_messages()[0].conversation_id)
    assert [row.interventions[0].rsplit(" ", 1)[1] for row in rows] == ["0.5", "0.5", "1.0"], (
        "what was measured under this setting is shown again, and not asked again"
    )


def test_a_direction_that_is_missing_is_one_line_and_leaves_nothing(
    command: Command, tiny: str, tmp_path: Path
) -> None:
    (tmp_path / "inside.toml").write_text(INSIDE)
    ran = command("chat", "inside.toml", "--model", tiny, given="Hi\n")
    assert ran.code == 2
    assert 'there is no direction "party"; train it with `chat-personas steer train`' in only_line(ran)
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        assert corpus.conversations() == ()
