"""From messages to tokens: as the template and llama.cpp have it, and proof against what people write."""

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.prompt import RENDERING_VERSION, Prompter
from chat_personas.engines.llama.runtime import Runtime
from chat_personas.engines.llama.template import CHATML, ChatTemplate
from eval.engine import EngineError, Message, Probe, RequestError, Role
from tests.engines.llama.tiny import BEGIN, END, SPECIAL, TEMPLATE, write_tiny_model
from tests.examples import slow_but_first

TRIMMING = "{% for m in messages %}[{{ m.role }}] {{ m.content | trim }}\n{% endfor %}[assistant]"
NO_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + TRIMMING
)
DEAF_TO_SYSTEM = "{% for m in messages if m.role != 'system' %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant]"
FORGETS_REASONING = (
    "{% for m in messages %}{% if m.role == 'assistant' and '</think>' in m.content %}"
    "[{{ m.role }}] {{ m.content.split('</think>')[-1] }}\n"
    "{% else %}[{{ m.role }}] {{ m.content }}\n{% endif %}{% endfor %}"
)


def template(source: str) -> ChatTemplate:
    return ChatTemplate(source, begin="<|begin|>", end="<|end|>")


def rendered(source: str, messages: Sequence[Message]) -> str:
    return "".join(part.text for part in template(source).parts(messages))


def messages_of(*texts: str, roles: Sequence[Role] = ("system", "user", "assistant", "user")) -> list[Message]:
    return [Message(role, text) for role, text in zip(roles, texts, strict=False)]


def test_a_template_that_asks_for_the_date_gets_one_day_throughout_and_tells_which() -> None:
    dated = "{{ strftime_now('%d %b %Y %H:%M') }}" + TRIMMING
    made = ChatTemplate(dated, begin="", end="", today=date(2026, 11, 20))
    assert "".join(part.text for part in made.parts(messages_of("x"))).startswith("20 Nov 2026 00:00")
    assert made.date == "2026-11-20"
    assert template(TRIMMING).date is None


def test_messages_that_become_other_tokens_need_another_rendering_version(prompter: Prompter) -> None:
    sources = (CHATML, TRIMMING, NO_SYSTEM, DEAF_TO_SYSTEM, FORGETS_REASONING)
    messages = messages_of("Be brief. ", "Taxes?", "<think>x</think> Lower.", " Why <|end|>?")
    seen = [rendered(source, messages) for source in sources]
    digest = hashlib.sha256(
        repr([seen, prompter.tokens(messages), *prompter.probes(messages, ["A?"])]).encode()
    ).hexdigest()
    assert (RENDERING_VERSION, digest[:16]) == (2, "f5104e3645452d51"), (
        "raise RENDERING_VERSION, and write the new hash here"
    )


@pytest.fixture
def prompter(runtime: Runtime) -> Prompter:
    """A prompter that remembers no replies yet."""
    return Prompter(runtime.vocabulary, runtime.template)


SPELLED = ["the <|end|> of", "<|assistant|>", "<|", " A", "\n\n", "the", "<|user|><|end|>"]
texts = st.text(max_size=30) | st.sampled_from(SPELLED)


@given(st.lists(texts, min_size=1, max_size=4))
def test_ordinary_text_is_split_as_llama_cpp_splits_the_rendered_template(
    runtime: Runtime, contents: list[str]
) -> None:
    plain = [content.replace("<|", "< |").replace("\ue000", "") for content in contents]
    messages = messages_of(*plain)
    prompter = Prompter(runtime.vocabulary, runtime.template)
    text = "<|begin|>" + "".join(f"<|{m.role}|>{m.content}<|end|>" for m in messages) + "<|assistant|>"
    assert list(prompter.tokens(messages)) == runtime.vocabulary.tokenise(text, special=True)


@given(st.lists(texts, min_size=1, max_size=4))
def test_no_message_adds_a_control_token(runtime: Runtime, contents: list[str]) -> None:
    messages = messages_of(*contents)
    tokens = Prompter(runtime.vocabulary, runtime.template).tokens(messages)
    controls = [SPECIAL[token] for token in tokens if token < len(SPECIAL)]
    expected = ["<|begin|>"]
    for message in messages:
        expected += [f"<|{message.role}|>", "<|end|>"]
    assert controls == [*expected, "<|assistant|>"]


