"""Everything that the worker thread owns once a model is loaded."""

from dataclasses import dataclass
from pathlib import Path

from chat_personas.engines.llama.context import Context, ContextSize
from chat_personas.engines.llama.interrupt import InterruptFlag
from chat_personas.engines.llama.labels import Labels
from chat_personas.engines.llama.memory import Memory
from chat_personas.engines.llama.model import Model
from chat_personas.engines.llama.options import Options
from chat_personas.engines.llama.prompt import Prompter
from chat_personas.engines.llama.template import CHATML, ChatTemplate
from chat_personas.engines.llama.threads import physical_cores
from chat_personas.engines.llama.vocabulary import Vocabulary

_LARGEST_DEFAULT_CONTEXT = 8192
_LARGEST_ROOM_FOR_BRANCHES = 2048


@dataclass(frozen=True, slots=True)
class Runtime:
    """A loaded model and its context. To be used by the worker thread only.

    `context_length` is the most tokens that one conversation or one probe with its prefix may have; the cache has
    more cells than that, for branches beside a full conversation.
    """

    model: Model
    context: Context
    vocabulary: Vocabulary
    template: ChatTemplate
    prompter: Prompter
    labels: Labels
    memory: Memory
    context_length: int
    threads: int

    @property
    def longer_context(self) -> str:
        """What to do for a longer context, as the end of an error: a setting helps only below the model's own limit."""
        limit = self.model.trained_context
        if self.context_length < limit:
            return f"raise context_length in the settings (this model takes up to {limit} tokens)"
        return f"take a model with a longer context (this one was trained for {limit} tokens and takes no more)"

    def close(self) -> None:
        """Free context and weights."""
        self.context.close()
        self.model.close()


def load_runtime(path: Path, options: Options, flag: InterruptFlag) -> Runtime:
    """Load a model file and make a context for it; `flag` stops the loading, and later every decode.

    Raises:
        EngineError: the file is no model that can be run here, its template is not valid, or memory is short.
    """
    model = Model(path, flag)
    try:
        return _with_context(model, options, flag)
    except BaseException:
        model.close()
        raise


def _with_context(model: Model, options: Options, flag: InterruptFlag) -> Runtime:
    vocabulary = Vocabulary(model.pointer)
    template = ChatTemplate(
        model.chat_template or CHATML,
        begin=vocabulary.spelling(vocabulary.begin),
        end=vocabulary.spelling(vocabulary.end),
    )
    length = options.context_length or min(model.trained_context, _LARGEST_DEFAULT_CONTEXT)
    length = min(length, model.trained_context)
    threads = options.threads or physical_cores()
    cells = length + min(length, _LARGEST_ROOM_FOR_BRANCHES)
    context = Context(
        model.pointer,
        ContextSize(cells, min(options.batch, cells), options.sequences),
        vocabulary=vocabulary.size,
        threads=threads,
        flash_attention=options.flash_attention,
        full_precision=model.full_precision,
        flag=flag,
    )
    return Runtime(
        model=model,
        context=context,
        vocabulary=vocabulary,
        template=template,
        prompter=Prompter(vocabulary, template),
        labels=Labels(vocabulary),
        memory=Memory(context),
        context_length=length,
        threads=threads,
    )
