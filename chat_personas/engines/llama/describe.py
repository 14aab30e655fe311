"""What is recorded about an embedded model."""

from pathlib import Path

from chat_personas.engines.llama.library import native
from chat_personas.engines.llama.model_file import file_sha256
from chat_personas.engines.llama.options import Options
from chat_personas.engines.llama.runtime import Runtime
from eval.engine import EngineInfo


def describe(runtime: Runtime, path: Path, name: str | None, options: Options, hash_cache: Path | None) -> EngineInfo:
    """Return the engine's description; reads the whole file for its hash unless `hash_cache` knows it.

    A model whose file calls itself a demonstration (in its name or description) is marked as one.
    """
    model = runtime.model
    says = " ".join(filter(None, (model.metadata("general.name"), model.metadata("general.description")))).lower()
    return EngineInfo(
        name=name or path.stem,
        engine="llama",
        sha256=file_sha256(path, hash_cache),
        quantization=model.quantization,
        context_length=runtime.context_length,
        template_sha256=runtime.template.sha256,
        template_date=runtime.template.date,
        flash_attention=options.flash_attention,
        log_probabilities="exact",
        constraints="grammar" if runtime.vocabulary.can_constrain else "none",
        local=True,
        demonstration="demonstration" in says,
        details={
            "llama.cpp": native().llama_version().decode(),
            "architecture": model.metadata("general.architecture") or "unknown",
            "parameters": str(model.parameters),
            "threads": str(runtime.threads),
            "batch": str(runtime.context.size.batch),
            "chat_template": "from the file" if model.chat_template else "assumed (ChatML)",
        },
    )
