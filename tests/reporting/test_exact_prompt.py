"""The exact prompt in words: what is counted is said, what is not counted is said to be unknown."""

from dataclasses import replace

import numpy as np
import pytest

from chat_personas.conversation.context_use import Given
from chat_personas.engines.exact_prompt import (
    ExactProbe,
    ExactPrompt,
    LabelSpelling,
    LeftOut,
    PromptPart,
    of_messages,
)
from chat_personas.monitor.round import LastProbe
from chat_personas.reporting.explained.exact_prompt import Block, as_text, probe_blocks, prompt_blocks
from eval.answers import Answer, Failure, OrderAnswer
from eval.engine import Message
from eval.expression.rendering import render
from eval.surveys.model import Option, Question

SYSTEM, HELLO, DAY = Message("system", "Be brief."), Message("user", "Hello"), Message("assistant", "Good day")
LONG = (SYSTEM, HELLO, DAY, Message("user", "Why?\n[b]me[/b]"), Message("assistant", "So."))
CUT = ExactPrompt(
    (
        PromptPart("template", "<s>", None, 1),
        PromptPart("message", "Be brief.", 0, 3),
        PromptPart("template", "</s>\n<u>", None, 3),
        PromptPart("message", "Why?\n[b]me[/b]", 3, 9),
        PromptPart("template", "</u>", None, 1),
        PromptPart("message", "So.", 4, 1200),
        PromptPart("template", "</s>\n", None, 2),
        PromptPart("opening", "<a>", None, 1),
    ),
    tokens=1220,
    context_length=2048,
    reserved=400,
    left_out=(LeftOut(1, 1), LeftOut(2, 1300)),
)


def sentences(given: Given) -> list[str]:
    return [block.text for block in prompt_blocks(given) if not block.heading]


def headings(given: Given) -> list[str]:
    return [block.heading for block in prompt_blocks(given) if block.heading]


def test_every_part_has_its_count_and_what_was_left_out_its_place() -> None:
    assert prompt_blocks(Given(LONG, CUT, counted=True)) == [
        Block("1,220 tokens in all: system prompt 3, 2 messages 1,209, chat template 7, opening of the reply 1."),
        Block("The context holds 2,048 tokens. 400 are kept for the reply, so that the prompt may have 1,648."),
        Block(
            "Left out: messages 1 to 2 of 4, which have 1,301 tokens. The context is too short for all messages, and "
            "the oldest go first."
        ),
        Block("<s>", "chat template, 1 token", aside=True),
        Block("Be brief.", "system prompt, 3 tokens"),
        Block("", "left out: messages 1 to 2 of 4", aside=True),
        Block("</s>\\n<u>", "chat template, 3 tokens", aside=True),
        Block("Why?\n[b]me[/b]", "message 3 of 4, user, 9 tokens"),
        Block("</u>", "chat template, 1 token", aside=True),
        Block("So.", "message 4 of 4, assistant, 1,200 tokens"),
        Block("</s>\\n", "chat template, 2 tokens", aside=True),
        Block("Your next message comes here."),
        Block("<a>", "opening of the reply, 1 token", aside=True),
    ]


def test_the_place_of_the_next_message_is_shown_only_where_the_model_has_replied() -> None:
    asked = replace(CUT, parts=(PromptPart("message", "Hello", 0, 1), PromptPart("opening", "<a>", None, 1)))
    said = sentences(Given((HELLO,), replace(asked, left_out=(), tokens=2), counted=True))
    assert said[0] == "No system prompt: the model is not steered."
    assert "Nothing was left out." in said
    assert "Your next message comes here." not in said


def test_nothing_is_counted_before_the_engine_has_counted() -> None:
    given = Given(LONG, of_messages(LONG))
    assert sentences(given) == ["Counting the tokens. A reply that is on its way goes first."]
    assert headings(given)[:2] == ["system prompt", "message 1 of 4, user"]


