"""The one interface through which a language model is asked anything.

`eval` knows a model only as an `Engine`. The application's engines (embedded llama.cpp, OpenAI-compatible servers)
implement it; a researcher may bring another. `eval` owns messages, the engine owns template and tokens. An engine that
cannot do something says so in its `EngineInfo`; it never pretends. `ReadsAhead` is for engines that can also read a
conversation before its next message.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from personas.errors import ReportedError

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "filtered", "cancelled"]
"""Why a reply ended: the model ended it, it was as long as it may be, a content filter cut it off, a person did."""
LogProbabilities = Literal["exact", "top_k", "none"]
Constraints = Literal["grammar", "json_schema", "json_object", "none", "unknown"]
PromptFormat = Literal["template", "plain"]
Order = str
"""How the options of a question are shown: `survey`, `reversed`, `rotated-1`…, `shuffled-1`…; see `eval.orders`."""
ORDERS: tuple[Order, Order] = ("survey", "reversed")
"""The orders in which the options of a question are shown by default."""


class EngineError(ReportedError):
    """The model or the server failed. The message is one line that says what is wrong and what to do."""

    exit_code = 3


class EnvironmentVariableError(EngineError):
    """A variable of the environment keeps a model from being loaded or reached: wrong input. The message names it."""

    exit_code = 2


class RequestError(EngineError):
    """This one request failed; others may not."""


class TooLongError(RequestError):
    """The last message is too long for the model's context, whatever is left out before it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a context, as chat templates know it.

    `speakers` are the names before the words in it (`A Democrat: ...`), where several people speak in one role: before
    such a name a reply in plain text ends.
    """

    role: Role
    content: str
    speakers: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Percentages:
    """A reply that is a JSON object with these keys in this order, each with a whole number from 0 to 100."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is drawn from the model.

    `temperature` 0 is greedy decoding; `seed` None lets the engine draw one, and the engine reports it in `Usage`.
    An engine keeps the reply to `constraint` if it can (`EngineInfo.constraints`), and otherwise ignores it: the reader
    of the reply has to check it.
    """

    temperature: float = 0.7
    top_p: float = 0.95
    max_tokens: int = 400
    seed: int | None = None
    constraint: Percentages | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of a reply: tokens (None if a server does not say), and seconds of wall-clock time.

    `decoded_tokens` are those of the reply, with its thoughts; without those that a server keeps to itself.
    """

    prompt_tokens: int | None
    reused_tokens: int | None
    decoded_tokens: int | None
    seconds: float
    first_token_seconds: float | None = None
    seed: int | None = None

    @property
    def context_tokens(self) -> int | None:
        """The tokens of prompt and reply together; None if a server does not say.

        The next prompt begins with them, unless the model thought: its thoughts are among them, and not given back.
        """
        known = self.prompt_tokens is not None and self.decoded_tokens is not None
        return (self.prompt_tokens or 0) + (self.decoded_tokens or 0) if known else None


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a reply as it is generated.

    The last piece of a reply that ended properly carries `finish_reason` (its text may be empty). A stream
    that ends without one was interrupted. `dropped_messages` counts the oldest messages that the engine left
    out because the conversation is longer than the context; the first piece carries it. `thought` is what the model
    thinks before it replies: it is not part of the reply, and is not given back to the model.

    `recalls`: all `text` of the pieces before was such a thought, and the `thought` of this piece is the rest of it. Of
    some servers' thoughts only the end is marked.
    """

    text: str
    finish_reason: FinishReason | None = None
    dropped_messages: int = 0
    usage: Usage | None = None
    thought: str = ""
    recalls: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """One survey question in one option order, ready to be put to a model as a user's turn.

    `key` identifies it in the answers and is unique within one `score` call. `labels` are the answer labels in the
    order in which they are printed. They have no variants: the engine knows which of its tokens (`"A"`, `" A"`) count.

    With `texts` the labels are whole answers of one or more tokens, and each is scored as the reply: by the mean
    log-probability of its tokens. An engine that can do this says so in `EngineInfo.scores_texts`; another one fails
    such probes.

    `plain` is the whole text of the same question for a model that continues text and knows no turns: the answer comes
    next. None: an engine makes it from the prompt.
    """

    key: str
    prompt: str
    labels: tuple[str, ...]
    texts: bool = False
    plain: str | None = None


@dataclass(frozen=True, slots=True)
class LabelScore:
    """Bounds on the natural logarithm of the probability that the answer begins with a label.

    All token variants of the label are summed. Equal bounds: exact. If a server shows only its k likeliest tokens, a
    label that is not among them has bounds: `lower` is -inf and `upper` the most that can be left for it.

    For a whole text (`Probe.texts`) both bounds are the mean, over its tokens, of the logarithm of the probability of
    each after those before it; what comes after the text does not count.
    """

    label: str
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class ProbeScore:
    """A model's answer to one probe.

    Attributes:
        key: that of the probe.
        labels: bounds for each label; empty if there is no answer.
        label_mass: the probability of all labels together, from the lower bounds; 0 to 1. None for whole texts, since
            a mean per token is not a probability of the answer.
        failure: one line that says why there is no answer.
        tokens_decoded: this probe's own share of the tokens that were decoded.
        tokens_reused: the tokens that were in the cache already.
        dropped_messages: the oldest messages of the prefix that were left out because of the context's length.
    """

    key: str
    labels: tuple[LabelScore, ...]
    label_mass: float | None
    failure: str | None = None
    tokens_decoded: int = 0
    tokens_reused: int = 0
    dropped_messages: int = 0


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What the engine is and what it can do; recorded with every generation and measurement.

    Attributes:
        name: the model as a person knows it, never a home path and never an address with user, password or query.
        engine: the kind of engine.
        sha256: that of the model file; None for servers.
        quantization: how the weights are stored, such as "Q4_K - Medium".
        context_length: tokens of one conversation.
        template_sha256: that of the chat template.
        template: what is used in place of the chat template in the model file: `chatml`, `plain`, or the base name of a
            file; None where nothing is.
        template_date: the day (ISO 8601) that the chat template writes into prompts, None if it writes none.
        prompt_format: whether it is asked through a chat template, or in plain text as a base model, which continues
            text; None if not known.
        flash_attention: whether it is on.
        log_probabilities: whether probes can be scored: exactly, from the likeliest tokens only, or not.
        top_k: how many of the likeliest tokens a server shows.
        scores_texts: whether whole texts can be scored as replies (`Probe.texts`).
        constraints: how replies are kept to a form: by a grammar, by one kind of a server's `response_format`, not at
            all, or unknown before a reply first needs a form.
        requests_at_once: the most requests it may have under way; it limits itself to what the model can handle.
        interventions: what changes its hidden states: the keys of `eval.interventions.Intervention`.
        intervention_kinds: which kinds of `eval.interventions.Intervention` it can be put under; empty for a server
            before one was tried on it.
        local: False if probing sends the conversation to another machine; the person must then confirm it.
        demonstration: whether the model's scores mean nothing about real people.
        recurrent: whether its layers, or some of them, keep one state for all that they have read (Mamba, RWKV,
            hybrids): then probes are decoded one after the other, which is slower.
        details: what else tells this model, or this way of running it, from another.
    """

    name: str
    engine: Literal["llama", "openai"] | str
    sha256: str | None = None
    quantization: str | None = None
    context_length: int | None = None
    template_sha256: str | None = None
    template_date: str | None = None
    flash_attention: bool | None = None
    log_probabilities: LogProbabilities = "none"
    top_k: int | None = None
    constraints: Constraints = "none"
    requests_at_once: int = 1
    interventions: tuple[str, ...] = ()
    intervention_kinds: tuple[str, ...] = ()
    local: bool = True
    demonstration: bool = False
    scores_texts: bool = False
    prompt_format: PromptFormat | None = None
    template: str | None = None
    recurrent: bool = False
    details: dict[str, str] = field(default_factory=dict)

    @property
    def given_template(self) -> str | None:
        """The chat template through which a person has it asked, as `template`; None where it is asked as usual."""
        return self.template if self.prompt_format == "template" else None

    @property
    def is_server(self) -> bool:
        """Whether the model answers over HTTP, on this machine or another."""
        return self.engine == "openai"

    @property
    def label_shares(self) -> str | None:
        """How the probabilities of answer labels are obtained, None if they are not.

        `exact`; or `top K`, from the K likeliest tokens that a server shows, and bounded where it shows too few. A
        server that can be asked for more where the bounds are wide has a second part: `, N alternatives where unsure`,
        or the parameter that names the labels' own tokens, as `, logprob_token_ids where unsure`.
        """
        if self.log_probabilities != "top_k":
            return None if self.log_probabilities == "none" else "exact"
        many, way = (self.details.get(f"{what} where unsure") for what in ("alternatives", "labels"))
        more = f"{many} alternatives" if many else way
        return f"top {self.top_k}" + (f", {more} where unsure" if more else "")

    @property
    def build(self) -> str | None:
        """What computes the answers here: the versions of llama.cpp, and the features of the processor."""
        known = [f"{name} {self.details[name]}" for name in _BUILD if name in self.details]
        return ", ".join(known) or None


