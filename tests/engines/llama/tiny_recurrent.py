"""Random models of some hundred kilobytes whose layers, or some of them, keep one state: for tests of arithmetic only.

The shapes are those that llama.cpp asks of each architecture.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import gguf
import numpy as np

from tests.engines.llama.tiny import TEMPLATE, add_vocabulary, ended, vocabulary

WIDTH, LAYERS, INNER, STATE, RANK, HEADS, HIDDEN = 64, 2, 128, 16, 4, 4, 128
HEAD = WIDTH // HEADS
Shapes = Iterator[tuple[str, tuple[int, ...]]]


def _mamba(writer: gguf.GGUFWriter) -> Shapes:
    _mamba_figures(writer, RANK)
    yield from _outside()
    for layer in range(LAYERS):
        b = f"blk.{layer}."
        yield f"{b}attn_norm.weight", (WIDTH,)
        yield f"{b}ssm_in.weight", (2 * INNER, WIDTH)
        yield from _convolution(b, INNER)
        yield f"{b}ssm_x.weight", (RANK + 2 * STATE, INNER)
        yield f"{b}ssm_dt.weight", (INNER, RANK)
        yield f"{b}ssm_dt.bias", (INNER,)
        yield f"{b}ssm_a", (INNER, STATE)
        yield f"{b}ssm_d", (INNER,)
        yield f"{b}ssm_out.weight", (WIDTH, INNER)


def _mamba2(writer: gguf.GGUFWriter) -> Shapes:
    _mamba_figures(writer, HEADS)
    writer.add_ssm_group_count(1)
    yield from _outside()
    for layer in range(LAYERS):
        yield f"blk.{layer}.attn_norm.weight", (WIDTH,)
        yield from _second_mixer(f"blk.{layer}.")


def _falcon_h1(writer: gguf.GGUFWriter) -> Shapes:
    """A hybrid: every layer has attention and a mixer beside it."""
    _mamba_figures(writer, HEADS)
    writer.add_ssm_group_count(1)
    _attention_figures(writer)
    yield from _outside()
    for layer in range(LAYERS):
        b = f"blk.{layer}."
        yield from _second_mixer(b)
        yield from _attention(b, WIDTH)
        yield f"{b}ffn_norm", (WIDTH,)
        yield from _feed_forward(b, normed=False)


def _lfm2(writer: gguf.GGUFWriter) -> Shapes:
    """A hybrid: a short convolution, then attention."""
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv([0, 2])
    writer.add_uint32("lfm2.shortconv.l_cache", 3)
    yield "token_embd.weight", (0, WIDTH)
    yield "token_embd_norm.weight", (WIDTH,)
    yield "blk.0.shortconv.conv.weight", (WIDTH, 3)
    yield "blk.0.shortconv.in_proj.weight", (3 * WIDTH, WIDTH)
    yield "blk.0.shortconv.out_proj.weight", (WIDTH, WIDTH)
    yield "blk.0.attn_norm.weight", (WIDTH,)
    yield from _feed_forward("blk.0.")
    yield from _attention("blk.1.", WIDTH)
    yield from _normed_heads("blk.1.")
    yield from _feed_forward("blk.1.")


def _qwen35(writer: gguf.GGUFWriter) -> Shapes:
    """A hybrid: linear attention (gated delta rule), then attention."""
    _mamba_figures(writer, HEADS, HEADS * STATE)
    writer.add_ssm_group_count(2)
    _attention_figures(writer)
    writer.add_rope_dimension_sections([4, 4, 0, 0])
    writer.add_uint32("qwen35.full_attention_interval", 2)
    values, mixed = HEADS * STATE, (2 * 2 + HEADS) * STATE
    yield from _outside()
    yield "blk.0.attn_norm.weight", (WIDTH,)
    yield "blk.0.attn_qkv.weight", (mixed, WIDTH)
    yield "blk.0.attn_gate.weight", (values, WIDTH)
    yield "blk.0.ssm_conv1d.weight", (mixed, 4)
    yield "blk.0.ssm_dt.bias", (HEADS,)
    yield "blk.0.ssm_a", (HEADS,)
    yield "blk.0.ssm_beta.weight", (HEADS, WIDTH)
    yield "blk.0.ssm_alpha.weight", (HEADS, WIDTH)
    yield "blk.0.ssm_norm.weight", (STATE,)
    yield "blk.0.ssm_out.weight", (WIDTH, values)
    yield from _attention("blk.1.", 2 * WIDTH)
    yield from _normed_heads("blk.1.")
    for layer in range(LAYERS):
        yield f"blk.{layer}.post_attention_norm.weight", (WIDTH,)
        yield from _feed_forward(f"blk.{layer}.", normed=False)


def _rwkv7(writer: gguf.GGUFWriter) -> Shapes:
    writer.add_layer_norm_eps(1e-5)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(0)
    writer.add_wkv_head_size(WIDTH)  # llama.cpp takes 64 numbers of a head at once
    for rank in ("decay", "iclr", "value_residual_mix", "gate"):
        writer.add_uint32(f"rwkv7.attention.{rank}_lora_rank", 8)
    yield "token_embd.weight", (0, WIDTH)
    yield "output.weight", (0, WIDTH)
    for norm in ("token_embd_norm", "output_norm"):
        yield from _both(norm)
    for layer in range(LAYERS):
        b = f"blk.{layer}."
        for norm in ("attn_norm", "attn_norm_2", "time_mix_ln"):
            yield from _both(b + norm)
        for each in "wav":
            yield f"{b}time_mix_{each}0.weight", (WIDTH,)
        for each in "wavg":
            yield f"{b}time_mix_{each}1.weight", (8, WIDTH)
            yield f"{b}time_mix_{each}2.weight", (WIDTH, 8)
        for each in ("k_k", "k_a", "r_k"):
            yield f"{b}time_mix_{each}.weight", (WIDTH,)
        for each in ("key", "value", "receptance", "output"):
            yield f"{b}time_mix_{each}.weight", (WIDTH, WIDTH)
        yield f"{b}time_mix_lerp_fused.weight", (6, 1, 1, WIDTH)
        yield f"{b}channel_mix_lerp_k.weight", (1, 1, WIDTH)
        yield f"{b}channel_mix_key.weight", (HIDDEN, WIDTH)
        yield f"{b}channel_mix_value.weight", (WIDTH, HIDDEN)


ARCHITECTURES: dict[str, Callable[[gguf.GGUFWriter], Shapes]] = {
    "mamba": _mamba,
    "mamba2": _mamba2,
    "rwkv7": _rwkv7,
    "lfm2": _lfm2,
    "falcon-h1": _falcon_h1,
    "qwen35": _qwen35,
}
"""Architectures that a model can have here: three that are recurrent, and three hybrids."""


def write_recurrent_model(path: Path, architecture: str, *, context: int = 512) -> Path:
    """Write a random model of `architecture` to `path` and return it; the same arguments give the same bytes."""
    tokens, merges = vocabulary()
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(f"tiny {architecture}")
    writer.add_context_length(context)
    add_vocabulary(writer, tokens, merges)
    writer.add_chat_template(TEMPLATE)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    random = np.random.default_rng(0)
    shapes = list(ARCHITECTURES[architecture](writer))
    ended(writer, [(name, _values(random, name, tuple(n or len(tokens) for n in shape))) for name, shape in shapes])
    return path


def _values(random: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Random values, scaled so that the state neither dies away nor grows, and the logits spread."""
    values = random.standard_normal(shape)
    if name.endswith("ssm_a"):
        values = -np.abs(values)
    elif ("norm" in name and name.endswith("weight")) or name.endswith(("ssm_d", "time_mix_ln.weight")):
        values = 1 + 0.1 * values
    elif len(shape) == 1 or "lerp" in name:
        values = 0.3 * values
    else:
        values *= (3 if name.startswith(("token_embd", "output")) else 1) / np.sqrt(shape[-1])
    return values.astype(np.float32)


