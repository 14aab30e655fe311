"""The weights, as llama.cpp holds them, and what the file says about itself."""

import ctypes
from pathlib import Path
from typing import Any

from chat_personas.engines.llama.interrupt import InterruptFlag
from chat_personas.engines.llama.library import native
from chat_personas.engines.llama.model_file import check_model_file, cut_off
from chat_personas.engines.llama.native_log import heard_errors
from eval.engine import EngineError

_SIGNS_OF_DAMAGE = (
    "file bounds",
    "corrupt",
    "incomplete",
    "truncated",
    "failed to read",
    "unexpectedly reached",
    "read error",
)


class Model:
    """A model file loaded by llama.cpp. `pointer` is for this package's other wrappers."""

    def __init__(self, path: Path, flag: InterruptFlag) -> None:
        """Load `path`; setting `flag` from another thread stops it.

        Raises:
            EngineError: the file is no model that can be run here, or the loading was cancelled.
        """
        check_model_file(path)
        library = native()
        self._library = library
        # Keep a reference: ctypes would free the callback while llama.cpp still calls it.
        self._progress = library.llama_progress_callback(lambda _done, _data: not flag.is_set())
        parameters = library.llama_model_default_params()
        parameters.progress_callback = self._progress
        # llama.cpp's AMX kernels crash the process on quantised weights (its issue 20824; seen here with 0.3.36).
        parameters.use_extra_bufts = b"AMX_INT8 = 1" not in library.llama_print_system_info()
        with heard_errors() as errors:
            self.pointer: Any = library.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.pointer:
            raise _failure(path.name, errors, cancelled=flag.is_set())
        self._refuse_what_cannot_branch(path.name)

    def close(self) -> None:
        """Free the weights; contexts made from them must be closed before."""
        if self.pointer:
            self._library.llama_model_free(self.pointer)
            self.pointer = None

    @property
    def trained_context(self) -> int:
        """How many tokens of context the model was trained for."""
        return int(self._library.llama_model_n_ctx_train(self.pointer))

    @property
    def parameters(self) -> int:
        """How many weights there are."""
        return int(self._library.llama_model_n_params(self.pointer))

    @property
    def quantization(self) -> str:
        """How the weights are stored, such as "Q4_K - Medium" or "all F32"."""
        name = self._library.llama_ftype_name(self._library.llama_model_ftype(self.pointer))
        return name.decode("utf-8", "replace") if name else "unknown"

    @property
    def full_precision(self) -> bool:
        """Whether all weights are f32."""
        return bool(self._library.llama_model_ftype(self.pointer) == self._library.LLAMA_FTYPE_ALL_F32)

    @property
    def chat_template(self) -> str | None:
        """The Jinja template in the file, if there is one."""
        text = self._library.llama_model_chat_template(self.pointer, None)
        return text.decode("utf-8", "replace") if text else None

    def metadata(self, key: str) -> str | None:
        """Return a scalar entry of the file's metadata as text, or None."""
        length = self._library.llama_model_meta_val_str(self.pointer, key.encode(), None, 0)
        if length < 0:
            return None
        buffer = ctypes.create_string_buffer(length + 1)
        self._library.llama_model_meta_val_str(self.pointer, key.encode(), buffer, length + 1)
        return buffer.value.decode("utf-8", "replace")

    def _refuse_what_cannot_branch(self, name: str) -> None:
        """Raise EngineError for models whose state is no list of tokens: probing them would change the conversation."""
        library, pointer = self._library, self.pointer
        running = library.llama_model_is_recurrent(pointer) or library.llama_model_is_hybrid(pointer)
        if running or library.llama_model_has_encoder(pointer) or library.llama_model_is_diffusion(pointer):
            self.close()
            kind = "a model with a running state" if running else "no plain decoder"
            raise EngineError(
                f"{name} is {kind}, which cannot be measured in branches here; run it on a server instead"
            )


def _failure(name: str, errors: list[str], *, cancelled: bool) -> EngineError:
    """Say in one line why llama.cpp gave no model."""
    if cancelled:
        return EngineError("loading the model was cancelled")
    said = " ".join(errors)
    if any(sign in said for sign in _SIGNS_OF_DAMAGE):
        return cut_off(name)
    first = errors[0].split(": ", 1)[-1] if errors else "it gave no reason"
    return EngineError(f"llama.cpp cannot load {name}: {first[:200]}")
