"""A trial of a model file in a process of its own, before it is opened in this one.

llama.cpp answers some files with an assertion or an exception that ends the whole process, the conversation with it. No
list of such files can be complete. So a file is loaded, asked for a few tokens and closed in a child process first; if
the child survives, so will we. Over other files llama.cpp never comes to an end: the child has a time limit. A file is
tried once: the result is remembered as its hash is.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from chat_personas.engines.llama.model import file_identity, model_parts, read_cache, write_cache
from chat_personas.engines.llama.worker import InterruptFlag
from eval.engine import EngineError, Percentages, Sampling

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime

_LOOK = 0.02  # seconds between two looks at the child and at the flag
_SECONDS, _BYTES_PER_SECOND = 120, 5_000_000
"""How long a trial may take, and how slow the disk may be on top of that."""
_TELLING = ("GGML_ASSERT(", "what():", "fatal error", "GGML_ABORT")
_PIECES, _DRAWN = 1000, 8
_TRIAL = 2  # a file that passed an easier trial is tried again: recurrent models were not run in the first
_survived: set[str] = set()
"""What was tried in this process."""


def try_model(path: Path, flag: InterruptFlag, cache: Path | None = None) -> None:
    """Load and use the model file `path` in a child process, unless that was done before.

    `cache` is the file that remembers what was tried; see `file_sha256`. Setting `flag` ends the child. Files that fail
    in an orderly way pass: they fail in the same way when they are opened.

    Raises:
        EngineError: the child was ended by llama.cpp or did not end in time, or the loading was cancelled.
    """
    key = _key(path)
    if key in _survived or (cache is not None and key in read_cache(cache)):
        return
    status, said = _run(path, flag)
    if status < 0 or status >= 128:
        raise EngineError(
            f"llama.cpp cannot run {path.name} and ends over it ({_reason(status, said)}); use another file"
        )
    _survived.add(key)
    if cache is not None and status == 0:
        with suppress(OSError):  # such as a full disk: the file is tried again next time
            write_cache(cache, read_cache(cache) | {key: "survived"})


def _key(path: Path) -> str:
    parts = "+".join(file_identity(part.stat()) for part in model_parts(path))
    return f"tried-{_TRIAL}-{version('llama_cpp_python')}-{parts}"


def seconds_allowed(path: Path) -> int:
    """Return how many seconds a trial of the model file `path`, with all its parts, may take."""
    return _SECONDS + sum(part.stat().st_size for part in model_parts(path)) // _BYTES_PER_SECOND


def _command(path: Path) -> list[str]:
    # -P: a folder of the person's own that is called `eval` must not be taken for ours.
    return [sys.executable, "-P", "-c", f"from {__name__} import main; main()", str(path)]


def _run(path: Path, flag: InterruptFlag) -> tuple[int, str]:
    """Return the exit status of the child, negative if a signal ended it, and what it wrote.

    Raises:
        EngineError: it did not end in time, or `flag` was set. It is ended then, with all that it has started.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "GGML_NO_BACKTRACE": "1"}
    child = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
        _command(path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C is for us: we end the child
        errors="replace",
    )
    allowed = seconds_allowed(path)
    end = monotonic() + allowed
    try:
        while not flag.is_set():
            with suppress(subprocess.TimeoutExpired):
                _, said = child.communicate(timeout=_LOOK)
                return child.returncode, said
            if monotonic() >= end:
                raise EngineError(
                    f"llama.cpp does not come to an end with {path.name}: it was given {allowed:,} seconds; "
                    "use another file"
                )
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    raise EngineError("loading the model was cancelled")


def _reason(status: int, said: str) -> str:
    """Return in a few words why the child ended."""
    for line in said.splitlines():
        for sign in _TELLING:
            if sign in line:
                return line[line.index(sign) :].removeprefix("what():").strip()[:120]
    try:
        name = signal.Signals(-status).name
        return f"{name}, perhaps because memory is short" if name == "SIGKILL" else name
    except ValueError:
        return f"status {status}"


def main() -> None:
    """Try the model file that the command line names; for the child process."""
    _limit_process(Path(sys.argv[1]))
    from chat_personas.engines.llama.runtime import Options, load_runtime

    try:
        runtime = load_runtime(Path(sys.argv[1]), Options(context_length=64, batch=32, sequences=4), InterruptFlag())
    except EngineError:
        return
    with suppress(EngineError):
        _use(runtime)
    runtime.close()


def _use(runtime: "Runtime") -> None:
    """Use everything of llama.cpp that a conversation and its probes use, once."""
    from chat_personas.engines.llama.generation import Sampler

    vocabulary, memory, context = runtime.vocabulary, runtime.memory, runtime.context
    for token in range(0, vocabulary.size, max(1, vocabulary.size // _PIECES)):
        vocabulary.piece(token, special=True)
    texts = ["Answer with a letter.\n", "".join(map(chr, range(1, 256))), "\u2013\u4f60\u597d\U0001f600"]
    tokens = [
        token for text in texts for special in (False, True) for token in vocabulary.tokenise(text, special=special)
    ]
    memory.set_conversation(tokens[:12] or [0])
    memory.hold((*memory.conversation, *memory.conversation))
    for sampling in (Sampling(), Sampling(constraint=Percentages(("A", "B")))):
        with Sampler(sampling, 0, vocabulary) as sampler:
            for _ in range(_DRAWN):
                token = sampler.draw(context.check_drawable(memory.row), memory.row)
                memory.extend_conversation([token])


def _limit_process(path: Path) -> None:
    """Let this process leave no core file, and end it by itself if whoever started it has died meanwhile."""
    with suppress(ImportError, OSError, ValueError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        most = seconds_allowed(path) * (os.cpu_count() or 1)
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
