"""A model that is loaded and ready: everything that the worker thread owns, and how it is loaded."""

import re
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from string import ascii_lowercase, digits

from chat_personas.engines.llama.bindings import native, physical_cores, processor_features
from chat_personas.engines.llama.context import Context, ContextSize
from chat_personas.engines.llama.hidden_states.residual_stream import ResidualStream
from chat_personas.engines.llama.hidden_states.steered_contexts import SteeredContexts, intervention_kinds
from chat_personas.engines.llama.model import Model, model_sha256
from chat_personas.engines.llama.prompt import RENDERING_VERSION, Prompter
from chat_personas.engines.llama.recurrent import SEQUENCES, RecurrentMemory
from chat_personas.engines.llama.template import (
    AFTER_TRANSCRIPT,
    PLAIN,
    PLAIN_STOPS,
    TRANSCRIPT,
    TRANSCRIPT_STOPS,
    ChatTemplate,
)
from chat_personas.engines.llama.token_cache import Memory, SequenceMemory
from chat_personas.engines.llama.vocabulary import LabelScorer, Vocabulary
from chat_personas.engines.llama.worker import InterruptFlag
from eval.engine import EngineError, EngineInfo, Probe, PromptFormat
from eval.interventions import Interventions

_LARGEST_DEFAULT_CONTEXT = 8192
_LARGEST_ROOM_FOR_BRANCHES = 2048


@dataclass(frozen=True, slots=True)
class Options:
    """The choices when a model is loaded.

    Attributes:
        context_length: tokens of one conversation; default the model's own, at most 8192.
        threads: default the physical cores.
        flash_attention: faster on the CPU, but then results depend more on how tokens are split into batches.
        batch: tokens of one decode. More than 256 are no faster: branches in one decode also compute attention to each
            other, which is then masked.
        template: a Jinja chat template in place of that in the file; empty for plain text, as a base model.
        sequences: the conversation, the spine, and the branches that may end in one decode (3 to 256); a recurrent
            model has no branches.
    """

    context_length: int | None = None
    threads: int | None = None
    flash_attention: bool = False
    batch: int = 256
    sequences: int = 64
    template: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for values that llama.cpp would not survive."""
        if self.context_length is not None and self.context_length < 16:
            raise ValueError("context_length must be at least 16")
        if self.threads is not None and not 1 <= self.threads <= 512:
            raise ValueError("threads must be 1 to 512")
        if not 1 <= self.batch <= 8192 or not 3 <= self.sequences <= 256:
            raise ValueError("batch must be 1 to 8192, sequences 3 to 256")


_CHANGED = "changed by the chat template; one that spells a control token is refused"


@dataclass(frozen=True, slots=True)
class Runtime:
    """A loaded model and its context, for the worker thread only.

    `context_length` is how many tokens one conversation, or one probe with its prefix, may have. The cache has more
    cells than that, for branches beside a full conversation.

    A model without a chat template continues text. So `prompter` gives it a conversation as a transcript, with probes
    as questions in plain text after it; and `texts_prompter` gives it questions and answers alone, for whole texts and
    for replies out of band. With a chat template they are one.
    """

    model: Model
    context: Context
    vocabulary: Vocabulary
    template: ChatTemplate
    prompter: Prompter
    texts_prompter: Prompter
    labels: LabelScorer
    memory: Memory
    steered: SteeredContexts
    context_length: int
    threads: int
    flash_attention: bool
    template_given: bool

    def under(self, interventions: Interventions) -> "Runtime":
        """Return this model with a context whose hidden states are changed so; without interventions itself."""
        if not interventions:
            return self
        context, memory = self.steered.under(interventions)
        return replace(self, context=context, memory=memory)

    @property
    def prompt_format(self) -> PromptFormat:
        """How the model is asked."""
        return "template" if self.texts_prompter is self.prompter else "plain"

    def prompt_of(self, probe: Probe) -> str:
        """Return the text of a probe in the form in which this model is asked."""
        return probe.plain if self.prompt_format == "plain" and probe.plain else probe.prompt

    @property
    def longer_context(self) -> str:
        """How to get a longer context, as the end of an error: a setting helps only below the model's own limit."""
        limit = self.model.trained_context
        if self.context_length < limit:
            return f"raise context_length in the settings (this model takes up to {limit:,} tokens)"
        return f"use a model with a longer context (this one was trained for {limit:,} tokens and takes no more)"

    def describe(self, path: Path, name: str | None, hash_cache: Path | None) -> EngineInfo:
        """Return the record of this model; reads the whole file for its hash unless `hash_cache` has it.

        A model whose file calls itself a demonstration (in its name or description) is marked as one.
        """
        model = self.model
        says = " ".join(filter(None, (model.metadata("general.name"), model.metadata("general.description")))).lower()
        return EngineInfo(
            name=name or path.stem,
            engine="llama",
            sha256=model_sha256(path, hash_cache),
            quantization=model.quantization,
            context_length=self.context_length,
            template_sha256=self.template.sha256,
            template_date=self.template.date,
            prompt_format=self.prompt_format,
            recurrent=model.recurrent,
            flash_attention=self.flash_attention,
            log_probabilities="exact",
            scores_texts=True,
            constraints="grammar" if self.vocabulary.can_constrain else "none",
            intervention_kinds=intervention_kinds(model.shape.architecture),
            local=True,
            demonstration="demonstration" in says,
            details={
                "llama.cpp": native().llama_version().decode(),
                "llama-cpp-python": version("llama_cpp_python"),
                "processor": processor_features(),
                "architecture": model.metadata("general.architecture") or "unknown",
                "parameters": str(model.parameters),
                "threads": str(self.threads),
                "batch": str(self.context.size.batch),
                "prompt_rendering": str(RENDERING_VERSION),
                "chat_template": self._template_described(),
                **({} if self.template.keeps_apart else {"messages": _CHANGED}),
                **self._where_replies_end(),
            },
        )

    def _where_replies_end(self) -> dict[str, str]:
        """Say where a reply ends beside the model's own tokens, which tells remembered replies from earlier ones."""
        stops = self.prompter.stops if self.prompt_format == "template" else ()
        return {"replies_end_at": " ".join(stop.strip() for stop in stops)} if stops else {}

    def _template_described(self) -> str:
        if self.template_given:
            return "from the settings" if self.prompt_format == "template" else "none, by the settings; plain text"
        if self.model.chat_template:
            return "from the file"
        others = ", ".join(self.model.named_templates)
        return f"none for conversations (only {others}); plain text" if others else "none; plain text"

    def close(self) -> None:
        """Free contexts and weights."""
        self.steered.close()
        self.context.close()
        self.model.close()