def _mamba_figures(writer: gguf.GGUFWriter, rank: int, inner: int = INNER) -> None:
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_ssm_conv_kernel(4)
    writer.add_ssm_inner_size(inner)
    writer.add_ssm_state_size(STATE)
    writer.add_ssm_time_step_rank(rank)


def _attention_figures(writer: gguf.GGUFWriter) -> None:
    for key, figure in (("feed_forward_length", HIDDEN), ("attention.head_count", HEADS)):
        writer.kv_data[0][f"{writer.arch}.{key}"] = gguf.GGUFValue(figure, gguf.GGUFValueType.UINT32)
    writer.add_head_count_kv(2)


def _outside() -> Shapes:
    """The tensors outside the layers; a length of 0 stands for that of the vocabulary."""
    yield "token_embd.weight", (0, WIDTH)
    yield "output.weight", (0, WIDTH)
    yield "output_norm.weight", (WIDTH,)


def _both(name: str) -> Shapes:
    yield f"{name}.weight", (WIDTH,)
    yield f"{name}.bias", (WIDTH,)


def _convolution(b: str, channels: int) -> Shapes:
    yield f"{b}ssm_conv1d.weight", (channels, 4)
    yield f"{b}ssm_conv1d.bias", (channels,)


def _second_mixer(b: str) -> Shapes:
    """The mixer of Mamba 2, with one group."""
    yield f"{b}ssm_in.weight", (2 * INNER + 2 * STATE + HEADS, WIDTH)
    yield from _convolution(b, INNER + 2 * STATE)
    yield f"{b}ssm_dt.bias", (HEADS,)
    yield f"{b}ssm_a", (HEADS, 1)
    yield f"{b}ssm_d", (HEADS, 1)
    yield f"{b}ssm_norm.weight", (1, INNER)
    yield f"{b}ssm_out.weight", (WIDTH, INNER)


def _attention(b: str, queries: int) -> Shapes:
    yield f"{b}attn_norm.weight", (WIDTH,)
    yield f"{b}attn_q.weight", (queries, WIDTH)
    yield f"{b}attn_k.weight", (2 * HEAD, WIDTH)
    yield f"{b}attn_v.weight", (2 * HEAD, WIDTH)
    yield f"{b}attn_output.weight", (WIDTH, WIDTH)


def _normed_heads(b: str) -> Shapes:
    yield f"{b}attn_q_norm.weight", (HEAD,)
    yield f"{b}attn_k_norm.weight", (HEAD,)


def _feed_forward(b: str, *, normed: bool = True) -> Shapes:
    if normed:
        yield f"{b}ffn_norm.weight", (WIDTH,)
    yield f"{b}ffn_gate.weight", (HIDDEN, WIDTH)
    yield f"{b}ffn_up.weight", (HIDDEN, WIDTH)
    yield f"{b}ffn_down.weight", (WIDTH, HIDDEN)
