"""The whole program on a real language model: SmolLM2-135M-Instruct, from the package that `make real` installs.

It is too small to have an opinion, and the program is to say so. Its words differ between machines, so tests look at
what holds on all of them.
"""

import json
import math
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from chat_personas.cli.main import main
from chat_personas.conversation.conversation import Conversation, ReplyEnded, ReplyText
from chat_personas.corpus import Corpus
from chat_personas.engines.llama import LlamaEngine
from chat_personas.models import INSTALL_SMOLLM2, smollm2_path
from chat_personas.models.gguf import read_header
from eval.engine import Message, Probe, ProbeScore, Sampling
from eval.expression.rendering import render
from eval.surveys.loading import load_survey
from personas import load_persona, system_prompt

FILE = smollm2_path()
pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(600),
    pytest.mark.skipif(FILE is None, reason=f"SmolLM2 is not installed: make real, or {INSTALL_SMOLLM2}"),
]
GREEDY = Sampling(temperature=0.0, max_tokens=24, seed=1)
QUESTIONS = ["Who are you?", "What do you think about taxes?", "And about schools?"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own."""
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
async def engine() -> AsyncIterator[LlamaEngine]:
    """The model, opened anew."""
    assert FILE is not None
    opened = await LlamaEngine.open(FILE, context_length=2048)
    yield opened
    await opened.close()


def probes(count: int) -> list[Probe]:
    """The first questions of the built-in survey, each in two orders, as `eval` asks them."""
    questions = load_survey("civic").survey.questions[:count]
    return [render(question, order).probe for question in questions for order in ("survey", "reversed")]


async def scored(engine: LlamaEngine, prefix: Sequence[Message], asked: Sequence[Probe]) -> dict[str, ProbeScore]:
    """Ask the probes after `prefix`."""
    return {score.key: score async for score in engine.score(prefix, asked)}


async def test_a_conversation_of_several_turns_is_answered_and_kept(engine: LlamaEngine, tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "corpus.db") as corpus:
        conversation = Conversation.start(corpus, engine, load_persona("democrat"), sampling=GREEDY)
        for question in QUESTIONS:
            events = [event async for event in conversation.send(question)]
            assert "".join(event.text for event in events if isinstance(event, ReplyText)).strip()
            assert isinstance(events[-1], ReplyEnded)
        assert [row.role for row in conversation.path] == ["user", "assistant"] * 3
        assert all(row.text.strip() for row in conversation.path)


async def test_probes_have_exact_probabilities_that_repeat(engine: LlamaEngine) -> None:
    prefix = [Message("system", system_prompt(load_persona("democrat").persona))]
    asked = probes(4)
    # The first round decodes the prefix, the others find it in the cache: other batches, and other roundings.
    _, first, again = [await scored(engine, prefix, asked) for _ in range(3)]
    assert first.keys() == {probe.key for probe in asked}
    for key, score in first.items():
        assert 0 < score.label_mass <= 1.0001
        assert all(label.lower == label.upper <= 0 and math.isfinite(label.lower) for label in score.labels)
        assert score.labels == again[key].labels


def test_a_whole_survey_ends_with_follows_the_letters_and_no_score(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.json"
    arguments = ["eval", "democrat", "--model", "smollm2", "--no-unsteered", "--no-cache", "--json", str(report)]
    assert main(arguments) == 0
    out = capfd.readouterr().out
    document = json.loads(report.read_text())
    assert document["verdict"]["finding"] == "follows_letters"
    assert document["model"]["name"] == "SmolLM2-135M-Instruct.Q4_1"
    assert len(document["questions"]) + len(document["failures"]) == 62
    assert "follows the letters" in out
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
                if len(heard) > 40:
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
    messages = [Message("system", system_prompt(load_persona("democrat").persona))]
    replies, logits = [], []
    for question in QUESTIONS:
        messages.append(Message("user", question))
        replies.append("".join([piece.text async for piece in engine.stream(messages, GREEDY)]))
        logits.append(await engine.call(lambda runtime: runtime.context.logits(runtime.memory.row).copy()))
        messages.append(Message("assistant", replies[-1]))
        if asked:
            assert len(await scored(engine, messages, asked)) == len(asked)
    return replies, logits


async def test_a_conversation_is_the_same_bit_for_bit_with_and_without_probing() -> None:
    assert FILE is not None
    found = []
    for asked in (probes(6), []):
        opened = await LlamaEngine.open(FILE, context_length=2048)
        try:
            found.append(await talked(opened, asked))
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


def test_the_memory_that_models_discover_names_is_about_what_is_used() -> None:
    assert FILE is not None
    ran = subprocess.run([sys.executable, "-c", MEASURE, str(FILE)], capture_output=True, text=True, check=True)
    estimated = read_header(FILE).memory(FILE.stat().st_size)
    assert estimated == pytest.approx(int(ran.stdout), rel=0.2)
