"""A forward pass in plain numpy, for what llama.cpp computes with and without interventions.

Two kinds of network, as in the papers and not as in llama.cpp: Llama (norm before each sublayer) and one like Gemma 3
(norms before and after, normed queries and keys, scaled embeddings). Interventions change what is *written* to the
residual stream, so that they are worked out in another way than by the program, which sets the states themselves.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from tests.engines.llama.tiny import TEMPLATE, add_vocabulary, ended, vocabulary

Doubles = NDArray[np.float64]
Change = Callable[[Doubles], Doubles]


def _same(x: Doubles) -> Doubles:
    return x


class NumpyModel:
    """The weights of a tiny GGUF file, all of them f32, and their forward pass."""

    def __init__(self, path: Path) -> None:
        reader = gguf.GGUFReader(path)
        self.architecture = reader.fields["general.architecture"].contents()

        def figure(name: str) -> float:
            return reader.fields[f"{self.architecture}.{name}"].contents()

        self.weights = {
            tensor.name: np.array(tensor.data, dtype=np.float64).reshape(tuple(tensor.shape)[::-1])
            for tensor in reader.tensors
        }
        self.layers = int(figure("block_count"))
        self.width = int(figure("embedding_length"))
        self.heads = int(figure("attention.head_count"))
        self.key_heads = int(figure("attention.head_count_kv"))
        self.head = self.weights["blk.0.attn_q.weight"].shape[0] // self.heads
        self.epsilon = figure("attention.layer_norm_rms_epsilon")
        self.gemma = self.architecture == "gemma3"

    def forward(
        self, tokens: Sequence[int], *, write: Change = _same, after: Callable[[int, Doubles], Doubles] | None = None
    ) -> tuple[Doubles, dict[str, Doubles]]:
        """Return the logits (tokens, vocabulary) and the states after each layer, by llama.cpp's names.

        `write` changes everything that is written to the residual stream: embeddings, attention, feed-forward network.
        `after` changes the state after a layer, given its number.
        """
        weights = self.weights
        h = weights["token_embd.weight"][list(tokens)]
        h = write(h * np.sqrt(self.width) if self.gemma else h)
        states = {}
        for layer in range(self.layers):

            def own(name: str, layer: int = layer) -> Doubles:
                return weights[f"blk.{layer}.{name}.weight"]

            attended = self._attention(self._norm(h, own("attn_norm")), own)
            h = h + write(self._norm(attended, own("post_attention_norm")) if self.gemma else attended)
            x = self._norm(h, own("ffn_norm"))
            gate, up = x @ own("ffn_gate").T, x @ own("ffn_up").T
            fed = ((_gelu(gate) if self.gemma else gate / (1 + np.exp(-gate))) * up) @ own("ffn_down").T
            h = h + write(self._norm(fed, own("post_ffw_norm")) if self.gemma else fed)
            h = h if after is None else after(layer, h)
            states[f"l_out-{layer}"] = h
        head = weights.get("output.weight", weights["token_embd.weight"])
        return self._norm(h, weights["output_norm.weight"]) @ head.T, states

    def _norm(self, x: Doubles, weight: Doubles) -> Doubles:
        normed: Doubles = x / np.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon) * weight
        return normed

    def _attention(self, x: Doubles, own: Callable[[str], Doubles]) -> Doubles:
        count = len(x)
        query = (x @ own("attn_q").T).reshape(count, self.heads, self.head)
        key = (x @ own("attn_k").T).reshape(count, self.key_heads, self.head)
        value = (x @ own("attn_v").T).reshape(count, self.key_heads, self.head)
        if self.gemma:
            query, key = self._norm(query, own("attn_q_norm")), self._norm(key, own("attn_k_norm"))
        query, key = self._rotated(query), self._rotated(key)
        mixed = np.zeros_like(query)
        for head in range(self.heads):
            shared = head * self.key_heads // self.heads
            scores = query[:, head] @ key[:, shared].T / np.sqrt(self.head)
            scores[np.triu_indices(count, 1)] = -np.inf
            shares = np.exp(scores - scores.max(1, keepdims=True))
            mixed[:, head] = shares / shares.sum(1, keepdims=True) @ value[:, shared]
        attended: Doubles = mixed.reshape(count, -1) @ own("attn_output").T
        return attended

    def _rotated(self, x: Doubles) -> Doubles:
        """Turn pairs of numbers by position (Su et al. 2021): neighbours in Llama, halves in Gemma."""
        half = self.head // 2
        angles = np.arange(len(x))[:, None, None] * 10_000.0 ** (-np.arange(half) / half)
        first, second = (x[..., :half], x[..., half:]) if self.gemma else (x[..., 0::2], x[..., 1::2])
        turned = first * np.cos(angles) - second * np.sin(angles), second * np.cos(angles) + first * np.sin(angles)
        if self.gemma:
            return np.concatenate(turned, axis=-1)
        return np.stack(turned, axis=-1).reshape(x.shape)


def _gelu(x: Doubles) -> Doubles:
    """GELU by its tanh form (Hendrycks and Gimpel 2016), rounded to half precision as llama.cpp's table of it is."""
    x = x.astype(np.float16).astype(np.float64)
    y = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return y.astype(np.float16).astype(np.float64)


def write_tiny_gemma(path: Path, *, seed: int = 0, layers: int = 3, width: int = 64) -> Path:
    """Write a random model with the architecture of Gemma 3, embeddings shared with the output, and return its path."""
    random = np.random.default_rng(seed)
    tokens, merges = vocabulary()
    head, hidden = 32, 2 * width

    def matrix(rows: int, columns: int, scale: float = 1.0) -> NDArray[np.float32]:
        return (random.standard_normal((rows, columns)) * scale / np.sqrt(columns)).astype(np.float32)

    def norm(size: int = width) -> NDArray[np.float32]:
        return (0.5 + 0.1 * random.standard_normal(size)).astype(np.float32)

    writer = gguf.GGUFWriter(path, "gemma3")
    writer.add_name("tiny gemma")
    writer.add_context_length(512)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10_000.0)
    writer.add_sliding_window(512)
    add_vocabulary(writer, tokens, merges)
    writer.add_chat_template(TEMPLATE)
    weights = [("token_embd.weight", matrix(len(tokens), width, scale=2.0)), ("output_norm.weight", norm())]
    for layer in range(layers):
        of_layer = {
            "attn_norm": norm(),
            "attn_q": matrix(4 * head, width),
            "attn_k": matrix(2 * head, width),
            "attn_v": matrix(2 * head, width),
            "attn_q_norm": norm(head),
            "attn_k_norm": norm(head),
            "attn_output": matrix(width, 4 * head),
            "post_attention_norm": norm(),
            "ffn_norm": norm(),
            "ffn_gate": matrix(hidden, width),
            "ffn_up": matrix(hidden, width),
            "ffn_down": matrix(width, hidden),
            "post_ffw_norm": norm(),
        }
        weights += [(f"blk.{layer}.{name}.weight", values) for name, values in of_layer.items()]
    ended(writer, weights)
    return path