def load_runtime(path: Path, options: Options, flag: InterruptFlag) -> Runtime:
    """Load a model file and make a context for it; `flag` stops the loading, and later every decode.

    Raises:
        EngineError: the file is not a model that can be run here, its template is not valid, or memory is short.
    """
    model = Model(path, flag)
    try:
        return _with_context(model, options, flag)
    except BaseException:
        model.close()
        raise


_MARK = re.compile(r"<[^<>\s]+>|\[[^\[\]\s]+\]")


def _ends_of_turns(vocabulary: Vocabulary, template: ChatTemplate) -> tuple[str, ...]:
    """Return the texts that end a reply, where the template ends a turn in words, and not by a token of this model.

    ChatML does so in a model that lacks its tokens, and the templates of some older models in every one. What they
    write between turns is then text like any other, which the model goes on writing. Each line of it is such a text: a
    mark such as `<|im_start|>`, whatever follows it, or words such as `USER:` where a line begins.
    """
    written = template.after_reply
    if vocabulary.control.search(written) is not None:
        return ()
    lines = [line.strip() for line in written.splitlines()]
    marks = ((line, _MARK.match(line)) for line in filter(None, lines))
    return tuple(dict.fromkeys(f"\n{line}" if mark is None else mark[0] for line, mark in marks))


def _with_context(model: Model, options: Options, flag: InterruptFlag) -> Runtime:
    vocabulary = Vocabulary(model.pointer)
    begin, end = vocabulary.spelling(vocabulary.begin), vocabulary.spelling(vocabulary.end)

    def form(source: str) -> ChatTemplate:
        return ChatTemplate(source, begin=begin, end=end)

    source = model.chat_template if options.template is None else options.template
    template = form(source or TRANSCRIPT)
    if source:
        prompter = texts = Prompter(vocabulary, template, stops=_ends_of_turns(vocabulary, template))
    else:
        prompter = Prompter(vocabulary, template, stops=TRANSCRIPT_STOPS, question=form(AFTER_TRANSCRIPT))
        texts = Prompter(vocabulary, form(PLAIN), stops=PLAIN_STOPS)
    template.check()
    if lost := vocabulary.cannot_spell(ascii_lowercase + digits):
        raise EngineError(
            f"the model's vocabulary has no tokens for {' '.join(lost)}, so that questions would not reach it whole; "
            "use another model"
        )
    length = options.context_length or min(model.trained_context, _LARGEST_DEFAULT_CONTEXT)
    length = min(length, model.trained_context)
    threads = options.threads or physical_cores()
    cells = length + min(length, _LARGEST_ROOM_FOR_BRANCHES)

    def new_context(residual: ResidualStream | None = None) -> Context:
        return Context(
            model.pointer,
            ContextSize(cells, min(options.batch, cells), SEQUENCES if model.recurrent else options.sequences),
            vocabulary=vocabulary.size,
            threads=threads,
            flash_attention=options.flash_attention,
            full_precision=model.full_precision,
            flag=flag,
            residual=residual,
        )

    remember = RecurrentMemory if model.recurrent else SequenceMemory
    context = new_context()
    return Runtime(
        model=model,
        context=context,
        vocabulary=vocabulary,
        template=template,
        prompter=prompter,
        texts_prompter=texts,
        labels=LabelScorer(vocabulary),
        memory=remember(context),
        steered=SteeredContexts(model.shape, new_context, remember),
        context_length=length,
        threads=threads,
        flash_attention=options.flash_attention,
        template_given=options.template is not None,
    )
