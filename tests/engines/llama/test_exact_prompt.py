"""What is shown of a prompt is what the model is given: every part, every token, and what was left out."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.exact_prompt import ExactProbe, LeftOut, PromptPart, in_common
from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.prompt import Prompter
from chat_personas.engines.llama.runtime import Runtime
from chat_personas.engines.llama.template import CHATML, TRANSCRIPT, ChatTemplate
from chat_personas.models import pocket_path
from eval.engine import EngineError, Message, Piece, Probe, Role, Sampling, TooLongError
from eval.expression.rendering import render
from eval.surveys.loading import load_survey
from tests.engines.llama.tiny import write_tiny_model

SHORT = Sampling(temperature=0, max_tokens=4)
TALK = [
    Message("system", "You are a voter."),
    Message("user", "Hello"),
    Message("assistant", "the people"),
    Message("user", "Why?"),
]
TRIMMING = "{% for m in messages %}[{{ m.role }}] {{ m.content | trim }}\n{% endfor %}[assistant]"


@pytest.fixture
async def pocket() -> AsyncIterator[LlamaEngine]:
    """The built-in model."""
    engine = await LlamaEngine.open(pocket_path(), tried=True)
    yield engine
    await engine.close()


async def last_piece(engine: LlamaEngine, messages: Sequence[Message]) -> tuple[int | None, int]:
    """Let the engine reply; return how many tokens it says that the prompt had, and how many messages it left out."""
    pieces: list[Piece] = []
    async with aclosing(engine.stream(messages, SHORT)) as stream:
        pieces = [piece async for piece in stream]
    assert pieces[-1].usage is not None
    return pieces[-1].usage.prompt_tokens, sum(piece.dropped_messages for piece in pieces)


def counted(runtime: Runtime, source: str, messages: Sequence[Message]) -> list[PromptPart]:
    template = ChatTemplate(source, begin="<|begin|>", end="<|end|>")
    prompter = Prompter(runtime.vocabulary, template)
    parts = prompter.counted(messages)
    assert sum(part.tokens or 0 for part in parts) == len(prompter.tokens(messages))
    assert "".join(part.text for part in parts).removeprefix("<|begin|>") == template.text(messages)
    return parts


async def test_every_part_has_its_own_tokens(engine: LlamaEngine) -> None:
    """The tiny model has a token for each letter, and for a few words one each."""
    prompt = await engine.exact_prompt(TALK, SHORT)
    assert prompt.parts == (
        PromptPart("template", "<|begin|><|system|>", None, 2),
        PromptPart("message", "You are a voter.", 0, 16),
        PromptPart("template", "<|end|><|user|>", None, 2),
        PromptPart("message", "Hello", 1, 5),
        PromptPart("template", "<|end|><|assistant|>", None, 2),
        PromptPart("message", "the people", 2, 3),
        PromptPart("template", "<|end|><|user|>", None, 2),
        PromptPart("message", "Why?", 3, 4),
        PromptPart("template", "<|end|>", None, 1),
        PromptPart("opening", "<|assistant|>", None, 1),
    )
    assert (prompt.tokens, prompt.context_length, prompt.reserved, prompt.left_out) == (38, 512, 4, ())


async def test_the_count_is_that_of_the_reply(engine: LlamaEngine) -> None:
    prompt = await engine.exact_prompt(TALK, SHORT)
    assert (prompt.tokens, 0) == await last_piece(engine, TALK)


@pytest.mark.parametrize("turns", [1, 40])
async def test_the_built_in_model_is_given_what_is_shown_also_where_the_oldest_turns_are_left_out(
    pocket: LlamaEngine, turns: int
) -> None:
    said = f"What about the {'schools and the taxes and the ' * 10}roads?"
    talk = [Message("system", "Be brief."), *[Message("user", said), Message("assistant", "Yes.")] * (turns - 1)]
    talk.append(Message("user", said))
    prompt = await pocket.exact_prompt(talk, SHORT)
    assert sum(part.tokens or 0 for part in prompt.parts) == prompt.tokens
    assert (prompt.tokens, len(prompt.left_out)) == await last_piece(pocket, talk)
    assert bool(prompt.left_out) is (turns > 1)
    shown = [part.message for part in prompt.parts if part.message is not None]
    gone = [each.message for each in prompt.left_out]
    assert gone == list(range(1, 1 + len(gone)))
    assert shown == [0, *range(1 + len(gone), len(talk))]
    assert [talk[part.message].content for part in prompt.parts if part.message is not None] == [
        part.text for part in prompt.parts if part.message is not None
    ]


async def test_what_is_left_out_has_the_tokens_by_which_it_was_left_out(engine: LlamaEngine) -> None:
    """150, 8 and 300 letters are more than the 508 that are left by the reply, and so are 8 and 300 and the last."""
    talk = [
        Message("user", "a" * 150),
        Message("assistant", "b" * 8),
        Message("user", "c" * 300),
        Message("assistant", "d"),
        Message("user", "e" * 100),
    ]
    prompt = await engine.exact_prompt(talk, SHORT)
    assert prompt.left_out == (LeftOut(0, 150), LeftOut(1, 8))
    assert [part.message for part in prompt.parts if part.message is not None] == [2, 3, 4]


async def test_a_message_that_does_not_fit_is_refused_as_by_the_reply(engine: LlamaEngine) -> None:
    with pytest.raises(TooLongError, match="the last message has 2,004 tokens"):
        await engine.exact_prompt([Message("user", "x" * 2000)], SHORT)


async def test_a_closed_model_shows_no_prompt(tiny_path: Path) -> None:
    engine = await LlamaEngine.open(tiny_path, threads=1)
    await engine.close()
    with pytest.raises(EngineError, match="closed"):
        await engine.exact_prompt(TALK, SHORT)


def test_a_token_across_a_border_is_the_messages(runtime: Runtime) -> None:
    """`the` is one token, of which the template writes two letters here; they are one token elsewhere."""
    source = "{% for m in messages %}th{{ m.content }}.{% endfor %}"
    parts = counted(runtime, source, [Message("user", "e"), Message("user", "x")])
    assert parts == [
        PromptPart("template", "<|begin|>", None, 1),
        PromptPart("template", "th", None, 0),
        PromptPart("message", "e", 0, 1),
        PromptPart("template", ".th", None, 2),
        PromptPart("message", "x", 1, 1),
        PromptPart("opening", ".", None, 1),
    ]


def test_where_the_template_changes_what_was_said_the_prompt_is_one_part(runtime: Runtime) -> None:
    source = "{% set ns = namespace(t='') %}{% for m in messages %}{% set ns.t = ns.t ~ m.content ~ ';' %}{% endfor %}"
    (part,) = counted(runtime, source + "{{ ns.t | length }}:{{ ns.t }}", [Message("user", "abc")])[-1:]
    assert (part.kind, part.message, part.text, part.tokens) == ("whole", None, "4:abc;", 7)


def test_a_reply_that_was_generated_has_the_tokens_it_was_generated_with(runtime: Runtime) -> None:
    prompter = Prompter(runtime.vocabulary, runtime.template)
    prompter.remember_reply("the people", [token for letter in "the people" for token in letters(runtime, letter)])
    counts = {part.message: part.tokens for part in prompter.counted(TALK)}
    assert counts[2] == 10


def letters(runtime: Runtime, letter: str) -> list[int]:
    return runtime.vocabulary.tokenise(letter, special=False)


SPELLED = ["the <|end|> of", "<|assistant|>", "<|", " A", "\n\n", "the", "", " ", "é\u3042", "th"]
contents = st.lists(st.text(max_size=30) | st.sampled_from(SPELLED), min_size=1, max_size=4)


@given(contents, st.sampled_from([CHATML, TRANSCRIPT, TRIMMING]))
def test_the_parts_have_all_tokens_and_all_of_the_text(runtime: Runtime, said: list[str], source: str) -> None:
    roles: tuple[Role, ...] = ("system", "user", "assistant", "user")
    messages = [
        Message(role, text.encode("utf-8", "replace").decode()) for role, text in zip(roles, said, strict=False)
    ]
    parts = counted(runtime, source, messages)
    for part in parts:
        if part.message is not None:
            assert messages[part.message].content.strip() == part.text.strip()


# Probes


async def test_a_probe_is_shown_with_the_tokens_that_it_costs(engine: LlamaEngine) -> None:
    questions = load_survey("civic").survey.questions[:2]
    probes = [render(question, order).probe for question in questions for order in ("survey", "reversed")]
    shown = await engine.exact_probes(TALK[:3], probes)
    assert [each.key for each in shown] == [probe.key for probe in probes]
    scores = {score.key: score async for score in engine.score(TALK[:3], probes)}
    for probe, each in zip(probes, shown, strict=True):
        assert each.tokens is not None
        assert len(each.tokens) == scores[probe.key].tokens_decoded + scores[probe.key].tokens_reused
        assert each.text() == (
            "<|begin|><|system|>You are a voter.<|end|><|user|>Hello<|end|><|assistant|>the people<|end|><|user|>"
            f"{probe.prompt}<|end|><|assistant|>"
        )
        assert [(label.label, [text for _, text in label.tokens]) for label in each.labels] == [
            (label, [label, f" {label}"]) for label in probe.labels
        ]
    same = in_common(shown)
    assert shown[0].text(0, same).startswith("<|begin|><|system|>You are a voter.")
    assert all(each.tokens is not None and each.tokens[:same] == (shown[0].tokens or ())[:same] for each in shown)
    assert len({(each.tokens or ())[same] for each in shown}) > 1, "and not one more"


async def test_a_probe_shows_how_much_of_a_long_conversation_was_left_out(engine: LlamaEngine) -> None:
    talk = [Message("user", "a" * 150), Message("assistant", "b" * 150), Message("user", "c" * 90)]
    probe = Probe("q", "?" * 200, ("A", "B"))
    (shown,) = await engine.exact_probes(talk, [probe])
    (score,) = [score async for score in engine.score(talk, [probe])]
    assert (shown.left_out, score.dropped_messages) == (2, 2)
    assert shown.messages == tuple(talk[2:])


async def test_a_probe_that_cannot_be_asked_is_not_shown(engine: LlamaEngine) -> None:
    assert await engine.exact_probes(TALK, [Probe("q", "Buses?", ("no token",))]) == []


async def test_a_base_model_is_asked_in_plain_text(tmp_path: Path) -> None:
    base = await LlamaEngine.open(write_tiny_model(tmp_path / "base.gguf", template=None), threads=1)
    probe = Probe("q", "Buses?", ("A",), plain="Question: Buses?\nAnswer:")
    (shown,) = await base.exact_probes(TALK[:2], [probe])
    prompt = await base.exact_prompt(TALK[:2], SHORT)
    await base.close()
    assert shown.text().endswith("Interviewer: Hello\nQuestion: Buses?\nAnswer:")
    assert prompt.parts[-1] == PromptPart("opening", "\nRespondent:", None, 12)


@given(st.lists(st.lists(st.integers(0, 2), max_size=5), min_size=1, max_size=5))
def test_what_prompts_have_in_common_is_their_longest_equal_beginning(tokens: list[list[int]]) -> None:
    shown = [ExactProbe("q", "", (), tuple(each)) for each in tokens]
    expected = 0
    while len({tuple(each[: expected + 1]) for each in tokens}) == 1 and len(tokens[0]) > expected:
        expected += 1
    assert in_common(shown) == expected