def test_an_engine_that_does_not_count_is_said_not_to() -> None:
    given = Given(LONG, of_messages(LONG), counted=True)
    assert sentences(given)[0] == "This model does not say how many tokens the prompt has."
    assert not any(character.isdigit() for said in sentences(given) for character in said)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Given(LONG, of_messages(LONG)), "This server does not say how many tokens the prompt has."),
        (Given(LONG, of_messages(LONG), reported=1234), "The server counted 1,234 tokens in the prompt of the last"),
        (Given(LONG, of_messages(LONG, 1300), reported=1234), "1,300 tokens in all, as the server counts them"),
        (Given(LONG, of_messages(LONG), refused=2), "Left out of the prompt of the last reply: the 2 oldest messages."),
        (Given(LONG, of_messages(LONG), refused=0), "Nothing was left out of the prompt of the last reply."),
    ],
)
def test_a_server_is_quoted_and_nothing_is_estimated(given: Given, said: str) -> None:
    found = sentences(replace(given, server=True, counted=True))
    assert found[0] == "The server applies its chat template to these messages; what it adds is not shown."
    assert any(each.startswith(said) for each in found), found


def test_a_server_that_was_not_asked_yet_left_nothing_out_that_anybody_knows_of() -> None:
    said = sentences(Given(LONG, of_messages(LONG), server=True, counted=True))
    assert not any("left out" in each.casefold() for each in said)


def test_thoughts_are_said_not_to_be_in_the_prompt_where_there_were_some() -> None:
    without = Given(LONG, CUT, counted=True)
    assert not any("thought" in each for each in sentences(without))
    assert "The model thought before one reply. Its thoughts are not in the prompt." in sentences(
        replace(without, thoughts=1)
    )
    assert "The model thought before 2 of the replies. Its thoughts are not in the prompt." in sentences(
        replace(without, thoughts=2)
    )


def test_what_is_on_inside_and_why_there_is_no_prompt_is_said() -> None:
    given = Given(LONG, of_messages(LONG), inside="party +0.25", counted=True, problem="the last message is too long")
    assert sentences(given) == [
        "The model is steered from inside: party +0.25. No prompt says so.",
        "No reply can be asked for: the last message is too long.",
    ]


def test_a_template_that_leaves_out_the_system_prompt_is_told_of() -> None:
    parts = (PromptPart("message", "Hello", 1, 1), PromptPart("opening", "<a>", None, 1))
    said = sentences(Given((SYSTEM, HELLO), ExactPrompt(parts, 2, 10, 2), counted=True))
    assert "The chat template of this model writes nothing of: system prompt." in said


def test_where_words_and_template_are_one_they_are_shown_as_one() -> None:
    prompt = ExactPrompt((PromptPart("whole", "HELLO!", None, 3),), 3, 10, 2)
    given = Given((HELLO,), prompt, counted=True)
    assert "3 tokens in all: messages and chat template 3." in sentences(given)
    assert any(each.startswith("The chat template changes what was said") for each in sentences(given))
    assert headings(given) == ["the whole prompt, 3 tokens"]


def test_the_page_is_copied_with_its_headings_and_read_line_by_line() -> None:
    blocks = [Block("One."), Block("a\nb", "system prompt, 2 tokens"), Block("", "left out: message 1 of 2", True)]
    assert as_text(blocks) == "One.\n\n[system prompt, 2 tokens]\na\nb\n\n[left out: message 1 of 2]"
    assert [block.in_words for block in blocks] == ["One.", "system prompt, 2 tokens: a\nb", "left out: message 1 of 2"]


def test_every_row_of_a_list_repeats_its_heading_and_what_is_sent_stays_as_it_is() -> None:
    answers = Block("A. Yes\nB. No", "the answers in the survey order", aside=True)
    assert answers.rows_in_words == [
        "the answers in the survey order: A. Yes",
        "the answers in the survey order: B. No",
    ]
    assert Block("a\nb", "system prompt").rows_in_words == ["system prompt: a\nb"]
    assert Block("", "left out: message 1 of 2", aside=True).rows_in_words == ["left out: message 1 of 2"]
    assert Block("One.").rows_in_words == ["One."]


# The last probe

