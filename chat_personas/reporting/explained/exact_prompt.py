"""The exact prompt in words: what the model is given for its next reply, and what the last probe sent.

Both faces show the same blocks: the screen as a page, the mode for screen readers as lines. What is sent stands in a
block as it is; whoever shows it makes control characters visible.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat_personas.reporting.explained.in_one_sentence import after_which
from chat_personas.reporting.wording.measurements import sentence
from chat_personas.text import full_stop, pluralize
from eval.answers import Answer, Failure, OrderAnswer
from eval.engine import Message

if TYPE_CHECKING:
    from chat_personas.conversation.context_use import Given
    from chat_personas.engines.exact_prompt import ExactProbe, PromptPart
    from chat_personas.monitor.round import LastProbe
    from eval.expression.rendering import Rendered

NO_SYSTEM = "No system prompt: the model is not steered."
INSIDE = "The model is steered from inside: {what}. No prompt says so."
COUNTING = "Counting the tokens. A reply that is on its way goes first."
NOT_COUNTED = "This {which} does not say how many tokens the prompt has."
NEXT_MESSAGE = "Your next message comes here."
BY_THE_SERVER = "The server applies its chat template to these messages; what it adds is not shown."
NO_PROBE = "No probe was sent yet since this conversation was opened."
FROM_SERVER = (
    "The server shows how likely its likeliest next tokens are; those that spell a letter count as that letter."
)
MIXED = "The chat template changes what was said, so that its own words and the messages cannot be told apart."


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the page: a `text` that is sent, under a `heading`; or, without one, a sentence about it.

    `aside` marks what is not a message: the words of the chat template, on one line.
    """

    text: str
    heading: str = ""
    aside: bool = False

    @property
    def in_words(self) -> str:
        """The block on one line that is read aloud."""
        return f"{self.heading}: {self.text}" if self.heading and self.text else f"{self.heading}{self.text}"

    @property
    def rows_in_words(self) -> list[str]:
        """The block as it is read aloud: of a list every row repeats the heading; what is sent stays as it is."""
        if not self.aside or not self.text:
            return [self.in_words]
        return [f"{self.heading}: {row}" for row in self.text.splitlines()]


def as_text(blocks: Sequence[Block]) -> str:
    """Return the whole page as text, to be copied."""
    return "\n\n".join(f"[{block.heading}]\n{block.text}".rstrip() if block.heading else block.text for block in blocks)


def prompt_blocks(given: "Given") -> list[Block]:
    """Return what the model is given for its next reply: first what it is and how long, then all of it in order."""
    return [*(Block(said) for said in _about(given)), *_parts(given)]


def _about(given: "Given") -> Iterator[str]:
    if given.inside:
        yield INSIDE.format(what=given.inside)
    elif not any(message.role == "system" for message in given.messages):
        yield NO_SYSTEM
    if given.problem:
        yield f"No reply can be asked for: {given.problem}."
    elif not given.counted:
        yield COUNTING
    elif given.messages:
        yield from _counts(given)
    if given.thoughts:
        replies = "one reply" if given.thoughts == 1 else f"{given.thoughts:,} of the replies"
        yield f"The model thought before {replies}. Its thoughts are not in the prompt."


def _counts(given: "Given") -> Iterator[str]:
    prompt = given.prompt
    if given.server:
        yield BY_THE_SERVER
        yield from _counts_of_server(given)
        return
    if prompt.tokens is None:
        yield NOT_COUNTED.format(which="model")
        return
    yield f"{pluralize(prompt.tokens, 'token')} in all: {', '.join(_sums(given))}."
    if prompt.context_length is not None and prompt.reserved is not None:
        room = prompt.context_length - prompt.reserved
        yield (
            f"The context holds {pluralize(prompt.context_length, 'token')}. {prompt.reserved:,} are kept for the "
            f"reply, so that the prompt may have {room:,}."
        )
    yield _left_out(given)
    if any(part.kind == "whole" for part in prompt.parts):
        yield MIXED
    elif lost := _lost(given):
        yield f"The chat template of this model writes nothing of: {', '.join(lost)}."


def _counts_of_server(given: "Given") -> Iterator[str]:
    if given.prompt.tokens is not None:
        yield f"{pluralize(given.prompt.tokens, 'token')} in all, as the server counts them with its chat template."
    elif given.reported is not None:
        yield f"The server counted {pluralize(given.reported, 'token')} in the prompt of the last reply."
    else:
        yield NOT_COUNTED.format(which="server")
    if given.refused:
        oldest = pluralize(given.refused, "oldest message")
        yield f"Left out of the prompt of the last reply: the {oldest}. The server refused it with them as too long."
    elif given.refused == 0:
        yield "Nothing was left out of the prompt of the last reply."


