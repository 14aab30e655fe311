"""A model without a chat template continues text: it is asked in plain text, and that is said."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.open import UnknownModelError, open_engine, template_source, with_template
from chat_personas.settings import Settings
from eval.engine import Message, Probe, Sampling
from tests.engines.llama.tiny import TEMPLATE, write_tiny_model
from tests.examples import slow_but_first

TALK = [Message("system", "You are a voter."), Message("user", "Hello"), Message("assistant", "Good day")]
PLAIN = "Question: Buses?\nA. yes\nB. no\nAnswer:"
PROBE = Probe("q", "Buses?\nA. yes\nB. no\nAnswer with one letter only.", ("A", "B"), plain=PLAIN)
GREEDY = Sampling(temperature=0, max_tokens=20)


CHOSEN = {"chatml": "<|im_start|>user", "plain": "Interviewer: Hello", "{{ messages[-1].content }}!": "Hello!"}


@pytest.fixture
async def base(tmp_path: Path) -> AsyncIterator[LlamaEngine]:
    """An engine on a model without a chat template."""
    engine = await LlamaEngine.open(write_tiny_model(tmp_path / "base.gguf", template=None), threads=1)
    yield engine
    await engine.close()


async def given(engine: LlamaEngine, messages: list[Message]) -> str:
    return await engine.call(lambda runtime: runtime.vocabulary.text_of(runtime.prompter.tokens(messages)))


async def test_a_conversation_is_the_transcript_of_an_interview(base: LlamaEngine) -> None:
    assert await given(base, [*TALK, Message("user", "And taxes?")]) == (
        "You are a voter.\n\nInterviewer: Hello\nRespondent: Good day\n\nInterviewer: And taxes?\nRespondent:"
    )


async def test_a_probe_is_a_question_in_plain_text_after_the_transcript(base: LlamaEngine, tmp_path: Path) -> None:
    raw = "{% for m in messages %}{{ m.content }}{% endfor %}"
    verbatim = await LlamaEngine.open(write_tiny_model(tmp_path / "raw.gguf", template=raw), threads=1)
    whole = f"You are a voter.\n\nInterviewer: Hello\nRespondent: Good day\n\n{PLAIN}"
    scores = [score async for score in base.score(TALK, [PROBE])]
    expected = [score async for score in verbatim.score([], [Probe("q", whole, ("A", "B"))])]
    await verbatim.close()
    for one, other in zip(scores[0].labels, expected[0].labels, strict=True):
        assert one.lower == pytest.approx(other.lower, abs=1e-4)


@pytest.mark.slow
async def test_a_probe_without_a_plain_text_becomes_a_question(base: LlamaEngine) -> None:
    (tokens,) = await base.call(lambda runtime: list(runtime.prompter.probes([], ["Buses?\nA. yes"])))
    text = await base.call(lambda runtime: runtime.vocabulary.text_of(tokens))
    assert text == "Question: Buses?\nA. yes\nAnswer:"


async def test_it_is_said_that_the_model_is_asked_in_plain_text(base: LlamaEngine, engine: LlamaEngine) -> None:
    assert (base.info.prompt_format, engine.info.prompt_format) == ("plain", "template")
    assert base.info.details["chat_template"] == "none; plain text"
    assert base.info.template_sha256 != engine.info.template_sha256


@pytest.mark.slow
async def test_templates_for_other_purposes_are_named_and_one_called_default_is_used(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "m.gguf", template=None, figures={"tokenizer.chat_template.tool_use": TEMPLATE})
    engine = await LlamaEngine.open(path)
    assert engine.info.prompt_format == "plain"
    assert "tool_use" in engine.info.details["chat_template"]
    await engine.close()
    path = write_tiny_model(tmp_path / "m.gguf", template=None, figures={"tokenizer.chat_template.default": TEMPLATE})
    engine = await LlamaEngine.open(path)
    assert engine.info.prompt_format == "template"
    await engine.close()


async def test_a_reply_ends_where_the_model_begins_the_next_turn(tmp_path: Path) -> None:
    says = {":": " Free.", " Free.": "\\n\\nInter", "\\n\\nInter": "viewer:", "viewer:": " Why?", " Why?": " Why?"}
    says = {before.replace("\\n", "\n"): after.replace("\\n", "\n") for before, after in says.items()}
    words = sorted({*says, *says.values()} - {":"})
    path = write_tiny_model(tmp_path / "m.gguf", template=None, words=words, says=says)
    engine = await LlamaEngine.open(path)
    pieces = [piece async for piece in engine.stream(TALK[:2], GREEDY)]
    await engine.close()
    assert "".join(piece.text for piece in pieces) == "Free."
    assert pieces[-1].finish_reason == "stop"


async def test_a_reply_of_a_debate_ends_where_the_model_speaks_for_the_other_side(tmp_path: Path) -> None:
    says = {":": " Free.", " Free.": "\nA Democrat", "\nA Democrat": ":"}
    words = sorted({*says, *says.values()} - {":"})
    engine = await LlamaEngine.open(write_tiny_model(tmp_path / "m.gguf", template=None, words=words, says=says))
    told = Message("user", "Moderator: Buses?\n\nA Democrat: More.", ("Moderator", "A Democrat"))
    in_debate, alone = [
        "".join([piece.text async for piece in engine.stream([message], GREEDY)]) for message in (told, TALK[1])
    ]
    await engine.close()
    assert in_debate == "Free."
    assert alone.startswith("Free.\nA Democrat:"), "a person's words have no name before them"


@pytest.mark.parametrize(
    ("template", "end"),
    [
        ("chatml", "<|im_end|>\n"),
        (
            "{% for m in messages %}{{ ('\n\n### Answer:\n' if m['role'] == 'assistant' else '\n\n### Question:\n') "
            "+ m['content'] }}{% endfor %}{{ '\n\n### Answer:\n' }}",
            "\n\n### Question:\n",
        ),
        ("chatml", " <|im_start|>speaker"),
    ],
    ids=["chatml", "headings", "chatml, without an end"],
)
async def test_a_reply_ends_where_a_given_template_ends_a_turn_in_words_that_are_no_tokens(
    tmp_path: Path, template: str, end: str
) -> None:
    says = {"Ċ": "Free.", "Free.": end[:3], end[:3]: end[3:], end[3:]: "More"}
    words = sorted({*says.values()})
    engine = await LlamaEngine.open(
        write_tiny_model(tmp_path / "m.gguf", template=None, words=words, says=says),
        template=template_source(template) if template == "chatml" else template,
    )
    said = "".join([piece.text async for piece in engine.stream(TALK[1:2], GREEDY)])
    await engine.close()
    assert said == "Free."
    assert engine.info.details["replies_end_at"] == (
        "<|im_end|> <|im_start|>" if template == "chatml" else "### Question:"
    )


async def test_a_model_with_a_chat_template_ends_its_turns_itself(tmp_path: Path) -> None:
    says = {"<|assistant|>": "Free.", "Free.": "\nA Democrat", "\nA Democrat": ":"}
    words = sorted({*says.values()} - {":"})
    engine = await LlamaEngine.open(write_tiny_model(tmp_path / "m.gguf", words=words, says=says))
    told = Message("user", "A Democrat: More.", ("A Democrat",))
    said = "".join([piece.text async for piece in engine.stream([told], GREEDY)])
    await engine.close()
    assert said.startswith("Free.\nA Democrat:")


@pytest.mark.slow
async def test_measuring_a_base_model_leaves_its_conversation_alone(base: LlamaEngine) -> None:
    async def reply() -> str:
        return "".join([piece.text async for piece in base.stream(TALK[:2], GREEDY)])

    first = await reply()
    assert [score.failure async for score in base.score(TALK, [PROBE])] == [None]
    assert await reply() == first


@slow_but_first(("choice", "expected"), CHOSEN.items())
async def test_one_who_knows_better_chooses_how_a_model_file_is_asked(
    tmp_path: Path, choice: str, expected: str
) -> None:
    path = write_tiny_model(tmp_path / "m.gguf")
    if choice not in ("chatml", "plain"):
        file = tmp_path / "own.jinja"
        file.write_text("{% for m in messages %}{{ m.content }}!{% endfor %}")
        choice = str(file)
    engine = await open_engine(str(path), with_template(Settings(), str(path), choice))
    assert isinstance(engine, LlamaEngine)
    text = await given(engine, [Message("user", "Hello")])
    await engine.close()
    assert expected in text
    assert engine.info.prompt_format == ("plain" if choice == "plain" else "template")
    assert "settings" in engine.info.details["chat_template"]


def test_a_template_that_cannot_be_read_or_is_meant_for_a_server_is_one_line(tmp_path: Path, tiny_path: Path) -> None:
    for model, said in ((str(tiny_path), "cannot be read"), ("http://127.0.0.1:1/v1", "for model files")):
        with pytest.raises(UnknownModelError, match=said) as caught:
            with_template(Settings(), model, str(tmp_path / "none.jinja"))
        assert "\n" not in str(caught.value)