BUSES = Question(
    id="BUS_1",
    topics=("towns",),
    stem="More buses?",
    paraphrased=False,
    options=(Option(text="Yes", ordinal=1), Option(text="No", ordinal=2)),
    refusals=("Rather not",),
    responses={},
)
ORDERS = tuple(render(BUSES, order) for order in ("survey", "reversed"))
COMMON = (b"<s>", b"Be ", b"brief.")
LABELS = (LabelSpelling("A", ((37, "A"), (305, " A"))), LabelSpelling("B", ((38, "B"),)), LabelSpelling("C", ()))
SENT = tuple(
    ExactProbe(each.probe.key, each.probe.prompt, (SYSTEM,), (1, 2, 3, *tail), (*COMMON, *pieces), LABELS, left_out=0)
    for each, tail, pieces in zip(ORDERS, [(7, 8), (7, 9, 9)], [(b"More", b" A"), (b"More", b" B", b" B")], strict=True)
)
ANSWER = Answer(
    "BUS_1",
    (
        OrderAnswer("survey", np.array([0.5, 0.25]), 0.125, 0.875),
        OrderAnswer("reversed", np.array([0.75, 0.125]), 0.0, 0.875),
    ),
)
PROBE = LastProbe(BUSES, "Towns", 3, ORDERS, SENT, 3, 24, ANSWER, "exact", server=False)


def test_the_last_probe_is_shown_in_both_orders_with_what_is_its_own() -> None:
    blocks = probe_blocks(PROBE)
    assert [block.text for block in blocks[:3]] == [
        "After the reply to message 3: question BUS_1 of Towns.",
        "It is asked once for each order of its options: in the survey order and in the reversed order.",
        "Its prompts have 5 and 6 tokens. All 24 prompts of the round begin with the same 3 tokens, which are decoded "
        "once; 2 and 3 come after those.",
    ]
    assert "is read exactly" in blocks[3].text
    of_a_side = probe_blocks(PROBE, "A Democrat")[0].text
    assert of_a_side == "After contribution 3 of A Democrat: question BUS_1 of Towns."
    assert blocks[4:] == [
        Block("More A", "the prompt in the survey order, 2 tokens"),
        Block(
            "A. Yes; probability 0.500; tokens 'A' (37), ' A' (305)\n"
            "B. No; probability 0.250; tokens 'B' (38)\n"
            "C. Rather not\n"
            "Refusals together: probability 0.125. All letters together: 0.875.",
            "the answers in the survey order",
            aside=True,
        ),
        Block("More B B", "the prompt in the reversed order, 3 tokens"),
        Block(
            "A. No; probability 0.125; tokens 'A' (37), ' A' (305)\n"
            "B. Yes; probability 0.750; tokens 'B' (38)\n"
            "C. Rather not\n"
            "Refusals together: probability 0.000. All letters together: 0.875.",
            "the answers in the reversed order",
            aside=True,
        ),
        Block("<s>Be brief.", "what all 24 prompts of the round begin with, 3 tokens"),
    ]


def test_the_last_probe_of_a_server_is_the_messages_and_what_it_counted() -> None:
    sent = tuple(ExactProbe(each.probe.key, each.probe.prompt, (SYSTEM, HELLO)) for each in ORDERS)
    counted = replace(ANSWER, tokens_decoded=412, dropped_messages=2)
    blocks = probe_blocks(replace(PROBE, sent=sent, common=0, answer=counted, shares="top 20", server=True))
    said = [block.text for block in blocks if not block.heading]
    assert "The server counted 412 tokens in its prompts together." in said
    assert "Left out, because the context is too short: the 2 oldest messages." in said
    assert any("read from the tokens that the server shows (top 20)" in each for each in said)
    prompts = [block for block in blocks if block.heading.startswith("the prompt in")]
    assert [block.text for block in prompts] == [each.probe.prompt for each in ORDERS]
    assert [block.heading for block in prompts] == [
        "the prompt in the survey order, message 2 of 2, user",
        "the prompt in the reversed order, message 2 of 2, user",
    ]
    assert [(block.text, block.heading) for block in blocks[-2:]] == [
        (SYSTEM.content, "in common, system prompt"), ("Hello", "in common, message 1 of 2, user")
    ]  # fmt: skip
    silent = probe_blocks(replace(PROBE, sent=sent, common=0, server=True))
    assert "This server does not say how many tokens the prompt has." in [block.text for block in silent]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "The answer is not there yet."),
        (Failure("BUS_1", "no probability on any answer"), "There is no answer: no probability on any answer."),
    ],
)
def test_a_probe_without_an_answer_says_so(answer: Failure | None, said: str) -> None:
    assert said in [block.text for block in probe_blocks(replace(PROBE, answer=answer))]


def test_before_any_round_there_is_one_sentence() -> None:
    assert probe_blocks(None) == [Block("No probe was sent yet since this conversation was opened.")]