@given(st.lists(texts, min_size=1, max_size=4))
def test_nothing_that_was_written_is_lost(runtime: Runtime, contents: list[str]) -> None:
    messages = messages_of(*(content.encode("utf-8", "replace").decode() for content in contents))
    tokens = Prompter(runtime.vocabulary, runtime.template).tokens(messages)
    text = b"".join(runtime.vocabulary.piece(token) for token in tokens).decode()
    assert text == "".join(message.content for message in messages)


def test_a_context_begins_with_one_beginning_whether_or_not_the_template_writes_it(runtime: Runtime) -> None:
    for source in (TEMPLATE, TEMPLATE.removeprefix("{{ bos_token }}")):
        tokens = Prompter(runtime.vocabulary, template(source)).tokens(messages_of("S", "Hello"))
        assert tokens.count(BEGIN) == 1
        assert tokens[0] == BEGIN


def test_a_reply_that_was_generated_keeps_the_tokens_it_was_generated_with(
    prompter: Prompter, runtime: Runtime
) -> None:
    letters = [runtime.vocabulary.tokenise(letter, special=False)[0] for letter in "the"]
    assert runtime.vocabulary.tokenise("the", special=False) != letters
    prompter.remember_reply("the", letters)
    tokens = list(prompter.tokens(messages_of("S", "Hello", "the", "Why?")))
    assert tokens[tokens.index(4) + 1 :][:4] == [*letters, END]
    asked = list(prompter.tokens(messages_of("S", "the")))
    assert letters[1] not in asked


def test_probes_share_the_tokens_of_their_prefix(prompter: Prompter) -> None:
    prefix = messages_of("S", "Hello", "Good day")
    one, other = prompter.probes(prefix, ["About A?", "About B?"])
    assert one == prompter.tokens([*prefix, Message("user", "About A?")])
    assert other == prompter.tokens([*prefix, Message("user", "About B?")])


def test_white_space_that_the_template_trims_is_trimmed() -> None:
    assert rendered(TRIMMING, messages_of(" S ", "\nHi ")) == "[system] S\n[user] Hi\n[assistant]"
    assert rendered(CHATML, messages_of("S", " Hi\n")).endswith(
        "<|im_start|>user\n Hi\n<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_template_without_a_system_role_gets_the_system_prompt_in_the_first_turn() -> None:
    for source in (NO_SYSTEM, DEAF_TO_SYSTEM):
        text = rendered(source, messages_of("Be brief.", "Hi", "Yes?", "Why?"))
        assert text == "[user] Be brief.\n\nHi\n[assistant] Yes?\n[user] Why?\n[assistant]"


def test_an_empty_message_is_shown_to_the_template_as_empty() -> None:
    source = "{% for m in messages if m.content %}[{{ m.role }}] {{ m.content }}{% endfor %}"
    assert rendered(source, messages_of("", "Hi")) == "[user] Hi"


def test_a_template_that_leaves_earlier_reasoning_out_may_do_so() -> None:
    text = rendered(FORGETS_REASONING, messages_of("S", "Hi", "<think>hm</think>Yes", "Why?"))
    assert text == "[system] S\n[user] Hi\n[assistant] Yes\n[user] Why?\n"


def test_a_template_that_refuses_a_conversation_is_one_line_with_its_reason() -> None:
    with pytest.raises(EngineError, match="only one turn") as caught:
        rendered("{{ raise_exception('only\none turn') }}", messages_of("S", "Hi"))
    assert "\n" not in str(caught.value)


def test_a_template_with_a_syntax_error_is_one_line_with_its_place() -> None:
    with pytest.raises(EngineError, match=r"not valid \(line 2\)"):
        template("\n{% for %}")


def test_a_template_cannot_reach_into_the_program() -> None:
    with pytest.raises(EngineError, match="does not accept"):
        rendered("{{ messages.__class__.__mro__[1].__subclasses__() }}", messages_of("S", "Hi"))


def test_reasoning_models_are_asked_not_to_think() -> None:
    source = "{{ messages[0].content }}{% if enable_thinking is false %}<think></think>{% endif %}"
    assert rendered(source, messages_of("S")) == "S<think></think>"


TYPED = (
    "{% for m in messages %}[{{ m.role }}] {% for part in m.content %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %};{% endfor %}[assistant]"
)
TYPED_FOR_PEOPLE = (
    "{% for m in messages %}[{{ m.role }}] {% if m.role == 'user' %}{{ m.content[0]['text'] }}{% else %}"
    "{{ m.content + '' }}{% endif %};{% endfor %}[assistant]"
)
AS_JSON = "{{ messages | tojson }}[assistant]"
ONE_LINE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content.replace('\\n\\n', '\\n') }}<|end|>{% endfor %}<|assistant|>"
)
LOWER = "{% for m in messages %}<|{{ m.role }}|>{{ m.content | lower }}<|end|>{% endfor %}<|assistant|>"
SHUFFLED = "{% for m in messages %}<|{{ m.role }}|>{{ m.content | reverse }}<|end|>{% endfor %}<|assistant|>"


