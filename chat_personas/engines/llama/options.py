"""How a model is run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What can be chosen when a model is loaded.

    `context_length`: tokens of one conversation; default the model's own, at most 8192. `threads`: default the physical
    cores. `flash_attention` is faster on the CPU, but results then depend more on how tokens are split into batches.
    `batch`: tokens of one decode; more than 256 are no faster, since branches in one decode also compute attention
    to each other that is then masked. `sequences`: the conversation, the spine, and the branches that one decode may
    end (3 to 256).
    """

    context_length: int | None = None
    threads: int | None = None
    flash_attention: bool = False
    batch: int = 256
    sequences: int = 64

    def __post_init__(self) -> None:
        """Raise ValueError for values that llama.cpp would not survive."""
        if self.context_length is not None and self.context_length < 16:
            raise ValueError("context_length must be at least 16")
        if self.threads is not None and not 1 <= self.threads <= 512:
            raise ValueError("threads must be 1 to 512")
        if not 1 <= self.batch <= 8192 or not 3 <= self.sequences <= 256:
            raise ValueError("batch must be 1 to 8192, sequences 3 to 256")
