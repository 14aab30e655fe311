"""Opening a model: what is said about it, and about files that are none."""

import asyncio
import hashlib
import json
import os
import random
import subprocess
import sys
import threading
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import gguf
import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama import model as model_module
from chat_personas.engines.llama.bindings import physical_cores
from chat_personas.engines.llama.model import check_model_file, file_sha256, model_sha256
from chat_personas.engines.llama.runtime import Options
from eval.engine import Engine, EngineError
from tests.engines.llama import tiny
from tests.engines.llama.tiny import TEMPLATE, write_tiny_model


def printed(code: str, *arguments: Path) -> list[str]:
    """Run `code` in a process of its own and return the lines that it prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_importing_the_engine_loads_no_native_library() -> None:
    code = (
        "import sys, chat_personas.engines, chat_personas.engines.llama;"
        "print([m for m in ('llama_cpp', 'numpy', 'jinja2') if m in sys.modules])"
    )
    assert printed(code) == ["[]"]


def test_a_path_without_a_model_is_noticed_before_anything_slow_is_imported(tmp_path: Path) -> None:
    code = (
        "import asyncio, pathlib, sys\n"
        "from chat_personas.engines.llama import LlamaEngine\n"
        "from eval.engine import EngineError\n"
        "try: asyncio.run(LlamaEngine.open(pathlib.Path(sys.argv[1])))\n"
        "except EngineError as error: print(error)\n"
        "print([m for m in ('llama_cpp', 'numpy', 'jinja2') if m in sys.modules])\n"
    )
    line, imported = printed(code, tmp_path / "none.gguf")
    assert line.startswith("there is no model file none.gguf")
    assert imported == "[]"


async def test_the_engine_says_what_it_is(engine: LlamaEngine, tiny_path: Path) -> None:
    info = engine.info
    assert isinstance(engine, Engine)
    assert (info.name, info.engine, info.quantization, info.context_length) == ("tiny", "llama", "all F32", 512)
    assert info.sha256 == hashlib.sha256(tiny_path.read_bytes()).hexdigest()
    assert info.template_sha256 == hashlib.sha256(TEMPLATE.encode()).hexdigest()
    assert (info.log_probabilities, info.flash_attention, info.local, info.demonstration) == (
        "exact",
        False,
        True,
        False,
    )


async def test_a_model_that_calls_itself_a_demonstration_is_marked_as_one(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "m.gguf", name="Pocket: a demonstration model")
    engine = await LlamaEngine.open(path, name="pocket", context_length=64, flash_attention=True)
    assert engine.info.demonstration
    assert (engine.info.name, engine.info.context_length, engine.info.flash_attention) == ("pocket", 64, True)
    await engine.close()


async def test_a_context_longer_than_the_model_was_trained_for_is_cut_to_that(tiny_path: Path) -> None:
    engine = await LlamaEngine.open(tiny_path, context_length=100_000)
    assert engine.info.context_length == 512
    await engine.close()


async def test_nothing_reaches_the_terminal(tiny_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    engine = await LlamaEngine.open(tiny_path)
    await engine.close()
    with pytest.raises(EngineError):
        await LlamaEngine.open(tiny_path.with_name("none.gguf"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"GGUF\x03\x00", "cut off"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"PK\x03\x04" + bytes(100), "convert"),
        (b"nothing of the kind at all", "not a GGUF model file"),
        (b"GGUF" + (99).to_bytes(4, "little") + bytes(16), "version 99"),
        (b"GGUF" + (3).to_bytes(4, "little") + bytes(16), "no weights"),
    ],
)
async def test_a_file_that_is_no_model_is_one_line_that_names_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    path = tmp_path / "odd.gguf"
    path.write_bytes(content)
    with pytest.raises(EngineError, match=said) as caught:
        await LlamaEngine.open(path)
    line = str(caught.value)
    assert "odd.gguf" in line
    assert str(tmp_path) not in line
    assert "\n" not in line
    assert capfd.readouterr().err == ""


async def test_a_missing_file_or_a_directory_is_one_line(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none.gguf", "there is no model file none.gguf"), (tmp_path, "directory")):
        with pytest.raises(EngineError, match=said):
            await LlamaEngine.open(path)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(3, 12), marks=pytest.mark.slow)], ids=["few", "many"])
async def test_a_file_cut_off_anywhere_is_one_line_and_no_crash(
    tiny_path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], seeds: range
) -> None:
    whole = tiny_path.read_bytes()
    lengths = [random.Random(seed).randrange(len(whole)) for seed in seeds]
    for length in (30, 200, 3000, *lengths, len(whole) - 1):
        path = tmp_path / "short.gguf"
        path.write_bytes(whole[:length])
        with pytest.raises(EngineError, match=r"short\.gguf") as caught:
            await LlamaEngine.open(path)
        assert "download it again" in str(caught.value), length
    assert capfd.readouterr().err == ""


async def test_a_file_of_noise_behind_a_good_header_is_one_line_and_no_crash(tiny_path: Path, tmp_path: Path) -> None:
    whole = tiny_path.read_bytes()
    path = tmp_path / "noise.gguf"
    path.write_bytes(whole[:24] + random.Random(0).randbytes(len(whole)))
    with pytest.raises(EngineError, match=r"noise\.gguf"):
        await LlamaEngine.open(path)


async def test_cancelling_the_loading_ends_its_thread(tiny_path: Path) -> None:
    before = {thread for thread in threading.enumerate() if thread.name == "llama"}
    opening = asyncio.create_task(LlamaEngine.open(tiny_path))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    for thread in {thread for thread in threading.enumerate() if thread.name == "llama"} - before:
        await asyncio.to_thread(thread.join, 30)
        assert not thread.is_alive()


async def test_closing_twice_is_allowed_and_ends_the_thread(tiny_path: Path) -> None:
    engine = await LlamaEngine.open(tiny_path)
    await engine.close()
    await engine.close()
    assert not engine._worker._thread.is_alive()


def test_a_hash_is_remembered_until_the_file_changes_and_no_path_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_module, "_WORTH_REMEMBERING", 0)
    model, cache = tmp_path / "model.gguf", tmp_path / "state" / "hashes.json"
    model.write_bytes(b"one")
    first = file_sha256(model, cache)
    assert first == hashlib.sha256(b"one").hexdigest() == file_sha256(model, cache)
    assert "model" not in cache.read_text()
    assert cache.stat().st_mode & 0o777 == 0o600
    model.write_bytes(b"another")
    assert file_sha256(model, cache) == hashlib.sha256(b"another").hexdigest()
    cache.write_text("{damaged")
    assert file_sha256(model, cache) == hashlib.sha256(b"another").hexdigest()


@pytest.mark.parametrize("what", ["deep", "pipe", "device", "list", "no texts"])
def test_whatever_stands_in_the_place_of_the_hashes_the_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(model_module, "_WORTH_REMEMBERING", 0)
    model, cache = tmp_path / "model.gguf", tmp_path / "hashes.json"
    model.write_bytes(b"one")
    if what == "pipe":
        os.mkfifo(cache)
    elif what == "device":
        cache.symlink_to("/dev/zero")
    else:
        key = model_module.file_identity(model.stat())
        cache.write_text({"deep": "[" * 100_000, "list": "[1]", "no texts": json.dumps({key: 1})}[what])
    assert file_sha256(model, cache) == hashlib.sha256(b"one").hexdigest()


def test_a_file_that_was_changed_in_place_has_another_hash_though_its_time_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_module, "_WORTH_REMEMBERING", 0)
    model, cache = tmp_path / "model.gguf", tmp_path / "hashes.json"
    model.write_bytes(b"one")
    before = model.stat()
    file_sha256(model, cache)
    while model.stat().st_ctime_ns == before.st_ctime_ns:  # the clock of the file system is coarse
        with model.open("r+b") as file:
            file.write(b"two")
        os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (model.stat().st_size, model.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert file_sha256(model, cache) == hashlib.sha256(b"two").hexdigest()


def test_split_models_that_differ_in_a_later_part_are_two_models(tmp_path: Path) -> None:
    hashes = set()
    for folder, second in (("a", b"second"), ("b", b"SECOND")):
        first = tmp_path / folder / "qwen-00001-of-00002.gguf"
        first.parent.mkdir()
        first.write_bytes(b"first")
        first.with_name("qwen-00002-of-00002.gguf").write_bytes(second)
        first.with_name("other-00002-of-00002.gguf").write_bytes(folder.encode())
        hashes.add(model_sha256(first))
    assert len(hashes) == 2
    listed = "".join(f"{hashlib.sha256(part).hexdigest()}\n" for part in (b"first", b"second"))
    assert hashlib.sha256(listed.encode()).hexdigest() in hashes
    whole = tmp_path / "a" / "qwen.gguf"
    whole.write_bytes(b"first")
    assert model_sha256(whole) == hashlib.sha256(b"first").hexdigest()


async def test_the_parts_of_a_split_model_are_loaded_and_hashed_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first part holds metadata and no weights, so that it is the same for both models."""
    whole = partial(gguf.GGUFWriter, split_max_tensors=12, small_first_shard=True)
    monkeypatch.setattr(tiny.gguf, "GGUFWriter", whole)
    hashes, firsts = [], set()
    for seed in (0, 1):
        folder = tmp_path / str(seed)
        folder.mkdir()
        write_tiny_model(folder / "m.gguf", seed=seed)
        (first,) = folder.glob("m-00001-of-*.gguf")
        firsts.add(first.read_bytes())
        engine = await LlamaEngine.open(first, context_length=64)
        hashes.append(engine.info.sha256)
        await engine.close()
    assert (len(firsts), len(set(hashes))) == (1, 2)


