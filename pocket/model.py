"""The pocket model in torch: the Llama architecture as llama.cpp runs it, at about six million parameters.

RMSNorm before each sublayer, rotary positions, SwiGLU, embeddings shared with the output. Parameters are named as
GGUF names its tensors, so that export is a copy.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class PocketShape:
    """The sizes of the network; `width` is divisible by `heads`, and `width / heads` is even."""

    vocabulary: int = 4096
    context: int = 2048
    width: int = 256
    layers: int = 6
    heads: int = 4
    hidden: int = 704
    rope_base: float = 10_000.0
    norm_epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads

    def as_dict(self) -> dict[str, float | int]:
        """The fields, for a checkpoint or the card."""
        return asdict(self)


class Block(nn.Module):
    """One layer: attention, then a gated feed-forward network, each added to the residual stream."""

    def __init__(self, shape: PocketShape) -> None:
        super().__init__()
        width, hidden = shape.width, shape.hidden
        self.heads, self.head_width = shape.heads, shape.head_width
        self.attn_norm = nn.RMSNorm(width, eps=shape.norm_epsilon)
        self.attn_q = nn.Linear(width, width, bias=False)
        self.attn_k = nn.Linear(width, width, bias=False)
        self.attn_v = nn.Linear(width, width, bias=False)
        self.attn_output = nn.Linear(width, width, bias=False)
        self.ffn_norm = nn.RMSNorm(width, eps=shape.norm_epsilon)
        self.ffn_gate = nn.Linear(width, hidden, bias=False)
        self.ffn_up = nn.Linear(width, hidden, bias=False)
        self.ffn_down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Map the residual stream (rows, tokens, width) to the next layer's."""
        x = x + self._attention(self.attn_norm(x), cos, sin)
        gate, up = functional.linear(self.ffn_norm(x), torch.cat([self.ffn_gate.weight, self.ffn_up.weight])).chunk(
            2, dim=-1
        )
        down: Tensor = self.ffn_down(functional.silu(gate) * up)
        return x + down

    def _attention(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        rows, tokens, width = x.shape
        weights = torch.cat([self.attn_q.weight, self.attn_k.weight, self.attn_v.weight])
        query, key, value = functional.linear(x, weights).view(rows, tokens, 3, self.heads, self.head_width).unbind(2)
        mixed = functional.scaled_dot_product_attention(
            _rotated(query, cos, sin), _rotated(key, cos, sin), value.transpose(1, 2), is_causal=True
        )
        output: Tensor = self.attn_output(mixed.transpose(1, 2).reshape(rows, tokens, width))
        return output


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn (rows, tokens, heads, head width) by position and return it as (rows, heads, tokens, head width).

    Rotary embedding (Su et al. 2021) in the half-split layout: element i is paired with element i + half.
    """
    first, second = x.chunk(2, dim=-1)
    turned = torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
    return turned.to(x.dtype).transpose(1, 2)


class PocketModel(nn.Module):
    """The network. Tokens in, logits or hidden states out; see `PocketShape` for sizes."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: PocketShape) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = nn.RMSNorm(shape.width, eps=shape.norm_epsilon)
        pairs = torch.arange(0, shape.head_width, 2) / shape.head_width
        angles = torch.outer(torch.arange(shape.context).float(), shape.rope_base**-pairs)
        self.register_buffer("cos", angles.cos()[:, None, :], persistent=False)
        self.register_buffer("sin", angles.sin()[:, None, :], persistent=False)
        self._initialise()

    def hidden(self, tokens: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return the normalised last hidden states (rows, tokens, width) of `tokens` (rows, tokens).

        `dtype` is that of the residual stream; under autocast bfloat16 halves the memory traffic.
        """
        length = tokens.shape[1]
        cos, sin = self.cos[:length].to(dtype), self.sin[:length].to(dtype)
        x = self.token_embd(tokens).to(dtype)
        for block in self.blk:
            x = block(x, cos, sin)
        normed: Tensor = self.output_norm(x)
        return normed

    def logits(self, hidden: Tensor) -> Tensor:
        """Return logits (..., vocabulary) of hidden states (..., width)."""
        return functional.linear(hidden, self.token_embd.weight)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits (rows, tokens, vocabulary) of `tokens` (rows, tokens)."""
        return self.logits(self.hidden(tokens))

    def parameter_count(self) -> int:
        """Number of trained numbers; the shared embedding counts once."""
        return sum(parameter.numel() for parameter in self.parameters())

    def _initialise(self) -> None:
        """Normal weights of 0.02; those that write to the residual stream scaled down by depth (as GPT-2).

        Embeddings begin at 0.1, so that what a token is does not drown in what the first layers write; the last norm at
        0.2, so that the logits, which share the embeddings, begin small all the same.
        """
        residual = 0.02 / (2 * self.shape.layers) ** 0.5
        nn.init.normal_(self.token_embd.weight, std=0.1)
        nn.init.constant_(self.output_norm.weight, 0.2)
        for name, parameter in self.blk.named_parameters():
            if parameter.dim() == 2:
                writes = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(parameter, std=residual if writes else 0.02)