def _sums(given: "Given") -> Iterator[str]:
    """Yield how many tokens the parts of each kind have together."""
    parts = given.prompt.parts
    system = [part for part in parts if part.message is not None and given.messages[part.message].role == "system"]
    said = [part for part in parts if part.message is not None and part not in system]
    kinds: list[tuple[str, Sequence[PromptPart]]] = [
        ("system prompt", system),
        (pluralize(len({part.message for part in said}), "message"), said),
        (_around(given), [part for part in parts if part.kind == "template"]),
        ("opening of the reply", [part for part in parts if part.kind == "opening"]),
        ("messages and chat template", [part for part in parts if part.kind == "whole"]),
    ]
    for name, found in kinds:
        if found:
            yield f"{name} {sum(part.tokens or 0 for part in found):,}"


def _left_out(given: "Given") -> str:
    gone = given.prompt.left_out
    if not gone:
        return "Nothing was left out."
    tokens = pluralize(sum(each.tokens for each in gone), "token")
    return (
        f"Left out: {_range(given)}, which have {tokens}. The context is too short for all messages, and the oldest "
        "go first."
    )


def _range(given: "Given") -> str:
    """Name the messages that are left out, by the numbers that the page gives to messages."""
    numbers = [_number(given.messages, each.message) for each in given.prompt.left_out]
    last = f" to {numbers[-1]}" if len(numbers) > 1 else ""
    return f"message{'s' if last else ''} {numbers[0]}{last} of {_said(given.messages)}"


def _lost(given: "Given") -> list[str]:
    """Name the messages of which the template writes nothing."""
    there = {part.message for part in given.prompt.parts} | {each.message for each in given.prompt.left_out}
    lost = (place for place, message in enumerate(given.messages) if place not in there and message.content.strip())
    return [_named(given.messages, place) for place in lost]


def _parts(given: "Given") -> Iterator[Block]:
    """Yield the parts in order; the place of what was left out, and of the next message, stands among them."""
    prompt, waits = given.prompt, not given.messages or given.messages[-1].role != "user"
    places = [place for place, part in enumerate(prompt.parts) if part.message == 0 and not _number(given.messages, 0)]
    gone_after = places[-1] if places else -1
    if prompt.left_out and gone_after < 0:
        yield _gap(given)
    for place, part in enumerate(prompt.parts):
        if part.kind == "opening" and waits:
            yield Block(NEXT_MESSAGE)
            waits = False
        yield _block(given, part)
        if prompt.left_out and place == gone_after:
            yield _gap(given)
    if waits and given.counted and not given.problem:
        yield Block(NEXT_MESSAGE)


def _gap(given: "Given") -> Block:
    return Block("", f"left out: {_range(given)}", aside=True)


def _block(given: "Given", part: "PromptPart") -> Block:
    tokens = "" if part.tokens is None else f", {pluralize(part.tokens, 'token')}"
    if part.message is not None:
        return Block(part.text, f"{_named(given.messages, part.message)}{tokens}")
    if part.kind == "whole":
        return Block(part.text, f"the whole prompt{tokens}")
    name = "opening of the reply" if part.kind == "opening" else _around(given)
    return Block(on_one_line(part.text), f"{name}{tokens}", aside=True)


def _around(given: "Given") -> str:
    """Name what is written around the messages."""
    return "form of plain text" if given.plain else "chat template"


def _named(messages: Sequence[Message], place: int) -> str:
    """Name one of the messages that are sent; the system prompt before them is not counted among them."""
    role = messages[place].role
    if role == "system" and place == 0:
        return "system prompt"
    return f"message {_number(messages, place)} of {_said(messages)}, {role}"


def _number(messages: Sequence[Message], place: int) -> int:
    """Return the number of a message from 1, among those that were said."""
    return place + 1 - sum(each.role == "system" for each in messages[:1])


def _said(messages: Sequence[Message]) -> int:
    return _number(messages, len(messages) - 1)


# The last probe


def probe_blocks(probe: "LastProbe | None", side: str = "") -> list[Block]:
    """Return what the last probe sent, in each option order, and what came of it; without one a sentence.

    `side` is the name of the side of a debate that was asked, "" outside debates.
    """
    if probe is None:
        return [Block(NO_PROBE)]
    return [
        *(Block(said) for said in _about_probe(probe, side)),
        *(block for place, sent in enumerate(probe.sent) for block in _sent(probe, place, sent)),
        *_in_common(probe),
    ]