async def test_the_engine_names_the_build_that_computes_the_answers(engine: LlamaEngine) -> None:
    details = engine.info.details
    assert details["llama-cpp-python"] == version("llama_cpp_python")
    assert details["processor"] == " ".join(details["processor"].split()) != ""
    assert "=" not in details["processor"]
    named = ("llama.cpp", "llama-cpp-python", "processor")
    assert engine.info.build == ", ".join(f"{name} {details[name]}" for name in named)


def test_a_good_header_passes(tiny_path: Path) -> None:
    check_model_file(tiny_path)


def test_options_that_would_crash_are_refused() -> None:
    for options in ({"context_length": 1}, {"threads": 0}, {"batch": 0}, {"sequences": 2}, {"sequences": 257}):
        with pytest.raises(ValueError, match="must be"):
            Options(**options)


def test_at_least_one_core_is_used() -> None:
    assert physical_cores() >= 1


def test_a_program_that_ends_without_closing_ends_quietly(tiny_path: Path) -> None:
    code = (
        "import asyncio, pathlib, sys\n"
        "from chat_personas.engines.llama import LlamaEngine\n"
        "from eval.engine import Message, Sampling\n"
        "async def main():\n"
        "    engine = await LlamaEngine.open(pathlib.Path(sys.argv[1]))\n"
        "    stream = engine.stream([Message('user', 'Hello')], Sampling(max_tokens=400))\n"
        "    await anext(stream)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tiny_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("own", "used"),
    [
        ({}, ["300", "passive"]),
        ({"OMP_WAIT_POLICY": "active"}, ["None", "active"]),
        ({"GOMP_SPINCOUNT": "7"}, ["7", "None"]),
    ],
)
def test_threads_wait_as_the_person_has_chosen_and_else_spin_for_a_moment(
    own: dict[str, str], used: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    code = (
        "import os; from chat_personas.engines.llama.bindings import native; native()\n"
        f"for name in {names}: print(os.environ.get(name))"
    )
    assert printed(code) == used


async def test_a_model_whose_template_writes_the_date_says_which_day_it_writes(tmp_path: Path) -> None:
    dated = write_tiny_model(tmp_path / "dated.gguf", template="{{ strftime_now('%d %b %Y') }}" + TEMPLATE)
    before = datetime.now().astimezone().date()
    engine = await LlamaEngine.open(dated)
    await engine.close()
    after = datetime.now().astimezone().date()
    assert engine.info.template_date in {before.isoformat(), after.isoformat()}


def test_talking_and_measuring_on_the_embedded_model_imports_nothing_that_only_others_need(tiny_path: Path) -> None:
    code = (
        "import asyncio, pathlib, sys\n"
        "from chat_personas.engines.llama import LlamaEngine\n"
        "from chat_personas.monitor.monitor import Monitor\n"
        "from eval.engine import Message, Sampling\n"
        "from eval.surveys.loading import load_survey\n"
        "from personas import load_persona\n"
        "async def main():\n"
        "    engine = await LlamaEngine.open(pathlib.Path(sys.argv[1]), threads=1)\n"
        "    async for _ in engine.stream([Message('user', 'Hello')], Sampling(max_tokens=3)): pass\n"
        "    monitor = Monitor(engine, load_survey('civic'), load_persona('democrat').persona.groups, seconds=1e-9)\n"
        "    async for estimate in monitor.measure([], None): pass\n"
        "    assert estimate.scorecard is not None\n"
        "    await engine.close()\n"
        "asyncio.run(main())\n"
        "print([name for name in ('scipy', 'pandas', 'openai', 'httpx2', 'typer', 'torch') if name in sys.modules])\n"
    )
    assert printed(code, tiny_path) == ["[]"]


@pytest.mark.slow
def test_a_model_talks_and_is_measured_without_diskcache_which_would_unpickle_what_it_finds(tiny_path: Path) -> None:
    code = (
        "import asyncio, pathlib, sys\n"
        "from chat_personas.engines.llama import LlamaEngine\n"
        "from eval.engine import Message, Probe, Sampling\n"
        "async def main():\n"
        "    engine = await LlamaEngine.open(pathlib.Path(sys.argv[1]), threads=1)\n"
        "    hello = [Message('user', 'Hello')]\n"
        "    assert [piece async for piece in engine.stream(hello, Sampling(max_tokens=3))]\n"
        "    assert [score async for score in engine.score(hello, [Probe('q', 'A or B?', ('A', 'B'))])]\n"
        "    await engine.close()\n"
        "asyncio.run(main())\n"
        "print([name for name in sys.modules if name in ('diskcache', 'diskcache.core', 'llama_cpp')])\n"
    )
    assert printed(code, tiny_path) == ["['llama_cpp']"]
