"""Recognising that a server refused a request because the conversation is longer than the model's context.

Servers have no common code for it. So a refusal is known by its status and its code, or by its words, of which there is
a table. Words that are not in the table but speak of length are a suspicion only: the engine then asks once without the
older turns, and what the server says to that decides (`OpenAIEngine`).
"""

import re
from dataclasses import dataclass

from chat_personas.engines.openai.events import ReportedFailureError

_STATUSES = frozenset({400, 413, 422, 500})
"""What servers answer to a request that is too long; 500 is that of older servers of llama.cpp."""
_TOO_LARGE = 413
_UNSURE_STATUSES = frozenset({400, _TOO_LARGE, 422})

_CODES = frozenset(
    {
        "context_length_exceeded",  # OpenAI, Groq, DeepSeek, llama-cpp-python
        "context_window_exceeded",
        "exceed_context_size_error",  # llama-server
        "model_context_window_exceeded",
        "prompt_too_long",
        "input_too_long",
        "string_above_max_length",
        "tokens_limit_reached",  # GitHub Models
    }
)

_WORDINGS = tuple(
    re.compile(pattern)
    for pattern in (
        # the context, by one of its names, and that something does not fit into it
        r"maximum (context|model|sequence|prompt|input) length",  # OpenAI, vLLM, Mistral, xAI
        r"(exceed|overflow|longer|greater|larger|too (long|large|big)|more than|not fit|beyond|reduce|only)"
        r".{0,80}\b(context|max_seq_len|max_model_len|sequence length)",  # Anthropic, SGLang, Tabby, LM Studio
        r"\b(context|max_seq_len|max_model_len|sequence length)\b.{0,60}"
        r"(exceed|overflow|too (small|short)|longer|greater|larger)",  # llama-server, MiniMax
        # what was sent, and that it is too long
        r"\b(prompt|inputs?|messages?|conversation|chat history)`? ((is|are|was|were) )?too (long|large|big)",
        r"\btoo many (input |prompt |context )?tokens",  # Cohere
        r"tokens? (in|of) (the |your )?(request|prompt|input|messages)\b.{0,40}(more than|exceed|greater|larger|over)",
        r"\b(prompt|input|inputs|messages)\b.{0,60}(exceed|greater than|longer than|larger than|more than|over)"
        r".{0,40}(token|length|limit|max)",  # Google, Zhipu, Databricks
        r"request( body)? (exceed\w*|is|was)? ?(too (long|large|big)|model token limit).{0,60}(token|model|limit|$)",
        r"`?inputs`?( tokens)?.{0,40}must (be|have) (<|<=|less|at most|fewer)",  # text-generation-inference
        r"range of input length should be",  # DashScope
        r"reduce the length of (the|your) (messages|prompt|input|conversation)",  # Groq
        # Zhipu, in Chinese: input, hint or context is too long, or over a limit
        r"(\u8f93\u5165|\u63d0\u793a|\u4e0a\u4e0b\u6587|prompt) ?"
        r"(\u8d85\u957f|\u8fc7\u957f|\u8d85\u8fc7|\u8d85\u51fa)",
        r"\d tokens? ?(>|≥|exceeds?|is (more|greater|larger) than) ?(the )?(maximum|max|limit|\d)",
    )
)
"""Words, in small letters, with which servers say it. A server with other words: add a line, and a line to the test."""

_ABOUT_LENGTH = re.compile(r"token|length|\b(too )?(long|large|big)\b|context|\bsize\b|\binputs?\b|\bprompt")
_ABOUT_MONEY = re.compile(
    r"budget|quota|billing|credit|balance|payment|spend|cost|rate.?limit|\b[rt]p[md]\b|\bkey limit|usage limit"
    r"|\b(hourly|daily|weekly|monthly) limit"
    r"|per (second|minute|hour|day|month)"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a server said when it refused a request: an HTTP status, a code, and words, each None or "" if missing."""

    status: int | None
    code: str | None
    words: str

    @property
    def wording(self) -> str:
        """The words without their numbers: what two refusals for the same reason have in common."""
        return re.sub(r"[\d.,]+", "#", self.words.lower())

    @property
    def is_overflow(self) -> bool:
        """Whether it says that the conversation is too long."""
        if self.status is not None and self.status not in _STATUSES:
            return False
        if (self.code or "").lower() in _CODES:
            return True
        text = self.words.lower()
        return not self.is_about_money and any(wording.search(text) for wording in _WORDINGS)

    @property
    def may_be_overflow(self) -> bool:
        """Whether it may say so in other words: then it is worth one request to find out."""
        if self.status not in _UNSURE_STATUSES or self.is_about_money:
            return False
        return self.status == _TOO_LARGE or bool(_ABOUT_LENGTH.search(self.words.lower()))

    @property
    def is_about_money(self) -> bool:
        """Whether it is about money or a quota, so that asking in another way is in vain."""
        return bool(_ABOUT_MONEY.search(f"{self.words} {self.code or ''}".lower().replace("_", " ")))


def refusal_in(error: Exception) -> Refusal | None:
    """Return what the server said, for a request that it refused; None for any other failure."""
    import openai

    if isinstance(error, openai.APIStatusError):
        body = error.body if isinstance(error.body, dict) else {}
        codes = [code for code in (body.get("code"), body.get("type"), body.get("error_type")) if isinstance(code, str)]
        known = [code for code in codes if code.lower() in _CODES]
        return Refusal(error.status_code, next(iter(known or codes), None), str(error))
    if isinstance(error, ReportedFailureError):
        return Refusal(error.status, error.code, str(error))
    return None
