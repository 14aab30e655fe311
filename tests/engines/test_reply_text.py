"""What is a model's reply: neither its thoughts, nor the names of its channels, nor what comes after its turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.reply_text import ReplyText, Said, is_marker, opens_thought, parted

REASONED = [
    ("<think>a b</think>\n\nFree.", "Free.", "a b"),
    ("\n<think>a</think>Free.", "Free.", "a"),
    ("<thinking>a</thinking>Free.", "Free.", "a"),
    ("<thought>\na\n</thought>\nFree.", "Free.", "\na\n"),
    ("<seed:think>a</seed:think>Free.", "Free.", "a"),
    ("[THINK]a[/THINK]Free.", "Free.", "a"),
    ("◁think▷a◁/think▷Free.", "Free.", "a"),
    ("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>Free.<|END_RESPONSE|>", "Free.", "a"),
    ("<|begin_of_thought|>a<|end_of_thought|>Free.", "Free.", "a"),
    ("<think>a</think><answer>Free.</answer>", "Free.", "a"),
    ("<|channel>thought\na<channel|>Free.", "Free.", "thought\na"),
    ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>Free.", "Free.", "a"),
    ("<|channel|>commentary to=x<|message|>a<|call|><|start|>assistant<|message|>Free.", "Free.", "a"),
    ("<|channel|>final<|message|>Free.", "Free.", ""),
    ("<|channel|>analysis<|message|>Say so.assistantfinalFree.", "Free.", "Say so."),
    ("<|channel|>analysis<|message|>My final word.finalFree.", "Free.", "My final word."),
    ("<|inner_prefix|>a<|inner_suffix|>Free.", "Free.", "a"),
    ("<unused94>thought\na<unused95>Free.", "Free.", "thought\na"),
    ("Here is my thought process:\n\na\nHere is my response:\n\nFree.", "Free.", "\n\na\n"),
    ("<think>it never ends", "", "it never ends"),
    ("<think></think>", "", ""),
    ("Well. Here is my response:\nFree.", "Well. Here is my response:\nFree.", ""),
    ("Well. Here is my thought process:\nFree.", "Well. Here is my thought process:\nFree.", ""),
    ("Free. <think>a</think>Really.", "Free. Really.", "a"),
]
SPOKEN = [
    "",
    " ",
    "Free.",
    "  Two\n\nlines \n",
    "1 < 2 and [x] <b>",
    "<answer>Yes</answer>",
    "analysis of the final",
    "Here is my view.",
    "<",
]


def read(pieces: list[str], *, thinking: bool = False, stops: tuple[str, ...] = ()) -> ReplyText:
    """Return the reply that was read from pieces; what was told on the way must add up to it."""
    text = ReplyText(thinking=thinking, stops=stops)
    told = Said()
    for said in (*(text.add(piece) for piece in pieces), text.end()):
        told = told.then(said)
    assert (told.reply, told.thought) == (text.reply, text.thought)
    return text


@pytest.mark.parametrize(("output", "reply", "thought"), REASONED)
def test_thoughts_and_channels_are_kept_apart_however_the_output_is_cut(output: str, reply: str, thought: str) -> None:
    for size in (1, 2, 3, 7, len(output)):
        text = read([output[start : start + size] for start in range(0, len(output), size)])
        assert (text.reply, text.thought) == (reply, thought)


@pytest.mark.parametrize(("output", "reply", "thought"), REASONED)
def test_a_whole_output_is_parted_as_one_that_comes_in_pieces(output: str, reply: str, thought: str) -> None:
    assert parted(output) == Said(reply, thought)


def test_a_whole_output_that_begins_within_a_thought_does_not_begin_with_the_reply() -> None:
    assert parted("Buses cost.\n</think>\n\nFree.") == Said("Free.", "Buses cost.\n")


@given(st.text(alphabet="Buses cost.<\n", min_size=1, max_size=30).filter(str.strip), st.integers(1, 9))
def test_a_thought_of_which_only_the_end_is_marked_is_recalled_once_the_reply_comes(thought: str, size: int) -> None:
    output = f"{thought}</think>\n\nFree. </think>Really."
    text = read([output[start : start + size] for start in range(0, len(output), size)])
    assert (text.reply, text.thought) == ("Free. Really.", thought)


@pytest.mark.parametrize(
    ("output", "thought"), [("a</think>", "a"), ("a</think>\n\n", "a"), ("a</think><think>b</think>", "ab")]
)
def test_a_thought_without_a_reply_is_no_reply(output: str, thought: str) -> None:
    for size in (1, 3, len(output)):
        text = read([output[start : start + size] for start in range(0, len(output), size)])
        assert (text.reply, text.thought) == ("", thought)


@pytest.mark.parametrize("output", ["The tag `</think>` is so.", 'The tag "</think>" and `</think>`.\nNext.'])
def test_a_marker_in_quotation_marks_is_a_word_of_the_reply(output: str) -> None:
    for size in (1, 3, len(output)):
        assert read([output[start : start + size] for start in range(0, len(output), size)]).reply == output


def test_nothing_is_recalled_once_it_is_known_where_thoughts_begin() -> None:
    assert read(["<think>a</think>Free.</think>Really."]).reply == "Free.Really."
    assert read(["a</think>Free.</think>Really."], thinking=True).reply == "Free.Really."


@given(st.sampled_from(SPOKEN) | st.text(alphabet="<>[]/|think a\n", max_size=30), st.integers(1, 9))
def test_a_reply_without_markers_is_given_character_by_character(output: str, size: int) -> None:
    text = read([output[start : start + size] for start in range(0, len(output), size)])
    if not text.thought and not any(is_marker(f"<{name}>") and f"<{name}>" in output for name in ("think", "/think")):
        assert text.reply == output


def test_a_prompt_that_ends_within_a_thought_is_noticed_and_the_reply_comes_after_it() -> None:
    assert opens_thought("<|user|>Hi<|assistant|><think>\n")
    assert not opens_thought("<|assistant|><think>\n\n</think>\n\n")
    text = read(["So", "</think>", "\n\nFree."], thinking=True)
    assert (text.reply, text.thought) == ("Free.", "So")


@pytest.mark.parametrize(
    ("repeated", "stops"),
    [
        ("<think>a</think> b ", ()),
        ("<think>a</think> b ", ("\nInterviewer:",)),
        ("</think> ", ()),
        ("<|channel|>analysis<|message|>", ()),
        ("<|channel|>analysis<|message|>a.finalB b ", ()),
    ],
)
def test_a_million_characters_full_of_markers_are_read_in_the_time_of_a_million(
    repeated: str, stops: tuple[str, ...]
) -> None:
    """Each of them read the rest again: that took minutes, in which no key was answered."""
    times = 1_000_000 // len(repeated)
    text = read([repeated * times], stops=stops)
    assert text.reply.count("b") == repeated.count("b") * times


def test_a_reply_ends_before_the_other_speaker_begins() -> None:
    stops = ("\nInterviewer:", "\nQuestion:")
    for size in (1, 4, 99):
        output = "Yes.\nNo.\n\nInterviewer: Why?\nRespondent: So."
        text = read([output[start : start + size] for start in range(0, len(output), size)], stops=stops)
        assert (text.reply, text.ended) == ("Yes.\nNo.", True)
    text = read(["Yes.\n\nInter"], stops=stops)
    assert (text.reply, text.ended) == ("Yes.\n\nInter", False)
