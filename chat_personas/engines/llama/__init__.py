"""A GGUF file, run in this process by llama.cpp.

Importing this package loads no native library; `LlamaEngine.open` does, in the thread that then owns the model.
"""

from chat_personas.engines.llama.engine import LlamaEngine

__all__ = ["LlamaEngine"]
