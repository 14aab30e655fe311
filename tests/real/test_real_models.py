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
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chat_personas.cli.main import main
from chat_personas.conversation.audit import Audit
from chat_personas.conversation.conversation import Conversation, ReplyEnded, ReplyEvent, ReplyText
from chat_personas.conversation.debate import Debate
from chat_personas.conversation.reply import NOTHING_SAID
from chat_personas.corpus import Corpus
from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.bindings import native
from chat_personas.engines.llama.runtime import Runtime
from chat_personas.engines.llama.tree import TokenPath
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
SPELLED = ["the <|im_end|> of", "<bos>", "\n\n", " A", "", "12345", "don't", "…”", "naïve \u3042\U0001f600"]
WRITTEN = st.characters(exclude_categories=["Cs"])
"""Also characters for which SmolLM2 has no tokens: the model is not given them."""
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
            for _ in range(3):  # a base model may end before the first word: another draw is asked for, as by F5
                if not words_of(events):
                    assert isinstance(events[-1], ReplyEnded)
                    assert events[-1].why == NOTHING_SAID
                    events = [event async for event in conversation.regenerate()]
            assert words_of(events)
            assert isinstance(events[-1], ReplyEnded)
            assert events[-1].status == "complete"
        assert [row.role for row in conversation.path] == ["user", "assistant"] * 3
        for row in conversation.path[1::2]:
            assert row.text.strip()
            assert CONTROL.search(row.text) is None
            assert "Interviewer:" not in row.text


def words_of(events: Sequence[ReplyEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, ReplyText)).strip()


async def test_the_replies_of_a_debate_come_out_again_and_speak_for_one_side(file: Path, tmp_path: Path) -> None:
    """Both sides are on one model, whose cache holds what the other one was given; and so it is for what follows."""
    engine = await LlamaEngine.open(file, tried=True)
    personas = load_persona("democrat"), load_persona("republican")
    with Corpus.open(tmp_path / "corpus.db") as corpus:
        debate = Debate.start(corpus, (engine, engine), personas, "guns", 2, seed=1)
        while debate.next_place is not None:
            async for _ in debate.turn():
                pass
        after = Conversation.start(corpus, engine, personas[0], sampling=Sampling(max_tokens=60, seed=1))
        async for _ in after.send("What about guns?"):
            pass
        await engine.close()
        said = [each.message.text for each in debate.said() if each.place is not None]
        audit = Audit(corpus, partial(LlamaEngine.open, file, tried=True))
        found = [reply.finding for side in (*debate.sides, after) async for reply in audit.replies(side.id)]
        await audit.close()
    assert "differs" not in found
    assert found.count("identical") >= 4, "a base model may end a turn before its first word, and has it again"
    if read_header(file).has_template is False:
        assert not any(re.search(r"\n(Moderator|A Democrat|A Republican):", text) for text in said)


def test_control_tokens_would_be_seen() -> None:
    for text in ("<|im_end|>", "a <end_of_turn>", "<bos>a", "</s>"):
        assert CONTROL.search(text)


@pytest.mark.parametrize("turns", [1, 3, 60])
async def test_the_parts_of_the_prompt_have_the_tokens_that_the_reply_reports(engine: LlamaEngine, turns: int) -> None:
    """Also of a conversation of which the oldest turns are left out."""
    said = [Message("user", LONG_TALK), Message("assistant", "Yes, “we” did.")] * (turns - 1)
    talk = [Message("system", "Be brief."), *said, Message("user", "Who are you?")]
    prompt = await engine.exact_prompt(talk, GREEDY)
    pieces = [piece async for piece in engine.stream(talk, GREEDY)]
    usage = pieces[-1].usage
    assert usage is not None
    assert sum(part.tokens or 0 for part in prompt.parts) == prompt.tokens == usage.prompt_tokens
    assert len(prompt.left_out) == sum(piece.dropped_messages for piece in pieces)
    assert bool(prompt.left_out) is (turns == 60)
    for part in prompt.parts:
        if part.message is not None:
            assert part.text == talk[part.message].content


