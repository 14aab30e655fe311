"""That a conversation is too long is known by what servers really say, and money is never taken for length."""

import pytest

from chat_personas.engines.openai.overflow import Refusal

TOO_LONG = [
    (400, "This model's maximum context length is 4097 tokens. However, you requested 5000 tokens."),
    (400, "'max_tokens' is too large: 400. This model's maximum context length is 4096 tokens and your request"),
    (400, "The input (5000 tokens) is longer than the model's context length (4096 tokens)."),
    (400, "the request exceeds the available context size, try increasing it"),
    (500, "Context size has been exceeded."),
    (400, "prompt is too long: 219898 tokens > 200000 maximum"),
    (400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"),
    (400, "tokens in request more than max tokens allowed"),
    (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 4000 `inputs` tokens"),
    (422, "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000"),
    (400, "too many tokens: total number of tokens in the prompt exceeds the limit of 4081"),
    (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
    (422, "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length"),
    (400, "Input is too long for requested model."),
    (400, "Your input exceeds the context window of this model. Please adjust your input and try again."),
    (400, "Please reduce the length of the messages or completion."),
    (400, "The decoder prompt (length 5000) is longer than the maximum model length of 4096."),
    (400, "Prompt length 5000 is greater than max_seq_len 4096"),
    (400, "Trying to keep the first 5000 tokens when context the overflows."),
    (400, "This model's maximum prompt length is 131072 but the request contains 537812 tokens."),
    (413, "Request body too large for gpt-4o model. Max size: 8000 tokens."),
    (400, "Range of input length should be [1, 6000]"),
    (400, "Invalid request: Your request exceeded model token limit: 8192"),
    (400, "Prompt exceeds max length"),
    (400, "context window exceeds limit (2013)"),
    (400, "\u8f93\u5165\u8d85\u957f"),  # "input too long"
    (400, "Prompt \u8d85\u957f: \u63d0\u793a\u8d85\u8fc7\u4e0a\u4e0b\u6587\u957f\u5ea6"),
]
OTHER = [
    (400, "Budget has been exceeded! Current cost: 14.2, Max budget: 10.0"),
    (400, "ExceededBudget: over the token budget for this month, context length is not the matter"),
    (400, "You exceeded your current quota, please check your plan and billing details."),
    (429, "Rate limit reached: too many tokens per minute"),
    (400, "Rate limit exceeded for tokens per day"),
    (400, "temperature must not exceed 2"),
    (400, "top_logprobs exceeds the maximum of 5"),
    (400, "Unknown field: seed"),
    (403, "This model's maximum context length is 4097 tokens"),
    (400, "Insufficient balance: the prompt exceeds the limit of your credit in tokens"),
    (500, "out of order"),
    (400, "You have exceeded the monthly limit of 1000000 tokens for your plan: messages exceed the token limit"),
]


@pytest.mark.parametrize(("status", "words"), TOO_LONG)
def test_what_servers_say_of_length_is_understood(status: int, words: str) -> None:
    assert Refusal(status, None, words).is_overflow
    assert Refusal(None, None, words).is_overflow, "also within a stream, without a status"


@pytest.mark.parametrize(("status", "words"), OTHER)
def test_what_servers_say_of_other_things_is_not_taken_for_length(status: int, words: str) -> None:
    assert not Refusal(status, None, words).is_overflow


@pytest.mark.parametrize("code", ["context_length_exceeded", "exceed_context_size_error", "tokens_limit_reached"])
def test_a_code_says_enough(code: str) -> None:
    assert Refusal(400, code, "no").is_overflow
    assert not Refusal(400, "invalid_request_error", "no").is_overflow


@pytest.mark.parametrize(
    ("status", "words", "unsure"),
    [
        (400, "the conversation has grown beyond 40 pages; make it shorter than that many tokens", True),
        (413, "Payload refused", True),
        (422, "at most 900 characters of input", True),
        (400, "Budget has been exceeded! Current cost: 14.2", False),
        (400, "over your monthly budget of tokens", False),
        (400, "cannot do that", False),
        (403, "input refused", False),
        (500, "the input was lost", False),
    ],
)
def test_only_words_that_may_be_about_length_are_looked_into(status: int, words: str, unsure: bool) -> None:
    refusal = Refusal(status, None, words)
    assert not refusal.is_overflow
    assert refusal.may_be_overflow == unsure


def test_the_same_reason_with_other_numbers_is_one_wording() -> None:
    assert Refusal(400, None, "Holds 1,024.5 tokens").wording == Refusal(400, None, "holds 7 tokens").wording