def _about_probe(probe: "LastProbe", side: str) -> Iterator[str]:
    yield sentence(f"{after_which(probe.turn, side)}: question {probe.question.id} of {probe.survey}")
    orders = " and ".join(f"in the {rendered.order} order" for rendered in probe.orders)
    yield f"It is asked once for each order of its options: {orders}."
    yield _counted(probe)
    how = "exactly" if probe.shares == "exact" else f"from the tokens that the server shows ({probe.shares})"
    yield (
        f"The model writes nothing. The probability that its answer begins with each letter is read {how}, over all "
        "tokens that spell the letter. Within each order the options are divided by their sum, without the refusals; "
        "the answer is the mean of the orders."
    )
    answered = probe.answer.dropped_messages if isinstance(probe.answer, Answer) else 0
    if left_out := max(answered, *(sent.left_out or 0 for sent in probe.sent)):
        yield f"Left out, because the context is too short: the {pluralize(left_out, 'oldest message')}."
    if isinstance(probe.answer, Failure):
        yield full_stop(f"There is no answer: {probe.answer.why}")
    elif probe.answer is None:
        yield "The answer is not there yet."


def _counted(probe: "LastProbe") -> str:
    """Say how many tokens the prompts have, and how many of them all prompts of the round share."""
    counts = [len(sent.tokens) for sent in probe.sent if sent.tokens is not None]
    if counts:
        each = " and ".join(f"{count:,}" for count in counts)
        own = " and ".join(f"{count - probe.common:,}" for count in counts)
        return (
            f"Its prompts have {each} tokens. All {pluralize(probe.prompts, 'prompt')} of the round begin with the "
            f"same {pluralize(probe.common, 'token')}, which are decoded once; {own} come after those."
        )
    if isinstance(probe.answer, Answer) and probe.answer.tokens_decoded:
        return f"The server counted {pluralize(probe.answer.tokens_decoded, 'token')} in its prompts together."
    return NOT_COUNTED.format(which="server" if probe.server else "model")


def _sent(probe: "LastProbe", place: int, sent: "ExactProbe") -> Iterator[Block]:
    """Yield the own text of one prompt, and which tokens count as which answer, with the shares where there are any."""
    rendered = probe.orders[place]
    heading = f"the prompt in the {rendered.order} order"
    if sent.tokens is None:
        yield Block(sent.prompt, f"{heading}, {_named(_with_question(sent), len(sent.messages))}")
    else:
        yield Block(sent.text(probe.common), f"{heading}, {pluralize(len(sent.tokens) - probe.common, 'token')}")
    by_order = probe.answer.by_order if isinstance(probe.answer, Answer) else ()
    answer = next((found for found in by_order if found.order == rendered.order), None)
    rows = "\n".join(_labels(probe, rendered, sent, answer))
    yield Block(rows, f"the answers in the {rendered.order} order", aside=True)


def _labels(probe: "LastProbe", rendered: "Rendered", sent: "ExactProbe", answer: OrderAnswer | None) -> Iterator[str]:
    spelled = {each.label: each.tokens for each in sent.labels}
    places = {text: place for place, text in enumerate(probe.question.option_texts)}
    for label, text in zip(rendered.probe.labels, rendered.options, strict=True):
        tokens = ", ".join(f"{written!r} ({number})" for number, written in spelled.get(label, ()))
        share = f"probability {answer.options[places[text]]:.3f}" if answer is not None and text in places else ""
        yield "; ".join(filter(None, (f"{label}. {text}", share, f"tokens {tokens}" if tokens else "")))
    if not sent.labels:
        yield FROM_SERVER
    if answer is not None and answer.label_mass is not None:
        yield f"Refusals together: probability {answer.refusal:.3f}. All letters together: {answer.label_mass:.3f}."


def _in_common(probe: "LastProbe") -> Iterator[Block]:
    """Yield what comes before, which all prompts of the round have in common."""
    (first, *_) = probe.sent
    if first.tokens is not None:
        heading = f"what all {pluralize(probe.prompts, 'prompt')} of the round begin with"
        yield Block(first.text(0, probe.common), f"{heading}, {pluralize(probe.common, 'token')}")
        return
    for place, message in enumerate(first.messages):
        yield Block(message.content, f"in common, {_named(_with_question(first), place)}")


def _with_question(sent: "ExactProbe") -> list[Message]:
    """Return all messages of a probe: the conversation, and the question as the last."""
    return [*sent.messages, Message("user", sent.prompt)]


def on_one_line(text: str) -> str:
    """Return the words of a chat template on one line; line breaks are written as in Python."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")