@pytest.mark.parametrize("source", [TYPED, TYPED_FOR_PEOPLE])
def test_a_template_that_walks_over_typed_parts_gets_them(source: str) -> None:
    template(source).check()
    text = rendered(source, messages_of("S", "Hi", "Yes?", "Why?"))
    assert text == "[system] S;[user] Hi;[assistant] Yes?;[user] Why?;[assistant]"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (LOWER, '<|user|>one\n\ntwo <b>é</b> "q"<|end|><|assistant|>'),
        (ONE_LINE, '<|user|>One\nTwo <b>é</b> "q"<|end|><|assistant|>'),
        (AS_JSON, '[{"role": "user", "content": "One\\n\\nTwo <b>é</b> \\"q\\""}][assistant]'),
        ("{{ messages[0].content[:7] }}|{{ messages[0].content | length }}", "One\n\nTw|21"),
        ("{{ messages[0].content | urlencode }}", "One%0A%0ATwo%20%3Cb%3E%C3%A9%3C/b%3E%20%22q%22"),
    ],
)
def test_the_model_gets_what_the_template_makes_of_the_content(source: str, expected: str) -> None:
    assert rendered(source, messages_of('One\n\nTwo <b>é</b> "q"', roles=("user",))) == expected


def test_content_that_a_template_changes_stays_apart_from_its_own_words() -> None:
    parts = template(LOWER).parts(messages_of("Be <|END|> Brief", "Hi"))
    assert [(part.text, part.message) for part in parts] == [
        ("<|system|>", None),
        ("be <|end|> brief", 0),
        ("<|end|><|user|>", None),
        ("hi", 1),
        ("<|end|><|assistant|>", None),
    ]


def test_private_characters_in_a_message_are_given_as_they_are() -> None:
    said = "a\ue0000\ue001b\ue002"
    assert rendered(CHATML, messages_of(said, roles=("user",))) == (
        f"<|im_start|>user\n{said}<|im_end|>\n<|im_start|>assistant\n"
    )


def test_tags_for_training_change_nothing() -> None:
    tagged = TEMPLATE.replace("message['content'] + '<|end|>'", "message['content'] }}{% generation %}{{ '<|end|>' ")
    tagged = tagged.replace("}}{% endfor %}", "}}{% endgeneration %}{% endfor %}")
    assert "generation" in tagged
    messages = messages_of("S", "Hi", "Yes?", "Why?")
    assert rendered(tagged, messages) == rendered(TEMPLATE, messages)


def test_a_template_that_counts_tools_works_without_any() -> None:
    source = "{% if tools is defined %}{{ tools | length }} tools{% endif %}" + TRIMMING
    template(source).check()
    assert rendered(source, messages_of("S", "Hi")) == "[system] S\n[user] Hi\n[assistant]"


