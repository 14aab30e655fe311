"""What a server's answers mean: the pieces of a reply, and the score of a probe."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace

from chat_personas.engines.openai.connection import Incoming
from chat_personas.engines.openai.events import EventReader, SurrogateJoiner, UnreadableAnswerError, as_json
from chat_personas.engines.openai.wire import (
    Completion,
    Delta,
    End,
    completion,
    counts_in,
    delta,
    filtered,
    likeliest,
    thought_tokens_in,
)
from chat_personas.engines.reply_limit import longest_reply
from chat_personas.engines.reply_text import ReplyText, Said
from eval.engine import LabelScore, Piece, Probe, ProbeScore, Usage

_BYTES_PER_EVENT = 4096
"""Bytes of one token on the wire with all that surrounds it: an event has some 300."""
_BYTES_PER_BYTE = 8
"""Bytes of JSON for a byte of text: escapes have up to six."""
_BYTES_BESIDES = 1 << 20
_BYTES_AT_ONCE = 4096
"""After so many bytes keys get in between: a server may send more than can be read in time, such as empty lines."""
_EVENTS = (b"data:", b"event:", b"error:", b":", b"id:")
SECONDS_FOR_COUNTS = 1.0
"""For so long at most a reply that has ended waits for the counts of its tokens."""
_RAW_SPACES = str.maketrans({"\u2581": " ", "\u0120": " ", "\u010a": "\n"})
"""What stands for white space within a vocabulary: some servers send tokens as they stand there."""
_MOST_SUM = math.exp(0.05)
"""The most to which probabilities may sum by rounding: that of a logarithm with one decimal is off by 0.05 at most."""


def most_bytes(tokens: int) -> int:
    """Return how long a document or an event with `tokens` tokens may be on the wire."""
    return _BYTES_BESIDES + _BYTES_PER_BYTE * longest_reply(tokens)


async def stream_pieces(
    incoming: Incoming, began: float, seed: int, dropped: int, *, tokens: int, patience: float, counted: bool
) -> AsyncGenerator[Piece, None]:
    """Yield the pieces of a streamed reply, up to the first reason to end.

    A server that does not stream may send the whole reply at once.

    Args:
        incoming: the answer as it comes.
        began: when the reply was asked for, on the monotonic clock.
        seed: the seed that was asked for.
        dropped: how many messages were left out of the request.
        tokens: how many tokens were asked for, which limits how long the reply may be.
        patience: seconds to wait for the next part of the reply while the server sends something else.
        counted: whether the server was asked how many tokens it read and wrote, which it says after the end.

    Raises:
        openai.OpenAIError: the connection broke off.
        UnreadableAnswerError: the server sent something that is not a reply, or reported a failure, or sends without
            an end.
    """
    first: float | None = None
    count, length, thought = 0, 0, False
    output = _Output()
    try:
        async with aclosing(_deltas(incoming, tokens, patience)) as deltas:
            async for part in deltas:
                if part.finish == "filtered" and not (count or part.text):
                    raise filtered()
                if part.text or part.thought:
                    count += 1
                    length += len((part.text + part.thought).encode("utf-8", "replace"))
                    first = first if first is not None else time.monotonic() - began
                said = output.add(part)
                seconds = time.monotonic() - began
                thought = thought or bool(said.thought) or said.recalls
                told = await _counts(part, deltas, counted)
                prompt, decoded = _read_and_written(told, shown=thought) or (None, count)
                usage = Usage(prompt, None, decoded, seconds, first, seed) if part.finish else None
                if said.reply or said.thought or part.finish:
                    yield Piece(said.reply, part.finish, dropped, usage, said.thought, said.recalls)
                    dropped = 0
                if part.finish:
                    return
                if length > longest_reply(tokens):
                    raise UnreadableAnswerError(f"a reply without an end: {length:,} bytes for {tokens:,} tokens")
    except Exception:
        if (rest := output.end()) != Said():
            yield Piece(rest.reply, None, dropped, None, rest.thought, rest.recalls)
        raise
    if (rest := output.end()) != Said():
        yield Piece(rest.reply, None, dropped, None, rest.thought, rest.recalls)


def _read_and_written(told: Delta | None, *, shown: bool) -> tuple[int, int] | None:
    """Return the tokens of prompt and reply that an event reports, without those of thoughts that were not `shown`.

    What a server thinks and keeps to itself is no part of what was streamed, nor of the next prompt.
    """
    if told is None or told.counts is None:
        return None
    prompt, reply = told.counts
    return prompt, reply if shown else max(0, reply - told.thought_tokens)


async def _counts(part: Delta, deltas: AsyncGenerator[Delta, None], counted: bool) -> Delta | None:
    """Return `part` if it reports the tokens of prompt and reply, or what soon does after it where it is the end.

    The reply is whole without them, so that a failure from then on only leaves the numbers unknown.
    """
    import openai

    if part.counts is not None or not (part.finish and counted):
        return part
    with suppress(TimeoutError, openai.OpenAIError, UnreadableAnswerError):
        async with asyncio.timeout(SECONDS_FOR_COUNTS):
            async for later in deltas:
                if later.counts is not None:
                    return later
    return None


class _Output:
    """What a server streams, parted into the reply and the thoughts: its own and those between markers in the text.

    Characters that come in halves are put together.
    """

    def __init__(self) -> None:
        self._text, self._joiner, self._thoughts = ReplyText(), SurrogateJoiner(), SurrogateJoiner()

    def add(self, part: Delta) -> Said:
        """Take one event; return what has become clear. The event that ends the reply leaves nothing behind."""
        if part.thought:
            self._text.knows_thoughts = True  # the server parts them
        said = Said(thought=self._thoughts.add(part.thought)).then(self._text.add(self._joiner.add(part.text)))
        return said.then(self.end()) if part.finish else said

    def end(self) -> Said:
        """Return what was held back because it was not clear."""
        last = Said(thought=self._thoughts.end()).then(self._text.add(self._joiner.end()))
        return last.then(self._text.end())


async def _deltas(incoming: Incoming, tokens: int, patience: float) -> AsyncGenerator[Delta, None]:
    """Yield the parts of a streamed reply as they come. Raises as `stream_pieces`."""
    if "json" in incoming.content_type:
        raw = b"".join([some async for some in _limited(incoming, most_bytes(tokens))])
        if not raw.lstrip().startswith(_EVENTS):
            document = as_json(raw)
            whole = completion(document)
            counts, thought_tokens = counts_in(document), thought_tokens_in(document)
            yield Delta(whole.text, whole.finish, thought=whole.thought, counts=counts, thought_tokens=thought_tokens)
            return
        incoming = replace(incoming, content_type="", pieces=_once(raw))  # events, whatever their type says
    reader = EventReader(most_bytes(tokens))
    heard = time.monotonic()
    async with aclosing(_limited(incoming, _BYTES_BESIDES + tokens * _BYTES_PER_EVENT)) as pieces:
        async for some in pieces:
            for event in reader.feed(some):
                part = delta(event)
                if isinstance(part, End):
                    return
                if part is not None:
                    yield part
                    heard = time.monotonic() if part.says_something else heard
            if time.monotonic() - heard > patience:
                raise UnreadableAnswerError(f"nothing of a reply for {patience:.0f} seconds")
    for event in reader.end():
        part = delta(event)
        if isinstance(part, Delta):
            yield part


async def _once(raw: bytes) -> AsyncGenerator[bytes, None]:
    yield raw


async def _limited(incoming: Incoming, most: int) -> AsyncGenerator[bytes, None]:
    total = 0
    async with aclosing(incoming.pieces) as pieces:
        async for some in pieces:
            total += len(some)
            if total > most:
                raise UnreadableAnswerError(f"an answer without an end (more than {most:,} bytes)")
            for start in range(0, len(some), _BYTES_AT_ONCE):
                if start:
                    await asyncio.sleep(0)
                yield some[start : start + _BYTES_AT_ONCE]


def as_score(probe: Probe, answer: Completion) -> ProbeScore:
    """Return the score of `probe` from an answer of one token; a failure if the answer does not show one."""
    try:
        top = likeliest(answer.log_probabilities)
    except UnreadableAnswerError as error:
        return failed(probe, f"the server sent {error}")
    if top is None:
        return failed(probe, "the server sent no log-probabilities for this answer")
    total = math.fsum(math.exp(value) for _, value in top)
    if total > _MOST_SUM:
        return failed(probe, f"the server sent probabilities that sum to {total:.2f}, more than 1")
    return of_labels(probe, label_bounds(probe.labels, top), answer)


def of_labels(probe: Probe, labels: tuple[LabelScore, ...], answer: Completion) -> ProbeScore:
    """Return the score of `probe` with these bounds; `answer` says how long the prompt was."""
    total = math.fsum(math.exp(label.lower) for label in labels)
    if total > _MOST_SUM:
        return failed(probe, f"the server sent probabilities that sum to {total:.2f}, more than 1")
    return ProbeScore(probe.key, labels, label_mass=min(1.0, total), tokens_decoded=answer.prompt_tokens)


def looseness(score: ProbeScore) -> float:
    """Return how far the bounds of all labels together are apart, in units of the label mass; 0 for a failure."""
    if score.failure is not None:
        return 0.0
    apart = math.fsum(math.exp(label.upper) - math.exp(label.lower) for label in score.labels)
    return apart / score.label_mass if score.label_mass else math.inf


def failed(probe: Probe, why: str) -> ProbeScore:
    """Return the score of a probe without an answer."""
    return ProbeScore(probe.key, (), 0.0, failure=why)


def label_bounds(labels: Sequence[str], top: Sequence[tuple[str, float]]) -> tuple[LabelScore, ...]:
    """Return bounds on the log-probability of each label.

    Lower bound: the sum over all tokens shown whose text without surrounding white space is the label, also where two
    tokens have the same text. Upper bound: that, and for each of "A" and " A" that is not shown the probability of the
    least likely token shown; but no more than is left of 1 after all tokens shown.

    Args:
        labels: the answer labels.
        top: the likeliest first tokens that the server shows, each with its natural log-probability.
    """
    top = [(token.translate(_RAW_SPACES), log_probability) for token, log_probability in top]
    total = sum(math.exp(log_probability) for _, log_probability in top)
    rest = max(0.0, 1.0 - total)
    least = math.exp(min((log_probability for _, log_probability in top), default=0.0))
    return tuple(_bound(label, top, rest, least) for label in labels)


def _bound(label: str, top: Sequence[tuple[str, float]], rest: float, least: float) -> LabelScore:
    found = [(token, math.exp(log_probability)) for token, log_probability in top if token.strip() == label]
    lower = sum(probability for _, probability in found)
    unseen = len({label, f" {label}"}.difference(token for token, _ in found))
    upper = min(1.0, lower + min(rest, unseen * least))
    return LabelScore(label, _log(lower), _log(upper))


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -math.inf
