"""Headers of GGUF files: what they say, and what is found to be wrong with a file."""

import struct
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest

from chat_personas.models import pocket_path
from chat_personas.models.gguf import GgufError, Header, read_header, read_metadata, read_start
from chat_personas.models.usable import why_unusable
from tests.engines.llama.tiny import TEMPLATE, write_tiny_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model with two layers of width 64: four heads, two for keys and values, 512 tokens of context."""
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


def write_header(path: Path, architecture: str, add: Callable[[gguf.GGUFWriter], None]) -> Path:
    """Write a file without weights."""
    writer = gguf.GGUFWriter(path, architecture)
    add(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("template", ["{{ messages }}", None])
def test_a_header_says_what_the_model_is(tmp_path: Path, template: str | None) -> None:
    header = read_header(write_tiny_model(tmp_path / "m.gguf", context=777, template=template))
    assert (header.architecture, header.quantization, header.context_length) == ("llama", "F32", 777)
    assert header.has_template == (template is not None)
    assert why_unusable(header) is None
    assert header.parts == 1


@pytest.mark.parametrize("path", [pocket_path(), None], ids=["pocket", "tiny"])
def test_weights_and_size_are_those_that_the_reference_reader_finds(path: Path | None, tiny: Path) -> None:
    file = path or tiny
    reference = gguf.GGUFReader(file)
    header = read_header(file)
    assert header.parameters == sum(int(tensor.n_elements) for tensor in reference.tensors)
    last = max(reference.tensors, key=lambda tensor: tensor.data_offset)
    assert header.whole == last.data_offset + last.n_bytes
    assert header.whole <= file.stat().st_size
    assert set(header.metadata) == {key for key in reference.fields if not key.startswith("GGUF.")}


def test_memory_is_weights_cache_vocabulary_and_the_program(tiny: Path) -> None:
    header = read_header(tiny)
    vocabulary = len(gguf.GGUFReader(tiny).fields["tokenizer.ggml.tokens"].data)
    cells = 512 + 512  # the context, and as much room for branches
    cache = cells * 2 * 2 * (16 + 16) * 2  # layers, heads, key and value, bytes
    assert header.memory(1_000_000) == 1_000_000 + cache + 120_000_000 + 400 * vocabulary
    less = header.memory(1_000_000, context_length=100)
    assert less == 1_000_000 + cache * 200 // 1024 + 120_000_000 + 400 * vocabulary
    assert header.memory(1_000_000, context_length=100_000) == header.memory(1_000_000)


def test_memory_is_unknown_where_the_header_lacks_figures(tmp_path: Path) -> None:
    assert read_header(write_header(tmp_path / "m.gguf", "llama", lambda writer: None)).memory(1000) is None


def test_heads_that_differ_between_layers_are_added_up(tmp_path: Path) -> None:
    def add(writer: gguf.GGUFWriter) -> None:
        writer.add_block_count(3)
        writer.add_embedding_length(64)
        writer.add_context_length(1000)
        writer.add_head_count(4)
        writer.add_head_count_kv([1, 2, 4])

    cache = 2000 * (1 + 2 + 4) * (16 + 16) * 2
    assert read_header(write_header(tmp_path / "m.gguf", "openelm", add)).memory(0) == cache + 120_000_000


def test_a_file_cut_off_anywhere_in_its_header_is_named_as_such(tiny: Path, tmp_path: Path) -> None:
    content, cut = tiny.read_bytes(), tmp_path / "cut.gguf"
    begin = gguf.GGUFReader(tiny).tensors[0].data_offset
    for length in [*range(1, 400), *range(400, begin, 997)]:
        cut.write_bytes(content[:length])
        with pytest.raises(GgufError, match=r"cut off|not a GGUF file"):
            read_header(cut)


def test_a_half_downloaded_file_says_how_much_is_there(tmp_path: Path) -> None:
    content = pocket_path().read_bytes()
    (tmp_path / "half.gguf").write_bytes(content[: len(content) // 2])
    with pytest.raises(GgufError, match="is cut off: 6 of 12 MB are there; download it again"):
        read_header(tmp_path / "half.gguf")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1", "is not a GGUF file"),
        (b"GGUF" + b"\xff" * 100, "is a GGUF file of version"),
        (b"GGUF\x03\0\0\0" + b"\xff" * 200, "cut off or damaged"),
        (b"GGUF\x03\0\0\0" + b"\xff" * 8 + b"\0" * 200, "cut off or damaged"),
    ],
)
def test_what_is_no_model_is_named_and_not_fatal(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "odd.gguf").write_bytes(content)
    with pytest.raises(GgufError, match=why):
        read_header(tmp_path / "odd.gguf")


def test_arrays_in_arrays_without_end_are_damage(tmp_path: Path) -> None:
    head = struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + struct.pack("<Q1sI", 1, b"x", 9)
    file = tmp_path / "deep.gguf"
    file.write_bytes(head + struct.pack("<IQ", 9, 1) * 20_000)
    with pytest.raises(GgufError, match="damaged"):
        read_header(file)
    assert read_metadata(file).architecture == "unknown"


FIGURES = (
    *("block_count", "context_length", "embedding_length", "attention.head_count", "attention.head_count_kv"),
    *("attention.key_length", "attention.value_length", "full_attention_interval", "ssm.state_size", "ssm.conv_kernel"),
    *("ssm.inner_size", "ssm.group_count", "wkv.head_size", "shortconv.l_cache", "pooling_type", "attention.causal"),
    *("attention.layer_norm_rms_epsilon", "expert_count", "expert_used_count"),
)
GENERAL = (
    *("general.file_type", "general.type", "general.alignment", "split.count", "tokenizer.chat_template"),
    *("tokenizer.ggml.tokens", "adapter.type"),
)
ODD = ("", "7", -1, 0, True, 0.0, -2.5, float("nan"), float("inf"), [0, 2**31], [0.5], ["a", "b"], 2**63)


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize("key", [*(f"llama.{key}" for key in FIGURES), *GENERAL])
def test_whatever_stands_in_place_of_a_figure_ends_nothing(key: str, odd: object) -> None:
    usual = ("block_count", "embedding_length", "attention.head_count", "ssm.state_size")
    header = Header({"general.architecture": "llama", **{f"llama.{figure}": 64 for figure in usual}, key: odd})
    memory = header.memory(1000)
    assert memory is None or 0 < memory < 2**80
    assert header.quantization
    assert header.parts >= 1
    why_unusable(header)


@pytest.mark.parametrize("alignment", [0, "32"])
def test_a_file_whose_weights_lie_nowhere_is_damaged(tmp_path: Path, alignment: object) -> None:
    def add(writer: gguf.GGUFWriter) -> None:
        kind = gguf.GGUFValueType.STRING if isinstance(alignment, str) else gguf.GGUFValueType.UINT32
        writer.add_key_value("general.alignment", alignment, kind)

    with pytest.raises(GgufError, match="damaged"):
        read_header(write_header(tmp_path / "m.gguf", "llama", add))


@pytest.mark.parametrize(
    ("architecture", "key", "recurrent"),
    [
        ("mamba", "ssm.state_size", True),
        ("qwen35", "ssm.conv_kernel", True),
        ("rwkv7", "wkv.head_size", True),
        ("lfm2", "shortconv.l_cache", True),
        ("qwen3", "attention.head_count", False),
    ],
)
def test_recurrent_models_and_hybrids_are_known_by_their_header_and_can_be_run(
    tmp_path: Path, architecture: str, key: str, recurrent: bool
) -> None:
    path = write_header(tmp_path / "m.gguf", architecture, lambda writer: writer.add_uint32(f"{architecture}.{key}", 4))
    header = read_header(path)
    assert (header.recurrent, why_unusable(header)) == (recurrent, None)


def test_a_recurrent_model_needs_memory_for_copies_of_its_state_and_a_hybrid_for_its_cache_too() -> None:
    around = {"x.block_count": 4, "x.embedding_length": 64, "x.context_length": 100, "general.architecture": "x"}
    mamba = {"x.ssm.inner_size": 128, "x.ssm.state_size": 16, "x.ssm.conv_kernel": 4, "x.attention.head_count": 0}
    state = 128 * 16 + 3 * 128
    bare = Header(around | {"x.attention.head_count": 2}).memory(0)
    cache = 200 * 4 * 2 * (32 + 32) * 2  # tokens with branches, layers, heads, a key and a value, bytes
    assert bare is not None
    base = bare - cache
    assert Header(around | mamba).memory(1000) == 1000 + base + 4 * state * 14 * 4
    hybrid = mamba | {"x.attention.head_count": 2, "x.attention.head_count_kv": [0, 2, 0, 0]}
    assert Header(around | hybrid).memory(0) == base + 4 * state * 14 * 4 + cache // 4
    every_other = mamba | {"x.attention.head_count": 2, "x.full_attention_interval": 2}
    assert Header(around | every_other).memory(0) == base + 4 * state * 14 * 4 + cache // 2


@pytest.mark.parametrize(
    ("architecture", "add", "why"),
    [
        ("llama", lambda writer: writer.add_type("adapter"), "is an adapter"),
        ("controlvector", lambda writer: writer.add_string("controlvector.model_hint", "llama"), "is a control vector"),
        ("t5", lambda writer: writer.add_uint32("t5.context_length", 512), "has an encoder"),
        ("clip", lambda writer: writer.add_uint32("clip.vision.block_count", 1), "is a projector"),
        ("dream", lambda writer: writer.add_uint32("dream.context_length", 512), "is a diffusion model"),
        ("bert", lambda writer: writer.add_uint32("bert.pooling_type", 1), "is an embedding model"),
    ],
)
def test_a_file_that_does_not_continue_a_text_says_what_it_is(
    tmp_path: Path, architecture: str, add: Callable[[gguf.GGUFWriter], None], why: str
) -> None:
    header = read_header(write_header(tmp_path / "other.gguf", architecture, add))
    assert (why_unusable(header) or "").startswith(why)


def test_metadata_is_read_as_it_was_written_and_only_as_far_as_the_file_goes(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "m.gguf", figures={"x.flag": True, "x.text": "é", "x.number": 0.5})
    found = read_metadata(path).metadata
    assert (found["x.flag"], found["x.text"], found["x.number"]) == (True, "é", 0.5)
    assert (found["general.architecture"], found["llama.block_count"]) == ("llama", 2)
    assert found["tokenizer.chat_template"] == TEMPLATE
    whole = path.read_bytes()
    for length in (30, 100, 5000):
        path.write_bytes(whole[:length])
        read = read_metadata(path).metadata
        assert read.keys() <= found.keys()
        assert all(found[key] == value for key, value in read.items() if isinstance(value, str))


def test_the_first_bytes_of_a_file_are_enough_for_its_memory(tiny: Path) -> None:
    whole, start = read_header(tiny), read_start(tiny.read_bytes()[:1500])
    assert len(start.metadata) < len(whole.metadata)
    assert start.memory(1_000_000) == whole.memory(1_000_000)


def test_first_bytes_of_something_else_are_refused() -> None:
    with pytest.raises(GgufError, match="is not a GGUF file"):
        read_start(b"<!DOCTYPE html><html><body>Not found")
