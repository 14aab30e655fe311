"""The whole program on real language models, with a chat template and without.

They are too small to have an opinion, and the program is to say so. Their words differ between machines, so tests look
at what holds on all of them.
"""

import json
import math
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from chat_personas.cli.main import main
from chat_personas.conversation.conversation import Conversation, ReplyEnded, ReplyText
from chat_personas.corpus import Corpus
from chat_personas.engines.llama import LlamaEngine
from chat_personas.models.gguf import read_header
from eval.engine import Message, Probe, ProbeScore, Sampling
from eval.expression.rendering import render
from eval.surveys.loading import load_survey
from personas import load_persona, system_prompt

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
GREEDY = Sampling(temperature=0.0, max_tokens=24, seed=1)
QUESTIONS = ["Who are you?", "What do you think about taxes?", "And about schools?"]
CONTROL = re.compile(r"<\|.*?\|>|</?s>|<(?:bos|eos|pad|unk|start_of_turn|end_of_turn)>|\[/?INST\]")
WINDOW = 512
"""Tokens that Gemma's local layers look back."""
LONG_TALK = "We talked about buses, rents, schools, hospitals, the price of bread and the weather for a long while. "


def probes(count: int) -> list[Probe]:
    """The first questions of the built-in survey, each in two orders, as `eval` asks them."""
    questions = load_survey("civic").survey.questions[:count]
    return [render(question, order).probe for question in questions for order in ("survey", "reversed")]


async def scored(engine: LlamaEngine, prefix: Sequence[Message], asked: Sequence[Probe]) -> dict[str, ProbeScore]:
    """Ask the probes after `prefix`."""
    return {score.key: score async for score in engine.score(prefix, asked)}


async def test_a_conversation_of_several_turns_is_answered_in_words_and_kept(
    engine: LlamaEngine, tmp_path: Path
) -> None:
    """Without a control token, and without the next question of the interview that a base model goes on writing."""
    sampling = Sampling(temperature=0.7, max_tokens=80, seed=1)
    with Corpus.open(tmp_path / "corpus.db") as corpus:
        conversation = Conversation.start(corpus, engine, load_persona("democrat"), sampling=sampling)
        for question in QUESTIONS:
            events = [event async for event in conversation.send(question)]
            assert "".join(event.text for event in events if isinstance(event, ReplyText)).strip()
            assert isinstance(events[-1], ReplyEnded)
            assert events[-1].status == "complete"
        assert [row.role for row in conversation.path] == ["user", "assistant"] * 3
        for row in conversation.path[1::2]:
            assert row.text.strip()
            assert CONTROL.search(row.text) is None
            assert "Interviewer:" not in row.text


def test_control_tokens_would_be_seen() -> None:
    for text in ("<|im_end|>", "a <end_of_turn>", "<bos>a", "</s>"):
        assert CONTROL.search(text)


async def test_probes_have_exact_probabilities_that_repeat(engine: LlamaEngine) -> None:
    prefix = [Message("system", system_prompt(load_persona("democrat").persona))]
    asked = probes(4)
    # The first round decodes the prefix, the others find it in the cache: other batches, and other roundings.
    _, first, again = [await scored(engine, prefix, asked) for _ in range(3)]
    assert first.keys() == {probe.key for probe in asked}
    for key, score in first.items():
        assert score.label_mass is not None
        assert 0 < score.label_mass <= 1.0001
        assert all(label.lower == label.upper <= 0 and math.isfinite(label.lower) for label in score.labels)
        assert score.labels == again[key].labels


def test_a_whole_survey_ends_with_a_verdict_and_no_score(
    file: Path, name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.json"
    model = name if name == "smollm2" else str(file)
    assert main(["eval", "democrat", "--model", model, "--no-unsteered", "--no-cache", "--json", str(report)]) == 0
    out = capfd.readouterr().out
    document = json.loads(report.read_text())
    assert document["verdict"]["finding"] == "follows_letters"
    assert document["model"]["name"] == file.stem
    assert document["model"]["prompt_format"] == {"smollm2": "template", "gemma": "plain"}[name]
    assert len(document["questions"]) + len(document["failures"]) == 62
    assert "follows the letters" in out
    assert ("a base model: it continues text" in " ".join(out.split())) is (name == "gemma")
    rows = {line.split("  ")[0].strip(): line for line in out.splitlines()}
    for row in ("alignment", "total variation", "skill", "worth in people"):
        assert rows[row].endswith("not sound")
        assert not any(letter.isdigit() for letter in rows[row])


async def test_a_reply_that_is_interrupted_is_kept_as_far_as_it_came_and_the_talk_goes_on(
    engine: LlamaEngine, tmp_path: Path
) -> None:
    long = Sampling(temperature=0.0, max_tokens=400, seed=1)
    with Corpus.open(tmp_path / "corpus.db") as corpus:
        conversation = Conversation.start(corpus, engine, load_persona("democrat"), sampling=long)
        heard = ""
        async with aclosing(conversation.send("Tell me a long story about a town.")) as events:
            async for event in events:
                heard += event.text if isinstance(event, ReplyText) else ""
                if len(heard) > 20:
                    break
        await conversation.stop()
        (_, reply) = conversation.path
        assert reply.status == "interrupted"
        assert reply.text.startswith(heard)
        events_after = [event async for event in conversation.send("Stop. Say one word.")]
        assert isinstance(events_after[-1], ReplyEnded)
        assert [row.role for row in conversation.path] == ["user", "assistant"] * 2


async def talked(engine: LlamaEngine, asked: Sequence[Probe]) -> tuple[list[str], list[np.ndarray]]:
    """Talk, with the probes after every turn; return the replies, and the logits with which each of them ended."""
    messages = [Message("system", system_prompt(load_persona("democrat").persona)), *long_talk()]
    replies, logits = [], []
    for question in QUESTIONS:
        messages.append(Message("user", question))
        replies.append("".join([piece.text async for piece in engine.stream(messages, GREEDY)]))
        logits.append(await engine.call(lambda runtime: runtime.context.logits(runtime.memory.row).copy()))
        messages.append(Message("assistant", replies[-1]))
        if asked:
            assert len(await scored(engine, messages, asked)) == len(asked)
    return replies, logits


def long_talk() -> list[Message]:
    """A turn that alone is longer than Gemma's window."""
    return [Message("user", LONG_TALK * 14), Message("assistant", "I see. " + LONG_TALK * 14)]


async def test_a_long_conversation_is_the_same_bit_for_bit_with_and_without_probing(file: Path) -> None:
    found = []
    for asked in (probes(3), []):
        opened = await LlamaEngine.open(file, context_length=2048)
        try:
            found.append(await talked(opened, asked))
            held = await opened.call(lambda runtime: len(runtime.memory.conversation))
            assert held > WINDOW + 50
        finally:
            await opened.close()
    (probed, probed_logits), (plain, plain_logits) = found
    assert probed == plain
    assert all(map(np.array_equal, probed_logits, plain_logits))


MEASURE = """
import asyncio, resource, sys
from pathlib import Path
from chat_personas.engines.llama import LlamaEngine
from eval.engine import Message, Sampling

async def talk():
    engine = await LlamaEngine.open(Path(sys.argv[1]))
    async for _ in engine.stream([Message("user", "word " * 2000)], Sampling(max_tokens=8)):
        pass
    await engine.close()

asyncio.run(talk())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


def test_the_memory_that_models_discover_names_is_about_what_is_used(file: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", MEASURE, str(file)], capture_output=True, text=True, check=True)
    estimated = read_header(file).memory(file.stat().st_size)
    assert estimated == pytest.approx(int(ran.stdout), rel=0.2)