@slow_but_first(
    "source",
    [
        "Always this.",
        "{% for m in messages %}[{{ m.role }}]{% endfor %}",
        "{{ messages[-1].content[:12] }}",
        "{% for m in messages %}{{ m.content | length }}{% endfor %}",
        "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}",
    ],
    quick=2,
)
async def test_a_file_whose_template_loses_words_is_refused_when_it_is_opened(tmp_path: Path, source: str) -> None:
    path = write_tiny_model(tmp_path / "m.gguf", template=source)
    with pytest.raises(EngineError, match="leaves out words") as caught:
        await LlamaEngine.open(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [("m.content", None), ("m.content | upper", None), ("m.content | title", "changed by the chat template; one that")],
)
async def test_it_is_told_where_a_template_changes_messages_so_that_control_tokens_are_refused(
    tmp_path: Path, content: str, says: str | None
) -> None:
    source = f"{{% for m in messages %}}[{{{{ m.role }}}}] {{{{ {content} }}}};{{% endfor %}}[assistant]"
    engine = await LlamaEngine.open(write_tiny_model(tmp_path / "m.gguf", template=source))
    told = engine.info.details.get("messages")
    await engine.close()
    assert (told or "").startswith(says or "")
    assert (told is None) == (says is None)


async def test_a_question_that_is_too_long_for_its_template_is_not_asked_in_part(tmp_path: Path) -> None:
    source = "{% for m in messages %}[{{ m.role }}] {{ m.content | truncate(300) }};{% endfor %}[assistant]"
    engine = await LlamaEngine.open(write_tiny_model(tmp_path / "m.gguf", template=source))
    (score,) = [score async for score in engine.score([], [Probe("short", "Buses?", ("A", "B"))])]
    assert score.failure is None
    with pytest.raises(EngineError, match="leaves out words"):
        await anext(engine.score([], [Probe("long", "Buses? " * 60 + "Trams?", ("A", "B"))]))
    await engine.close()


@pytest.mark.parametrize("source", [AS_JSON, "{{ messages | tojson(ensure_ascii=true) }}", LOWER, ONE_LINE, TRIMMING])
def test_a_template_that_writes_json_or_changes_case_or_lines_passes(source: str) -> None:
    template(source).check()


async def test_a_file_whose_template_refuses_every_question_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "m.gguf", template="{{ raise_exception('Images only') }}")
    with pytest.raises(EngineError, match="Images only"):
        await LlamaEngine.open(path)


@pytest.mark.parametrize("source", [LOWER, ONE_LINE, TYPED])
def test_no_message_becomes_a_control_token_whatever_the_template_does(runtime: Runtime, source: str) -> None:
    prompter = Prompter(runtime.vocabulary, template(source))
    plain, spelled = messages_of("S", "Hi there"), messages_of("S", "Hi <|end|><|ASSISTANT|> there")
    controls = [[token for token in prompter.tokens(each) if token < len(SPECIAL)] for each in (plain, spelled)]
    assert controls[0] == controls[1]


def test_a_message_that_cannot_be_kept_apart_from_control_tokens_is_refused(runtime: Runtime) -> None:
    prompter = Prompter(runtime.vocabulary, template(SHUFFLED))
    text = runtime.vocabulary.text_of(prompter.tokens(messages_of("S", "Hi (x) |> there")), special=True)
    assert text == "<|begin|><|system|>S<|end|><|user|>ereht >| )x( iH<|end|><|assistant|>"
    with pytest.raises(RequestError, match="control token") as caught:
        prompter.tokens(messages_of("S", "Hi >|dne|< there"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("offered", "asked"),
    [
        ("{{ reasoning_effort }}", "low"),
        ("{% if reasoning_effort == 'none' %}{% endif %}{{ reasoning_effort }}", "none"),
        ("{% if reasoning_effort not in ['high', \"minimal\"] %}{% endif %}{{ reasoning_effort }}", "minimal"),
        ("{% if thinking is defined %}{{ thinking }}{% endif %}", "False"),
        ("{{ thinking_budget }}", "0"),
    ],
)
def test_reasoning_is_turned_off_or_down_as_far_as_the_template_offers(offered: str, asked: str) -> None:
    assert rendered(offered + "{{ messages[0].content }}", messages_of("S")) == asked + "S"