_BUILD = ("llama.cpp", "llama-cpp-python", "processor")


@runtime_checkable
class Engine(Protocol):
    """A language model that can talk and be measured. Every call is asynchronous and may be cancelled."""

    @property
    def info(self) -> EngineInfo:
        """What the engine is and can do."""
        ...

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        """Reply to `messages`, piece by piece. Closing the generator stops the model; use `contextlib.aclosing`.

        Raises:
            TooLongError: before the first piece; the last message does not fit into the context.
            EngineError: the model or the server failed.
        """
        ...

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        """Return `n` whole replies to `messages`, drawn independently; reply i uses seed + i when a seed is given.

        Raises:
            RequestError: these messages could not be answered; others may be.
            EngineError: the model or the server failed.
        """
        ...

    def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        """Ask each probe on a branch after `prefix`; yield each score as it is known, in any order.

        The conversation that the engine holds is left as it was. Closing the generator stops the engine; use
        `contextlib.aclosing`.

        Raises:
            EngineError: the model or the server failed as a whole; what fails for one probe is in its `failure`.
        """
        ...

    async def close(self) -> None:
        """Free the model, its threads and connections."""
        ...


@runtime_checkable
class ReadsAhead(Protocol):
    """An engine that keeps a conversation in its cache: the next reply begins sooner if it was read ahead."""

    async def read_ahead(self, messages: Sequence[Message], sampling: Sampling) -> None:
        """Read `messages` as far as a reply with `sampling` would have to; a reply asked for meanwhile goes first.

        Raises:
            EngineError: the model failed, or was closed.
        """
        ...