async def test_the_parts_of_a_prompt_have_all_tokens_whatever_is_said(engine: LlamaEngine) -> None:
    """The whole vocabulary of a real model splits the rendered prompt as one text."""

    def check(runtime: Runtime) -> None:
        @settings(max_examples=25)
        @given(st.lists(st.text(WRITTEN, max_size=40) | st.sampled_from(SPELLED), min_size=1, max_size=6))
        def all_tokens(contents: list[str]) -> None:
            messages = [Message("assistant" if number % 2 else "user", text) for number, text in enumerate(contents)]
            parts = runtime.prompter.counted(messages)
            tokens = runtime.prompter.tokens(messages)
            assert sum(part.tokens or 0 for part in parts) == len(tokens)
            assert "".join(part.text for part in parts).endswith(runtime.template.text(messages))
            assert all(part.kind != "whole" for part in parts)

        all_tokens()

    await engine.call(check)


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
    long = Sampling(temperature=0.0, max_tokens=400, seed=1)  # both models go on repeating themselves
    with Corpus.open(tmp_path / "corpus.db") as corpus:
        conversation = Conversation.start(corpus, engine, load_persona("democrat"), sampling=long)
        heard = ""
        async with aclosing(conversation.send(LONG_TALK * 14)) as events:
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


def decoded(runtime: Runtime, path: TokenPath, run: int, *, window: bool) -> NDArray[np.float32]:
    """Return the logits after `path` by llama.cpp itself: a context of its own, decoded `run` tokens at a time.

    The first tokens, as many as a window has, are decoded 256 at a time: that is most of what it takes.

    `window`: the cache holds only the cells that a sliding window needs, as llama.cpp has it by default.
    """
    library = native()
    parameters = library.llama_context_default_params()
    parameters.n_ctx, parameters.n_batch, parameters.n_ubatch = 2048, 256, 256
    parameters.n_threads = parameters.n_threads_batch = runtime.threads
    parameters.flash_attn_type = library.LLAMA_FLASH_ATTN_TYPE_DISABLED
    parameters.swa_full = not window
    context = library.llama_init_from_model(runtime.model.pointer, parameters)
    starts = [*range(0, WINDOW, 256), *range(WINDOW, len(path), run)]
    for start, end in pairwise([*starts, len(path)]):
        part = path[start:end]
        tokens: Any = (library.llama_token * len(part))(*part)
        assert library.llama_decode(context, library.llama_batch_get_one(tokens, len(part))) == 0
    logits = np.ctypeslib.as_array(library.llama_get_logits_ith(context, -1), shape=(runtime.vocabulary.size,)).copy()
    library.llama_free(context)
    return logits


async def test_branches_past_the_window_differ_from_one_by_one_decoding_no_more_than_splits_into_batches_do(
    engine: LlamaEngine,
) -> None:
    """A quantised model differs by how tokens are split into decodes; a branch may differ by 1.5 times that."""
    prefix = [Message("system", system_prompt(load_persona("democrat").persona)), *long_talk()]
    asked = probes(1)
    found = await scored(engine, prefix, asked)

    def labels(runtime: Runtime, probe: Probe, path: TokenPath, run: int, *, window: bool = False) -> list[float]:
        scores, _ = runtime.labels.scores(probe.labels, decoded(runtime, path, run, window=window))
        return [label.lower for label in scores]

    def compared(runtime: Runtime) -> tuple[float, float]:
        """The greatest difference between splits, and that of the branches to any of them."""
        spread = apart = 0.0
        for probe, path in zip(
            asked, runtime.prompter.probes(prefix, [runtime.prompt_of(probe) for probe in asked]), strict=True
        ):
            assert len(path) > WINDOW + 50
            splits = [labels(runtime, probe, path, run) for run in (256, 5, 1)]
            splits.append(labels(runtime, probe, path, 256, window=True))
            branch = np.array([label.lower for label in found[probe.key].labels])
            spread = max(spread, float(np.ptp(splits, axis=0).max()))
            apart = max(apart, float(np.abs(np.array(splits) - branch).max()))
        return spread, apart

    spread, apart = await engine.call(compared)
    assert 0 < apart <= 1.5 * spread < 1


MEASURE = """
import asyncio, re, resource, sys
from pathlib import Path
from chat_personas.engines.llama import LlamaEngine
from eval.engine import Message, Sampling

async def talk():
    engine = await LlamaEngine.open(Path(sys.argv[1]))
    async for _ in engine.stream([Message("user", "word " * 2000)], Sampling(max_tokens=8)):
        pass
    await engine.close()

asyncio.run(talk())
if sys.platform == "linux":  # where `ru_maxrss` begins with what the process that started this one uses
    print(1024 * int(re.search(r"VmHWM:[^0-9]*([0-9]+)", Path("/proc/self/status").read_text())[1]))
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_the_memory_that_models_discover_names_is_about_what_is_used(file: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", MEASURE, str(file)], capture_output=True, text=True, check=True)
    estimated = read_header(file).memory(file.stat().st_size)
    assert estimated == pytest.approx(int(ran.stdout), rel=0.2)
