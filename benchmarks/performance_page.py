"""docs/performance.md, written from the results of a run."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

HEAD = """\
# Performance

What measuring costs in speed and memory, and how fast the program is.
Written by `make bench` (`python -m benchmarks --markdown docs/performance.md`), not by hand.

- Every figure is a ratio against a named baseline, measured in the same run on the same machine, in turns.
- The ratio is one of medians; its interval is a 95% bootstrap over the pairs.
- A goal is met only if the unfavourable end of the interval meets it.
- The count of decoded tokens stands beside each time, since it does not depend on load.
- Rows may come from different runs: `--only NAME` measures one row again and keeps the others.
"""
WIDTH = 126
"""Characters in a line of the page, outside tables."""
WEIGHTS = (
    "Speed does not depend on what the weights are, so the large model has random ones (`benchmarks/random_model.py`)."
)


def performance_page(results: Sequence[Mapping[str, Any]], machine: Mapping[str, str], model: str) -> str:
    """Return the page for `results`, as `benchmarks.row.result` makes them."""
    parts = [
        HEAD,
        "## Machine\n",
        "\n".join(f"- {key}: {value}" for key, value in machine.items()),
        f"- model: {model}\n",
        WEIGHTS + "\n",
        "## Results\n",
        "| benchmark | ratio (95% interval) | goal | met | pairs |",
        "| --- | --- | --- | --- | --- |",
        *(_line(result) for result in results),
        "",
        *(_section(result) for result in results),
    ]
    return "\n".join(parts).rstrip() + "\n"


def verdict(met: bool | None) -> str:
    """Say whether a goal is met."""
    return {True: "yes", False: "no", None: "not judged"}[met]


def _line(result: Mapping[str, Any]) -> str:
    detail = result["detail"]
    low, high = detail["interval"]
    figure = f"{result['ratio']:.3g} ({low:.3g} to {high:.3g})"
    return f"| `{result['name']}` | {figure} | {detail['goal']} | {verdict(result['met'])} | {detail['repeats']} |"


def _section(result: Mapping[str, Any]) -> str:
    detail = result["detail"]
    lines = [
        f"### {result['name']}\n",
        wrapped(f"{detail['what']}; against {detail['against']}. The ratio is {detail['ratio_is']}.") + "\n",
        f"- ours: {_side(detail['ours'], detail['unit'])}",
        f"- baseline: {_side(detail['baseline'], detail['unit'])}",
    ]
    if "interval_after_allowance" in detail:
        low, high = detail["interval_after_allowance"]
        lines.append(f"- after the allowance of {detail['allowance']:g} {detail['unit']}: {low:.3g} to {high:.3g}")
    lines += [f"- {words}: {verdict(holds)}" for words, holds in detail.get("conditions", {}).items()]
    if detail["settings"]:
        settings = ", ".join(f"{key} {value}" for key, value in detail["settings"].items())
        lines.append(wrapped(f"- settings: {settings}", "  "))
    lines += [wrapped(f"- {note}", "  ") for note in detail["notes"]]
    return "\n".join(lines) + "\n"


def wrapped(text: str, indent: str = "") -> str:
    """Return `text` in lines of the page's width; those after the first begin with `indent`."""
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _side(side: Mapping[str, Any], unit: str) -> str:
    tokens = side["decoded_tokens"]
    if isinstance(tokens, list):
        tokens = f"{tokens[0]} to {tokens[-1]}"
    return f"{side['median']:.4g} {unit}" + (f", {tokens} tokens decoded" if tokens is not None else "")
